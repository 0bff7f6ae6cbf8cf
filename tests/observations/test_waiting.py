"""Waits one after another, polling, very many at the same time, a limit that is reached; and what only looks so."""

import asyncio
import dataclasses

import pytest

from helpers import Shop
from helpers.virtual.run import simulate
from tests.observations.programs import as_if_real, by_rule, found, real, shops

# -- one after another ------------------------------------------------------------------------------


async def one_by_one():
    for shop in shops():
        await shop.price("tea")


async def at_three_lines():
    north, south, west = shops()
    await north.price("tea")
    await south.price("tea")
    await west.price("tea")


async def work_with_sleeps():
    async def price(latency):
        await asyncio.sleep(latency)

    for latency in (0.1, 0.2, 0.3):
        await price(latency)


async def in_threads():
    for shop in shops():
        await asyncio.to_thread(shop.price_blocking, "tea")


async def in_a_task_beside_another():
    async with asyncio.TaskGroup() as group:
        group.create_task(one_by_one())
        group.create_task(asyncio.sleep(0.1))


@pytest.mark.parametrize("main", [one_by_one, at_three_lines, work_with_sleeps, in_threads, in_a_task_beside_another])
def test_a_staircase(main):
    seen = found(main)["staircase"]
    assert seen.numbers["waits"] == 3 and seen.numbers["seconds"] == 0.6
    assert "Nothing in this run shows that one of these waits needed the one before." in seen.words


def test_the_words_of_a_staircase():
    line = at_three_lines.__code__.co_firstlineno
    lines = f"lines {line + 2}, {line + 3} and {line + 4}"
    assert found(at_three_lines)["staircase"].words == (
        f"at_three_lines waits for a request 3 times, one after another, at {lines} in at_three_lines: "
        "0.6 s together, the longest 0.2 s. "
        "Nothing in this run shows that one of these waits needed the one before.")
    line = work_with_sleeps.__code__.co_firstlineno
    assert (f"sleeps 3 times, one after another, at line {line + 2} in price, awaited at line {line + 5} in "
            "work_with_sleeps: 0.6 s together, the longest 0.3 s.") in found(work_with_sleeps)["staircase"].words


def test_a_staircase_in_real_time_has_no_durations():
    async def main():
        for shop in shops(latency=0.001):
            await shop.price("tea")

    run = real(main)
    seen = by_rule(run)["staircase"]
    assert "waits for a request 3 times, one after another, at line" in seen.words and " s" not in seen.words.partition(
        "Nothing")[0].replace(" shop", "")
    assert seen.numbers == {"waits": 3}


def test_a_staircase_at_a_line_that_is_not_known():
    run = simulate(one_by_one())
    task = run.tasks[0]
    spans = tuple(span._replace(place=None, through=()) for span in task.spans)
    run = dataclasses.replace(run, tasks=(task._replace(spans=spans),))
    assert "waits for a request 3 times, one after another: 0.6 s together" in str(run.explain())
    assert "waits for a request 3 times, one after another. Nothing" in str(
        dataclasses.replace(run, clock="real").explain())


def test_the_same_staircase_in_several_tasks_is_told_once():
    async def main():
        for _ in range(2):
            await asyncio.gather(one_by_one())

    seen = found(main)["staircase"]
    assert seen.words.endswith(" 1 other task does the same.") and len(seen.tasks) == 2


async def concurrent():
    await asyncio.gather(*(shop.price("tea") for shop in shops()))


async def two_only():
    for shop in shops(2):
        await shop.price("tea")


async def workers():
    """The items are there already, so no worker waits for one."""
    queue: asyncio.Queue = asyncio.Queue()
    for shop in shops(8):
        queue.put_nowait(shop)

    async def work():
        while not queue.empty():
            await queue.get_nowait().price("tea")

    await asyncio.gather(work(), work())


async def a_worker_that_waits_for_items():
    queue: asyncio.Queue = asyncio.Queue()

    async def work():
        for _ in range(4):
            shop = await queue.get()
            await shop.price("tea")

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        for shop in shops(4):
            await asyncio.sleep(0.3)
            queue.put_nowait(shop)


async def under_a_lock():
    lock = asyncio.Lock()

    async def price(shop):
        for _ in range(3):
            async with lock:
                await shop.price("tea")

    await asyncio.gather(*map(price, shops()))


async def retries_with_growing_waits():
    shop = Shop("north", latency=0.1)
    for attempt in range(4):
        await shop.price("tea")
        await asyncio.sleep(0.1 * 2 ** attempt)


async def retries_after_timeouts():
    shop = Shop("north", latency=0.5)
    for _ in range(4):
        try:
            async with asyncio.timeout(0.1):
                await shop.price("tea")
        except TimeoutError:
            pass


