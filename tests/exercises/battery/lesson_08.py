"""Answers to the exercises of lesson 08."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("watch", "a class for each shop", """
        class Limited:
            def __init__(self, shop, limit):
                self.shop, self.places = shop, asyncio.Semaphore(limit)

            async def price(self, item):
                async with self.places:
                    return await self.shop.price(item)

            async def prices(self, items):
                return self.shop.name, await asyncio.gather(*map(self.price, items))

        async def watch(shops, items, limit):
            return dict(await asyncio.gather(*[Limited(shop, limit).prices(items) for shop in shops]))
        """),
    right("watch", "workers for each shop", """
        async def watch(shops, items, limit):
            table = {shop.name: [None] * len(items) for shop in shops}

            async def worker(shop, numbered):
                for number, item in numbered:
                    table[shop.name][number] = await shop.price(item)

            async with asyncio.TaskGroup() as group:
                for shop in shops:
                    numbered = iter(list(enumerate(items)))
                    for _ in range(limit):
                        group.create_task(worker(shop, numbered))
            return table
        """),
    right("watch", "acquire and release by hand", """
        async def watch(shops, items, limit):
            places = {shop.name: asyncio.Semaphore(limit) for shop in shops}

            async def ask(shop, item):
                await places[shop.name].acquire()
                try:
                    return await shop.price(item)
                finally:
                    places[shop.name].release()

            tasks = {shop.name: [asyncio.create_task(ask(shop, item)) for item in items] for shop in shops}
            return {name: [await task for task in row] for name, row in tasks.items()}
        """),
    wrong("watch", "a mistyped name", """
        async def watch(shops, items, limit):
            async def one(shop):
                slots = asyncio.Semaphore(limit)

                async def ask(item):
                    async with slot:
                        return await shop.price(item)

                return shop.name, await asyncio.gather(*map(ask, items))

            return dict(await asyncio.gather(*map(one, shops)))
        """, "'slot'", never=("shopbusy",)),
    wrong("watch", "one limit for all shops", """
        async def watch(shops, items, limit):
            slots = asyncio.Semaphore(limit)

            async def ask(shop, item):
                async with slots:
                    return await shop.price(item)

            async def one(shop):
                return shop.name, await asyncio.gather(*[ask(shop, item) for item in items])

            return dict(await asyncio.gather(*map(one, shops)))
        """),
    wrong("watch", "a limit for each request", """
        async def watch(shops, items, limit):
            async def ask(shop, item):
                async with asyncio.Semaphore(limit):
                    return await shop.price(item)

            async def one(shop):
                return shop.name, await asyncio.gather(*[ask(shop, item) for item in items])

            return dict(await asyncio.gather(*map(one, shops)))
        """),
    wrong("watch", "with instead of async with", """
        async def watch(shops, items, limit):
            async def one(shop):
                slots = asyncio.Semaphore(limit)

                async def ask(item):
                    with slots:
                        return await shop.price(item)

                return shop.name, await asyncio.gather(*map(ask, items))

            return dict(await asyncio.gather(*map(one, shops)))
        """, "async with", never=("shopbusy",)),
    wrong("watch", "acquire without await", """
        async def watch(shops, items, limit):
            async def one(shop):
                slots = asyncio.Semaphore(limit)

                async def ask(item):
                    slots.acquire()
                    try:
                        return await shop.price(item)
                    finally:
                        slots.release()

                return shop.name, await asyncio.gather(*map(ask, items))

            return dict(await asyncio.gather(*map(one, shops)))
        """, "acquire", "await"),
    wrong("watch", "items one after another", """
        async def watch(shops, items, limit):
            async def one(shop):
                return shop.name, [await shop.price(item) for item in items]

            return dict(await asyncio.gather(*map(one, shops)))
        """),
    wrong("watch", "a limit of two", """
        async def watch(shops, items, limit):
            async def one(shop):
                slots = asyncio.Semaphore(2)

                async def ask(item):
                    async with slots:
                        return await shop.price(item)

                return shop.name, await asyncio.gather(*map(ask, items))

            return dict(await asyncio.gather(*map(one, shops)))
        """),
    wrong("watch", "the shops themselves as keys", """
        async def watch(shops, items, limit):
            async def one(shop):
                slots = asyncio.Semaphore(limit)

                async def ask(item):
                    async with slots:
                        return await shop.price(item)

                return await asyncio.gather(*map(ask, items))

            return dict(zip(shops, await asyncio.gather(*map(one, shops))))
        """, "the `name` of each shop"),
    right("work_off", "workers until the queue is empty", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                while not queue.empty():
                    item = queue.get_nowait()
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    finally:
                        queue.task_done()

            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(worker())
            return prices
        """),
    right("work_off", "join, then cancel", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                while True:
                    item = await queue.get()
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        continue
                    finally:
                        queue.task_done()

            workers = [asyncio.create_task(worker()) for _ in range(count)]
            await queue.join()
            for each in workers:
                each.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            return prices
        """),
    right("work_off", "join inside a task group", """
        async def work_off(queue, shop, count):
            found = {}

            async def worker():
                while True:
                    item = await queue.get()
                    try:
                        found[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    finally:
                        queue.task_done()

            async with asyncio.TaskGroup() as group:
                team = [group.create_task(worker()) for _ in range(count)]
                await queue.join()
                for each in team:
                    each.cancel()
            return found
        """),
    wrong("work_off", "a task group whose workers nobody cancels", """
        async def work_off(queue, shop, count):
            found = {}

            async def worker():
                while True:
                    item = await queue.get()
                    try:
                        found[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    finally:
                        queue.task_done()

            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(worker())
                await queue.join()
            return found
        """, "cancel the workers"),
    wrong("work_off", "a task group that fails with the first closed shop", """
        async def work_off(queue, shop, count):
            found = {}

            async def worker():
                while True:
                    item = await queue.get()
                    try:
                        found[item] = await shop.price(item)
                    finally:
                        queue.task_done()

            async with asyncio.TaskGroup() as group:
                team = [group.create_task(worker()) for _ in range(count)]
                await queue.join()
                for each in team:
                    each.cancel()
            return found
        """, "connectionerror", never=("cancel the workers",)),
    wrong("work_off", "task_done is forgotten after an error", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                while not queue.empty():
                    item = queue.get_nowait()
                    try:
                        prices[item] = await shop.price(item)
                        queue.task_done()
                    except ConnectionError:
                        pass

            await asyncio.gather(*[worker() for _ in range(count)])
            return prices
        """),
    wrong("work_off", "workers are left waiting", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                while True:
                    item = await queue.get()
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    queue.task_done()

            workers = [asyncio.create_task(worker()) for _ in range(count)]
            await queue.join()
            return prices
        """),
    wrong("work_off", "a worker ends with its shop's error", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                try:
                    while not queue.empty():
                        item = queue.get_nowait()
                        try:
                            prices[item] = await shop.price(item)
                        finally:
                            queue.task_done()
                except ConnectionError:
                    pass

            await asyncio.gather(*[worker() for _ in range(count)])
            return prices
        """),
    wrong("work_off", "the error is caught outside the loop, and counted", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                try:
                    while True:
                        item = await queue.get()
                        prices[item] = await shop.price(item)
                        queue.task_done()
                except ConnectionError:
                    queue.task_done()

            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(worker()) for _ in range(count)]
                await queue.join()
                for each in workers:
                    each.cancel()
            return prices
        """, "go on after a `connectionerror`"),
    wrong("work_off", "gather waits for workers that wait", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                while True:
                    item = await queue.get()
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    queue.task_done()

            await asyncio.gather(*[worker() for _ in range(count)])
            return prices
        """),
    wrong("work_off", "asks again after an error", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                while not queue.empty():
                    item = queue.get_nowait()
                    while item not in prices:
                        try:
                            prices[item] = await shop.price(item)
                        except ConnectionError:
                            pass
                    queue.task_done()

            await asyncio.gather(*[worker() for _ in range(count)])
            return prices
        """),
    wrong("work_off", "None for those without a price", """
        async def work_off(queue, shop, count):
            prices = {}

            async def worker():
                while not queue.empty():
                    item = queue.get_nowait()
                    prices[item] = None
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    queue.task_done()

            await asyncio.gather(*[worker() for _ in range(count)])
            return prices
        """, "leave the items out", never=("with return",)),
    right("ask_within", "a place first, then the pace", """
        async def ask_within(shop, items, limit, per_second):
            loop = asyncio.get_running_loop()
            places = asyncio.Semaphore(limit)
            earliest = loop.time()
            tasks = []
            for item in items:
                await places.acquire()
                if earliest > loop.time():
                    await asyncio.sleep(earliest - loop.time())
                earliest = loop.time() + 1 / per_second
                task = asyncio.create_task(shop.price(item))
                task.add_done_callback(lambda _: places.release())
                tasks.append(task)
            return await asyncio.gather(*tasks)
        """),
    right("ask_within", "a lock for the pace inside the semaphore", """
        async def ask_within(shop, items, limit, per_second):
            places, gate = asyncio.Semaphore(limit), asyncio.Lock()
            last = None

            async def ask(item):
                nonlocal last
                async with places:
                    async with gate:
                        now = asyncio.get_running_loop().time()
                        if last is not None and (left := last + 1 / per_second - now) > 0:
                            await asyncio.sleep(left)
                        last = asyncio.get_running_loop().time()
                    return await shop.price(item)

            return await asyncio.gather(*[ask(item) for item in items])
        """),
    wrong("ask_within", "the pace first", """
        async def ask_within(shop, items, limit, per_second):
            places = asyncio.Semaphore(limit)

            async def ask(number, item):
                await asyncio.sleep(number / per_second)
                async with places:
                    return await shop.price(item)

            return await asyncio.gather(*[ask(number, item) for number, item in enumerate(items)])
        """),
    wrong("ask_within", "no pace", """
        async def ask_within(shop, items, limit, per_second):
            places = asyncio.Semaphore(limit)

            async def ask(item):
                async with places:
                    return await shop.price(item)

            return await asyncio.gather(*map(ask, items))
        """),
    wrong("ask_within", "every request waits for the same moment", """
        async def ask_within(shop, items, limit, per_second):
            slots = asyncio.Semaphore(limit)

            async def ask(item):
                async with slots:
                    await asyncio.sleep(1 / per_second)
                    return await shop.price(item)

            return await asyncio.gather(*map(ask, items))
        """, "a moment that no other request has"),
    wrong("ask_within", "no limit", """
        async def ask_within(shop, items, limit, per_second):
            async def ask(number, item):
                await asyncio.sleep(number / per_second)
                return await shop.price(item)

            return await asyncio.gather(*[ask(number, item) for number, item in enumerate(items)])
        """),
    wrong("ask_within", "the place is held too long", """
        async def ask_within(shop, items, limit, per_second):
            places, gate = asyncio.Semaphore(limit), asyncio.Lock()

            async def ask(item):
                async with places:
                    async with gate:
                        await asyncio.sleep(1 / per_second)
                    return await shop.price(item)

            return await asyncio.gather(*map(ask, items))
        """),
    wrong("ask_within", "one after another", """
        async def ask_within(shop, items, limit, per_second):
            loop = asyncio.get_running_loop()
            prices = []
            for item in items:
                begin = loop.time()
                prices.append(await shop.price(item))
                await asyncio.sleep(max(0, begin + 1 / per_second - loop.time()))
            return prices
        """),
    hostile("watch", "memory without bound", """
        async def watch(shops, items, limit):
            held = []
            while True:
                held.append(bytearray(50_000_000))
        """),
    hostile("work_off", "Event, print and open replaced", """
        async def work_off(queue, shop, count):
            import builtins
            builtins.print = builtins.len = builtins.isinstance = None
            asyncio.Queue = asyncio.Event = None
            return {}
        """),
    hostile("ask_within", "a name of a million letters", """
        async def ask_within(shop, items, limit, per_second):
            task = asyncio.create_task(shop.price("tea"), name="\\u202e<b>" + "n" * 1_000_000)
            await task
            return ["<script>alert(1)</script>" * 10_000]
        """),
]
