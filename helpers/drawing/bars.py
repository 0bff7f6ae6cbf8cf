"""Numbers that were measured, as bars: one for each name.

    draw_bars({"threads": 1.02, "processes": 1.87, "interpreters": None}, what="times as fast as on the loop",
              title="Two lists, on two cores", missing="not in this Python")
    draw_bars({"call": 3e-8, "task": 2e-6, "process": 0.06}, what="time", unit="s", scale="log")

All bars have the same scale, and each has its number beside it. What is measured differs on every machine and in every
run, so the text twin has the names alone, and says where the numbers are: in the picture and in its alternative text.
What holds of the numbers on every machine, a cell prints.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.figure import Figure

from helpers.arguments import choice, got, number
from helpers.drawing import canvas, figure
from helpers.drawing.canvas import LARGE, SMALL, Sheet, printable
from helpers.drawing.palette import GRID, INK, LINE, MUTED, NUMBER, STATES, WIDTH
from helpers.words import told_apart

CALL = 'draw_bars({"threads": 1.02, "processes": 1.87}, what="times as fast")'
MARGIN, HEAD, ROW, FOOT = 14, 62, 30, 14                # pixels: left of the title; above, of a row, and below
AXIS = 24                                               # pixels of the words below a logarithmic axis
BAR = 18                                                # pixels that a bar is high
NAMES, RIGHT = (70, 260), 80                            # pixels of the names, at least and at most; of the numbers
COLOUR = STATES[NUMBER["network"]].colour
UNITS = {"s": ("s", "ms", "µs", "ns"), "B": ("GB", "MB", "kB", "B")}       # each is a thousand of the next
LARGEST = {"s": 0, "B": 9}                              # the power of ten that the first of these stands for
NOTE = "(measured on this machine: the numbers are in the picture, and in its alternative text)"


def draw_bars(bars: Mapping[str, float | None], *, what: str, title: str | None = None, unit: str | None = None,
              scale: str = "linear", missing: str = "not measured") -> None:
    """Show measured numbers in the cell that is running, a bar for each name.

    bars     numbers by name; None for what could not be measured here
    what     what the numbers are, in a few words, with their unit if they have one and `unit` does not say it
    title    what the picture says; by default `what`. It may hold what was measured, too: it is not in the text twin
    unit     "s" if the numbers are seconds, "B" if they are bytes: each is told as ns, µs, ms, kB and so on
    scale    "log" for numbers that are powers of ten apart: each line of the axis is ten times the one before
    missing  what stands in the place of a number that is None

    Raises TypeError if `bars` is no dictionary of numbers, ValueError if it has no number, one below 0, or, with
    scale="log", one that is 0.
    """
    if not isinstance(bars, Mapping):
        raise TypeError(f"draw_bars() takes a dictionary of numbers by name, and got {got(bars)}; write {CALL}")
    choice("scale", scale, ("linear", "log"))
    if unit is not None:
        choice("unit", unit, tuple(UNITS), write='unit="s" for seconds, unit="B" for bytes')
    log = scale == "log"
    for name, value in bars.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of a bar is a string, and got {got(name)}; write {CALL}")
        if value is not None:
            number(f"the number of {name!r}", value, least=0, above=log,
                   limits="above 0, as every number on a logarithmic axis" if log else "")
    if all(value is None for value in bars.values()):
        raise ValueError(f"draw_bars() needs a number at least; got {bars!r}; write {CALL}")
    rows = dict(zip(told_apart(list(bars)), bars.values()))
    told = {name: missing if value is None else tell(value, unit) for name, value in rows.items()}
    figure.display(figure.bundle(draw(rows, told, title or what, what, unit, log),
                                 alt=alternative(told, title, what, log), text=text(rows, what), clock="real"))


# -- in words ----------------------------------------------------------------------------------------


def text(rows: Mapping[str, float | None], what: str) -> str:
    """The text twin: the names, which are the same on every machine.

    >>> print(text({"threads": 1.02, "interpreters": None}, "times as fast"))
    bars: times as fast
    threads
    interpreters
    (measured on this machine: the numbers are in the picture, and in its alternative text)
    """
    return "\n".join([f"bars: {what}", *rows, NOTE])


def alternative(told: Mapping[str, str], title: str | None, what: str, log: bool = False) -> str:
    """The alternative text: every number, in words.

    >>> alternative({"threads": "1.0", "interpreters": "not in this Python"}, "Two lists", "times as fast")
    'Two lists. Bars, times as fast: threads 1.0, interpreters not in this Python.'
    """
    head = f"{title}. " if title else ""
    axis = " on a logarithmic axis" if log else ""
    return f"{head}Bars{axis}, {what}: " + ", ".join(f"{name} {words}" for name, words in told.items()) + "."


def tell(value: float, unit: str | None = None) -> str:
    """A measured number, with as many digits as a measurement on a machine with other work to do deserves.

    >>> [tell(value) for value in (0.04, 0.97, 1.8512, 12.3, 1234.5)]
    ['0.04', '1.0', '1.9', '12', '1,234']
    >>> [tell(value, "s") for value in (2.6e-8, 0.000999, 0.0577, 12)], tell(16607, "B")
    (['26 ns', '1 ms', '58 ms', '12 s'], '17 kB')
    """
    if unit is None:
        return f"{value:.2g}" if value < 0.1 else f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"
    names, largest = UNITS[unit], LARGEST[unit]
    if value == 0:
        return f"0 {unit}"
    rounded = float(f"{value:.2g}")
    step = min(max(0, math.ceil((largest - math.floor(math.log10(rounded))) / 3)), len(names) - 1)
    return f"{float(f'{rounded / 10.0 ** (largest - 3 * step):.2g}'):,g} {names[step]}"


# -- painted -----------------------------------------------------------------------------------------


def draw(rows: Mapping[str, float | None], told: Mapping[str, str], title: str, what: str, unit: str | None = None,
         log: bool = False) -> Figure:
    """The figure: a bar for each name, with its number, as it is told, at its end."""
    with canvas.style():
        sheet = Sheet(WIDTH)
        bottom = HEAD + len(rows) * ROW
        sheet.set_height(bottom + FOOT + (AXIS if log else 0))
        shown, names = sheet.names(rows, *NAMES)
        left = MARGIN + names + 14
        width = sheet.width - left - RIGHT
        note = "measured here; each line is ten times the one before" if log else "measured here"
        sheet.text(sheet.width - MARGIN, 18, note, size=SMALL, color=MUTED, ha="right")
        room = sheet.width - 2 * MARGIN - sheet.measure(note, SMALL) - 20
        sheet.text(MARGIN, 18, sheet.fit(printable(title), room, LARGE, "bold"), size=LARGE, fontweight="bold")
        if what != title:
            sheet.text(MARGIN, 42, printable(what), size=SMALL, color=MUTED)
        measured = [value for value in rows.values() if value is not None]
        if log:
            low = math.ceil(math.log10(min(measured))) - 1
            high = max(math.ceil(math.log10(max(measured))), low + 1)
            for power in range(low, high + 1):
                x = left + width * (power - low) / (high - low)
                sheet.box(x, HEAD, 1, bottom - HEAD, facecolor=GRID, edgecolor="none", linewidth=0)
                sheet.text(x, bottom + 15, tell(10.0**power, unit), size=SMALL, color=MUTED, ha="center")
        for place, (name, value, words) in enumerate(zip(shown, rows.values(), told.values())):
            middle = HEAD + (place + 0.5) * ROW
            length = 0.0
            sheet.text(MARGIN, middle, name)
            if value is not None:
                share = (math.log10(value) - low) / (high - low) if log else value / (max(measured) or 1)
                length = width * share
                sheet.box(left, middle - BAR / 2, length, BAR, facecolor=COLOUR, edgecolor=INK, linewidth=1.0)
            sheet.text(left + 8 + length, middle, words, color=MUTED if value is None else INK)
        sheet.box(left, HEAD, 1, bottom - HEAD, facecolor=LINE, edgecolor="none", linewidth=0)
        return sheet.figure
