"""A recorded run as a sequence of steps, and where every task stands after each of them.

A step is one task's turn on the loop. `Steps(run)[k]` says all that is known of the moment at
which turn `k` has ended: who had it, where every task stands, who is ready, in what order, and who
wakes when. This is computed on demand, from the spans of the recording alone.

How the ready queue is found. The loop serves its queue in order, so its order is that of the turns to
come. A recording of real time says when a task joined the queue. In virtual time much
happens at one instant, and there it follows from what the task waited for: a timer is due, the tasks
that it waited for have ended. Where it follows from nothing (a lock, a queue) a task counts as ready
from when it must be: because its turn is next, or somebody behind it in the queue is ready. Among
turns of one instant it may so be shown as ready later than it is, and a request that has queued in
a full shop earlier.

The turns of a recording are numbered, and the numbers may have gaps: what libraries' tasks did is not in it. A step is
one of the turns that are. What happened in another turn, or in a callback between two, has happened by the step after.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from helpers.recording import Place, Recording, Remark, Span, Task
from helpers.wait_kinds import BLOCKED, CANCELLED, PENDING, READY, RUN, WAIT, kind_of

MOMENT = 0.001                              # seconds in which a real loop takes its next turn without having slept


class Standing(NamedTuple):
    """Where a task stands.

    task     its id
    state    "ready", "wait", or its outcome: "result", "exception", "cancelled"; "run" if it is in the middle of its
             turn, in which another task has begun eagerly
    started  whether it has had a turn
    wait     what it waits for, or has waited for, as in `Span.wait`
    on       ids of the tasks that it waits for
    place    the line where it is suspended; None if it has not started, has ended, or is in nobody's code
    until    seconds at which its wait will end; None if it never ends, if the task does not wait, or if a cancellation
             cuts a timer short: when that was due is not written (but for a request or a timeout after which the task
             goes on: there it is the moment of the cancellation), unless it is known what was asked for
    span     the wait itself, also if it is over and the task ready; None if there was none
    """

    task: int
    state: str
    started: bool
    wait: str = ""
    on: tuple[int, ...] = ()
    place: Place | None = None
    until: float | None = None
    span: Span | None = None


class Step:
    """The moment after a turn.

    number     of the turn, from 0
    task       id of the task that had it
    turn       the turn itself, a "run" or "blocked" span
    time       seconds at which it ended
    first      whether it is the task's first turn
    came_from  the line at which the task stood before, or None
    made       ids of the tasks that it created in this turn
    within     ids of the tasks in the middle of whose turns this one was, since its task began eagerly, innermost first
    remarks    what there is to remark on this turn
    standings  `Standing` of each task that exists, by id, in order of creation
    next_time  seconds at which the next turn begins; None if this one is the last
    """

    def __init__(self, steps: Steps, number: int) -> None:
        self.steps, self.number = steps, number
        self.turn, self.task = steps.turns[number]
        self.time = self.turn.end
        own = steps.own[self.task]
        position = bisect_left(own, number)
        self.first = position == 0
        self.came_from = None if self.first else steps.gaps[self.task][position].place
        self.made = tuple(steps.made_by.get(number, ()))
        self.within = tuple(steps.turns[around][1] for around in steps.around(number))
        self.remarks = tuple(steps.remarks.get(number, ()))
        last = number + 1 == len(steps.turns)
        self.next_time = None if last else steps.turns[number + 1][0].start

    @property
    def after(self) -> Standing:
        """Where the task stands that had the turn."""
        return self.standings[self.task]

    @cached_property
    def standings(self) -> dict[int, Standing]:
        steps, number = self.steps, self.number
        found = {}
        for task in steps.run.tasks:
            own = steps.own[task.id]
            had = bisect_right(own, number)
            if had or steps.made_in[task.id] <= number:
                found[task.id] = steps.standing(task, had, number)
        for maker in self.within:
            found[maker] = Standing(maker, RUN, True)
        return found

    @cached_property
    def ready(self) -> tuple[int, ...]:
        """Ids of the tasks in the loop's queue, the next one first."""
        waiting = [task for task, standing in self.standings.items() if standing.state == READY]
        return tuple(sorted(waiting, key=lambda task: self.steps.next_turn(task, self.number)))

    @cached_property
    def timers(self) -> tuple[tuple[float, int], ...]:
        """Of the tasks that wait for the clock or for a request: when they wake, and their ids; the next one first."""
        return tuple(sorted(
            (standing.until, task) for task, standing in self.standings.items()
            if standing.state == WAIT and kind_of(standing.wait).timed and standing.until is not None
        ))

    @property
    def sleeps(self) -> bool:
        """Whether no task has a turn for a while after this one."""
        if self.ready or self.within or self.next_time is None:
            return False
        return self.next_time - self.time > self.steps.moment

    @property
    def others(self) -> bool:
        """Whether tasks that are not among those of the run have turns before the next step."""
        return self.steps.is_gap(self.number)

    @property
    def callbacks(self) -> list[Span]:
        """The callbacks that block the loop before the next step."""
        until = float("inf") if self.next_time is None else self.next_time
        return [span for span in self.steps.run.callbacks if self.time <= span.start < until]


