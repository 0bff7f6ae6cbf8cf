"""What a picture is made on: a figure addressed in pixels, letters that can be shown, and its PNG.

Nothing here knows of runs or tasks. No global setting of matplotlib is changed, and none counts, but for a figure that
the learner has drawn (`own_png`).
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text

from helpers.drawing.letters import Role, fitted
from helpers.drawing.palette import DPI, GRID, INK, PAPER
from helpers.words import cut_apart

SMALL, NORMAL, LARGE = 8.5, 9.0, 13.0       # points
FONTS: dict[Role, tuple[float, str]] = {
    "name": (NORMAL, "normal"), "small": (SMALL, "normal"), "strong": (SMALL, "bold"), "label": (NORMAL + 1, "bold"),
    "title": (LARGE, "bold"),
}


class Sheet:
    """A figure addressed in pixels from its top left corner."""

    def __init__(self, width: float) -> None:
        self.width = round(width * DPI)
        self.height = 100
        self.figure = Figure(figsize=(self.width / DPI, 1), dpi=DPI, facecolor=PAPER)

    def set_height(self, pixels: int) -> None:
        self.height = pixels
        self.figure.set_size_inches(self.width / DPI, pixels / DPI)

    def axes(self, left: int, top: int, width: int, height: int, span: float, ticks: list[float]) -> Axes:
        """Bare axes: x is time up to `span`, with a pale line at each of `ticks`."""
        bottom = self.height - top - height
        axes = self.figure.add_axes(
            (left / self.width, bottom / self.height, width / self.width, height / self.height)
        )
        axes.set_axis_off()                     # what matplotlib would draw around takes longer than all lanes
        axes.set_xlim(0, span)
        lines = [[(tick, 0), (tick, 1)] for tick in ticks]
        grid = LineCollection(lines, colors=GRID, linewidths=0.8, transform=axes.get_xaxis_transform(), zorder=0.5)
        axes.add_collection(grid, autolim=False)
        return axes

    def text(self, x: float, y: float, words: str, *, size: float = NORMAL, **style) -> None:
        """Write in pixels of the sheet. Nothing in `words` is a formula: names come from the learner."""
        place = x / self.width, 1 - (y - 1) / self.height
        style = {"color": INK, **style}
        if "rotation" in style or style.get("bbox"):
            self.figure.text(*place, words, fontsize=size, parse_math=False, **{"va": "center_baseline", **style})
        else:
            line = self.line(*place, words, size, transform=self.figure.transFigure, **style)
            line.set_figure(self.figure)
            self.figure.texts.append(line)

    def line(self, x: float, y: float, words: str, size: float, *, fontweight: str = "normal", **style) -> Line:
        """Words on one line, with their middle at `y`, to be added to an artist."""
        return Line(x, y, words, self.measure(words, size, fontweight), _ascent(size, fontweight),
                    fontproperties=_font(size, fontweight), **{"parse_math": False, "va": "center_baseline", **style})

    def box(self, x: float, y: float, width: float, height: float, **style) -> None:
        self.figure.add_artist(
            Rectangle((x / self.width, 1 - (y + height) / self.height), width / self.width, height / self.height,
                      transform=self.figure.transFigure, **style)
        )

    def shape(self, corners: list[tuple[float, float]], colour: str) -> None:
        places = [(x / self.width, 1 - y / self.height) for x, y in corners]
        self.figure.add_artist(Polygon(places, transform=self.figure.transFigure, facecolor=colour, linewidth=0))

    def measure(self, words: str, size: float = NORMAL, weight: str = "normal") -> float:
        """The width of `words` in pixels."""
        return _measured(words, size, weight)[0]

    def fit(self, words: str, room: float, size: float = NORMAL, weight: str = "normal") -> str:
        """`words`, clipped so that they take at most `room` pixels."""
        return fitted(words, room, lambda text: self.measure(text, size, weight))

    def names(self, names: Iterable[str], least: int, most: int) -> tuple[list[str], int]:
        """Names for the left of a picture, those cut that are wider than `most` pixels, and how wide they are."""
        shown = cut_apart([printable(name) for name in names], most, self.measure)
        return shown, max(least, *(round(self.measure(name)) for name in shown))


class SheetLetters:
    """The letters of a sheet, for a layout."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def clean(self, text: str) -> str:
        return printable(text)

    def measure(self, words: str, role: Role) -> float:
        return self.sheet.measure(words, *FONTS[role])


class Line(Text):
    """Words on one line, `wide` pixels wide, whose letters rise `ascent` pixels.

    matplotlib's own texts look up their font six times and lay out their lines, which takes half of the time of a
    picture. These have nothing around them, are not turned, and all is known of them.
    """

    def __init__(self, x: float, y: float, words: str, wide: float, ascent: float, **style: Any) -> None:
        super().__init__(x, y, words, **style)
        self.wide, self.ascent = wide, ascent

    def draw(self, renderer: RendererBase) -> None:
        words = self.get_text()
        if not words:
            return
        x, y = self.get_transform().transform(self.get_position())
        x -= self.wide * {"left": 0, "center": 0.5, "right": 1}[self.get_horizontalalignment()]
        gc = renderer.new_gc()
        gc.set_foreground(self.get_color())
        height = renderer.get_canvas_width_height()[1]
        renderer.draw_text(gc, x, height - (y - self.ascent / 2), words, self.get_fontproperties(), 0, False, self)
        gc.restore()


