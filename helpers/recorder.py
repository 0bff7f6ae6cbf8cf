"""Watch the tasks of a running event loop without disturbing them.

`run = await record(main())` runs `main()` as a task of the loop that is running, and gives a
`Recording` of everything that it and the tasks made by it did.

Every step that a task takes, asyncio makes by calling `Handle._run`; every task is made by
`loop.create_task`; every wake-up is a `loop.call_soon`. While at least one recording is under way
these three are replaced by versions that do the same and take notes, and afterwards they are put
back. Tasks, coroutines, task factories and handles stay what they are, so the program under
observation cannot tell: same types, names, order, tracebacks, cancellation, context variables.
Which tasks belong to the recording is told by a context variable: a task's children inherit it.

The notes are kept small, as flat rows of integers; `Recorder.recording` makes words of them later.

Limits: a task made with `asyncio.Task(...)` instead of `create_task` is not seen, and a loop that is
not written in Python (uvloop) cannot be watched.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import weakref
from asyncio import base_events, events, format_helpers
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter_ns
from types import CoroutineType
from typing import Any, Callable, Coroutine

from .recording import (
    BLOCKED, CANCELLED, EXCEPTION, PENDING, READY, RESULT, RUN, WAIT,
    Place, Recording, Span, Task, ThreadJob,
)
from .waits import coroutine_name, given_name, learners_place, read_wait

THRESHOLD = 0.1             # seconds; a longer turn on the loop counts as blocking it

_recorder: contextvars.ContextVar[Recorder | None] = contextvars.ContextVar("helpers.recorder", default=None)
_rows: dict[int, _Row] = {}             # id(task) -> its row, for every recorded task that is not finished
_watches: dict[Any, _Watch] = {}        # loop -> what is installed on it
_lock = threading.Lock()


async def record(coro: Coroutine, *, threshold: float = THRESHOLD) -> Recording:
    """Run a coroutine in real time, on the running loop, and give the recording of its run.

    coro       a coroutine object: `await record(main())`
    threshold  seconds; a turn on the loop that takes longer counts as blocking it

    An exception that the coroutine raises is kept: the recording shows it, and `.result` raises it.
    Cancelling `record` (the stop button, a timeout around it) cancels the coroutine, waits for its
    clean-up, and raises CancelledError. Raises TypeError for anything that is not a coroutine object.
    """
    coro = check_coroutine(coro, "await record")
    loop = asyncio.get_running_loop()
    recorder = Recorder(loop, perf_counter_ns, threshold)
    with recorder:
        task = recorder.context.run(loop.create_task, coro, context=recorder.context)
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait((task,))
            raise
    return recorder.recording(task, "real")


def check_coroutine(coro: Any, call: str) -> Coroutine:
    """The coroutine object itself, or a TypeError that shows how to call `call`."""
    if isinstance(coro, CoroutineType):
        return coro
    name = getattr(coro, "__name__", "main")
    if asyncio.iscoroutine(coro):           # a duck-typed coroutine (Cython, mocks): tasks accept it, so do we
        return coro
    if callable(coro):
        raise TypeError(f"{call}(...) wants a coroutine object, but got the function {name} itself: "
                        f"call it, as in {call}({name}())")
    if asyncio.isfuture(coro):
        raise TypeError(f"{call}(...) wants a coroutine object, but got a {type(coro).__name__}, which has begun already: "
                        f"write async def main(): return await ... around it, and {call}(main())")
    raise TypeError(f"{call}(...) wants a coroutine object, but got {coro!r} (a {type(coro).__name__}): "
                    f"pass the call of an async def function, as in {call}(main())")


class _Row:
    """The notes on one task. Times are integers, nanoseconds on the recording's clock."""

    __slots__ = ("id", "watch", "note", "name", "coroutine", "parent", "created", "finished", "outcome", "error",
                 "reference", "ready")


class _Reference(weakref.ref):
    """A weak reference that knows the key under which its task is filed."""

    __slots__ = ("key",)


def _forget(reference: _Reference) -> None:
    row = _rows.get(reference.key)
    if row is not None and row.reference is reference:
        del _rows[reference.key]
        row.outcome = "lost"


