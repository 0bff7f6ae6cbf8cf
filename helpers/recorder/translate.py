"""From notes to a `Recording`: the rows and the steps of `notes.py` as tasks with spans, in seconds from the start."""

from __future__ import annotations

import asyncio
import gc
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from helpers.recorder import notes as note
from helpers.recorder.folding import Folding
from helpers.recorder.names import is_default_name, task_name
from helpers.recorder.notes import ROWS, STRIDE, Notes, Row
from helpers.recording import Place, Span, Task, ThreadJob
from helpers.wait_kinds import BLOCKED, PENDING, READY, RUN, WAIT
from helpers.words import told_apart

_new = tuple.__new__                    # _new(Span, (...)) is Span(...), in a third of its time


def _ready_span(start: float, end: float, wait: str, place: Place | None) -> Span:
    return _new(Span, (READY, start, end, wait, (), place, -1, -1, -1.0, "", -1, ()))


def _wait_span(start: float, end: float, wait: str, on: tuple[int, ...], place: Place | None, woken: int,
               asked: float, cut: str, cutter: int, through: tuple[Place, ...]) -> Span:
    return _new(Span, (WAIT, start, end, wait, on, place, -1, woken, asked, cut, cutter, through))


def _turn_span(kind: str, start: float, end: float, place: Place | None, step: int) -> Span:
    return _new(Span, (kind, start, end, "", (), place, step, -1, -1.0, "", -1, ()))


def tasks_of(recorder: Notes) -> tuple[Folding, float]:
    """The tasks with their spans, and the seconds that the main task took."""
    rows, notes, zero = recorder.rows, recorder.notes, recorder.started
    steps: list[list[int]] = [[] for _ in rows]         # of each task, where in the notes its steps stand
    for at in range(0, len(notes), STRIDE):
        steps[notes[at + note.TASK]].append(at)
    jobs_done: dict[int | None, list[int]] = {}
    for _, _, done, number in recorder.jobs:
        jobs_done.setdefault(number, []).append(done)
    end = rows[0].finished or recorder.ended
    waits = {id(wait): wait for wait in notes[note.WAIT::STRIDE] if wait is not None}
    places = {number: wait.place() for number, wait in waits.items()}
    ways = {number: wait.places() for number, wait in waits.items() if wait.through}
    for row in rows:
        if row.library:
            _look_for_blocking(row, steps[row.id], recorder)
        if row.owner is not None and row.owner.handlers:
            row.coroutine = row.owner.handler           # that of the library is of no interest
    tasks = []
    collecting = gc.isenabled()
    gc.disable()                        # so many small objects, all of which stay: looking for garbage is lost time
    try:
        for row, name in zip(rows, _names(rows)):
            spans = _spans(row, steps[row.id], recorder, jobs_done.get(row.id, ()), end, places, ways)
            tasks.append(Task(
                row.id, name, row.coroutine, row.parent, (row.created - zero) / 1e9,
                None if row.finished is None else (row.finished - zero) / 1e9,
                row.outcome or PENDING, row.error or "", spans, _made_in(row, steps),
            ))
    finally:
        if collecting:
            gc.enable()
    return Folding(rows, tasks), (end - zero) / 1e9


def _look_for_blocking(row: Row, steps: list[int], recorder: Notes) -> None:
    """See whether a library's task ran a function of the learner's that blocked the loop."""
    for at in steps:
        started, ended = recorder.notes[at + note.STARTED], recorder.notes[at + note.ENDED]
        if ended - started > recorder.threshold:
            place = _most_seen(recorder.seen, started, ended)
            if place is not None and row.owner is not None:
                row.owner.ran(place.function)


