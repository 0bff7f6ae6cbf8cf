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
from helpers.recorder.waits import describe
from helpers.recording import Others, Place, Recording, Span, Task
from helpers.wait_kinds import EXCEPTION, READY, WAIT, kind_of
from helpers.words import count, first_line, listed, shown_name

MOST = 20                   # tasks that are told one by one; the others are counted
MOST_FAILED = 5             # the same for those that have failed
MOST_NAMES = 4              # names in one sentence


def standings(run: Recording, at: float | None = None, running: Place | None = None,
              died: Callable[[Task], Place | None] = lambda task: None) -> str:
    """Where the tasks of a recording stood, and which had failed: a line for each, which begins with "  - ".

    at       the moment, in seconds since the recording began; None: its end
    running  the learner's line that was running at that moment, if it is known
    died     gives the line at which a task has failed, if it is known
    """
    standing, failed = [], []
    for task in run.tasks:
        if at is not None and task.created > at:
            continue
        if task.finished is None or (at is not None and task.finished > at):
            standing.append(_stands(run, task, at, running))
        elif task.error.partition(":")[0] == "KeyboardInterrupt":       # it held the loop, and so the stop ended it
            standing.append(f"{run.names[task.id]} runs{_at(died(task))}")
        elif task.outcome == EXCEPTION:
            failed.append(f"{run.names[task.id]} has failed: {first_line(task.error)}{_at(died(task))}")
    return _lines(standing, MOST, "task") + _lines(failed, MOST_FAILED, "failed task")


def standings_of(tasks: Iterable[asyncio.Task], current: asyncio.Task | None = None,
                 running: Place | None = None) -> str:
    """The same of tasks that are not recorded; `current` is the one that holds the loop, at the line `running`.

    Tasks of which the same is to be said share a line. Those of libraries are counted.
    """
    own, others = sort_out(tasks, current)
    told: dict[str, int] = {}
    for task in own:
        coro = task.get_coro()
        if task is current:
            sentence = f"{shown_name(task_name(task))} runs{_at(running)}"
        elif isinstance(coro, CoroutineType) and inspect.getcoroutinestate(coro) == inspect.CORO_CREATED:
            sentence = f"{shown_name(task_name(task))} has not begun"
        else:
            sentence = describe(task)
        told[sentence] = told.get(sentence, 0) + 1
    return _lines([sentence if times == 1 else f"{count(times, 'task')}: {sentence}"
                   for sentence, times in told.items()], MOST, "line") + _others(others)


def _others(others: Iterable[Others]) -> str:
    return "".join(f"\n  - and {count(each.tasks, 'task')} of {shown_name(each.library)}" for each in others)


def _stands(run: Recording, task: Task, at: float | None, running: Place | None) -> str:
    name, span = run.names[task.id], _span_at(task, at)
    if span is None:
        return f"{name} has not begun"
    if span.kind == READY:
        return f"{name} is ready to run{_at(span.place)}" if span.wait else f"{name} has not begun"
    if span.kind == WAIT:
        names = [run.names[number] for number in span.on]
        return f"{name} {kind_of(span.wait).told(listed(names, most=MOST_NAMES))}{_at(span.place)}"
    return f"{name} runs{_at(running or span.place)}"


def _span_at(task: Task, at: float | None) -> Span | None:
    """What the task did at a moment: the last that had begun then."""
    number = len(task.spans) if at is None else bisect_right(task.spans, at, key=_begin)
    return task.spans[number - 1] if number else None


def _begin(span: Span) -> float:
    return span.start


def _at(place: Place | None) -> str:
    return f" at {place}" if place else ""


def _lines(told: list[str], most: int, noun: str) -> str:
    hidden = len(told) - most
    shown = told[:most] + ([f"and {hidden:,} more {noun}{'s' * (hidden != 1)}"] if hidden > 0 else [])
    return "".join(f"\n  - {line}" for line in shown)
