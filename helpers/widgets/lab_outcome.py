"""What comes out of an experiment of the lab: its program is run in virtual time, and counted.

    outcome = run(Settings(requests=100, strategy="semaphore", limit=10))
    print(outcome)                  # 100 prices in 3.4 s; ...

The text of the program is the only truth: it is compiled and run as it stands, and nothing beside it.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from traceback import walk_tb
from typing import Any

from helpers.recording import Recording, Task, most_at_once
from helpers.simulated_io import FINISH, Shop
from helpers.wait_kinds import READY, WAIT
from helpers.widgets.lab_program import source
from helpers.widgets.lab_settings import Settings
from helpers.words import count, first_line, short

FILE = "<lab>"                          # what places in the recording name as the file of the program
ONE_REQUEST = ("get_price", "in_turn")  # coroutines of which each is one request
TENTHS = 10

ANSWERED, RAISED, WENT_ON, CANCELLED, NOT_BEGUN = "answered in vain", "raised", "went on", "cancelled", "not begun"
FATES = (ANSWERED, RAISED, WENT_ON, CANCELLED, NOT_BEGUN)
OUTCOMES = {"result": ANSWERED, "exception": RAISED, "pending": WENT_ON, "cancelled": CANCELLED}    # of a task


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    prices    how many requests got one
    sent      how many attempts were made, each of which asked the shop
    peak      the largest number of attempts that were under way at one moment, those included that queue at the shop
    refused   how many of the attempts the shop sent away at once
    wasted    how many it worked off when nobody waited any more, or has still to work off at the end
    dropped   how many it gave up, since nobody waited any more
    spared    how many attempts were not made, since the circuit breaker was open
    within    seconds within which 99 % of the requests ended, with a price or without; None where a request is no task
    tenths    of requests that arrive over time: which share was answered, of each tenth of them in turn
    fates     of a run that ended with an error: what became of how many requests, by the words of `FATES`
    in_vain   the numbers of the tasks that were a request each, and brought no price, although they caught the error
    """

    settings: Settings
    recording: Recording
    prices: int
    sent: int
    peak: int
    refused: int = 0
    wasted: int = 0
    dropped: int = 0
    spared: int = 0
    within: float | None = None
    tenths: tuple[float, ...] = ()
    fates: dict[str, int] = field(default_factory=dict)
    in_vain: tuple[int, ...] = ()

    @property
    def failed(self) -> int:
        """How many of the requests got no price; of a run that ended with an error, how many raised one."""
        return self.fates[RAISED] if self.fates else self.settings.requests - self.prices

    @property
    def fates_in_words(self) -> str:
        """What became of the requests of a run that ended with an error; "" of any other."""
        return ", ".join(f"{number:,} {fate}" for fate, number in self.fates.items() if number)

    @property
    def throughput(self) -> float:
        """Prices per second of virtual time; 0 if it took no time."""
        return self.prices / self.recording.elapsed if self.recording.elapsed > 0 else 0.0

    @property
    def rate(self) -> str:
        """The throughput in words, to three digits; a dash if no time has passed."""
        if self.recording.elapsed <= 0:
            return "-"
        return f"{self.throughput:,.3g}" if self.throughput < 1000 else f"{self.throughput:,.0f}"

    @property
    def tells_when(self) -> bool:
        """Whether it is of interest within which time most requests ended."""
        return self.settings.arriving or self.settings.hedge is not None

    def __str__(self) -> str:
        """The result in one line, exact: it is the same on every machine."""
        words = [f"{count(self.prices, 'price')} in {short(self.recording.elapsed)}"]
        if self.recording.elapsed > 0:
            words += [f"{self.rate} per second", f"peak {self.peak:,} in flight"]
        words.append(f"{self.failed:,} failed")
        if self.sent != self.settings.requests:
            words.append(count(self.sent, "attempt"))
        told = {"refused": self.refused, "dropped": self.dropped if self.settings.hedge is not None else 0,
                "wasted": self.wasted, "not sent": self.spared}
        words += [f"{number:,} {word}" for word, number in told.items() if number]
        if self.within is not None and self.tells_when:
            words.append(f"99 % ended within {short(self.within)}")
        if self.tenths:
            words.append(f"answered, of each tenth: {' '.join(percent(share) for share in self.tenths)} %")
        if self.fates:
            words.append(f"of the requests {self.fates_in_words}")
        if self.recording.error:
            words.append(f"ended with {first_line(self.recording.error)}")
        return "; ".join(words)


def percent(share: float) -> str:
    """A share in per cent, which is 0 and 100 only if it is none and all.

    >>> percent(0.004), percent(0.5), percent(0.999), percent(1)
    ('1', '50', '99', '100')
    """
    return str(round(100 * share)) if share in (0, 1) else str(min(99, max(1, round(100 * share))))


