"""The exercises and questions of notebook 06: cancellation and timeouts."""

from __future__ import annotations

import asyncio

from helpers.checker import Exercise, Mistake, cancelled, equal, predict, require
from helpers.simulated_io import Shop

# -- clean up, however it ends -----------------------------------------------------------------------------------

ask = Exercise(
    lesson="06",
    title="Hang up, however it ends",
    task="""
        Write `ask(shop, item, hang_up)`: it asks the shop for the price of `item`, then awaits `hang_up()`, and
        returns the price. `hang_up` is a coroutine function; it is awaited exactly once, also if the shop gives an
        error, and also if the task is cancelled meanwhile. The error, or the `CancelledError`, reaches the caller.
        """,
    starter="""
        async def ask(shop, item, hang_up):
            ...                                 # your code here
        """,
    hints=[
        "Which part of a try statement runs whether the try ends with a return, an error, or a CancelledError?",
        "A finally that catches nothing lets every exception go on. An await in it works as anywhere else.",
        """
        Fill in the dots:
            try:
                return await ...
            finally:
                await ...
        """,
    ],
    solution="""
        async def ask(shop, item, hang_up):
            try:
                return await shop.price(item)
            finally:
                await hang_up()
        """,
    why="The finally runs for a return, an error and a cancellation alike, and it catches nothing, so whatever ended "
        "the wait goes on to the caller.",
    follow_up="Cancel a task of it twice, the second time while it hangs up: is hang_up() still finished?",
    mistakes=[
        Mistake("clean-up", "south gave an error", """
            async def ask(shop, item, hang_up):
                price = await shop.price(item)
                await hang_up()
                return price
            """),
        Mistake("clean-up", "was cancelled", """
            async def ask(shop, item, hang_up):
                try:
                    price = await shop.price(item)
                except Exception:
                    await hang_up()
                    raise
                await hang_up()
                return price
            """),
        Mistake("forgotten await", "hang_up() was called, but never awaited", """
            async def ask(shop, item, hang_up):
                try:
                    return await shop.price(item)
                finally:
                    hang_up()
            """),
        Mistake("no exception", "the result was None", """
            async def ask(shop, item, hang_up):
                price = None
                try:
                    price = await shop.price(item)
                except:
                    pass
                await hang_up()
                return price
            """),
        Mistake("swallowed", "returned None", """
            async def ask(shop, item, hang_up):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    await hang_up()
                    raise
                except asyncio.CancelledError:
                    await hang_up()
                    return None
                await hang_up()
                return price
            """),
        Mistake("clean-up", "was not finished", """
            async def ask(shop, item, hang_up):
                try:
                    return await shop.price(item)
                finally:
                    asyncio.create_task(hang_up())
            """),
        Mistake("clean-up", "was cancelled", """
            async def ask(shop, item, hang_up):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    await hang_up()
                    raise
                else:
                    await hang_up()
                    return price
            """),
        Mistake("clean-up", "no number", """
            async def ask(shop, item, hang_up):
                try:
                    price = await shop.price(item)
                except (ConnectionError, asyncio.CancelledError):
                    await hang_up()
                    raise
                await hang_up()
                return price
            """),
        Mistake("clean-up", "2 times", """
            async def ask(shop, item, hang_up):
                try:
                    price = await shop.price(item)
                    await hang_up()
                    return price
                finally:
                    await hang_up()
            """),
    ],
    advice={
        "clean-up": "Put await hang_up() into a finally, and nowhere else: it runs after a return, an error and a "
                    "cancellation, once.",
        "no exception": "Catch nothing here: try and finally need no except.",
    },
)


def line():
    """A hang_up, which takes 0.1 s, and a check that it was finished exactly once."""
    finished = []

    async def hang_up():
        await asyncio.sleep(0.1)
        finished.append(True)

    def check(after):
        times = len(finished)
        what = f"hang_up() ran {times} times" if times else "hang_up() was not finished"
        require(times == 1, "clean-up", f"{after}, and {what}", "hang_up() is awaited once, however it ends")

    return hang_up, check


