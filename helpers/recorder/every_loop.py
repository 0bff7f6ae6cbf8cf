"""Record every event loop that a program runs, without a change to the program.

    loops = EveryLoop(threshold=0.1)
    loops.start()
    ...                             # whatever runs asyncio.run(), Runner.run() or loop.run_until_complete()
    for run in loops.finish():      # a Recording of each run, or the error that says why there is none

A run begins with the first task that is made for a loop, and ends when the loop stops and all its tasks are done, or is
closed. So `asyncio.run()` is a run, with the clean-up of the tasks that it cancels at its end, and each `Runner.run()`
is one, unless a task of the one before is left and goes on in the next.

The main task of a run is the one that is made before the loop runs. If there are several, as for
`run_until_complete(gather(a(), b()))`, or none, as for a loop in a thread that is given its tasks later, the main task
of the recording stands for the script, which waits for them.

Limits. Loops that are not asyncio's, such as uvloop's, are not seen, nor is any in another process. A loop that records
itself, as that of `simulate` does, is left alone.
"""

from __future__ import annotations

import asyncio
import functools
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from helpers.recorder.asyncio_internals import Loop, UnknownPython, unknown_python
from helpers.recorder.run import Recorder
from helpers.recorder.translate import callbacks_of, jobs_of, tasks_of
from helpers.recorder.watchdog import Sampler
from helpers.recording import Recording, Span, Task
from helpers.wait_kinds import CANCELLED, RESULT, WAIT
from helpers.words import error_in_words

# What asyncio itself runs before it closes a loop.
CLEAN_UP = ("BaseEventLoop.shutdown_asyncgens", "BaseEventLoop.shutdown_default_executor")
SCRIPT = "the script"                   # the main task of a run that has several, or none


class _Run:
    """A run that is being recorded: its recorder, and what only the loop's caller can know."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.mains: int | None = None       # how many tasks there were when the loop began to run
        self.stopped: int | None = None     # when the loop last stopped, on the recorder's clock; None while it runs


class EveryLoop:
    """Records the event loops of this process, from `start()` to `finish()`.

    threshold  seconds; a turn on the loop that takes longer counts as blocking it

    What goes wrong here is kept for `finish()`: the program goes on. A process that this one forks is not recorded.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._active = False             # whether it records: not before start(), nor in a forked process
        self._under_way: dict[int, _Run] = {}           # id(loop) -> the run
        self._over: list[_Run] = []
        self._failures: list[Exception] = []
        self._replaced: list[tuple[Any, Any]] = []      # methods of asyncio's loops, and what stands in their place

    # -- hooks ----------------------------------------------------------------------------------

    def start(self) -> None:
        """From now on every loop that is made is recorded."""
        every, base = self, asyncio.BaseEventLoop
        init, run_forever, close = base.__init__, base.run_forever, base.close

        def new_init(self: Loop, *args: Any, **options: Any) -> None:
            init(self, *args, **options)
            every._begin(self)

        def new_run_forever(self: Loop) -> None:
            every._runs(self)
            try:
                run_forever(self)
            finally:
                every._stops(self)

        def new_close(self: Loop) -> None:
            if not self.is_running():                   # else close() refuses
                every._end(self)
            close(self)

        for original, hook in ((init, new_init), (run_forever, new_run_forever), (close, new_close)):
            setattr(base, original.__name__, functools.wraps(original)(hook))
            self._replaced.append((original, getattr(base, original.__name__)))
        self._active = True
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._active = False

    def _begin(self, loop: Loop) -> None:
        """Record what the loop does next."""
        if not self._active or isinstance(loop, Sampler):
            return
        try:
            recorder = Recorder(loop, time.perf_counter_ns, self.threshold, everything=True)
            self._under_way[id(loop)] = _Run(recorder.__enter__())
        except Exception as error:                      # there may be no thread to be had
            self._failures.append(error)

    def _runs(self, loop: Loop) -> None:
        run = self._under_way.get(id(loop)) if self._active else None
        if run is not None and run.recorder.watch is not None and not loop.is_running():
            run.recorder.watch.thread = threading.get_ident()       # it may have been made in another one
            run.stopped = None
            if run.mains is None:
                run.mains = len(run.recorder.rows)

    def _stops(self, loop: Loop) -> None:
        run = self._under_way.get(id(loop)) if self._active else None
        if run is None or loop.is_running():
            return
        run.stopped = run.recorder.clock()
        if run.recorder.rows and not run.recorder.unfinished():
            self._end(loop)
            self._begin(loop)

    def _end(self, loop: Loop) -> None:
        run = self._under_way.pop(id(loop), None) if self._active else None
        if run is None:
            return
        try:
            run.recorder.__exit__()
        except Exception as error:
            run.recorder.fail(error)
        if run.stopped is not None:
            run.recorder.ended = run.stopped
        if _is_worth_it(run.recorder):
            self._over.append(run)

    # -- what was seen --------------------------------------------------------------------------

    def finish(self) -> list[Recording | Exception]:
        """End all runs, and give a recording of each, in the order in which they began; or why there is none."""
        for run in [*self._under_way.values()]:
            self._end(run.recorder.loop)
        self._active = False
        while self._replaced:
            original, hook = self._replaced.pop()
            if getattr(asyncio.BaseEventLoop, original.__name__) is hook:       # else somebody has put another over it
                setattr(asyncio.BaseEventLoop, original.__name__, original)
        self._over.sort(key=lambda run: run.recorder.rows[0].created)
        return [*map(_recording_or_error, self._over), *self._failures]


