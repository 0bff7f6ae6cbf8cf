"""Numbers that were measured, as bars: one for each name.

    draw_bars({"threads": 1.02, "processes": 1.87, "interpreters": None}, what="times as fast as on the loop",
              title="Two lists, on two cores", missing="not in this Python")

All bars have the same scale, and each has its number beside it. What is measured differs on every machine and in every
run, so the text twin has the names alone, and says where the numbers are: in the picture and in its alternative text.
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from helpers.arguments import got, number
from helpers.drawing import canvas, figure
from helpers.drawing.canvas import LARGE, SMALL, Sheet, printable
from helpers.drawing.palette import INK, LINE, MUTED, NUMBER, STATES, WIDTH
from helpers.words import cut_apart, told_apart

CALL = 'draw_bars({"threads": 1.02, "processes": 1.87}, what="times as fast")'
MARGIN, HEAD, ROW, FOOT = 14, 62, 30, 14                # pixels: left of the title; above, of a row, and below
BAR = 18                                                # pixels that a bar is high
NAMES, RIGHT = (70, 260), 80                            # pixels of the names, at least and at most; of the numbers
COLOUR = STATES[NUMBER["network"]].colour
NOTE = "(measured on this machine: the numbers are in the picture, and in its alternative text)"


def draw_bars(bars: Mapping[str, float | None], *, what: str, title: str | None = None,
              missing: str = "not measured") -> None:
    """Show measured numbers in the cell that is running, a bar for each name.

    bars     numbers by name; None for what could not be measured here
    what     what the numbers are, in a few words, with their unit
    title    what the picture says; by default `what`. It may hold what was measured, too: it is not in the text twin
    missing  what stands in the place of a number that is None

    Raises TypeError if `bars` is no dictionary of numbers, ValueError if it has no number, or one below 0.
    """
    if not isinstance(bars, Mapping):
        raise TypeError(f"draw_bars() takes a dictionary of numbers by name, and got {got(bars)}; write {CALL}")
    for name, value in bars.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of a bar is a string, and got {got(name)}; write {CALL}")
        if value is not None:
            number(f"the number of {name!r}", value, least=0)
    if all(value is None for value in bars.values()):
        raise ValueError(f"draw_bars() needs a number at least; got {bars!r}; write {CALL}")
    rows = dict(zip(told_apart(list(bars)), bars.values()))
    figure.display(figure.bundle(draw(rows, title or what, what, missing), alt=alternative(rows, title, what, missing),
                                 text=text(rows, what), clock="real"))


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


def alternative(rows: Mapping[str, float | None], title: str | None, what: str, missing: str) -> str:
    """The alternative text: every number.

    >>> alternative({"threads": 1.02, "interpreters": None}, "Two lists", "times as fast", "not in this Python")
    'Two lists. Bars, times as fast: threads 1.0, interpreters not in this Python.'
    """
    head = f"{title}. " if title else ""
    return f"{head}Bars, {what}: " + ", ".join(f"{name} {tell(value, missing)}" for name, value in rows.items()) + "."


def tell(value: float | None, missing: str) -> str:
    """A measured number, with as many digits as a measurement on a machine with other work to do deserves.

    >>> [tell(value, "none") for value in (0.04, 0.97, 1.8512, 12.3, 1234.5, None)]
    ['0.04', '1.0', '1.9', '12', '1,234', 'none']
    """
    if value is None:
        return missing
    return f"{value:.2g}" if value < 0.1 else f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


# -- painted -----------------------------------------------------------------------------------------


def draw(rows: Mapping[str, float | None], title: str, what: str, missing: str) -> Figure:
    """The figure: a bar for each name, with its number at its end."""
    with canvas.style():
        sheet = Sheet(WIDTH)
        sheet.set_height(HEAD + len(rows) * ROW + FOOT)
        shown = cut_apart([printable(name) for name in rows], NAMES[1], sheet.measure)
        left = MARGIN + max(NAMES[0], *(round(sheet.measure(name)) for name in shown)) + 14
        width = sheet.width - left - RIGHT
        scale = width / (max(value for value in rows.values() if value is not None) or 1)
        sheet.text(sheet.width - MARGIN, 18, "measured here", size=SMALL, color=MUTED, ha="right")
        room = sheet.width - 2 * MARGIN - sheet.measure("measured here", SMALL) - 20
        sheet.text(MARGIN, 18, sheet.fit(printable(title), room, LARGE, "bold"), size=LARGE, fontweight="bold")
        if what != title:
            sheet.text(MARGIN, 42, printable(what), size=SMALL, color=MUTED)
        for place, (name, value) in enumerate(zip(shown, rows.values())):
            middle = HEAD + (place + 0.5) * ROW
            sheet.text(MARGIN, middle, name)
            if value is not None:
                sheet.box(left, middle - BAR / 2, value * scale, BAR, facecolor=COLOUR, edgecolor=INK, linewidth=1.0)
            sheet.text(left + 8 + (value or 0) * scale, middle, tell(value, missing),
                       color=MUTED if value is None else INK)
        sheet.box(left, HEAD, 1, len(rows) * ROW, facecolor=LINE, edgecolor="none", linewidth=0)
        return sheet.figure
