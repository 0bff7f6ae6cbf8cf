"""The timeline of one or more runs as SVG: drawn in milliseconds, for what follows a slider or moves a cursor.

    drawing = draw_svg([("", run)], width=640, lanes=280)
    drawing.text                    # "<svg ...>", to be put into an HTML widget
    drawing.x(0.3)                  # where 0.3 seconds stand, in pixels from the left edge

The colours, the states and their words are those of the picture (`palette`); its height is chosen, not the number
of tasks: lanes that have room carry a name, many are one image, in which rows show the share of their tasks.
"""

from __future__ import annotations

import base64
import html
import io
from typing import NamedTuple

import numpy as np

from helpers.drawing.canvas import Unit
from helpers.drawing.lanes import HATCH, Panel, Spans, coverage, last_moment, make_panel
from helpers.drawing.palette import GRID, INK, MUTED, NUMBER, PAPER, STATES, State, state_of
from helpers.recording import Recording, Task
from helpers.wait_kinds import EXCEPTION, RESULT, RUN, kind_of
from helpers.words import one_line

LEAST = 13                  # pixels of height that a lane with a name needs
LETTER = 6.3                # pixels of width of a letter of 11 pixels, on average, and a little more
LEFT, RIGHT = 96, 44        # pixels for names, and for what stands right of the lanes
CURVE = 90                  # pixels of height of the curve of tasks under way
BINS = 200                  # places of the curve
KEY, AXIS, HEAD = 20, 24, 22    # pixels of height of a row of the key, of the time axis, of a run's label


class Drawing(NamedTuple):
    """An SVG, and where its lanes are: from `left` on, `columns` pixels that stand for `span` seconds."""

    text: str
    width: int
    height: int
    left: int
    columns: int
    top: int
    bottom: int
    span: float

    def x(self, seconds: float) -> float:
        """Where a time stands, in pixels from the left edge."""
        return self.left + seconds / self.span * self.columns


def draw_svg(runs: list[tuple[str, Recording]], *, width: int = 640, lanes: int = 280, curve: bool = True,
             alt: str = "") -> Drawing:
    """The runs, one below the other on one time axis, as SVG.

    runs   pairs of label and recording; "" is no label
    width  pixels
    lanes  pixels of height for the lanes of all runs together
    curve  whether tasks under way are drawn below, if there is a single run of several tasks
    alt    what a screen reader reads instead
    """
    panels = [make_panel(label, run, LEAST, 1) for label, run in runs]
    until = max(last_moment(panel) for panel in panels)
    span = until if until > 0 else 1.0
    unit, columns = Unit(until), width - LEFT - RIGHT
    share = lanes // len(panels)
    parts, seen, top = [], set(), 4.0
    keys = _key_at(width, _visible(panels, span / columns))
    if keys:
        parts.append(_key(keys))
        top += KEY * (keys[-1][1] + 1)
    first = top
    for panel in panels:
        if panel.label:
            parts.append(_label(panel, top, columns, span, unit, width))
            top += HEAD
        tasks = panel.run.tasks
        named = len(tasks) * LEAST <= share
        height = min(26 * len(tasks), share) if named else share
        parts.append(_grid(top, height, columns, span, unit))
        parts.append(_named(panel, top, height, columns, span) if named else _many(panel, top, height, columns, span))
        if panel.label:
            x = LEFT + panel.run.elapsed / span * columns
            parts.append(f'<path d="M{x:.1f} {top:.0f}v{height}" stroke="{INK}" stroke-width="1.5"/>')
        top += height + 8
    if curve and len(panels) == 1 and until > 0 and len(panels[0].run.tasks) > 2:
        parts.append(_grid(top, CURVE, columns, span, unit))
        parts.append(_curve(panels[0], top, columns, span))
        top += CURVE + 8
    bottom = top - 8
    parts.append(_axis(bottom, columns, span, unit))
    height = int(bottom + AXIS)
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{_safe(alt)}" style="max-width:100%;height:auto;display:block;background:{PAPER}" '
        f'font-family="system-ui,Segoe UI,Roboto,DejaVu Sans,sans-serif" font-size="11" fill="{INK}">'
        f"{_PATTERNS}{''.join(parts)}</svg>"
    )
    return Drawing(text, width, height, LEFT, columns, int(first), int(bottom), span)


