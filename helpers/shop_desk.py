"""What a shop knows about one run: who is being served, who queues, and what became of the others.

A shop can be slow, or closed, for stretches of a run. They are counted in seconds from the begin of the recording or of
the simulation; elsewhere from the first request.

Much happens at one instant of virtual time: one request ends, and the next takes its place; a request is cancelled, and
its place is given on. Only what lasts counts as being in flight together: what ends at an instant makes place for what
begins then. `Desk.peak` is true in this sense in whatever order the tasks take their turns.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections import Counter, OrderedDict
from typing import NamedTuple

from helpers.recorder import Recorder, current_recorder
from helpers.recorder.asyncio_internals import get_running_loop
from helpers.virtual import VirtualTimeLoop

Run = Recorder | asyncio.AbstractEventLoop


class Stretch(NamedTuple):
    """From when to when a shop is slow or closed, in seconds of the run; and how many times as long it takes then."""

    start: float
    end: float
    factor: float = 1.0


class Hours(NamedTuple):
    """When a shop is slow, and when it is closed."""

    slow: tuple[Stretch, ...] = ()
    closed: tuple[Stretch, ...] = ()

    def opens(self, at: float) -> float:
        """The first moment from `at` on at which it is open: `at` itself, the end of a stretch, or never (infinity)."""
        for _ in self.closed:                   # one may end within another
            for stretch in self.closed:
                if stretch.start <= at < stretch.end:
                    at = stretch.end
        return at

    def factor(self, at: float) -> float:
        """How many times as long a request takes that it begins to serve at this moment."""
        return math.prod(stretch.factor for stretch in self.slow if stretch.start <= at < stretch.end)


class Request:
    """One request.

    latency    seconds that it takes if the shop is not slow
    fails      whether it will fail
    takes      seconds that it takes, known once it is being served
    delay      seconds in the queue, as computed on arrival; of one that blocks its thread
    turn       done when it is this request's turn, if a task waits for it
    loop       the task's
    abandoned  whether nobody waits for it any more
    began      when the shop began to serve it
    void       whether it was cancelled at the instant at which it was begun to be served
    era        the number of the last `reset()` before it
    """

    __slots__ = ("abandoned", "began", "delay", "era", "fails", "latency", "loop", "takes", "turn", "void")

    def __init__(self, latency: float, fails: bool, era: int) -> None:
        self.latency = self.takes = latency
        self.fails = fails
        self.era = era
        self.delay = 0.0
        self.turn: asyncio.Future[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.abandoned = self.void = False
        self.began = -math.inf


class Desk:
    """What a shop knows about one run. It keeps neither run nor loop alive, once nobody waits here.

    requests   how many were begun, since the last `reset`; so are these four:
    served     worked off to the end, those included that gave no price, and those for which nobody waited any more
    failed     of these, those that gave no price
    wasted     of these, those for which nobody waited any more
    refused    sent away at once
    dropped    given up by who asked, and so by the shop
    """

    def __init__(self, capacity: int | None, hours: Hours) -> None:
        self.capacity = capacity
        self.hours = hours
        self.asked: Counter[str] = Counter()
        self.serving: dict[Request, float] = {}             # -> when it should be done, in seconds of `now()`
        self.queue: OrderedDict[Request, None] = OrderedDict()
        self.first_asked: float | None = None               # on the clock of `now()`
        self.opening: asyncio.TimerHandle | None = None     # the timer that serves those who wait for the opening
        self.era = -1
        self.reset()

    def reset(self) -> None:
        """Count from nothing; those who are here stay."""
        self.asked.clear()
        self.requests = self.served = self.failed = self.wasted = self.refused = self.dropped = 0
        self.era += 1
        self.most = 0                   # the peak of all instants before this one
        self.instant = -math.inf        # when something last began or ended
        self.before = len(self.serving)                     # how many were being served before that, and are still
        self.steps: list[tuple[Request, int]] = []          # what began (+1) at that instant, and ended (-1) of it
        if not self.serving:
            self.first_asked = None

    # -- the time of the run --------------------------------------------------------------------

    def seconds(self) -> float:
        """Seconds since the run began."""
        run = run_of_this()
        if isinstance(run, Recorder):
            return (run.clock() - run.started) / 1e9
        if isinstance(run, VirtualTimeLoop):
            return run.time()
        if self.first_asked is None:
            self.first_asked = now()
        return now() - self.first_asked

    def is_open(self) -> bool:
        """Whether it is not closed now."""
        if not self.hours.closed:
            return True
        at = self.seconds()
        return self.hours.opens(at) == at

    def opens_in(self) -> float:
        """Seconds until it opens: 0 if it is open, infinity if it never does."""
        at = self.seconds()
        return self.hours.opens(at) - at

    def has_place(self) -> bool:
        """Whether one who comes now is served at once."""
        return (self.capacity is None or len(self.serving) < self.capacity) and self.is_open()

    # -- serving --------------------------------------------------------------------------------

    def serve(self, request: Request) -> None:
        """Begin to serve it."""
        if self.hours.slow:
            request.takes = request.latency * self.hours.factor(self.seconds())
        at = self._now()
        self.serving[request] = at + request.takes
        request.began = at
        self.steps.append((request, 1))

    def leave(self, request: Request, cancelled: bool) -> None:
        """No longer serve it. Without effect if it is not being served."""
        if request not in self.serving:
            return
        at = self._now()
        del self.serving[request]
        if request.began < at:
            self.before -= 1
        else:
            self.steps.append((request, -1))
            request.void = cancelled

    def _now(self) -> float:
        """The time, and a new instant if it has passed."""
        at = now()
        if at > self.instant:
            self.most = self.peak
            self.instant = at
            self.before = len(self.serving)
            self.steps.clear()
        return at

    @property
    def peak(self) -> int:
        """The largest number served at once. What ends at an instant makes place for what begins then."""
        here = most = 0
        for request, step in self.steps:
            if not request.void:
                here += step
                most = max(most, here)
        return max(self.most, self.before + most)

    def compute_delay(self) -> float:
        """Seconds until a request that now joins the end of the queue is served, if nobody is cancelled."""
        at, zero = now(), self.seconds()
        ends = list(self.serving.values()) if self.capacity is not None else []
        heapq.heapify(ends)

        def begins() -> float:
            free = at if self.capacity is None or len(ends) < self.capacity else heapq.heappop(ends)
            since = max(free, at) - at + zero
            return self.hours.opens(since) - zero       # seconds from now

        for earlier in list(self.queue):
            begin = begins()
            if self.capacity is not None:
                heapq.heappush(ends, at + begin + earlier.latency * self.hours.factor(begin + zero))
        return max(0.0, begins())


def run_of_this() -> Run | None:
    """Whose request this is: a recording's, a simulation's, else an event loop's, else nobody's.

    `asyncio.to_thread` hands the recording on to its thread, which has no loop of its own.
    """
    loop = get_running_loop()
    recorder = current_recorder()
    if recorder is not None and (loop is None or loop is recorder.loop):
        return recorder
    return loop


def now() -> float:
    """Seconds on the clock of the run."""
    run = run_of_this()
    if run is None:
        return time.monotonic()
    return run.loop.time() if isinstance(run, Recorder) else run.time()
