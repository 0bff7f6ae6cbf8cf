"""The exercises and questions of notebook 13: five broken programs, and how to look into one that is stuck.

The starter of an exercise is a program with a bug. So each has a hint that says which instrument to take, and cases
that know the usual wrong repairs: a timeout, a sleep, catching everything, one after the other.
"""

from __future__ import annotations

import asyncio
import time

from helpers.checker import Exercise, Mistake, cancelled, equal, predict, require
from helpers.simulated_io import Shop, ShopError

SETUP = """\
import asyncio
from helpers import Shop, ShopError
"""


class Broken(Shop):
    """A shop whose answer is an error that is no ShopError."""

    def __init__(self, name: str, error: Exception, **options) -> None:
        super().__init__(name, **options)
        self.error = error

    async def price(self, item: str) -> int:
        await super().price(item)
        raise self.error


def price_at(name: str, item: str = "tea") -> int:
    return Shop(name).price_of(item)


# -- a lock that nobody gives back ---------------------------------------------------------------------------------

ask_in_turn = Exercise(
    lesson="13",
    title="It hangs after an error",
    task="""
        `ask_in_turn(shop, item, lock)` returns the shop's price for `item`. Many tasks share `lock`, an `asyncio.Lock`,
        so that one request is under way at a time. Errors of the shop reach the caller, and a task that is cancelled
        ends as cancelled. After a shop has failed, the program hangs. Repair the function.
        """,
    starter="""
        async def ask_in_turn(shop, item, lock):
            await lock.acquire()
            price = await shop.price(item)
            lock.release()
            return price
        """,
    hints=[
        "Run the cell below the exercise. Which task took the lock that north waits for, and what became of it?",
        "Go through the function line by line for a shop that raises an error. Which line is not reached?",
        "async with lock: takes the lock, and gives it back however the block ends.",
    ],
    solution="""
        async def ask_in_turn(shop, item, lock):
            async with lock:
                return await shop.price(item)
        """,
    why="async with gives the lock back when the block ends, also after an error and after a cancellation; and it "
        "gives back only a lock that it has taken.",
    follow_up="Which other pairs of calls in your programs need the same care: open and close, begin and commit?",
    setup=SETUP,
    mistakes=[
        Mistake("error", "no timeout", """
            async def ask_in_turn(shop, item, lock):
                async with asyncio.timeout(1):
                    await lock.acquire()
                price = await shop.price(item)
                lock.release()
                return price
            """),
        Mistake("error", "no timeout", """
            async def ask_in_turn(shop, item, lock):
                await asyncio.wait_for(lock.acquire(), 0.5)
                price = await shop.price(item)
                lock.release()
                return price
            """),
        Mistake("slow", "gives no lock back", """
            async def ask_in_turn(shop, item, lock):
                await asyncio.sleep(0.01)
                await lock.acquire()
                price = await shop.price(item)
                lock.release()
                return price
            """),
        Mistake("clean-up", "also when the task is cancelled", """
            async def ask_in_turn(shop, item, lock):
                await lock.acquire()
                try:
                    price = await shop.price(item)
                except Exception:
                    lock.release()
                    raise
                lock.release()
                return price
            """),
        Mistake("clean-up", "also when the task is cancelled", """
            async def ask_in_turn(shop, item, lock):
                await lock.acquire()
                try:
                    price = await shop.price(item)
                except ShopError:
                    lock.release()
                    raise
                lock.release()
                return price
            """),
        Mistake("no exception", "whoever gets None", """
            async def ask_in_turn(shop, item, lock):
                async with lock:
                    try:
                        return await shop.price(item)
                    except ShopError:
                        return None
            """),
        Mistake("no exception", "the error as a value", """
            async def ask_in_turn(shop, item, lock):
                async with lock:
                    try:
                        return await shop.price(item)
                    except ShopError as error:
                        return error
            """),
        Mistake("peak", "one request at a time", """
            async def ask_in_turn(shop, item, lock):
                return await shop.price(item)
            """),
        Mistake("peak", "one request at a time", """
            async def ask_in_turn(shop, item, lock):
                async with asyncio.Lock():
                    return await shop.price(item)
            """),
        Mistake("error", "preferably with async with", """
            async def ask_in_turn(shop, item, lock):
                if lock.locked():
                    lock.release()
                await lock.acquire()
                price = await shop.price(item)
                lock.release()
                return price
            """),
        Mistake("clean-up", "taken itself", """
            async def ask_in_turn(shop, item, lock):
                try:
                    await lock.acquire()
                    return await shop.price(item)
                finally:
                    lock.release()
            """),
        Mistake("error", "async with", """
            async def ask_in_turn(shop, item, lock):
                with lock:
                    return await shop.price(item)
            """),
    ],
    advice={
        "error: ^TimeoutError": "Give the lock back after every request, also one that fails; no timeout is needed "
                                "then. A timeout only turns the hang into an error.",
        "error: context manager": "Write async with: to take a lock may mean to wait, and only async with can wait.",
        "slow": "Ask as soon as the lock is free: a pause changes when the tasks meet, and gives no lock back.",
        "deadlock": "Give the lock back however the request ends: async with does that. The task that hangs waits for "
                    "a lock that nobody will release.",
        "clean-up: cancelled while it asks": "Release the lock also when the task is cancelled: a CancelledError is no "
                                             "Exception, and async with or finally meet it, too.",
        "clean-up: cancelled while it waits": "Give back only a lock that this task has taken itself: acquire in front "
                                              "of the try, or async with.",
        "no exception": "Let the error reach the caller as an exception: whoever gets None, or the error as a value, "
                        "takes it for a price.",
        "peak": "Keep one lock that all tasks share, and one request at a time: it must be free before it is taken.",
    },
)


