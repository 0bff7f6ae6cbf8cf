"""Bars of measured amounts: their words, their picture, and mistakes."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from helpers.drawing.bars import draw_bars, tell
from helpers.drawing.palette import DPI, WIDTH

COSTS = {"a call": 2.6e-8, "a task": 1.4e-5, "a process": 0.058}
TWIN = "a task costs more than 10 calls: True"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, metadata, raw: outputs.append((data, metadata)))
    return outputs


def show(amounts=COSTS, unit="s", title="What one costs", text=TWIN) -> None:
    draw_bars(amounts, unit=unit, title=title, text=text)


def test_picture_and_words(shown) -> None:
    show()
    ((data, metadata),) = shown
    assert data["text/plain"] == TWIN
    about = metadata["image/png"]
    assert about["clock"] == "real" and about["alt"] == (
        f"Bars on a logarithmic axis: What one costs. From the top: a call, a task, a process. {TWIN}.")
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])
    assert about["width"] == round(WIDTH * DPI)


def test_the_words_are_the_same_whatever_was_measured(shown) -> None:
    show()
    show({name: 3 * amount for name, amount in COSTS.items()})
    (one, about_one), (other, about_other) = shown
    assert one["text/plain"] == other["text/plain"] and about_one == about_other
    assert one["image/png"] != other["image/png"]


@pytest.mark.parametrize(("amount", "unit", "words"), [
    (1e-9, "s", "1 ns"), (2.64e-8, "s", "26 ns"), (9.96e-7, "s", "1 µs"), (1e-6, "s", "1 µs"), (1.44e-5, "s", "14 µs"),
    (1e-3, "s", "1 ms"), (0.1, "s", "100 ms"), (1, "s", "1 s"), (250, "s", "250 s"), (3e-11, "s", "0.03 ns"),
    (1, "B", "1 B"), (909, "B", "910 B"), (999.6, "B", "1 kB"), (16607, "B", "17 kB"), (1e6, "B", "1 MB"),
    (4.2e9, "B", "4.2 GB"), (1.6e12, "B", "1,600 GB"),
])
def test_amounts_in_words(amount: float, unit: str, words: str) -> None:
    assert tell(amount, unit) == words


def test_one_amount_and_equal_amounts_can_be_drawn(shown) -> None:
    show({"alone": 1.0})
    show({"one": 1e-3, "other": 1e-3}, unit="B")
    assert len(shown) == 2


@pytest.mark.parametrize(("amounts", "error", "words"), [
    ([1, 2], TypeError, "a dictionary of amounts by name"), ({}, ValueError, "needs an amount"),
    ({"north": 0}, ValueError, "above 0"), ({"north": "1"}, TypeError, "the amount of 'north'"),
])
def test_mistakes_are_explained(amounts, error, words) -> None:
    with pytest.raises(error, match=words):
        show(amounts)


def test_unit_and_text_are_checked() -> None:
    with pytest.raises(ValueError, match='unit="B" for bytes'):
        show(unit="kg")
    with pytest.raises(ValueError, match="what holds of the bars"):
        show(text=" ")
