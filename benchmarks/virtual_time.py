"""Virtual time: what 10,000 requests cost, against the fastest library that does the same, and against real time.

And what it costs to start, in a process that is as full as that of a notebook, or of a large test suite.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter, process_time

from helpers import VirtualTimeLoop, simulate

from .measure import compare, installed, rounds, table

ROUNDS = 9
STARTS = 100                # loops, of which the first is told apart
OBJECTS = 1_000_000
START = 5.0                 # milliseconds that a start may take, after the first


async def main() -> float:
    """10,000 requests of 0.1 s, 50 at a time: 20 s."""
    limit = asyncio.Semaphore(50)
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def request() -> None:
        async with limit:
            await asyncio.sleep(0.1)

    await asyncio.gather(*[request() for _ in range(10_000)])
    return loop.time() - start


def on(make_loop: Callable[[], asyncio.AbstractEventLoop]) -> float:
    """Run it on a loop, which is driven directly."""
    loop = make_loop()
    try:
        duration = loop.run_until_complete(main())
    finally:
        loop.close()
    if not 19.999 < duration < 60:
        raise AssertionError(f"the program should take 20 s on {type(loop).__name__}, and took {duration} s")
    return duration


async def nothing() -> None:
    """The least that a loop can do."""


def start_a_loop() -> None:
    loop = VirtualTimeLoop()
    try:
        loop.run_until_complete(nothing())
    finally:
        loop.close()


def starts(program: Callable[[], object]) -> list[float]:
    """Milliseconds of CPU time, each time that it is run."""
    taken = []
    for _ in range(STARTS):
        begin = process_time()
        program()
        taken.append((process_time() - begin) * 1000)
    return taken


def starting() -> str:
    """What a run costs that does nothing, among many objects, some of which keep a clock or a sleep."""
    keepers = [(time.sleep,), [time.sleep], {"sleep": time.sleep}, functools.partial(time.sleep, 1), [time.monotonic]]
    objects = [[number] for number in range(OBJECTS)]
    rows = []
    programs = {"VirtualTimeLoop": start_a_loop, "simulate, and its Recording": lambda: simulate(nothing())}
    for name, program in programs.items():
        first, *others = starts(program)
        rows.append([name, f"{first:.2f}", f"{median(others):.2f}", f"{max(others):.2f}", f"{START:g}"])
    return table(f"Virtual time: a run that does nothing, in a process with {len(objects):,} objects more, and "
                 f"{len(keepers)} that keep a clock",
                 ["milliseconds of CPU time", "the first", "median", "longest", "median at most"], rows)


def tables() -> Iterator[str]:
    programs: dict[str, Callable[[], object]] = {}
    if installed("seedloop"):
        from seedloop._loop import DeterministicLoop

        programs["seedloop 0.4, DeterministicLoop"] = lambda: on(DeterministicLoop)
    programs["VirtualTimeLoop"] = lambda: on(VirtualTimeLoop)
    programs["simulate: the same, and its Recording"] = lambda: simulate(main())
    seconds = rounds(programs, ROUNDS)
    base = next(iter(programs))
    found = compare(seconds, base)

    busy, wall = process_time(), perf_counter()
    on(asyncio.new_event_loop)
    busy, wall = process_time() - busy, perf_counter() - wall
    rows = [[name, f"{best:.2f}", f"{median:.2f}", f"{min(seconds[name]):.2f}",
             "1.0" if name == "VirtualTimeLoop" and name != base else ""] for name, (best, median) in found.items()]
    ratio = busy / min(seconds[base])
    rows.append([f"the real loop, which takes {wall:.0f} s", f"{ratio:.2f}", "", f"{busy:.2f}", ""])
    note = "" if installed("seedloop") else "Not installed, so not measured: seedloop, the fastest peer."
    yield table("Virtual time: 10,000 requests of 0.1 s, 50 at a time",
                [f"CPU time, over that of {base}", "best", "median", "seconds", "at most"], rows, note)
    yield starting()
