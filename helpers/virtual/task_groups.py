"""Task groups that cancel their tasks in the order of creation.

A `TaskGroup` keeps its tasks in a set, whose order depends on where in memory they happen to lie. When
one fails, the others are cancelled in that order, which is another one in every run. In virtual time every
run is the same, so while a virtual loop runs, new groups keep their tasks in a set that has an order.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

_lock = threading.Lock()
_open = 0                                       # virtual loops that are running
_TaskGroup: Any = asyncio.TaskGroup             # Any: its __init__ is replaced, which a type checker would refuse
_original = _TaskGroup.__init__


class InOrder(dict):
    """As much of a set as a task group uses, in the order of insertion."""

    def add(self, element: Any) -> None:
        self[element] = None

    def discard(self, element: Any) -> None:
        self.pop(element, None)


def _init(self: Any) -> None:
    _original(self)
    self._tasks = InOrder()


@contextlib.contextmanager
def groups_in_order() -> Iterator[None]:
    """While open, new task groups have an order."""
    global _open, _original
    with _lock:
        _open += 1
        if _open == 1:
            _original = _TaskGroup.__init__
            _TaskGroup.__init__ = _init
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if _open == 0:
                _TaskGroup.__init__ = _original
