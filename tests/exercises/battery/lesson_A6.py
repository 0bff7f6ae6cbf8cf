"""Answers to the exercises of notebook A6."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("mistaken_lines", "built with dict", """
        def mistaken_lines():
            return dict(A=2, B=4, C=2, D=2)
        """),
    right("mistaken_lines", "more keys than asked for", """
        def mistaken_lines():
            lines = {}
            lines["B"] = 4
            for program in "ACD":
                lines[program] = 2
            return lines | {"E": 0}
        """),
    wrong("mistaken_lines", "texts in place of numbers", """
        def mistaken_lines():
            return {"A": "2", "B": "4", "C": "2", "D": "2"}
        """),
    wrong("mistaken_lines", "a line that is not there", """
        def mistaken_lines():
            return {"A": 2, "B": 5, "C": 2, "D": 2}
        """),
    wrong("mistaken_lines", "the lines that are named", """
        def mistaken_lines():
            return {"A": 4, "B": 4, "C": 3, "D": 2}
        """),
    hostile("mistaken_lines", "nothing returned", """
        def mistaken_lines():
            {"A": 2, "B": 4, "C": 2, "D": 2}
        """),
    hostile("mistaken_lines", "true in place of a number", """
        def mistaken_lines():
            return {"A": True, "B": 4, "C": 2, "D": 2}
        """),
    right("cheapest", "the minimum kept on the way", """
        async def cheapest(stream, lock, ask):
            best = None
            async for shop in stream:
                async with lock:
                    found = await ask(shop), shop
                if best is None or found < best:
                    best = found
            return best[1]
        """),
    right("cheapest", "acquire and release by hand", """
        async def cheapest(stream, lock, ask):
            prices = {}
            async for shop in stream:
                await lock.acquire()
                try:
                    prices[shop] = await ask(shop)
                finally:
                    lock.release()
            return min(prices, key=prices.get)
        """),
    right("cheapest", "all the names first", """
        async def cheapest(stream, lock, ask):
            prices = {}
            for shop in [shop async for shop in stream]:
                async with lock:
                    prices[shop] = await ask(shop)
            return min(prices, key=prices.get)
        """),
    right("cheapest", "gather, with the lock for each", """
        async def cheapest(stream, lock, ask):
            async def one(shop):
                async with lock:
                    return await ask(shop), shop
            return min(await asyncio.gather(*[one(shop) async for shop in stream]))[1]
        """),
    wrong("cheapest", "the lock around the loop", """
        async def cheapest(stream, lock, ask):
            prices = {}
            async with lock:
                async for shop in stream:
                    prices[shop] = await ask(shop)
            return min(prices, key=prices.get)
        """),
    wrong("cheapest", "tasks that nobody awaits", """
        async def cheapest(stream, lock, ask):
            prices = {}
            async for shop in stream:
                async with lock:
                    prices[shop] = asyncio.create_task(ask(shop))
            return min(prices, key=prices.get)
        """),
    right("cheapest", "a comprehension", """
        async def cheapest(stream, lock, ask):
            async def locked(shop):
                async with lock:
                    return await ask(shop)
            prices = {shop: await locked(shop) async for shop in stream}
            return min(prices, key=prices.get)
        """),
    wrong("cheapest", "the price in place of the name", """
        async def cheapest(stream, lock, ask):
            prices = {}
            async for shop in stream:
                async with lock:
                    prices[shop] = await ask(shop)
            return min(prices.values())
        """),
    wrong("cheapest", "the lock is not given back", """
        async def cheapest(stream, lock, ask):
            prices = {}
            await lock.acquire()
            async for shop in stream:
                prices[shop] = await ask(shop)
            return min(prices, key=prices.get)
        """),
    hostile("cheapest", "the lock given back before the answer", """
        async def cheapest(stream, lock, ask):
            prices = {}
            async for shop in stream:
                async with lock:
                    task = asyncio.create_task(ask(shop))
                prices[shop] = await task
            return min(prices, key=prices.get)
        """),
]
