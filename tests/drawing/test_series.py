"""Numbers over time: their words, their picture, and mistakes."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from helpers.drawing.palette import DPI, WIDTH
from helpers.drawing.series import COLUMNS, alternative, draw, draw_series, text

ROWS = {"no retry": [100, 100, 0, 47.25], "one retry": [100, 99, 0, 0]}
MARKS = [(20, 30, "closed")]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, metadata, raw: outputs.append((data, metadata)))
    return outputs


def test_picture_and_words(shown) -> None:
    draw_series(ROWS, step=10, what="answered, in %", most=100, marks=MARKS, title="It stays down")
    ((data, metadata),) = shown
    assert data["text/plain"].splitlines() == [
        "answered, in %, in every 10 s; closed from 20 to 30 s", "no retry   100 100 0 47.2", "one retry  100 99 0 0"]
    about = metadata["image/png"]
    assert about["clock"] == "virtual" and about["alt"].endswith(
        "one retry: 100 at first, lowest 0 from 20 s, highest 100 from 0 s, 0 at the end.")
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])
    assert about["width"] == round(WIDTH * DPI)


def test_the_same_numbers_give_the_same_bytes(shown) -> None:
    for _ in range(2):
        draw_series(ROWS, step=10, what="answered, in %")
    assert shown[0] == shown[1]


def test_a_step_is_as_high_as_its_number() -> None:
    figure = draw({"north": [4.0, 0.0, 2.0]}, 1.0, "requests", "requests", 4.0)
    (axes,) = figure.axes
    (steps,) = axes.patches
    assert list(steps.get_data().values) == [4, 0, 2] and list(steps.get_data().edges) == [0, 1, 2, 3]
    assert axes.get_ylim() == (0, 4)


def test_all_rows_have_the_same_scales() -> None:
    figure = draw({"long": [1.0] * 8, "short": [9.0]}, 0.5, "requests", "requests", 9.0, [(1, 2, "slow")])
    assert [(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes] == [((0, 4), (0, 9))] * 2


def test_a_long_row_is_broken_and_hangs() -> None:
    told = text({"many": list(range(100)), "few": [1, 2]}, 0.1, "requests").splitlines()
    assert max(map(len, told)) <= COLUMNS and told[2].startswith("      ") and told[-1] == "few   1 2"


def test_numbers_just_below_a_thousand_are_no_powers_of_ten() -> None:
    assert text({"many": [999.4, 999.7, 1000]}, 1, "requests").splitlines()[1] == "many  999 1000 1000"


def test_only_zeros_can_be_drawn(shown) -> None:
    draw_series({"north": [0, 0]}, step=1, what="requests")
    assert len(shown) == 1


def test_names_that_look_alike_are_told_apart(shown) -> None:
    draw_series({"a" * 90 + "x": [1], "a" * 90 + "y": [2]}, step=1, what="requests")
    rows = shown[0][0]["text/plain"].splitlines()[1:]
    assert rows[0].rpartition(" ")[0] != rows[1].rpartition(" ")[0]


def test_the_alternative_says_when() -> None:
    assert alternative({"north": [3, 1, 2]}, 0.5, "requests") == (
        "Steps over time: requests, in every 0.5 s. north: 3 at first, lowest 1 from 0.5 s, highest 3 from 0 s, "
        "2 at the end.")


@pytest.mark.parametrize(("series", "error", "words"), [
    ([1, 2], TypeError, "a dictionary of numbers by name"), ({}, ValueError, "needs a name"),
    ({"north": []}, ValueError, "a number for each"), ({3: [1]}, TypeError, "is a string"),
    ({"north": 3}, TypeError, "a list of numbers"),
    ({"north": ["1"]}, TypeError, "a number of 'north'"), ({"north": [-1]}, ValueError, "a number of 'north'"),
])
def test_mistakes_are_explained(series, error, words) -> None:
    with pytest.raises(error, match=words):
        draw_series(series, step=1, what="requests")


def test_a_step_takes_time() -> None:
    with pytest.raises(ValueError, match="seconds that each number stands for"):
        draw_series({"north": [1]}, step=0, what="requests")
