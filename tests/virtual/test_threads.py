"""Worker threads that take part in virtual time."""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures
import gc
import sqlite3
import threading
import time
from time import sleep as nap

import pytest

from helpers import Deadlock, Endless, NotSimulated, VirtualTimeLoop, simulate
from helpers.virtual import threads as virtual_threads
from helpers.virtual.threads import StuckThread

from .programs import PATIENCE, close, now, run

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


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


@pytest.mark.slow
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


def test_a_pool_keeps_its_threads_from_job_to_job():
    own = threading.local()

    def work():
        own.count = getattr(own, "count", 0) + 1
        time.sleep(1)
        return own.count, threading.current_thread().name, threading.get_ident()

    async def main():
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="shop") as pool:
            return [await asyncio.gather(*(loop.run_in_executor(pool, work) for _ in range(2))) for _ in range(3)]

    first, second, third = run(main())
    assert [[each[:2] for each in round_] for round_ in (first, second, third)] == [
        [(number, "shop_0"), (number, "shop_1")] for number in (1, 2, 3)]
    assert len({ident for round_ in (first, second, third) for *_, ident in round_}) == 2


def test_a_connection_of_sqlite_stays_in_the_one_thread_of_its_pool():
    async def main():
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            connection = await loop.run_in_executor(pool, sqlite3.connect, ":memory:")
            try:
                cursor = await loop.run_in_executor(pool, connection.execute, "SELECT 1")
                await asyncio.sleep(1)
                return await loop.run_in_executor(pool, cursor.fetchall)
            finally:
                await loop.run_in_executor(pool, connection.close)

    assert run(main()) == [(1,)]
    assert simulate(main()).result == [(1,)]


def test_an_error_of_a_thread_that_nobody_fetched_is_told_at_once(caplog):
    def work():
        raise LookupError("no tea")

    async def main():
        asyncio.get_running_loop().run_in_executor(None, work)
        await asyncio.sleep(1)
        return caplog.text

    gc.disable()
    try:
        assert "Future exception was never retrieved" in run(main())
    finally:
        gc.enable()


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


def test_a_thread_cannot_wait_for_virtual_time_by_a_lock_of_threading(monkeypatch):
    monkeypatch.setattr(virtual_threads, "PATIENCE", 0.1)
    done = threading.Lock()
    done.acquire()

    async def main():
        loop = asyncio.get_running_loop()

        def work():
            loop.call_soon_threadsafe(loop.call_later, 5, done.release)
            done.acquire(timeout=PATIENCE)

        await asyncio.to_thread(work)

    try:
        with pytest.raises(StuckThread, match=r"at line \d+ in work"):
            run(main())
    finally:
        done.release()


def test_a_thread_that_hangs_is_reported_with_its_line(monkeypatch):
    monkeypatch.setattr(virtual_threads, "PATIENCE", 0.1)
    stop = threading.Lock()
    stop.acquire()

    def work():
        stop.acquire(timeout=PATIENCE)      # the line to be named

    async def main():
        await asyncio.to_thread(work)

    try:
        with pytest.raises(StuckThread, match=r"for 0\.1 s of real time, at line \d+ in work"):
            run(main())
    finally:
        stop.release()


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


def test_a_deadlock_through_a_thread():
    async def main():
        loop = asyncio.get_running_loop()

        def work():
            return asyncio.run_coroutine_threadsafe(asyncio.Event().wait(), loop).result()

        await asyncio.to_thread(work)

    with pytest.raises(Deadlock):
        run(main())


def test_to_wait_for_a_strangers_future_is_not_simulated_and_no_hang():
    stop = threading.Event()

    async def main():
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                await asyncio.wrap_future(pool.submit(stop.wait, PATIENCE))
            finally:
                stop.set()

    with pytest.raises(NotSimulated, match="a job of a ThreadPoolExecutor, started at line"):
        run(main())


# -- pools that are shut down -------------------------------------------------------------------------

def test_the_end_of_a_with_block_blocks_the_loop_until_the_pool_has_done_all():
    async def main():
        loop, done = asyncio.get_running_loop(), []

        def work(number):
            time.sleep(1)
            done.append(number)
            return number

        async def other():
            await asyncio.sleep(0.5)
            return now()

        waiting = asyncio.create_task(other())
        await asyncio.sleep(0)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = [loop.run_in_executor(pool, work, number) for number in range(3)]
        return list(done), now(), await asyncio.gather(*futures), now(), await waiting

    recording = simulate(main())
    assert recording.result == ([0, 1, 2], 2, [0, 1, 2], 2, 2)
    assert [(span.start, span.end) for span in recording.blocked] == [(0, 2)]


