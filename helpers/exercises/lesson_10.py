"""The exercises and questions of notebook 10: async for and async with."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from helpers.checker import Exercise, Mistake, cancelled, equal, predict, require
from helpers.words import count

SETUP = "import asyncio\nfrom contextlib import aclosing, asynccontextmanager"

# -- a context manager that hangs up, however its block ends --------------------------------------------------------

connected = Exercise(
    lesson="10",
    title="Hang up, however the block ends",
    setup=SETUP,
    task="""
        Write `connected(dial, hang_up)`, an asynchronous generator. The check puts `@asynccontextmanager` above it.
        Await `dial()`, which gives a line, and yield this line to the block. When the block is over, await
        `hang_up(line)`, once: also if the block fails, and also if it is cancelled. The error, or the cancellation,
        reaches the caller. If `dial()` fails, there is no line, and nobody hangs up.
        """,
    starter="""
        async def connected(dial, hang_up):
            ...                                 # your code here
            yield
        """,
    hints=[
        "At which line of your function does an error in the block appear?",
        "The error is raised at the yield. What runs after a yield that raises?",
        """
        Fill in the dots:
            line = ...
            try:
                yield ...
            finally:
                ...
        """,
    ],
    solution="""
        async def connected(dial, hang_up):
            line = await dial()
            try:
                yield line
            finally:
                await hang_up(line)
        """,
    why="Whatever is raised in the block is raised again at the yield, so the finally around it sees every end. dial() "
        "stands before the try: without a line there is nothing to hang up.",
    follow_up="Write the same as a class, with __aenter__ and __aexit__.",
    mistakes=[
        Mistake("clean-up", "finally", """
            async def connected(dial, hang_up):
                line = await dial()
                yield line
                await hang_up(line)
            """),
        Mistake("clean-up", "cancel", """
            async def connected(dial, hang_up):
                line = await dial()
                try:
                    yield line
                except Exception:
                    await hang_up(line)
                    raise
                await hang_up(line)
            """),
        Mistake("error", "line", """
            async def connected(dial, hang_up):
                try:
                    line = await dial()
                    yield line
                finally:
                    await hang_up(line)
            """),
        Mistake("no exception", "south is closed", """
            async def connected(dial, hang_up):
                line = await dial()
                try:
                    yield line
                except ConnectionError:
                    pass
                finally:
                    await hang_up(line)
            """),
        Mistake("forgotten await", "hang_up", """
            async def connected(dial, hang_up):
                line = await dial()
                try:
                    yield line
                finally:
                    hang_up(line)
            """),
        Mistake("forgotten await", "dial", """
            async def connected(dial, hang_up):
                line = dial()
                try:
                    yield line
                finally:
                    await hang_up(line)
            """),
        Mistake("value", "line 1", """
            async def connected(dial, hang_up):
                line = await dial()
                try:
                    yield
                finally:
                    await hang_up(line)
            """),
        Mistake("value", "after the block", """
            async def connected(dial, hang_up):
                line = await dial()
                try:
                    yield line
                except BaseException:
                    await hang_up(line)
                    raise
            """),
        Mistake("value", "twice", """
            async def connected(dial, hang_up):
                line = await dial()
                try:
                    yield line
                    await hang_up(line)
                finally:
                    await hang_up(line)
            """),
        Mistake("value", "not called", """
            async def connected(dial, hang_up):
                line = await dial()
                try:
                    yield line
                finally:
                    asyncio.create_task(hang_up(line))
            """),
        Mistake("swallowed", "cancelled", """
            async def connected(dial, hang_up):
                line = await dial()
                try:
                    yield line
                except asyncio.CancelledError:
                    pass
                finally:
                    await hang_up(line)
            """),
    ],
    advice={
        "clean-up": "Put the yield into a try, and hang up in its finally: it runs after an error and after a "
                    "cancellation, too.",
        "error: UnboundLocalError": "Dial before the try: if dial() fails, there is no line to hang up.",
        "error: context manager protocol": "Write line = await dial(): what dial() gives is the line. Your function is "
                                           "the context manager, and needs no other one.",
        "error: didn't stop": "Yield once: the block runs at this yield, and there is one block.",
        "no exception": "Let every error come out, from the block and from dial(): catch nothing, and hang up in a "
                        "finally.",
        "not async": "Begin it with async def: it awaits dial() and hang_up().",
        "value": "Yield the line that dial() gave, and await hang_up(line) once, after the block.",
    },
)


class Phone:
    """What a learner's context manager dials and hangs up, with a log of what happened."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def dial(self) -> str:
        await asyncio.sleep(0.1)
        self.log.append("dialled")
        return "line 1"

    async def hang_up(self, line: str) -> None:
        await asyncio.sleep(0.1)
        self.log.append(f"hung up {line}")

    async def dead(self) -> str:
        await asyncio.sleep(0.1)
        raise ConnectionError("no line is free")

    def over(self, how: str) -> None:
        """Demand that the line was dialled, and hung up once, after the block."""
        require(self.log[-1].startswith("hung up"), "clean-up", f"{how}, and nobody has hung up",
                "hang_up(line) is awaited when the block is over")
        equal(self.log, ["dialled", "block", "hung up line 1"], "what happened")