@ask_in_turn.case(returns=price_at("north"), elapsed=0.2)
async def one_shop(answer):
    """North answers after 0.2 s."""
    lock = asyncio.Lock()
    price = await answer(Shop("north", latency=0.2), "tea", lock)
    require(not lock.locked(), "clean-up", "the lock is still held afterwards", "it is free")
    return price


@ask_in_turn.case(peak=1, elapsed=0.6)
async def three_tasks(answer):
    """Three tasks ask north at the same time; each request takes 0.2 s."""
    north, lock = Shop("north", latency=0.2), asyncio.Lock()
    prices = await asyncio.gather(*[answer(north, item, lock) for item in ("tea", "milk", "coffee")])
    equal(prices, [price_at("north", item) for item in ("tea", "milk", "coffee")], "the three prices")


@ask_in_turn.case(drawn=True, peak=1)
async def one_fails(answer):
    """South is down: it fails after 0.1 s. North waits for the lock meanwhile, and answers 0.2 s later."""
    lock = asyncio.Lock()
    south, north = Shop("south", latency=0.1, failure_rate=1), Shop("north", latency=0.2)
    tasks = [asyncio.create_task(answer(shop, "tea", lock), name=shop.name) for shop in (south, north)]
    failed, price = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(price, BaseException):
        raise price
    equal(price, price_at("north"), "north's price")
    raised = tasks[0].cancelled() or tasks[0].exception() is not None       # an error that is returned is none
    require(raised, "no exception", "south failed, and no error reached the caller", "the ShopError reaches the caller")
    if not isinstance(failed, ShopError):
        raise failed


@ask_in_turn.case()
async def cancelled_while_it_asks(answer):
    """The task is cancelled after 0.1 s, while it waits for north's answer."""
    lock = asyncio.Lock()
    await cancelled(answer(Shop("north", latency=0.6), "tea", lock), after=0.1)
    require(not lock.locked(), "clean-up", "the task was cancelled while it asks, and the lock is still held",
            "the lock is free")


@ask_in_turn.case()
async def cancelled_while_it_waits(answer):
    """Another task holds the lock. The task is cancelled after 0.1 s, while it waits for the lock."""
    lock = asyncio.Lock()
    await lock.acquire()
    task = asyncio.create_task(answer(Shop("north"), "tea", lock))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait([task])
    require(lock.locked(), "clean-up", "the task was cancelled while it waits for the lock, and released it",
            "the lock stays with the task that holds it")
    require(task.cancelled(), "swallowed", "the task was cancelled, and did not end as cancelled",
            "it ends with CancelledError")


@ask_in_turn.case(raises=ValueError)
async def another_error(answer):
    """North's answer is no number: a ValueError. The lock is free afterwards."""
    lock = asyncio.Lock()
    try:
        return await answer(Broken("north", ValueError("no number"), latency=0.1), "tea", lock)
    finally:
        require(not lock.locked(), "clean-up", "after a ValueError the lock is still held", "it is free")


# -- a task that does not end --------------------------------------------------------------------------------------

