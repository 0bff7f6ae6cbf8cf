"""Who awaits whom, as plain data."""

import asyncio
import contextlib

import anyio
import pytest

from helpers.recorder.await_tree import Stand, of_loop, of_recording
from helpers.simulated_io import Shop
from helpers.virtual.run import simulate
from tests.recorder.programs import BOTH, SOON, line

LONG = 30               # seconds that nobody waits for to the end


def by_name(stands):
    """The stands with names instead of numbers, by name."""
    names = [stand.name for stand in stands]
    assert len(set(names)) == len(names)
    return {stand.name: stand._replace(on=tuple(names[each] for each in stand.on)) for stand in stands}


async def ask():
    await asyncio.sleep(LONG)  # here


async def fetch():
    await ask()  # here


async def cancel(*tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@BOTH
def test_who_awaits_whom_now(run):
    async def everything():
        await asyncio.gather(asyncio.create_task(fetch(), name="one"), asyncio.shield(two))

    async def main():
        nonlocal two
        two = asyncio.create_task(fetch(), name="two")
        all_ = asyncio.create_task(everything(), name="all")
        await asyncio.sleep(SOON)
        asyncio.create_task(fetch(), name="new").add_done_callback(lambda _: None)
        stands = by_name(of_loop(asyncio.get_running_loop()).stands)
        await cancel(all_, two)
        return stands

    two = None
    stands = run(main()).result
    assert stands["one"] == stands["two"]._replace(name="one")
    assert stands["two"].state == "wait" and stands["two"].wait == "sleep" and stands["two"].asked == LONG
    assert [place.line for place in stands["two"].places] == [line(fetch), line(ask)]
    assert (stands["all"].wait, sorted(stands["all"].on)) == ("gather", ["one", "two"])
    assert stands["new"] == Stand("new", "new")
    (main_,) = [stand for stand in stands.values() if stand.state == "runs"]
    assert main_.places[-1].function == "main"


@BOTH
@pytest.mark.parametrize("how", ["task", "shield", "gather", "wait", "wait_for", "task group", "as a future"])
def test_every_way_to_await_a_task(run, how):
    async def awaiting(task):
        if how == "task group":
            async with asyncio.TaskGroup() as group:
                group.create_task(fetch(), name="inner")
            return
        await {
            "task": lambda: task,
            "shield": lambda: asyncio.shield(task),
            "gather": lambda: asyncio.gather(asyncio.gather(task)),
            "wait": lambda: asyncio.wait([task]),
            "wait_for": lambda: asyncio.wait_for(task, LONG),
            "as a future": lambda: asyncio.wrap_future(
                asyncio.run_coroutine_threadsafe(follow(task), asyncio.get_running_loop())),
        }[how]()

    async def follow(task):
        await task

    async def main():
        task = None
        if how != "task group":
            task = asyncio.create_task(fetch(), name="inner")
        outer = asyncio.create_task(awaiting(task), name="awaiter")
        await asyncio.sleep(SOON)
        stands = by_name(of_loop(asyncio.get_running_loop()).stands)
        await cancel(*([task] if task else []), outer)
        return stands

    stands = run(main()).result
    awaited = stands["awaiter"].on
    if how == "as a future" and awaited:
        assert awaited == ("follow",)
        awaited = stands["follow"].on
    assert awaited == ("inner",)


@BOTH
def test_who_holds_a_lock(run):
    async def hold():
        async with lock:
            await asyncio.sleep(LONG)

    async def want():
        async with lock:
            pass

    async def main():
        nonlocal lock
        lock = asyncio.Lock()
        tasks = [asyncio.create_task(hold(), name="holder"), asyncio.create_task(want(), name="wanting")]
        await asyncio.sleep(SOON)
        stands = of_loop(asyncio.get_running_loop()).stands
        await cancel(*tasks)
        return stands

    lock = None
    stands = run(main()).result
    (wanting,) = [stand for stand in stands if stand.name == "wanting"]
    assert wanting.wait == "lock" and stands[wanting.holder].name == "holder"


@BOTH
def test_whose_a_task_is_the_tree_says_as_the_picture_does(run):
    """A library's task that the learner made is the learner's; one that a library made is counted, unless awaited."""
    async def main():
        tasks = [asyncio.create_task(asyncio.sleep(LONG)), asyncio.create_task(anyio.sleep(LONG), name="rest")]
        theirs = made_by_anyio()
        await asyncio.sleep(SOON)
        found = of_loop(asyncio.get_running_loop())
        task = asyncio.create_task(wait(theirs), name="waits")
        await asyncio.sleep(SOON)
        later = of_loop(asyncio.get_running_loop())
        await cancel(task, theirs, *tasks)
        return found, later

    async def wait(future):
        with contextlib.suppress(asyncio.CancelledError):
            await future

    result = run(main())
    found, later = result.result
    assert {"sleep", "rest"} <= {stand.name for stand in found.stands}
    assert {each.library: each.tasks for each in found.others}["anyio"] == 1
    assert "anyio" not in {each.library for each in later.others}
    (waiting,) = [stand for stand in later.stands if stand.name == "waits"]
    assert len(waiting.on) == 1 and later.stands[waiting.on[0]].wait == "sleep"
    assert {"sleep", "rest"} <= {task.name for task in result.tasks}
    assert {each.library: each.tasks for each in result.others} == {"anyio": 1}


def made_by_anyio():
    """A task of which anyio's code says that it is its own: it is made by a function that lies there."""
    made = {"asyncio": asyncio, "coroutine": anyio.sleep(LONG)}
    exec(compile("task = asyncio.ensure_future(coroutine)", anyio.__file__, "exec"), made)
    return made["task"]


def test_a_shop_is_a_part_of_the_program_and_an_instrument_is_not():
    async def main():
        asking = asyncio.create_task(Shop("north", latency=LONG, prices={"tea": 1}).price("tea"))
        await asyncio.sleep(SOON)
        found = of_loop(asyncio.get_running_loop())
        await cancel(asking)
        return found

    assert {"main", "Shop.price"} <= {stand.name for stand in asyncio.run(main()).stands}


def test_a_task_of_a_library_that_runs_the_learners_code_is_called_after_it():
    async def main():
        async def awaiting():
            await asyncio.wait_for(fetch(), LONG)

        class Awaitable:
            def __await__(self):
                return fetch().__await__()

        tasks = [asyncio.ensure_future(Awaitable()), asyncio.create_task(awaiting())]
        await asyncio.sleep(SOON)
        stands = of_loop(asyncio.get_running_loop()).stands
        await cancel(*tasks)
        return stands

    stands = simulate(main()).result
    assert {stand.name for stand in stands} >= {"main", "fetch"} and len(stands) in (3, 4)


def test_a_recording_at_a_moment():
    async def first():
        await asyncio.sleep(0.1)
        await asyncio.gather(second(), second())

    async def second():
        await asyncio.sleep(0.2)

    run = simulate(first())
    at = {moment: of_recording(run, moment).stands for moment in (0, 0.05, 0.1, 0.2, 0.3)}
    assert [len(stands) for stands in at.values()] == [1, 1, 3, 3, 0]
    assert at[0] == at[0.05] and at[0][0].asked == 0.1
    assert at[0.1] == at[0.2] and at[0.2][0].on == (1, 2) and at[0.2][1].wait == "sleep"
    assert of_recording(run).stands == ()


def test_what_is_left_at_the_end_of_a_recording():
    async def main():
        asyncio.create_task(fetch(), name="left")
        await asyncio.sleep(0.1)

    stands = by_name(of_recording(simulate(main())).stands)
    assert stands["left"].asked == LONG and [p.line for p in stands["left"].places] == [line(fetch), line(ask)]


def test_a_deadlock_has_its_holders():
    async def north():
        async with first:
            await asyncio.sleep(0.1)
            async with second:
                pass

    async def south():
        async with second:
            await asyncio.sleep(0.1)
            async with first:
                pass

    async def main():
        nonlocal first, second
        first, second = asyncio.Lock(), asyncio.Lock()
        await asyncio.gather(north(), south())

    first = second = None
    run = simulate(main())
    assert run.error.startswith("Deadlock")
    stands = of_recording(run).stands
    assert [(stand.name, stand.wait, stand.holder) for stand in stands] == [
        ("main", "gather", -1), ("north", "lock", 2), ("south", "lock", 1)]


@pytest.mark.parametrize(("name", "holders"), [(None, [2, 1]), ("same", [-1, -1])])
def test_tasks_of_a_deadlock_have_holders_if_they_can_be_told_apart(name, holders):
    async def take(mine, theirs):
        async with mine:
            await asyncio.sleep(0.1)
            async with theirs:
                pass

    async def main():
        first, second = asyncio.Lock(), asyncio.Lock()
        await asyncio.gather(asyncio.create_task(take(first, second), name=name),
                             asyncio.create_task(take(second, first), name=name))

    stands = of_recording(simulate(main())).stands
    assert [(stand.wait, stand.holder) for stand in stands[1:]] == [("lock", holder) for holder in holders]