def generates(answer) -> None:
    """Demand that a call of the answer makes an asynchronous generator."""
    require(inspect.isasyncgenfunction(answer), "value", "there is no yield in the function, so a call of it makes a "
            "coroutine", "a call of it makes an asynchronous generator")


def manager_of(answer):
    """The answer as a context manager; a learner may have decorated it."""
    if hasattr(answer, "__wrapped__"):
        return answer
    generates(answer)
    return asynccontextmanager(answer)


async def in_block(answer, phone: Phone, seconds: float = 0.2, error: Exception | None = None) -> None:
    async with manager_of(answer)(phone.dial, phone.hang_up) as line:
        equal(line, "line 1", "what the block gets")
        phone.log.append("block")
        await asyncio.sleep(seconds)
        if error is not None:
            raise error


@connected.case(elapsed=0.4)
async def quiet_block(answer):
    """dial() gives "line 1" after 0.1 s; the block takes 0.2 s, and hanging up 0.1 s."""
    phone = Phone()
    await in_block(answer, phone)
    require(phone.log[-1] != "block", "value", "hang_up is not called after the block", "hang_up(line) is awaited once")
    require(phone.log.count("hung up line 1") < 2, "value", "hang_up is called twice", "hang_up(line) is awaited once")
    equal(phone.log, ["dialled", "block", "hung up line 1"], "what happened")


@connected.case(elapsed=0.4, drawn=True)
async def failing_block(answer):
    """The block raises a ConnectionError after 0.2 s."""
    phone = Phone()
    try:
        await in_block(answer, phone, error=ConnectionError("south is closed"))
    except ConnectionError:
        phone.over("the block raised a ConnectionError")
    else:
        require(False, "no exception", "the ConnectionError of the block (south is closed) did not come out",
                "the error of the block reaches the caller")


@connected.case(elapsed=0.4)
async def other_error(answer):
    """The block raises a ValueError after 0.2 s."""
    phone = Phone()
    try:
        await in_block(answer, phone, error=ValueError("no such item"))
    except ValueError:
        phone.over("the block raised a ValueError")
    else:
        require(False, "no exception", "the ValueError of the block did not come out",
                "the error of the block reaches the caller")


@connected.case(elapsed=0.4)
async def cancelled_block(answer):
    """The block would take 5 s, and is cancelled 0.3 s after the call."""
    phone = Phone()
    await cancelled(in_block(answer, phone, seconds=5), after=0.3)
    phone.over("the block was cancelled")


@connected.case(raises=ConnectionError, elapsed=0.1)
async def no_line(answer):
    """dial() fails with a ConnectionError after 0.1 s."""
    phone = Phone()
    async with manager_of(answer)(phone.dead, phone.hang_up):
        pass


# -- the first few of a stream ---------------------------------------------------------------------------------------