_PATTERNS = (
    '<defs><pattern id="wyw-ready" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="{STATES[NUMBER["ready"]].colour}"/>'
    f'<path d="M0 0v6" stroke="{HATCH["ready"][1]}" stroke-width="3"/></pattern></defs>'
)


def _safe(text: str) -> str:
    return html.escape(one_line(text), quote=True)


def _fill(state: State) -> str:
    return "url(#wyw-ready)" if state.name == "ready" else state.colour


def _text(x: float, y: float, words: str, **style: str) -> str:
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{_safe(words)}</text>'


def _fit(words: str, room: float) -> str:
    letters = int(room / LETTER)
    return words if len(words) <= letters else words[: max(letters - 1, 1)] + "…"


# -- around the lanes -------------------------------------------------------------------------------


def _visible(panels: list[Panel], pixel: float) -> list[State]:
    """The states that take at least two pixels of some lane, and those that always show."""
    seen = set()
    for panel in panels:
        length = panel.spans.end - panel.spans.start
        for number, state in enumerate(STATES):
            own = length[panel.spans.state == number]
            if len(own) and (state.name in ("running", "blocked") or own.sum() > 2 * pixel):
                seen.add(number)
    return [STATES[number] for number in sorted(seen, reverse=True)]


def _key_at(width: int, states: list[State]) -> list[tuple[float, int, State]]:
    """Where each state of the key stands: x in pixels, row, state."""
    x, row, places = 4.0, 0, []
    for state in states:
        need = 18 + LETTER * len(state.words) + 8
        if x + need > width and x > 4:
            x, row = 4.0, row + 1
        places.append((x, row, state))
        x += need
    return places


def _key(places: list[tuple[float, int, State]]) -> str:
    return "".join(
        f'<rect x="{x:.0f}" y="{6 + KEY * row}" width="12" height="11" fill="{_fill(state)}" stroke="#9aa1ab" '
        f'stroke-width="0.5"/>' + _text(x + 17, 15.5 + KEY * row, state.words, fill=MUTED)
        for x, row, state in places
    )


def _label(panel: Panel, top: float, columns: int, span: float, unit: Unit, width: int) -> str:
    """A run's label on the left, and where it ends how long it took."""
    elapsed = unit.words(panel.run.elapsed)
    label = _fit(panel.label, 0.62 * width)
    x = LEFT + panel.run.elapsed / span * columns
    x = min(max(x, 4 + 7 * len(label) + 16 + 3.5 * len(elapsed)), width - 4 - 3.5 * len(elapsed))
    bold = {"font_weight": "bold", "font_size": "12"}
    return _text(4, top + 15, label, **bold) + _text(x, top + 15, elapsed, text_anchor="middle", **bold)


def _grid(top: float, height: float, columns: int, span: float, unit: Unit) -> str:
    d = "".join(f"M{LEFT + t / span * columns:.1f} {top:.0f}v{height:.0f}" for t in unit.ticks(span, columns))
    return f'<path d="{d}" stroke="{GRID}"/>'


def _axis(y: float, columns: int, span: float, unit: Unit) -> str:
    parts = [f'<path d="M{LEFT} {y:.0f}h{columns}" stroke="#9aa1ab"/>']
    for tick in unit.ticks(span, columns):
        parts.append(_text(LEFT + tick / span * columns, y + 16, unit.tick(tick), fill=MUTED, text_anchor="middle"))
    return "".join(parts)


# -- lanes ------------------------------------------------------------------------------------------