class Pixels(Artist):
    """An image that is shown as it is, pixel by pixel, with its lower left corner at `left` and `bottom`.

    matplotlib's own images are computed anew for where they stand, which takes longer than all the rest of a picture.
    """

    def __init__(self, image: np.ndarray, left: int, bottom: int) -> None:
        super().__init__()
        self.image, self.left, self.bottom = image[::-1], left, bottom
        self.set_zorder(1)

    def draw(self, renderer: RendererBase) -> None:
        renderer.draw_image(renderer.new_gc(), self.left, self.bottom, self.image)


def printable(text: str) -> str:
    """`text` on one line, with a box for each letter that the font of the picture lacks.

    matplotlib would warn of each of them in the learner's cell. The text twin has the true name.
    """
    if text.isascii() and text.isprintable():
        return text
    known = _letters()
    letters = []
    for letter in " ".join(text.split()):
        if letter in known and letter.isprintable():
            letters.append(letter)
        elif unicodedata.category(letter) not in ("Mn", "Me", "Cf", "Cc"):
            letters.append("▯")             # what only modifies its neighbour is left out
    return "".join(letters)


@lru_cache(maxsize=1)
def _letters() -> frozenset[str]:
    """The letters that DejaVu Sans has in the two weights used; it comes with matplotlib."""
    normal, bold = (get_font(findfont(_font(NORMAL, weight))).get_charmap() for weight in ("normal", "bold"))
    return frozenset(chr(code) for code in normal.keys() & bold.keys())


@cache
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight=weight)


@lru_cache(maxsize=4_000)
def _measured(words: str, size: float, weight: str) -> tuple[float, float, float]:
    """The width and the height of words in pixels, and how far they reach below the line on which they stand."""
    return _renderer().get_text_width_height_descent(words, _font(size, weight), False)


@cache
def _renderer() -> RendererBase:
    return FigureCanvasAgg(Figure(figsize=(1, 1), dpi=DPI)).get_renderer()


def _ascent(size: float, weight: str) -> float:
    """Pixels from the line on which letters stand to the top of the highest."""
    _, height, below = _measured("lp", size, weight)
    return height - below


def style():
    """matplotlib's own settings while a picture is made, whatever the learner has set."""
    defaults = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith(("backend", "interactive", "webagg"))}
    defaults |= {"font.family": ["DejaVu Sans"], "font.size": NORMAL, "hatch.linewidth": 1.0}
    # matplotlib checks every value that is set, so only those that differ are set
    return mpl.rc_context({name: value for name, value in defaults.items() if mpl.rcParams[name] != value})


def png(figure: Figure) -> bytes:
    """The figure as PNG: the same bytes for the same figure, nothing but the picture in them."""
    from PIL import Image

    with style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(np.uint32)
    indices, colours = _palette(pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2])
    image = Image.fromarray(indices)
    image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def own_png(figure: Figure) -> bytes:
    """A figure that is not ours as PNG, as it is: in all its colours, and with what the learner has set for it.

    The same bytes for the same figure: no version of matplotlib is in them, and what the learner has set for files
    (`savefig.bbox` and its like) changes neither picture nor size. A letter that the font lacks is drawn as a box,
    without matplotlib's warning, which the learner would find in the cell.
    """
    buffer = io.BytesIO()
    files = {name: value for name, value in mpl.rcParamsDefault.items() if name.startswith("savefig.")}
    with mpl.rc_context(files), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def _palette(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The image (colours as 0xRRGGBB) with 256 colours: indices, and their colours as rows of r, g, b.

    The 256 most frequent colours stay exactly as they are; others, which the edges of letters have,
    become the nearest of them. The file is a quarter as large: notebooks are stored with their pictures.
    """
    found, counts = _counted(pixels)
    kept = found[np.argsort(-counts, kind="stable")[:256]]

    def parts(colours: np.ndarray) -> np.ndarray:
        return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1).astype(np.float32)

    a, b = parts(found), parts(kept)
    nearest = ((b**2).sum(1) - 2 * a @ b.T).argmin(1)       # |a - b|² without |a|², which is the same for all b
    table = np.zeros(1 << 24, np.uint8)
    table[found] = nearest
    return table[pixels], b.astype(np.uint8)


def _counted(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All colours of an image, in order, and how many pixels have each; neighbours that are equal are sorted once."""
    flat = pixels.ravel()
    first = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    found, which = np.unique(flat[first], return_inverse=True)
    return found, np.bincount(which, np.diff(np.append(first, len(flat)))).astype(int)
