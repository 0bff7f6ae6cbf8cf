"""The exercises and questions of notebook 08: limits and queues."""

from __future__ import annotations

import asyncio

from helpers.checker import Exercise, Mistake, any_order, equal, predict, require
from helpers.simulated_io import Shop

# -- semaphores: one for each shop ---------------------------------------------------------------------------------

watch = Exercise(
    lesson="08",
    title="Set a limit for each shop",
    task="""
        Write `watch(shops, items, limit)`: it asks every shop for every item, all shops at the same time, with at most
        `limit` requests in flight at each shop. It returns a dictionary: the name of each shop, and the list of its
        prices in the order of `items`.
        """,
    starter="""
        async def watch(shops, items, limit):
            ...                                 # your code here
        """,
    hints=[
        "The limit holds for each shop. How many semaphores does that make, for two shops and three items?",
        "Write a function for one shop: it makes one semaphore, and gathers the prices of all items, each behind "
        "`async with slots:`. Then call it for every shop, and gather that, too.",
        """
        Fill in the dots:
            async def ask(shop):
                slots = ...

                async def in_turn(item):
                    async with slots:
                        return ...

                return await asyncio.gather(*[in_turn(item) for item in items])

            lists = await asyncio.gather(*[ask(shop) for shop in shops])
            return {shop.name: prices for shop, prices in zip(shops, lists)}
        """,
    ],
    solution="""
        async def watch(shops, items, limit):
            async def ask(shop):
                slots = asyncio.Semaphore(limit)

                async def in_turn(item):
                    async with slots:
                        return await shop.price(item)

                return await asyncio.gather(*[in_turn(item) for item in items])

            lists = await asyncio.gather(*[ask(shop) for shop in shops])
            return {shop.name: prices for shop, prices in zip(shops, lists)}
        """,
    why="Each shop has one semaphore, which all requests to this shop share. So each shop is as busy as it may be, and "
        "no shop waits for another.",
    follow_up="Limit the requests to all shops together as well, with a second semaphore. Which of the two do you take "
              "first?",
    mistakes=[
        Mistake("error", "ShopBusy", """
            async def watch(shops, items, limit):
                lists = await asyncio.gather(*[
                    asyncio.gather(*[shop.price(item) for item in items]) for shop in shops])
                return {shop.name: prices for shop, prices in zip(shops, lists)}
            """),
        Mistake("error", "a semaphore of its own", """
            async def watch(shops, items, limit):
                async def get_price(shop, item):
                    slots = asyncio.Semaphore(limit)
                    async with slots:
                        return await shop.price(item)
                lists = await asyncio.gather(*[
                    asyncio.gather(*[get_price(shop, item) for item in items]) for shop in shops])
                return {shop.name: prices for shop, prices in zip(shops, lists)}
            """),
        Mistake("slow", "need not wait for another shop", """
            async def watch(shops, items, limit):
                slots = asyncio.Semaphore(limit)
                async def get_price(shop, item):
                    async with slots:
                        return await shop.price(item)
                lists = await asyncio.gather(*[
                    asyncio.gather(*[get_price(shop, item) for item in items]) for shop in shops])
                return {shop.name: prices for shop, prices in zip(shops, lists)}
            """),
        Mistake("slow", "as soon as any slot of its shop is free", """
            async def watch(shops, items, limit):
                async def ask(shop):
                    slots = asyncio.Semaphore(2)
                    async def in_turn(item):
                        async with slots:
                            return await shop.price(item)
                    return await asyncio.gather(*[in_turn(item) for item in items])
                lists = await asyncio.gather(*[ask(shop) for shop in shops])
                return {shop.name: prices for shop, prices in zip(shops, lists)}
            """),
        Mistake("slow", "need not wait for another shop", """
            async def watch(shops, items, limit):
                prices = {}
                for shop in shops:
                    slots = asyncio.Semaphore(limit)
                    async def in_turn(item):
                        async with slots:
                            return await shop.price(item)
                    prices[shop.name] = await asyncio.gather(*[in_turn(item) for item in items])
                return prices
            """),
        Mistake("slow", "nor for a batch", """
            async def watch(shops, items, limit):
                async def ask(shop):
                    prices = []
                    for first in range(0, len(items), limit):
                        batch = items[first:first + limit]
                        prices += await asyncio.gather(*[shop.price(item) for item in batch])
                    return prices
                lists = await asyncio.gather(*[ask(shop) for shop in shops])
                return {shop.name: prices for shop, prices in zip(shops, lists)}
            """),
        Mistake("sequential", "overlap", """
            async def watch(shops, items, limit):
                async def ask(shop):
                    slots, prices = asyncio.Semaphore(limit), []
                    for item in items:
                        async with slots:
                            prices.append(await shop.price(item))
                    return prices
                lists = await asyncio.gather(*[ask(shop) for shop in shops])
                return {shop.name: prices for shop, prices in zip(shops, lists)}
            """),
        Mistake("value", "in the order of `items`", """
            async def watch(shops, items, limit):
                prices = {shop.name: [] for shop in shops}
                async def get_price(shop, item, slots):
                    async with slots:
                        prices[shop.name].append(await shop.price(item))
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        slots = asyncio.Semaphore(limit)
                        for item in items:
                            group.create_task(get_price(shop, item, slots))
                return prices
            """),
        Mistake("error", "async with", """
            async def watch(shops, items, limit):
                async def ask(shop):
                    slots = asyncio.Semaphore(limit)
                    async def in_turn(item):
                        with slots:
                            return await shop.price(item)
                    return await asyncio.gather(*[in_turn(item) for item in items])
                lists = await asyncio.gather(*[ask(shop) for shop in shops])
                return {shop.name: prices for shop, prices in zip(shops, lists)}
            """),
        Mistake("deadlock", "release", """
            async def watch(shops, items, limit):
                async def ask(shop):
                    slots = asyncio.Semaphore(limit)
                    async def in_turn(item):
                        await slots.acquire()
                        return await shop.price(item)
                    return await asyncio.gather(*[in_turn(item) for item in items])
                lists = await asyncio.gather(*[ask(shop) for shop in shops])
                return {shop.name: prices for shop, prices in zip(shops, lists)}
            """),
    ],
    advice={
        "error: ^ShopBusy": "Let all requests to one shop share one semaphore of `limit` slots: a semaphore of its "
                            "own for each request limits nothing.",
        "slow": "Let each request begin as soon as any slot of its shop is free: it need not wait for another shop, "
                "nor for a batch.",
        "deadlock": "Release every slot that you acquire: `async with slots:` does both.",
        "value": "Return a dictionary: the `name` of each shop, and with it the list of its prices in the order of "
                 "`items`, whichever came first. `gather` keeps that order.",
    },
)

