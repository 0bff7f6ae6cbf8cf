"""What a recording shows of programs with real libraries, and what it costs to record requests to a real server.

All of it on loopback. The libraries are in the group `test`, which `make bench` installs.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from helpers import record
from helpers.recording import Recording
from helpers.wait_kinds import WAIT

from .measure import compare, rounds, table
from .recorder import watched

SECONDS = 0.05              # that a handler takes
REQUESTS = 100
ROUNDS = 9


# -- a program for each library ---------------------------------------------------------------------

async def price(*request: Any) -> Any:
    """A handler, for aiohttp."""
    from aiohttp import web

    await asyncio.sleep(SECONDS)
    return web.Response(text="320")


@contextlib.asynccontextmanager
async def shop() -> AsyncIterator[str]:
    """The address of a server of aiohttp."""
    from aiohttp import web

    app = web.Application()
    app.router.add_get("/", price)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def ask(session: Any, address: str) -> str:
    async with session.get(address) as answer:
        text: str = await answer.text()
        return text


async def fan_out(address: str, requests: int) -> None:
    """That many requests at once."""
    import aiohttp

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*[ask(session, address) for _ in range(requests)])


async def with_aiohttp() -> None:
    async with shop() as address:
        await fan_out(address, 5)


async def with_httpx() -> None:
    import httpx
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def price(request: Any) -> PlainTextResponse:
        await asyncio.sleep(SECONDS)
        return PlainTextResponse("320")

    async def ask(client: httpx.AsyncClient, address: str) -> str:
        return (await client.get(address)).text

    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[Route("/", price)]), port=0, log_level="error"))
    serving = asyncio.create_task(server.serve(), name="serve")
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:
        await asyncio.gather(*[ask(client, f"http://127.0.0.1:{port}/") for _ in range(5)])
    server.should_exit = True
    await serving


async def with_websockets() -> None:
    from websockets.asyncio.client import connect
    from websockets.asyncio.server import serve

    async def echo(socket: Any) -> None:
        async for message in socket:
            await asyncio.sleep(SECONDS)
            await socket.send(message)

    async def talk(port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}") as socket:
            await socket.send("tea")
            await socket.recv()

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        await asyncio.gather(*[talk(port) for _ in range(5)])


async def with_streams() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        await asyncio.sleep(SECONDS)
        writer.write(line)
        writer.close()
        await writer.wait_closed()

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"tea\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await asyncio.gather(*[talk(port) for _ in range(5)])


async def with_aiosqlite() -> None:
    import aiosqlite

    async def query(database: Any) -> None:
        async with database.execute("select 1") as cursor:
            await cursor.fetchall()

    async with aiosqlite.connect(":memory:") as database:
        await asyncio.gather(*[query(database) for _ in range(5)])


async def with_anyio() -> None:
    import anyio

    async def producer(stream: Any) -> None:
        async with stream:
            for number in range(3):
                await stream.send(number)

    async def consumer(stream: Any) -> None:
        async with stream:
            async for _ in stream:
                await anyio.to_thread.run_sync(time.sleep, 0.01)

    send, receive = anyio.create_memory_object_stream[int](0)
    async with anyio.create_task_group() as group:
        group.start_soon(producer, send)
        group.start_soon(consumer, receive)


async def with_processes() -> None:
    async def child() -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
        await process.communicate(b"tea\n")

    async def job() -> None:
        with ProcessPoolExecutor(1) as pool:
            await asyncio.get_running_loop().run_in_executor(pool, time.sleep, SECONDS)

    await asyncio.gather(child(), job())


PROGRAMS: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
    "aiohttp, server and client": with_aiohttp,
    "httpx, uvicorn, starlette": with_httpx,
    "websockets, both ends": with_websockets,
    "streams of asyncio, both ends": with_streams,
    "aiosqlite": with_aiosqlite,
    "anyio: task group, stream, threads": with_anyio,
    "a subprocess, a pool of processes": with_processes,
}


def shown(name: str, run: Recording) -> list[str]:
    """A row of the table: what the recording of a program shows."""
    waits = [span.wait for task in run.tasks for span in task.spans if span.kind == WAIT]
    unnamed = waits.count("future")
    return [name, str(len(run.tasks)), ", ".join(f"{each.library} {each.tasks}" for each in run.others) or "0",
            ", ".join(dict.fromkeys(wait for wait in waits if wait != "future")), str(unnamed)]


# -- what it costs ----------------------------------------------------------------------------------

async def unobserved() -> None:
    async with shop() as address:
        await fan_out(address, REQUESTS)


async def client_watched() -> None:
    """The server is another task's, which is not recorded."""
    async with shop() as address:
        await watched(lambda: fan_out(address, REQUESTS))


def cost() -> dict[str, tuple[float, float]]:
    """CPU time over that of the program unobserved: of the best rounds, and the median."""
    found = compare(rounds({
        "unobserved": lambda: asyncio.run(unobserved()),
        "the recorder, on the client": lambda: asyncio.run(client_watched()),
        "the recorder, on the client and the server": lambda: asyncio.run(watched(unobserved)),
        "the same, and the Recording made of it": lambda: asyncio.run(record(unobserved())),       # type: ignore[arg-type]
    }, ROUNDS), "unobserved")
    del found["unobserved"]
    return found


def tables() -> Iterator[str]:
    yield table("Programs with real libraries",
                ["program", "lanes", "tasks of others, folded", "waits", 'waits that are "future"'],
                [shown(name, asyncio.run(record(main()))) for name, main in PROGRAMS.items()])
    yield table(f"Recorder: {REQUESTS} requests to a server of aiohttp, on loopback",
                ["CPU time, over that of the program unobserved", "best", "median", "at most"],
                [[name, f"{best:.2f}", f"{median:.2f}", "1.10" if name.startswith("the recorder") else ""]
                 for name, (best, median) in cost().items()])
