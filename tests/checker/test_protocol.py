"""What the two processes say to each other: it arrives whole, in any pieces, and nothing else is believed."""

from __future__ import annotations

import io
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.checker import bounds
from helpers.checker.protocol import (
    FRAME,
    MARK,
    TOTAL,
    Event,
    FrameReader,
    Notes,
    as_json,
    blank_notes,
    new_mark,
    pack_frame,
    pack_job,
    read_job,
)
from helpers.recording import Place

MARKED = bytes(range(MARK))

FRAMES = [
    {"event": "begun"},
    {"event": "printed", "text": "tea \n \u8336 \x93job"},
    {"event": "case", "notes": blank_notes()},
    {"event": "end"},
]


@given(st.integers(0, 2**32))
def test_frames_arrive_whole_in_whatever_pieces_they_come(seed: int) -> None:
    reader, chance = FrameReader(MARKED), random.Random(seed)
    stream = b"".join(pack_frame(frame, MARKED) for frame in FRAMES)
    frames = []
    while stream:
        size = chance.randint(1, 40)
        frames += reader.feed(stream[:size])
        stream = stream[size:]
    assert frames == FRAMES


@pytest.mark.parametrize("garbage", [
    b"something else" * 3,
    MARKED + (4).to_bytes(4, "big") + b"{{{{",
    MARKED + (2).to_bytes(4, "big") + b"[]",
    MARKED + (2).to_bytes(4, "big") + b"{}",
    MARKED + (18).to_bytes(4, "big") + b'{"event": "tea"}  ',
    new_mark() + (2).to_bytes(4, "big") + b"{}",
    MARKED + (FRAME + 1).to_bytes(4, "big"),
    MARKED + (2_000_000).to_bytes(4, "big") + b"[" * 2_000_000,
], ids=["no mark", "no JSON", "a list", "no event", "an unknown event", "another mark", "too large", "too deep"])
def test_what_is_no_frame_is_not_believed(garbage: bytes) -> None:
    reader = FrameReader(MARKED)
    frames = reader.feed(pack_frame({"event": Event.BEGUN}, MARKED) + garbage)
    assert next(frames) == {"event": "begun"}
    with pytest.raises(ValueError):
        next(frames)


def test_half_a_frame_is_waited_for() -> None:
    reader, data = FrameReader(MARKED), pack_frame({"event": Event.END}, MARKED)
    assert list(reader.feed(data[:-1])) == []
    assert list(reader.feed(data[-1:])) == [{"event": "end"}]


def test_a_job_arrives_and_a_stream_that_ends_before_gives_none() -> None:
    job = {"mark": MARKED, "seconds": 2.0, "path": [], "cases": b"", "reference": None, "answer": b"\0",
           "lines": {"cell": ["x = 1\n"]}, "modules": ["math"]}
    data = pack_job(job)
    assert read_job(io.BytesIO(data)) == job
    assert read_job(io.BytesIO(data[:-1])) is None
    assert read_job(io.BytesIO(b"")) is None


def test_more_than_memory_should_hold_is_not_taken() -> None:
    reader, frame = FrameReader(MARKED), pack_frame({"event": Event.PRINTED, "text": "x" * (FRAME - 100)}, MARKED)
    with pytest.raises(ValueError, match="MB have come"):
        for _ in range(TOTAL // len(frame) + 1):
            assert len(list(reader.feed(frame))) == 1


def test_each_job_has_a_mark_of_its_own() -> None:
    assert len({new_mark() for _ in range(100)}) == 100


# -- what is in a frame: it may have been written by an answer --------------------------------------------------


def case_with(**notes) -> dict:
    return {"event": Event.CASE, "notes": {**blank_notes(), **notes}}


ERROR = {"type": "KeyError", "text": "KeyError: 'x'", "inner": "KeyError: 'x'", "raised": "answer", "similar": "",
         "place": ["cell", 1, "ask"], "category": "", "expected": False, "group": [], "kind": "", "observed": "",
         "wanted": "", "cause": None}


def test_what_an_observer_writes_is_taken_as_it_is() -> None:
    notes = {
        **blank_notes(), "error": ERROR, "value": "320", "elapsed": 0.5, "cpu": 0.1, "threads": ["watcher"],
        "never_awaited": [{"name": "ask", "place": ["cell", 2, "ask"], "future": ""}], "asked": 3, "still_pending": 1,
        "pending": [{"task": "north", "wait": "sleep", "place": None}], "blocked": [{"seconds": 0.1, "place": None}],
    }
    assert bounds.checked({"event": Event.CASE, "notes": dict(notes)}) == {"event": Event.CASE, "notes": notes}


@pytest.mark.parametrize("frame", [
    {"event": Event.CASE},
    {"event": Event.CASE, "notes": []},
    {"event": Event.CASE, "notes": {}},
    case_with(more=1),
    case_with(value=3),
    case_with(elapsed="long"),
    case_with(elapsed=float("inf")),
    case_with(cpu=float("nan")),
    case_with(lost="all"),
    case_with(lost=[1]),
    case_with(asked=True),
    case_with(error={}),
    case_with(error={**ERROR, "expected": 1}),
    case_with(error={**ERROR, "place": ["cell"]}),
    case_with(pending=[{"task": "x"}]),
    {"event": Event.PRINTED, "text": 3},
    {"event": Event.THREAD, "place": "line 3"},
], ids=str)
def test_notes_of_another_form_are_refused(frame: dict) -> None:
    with pytest.raises(bounds.Malformed):
        bounds.checked(frame)


def test_everything_in_a_frame_is_bounded() -> None:
    long, many = "x\ud800\n" * 1_000_000, 1_000
    notes = bounds.checked(case_with(
        value=long, lost=[long] * many, threads=[long] * many, replaced=[long] * many, recording="x" * 50_000_000,
        error={**ERROR, **dict.fromkeys(("type", "text", "inner", "observed", "wanted", "similar", "kind"), long),
               "group": [long] * many, "place": [long, 10**30, long]},
        pending=[{"task": long, "wait": long, "place": [long, 3, long]}] * many,
        never_awaited=[{"name": long, "place": None, "future": long}] * many,
    ))["notes"]
    text = json.dumps(notes)
    assert len(text) < 1_000_000
    json.dumps(notes, ensure_ascii=False).encode()
    assert notes["recording"] is None


def test_blank_notes_have_every_key_and_share_nothing() -> None:
    assert set(blank_notes()) == set(Notes.__annotations__)
    blank_notes()["lost"].append("ValueError")
    assert blank_notes()["lost"] == []


def test_a_place_travels_as_a_list() -> None:
    place = Place("cell", 3, "ask")
    assert as_json(None) is None
    assert json.loads(json.dumps(as_json(place))) == as_json(place) == ["cell", 3, "ask"]