watch_price = Exercise(
    lesson="13",
    title="It does not stop",
    task="""
        `watch_price(shop, item, prices)` asks the shop, appends the price to the list `prices`, sleeps 1 second, and so
        on. After a `ConnectionError` it appends `None` instead, and goes on; any other error comes out at once. It
        should run until it is cancelled, and then end as cancelled. But it does not end. Repair it.
        """,
    starter="""
        async def watch_price(shop, item, prices):
            while True:
                try:
                    prices.append(await shop.price(item))
                except BaseException:
                    prices.append(None)         # asked again in a second
                await asyncio.sleep(1)
        """,
    hints=[
        "Run the cell below the exercise. What does prices hold after the cancellation, and which line put it there?",
        "A cancellation is an exception that is raised at the await where the task waits. Who catches it here?",
        "Catch the error that the task names, and nothing else.",
    ],
    solution="""
        async def watch_price(shop, item, prices):
            while True:
                try:
                    prices.append(await shop.price(item))
                except ConnectionError:
                    prices.append(None)
                await asyncio.sleep(1)
        """,
    why="It catches ConnectionError and nothing else, so a CancelledError goes through to whoever cancelled the task.",
    follow_up="Would a timeout around the task have ended it? Put one around the broken program, and run it.",
    setup=SETUP,
    mistakes=[
        Mistake("swallowed", "Catch ConnectionError", """
            async def watch_price(shop, item, prices):
                while True:
                    try:
                        prices.append(await shop.price(item))
                    except (ConnectionError, asyncio.CancelledError):
                        prices.append(None)
                    await asyncio.sleep(1)
            """),
        Mistake("swallowed", "Catch ConnectionError", """
            async def watch_price(shop, item, prices):
                while True:
                    try:
                        prices.append(await shop.price(item))
                    except:
                        prices.append(None)
                    await asyncio.sleep(1)
            """),
        Mistake("swallowed", "Catch ConnectionError", """
            async def watch_price(shop, item, prices):
                while True:
                    try:
                        async with asyncio.timeout(5):
                            prices.append(await shop.price(item))
                    except BaseException:
                        prices.append(None)
                    await asyncio.sleep(1)
            """),
        Mistake("swallowed", "Let the CancelledError reach the caller", """
            async def watch_price(shop, item, prices):
                try:
                    while True:
                        try:
                            prices.append(await shop.price(item))
                        except ConnectionError:
                            prices.append(None)
                        await asyncio.sleep(1)
                except asyncio.CancelledError:
                    pass
            """),
        Mistake("swallowed", "Let the CancelledError reach the caller", """
            async def watch_price(shop, item, prices):
                while True:
                    try:
                        prices.append(await shop.price(item))
                    except ConnectionError:
                        prices.append(None)
                    except asyncio.CancelledError:
                        break
                    await asyncio.sleep(1)
            """),
        Mistake("swallowed", "Let the CancelledError reach the caller", """
            async def watch_price(shop, item, prices):
                while not asyncio.current_task().cancelling():
                    try:
                        prices.append(await shop.price(item))
                    except ConnectionError:
                        prices.append(None)
                    except asyncio.CancelledError:
                        return
                    await asyncio.sleep(1)
            """),
        Mistake("swallowed", "do not wait in a finally", """
            async def watch_price(shop, item, prices):
                while True:
                    try:
                        prices.append(await shop.price(item))
                    except ConnectionError:
                        prices.append(None)
                    finally:
                        await asyncio.sleep(1)
            """),
        Mistake("value", "sleep 1 second", """
            async def watch_price(shop, item, prices):
                while True:
                    try:
                        prices.append(await shop.price(item))
                        await asyncio.sleep(1)
                    except ConnectionError:
                        prices.append(None)
            """),
        Mistake("value", "nothing after a cancellation", """
            async def watch_price(shop, item, prices):
                while True:
                    try:
                        prices.append(await shop.price(item))
                    except ConnectionError:
                        prices.append(None)
                    except BaseException:
                        prices.append(None)
                        raise
                    await asyncio.sleep(1)
            """),
        Mistake("no exception", "except ConnectionError", """
            async def watch_price(shop, item, prices):
                while True:
                    try:
                        prices.append(await shop.price(item))
                    except Exception:
                        prices.append(None)
                    await asyncio.sleep(1)
            """),
        Mistake("early", "until it is cancelled", """
            async def watch_price(shop, item, prices):
                for _ in range(3):
                    try:
                        prices.append(await shop.price(item))
                    except ConnectionError:
                        prices.append(None)
                    await asyncio.sleep(1)
            """),
        Mistake("error", "go on after a ConnectionError", """
            async def watch_price(shop, item, prices):
                while True:
                    prices.append(await shop.price(item))
                    await asyncio.sleep(1)
            """),
        Mistake("error", "go on after a ConnectionError", """
            async def watch_price(shop, item, prices):
                try:
                    while True:
                        prices.append(await shop.price(item))
                        await asyncio.sleep(1)
                except ConnectionError:
                    prices.append(None)
                    raise
            """),
        Mistake("error", "no timeout", """
            async def watch_price(shop, item, prices):
                async with asyncio.timeout(3):
                    while True:
                        try:
                            prices.append(await shop.price(item))
                        except ConnectionError:
                            prices.append(None)
                        await asyncio.sleep(1)
            """),
    ],
    advice={
        "swallowed: returned": "Let the CancelledError reach the caller: without a return, a break or a pass that "
                               "ends it, the task ends as cancelled.",
        "swallowed": "Catch ConnectionError, and nothing else, and do not wait in a finally: then a CancelledError "
                     "goes through, and ends the task at once.",
        "value": "Append the price after an answer, None after a ConnectionError, and nothing after a cancellation. "
                 "After each of the first two, sleep 1 second.",
        "no exception": "Write except ConnectionError: the task asks for None after this error only, and every other "
                        "one comes out.",
        "early": "Go on until it is cancelled: the caller decides when the watching ends.",
        "error: ^ShopError": "Catch it inside of the loop, and go on after a ConnectionError: a ShopError is one.",
        "error: ^TimeoutError": "Leave it to the caller when the watching ends; no timeout is needed for a task that "
                                "can be cancelled.",
    },
)


