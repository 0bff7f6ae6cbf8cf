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

Limits. A coroutine object that a variable or `Out` keeps is not thrown away, so Python does not warn of it: it can be
awaited still. But a recording that has not begun is told at the end of its cell, since it can only be a mistake. Of
coroutines that were made before `%load_ext helpers`, or in another thread, the line is not known.

To remember the line takes 0.2 microseconds for each coroutine object, on the machine on which it was measured: with
10,000 tasks, 2 milliseconds beside 50 to run and 150 to record them.
"""

from __future__ import annotations

import linecache
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any, TextIO
from weakref import WeakSet

from helpers.notebook import ipython_internals as internals
from helpers.notebook.first_guesses import advice_on_value, is_recording_to_be
from helpers.notebook.tracebacks import is_learners_file

NEVER_AWAITED = "coroutine .* was never awaited"

_LINE = re.compile(r'  File "(.*)", line (\d+), in ')      # of where a coroutine was made, in the text of the warning


class Forgotten:
    """Tells of forgotten awaits in one shell, by `say(text)`."""

    def __init__(self, ip: Any, say: Callable[[str], None]) -> None:
        self.ip, self.say = ip, say
        self.told: WeakSet[Any] = WeakSet()                 # recordings that have not begun
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
        learners = [place for place in [(filename, lineno), *made] if is_learners_file(place[0], self.ip)]
        places = learners if learners[-1:] and (not made or learners[-1] in made) else made
        if not places:
            self.say(f"{told}\nAt which line it was made is not known.")
            return
        name, number = places[-1]
        where = internals.cell_name(self.ip, name) or f'File "{name}"'
        source = linecache.getline(name, number).strip()
        self.say(f"{where}, line {number}: {told}" + (f"\n  {source}" if source else ""))

    def cell_ends(self, shown: Any) -> None:
        """Tell of what the cell has `shown`, or left in a variable, if it can only be a mistake."""
        if advice := advice_on_value(shown):
            self._tell(shown, advice)
        for name, value in list(self.ip.user_ns.items()):
            if is_recording_to_be(value) and not name.startswith("_"):
                self._tell(value, advice_on_value(value))

    def _tell(self, value: Any, advice: str) -> None:
        if is_recording_to_be(value):
            if value in self.told:
                return
            self.told.add(value)
        self.say(advice)
