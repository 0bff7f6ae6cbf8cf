"""Whose a task is: the learner's, or a library's."""

import asyncio
import sys
import threading
import time

import pytest

from helpers.recorder.owners import library_of, sort_out
from helpers.recording import Others
from helpers.simulated_io import Shop
from helpers.virtual.run import simulate
from tests.recorder.libraries import TEA, library
from tests.recorder.programs import BOTH, NEVER, SOON, nap, recorded, waits


def lanes(run):
    return [task.name for task in run.tasks]


def others(run):
    return {each.library: each.tasks for each in run.others}


# -- the learner's ----------------------------------------------------------------------------------


@BOTH
def test_what_the_learner_has_made_a_task_of_is_the_learners(run):
    async def main():
        shop = Shop("north", latency=SOON)
        tasks = [asyncio.create_task(asyncio.sleep(SOON)), asyncio.ensure_future(shop.price("tea")),
                 asyncio.get_running_loop().create_task(TEA.polls())]
        await asyncio.gather(asyncio.sleep(SOON), TEA.polls(), *tasks)
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(SOON))
        await asyncio.wait_for(TEA.polls(), 10)
        await asyncio.wait({*map(asyncio.create_task, [asyncio.sleep(SOON), asyncio.sleep(SOON)])})

    result = run(main())
    assert result.others == ()
    made = [name for name in lanes(result) if not name.startswith("polls 3")]       # wait_for makes one on 3.11
    assert made == ["main", "sleep", "Shop.price", "polls", "sleep 2", "polls 2", "sleep 3", "sleep 4", "sleep 5"]


@BOTH
def test_a_coroutine_of_the_learners_is_the_learners_whoever_made_it_a_task(run):
    async def price():
        pass

    async def main():
        await TEA.starts(price())
        asyncio.get_running_loop().call_soon(TEA.starts, price())
        await asyncio.sleep(SOON)

    result = run(main())
    assert lanes(result) == ["main", "price", "price 2"] and result.others == ()


@BOTH
def test_public_functions_of_asyncio_are_the_learners_where_nobody_can_tell(run):
    """asyncio itself makes no tasks of what it offers to others."""
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.create_task, asyncio.sleep(SOON))
        loop.call_later(SOON / 2, loop.create_task, asyncio.Event().wait())
        await asyncio.sleep(2 * SOON)

    result = run(main())
    assert lanes(result) == ["main", "sleep", "Event.wait"] and result.others == ()


def test_run_coroutine_threadsafe():
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(asyncio.sleep(SOON), loop).result())

    result = recorded(main())
    assert lanes(result) == ["main", "sleep"] and result.others == ()


@BOTH
def test_a_subclass_of_a_librarys_class_is_the_learners(run):
    base = library("""
import asyncio
class Protocol:
    def connected(self):
        self.received("tea")
""")

    class Mine(base.Protocol):
        def received(self, data):
            self.task = asyncio.get_running_loop().create_task(TEA.polls())

    async def main():
        mine = Mine()
        mine.connected()
        await mine.task

    result = run(main())
    assert lanes(result) == ["main", "polls"] and result.others == ()


# -- a library's -------------------------------------------------------------------------------------


@BOTH
def test_a_task_that_a_library_makes_for_itself_is_counted_not_drawn(run):
    async def main():
        first = asyncio.create_task(nap(), name="first")
        task = TEA.starts(TEA.polls())
        second = asyncio.create_task(nap(), name="second")
        await task
        await asyncio.gather(first, second)
        await asyncio.create_task(nap(), name="third")

    result = run(main())
    assert lanes(result) == ["main", "first", "second", "third"] and others(result) == {"tealib": 1}
    assert [task.id for task in result.tasks] == [0, 1, 2, 3] and result.peak == 2
    found = [(span.wait, span.on) for span in waits(result.tasks[0])]
    assert found[0] == ("tealib", ()) and found[-1] == ("task", (3,))


@BOTH
def test_a_timer_of_a_librarys_is_the_librarys(run):
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_later(SOON, loop.create_task, TEA.polls(SOON))
        await asyncio.sleep(3 * SOON)

    assert others(run(main())) == {"tealib": 1}


