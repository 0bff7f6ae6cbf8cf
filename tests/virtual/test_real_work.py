"""Work that takes real time in a run in virtual time is remarked on: how long, by whom, at which line."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import subprocess
import sys
import threading
import time

import pytest

from helpers import Recording, VirtualTimeLoop, simulate
from helpers.recording import Remark
from helpers.virtual import real_work
from helpers.virtual.real_work import (
    LIMIT,
    Look,
    RealWork,
    Turn,
    Used,
    Work,
    _was_all_one,
    _was_kept_out,
    stolen,
    worked,
)

LONG = 1.8 * LIMIT          # seconds of work that must be told
SHORT = LIMIT / 10          # seconds of work that must not


def compute(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass                                # the line to be named


def work_in(run: Recording) -> tuple[Remark, ...]:
    """The remarks on real work; that `compute` reads the CPU time is remarked on as well."""
    return tuple(remark for remark in run.remarks if remark.kind == "real work")


def line(function, offset: int) -> int:
    return function.__code__.co_firstlineno + offset


def test_computing_is_told_with_its_line_and_the_task_and_since_when():
    async def worker():
        await asyncio.sleep(0.05)
        compute(LONG)

    async def main():
        await asyncio.gather(asyncio.sleep(0.1), worker())

    run = simulate(main())
    (remark,) = work_in(run)
    assert remark.kind == "real work" and remark.start == 0.05 and remark.words == ""
    assert run.task(remark.task).coroutine == "worker"
    assert (remark.place.function, remark.place.file) == ("compute", __file__)
    assert remark.seconds > LIMIT
    assert run.elapsed == 0.1


BLOCKING = {
    "a process": lambda: subprocess.run([sys.executable, "-c", f"import time; time.sleep({LONG})"]),
    "a wait of the system": lambda: select.select([], [], [], LONG),
}


@pytest.mark.skipif(sys.platform == "win32", reason="select() without sockets")
@pytest.mark.parametrize("what", BLOCKING)
def test_a_call_that_blocks_is_told(what):
    async def main():
        BLOCKING[what]()

    (remark,) = work_in(simulate(main()))
    assert remark.place is not None and remark.task == 0 and remark.seconds > LIMIT


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others do not say who waited for the processor")
def test_one_long_call_of_a_function_in_c_is_told():
    async def main():
        sum(range(10**8))

    (remark,) = work_in(simulate(main()))
    assert remark.place.line == line(main, 1) and remark.task == 0


def test_a_callback_is_told_too_and_is_no_tasks():
    async def main():
        asyncio.get_running_loop().call_later(1, compute, LONG)
        await asyncio.sleep(2)

    (remark,) = work_in(simulate(main()))
    assert remark.start == 1 and remark.task is None and remark.place.function == "compute"


def test_a_worker_thread_is_told_too():
    async def main():
        await asyncio.sleep(1)
        await asyncio.to_thread(compute, LONG)

    (remark,) = work_in(simulate(main()))
    assert remark.start == 1 and remark.task == 0 and remark.words == "it was in a worker thread"


# -- timeouts around it -----------------------------------------------------------------------------------

async def plain():
    async with asyncio.timeout(0.1):
        compute(LONG)


async def waited_for():
    async with asyncio.timeout(0.1):
        await asyncio.create_task(asyncio.to_thread(int))
        await asyncio.create_task(busy())


async def gathered():
    async with asyncio.timeout(0.1):
        await asyncio.gather(busy(), busy(0))


async def in_a_group():
    async with asyncio.timeout(0.1):
        async with asyncio.TaskGroup() as group:
            group.create_task(busy())


async def busy(seconds: float = LONG):
    compute(seconds)


@pytest.mark.parametrize("program", [plain, waited_for, gathered, in_a_group], ids=lambda program: program.__name__)
def test_a_timeout_around_it_that_did_not_fire_is_told(program):
    (remark,) = work_in(simulate(program()))
    assert remark.words == "the timeout of 0.1 s around it did not fire"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="wait_for has a timer of its own before 3.12")
def test_wait_for_is_such_a_timeout():
    async def main():
        await asyncio.wait_for(busy(), 0.1)

    (remark,) = work_in(simulate(main()))
    assert remark.words == "the timeout of 0.1 s around it did not fire"


def test_a_timeout_whose_length_is_not_known_is_told_with_its_time():
    async def main():
        await asyncio.sleep(1)
        async with asyncio.timeout(0.1):
            compute(LONG)

    (remark,) = work_in(simulate(main()))
    assert remark.words == "the timeout around it, due at 1.1 s, did not fire"


async def fires():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            compute(LONG)
            await asyncio.sleep(1)


async def is_long_enough():
    async with asyncio.timeout(1000):
        compute(LONG)


async def is_around_another_task():
    async def other():
        async with asyncio.timeout(0.1):
            await asyncio.sleep(0.05)

    await asyncio.gather(other(), busy())


@pytest.mark.parametrize("program", [fires, is_long_enough, is_around_another_task],
                         ids=lambda program: program.__name__)
def test_no_word_of_a_timeout_that(program):
    (remark,) = work_in(simulate(program()))
    assert remark.words == ""


# -- what is not told -------------------------------------------------------------------------------------

async def sleeps():
    time.sleep(100)
    await asyncio.sleep(100)


async def many_short_turns():
    for _ in range(20):
        compute(SHORT)
        await asyncio.sleep(0)


async def thread_that_sleeps():
    await asyncio.to_thread(time.sleep, 100)


async def nothing():
    pass


@pytest.mark.parametrize("program", [sleeps, many_short_turns, thread_that_sleeps, nothing],
                         ids=lambda program: program.__name__)
def test_no_remark_on_a_program_that(program):
    assert work_in(simulate(program())) == ()


def test_garbage_and_imports_are_not_the_programs_work(monkeypatch):
    looks = []
    count = real_work.RealWork._count

    def spy(self, work, before, look):
        seconds = work.seconds
        count(self, work, before, look)
        looks.append((look.importing or before.importing or look.collections != before.collections,
                      work.seconds - seconds))

    monkeypatch.setattr(real_work.RealWork, "_count", spy)

    async def main():
        end = time.process_time() + LONG
        while time.process_time() < end:
            gc.collect()

    gc.freeze()                             # so that there are many short collections, and not two long ones
    try:
        assert work_in(simulate(main())) == ()
    finally:
        gc.unfreeze()
    assert any(excused for excused, _ in looks)
    assert all(seconds == 0 for excused, seconds in looks if excused)


@pytest.mark.parametrize(("elapsed", "before", "after", "seconds"), [
    (1.0, Used(0, 0), Used(1, 0), 1.0),                     # it computed
    (1.0, Used(0, 0), Used(0, 0), 1.0),                     # it waited for something
    (1.0, Used(0, 0), Used(0.25, 0.75), 0.25),              # other programs had the processor
    (1.0, Used(0, None), Used(0.25, None), 0.25),           # nobody knows what it did in the rest
    (1.0, Used(0, None), Used(0, None), 1.0),               # it waited, all the time
    (1.0, None, None, 0.5),
])
def test_what_counts_as_work(elapsed, before, after, seconds):
    assert worked(elapsed, before, after) == pytest.approx(seconds)


def look(at: float, computed: float, stolen: tuple[int, ...], queued: float = 0.0) -> Look:
    """A look at the same turn of this thread, `at` seconds after the first."""
    used = Used(computed, queued)
    return Look(Turn("callback", 1, 1), 1, at, 0, threading.current_thread(), None, False, 0, used, Used(0, 0), stolen)


@pytest.mark.parametrize(("computed", "stolen", "told"), [
    (0.0, (0, 0), True),            # it waited
    (0.4, (0, 0), True),            # it computed
    (0.0, (0, 38), False),          # the machine stood still: the thread has not waited
    (0.4, (38, 0), False),          # and has not computed, whatever its clock says
    (0.4, (), True),                # a system that does not tell
])
def test_what_the_machine_below_took_is_not_real_work(computed, stolen, told):
    watching = RealWork(VirtualTimeLoop(), recorder=None)       # this look needs none
    try:
        first, second = look(0.0, 0.0, (0,) * len(stolen)), look(0.4, computed, stolen)
        assert _was_kept_out(first, second) == told
        assert _was_all_one(first, second) == (told and computed > 0)
        work = Work(first)
        watching._count(work, first, second)
        assert (work in watching.found) == told
    finally:
        watching.loop.close()


@pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="what is stolen is read from /proc/stat")
def test_stolen_time_is_read_of_each_processor():
    assert len(stolen()) >= 1 and all(ticks >= 0 for ticks in stolen())


def test_remarks_are_kept_and_do_not_count_in_equality():
    async def main(seconds):
        compute(seconds)

    busy_run, idle_run = simulate(main(LONG)), simulate(main(0))
    assert work_in(busy_run) and not work_in(idle_run)
    assert busy_run == idle_run
    assert Recording.from_json(busy_run.to_json()).remarks == busy_run.remarks


def test_a_run_is_watched_without_a_thread_if_there_is_none_to_be_had(monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(real_work.threading.Thread, "start", start)
    assert simulate(sleeps()).elapsed == 200
