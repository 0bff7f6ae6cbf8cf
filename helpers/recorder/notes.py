"""What is noted of a run while it is under way.

A task has a row. A step that a task takes is `STRIDE` entries in one flat list, whose fields have names here. Times are
whole nanoseconds on the recording's clock. So the notes of a task take some 500 bytes, and a step is noted in a
microsecond or two; `translate.py` makes words of them when the run is over.

What the recorder itself gets wrong while it reads is kept in `Notes.failure`: the program that is watched must not
notice, and what was noted then must not pass for the truth.
"""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Callable
from types import CoroutineType
from typing import Any
from weakref import ref

from helpers.recorder.asyncio_internals import Loop, Task
from helpers.recorder.learners_code import place_of_error
from helpers.recorder.names import coroutine_name
from helpers.recorder.owners import Owner, own, owner_of
from helpers.recorder.watchdog import Sampler
from helpers.recording import Place
from helpers.wait_kinds import CANCELLED, EXCEPTION, RESULT
from helpers.words import error_in_words

# The fields of a step: the id of the task, when it was woken and in which turn (-1: see Row), when the step started and
# ended, and what the task waited for then (a `Wait`, or None if it was done).
TASK, READY, WOKEN, STARTED, ENDED, WAIT = range(6)
STRIDE = 6

THRESHOLD = 0.1             # seconds; a longer turn on the loop counts as blocking it

CURRENT: contextvars.ContextVar[Notes | None] = contextvars.ContextVar("helpers.recorder", default=None)
STEPPING: list[contextvars.Context | None] = [None]     # the context of the step that is under way, else None
ROWS: dict[int, Row] = {}               # id(task) -> its row, for every recorded task that is there and not finished


class Unusual:
    """What there is to note at the end of a step of a task, which most steps of most tasks do without.

    cancels    how often the task has been cancelled that is not news any more: `task.cancelling()`
    cut        what cut the task's wait short, or may have: "timeout", "cancel" or ""
    cutter     the row of the task that called `cancel()`; None if none did, or it is not known
    certain    whether the wait is over by that: whoever is cancelled may wait for a task that takes its time to end
    own        whether that was in the task's own step, and so concerns the wait that comes after it
    asked      seconds that the sleep asked for that was cut; -1 if it was none
    call       the call of a library in which the wait was, of which it may be an affair of its own
    """

    __slots__ = ("asked", "call", "cancels", "certain", "cut", "cutter", "own")

    def __init__(self) -> None:
        self.cancels = 0
        self.forget()

    def forget(self) -> None:
        """Nothing has cut the wait."""
        self.cut = ""
        self.cutter: Row | None = None
        self.certain = self.own = False
        self.asked = -1.0
        self.call: ref[Any] | None = None


