"""Which lock a suspended task waits for, and which locks it holds: what asyncio itself does not write down.

An `asyncio.Lock` knows that it is taken, but not by whom. But a task that is inside `async with lock:` keeps the
lock's `__aexit__` for the way out, in the frozen frame of its coroutine, where Python's garbage collector shows it.
So `read_locks` reads the holders from the tasks. It finds no holder of a lock that was taken with a plain
`await lock.acquire()`, such as that of a condition, in an `AsyncExitStack` or in an `asynccontextmanager`. Like
`waits.py` it only looks.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable
from types import CoroutineType, MethodType
from typing import Any, NamedTuple

from helpers.recorder.names import task_name
from helpers.recorder.waits import place_of
from helpers.recording import Place


class Standing(NamedTuple):
    """Where a task stands among the locks.

    name   the task's name, or that of its coroutine function if it has none
    place  the learner's line at which it is suspended
    wants  the lock that it waits for; None if it waits for something else, or not at all
    holds  the locks that it has taken with `async with`, the first one first
    """

    name: str
    place: Place | None
    wants: asyncio.Lock | None
    holds: tuple[asyncio.Lock, ...]


def read_locks(tasks: Iterable[asyncio.Task],
               library_of: Callable[[asyncio.Task], str] = lambda task: "") -> tuple[Standing, ...]:
    """Those of the tasks that wait for a lock or hold one, in the order in which they are given.

    Of tasks that `library_of` calls a library's there are those alone that hold what one of the others waits for.
    """
    known = [(task, read_lock(task)) for task in tasks]
    kept = {id(task) for task, _ in known if not library_of(task)}
    holders = {lock: (task, standing) for task, standing in known for lock in standing.holds}
    next_ones = [standing for task, standing in known if id(task) in kept]
    for each in next_ones:                  # grows meanwhile
        task, standing = holders.get(each.wants, (None, None)) if each.wants is not None else (None, None)
        if task is not None and standing is not None and id(task) not in kept:
            kept.add(id(task))
            next_ones.append(standing)
    return tuple(each for task, each in known if id(task) in kept and (each.wants is not None or each.holds))


def read_lock(task: asyncio.Task) -> Standing:
    """Where one task stands among the locks."""
    wants: asyncio.Lock | None = None
    entered: list[asyncio.Lock] = []
    link: Any = task.get_coro()
    while type(link) is CoroutineType:
        if link.cr_code is asyncio.Lock.acquire.__code__:
            wants = next((each for each in gc.get_referents(link) if isinstance(each, asyncio.Lock)), None)
        entered += _entered(gc.get_referents(link))
        link = link.cr_await
    if wants in entered:                    # `async with` keeps the __aexit__ before it waits in __aenter__
        entered.reverse()
        entered.remove(wants)               # the last one: it may hold the same lock further out
        entered.reverse()
    return Standing(task_name(task), place_of(task), wants, tuple(entered))


def _entered(referents: list[Any]) -> list[asyncio.Lock]:
    """The locks whose __aexit__ a frame keeps: a bound method; from Python 3.14 on the function, and then the lock."""
    found = []
    for each, following in zip(referents, [*referents[1:], None]):
        if type(each) is MethodType and each.__func__ is asyncio.Lock.__aexit__:
            lock = each.__self__
        elif each is asyncio.Lock.__aexit__:
            lock = following
        else:
            continue
        if isinstance(lock, asyncio.Lock):
            found.append(lock)
    return found
