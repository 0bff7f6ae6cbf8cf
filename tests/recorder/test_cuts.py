"""A wait that was cut short says what cut it, and what a sleep asked for; one that ended by itself does not."""

import asyncio
import contextlib
import sys

import anyio
import pytest

from helpers.recorder import record
from helpers.simulated_io import Shop
from helpers.virtual.run import simulate
from tests.recorder.programs import BOTH, SOON, named, recorded, waits

LONG = 30               # seconds that nobody waits for to the end


def cuts(task):
    return [(span.wait, span.asked, span.cut, span.cutter) for span in waits(task)]


async def long():
    await asyncio.sleep(LONG)


async def by_timeout():
    async with asyncio.timeout(SOON):
        await long()


async def by_timeout_at():
    async with asyncio.timeout_at(asyncio.get_running_loop().time() + SOON):
        await long()


async def by_rescheduled():
    async with asyncio.timeout(None) as timeout:
        timeout.reschedule(asyncio.get_running_loop().time())
        await long()


async def by_fail_after():
    with anyio.fail_after(SOON):
        await anyio.sleep(LONG)


async def by_move_on_after():
    with anyio.move_on_after(SOON):
        await anyio.sleep(LONG)


async def by_move_on_at_once():
    with anyio.move_on_after(0):
        await anyio.sleep(LONG)


TIMEOUTS = [by_timeout, by_timeout_at, by_rescheduled, by_fail_after, by_move_on_after, by_move_on_at_once]


@BOTH
@pytest.mark.parametrize("program", TIMEOUTS, ids=lambda program: program.__name__)
def test_a_timeout(run, program):
    async def main():
        with contextlib.suppress(TimeoutError):
            await program()
        await asyncio.sleep(SOON)

    result = run(main())
    first, *_, last = cuts(result.tasks[0])
    assert first == ("sleep", LONG, "timeout", -1)
    assert last == ("sleep", SOON if run is simulate else -1, "", -1)


@BOTH
def test_wait_for(run):
    async def main():
        for each in (long(), asyncio.create_task(long(), name="task"), asyncio.gather(long(), long())):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(each, SOON)

    result = run(main())
    assert {cut for _, _, cut, _ in cuts(result.tasks[0])} <= {"timeout", ""}
    for task in result.tasks[1:]:
        assert cuts(task) == [("sleep", LONG, "timeout", -1)]
    in_main = [span for span in waits(result.tasks[0]) if span.cut]
    assert len(in_main) == 3 and in_main[1].on == (named(result, "task").id,)


@BOTH
def test_a_timeout_of_wait(run):
    async def main():
        task = asyncio.create_task(long(), name="task")
        await asyncio.wait([task], timeout=SOON)
        task.cancel()
        await asyncio.wait([task], timeout=LONG)

    result = run(main())
    assert [(span.wait, span.cut) for span in waits(result.tasks[0])] == [("wait", "timeout"), ("wait", "")]
    assert cuts(named(result, "task")) == [("sleep", LONG, "cancel", 0)]


@BOTH
def test_a_task_that_cancels_another(run):
    async def canceller(task):
        await asyncio.sleep(SOON)
        task.cancel()

    async def main():
        task = asyncio.create_task(long(), name="task")
        await asyncio.gather(task, asyncio.create_task(canceller(task), name="canceller"), return_exceptions=True)

    result = run(main())
    assert cuts(named(result, "task")) == [("sleep", LONG, "cancel", named(result, "canceller").id)]
    assert [cut for _, _, cut, _ in cuts(result.tasks[0])] == [""]      # its gather has ended, and was not cut


@BOTH
def test_a_callback_that_cancels(run):
    async def main():
        task = asyncio.create_task(long(), name="task")
        asyncio.get_running_loop().call_later(SOON, task.cancel)
        await asyncio.wait([task])

    assert cuts(named(run(main()), "task")) == [("sleep", LONG, "cancel", -1)]


@BOTH
def test_a_cancellation_that_is_passed_on_has_one_reason(run):
    """main awaits outer, which awaits a gather of two: whoever cancels outer has cut four waits."""
    async def outer():
        await asyncio.gather(asyncio.create_task(long(), name="one"), asyncio.create_task(long(), name="two"))

    async def middle():
        await asyncio.create_task(outer(), name="outer")

    async def main():
        task = asyncio.create_task(middle(), name="middle")
        await asyncio.sleep(SOON)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    result = run(main())
    assert cuts(named(result, "one")) == cuts(named(result, "two")) == [("sleep", LONG, "cancel", 0)]
    assert cuts(named(result, "outer")) == [("gather", -1, "cancel", 0)]
    assert cuts(named(result, "middle")) == [("task", -1, "cancel", 0)]
    assert [cut for _, _, cut, _ in cuts(result.tasks[0])] == ["", ""]


@BOTH
def test_a_task_that_is_awaited_is_cancelled_and_not_its_awaiter(run):
    async def awaiter(task):
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def main():
        task = asyncio.create_task(long(), name="task")
        awaiting = asyncio.create_task(awaiter(task), name="awaiter")
        await asyncio.sleep(SOON)
        task.cancel()
        await awaiting

    result = run(main())
    assert cuts(named(result, "awaiter")) == [("task", -1, "", -1)]


