"""What a Python program reads the time with, in virtual time for the threads of a virtual loop.

While a virtual loop runs, these check which thread is calling: the threads of a virtual loop get virtual time, all
others the real one.

- `time.sleep`, `time.time`, `time.monotonic`, `time.perf_counter` and their kin in nanoseconds, `time.clock_gettime`;
  and `time.localtime`, `gmtime`, `ctime`, `asctime`, `strftime` if they are not given a time.
- `datetime.now`, `datetime.utcnow` and `date.today`, also of a subclass. One that was looked up before the run, and is
  kept somewhere, goes by virtual time if the program can reach it (see `reach.py`).
- `os.times().elapsed`, and the time in a `uuid.uuid1()`.

The functions themselves are changed (see `detour.py`), so it makes no difference where a program keeps one: under a
name of its own, as the default of an argument, in a `functools.partial`, in a library. What uses them goes by virtual
time, too: `logging`, `email.utils.formatdate`, `timeit`, `sched`, a library's cache or rate limiter.

`time.time()` begins at 2000-01-01 00:00 UTC, in every run, and all other clocks of the day with it.

What stays real:

- CPU time (`time.process_time`, `time.thread_time`): virtual time has no other. A run that reads it is told so.
- What measures or waits for something real is given real time: `REAL_TIME` has these libraries. So a loop that is
  blocked by a queue between threads keeps its timeout, and the kernel of a notebook its own time.
- What reads the computer's clock in C of its own, such as `numpy.datetime64("now")`, and the times of files.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import os
import sys
import threading
import time
import timeit
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import BuiltinFunctionType, ClassMethodDescriptorType, FrameType, ModuleType
from typing import Any

from helpers.recorder.learners_code import learners_place
from helpers.recording import Place
from helpers.virtual import detour
from helpers.virtual.detour import ClassDetour, Detour
from helpers.virtual.reach import reachable
from helpers.virtual.real_time_only import NotSimulated

try:
    import _uuid
except ImportError:                     # uuid works without
    _uuid = None

EPOCH = 946_684_800         # time.time() begins at 2000-01-01 00:00 UTC, the same in every run
LONGEST = 9_223_372_036     # seconds; the real time.sleep refuses more
READS = 5_000_000           # of the clock at one instant, after which a program counts as waiting in vain
SECOND = 10**9              # nanoseconds
_TIME_OF_A_LOOP = asyncio.BaseEventLoop.time.__code__       # a real loop waits for something real
_TIMED = "<timeit-src>"     # what timeit calls the file of the code that it runs

# Libraries that wait for something real, or speak to the notebook: their modules see real time.
REAL_TIME = frozenset({
    "threading", "queue", "subprocess", "selectors", "socket", "ssl", "multiprocessing", "concurrent",
    "psutil", "zmq", "tornado", "ipykernel", "jupyter_client", "IPython", "traitlets", "comm", "ipywidgets",
    "debugpy", "_pydevd_bundle", "coverage",
})


class Clock:
    """What a thread in virtual time goes by. The modules of the packages in `real_time` see real time all the same."""

    real_time = REAL_TIME

    def time_ns(self) -> int:
        raise NotImplementedError

    def time(self) -> float:
        """Seconds."""
        return self.time_ns() / SECOND

    def advance(self, seconds: float) -> None:
        """Let time pass: what `time.sleep` does."""
        raise NotImplementedError

    def stands_still(self, reads: int, place: Place | None) -> None:
        """It was read so often at one instant, at last at this line: a place to raise an error."""

    def stays_real(self, what: str, place: Place | None) -> None:
        """The program has read, at this line, what is not in virtual time."""


class _InCharge:
    """A clock that a thread goes by, and how often it was read since it last moved."""

    __slots__ = ("clock", "now", "reads", "uuid")

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.now = self.reads = self.uuid = 0


_clocks: dict[int, _InCharge] = {}      # by thread
_lock = threading.RLock()


def _asked(above: int = 2) -> tuple[_InCharge, FrameType] | None:
    """Who has called, so many frames above, and the clock that it goes by; None for the real one."""
    found = _clocks.get(threading.get_ident())
    if found is None:                           # a thread that is not ours may have no frames but this one
        return None
    frame = sys._getframe(above)
    if frame.f_globals is vars(detour) and frame.f_back is not None:
        frame = frame.f_back
    name = frame.f_globals.get("__name__")
    if (isinstance(name, str) and name.partition(".")[0] in found.clock.real_time) or frame.f_code is _TIME_OF_A_LOOP:
        return None
    return found, frame


def _read() -> tuple[int, Clock] | None:
    """The time in nanoseconds for who has called, and the clock; None if it is to have the real time."""
    asked = _asked(3)
    if asked is None:
        return None
    found, frame = asked
    now = found.clock.time_ns()
    if now != found.now:
        found.now, found.reads = now, 0
    found.reads += 1
    if found.reads > READS:
        found.reads = 0
        found.clock.stands_still(READS, learners_place(frame))
    if frame.f_code.co_filename == _TIMED:
        _refuse_autorange(frame)
    return now, found.clock


def _refuse_autorange(frame: FrameType) -> None:
    """`Timer.autorange` repeats until 0.2 s have passed, and computing takes no virtual time."""
    above = frame.f_back and frame.f_back.f_back
    if above is not None and above.f_code is timeit.Timer.autorange.__code__:
        raise NotSimulated("Timer.autorange() repeats until 0.2 s have passed, and computing takes no virtual time: "
                           "say how often, as in timeit.timeit(..., number=1000), or use record(...)")


# -- the module time ------------------------------------------------------------------------------------
# What stands in for a function is called with the module (see Detour), and then the arguments.

def _sleep(module: ModuleType, /, *arguments: Any, **named: Any) -> None:
    asked = _asked()
    if asked is None or len(arguments) != 1 or named:
        return REAL["sleep"](*arguments, **named)
    seconds: float = arguments[0]
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    if seconds > LONGEST:
        raise OverflowError("timestamp out of range for platform time_t")
    asked[0].clock.advance(seconds)
    return None


def _teller(name: str) -> Callable[..., Any]:
    """What stands in for `time.time` and its kin, which take no arguments."""
    since = EPOCH * SECOND if name.startswith("time") else 0
    in_nanoseconds = name.endswith("_ns")

    def tell(module: ModuleType, /, *wrong: Any, **named: Any) -> float:
        read = _read()
        if read is None or wrong or named:
            real: float = REAL[name](*wrong, **named)
            return real
        now, clock = read
        if in_nanoseconds:
            return since + now
        return (since + now) / SECOND if since else clock.time()

    return tell


def _calendar(name: str, most: int) -> Callable[..., Any]:
    """What stands in for functions whose last argument is a time, or is left out; `most` is how many they take."""
    def tell(module: ModuleType, /, *arguments: Any, **named: Any) -> Any:
        left_out = len(arguments) == most - 1 or (name != "asctime" and most == 1 and arguments == (None,))
        if left_out and not named:
            read = _read()
            if read is not None:
                seconds = EPOCH + read[0] // SECOND
                wanted = REAL["localtime"](seconds) if name in ("asctime", "strftime") else seconds
                return REAL[name](*arguments[:most - 1], wanted)
        return REAL[name](*arguments, **named)

    return tell


def _cpu_time(name: str) -> Callable[..., Any]:
    """What stands in for a function that tells CPU time: its own answer, and a remark."""
    def tell(module: ModuleType, /, *wrong: Any, **named: Any) -> Any:
        asked = _asked()
        if asked is not None:
            found, frame = asked
            found.clock.stays_real(f"time.{name}() tells CPU time, which is real", learners_place(frame))
        return REAL[name](*wrong, **named)

    return tell


_WALL, _MONOTONIC = (
    frozenset(getattr(time, f"CLOCK_{name}") for name in names if hasattr(time, f"CLOCK_{name}"))
    for names in (("REALTIME", "REALTIME_COARSE", "TAI"),
                  ("MONOTONIC", "MONOTONIC_RAW", "MONOTONIC_RAW_APPROX", "MONOTONIC_COARSE", "BOOTTIME", "HIGHRES",
                   "UPTIME", "UPTIME_RAW", "UPTIME_RAW_APPROX")))


def _clock_gettime(name: str) -> Callable[..., Any]:
    def tell(module: ModuleType, /, *arguments: Any, **named: Any) -> Any:
        asked = _asked()
        if asked is None or len(arguments) != 1 or named or not isinstance(arguments[0], int):
            return REAL[name](*arguments, **named)
        clock_id: int = arguments[0]
        if clock_id not in _WALL | _MONOTONIC:
            found, frame = asked
            found.clock.stays_real(f"the clock {clock_id} of time.{name}() is real", learners_place(frame))
        elif (read := _read()) is not None:
            now = read[0] + (EPOCH * SECOND if clock_id in _WALL else 0)
            return now if name.endswith("_ns") else now / SECOND
        return REAL[name](clock_id)

    return tell


# -- beside the module time -----------------------------------------------------------------------------

def _times(module: ModuleType, /) -> Any:
    """`os.times`: the CPU time is real, the time since some moment is not."""
    real = REAL["times"]()
    asked, read = _asked(), _read()
    if asked is None or read is None:
        return real
    now, clock = read
    clock.stays_real("os.times() tells CPU time, which is real", learners_place(asked[1]))
    return type(real)((*real[:4], now / SECOND))


def _generate_time_safe(module: ModuleType, /) -> Any:
    """The 16 bytes of a `uuid1()`, in which the time is that since 1582 in units of 100 ns; no two are the same."""
    real = REAL["generate_time_safe"]()
    asked, read = _asked(), _read()
    if asked is None or read is None:
        return real
    found, (value, safely) = asked[0], real
    found.uuid = stamp = max((EPOCH * SECOND + read[0]) // 100 + 0x01B21DD213814000, found.uuid + 1)
    low, middle, high = stamp & 0xFFFFFFFF, stamp >> 32 & 0xFFFF, stamp >> 48 & 0x0FFF | 0x1000
    return low.to_bytes(4, "big") + middle.to_bytes(2, "big") + high.to_bytes(2, "big") + value[8:], safely


def _functions() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Module, name, and what stands in for the function of that name."""
    yield time, "sleep", _sleep
    for name in ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns"):
        yield time, name, _teller(name)
    for name in ("localtime", "gmtime", "ctime", "asctime"):
        yield time, name, _calendar(name, 1)
    yield time, "strftime", _calendar("strftime", 2)
    for name in ("process_time", "process_time_ns", "thread_time", "thread_time_ns"):
        yield time, name, _cpu_time(name)
    for name in ("clock_gettime", "clock_gettime_ns"):
        yield time, name, _clock_gettime(name)
    yield os, "times", _times
    yield _uuid, "generate_time_safe", _generate_time_safe


