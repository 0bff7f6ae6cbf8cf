"""Libraries that live in real time are refused by name in virtual time, and leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import threading
import warnings

import aiohttp
import aiosqlite
import anyio
import anyio.to_thread
import httpx
import pytest
import uvicorn
import websockets
from aiohttp import web

from helpers import NotSimulated, simulate


@pytest.fixture(autouse=True)
def nothing_is_left_behind(capfd):
    """No thread, no socket, no word on stderr."""
    threads = set(threading.enumerate())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert not [each for each in caught if issubclass(each.category, ResourceWarning)]
    for thread in set(threading.enumerate()) - threads:         # one that is ending may take a moment for it
        thread.join(10)
    assert set(threading.enumerate()) <= threads
    assert capfd.readouterr().err == ""


def refused(coro, *words):
    run = simulate(coro)
    assert run.error.startswith("NotSimulated: "), run.error
    assert isinstance(run.exception, NotSimulated)
    for word in (*words, "record(...) instead of simulate(...)"):
        assert word in run.error
    return run


def line(function, offset):
    return f"line {function.__code__.co_firstlineno + offset} in {function.__name__}"


# -- the network ------------------------------------------------------------------------------------------

async def aiohttp_client():
    async with aiohttp.ClientSession() as session:
        async with session.get("http://127.0.0.1:9/") as response:
            return response.status


async def aiohttp_server():
    runner = web.AppRunner(web.Application())
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    finally:
        await runner.cleanup()


async def httpx_client():
    async with httpx.AsyncClient() as client:
        await client.get("http://127.0.0.1:9/")


async def uvicorn_server():
    async def app(scope, receive, send):
        pass

    await uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off")).serve()


async def websockets_client():
    async with websockets.connect("ws://127.0.0.1:9/"):
        pass


async def websockets_server():
    async with websockets.serve(lambda connection: None, "127.0.0.1", 0):
        await asyncio.sleep(1)


async def anyio_client():
    async with await anyio.connect_tcp("127.0.0.1", 9):
        pass


LINES = {aiohttp_client: 2, aiohttp_server: 4, httpx_client: 2, uvicorn_server: 4, websockets_client: 1,
         websockets_server: 1, anyio_client: 1}


@pytest.mark.parametrize("program", LINES, ids=lambda program: program.__name__)
def test_the_network_is_refused_with_the_learners_line(program):
    refused(program(), "sockets live in real time", "use a Shop", line(program, LINES[program]))


@pytest.mark.parametrize("program", LINES, ids=lambda program: program.__name__)
def test_a_program_that_swallows_the_error_is_refused_all_the_same(program):
    async def main():
        with contextlib.suppress(Exception):
            await program()
        await asyncio.sleep(1)
        return "as if nothing had happened"

    refused(main(), "sockets live in real time")


def test_a_session_that_was_opened_in_an_earlier_cell():
    async def cells():
        app = web.Application()
        app.router.add_get("/", hello)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as session:
            async def get():
                async with session.get(f"http://127.0.0.1:{port}/") as response:
                    return response.status

            async def swallow():
                with contextlib.suppress(Exception):
                    await get()
                await asyncio.sleep(1)

            before = await get()
            refused(get(), "belongs to another event loop", line(get, 1))
            refused(swallow(), "belongs to another event loop")
            after = await get()
        await runner.cleanup()
        return before, after

    async def hello(request):
        return web.Response(text="hello")

    assert asyncio.run(cells()) == (200, 200)


# -- databases and threads --------------------------------------------------------------------------------

def test_a_database_of_aiosqlite():
    async def main():
        async with aiosqlite.connect(":memory:") as database:
            await database.execute("SELECT 1")

    refused(main(), "a database works in real time", "use sqlite3 with asyncio.to_thread", line(main, 1))


def test_a_database_of_aiosqlite_that_was_opened_in_an_earlier_cell():
    async def cells():
        async with aiosqlite.connect(":memory:") as database:
            async def main():
                async with database.execute("SELECT 1") as cursor:
                    return await cursor.fetchall()

            before = await main()
            refused(main(), "a database works in real time", "use sqlite3 with asyncio.to_thread", line(main, 1))
            return before, await main()

    assert asyncio.run(cells()) == ([(1,)], [(1,)])


def test_threads_of_anyio():
    async def main():
        await anyio.to_thread.run_sync(abs, -3)

    refused(main(), "anyio works in threads of its own", "asyncio.to_thread", line(main, 1))


# -- what is simulated ------------------------------------------------------------------------------------

def test_task_groups_and_timeouts_of_anyio():
    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 1)
        with anyio.move_on_after(2) as scope:
            await anyio.sleep(5)
        return asyncio.get_running_loop().time(), scope.cancelled_caught

    assert simulate(main()).result == (3, True)


def test_a_group_of_anyio_cancels_in_the_same_order_in_every_run():
    async def main():
        ended = []

        async def stay(number):
            try:
                await anyio.sleep(10)
            finally:
                ended.append(number)

        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(stay, number)
            await anyio.sleep(1)
            group.cancel_scope.cancel()
        return ended

    for _ in range(10):
        assert simulate(main()).result == list(range(8))


logging.getLogger("websockets").setLevel(logging.CRITICAL)