class Recorder:
    """Takes notes on the tasks that are created in `context`, between `with` and its end.

    loop       the event loop to watch
    clock      gives the time in nanoseconds, as an integer that never falls
    threshold  seconds of a turn that counts as blocking
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], int], threshold: float = THRESHOLD) -> None:
        if not isinstance(threshold, (int, float)) or not threshold > 0:
            raise ValueError(f"threshold is a number of seconds above 0, such as 0.1; got {threshold!r}")
        if not isinstance(loop, base_events.BaseEventLoop):
            raise TypeError(f"only asyncio's own event loops can be watched, not {type(loop).__module__}.{type(loop).__qualname__}")
        self.loop = loop
        self.clock = clock
        self.threshold = round(threshold * 1e9)
        self.rows: list[_Row] = []
        self.notes: list = []               # five entries a step: task, ready, started, ended, wait
        self.blocks: list[tuple[int, int, int, Place | None, str]] = []     # row, started, ended, line, callback
        self.jobs: list[tuple[str, int, int, int | None]] = []              # thread, started, ended, row
        self.context = contextvars.copy_context()
        self.context.run(_recorder.set, self)

    def __enter__(self) -> Recorder:
        self.started = self.clock()
        _Watch.install(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.ended = self.clock()
        self.watch.remove(self)
        for row in self.rows:
            if row.reference is not None:
                task = row.reference()
                if task is not None:
                    _rows.pop(row.reference.key, None)
                    row.name = given_name(task)
                row.reference = None

    def add(self, task: asyncio.Task, parent: asyncio.Task | None, created: int) -> _Row:
        """Begin the notes on a task."""
        row = _Row()
        rows = self.rows
        row.id = len(rows)
        row.watch = self.watch
        row.note = self.notes.extend
        row.coroutine = coroutine_name(task.get_coro())
        above = _rows.get(id(parent))
        row.parent = above.id if above is not None and above.note.__self__ is self.notes else None
        row.created = row.ready = created
        row.name = row.finished = row.outcome = row.error = None
        row.reference = reference = _Reference(task, _forget)
        reference.key = key = id(task)
        rows.append(row)
        _rows[key] = row
        return row

    def recording(self, main: asyncio.Task, clock: str, exception: BaseException | None = None) -> Recording:
        """The recording of a run, after the end of the `with` block.

        exception  what ended the run before the main task was done; without it that task is done
        """
        value = None
        if exception is None:
            try:
                value = main.result()
            except BaseException as error:      # CancelledError, KeyboardInterrupt and SystemExit too
                exception = error
        tasks, elapsed = _words(self)
        error = "" if exception is None else _describe(exception)
        return Recording(tasks, elapsed, clock, _jobs(self), error, value, exception)


# -- what is installed on a loop --------------------------------------------------------------------

class _Watch:
    """The replacements on one loop, shared by the recordings that are under way on it."""

    def __init__(self, recorder: Recorder) -> None:
        self.loop = recorder.loop
        self.clock = recorder.clock
        self.recorders: list[Recorder] = []
        self.thread = threading.get_ident()
        self.turn = 0           # when the turn that is under way began; 0 if none is
        self.due = 0            # when the timer was due that is being served; 0 if none is
        self.threshold = recorder.threshold
        # the loop's clock is in seconds and may begin elsewhere: deadlines are converted with this
        self.offset = self.clock() - round(self.loop.time() * 1e9)
        self.samples: dict[int, dict[Place | None, int]] = {}

    @classmethod
    def install(cls, recorder: Recorder) -> None:
        with _lock:
            watch = _watches.get(recorder.loop)
            if watch is None:
                if not _watches:
                    events.Handle._run = _run
                watch = _watches[recorder.loop] = cls(recorder)
                watch.hooks = _hooks(watch)
                vars(watch.loop).update(watch.hooks)
                if getattr(watch.loop, "watch_blocking", None):
                    watch.loop.watch_blocking(watch.sample)      # virtual time: told, not guessed
                else:
                    watch.watchdog = _Watchdog(watch)
            watch.recorders.append(recorder)
            watch.threshold = min(r.threshold for r in watch.recorders)
            recorder.watch = watch

    def remove(self, recorder: Recorder) -> None:
        with _lock:
            self.recorders.remove(recorder)
            if self.recorders:
                self.threshold = min(r.threshold for r in self.recorders)
                return
            del _watches[self.loop]
            if not _watches:
                events.Handle._run = _original_run
            for name, hook in self.hooks.items():
                if vars(self.loop).get(name) is hook:            # else somebody replaced ours: leave theirs
                    del vars(self.loop)[name]
            self.hooks = {}
        if getattr(self.loop, "watch_blocking", None):
            self.loop.watch_blocking(None)
        else:
            self.watchdog.stop()

    def sample(self, place: Place | None, weight: int) -> None:
        """Somebody saw the turn that is under way at this line."""
        lines = self.samples.setdefault(self.turn, {})
        lines[place] = lines.get(place, 0) + weight

    def blocked(self, row: _Row | None, started: int, ended: int, callback: Any) -> None:
        """A turn took longer than the threshold."""
        lines = self.samples.pop(started, None) or {None: 0}
        known = {place: n for place, n in lines.items() if place is not None} or lines
        place = max(known, key=known.__getitem__)
        for recorder in self.recorders:
            if ended - started > recorder.threshold:
                mine = row is not None and row.note.__self__ is recorder.notes
                recorder.blocks.append((row.id if mine else -1, started, ended, place,
                                        "" if mine else getattr(callback, "__qualname__", "a callback")))


_original_run = events.Handle._run


def _hooks(watch: _Watch) -> dict[str, Callable]:
    """What is set on the loop object, in front of the methods of its class."""
    loop, clock = watch.loop, watch.clock
    original_call_soon, original_create = loop.call_soon, loop.create_task
    original_executor = loop.run_in_executor
    row_of = _rows.get
    plain = type(loop).call_soon is base_events.BaseEventLoop.call_soon and "call_soon" not in vars(loop)
    Handle = events.Handle

    def call_soon(callback, *args, context=None):
        row = row_of(id(getattr(callback, "__self__", None)))
        if row is not None:
            due = watch.due
            row.ready = due if due else clock()
        if plain and not loop._debug and not loop._closed:
            # the body of BaseEventLoop.call_soon, here, to save two calls
            handle = Handle(callback, args, loop, context)
            loop._ready.append(handle)
            return handle
        return original_call_soon(callback, *args, context=context)

    def create_task(coro, **options):
        recorder = _recorder.get()
        # a recorder of another loop, or one that has stopped, is none of ours
        if recorder is None or recorder.loop is not loop or recorder not in watch.recorders:
            return original_create(coro, **options)
        created = clock()
        parent = asyncio.current_task(loop)
        task = original_create(coro, **options)
        try:
            row = recorder.add(task, parent, created)
            _eager(task, row)
        except AttributeError:
            pass                        # a foreign Task class: leave it alone
        return task

    def run_in_executor(executor, func, *args):
        recorder = _recorder.get()
        # A process pool must be able to pickle the function; in debug mode asyncio looks at it.
        if recorder is None or recorder.loop is not loop or loop._debug or not callable(func) \
                or not (executor is None or type(executor) is ThreadPoolExecutor):
            return original_executor(executor, func, *args)
        row = row_of(id(asyncio.current_task(loop))) if events._get_running_loop() is loop else None
        number = row.id if row is not None else None
        jobs = recorder.jobs

        def timed(*args):
            started = clock()
            try:
                return func(*args)
            finally:
                jobs.append((threading.current_thread().name, started, clock(), number))

        return original_executor(executor, timed, *args)

    return {"call_soon": call_soon, "create_task": create_task, "run_in_executor": run_in_executor}


def _eager(task: asyncio.Task, row: _Row) -> None:
    """Note the first step of a task that an eager task factory has run already."""
    future = task._fut_waiter
    if future is not None:
        ended = row.watch.clock()
        row.note((row.id, row.created, row.created, ended, read_wait(task.get_coro(), future, _rows)))
    elif task.done():
        ended = row.watch.clock()
        row.note((row.id, row.created, row.created, ended, None))
        _finish(task, row, ended)


def _run(self):
    """Replaces `Handle._run`: runs the callback, and takes notes if it is a step of a recorded task.

    A traceback keeps this frame, so no local may keep anything: exceptions would be freed too late.
    """
    task = getattr(self._callback, "__self__", None)
    row = _rows.get(id(task))
    if row is None:
        task = None
        watch = _watches.get(self._loop)
        if watch is None:
            _original_run(self)
            self = None
            return
        clock = watch.clock
        watch.turn = started = clock()
        if type(self) is events.TimerHandle:
            due = round(self._when * 1e9) + watch.offset
            watch.due = due if due < started else started
        try:
            _original_run(self)
        finally:
            ended = clock()
            watch.turn = watch.due = 0
            if ended - started > watch.threshold and threading.get_ident() == watch.thread:
                watch.blocked(None, started, ended, self._callback)
            self = watch = None
        return
    watch = row.watch
    clock = watch.clock
    watch.turn = started = clock()
    try:
        self._context.run(self._callback, *self._args)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        _report(self, error)
    finally:
        ended = clock()
        watch.turn = 0
        try:
            future = task._fut_waiter
            if future is not None:
                row.note((row.id, row.ready, started, ended, read_wait(task.get_coro(), future, _rows)))
            elif task.done():
                row.note((row.id, row.ready, started, ended, None))
                _finish(task, row, ended)
            else:
                row.note((row.id, row.ready, started, ended, read_wait(task.get_coro(), None, _rows)))
        except AttributeError:
            pass
        if ended - started > watch.threshold:
            watch.blocked(row, started, ended, None)
        self = task = row = watch = future = None


def _report(handle: events.Handle, error: BaseException) -> None:
    """What `Handle._run` does with an exception of its callback (asyncio/events.py)."""
    callback = format_helpers._format_callback_source(handle._callback, handle._args)
    context = {"message": f"Exception in callback {callback}", "exception": error, "handle": handle}
    if handle._source_traceback:
        context["source_traceback"] = handle._source_traceback
    handle._loop.call_exception_handler(context)


def _finish(task: asyncio.Task, row: _Row, ended: int) -> None:
    row.finished = ended
    row.name = given_name(task)
    _rows.pop(row.reference.key, None)
    row.reference = None
    if task.cancelled():
        row.outcome = CANCELLED
        return
    error = task._exception             # exception() would mark it as retrieved, and silence asyncio's log
    if error is None:
        row.outcome = RESULT
    else:
        row.outcome = EXCEPTION
        row.error = _describe(error)


def _describe(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:                   # a broken __str__ must not break the program that is watched
        text = "(its text cannot be shown)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class _Watchdog:
    """A thread that looks which line is running while a turn on the loop is overdue."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, name="helpers-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(1)

    def _look(self) -> None:
        watch = self._watch
        while not self._stopped.wait(max(watch.threshold / 4e9, 0.002)):
            turn = watch.turn
            if turn and watch.clock() - turn > watch.threshold:
                frame = sys._current_frames().get(watch.thread)
                place = learners_place(frame)
                del frame
                if watch.turn == turn:              # else the turn ended meanwhile
                    watch.sample(place, 1)


