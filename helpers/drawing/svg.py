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
from collections.abc import Collection, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from helpers.drawing.lanes import BANDS, TURN, Bars, Panel, Words, many_panel, named_panel
from helpers.drawing.layout import Curve, Layout, Page, Placed, lay_out
from helpers.drawing.letters import Letters, Role
from helpers.drawing.palette import CUT, DPI, GRID, INK, LINE, MUTED, NUMBER, PAPER, STATES, STRIPES, WORKER, State
from helpers.drawing.picture import CURVE, FIRST, KEY_ROW, MARGIN, TITLE_LINE, Picture, beside_main, how_many
from helpers.drawing.picture import NOTE as NOTE_ROW
from helpers.recording import Recording
from helpers.words import one_line

LEFT, WORKERS = 96, 112     # pixels for names; where worker threads are among them
LEAST, MOST = 13, 26        # pixels of height of a lane with a name
THICK = 18                  # pixels of height of a bar, at most
BINS = 200                  # places of the curve
NOTE = 16                   # pixels of height of a line below all
BLOCKED = STATES[NUMBER["blocked"]].colour
LETTER: dict[Role, float] = {"name": 6.3, "small": 6.3, "strong": 7.2, "label": 7.2, "title": 9.0}    # pixels


class Drawing(NamedTuple):
    """An SVG, and where everything stands on it."""

    text: str
    layout: Layout


class Look(NamedTuple):
    """What is particular to a kind of SVG, in pixels.

    small, name, label  height of letters: in and right of lanes; left of them; of the label of a run
    name_many           the same for names beside lanes that share rows
    aside               from names, and from the words after a lane, to the lanes
    above               from the lanes of a run up to the middle of its label
    thick               height of a bar, at most, and as a share of its lane
    key                 from the top of the page to the middle of the first row of the key, when there is no title;
                        height of a row; from a swatch to its words; width and height of a swatch
    curve               height of the curve of tasks under way, and that of room for words above it
    axis                from the time axis to the middle of its words
    margin              left of the key, the title and the lines below all
    """

    small: float
    name: float
    name_many: float
    label: float
    aside: tuple[int, int]
    above: int
    thick: tuple[int, float]
    key: tuple[float, int, int, int, int]
    curve: tuple[int, int]
    axis: int
    margin: int
    note: int


PIXELS = DPI / 72           # of a point
WIDGET = Look(small=11, name=11, name_many=11, label=12, aside=(8, 4), above=11, thick=(THICK, 1.0),
              key=(11.5, 20, 17, 12, 11), curve=(72, 18), axis=12, margin=4, note=NOTE)