def _named(panel: Panel, top: float, height: float, columns: int, span: float) -> str:
    """Few tasks: a lane each, with its name, and words in the segments that are wide enough."""
    tasks = panel.run.tasks
    lane = height / len(tasks)
    thick = min(lane - 2, 18)
    scale = columns / span
    parts = []
    for task in tasks:
        y = top + (task.id + 0.5) * lane
        parts.append(_text(LEFT - 8, y + 4, _fit(task.name, LEFT - 12), text_anchor="end"))
        words, turns = [], []
        for piece in task.spans:
            x, wide = LEFT + piece.start * scale, (piece.end - piece.start) * scale
            if piece.kind == RUN and wide < 2:
                if not turns or x - turns[-1] >= 1:         # turns that fall on the same pixel are one
                    turns.append(x)
                continue
            if wide < 0.5:
                continue
            state = state_of(piece)
            parts.append(f'<rect x="{x:.1f}" y="{y - thick / 2:.1f}" width="{wide:.1f}" height="{thick:.1f}" '
                         f'fill="{_fill(state)}"/>')
            word = {"ready": "ready", "blocked": "blocks the loop", "running": "running"}.get(state.name, piece.wait)
            if len(word) * LETTER + 8 >= wide:
                word = kind_of(piece.wait).short if state.name == "queue" else ""
            if word and len(word) * LETTER + 8 < wide:
                ground = f'<rect x="{x + wide / 2 - len(word) * LETTER / 2:.1f}" y="{y - 6:.1f}" ' \
                         f'width="{len(word) * LETTER:.1f}" height="12" fill="{state.colour}"/>' \
                         if state.name == "ready" else ""
                words.append(ground + _text(x + wide / 2, y + 4, word, fill=state.text, text_anchor="middle"))
        if turns:
            d = "".join(f"M{x:.1f} {y - thick / 2:.1f}v{thick:.1f}" for x in turns)
            # so many that they touch: thin and pale, for they take no time
            thin = ' stroke-opacity="0.3"' if len(turns) > columns / 6 else ' stroke-width="2"'
            parts.append(f'<path d="{d}" stroke="{INK}"{thin}/>')
        parts += words
        parts.append(_ending(panel.run, task, y, scale))
    return "".join(parts)


def _ending(run: Recording, task: Task, y: float, scale: float) -> str:
    """A mark right of the lane of a task that did not end with a result."""
    if task.outcome == RESULT:
        return ""
    end = run.end if task.finished is None else task.finished
    mark, words = ("✕", task.error) if task.outcome == EXCEPTION else ("⊘", "cancelled")
    if task.finished is None:
        mark, words = "…", "left behind"
    return (f'<text x="{LEFT + end * scale + 4:.1f}" y="{y + 4:.1f}" fill="{STATES[NUMBER["blocked"]].colour}" '
            f'font-weight="bold">{mark}<title>{_safe(words)}</title></text>')


def _many(panel: Panel, top: float, height: int, columns: int, span: float) -> str:
    """Many tasks: one image, in which a row of pixels shows the share of its tasks in each state."""
    tasks = len(panel.run.tasks)
    rows = min(tasks, int(height))
    data = base64.b64encode(_raster(panel.spans, tasks, rows, columns, span)).decode("ascii")
    names = [(panel.run.tasks[0].name, top + 10), (panel.run.tasks[-1].name, top + height - 3)]
    words = "".join(_text(LEFT - 8, y, _fit(name, LEFT - 12), text_anchor="end", fill=MUTED) for name, y in names)
    lane = height / tasks
    gaps = "".join(f"M{LEFT} {top + i * lane:.1f}h{columns}" for i in range(1, tasks)) if lane >= 3 else ""
    gaps = gaps and f'<path d="{gaps}" stroke="{PAPER}"/>'
    count = _text(LEFT - 8, top + height / 2 + 4, f"{tasks:,} tasks", text_anchor="end", fill=MUTED)
    blocks = "".join(
        f'<rect x="{LEFT + b.start / span * columns:.1f}" y="{top:.0f}" height="{height}" '
        f'width="{max((b.end - b.start) / span * columns, 1):.1f}" fill="{STATES[NUMBER["blocked"]].colour}" '
        'fill-opacity="0.4"/>' for b in panel.run.blocked[:100]
    )
    return (f'{words}{count}<image x="{LEFT}" y="{top:.0f}" width="{columns}" height="{height}" '
            f'preserveAspectRatio="none" style="image-rendering:pixelated" '
            f'href="data:image/png;base64,{data}"/>{gaps}{blocks}')


