"""Rules about waits: one after another, polling, very many at the same time, and a limit that is reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter

from helpers.observations.observation import (
    Moments,
    Observation,
    Way,
    alone,
    at,
    between,
    does,
    how_many,
    lines,
    moments,
    name_of,
    names_of,
    took,
    total,
    waits,
    way_of,
)
from helpers.recording import Place, Recording, Span, Task, most_at_once
from helpers.wait_kinds import kind_of
from helpers.words import count, isolated, seconds, shown_name

# -- one after another ------------------------------------------------------------------------------

STEPS = 3               # so many waits one after another are a staircase
SHARE = 0.1             # of the run in virtual time that they take at least
PACE = 0.5              # the same for sleeps, which may be there to set a pace
# Kinds of which a wait is a call of its own. One call of another kind may be several waits in a row; and what comes
# over one connection or from one process has an order anyway.
CALLS = ("request", "response", "thread")
BETWEEN = ("socket", "dns")         # what a call of a library may do before it waits for the response


def staircase(run: Recording) -> Iterator[Observation]:
    """One task waits again and again, and nothing shows that one wait needed the one before.

    It is silent where something lies between two waits on which the second may depend: a wait of another kind, one that
    was cut short, a task that was made, or, for sleeps, another task that was woken. And it is silent where other tasks
    stand at the same line meanwhile, as workers do that share the work. A sleep counts only in virtual time, where it
    often stands for what takes time, and not in the function of the task itself: there it sets a pace.
    """
    known = moments(run)
    found: dict[tuple[str, tuple[Way, ...]], list[tuple[Task, list[Span]]]] = {}
    for task in run.tasks:
        for spans in _rows(task, known):
            spans = [span for span in spans if took(run, span)]
            sleeps = spans and spans[0].wait == "sleep"
            if len(spans) < STEPS or (run.clock == "real" and sleeps):
                continue
            if run.clock == "virtual" and total(spans) < (PACE if sleeps else SHARE) * run.end:
                continue
            if not _polls(run, known, task, spans):
                found.setdefault((spans[0].wait, tuple(dict.fromkeys(map(way_of, spans)))), []).append((task, spans))
    shared = _shared(run, {way for _, ways in found for way in ways})
    for (kind, ways), rows in found.items():
        rows = [row for row in rows if not any((row[0].id, way) in shared for way in ways)]
        if rows:
            yield _staircase(run, kind, ways, rows)


def _staircase(run: Recording, kind: str, ways: tuple[Way, ...], rows: list[tuple[Task, list[Span]]]) -> Observation:
    first, spans = max(rows, key=lambda row: total(row[1]) if run.clock == "virtual" else 0)
    tasks = tuple(dict.fromkeys([first.id, *(task.id for task, _ in rows)]))
    numbers: dict[str, float] = {"waits": len(spans)}
    times = f"{len(spans):,} times"
    length = ""
    if run.clock == "virtual":
        longest = round(max(span.end - span.start for span in spans), 9)
        numbers |= {"seconds": total(spans), "longest": longest}
        length = f": {seconds(total(spans))} together, the longest {seconds(longest)}"
    elif kind == "response":
        times = "again and again"           # how often a library waits in a call depends on the machine
        numbers = {}
    where = at(ways)
    words = (f"{name_of(run, first)} {does(kind)} {times}, one after another{',' if where else ''}{where}{length}. "
             "Nothing in this run shows that one of these waits needed the one before.")
    return Observation("staircase", tasks, ways[0].place, numbers, how_many(words, len(tasks) - 1))


def _rows(task: Task, known: Moments) -> Iterator[list[Span]]:
    """The longest rows of calls of one kind, between which there is nothing else."""
    row: list[Span] = []
    last = None
    made = known.made.get(task.id, [])
    for span in waits(task):
        if row and span.wait in BETWEEN and row[0].wait == "response" and not span.cut:
            continue
        fits = not span.cut and _is_call(span)
        if row and fits and last is not None and span.wait == row[0].wait:
            # a sleep may set the pace of something: whoever makes a task or wakes one in between does more than wait
            apart = bool(between(made, last.end, span.start) or (
                span.wait == "sleep" and between(known.inner, last.end, span.start)))
        else:
            apart = True
        if apart:
            if row:
                yield row
            row = []
        if fits:
            row.append(span)
        last = span
    if row:
        yield row


def _is_call(span: Span) -> bool:
    if span.wait == "sleep":                # in place of what takes time; the task's own sleep sets a pace
        return bool(span.through)
    return span.wait in CALLS


def _shared(run: Recording, ways: set[Way]) -> set[tuple[int, Way]]:
    """Which tasks stand at which of these lines while another task does."""
    extents: dict[Way, dict[int, tuple[float, float]]] = {}
    for task in run.tasks:
        for span in waits(task):
            way = way_of(span)
            if way in ways:
                own = extents.setdefault(way, {})
                begin, end = own.get(task.id, (span.start, span.end))
                own[task.id] = min(begin, span.start), max(end, span.end)
    return {(task, way) for way, own in extents.items()
            for task, single in zip(own, alone(list(own.values()))) if not single}


def _do(kind: str) -> str:
    """What several tasks do that wait so: "wait for a request"."""
    return "sleep" if kind == "sleep" else f"wait for {isolated(shown_name(kind_of(kind).noun))}"


# -- polling ----------------------------------------------------------------------------------------

POLLS = 5               # so many equal sleeps in a row may be polling
EQUAL = 2.0             # in real time, sleeps of which nearly all are shorter than so many times the shortest are equal
NEARLY_ALL = 0.8


def polling(run: Recording) -> Iterator[Observation]:
    """One task sleeps again and again, equally long, until something else has ended.

    That it looks for it in between the recording does not show, but only that the last sleep is the one in which it
    ended. It is silent for a sleep that was cut short, as that of a heartbeat is which is cancelled, for sleeps between
    which the task makes or wakes others, and where something ends in many of them.
    """
    known = moments(run)
    found: dict[Way, list[tuple[Task, list[Span], list[int]]]] = {}
    for task in run.tasks:
        for spans in _sleeps(task):
            if _polls(run, known, task, spans):
                found.setdefault(way_of(spans[0]), []).append((task, spans, _ended_in(known, task, spans[-1])))
    for way, rows in found.items():
        task, spans, ended = max(rows, key=lambda row: len(row[1]) if run.clock == "virtual" else 0)
        each = round(spans[0].end - spans[0].start, 9)
        how = f" {seconds(each)} {len(spans):,} times in a row" if run.clock == "virtual" else (
            " again and again, about equally long,")
        numbers: dict[str, float] = {"sleeps": len(spans), "each": each} if run.clock == "virtual" else {}
        others = [number for number in dict.fromkeys(ended) if number >= 0]
        who = names_of(run, others) if others else "a call in a worker thread"
        ends = "end" if len(others) > 1 else "ends"
        words = (f"{name_of(run, task)} sleeps{how}{at([way])}, and waits for nothing else meanwhile. "
                 f"In the last of these sleeps {who} {ends}.")
        tasks = tuple(dict.fromkeys([task.id, *(other.id for other, _, _ in rows)]))
        yield Observation("polling", tasks, way.place, numbers, how_many(words, len(tasks) - 1))


def _sleeps(task: Task) -> Iterator[list[Span]]:
    """Sleeps at one line, without another wait between them."""
    row: list[Span] = []
    for span in waits(task):
        if row and (span.wait != "sleep" or way_of(span) != way_of(row[0]) or span.cut):
            yield row
            row = []
        if span.wait == "sleep" and not span.cut:
            row.append(span)
    if row:
        yield row


def _polls(run: Recording, known: Moments, task: Task, spans: list[Span]) -> bool:
    if len(spans) < POLLS or spans[0].wait != "sleep" or len(set(map(way_of, spans))) > 1:
        return False
    lengths = sorted(round(span.end - span.start, 9) for span in spans)
    longest = lengths[int(NEARLY_ALL * len(lengths))] if run.clock == "real" else lengths[-1]
    if lengths[0] <= 0 or longest > lengths[0] * (EQUAL if run.clock == "real" else 1):
        return False
    begin, last = spans[0], spans[-1]
    if last is waits(task)[-1] and task.finished is None:
        return False                        # it goes on
    if not _ended_in(known, task, last):
        return False
    before = between(known.ended, begin.start, last.start)
    if len(before) * 2 > len(spans):
        return False                        # things end all the time
    made = between(known.made.get(task.id, []), begin.end, last.start)
    return not made and len(between(known.inner, begin.end, last.start)) <= 1


def _ended_in(known: Moments, task: Task, span: Span) -> list[int]:
    """The other tasks that ended in a sleep, and -1 for each call in a worker thread."""
    return [number for end, number in between(known.ended, span.start, span.end)
            if end > span.start and number != task.id]


# -- very many at the same time ---------------------------------------------------------------------

MANY = 100              # so many at the same time are told


def fan_out(run: Recording) -> Iterator[Observation]:
    """Very many tasks are in the same kind of wait at one line at one moment.

    It is silent if any of them has waited for a place, at a semaphore for instance, and if they come there again and
    again, as workers do: then something limits how many there are. It is so, too, if they sleep and wait for something
    else besides: then the sleep may be what keeps them apart.
    """
    if len(run.tasks) <= MANY:
        return
    limited = {task.id for task in run.tasks
               if any(kind_of(span.wait).family in ("lock", "queue") for span in waits(task))}
    paced = {task.id for task in run.tasks if any(kind_of(span.wait).outside and span.wait != "sleep"
                                                  for span in waits(task))}
    found: dict[tuple[str, Place], list[tuple[int, Span]]] = {}
    for task in run.tasks:
        for span in waits(task):
            if span.place is not None and kind_of(span.wait).outside:
                found.setdefault((span.wait, span.place), []).append((task.id, span))
    for (kind, place), visits in found.items():
        tasks = dict.fromkeys(number for number, _ in visits)
        if len(tasks) <= MANY or len(visits) >= 2 * len(tasks) or not limited.isdisjoint(tasks):
            continue
        if kind == "sleep" and not paced.isdisjoint(tasks):
            continue
        most = most_at_once((span.start, span.end) for _, span in visits)
        if most > MANY:
            number = f"{most:,}" if run.clock == "virtual" else f"more than {MANY:,}"
            words = (f"{number} tasks {_do(kind)} at the same time, each at {lines([place])}. "
                     "This run shows nothing that limits how many.")
            numbers = {"tasks": most if run.clock == "virtual" else MANY}
            yield Observation("fan-out", tuple(tasks), place, numbers, words)


# -- a limit that is reached ------------------------------------------------------------------------

LIMITS = ("semaphore", "connection", "queue put")
WAITERS = 3             # so many tasks have waited for a place
PART = 0.5              # of the run for which at least one waits without a break


def limit(run: Recording) -> Iterator[Observation]:
    """At least one task waits for a place all the time. Only in virtual time, since how long it does is the point.

    That a limit was never reached no recording shows: who finds a place at once does not wait. It is silent for mutual
    exclusion: where no two of those that had a place are in the same wait at the same time.
    """
    if run.clock != "virtual" or run.end <= 0:
        return
    found: dict[tuple[str, Way], list[tuple[Task, Span, Span | None]]] = {}
    for task in run.tasks:
        own = waits(task)
        for span, following in zip(own, [*own[1:], None]):
            if span.wait in LIMITS and span.end > span.start:
                found.setdefault((span.wait, way_of(span)), []).append((task, span, following))
    for (kind, way), waiting in found.items():
        begin, end = _longest(span for _, span, _ in waiting)
        if end - begin < PART * run.end:
            continue
        stretch = f"from {seconds(begin)[:-2]} to {seconds(end)}"
        numbers: dict[str, float] = {"seconds": round(end - begin, 9), "waits": len(waiting)}
        tasks = tuple(dict.fromkeys(task.id for task, _, _ in waiting))
        several = f"{count(len(tasks), 'task')} {_do(kind)}{at([way])}: {stretch} at least one of them does."
        if kind == "queue put":
            words = several if len(tasks) > 1 else (
                f"{names_of(run, tasks)} {does(kind)}{at([way])} {stretch} without a break.")
        else:
            inside = _inside(run, {(each.wait, each.place) for _, _, each in waiting if each is not None})
            if len(tasks) < WAITERS or inside is None:
                continue
            what, there, most = inside
            numbers["most"] = most
            words = f"{several} Never more than {most:,} tasks {_do(what)} at {lines([there])} at one moment."
        yield Observation("limit", tasks, way.place, numbers, words)


def _longest(spans: Iterable[Span]) -> tuple[float, float]:
    """The longest stretch of time that these cover without a break."""
    best = begin = end = 0.0
    longest = (0.0, 0.0)
    for first, last in sorted(((span.start, span.end) for span in spans), key=itemgetter(0)):
        if first > end or end == begin:
            begin, end = first, last
        end = max(end, last)
        if end - begin > best:
            best, longest = end - begin, (begin, end)
    return longest


def _inside(run: Recording, found: set[tuple[str, Place | None]]) -> tuple[str, Place, int] | None:
    """What those that had a place wait for next, where, and how many do so at one moment: two at least."""
    if len(found) != 1:
        return None
    ((kind, place),) = found
    if place is None or kind in LIMITS:
        return None
    most = most_at_once((each.start, each.end) for task in run.tasks for each in waits(task)
                        if each.wait == kind and each.place == place)
    return (kind, place, most) if most >= 2 else None
