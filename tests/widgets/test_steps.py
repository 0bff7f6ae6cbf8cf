"""The steps of a run: where tasks stand, who is ready, and who wakes when."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time

import pytest

from helpers import Shop, simulate
from helpers.recorder import notes, turns
from helpers.recording import Place, Recording, Remark, Span
from helpers.widgets.replay import page
from helpers.widgets.replay.listing import Listing
from helpers.widgets.replay.sentences import deed, outlook, tell
from helpers.widgets.replay.steps import Steps
from tests.widgets import runs
from tests.widgets.runs import ask_both, get_price, made

HERE = Place("shop.py", 4, "get_price")


def states(steps: Steps, number: int) -> dict[str, str]:
    return {steps.run.tasks[task].name: standing.state for task, standing in steps[number].standings.items()}


def queue(steps: Steps, number: int) -> list[str]:
    return [steps.run.tasks[task].name for task in steps[number].ready]


# -- where tasks stand ------------------------------------------------------------------------------


def test_each_turn_is_a_step_and_every_task_stands_somewhere():
    steps = Steps(simulate(ask_both()))
    assert [(steps.run.tasks[step.task].name, step.time) for step in steps] == [
        ("ask_both", 0.0), ("north", 0.0), ("south", 0.0), ("south", 0.2), ("north", 0.3), ("ask_both", 0.3),
    ]
    assert states(steps, 0) == {"ask_both": "wait", "north": "ready", "south": "ready"}
    assert not steps[0].standings[1].started and steps[1].standings[1].started
    assert states(steps, 2) == {"ask_both": "wait", "north": "wait", "south": "wait"}
    assert states(steps, 3) == {"ask_both": "wait", "north": "wait", "south": "result"}
    assert states(steps, -1) == {"ask_both": "result", "north": "result", "south": "result"}


def test_queue_timers_and_who_waits_for_whom():
    steps = Steps(simulate(ask_both()))
    assert [queue(steps, number) for number in range(6)] == [["north", "south"], ["south"], [], [], ["ask_both"], []]
    assert steps[2].timers == ((0.2, 2), (0.3, 1)) and steps[3].timers == ((0.3, 1),)
    assert steps[2].standings[0].on == (1, 2)
    assert [step.sleeps for step in steps] == [False, False, True, True, False, False]
    assert [step.made for step in steps] == [(1, 2), (), (), (), (), ()]


def test_places_are_the_learners_lines():
    steps = Steps(simulate(ask_both()))
    line = get_price.__code__.co_firstlineno + 1
    assert steps[1].after.place == Place(runs.__file__, line, "get_price")
    assert steps[3].came_from == steps[1].after.place and steps[3].after.place is None
    assert steps[0].came_from is None and steps[0].first


def test_equal_timers_make_all_their_tasks_ready_at_once():
    async def equal():
        await asyncio.gather(*(asyncio.sleep(0.1) for _ in range(3)))

    steps = Steps(simulate(equal()))
    assert [queue(steps, number) for number in (4, 5, 6)] == [["sleep 2", "sleep 3"], ["sleep 3"], ["equal"]]


def test_task_that_steps_aside_goes_to_the_end_of_the_queue():
    async def aside():
        await asyncio.sleep(0)

    async def both():
        await asyncio.gather(aside(), aside())

    steps = Steps(simulate(both()))
    assert queue(steps, 0) == ["aside", "aside 2"] and queue(steps, 1) == ["aside 2", "aside"]
    assert "steps aside at line" in deed(steps[1])


def test_ready_of_a_lock_is_shown_when_it_is_certain_and_never_before():
    async def hold(lock):
        async with lock:
            await asyncio.sleep(0.1)

    async def three():
        lock = asyncio.Lock()
        await asyncio.gather(hold(lock), hold(lock), hold(lock))

    steps = Steps(simulate(three()))
    assert queue(steps, 0) == ["hold", "hold 2", "hold 3"] and queue(steps, 3) == []
    assert queue(steps, 4) == ["hold 2"] and states(steps, 4)["hold 3"] == "wait"


def test_real_runs_have_their_queue_from_the_notes():
    spans = (Span("run", 0.0, 0.001, step=0), Span("wait", 0.001, 0.1, "sleep"), Span("ready", 0.1, 0.3, "sleep"),
             Span("run", 0.3, 0.301, step=2))
    long = Span("ready", 0.0, 0.002), Span("blocked", 0.002, 0.3, step=1)
    steps = Steps(made(spans, long, clock="real"))
    assert steps[1].ready == (0,) and steps[0].ready == (1,)
    assert "blocks the loop for 0.3 s" in deed(steps[1])


async def limited() -> None:
    desk = asyncio.Semaphore(3)

    async def ask(shop: Shop) -> None:
        async with desk:
            await shop.price("tea")

    async with asyncio.TaskGroup() as group:
        for shop in Shop.many(9, latency=0.1):
            group.create_task(ask(shop))


async def produce_and_consume() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(2)

    async def produce() -> None:
        for number in range(4):
            await asyncio.sleep(0.1)
            await queue.put(number)
            await queue.put(number)

    async def consume() -> None:
        while True:
            await queue.get()
            await asyncio.sleep(0.1)
            queue.task_done()

    consumers = [asyncio.create_task(consume()) for _ in range(2)]
    await asyncio.gather(produce(), produce())
    await queue.join()
    for consumer in consumers:
        consumer.cancel()


async def at_the_barrier() -> None:
    event, barrier = asyncio.Event(), asyncio.Barrier(3)

    async def come() -> None:
        await event.wait()
        await asyncio.sleep(0)
        await barrier.wait()

    tasks = [asyncio.create_task(come()) for _ in range(3)]
    await asyncio.sleep(1)
    event.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("program", [ask_both, limited, produce_and_consume, at_the_barrier])
def test_queue_is_that_of_the_loop(program, monkeypatch):
    """What is shown as ready is in the loop's own queue, in that order, or has the next turn."""
    seen: list[tuple[int, list[int]]] = []
    run_handle = turns._run

    def spy(handle) -> None:
        row = notes.ROWS.get(id(getattr(handle._callback, "__self__", None)))
        loop = handle._loop
        run_handle(handle)
        if row is not None:
            queued = [getattr(other._callback, "__self__", None) for other in loop._ready if not other._cancelled]
            found = [notes.ROWS.get(id(task)) for task in queued]
            seen.append((row.id, [other.id for other in found if other is not None]))

    monkeypatch.setattr(turns, "_run", spy)
    steps = Steps(simulate(program()))
    assert len(seen) >= len(steps)
    exact = 0
    for step, (task, true) in zip(steps, seen):
        assert task == step.task
        shown = list(step.ready)
        assert shown == [one for one in true if one in shown] or shown == [steps.turns[step.number + 1][1]]
        exact += shown == true
    assert exact >= 0.6 * len(steps)


