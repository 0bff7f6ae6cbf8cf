"""Numbers over time, one row for each program: what a run counted in one stretch of time after another.

    draw_series({"no retry": [100, 0, 47, 100], "one retry": [100, 0, 0, 0]}, step=10, what="answered, in %", most=100,
                marks=[(10, 20, "closed")])

All rows have the same two scales, so they can be compared. A row is a step for each number, as high as the number; its
name stands beside it, so that no colour has to be looked up.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence

from matplotlib.figure import Figure

from helpers.arguments import got, number
from helpers.drawing import canvas, figure
from helpers.drawing.axis import Unit
from helpers.drawing.canvas import LARGE, NORMAL, SMALL, Sheet, printable
from helpers.drawing.palette import GRID, INK, LINE, MUTED, NUMBER, STATES, WIDTH
from helpers.words import padded, short, told_apart

Mark = tuple[float, float, str]

CALL = 'draw_series({"no retry": [100, 0, 47]}, step=10, what="answered, in %")'
MARGIN, HEAD, ROW, GAP, FOOT = 14, 52, 52, 16, 34       # pixels: left of the title; above, in and between rows; below
NAMES, RIGHT = (70, 230), 40                            # pixels of the names, at least and at most; right of the rows
COLUMNS = 100                                           # of the text twin
COLOUR = STATES[NUMBER["network"]].colour


def draw_series(series: Mapping[str, Sequence[float]], *, step: float, what: str, most: float | None = None,
                marks: Sequence[Mark] = (), title: str | None = None) -> None:
    """Show numbers over time in the cell that is running, one row for each name; from virtual time.

    series  numbers by name; the first number of each belongs to the time from 0 to `step`, the next to the time from
            there to twice `step`, and so on
    step    seconds of virtual time that a number stands for
    what    what the numbers are, in a few words, with their unit
    most    the number that is as high as a row; by default the largest
    marks   (begin, end, word): stretches of time, in seconds, to be marked in all rows
    title   what the picture says; by default `what`

    Raises TypeError if `series` is no dictionary of lists of numbers, ValueError if a list is empty, or if a number is
    below 0.
    """
    checked = _checked(series)
    number("step", step, above=True, limits="above 0: the seconds that each number stands for", write=CALL)
    highest = max(max(values) for values in checked.values()) if most is None else most
    number("most", highest, least=0, meaning="the number that is as high as a row")
    rows = dict(zip(told_apart(list(checked)), checked.values()))
    picture = draw(rows, step, title or what, what, highest or 1, marks)
    figure.display(figure.bundle(picture, alt=alternative(rows, step, what, marks),
                                 text=text(rows, step, what, marks), clock="virtual"))


def _checked(series: object) -> dict[str, list[float]]:
    if not isinstance(series, Mapping):
        raise TypeError(f"draw_series() takes a dictionary of numbers by name, and got {got(series)}; write {CALL}")
    for name, values in series.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of a row is a string, and got {got(name)}; write {CALL}")
        if not isinstance(values, Collection):
            raise TypeError(f"a row is a list of numbers, and {name!r} is {got(values)}; write {CALL}")
    if not series or not all(len(values) for values in series.values()):
        raise ValueError(f"draw_series() needs a name, and a number for each; got {series!r}; write {CALL}")
    for name, values in series.items():
        for value in values:
            number(f"a number of {name!r}", value)
    return {name: list(values) for name, values in series.items()}


# -- in words ----------------------------------------------------------------------------------------


def text(rows: Mapping[str, Sequence[float]], step: float, what: str, marks: Sequence[Mark] = ()) -> str:
    """The text twin: a line for each row, and what is marked.

    >>> print(text({"no retry": [100, 0, 47.25]}, 10, "answered, in %", [(10, 20, "closed")]))
    answered, in %, in every 10 s; closed from 10 to 20 s
    no retry  100 0 47.2
    """
    width = max(map(len, rows))
    lines = [_heading(step, what, marks)]
    for name, values in rows.items():
        lines += textwrap.wrap(" ".join(map(_tell, values)), COLUMNS, initial_indent=padded(name, width) + "  ",
                               subsequent_indent=" " * (width + 2))
    return "\n".join(lines)


def alternative(rows: Mapping[str, Sequence[float]], step: float, what: str, marks: Sequence[Mark] = ()) -> str:
    """The alternative text: of each row its first, lowest, highest and last number, and when."""
    told = []
    for name, values in rows.items():
        low, high = min(values), max(values)
        told.append(f"{name}: {_tell(values[0])} at first, lowest {_tell(low)} from {short(values.index(low) * step)}, "
                    f"highest {_tell(high)} from {short(values.index(high) * step)}, {_tell(values[-1])} at the end.")
    return f"Steps over time: {_heading(step, what, marks)}. {' '.join(told)}"


def _heading(step: float, what: str, marks: Sequence[Mark]) -> str:
    stretches = [f"{word} from {begin:g} to {short(end)}" for begin, end, word in marks]
    return "; ".join([f"{what}, in every {short(step)}", *stretches])


def _tell(value: float) -> str:
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


# -- painted -----------------------------------------------------------------------------------------


def draw(rows: Mapping[str, Sequence[float]], step: float, title: str, what: str, most: float,
         marks: Sequence[Mark] = ()) -> Figure:
    """The figure: rows of steps on one time axis."""
    with canvas.style():
        sheet = Sheet(WIDTH)
        span = step * max(map(len, rows.values()))
        shown, names = sheet.names(rows, *NAMES)
        left = MARGIN + names + 14
        width = sheet.width - left - RIGHT
        bottom = HEAD + len(rows) * (ROW + GAP) - GAP
        sheet.set_height(bottom + FOOT)
        _head(sheet, title, what, span)
        unit = Unit(span)
        ticks = unit.ticks(span, width)
        for place, (name, values) in enumerate(zip(shown, rows.values())):
            top = HEAD + place * (ROW + GAP)
            axes = sheet.axes(left, top, width, ROW, span, ticks)
            axes.set_ylim(0, most)
            for begin, end, _ in marks:
                axes.axvspan(begin, end, facecolor=GRID, edgecolor=LINE, hatch="////", linewidth=0, zorder=0.2)
            axes.stairs(values, [step * edge for edge in range(len(values) + 1)], fill=True, facecolor=COLOUR,
                        edgecolor=INK, linewidth=1.0, zorder=1)
            sheet.box(left, top + ROW, width, 1, facecolor=LINE, edgecolor="none", linewidth=0)
            sheet.text(MARGIN, top + ROW / 2, name, size=NORMAL)
            sheet.text(left + width + 6, top + 4, _tell(most), size=SMALL, color=MUTED)
            sheet.text(left + width + 6, top + ROW - 4, "0", size=SMALL, color=MUTED)
        for begin, end, word in marks:
            middle = left + width * (begin + end) / 2 / span
            sheet.text(middle, HEAD - 10, printable(word), size=SMALL, color=MUTED, ha="center")
        for tick in ticks:
            sheet.text(left + width * tick / span, bottom + 15, unit.tick(tick), size=SMALL, color=MUTED, ha="center")
        return sheet.figure


def _head(sheet: Sheet, title: str, what: str, span: float) -> None:
    sheet.text(sheet.width - MARGIN, 18, "virtual time", size=SMALL, color=MUTED, ha="right")
    room = sheet.width - 2 * MARGIN - sheet.measure("virtual time", SMALL) - 20
    words, size = printable(title), LARGE
    while size > 10 and sheet.measure(words, size, "bold") > room:
        size -= 0.5
    sheet.text(MARGIN, 18, sheet.fit(words, room, size, "bold"), size=size, fontweight="bold")
    if what != title:
        sheet.text(MARGIN, HEAD - 10, printable(what), size=SMALL, color=MUTED)
