"""What a case may demand of an answer, beyond `assert`: each names the misconception if it is not met.

    equal(await answer(shops, "tea"), 290, "the price")
    await cancelled(answer(line), after=0.2)
    require(line.closed, "clean-up", "the line is still open after the cancellation")
"""

from __future__ import annotations

import asyncio
import heapq
import re
import reprlib
import sys
from collections.abc import Coroutine, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import islice, permutations
from typing import Any

from helpers.checker import bounds


class Failed(AssertionError):
    """An answer does not do what a case demands.

    kind      which misconception, one of `kinds.KINDS`
    observed  what happened, a sentence without its full stop
    wanted    what should have happened, or ""
    got       an object that came out of the answer, which is looked through for forgotten awaits
    """

    def __init__(self, kind: str, observed: str, wanted: str = "", got: Any = None) -> None:
        super().__init__(kind, observed, wanted)
        self.kind, self.observed, self.wanted, self.got = kind, observed, wanted, got


def require(condition: Any, kind: str, observed: str, wanted: str = "") -> None:
    """Demand that `condition` is true; `observed` says what is the matter if it is not."""
    if not condition:
        raise Failed(kind, observed, wanted)


def equal(got: Any, wanted: Any, what: str = "the result") -> None:
    """Demand that `got == wanted`; for the same elements in another order, blame the order."""
    if same(got, wanted):
        return
    of = next((base for base in (list, tuple) if issubclass(type(got), base)), None)
    if of is not None and type(wanted) in (list, tuple) and type(wanted) is not of \
            and same(list(of.__iter__(got)), list(wanted)):
        raise Failed("value", f"{what} is {shown(got)}, a {of.__name__}",
                     f"{what} is {shown(wanted)}, a {type(wanted).__name__}", got)
    kind = "order" if _same_elements(got, wanted) else "value"
    is_shown, is_wanted = shown(got), shown(wanted)
    if is_shown == is_wanted:               # one of the learner's own classes looks like what is wanted
        is_shown += f", with an object of the type {bounds.name_of_type(_unlike(got, wanted))}"
    raise Failed(kind, f"{what} is {is_shown}", f"{what} is {is_wanted}", got)


def _unlike(got: Any, wanted: Any) -> type:
    """The type of the first part that is not the same."""
    if type(got) is type(wanted) and type(got) in (list, tuple) and len(got) == len(wanted):
        return next((_unlike(one, other) for one, other in zip(got, wanted) if not same(one, other)), type(got))
    return type(got)


def any_order(latencies: Sequence[float], at_once: int) -> tuple[float, ...]:
    """The times that requests can take of which so many are under way at once, in whatever order they are asked.

    Each begins as soon as another has ended. Of up to 8 requests, since every order is tried; the shortest time first.

    >>> any_order([0.6, 0.1, 0.6, 0.1], at_once=2)
    (0.7, 0.8)
    """
    if len(latencies) > 8:
        raise ValueError(f"any_order tries every order, so it takes up to 8 requests; got {len(latencies)}")
    times = set()
    for order in set(permutations(latencies)):
        free_at = [0.0] * at_once
        for latency in order:
            heapq.heappush(free_at, heapq.heappop(free_at) + latency)
        times.add(round(max(free_at), 9))
    return tuple(sorted(times))


async def cancelled(coroutine: Coroutine, after: float, grace: float = 1.0) -> None:
    """Run a coroutine as a task, cancel it after so many seconds, and demand that it ends as cancelled.

    grace  seconds that it may take to clean up
    An exception that it raises before it is cancelled is raised here.
    """
    task = asyncio.create_task(coroutine)
    try:
        await asyncio.sleep(after)
        name = getattr(coroutine, "__name__", type(coroutine).__name__)
        if task.done():
            raise Failed("early", f"{name} had ended already, with {shown(task.result())}, when it was to be cancelled "
                                  f"after {after:g} s", f"{name} is still at work then")
        task.cancel()
        await asyncio.wait((task,), timeout=grace)
        if not task.done():
            raise Failed("swallowed", f"{name} was cancelled after {after:g} s, and went on",
                         f"{name} ends with CancelledError")
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            raise Failed("swallowed", f"{name} was cancelled after {after:g} s, and ended with "
                         f"{bounds.name_of_type(type(error))}",
                         f"{name} ends with CancelledError") from error
        raise Failed("swallowed", f"{name} was cancelled after {after:g} s, and returned {shown(task.result())} "
                                  "as if nothing had happened", f"{name} ends with CancelledError", task.result())
    finally:
        task.cancel()


