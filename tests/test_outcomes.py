"""What became of a run and of each of its tasks: the same words in its picture, its twins and its title."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from helpers import outcomes, record, simulate
from helpers.drawing.alternative_text import alternative_text, headline
from helpers.drawing.svg import paint
from helpers.drawing.timeline import draw
from helpers.recording import Recording
from tests.drawing.samples import words


async def nap(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def deadlock() -> None:
    one, two = asyncio.Lock(), asyncio.Lock()

    async def move(first: asyncio.Lock, second: asyncio.Lock) -> None:
        async with first:
            await asyncio.sleep(0.1)
            async with second:
                pass

    await asyncio.gather(*(asyncio.create_task(move(*locks), name="a") for locks in ((one, two), (two, one))))


async def endless() -> None:
    while True:
        await asyncio.sleep(1)


async def not_simulated() -> None:
    asyncio.create_task(nap(1), name="other")
    await asyncio.sleep(0.2)
    await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)


async def fails() -> None:
    asyncio.create_task(nap(1), name="other")
    await asyncio.sleep(0.2)
    raise ValueError("no tea")


CASES = [
    (deadlock, "Deadlock after 0.1 s: nothing is left that could wake a task: every task waits",
     ["waits for a and a 2 (gather) for ever", "waits for a lock for ever", "waits for a lock for ever"]),
    (endless, "Endless after 50 s: still running after 100 steps on the loop", ["not ended: sleeps"]),
    (not_simulated, "NotSimulated after 0.2 s: sockets live in real time and cannot be simulated",
     ["failed: NotSimulated", "left behind"]),
    (fails, "ValueError after 0.2 s: no tea", ["failed: ValueError: no tea", "left behind"]),
]


@pytest.mark.parametrize(("program", "title", "lanes"), CASES, ids=lambda case: getattr(case, "__name__", None))
def test_title_and_lanes_say_it_everywhere(
    program: Callable[[], Coroutine[Any, Any, None]], title: str, lanes: list[str]
) -> None:
    from helpers.drawing import png

    run = simulate(program(), limit=100)
    assert headline(run).startswith(title)
    seen = words(draw(run))
    whole = " ".join(seen)
    svg = paint(png.laid_out([("", run)], headline(run), 9.2, curve=True))
    assert "…" not in "".join(text for text in seen if text.startswith(title[:20])), "the title is not cut"
    for text in seen:
        assert text.replace("'", "&#x27;").replace('"', "&quot;") in svg or "  " in text, f"{text!r} is not in the SVG"
    for task, lane in zip(run.tasks, lanes, strict=True):
        assert outcomes.became(run, task).startswith(lane)
        assert lane in whole and lane in str(run) and lane in alternative_text(run).replace("Left", "left")
    assert {"a", "a 2"} <= set(seen) or program is not deadlock
    if program is deadlock:
        assert "- a waits for a lock" in run.error and "- a 2 waits for a lock" in run.error


def test_a_run_that_was_stopped_says_so() -> None:
    async def stopped() -> Recording:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await record(nap(60))
        return record.stopped

    run = asyncio.run(stopped())
    assert headline(run).startswith("cancelled after ") and "1 cancelled" in str(run)
    held = Recording((run.tasks[0]._replace(outcome="exception", error="KeyboardInterrupt"),), 0.1,
                     error="KeyboardInterrupt")
    assert headline(held) == "stopped after 0.1 s" and "1 stopped; the run was stopped" in str(held)
    assert outcomes.became(held, held.tasks[0]) == "stopped"


def test_what_goes_well_and_what_fails_beside_it() -> None:
    async def main() -> None:
        async def broken() -> None:
            await asyncio.sleep(0.1)
            raise ValueError("no tea")

        await asyncio.gather(broken(), nap(0.2), return_exceptions=True)

    assert headline(simulate(main())) == "3 tasks: 0.3 s of waiting for the clock in 0.2 s; 1 failed"
    good = simulate(nap(1))
    assert outcomes.ended_with(good) == ("", "") and outcomes.tally(good, good.tasks) == []
    assert outcomes.became(good, good.tasks[0]) == "" and not outcomes.is_cut_off(good)