def test_a_pool_that_is_shut_down_without_waiting_goes_on_or_drops_what_has_not_begun():
    async def main(cancel):
        loop = asyncio.get_running_loop()
        pool = concurrent.futures.ThreadPoolExecutor(1)
        futures = [loop.run_in_executor(pool, time.sleep, 1) for _ in range(2)]
        await asyncio.sleep(0.5)
        pool.shutdown(wait=False, cancel_futures=cancel)
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            await loop.run_in_executor(pool, print)
        done = await asyncio.gather(*futures, return_exceptions=True)
        return [type(each) for each in done], now()

    assert run(main(False)) == ([type(None)] * 2, 2)
    assert run(main(True)) == ([type(None), asyncio.CancelledError], 1)


@pytest.mark.parametrize(("how", "ends"), [("without waiting", 2), ("on the loop", 7), ("in a thread", 7)])
def test_a_free_thread_has_taken_the_next_job_before_the_loop_hears_how_the_last_one_ended(how, ends):
    """As a rule, so it is in real time: when the first job fails, its thread begins the third before the shutdown."""
    async def main():
        loop = asyncio.get_running_loop()
        begun = []

        def work(number):
            begun.append(number)
            time.sleep(5 if number else 2)
            if not number:
                raise ConnectionError

        pool = concurrent.futures.ThreadPoolExecutor(2)
        jobs = [loop.run_in_executor(pool, work, number) for number in range(6)]
        with pytest.raises(ConnectionError):
            await asyncio.gather(*jobs)
        if how == "in a thread":
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        else:
            pool.shutdown(wait=how == "on the loop", cancel_futures=True)
        ended = loop.time()
        await asyncio.wait(jobs)
        return begun, [job.cancelled() for job in jobs], ended

    assert run(main()) == ([0, 1, 2], [False] * 3 + [True] * 3, ends)


def test_a_job_that_a_free_thread_has_taken_runs_even_if_nobody_waits_for_it_any_more():
    async def main():
        begun = []
        tasks = [asyncio.create_task(asyncio.to_thread(begun.append, number)) for number in range(2)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return begun, [task.cancelled() for task in tasks]

    async def afterwards():
        begun, cancelled = await main()
        await asyncio.sleep(1)
        return sorted(begun), cancelled

    assert run(afterwards()) == ([0, 1], [True, True])
    assert asyncio.run(main())[1] == [True, True]


def test_a_pool_that_is_shut_down_by_one_of_its_own_threads_waits_for_the_others_only():
    async def main():
        loop = asyncio.get_running_loop()
        pool = concurrent.futures.ThreadPoolExecutor(2)
        other = loop.run_in_executor(pool, time.sleep, 3)
        await loop.run_in_executor(pool, lambda: pool.shutdown(wait=False))
        first = now()
        await other
        return first, now()

    assert run(main()) == (0, 3)


def test_a_thread_cannot_wait_for_the_end_of_its_own_pool():
    async def main(seconds):
        loop = asyncio.get_running_loop()
        pool = concurrent.futures.ThreadPoolExecutor(2)
        other = loop.run_in_executor(pool, time.sleep, seconds)
        with pytest.raises(RuntimeError, match="cannot join current thread"):
            await loop.run_in_executor(pool, pool.shutdown)
        await other

    run(main(3))
    asyncio.run(main(0.05))


def test_a_pool_that_waits_for_the_loop_that_waits_for_it_is_stuck():
    async def main():
        loop = asyncio.get_running_loop()

        def work():
            asyncio.run_coroutine_threadsafe(asyncio.sleep(1), loop).result()

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            loop.run_in_executor(pool, work)

    assert "one of them waits for the loop" in simulate(main()).error


def test_a_pool_that_was_used_before_and_is_shut_down_in_the_run():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()

        async def main():
            pool.shutdown()
            return now()

        assert run(main()) == 0


def test_a_stop_does_not_wait_for_a_thread_that_is_at_work():
    go_on, at_work, ended = threading.Event(), [], []

    def work():
        at_work.append(threading.current_thread())
        _thread.interrupt_main()                # as the stop button does
        go_on.wait(PATIENCE)
        ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        simulate(asyncio.to_thread(work))
    assert ended == []
    go_on.set()
    at_work[0].join(PATIENCE)
    assert simulate.stopped.tasks[0].name == "to_thread"
    assert simulate(asyncio.to_thread(time.sleep, 1)).elapsed == 1
