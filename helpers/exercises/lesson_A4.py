"""The exercises and questions of notebook A4: speed and cost."""

from __future__ import annotations

import math
import numbers
from typing import Any

from helpers.checker import Exercise, Failed, Mistake, equal, predict, require, shown
from helpers.simulated_io import Shop

# -- the law -------------------------------------------------------------------------------------------------------

speed_up = Exercise(
    lesson="A4",
    title="Predict the speed-up",
    task="""
        Write `speed_up(shops, wait, work)`, a plain function. `shops` is the number of shops, at least 1. A question
        to one of them has `wait` seconds of waiting, which tasks can share, and `work` seconds of work, which they
        cannot; one of the two may be 0. The function returns how many times as fast as one by one it is to ask all
        shops together: a number, not rounded. `speed_up(100, 0.099, 0.001)` is about 50.25, and `speed_up(1, 0.2, 0.1)`
        is 1.
        """,
    starter="""
        def speed_up(shops, wait, work):
            ...                                 # your code here
        """,
    hints=[
        "How many seconds do all questions take one by one? And how many together?",
        "One by one, every question takes wait + work. Together, the work of all adds up, and there is one wait.",
        """
        Fill in the dots:
            one_by_one = shops * ...
            together = wait + ...
            return one_by_one / together
        """,
    ],
    solution="""
        def speed_up(shops, wait, work):
            one_by_one = shops * (wait + work)
            together = wait + shops * work
            return one_by_one / together
        """,
    why="One by one the shops take shops * (wait + work) seconds; together they still need all the work, and the wait "
        "once. With f = work / (wait + work) it is Amdahl's law.",
    follow_up="You may halve the work or halve the wait. Which of the two makes the program faster, for 1,000 shops?",
    mistakes=[
        Mistake("value", "divide the seconds of one by one", """
            def speed_up(shops, wait, work):
                return (wait + shops * work) / (shops * (wait + work))
            """),
        Mistake("value", "divide the seconds of one by one", """
            def speed_up(shops, wait, work):
                return wait + shops * work
            """),
        Mistake("value", "divide the seconds of one by one", """
            def speed_up(shops, wait, work):
                return shops
            """),
        Mistake("value", "divide the seconds of one by one", """
            def speed_up(shops, wait, work):
                return (wait + work) / work if work else shops
            """),
        Mistake("error", "seconds that all shops take together", """
            def speed_up(shops, wait, work):
                ratio = wait / work
                return shops * (ratio + 1) / (ratio + shops)
            """),
        Mistake("value", "divide the seconds of one by one", """
            def speed_up(shops, wait, work):
                f = work / wait if wait else 1
                return 1 / (f + (1 - f) / shops)
            """),
        Mistake("value", "divide the seconds of one by one", """
            def speed_up(shops, wait, work):
                f = wait / (wait + work)
                return 1 / (f + (1 - f) / shops)
            """),
        Mistake("value", "divide the seconds of one by one", """
            def speed_up(shops, wait, work):
                f = work / (wait + work)
                return 1 / f + (1 - f) / shops if f else shops
            """),
        Mistake("error", "how many shops there are", """
            def speed_up(shops, wait, work):
                return len(shops) * (wait + work) / (wait + len(shops) * work)
            """),
        Mistake("error", "how many shops there are", """
            def speed_up(shops, wait, work):
                return sum(wait + work for shop in shops) / (wait + sum(work for shop in shops))
            """),
        Mistake("value", "as it is", """
            def speed_up(shops, wait, work):
                return round(shops * (wait + work) / (wait + shops * work))
            """),
        Mistake("value", "return", """
            def speed_up(shops, wait, work):
                print(shops * (wait + work) / (wait + shops * work))
            """),
        Mistake("async", "def", """
            async def speed_up(shops, wait, work):
                return shops * (wait + work) / (wait + shops * work)
            """),
    ],
    advice={
        "value: result is None": "Return the number: print shows it, and the caller gets None.",
        "value: rounded": "Return the number as it is, and round it only where you show it.",
        "value": "Work out the seconds of one by one and those of together, where the work of all adds up and the wait "
                 "counts once. Then divide the seconds of one by one by those of together.",
        r"error: has no len\(\)|not iterable": "shops is a number here: how many shops there are.",
        "error: ^ZeroDivisionError": "Divide by the seconds that all shops take together: these are not 0, even if the "
                                     "work or the wait is.",
    },
)


