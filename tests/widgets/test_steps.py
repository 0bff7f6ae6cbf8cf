"""The steps of a run: where tasks stand, who is ready, what the sentences say, which source is shown."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from helpers import Shop, record, simulate
from helpers.recorder import notes, turns
from helpers.recording import Place, Recording, Span, Task
from helpers.widgets.replay.listing import Listing, title
from helpers.widgets.replay.sentences import deed, name, outlook, tell
from helpers.widgets.replay.steps import Steps

HERE = Place("shop.py", 4, "get_price")


def made(*tasks: tuple[Span, ...], clock: str = "virtual", outcomes: str = "") -> Recording:
    """A run by hand: tasks with the given spans; the first is main, which made the others."""
    rows = []
    for number, spans in enumerate(tasks):
        outcome = {"p": "pending", "c": "cancelled", "e": "exception"}.get(outcomes[number : number + 1], "result")
        end = None if outcome == "pending" else spans[-1].end
        error = "ValueError: no tea" if outcome == "exception" else ""
        parent = 0 if number else None
        rows.append(Task(number, f"task {number}", "get_price", parent, spans[0].start, end, outcome, error, spans))
    return Recording(tuple(rows), max(spans[-1].end for spans in tasks), clock)


async def get_price(shop: Shop) -> int:
    return await shop.price("tea")


async def ask_both() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(get_price(Shop("north", latency=0.3)), name="north")
        group.create_task(get_price(Shop("south", latency=0.2)), name="south")


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
    assert steps[1].after.place == Place(__file__, line, "get_price")
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


# -- sentences --------------------------------------------------------------------------------------


def test_text_of_a_virtual_run_is_exact():
    first = ask_both.__code__.co_firstlineno
    assert tell(simulate(ask_both())).splitlines() == [
        "Replay, 6 steps: 3 tasks in 0.3 s of virtual time; at most 2 at once; largest gap 0 s",
        f"1. 0 s    ask_both starts, creates north and south, reaches line {first + 1}, and waits for north and south "
        "(task group). Ready: north and south.",
        f"2. 0 s    north starts, reaches line {first - 3}, and waits 0.3 s for a request. Ready: south.",
        f"3. 0 s    south starts, reaches line {first - 3}, and waits 0.2 s for a request. "
        "Nobody is ready: the loop sleeps until 0.2 s.",
        f"4. 0.2 s  south goes on from line {first - 3} and finishes. Nobody is ready: the loop sleeps until 0.3 s.",
        f"5. 0.3 s  north goes on from line {first - 3} and finishes. Ready: ask_both.",
        f"6. 0.3 s  ask_both goes on from line {first + 1} and finishes. The run is over: all tasks have ended.",
    ]


async def test_real(threshold: float = 60) -> Recording:
    return await record(ask_both(), threshold=threshold)


test_real.__test__ = False


def test_text_of_a_real_run_has_no_times_and_is_always_the_same():
    texts = {tell(asyncio.run(test_real())) for _ in range(3)}
    assert len(texts) == 1
    (text,) = texts
    assert not re.search(r"\d m?s\b", text) and "Ready" not in text and "is ready" not in text
    assert "south goes on from line" in text and text.index("south goes on") < text.index("north goes on")


def test_failure_is_told_and_cancelled_tasks_are_in_the_order_of_their_creation():
    async def bad():
        await asyncio.sleep(0.1)
        raise ValueError("no tea")

    async def failing():
        async with asyncio.TaskGroup() as group:
            group.create_task(bad())
            for number in range(12):
                group.create_task(asyncio.sleep(9), name=f"n{number}")

    text = tell(simulate(failing()))
    assert "bad goes on from line" in text and "and fails: ValueError: no tea." in text
    assert re.findall(r"(n\d+) goes on and ends, cancelled", text) == [f"n{number}" for number in range(12)]
    assert text.endswith("ended with ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception).")


def test_wait_that_a_cancellation_cuts_short_is_told_without_a_time():
    async def stubborn():
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    async def impatient():
        ask = Shop("north", latency=2).price("tea")
        tasks = [asyncio.create_task(what, name=name) for what, name in
                 ((asyncio.sleep(9), "east"), (stubborn(), "west"), (ask, "north"), (asyncio.sleep(0.3), "south"))]
        await asyncio.sleep(0.4)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    steps = Steps(simulate(impatient()))
    line = stubborn.__code__.co_firstlineno + 2
    assert [deed(steps[number]) for number in range(1, 5)] == [
        "east starts and sleeps.", f"west starts, reaches line {line}, and sleeps.",
        "north starts and waits for a request.", "south starts and sleeps 0.3 s.",
    ]
    assert steps[4].timers == ((0.3, 4), (0.4, 0))          # of east it is not known when its timer is due
    assert any(deed(step).endswith("and sleeps 1 s.") for step in steps)


def test_last_step_of_a_deadlock_says_who_waits_for_whom():
    async def one(first, second):
        async with first:
            await asyncio.sleep(1)
            async with second:
                pass

    async def dead():
        a, b = asyncio.Lock(), asyncio.Lock()
        await asyncio.gather(one(a, b), one(b, a))

    steps = Steps(simulate(dead()))
    line = one.__code__.co_firstlineno + 3
    assert outlook(steps[-1]) == (
        "Deadlock: nobody is ready, and nothing is left that could wake anybody. "
        f"dead waits for one and one 2 (gather) at line {dead.__code__.co_firstlineno + 2}; "
        f"one waits for a lock at line {line}; one 2 waits for a lock at line {line}."
    )


def test_tasks_left_behind_are_told():
    async def leave():
        asyncio.create_task(asyncio.sleep(9), name="heartbeat")
        await asyncio.sleep(1)

    assert tell(simulate(leave())).endswith("The run is over. Left behind: heartbeat sleeps.")


def test_blocking_is_told_with_its_line():
    async def block():
        time.sleep(0.5)

    line = block.__code__.co_firstlineno + 1
    assert deed(Steps(simulate(block()))[0]) == f"block starts, blocks the loop at line {line} for 0.5 s, and finishes."


def test_long_runs_are_told_in_part_with_the_last_step():
    async def many():
        for _ in range(100):
            await asyncio.sleep(0.1)

    lines = tell(simulate(many())).splitlines()
    assert len(lines) == 33 and lines[31] == "... and 70 more steps, up to the last one:"
    assert lines[32].startswith("101. 10 s") and lines[30].startswith(" 30. ")


def test_a_run_without_turns_is_told():
    run = made((Span("wait", 0.0, 1.0, "future"),), outcomes="p")
    assert tell(run).splitlines()[1] == "No task had a turn on the loop."


def test_unknown_waits_and_hostile_names():
    spans = Span("run", 0.0, 0.0, step=0), Span("wait", 0.0, 1.0, "pigeon", (), HERE), Span("run", 1.0, 1.0, step=1)
    steps = Steps(made(spans))
    assert deed(steps[0]) == "task 0 starts, reaches line 4, and waits (pigeon)."
    task = steps.run.tasks[0]._replace(name="a\nb\x1b[31m" + "x" * 80)
    assert len(name(task)) == 40 and name(task).isprintable() and name(task).startswith("a b?[31m")


# -- the source -------------------------------------------------------------------------------------

SOURCE = """\
import asyncio

