"""The exercises and questions of notebook 00: the first waits."""

from __future__ import annotations

import asyncio

from helpers.checker import Exercise, Mistake, equal, predict, require
from helpers.simulated_io import Shop

# -- questions ------------------------------------------------------------------------------------------------

predict_together = predict(
    "All three shops are asked at once. In which order do the answers come, and after how long is the last one there?",
    {
        "north, south, east; after 1.5 seconds":
            "That was the program before: it asked a shop only when the one before had answered. Now none has to "
            "wait.",
        "north, south, east; after 0.6 seconds":
            "The time is right. But which shop answers first: the one that was asked first, or the one that needs the "
            "least time?",
        "south, east, north; after 0.6 seconds":
            "Each answer comes when its shop is ready: after 0.4, 0.5 and 0.6 seconds. The last one is north's.",
        "south, east, north; after 0.4 seconds":
            "The order is right. But after 0.4 seconds only the first answer is there, and two are still to come.",
    },
    right="south, east, north; after 0.6 seconds",
)

predict_lanes = predict(
    "A timeline has a lane for each task. What will the picture of `my_watch` look like?",
    {
        "one lane, with three waits one after another":
            "Nothing here creates a second task: `my_watch` does one thing after another, and waits three times.",
        "two lanes, one for each shop":
            "A shop has no lane of its own: a lane belongs to a task, whatever it waits for.",
        "three lanes, one for each wait": "That takes three tasks, as in `together`. Which line here creates one?",
    },
    right="one lane, with three waits one after another",
)

predict_day = predict(
    "The next watcher asks for the price once an hour, for a whole day. How long will you wait for its picture?",
    {
        "24 hours": "That is how long `record` would take. The clock of `simulate` does not wait: it jumps.",
        "a moment":
            "The clock jumps over all waits, also over those for the shop. Only the work of your computer takes time.",
        "some 14 seconds, for 24 answers of 0.6 seconds":
            "The wait for an answer is a wait like any other: the clock jumps over it, too.",
    },
    right="a moment",
)

# -- exercises ------------------------------------------------------------------------------------------------

tea_and_coffee = Exercise(
    lesson="00",
    title="Ask one shop twice",
    task="""
        Write `tea_and_coffee(shop)`: it asks the shop for the price of `"tea"` and for that of `"coffee"`, and returns
        the sum of the two prices. If tea costs 320 and coffee 450, it returns 770.
        """,
    starter="""
        async def tea_and_coffee(shop):
            ...                                 # your code here
        """,
    hints=[
        "The cell with `my_watch` asks two shops and returns a sum. What must be different here?",
        "Each price needs an `await` of its own: `tea = await shop.price(\"tea\")`.",
    ],
    solution="""
        async def tea_and_coffee(shop):
            tea = await shop.price("tea")
            coffee = await shop.price("coffee")
            return tea + coffee
        """,
    why="Each `await` waits for one answer and gives a price, a number.",
    follow_up="Leave out one of the two `await`s and run the check, to see what that looks like.",
    advice={
        "value": "Ask the shop that the function is given, for tea and for coffee, and return the sum of both prices.",
        "forgotten await: Task": "A task is not yet a price. Write `await` in front of each task: it gives the price.",
    },
    mistakes=[
        Mistake("forgotten await", "A task is not yet a price", """
            async def tea_and_coffee(shop):
                async with asyncio.TaskGroup() as group:
                    tea = group.create_task(shop.price("tea"))
                    coffee = group.create_task(shop.price("coffee"))
                return tea + coffee
            """),
        Mistake("forgotten await", "Write await in front", """
            async def tea_and_coffee(shop):
                tea = shop.price("tea")
                coffee = shop.price("coffee")
                return tea + coffee
            """),
        Mistake("forgotten await", "Write await in front", """
            async def tea_and_coffee(shop):
                return await shop.price("tea") + shop.price("coffee")
            """),
        Mistake("forgotten await", "Write await in front", """
            async def tea_and_coffee(shop):
                return await (shop.price("tea") + shop.price("coffee"))
            """),
        Mistake("value", "result is None", """
            async def tea_and_coffee(shop):
                tea = await shop.price("tea")
                coffee = await shop.price("coffee")
                print(tea + coffee)
            """),
        Mistake("value", "320", """
            async def tea_and_coffee(shop):
                tea = await shop.price("tea")
                await shop.price("coffee")
                return tea
            """),
        Mistake("value", "the shop that the function is given", """
            async def tea_and_coffee(shop):
                shop = Shop("north", prices={"tea": 667, "coffee": 1})
                return await shop.price("tea") + await shop.price("coffee")
            """),
        Mistake("value", "the shop was asked for 0 prices", """
            async def tea_and_coffee(shop):
                return shop.prices["tea"] + shop.prices["coffee"]
            """),
        Mistake("value", "the result is 770", """
            async def tea_and_coffee(shop):
                tea = await shop.price("tea")
                coffee = await shop.price("coffee")
                return 770
            """),
        Mistake("not async", "async def", """
            def tea_and_coffee(shop):
                tea = shop.price("tea")
                coffee = shop.price("coffee")
                return tea + coffee
            """),
        Mistake("blocked", "price_blocking", """
            async def tea_and_coffee(shop):
                return shop.price_blocking("tea") + shop.price_blocking("coffee")
            """),
    ],
)


