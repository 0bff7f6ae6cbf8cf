"""Who waits for whom: the picture of a deadlock.

    run = simulate(main())                                          # ends with Deadlock
    who_waits(run, {"north": north_lock, "south": south_lock})      # names for the locks

Follow the arrows: from a task to the lock that it waits for, and from a lock to the task that holds it. Where they
lead back to where you began, nobody in the circle will ever go on. That a circle of waits is what makes a deadlock is
due to Coffman, Elphick and Shoshani, System Deadlocks (Computing Surveys, 1971).
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from helpers.arguments import instance, recorded_run
from helpers.drawing.palette import INK, NUMBER, PAPER, STATES
from helpers.recorder.locks import Standing
from helpers.recording import Recording
from helpers.words import first_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 9.2, 3.4        # inches
BOX = 0.5                       # inches of height of a box
MOST = 5                        # tasks that are told and drawn; more of them would not be readable


def who_waits(run: Recording, locks: Mapping[str, asyncio.Lock] | None = None) -> None:
    """Show which task of a deadlocked run holds which lock, and which it waits for, in the cell that is running.

    run    a run of `simulate` that ended with `Deadlock`
    locks  names for the locks; the others are called "lock 1", "lock 2", ...

    Tasks that share a name are numbered; so give them names. Who took a lock otherwise than with `async with
    lock:` in a coroutine cannot be seen (see holders.py). Of more than five tasks five are shown, those in a circle first.

    Raises TypeError if `run` is no recording or `locks` is no such dictionary, ValueError if the run did not end in a
    deadlock over locks.
    """
    from helpers.drawing.figure import show

    standings = _standings(run)
    named = _names(standings, _checked(locks))
    lines = tell(standings, named)
    show(draw(_first(standings), named), alt="Who waits for whom. " + ". ".join(lines) + ".", text="\n".join(lines))


def _standings(run: Recording) -> tuple[Standing, ...]:
    call = 'who_waits(run, {"north": north_lock}), with run = simulate(main())'
    recorded_run(run, Recording, "who_waits() takes a recorded run", 'who_waits(run, {"north": north_lock})',
                 how="run = simulate({0})", advice=f"write {call}")
    standings = getattr(run.exception, "locks", ())
    if not standings:
        ended = f"ended with {first_line(run.error)}" if run.error else "came to its end"
        raise ValueError(f"who_waits() shows a run of simulate() that is stuck at its locks; this one {ended}")
    return _told_apart(standings)


def _checked(locks: Mapping[str, asyncio.Lock] | None) -> Mapping[str, asyncio.Lock]:
    call = 'who_waits(run, {"north": north_lock})'
    if locks is not None:
        instance(locks, Mapping, "the second argument of who_waits() is a dictionary of names and locks", f"write {call}")
    for name, lock in (locks or {}).items():
        if not isinstance(lock, asyncio.Lock):
            raise TypeError(f"who_waits() gives names to objects of the type asyncio.Lock, and {name!r} is the name of an "
                            f"object of the type {type(lock).__name__}; write {call}")
    return locks or {}


def _told_apart(standings: Sequence[Standing]) -> tuple[Standing, ...]:
    """Tasks that share a name get a number: "move (1)", "move (2)"."""
    shared, taken = Counter(each.name for each in standings), Counter()
    told = []
    for each in standings:
        name = each.name
        while shared[each.name] > 1 and name in shared:     # a program may have given the name "move (1)", too
            taken[each.name] += 1
            name = f"{each.name} ({taken[each.name]})"
        told.append(each._replace(name=name))
    return tuple(told)


def _names(standings: Sequence[Standing], given: Mapping[str, asyncio.Lock]) -> dict[asyncio.Lock, str]:
    named = {lock: name for name, lock in given.items()}
    count = 0
    for standing in standings:
        for lock in (*standing.holds, standing.wants):
            if lock is not None and lock not in named:
                count += 1
                while f"lock {count}" in given:
                    count += 1
                named[lock] = f"lock {count}"
    return named


def tell(standings: Sequence[Standing], named: Mapping[asyncio.Lock, str]) -> list[str]:
    """A line for each task that is shown, and one for each circle of them."""
    holder = _holders(standings)
    lines = []
    for each in (shown := _first(standings)):
        parts = [f"holds {' and '.join(named[lock] for lock in each.holds)}"] if each.holds else []
        if each.wants is not None:
            who = holder.get(each.wants)
            by = "it holds itself" if who is each else f"{who.name if who else 'somebody'} holds"
            at = f" at line {each.place.line}" if each.place else ""
            parts.append(f"waits{at} for {named[each.wants]}, which {by}")
        lines.append(f"{each.name} {' and '.join(parts)}")
    if len(shown) < len(standings):
        lines.append(f"and {len(standings) - len(shown):,} more tasks")
    for circle in _circles(standings):
        if circle[0] in shown:
            names = [each.name for each in circle]
            names[MOST:] = ["..."] if len(names) > MOST else []
            lines.append(f"in a circle: {' -> '.join([*names, names[0]])}")
    return lines


def _first(standings: Sequence[Standing]) -> Sequence[Standing]:
    """The tasks that are shown: all, or if they are too many, some of those in a circle first."""
    if len(standings) <= MOST:
        return standings
    inside = [each for circle in _circles(standings) for each in circle]
    return list(dict.fromkeys([*inside, *standings]))[:MOST]


def _holders(standings: Sequence[Standing]) -> dict[asyncio.Lock, Standing]:
    return {lock: each for each in standings for lock in each.holds}


def _circles(standings: Sequence[Standing]) -> list[list[Standing]]:
    """Each task waits for one lock at most, so whoever follows the waits comes to an end or into one circle."""
    holder, found, seen = _holders(standings), [], set()
    for each in standings:
        path: list[Standing] = []
        inside: set[str] = set()
        while each is not None and each.name not in seen and each.name not in inside:
            path.append(each)
            inside.add(each.name)
            each = holder.get(each.wants)
        if each is not None and each.name in inside:
            found.append(path[path.index(each):])
        seen.update(one.name for one in path)
    return found


def draw(standings: Sequence[Standing], named: Mapping[asyncio.Lock, str]) -> Figure:
    """Tasks and locks around an ellipse, in the order in which they wait for one another."""
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.set_axis_off()
    boxes, centres = {}, {}
    nodes = _around(standings)
    wide = min(2.8, 0.5 + 0.105 * max(len(_label(node, named)) for node in nodes))
    for number, node in enumerate(nodes):
        angle = math.radians(135 - 360 * number / len(nodes))
        x, y = centres[node] = WIDTH / 2 + 3.1 * math.cos(angle), HEIGHT / 2 + 1.35 * math.sin(angle)
        task = isinstance(node, Standing)
        boxes[node] = axes.add_patch(FancyBboxPatch(
            (x - wide / 2, y - BOX / 2), wide, BOX, boxstyle="square,pad=0" if task else "round,pad=0,rounding_size=0.25",
            facecolor=INK if task else STATES[NUMBER["lock"]].colour, edgecolor=INK, zorder=2))
        axes.text(x, y, _label(node, named), color=PAPER if task else INK, fontsize=12, ha="center", va="center", zorder=3,
                  parse_math=False)         # a name may have a $ in it
    holder = _holders(standings)
    arrows = [(each, each.wants, "waits for", "--") for each in standings if each.wants is not None]
    arrows += [(lock, each, "is held by", "-") for lock, each in holder.items()]
    for start, end, words, line in arrows:
        (x, y), (x2, y2) = centres[start], centres[end]
        bend = 0.25 if (end, start) in [arrow[:2] for arrow in arrows] else 0       # or the two would lie on each other
        axes.add_patch(FancyArrowPatch(
            (x, y), (x2, y2), patchA=boxes[start], patchB=boxes[end], shrinkA=4, shrinkB=4, arrowstyle="-|>",
            mutation_scale=20, linestyle=line, linewidth=1.6, color=INK, connectionstyle=f"arc3,rad={bend}", zorder=1))
        axes.text((x + x2 + bend * (y2 - y)) / 2, (y + y2 - bend * (x2 - x)) / 2, words, fontsize=11, color=INK,
                  ha="center", va="center", zorder=3, bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 2})
    return figure


def _label(node: Standing | asyncio.Lock, named: Mapping[asyncio.Lock, str]) -> str:
    text = f"task {node.name}" if isinstance(node, Standing) else f"lock {named[node]}".replace("lock lock ", "lock ")
    return text if len(text) <= 24 else text[:23] + "…"


def _around(standings: Sequence[Standing]) -> list[Standing | asyncio.Lock]:
    """From each task to the lock that it waits for and on to its holder; then what nobody waits for."""
    holder = _holders(standings)
    nodes: list[Standing | asyncio.Lock] = []
    for each in standings:
        while each is not None and each not in nodes:
            nodes.append(each)
            if each.wants is not None and each.wants not in nodes:
                nodes.append(each.wants)
            each = holder.get(each.wants)
    return nodes + [lock for lock in holder if lock not in nodes]
