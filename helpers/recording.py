"""A recorded run, as plain data.

The recorder and the virtual clock make a `Recording`; the timeline, the replay and the exercises
read it. It knows nothing of either side: it can be built by hand, compared, and stored as JSON.

A run is a list of tasks. The life of a task is a row of spans without holes, from its creation to
its end: it *runs* on the loop, it *waits* for something, it is *ready* (what it waited for has
happened, but the loop is busy with somebody else), or it *blocks* the loop (it runs for so long that
everybody else is kept waiting). All times are seconds since the recording began.

`str(recording)` is the text twin of the timeline: what a screen reader reads, what a plain terminal
shows, and what the tests of the notebooks compare.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple

from helpers import text_twin, trace_events
from helpers.arguments import choice
from helpers.wait_kinds import BLOCKED, READY, RUN, WAIT
from helpers.words import listed, told_apart

JSON_VERSION = 1
NEVER = (float("inf"), 0, 0)           # when a task ends that is left behind


class Place(NamedTuple):
    """A line of source code: where a task stands, or what blocked the loop."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"line {self.line} in {self.function}"


class Span(NamedTuple):
    """A stretch of a task's life; `start` and `end` in seconds since the recording began.

    kind   "run", "wait", "ready" or "blocked"
    wait   what a "wait" is for: "sleep", "task", "gather", "lock", "queue get", "request", ...;
           of a "ready" span, what was waited for before ("turn" after `sleep(0)`, "" at the start);
           a "turn" leaves a "ready" span even if it lasts no time
    on     ids of the tasks waited for, where the wait is for tasks
    place  the learner's line: of a "wait" or "ready", where the task is suspended; of a "blocked", the guilty one
    step   of a "run" or "blocked" span, its number among all turns on the loop, from 0; else -1
    woken  of a "wait" in virtual time that no timer ended, the turn in which the task was woken, or before which;
           else -1
    asked  of a "wait" for a time, such as a sleep, the seconds that were asked for; -1 if they are not known
    cut    of a "wait" that was cut short, by what: "timeout" or "cancel"; else ""
    cutter id of the task that cut it, by `cancel()`; -1 if none did, or it is not known
    through of a "wait", the learner's lines through which the task awaits, outermost first, without `place`
    """

    kind: str
    start: float
    end: float
    wait: str = ""
    on: tuple[int, ...] = ()
    place: Place | None = None
    step: int = -1
    woken: int = -1
    asked: float = -1.0
    cut: str = ""
    cutter: int = -1
    through: tuple[Place, ...] = ()


def most_at_once(stretches: Iterable[tuple[Any, Any]]) -> int:
    """How many of these stretches, each from a begin to an end, there are at one moment, at most.

    What ends at a moment makes place for what begins then.

    >>> most_at_once([(0, 2), (1, 3), (2, 4)])
    2
    """
    known = list(stretches)
    ends = sorted(end for _, end in known)
    most = over = 0
    for begun, begin in enumerate(sorted(begin for begin, _ in known), 1):
        while over < begun and ends[over] <= begin:
            over += 1
        most = max(most, begun - over)
    return most


class Task(NamedTuple):
    """One task of a run. `finished` is None, and `outcome` "pending", if the run ended before it."""

    id: int
    name: str
    coroutine: str              # the name of its coroutine function
    parent: int | None          # id of the task that created it; None for the main task
    created: float
    finished: float | None
    outcome: str                # "result", "exception", "cancelled" or "pending"
    error: str                  # "ValueError: no tea" if the outcome is "exception", else ""
    spans: tuple[Span, ...]
    made: int = -1              # the turn in which it was made; without a parent, the one before which; -1: not known

    @property
    def ran(self) -> float:
        """Seconds on the loop."""
        return sum(s.end - s.start for s in self.spans if s.kind in (RUN, BLOCKED))

    @property
    def waited(self) -> float:
        """Seconds spent waiting, "ready" not included."""
        return sum(s.end - s.start for s in self.spans if s.kind == WAIT)

    @property
    def kept_waiting(self) -> float:
        """Seconds spent ready, while the loop was busy with other tasks."""
        return sum(s.end - s.start for s in self.spans if s.kind == READY)


class Life(NamedTuple):
    """From when to when a task is under way.

    A moment is a time, a turn on the loop and a rank: in virtual time much happens at one instant, and then the turns
    tell what came first; within one turn tasks are made before the task whose turn it is ends.
    """

    begin: tuple[float, int, int]
    end: tuple[float, int, int]

    def overlaps(self, other: Life) -> bool:
        """Whether both tasks are under way at some moment."""
        return max(self.begin, other.begin) < min(self.end, other.end)


