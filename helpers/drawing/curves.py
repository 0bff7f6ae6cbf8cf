"""Numbers over a number: how much faster a program gets, over how many shops it asks, computed and measured.

    draw_curves({"Amdahl's law": {1: 1.0, 10: 9.2, 100: 50.3}, "measured": {1: 1.0, 10: 8.9, 100: 44.1}},
                points=["measured"], across="shops", up="times as fast", title="The law, and a real run")

What is measured differs on every machine and in every run, so the text twin has the names alone, as that of `bars`;
what holds of the curves on every machine, a cell prints. Numbers over virtual time are drawn by `series`.

Each curve has its name at its right end, so that no colour has to be looked up; curves that are near each other there
have their names moved apart, with a line from the name to the curve.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.arguments import got, number
from helpers.drawing import canvas, figure
from helpers.drawing.canvas import LARGE, NORMAL, SMALL, Sheet, printable
from helpers.drawing.palette import GRID, INK, LINE, MUTED, NUMBER, STATES, WIDTH

Curve = Mapping[float, float]

CALL = 'draw_curves({"law": {1: 1.0, 100: 50.3}}, across="shops", up="times as fast", title="The law")'
LEFT, HEAD, HEIGHT, FOOT = 52, 58, 300, 46              # pixels: left of the axis; above it; of it; below
NAMES, APART = 270, 17                                  # pixels: of the names on the right, at most; from name to name
SHARES = (1, 2, 5)                                      # the steps of an axis are these, times a power of ten
COLOURS = (INK, *(STATES[NUMBER[name]].colour for name in ("blocked", "thread", "network", "ready", "lock")))
MARKERS = "osD^v"
NOTE = "(where each begins and ends is in the alternative text of the picture)"
DASHES = ("-", "--", ":", "-.")


def draw_curves(curves: Mapping[str, Curve], *, across: str, up: str, title: str, points: Collection[str] = ()) -> None:
    """Show numbers over a number, in the cell that is running.

    curves  by name, each a dictionary: where it stands on the horizontal axis, and how high; no number below 0
    points  names of the curves that are drawn as points: what was measured; the others are lines
    across  what the horizontal axis counts
    up      what the vertical axis counts
    title   what the picture says

    Raises TypeError if `curves` is no dictionary of dictionaries of numbers, ValueError if one is empty, if a number is
    below 0, or if `points` has a name that no curve has.
    """
    _check(curves, points)
    figure.display(figure.bundle(draw(curves, points, across, up, title), alt=alternative(curves, across, up, title),
                                 text=text(curves, across, up), clock="mixed"))


def _check(curves: object, points: Collection[str]) -> None:
    if not isinstance(curves, Mapping):
        raise TypeError(f"draw_curves() takes a dictionary of curves by name, and got {got(curves)}; write {CALL}")
    for name, curve in curves.items():
        if not isinstance(curve, Mapping):
            raise TypeError(f"a curve is a dictionary, and {name!r} is {got(curve)}; write {CALL}")
        for x, y in curve.items():
            number(f"a place of {name!r}", x)
            number(f"a number of {name!r}", y)
    if not curves or not all(curves.values()):
        raise ValueError(f"draw_curves() needs a curve, and a number for each; got {curves!r}; write {CALL}")
    if strange := [name for name in points if name not in curves]:
        raise ValueError(f"points names curves, and got {strange[0]!r}; there are {', '.join(map(repr, curves))}")


# -- in words ----------------------------------------------------------------------------------------


def text(curves: Mapping[str, Curve], across: str, up: str) -> str:
    """The text twin: the names, which are the same on every machine.

    >>> print(text({"the law": {1: 1.0, 100: 50.25}, "measured": {1: 1.0, 100: 44.2}}, "shops", "times as fast"))
    curves: times as fast, over shops
    the law
    measured
    (where each begins and ends is in the alternative text of the picture)
    """
    return "\n".join([f"curves: {up}, over {across}", *curves, NOTE])


def alternative(curves: Mapping[str, Curve], across: str, up: str, title: str) -> str:
    """The alternative text: where each curve begins and ends.

    >>> alternative({"the law": {1: 1.0, 100: 50.25}, "measured": {1: 1.0}}, "shops", "times as fast", "Law and run")
    'Law and run. Curves, times as fast over shops: the law, 1 at 1 to 50.2 at 100; measured, 1 at 1.'
    """
    told = []
    for name, curve in curves.items():
        ends = dict.fromkeys((min(curve), max(curve)))
        told.append(f"{name}, " + " to ".join(f"{curve[x]:.3g} at {x:g}" for x in ends))
    return f"{title}. Curves, {up} over {across}: {'; '.join(told)}."


# -- painted -----------------------------------------------------------------------------------------


def draw(curves: Mapping[str, Curve], points: Collection[str], across: str, up: str, title: str) -> Figure:
    """The figure."""
    with canvas.style():
        sheet = Sheet(WIDTH)
        sheet.set_height(HEAD + HEIGHT + FOOT)
        names = {name: sheet.fit(printable(name), NAMES) for name in curves}
        width = sheet.width - LEFT - 44 - round(max(map(sheet.measure, names.values())))
        span = max(max(curve) for curve in curves.values()) or 1
        ticks = steps(span, 10)
        top = steps(max(max(curve.values()) for curve in curves.values()) or 1, 6, beyond=True)
        axes = sheet.axes(LEFT, HEAD, width, HEIGHT, span, ticks)
        axes.set_ylim(0, top[-1])
        for y in top:
            axes.axhline(y, color=GRID, linewidth=0.8, zorder=0.5)
            sheet.text(LEFT - 8, HEAD + HEIGHT * (1 - y / top[-1]), f"{y:,g}", size=SMALL, color=MUTED, ha="right")
        for x in ticks:
            sheet.text(LEFT + width * x / span, HEAD + HEIGHT + 13, f"{x:,g}", size=SMALL, color=MUTED, ha="center")
        sheet.box(LEFT, HEAD + HEIGHT, width, 1, facecolor=LINE, edgecolor="none", linewidth=0)
        sheet.text(LEFT, 18, sheet.fit(printable(title), sheet.width - LEFT, LARGE, "bold"), size=LARGE,
                   fontweight="bold")
        sheet.text(LEFT, HEAD - 16, printable(up), size=SMALL, color=MUTED)
        sheet.text(LEFT + width, HEAD + HEIGHT + 32, printable(across), size=SMALL, color=MUTED, ha="right")
        _curves(axes, curves, points)
        ends = [HEIGHT * (1 - curve[max(curve)] / top[-1]) for curve in curves.values()]
        for (name, curve), moved in zip(curves.items(), apart(ends, APART, HEIGHT)):
            last = max(curve)
            axes.plot([last, span * (1 + 24 / width)], [curve[last], top[-1] * (1 - moved / HEIGHT)], color=LINE,
                      linewidth=0.8, clip_on=False, zorder=1)
            sheet.text(LEFT + width + 30, HEAD + moved, names[name], size=NORMAL)
        return sheet.figure


def _curves(axes: Axes, curves: Mapping[str, Curve], points: Collection[str]) -> None:
    marked = drawn = 0
    for place, (name, curve) in enumerate(curves.items()):
        xs = sorted(curve)
        style: dict[str, Any] = {"color": COLOURS[place % len(COLOURS)], "clip_on": False, "zorder": 2}
        if name in points:
            style |= {"linestyle": "none", "marker": MARKERS[marked % len(MARKERS)], "markersize": 6, "zorder": 3}
            marked += 1
        else:
            style |= {"linestyle": DASHES[drawn % len(DASHES)], "linewidth": 1.8}
            drawn += 1
        axes.plot(xs, [curve[x] for x in xs], **style)


def steps(most: float, count: int, beyond: bool = False) -> list[float]:
    """Round numbers from 0 on, `count` of them or fewer after the 0, up to `most`, or with `beyond` to the next.

    >>> steps(100, 10), steps(50.3, 6, beyond=True)
    ([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], [0, 10, 20, 30, 40, 50, 60])
    """
    power = 10.0 ** math.floor(math.log10(most / count))
    step = next(share * power for share in (*SHARES, 10) if most / (share * power) <= count)
    number_of = math.ceil(most / step - 1e-9) if beyond else math.floor(most / step + 1e-9)
    return [round(step * n, 12) if step < 1 else round(step * n) for n in range(number_of + 1)]


def apart(places: list[float], least: float, room: float) -> list[float]:
    """The places moved so that each is at least so far from the next, and none beyond `room`; their order stays.

    >>> apart([10, 12, 50], 10, 100), apart([95, 99], 10, 100)
    ([10, 20, 50], [90, 100])
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    limit = room
    for index in reversed(order):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - least
    return moved
