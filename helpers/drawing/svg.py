"""The timeline of one or more runs as SVG: drawn in milliseconds, for what follows a slider or moves a cursor.

    drawing = draw_svg([("", run)], width=640, lanes=280)
    drawing.text                    # "<svg ...>", to be put into an HTML widget
    drawing.layout.x(0.3)           # where 0.3 seconds stand, in pixels from the left edge

It shows, says and explains what the PNG does, since both paint a `layout`. Its height is given, whatever the number of
tasks: lanes that have room carry a name; too many lanes become one image, whose rows show the share of their tasks.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from helpers.drawing.lanes import BANDS, TURN, Bars, Panel, Words, many_panel, named_panel
from helpers.drawing.layout import Curve, Layout, Page, Placed, lay_out
from helpers.drawing.letters import Role
from helpers.drawing.palette import CUT, GRID, INK, LINE, MUTED, NUMBER, PAPER, STATES, STRIPES, WORKER, State
from helpers.recording import Recording
from helpers.words import one_line

LEFT, WORKERS = 96, 112     # pixels for names; where worker threads are among them
LEAST, MOST = 13, 26        # pixels of height of a lane with a name
THICK = 18                  # pixels of height of a bar, at most
SIZE, BOLD = 11, 12         # pixels of height of letters
BINS = 200                  # places of the curve
KEY = 20                    # pixels of height of a row of the key
CURVE = 72                  # pixels of height of the curve, and above it room for its words
CURVE_HEAD = 18
NOTE = 16                   # pixels of height of a line below all
BLOCKED = STATES[NUMBER["blocked"]].colour
LETTER: dict[Role, float] = {"name": 6.3, "small": 6.3, "strong": 7.2, "label": 7.2}    # pixels of width, on average


class Drawing(NamedTuple):
    """An SVG, and where everything stands on it."""

    text: str
    layout: Layout


class BrowserLetters:
    """The letters of a browser: it has one for everything, and their widths can only be estimated."""

    def clean(self, text: str) -> str:
        return one_line(" ".join(text.split()))

    def measure(self, words: str, role: Role) -> float:
        return LETTER[role] * len(words)


def draw_svg(runs: Sequence[tuple[str, Recording]], *, width: int = 640, lanes: int = 280, curve: bool = True,
             alt: str = "", shaded: tuple[float, float, str] | None = None) -> Drawing:
    """The runs, one below the other on one time axis, as SVG.

    runs   pairs of label and recording; "" is no label
    width  pixels
    lanes  pixels of height for the lanes of all runs together
    curve  whether tasks under way are drawn below, if there is a single run of several tasks
    alt    what a screen reader reads instead
    shaded a stretch of time to tell from the others, from when to when, and what a line below says of it
    """
    share = lanes // len(runs)
    panels = [_panel(label, run, share) for label, run in runs]
    left = WORKERS if any(panel.workers for panel in panels) else LEFT
    page = Page(width=width, letters=BrowserLetters(), head=4, margin=4, key=(18, 8, KEY), left=(left, left),
                right=(44, 44), label=22, gap=8, curve=CURVE_HEAD + CURVE, axis=24, endings="marks", note=NOTE)
    layout = lay_out(panels, page, curve=curve and len(panels) == 1, bins=BINS)
    if shaded is None or shaded[0] >= layout.span:
        return Drawing(_svg(layout, alt), layout)
    start, end, words = shaded
    layout = layout._replace(notes=[*layout.notes, words], height=layout.height + NOTE)
    return Drawing(_svg(layout, alt, _shade(layout, start, end)), layout)


def draw_lanes(panel: Panel, *, width: int, alt: str = "") -> Drawing:
    """The lanes of a run as SVG, `width` pixels wide, and the times below them, without title, key and curve."""
    page = Page(width=width, letters=BrowserLetters(), head=2, left=(60, 150), right=(34, 34), axis=24, explain=False,
                endings="", beside=True)
    layout = lay_out([panel], page)
    return Drawing(_svg(layout, alt), layout)


def _panel(label: str, run: Recording, share: int) -> Panel:
    count = len(run.tasks) + len(run.workers)
    if count * LEAST > share:
        return many_panel(label, run, share)
    height = min(MOST * count, share)
    return named_panel(label, run, height / count, height)


def _shade(layout: Layout, start: float, end: float) -> str:
    """A stretch of time, through all lanes and the curve: darker, between two lines."""
    top, left, right = layout.placed[0].top, layout.x(start), layout.x(min(end, layout.span))
    height = layout.bottom - top
    return (f'<g pointer-events="none"><rect x="{left:.1f}" y="{top}" width="{right - left:.1f}" height="{height}" '
            f'fill="{INK}" fill-opacity=".1"/><path d="M{left:.1f} {top}v{height}M{right:.1f} {top}v{height}" '
            f'stroke="{INK}" stroke-dasharray="4 3"/></g>')


def _svg(layout: Layout, alt: str, over: str = "") -> str:
    parts = [_key(layout)]
    for placed in layout.placed:
        parts += [_grid(layout, placed.top, placed.panel.height), _lanes(layout, placed), _around(layout, placed)]
    if layout.curve:
        parts += [_grid(layout, layout.curve.top, CURVE_HEAD + CURVE), _curve(layout, layout.curve)]
    parts += [over, _axis(layout)]
    parts += [_text(4, layout.below + NOTE * row, note, fill=MUTED) for row, note in enumerate(layout.notes)]
    width, height = layout.width, layout.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{_safe(alt)}" style="max-width:100%;height:auto;display:block;background:{PAPER}" '
        f'font-family="system-ui,Segoe UI,Roboto,DejaVu Sans,sans-serif" font-size="{SIZE}" fill="{INK}">'
        f"{_PATTERNS}{''.join(parts)}</svg>"
    )


# -- shapes -----------------------------------------------------------------------------------------


def _pattern(state: State, angle: int) -> str:
    return (
        f'<pattern id="wyw-{state.name}" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({angle})"><rect width="6" height="6" fill="{state.colour}"/>'
        f'<path d="M0 0v6" stroke="{STRIPES[state.name]}" stroke-width="3"/></pattern>'
    )


_PATTERNS = f'<defs>{_pattern(STATES[NUMBER["ready"]], 45)}{_pattern(WORKER, -45)}</defs>'


def _safe(text: str) -> str:
    return html.escape(one_line(text), quote=True)


def _fill(state: State) -> str:
    return f"url(#wyw-{state.name})" if state.name in STRIPES else state.colour


def _text(x: float, y: float, words: str, *, told: str = "", **style: str) -> str:
    """Words with their middle at `y`; `told` is what the pointer of a mouse brings up over them."""
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    title = f"<title>{_safe(told)}</title>" if told else ""
    return f'<text x="{x:.1f}" y="{y + 4:.1f}"{attributes}>{_safe(words)}{title}</text>'


def _rect(x: float, y: float, width: float, height: float, fill: str, **style: str) -> str:
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"{attributes}/>'


def _grid(layout: Layout, top: float, height: float) -> str:
    d = "".join(f"M{layout.x(tick):.1f} {top:.0f}v{height:.0f}" for tick, _ in layout.ticks)
    return f'<path d="{d}" stroke="{GRID}"/>'


def _key(layout: Layout) -> str:
    parts = []
    for entry in layout.key:
        y = 6 + KEY * entry.row
        parts.append(_text(entry.x + 17, y + 5.5, entry.words, fill=MUTED))
        if entry.state is CUT:
            parts.append(_wedge(entry.x + 10, y + 5.5, 5))
            continue
        parts.append(_rect(entry.x, y, 12, 11, _fill(entry.state), stroke=LINE, stroke_width="0.5"))
    return "".join(parts)


def _axis(layout: Layout) -> str:
    parts = [f'<path d="M{layout.left} {layout.bottom}h{layout.columns}" stroke="{LINE}"/>']
    parts += [_text(layout.x(tick), layout.bottom + 12, words, fill=MUTED, text_anchor="middle")
              for tick, words in layout.ticks]
    return "".join(parts)


# -- lanes ------------------------------------------------------------------------------------------


def _lanes(layout: Layout, placed: Placed) -> str:
    panel = placed.panel
    parts = []
    if placed.image is not None:
        parts.append(_image(layout, placed, placed.image))
    parts.append(_bands(layout, placed))        # behind bars, which keep the colours of the key
    thick = min(panel.lane - 2, THICK)
    for bars in sorted(placed.bars, key=lambda bars: bars.layer):
        middles = placed.top + (bars.lane + 0.5) * panel.lane
        draw = _turns if bars.layer == TURN else _bars
        parts.append(draw(layout, bars, middles, thick))
    parts += [_wedge(layout.x(time), placed.top + (lane + 0.5) * panel.lane, thick / 3) for time, lane in placed.cuts]
    parts += [_words(layout, placed, words) for words in placed.words]
    return "".join(parts)


def _wedge(x: float, y: float, half: float) -> str:
    """The mark where a wait was cut short: it points back along its bar."""
    return f'<path d="M{x - 7:.1f} {y:.1f}L{x:.1f} {y - half:.1f}V{y + half:.1f}Z" fill="{CUT.colour}"/>'


def _bars(layout: Layout, bars: Bars, middles: np.ndarray, thick: float) -> str:
    fill, scale = _fill(bars.state), layout.columns / layout.span
    return "".join(
        _rect(layout.x(start), y - thick / 2, (end - start) * scale, thick, fill)
        for y, start, end in zip(middles.tolist(), bars.start.tolist(), bars.end.tolist())
    )


def _turns(layout: Layout, bars: Bars, middles: np.ndarray, thick: float) -> str:
    parts = []
    for y in np.unique(middles).tolist():
        times = ((bars.start + bars.end) / 2)[middles == y].tolist()
        d = "".join(f"M{layout.x(time):.1f} {y - thick / 2:.1f}v{thick:.1f}" for time in times)
        # so many that they touch: thin and pale, for they take no time
        thin = 'stroke-opacity="0.3"' if len(times) > layout.columns / 6 else 'stroke-width="2"'
        parts.append(f'<path d="{d}" stroke="{INK}" {thin}/>')
    return "".join(parts)


def _image(layout: Layout, placed: Placed, image: np.ndarray) -> str:
    """Many lanes: their image, and over it what blocked the loop, high enough to be seen."""
    panel, high = placed.panel, max(placed.panel.lane, 4)
    data = base64.b64encode(_png(image)).decode("ascii")
    blocks = "".join(
        _rect(layout.x(span.start), placed.top + (lane + 0.5) * panel.lane - high / 2,
              max(layout.x(span.end) - layout.x(span.start), 1), high, BLOCKED) for span, lane in panel.blocks
    )
    return (
        f'<image x="{layout.left}" y="{placed.top}" width="{layout.columns}" height="{panel.height}" '
        f'preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>{blocks}'
    )


def _png(image: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _bands(layout: Layout, placed: Placed) -> str:
    """A pale band through all lanes while the loop is blocked."""
    return "".join(
        _rect(layout.x(span.start), placed.top, layout.x(span.end) - layout.x(span.start), placed.panel.height,
              BLOCKED, fill_opacity="0.13") for span, _ in placed.panel.blocks[:BANDS]
    )


def _words(layout: Layout, placed: Placed, words: Words) -> str:
    x, y = layout.x(words.time), placed.top + (words.lane + 0.5) * placed.panel.lane
    role: Role = "strong" if words.strong else "small"
    style = {"fill": words.colour, "text_anchor": "middle" if words.centred else "start"}
    if words.strong:
        style["font_weight"] = "bold"
    ground = ""
    if words.ground:
        width = LETTER[role] * len(words.text) + 2
        ground = _rect(x - width / 2 if words.centred else x - 2, y - 6, width, 12, words.ground)
    return ground + _text(x, y, words.text, **style)


def _around(layout: Layout, placed: Placed) -> str:
    """Names on the left, endings on the right, and above the label of one of several runs."""
    panel, top = placed.panel, placed.top
    parts = [_text(layout.left - 8, top + name.y, name.text, text_anchor="end", fill=INK if name.main else MUTED)
             for name in placed.names]
    if placed.number:
        parts.append(_text(layout.left - 8, top + panel.height / 2, placed.number, text_anchor="end", fill=MUTED))
    parts += [_text(layout.x(each.time) + 4, top + each.y, each.text, told=each.told, fill=each.colour,
                    font_weight="bold") for each in placed.endings]
    if placed.label:
        bold = {"font_weight": "bold", "font_size": f"{BOLD}"}
        parts.append(f'<path d="M{layout.x(panel.run.elapsed):.1f} {top}v{panel.height}" stroke="{INK}" '
                     'stroke-width="1.5"/>')
        parts.append(_text(4, top - 11, placed.label.text, **bold))
        parts.append(_text(placed.label.x, top - 11, placed.label.elapsed, text_anchor="middle", **bold))
    return "".join(parts)


# -- the curve --------------------------------------------------------------------------------------


def _curve(layout: Layout, curve: Curve) -> str:
    """Tasks under way by state, one on top of the other."""
    bottom, right = curve.top + CURVE_HEAD + CURVE, layout.left + layout.columns
    step, scale = layout.columns / curve.bins, CURVE / max(curve.peak, float(curve.total.max()))
    parts = []
    for layer in curve.layers:
        above = _steps(bottom - layer.top * scale, layout.left, step, "M")
        below = _steps(bottom - layer.bottom[::-1] * scale, right, -step, "L")
        parts.append(f'<path d="{above}{below}Z" fill="{_fill(layer.state)}"/>')
    outline = _steps(bottom - curve.total * scale, layout.left, step, "M")
    parts.append(f'<path d="{outline}" fill="none" stroke="{INK}"/>')
    at = layout.x(curve.at) + step / 2
    anchor, at = ("start", max(at - 8, layout.left)) if at < layout.left + layout.columns / 2 else ("end", at + 8)
    parts.append(_text(at, curve.top + CURVE_HEAD - 9, curve.words, text_anchor=anchor))
    parts += [_text(layout.left - 8, bottom - value * scale, f"{value:,}", text_anchor="end", fill=MUTED)
              for value in (0, curve.peak)]
    parts.append(_text(4, curve.top + (CURVE_HEAD + CURVE) / 2, "beside main", fill=MUTED))
    return "".join(parts)


def _steps(heights: np.ndarray, start: float, step: float, move: str) -> str:
    """A path of horizontal pieces, `step` pixels each; equal neighbours are one."""
    edges = (np.flatnonzero(np.diff(heights)) + 1).tolist()
    d = [f"{move}{start:.1f} {heights[0]:.1f}"]
    d += [f"V{heights[first]:.1f}H{start + last * step:.1f}"
          for first, last in zip([0, *edges], [*edges, len(heights)])]
    return "".join(d)
