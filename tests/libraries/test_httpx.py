"""httpx, with uvicorn and starlette at the other end, and without."""

import asyncio
import contextlib
import time

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tests.libraries.programs import SOON, check, every_wait, lanes, others, recorded, waits


async def price(request):
    await asyncio.sleep(SOON)
    return PlainTextResponse("320")


async def late(request):
    await asyncio.sleep(20 * SOON)
    return PlainTextResponse("320")


def stock(request):
    time.sleep(SOON)
    return PlainTextResponse("3")


async def at_once(request):
    return PlainTextResponse("0")


async def slow_body(request):
    async def parts():
        yield b"3"
        await asyncio.sleep(SOON)
        yield b"20"

    return StreamingResponse(parts())


class Timed(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


@contextlib.asynccontextmanager
async def server(*middlewares):
    """The address of a server on loopback; it is a task named "serve"."""
    app = Starlette(routes=[Route(f"/{each.__name__}", each) for each in (price, late, stock, at_once, slow_body)],
                    middleware=[Middleware(each) for each in middlewares])
    config = uvicorn.Config(app, port=0, log_level="error", http="h11", lifespan="off")
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serve(serving))
    try:
        while not serving.started:
            await asyncio.sleep(0.001)
        yield f"http://127.0.0.1:{serving.servers[0].sockets[0].getsockname()[1]}"
    finally:
        serving.should_exit = True
        await task


async def serve(serving):
    await serving.serve()


async def ask(client, url):
    return (await client.get(url)).text


def test_server_and_client_in_one_recording():
    async def main():
        async with server() as address, httpx.AsyncClient() as client:
            return await asyncio.gather(*[ask(client, f"{address}/price") for _ in range(3)])

    run = recorded(main)
    check(run)
    assert run.result == ["320"] * 3
    assert lanes(run) == ["main", "serve", "ask", "ask 2", "ask 3", "price", "price 2", "price 3"]
    assert "response" in waits(run, "ask") and "sleep" in waits(run, "price")
    assert others(run) == {"anyio", "asyncio"}
    assert "future" not in every_wait(run)


def test_an_endpoint_that_runs_in_a_thread():
    async def main():
        async with server() as address, httpx.AsyncClient() as client:
            return await ask(client, f"{address}/stock")

    run = recorded(main)
    check(run)
    assert lanes(run) == ["main", "serve", "stock"] and "thread" in waits(run, "stock")


def test_a_middleware():
    async def main():
        async with server(Timed) as address, httpx.AsyncClient() as client:
            return await ask(client, f"{address}/price")

    run = recorded(main)
    check(run)
    assert lanes(run) == ["main", "serve", "Timed.dispatch", "price"]
    assert run.tasks[3].parent == 2 and "sleep" in waits(run, "price")


def test_the_client_alone():
    async def main(address):
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*[ask(client, f"{address}/price") for _ in range(3)])

    run = recorded(main, prepare=server)
    check(run)
    assert lanes(run) == ["main", "ask", "ask 2", "ask 3"]
    assert "response" in waits(run, "ask 2") and others(run) == {"anyio"}
    assert every_wait(run) <= {"gather", "socket", "response", "lock"}


def test_the_limit_of_connections():
    async def main(address):
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as client:
            await asyncio.gather(*[ask(client, f"{address}/price") for _ in range(3)])

    run = recorded(main, prepare=server)
    check(run)
    assert "response" in waits(run, "ask") and "connection" not in waits(run, "ask")
    assert "connection" in waits(run, "ask 3")


def test_the_body_of_an_answer():
    async def main(address):
        async with httpx.AsyncClient() as client, client.stream("GET", f"{address}/slow_body") as answer:
            await asyncio.create_task(answer.aread(), name="body")

    run = recorded(main, prepare=server)
    assert lanes(run) == ["main", "body"] and waits(run, "body") == {"socket"}


def test_an_application_without_a_server():
    async def main():
        transport = httpx.ASGITransport(Starlette(routes=[Route("/price", price)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            return await asyncio.gather(*[ask(client, "/price") for _ in range(2)])

    run = recorded(main)
    assert run.result == ["320"] * 2 and lanes(run) == ["main", "ask", "ask 2"]
    assert "sleep" in waits(run, "ask") and others(run) == set()
    places = {(span.wait, span.place.function) for task in run.tasks[1:] for span in task.spans if span.wait == "sleep"}
    assert places == {("sleep", "price")}


def test_what_the_library_gives_up_itself_is_not_told_as_cut_short():
    """It tries one address after another, cancels what is left when one of them answers, and goes on."""
    async def main(address):
        async with httpx.AsyncClient() as client:
            await ask(client, f"{address}/price")
            async with asyncio.timeout(4 * SOON):
                await ask(client, f"{address}/late")

    run = recorded(main, prepare=server)
    assert run.error == "TimeoutError"
    assert "".join(span.cut for span in run.tasks[0].spans) == "timeout"
