"""Answers to the exercises of lesson A4."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("speed_up", "Amdahl's form", """
        def speed_up(shops, wait, work):
            f = work / (wait + work)
            return 1 / (f + (1 - f) / shops)
        """),
    right("speed_up", "exact fractions", """
        from fractions import Fraction
        def speed_up(shops, wait, work):
            wait, work = Fraction(wait), Fraction(work)
            return shops * (wait + work) / (wait + shops * work)
        """),
    right("speed_up", "adds up in loops", """
        def speed_up(shops, wait, work):
            alone = sum(wait + work for _ in range(shops))
            together = wait
            for _ in range(shops):
                together += work
            return alone / together
        """),
    right("speed_up", "a lambda", """
        speed_up = lambda shops, wait, work: shops * (wait + work) / (wait + shops * work)
        """),
    right("speed_up", "an int where it is one", """
        def speed_up(shops, wait, work):
            if shops == 1 or wait == 0:
                return 1
            if work == 0:
                return shops
            return shops * (wait + work) / (wait + shops * work)
        """),
    wrong("speed_up", "the work is shared, the wait adds up", """
        def speed_up(shops, wait, work):
            return shops * (wait + work) / (work + shops * wait)
        """, "by those of together"),
    wrong("speed_up", "forgets the wait of together", """
        def speed_up(shops, wait, work):
            return shops * (wait + work) / (shops * work)
        """, "not 0|by those of together"),
    wrong("speed_up", "two digits", """
        def speed_up(shops, wait, work):
            return round(shops * (wait + work) / (wait + shops * work), 2)
        """, "as it is"),
    wrong("speed_up", "in words", """
        def speed_up(shops, wait, work):
            return f"{shops * (wait + work) / (wait + shops * work):.2f} times"
        """),
    wrong("speed_up", "per cent", """
        def speed_up(shops, wait, work):
            return 100 * shops * (wait + work) / (wait + shops * work)
        """),
    wrong("speed_up", "saved seconds", """
        def speed_up(shops, wait, work):
            return shops * (wait + work) - (wait + shops * work)
        """),
    wrong("speed_up", "waits for real", """
        import time
        def speed_up(shops, wait, work):
            begun = time.perf_counter()
            time.sleep(wait / 100)
            return time.perf_counter() - begun
        """),
    wrong("speed_up", "not a number", """
        def speed_up(shops, wait, work):
            return float("nan")
        """),
    hostile("speed_up", "a number that lies", """
        class Number(float):
            def __eq__(self, other): return True
            def __sub__(self, other): raise SystemExit
            def __float__(self): raise KeyboardInterrupt
        def speed_up(shops, wait, work):
            return Number(3)
        """),
    hostile("speed_up", "ends the process", """
        import os
        def speed_up(shops, wait, work):
            os._exit(0)
        """),
    right("in_euros", "one gather", """
        async def in_euros(shops, bank, item):
            rate, *prices = await asyncio.gather(bank.price("euro"), *[shop.price(item) for shop in shops])
            return [cents * rate // 100 for cents in prices]
        """),
    right("in_euros", "a task that all await", """
        async def in_euros(shops, bank, item):
            rate = asyncio.create_task(bank.price("euro"))
            async def ask(shop):
                return await shop.price(item) * await rate // 100
            return await asyncio.gather(*map(ask, shops))
        """),
    right("in_euros", "a future and wait", """
        async def in_euros(shops, bank, item):
            rate = asyncio.ensure_future(bank.price("euro"))
            tasks = [asyncio.ensure_future(shop.price(item)) for shop in shops]
            await asyncio.wait([rate, *tasks])
            return [task.result() * rate.result() // 100 for task in tasks]
        """),
    right("in_euros", "a lock, and the first one asks, before its shop", """
        async def in_euros(shops, bank, item):
            lock, rates = asyncio.Lock(), []
            async def rate():
                async with lock:
                    if not rates:
                        rates.append(await bank.price("euro"))
                return rates[0]
            async def ask(shop):
                cents, factor = await asyncio.gather(shop.price(item), rate())
                return cents * factor // 100
            return await asyncio.gather(*map(ask, shops))
        """),
    right("in_euros", "a dictionary by index", """
        async def in_euros(shops, bank, item):
            cents = {}
            async def ask(index, shop):
                cents[index] = await shop.price(item)
            async with asyncio.TaskGroup() as group:
                for index, shop in enumerate(shops):
                    group.create_task(ask(index, shop))
                rate = await bank.price("euro")
            return [cents[index] * rate // 100 for index in range(len(shops))]
        """),
    wrong("in_euros", "as the starter, in a group", """
        async def in_euros(shops, bank, item):
            async def ask(shop):
                return await shop.price(item) * await bank.price("euro") // 100
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(ask(shop)) for shop in shops]
            return [task.result() for task in tasks]
        """, "in one task"),
    wrong("in_euros", "two rates", """
        async def in_euros(shops, bank, item):
            first, *prices = await asyncio.gather(bank.price("euro"), *[shop.price(item) for shop in shops])
            rate = await bank.price("euro")
            return [cents * rate // 100 for cents in prices]
        """, "bank was asked 2 times"),
    wrong("in_euros", "knows the rate", """
        async def in_euros(shops, bank, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            return [cents * 92 // 100 for cents in prices]
        """, "bank was not asked", never=("in dollar cents",)),
    wrong("in_euros", "floats", """
        async def in_euros(shops, bank, item):
            rate, *prices = await asyncio.gather(bank.price("euro"), *[shop.price(item) for shop in shops])
            return [cents * rate / 100 for cents in prices]
        """),
    wrong("in_euros", "a dictionary", """
        async def in_euros(shops, bank, item):
            rate, *prices = await asyncio.gather(bank.price("euro"), *[shop.price(item) for shop in shops])
            return {shop.name: cents * rate // 100 for shop, cents in zip(shops, prices)}
        """),
    wrong("in_euros", "a semaphore around the bank", """
        async def in_euros(shops, bank, item):
            one = asyncio.Semaphore(1)
            async def ask(shop):
                cents = await shop.price(item)
                async with one:
                    return cents * await bank.price("euro") // 100
            return await asyncio.gather(*map(ask, shops))
        """, "in one task"),
    wrong("in_euros", "a cache of a coroutine function", """
        import functools
        async def in_euros(shops, bank, item):
            @functools.cache
            def rate():
                return bank.price("euro")
            async def ask(shop):
                return await shop.price(item) * await rate() // 100
            return await asyncio.gather(*map(ask, shops))
        """),
    wrong("in_euros", "leaves the task of the bank behind", """
        async def in_euros(shops, bank, item):
            rate = asyncio.create_task(bank.price("euro"))
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            return [cents * rate.result() // 100 for cents in prices]
        """),
    wrong("in_euros", "blocks", """
        async def in_euros(shops, bank, item):
            rate = bank.price_blocking("euro")
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            return [cents * rate // 100 for cents in prices]
        """),
    hostile("in_euros", "shops that are no shops", """
        async def in_euros(shops, bank, item):
            shops.clear()
            type(bank).price = None
            return []
        """),
]
