"""anyio: task groups, locks, threads, streams, processes."""

import functools
import sys
import time

import anyio
import pytest
from anyio import to_process

from helpers.virtual.run import simulate
from tests.libraries.programs import SOON, check, every_wait, lanes, others, recorded, waits

BOTH = pytest.mark.parametrize("run_", [recorded, lambda main: simulate(main())], ids=["record", "simulate"])


async def price(seconds=SOON):
    await anyio.sleep(seconds)


async def at_once():
    pass


class Shop:
    async def price(self):
        await anyio.sleep(SOON)


@BOTH
def test_a_task_group(run_):
    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(price)
            group.start_soon(price, 0.001)
            group.start_soon(at_once)
            group.start_soon(price, name="north")
            group.start_soon(Shop().price)
            group.start_soon(functools.partial(price, 0.001))
            group.start_soon(anyio.sleep, SOON)

    run = run_(main)
    check(run)
    assert lanes(run) == ["main", "price", "price 2", "at_once", "north", "Shop.price", "price 3", "sleep"]
    assert others(run) == set() and "task group" in waits(run, "main")
    assert all(task.parent == 0 for task in run.tasks[1:])
    first = next(span for span in run.tasks[0].spans if span.wait == "task group")
    assert first.on == tuple(range(1, 8)) and first.place.function == "main"


@BOTH
def test_a_task_that_says_when_it_has_started(run_):
    async def serve(*, task_status):
        await anyio.sleep(SOON)
        task_status.started("tea")

    async def main():
        async with anyio.create_task_group() as group:
            return await group.start(serve)

    run = run_(main)
    check(run)
    assert run.result == "tea" and lanes(run) == ["main", "serve"] and "task" in waits(run, "main")


@BOTH
def test_what_tasks_share(run_):
    async def worker(lock, semaphore, event, condition):
        async with lock:
            await anyio.sleep(0.001)
        async with semaphore:
            await anyio.sleep(0.001)
        async with condition:
            await condition.wait()
        await event.wait()

    async def main():
        lock, semaphore, event, condition = anyio.Lock(), anyio.Semaphore(1), anyio.Event(), anyio.Condition()
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(worker, lock, semaphore, event, condition)
            while condition.statistics().tasks_waiting < 2:
                await anyio.sleep(0.001)
            async with condition:
                condition.notify_all()
            while event.statistics().tasks_waiting < 2:
                await anyio.sleep(0.001)
            event.set()

    run = run_(main)
    check(run)
    assert lanes(run) == ["main", "worker", "worker 2"]
    assert waits(run, "worker 2") >= {"lock", "sleep", "condition", "event"}
    assert every_wait(run) <= {"lock", "sleep", "semaphore", "condition", "event", "task group"}


@BOTH
def test_a_stream_of_objects(run_):
    async def producer(stream):
        async with stream:
            for number in range(3):
                await stream.send(number)

    async def consumer(stream):
        async with stream:
            async for _ in stream:
                await anyio.sleep(0.001)

    async def main():
        send, receive = anyio.create_memory_object_stream(0)
        async with anyio.create_task_group() as group:
            group.start_soon(consumer, receive)
            group.start_soon(producer, send)

    run = run_(main)
    check(run)
    assert "queue put" in waits(run, "producer") and "queue get" in waits(run, "consumer")


def test_threads_and_their_limit():
    async def main():
        limiter = anyio.CapacityLimiter(1)
        async with anyio.create_task_group() as group:
            for name in ("first", "second"):
                group.start_soon(functools.partial(anyio.to_thread.run_sync, limiter=limiter), time.sleep, SOON,
                                 name=name)

    run = recorded(main)
    check(run)
    assert lanes(run) == ["main", "first", "second"]
    assert waits(run, "first") == {"thread"} and waits(run, "second") == {"semaphore", "thread"}


def test_sockets():
    async def echo(stream):
        async with stream:
            await stream.send(await stream.receive())

    async def main():
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with listener, anyio.create_task_group() as group:
            group.start_soon(listener.serve, echo, name="serve")
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await anyio.sleep(SOON)
                await stream.send(b"tea")
                answer = await stream.receive()
            group.cancel_scope.cancel()
            return answer

    run = recorded(main)
    check(run)
    assert run.result == b"tea" and lanes(run) == ["main", "serve", "echo"]
    assert "socket" in waits(run, "echo") and "socket" in waits(run, "serve")
    assert "socket" in waits(run, "main") and others(run) <= {"anyio"}


def test_a_process():
    async def main():
        await anyio.run_process([sys.executable, "-c", "print('tea')"])

    run = recorded(main)
    check(run)
    assert lanes(run) == ["main"] and waits(run, "main") == {"subprocess"}


@pytest.mark.slow
def test_a_pool_of_processes():
    async def main():
        return await to_process.run_sync(sum, [1, 2, 3])

    run = recorded(main)
    assert run.result == 6 and lanes(run) == ["main"] and "process" in waits(run, "main")
