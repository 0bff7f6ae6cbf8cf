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
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from helpers.arguments import instance, recorded_run
from helpers.drawing import figure
from helpers.drawing.palette import DPI, INK, NUMBER, PAPER, STATES, WIDTH
from helpers.recorder.locks import Standing
from helpers.recording import Recording
from helpers.wait_kinds import PENDING
from helpers.words import clip, first_line, listed, shown_name, told_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

Node = Standing | asyncio.Lock

HEIGHT = 3.4                    # inches
BOX = 0.5                       # inches of height of a box
LETTERS = 24                    # in a box, at most
MOST = 5                        # tasks that are named and drawn; more of them would not be readable


def who_waits(run: Recording, locks: Mapping[str, asyncio.Lock] | None = None) -> None:
    """Show which task of a deadlocked run holds which lock, and which it waits for, in the cell that is running.

    run    a run of `simulate` that ended with `Deadlock`
    locks  names for the locks; the others are called "lock 1", "lock 2", ...

    Tasks that share a name are numbered; so give them names. Who took a lock otherwise than with `async with lock:` in
    a coroutine cannot be seen (see `recorder/locks.py`). Of more than five tasks five are shown, those in a circle
    first.

    Raises TypeError if `run` is no recording or `locks` is no such dictionary, ValueError if the run did not end in a
    deadlock over locks.
    """
    standings = _standings(run)
    named = _names(standings, _checked(locks))
    lines = tell(standings, named)
    picture = draw(_first(standings), named)
    alt, text = f"Who waits for whom. {'. '.join(lines)}.", "\n".join(lines)
    figure.display(figure.bundle(picture, alt=alt, text=text, clock="virtual"))


def _standings(run: Recording) -> tuple[Standing, ...]:
    call = 'who_waits(run, {"north": north_lock}), with run = simulate(main())'
    recorded_run(run, Recording, "who_waits() takes a recorded run", 'who_waits(run, {"north": north_lock})',
                 how="run = simulate({0})", advice=f"write {call}")
    standings = getattr(run.exception, "locks", ())
    if not standings:
        ended = f"ended with {first_line(run.error)}" if run.error else "came to its end"
        raise ValueError(f"who_waits() shows a run of simulate() that is stuck at its locks; this one {ended}")
    return _told_apart(_as_in(run, standings))


def _as_in(run: Recording, standings: Sequence[Standing]) -> Sequence[Standing]:
    """The standings under the names that the pictures of the run have, where it is certain which task is which."""
    certain = {}
    for name, many in Counter(each.name for each in standings).items():
        left = [task for task in run.tasks if task.outcome == PENDING and name in (task.name, task.coroutine)]
        # the standings are in order of creation, but not those to whom the program gave one name
        if len(left) == many and sum(task.name == name for task in left) <= 1:
            certain[name] = iter([run.names[task.id] for task in left])
    return [each._replace(name=next(certain[each.name])) if each.name in certain else each for each in standings]


def _checked(locks: Mapping[str, asyncio.Lock] | None) -> Mapping[str, asyncio.Lock]:
    call = 'who_waits(run, {"north": north_lock})'
    if locks is not None:
        instance(locks, Mapping, "the second argument of who_waits() is a dictionary of names and locks",
                 f"write {call}")
    for name, lock in (locks or {}).items():
        if not isinstance(lock, asyncio.Lock):
            raise TypeError(f"who_waits() gives names to objects of the type asyncio.Lock, and {name!r} is the name of "
                            f"an object of the type {type(lock).__name__}; write {call}")
    return locks or {}


def _told_apart(standings: Sequence[Standing]) -> tuple[Standing, ...]:
    """The standings with names that are fit to be shown, and all different."""
    names = told_apart([shown_name(each.name) for each in standings])
    return tuple(each._replace(name=name) for each, name in zip(standings, names))


def _names(standings: Sequence[Standing], given: Mapping[str, asyncio.Lock]) -> dict[asyncio.Lock, str]:
    named = {lock: shown_name(name) for name, lock in given.items()}
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
        parts = [f"holds {listed(named[lock] for lock in each.holds)}"] if each.holds else []
        if each.wants is not None:
            who = holder.get(each.wants)
            by = "it holds itself" if who is each else f"{who.name if who else 'somebody'} holds"
            at = f" at line {each.place.line}" if each.place else ""
            parts.append(f"waits{at} for {named[each.wants]}, which {by}")
        lines.append(f"{each.name} {listed(parts)}")
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


def _waits(holder: Mapping[asyncio.Lock, Standing], first: Standing) -> Iterator[Standing]:
    """The first task, the one that holds what it waits for, and so on: in a circle without end."""
    each: Standing | None = first
    while each is not None:
        yield each
        each = holder.get(each.wants) if each.wants is not None else None