def _spans(row: Row, steps: list[int], recorder: Notes, jobs_done: Sequence[int], end: int,
           places: dict[int, Place | None], ways: dict[int, tuple[Place, ...]]) -> tuple[Span, ...]:
    """The life of one task, from the notes on its steps."""
    notes, zero, threshold, cuts = recorder.notes, recorder.started, recorder.threshold, recorder.cuts
    exact = recorder.sampler.exact
    spans: list[Span] = []
    last, wait = row.created, None                      # since when it has been off the loop, and what for
    for at in steps:
        _, ready, woken, started, ended, next_wait = notes[at:at + STRIDE]
        since, begun = (last - zero) / 1e9, (started - zero) / 1e9
        if wait is None:
            if started > last:
                spans.append(_ready_span(since, begun, "", None))
        elif wait.kind == "turn":
            spans.append(_ready_span(since, begun, "turn", places[id(wait)]))
        else:
            if wait.kind == "thread":                   # over when the threads are done, though heard of later
                done = max((done for done in jobs_done if last < done <= ready), default=ready)
                if done < ready:
                    ready, woken = done, -1
            if not last <= ready <= started:
                ready, woken = min(max(ready, last), started), -1
            until = (ready - zero) / 1e9
            asked, cut, cutter = -1.0, "", -1
            if at in cuts:
                cut, cutter, asked = cuts[at]
            elif exact and woken == -1 and wait.kind == "sleep":
                asked = (ready - last) / 1e9            # a timer has ended it, at the instant that was asked for
            spans.append(_wait_span(since, until, wait.kind, wait.on, places[id(wait)], woken, asked, cut, cutter,
                                    ways.get(id(wait), ())))
            if started > ready:
                spans.append(_ready_span(until, begun, wait.kind, places[id(wait)]))
        kind, place = RUN, None
        if ended - started > threshold:
            kind, place = BLOCKED, _most_seen(recorder.seen, started, ended)
        spans.append(_turn_span(kind, begun, (ended - zero) / 1e9, place, at // STRIDE))
        last, wait = ended, next_wait
    if row.finished is None:                            # the run ended before the task
        since, until = (last - zero) / 1e9, (max(end, last) - zero) / 1e9
        if wait is None or wait.kind == "turn":
            spans.append(_ready_span(since, until, "turn" if wait else "", wait and places[id(wait)]))
        else:
            spans.append(_wait_span(since, until, wait.kind, wait.on, places[id(wait)], -1,
                                    recorder.asked.get(row.id, -1.0), "", -1, ways.get(id(wait), ())))
    return tuple(spans)


def _made_in(row: Row, steps: list[list[int]]) -> int:
    """The number of the turn in which a task was made; without a parent that of the turn before which."""
    if row.parent is None:
        return row.made // STRIDE
    own = steps[row.parent]             # the turn was noted when it ended, after those that began in the middle of it
    turn = bisect_left(own, row.made)
    return (own[turn] if turn < len(own) else row.made) // STRIDE


def _most_seen(seen: list[tuple[int, Place | None, int]], started: int, ended: int) -> Place | None:
    """The line at which a turn was for most of its time."""
    lines: dict[Place, int] = {}
    for at in range(bisect_right(seen, started, key=_when), bisect_right(seen, ended, key=_when)):
        _, place, weight = seen[at]
        if place is not None:
            lines[place] = lines.get(place, 0) + weight
    return max(lines, key=lines.__getitem__) if lines else None


_when = itemgetter(0)


def _names(rows: list[Row]) -> list[str]:
    """A name for each task: its own, or that of its coroutine function, numbered from the second on."""
    taken: dict[str, int] = {}
    names = []
    for row in rows:
        name, function, owner = row.name, row.coroutine, row.owner
        if owner is not None and owner.handlers:        # whatever the library calls it
            name = None
        if name is None or is_default_name(name) or (owner is not None and owner.wrapped and _tells(name, function)):
            name = function
            if not row.library:
                count = taken[function] = taken.get(function, 0) + 1
                name = function if count == 1 else f"{function} {count}"
        names.append(name)
    return names


def names_shown(tasks: Sequence[asyncio.Task[Any]]) -> list[str]:
    """What to call each of some tasks that are not done: as their recording will, or so that no two are the same."""
    rows = [row for task in tasks if (row := ROWS.get(id(task))) is not None]
    if not rows or len(rows) < len(tasks) or any(row.recorder is not rows[0].recorder for row in rows):
        return told_apart([task_name(task) for task in tasks])
    shown = [row for row in rows[0].recorder.rows if not row.library]
    for row in shown:
        task = None if row.reference is None else row.reference()
        if task is not None:
            row.name = task.get_name()
    names = {row.id: name for row, name in zip(shown, told_apart(_names(shown)))}
    return [names.get(row.id, row.coroutine) for row in rows]


def _tells(name: str, function: str) -> bool:
    """Whether a library has named a task after its function: anyio does, as "__main__.price"."""
    return name in (function, "functools") or name.endswith(f".{function}") or "<locals>." in name    # or a partial()


def jobs_of(recorder: Notes) -> tuple[ThreadJob, ...]:
    """What worker threads did for the tasks, in the order in which they began."""
    zero = recorder.started
    return tuple(ThreadJob(thread, (started - zero) / 1e9, (ended - zero) / 1e9, task)
                 for thread, started, ended, task in sorted(recorder.jobs, key=itemgetter(1)))


def callbacks_of(recorder: Notes) -> tuple[Span, ...]:
    """The callbacks that are no task's and that blocked the loop."""
    zero = recorder.started
    return tuple(
        Span(BLOCKED, (started - zero) / 1e9, (ended - zero) / 1e9, name, (), _most_seen(recorder.seen, started, ended))
        for started, ended, name in recorder.blocks
    )