take = Exercise(
    lesson="10",
    title="Take the first few and leave nothing open",
    setup=SETUP,
    task="""
        Write `take(stream, count)`, an asynchronous generator: it gives the first `count` values of the asynchronous
        generator `stream`, each as soon as it is there, and asks `stream` for no more. If `stream` has fewer, it gives
        these; if `count` is 0, none. A value may be `None`. When `take` has ended, or was closed at its
        `yield`, `stream` is closed too, in the same task. An error of `stream` comes out.
        """,
    starter="""
        async def take(stream, count):
            ...                                 # your code here
            yield
        """,
    hints=[
        "What happens at your yield if the reader leaves early, and closes take? And who then closes the stream?",
        "Closing take raises GeneratorExit at its yield. `async with aclosing(stream):` around the loop with that "
        "yield closes the stream on the way out. Count before you ask for the next value, not after.",
        """
        Fill in the dots:
            async with ...:
                if count == 0:
                    return
                async for value in stream:
                    yield ...
                    count -= 1
                    if ...:
                        return
        """,
    ],
    solution="""
        async def take(stream, count):
            async with aclosing(stream):
                if count == 0:
                    return
                async for value in stream:
                    yield value
                    count -= 1
                    if count == 0:
                        return
        """,
    why="Whoever closes take raises GeneratorExit at its yield, and aclosing closes the stream on the way out, in the "
        "same task. If every generator of a chain does so, one aclosing at the reader closes the whole chain.",
    follow_up="Write `until(stream, limit)`, which gives all prices up to the first one below the limit.",
    mistakes=[
        Mistake("clean-up", "aclosing", """
            async def take(stream, count):
                if count == 0:
                    return
                async for value in stream:
                    yield value
                    count -= 1
                    if count == 0:
                        return
            """),
        Mistake("clean-up", "aclosing", """
            async def take(stream, count):
                for _ in range(count):
                    try:
                        value = await anext(stream)
                    except StopAsyncIteration:
                        break
                    yield value
                await stream.aclose()
            """),
        Mistake("clean-up", "aclosing", """
            async def take(stream, count):
                try:
                    for _ in range(count):
                        yield await anext(stream)
                except StopAsyncIteration:
                    pass
                except Exception:
                    await stream.aclose()
                    raise
                else:
                    await stream.aclose()
            """),
        Mistake("clean-up", "in another task", """
            async def take(stream, count):
                if count == 0:
                    return
                try:
                    async for value in stream:
                        yield value
                        count -= 1
                        if count == 0:
                            return
                finally:
                    await asyncio.create_task(close(stream))

            async def close(stream):
                await stream.aclose()
            """),
        Mistake("value", "asked for", """
            async def take(stream, count):
                async with aclosing(stream):
                    async for value in stream:
                        if count == 0:
                            return
                        yield value
                        count -= 1
            """),
        Mistake("value", "asked for", """
            async def take(stream, count):
                async with aclosing(stream):
                    values = [value async for value in stream]
                for value in values[:count]:
                    yield value
            """),
        Mistake("value", "count is 0", """
            async def take(stream, count):
                async with aclosing(stream):
                    async for value in stream:
                        yield value
                        count -= 1
                        if count == 0:
                            return
            """),
        Mistake("clean-up", "return at once", """
            async def take(stream, count):
                if count == 0:
                    return
                async with aclosing(stream):
                    async for value in stream:
                        yield value
                        count -= 1
                        if count == 0:
                            return
            """),
        Mistake("value", "an object of your own", """
            async def take(stream, count):
                async with aclosing(stream):
                    while count and (value := await anext(stream, None)) is not None:
                        yield value
                        count -= 1
            """),
        Mistake("error", "RuntimeError", """
            async def take(stream, count):
                async with aclosing(stream):
                    for _ in range(count):
                        yield await anext(stream)
            """),
        Mistake("error", "async for", """
            async def take(stream, count):
                async with aclosing(stream):
                    for value, _ in zip(stream, range(count)):
                        yield value
            """),
        Mistake("slow", "as soon as", """
            async def take(stream, count):
                values = []
                async with aclosing(stream):
                    while len(values) < count:
                        try:
                            values.append(await anext(stream))
                        except StopAsyncIteration:
                            break
                for value in values:
                    yield value
            """),
        Mistake("no exception", "ConnectionError", """
            async def take(stream, count):
                async with aclosing(stream):
                    for _ in range(count):
                        try:
                            value = await anext(stream)
                        except Exception:
                            return
                        yield value
            """),
        Mistake("value", "None", """
            async def take(stream, count):
                values = []
                async with aclosing(stream):
                    for _ in range(count):
                        values.append(await anext(stream))
                yield
            """),
    ],
    advice={
        "clean-up: count is 0": "Close the stream also if you return at once: a return inside the block of "
                                "aclosing(stream), or inside a try whose finally closes it, does so.",
        "clean-up": "Put async with aclosing(stream): around the loop with the yield. It closes the stream on the way "
                    "out, in the same task, also if take is closed at its yield.",
        "error: not iterable": "Read the stream with async for: its next value may have to be waited for.",
        "error: context manager protocol": "Write async with aclosing(stream): an asynchronous generator is no context "
                                           "manager, and aclosing makes one of it.",
        "error: no attribute 'close'": "Write async with aclosing(stream): to close an asynchronous generator, one "
                                       "awaits its aclose().",
        "error: StopAsyncIteration": "Let async for read the stream, or catch StopAsyncIteration around anext alone: "
                                     "the stream may have fewer values.",
        "value: no yield": "Give each value with yield: then a call of take makes an asynchronous generator.",
        "value: 0, None and 290": "Give 0 and None like any other value. Let async for find the end, or give anext an "
                                  "object of your own as its default.",
        "value: async_generator_asend": "Write await in front of anext(...): it gives an awaitable.",
        "not async": "Begin it with async def: it has to wait for the values of the stream.",
        "value": "Give each value that you ask for, and count before you ask for the next one: with a count of 0, ask "
                 "for none.",
        "slow": "Give each value as soon as it is there, before you ask for the next one.",
    },
)


