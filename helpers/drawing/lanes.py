"""The lanes of a run: what each task did over time.

Few lanes have names, and words in their segments. Many are one image, computed to the pixel: where
several tasks share a row, it shows the exact share of them in each state.

A turn on the loop takes microseconds, or no time at all on a virtual clock. It is drawn two pixels
wide even so, since it is what all the waiting is for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from helpers.drawing.canvas import SMALL, Sheet, Unit, printable
from helpers.drawing.palette import INK, NUMBER, PAPER, STATES, state_of
from helpers.recording import Recording, Span, ThreadJob
from helpers.wait_kinds import BLOCKED, READY, RUN, WAIT, kind_of

NAMED_LANES = 60                # up to so many tasks have a lane with their name
HATCH = {"ready": ("/////", "#8a4a00"), "worker": ("\\\\\\\\", STATES[NUMBER["thread"]].colour)}
BLOCK = STATES[NUMBER["blocked"]].colour


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


def make_panel(label: str, run: Recording, lane: float, rows: int) -> Panel:
    """The panel of a run, with named lanes `lane` pixels high, or `rows` pixels for all of its many lanes."""
    spans = _arrays(run)
    tasks = len(run.tasks)
    if tasks <= NAMED_LANES:
        return Panel(label, run, spans, True, lane, run.workers, (tasks + len(run.workers)) * lane)
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


def last_moment(panel: Panel) -> float:
    """Seconds until the last thing that is drawn of a run."""
    return float(max(panel.run.last_moment, panel.spans.end.max(initial=0.0)))


def draw_lanes(sheet: Sheet, axes: Axes, panel: Panel, span: float, columns: int, unit: Unit) -> None:
    """Draw the lanes of a run on axes of `columns` pixels that stand for `span` seconds."""
    if panel.named:
        axes.set_ylim(panel.lanes - 0.5, -0.5)
        _named_lanes(sheet, axes, panel, span / columns, unit)
    else:
        axes.set_ylim(panel.height, 0)
        _many_lanes(sheet, axes, panel, span, columns, unit)


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


def _span_words(run: Recording, span: Span) -> list[str]:
    """What may stand in a segment, the longer words first."""
    if span.kind == READY:
        return ["ready, kept waiting", "ready"]
    if span.kind == RUN:
        return ["running"]
    words = [printable(span.wait or "future")]
    if len(span.on) == 1 and 0 <= span.on[0] < len(run.tasks):
        words.insert(0, f"{words[0]}: {printable(run.tasks[span.on[0]].name)}")
    return [*words, short] if (short := kind_of(span.wait).short) else words


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
        # where the task ends with this span, its time stands to the right of it
        ends = panel.named and panel.run.tasks[lane].finished == span.end
        right = not ends and span.end / pixel + 6 + size <= width
        outside = right or span.start / pixel - 6 - size >= 0
        if panel.named and inside and (inside[0] == words or not outside):
            axes.text((span.start + span.end) / 2, y, inside[0], ha="center", color=PAPER, **bold)
            continue
        x0 = span.end / pixel + 6 if right else span.start / pixel - 6 - size
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
                       linewidth=0.8 if colour == PAPER else 0, hatch=hatch[0] if hatch else None,
                       antialiased=bool(hatch), zorder=zorder, clip_on=clip_on),
        autolim=False,
    )
