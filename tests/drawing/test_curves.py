"""Curves: their words, their picture, and mistakes."""

from __future__ import annotations

import base64
import io
import itertools

import pytest
from PIL import Image

from helpers.drawing.curves import NOTE, apart, draw, draw_curves, steps

CURVES = {"the law": {1: 1.0, 50: 33.6, 100: 50.25}, "measured": {100: 44.2, 1: 1.0}}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, metadata, raw: outputs.append((data, metadata)))
    return outputs


def show(curves=CURVES, points=("measured",)) -> None:
    draw_curves(curves, points=points, across="shops", up="times as fast", title="Law and run")


def test_picture_and_words(shown) -> None:
    show()
    ((data, metadata),) = shown
    assert data["text/plain"].splitlines() == ["curves: times as fast, over shops", "the law", "measured", NOTE]
    about = metadata["image/png"]
    assert about["clock"] == "mixed" and about["alt"] == (
        "Law and run. Curves, times as fast over shops: the law, 1 at 1 to 50.2 at 100; "
        "measured, 1 at 1 to 44.2 at 100.")
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])


def test_the_words_are_the_same_whatever_was_measured(shown) -> None:
    show()
    show({"the law": CURVES["the law"], "measured": {1: 1.0, 100: 30.0}})
    (one, _), (other, _) = shown
    assert one["text/plain"] == other["text/plain"] and one["image/png"] != other["image/png"]


def test_lines_and_points() -> None:
    figure = draw(CURVES, ["measured"], "shops", "times as fast", "Law and run")
    law, measured = (line for line in figure.axes[0].lines if list(line.get_xdata())[:1] == [1])
    assert (law.get_linestyle(), law.get_marker()) == ("-", "None") and list(law.get_xdata()) == [1, 50, 100]
    assert (measured.get_linestyle(), measured.get_marker()) == ("None", "o")
    assert list(measured.get_xdata()) == [1, 100] and list(measured.get_ydata()) == [1.0, 44.2]


def test_names_do_not_cover_each_other() -> None:
    curves = {f"curve {n}": {1: 1.0, 10: 10.0 - n / 100} for n in range(6)}
    figure = draw(curves, [], "shops", "times", "Near each other")
    height = figure.get_size_inches()[1] * figure.dpi
    places = sorted(text.get_position()[1] * height for text in figure.texts if text.get_text().startswith("curve"))
    assert min(b - a for a, b in itertools.pairwise(places)) > 15


@pytest.mark.parametrize(("most", "count", "beyond", "expected"), [
    (1000, 10, False, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]), (7, 10, False, [0, 1, 2, 3, 4, 5, 6, 7]),
    (0.5, 5, True, [0, 0.1, 0.2, 0.3, 0.4, 0.5]), (61, 6, True, [0, 20, 40, 60, 80]),
    (3, 10, False, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
])
def test_steps_of_an_axis(most, count, beyond, expected) -> None:
    assert steps(most, count, beyond) == expected


def test_places_are_moved_apart_and_keep_their_order() -> None:
    assert apart([50, 10, 12], 10, 100) == [50, 10, 20]
    assert apart([99, 98, 97], 10, 100) == [100, 90, 80]
    assert apart([5], 10, 100) == [5]


@pytest.mark.parametrize(("curves", "error", "words"), [
    ([1, 2], TypeError, "a dictionary of curves by name"), ({}, ValueError, "needs a curve"),
    ({"north": {}}, ValueError, "a number for each"), ({"north": [1, 2]}, TypeError, "a curve is a dictionary"),
    ({"north": {1: -1}}, ValueError, "a number of 'north'"), ({"north": {"1": 1}}, TypeError, "a place of 'north'"),
])
def test_mistakes_are_explained(curves, error, words) -> None:
    with pytest.raises(error, match=words):
        show(curves, points=())


def test_points_are_checked() -> None:
    with pytest.raises(ValueError, match="points names curves, and got 'real'"):
        show(points=["real"])