def run(settings: Settings) -> Outcome:
    """Run the program of these settings in virtual time."""
    logging.getLogger("asyncio").addFilter(_not_of_the_lab)      # once: a second time has no effect
    names: dict[str, Any] = {"__name__": "lab"}
    exec(_compiled(source(settings)), names)
    recording: Recording = names["lab_run"]
    shop: Shop = names["lab_shop"]
    # In an error the prices that had come are lost with the list that was to hold them.
    answered = [] if recording.error else [price is not None for price in recording.value]
    left = shop.in_flight + shop.queued if settings.when_cancelled == FINISH else 0
    return Outcome(
        settings, recording, sum(answered), shop.requests, requests_in_flight(recording),
        shop.refused, shop.wasted + left, shop.dropped, names.get("lab_spared", 0), _within(recording),
        _tenths(answered) if settings.arriving and settings.strategy != "as completed" else (),
        _fates(settings, recording) if recording.error else {},
        _in_vain(settings, recording, answered),
    )


def _in_vain(settings: Settings, recording: Recording, answered: list[bool]) -> tuple[int, ...]:
    """The tasks that were a request each and brought no price; none where a request is no task of its own."""
    tasks = [task for task in recording.tasks if task.coroutine in ONE_REQUEST]
    if len(tasks) != len(answered):
        return ()
    if settings.strategy == "as completed":         # the prices are in the order in which they came
        tasks.sort(key=lambda task: (task.finished or 0.0, task.spans[-1].step))
    return tuple(task.id for task, got_price in zip(tasks, answered) if not got_price)


def _fates(settings: Settings, recording: Recording) -> dict[str, int]:
    """What became of each request when an error of one ended the run, and took all prices with it."""
    error = recording.exception
    if settings.strategy == "one by one":
        item = _local(error, "get_price", "item")           # "item 7": there were six before it
        found = Counter({ANSWERED: int(item.split()[-1]) - 1, RAISED: 1})
    elif settings.strategy == "workers":
        errors: list[BaseException] = [*getattr(error, "exceptions", [])]
        busy = [task for task in recording.tasks if task.coroutine == "work" and task.outcome == "cancelled"
                and _last_wait(task) not in ("queue get", "")]
        found = Counter({ANSWERED: len(_local(errors[0], "work", "prices")), RAISED: len(errors), CANCELLED: len(busy)})
    else:
        found = Counter(OUTCOMES[task.outcome] for task in recording.tasks if task.coroutine in ONE_REQUEST)
    found[NOT_BEGUN] = settings.requests - found.total()
    return {fate: found[fate] for fate in FATES}


def _last_wait(task: Task) -> str:
    """What a task waited for last, be it over or not; "" if it has not begun."""
    return next((span.wait for span in reversed(task.spans) if span.kind in (READY, WAIT)), "")


def _local(error: BaseException | None, function: str, name: str) -> Any:
    """A local variable of a function that an error has come through."""
    for frame, _ in walk_tb(error.__traceback__ if error is not None else None):
        if frame.f_code.co_name == function:
            return frame.f_locals[name]
    raise LookupError(f"{error!r} has not come through {function}")


def _within(recording: Recording) -> float | None:
    """Seconds within which 99 % of the requests ended, if each is a task."""
    times = sorted(task.finished - task.created for task in recording.tasks[1:]
                   if task.finished is not None and task.coroutine in ONE_REQUEST)
    return times[math.ceil(0.99 * len(times)) - 1] if times else None


def _tenths(answered: list[bool]) -> tuple[float, ...]:
    """The shares of each tenth that are true; of fewer than ten, of each."""
    parts = min(TENTHS, len(answered))
    bounds = [len(answered) * part // parts for part in range(parts + 1)] if parts else []
    return tuple(sum(answered[begin:end]) / (end - begin) for begin, end in pairwise(bounds))


def _not_of_the_lab(record: logging.LogRecord) -> bool:
    """Whether a message of asyncio's is about anything but the lab's own programs.

    A `gather` that fails leaves errors behind which nobody awaits. asyncio complains of each when it is thrown away:
    right for a program of the learner's, but for every step of a slider it would fill a cell that has no part in it.
    """
    return f"defined at {FILE}:" not in record.getMessage()


@lru_cache(maxsize=512)
def _compiled(text: str) -> Any:
    return compile(text, FILE, "exec")


def requests_in_flight(run: Recording) -> int:
    """The largest number of tasks that waited for a request at the same moment."""
    return most_at_once((span.start, span.end) for task in run.tasks for span in task.spans
                        if span.kind == WAIT and span.wait == "request")