def _before_it_was_asked_for(entry: TracebackType | None) -> TracebackType | None:
    """A traceback without what was added to it when `result` raised the exception before."""
    start = entry
    while entry is not None:
        if entry.tb_frame.f_code.co_filename == __file__:
            start = entry.tb_next
        entry = entry.tb_next
    return start


class ThreadJob(NamedTuple):
    """A function that a worker thread ran for a task (`asyncio.to_thread`, `run_in_executor`)."""

    thread: str
    start: float
    end: float
    task: int | None


class Others(NamedTuple):
    """How many tasks of its own a library had in the run; they are not among the `tasks` of a `Recording`."""

    library: str                # "asyncio", "aiohttp"
    tasks: int


class Remark(NamedTuple):
    """What a run in virtual time does not show as it is in real life.

    kind     "real work": a turn computed, or called something that blocks, which takes no virtual time;
             "real clock": a clock that this program can read was not replaced, or a thread works in real time
    start    seconds since the recording began, in virtual time
    task     id of the task; None if it is no task's
    place    the learner's line
    seconds  of real time that the work took; 0 for a clock
    words    what there is to add, as a sentence without a full stop; or ""
    """

    kind: str
    start: float
    task: int | None
    place: Place | None
    seconds: float
    words: str = ""


@dataclass(frozen=True, repr=False)
class Recording:
    """What happened while a coroutine ran. `tasks[0]` is the main task, the others in order of creation.

    tasks     one `Task` per task of the run
    elapsed   seconds from the start to the end of the main task
    clock     "real" or "virtual"
    threads   jobs that worker threads did for the tasks
    error     what ended the run instead of a result, in words ("ValueError: no tea", "Deadlock: ..."), or ""
    value     what the main coroutine returned
    exception what it raised instead, or None
    callbacks turns of callbacks that are no task's of these and that blocked the loop; `wait` holds their names
    others    how many tasks of their own the libraries had, asyncio among them: they are not among the `tasks`
    remarks   what virtual time does not show as it is in real life

    `result` gives the value or raises the exception. Two recordings are equal if the same things
    happened at the same times; value and exception, which JSON cannot hold, do not count, nor do `others`
    and `remarks`, which differ with the Python and the machine.

    What it came to is asked for again and again by whatever shows it, so it is computed once.
    """

    tasks: tuple[Task, ...]
    elapsed: float
    clock: Literal["real", "virtual"] = "virtual"
    threads: tuple[ThreadJob, ...] = ()
    error: str = ""
    value: Any = field(default=None, compare=False)
    exception: BaseException | None = field(default=None, compare=False)
    callbacks: tuple[Span, ...] = ()
    others: tuple[Others, ...] = field(default=(), compare=False)
    remarks: tuple[Remark, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ValueError("a Recording has at least one task, the main one; got none")
        if self.clock not in ("real", "virtual"):
            raise ValueError(f'clock is "real" or "virtual", not {self.clock!r}')
        for index, task in enumerate(self.tasks):
            if task.id != index:
                raise ValueError(f"task {index} of a Recording must have the id {index}, not {task.id}")
        object.__setattr__(self, "tasks", tuple(self.tasks))
        object.__setattr__(self, "threads", tuple(self.threads))
        object.__setattr__(self, "callbacks", tuple(self.callbacks))
        object.__setattr__(self, "others", tuple(self.others))
        object.__setattr__(self, "remarks", tuple(self.remarks))

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone are copied and pickled, without what has been computed from them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    # -- what it came to ------------------------------------------------------------------------

    @property
    def result(self) -> Any:
        """What the main coroutine returned; raises what it raised."""
        if self.exception is not None:
            raise self.exception.with_traceback(_before_it_was_asked_for(self.exception.__traceback__))
        if self.error:
            raise RuntimeError(f"this run has no result: it ended with {self.error}")
        return self.value

    @cached_property
    def lives(self) -> tuple[Life, ...]:
        """When each task was under way (created, not finished), in the order of `tasks`."""
        turns: dict[int | None, list[int]] = {}
        for number in {task.parent for task in self.tasks}:
            parent = self.task(number)
            turns[number] = sorted(span.step for span in parent.spans if span.step >= 0) if parent else []
        lives = []
        for task in self.tasks:
            own = [s.step for s in task.spans if s.step >= 0] or [-1]
            first, last = min(own), max(own)
            made = task.made
            if made < 0:            # a run made by hand: in the turn of its parent that comes before its own first
                parents = turns[task.parent] or [-1]
                made = parents[max(bisect_left(parents, first) - 1, 0)]
            elif task.parent is None:       # between two turns: after all that happens in the one before
                made -= 1
            begin = task.created, made, 1 if task.parent is not None or task.made < 0 else 3
            end = NEVER
            if task.finished is not None:
                end = task.finished, last, 2 if last >= 0 else 0
            lives.append(Life(begin, max(end, begin[:2] + (2,))))
        return tuple(lives)

    @cached_property
    def peak(self) -> int:
        """The largest number of tasks under way at one moment (created, not finished).

        The main task counts only if it is alone.
        """
        return max(most_at_once(self.lives[1:]), 1)

    @cached_property
    def end(self) -> float:
        """Seconds from the start to the last thing that happened: a task may outlive the main one."""
        return max([self.elapsed] + [t.finished for t in self.tasks if t.finished is not None]
                   + [t.spans[-1].end for t in self.tasks if t.spans])

    @cached_property
    def last_moment(self) -> float:
        """Seconds from the start to the last thing that is shown: a worker thread may outlive the tasks."""
        return max([self.end] + [job.end for job in self.threads])

    @cached_property
    def workers(self) -> tuple[str, ...]:
        """The worker threads, in the order in which they were first at work."""
        return tuple(dict.fromkeys(job.thread for job in sorted(self.threads, key=lambda job: job.start)))

    def task(self, number: int | None) -> Task | None:
        """The task with this id; None if the run has none, or none is known."""
        return self.tasks[number] if number is not None and 0 <= number < len(self.tasks) else None

    def outlives(self, job: ThreadJob) -> bool:
        """Whether a worker thread goes on with its job when the run is over."""
        return round(job.end - self.elapsed, 9) > 0

    @cached_property
    def longest_turn(self) -> float:
        """Seconds of the longest turn on the loop: as long as that, nobody else could run."""
        turns = [s for t in self.tasks for s in t.spans if s.kind in (RUN, BLOCKED)]
        return max((s.end - s.start for s in turns + list(self.callbacks)), default=0.0)

    @cached_property
    def waits(self) -> dict[str, float]:
        """Seconds that all tasks together waited, by the kind of the wait; a kind that took no time is not in it."""
        lengths: dict[str, list[float]] = {}
        for task in self.tasks:
            for span in task.spans:
                if span.kind == WAIT:
                    lengths.setdefault(span.wait, []).append(span.end - span.start)
        return {wait: total for wait, own in lengths.items() if (total := sum(own)) > 0}

    @cached_property
    def blocked(self) -> tuple[Span, ...]:
        """The spans that blocked the loop, in order of time."""
        turns = [s for t in self.tasks for s in t.spans if s.kind == BLOCKED]
        return tuple(sorted(turns + list(self.callbacks), key=lambda s: s.start))

    # -- words ----------------------------------------------------------------------------------

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of each task as it is shown everywhere: on one line, not too long, and no two the same."""
        return tuple(told_apart([task.name for task in self.tasks]))

    def summary(self) -> str:
        """One line. Of a real run it gives no durations: they differ from machine to machine."""
        return text_twin.summary(self)

    def text(self, until: float | None = None) -> str:
        """The text twin of the timeline; of a virtual run its chart reaches to `until` seconds.

        So charts of several runs can have the same scale. `until` is at least `last_moment`, which is the default.
        """
        return text_twin.text(self, until)

    def __str__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Jupyter asks for this: the picture and its text twin."""
        from helpers.drawing.timeline import mimebundle

        return mimebundle(self)

    def _repr_pretty_(self, printer, cycle):
        printer.text(str(self))

    def replay(self, *, step: int = 1):
        """The run to step through, last in a cell: the source, the tasks, the loop's queue, and the timeline.

        step  the number of the step at which it opens, from 1 on

        Raises ValueError if the run has no such step.
        """
        from helpers.widgets.replay.replay import Replay

        return Replay(self, step)

    def await_tree(self, at: float | None = None):
        """Who awaited whom when the run ended, or `at` so many seconds from its start; last in a cell it is drawn."""
        from helpers.widgets.await_tree import await_tree

        return await_tree(self, at)

    def explain(self):
        """What eight rules see in the run, in words: who waits one after another, who blocks the loop, and so on.

        Each observation has its evidence in numbers, and says what was seen; what should have been, no recording
        shows. Last in a cell it is displayed; a loop over it gives every `Observation`.

        >>> import asyncio
        >>> from helpers.virtual.run import simulate
        >>> async def main():
        ...     await asyncio.create_task(asyncio.sleep(0.2), name="north")
        >>> print(simulate(main()).explain())
        main makes north and awaits it in the same turn, at line 2 in main: main does nothing else until north is done.
        """
        from helpers.observations.explanation import Explanation

        return Explanation(self)

    # -- files ----------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], *, format: str | None = None) -> Path:
        """Write the recording into a file, and give its path. A file that is there already is replaced.

        path    its suffix says what is written: .png and .svg the picture, .html what `page` writes, .txt the text
                twin, .json what `Recording.from_json` reads, .trace.json what Perfetto (ui.perfetto.dev) and VizTracer
                open
        format  one of "png", "svg", "html", "txt", "json" and "trace", for a path with any other suffix

        Raises ValueError if neither says what to write, and OSError if the file cannot be written.
        """
        path = Path(path)
        kind = _format_of(path, format)
        if kind == "txt":
            content = f"{self}\n".encode(errors="backslashreplace")     # a name may be half a letter
        elif kind == "json":
            content = self.to_json().encode()
        elif kind == "trace":
            content = trace_events.trace_text(self).encode()
        elif kind == "html":
            from helpers.widgets.replay.document import document

            content = document(self).encode(errors="backslashreplace")
        else:
            from helpers.drawing.timeline import picture

            content = picture(self, kind)
        path.write_bytes(content)               # which is whole by now: an error above leaves no empty file
        return path

    def page(self, path: str | os.PathLike[str]) -> Path:
        """Write the run as one page to open in a browser and to send, and give its path: `run.page("run.html")`.

        It has the picture, which grows as you like and tells of each bar what it is, the replay, and the text twin. It
        needs neither a kernel nor the network. A file that is there already is replaced.

        Raises ValueError if the path does not end with .html, and OSError if the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f'page() writes a page of HTML, and got {str(path)!r}; write run.page("run.html"), or for '
                             f"another kind of file run.save({str(path)!r})")
        return self.save(path, format="html")

    def to_json(self) -> str:
        """The recording as JSON text, without value and exception."""
        return json.dumps(
            {
                "version": JSON_VERSION,
                "clock": self.clock,
                "elapsed": self.elapsed,
                "error": self.error,
                "tasks": [
                    {**t._asdict(), "spans": [_span_to_json(s) for s in t.spans]}
                    for t in self.tasks
                ],
                "threads": [list(job) for job in self.threads],
                "callbacks": [_span_to_json(s) for s in self.callbacks],
                "others": [list(each) for each in self.others],
                "remarks": [{**each._asdict(), "place": each.place and list(each.place)} for each in self.remarks],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Recording:
        """The recording that `to_json` wrote; ValueError if the text is something else."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ValueError(f"not a stored Recording: {error}") from None
        if not isinstance(data, dict) or data.get("version") != JSON_VERSION:
            found = data.get("version") if isinstance(data, dict) else type(data).__name__
            raise ValueError(f"not a Recording stored with version {JSON_VERSION} of the format; found {found!r}")
        try:
            tasks = tuple(
                Task(**{**t, "spans": tuple(_span_from_json(s) for s in t["spans"])}) for t in data["tasks"]
            )
            threads = tuple(ThreadJob(*job) for job in data["threads"])
            callbacks = tuple(_span_from_json(s) for s in data["callbacks"])
            others = tuple(Others(*each) for each in data.get("others", ()))
            remarks = tuple(
                Remark(**{**each, "place": each["place"] and Place(*each["place"])}) for each in data.get("remarks", ())
            )
            return cls(tasks, data["elapsed"], data["clock"], threads, data["error"], callbacks=callbacks,
                       others=others, remarks=remarks)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a stored Recording: {type(error).__name__}: {error}") from None


FORMATS = {"png": ".png", "svg": ".svg", "html": ".html", "txt": ".txt", "json": ".json", "trace": ".trace.json"}


def _format_of(path: Path, wanted: str | None) -> str:
    """What to write into a file of that name: a key of `FORMATS`."""
    if wanted is not None:
        return choice("format", wanted, tuple(FORMATS), write='run.save("run.out", format="png")')
    name = path.name.lower()
    kinds = [kind for kind, suffix in FORMATS.items() if name.endswith(suffix)]
    if not kinds:
        raise ValueError(f"the suffix of a file says what save() writes, {listed(FORMATS.values(), 'or')}; got "
                         f'{path.name!r}: write run.save("run.png"), or give the format, as in '
                         f'run.save({path.name!r}, format="png")')
    return kinds[-1]                            # .trace.json ends with .json, too


def _span_to_json(span: Span) -> dict[str, Any]:
    return {
        **span._asdict(),
        "place": span.place and list(span.place),
        "through": [list(place) for place in span.through],
    }


def _span_from_json(data: dict[str, Any]) -> Span:
    return Span(**{
        **data,
        "on": tuple(data["on"]),
        "place": data["place"] and Place(*data["place"]),
        "through": tuple(Place(*place) for place in data.get("through", ())),
    })