@watch_price.case()
async def three_prices(answer):
    """North answers after 0.3 s each time. The task is cancelled after 3.5 s, in the pause after the third price."""
    prices: list[int | None] = []
    await cancelled(answer(Shop("north", latency=0.3), "tea", prices), after=3.5)
    equal(prices, [price_at("north")] * 3, "prices")


@watch_price.case(drawn=True)
async def cancelled_during_a_request(answer):
    """The task is cancelled after 0.2 s, during its first request."""
    prices: list[int | None] = []
    await cancelled(answer(Shop("north", latency=0.3), "tea", prices), after=0.2)
    equal(prices, [], "prices")


@watch_price.case()
async def shop_is_down(answer):
    """The shop is down: each request fails after 0.1 s. The task is cancelled after 2.5 s."""
    prices: list[int | None] = []
    await cancelled(answer(Shop("south", latency=0.1, failure_rate=1), "tea", prices), after=2.5)
    equal(prices, [None] * 3, "prices")


@watch_price.case()
async def it_runs_long(answer):
    """North answers after 0.3 s each time. The task is cancelled after 20 s."""
    prices: list[int | None] = []
    await cancelled(answer(Shop("north", latency=0.3), "tea", prices), after=20)
    equal(prices, [price_at("north")] * 16, "prices")


@watch_price.case()
async def line_is_cut(answer):
    """The line to west is cut: each request ends with a ConnectionResetError after 0.1 s, which is a ConnectionError.
    The task is cancelled after 1.5 s."""
    prices: list[int | None] = []
    west = Broken("west", ConnectionResetError("the line is cut"), latency=0.1)
    await cancelled(answer(west, "tea", prices), after=1.5)
    equal(prices, [None] * 2, "prices")


async def comes_out(answer, error: Exception) -> None:
    """Demand that an error of the shop comes out, and is not asked about again."""
    task = asyncio.create_task(answer(Broken("east", error, latency=0.1), "tea", []))
    done, _ = await asyncio.wait([task], timeout=5)
    if not done:
        task.cancel()
        await asyncio.wait([task], timeout=5)
    kind = type(error).__name__
    require(done, "no exception", f"after the {kind} the task asks on", f"the {kind} comes out")
    return await task


@watch_price.case(raises=ValueError, elapsed=0.1)
async def no_number(answer):
    """The shop's answer is no number: a ValueError, after 0.1 s."""
    return await comes_out(answer, ValueError("no number"))


@watch_price.case(raises=OSError, elapsed=0.1)
async def disk_is_full(answer):
    """The shop's answer cannot be kept: an OSError that is no ConnectionError, after 0.1 s."""
    return await comes_out(answer, OSError("the disk is full"))


# -- a condition that is always true -------------------------------------------------------------------------------

class Market(Shop):
    """A shop that says if it is open; a closed one has an old price."""

    def __init__(self, name: str, opened: bool, **options) -> None:
        super().__init__(name, **options)
        self.opened, self.times = opened, 0

    async def is_open(self) -> bool:
        self.times += 1
        await asyncio.sleep(0.1)
        return self.opened


