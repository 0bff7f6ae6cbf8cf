"""Where each task stood when a run was stopped, in words.

A run that hangs is stopped by hand: by the stop button, by Ctrl-C, by a timeout. What its author wants to know then is
what a `Deadlock` of the virtual loop tells: who waits for what, at which line, and who has died of what.
"""

from __future__ import annotations

import asyncio
import inspect
from bisect import bisect_right
from collections.abc import Callable, Iterable
from types import CoroutineType

from helpers.recorder.names import task_name
from helpers.recorder.owners import sort_out
from helpers.recorder.waits import what_it_does
from helpers.recording import Others, Place, Recording, Span, Task
from helpers.wait_kinds import EXCEPTION, READY, WAIT, kind_of
from helpers.words import count, first_line, listed, shown_name

MOST = 20                   # lines on tasks; the other tasks are counted
MOST_FAILED = 5             # the same for those that have failed
MOST_NAMES = 4              # names in one sentence


def standings(run: Recording, at: float | None = None, running: Place | None = None,
              died: Callable[[Task], Place | None] = lambda task: None,
              stood: Callable[[Task], Place | None] = lambda task: None) -> str:
    """Where the tasks of a recording stood, and which had failed: a line for each, which begins with "  - ".

    Three tasks and more of which the same is to be said share a line.

    at       the moment, in seconds since the recording began; None: its end
    running  the learner's line that was running at that moment, if it is known
    died     gives the line at which a task has failed, if it is known
    stood    the same for the line at which a task stood between two turns, where the recording does not say it
    """
    standing, failed = [], []
    for task in run.tasks:
        if at is not None and task.created > at:
            continue
        if task.finished is None or (at is not None and task.finished > at):
            standing.append((run.names[task.id], _stands(run, task, at, running, stood)))
        elif task.error.partition(":")[0] == "KeyboardInterrupt":       # it held the loop, and so the stop ended it
            standing.append((run.names[task.id], f"runs{_at(died(task))}"))
        elif task.outcome == EXCEPTION:
            failed.append((run.names[task.id], f"has failed: {first_line(task.error)}{_at(died(task))}"))
    return _lines(standing, MOST, "task") + _lines(failed, MOST_FAILED, "failed task")


def standings_of(tasks: Iterable[asyncio.Task], current: asyncio.Task | None = None,
                 running: Place | None = None) -> str:
    """The same of tasks that are not recorded; `current` is the one that holds the loop, at the line `running`.

    Three tasks and more of which the same is to be said share a line, and two if they have one name. Those of
    libraries are counted.
    """
    told = []
    own, others = sort_out(tasks, current)
    for task in own:
        coro, name = task.get_coro(), shown_name(task_name(task))
        if task is current:
            words = f"runs{_at(running)}"
        elif isinstance(coro, CoroutineType) and inspect.getcoroutinestate(coro) == inspect.CORO_CREATED:
            words = "has not begun"
        else:
            words = what_it_does(task)
        told.append((name, words))
    return _lines(told, MOST, "task") + _others(others)


def _others(others: Iterable[Others]) -> str:
    return "".join(f"\n  - and {count(each.tasks, 'task')} of {shown_name(each.library)}" for each in others)


def _stands(run: Recording, task: Task, at: float | None, running: Place | None,
            stood: Callable[[Task], Place | None]) -> str:
    span = _span_at(task, at)
    if span is None:
        return "has not begun"
    if span.kind == READY:
        return f"is ready to run{_at(span.place or stood(task))}" if span.wait else "has not begun"
    if span.kind == WAIT:
        names = [run.names[number] for number in span.on]
        return f"{kind_of(span.wait).told(listed(names, most=MOST_NAMES))}{_at(span.place)}"
    return f"runs{_at(running or span.place or stood(task))}"


def _span_at(task: Task, at: float | None) -> Span | None:
    """What the task did at a moment: the last that had begun then."""
    number = len(task.spans) if at is None else bisect_right(task.spans, at, key=_begin)
    return task.spans[number - 1] if number else None


def _begin(span: Span) -> float:
    return span.start


def _at(place: Place | None) -> str:
    return f" at {place}" if place else ""


def _lines(told: list[tuple[str, str]], most: int, noun: str) -> str:
    """A line for each task, of which the name and the words are given; those that are alike share one."""
    alike: dict[str, list[str]] = {}
    for name, words in told:
        alike.setdefault(words, []).append(name)
    lines: dict[str, int] = {}              # a line, and of how many tasks it tells
    for name, words in told:
        names = alike[words]
        if len(names) > 1 and len(set(names)) == 1:
            lines[f"{count(len(names), 'task')}: {name} {words}"] = len(names)
        elif len(names) > 2:
            lines[f"{listed(names, most=MOST_NAMES)}: each {words}"] = len(names)
        else:
            lines[f"{name} {words}"] = 1
    hidden = sum(list(lines.values())[most:])
    return "".join(f"\n  - {line}" for line in
                   [*list(lines)[:most], *([f"and {count(hidden, f'more {noun}')}"] if hidden else [])])
