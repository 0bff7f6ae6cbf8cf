"""Coroutines that nobody awaits: what is said of them, and under which line of which cell.

Python notices a forgotten `await` when the coroutine object is thrown away. That may be several cells later, in the
middle of IPython's own work, and the warning names the line that happened to run then. So each coroutine object
remembers the line that made it (`sys.set_coroutine_origin_tracking_depth(1)`), and the warning that is shown here names
that one:

    Cell In[3], line 2: RuntimeWarning: coroutine 'watch' was never awaited
      watch("north")

What Python warns of, and when, stays as it is. So do `warnings.catch_warnings`, the filters, and `pytest.warns`: they
have the warning before it comes here. Its text has one thing more, as with asyncio's debug mode: where the object was
made.

When a cell ends with an error, Python keeps its frames until the next error, and with them the coroutine objects that
were arguments there. Nobody can await these any more. So they are told at the end of that cell, in the same words, and
not once more when they are thrown away.

Limits. A coroutine object that a variable or `Out` keeps is not thrown away, so Python does not warn of it: it can be
awaited still. But a recording that has not begun is told at the end of its cell, since it is hardly ever meant. Of
coroutines that were made before `%load_ext helpers`, or in another thread, the line is not known.

To remember the line takes 0.2 microseconds for each coroutine object, on the machine on which it was measured: 10,000
tasks that each sleep once took 51 milliseconds of processor time instead of 49; recorded, no difference was measured.
"""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from types import CoroutineType
from typing import Any, TextIO
from weakref import WeakSet

from helpers.notebook import ipython_internals as internals
from helpers.notebook.first_guesses import advice_on_value, is_recording_to_be
from helpers.notebook.tracebacks import chain, entries, is_learners_file

NEVER_AWAITED = "coroutine .* was never awaited"
MOST = 1000             # things in a list, a tuple or a dictionary that are looked at

_LINE = re.compile(r'  File "(.*)", line (\d+), in ')      # of where a coroutine was made, in the text of the warning


class Forgotten:
    """Tells of forgotten awaits in one shell, by `say(text)`."""

    def __init__(self, ip: Any, say: Callable[[str], None]) -> None:
        self.ip, self.say = ip, say
        self.told: WeakSet[CoroutineType[Any, Any, Any]] = WeakSet()    # what was told at the end of a cell
        self.to_come: Counter[_Key] = Counter()             # their warnings, which are not to be shown
        # By default Python warns once for a line of code: a cell that is run again would be silent.
        warnings.filterwarnings("always", NEVER_AWAITED, RuntimeWarning)
        self.filter = warnings.filters[0]
        self.others_show = warnings.showwarning
        warnings.showwarning = self.show
        self.others_depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(max(self.others_depth, 1))

    def remove(self) -> None:
        """Take everything out again, but for what somebody else has put over it since."""
        if self.filter in warnings.filters:
            warnings.filters.remove(self.filter)    # type: ignore[attr-defined]  # a list, though the stubs do not say so
        if warnings.showwarning == self.show:
            warnings.showwarning = self.others_show
        sys.set_coroutine_origin_tracking_depth(self.others_depth)

    def show(self, message: Warning | str, category: type[Warning], filename: str, lineno: int,
             file: TextIO | None = None, line: str | None = None) -> None:
        """What `warnings` calls with a warning that is to be shown."""
        text = str(message)
        if file is not None or category is not RuntimeWarning or not re.match(NEVER_AWAITED, text):
            self.others_show(message, category, filename, lineno, file, line)
            return
        told = f"RuntimeWarning: {text.splitlines()[0]}"
        made = [(name, int(number)) for name, number in _LINE.findall(text)]        # the innermost last
        key = text.split("'")[1], *(made[-1:] or [("", 0)])[0]
        if self.to_come[key]:
            self.to_come[key] -= 1
            return
        learners = [place for place in made if is_learners_file(place[0], self.ip)]
        if made:
            self.tell(told, *(learners or made)[-1])
        else:
            where = f", and it was thrown away at {self.place(filename, lineno)}"
            self.say(f"{told}\nAt which line it was made is not known"
                     f"{where if is_learners_file(filename, self.ip) else ''}.")

    def tell(self, told: str, name: str, number: int) -> None:
        """Say something of a line of a file, and show the line."""
        source = linecache.getline(name, number).strip()
        self.say(f"{self.place(name, number)}: {told}" + (f"\n  {source}" if source else ""))

    def place(self, name: str, number: int) -> str:
        """A line of a file, as IPython calls it."""
        where = internals.cell_name(self.ip, name) or f'File "{name}"'
        return f"{where}, line {number}"

    def cell_ends(self, shown: Any, error: BaseException | None) -> None:
        """Tell of what the cell has `shown`, left in a variable, or in the frames of its error, if it is a mistake."""
        variables = [value for name, value in list(self.ip.user_ns.items()) if not name.startswith("_")]
        recordings = [value for value in [shown, *variables] if is_recording_to_be(value)]
        for value in recordings:
            if self.is_news(value) and value is not _owner(error):          # or the error has said so
                self.say(advice_on_value(value))
        if not recordings and (advice := advice_on_value(shown)):
            self.say(advice)
        left = list(_left_in(error, self.ip.user_ns))
        kept = {id(coro) for value in variables for coro in _unbegun(value)} if left else set()
        for coro in left:
            qualname, name, number = _key(coro)
            if name and id(coro) not in kept and self.is_news(coro):
                self.tell(f"RuntimeWarning: coroutine '{qualname}' was never awaited", name, number)

    def is_news(self, coro: CoroutineType[Any, Any, Any]) -> bool:
        """Whether a coroutine was not told yet; from now on it is, and so are those that were its arguments."""
        news = coro not in self.told
        for each in _unbegun(coro):
            if each not in self.told:
                self.told.add(each)
                self.to_come[_key(each)] += 1
        return news


_Key = tuple[str, str, int]         # the name of a coroutine, and the file and the line at which it was made


def _key(coro: CoroutineType[Any, Any, Any]) -> _Key:
    name, line, _ = (coro.cr_origin or [("", 0, "")])[0]
    return coro.__qualname__, name, line


def _left_in(error: BaseException | None, variables: dict[str, Any]) -> Iterator[CoroutineType[Any, Any, Any]]:
    """The coroutines that have not begun, and that the frames of an error keep; those of a cell are its variables."""
    for each in chain(error):
        yield from _unbegun(_owner(each))
        for entry in entries(each.__traceback__):
            if entry.tb_frame.f_globals is not variables or entry.tb_frame.f_code.co_name != "<module>":
                for value in list(entry.tb_frame.f_locals.values()):
                    yield from _unbegun(value)


def _owner(error: BaseException | None) -> Any:
    """The object that lacks an attribute."""
    return error.obj if isinstance(error, AttributeError) else None


def _unbegun(value: Any, depth: int = 2) -> Iterator[CoroutineType[Any, Any, Any]]:
    """The value, or what it contains, if it is a coroutine that has not begun; then its arguments likewise."""
    kind = type(value)
    if kind is CoroutineType:
        if inspect.getcoroutinestate(value) != inspect.CORO_CREATED:
            return
        yield value
        inner = list(value.cr_frame.f_locals.values())
    elif kind is dict:
        inner = list(value.values())
    else:
        inner = list(value) if kind in (list, tuple, set) else []
    if depth and len(inner) <= MOST:
        for each in inner:
            yield from _unbegun(each, depth - 1)
