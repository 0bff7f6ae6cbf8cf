"""Answers to the exercises of lesson 00."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("tea_and_coffee", "a comprehension that awaits", """
        async def tea_and_coffee(shop):
            return sum([await shop.price(item) for item in ("tea", "coffee")])
        """),
    right("tea_and_coffee", "both at once", """
        async def tea_and_coffee(shop):
            async with asyncio.TaskGroup() as group:
                tea, coffee = (group.create_task(shop.price(item)) for item in ("tea", "coffee"))
            return tea.result() + coffee.result()
        """),
    right("tea_and_coffee", "an async generator, and a walrus", """
        async def tea_and_coffee(shop):
            async def prices():
                for item in ["coffee", "tea"]:
                    if (cents := await shop.price(item)) is not None:
                        yield cents

            total = 0
            async for cents in prices():
                total += cents
            return total
        """),
    wrong("tea_and_coffee", "a fixed number", """
        async def tea_and_coffee(shop):
            return 770
        """, never=("right.",)),
    wrong("tea_and_coffee", "never asked", """
        async def tea_and_coffee(shop):
            return shop.prices["tea"] + shop.prices["coffee"]
        """, "asked|request", never=("right.",)),
    wrong("tea_and_coffee", "the price list by the back door", """
        async def tea_and_coffee(shop):
            return shop.price_of("tea") + shop.price_of("coffee")
        """, "asked|request"),
    wrong("tea_and_coffee", "tea asked for, coffee read", """
        async def tea_and_coffee(shop):
            return await shop.price("tea") + shop.prices["coffee"]
        """, "coffee"),
    wrong("tea_and_coffee", "forgotten return", """
        async def tea_and_coffee(shop):
            tea = await shop.price("tea")
            coffee = await shop.price("coffee")
            tea + coffee
        """, "return"),
    wrong("tea_and_coffee", "one await for two calls", """
        async def tea_and_coffee(shop):
            return await shop.price("tea") + shop.price("coffee")
        """, "await"),
    wrong("tea_and_coffee", "a mistyped method", """
        async def tea_and_coffee(shop):
            return await shop.prise("tea") + await shop.prise("coffee")
        """, "prise"),
    wrong("tea_and_coffee", "tea twice", """
        async def tea_and_coffee(shop):
            tea = await shop.price("tea")
            coffee = await shop.price("tea")
            return tea + coffee
        """, "640|coffee"),
    wrong("tea_and_coffee", "texts joined", """
        async def tea_and_coffee(shop):
            return f"{await shop.price('tea') + await shop.price('coffee')}"
        """, "'770'"),
    hostile("tea_and_coffee", "equal to everything", """
        async def tea_and_coffee(shop):
            class Anything:
                def __eq__(self, other):
                    return True
                __hash__ = None
            await shop.price("tea")
            await shop.price("coffee")
            return Anything()
        """),
    hostile("tea_and_coffee", "a megabyte of output in one line, and a lone surrogate", """
        async def tea_and_coffee(shop):
            print("x" * 1_000_000, "\\ud800")
            return 1
        """),
    hostile("tea_and_coffee", "a repr that never ends", """
        async def tea_and_coffee(shop):
            class Cents(int):
                def __repr__(self):
                    while True:
                        pass
            return Cents(3)
        """),
    right("ask_all", "a recursion", """
        async def ask_all(ask, shops):
            if shops:
                first, *rest = shops
                await asyncio.gather(ask(first), ask_all(ask, rest))
        """),
    right("ask_all", "tasks, then a loop over them", """
        async def ask_all(ask, shops):
            tasks = [asyncio.ensure_future(ask(shop)) for shop in shops]
            for task in tasks:
                await task
        """),
    right("ask_all", "a queue that counts the answers", """
        async def ask_all(ask, shops):
            answered = asyncio.Queue()

            async def one(shop):
                await ask(shop)
                answered.put_nowait(shop)

            async with asyncio.TaskGroup() as group:
                for shop in shops:
                    group.create_task(one(shop))
            while not answered.empty():
                await answered.get()
        """),
    right("ask_all", "as_completed over map", """
        async def ask_all(ask, shops):
            for answer in asyncio.as_completed(list(map(ask, shops))):
                await answer
        """),
    wrong("ask_all", "a star too few", """
        async def ask_all(ask, shops):
            await asyncio.gather(ask(shop) for shop in shops)
        """, "*|star", never=("leave this await out",)),
    wrong("ask_all", "a list for gather", """
        async def ask_all(ask, shops):
            await asyncio.gather([ask(shop) for shop in shops])
        """, "*|star", never=("leave this await out",)),
    wrong("ask_all", "with instead of async with", """
        async def ask_all(ask, shops):
            with asyncio.TaskGroup() as group:
                for shop in shops:
                    group.create_task(ask(shop))
        """, "async with"),
    wrong("ask_all", "each task awaited at once", """
        async def ask_all(ask, shops):
            for shop in shops:
                await asyncio.create_task(ask(shop))
        """, "do not wait for one|before you wait"),
    wrong("ask_all", "gather never awaited", """
        async def ask_all(ask, shops):
            asyncio.gather(*[ask(shop) for shop in shops])
        """, "await"),
    wrong("ask_all", "three shops, always", """
        async def ask_all(ask, shops):
            await asyncio.gather(ask(shops[0]), ask(shops[1]), ask(shops[2]))
        """),
    wrong("ask_all", "the last one forgotten", """
        async def ask_all(ask, shops):
            async with asyncio.TaskGroup() as group:
                for index in range(len(shops) - 1):
                    group.create_task(ask(shops[index]))
        """),
    wrong("ask_all", "does not wait for the slow ones", """
        async def ask_all(ask, shops):
            tasks = [asyncio.create_task(ask(shop)) for shop in shops]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        """),
    hostile("ask_all", "ten thousand tasks with long names", """
        async def ask_all(ask, shops):
            async with asyncio.TaskGroup() as group:
                for number in range(3_000):
                    group.create_task(asyncio.sleep(0.1), name="n" * 10_000 + str(number))
        """),
    hostile("ask_all", "leaves the process", """
        async def ask_all(ask, shops):
            import os
            os._exit(0)
        """, "process|end|exit"),
    wrong("ask_all", "each call awaited inside of gather", """
        async def ask_all(ask, shops):
            await asyncio.gather(*[await ask(shop) for shop in shops])
        """, "leave out the await inside", never=("a function that is not called",)),
]
