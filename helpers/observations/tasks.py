"""Rules about tasks: awaited as soon as it was made, a straggler, left behind or cancelled at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from helpers.observations.observation import (
    Observation,
    Way,
    alone,
    at,
    does,
    how_many,
    name_of,
    names_of,
    took,
    total,
    under_way,
    waits,
    way_of,
)
from helpers.recording import Recording, Span, Task
from helpers.wait_kinds import CANCELLED, PENDING, READY, WAIT, kind_of
from helpers.words import count, first_line, seconds

# -- awaited as soon as it was made -----------------------------------------------------------------

INSTANT = 1e-9          # seconds of virtual time that are none


def awaited_at_once(run: Recording) -> Iterator[Observation]:
    """A task is awaited in the turn in which it was made, and its maker has no other task under way.

    It is silent if the task itself waits for nothing, for whatever is awaited together with others, and, in virtual
    time, if the maker works between the two.
    """
    children: dict[int, list[Task]] = {}
    for task in run.tasks:
        if task.parent is not None and task.made >= 0:
            children.setdefault(task.parent, []).append(task)
    found: dict[Way, dict[int, list[tuple[Task, Span]]]] = {}
    for number, own in children.items():
        maker = run.task(number)
        if maker is None:
            continue
        single = {child.id for child, by_itself in zip(own, alone([under_way(child) for child in own])) if by_itself}
        step = -1
        for index, span in enumerate(maker.spans):
            if span.kind != WAIT:
                step = span.step if span.step >= 0 else step
                continue
            child = run.task(span.on[0]) if span.wait == "task" and len(span.on) == 1 and not span.cut else None
            # whoever awaits a task is woken in its last turn, and goes on after it
            goes_on = next((each.start for each in maker.spans[index + 1:index + 3] if each.step >= 0), span.end)
            if child is None or (run.clock == "virtual" and span.start - child.created > INSTANT):
                continue
            if (child.id in single and child.parent == number and child.made == step
                    and child.finished is not None and child.finished <= goes_on
                    and any(took(run, each) for each in waits(child))):
                found.setdefault(way_of(span), {}).setdefault(number, []).append((child, span))
    for way, makers in found.items():
        number, pairs = max(makers.items(), key=lambda item: len(item[1]))
        yield _awaited(run, way, number, pairs, len(makers))


def _awaited(run: Recording, way: Way, maker: int, pairs: Sequence[tuple[Task, Span]], makers: int) -> Observation:
    name = name_of(run, maker)
    where = f",{at([way])}" if way.place else ""
    numbers: dict[str, float] = {"tasks": len(pairs)}
    if run.clock == "virtual":
        numbers["seconds"] = total(span for _, span in pairs)
    if len(pairs) == 1:
        child = name_of(run, pairs[0][0])
        words = (f"{name} makes {child} and awaits it in the same turn{where}: "
                 f"{name} does nothing else until {child} is done.")
    else:
        words = (f"{name} makes {count(len(pairs), 'task')} and awaits each in the turn in which it is made{where}: "
                 "none of them is under way while another is.")
    tasks = (maker, *(child.id for child, _ in pairs if child.id != maker))
    return Observation("awaited at once", tasks, way.place, numbers, how_many(words, makers - 1))


# -- a straggler ------------------------------------------------------------------------------------

OTHERS = 2              # so many others there are at least
TIMES = {"virtual": 2, "real": 4}       # so many times as long as each other one it takes; a busy machine blurs it
TOGETHER = ("gather", "task group", "wait")


class Straggler(NamedTuple):
    """One of several tasks that are awaited together, which took much longer than each of the others.

    alone   seconds that its waiter waited for it alone
    length  seconds that it took, and `second` those of the next longest; `others`: how many others there are
    """

    task: int
    waiter: int
    wait: Span
    alone: float
    length: float
    second: float
    others: int


def straggler(run: Recording) -> Iterator[Observation]:
    """One of several tasks that are awaited together takes much longer than each of the others.

    It is silent if that one depends on others: if it spends less than half of its time waiting for the clock, the
    network or a thread; and if the wait was over before it, or it was cancelled.
    """
    found: dict[tuple[int, Way], list[Straggler]] = {}
    for task in run.tasks:
        for spans in _together(task):
            slow = _slow(run, task, spans)
            if slow is not None:
                found.setdefault((task.id, way_of(spans[0])), []).append(slow)
    for own in found.values():
        yield _straggler(run, own)


def _slow(run: Recording, task: Task, spans: Sequence[Span]) -> Straggler | None:
    """The straggler in a wait, if there is one."""
    awaited = [each for number in spans[0].on if (each := run.task(number)) is not None and number != task.id]
    ends = sorted((each.finished, each.id) for each in awaited
                  if each.finished is not None and each.outcome != CANCELLED)
    if len(awaited) <= OTHERS or len(ends) < len(awaited) or ends[-1][0] > spans[-1].end:
        return None
    lengths = sorted(((each.finished or 0.0) - each.created, each.id) for each in awaited)
    (second, _), (longest, number) = lengths[-2:]
    outside = sum(span.end - span.start for span in waits(run.tasks[number]) if kind_of(span.wait).outside)
    if second <= 0 or longest < TIMES[run.clock] * second or ends[-1][1] != number or outside * 2 < longest:
        return None
    lonely = ends[-1][0] - max(ends[-2][0], spans[0].start)
    return Straggler(number, task.id, spans[0], round(lonely, 9), round(longest, 9), round(second, 9), len(awaited) - 1)


def _straggler(run: Recording, found: Sequence[Straggler]) -> Observation:
    """The straggler that was waited for longest, in words, and how many there are at this line."""
    slow = max(found, key=lambda each: each.alone) if run.clock == "virtual" else found[0]
    name, who = name_of(run, slow.task), name_of(run, slow.waiter)
    words = f"{who} {does(slow.wait.wait)}{at([way_of(slow.wait)])}, "
    numbers: dict[str, float] = {"waits": len(found), "others": slow.others}
    if run.clock == "virtual":
        numbers |= {"seconds": round(sum(each.alone for each in found), 9), "longest": slow.length,
                    "second": slow.second}
        words += f"in the last {seconds(slow.alone)} for {name} alone: {name} takes {seconds(slow.length)}, each "
        words += f"of the {slow.others:,} others {seconds(slow.second)} at most."
    else:
        words += f"in the end for {name} alone: {name} takes at least {TIMES['real']} times as long as each of the "
        words += f"{slow.others:,} others."
    if len(found) > 1:
        more = len(found) - 1
        words += f" There is such a task in {more:,} more {'wait' if more == 1 else 'waits'} at this line."
    return Observation("straggler", (slow.waiter, *(each.task for each in found)), slow.wait.place, numbers, words)


def _together(task: Task) -> Iterator[list[Span]]:
    """Waits for several tasks: what is one `await` may be several waits in a row."""
    row: list[Span] = []
    known: set[int] = set()
    for span in waits(task):
        same = row and (span.wait, way_of(span)) == (row[0].wait, way_of(row[0]))
        if row and not (same and known.issuperset(span.on)):        # else others are awaited at the same line
            yield row
            row = []
        if span.wait in TOGETHER:
            known = known if row else set(span.on)
            row.append(span)
    if row:
        yield row


# -- left behind, or cancelled at the end -----------------------------------------------------------


def unfinished(run: Recording) -> Iterator[Observation]:
    """Tasks that had not ended when the run was over, or were cancelled at its end.

    It is silent if the main task itself has not ended: then the error of the run says why. A task was cancelled at the
    end if nobody did much after it: the main task began no wait but for other tasks, and of the tasks that were not
    cancelled none ended later, or began to wait for the clock, the network or a thread.
    """
    main = run.tasks[0]
    if main.outcome == PENDING:
        return
    others = [task for task in run.tasks[1:] if task.outcome != CANCELLED]
    begun = max([span.start for span in waits(main) if took(run, span) and kind_of(span.wait).family != "tasks"]
                + [span.start for task in others for span in waits(task)
                   if took(run, span) and kind_of(span.wait).outside], default=float("-inf"))
    ended = max((task.finished for task in others if task.finished is not None), default=float("-inf"))
    found: dict[tuple[str, str, str], list[Task]] = {}
    for task in run.tasks[1:]:
        if task.outcome == PENDING:
            found.setdefault((PENDING, task.coroutine, _standing(task)), []).append(task)
        elif task.outcome == CANCELLED and task.finished is not None and begun < task.finished >= ended:
            found.setdefault((CANCELLED, task.coroutine, _standing(task)), []).append(task)
    for (outcome, _, standing), tasks in found.items():
        yield _unfinished(run, outcome, standing, tasks)


def _unfinished(run: Recording, outcome: str, standing: str, tasks: list[Task]) -> Observation:
    numbers = tuple(task.id for task in tasks)
    several = len(tasks) > 1
    who = names_of(run, numbers)
    if outcome == PENDING:
        words = f"{who} {'are' if several else 'is'} left behind"
        words += f": when the run is over, {'each' if several else 'it'} {standing}." if standing else "."
        rule = "left behind"
    else:
        cutters = {own[-1].cutter if (own := waits(task)) else -1 for task in tasks}
        by = run.task(cutters.pop()) if len(cutters) == 1 else None
        words = f"{who} {'are' if several else 'is'} cancelled at the end of the run"
        if by is not None and by.id not in numbers:
            words += f", by {name_of(run, by)}"
        words += f"; until then {'each' if several else 'it'} {standing}." if standing else "."
        if run.error:
            words += f" The run ends with {first_line(run.error)}."
        rule = "cancelled at the end"
    place = next((span.place for span in reversed(tasks[0].spans) if span.kind == WAIT), None)
    return Observation(rule, numbers, place, {"tasks": len(tasks)}, words)


def _standing(task: Task) -> str:
    """What a task did last: "sleeps at line 3 in tick"; "" if there is nothing to be said of it."""
    if not any(span.kind != READY or span.wait for span in task.spans):
        return "has not begun"
    last = next((span for span in reversed(task.spans) if span.kind == WAIT), None)
    if last is None or (task.finished is None and task.spans[-1] is not last):
        return ""
    return f"{does(last.wait)}{at([way_of(last)])}"
