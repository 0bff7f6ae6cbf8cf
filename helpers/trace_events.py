"""A `Recording` in the Trace Event Format, which Perfetto (ui.perfetto.dev), `vizviewer` and chrome://tracing open.

Each task is a thread of the process "tasks", and each span a complete event ("ph": "X") on it: named after what the
task waits for, or "run", "ready", "blocked". Its category is the kind of the span, and of a wait also its family.
Worker threads are threads of a process of their own. Arrows (flow events, "s" and "f") go from the turn that made a
task to the task's first turn, and from the last turn of a task to the turn of the one that awaited it.

Times are in microseconds, with three decimals: nanoseconds. In a run in virtual time they are virtual, and most turns
take none. The format is described at
https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from helpers.wait_kinds import BLOCKED, CANCELLED, EXCEPTION, RUN, WAIT, kind_of

if TYPE_CHECKING:
    from helpers.recording import Place, Recording, Span, Task, ThreadJob

Event = dict[str, Any]
Moment = tuple[float, float]            # microseconds, and the turn on the loop: in virtual time most turns take none

LOOP, WORKERS = 1, 2                    # the processes: the tasks on the loop, and the worker threads
_TURNS = (RUN, BLOCKED)


def trace_text(run: Recording) -> str:
    """The recording as JSON text in the Trace Event Format, in its form as an object."""
    return json.dumps({
        "traceEvents": trace_events(run),
        "displayTimeUnit": "ms",
        "otherData": {"clock": run.clock, "elapsed": run.elapsed, "error": run.error, "summary": run.summary()},
    })


def trace_events(run: Recording) -> list[Event]:
    """The events of a recording: first the names of the tracks, then all else in order of time.

    Events of one instant stand in the order in which they happened: a viewer ties an arrow to the event before it.
    """
    rest = [*_callbacks(run), *_jobs(run), *_endings(run)]
    timed = [*_spans(run), *(((event["ts"], float("inf")), event) for event in rest)]
    return [*_tracks(run), *(event for _, event in sorted(timed, key=itemgetter(0)))]


def microseconds(time: float) -> float:
    """Seconds as microseconds, exact to the nanosecond.

    >>> microseconds(0.1 + 0.2)
    300000.0
    """
    return _nanoseconds(time) / 1e3


def _nanoseconds(time: float) -> int:
    return round(time * 1e9)


def track_of(task: int) -> int:
    """The thread id that a task has in the trace: 0 would be the idle thread of the machine."""
    return task + 1


# -- tracks -----------------------------------------------------------------------------------------


def _tracks(run: Recording) -> Iterator[Event]:
    yield from _named("process", LOOP, 0, f"tasks ({run.clock} time)", LOOP)
    for task, name in zip(run.tasks, run.names):
        yield from _named("thread", LOOP, track_of(task.id), name, task.id)
    if run.callbacks:
        number = track_of(len(run.tasks))
        yield from _named("thread", LOOP, number, "callbacks that are no task's", number)
    if run.workers:
        yield from _named("process", WORKERS, 0, "worker threads", WORKERS)
    for number, name in enumerate(run.workers, 1):
        yield from _named("thread", WORKERS, number, name, number)


_METADATA = {"process": ("process_name", "process_sort_index"), "thread": ("thread_name", "thread_sort_index")}


def _named(kind: str, process: int, thread: int, name: str, order: int) -> Iterator[Event]:
    """The name of a process or thread, and its place among the others."""
    called, sorted_as = _METADATA[kind]
    yield {"ph": "M", "name": called, "pid": process, "tid": thread, "args": {"name": name}}
    yield {"ph": "M", "name": sorted_as, "pid": process, "tid": thread, "args": {"sort_index": order}}


# -- spans ------------------------------------------------------------------------------------------


def _complete(name: str, category: str, start: float, end: float, process: int, thread: int, args: Event) -> Event:
    """An event that has a duration. It is the difference of whole nanoseconds, so that neighbours do not overlap."""
    first, last = _nanoseconds(start), _nanoseconds(end)
    return {"ph": "X", "name": name, "cat": category, "ts": first / 1e3, "dur": (last - first) / 1e3,
            "pid": process, "tid": thread, "args": args}


def _spans(run: Recording) -> Iterator[tuple[Moment, Event]]:
    """The spans of all tasks, each followed by the ends of arrows that belong to it."""
    arrows: dict[tuple[int, int], list[Event]] = {}         # task and number of its span -> ends of arrows
    for number, (name, source, target) in enumerate([*_made(run), *_awaited(run)], 1):
        for phase, (of, index) in (("s", source), ("f", target)):
            arrow: Event = {"ph": phase, "id": number, "name": name, "cat": "flow", "pid": LOOP, "tid": track_of(of),
                            "ts": microseconds(run.tasks[of].spans[index].start)}
            arrows.setdefault((of, index), []).append({**arrow, "bp": "e"} if phase == "f" else arrow)
    for task in run.tasks:
        turn = float(task.made)
        for number, span in enumerate(task.spans):
            turn = span.step if span.step >= 0 else int(turn) + 0.5         # after the turn before it
            moment = microseconds(span.start), turn
            category = f"{WAIT},{kind_of(span.wait).family}" if span.kind == WAIT else span.kind
            name = (span.wait or "future") if span.kind == WAIT else span.kind
            yield moment, _complete(name, category, span.start, span.end, LOOP, track_of(task.id), _args(run, span))
            for end in arrows.get((task.id, number), ()):
                yield moment, end


def _args(run: Recording, span: Span) -> Event:
    """What else there is to say of a span; nothing that says nothing."""
    args: Event = {}
    if span.wait and span.kind != WAIT:
        args["after"] = span.wait                           # of a "ready" span, what it waited for before
    if span.on:
        args["for"] = list(_names(run, span.on))
    if span.place is not None:
        args["place"] = _place(span.place)
    if span.through:
        args["through"] = [_place(place) for place in span.through]
    if span.asked >= 0:
        args["asked"] = span.asked
    if span.cut:
        args["cut"] = span.cut
    if span.cutter >= 0:
        args["cutter"] = next(_names(run, (span.cutter,)))
    if span.step >= 0:
        args["step"] = span.step
    if span.woken >= 0:
        args["woken"] = span.woken
    return args


def _names(run: Recording, tasks: Iterable[int]) -> Iterator[str]:
    for number in tasks:
        yield run.names[number] if run.task(number) is not None else f"task {number}"


def _place(place: Place) -> str:
    return f"{place.file}:{place.line} in {place.function}"


def _callbacks(run: Recording) -> Iterator[Event]:
    for span in run.callbacks:
        args = {"place": _place(span.place)} if span.place else {}
        track = track_of(len(run.tasks))
        yield _complete(span.wait or "a callback", span.kind, span.start, span.end, LOOP, track, args)


def _jobs(run: Recording) -> Iterator[Event]:
    threads = {name: number for number, name in enumerate(run.workers, 1)}
    for job in run.threads:
        yield _complete(_call(run, job), "thread", job.start, job.end, WORKERS, threads[job.thread], {})


def _call(run: Recording, job: ThreadJob) -> str:
    return "a call" if run.task(job.task) is None else f"a call for {run.names[job.task or 0]}"


def _endings(run: Recording) -> Iterator[Event]:
    """An instant where a task ended otherwise than with a result."""
    for task in run.tasks:
        if task.finished is not None and task.outcome in (EXCEPTION, CANCELLED):
            yield {"ph": "i", "s": "t", "name": task.error or task.outcome, "cat": task.outcome,
                   "ts": microseconds(task.finished), "pid": LOOP, "tid": track_of(task.id)}


# -- arrows -----------------------------------------------------------------------------------------


Arrow = tuple[str, tuple[int, int], tuple[int, int]]        # its name; from and to: a task, and the number of its span


def _made(run: Recording) -> Iterator[Arrow]:
    """From the turn in which a task was made to its first turn."""
    turns = {(task.id, span.step): number for task in run.tasks for number, span in enumerate(task.spans)
             if span.step >= 0}
    for task in run.tasks:
        maker = None if run.task(task.parent) is None else turns.get((task.parent or 0, task.made))
        first = _next_turn(task, 0)
        if maker is not None and first is not None:
            yield "makes", (task.parent or 0, maker), (task.id, first)


def _awaited(run: Recording) -> Iterator[Arrow]:
    """From the last turn of a task to the turn in which one goes on that awaited it, to the end of that wait."""
    last = {task.id: number for task in run.tasks if task.finished is not None
            for number, span in enumerate(task.spans) if span.kind in _TURNS}
    for task in run.tasks:
        for number, span in enumerate(task.spans):
            if span.kind != WAIT or span.cut or not span.on:
                continue
            goes_on = _next_turn(task, number)
            for other in span.on if goes_on is not None else ():
                done = run.task(other)
                if done is not None and other in last and span.start <= (done.finished or 0.0) <= span.end:
                    yield "ends the wait of", (other, last[other]), (task.id, goes_on or 0)


def _next_turn(task: Task, start: int) -> int | None:
    return next((number for number, span in enumerate(task.spans) if number >= start and span.kind in _TURNS), None)