@ask.case(returns=320, elapsed=0.4)
async def a_price(answer):
    """North answers after 0.3 s; to hang up takes 0.1 s."""
    hang_up, check = line()
    price = await answer(Shop("north", latency=0.3, prices={"tea": 320}), "tea", hang_up)
    check("north gave its price")
    return price


@ask.case(returns=450, elapsed=0.3)
async def another_price(answer):
    """East is asked for coffee, and answers after 0.2 s; to hang up takes 0.1 s."""
    hang_up, check = line()
    price = await answer(Shop("east", latency=0.2, prices={"coffee": 450}), "coffee", hang_up)
    check("east gave its price")
    return price


@ask.case(raises=ConnectionError, elapsed=0.3)
async def an_error(answer):
    """South is closed: after 0.2 s it gives a ConnectionError. To hang up takes 0.1 s."""
    hang_up, check = line()
    try:
        return await answer(Shop("south", latency=0.2, failure_rate=1), "tea", hang_up)
    except ConnectionError:
        check("south gave an error")
        raise


@ask.case(drawn=True)
async def a_cancellation(answer):
    """The task that asks north is cancelled after 0.1 s, while it waits for the price."""
    hang_up, check = line()
    await cancelled(answer(Shop("north", latency=0.3), "tea", hang_up), after=0.1)
    check("the task was cancelled")


@ask.case(raises=ValueError, elapsed=0.3)
async def another_error(answer):
    """East gives a ValueError after 0.2 s: its price is no number. To hang up takes 0.1 s."""
    hang_up, check = line()
    try:
        return await answer(Strange("east", ValueError("no number"), latency=0.2), "tea", hang_up)
    except ValueError:
        check("east gave a price that is no number")
        raise


# -- one deadline for all attempts ----------------------------------------------------------------------------------