WHOLE = Look(small=8.5 * PIXELS, name=9 * PIXELS, name_many=8.5 * PIXELS, label=10 * PIXELS, aside=(10, 5), above=12,
             thick=(30, 0.72), key=(0.0, KEY_ROW, 20, 14, 12), curve=(CURVE * 4 // 5, CURVE // 5), axis=15,
             margin=MARGIN, note=NOTE_ROW)


class BrowserLetters:
    """The letters of a browser: it has one for everything, and their widths can only be estimated."""

    def clean(self, text: str) -> str:
        return one_line(" ".join(text.split()))

    def measure(self, words: str, role: Role) -> float:
        return LETTER[role] * len(words)


def draw_svg(runs: Sequence[tuple[str, Recording]], *, width: int = 640, lanes: int = 280, curve: bool = True,
             alt: str = "", shaded: tuple[float, float, str] | None = None,
             failed: Sequence[Collection[int]] = ()) -> Drawing:
    """The runs, one below the other on one time axis, as SVG.

    runs   pairs of label and recording; "" is no label
    width  pixels
    lanes  pixels of height for the lanes of all runs together
    curve  whether tasks under way are drawn below, if there is a single run of several tasks
    alt    what a screen reader reads instead
    shaded a stretch of time to tell from the others, from when to when, and what a line below says of it
    failed of each run the numbers of tasks that count as failed although they ended with a result, such as None;
           lanes that have no names show it
    """
    share, look = lanes // len(runs), WIDGET
    panels = [_panel(label, run, share, own) for (label, run), own in zip(runs, [*failed, *repeat((), len(runs))])]
    left = WORKERS if any(panel.workers for panel in panels) else LEFT
    page = Page(width=width, letters=BrowserLetters(), head=4, margin=4, key=(18, 8, look.key[1]),
                left=(left, left), right=(44, 44), label=22, gap=8, curve=sum(look.curve), axis=24,
                endings="marks", note=NOTE)
    layout = lay_out(panels, page, curve=curve and len(panels) == 1, bins=BINS)
    if shaded is None or shaded[0] >= layout.span:
        return Drawing(_svg(layout, look, alt), layout)
    start, end, words = shaded
    layout = layout._replace(notes=[*layout.notes, words], height=layout.height + NOTE)
    return Drawing(_svg(layout, look, alt, over=_shade(layout, start, end)), layout)


def draw_lanes(panel: Panel, *, width: int, alt: str = "") -> Drawing:
    """The lanes of a run as SVG, `width` pixels wide, and the times below them, without title, key and curve."""
    page = Page(width=width, letters=BrowserLetters(), head=2, left=(60, 150), right=(34, 34), axis=24, explain=False,
                endings="", beside=True)
    layout = lay_out([panel], page)
    return Drawing(_svg(layout, WIDGET, alt), layout)


def _panel(label: str, run: Recording, share: int, failed: Collection[int]) -> Panel:
    count = len(run.tasks) + len(run.workers)
    if count * LEAST > share:
        return many_panel(label, run, share, failed)
    height = min(MOST * count, share)
    return named_panel(label, run, height / count, height)


def _shade(layout: Layout, start: float, end: float) -> str:
    """A stretch of time, through all lanes and the curve: darker, between two lines."""
    top, left, right = layout.placed[0].top, layout.x(start), layout.x(min(end, layout.span))
    height = layout.bottom - top
    return (f'<g pointer-events="none"><rect x="{left:.1f}" y="{top}" width="{right - left:.1f}" height="{height}" '
            f'fill="{INK}" fill-opacity=".1"/><path d="M{left:.1f} {top}v{height}M{right:.1f} {top}v{height}" '
            f'stroke="{INK}" stroke-dasharray="4 3"/></g>')


def paint(picture: Picture, alt: str = "") -> str:
    """A whole picture as SVG: all that its PNG shows, for what is displayed in a notebook and for a file of its own."""
    head, layout, letters = picture
    parts = [_text(MARGIN, FIRST + TITLE_LINE * row, line, font_size=f"{head.size * PIXELS:.3g}", font_weight="bold")
             for row, line in enumerate(head.lines)]
    parts.append(_text(layout.width - MARGIN, FIRST, head.clock, fill=MUTED, text_anchor="end"))
    look = WHOLE._replace(key=(head.height + 1.0, *WHOLE.key[1:]))
    return _svg(layout, look, alt, "".join(parts), letters=letters)


def _svg(layout: Layout, look: Look, alt: str, head: str = "", over: str = "", letters: Letters | None = None) -> str:
    """The SVG; with `letters`, also what only a whole page has room for: words in the curve and along the left edge."""
    parts = [head, _key(layout, look)]
    for placed in layout.placed:
        parts += [_grid(layout, placed.top, placed.panel.height), _lanes(layout, look, placed),
                  _around(layout, look, placed, letters)]
    if layout.curve:
        parts += [_grid(layout, layout.curve.top, sum(look.curve)), _curve(layout, look, layout.curve, letters)]
    parts += [over, _axis(layout, look)]
    parts += [_text(look.margin, layout.below + look.note * row, note, fill=MUTED)
              for row, note in enumerate(layout.notes)]
    width, height = layout.width, layout.height
    told = f'role="img" aria-label="{_safe(alt)}" ' if alt else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'{told}style="max-width:100%;height:auto;display:block;background:{PAPER}" '
        f'font-family="system-ui,Segoe UI,Roboto,DejaVu Sans,sans-serif" font-size="{look.small:.3g}" fill="{INK}">'
        f"{_PATTERNS}{''.join(parts)}</svg>"
    )


# -- shapes -----------------------------------------------------------------------------------------


def _pattern(state: State, angle: int) -> str:
    return (
        f'<pattern id="wyw-{state.name}" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({angle})"><rect width="6" height="6" fill="{state.colour}"/>'
        f'<path d="M0 0v6" stroke="{STRIPES[state.name]}" stroke-width="3"/></pattern>'
    )


_FLAG = (f'<pattern id="wyw-failed" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" '
         f'fill="{PAPER}"/><path d="M0 0h3v3h3v3h-3v-3h-3z" fill="{INK}"/></pattern>')
