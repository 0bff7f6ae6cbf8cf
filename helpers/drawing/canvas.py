"""What a picture is made on: a figure addressed in pixels, letters that can be shown, times in words, PNG.

Nothing here knows of runs or tasks. No global setting of matplotlib counts, or is changed.
"""

from __future__ import annotations

import io
import unicodedata
from functools import cache, lru_cache

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from helpers.drawing.palette import GRID, INK, PAPER
from helpers.words import short

DPI = 110
SMALL, NORMAL, LARGE = 8.5, 9.0, 13.0       # points


class Sheet:
    """A figure addressed in pixels from its top left corner."""

    def __init__(self, width: float) -> None:
        self.width = round(width * DPI)
        self.height = 100
        self.figure = Figure(figsize=(self.width / DPI, 1), dpi=DPI, facecolor=PAPER)
        self.renderer = FigureCanvasAgg(self.figure).get_renderer()
        self.measured: dict[tuple[str, float, str], float] = {}

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
        self.figure.text(
            x / self.width, 1 - (y - 1) / self.height, words, fontsize=size, parse_math=False,
            **{"color": INK, "va": "center_baseline", **style},
        )

    def box(self, x: float, y: float, width: float, height: float, **style) -> None:
        self.figure.add_artist(
            Rectangle((x / self.width, 1 - (y + height) / self.height), width / self.width, height / self.height,
                      transform=self.figure.transFigure, **style)
        )

    def measure(self, words: str, size: float = NORMAL, weight: str = "normal") -> float:
        """The width of `words` in pixels."""
        key = words, size, weight
        if key not in self.measured:
            self.measured[key] = self.renderer.get_text_width_height_descent(words, _font(size, weight), False)[0]
        return self.measured[key]

    def fit(self, words: str, room: float, size: float = NORMAL, weight: str = "normal") -> str:
        """`words`, clipped so that they take at most `room` pixels."""
        words = words[:300]
        if self.measure(words, size, weight) <= room:
            return words
        low, high = 0, len(words)
        while low < high:                               # the longest beginning that fits
            middle = (low + high + 1) // 2
            if self.measure(words[:middle].rstrip() + "…", size, weight) <= room:
                low = middle
            else:
                high = middle - 1
        return words[:low].rstrip() + "…"


class Unit:
    """The unit of a time axis: seconds, or smaller ones if the whole of it is short."""

    def __init__(self, until: float) -> None:
        if until >= 0.1 or until <= 0:
            self.factor, self.name = 1.0, "s"
        else:
            self.factor, self.name = (1e3, "ms") if until >= 1e-4 else (1e6, "µs")

    def words(self, value: float) -> str:
        """A duration in this unit, or in a smaller one if there is nothing left of it in this."""
        if self.name == "s" and 0.00995 <= value < 0.0995:
            return f"{value:.2g} s"
        return short(value)

    def tick(self, value: float) -> str:
        return f"{value * self.factor:,.10g} {self.name}"

    def ticks(self, until: float, columns: int = 800) -> list[float]:
        """Round times from 0 to `until`, so few that their labels have room in so many pixels."""
        if until <= 0:
            return [0.0]
        bins = min(8, max(2, columns // 60))
        values = MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10]).tick_values(0, until * self.factor)
        return [float(v) / self.factor for v in values if -1e-9 <= v <= until * self.factor * (1 + 1e-9)]


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


def style():
    """matplotlib's own settings while a picture is made, whatever the learner has set."""
    defaults = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith(("backend", "interactive", "webagg"))}
    defaults |= {"font.family": ["DejaVu Sans"], "font.size": NORMAL, "hatch.linewidth": 1.0}
    return mpl.rc_context(defaults)


def png(figure: Figure) -> bytes:
    """The figure as PNG: the same bytes for the same figure, nothing but the picture in them."""
    from PIL import Image

    with style():
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(np.uint32)
    indices, colours = _palette(pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2])
    image = Image.fromarray(indices)
    image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _palette(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The image (colours as 0xRRGGBB) with 256 colours: indices, and their colours as rows of r, g, b.

    The 256 most frequent colours stay exactly as they are; others, which the edges of letters have,
    become the nearest of them. The file is a quarter as large: notebooks are stored with their pictures.
    """
    found, counts = np.unique(pixels, return_counts=True)
    kept = found[np.argsort(-counts, kind="stable")[:256]]

    def parts(colours: np.ndarray) -> np.ndarray:
        return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1).astype(np.float32)

    a, b = parts(found), parts(kept)
    nearest = ((b**2).sum(1) - 2 * a @ b.T).argmin(1)       # |a - b|² without |a|², which is the same for all b
    table = np.zeros(1 << 24, np.uint8)
    table[found] = nearest
    return table[pixels], b.astype(np.uint8)
