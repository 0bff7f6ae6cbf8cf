"""The text twin of a timeline: a `Recording` in characters.

It is what a screen reader reads, what a plain terminal shows, and what the tests of the notebooks compare. It says what
the picture says. Of a run in real time it shows the order of events, and no durations. Of what differs from run to run
it holds only lines of their own, which are not compared (see `footnotes`): that the loop is blocked, for instance. It
would be no help to leave out short blocks, as there is no duration that a busy machine cannot reach.

The words, and what they mean in pictures, in text and in the lessons:

    under way       a task that has been created and has not ended; the main task counts only if it is alone
    in flight       a request that has begun and has not ended; so never a task
    waiting         a task that is off the loop until something happens, and waiting *for* what that is, by its name:
                    a semaphore is no lock
    in all          of all tasks together: three tasks that wait 0.4 s each are "1.2 s of waiting"; counted is waiting
                    for what no other task of the run does (the clock, the network, a call in a thread, a future)
    kept waiting    a task that is ready: what it waited for has happened, but the loop is busy with others
    blocked         the loop, by a turn of a tenth of a second or more
    longest turn    the longest time for which the loop ran one and the same turn: as long as that, nobody else could
    gap             between two beats of the heartbeat, and so never below a beat
    cut short       a wait that a timeout or a cancellation ended before its time
    left behind     a task that had not ended when the run was over, since the main task had
    for ever        a task of a deadlock waits so: nothing is left that could wake it
    not ended       a task of a run that was cut off before its main task had ended: `simulate` gave up, or the run was
                    stopped
    at once         without delay, and never a number of tasks
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from helpers import footnotes, outcomes
from helpers.wait_kinds import (
    BLOCKED,
    READY,
    RUN,
    WAIT,
    families,
    kind_of,
    waited_for,
)
from helpers.words import (
    columns,
    count,
    cut_apart,
    first_line,
    isolated,
    listed,
    one_line,
    padded,
    seconds,
    shortened,
)

if TYPE_CHECKING:
    from helpers.recording import Recording, Span, Task, ThreadJob

CHART_WIDTH = 56            # columns of the chart in the text twin of a virtual run
CHART_TASKS = 24            # the text twin shows so many tasks one by one, and counts the rest; threads likewise
CHART_CALLS = 3             # of a thread it tells so many calls, and counts the rest
CHART_WAITS = 4             # of a task it names so many kinds of waits, and counts the rest
NAME = 24                   # columns of a name beside a lane, at most


def summary(run: Recording) -> str:
    """One line. Of a real run it gives no durations: they differ from machine to machine."""
    took = f"{seconds(run.elapsed)} of virtual time" if run.clock == "virtual" else "real time"
    words = [f"{count(len(run.tasks), 'task')} in {took}"]
    if run.clock == "virtual" and (waited := waited_outside(run, seconds)):
        words.append(waited)
    words.append(f"at most {run.peak:,} under way")
    if run.clock == "virtual":
        words.append(f"longest turn {seconds(run.longest_turn)}")
    words += outcomes.tally(run, run.tasks)
    if run.error:
        words.append("the run was stopped" if outcomes.was_stopped(run) else f"ended with {first_line(run.error)}")
    return "; ".join(words)


def waited_outside(run: Recording, duration: Callable[[float], str]) -> str:
    """ "1.2 s of waiting for the network": of all tasks, for what no other task does; "" if there was none."""
    outside = {wait: time for wait, time in run.waits.items() if kind_of(wait).outside}
    if not outside:
        return ""
    what = listed([waited_for(*each) for each in families(outside).items()])
    return f"{duration(sum(outside.values()))} of waiting for {what}"


def text(run: Recording, until: float | None = None) -> str:
    """The text twin of the timeline; of a virtual run its chart reaches to `until` seconds.

    So charts of several runs can have the same scale. `until` is at least `last_moment`, which is the default.
    """
    lines = [summary(run)]
    lines += _virtual_chart(run, until) if run.clock == "virtual" else _real_chart(run)
    lines[-1:-1] = footnotes.blocks(run)                # above the key
    if run.clock == "real":
        lines[-1:-1] = footnotes.kept_waiting(run, short_ones=False)
    lines[-1:-1] = footnotes.footnotes(run)
    return "\n".join(lines)


def _names(run: Recording, tasks: Sequence[Task]) -> list[str]:
    """What the tasks are called beside their lanes."""
    return [isolated(name) for name in cut_apart([run.names[task.id] for task in tasks], NAME)]


def _lanes(
    rows: Sequence[tuple[str, str, str]], hidden: int, workers: Sequence[tuple[str, str, str]] = ()
) -> list[str]:
    """The lines of tasks, of which so many are `hidden`, and below them those of worker threads."""
    width = max(columns(name) for name, _, _ in [*rows, *workers])
    lines = [f"{padded(name, width)}  {chart}  {words}".rstrip() for name, chart, words in [*rows, *workers]]
    if hidden:
        lines.insert(len(rows), f"... and {count(hidden, 'task')} more")
    return lines


def worker_names(count: int) -> list[str]:
    """What so many worker threads are called beside their lanes."""
    return ["worker thread"] if count == 1 else [f"worker thread {number}" for number in range(1, count + 1)]


def _behind(run: Recording, task: Task) -> str:
    """What stands behind a lane: what the task waited for, and how it ended if not with a result."""
    found: dict[tuple[object, ...], Span] = {}
    for span in task.spans:
        if span.kind == WAIT and span.end > span.start:
            found.setdefault((span.wait, span.on, span.cut and span), span)
    told = list(dict.fromkeys(_wait(run, span) for span in found.values()))
    if len(told) > CHART_WAITS:
        told[CHART_WAITS - 1 :] = [f"{len(told) - CHART_WAITS + 1:,} more"]
    waits = f"waits: {', '.join(told)}" if told else ""
    return "  ".join(filter(None, [waits, outcomes.became(run, task)]))


def _wait(run: Recording, span: Span) -> str:
    """A wait as the picture names it, and if it was cut short, by what: "sleep of 3 s (cut short by a timeout)"."""
    words = one_line(span.wait) or "future"
    if len(span.on) == 1 and run.task(span.on[0]):
        words += f"{'' if span.wait == 'task' else ' of'} {isolated(run.names[span.on[0]])}"
    if not span.cut:
        return words
    if span.asked >= 0 and run.clock == "virtual":
        words += f" of {seconds(span.asked)}"
    return f"{words} (cut short {cut_by(run, span)})"


def cut_by(run: Recording, span: Span) -> str:
    """What cut a wait short: "by a timeout", "by main"."""
    if span.cut == "timeout":
        return "by a timeout"
    who = run.task(span.cutter)
    return f"by {isolated(run.names[who.id])}" if who else "by a cancellation"


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
            name,
            lane(t),
            f"{seconds(t.created)[:-2]} to {seconds(end if t.finished is None else t.finished)}  {_behind(run, t)}",
        )
        for name, t in zip(_names(run, shown), shown)
    ]
    threads = run.workers[:CHART_TASKS]
    workers = [(name, worker_lane(jobs), _calls(run, jobs)) for name, jobs in _at_work(run)]
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


def _at_work(run: Recording) -> list[tuple[str, list[ThreadJob]]]:
    """The first worker threads, and their calls in order of time."""
    jobs: dict[str, list[ThreadJob]] = {}
    for job in sorted(run.threads, key=lambda job: (job.start, job.end)):
        jobs.setdefault(job.thread, []).append(job)
    return [(name, jobs[thread]) for name, thread in zip(worker_names(len(run.workers)), run.workers[:CHART_TASKS])]


def thread_lines(run: Recording) -> list[str]:
    """A line for each worker thread, and what it did; of a real run, for which tasks threads were at work."""
    if run.clock == "real":
        return _real_calls(run)
    return [f"{name}: {_calls(run, jobs)}" for name, jobs in _at_work(run)]


def _calls(run: Recording, jobs: list[ThreadJob]) -> str:
    """When a worker thread was at work, and for which tasks: "0 to 0.3 s for north, 0.3 to 0.5 s for south"."""
    told = []
    for job in jobs[:CHART_CALLS]:
        task = run.task(job.task)
        name = f" for {isolated(shortened(run.names[task.id], NAME))}" if task else ""
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
    names = _names(run, known[:CHART_TASKS])
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
    for name, task in zip(_names(run, shown), shown):
        first = column[task.id, 0]
        last = column.get((task.id, 1), len(events))
        end = "" if task.finished is None else "]"
        chart = " " * first + "[" + "-" * (last - first - 1) + end
        rows.append((name, chart.ljust(len(events)), _behind(run, task)))
    lines = _lanes(rows, len(run.tasks) - len(shown)) + _real_calls(run)
    return lines + ["([ starts, ] ends; columns are events in their order, not time)"]
