"""The lanes of a run in numbers: what each task did over time, as bars, and the words in them.

A turn on the loop takes microseconds, or no time at all on a virtual clock. It is shown two pixels wide all the same,
since it is what all the waiting is for. Times are seconds, heights are lanes; `layout` decides where they are on a
page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from helpers.drawing.axis import Unit
from helpers.drawing.letters import Letters
from helpers.drawing.palette import FAILED, INK, NUMBER, PAPER, STATES, STRIPES, WORKER, State, state_of
from helpers.outcomes import STOPPED, kind
from helpers.recording import Recording, Span, ThreadJob
from helpers.text_twin import cut_by
from helpers.wait_kinds import BLOCKED, EXCEPTION, READY, RUN, WAIT, kind_of
from helpers.words import shortened

NAMED_LANES = 60                # up to so many tasks have a lane with their name
LEAST = 1 / 800                 # what takes less of the time axis is not told as a state of its own: a pixel or so
TOLD = 12                       # blocks of the loop that have words; more than that nobody reads
BANDS = 200                     # blocks of the loop that have a band through all lanes

# What lies over what: a bar over those of lower layers.
NARROW, WIDE, TURN, BLOCK = 1.0, 1.5, 3.0, 4.0


class Spans(NamedTuple):
    """All spans of a run as arrays: number of the task, start and end in seconds, number of the state."""

    lane: np.ndarray
    start: np.ndarray
    end: np.ndarray
    state: np.ndarray

    def of(self, mask: np.ndarray) -> Spans:
        return Spans(self.lane[mask], self.start[mask], self.end[mask], self.state[mask])


class Panel(NamedTuple):
    """The lanes of one run.

    named    whether each task has a lane that carries its name; else rows of pixels show the shares of all
    lane     pixels of height per lane, and `height` of all of them
    workers  worker threads, which have lanes below the tasks
    blocks   what blocked the loop: the span and the task's number, the longest first
    failed   the numbers of the tasks that count as failed
    """

    label: str
    run: Recording
    spans: Spans
    named: bool
    lane: float
    height: int
    workers: tuple[str, ...]
    blocks: list[tuple[Span, int]]
    failed: tuple[int, ...] = ()

    @property
    def last_moment(self) -> float:
        """Seconds until the last thing that is shown of the run."""
        return float(max(self.run.last_moment, self.spans.end.max(initial=0.0)))


class Bars(NamedTuple):
    """Bars of one state: in which lanes, from when to when, and over which others they lie."""

    state: State
    layer: float
    lane: np.ndarray
    start: np.ndarray
    end: np.ndarray


class Words(NamedTuple):
    """Words at `time` seconds in a lane, `centred` there or from there on.

    ground  the colour on which they stand, if it is not that of their bar
    """

    text: str
    time: float
    lane: float
    colour: str
    centred: bool = True
    strong: bool = False
    ground: str | None = None


class Box(NamedTuple):
    """Where words stand: their lane, and from where to where in pixels."""

    lane: float
    left: float
    right: float

    def meets(self, other: Box, near: float) -> bool:
        """Whether both overlap, if less than `near` lanes are between them."""
        return abs(self.lane - other.lane) < near and self.left < other.right and self.right > other.left


def named_panel(label: str, run: Recording, lane: float, height: int | None = None) -> Panel:
    """The panel of a run in which each task and each worker thread has a lane with its name."""
    count = len(run.tasks) + len(run.workers)
    height = round(count * lane) if height is None else height
    spans = arrays(run)
    return Panel(label, run, spans, True, lane, height, run.workers, _blocks(run, spans))


def many_panel(label: str, run: Recording, height: int, failed: Iterable[int] = ()) -> Panel:
    """The panel of a run whose tasks share rows of pixels; worker threads are not shown.

    failed  the numbers of tasks that count as failed although they ended with a result
    """
    spans = arrays(run)
    numbers = {task.id for task in run.tasks if task.outcome == EXCEPTION and kind(task.error) != STOPPED}
    return Panel(label, run, spans, False, height / len(run.tasks), height, (), _blocks(run, spans),
                 tuple(sorted(numbers.union(failed))))


def whole_rows(tasks: int, rows: int) -> int:
    """So many of `rows` pixels that each of the tasks has the same whole number of them; all if tasks must share them.

    >>> whole_rows(100, 420), whole_rows(1_000, 420)
    (400, 420)
    """
    return rows // tasks * tasks if tasks <= rows else rows


def arrays(run: Recording) -> Spans:
    """The spans as arrays, without what only looks like waiting for the loop.

    On a real clock every timer fires a millisecond or so late, and a new task starts a moment after its
    creation. Nobody keeps a task waiting then: up to 1/200 of the run (four pixels) is drawn as part of
    the wait before, or not at all.
    """
    spans = list(chain.from_iterable(task.spans for task in run.tasks))
    lane = np.repeat(np.arange(len(run.tasks)), [len(task.spans) for task in run.tasks])
    start = np.array([span.start for span in spans], float)
    end = np.array([span.end for span in spans], float)
    does = [(span.kind, span.wait) for span in spans]
    numbers = {each: number for number, each in enumerate(set(does))}
    doing = np.array([numbers[each] for each in does], int)
    state = np.array([NUMBER[state_of(*each).name] for each in numbers], int)[doing]
    found = Spans(lane, start, end, state)
    if run.clock == "virtual":
        return found
    late = np.array([kind == READY and wait != "turn" for kind, wait in numbers], bool)[doing]
    late &= end - start < run.end / 200
    before = np.array([NUMBER[state_of(WAIT, wait).name] for _, wait in numbers], int)[doing]
    new = np.array([not wait for _, wait in numbers], bool)[doing]
    return found._replace(state=np.where(late, before, state)).of(~(late & new))


def _blocks(run: Recording, spans: Spans) -> list[tuple[Span, int]]:
    guilty = np.unique(spans.lane[spans.state == NUMBER["blocked"]]).tolist()
    blocked = [(span, lane) for lane in guilty for span in run.tasks[lane].spans if span.kind == BLOCKED]
    return sorted(blocked, key=lambda item: item[0].start - item[0].end)


def visible(panels: Iterable[Panel], span: float) -> list[State]:
    """What can be seen of all states, and so is explained: the last of `STATES` first, worker threads at the end.

    A state can be seen that takes two times `LEAST` of the axis, of `span` seconds, in all lanes together. Turns on the
    loop, and what blocks it, are shown however short they are. The size of the picture makes no difference.
    """
    seen = set()
    panels = list(panels)
    for panel in panels:
        length = panel.spans.end - panel.spans.start
        for number in np.unique(panel.spans.state).tolist():
            own, name = length[panel.spans.state == number], STATES[number].name
            if name == "ready" and len(panel.run.tasks) <= NAMED_LANES:
                own = own[own >= LEAST * span]              # see `bars`
            if name == "running" or (name == "blocked" and own.any()) or own.sum() > 2 * LEAST * span:
                seen.add(number)
    states = [STATES[number] for number in sorted(seen, reverse=True)]
    failed = sum(len(panel.failed) for panel in panels)
    if failed:
        states.append(FAILED._replace(words=f"the end of {'a task' if failed == 1 else 'tasks'} that failed"))
    return [*states, WORKER] if any(panel.workers for panel in panels) else states


# -- bars -------------------------------------------------------------------------------------------


def bars(panel: Panel, pixel: float, span: float) -> list[Bars]:
    """The bars in lanes with names, on an axis of `span` seconds, of which a pixel has `pixel`."""
    found = []
    for number, state in enumerate(STATES):
        own = panel.spans.of(panel.spans.state == number)
        wide = own.end - own.start >= (LEAST * span if state.name == "ready" else pixel)
        if state.name == "running":
            found.append(_turns(own.of(~wide), pixel))
        elif state.name != "ready":
            found.append(_narrow(own.of(~wide & (own.end > own.start)), state, pixel))
        own = own.of(wide)
        found.append(Bars(state, BLOCK if state.name == "blocked" else WIDE, own.lane, own.start, own.end))
    for job in panel.run.threads if panel.workers else ():
        lane = len(panel.run.tasks) + panel.workers.index(job.thread)
        end = max(job.end, job.start + 2 * pixel)
        found.append(Bars(WORKER, WIDE, np.array([lane]), np.array([job.start]), np.array([end])))
    return [each for each in found if len(each.lane)]


def _turns(short: Spans, pixel: float) -> Bars:
    """Two pixels around the start of each short turn; turns that fall on the same pixel are one."""
    turn = short.of(_first_per_pixel(short.lane, np.round(short.start / pixel)))
    return Bars(STATES[NUMBER["running"]], TURN, turn.lane, turn.start - pixel, turn.start + pixel)


def _narrow(short: Spans, state: State, pixel: float) -> Bars:
    """Waits that are narrower than a pixel: one pixel for all that share it."""
    short = short.of(_first_per_pixel(short.lane, np.floor(short.start / pixel)))
    column = np.floor(short.start / pixel) * pixel
    return Bars(state, NARROW, short.lane, column, column + pixel)


def _first_per_pixel(lane: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Indices of the first of those that share lane and column: a lane may have 100,000 turns."""
    return np.unique(lane * 100_000 + column.astype(int), return_index=True)[1]


