"""The timeline of a recorded run: the picture, its alternative text, and several runs on one time axis.

    draw(run)                                           # a matplotlib Figure
    compare({"sequential": run_1, "concurrent": run_2})    # last in a cell: one picture, one time axis

What is said about a run is said here; how it is drawn, in `picture`, which is imported only when a
picture is wanted: matplotlib takes its time, and a text twin needs none of it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from helpers.arguments import instance, recorded_run
from helpers.recording import Recording, Span, Task
from helpers.wait_kinds import BLOCKED, EXCEPTION, WAIT, kind_of
from helpers.words import listed, seconds, short, shown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 9.2                 # inches: the text column of a notebook on a laptop
NAMED = 6                   # so many tasks are told one by one in the alternative text


def draw(run: Recording, *, title: str | None = None, width: float = WIDTH) -> Figure:
    """The timeline of `run` as a matplotlib Figure, `width` inches wide.

    Up to 60 tasks have a lane each with their name, and what they waited for in words; more of them
    have thin lanes, and where they are more than rows of pixels, rows show the share of their tasks
    in each state. Below stands the number of tasks under way (the main task not counted).

    Raises TypeError if `run` is not a Recording, ValueError if `width` is too small to draw in.
    """
    _expect_recording(run, "draw(run)")
    if not width >= 4:
        raise ValueError(f"width is in inches, and at least 4; got {width!r}")
    from helpers.drawing import picture

    return picture.figure([("", run)], title if title is not None else headline(run), width, curve=True)


def mimebundle(run: Recording) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """What Jupyter shows of a run: its picture, the text twin, and the alternative text of the picture."""
    return _bundle(draw(run), str(run), alternative_text(run), run.clock)


def compare(runs: Mapping[str, Recording], *, title: str | None = None) -> Comparison:
    """Several runs on one time axis: `compare({"sequential": run_1, "concurrent": run_2})`.

    Raises TypeError or ValueError, which says what to write, if `runs` is anything else.
    """
    call = 'compare({"sequential": run_1, "concurrent": run_2})'
    instance(runs, Mapping, "compare() takes a dictionary of labels and runs", f"write {call}")
    if not runs:
        raise ValueError(f"compare() got an empty dictionary; give it labels and runs: {call}")
    for label, run in runs.items():
        if not isinstance(label, str):
            raise TypeError(f"the label of a run is a string, not {label!r}; write {call}")
        _expect_recording(run, f"compare({{{label!r}: run}})")
    return Comparison(dict(runs), title)


class Comparison:
    """What `compare` returns: shows itself when it is last in a cell, and as text when printed."""

    def __init__(self, runs: dict[str, Recording], title: str | None = None) -> None:
        self.runs = runs
        self.title = title

    def figure(self, *, width: float = WIDTH) -> Figure:
        """The lanes of all runs, one run below the other, as a matplotlib Figure `width` inches wide."""
        from helpers.drawing import picture

        title = self.title if self.title is not None else self._headline()
        return picture.figure(list(self.runs.items()), title, width, curve=False)

    def verdict(self) -> str:
        """Who is how much faster, in one line; "" if a run was real, or there is only one."""
        if len(self.runs) < 2 or any(run.clock != "virtual" for run in self.runs.values()):
            return ""
        return _ranking(sorted(self.runs.items(), key=lambda item: item[1].elapsed))

    def _headline(self) -> str:
        """The title of the picture: the fastest run and the slowest, real ones as well."""
        order = sorted(self.runs.items(), key=lambda item: item[1].elapsed)
        return _ranking([order[0], order[-1]] if len(order) > 1 else order)

    def __str__(self) -> str:
        virtual = [run for run in self.runs.values() if run.clock == "virtual"]
        until = max((run.last_moment for run in virtual), default=None)
        blocks = [f"{label}: {run.text(until)}" for label, run in self.runs.items()]
        return "\n\n".join(blocks + [self.verdict()] * bool(self.verdict()))

    __repr__ = __str__

    def _repr_pretty_(self, printer, cycle):
        printer.text(str(self))

    def _repr_mimebundle_(self, include=None, exclude=None):
        clocks = {run.clock for run in self.runs.values()}
        alt = "Timelines on one time axis. " + " ".join(
            f"{label}: {alternative_text(run)}" for label, run in self.runs.items()
        )
        if self.verdict():
            alt += f" {self.verdict()}."
        return _bundle(self.figure(), str(self), alt, clocks.pop() if len(clocks) == 1 else "mixed")


# -- words ------------------------------------------------------------------------------------------


def headline(run: Recording) -> str:
    """What there is to see in the picture of a run, in a few words."""
    tasks = f"{len(run.tasks):,} task{'s' * (len(run.tasks) != 1)}"
    if run.blocked:
        who, longest = _longest_block(run)
        line = f" at line {longest.place.line}" if longest.place else ""
        return f"{who} blocks the loop{line} for {short(longest.end - longest.start)}"
    if run.tasks[0].outcome == EXCEPTION:
        return f"{tasks}: after {short(run.elapsed)}, {run.tasks[0].error or 'an exception'}"
    waited = sum(
        span.end - span.start
        for task in run.tasks
        for span in task.spans
        if span.kind == WAIT and kind_of(span.wait).outside
    )
    if waited > 0:
        return f"{tasks}: {short(waited)} of waiting in {short(run.elapsed)}"
    return f"{tasks} in {short(run.elapsed)}"


def alternative_text(run: Recording) -> str:
    """The picture in words, for who cannot see it. Of a real run it gives no durations.

    It says no more of a real run than its text twin does, so that it is the same on every machine.
    """
    text = f"Timeline: {run.summary()}."
    children = run.tasks[1:]
    if children:
        text += f" {_overlap(run, children)}"
    if run.clock == "virtual" and run.blocked:
        who, span = _longest_block(run)
        where = f" at line {span.place.line} in {shown_name(span.place.function)}" if span.place else ""
        text += f" {who} blocks the loop for {seconds(span.end - span.start)}{where}."
    late = [job for job in run.threads if run.outlives(job)] if run.clock == "virtual" else []
    if late:
        many = len({job.thread for job in late})
        who = "A worker thread goes" if many == 1 else f"{many:,} worker threads go"
        text += f" {who} on after the run, until {seconds(max(job.end for job in late))}."
    return text


def _longest_block(run: Recording) -> tuple[str, Span]:
    """The name of the task or callback that blocks the loop for longest, and when it does."""
    blocks = [(shown_name(task.name), span) for task in run.tasks for span in task.spans if span.kind == BLOCKED]
    blocks += [(shown_name(span.wait), span) for span in run.callbacks]
    return max(blocks, key=lambda item: item[1].end - item[1].start)


def _overlap(run: Recording, children: tuple[Task, ...]) -> str:
    """A sentence on which tasks, beside the main one, were under way at the same time."""
    if len(children) == 1:
        return f"{shown_name(children[0].name)} is the only task beside {shown_name(run.tasks[0].name)}."
    if run.peak == len(children):
        who = listed(shown_name(t.name) for t in children) if len(children) <= NAMED else f"All {len(children):,}"
        return f"{who} are under way at the same time."
    if run.peak == 1:
        who = listed(shown_name(t.name) for t in children) if len(children) <= NAMED else f"The {len(children):,} others"
        return f"{who} run one after another."
    if len(children) > NAMED:
        return f"At most {run.peak:,} of {len(children):,} are under way at the same time."
    pairs = []
    for index, task in enumerate(children):
        others = [shown_name(t.name) for t in children[index + 1 :] if _in_flight_together(task, t)]
        if others:
            pairs.append(f"{shown_name(task.name)} overlaps {listed(others)}")
    return "; ".join(pairs) + "."


def _in_flight_together(one: Task, other: Task) -> bool:
    infinity = float("inf")
    return max(one.created, other.created) < min(
        infinity if one.finished is None else one.finished, infinity if other.finished is None else other.finished
    )


def _ranking(order: list[tuple[str, Recording]]) -> str:
    """How long each run takes, and how many times as long as the first of them."""
    first, fastest = order[0]
    words = [f"{first} takes {short(fastest.elapsed)}"]
    for label, run in order[1:]:
        words.append(f"{label} {short(run.elapsed)}{_times(run.elapsed, fastest.elapsed)}")
    return ", ".join(words) if len(words) == 2 else "; ".join(words)


def _times(longer: float, shorter: float) -> str:
    """": 2.4 times as long", or nothing where a quotient says nothing."""
    if shorter <= 0 or longer < 1.005 * shorter:
        return ", the same" if longer == shorter else ""
    ratio = longer / shorter
    return f": {ratio:,.0f} times as long" if ratio >= 100 else f": {ratio:.3g} times as long"


# -- errors and packing -----------------------------------------------------------------------------


def _expect_recording(run: object, call: str) -> None:
    recorded_run(run, Recording, f"{call.partition('(')[0]}() draws a recorded run", call)


def _bundle(figure: Figure, text: str, alt: str, clock: str) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    from helpers.drawing import picture

    width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
    data = {"text/plain": text, "image/png": base64.b64encode(picture.png(figure)).decode("ascii")}
    return data, {"image/png": {"alt": alt, "clock": clock, "width": width, "height": height}}
