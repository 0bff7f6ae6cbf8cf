"""Worker threads that wait for conditions of `threading`: events, queues, barriers, semaphores."""

from __future__ import annotations

import asyncio
import queue
import threading
import time

import pytest

from helpers import Deadlock, VirtualTimeLoop, simulate

from .programs import PATIENCE, close, now, run

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


async def an_event_that_a_task_sets():
    event = threading.Event()
    asyncio.get_running_loop().call_later(2, event.set)
    return await asyncio.to_thread(event.wait, 5), now()


async def an_event_that_is_set_too_late():
    event = threading.Event()
    asyncio.get_running_loop().call_later(2, event.set)
    woken = await asyncio.to_thread(event.wait, 0.3)
    return woken, now()


async def a_watchdog():
    stop, looks = threading.Event(), []

    def watch():
        while not stop.wait(timeout=1):
            looks.append(time.monotonic())

    watching = asyncio.create_task(asyncio.to_thread(watch))
    await asyncio.sleep(3.5)
    stop.set()
    await watching
    return looks, now()


async def a_queue_between_threads_and_loop():
    things: queue.Queue = queue.Queue(maxsize=2)
    done = []

    def work():
        while (thing := things.get()) is not None:
            time.sleep(1)
            done.append((thing, time.monotonic()))
            things.task_done()

    workers = [asyncio.create_task(asyncio.to_thread(work)) for _ in range(2)]
    for thing in range(4):
        await asyncio.to_thread(things.put, thing)
    await asyncio.to_thread(things.join)
    for _ in workers:
        things.put(None)
    await asyncio.gather(*workers)
    return done, now()


async def a_queue_with_a_timeout():
    things: queue.Queue = queue.Queue()
    asyncio.get_running_loop().call_later(0.5, things.put, "late")

    def get():
        try:
            return things.get(timeout=0.3)
        except queue.Empty:
            return time.monotonic()

    return await asyncio.to_thread(get), await asyncio.to_thread(get), now()


async def a_barrier():
    barrier = threading.Barrier(3)

    def arrive(seconds):
        time.sleep(seconds)
        return barrier.wait(), time.monotonic()

    return await asyncio.gather(*(asyncio.to_thread(arrive, seconds) for seconds in (1, 2, 3)))


async def a_barrier_that_breaks():
    barrier = threading.Barrier(2)

    def arrive():
        try:
            barrier.wait(timeout=2)
        except threading.BrokenBarrierError:
            return "broken", time.monotonic()

    return await asyncio.to_thread(arrive)


async def a_semaphore():
    semaphore = threading.Semaphore(2)

    def work():
        with semaphore:
            time.sleep(1)
        return time.monotonic()

    return await asyncio.gather(*(asyncio.to_thread(work) for _ in range(5)))


async def a_condition():
    condition, things = threading.Condition(), []

    def take():
        with condition:
            condition.wait_for(lambda: things)
            return things.pop(), time.monotonic()

    def give():
        time.sleep(1)
        with condition:
            things.append("tea")
            condition.notify()

    return await asyncio.gather(asyncio.to_thread(take), asyncio.to_thread(give))


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
@pytest.mark.parametrize(("program", "wanted"), [
    (an_event_that_a_task_sets, (True, 2)),
    (an_event_that_is_set_too_late, (False, 0.3)),
    (a_watchdog, ([1, 2, 3], 3.5)),
    (a_queue_between_threads_and_loop, ([(0, 1), (1, 1), (2, 2), (3, 2)], 2)),
    (a_queue_with_a_timeout, (0.3, "late", 0.5)),
    (a_barrier, [(0, 3), (1, 3), (2, 3)]),
    (a_barrier_that_breaks, ("broken", 2)),
    (a_semaphore, [1, 1, 2, 2, 3]),
    (a_condition, [("tea", 1), None]),
], ids=lambda value: getattr(value, "__name__", ""))
def test_a_thread_waits_in_virtual_time(program, wanted, debug):
    async def main():
        asyncio.get_running_loop().set_debug(debug)
        result = await program()
        return sorted(result) if program is a_barrier else result

    assert run(main()) == wanted


def test_a_thread_that_waits_for_ever_is_a_deadlock_with_its_line():
    def work():
        threading.Event().wait()

    async def main():
        await asyncio.to_thread(work)

    recording = simulate(main())
    with pytest.raises(Deadlock, match=r"(?s)main waits for a call in a thread at line .*"
                                       r"the thread asyncio_0 waits at line \d+ in work"):
        _ = recording.result


def test_a_thread_that_waits_ends_with_its_loop():
    async def main():
        asyncio.create_task(asyncio.to_thread(threading.Event().wait))
        await asyncio.Event().wait()

    loop = VirtualTimeLoop()
    with pytest.raises(Deadlock):
        loop.run_until_complete(main())
    close(loop)                             # the rest is in nothing_is_left_behind


def test_while_there_are_other_threads_a_wait_is_real_and_takes_as_long():
    """Who keeps an end of its own in mind, as a queue does, must find that time has passed."""
    stop = threading.Event()

    async def main():
        threading.Thread(target=lambda: stop.wait(PATIENCE)).start()
        things: queue.Queue = queue.Queue()

        def get():
            try:
                return things.get(timeout=0.02)
            except queue.Empty:
                return time.monotonic()

        try:
            return await asyncio.to_thread(get)
        finally:
            stop.set()

    assert simulate(main()).result == 0.02


def test_another_thread_wakes_a_worker_that_waits():
    async def main():
        event = threading.Event()
        threading.Thread(target=lambda: (time.sleep(0.02), event.set())).start()
        return await asyncio.to_thread(event.wait, PATIENCE), now()

    assert simulate(main()).result == (True, 0)


def test_a_worker_may_start_a_thread_and_wait_for_it():
    async def main():
        def work():
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()
            return thread.is_alive()

        return await asyncio.to_thread(work)

    assert simulate(main()).result is False


def test_to_wait_without_the_lock_is_the_same_error():
    async def main():
        await asyncio.to_thread(threading.Condition().wait)

    with pytest.raises(RuntimeError, match="cannot wait on un-acquired lock"):
        run(main())
