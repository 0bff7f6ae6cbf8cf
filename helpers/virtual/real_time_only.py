"""The methods of an event loop that have no twin in virtual time.

Sockets, pipes, other processes and signals live in real time: nobody can tell how long they take
without waiting for them. Each method that has to do with them says so, and what to use instead.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn, TypeVarTuple

from helpers.recorder.asyncio_internals import get_running_loop
from helpers.recorder.learners_code import is_library
from helpers.recorder.notes import ROWS
from helpers.recorder.waits import place_of
from helpers.recording import Place

_Args = TypeVarTuple("_Args")


class NotSimulated(RuntimeError):
    """The program asked for something that takes place in real time only."""


# what lives in real time: what to use instead
INSTEAD = {
    "sockets": "use a Shop",
    "pipes": "use an asyncio.Queue",
    "subprocesses": "use a function that awaits asyncio.sleep",
    "signals": "use loop.call_later to call what a signal would",
}


def refusal(what: str, instead: str, place: Place | None) -> NotSimulated:
    """The error. `what` is the beginning of a sentence, as in "sockets live"; `place` is the learner's line."""
    return NotSimulated(f"{what} in real time and cannot be simulated: {instead}, or record(...) instead of "
                        f"simulate(...)" + ("" if place is None else f"; asked for at {place}"))


def asked_at(frame: FrameType | None) -> Place | None:
    """The learner's line that led to what is being done now, from a frame outwards, but not beyond the loop.

    A task of a library has no such line. Then it is that of the task that made it.
    """
    while frame is not None and frame.f_code not in TURNS:
        if not is_library(frame.f_code):
            return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    running = get_running_loop()
    task = None if running is None else asyncio.current_task(running)
    row = ROWS.get(id(task))
    while row is not None and row.parent is not None:
        row = row.recorder.rows[row.parent]
        task = None if row.reference is None else row.reference()
        place = None if task is None or task.done() else place_of(task)
        if place is not None:
            return place
    return None


TURNS = {asyncio.BaseEventLoop.run_forever.__code__}


class RealTimeOnly(asyncio.AbstractEventLoop):
    """The methods of an event loop that cannot be simulated: they raise NotSimulated, coroutines when awaited."""

    def _kept(self, error: NotSimulated) -> NotSimulated:
        """The error, which is about to be raised: a loop may want to keep it."""
        return error

    def _refuse(self, what: str) -> NoReturn:
        raise self._kept(refusal(f"{what} live", INSTEAD[what], asked_at(sys._getframe(1))))

    # -- addresses and connections ------------------------------------------------------------------

    async def getaddrinfo(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def getnameinfo(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def create_connection(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def create_server(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def create_datagram_endpoint(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def create_unix_connection(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def create_unix_server(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def connect_accepted_socket(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def start_tls(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sendfile(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    # -- plain sockets ------------------------------------------------------------------------------

    async def sock_accept(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sock_connect(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sock_recv(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sock_recv_into(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sock_recvfrom(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sock_recvfrom_into(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sock_sendall(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sock_sendfile(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    async def sock_sendto(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("sockets")

    def add_reader(self, fd: Any, callback: Callable[[*_Args], Any], *args: *_Args) -> NoReturn:
        self._refuse("sockets")

    def remove_reader(self, fd: Any) -> NoReturn:
        self._refuse("sockets")

    def add_writer(self, fd: Any, callback: Callable[[*_Args], Any], *args: *_Args) -> NoReturn:
        self._refuse("sockets")

    def remove_writer(self, fd: Any) -> NoReturn:
        self._refuse("sockets")

    # -- pipes, processes, signals ------------------------------------------------------------------

    async def connect_read_pipe(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("pipes")

    async def connect_write_pipe(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("pipes")

    async def subprocess_exec(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("subprocesses")

    async def subprocess_shell(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("subprocesses")

    def add_signal_handler(self, sig: int, callback: Callable[[*_Args], object], *args: *_Args) -> NoReturn:
        self._refuse("signals")

    def remove_signal_handler(self, sig: int) -> bool:
        return False                                    # none was ever added
