"""The time module, in virtual time, for the threads of a virtual loop.

While a virtual loop runs, `time.sleep`, `time.monotonic`, `time.perf_counter` and `time.time` check
which thread is calling: the threads of a virtual loop get virtual time, all others the real one.
A notebook or module that did `from time import sleep` before holds the real function under a name of
its own: these names are replaced too, and put back. Where the real `sleep` cannot be
replaced, `escaped_sleep.py` finds it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import MethodType, ModuleType
from typing import Any, Protocol

from helpers.recorder.learners_code import is_library_file

EPOCH = 946_684_800         # time.time() begins at 2000-01-01 00:00 UTC, the same in every run
LONGEST = 9_223_372_036     # seconds; the real time.sleep refuses more


class Clock(Protocol):
    """What a thread in virtual time goes by."""

    def time_ns(self) -> int: ...

    def advance(self, seconds: float) -> None: ...


REAL: dict[str, Any] = {name: getattr(time, name) for name in
                        ("sleep", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns")}
_clocks: dict[int, Clock] = {}          # thread -> the clock that it goes by
_lock = threading.RLock()
_replaced: list[tuple[dict[str, Any], str, str]] = []       # namespace, name, which of REAL stood there


# These are methods of the module time, as the originals are: so a class may keep one as an attribute.

def _sleep(module: ModuleType, seconds: float, /) -> None:
    clock = _clocks.get(threading.get_ident())
    if clock is None or sys._getframe(1).f_globals.get("__name__") == "subprocess":     # it polls a real process
        return REAL["sleep"](seconds)
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    if seconds > LONGEST:
        raise OverflowError("timestamp out of range for platform time_t")
    clock.advance(seconds)
    return None


def _teller(name: str) -> Callable[[ModuleType], float]:
    real, since = REAL[name], EPOCH * 10**9 if name.startswith("time") else 0

    def tell(module: ModuleType, /) -> float:
        clock = _clocks.get(threading.get_ident())
        if clock is None:
            return real()
        now = since + clock.time_ns()
        return now if name.endswith("_ns") else now / 1e9

    return tell


def _method(name: str) -> MethodType:
    function: Any = _sleep if name == "sleep" else _teller(name)
    function.__name__ = function.__qualname__ = name
    return MethodType(function, time)


_virtual = {name: _method(name) for name in REAL}


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


def replace_sleep(namespace: dict[str, Any]) -> None:
    """Replace the real sleep in a namespace, under whatever name, until no thread is in virtual time any more.

    To be called while virtual time is installed.
    """
    with _lock:
        _replace_in(namespace, {id(REAL["sleep"]): "sleep"})


def is_learners(module: ModuleType) -> bool:
    """Whether a module is the learner's: the notebook, or a file that is not Python's nor an installed package's."""
    if module.__name__ == "__main__":
        return True
    file = getattr(module, "__file__", None)
    if not file:
        return False
    if file not in _learners_files:
        _learners_files[file] = not is_library_file(file)
    return _learners_files[file]


_learners_files: dict[str, bool] = {}           # what is_learners has answered: every run asks it of every module


def _replace() -> None:
    names = {id(function): name for name, function in REAL.items()}
    for module in list(sys.modules.values()):
        if not isinstance(module, ModuleType):
            continue
        namespace = vars(module)
        if module is time or is_learners(module):
            _replace_in(namespace, names)
        elif namespace.get("sleep") is REAL["sleep"]:
            replace_sleep(namespace)        # a library may nap, but its own timing (of locks, of queues) stays real


def _replace_in(namespace: dict[str, Any], names: dict[int, str]) -> None:
    for name, which in [(name, names[id(value)]) for name, value in list(namespace.items()) if id(value) in names]:
        namespace[name] = _virtual[which]
        _replaced.append((namespace, name, which))


def _restore() -> None:
    while _replaced:
        namespace, name, which = _replaced.pop()
        if namespace.get(name) is _virtual[which]:
            namespace[name] = REAL[which]
