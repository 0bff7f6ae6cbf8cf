"""What is set on a loop while it is recorded, in front of the methods of its class.

Every task is made by `loop.create_task`; every wake-up is a `loop.call_soon`; every job for a worker thread is given to
`loop.run_in_executor`. Each function here whose name begins with `new_` makes a version of one of these, for one loop,
that does the same and takes notes. They are closures: what they need at every call is at hand.

Whatever goes wrong while notes are taken is kept as the failure of the recording, and the program goes on.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from helpers.recorder.asyncio_internals import METHODS, Future, Task, get_running_loop, is_own, noting_call_soon
from helpers.recorder.notes import CURRENT, ROWS, STRIDE, Notes, Row
from helpers.recorder.turns import WATCHES
from helpers.recorder.waits import name_job_callback, read_wait

if TYPE_CHECKING:
    from helpers.recorder.watch import Watch

_row_of = ROWS.get


def new_call_soon(watch: Watch) -> Callable[..., asyncio.Handle]:
    """`loop.call_soon`: tells when a task is woken."""
    return noting_call_soon(watch.loop, _woken(watch))


def _woken(watch: Watch) -> Callable[[Any], None]:
    """What hears of every callback that is put into the loop's queue: it may wake a task.

    A step that a task asks for itself, after `sleep(0)`, needs no note: the task is ready from the moment at which it
    stopped. In virtual time much happens at one instant, so there the turn is noted as well.
    """
    clock, exact = watch.clock, watch.sampler.exact

    def woken(callback: Any) -> None:
        if type(callback) in METHODS:
            row = _row_of(id(callback.__self__))
            if row is not None:
                row.ready = watch.due or clock()
                if exact:
                    row.woken = -1 if watch.due else len(row.recorder.notes) // STRIDE

    return woken


def new_create_task(watch: Watch) -> Callable[..., Any]:
    """`loop.create_task`: the tasks of a recording get a row."""
    loop, recordings, eager, clock = watch.loop, watch.recordings, watch.eager, watch.clock
    original, current, current_task = loop.create_task, CURRENT.get, asyncio.current_task
    plain = is_own(loop, "create_task")

    def create_task(coro: Any, **options: Any) -> Any:
        recorder = current()
        if recorder is None or recorder not in recordings:      # one of another loop, or one that is over
            recorder = watch.everything
            if recorder is None:
                return original(coro, **options)
        created = clock()
        above = eager[-1] if eager else _row_of(id(current_task(loop)))
        if not plain or loop._task_factory is not None or "eager_start" in options:
            row = _begin_eagerly(watch, recorder, coro, above, created)
            task = None
            try:
                task = original(coro, **options)
            finally:
                _end_eagerly(watch, recorder, row, task, coro)
            return task
        task = original(coro, **options)
        if task._source_traceback:              # type: ignore[attr-defined]
            del task._source_traceback[-1]      # type: ignore[attr-defined]  # of this function: asyncio does so too
        try:
            Row(recorder, coro, above, created).follow(task)
        except Exception as error:
            recorder.fail(error)
        return task

    return create_task


def _begin_eagerly(watch: Watch, recorder: Notes, coro: Any, above: Row | None, created: int) -> Row | None:
    """Make a row for a task that may run its first step while it is made; None if that failed.

    What that step makes comes after the task itself.
    """
    watch.read_late_names()
    try:
        row = Row(recorder, coro, above, created)
    except Exception as error:
        recorder.fail(error)
        return None
    watch.eager.append(row)
    return row


def _end_eagerly(watch: Watch, recorder: Notes, row: Row | None, task: Any, coro: Any) -> None:
    """The task is made, and may be done; it is None, or only behaves like a task, if a task factory has other ideas."""
    if row is None:
        return
    watch.eager.pop()
    try:
        if hasattr(task, "_fut_waiter"):
            _note_eager(watch, task, row, coro)
        elif recorder.rows[-1] is row:
            del recorder.rows[-1]
    except Exception as error:
        recorder.fail(error)


def _note_eager(watch: Watch, task: Task, row: Row, coro: Any) -> None:
    """Note the first step of a new task, if a task factory has run it already."""
    row.follow(task)
    if not (task.done() or task._fut_waiter is not None or getattr(coro, "cr_suspended", False)):
        return
    recorder = row.recorder
    ended = recorder.clock()
    wait = None
    if not task.done():
        wait = read_wait(task.get_coro(), task._fut_waiter, ROWS, recorder)
        if row.owner is not None:
            row.owner.look(task.get_coro(), wait)
    recorder.notes += row.id, row.created, -1, row.created, ended, wait
    if wait is None:
        reference = row.reference
        row.finish(task, ended)
        row.reference = reference               # Python 3.12 gives it the name only now
        watch.late_names.append(row)


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
        jobs, number = recorder.jobs, _number_of_caller(recorder)

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


def _number_of_caller(recorder: Notes) -> int | None:
    """The number in a recording of the task that is running; None if it is none of the recording's."""
    try:
        if get_running_loop() is recorder.loop:
            row = _row_of(id(asyncio.current_task(recorder.loop)))
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