class Feed:
    """A stream of prices, one every 0.2 seconds, which takes 0.1 seconds to close."""

    def __init__(self, prices: Sequence[int | None], error: Exception | None = None) -> None:
        self.prices, self.error = prices, error
        self.asked = 0
        self.closed_in: asyncio.Task | None = None

    async def stream(self) -> AsyncIterator[int | None]:
        try:
            for price in self.prices:
                self.asked += 1
                await asyncio.sleep(0.2)
                yield price
            if self.error is not None:
                raise self.error
        finally:
            await asyncio.sleep(0.1)
            self.closed_in = asyncio.current_task()

    def over(self, task: asyncio.Task | None, how: str) -> None:
        """Demand that the stream was closed, and in this task."""
        require(self.closed_in is not None, "clean-up", f"{how}, and the stream is not closed",
                "the stream is closed by then")
        require(self.closed_in is task, "clean-up", f"{how}, and the stream was closed in another task",
                "the stream is closed in the task that reads")


async def taken(answer, feed: Feed, most: int) -> list[tuple[float, int | None]]:
    """The values that the answer gives, each with the time at which it comes."""
    generates(answer)
    now = asyncio.get_running_loop().time
    begun = now()
    return [(round(now() - begun, 6), value) async for value in answer(feed.stream(), most)]


@take.case(elapsed=0.5, drawn=True)
async def two_of_four(answer):
    """The stream gives 320, 290, 310 and 300, one every 0.2 s; the count is 2. Closing the stream takes 0.1 s."""
    feed = Feed([320, 290, 310, 300])
    got = await taken(answer, feed, 2)
    equal([value for _, value in got], [320, 290], "the list of the values")
    require(feed.asked == 2, "value", f"the stream was asked for {count(feed.asked, 'value')}", "it is asked for 2")
    require([time for time, _ in got] == [0.2, 0.4], "slow", f"the values came after {got[0][0]:g} and {got[1][0]:g} s",
            "each comes as soon as it is there, after 0.2 and 0.4 s")
    feed.over(asyncio.current_task(), "take gave its 2 values and ended")


@take.case(elapsed=0.5)
async def fewer_than_count(answer):
    """The stream gives 320 and 290; the count is 3."""
    feed = Feed([320, 290])
    equal([value for _, value in await taken(answer, feed, 3)], [320, 290], "the list of the values")
    feed.over(asyncio.current_task(), "take ended")


@take.case(elapsed=0.7)
async def any_values(answer):
    """The stream gives 0, None and 290; the count is 4."""
    feed = Feed([0, None, 290])
    got = [value for _, value in await taken(answer, feed, 4)]
    equal(got, [0, None, 290], "what take gives of 0, None and 290")
    feed.over(asyncio.current_task(), "take ended")


@take.case(elapsed=0)
async def none_of_them(answer):
    """The stream gives 320 and 290; the count is 0."""
    feed = Feed([320, 290])
    stream = feed.stream()
    got = [value async for value in answer(stream, 0)]
    require(feed.asked == 0, "value", f"the count is 0, and the stream was asked for {count(feed.asked, 'value')}",
            "it is asked for none")
    equal(got, [], "the list of the values")
    require(await anext(stream, None) is None, "clean-up", "the count is 0, take ended, and the stream is not closed",
            "the stream is closed by then")


@take.case(elapsed=0.5)
async def left_early(answer):
    """The count is 3; the reader takes one value, works 0.2 s on it, leaves its loop, and closes take."""
    feed = Feed([320, 290, 310])
    async with aclosing(answer(feed.stream(), 3)) as values:
        async for value in values:
            equal(value, 320, "the first value")
            await asyncio.sleep(0.2)
            break
    feed.over(asyncio.current_task(), "take was closed early")


@take.case()
async def stopped_reader(answer):
    """The count is 3; the reader works 5 s on the first value, and is cancelled after 0.5 s."""
    feed = Feed([320, 290, 310])
    task: asyncio.Task | None = None

    async def reader() -> None:
        nonlocal task
        task = asyncio.current_task()
        async with aclosing(answer(feed.stream(), 3)) as values:
            async for _ in values:
                await asyncio.sleep(5)

    await cancelled(reader(), after=0.5)
    feed.over(task, "the reader was cancelled, and closed take")