# Not on every system there are all of them.
_detours: dict[str, Detour | ClassDetour] = {
    name: Detour(getattr(module, name), stand_in) for module, name, stand_in in _functions()
    if type(getattr(module, name, None)) is BuiltinFunctionType
}
REAL: dict[str, Any] = {name: each.real for name, each in _detours.items() if isinstance(each, Detour)}


# -- datetime -------------------------------------------------------------------------------------------
# What stands in for a class method is called with the class, and then the arguments.

_from_timestamp = datetime.datetime.__dict__["fromtimestamp"]       # not that of a subclass, as now() does not use it


def _datetime_at(cls: Any, nanoseconds: int, zone: datetime.tzinfo | None) -> Any:
    seconds, rest = divmod(EPOCH * SECOND + nanoseconds, SECOND)
    found = _from_timestamp.__get__(None, cls)(seconds, zone)
    return found.replace(microsecond=rest // 1000) if rest >= 1000 else found


def _now(cls: Any, /, *arguments: Any, **named: Any) -> Any:
    zone, = (*arguments, *named.values()) if len(arguments) + len(named) == 1 else (None,)
    if len(arguments) + len(named) < 2 and (not named or "tz" in named) and (
            zone is None or isinstance(zone, datetime.tzinfo)):
        read = _read()
        if read is not None:
            return _datetime_at(cls, read[0], zone)
    return _class_detours["now"].real(cls)(*arguments, **named)


def _utcnow(cls: Any, /) -> Any:
    read = _read()
    if read is None:
        return _class_detours["utcnow"].real(cls)()
    if sys.version_info >= (3, 12):
        warnings.warn(
            "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use "
            "timezone-aware objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC).",
            DeprecationWarning, stacklevel=2)
    return _datetime_at(cls, read[0], datetime.UTC).replace(tzinfo=None)


def _today(cls: Any, /) -> Any:
    read = _read()
    if read is None:
        return _class_detours["today"].real(cls)()
    return cls.fromtimestamp((EPOCH * SECOND + read[0]) / SECOND)


_class_detours: dict[str, ClassDetour] = {
    name: ClassDetour(owner, name, stand_in) for owner, name, stand_in in (
        (datetime.datetime, "now", _now), (datetime.datetime, "utcnow", _utcnow), (datetime.date, "today", _today))
    if type(vars(owner)[name]) is ClassMethodDescriptorType       # else datetime asks the module time
}
_detours |= _class_detours
_keepers: list[Detour] = []             # of the class methods that a program that is running looked up before


def _is_kept(thing: Any) -> bool:
    if type(thing) is not BuiltinFunctionType or thing.__name__ not in _class_detours:
        return False
    cls: Any = thing.__self__
    return issubclass(type(cls), type) and issubclass(cls, datetime.date)


# -- logging --------------------------------------------------------------------------------------------

class _Started:
    """In the place of the moment when logging was imported: `relativeCreated` of a record is counted from there.

    logging subtracts it from the time of the record. For who is in virtual time, that began with it.
    """

    def __init__(self, real: float) -> None:
        self.real = real
        self.virtual = EPOCH * (SECOND if isinstance(real, int) else 1)

    def __rsub__(self, created: float) -> float:
        return created - (self.real if _clocks.get(threading.get_ident()) is None else self.virtual)


_STARTED = "_startTime"


def _open_logging() -> None:
    real = getattr(logging, _STARTED, None)
    if isinstance(real, (int, float)):              # else it has another name in this Python, and stays real
        setattr(logging, _STARTED, _Started(real))


def _close_logging() -> None:
    started = getattr(logging, _STARTED, None)
    if isinstance(started, _Started):
        setattr(logging, _STARTED, started.real)


# -- in charge ------------------------------------------------------------------------------------------

@contextlib.contextmanager
def in_charge_of_time(clock: Clock, program: Iterable[Any] = ()) -> Iterator[None]:
    """While open, this thread goes by the given clock, and so do what these objects of its program have kept."""
    thread = threading.get_ident()
    with _lock:
        keepers = [_class_detours[kept.__name__].kept(kept) for kept in reachable(program, _is_kept)]
        try:
            _keepers.extend(keepers)
            for each in [*_detours.values(), *keepers]:
                each.open()
            _open_logging()
        except BaseException:                   # the stop button
            _close_if_last()
            raise
        before = _clocks.get(thread)
        _clocks[thread] = _InCharge(clock)
    try:
        yield
    finally:
        with _lock:
            if before is None:
                del _clocks[thread]
            else:
                _clocks[thread] = before
            _close_if_last()


def leave() -> None:
    """Have this thread, which will not come to the end of its `in_charge_of_time`, go by no clock any more."""
    with _lock:
        if _clocks.pop(threading.get_ident(), None) is not None:
            _close_if_last()


def _close_if_last() -> None:
    if not _clocks:
        for each in [*_detours.values(), *_keepers]:
            each.close()
        _close_logging()
        _keepers.clear()