# -- from notes to words ----------------------------------------------------------------------------

def _words(recorder: Recorder) -> tuple[tuple[Task, ...], float]:
    """The tasks with their spans, and the seconds that the main task took."""
    rows, notes, zero = recorder.rows, recorder.notes, recorder.started
    steps: list[list[tuple[int, int, int, int, Any]]] = [[] for _ in rows]
    for number, at in enumerate(range(0, len(notes), 5)):
        row, ready, started, ended, wait = notes[at : at + 5]
        steps[row].append((number, ready, started, ended, wait))
    blocks = {(row, started): place for row, started, _, place, _ in recorder.blocks}
    jobs_done: dict[int | None, list[int]] = {}
    for _, _, done, row in recorder.jobs:
        jobs_done.setdefault(row, []).append(done)
    names = _names(rows)
    end = rows[0].finished or recorder.ended
    places: dict[int, Place | None] = {}

    def at(ns: int) -> float:
        return (ns - zero) / 1e9

    tasks = []
    for row in rows:
        spans: list[Span] = []
        last, wait = row.created, None
        for number, ready, started, ended, next_wait in steps[row.id]:
            if wait is not None and wait.kind == "thread":       # over when the thread is done, heard of later
                ready = min([ready] + [done for done in jobs_done.get(row.id, ()) if done > last])
            ready = min(max(ready, last), started)
            if wait is not None and wait.kind != "turn":
                spans.append(_wait_span(wait, at(last), at(ready), places))
            else:
                ready = last
            if started > ready:
                spans.append(Span(READY, at(ready), at(started), wait.kind if wait else ""))
            blocked = (row.id, started) in blocks
            spans.append(Span(BLOCKED if blocked else RUN, at(started), at(ended), step=number,
                              place=blocks.get((row.id, started))))
            last, wait = ended, next_wait
        if row.finished is None and end > last:
            spans.append(_wait_span(wait, at(last), at(end), places) if wait is not None
                         else Span(READY, at(last), at(end)))
        elif row.finished is None and wait is not None:
            spans.append(_wait_span(wait, at(last), at(last), places))
        tasks.append(Task(
            row.id, names[row.id], row.coroutine, row.parent, at(row.created),
            None if row.finished is None else at(row.finished),
            row.outcome if row.outcome in (RESULT, EXCEPTION, CANCELLED) else PENDING,
            row.error or "", tuple(spans),
        ))
    return tuple(tasks), at(end)


def _wait_span(wait: Any, start: float, end: float, places: dict[int, Place | None]) -> Span:
    if id(wait) not in places:
        places[id(wait)] = wait.place()
    return Span(WAIT, start, end, wait.kind, wait.on, places[id(wait)])


def _names(rows: list[_Row]) -> list[str]:
    """A name for each task: its own, or that of its coroutine function, numbered from the second on."""
    taken: dict[str, int] = {}
    names = []
    for row in rows:
        name = row.name
        if name is None:
            count = taken[row.coroutine] = taken.get(row.coroutine, 0) + 1
            name = row.coroutine if count == 1 else f"{row.coroutine} {count}"
        names.append(name)
    return names


def _jobs(recorder: Recorder) -> tuple[ThreadJob, ...]:
    zero = recorder.started
    return tuple(ThreadJob(name, (a - zero) / 1e9, (b - zero) / 1e9, row) for name, a, b, row in sorted(
        recorder.jobs, key=lambda job: job[1]))
