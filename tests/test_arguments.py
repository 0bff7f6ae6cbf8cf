"""Arguments: what is right comes back, and what is wrong is an error that says what was given and what to write."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import pytest

from helpers.arguments import choice, got, in_words, instance, number, probability, recorded_run, whole_number


class Run:
    """Stands for a Recording."""


async def main():
    pass


async def record(coro):
    pass


# -- what is right ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 0.0, 0.3, 1e300, Fraction(1, 3)])
def test_a_number_comes_back_as_it_is(value):
    assert number("latency", value) is value


def test_the_limits_belong_to_what_is_right():
    assert number("x", 1, least=1, most=2) == 1 and number("x", 2, least=1, most=2) == 2
    assert whole_number("x", 1, least=1, most=2) == 1 and whole_number("x", 2, least=1, most=2) == 2
    assert probability("x", 0) == 0 and probability("x", 1) == 1
    assert number("x", 1e-9, above=True) == 1e-9


def test_a_choice_comes_back():
    assert choice("jitter", "none", ("none", "uniform")) == "none"


def test_what_is_of_the_right_kind_passes():
    instance({}, Mapping, "compare() takes a dictionary", "write compare({})")
    recorded_run(Run(), Run, "draw() draws a recorded run", "draw(run)")


# -- what is wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "message"), [
    (lambda: number("latency", "0.3"), "latency is a number; got '0.3' (str)"),
    (lambda: number("latency", None), "latency is a number; got None (NoneType)"),
    (lambda: number("latency", True), "latency is a number; got True (bool)"),
    (lambda: number("latency", 1j), "latency is a number; got 1j (complex)"),
    (lambda: number("latency", Fraction(1, 3), kind=(int, float)),
     "latency is a number; got Fraction(1, 3) (Fraction)"),
    (lambda: number("every", "1", meaning="a number of seconds", write="heartbeat(every=0.1)"),
     "every is a number of seconds; got '1' (str): write heartbeat(every=0.1)"),
    (lambda: probability("failure_rate", "10%"),
     "failure_rate is a probability between 0 and 1, for example failure_rate=0.3; got '10%' (str)"),
    (lambda: whole_number("requests", 2.0), "requests is a whole number; got 2.0 (float)"),
    (lambda: whole_number("requests", True), "requests is a whole number; got True (bool)"),
    (lambda: whole_number("limit", "5", write="limit=5"), "limit is a whole number; got '5' (str): write limit=5"),
])
def test_the_wrong_kind_is_a_type_error(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(("call", "message"), [
    (lambda: number("latency", -1), "latency is 0 or more; got -1"),
    (lambda: number("latency", math.nan), "latency is 0 or more; got nan"),
    (lambda: number("latency", math.inf), "latency is 0 or more; got inf"),
    (lambda: number("latency", 3, most=2.5), "latency is from 0 to 2.5; got 3"),
    (lambda: number("every", 0, above=True, limits="above 0", write="every=1"),
     "every is above 0; got 0: write every=1"),
    (lambda: probability("failure_rate", -0.1), "failure_rate is a probability between 0 and 1; got -0.1"),
    (lambda: probability("failure_rate", 1.5),
     "failure_rate is a probability between 0 and 1: for 1.5 % write failure_rate=0.015; got 1.5"),
    (lambda: probability("failure_rate", 101), "failure_rate is a probability between 0 and 1; got 101"),
    (lambda: probability("failure_rate", math.nan), "failure_rate is a probability between 0 and 1; got nan"),
    (lambda: whole_number("requests", 1001, least=1, most=1000, write="requests=5"),
     "requests is from 1 to 1,000; got 1001: write requests=5"),
    (lambda: whole_number("retries", -1), "retries is 0 or more; got -1"),
    (lambda: choice("jitter", "normal", ("none", "uniform", "exponential")),
     "jitter is one of \"none\", \"uniform\" or \"exponential\"; got 'normal' (str)"),
    (lambda: choice("clock", 3, ("real", "virtual"), write='show(..., clock="real")'),
     'clock is "real" or "virtual"; got 3 (int): write show(..., clock="real")'),
    (lambda: choice("jitter", ["none"], ("none", "uniform")), "jitter is \"none\" or \"uniform\"; got ['none'] (list)"),
])
def test_what_is_out_of_bounds_is_a_value_error(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


# -- recorded runs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "message"), [
    (lambda: None, "draw() draws a recorded run, and got None; "
                   "make a run first, run = simulate(main()) or run = await record(main()), and then write draw(run)"),
    (lambda: main, "draw() draws a recorded run, and got the function main; "
                   "make a run first, run = simulate(main()) or run = await record(main()), and then write draw(run)"),
    (lambda: main(),
     "draw() draws a recorded run, and got the coroutine object main(); "
     "make a run of it first, run = simulate(main()) or run = await record(main()), and then draw(run)"),
    (lambda: record(3), "draw() draws a recorded run, and got the coroutine object record(); "
                        "record() must be awaited: run = await record(main()), and then draw(run)"),
])
def test_who_gives_something_else_than_a_run_is_told_how_to_make_one(make, message):
    given = make()
    with pytest.raises(TypeError) as caught:
        recorded_run(given, Run, "draw() draws a recorded run", "draw(run)")
    assert str(caught.value) == message
    if hasattr(given, "close"):
        given.close()


def test_a_better_advice_counts_for_anything_but_a_coroutine():
    wanted, advice = "who_waits() takes a recorded run", "write who_waits(run), with run = simulate(main())"
    with pytest.raises(TypeError, match=r"got an object of the type list; write who_waits\(run\), with run"):
        recorded_run([], Run, wanted, "who_waits(run)", how="run = simulate({0})", advice=advice)
    coro = main()
    with pytest.raises(TypeError, match=r"a run of it first, run = simulate\(main\(\)\), and then who_waits\(run\)"):
        recorded_run(coro, Run, wanted, "who_waits(run)", how="run = simulate({0})", advice=advice)
    coro.close()


# -- in words ---------------------------------------------------------------------------------------


def test_what_was_given_is_named_with_its_type():
    assert got("0.3") == "'0.3' (str)" and got(None) == "None (NoneType)"
    assert in_words(main) == "the function main" and in_words(Run()) == "an object of the type Run"
