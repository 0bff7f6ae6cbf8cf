"""What an answer of the battery is."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

RIGHT, WRONG, UNSEEN, HOSTILE = "right", "wrong", "unseen", "hostile"


class Answer(NamedTuple):
    """An answer that a learner might give, and what must come of it.

    comes     RIGHT: accepted; WRONG: refused; UNSEEN: valid, but with threads that virtual time may not see: accepted,
              or said to be not judged; HOSTILE: whatever is said, it is said soon, and is short
    exercise  its name, as in the notebook
    what      a few words on what is unusual, or wrong
    source    the answer
    says      what the message must hold, small letters; "a|b": one of the two is enough
    never     what it must not hold: advice for another mistake, untrue statements
    """

    comes: str
    exercise: str
    what: str
    source: str
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


def right(exercise: str, what: str, source: str) -> Answer:
    """A valid answer."""
    return Answer(RIGHT, exercise, what, textwrap.dedent(source).lstrip("\n"))


def wrong(exercise: str, what: str, source: str, *says: str, never: tuple[str, ...] = ()) -> Answer:
    """A wrong answer, and what must be said of it."""
    return Answer(WRONG, exercise, what, textwrap.dedent(source).lstrip("\n"), says, never)


def unseen(exercise: str, what: str, source: str) -> Answer:
    """A valid answer whose threads virtual time may not see."""
    return Answer(UNSEEN, exercise, what, textwrap.dedent(source).lstrip("\n"))


def hostile(exercise: str, what: str, source: str, *says: str) -> Answer:
    """An answer that may break the checker, or hold it up."""
    return Answer(HOSTILE, exercise, what, textwrap.dedent(source).lstrip("\n"), says)
