"""What is set on a loop while it is recorded, in front of the methods of its class.

Every first step and every wake-up of a task is a `loop.call_soon`; tasks that may begin at once are made by
`loop.create_task`, or ask `loop.is_running`; other threads use `loop.call_soon_threadsafe`; every job for a worker
thread is given to `loop.run_in_executor`. Each function here whose name begins with `new_` makes a version of one of
these, for one loop, that does the same and takes notes. They are closures: what they need at every call is at hand.

Whatever goes wrong while notes are taken is kept as the failure of the recording, and the program goes on.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from helpers.recorder.asyncio_internals import (
    EXACT_FUTURES,
    METHODS,
    THREADSAFE_CALLBACK,
    Future,
    PyTask,
    Task,
    get_running_loop,
    hear_of_tasks,
    is_own,
    noting_call_soon,
    variable,
)
from helpers.recorder.cuts import ended_cancelled, woken_by_cancelled
from helpers.recorder.learners_code import is_library
from helpers.recorder.names import coroutine_name
from helpers.recorder.new_tasks import asked, begun, first_step, kept, recorder_of, row_of_current
from helpers.recorder.notes import CURRENT, ROWS, STEPPING, STRIDE, Notes, Row
from helpers.recorder.turns import WATCHES
from helpers.recorder.waits import name_job_callback

if TYPE_CHECKING:
    from helpers.recorder.watch import Watch

_row_of = ROWS.get


def new_call_soon(watch: Watch) -> Callable[..., asyncio.Handle]:
    """`loop.call_soon`: tells when a task is woken, and when a new one asks for its first step."""
    loop, recordings, eager, clock = watch.loop, watch.recordings, watch.eager, watch.clock
    current, current_task = CURRENT.get, asyncio.current_task

    def first(task: Any, context: contextvars.Context | None) -> None:
        try:
            maker, recorder = current_task(loop), current()
            above = _row_of(id(maker))
            if above is None or maker is task or eager or recorder is None or recorder not in recordings:
                begun(watch, task, context)
            else:                               # mostly it is as simple as that
                Row(recorder, task.get_coro(), above, clock()).follow(task)
        except Exception as error:
            watch.fail(error)

    return noting_call_soon(watch.loop, _woken(watch, first), STEPPING, first)


def _woken(watch: Watch, first: Callable[[Any, contextvars.Context | None], None]) -> Callable[[Any, Any], None]:
    """What hears of every callback that is put into the loop's queue: it may wake a task.

    A step that a task asks for itself, after `sleep(0)`, needs no note: the task is ready from the moment at which it
    stopped. In virtual time much happens at one instant, so there the turn is noted as well.
    """
    clock, exact, plain = watch.clock, watch.sampler.exact, EXACT_FUTURES

    def woken(callback: Any, args: Any) -> None:
        if type(callback) in METHODS:
            row = _row_of(id(callback.__self__))
            if row is not None:
                row.ready = watch.due or clock()
                if exact:
                    row.woken = -1 if watch.due else len(row.recorder.notes) // STRIDE
                if args:
                    future = args[0]
                    if future.cancelled() if type(future) in plain else ended_cancelled(future):
                        cancelled(row, callback.__self__)
            elif PyTask is not None and isinstance(callback.__self__, PyTask) and not args:
                first(callback.__self__, None)

    def cancelled(row: Row, task: Any) -> None:
        try:
            woken_by_cancelled(watch, row, task)
        except Exception as error:
            row.recorder.fail(error)

    return woken


def new_call_soon_threadsafe(watch: Watch) -> Callable[..., asyncio.Handle]:
    """`loop.call_soon_threadsafe`: what a thread of the program's has called on the loop belongs to its recording.

    A thread begins with an empty context. If it is younger than the recording, and what it has called is the learner's
    or a coroutine of the learner's, it is the program's.
    """
    loop, original = watch.loop, watch.loop.call_soon_threadsafe

    def call_soon_threadsafe(callback: Any, *args: Any, context: contextvars.Context | None = None) -> asyncio.Handle:
        if context is None and CURRENT.get() is None and threading.get_ident() not in watch.threads:
            context = _context_of(watch, callback)
        handle = original(callback, *args, context=context)
        if loop._debug and handle._source_traceback:    # type: ignore[attr-defined]
            del handle._source_traceback[-1]            # type: ignore[attr-defined]  # of this function
        return handle

    return call_soon_threadsafe


def _context_of(watch: Watch, callback: Any) -> contextvars.Context | None:
    """A context that belongs to the recording for what a younger thread calls on the loop; None if it shall not."""
    try:
        code = getattr(callback, "__code__", None)
        if code is THREADSAFE_CALLBACK:
            coro = variable(callback, "coro")
            code = getattr(coro, "cr_code", None) or getattr(coro, "gi_code", None)
        if code is None or is_library(code) or not watch.recordings:
            return None
        context = contextvars.copy_context()
        context.run(CURRENT.set, watch.recordings[-1])
        return context
    except Exception as error:
        watch.fail(error)
        return None


def new_is_running(watch: Watch) -> Callable[[], bool]:
    """`loop.is_running`: `asyncio.Task` asks it for a task that shall begin eagerly."""
    loop, original = watch.loop, watch.loop.is_running

    def is_running() -> bool:
        if threading.get_ident() == loop._thread_id:
            try:
                asked(watch)
                hear_of_tasks(_kept)
            except Exception as error:
                watch.fail(error)
        return original()

    return is_running


def _kept(task: Any) -> None:
    watch = WATCHES.get(task.get_loop())
    if watch is not None:
        try:
            kept(watch, task)
        except Exception as error:
            watch.fail(error)


def new_create_task(watch: Watch) -> Callable[..., Any]:
    """`loop.create_task`: a task that may run while it is made has its row before."""
    loop, original = watch.loop, watch.loop.create_task
    plain = is_own(loop, "create_task")

    def create_task(coro: Any, **options: Any) -> Any:
        if plain and loop._task_factory is None and "eager_start" not in options:
            task = original(coro, **options)                # its row is made by `call_soon`
            if task._source_traceback:              # type: ignore[attr-defined]
                del task._source_traceback[-1]      # type: ignore[attr-defined]  # of this function: asyncio does so too
            return task
        current = asyncio.current_task(loop)
        above = row_of_current(watch, current)
        recorder = recorder_of(watch, above, options.get("context"))
        if recorder is None:
            return original(coro, **options)
        row = _begin_eagerly(watch, recorder, coro, above, id(current))
        task = None                                         # type: ignore[assignment]
        try:
            task = original(coro, **options)
        finally:
            _end_eagerly(watch, recorder, row, task, coro)
        return task

    return create_task


def _begin_eagerly(watch: Watch, recorder: Notes, coro: Any, above: Row | None, maker: int) -> Row | None:
    """Make a row for a task that may run its first step while `maker` makes it, an id(); None if that failed.

    What that step makes comes after the task itself.
    """
    watch.read_late_names()
    try:
        row = Row(recorder, coro, above, recorder.clock())
    except Exception as error:
        recorder.fail(error)
        return None
    watch.eager.append((row, maker))
    return row


def _end_eagerly(watch: Watch, recorder: Notes, row: Row | None, task: Any, coro: Any) -> None:
    """The task is made, and may be done; it is None, or only behaves like a task, if a task factory has other ideas."""
    if row is None:
        return
    watch.eager.pop()
    try:
        if hasattr(task, "_fut_waiter"):
            _give_back(row, task)
            _note_eager(watch, task, row, coro)
        elif row.key is None and recorder.rows[-1] is row:
            del recorder.rows[-1]
    except Exception as error:
        recorder.fail(error)


def _give_back(row: Row, task: Any) -> None:
    """If a task factory has made another task before the one that it returns, that took the row, and they change."""
    other = _row_of(id(task))
    if row.key in (None, id(task)) or other is None or row.reference is None:
        return
    first = row.reference()
    row.follow(task)
    if first is not None:
        other.follow(first)
        other.coroutine = coroutine_name(first.get_coro())


def _note_eager(watch: Watch, task: Task, row: Row, coro: Any) -> None:
    """Note the first step of a new task, if a task factory has run it already."""
    if row.key is None:
        row.follow(task)
    if task.done() or task._fut_waiter is not None or getattr(coro, "cr_suspended", False):
        first_step(watch, task, row, row.recorder.clock())


def new_run_in_executor(watch: Watch) -> Callable[..., Any]:
    """`loop.run_in_executor`: a job notes in which thread it ran, from when to when."""
    loop, original = watch.loop, watch.loop.run_in_executor

    def run_in_executor(executor: Any, func: Any, *args: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None or recorder.loop is not loop:
            recorder = watch.everything
        # A process pool must be able to pickle the function; in debug mode asyncio looks at it.
        if recorder is None or loop._debug or not callable(func) \
                or not (executor is None or type(executor) is ThreadPoolExecutor):
            given: Any = original(executor, func, *args)
            if recorder is not None and executor is not None and isinstance(given, asyncio.Future) \
                    and not given.done():
                given.add_done_callback(_mark_of(executor))
            return given
        jobs, number = recorder.jobs, _number_of_caller(watch, recorder)

        def timed(*args: Any) -> Any:
            started = time.perf_counter_ns()            # not clock(): a thread in virtual time has a time of its own
            try:
                return func(*args)
            finally:
                jobs.append((threading.current_thread().name, started, time.perf_counter_ns(), number))

        future: Any = original(executor, timed, *args)
        if future.done():
            _forget_timed(future)
        else:
            future.add_done_callback(_forget_timed)
        return future

    return run_in_executor


def _number_of_caller(watch: Watch, recorder: Notes) -> int | None:
    """The number in a recording of the task that is running; None if it is none of the recording's."""
    try:
        if get_running_loop() is recorder.loop:
            row = row_of_current(watch, asyncio.current_task(recorder.loop))
            if row is not None and row.recorder is recorder:
                return row.id
    except Exception as error:
        recorder.fail(error)
    return None