@take.case(elapsed=0.3)
async def stream_fails(answer):
    """The stream gives 320, and then raises a ConnectionError; the count is 3."""
    feed = Feed([320], ConnectionError("the line is dead"))
    values = answer(feed.stream(), 3)
    equal(await anext(values), 320, "the first value")
    try:
        more = await anext(values, None)
    except ConnectionError:
        feed.over(asyncio.current_task(), "the stream failed")
    else:
        require(False, "no exception", "the ConnectionError of the stream did not come out: take "
                + ("ended" if more is None else f"gave {more}"), "it reaches the reader")


# -- a pipeline with back-pressure ---------------------------------------------------------------------------------

watch = Exercise(
    lesson="10",
    title="Build a pipeline with back-pressure",
    setup=SETUP,
    task="""
        Write `watch(stream, ask, store, room)`: `stream` is an asynchronous generator of items. For each item,
        `await ask(item)` gives a price, and `await store(price)` keeps it, in the order of the items. The three stages
        work at the same time, each on one item at a time. At most `room` items wait between `stream` and `ask`, and at
        most `room` prices between `ask` and `store`, besides the one that a full queue holds up. Neither an item nor a
        price is None. If a stage fails, the error comes out (alone, or in an exception group). However `watch` ends,
        nothing that it started is still at work, and the stream, once begun, is closed.
        """,
    starter="""
        async def watch(stream, ask, store, room):
            ...                                 # your code here
        """,
    hints=[
        "Three stages, so three tasks, and a bounded queue between each two. What tells a stage that no more will "
        "come?",
        "The first stage puts every item of the stream into a queue, and then a None. It also closes the stream: its "
        "put may be cancelled.",
        """
        Fill in the dots:
            items, prices = asyncio.Queue(...), asyncio.Queue(...)

            async def read():
                async with aclosing(stream):
                    async for item in stream:
                        ...
                await items.put(None)

            async def price():
                while (item := await items.get()) is not None:
                    ...
                await prices.put(None)

            async def keep():
                ...

            async with asyncio.TaskGroup() as group:
                for stage in (read, price, keep):
                    group.create_task(stage())
        """,
    ],
    solution="""
        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(room), asyncio.Queue(room)

            async def read():
                async with aclosing(stream):
                    async for item in stream:
                        await items.put(item)
                await items.put(None)

            async def price():
                while (item := await items.get()) is not None:
                    await prices.put(await ask(item))
                await prices.put(None)

            async def keep():
                while (price := await prices.get()) is not None:
                    await store(price)

            async with asyncio.TaskGroup() as group:
                for stage in (read, price, keep):
                    group.create_task(stage())
        """,
    why="Each stage is a task, so the slowest one sets the pace. A full queue makes the stage before it wait, back to "
        "the stream, and a group ends all stages if one fails.",
    follow_up="Let two tasks ask at the same time. Which lines have to change, and what becomes of the order?",
    mistakes=[
        Mistake("sequential", "at the same time", """
            async def watch(stream, ask, store, room):
                async with aclosing(stream):
                    async for item in stream:
                        await store(await ask(item))
            """),
        Mistake("peak", "bounded", """
            async def watch(stream, ask, store, room):
                items, prices = asyncio.Queue(), asyncio.Queue()
                async def read():
                    async with aclosing(stream):
                        async for item in stream:
                            await items.put(item)
                    await items.put(None)
                async def price():
                    while (item := await items.get()) is not None:
                        await prices.put(await ask(item))
                    await prices.put(None)
                async def keep():
                    while (price := await prices.get()) is not None:
                        await store(price)
                async with asyncio.TaskGroup() as group:
                    for stage in (read, price, keep):
                        group.create_task(stage())
            """),
        Mistake("peak", "bounded", """
            async def watch(stream, ask, store, room):
                items, prices = asyncio.Queue(room), asyncio.Queue()
                async def read():
                    async with aclosing(stream):
                        async for item in stream:
                            await items.put(item)
                    await items.put(None)
                async def price():
                    while (item := await items.get()) is not None:
                        await prices.put(await ask(item))
                    await prices.put(None)
                async def keep():
                    while (price := await prices.get()) is not None:
                        await store(price)
                async with asyncio.TaskGroup() as group:
                    for stage in (read, price, keep):
                        group.create_task(stage())
            """),
        Mistake("deadlock", "after the last one", """
            async def watch(stream, ask, store, room):
                items, prices = asyncio.Queue(room), asyncio.Queue(room)
                async def read():
                    async with aclosing(stream):
                        async for item in stream:
                            await items.put(item)
                async def price():
                    while (item := await items.get()) is not None:
                        await prices.put(await ask(item))
                    await prices.put(None)
                async def keep():
                    while (price := await prices.get()) is not None:
                        await store(price)
                async with asyncio.TaskGroup() as group:
                    for stage in (read, price, keep):
                        group.create_task(stage())
            """),
        Mistake("deadlock", "a price may be 0", """
            async def watch(stream, ask, store, room):
                items, prices = asyncio.Queue(room), asyncio.Queue(room)
                async def read():
                    async with aclosing(stream):
                        async for item in stream:
                            await items.put(item)
                    await items.put(None)
                async def price():
                    while item := await items.get():
                        await prices.put(await ask(item))
                    await prices.put(None)
                async def keep():
                    while price := await prices.get():
                        await store(price)
                async with asyncio.TaskGroup() as group:
                    for stage in (read, price, keep):
                        group.create_task(stage())
            """),
        Mistake("clean-up", "aclosing", """
            async def watch(stream, ask, store, room):
                items, prices = asyncio.Queue(room), asyncio.Queue(room)
                async def read():
                    async for item in stream:
                        await items.put(item)
                    await items.put(None)
                async def price():
                    while (item := await items.get()) is not None:
                        await prices.put(await ask(item))
                    await prices.put(None)
                async def keep():
                    while (price := await prices.get()) is not None:
                        await store(price)
                async with asyncio.TaskGroup() as group:
                    for stage in (read, price, keep):
                        group.create_task(stage())
            """),
        Mistake("concurrent", "one item at a time", """
            async def watch(stream, ask, store, room):
                async def one(item):
                    await store(await ask(item))
                async with asyncio.TaskGroup() as group, aclosing(stream):
                    async for item in stream:
                        group.create_task(one(item))
            """),
        Mistake("slow", "at the same time", """
            async def watch(stream, ask, store, room):
                prices = asyncio.Queue(room)
                async def price():
                    async with aclosing(stream):
                        async for item in stream:
                            await prices.put(await ask(item))
                    await prices.put(None)
                async def keep():
                    while (price := await prices.get()) is not None:
                        await store(price)
                async with asyncio.TaskGroup() as group:
                    group.create_task(price())
                    group.create_task(keep())
            """),
        Mistake("left behind", "TaskGroup", """
            async def watch(stream, ask, store, room):
                items, prices = asyncio.Queue(room), asyncio.Queue(room)
                async def read():
                    async with aclosing(stream):
                        async for item in stream:
                            await items.put(item)
                    await items.put(None)
                async def price():
                    while (item := await items.get()) is not None:
                        await prices.put(await ask(item))
                    await prices.put(None)
                async def keep():
                    while (price := await prices.get()) is not None:
                        await store(price)
                await asyncio.gather(read(), price(), keep())
            """),
        Mistake("early", "still at work", """
            async def watch(stream, ask, store, room):
                items, prices = asyncio.Queue(room), asyncio.Queue(room)
                async def read():
                    async with aclosing(stream):
                        async for item in stream:
                            await items.put(item)
                async def price():
                    while True:
                        await prices.put(await ask(await items.get()))
                async def keep():
                    while True:
                        await store(await prices.get())
                async with asyncio.TaskGroup() as group:
                    stages = [group.create_task(stage()) for stage in (price, keep)]
                    await read()
                    for stage in stages:
                        stage.cancel()
            """),
    ],
    advice={
        "error: already running": "Let one task read the stream, and nobody close it meanwhile: an asynchronous "
                                  "generator serves one task at a time.",
        "sequential": "Make each stage a task, so that the three work at the same time, with a queue between each two.",
        "slow": "Make each stage a task, so that all three work at the same time, and give each queue its whole room.",
        "peak": "Put a queue bounded to room between each two stages: asyncio.Queue(room).",
        "deadlock": "Tell each stage when to end: put a None into its queue after the last one, and compare with is "
                    "not None, as a price may be 0. Start the stages in a TaskGroup, which cancels the others if one "
                    "fails.",
        "clean-up": "Close the stream in the stage that reads it, with async with aclosing(stream): the put in the "
                    "loop may be cancelled.",
        "concurrent": "Let each stage work on one item at a time: one task for each stage, not one for each item.",
        "left behind": "Start the stages in a TaskGroup: if one fails, it cancels the others and waits for them.",
        "early": "Let the later stages work off what still waits: they end when they are told that no more will come.",
        "value": "Store every price, in the order of the items. A price may be 0: compare with is not None.",
    },
)


