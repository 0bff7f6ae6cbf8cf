"""Sets of tasks that have the same order in every run.

asyncio hands out sets: of `asyncio.wait`, of `asyncio.all_tasks`. The order of a Python set depends on where in memory
its elements lie, so it is another one in every run, and a program that goes through such a set does things in another
order. In virtual time every run is the same. So from when a virtual loop runs until it is closed, what asyncio makes is
a set like any other, but going through it has an order:

- `done` and `pending` of `asyncio.wait`: that in which the tasks were given; if they were given as a plain set, that in
  which they were made.
- `asyncio.all_tasks`, also where `asyncio.run` cancels what is left: that in which they were made.
- `as_completed`: coroutines begin in the order in which they were given; tasks that are done already come
  in it.
- A task group that fails cancels its tasks in the order in which they were made.
- Asynchronous generators that are left are closed in the order in which they began.

What is computed from such a set by its methods and operators has an order too. The promise ends where the program
makes a set of its own, as in `set(done)`, `{*done}`, or `gather(*{...})` of coroutines; with a library that keeps tasks
in a set, of which only anyio is seen to, if it was imported before; and with tasks that were given the same name, where
nobody records them. `type(done) is set` is false, though `isinstance(done, set)` is true.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import inspect
import sys
import threading
import weakref
from asyncio import tasks
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

from helpers.recorder.asyncio_internals import Loop, get_running_loop
from helpers.recorder.notes import ROWS

_lock = threading.Lock()
_open = 0                                       # virtual loops that are running

# Modules in which a set means tasks, whose order decides what happens next.
MODULES = ("asyncio.tasks", "asyncio.taskgroups", "anyio._backends._asyncio")


class InOrder(set):
    """A set that one goes through in the order in which its elements were added."""

    def __init__(self, elements: Iterable[Any] = ()) -> None:
        if type(elements) in (set, frozenset):
            elements = sorted(elements, key=_age)
        self._order = dict.fromkeys(elements)
        super().__init__(self._order)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._order)

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self._order))}}}" if self._order else "set()"

    def __reduce__(self) -> tuple[Any, ...]:
        return builtins.set, (list(self._order),)

    # -- changes ------------------------------------------------------------------------------------

    def _become(self, elements: Iterable[Any]) -> None:
        self._order = dict.fromkeys(elements)
        super().clear()
        super().update(self._order)

    def add(self, element: Any) -> None:
        super().add(element)
        self._order.setdefault(element)

    def discard(self, element: Any) -> None:
        super().discard(element)
        self._order.pop(element, None)

    def remove(self, element: Any) -> None:
        super().remove(element)
        self._order.pop(element, None)

    def pop(self) -> Any:
        if not self._order:
            raise KeyError("pop from an empty set")
        element = next(iter(self._order))
        self.remove(element)
        return element

    def clear(self) -> None:
        super().clear()
        self._order.clear()

    def update(self, *others: Iterable[Any]) -> None:
        self._become([*self._order, *(element for other in others for element in InOrder(other))])

    def intersection_update(self, *others: Iterable[Any]) -> None:
        self._become(self.intersection(*others))

    def difference_update(self, *others: Iterable[Any]) -> None:
        self._become(self.difference(*others))

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        self._become(self.symmetric_difference(other))

    # -- what is computed ---------------------------------------------------------------------------

    def copy(self) -> InOrder:
        return InOrder(self._order)

    def union(self, *others: Iterable[Any]) -> InOrder:
        made = self.copy()
        made.update(*others)
        return made

    def intersection(self, *others: Iterable[Any]) -> InOrder:
        kept = super().intersection(*others)
        return InOrder([element for element in self._order if element in kept])

    def difference(self, *others: Iterable[Any]) -> InOrder:
        kept = super().difference(*others)
        return InOrder([element for element in self._order if element in kept])

    def symmetric_difference(self, other: Iterable[Any]) -> InOrder:
        given = InOrder(other)
        return InOrder([*self.difference(given), *given.difference(self)])


InOrder.__name__ = InOrder.__qualname__ = "set"


def _operator(name: str, method: str, *, right: bool = False) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        if not isinstance(other, (set, frozenset)):
            return NotImplemented
        first, second = (InOrder(other), self) if right else (self, other)
        made = getattr(first, method)(second)
        return self if method.endswith("update") else made

    operate.__name__ = name
    return operate


_OPERATORS = {"or": "union", "and": "intersection", "sub": "difference", "xor": "symmetric_difference"}
for _sign, _method in _OPERATORS.items():
    setattr(InOrder, f"__{_sign}__", _operator(f"__{_sign}__", _method))
    setattr(InOrder, f"__r{_sign}__", _operator(f"__r{_sign}__", _method, right=True))
    _update = "update" if _sign == "or" else f"{_method}_update"
    setattr(InOrder, f"__i{_sign}__", _operator(f"__i{_sign}__", _update))


class KeptInOrder(weakref.WeakSet):
    """A weak set that one goes through in the order in which its elements were added."""

    def __init__(self) -> None:
        super().__init__()
        self.data = InOrder()


def _age(task: Any) -> tuple[Any, ...]:
    """What tasks are sorted by so that the order is that in which they were made: by their names, if not recorded."""
    row = ROWS.get(id(task))
    name = task.get_name() if isinstance(task, asyncio.Task) else ""
    return (0, row.id, "") if row is not None else (1, len(name), name)


# -- what is replaced ---------------------------------------------------------------------------------

_all_tasks, _as_completed = tasks.all_tasks, tasks.as_completed
_replaced: list[tuple[dict[str, Any], str, Any]] = []


def _all_tasks_in_order(loop: asyncio.AbstractEventLoop | None = None) -> set[asyncio.Task[Any]]:
    return InOrder(_all_tasks(loop))


def _as_completed_in_order(fs: Iterable[Any], **options: Any) -> Iterator[Any]:
    """`as_completed`: what is done already comes in the order in which it was given, and not in that of a set."""
    given = fs if inspect.isawaitable(fs) else list(InOrder(fs))
    loop = get_running_loop()
    if not isinstance(loop, Loop):
        return _as_completed(given, **options)
    if inspect.isgeneratorfunction(_as_completed):          # before Python 3.13 it begins when the first is asked for
        return _begin_in_order(loop, given, options)
    before = len(loop._ready)
    made = _as_completed(given, **options)
    _sort_ready(loop, before, given)
    return made


def _begin_in_order(loop: Loop, given: Any, options: dict[str, Any]) -> Iterator[Any]:
    before = len(loop._ready)
    made = iter(_as_completed(given, **options))
    with contextlib.suppress(StopIteration):
        first = next(made)
        _sort_ready(loop, before, given)
        yield first
        yield from made


def _sort_ready(loop: Loop, before: int, given: Any) -> None:
    """Put what the loop was given after `before` into the order of the futures of which it tells."""
    place = {id(future): number for number, future in enumerate(given)}
    ready = loop._ready
    added = [ready.pop() for _ in range(len(ready) - before)][::-1]
    ready += sorted(added, key=lambda handle: place.get(id(handle._args[0]) if handle._args else 0, len(place)))


for _made, _name in ((_all_tasks_in_order, "all_tasks"), (_as_completed_in_order, "as_completed")):
    _made.__name__ = _made.__qualname__ = _name
IN_ORDER = {"all_tasks": (_all_tasks, _all_tasks_in_order), "as_completed": (_as_completed, _as_completed_in_order)}


@contextlib.contextmanager
def sets_in_order() -> Iterator[None]:
    """While open, the sets that asyncio makes have an order."""
    global _open
    with _lock:
        _open += 1
        if _open == 1:
            _replace()
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if _open == 0:
                _restore()


def _replace() -> None:
    for name in MODULES:
        module = sys.modules.get(name)
        if module is not None and "set" not in vars(module):
            vars(module)["set"] = InOrder
            _replaced.append((vars(module), "set", None))
    for module in _holders():
        for name, (original, in_order) in IN_ORDER.items():
            if vars(module).get(name) is original:
                vars(module)[name] = in_order
                _replaced.append((vars(module), name, original))


def _holders() -> list[ModuleType]:
    """The modules that may have a name for one of them; looked up again if there are other modules than before."""
    global _looked_at, _found
    if len(sys.modules) != _looked_at:
        _looked_at = len(sys.modules)
        _found = [module for module in list(sys.modules.values())
                  if isinstance(module, ModuleType)
                  and any(vars(module).get(name) is original for name, (original, _) in IN_ORDER.items())]
    main = sys.modules.get("__main__")
    return _found if main is None else [*_found, main]


_looked_at, _found = -1, list[ModuleType]()


def _restore() -> None:
    while _replaced:
        namespace, name, before = _replaced.pop()
        if before is None:
            namespace.pop(name, None)
        else:
            namespace[name] = before