keep_asking = Exercise(
    lesson="06",
    title="Ask again until a deadline",
    task="""
        Write `keep_asking(shop, item, seconds)`: it asks the shop for the price of `item`; if the answer is a
        `ConnectionError`, it asks again, as often as it needs. It returns the price. If `seconds` have passed since
        the call and there is no price, it stops at once, with a `TimeoutError`. If it is cancelled, it ends as
        cancelled; any other exception comes out.
        """,
    starter="""
        async def keep_asking(shop, item, seconds):
            ...                                 # your code here
        """,
    hints=[
        "The limit is for all attempts together. Does the block of the timeout stand inside the loop, or around it?",
        "Inside the loop, catch only what a closed shop gives. Everything else must leave the loop.",
        """
        Fill in the dots:
            async with asyncio.timeout(...):
                while True:
                    try:
                        return await ...
                    except ...:
                        pass                    # ask again
        """,
    ],
    solution="""
        async def keep_asking(shop, item, seconds):
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        pass                    # ask again
        """,
    why="The block is around the loop, so its limit counts for all attempts together, and the loop catches only what "
        "a closed shop gives, so the cancellation leaves it.",
    follow_up="Wait a little longer after each failed attempt: asyncio.sleep, inside the same block.",
    mistakes=[
        Mistake("no exception", "deadline", """
            async def keep_asking(shop, item, seconds):
                async with asyncio.timeout(seconds):
                    while True:
                        try:
                            return await shop.price(item)
                        except:
                            pass
            """),
        Mistake("no exception", "deadline", """
            async def keep_asking(shop, item, seconds):
                async with asyncio.timeout(seconds):
                    while True:
                        try:
                            return await shop.price(item)
                        except (ConnectionError, asyncio.CancelledError):
                            continue
            """),
        Mistake("endless", "around the loop", """
            async def keep_asking(shop, item, seconds):
                while True:
                    try:
                        async with asyncio.timeout(seconds):
                            return await shop.price(item)
                    except ConnectionError:
                        pass
            """),
        Mistake("endless", "around the loop", """
            async def keep_asking(shop, item, seconds):
                while True:
                    try:
                        return await asyncio.wait_for(shop.price(item), seconds)
                    except OSError:
                        pass
            """),
        Mistake("no exception", "TimeoutError", """
            async def keep_asking(shop, item, seconds):
                try:
                    async with asyncio.timeout(seconds):
                        while True:
                            try:
                                return await shop.price(item)
                            except ConnectionError:
                                pass
                except TimeoutError:
                    return None
            """),
        Mistake("wrong exception", "only ConnectionError", """
            async def keep_asking(shop, item, seconds):
                async with asyncio.timeout(seconds):
                    while True:
                        try:
                            return await shop.price(item)
                        except Exception:
                            pass
            """),
        Mistake("wrong exception", "FileNotFoundError", """
            async def keep_asking(shop, item, seconds):
                async with asyncio.timeout(seconds):
                    while True:
                        try:
                            return await shop.price(item)
                        except OSError:
                            pass
            """),
        Mistake("wrong exception", "the line is cut", """
            async def keep_asking(shop, item, seconds):
                async with asyncio.timeout(seconds):
                    while True:
                        try:
                            return await shop.price(item)
                        except ShopError:
                            pass
            """),
        Mistake("value", "ends without a return", """
            async def keep_asking(shop, item, seconds):
                async with asyncio.timeout(seconds):
                    for _ in range(10):
                        try:
                            return await shop.price(item)
                        except ConnectionError:
                            pass
            """),
        Mistake("slow", "0.6 s", """
            async def keep_asking(shop, item, seconds):
                loop = asyncio.get_running_loop()
                deadline = loop.time() + seconds
                while loop.time() < deadline:
                    try:
                        price = await shop.price(item)
                    except ConnectionError:
                        continue
                    if loop.time() < deadline:
                        return price
                raise TimeoutError
            """),
        Mistake("error", "Catch the ConnectionError", """
            async def keep_asking(shop, item, seconds):
                async with asyncio.timeout(seconds):
                    return await shop.price(item)
            """),
        Mistake("swallowed", "bare raise", """
            async def keep_asking(shop, item, seconds):
                loop = asyncio.get_running_loop()
                deadline = loop.time() + seconds
                while True:
                    try:
                        async with asyncio.timeout_at(deadline):
                            return await shop.price(item)
                    except ConnectionError:
                        pass
                    except asyncio.CancelledError:
                        return None
            """),
    ],
    advice={
        "no exception": "Put the loop into the block of asyncio.timeout, let it catch only ConnectionError, and let "
                        "the TimeoutError reach the caller: the deadline arrives in the loop as a CancelledError.",
        "error: ^TimeoutError": "Ask again at once, and limit the time of all attempts together, to `seconds`: here "
                                "the price comes before they have passed.",
        "wrong exception": "Let the loop catch only ConnectionError: another error would come again each time, and "
                           "nobody would hear of it.",
        "endless": "Put the block of the timeout around the loop, and let the loop catch only ConnectionError: then "
                   "the deadline ends it.",
        "slow": "Let asyncio.timeout cancel the attempt that is under way: a look at the clock between two attempts "
                "comes too late for it.",
        "error: ^(ShopError|ConnectionError)": "Catch the ConnectionError where you await the price, and ask again.",
        "value": "Ask as often as it needs: a loop without an end, which the price or the deadline leaves.",
    },
)


@keep_asking.case(returns=290, elapsed=0.2)
async def in_time(answer):
    """South answers after 0.2 s; the limit is 0.5 s."""
    return await answer(Shop("south", latency=0.2, prices={"tea": 290}), "tea", 0.5)


@keep_asking.case(raises=TimeoutError, elapsed=0.5)
async def too_slow(answer):
    """North answers after 0.6 s; the limit is 0.5 s."""
    shop = Shop("north", latency=0.6, prices={"tea": 320})
    price = await answer(shop, "tea", 0.5)
    require(False, "no exception", f"the deadline was at 0.5 s, and keep_asking returned {price!r} at "
            f"{asyncio.get_running_loop().time():g} s", "a TimeoutError at 0.5 s")