async def of_different_kinds():
    for shop in shops(2):
        await shop.price("tea")
        await asyncio.to_thread(shop.price_blocking, "tea")


async def a_pace():
    for _ in range(5):
        await asyncio.sleep(0.2)


async def a_pace_that_makes_tasks():
    async def pause():
        await asyncio.sleep(0.2)

    made = []
    for shop in shops():
        made.append(asyncio.create_task(shop.price("tea")))
        await pause()
    await asyncio.gather(*made)


async def a_pace_that_wakes_others():
    queue: asyncio.Queue = asyncio.Queue()

    async def pause(seconds):
        await asyncio.sleep(seconds)

    async def consume():
        for _ in range(4):
            await queue.get()

    consumer = asyncio.create_task(consume())
    for each in range(4):
        await pause(0.1 + each / 10)
        queue.put_nowait(each)
    await consumer


async def started_before():
    tasks = [asyncio.create_task(shop.price("tea")) for shop in shops()]
    for task in tasks:
        await task


async def a_small_part_of_the_run():
    for shop in shops(latency=0.01):
        await shop.price("tea")
    await asyncio.sleep(9)


@pytest.mark.parametrize("main", [
    concurrent, two_only, workers, a_worker_that_waits_for_items, under_a_lock, retries_with_growing_waits,
    retries_after_timeouts, of_different_kinds, a_pace, a_pace_that_makes_tasks, a_pace_that_wakes_others,
    started_before, a_small_part_of_the_run,
])
def test_what_is_no_staircase(main):
    assert "staircase" not in found(main)


def test_of_waits_that_needed_each_other_the_sentence_is_true_all_the_same():
    """That the second request took the answer of the first, no recording shows."""
    async def main():
        price = 320
        for shop in shops():
            price = await shop.price("tea") + price

    assert "Nothing in this run shows" in found(main)["staircase"].words


# -- polling ----------------------------------------------------------------------------------------


def polls(period, *, until=1.0):
    async def main():
        task = asyncio.create_task(asyncio.sleep(until), name="work")
        while not task.done():
            await asyncio.sleep(period)

    return main


def test_polling():
    seen = found(polls(0.3, until=2.0))["polling"]
    line = polls.__code__.co_firstlineno + 4
    assert seen.words == (f"main sleeps 0.3 s 7 times in a row at line {line} in main, and waits for nothing else "
                          "meanwhile. In the last of these sleeps work ends.")
    assert seen.numbers == {"sleeps": 7, "each": 0.3} and seen.tasks == (0,)


def test_polling_for_a_thread():
    async def main():
        future = asyncio.get_running_loop().run_in_executor(None, Shop("north", latency=1.03).price_blocking, "tea")
        while not future.done():
            await asyncio.sleep(0.1)

    assert found(main)["polling"].words.endswith("In the last of these sleeps a call in a worker thread ends.")


def test_polling_through_a_function_is_no_staircase():
    async def main():
        async def pause():
            await asyncio.sleep(0.1)

        task = asyncio.create_task(asyncio.sleep(0.95))
        while not task.done():
            await pause()

    assert set(found(main)) == {"polling"}


def test_polling_in_real_time_has_no_numbers():
    seen = by_rule(as_if_real(polls(0.3, until=2.0)))["polling"]
    assert "main sleeps again and again, about equally long, at line" in seen.words and seen.numbers == {}


def test_sleeps_in_real_time_are_no_staircase():
    assert "staircase" not in by_rule(as_if_real(work_with_sleeps))
    assert by_rule(as_if_real(one_by_one))["staircase"].numbers == {"waits": 3}


def backing_off():
    async def main():
        task = asyncio.create_task(asyncio.sleep(5))
        for attempt in range(6):
            await asyncio.sleep(0.1 * 2 ** attempt)
        await task

    return main


async def heartbeat():
    async def beat():
        while True:
            await asyncio.sleep(0.1)

    task = asyncio.create_task(beat())
    await Shop("north", latency=0.95).price("tea")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def requests_between():
    task = asyncio.create_task(asyncio.sleep(1.5))
    while not task.done():
        await Shop("north", latency=0.1).price("tea")
        await asyncio.sleep(0.2)


async def a_producer():
    queue: asyncio.Queue = asyncio.Queue()

    async def consume():
        for _ in range(6):
            await queue.get()

    async with asyncio.TaskGroup() as group:
        group.create_task(consume())
        for each in range(6):
            await asyncio.sleep(0.1)
            queue.put_nowait(each)


async def while_things_end_all_the_time():
    tasks = [asyncio.create_task(asyncio.sleep(0.05 + each / 10)) for each in range(9)]
    for _ in range(9):
        await asyncio.sleep(0.1)
    await asyncio.gather(*tasks)


async def a_pace_of_new_tasks():
    tasks = []
    for shop in shops(10, latency=0.95):
        tasks.append(asyncio.create_task(shop.price("tea")))
        await asyncio.sleep(0.1)
    await asyncio.gather(*tasks)


