"""Virtual time: an event loop whose clock jumps, the time module that goes by it, and threads that take part."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import gc
import math
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import types
import weakref
from dataclasses import dataclass
from time import monotonic
from time import sleep as nap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Deadlock, Endless, NotSimulated, VirtualTimeLoop
from helpers.virtual import threads as virtual_threads
from helpers.virtual.clock import EPOCH, EscapedSleep
from helpers.virtual.threads import StuckThread

REAL = {name: getattr(time, name) for name in
        ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns")}
PATIENCE = 60       # seconds after which a program that should end at once counts as hanging


def run(coro, **options):
    """Run a coroutine in virtual time; it must not take long for real."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(**options)) as runner:
        return runner.run(coro)


def now() -> float:
    return asyncio.get_running_loop().time()


def identities(module: types.ModuleType) -> dict[str, int]:
    """What stands under which name; not the objects themselves, or the real sleep would be found here."""
    return {name: id(value) for name, value in vars(module).items()}


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """Every test, whatever it does, leaves the time module, its own names and the threads as they were."""
    before, threads = identities(time), threading.active_count()
    started = REAL["monotonic"]()
    yield
    while threading.active_count() > threads:               # a thread that hung needs a moment to end
        assert REAL["monotonic"]() < started + PATIENCE
        nap(0.001)
    assert identities(time) == before
    assert nap is time.sleep and monotonic is time.monotonic
    assert type(time.sleep) is types.BuiltinFunctionType


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


def close(loop):
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


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


# -- the time module ------------------------------------------------------------------------------

def test_the_clocks_show_virtual_time():
    async def main():
        first = {name: getattr(time, name)() for name in REAL}
        await asyncio.sleep(1.5)
        return first, {name: getattr(time, name)() for name in REAL}

    first, second = run(main())
    for name in REAL:
        unit = 10**9 if name.endswith("_ns") else 1
        epoch = EPOCH * unit if name.startswith("time") else 0
        assert first[name] == epoch
        assert second[name] == epoch + (1_500_000_000 if unit > 1 else 1.5)
        assert type(second[name]) is (int if unit > 1 else float)


def test_time_sleep_sets_the_clock_forward_and_keeps_everybody_waiting():
    async def main():
        events = []

        async def other():
            for _ in range(3):
                await asyncio.sleep(0.1)
                events.append(now())

        task = asyncio.create_task(other())
        await asyncio.sleep(0)
        time.sleep(1000)
        events.append("blocked")
        await task
        return events

    assert run(main()) == ["blocked", 1000.0, 1000.1, 1000.2]


def test_names_that_hold_the_real_functions_are_replaced_and_put_back(monkeypatch):
    library = types.ModuleType("some_library")
    library.__file__ = os.path.join(os.path.dirname(asyncio.__file__), "some_library.py")
    library.sleep, library.monotonic = time.sleep, time.monotonic
    learners = types.ModuleType("some_module_of_the_learner")
    learners.__file__ = os.path.abspath("some_module_of_the_learner.py")
    learners.pause, learners.clock = time.sleep, time.perf_counter
    for module in (library, learners):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    real = identities(library), identities(learners)

    async def main():
        nap(1)
        library.sleep(2)
        learners.pause(4)
        # a library's own timing, of its locks and queues, stays real
        return now(), monotonic(), learners.clock(), id(library.monotonic) == real[0]["monotonic"]

    assert run(main()) == (7, 7, 7, True)
    assert (identities(library), identities(learners)) == real


def test_a_library_that_keeps_sleep_under_another_name_is_found_too(monkeypatch):
    library = types.ModuleType("some_library")
    library.__file__ = os.path.join(os.path.dirname(asyncio.__file__), "some_library.py")
    exec("from time import sleep as _pause", vars(library))
    monkeypatch.setitem(sys.modules, library.__name__, library)

    async def main():
        library._pause(2)
        return now()

    assert run(main()) == 2
    assert library._pause is time.sleep


def test_code_that_exec_ran_counts_as_a_module():
    namespace = {}
    exec("from time import sleep\nasync def main():\n    sleep(2)", namespace)

    async def main():
        await namespace["main"]()
        return now()

    assert run(main()) == 2
    assert namespace["sleep"] is time.sleep