@keep_asking.case(elapsed=0.9)
async def third_attempt(answer):
    """West is asked for coffee. It is closed twice, each time after 0.3 s, and gives its price at the third attempt.
    The limit is 2 s."""
    shop = ClosedFor("west", 2, latency=0.3)
    equal(await answer(shop, "coffee", 2), shop.price_of("coffee"), "the price")
    equal(shop.requests, 3, "the number of questions")


@keep_asking.case(raises=TimeoutError, elapsed=0.5, drawn=True)
async def always_closed(answer):
    """The line to east is cut, a ConnectionError after 0.2 s, each time; the limit is 0.5 s."""
    return await answer(Strange("east", ConnectionError("the line is cut"), latency=0.2), "tea", 0.5)


@keep_asking.case(raises=ValueError, elapsed=0.2)
async def a_strange_answer(answer):
    """South answers after 0.2 s, with a ValueError, each time; the limit is 0.5 s."""
    return await answer(Strange("south", ValueError("no number"), latency=0.2), "tea", 0.5)


@keep_asking.case(raises=FileNotFoundError, elapsed=0.2)
async def no_price_list(answer):
    """South answers after 0.2 s, with a FileNotFoundError, which is an OSError, each time; the limit is 0.5 s."""
    return await answer(Strange("south", FileNotFoundError("prices.txt"), latency=0.2), "tea", 0.5)


@keep_asking.case(elapsed=2.01)
async def many_attempts(answer):
    """West is closed 200 times, each time after 0.01 s, and gives its price at the next attempt; the limit is 5 s."""
    shop = ClosedFor("west", 200, latency=0.01)
    equal(await answer(shop, "tea", 5), shop.price_of("tea"), "the price")


@keep_asking.case()
async def cancelled_meanwhile(answer):
    """keep_asking is cancelled after 0.2 s, while it waits for north."""
    await cancelled(answer(Shop("north", latency=0.6), "tea", 0.5), after=0.2)


class Strange(Shop):
    """A shop whose answer is an error, and not always a ShopError."""

    def __init__(self, name: str, error: Exception, **options) -> None:
        super().__init__(name, **options)
        self.error = error

    async def price(self, item: str) -> int:
        await super().price(item)
        raise self.error


class ClosedFor(Shop):
    """A shop that fails so many times for each item, and then no more."""

    def __init__(self, name: str, times: int, **options) -> None:
        super().__init__(name, **options)
        self.times = times

    def fails(self, item: str, k: int = 0) -> bool:
        return k < self.times


# -- a deadline over a tree of tasks ---------------------------------------------------------------------------------

