"""Which tasks a cell has made, and how they are stopped.

A task belongs to the cell in which it was made, or whose tasks made it: a context variable is handed on to it. When a
cell is stopped, its own task is cancelled, as `asyncio.Runner` does on Ctrl-C, and the cancellation spreads from there:
to what the cell awaits, and to what that awaits. That takes several rounds of the loop, in which tasks would run that
it has not reached yet; each could begin its work, and block the loop once more. So from the moment of the stop on, the
loop's queue holds such a task back until the cancellation has spread as far as it goes, and then cancels it. Tasks that
the clean-up makes are let through. What is left when the cell has ended is cancelled then, as `asyncio.run` does.

Nobody is cancelled twice for one stop, since the second time would cut the clean-up short: but for a task that holds
the loop. It is ended by an exception at once, and the cancellation reaches it as well.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from types import FrameType
from typing import Any, cast
from weakref import WeakKeyDictionary

from helpers.recorder import Recorder, note_stop, recorder_of
from helpers.recorder.asyncio_internals import (
    METHODS,
    Handle,
    Loop,
    Step,
    cancel,
    context_of,
    interrupt,
    is_stuck,
    wake,
)
from helpers.recorder.learners_code import learners_place
from helpers.recorder.standings import standings_of

CIRCLE = 100            # cancellations of one task: so many come only from tasks that await one another in a circle

CELL: ContextVar[Cell | None] = ContextVar("helpers.notebook.cell", default=None)


class Cell:
    """One run of a cell.

    loop     the kernel's
    task     the one in which the cell runs, and no other, until it has ended; None if it awaits nothing
    runs_in  the task of the kernel in which it runs in that case
    stops    how often it was stopped
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any] | None,
                 runs_in: asyncio.Task[Any] | None = None) -> None:
        self.loop = loop
        self.task = task
        self.runs_in = runs_in
        self.stops = 0
        self.recorded: dict[Recorder, str] = {}     # what was recorded when it was stopped, and where its tasks stood
        # the tasks that the stop has not reached yet, and how often each had been cancelled before
        self.to_stop: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()
        self.queue: _Queue | None = None

    def tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks of the cell that are not done, but for its own: as they were made, where asyncio has named them."""
        found = [task for task in asyncio.all_tasks(self.loop)
                 if task is not self.task and task is not self.runs_in and self.owns(task)]
        return sorted(found, key=lambda task: (len(task.get_name()), task.get_name()))

    def owns(self, task: asyncio.Task[Any]) -> bool:
        """Whether the cell, or one of its tasks, has made this task."""
        context = context_of(task)
        if context is None:                                 # on Python 3.11, one in the middle of a step
            return task is asyncio.current_task(self.loop) and CELL.get() is self
        return context.get(CELL) is self

    # -- stopping: called by the handler of a signal, between any two steps of the program -----------

    def standings(self, frame: FrameType | None) -> str:
        """Where the tasks of the cell stand, unless a recording will tell it; "" if there are none."""
        place, current = learners_place(frame), asyncio.current_task(self.loop)
        recorders = note_stop(self.loop, place, lambda context: context.get(CELL) is self)
        others: list[asyncio.Task[Any]] = []
        recorded: dict[Recorder, list[asyncio.Task[Any]]] = {each: [] for each in recorders}
        for task in self.tasks():
            recorder = recorder_of(task)
            recorded.get(cast(Recorder, recorder), others).append(task)
        self.recorded = {each: standings_of(tasks, current, place) for each, tasks in recorded.items()}
        return standings_of(others, current, place)

    def untold(self, told: Sequence[str]) -> Iterator[str]:
        """What is to be told of the cell's recordings, after it was stopped, and is not `told` by its error.

        The error of a recording that ran in a task may have got lost on its way, or the recording goes on.
        """
        for recorder, standings in self.recorded.items():
            if recorder.told not in told:
                yield recorder.told or f"A recording had not ended yet. Where each of its tasks stood:{standings}"

    def stop(self, error: BaseException, ended: asyncio.Task[Any] | None, *, cancel: bool) -> None:
        """Stop the cell, or stop it once more.

        error   what the cell's own code gets if it does not heed the first stop
        ended   the task that is being ended by an exception, if one is
        cancel  whether to cancel the cell; else it is being ended by an exception
        """
        self.stops += 1
        tasks = self.tasks()
        if self.stops == 1:
            self.to_stop.update((task, task.cancelling()) for task in tasks if task is not ended)
            self._hold_back()
        else:
            for task in tasks:
                if task is not ended:
                    self._cancel_one(task)
        if cancel:
            if asyncio.current_task(self.loop) is self.task:
                # IPython has not begun with the learner's code, or is done with it: to cancel the task as it ends would
                # be an error that the kernel does not expect.
                self.loop.call_soon_threadsafe(self._cancel, error)
            else:
                self._cancel(error)
        self.loop.call_soon_threadsafe(lambda: None)        # the loop may be asleep

    def _cancel(self, error: BaseException) -> None:
        if self.task is None or self.task.done():
            return
        if self.stops == 1 or not interrupt(self.task, error):
            self._cancel_one(self.task)
        if is_stuck(self.task):                 # it waits for something that refuses to be cancelled
            interrupt(self.task, asyncio.CancelledError())

    def end(self) -> None:
        """The cell has ended: if it was stopped, so do its tasks."""
        if self.stops:
            self._let_go()
            for task in list(self.to_stop):
                self._reach(task)
            if any(task.cancelling() > CIRCLE for task in self.tasks()):
                wake(self.tasks())
        self.task = self.runs_in = None

    def cancel_tasks(self) -> None:
        """Cancel the tasks of a cell that awaits nothing, after it was stopped."""
        for task in self.tasks():
            self._cancel_one(task)

    def _cancel_one(self, task: asyncio.Task[Any]) -> None:
        cancel(task, self.tasks)

    # -- holding tasks back -------------------------------------------------------------------------

    def _hold_back(self) -> None:
        own = getattr(self.loop, "_ready", None)
        if type(own) is deque:                              # a loop that is not asyncio's own may have another
            self.queue = cast(Loop, self.loop)._ready = _Queue(self, own)

    def _let_go(self) -> None:
        if self.queue is not None:
            self.queue.close()
            self.queue = None

    def is_held(self, handle: Handle) -> bool:
        """Whether a callback is the next step of a task that the stop has not reached yet."""
        task = self._task_of(handle)
        if task is None or task not in self.to_stop:
            return False
        if task.cancelling() > self.to_stop[task]:
            del self.to_stop[task]
            return False
        return True

    def reach(self, handle: Handle) -> None:
        """The cancellation has spread as far as it goes, and not to the task of this callback: cancel it."""
        task = self._task_of(handle)
        if task is not None:
            self._reach(task)

    def _reach(self, task: asyncio.Task[Any]) -> None:
        before = self.to_stop.pop(task, None)
        if before is not None and task.cancelling() == before:
            self._cancel_one(task)

    def _task_of(self, handle: Handle) -> asyncio.Task[Any] | None:
        callback = handle._callback
        kind = type(callback)
        task = callback.__self__ if kind is Step or kind in METHODS else None
        return task if isinstance(task, asyncio.Task) else None


class _Queue(deque[Handle]):
    """The loop's queue while a cell is being stopped: tasks that the stop has not reached come last.

    In each round asyncio takes from it with `popleft`, as often as `len` says, and adds to it with `append`. Threads
    add to it, too. One may have looked up the loop's own queue just before this took its place, or this one just before
    it went. So what comes into `own` meanwhile is fetched from there, and what comes late is put there.
    """

    def __init__(self, cell: Cell, own: deque[Handle]) -> None:
        super().__init__()
        self.cell = cell
        self.own = own
        self.held: deque[Handle] = deque()
        self.closed = False

    def append(self, handle: Handle) -> None:
        if self.closed:
            self.own.append(handle)
        else:
            super().append(handle)

    def popleft(self) -> Handle:
        self._fetch()
        while super().__len__():
            handle = super().popleft()
            if not self.cell.is_held(handle):
                return handle
            self.held.append(handle)
        handle = self.held.popleft()
        self.cell.reach(handle)
        return handle

    def __len__(self) -> int:
        return super().__len__() + len(self.held) + len(self.own)

    def __bool__(self) -> bool:
        return len(self) > 0

    def clear(self) -> None:
        super().clear()
        self.held.clear()
        self.own.clear()

    def _fetch(self) -> None:
        while self.own:
            super().append(self.own.popleft())

    def close(self) -> None:
        """Give the loop its own queue back, with all that is in this one."""
        self._fetch()
        waiting = [*self, *self.held]
        super().clear()
        self.held.clear()
        self.closed = True
        loop = cast(Loop, self.cell.loop)
        if loop._ready is self:
            loop._ready = self.own
        self.own.extendleft(reversed(waiting))