async def _asks_twice(answer, shop: Shop, wanted: int) -> int:
    cents = await answer(shop)
    equal(cents, wanted)
    asked = f"{shop.requests} price" if shop.requests == 1 else f"{shop.requests} prices"
    require(shop.requests == 2, "value", f"the shop was asked for {asked}", "it is asked for two: tea and coffee")
    return cents


@tea_and_coffee.case()
async def one_shop(answer):
    """The shop answers after 0.3 s; tea costs 320, coffee 450."""
    return await _asks_twice(answer, Shop("west", latency=0.3, prices={"tea": 320, "coffee": 450}), 770)


@tea_and_coffee.case()
async def another_shop(answer):
    """Another shop answers after 0.2 s; tea costs 290, coffee 385."""
    return await _asks_twice(answer, Shop("east", latency=0.2, prices={"tea": 290, "coffee": 385}), 675)


ask_all = Exercise(
    lesson="00",
    title="Ask all shops at the same time",
    task="""
        `ask_all(ask, shops)` calls `await ask(shop)` for every shop, one after another. Change it so that all shops are
        asked at the same time. It ends when all have answered, and returns nothing.
        """,
    starter="""
        async def ask_all(ask, shops):
            for shop in shops:
                await ask(shop)
        """,
    hints=[
        "Compare `one_after_another` and `together`, line by line. Which lines differ?",
        "`group.create_task` creates a task for one shop. The block of the group ends when all of its tasks are "
        "done.",
        "Write `async with asyncio.TaskGroup() as group:`, and in its block the loop, with "
        "`group.create_task(ask(shop))`.",
    ],
    solution="""
        async def ask_all(ask, shops):
            async with asyncio.TaskGroup() as group:
                for shop in shops:
                    group.create_task(ask(shop), name=shop.name)
        """,
    why="All shops are asked before the first answer is there, so the waits overlap. The block of the group ends only "
        "when the last task is done.",
    follow_up="What would the picture be with ten shops? Change the cell of `together`, and see.",
    advice={
        "value": "Create one task for each shop in `shops`, however many there are, and wait until all have ended.",
        "sequential": "Create a task for each shop, and do not wait for one before you create the next.",
        "left behind": "Create the tasks in a task group: its block ends when all of them are done.",
    },
    mistakes=[
        Mistake("sequential", "do not wait for one", """
            async def ask_all(ask, shops):
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        await group.create_task(ask(shop))
            """),
        Mistake("sequential", "do not wait for one", """
            async def ask_all(ask, shops):
                for shop in shops:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(ask(shop))
            """),
        Mistake("left behind", "task group", """
            async def ask_all(ask, shops):
                for shop in shops:
                    asyncio.create_task(ask(shop), name=shop.name)
            """),
        Mistake("forgotten await", "never awaited", """
            async def ask_all(ask, shops):
                for shop in shops:
                    ask(shop)
            """),
        Mistake("error", "a coroutine was expected, got None", """
            async def ask_all(ask, shops):
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(await ask(shop))
            """),
        Mistake("error", "a coroutine was expected", """
            async def ask_all(ask, shops):
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask)
            """),
        Mistake("error", "async with", """
            async def ask_all(ask, shops):
                with asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask(shop))
            """),
        Mistake("value", "south was asked 0 times", """
            async def ask_all(ask, shops):
                await ask(shops[0])
            """),
    ],
)


async def _asks_all(answer, shops: list[Shop]) -> None:
    asked: list[str] = []

    async def ask(shop: Shop) -> None:
        asked.append(shop.name)
        await shop.price("tea")

    await answer(ask, shops)
    if len(asyncio.all_tasks()) == 1:       # nothing was left behind
        for shop in shops:
            times = asked.count(shop.name)
            require(times == 1, "value", f"{shop.name} was asked {times} times", "each shop is asked once")


@ask_all.case(elapsed=0.6)
async def three_shops(answer):
    """Three shops answer after 0.6, 0.4 and 0.5 s."""
    await _asks_all(answer, [Shop("north", latency=0.6), Shop("south", latency=0.4), Shop("east", latency=0.5)])


@ask_all.case(elapsed=0.5)
async def six_shops(answer):
    """Six shops, of which the slowest answers after 0.5 s."""
    await _asks_all(answer, Shop.many(6))


@ask_all.case(elapsed=0.3)
async def only_one(answer):
    """One shop, which answers after 0.3 s."""
    await _asks_all(answer, [Shop("north", latency=0.3)])
