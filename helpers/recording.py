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
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, Iterable, Literal, NamedTuple, Sequence

RUN, WAIT, READY, BLOCKED = "run", "wait", "ready", "blocked"
RESULT, EXCEPTION, CANCELLED, PENDING = "result", "exception", "cancelled", "pending"

JSON_VERSION = 1
CHART_WIDTH = 56            # columns of the chart in the text twin of a virtual run
CHART_TASKS = 24            # the text twin shows so many tasks one by one, and counts the rest; threads likewise
CHART_CALLS = 3             # of a thread it tells so many calls, and counts the rest


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
    woken  of a "wait" in virtual time that no timer ended, the turn in which the task was woken, or before which; else -1
    """

    kind: str
    start: float
    end: float
    wait: str = ""
    on: tuple[int, ...] = ()
    place: Place | None = None
    step: int = -1
    woken: int = -1


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


class ThreadJob(NamedTuple):
    """A function that a worker thread ran for a task (`asyncio.to_thread`, `run_in_executor`)."""

    thread: str
    start: float
    end: float
    task: int | None


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
    callbacks turns of callbacks that are no task's and that blocked the loop; `wait` holds their names

    `result` gives the value or raises the exception. Two recordings are equal if the same things
    happened at the same times; value and exception, which JSON cannot hold, do not count.
    """

    tasks: tuple[Task, ...]
    elapsed: float
    clock: Literal["real", "virtual"] = "virtual"
    threads: tuple[ThreadJob, ...] = ()
    error: str = ""
    value: Any = field(default=None, compare=False)
    exception: BaseException | None = field(default=None, compare=False)
    callbacks: tuple[Span, ...] = ()

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

    # -- what it came to ------------------------------------------------------------------------

    @property
    def result(self) -> Any:
        """What the main coroutine returned; raises what it raised."""
        if self.exception is not None:
            raise self.exception
        if self.error:
            raise RuntimeError(f"this run has no result: it ended with {self.error}")
        return self.value

    @property
    def peak(self) -> int:
        """The largest number of tasks under way at one moment (created, not finished).

        The main task counts only if it is alone.
        """
        # In virtual time much happens at one instant: then the turns on the loop tell what came first.
        steps = [sorted(s.step for s in t.spans if s.step >= 0) or [-1] for t in self.tasks]
        events = []
        for task in self.tasks[1:]:
            # a task is made in the turn of its parent that comes before its own first
            turns = [-1] if task.parent is None else steps[task.parent]
            made = turns[max(bisect_left(turns, steps[task.id][0]) - 1, 0)]
            events.append((task.created, made, 1, 1))
            if task.finished is not None:
                last = steps[task.id][-1]
                events.append((task.finished, last, 2 if last >= 0 else 0, -1))
        events.sort()
        now = most = 0
        for *_, change in events:
            now += change
            most = max(most, now)
        return max(most, 1)

    @property
    def end(self) -> float:
        """Seconds from the start to the last thing that happened: a task may outlive the main one."""
        return max([self.elapsed] + [t.finished for t in self.tasks if t.finished is not None]
                   + [t.spans[-1].end for t in self.tasks if t.spans])

    @property
    def last_moment(self) -> float:
        """Seconds from the start to the last thing that is shown: a worker thread may outlive the tasks."""
        return max([self.end] + [job.end for job in self.threads])

    @property
    def workers(self) -> tuple[str, ...]:
        """The worker threads, in the order in which they were first at work."""
        return tuple(dict.fromkeys(job.thread for job in sorted(self.threads, key=lambda job: job.start)))

    def outlives(self, job: ThreadJob) -> bool:
        """Whether a worker thread goes on with its job when the run is over."""
        return round(job.end - self.elapsed, 9) > 0

    @property
    def largest_gap(self) -> float:
        """Seconds of the longest turn on the loop: as long as that, nobody else could run."""
        turns = [s for t in self.tasks for s in t.spans if s.kind in (RUN, BLOCKED)]
        return max((s.end - s.start for s in turns + list(self.callbacks)), default=0.0)

    @property
    def blocked(self) -> tuple[Span, ...]:
        """The spans that blocked the loop, in order of time."""
        turns = [s for t in self.tasks for s in t.spans if s.kind == BLOCKED]
        return tuple(sorted(turns + list(self.callbacks), key=lambda s: s.start))

    # -- words ----------------------------------------------------------------------------------

    def summary(self) -> str:
        """One line. Of a real run it gives no durations: they differ from machine to machine."""
        words = [f"{_count(len(self.tasks), 'task')}"]
        if self.clock == "virtual":
            words[0] += f" in {seconds(self.elapsed)} of virtual time"
        else:
            words[0] += " in real time"
        words.append(f"at most {self.peak:,} at once")
        if self.clock == "virtual":
            words.append(f"largest gap {seconds(self.largest_gap)}")
        for outcome, verb in ((EXCEPTION, "failed"), (CANCELLED, "cancelled"), (PENDING, "left behind")):
            n = sum(t.outcome == outcome for t in self.tasks)
            if n:
                words.append(f"{n:,} {verb}")
        if self.error:
            words.append(f"ended with {_first_line(self.error)}")
        return "; ".join(words)

    def text(self, until: float | None = None) -> str:
        """The text twin of the timeline; of a virtual run its chart reaches to `until` seconds.

        So charts of several runs can have the same scale. `until` is at least `last_moment`, which is the default.
        """
        lines = [self.summary()]
        lines += _virtual_chart(self, until) if self.clock == "virtual" else _real_chart(self)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Jupyter asks for this: the picture and its text twin."""
        from helpers.drawing.timeline import mimebundle

        return mimebundle(self)

    def _repr_pretty_(self, printer, cycle):
        printer.text(str(self))

    def replay(self):
        """The run to step through, last in a cell: the source, the tasks, the loop's queue, and the timeline."""
        from helpers.widgets.replay.replay import Replay

        return Replay(self)

    # -- JSON -----------------------------------------------------------------------------------

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
            return cls(tasks, data["elapsed"], data["clock"], threads, data["error"], callbacks=callbacks)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a stored Recording: {type(error).__name__}: {error}") from None


