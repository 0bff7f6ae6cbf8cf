"""Figures that are no timelines: what is sent to the notebook, and mistakes."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect
from PIL import Image

from helpers.drawing.figure import bundle, show
from helpers.drawing.palette import DPI


def a_figure() -> Figure:
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot([1, 2], [3, 4])
    return figure


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[dict, dict]]:
    """Shows a figure; data and metadata of the one output that it makes."""
    outputs: list[tuple[dict, dict]] = []

    def display(data: dict, *, metadata: dict, raw: bool) -> None:
        assert raw
        outputs.append((data, metadata))

    def shown(figure: Figure, **words: str) -> tuple[dict, dict]:
        outputs.clear()
        show(figure, **words)
        (output,) = outputs
        return output

    monkeypatch.setattr("IPython.display.display", display)
    return shown


def test_the_picture_comes_with_its_words(shown) -> None:
    data, metadata = shown(a_figure(), alt="A line goes up.", text="3 4")
    assert data["text/plain"] == "3 4"
    about = metadata["image/png"]
    assert (about["alt"], about["clock"]) == ("A line goes up.", "virtual")
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])
    assert (about["width"], about["height"]) == (4 * DPI, 2 * DPI)


def test_the_same_figure_gives_the_same_bytes(shown) -> None:
    one, other = (shown(a_figure(), alt="A line.", text="3 4")[0]["image/png"] for _ in range(2))
    assert one == other
    assert b"matplotlib" not in base64.b64decode(one)


@pytest.mark.parametrize("setting", [{"savefig.bbox": "tight"}, {"savefig.dpi": 20}, {"savefig.transparent": True},
                                     {"savefig.facecolor": "red"}])
def test_settings_for_files_change_neither_picture_nor_size(shown, setting: dict) -> None:
    expected = shown(a_figure(), alt="A line.", text="3 4")
    with mpl.rc_context(setting):
        assert shown(a_figure(), alt="A line.", text="3 4") == expected


def test_what_the_learner_has_set_for_the_figure_is_shown(shown) -> None:
    """It is their figure: its ground is theirs, in all its colours."""
    with mpl.rc_context({"figure.facecolor": "#123456"}):
        data, _ = shown(a_figure(), alt="A line.", text="3 4")
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.mode == "RGBA" and image.getpixel((0, 0)) == (0x12, 0x34, 0x56, 255)
    assert image.info.keys() <= {"dpi"}, "no version, no date"


def test_a_letter_that_the_font_lacks_is_no_warning(shown) -> None:
    figure = a_figure()
    figure.axes[0].set_title("the price of 茶")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        shown(figure, alt="A line.", text="1 3")
    assert seen == []


def test_other_warnings_of_the_learners_figure_are_seen(shown) -> None:
    figure = Figure(figsize=(4, 2))
    figure.subplots().axhline(0.5, path_effects=[Warns()])
    with pytest.warns(UserWarning, match="too pale"):
        shown(figure, alt="A line.", text="1 3")


class Warns(AbstractPathEffect):
    def draw_path(self, renderer, gc, path, affine, rgbFace=None) -> None:
        warnings.warn("too pale", UserWarning, stacklevel=1)


def test_every_picture_is_packed_alike(shown) -> None:
    figure = a_figure()
    figure.set_dpi(DPI)
    data, metadata = bundle(figure, alt="A line.", text="3 4", clock="mixed")
    assert metadata == {"image/png": {"alt": "A line.", "clock": "mixed", "width": 4 * DPI, "height": 2 * DPI}}
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert (image.size, image.mode, image.info) == ((4 * DPI, 2 * DPI), "P", {})


def image_in(html: str) -> dict[str, str]:
    """The attributes of the only image in some HTML."""
    (image,) = ElementTree.fromstring(html.replace("></div>", "/></div>")).iter("img")
    return dict(image.attrib)


def test_a_page_gets_the_alternative_text_and_one_image_of_both_kinds() -> None:
    figure = a_figure()
    figure.set_dpi(DPI)
    data, _ = bundle(figure, alt='a "b" <c>', text="3 4", clock="real", svg="<svg>é</svg>")
    assert list(data) == ["text/html", "image/png", "text/plain"]
    image = image_in(data["text/html"])
    assert image["alt"] == 'a "b" <c>' and (image["width"], image["height"]) == (str(4 * DPI), str(2 * DPI))
    assert image["src"] == f"data:image/png;base64,{data['image/png']}"
    kind, _, rest = image["srcset"].partition(",")
    assert kind == "data:image/svg+xml;base64" and rest.endswith(" 1x")
    assert base64.b64decode(rest.removesuffix(" 1x")).decode() == "<svg>é</svg>"
    assert "srcset" not in image_in(bundle(figure, alt="a", text="b", clock="real")[0]["text/html"])


def test_a_picture_of_measured_durations_is_marked(shown) -> None:
    _, metadata = shown(a_figure(), alt="Bars.", text="bars", clock="real")
    assert metadata["image/png"]["clock"] == "real"


@pytest.mark.parametrize("words", [{"alt": "", "text": "x"}, {"alt": "x", "text": "  "}, {"alt": None, "text": "x"}])
def test_words_must_not_be_missing(words: dict) -> None:
    with pytest.raises(ValueError, match=r"write show\(figure, alt="):
        show(a_figure(), **words)


def test_a_wrong_clock_is_named() -> None:
    with pytest.raises(ValueError, match="'wall'"):
        show(a_figure(), alt="x", text="x", clock="wall")


def test_axes_are_told_from_their_figure() -> None:
    with pytest.raises(TypeError, match=r"type Axes.*axes\.figure"):
        show(a_figure().axes[0], alt="x", text="x")
    with pytest.raises(TypeError, match="type list"):
        show([1, 2], alt="x", text="x")
