"""The methods of an event loop that have no twin in virtual time.

Sockets, pipes, other processes and signals live in real time: nobody can tell how long they take
without waiting for them. Each method that has to do with them says so, and what to use instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn, TypeVarTuple

_Args = TypeVarTuple("_Args")


class NotSimulated(RuntimeError):
    """The program asked for something that takes place in real time only."""


def _refuse(what: str) -> NoReturn:
    raise NotSimulated(f"{what} live in real time and cannot be simulated: use a Shop, "
                       "or record(...) instead of simulate(...)")


class RealTimeOnly(asyncio.AbstractEventLoop):
    """The methods of an event loop that cannot be simulated: they raise NotSimulated, coroutines when awaited."""

    # -- addresses and connections ------------------------------------------------------------------

    async def getaddrinfo(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def getnameinfo(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def create_connection(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def create_server(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def create_datagram_endpoint(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def create_unix_connection(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def create_unix_server(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def connect_accepted_socket(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def start_tls(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sendfile(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    # -- plain sockets ------------------------------------------------------------------------------

    async def sock_accept(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sock_connect(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sock_recv(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sock_recv_into(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sock_recvfrom(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sock_recvfrom_into(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sock_sendall(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sock_sendfile(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    async def sock_sendto(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("sockets")

    def add_reader(self, fd: Any, callback: Callable[[*_Args], Any], *args: *_Args) -> NoReturn:
        _refuse("sockets")

    def remove_reader(self, fd: Any) -> NoReturn:
        _refuse("sockets")

    def add_writer(self, fd: Any, callback: Callable[[*_Args], Any], *args: *_Args) -> NoReturn:
        _refuse("sockets")

    def remove_writer(self, fd: Any) -> NoReturn:
        _refuse("sockets")

    # -- pipes, processes, signals ------------------------------------------------------------------

    async def connect_read_pipe(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("pipes")

    async def connect_write_pipe(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("pipes")

    async def subprocess_exec(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("subprocesses")

    async def subprocess_shell(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("subprocesses")

    def add_signal_handler(self, sig: int, callback: Callable[[*_Args], object], *args: *_Args) -> NoReturn:
        _refuse("signals")

    def remove_signal_handler(self, sig: int) -> bool:
        return False                                    # none was ever added