def test_tasks_that_are_not_created_yet_have_no_standing():
    async def late():
        await asyncio.sleep(1)
        await asyncio.create_task(asyncio.sleep(1), name="child")

    steps = Steps(simulate(late()))
    assert set(states(steps, 0)) == {"late"} and set(states(steps, 1)) == {"late", "child"}


def test_a_run_without_numbered_turns_is_ordered_by_time():
    run = made(
        (Span("run", 0.0, 0.0), Span("wait", 0.0, 0.2, "gather", (1,)), Span("run", 0.2, 0.2)),
        (Span("run", 0.0, 0.0), Span("wait", 0.0, 0.1, "sleep"), Span("run", 0.1, 0.1)),
    )
    assert [step.task for step in Steps(run)] == [0, 1, 1, 0]


def test_steps_outside_of_the_run_are_an_error_that_says_how_many_there_are():
    steps = Steps(simulate(asyncio.sleep(1)))
    assert len(steps) == 2 and steps[-1].number == 1
    with pytest.raises(IndexError, match="2 steps"):
        steps[2]


# -- who exists, and tasks that are not among the steps ---------------------------------------------


def by_callbacks():
    """Timers make tasks, one of them two at once; and a task that the program made ends in between."""
    async def nap(seconds):
        await asyncio.sleep(seconds)

    async def main():
        loop, kept = asyncio.get_running_loop(), []
        for at, name in ((0.3, "late"), (0.6, "later"), (0.6, "later still")):
            loop.call_later(at, lambda name=name: kept.append(asyncio.create_task(nap(0.1), name=name)))
        kept.append(asyncio.create_task(nap(0.6), name="early"))
        await asyncio.sleep(1)

    return simulate(main())


@pytest.mark.parametrize("known", [True, False])
def test_a_task_that_a_callback_makes_is_not_there_before(known):
    run = by_callbacks()
    if not known:               # a recording that does not say in which turn tasks were made
        run = dataclasses.replace(run, tasks=tuple(task._replace(made=-1) for task in run.tasks))
    for step in Steps(run):
        for number in step.standings:
            assert run.tasks[number].created <= step.time, "no task stands anywhere before it is made"
        assert all(run.tasks[number].parent == step.task for number in step.made)
    first = Steps(run)[1]
    assert (first.ready, first.sleeps, first.next_time) == ((), True, 0.3)
    assert "Nobody is ready: the loop sleeps until 0.3 s." in tell(run)


