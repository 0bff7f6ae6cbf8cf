"""The time module in virtual time: who is asked, what it says, and that everything is put back."""

from __future__ import annotations

import asyncio
import math
import os
import queue
import subprocess
import sys
import threading
import time
import types
from time import monotonic
from time import sleep as nap

import pytest

from helpers.virtual.time_module import EPOCH

from .programs import PATIENCE, REAL, identities, now, run

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


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
        return now(), monotonic(), learners.clock(), library.monotonic()

    assert run(main()) == (7, 7, 7, 7)
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


@pytest.mark.parametrize(("seconds", "error"), [
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


@pytest.mark.skipif(sys.version_info < (3, 15), reason="lazy imports are new in 3.15")
@pytest.mark.parametrize("used", ["before the run", "in the run"])
def test_a_name_that_is_imported_lazily(used, monkeypatch):
    learners = types.ModuleType("some_module_of_the_learner")
    learners.__file__ = os.path.abspath("some_module_of_the_learner.py")
    exec("lazy from time import sleep as pause", vars(learners))
    monkeypatch.setitem(sys.modules, learners.__name__, learners)
    if used == "before the run":
        learners.pause(0)

    async def main():
        learners.pause(2)
        return now()

    assert run(main()) == 2
    assert run(main()) == 2
