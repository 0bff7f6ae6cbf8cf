"""How the recorder meets a task that is new, however it was made.

A task gives its first step to `loop.call_soon` while it is made: by `create_task`, by `asyncio.Task(...)`, by a task
factory. So its row is made there (`begun`), and the task that is running is its parent. Whose recording it belongs to
says the context of whoever makes it; where the program has emptied that, the task that is running.

A task that begins eagerly takes its first step in the middle of the turn in which it is made. If `create_task` makes
it, `hooks.py` knows. `asyncio.Task(..., eager_start=True)` asks only `loop.is_running()`, which is noted (`asked`); the
task itself is met when it does something in that step, or when asyncio keeps it after that (`kept`). From Python 3.14
on nobody hears of the latter, so it is looked for at the end of the turn (`end_of_turn`); where several made such tasks
in one turn, it may not be known whose it is, and then it has no parent.

Not met is a task that `asyncio.Task(..., eager_start=True)` has made and that is done in its first step, unless it has
made a task itself or given a job to a thread.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

from helpers.recorder.asyncio_internals import SCHEDULED, Handle, Task
from helpers.recorder.notes import CURRENT, ROWS, Notes, Row, Unusual
from helpers.recorder.waits import read_wait

if TYPE_CHECKING:
    from helpers.recorder.watch import Watch

_row_of = ROWS.get


class Eager:
    """A task that may have begun eagerly in the turn that is under way.

    recorder, above, created, made    as of the row that it will have
    maker                             the id() of the task that makes it, or of None
    row                               once it has been met
    task                              then, until its first step is noted: or it may be gone
    """

    __slots__ = ("above", "created", "made", "maker", "recorder", "row", "task")

    def __init__(self, recorder: Notes, above: Row | None, maker: int) -> None:
        self.recorder, self.above, self.maker = recorder, above, maker
        self.created, self.made = recorder.clock(), len(recorder.notes)
        self.row: Row | None = None
        self.task: Any = None

    def met(self, task: Any) -> Row:
        """This is the task; its row comes before those of the tasks that it makes."""
        self.row = row = Row(self.recorder, task.get_coro(), self.above, self.created)
        self.task, row.made = task, self.made
        row.follow(task)
        return row


def begun(watch: Watch, task: Any, context: contextvars.Context | None) -> None:
    """A task has given a step to `call_soon` that may be its first."""
    if id(task) in ROWS:
        return
    current = asyncio.current_task(watch.loop)
    if current is task:                 # it has stepped aside, and is none that is recorded, or has begun eagerly
        row_of_current(watch, current)
        return
    above = row_of_current(watch, current)
    recorder = recorder_of(watch, above, context)
    if recorder is None:
        return
    if watch.eager:
        row, maker = watch.eager[-1]
        if row.key is None and maker == id(current):    # it is the one that create_task is about to return
            row.follow(task)
            return
    try:
        Row(recorder, task.get_coro(), above, recorder.clock()).follow(task)
    except Exception as error:
        recorder.fail(error)


def recorder_of(watch: Watch, above: Row | None, context: contextvars.Context | None = None) -> Notes | None:
    """The notes in which a new task is to be, made by the task of the row `above`; None if in none."""
    recorder = CURRENT.get()
    if recorder is not None and recorder in watch.recordings:      # else one of another loop, or one that is over
        return recorder
    if above is not None and above.recorder in watch.recordings:
        return above.recorder
    if context is not None:
        recorder = context.get(CURRENT)
        if recorder is not None and recorder in watch.recordings:
            return recorder
    return watch.everything


def row_of_current(watch: Watch, current: Any) -> Row | None:
    """The row of the task that is running, which may be in its first step and not have been met yet."""
    if current is None:
        return None
    row = _row_of(id(current))
    if row is not None:
        return row
    if watch.eager:
        making, maker = watch.eager[-1]
        if making.key is None and maker != id(current):
            making.follow(current)
            return making
    if watch.asked:
        last = watch.asked[-1]
        if last.row is None and last.maker != id(current):
            try:
                return last.met(current)
            except Exception as error:
                last.recorder.fail(error)
    return None


def asked(watch: Watch) -> None:
    """Somebody asks whether the loop is running: a task, perhaps, that is about to begin eagerly."""
    current = asyncio.current_task(watch.loop)
    above = row_of_current(watch, current)
    recorder = recorder_of(watch, above)
    if recorder is None:
        return
    if _is_made_by_create_task(watch, current):
        return
    watch.asked.append(Eager(recorder, above, id(current)))
    if above is not None:
        note_unusual(above)


def _is_made_by_create_task(watch: Watch, current: Any) -> bool:
    """Whether the task that is running has called `create_task`, for a task that has not been met yet."""
    return bool(watch.eager) and watch.eager[-1][0].key is None and watch.eager[-1][1] == id(current)


def kept(watch: Watch, task: Any) -> None:
    """asyncio keeps a task from now on: if it has begun eagerly, it has just ended its first step."""
    found = next((each for each in watch.asked if each.task is task), None)
    if found is None and watch.asked and id(task) not in ROWS and _holds(task, watch):
        current = asyncio.current_task(watch.loop)
        if not _is_made_by_create_task(watch, current):
            # whoever asked last: before that, tasks were done at once, or were none
            maker = id(current)
            found = next((each for each in reversed(watch.asked) if each.row is None and each.maker == maker), None)
    if found is not None:
        row = found.row or found.met(task)
        found.task = None
        first_step(watch, task, row, found.recorder.clock())


def note_unusual(row: Row) -> Unusual:
    """Have the end of the task's step be looked at more closely."""
    if row.unusual is None:
        row.unusual = Unusual()
    return row.unusual


def end_of_turn(watch: Watch) -> None:
    """Note the first steps that have not been noted of those that have begun eagerly in the turn that ends now."""
    eager, watch.asked[:] = tuple(watch.asked), ()
    open_ = [each for each in eager if each.row is None]
    if open_ and SCHEDULED is None:
        new = [task for task in asyncio.all_tasks(watch.loop) if id(task) not in ROWS and _holds(task, watch)]
        # Some of those that asked may have been no tasks, or done at once: then it is not certain who made which.
        certain = len(new) == len(open_) or len({id(each.above) for each in open_}) == 1
        for task, each in zip(sorted(new, key=_number), open_):
            if not certain:
                each.above = None
            each.met(task)
    for each in eager:
        if each.row is not None and each.task is not None:
            first_step(watch, each.task, each.row, each.created)
            each.task = None


def _holds(task: Any, watch: Watch) -> bool:
    """Whether a task belongs to a recording of the loop, by its context."""
    return task.get_context().get(CURRENT) in watch.recordings


def _number(task: asyncio.Task[Any]) -> tuple[int, str]:
    """Tasks that asyncio has named, in the order in which they were made."""
    return len(task.get_name()), task.get_name()


def first_step(watch: Watch, task: Task, row: Row, ended: int) -> None:
    """Note the first step of a task that has taken it in the middle of another's turn."""
    recorder = row.recorder
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


def met_late(watch: Watch | None, handle: Handle, task: Any) -> Row | None:
    """A row for a task that nobody has met before one of its steps is taken; None if it is in no recording."""
    if watch is None:
        return None
    recorder = handle._context.get(CURRENT)
    if recorder is None or recorder not in watch.recordings or task.done():
        return None
    try:
        row = Row(recorder, task.get_coro(), None, recorder.clock())
        row.follow(task)
    except Exception as error:
        recorder.fail(error)
        return None
    return row