def spans(*turns: tuple[float, int], wait="future", woken=()):
    """Turns at these times with these numbers, and waits between them, woken in these turns."""
    found = []
    for index, (at, step) in enumerate(turns):
        if index:
            found.append(Span("wait", turns[index - 1][0], at, wait, (), HERE,
                              woken=woken[index - 1] if woken else -1))
        found.append(Span("run", at, at, step=step))
    return tuple(found)


def test_turns_that_the_recording_lacks_leave_no_trace():
    """A library's task has turns 2 and 3, at 0.5 s, and wakes both tasks: they are not ready before."""
    run = made(spans((0, 0), (0.5, 4), woken=(3,)), spans((0, 1), (0.5, 5), woken=(3,)))
    steps = Steps(run)
    assert [step.ready for step in steps] == [(1,), (), (1,), ()]
    assert outlook(steps[1]) == "Nobody is ready: until 0.5 s only tasks that are not drawn have turns."
    assert len(steps) == 4 and steps[2].number == 2


def test_tasks_that_a_library_makes_are_there_after_the_next_turn():
    main = made(spans((0, 0), (0.5, 4), (1, 9)), spans((0.5, 6), (0.7, 8)))
    tasks = (main.tasks[0], main.tasks[1]._replace(parent=None, created=0.5, made=3))
    steps = Steps(Recording(tasks, 1.0))
    assert [sorted(step.standings) for step in steps] == [[0], [0, 1], [0, 1], [0, 1], [0, 1]]
    assert [step.ready for step in steps] == [(), (1,), (), (), ()]
    assert not any(step.made for step in steps), "nobody of these has made it"


def test_remarks_stand_at_their_turn():
    run = made(spans((0, 0), (0.5, 2), (0.5, 3)), spans((0, 1), (0.7, 4)))
    work = [Remark("real work", 0.5, 0, HERE, seconds) for seconds in (1, 2)]
    clock, unknown = Remark("real clock", 0.6, None, HERE, 0), Remark("real work", 0.7, 99, HERE, 3)
    steps = Steps(dataclasses.replace(run, remarks=(*work, clock, unknown)))
    assert [step.remarks for step in steps] == [(), (), (work[0],), (work[1], clock), (unknown,)]
    lines = tell(steps.run).splitlines()
    assert lines[4].strip().startswith("A turn of task 0 at line 4 in get_price took 1 s of real time")
    assert len([line for line in lines if "real" in line]) == 4


def test_a_callback_that_blocks_the_loop_is_told_where_the_loop_would_sleep():
    tick = Span("blocked", 0.2, 0.6, "tick", (), HERE)
    run = dataclasses.replace(made(spans((0, 0), (0.6, 1), wait="sleep")), callbacks=(tick,))
    words = "Nobody is ready: at 0.2 s the callback tick blocks the loop at line 4 in get_price for 0.4 s"
    assert outlook(Steps(run)[0]) == f"{words}."
    again = dataclasses.replace(run, callbacks=(tick, tick))
    assert outlook(Steps(again)[0]) == f"{words}, and 1 more callback after it."


# -- waits that are cut short -----------------------------------------------------------------------


def cut_run(kind="sleep", clock="virtual", **fields):
    ends = spans((0, 0), (0.5, 2), wait=kind)
    cut = (ends[0], ends[1]._replace(**fields), ends[2])
    return made(cut, spans((0, 1), (0.5, 3)), clock=clock)


@pytest.mark.parametrize(("fields", "words"), [
    ({}, "sleeps 0.5 s"),
    ({"asked": 0.5}, "sleeps 0.5 s"),
    ({"asked": 3, "cut": "timeout"}, "sleeps 3 s, cut short at 0.5 s by a timeout"),
    ({"asked": 3, "cut": "timeout", "cutter": 1}, "sleeps 3 s, cut short at 0.5 s by a timeout"),
    ({"asked": 3, "cut": "cancel", "cutter": 1}, "sleeps 3 s, cut short at 0.5 s by task 1"),
    ({"asked": 3, "cut": "cancel"}, "sleeps 3 s, cut short at 0.5 s by a cancellation"),
    ({"asked": 3, "cut": "cancel", "cutter": 99}, "sleeps 3 s, cut short at 0.5 s by a cancellation"),
    ({"kind": "lock", "cut": "timeout"}, "waits for a lock, cut short at 0.5 s by a timeout"),
    ({"kind": "task", "on": (1,), "cut": "timeout"}, "waits for task 1, cut short at 0.5 s by a timeout"),
    ({"kind": "request", "asked": 2, "cut": "timeout"}, "waits 2 s for a request, cut short at 0.5 s by a timeout"),
])
def test_a_wait_that_is_cut_short_says_what_was_asked_and_what_cut_it(fields, words):
    run = cut_run(**fields)
    assert deed(Steps(run)[0]) == f"task 0 starts, creates task 1, reaches line 4, and {words}."
    real = deed(Steps(cut_run(clock="real", **fields))[0], times=False)
    assert not re.search(r"\d s\b", real) and ("cut short by" in real) == ("cut" in fields)