class Stages:
    """What a pipeline works on, with counts of what waits between two stages.

    read, ask, store  seconds that each stage takes for an item; of `ask` and `store`, as a list, for each item in turn
    """

    def __init__(self, prices: Sequence[int], read: float, ask: Sequence[float], store: Sequence[float],
                 *, fails: str = "") -> None:
        self.items = [f"item {number}" for number in range(len(prices))]
        self.prices, self.seconds, self.fails = prices, (read, ask, store), fails
        self.items_read = self.asked = self.priced = self.begun = 0
        self.stored: list[int] = []
        self.most_items = self.most_prices = 0          # that wait at one time
        self.at_work = {"ask": 0, "store": 0}
        self.together = ""                              # the function that was called again before it had ended
        self.closed = self.opened = False

    async def stream(self) -> AsyncIterator[str]:
        self.opened = True
        try:
            for item in self.items:
                await asyncio.sleep(self.seconds[0])
                self.items_read += 1
                self.most_items = max(self.most_items, self.items_read - self.asked)
                yield item
        finally:
            await asyncio.sleep(0)
            self.closed = True

    async def ask(self, item: str) -> int:
        async with self._working("ask"):
            number = self.items.index(item)
            self.asked += 1
            await asyncio.sleep(self.seconds[1][number % len(self.seconds[1])])
            if self.fails == "ask" and number == 2:
                raise ConnectionError("south is closed")
            self.priced += 1
            self.most_prices = max(self.most_prices, self.priced - self.begun)
            return self.prices[number]

    async def store(self, price: int) -> None:
        async with self._working("store"):
            number = self.begun
            self.begun += 1
            await asyncio.sleep(self.seconds[2][number % len(self.seconds[2])])
            if self.fails == "store" and number == 1:
                raise ConnectionError("the disk is full")
            self.stored.append(price)

    @asynccontextmanager
    async def _working(self, name: str) -> AsyncIterator[None]:
        self.at_work[name] += 1
        if self.at_work[name] > 1:
            self.together = self.together or name
        try:
            yield
        finally:
            self.at_work[name] -= 1

    def one_at_a_time(self) -> None:
        """Demand that no stage worked on two at the same time."""
        require(not self.together, "concurrent", f"{self.together} was called while a call of it was still at work",
                f"{self.together} works on one item at a time")

    def bounded(self, room: int) -> None:
        """Demand that no more waited than there is room for, and one that was held up."""
        for most, what, where in ((self.most_items, "items", "between the stream and ask"),
                                  (self.most_prices, "prices", "between ask and store")):
            require(most <= room + 1, "peak", f"{most} {what} waited {where}",
                    f"with room={room}, at most {room} wait there, and one more that a full queue holds up")

    def over(self, how: str) -> None:
        """Demand that the stream was closed."""
        require(self.closed or not self.opened, "clean-up", f"{how}, and the stream is not closed",
                "the stream is closed before watch ends")


