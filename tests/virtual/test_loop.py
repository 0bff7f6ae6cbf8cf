"""The loop whose clock jumps: its timers, its place among asyncio's loops, and what never ends."""

from __future__ import annotations

import asyncio
import functools
import gc
import math
import sys
import time
import tracemalloc
import warnings
import weakref
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Deadlock, Endless, VirtualTimeLoop, simulate

from .programs import PATIENCE, close, now, run

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


# -- timers ---------------------------------------------------------------------------------------

def test_time_passes_only_in_the_program():
    async def main():
        await asyncio.sleep(3600)
        return now()

    started = monotonic()
    assert run(main()) == 3600
    assert monotonic() - started < PATIENCE


def test_timers_of_the_same_instant_fire_in_the_order_in_which_they_were_set():
    async def main():
        loop, fired = asyncio.get_running_loop(), []
        for number in range(100):
            if number % 3:
                loop.call_later(1, fired.append, number)
            else:
                loop.call_at(1, fired.append, number)
        await asyncio.sleep(1)
        return fired

    assert run(main()) == list(range(100))


def test_tasks_wake_in_the_order_of_their_sleeps_not_of_their_creation():
    async def main():
        woke = []

        async def sleeper(number, delay):
            await asyncio.sleep(delay)
            woke.append(number)

        await asyncio.gather(*(sleeper(number, (5 - number % 5) / 10) for number in range(20)))
        return woke

    assert run(main()) == sorted(range(20), key=lambda number: 5 - number % 5)


def test_ten_thousand_sleeps_of_a_hundredth_end_at_exactly_a_hundred():
    async def main():
        for _ in range(10_000):
            await asyncio.sleep(0.01)
        return now()

    assert run(main()) == 100.0


@pytest.mark.parametrize("make", [
    lambda: (0.1, asyncio.sleep(0.1)),
    lambda: (0.3, asyncio.gather(asyncio.sleep(0.1), asyncio.sleep(0.3), asyncio.sleep(0.2))),
    lambda: (2.0, timed_out(asyncio.wait_for(asyncio.sleep(9), 2))),
    lambda: (3.0, timed_out(with_timeout(3, asyncio.sleep(9)))),
    lambda: (1.5, asyncio.wait([asyncio.ensure_future(asyncio.sleep(9))], timeout=1.5)),
    lambda: (5.0, called_at(5.0)),
    lambda: (3.0, grouped(1, 3, 2)),
    lambda: (0.7, timed_out(asyncio.wait_for(asyncio.Queue().get(), 0.7))),
], ids=["sleep", "gather", "wait_for", "timeout", "wait", "call_at", "group", "queue"])
def test_waiting_ends_at_exactly_the_right_time(make):
    async def main():
        expected, awaitable = make()
        await awaitable
        return expected, now()

    expected, ended = run(main())
    assert ended == expected


async def timed_out(coro):
    with pytest.raises(TimeoutError):
        await coro


async def with_timeout(delay, coro):
    async with asyncio.timeout(delay):
        await coro


async def called_at(when):
    done = asyncio.Event()
    asyncio.get_running_loop().call_at(when, done.set)
    await done.wait()


async def grouped(*delays):
    async with asyncio.TaskGroup() as group:
        for delay in delays:
            group.create_task(asyncio.sleep(delay))


def test_a_timer_in_the_past_fires_at_once_and_the_clock_stays():
    async def main():
        await asyncio.sleep(10)
        fired, loop = [], asyncio.get_running_loop()
        loop.call_later(0, fired.append, "now")
        loop.call_at(3, fired.append, "past")
        loop.call_later(-1, fired.append, "negative")
        await asyncio.sleep(-5)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return fired, now()

    fired, ended = run(main())
    assert ended == 10 and fired == ["past", "negative", "now"]      # by deadline, as on the real loop


YEAR = 365 * 86_400


