"""Durations, counts and lists in words, and text of the program's own that is fit to be shown.

What a task is called, the program decides: nothing at all, a million letters, the same as another one, letters that
are two columns wide or none. `told_apart` makes all the names of a run fit to be shown, and different; `cut_apart`
cuts them to the room that there is, and keeps them different.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

LONGEST = 500               # letters of a text of the program's that are shown, at most
NAME = 40                   # columns of a name in a sentence, at most
NO_NAME = "(no name)"
ACCENTS = ("Mn", "Me")      # categories of letters that stand on the one before
NUMBER = re.compile(r"[\s_.:#([-]?\d{1,9}[)\]]?$")      # what a name may be told apart by, at its end
MANY = 200                  # names that are alike when they are cut; of more, numbers tell them apart
TAILS = (3, 5, 8, 12, 18)   # letters at the end of names, of which the fewest are kept that are all different


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
    begin = text[: LONGEST + 1]
    return one_line(clip(begin.splitlines()[0], LONGEST)) if begin else ""


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


# -- names that the program gave --------------------------------------------------------------------


def shown_name(name: str, width: int = NAME) -> str:
    r"""A name that the program gave, fit to stand in a sentence: on one line, and not too long.

    >>> shown_name("north\n  and south"), shown_name("  ")
    ('north and south', '(no name)')
    """
    return shortened(_fit(name), width)


def told_apart(names: Sequence[str], width: int = NAME) -> list[str]:
    """The names as they are shown, of at most `width` columns, and all different: equal ones carry a number.

    >>> told_apart(["move", "north", "move", ""])
    ['move', 'north', 'move 2', '(no name)']
    """
    fit = [_fit(name) for name in names]
    given, taken, last = set(fit), set[str](), Counter[str]()
    told = []
    for name in fit:
        unique = name
        # the program may have given the name "move 2", too
        while unique in taken or (unique is not name and unique in given):
            last[name] += 1
            unique = f"{name} {last[name] + 1}"
        taken.add(unique)
        told.append(unique)
    return cut_apart(told, width)


def shortened(name: str, room: float, measure: Callable[[str], float] | None = None) -> str:
    """A name cut to so much room, which `measure` measures, by default in columns; a number at its end is kept.

    >>> shortened("PriceServer.handle_connection 12", 18)
    'PriceServer.ha… 12'
    """
    measure = measure or columns
    if measure(name) <= room:
        return name
    number = NUMBER.search(name)
    return _cut(name, number[0] if number else "", room, measure)


def cut_apart(names: Sequence[str], room: float, measure: Callable[[str], float] | None = None) -> list[str]:
    """The names, each cut to so much room as `shortened` does it, and still different if they were.

    Those that would be the same keep what they differ in at their ends, or get a number.

    >>> cut_apart(["PriceServer.handle_open", "PriceServer.handle_close"], 16)
    ['PriceServer.…pen', 'PriceServer.…ose']
    """
    measure = measure or columns
    short = [shortened(name, room, measure) for name in names]
    alike: dict[str, list[int]] = {}
    for index, name in enumerate(short):
        alike.setdefault(name, []).append(index)
    if len(alike) == len(short):
        return short
    for group in (group for group in alike.values() if 1 < len(group) <= MANY):
        for tail in TAILS:
            told = [_cut(names[index], names[index][-tail:], room, measure) for index in group]
            if len(set(told)) == len(group):
                for index, name in zip(group, told):
                    short[index] = name
                break
    taken, last = set[str](), Counter[str]()
    given = set(short)
    for index, name in enumerate(short):
        unique = name
        while unique in taken or (unique is not name and unique in given):
            last[name] += 1
            unique = _cut(names[index], f" {last[name] + 1}", room, measure)
        taken.add(unique)
        short[index] = unique
    return short


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: two for a letter of East Asia, none for an accent on the one before.

    >>> columns("tea"), columns("茶"), columns("e\u0301")
    (3, 2, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_width(letter) for letter in text)


def padded(text: str, width: int) -> str:
    """A text filled with blanks to so many columns.

    >>> padded("茶", 4) + "|"
    '茶  |'
    """
    return text + " " * (width - columns(text))


def isolated(text: str) -> str:
    """A text that may run from right to left, so that it does not turn round what follows it in the line."""
    if text.isascii() or not any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in text):
        return text
    return f"\u2068{text}\u2069"            # the "first strong isolate" of Unicode, and its end


@lru_cache(maxsize=4_000)
def _width(letter: str) -> int:
    if unicodedata.category(letter) in ACCENTS or unicodedata.category(letter) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _fit(name: str) -> str:
    """A name on one line, of at most so many letters, of which some can be seen."""
    if len(name) > LONGEST:                 # both ends: names may differ in either
        name = f"{name[: LONGEST // 2]}…{name[-(LONGEST // 2) + 1 :]}"
    name = one_line(" ".join(name.split()))
    if not name.isascii():
        name = _with_few_accents(name)
    return name or NO_NAME


def _with_few_accents(name: str) -> str:
    """A name without accents that stand on nothing, and with two on a letter at most: a pile of them hides its row."""
    kept: list[str] = []
    room = 0
    for letter in name:
        accent = unicodedata.category(letter) in ACCENTS
        room = room - 1 if accent else 2
        if not accent or room >= 0:
            kept.append(letter)
    return "".join(kept)


def _cut(name: str, tail: str, room: float, measure: Callable[[str], float]) -> str:
    """The longest beginning of a name that fits before "…" and the tail; the tail alone if it is too long."""
    if measure(f"…{tail}") > room / 2 + measure("…") and len(tail) > 6:
        tail = ""
    low, high = 0, max(len(name) - len(tail), 0)
    if measure is columns and name.isascii():
        low = high = max(min(high, int(room) - 1 - columns(tail)), 0)
    while low < high:                       # the longest beginning that fits
        middle = (low + high + 1) // 2
        if measure(f"{name[:middle].rstrip()}…{tail}") <= room:
            low = middle
        else:
            high = middle - 1
    return f"{name[:low].rstrip()}…{tail}"
