"""Awaited as soon as it was made, a straggler, left behind or cancelled at the end; and what only looks like it."""

import asyncio
import time

import pytest

from helpers import Shop
from helpers.virtual.run import simulate
from tests.drawing.samples import everything
from tests.observations.programs import as_if_real, by_rule, found, real, shops

# -- awaited as soon as it was made -----------------------------------------------------------------


async def one_task():
    north, = shops(1)
    await asyncio.create_task(north.price("tea"), name="north")


async def three_tasks():
    for shop in shops():
        task = asyncio.create_task(shop.price("tea"))
        await task


def test_a_task_that_is_awaited_at_once():
    seen = found(one_task)["awaited at once"]
    line = one_task.__code__.co_firstlineno + 2
    assert seen.words == (f"one_task makes north and awaits it in the same turn, at line {line} in one_task: "
                          "one_task does nothing else until north is done.")
    assert seen.tasks == (0, 1) and seen.numbers == {"tasks": 1, "seconds": 0.2}
    seen = found(three_tasks)["awaited at once"]
    line = three_tasks.__code__.co_firstlineno + 3
    assert seen.words == ("three_tasks makes 3 tasks and awaits each in the turn in which it is made, "
                          f"at line {line} in three_tasks: none of them is under way while another is.")
    assert seen.numbers == {"tasks": 3, "seconds": 0.6}


def test_a_task_that_is_awaited_at_once_in_real_time():
    async def main():
        for _ in range(3):
            await asyncio.create_task(asyncio.sleep(0.001))

    seen = by_rule(real(main))["awaited at once"]
    assert "makes 3 tasks" in seen.words and seen.numbers == {"tasks": 3}


async def two_at_once():
    north, south = shops(2)
    first, second = asyncio.create_task(north.price("tea")), asyncio.create_task(south.price("tea"))
    await first
    await second


async def something_between():
    north, = shops(1)
    task = asyncio.create_task(north.price("tea"))
    await asyncio.sleep(0.1)
    await task


async def work_between():
    north, = shops(1)
    task = asyncio.create_task(north.price("tea"))
    time.sleep(0.05)
    await task


async def beside_another():
    background = asyncio.create_task(asyncio.sleep(1))
    await asyncio.sleep(0.1)
    await asyncio.create_task(asyncio.sleep(0.2))
    await background


async def a_task_that_does_not_wait():
    async def at_once():
        return 320

    await asyncio.create_task(at_once())


async def with_a_timeout():
    north, = shops(1)
    async with asyncio.timeout(0.1):
        await asyncio.create_task(north.price("tea"))


async def waited_for():
    """In Python 3.11 `wait_for` makes a task of its own."""
    north, = shops(1)
    await asyncio.wait_for(north.price("tea"), 1)


async def in_a_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0.1))


@pytest.mark.parametrize("main", [
    two_at_once, something_between, work_between, beside_another, a_task_that_does_not_wait, with_a_timeout, waited_for,
    in_a_group,
])
def test_what_is_not_awaited_at_once(main):
    assert "awaited at once" not in found(main)
    if main is not work_between:                # in real time, work is all that there is in a turn
        assert "awaited at once" not in by_rule(as_if_real(main))


# -- a straggler ------------------------------------------------------------------------------------


def together(*latencies, way="gather"):
    async def main():
        made = [Shop(f"shop {each}", latency=latency) for each, latency in enumerate(latencies)]
        tasks = [asyncio.create_task(shop.price("tea"), name=shop.name) for shop in made]
        if way == "gather":
            await asyncio.gather(*tasks)
        else:
            await asyncio.wait(tasks, return_when=way)
            await asyncio.sleep(0)
            for task in tasks:
                await task

    return main


@pytest.mark.parametrize("way", ["gather", asyncio.ALL_COMPLETED])
def test_a_straggler(way):
    seen = found(together(0.2, 0.5, 2.0, 0.3, way=way))["straggler"]
    assert seen.tasks == (0, 3)
    assert seen.words.endswith("in main, in the last 1.5 s for shop 2 alone: shop 2 takes 2 s, each of the 3 others "
                               "0.5 s at most.")
    assert seen.numbers == {"waits": 1, "others": 3, "seconds": 1.5, "longest": 2, "second": 0.5}


def test_a_straggler_in_a_task_group():
    async def main():
        async with asyncio.TaskGroup() as group:
            for each in (0.1, 0.9, 0.2):
                group.create_task(asyncio.sleep(each), name=f"nap of {each}")

    assert "for nap of 0.9 alone" in found(main)["straggler"].words


def test_many_stragglers_at_one_line_are_one_observation():
    async def main():
        for each in range(30):
            await together(0.1, 0.1, 0.5 + each / 10)()

    seen = found(main)["straggler"]
    assert "shop 2 30 takes 3.4 s" in seen.words
    assert seen.words.endswith("There is such a task in 29 more waits at this line.")
    assert seen.numbers["waits"] == 30 and len(seen.tasks) == 31


