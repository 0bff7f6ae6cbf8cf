"""Where a suspended coroutine stands: the picture of its chain of awaits.

    frozen = watch(["north", "south"])
    frozen.send(None)                   # runs up to the first yield
    draw_chain(frozen)                  # watch -> fetch -> ask: a card for each, with its line and its variables

A coroutine that is suspended keeps a frame: the line where it stands, and its variables. It also knows what it awaits
(`cr_await`), and that one keeps a frame, too, down to the function that yields. The picture shows the source of each
function of this chain, the outermost on top, with the line where it stands.
"""

from __future__ import annotations

import asyncio
import inspect
import textwrap
from collections.abc import Sequence
from types import CoroutineType, FrameType, GeneratorType
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from helpers.arguments import in_words
from helpers.drawing import canvas, figure
from helpers.drawing.canvas import LARGE, Sheet, printable
from helpers.drawing.palette import GRID, INK, LINE, MUTED, PAPER, WIDTH
from helpers.words import clip, count, one_line

CALL = "draw_chain(coroutine), after coroutine.send(None)"
MOST = 8                                # functions that are shown
LINES = 9                               # lines of one function that are shown
LETTERS, VALUE = 60, 30                 # of a line of code, and of a variable with its value
VARIABLES = 8                           # that are shown of one function
MARGIN, HEAD, NAME, ROW, GAP, FOOT = 14, 48, 26, 20, 34, 12         # pixels: heights, but for the first
CODE, VALUES = 60, 660                  # pixels from the left to the code and to the variables
HERE = "#fff2c2"                        # the line where a function stands, as in the replay; no state of a task


class Stop(NamedTuple):
    """Where one function of the chain stands.

    name       of the function
    line       where it stands, as a number in its file or cell; `code` is that line without its indentation
    source     the lines of the function that are shown, `at` is the index of the one where it stands; () and -1 if
               there is no source
    variables  "name = value", clipped, in the order in which they were made
    """

    name: str
    line: int
    code: str
    source: tuple[str, ...]
    at: int
    variables: tuple[str, ...]


def draw_chain(coroutine: Any, *, title: str | None = None) -> None:
    """Show where a suspended coroutine stands, and each function that it awaits, in the cell that is running.

    coroutine  one that was driven to a `yield` by `send`, or the coroutine of a suspended task, `task.get_coro()`
    title      what the picture says; by default how many functions are frozen

    Raises TypeError if `coroutine` is none, ValueError if it has not begun, is running, or has ended.
    """
    stops, end = read_chain(coroutine)
    title = title or f"Frozen in the middle of {count(len(stops), 'function')}"
    figure.display(figure.bundle(draw(stops, end, title), alt=alternative(stops, end, title), text=text(stops, end),
                                 clock="virtual"))


def read_chain(coroutine: Any) -> tuple[list[Stop], str]:
    """The functions of the chain, the outermost first, and the type of what the innermost awaits; "" if it yields."""
    if not isinstance(coroutine, CoroutineType | GeneratorType):
        advice = f"write {CALL}"
        if inspect.iscoroutinefunction(coroutine):
            advice = f"call it: coroutine = {coroutine.__name__}(...); then {advice}"
        elif isinstance(coroutine, asyncio.Task):
            advice = "write draw_chain(task.get_coro())"
        raise TypeError(f"draw_chain() shows a coroutine, and got {in_words(coroutine)}; {advice}")
    state = _state(coroutine)
    if state != "SUSPENDED":
        meant = {"CREATED": "has not begun: send(None) starts it", "RUNNING": "is running: draw it while it waits",
                 "CLOSED": "has ended: it stands nowhere any more"}[state]
        raise ValueError(f"draw_chain() shows a coroutine that is suspended, and {coroutine.__name__} {meant}")
    stops: list[Stop] = []
    each: Any = coroutine
    while isinstance(each, CoroutineType | GeneratorType):
        frame, inner = _frame_and_inner(each)
        if frame is None:
            break
        stops.append(_stop(frame))
        each = inner
    return stops, "" if each is None else type(each).__name__


