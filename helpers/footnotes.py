"""What is said in a sentence below the lanes of a run, the same in its picture and in all its twins.

Which tasks are not drawn, since they are a library's; what virtual time does not show as it is in real life; and, where
there is no colour to show it, who blocks the loop. There are a few sentences at most, however much there is to say.

Some of it differs from machine to machine: a busy one may take a tenth of a second for any turn, and the seconds of
real work are measured. It is said all the same, as it is true of the run that is shown, but each time in a line of its
own, which the rules of `tests/sanitize.cfg` take out before notebooks are compared. So their stored outputs stay strict
wherever they can be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from helpers.wait_kinds import BLOCKED, OUTSIDE, READY
from helpers.words import count, first_line, isolated, listed, seconds, short, shown_name

if TYPE_CHECKING:
    from helpers.recording import Place, Recording, Remark, Span

MOST = 3                # sentences of a kind; the others are counted
LIBRARIES = 4           # named at most, and so are tasks that are kept waiting
KEPT = 1 / 200          # of a real run: for so long a task must be ready before it counts as kept waiting,
LONG = 0.1              # or, if nothing blocked the loop, so many seconds


def footnotes(run: Recording) -> list[str]:
    """What stands below the lanes of the picture: the remarks on a run, and how many tasks are not drawn."""
    return [*remarks(run), *others(run)]


def others(run: Recording) -> list[str]:
    """A line that says how many tasks libraries had of their own; none if there were none."""
    many = sum(each.tasks for each in run.others)
    if not many:
        return []
    names = [shown_name(each.library) for each in run.others if each.tasks]
    return [f"{count(many, 'task')} of {listed(names, most=LIBRARIES)} {'is' if many == 1 else 'are'} not drawn"]


def remarks(run: Recording) -> list[str]:
    """The first remarks on a run in virtual time, and how many more there are."""
    told = [remark(run, each) for each in run.remarks[:MOST]]
    if len(run.remarks) > MOST:
        more = len(run.remarks) - MOST
        told.append(f"{count(more, 'more remark')} {'is' if more == 1 else 'are'} in run.remarks.")
    return told


IN_A_THREAD = "it was in a worker thread"       # how the words of a remark begin on work that was not the loop's


def remark(run: Recording, each: Remark) -> str:
    """A remark as a sentence or two."""
    at = f" at {_place(each.place)}" if each.place else ""
    words = first_line(each.words).strip().removesuffix(".")
    if each.kind == "real work":
        task = run.task(each.task)
        name = isolated(run.names[task.id]) if task else ""
        if words.startswith(IN_A_THREAD):
            turn = "A call in a worker thread" + (f", for {name}," if name else "")
            words = words.removeprefix(IN_A_THREAD).removeprefix(", and ")
        else:
            turn = f"A turn of {name}" if name else "A callback"
        said = f"{turn}{at} took {short(each.seconds)} of real time, which virtual time does not count"
    elif each.kind == "real clock":
        if words:
            return f"{words} ({_place(each.place)})." if each.place else f"{words}."
        said = f"A clock{at} stays real in virtual time"
    else:
        said = f"{first_line(each.kind).capitalize()}{at}"
    if words:
        said += f". {words}" if words[0].isupper() else f"; {words}"
    return f"{said}."


def cut_short(run: Recording) -> list[str]:
    """A line that says how many waits were cut short, and by what; none if there were none."""
    by = Counter(span.cut for task in run.tasks for span in task.spans if span.cut)
    if not by:
        return []
    many = sum(by.values())
    what = [words if len(by) == 1 else f"{by[cut]:,} {words}"
            for cut, words in (("timeout", "by a timeout"), ("cancel", "by a cancellation")) if by[cut]]
    return [f"{count(many, 'wait')} {'is' if many == 1 else 'are'} cut short, {listed(what)}"]


# -- who blocks the loop ----------------------------------------------------------------------------


def blocks(run: Recording) -> list[str]:
    """Who blocks the loop, and at which line: a line for each, in order of time. Of a real run without how long."""
    return _told(run, _blocked(run))


def _told(run: Recording, blocked: Iterable[tuple[str, Span]]) -> list[str]:
    found: dict[tuple[str, Place | None], list[Span]] = {}
    for who, span in sorted(blocked, key=lambda item: item[1].start):
        found.setdefault((who, span.place), []).append(span)
    told = []
    for (who, place), spans in list(found.items())[:MOST]:
        words = blocks_at(who, place, known=run.clock == "virtual")
        if run.clock == "virtual":
            times = f" {len(spans):,} times," if len(spans) > 1 else ""
            words += f"{times} for {seconds(sum(span.end - span.start for span in spans))}"
        told.append(words)
    if len(found) > MOST:
        told.append(f"the loop is blocked at {len(found) - MOST:,} more places")
    return told


def blocks_at(who: str, place: Place | None, known: bool = False) -> str:
    """ "main blocks the loop at line 10 in main"; a line that is not known is not told, if `known`, else said so."""
    if place is None:
        return f"{who} blocks the loop{'' if known else ', at a line that is not known'}"
    return f"{who} blocks the loop at {_place(place)}"


def callbacks(run: Recording) -> list[str]:
    """Of `blocks`, those that no task's turn is."""
    return _told(run, ((callback(span), span) for span in run.callbacks))


def kept_waiting(run: Recording, *, short_ones: bool = True) -> list[str]:
    """A line that says which tasks were ready, but kept waiting by others; none if there are none.

    In a real run each task is so for a moment, which the picture shows if it is wide enough to be seen. Without
    `short_ones`, it counts only if the loop was blocked at all.
    """
    least = 0.0 if run.clock == "virtual" else run.end * KEPT if short_ones or run.blocked else LONG
    late = [isolated(run.names[task.id]) for task in run.tasks
            if any(span.kind == READY and span.end - span.start > least for span in task.spans)]
    return [f"ready but kept waiting: {listed(late, most=LIBRARIES)}"] if late else []


def _blocked(run: Recording) -> Iterator[tuple[str, Span]]:
    """What blocked the loop, and whose turn it was: a task's, or that of a callback with this name."""
    for task in run.tasks:
        for span in task.spans:
            if span.kind == BLOCKED:
                yield isolated(run.names[task.id]), span
    for span in run.callbacks:
        yield callback(span), span


def callback(span: Span) -> str:
    """What to call a callback that blocks the loop; it may be a turn of a task that is in another recording or none."""
    if span.wait.startswith(OUTSIDE):
        return f"a task that is not in this run ({isolated(shown_name(span.wait.removeprefix(OUTSIDE)))})"
    return f"the callback {isolated(shown_name(span.wait))}"


def longest_block(run: Recording) -> tuple[str, Span]:
    """The name of the task or callback that blocks the loop for longest, and when it does."""
    return max(_blocked(run), key=lambda item: item[1].end - item[1].start)


def _place(place: Place) -> str:
    return f"line {place.line} in {shown_name(place.function)}"