def test_a_straggler_in_real_time_has_no_durations():
    seen = by_rule(as_if_real(together(0.2, 0.2, 0.8)))["straggler"]
    assert seen.words.endswith("in the end for shop 2 alone: shop 2 takes at least 4 times as long as each of the 2 "
                               "others.")
    assert seen.numbers == {"waits": 1, "others": 2}
    assert "straggler" not in by_rule(as_if_real(together(0.2, 0.2, 0.7)))


async def one_that_depends_on_the_others():
    queue: asyncio.Queue = asyncio.Queue()

    async def make(latency):
        await asyncio.sleep(latency)
        await queue.put(latency)

    async def collect():
        for _ in range(3):
            await queue.get()

    last = asyncio.create_task(make(1))
    await asyncio.gather(make(0.1), make(0.3), collect())
    await last


async def cut_short():
    async with asyncio.timeout(0.5):
        await asyncio.gather(*(shop.price("tea") for shop in [*shops(), Shop("slow", latency=5)]))


async def one_that_began_late():
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(asyncio.sleep(0.3))
        await asyncio.sleep(0.9)
        group.create_task(asyncio.sleep(0.3))


@pytest.mark.parametrize("main", [
    together(0.2, 0.5), together(0.2, 2.0), together(0.2, 0.3, 0.5), together(0.5, 0.5, 0.5),
    together(0.2, 0.5, 2.0, way=asyncio.FIRST_COMPLETED), one_that_depends_on_the_others, cut_short,
    one_that_began_late,
])
def test_what_is_no_straggler(main):
    assert "straggler" not in found(main)


# -- left behind, or cancelled at the end -----------------------------------------------------------


async def tick():
    while True:
        await asyncio.sleep(0.1)


TICK = f"sleeps at line {tick.__code__.co_firstlineno + 2} in tick"


async def forgotten():
    task = asyncio.create_task(tick())
    await asyncio.sleep(0.25)
    return task


async def cancelled_and_not_awaited():
    task = await forgotten()
    task.cancel()


async def shut_down():
    task = await forgotten()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_task_that_is_left_behind():
    seen = found(forgotten)["left behind"]
    assert seen.words == f"tick is left behind: when the run is over, it {TICK}." and seen.tasks == (1,)


def test_a_task_that_never_began():
    told = [each.words for each in everything().explain()]
    assert "never is left behind: when the run is over, it has not begun." in told


def test_many_tasks_that_are_left_behind():
    made = []

    async def main():
        made.extend(asyncio.create_task(tick()) for _ in range(9))

    seen = found(main)["left behind"]
    assert seen.words == f"tick, tick 2, tick 3 and 6 more are left behind: when the run is over, each {TICK}."
    assert len(made) == 9


@pytest.mark.parametrize("main", [shut_down, cancelled_and_not_awaited])
def test_a_task_that_is_cancelled_at_the_end(main):
    seen = found(main)["cancelled at the end"]
    assert seen.words == f"tick is cancelled at the end of the run, by {main.__name__}; until then it {TICK}."
    assert seen.place and seen.place.function == "tick"


def test_in_real_time_it_is_told_in_the_same_words():
    assert [each.words for each in real(shut_down).explain() if each.rule != "blocked"] == [
        each.words for each in simulate(shut_down()).explain()]


def test_tasks_that_a_group_cancels():
    async def main():
        async with asyncio.TaskGroup() as group:
            for shop in shops(2):
                group.create_task(shop.price("tea"), name=shop.name)
            raise ValueError("no tea")

    assert "The run ends with ExceptionGroup" in found(main)["cancelled at the end"].words


def test_tasks_that_a_group_cancels_as_one_fails():
    async def fail():
        await asyncio.sleep(0.1)
        raise ValueError("no tea")

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(tick())
            group.create_task(tick())
            group.create_task(fail())

    for run in (simulate(main()), real(main)):
        assert run.tasks[1].outcome == "cancelled"
        assert by_rule(run)["cancelled at the end"].words.startswith("tick and tick 2 are cancelled at the end")


async def cancelled_long_before_the_end():
    await shut_down()
    await asyncio.sleep(1)


async def cancelled_while_others_go_on():
    """The main task itself waits for its group from the beginning to the end."""
    async def watch(task):
        await asyncio.sleep(0.25)
        task.cancel()
        await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        group.create_task(watch(group.create_task(tick())))


async def cancelled_while_another_sleeps():
    async def stop(task):
        await asyncio.sleep(0.25)
        task.cancel()

    async with asyncio.TaskGroup() as group:
        group.create_task(stop(group.create_task(tick())))
        group.create_task(asyncio.sleep(2))


async def all_are_done():
    await asyncio.gather(*(shop.price("tea") for shop in shops()))


async def deadlock():
    """The error of the run says who waits for whom."""
    lock = asyncio.Lock()

    async def take():
        await lock.acquire()

    await asyncio.gather(take(), take())


@pytest.mark.parametrize("main", [cancelled_long_before_the_end, cancelled_while_others_go_on,
                                  cancelled_while_another_sleeps, all_are_done, deadlock])
def test_what_is_neither(main):
    assert not {"left behind", "cancelled at the end"} & found(main).keys()