cheapest_open = Exercise(
    lesson="13",
    title="It gives a wrong price",
    task="""
        `cheapest_open(shops, item)` returns the lowest price of those shops that are open; at least one is. Each shop
        has a coroutine function `is_open()`, and only an open shop may be asked for its price. No exception comes, and
        the price is that of a closed shop. Repair it.
        """,
    starter="""
        async def cheapest_open(shops, item):
            prices = []
            for shop in shops:
                if shop.is_open():
                    prices.append(await shop.price(item))
            return min(prices)
        """,
    hints=[
        "Run the cell below the exercise. Beside the wrong price it shows something else: which line is named?",
        "What does a call of a coroutine function give, and is that true or false as a condition?",
        "Write await in front of the call.",
    ],
    solution="""
        async def cheapest_open(shops, item):
            prices = []
            for shop in shops:
                if await shop.is_open():
                    prices.append(await shop.price(item))
            return min(prices)
        """,
    why="await gives True or False; without it, the condition is a coroutine object, which is always true.",
    follow_up="How would you ask all shops at the same time, first whether they are open, and then for their prices?",
    setup=SETUP,
    mistakes=[
        Mistake("forgotten await", "is_open", """
            async def cheapest_open(shops, item):
                await asyncio.sleep(0.1)
                prices = []
                for shop in shops:
                    if shop.is_open():
                        prices.append(await shop.price(item))
                return min(prices)
            """),
        Mistake("forgotten await", "is_open", """
            async def cheapest_open(shops, item):
                prices = []
                for shop in shops:
                    if shop.is_open() is True:
                        prices.append(await shop.price(item))
                return min(prices, default=None)
            """),
        Mistake("forgotten await", "is_open", """
            async def cheapest_open(shops, item):
                prices = []
                for shop in shops:
                    if bool(shop.is_open()):
                        prices.append(await shop.price(item))
                return min(prices)
            """),
        Mistake("not awaitable", "parentheses", """
            async def cheapest_open(shops, item):
                prices = []
                for shop in shops:
                    if await shop.is_open:
                        prices.append(await shop.price(item))
                return min(prices)
            """),
        Mistake("value", "only those that are open", """
            async def cheapest_open(shops, item):
                prices = []
                for shop in shops:
                    if asyncio.create_task(shop.is_open()):
                        prices.append(await shop.price(item))
                return min(prices)
            """),
        Mistake("value", "only those that are open", """
            async def cheapest_open(shops, item):
                prices = []
                for shop in shops:
                    price = await shop.price(item)
                    if await shop.is_open():
                        prices.append(price)
                return min(prices)
            """),
        Mistake("value", "only those that are open", """
            async def cheapest_open(shops, item):
                prices = []
                for shop in shops:
                    try:
                        if shop.is_open:
                            prices.append(await shop.price(item))
                    except Exception:
                        pass
                return min(prices)
            """),
        Mistake("value", "only those that are open", """
            async def cheapest_open(shops, item):
                opened = await asyncio.gather(*[shop.is_open() for shop in shops])
                if any(opened):
                    return min(await asyncio.gather(*[shop.price(item) for shop in shops]))
            """),
        Mistake("error", "square brackets", """
            async def cheapest_open(shops, item):
                return min(await shop.price(item) for shop in shops if await shop.is_open())
            """),
        Mistake("error", "no shop counted as open", """
            async def cheapest_open(shops, item):
                prices = []
                for shop in shops:
                    if shop.is_open() == True:
                        prices.append(await shop.price(item))
                return min(prices)
            """),
    ],
    advice={
        "value: was asked": "Ask only those that are open: await shop.is_open(), and let the result decide before you "
                            "ask for the price. A task, a method or a coroutine object is always true.",
        "error: 'async_generator' object is not iterable": "Put square brackets around it: min takes the list "
                                                           "[await shop.price(item) for ...], and no generator that "
                                                           "has to wait.",
        "error: empty": "Look at the condition: no shop counted as open here. A coroutine object is neither True nor "
                        "False; await gives you one of them.",
        "not awaitable: method": "Write the parentheses, too: await shop.is_open(), since the method itself cannot be "
                                 "awaited, and its call can.",
    },
)


async def ask_markets(answer, shops: list[Market], item: str = "tea") -> int:
    """Ask, and demand that no closed shop was asked for its price."""
    price = await answer(shops, item)
    for shop in shops:
        require(shop.opened or not shop.requests, "value", f"{shop.name} is closed, and was asked for its price",
                "only open shops are asked for their prices")
    return price


@cheapest_open.case(returns=320)
async def one_is_closed(answer):
    """North and south are open, with 320 and 340 cents; east is closed, and its old price is 190 cents."""
    return await ask_markets(answer, [Market("north", True, prices={"tea": 320}),
                                      Market("east", False, prices={"tea": 190}),
                                      Market("south", True, prices={"tea": 340})])


@cheapest_open.case(returns=340)
async def only_the_last_is_open(answer):
    """East and west are closed, with 190 and 210 cents; north is open, with 340 cents."""
    return await ask_markets(answer, [Market("east", False, prices={"tea": 190}),
                                      Market("west", False, prices={"tea": 210}),
                                      Market("north", True, prices={"tea": 340})])


@cheapest_open.case(returns=120)
async def four_shops(answer):
    """Of four shops, south is closed, with 90 cents for milk; west, the last, is the cheapest of the open ones: 120."""
    return await ask_markets(answer, [Market("east", True, prices={"milk": 140}),
                                      Market("south", False, prices={"milk": 90}),
                                      Market("north", True, prices={"milk": 150}),
                                      Market("west", True, prices={"milk": 120})], "milk")


# -- errors that nobody hears of -----------------------------------------------------------------------------------

class Board:
    """A board on which prices are written: north's takes 0.2 s, south's 0.1 s, east's 0.3 s; for some that fails."""

    def __init__(self, fails: dict[str, Exception] | None = None) -> None:
        self.fails = fails or {}
        self.prices: dict[str, int] = {}

    async def write(self, name: str, cents: int) -> None:
        await asyncio.sleep({"north": 0.2, "south": 0.1, "east": 0.3}[name])
        if name in self.fails:
            raise self.fails[name]
        self.prices[name] = cents


