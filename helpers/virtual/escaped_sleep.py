"""The real `time.sleep`, in places where virtual time cannot replace it.

A name in a module can be replaced. The default of an argument, a `functools.partial` and an attribute
of an object cannot: a function that calls the real sleep from there would take real time, and no
virtual time at all. A run must not begin with such a function in reach, because its times would be
wrong; so the search says where it is, and what to write instead.

The search asks the garbage collector what refers to the real sleep, and what refers to that in turn. In a
Jupyter kernel that takes 0.1 s, too long for every run, but counting the references takes no time:

- One reference is ours. If there is no other, nobody can have kept the sleep, and there is no search.
- Some holders are harmless: a library's, of which nothing of the learner's leads to the sleep. There
  always is one in a kernel, the defaults of a function of psutil, besides a reference held in C. If
  all of them are tuples, which cannot change, the search keeps them, so that they stay, and their
  number: while there are no more references than that, nobody else can have one.
"""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from types import CellType, FunctionType, ModuleType
from typing import Any

from helpers.recorder.learners_code import is_library
from helpers.recorder.names import coroutine_name
from helpers.virtual.time_module import REAL, is_learners, replace_sleep

STEPS = 4                   # containers between the sleep and the learner's function, class or variable
CONTAINERS = (CellType, tuple, list, dict, set, staticmethod)


class EscapedSleep(RuntimeError):
    """The real `time.sleep` is kept where it cannot be replaced, so a run in virtual time could use it."""


def _references(namespace: dict[str, Any], name: str) -> int:
    return sys.getrefcount(namespace[name])


ALONE = _references({"it": object()}, "it")     # what is counted of an object that only one dictionary holds


@dataclass(frozen=True)
class Harmless:
    """References that no run need fear.

    references  how many there are, counted as `_references` does
    holders     the tuples among their holders: while they are kept here, these references stay
    """

    references: int = ALONE
    holders: tuple[tuple[Any, ...], ...] = ()


class Search:
    """The search for a hidden sleep, which remembers what it need not look at again.

    harmless  the references that are known to be so
    made      how often it has looked
    """

    def __init__(self) -> None:
        self.harmless = Harmless()
        self.made = 0

    def refuse(self, coroutines: Iterable[Any]) -> None:
        """Raise EscapedSleep if the real sleep is still within reach of the learner's code, or of these coroutines.

        To be called while virtual time is installed.
        """
        for coro in coroutines:
            if any(found is REAL["sleep"] for found in gc.get_referents(coro)):
                raise EscapedSleep(_complaint(f"an argument or variable of {coroutine_name(coro)}"))
        references = _references(REAL, "sleep")
        if references <= self.harmless.references:
            # Where one has gone, another must not take its place unnoticed.
            self.harmless = Harmless(max(references, ALONE), self.harmless.holders)
            return
        where = self._look()
        if where:
            gc.collect()                            # a class or a traceback that is no longer in use
            where = self._look()
        if where:
            raise EscapedSleep(_complaint(where))
        self._remember()

    def _look(self) -> str | None:
        """Where the learner's code holds the real sleep, in words; None if nowhere."""
        self.made += 1
        for holder in _holders(REAL["sleep"]):
            if isinstance(holder, dict) and "__builtins__" in holder:   # globals of a library, or of what exec() ran
                replace_sleep(holder)
        return _learners_holder(REAL["sleep"], STEPS)

    def _remember(self) -> None:
        """Let the search not be repeated if it found nothing but tuples."""
        holders = _holders(REAL["sleep"])
        if all(type(holder) is tuple for holder in holders):
            self.harmless = Harmless(_references(REAL, "sleep"), tuple(holders))
        else:
            self.harmless = Harmless()


_search = Search()
refuse_hidden_sleep = _search.refuse                # all loops of a process share what is known


def _complaint(where: str) -> str:
    return (f"the real time.sleep is kept as {where}, where virtual time cannot replace it, so the times of this run "
            "would be wrong: write lambda seconds: time.sleep(seconds) there, which looks it up when it is called")


def _learners_holder(thing: Any, steps: int) -> str | None:
    """Which function, class or variable of the learner's leads to a thing, over so many containers."""
    holders = _holders(thing)
    for holder in holders:
        place = _in_words(holder, thing)
        if place:
            return place
    if steps:
        for holder in holders:
            if isinstance(holder, CONTAINERS):
                place = _learners_holder(holder, steps - 1)
                if place:
                    return place
    return None


def _in_words(holder: Any, thing: Any) -> str | None:
    """What a learner would call the holder, if it is the learner's."""
    if isinstance(holder, functools.partial):
        return "a functools.partial"
    if isinstance(holder, FunctionType):
        name = holder.__qualname__
        return None if is_library(holder.__code__) else f"a default or variable of the function {name}"
    if isinstance(holder, dict):
        if not _is_learners_namespace(holder):
            return None
        return next((f"part of the variable {name}" for name, value in list(holder.items()) if value is thing), None)
    kind = holder if isinstance(holder, type) else type(holder)
    module = sys.modules.get(kind.__module__)
    return f"an attribute of {kind.__qualname__}" if module is not None and is_learners(module) else None


def _is_learners_namespace(namespace: dict[str, Any]) -> bool:
    return any(isinstance(module, ModuleType) and vars(module) is namespace and is_learners(module)
               for module in list(sys.modules.values()))


class _Holders(list):
    """Of its own type, so that a search does not take the list of what it found for a holder."""


def _holders(thing: Any) -> _Holders:
    return _Holders(holder for holder in gc.get_referrers(thing)
                    if holder is not REAL and type(holder) is not _Holders)