prices_in_time = Exercise(
    lesson="06",
    title="Return what is there at the deadline",
    task="""
        Write `prices_in_time(shops, item, seconds)`: it asks all shops at the same time, and returns a dictionary of
        the prices that came within `seconds`, as soon as all have answered, or when the time is up. A shop whose
        answer is a `ConnectionError` is left out; any other exception comes out. However it ends, also if it is
        cancelled, nothing that it started is still at work.
        """,
    starter="""
        async def prices_in_time(shops, item, seconds):
            ...                                 # your code here
        """,
    hints=[
        "A TaskGroup in the block of a timeout: what happens to its tasks when the time is up?",
        "What a task has stored in a dictionary stays there when the others are cancelled. So let each task store its "
        "own price.",
        "Where does the TimeoutError appear: inside the block of the timeout, or around it?",
        """
        Fill in the dots:
            prices = {}

            async def ask(shop):
                ...                             # stores its price; catches ConnectionError

            try:
                async with asyncio.timeout(seconds):
                    async with asyncio.TaskGroup() as group:
                        ...
            except TimeoutError:
                pass                            # what is there is in prices
            return prices
        """,
    ],
    solution="""
        async def prices_in_time(shops, item, seconds):
            prices = {}

            async def ask(shop):
                try:
                    prices[shop.name] = await shop.price(item)
                except ConnectionError:
                    pass                        # left out

            try:
                async with asyncio.timeout(seconds):
                    async with asyncio.TaskGroup() as group:
                        for shop in shops:
                            group.create_task(ask(shop), name=shop.name)
            except TimeoutError:
                pass                            # what is there is in prices
            return prices
        """,
    why="The timeout cancels the group, the group cancels its tasks and waits for them, and what they have stored is "
        "kept.",
    follow_up="Give each shop a limit of its own as well: a second asyncio.timeout, in ask.",
    mistakes=[
        Mistake("value", "gather gives", """
            async def prices_in_time(shops, item, seconds):
                try:
                    async with asyncio.timeout(seconds):
                        prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                    return {shop.name: price for shop, price in zip(shops, prices)}
                except TimeoutError:
                    return {}
            """),
        Mistake("sequential", "TaskGroup", """
            async def prices_in_time(shops, item, seconds):
                prices = {}
                try:
                    async with asyncio.timeout(seconds):
                        for shop in shops:
                            prices[shop.name] = await shop.price(item)
                except TimeoutError:
                    pass
                return prices
            """),
        Mistake("error", "around the block", """
            async def prices_in_time(shops, item, seconds):
                prices = {}
                async def ask(shop):
                    prices[shop.name] = await shop.price(item)
                async with asyncio.timeout(seconds):
                    try:
                        async with asyncio.TaskGroup() as group:
                            for shop in shops:
                                group.create_task(ask(shop))
                    except TimeoutError:
                        pass
                return prices
            """),
        Mistake("left behind", "still under way", """
            async def prices_in_time(shops, item, seconds):
                tasks = {shop.name: asyncio.create_task(shop.price(item)) for shop in shops}
                done, pending = await asyncio.wait(tasks.values(), timeout=seconds)
                return {name: task.result() for name, task in tasks.items()
                        if task in done and not task.exception()}
            """),
        Mistake("left behind", "was cancelled", """
            async def prices_in_time(shops, item, seconds):
                prices = {}
                async def ask(shop):
                    try:
                        prices[shop.name] = await shop.price(item)
                    except ConnectionError:
                        pass
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                await asyncio.wait(tasks, timeout=seconds)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                return prices
            """),
        Mistake("left behind", "waits until they", """
            async def prices_in_time(shops, item, seconds):
                tasks = {asyncio.create_task(shop.price(item)): shop.name for shop in shops}
                try:
                    done, late = await asyncio.wait(tasks, timeout=seconds)
                finally:
                    for task in tasks:
                        task.cancel()
                if late:
                    await asyncio.wait(late)
                return {tasks[task]: task.result() for task in done if not task.exception()}
            """),
        Mistake("slow", "2 s", """
            async def prices_in_time(shops, item, seconds):
                prices = {}
                async def ask(shop):
                    try:
                        prices[shop.name] = await shop.price(item)
                    except ConnectionError:
                        pass
                try:
                    async with asyncio.TaskGroup() as group:
                        for shop in shops:
                            group.create_task(ask(shop))
                        await asyncio.sleep(seconds)
                        raise TimeoutError
                except* TimeoutError:
                    pass
                return prices
            """),
        Mistake("error", "ShopError", """
            async def prices_in_time(shops, item, seconds):
                prices = {}
                async def ask(shop):
                    prices[shop.name] = await shop.price(item)
                try:
                    async with asyncio.timeout(seconds):
                        async with asyncio.TaskGroup() as group:
                            for shop in shops:
                                group.create_task(ask(shop))
                except TimeoutError:
                    pass
                return prices
            """),
        Mistake("error", "the line is cut", """
            async def prices_in_time(shops, item, seconds):
                prices = {}
                async def ask(shop):
                    try:
                        prices[shop.name] = await shop.price(item)
                    except ShopError:
                        pass
                try:
                    async with asyncio.timeout(seconds):
                        async with asyncio.TaskGroup() as group:
                            for shop in shops:
                                group.create_task(ask(shop))
                except TimeoutError:
                    pass
                return prices
            """),
        Mistake("swallowed", "CancelledError go on", """
            async def prices_in_time(shops, item, seconds):
                prices = {}
                async def ask(shop):
                    try:
                        prices[shop.name] = await shop.price(item)
                    except ConnectionError:
                        pass
                try:
                    async with asyncio.timeout(seconds):
                        async with asyncio.TaskGroup() as group:
                            for shop in shops:
                                group.create_task(ask(shop))
                except (TimeoutError, asyncio.CancelledError):
                    pass
                return prices
            """),
    ],
    advice={
        "value": "Let each task store its price in a dictionary: what is there at the deadline stays there, while "
                 "gather gives a complete list or nothing.",
        "sequential": "Start all requests before you wait: a TaskGroup in the block of the timeout.",
        "error: ^TimeoutError": "Catch the TimeoutError around the block of the timeout: it appears there, and not in"
                                " it.",
        "error: ^(ShopError|ConnectionError)":
            "Catch a closed shop's ConnectionError where its price is awaited: then the group does not hear of it.",
        "slow": "Return when all have answered, or when asyncio.timeout ends the wait: the block of a TaskGroup ends "
                "with its last task.",
        "left behind": "Start the tasks in a TaskGroup: when it is cancelled, it cancels them, and waits until they "
                       "have stopped.",
    },
)

