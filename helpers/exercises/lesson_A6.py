"""The exercises and questions of notebook A6: the error museum."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from helpers.checker import Exercise, Mistake, equal, predict, require

# -- name the line that must change --------------------------------------------------------------------------------

mistaken_lines = Exercise(
    lesson="A6",
    title="Find the line with the mistake",
    task="""
        Four programs, A to D, stand above the cell, each with its message. Write `mistaken_lines()`: it returns a
        dictionary with the number of the line on which the mistake is made, for each program.
        """,
    starter="""
        def mistaken_lines():
            return {"A": 1, "B": 1, "C": 1, "D": 1}     # your answer here
        """,
    hints=[
        "The message names the line where Python noticed. Which object is the wrong one there, and which line made it?",
        "In A and C, a coroutine function was called. In B, ask when the tasks are done. In D, ask who keeps the task.",
    ],
    solution="""
        def mistaken_lines():
            return {"A": 2, "B": 4, "C": 2, "D": 2}
        """,
    why="In A and C the await is missing where the object is made, before the line that is named. In B the line that "
        "is named reads results inside the block, before the tasks are done. In D nobody keeps the task.",
    follow_up="Repair the four programs.",
    mistakes=[
        Mistake("value", "line 4 of A is where Python noticed", """
            def mistaken_lines():
                return {"A": 4, "B": 4, "C": 2, "D": 2}
            """),
        Mistake("value", "line 3 of A", """
            def mistaken_lines():
                return {"A": 3, "B": 4, "C": 2, "D": 2}
            """),
        Mistake("value", "line 3 of B", """
            def mistaken_lines():
                return {"A": 2, "B": 3, "C": 2, "D": 2}
            """),
        Mistake("value", "line 2 of B", """
            def mistaken_lines():
                return {"A": 2, "B": 2, "C": 2, "D": 2}
            """),
        Mistake("value", "line 3 of C is where Python noticed", """
            def mistaken_lines():
                return {"A": 2, "B": 4, "C": 3, "D": 2}
            """),
        Mistake("value", "line 3 of D", """
            def mistaken_lines():
                return {"A": 2, "B": 4, "C": 2, "D": 3}
            """),
        Mistake("value", "no number for D", """
            def mistaken_lines():
                return {"A": 2, "B": 4, "C": 2}
            """),
        Mistake("value", "list", """
            def mistaken_lines():
                return [2, 4, 2, 2]
            """),
    ],
    advice={
        "value: .*noticed": "Go back from that line to the one that made the wrong object.",
        "value: has no line": "Give the number that stands at the end of the line, without quotes.",
        "value: the answer is|no number": "Return a dictionary like the one of the starter: a number for each letter.",
        "value": "Ask which object the message is about, and which line makes it, reads it or lets go of it.",
    },
)

RIGHT = {"A": 2, "B": 4, "C": 2, "D": 2}
LINES = {"A": 4, "B": 4, "C": 4, "D": 3}        # that each program has
WHY_NOT = {
    ("A", 3): "line 3 of A does nothing with cents",
    ("A", 4): "line 4 of A is where Python noticed: it divides what an earlier line made",
    ("B", 2): "line 2 of B opens a group, which waits for its tasks at the end of the block",
    ("B", 3): "line 3 of B starts the tasks and keeps them, as it should",
    ("C", 3): "line 3 of C is where Python noticed: it opens what an earlier line made",
    ("C", 4): "line 4 of C was never reached",
    ("D", 3): "line 3 of D waits for something else than the task news",
}


@mistaken_lines.case()
def four_programs(answer):
    """The four programs A, B, C and D."""
    lines = answer()
    wanted = "a dictionary with the number of a line for each of A, B, C and D"
    require(isinstance(lines, dict), "value", f"the answer is a {type(lines).__name__}", wanted)
    for program, right in RIGHT.items():
        require(program in lines, "value", f"there is no number for {program}", wanted)
        line = lines[program]
        require(type(line) is int and 1 <= line <= LINES[program], "value",
                f"{program} has no line {line!r}", wanted)
        require(line == right, "value",
                WHY_NOT.get((program, line), f"line {line} of {program} is right: it begins a coroutine function"),
                "the line on which the mistake is made")


# -- repair a program by its messages ------------------------------------------------------------------------------

cheapest = Exercise(
    lesson="A6",
    title="Repair a program by its messages",
    task="""
        Repair `cheapest(stream, lock, ask)`: it asks one shop after another and returns the name of the one with the
        lowest price. `stream` is an asynchronous generator of names, `lock` an `asyncio.Lock` that it holds while it
        asks, and `ask` a coroutine function. Three lines are wrong; change these alone.
        """,
    starter="""
        async def cheapest(stream, lock, ask):
            prices = {}
            for shop in stream:
                with lock:
                    prices[shop] = ask(shop)
            return min(prices, key=prices.get)
        """,
    hints=[
        "Each message belongs to one line. Which object does it name, and what does this object want instead?",
        "An asynchronous generator takes `async for`, a lock takes `async with`. The third message names line 6, but "
        "the coroutines in it were made in line 5.",
        """
        Fill in the dots:
            prices = {}
            ... shop in stream:
                ... lock:
                    prices[shop] = ... ask(shop)
            return min(prices, key=prices.get)
        """,
    ],
    solution="""
        async def cheapest(stream, lock, ask):
            prices = {}
            async for shop in stream:
                async with lock:
                    prices[shop] = await ask(shop)
            return min(prices, key=prices.get)
        """,
    why="The generator and the lock may have to wait, so they take async for and async with. The comparison in the "
        "last line failed because the dictionary held coroutines: the await was missing where they were made.",
    follow_up="Which message do you get with a shop that is closed, and which line does it name?",
    mistakes=[
        Mistake("error", "'Lock' object", """
            async def cheapest(stream, lock, ask):
                prices = {}
                async for shop in stream:
                    with lock:
                        prices[shop] = await ask(shop)
                return min(prices, key=prices.get)
            """),
        Mistake("error", "async for", """
            async def cheapest(stream, lock, ask):
                prices = {}
                for shop in stream:
                    async with lock:
                        prices[shop] = await ask(shop)
                return min(prices, key=prices.get)
            """),
        Mistake("forgotten await", "await", """
            async def cheapest(stream, lock, ask):
                prices = {}
                async for shop in stream:
                    async with lock:
                        prices[shop] = ask(shop)
                return min(prices, key=prices.get)
            """),
        Mistake("not awaitable", "async for", """
            async def cheapest(stream, lock, ask):
                prices = {}
                for shop in await stream:
                    async with lock:
                        prices[shop] = await ask(shop)
                return min(prices, key=prices.get)
            """),
        Mistake("error", "async for", """
            async def cheapest(stream, lock, ask):
                prices = {}
                for shop in list(stream):
                    async with lock:
                        prices[shop] = await ask(shop)
                return min(prices, key=prices.get)
            """),
        Mistake("value", "hold", """
            async def cheapest(stream, lock, ask):
                prices = {}
                async for shop in stream:
                    prices[shop] = await ask(shop)
                return min(prices, key=prices.get)
            """),
        Mistake("value", "hold", """
            async def cheapest(stream, lock, ask):
                prices = {}
                async for shop in stream:
                    async with lock:
                        price = ask(shop)
                    prices[shop] = await price
                return min(prices, key=prices.get)
            """),
        Mistake("value", "kept the lock", """
            async def cheapest(stream, lock, ask):
                prices = {}
                async with lock:
                    async for shop in stream:
                        prices[shop] = await ask(shop)
                return min(prices, key=prices.get)
            """),
        Mistake("value", "at once", """
            async def cheapest(stream, lock, ask):
                shops = [shop async for shop in stream]
                async with lock:
                    prices = await asyncio.gather(*map(ask, shops))
                return min(zip(prices, shops))[1]
            """),
        Mistake("not awaitable", "async with", """
            async def cheapest(stream, lock, ask):
                prices = {}
                async for shop in stream:
                    async with await lock:
                        prices[shop] = await ask(shop)
                return min(prices, key=prices.get)
            """),
        Mistake("value", "south", """
            async def cheapest(stream, lock, ask):
                prices = {}
                async for shop in stream:
                    async with lock:
                        prices[shop] = await ask(shop)
                return min(prices)
            """),
    ],
    advice={
        "error: async_generator": "Write async for shop in stream: the next name may not be there yet.",
        "error: Lock": "Write async with lock: the task may have to wait for it.",
        "forgotten await": "Write await ask(shop): the dictionary is to hold prices, no coroutines or tasks.",
        "not awaitable: async_generator": "Write async for shop in stream: a generator is gone through, not awaited.",
        "not awaitable: Lock": "Write async with lock: a lock is entered, not awaited.",
        "value: did not hold": "Hold the lock while you await ask(shop): both stand in one block of async with lock.",
        "value: kept the lock": "Take the lock for one shop: async with stands inside of the loop.",
        "value: at once": "Await ask(shop) for one shop before you ask the next.",
        "value": "Return the name of the shop with the lowest price, as the last line does.",
    },
)


class Shops:
    """What a learner's function asks: it notes whether the lock was held meanwhile, and how many were asked at once."""

    def __init__(self, prices: dict[str, int]) -> None:
        self.prices, self.lock = prices, asyncio.Lock()
        self.unlocked = ""          # a shop that was asked without the lock
        self.kept = False           # whether the lock was held while no shop was asked, and a name was waited for
        self.asked: set[str] = set()
        self.most = 0               # shops that were asked at once

    async def stream(self) -> AsyncIterator[str]:
        for shop in self.prices:
            await asyncio.sleep(0.1)
            self.kept = self.kept or (self.lock.locked() and not self.asked)
            yield shop

    async def ask(self, shop: str) -> int:
        self.asked.add(shop)
        self.most = max(self.most, len(self.asked))
        if not self.lock.locked():
            self.unlocked = shop
        await asyncio.sleep(0.2)
        if not self.lock.locked():
            self.unlocked = shop
        self.asked.discard(shop)
        return self.prices[shop]

    async def over(self, answer, name: str, other_has_it: bool = False) -> None:
        """Demand that the answer finds this shop, and asks with the lock held, which another task may have at first."""
        found = await answer(self.stream(), self.lock, self.ask)
        require(not self.unlocked, "value", f"{self.unlocked} was asked, and cheapest did not hold the lock",
                "cheapest holds the lock while it asks")
        require(not self.kept or other_has_it, "value", "cheapest kept the lock while it waited for the next name",
                "it holds the lock while it asks, and not longer")
        require(self.most < 2, "value", f"{self.most} shops were asked at once", "one after another")
        equal(found, name, "the name")
        require(not self.lock.locked(), "value", "the lock is still held at the end", "cheapest gives it back")