class _Gap(NamedTuple):
    """What a task did between two turns: it waited, or was ready, or both; or neither, for no time at all."""

    wait: Span | None
    ready: Span | None

    @property
    def place(self) -> Place | None:
        span = self.wait or self.ready
        return span.place if span else None


class Steps:
    """The steps of a run: `len(steps)` of them, and `steps[k]` from 0 on; negative numbers count from the end.

    turns     each turn with the id of its task
    own       for each task, the numbers of its turns
    gaps      for each task, what lies before each of its turns, and after the last
    made_in   for each task, the first step after which it is there: that of the turn in which it was created, or, if a
              callback or a library created it, the next one; -1 for the main task

    A task group keeps its tasks in a set, and cancels them in an order that changes from run to run. With
    `settled`, tasks that end cancelled, one directly after the other, are put in order of creation instead.
    """

    def __init__(self, run: Recording, *, settled: bool = False) -> None:
        self.run = run
        self.moment = MOMENT if run.clock == "real" else 0.0
        turns = [(span, task.id) for task in run.tasks for span in task.spans if span.kind in (RUN, BLOCKED)]
        if all(span.step >= 0 for span, _ in turns):
            turns.sort(key=lambda turn: turn[0].step)
        else:                               # a run made by hand, without numbers
            turns.sort(key=lambda turn: (turn[0].start, turn[0].end, turn[1]))
        numbers = [span.step for span, _ in turns]
        self._numbers = numbers if not numbers or numbers[0] >= 0 else list(range(len(turns)))
        if settled:
            _settle(run, turns)
        self.turns: list[tuple[Span, int]] = turns
        # an eager task's turn ends before its parent's
        self._ends = list(accumulate((span.end for span, _ in turns), max))
        self.own: list[list[int]] = [[] for _ in run.tasks]
        for number, (_, task) in enumerate(turns):
            self.own[task].append(number)
        self.gaps = [_gaps(task) for task in run.tasks]
        self.made_in = [self._made_in(task) for task in run.tasks]
        self.made_by: dict[int, list[int]] = {}
        for each, number in zip(run.tasks, self.made_in):
            if 0 <= number < len(turns) and each.parent == turns[number][1]:
                self.made_by.setdefault(number, []).append(each.id)
        self.remarks = self._place_remarks()
        self._first_within = list(range(len(turns)))        # of each turn the first one that was in the middle of it
        for number in range(len(turns)):
            for around in self.around(number):
                self._first_within[around] = min(self._first_within[around], number)
        self._ready_after = self._join_queue()

    def __len__(self) -> int:
        return len(self.turns)

    def __getitem__(self, number: int) -> Step:
        if number < 0:
            number += len(self.turns)
        if not 0 <= number < len(self.turns):
            raise IndexError(f"this run has {len(self.turns):,} steps, from 0 on")
        return Step(self, number)

    def __iter__(self) -> Iterator[Step]:
        return map(self.__getitem__, range(len(self)))

    def is_gap(self, number: int) -> bool:
        """Whether the recording lacks turns between this step and the next."""
        return number + 1 < len(self._numbers) and self._numbers[number + 1] - self._numbers[number] > 1

    def around(self, number: int) -> Iterator[int]:
        """The turns in the middle of which that one was, innermost first: the first turn of an eager task was so."""
        task = self.turns[number][1]
        while self.own[task][0] == number < self.made_in[task] < len(self.turns):
            number = self.made_in[task]
            yield number
            task = self.turns[number][1]

    def next_turn(self, task: int, number: int) -> int:
        """The number of the next turn of a task after that of step `number`; beyond all if it has none."""
        own = self.own[task]
        at = bisect_right(own, number)
        return own[at] if at < len(own) else len(self.turns) + task

    def standing(self, task: Task, had: int, number: int) -> Standing:
        """Where a task stands after step `number`, if it has had so many of its turns."""
        # The first line that holds:
        #
        #   no turn is to come, and the task has ended            its outcome
        #   between the two turns it did not wait                 ready, since the turn before
        #   it waited, and has joined the queue by this step      ready
        #   it waited, and no turn is to come, but it was ready   ready: the run ended before its turn
        #   it waited                                             waits, until the wait is over
        #
        # When that is, is not known of a wait that nothing ended, nor of a timer that did not run to its end: the task
        # was cancelled, and has ended, or somebody has woken it while it slept.
        own = self.own[task.id]
        last = had == len(own)
        started = had > 0
        if last and task.outcome != PENDING:
            return Standing(task.id, task.outcome, started)
        wait, ready = gap = self.gaps[task.id][had]
        if wait is None:
            return Standing(task.id, READY, started, ready.wait if ready else "", (), gap.place)
        joined = ready is not None if last else self._ready_after[own[had]] <= number
        if joined:
            return Standing(task.id, READY, started, wait.wait, (), gap.place, span=wait)
        cancelled = task.outcome == CANCELLED and had + 1 == len(own) and kind_of(wait.wait).timed
        cut = cancelled or (wait.wait == "sleep" and wait.woken >= 0)
        until = None if last or cut else wait.end
        if wait.asked >= 0 and kind_of(wait.wait).timed and (wait.cut or until is None):
            until = wait.start + wait.asked                 # as the loop has it, until the wait is cut short
        return Standing(task.id, WAIT, started, wait.wait, wait.on, gap.place, until, wait)

    # -- who was made when, and ready when ------------------------------------------------------

    def _made_in(self, task: Task) -> int:
        """The first step after which a task is there: that of its parent's turn in which it was created."""
        if task.id == 0:
            return -1
        own = self.own[task.id]
        first = own[0] if own else len(self.turns)
        if task.made >= 0:
            step = bisect_left(self._numbers, task.made)
            known = step < len(self.turns) and self._numbers[step] == task.made
            if known and task.parent == self.turns[step][1]:
                return step
            # Somebody else created it before that turn, or in one that is not among the steps. It may have been some
            # time before, so it is there after the turn, at the latest after its own first.
            return min(step, first)
        if task.parent is None or not self.own[task.parent]:
            return min(bisect_right(self._ends, task.created), first)
        turns = self.own[task.parent]
        at_work = [n for n in turns if self.turns[n][0].start <= task.created <= self.turns[n][0].end]
        # A new task goes to the end of the queue, so its parent has no second turn before it; an eager one
        # has its first turn in the middle of its parent's.
        before = [n for n in at_work if n < first]
        if before or at_work:
            return before[-1] if before else at_work[0]
        return turns[max(bisect_left(turns, first) - 1, 0)]

    def _place_remarks(self) -> dict[int, list[Remark]]:
        """Which turn each remark is on; those that are on no task's are after the last one before."""
        found: dict[int, list[Remark]] = {}
        for remark in self.run.remarks:
            own = self.own[remark.task] if self.run.task(remark.task) and remark.task is not None else []
            # a turn lasts no time in virtual time, and the task may have had others at the same instant
            at = own[bisect_left(own, remark.start, key=self._end) : bisect_right(own, remark.start, key=self._start)]
            number = next((n for n in at if n not in found), at[-1] if at else -1)
            if number < 0:
                number = max(bisect_right(range(len(self.turns)), remark.start, key=self._start) - 1, 0)
            found.setdefault(number, []).append(remark)
        return found

    def _start(self, number: int) -> float:
        return self.turns[number][0].start

    def _end(self, number: int) -> float:
        return self.turns[number][0].end

    def _join_queue(self) -> list[int]:
        """For each turn the number of the step after which its task was ready for it; the turn's own if never seen."""
        ends = self._ends
        ready_after = list(range(len(self.turns)))
        earliest = len(self.turns)                      # when somebody further behind in the queue joined it
        for number in range(len(self.turns) - 1, -1, -1):
            _, task = self.turns[number]
            position = bisect_left(self.own[task], number)
            gap = self.gaps[task][position]
            before = self.own[task][position - 1] if position else self.made_in[task]
            if gap.wait is None:
                joined = before
            else:
                due = max(bisect_left(ends, gap.wait.end), before)
                # by the end of a turn that took its time, a wait may be long over: then it is kept waiting
                over = max(bisect_right(ends, gap.wait.end), before)
                joined = min(self._woken(number, gap.wait, due, before, earliest), over)
            ready_after[number] = joined = min(joined, number)
            earliest = min(earliest, joined)
        return ready_after

    def _woken(self, number: int, wait: Span, due: int, before: int, earliest: int) -> int:
        """The step after which a task that waited is certainly ready for turn `number`.

        due       the first step that ended when the wait was over, or after that
        before    the task's turn before
        earliest  the first step after which somebody is ready whose turn comes later
        """
        # It is ready at the latest when its turn is next; or, if the loop slept until then, not before the turn itself,
        # which is to say after no step: that is `certain`. The first line that holds says whether it was earlier:
        #
        #   real time                                             as soon as the wait was over
        #   the recording has the turn in which it was woken      after that one
        #   it waited for tasks, and all have ended before        after the last turn of these tasks
        #   a timer ended the wait                                as soon as the wait was over
        #   else (a lock, a queue)                                when somebody behind it in the queue is ready,
        #                                                         and the wait is over
        #
        # A task that ends cancelled was not woken by its timer, whatever it waited for.
        turn, task = self.turns[number]
        begun = self._first_within[number]              # the turn began before those that are in the middle of it
        slept = turn.start - self.turns[begun - 1][0].end > self.moment if begun else True
        certain = number if slept else begun - 1
        kind = kind_of(wait.wait)
        if self.run.clock == "real":
            return min(due, certain)
        if wait.woken >= 0:
            woken = bisect_right(self._numbers, wait.woken) - 1
            if woken < 0 or self._numbers[woken] != wait.woken:     # a turn that is not among the steps, maybe later
                woken = max(woken, due)
            return max(before, min(woken, certain))
        if kind.family == "tasks" and wait.on and not wait.cut:
            ends = [self.own[other][-1] for other in wait.on
                    if self.own[other] and self.run.tasks[other].outcome != PENDING]
            if len(ends) == len(wait.on) and due <= max(ends) < number:
                return max(before, max(ends))
        cancelled = (number == self.own[task][-1] and self.run.tasks[task].outcome == CANCELLED
                     and (wait.asked < 0 or bool(wait.cut)))
        if (kind.timed and not cancelled) or wait.cut == "timeout":
            return min(due, certain)
        return max(before, due, min(certain, earliest)) if due <= certain else certain


def _settle(run: Recording, turns: list[tuple[Span, int]]) -> None:
    def is_cancelled(turn: Span, task: int) -> bool:
        return run.tasks[task].outcome == CANCELLED and turn == run.tasks[task].spans[-1]

    first = 0
    while first < len(turns):
        last = first
        while last < len(turns) and is_cancelled(*turns[last]) and (
            run.clock == "real" or turns[last][0].start == turns[first][0].start == turns[last][0].end
        ):
            last += 1
        turns[first:last] = sorted(turns[first:last], key=lambda turn: turn[1])
        first = max(last, first + 1)


def _gaps(task: Task) -> list[_Gap]:
    gaps, wait, ready = [], None, None
    for span in task.spans:
        if span.kind == WAIT:
            wait = span
        elif span.kind == READY:
            ready = span
        else:
            gaps.append(_Gap(wait, ready))
            wait = ready = None
    return gaps + [_Gap(wait, ready)]