async def get_price(shop):

    cents = await ask(shop)
    return cents


async def unused():
    pass


async def main():
    await get_price(1)
""".splitlines(keepends=True)


def reads(file: str) -> list[str]:
    return SOURCE if file == "shop.py" else []


def run_at(*places: Place) -> Recording:
    spans = [Span("run", 0.0, 0.0, step=0)]
    for number, place in enumerate(places, 1):
        time = float(number)
        spans += [Span("wait", time - 1, time, "sleep", (), place), Span("run", time, time, step=number)]
    return made(tuple(spans))


def test_listing_has_the_functions_involved_and_no_others():
    listing = Listing(run_at(Place("shop.py", 5, "get_price")), reads)
    assert listing.files == ["shop.py"] and [line.number for line in listing.lines] == [3, 4, 5, 6]
    assert listing.home("get_price") == (0, 3) and listing.spot(Place("shop.py", 5, "get_price")) == (0, 5)
    assert listing.home("main") is None and listing.spot(Place("other.py", 5, "x")) is None


def test_source_that_cannot_be_parsed_is_shown_around_the_places():
    listing = Listing(run_at(Place("shop.py", 5, "get_price")), lambda file: ["%load_ext helpers\n"] + SOURCE[1:])
    assert [line.number for line in listing.lines] == [3, 4, 5, 6, 7]


def test_source_that_is_not_there_or_of_another_version_is_missing():
    listing = Listing(run_at(Place("gone.py", 5, "get_price"), Place("shop.py", 600, "get_price")), reads)
    assert sorted(listing.missing) == ["gone.py", "shop.py"] and listing.lines == []


def test_own_source_is_found():
    listing = Listing(simulate(ask_both()))
    texts = [line.text for line in listing.lines]
    assert texts[0] == "async def get_price(shop: Shop) -> int:" and "async def ask_both() -> None:" in texts
    assert len(texts) == 8


def test_excerpt_keeps_the_marked_lines_in_the_room_there_is():
    long = ["async def get_price():\n"] + [f"    line_{number} = 1\n" for number in range(2, 60)]
    listing = Listing(run_at(Place("shop.py", 50, "get_price")), lambda file: long)
    assert len(listing.lines) == 59
    for room in (8, 15):
        shown = listing.excerpt([(0, 30)], room)
        numbers = [line.number for line in shown if line]
        assert len(shown) <= room and {1, 30, 50} <= set(numbers) and len(numbers) > room // 2
        assert numbers == sorted(numbers) and shown.count(None) >= 2
    assert listing.excerpt([], 100) == listing.lines


@pytest.mark.parametrize("file, words", [
    ("/tmp/ipykernel_12/345.py", "cell"), (r"C:\Temp\ipykernel_12\345.py", "cell"), ("/home/me/shop.py", "shop.py"),
])
def test_titles_of_files(file, words):
    assert title(file) == words
