"""Tasks that await each other, and others that will not go: the run ends, is told, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import sys
import time

import pytest

from helpers import Deadlock, simulate
from helpers.drawing.alternative_text import alternative_text
from helpers.drawing.timeline import mimebundle
from helpers.widgets.replay.replay import Replay
from helpers.widgets.replay.steps import Steps

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


@pytest.fixture(autouse=True)
def nothing_is_complained_of(caplog, capsys, monkeypatch):
    """A run leaves no task that Python throws away, and nothing that fails then."""
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    yield
    gc.collect()
    assert [record.getMessage() for record in caplog.records] == []
    assert unraisable == []
    assert capsys.readouterr().err == ""


async def circle(count, wait):
    """So many tasks, each of which waits for the next, and the last for the first."""
    tasks = []

    async def wait_for(number):
        await asyncio.sleep(0)
        await wait(tasks[(number + 1) % count])

    tasks += [asyncio.create_task(wait_for(number), name=f"task {number}") for number in range(count)]
    return tasks


async def plainly(task):
    await task


async def gathered(task):
    await asyncio.gather(task, asyncio.sleep(0))


async def with_exceptions(task):
    await asyncio.gather(task, asyncio.sleep(1), return_exceptions=True)


async def grouped(task):
    async with asyncio.TaskGroup() as group:
        group.create_task(plainly(task))


async def waited(task):
    await asyncio.wait([task])


async def timed(task):
    await asyncio.wait_for(task, None)


async def shielded(task):
    await asyncio.shield(task)


async def completed(task):
    for each in asyncio.as_completed([task]):
        await each


WAITS = [plainly, gathered, with_exceptions, grouped, waited, timed, shielded, completed]


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("count", [2, 3, 150])
def test_tasks_that_await_each_other_are_left_when_the_run_ends(wait, count):
    async def main():
        await circle(count, wait)
        await asyncio.sleep(1)
        return "done"

    run = simulate(main())
    assert run.result == "done" and run.elapsed == 1
    pending = [task.name for task in run.tasks if task.outcome == "pending"]
    assert {f"task {number}" for number in range(count)} <= set(pending)


@pytest.mark.parametrize("wait", WAITS)
def test_a_deadlock_of_tasks_that_await_each_other_names_them_and_their_lines(wait):
    async def main():
        tasks = await circle(2, wait)
        await tasks[0]

    run = simulate(main())
    assert isinstance(run.exception, Deadlock)
    line = main_line(wait)
    for name in ("task 0", "task 1"):
        assert any(text.startswith(f"  - {name} waits for") and f"line {line}" in text
                   for text in str(run.exception).splitlines())


@pytest.mark.parametrize(("wait", "words"), [
    (plainly, "a circle: ann awaits bob, bob awaits cleo, cleo awaits ann"),
    (gathered, "a circle: ann awaits bob, bob awaits cleo, cleo awaits ann"),
    (timed, "a circle: ann awaits bob, bob awaits cleo, cleo awaits ann"),
    (waited, ""),
])
@pytest.mark.parametrize("named", [True, False])
def test_a_deadlock_tells_the_circle(wait, words, named):
    async def main():
        tasks = await circle(3, wait)
        for task, name in zip(tasks, ("ann", "bob", "cleo")):
            task.set_name(name if named else "one")
        await tasks[0]

    told = [line.strip() for line in simulate(main()).error.splitlines() if "circle" in line]
    if not named:
        words = words.replace("ann", "one").replace("bob", "one 2").replace("cleo", "one 3")
    assert told == [words] * bool(words)


def main_line(wait):
    """The innermost of the learner's lines at which such a task stands."""
    first = wait.__code__.co_firstlineno
    return first + 2 if wait is completed else first + 1


@pytest.mark.parametrize("wait", WAITS)
def test_everything_that_shows_a_run_can_show_a_circle(wait):
    async def main():
        await circle(3, wait)
        await asyncio.sleep(1)

    run = simulate(main())
    assert "task 2" in run.text()
    assert mimebundle(run)
    assert alternative_text(run)
    assert Steps(run)
    assert Replay(run)
    assert type(run).from_json(run.to_json()) == run