def test_the_timer_of_a_sleep_that_is_cut_short_is_the_one_that_was_asked_for():
    step = Steps(cut_run(asked=3, cut="timeout"))[1]
    assert step.timers == ((3, 0),) and step.next_time == 0.5


# -- what is in the middle of another turn ----------------------------------------------------------


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="tasks begin eagerly from Python 3.12 on")
def test_a_task_that_begins_eagerly_begins_within_the_turn_of_its_parent():
    async def rest():
        await asyncio.sleep(0.1)

    async def aside():
        await asyncio.sleep(0)

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        await asyncio.gather(asyncio.create_task(rest()), asyncio.create_task(aside()))
        await asyncio.create_task(rest())

    steps = Steps(simulate(main()))
    assert [steps.run.tasks[step.task].name for step in steps] == [
        "rest", "aside", "main", "aside", "rest", "rest 2", "main", "rest 2", "main"]
    assert [step.within for step in steps] == [(0,), (0,), (), (), (), (0,), (), (), ()]
    assert states(steps, 0) == {"main": "run", "rest": "wait"} and queue(steps, 0) == []
    assert queue(steps, 1) == ["aside"], "main is not ready: its turn goes on"
    assert queue(steps, 4) == ["main"], "woken by its gather, before the turn in which the next task begins"
    assert tell(steps.run).splitlines()[1:3] == [
        f"1. 0 s    rest starts within the turn of main, reaches line {rest.__code__.co_firstlineno + 1}, and sleeps "
        "0.1 s. main goes on with its turn.",
        "2. 0 s    aside starts within the turn of main and steps aside at line "
        f"{aside.__code__.co_firstlineno + 1}. main goes on with its turn. Ready: aside."]
    page.body(steps[0], Listing(steps.run))


def test_a_sleep_that_nothing_cut_is_told_with_its_time_whatever_became_of_the_task():
    async def slow():
        try:
            await asyncio.sleep(5)
        finally:
            await asyncio.sleep(0.2)

    async def main():
        task = asyncio.create_task(slow())
        asyncio.create_task(asyncio.sleep(3), name="left")
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])

    words = tell(simulate(main()))
    line = slow.__code__.co_firstlineno
    assert f"slow goes on from line {line + 2}, reaches line {line + 4}, and sleeps 0.2 s." in words
    assert "left starts and sleeps 3 s." in words


def test_names_that_run_from_right_to_left_are_isolated_in_every_sentence():
    async def rest():
        await asyncio.sleep(0.1)

    async def main():
        await asyncio.create_task(rest(), name="שלום")

    words = tell(simulate(main()))
    assert "waits for \u2068שלום\u2069. Ready: \u2068שלום\u2069." in words and "?" not in words


# -- who is ready, where a turn takes its time or a task is left ------------------------------------


def test_a_timeout_makes_ready_and_not_the_last_turn_of_a_task_that_is_left():
    async def goes_on():
        await asyncio.sleep(0.1)
        await asyncio.sleep(5)

    async def main():
        await asyncio.wait([asyncio.create_task(goes_on())], timeout=0.2)

    steps = Steps(simulate(main()))
    assert [queue(steps, number) for number in range(len(steps))] == [["goes_on"], [], [], []]
    assert "the loop sleeps until 0.2 s" in outlook(steps[2])


def test_what_is_over_in_the_middle_of_a_long_turn_is_ready_at_its_end():
    async def waits(event):
        await event.wait()

    async def blocks():
        time.sleep(0.2)

    async def main():
        event = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, event.set)
        await asyncio.gather(waits(event), blocks())

    steps = Steps(simulate(main()))
    assert states(steps, 1) == {"main": "wait", "waits": "wait", "blocks": "ready"}
    assert states(steps, 2) == {"main": "wait", "waits": "ready", "blocks": "result"}, "kept waiting since 0.1 s"