def _raster(spans: Spans, tasks: int, rows: int, columns: int, span: float) -> bytes:
    """The image of many lanes as PNG: a colour is the mean of the states that share the pixel."""
    from PIL import Image

    row = spans.lane * rows // tasks
    per_row = np.bincount(np.arange(tasks) * rows // tasks, minlength=rows)[:, None].astype(np.float32)
    image = np.full((rows, columns, 3), 255, np.float32)
    y, x = np.ogrid[:rows, :columns]
    for number, state in enumerate(STATES):
        own = spans.state == number
        if not own.any():
            continue
        colour = np.array([int(state.colour[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
        share = coverage(row[own], rows, spans.start[own], spans.end[own], span, columns) / per_row
        if state.name == "running":             # every turn is seen, however short
            column = np.minimum((spans.start[own] * (columns / span)).astype(int), columns - 1)
            turns = np.bincount(row[own] * columns + column, minlength=rows * columns).reshape(rows, columns)
            share = np.maximum(share, np.minimum(turns / per_row, 1))
            image += share[..., None] * (colour - image)
            continue
        share = np.minimum(share, 1)
        if state.name == "ready":
            stripes = np.array([int(HATCH["ready"][1][i : i + 2], 16) for i in (1, 3, 5)], np.float32)
            colour = np.where(((x + y) % 7 < 2)[..., None], stripes, colour)
        image += share[..., None] * (colour - 255)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(image + 0.5, 0, 255).astype(np.uint8)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _curve(panel: Panel, top: float, columns: int, span: float) -> str:
    """Tasks under way by state, one on top of the other, without the main one, which waits for all of them."""
    spans = panel.spans.of(panel.spans.lane > 0)
    bins = min(BINS, columns)
    peak = panel.run.peak
    layers = []
    for number, state in enumerate(STATES):
        own = spans.of(spans.state == number)
        if len(own.lane) and state.name != "running":
            layers.append((state, coverage(np.zeros(len(own.lane), int), 1, own.start, own.end, span, bins)[0]))
    total = np.zeros(bins)
    scale, bottom, step = (CURVE - 18) / max(peak, 1), top + CURVE, columns / bins
    parts = []
    for state, layer in layers:
        above = total + layer
        d = _steps(above, bottom, scale, step) + _steps(total[::-1], bottom, scale, -step, LEFT + columns, "L") + "Z"
        parts.append(f'<path d="{d}" fill="{_fill(state)}"/>')
        total = above
    parts.append(f'<path d="{_steps(total, bottom, scale, step)}" fill="none" stroke="{INK}"/>')
    at = LEFT + (int(np.argmax(total)) + 0.5) * step
    words = f"at most {peak:,} at once"
    anchor, at = ("start", max(at - 8, LEFT)) if at < LEFT + columns / 2 else ("end", at + 8)
    parts.append(_text(at, bottom - peak * scale - 5, words, text_anchor=anchor))
    for value in (0, peak):
        parts.append(_text(LEFT - 8, bottom - value * scale + 4, f"{value:,}", text_anchor="end", fill=MUTED))
    parts.append(_text(4, top + CURVE / 2 + 4, "under way", fill=MUTED))
    return "".join(parts)


def _steps(values: np.ndarray, bottom: float, scale: float, step: float, start: float = LEFT, move: str = "M") -> str:
    """A path of horizontal pieces, `step` pixels each; equal neighbours are one."""
    edges = np.flatnonzero(np.diff(values)) + 1
    firsts = [0, *edges.tolist()]
    lasts = [*edges.tolist(), len(values)]
    d = [f"{move}{start:.1f} {bottom - values[0] * scale:.1f}"]
    for first, last in zip(firsts, lasts):
        d.append(f"V{bottom - values[first] * scale:.1f}H{start + last * step:.1f}")
    return "".join(d)
