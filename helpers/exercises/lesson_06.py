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
        returns the price. `hang_up` is a coroutine function. It is awaited exactly once, also if the shop gives an
        error, and also if the task is cancelled while it waits for the price. The error, or the `CancelledError`,
        reaches the caller.
        """,
    starter="""
        async def ask(shop, item, hang_up):
            ...                                 # your code here
        """,
    hints=[
        "Which part of a `try` statement runs whether the `try` ends with a `return`, an error, or a `CancelledError`?",
        "A `finally` without a `return` lets every exception go on. An `await` in it works as anywhere else.",
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
    why="The `finally` runs after a return, an error and a cancellation alike. It catches nothing, so whatever ended "
        "the wait goes on to the caller.",
    follow_up="Cancel a task of it twice, the second time while it hangs up: is `hang_up()` still finished?",
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
        Mistake("error", "Return the price where it arrives", """
            async def ask(shop, item, hang_up):
                try:
                    price = await shop.price(item)
                except ConnectionError:
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
        "no exception": "Let the exception leave: try and finally need no except, and a return in the finally would "
                        "drop it.",
        "error: ^UnboundLocalError": "Return the price where it arrives, in the try: after an error or a cancellation "
                                     "there is none.",
        "forgotten await": "Write await in front of the call: the call alone runs nothing.",
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


# -- wait between two attempts --------------------------------------------------------------------------------------

