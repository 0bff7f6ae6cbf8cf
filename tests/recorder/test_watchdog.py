"""At which line a turn is that blocks the loop."""

import asyncio
import math
import time

import pytest

from helpers.recorder import record
from helpers.wait_kinds import BLOCKED
from tests.recorder.programs import BOTH, NEVER, SOON, line, recorded


def python_loop():
    end = time.perf_counter() + 0.15
    while time.perf_counter() < end:
        pass


BLOCKERS = {
    "time.sleep": (lambda: time.sleep(0.15), "<lambda>"),
    "a Python loop": (python_loop, "python_loop"),
    "sum() in C": (lambda: sum(range(10_000_000)), "<lambda>"),
}


@pytest.mark.parametrize("block", BLOCKERS)
def test_the_line_that_blocks(block):
    function, name = BLOCKERS[block]

    async def main():
        await asyncio.sleep(SOON)
        function()

    for _ in range(5):                  # the watchdog may starve on a machine that is too busy
        run = recorded(main(), threshold=0.02)
        guilty = max(run.blocked, key=lambda span: span.end - span.start)
        if guilty.place is not None:
            break
    first = function.__code__.co_firstlineno
    assert guilty.place.function == name and guilty.place.file == __file__
    assert first <= guilty.place.line <= first + 3


@BOTH
def test_the_line_of_a_callback_that_blocks(run):
    def slow():
        time.sleep(0.2)  # here

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(slow)
        await asyncio.sleep(0.01)
        loop.call_later(0.01, slow)
        await asyncio.sleep(0.02)

    result = run(main())
    slow_ones = [s for s in result.callbacks if s.wait == "slow"]       # not what a busy machine may add
    assert [(s.kind, s.place.line) for s in slow_ones] == [(BLOCKED, line(slow))] * 2
    assert set(result.callbacks) <= set(result.blocked) and result.longest_turn >= 0.2


def test_a_task_of_another_recording_that_blocks_is_not_taken_for_ones_own():
    """Two recordings on one loop: each finds the guilty line of its own tasks."""

    def slow_there():
        time.sleep(0.2)

    def slow_here():
        time.sleep(0.12)

    async def there():
        await event.wait()
        slow_there()

    async def here():
        await asyncio.sleep(SOON)
        event.set()
        await asyncio.sleep(SOON)
        slow_here()

    async def outer():
        global event
        event = asyncio.Event()
        return await asyncio.gather(record(there(), threshold=0.05), record(here(), threshold=0.05))

    for run, name in zip(asyncio.run(outer()), ("slow_there", "slow_here")):
        longest = max((s for t in run.tasks for s in t.spans if s.kind == BLOCKED), key=lambda s: s.end - s.start)
        assert longest.place.function == name


@BOTH
def test_a_turn_as_long_as_the_threshold_does_not_block(run):
    async def main():
        time.sleep(0.15)

    assert run(main(), threshold=NEVER).blocked == ()
    assert BLOCKED in [span.kind for span in run(main(), threshold=0.1).tasks[0].spans]
    assert run(main(), threshold=math.inf).blocked == ()
