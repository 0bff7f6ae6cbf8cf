"""Measured amounts as bars on a logarithmic axis: what a call costs, and what a process costs, in one picture.

    draw_bars({"call": 3e-8, "task": 2e-6, "process": 0.06}, unit="s", title="What one of each costs",
              text="a task costs more than 10 calls: True")

The figures are those of the machine that ran the cell, and differ from run to run. So they stand in the picture alone:
the text twin is what the cell says of them, which must hold on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.figure import Figure

from helpers.arguments import choice, got, number
from helpers.drawing import canvas, figure
from helpers.drawing.canvas import LARGE, NORMAL, SMALL, Sheet, printable
from helpers.drawing.palette import GRID, INK, LINE, MUTED, NUMBER, STATES, WIDTH
from helpers.words import cut_apart

CALL = 'draw_bars({"call": 3e-8, "task": 2e-6}, unit="s", title="What one of each costs", text="what holds of them")'
MARGIN, HEAD, ROW, BAR, FOOT = 14, 42, 30, 18, 34       # pixels: left; above; from bar to bar; of a bar; below
NAMES, RIGHT = (70, 260), 76                            # pixels of the names, at least and at most; right of the axis
UNITS = {"s": ("s", "ms", "µs", "ns"), "B": ("GB", "MB", "kB", "B")}       # each is a thousand of the next
LARGEST = {"s": 0, "B": 9}                              # the power of ten that the first of these stands for
AXIS = "every line is ten times the one before"
COLOUR = STATES[NUMBER["clock"]].colour


def draw_bars(amounts: Mapping[str, float], *, unit: str, title: str, text: str) -> None:
    """Show measured amounts as bars, in the cell that is running; every line of the axis is ten times the one before.

    amounts  what was measured, by name, from the top down: seconds or bytes, each above 0
    unit     "s" for seconds, "B" for bytes
    title    what the picture says
    text     the text twin: what holds of the amounts on every machine, without any of them

    Raises TypeError if `amounts` is no dictionary of numbers, ValueError if it is empty, or if a number is not above 0.
    """
    if not isinstance(amounts, Mapping):
        raise TypeError(f"draw_bars() takes a dictionary of amounts by name, and got {got(amounts)}; write {CALL}")
    if not amounts:
        raise ValueError(f"draw_bars() needs an amount; got {got(amounts)}; write {CALL}")
    for name, amount in amounts.items():
        number(f"the amount of {name!r}", amount, above=True, limits="above 0, as every bar of a logarithmic axis")
    choice("unit", unit, tuple(UNITS), write='unit="s" for seconds, unit="B" for bytes')
    if not text.strip():
        raise ValueError(f"text is what holds of the bars, in words, and got {text!r}; write {CALL}")
    alt = f"Bars on a logarithmic axis: {title}. From the top: {', '.join(amounts)}. {'; '.join(text.splitlines())}."
    figure.display(figure.bundle(draw(amounts, unit, title), alt=alt, text=text, clock="real"))


def tell(amount: float, unit: str) -> str:
    """An amount with two digits, in the unit that suits it.

    >>> [tell(amount, "s") for amount in (2.6e-8, 0.000999, 0.0577, 12)]
    ['26 ns', '1 ms', '58 ms', '12 s']
    >>> tell(16607, "B")
    '17 kB'
    """
    power = math.floor(math.log10(amount))
    rounded = round(amount, 1 - power)
    names, largest = UNITS[unit], LARGEST[unit]
    step = min(max(0, math.ceil((largest - math.floor(math.log10(rounded))) / 3)), len(names) - 1)
    return f"{float(f'{rounded / 10.0 ** (largest - 3 * step):.2g}'):,g} {names[step]}"


def draw(amounts: Mapping[str, float], unit: str, title: str) -> Figure:
    """The figure: a row for each amount, with its name before the bar and its number behind."""
    with canvas.style():
        sheet = Sheet(WIDTH)
        low = math.ceil(math.log10(min(amounts.values()))) - 1
        high = max(math.ceil(math.log10(max(amounts.values()))), low + 1)
        shown = cut_apart([printable(name) for name in amounts], NAMES[1], sheet.measure)
        left = MARGIN + max(NAMES[0], *(round(sheet.measure(name)) for name in shown)) + 14
        width = sheet.width - left - RIGHT
        bottom = HEAD + len(amounts) * ROW
        sheet.set_height(bottom + FOOT)
        room = sheet.width - 2 * MARGIN - sheet.measure(AXIS, SMALL) - 20
        sheet.text(MARGIN, 18, sheet.fit(printable(title), room, LARGE, "bold"), size=LARGE, fontweight="bold")
        sheet.text(sheet.width - MARGIN, 18, AXIS, size=SMALL, color=MUTED, ha="right")
        for power in range(low, high + 1):
            x = left + width * (power - low) / (high - low)
            sheet.box(x, HEAD, 1, bottom - HEAD, facecolor=GRID, edgecolor="none", linewidth=0)
            sheet.text(x, bottom + 15, tell(10.0**power, unit), size=SMALL, color=MUTED, ha="center")
        for place, (name, amount) in enumerate(zip(shown, amounts.values())):
            middle = HEAD + place * ROW + ROW / 2
            length = width * (math.log10(amount) - low) / (high - low)
            sheet.text(MARGIN, middle, name, size=NORMAL)
            sheet.box(left, middle - BAR / 2, length, BAR, facecolor=COLOUR, edgecolor=INK, linewidth=0.8)
            sheet.text(left + length + 7, middle, tell(amount, unit), size=NORMAL)
        sheet.box(left, HEAD, 1, bottom - HEAD, facecolor=LINE, edgecolor="none", linewidth=0)
        return sheet.figure