keep_asking = Exercise(
    lesson="06",
    title="Ask again, after a pause",
    task="""
        Write `keep_asking(shop, item, pause)`: it asks the shop for the price of `item`, and returns the price. If the
        answer is a `ConnectionError`, it waits `pause` seconds and asks again; after the next one it waits twice as
        long, and so on, until there is a price. Any other exception comes out, at once. It sets no limit: its caller
        does. If a timeout or a `cancel()` stops its task, it ends at once, and the `CancelledError` reaches the caller.
        """,
    starter="""
        async def keep_asking(shop, item, pause):
            ...                                 # your code here
        """,
    hints=[
        "A loop without an end, which `return` leaves. Which exception may the loop catch, and which ones must leave "
        "it?",
        "After a `ConnectionError` two things are left to do before the next attempt: wait, and double the pause.",
        """
        Fill in the dots:
            while True:
                try:
                    return await ...
                except ...:
                    await asyncio.sleep(...)
                    pause *= ...
        """,
    ],
    solution="""
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    await asyncio.sleep(pause)
                    pause *= 2
        """,
    why="The loop catches only what a closed shop gives, so a `CancelledError` leaves it. And it waits after each "
        "refusal, so the event loop gets a turn in which a timeout can act.",
    follow_up="Let it wait no longer than 10 seconds, however often it was refused.",
    mistakes=[
        Mistake("endless", "await asyncio.sleep(pause)", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        pass
            """),
        Mistake("early", "twice as long", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        pause *= 2
                        await asyncio.sleep(pause)
            """),
        Mistake("early", "twice as long", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        await asyncio.sleep(pause)
            """),
        Mistake("blocked", "asyncio.sleep(pause) for the pause", """
            import time

            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        time.sleep(pause)
                        pause *= 2
            """),
        Mistake("forgotten await", "sleep() was called", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        asyncio.sleep(pause)
                        pause *= 2
            """),
        Mistake("no exception", "CancelledError", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except:
                        await asyncio.sleep(pause)
                        pause *= 2
            """),
        Mistake("no exception", "CancelledError", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except (ConnectionError, asyncio.CancelledError):
                        await asyncio.sleep(pause)
                        pause *= 2
            """),
        Mistake("no exception", "CancelledError", """
            async def keep_asking(shop, item, pause):
                try:
                    while True:
                        try:
                            return await shop.price(item)
                        except ConnectionError:
                            await asyncio.sleep(pause)
                            pause *= 2
                except asyncio.CancelledError:
                    return None
            """),
        Mistake("no exception", "only ConnectionError", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        await asyncio.sleep(pause)
                        pause *= 2
                    except asyncio.CancelledError:
                        break
            """),
        Mistake("wrong exception", "only ConnectionError", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except Exception:
                        await asyncio.sleep(pause)
                        pause *= 2
            """),
        Mistake("wrong exception", "FileNotFoundError", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except OSError:
                        await asyncio.sleep(pause)
                        pause *= 2
            """),
        Mistake("wrong exception", "several kinds", """
            async def keep_asking(shop, item, pause):
                while True:
                    try:
                        return await shop.price(item)
                    except ShopError:
                        await asyncio.sleep(pause)
                        pause *= 2
            """),
        Mistake("error", "Catch the ConnectionError", """
            async def keep_asking(shop, item, pause):
                return await shop.price(item)
            """),
        Mistake("value", "ends without a return", """
            async def keep_asking(shop, item, pause):
                for _ in range(5):
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        await asyncio.sleep(pause)
                        pause *= 2
            """),
    ],
    advice={
        "endless: at the same moment": "Put await asyncio.sleep(pause) before the next attempt: a request that is "
                                       "refused at once does not wait, so without a pause nobody else has a turn.",
        "no exception: the timeout was over": "Let the loop catch only ConnectionError, and let everything else leave "
                                              "it: a timeout arrives in the loop as a CancelledError.",
        "blocked": "Wait with await: asyncio.sleep(pause) for the pause, and shop.price(item) for the price. What "
                   "holds the event loop lets nothing else run.",
        "forgotten await": "Write await in front of the call: the call alone runs nothing.",
        "wrong exception: ^ConnectionError": "Catch ConnectionError: a ShopError is one of several kinds of it.",
        "wrong exception": "Let the loop catch only ConnectionError: another error would come again each time, and "
                           "nobody would hear of it.",
        "slow": "Wait pause after the first ConnectionError, and twice as long after each one that follows.",
        "early": "Wait pause after the first ConnectionError, and twice as long after each one that follows.",
        "error: ^(ShopError|ConnectionError)": "Catch the ConnectionError where you await the price, wait, and ask "
                                               "again.",
        "value": "Ask as often as it needs: a loop without an end, which the price leaves.",
    },
)


@keep_asking.case(returns=290, elapsed=0.2)
async def at_once(answer):
    """South answers after 0.2 s."""
    return await answer(Shop("south", latency=0.2, prices={"tea": 290}), "tea", 0.1)


@keep_asking.case(returns=335, elapsed=0.9, drawn=True)
async def fourth_attempt(answer):
    """West opens at 0.5 s, and refuses each request at once until then; it answers after 0.2 s. The pause is 0.1 s, so
    west is asked at 0, 0.1, 0.3 and 0.7 s."""
    shop = RefusesAtOnce("west", latency=0.2, closed=[(0, 0.5)], when_closed="refuse", prices={"tea": 335})
    return await answer(shop, "tea", 0.1)


@keep_asking.case(elapsed=1.5)
async def third_attempt(answer):
    """West is asked for coffee. It fails twice, each time after 0.3 s, and gives its price at the third attempt. The
    pause is 0.2 s."""
    shop = FailsFirst("west", 2, latency=0.3)
    equal(await answer(shop, "coffee", 0.2), shop.price_of("coffee"), "the price")
    equal(shop.requests, 3, "the number of questions")


@keep_asking.case(raises=TimeoutError, elapsed=0.5)
async def limit_while_it_asks(answer):
    """The line to east is cut until 0.6 s, a ConnectionError after 0.2 s; the pause is 0.2 s. A timeout of 0.5 s is
    around the call, and ends during the second attempt."""
    await limited(answer, 0.2)


@keep_asking.case(raises=TimeoutError, elapsed=0.5)
async def limit_while_it_waits(answer):
    """The line to east is cut until 0.6 s, a ConnectionError after 0.2 s; the pause is 10 s. A timeout of 0.5 s is
    around the call, and ends during the pause."""
    await limited(answer, 10)


async def limited(answer, pause):
    """Ask east with a timeout around the call."""
    async with asyncio.timeout(0.5):
        price = await answer(CutUntil("east", 0.6, latency=0.2), "tea", pause)
    require(False, "no exception", f"the timeout was over at 0.5 s, and keep_asking returned {price!r} at "
            f"{asyncio.get_running_loop().time():g} s", "the CancelledError of the timeout leaves keep_asking")


@keep_asking.case(raises=ValueError, elapsed=0.2)
async def a_strange_answer(answer):
    """South answers after 0.2 s, with a ValueError, each time. A timeout of 60 s is around the call."""
    async with asyncio.timeout(60):
        return await answer(Strange("south", ValueError("no number"), latency=0.2), "tea", 0.1)


@keep_asking.case(raises=FileNotFoundError, elapsed=0.2)
async def no_price_list(answer):
    """South answers after 0.2 s, with a FileNotFoundError, which is an OSError, each time. A timeout of 60 s is around
    the call."""
    async with asyncio.timeout(60):
        return await answer(Strange("south", FileNotFoundError("prices.txt"), latency=0.2), "tea", 0.1)


@keep_asking.case(elapsed=4.225)
async def many_attempts(answer):
    """West fails 12 times, each time after 0.01 s, and gives its price at the next attempt; the pause is 0.001 s."""
    shop = FailsFirst("west", 12, latency=0.01)
    equal(await answer(shop, "tea", 0.001), shop.price_of("tea"), "the price")


@keep_asking.case()
async def cancelled_meanwhile(answer):
    """keep_asking is cancelled after 0.2 s, while it waits for north."""
    await cancelled(answer(Shop("north", latency=0.6), "tea", 0.1), after=0.2)


class Strange(Shop):
    """A shop whose answer is an error, and not always a ShopError."""

    def __init__(self, name: str, error: Exception, **options) -> None:
        super().__init__(name, **options)
        self.error = error

    async def price(self, item: str) -> int:
        await super().price(item)
        raise self.error


class CutUntil(Shop):
    """A shop whose line is cut until some moment: an answer before it is a ConnectionError, and no ShopError."""

    def __init__(self, name: str, until: float, **options) -> None:
        super().__init__(name, **options)
        self.until = until

    async def price(self, item: str) -> int:
        price = await super().price(item)
        if asyncio.get_running_loop().time() < self.until:
            raise ConnectionError("the line is cut")
        return price


class RefusesAtOnce(Shop):
    """A shop that counts how often it is asked without a moment in between."""

    moment, times = -1.0, 0

    async def price(self, item: str) -> int:
        now = asyncio.get_running_loop().time()
        self.moment, self.times = now, self.times + 1 if now == self.moment else 1
        require(self.times < 100, "endless", f"{self.name} was asked 100 times at the same moment, {now:g} s",
                "a pause between two attempts")
        return await super().price(item)


class FailsFirst(Shop):
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
        cancelled, nothing that it started is still at work; and if it is cancelled, it ends as cancelled.
        """,
    starter="""
        async def prices_in_time(shops, item, seconds):
            ...                                 # your code here
        """,
    hints=[
        "A `TaskGroup` in the block of a timeout: what happens to its tasks when the time is up?",
        "What a task has stored in a dictionary stays there when the others are cancelled. So let each task store its "
        "own price.",
        "Where does the `TimeoutError` appear: inside the block of the timeout, or around it?",
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
    follow_up="Give each shop a limit of its own as well: a second `asyncio.timeout`, in `ask`.",
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
        Mistake("swallowed", "CancelledError again", """
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
            "`cancel()` only asks. The task has had no turn since, so nothing has happened to it yet.",
        "`False` and `True`":
            "A task counts as cancelled when the `CancelledError` has come out of its coroutine. Run the cell: has "
            "`get_price` had a turn before this line?",
    },
    right="`False` and `False`",
)

predict_clean_up = predict(
    "North answers after 0.6 s, the timeout is 0.2 s, and the clean-up takes 2 s. How does `watch_politely` end?",
    {
        "at 0.2 s, with a `TimeoutError`":
            "At 0.2 s the timeout cancels the task, and the `finally` begins. The block of the timeout is over when "
            "the code in it has ended, and that includes the `finally`.",
        "at 2.2 s, with a `TimeoutError`":
            "The timeout cancelled once, at 0.2 s. The wait in the `finally` began after that, and it is a wait like "
            "any other: nobody cuts it short.",
        "at 2.2 s, with the price":
            "The time is right. But the request was cut short at 0.2 s, so where could a price come from?",
        "at 0.4 s: the timeout cancels the clean-up as well":
            "It would, if a timeout cancelled again after another 0.2 s. Run the cell: how often does it cancel?",
    },
    right="at 2.2 s, with a `TimeoutError`",
)

predict_again = predict(
    "The timeout is 0.5 s, and north answers 0.6 s after each question. How does "
    "`watch_in_time(ask_until_answer, north)` end?",
    {
        "at 0.5 s, with a `TimeoutError`":
            "That is what the timeout is for. But who gets the `CancelledError` that it sends? Run the cell, and "
            "read its first line.",
        "at 1.2 s, with a `TimeoutError`":
            "The time is right: somebody caught the `CancelledError`, waited 0.1 s, and asked again. But then nothing "
            "is left from which a `TimeoutError` could be made.",
        "at 1.2 s, with the price":
            "The bare `except:` catches the `CancelledError` at 0.5 s. The function waits 0.1 s, asks again, and has "
            "the price at 1.2 s. The timeout cancels once, and not again.",
        "never":
            "It would, if every attempt were cancelled again. Run the cell: how often does one timeout cancel?",
    },
    right="at 1.2 s, with the price",
)

predict_inside = predict(
    "North is too slow for the timeout of 0.5 s. Which error does the `except` *inside* the block get?",
    {
        "a `TimeoutError`":
            "That is what the code around the block gets. Run the cell: which line begins with `inside`?",
        "a `CancelledError`":
            "The timeout cancels the task, so at the `await` inside the block there is a `CancelledError`. Only the "
            "end of the block turns it into a `TimeoutError`.",
        "none: the block is left without one":
            "The only way to leave a wait early is an exception that is raised there. Run the cell: which one is it?",
    },
    right="a `CancelledError`",
)

predict_shared = predict(
    "Two watchers await the same task `asking`. The timeout of `impatient` is over at 0.2 s. What does `patient` get?",
    {
        "the price, at 0.6 s":
            "It would, if the timeout stopped only the waiting of `impatient`. Run the cell: what has become of the "
            "task `asking`?",
        "a `TimeoutError`, at 0.2 s":
            "The timeout belongs to `impatient`, and makes a `TimeoutError` at the end of its own block. `patient` "
            "runs in another task.",
        "a `CancelledError`, at 0.2 s":
            "The timeout cancels `impatient`, and that cancels what `impatient` awaits: the task `asking`. Everybody "
            "who awaits a cancelled task gets a `CancelledError`.",
        "nothing: it waits for ever":
            "A task that was cancelled has ended, and whoever awaits it goes on. Run the cell: how does that end for "
            "`patient`?",
    },
    right="a `CancelledError`, at 0.2 s",
)

predict_busy = predict(
    "West refuses at once until 0.25 s. `ask_at_once` asks up to 1,000 times, and the timeout is 0.5 s. How does it "
    "end?",
    {
        "with the price":
            "It would, if an attempt took place after 0.25 s. Run the cell: at what time are the 1,000 attempts over?",
        "at 0.5 s, with a `TimeoutError`":
            "A `CancelledError` is raised at an `await` where a task waits. Run the cell: did one of the 1,000 "
            "attempts wait?",
        "at 0 s, after 1,000 attempts":
            "West's refusal does not suspend the task, so no time passes on this clock, and the loop has no turn for a "
            "timer or for another task.",
    },
    right="at 0 s, after 1,000 attempts",
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
            "`shield` protects the task that stores. It does not protect the waiting for it. Run the cell: "
            "at what time does `watch_and_store` end?",
        "it is stored, after `watch_and_store` has ended":
            "The task that stores does go on. But how long does the loop, when nobody waits for that task?",
    },
    right="it is not stored",
)
