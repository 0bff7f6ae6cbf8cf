"""The steps of a run in sentences."""

from __future__ import annotations

import asyncio
import re
import time

from helpers import Shop, record, simulate
from helpers.recording import Place, Recording, Span
from helpers.widgets.replay.sentences import deed, name, outlook, tell
from helpers.widgets.replay.steps import Steps
from tests.widgets.runs import ask_both, made

HERE = Place("shop.py", 4, "get_price")


async def record_both(threshold: float = 60) -> Recording:
    """A real run; no turn of it counts as blocking, however busy the machine is."""
    return await record(ask_both(), threshold=threshold)


def test_text_of_a_virtual_run_is_exact():
    first = ask_both.__code__.co_firstlineno
    assert tell(simulate(ask_both())).splitlines() == [
        "Replay, 6 steps: 3 tasks in 0.3 s of virtual time; 0.5 s of waiting for the network; at most 2 under way; "
        "longest turn 0 s",
        f"1. 0 s    ask_both starts, creates north and south, reaches line {first + 1}, and waits for north and south "
        "(task group). Ready: north and south.",
        f"2. 0 s    north starts, reaches line {first - 3}, and waits 0.3 s for a request. Ready: south.",
        f"3. 0 s    south starts, reaches line {first - 3}, and waits 0.2 s for a request. "
        "Nobody is ready: the loop sleeps until 0.2 s.",
        f"4. 0.2 s  south goes on from line {first - 3} and finishes. Nobody is ready: the loop sleeps until 0.3 s.",
        f"5. 0.3 s  north goes on from line {first - 3} and finishes. Ready: ask_both.",
        f"6. 0.3 s  ask_both goes on from line {first + 1} and finishes. The run is over: all tasks have ended.",
    ]


def test_text_of_a_real_run_has_no_times_and_is_always_the_same():
    texts = {tell(asyncio.run(record_both())) for _ in range(3)}
    assert len(texts) == 1
    (text,) = texts
    assert not re.search(r"\d m?s\b", text) and "Ready" not in text and "is ready" not in text
    assert "south goes on from line" in text and text.index("south goes on") < text.index("north goes on")


def test_failure_is_told_and_cancelled_tasks_are_in_the_order_of_their_creation():
    async def bad():
        await asyncio.sleep(0.1)
        raise ValueError("no tea")

    async def failing():
        async with asyncio.TaskGroup() as group:
            group.create_task(bad())
            for number in range(12):
                group.create_task(asyncio.sleep(9), name=f"n{number}")

    text = tell(simulate(failing()))
    assert "bad goes on from line" in text and "and fails: ValueError: no tea." in text
    assert re.findall(r"(n\d+) goes on and ends, cancelled", text) == [f"n{number}" for number in range(12)]
    assert text.endswith("ended with ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception).")


def test_a_wait_that_a_cancellation_cuts_short_says_what_was_asked():
    async def stubborn():
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    async def impatient():
        ask = Shop("north", latency=2).price("tea")
        tasks = [asyncio.create_task(what, name=name) for what, name in
                 ((asyncio.sleep(9), "east"), (stubborn(), "west"), (ask, "north"), (asyncio.sleep(0.3), "south"))]
        await asyncio.sleep(0.4)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    steps = Steps(simulate(impatient()))
    line = stubborn.__code__.co_firstlineno + 2
    assert [deed(steps[number]) for number in range(1, 5)] == [
        "east starts and sleeps 9 s, cut short at 0.4 s by impatient.",
        f"west starts, reaches line {line}, and sleeps 5 s, cut short at 0.4 s by impatient.",
        "north starts and waits 2 s for a request, cut short at 0.4 s by impatient.",
        "south starts and sleeps 0.3 s.",
    ]
    assert steps[4].timers == ((0.3, 4), (0.4, 0), (2.0, 3), (5.0, 2), (9.0, 1))
    assert any(deed(step).endswith("and sleeps 1 s.") for step in steps)


def test_last_step_of_a_deadlock_says_who_waits_for_whom():
    async def one(first, second):
        async with first:
            await asyncio.sleep(1)
            async with second:
                pass

    async def dead():
        a, b = asyncio.Lock(), asyncio.Lock()
        await asyncio.gather(one(a, b), one(b, a))

    steps = Steps(simulate(dead()))
    line = one.__code__.co_firstlineno + 3
    assert outlook(steps[-1]) == (
        "Deadlock: nobody is ready, and nothing is left that could wake anybody. "
        f"dead waits for one and one 2 (gather) at line {dead.__code__.co_firstlineno + 2}; "
        f"one waits for a lock at line {line}; one 2 waits for a lock at line {line}."
    )


def test_tasks_left_behind_are_told():
    async def leave():
        asyncio.create_task(asyncio.sleep(9), name="heartbeat")
        await asyncio.sleep(1)

    assert tell(simulate(leave())).endswith("The run is over. Left behind: heartbeat sleeps.")


def test_blocking_is_told_with_its_line():
    async def block():
        time.sleep(0.5)

    line = block.__code__.co_firstlineno + 1
    assert deed(Steps(simulate(block()))[0]) == f"block starts, blocks the loop at line {line} for 0.5 s, and finishes."


def test_long_runs_are_told_in_part_with_the_last_step():
    async def many():
        for _ in range(100):
            await asyncio.sleep(0.1)

    lines = tell(simulate(many())).splitlines()
    assert len(lines) == 33 and lines[31] == "... and 70 more steps, up to the last one:"
    assert lines[32].startswith("101. 10 s") and lines[30].startswith(" 30. ")


def test_a_run_without_turns_is_told():
    run = made((Span("wait", 0.0, 1.0, "future"),), outcomes="p")
    assert tell(run).splitlines()[1] == "No task had a turn on the loop."


def test_unknown_waits_and_hostile_names():
    spans = Span("run", 0.0, 0.0, step=0), Span("wait", 0.0, 1.0, "pigeon", (), HERE), Span("run", 1.0, 1.0, step=1)
    steps = Steps(made(spans))
    assert deed(steps[0]) == "task 0 starts, reaches line 4, and waits for pigeon."
    task = steps.run.tasks[0]._replace(name="a\nb\x1b[31m" + "x" * 80)
    told = name(Recording((task,), 1.0), 0)
    assert len(told) == 40 and told.isprintable() and told.startswith("a b?[31m")