def _span_to_json(span: Span) -> dict[str, Any]:
    return {**span._asdict(), "place": span.place and list(span.place)}


def _span_from_json(data: dict[str, Any]) -> Span:
    return Span(**{**data, "on": tuple(data["on"]), "place": data["place"] and Place(*data["place"])})


def seconds(value: float) -> str:
    """A duration in words, exact to the nanosecond: `seconds(0.30)` is "0.3 s"."""
    return f"{round(value, 9):.9f}".rstrip("0").rstrip(".") + " s"


def short(value: float) -> str:
    """A duration to read at a glance, in three digits at most: "1.2 s", "0.35 s", "80 ms", "3 µs"."""
    if value >= 0.0995:
        digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
        text = f"{value:,.{digits}f}"
        return (text.rstrip("0").rstrip(".") if digits else text) + " s"
    for factor, name in ((1e3, "ms"), (1e6, "µs")):
        if value * factor >= 0.995:
            return f"{value * factor:.{0 if value * factor >= 9.95 else 1}f}".removesuffix(".0") + f" {name}"
    return "0 s" if value <= 0 else "< 1 µs"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _first_line(text: str) -> str:
    return one_line(text.splitlines()[0]) if text else ""


def one_line(text: str) -> str:
    """Text of the program's that cannot break a row or colour a terminal: control characters become "?"."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _ending(task: Task) -> str:
    if task.outcome == EXCEPTION:
        return _first_line(task.error)
    return {RESULT: "", CANCELLED: "cancelled", PENDING: "left behind"}[task.outcome]


def _lanes(
    rows: Iterable[tuple[str, str, str]], hidden: int, workers: Sequence[tuple[str, str, str]] = ()
) -> list[str]:
    """The lines of tasks, of which so many are `hidden`, and below them those of worker threads."""
    rows = [(_clip(one_line(name), 24), chart, words) for name, chart, words in rows]
    width = max(len(name) for name, _, _ in [*rows, *workers])
    lines = [f"{name:{width}}  {chart}  {words}".rstrip() for name, chart, words in [*rows, *workers]]
    more = [f"... and {_count(hidden, 'task')} more"] if hidden else []
    return lines[: len(rows)] + more + lines[len(rows) :]


def worker_names(count: int) -> list[str]:
    """What so many worker threads are called beside their lanes."""
    return ["worker thread"] if count == 1 else [f"worker thread {number}" for number in range(1, count + 1)]


MARKS = {WAIT: "-", READY: "~", BLOCKED: "!", RUN: "#"}


def _virtual_chart(run: Recording, until: float | None = None) -> list[str]:
    """Lanes over time: `-` waits, `~` ready but kept waiting, `!` blocks the loop, `|` a turn on it.

    Below them the worker threads: `[=]` is a call at work.
    """
    end = run.end
    until = run.last_moment if until is None else max(until, run.last_moment)
    scale = (CHART_WIDTH - 1) / until if until > 0 else 0.0

    def lane(task: Task) -> str:
        cells = [" "] * CHART_WIDTH
        for kind in (WAIT, READY, RUN, BLOCKED):
            for span in task.spans:
                if span.kind != kind:
                    continue
                first, last = round(span.start * scale), round(span.end * scale)
                if span.end > span.start:
                    cells[first : last + 1] = MARKS[kind] * (last + 1 - first)
        for span in task.spans:
            if span.kind == RUN and span.start == span.end:
                cells[round(span.start * scale)] = "|"
        return "".join(cells)

    def worker_lane(jobs: list[ThreadJob]) -> str:
        cells = [" "] * CHART_WIDTH
        for job in jobs:                    # a call that follows at once has its "[" in the place of the "]"
            first, last = round(job.start * scale), round(job.end * scale)
            cells[first : last + 1] = "[" + "=" * (last - first - 1) + "]" * (last > first)
        return "".join(cells)

    shown = run.tasks[:CHART_TASKS]
    rows = [
        (
            t.name,
            lane(t),
            f"{seconds(t.created)[:-2]} to {seconds(end if t.finished is None else t.finished)}  {_ending(t)}",
        )
        for t in shown
    ]
    threads = run.workers[:CHART_TASKS]
    workers = []
    for name, thread in zip(worker_names(len(run.workers)), threads):
        jobs = sorted((job for job in run.threads if job.thread == thread), key=lambda job: (job.start, job.end))
        workers.append((name, worker_lane(jobs), _calls(run, jobs)))
    lines = _lanes(rows, len(run.tasks) - len(shown), workers)
    if len(run.workers) > len(threads):
        lines.append(f"... and {_count(len(run.workers) - len(threads), 'worker thread')} more")
    marks = {s.kind for t in shown for s in t.spans if s.end > s.start}
    key = ["| a turn on the loop", "- waiting"]
    key += [words for kind, words in ((READY, "~ ready but kept waiting"), (BLOCKED, "! the loop is blocked")) if kind in marks]
    key += ["[=] a worker thread at work"] * bool(threads)
    return lines + ["(" + ", ".join(key) + ")"]


def _calls(run: Recording, jobs: list[ThreadJob]) -> str:
    """When a worker thread was at work, and for which tasks: "0 to 0.3 s for north, 0.3 to 0.5 s for south"."""
    told = []
    for job in jobs[:CHART_CALLS]:
        known = job.task is not None and 0 <= job.task < len(run.tasks)
        name = f" for {_clip(one_line(run.tasks[job.task].name), 24)}" if known else ""
        told.append(f"{seconds(job.start)[:-2]} to {seconds(job.end)}{name}")
    if len(jobs) > len(told):
        told.append(f"{_count(len(jobs) - len(told), 'call')} more until {seconds(jobs[-1].end)}")
    return ", ".join(told) + "  goes on after the run" * any(map(run.outlives, jobs))


def _real_calls(run: Recording) -> list[str]:
    """Which tasks had a call in a worker thread. Which thread took it, and how many there are, the machine decides."""
    if not run.threads:
        return []
    known = sorted({job.task for job in run.threads if job.task is not None and 0 <= job.task < len(run.tasks)})
    names = [_clip(one_line(run.tasks[number].name), 24) for number in known[:CHART_TASKS]]
    more = [_count(len(known) - len(names), "task") + " more"] if len(known) > len(names) else []
    words = "a call in a worker thread" if len(run.threads) == 1 else "calls in worker threads"
    return [words + (f" for {', '.join(names + more)}" if names else "")]


def _real_chart(run: Recording) -> list[str]:
    """Lanes over events: a column for every start and every end of a task, in their order.

    It shows who overlapped whom, and nothing that a busy machine changes.
    """
    shown = run.tasks[:CHART_TASKS]
    events = sorted(
        [(t.created, 0, t.id) for t in shown] + [(t.finished, 1, t.id) for t in shown if t.finished is not None],
        key=lambda event: event[0],
    )
    column = {(task, end): index for index, (_, end, task) in enumerate(events)}
    rows = []
    for task in shown:
        first = column[task.id, 0]
        last = column.get((task.id, 1), len(events))
        chart = " " * first + "[" + "-" * (last - first - 1) + ("]" if task.finished is not None else "")
        rows.append((task.name, chart.ljust(len(events)), _ending(task)))
    lines = _lanes(rows, len(run.tasks) - len(shown)) + _real_calls(run)
    return lines + ["([ starts, ] ends; columns are events in their order, not time)"]