write_all = Exercise(
    lesson="13",
    title="It loses what it should keep",
    task="""
        `write_all(prices, board)` writes every price of the dictionary `prices` with `await board.write(name, cents)`,
        all at the same time, and returns `None` when all are written. If a write fails, the others go on all the
        same; after that the error of the first name that failed, in the order of `prices`, reaches the caller. No task
        is left with an error that nobody asked for. If `write_all` is cancelled, no write goes on. Prices are missing,
        and nobody hears of an error. Repair it.
        """,
    starter="""
        async def write_all(prices, board):
            for name, cents in prices.items():
                asyncio.create_task(board.write(name, cents))
        """,
    hints=[
        "Run the cell below the exercise. When does write_all end, and when does the first write end?",
        "Somebody has to keep the tasks and wait for all of them. Which call waits for all, although one has failed?",
        "asyncio.gather(..., return_exceptions=True) gives a list, in which errors are objects: raise the first one.",
    ],
    solution="""
        async def write_all(prices, board):
            writes = [board.write(name, cents) for name, cents in prices.items()]
            for result in await asyncio.gather(*writes, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result
        """,
    why="gather waits for all writes and loses none of their errors; when it is cancelled, it cancels all of them.",
    follow_up="How would you let the caller know of all errors, and not of the first alone?",
    setup=SETUP,
    mistakes=[
        Mistake("slow", "how long", """
            async def write_all(prices, board):
                tasks = [asyncio.create_task(board.write(name, cents)) for name, cents in prices.items()]
                await asyncio.sleep(1)
            """),
        Mistake("early", "Wait for every write", """
            async def write_all(prices, board):
                tasks = [asyncio.create_task(board.write(name, cents)) for name, cents in prices.items()]
            """),
        Mistake("value", "although one has failed", """
            async def write_all(prices, board):
                async with asyncio.TaskGroup() as group:
                    for name, cents in prices.items():
                        group.create_task(board.write(name, cents))
            """),
        Mistake("value", "although one has failed", """
            async def write_all(prices, board):
                await asyncio.gather(*[board.write(name, cents) for name, cents in prices.items()])
            """),
        Mistake("no exception", "nobody looks at", """
            async def write_all(prices, board):
                await asyncio.gather(*[board.write(name, cents) for name, cents in prices.items()],
                                     return_exceptions=True)
            """),
        Mistake("sequential", "at the same time", """
            async def write_all(prices, board):
                for name, cents in prices.items():
                    await board.write(name, cents)
            """),
        Mistake("no exception", "nobody looks at", """
            async def write_all(prices, board):
                tasks = [asyncio.create_task(board.write(name, cents)) for name, cents in prices.items()]
                if tasks:
                    await asyncio.wait(tasks)
            """),
        Mistake("no exception", "nobody looks at", """
            async def write_all(prices, board):
                async def write(name, cents):
                    try:
                        await board.write(name, cents)
                    except Exception:
                        pass
                await asyncio.gather(*[write(name, cents) for name, cents in prices.items()])
            """),
        Mistake("lost exception", "Ask every task", """
            async def write_all(prices, board):
                tasks = [asyncio.create_task(board.write(name, cents)) for name, cents in prices.items()]
                if tasks:
                    await asyncio.wait(tasks)
                for task in tasks:
                    task.result()
            """),
        Mistake("left behind", "cancel the writes", """
            async def write_all(prices, board):
                tasks = [asyncio.create_task(board.write(name, cents)) for name, cents in prices.items()]
                if tasks:
                    await asyncio.wait(tasks)
                errors = [task.exception() for task in tasks]
                for error in errors:
                    if error is not None:
                        raise error
            """),
        Mistake("wrong exception", "first name", """
            async def write_all(prices, board):
                errors = []
                async def write(name, cents):
                    try:
                        await board.write(name, cents)
                    except Exception as error:
                        errors.append(error)
                await asyncio.gather(*[write(name, cents) for name, cents in prices.items()])
                if errors:
                    raise errors[0]
            """),
    ],
    advice={
        "slow": "Wait for the writes themselves: how long they take, only they know.",
        "left behind: cancel": "When write_all is cancelled, cancel the writes, too: gather does that, and "
                               "asyncio.wait does not.",
        "early": "Wait for every write before you return: a task that nobody awaits may end after you, or never.",
        "value: missing": "Wait for all writes although one has failed: gather with return_exceptions=True does so, "
                          "and a task group would cancel the others.",
        "no exception": "Raise the error after all writes have ended: nobody looks at it otherwise.",
        "lost exception": "Ask every task for its result, or let gather do it: an error stays in its task until "
                          "somebody asks for it.",
        "sequential": "Begin all writes at the same time, and then wait for all of them.",
        "wrong exception": "Raise the error of the first name that failed, in the order of prices, and the error "
                           "itself: a task group would wrap it.",
    },
)

WRITTEN = {"north": 340, "south": 320, "east": 190}


@write_all.case(returns=None, elapsed=0.3)
async def all_are_written(answer):
    """Three prices, and no write fails."""
    board = Board()
    result = await answer(dict(WRITTEN), board)
    require(board.prices == WRITTEN, "early" if len(board.prices) < len(WRITTEN) else "value",
            f"when write_all returns, the board holds {board.prices}", f"it holds {WRITTEN}")
    return result


