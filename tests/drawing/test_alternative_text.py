"""A run in words: the title of its picture, and its alternative text."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given, settings

from helpers.drawing.alternative_text import alternative_text
from helpers.drawing.timeline import draw
from helpers.recording import Recording, ThreadJob
from helpers.virtual.run import simulate
from tests.drawing.samples import (
    concurrent,
    everything,
    recordings,
    request,
    sequential,
    staircase,
    task,
    turn,
    wait,
    words,
)


def test_alternative_text_says_who_overlaps():
    three = (task(0, "main", turn(0)), request(1, "a", 0, 1), request(2, "b", 0.5, 2), request(3, "c", 1, 2))
    assert " a overlaps b; b overlaps c. " in alternative_text(Recording(three, 2.0))
    apart = (task(0, "main", turn(0)), request(1, "a", 0, 1), request(2, "b", 1, 2))
    assert " a and b run one after another. " in alternative_text(Recording(apart, 2.0))
    assert " a is the only task beside main. " in alternative_text(Recording(three[:2], 2.0))
    assert alternative_text(sequential()).endswith("longest turn 0 s. Waiting is for the network.")
    assert "At most 5 of 29 are under way" in alternative_text(staircase(30, 5))


def relay():
    """Each task starts the next one in its last turn: two are under way then, and no times overlap."""
    async def leg(number):
        await asyncio.sleep(0.1)
        if number < 3:
            started.append(asyncio.create_task(leg(number + 1), name=f"leg {number + 1}"))

    async def main():
        started.append(asyncio.create_task(leg(1), name="leg 1"))
        while len([each for each in started if each.done()]) < 3:
            await asyncio.sleep(0.1)

    started = []
    return simulate(main())


def test_tasks_that_start_one_another_overlap_as_the_peak_says():
    run = relay()
    assert [(each.created, each.finished) for each in run.tasks[1:]] == [(0, 0.1), (0.1, 0.2), (0.2, 0.3)]
    assert run.peak == 2
    told = "; at most 2 under way; longest turn 0 s. leg 1 overlaps leg 2; leg 2 overlaps leg 3. "
    assert told in alternative_text(run)


def test_tasks_of_one_name_are_told_apart_where_they_are_paired():
    run = Recording((task(0, "main", turn(0)), request(1, "ask", 0, 1), request(2, "ask", 0.5, 2),
                     request(3, "b", 1, 3)), 3.0)
    assert " ask overlaps ask 2; ask 2 overlaps b. " in alternative_text(run)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(run=recordings())
def test_there_are_pairs_where_there_is_a_peak_and_no_sentence_is_empty(run):
    """For any recording, also one with tasks that took no turn and no time."""
    text = alternative_text(run)
    assert ". ." not in text and "  " not in text and " ." not in text
    overlap = any(one.overlaps(other) for one, other in itertools.combinations(run.lives[1:], 2))
    assert overlap == (run.peak > 1)
    assert (" overlap" in text or "at the same time" in text) == (run.peak > 1 and len(run.tasks) > 2)


def test_alternative_text_tells_of_a_blocked_loop():
    assert "report blocks the loop at line 13 in report for 0.12 s." in alternative_text(everything())


def test_alternative_text_tells_of_threads_that_go_on_after_the_run():
    def run(*ends, clock="virtual"):
        jobs = tuple(ThreadJob(f"asyncio_{k}", 0.0, end, 0) for k, end in enumerate(ends))
        return Recording((task(0, "main", turn(0), wait(0, 0.2, "thread"), turn(0.2)),), 0.2, clock, jobs)

    assert alternative_text(run(0.2)).endswith(" Below the tasks, worker threads are at work for main.")
    assert alternative_text(run(0.2, 0.5)).endswith(" A worker thread goes on after the run, until 0.5 s.")
    assert alternative_text(run(0.4, 0.2, 0.5)).endswith(" 2 worker threads go on after the run, until 0.5 s.")
    assert "goes on" not in alternative_text(run(0.2, 0.5, clock="real"))


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (concurrent(), "4 tasks: 1.2 s of waiting for the network in 0.5 s"),
        (sequential(), "1 task: 1.2 s of waiting for the network in 1.2 s"),
        (everything(), "report blocks the loop at line 13 for 0.12 s; 1 failed; 1 cancelled; 2 left behind"),
        (Recording((task(0, "main", turn(0), outcome="exception", error="KeyError: 'tea'"),), 0.0),
         "KeyError after 0 s: 'tea'"),
    ],
    ids=["concurrent", "sequential", "blocked", "failed"],
)
def test_the_title_says_what_to_see(run, expected):
    assert expected in words(draw(run))
    assert "my own" in words(draw(run, title="my own")) and expected not in words(draw(run, title="my own"))
