"""Who blocks the loop, and who is kept waiting meanwhile."""

import asyncio
import time

import pytest

from helpers import Shop
from helpers.recording import Recording, Span
from helpers.virtual.run import simulate
from tests.drawing.samples import everything
from tests.observations.programs import found, real


async def blocks(seconds=0.5):
    async def north():
        await asyncio.sleep(0.1)

    async def report():
        time.sleep(seconds)

    await asyncio.gather(north(), report(), report())


def test_who_blocks_the_loop_and_who_is_kept_waiting():
    line = blocks.__code__.co_firstlineno + 5
    first, second = [each for each in simulate(blocks()).explain() if each.rule == "blocked"]
    assert first.words == (f"report blocks the loop at line {line} in report for 0.5 s; ready but kept waiting "
                           "meanwhile: north and report 2.")
    assert first.numbers == {"turns": 1, "kept waiting": 2, "seconds": 0.5} and first.tasks == (2, 1, 3)
    assert second.words.endswith("meanwhile: north.")


def test_several_turns_at_one_line_are_told_together():
    async def main():
        for _ in range(3):
            Shop("north", latency=0.2).price_blocking("tea")
            await asyncio.sleep(0)

    words = found(main)["blocked"].words
    assert words.endswith("in main in 3 turns, for 0.6 s; no other task of this run is ready meanwhile.")


def test_in_real_time_it_stands_in_lines_without_numbers():
    run = everything("real")
    assert next(iter(run.explain())).words == ("report blocks the loop at line 13 in report\n"
                                               "ready but kept waiting: kept")
    told = real(lambda: blocks(0.15)).explain()
    assert any(each.rule == "blocked" and each.place.function == "report" for each in told)


def test_a_callback():
    run = everything()
    run = Recording(run.tasks, run.elapsed, callbacks=(Span("blocked", 0.0, 0.1, "save", (), None),))
    seen = [each for each in run.explain() if each.place is None and each.rule == "blocked"]
    assert seen[0].words.startswith("the callback save blocks the loop for 0.1 s")


async def short_turns():
    for _ in range(9):
        time.sleep(0.05)
        await asyncio.sleep(0)


async def in_a_thread():
    await asyncio.to_thread(time.sleep, 0.5)


async def a_wait():
    await asyncio.sleep(5)


@pytest.mark.parametrize("main", [short_turns, in_a_thread, a_wait])
def test_what_does_not_block(main):
    assert "blocked" not in found(main)