GOODS = ["tea", "coffee", "sugar", "salt", "rice"]


def full(name: str, latency: float, capacity: int, **options) -> Shop:
    """A shop that refuses whatever is more than its capacity."""
    return Shop(name, latency=latency, capacity=capacity, when_full="refuse", **options)


def prices_at(*names: str) -> dict[str, list[int]]:
    return {name: [Shop(name).price_of(item) for item in GOODS] for name in names}


@watch.case(returns=prices_at("north"), elapsed=0.9)
async def one_limited_shop(answer):
    """One shop, which takes 0.3 s and refuses more than two requests at once; five items; the limit is 2."""
    return await answer([full("north", 0.3, 2)], GOODS, 2)


@watch.case(returns=prices_at("north", "south", "east"), elapsed=0.6)
async def three_limited_shops(answer):
    """Three shops, which take 0.1, 0.3 and 0.2 s; each refuses more than three requests at once; five items; the limit
    is 3."""
    return await answer([full("north", 0.1, 3), full("south", 0.3, 3), full("east", 0.2, 3)], GOODS, 3)


def uneven_west() -> Shop:
    return full("west", 0.3, 2, jitter="uniform", spread=1, seed=1)


@watch.case(returns=prices_at("west"), elapsed=any_order([uneven_west().latency_of(item) for item in GOODS], at_once=2))
async def uneven_limited_shop(answer):
    """One shop, whose five requests take 0.03 to 0.3 s; it refuses more than two at once."""
    return await answer([uneven_west()], GOODS, 2)