async def write_some(answer, board: Board) -> None:
    """Demand that what can be written is, although a write fails, and that an error comes out."""
    error: BaseException | None = None
    try:
        await answer(dict(WRITTEN), board)
    except Exception as failure:
        error = failure
    wanted = {name: cents for name, cents in WRITTEN.items() if name not in board.fails}
    require(board.prices == wanted, "value",
            f"prices are missing on the board, when write_all ends: it holds {board.prices}", f"it holds {wanted}")
    require(error is not None, "no exception", "a write failed, and no error came out of write_all",
            "the error reaches the caller")
    if error is not None:
        raise error


@write_all.case(raises=ConnectionError, elapsed=0.3, drawn=True)
async def one_write_fails(answer):
    """The write for south fails with a ConnectionError."""
    await write_some(answer, Board({"south": ConnectionError("the line is cut")}))


@write_all.case(raises=ConnectionError, elapsed=0.3)
async def two_writes_fail(answer):
    """The writes for north and for south fail: that of south first, after 0.1 s, with a ValueError, that of north after
    0.2 s with a ConnectionError. In the dictionary north stands before south."""
    await write_some(answer, Board({"north": ConnectionError("the line is cut"), "south": ValueError("no number")}))


@write_all.case(raises=ConnectionError, elapsed=0.3)
async def the_last_fails(answer):
    """The write for east fails, which is the last name, and takes longest."""
    await write_some(answer, Board({"east": ConnectionError("the line is cut")}))


@write_all.case(elapsed=0.0)
async def no_prices(answer):
    """There are no prices."""
    board = Board()
    await answer({}, board)
    equal(board.prices, {}, "what stands on the board")


@write_all.case()
async def cancelled_while_it_writes(answer):
    """write_all is cancelled after 0.05 s, when no write has ended."""
    board = Board()
    await cancelled(answer(dict(WRITTEN), board), after=0.05, grace=0.02)
    await asyncio.sleep(1)
    require(not board.prices, "left behind", f"after write_all was cancelled, writes went on: {board.prices}",
            "no write goes on")


# -- a freeze in spite of a thread ---------------------------------------------------------------------------------

class SlowBoard:
    """A board without await: a write takes 0.1 s, and blocks."""

    def __init__(self) -> None:
        self.prices: dict[str, int] = {}

    def write(self, name: str, cents: int) -> None:
        time.sleep(0.1)
        self.prices[name] = cents


class OldShop(Shop):
    """A shop that has only the call that blocks, like a library that knows nothing of await."""

    async def price(self, item: str) -> int:
        raise AttributeError("an old shop cannot be awaited: it has price_blocking alone")


record_price = Exercise(
    lesson="13",
    title="It freezes in spite of a thread",
    task="""
        `record_price(shop, item, board)` asks an old shop, with `shop.price_blocking(item)`, and writes the price with
        `board.write(shop.name, cents)`. Both calls block. When it returns, the price is written; errors reach the
        caller. There is a `to_thread` already, and the loop freezes all the same. Repair it.
        """,
    starter="""
        async def record_price(shop, item, board):
            await asyncio.to_thread(board.write, shop.name, shop.price_blocking(item))
        """,
    hints=[
        "Run the cell below the exercise: which line blocks the loop, and for how long?",
        "In which thread are the arguments of a call computed, and when?",
        "asyncio.to_thread(function, argument) takes the function without parentheses, and calls it in the thread.",
    ],
    solution="""
        async def record_price(shop, item, board):
            cents = await asyncio.to_thread(shop.price_blocking, item)
            await asyncio.to_thread(board.write, shop.name, cents)
        """,
    why="Each blocking function is handed to to_thread without parentheses, and is called in the thread.",
    follow_up="How many such calls can run at the same time, and what decides that?",
    setup=SETUP,
    mistakes=[
        Mistake("blocked", "without parentheses", """
            async def record_price(shop, item, board):
                await asyncio.sleep(0)
                cents = shop.price_blocking(item)
                await asyncio.to_thread(board.write, shop.name, cents)
            """),
        Mistake("blocked", "without parentheses", """
            async def record_price(shop, item, board):
                async def ask():
                    return shop.price_blocking(item)
                cents = await asyncio.create_task(ask())
                await asyncio.to_thread(board.write, shop.name, cents)
            """),
        Mistake("blocked", "without parentheses", """
            async def record_price(shop, item, board):
                async with asyncio.timeout(1):
                    await asyncio.to_thread(board.write, shop.name, shop.price_blocking(item))
            """),
        Mistake("blocked", "without parentheses", """
            async def record_price(shop, item, board):
                cents = await asyncio.to_thread(shop.price_blocking(item))
                await asyncio.to_thread(board.write, shop.name, cents)
            """),
        Mistake("blocked", "board.write", """
            async def record_price(shop, item, board):
                board.write(shop.name, await asyncio.to_thread(shop.price_blocking, item))
            """),
        Mistake("blocked", "board.write", """
            async def record_price(shop, item, board):
                cents = await asyncio.to_thread(shop.price_blocking, item)
                await asyncio.to_thread(board.write(shop.name, cents))
            """),
        Mistake("error", "with shop.price_blocking", """
            async def record_price(shop, item, board):
                await asyncio.to_thread(board.write, shop.name, await shop.price(item))
            """),
        Mistake("early", "Await the write", """
            async def record_price(shop, item, board):
                cents = await asyncio.to_thread(shop.price_blocking, item)
                asyncio.create_task(asyncio.to_thread(board.write, shop.name, cents))
            """),
        Mistake("forgotten await", "to_thread", """
            async def record_price(shop, item, board):
                cents = await asyncio.to_thread(shop.price_blocking, item)
                asyncio.to_thread(board.write, shop.name, cents)
            """),
        Mistake("no exception", "reach the caller", """
            async def record_price(shop, item, board):
                try:
                    cents = await asyncio.to_thread(shop.price_blocking, item)
                except Exception:
                    return
                await asyncio.to_thread(board.write, shop.name, cents)
            """),
    ],
    advice={
        "blocked: board.write\\(shop.name, (?!shop)": "Hand board.write to a thread, too, without parentheses and with "
                                                      "its arguments behind it: it blocks as the shop does.",
        "blocked": "Hand the function to asyncio.to_thread without parentheses, and its argument after it: with "
                   "parentheses it is called here, on the loop, before to_thread begins.",
        "error: an old shop": "Ask with shop.price_blocking(item), in a thread: this shop has nothing that can be "
                              "awaited.",
        "early": "Await the write, too: the task asks that the price is written when record_price returns.",
        "no exception": "Let the error of the shop reach the caller: nobody hears of it otherwise.",
    },
)