@cheapest.case(drawn=True)
async def three_shops(answer):
    """A new name comes every 0.1 s, each shop needs 0.2 s to answer, and south is the cheapest."""
    await Shops({"north": 320, "south": 290, "east": 305}).over(answer, "south")


@cheapest.case()
async def one_shop(answer):
    """There is one shop."""
    await Shops({"west": 340}).over(answer, "west")


@cheapest.case()
async def taken(answer):
    """Another task holds the lock for the first 0.4 s."""
    shops = Shops({"north": 320, "south": 290})

    async def other() -> None:
        async with shops.lock:
            await asyncio.sleep(0.4)

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    await shops.over(answer, "south", other_has_it=True)
    await task


# -- questions -----------------------------------------------------------------------------------------------------

predict_line = predict(
    "In `report`, one `await` is missing. Which line does the traceback of the error end with?",
    {
        "line 2, where the `await` is missing":
            "A call of a coroutine function is no error: it makes a coroutine. Run the cell: who is the first that "
            "cannot do anything with it?",
        "line 3, the next `await`":
            "This line awaits another coroutine, and has nothing to do with the first. Run the cell.",
        "line 4, where the two are added":
            "The coroutine that line 2 made is an ordinary object, until somebody uses it as a number.",
    },
    right="line 4, where the two are added",
)

predict_when = predict(
    "The task fails at its first step. When does the script write `Task exception was never retrieved`?",
    {
        "before `the work goes on`, when the task fails":
            "At this moment somebody may still await the task, and get the error. Run the cell: when can nobody do so "
            "any more?",
        "between `the work goes on` and `the end`":
            "With `task = None`, nothing refers to the task any more. So Python throws it away, and finds an error "
            "that nobody has asked for.",
        "after `the end`":
            "So it would be if the variable still held the task. Run the cell, and see what is done before that line.",
        "never":
            "While something keeps the task, nothing is written. Run the cell: what does `task = None` do?",
    },
    right="between `the work goes on` and `the end`",
)
