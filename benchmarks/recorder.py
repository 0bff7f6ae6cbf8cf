"""What it costs to be recorded: time and memory, against the same program unobserved and in other tools."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Coroutine, Iterator
from time import perf_counter, perf_counter_ns

from helpers import record
from helpers.recorder import Recorder

from .measure import compare, installed, rounds, table

Main = Callable[[], Coroutine]

ROUNDS = 15
TASKS = 10_000


# -- the programs ---------------------------------------------------------------------------------

async def _stepper() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


async def steps() -> None:
    """100 tasks that step aside 200 times each: nothing but turns on the loop."""
    await asyncio.gather(*[_stepper() for _ in range(100)])


async def _waiter() -> None:
    await asyncio.sleep(0.001)


async def tasks() -> None:
    """10,000 tasks with one wait each."""
    await asyncio.gather(*[_waiter() for _ in range(TASKS)])


async def fan_out() -> None:
    """1,000 requests of 50 ms, 50 at a time: what a program that waits for a network does."""
    limit = asyncio.Semaphore(50)

    async def request() -> None:
        async with limit:
            await asyncio.sleep(0.05)

    await asyncio.gather(*[request() for _ in range(1_000)])


# -- ways to watch them ---------------------------------------------------------------------------

async def watched(main: Main) -> Recorder:
    """Run it as `record` does, but make no Recording of the notes."""
    loop = asyncio.get_running_loop()
    recorder = Recorder(loop, perf_counter_ns)
    with recorder:
        task = recorder.context.run(loop.create_task, main(), context=recorder.context)
        await asyncio.wait((task,))
    return recorder


async def _viztracer(main: Main) -> None:
    from viztracer import VizTracer

    tracer = VizTracer(log_async=True, verbose=0)
    tracer.start()
    try:
        await main()
    finally:
        tracer.stop()
        tracer.clear()


async def _pyinstrument(main: Main) -> None:
    from pyinstrument import Profiler

    with Profiler(async_mode="enabled"):
        await main()


def ways(main: Main) -> dict[str, Callable[[], object]]:
    """The program on a loop of its own: unobserved, and watched in several ways."""
    found: dict[str, Callable[[], object]] = {
        "unobserved": lambda: asyncio.run(main()),
        "the recorder": lambda: asyncio.run(watched(main)),
        "the recorder, and the Recording made of it": lambda: asyncio.run(record(main())),
    }
    if installed("viztracer"):
        found["viztracer, log_async"] = lambda: asyncio.run(_viztracer(main))
    if installed("pyinstrument"):
        found["pyinstrument, async"] = lambda: asyncio.run(_pyinstrument(main))
    return found


# -- memory -----------------------------------------------------------------------------------------

async def _one_turn() -> None:
    await asyncio.sleep(0)


async def many() -> None:
    """10,000 tasks that run, step aside, and run again: two slices each."""
    await asyncio.gather(*[_one_turn() for _ in range(TASKS)])


def bytes_per_task() -> tuple[float, float]:
    """What the recorder holds of a task when it is done, and what its Recording holds."""
    async def measure() -> tuple[float, float]:
        await record(many())                        # what is kept once, such as the names of code
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        recorder = await watched(many)
        gc.collect()
        notes = tracemalloc.get_traced_memory()[0] - before
        del recorder
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        run = await record(many())
        gc.collect()
        recording = tracemalloc.get_traced_memory()[0] - before
        assert len(run.tasks) == TASKS + 1
        return notes / TASKS, recording / TASKS

    tracemalloc.start()
    try:
        return asyncio.run(measure())
    finally:
        tracemalloc.stop()


def tables() -> Iterator[str]:
    programs = {
        "100 tasks, 200 `sleep(0)` each": (steps, "1.5", ROUNDS),
        "10,000 tasks, one `sleep(0.001)` each": (tasks, "1.7", ROUNDS),
    }
    for title, (main, target, count) in programs.items():
        programs_ = ways(main)
        fast = {name: program for name, program in programs_.items() if "pyinstrument" not in name}
        seconds = rounds(fast, count)
        found = compare(seconds, "unobserved")
        for name in programs_.keys() - fast.keys():             # minutes, if it took part in every round
            few = {"unobserved": programs_["unobserved"], name: programs_[name]}
            found[name] = compare(rounds(few, 2, warm_up=False), "unobserved")[name]
        del found["unobserved"]
        yield table(f"Recorder: {title}",
                    ["CPU time, over that of the program unobserved", "best", "median", "at most"],
                    [[name, f"{found[name][0]:.2f}", f"{found[name][1]:.2f}", target if name == "the recorder" else ""]
                     for name in programs_ if name in found], missing())
    programs_ = {name: program for name, program in ways(fan_out).items() if "recorder" in name or name == "unobserved"}
    found = compare(rounds(programs_, 5, clock=perf_counter), "unobserved")
    del found["unobserved"]
    yield table("Recorder: 1,000 requests of 50 ms, 50 at a time",
                ["time by the clock, over that of the program unobserved", "best", "median", "at most"],
                [[name, f"{best:.3f}", f"{median:.3f}", "1.03" if name == "the recorder" else ""]
                 for name, (best, median) in found.items()])
    notes, recording = bytes_per_task()
    yield table("Recorder: memory", ["for each of 10,000 tasks with two slices", "bytes", "at most"],
                [["while it is recorded", f"{notes:.0f}", "600"],
                 ["in the Recording made of it", f"{recording:.0f}", ""]])


def missing() -> str:
    absent = [name for name in ("viztracer", "pyinstrument") if not installed(name)]
    return f"Not installed, so not measured: {' and '.join(absent)}." if absent else ""
