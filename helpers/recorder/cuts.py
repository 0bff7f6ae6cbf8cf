"""What cuts a wait short: a timeout, or a task that cancels another.

`task.cancel()` cancels the future that the task waits for, and that wakes the task: the recorder hears of it in
`call_soon`, while `cancel()` is being called. So it can tell whose turn it is, or which callback the loop is about to
run: a timeout of asyncio, of anyio, of async_timeout or of aiohttp.

A task that waits for a task or a gather passes the cancellation on, and is woken when that has ended. So whoever waits
for the task that is cancelled, and has been cancelled as well, is given the same reason, which holds if the wait then
ends by the cancellation. A wait that has ended by itself when its task is cancelled was not cut: its future is done.

A library may cancel what it waits for itself: it gives up an address when another has answered, and goes on. Then the
call of the library that the program awaits goes on, too, and nothing is said of a cut.
"""

from __future__ import annotations

import asyncio
import gc
import math
import sys
from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, Any
from weakref import ref

from helpers.recorder.asyncio_internals import (
    CANCEL_AND_WAIT,
    FUTURES,
    GATHERED,
    METHODS,
    TASKS,
    TIMED_OUT,
    GatheringFuture,
    variable,
)
from helpers.recorder.learners_code import installed_package, is_library
from helpers.recorder.new_tasks import note_unusual
from helpers.recorder.notes import ROWS, Row, Unusual
from helpers.recorder.waits import links

if TYPE_CHECKING:
    from helpers.recorder.watch import Watch

# Callbacks of libraries that the loop calls when a timeout has passed: the package, and the name of the function.
TIMEOUTS = frozenset({
    ("async_timeout", "Timeout._on_timeout"),
    ("anyio", "CancelScope._timeout"),
    ("aiohttp", "TimeoutHandle.__call__"),
    ("aiohttp", "TimerContext.timeout"),
})

_sleep = asyncio.sleep.__code__
_Reason = tuple[str, Row | None]


def ended_cancelled(future: Any) -> bool:
    """Whether a future is one of asyncio's and was cancelled; one of gather() has the exception instead."""
    if not isinstance(future, FUTURES) and not isinstance(future, TASKS):
        return False
    return future.cancelled() or (
        type(future) is GatheringFuture and isinstance(future._exception, asyncio.CancelledError))


def woken_by_cancelled(watch: Watch, row: Row, task: Any) -> None:
    """A task is woken since the future that it waited for was cancelled: find out whether that cuts its wait short."""
    cancels = task.cancelling()
    known = row.unusual
    if cancels <= (known.cancels if known is not None else 0):
        return                                          # nobody has cancelled the task, but the future itself
    unusual = note_unusual(row)
    unusual.cancels = cancels
    if not unusual.cut:                                 # else it was told when what it waited for was cancelled
        cut, cutter = _reason(watch, row)
        _cut(row, task, cut, cutter)
        _pass_outwards(task, cut, cutter)
    unusual.certain = True
    unusual.own = asyncio.current_task(watch.loop) is task


def _cut(row: Row, task: Any, cut: str, cutter: Row | None) -> None:
    unusual = note_unusual(row)
    unusual.cut, unusual.cutter, unusual.asked = cut, cutter, asked_of(task)
    unusual.call = _librarys_call(task)


def _librarys_call(task: Any) -> ref[Any] | None:
    """The coroutine of an installed package that the innermost of the learner's awaits; None if it awaits none."""
    call = None
    for link in links(task.get_coro()):
        code = getattr(link, "cr_code", None)
        if code is None or not is_library(code):
            call = None
        elif call is None and installed_package(code.co_filename):
            call = ref(link)
    return call


def _is_librarys_own(unusual: Unusual, task: Any) -> bool:
    """Whether a library has cancelled what it waited for itself, as far as is known: it is at work in the same call."""
    learners = unusual.cutter is not None and not unusual.cutter.library
    if unusual.call is None or unusual.cut != "cancel" or learners or task.done():
        return False                            # it may clean up after a timeout, or after a task has cancelled it
    called = unusual.call()
    return called is not None and any(link is called for link in links(task.get_coro()))