@BOTH
def test_a_library_that_gathers_what_it_needs(run):
    gathers = library("""
import asyncio
async def both():
    return await asyncio.gather(asyncio.sleep(0.002), asyncio.sleep(0.002))
""", "gatherlib")

    async def main():
        await gathers.both()

    result = run(main())
    assert lanes(result) == ["main"] and others(result) == {"gatherlib": 2}
    assert [span.wait for span in waits(result.tasks[0])] == ["gatherlib"]


def test_the_main_task_is_always_drawn():
    result = recorded(TEA.polls())
    assert lanes(result) == ["polls"] and result.others == ()


@BOTH
def test_the_child_of_a_librarys_task_is_that_of_whoever_is_drawn_above_it(run):
    async def price():
        await asyncio.sleep(SOON)

    async def main():
        await asyncio.create_task(inner(), name="inner")

    async def inner():
        await TEA.starts(makes.a_child(price))

    makes = library("""
import asyncio
async def a_child(function):
    await asyncio.create_task(function())
""", "makelib")
    result = run(main())
    assert [(task.name, task.parent) for task in result.tasks] == [("main", None), ("inner", 0), ("price", 1)]
    assert others(result) == {"tealib": 1}


# -- a library that runs the learner's ---------------------------------------------------------------


@BOTH
def test_a_librarys_task_that_runs_the_learners_function_is_drawn_and_named_after_it(run):
    async def price():
        await query()

    async def query():
        await asyncio.sleep(SOON)

    async def main():
        await asyncio.gather(TEA.has_served(price), TEA.has_served(price))

    result = run(main())
    assert lanes(result) == ["main", "price", "price 2"] and result.others == ()
    assert [task.coroutine for task in result.tasks] == ["main", "price", "price"]
    assert waits(result.tasks[0])[0].on == (1, 2)
    assert {span.place.function for task in result.tasks[1:] for span in waits(task)} == {"query"}


@BOTH
def test_a_task_that_serves_several_functions_one_after_another_has_all_their_names(run):
    async def price():
        await asyncio.sleep(SOON)

    async def stock():
        await asyncio.sleep(SOON)

    async def tax():
        await asyncio.sleep(SOON)

    async def toll():
        await asyncio.sleep(SOON)

    async def main():
        await TEA.has_served(price, stock, price)
        await TEA.has_served(price, stock, tax, toll)

    assert lanes(run(main())) == ["main", "price, stock", "price, stock, tax and 1 more"]


@BOTH
def test_a_middleware_gives_way_to_the_handler(run):
    async def logged():
        await asyncio.sleep(SOON)
        await TEA.stirs(price)

    async def price():
        await other.tries(query)

    async def query():
        await asyncio.sleep(SOON)

    async def main():
        await TEA.has_served(logged)

    other = library("async def tries(function):\n    await function()\n", "trylib")
    assert lanes(run(main())) == ["main", "price"]


def test_a_function_that_blocks_is_seen_though_it_never_waits():
    async def price():
        time.sleep(0.2)

    async def main():
        await TEA.has_served(price)

    result = simulate(main())
    assert lanes(result) == ["main", "price"] and result.others == ()
    assert [span.kind for span in result.tasks[1].spans] == ["blocked"]


def test_a_function_that_runs_in_a_thread():
    def stock():
        time.sleep(SOON)

    async def main():
        await TEA.starts(threads.in_thread(stock))

    threads = library("""
import asyncio
async def in_thread(function):
    await asyncio.to_thread(function)
""", "threadlib")
    result = recorded(main())
    assert lanes(result) == ["main", "stock"] and [span.wait for span in waits(result.tasks[1])] == ["thread"]
    assert [job.task for job in result.threads] == [1]


def test_a_function_that_never_waits_leaves_no_trace():
    async def price():
        pass

    async def main():
        await TEA.has_served(price)

    result = recorded(main())
    assert lanes(result) == ["main"] and others(result) == {"tealib": 1}


# -- a task that is not recorded ---------------------------------------------------------------------


