"""Task groups in virtual time cancel their tasks in the order of creation, in every run."""

import asyncio
import sys

import pytest

from helpers import simulate
from helpers.virtual.sets import InOrder


async def crowd(count: int, log: list) -> None:
    async def stay(number: int) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            log.append(number)

    async def fail() -> None:
        await asyncio.sleep(1)
        raise ValueError("no tea")

    async with asyncio.TaskGroup() as group:
        ballast = []                            # something between the tasks in memory
        for number in range(count):
            group.create_task(stay(number))
            ballast.append(bytearray(number * 37 % 200))
        group.create_task(fail())


def test_a_failing_group_cancels_in_order_of_creation():
    for _ in range(20):
        log: list = []
        run = simulate(crowd(50, log))
        assert log == list(range(50))
        assert run.error.startswith("ExceptionGroup")


def test_groups_are_as_before_when_no_virtual_loop_runs():
    before = asyncio.TaskGroup.__init__
    simulate(crowd(3, []))
    assert asyncio.TaskGroup.__init__ is before
    assert type(asyncio.TaskGroup()._tasks) is set


def test_the_ordered_set_behaves_as_a_set_does_for_a_group():
    tasks = InOrder()
    assert not tasks and len(tasks) == 0
    for element in (3, 1, 3, 2):
        tasks.add(element)
    tasks.discard(1)
    tasks.discard("not there")
    assert list(tasks) == [3, 2] and 3 in tasks and 1 not in tasks


@pytest.mark.skipif(sys.version_info < (3, 15), reason="a task group can be cancelled from 3.15 on")
def test_a_group_that_is_cancelled_cancels_in_order_of_creation():
    async def stay(number: int, log: list) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            log.append(number)

    async def main(log: list) -> str:
        async with asyncio.TaskGroup() as group:
            for number in range(50):
                group.create_task(stay(number, log))
            asyncio.get_running_loop().call_later(1, group.cancel)
        return "after the group"

    for _ in range(20):
        log: list = []
        run = simulate(main(log))
        assert run.result == "after the group" and run.elapsed == 1
        assert log == list(range(50))