def shown(value: Any, width: int = 200) -> str:
    """A short `repr` of anything, also of what cannot be shown, or is very large."""
    try:
        text = repr(value) if _is_small(value) else _SHORT.repr(value)
        text = str.__str__(text)
    except BaseException as error:          # the object is the learner's: whatever its __repr__ does, go on
        return (f"an object of the type {bounds.name_of_type(type(value))}, whose repr() raises "
                f"{bounds.name_of_type(type(error))}")
    return bounds.words(_ADDRESS.sub("", text), width)


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}(?=>)")        # differs from run to run, and says nothing


class _Short(reprlib.Repr):
    """A `repr` that leaves out most of what is large; what it shows stands in the order in which it comes."""

    def repr_dict(self, value: dict[Any, Any], level: int) -> str:
        items = [f"{self.repr1(k, level - 1)}: {self.repr1(v, level - 1)}" for k, v in islice(value.items(), 20)]
        return "{" + ", ".join(items) + (", ..." if len(value) > 20 else "") + "}"


_SHORT = _Short()
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxfrozenset = _SHORT.maxdeque = 20
_SHORT.maxstring = _SHORT.maxother = 200


def _is_small(value: Any, most: int = 2_000) -> bool:
    """Whether a result of plain lists, texts and so on has few elements; of other objects nothing is known."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        kind = type(one)
        seen += 1
        if kind in (str, bytes, bytearray, list, tuple, set, frozenset, dict):
            seen += len(one)
        if seen > most:
            return False
        if kind is dict:
            waiting += [*one.keys(), *one.values()]
        elif kind in (list, tuple, set, frozenset):
            waiting += one
    return True


def _same_elements(got: Any, wanted: Any) -> bool:
    base = next((base for base in (list, tuple) if issubclass(type(got), base)), None)
    if base is None or type(wanted) not in (list, tuple) or not base.__len__(got) == len(wanted) <= 1_000:
        return False
    left = list(wanted)
    for element in base.__iter__(got):
        found = next((index for index, one in enumerate(left) if same(element, one)), None)
        if found is None:
            return False
        del left[found]
    return True


_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_EQUALS = {kind.__eq__ for kind in _PLAIN}


_HEAP_TYPE = 1 << 9             # Py_TPFLAGS_HEAPTYPE: a class that was made by a class statement, such as a learner's


def _is_number(kind: type) -> bool:
    """Whether it is Decimal, Fraction or a number of numpy's: these compare with other numbers by value."""
    if kind in (Decimal, Fraction):
        return True
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(kind, numpy.number) and not kind.__flags__ & _HEAP_TYPE


def same(got: Any, wanted: Any) -> bool:
    """Whether `got == wanted`, where plain data is wanted: an `__eq__` of the learner's own has no say in it."""
    kind = type(got)
    if type(wanted) in (list, tuple):
        of = type(wanted)
        if not issubclass(kind, of) or of.__len__(got) != len(wanted):
            return False
        return all(same(one, other) for one, other in zip(of.__iter__(got), wanted))
    if type(wanted) is dict:
        if not issubclass(kind, dict) or dict.__len__(got) != len(wanted):
            return False
        found = list(dict.items(got))
        if all(type(key) in _PLAIN for key, _ in found):
            known = dict(found)
            return all(key in known and same(known[key], value) for key, value in wanted.items())
        return all(any(same(k, key) and same(v, value) for k, v in found) for key, value in wanted.items())
    if type(wanted) in _PLAIN:
        plain = type.__getattribute__(kind, "__eq__") in _EQUALS or _is_number(kind)
        return plain and bool(got == wanted)
    return bool(got == wanted)