TEA = {"north": 320, "south": 290, "east": 305, "west": 335}


def shops_with(*, closed: tuple[str, ...] = (), **latency: float) -> list[Shop]:
    """A shop for each latency; those that are closed give no price."""
    return [Shop(name, latency=seconds, prices={"tea": TEA[name]}, failure_rate=float(name in closed))
            for name, seconds in latency.items()]


def stopped(shops: list[Shop], when: str, kind: str = "left behind") -> None:
    """Demand that no request is under way any more."""
    waiting = [shop.name for shop in shops if shop.in_flight]
    require(not waiting, kind, f"{when}, and the requests to {' and '.join(waiting)} were still under way",
            "however it ends, nothing that it started is still at work")


@prices_in_time.case(returns={"north": 320, "south": 290, "east": 305}, elapsed=0.6)
async def all_open(answer):
    """North, south and east answer after 0.6, 0.2 and 0.3 s; the limit is 2 s."""
    return await answer(shops_with(north=0.6, south=0.2, east=0.3), "tea", 2)


@prices_in_time.case(returns={"south": 290, "east": 305}, elapsed=0.5, drawn=True)
async def two_of_three(answer):
    """North answers after 0.9 s, south after 0.2, east after 0.3; the limit is 0.5 s."""
    shops = shops_with(north=0.9, south=0.2, east=0.3)
    prices = await answer(shops, "tea", 0.5)
    stopped(shops, "prices_in_time had returned")
    return prices


@prices_in_time.case(returns={"north": 320, "east": 305}, elapsed=0.6)
async def one_closed(answer):
    """South is closed, and says so after 0.2 s; north and east answer after 0.6 and 0.3 s; the limit is 2 s. The line
    to west is cut: a ConnectionError after 0.25 s."""
    shops = shops_with(closed=("south",), north=0.6, south=0.2, east=0.3)
    return await answer([*shops, Strange("west", ConnectionError("the line is cut"), latency=0.25)], "tea", 2)


@prices_in_time.case()
async def cancelled_before_the_deadline(answer):
    """prices_in_time is cancelled after 0.4 s, while north has not answered; the limit is 0.5 s."""
    shops = shops_with(north=0.9, south=0.2, east=0.3)
    await cancelled(answer(shops, "tea", 0.5), after=0.4)
    stopped(shops, "prices_in_time was cancelled")


@prices_in_time.case()
async def cancelled_and_slow_to_stop(answer):
    """prices_in_time is cancelled after 0.4 s, while north has not answered; to stop a request to north takes 0.1 s."""
    await cancelled(answer([SlowToStop("north", latency=0.9), *shops_with(south=0.2)], "tea", 0.5), after=0.4)