@pytest.mark.parametrize("duration", [YEAR, YEAR + 1 / 3, 1000 * YEAR, 1e12])
def test_long_times_pass_without_spinning(duration):
    async def main():
        await asyncio.sleep(duration)
        deadline = now() + 0.1
        turns = 0
        while now() < deadline:             # floats are coarse there: it must get over the last one
            await asyncio.sleep(deadline - now())
            turns += 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.sleep(YEAR)
        return turns, now()

    turns, ended = run(main())
    assert turns < 5
    assert ended == pytest.approx(duration + 1.1, rel=1e-12)


@pytest.mark.parametrize("forever", [math.inf, 1e30, 1e300])
def test_to_sleep_for_ever_waits_for_what_wakes_it_earlier(forever):
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.sleep(forever)
        asyncio.get_running_loop().call_at(forever, print).cancel()
        return now()

    assert run(main()) == 2


def test_to_sleep_for_ever_with_nothing_else_is_a_deadlock():
    with pytest.raises(Deadlock, match="sleep"):
        run(asyncio.sleep(math.inf))


def test_nonsense_delays_are_errors():
    async def main():
        loop = asyncio.get_running_loop()
        for delay, error in ((math.nan, ValueError), (None, TypeError), ("1", TypeError)):
            with pytest.raises(error):
                loop.call_later(delay, print)
            with pytest.raises(error):
                loop.call_at(delay, print)
        with pytest.raises(ValueError):
            await asyncio.sleep(math.nan)

    run(main())


def test_cancelled_timers_neither_fire_nor_move_the_clock():
    async def main():
        loop, fired = asyncio.get_running_loop(), []
        timers = [loop.call_later(delay, fired.append, delay) for delay in (1, 2, 3, 3, YEAR + 1 / 3)]
        for timer in (timers[0], timers[2], timers[4], timers[0]):
            timer.cancel()
        await asyncio.sleep(0)
        while not fired[1:]:
            await asyncio.sleep(0.5)
        timers[1].cancel()                  # it has fired
        return fired, now()

    assert run(main()) == ([2, 3], 3.0)


def test_a_cancelled_timer_at_a_coarse_time_leaves_a_deadlock_at_once():
    async def main():
        await asyncio.sleep(YEAR + 0.123456789)
        asyncio.get_running_loop().call_later(0.123456787, print).cancel()
        await asyncio.Event().wait()

    loop = VirtualTimeLoop()
    with pytest.raises(Deadlock):
        loop.run_until_complete(main())
    assert loop.time() == YEAR + 0.123456789
    close(loop)


def test_timeouts_that_were_not_needed_take_no_memory():
    async def main():
        sizes = []
        for _ in range(2):
            for _ in range(2_000):
                async with asyncio.timeout(3600):
                    await asyncio.sleep(0.001)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        return sizes

    tracemalloc.start()
    try:
        before, after = run(main())
    finally:
        tracemalloc.stop()
    assert after - before < 100_000         # 2,000 timers would be over 500,000


def test_a_timer_is_printed_as_on_a_real_loop():
    async def main():
        timer = asyncio.get_running_loop().call_later(1, print)
        return f"{timer!r}", timer.when()

    text, when = run(main())
    assert text == "<TimerHandle when=1.0 print()>" and when == 1


def test_a_timer_that_somebody_else_made_may_be_cancelled():
    async def main():
        asyncio.TimerHandle(1, print, (), asyncio.get_running_loop()).cancel()
        await asyncio.sleep(2)
        return now()

    assert run(main()) == 2


def test_a_cancelled_timer_lets_its_callback_go():
    async def main():
        class Callback:
            def __call__(self):
                pass

        callback = Callback()
        alive = weakref.ref(callback)
        timer = asyncio.get_running_loop().call_later(3600, callback)
        timer.cancel()
        del callback, timer
        gc.collect()
        return alive()

    assert run(main()) is None


# -- as an event loop -------------------------------------------------------------------------------

@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio.run has loop_factory from 3.12 on")
def test_it_is_a_loop_factory_for_asyncio_run():
    async def main():
        await asyncio.sleep(1)
        return type(asyncio.get_running_loop()), now()

    assert asyncio.run(main(), loop_factory=VirtualTimeLoop) == (VirtualTimeLoop, 1.0)


