"""The time module, in virtual time, for the threads of a virtual loop.

While a virtual loop runs, `time.sleep`, `time.monotonic`, `time.perf_counter` and `time.time` ask
whose thread is calling: the threads of a virtual loop get virtual time, all others the real one.
A notebook or module that did `from time import sleep` before holds the real function under a name of
its own: these names are replaced too, and put back. Where the real `sleep` hides so well that it cannot
be replaced (a default argument, a `functools.partial`), the run does not begin, and the error says where:
its times would be wrong.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, Protocol

from helpers.recorder.learners_code import is_library, is_library_file
from helpers.recorder.names import coroutine_name

EPOCH = 946_684_800         # time.time() begins at 2000-01-01 00:00 UTC, the same in every run
LONGEST = 9_223_372_036     # seconds; the real time.sleep refuses more


class Clock(Protocol):
    """What a thread in virtual time goes by."""

    def time_ns(self) -> int: ...

    def advance(self, seconds: float) -> None: ...


class EscapedSleep(RuntimeError):
    """The real `time.sleep` is kept where it cannot be replaced, so a run in virtual time could use it."""


_real = {name: getattr(time, name) for name in
         ("sleep", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns")}
_clocks: dict[int, Clock] = {}          # thread -> the clock that it goes by
_lock = threading.RLock()
_replaced: list[tuple[dict[str, Any], str, str]] = []       # namespace, name, which of _real stood there


# These are methods of the module time, as the originals are: so a class may keep one as an attribute.

def _sleep(module, seconds, /):
    clock = _clocks.get(threading.get_ident())
    if clock is None or sys._getframe(1).f_globals.get("__name__") == "subprocess":     # it polls a real process
        return _real["sleep"](seconds)
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    if seconds > LONGEST:
        raise OverflowError("timestamp out of range for platform time_t")
    clock.advance(seconds)


def _teller(name: str):
    real, since = _real[name], EPOCH * 10**9 if name.startswith("time") else 0

    def tell(module, /):
        clock = _clocks.get(threading.get_ident())
        if clock is None:
            return real()
        now = since + clock.time_ns()
        return now if name.endswith("_ns") else now / 1e9

    return tell


def _method(name: str) -> MethodType:
    function = _sleep if name == "sleep" else _teller(name)
    function.__name__ = function.__qualname__ = name
    return MethodType(function, time)


_virtual = {name: _method(name) for name in _real}


@contextlib.contextmanager
def in_charge_of_time(clock: Clock) -> Iterator[None]:
    """While open, this thread goes by the given clock."""
    thread = threading.get_ident()
    with _lock:
        if not _clocks:
            _replace()
        before = _clocks.get(thread)
        _clocks[thread] = clock
    try:
        yield
    finally:
        with _lock:
            if before is None:
                del _clocks[thread]
            else:
                _clocks[thread] = before
            if not _clocks:
                _restore()


def leave() -> None:
    """Have this thread, which will not come to the end of its `in_charge_of_time`, go by no clock any more."""
    with _lock:
        if _clocks.pop(threading.get_ident(), None) is not None and not _clocks:
            _restore()


def _replace() -> None:
    names = {id(function): name for name, function in _real.items()}
    for module in list(sys.modules.values()):
        if not isinstance(module, ModuleType):
            continue
        namespace = vars(module)
        if module is time or _is_learners(module):
            _replace_in(namespace, names)
        elif namespace.get("sleep") is _real["sleep"]:
            # a library may nap, but its own timing (of locks, of queues) stays real
            _replace_in(namespace, {id(_real["sleep"]): "sleep"})


def _replace_in(namespace: dict[str, Any], names: dict[int, str]) -> None:
    for name, which in [(name, names[id(value)]) for name, value in list(namespace.items()) if id(value) in names]:
        namespace[name] = _virtual[which]
        _replaced.append((namespace, name, which))


def _restore() -> None:
    while _replaced:
        namespace, name, which = _replaced.pop()
        if namespace.get(name) is _virtual[which]:
            namespace[name] = _real[which]


_learners_files: dict[str, bool] = {}


def _is_learners(module: ModuleType) -> bool:
    if module.__name__ == "__main__":
        return True
    file = getattr(module, "__file__", None)
    if not file:
        return False
    if file not in _learners_files:
        _learners_files[file] = not is_library_file(file)
    return _learners_files[file]


def refuse_hidden_sleep(coroutines: Iterable[Any]) -> None:
    """Raise EscapedSleep if the real sleep is still within reach of the learner's code, or of these coroutines.

    To be called while virtual time is installed.
    """
    for coro in coroutines:
        if any(found is _real["sleep"] for found in gc.get_referents(coro)):
            raise EscapedSleep(_complaint(f"an argument or variable of {coroutine_name(coro)}"))
    if sys.getrefcount(_real["sleep"]) <= max(_ALONE, _known[0]):   # nobody has it but this module, and who is known
        _known[0] = min(_known[0], sys.getrefcount(_real["sleep"]))
        return
    where = _hidden_sleep()
    if where:
        gc.collect()                                    # a class or a traceback that is no longer in use
        where = _hidden_sleep()
    if where:
        raise EscapedSleep(_complaint(where))
    _remember_harmless()


def _remember_harmless() -> None:
    """Let the search not be repeated if all that it found are tuples: they cannot change, and kept here they stay.

    In a Jupyter kernel there always is one, the defaults of a function of psutil, and a reference held in C; the
    search takes 0.1 s there.
    """
    holders = _holders(_real["sleep"])
    _known[:] = [0]
    if all(type(holder) is tuple for holder in holders):
        _known[:] = [sys.getrefcount(_real["sleep"]), *holders]


def _complaint(where: str) -> str:
    return (f"the real time.sleep is kept as {where}, where virtual time cannot replace it, so the times of this run "
            "would be wrong: write lambda seconds: time.sleep(seconds) there, which looks it up when it is called")


_nobody_elses = {"it": object()}
_ALONE = sys.getrefcount(_nobody_elses["it"])           # the count of an object that only one dictionary holds
_known: list[Any] = [0]         # how many references are known to be harmless, and the tuples among their holders


def _hidden_sleep() -> str | None:
    """Where the learner's code holds the real sleep, in words; None if nowhere."""
    for holder in _holders(_real["sleep"]):
        if isinstance(holder, dict) and "__builtins__" in holder:   # globals: of a library, or of code that exec() ran
            with _lock:
                _replace_in(holder, {id(_real["sleep"]): "sleep"})
    return _learners_holder(_real["sleep"], 4)


