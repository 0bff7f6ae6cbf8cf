"""The tasks that are left when a run is over: how they are cancelled, and what is done with those that stay.

`task.cancel()` cancels what the task waits for; if that is another task, it does the same, and so on. Of tasks that
await each other that has no end: asyncio raises RecursionError, and cancels nothing. So `cancel_all` looks first where
it would lead. A task that is in such a circle, waits for one in it, or stands before a very long chain is cancelled
alone, as if what it waits for had been cancelled. (A task group cancels its tasks, too, and waits for their ends.)

A task that swallows its cancellation stays. `abandon` closes its coroutine, so that it does nothing any more, neither
in the next cell of a notebook nor when Python throws it away, which asyncio would complain of.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
from collections.abc import Iterable, Iterator
from types import CoroutineType
from typing import Any, cast

from helpers.recorder import asyncio_internals
from helpers.recorder.asyncio_internals import TASKS, GatheringFuture, get_running_loop, set_running_loop
from helpers.virtual.detour import keep_for_ever

DEEPEST = 100               # tasks that await one another, up to which asyncio's own cancelling is trusted


def cancel_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel each of the tasks, whatever it waits for."""
    for task in tasks:
        if _has_an_end(task):
            task.cancel()
        else:
            _cancel_alone(cast(asyncio_internals.Task, task))


def abandon(loop: asyncio.AbstractEventLoop, tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Close the coroutines of tasks that their loop will not run any more."""
    before = get_running_loop()
    # Without a running loop each await would fail, and `while True:` with a bare `except:` in it would never end.
    set_running_loop(loop)
    try:
        for task in tasks:
            cast(asyncio_internals.Task, task)._log_destroy_pending = False
            coro: Any = task.get_coro()
            try:
                coro.close()
            except Exception:       # "coroutine ignored GeneratorExit": Python must not ask it again, without a loop
                keep_for_ever(coro)
    finally:
        set_running_loop(before)


def circle(tasks: Iterable[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """Tasks each of which awaits the next, and the last one the first; none if there is no such circle."""
    known: set[Any] = set()
    for task in tasks:
        found = _follow(task, known)
        if found is not None:
            return [each for each in found if isinstance(each, TASKS)]
    return []


def _has_an_end(task: asyncio.Task[Any]) -> bool:
    """Whether `task.cancel()` would come to an end, and not too deep."""
    return _follow(task, set(), DEEPEST) is None


def _follow(task: asyncio.Task[Any], known: set[Any], deepest: float = math.inf) -> list[Any] | None:
    """The circle to which one comes from a task, from awaiting to awaited; or a way that is too long; or None."""
    path: dict[Any, Iterator[Any]] = {task: _cancelled_with(task)}
    while path:
        future = next(next(reversed(path.values())), None)
        if future is None:
            known.add(path.popitem()[0])
        elif future in path:
            way = list(path)
            return way[way.index(future):]
        elif future not in known:
            path[future] = _cancelled_with(future)
            if len(path) > deepest:
                return list(path)
    return None


def _cancelled_with(future: Any) -> Iterator[Any]:
    """The futures that are cancelled by `future.cancel()`."""
    if isinstance(future, TASKS):
        task = cast(asyncio_internals.Task, future)
        return iter([*_in_its_group(task), *(() if task._fut_waiter is None else (task._fut_waiter,))])
    if isinstance(future, GatheringFuture):
        return iter([child for child in future._children if not child.done()])
    return iter(())


def _in_its_group(task: asyncio.Task[Any]) -> Iterable[Any]:
    """The tasks of the task group at whose end a task waits."""
    link: Any = task.get_coro()
    while type(link) is CoroutineType:
        if link.cr_code is asyncio.TaskGroup.__aexit__.__code__:
            groups = [each for each in gc.get_referents(link) if isinstance(each, asyncio.TaskGroup)]
            return list(cast(asyncio_internals.Group, groups[0])._tasks) if groups else ()
        link = link.cr_await
    return ()


def _cancel_alone(task: asyncio_internals.Task) -> None:
    """Do to a task what `task.cancel()` does, but to nothing that it waits for."""
    waiter: Any = task._fut_waiter
    if isinstance(waiter, GatheringFuture):
        # A future's own cancel() leaves the children alone, and wakes the task.
        with _instead_of_cancel(waiter, super(GatheringFuture, waiter).cancel):
            task.cancel()
        return
    with _instead_of_cancel(waiter, lambda msg=None: True):         # what it waits for says that it will wake the task
        task.cancel()
    loop = task.get_loop()
    cancelled = loop.create_future()
    cancelled.cancel()
    for callback, context in list(waiter._callbacks or ()):
        if getattr(callback, "__self__", None) is task:
            waiter.remove_done_callback(callback)
            loop.call_soon(callback, cancelled, context=context)


@contextlib.contextmanager
def _instead_of_cancel(future: Any, cancel: Any) -> Iterator[None]:
    """In this block the future has another `cancel`."""
    future.cancel = cancel
    try:
        yield
    finally:
        del future.cancel