def test_a_task_that_awaits_itself_by_way_of_gather():
    async def main():
        await asyncio.gather(asyncio.current_task(), asyncio.sleep(0))

    run = simulate(main())
    assert isinstance(run.exception, Deadlock)
    assert "main waits for" in run.error


def test_a_circle_in_which_a_task_swallows_the_cancellation():
    async def main():
        tasks = {}

        async def stubborn():
            while True:
                try:
                    await tasks["other"]
                except BaseException:
                    await asyncio.Event().wait()

        async def other():
            await tasks["stubborn"]

        tasks["stubborn"] = asyncio.create_task(stubborn(), name="stubborn")
        tasks["other"] = asyncio.create_task(other(), name="other")
        await asyncio.sleep(1)

    assert [task.outcome for task in simulate(main()).tasks] == ["result", "pending", "pending"]


@pytest.mark.parametrize("wait", WAITS)
def test_in_a_circle_every_task_cleans_up_once(wait):
    log = []

    async def main():
        tasks = []

        async def careful(number):
            try:
                await wait(tasks[1 - number])
            except asyncio.CancelledError:
                assert asyncio.current_task().cancelling()
                log.append((number, "cancelled"))
                raise
            finally:
                await asyncio.sleep(2)
                log.append((number, "clean"))

        tasks += [asyncio.create_task(careful(number)) for number in range(2)]
        await asyncio.sleep(1)

    simulate(main())
    assert sorted(log) == [(0, "cancelled"), (0, "clean"), (1, "cancelled"), (1, "clean")]


@pytest.mark.parametrize("length", [99, 101, 5000])
def test_a_long_chain_of_tasks_is_cancelled(length):
    ended = []

    async def main():
        async def link(number, following):
            try:
                await following
            finally:
                ended.append(number)

        last = asyncio.get_running_loop().create_future()
        for number in range(length):
            last = asyncio.create_task(link(number, last))
        await asyncio.sleep(1)

    run = simulate(main())
    assert run.error == ""
    assert sorted(ended) == list(range(length))


def test_tasks_are_cancelled_as_asyncio_does_where_there_is_no_circle():
    """Who waits for a task is woken by the end of that task, after its clean-up."""
    log = []

    async def main():
        async def inner():
            try:
                await asyncio.sleep(10)
            finally:
                await asyncio.sleep(1)
                log.append("inner")

        async def outer(task):
            try:
                await task
            finally:
                log.append("outer")

        task = asyncio.create_task(inner())
        asyncio.create_task(outer(task))
        await asyncio.sleep(1)

    simulate(main())
    assert log == ["inner", "outer"]


def test_a_task_that_stays_is_closed_at_once_and_not_in_a_later_cell():
    log = []

    async def main():
        async def stubborn():
            try:
                while True:
                    try:
                        await asyncio.Event().wait()
                    except asyncio.CancelledError:
                        pass
            finally:
                before = time.monotonic()
                time.sleep(3)                   # in virtual time still
                log.append(time.monotonic() - before)

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        return task

    task = simulate(main()).result
    assert log == [3]
    assert task.get_coro().cr_frame is None


@pytest.mark.parametrize("wait", [lambda: asyncio.Event().wait(), lambda: asyncio.sleep(1)], ids=["event", "sleep"])
def test_a_task_that_will_not_even_be_closed(wait):
    async def main():
        async def stubborn():
            while True:
                try:
                    await wait()
                except:                         # noqa: E722  # as learners do
                    pass

        asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        return "done"

    assert simulate(main(), limit=2000).result == "done"


def test_the_next_run_is_not_disturbed():
    async def stuck():
        tasks = await circle(2, plainly)
        await tasks[0]

    async def main():
        await asyncio.sleep(1)
        return len(asyncio.all_tasks())

    simulate(stuck())
    gc.collect()
    assert simulate(main()).result == 1
