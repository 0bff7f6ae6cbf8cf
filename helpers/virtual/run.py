"""Run a coroutine in virtual time, at once, and record it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any

from helpers.recorder import THRESHOLD, Recorder, check_coroutine, closed_if_refused, keep_stopped
from helpers.recorder.asyncio_internals import (
    enter_task,
    get_running_loop,
    is_blocking,
    leave_task,
    set_running_loop,
    stop_blocking,
)
from helpers.recorder.learners_code import is_courses, is_library, place_of_error
from helpers.recorder.notes import Row
from helpers.recording import Place, Recording, Remark
from helpers.virtual.ending import abandon, cancel_all
from helpers.virtual.loop import LIMIT, Deadlock, Endless, VirtualTimeLoop
from helpers.virtual.real_time_only import NotSimulated, refusal
from helpers.virtual.real_work import RealWork
from helpers.virtual.threads import StuckThread
from helpers.virtual.time_module import in_charge_of_time


def simulate(coro: Coroutine[Any, Any, Any], *, limit: int = LIMIT, threshold: float = THRESHOLD) -> Recording:
    """Run a coroutine on a loop of its own in virtual time, and give the recording of its run.

    coro       a coroutine object: `simulate(main())`, without `await`
    limit      steps on the loop after which the program counts as endless
    threshold  seconds; a turn on the loop that takes longer counts as blocking it

    Every clock that the program reads shows virtual time, which begins at 2000-01-01 00:00 UTC. Where it reads one that
    stays real, such as `time.process_time`, the recording has a remark with the line (`.remarks`). It has one, too, for
    threads that the program starts itself, and not by way of the loop: these work in real time.

    It works in a script, and in a notebook cell whose own loop is running: that loop stands still
    meanwhile. Tasks that are left when the coroutine ends are cancelled, as `asyncio.run` does.

    An exception that the coroutine raises is kept: the recording shows it, and `.result` raises it. So
    is a `Deadlock` or an `Endless` run. Raises TypeError for anything that is not a coroutine object,
    and KeyboardInterrupt: it has a note that says where each task stood, and `simulate.stopped` is the recording
    up to there, until the next one.
    """
    coro = check_coroutine(coro, "simulate")
    keep_stopped(simulate, None)
    with _outer_loop_paused() as outer:
        with closed_if_refused(coro):
            loop = VirtualTimeLoop(limit=limit)
        left: list[asyncio.Task[Any]] = []
        main: asyncio.Task[Any] | None = None
        try:
            with closed_if_refused(coro):
                recorder = Recorder(loop, loop.time_ns, threshold, sampler=loop, everything=True)
            work = RealWork(loop, recorder)
            with recorder, work:
                main = recorder.context.run(loop.create_task, coro)
                error = _run(loop, main)
                left += loop.open_tasks()           # while their order is known
        except KeyboardInterrupt as stop:
            if main is None:                        # it had not begun
                coro.close()
            else:
                remarks = (*work.remarks(), *_real_clocks(loop, recorder))
                keep_stopped(simulate, recorder.stopped_recording(main, "virtual", stop, remarks))
            raise
        finally:
            refused = _close(loop, left)
    awaited = None if outer is None else _of_outer_loop(main, outer)
    error = error or refused or awaited
    recording = recorder.recording(main, "virtual", error, (
        *work.remarks(), *_real_clocks(loop, recorder), *_real_threads(loop, recorder, error)))
    if recording.exception is not None:
        recording.exception.__traceback__ = learners_traceback(recording.exception.__traceback__)
    return recording


keep_stopped(simulate, None)


def _real_clocks(loop: VirtualTimeLoop, recorder: Recorder) -> tuple[Remark, ...]:
    """Remarks on what the program has read that is not in virtual time."""
    return tuple(_remark(recorder, now, row, place, what) for (what, place), (now, row) in loop.real_clocks.items())


def _real_threads(loop: VirtualTimeLoop, recorder: Recorder, error: BaseException | None) -> tuple[Remark, ...]:
    """Remarks on threads that the loop did not start, unless the run has ended since there are such."""
    if isinstance(error, NotSimulated):
        return ()
    return tuple(_remark(recorder, seen.now, seen.row, seen.place, what) for what, seen in loop.outside.real_threads())


def _remark(recorder: Recorder, now: int, row: Row | None, place: Place | None, words: str) -> Remark:
    return Remark("real clock", (now - recorder.started) / 1e9,
                  row.id if row is not None and row.recorder is recorder else None, place, 0.0, words)


def _run(loop: VirtualTimeLoop, main: asyncio.Task) -> Exception | None:
    try:
        loop.run_until_complete(main)
    except NotSimulated as error:
        return error
    except (Deadlock, Endless, StuckThread) as error:
        if not main.done():
            return error
    except KeyboardInterrupt:       # the stop button stops the cell, not the coroutine alone
        raise
    except BaseException:
        if not main.done():
            raise
    return None


def _of_outer_loop(main: asyncio.Task, outer: asyncio.AbstractEventLoop) -> NotSimulated | None:
    """The error if the run waited for something of the loop in whose cell it stood, even if it went on without it.

    Of a future that is no task only the error tells, if the run ended with it.
    """
    awaited = [task for task in asyncio.all_tasks(outer) if is_blocking(task)]
    for task in awaited:
        stop_blocking(task)                     # or nobody could ever wait for it again
    error = None if not main.done() or main.cancelled() else main.exception()
    while error is not None and not (isinstance(error, RuntimeError) and _DIFFERENT in str(error)):
        error = error.__cause__ or error.__context__
    if error is None and not awaited:
        return None
    found = refusal("this run waits for a task or a future of the notebook's own loop, which stands still meanwhile: "
                    "such a task works", "make it inside of the run", None if error is None else place_of_error(error))
    found.__cause__ = error
    return found


_DIFFERENT = "attached to a different loop"


def learners_traceback(entry: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of asyncio and of this package in front of the learner's first.

    If none is the learner's, as of a `Deadlock`, it is what comes after the last frame of this package: nothing, or
    what a library has raised.
    """
    first = last = entry
    while first is not None and is_library(first.tb_frame.f_code):
        if is_courses(first.tb_frame):
            last = first.tb_next
        first = first.tb_next
    return first or last


