"""What the two processes say to each other: it arrives whole, in any pieces, and nothing else is believed."""

from __future__ import annotations

import io
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.checker.protocol import (
    MARK,
    Event,
    FrameReader,
    Notes,
    as_json,
    blank_notes,
    pack_frame,
    pack_job,
    read_job,
)
from helpers.recording import Place

FRAMES = [
    {"event": "begun"},
    {"event": "printed", "text": "tea \n \u8336 \x93job"},
    {"event": "case", "notes": blank_notes()},
    {"event": "end"},
]


@given(st.integers(0, 2**32))
def test_frames_arrive_whole_in_whatever_pieces_they_come(seed: int) -> None:
    stream, reader, chance = b"".join(map(pack_frame, FRAMES)), FrameReader(), random.Random(seed)
    frames = []
    while stream:
        size = chance.randint(1, 40)
        frames += reader.feed(stream[:size])
        stream = stream[size:]
    assert frames == FRAMES


@pytest.mark.parametrize("garbage", [
    b"something else" * 3,
    MARK + (4).to_bytes(4, "big") + b"{{{{",
    MARK + (2).to_bytes(4, "big") + b"[]",
    MARK + (2).to_bytes(4, "big") + b"{}",
    MARK + (18).to_bytes(4, "big") + b'{"event": "tea"}  ',
], ids=["no mark", "no JSON", "a list", "no event", "an unknown event"])
def test_what_is_no_frame_is_not_believed(garbage: bytes) -> None:
    reader = FrameReader()
    frames = reader.feed(pack_frame({"event": Event.BEGUN}) + garbage)
    assert next(frames) == {"event": "begun"}
    with pytest.raises(ValueError):
        next(frames)


def test_half_a_frame_is_waited_for() -> None:
    reader, data = FrameReader(), pack_frame({"event": Event.END})
    assert list(reader.feed(data[:-1])) == []
    assert list(reader.feed(data[-1:])) == [{"event": "end"}]


def test_a_job_arrives_and_a_stream_that_ends_before_gives_none() -> None:
    job = {"seconds": 2.0, "path": [], "cases": b"", "reference": None, "answer": b"\0", "lines": {"cell": ["x = 1\n"]}}
    data = pack_job(job)
    assert read_job(io.BytesIO(data)) == job
    assert read_job(io.BytesIO(data[:-1])) is None
    assert read_job(io.BytesIO(b"")) is None


def test_blank_notes_have_every_key_and_share_nothing() -> None:
    assert set(blank_notes()) == set(Notes.__annotations__)
    blank_notes()["lost"].append("ValueError")
    assert blank_notes()["lost"] == []


def test_a_place_travels_as_a_list() -> None:
    place = Place("cell", 3, "ask")
    assert as_json(None) is None
    assert json.loads(json.dumps(as_json(place))) == as_json(place) == ["cell", 3, "ask"]