def test_whose_a_task_is_that_is_not_recorded():
    async def price():
        await asyncio.sleep(NEVER)

    async def main():
        tasks = [asyncio.create_task(coro) for coro in (
            price(), asyncio.sleep(NEVER), TEA.polls(NEVER), TEA.serves(price), Shop("north").price("tea"))]
        await asyncio.sleep(0)
        found = [library_of(task) for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return found

    assert asyncio.run(main()) == ["", "", "tealib", "", ""]


def test_whose_a_task_is_that_is_recorded():
    async def main():
        mine, theirs = asyncio.create_task(TEA.polls()), TEA.starts(TEA.polls())
        found = [library_of(task) for task in (mine, theirs, asyncio.current_task())]
        await asyncio.gather(mine, theirs)
        return found

    assert recorded(main()).result == ["", "tealib", ""]


def test_the_learners_are_sorted_out():
    async def main():
        tasks = [TEA.starts(TEA.polls()), asyncio.create_task(nap()), TEA.starts(TEA.polls()), asyncio.current_task()]
        found = sort_out(tasks)
        await asyncio.wait(tasks[:3])
        return found == ([tasks[1], tasks[3]], (Others("tealib", 2),))

    assert recorded(main()).result


def test_a_deadlock_tells_of_the_learners_tasks_and_counts_the_others():
    async def price():
        await TEA.Bell()

    async def main():
        theirs = [TEA.starts(TEA.serves(never.rings)) for _ in range(2)]
        await asyncio.gather(price(), TEA.has_served(price), *theirs)

    never = library("""
import asyncio
async def rings():
    await asyncio.get_running_loop().create_future()
""", "bell")
    error = simulate(main()).error
    assert error.count("waits for tealib at") == 2 and "  - price waits for tealib at line" in error
    assert error.endswith("\n  - and 2 tasks of tealib") and "main" in error


# -- coroutines of other types -----------------------------------------------------------------------


@BOTH
def test_steps_of_asynchronous_generators(run):
    async def rows():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(SOON)

    async def main():
        steps = rows()
        await asyncio.create_task(anext(steps))
        await asyncio.create_task(steps.asend(3))
        await asyncio.create_task(steps.aclose())
        await asyncio.create_task(anext(rows(), None))
        with pytest.raises(ValueError, match="no tea"):
            await asyncio.create_task(rows().athrow(ValueError("no tea")))

    assert lanes(run(main()))[:6] == ["main", "anext of rows", "asend of rows", "aclose of rows", "anext of rows 2",
                                      "athrow of rows"]


@BOTH
def test_the_task_that_closes_a_forgotten_generator(run):
    async def rows():
        try:
            yield 1
        finally:
            await asyncio.sleep(SOON)

    async def main():
        async for _ in rows():
            break
        await asyncio.sleep(3 * SOON)

    result = run(main())
    assert lanes(result) == ["main", "aclose of rows"] and result.others == ()


@BOTH
def test_an_object_with_await_is_called_by_its_type(run):
    class Ticket:
        def __await__(self):
            yield from asyncio.sleep(SOON).__await__()

    async def main():
        await asyncio.gather(Ticket(), TEA.Bell.__await__ and Ticket())

    assert lanes(run(main())) == ["main", "Ticket", "Ticket 2"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in 3.12")
@BOTH
def test_a_task_that_begins_at_once_is_that_of_whoever_made_it(run):
    async def price():
        await asyncio.create_task(nap(), name="child")

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        await TEA.starts(TEA.serves(price))
        await asyncio.create_task(TEA.polls(SOON))
        await TEA.starts(TEA.polls(SOON))

    result = run(main())
    assert lanes(result) == ["main", "price", "child", "polls"] and others(result) == {"tealib": 1}


def test_a_thread_that_the_loop_did_not_start_makes_a_task():
    async def main():
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def work():
            asyncio.run_coroutine_threadsafe(nap(), loop).result()
            loop.call_soon_threadsafe(done.set)

        threading.Thread(target=work).start()
        await done.wait()

    assert recorded(main()).others == ()