def test_a_runner_keeps_its_clock_and_counts_the_steps_of_each_run_anew():
    async def main():
        for _ in range(30):                 # each takes two: for the timer, and for the task
            await asyncio.sleep(1)
        return now()

    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(limit=100)) as runner:
        assert [runner.run(main()) for _ in range(5)] == [30, 60, 90, 120, 150]


def test_every_loop_begins_at_zero():
    async def main():
        await asyncio.sleep(1)
        return now()

    assert run(main()) == run(main()) == 1


def test_stop_ends_run_forever_after_the_round():
    loop = VirtualTimeLoop()
    events = []
    loop.call_later(1, events.append, "one")
    loop.call_later(2, lambda: (events.append("two"), loop.stop(), loop.call_soon(events.append, "next round")))
    loop.call_later(2, events.append, "also two")
    loop.call_later(3, events.append, "three")
    loop.run_forever()
    assert events == ["one", "two", "also two"] and loop.time() == 2
    loop.stop()
    loop.run_forever()                      # stopped before it starts: one round of what is ready
    assert events == ["one", "two", "also two", "next round"] and loop.time() == 2
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)


def test_a_timer_may_be_cancelled_after_the_loop_is_closed():
    loop = VirtualTimeLoop()
    timer = loop.call_later(1, print)
    loop.close()
    timer.cancel()
    assert timer.cancelled()


def test_run_forever_without_anything_to_do_is_a_deadlock():
    loop = VirtualTimeLoop()
    with pytest.raises(Deadlock):
        loop.run_forever()
    loop.close()


