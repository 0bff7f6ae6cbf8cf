"""What can be seen of an answer before it runs."""

from __future__ import annotations

import asyncio
import functools

import pytest

from tests.checker import samples
from tests.checker.answers import ASK, check


def test_comments_and_blank_lines_in_the_starter_leave_it_untried() -> None:
    assert check(samples.ask, ASK + "\n    # I shall think about it\n\n    ...\n").outcome == "untried"


def test_anything_else_in_the_starter_is_an_attempt() -> None:
    assert check(samples.ask, ASK + "    return shops\n").outcome == "wrong"
    assert check(samples.ask, ASK + "    return 1\n").outcome == "wrong"


def test_a_coroutine_object_is_refused_and_not_warned_of(recwarn) -> None:
    answer = samples.ask.compile(samples.ask.solution_source)
    report = samples.ask.check(answer([], "tea"))
    assert (report.outcome, report.kind) == ("wrong", "coroutine object")
    assert "check(ask)" in report.message
    del report
    assert not [w for w in recwarn if "never awaited" in str(w.message)]


@pytest.mark.parametrize("thing", [None, 320, "ask", len, functools.partial(len), object, [asyncio.sleep]])
def test_what_is_no_function_is_refused(thing) -> None:
    report = samples.ask.check(thing)
    assert (report.outcome, report.kind) == ("wrong", "not a function")
    assert type(thing).__name__ in report.message


def test_what_hangs_on_an_object_does_not_run_here() -> None:
    """The notebook's process looks at an answer without asking it."""
    ran = []

    class Curious:
        @property
        def __class__(self):
            ran.append("__class__")
            return int

        def __repr__(self):
            ran.append("__repr__")
            return ""

    assert samples.ask.check(Curious()).kind == "not a function"
    answer = samples.ask.compile("async def ask(shops=None):\n    return shops\n")
    answer.__defaults__ = (Curious(),)
    answer.__signature__ = Curious()
    report = samples.ask.check(answer)
    assert report.kind == "signature" and "the parameters (shops=...)" in report.message

    async def begun():
        try:
            await asyncio.sleep(0)
        finally:
            ran.append("finally")

    coroutine = begun()
    coroutine.send(None)
    assert samples.ask.check(coroutine).kind == "coroutine object"
    assert ran == []
    coroutine.close()


def test_the_name_of_the_function_keeps_its_small_letter() -> None:
    report = check(samples.quick, "def quick(shop):\n    return 320\n")
    assert "quick is written with def" in report.message


WRAPPER = """\
import functools

def twice(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper

@twice
"""


def test_a_decorator_written_with_def_is_judged_by_what_comes_of_a_call() -> None:
    assert check(samples.ask, WRAPPER + samples.ask.solution_source).outcome == "right"
    assert check(samples.ask, WRAPPER + WRAPPER.partition("\n\n")[2].replace("twice", "thrice")
                 + samples.ask.solution_source).outcome == "right"
    report = check(samples.ask, WRAPPER + "def ask(shops, item):\n    return [320, 290, 335]\n")
    assert report.kind == "not async"


def test_what_can_be_called_and_is_no_function_is_told_how_to_begin() -> None:
    report = check(samples.ask, "import functools\n" + ASK + "    pass\n\nask = functools.partial(ask)\n")
    assert report.kind == "not a function" and "Begin ask with async def" in report.message
    report = check(samples.drive, "class Drive:\n    def __call__(self, coroutine): pass\n\ndrive = Drive()\n")
    assert report.kind == "not a function" and "Begin drive with def" in report.message
