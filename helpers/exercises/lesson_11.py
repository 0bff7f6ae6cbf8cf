"""The exercises and questions of notebook 11: real servers, real databases, and what the simulation left out."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from helpers.checker import Exercise, Mistake, cancelled, equal, predict, require

# -- what the answers are given: the interfaces of aiohttp and aiosqlite, in virtual time ----------------------------


class WebShop:
    """A shop on the web that bears only so many connections, with sessions as aiohttp's are, but without sockets.

    prices    cents by item; any other item is answered with status 404
    most      connections that may be open at the same time; one more is refused with ConnectionError
    latency   seconds until it answers
    """

    def __init__(self, prices: Mapping[str, int], most: int, latency: float = 0.1) -> None:
        self.prices, self.most, self.latency = dict(prices), most, latency
        self.connections = 0                    # under way now
        self.sessions: list[Session] = []

    def connect(self, *, limit: int = 100) -> Session:
        """A new session, as `ClientSession(connector=TCPConnector(limit=limit))` makes one."""
        session = Session(self, limit)
        self.sessions.append(session)
        return session

    @property
    def open_sessions(self) -> int:
        """How many sessions were made and not closed."""
        return sum(not session.closed for session in self.sessions)


class Session:
    """A client's session: a pool of connections."""

    def __init__(self, shop: WebShop, limit: int) -> None:
        self._shop, self._slots, self.closed = shop, asyncio.Semaphore(limit), False

    def get(self, item: str) -> Request:
        """A request, for `async with` or `await`; either gives a `Response`."""
        if self.closed:
            raise RuntimeError("Session is closed")
        return Request(self._shop, self._slots, item)

    async def close(self) -> None:
        """Close the connections of the pool."""
        self.closed = True

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def __enter__(self) -> None:
        raise TypeError("Use async with instead")

    def __exit__(self, *error: object) -> None:
        raise NotImplementedError("__enter__ does not let anybody come here")


class Request:
    """What `session.get` returns. It takes a connection out of the pool, and waits for the answer."""

    def __init__(self, shop: WebShop, slots: asyncio.Semaphore, item: str) -> None:
        self._shop, self._slots, self._item = shop, slots, item
        self._response: Response | None = None

    def __await__(self) -> Generator[Any, None, Response]:
        return self._answer().__await__()

    async def __aenter__(self) -> Response:
        self._response = await self._answer()
        return self._response

    async def __aexit__(self, *error: object) -> None:
        if self._response is not None:
            self._response.release()

    async def _answer(self) -> Response:
        await self._slots.acquire()
        shop = self._shop
        if shop.connections >= shop.most:
            self._slots.release()
            raise ConnectionError(f"the shop refused connection {shop.connections + 1}: it bears {shop.most}")
        shop.connections += 1
        response = Response(shop, self._slots, shop.prices.get(self._item))
        try:
            await asyncio.sleep(shop.latency)
        except BaseException:
            response.release()
            raise
        return response


class ClientResponseError(Exception):
    """What `raise_for_status` raises, as aiohttp's: the status, and what it means."""


class Response:
    """An answer. It holds its connection until it is read or released, as a long answer of aiohttp does."""

    def __init__(self, shop: WebShop, slots: asyncio.Semaphore, cents: int | None) -> None:
        self.status = 404 if cents is None else 200
        self._shop, self._slots, self._cents, self._held = shop, slots, cents, True

    async def json(self) -> int | dict[str, str]:
        """The price in cents; of an answer with status 404, what the shop says instead."""
        await asyncio.sleep(0)
        self.release()
        return {"error": "not sold here"} if self._cents is None else self._cents

    @property
    def ok(self) -> bool:
        """Whether the status is that of a success."""
        return self.status < 400

    def raise_for_status(self) -> None:
        """Raise an exception if the status is that of an error."""
        if not self.ok:
            self.release()
            raise ClientResponseError(f"{self.status}, message='Not Found'")

    def release(self) -> None:
        """Give the connection back to the pool."""
        if self._held:
            self._held = False
            self._shop.connections -= 1
            self._slots.release()

    async def __aenter__(self) -> Response:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.release()