_CONTAINERS = (CellType, tuple, list, dict, set, staticmethod)


def _learners_holder(thing: Any, steps: int) -> str | None:
    """Which function, class or variable of the learner's leads to a thing, over so many containers."""
    holders = _holders(thing)
    for holder in holders:
        place = _in_words(holder, thing)
        if place:
            return place
    if steps:
        for holder in holders:
            if isinstance(holder, _CONTAINERS):
                place = _learners_holder(holder, steps - 1)
                if place:
                    return place
    return None


def _in_words(holder: Any, thing: Any) -> str | None:
    """What a learner would call the holder, if it is the learner's."""
    if isinstance(holder, functools.partial):
        return "a functools.partial"
    if isinstance(holder, FunctionType):
        return None if is_library(holder.__code__) else f"a default or variable of the function {holder.__qualname__}"
    if isinstance(holder, dict):
        if not any(isinstance(m, ModuleType) and vars(m) is holder and _is_learners(m) for m in list(sys.modules.values())):
            return None
        return next((f"part of the variable {name}" for name, value in list(holder.items()) if value is thing), None)
    kind = holder if isinstance(holder, type) else type(holder)
    module = sys.modules.get(kind.__module__)
    return f"an attribute of {kind.__qualname__}" if module is not None and _is_learners(module) else None


class _Holders(list):
    """Of its own type, so that a search does not take the list of what it found for a holder."""


def _holders(thing: Any) -> list[Any]:
    return _Holders(x for x in gc.get_referrers(thing) if x is not _real and type(x) is not _Holders)
