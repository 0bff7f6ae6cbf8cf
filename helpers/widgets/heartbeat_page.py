"""What a heartbeat looks like: live on a page, and as a picture afterwards.

The live one needs nothing from the kernel to show that the kernel is silent. Each beat replaces a piece of HTML, and
with it begins an animation of the style sheet anew: a bar that grows from the last beat on, and words that appear
after five beats that did not come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from helpers.drawing import figure
from helpers.drawing.axis import Unit
from helpers.drawing.palette import INK, LINE, MUTED, NUMBER, PAPER, STATES, WIDTH, css_variables
from helpers.markup import joined, style, tag
from helpers.widgets.afterwards import MOVES, TELLS
from helpers.words import short

if TYPE_CHECKING:
    from helpers.widgets.heartbeat import Heartbeat

SHOWN = 8               # seconds of the past on the page
ROOM = 5                # seconds that the bar of a silence can grow
SCALE = 50              # pixels for a second
HEIGHT = 34             # pixels of the strip
MOST = 20               # silences that are shown of the last seconds


class Live:
    """The widgets of a live heartbeat; `root` is to be displayed.

    After `late` seconds without a beat the page says that the loop is blocked.
    """

    def __init__(self, pulse: Heartbeat, late: float) -> None:
        import ipywidgets as widgets  # late: a program that shows no widget does without

        self.late = late
        variables = {**css_variables(), "strip": HEIGHT, "shown": SHOWN, "room": ROOM, "scale": SCALE}
        sheet = widgets.HTML(str(style("helpers.widgets", "heartbeat.css", variables)), layout={"display": "none"})
        self.strip = widgets.HTML()
        self.result, self.count = widgets.HTML(), widgets.HTML()
        self.result.add_class(TELLS)
        self.button = widgets.Button(description="Stop the pulse", tooltip="End this heartbeat",
                                     layout={"width": "130px"})
        self.button.add_class(MOVES)
        self.button.on_click(lambda _: pulse.stop())
        words = widgets.VBox([self.result, self.count])
        below = widgets.HBox([words, self.button], layout={
            "justify_content": "space-between", "align_items": "center", "width": f"{(SHOWN + ROOM) * SCALE}px",
            "max_width": "100%", "margin": "0",
        })
        self.root = widgets.VBox([sheet, self.strip, below])
        self.root.add_class("wyw-heartbeat")
        self.told: tuple[int, bool] | None = None
        self.beat(pulse)

    def beat(self, pulse: Heartbeat) -> None:
        """Show what is new; a screen reader is told when the pulse has stopped, and not of every beat."""
        self.strip.value = str(live_strip(pulse, self.late))
        missing = pulse.missing
        self.count.value = str(tag("div", f"Beats that are missing: {missing or 'none'}.", class_="wyw-pulse-missing"))
        news = (len(pulse.gaps), pulse.beating)
        if news != self.told:
            self.told = news
            result = tag("div", _result(pulse, self.late), class_="wyw-pulse-result")
            self.result.value = str(result)
            if not pulse.beating:
                self.button.disabled = True


def _result(pulse: Heartbeat, late: float) -> Markup:
    if not pulse.gaps:
        words = tag("span", f"No stop of {short(late)} or more so far.")
    else:
        times = "once" if len(pulse.gaps) == 1 else f"{len(pulse.gaps):,} times"
        last = pulse.gaps[-1]
        words = joined([f"The pulse stopped {times}, the last time for ", tag("b", short(last.end - last.start)),
                        "; longest gap between two beats ", tag("b", short(pulse.largest_gap)), "."])
    return words if pulse.beating else words + " It is over."


def live_strip(pulse: Heartbeat, late: float) -> Markup:
    """The last seconds as HTML: a stroke for each beat, a hatched piece with its length where there was none."""
    first = pulse.elapsed - SHOWN
    strokes = "".join(f"M{(time - first) * SCALE:.0f} 6v{HEIGHT - 14}" for time in _recent(pulse, first))
    beats = tag("svg", tag("path", d=strokes), width=SHOWN * SCALE, height=HEIGHT)
    if pulse.beating:
        dot = tag("i", class_="wyw-dot")
        words = (tag("span", dot, "the loop is free: beating", class_="wyw-alive")
                 + tag("span", dot, "NO BEAT: the loop is blocked", class_="wyw-dead"))
        silence = tag("div", class_="wyw-silence")
    else:
        words, silence = tag("span", "over"), Markup()
    return tag(
        "div",
        tag("div", words, class_="wyw-words", aria_hidden="true"),
        tag("div", *_gaps(pulse, first), beats, silence, class_="wyw-beats", aria_hidden="true"),
        style=f"--wyw-late:{late:g}s;--wyw-blink:{min(0.8 * pulse.every, 0.4):g}s",
    )


def _gaps(pulse: Heartbeat, first: float) -> Iterator[Markup]:
    """A piece for each silence of the last seconds, those since `first`."""
    for gap in list(pulse.holes)[-MOST:]:
        if gap.end > first:
            left, right = max((gap.start - first) * SCALE, 0), (gap.end - first) * SCALE
            words = tag("b", short(gap.end - gap.start)) if gap in pulse.gaps else ""
            yield tag("div", words, class_="wyw-gap",
                      style=f"left:{left:.0f}px;width:{right - left:.0f}px")


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
    from helpers.drawing.canvas import style

    with style():
        drawn = _figure(pulse)
    # of a real one, the first line has no durations; of a virtual one, it has all
    alt = f"Strip of beats over time: {str(pulse).splitlines()[0]}."
    return figure.bundle(drawn, alt=alt, text=str(pulse), clock=pulse.clock)


def _figure(pulse: Heartbeat) -> Any:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    from helpers.drawing.canvas import LARGE, NORMAL, SMALL, Sheet

    sheet = Sheet(WIDTH)
    left, right, top, height = 70, 40, 66, 36
    sheet.set_height(top + height + 36)
    columns = sheet.width - left - right
    span = pulse.elapsed or 1.0
    unit = Unit(pulse.elapsed)
    ticks = unit.ticks(span, columns)
    room = sheet.width - 36 - sheet.measure(f"{pulse.clock} time", SMALL)
    sheet.text(14, 24, sheet.fit(pulse.headline(), room, LARGE, "bold"), size=LARGE, fontweight="bold")
    sheet.text(14, 46, pulse.subtitle())
    sheet.text(sheet.width - 14, 24, f"{pulse.clock} time", size=SMALL, color=MUTED, ha="right")
    sheet.text(left - 10, top + height / 2, "beats", ha="right")
    axes = sheet.axes(left, top, columns, height, span, ticks)
    axes.set_ylim(0, 1)
    lines = [[(time, 0.1), (time, 0.9)] for time in pulse.times]
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=2, zorder=3), autolim=False)
    for gap in pulse.holes:
        axes.add_patch(Rectangle((gap.start, 0), gap.end - gap.start, 1, facecolor="#f6d5da",
                                 edgecolor=STATES[NUMBER["blocked"]].colour, hatch="////", linewidth=0, zorder=1))
        words = f"no beat for {unit.words(gap.end - gap.start)}"
        if sheet.measure(words, NORMAL) + 10 > (gap.end - gap.start) / span * columns:
            if gap not in pulse.gaps:
                continue                    # the hatching says it
            words = unit.words(gap.end - gap.start)
        axes.text((gap.start + gap.end) / 2, 0.5, words, ha="center", va="center_baseline", fontsize=NORMAL, color=INK,
                  bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 2}, zorder=4)
    sheet.box(left, top + height, columns, 1, facecolor=LINE, edgecolor="none", linewidth=0)
    for tick in ticks:
        sheet.text(left + tick / span * columns, top + height + 15, unit.tick(tick), size=SMALL,
                   color=MUTED, ha="center")
    return sheet.figure
