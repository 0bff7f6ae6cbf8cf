"""Answers to the exercises of lesson 10."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("connected", "every end caught, and raised again", """
        async def connected(dial, hang_up):
            line = await dial()
            try:
                yield line
            except BaseException:
                await hang_up(line)
                raise
            else:
                await hang_up(line)
        """),
    right("connected", "decorated by the learner", """
        from contextlib import asynccontextmanager

        @asynccontextmanager
        async def connected(dial, hang_up):
            line = await dial()
            try:
                yield line
            finally:
                await hang_up(line)
        """),
    right("connected", "an exit stack", """
        from contextlib import AsyncExitStack

        async def connected(dial, hang_up):
            async with AsyncExitStack() as stack:
                line = await dial()
                stack.push_async_callback(hang_up, line)
                yield line
        """),
    right("connected", "a flag", """
        async def connected(dial, hang_up):
            line = None
            try:
                line = await dial()
                yield line
            finally:
                if line is not None:
                    await hang_up(line)
        """),
    wrong("connected", "no finally", """
        async def connected(dial, hang_up):
            line = await dial()
            yield line
            await hang_up(line)
        """, "finally"),
    wrong("connected", "hangs up before the block", """
        async def connected(dial, hang_up):
            line = await dial()
            await hang_up(line)
            yield line
        """),
    wrong("connected", "no yield", """
        async def connected(dial, hang_up):
            line = await dial()
            await hang_up(line)
            return line
        """),
    wrong("connected", "two yields", """
        async def connected(dial, hang_up):
            line = await dial()
            try:
                yield line
                yield line
            finally:
                await hang_up(line)
        """),
    wrong("connected", "suppresses", """
        from contextlib import suppress

        async def connected(dial, hang_up):
            line = await dial()
            with suppress(Exception):
                yield line
            await hang_up(line)
        """),
    wrong("connected", "only a ConnectionError", """
        async def connected(dial, hang_up):
            line = await dial()
            try:
                yield line
            except ConnectionError:
                await hang_up(line)
                raise
            await hang_up(line)
        """),
    wrong("connected", "a failed dial is no error", """
        async def connected(dial, hang_up):
            try:
                line = await dial()
            except ConnectionError:
                yield None
                return
            try:
                yield line
            finally:
                await hang_up(line)
        """),
    wrong("connected", "hangs up in the background", """
        import asyncio

        async def connected(dial, hang_up):
            line = await dial()
            try:
                yield line
            finally:
                asyncio.ensure_future(hang_up(line))
        """),
    wrong("connected", "a plain def", """
        def connected(dial, hang_up):
            line = dial()
            try:
                yield line
            finally:
                hang_up(line)
        """, "an asynchronous generator: async def connected", never=("coroutine function",)),
    wrong("connected", "takes the call for a context manager", """
        async def connected(dial, hang_up):
            async with dial() as line:
                yield line
                await hang_up(line)
        """, "await dial()", never=("acquire",)),
    right("take", "aclose in a finally", """
        async def take(stream, count):
            try:
                while count > 0:
                    count -= 1
                    try:
                        value = await anext(stream)
                    except StopAsyncIteration:
                        break
                    yield value
            finally:
                await stream.aclose()
        """),
    right("take", "a default for anext", """
        from contextlib import aclosing

        async def take(stream, count):
            end = object()
            async with aclosing(stream) as values:
                for _ in range(count):
                    if (value := await anext(values, end)) is end:
                        return
                    yield value
        """),
    right("take", "an exit stack", """
        from contextlib import AsyncExitStack

        async def take(stream, count):
            async with AsyncExitStack() as stack:
                stack.push_async_callback(stream.aclose)
                if count:
                    left = iter(range(count - 1, -1, -1))
                    async for value in stream:
                        yield value
                        if next(left) == 0:
                            break
        """),
    right("take", "every end caught", """
        async def take(stream, count):
            given = 0
            try:
                while given < count:
                    yield await stream.__anext__()
                    given += 1
            except StopAsyncIteration:
                pass
            except BaseException:
                await stream.aclose()
                raise
            await stream.aclose()
        """),
    wrong("take", "takes the stream for a context manager", """
        async def take(stream, count):
            async with stream:
                async for value in stream:
                    if count == 0:
                        return
                    count -= 1
                    yield value
        """, "aclosing(stream)", never=("with instead of async with",)),
    wrong("take", "a count of 0 before the try", """
        async def take(stream, count):
            if not count:
                return
            try:
                async for value in stream:
                    yield value
                    count -= 1
                    if not count:
                        break
            finally:
                await stream.aclose()
        """, "return at once", never=("around the loop",)),
    wrong("take", "ends at a value that is false", """
        from contextlib import aclosing

        async def take(stream, count):
            async with aclosing(stream):
                for _ in range(count):
                    value = await anext(stream, False)
                    if not value:
                        return
                    yield value
        """, "like any other value"),
    wrong("take", "not closed", """
        async def take(stream, count):
            for _ in range(count):
                value = await anext(stream, None)
                if value is None:
                    return
                yield value
        """, "aclosing"),
    wrong("take", "deleted instead of closed", """
        async def take(stream, count):
            try:
                for _ in range(count):
                    value = await anext(stream, None)
                    if value is None:
                        return
                    yield value
            finally:
                del stream
        """, "aclosing"),
    wrong("take", "one value too many", """
        from contextlib import aclosing

        async def take(stream, count):
            given = 0
            async with aclosing(stream):
                async for value in stream:
                    given += 1
                    if given > count:
                        break
                    yield value
        """, "asked for 3"),
    wrong("take", "with instead of async with", """
        from contextlib import closing

        async def take(stream, count):
            with closing(stream):
                for _ in range(count):
                    yield await anext(stream)
        """),
    wrong("take", "aclose without await", """
        async def take(stream, count):
            try:
                for _ in range(count):
                    value = await anext(stream, None)
                    if value is None:
                        return
                    yield value
            finally:
                stream.aclose()
        """),
    wrong("take", "closed in the background", """
        import asyncio

        async def take(stream, count):
            try:
                for _ in range(count):
                    value = await anext(stream, None)
                    if value is None:
                        return
                    yield value
            finally:
                asyncio.ensure_future(stream.aclose())
        """),
    wrong("take", "returns a list", """
        from contextlib import aclosing

        async def take(stream, count):
            async with aclosing(stream):
                return [await anext(stream) for _ in range(count)]
        """),
    wrong("take", "yields a list", """
        from contextlib import aclosing

        async def take(stream, count):
            async with aclosing(stream):
                yield [await anext(stream) for _ in range(count)]
        """),
    wrong("take", "a slice", """
        import itertools

        async def take(stream, count):
            for value in itertools.islice(stream, count):
                yield value
        """, "async for"),
    wrong("take", "a generator of coroutines", """
        async def take(stream, count):
            for _ in range(count):
                yield anext(stream)
        """),
    wrong("take", "errors end it quietly", """
        from contextlib import aclosing, suppress

        async def take(stream, count):
            async with aclosing(stream):
                with suppress(Exception):
                    for _ in range(count):
                        yield await anext(stream)
        """, "connectionerror"),
    wrong("take", "one ahead", """
        import asyncio
        from contextlib import aclosing

        async def take(stream, count):
            async with aclosing(stream):
                coming = asyncio.ensure_future(anext(stream))
                for _ in range(count):
                    value = await coming
                    coming = asyncio.ensure_future(anext(stream))
                    yield value
        """),
    right("watch", "functions for a stage", """
        import asyncio
        from contextlib import aclosing

        async def drain(queue):
            while (one := await queue.get()) is not None:
                yield one

        async def fill(queue, stream):
            async with aclosing(stream):
                async for one in stream:
                    await queue.put(one)
            await queue.put(None)

        async def asked(items, ask):
            async for item in items:
                yield await ask(item)

        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(maxsize=room), asyncio.Queue(maxsize=room)
            async with asyncio.TaskGroup() as group:
                group.create_task(fill(items, stream))
                group.create_task(fill(prices, asked(drain(items), ask)))
                async for price in drain(prices):
                    await store(price)
        """),
    right("watch", "a sentinel of its own", """
        import asyncio

        END = object()

        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(room), asyncio.Queue(room)

            async def read():
                try:
                    async for item in stream:
                        await items.put(item)
                finally:
                    await stream.aclose()
                await items.put(END)

            async def price():
                while True:
                    item = await items.get()
                    if item is END:
                        return await prices.put(END)
                    await prices.put(await ask(item))

            async def keep():
                while True:
                    price = await prices.get()
                    if price is END:
                        return
                    await store(price)

            async with asyncio.TaskGroup() as group:
                group.create_task(read())
                group.create_task(price())
                group.create_task(keep())
        """),
    right("watch", "a gather that stops the others", """
        import asyncio
        from contextlib import aclosing

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

            stages = [asyncio.create_task(stage()) for stage in (read, price, keep)]
            try:
                await asyncio.gather(*stages)
            finally:
                for stage in stages:
                    stage.cancel()
                await asyncio.gather(*stages, return_exceptions=True)
        """),
    right("watch", "join and cancel", """
        import asyncio
        from contextlib import aclosing

        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(room), asyncio.Queue(room)

            async def price():
                while True:
                    await prices.put(await ask(await items.get()))
                    items.task_done()

            async def keep():
                while True:
                    await store(await prices.get())
                    prices.task_done()

            async with asyncio.TaskGroup() as group:
                stages = [group.create_task(price()), group.create_task(keep())]
                async with aclosing(stream):
                    async for item in stream:
                        await items.put(item)
                await items.join()
                await prices.join()
                for stage in stages:
                    stage.cancel()
        """),
    wrong("watch", "a chain", """
        async def watch(stream, ask, store, room):
            async for item in stream:
                await store(await ask(item))
        """),
    wrong("watch", "all at once", """
        import asyncio

        async def watch(stream, ask, store, room):
            items = [item async for item in stream]
            for price in await asyncio.gather(*[ask(item) for item in items]):
                await store(price)
        """),
    wrong("watch", "join, with nobody told that a stage failed", """
        import asyncio
        from contextlib import aclosing

        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(room), asyncio.Queue(room)

            async def price():
                while True:
                    await prices.put(await ask(await items.get()))
                    items.task_done()

            async def keep():
                while True:
                    await store(await prices.get())
                    prices.task_done()

            stages = [asyncio.create_task(price()), asyncio.create_task(keep())]
            try:
                async with aclosing(stream):
                    async for item in stream:
                        await items.put(item)
                await items.join()
                await prices.join()
            finally:
                for stage in stages:
                    stage.cancel()
                await asyncio.gather(*stages, return_exceptions=True)
        """, "which cancels the others if one fails"),
    wrong("watch", "one more than there is room for", """
        import asyncio
        from contextlib import aclosing

        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(room + 1), asyncio.Queue(room)

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
    wrong("watch", "room is forgotten", """
        import asyncio
        from contextlib import aclosing

        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(1), asyncio.Queue(1)

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
    wrong("watch", "two tasks read the stream", """
        import asyncio
        from contextlib import aclosing

        async def watch(stream, ask, store, room):
            prices = asyncio.Queue(room)

            async def price():
                async for item in stream:
                    await prices.put(await ask(item))

            async def keep():
                while (price := await prices.get()) is not None:
                    await store(price)

            async def both():
                await asyncio.gather(price(), price())
                await prices.put(None)

            async with aclosing(stream):
                await asyncio.gather(both(), keep())
        """),
    wrong("watch", "the stages are not stopped", """
        import asyncio
        from contextlib import aclosing

        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(room), asyncio.Queue(room)

            async def price():
                while True:
                    await prices.put(await ask(await items.get()))

            async def keep():
                while True:
                    await store(await prices.get())

            async with asyncio.TaskGroup() as group:
                group.create_task(price())
                group.create_task(keep())
                async with aclosing(stream):
                    async for item in stream:
                        await items.put(item)
        """),
    wrong("watch", "put_nowait", """
        import asyncio
        from contextlib import aclosing

        async def watch(stream, ask, store, room):
            items, prices = asyncio.Queue(room), asyncio.Queue(room)

            async def read():
                async with aclosing(stream):
                    async for item in stream:
                        items.put_nowait(item)
                items.put_nowait(None)

            async def price():
                while (item := await items.get()) is not None:
                    prices.put_nowait(await ask(item))
                prices.put_nowait(None)

            async def keep():
                while (price := await prices.get()) is not None:
                    await store(price)

            async with asyncio.TaskGroup() as group:
                for stage in (read, price, keep):
                    group.create_task(stage())
        """),
    hostile("watch", "a stream read for ever", """
        async def watch(stream, ask, store, room):
            while True:
                async for item in stream:
                    await store(await ask(item))
        """),
    hostile("connected", "yields for ever", """
        async def connected(dial, hang_up):
            while True:
                try:
                    yield await dial()
                except BaseException:
                    pass
        """),
]