def _state(coroutine: CoroutineType | GeneratorType) -> str:
    if isinstance(coroutine, CoroutineType):
        return inspect.getcoroutinestate(coroutine).removeprefix("CORO_")
    return inspect.getgeneratorstate(coroutine).removeprefix("GEN_")


def _frame_and_inner(each: CoroutineType | GeneratorType) -> tuple[FrameType | None, Any]:
    if isinstance(each, CoroutineType):
        return each.cr_frame, each.cr_await
    return each.gi_frame, each.gi_yieldfrom


def _stop(frame: FrameType) -> Stop:
    variables = [clip(f"{name} = {one_line(_shown(value))}", VALUE) for name, value in frame.f_locals.items()]
    if len(variables) > VARIABLES:
        more = len(variables) - VARIABLES + 1
        variables[VARIABLES - 1:] = [f"and {more} more"]
    line = frame.f_lineno
    lines, first = _source(frame)
    at = line - first
    if not 0 <= at < len(lines):        # typed into a shell, made by exec, or of a file that has changed since
        return Stop(frame.f_code.co_name, line, "", (), -1, tuple(variables))
    code = lines[at].strip()
    begin = max(0, min(at - LINES // 2, len(lines) - LINES))
    return Stop(frame.f_code.co_name, line, code, tuple(lines[begin:begin + LINES]), at - begin, tuple(variables))


def _source(frame: FrameType) -> tuple[list[str], int]:
    """The lines of its function, and the number of the first; none if they cannot be had."""
    if frame.f_code.co_filename == "<string>":      # of exec, but also of what `python -c` runs
        return [], 0
    try:
        source, first = inspect.getsourcelines(frame.f_code)
    except (OSError, TypeError):
        return [], 0
    return textwrap.dedent("".join(source)).splitlines(), first


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:          # the learner's own __repr__
        return f"<{type(value).__name__}: its repr raises {type(error).__name__}>"


# -- in words ----------------------------------------------------------------------------------------


def text(stops: Sequence[Stop], end: str = "") -> str:
    """The text twin: a line for each function.

    >>> stops = [Stop("fetch", 2, "price = await ask(shop)", (), -1, ("shop = 'north'",)),
    ...          Stop("ask", 3, "price = yield shop", (), -1, ("shop = 'north'",))]
    >>> print(text(stops))
    fetch  line 2: price = await ask(shop)   shop = 'north'
    ask    line 3: price = yield shop        shop = 'north'
    """
    shown = _first(stops)
    name, code = (max((len(getattr(each, field)) for each in shown), default=0) for field in ("name", "code"))
    number = max((len(str(each.line)) for each in shown), default=0)
    lines = [f"{each.name:{name}}  line {each.line:{number}}: {each.code:{code}}   {', '.join(each.variables)}".rstrip()
             for each in shown]
    if len(shown) < len(stops):
        lines.append(f"and {count(len(stops) - len(shown), 'more function')}")
    if end:
        lines.append(f"The last one awaits an object of the type {end}.")
    return "\n".join(lines)


def alternative(stops: Sequence[Stop], end: str, title: str) -> str:
    """The alternative text: the chain from the top down, in words.

    >>> alternative([Stop("ask", 3, "price = yield shop", (), -1, ("shop = 'north'",))], "", "Frozen")
    "Frozen. A chain of awaits, from the outermost down: ask stands at line 3, price = yield shop, with shop = 'north'."
    """
    parts = []
    for number, each in enumerate(_first(stops)):
        variables = f", with {', '.join(each.variables)}" if each.variables else ""
        awaited = ", which it awaits," if number else ""
        at = f"line {each.line}" + (f", {each.code}" if each.code else "")
        parts.append(f"{each.name}{awaited} stands at {at}{variables}")
    if len(parts) < len(stops):
        parts.append(f"and {count(len(stops) - len(parts), 'more function')}")
    if end:
        parts.append(f"the last one awaits an object of the type {end}")
    return f"{title}. A chain of awaits, from the outermost down: {'; '.join(parts)}."


def _first(stops: Sequence[Stop]) -> Sequence[Stop]:
    return stops if len(stops) <= MOST else stops[:MOST - 1]


# -- painted -----------------------------------------------------------------------------------------


def draw(stops: Sequence[Stop], end: str, title: str) -> Figure:
    """The figure: a card for each function, one below the other, with arrows from each to the one that it awaits."""
    shown = _first(stops)
    below = f"and {count(len(stops) - len(shown), 'more function')}" if len(shown) < len(stops) else \
        f"an object of the type {end}" if end else ""
    with canvas.style():
        sheet = Sheet(WIDTH)
        heights = [NAME + ROW * max(1, len(each.source), len(each.variables)) + 8 for each in shown]
        sheet.set_height(HEAD + sum(heights) + GAP * (len(shown) - 1) + (GAP + ROW if below else 0) + FOOT)
        room = sheet.width - 2 * MARGIN
        sheet.text(MARGIN, 20, sheet.fit(printable(title), room, LARGE, "bold"), size=LARGE, fontweight="bold")
        top = HEAD
        for number, (each, height) in enumerate(zip(shown, heights)):
            _card(sheet, each, top, height)
            top += height
            if number + 1 < len(shown) or below:
                _arrow(sheet, top)
                top += GAP
        if below:
            sheet.text(CODE, top + ROW / 2, printable(below))
        return sheet.figure


def _card(sheet: Sheet, each: Stop, top: float, height: float) -> None:
    width = sheet.width - 2 * MARGIN
    sheet.box(MARGIN, top, width, height, facecolor=PAPER, edgecolor=LINE, linewidth=1.2)
    sheet.box(MARGIN, top, width, NAME, facecolor=GRID, edgecolor=LINE, linewidth=1.2)
    name = sheet.fit(printable(each.name), CODE + 400, LARGE - 2, "bold")
    sheet.text(MARGIN + 10, top + NAME / 2, name, size=LARGE - 2, fontweight="bold")
    sheet.text(VALUES, top + NAME / 2, "its variables", size=10, color=MUTED)
    stands = f"stands at line {each.line}"
    sheet.text(VALUES - 24, top + NAME / 2, stands, size=10, color=MUTED, ha="right")
    first = top + NAME + 4
    for number, line in enumerate(each.source or (f"line {each.line}",)):
        middle = first + (number + 0.5) * ROW
        here = number == each.at or not each.source
        if here:
            sheet.box(CODE - 8, middle - ROW / 2, VALUES - CODE - 16, ROW, facecolor=HERE, edgecolor="none",
                      linewidth=0)
            sheet.shape([(MARGIN + 16, middle - 7), (MARGIN + 30, middle), (MARGIN + 16, middle + 7)], INK)
        _code(sheet, CODE, middle, line, here)
    for number, words in enumerate(each.variables):
        _code(sheet, VALUES, first + (number + 0.5) * ROW, words, True)


def _code(sheet: Sheet, x: float, y: float, words: str, strong: bool) -> None:
    """A line in letters that are all equally wide; nothing in it is a formula."""
    indent = len(words) - len(words.lstrip())
    shown = clip(" " * indent + printable(words.strip()), LETTERS)
    sheet.figure.text(x / sheet.width, 1 - y / sheet.height, shown, family="DejaVu Sans Mono", fontsize=9.5,
                      color=INK if strong else MUTED, va="center_baseline", parse_math=False)


def _arrow(sheet: Sheet, top: float) -> None:
    x = MARGIN + 23
    sheet.box(x - 1, top, 2, GAP - 9, facecolor=INK, edgecolor="none", linewidth=0)
    sheet.shape([(x - 6, top + GAP - 10), (x + 6, top + GAP - 10), (x, top + GAP - 1)], INK)
    sheet.text(CODE, top + GAP / 2, "awaits", size=10, color=MUTED)
