"""Durations, counts and lists in words, and text of the program's own that is fit to be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence


def seconds(value: float) -> str:
    """A duration in seconds, exact to the nanosecond.

    >>> seconds(0.30)
    '0.3 s'
    >>> seconds(86414.4)
    '86414.4 s'
    """
    return f"{round(value, 9):.9f}".rstrip("0").rstrip(".") + " s"


def short(value: float) -> str:
    """A duration in seconds, to read at a glance: three digits at most, in a unit that suits it.

    >>> [short(value) for value in (1.2, 0.35, 0.08, 0.0000031, 0)]
    ['1.2 s', '0.35 s', '80 ms', '3.1 µs', '0 s']
    """
    if value >= 0.0995:
        digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
        text = f"{value:,.{digits}f}"
        return (text.rstrip("0").rstrip(".") if digits else text) + " s"
    for factor, name in ((1e3, "ms"), (1e6, "µs")):
        if value * factor >= 0.995:
            return f"{value * factor:.{0 if value * factor >= 9.95 else 1}f}".removesuffix(".0") + f" {name}"
    return "0 s" if value <= 0 else "< 1 µs"


def count(number: int, noun: str) -> str:
    """So many of something; the plural of `noun` takes an s.

    >>> count(1, "task"), count(2500, "task")
    ('1 task', '2,500 tasks')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Iterable[str], last: str = "and", most: int | None = None) -> str:
    """Names in a row, as in a sentence; of more than `most` the first, and how many others there are: `most` in all.

    >>> listed(["north"]), listed(["north", "south", "west"], "or")
    ('north', 'north, south or west')
    >>> listed("abcdef", most=4)
    'a, b, c and 3 more'
    """
    known = list(names)
    if most is not None and len(known) > most:
        known = [*known[: most - 1], f"{len(known) - most + 1:,} more"]
    return f" {last} ".join(filter(None, [", ".join(known[:-1]), *known[-1:]]))


def one_line(text: str) -> str:
    r"""Text of the program's that cannot break a row or colour a terminal: control characters become "?".

    >>> one_line("no\ntea \x1b[31m")
    'no tea ?[31m'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def first_line(text: str) -> str:
    r"""The first line of a text, fit to stand in a row; "" of an empty text.

    >>> first_line("no tea\nat all")
    'no tea'
    """
    return one_line(text.splitlines()[0]) if text else ""


def error_in_words(error: BaseException) -> str:
    """An exception: its type, and its text if it has one.

    >>> error_in_words(ValueError("no tea")), error_in_words(ValueError())
    ('ValueError: no tea', 'ValueError')
    """
    name = type(error).__name__
    try:
        text = str.__str__(str(error))
    except BaseException as problem:        # the class may be the learner's, and its __str__ may do anything
        return f"{name} (its __str__ raises {type(problem).__name__})"
    return f"{name}: {text}" if text.strip() else name


def clip(text: str, width: int) -> str:
    """A text cut to so many characters, the last of which then is "…".

    >>> clip("a long name", 7)
    'a long…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def shown_name(name: str, width: int = 40) -> str:
    r"""A name that the program gave, fit to stand in a sentence: on one line, and not too long.

    >>> shown_name("north\n  and south")
    'north and south'
    """
    return clip(one_line(" ".join(name.split())), width)


def told_apart(names: Sequence[str]) -> list[str]:
    """The names, of which those that occur more than once carry a number.

    >>> told_apart(["move", "north", "move"])
    ['move (1)', 'north', 'move (2)']
    """
    shared, taken = Counter(names), Counter[str]()
    told = []
    for name in names:
        unique = name
        while shared[name] > 1 and unique in shared:        # a program may have given the name "move (1)", too
            taken[name] += 1
            unique = f"{name} ({taken[name]})"
        told.append(unique)
    return told
