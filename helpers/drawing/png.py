"""The timeline of one or more runs as a matplotlib figure: a `layout`, painted on a `canvas`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.drawing.canvas import NORMAL, SMALL, Pixels, Sheet, SheetLetters, style
from helpers.drawing.lanes import BANDS, BLOCK, TURN, Bars, Panel, Words
from helpers.drawing.layout import Curve, Layout, Placed
from helpers.drawing.letters import Letters
from helpers.drawing.palette import CUT, DPI, INK, LINE, MUTED, NUMBER, PAPER, STATES, STRIPES, State
from helpers.drawing.picture import (
    CURVE,
    FIRST,
    KEY_ROW,
    MARGIN,
    NOTE,
    TITLE_LINE,
    Head,
    Picture,
    beside_main,
    how_many,
    lay_out_picture,
)
from helpers.recording import Recording

CUT_WIDTH = 8                   # pixels of the mark at the end of a wait that was cut short
HALF = 0.36                     # of the height of a lane: how far a bar reaches above and below its middle
PATTERNS = {"ready": "/////", "worker": "\\\\\\\\", "failed": "xxxxx"}
BLOCKED = STATES[NUMBER["blocked"]]


def figure(runs: Sequence[tuple[str, Recording]], title: str, width: float, *, curve: bool) -> Figure:
    """The figure of one or more runs, one below the other on one time axis, `width` inches wide.

    With `curve`, and if there is anything to see in it, tasks under way are drawn below the last run.
    """
    return paint(laid_out(runs, title, width, curve=curve))


def laid_out(runs: Sequence[tuple[str, Recording]], title: str, width: float, *, curve: bool) -> Picture:
    """The picture that `figure` paints, and `svg.paint`, too."""
    with style():
        sheet = Sheet(width)
        return lay_out_picture(runs, title, sheet.width, SheetLetters(sheet), curve=curve)


def paint(picture: Picture) -> Figure:
    """A picture as a matplotlib figure."""
    head, layout, letters = picture
    with style():
        sheet = Sheet(layout.width / DPI)
        sheet.set_height(layout.height)
        _head(sheet, head, layout)
        paint_lanes(sheet, layout, letters)
        if layout.curve:
            _curve(sheet, layout, layout.curve, letters)
        sheet.box(layout.left, layout.bottom, layout.columns, 1, facecolor=LINE, edgecolor="none", linewidth=0)
        paint_times(sheet, layout, layout.bottom + 15)
        for row, note in enumerate(layout.notes):
            sheet.text(MARGIN, layout.below + NOTE * row, note, size=SMALL, color=MUTED)
        return sheet.figure


def _head(sheet: Sheet, head: Head, layout: Layout) -> None:
    """The title, which clock it was, and the key."""
    sheet.text(sheet.width - MARGIN, FIRST, head.clock, size=SMALL, color=MUTED, ha="right")
    for row, line in enumerate(head.lines):
        sheet.text(MARGIN, FIRST + TITLE_LINE * row, line, size=head.size, fontweight="bold")
    for entry in layout.key:
        y = head.height + 1 + KEY_ROW * entry.row
        sheet.text(entry.x + 20, y, entry.words, size=SMALL, color=MUTED)
        if entry.state is CUT:
            sheet.shape([(entry.x + 3, y), (entry.x + 3 + CUT_WIDTH, y - 5), (entry.x + 3 + CUT_WIDTH, y + 5)], INK)
            continue
        pattern, stripes = _stripes(entry.state)
        sheet.box(entry.x, y - 6, 14, 12, facecolor=entry.state.colour, edgecolor=stripes if pattern else LINE,
                  hatch=pattern, linewidth=0 if pattern else 0.4)


def _stripes(state: State) -> tuple[str | None, str]:
    """The pattern over the colour of a state and the colour of that, if it has one."""
    return PATTERNS.get(state.name), STRIPES.get(state.name, "none")


# -- lanes ------------------------------------------------------------------------------------------


def paint_lanes(sheet: Sheet, layout: Layout, letters: Letters | None = None) -> None:
    """Everything between the key and the curve: the lanes of each run, and what stands around them."""
    for placed in layout.placed:
        panel = placed.panel
        axes = _axes(sheet, layout, placed.top, panel.height)
        if placed.image is None:
            lanes = len(panel.run.tasks) + len(panel.workers)
            axes.set_ylim(lanes - 0.5, -0.5)
            for bars in placed.bars:
                _bars(axes, bars)
            _cuts(axes, layout, placed)
        else:
            axes.set_ylim(panel.height, 0)
            axes.add_artist(Pixels(placed.image, layout.left, sheet.height - placed.top - panel.height))
            _blocks(axes, panel)
        # behind the bars, which keep the colours of the key; an image leaves no room behind it
        behind = 2.5 if placed.image is not None else 0.8
        for span, _ in panel.blocks[:BANDS]:
            axes.axvspan(span.start, span.end, color=BLOCKED.colour, alpha=0.13, linewidth=0, zorder=behind)
        for words in placed.words:
            _words(sheet, axes, panel, words)
        _around(sheet, axes, layout, placed, letters or SheetLetters(sheet))


def paint_times(sheet: Sheet, layout: Layout, y: float) -> None:
    """The words along the time axis, with their middle `y` pixels from the top."""
    for tick, words in layout.ticks:
        sheet.text(layout.x(tick), y, words, size=SMALL, color=MUTED, ha="center")


def _axes(sheet: Sheet, layout: Layout, top: int, height: int) -> Axes:
    ticks = [tick for tick, _ in layout.ticks]
    return sheet.axes(layout.left, top, layout.columns, height, layout.span, ticks)


def _bars(axes: Axes, bars: Bars) -> None:
    low, high = bars.lane - HALF, bars.lane + HALF
    corners = [np.stack([bars.start, low], 1), np.stack([bars.end, low], 1),
               np.stack([bars.end, high], 1), np.stack([bars.start, high], 1)]
    pattern, stripes = _stripes(bars.state)
    axes.add_collection(
        PolyCollection(list(np.stack(corners, 1)), facecolor=bars.state.colour, edgecolor=stripes, hatch=pattern,
                       linewidth=0.8 if bars.state.colour == PAPER else 0, antialiased=bool(pattern),
                       zorder=bars.layer, clip_on=bars.layer != TURN),
        autolim=False,
    )


def _cuts(axes: Axes, layout: Layout, placed: Placed) -> None:
    """Where a wait was cut short: a wedge that points back along its bar."""
    if placed.cuts:
        width, high = CUT_WIDTH * layout.span / layout.columns, 0.2
        wedges = [[(time - width, lane), (time, lane - high), (time, lane + high)] for time, lane in placed.cuts]
        axes.add_collection(PolyCollection(wedges, facecolor=CUT.colour, linewidth=0, zorder=TURN, clip_on=False),
                            autolim=False)


def _blocks(axes: Axes, panel: Panel) -> None:
    """What blocked the loop, over the image of many lanes: high enough to be seen."""
    high = max(panel.lane, 4)
    for span, lane in panel.blocks:
        axes.add_patch(Rectangle((span.start, (lane + 0.5) * panel.lane - high / 2), span.end - span.start, high,
                                 color=BLOCKED.colour, linewidth=0, zorder=BLOCK))


def _words(sheet: Sheet, axes: Axes, panel: Panel, words: Words) -> None:
    y = words.lane - 1 / panel.lane if panel.named else (words.lane + 0.5) * panel.lane - 1
    ground = None
    if not words.ground:
        axes.add_artist(sheet.line(
            words.time, y, words.text, SMALL, fontweight="bold" if words.strong else "normal", color=words.colour,
            ha="center" if words.centred else "left", zorder=7 if words.strong else 6, transform=axes.transData))
        return
    if words.ground:
        # what stands outside of its bar needs more of the paper, and lets some of what is below be seen
        pad = 1.5 if words.strong else 1.2 if words.ground == PAPER else 0.8
        ground = {"facecolor": words.ground, "edgecolor": "none", "pad": pad}
        ground |= {"alpha": 0.9} if words.strong else {}
    axes.text(words.time, y, words.text, color=words.colour, fontsize=SMALL, parse_math=False, va="center_baseline",
              ha="center" if words.centred else "left", fontweight="bold" if words.strong else "normal",
              zorder=7 if words.strong else 6, bbox=ground)


def _around(sheet: Sheet, axes: Axes, layout: Layout, placed: Placed, letters: Letters) -> None:
    """Names on the left, endings on the right, and above the label of one of several runs."""
    panel, top = placed.panel, placed.top
    for name in placed.names:
        sheet.text(layout.left - 10, top + name.y, name.text, ha="right", color=INK if name.main else MUTED,
                   size=NORMAL if panel.named else SMALL)
    if words := how_many(placed, letters):
        _turned(sheet, top + panel.height / 2, words)
    ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5} if placed.label else None
    for ending in placed.endings:
        sheet.text(layout.x(ending.time) + 5, top + ending.y, ending.text, size=SMALL, color=ending.colour, bbox=ground)
    if placed.label:
        axes.axvline(panel.run.elapsed, color=INK, linewidth=1.6, zorder=5, clip_on=False)
        sheet.text(MARGIN, top - 12, placed.label.text, size=NORMAL + 1, fontweight="bold")
        sheet.text(placed.label.x, top - 12, placed.label.elapsed, size=NORMAL + 1, fontweight="bold", ha="center")


def _turned(sheet: Sheet, y: float, words: str) -> None:
    """Words along the left edge, from the bottom up, with their middle at `y`."""
    sheet.text(16, y, words, size=SMALL, color=MUTED, rotation=90, ha="center", va="center")


# -- the curve --------------------------------------------------------------------------------------


def _curve(sheet: Sheet, layout: Layout, curve: Curve, letters: Letters) -> None:
    """Tasks under way by state, one on top of the other."""
    axes = _axes(sheet, layout, curve.top, CURVE)
    times = np.linspace(0, layout.span, curve.bins + 1)
    total = curve.total
    most = curve.most                                       # at the top of the axes
    for layer in curve.layers:
        pattern, stripes = _stripes(layer.state)
        axes.fill_between(times, _closed(layer.bottom), _closed(layer.top), step="post", facecolor=layer.state.colour,
                          edgecolor=stripes, hatch=pattern, linewidth=0)
    axes.step(times, _closed(total), where="post", color=INK, linewidth=1.2, clip_on=False)
    axes.set_ylim(0, most)
    for each in curve.words_inside(letters, CURVE):
        axes.text(times[each.bin], each.tasks + most / CURVE, each.text, ha="center", va="center_baseline",
                  fontsize=SMALL, color=each.state.text, bbox={"facecolor": each.state.colour, "edgecolor": "none",
                                                               "pad": 1} if each.state.name == "ready" else None)
    for blocked in layout.placed[-1].panel.run.blocked[:BANDS]:
        axes.axvspan(blocked.start, blocked.end, color=BLOCKED.colour, alpha=0.13, linewidth=0, zorder=2.5)
    on_left = layout.x(curve.at) + sheet.measure(curve.words, SMALL) + 8 < layout.left + layout.columns
    axes.annotate(curve.words, (curve.at, most / 1.25), xytext=(3 if on_left else -3, 4), textcoords="offset points",
                  ha="left" if on_left else "right", fontsize=SMALL, color=INK, annotation_clip=False)
    for value in (0, curve.peak):
        axes.annotate(f"{value:,}", (0, value), xytext=(-6, 0), textcoords="offset points", ha="right",
                      va="center_baseline", fontsize=SMALL, color=MUTED, annotation_clip=False)
    if words := beside_main(layout, letters):
        _turned(sheet, curve.top + CURVE / 2, words)


def _closed(values: np.ndarray) -> np.ndarray:
    """The values, and the last one once more: what is drawn in steps needs a value for its right edge."""
    return np.append(values, values[-1])