def law(shops: int, wait: float, work: float) -> float:
    return shops * (wait + work) / (wait + shops * work)


def near(got: Any, wanted: float) -> None:
    """Demand a number that differs from the one that is wanted by no more than arithmetic with floats does."""
    if isinstance(got, bool) or not isinstance(got, numbers.Real):
        equal(got, wanted)
        return
    value = float(got)
    if math.isclose(value, wanted, rel_tol=1e-6):
        return
    rounded = any(value == round(wanted, digits) for digits in range(4))
    raise Failed("value", f"the result is {shown(got)}{', rounded' if rounded else ''}",
                 f"the result is {wanted:.10g}", got)


@speed_up.case()
def much_work(answer):
    """Five shops; 0.1 s of waiting and 0.3 s of work each."""
    near(answer(5, 0.1, 0.3), law(5, 0.1, 0.3))


@speed_up.case()
def a_hundred(answer):
    """A hundred shops; 0.099 s of waiting and 0.001 s of work each."""
    near(answer(100, 0.099, 0.001), law(100, 0.099, 0.001))


@speed_up.case()
def one_shop(answer):
    """One shop; 0.2 s of waiting and 0.1 s of work."""
    near(answer(1, 0.2, 0.1), 1)


@speed_up.case()
def no_work(answer):
    """Seven shops; 0.5 s of waiting each, and no work: the waits are shared, and nothing else takes time."""
    near(answer(7, 0.5, 0), 7)


@speed_up.case()
def no_wait(answer):
    """Seven shops; 0.5 s of work each, and no waiting: there is nothing to share."""
    near(answer(7, 0, 0.5), 1)


# -- the serial part of a program ----------------------------------------------------------------------------------