def _is_worth_it(recorder: Recorder) -> bool:
    """Whether there is more in a run than what asyncio does before it closes a loop."""
    return any(row.coroutine not in CLEAN_UP for row in recorder.rows)


def _recording_or_error(run: _Run) -> Recording | Exception:
    try:
        return _recording(run)
    except UnknownPython as error:
        return error
    except Exception as error:
        return unknown_python(f"it could not read this run ({error_in_words(error)})")


def _recording(run: _Run) -> Recording:
    recorder = run.recorder
    recorder.check()
    first = recorder.rows[0]
    recorder.started = first.created                # the loop may have been made long before
    left, elapsed = tasks_of(recorder)
    error = first.error or ("CancelledError" if first.outcome == CANCELLED else "")
    found = Recording(left.tasks, elapsed, "real", left.jobs(jobs_of(recorder)), error, None, None,
                      left.blocking(callbacks_of(recorder)), left.others)
    mains = sum(number is not None for number in left.numbers[:run.mains or 0])
    return found if mains == 1 else _under_one(found, mains, (recorder.ended - recorder.started) / 1e9)


def _under_one(run: Recording, mains: int, elapsed: float) -> Recording:
    """The run with a main task in front that stands for the script, which waits for the first `mains` tasks.

    If there are none, it waits for all that nobody made, for the seconds that the loop ran.
    """
    ends = [task.finished for task in run.tasks[:mains]]
    if ends and None not in ends:
        elapsed = max(filter(None, ends))
    tasks = tuple(_moved(task) for task in run.tasks)
    firsts = tuple(task._replace(parent=0, made=-1) for task in tasks[:mains])
    awaited = tuple(task.id for task in tasks[:mains or None] if task.parent is None)
    main = Task(0, SCRIPT, SCRIPT, None, 0.0, elapsed, RESULT, "", (Span(WAIT, 0.0, elapsed, "task", awaited),))
    jobs = tuple(job._replace(task=None if job.task is None else job.task + 1) for job in run.threads)
    return replace(run, tasks=(main, *firsts, *tasks[mains:]), elapsed=elapsed, threads=jobs, error="")


def _moved(task: Task) -> Task:
    """A task of which all numbers of tasks are one higher."""
    spans = tuple(span._replace(on=_higher(span.on), cutter=span.cutter + (span.cutter >= 0)) for span in task.spans)
    return task._replace(id=task.id + 1, parent=None if task.parent is None else task.parent + 1, spans=spans)


def _higher(numbers: Sequence[int]) -> tuple[int, ...]:
    return tuple(number + 1 for number in numbers)
