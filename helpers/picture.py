"""How a recorded run is drawn: lanes over time, and below them the number of tasks in flight.

Everything is laid out in whole pixels from the top left corner, so that lanes are equally high and
lines are sharp. Few lanes have names, and words in their segments. Many are one image, computed to
the pixel: where several tasks share a row, it shows the exact share of them in each state.

A turn on the loop takes microseconds, or no time at all on a virtual clock. It is drawn two pixels
wide even so, since it is what all the waiting is for.
"""

from __future__ import annotations

import io
import math
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from .palette import GRID, INK, MUTED, NUMBER, PAPER, STATES, state_of
from .recording import BLOCKED, CANCELLED, EXCEPTION, PENDING, READY, RUN, WAIT, Recording, Task, ThreadJob, short

DPI = 110
NAMED_LANES = 60                # up to so many tasks have a lane with their name
ROWS = 420                      # pixels of height for more tasks than that
CURVE = 120                     # pixels of height of the curve of tasks in flight
MARGIN = 14                     # pixels left of title and key
NAME_WIDTH = 170                # pixels, at most, for the name of a task
SMALL, NORMAL, LARGE = 8.5, 9.0, 13.0       # points
HATCH = {"ready": ("/////", "#8a4a00"), "worker": ("\\\\\\\\", STATES[NUMBER["thread"]].colour)}
BLOCK = STATES[NUMBER["blocked"]].colour


# -- the parts of a figure --------------------------------------------------------------------------


class Spans(NamedTuple):
    """All spans of a run as arrays: number of the task, start and end in seconds, number of the state."""

    lane: np.ndarray
    start: np.ndarray
    end: np.ndarray
    state: np.ndarray

    def of(self, mask: np.ndarray) -> Spans:
        return Spans(self.lane[mask], self.start[mask], self.end[mask], self.state[mask])


class Panel(NamedTuple):
    """The lanes of one run, `height` pixels high."""

    label: str
    run: Recording
    spans: Spans
    named: bool
    lane: float                 # pixels of height per lane
    workers: tuple[str, ...]    # worker threads, which have lanes below the tasks
    height: int

    @property
    def lanes(self) -> int:
        return len(self.run.tasks) + len(self.workers)


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


def figure(runs: list[tuple[str, Recording]], title: str, width: float, *, curve: bool) -> Figure:
    """The figure of one or more runs, one below the other, on the same time axis.

    With `curve`, and if there is anything to see in it, tasks in flight are drawn below the last run.
    """
    with _style():
        return _figure(runs, title, width, curve)


def png(figure: Figure) -> bytes:
    """The figure as PNG: the same bytes for the same figure, nothing but the picture in them."""
    from PIL import Image

    with _style():
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


