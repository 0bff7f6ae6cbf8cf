"""Waits that a program computes itself, from what the clock says: they end, and not too early."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers import Deadlock, simulate
from helpers.virtual.loop import nanoseconds

from .programs import now, run

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")

SMALL = st.floats(0, 1000, allow_subnormal=True)
STARTS = st.sampled_from([0, 0.1, 0.3, 12.7, 86_400.1, 4.2e6, 8.9e6, 1e7, 1e7 + 0.1, 1e9, 1e12])
LIMIT = 200                 # steps: what is awaited here takes a few


@given(STARTS, st.lists(st.one_of(SMALL, st.sampled_from([0.1, 0.2, 0.01, 1 / 3, 1e-9, 5e-10, 1e-12, 5e-324])),
                        min_size=1, max_size=5))
@example(0, [0.1] * 5)
def test_a_wait_for_a_time_ends(start, parts):
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.sleep(start)
        wanted = loop.time()
        for part in parts:
            wanted += part
            while loop.time() < wanted:
                before = loop.time()
                await asyncio.sleep(wanted - before)
                assert loop.time() > before or loop.time_ns() > round(before * 1e9)
            assert loop.time() >= wanted
        return True

    assert run(main(), limit=LIMIT)


CLOCKS = {
    "loop.time": lambda: asyncio.get_running_loop().time(),
    "monotonic": time.monotonic, "perf_counter": time.perf_counter, "time": time.time,
    "monotonic_ns": lambda: time.monotonic_ns() / 1e9,
}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("start", [0, 1e7, 1e10])
@pytest.mark.parametrize("blocking", [False, True], ids=["asyncio.sleep", "time.sleep"])
def test_a_wait_by_any_clock_ends(clock, start, blocking):
    async def main():
        await asyncio.sleep(start)
        begin = clock()
        for number in range(1, 6):
            while clock() < begin + number * 0.1:
                rest = begin + number * 0.1 - clock()
                if blocking:
                    time.sleep(rest)
                else:
                    await asyncio.sleep(rest)
        return clock() - begin

    assert run(main(), limit=LIMIT) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("start", [0, 0.0123456789, 1e7, 1e10])
def test_a_wait_by_the_date_ends(start):
    async def main():
        await asyncio.sleep(start)
        until = datetime.now() + timedelta(seconds=0.3)
        while datetime.now() < until:
            await asyncio.sleep((until - datetime.now()).total_seconds())
        return datetime.now() - until

    assert run(main(), limit=LIMIT) == timedelta(0)


def test_a_thread_that_waits_for_a_time_ends():
    def wait():
        until = time.monotonic() + 0.1 + 0.2
        while time.monotonic() < until:
            time.sleep(until - time.monotonic())
        return time.monotonic() >= until

    async def main():
        return await asyncio.to_thread(wait)

    assert run(main(), limit=LIMIT)


@given(STARTS, SMALL)
@example(0.1, 0.2)
@example(1e12, 1e-9)
def test_call_at_is_never_early(start, delay):
    async def main():
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        await asyncio.sleep(start)
        before = loop.time()
        when, seen = before + delay, []

        def called():
            seen.append(loop.time())
            done.set()

        loop.call_at(when, called)
        await done.wait()
        assert before <= seen[0] and when <= seen[0]
        return seen[0] - when

    assert run(main()) <= 1e-9


@given(STARTS)
def test_a_periodic_timer_that_asks_for_the_rest_ends(start):
    """As a limiter does: called too early, it would set itself again for the same time, for ever."""
    async def main():
        loop, done, calls = asyncio.get_running_loop(), asyncio.Event(), []
        await asyncio.sleep(start)
        due = loop.time() + 0.1 + 0.2

        def check():
            calls.append(loop.time())
            if loop.time() < due:
                loop.call_at(due, check)
            else:
                done.set()

        check()
        await done.wait()
        return len(calls)

    assert run(main(), limit=LIMIT) == 2


@given(st.integers(0, 10**7), st.integers(1, 10**7), st.booleans())
@example(100, 200, False)
def test_call_later_and_call_at_of_the_same_time_keep_the_order_in_which_they_were_set(start, delay, later_first):
    async def main():
        loop, fired = asyncio.get_running_loop(), []
        await asyncio.sleep(start / 1000)
        if later_first:
            loop.call_later(delay / 1000, fired.append, "later")
            loop.call_at(loop.time() + delay / 1000, fired.append, "at")
        else:
            loop.call_at(loop.time() + delay / 1000, fired.append, "at")
            loop.call_later(delay / 1000, fired.append, "later")
        await asyncio.sleep(delay / 1000)
        await asyncio.sleep(0)
        return fired

    assert run(main()) == (["later", "at"] if later_first else ["at", "later"])


def test_a_timeout_that_is_a_sum_does_not_make_the_clock_inexact():
    async def main():
        await asyncio.sleep(0.1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):            # due at 0.1 + 0.2, which is a little more than 0.3
                await asyncio.sleep(1)
        ended = asyncio.get_running_loop().time_ns()
        await asyncio.sleep(0.1)
        return ended, now()

    assert run(main()) == (300_000_000, 0.4)


@pytest.mark.parametrize("make", [
    lambda loop: asyncio.timeout(0.2), lambda loop: asyncio.timeout_at(loop.time() + 0.2),
    lambda loop: asyncio.timeout(-1), lambda loop: asyncio.timeout(1e-12),
], ids=["timeout", "timeout_at", "negative", "tiny"])
@pytest.mark.parametrize("start", [0.1, 1e7, 1e12])
def test_timeouts_end(make, start):
    async def main():
        await asyncio.sleep(start)
        with pytest.raises(TimeoutError):
            async with make(asyncio.get_running_loop()):
                await asyncio.Event().wait()
        return True

    assert run(main(), limit=LIMIT)


def test_a_rescheduled_timeout():
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as timeout:
                timeout.reschedule(loop.time() + 0.2)
                await asyncio.Event().wait()
        return loop.time() >= timeout.when()

    assert run(main(), limit=LIMIT)


@pytest.mark.parametrize("delay", [-1, -1e-12, 0, -math.inf])
def test_a_delay_that_is_over_takes_no_time(delay):
    async def main():
        called = asyncio.Event()
        asyncio.get_running_loop().call_later(delay, called.set)
        await called.wait()
        return asyncio.get_running_loop().time_ns()

    assert run(main()) == 0


def test_call_at_infinity_never_comes():
    async def main():
        called = asyncio.Event()
        asyncio.get_running_loop().call_at(math.inf, called.set)
        await called.wait()

    run_ = simulate(main())
    assert isinstance(run_.exception, Deadlock)


def test_a_timer_of_call_at_that_is_cancelled_leaves_the_clock_exact():
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.1)
        loop.call_at(loop.time() + 0.2, print).cancel()
        await asyncio.sleep(0.2)
        return loop.time()

    assert run(main()) == 0.3


@given(st.floats(0, 1e15))
def test_nanoseconds_are_rounded_to_the_nearest(seconds):
    numerator, denominator = seconds.as_integer_ratio()
    error = abs(nanoseconds(seconds) * denominator - numerator * 10**9)
    assert error <= denominator if 0 < seconds < 1e-9 else 2 * error <= denominator * 1.001
    assert nanoseconds(seconds) > 0 or seconds == 0


def test_the_clock_of_a_recorded_limiter_is_that_of_its_spans():
    async def main():
        loop, free = asyncio.get_running_loop(), 0.0
        for _ in range(5):
            while loop.time() < free:
                await asyncio.sleep(free - loop.time())
            free += 0.1

    recording = simulate(main())
    assert recording.elapsed == 0.4 and recording.error == ""
