"""The text twin of a timeline: a `Recording` in characters.

It is what a screen reader reads, what a plain terminal shows, and what the tests of the notebooks compare. So it holds
nothing that differs from run to run: of a run in real time it shows the order of events, and no durations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from helpers.wait_kinds import BLOCKED, CANCELLED, EXCEPTION, PENDING, READY, RESULT, RUN, WAIT
from helpers.words import clip, count, first_line, one_line, seconds

if TYPE_CHECKING:
    from helpers.recording import Recording, Task, ThreadJob

CHART_WIDTH = 56            # columns of the chart in the text twin of a virtual run
CHART_TASKS = 24            # the text twin shows so many tasks one by one, and counts the rest; threads likewise
CHART_CALLS = 3             # of a thread it tells so many calls, and counts the rest


def summary(run: Recording) -> str:
    """One line. Of a real run it gives no durations: they differ from machine to machine."""
    took = f"{seconds(run.elapsed)} of virtual time" if run.clock == "virtual" else "real time"
    words = [f"{count(len(run.tasks), 'task')} in {took}", f"at most {run.peak:,} at once"]
    if run.clock == "virtual":
        words.append(f"largest gap {seconds(run.largest_gap)}")
    for outcome, verb in ((EXCEPTION, "failed"), (CANCELLED, "cancelled"), (PENDING, "left behind")):
        n = sum(t.outcome == outcome for t in run.tasks)
        if n:
            words.append(f"{n:,} {verb}")
    if run.error:
        words.append(f"ended with {first_line(run.error)}")
    return "; ".join(words)


def text(run: Recording, until: float | None = None) -> str:
    """The text twin of the timeline; of a virtual run its chart reaches to `until` seconds.

    So charts of several runs can have the same scale. `until` is at least `last_moment`, which is the default.
    """
    lines = [summary(run)]
    lines += _virtual_chart(run, until) if run.clock == "virtual" else _real_chart(run)
    return "\n".join(lines)


def _ending(task: Task) -> str:
    if task.outcome == EXCEPTION:
        return first_line(task.error)
    return {RESULT: "", CANCELLED: "cancelled", PENDING: "left behind"}[task.outcome]


def _lanes(
    rows: Iterable[tuple[str, str, str]], hidden: int, workers: Sequence[tuple[str, str, str]] = ()
) -> list[str]:
    """The lines of tasks, of which so many are `hidden`, and below them those of worker threads."""
    rows = [(clip(one_line(name), 24), chart, words) for name, chart, words in rows]
    width = max(len(name) for name, _, _ in [*rows, *workers])
    lines = [f"{name:{width}}  {chart}  {words}".rstrip() for name, chart, words in [*rows, *workers]]
    if hidden:
        lines.insert(len(rows), f"... and {count(hidden, 'task')} more")
    return lines


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
            cells[first : last + 1] = "[" + "=" * (last - first - 1) + "]" if last > first else "["
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
        lines.append(f"... and {count(len(run.workers) - len(threads), 'worker thread')} more")
    marks = {s.kind for t in shown for s in t.spans if s.end > s.start}
    key = ["| a turn on the loop", "- waiting"]
    if READY in marks:
        key.append("~ ready but kept waiting")
    if BLOCKED in marks:
        key.append("! the loop is blocked")
    if threads:
        key.append("[=] a worker thread at work")
    return lines + ["(" + ", ".join(key) + ")"]


def _calls(run: Recording, jobs: list[ThreadJob]) -> str:
    """When a worker thread was at work, and for which tasks: "0 to 0.3 s for north, 0.3 to 0.5 s for south"."""
    told = []
    for job in jobs[:CHART_CALLS]:
        task = run.task(job.task)
        name = f" for {clip(one_line(task.name), 24)}" if task else ""
        told.append(f"{seconds(job.start)[:-2]} to {seconds(job.end)}{name}")
    if len(jobs) > len(told):
        told.append(f"{count(len(jobs) - len(told), 'call')} more until {seconds(jobs[-1].end)}")
    words = ", ".join(told)
    return f"{words}  goes on after the run" if any(map(run.outlives, jobs)) else words


def _real_calls(run: Recording) -> list[str]:
    """Which tasks had a call in a worker thread. Which thread took it, and how many there are, the machine decides."""
    if not run.threads:
        return []
    asked = {job.task for job in run.threads}
    known = [task for task in run.tasks if task.id in asked]
    names = [clip(one_line(task.name), 24) for task in known[:CHART_TASKS]]
    if len(known) > len(names):
        names.append(f"{count(len(known) - len(names), 'task')} more")
    words = "a call in a worker thread" if len(run.threads) == 1 else "calls in worker threads"
    return [f"{words} for {', '.join(names)}" if names else words]


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
        end = "" if task.finished is None else "]"
        chart = " " * first + "[" + "-" * (last - first - 1) + end
        rows.append((task.name, chart.ljust(len(events)), _ending(task)))
    lines = _lanes(rows, len(run.tasks) - len(shown)) + _real_calls(run)
    return lines + ["([ starts, ] ends; columns are events in their order, not time)"]
