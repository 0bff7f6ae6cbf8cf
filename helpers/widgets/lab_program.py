"""What the lab runs: settings, the program that they make, and what came out of it.

    settings = Settings(requests=100, strategy="semaphore", limit=10)
    print(source(settings))         # a program, as a learner would write it
    outcome = run(settings)         # of exactly that program, in virtual time

The text of the program is the only truth: it is compiled and run as it stands, and nothing beside it.
"""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from helpers.arguments import choice, number, probability, whole_number
from helpers.recording import Recording, most_at_once
from helpers.simulated_io import JITTERS, QUEUE, REFUSE
from helpers.wait_kinds import WAIT
from helpers.words import count, first_line, seconds, short

STRATEGIES = ("one by one", "gather", "task group", "as completed", "semaphore", "workers")
LIMITED = ("semaphore", "workers")      # strategies that have a limit of their own
CAUGHT, RAISED = "caught", "raised"
MOST = 1_000                            # requests
FILE = "<lab>"                          # what places in the recording name as the file of the program


@dataclass(frozen=True)
class Settings:
    """One experiment: `requests` questions to one shop.

    requests      1 to 1,000; every one asks for another item
    latency, jitter, failure_rate, capacity, when_full    the shop's, as of `Shop`
    strategy      "one by one", "gather", "task group", "as completed", "semaphore" or "workers"
    limit         how many requests at a time; counts for "semaphore" and "workers" only
    timeout       seconds after which one request is given up; None: never
    retries       how often a request that failed, or took too long, is repeated
    errors        what happens when the last attempt fails: "caught", there is no price; or "raised"

    Raises TypeError or ValueError for anything else.
    """

    requests: int = 20
    latency: float = 0.3
    jitter: str = "uniform"
    failure_rate: float = 0.0
    capacity: int | None = None
    when_full: str = QUEUE
    strategy: str = "gather"
    limit: int = 5
    timeout: float | None = None
    retries: int = 0
    errors: str = CAUGHT

    def __post_init__(self) -> None:
        plain = int, float          # of which the program shows what a learner would write
        whole_number("requests", self.requests, least=1, most=MOST, write="for example requests=5")
        number("latency", self.latency, kind=plain, write="for example latency=0.5")
        choice("jitter", self.jitter, JITTERS)
        probability("failure_rate", self.failure_rate, kind=plain)
        if self.capacity is not None:
            whole_number("capacity", self.capacity, least=1, write="for example capacity=5")
        choice("when_full", self.when_full, (QUEUE, REFUSE))
        choice("strategy", self.strategy, STRATEGIES)
        whole_number("limit", self.limit, least=1, most=MOST, write="for example limit=5")
        if self.timeout is not None:
            number("timeout", self.timeout, least=0.001, kind=plain, write="for example timeout=0.5")
        whole_number("retries", self.retries, most=10, write="for example retries=5")
        choice("errors", self.errors, (CAUGHT, RAISED))

    def __str__(self) -> str:
        """All that counts, in words; what is left out does not count."""
        at_a_time = f" ({self.limit} at a time)" if self.strategy in LIMITED else ""
        jitter = f" ({self.jitter})" if self.jitter != "none" else ""
        words = [count(self.requests, "request"), self.strategy + at_a_time, f"latency {seconds(self.latency)}{jitter}"]
        if self.failure_rate:
            words.append(f"{self.failure_rate:.3g} of them fail" if self.failure_rate < 1 else "all fail")
        if self.capacity is not None:
            words.append(f"the shop serves {self.capacity:,} at once"
                         + (" and refuses the others" if self.when_full == REFUSE else ""))
        if self.timeout is not None:
            words.append(f"timeout {seconds(self.timeout)}")
        if self.retries:
            words.append(f"{self.retries} retr{'ies' if self.retries > 1 else 'y'}")
        if self.errors == RAISED and self.can_fail:
            words.append("errors are raised")
        return ", ".join(words)

    @property
    def can_fail(self) -> bool:
        """Whether a request can end without a price at all."""
        refuses = self.capacity is not None and self.when_full == REFUSE
        return self.failure_rate > 0 or self.timeout is not None or refuses


# -- the program ------------------------------------------------------------------------------------


def source(settings: Settings) -> str:
    """The program of these settings, ready to be pasted into a cell."""
    s = settings
    return "\n".join([
        "import asyncio",
        "from helpers import Shop, simulate",
        "",
        *_shop(s),
        f'items = [f"item {{number}}" for number in range(1, {s.requests + 1})]',
        "",
        "",
        *_get_price(s),
        "",
        "",
        *MAIN[s.strategy].format(limit=s.limit).strip("\n").splitlines(),
        "",
        "",
        "run = simulate(main())",
        "run",
        "",
    ])