_PATTERNS = f'<defs>{_pattern(STATES[NUMBER["ready"]], 45)}{_pattern(WORKER, -45)}{_FLAG}</defs>'


def _safe(text: str) -> str:
    return html.escape(one_line(text), quote=True)


def _fill(state: State) -> str:
    return f"url(#wyw-{state.name})" if state.name in STRIPES else state.colour


def _text(x: float, y: float, words: str, *, told: str = "", **style: str) -> str:
    """Words with their middle at `y`; `told` is what the pointer of a mouse brings up over them."""
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    title = f"<title>{_safe(told)}</title>" if told else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" dy=".36em"{attributes}>{_safe(words)}{title}</text>'


def _rect(x: float, y: float, width: float, height: float, fill: str, **style: str) -> str:
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"{attributes}/>'


def _grid(layout: Layout, top: float, height: float) -> str:
    d = "".join(f"M{layout.x(tick):.1f} {top:.0f}v{height:.0f}" for tick, _ in layout.ticks)
    return f'<path d="{d}" stroke="{GRID}"/>'


def _key(layout: Layout, look: Look) -> str:
    first, row, aside, width, height = look.key
    parts = []
    for entry in layout.key:
        y = first + row * entry.row
        parts.append(_text(entry.x + aside, y, entry.words, fill=MUTED))
        if entry.state is CUT:
            parts.append(_wedge(entry.x + 10, y, 5))
            continue
        parts.append(_rect(entry.x, y - height / 2, width, height, _fill(entry.state), stroke=LINE,
                           stroke_width="0.5"))
    return "".join(parts)


def _axis(layout: Layout, look: Look) -> str:
    parts = [f'<path d="M{layout.left} {layout.bottom}h{layout.columns}" stroke="{LINE}"/>']
    parts += [_text(layout.x(tick), layout.bottom + look.axis, words, fill=MUTED, text_anchor="middle")
              for tick, words in layout.ticks]
    return "".join(parts)


# -- lanes ------------------------------------------------------------------------------------------


def _lanes(layout: Layout, look: Look, placed: Placed) -> str:
    panel = placed.panel
    parts = []
    if placed.image is not None:
        parts.append(_image(layout, placed, placed.image))
    parts.append(_bands(layout, placed))        # behind bars, which keep the colours of the key
    thick = min(panel.lane * look.thick[1], panel.lane - 2, look.thick[0])
    for bars in sorted(placed.bars, key=lambda bars: bars.layer):
        middles = placed.top + (bars.lane + 0.5) * panel.lane
        draw = _turns if bars.layer == TURN else _bars
        parts.append(draw(layout, bars, middles, thick))
    parts += [_wedge(layout.x(time), placed.top + (lane + 0.5) * panel.lane, thick / 3) for time, lane in placed.cuts]
    parts += [_words(layout, look, placed, words) for words in placed.words]
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


def _words(layout: Layout, look: Look, placed: Placed, words: Words) -> str:
    x, y = layout.x(words.time), placed.top + (words.lane + 0.5) * placed.panel.lane
    role: Role = "strong" if words.strong else "small"
    style = {"fill": words.colour, "text_anchor": "middle" if words.centred else "start"}
    if words.strong:
        style["font_weight"] = "bold"
    ground = ""
    if words.ground:
        width = LETTER[role] * len(words.text) * look.small / WIDGET.small + 2
        ground = _rect(x - width / 2 if words.centred else x - 2, y - look.small / 2 - 1, width, look.small + 2,
                       words.ground)
    return ground + _text(x, y, words.text, **style)