def _circles(standings: Sequence[Standing]) -> list[list[Standing]]:
    """Each task waits for one lock at most, so whoever follows the waits comes to an end or into one circle."""
    holder = _holders(standings)
    found: list[list[Standing]] = []
    seen: set[str] = set()
    for first in standings:
        path: dict[str, Standing] = {}
        for each in _waits(holder, first):
            if each.name in path:
                names = list(path)
                found.append([path[name] for name in names[names.index(each.name) :]])
            if each.name in path or each.name in seen:
                break
            path[each.name] = each
        seen.update(path)
    return found


def draw(standings: Sequence[Standing], named: Mapping[asyncio.Lock, str]) -> Figure:
    """Tasks and locks around an ellipse, in the order in which they wait for one another."""
    from helpers.drawing.canvas import Sheet, style

    with style():
        sheet = Sheet(WIDTH)
        sheet.set_height(round(HEIGHT * DPI))
        axes = sheet.figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
        axes.set_axis_off()
        centres = _places(_around(standings))
        boxes = _boxes(axes, centres, named)
        _arrows(axes, standings, centres, boxes)
        return sheet.figure


def _places(nodes: Sequence[Node]) -> dict[Node, tuple[float, float]]:
    """Where the middle of each box stands, in inches, clockwise from the upper left."""
    angles = [math.radians(135 - 360 * number / len(nodes)) for number in range(len(nodes))]
    return {node: (WIDTH / 2 + 3.1 * math.cos(angle), HEIGHT / 2 + 1.35 * math.sin(angle))
            for node, angle in zip(nodes, angles)}


def _boxes(
    axes: Axes, centres: Mapping[Node, tuple[float, float]], named: Mapping[asyncio.Lock, str]
) -> dict[Node, Patch]:
    """A box with corners for each task, one without for each lock, and their names in them."""
    from matplotlib.patches import FancyBboxPatch

    wide = min(2.8, 0.5 + 0.105 * max(len(_label(node, named)) for node in centres))
    boxes: dict[Node, Patch] = {}
    for node, (x, y) in centres.items():
        if isinstance(node, Standing):
            shape, ground, ink = "square,pad=0", INK, PAPER
        else:
            shape, ground, ink = "round,pad=0,rounding_size=0.25", STATES[NUMBER["lock"]].colour, INK
        boxes[node] = axes.add_patch(FancyBboxPatch(
            (x - wide / 2, y - BOX / 2), wide, BOX, boxstyle=shape, facecolor=ground, edgecolor=INK, zorder=2))
        axes.text(x, y, _label(node, named), color=ink, fontsize=12, ha="center", va="center", zorder=3,
                  parse_math=False)         # a name may have a $ in it
    return boxes


def _arrows(
    axes: Axes, standings: Sequence[Standing], centres: Mapping[Node, tuple[float, float]], boxes: Mapping[Node, Patch]
) -> None:
    """From each task to the lock that it waits for, and from each lock to the task that holds it."""
    from matplotlib.patches import FancyArrowPatch

    arrows: list[tuple[Node, Node, str, str]] = []
    arrows += [(each, each.wants, "waits for", "--") for each in standings if each.wants is not None]
    arrows += [(lock, each, "is held by", "-") for lock, each in _holders(standings).items()]
    joined = {arrow[:2] for arrow in arrows}
    for start, end, words, line in arrows:
        (x, y), (x2, y2) = centres[start], centres[end]
        bend = 0.25 if (end, start) in joined else 0        # or the two would lie on each other
        axes.add_patch(FancyArrowPatch(
            (x, y), (x2, y2), patchA=boxes[start], patchB=boxes[end], shrinkA=4, shrinkB=4, arrowstyle="-|>",
            mutation_scale=20, linestyle=line, linewidth=1.6, color=INK, connectionstyle=f"arc3,rad={bend}", zorder=1))
        axes.text((x + x2 + bend * (y2 - y)) / 2, (y + y2 - bend * (x2 - x)) / 2, words, fontsize=11, color=INK,
                  ha="center", va="center", zorder=3, bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 2})


def _label(node: Node, named: Mapping[asyncio.Lock, str]) -> str:
    """What stands in the box of a task or a lock; a lock without a name is called "lock 1" anyway."""
    from helpers.drawing.canvas import printable

    if isinstance(node, Standing):
        return clip(printable(f"task {node.name}"), LETTERS)
    name = named[node]
    return clip(printable(name if name.startswith("lock ") else f"lock {name}"), LETTERS)


def _around(standings: Sequence[Standing]) -> list[Node]:
    """From each task to the lock that it waits for and on to its holder; then what nobody waits for."""
    holder = _holders(standings)
    nodes: list[Node] = []
    for first in standings:
        for each in _waits(holder, first):
            if each in nodes:
                break
            nodes.append(each)
            if each.wants is not None and each.wants not in nodes:
                nodes.append(each.wants)
    return nodes + [lock for lock in holder if lock not in nodes]