def test_a_name_that_the_program_gave_a_new_value_is_left_alone(monkeypatch):
    def mine(seconds):
        pass

    async def main():
        time.sleep = mine

    original = time.sleep
    try:
        run(main())
        assert time.sleep is mine
    finally:
        time.sleep = original


def test_a_class_may_keep_time_sleep_as_an_attribute_inside_the_run():
    async def main():
        class Poller:
            nap = time.sleep

        Poller().nap(2)
        Poller.nap(1)
        return now()

    assert run(main()) == 3


def default(pause):
    def function(seconds, pause=pause):
        pause(seconds)
    return function


def keyword_default(pause):
    def function(seconds, *, pause=pause):
        pause(seconds)
    return function


def closure(pause):
    def function(seconds):
        pause(seconds)
    return function


class Instance:
    def __init__(self, pause):
        self.pause = pause

    def __call__(self, seconds):
        self.pause(seconds)


class Slots:
    __slots__ = ("pause",)
    __init__ = Instance.__init__
    __call__ = Instance.__call__


@dataclass(frozen=True)
class Frozen:
    pause: object

    def __call__(self, seconds):
        self.pause(seconds)


def class_attribute(pause):
    class Poller:
        nap = pause
    return Poller.nap and (lambda seconds: Poller.nap(seconds))


def static_method(pause):
    class Poller:
        nap = staticmethod(pause)
    return lambda seconds: Poller.nap(seconds)


def in_a_list(pause):
    actions = [pause]
    return lambda seconds: actions[0](seconds)


def in_a_dict(pause):
    return Instance({"pause": pause}["pause"])


HIDING_PLACES = [default, keyword_default, closure, functools.partial, Instance, Slots, Frozen, class_attribute,
                 static_method, in_a_list, in_a_dict]


@pytest.mark.parametrize("hide", HIDING_PLACES, ids=lambda hide: hide.__name__)
def test_the_real_sleep_does_not_escape_silently(hide):
    hidden = hide(time.sleep)

    async def main():
        hidden(0.001)
        ran.append(now())

    ran = []
    with pytest.raises(EscapedSleep, match=r"time\.sleep is kept as .* write lambda seconds: time\.sleep"):
        run(main())
    assert ran == []
    del hidden, main
    gc.collect()
    run(asyncio.sleep(0))                   # nothing hides it any more


@pytest.mark.parametrize("make", [
    lambda: asyncio.to_thread(time.sleep, 1),
    lambda: argument(time.sleep),
], ids=["to_thread", "argument"])
def test_the_real_sleep_as_an_argument_is_refused(make):
    with pytest.raises(EscapedSleep, match="an argument or variable of"):
        run(make())


async def argument(pause):
    pause(0.001)


def test_the_real_sleep_given_to_a_loop_that_runs_again_is_refused():
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(asyncio.sleep(0))
        with pytest.raises(EscapedSleep):
            runner.run(argument(time.sleep))


def test_the_advice_of_the_error_works():
    def function(seconds, pause=lambda seconds: time.sleep(seconds)):
        pause(seconds)

    async def main():
        function(2)
        return now()

    assert run(main()) == 2


@pytest.mark.parametrize("seconds, error", [
    (-1, ValueError), (math.nan, ValueError), (math.inf, OverflowError), (1e11, OverflowError), ("1", TypeError),
    (None, TypeError),
])
@pytest.mark.parametrize("where", ["loop", "thread"])
def test_time_sleep_refuses_what_the_real_one_refuses(seconds, error, where):
    with pytest.raises(error):
        time.sleep(seconds)

    async def main():
        with pytest.raises(error):
            if where == "loop":
                time.sleep(seconds)
            else:
                await asyncio.to_thread(time.sleep, seconds)
        return now()

    assert run(main()) == 0


def test_a_loop_that_polls_with_time_sleep_is_endless():
    async def main():
        while True:
            time.sleep(1)

    with pytest.raises(Endless, match="1,000 steps"):
        run(main(), limit=1000)


