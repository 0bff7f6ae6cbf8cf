"""Who stands in which queue: the words, the picture, and mistakes."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from helpers.drawing.palette import DPI, WIDTH
from helpers.drawing.queues import draw, draw_queues

MOMENTS = {
    "at the start": {"ready queue": ["customer", "courier"], "timers": []},
    "after pass 1": {"ready queue": [], "timers": ["courier"]},
}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, metadata, raw: outputs.append((data, metadata)))
    return outputs


def words(figure) -> list[str]:
    return [line.get_text() for line in figure.texts]


def boxes(figure) -> list[tuple[float, float]]:
    """Left and upper edges of the boxes of names, in pixels, from left to right and from the top down."""
    tall = [box for box in figure.artists if box.get_height() * figure.get_size_inches()[1] * DPI > 2]
    height, width = (round(inches * DPI) for inches in figure.get_size_inches()[::-1])
    return sorted((round(box.get_x() * width), round((1 - box.get_y() - box.get_height()) * height)) for box in tall)


def test_picture_and_words(shown) -> None:
    draw_queues(MOMENTS, title="Two of them")
    ((data, metadata),) = shown
    assert data["text/plain"].splitlines() == [
        "Two of them", "at the start", "  ready queue: customer, courier", "  timers: (empty)",
        "after pass 1", "  ready queue: (empty)", "  timers: courier",
    ]
    about = metadata["image/png"]
    assert about["clock"] == "virtual"
    assert about["alt"] == ("Two of them. At the start: ready queue: customer, courier; timers: empty. "
                            "After pass 1: ready queue: empty; timers: courier.")
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])
    assert about["width"] == round(WIDTH * DPI)


def test_a_box_for_each_name_below_one_another_in_its_column() -> None:
    figure = draw(MOMENTS, "title")
    (ready, first), (same, second), (timers, third) = boxes(figure)
    assert ready == same < timers
    assert first < second < third
    assert words(figure).count("(empty)") == 2
    assert {"title", "ready queue", "timers", "at the start", "customer", "courier"} <= set(words(figure))


def test_long_and_strange_names_stay_in_their_columns() -> None:
    figure = draw({"m" * 99: {"q" * 300: ["n" * 300, "$x^2$", "\u4e2d"]}}, "t" * 300)
    assert all(box.get_x() >= 0 and box.get_x() + box.get_width() <= 1 for box in figure.artists)
    assert "$x^2$" in words(figure)
    assert all(len(line) < 200 for line in words(figure))


@pytest.mark.parametrize("moments", [
    None, ["north"], {"start": ["north"]}, {"start": {"ready": "north"}}, {"start": {"ready": [1]}}, {1: {"ready": []}},
    {"start": {"ready": None}}, {"start": {"ready": 3}}, {"start": {"ready": b"north"}}, {"start": {1: []}},
])
def test_no_dictionary_of_moments(moments) -> None:
    with pytest.raises(TypeError, match=r"write draw_queues\(\{"):
        draw_queues(moments, title="title")


@pytest.mark.parametrize("title", [None, 3, ["title"]])
def test_no_title(title) -> None:
    with pytest.raises(TypeError, match=r"title is what the picture says.*write draw_queues\(\{"):
        draw_queues(MOMENTS, title=title)


def test_a_generator_of_names_is_read_once(shown) -> None:
    draw_queues({"start": {"ready": (name for name in ["north", "south"])}}, title="title")
    assert "ready: north, south" in shown[0][0]["text/plain"]


@pytest.mark.parametrize("moments", [
    {}, {"start": {}}, {"start": {"ready": []}, "end": {"timers": []}},
    {"start": {"ready": [], "timers": []}, "end": {"timers": [], "ready": []}},
])
def test_other_queues(moments) -> None:
    with pytest.raises(ValueError, match=r"the same queues.*write draw_queues\(\{"):
        draw_queues(moments, title="title")