in_euros = Exercise(
    lesson="A4",
    title="Find the serial part, and remove it",
    task="""
        `in_euros(shops, bank, item)` asks all `shops` for the price of `item`, in dollar cents, and `bank` for the
        price of `"euro"`, which is the exchange rate: how many euro cents a dollar costs. It returns the prices in euro
        cents, `cents * rate // 100`, in the order of the shops. `bank` is asked like a shop, and serves one request at
        a time, so the program has a serial part. Change it: it asks each shop once and the bank once, and returns the
        same list as soon as it can be known. There is at least one shop.
        """,
    starter="""
        async def in_euros(shops, bank, item):
            async def ask(shop):
                cents = await shop.price(item)
                rate = await bank.price("euro")
                return cents * rate // 100

            return await asyncio.gather(*[ask(shop) for shop in shops])
        """,
    hints=[
        "Twenty shops take 0.2 s each, the bank 0.05 s. How often is the bank asked, and how long do these requests "
        "take, one after the other?",
        "Does the request to the bank need the answer of a shop? Start it at the same time as the others.",
        """
        Fill in the dots:
            async with asyncio.TaskGroup() as group:
                rate = group.create_task(...)
                prices = [group.create_task(...) for shop in shops]
            return [price.result() * ... // 100 for price in prices]
        """,
    ],
    solution="""
        async def in_euros(shops, bank, item):
            async with asyncio.TaskGroup() as group:
                rate = group.create_task(bank.price("euro"))
                prices = [group.create_task(shop.price(item)) for shop in shops]
            return [price.result() * rate.result() // 100 for price in prices]
        """,
    why="The bank is asked once, and at the same time as the shops, so no request waits for another one.",
    follow_up="The rate is valid for a minute. Where would you keep it, so that many calls of in_euros share it?",
    mistakes=[
        Mistake("slow", "at the same time as the shops", """
            async def in_euros(shops, bank, item):
                rate = await bank.price("euro")
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                return [cents * rate // 100 for cents in prices]
            """),
        Mistake("slow", "at the same time as the shops", """
            async def in_euros(shops, bank, item):
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                rate = await bank.price("euro")
                return [cents * rate // 100 for cents in prices]
            """),
        Mistake("value", "in one task", """
            async def in_euros(shops, bank, item):
                rates = {}
                async def ask(shop):
                    cents = await shop.price(item)
                    if "euro" not in rates:
                        rates["euro"] = await bank.price("euro")
                    return cents * rates["euro"] // 100
                return await asyncio.gather(*[ask(shop) for shop in shops])
            """),
        Mistake("value", "in one task", """
            async def in_euros(shops, bank, item):
                async def ask(shop):
                    cents, rate = await asyncio.gather(shop.price(item), bank.price("euro"))
                    return cents * rate // 100
                return await asyncio.gather(*[ask(shop) for shop in shops])
            """),
        Mistake("value", "in one task", """
            async def in_euros(shops, bank, item):
                lock = asyncio.Lock()
                async def ask(shop):
                    cents = await shop.price(item)
                    async with lock:
                        rate = await bank.price("euro")
                    return cents * rate // 100
                return await asyncio.gather(*[ask(shop) for shop in shops])
            """),
        Mistake("slow", "at the same time as the shops", """
            async def in_euros(shops, bank, item):
                lock, rates = asyncio.Lock(), []
                async def ask(shop):
                    cents = await shop.price(item)
                    async with lock:
                        if not rates:
                            rates.append(await bank.price("euro"))
                    return cents * rates[0] // 100
                return await asyncio.gather(*[ask(shop) for shop in shops])
            """),
        Mistake("error", "a task", """
            async def in_euros(shops, bank, item):
                rate = bank.price("euro")
                async def ask(shop):
                    return await shop.price(item) * await rate // 100
                return await asyncio.gather(*[ask(shop) for shop in shops])
            """),
        Mistake("forgotten await", "await", """
            async def in_euros(shops, bank, item):
                rate = bank.price("euro")
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                return [cents * rate // 100 for cents in prices]
            """),
        Mistake("sequential", "at the same time as the shops", """
            async def in_euros(shops, bank, item):
                rate = await bank.price("euro")
                return [await shop.price(item) * rate // 100 for shop in shops]
            """),
        Mistake("order", "order", """
            async def in_euros(shops, bank, item):
                rate = asyncio.create_task(bank.price("euro"))
                prices = []
                for next_price in asyncio.as_completed([shop.price(item) for shop in shops]):
                    prices.append(await next_price)
                return [cents * await rate // 100 for cents in prices]
            """),
        Mistake("value", "in euro cents", """
            async def in_euros(shops, bank, item):
                *prices, rate = await asyncio.gather(*[shop.price(item) for shop in shops], bank.price("euro"))
                return prices
            """),
    ],
    advice={
        "value: bank was (not )?asked": "Ask for the rate in one task, and let all prices use its result: to await a "
                                        "task again asks nobody.",
        "value: was (not )?asked": "Ask each shop once, and keep its price.",
        r"value: result is \[": "Multiply each price by the rate, and divide by 100 with //: the task wants prices in "
                                "euro cents.",
        "slow": "Start the request to the bank at the same time as the shops: neither needs the other's answer.",
        "sequential": "Start the request to the bank at the same time as the shops, and all shops together: none needs "
                      "another's answer.",
        "error: cannot reuse": "Make a task of the request to the bank: a task can be awaited by many, a coroutine "
                               "only once.",
        "order": "Return the prices in the order of the shops: gather and a list of tasks keep it.",
    },
)


def asked_once(*shops: Shop) -> None:
    for shop in shops:
        times = {0: "was not asked", 1: "was asked once"}.get(shop.requests, f"was asked {shop.requests} times")
        require(shop.requests == 1, "value", f"{shop.name} {times}", f"{shop.name} is asked once")


