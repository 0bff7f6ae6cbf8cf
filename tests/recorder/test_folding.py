"""The libraries' tasks are taken out of a run, and everything that has a number gets the right one."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from helpers.recorder.folding import Folding
from helpers.recording import Recording, Span, Task
from helpers.virtual.run import simulate
from helpers.wait_kinds import BLOCKED, RUN
from helpers.widgets.replay.steps import Steps
from tests.recorder.libraries import TEA
from tests.recorder.programs import BOTH, SOON, named, recorded, waits


async def busy():
    """Tasks of the learner's and of a library's, mixed, that wake each other."""
    lock = asyncio.Lock()

    async def worker(number):
        for _ in range(3):
            async with lock:
                await asyncio.sleep(0.01 * number)
            await TEA.starts(TEA.polls(0.003))

    background = [TEA.starts(TEA.polls(0.004 * n)) for n in range(5)]
    await asyncio.gather(*[worker(n) for n in (1, 2, 3)])
    await asyncio.wait(background)


@BOTH
def test_turns_are_numbered_without_gaps_in_their_order(run):
    result = run(busy())
    turns = [span for task in result.tasks for span in task.spans if span.step >= 0]
    assert sorted(span.step for span in turns) == list(range(len(turns)))
    in_order = sorted(turns, key=lambda span: span.step)
    assert in_order == sorted(in_order, key=lambda span: span.start)
    assert [task.name for task in result.tasks] == ["main"] * 0 + ["busy", "worker", "worker 2", "worker 3"]
    assert [(each.library, each.tasks) for each in result.others] == [("tealib", 14)]


def test_a_task_is_woken_in_a_turn_before_its_own():
    result = simulate(busy())
    found = 0
    for task in result.tasks:
        for index, span in enumerate(task.spans):
            if span.woken >= 0:
                found += 1
                following = next(each.step for each in task.spans[index:] if each.step >= 0)
                assert span.woken <= following
    assert found


def test_everything_is_about_tasks_that_are_there():
    result = simulate(busy())
    for task in result.tasks:
        assert task.parent is None or 0 <= task.parent < len(result.tasks)
        for span in task.spans:
            assert all(0 <= number < len(result.tasks) for number in span.on)
    assert {span.wait for span in waits(result.tasks[1])} == {"lock", "sleep", "tealib"}


@BOTH
def test_the_replay_steps_through_what_is_left(run):
    steps = Steps(run(busy()))
    assert len(steps) > 10
    assert [step.number for step in steps] == list(range(len(steps)))
    assert all(set(step.standings) <= {0, 1, 2, 3} for step in steps)


def test_nothing_changes_where_no_library_has_a_task():
    async def main():
        await asyncio.gather(*[asyncio.sleep(n / 10) for n in range(3)])

    result = simulate(main())
    assert result.others == () and [task.id for task in result.tasks] == [0, 1, 2, 3]
    assert waits(result.tasks[0])[0].on == (1, 2, 3)


def test_the_job_of_a_librarys_task_is_no_tasks():
    async def main():
        await asyncio.gather(TEA.starts(TEA.brews(SOON)), asyncio.to_thread(time.sleep, SOON))

    result = recorded(main())
    assert sorted((job.task for job in result.threads), key=str) == [1, None]
    assert named(result, "to_thread").id == 1


def test_a_librarys_turn_that_blocks_the_loop_is_told():
    async def main():
        await TEA.starts(TEA.boils(0.05))

    result = recorded(main(), threshold=0.01)
    assert [task.name for task in result.tasks] == ["main"]
    assert (BLOCKED, "boils", None) in [(span.kind, span.wait, span.place) for span in result.callbacks]
    assert result.blocked and result.longest_turn >= 0.05


def test_a_recording_keeps_them_as_json():
    run = simulate(busy())
    again = Recording.from_json(run.to_json())
    assert again == run and again.others == run.others


@BOTH
def test_a_wait_for_tasks_of_both_is_a_wait_for_the_learners(run):
    async def main():
        await asyncio.gather(asyncio.sleep(SOON), TEA.starts(TEA.polls()))

    (span,) = waits(run(main()).tasks[0])
    assert (span.wait, span.on) == ("gather", (1,))


@pytest.mark.parametrize("threshold", [0.01, 10])
def test_a_task_that_is_left_behind(threshold):
    async def main():
        TEA.starts(TEA.polls(60))
        keep.append(asyncio.create_task(asyncio.sleep(60), name="left"))
        await asyncio.sleep(SOON)

    keep = []
    result = recorded(main(), threshold=threshold)
    assert [(task.name, task.outcome) for task in result.tasks] == [("main", "result"), ("left", "pending")]


def task(number, parent, made, *steps):
    spans = tuple(Span(RUN, step / 10, step / 10, step=step) for step in steps)
    return Task(number, f"task {number}", "task", parent, 0.0, 1.0, "result", "", spans, made)


@pytest.mark.parametrize(("parent", "made", "expected"), [
    (0, 2, (0, 1)),             # in the second turn of main, of which the first comes before the library's
    (1, 1, (0, -1)),            # in the library's turn: above it is main, but in none of its turns
    (2, 3, (None, 2)),          # in the turn of a library's task that nobody made: before the next turn that is left
    (2, 6, (None, 2)),          # begun in the middle of a library's turn, which has ended, and a number, after it
    (None, 3, (None, 2)),       # by a callback
])
def test_in_which_turn_a_task_was_made(parent, made, expected):
    rows = [SimpleNamespace(library=library) for library in ("", "tealib", "tealib", "")]
    tasks = [task(0, None, 0, 0, 2), task(1, 0, 0, 1), task(2, None, 1, 3, 6), task(3, parent, made, 4, 7)]
    folded = Folding(rows, tasks)
    assert [each.id for each in folded.tasks] == [0, 1]
    assert (folded.tasks[1].parent, folded.tasks[1].made) == expected
    assert [span.step for each in folded.tasks for span in each.spans] == [0, 1, 2, 3]
