"""The sets of tasks that asyncio makes have the same order in every run in virtual time."""

import asyncio
import operator
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import simulate
from helpers.virtual.sets import InOrder

from .programs import run

COUNT = 8
IN_ORDER = list(range(COUNT))


async def job(number, delay=0.1, log=None):
    try:
        await asyncio.sleep(delay)
    finally:
        if log is not None:
            log.append(number)
    return number


def tasks(delay=0.1):
    return [asyncio.create_task(job(number, delay)) for number in IN_ORDER]


def results(done):
    return [task.result() for task in done]


async def waits(kind):
    done, _ = await asyncio.wait(kind(tasks()))
    return results(done)


async def waits_for_a_list():
    return await waits(list)


async def waits_for_a_set():
    return await waits(set)


async def waits_again_for_what_is_pending():
    done, pending = await asyncio.wait(tasks()[:6], timeout=0.05)
    assert not done
    pending |= {asyncio.create_task(job(6))}
    pending.add(asyncio.create_task(job(7)))
    done, pending = await asyncio.wait(pending, return_when=asyncio.ALL_COMPLETED)
    return results(done)


async def takes_the_first_that_is_done():
    pending, taken = tasks(), []
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        while done:
            taken.append(done.pop().result())
    return taken


async def puts_both_together():
    made = [asyncio.create_task(job(number, number % 2)) for number in IN_ORDER]
    done, pending = await asyncio.wait(made, timeout=0.5)
    both = [made.index(task) for task in done | pending]
    await asyncio.wait(pending)
    assert both == [0, 2, 4, 6, 1, 3, 5, 7]
    return sorted(both)


async def asks_for_all_tasks():
    made = [asyncio.create_task(job(number), name="all the same") for number in IN_ORDER]
    found = [made.index(task) for task in asyncio.all_tasks() if task in made]
    await asyncio.gather(*made)
    return found


async def completes(given):
    return [await each for each in asyncio.as_completed(given)]


async def completes_coroutines():
    return await completes([job(number) for number in IN_ORDER])


async def completes_tasks():
    return await completes(tasks())


async def completes_tasks_that_are_done():
    made = tasks()
    await asyncio.sleep(1)
    return await completes(made)


async def completes_a_set_of_tasks_that_are_done():
    made = set(tasks())
    await asyncio.sleep(1)
    return await completes(made)


LOG: list = []


async def leaves_generators():
    async def generate(number):
        try:
            yield number
        finally:
            LOG.append(number)

    KEPT[:] = [generate(number) for number in IN_ORDER]
    for generator in KEPT:
        await anext(generator)
    return LOG


KEPT: list = []


async def leaves_tasks():
    for number in IN_ORDER:
        asyncio.create_task(job(number, 10, LOG), name="all the same")
    await asyncio.sleep(0)
    return LOG


PROGRAMS = [waits_for_a_list, waits_for_a_set, waits_again_for_what_is_pending, takes_the_first_that_is_done,
            puts_both_together, asks_for_all_tasks, completes_coroutines, completes_tasks,
            completes_tasks_that_are_done, completes_a_set_of_tasks_that_are_done, leaves_generators, leaves_tasks]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_program_sees_the_same_order_in_every_run(program):
    for _ in range(10):
        LOG.clear()
        kept = [bytearray(random.randrange(100, 5000)) for _ in range(50)]      # so that other memory is free
        assert simulate(program()).result == IN_ORDER
        del kept


@pytest.mark.parametrize("program", [waits_for_a_list, completes_coroutines, completes_tasks_that_are_done],
                         ids=lambda program: program.__name__)
def test_on_a_loop_that_nobody_records_too(program):
    for _ in range(10):
        assert run(program()) == IN_ORDER


def test_asyncio_run_cancels_what_is_left_in_order():
    async def main():
        for number in IN_ORDER:
            asyncio.create_task(job(number, 10, LOG))
        await asyncio.sleep(0)

    for _ in range(10):
        LOG.clear()
        run(main())
        assert LOG == IN_ORDER


def test_they_are_sets_for_the_program():
    async def main():
        made = tasks()
        done, pending = await asyncio.wait(made, timeout=1)
        assert isinstance(done, set) and isinstance(pending, set) and isinstance(asyncio.all_tasks(), set)
        assert done == set(made) and not pending and repr(pending) == "set()" and type(done).__name__ == "set"
        assert done - pending == set(made) and set(made) - done == set() and done & set(made[:1]) == {made[0]}

    simulate(main()).result


def test_what_asyncio_makes_is_as_before_when_no_virtual_loop_runs():
    before = asyncio.all_tasks, asyncio.as_completed
    simulate(waits_for_a_list()).result
    assert (asyncio.all_tasks, asyncio.as_completed) == before == (asyncio.tasks.all_tasks, asyncio.tasks.as_completed)

    async def main():
        done, _ = await asyncio.wait(tasks(0))
        return type(done), type(asyncio.all_tasks())

    assert asyncio.run(main()) == (set, set)
    assert "set" not in vars(asyncio.tasks)


NUMBERS = st.lists(st.integers(0, 9))


@given(NUMBERS, NUMBERS, st.sampled_from(["or_", "and_", "sub", "xor", "ior", "iand", "isub", "ixor", "eq", "le"]))
def test_operators_give_what_those_of_a_set_give(one, other, name):
    operate = getattr(operator, name)
    expected = operate(set(one), set(other))
    for first, second in ((InOrder(one), InOrder(other)), (InOrder(one), set(other)), (set(one), InOrder(other))):
        got = operate(first, second)
        assert got == expected
        if isinstance(got, InOrder):
            assert sorted(got) == sorted(expected) and len(got) == len(expected)
            assert list(got) == list(got.copy())


@given(NUMBERS, st.lists(st.tuples(st.sampled_from(["add", "discard", "remove", "update", "difference_update",
                                                    "intersection_update", "symmetric_difference_update"]),
                                   st.integers(0, 9))))
def test_changes_give_what_those_of_a_set_give(start, changes):
    ours, plain = InOrder(start), set(start)
    for name, number in changes:
        argument = [number, number + 1] if name.endswith("update") else number
        outcomes = []
        for each in (ours, plain):
            try:
                outcomes.append(getattr(each, name)(argument))
            except KeyError as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]
        assert sorted(ours) == sorted(plain) and ours == plain and len(list(ours)) == len(ours)


def test_it_keeps_the_order_in_which_elements_were_added():
    ours = InOrder([5, 3])
    ours.add(4)
    ours.add(5)
    ours.discard(3)
    ours.update([9, 1])
    assert list(ours) == [5, 4, 9, 1] and ours.pop() == 5 and repr(ours) == "{4, 9, 1}"
    with pytest.raises(KeyError, match="pop from an empty set"):
        InOrder().pop()


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