def test_debug_mode(caplog):
    async def main():
        await asyncio.gather(asyncio.sleep(1), asyncio.sleep(0.5))
        time.sleep(0.2)
        await asyncio.to_thread(time.sleep, 1)
        return now()

    with asyncio.Runner(debug=True, loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(main()) == 2.2
    assert "Exception" not in caplog.text


@pytest.mark.parametrize("recorded", [False, True])
def test_debug_mode_tells_of_slow_turns_in_virtual_time(caplog, recorded):
    async def main():
        asyncio.get_running_loop().set_debug(True)
        await asyncio.sleep(1)
        time.sleep(0.15)                    # slow
        await asyncio.sleep(1)
        time.sleep(0.05)                    # not slow
        asyncio.get_running_loop().call_later(1, time.sleep, 0.25)
        await asyncio.sleep(2)
        asyncio.get_running_loop().slow_callback_duration = 10
        time.sleep(5)
        await asyncio.sleep(1)

    if recorded:
        simulate(main()).result
    else:
        run(main())
    told = [record.getMessage() for record in caplog.records if "Executing" in record.getMessage()]
    assert len(told) == 2
    assert told[0].startswith("Executing <Task ") and told[0].endswith(" took 0.150 seconds")
    assert told[1].startswith("Executing <TimerHandle ") and told[1].endswith(" took 0.250 seconds")


def test_debug_mode_tells_where_a_callback_that_fails_was_set(caplog):
    async def main():
        asyncio.get_running_loop().call_soon(divmod, 1, 0)
        await asyncio.sleep(1)

    with asyncio.Runner(loop_factory=VirtualTimeLoop, debug=True) as runner:
        runner.run(main())
    assert "divmod, 1, 0" in caplog.text and "Exception in callback" in caplog.text


def test_debug_mode_shows_where_a_callback_was_set():
    async def main():
        loop = asyncio.get_running_loop()
        handles = [loop.call_soon(int), loop.call_later(1, int), loop.call_at(1, int), loop.call_soon_threadsafe(int)]
        return [handle._source_traceback[-1].name for handle in handles]

    with asyncio.Runner(debug=True, loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(main()) == ["main"] * 4


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in 3.12")
def test_eager_tasks():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        events = []

        async def child(name, delay):
            events.append(name)
            if delay:
                await asyncio.sleep(delay)
                events.append(name.upper())
            return name

        tasks = [asyncio.create_task(child("a", 2)), asyncio.create_task(child("b", 0)),
                 asyncio.create_task(child("c", 1))]
        events.append("created")
        return await asyncio.gather(*tasks), events, now()

    assert run(main()) == (["a", "b", "c"], ["a", "b", "c", "created", "C", "A"], 2)


@pytest.mark.skipif(sys.version_info < (3, 14), reason="create_task has eager_start from 3.14 on")
def test_eager_start():
    async def main():
        events = []

        async def child(name, delay):
            events.append(name)
            await asyncio.sleep(delay)
            events.append(name.upper())
            return name

        async with asyncio.TaskGroup() as group:
            group.create_task(child("a", 2), eager_start=True)
            group.create_task(child("b", 1), eager_start=False)
            events.append("created")
        return events, now()

    assert run(main()) == (["a", "created", "b", "B", "A"], 2)


def test_async_generators_are_closed_at_the_end():
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
    assert run(main()) == [0, 1, 2]
    assert closed == [3]


def test_an_exception_in_a_callback_is_reported_and_the_loop_goes_on():
    seen = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: seen.append(context["exception"]))
        loop.call_later(1, lambda: 1 / 0)
        await asyncio.sleep(2)
        return now()

    assert run(main()) == 2
    assert [type(error) for error in seen] == [ZeroDivisionError]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_ends_the_loop_and_everything_is_restored(error):
    async def main():
        async def child():
            await asyncio.sleep(1)
            raise error("enough")

        task = asyncio.create_task(child())
        await asyncio.sleep(5)
        await task

    with pytest.raises(error):
        run(main())


def test_the_limit_must_be_a_number_of_steps():
    for limit in (0, -1, 1.5, "many", None):
        with pytest.raises(ValueError, match="number of steps"):
            VirtualTimeLoop(limit=limit)


# -- what never ends --------------------------------------------------------------------------------

def test_a_deadlock_is_reported_at_once_with_every_task_and_its_line():
    async def transfer(first, second):
        async with first:
            await asyncio.sleep(1)
            async with second:              # the line to be named
                pass

    async def main():
        tea, coffee = asyncio.Lock(), asyncio.Lock()
        async with asyncio.TaskGroup() as group:
            group.create_task(transfer(tea, coffee), name="north")
            group.create_task(transfer(coffee, tea), name="south")

    with pytest.raises(Deadlock) as caught:
        run(main())
    line = transfer.__code__.co_firstlineno + 3
    text = str(caught.value)
    assert f"north waits for a lock at line {line} in transfer" in text
    assert f"south waits for a lock at line {line} in transfer" in text
    assert "main waits for its tasks (task group) at line" in text


def test_a_deadlock_of_many_tasks_names_some_and_counts_the_rest():
    async def main():
        event = asyncio.Event()
        await asyncio.gather(*(event.wait() for _ in range(100)))

    with pytest.raises(Deadlock, match="and 81 more tasks"):
        run(main())


@pytest.mark.parametrize("wait", [
    lambda: asyncio.Event().wait(), lambda: asyncio.Queue().get(), lambda: asyncio.Future(),
    lambda: asyncio.Semaphore(0).acquire(), lambda: asyncio.Barrier(2).wait(),
], ids=["event", "queue", "future", "semaphore", "barrier"])
def test_whatever_nobody_ends_is_a_deadlock(wait):
    async def main():
        await wait()

    with pytest.raises(Deadlock, match=r"main waits .*at line \d+ in main"):
        run(main())


async def spin():
    while True:
        await asyncio.sleep(0)


async def tick():
    while True:
        await asyncio.sleep(1)


async def multiply():
    while True:
        asyncio.create_task(asyncio.sleep(0))
        await asyncio.sleep(0)


async def again():
    def call():
        asyncio.get_running_loop().call_soon(call)

    call()
    await asyncio.Event().wait()


async def threads():
    def work():
        while True:
            time.sleep(1)

    await asyncio.to_thread(work)


@pytest.mark.parametrize("program", [spin, tick, multiply, again, threads])
def test_what_never_ends_is_stopped_at_the_limit(program):
    with pytest.raises(Endless, match=r"still running after 5,000 steps"):
        run(program(), limit=5000)


def after_a_moment():
    loop = asyncio.get_running_loop()

    class Clock:
        def tick(self):
            loop.call_later(0, self.tick)

    Clock().tick()
    return Clock.tick


def ping_pong():
    loop = asyncio.get_running_loop()

    def answer(_):
        future = loop.create_future()
        future.add_done_callback(answer)
        future.set_result(None)

    answer(None)
    return answer


def in_a_partial():
    loop = asyncio.get_running_loop()

    def again(count):
        loop.call_soon(functools.partial(again, count + 1))

    again(0)
    return again


@pytest.mark.parametrize("begin", [after_a_moment, ping_pong, in_a_partial], ids=lambda begin: begin.__name__)
def test_a_chain_of_callbacks_that_never_ends_is_named_with_its_line(begin):
    chain = []

    async def main():
        chain.append(begin())
        await asyncio.Event().wait()

    with pytest.raises(Endless) as caught:
        run(main(), limit=5000)
    name, line = chain[0].__qualname__.rpartition("<locals>.")[2], chain[0].__code__.co_firstlineno
    assert f"\n  - the callback {name} (line {line}) is ready to run" in str(caught.value)
    assert "main waits for an event" in str(caught.value)


def test_of_a_program_that_would_end_nobody_says_that_it_never_does():
    async def main():
        for _ in range(2000):
            await asyncio.sleep(0)

    with pytest.raises(Endless, match=r"If it would end later, simulate\(\.\.\., limit=\.\.\.\) allows more\n"):
        run(main(), limit=1000)
    assert run(main(), limit=10_000) is None


async def polls_with_sleep_0():
    done = asyncio.create_task(asyncio.sleep(0.05))
    while not done.done():
        await asyncio.sleep(0)


async def polls_a_clock():
    await asyncio.sleep(3)
    while time.monotonic() < 3.05:
        await asyncio.sleep(0)


async def ticks():
    while True:
        await asyncio.sleep(1)


@pytest.mark.parametrize(("program", "stands_still"), [
    (polls_with_sleep_0, True), (polls_a_clock, True), (ticks, False)])
def test_that_time_stands_still_is_said_of_a_program_that_waits_for_it(program, stands_still):
    with pytest.raises(Endless) as caught:
        run(program(), limit=1000)
    assert ("Virtual time stands still while a task is ready" in str(caught.value)) is stands_still


async def get_price():
    pass


@pytest.mark.parametrize("program", [
    lambda loop: loop.run_in_executor(get_price, "tea"),            # the pool was forgotten
    lambda loop: loop.call_later(1, get_price()),
    lambda loop: loop.call_at(1, None),
], ids=["executor", "coroutine", "None"])
@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
def test_what_cannot_be_called_is_the_error_of_a_real_loop(program, debug):
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_debug(debug)
        loop.set_exception_handler(lambda *_: None)
        try:
            await program(loop)
        except Exception as error:
            return type(error), str(error).replace("call_later", "call_at")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)             # get_price() was never awaited
        assert run(main()) == asyncio.run(main())