def _forget_timed(future: Future) -> None:
    """Take `timed` out of the traceback of an exception from a worker thread, before anybody sees it."""
    try:
        _cut_traceback(future)
    except Exception as error:
        watch = WATCHES.get(future.get_loop())
        if watch is not None:
            watch.fail(error)


def _cut_traceback(future: Future) -> None:
    if not future.cancelled() and future._exception is not None:
        entry = future._exception.__traceback__
        while entry is not None and entry.tb_next is not None:
            code = entry.tb_next.tb_frame.f_code
            if code.co_name == "timed" and code.co_filename == __file__:
                entry.tb_next = entry.tb_next.tb_next
                break
            entry = entry.tb_next


def _mark_of(executor: Any) -> Callable[[Any], None]:
    """What to have called when a job of a pool is done, so that one sees what kind of pool it is."""
    if isinstance(executor, ThreadPoolExecutor):
        return _job_of_thread
    processes = sys.modules.get("concurrent.futures.process")       # nobody has a pool of processes without it
    if processes is not None and isinstance(executor, processes.ProcessPoolExecutor):
        return _job_of_process
    return _job_of_worker


def _job_of_thread(future: Future) -> None: ...
def _job_of_process(future: Future) -> None: ...
def _job_of_worker(future: Future) -> None: ...


name_job_callback("thread", _forget_timed)
name_job_callback("thread", _job_of_thread)
name_job_callback("process", _job_of_process)
name_job_callback("worker", _job_of_worker)
