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
from typing import Any
from weakref import ref

from helpers.recorder.asyncio_internals import Loop, Task
from helpers.recorder.learners_code import place_of_error
from helpers.recorder.names import coroutine_name
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
ROWS: dict[int, Row] = {}               # id(task) -> its row, for every recorded task that is there and not finished


class Row:
    """The notes on one task.

    recorder   the notes that it belongs to
    id         its number in the recording
    created, ready, finished    nanoseconds; `ready`: when it was last woken; `finished`: None until then
    woken      in which turn it was woken, or before which; -1 if a timer did it, or if the times tell
    died       the learner's line that raised the exception that ended it, if one did
    key        the key in ROWS
    reference  a weak reference to the task: one that everybody has dropped must be able to go, and takes the row along
    """

    __slots__ = ("coroutine", "created", "died", "error", "finished", "id", "key", "name", "outcome", "parent", "ready",
                 "recorder", "reference", "woken")

    key: int | None
    reference: ref[asyncio.Task[Any]] | None
    finished: int | None
    name: str | None
    outcome: str | None
    error: str | None
    died: Place | None

    def __init__(self, recorder: Notes, coro: Any, above: Row | None, created: int) -> None:
        """The next row of a recording, for a task that is made of a coroutine, by the task of the row `above`."""
        rows = recorder.rows
        self.recorder = recorder
        self.id = len(rows)
        self.coroutine = coroutine_name(coro)
        self.parent = above.id if above is not None and above.recorder is recorder else None
        self.created = self.ready = created
        self.woken = -1
        self.key = self.reference = self.finished = self.name = self.outcome = self.error = self.died = None
        rows.append(self)

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