GOODS = [320, 410, 290, 305, 270, 350]


async def run_through(answer, stages: Stages, room: int) -> None:
    await answer(stages.stream(), stages.ask, stages.store, room)
    stages.one_at_a_time()
    require(len(stages.stored) == len(stages.prices) or stages.begun == len(stages.stored), "early",
            f"watch ended while store was still at work, or was cut off, after {len(stages.stored)} prices",
            "every price is stored before watch ends")
    equal(stages.stored, list(stages.prices), "the list of the stored prices")
    stages.bounded(room)
    stages.over("watch ended")


@watch.case(elapsed=2.05, drawn=True)
async def six_items(answer):
    """Six items: the stream takes 0.1 s for each, ask 0.3 s, and store 0.15 s; room is 1."""
    await run_through(answer, Stages(GOODS, 0.1, [0.3], [0.15]), 1)


@watch.case()
async def slow_store(answer):
    """Six items: the stream and ask take 0.1 s for each, and store 0.5 s; room is 2."""
    await run_through(answer, Stages(GOODS, 0.1, [0.1], [0.5]), 2)


@watch.case(elapsed=1.4)
async def slow_first_answer(answer):
    """Six items: the stream takes 0.2 s for each, ask 0.6 s for the first and 0.1 s for each other one, and store
    0.1 s; room is 2."""
    await run_through(answer, Stages(GOODS, 0.2, [0.6, 0.1, 0.1, 0.1, 0.1, 0.1], [0.1]), 2)


@watch.case(elapsed=2.1)
async def slow_first_price(answer):
    """Six items: the stream takes 0.2 s for each, ask 0.7 s for the first and the fourth and 0.1 s for each other one,
    and store 0.7 s for the first and 0.1 s for each other one; room is 2."""
    await run_through(answer, Stages(GOODS, 0.2, [0.7, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1, 0.1, 0.1]), 2)


@watch.case()
async def free_of_charge(answer):
    """The second item costs 0."""
    await run_through(answer, Stages([320, 0, 290], 0.1, [0.1], [0.1]), 1)