def euros(shops: list[Shop], rate: int, item: str) -> list[int]:
    return [shop.price_of(item) * rate // 100 for shop in shops]


def bank_of(rate: int, latency: float) -> Shop:
    return Shop("bank", latency=latency, capacity=1, prices={"euro": rate})


async def converted(answer, shops: list[Shop], bank: Shop, rate: int, item: str) -> None:
    prices = await answer(shops, bank, item)
    asked_once(bank, *shops)
    equal(prices, euros(shops, rate, item))


@in_euros.case(elapsed=0.3)
async def three_shops(answer):
    """The shops answer after 0.1, 0.3 and 0.2 s, the bank after 0.05 s; the rate is 92."""
    shops = [Shop("north", latency=0.1), Shop("south", latency=0.3), Shop("west", latency=0.2)]
    await converted(answer, shops, bank_of(92, 0.05), 92, "tea")


@in_euros.case(elapsed=0.4)
async def a_slow_bank(answer):
    """The shops answer after 0.1 and 0.2 s, the bank after 0.4 s; the rate is 89."""
    await converted(answer, [Shop("north", latency=0.1), Shop("south", latency=0.2)], bank_of(89, 0.4), 89, "coffee")


@in_euros.case(elapsed=0.2, drawn=True)
async def twenty_shops(answer):
    """Twenty shops answer after 0.2 s, the bank after 0.05 s; the rate is 95."""
    await converted(answer, Shop.many(20, latency=0.2), bank_of(95, 0.05), 95, "tea")


@in_euros.case(elapsed=0.2)
async def one_shop_and_a_bank(answer):
    """One shop answers after 0.2 s, the bank after 0.05 s; the rate is 92."""
    await converted(answer, [Shop("north", latency=0.2)], bank_of(92, 0.05), 92, "tea")


# -- questions -----------------------------------------------------------------------------------------------------

predict_bound = predict(
    "One hundredth of a question is work. How many times as fast as one by one is asking 1,000 shops together?",
    {
        "1,000 times":
            "So it would be with nothing but waiting. Here a thousand answers have to be read, one after the other.",
        "500 times":
            "The work of 1,000 questions is ten times as long as one whole question. What is the speed-up at most, "
            "then?",
        "100 times":
            "That is the bound, 1/f, which no number of shops reaches: the one wait that they share still counts.",
        "91 times":
            "The work of all takes 1 s, the shared wait 0.099 s; one by one takes 100 s.",
    },
    right="91 times",
)

predict_limit = predict(
    "The server serves 20 requests at once and lets the others wait. How many times as fast as one by one is asking "
    "100 together?",
    {
        "50 times, as the law says":
            "The law knows of the work only. Can more waits overlap than the server has places?",
        "about 40 times":
            "Where would the other 80 requests be, while 20 are served?",
        "about 20 times":
            "Twenty waits overlap, so five rounds of waiting are needed instead of one.",
        "5 times":
            "There are five rounds. But how many requests does each of them serve at once?",
    },
    right="about 20 times",
)

predict_await = predict(
    "What does it cost to await a coroutine that does not wait for anything?",
    {
        "less than 10 calls of a function":
            "Nothing is queued, and the loop takes no part: await runs the coroutine as a call would.",
        "about 100 calls":
            "That is nearer to a task, which the loop has to queue, run and wake. Does this await need the loop?",
        "about 1,000 calls":
            "That is nearer to a thread, which the system has to start. Is anything started here?",
    },
    right="less than 10 calls of a function",
)

predict_tasks = predict(
    "1,000 tasks that wait for nothing: each is awaited before the next is created, or all are created first and then "
    "awaited. Which way costs less for each task?",
    {
        "each awaited before the next":
            "One small task at a time looks cheap. How many passes does the loop need until a thousand are done?",
        "all created first":
            "One pass of the loop runs them all. One by one, each task needs passes of its own.",
        "both the same":
            "The tasks are the same. But in each pass the loop also asks the system for news, however many tasks it "
            "runs.",
    },
    right="all created first",
)

predict_memory = predict(
    "How much memory does a thread that waits take, compared with a task that waits?",
    {
        "about as much":
            "A task is a few small objects. A thread has a stack of its own, even if nothing much is on it.",
        "5 to 1,000 times as much":
            "The stack of a thread is large, on Linux usually 8 MB, but the system gives it memory only for the pages "
            "that are used.",
        "more than 1,000 times as much":
            "The stack, on Linux usually 8 MB, is reserved: addresses, not memory. How much of it does a thread touch "
            "that only waits?",
    },
    right="5 to 1,000 times as much",
)