@prices_in_time.case(returns={shop.name: shop.price_of("coffee") for shop in Shop.many(6)}, elapsed=0.5)
async def six_shops(answer):
    """Six shops are asked for coffee; the slowest answers after 0.5 s. The limit is 0.6 s."""
    return await answer(Shop.many(6), "coffee", 0.6)


@prices_in_time.case(raises=FileNotFoundError)
async def no_price_list_in_time(answer):
    """South answers after 0.2 s, with a FileNotFoundError, which is an OSError: that comes out. North would answer
    after 0.4 s; the limit is 2 s."""
    shops = [*shops_with(north=0.4), Strange("south", FileNotFoundError("prices.txt"), latency=0.2)]
    try:
        return await answer(shops, "tea", 2)
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        stopped(shops, "prices_in_time had ended")


class SlowToStop(Shop):
    """A shop that needs 0.1 s until a cancelled request has ended."""

    async def price(self, item: str) -> int:
        try:
            return await super().price(item)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
            raise


# -- questions ---------------------------------------------------------------------------------------------------

predict_state = predict(
    "What do `task.done()` and `task.cancelled()` give in the line directly after `task.cancel()`?",
    {
        "`True` and `True`":
            "That would be so if `cancel()` stopped the task. But between these two lines nothing is awaited: who "
            "could have run the task's `finally`?",
        "`False` and `False`":
            "`cancel()` is a request. The task has had no turn since, so nothing has happened to it yet.",
        "`False` and `True`":
            "A task counts as cancelled when the `CancelledError` has come out of its coroutine. Run the cell: has "
            "`get_price` had a turn before this line?",
    },
    right="`False` and `False`",
)

predict_again = predict(
    "The timeout is 0.5 seconds, and north answers 0.6 seconds after each question. How does "
    "`watch_in_time(ask_until_answer)` end?",
    {
        "at 0.5 s, with a `TimeoutError`":
            "That is what the timeout is for. But who gets the `CancelledError` that it sends? Run the cell, and "
            "read its first line.",
        "at 1.1 s, with a `TimeoutError`":
            "The time is right: somebody caught the `CancelledError`, and asked again. But then nothing is left "
            "from which a `TimeoutError` could be made.",
        "at 1.1 s, with the price":
            "The bare `except:` catches the `CancelledError`, and asks again. The timeout cancels once, and "
            "not again.",
        "never":
            "It would, if every second attempt were cancelled anew. Run the cell: how often does one "
            "timeout cancel?",
    },
    right="at 1.1 s, with the price",
)

predict_late = predict(
    "`price_blocking` holds the loop for 0.6 seconds, and the timeout is 0.2 seconds. What does `wait_for` give?",
    {
        "a `TimeoutError` at 0.2 s":
            "At 0.2 s the loop is held, and the timer of the timeout lives on that loop. Run the cell: who could run "
            "it?",
        "a `TimeoutError` at 0.6 s":
            "At 0.6 s the loop is free again, and the time is up. But the coroutine has returned by then, without one "
            "`await` at which it could have been told.",
        "the price, at 0.6 s":
            "There was no `await` at which the cancellation could be delivered, so the coroutine returned, and "
            "`wait_for` hands over what it returned: late, and without an error.",
    },
    right="the price, at 0.6 s",
)

predict_shield = predict(
    "The time is up while the price is being stored, behind a `shield`. `watch_and_store` is the whole program. "
    "What happens to the price?",
    {
        "it is not stored":
            "`watch_and_store` is cancelled as if there were no `shield`, nobody else waits for the task that stores, "
            "and what is left when the main coroutine ends is cancelled.",
        "it is stored, and `watch_and_store` waits for that":
            "`shield` protects the task that stores. It does not protect the `await` in front of it. Run the cell: "
            "at what time does `watch_and_store` end?",
        "it is stored, after `watch_and_store` has ended":
            "The task that stores does go on. But how long does the loop, when nobody waits for that task?",
    },
    right="it is not stored",
)