def test_an_error_restores_the_time_module():
    async def main():
        await asyncio.sleep(1)
        raise LookupError("no tea")

    with pytest.raises(LookupError):
        run(main())                         # the rest is in nothing_is_left_behind


def test_two_loops_in_two_threads_do_not_disturb_each_other_or_anybody_else():
    barrier = threading.Barrier(3, timeout=PATIENCE)
    seen = {}

    async def program(factor):
        for _ in range(50):
            await asyncio.sleep(factor)
            time.sleep(factor)
        barrier.wait()                      # both are in the middle of it, and this thread looks on
        barrier.wait()
        for _ in range(50):
            await asyncio.to_thread(time.sleep, factor)
        return now(), time.monotonic()

    def simulation(factor):
        seen[factor] = run(program(factor))

    threads = [threading.Thread(target=simulation, args=(factor,)) for factor in (1, 1000)]
    before = {name: read() for name, read in REAL.items()}
    for thread in threads:
        thread.start()
    barrier.wait()
    between = {name: getattr(time, name)() for name in REAL}
    time.sleep(0.001)
    after = {name: read() for name, read in REAL.items()}
    barrier.wait()
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == {1: (150, 150), 1000: (150_000, 150_000)}
    for name in REAL:
        assert before[name] <= between[name] <= after[name]


# -- threads --------------------------------------------------------------------------------------

def test_time_sleep_in_a_thread_takes_virtual_time_and_blocks_nobody():
    async def main():
        events = []

        def work(name, seconds):
            events.append((name, time.monotonic()))
            nap(seconds)
            events.append((name, time.monotonic()))
            return name

        async def other():
            await asyncio.sleep(1.5)
            events.append(("other", now()))

        results = await asyncio.gather(asyncio.to_thread(work, "a", 2), asyncio.to_thread(work, "b", 1), other())
        return results, events, now()

    assert run(main()) == (["a", "b", None], [("a", 0), ("b", 0), ("b", 1), ("other", 1.5), ("a", 2)], 2)


def test_threads_are_repeatable():
    async def main():
        events = []

        def work(number):
            for step in range(3):
                events.append((number, step, time.monotonic(), threading.current_thread().name))
                time.sleep(0.1 * (number % 3))
            return number

        async def other(number):
            for step in range(3):
                await asyncio.sleep(0.1 * (number % 2 + 1))
                events.append((f"task {number}", step, now()))

        results = await asyncio.gather(*(asyncio.to_thread(work, number) for number in range(6)),
                                       *(other(number) for number in range(2)))
        return results, events, now()

    first = run(main())
    assert all(run(main()) == first for _ in range(100))


def test_a_pool_has_so_many_workers_and_the_others_queue():
    async def main():
        loop = asyncio.get_running_loop()
        started = []

        def work(number):
            started.append((number, time.monotonic(), threading.current_thread().name))
            time.sleep(1)

        def remember():
            prepared.append(threading.current_thread().name)

        with concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="shop", initializer=remember) as pool:
            await asyncio.gather(*(loop.run_in_executor(pool, work, number) for number in range(5)))
        return started, now()

    prepared = []
    assert run(main()) == ([(0, 0, "shop_0"), (1, 0, "shop_1"), (2, 1, "shop_0"), (3, 1, "shop_1"),
                            (4, 2, "shop_0")], 3)
    assert prepared == ["shop_0", "shop_1"]


def test_the_default_pool_has_as_many_workers_as_on_a_large_machine():
    async def main():
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 1) for _ in range(33)))
        return now()

    assert run(main()) == 2


def test_the_default_executor_can_be_set():
    async def main():
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asyncio.get_running_loop().set_default_executor(pool)
            await asyncio.gather(*(asyncio.to_thread(time.sleep, 1) for _ in range(3)))
        return now()

    assert run(main()) == 3


def test_a_queued_job_that_is_cancelled_never_runs():
    async def main():
        loop, ran = asyncio.get_running_loop(), []

        def work(number):
            ran.append(number)
            time.sleep(1)

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            jobs = [loop.run_in_executor(pool, work, number) for number in range(3)]
            await asyncio.sleep(0.5)
            jobs[1].cancel()
            await asyncio.wait(jobs)
        return ran, now()

    assert run(main()) == ([0, 2], 2)