@watch.case()
async def no_items(answer):
    """The stream gives nothing."""
    await run_through(answer, Stages([], 0.1, [0.1], [0.1]), 1)


async def fails_in(answer, where: str, words: str) -> None:
    stages = Stages(GOODS, 0.1, [0.3], [0.4], fails=where)
    try:
        await answer(stages.stream(), stages.ask, stages.store, 1)
    except (ConnectionError, ExceptionGroup) as error:
        done = stages.asked, stages.items_read, stages.begun, len(stages.stored)
        closed, stages.closed = stages.closed, False
        await asyncio.sleep(1)
        require((stages.asked, stages.items_read, stages.begun, len(stages.stored)) == done, "left behind",
                f"{where} raised a ConnectionError, watch ended, and other stages were still at work",
                "watch ends when all stages have ended")
        stages.closed = closed
        said = [str(one) for one in (error.exceptions if isinstance(error, ExceptionGroup) else (error,))]
        equal(said, [words], "the list of the errors that came out")
        stages.over(f"{where} raised a ConnectionError")
    else:
        require(False, "no exception", f"the ConnectionError of {where} did not come out", "it reaches the caller")
    # Until here, the error may have kept a generator of the answer, whose frames its traceback holds. That it is closed
    # only now is no fault: let it be closed before the run ends.
    await asyncio.sleep(0.1)


@watch.case()
async def ask_fails(answer):
    """ask raises a ConnectionError for the third item."""
    await fails_in(answer, "ask", "south is closed")


@watch.case()
async def store_fails(answer):
    """store raises a ConnectionError for the second price."""
    await fails_in(answer, "store", "the disk is full")


@watch.case()
async def stopped(answer):
    """watch is cancelled after 0.75 s, while the stream waits for room."""
    stages = Stages(GOODS, 0.1, [0.3], [0.15])
    await cancelled(answer(stages.stream(), stages.ask, stages.store, 1), after=0.75)
    stages.over("watch was cancelled")


# -- questions -----------------------------------------------------------------------------------------------------

predict_for = predict(
    "Each of three prices takes 0.1 s to come, and the body of the `async for` takes 0.2 s to store it. How long does "
    "the loop take?",
    {
        "0.9 s":
            "The generator stands at its `yield` while the body works. It waits for the next price only when the loop "
            "asks for it, so each price takes 0.1 + 0.2 s.",
        "0.7 s":
            "That would be so if the next price came while the body stores a price. Run the cell: how many tasks "
            "are there to do that?",
        "0.6 s":
            "That is the storing alone. Run the cell, and see when each request begins.",
        "0.3 s":
            "That is the time for all prices, without storing any. Run the cell, and look at the waits.",
    },
    right="0.9 s",
)

predict_break = predict(
    "The loop ends with a `break`. When does the `finally` of `feed` run?",
    {
        "before the line after the loop, in the task `reader`":
            "That is what happens with an ordinary generator, whose `finally` does not wait. Run the cell, and see who "
            "closes this one.",
        "later, in another task":
            "The `finally` may have to wait, and nobody is there who could await it. So the event loop makes a task "
            "that closes the generator.",
        "never":
            "So it would be if nothing took notice. Run the cell: who does?",
    },
    right="later, in another task",
)

predict_yield = predict(
    "The time is up at 0.5 s, while `slow_store` stores a price and the generator stands at its `yield`. What does "
    "`slow_store` get?",
    {
        "a `TimeoutError`":
            "The block of the timeout, which would make a `TimeoutError`, is inside the generator, and the generator "
            "does not run. Run the cell.",
        "a `CancelledError`":
            "A timeout cancels the task that entered its block. That task now runs `slow_store`, and the error arrives "
            "where the task stands.",
        "nothing: the generator ends at its next turn":
            "A timeout does not wait for a turn of the generator. Whom does it cancel? Run the cell.",
    },
    right="a `CancelledError`",
)

predict_pipeline = predict(
    "Six items: the stages take 0.1, 0.3 and 0.15 s for each. In a chain of generators that takes 3.3 s, six times "
    "0.55. How long do three tasks take, with queues that hold one item?",
    {
        "1.1 s":
            "That would be a third of it. But the stages are not equally slow. Run the cell, and see which one sets "
            "the pace.",
        "1.8 s":
            "That is `ask` alone, six times. But the first item has to be found before, and the last price stored "
            "after that. Run the cell.",
        "2.05 s":
            "The first item takes 0.55 s. From then on, one comes out every 0.3 s, the time of the slowest stage: "
            "0.55 + 1.5.",
        "3.3 s":
            "The waiting is the same, but now the stages wait at the same time. Run the cell.",
    },
    right="2.05 s",
)
