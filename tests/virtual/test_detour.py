"""A builtin function that calls another one for a while: any builtin function will do."""

from __future__ import annotations

import datetime
import functools
import gc
import math
import sys
import threading

import pytest

from helpers.recorder import UnknownPython
from helpers.virtual import detour
from helpers.virtual.detour import ClassDetour, Detour


def told(module, /, *arguments, **named):
    return module.__name__, arguments, named, sys._getframe(1).f_code.co_name


@pytest.fixture
def opened():
    """Opens detours, and closes them after the test."""
    all_of_them = []

    def open_(each):
        each.open()
        all_of_them.append(each)
        return each

    yield open_
    for each in all_of_them:
        each.close()


@pytest.mark.parametrize("builtin", [math.gcd, math.sqrt, math.hypot, sorted, globals, sys.getrefcount, gc.isenabled],
                         ids=lambda builtin: builtin.__name__)
def test_however_a_function_takes_its_arguments_the_other_gets_them(builtin, opened):
    kept = functools.partial(builtin, 1)
    before = hash(builtin), repr(builtin)
    made = opened(Detour(builtin, told))
    here = "test_however_a_function_takes_its_arguments_the_other_gets_them"
    assert builtin() == (builtin.__module__, (), {}, here)
    assert builtin(1, *[2, 3], four=4) == (builtin.__module__, (1, 2, 3), {"four": 4}, here)
    assert kept(2)[1] == (1, 2)
    assert next(map(builtin, [5]))[1] == (5,)
    made.close()
    assert (hash(builtin), repr(builtin)) == before
    made.open()             # the fixture closes it


def test_code_that_python_has_specialised_gets_there_too(opened):
    def often(value):
        for _ in range(1000):
            found = math.sqrt(value)
        return found

    assert often(4) == 2
    made = opened(Detour(math.sqrt, told))
    assert often(4)[1] == (4,)
    assert made.real(4) == 2
    made.close()
    assert often(4) == 2
    made.open()


def test_an_exception_passes():
    def fail(module, /, *arguments):
        raise LookupError("no tea")

    made = Detour(math.sqrt, fail)
    made.open()
    try:
        with pytest.raises(LookupError, match="no tea"):
            math.sqrt(4)
    finally:
        made.close()
    with pytest.raises(ValueError):
        math.sqrt(-1)


def test_opened_and_closed_often_nothing_is_lost():
    owners = [sys.getrefcount(math)]
    for _ in range(1000):
        made = Detour(math.floor, told)
        made.open()
        gc.collect(0)
        assert math.floor(1.5)[1] == (1.5,)
        made.close()
    gc.collect()
    del made
    owners.append(sys.getrefcount(math))
    assert math.floor(1.5) == 1
    assert abs(owners[1] - owners[0]) < 10


def test_other_threads_call_it_meanwhile():
    def both(module, /, value):
        return made.real(value)

    made, wrong, done = Detour(math.sqrt, both), [], threading.Event()

    def call():
        while not done.is_set():
            if math.sqrt(16) != 4:
                wrong.append(1)

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        made.open()
        made.close()
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


class Day(datetime.date):
    pass


def test_a_class_method_for_the_class_and_its_subclasses():
    def tell(cls, /, *arguments, **named):
        return cls, arguments, named

    kept = datetime.date.fromisoformat
    made = ClassDetour(datetime.date, "fromisoformat", tell)
    of_kept = made.kept(kept)
    made.open()
    of_kept.open()
    try:
        assert datetime.date.fromisoformat(1, a=2) == (datetime.date, (1,), {"a": 2})
        assert Day.fromisoformat() == (Day, (), {})
        assert kept(3) == (datetime.date, (3,), {})
        assert made.real(Day)("2000-01-02") == Day(2000, 1, 2)
    finally:
        of_kept.close()
        made.close()
    assert Day.fromisoformat("2000-01-02") == kept("2000-01-02") == Day(2000, 1, 2)


def test_a_python_that_keeps_functions_otherwise_is_named(monkeypatch):
    monkeypatch.setattr(detour, "_HEAD", detour._HEAD + 8)
    with pytest.raises(UnknownPython, match=r"cannot set the clocks of Python .*sqrt lies otherwise"):
        Detour(math.sqrt, told)
    with pytest.raises(UnknownPython, match="lies otherwise"):
        ClassDetour(datetime.date, "today", told)


def test_a_class_method_in_python_is_refused():
    class Own:
        @classmethod
        def now(cls):
            return cls

    with pytest.raises(UnknownPython, match=r"Own\.now is not written in C"):
        ClassDetour(Own, "now", told)