def test_a_running_job_that_is_cancelled_runs_to_its_end():
    async def main():
        ended = []

        def work():
            time.sleep(2)
            ended.append(time.monotonic())

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.to_thread(work)
        before = now(), list(ended)
        await asyncio.sleep(3)
        return before, ended

    assert run(main()) == ((1, []), [2])


def test_a_thread_goes_on_while_the_loop_is_blocked():
    async def main():
        ended = []

        def work():
            for _ in range(3):
                time.sleep(0.3)
                ended.append(time.monotonic())

        job = asyncio.create_task(asyncio.to_thread(work))
        await asyncio.sleep(0)
        time.sleep(0.5)
        await job
        return ended, now()

    ended, end = run(main())
    assert ended == pytest.approx([0.3, 0.6, 0.9]) and end == pytest.approx(0.9)


@pytest.mark.parametrize("error", [LookupError("no tea"), KeyError("x"), concurrent.futures.CancelledError()],
                         ids=lambda error: type(error).__name__)
def test_exceptions_of_a_thread_arrive(error):
    def work():
        time.sleep(1)
        raise error

    async def main():
        with pytest.raises(type(error)) as caught:
            await asyncio.to_thread(work)
        return caught.value, now()

    assert run(main()) == (error, 1)


def test_stop_iteration_in_a_thread_is_an_error_and_no_hang():
    async def main():
        await asyncio.to_thread(next, iter(()))

    with pytest.raises((RuntimeError, TypeError), match="StopIteration"):
        run(main())


def test_an_answer_from_the_loop_to_a_thread():
    async def main():
        loop = asyncio.get_running_loop()

        async def price(delay):
            await asyncio.sleep(delay)
            return delay, now()

        async def fail():
            raise LookupError("no tea")

        def work():
            answers = [asyncio.run_coroutine_threadsafe(price(2), loop).result()]
            early = asyncio.run_coroutine_threadsafe(price(5), loop)
            time.sleep(1)                   # meanwhile
            answers += [time.monotonic(), early.result(), time.monotonic()]
            late = asyncio.run_coroutine_threadsafe(price(5), loop)
            with pytest.raises(concurrent.futures.TimeoutError):
                late.result(timeout=1)
            answers += [time.monotonic(), late.exception(), time.monotonic(), late.result()]
            with pytest.raises(LookupError):
                asyncio.run_coroutine_threadsafe(fail(), loop).result()
            return answers

        return await asyncio.to_thread(work)

    expected = [(2, 2), 3, (5, 7), 7, 8, None, 12, (5, 12)]
    assert all(run(main()) == expected for _ in range(20))


def test_a_thread_that_calls_into_the_loop():
    async def main():
        loop, events = asyncio.get_running_loop(), []

        def work():
            for step in range(3):
                time.sleep(1)
                loop.call_soon_threadsafe(events.append, (step, time.monotonic()))

        await asyncio.to_thread(work)
        return events

    assert run(main()) == [(0, 1), (1, 2), (2, 3)]


def test_a_thread_that_calls_into_the_loop_runs_on_until_it_rests():
    async def main():
        loop, events = asyncio.get_running_loop(), []

        def work():
            loop.call_soon_threadsafe(events.append, "loop")
            sum(range(10_000))              # some work, during which the loop might run, if it did not wait
            events.append("thread")
            time.sleep(1)
            events.append("thread again")

        await asyncio.to_thread(work)
        return events

    assert all(run(main()) == ["thread", "loop", "thread again"] for _ in range(20))


def test_a_thread_may_wait_for_a_call_into_the_loop_by_an_event_of_threading():
    async def main():
        loop, done = asyncio.get_running_loop(), threading.Event()

        def work():
            time.sleep(1)
            loop.call_soon_threadsafe(done.set)
            return done.wait(PATIENCE), time.monotonic()

        return await asyncio.to_thread(work), now()

    assert run(main()) == ((True, 1), 1)


