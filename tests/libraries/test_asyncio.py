"""What asyncio itself brings: streams, processes, pools."""

import asyncio
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from tests.libraries.programs import SOON, check, every_wait, lanes, others, recorded, waits


async def echo(reader, writer):
    line = await reader.readline()
    await asyncio.sleep(SOON)
    writer.write(line)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def talk(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"tea\n")
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_streams():
    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await asyncio.gather(talk(port), talk(port))

    run = recorded(main)
    check(run)
    assert run.result == [b"tea\n"] * 2
    assert lanes(run) == ["main", "talk", "talk 2", "echo", "echo 2"]
    assert others(run) == {"asyncio"} and every_wait(run) <= {"gather", "socket", "sleep"}
    assert "socket" in waits(run, "talk") and "sleep" in waits(run, "echo 2")


def test_a_reader_that_is_slow():
    async def flood(reader, writer):
        writer.write(bytes(20_000_000))
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        await asyncio.sleep(SOON)
        while await reader.read(1_000_000):
            pass
        writer.close()
        server.close()

    run = recorded(main)
    assert lanes(run) == ["main", "flood"] and waits(run, "flood") == {"socket"}


def test_sockets():
    import socket

    async def serve(listener):
        loop = asyncio.get_running_loop()
        connection, _ = await loop.sock_accept(listener)
        with connection:
            await loop.sock_sendall(connection, await loop.sock_recv(connection, 10))

    async def main():
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as mine:
            listener.setblocking(False)
            mine.setblocking(False)
            task = asyncio.create_task(serve(listener))
            await asyncio.sleep(SOON)
            await loop.sock_connect(mine, listener.getsockname())
            await loop.sock_sendall(mine, b"tea")
            answer = await loop.sock_recv(mine, 10)
            await task
            return answer

    run = recorded(main)
    assert run.result == b"tea" and lanes(run) == ["main", "serve"] and waits(run, "serve") == {"socket"}
    assert others(run) == set()


SLEEPS = "import time; time.sleep(0.05); print(input())"


def test_a_process():
    async def child():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SLEEPS, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        answer, _ = await process.communicate(b"tea\n")
        return answer.strip()

    async def lines():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SLEEPS, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        process.stdin.write(b"tea\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        await process.wait()
        return line.strip()

    async def main():
        return await asyncio.gather(child(), lines())

    run = recorded(main)
    check(run)
    assert run.result == [b"tea", b"tea"]
    assert lanes(run) == ["main", "child", "lines"] and others(run) == {"asyncio"}
    assert waits(run, "child") == {"subprocess"} and "pipe" in waits(run, "lines")
    assert waits(run, "lines") == {"subprocess", "pipe"}


def test_a_pool_of_threads():
    class Pool(ThreadPoolExecutor):
        pass

    async def main():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool, Pool(1) as own:
            await asyncio.gather(asyncio.create_task(asyncio.to_thread(time.sleep, SOON)), job(loop, pool),
                                 job(loop, own))

    async def job(loop, pool):
        await loop.run_in_executor(pool, time.sleep, SOON)

    run = recorded(main)
    check(run)
    assert lanes(run) == ["main", "to_thread", "job", "job 2"]
    assert waits(run, "to_thread") == waits(run, "job") == waits(run, "job 2") == {"thread"}


@pytest.mark.slow
def test_a_pool_of_processes():
    async def main():
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(1) as pool:
            await asyncio.gather(job(loop, pool), asyncio.create_task(wrapped(pool)))

    async def job(loop, pool):
        await loop.run_in_executor(pool, time.sleep, SOON)

    async def wrapped(pool):
        await asyncio.wrap_future(pool.submit(time.sleep, SOON))

    run = recorded(main)
    check(run)
    assert waits(run, "job") == {"process"}
    assert waits(run, "wrapped") == {"worker"}, "of a job that the pool got without the loop nobody can tell"


def test_an_executor_of_the_programs_own():
    class Later(Executor):
        def submit(self, function, /, *args):
            future = Future()
            loop.call_later(SOON, lambda: future.set_result(function(*args)))
            return future

    async def main():
        nonlocal loop
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(Later(), sum, [1, 2])

    loop = None
    run = recorded(main)
    assert run.result == 3 and waits(run, "main") == {"worker"}


def test_an_object_with_await():
    class Ticket:
        def __init__(self):
            self.future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(SOON, self.future.set_result, "tea")

        def __await__(self):
            return (yield from self.future)

    async def main():
        return await Ticket(), await asyncio.gather(Ticket())

    run = recorded(main)
    check(run)
    assert run.result == ("tea", ["tea"]) and lanes(run) == ["main", "Ticket"]
    assert every_wait(run) == {"Ticket", "gather"}