async def a_clock_and_nothing_else():
    for _ in range(9):
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("main", [backing_off(), heartbeat, requests_between, a_producer,
                                  while_things_end_all_the_time, a_pace_of_new_tasks, a_clock_and_nothing_else,
                                  polls(1.0, until=2.5)])
def test_what_is_no_polling(main):
    assert "polling" not in found(main)
    assert "polling" not in by_rule(as_if_real(main))


# -- very many at the same time ---------------------------------------------------------------------


def asking(number, *, at_once=None, latency=0.2):
    async def main():
        shop = Shop("north", latency=latency)
        limit = asyncio.Semaphore(at_once) if at_once else None

        async def price():
            if limit is None:
                return await shop.price("tea")
            async with limit:
                return await shop.price("tea")

        await asyncio.gather(*(price() for _ in range(number)))

    return main


def test_a_fan_out():
    seen = found(asking(500))["fan-out"]
    line = asking.__code__.co_firstlineno + 7
    assert seen.words == (f"500 tasks wait for a request at the same time, each at line {line} in price. "
                          "This run shows nothing that limits how many.")
    assert seen.numbers == {"tasks": 500} and len(seen.tasks) == 500


def test_a_fan_out_in_real_time_has_no_exact_number():
    seen = by_rule(as_if_real(asking(150)))["fan-out"]
    assert seen.words.startswith("more than 100 tasks wait for a request at the same time, each at line")


async def many_workers():
    queue: asyncio.Queue = asyncio.Queue()
    for shop in shops(600):
        queue.put_nowait(shop)

    async def work():
        while not queue.empty():
            await queue.get_nowait().price("tea")

    await asyncio.gather(*(work() for _ in range(150)))


async def a_rate():
    """Each sleeps until it is its turn."""
    shop = Shop("north", latency=0.1)

    async def price(number):
        await asyncio.sleep(number / 10)
        await shop.price("tea")

    await asyncio.gather(*map(price, range(300)))


async def many_who_wait_for_one():
    done = asyncio.Event()
    tasks = [asyncio.create_task(done.wait()) for _ in range(300)]
    await asyncio.sleep(1)
    done.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("main", [asking(100), asking(500, at_once=200), many_workers, a_rate, many_who_wait_for_one])
def test_what_is_no_fan_out(main):
    assert "fan-out" not in found(main)


# -- a limit that is reached ------------------------------------------------------------------------


def test_a_limit_that_is_reached_all_the_time():
    seen = found(asking(20, at_once=4))["limit"]
    line = asking.__code__.co_firstlineno + 8
    assert seen.words == (
        f"16 tasks wait for a semaphore at line {line} in price: from 0 to 0.8 s at least one of them does. "
        f"Never more than 4 tasks wait for a request at line {line + 1} in price at one moment.")
    assert seen.numbers == {"seconds": 0.8, "waits": 16, "most": 4}


def test_a_queue_that_is_always_full():
    async def main():
        queue: asyncio.Queue = asyncio.Queue(2)

        async def consume():
            for _ in range(10):
                await queue.get()
                await Shop("north", latency=0.1).price("tea")

        task = asyncio.create_task(consume())
        for each in range(10):
            await queue.put(each)
        await task

    seen = found(main)["limit"]
    assert "main waits for room in a queue at line" in seen.words
    assert seen.words.endswith(" from 0 to 0.7 s without a break.")


def test_a_queue_that_several_fill():
    async def main():
        queue: asyncio.Queue = asyncio.Queue(1)

        async def fill():
            for each in range(4):
                await queue.put(each)

        async with asyncio.TaskGroup() as group:
            group.create_task(fill())
            group.create_task(fill())
            for _ in range(8):
                await Shop("north", latency=0.1).price("tea")
                queue.get_nowait()

    words = found(main)["limit"].words
    assert words.startswith("2 tasks wait for room in a queue at line")
    assert words.endswith(": from 0 to 0.7 s at least one of them does.")


async def reached_for_a_moment():
    await asking(8, at_once=4)()
    await asyncio.sleep(3)


@pytest.mark.parametrize("main", [
    asking(20, at_once=1),                  # mutual exclusion
    asking(20, at_once=20),                 # never reached: no wait tells of it
    asking(5, at_once=4), reached_for_a_moment, asking(20),
])
def test_what_is_no_limit_that_is_reached(main):
    assert "limit" not in found(main)


def test_rules_on_waits_of_many_spans_are_quick():
    """No rule takes time that grows with the square of the run."""
    async def main():
        shop = Shop("north", latency=0.1)
        for _ in range(20_000):
            await shop.price("tea")

    assert [each.rule for each in simulate(main()).explain()] == ["staircase"]