def test_a_loop_that_polls_with_time_sleep_is_endless():
    async def main():
        while True:
            time.sleep(1)

    with pytest.raises(Endless, match="1,000 steps"):
        run(main(), limit=1000)


def test_a_program_just_under_the_limit_runs_to_its_end():
    async def main():
        for _ in range(900):
            await asyncio.sleep(0)
        return "done"

    assert run(main(), limit=1000) == "done"


def test_a_task_that_will_not_be_cancelled_does_not_hang_the_end():
    async def stubborn():
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                pass

    async def main():
        asyncio.create_task(stubborn())
        await asyncio.sleep(2)

    with pytest.raises(Endless):
        run(main(), limit=1000)


# -- the same programs on a real loop ---------------------------------------------------------------

# A program is some tasks, each a list of operations. Every sleep ends at an instant of its own, a whole number of
# steps after the start, so that on the real loop too the order of events does not depend on who is a little late.
STEP = 0.02
OPERATIONS = st.sampled_from(
    ["sleep", "lock", "put", "get", "timeout", "spawn", "cancel", "turn", "gather", "set", "wait"])
PROGRAMS = st.lists(st.lists(OPERATIONS, max_size=4), min_size=1, max_size=4)


class World:
    """What the tasks of a program share, with a method for each operation, and the log of what happened."""

    def __init__(self):
        self.log, self.loop = [], asyncio.get_running_loop()
        self.start, self.instants = self.loop.time(), iter(range(1, 1000))
        self.the_lock, self.items, self.event = asyncio.Lock(), asyncio.Queue(), asyncio.Event()
        self.started = []

    def next_instant(self):
        return self.start + next(self.instants) * STEP

    async def until_next(self):
        await asyncio.sleep(self.next_instant() - self.loop.time())

    async def do(self, name, operations):
        for number, operation in enumerate(operations):
            where = f"{name}.{number} {operation}"
            self.log.append(where)
            try:
                await getattr(self, operation)(name, where)
            except TimeoutError:
                self.log.append(f"{where} timed out")
            except asyncio.CancelledError:
                self.log.append(f"{where} cancelled")
                raise
            self.log.append(f"{where} done")

    async def sleep(self, name, where):
        await self.until_next()

    async def lock(self, name, where):
        async with self.the_lock:
            self.log.append(f"{where} inside")
            await self.until_next()

    async def put(self, name, where):
        await self.items.put(name)

    async def get(self, name, where):
        async with asyncio.timeout_at(self.next_instant()):
            self.log.append(f"{where} got {await self.items.get()}")

    async def timeout(self, name, where):
        async with asyncio.timeout_at(self.next_instant()):
            await asyncio.Event().wait()

    async def spawn(self, name, where):
        self.started.append(asyncio.create_task(self.do(f"{where} child", ["sleep", "put"])))

    async def cancel(self, name, where):
        if self.started:
            self.started.pop().cancel()

    async def turn(self, name, where):
        await asyncio.sleep(0)

    async def gather(self, name, where):
        await asyncio.gather(self.until_next(), self.until_next())

    async def set(self, name, where):
        self.event.set()

    async def wait(self, name, where):
        async with asyncio.timeout_at(self.next_instant()):
            await self.event.wait()


