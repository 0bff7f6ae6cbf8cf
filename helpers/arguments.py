"""Arguments, checked: what was expected, what was given, and what to write instead.

    self.latency = number("latency", latency, meaning="seconds, for example latency=0.3")
    self.jitter = choice("jitter", jitter, ("none", "uniform"))

Each function gives back the value that it has checked. For one of the wrong kind it raises TypeError, for
one that is out of bounds ValueError, and the message is one sentence:

    capacity is at least 1, or None for no limit; got 0
    failure_rate is a probability between 0 and 1: for 30 % write failure_rate=0.3; got 30
    draw() draws a recorded run, and got the function main; make a run first, run = simulate(main()) or ...

True and False are numbers to Python, and a mistake here.
"""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Sequence
from typing import Any, TypeVar

from helpers.words import listed

_Number = TypeVar("_Number", bound=float)

MAKE_A_RUN = "run = simulate({0}) or run = await record({0})"


def number(name: str, value: _Number, *, least: float = 0, most: float = math.inf, above: bool = False,
           meaning: str = "a number", limits: str = "", write: str = "",
           kind: type | tuple[type, ...] = numbers.Real) -> _Number:
    """The value, if it is a number within its limits, and not infinite.

    least, most  the limits, which belong to it; with above=True `least` is too little
    meaning      what it is: "seconds, for example latency=0.3"
    limits       the limits in words; "from 0 to 1", or "0 or more", where nothing better is said
    write        the call to write instead: "heartbeat(every=0.1)"
    kind         the types that count as numbers

    >>> number("latency", 0.3)
    0.3
    >>> number("timeout", 0, least=0.001)
    Traceback (most recent call last):
    ValueError: timeout is 0.001 or more; got 0
    """
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} is {meaning}; got {got(value)}{_advice(write)}")
    if not least <= value <= most or (above and value == least) or value == math.inf:
        raise ValueError(f"{name} is {limits or _range(least, most)}; got {value!r}{_advice(write)}")
    return value


def probability(name: str, value: _Number, *, kind: type | tuple[type, ...] = numbers.Real) -> _Number:
    """The value, if it is a probability.

    >>> probability("failure_rate", 30)
    Traceback (most recent call last):
    ValueError: failure_rate is a probability between 0 and 1: for 30 % write failure_rate=0.3; got 30
    """
    meaning = limits = "a probability between 0 and 1"
    if isinstance(value, numbers.Real) and 1 < value <= 100:
        limits += f": for {value:g} % write {name}={value / 100:g}"
    return number(name, value, most=1, meaning=f"{meaning}, for example {name}=0.3", limits=limits, kind=kind)


def whole_number(name: str, value: int, *, least: int = 0, most: int | None = None,
                 meaning: str = "a whole number", limits: str = "", write: str = "") -> int:
    """The value, if it is an int within its limits; the arguments are those of `number`.

    >>> whole_number("requests", 2.5, write="for example requests=5")
    Traceback (most recent call last):
    TypeError: requests is a whole number; got 2.5 (float): write for example requests=5
    >>> whole_number("requests", 0, least=1, most=1000)
    Traceback (most recent call last):
    ValueError: requests is from 1 to 1,000; got 0
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {meaning}; got {got(value)}{_advice(write)}")
    if value < least or (most is not None and value > most):
        raise ValueError(f"{name} is {limits or _range(least, most)}; got {value!r}{_advice(write)}")
    return value


def choice(name: str, value: str, choices: Sequence[str], *, write: str = "") -> str:
    """The value, if it is one of some strings.

    >>> choice("when_full", "wait", ("queue", "refuse"))
    Traceback (most recent call last):
    ValueError: when_full is "queue" or "refuse"; got 'wait' (str)
    """
    if not isinstance(value, str) or value not in choices:
        words = listed([f'"{one}"' for one in choices], "or")
        raise ValueError(f"{name} is {'one of ' if len(choices) > 2 else ''}{words}; got {got(value)}{_advice(write)}")
    return value


def instance(value: object, kind: type | tuple[type, ...], wanted: str, advice: str) -> None:
    """Raise TypeError if the value is not of that kind, in the words "`wanted`, and got ...; `advice`".

    >>> instance([], dict, "compare() takes a dictionary", "write compare({...})")
    Traceback (most recent call last):
    TypeError: compare() takes a dictionary, and got an object of the type list; write compare({...})
    """
    if not isinstance(value, kind):
        raise TypeError(f"{wanted}, and got {in_words(value)}; {advice}")


def recorded_run(run: object, kind: type, wanted: str, call: str, *, how: str = MAKE_A_RUN, advice: str = "") -> None:
    """Raise TypeError if `run` is not a recording; for a coroutine, say how to make a run of it.

    kind    the class Recording: this module stands below it
    wanted  "draw() draws a recorded run"
    call    the right call: "draw(run)"
    how     how to make a run, with {0} for the coroutine
    advice  what to write instead of anything but a coroutine, where there is something better to say than `how`
    """
    if isinstance(run, kind):
        return
    if not inspect.iscoroutine(run):
        advice = advice or f"make a run first, {how.format('main()')}, and then write {call}"
    elif run.__qualname__ == "record":
        advice = f"record() must be awaited: run = await record(main()), and then {call}"
    else:
        advice = f"make a run of it first, {how.format(f'{run.__qualname__}()')}, and then {call}"
    instance(run, kind, wanted, advice)


# -- what was given, in words -----------------------------------------------------------------------


def got(value: object) -> str:
    """A value as the program would write it, and its type.

    >>> got("0.3")
    "'0.3' (str)"
    """
    return f"{value!r} ({type(value).__name__})"


def in_words(thing: Any) -> str:
    """What a thing is, where its repr would say little.

    >>> in_words(print), in_words(in_words), in_words(None)
    ('an object of the type builtin_function_or_method', 'the function in_words', 'None')
    """
    if inspect.iscoroutine(thing):
        return f"the coroutine object {thing.__qualname__}()"
    if inspect.isfunction(thing):
        return f"the function {thing.__name__}"
    return "None" if thing is None else f"an object of the type {type(thing).__name__}"


def _range(least: float, most: float | None) -> str:
    return f"{least:,} or more" if most in (None, math.inf) else f"from {least:,} to {most:,}"


def _advice(write: str) -> str:
    return f": write {write}" if write else ""