@record_price.case(elapsed=0.5, drawn=True)
async def one_old_shop(answer):
    """An old shop answers after 0.4 s; to write takes 0.1 s."""
    shop, board = OldShop("old", latency=0.4), SlowBoard()
    await answer(shop, "tea", board)
    require(board.prices, "early", "when record_price returns, the board is empty", "the price is written")
    equal(board.prices, {"old": price_at("old")}, "what stands on the board")
    require(shop.requests == 1, "value", f"the shop was asked {shop.requests} times", "it is asked once")


@record_price.case(elapsed=0.5)
async def three_old_shops(answer):
    """Three old shops at the same time, each of which tells the price of milk after 0.4 s."""
    board, shops = SlowBoard(), OldShop.many(3, latency=0.4)
    await asyncio.gather(*[answer(shop, "milk", board) for shop in shops])
    equal(board.prices, {shop.name: shop.price_of("milk") for shop in shops}, "what stands on the board")


@record_price.case(raises=ShopError, elapsed=0.2)
async def old_shop_fails(answer):
    """The old shop fails after 0.2 s; nothing is written."""
    board = SlowBoard()
    try:
        return await answer(OldShop("old", latency=0.2, failure_rate=1), "tea", board)
    finally:
        equal(board.prices, {}, "what stands on the board")


# -- questions -----------------------------------------------------------------------------------------------------

predict_stack = predict(
    "The task `tea` waits in `readline`, which `get_price` awaits, which `ask` awaits. Which lines does "
    "`task.print_stack()` show?",
    {
        "the line in ask": "asyncio asks the outermost coroutine of the task alone, and not the one that it awaits.",
        "the line in get_price": "That is where you would look. But get_price is not the coroutine of the task.",
        "the lines in ask, get_price and readline":
            "A traceback of a running function would have them all. Run the cell: how many frames does a suspended "
            "task have?",
    },
    right="the line in ask",
)

predict_silent = predict(
    "The list of items holds rice, for which PACK has no entry. What does the program show when it runs?",
    {
        "a KeyError comes out of price_list": "It is raised in worker 1. Does price_list await that task?",
        "a line in the log, as soon as worker 1 fails":
            "asyncio writes one when a failed task is thrown away. Who keeps this one?",
        "the prices of the other items":
            "worker 2 does go on with them. But get has taken rice out of the queue: who calls task_done for it?",
        "nothing, and it does not end":
            "worker 1 ends with a KeyError that nobody asks for, and join waits for a task_done that never comes.",
    },
    right="nothing, and it does not end",
)

predict_frozen = predict(
    "look_up blocks the loop for one second. A timer of the loop is due after 0.1 s, and faulthandler's after 0.5 s. "
    "Which of them is on time?",
    {
        "both": "A timer of the loop is a callback: it needs the loop, and the loop is blocked.",
        "the timer of the loop": "Who would run it? The thread is in look_up, and comes back after 1 s.",
        "faulthandler": "It has a thread of its own, which does not need the loop.",
        "neither": "Right for the one that needs the loop. Does faulthandler need it?",
    },
    right="faulthandler",
)

predict_debug = predict(
    "Debug mode reports turns that take long. What does its message name?",
    {
        "the line that blocks":
            "It is written when the turn is over. Does the loop know where the thread was meanwhile?",
        "the task, and how long its turn took":
            "The loop measures each turn from outside, and afterwards it knows whose turn it was.",
        "the tasks that were kept waiting": "The loop measures one turn at a time, and asks no other task.",
    },
    right="the task, and how long its turn took",
)