def test_a_thread_cannot_wait_for_virtual_time_by_an_event_of_threading(monkeypatch):
    monkeypatch.setattr(virtual_threads, "PATIENCE", 0.1)
    done = threading.Event()

    async def main():
        loop = asyncio.get_running_loop()

        def work():
            loop.call_soon_threadsafe(loop.call_later, 5, done.set)
            done.wait(PATIENCE)

        await asyncio.to_thread(work)

    try:
        with pytest.raises(StuckThread, match=r"at line \d+ in work"):
            run(main())
    finally:
        done.set()


def test_a_thread_that_hangs_is_reported_with_its_line(monkeypatch):
    monkeypatch.setattr(virtual_threads, "PATIENCE", 0.1)
    stop = threading.Event()

    def work():
        stop.wait(PATIENCE)                 # the line to be named

    async def main():
        await asyncio.to_thread(work)

    try:
        with pytest.raises(StuckThread, match=r"busy for 0\.1 s of real time, at line \d+ in work"):
            run(main())
    finally:
        stop.set()


def test_a_thread_that_is_left_asleep_is_waited_for_as_asyncio_does():
    ended = []

    def work():
        time.sleep(1_000_000)
        ended.append(time.monotonic())

    async def main():
        asyncio.create_task(asyncio.to_thread(work))
        await asyncio.sleep(1)

    run(main())
    assert ended == [1_000_000]


def test_a_thread_that_is_left_asleep_by_an_error_ends_with_the_loop():
    async def main():
        asyncio.create_task(asyncio.to_thread(time.sleep, 1000))
        await asyncio.sleep(1)
        while True:
            await asyncio.sleep(0)

    loop = VirtualTimeLoop(limit=1000)
    with pytest.raises(Endless):
        loop.run_until_complete(main())
    close(loop)                             # the rest is in nothing_is_left_behind


def test_a_thread_that_the_loop_did_not_start_is_refused():
    caught = []

    def stranger(loop):
        try:
            loop.call_soon_threadsafe(print)
        except NotSimulated as error:
            caught.append(str(error))

    async def main():
        thread = threading.Thread(target=stranger, args=(asyncio.get_running_loop(),))
        thread.start()
        thread.join()

    run(main())
    assert "asyncio.to_thread" in caught[0]


def test_to_wait_for_a_strangers_future_is_a_deadlock_and_no_hang():
    stop = threading.Event()

    async def main():
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                await asyncio.wrap_future(pool.submit(stop.wait, PATIENCE))
            finally:
                stop.set()

    with pytest.raises(Deadlock, match="main waits"):
        run(main())


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
    assert f"north waits (lock) at line {line} in transfer" in text
    assert f"south waits (lock) at line {line} in transfer" in text
    assert "main waits (task group) at line" in text


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


def test_a_deadlock_through_a_thread():
    async def main():
        loop = asyncio.get_running_loop()

        def work():
            return asyncio.run_coroutine_threadsafe(asyncio.Event().wait(), loop).result()

        await asyncio.to_thread(work)

    with pytest.raises(Deadlock):
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


# -- what cannot be simulated -------------------------------------------------------------------------

def on_the_loop(method, *args, **kwargs):
    async def main():
        result = getattr(asyncio.get_running_loop(), method)(*args, **kwargs)
        if asyncio.iscoroutine(result):
            await result

    return main


CANNOT = {
    "open_connection": lambda: asyncio.open_connection("127.0.0.1", 9),
    "start_server": lambda: asyncio.start_server(print, "127.0.0.1", 0),
    "getaddrinfo": on_the_loop("getaddrinfo", "localhost", 80),
    "sock_recv": on_the_loop("sock_recv", None, 10),
    "sock_connect": on_the_loop("sock_connect", None, ("127.0.0.1", 9)),
    "datagram": on_the_loop("create_datagram_endpoint", asyncio.DatagramProtocol, ("127.0.0.1", 0)),
    "add_reader": on_the_loop("add_reader", 0, print),
    "add_writer": on_the_loop("add_writer", 0, print),
    "read pipe": on_the_loop("connect_read_pipe", asyncio.Protocol, None),
    "write pipe": on_the_loop("connect_write_pipe", asyncio.Protocol, None),
    "subprocess": lambda: asyncio.create_subprocess_exec(sys.executable, "-c", "pass"),
    "shell": lambda: asyncio.create_subprocess_shell("echo"),
    "signal": on_the_loop("add_signal_handler", signal.SIGINT, print),
    "process pool": on_the_loop("run_in_executor", concurrent.futures.ProcessPoolExecutor.__new__(
        concurrent.futures.ProcessPoolExecutor), print),
}


