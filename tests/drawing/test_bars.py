"""Measured numbers as bars: their words, their picture, and mistakes."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from helpers.drawing.bars import NOTE, draw, draw_bars, tell
from helpers.drawing.palette import DPI, WIDTH

BARS = {"threads": 1.0, "processes": 1.87, "interpreters": None}
COSTS = {"a call": 2.6e-8, "a task": 1.4e-5, "a process": 0.058}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, metadata, raw: outputs.append((data, metadata)))
    return outputs


def drawn(rows, unit=None, log=False):
    return draw(rows, {name: "none" if value is None else tell(value, unit) for name, value in rows.items()},
                "title", "what", unit, log)


def widths(figure) -> list[float]:
    return [box.get_width() for box in figure.artists]


def test_picture_and_words(shown) -> None:
    draw_bars(BARS, what="times as fast", title="Two lists", missing="not here")
    ((data, metadata),) = shown
    assert data["text/plain"].splitlines() == ["bars: times as fast", "threads", "processes", "interpreters", NOTE]
    about = metadata["image/png"]
    assert about["clock"] == "real"
    assert about["alt"] == "Two lists. Bars, times as fast: threads 1.0, processes 1.9, interpreters not here."
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])
    assert about["width"] == round(WIDTH * DPI)


def test_picture_and_words_of_numbers_that_are_powers_of_ten_apart(shown) -> None:
    draw_bars(COSTS, what="time", unit="s", scale="log")
    ((data, metadata),) = shown
    assert data["text/plain"].splitlines() == ["bars: time", "a call", "a task", "a process", NOTE]
    about = metadata["image/png"]
    assert about["alt"] == "Bars on a logarithmic axis, time: a call 26 ns, a task 14 µs, a process 58 ms."
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])


def test_other_numbers_have_the_same_twin(shown) -> None:
    draw_bars(BARS, what="times as fast", title="On two cores")
    draw_bars({"threads": 0.7, "processes": None, "interpreters": 3}, what="times as fast", title="On eight")
    assert shown[0][0]["text/plain"] == shown[1][0]["text/plain"]
    assert shown[0][0]["image/png"] != shown[1][0]["image/png"]


def test_a_bar_is_as_long_as_its_number() -> None:
    figure = drawn({"one": 1.0, "two": 2.0, "none": None, "zero": 0.0})
    one, two, zero, _ = widths(figure)                  # the last is the line at 0
    assert two == pytest.approx(2 * one) and zero == 0
    assert {"1.0", "2.0", "0", "none"} <= {words.get_text() for words in figure.texts}


def test_a_bar_is_as_long_as_the_logarithm_of_its_number() -> None:
    figure = drawn({"one": 2e-3, "two": 2e-2, "none": None, "ten": 0.2}, unit="s", log=True)
    one, two, ten = (width for width in widths(figure) if width > widths(figure)[-1])
    assert two - one == pytest.approx(ten - two)
    words = [words.get_text() for words in figure.texts]
    assert {"1 ms", "10 ms", "100 ms", "1 s", "2 ms", "20 ms", "200 ms", "none"} <= set(words)


@pytest.mark.parametrize("rows", [{"alone": 1.0}, {"one": 1e-3, "other": 1e-3}, {"one": 1e-4, "other": 1e4}])
@pytest.mark.parametrize("unit", [None, "s", "B"])
@pytest.mark.parametrize("log", [False, True])
def test_one_number_equal_numbers_and_far_ones(rows, unit, log) -> None:
    figure = drawn(rows, unit, log)
    assert all(0 < box.get_width() <= 1 for box in figure.artists)


def test_all_zero() -> None:
    assert drawn({"none": 0.0}).texts and drawn({"none": 0.0}, "s").texts


@pytest.mark.parametrize(("value", "unit", "words"), [
    (1e-9, "s", "1 ns"), (2.64e-8, "s", "26 ns"), (9.96e-7, "s", "1 µs"), (1e-6, "s", "1 µs"), (1.44e-5, "s", "14 µs"),
    (1e-3, "s", "1 ms"), (0.1, "s", "100 ms"), (1, "s", "1 s"), (250, "s", "250 s"), (3e-11, "s", "0.03 ns"),
    (1, "B", "1 B"), (909, "B", "910 B"), (999.6, "B", "1 kB"), (16607, "B", "17 kB"), (1e6, "B", "1 MB"),
    (4.2e9, "B", "4.2 GB"), (1.6e12, "B", "1,600 GB"), (0, "s", "0 s"), (0, "B", "0 B"),
])
def test_numbers_with_a_unit(value: float, unit: str, words: str) -> None:
    assert tell(value, unit) == words


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


def test_zero_has_no_place_on_a_logarithmic_axis() -> None:
    with pytest.raises(ValueError, match="the number of 'one' is above 0, as every number on a log"):
        draw_bars({"one": 0}, what="times as fast", scale="log")


def test_unit_and_scale_are_checked() -> None:
    with pytest.raises(ValueError, match='unit="B" for bytes'):
        draw_bars(BARS, what="weight", unit="kg")
    with pytest.raises(ValueError, match="scale"):
        draw_bars(BARS, what="times as fast", scale="square")