def program(tasks):
    """A coroutine function that does this, and returns the events in their order."""
    async def main():
        world = World()
        tasks_ = [asyncio.create_task(world.do(str(number), operations)) for number, operations in enumerate(tasks)]
        world.started.extend(tasks_[1:])
        await asyncio.wait(tasks_)
        await asyncio.gather(*world.started, return_exceptions=True)
        return world.log

    return main


def on_time(tasks):
    """The events on a real loop, or None if the machine was too busy for their order to mean anything."""
    late = []

    class Loop(asyncio.SelectorEventLoop):
        def _run_once(self):
            due = min((timer._when for timer in self._scheduled if not timer._cancelled), default=math.inf)
            super()._run_once()
            late.append(self.time() - due)

    with asyncio.Runner(loop_factory=Loop) as runner:
        log = runner.run(program(tasks)())
    return log if max(late) < STEP / 2 else None


@pytest.mark.slow
def test_events_have_the_same_order_as_on_the_real_loop():
    compared = []

    @given(PROGRAMS)
    @settings(max_examples=25, deadline=None, database=None)
    def same_order(tasks):
        virtual = run(program(tasks)())
        real = next((log for _ in range(20) if (log := on_time(tasks)) is not None), None)
        if real is not None:
            assert virtual == real
            compared.append(tasks)

    same_order()
    if not compared:
        pytest.skip("the machine was too busy for the real loop to keep its times")


@pytest.mark.slow
@given(PROGRAMS)
@settings(max_examples=50, deadline=None)
def test_every_run_is_the_same(tasks):
    assert run(program(tasks)()) == run(program(tasks)())


@pytest.mark.parametrize("debug", [False, True])
def test_an_exception_does_not_keep_the_task_that_raised_it(debug):
    async def fails():
        raise ValueError("no tea")

    async def main():
        asyncio.get_running_loop().set_debug(debug)
        task = asyncio.create_task(fails())
        gone = weakref.ref(task)
        with pytest.raises(ValueError, match="no tea") as caught:
            await task
        error = caught.value
        del task, caught
        await asyncio.sleep(0)
        return gone() is None, error

    run = simulate(main())
    assert run.value[0] is True
