"""Measured numbers as bars: their words, their picture, and mistakes."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from helpers.drawing.bars import NOTE, draw, draw_bars
from helpers.drawing.palette import DPI, WIDTH

BARS = {"threads": 1.0, "processes": 1.87, "interpreters": None}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, metadata, raw: outputs.append((data, metadata)))
    return outputs


def test_picture_and_words(shown) -> None:
    draw_bars(BARS, what="times as fast", title="Two lists", missing="not here")
    ((data, metadata),) = shown
    assert data["text/plain"].splitlines() == ["bars: times as fast", "threads", "processes", "interpreters", NOTE]
    about = metadata["image/png"]
    assert about["clock"] == "real"
    assert about["alt"] == "Two lists. Bars, times as fast: threads 1.0, processes 1.9, interpreters not here."
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])
    assert about["width"] == round(WIDTH * DPI)


def test_other_numbers_have_the_same_twin(shown) -> None:
    draw_bars(BARS, what="times as fast", title="On two cores")
    draw_bars({"threads": 0.7, "processes": None, "interpreters": 3}, what="times as fast", title="On eight")
    assert shown[0][0]["text/plain"] == shown[1][0]["text/plain"]
    assert shown[0][0]["image/png"] != shown[1][0]["image/png"]


def test_a_bar_is_as_long_as_its_number() -> None:
    figure = draw({"one": 1.0, "two": 2.0, "none": None, "zero": 0.0}, "times", "times", "not here")
    one, two, zero, _ = (box.get_width() for box in figure.artists)       # the last is the line at 0
    assert two == pytest.approx(2 * one) and zero == 0
    assert {"1.0", "2.0", "0", "not here"} <= {words.get_text() for words in figure.texts}


def test_all_zero() -> None:
    assert draw({"none": 0.0}, "times", "times", "").texts


@pytest.mark.parametrize(("bars", "error", "says"), [
    ([1, 2], TypeError, "dictionary"),
    ({1: 2}, TypeError, "the name of a bar"),
    ({"one": "two"}, TypeError, "the number of 'one'"),
    ({"one": -1}, ValueError, "the number of 'one'"),
    ({"one": None}, ValueError, "needs a number"),
    ({}, ValueError, "needs a number"),
])
def test_mistakes(bars, error, says) -> None:
    with pytest.raises(error, match=says):
        draw_bars(bars, what="times as fast")