def _shop(s: Settings) -> list[str]:
    options = [f"latency={s.latency!r}"]
    if s.jitter != "none":
        options.append(f'jitter="{s.jitter}"')
    if s.failure_rate:
        options.append(f"failure_rate={s.failure_rate!r}")
    if s.capacity is not None:
        options.append(f"capacity={s.capacity}")
        if s.when_full == REFUSE:
            options.append('when_full="refuse"')
    line = f'shop = Shop("north", {", ".join(options)})'
    return [line] if len(line) <= 88 else ["shop = Shop(", '    "north",', f"    {', '.join(options)},", ")"]


def _get_price(s: Settings) -> list[str]:
    """The coroutine that gets one price: as short as the settings allow."""
    body = ["return await shop.price(item)"]
    if s.timeout is not None:
        body = [f"async with asyncio.timeout({s.timeout!r}):", *_indented(body)]
    if s.can_fail:
        errors = "(ConnectionError, TimeoutError)" if s.timeout is not None else "ConnectionError"
        if s.retries:
            end = {CAUGHT: ["pass              # once more, and then without a price"],
                   RAISED: [f"if attempt == {s.retries}:", "    raise         # the last attempt"]}[s.errors]
            body = [f"for attempt in range({s.retries + 1}):",
                    *_indented(["try:", *_indented(body), f"except {errors}:", *_indented(end)])]
        elif s.errors == CAUGHT:
            body = ["try:", *_indented(body), f"except {errors}:", "    return None       # without a price"]
    return ["async def get_price(item):", *_indented(body)]


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


MAIN = {
    "one by one": """
async def main():
    return [await get_price(item) for item in items]
""",
    "gather": """
async def main():
    return await asyncio.gather(*[get_price(item) for item in items])
""",
    "task group": """
async def main():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(get_price(item), name=item) for item in items]
    return [task.result() for task in tasks]
""",
    "as completed": """
async def main():
    tasks = [asyncio.create_task(get_price(item), name=item) for item in items]
    return [await answer for answer in asyncio.as_completed(tasks)]
""",
    "semaphore": """
async def main():
    slots = asyncio.Semaphore({limit})

    async def in_turn(item):
        async with slots:
            return await get_price(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(in_turn(item), name=item) for item in items]
    return [task.result() for task in tasks]
""",
    "workers": """
async def main():
    queue = asyncio.Queue(maxsize={limit})
    prices = {{}}

    async def work():
        while (item := await queue.get()) is not None:
            prices[item] = await get_price(item)

    async with asyncio.TaskGroup() as group:
        for number in range(1, {limit} + 1):
            group.create_task(work(), name=f"worker {{number}}")
        for item in [*items, *[None] * {limit}]:        # None: no more work for one worker
            await queue.put(item)
    return [prices[item] for item in items]
""",
}


# -- running it -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What came of a run. `prices` is how many requests got one; `sent` counts every attempt; `peak` is the largest
    number of requests that were under way at one moment, those included that queue at the shop."""

    settings: Settings
    recording: Recording
    prices: int
    sent: int
    peak: int

    @property
    def failed(self) -> int:
        """How many of the requests got no price."""
        return self.settings.requests - self.prices

    @property
    def throughput(self) -> float:
        """Prices per second of virtual time; 0 if it took no time."""
        return self.prices / self.recording.elapsed if self.recording.elapsed > 0 else 0.0

    @property
    def rate(self) -> str:
        """The throughput in words, to three digits."""
        return f"{self.throughput:,.3g}" if self.throughput < 1000 else f"{self.throughput:,.0f}"

    def __str__(self) -> str:
        """The result in one line, exact: it is the same on every machine."""
        words = [f"{count(self.prices, 'price')} in {short(self.recording.elapsed)}",
                 f"{self.rate} per second",
                 f"peak {self.peak:,} in flight", f"{self.failed:,} failed"]
        if self.sent != self.settings.requests:
            words.append(count(self.sent, "attempt"))
        if self.recording.error:
            words.append(f"ended with {first_line(self.recording.error)}")
        return "; ".join(words)


def run(settings: Settings) -> Outcome:
    """Run the program of these settings in virtual time."""
    logging.getLogger("asyncio").addFilter(_not_of_the_lab)      # once: a second time has no effect
    names: dict[str, Any] = {"__name__": "lab"}
    exec(_compiled(source(settings)), names)
    recording: Recording = names["run"]
    # In an error the prices that had come are lost with the list that was to hold them.
    prices = 0 if recording.error else sum(price is not None for price in recording.value)
    return Outcome(settings, recording, prices, names["shop"].requests, requests_in_flight(recording))


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


def differences(one: Settings, other: Settings) -> list[str]:
    """The names of the settings in which two experiments differ."""
    return [field.name for field in dataclasses.fields(Settings)
            if getattr(one, field.name) != getattr(other, field.name)]
