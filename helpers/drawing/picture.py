"""The figure of one or more runs: title, key, lanes on one time axis, and the tasks under way below.

Everything is laid out in whole pixels from the top left corner, so that lanes are equally high and
lines are sharp: `sheet` has the pixels, `lanes` what stands between the names and the ends of tasks.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.drawing.canvas import LARGE, NORMAL, SMALL, Sheet, Unit, png, printable, style
from helpers.drawing.lanes import BLOCK, HATCH, NAMED_LANES, Panel, coverage, draw_lanes, last_moment, make_panel
from helpers.drawing.palette import INK, MUTED, PAPER, STATES
from helpers.recording import Recording, Task
from helpers.text_twin import worker_names
from helpers.wait_kinds import CANCELLED, EXCEPTION, PENDING
from helpers.words import first_line

__all__ = ["figure", "png"]

ROWS = 420                      # pixels of height for tasks without names
CURVE = 120                     # pixels of height of the curve of tasks under way
MARGIN = 14                     # pixels left of title and key
NAME_WIDTH = 170                # pixels, at most, for the name of a task


def figure(runs: list[tuple[str, Recording]], title: str, width: float, *, curve: bool) -> Figure:
    """The figure of one or more runs, one below the other, on the same time axis.

    With `curve`, and if there is anything to see in it, tasks under way are drawn below the last run.
    """
    with style():
        return _figure(runs, title, width, curve)


def _figure(runs: list[tuple[str, Recording]], title: str, width: float, curve: bool) -> Figure:
    sheet = Sheet(width)
    named = sum(len(run.tasks) for _, run in runs if len(run.tasks) <= NAMED_LANES)
    lane = min(max(500 // max(named, 1), 18), 30)
    rows = max(ROWS // len(runs), 200)
    panels = [make_panel(printable(label), run, lane, rows) for label, run in runs]
    until = max([last_moment(panel) for panel in panels])
    span = until if until > 0 else 1.0                       # of a run that took no time, a second is drawn
    unit = Unit(until)
    curve = curve and until > 0 and len(panels[-1].run.tasks) > 2

    names = [[sheet.fit(printable(task.name), NAME_WIDTH) for task in _with_names(panel)] for panel in panels]
    workers = [worker_names(len(panel.workers)) for panel in panels]
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
        draw_lanes(sheet, axes, panel, span, columns, unit)
        _lane_names(sheet, panel, left, at, own_names, own_workers)
        for y, end, words, colour in own_endings:
            sheet.text(left + end / span * columns + 5, at + y, words, size=SMALL, color=colour,
                       bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5} if panel.label else None)
        if panel.label:
            _panel_label(sheet, axes, panel, left, at, columns, span, unit)
    if curve:
        axes = sheet.axes(left, curve_top, columns, CURVE, span, ticks)
        _curve(sheet, axes, panels[-1], span, columns)
        _turned(sheet, curve_top + CURVE / 2, "under way")
    _time_axis(sheet, left, bottom, columns, span, ticks, unit)
    return sheet.figure


def _curve(sheet: Sheet, axes: Axes, panel: Panel, span: float, columns: int) -> None:
    """Tasks under way by state, without the main one, which waits for all of them."""
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
    scale = CURVE / (peak * 1.25)           # pixels per task
    for state, bottom, layer in layers:
        _curve_words(sheet, axes, state, bottom, layer, times, scale)
    for blocked in panel.run.blocked[:200]:
        axes.axvspan(blocked.start, blocked.end, color=BLOCK, alpha=0.13, linewidth=0, zorder=2.5)
    words = f"at most {panel.run.peak:,} at once"
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
        # two pixels; among many lanes, where pixels are shared, 0.4 % of all as well
        least = 2 * pixel if panel.named else max(2 * pixel, 0.004 * length.sum())
        for number, state in enumerate(STATES):
            own = length[panel.spans.state == number]
            if not len(own):
                continue
            if state.name == "ready" and panel.named:           # drawn only where it is a pixel wide
                own = own[own >= pixel]
            if state.name in ("running", "blocked") or own.sum() > least:
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
    end = panel.run.end             # a task that is left behind is not known to go on as long as a worker thread
    rows = []
    for task in panel.run.tasks:
        last = end if task.finished is None else task.finished
        words = [] if panel.label else [unit.words(last - task.created)]
        colour = MUTED
        if task.outcome == EXCEPTION:
            error = printable(first_line(task.error) or "error")
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
