"""Watch the tasks of a running event loop without disturbing them.

`run = await record(main())` runs `main()` as a task of the loop that is running, and gives a
`Recording` of everything that it and the tasks made by it did.

Tasks, coroutines, task factories and handles stay what they are, so the program under observation
cannot tell: same types, names, order, tracebacks, cancellation, context variables. `turns.py` and
`hooks.py` say what is replaced meanwhile, and how. A context variable marks the tasks that belong to the
recording: a task's children inherit it. Tasks that libraries make for themselves are counted, and not
among the tasks of the recording (`owners.py`); one that serves a request with a function of the learner's
is, unless that function never waits.

A task is seen however it is made: by `create_task` or `asyncio.Task(...)`, eagerly, by a task factory, by a
callback, by another thread.

Limits. Not seen are a task made by a callback in a context that the program has emptied (in virtual time it
is), and one that `asyncio.Task(..., eager_start=True)` makes and that is done in its first step, unless
that step makes a task or gives a job to a thread. If it is not done, that step is told, from
Python 3.14 on, as if it took no time. A task that begins in a way unknown here is seen from its next step
on, without parent. What cut a wait short is known if a task did it, or a timeout of asyncio, anyio,
async_timeout or aiohttp; of all else it is told that the task was cancelled, not by whom. A loop that is not
written in Python (uvloop) cannot be watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from types import CoroutineType, TracebackType
from typing import Any, Literal

from helpers.arguments import got
from helpers.recorder.asyncio_internals import Loop, UnknownPython, cancel, unknown_python
from helpers.recorder.cuts import asked_of
from helpers.recorder.notes import CURRENT, ROWS, THRESHOLD, Notes, Row
from helpers.recorder.standings import standings
from helpers.recorder.translate import callbacks_of, jobs_of, tasks_of
from helpers.recorder.turns import WATCHES
from helpers.recorder.waits import place_of
from helpers.recorder.watch import Watch, install
from helpers.recorder.watchdog import Sampler, Watchdog
from helpers.recording import Place, Recording, Remark, Task
from helpers.wait_kinds import EXCEPTION
from helpers.words import error_in_words


async def record(coro: Coroutine[Any, Any, Any], *, threshold: float = THRESHOLD) -> Recording:
    """Run a coroutine in real time, on the running loop, and give the recording of its run.

    coro       a coroutine object: `await record(main())`
    threshold  seconds; a turn on the loop that takes longer counts as blocking it

    An exception that the coroutine raises is kept: the recording shows it, and `.result` raises it.
    Cancelling `record` (the stop button, Ctrl-C, a timeout around it) cancels the coroutine, waits for its
    clean-up, and raises CancelledError; cancelled once more, it waits no longer. The error has a note that says where
    each task stood, and `record.stopped` is the recording up to there, until the next one begins; of several that are
    stopped at once it is that of the first to end. Raises TypeError for anything that is not a coroutine object, and
    `UnknownPython` if asyncio was not as the recorder knows it.
    """
    global _kept_until
    coro = check_coroutine(coro, "await record")
    loop = asyncio.get_running_loop()
    with closed_if_refused(coro):
        recorder = Recorder(loop, time.perf_counter_ns, threshold)
    keep_stopped(record, None)
    _kept_until = -1
    try:
        with recorder:
            task = recorder.context.run(loop.create_task, coro)
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as cancelled:
                if recorder.stopped is None:
                    recorder.note_stop()
                cancel(task, recorder.unfinished, *cancelled.args)      # with its message, if there is one
                await asyncio.wait((task,))
                # The line at which the coroutine was stopped, as if it had been awaited here.
                cancelled.__traceback__ = _trace_of_cancellation(task) or cancelled.__traceback__
                raise
    except (asyncio.CancelledError, KeyboardInterrupt) as stop:
        # Of several recordings that are stopped at once, the first to end is kept: its error has said so already.
        is_kept = recorder.stopped is None or recorder.stopped > _kept_until
        run = recorder.stopped_recording(task, "real", stop, is_kept=is_kept)
        if is_kept and run is not None:
            keep_stopped(record, run)
            _kept_until = recorder.ended
        raise
    return recorder.recording(task, "real")


def _trace_of_cancellation(task: asyncio.Task[Any]) -> TracebackType | None:
    """The traceback of the error that has cancelled a task, from its coroutine on; None if it has none."""
    if not task.cancelled():
        return None
    try:
        task.exception()
    except asyncio.CancelledError as cancelled:
        return cancelled.__traceback__ and cancelled.__traceback__.tb_next      # without this function
    return None


@contextlib.contextmanager
def closed_if_refused(coro: Coroutine[Any, Any, Any]) -> Iterator[None]:
    """Close a coroutine that will not run, since another argument is refused: or Python complains of it as well."""
    try:
        yield
    except (TypeError, ValueError):
        coro.close()
        raise


def keep_stopped(function: Any, run: Recording | None) -> None:
    """Make this the recording that `record.stopped` or `simulate.stopped` gives."""
    function.stopped = run


keep_stopped(record, None)
_kept_until = -1        # when the run ended that is kept there, on the clock of real recordings


def note_stop(loop: asyncio.AbstractEventLoop, running: Place | None,
              concerns: Callable[[contextvars.Context], bool]) -> list[Recorder]:
    """Some of the runs that are recorded on a loop are being stopped now: remember where they stand.

    running   the learner's line that holds the loop
    concerns  whether the stop concerns what was begun in a context

    Gives their recorders.
    """
    watch = WATCHES.get(loop)
    recorders = [each for each in (watch.recordings if watch is not None else ())
                 if isinstance(each, Recorder) and concerns(each.context)]
    for each in recorders:
        each.note_stop(running)
    return recorders


def recorder_of(task: asyncio.Task[Any]) -> Notes | None:
    """The recorder that takes notes on a task; None if none does."""
    row: Row | None = ROWS.get(id(task))
    return row.recorder if row is not None else None


def check_coroutine(coro: Any, call: str) -> Coroutine[Any, Any, Any]:
    """The coroutine object itself, or a TypeError that shows how to call `call`."""
    if isinstance(coro, CoroutineType):
        return coro
    if asyncio.iscoroutine(coro):           # a duck-typed coroutine (Cython, mocks): tasks accept it, so do we
        return coro
    wanted = f"{call}(...) wants a coroutine object, but got"
    if callable(coro):
        name = getattr(coro, "__name__", "main")
        example = f"{name}()" if name.isidentifier() else "main()"
        raise TypeError(f"{wanted} the function {name} itself: call it, as in {call}({example})")
    if asyncio.isfuture(coro):
        raise TypeError(f"{wanted} a {type(coro).__name__}, which has begun already: "
                        f"write async def main(): return await ... around it, and {call}(main())")
    if isinstance(coro, Recording):
        raise TypeError(f"{wanted} a recording, which is a run that has ended: write {call}(main()) and nothing else")
    raise TypeError(f"{wanted} {got(coro)}: pass the call of an async def function, not awaited, as in {call}(main())")


def current_recorder() -> Recorder | None:
    """The recorder that watches the task, or the worker thread's job, in which this is called; None if none does."""
    recorder = CURRENT.get()
    return recorder if isinstance(recorder, Recorder) else None