class Row:
    """The notes on one task.

    recorder   the notes that it belongs to
    id         its number in the recording
    created, ready, finished    nanoseconds; `ready`: when it was last woken; `finished`: None until then
    woken      in which turn it was woken, or before which; -1 if a timer did it, or if the times tell
    made       where in the notes the turn stands in which the task was made, or a turn that was in the middle of it;
               without a parent, the turn before which
    unusual    what there is to note at the end of its next step, too; mostly None
    died       the learner's line that raised the exception that ended it, if one did
    key        the key in ROWS
    owner      whose it is, if its coroutine function is not the learner's
    reference  a weak reference to the task: one that everybody has dropped must be able to go, and takes the row along
    """

    __slots__ = ("coroutine", "created", "died", "error", "finished", "id", "key", "made", "name", "outcome", "owner",
                 "parent", "ready", "recorder", "reference", "unusual", "woken")

    key: int | None
    reference: ref[asyncio.Task[Any]] | None
    finished: int | None
    name: str | None
    outcome: str | None
    error: str | None
    owner: Owner | None
    unusual: Unusual | None
    died: Place | None

    def __init__(self, recorder: Notes, coro: Any, above: Row | None, created: int) -> None:
        """The next row of a recording, for a task that is made of a coroutine, by the task of the row `above`."""
        rows = recorder.rows
        self.recorder = recorder
        self.id = len(rows)
        if type(coro) is CoroutineType and id(coro.cr_code) in own:
            self.owner = None
            self.coroutine = coroutine_name(coro)
        else:
            self.owner = owner = owner_of(coro)
            self.coroutine = coroutine_name(coro) if owner is None else owner.name
        self.parent = above.id if above is not None and above.recorder is recorder else None
        self.created = self.ready = created
        self.woken = -1
        made = len(recorder.notes)
        if made != recorder.last_made:      # else the same object, for all tasks that are made in one turn: memory
            recorder.last_made = made
        self.made = recorder.last_made
        self.unusual = None
        self.key = self.reference = self.finished = self.name = self.outcome = self.error = self.died = None
        rows.append(self)

    @property
    def library(self) -> str:
        """The library whose task it is, and which has run nothing of the learner's; else "", as of the main task."""
        return "" if self.owner is None or self.owner.shown or self.id == 0 else self.owner.library

    def follow(self, task: asyncio.Task[Any]) -> None:
        """From now on this is the row of that task."""
        self.key = key = id(task)
        self.reference = ref(task, self._drop)
        ROWS[key] = self

    def _drop(self, reference: ref[asyncio.Task[Any]]) -> None:
        """The task is no more, and another object may get its id."""
        self.leave()

    def leave(self) -> None:
        """No longer be the row of a task."""
        if self.key is not None and ROWS.get(self.key) is self:
            del ROWS[self.key]

    def finish(self, task: Task, ended: int) -> None:
        """The task is done."""
        self.finished = ended
        self.name = task.get_name()
        self.reference = None
        ROWS.pop(id(task), None)
        error = task._exception
        if error is not None:
            self.outcome = EXCEPTION
            self.error = error_in_words(error)
            self.died = place_of_error(error)
        else:
            self.outcome = CANCELLED if task.cancelled() else RESULT

    def read_name(self) -> None:
        """Read the name of the task if it is there still, and leave it."""
        task = None if self.reference is None else self.reference()
        if task is not None:
            self.name = task.get_name()
        self.reference = None


class Notes:
    """The notes on the tasks of one recording.

    loop        the event loop that is watched
    clock       gives the time in nanoseconds, as an integer that never falls
    threshold   nanoseconds of a turn that counts as blocking; may be infinite
    sampler     tells at which line a long turn is
    everything  whether the tasks of the loop are recorded that belong to no recording, too
    """

    def __init__(self, loop: Loop, clock: Callable[[], int], threshold: float, sampler: Sampler,
                 everything: bool) -> None:
        self.loop = loop
        self.clock = clock
        self.threshold = threshold
        self.sampler = sampler
        self.everything = everything
        self.started = self.ended = 0
        self.rows: list[Row] = []
        self.notes: list[Any] = []          # STRIDE entries for each step
        self.seen: list[tuple[int, Place | None, int]] = []     # time, the line at which a turn was, weight
        self.blocks: list[tuple[int, int, str]] = []            # started, ended, a callback that is no task
        self.jobs: list[tuple[str, int, int, int | None]] = []  # thread, started, ended, the task's id
        # where in the notes the step stands after a wait that was cut short: by what, by which task, seconds asked for
        self.cuts: dict[int, tuple[str, int, float]] = {}
        self.asked: dict[int, float] = {}   # id of a task that was left in a sleep -> the seconds that it asked for
        self.last_made = 0                  # of the last row, its `made`
        self.shared = False                 # whether other recordings are under way on the same loop
        self.failure: Exception | None = None

    def fail(self, error: Exception) -> None:
        """Keep the first error of the recorder's own; its traceback shall keep nothing of the program alive."""
        if self.failure is None:
            self.failure = error
            traceback.clear_frames(error.__traceback__)

    def close(self) -> None:
        """Read the names of the tasks that are left, and forget the tasks."""
        for row in self.rows:
            row.leave()
            try:
                row.read_name()
            except Exception as error:
                self.fail(error)