class Database:
    """One connection to a real SQLite database in memory, with the methods of aiosqlite.

    As there, what has been handed to the connection is carried out, even if the task that waits for it is cancelled.

    commit_takes  seconds until a commit is done; every other method takes 0.1
    busy          commits that fail at first, as if another program held a lock on the database
    """

    def __init__(self, commit_takes: float = 0.1, busy: int = 0) -> None:
        self._commit_takes, self._busy = commit_takes, busy
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("create table prices (shop text not null, cents integer not null)")
        self._connection.commit()

    async def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement; the first that writes begins a transaction."""
        try:
            self._connection.execute(statement, parameters)
        finally:
            await asyncio.sleep(0.1)

    async def executemany(self, statement: str, parameters: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row."""
        try:
            self._connection.executemany(statement, parameters)
        finally:
            await asyncio.sleep(0.1)

    async def commit(self) -> None:
        """End the transaction: what was written stays."""
        try:
            if self._busy:
                self._busy -= 1
                raise sqlite3.OperationalError("database is locked")
            self._connection.commit()
        finally:
            await asyncio.sleep(self._commit_takes)

    async def rollback(self) -> None:
        """End the transaction: what was written in it is gone."""
        self._connection.rollback()
        await asyncio.sleep(0.1)

    def rows(self) -> list[tuple[str, int]]:
        """What is committed; a transaction that was left open must not have written anything."""
        require(not self._connection.in_transaction, "value", "a transaction is still open at the end",
                "each transaction ends with a commit or a rollback")
        return self._connection.execute("select shop, cents from prices order by rowid").fetchall()

    def close(self) -> None:
        """Close the real connection."""
        self._connection.close()


