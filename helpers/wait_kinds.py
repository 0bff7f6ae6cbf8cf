"""What a task may be doing, how it may have ended, and the one table of what it may wait for.

A wait of a recording has the name of its kind: "sleep", "lock", "queue get". All that is known of a
kind stands in its row of `WAITS` and nowhere else: the family, which gives its colour; whether a timer
of the event loop ends it; and its words in sentences. The recorder names waits in `recorder/waits.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from helpers.words import listed, shown_name

RUN, WAIT, READY, BLOCKED = "run", "wait", "ready", "blocked"                               # what a task does
RESULT, EXCEPTION, CANCELLED, PENDING = "result", "exception", "cancelled", "pending"       # how it ended, if it did


class WaitKind(NamedTuple):
    """A kind of wait.

    name      as in `Span.wait`
    family    "clock", "network", "thread", "queue", "lock", "future", "tasks"; of "turn", which is no wait, "ready"
    sentence  what a task does that waits so: {time} is "" or how long, as in " 0.3 s"; {tasks} names those waited for
    noun      what it waits for, as in "waits for a lock"
    timed     whether a timer of the event loop ends it
    """

    name: str
    family: str
    sentence: str
    noun: str
    timed: bool = False

    @property
    def outside(self) -> bool:
        """Whether no other task of the run ends it, as far as can be known."""
        return self.family in ("clock", "network", "thread", "future")

    def told(self, tasks: str = "", time: str = "") -> str:
        """The sentence. Without `tasks`, those waited for are not known by name.

        >>> WAITS["gather"].told(), WAITS["sleep"].told(time=" 0.3 s")
        ('waits for its tasks (gather)', 'sleeps 0.3 s')
        """
        unnamed = "a task" if self.name in ("task", "shield") else "its tasks"
        return self.sentence.format(time=time, tasks=tasks or unnamed)

    @property
    def short(self) -> str:
        """The wait in one word where the colour says the rest: "queue put" is "put"; "" if there is none."""
        return self.name.removeprefix("queue ") if self.family == "queue" else ""


OUTSIDE = "task "           # how a callback is called that is the turn of a task which is not among those of the run
WAITS = {kind.name: kind for kind in (
    WaitKind("sleep", "clock", "sleeps{time}", "a sleep", timed=True),
    WaitKind("request", "network", "waits{time} for a request", "a request", timed=True),
    WaitKind("response", "network", "waits for a response", "a response"),
    WaitKind("message", "network", "waits for a message", "a message"),
    WaitKind("socket", "network", "waits for the network", "a socket"),
    WaitKind("pipe", "network", "waits for a pipe", "a pipe"),
    WaitKind("dns", "network", "waits for an address", "an address"),
    WaitKind("subprocess", "network", "waits for another process", "a process"),
    WaitKind("connection", "lock", "waits for a free connection", "a free connection"),
    WaitKind("lock", "lock", "waits for a lock", "a lock"),
    WaitKind("semaphore", "lock", "waits for a semaphore", "a semaphore"),
    WaitKind("event", "lock", "waits for an event", "an event"),
    WaitKind("condition", "lock", "waits for a condition", "a condition"),
    WaitKind("barrier", "lock", "waits at a barrier", "a barrier"),
    WaitKind("queue get", "queue", "waits for an item from a queue", "an item of a queue"),
    WaitKind("queue put", "queue", "waits for room in a queue", "room in a queue"),
    WaitKind("queue join", "queue", "waits until all items of a queue are done", "a queue to be worked off"),
    WaitKind("thread", "thread", "waits for a call in a thread", "a call in a thread"),
    WaitKind("process", "thread", "waits for a worker process", "a worker process"),
    WaitKind("worker", "thread", "waits for a worker thread or process", "a worker thread or process"),
    WaitKind("database", "thread", "waits for the database", "the database"),
    WaitKind("task", "tasks", "waits for {tasks}", "a task"),
    WaitKind("shield", "tasks", "waits for {tasks} (shield)", "a shielded task"),
    WaitKind("gather", "tasks", "waits for {tasks} (gather)", "a gather"),
    WaitKind("task group", "tasks", "waits for {tasks} (task group)", "its task group"),
    WaitKind("wait", "tasks", "waits for {tasks} (wait)", "tasks"),
    WaitKind("wait_for", "tasks", "waits for {tasks} (wait_for)", "a task"),
    WaitKind("as_completed", "tasks", "waits for the next of its tasks (as_completed)", "the next of its tasks"),
    WaitKind("future", "future", "waits for a future", "a future"),
    WaitKind("futures", "future", "waits for several futures", "several futures"),
    WaitKind("turn", "ready", "waits for its turn", "its turn"),
)}


def kind_of(wait: str) -> WaitKind:
    """The kind of a wait by its name.

    A name that the table does not have is that of a library, or of the type of an object with `__await__`.

    >>> kind_of("redis").told()
    'waits for redis'
    """
    noun = wait or "a future"
    return WAITS.get(wait) or WaitKind(wait, "future", "waits for " + noun.replace("{", "{{").replace("}", "}}"), noun)


# What the kinds of a family wait for, where one name is true of all.
FAMILIES = {"clock": "the clock", "network": "the network", "queue": "a queue", "tasks": "tasks"}
APART = ("subprocess", "pipe")          # kinds of which it is not: they have names of their own
MOST = 3                                # kinds that are named


def families(waits: Iterable[str]) -> dict[str, list[str]]:
    """The families of these kinds of waits, and of each the kinds that are there."""
    found: dict[str, list[str]] = {}
    for wait in waits:
        found.setdefault(kind_of(wait).family, []).append(wait)
    return found


def waited_for(family: str, kinds: Iterable[str]) -> str:
    """What all waits of these kinds, which are of one family, are for: true of each of them.

    Semaphores, events and barriers have the colour of locks, but are no locks, and so they are named.

    >>> waited_for("network", ["request", "socket"]), waited_for("lock", ["event", "lock"])
    ('the network', 'an event or a lock')
    """
    named = (FAMILIES[family] if family in FAMILIES and kind not in APART else shown_name(kind_of(kind).noun)
             for kind in kinds)
    return listed(dict.fromkeys(named), "or", MOST)
