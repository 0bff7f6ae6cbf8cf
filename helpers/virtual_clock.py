"""The time module, in virtual time, for the threads of a virtual loop.

While a virtual loop runs, `time.sleep`, `time.monotonic`, `time.perf_counter` and `time.time` ask
whose thread is calling: the threads of a virtual loop get virtual time, all others the real one.
A notebook or module that did `from time import sleep` before holds the real function under a name of
its own: these names are replaced too, and put back. Where the real `sleep` hides so well that it cannot
be replaced (a default argument, a `functools.partial`), and was used, the run ends with an error: its
times would be wrong.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
import threading
import time
from types import CellType, FunctionType, ModuleType
from typing import Any, Iterator, Protocol

from . import waits

EPOCH = 946_684_800         # time.time() begins at 2000-01-01 00:00 UTC, the same in every run
UNSEEN = 0.02               # seconds of real waiting in a virtual run that are looked into


class Clock(Protocol):
    """What a thread in virtual time goes by."""

    def time_ns(self) -> int: ...

    def advance(self, seconds: float) -> None: ...


class EscapedSleep(RuntimeError):
    """The real `time.sleep` was called in virtual time, under a name where it could not be replaced."""


_real = {name: getattr(time, name) for name in
         ("sleep", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns")}
_clocks: dict[int, Clock] = {}          # thread -> the clock that it goes by
_lock = threading.RLock()
_replaced: list[tuple[dict[str, Any], str, str]] = []       # namespace, name, which of _real stood there


def _sleep(seconds):
    clock = _clocks.get(threading.get_ident())
    if clock is None:
        return _real["sleep"](seconds)
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    clock.advance(seconds)


def _teller(name: str):
    real, since = _real[name], EPOCH * 10**9 if name.startswith("time") else 0

    def tell():
        clock = _clocks.get(threading.get_ident())
        if clock is None:
            return real()
        now = since + clock.time_ns()
        return now if name.endswith("_ns") else now / 1e9

    return tell


_virtual = {name: _sleep if name == "sleep" else _teller(name) for name in _real}
for _name, _function in _virtual.items():
    _function.__name__ = _function.__qualname__ = _name


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


def _replace() -> None:
    names = {id(function): name for name, function in _real.items()}
    for module in list(sys.modules.values()):
        if not isinstance(module, ModuleType):
            continue
        namespace = vars(module)
        if module is time or _is_learners(module):
            found = [(name, names[id(value)]) for name, value in list(namespace.items()) if id(value) in names]
        else:       # a library may nap, but its own timing (of locks, of queues) stays real
            found = [("sleep", "sleep")] if namespace.get("sleep") is _real["sleep"] else []
        for name, which in found:
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
        _learners_files[file] = not waits.is_library_file(file)
    return _learners_files[file]


@contextlib.contextmanager
def no_real_sleep() -> Iterator[None]:
    """Raise EscapedSleep at the end if the block waited for real, and the learner's code holds the real sleep."""
    wall, busy = _real["perf_counter"](), time.thread_time()
    yield
    waited = _real["perf_counter"]() - wall - (time.thread_time() - busy)
    if waited > UNSEEN:
        holder = _hidden_sleep()
        if holder:
            raise EscapedSleep(f"time.sleep is kept as {holder}, where virtual time cannot reach it, so the times of this "
                               "run would be wrong: write time.sleep(...) there")


def _hidden_sleep() -> str | None:
    """Where the learner's code holds the real sleep other than under a name in a module; None if nowhere."""
    namespaces = {id(vars(module)) for module in sys.modules.values() if isinstance(module, ModuleType)}
    for holder in gc.get_referrers(_real["sleep"]):
        if isinstance(holder, functools.partial):
            return "a functools.partial"
        if holder is _real or id(holder) in namespaces or not isinstance(holder, CellType | tuple | list | dict):
            continue
        for owner in gc.get_referrers(holder):
            if isinstance(owner, tuple):                # the closure of a function is a tuple of cells
                owner = next((f for f in gc.get_referrers(owner) if isinstance(f, FunctionType)), None)
            if isinstance(owner, FunctionType) and not waits.is_library(owner.__code__):
                return f"a default or a variable of the function {owner.__qualname__}"
            kind = owner if isinstance(owner, type) else type(owner)
            module = sys.modules.get(kind.__module__)
            if module is not None and _is_learners(module):
                return f"an attribute of {kind.__qualname__}"
    return None
