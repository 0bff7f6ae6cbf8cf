"""What is replaced on a loop while it is recorded, and the turn itself.

Every step that a task takes, asyncio makes by calling `Handle._run`; every task is made by `loop.create_task`; every
wake-up is a `loop.call_soon`; every job for a worker thread is given to `loop.run_in_executor`. While at least one
recording is under way these four are replaced by versions that do the same and take notes, and afterwards they are put
back. All recordings of a loop share one `Watch`, and all loops one `Handle._run`.

Whatever goes wrong while notes are taken is kept as the failure of the recording, and the program goes on.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from types import CodeType
from typing import Any

from helpers.recorder.asyncio_internals import (
    METHODS,
    Future,
    Handle,
    Step,
    Task,
    Timer,
    get_running_loop,
    is_own,
    noting_call_soon,
    report,
)
from helpers.recorder.notes import CURRENT, ROWS, STRIDE, Notes, Row
from helpers.recorder.waits import Wait, name_thread_callback, read_turn, read_wait
from helpers.recording import Place

DETAILED = 500 * STRIDE     # entries in the notes up to which steps aside are noted with their line

WATCHES: dict[asyncio.AbstractEventLoop, Watch] = {}        # what is installed, and where
_lock = threading.Lock()
_original_run: Callable[[Handle], None] = Handle._run       # mostly asyncio's own
_row_of = ROWS.get
_TURN = Wait("turn")


class Watch:
    """The replacements on one loop, shared by the recordings that are under way on it."""

    def __init__(self, first: Notes) -> None:
        self.loop = first.loop
        self.clock = first.clock
        self.sampler = first.sampler
        self.threshold = first.threshold
        self.recordings: list[Notes] = []
        self.everything: Notes | None = None        # the recording to which the tasks belong that belong to no other
        self.thread = threading.get_ident()
        self.turns: Collection[CodeType] = (_run.__code__, _run_other.__code__)
        self.due = 0            # when the timer was due that is being served; 0 if none is
        self.eager: list[Row] = []          # tasks that are being made, innermost last: they may run meanwhile
        self.late_names: list[Row] = []     # tasks that were done before they had a name
        # the loop's clock is in seconds and may begin elsewhere: deadlines are converted with this
        self.offset = self.clock() - round(self.loop.time() * 1e9)
        self.before: dict[str, Any] = {}    # what others had set on the loop
        self.hooks: dict[str, Callable[..., Any]] = {
            "call_soon": noting_call_soon(self.loop, _woken(self)),
            "create_task": _create_task(self),
            "run_in_executor": _run_in_executor(self),
        }

    def add(self, recording: Notes) -> None:
        """Record for one more recording."""
        self.recordings.append(recording)
        self._recount()

    def remove(self, recording: Notes) -> None:
        """A recording is over: after the last one everything is put back."""
        with _lock:
            self.recordings.remove(recording)
            self._recount()
            if not self.recordings:
                del WATCHES[self.loop]
                if not WATCHES:
                    Handle._run = _original_run         # type: ignore[method-assign, assignment]
                self._put_back()
        if not self.recordings:
            self.sampler.stop_sampling()

    def _recount(self) -> None:
        self.threshold = min((each.threshold for each in self.recordings), default=self.threshold)
        self.everything = next((each for each in self.recordings if each.everything), None)

    def put(self) -> None:
        """Set the hooks on the loop, in front of the methods of its class."""
        attributes = vars(self.loop)
        self.before = {name: attributes[name] for name in self.hooks if name in attributes}
        attributes.update(self.hooks)

    def _put_back(self) -> None:
        attributes = vars(self.loop)
        for name, hook in self.hooks.items():
            if attributes.get(name) is hook:            # else somebody replaced ours: leave theirs
                del attributes[name]
                if name in self.before:
                    attributes[name] = self.before[name]
        self.hooks = {}

    def read_late_names(self) -> None:
        """Read the names of tasks that were done before they had one."""
        while self.late_names:
            row = self.late_names.pop()
            try:
                row.read_name()
            except Exception as error:
                row.recorder.fail(error)

    def sample(self, place: Place | None, weight: int, at: int | None = None) -> None:
        """Somebody saw the turn that is under way at this line."""
        seen = (self.clock() if at is None else at, place, weight)
        for recording in tuple(self.recordings):
            recording.seen.append(seen)

    def fail(self, error: Exception) -> None:
        """Something went wrong that concerns every recording on the loop."""
        for recording in tuple(self.recordings):
            recording.fail(error)

    def blocked_by(self, callback: Any, started: int, ended: int) -> None:
        """A callback that is no task took longer than the threshold."""
        for recording in self.recordings:
            if ended - started > recording.threshold:
                recording.blocks.append((started, ended, _called(callback)))


def install(recording: Notes) -> Watch:
    """Begin to take notes on the loop of a recording."""
    global _original_run
    with _lock:
        watch = WATCHES.get(recording.loop)
        fresh = watch is None
        if watch is None:
            watch = Watch(recording)
            if not WATCHES:
                _original_run = Handle._run
                Handle._run = _run                      # type: ignore[method-assign, assignment]
            WATCHES[recording.loop] = watch
            watch.put()
        watch.add(recording)
    if fresh:
        try:
            watch.sampler.start_sampling(watch)
        except BaseException:                           # there may be no thread to be had
            watch.remove(recording)
            raise
    return watch


# -- what is set on the loop object -----------------------------------------------------------------

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


def _create_task(watch: Watch) -> Callable[..., Any]:
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
            recorder.add(coro, above, created).follow(task)
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
        row = recorder.add(coro, above, created)
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
    recorder.notes += row.id, row.created, -1, row.created, ended, wait
    if wait is None:
        reference = row.reference
        row.finish(task, ended)
        row.reference = reference               # Python 3.12 gives it the name only now
        watch.late_names.append(row)


def _run_in_executor(watch: Watch) -> Callable[..., Any]:
    """`loop.run_in_executor`: a job notes in which thread it ran, from when to when."""
    loop, original = watch.loop, watch.loop.run_in_executor

    def run_in_executor(executor: Any, func: Any, *args: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None or recorder.loop is not loop:
            recorder = watch.everything
        # A process pool must be able to pickle the function; in debug mode asyncio looks at it.
        if recorder is None or loop._debug or not callable(func) \
                or not (executor is None or type(executor) is ThreadPoolExecutor):
            return original(executor, func, *args)
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


name_thread_callback(_forget_timed)


def _called(callback: Any) -> str:
    """What to call a callback that is no task's."""
    try:
        name = callback.__qualname__
    except Exception:                   # the program's own object: what it does when asked is its own affair
        return "a callback"
    return name if isinstance(name, str) else "a callback"


