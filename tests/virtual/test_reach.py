"""What a program can reach: what is found, what is not, and that the search is bounded."""

from __future__ import annotations

import asyncio
import math
import os.path
import types

import pytest

from helpers.virtual import reach
from helpers.virtual.reach import reachable


class Wanted:
    pass


THING = Wanted()
HOLDER = types.SimpleNamespace(inner=[{"thing": THING}])
MODULE = types.ModuleType("some_module")
MODULE.sub = types.ModuleType("some_module.sub")
MODULE.sub.thing = THING


def found(*roots):
    return reachable(roots, lambda each: type(each) is Wanted)


def names_it():
    return HOLDER


def names_a_module():
    return MODULE.sub.thing


def names_it_inside():
    def inner():
        return [HOLDER for _ in range(3)]
    return inner


def names_another():
    return names_it()


class Uses:
    def method(self):
        return HOLDER


class Inherits(Uses):
    pass


def makes():
    return Inherits()


@pytest.mark.parametrize("root", [names_it, names_a_module, names_it_inside, names_another, makes, Inherits().method])
def test_what_is_named_is_reached(root):
    assert found(root) == [THING]


def never_called(thing=THING):
    return thing


def names_nothing():
    return math.pi, os.path.sep


def test_what_is_only_in_the_same_module_is_not():
    assert never_called() is THING
    assert found(names_nothing) == []


def test_a_coroutine_leads_to_its_variables_and_to_its_function():
    async def main(argument, *, named=names_it):
        await asyncio.sleep(0)
        return argument

    for coro in (main(THING, named=None), main(1)):
        assert found(coro) == [THING]
        coro.close()


def test_a_circle_ends():
    first, second = [], []
    first.append(second)
    second += [first, THING]
    assert found(first) == [THING]


def test_the_search_is_bounded(monkeypatch):
    assert found([*([i] for i in range(reach.WIDEST)), THING]) == []        # behind the first elements
    chain = THING
    for _ in range(50):
        chain = [chain]
    assert found(chain) == [THING]
    monkeypatch.setattr(reach, "FARTHEST", 40)
    assert found(chain) == []


def test_objects_that_answer_wrongly_do_no_harm():
    class Liar:
        def __getattr__(self, name):
            raise RuntimeError(name)

        @property
        def __class__(self):
            raise RuntimeError("class")

        __hash__ = None

        def __eq__(self, other):
            raise RuntimeError("eq")

    assert found([Liar(), {1: Liar()}, THING]) == [THING]


def test_an_event_loop_is_not_looked_into():
    loop = asyncio.new_event_loop()
    try:
        loop.thing = THING
        assert found(loop) == []
    finally:
        loop.close()