@pytest.mark.parametrize("what", CANNOT)
def test_what_lives_in_real_time_is_refused_and_the_error_says_what_to_write(what):
    async def main():
        await CANNOT[what]()

    with pytest.raises(NotSimulated, match="cannot be simulated: use .* or record"):
        run(main())


def test_a_real_socket_is_refused_before_it_is_used():
    async def main():
        with socket.socket() as sock:
            await asyncio.get_running_loop().sock_accept(sock)

    with pytest.raises(NotSimulated, match="sockets"):
        run(main())


def test_blocking_programs_still_run_and_take_no_virtual_time():
    async def main():
        done = subprocess.run([sys.executable, "-c", "print('tea')"], capture_output=True, text=True, timeout=PATIENCE)
        return done.stdout.strip(), now()

    assert run(main()) == ("tea", 0)


def test_a_queue_between_threads_keeps_its_own_real_timeouts():
    async def main():
        with pytest.raises(queue.Empty):
            queue.Queue().get(timeout=0.001)
        return now()

    assert run(main()) == 0


# -- the same programs on a real loop ---------------------------------------------------------------

# A program is some tasks, each a list of operations. Every sleep ends at an instant of its own, a whole number of
# steps after the start, so that on the real loop too the order of events does not depend on who is a little late.
STEP = 0.02
OPERATIONS = st.sampled_from(["sleep", "lock", "put", "get", "timeout", "spawn", "cancel", "turn", "gather", "set", "wait"])
PROGRAMS = st.lists(st.lists(OPERATIONS, max_size=4), min_size=1, max_size=4)


def program(tasks):
    """A coroutine function that does this, and returns the events in their order."""
    async def main():
        log, loop = [], asyncio.get_running_loop()
        start, instants = loop.time(), iter(range(1, 1000))
        lock, items, event = asyncio.Lock(), asyncio.Queue(), asyncio.Event()
        started = []

        async def until_next():
            await asyncio.sleep(start + next(instants) * STEP - loop.time())

        async def do(name, operations):
            for number, operation in enumerate(operations):
                where = f"{name}.{number} {operation}"
                log.append(where)
                try:
                    if operation == "sleep":
                        await until_next()
                    elif operation == "lock":
                        async with lock:
                            log.append(f"{where} inside")
                            await until_next()
                    elif operation == "put":
                        await items.put(name)
                    elif operation == "get":
                        async with asyncio.timeout_at(start + next(instants) * STEP):
                            log.append(f"{where} got {await items.get()}")
                    elif operation == "timeout":
                        async with asyncio.timeout_at(start + next(instants) * STEP):
                            await asyncio.Event().wait()
                    elif operation == "spawn":
                        started.append(asyncio.create_task(do(f"{where} child", ["sleep", "put"])))
                    elif operation == "cancel" and started:
                        started.pop().cancel()
                    elif operation == "turn":
                        await asyncio.sleep(0)
                    elif operation == "gather":
                        await asyncio.gather(until_next(), until_next())
                    elif operation == "set":
                        event.set()
                    elif operation == "wait":
                        async with asyncio.timeout_at(start + next(instants) * STEP):
                            await event.wait()
                except TimeoutError:
                    log.append(f"{where} timed out")
                except asyncio.CancelledError:
                    log.append(f"{where} cancelled")
                    raise
                log.append(f"{where} done")

        tasks_ = [asyncio.create_task(do(str(number), operations)) for number, operations in enumerate(tasks)]
        started.extend(tasks_[1:])
        await asyncio.wait(tasks_)
        await asyncio.gather(*started, return_exceptions=True)
        return log

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


@given(PROGRAMS)
@settings(max_examples=50, deadline=None)
def test_every_run_is_the_same(tasks):
    assert run(program(tasks)()) == run(program(tasks)())
