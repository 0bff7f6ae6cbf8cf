"""websockets: both ends in one recording."""

import asyncio

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from tests.libraries.programs import SOON, check, every_wait, lanes, others, recorded, waits


async def echo(socket):
    async for message in socket:
        await asyncio.sleep(SOON)
        await socket.send(message)


async def talk(port):
    async with connect(f"ws://127.0.0.1:{port}") as socket:
        await socket.send("tea")
        return await socket.recv()


def test_server_and_clients():
    async def main():
        async with serve(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await asyncio.gather(talk(port), talk(port))

    run = recorded(main)
    check(run)
    assert run.result == ["tea", "tea"]
    assert lanes(run) == ["main", "talk", "talk 2", "echo", "echo 2"]
    assert "message" in waits(run, "talk") and "sleep" in waits(run, "echo")
    assert {"socket", "message"} <= waits(run, "talk")
    assert others(run) == {"asyncio", "websockets"} and "future" not in every_wait(run)


def test_a_server_that_waits_for_a_client_to_go():
    async def quiet(socket):
        await socket.wait_closed()

    async def main():
        async with serve(quiet, "127.0.0.1", 0) as server:
            async with connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"):
                await asyncio.sleep(SOON)

    run = recorded(main)
    check(run)
    assert lanes(run) == ["main", "quiet"] and waits(run, "quiet") == {"socket"}


def test_two_servers_with_a_handler_each():
    async def shout(socket):
        async for message in socket:
            await asyncio.sleep(SOON)
            await socket.send(message.upper())

    async def main():
        async with serve(echo, "127.0.0.1", 0) as first, serve(shout, "127.0.0.1", 0) as second:
            return [await talk(each.sockets[0].getsockname()[1]) for each in (first, second)]

    run = recorded(main)
    assert run.result == ["tea", "TEA"] and lanes(run) == ["main", "echo", "shout"]