def cuts(panel: Panel, pixel: float) -> list[tuple[float, int]]:
    """Where waits were cut short: the time and the lane, once for all that share a pixel."""
    if not panel.named:
        return []
    found = {(round(span.end / pixel), task.id): (span.end, task.id)
             for task in panel.run.tasks for span in task.spans if span.cut}
    return list(found.values())


# -- words ------------------------------------------------------------------------------------------


def words(panel: Panel, letters: Letters, pixel: float, columns: int, unit: Unit) -> list[Words]:
    """All words in the lanes, on an axis of `columns` pixels with `pixel` seconds each."""
    blocked, boxes = _blocked_words(panel, letters, pixel, columns, unit)
    if not panel.named:
        return blocked
    return [*blocked, *_wait_words(panel, letters, pixel, unit, boxes), *_job_words(panel, letters, pixel)]


def _blocked_words(
    panel: Panel, letters: Letters, pixel: float, columns: int, unit: Unit
) -> tuple[list[Words], list[Box]]:
    """How long the loop was blocked, by which line; and where such words stand outside of their bar."""
    found: list[Words] = []
    boxes: list[Box] = []
    red = STATES[NUMBER["blocked"]].colour
    near = 1 if panel.named else 20 / panel.lane
    for span, lane in panel.blocks[:TOLD]:
        choice = _block_choice(span, unit)
        size = letters.measure(choice[0], "strong")
        inside = [each for each in choice if letters.measure(each, "strong") < (span.end - span.start) / pixel - 10]
        # where the task ends with this span, its time stands to the right of it
        ends = panel.named and panel.run.tasks[lane].finished == span.end
        right = not ends and span.end / pixel + 6 + size <= columns
        x = span.end / pixel + 6 if right else span.start / pixel - 6 - size
        if panel.named and inside and (inside[0] == choice[0] or x < 0):
            found.append(Words(inside[0], (span.start + span.end) / 2, lane, PAPER, strong=True))
            continue
        box = Box(lane, x, x + size)
        if x < 0 or any(box.meets(other, near) for other in boxes):
            continue
        boxes.append(Box(lane, x - 4, x + size + 4))
        found.append(Words(choice[0], x * pixel, lane, red, centred=False, strong=True, ground=PAPER))
    return found, boxes