@watch.case(elapsed=0.6)
async def seven_items(answer):
    """Two shops, which take 0.2 s and refuse more than three requests at once; seven items; the limit is 3."""
    items = [*GOODS, "milk", "salt"]
    shops = [full("north", 0.2, 3), full("south", 0.2, 3)]
    equal(await answer(shops, items, 3), {shop.name: [shop.price_of(item) for item in items] for shop in shops})


# -- workers on a queue --------------------------------------------------------------------------------------------

work_off = Exercise(
    lesson="08",
    title="Let workers survive a closed shop",
    task="""
        Write `work_off(queue, shop, count)`: `queue` holds items, and nobody adds more; `count` workers ask `shop` for
        their prices. It returns a dictionary of the prices that came. An item whose request ends with a
        `ConnectionError` is left out. Every item is asked for once, with up to `count` requests in flight. When
        `work_off` has returned, every worker has ended, and everything put into `queue` counts as done: `queue.join()`
        returns at once.
        """,
    starter="""
        async def work_off(queue, shop, count):
            ...                                 # your code here
        """,
    hints=[
        "Begin with a worker, in a `while True:` that gets one item after another. Which line must run for every item, "
        "also for one whose request fails?",
        "In the worker: put the request into a `try`, pass over a `ConnectionError`, and call `task_done()` in a "
        "`finally`.",
        "Create the workers in the block of a `TaskGroup`, and await `queue.join()` there. Then each worker waits in "
        "`get()` for ever: cancel it. The end of the block waits until all have ended.",
        """
        Fill in the dots:
            prices = {}

            async def work():
                while True:
                    item = await queue.get()
                    try:
                        ...
                    except ConnectionError:
                        pass
                    finally:
                        ...

            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(work()) for _ in range(count)]
                await ...
                for worker in workers:
                    ...
            return prices
        """,
    ],
    solution="""
        async def work_off(queue, shop, count):
            prices = {}

            async def work():
                while True:
                    item = await queue.get()
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    finally:
                        queue.task_done()

            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(work()) for _ in range(count)]
                await queue.join()
                for worker in workers:
                    worker.cancel()
            return prices
        """,
    why="Each item that a worker gets is followed by one `task_done()`, whatever becomes of the request, so `join` "
        "returns. An error that the worker does not expect ends the block instead of leaving `join` waiting.",
    follow_up="Put a mistake into your worker, such as a name that does not exist. Does `work_off` hang, or does the "
              "error come out?",
    mistakes=[
        Mistake("deadlock", "worked off", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while True:
                        item = await queue.get()
                        prices[item] = await shop.price(item)
                        queue.task_done()
                workers = [asyncio.create_task(work()) for _ in range(count)]
                await queue.join()
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                return prices
            """),
        Mistake("deadlock", "task_done", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while True:
                        item = await queue.get()
                        try:
                            prices[item] = await shop.price(item)
                        except ConnectionError:
                            pass
                workers = [asyncio.create_task(work()) for _ in range(count)]
                await queue.join()
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                return prices
            """),
        Mistake("deadlock", "wait in `get()` for ever", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while True:
                        item = await queue.get()
                        try:
                            prices[item] = await shop.price(item)
                        except ConnectionError:
                            pass
                        finally:
                            queue.task_done()
                await asyncio.gather(*[work() for _ in range(count)])
                return prices
            """),
        Mistake("left behind", "for ever", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while True:
                        item = await queue.get()
                        try:
                            prices[item] = await shop.price(item)
                        except ConnectionError:
                            pass
                        finally:
                            queue.task_done()
                workers = [asyncio.create_task(work()) for _ in range(count)]
                await queue.join()
                return prices
            """),
        Mistake("left behind", "wait until they have stopped", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while True:
                        item = await queue.get()
                        try:
                            prices[item] = await shop.price(item)
                        except ConnectionError:
                            pass
                        finally:
                            queue.task_done()
                workers = [asyncio.create_task(work()) for _ in range(count)]
                await queue.join()
                for worker in workers:
                    worker.cancel()
                return prices
            """),
        Mistake("value", "a sentinel too", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while (item := await queue.get()) is not None:
                        try:
                            prices[item] = await shop.price(item)
                        except ConnectionError:
                            pass
                        finally:
                            queue.task_done()
                async with asyncio.TaskGroup() as group:
                    for _ in range(count):
                        group.create_task(work())
                        queue.put_nowait(None)
                return prices
            """),
        Mistake("error", "called too many times", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while not queue.empty():
                        item = queue.get_nowait()
                        try:
                            prices[item] = await shop.price(item)
                            queue.task_done()
                        except ConnectionError:
                            queue.task_done()
                        finally:
                            queue.task_done()
                async with asyncio.TaskGroup() as group:
                    for _ in range(count):
                        group.create_task(work())
                return prices
            """),
        Mistake("error", "in the worker, around the one request", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while not queue.empty():
                        item = queue.get_nowait()
                        try:
                            prices[item] = await shop.price(item)
                        finally:
                            queue.task_done()
                async with asyncio.TaskGroup() as group:
                    for _ in range(count):
                        group.create_task(work())
                return prices
            """),
        Mistake("value", "counts as unfinished", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while not queue.empty():
                        item = queue.get_nowait()
                        try:
                            prices[item] = await shop.price(item)
                        except ConnectionError:
                            pass
                async with asyncio.TaskGroup() as group:
                    for _ in range(count):
                        group.create_task(work())
                return prices
            """),
        Mistake("value", "None", """
            async def work_off(queue, shop, count):
                prices = {}
                async def work():
                    while not queue.empty():
                        item = queue.get_nowait()
                        try:
                            prices[item] = await shop.price(item)
                        except ConnectionError:
                            prices[item] = None
                        finally:
                            queue.task_done()
                async with asyncio.TaskGroup() as group:
                    for _ in range(count):
                        group.create_task(work())
                return prices
            """),
        Mistake("sequential", "one after another", """
            async def work_off(queue, shop, count):
                prices = {}
                while not queue.empty():
                    item = queue.get_nowait()
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    finally:
                        queue.task_done()
                return prices
            """),
        Mistake("slow", "as soon as it is free", """
            async def work_off(queue, shop, count):
                prices = {}
                async def ask(item):
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    finally:
                        queue.task_done()
                while not queue.empty():
                    batch = [queue.get_nowait() for _ in range(min(count, queue.qsize()))]
                    await asyncio.gather(*[ask(item) for item in batch])
                return prices
            """),
        Mistake("peak", "requests were in flight", """
            async def work_off(queue, shop, count):
                prices = {}
                async def ask(item):
                    try:
                        prices[item] = await shop.price(item)
                    except ConnectionError:
                        pass
                    finally:
                        queue.task_done()
                async with asyncio.TaskGroup() as group:
                    while not queue.empty():
                        group.create_task(ask(queue.get_nowait()))
                return prices
            """),
    ],
    advice={
        "deadlock": "Call `task_done()` once for every item, in a `finally`, and let a worker go on after a "
                    "`ConnectionError`. Cancel the workers after the `join()`: workers without an end wait in `get()` "
                    "for ever.",
        "slow": "Each worker gets its next item as soon as it is free; a batch waits for its slowest "
                "request.",
        "left behind": "Cancel each worker after the `join()`, and then wait until they have stopped: a worker without "
                       "an end waits in `get()` for ever, and one that is cancelled stops only at its next turn.",
        "error: ^(ShopError|ConnectionError)":
            "Catch the `ConnectionError` in the worker, around the one request that failed: then the worker goes on "
            "with the next item.",
        "error: task_done": "Call `task_done()` once for each item, in one `finally`: the queue counts what was put "
                            "into it and what is done.",
        "value: unfinished": "Call `task_done()` for everything that you get from the queue, a sentinel too, or it "
                             "counts as unfinished.",
        "value: ': None": "Leave the items out that failed: they stand in the dictionary, with `None`.",
        "value": "Let a worker go on after a `ConnectionError`, and return the prices that came, and nothing for the "
                 "items that failed.",
    },
)


def queue_of(items: list[str]) -> asyncio.Queue:
    queue: asyncio.Queue = asyncio.Queue()
    for item in items:
        queue.put_nowait(item)
    return queue


async def all_done(queue: asyncio.Queue) -> None:
    """Demand that no worker is at work any more, and that `queue.join()` returns at once."""
    left = len(asyncio.all_tasks()) - 1                     # but the one that runs the case
    require(not left, "left behind", f"when work_off returned, {left} of its tasks had not ended",
            "when it returns, every worker has ended")
    join = asyncio.create_task(queue.join(), name="queue.join()")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    done = join.done()
    join.cancel()
    await asyncio.gather(join, return_exceptions=True)
    require(done, "value", "work_off has returned, and something in the queue still counts as unfinished",
            "queue.join() returns at once")


@work_off.case(elapsed=0.6, peak=2)
async def all_open(answer):
    """Five items, two workers, and a shop that takes 0.2 s."""
    queue = queue_of(GOODS)
    prices = await answer(queue, Shop("north", latency=0.2), 2)
    equal(prices, dict(zip(GOODS, prices_at("north")["north"])))
    await all_done(queue)


@work_off.case(elapsed=0.6, peak=2, drawn=True)
async def some_fail(answer):
    """Five items, two workers; the requests for coffee and salt fail."""
    shop = FailsFor("south", ("coffee", "salt"), latency=0.2)
    queue = queue_of(GOODS)
    prices = await answer(queue, shop, 2)
    equal(prices, {item: shop.price_of(item) for item in ("tea", "sugar", "rice")})
    equal(shop.requests, 5, "the number of requests")
    await all_done(queue)


@work_off.case(elapsed=0.6, peak=3)
async def one_takes_long(answer):
    """Five items, three workers; the shop takes 0.6 s for tea and 0.2 s for the others."""
    shop = TakesLong("east", "tea", latency=0.2)
    queue = queue_of(GOODS)
    prices = await answer(queue, shop, 3)
    equal(prices, {item: shop.price_of(item) for item in GOODS})
    await all_done(queue)


@work_off.case(elapsed=0.4, peak=3)
async def a_line_is_cut(answer):
    """Six items, three workers, and a shop that takes 0.2 s. The line to it is cut while it answers for tea, coffee and
    sugar: each is a ConnectionError."""
    items = [*GOODS, "milk"]
    shop = LineCut("west", items[:3], latency=0.2)
    queue = queue_of(items)
    prices = await answer(queue, shop, 3)
    equal(prices, {item: shop.price_of(item) for item in items[3:]})
    await all_done(queue)


class LineCut(Shop):
    """A shop to which the line is cut while it answers for certain items: an error that is no ShopError."""

    def __init__(self, name: str, items: list[str], **options) -> None:
        super().__init__(name, **options)
        self.missing = items

    async def price(self, item: str) -> int:
        cents = await super().price(item)
        if item in self.missing:
            raise ConnectionResetError("the line is cut")
        return cents


class TakesLong(Shop):
    """A shop that takes three times as long for one item."""

    def __init__(self, name: str, item: str, **options) -> None:
        super().__init__(name, **options)
        self.takes_long = item

    def latency_of(self, item: str, k: int = 0) -> float:
        return super().latency_of(item, k) * (3 if item == self.takes_long else 1)


class FailsFor(Shop):
    """A shop that fails for certain items."""

    def __init__(self, name: str, items: tuple[str, ...], **options) -> None:
        super().__init__(name, **options)
        self.missing = items

    def fails(self, item: str, k: int = 0) -> bool:
        return item in self.missing


# -- a challenge: both limits --------------------------------------------------------------------------------------

ask_within = Exercise(
    lesson="08",
    title="Keep both limits at once",
    task="""
        Write `ask_within(shop, items, limit, per_second)`: it returns the prices of all items, in their order. At most
        `limit` requests are in flight, and between the beginnings of two requests there are at least `1 / per_second`
        seconds. Within these two limits every request begins as early as it can.
        """,
    starter="""
        async def ask_within(shop, items, limit, per_second):
            ...                                 # your code here
        """,
    hints=[
        "For the limit, take a semaphore. For the gaps, keep the moment from which on the next request may begin, in "
        "one variable for all requests.",
        "Each request has to wait for two things: a free slot, and its moment. Which one may grow old while you wait "
        "for the other?",
        "A moment that was given out may pass while the request still waits for a slot; then several of them start at "
        "once. So take the slot first, and inside it ask for the moment.",
        """
        Fill in the dots:
            slots = asyncio.Semaphore(limit)
            loop = asyncio.get_running_loop()
            free = 0.0

            async def ask(item):
                nonlocal free
                async with slots:
                    start = max(loop.time(), free)
                    free = ...
                    await asyncio.sleep(...)
                    return await shop.price(item)

            return await asyncio.gather(*[ask(item) for item in items])
        """,
    ],
    solution="""
        async def ask_within(shop, items, limit, per_second):
            slots = asyncio.Semaphore(limit)
            loop = asyncio.get_running_loop()
            free = 0.0

            async def ask(item):
                nonlocal free
                async with slots:
                    start = max(loop.time(), free)
                    free = start + 1 / per_second
                    await asyncio.sleep(start - loop.time())
                    return await shop.price(item)

            return await asyncio.gather(*[ask(item) for item in items])
        """,
    why="The slot comes first, so a moment is asked for only when it can be used, and no two requests begin too close "
        "together.",
    follow_up="Allow a burst: the first five requests may begin at once, if nobody has asked for a while.",
    mistakes=[
        Mistake("early", "after the one before", """
            async def ask_within(shop, items, limit, per_second):
                slots = asyncio.Semaphore(limit)
                async def ask(item):
                    async with slots:
                        return await shop.price(item)
                return await asyncio.gather(*[ask(item) for item in items])
            """),
        Mistake("peak", "requests were in flight", """
            async def ask_within(shop, items, limit, per_second):
                async def ask(number, item):
                    await asyncio.sleep(number / per_second)
                    return await shop.price(item)
                return await asyncio.gather(*[ask(number, item) for number, item in enumerate(items)])
            """),
        Mistake("early", "Take the slot first", """
            async def ask_within(shop, items, limit, per_second):
                slots = asyncio.Semaphore(limit)
                async def ask(number, item):
                    await asyncio.sleep(number / per_second)
                    async with slots:
                        return await shop.price(item)
                return await asyncio.gather(*[ask(number, item) for number, item in enumerate(items)])
            """),
        Mistake("sequential", "one after another", """
            async def ask_within(shop, items, limit, per_second):
                prices = []
                for item in items:
                    prices.append(await shop.price(item))
                    await asyncio.sleep(1 / per_second)
                return prices
            """),
        Mistake("early", "after the one before", """
            async def ask_within(shop, items, limit, per_second):
                slots = asyncio.Semaphore(limit)
                async def ask(item):
                    async with slots:
                        await asyncio.sleep(1 / per_second)
                        return await shop.price(item)
                return await asyncio.gather(*[ask(item) for item in items])
            """),
        Mistake("sequential", "one after another", """
            async def ask_within(shop, items, limit, per_second):
                slots, gate = asyncio.Semaphore(limit), asyncio.Lock()
                async def ask(item):
                    async with slots, gate:
                        price = await shop.price(item)
                        await asyncio.sleep(1 / per_second)
                        return price
                return await asyncio.gather(*[ask(item) for item in items])
            """),
        Mistake("slow", "as early as it can", """
            async def ask_within(shop, items, limit, per_second):
                slots, gate = asyncio.Semaphore(limit), asyncio.Lock()
                async def ask(item):
                    async with slots:
                        async with gate:
                            await asyncio.sleep(1 / per_second)
                        return await shop.price(item)
                return await asyncio.gather(*[ask(item) for item in items])
            """),
    ],
    advice={
        "early": "Take the slot first, and then wait for a moment that no other request has: between two beginnings "
                 "lie at least `1 / per_second` seconds.",
        "peak": "Take a slot as well: the rate alone does not limit what is in flight, since a slow shop collects "
                "requests.",
        "slow": "Begin every request as early as it can: the first one at once, another at the end of its gap or when"
                " a slot is free, whichever is later.",
    },
)


class Noting(Shop):
    """A shop that notes when requests begin, in seconds of its loop."""

    def __init__(self, name: str, **options) -> None:
        super().__init__(name, **options)
        self.began: list[float] = []

    async def price(self, item: str) -> int:
        self.began.append(asyncio.get_running_loop().time())
        return await super().price(item)


async def within(answer, shop: Noting, limit: int, per_second: float, items: list[str] = GOODS) -> None:
    """Ask, and demand that no request began too early."""
    prices = await answer(shop, items, limit, per_second)
    for earlier, later in zip(shop.began, shop.began[1:]):
        gap = later - earlier
        require(gap > 1 / per_second - 1e-6, "early", f"a request began {gap:.3g} s after the one before",
                f"at least {1 / per_second:g} s lie between two beginnings")
    require(shop.peak <= limit, "peak", f"{shop.peak} requests were in flight at the same time", f"at most {limit}")
    equal(prices, [shop.price_of(item) for item in items])


@ask_within.case(elapsed=0.5)
async def fast_shop(answer):
    """Five items; the shop takes 0.1 s. The limit is 5, and the rate 10 per second."""
    await within(answer, Noting("north", latency=0.1), 5, 10)


@ask_within.case(elapsed=3, drawn=True)
async def slow_shop(answer):
    """Five items; the shop takes 1 s. The limit is 2, and the rate 10 per second."""
    await within(answer, Noting("north", latency=1.0), 2, 10)


@ask_within.case(elapsed=2.482)
async def uneven_shop(answer):
    """Five items, whose requests take 0.7 to 1 s. The limit is 2, and the rate 4 per second."""
    await within(answer, Noting("south", latency=1.0, jitter="uniform", spread=1, seed=11), 2, 4)


@ask_within.case(elapsed=1.7)
async def seven_items_slowly(answer):
    """Seven items; the shop takes 0.5 s. The limit is 3, and the rate 5 per second."""
    await within(answer, Noting("east", latency=0.5), 3, 5, [*GOODS, "milk", "honey"])


# -- questions -----------------------------------------------------------------------------------------------------

predict_batches = predict(
    "Seven requests, at most three in flight. Tea takes 0.6 s, each of the other six 0.2 s. How long does `in_batches` "
    "take, and how long does `with_semaphore` take?",
    {
        "batches 1 s, semaphore 0.6 s":
            "The batches take 0.6 + 0.2 + 0.2 s. With the semaphore, the other six requests share the two slots that "
            "tea leaves free, three in each slot: they end when tea ends.",
        "both 1 s":
            "Then the semaphore, too, would wait for three requests before it starts the next three. What happens "
            "when one slot becomes free? Run the cell.",
        "both 0.6 s":
            "In a batch, what can begin in a place that becomes free while tea is on its way? Run the cell.",
        "batches 1 s, semaphore 1.8 s":
            "1.8 s is the sum of all waits. A semaphore with three slots lets three requests wait at the same time. "
            "Run the cell.",
    },
    right="batches 1 s, semaphore 0.6 s",
)

predict_tasks = predict(
    "`with_semaphore` has 20 slots and a thousand items. How many tasks exist at once, at most, and how many requests "
    "are in flight?",
    {
        "21 tasks, 20 requests in flight":
            "Then a task would be made only when a slot is free. Look at the lanes of the seven above: when does each "
            "begin?",
        "1,001 tasks, 20 requests in flight":
            "The group creates a task for each item at once, and there is the main task, which waits for them. A task "
            "that finds no free slot waits for one, but it exists.",
        "1,001 tasks, 1,000 requests in flight":
            "A task that waits at `async with slots` has not begun its request. Run the cell: `Client` counts what has "
            "begun.",
    },
    right="1,001 tasks, 20 requests in flight",
)

predict_read = predict(
    "Twenty workers, a queue with room for 20 items, and a catalogue of 1,000. How many items have been read when the "
    "first answer comes?",
    {
        "20":
            "That many are with the workers. The queue is empty then, and nothing stops the block from filling it. "
            "Run the cell.",
        "41":
            "20 are with the workers, 20 are in the queue, and one was read and waits in `put` until there is room.",
        "1,000":
            "That would be so with an unbounded queue. What does `put` do when this queue is full? Run the cell.",
    },
    right="41",
)

predict_join = predict(
    "The request for salt fails in a worker. What becomes of `ask_and_join`?",
    {
        "it raises the worker's `ShopError`":
            "The error ends the task of the worker. `join` waits for a number in the queue, not for a task. Run the "
            "cell.",
        "it returns six prices":
            "How often was `task_done()` called, for seven items? Run the cell.",
        "it waits for ever":
            "The failed worker did not call `task_done()`, so one job stays unfinished, and `join` waits for it.",
    },
    right="it waits for ever",
)

predict_finally = predict(
    "`task_done()` now runs even if a request fails. South fails for every item. What becomes of `ask_and_join` with "
    "south?",
    {
        "it returns no prices":
            "That would need seven calls of `task_done()`. How many items does a worker take that ends with an error? "
            "Run the cell.",
        "it raises a `ShopError`":
            "Each worker ends with one. Who waits for the workers, while `join` has not returned? Run the cell.",
        "it waits for ever":
            "Each of the two workers ends at its first item. Five items stay in the queue, and no worker is left.",
    },
    right="it waits for ever",
)

predict_bound = predict(
    "The bounded queue makes the producer wait. How much longer does the whole run take than with the unbounded queue?",
    {
        "as much longer as the producer waits":
            "The producer ends later, that is true. But who is the last to end, and does the worker ever lack an item?",
        "not at all: both take equally long":
            "The worker is the slow part. As long as it finds an item in the queue whenever it is free, it does not "
            "matter how long the producer waits.",
        "three times as long":
            "The worker is three times as slow as the producer, with both queues. Run the cell, and compare the "
            "worker's two lanes.",
    },
    right="not at all: both take equally long",
)

predict_limit = predict(
    "The shop serves 20 at once. You raise your limit from 20 to 40 requests in flight. What happens to throughput and "
    "latency?",
    {
        "throughput doubles, latency stays":
            "That is what happens from 5 to 10, where the shop still has free places. Where do requests 21 to 40 wait?",
        "both double":
            "The shop would have to serve 40 at once. Run the cell, and see which of the two does double.",
        "both stay":
            "Then 40 requests in flight would be answered as fast as 20, by a shop that serves 20 at once. Run the "
            "cell, and see what becomes of the others.",
        "throughput stays, latency doubles":
            "The shop is full already. 40 requests in flight share its 100 answers per second, so each takes 0.4 s.",
    },
    right="throughput stays, latency doubles",
)
