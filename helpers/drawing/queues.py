"""Who stands in which queue, at one moment after another.

    draw_queues({
        "at the start": {"ready queue": ["customer", "courier"], "timers": []},
        "after pass 1": {"ready queue": [], "timers": ["courier"]},
    }, title="A courier and a customer")

A row is a moment, a column is a queue. In each the first one stands on top. The names come from the program of the
learner, who reads them out of a loop at these moments; nothing here knows of loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.figure import Figure

from helpers.arguments import got
from helpers.drawing import canvas, figure
from helpers.drawing.canvas import LARGE, SMALL, Sheet, printable
from helpers.drawing.palette import GRID, INK, LINE, MUTED, NUMBER, STATES, WIDTH

Moments = Mapping[str, Mapping[str, Sequence[str]]]

CALL = 'draw_queues({"at the start": {"ready queue": ["north"], "timers": []}}, title="The queues of a loop")'
MARGIN, TOP, HEAD = 14, 40, 26                          # pixels: at the sides; of the title; of the names of the queues
BOX, STEP, PAD = 22, 27, 8                              # of a box, from one to the next, above and below them
NAMES, GAP = (70, 220), 16                              # of the names of the moments, at least and at most; of a gutter
COLOUR = STATES[NUMBER["queue"]].colour
EMPTY = "(empty)"


def draw_queues(moments: Moments, *, title: str) -> None:
    """Show who stands in which queue, a row for each moment, in the cell that is running.

    moments  what the moment is called -> the names of the queues -> who stands in each, the first one first; every
             moment has the same queues
    title    what the picture says

    Raises TypeError if `moments` is no such dictionary, or `title` no string; ValueError if there is no moment or no
    queue, or if two moments have other queues, or have them in another order.
    """
    moments = _checked(moments)
    if not isinstance(title, str):
        raise TypeError(f"title is what the picture says, a string; got {got(title)}; write {CALL}")
    figure.display(figure.bundle(draw(moments, title), alt=alternative(moments, title), text=text(moments, title),
                                 clock="virtual"))


def _checked(moments: Moments) -> dict[str, dict[str, list[str]]]:
    """The moments, copied: a generator of names can be read once."""
    if not isinstance(moments, Mapping):
        raise TypeError(f"draw_queues() takes a dictionary of moments, and got {got(moments)}; write {CALL}")
    copied: dict[str, dict[str, list[str]]] = {}
    for moment, queues in moments.items():
        if not isinstance(moment, str) or not isinstance(queues, Mapping):
            raise TypeError(f"a moment is a name and a dictionary of queues, and got {got(moment)} and {got(queues)}; "
                            f"write {CALL}")
        copied[moment] = {queue: _names(queue, names) for queue, names in queues.items()}
    kinds = list(dict.fromkeys(tuple(queues) for queues in copied.values()))
    if len(kinds) != 1 or not kinds[0]:
        raise ValueError("every moment has the same queues in the same order, at least one; got "
                         f"{[list(kind) for kind in kinds]}; write {CALL}")
    return copied


def _names(queue: str, names: Iterable[str]) -> list[str]:
    listed = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else None
    if listed is None or not all(isinstance(name, str) for name in [queue, *listed]):
        raise TypeError(f"a queue is a name and a list of names, and got {got(queue)} and {got(names)}; write {CALL}")
    return listed


# -- in words ----------------------------------------------------------------------------------------


def text(moments: Moments, title: str) -> str:
    """The text twin.

    >>> print(text({"at the start": {"ready queue": ["north", "south"], "timers": []}}, "Two shops"))
    Two shops
    at the start
      ready queue: north, south
      timers: (empty)
    """
    lines = [title]
    for moment, queues in moments.items():
        lines += [moment, *(f"  {queue}: {', '.join(names) or EMPTY}" for queue, names in queues.items())]
    return "\n".join(lines)


def alternative(moments: Moments, title: str) -> str:
    """The alternative text: every moment, in a sentence.

    >>> alternative({"at the start": {"ready queue": ["north", "south"], "timers": []}}, "Two shops")
    'Two shops. At the start: ready queue: north, south; timers: empty.'
    """
    told = [
        f"{moment[:1].upper()}{moment[1:]}: "
        + "; ".join(f"{queue}: {', '.join(names) or 'empty'}" for queue, names in queues.items())
        for moment, queues in moments.items()
    ]
    return ". ".join([title, *told]) + "."


# -- painted -----------------------------------------------------------------------------------------


def draw(moments: Moments, title: str) -> Figure:
    """The figure: a row for each moment, a column for each queue, a box for each that stands in it."""
    with canvas.style():
        sheet = Sheet(WIDTH)
        rows = [max(1, *(len(names) for names in queues.values())) * STEP + 2 * PAD for queues in moments.values()]
        sheet.set_height(TOP + HEAD + sum(rows) + PAD)
        shown, wide = sheet.names(moments, *NAMES)
        queues = list(next(iter(moments.values())))
        left = MARGIN + wide + GAP
        column = (sheet.width - left - MARGIN + GAP) / len(queues)
        room = column - GAP
        sheet.text(MARGIN, 20, sheet.fit(printable(title), sheet.width - 2 * MARGIN, LARGE, "bold"), size=LARGE,
                   fontweight="bold")
        for place, queue in enumerate(queues):
            sheet.text(left + place * column, TOP + HEAD / 2, sheet.fit(printable(queue), room, weight="bold"),
                       fontweight="bold")
        top = TOP + HEAD
        for moment, height, standing in zip(shown, rows, moments.values()):
            sheet.box(MARGIN, top, sheet.width - 2 * MARGIN, 1, facecolor=GRID, edgecolor="none", linewidth=0)
            sheet.text(MARGIN, top + PAD + STEP / 2, moment)
            for place, names in enumerate(standing.values()):
                _column(sheet, left + place * column, top + PAD, room, names)
            top += height
        sheet.box(MARGIN, top, sheet.width - 2 * MARGIN, 1, facecolor=LINE, edgecolor="none", linewidth=0)
        return sheet.figure


def _column(sheet: Sheet, left: float, top: float, room: float, names: Sequence[str]) -> None:
    """Those who stand in one queue at one moment, in boxes, the first one on top."""
    for name in names:
        sheet.box(left, top + (STEP - BOX) / 2, room, BOX, facecolor=COLOUR, edgecolor=INK, linewidth=1.0)
        sheet.text(left + 8, top + STEP / 2, sheet.fit(printable(name), room - 16))
        top += STEP
    if not names:
        sheet.text(left, top + STEP / 2, EMPTY, size=SMALL, color=MUTED)