class Recorder(Notes):
    """Takes notes on the tasks that are created in `context`, between `with` and its end.

    loop        the event loop to watch
    clock       gives the time in nanoseconds, as an integer that never falls
    threshold   seconds of a turn that counts as blocking
    sampler     tells at which line a long turn is; else the loop itself does, if it can, or a thread that looks at it
    everything  whether to take notes on all other tasks of the loop, too

    Raises ValueError and TypeError for a threshold or a loop that is none.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], int], threshold: float = THRESHOLD,
                 sampler: Sampler | None = None, *, everything: bool = False) -> None:
        if not isinstance(threshold, (int, float)) or not threshold > 0:
            raise ValueError(f"threshold is a number of seconds above 0, such as 0.1; got {threshold!r}")
        if not isinstance(loop, Loop):
            raise TypeError("only asyncio's own event loops can be watched, not "
                            f"{type(loop).__module__}.{type(loop).__qualname__}")
        if sampler is None:
            # `record` may be awaited within `simulate`: a loop in virtual time is a sampler, and a thread that looked
            # at it would tell real time.
            sampler = loop if isinstance(loop, Sampler) else Watchdog()
        super().__init__(loop, clock, threshold * 1e9, sampler, everything)     # a float: infinity is welcome
        self.watch: Watch | None = None
        self.stopped: int | None = None             # when the run was stopped, if it was
        self.stopped_at: Place | None = None        # the learner's line that was running then, if it is known
        self.stood: dict[tuple[str, float], Place | None] = {}     # the lines at which tasks stood, by `_key`
        self.told = ""                              # the note that the error of the stopped run has
        self.context = contextvars.copy_context()
        self.context.run(CURRENT.set, self)

    def __enter__(self) -> Recorder:
        self.started = self.clock()
        self.watch = install(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.ended = self.clock()
        self._read_asked()
        if self.watch is not None:
            self.watch.read_late_names()
            self.watch.remove(self)
        self.close()

    def unfinished(self) -> list[asyncio.Task[Any]]:
        """The tasks that are not done."""
        return [task for _, task in self._unfinished()]

    def _unfinished(self) -> Iterator[tuple[Row, asyncio.Task[Any]]]:
        for row in self.rows:
            task = row.reference() if row.finished is None and row.reference is not None else None
            if task is not None and not task.done():
                yield row, task

    def _read_asked(self) -> None:
        """Read what those have asked for that are left in a sleep."""
        try:
            for row, task in self._unfinished():
                if task is not asyncio.current_task(self.loop):
                    seconds = asked_of(task)
                    if seconds >= 0:
                        self.asked[row.id] = seconds
        except Exception as error:
            self.fail(error)

    def note_stop(self, running: Place | None = None) -> None:
        """The run is being stopped, now; `running` is the learner's line that holds the loop."""
        self.stopped, self.stopped_at = self.clock(), running
        try:
            self.stood = {self._key(row): place_of(task) for row, task in self._unfinished()
                          if not getattr(task.get_coro(), "cr_running", False)}
        except Exception as error:
            self.fail(error)

    def stopped_recording(self, main: asyncio.Task[Any], clock: Literal["real", "virtual"], stop: BaseException,
                          remarks: Sequence[Remark] = (), *, is_kept: bool = True) -> Recording | None:
        """The recording of a run that was stopped by an error, to which a note is added that says how far it came.

        is_kept  whether it will be `record.stopped` or `simulate.stopped`: then the note says so

        None if there is none, and the note says why. It keeps nothing of the program alive, so the exception of the
        recording has no traceback.
        """
        call = "simulate" if clock == "virtual" else "record"
        ended_by = None if main.done() else asyncio.CancelledError(*stop.args)
        try:
            run = self.recording(main, clock, ended_by, remarks)
        except UnknownPython as problem:
            self.told = f"{call}() was stopped. It has no recording: {problem}"
            stop.add_note(self.told)
            return None
        if isinstance(run.exception, (asyncio.CancelledError, KeyboardInterrupt)):
            run = replace(run, exception=type(run.exception)(*run.exception.args))
        # Virtual time stands still while much happens; but there the recording ends with the stop.
        at = None if clock == "virtual" or self.stopped is None else (self.stopped - self.started) / 1e9
        told = standings(run, at, self.stopped_at, self.where_died(), self.where_stood)
        where = f"Where each task stood:{told}" if told else "All its tasks were done."
        kept = f"\n{call}.stopped is the recording up to here." if is_kept else ""
        self.told = f"{call}() was stopped. {where}{kept}"
        stop.add_note(self.told)
        return run

    def where_died(self) -> Callable[[Task], Place | None]:
        """A function that gives the line at which a task of the recording has failed; None where it is not certain."""
        places: dict[tuple[str, float, str], Place | None] = {}
        for row in self.rows:
            if row.outcome == EXCEPTION:
                key = *self._key(row), row.error or ""
                places[key] = row.died if places.get(key, row.died) == row.died else None
        return lambda task: places.get((task.coroutine, task.created, task.error))

    def where_stood(self, task: Task) -> Place | None:
        """The line at which a task of the recording stood when the run was stopped, if it is known.

        Of a run with very many turns the notes do not say where a task has stepped aside (`turns.py`).
        """
        return self.stood.get((task.coroutine, task.created))

    def _key(self, row: Row) -> tuple[str, float]:
        """What the row of a task and the task of the recording have in common."""
        return row.coroutine, (row.created - self.started) / 1e9

    def check(self) -> None:
        """Raise UnknownPython, with the cause, if something went wrong while notes were taken."""
        if self.failure is not None:
            raise unknown_python(f"it could not read this run ({error_in_words(self.failure)})") from self.failure

    def recording(self, main: asyncio.Task[Any], clock: Literal["real", "virtual"],
                  ended_by: BaseException | None = None, remarks: Sequence[Remark] = ()) -> Recording:
        """The recording of a run, after the end of the `with` block.

        ended_by  what ended the run before the main task was done; without it that task is done
        remarks   on the run; a task of theirs is the `id` of its row

        Raises UnknownPython, with the cause, if something went wrong while notes were taken.
        """
        self.check()
        if ended_by is None and not (self.rows and self.rows[0].finished is not None):
            raise unknown_python("the end of the main task was not seen, so asyncio runs tasks in another way, "
                                 "or a tool has it do so", "may not know")
        value, exception = None, ended_by
        if exception is None:
            try:
                # A loop may have called result() already, and a second call would raise without the traceback.
                exception = main.exception()
                if exception is None:
                    value = main.result()
            except asyncio.CancelledError as cancelled:
                exception = cancelled
        left, elapsed = tasks_of(self)
        error = "" if exception is None else error_in_words(exception)
        return Recording(left.tasks, elapsed, clock, left.jobs(jobs_of(self)), error, value, exception,
                         left.blocking(callbacks_of(self)), left.others, left.remarks(remarks))
