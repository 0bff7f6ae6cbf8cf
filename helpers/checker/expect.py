"""What a case may demand of an answer, beyond `assert`: each names the misconception if it is not met.

    equal(await answer(shops, "tea"), 290, "the price")
    await cancelled(answer(line), after=0.2)
    require(line.closed, "clean-up", "the line is still open after the cancellation")
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from helpers.words import clip


class Failed(AssertionError):
    """An answer does not do what a case demands.

    kind      which misconception, one of `kinds.KINDS`
    observed  what happened, a sentence without its full stop
    wanted    what should have happened, or ""
    got       an object that came out of the answer, which is looked through for forgotten awaits
    """

    def __init__(self, kind: str, observed: str, wanted: str = "", got: Any = None) -> None:
        super().__init__(kind, observed, wanted)
        self.kind, self.observed, self.wanted, self.got = kind, observed, wanted, got


def require(condition: Any, kind: str, observed: str, wanted: str = "") -> None:
    """Demand that `condition` is true; `observed` says what is the matter if it is not."""
    if not condition:
        raise Failed(kind, observed, wanted)


def equal(got: Any, wanted: Any, what: str = "the result") -> None:
    """Demand that `got == wanted`; for the same elements in another order, blame the order."""
    if got == wanted:
        return
    if {type(got), type(wanted)} == {list, tuple} and list(got) == list(wanted):
        raise Failed("value", f"{what} is {shown(got)}, a {type(got).__name__}",
                     f"{what} is {shown(wanted)}, a {type(wanted).__name__}", got)
    kind = "order" if _same_elements(got, wanted) else "value"
    raise Failed(kind, f"{what} is {shown(got)}", f"{what} is {shown(wanted)}", got)


async def cancelled(coroutine: Coroutine, after: float, grace: float = 1.0) -> None:
    """Run a coroutine as a task, cancel it after so many seconds, and demand that it ends as cancelled.

    grace  seconds that it may take to clean up
    An exception that it raises before it is cancelled is raised here.
    """
    task = asyncio.create_task(coroutine)
    try:
        await asyncio.sleep(after)
        name = getattr(coroutine, "__name__", type(coroutine).__name__)
        if task.done():
            raise Failed("early", f"{name} had ended already, with {shown(task.result())}, when it was to be cancelled "
                                  f"after {after:g} s", f"{name} is still at work then")
        task.cancel()
        await asyncio.wait((task,), timeout=grace)
        if not task.done():
            raise Failed("swallowed", f"{name} was cancelled after {after:g} s, and went on",
                         f"{name} ends with CancelledError")
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            raise Failed("swallowed", f"{name} was cancelled after {after:g} s, and ended with {type(error).__name__}",
                         f"{name} ends with CancelledError") from error
        raise Failed("swallowed", f"{name} was cancelled after {after:g} s, and returned {shown(task.result())} "
                                  "as if nothing had happened", f"{name} ends with CancelledError", task.result())
    finally:
        task.cancel()


def shown(value: Any, width: int = 200) -> str:
    """A short `repr` of anything, also of what cannot be shown."""
    try:
        text = repr(value)
        text = str.__str__(text)
    except BaseException as error:          # the object is the learner's: whatever its __repr__ does, go on
        return f"an object of the type {type(value).__name__}, whose repr() raises {type(error).__name__}"
    return clip(text, width)


def _same_elements(got: Any, wanted: Any) -> bool:
    if not (isinstance(got, (list, tuple)) and isinstance(wanted, (list, tuple)) and len(got) == len(wanted)):
        return False
    try:
        return Counter(got) == Counter(wanted)
    except TypeError:                       # an element that cannot be hashed
        return sorted(map(shown, got)) == sorted(map(shown, wanted))
