"""`simulate`: a coroutine run in virtual time, at once, wherever the call stands, and recorded."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import inspect
import sys
import threading
import time
import traceback
import warnings
from asyncio import events
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Deadlock, Endless, NotSimulated, Recording, Shop, record, simulate
from helpers.drawing.palette import state_of
from helpers.virtual import threads as virtual_threads
from helpers.virtual.threads import StuckThread

HANDLE_RUN = events.Handle._run


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    real = {name: id(value) for name, value in vars(time).items()}
    yield
    assert {name: id(value) for name, value in vars(time).items()} == real
    assert events.Handle._run is HANDLE_RUN
    assert asyncio._get_running_loop() is None


async def get_price(delay=0.5, price=120):
    await asyncio.sleep(delay)
    return price


def now() -> float:
    return asyncio.get_running_loop().time()


def outcomes(run: Recording) -> dict[str, str]:
    return {task.name: task.outcome for task in run.tasks}


# -- what comes back ------------------------------------------------------------------------------

def test_it_gives_a_recording_with_the_result_and_exact_times():
    async def main():
        return sum(await asyncio.gather(get_price(0.3), get_price(0.1), get_price(0.2)))

    run = simulate(main())
    assert isinstance(run, Recording) and run.clock == "virtual"
    assert run.result == 360 and run.elapsed == 0.3 and run.error == ""
    assert [task.finished for task in run.tasks] == [0.3, 0.3, 0.1, 0.2]


@pytest.mark.slow
def test_ten_thousand_requests_fifty_at_a_time():
    async def main():
        limit = asyncio.Semaphore(50)

        async def request():
            async with limit:
                await asyncio.sleep(0.1)

        await asyncio.gather(*(request() for _ in range(10_000)))

    run = simulate(main())
    assert run.elapsed == 20.0 and len(run.tasks) == 10_001 and run.peak == 10_000


def test_blocking_is_virtual_time_too_and_is_recorded_with_its_line():
    async def main():
        other = asyncio.create_task(get_price(0.1), name="other")
        await asyncio.sleep(0)
        time.sleep(2)                       # the guilty line
        await other

    run = simulate(main())
    assert run.elapsed == 2.0 and run.longest_turn == 2.0
    (span,) = run.blocked
    assert (span.start, span.end) == (0.0, 2.0)
    assert span.place.line == main.__code__.co_firstlineno + 3 and span.place.function == "main"
    (other,) = [task for task in run.tasks if task.name == "other"]
    assert other.waited == pytest.approx(0.1) and other.kept_waiting == pytest.approx(1.9)


def test_the_threshold_says_what_counts_as_blocking():
    async def main():
        time.sleep(0.2)

    assert len(simulate(main()).blocked) == 1
    assert len(simulate(main(), threshold=0.5).blocked) == 0
    with pytest.raises(ValueError, match="threshold"):
        simulate(coro := main(), threshold=0)
    coro.close()


@pytest.mark.slow
def test_threads_take_part_and_every_run_is_the_same():
    def work(delay):
        time.sleep(delay)
        return time.monotonic()

    async def main():
        return await asyncio.gather(*(asyncio.to_thread(work, delay) for delay in (0.3, 0.1, 0.2)), get_price(0.25))

    first = simulate(main())
    assert first.result == [0.3, 0.1, 0.2, 120] and first.elapsed == 0.3
    assert sorted((job.start, job.end) for job in first.threads) == [(0, 0.1), (0, 0.2), (0, 0.3)]
    for _ in range(100):
        again = simulate(main())
        assert again == first and again.result == first.result and str(again) == str(first)


def test_a_run_that_cannot_begin_closes_its_loop():
    coro = get_price()
    with pytest.raises(ValueError, match="threshold"):
        simulate(coro, threshold=0)
    coro.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")      # a loop that is thrown away unclosed warns, in its __del__
        unraisable = []
        hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
        try:
            gc.collect()
        finally:
            sys.unraisablehook = hook
    assert unraisable == []


class Surprise(BaseException):
    pass


@pytest.mark.parametrize("error", [LookupError("no tea"), SystemExit(3), asyncio.CancelledError("enough"),
                                   Surprise("oh"), ExceptionGroup("all", [ValueError("one")])],
                         ids=lambda error: type(error).__name__)
def test_what_the_coroutine_raises_is_kept(error):
    async def main():
        await asyncio.sleep(1)
        raise error

    run = simulate(main())
    assert run.elapsed == 1 and type(error).__name__ in run.error
    assert run.tasks[0].outcome == ("cancelled" if isinstance(error, asyncio.CancelledError) else "exception")
    with pytest.raises(type(error)) as caught:
        run.result
    if not isinstance(error, asyncio.CancelledError):
        assert caught.value is error


def test_a_coroutine_that_cancels_itself():
    async def main():
        asyncio.current_task().cancel("enough")
        await asyncio.sleep(1)

    run = simulate(main())
    assert run.tasks[0].outcome == "cancelled" and run.elapsed == 0
    with pytest.raises(asyncio.CancelledError):
        run.result


@pytest.mark.parametrize("where", ["main", "task", "callback"])
def test_the_stop_button_ends_the_cell(where):
    def stop():
        raise KeyboardInterrupt

    async def child():
        stop()

    async def main():
        if where == "main":
            stop()
        elif where == "task":
            asyncio.create_task(child())
        else:
            asyncio.get_running_loop().call_soon(stop)
        try:
            await asyncio.sleep(1)
        finally:
            cleaned.append(where)

    cleaned = []
    with pytest.raises(KeyboardInterrupt):
        simulate(main())
    assert cleaned == ([] if where == "main" else [where])


@pytest.mark.parametrize("part", ["Recorder", "RealWork"])
def test_a_stop_before_the_program_begins_leaves_nothing_behind(monkeypatch, part):
    def stop(*args, **options):
        raise KeyboardInterrupt

    async def main():
        raise AssertionError("it has begun")

    monkeypatch.setattr(f"helpers.virtual.run.{part}.__enter__", stop)
    coro = main()
    with pytest.raises(KeyboardInterrupt):
        simulate(coro)
    assert inspect.getcoroutinestate(coro) == inspect.CORO_CLOSED
    assert simulate.stopped is None


def test_a_deadlock_is_kept_and_drawn_with_who_waits():
    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait(), name="north")
            group.create_task(get_price(1), name="south")

    run = simulate(main())
    assert run.error.startswith("Deadlock: nothing is left that could wake a task")
    assert "north waits for an event" in run.error and "main waits for its tasks (task group)" in run.error
    assert "south" not in run.error
    assert outcomes(run) == {"main": "pending", "north": "pending", "south": "result"}
    assert run.tasks[2].finished == 1
    with pytest.raises(Deadlock):
        run.result
    assert "Deadlock" in str(run)


def test_an_endless_program_ends_at_the_limit():
    async def main():
        while True:
            await asyncio.sleep(0)

    run = simulate(main(), limit=1000)
    assert run.error.startswith("Endless: still running after 1,000 steps")
    with pytest.raises(Endless, match="main"):
        run.result


@pytest.mark.parametrize("limit", [0, -5, 2.5, "many"])
def test_the_limit_is_checked(limit):
    coro = get_price()
    with pytest.raises(ValueError, match="number of steps"):
        simulate(coro, limit=limit)
    coro.close()


def test_the_smallest_limit():
    assert "Endless" in simulate(get_price(), limit=1).error


def test_a_thread_that_hangs_is_kept(monkeypatch):
    monkeypatch.setattr(virtual_threads, "PATIENCE", 0.1)
    stop = threading.Lock()
    stop.acquire()
    started = time.monotonic()

    async def main():
        await asyncio.to_thread(stop.acquire, timeout=60)

    try:
        run = simulate(main())
    finally:
        stop.release()
    assert time.monotonic() - started < 30
    assert "StuckThread" in run.error
    with pytest.raises(StuckThread):
        run.result
    for thread in threading.enumerate():
        if thread.name.startswith("asyncio_"):
            thread.join(60)


def test_what_cannot_be_simulated_is_kept():
    async def main():
        await asyncio.open_connection("127.0.0.1", 9)

    run = simulate(main())
    assert run.error.startswith("NotSimulated: sockets")
    with pytest.raises(NotSimulated):
        run.result


@pytest.mark.parametrize("wrong", [get_price, None, 3, "main()", [get_price]])
def test_anything_but_a_coroutine_is_refused_and_the_right_call_is_shown(wrong):
    with pytest.raises(TypeError, match=r"simulate\("):
        simulate(wrong)


# -- waits, as the recording tells them -------------------------------------------------------------

def test_no_task_is_kept_waiting_by_rounding():
    """0.1261 * 1e9 is a little less than 126100000: cut off, that timer would be due 1 ns before it is served."""

    async def sleep_often():
        for _ in range(2000):
            await asyncio.sleep(0.0013)

    run = simulate(sleep_often())
    assert [span for span in run.tasks[0].spans if span.kind == "ready"] == []
    assert "kept waiting" not in str(run)


def test_as_completed_waits_for_tasks_whatever_it_is_made_of():
    """asyncio makes it of a queue; who reads the timeline has written no queue."""

    async def watch():
        for answer in asyncio.as_completed([shop.price("tea") for shop in Shop.many(3)]):
            await answer

    waits = [span for span in simulate(watch()).tasks[0].spans if span.kind == "wait"]
    assert [span.wait for span in waits] == ["as_completed"] * 3
    assert {state_of(span.kind, span.wait).name for span in waits} == {"tasks"}
    assert {span.place.function for span in waits} == {"watch"}


# -- what is left at the end ------------------------------------------------------------------------

def test_tasks_that_are_left_are_cancelled_and_cleaned_up():
    async def watch():
        try:
            while True:
                await asyncio.sleep(10)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
            events_.append(now())
            raise

    async def main():
        asyncio.create_task(watch(), name="watch")
        await asyncio.sleep(25)

    events_ = []
    run = simulate(main())
    assert run.elapsed == 25 and events_ == [26]
    assert outcomes(run) == {"main": "result", "watch": "pending"}


@pytest.mark.parametrize("name", [None, "shop {}"])
def test_tasks_that_are_left_clean_up_in_the_same_order_in_every_run(name):
    async def stay(number, log):
        try:
            await asyncio.sleep(100)
        finally:
            log.append(number)

    async def main(log):
        ballast = []                            # something between the tasks in memory
        for number in range(30):
            ballast.append(asyncio.create_task(stay(number, log), name=name and name.format(number)))
            ballast.append(bytearray(number * 37 % 200))
        await asyncio.sleep(1)

    for _ in range(20):
        log: list = []
        simulate(main(log))
        assert log == list(range(30))


def test_a_task_that_swallows_its_cancellation_does_not_hang():
    async def stubborn():
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                pass

    async def deaf():
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass

    async def main():
        asyncio.create_task(stubborn())
        asyncio.create_task(deaf())
        return await get_price()

    run = simulate(main(), limit=10_000)
    assert run.result == 120 and run.elapsed == 0.5


def test_async_generators_are_closed():
    closed = []

    async def ticker():
        try:
            while True:
                yield now()
                await asyncio.sleep(1)
        finally:
            await asyncio.sleep(1)
            closed.append(now())

    async def main():
        ticks = ticker()
        kept.append(ticks)
        return [await anext(ticks) for _ in range(3)]

    kept = []
    assert simulate(main()).result == [0, 1, 2]
    assert closed == [3]


def test_a_thread_that_is_left_is_waited_for():
    ended = []

    def work():
        time.sleep(5)
        ended.append(time.monotonic())

    async def main():
        asyncio.create_task(asyncio.to_thread(work))
        await asyncio.sleep(1)

    assert simulate(main()).elapsed == 1
    assert ended == [5]


def test_a_thread_that_never_ends_is_given_up():
    def work():
        while True:
            time.sleep(1)

    async def main():
        asyncio.create_task(asyncio.to_thread(work))
        await asyncio.sleep(1)
        return "done"

    before = threading.active_count()
    assert simulate(main(), limit=1000).result == "done"
    assert threading.active_count() == before


def test_even_a_thread_that_catches_everything_does_no_harm():
    def work():
        while True:
            try:
                time.sleep(1)
            except BaseException:
                caught.append(1)

    async def main():
        await asyncio.to_thread(work)

    caught = []
    assert "Endless" in simulate(main(), limit=1000).error
    assert caught == [1]                    # its thread now stands still, until Python ends


# -- where the call stands --------------------------------------------------------------------------

def test_inside_a_running_loop_whose_tasks_stand_still_meanwhile():
    async def background(events):
        while True:
            await asyncio.sleep(0)
            events.append("background")

    async def outer():
        log = []
        task = asyncio.create_task(background(log))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        before = len(log)
        me, loop = asyncio.current_task(), asyncio.get_running_loop()
        run = simulate(get_price(3600))
        assert len(log) == before
        assert asyncio.current_task() is me and asyncio.get_running_loop() is loop
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(log) > before
        async with asyncio.timeout(60):     # needs to know its task
            await asyncio.to_thread(int)
        task.cancel()
        return run

    run = asyncio.run(outer())
    assert run.result == 120 and run.elapsed == 3600


def test_inside_a_callback_of_a_running_loop():
    runs = []

    async def outer():
        asyncio.get_running_loop().call_soon(lambda: runs.append(simulate(get_price())))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert asyncio.get_running_loop() is not None and asyncio.current_task() is not None

    asyncio.run(outer())
    assert runs[0].elapsed == 0.5


def test_an_error_inside_a_running_loop_puts_the_loop_back():
    async def bad():
        raise KeyboardInterrupt

    async def outer():
        me = asyncio.current_task()
        for wrong, error in ((bad(), KeyboardInterrupt), (None, TypeError)):
            with pytest.raises(error):
                simulate(wrong)
            assert asyncio.current_task() is me
        return await get_price(0.001)

    assert asyncio.run(outer()) == 120


@pytest.mark.parametrize("how", [
    lambda task: task,
    pytest.param(lambda task: asyncio.wait_for(task, 1), marks=pytest.mark.skipif(
        sys.version_info < (3, 12), reason="wait_for awaited a future of its own up to 3.11")),
], ids=["task", "wait_for"])
def test_a_run_that_goes_on_without_a_task_of_the_outer_loop_is_not_simulated(how):
    async def inner(task):
        with contextlib.suppress(Exception):
            return await how(task)
        return "without it"

    async def outer():
        task = asyncio.create_task(asyncio.sleep(0.001, "outer"))
        await asyncio.sleep(0)
        run = simulate(inner(task))
        assert run.error.startswith("NotSimulated: this run waits for a task or a future of the notebook's own loop")
        assert simulate(get_price()).result == 120
        return await task

    assert asyncio.run(outer()) == "outer"


def test_inside_a_simulation():
    async def outer():
        await asyncio.sleep(1)
        time.sleep(1)
        run = simulate(get_price(3600))
        assert time.monotonic() == now() == 2       # the inner clock is its own
        await asyncio.sleep(1)
        return run

    run = simulate(outer())
    assert run.elapsed == 3 and run.result.elapsed == 3600 and run.result.result == 120
    assert len(run.tasks) == len(run.result.tasks) == 1


def test_inside_a_thread_of_a_simulation():
    async def outer():
        return await asyncio.to_thread(lambda: (time.sleep(1), simulate(get_price(7)).elapsed, time.monotonic()))

    run = simulate(outer())
    assert run.result == (None, 7, 1) and run.elapsed == 1


def test_inside_a_recording():
    async def outer():
        inner = asyncio.create_task(get_price(0.001), name="mine")
        run = simulate(get_price(3600))
        await inner
        return run

    run = asyncio.run(record(outer()))
    assert outcomes(run) == {"outer": "result", "mine": "result"}
    assert run.result.elapsed == 3600 and [task.name for task in run.result.tasks] == ["get_price"]


def test_a_recording_inside_a_simulation():
    async def outer():
        run = await record(get_price(5))
        await asyncio.sleep(1)
        return run

    run = simulate(outer())
    assert run.elapsed == 6 and run.result.result == 120


def test_the_program_sees_the_callers_context_and_keeps_its_own_changes():
    shop = contextvars.ContextVar("shop", default="none")
    shop.set("north")

    async def main():
        seen = shop.get()
        shop.set("south")
        return seen, await asyncio.create_task(read())

    async def read():
        return shop.get()

    assert simulate(main()).result == ("north", "south")
    assert shop.get() == "north"


def test_simulations_in_several_threads_at_once():
    results = {}

    async def main(factor):
        for _ in range(50):
            await asyncio.sleep(factor)
            time.sleep(factor)
            await asyncio.to_thread(time.sleep, factor)
        return time.monotonic()

    def work(factor):
        results[factor] = simulate(main(factor))

    threads = [threading.Thread(target=work, args=(factor,)) for factor in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {factor: (run.elapsed, run.result) for factor, run in results.items()} == {
        factor: (150 * factor, 150 * factor) for factor in (1, 2, 3)}


# -- repeatable, whatever the program ---------------------------------------------------------------

TREES = st.recursive(
    st.integers(0, 5).map(lambda tenths: ("sleep", tenths)),
    lambda inner: st.tuples(st.sampled_from(["gather", "group", "turn", "block", "thread", "timeout", "lock"]),
                            st.lists(inner, max_size=3)),
    max_leaves=8)


async def grow(tree, lock):
    kind, rest = tree
    if kind == "sleep":
        await asyncio.sleep(rest / 10)
    elif kind == "gather":
        await asyncio.gather(*(grow(branch, lock) for branch in rest))
    elif kind == "group":
        async with asyncio.TaskGroup() as group:
            for branch in rest:
                group.create_task(grow(branch, lock))
    elif kind == "timeout":
        try:
            async with asyncio.timeout(0.3):
                for branch in rest:
                    await grow(branch, lock)
        except TimeoutError:
            pass
    else:
        if kind == "turn":
            await asyncio.sleep(0)
        elif kind == "block":
            time.sleep(0.2)
        elif kind == "thread":
            await asyncio.to_thread(time.sleep, 0.2)
        for branch in rest:
            await grow(branch, lock)
        if kind == "lock" and not lock.locked():
            async with lock:
                await asyncio.sleep(0.1)


@pytest.mark.slow
@given(TREES)
@settings(max_examples=60, deadline=None)
def test_two_runs_of_a_program_are_equal_to_the_last_digit(tree):
    def once():
        return simulate(grow(tree, asyncio.Lock()))

    first, second = once(), once()
    assert first == second and str(first) == str(second) and first.to_json() == second.to_json()
    assert first.error == ""


# -- what the learner is told -----------------------------------------------------------------------------

def test_result_shows_the_learners_frames_and_none_of_the_clockwork_however_often():
    async def inner():
        await asyncio.sleep(1)
        raise LookupError("no tea")         # the innermost line

    async def main():
        await inner()

    run = simulate(main())
    for _ in range(3):
        with pytest.raises(LookupError) as caught:
            run.result
        functions = [entry.name for entry in traceback.extract_tb(caught.tb)]
        assert functions[1:] == ["result", "main", "inner"]


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": "many"}, {"threshold": 0}, {"threshold": "long"}],
                         ids=str)
def test_a_wrong_option_closes_the_coroutine(options, recwarn):
    coro = get_price()
    with pytest.raises(ValueError, match=r"got (0|'many'|'long')"):
        simulate(coro, **options)
    assert coro.cr_frame is None
    del coro
    gc.collect()
    assert not [each for each in recwarn if "never awaited" in str(each.message)]


def test_what_goes_wrong_while_what_is_left_is_cancelled_is_told(caplog):
    async def stubborn():
        try:
            await asyncio.sleep(100)
        finally:
            raise LookupError("no tea")

    async def main():
        asyncio.create_task(stubborn())
        await asyncio.sleep(1)

    simulate(main()).result
    assert "unhandled exception in a task that was cancelled at the end of simulate()" in caplog.text
    assert "LookupError: no tea" in caplog.text


async def lost_task():
    async def fail():
        raise LookupError("no tea")

    asyncio.create_task(fail())
    await asyncio.sleep(0.001)


async def lost_future():
    asyncio.get_running_loop().create_future().set_exception(LookupError("no tea"))


async def lost_gather():
    async def fail():
        raise LookupError("no tea")

    asyncio.gather(fail(), fail())
    await asyncio.sleep(0.001)


async def failing_callback():
    asyncio.get_running_loop().call_soon(divmod, 1, 0)
    await asyncio.sleep(0.001)


@pytest.mark.parametrize("program", [lost_task, lost_future, lost_gather, failing_callback],
                         ids=lambda program: program.__name__)
def test_an_error_that_nobody_fetched_is_told_as_on_a_real_loop(program, caplog):
    told = []
    for run in (lambda: asyncio.run(record(program())), lambda: simulate(program())):
        caplog.clear()
        run().result
        told.append([each.getMessage().splitlines()[0] for each in caplog.records])
    assert told[0] == told[1] and len(told[0]) == 1


def test_a_deadlock_shows_the_line_that_asks_for_the_result_and_nothing_of_the_loop():
    async def stuck():
        await asyncio.Event().wait()

    run = simulate(stuck())
    with pytest.raises(Deadlock) as caught:
        run.result
    files = [Path(entry.filename).name for entry in traceback.extract_tb(caught.value.__traceback__)]
    assert files == ["test_run.py", "recording.py"]