def _block_choice(span: Span, unit: Unit) -> list[str]:
    """What may be said of a block, the longest words first."""
    lasting = f"blocked {unit.words(span.end - span.start)}"
    return [f"{lasting}, line {span.place.line}", lasting, "blocked"] if span.place else [lasting, "blocked"]


def _wait_words(panel: Panel, letters: Letters, pixel: float, unit: Unit, boxes: Sequence[Box]) -> list[Words]:
    """What is done in each bar that is wide enough, unless words of a block stand there."""
    found = []
    spans = panel.spans
    wide = np.unique(spans.lane[spans.end - spans.start > 30 * pixel])
    for task in (panel.run.tasks[lane] for lane in wide.tolist()):
        for span in task.spans:
            room = (span.end - span.start) / pixel - 10
            if room < 20 or span.kind == BLOCKED:
                continue
            state, middle = state_of(span.kind, span.wait), (span.start + span.end) / 2
            for choice in _span_choice(panel.run, span, letters, unit):
                half = letters.measure(choice, "small") / 2
                box = Box(task.id, middle / pixel - half, middle / pixel + half)
                if 2 * half <= room and not any(box.meets(other, 1) for other in boxes):
                    ground = state.colour if state.name in STRIPES else None
                    found.append(Words(choice, middle, task.id, state.text, ground=ground))
                    break
    return found


def _span_choice(run: Recording, span: Span, letters: Letters, unit: Unit) -> list[str]:
    """What may stand in a bar, the longer words first."""
    if span.kind == READY:
        return ["ready, kept waiting", "ready"]
    if span.kind == RUN:
        return ["running"]
    choice = [letters.clean(span.wait or "future")]
    if len(span.on) == 1 and (task := run.task(span.on[0])):
        choice.insert(0, f"{choice[0]}: {letters.clean(run.names[task.id])}")
    if short := kind_of(span.wait).short:
        choice[-1] = short                      # everywhere, or one wait would have two names in a lane
    if span.cut:
        asked = f" of {unit.words(span.asked)}" if span.asked >= 0 else ""
        choice[:0] = [f"{choice[0]}{asked}, cut short {letters.clean(cut_by(run, span))}",
                      f"{choice[-1]}{asked}, cut short"]
    return choice


def _job_words(panel: Panel, letters: Letters, pixel: float) -> list[Words]:
    """For which task a worker thread is at work."""
    found = []
    for job in panel.run.threads:
        room = (job.end - job.start) / pixel - 14
        if room > 40:
            text = shortened(_job_text(panel.run, job, letters), room, lambda text: letters.measure(text, "small"))
            lane = len(panel.run.tasks) + panel.workers.index(job.thread)
            found.append(Words(text, (job.start + job.end) / 2, lane, INK, ground=PAPER))
    return found


def _job_text(run: Recording, job: ThreadJob, letters: Letters) -> str:
    task = run.task(job.task)
    return f"for {letters.clean(run.names[task.id])}" if task else "busy"
