"""What has no twin in virtual time is refused, with what to write instead."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import signal
import socket
import sys

import pytest

from helpers import NotSimulated, VirtualTimeLoop, simulate
from helpers.virtual.real_time_only import RealTimeOnly

from .programs import run

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


def on_the_loop(method, *args, **kwargs):
    async def main():
        result = getattr(asyncio.get_running_loop(), method)(*args, **kwargs)
        if asyncio.iscoroutine(result):
            await result

    return main


CANNOT = {
    "open_connection": lambda: asyncio.open_connection("127.0.0.1", 9),
    "start_server": lambda: asyncio.start_server(print, "127.0.0.1", 0),
    "getaddrinfo": on_the_loop("getaddrinfo", "localhost", 80),
    "sock_recv": on_the_loop("sock_recv", None, 10),
    "sock_connect": on_the_loop("sock_connect", None, ("127.0.0.1", 9)),
    "datagram": on_the_loop("create_datagram_endpoint", asyncio.DatagramProtocol, ("127.0.0.1", 0)),
    "add_reader": on_the_loop("add_reader", 0, print),
    "add_writer": on_the_loop("add_writer", 0, print),
    "read pipe": on_the_loop("connect_read_pipe", asyncio.Protocol, None),
    "write pipe": on_the_loop("connect_write_pipe", asyncio.Protocol, None),
    "subprocess": lambda: asyncio.create_subprocess_exec(sys.executable, "-c", "pass"),
    "shell": lambda: asyncio.create_subprocess_shell("echo"),
    "signal": on_the_loop("add_signal_handler", signal.SIGINT, print),
    "process pool": on_the_loop("run_in_executor", concurrent.futures.ProcessPoolExecutor.__new__(
        concurrent.futures.ProcessPoolExecutor), print),
}


@pytest.mark.parametrize("what", CANNOT)
def test_what_lives_in_real_time_is_refused_and_the_error_says_what_to_write(what):
    async def main():
        await CANNOT[what]()

    with pytest.raises(NotSimulated, match=r"cannot be simulated: use .* or record"):
        run(main())


def test_a_real_socket_is_refused_before_it_is_used():
    async def main():
        with socket.socket() as sock:
            await asyncio.get_running_loop().sock_accept(sock)

    with pytest.raises(NotSimulated, match="sockets"):
        run(main())


SIMULATED = {
    "call_soon", "call_soon_threadsafe", "call_later", "call_at", "time",
    "run_forever", "run_until_complete", "stop", "close", "is_running", "is_closed", "get_debug", "set_debug",
    "create_future", "create_task", "get_task_factory", "set_task_factory",
    "run_in_executor", "set_default_executor", "shutdown_default_executor", "shutdown_asyncgens",
    "get_exception_handler", "set_exception_handler", "default_exception_handler", "call_exception_handler",
    "remove_signal_handler",
}


def test_every_method_of_an_event_loop_is_simulated_or_refused():
    """A new Python may give event loops a new method: then somebody must decide."""
    methods = {name for name in vars(asyncio.AbstractEventLoop) if not name.startswith("_")}
    assert methods == SIMULATED | {name for name in vars(RealTimeOnly) if not name.startswith("_")}
    assert all(getattr(VirtualTimeLoop, name) is vars(RealTimeOnly)[name] for name in methods - SIMULATED)


@pytest.mark.parametrize("name", sorted({name for name in vars(RealTimeOnly) if not name.startswith("_")} - SIMULATED))
def test_a_method_refuses_as_the_real_one_would_be_called(name):
    """A coroutine refuses when it is awaited, and a plain method at once, whatever its arguments."""
    method = vars(RealTimeOnly)[name]
    assert inspect.iscoroutinefunction(method) == inspect.iscoroutinefunction(vars(asyncio.AbstractEventLoop)[name])
    wanted = [parameter for parameter in list(inspect.signature(method).parameters.values())[1:]
              if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]

    async def main():
        refused = getattr(asyncio.get_running_loop(), name)(*(None for _ in wanted))
        if inspect.iscoroutine(refused):
            await refused

    with pytest.raises(NotSimulated, match=r"(sockets|pipes|subprocesses|signals) live in real time"):
        run(main())


def test_tasks_that_are_left_are_ended_when_the_main_task_is_refused():
    """On Python 3.11 the loop stopped before they had."""
    ended = []

    async def other():
        try:
            await asyncio.sleep(1)
        finally:
            await asyncio.sleep(0.1)
            ended.append("other")

    async def main():
        kept = asyncio.create_task(other())
        await asyncio.sleep(0.2)
        await asyncio.open_connection("127.0.0.1", 9)
        return kept

    run = simulate(main())
    assert run.error.startswith("NotSimulated") and ended == ["other"]
