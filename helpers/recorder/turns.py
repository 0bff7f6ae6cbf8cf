"""The turn on the loop itself: asyncio takes every step of a task by calling `Handle._run`.

While any loop is recorded, `_run` stands in its place. It does the same, and if the callback is a step of a recorded
task it notes when the step began and ended, and what the task waits for then. Of other callbacks it notes those that
block a loop.

Whatever goes wrong while notes are taken is kept as the failure of the recording, and the program goes on.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from helpers.recorder.asyncio_internals import (
    EXACT_FUTURES,
    METHODS,
    RELEASE_WAITER,
    STEPS,
    TASKS,
    Handle,
    Step,
    Timer,
    report,
)
from helpers.recorder.cuts import end_of_step, released
from helpers.recorder.names import short_name, task_name
from helpers.recorder.new_tasks import end_of_turn, met_late
from helpers.recorder.notes import ROWS, STEPPING, STRIDE, Row
from helpers.recorder.waits import Wait, read_turn, read_wait
from helpers.wait_kinds import OUTSIDE

if TYPE_CHECKING:
    from helpers.recorder.watch import Watch

DETAILED = 500 * STRIDE     # entries in the notes up to which steps aside are noted with their line

WATCHES: dict[asyncio.AbstractEventLoop, Watch] = {}        # what is installed, and where
_original_run: Callable[[Handle], None] = Handle._run       # mostly asyncio's own
_row_of = ROWS.get
_TURN = Wait("turn")


def replace_run() -> None:
    """Put `_run` in the place of `Handle._run`."""
    global _original_run
    _original_run = Handle._run
    Handle._run = _run                          # type: ignore[method-assign, assignment]


def put_run_back() -> None:
    """Make `Handle._run` what it was."""
    Handle._run = _original_run                 # type: ignore[method-assign, assignment]


def _run(self: Handle) -> None:
    """Replaces `Handle._run`: runs the callback, and takes notes if it is a step of a recorded task.

    A traceback keeps this frame, so no local may keep anything: exceptions would be freed too late.
    """
    callback: Any = self._callback
    args: Any = self._args
    task: Any = None
    row: Row | None = None
    kind = type(callback)
    if kind is Step:
        task = callback.__self__
        row = _row_of(id(task))
    elif kind in METHODS:
        task = callback.__self__
        row = _row_of(id(task))
        if row is not None and not (args and type(args[0]) in EXACT_FUTURES) and _is_foreign(callback):
            task = row = None
    if row is None:
        if isinstance(task, TASKS):
            row = met_late(WATCHES.get(self._loop), self, task)
        if row is None:
            callback = args = task = None
            _run_other(self)
            self = None                         # type: ignore[assignment]
            return
    recorder: Any = row.recorder
    clock = recorder.clock
    STEPPING[0] = context = self._context
    started = clock()
    try:
        if args:
            context.run(callback, *args)
        else:
            context.run(callback)               # faster than with *args, and most steps have none
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        report(self, error)
    finally:
        ended = clock()
        STEPPING[0] = None
        try:
            notes = recorder.notes
            if row.unusual is not None or recorder.shared:
                _end_unusual(self, row, task, started, ended)
            if task._fut_waiter is not None:
                wait = read_wait(task.get_coro(), task._fut_waiter, ROWS, recorder)
                if row.owner is not None:
                    row.owner.look(task.get_coro(), wait)
                notes += row.id, row.ready, row.woken, started, ended, wait
            elif task.done():
                notes += row.id, row.ready, row.woken, started, ended, None
                row.finish(task, ended)
            else:
                wait = _TURN if len(notes) > DETAILED else read_turn(task.get_coro())
                notes += row.id, row.ready, row.woken, started, ended, wait
        except Exception as error:
            recorder.fail(error)
        self = callback = args = task = row = recorder = notes = context = None     # type: ignore[assignment]


def _is_foreign(callback: Any) -> bool:
    """Whether a task's method is another than its step and its wake-up, as in `call_soon(task.cancel)`."""
    return getattr(callback, "__name__", "") not in STEPS


def _end_unusual(handle: Handle, row: Row, task: Any, started: int, ended: int) -> None:
    """A step has ended, and is about to be noted: something unusual was noted in it, or there are other recordings."""
    watch = WATCHES.get(handle._loop)
    if watch is not None:
        if ended - started > watch.threshold and len(watch.recordings) > 1:
            # in the other recordings it is the turn of somebody whom they do not know
            watch.blocked_by(_called(handle._callback), started, ended, row.recorder)
        if watch.asked:
            end_of_turn(watch)
    end_of_step(row, task, len(row.recorder.notes))


def _run_other(self: Handle) -> None:
    """Run a callback that is no step of a recorded task, and see whether it blocks the loop."""
    watch: Any = WATCHES.get(self._loop)
    if watch is None:
        _original_run(self)
        return
    started = watch.clock()
    if isinstance(self, Timer):
        due = round(self._when * 1e9) + watch.offset
        watch.due = min(started, due)
        if self._callback is RELEASE_WAITER and self._args:
            _release(watch, self._args[0])
    try:
        _original_run(self)
    finally:
        watch.due = 0
        ended = watch.clock()
        if watch.asked:
            _end_eager(watch)
        if ended - started > watch.threshold and threading.get_ident() == watch.thread:
            try:
                watch.blocked_by(_called(self._callback), started, ended)
            except Exception as error:
                watch.fail(error)
        self = watch = None                     # type: ignore[assignment]


def _release(watch: Watch, waiter: Any) -> None:
    try:
        released(watch, waiter)
    except Exception as error:
        watch.fail(error)


def _end_eager(watch: Watch) -> None:
    try:
        end_of_turn(watch)
    except Exception as error:
        watch.fail(error)


def _called(callback: Any) -> str:
    """What to call a callback that is no task's of a recording; one that is a task's of none by that task."""
    try:
        task = getattr(callback, "__self__", None)
        if isinstance(task, TASKS) and not _is_foreign(callback):
            return f"{OUTSIDE}{task_name(task)}"
        name = short_name(callback.__qualname__)
    except Exception:                   # the program's own object: what it does when asked is its own affair
        return "a callback"
    return name if isinstance(name, str) else "a callback"


TURNS = (_run.__code__, _run_other.__code__)    # where on a thread's stack a turn begins