class Writer:
    """The side of a connection to which a server writes. Its client reads slowly, and is there only in name.

    LIMIT     bytes that may be buffered before `drain` waits; the client takes all of them 0.1 seconds later
    """

    LIMIT = 64

    def __init__(self) -> None:
        self.sent = b""                         # all that was written
        self.buffered = self.most = 0           # bytes in the buffer, now and at most
        self.closing = self.closed = False

    def write(self, data: bytes) -> None:
        """Put bytes into the buffer."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        require(not self.closing, "error", "something is written after the writer is closed")
        self.sent += data
        self.buffered += len(data)
        self.most = max(self.most, self.buffered)

    def writelines(self, parts: Iterable[bytes]) -> None:
        """Put several pieces into the buffer."""
        for part in parts:
            self.write(part)

    async def drain(self) -> None:
        """Wait while the buffer is above its limit."""
        if self.buffered > self.LIMIT:
            await asyncio.sleep(0.1)
            self.buffered = 0

    def close(self) -> None:
        """Send what is buffered, then close; this does not wait for either."""
        self.closing = True

    def is_closing(self) -> bool:
        """Whether it is closed, or will be soon."""
        return self.closing

    async def wait_closed(self) -> None:
        """Wait until it is closed."""
        await asyncio.sleep(0.1)
        require(self.closing, "deadlock", "wait_closed() waits for a close() that has not been called")
        self.closed = True


# -- a client: one session, a limit, and an end ------------------------------------------------------------------------

get_prices = Exercise(
    lesson="11",
    title="Ask with one session, within a limit",
    task="""
        Write `get_prices(connect, items, limit)`: it returns a dictionary with the price of each item.
        `connect(limit=3)` makes a session with a pool of 3 connections (100 by default), and
        `async with session.get(item) as response:` asks for one item. `response.status` is 404 if the shop does not
        sell it: leave the item out. Otherwise `await response.json()` is the price. Use one session for all items, at
        most `limit` connections and as many as that if there are enough items, and close the session whatever happens.
        """,
    starter="""
        async def get_prices(connect, items, limit):
            ...                                 # your code here
        """,
    hints=[
        "What closes a session also when the task is cancelled?",
        "async with connect(limit=limit) as session: makes the pool and closes it. Inside of it, gather one small "
        "coroutine for each item.",
        """
        Fill in the dots:
            prices = {}

            async def ask(session, item):
                async with session.get(item) as response:
                    if ...:
                        prices[item] = ...

            async with connect(...) as session:
                await asyncio.gather(*[...])
            return prices
        """,
    ],
    solution="""
        async def get_prices(connect, items, limit):
            prices = {}

            async def ask(session, item):
                async with session.get(item) as response:
                    if response.status != 404:
                        prices[item] = await response.json()

            async with connect(limit=limit) as session:
                await asyncio.gather(*[ask(session, item) for item in items])
            return prices
        """,
    why="One session holds the pool, whose limit is the limit of the client, and each async with gives back what it "
        "took: a connection, and at the end the session.",
    follow_up="What does a timeout around session.get count, if the pool is smaller than the number of items?",
    mistakes=[
        Mistake("error", "limit=limit", """
            async def get_prices(connect, items, limit):
                prices = {}
                async def ask(session, item):
                    async with session.get(item) as response:
                        if response.status != 404:
                            prices[item] = await response.json()
                async with connect() as session:
                    await asyncio.gather(*[ask(session, item) for item in items])
                return prices
            """),
        Mistake("value", "one session", """
            async def get_prices(connect, items, limit):
                prices = {}
                async def ask(item):
                    async with connect(limit=limit) as session:
                        async with session.get(item) as response:
                            if response.status != 404:
                                prices[item] = await response.json()
                await asyncio.gather(*[ask(item) for item in items])
                return prices
            """),
        Mistake("clean-up", "session", """
            async def get_prices(connect, items, limit):
                prices = {}
                session = connect(limit=limit)
                async def ask(item):
                    async with session.get(item) as response:
                        if response.status != 404:
                            prices[item] = await response.json()
                await asyncio.gather(*[ask(item) for item in items])
                return prices
            """),
        Mistake("clean-up", "cancelled", """
            async def get_prices(connect, items, limit):
                prices = {}
                session = connect(limit=limit)
                async def ask(item):
                    async with session.get(item) as response:
                        if response.status != 404:
                            prices[item] = await response.json()
                await asyncio.gather(*[ask(item) for item in items])
                await session.close()
                return prices
            """),
        Mistake("sequential", "gather", """
            async def get_prices(connect, items, limit):
                prices = {}
                async with connect(limit=limit) as session:
                    for item in items:
                        async with session.get(item) as response:
                            if response.status != 404:
                                prices[item] = await response.json()
                return prices
            """),
        Mistake("slow", "as soon as", """
            async def get_prices(connect, items, limit):
                prices = {}
                async def ask(session, item):
                    async with session.get(item) as response:
                        if response.status != 404:
                            prices[item] = await response.json()
                async with connect(limit=2) as session:
                    await asyncio.gather(*[ask(session, item) for item in items])
                return prices
            """),
        Mistake("forgotten await", "response.json", """
            async def get_prices(connect, items, limit):
                prices = {}
                async def ask(session, item):
                    async with session.get(item) as response:
                        if response.status != 404:
                            prices[item] = response.json()
                async with connect(limit=limit) as session:
                    await asyncio.gather(*[ask(session, item) for item in items])
                return prices
            """),
        Mistake("deadlock", "async with session.get", """
            async def get_prices(connect, items, limit):
                prices = {}
                async def ask(session, item):
                    response = await session.get(item)
                    if response.status != 404:
                        prices[item] = await response.json()
                async with connect(limit=limit) as session:
                    await asyncio.gather(*[ask(session, item) for item in items])
                return prices
            """),
        Mistake("value", "404", """
            async def get_prices(connect, items, limit):
                prices = {}
                async def ask(session, item):
                    async with session.get(item) as response:
                        prices[item] = await response.json()
                async with connect(limit=limit) as session:
                    await asyncio.gather(*[ask(session, item) for item in items])
                return prices
            """),
        Mistake("error", "async with", """
            async def get_prices(connect, items, limit):
                prices = {}
                with connect(limit=limit) as session:
                    for item in items:
                        async with session.get(item) as response:
                            if response.status != 404:
                                prices[item] = await response.json()
                return prices
            """),
        Mistake("error", "Name the argument", """
            async def get_prices(connect, items, limit):
                prices = {}
                async def ask(session, item):
                    async with session.get(item) as response:
                        if response.status != 404:
                            prices[item] = await response.json()
                async with connect(limit) as session:
                    await asyncio.gather(*[ask(session, item) for item in items])
                return prices
            """),
        Mistake("error", "response.status instead", """
            async def get_prices(connect, items, limit):
                prices = {}
                async def ask(session, item):
                    async with session.get(item) as response:
                        response.raise_for_status()
                        prices[item] = await response.json()
                async with connect(limit=limit) as session:
                    await asyncio.gather(*[ask(session, item) for item in items])
                return prices
            """),
    ],
    advice={
        "error: ^ConnectionError: the shop refused": "Let the pool hold the others back: make the session with "
                                                     "connect(limit=limit).",
        r"error: ^TypeError: WebShop\.connect": "Name the argument: connect(limit=limit).",
        "error: ^ClientResponseError: 404": "Look at response.status instead of raise_for_status(): an item that the "
                                            "shop does not sell is left out, and no error.",
        "error: Use async with instead": "Write async with before connect(...): closing a session may take time.",
        "error: Session is closed": "Ask inside the block of the session: at its end the session is closed.",
        "value: error": "Leave out the items whose response.status is 404: they have no price.",
        "value: session": "Make one session before you ask, and use it for every item: only then is there one pool.",
        "clean-up": "Put all that uses the session into async with connect(limit=limit) as session: the block closes "
                    "it, also when the task is cancelled.",
        "sequential": "Start all requests together with gather: the pool lets limit of them through at a time.",
        "slow": "Let each request begin as soon as any of the limit connections is free.",
        "deadlock": "Ask with async with session.get(item) as response: the block gives the connection back, also that "
                    "of an answer that is not read.",
    },
)


async def _ask(answer: Any, shop: WebShop, items: list[str], limit: int) -> Any:
    """What the answer returns, if it has used one session and closed it."""
    prices = await answer(shop.connect, items, limit)
    made = len(shop.sessions)
    require(made == 1, "value", f"{made} sessions were made", "it makes one session")
    require(not shop.open_sessions, "clean-up", "the session is still open at the end")
    return prices


@get_prices.case(returns={"tea": 320, "coffee": 410}, elapsed=0.1)
async def two_items(answer):
    """Two items with a limit of 3: one session is enough, and both requests are under way at once."""
    return await _ask(answer, WebShop({"tea": 320, "coffee": 410}, most=3), ["tea", "coffee"], 3)


@get_prices.case(returns={f"item {n}": 100 + n for n in range(7)}, elapsed=0.3, drawn=True)
async def seven_items(answer):
    """Seven items with a limit of 3: the shop refuses a fourth connection."""
    shop = WebShop({f"item {n}": 100 + n for n in range(7)}, most=3)
    return await _ask(answer, shop, [f"item {n}" for n in range(7)], 3)


@get_prices.case(returns={"tea": 320}, elapsed=0.4)
async def not_sold(answer):
    """Of four items, asked with a limit of 1, the shop sells the last one only."""
    return await _ask(answer, WebShop({"tea": 320}, most=1), ["salt", "soap", "sand", "tea"], 1)


@get_prices.case()
async def stopped(answer):
    """The task is cancelled after 0.05 seconds."""
    shop = WebShop({"tea": 320, "coffee": 410}, most=2)
    await cancelled(answer(shop.connect, ["tea", "coffee"], 2), after=0.05)
    require(not shop.open_sessions, "clean-up", "the session is still open after the task was cancelled")


# -- a handler of streams: back-pressure, and an end -------------------------------------------------------------------

answer_lines = Exercise(
    lesson="11",
    title="Answer a client that reads slowly",
    task="""
        Write `answer_lines(reader, writer, prices)`, the heart of a handler for `asyncio.start_server`. The client
        sends items, a line each, and may wait for the answer before it sends the next one. The answer is a line, too:
        the price out of the dictionary `prices`, such as `b"320\\n"`, or `b"unknown\\n"`. The function ends when the
        client has sent its last line. If the client reads slowly, it waits before it writes more. Whatever happens,
        also a cancellation, it closes the writer and waits until it is closed; an exception reaches the caller.
        """,
    starter="""
        async def answer_lines(reader, writer, prices):
            ...                                 # your code here
        """,
    hints=[
        'await reader.readline() gives a line with its b"\\n", and b"" when no more comes. What turns it into an item?',
        "After each write await writer.drain(). Put all of it into a try, and close the writer in its finally.",
        """
        Fill in the dots:
            try:
                while line := await reader.readline():
                    item = line.decode()...
                    writer.write(f"{...}\\n".encode())
                    ...
            finally:
                ...
                await writer.wait_closed()
        """,
    ],
    solution="""
        async def answer_lines(reader, writer, prices):
            try:
                while line := await reader.readline():
                    item = line.decode().strip()
                    writer.write(f"{prices.get(item, 'unknown')}\\n".encode())
                    await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()
        """,
    why="drain makes the handler wait as long as the client does not read, so the buffer stays small, and the finally "
        "closes the connection however the handler ends.",
    follow_up="A client that sends nothing, or reads nothing, keeps its handler for ever, in wait_closed() as well. "
              "Where do you put a timeout, and what does writer.transport.abort() do?",
    mistakes=[
        Mistake("value", "drain", """
            async def answer_lines(reader, writer, prices):
                try:
                    while line := await reader.readline():
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("value", "drain", """
            async def answer_lines(reader, writer, prices):
                try:
                    while line := await reader.readline():
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                    await writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("forgotten await", "drain", """
            async def answer_lines(reader, writer, prices):
                try:
                    while line := await reader.readline():
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                        writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("clean-up", "close", """
            async def answer_lines(reader, writer, prices):
                while line := await reader.readline():
                    writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                    await writer.drain()
            """),
        Mistake("clean-up", "finally", """
            async def answer_lines(reader, writer, prices):
                while line := await reader.readline():
                    writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                    await writer.drain()
                writer.close()
                await writer.wait_closed()
            """),
        Mistake("clean-up", "wait_closed", """
            async def answer_lines(reader, writer, prices):
                try:
                    while line := await reader.readline():
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                        await writer.drain()
                finally:
                    writer.close()
            """),
        Mistake("value", "unknown", """
            async def answer_lines(reader, writer, prices):
                try:
                    while line := await reader.readline():
                        writer.write(f"{prices.get(line.decode(), 'unknown')}\\n".encode())
                        await writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("error", "encode", """
            async def answer_lines(reader, writer, prices):
                try:
                    while line := await reader.readline():
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n")
                        await writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("endless", 'b""', """
            async def answer_lines(reader, writer, prices):
                try:
                    while True:
                        line = await reader.readline()
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                        await writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("value", "at_eof()", """
            async def answer_lines(reader, writer, prices):
                try:
                    while not reader.at_eof():
                        line = await reader.readline()
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                        await writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("value", "before you read the next", """
            async def answer_lines(reader, writer, prices):
                try:
                    lines = await reader.read()
                    for line in lines.splitlines():
                        writer.write(f"{prices.get(line.decode(), 'unknown')}\\n".encode())
                        await writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("value", ".decode()", """
            async def answer_lines(reader, writer, prices):
                try:
                    async for line in reader:
                        writer.write(f"{prices.get(line.strip(), 'unknown')}\\n".encode())
                        await writer.drain()
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
        Mistake("error", "a finally", """
            async def answer_lines(reader, writer, prices):
                async with writer:
                    async for line in reader:
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                        await writer.drain()
            """),
        Mistake("no exception", "ConnectionResetError", """
            async def answer_lines(reader, writer, prices):
                try:
                    while line := await reader.readline():
                        writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                        await writer.drain()
                except ConnectionError:
                    pass
                finally:
                    writer.close()
                    await writer.wait_closed()
            """),
    ],
    advice={
        "value: buffer": "Write await writer.drain() after each write: write never waits, and drain does while the "
                         "buffer is above its limit.",
        "value: one answer more": 'Look at each line before you answer it: b"" is the end, not an item. at_eof() may '
                                  "still be False then, since the client can end after its last line.",
        "value: after its first line": "Answer each line before you read the next one: the client may wait for the "
                                       "answer.",
        "value: is b'unknown": "Look up the item alone, as a text: .decode() makes one of the bytes, and .strip() "
                               "removes the line break.",
        "clean-up": "Put the loop into a try, and into its finally both writer.close() and await writer.wait_closed().",
        "error: data argument must be": "Write bytes: .encode() makes them of a text.",
        "error: 'Writer' object does not support the": "Close the writer in a finally instead: a StreamWriter cannot "
                                                       "stand behind with or async with.",
        "endless": 'End the loop when readline() gives b"": then the client has sent its last line.',
    },
)


async def _answers(answer: Any, lines: list[bytes], prices: dict[str, int]) -> Writer:
    """What was written to a client that sends all of these lines at once, and a moment later ends."""
    reader, writer = asyncio.StreamReader(), Writer()
    reader.feed_data(b"".join(lines))
    asyncio.get_running_loop().call_later(0.05, reader.feed_eof)
    await answer(reader, writer, prices)
    _require_closed(writer, "at the end")
    return writer


def _require_closed(writer: Writer, when: str) -> None:
    require(writer.closing, "clean-up", f"the writer is still open {when}")
    require(writer.closed, "clean-up", f"nobody has waited until the writer is closed {when}: no wait_closed()")


@answer_lines.case()
async def three_lines(answer):
    """A client asks for tea, salt and coffee."""
    writer = await _answers(answer, [b"tea\n", b"salt\n", b"coffee\n"], {"coffee": 410, "tea": 320})
    wanted = b"320\nunknown\n410\n"
    require(writer.sent != wanted + b"unknown\n", "value", f"the client gets one answer more: {writer.sent!r}",
            f"what it gets is {wanted!r}")
    equal(writer.sent, wanted, "what the client gets")


@answer_lines.case(drawn=True)
async def a_slow_reader(answer):
    """A client sends 200 lines, and reads the answers slowly."""
    writer = await _answers(answer, [b"tea\n"] * 200, {"tea": 320})
    equal(writer.sent, b"320\n" * 200, "what the client gets")
    require(writer.most <= Writer.LIMIT + 8, "value", f"{writer.most} bytes are in the buffer at the same time",
            f"while there are more than {Writer.LIMIT} in it, nothing is written")


@answer_lines.case()
async def one_after_the_other(answer):
    """A client sends its second line when it has the answer to the first."""
    reader, writer = asyncio.StreamReader(), Writer()
    reader.feed_data(b"tea\n")
    task = asyncio.ensure_future(answer(reader, writer, {"coffee": 410, "tea": 320}))
    await asyncio.sleep(0.3)
    answered = writer.sent
    reader.feed_data(b"coffee\n")
    reader.feed_eof()
    await task
    require(answered == b"320\n", "value", f"0.3 seconds after its first line the client has got {answered!r}",
            "it has got b'320\\n'")
    equal(writer.sent, b"320\n410\n", "what the client gets")


@answer_lines.case(raises=ConnectionResetError)
async def the_client_is_gone(answer):
    """The client breaks off after its first line: the ConnectionResetError of readline reaches the caller."""
    reader, writer = asyncio.StreamReader(), Writer()
    reader.feed_data(b"tea\n")
    asyncio.get_running_loop().call_later(0.1, reader.set_exception, ConnectionResetError("Connection lost"))
    try:
        await answer(reader, writer, {"tea": 320})
    finally:
        _require_closed(writer, "after the ConnectionResetError")


@answer_lines.case()
async def stopped_while_it_reads(answer):
    """The task is cancelled while it waits for the next line."""
    reader, writer = asyncio.StreamReader(), Writer()
    await cancelled(answer(reader, writer, {"tea": 320}), after=0.1)
    _require_closed(writer, "after the cancellation")


# -- a database: one connection, one transaction at a time -------------------------------------------------------------

save = Exercise(
    lesson="11",
    title="Write all rows or none",
    task="""
        Write `save(database, lock, rows)`: it writes every `(shop, cents)` of `rows` with
        `await database.execute("insert into prices values (?, ?)", row)`, and then awaits `database.commit()`. If
        anything goes wrong, also in the commit, none of its rows stays (`await database.rollback()`), and the exception
        reaches the caller. The same holds if the task is cancelled before its commit. Several tasks call `save` at the
        same time, with the same connection `database` and the same `lock`, an `asyncio.Lock`.
        """,
    setup="import asyncio\nimport sqlite3",
    starter="""
        async def save(database, lock, rows):
            ...                                 # your code here
        """,
    hints=[
        "From where to where must no other task use the connection?",
        "Hold the lock from the first execute to the commit or the rollback. Where does the rollback stand, so that it "
        "runs after a CancelledError as well, and only while the lock is yours?",
        """
        Fill in the dots:
            async with lock:
                try:
                    for row in rows:
                        ...
                    await database.commit()
                except ...:
                    await database.rollback()
                    ...
        """,
    ],
    solution="""
        async def save(database, lock, rows):
            async with lock:
                try:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
                    await database.commit()
                except BaseException:
                    await database.rollback()
                    raise
        """,
    why="The lock is held for the whole transaction, so a commit or a rollback ends the rows of one task only. A "
        "commit that has begun is carried out even if the task is cancelled: then the rows are there, and the rollback "
        "finds nothing to undo.",
    follow_up="Write it for a connection of its own for each task. Do you still need the lock?",
    mistakes=[
        Mistake("value", "whole transaction", """
            async def save(database, lock, rows):
                try:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
                    await database.commit()
                except BaseException:
                    await database.rollback()
                    raise
            """),
        Mistake("value", "whole transaction", """
            async def save(database, lock, rows):
                try:
                    for row in rows:
                        async with lock:
                            await database.execute("insert into prices values (?, ?)", row)
                    async with lock:
                        await database.commit()
                except BaseException:
                    async with lock:
                        await database.rollback()
                    raise
            """),
        Mistake("value", "still open", """
            async def save(database, lock, rows):
                async with lock:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
            """),
        Mistake("value", "still open", """
            async def save(database, lock, rows):
                async with lock:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
                    await database.commit()
            """),
        Mistake("no exception", "IntegrityError", """
            async def save(database, lock, rows):
                async with lock:
                    try:
                        for row in rows:
                            await database.execute("insert into prices values (?, ?)", row)
                        await database.commit()
                    except Exception:
                        await database.rollback()
            """),
        Mistake("value", "still open", """
            async def save(database, lock, rows):
                async with lock:
                    try:
                        for row in rows:
                            await database.execute("insert into prices values (?, ?)", row)
                        await database.commit()
                    except Exception:
                        await database.rollback()
                        raise
            """),
        Mistake("value", "whole transaction", """
            async def save(database, lock, rows):
                try:
                    async with lock:
                        for row in rows:
                            await database.execute("insert into prices values (?, ?)", row)
                        await database.commit()
                except BaseException:
                    await database.rollback()
                    raise
            """),
        Mistake("value", "[('north', 320)]", """
            async def save(database, lock, rows):
                async with lock:
                    try:
                        for row in rows:
                            await database.execute("insert into prices values (?, ?)", row)
                            await database.commit()
                    except BaseException:
                        await database.rollback()
                        raise
            """),
        Mistake("value", "whole transaction", """
            async def save(database, lock, rows):
                lock = asyncio.Lock()
                async with lock:
                    try:
                        for row in rows:
                            await database.execute("insert into prices values (?, ?)", row)
                        await database.commit()
                    except BaseException:
                        await database.rollback()
                        raise
            """),
        Mistake("error", "second argument", """
            async def save(database, lock, rows):
                async with lock:
                    try:
                        for shop, cents in rows:
                            await database.execute(f"insert into prices values ('{shop}', {cents})")
                        await database.commit()
                    except BaseException:
                        await database.rollback()
                        raise
            """),
        Mistake("forgotten await", "database.commit", """
            async def save(database, lock, rows):
                async with lock:
                    try:
                        for row in rows:
                            await database.execute("insert into prices values (?, ?)", row)
                        database.commit()
                    except BaseException:
                        await database.rollback()
                        raise
            """),
        Mistake("error", "async with", """
            async def save(database, lock, rows):
                with lock:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
                    await database.commit()
            """),
    ],
    advice={
        "value: transaction is still open": "End every transaction while you hold the lock: commit after the last row, "
                                            "and in an except BaseException: roll back and raise again.",
        "value: first commit fails": "A commit can fail, too: put it into the try, and keep the lock until the "
                                     "rollback is done.",
        "value: two tasks": "Hold the lock for the whole transaction, from the first row to the commit or the "
                            "rollback.",
        "error: ^OperationalError: no such column: None": "Hand the row over as the second argument of execute: where "
                                                          "a ? stands, SQLite puts in the value itself, also a None.",
        "value: failed save": "Commit once, after the last row, and roll back in an except: then all rows stay, or "
                              "none.",
    },
)


async def _outcome(coroutine: Any) -> str:
    """How a call ends: the name of the exception, or "saved"."""
    try:
        await coroutine
    except (sqlite3.Error, asyncio.CancelledError) as error:
        return type(error).__name__
    return "saved"


@save.case(drawn=True)
async def one_task(answer):
    """One task writes two rows."""
    database = Database()
    try:
        await answer(database, asyncio.Lock(), [("north", 320), ("south", 290)])
        equal(database.rows(), [("north", 320), ("south", 290)], "the table")
    finally:
        database.close()


@save.case()
async def a_row_that_fails(answer):
    """The second row has no price, which the table refuses with an IntegrityError: no row stays."""
    database = Database()
    try:
        told = False
        try:
            await answer(database, asyncio.Lock(), [("north", 320), ("south", None)])
        except sqlite3.IntegrityError:
            told = True
        require(told, "no exception", "the caller learns nothing of the IntegrityError")
        equal(database.rows(), [], "the table after a failed save")
    finally:
        database.close()


async def _cancel(answer: Any, database: Database, after: float, rows: list[tuple[str, int]], what: str) -> None:
    lock = asyncio.Lock()
    try:
        await cancelled(answer(database, lock, [("north", 320), ("south", 290)]), after=after)
        equal(database.rows(), rows, what)
        require(not lock.locked(), "clean-up", "the lock is still held")
    finally:
        database.close()


@save.case()
async def cancelled_half_way(answer):
    """The task is cancelled after 0.05 seconds, while its first statement runs: no row stays, the lock is free."""
    await _cancel(answer, Database(), after=0.05, rows=[], what="the table after a failed save")


@save.case()
async def cancelled_in_its_commit(answer):
    """The task is cancelled while it waits for its commit, which is carried out: both rows stay, the lock is free."""
    await _cancel(answer, Database(commit_takes=0.3), after=0.25, rows=[("north", 320), ("south", 290)],
                  what="the table after a commit for which nobody waited")


@save.case()
async def two_tasks(answer):
    """Two tasks save at the same time, and the second row of one of them fails: the rows of the other stay."""
    for order in (1, -1):
        database, lock = Database(), asyncio.Lock()
        try:
            calls = [[("north", 320), ("south", 290)], [("east", 305), ("west", None)]][::order]
            outcomes = await asyncio.gather(*[_outcome(answer(database, lock, rows)) for rows in calls])
            require(outcomes == ["saved", "IntegrityError"][::order], "value",
                    f"with two tasks at once, the two calls end with: {', '.join(outcomes)}")
            equal(database.rows(), [("north", 320), ("south", 290)], "the table after two tasks, one of which fails,")
        finally:
            database.close()


@save.case()
async def a_commit_that_fails(answer):
    """The commit of the first of two tasks fails with an OperationalError: the rows of the other stay, and no more."""
    database, lock = Database(busy=1), asyncio.Lock()
    try:
        outcomes = await asyncio.gather(*[_outcome(answer(database, lock, [row])) for row in
                                          (("north", 320), ("south", 290))])
        require(outcomes == ["OperationalError", "saved"], "value",
                f"with two tasks, where the first commit fails, the two calls end with: {', '.join(outcomes)}")
        equal(database.rows(), [("south", 290)], "the table after two tasks, of which the first commit fails,")
    finally:
        database.close()


@save.case()
async def cancelled_in_line(answer):
    """A task is cancelled while it waits for the lock: the rows of the task that holds the lock stay."""
    database, lock = Database(), asyncio.Lock()
    try:
        first = asyncio.ensure_future(answer(database, lock, [("north", 320), ("south", 290)]))
        await asyncio.sleep(0.05)
        second = asyncio.ensure_future(answer(database, lock, [("east", 305)]))
        await asyncio.sleep(0.1)
        second.cancel()
        await _outcome(second)
        await first
        equal(database.rows(), [("north", 320), ("south", 290)],
              "the table after two tasks, one of which is cancelled while it waits,")
    finally:
        database.close()


# -- questions ---------------------------------------------------------------------------------------------------------

predict_pool = predict(
    "Four requests at once, 0.2 seconds each, to a server that can serve any number. The session has `limit=1`. "
    "How long does the real run take?",
    {
        "about 0.2 seconds":
            "That is what the simulation says. How many of the four can be in flight at once, with one connection?",
        "about 0.4 seconds":
            "That would be two connections. Run the cell, and count the lanes that wait for a response at the same "
            "time.",
        "about 0.8 seconds":
            "One connection, four requests: they take turns. The others wait for the connection, inside the client.",
    },
    right="about 0.8 seconds",
)

predict_timeout = predict(
    "Five requests of 0.3 seconds at once, over one connection, with `ClientTimeout(total=0.75)`. How many prices "
    "come, and does the server see all five requests?",
    {
        "5 prices, and it sees all five":
            "Each request takes 0.3 seconds, less than 0.75. But when does the clock of the third one begin?",
        "2 prices, and it sees all five":
            "Two prices are right. But over one connection a request is sent when the one before it is answered: what "
            "had been sent by 0.75 seconds?",
        "2 prices, and it does not see all five":
            "The total counts the wait for the connection. The third is sent at 0.6 seconds and cut at 0.75; the time "
            "of the last two is up as well, before they have a connection.",
        "3 prices, and it does not see all five":
            "The third gets the connection at 0.6 seconds. How much of its time is left? Run the cell.",
    },
    right="2 prices, and it does not see all five",
)

predict_retry = predict(
    "The server drops the connection instead of answering the second request. A client sends two GET requests, one "
    "after the other. What does the client get, and how many requests does the server see?",
    {
        "a price, then an exception: 2 requests":
            "That is so with POST. Run the cell, and count what the server has seen.",
        "two prices: 2 requests":
            "One of the two was dropped without an answer. Where would the second price come from?",
        "two prices: 3 requests":
            "aiohttp sends a GET again by itself, once, and tells nobody.",
    },
    right="two prices: 3 requests",
)

predict_write = predict(
    "The server writes 16 MiB with `writer.write(...)`, in 256 pieces, without a `drain()`. The client does not read "
    "yet. What happens?",
    {
        "write waits until the client reads":
            "`write` is a plain function: it could wait only by stopping the whole loop. Where do the bytes go?",
        "write raises an exception when the buffer is full":
            "The buffer has no end: it grows as long as there is memory. Run the cell.",
        "every write returns at once, and the bytes pile up in the server's memory":
            "`write` puts into a buffer what the system does not take. Only `drain` waits.",
        "the bytes that nobody reads are dropped":
            "TCP drops nothing silently. Run the cell, and see where they are.",
    },
    right="every write returns at once, and the bytes pile up in the server's memory",
)

predict_transaction = predict(
    "Two tasks share one connection. `north` inserts its row and needs 0.3 seconds until its commit. Meanwhile `south` "
    "inserts a row, fails, and rolls back. What is in the table at the end?",
    {
        "the row of north":
            "It would be, if each task had a transaction of its own. But who owns the transaction: the task, or the "
            "connection?",
        "both rows":
            "south rolls back, so its row is gone. What else was in that transaction?",
        "nothing":
            "The connection has one transaction. The rollback of south undoes what north has written, and the commit "
            "of north finds nothing left to keep.",
    },
    right="nothing",
)

predict_query = predict(
    "A query needs 0.5 seconds. `asyncio.timeout(0.1)` is around it, and the next statement needs no time. When does "
    "the next statement return?",
    {
        "after about 0.1 seconds":
            "The task is free after 0.1 seconds. But is the thread in which the query runs free as well?",
        "after about 0.5 seconds":
            "The timeout ends the waiting of the task. The query goes on in the thread of the connection, and the next "
            "statement stands in line behind it.",
        "never: the connection is broken":
            "The connection is intact, and busy. Run the cell.",
    },
    right="after about 0.5 seconds",
)
