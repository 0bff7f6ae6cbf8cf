"""What a heartbeat looks like: live on a page, and as a picture afterwards.

The live one needs nothing from the kernel to show that the kernel is silent. Each beat replaces a piece of HTML, and
with it begins an animation of the style sheet anew: a bar that grows from the last beat on, and words that appear
after five beats that did not come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.drawing.palette import INK, MUTED, NUMBER, PAPER, STATES, WIDTH
from helpers.words import short

if TYPE_CHECKING:
    from helpers.widgets.heartbeat import Heartbeat

RED = STATES[NUMBER["blocked"]].colour
SHOWN = 8               # seconds of the past on the page
ROOM = 5                # seconds that the bar of a silence can grow
SCALE = 50              # pixels for a second
HEIGHT = 34             # pixels of the strip
HATCH = f"repeating-linear-gradient(45deg,{RED},{RED} 5px,#e78a9a 5px,#e78a9a 9px)"


class Live:
    """The widgets of a live heartbeat; `root` is to be displayed."""

    def __init__(self, pulse: Heartbeat) -> None:
        import ipywidgets as widgets

        from helpers.widgets.heartbeat import STOP

        late = STOP * pulse.every
        style = widgets.HTML(f"""<style>
.wyw-pulse {{position:relative;height:{HEIGHT}px;width:{(SHOWN + ROOM) * SCALE}px;max-width:100%;overflow:hidden;
  background:{PAPER};border:1px solid #9aa1ab;box-sizing:border-box}}
.wyw-silence {{position:absolute;top:0;bottom:0;left:{SHOWN * SCALE}px;width:0;background:{HATCH};opacity:0;
  animation:wyw-grow {ROOM}s linear forwards,wyw-come 1ms {late:g}s forwards}}
.wyw-words {{position:relative;height:20px;line-height:20px;font-size:15px;color:var(--jp-ui-font-color1,{INK})}}
.wyw-words>span {{position:absolute;left:0;white-space:nowrap}}
.wyw-alive {{animation:wyw-go 1ms {late:g}s forwards}}
.wyw-dead {{opacity:0;font-weight:bold;animation:wyw-come 1ms {late:g}s forwards}}
.wyw-dot {{display:inline-block;width:12px;height:12px;border-radius:50%;margin:0 8px 0 4px;background:#1b7f4d;
  animation:wyw-beat {min(0.8 * pulse.every, 0.4):g}s ease-out}}
.wyw-dead .wyw-dot {{background:{RED};border-radius:0;animation:none}}
@keyframes wyw-grow {{to {{width:{ROOM * SCALE}px}}}}
@keyframes wyw-come {{to {{opacity:1}}}}
@keyframes wyw-go {{to {{opacity:0}}}}
@keyframes wyw-beat {{from {{transform:scale(1.5)}}}}
</style>""", layout={"display": "none"})
        self.strip = widgets.HTML()
        self.result = widgets.HTML()
        self.button = widgets.Button(description="Stop the pulse", tooltip="End this heartbeat",
                                     layout={"width": "130px"})
        self.button.on_click(lambda _: pulse.stop())
        self.root = widgets.VBox([style, self.strip, widgets.HBox([self.result, self.button], layout={
            "justify_content": "space-between", "align_items": "center", "width": f"{(SHOWN + ROOM) * SCALE}px",
            "max_width": "100%"})])
        self.root.add_class("wyw-heartbeat")
        self.told: tuple[Any, ...] | None = None
        self.beat(pulse)

    def beat(self, pulse: Heartbeat) -> None:
        """Show what is new; a screen reader is told when the pulse has stopped, and not of every beat."""
        self.strip.value = live_strip(pulse)
        news = (len(pulse.gaps), pulse.beating)
        if news != self.told:
            self.told = news
            self.result.value = f'<div role="status" aria-live="polite" class="wyw-pulse-result">{_result(pulse)}</div>'
            if not pulse.beating:
                self.button.disabled = True


def _result(pulse: Heartbeat) -> str:
    if not pulse.gaps:
        words = "Gaps so far: none."
    else:
        times = "once" if len(pulse.gaps) == 1 else f"{len(pulse.gaps):,} times"
        last = pulse.gaps[-1]
        words = (f"The pulse stopped {times}, last for <b>{short(last.end - last.start)}</b>; "
                 f"largest gap <b>{short(pulse.largest_gap)}</b>.")
    return words if pulse.beating else f"{words} It is over."


def live_strip(pulse: Heartbeat) -> str:
    """The last seconds as HTML: a stroke for each beat, a hatched piece with its length where there was none."""
    now = pulse.elapsed
    first = now - SHOWN
    strokes = "".join(f"M{(time - first) * SCALE:.0f} 6v{HEIGHT - 14}" for time in _recent(pulse, first))
    pieces = ""
    for gap in pulse.gaps[-20:]:
        if gap.end > first:
            left, right = max((gap.start - first) * SCALE, 0), (gap.end - first) * SCALE
            words = f'<b style="background:{PAPER};padding:0 3px">{short(gap.end - gap.start)}</b>'
            pieces += (f'<div style="position:absolute;top:0;bottom:0;left:{left:.0f}px;width:{right - left:.0f}px;'
                       f'background:{HATCH};text-align:center;line-height:{HEIGHT - 2}px;overflow:hidden;color:{INK}">'
                       f'{words}</div>')
    svg = (f'<svg width="{SHOWN * SCALE}" height="{HEIGHT}" style="position:absolute;left:0;top:0">'
           f'<path d="{strokes}" stroke="{INK}" stroke-width="2"/></svg>')
    if pulse.beating:
        words = ('<span class="wyw-alive"><i class="wyw-dot"></i>the loop is free: beating</span>'
                 '<span class="wyw-dead"><i class="wyw-dot"></i>NO BEAT: the loop is blocked</span>')
        silence = '<div class="wyw-silence"></div>'
    else:
        words, silence = "<span>over</span>", ""
    return (f'<div class="wyw-words" aria-hidden="true">{words}</div>'
            f'<div class="wyw-pulse" aria-hidden="true">{pieces}{svg}{silence}</div>')


def _recent(pulse: Heartbeat, first: float) -> list[float]:
    times = []
    for time in reversed(pulse.times):
        if time < first:
            break
        times.append(time)
    return times


# -- afterwards -------------------------------------------------------------------------------------


def bundle(pulse: Heartbeat) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """What Jupyter shows of a heartbeat that is over: a strip, its text twin, and its alternative text."""
    from helpers.drawing import figure
    from helpers.drawing.canvas import style

    with style():
        drawn = _figure(pulse)
    # of a real one, the first line has no durations; of a virtual one, it has all
    alt = f"Strip of beats over time: {str(pulse).splitlines()[0]}."
    return figure.bundle(drawn, alt=alt, text=str(pulse), clock=pulse.clock)


def _figure(pulse: Heartbeat) -> Any:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    from helpers.drawing.axis import Unit
    from helpers.drawing.canvas import LARGE, NORMAL, SMALL, Sheet

    sheet = Sheet(WIDTH)
    left, right, top, height = 70, 40, 44, 36
    sheet.set_height(top + height + 36)
    columns = sheet.width - left - right
    span = pulse.elapsed or 1.0
    unit = Unit(pulse.elapsed)
    ticks = unit.ticks(span, columns)
    sheet.text(14, 24, pulse.headline(), size=LARGE, fontweight="bold")
    sheet.text(sheet.width - 14, 24, f"{pulse.clock} time", size=SMALL, color=MUTED, ha="right")
    sheet.text(left - 10, top + height / 2, "beats", ha="right")
    axes = sheet.axes(left, top, columns, height, span, ticks)
    axes.set_ylim(0, 1)
    lines = [[(time, 0.1), (time, 0.9)] for time in pulse.times]
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=2, zorder=3), autolim=False)
    for gap in pulse.gaps:
        axes.add_patch(Rectangle((gap.start, 0), gap.end - gap.start, 1, facecolor="#f6d5da", edgecolor=RED,
                                 hatch="////", linewidth=0, zorder=1))
        words = f"no beat for {unit.words(gap.end - gap.start)}"
        if sheet.measure(words, NORMAL) + 10 > (gap.end - gap.start) / span * columns:
            words = unit.words(gap.end - gap.start)
        axes.text((gap.start + gap.end) / 2, 0.5, words, ha="center", va="center_baseline", fontsize=NORMAL, color=INK,
                  bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 2}, zorder=4)
    sheet.box(left, top + height, columns, 1, facecolor="#9aa1ab", edgecolor="none", linewidth=0)
    for tick in ticks:
        sheet.text(left + tick / span * columns, top + height + 15, unit.tick(tick), size=SMALL,
                   color=MUTED, ha="center")
    return sheet.figure