def _figure(runs: list[tuple[str, Recording]], title: str, width: float, curve: bool) -> Figure:
    sheet = Sheet(width)
    named = sum(len(run.tasks) for _, run in runs if len(run.tasks) <= NAMED_LANES)
    lane = min(max(500 // max(named, 1), 18), 30)
    rows = max(ROWS // len(runs), 200)
    panels = [_panel(printable(label), run, lane, rows) for label, run in runs]
    until = max([_end(panel) for panel in panels])
    span = until if until > 0 else 1.0                       # of a run that took no time, a second is drawn
    unit = Unit(until)
    curve = curve and until > 0 and len(panels[-1].run.tasks) > 2

    names = [[sheet.fit(printable(task.name), NAME_WIDTH) for task in _with_names(panel)] for panel in panels]
    workers = [_worker_names(panel) for panel in panels]
    widths = [sheet.measure(n) + 20 for n in sum(names + workers, [])]
    left = math.ceil(max([70] + widths + [sheet.measure(f"{panels[-1].run.peak:,}") + 44] * curve))
    endings = [_endings(sheet, panel, unit, span, sheet.width - left) for panel in panels]
    labels = [unit.words(panel.run.elapsed) for panel in panels if panel.label]
    widest = max([sheet.measure(label, NORMAL + 1, "bold") for label in labels], default=0)
    right = max(_right_margin(sheet, endings, span, sheet.width - left), math.ceil(widest / 2) + 8)
    columns = sheet.width - left - right

    key = _key_rows(sheet, _visible(panels, span / columns))
    top = 46 + 22 * len(key) + 6
    tops = []
    for panel in panels:
        top += 30 if panel.label else 0
        tops.append(top)
        top += panel.height + 14
    curve_top = top
    bottom = top + CURVE if curve else top - 14
    sheet.set_height(bottom + 36)

    _head(sheet, title, [run for _, run in runs], key)
    ticks = unit.ticks(until, columns)
    for panel, at, own_names, own_workers, own_endings in zip(panels, tops, names, workers, endings):
        axes = sheet.axes(left, at, columns, panel.height, span, ticks)
        if panel.named:
            axes.set_ylim(panel.lanes - 0.5, -0.5)
            _named_lanes(sheet, axes, panel, span / columns, unit)
        else:
            axes.set_ylim(panel.height, 0)
            _many_lanes(sheet, axes, panel, span, columns, unit)
        _lane_names(sheet, panel, left, at, own_names, own_workers)
        for y, end, words, colour in own_endings:
            sheet.text(left + end / span * columns + 5, at + y, words, size=SMALL, color=colour,
                       bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5} if panel.label else None)
        if panel.label:
            _panel_label(sheet, axes, panel, left, at, columns, span, unit)
    if curve:
        axes = sheet.axes(left, curve_top, columns, CURVE, span, ticks)
        _curve(sheet, axes, panels[-1], span, columns)
        _turned(sheet, curve_top + CURVE / 2, "in flight")
    _time_axis(sheet, left, bottom, columns, span, ticks, unit)
    return sheet.figure


# -- lanes ------------------------------------------------------------------------------------------


def _panel(label: str, run: Recording, lane: float, rows: int) -> Panel:
    """The panel of a run, with named lanes `lane` pixels high, or `rows` pixels for all of its many lanes."""
    spans = _arrays(run)
    tasks = len(run.tasks)
    if tasks <= NAMED_LANES:
        workers = tuple(dict.fromkeys(job.thread for job in sorted(run.threads, key=lambda job: job.start)))
        return Panel(label, run, spans, True, lane, workers, (tasks + len(workers)) * lane)
    lane = rows // tasks if tasks <= rows else rows / tasks
    return Panel(label, run, spans, False, lane, (), round(tasks * lane))


def _arrays(run: Recording) -> Spans:
    """The spans as arrays, without what only looks like waiting for the loop.

    On a real clock every timer fires a millisecond or so late, and a new task starts a moment after its
    creation. Nobody keeps a task waiting then: up to 1/200 of the run (four pixels) is drawn as part of
    the wait before, or not at all.
    """
    moment = run.end / 200 if run.clock == "real" else 0.0
    numbers: dict[tuple[str, str], int] = {}
    lane, start, end, state = [], [], [], []
    for task in run.tasks:
        for span in task.spans:
            what = span.kind, span.wait
            if span.kind == READY and span.end - span.start < moment and span.wait != "turn":
                if not span.wait:
                    continue
                span, what = span._replace(kind=WAIT), (WAIT, span.wait)
            if what not in numbers:
                numbers[what] = NUMBER[state_of(span).name]
            lane.append(task.id)
            start.append(span.start)
            end.append(span.end)
            state.append(numbers[what])
    return Spans(np.array(lane, int), np.array(start, float), np.array(end, float), np.array(state, int))


def _end(panel: Panel) -> float:
    """Seconds until the last thing that is drawn of a run."""
    return float(max([panel.run.end, *panel.spans.end[-1:], panel.spans.end.max(initial=0.0)]
                     + [job.end for job in panel.run.threads]))


def _named_lanes(sheet: Sheet, axes: Axes, panel: Panel, pixel: float, unit: Unit) -> None:
    """Few tasks: a lane each, with words in the segments that are wide enough. `pixel` is in seconds."""
    spans, half = panel.spans, 0.36
    length = spans.end - spans.start
    for number, state in enumerate(STATES):
        own = spans.of(spans.state == number)
        wide = own.end - own.start >= pixel
        if state.name == "running":
            short = own.of(~wide)
            # the middle of a short turn; turns that fall on the same pixel are one
            turn = short.of(_first_per_pixel(short.lane, np.round(short.start / pixel)))
            _bars(axes, turn.lane, turn.start - pixel, turn.start + pixel, half, state.colour, 3, clip_on=False)
        elif state.name != "ready":
            # waits that are narrower than a pixel: one pixel for all that share it
            short = own.of(~wide & (own.end > own.start))
            short = short.of(_first_per_pixel(short.lane, np.floor(short.start / pixel)))
            column = np.floor(short.start / pixel) * pixel
            _bars(axes, short.lane, column, column + pixel, half, state.colour, 1)
        own = own.of(wide)
        _bars(axes, own.lane, own.start, own.end, half, state.colour, 4 if state.name == "blocked" else 1.5,
              HATCH.get(state.name))
    boxes = _blocked_words(sheet, axes, panel, pixel, unit)

    centred = {"ha": "center", "va": "center_baseline", "fontsize": SMALL, "parse_math": False, "zorder": 6}
    wide_tasks = np.unique(spans.lane[length > 30 * pixel])
    for index in wide_tasks.tolist():
        for span in panel.run.tasks[index].spans:
            room = (span.end - span.start) / pixel - 10
            if room < 20 or span.kind == BLOCKED:
                continue
            state = state_of(span)
            middle = (span.start + span.end) / 2 / pixel
            for words in _span_words(panel.run, span):
                width = sheet.measure(words, SMALL)
                free = all(y != index or middle + width / 2 < x0 or middle - width / 2 > x1 for y, x0, x1 in boxes)
                if width <= room and free:
                    ground = {"facecolor": state.colour, "edgecolor": "none", "pad": 0.8}
                    axes.text(middle * pixel, index - 1 / panel.lane, words, color=state.text,
                              bbox=ground if state.name == "ready" else None, **centred)
                    break

    for job in panel.run.threads:
        y = len(panel.run.tasks) + panel.workers.index(job.thread)
        _bars(axes, [y], [job.start], [max(job.end, job.start + 2 * pixel)], half, PAPER, 1.5, HATCH["worker"])
        words = _job_words(panel.run, job)
        room = (job.end - job.start) / pixel - 14
        if room > 40:
            axes.text((job.start + job.end) / 2, y - 1 / panel.lane, sheet.fit(words, room, SMALL), color=INK,
                      bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.2}, **centred)


def _first_per_pixel(lane: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Indices of the first of those that share lane and column: a lane may have 100,000 turns."""
    return np.unique(lane * 100_000 + column.astype(int), return_index=True)[1]


def _span_words(run: Recording, span) -> list[str]:
    """What may stand in a segment, the longer words first."""
    if span.kind == READY:
        return ["ready, kept waiting", "ready"]
    if span.kind == RUN:
        return ["running"]
    words = [printable(span.wait or "future")]
    if len(span.on) == 1 and 0 <= span.on[0] < len(run.tasks):
        words.insert(0, f"{words[0]}: {printable(run.tasks[span.on[0]].name)}")
    return words


def _job_words(run: Recording, job: ThreadJob) -> str:
    known = job.task is not None and 0 <= job.task < len(run.tasks)
    return f"for {printable(run.tasks[job.task].name)}" if known else "busy"


def _many_lanes(sheet: Sheet, axes: Axes, panel: Panel, span: float, columns: int, unit: Unit) -> None:
    """Many tasks: one image. A row of pixels shows the share of its tasks in each state."""
    tasks, spans = len(panel.run.tasks), panel.spans
    rows = min(tasks, panel.height)
    row = spans.lane * rows // tasks
    per_row = np.bincount(np.arange(tasks) * rows // tasks, minlength=rows)[:, None].astype(np.float32)
    image = np.ones((rows, columns, 3), np.float32)
    ready = np.zeros((rows, columns), bool)                 # where the hatch belongs
    for number, state in enumerate(STATES):
        own = spans.state == number
        if not own.any():
            continue
        share = coverage(row[own], rows, spans.start[own], spans.end[own], span, columns) / per_row
        if state.name == "running":             # every turn is seen, however short
            column = np.minimum((spans.start[own] * (columns / span)).astype(int), columns - 1)
            turns = np.bincount(row[own] * columns + column, minlength=rows * columns).reshape(rows, columns)
            share = np.maximum(share, np.minimum(turns / per_row, 1) * (1.0 if rows == tasks else 0.6))
            image += share[..., None] * (np.array(to_rgb(state.colour), np.float32) - image)
            continue
        # steps of 1/32 cannot be told apart, and make a smaller file
        share = np.round(np.minimum(share, 1) * 32) / 32
        colour = np.array(to_rgb(state.colour), np.float32)
        image += share[..., None] * (colour - 1)
        if state.name == "ready":
            ready = share > 0.5
    seen = (image < 1).any(axis=2, keepdims=True)           # where nothing is, the grid shows through
    image = np.concatenate([np.clip(image, 0, 1), seen], axis=2)
    height = panel.height // rows
    image = np.repeat(image, height, axis=0)
    y, x = np.ogrid[: panel.height, :columns]
    image[np.repeat(ready, height, axis=0) & ((x + y) % 7 < 2), :3] = to_rgb(HATCH["ready"][1])
    if height >= 4:                             # lanes of several pixels: with a gap between them
        image[height - 1 :: height] = 0
    axes.imshow((image * 255 + 0.5).astype(np.uint8), extent=(0, span, panel.height, 0), aspect="auto",
                interpolation="nearest", zorder=1)
    for task in panel.run.tasks:
        for blocked in task.spans:
            if blocked.kind == BLOCKED:
                axes.add_patch(Rectangle((blocked.start, (task.id + 0.5) * panel.lane - max(panel.lane, 4) / 2),
                                         blocked.end - blocked.start, max(panel.lane, 4), color=BLOCK, linewidth=0,
                                         zorder=4))
    _blocked_words(sheet, axes, panel, span / columns, unit)


def _blocked_words(sheet: Sheet, axes: Axes, panel: Panel, pixel: float, unit: Unit) -> list[tuple[int, float, float]]:
    """A pale band through all lanes while the loop is blocked, and how long it was: by which line.

    Returns where words stand outside their segment, in lanes and pixels, so that no others are put there.
    """
    blocked = [(span, task.id) for task in panel.run.tasks for span in task.spans if span.kind == BLOCKED]
    blocked.sort(key=lambda item: item[0].start - item[0].end)
    boxes: list[tuple[int, float, float]] = []
    width = axes.get_xlim()[1] / pixel
    bold = {"fontsize": SMALL, "fontweight": "bold", "parse_math": False, "va": "center_baseline", "zorder": 7}
    for span, lane in blocked[:200]:
        axes.axvspan(span.start, span.end, color=BLOCK, alpha=0.13, linewidth=0, zorder=2.5)
    for span, lane in blocked[:12]:             # the longest; more words than that nobody reads
        words = f"blocked {unit.words(span.end - span.start)}"
        choice = [words, "blocked"]
        if span.place:
            choice.insert(0, f"{words}, line {span.place.line}")
        words, size = choice[0], sheet.measure(choice[0], SMALL, "bold")
        y = lane - 1 / panel.lane if panel.named else (lane + 0.5) * panel.lane - 1
        inside = [w for w in choice if sheet.measure(w, SMALL, "bold") < (span.end - span.start) / pixel - 10]
        outside = span.end / pixel + 6 + size <= width or span.start / pixel - 6 - size >= 0
        if panel.named and inside and (inside[0] == words or not outside):
            axes.text((span.start + span.end) / 2, y, inside[0], ha="center", color=PAPER, **bold)
            continue
        x0 = span.end / pixel + 6
        if x0 + size > width:
            x0 = span.start / pixel - 6 - size
        near = 1 if panel.named else 20 / panel.lane
        if x0 < 0 or any(abs(lane - other) < near and x0 < b and x0 + size > a for other, a, b in boxes):
            continue
        boxes.append((lane, x0 - 4, x0 + size + 4))
        axes.text(x0 * pixel, y, words, ha="left", color=BLOCK,
                  bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5, "alpha": 0.9}, **bold)
    return boxes


def _bars(
    axes: Axes, lanes, starts, ends, half: float, colour: str, zorder: float, hatch=None, clip_on: bool = True
) -> None:
    """Bars from `starts` to `ends` (seconds) in their lanes; `hatch` is a pattern and its colour."""
    if not len(lanes):
        return
    low, high = np.asarray(lanes) - half, np.asarray(lanes) + half
    starts, ends = np.asarray(starts), np.asarray(ends)
    corners = np.stack([np.stack([starts, low], 1), np.stack([ends, low], 1),
                        np.stack([ends, high], 1), np.stack([starts, high], 1)], 1)
    axes.add_collection(
        PolyCollection(corners, facecolor=colour, edgecolor=hatch[1] if hatch else "none",
                       linewidth=0.8 if colour == PAPER else 0, hatch=hatch[0] if hatch else None, antialiased=bool(hatch),
                       zorder=zorder, clip_on=clip_on),
        autolim=False,
    )


# -- the curve of tasks in flight -------------------------------------------------------------------


def coverage(rows: np.ndarray, count: int, start: np.ndarray, end: np.ndarray, until: float, bins: int) -> np.ndarray:
    """How much of each bin of time the intervals [start, end) cover: an array of `count` rows, `bins` columns.

    Exact: an interval adds to its first and last bin the share that it covers, and one to those
    between. Written as differences from bin to bin, at four places per interval; their running sum is it.
    """
    first, last = (np.clip(times * (bins / until), 0, bins) for times in (start, end))
    i, j = first.astype(int), last.astype(int)
    width = bins + 2
    base = np.concatenate([rows * width + i, rows * width + i + 1, rows * width + j, rows * width + j + 1])
    change = np.concatenate([1 - (first - i), first - i, (last - j) - 1, j - last])
    difference = np.bincount(base, change, minlength=count * width).reshape(count, width)
    return np.cumsum(difference, axis=1)[:, :bins]


def _curve(sheet: Sheet, axes: Axes, panel: Panel, span: float, columns: int) -> None:
    """Tasks in flight by state, without the main one, which waits for all of them."""
    spans = panel.spans.of(panel.spans.lane > 0)
    times = np.linspace(0, span, columns + 1)
    total = np.zeros(columns)
    layers = []
    for number, state in enumerate(STATES):
        own = spans.of(spans.state == number)
        if not len(own.lane):
            continue
        layer = coverage(np.zeros(len(own.lane), int), 1, own.start, own.end, span, columns)[0]
        hatch = HATCH.get(state.name, (None, "none"))
        axes.fill_between(times, np.append(total, total[-1]), np.append(total + layer, total[-1] + layer[-1]),
                          step="post", facecolor=state.colour, edgecolor=hatch[1], hatch=hatch[0], linewidth=0)
        layers.append((state, total, layer))
        total = total + layer
    peak = max(panel.run.peak, float(total.max()))
    axes.step(times, np.append(total, total[-1]), where="post", color=INK, linewidth=1.2, clip_on=False)
    axes.set_ylim(0, peak * 1.25)
    scale = CURVE / (peak * 1.25)                             # pixels per task
    for state, bottom, layer in layers:
        _curve_words(sheet, axes, state, bottom, layer, times, scale)
    for span_, _ in [(s, t) for t in panel.run.tasks for s in t.spans if s.kind == BLOCKED][:200]:
        axes.axvspan(span_.start, span_.end, color=BLOCK, alpha=0.13, linewidth=0, zorder=2.5)
    words = f"peak {panel.run.peak:,} in flight"
    at = int(np.argmax(total))
    on_left = at + sheet.measure(words, SMALL) + 8 < columns
    axes.annotate(words, (times[at], peak), xytext=(3 if on_left else -3, 4), textcoords="offset points",
                  ha="left" if on_left else "right", fontsize=SMALL, color=INK, annotation_clip=False)
    for value in (0, panel.run.peak):
        axes.annotate(f"{value:,}", (0, value), xytext=(-6, 0), textcoords="offset points", ha="right",
                      va="center_baseline", fontsize=SMALL, color=MUTED, annotation_clip=False)


def _curve_words(sheet: Sheet, axes: Axes, state, bottom, layer, times, scale: float) -> None:
    """The name of a state inside its area, at the place with the most room, if any has enough."""
    window = int(sheet.measure(state.words, SMALL)) + 12
    if window >= len(layer) or state.name == "running":
        return
    starts = range(0, len(layer) - window, 8)
    # a straight line of text must lie inside the area: below its lowest top, above its highest bottom
    room = [((bottom + layer)[i : i + window].min() - bottom[i : i + window].max(), i) for i in starts]
    height, i = max(room, default=(0, 0), key=lambda item: item[0])
    if height * scale < 16:
        return
    axes.text(times[i + window // 2], bottom[i : i + window].max() + height / 2 + 1 / scale, state.words, ha="center",
              va="center_baseline", fontsize=SMALL, color=state.text,
              bbox={"facecolor": state.colour, "edgecolor": "none", "pad": 1} if state.name == "ready" else None)


# -- words around the lanes -------------------------------------------------------------------------


def _head(sheet: Sheet, title: str, runs: list[Recording], key: list[list]) -> None:
    clocks = {run.clock for run in runs}
    clock = f"{clocks.pop()} time" if len(clocks) == 1 else "real and virtual time"
    room = sheet.width - 2 * MARGIN
    sheet.text(sheet.width - MARGIN, 26, clock, size=SMALL, color=MUTED, ha="right")
    room -= sheet.measure(clock, SMALL) + 20
    words, size = printable(title), LARGE
    while size > 10 and sheet.measure(words, size, "bold") > room:
        size -= 0.5
    sheet.text(MARGIN, 26, sheet.fit(words, room, size, "bold"), size=size, fontweight="bold")
    for index, row in enumerate(key):
        for x, words, colour, hatch in row:
            y = 53 + 22 * index
            sheet.box(x, y - 6, 14, 12, facecolor=colour, edgecolor=hatch[1] if hatch else "#9aa1ab",
                      hatch=hatch[0] if hatch else None, linewidth=0 if hatch else 0.4)
            sheet.text(x + 20, y, words, size=SMALL, color=MUTED)


def _visible(panels: list[Panel], pixel: float) -> list[tuple[str, str, tuple | None]]:
    """Words, colour and pattern of what can be seen in the lanes: what the key explains."""
    seen = set()
    for panel in panels:
        length = panel.spans.end - panel.spans.start
        area = pixel * 2 if panel.named else 0.004 * max(length.sum(), pixel)
        for number, state in enumerate(STATES):
            own = length[panel.spans.state == number]
            if len(own) and (state.name in ("running", "blocked") or (own.sum() > area and (panel.named or own.sum() > 2 * pixel))):
                if state.name != "ready" or not panel.named or own.max() >= pixel:
                    seen.add(number)
    items = [(STATES[n].words, STATES[n].colour, HATCH.get(STATES[n].name)) for n in sorted(seen, reverse=True)]
    if any(panel.workers for panel in panels):
        items.append(("a worker thread at work", PAPER, HATCH["worker"]))
    return items


def _key_rows(sheet: Sheet, items: list[tuple[str, str, tuple | None]]) -> list[list]:
    rows: list[list] = [[]]
    x = float(MARGIN)
    for words, colour, hatch in items:
        width = 20 + sheet.measure(words, SMALL) + 22
        if x + width > sheet.width - MARGIN and rows[-1]:
            rows.append([])
            x = float(MARGIN)
        rows[-1].append((x, words, colour, hatch))
        x += width
    return rows if rows[-1] else []


def _with_names(panel: Panel) -> tuple[Task, ...]:
    """The tasks whose names stand beside their lanes: all, or the first and the last of many."""
    return panel.run.tasks if panel.named else (panel.run.tasks[0], panel.run.tasks[-1])


def _worker_names(panel: Panel) -> list[str]:
    if len(panel.workers) == 1:
        return ["worker thread"]
    return [f"worker thread {number}" for number in range(1, len(panel.workers) + 1)]


def _lane_names(sheet: Sheet, panel: Panel, left: int, top: int, names: list[str], workers: list[str]) -> None:
    if panel.named:
        for lane, name in enumerate(names + workers):
            sheet.text(left - 10, top + (lane + 0.5) * panel.lane, name, ha="right",
                       color=INK if lane < len(names) else MUTED)
        return
    for name, y in zip(names, (top + 7, top + panel.height - 7)):
        sheet.text(left - 10, y, name, ha="right", size=SMALL, color=MUTED)
    count = f"{len(panel.run.tasks):,} tasks"
    for words in (f"{count}, oldest on top", count):
        if sheet.measure(words, SMALL) <= panel.height:
            _turned(sheet, top + panel.height / 2, words)
            break


def _turned(sheet: Sheet, y: float, words: str) -> None:
    """Words along the left edge, from the bottom up, with their middle at `y`."""
    sheet.text(16, y, words, size=SMALL, color=MUTED, rotation=90, ha="center", va="center")


def _endings(sheet: Sheet, panel: Panel, unit: Unit, span: float, room: int) -> list[tuple[float, float, str, str]]:
    """What stands right of each named lane: y in pixels, x in seconds, words, colour."""
    if not panel.named:
        return []
    end = _end(panel)
    rows = []
    for task in panel.run.tasks:
        last = end if task.finished is None else task.finished
        words = [] if panel.label else [unit.words(last - task.created)]
        colour = MUTED
        if task.outcome == EXCEPTION:
            error = printable(task.error.splitlines()[0] if task.error else "error")
            # an early end leaves more room on its right
            words.append(f"✕ {sheet.fit(error, max(190, 0.8 * room * (1 - last / span)), SMALL)}")
            colour = BLOCK
        elif task.outcome in (CANCELLED, PENDING):
            words.append("⊘ cancelled" if task.outcome == CANCELLED else "… left behind")
        if words:
            rows.append(((task.id + 0.5) * panel.lane, last, "  ".join(words), colour))
    return rows


def _right_margin(sheet: Sheet, endings: list[list], span: float, room: int) -> int:
    """Pixels on the right, so that the words after each lane end inside the figure."""
    need = 34.0
    for _, end, words, _ in sum(endings, []):
        share = end / span
        if share > 0:
            # after the lane there is (1 - share) of the columns, and the margin
            need = max(need, (sheet.measure(words, SMALL) + 15 - (1 - share) * room) / share)
    return math.ceil(min(need, 0.45 * room))


def _panel_label(
    sheet: Sheet, axes: Axes, panel: Panel, left: int, top: int, columns: int, span: float, unit: Unit
) -> None:
    """The label of one of several runs, and a line where the run ends."""
    axes.axvline(panel.run.elapsed, color=INK, linewidth=1.6, zorder=5, clip_on=False)
    elapsed = unit.words(panel.run.elapsed)
    label = sheet.fit(panel.label, 0.7 * sheet.width, NORMAL + 1, "bold")
    x = left + panel.run.elapsed / span * columns
    start = MARGIN + sheet.measure(label, NORMAL + 1, "bold") + 16 + sheet.measure(elapsed, NORMAL + 1, "bold") / 2
    sheet.text(MARGIN, top - 12, label, size=NORMAL + 1, fontweight="bold")
    sheet.text(max(x, start), top - 12, elapsed, size=NORMAL + 1, fontweight="bold", ha="center")


def _time_axis(sheet: Sheet, left: int, y: int, columns: int, span: float, ticks: list[float], unit: Unit) -> None:
    sheet.box(left, y, columns, 1, facecolor="#9aa1ab", edgecolor="none", linewidth=0)
    for tick in ticks:
        sheet.text(left + tick / span * columns, y + 15, unit.tick(tick), size=SMALL, color=MUTED, ha="center")


# -- times ------------------------------------------------------------------------------------------


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
        values = MaxNLocator(nbins=min(8, max(2, columns // 60)), steps=[1, 2, 2.5, 5, 10]).tick_values(0, until * self.factor)
        return [float(v) / self.factor for v in values if -1e-9 <= v <= until * self.factor * (1 + 1e-9)]


# -- letters ----------------------------------------------------------------------------------------


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


@lru_cache(maxsize=None)
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight=weight)


def _style():
    """matplotlib's own settings while a picture is made, whatever the learner has set."""
    defaults = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith(("backend", "interactive", "webagg"))}
    defaults |= {"font.family": ["DejaVu Sans"], "font.size": NORMAL, "hatch.linewidth": 1.0}
    return mpl.rc_context(defaults)