# -- a turn on the loop -----------------------------------------------------------------------------

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
        if row is not None and not args and _is_foreign(callback):
            row = None
    if row is None:
        callback = args = task = None
        _run_other(self)
        self = None                             # type: ignore[assignment]
        return
    recorder: Any = row.recorder
    clock = recorder.clock
    started = clock()
    try:
        if args:
            self._context.run(callback, *args)
        else:
            self._context.run(callback)         # faster than with *args, and most steps have none
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        report(self, error)
    finally:
        ended = clock()
        try:
            notes = recorder.notes
            if task._fut_waiter is not None:
                wait = read_wait(task.get_coro(), task._fut_waiter, ROWS, recorder)
                notes += row.id, row.ready, row.woken, started, ended, wait
            elif task.done():
                notes += row.id, row.ready, row.woken, started, ended, None
                row.finish(task, ended)
            else:
                wait = _TURN if len(notes) > DETAILED else read_turn(task.get_coro())
                notes += row.id, row.ready, row.woken, started, ended, wait
        except Exception as error:
            recorder.fail(error)
        self = callback = args = task = row = recorder = notes = None       # type: ignore[assignment]


def _is_foreign(callback: Any) -> bool:
    """Whether a task's method that takes no arguments is another than its next step, as in `call_soon(task.cancel)`."""
    return getattr(callback, "__name__", "") != "__step"


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
    try:
        _original_run(self)
    finally:
        watch.due = 0
        ended = watch.clock()
        if ended - started > watch.threshold and threading.get_ident() == watch.thread:
            try:
                watch.blocked_by(self._callback, started, ended)
            except Exception as error:
                watch.fail(error)
        self = watch = None                     # type: ignore[assignment]
