"""Watch the tasks of a running event loop without disturbing them.

`run = await record(main())` runs `main()` as a task of the loop that is running, and gives a
`Recording` of everything that it and the tasks made by it did.

Every step that a task takes, asyncio makes by calling `Handle._run`; every task is made by
`loop.create_task`; every wake-up is a `loop.call_soon`; every job for a worker thread is given to
`loop.run_in_executor`. While at least one recording is under way these four are replaced by versions
that do the same and take notes, and afterwards they are put back. Tasks, coroutines, task factories and handles stay what they are, so the program under
observation cannot tell: same types, names, order, tracebacks, cancellation, context variables.
Which tasks belong to the recording is told by a context variable: a task's children inherit it.

The notes are kept small, as flat rows of integers; `Recorder.recording` makes words of them later.

Limits: a task made with `asyncio.Task(...)` instead of `create_task` is not seen, nor are tasks made in
a context that the program has emptied; `call_later(1, task.cancel, "message")` looks like a turn of the
task, which without the message it does not; and a loop that is not written in Python (uvloop) cannot be
watched.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import time
from asyncio import base_events, events
from bisect import bisect_right
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from types import CoroutineType, FrameType
from typing import Any
from weakref import ref

from helpers.recorder.asyncio_internals import Step, is_own, noting_call_soon, report
from helpers.recorder.waits import Wait, coroutine_name, is_default_name, is_library, read_turn, read_wait
from helpers.recording import Place, Recording, Span, Task, ThreadJob
from helpers.wait_kinds import BLOCKED, CANCELLED, EXCEPTION, PENDING, READY, RESULT, RUN, WAIT

DETAILED = 2_500            # entries in the notes (five a step) up to which steps aside are noted with their line
THRESHOLD = 0.1             # seconds; a longer turn on the loop counts as blocking it

_recorder: contextvars.ContextVar[Recorder | None] = contextvars.ContextVar("helpers.recorder", default=None)
_rows: dict[int, _Row] = {}             # id(task) -> its row, for every recorded task that is not finished
_row_of = _rows.get
_watches: dict[Any, _Watch] = {}        # loop -> what is installed on it
_lock = threading.Lock()


def current_recorder() -> Recorder | None:
    """The recorder that watches the task, or the worker thread's job, in which this is called; None if there is none."""
    return _recorder.get()


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
    recorder = Recorder(loop, time.perf_counter_ns, threshold)
    with recorder:
        task = recorder.context.run(loop.create_task, coro)
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as cancelled:
            task.cancel(*cancelled.args)        # with its message, if there is one
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

    __slots__ = (
        "clock",
        "coroutine",
        "created",
        "error",
        "finished",
        "id",
        "key",
        "name",
        "notes",
        "outcome",
        "parent",
        "ready",
        "reference",
    )


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
        self.threshold = threshold * 1e9    # a float: infinity is welcome
        self.rows: list[_Row] = []
        self.notes: list = []               # five entries a step: task, ready, started, ended, wait
        self.seen: list[tuple[int, Place | None, int]] = []     # time, the line at which a turn was, weight
        self.blocks: list[tuple[int, int, str]] = []            # started, ended, a callback that is no task
        self.jobs: list[tuple[str, int, int, int | None]] = []              # thread, started, ended, row
        self.context = contextvars.copy_context()
        self.context.run(_recorder.set, self)

    def __enter__(self) -> Recorder:
        self.started = self.clock()
        _Watch.install(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.ended = self.clock()
        self.watch.read_late_names()
        self.watch.remove(self)
        for row in self.rows:
            if row.reference is not None:
                task = row.reference()
                if task is not None:
                    row.name = task.get_name()
                row.reference = None
                if _rows.get(row.key) is row:
                    del _rows[row.key]

    def add(self, coro: Any, above: _Row | None, created: int) -> _Row:
        """Begin the notes on a task that is made of a coroutine, by the task of the row `above`."""
        rows, notes = self.rows, self.notes
        row = _Row()
        row.id = len(rows)
        row.clock = self.clock
        row.notes = notes
        row.coroutine = coroutine_name(coro)
        row.parent = above.id if above is not None and above.notes is notes else None
        row.created = row.ready = created
        row.key = row.name = row.finished = row.outcome = row.error = row.reference = None
        rows.append(row)
        return row

    def recording(self, main: asyncio.Task, clock: str, exception: BaseException | None = None) -> Recording:
        """The recording of a run, after the end of the `with` block.

        exception  what ended the run before the main task was done; without it that task is done
        """
        value = None
        if exception is None:
            try:
                # A loop may have called result() already, and a second call would raise without the traceback.
                exception = main.exception()
                if exception is None:
                    value = main.result()
            except asyncio.CancelledError as error:
                exception = error
        tasks, elapsed = _words(self)
        error = "" if exception is None else _describe(exception)
        return Recording(tasks, elapsed, clock, _jobs(self), error, value, exception, _callbacks(self))


# -- what is installed on a loop --------------------------------------------------------------------

class _Watch:
    """The replacements on one loop, shared by the recordings that are under way on it."""

    def __init__(self, recorder: Recorder) -> None:
        self.loop = recorder.loop
        self.clock = recorder.clock
        self.recorders: list[Recorder] = []
        self.thread = threading.get_ident()
        self.due = 0            # when the timer was due that is being served; 0 if none is
        self.seen: list[tuple[int, Place | None, int]] = []
        self.late_names: list[_Row] = []
        self.eager: list[_Row] = []         # tasks that are being made, innermost last: they may run meanwhile
        self.threshold = recorder.threshold
        # the loop's clock is in seconds and may begin elsewhere: deadlines are converted with this
        self.offset = self.clock() - round(self.loop.time() * 1e9)

    @classmethod
    def install(cls, recorder: Recorder) -> None:
        with _lock:
            watch = _watches.get(recorder.loop)
            if watch is None:
                if not _watches:
                    global _original_run
                    _original_run = events.Handle._run      # mostly asyncio's own
                    events.Handle._run = _run
                watch = _watches[recorder.loop] = cls(recorder)
                watch.hooks = _hooks(watch)
                attributes = vars(watch.loop)
                watch.before = {name: attributes[name] for name in watch.hooks if name in attributes}   # of others
                attributes.update(watch.hooks)
                if getattr(watch.loop, "watch_blocking", None):
                    watch.loop.watch_blocking(watch.sample)      # virtual time: told, not guessed
                else:
                    watch.watchdog = _Watchdog(watch)
            watch.recorders.append(recorder)
            watch.threshold = min(r.threshold for r in watch.recorders)
            recorder.watch, recorder.seen = watch, watch.seen

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
                    vars(self.loop).update({name: self.before[name]} if name in self.before else {})
            self.hooks = {}
        if getattr(self.loop, "watch_blocking", None):
            self.loop.watch_blocking(None)
        else:
            self.watchdog.stop()

    def read_late_names(self) -> None:
        """Read the names of tasks that were done before they had one."""
        while self.late_names:
            row = self.late_names.pop()
            task = row.reference and row.reference()
            if task is not None:
                row.name = task.get_name()
            row.reference = None

    def sample(self, place: Place | None, weight: int, at: int | None = None) -> None:
        """Somebody saw the turn that is under way at this line."""
        self.seen.append((self.clock() if at is None else at, place, weight))

    def blocked_by(self, callback: Any, started: int, ended: int) -> None:
        """A callback that is no task took longer than the threshold."""
        name = getattr(callback, "__qualname__", "a callback")
        for recorder in self.recorders:
            if ended - started > recorder.threshold:
                recorder.blocks.append((started, ended, name))


_original_run = events.Handle._run
_TURN = Wait("turn")


class _Stamp(int):
    """A time in nanoseconds, with the number of the turn in which, or before which, it was read."""

    turn = -1


def _hooks(watch: _Watch) -> dict[str, Callable]:
    """What is set on the loop object, in front of the methods of its class."""
    loop, clock = watch.loop, watch.clock
    original_create, original_executor = loop.create_task, loop.run_in_executor
    recorders, current, current_task = watch.recorders, _recorder.get, asyncio.current_task
    row_of = _rows.get
    plain_create = is_own(loop, "create_task")
    eager = watch.eager

    now = clock
    if getattr(loop, "watch_blocking", None):           # virtual time: much happens at one instant
        def now() -> _Stamp:
            stamp = _Stamp(clock())
            stamp.turn = len(recorders[0].notes) // 5
            return stamp

    def woken(callback):
        # A task is woken by its own method wakeup(). A step that it asks for itself, after sleep(0), needs
        # no note: it is ready from the moment at which it stopped.
        row = row_of(id(getattr(callback, "__self__", None)))
        if row is not None:
            row.ready = watch.due or now()

    def create_task(coro, **options):
        recorder = current()
        # a recorder of another loop, or one that has stopped, is none of ours
        if recorder is None or recorder not in recorders:
            task = original_create(coro, **options)
            _rows.pop(id(task), None)           # a note on a task that is no more, whose number was free again
            return task
        created = clock()
        above = eager[-1] if eager else row_of(id(current_task(loop)))
        if not plain_create or loop._task_factory is not None or "eager_start" in options:
            return create_eagerly(recorder, above, created, coro, options)
        task = original_create(coro, **options)
        if task._source_traceback:
            del task._source_traceback[-1]      # of this function, as asyncio does with its own
        row = recorder.add(coro, above, created)
        row.key = key = id(task)
        row.reference = ref(task)               # weak: a task that everybody has dropped must be able to go
        _rows[key] = row
        return task

    def create_eagerly(recorder, above, created, coro, options):
        # A task factory may run the first step at once. What that step makes comes after the task itself.
        watch.read_late_names()
        row = recorder.add(coro, above, created)
        eager.append(row)
        task = None
        try:
            task = original_create(coro, **options)
        finally:
            eager.pop()
            if not hasattr(task, "_fut_waiter") and recorder.rows[-1] is row:
                del recorder.rows[-1]           # no task, or something that only behaves like one
        if hasattr(task, "_fut_waiter"):
            row.key, row.reference = id(task), ref(task)
            _rows[row.key] = row
            if task.done() or task._fut_waiter is not None or getattr(coro, "cr_suspended", False):
                _note_eager(task, row)
                if row.finished is not None:
                    row.reference = ref(task)       # Python 3.12 gives it the name only now
                    watch.late_names.append(row)
        return task

    def run_in_executor(executor, func, *args):
        recorder = _recorder.get()
        # A process pool must be able to pickle the function; in debug mode asyncio looks at it.
        if recorder is None or recorder.loop is not loop or loop._debug or not callable(func) \
                or not (executor is None or type(executor) is ThreadPoolExecutor):
            return original_executor(executor, func, *args)
        row = row_of(id(asyncio.current_task(loop))) if events._get_running_loop() is loop else None
        number = row.id if row is not None and row.notes is recorder.notes else None
        jobs = recorder.jobs

        def timed(*args):
            started = time.perf_counter_ns()            # not clock(): a thread in virtual time has a time of its own
            try:
                return func(*args)
            finally:
                jobs.append((threading.current_thread().name, started, time.perf_counter_ns(), number))

        future = original_executor(executor, timed, *args)
        if future.done():
            _forget_timed(future)
        else:
            future.add_done_callback(_forget_timed)
        return future

    return {"call_soon": noting_call_soon(loop, woken), "create_task": create_task, "run_in_executor": run_in_executor}


def _forget_timed(future: asyncio.Future) -> None:
    """Take `timed` out of the traceback of an exception from a worker thread, before anybody sees it."""
    if not future.cancelled() and future._exception is not None:
        entry = future._exception.__traceback__
        while entry is not None and entry.tb_next is not None:
            code = entry.tb_next.tb_frame.f_code
            if code.co_name == "timed" and code.co_filename == __file__:
                entry.tb_next = entry.tb_next.tb_next
                break
            entry = entry.tb_next


def _note_eager(task: asyncio.Task, row: _Row) -> None:
    """Note the first step of a task that an eager task factory has run already."""
    ended = row.clock()
    if task.done():
        row.notes += row.id, row.created, row.created, ended, None
        _finish(task, row, ended)
    else:
        wait = read_wait(task.get_coro(), task._fut_waiter, _rows, row.notes)
        row.notes += row.id, row.created, row.created, ended, wait


def _run(self):
    """Replaces `Handle._run`: runs the callback, and takes notes if it is a step of a recorded task.

    A traceback keeps this frame, so no local may keep anything: exceptions would be freed too late.
    """
    callback, args = self._callback, self._args
    if type(callback) is Step:
        task = callback.__self__
        row = _row_of(id(task))
    else:
        task = getattr(callback, "__self__", None)
        row = _row_of(id(task))
        if row is not None and not args and _is_foreign(callback):
            row = None
    if row is None:
        self = callback = args = task = _run_other(self)
        return
    clock = row.clock
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
        notes = row.notes
        try:
            if task._fut_waiter is not None:
                notes += row.id, row.ready, started, ended, read_wait(task.get_coro(), task._fut_waiter, _rows, notes)
            elif task.done():
                notes += row.id, row.ready, started, ended, None
                _finish(task, row, ended)
            elif len(notes) > DETAILED:
                notes += row.id, row.ready, started, ended, _TURN
            else:
                notes += row.id, row.ready, started, ended, read_turn(task.get_coro())
        except AttributeError:
            pass                # a stale note: another object has got the number of a task that is no more
        self = callback = args = task = row = notes = None


def _is_foreign(callback: Callable) -> bool:
    """Whether a method of a task that takes no arguments is another than its next step: `call_later(1, task.cancel)`."""
    return callback.__name__ != "__step"


def _run_other(self):
    """Run a callback that is no step of a recorded task, and see whether it blocks the loop."""
    watch = _watches.get(self._loop)
    if watch is None:
        return _original_run(self)
    started = watch.clock()
    if isinstance(self, events.TimerHandle):
        due = round(self._when * 1e9) + watch.offset
        watch.due = min(started, due)
    try:
        _original_run(self)
    finally:
        watch.due = 0
        ended = watch.clock()
        if ended - started > watch.threshold and threading.get_ident() == watch.thread:
            watch.blocked_by(self._callback, started, ended)
        self = watch = None


def _finish(task: asyncio.Task, row: _Row, ended: int) -> None:
    row.finished = ended
    row.name = task.get_name()
    row.reference = None
    del _rows[row.key]
    error = task._exception             # exception() would mark it as retrieved, and silence asyncio's log
    if error is not None:
        row.outcome = EXCEPTION
        row.error = _describe(error)
    else:
        row.outcome = CANCELLED if task.cancelled() else RESULT


def _describe(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:                   # a broken __str__ must not break the program that is watched
        text = "(its text cannot be shown)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class _Watchdog:
    """A thread that looks now and then at which line the loop is, so that a blocked loop can be explained."""

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
        while not self._stopped.wait(min(max(watch.threshold / 4e9, 0.002), 1.0)):
            at = watch.clock()          # before the look: the turn may end while we write it down
            place = _place_in_turn(sys._current_frames().get(watch.thread))
            if place is not None:
                watch.sample(place, 1, at)


def _place_in_turn(frame: FrameType | None) -> Place | None:
    """The learner's innermost line on a stack that is in the middle of a turn on the loop; else None."""
    place = None
    while frame is not None:
        if frame.f_code in _TURNS:
            return place
        if place is None and not is_library(frame.f_code):
            place = Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    return None


_TURNS = (_run.__code__, _run_other.__code__)


# -- from notes to words ----------------------------------------------------------------------------

def _words(recorder: Recorder) -> tuple[tuple[Task, ...], float]:
    """The tasks with their spans, and the seconds that the main task took."""
    rows, notes, zero = recorder.rows, recorder.notes, recorder.started
    steps: list[list[int]] = [[] for _ in rows]         # of each task, where in the notes its steps stand
    for at in range(0, len(notes), 5):
        steps[notes[at]].append(at)
    jobs_done: dict[int | None, list[int]] = {}
    for _, _, done, number in recorder.jobs:
        jobs_done.setdefault(number, []).append(done)
    end = rows[0].finished or recorder.ended
    waits = {id(wait): wait for wait in notes[4::5] if wait is not None}
    places = {number: wait.place() for number, wait in waits.items()}
    tasks = []
    collecting = gc.isenabled()
    gc.disable()                        # so many small objects, all of which stay: looking for garbage is lost time
    try:
        for row, name in zip(rows, _names(rows)):
            spans = _spans(row, steps[row.id], recorder, jobs_done.get(row.id, ()), end, places)
            tasks.append(Task(
                row.id, name, row.coroutine, row.parent, (row.created - zero) / 1e9,
                None if row.finished is None else (row.finished - zero) / 1e9,
                row.outcome or PENDING, row.error or "", spans,
            ))
    finally:
        if collecting:
            gc.enable()
    return tuple(tasks), (end - zero) / 1e9


def _spans(row: _Row, steps: list[int], recorder: Recorder, jobs_done: Sequence[int], end: int,
           places: dict[int, Place | None]) -> tuple[Span, ...]:
    """The life of one task, from the notes on its steps."""
    notes, zero, threshold = recorder.notes, recorder.started, recorder.threshold
    new = tuple.__new__                                 # new(Span, (...)) is Span(...), in a third of its time
    spans: list[Span] = []
    last, wait = row.created, None                      # since when it has been off the loop, and what for
    for at in steps:
        ready, started, ended = notes[at + 1], notes[at + 2], notes[at + 3]
        since = (last - zero) / 1e9
        if wait is None:
            if started > last:
                spans.append(new(Span, (READY, since, (started - zero) / 1e9, "", (), None, -1, -1)))
        elif wait.kind == "turn":
            spans.append(new(Span, (READY, since, (started - zero) / 1e9, "turn", (), places[id(wait)], -1, -1)))
        else:
            if wait.kind == "thread":                   # over when the thread is done, though heard of later
                ready = min([ready, *(done for done in jobs_done if done > last)])
            ready = min(max(ready, last), started)
            until = (ready - zero) / 1e9
            woken = getattr(ready, "turn", -1)
            spans.append(new(Span, (WAIT, since, until, wait.kind, wait.on, places[id(wait)], -1, woken)))
            if started > ready:
                spans.append(new(Span, (READY, until, (started - zero) / 1e9, wait.kind, (), places[id(wait)], -1, -1)))
        kind, place = RUN, None
        if ended - started > threshold:
            kind, place = BLOCKED, _most_seen(recorder.seen, started, ended)
        spans.append(new(Span, (kind, (started - zero) / 1e9, (ended - zero) / 1e9, "", (), place, at // 5, -1)))
        last, wait = ended, notes[at + 4]
    if row.finished is None:                            # the run ended before the task
        since, until = (last - zero) / 1e9, (max(end, last) - zero) / 1e9
        if wait is None or wait.kind == "turn":
            spans.append(Span(READY, since, until, "turn" if wait else "", (), wait and places[id(wait)]))
        else:
            spans.append(Span(WAIT, since, until, wait.kind, wait.on, places[id(wait)]))
    return tuple(spans)


def _most_seen(seen: list[tuple[int, Place | None, int]], started: int, ended: int) -> Place | None:
    """The line at which a turn was for most of its time."""
    lines: dict[Place, int] = {}
    for at in range(bisect_right(seen, started, key=_when), bisect_right(seen, ended, key=_when)):
        _, place, weight = seen[at]
        if place is not None:
            lines[place] = lines.get(place, 0) + weight
    return max(lines, key=lines.__getitem__) if lines else None


_when = itemgetter(0)


def _names(rows: list[_Row]) -> list[str]:
    """A name for each task: its own, or that of its coroutine function, numbered from the second on."""
    taken: dict[str, int] = {}
    names = []
    for row in rows:
        name = row.name
        if name is None or is_default_name(name):
            count = taken[row.coroutine] = taken.get(row.coroutine, 0) + 1
            name = row.coroutine if count == 1 else f"{row.coroutine} {count}"
        names.append(name)
    return names


def _jobs(recorder: Recorder) -> tuple[ThreadJob, ...]:
    zero = recorder.started
    return tuple(ThreadJob(name, (a - zero) / 1e9, (b - zero) / 1e9, row) for name, a, b, row in sorted(
        recorder.jobs, key=lambda job: job[1]))


def _callbacks(recorder: Recorder) -> tuple[Span, ...]:
    zero = recorder.started
    return tuple(
        Span(BLOCKED, (started - zero) / 1e9, (ended - zero) / 1e9, name, (), _most_seen(recorder.seen, started, ended))
        for started, ended, name in recorder.blocks
    )
