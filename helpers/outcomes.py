"""What became of a run and of each of its tasks, in the words that its picture and all its twins share.

A run may end with an error of its program, or it is cut off before its main task has ended: by a deadlock, by the
limit of steps of `simulate`, by somebody who stops it. Then nobody was "left behind": each task is said to wait for
ever, or not to have ended, with what it did last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers.wait_kinds import CANCELLED, EXCEPTION, PENDING, READY, RESULT, WAIT, kind_of
from helpers.words import first_line, isolated, listed

if TYPE_CHECKING:
    from helpers.recording import Recording, Task

STOPPED = "KeyboardInterrupt"       # the stop button, Ctrl-C
NAMED = 3                           # tasks for which a task waits, at most


def kind(error: str) -> str:
    """The type of an error, without its text.

    >>> kind("ValueError: no tea")
    'ValueError'
    """
    return first_line(error).partition(":")[0]


def is_cut_off(run: Recording) -> bool:
    """Whether the run was over before its main task had ended."""
    return bool(run.error) and run.tasks[0].outcome == PENDING


def is_deadlock(run: Recording) -> bool:
    """Whether nothing was left that could have woken one of its tasks."""
    return is_cut_off(run) and kind(run.error) == "Deadlock"


def was_stopped(run: Recording) -> bool:
    """Whether somebody stopped the run."""
    return kind(run.error) == STOPPED or (is_cut_off(run) and kind(run.error) == "CancelledError")


def ended_with(run: Recording) -> tuple[str, str]:
    """What ended a run instead of a result, in a word, and what there is to add; ("", "") if it has a result.

    The word is the type of the error, or "stopped", or "cancelled".
    """
    if not run.error and run.tasks[0].outcome != EXCEPTION:
        return "", ""
    if was_stopped(run):
        return "stopped", ""
    told = first_line(run.error) or first_line(run.tasks[0].error) or "an exception"
    name, _, words = told.partition(":")
    return ("cancelled" if name == "CancelledError" else name), words.strip()


def became(run: Recording, task: Task, *, names: bool = True, line: bool = False) -> str:
    """What became of a task, if it did not come to its end: "failed: ValueError: no tea", "waits for a lock for ever".

    names  whether the tasks for which it waits are named
    line   whether the line is told at which it waits for ever
    """
    if task.outcome == RESULT:
        return ""
    if task.outcome == CANCELLED:
        return "cancelled"
    if task.outcome == EXCEPTION:
        if kind(task.error) == STOPPED:
            return "stopped"
        return f"failed: {told}" if (told := first_line(task.error)) else "failed"
    if not is_cut_off(run):
        return "left behind"
    last = task.spans[-1] if task.spans else None
    if last is None or (last.kind == READY and not last.wait):
        return "not begun"
    if last.kind != WAIT:
        return "not ended: ready to run" if last.kind == READY else "not ended: runs"
    known = listed([isolated(run.names[number]) for number in last.on if run.task(number)], most=NAMED) if names else ""
    does = kind_of(first_line(last.wait)).told(known)
    if not is_deadlock(run):
        return f"not ended: {does}"
    return f"{does} for ever" + (f", line {last.place.line}" if line and last.place else "")


def tally(run: Recording, tasks: Sequence[Task]) -> list[str]:
    """How many of these tasks of a run ended otherwise than with a result: ["2 failed", "1 left behind"]."""
    many = Counter(task.outcome for task in tasks)
    stopped = sum(task.outcome == EXCEPTION and kind(task.error) == STOPPED for task in tasks)
    many[EXCEPTION] -= stopped
    pending = "left behind"
    if is_cut_off(run):
        pending = "not ended"
        if is_deadlock(run):
            pending = "waits for ever" if many[PENDING] == 1 else "wait for ever"
    told = ((many[EXCEPTION], "failed"), (stopped, "stopped"), (many[CANCELLED], "cancelled"), (many[PENDING], pending))
    return [f"{number:,} {words}" for number, words in told if number]
