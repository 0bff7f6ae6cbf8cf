"""The states of a task as pictures show them, with their colours and their words; and the size of pictures.

A span of a recording is in one of ten states: running, blocked, ready, or waiting for one of seven
families of things. Any two of the colours are at least 20 apart (CIE76, where 2.3 is the smallest
difference that people notice) in normal vision and in the three kinds of colour blindness: found by
a random search over colours, and checked by a test. No state is shown by its colour alone: a segment
carries its word where there is room, "ready" is hatched, and the key has the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from helpers.wait_kinds import BLOCKED, READY, RUN, kind_of, waited_for

WIDTH = 9.2                 # inches: the text column of a notebook on a laptop
DPI = 110                   # dots per inch
INK = "#14213d"             # text, and tasks that run
MUTED = "#5b6472"           # text of second rank
GRID = "#e6e8eb"
PAPER = "#ffffff"
LINE = "#9aa1ab"            # the time axis, and the edges of what is pale


class State(NamedTuple):
    """A state of a task: its name, its colour, the words of the key, and the colour of text on it.

    Where waits of several kinds have one colour, the key says which of them there are: see `words_of`.
    """

    name: str
    colour: str
    words: str
    text: str


# The order is that of the layers in the curve of tasks under way, from the bottom up.
STATES = (
    State("clock", "#8dd1ff", "waiting for the clock", INK),
    State("network", "#8db599", "waiting for the network", INK),
    State("thread", "#8459db", "waiting for a call in a thread", PAPER),
    State("queue", "#ffd6a1", "waiting on a queue", INK),
    State("lock", "#cb85bb", "waiting for a lock", INK),
    State("future", "#aaae58", "waiting for a future", INK),
    State("tasks", "#d9dfe5", "waiting for tasks", INK),
    State("ready", "#fe9f1a", "ready but kept waiting", INK),
    State("blocked", "#c8102e", "blocking the loop", PAPER),
    State("running", INK, "running", PAPER),
)
NUMBER = {state.name: number for number, state in enumerate(STATES)}
# What a lane below those of the tasks shows: no state of a task, so it has a pattern on paper.
WORKER = State("worker", PAPER, "a worker thread at work", INK)
# What stands at the end of a wait that was cut short: a mark in the colour of text.
CUT = State("cut", INK, "cut short", PAPER)
# What stands at the end of a lane without a name whose task failed: a chequered flag, in no colour at all.
FAILED = State("failed", PAPER, "failed", INK)
# The stripes over a colour: the second thing by which these states are recognised.
STRIPES = {"ready": "#8a4a00", "worker": STATES[NUMBER["thread"]].colour, "failed": INK}


def state_of(kind: str, wait: str) -> State:
    """The state that a span of this kind shows; a wait of a kind unknown here is one for a future."""
    if kind == RUN:
        return STATES[NUMBER["running"]]
    if kind in (READY, BLOCKED):
        return STATES[NUMBER[kind]]
    return STATES[NUMBER[kind_of(wait).family]]


def words_of(state: State, waits: Mapping[str, Sequence[str]]) -> str:
    """The words of the key, true of all the waits in a picture, which are given by family.

    >>> words_of(STATES[NUMBER["lock"]], {"lock": ["semaphore", "event"]})
    'waiting for a semaphore or an event'
    """
    kinds = waits.get(state.name)
    if not kinds or state.name not in ("network", "thread", "lock", "future"):
        return state.words
    return f"waiting for {waited_for(state.name, kinds)}"


def css_variables() -> dict[str, str]:
    """The palette for a style sheet: `var(--wyw-ink)`, `var(--wyw-blocked)`; `on-blocked` is the text on it."""
    names = {"ink": INK, "muted": MUTED, "grid": GRID, "paper": PAPER, "edge": LINE}
    states = {state.name: state.colour for state in STATES}
    return names | states | {f"on-{state.name}": state.text for state in STATES}
