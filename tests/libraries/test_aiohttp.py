"""aiohttp: a server, a client, and both in one recording."""

import asyncio
import contextlib
import socket

import aiohttp
from aiohttp import web

from tests.libraries.programs import SOON, check, every_wait, lanes, others, recorded, waits


async def price(request):
    await asyncio.sleep(SOON)
    return web.Response(text="320")


async def at_once(request):
    return web.Response(text="0")


async def slow_body(request):
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"3")
    await asyncio.sleep(SOON)
    await answer.write(b"20")
    return answer


async def echo(request):
    talk = web.WebSocketResponse()
    await talk.prepare(request)
    async for message in talk:
        await talk.send_str(message.data)
    return talk


@contextlib.asynccontextmanager
async def server(*, middlewares=()):
    """The address of a server on loopback."""
    app = web.Application(middlewares=middlewares)
    app.router.add_get("/price", price)
    app.router.add_get("/at_once", at_once)
    app.router.add_get("/slow_body", slow_body)
    app.router.add_get("/echo", echo)
    app.router.add_post("/price", price)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def ask(session, url):
    async with session.get(url) as answer:
        return await answer.text()


def test_server_and_client_in_one_recording():
    async def main():
        async with server() as address, aiohttp.ClientSession() as session:
            return await asyncio.gather(*[ask(session, f"{address}/price") for _ in range(3)])

    run = recorded(main)
    check(run)
    assert run.result == ["320"] * 3
    assert lanes(run) == ["main", "ask", "ask 2", "ask 3", "price", "price 2", "price 3"]
    assert "response" in waits(run, "ask") and waits(run, "ask") <= {"socket", "response"}
    assert "sleep" in waits(run, "price 3")
    assert {span.place.function for task in run.tasks[4:] for span in task.spans if span.wait == "sleep"} == {"price"}
    assert others(run) == {"aiohttp", "asyncio"}
    assert "future" not in every_wait(run)


def test_a_connection_that_serves_one_request_after_another():
    async def main():
        async with server() as address, aiohttp.ClientSession() as session:
            for _ in range(3):
                await ask(session, f"{address}/price")

    run = recorded(main)
    check(run)
    assert lanes(run) == ["main", "price", "price 2", "price 3"]


def test_a_middleware():
    @web.middleware
    async def logged(request, handler):
        return await handler(request)

    async def main():
        async with server(middlewares=[logged]) as address, aiohttp.ClientSession() as session:
            await ask(session, f"{address}/price")

    run = recorded(main)
    assert lanes(run) == ["main", "logged"], "aiohttp calls the middleware, which calls the handler itself"
    assert {span.place.function for span in run.tasks[1].spans if span.wait == "sleep"} == {"price"}


def test_the_client_alone():
    async def main(address):
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*[ask(session, f"{address}/price") for _ in range(3)])
            await ask(session, f"{address}/at_once")

    run = recorded(main, prepare=server)
    check(run)
    assert lanes(run) == ["main", "ask", "ask 2", "ask 3"]
    assert "response" in waits(run, "ask 2") and others(run) <= {"aiohttp"}
    assert "future" not in every_wait(run)


def test_the_body_of_an_answer():
    async def main(address):
        async with aiohttp.ClientSession() as session, session.get(f"{address}/slow_body") as answer:
            await asyncio.create_task(answer.text(), name="body")

    run = recorded(main, prepare=server)
    assert lanes(run) == ["main", "body"] and waits(run, "body") == {"socket"}


def test_the_limit_of_connections():
    async def main(address):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            await asyncio.gather(*[ask(session, f"{address}/price") for _ in range(3)])

    run = recorded(main, prepare=server)
    check(run)
    assert "response" in waits(run, "ask") and "connection" not in waits(run, "ask")
    assert waits(run, "ask 3") == {"connection", "response"}


def test_looking_up_an_address():
    class Resolver(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            await asyncio.get_running_loop().create_task(asyncio.sleep(SOON))
            return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}]

        async def close(self):
            pass

    async def main(address):
        connector = aiohttp.TCPConnector(resolver=Resolver())
        async with aiohttp.ClientSession(connector=connector) as session:
            await ask(session, address.replace("127.0.0.1", "shop.test") + "/at_once")

    run = recorded(main, prepare=server)
    check(run)
    assert "dns" in waits(run, "main")


def test_uploading():
    async def parts():
        yield b"tea"
        await asyncio.sleep(SOON)
        yield b"pot"

    async def main(address):
        async with aiohttp.ClientSession() as session, session.post(f"{address}/price", data=parts()) as answer:
            return await answer.text()

    run = recorded(main, prepare=server)
    check(run)
    assert run.result == "320" and "response" in waits(run, "main")


def test_a_websocket():
    async def talk(session, address):
        async with session.ws_connect(f"{address}/echo") as socket:
            await socket.send_str("tea")
            answer = await socket.receive_str()
            await asyncio.sleep(SOON)
            return answer

    async def main():
        async with server() as address, aiohttp.ClientSession() as session:
            return await asyncio.create_task(talk(session, address))

    run = recorded(main)
    check(run)
    assert run.result == "tea" and lanes(run) == ["main", "talk", "echo"]
    assert "message" in waits(run, "echo") and "message" in waits(run, "talk")
    assert "future" not in every_wait(run)


def test_a_handler_that_does_not_wait_is_in_the_librarys_task():
    async def main():
        async with server() as address, aiohttp.ClientSession() as session:
            return await ask(session, f"{address}/at_once")

    run = recorded(main)
    assert lanes(run) == ["main"] and others(run) == {"aiohttp", "asyncio"}
