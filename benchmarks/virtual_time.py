"""Virtual time: what 10,000 requests cost, against the fastest library that does the same, and against real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter, process_time

from helpers import VirtualTimeLoop, simulate

from .measure import compare, installed, rounds, table

ROUNDS = 9


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