def _around(layout: Layout, look: Look, placed: Placed, letters: Letters | None) -> str:
    """Names on the left, endings on the right, and above the label of one of several runs."""
    panel, top = placed.panel, placed.top
    size = look.name if panel.named else look.name_many
    parts = [_text(layout.left - look.aside[0], top + name.y, name.text, text_anchor="end",
                   fill=INK if name.main else MUTED, font_size=f"{size:.3g}") for name in placed.names]
    if letters is None and placed.number:
        parts.append(_text(layout.left - look.aside[0], top + panel.height / 2, placed.number, text_anchor="end",
                           fill=MUTED))
    elif letters is not None and (number := how_many(placed, letters)):
        parts.append(_turned(top + panel.height / 2, number))
    for each in placed.endings:
        x, y = layout.x(each.time) + look.aside[1], top + each.y
        if letters is not None and placed.label:        # over the line where the run ends
            parts.append(_rect(x - 1, y - 8, letters.measure(each.text, "small") + 2, 16, PAPER))
        parts.append(_text(x, y, each.text, told=each.told, fill=each.colour,
                           font_weight="bold" if letters is None else "normal"))
    if placed.label:
        bold = {"font_weight": "bold", "font_size": f"{look.label:.3g}"}
        parts.append(f'<path d="M{layout.x(panel.run.elapsed):.1f} {top}v{panel.height}" stroke="{INK}" '
                     'stroke-width="1.5"/>')
        parts.append(_text(look.margin, top - look.above, placed.label.text, **bold))
        parts.append(_text(placed.label.x, top - look.above, placed.label.elapsed, text_anchor="middle", **bold))
    return "".join(parts)


# -- the curve --------------------------------------------------------------------------------------


def _turned(y: float, words: str) -> str:
    """Words along the left edge, from the bottom up, with their middle at `y`."""
    text = _text(0, 0, words, fill=MUTED, text_anchor="middle")
    return f'<g transform="translate(16 {y:.1f}) rotate(-90)">{text}</g>'


def _curve(layout: Layout, look: Look, curve: Curve, letters: Letters | None) -> str:
    """Tasks under way by state, one on top of the other."""
    height, head = look.curve
    bottom, right = curve.top + sum(look.curve), layout.left + layout.columns
    step, scale = layout.columns / curve.bins, height / max(curve.peak, float(curve.total.max()))
    parts = []
    for layer in curve.layers:
        above = _steps(bottom - layer.top * scale, layout.left, step, "M")
        below = _steps(bottom - layer.bottom[::-1] * scale, right, -step, "L")
        parts.append(f'<path d="{above}{below}Z" fill="{_fill(layer.state)}"/>')
    outline = _steps(bottom - curve.total * scale, layout.left, step, "M")
    parts.append(f'<path d="{outline}" fill="none" stroke="{INK}"/>')
    if letters is not None:
        parts += _curve_words(layout, look, curve, letters, bottom)
    at = layout.x(curve.at) + step / 2
    anchor, at = ("start", max(at - 8, layout.left)) if at < layout.left + layout.columns / 2 else ("end", at + 8)
    parts.append(_text(at, curve.top + head - 9, curve.words, text_anchor=anchor))
    parts += [_text(layout.left - look.aside[0], bottom - value * scale, f"{value:,}", text_anchor="end", fill=MUTED)
              for value in (0, curve.peak)]
    if letters is None:
        parts.append(_text(look.margin, curve.top + sum(look.curve) / 2, "beside the first", fill=MUTED))
    elif words := beside_main(layout, letters):
        parts.append(_turned(curve.top + sum(look.curve) / 2, words))
    return "".join(parts)


def _curve_words(layout: Layout, look: Look, curve: Curve, letters: Letters, bottom: float) -> list[str]:
    """The names of states inside their areas, and when the loop was blocked."""
    whole = sum(look.curve)
    parts = [_rect(layout.x(span.start), curve.top, layout.x(span.end) - layout.x(span.start), whole, BLOCKED,
                   fill_opacity="0.13") for span in layout.placed[-1].panel.run.blocked[:BANDS]]
    for each in curve.words_inside(letters, whole):
        x, y = layout.left + (each.bin + 0.5) * layout.columns / curve.bins, bottom - each.tasks * whole / curve.most
        if each.state.name in STRIPES:
            width = letters.measure(each.text, "small") + 2
            parts.append(_rect(x - width / 2, y - 8, width, 16, each.state.colour))
        parts.append(_text(x, y, each.text, fill=each.state.text, text_anchor="middle"))
    return parts


def _steps(heights: np.ndarray, start: float, step: float, move: str) -> str:
    """A path of horizontal pieces, `step` pixels each; equal neighbours are one."""
    edges = (np.flatnonzero(np.diff(heights)) + 1).tolist()
    d = [f"{move}{start:.1f} {heights[0]:.1f}"]
    d += [f"V{heights[first]:.1f}H{start + last * step:.1f}"
          for first, last in zip([0, *edges], [*edges, len(heights)])]
    return "".join(d)