def _close(loop: VirtualTimeLoop, left: list[asyncio.Task[Any]]) -> NotSimulated | None:
    """End a loop as `asyncio.run` does: cancel what is left, close generators, wait for threads.

    left  the tasks that are left, in order; if there are none, they are looked for

    Gives the error if something was refused only then.
    """
    refused = None
    try:
        left = left or loop.open_tasks()
        cancel_all(left)
        if left:
            refused = _finish(loop, lambda: asyncio.gather(*left, return_exceptions=True))
            if refused is not None:                 # the others clean up all the same
                _finish(loop, lambda: asyncio.gather(*left, return_exceptions=True))
            _tell_errors(loop, left)
        refused = _finish(loop, loop.shutdown_asyncgens) or refused
        refused = _finish(loop, loop.shutdown_default_executor) or refused
    finally:
        with in_charge_of_time(loop):
            abandon(loop, loop.open_tasks())
        loop.close()
    return refused


def _tell_errors(loop: VirtualTimeLoop, tasks: list[asyncio.Task[Any]]) -> None:
    """Tell, as `asyncio.run` does, of what went wrong while tasks that were left were cancelled."""
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler({
                "message": "unhandled exception in a task that was cancelled at the end of simulate()",
                "exception": task.exception(),
                "task": task,
            })


def _finish(loop: VirtualTimeLoop, ending: Callable[[], Awaitable[object]]) -> NotSimulated | None:
    """Run a step of the clean-up, unless a task or a thread is in the way that will not go; gives what was refused."""
    async def end() -> None:
        await ending()

    coro = end()
    task = loop.create_task(coro)
    try:
        try:
            loop.run_until_complete(task)
        except RuntimeError as error:       # on Python 3.11 a refusal may leave the main task's stop in the loop
            if type(error) is not RuntimeError or task.done():
                raise
            loop.run_until_complete(task)
    except (Deadlock, Endless, StuckThread):
        pass
    except NotSimulated as error:
        coro.close()                    # it may not have begun
        return error
    return None


@contextlib.contextmanager
def _outer_loop_paused() -> Iterator[asyncio.AbstractEventLoop | None]:
    """Make room for a loop of our own in a thread whose loop is running, in the middle of one of its tasks."""
    outer = get_running_loop()
    if outer is None:
        yield None
        return
    task = asyncio.current_task(outer)
    if task is not None:
        leave_task(outer, task)
    set_running_loop(None)
    try:
        yield outer
    finally:
        set_running_loop(outer)
        if task is not None:
            enter_task(outer, task)