def _pass_outwards(task: Any, cut: str, cutter: Row | None) -> None:
    """Whoever waits for the task, and has been cancelled since it was woken last, passes the cancellation on to it."""
    seen, next_ones = {id(task)}, [*awaiting(task)]
    while next_ones:
        outer = next_ones.pop()
        row = ROWS.get(id(outer))
        if row is None or id(outer) in seen:
            continue
        seen.add(id(outer))
        if outer.cancelling() > (row.unusual.cancels if row.unusual is not None else 0):
            _cut(row, outer, cut, cutter)
            next_ones += awaiting(outer)


def awaiting(future: Any) -> Iterator[Any]:
    """The tasks that wait for a future or a task, be it by gather()."""
    for callback, _ in future._callbacks or ():
        if type(callback) in METHODS:
            if isinstance(callback.__self__, TASKS):
                yield callback.__self__
        elif isinstance(callback, FunctionType) and callback.__code__ is GATHERED:
            outer = variable(callback, "outer")
            if outer is not None and not outer.done():
                yield from awaiting(outer)


def released(watch: Watch, waiter: Any) -> None:
    """The timeout of `asyncio.wait` has passed, or up to Python 3.11 that of `wait_for`."""
    if not isinstance(waiter, FUTURES) or waiter.done():
        return
    for task in awaiting(waiter):
        row = ROWS.get(id(task))
        if row is not None:
            _cut(row, task, "timeout", None)
            note_unusual(row).certain = True


def _reason(watch: Watch, row: Row) -> _Reason:
    """What has just cancelled the task of that row, and the row of the task whose turn it is."""
    current = asyncio.current_task(watch.loop)
    if current is None:
        return ("timeout" if _is_timeout() else "cancel"), None
    cutter = ROWS.get(id(current))
    if cutter is None or cutter.recorder is not row.recorder:
        return "cancel", None
    if CANCEL_AND_WAIT is not None and cutter.unusual is not None and cutter.unusual.certain and _in_wait_for():
        return cutter.unusual.cut, cutter.unusual.cutter        # wait_for's task has the reason that it has itself
    return "cancel", cutter


def _is_timeout() -> bool:
    """Whether the callback that the loop has called is that of a timeout which has passed: it is on the stack."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code is TIMED_OUT:
            return True
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if (package, code.co_qualname) in TIMEOUTS:
            return True
        if (package, code.co_qualname) == _AGAIN:           # of a scope that is cancelled already, perhaps by a timeout
            return "deadline exceeded" in str(getattr(frame.f_locals.get("origin"), "_cancel_reason", ""))
        frame = frame.f_back                # type: ignore[assignment]
    return False


_AGAIN = "anyio", "CancelScope._deliver_cancellation"


def _in_wait_for() -> bool:
    """Whether `wait_for` of Python 3.11 is cancelling its task: it is the function around the one that cancels."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code is not CANCEL_AND_WAIT and is_library(frame.f_code):
        frame = frame.f_back                # type: ignore[assignment]
    return frame is not None and frame.f_code is CANCEL_AND_WAIT and frame.f_back is not None \
        and frame.f_back.f_code is asyncio.wait_for.__code__


def asked_of(task: Any) -> float:
    """The seconds that a task has asked for which waits in `asyncio.sleep`; -1 if it does not.

    They are the first variable of the frozen frame. The garbage collector shows it after names, function and code.
    """
    for link in links(task.get_coro()):
        if getattr(link, "cr_code", None) is _sleep:
            return _seconds(next((each for each in gc.get_referents(link) if type(each) not in _BEFORE), None))
    return -1.0


_BEFORE = (str, FunctionType, CodeType, FrameType, dict)         # a frame, and its dict, if somebody has asked for it


def _seconds(delay: Any) -> float:
    try:
        seconds = float(delay)
    except Exception:                       # an object of the program's own that only behaves like a number
        return -1.0
    return seconds if math.isfinite(seconds) and seconds >= 0 else -1.0


def end_of_step(row: Row, task: Any, at: int) -> None:
    """A step with something unusual has ended, which is about to be noted at that place in the notes."""
    unusual = row.unusual
    if unusual is None:
        return
    if unusual.own:
        unusual.own = False
    else:
        if unusual.cut and unusual.certain and not _is_librarys_own(unusual, task):
            cutter = unusual.cutter.id if unusual.cutter is not None else -1
            row.recorder.cuts[at] = unusual.cut, cutter, unusual.asked
        unusual.forget()
    unusual.cancels = task.cancelling()
    if not unusual.cancels and not unusual.cut:
        row.unusual = None