@BOTH
def test_a_future_that_is_cancelled(run):
    async def main():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(SOON, future.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await future

    assert cuts(run(main()).tasks[0]) == [("future", -1, "", -1)]


@BOTH
def test_a_task_group_of_which_one_fails(run):
    async def fails():
        await asyncio.sleep(SOON)
        raise ValueError

    async def main():
        with contextlib.suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(long(), name="task")
                group.create_task(fails(), name="fails")
                await long()

    result = run(main())
    # the group cancels, in a callback: that is no task's turn
    assert cuts(named(result, "task")) == [("sleep", LONG, "cancel", -1)]
    assert cuts(result.tasks[0])[0] == ("sleep", LONG, "cancel", -1)
    assert [cut for _, _, cut, _ in cuts(named(result, "fails"))] == [""]


@BOTH
def test_a_task_group_whose_body_fails(run):
    async def main():
        with contextlib.suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(long(), name="task")
                await asyncio.sleep(SOON)
                raise ValueError

    assert cuts(named(run(main()), "task")) == [("sleep", LONG, "cancel", 0)]


@BOTH
def test_a_task_that_cancels_itself(run):
    async def main():
        await asyncio.sleep(SOON)
        asyncio.current_task().cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await long()
        asyncio.current_task().uncancel()
        await asyncio.sleep(SOON)

    first, cut, last = cuts(run(main()).tasks[0])
    assert first[2:] == last[2:] == ("", -1)
    assert cut[0] == "sleep" and cut[2:] == ("cancel", 0)


@BOTH
def test_one_timeout_after_another(run):
    async def main():
        for _ in range(3):
            with contextlib.suppress(TimeoutError):
                await by_timeout()

    assert cuts(run(main()).tasks[0]) == [("sleep", LONG, "timeout", -1)] * 3


@BOTH
def test_the_clean_up_after_a_cancellation_is_not_cut(run):
    async def stubborn():
        try:
            await long()
        finally:
            await asyncio.sleep(SOON)

    async def main():
        task = asyncio.create_task(stubborn(), name="task")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SOON):
                await task

    result = run(main())
    assert [(wait, cut) for wait, _, cut, _ in cuts(named(result, "task"))] == [("sleep", "timeout"), ("sleep", "")]
    assert cuts(result.tasks[0]) == [("task", -1, "timeout", -1)]


@BOTH
def test_a_task_that_goes_on_although_it_is_cancelled_ends_the_wait_by_itself(run):
    async def stubborn():
        with contextlib.suppress(asyncio.CancelledError):
            await long()
        return 5

    async def main():
        async with asyncio.timeout(SOON):
            await asyncio.create_task(stubborn(), name="task")

    result = run(main())
    assert cuts(named(result, "task")) == [("sleep", LONG, "timeout", -1)]
    assert cuts(result.tasks[0]) == [("task", -1, "", -1)]


def test_a_wait_that_ends_in_the_instant_of_the_timeout():
    """The sleep was begun first, so its timer is served first: it has ended, though the task hears of the timeout."""
    async def main():
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as timeout:
                loop.call_soon(timeout.reschedule, 1)
                await asyncio.sleep(1)

    assert cuts(simulate(main()).tasks[0]) == [("sleep", 1, "", -1)]


@BOTH
def test_a_wait_that_an_exception_ends(run):
    async def main():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(SOON, future.set_exception, ValueError())
        with contextlib.suppress(ValueError):
            async with asyncio.timeout(LONG):
                await future

    assert cuts(run(main()).tasks[0]) == [("future", -1, "", -1)]


def test_a_request_that_is_cut_says_what_it_would_have_taken():
    async def main():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(Shop("north", latency=3).price("tea"), 0.5)

    (cut,) = [each for task in simulate(main()).tasks for each in cuts(task) if each[0] == "request"]
    assert cut[2:] == ("timeout", -1)


@BOTH
def test_a_sleep_that_is_left(run):
    async def main():
        asyncio.create_task(long(), name="left")
        await asyncio.sleep(SOON)

    async def outer():
        result = await record(main())
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return result

    result = simulate(main()) if run is simulate else asyncio.run(outer())
    assert cuts(named(result, "left")) == [("sleep", LONG, "", -1)]


@pytest.mark.parametrize("delay", [float("inf"), True, 5])
def test_odd_delays(delay):
    async def main():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.sleep(delay)

    (cut,) = cuts(simulate(main()).tasks[0])
    assert cut == ("sleep", {float("inf"): -1.0}.get(delay, delay), "timeout", -1)


@BOTH
def test_a_cancelled_gather(run):
    async def main():
        gathered = asyncio.gather(long(), long())
        asyncio.get_running_loop().call_later(SOON, gathered.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await gathered

    result = run(main())
    assert [cut for _, _, cut, _ in cuts(result.tasks[0])] == [""]      # what it waits for was cancelled, not the task


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="up to Python 3.11 wait_for makes a task")
def test_wait_for_of_old_passes_on_why_it_is_cancelled():
    async def waiter():
        await asyncio.wait_for(long(), LONG)

    async def main():
        task = asyncio.create_task(waiter(), name="waiter")
        await asyncio.sleep(SOON)
        task.cancel()
        await asyncio.wait([task])

    assert cuts(named(recorded(main()), "long")) == [("sleep", LONG, "cancel", 0)]
