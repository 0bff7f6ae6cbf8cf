"""An observation, and what all rules share: the words for a line, and which waits there are."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from helpers.recording import Place, Recording, Span, Task
from helpers.wait_kinds import WAIT, kind_of
from helpers.words import isolated, listed, one_line, shown_name

NAMES = 4               # tasks that are named in a sentence, at most
LINES = 4               # lines likewise


class Observation(NamedTuple):
    """What a rule has seen in a run.

    rule     the name of the rule: "staircase", "blocked", ...
    tasks    ids of the tasks that it is about, without repetition; none if it is a callback
    place    the learner's line; None if it is not known
    numbers  the evidence, by name: counts, and of a run in virtual time durations in seconds
    words    a sentence or more; of a run in real time without durations, and without what differs from run to run
    """

    rule: str
    tasks: tuple[int, ...]
    place: Place | None
    numbers: Mapping[str, float]
    words: str


class Way(NamedTuple):
    """Where a wait stands: the learner's line, and the lines through which it is awaited, outermost first."""

    place: Place | None
    through: tuple[Place, ...]


def way_of(span: Span) -> Way:
    return Way(span.place, span.through)


def name_of(run: Recording, task: Task | int) -> str:
    """A task in a sentence."""
    return isolated(run.names[task if isinstance(task, int) else task.id])


def names_of(run: Recording, tasks: Iterable[int]) -> str:
    """Some tasks in a sentence, each once; of many the first."""
    return listed((name_of(run, each) for each in dict.fromkeys(tasks)), most=NAMES)


def lines(places: Iterable[Place | None]) -> str:
    """ "line 5 in main", "lines 5 and 6 in main"; "" if none is known.

    >>> lines([Place("a.py", 5, "main"), Place("a.py", 7, "main"), None])
    'lines 5 and 7 in main'
    """
    known: dict[tuple[str, str], list[int]] = {}
    for place in dict.fromkeys(places):
        if place is not None:
            known.setdefault((place.file, place.function), []).append(place.line)
    told = [f"{'line' if len(own) == 1 else 'lines'} {listed(map(str, own), most=LINES)} in "
            f"{isolated(shown_name(function))}" for (_, function), own in known.items()]
    return listed(told, most=LINES)


def at(ways: Iterable[Way]) -> str:
    """ " at line 3 in fetch, awaited at line 9 in main", to be put behind a verb; "" if no line is known."""
    known = list(ways)
    inner = lines(way.place for way in known)
    outer = lines(way.through[-1] for way in known if way.through)
    if not inner:
        return ""
    return f" at {inner}, awaited at {outer}" if outer else f" at {inner}"


def does(kind: str) -> str:
    """What one task does that waits so: "waits for a request".

    >>> does("sleep"), does("redis")
    ('sleeps', 'waits for redis')
    """
    return isolated(one_line(kind_of(kind).told()))


def waits(task: Task) -> list[Span]:
    """The waits of a task, in their order."""
    return [span for span in task.spans if span.kind == WAIT]


def took(run: Recording, span: Span) -> bool:
    """Whether a wait took time. In real time each does, and how much means little."""
    return span.end > span.start or run.clock == "real"


def total(spans: Iterable[Span]) -> float:
    """Seconds of all together, without the noise of adding."""
    return round(sum(span.end - span.start for span in spans), 9)


def under_way(task: Task) -> tuple[float, float]:
    """From when to when."""
    return task.created, float("inf") if task.finished is None else task.finished


def alone(stretches: Sequence[tuple[float, float]]) -> list[bool]:
    """Of each stretch, from a begin to an end, whether it overlaps no other. What only touches does not overlap.

    >>> alone([(0, 1), (1, 3), (2, 4)])
    [True, False, False]
    """
    order = sorted(range(len(stretches)), key=lambda each: stretches[each])
    found = [True] * len(stretches)
    last = float("-inf")
    for position, each in enumerate(order):
        begin, end = stretches[each]
        following = stretches[order[position + 1]][0] if position + 1 < len(order) else float("inf")
        found[each] = last <= begin and end <= following
        last = max(last, end)
    return found


class Moments(NamedTuple):
    """When what happened in a run, in order of time: each a moment, and the id of the task.

    ended  a task ended, or a call in a worker thread, which has the id -1
    inner  a wait ended that another task ends, such as one for an item of a queue
    made   of each task by its id, when it made others
    """

    ended: list[tuple[float, int]]
    inner: list[tuple[float, int]]
    made: dict[int, list[tuple[float, int]]]


def moments(run: Recording) -> Moments:
    made: dict[int, list[tuple[float, int]]] = {}
    for task in run.tasks:
        if task.parent is not None:
            made.setdefault(task.parent, []).append((task.created, task.id))
    return Moments(
        sorted([(task.finished, task.id) for task in run.tasks if task.finished is not None]
               + [(job.end, -1) for job in run.threads]),
        sorted((span.end, task.id) for task in run.tasks for span in waits(task)
               if not kind_of(span.wait).outside and not span.cut),
        {parent: sorted(own) for parent, own in made.items()},
    )


def between(known: Sequence[tuple[float, int]], begin: float, end: float) -> Sequence[tuple[float, int]]:
    """Those of some moments, which are in order, that lie between two times, or at one of these.

    >>> between([(0.1, 1), (0.2, 2), (0.3, 3)], 0.2, 0.4)
    [(0.2, 2), (0.3, 3)]
    """
    return known[bisect_left(known, (begin, -1)):bisect_right(known, (end, sys.maxsize))]


def how_many(words: str, number: int) -> str:
    """Sentences about one task, and one that says of how many others they are true."""
    if number <= 0:
        return words
    return f"{words} {'1 other task does' if number == 1 else f'{number:,} other tasks do'} the same."
