"""Who awaits whom, as plain data: of the tasks of a loop that is running, or of a recording at a moment.

asyncio knows of each suspended task what it awaits, and `waits.py` reads that. Here all tasks of a loop are read at one
moment, on every Python; from 3.14 on, `asyncio.print_call_graph` follows the same ties for a single task. A recording
has them in its spans.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import CodeType, CoroutineType, GeneratorType
from typing import Any, NamedTuple

from helpers.recorder.asyncio_internals import TASKS
from helpers.recorder.cuts import asked_of
from helpers.recorder.learners_code import is_library, library_name
from helpers.recorder.locks import read_lock
from helpers.recorder.names import is_default_name, task_name
from helpers.recorder.owners import library_of
from helpers.recorder.waits import read_wait
from helpers.recording import Others, Place, Recording, Span, Task
from helpers.wait_kinds import READY, WAIT, WAITS

RUNS, NEW = "runs", "new"               # beside "ready" and "wait"
KERNEL = frozenset({"ipykernel", "IPython", "tornado", "jupyter_client", "zmq"})        # a notebook's own tasks
_HELPERS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# what the course has at work beside a program; its shops are a part of the program
_INSTRUMENTS = tuple(os.path.join(_HELPERS, folder, "") for folder in ("notebook", "recorder", "virtual", "widgets"))


class Stand(NamedTuple):
    """Where a task stands at a moment.

    name    the task's name, or that of its coroutine function
    state   "wait", "ready", "runs", or "new" if it has not begun
    wait    what it waits for, as in `Span.wait`
    on      the tasks that it waits for, as indices
    places  the learner's lines in which it awaits, outermost first; the last one is where it is suspended, or runs
    asked   the seconds that its sleep asked for; -1 if it does not sleep, or they are not known
    holder  the index of the task that holds the lock that it waits for; -1 if that is not known
    """

    name: str
    state: str
    wait: str = ""
    on: tuple[int, ...] = ()
    places: tuple[Place, ...] = ()
    asked: float = -1.0
    holder: int = -1


class Stands(NamedTuple):
    """All tasks that are not done at a moment; `others` are those of libraries, which no task of the learner awaits."""

    stands: tuple[Stand, ...]
    others: tuple[Others, ...] = ()


# -- live -------------------------------------------------------------------------------------------

class _Number:
    """As much of a row as `read_wait` uses: the number of a task."""

    recorder = None

    def __init__(self, number: int) -> None:
        self.id = number


def of_loop(loop: asyncio.AbstractEventLoop) -> Stands:
    """The tasks of a loop, read in its own thread, in the order of creation where asyncio has named them."""
    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: (len(task.get_name()), task.get_name()))
    rows: Mapping[int, Any] = {id(task): _Number(number) for number, task in enumerate(tasks)}
    current = asyncio.current_task(loop)
    stands = [_running(task) if task is current else _stand(task, rows) for task in tasks]
    libraries = [_library(task) for task in tasks]
    shown = _learners(stands, libraries)
    hidden = [number for number, task in enumerate(tasks) if task is current and _is_cell(task)]    # the one that asks
    others = Counter(libraries[number] for number in range(len(tasks)) if number not in shown)
    kept = [number for number in sorted(shown) if number not in hidden]
    found = _renumbered(_with_holders(tasks, stands), kept)
    told = tuple(Others(name, count) for name, count in sorted(others.items()) if name not in KERNEL)
    return Stands(tuple(found), told)


def _stand(task: Any, rows: Mapping[int, Any]) -> Stand:
    coro, future = task.get_coro(), getattr(task, "_fut_waiter", None)
    if isinstance(coro, CoroutineType) and inspect.getcoroutinestate(coro) == inspect.CORO_CREATED:
        return Stand(_name(task), NEW)
    wait = read_wait(coro, future, rows)
    place = wait.place()
    places = (*wait.places(), place) if place is not None else ()
    name = _name(task, places)
    if future is None or future.done():
        return Stand(name, READY, wait.kind, (), places)
    asked = asked_of(task) if wait.kind in WAITS and WAITS[wait.kind].timed else -1.0
    return Stand(name, WAIT, wait.kind, wait.on, places, asked)


def _running(task: Any) -> Stand:
    """The task in whose turn this is asked: the lines of its coroutines are on the thread's stack."""
    places: list[Place] = []
    outermost = getattr(task.get_coro(), "cr_frame", None)
    frame = sys._getframe(1)
    while frame is not None:
        if not is_library(frame.f_code):
            places.append(Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        if frame is outermost:
            break
        frame = frame.f_back            # type: ignore[assignment]
    places.reverse()
    return Stand(_name(task, places), RUNS, places=tuple(places))


def _name(task: Any, places: Sequence[Place] = ()) -> str:
    """What to call a task: one of a library, to which the program gave no name, by the learner's function in it."""
    if _is_cell(task):
        return "the cell"
    code = _code_of(task)
    if places and (code is None or is_library(code)) and is_default_name(task.get_name()):
        return places[0].function
    return task_name(task)


def _code_of(task: Any) -> CodeType | None:
    coro = task.get_coro()
    if isinstance(coro, CoroutineType):
        return coro.cr_code
    return coro.gi_code if isinstance(coro, GeneratorType) else None


def _is_cell(task: Any) -> bool:
    """Whether it is the kernel's task in which a cell runs."""
    code = _code_of(task)
    return code is not None and library_name(code.co_filename) in KERNEL


def _library(task: Any) -> str:
    """The library whose task it is, as in a recording; "" if it is the learner's."""
    code = _code_of(task)
    if code is not None and code.co_filename.startswith(_INSTRUMENTS):
        return "helpers"
    return library_of(task)


def _learners(stands: list[Stand], libraries: list[str]) -> set[int]:
    """The learner's tasks, those in which the learner's code is under way, and all that they wait for."""
    shown: set[int] = set()
    next_ones = [number for number, stand in enumerate(stands) if stand.places or not libraries[number]]
    while next_ones:
        number = next_ones.pop()
        if number not in shown:
            shown.add(number)
            next_ones += stands[number].on
    return shown


def _with_holders(tasks: list[Any], stands: list[Stand]) -> list[Stand]:
    """The stands, with the tasks that hold the locks that others wait for."""
    if not any(stand.wait in ("lock", "condition") for stand in stands):
        return stands
    locks = [read_lock(task) if isinstance(task, TASKS) and stand.state in (WAIT, READY) else None
             for task, stand in zip(tasks, stands)]
    holders = {id(lock): number for number, each in enumerate(locks) if each is not None for lock in each.holds}
    return [stand._replace(holder=holders.get(id(each.wants), -1)) if each is not None and each.wants is not None
            and stand.state == WAIT else stand for stand, each in zip(stands, locks)]


def _renumbered(stands: list[Stand], kept: Iterable[int]) -> list[Stand]:
    """Those that are kept, in that order, with what they say of one another."""
    numbers = {old: new for new, old in enumerate(kept)}
    return [stands[old]._replace(on=tuple(numbers[each] for each in stands[old].on if each in numbers),
                                 holder=numbers.get(stands[old].holder, -1)) for old in numbers]


# -- of a recording ---------------------------------------------------------------------------------

def of_recording(run: Recording, at: float | None = None) -> Stands:
    """The tasks of a run that are not done at that moment, in seconds from its start; at its end without `at`.

    In virtual time much happens at one instant: it is the moment after all that.
    """
    stands: list[Stand] = []
    kept: list[int] = []
    for task in run.tasks:
        if (at is None or task.created <= at) and not (
                task.finished is not None and (at is None or task.finished <= at)):
            kept.append(task.id)
        stands.append(_stand_at(task, at))
    return Stands(tuple(_renumbered(_held(run, stands) if at is None else stands, kept)), run.others)


def _stand_at(task: Task, at: float | None) -> Stand:
    span: Span | None = None
    begun = False
    for each in task.spans:
        if at is not None and each.start > at:
            break
        span = each
        begun = begun or each.step >= 0
    if span is None or (span.kind == READY and not begun):
        return Stand(task.name, NEW)
    if span.kind == WAIT:
        places = (*span.through, span.place) if span.place is not None else span.through
        return Stand(task.name, WAIT, span.wait, span.on, places, span.asked)
    if span.kind == READY:
        return Stand(task.name, READY, span.wait, (), (span.place,) if span.place is not None else ())
    return Stand(task.name, RUNS, places=(span.place,) if span.place is not None else ())


def _held(run: Recording, stands: list[Stand]) -> list[Stand]:
    """The stands at the end of a run that is stuck at its locks, with their holders, if it is certain who is who."""
    locks = getattr(run.exception, "locks", ())
    numbers = _numbers(run, [(each.name, each.place) for each in locks], stands)
    if not numbers:
        return stands
    holders = {id(lock): number for number, each in zip(numbers, locks) for lock in each.holds}
    found = list(stands)
    for number, each in zip(numbers, locks):
        if each.wants is not None:
            found[number] = found[number]._replace(holder=holders.get(id(each.wants), -1))
    return found


def _numbers(run: Recording, known: Sequence[tuple[str, Place | None]], stands: Sequence[Stand]) -> list[int]:
    """Which tasks of a recording those are that a deadlock knows by name and line; empty unless all are certain.

    It knows them in the order of creation, but for those to whom the program gave one name.
    """
    numbers: dict[int, int] = {}
    for name in dict.fromkeys(name for name, _ in known):
        wanted = [at for at, each in enumerate(known) if each[0] == name]
        left = [task.id for task in run.tasks if task.finished is None and name in (task.name, task.coroutine)]
        if len(left) == len(wanted) and sum(run.tasks[each].name == name for each in left) <= 1:
            numbers.update(zip(wanted, left))
            continue
        for at in wanted:
            alike = [each for each in left if stands[each].places[-1:] == (known[at][1],)]
            if len(alike) != 1:
                return []
            numbers[at] = alike[0]
    return [numbers[at] for at in range(len(known))]
