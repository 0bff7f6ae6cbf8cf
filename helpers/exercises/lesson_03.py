"""The exercises of notebook 03: sequential and concurrent."""

from __future__ import annotations

from helpers import Shop

from .exercise import Exercise, Mistake
from .expect import equal, require

TEA = {"north": 320, "south": 290, "west": 335}
LATENCY = {"north": 0.2, "south": 0.6, "west": 0.4}


def three_shops(latency: dict[str, float] = LATENCY, *, delivery: int = 150) -> list[Shop]:
    return [Shop(name, latency=latency[name], prices={"tea": TEA[name], "delivery": delivery}) for name in TEA]


# -- a warm-up: a sequential program is made a concurrent one ---------------------------------------------------

price_table = Exercise(
    title="Share the waiting of a table of prices",
    task="""
        `price_table(shops, item)` gives the right prices, in a dictionary, but asks one shop after another. Change it so
        that it asks all of them at the same time, and gives the same dictionary.
        """,
    starter="""
        async def price_table(shops, item):
            prices = {}
            for shop in shops:
                prices[shop.name] = await shop.price(item)
            return prices
        """,
    hints=[
        "Which await keeps the second shop from being asked before the first has answered?",
        "Two loops: the first creates a task for every shop and waits for none, the second takes the prices.",
        "A dictionary can hold the tasks, too: tasks[shop.name] = asyncio.create_task(shop.price(item)).",
        """
        Fill in the dots:
            tasks = {shop.name: asyncio.create_task(...) for shop in shops}
            return {name: await ... for name, task in tasks.items()}
        """,
    ],
    solution="""
        async def price_table(shops, item):
            tasks = {}
            async with asyncio.TaskGroup() as group:
                for shop in shops:
                    tasks[shop.name] = group.create_task(shop.price(item), name=shop.name)
            return {name: task.result() for name, task in tasks.items()}
        """,
    why="All tasks are created before the first is waited for, so the waits overlap, and the whole takes as long as the "
        "slowest shop.",
    next="What does your function do when it is given no shop at all?",
    mistakes=[
        Mistake("sequential", "before you await the first", """
            async def price_table(shops, item):
                prices = {}
                for shop in shops:
                    prices[shop.name] = await asyncio.create_task(shop.price(item))
                return prices
            """),
        Mistake("sequential", "before you await the first", """
            async def price_table(shops, item):
                coroutines = {shop.name: shop.price(item) for shop in shops}
                return {name: await coroutine for name, coroutine in coroutines.items()}
            """),
        Mistake("sequential", "before you await the first", """
            async def price_table(shops, item):
                return {shop.name: await shop.price(item) for shop in shops}
            """),
        Mistake("sequential", "before you await the first", """
            async def price_table(shops, item):
                prices = {}
                for shop in shops:
                    async with asyncio.TaskGroup() as group:
                        task = group.create_task(shop.price(item))
                    prices[shop.name] = task.result()
                return prices
            """),
        Mistake("forgotten await", "a task (", """
            async def price_table(shops, item):
                return {shop.name: asyncio.create_task(shop.price(item)) for shop in shops}
            """),
        Mistake("forgotten await", "the coroutine object", """
            async def price_table(shops, item):
                return {shop.name: shop.price(item) for shop in shops}
            """),
        Mistake("error", "Result is not set", """
            async def price_table(shops, item):
                tasks = {shop.name: asyncio.create_task(shop.price(item)) for shop in shops}
                return {name: task.result() for name, task in tasks.items()}
            """),
        Mistake("slow", "1 s of virtual time", """
            async def price_table(shops, item):
                tasks = {shop.name: asyncio.create_task(shop.price(item)) for shop in shops}
                await asyncio.sleep(1)
                return {name: task.result() for name, task in tasks.items()}
            """),
        Mistake("blocked", "price_blocking", """
            async def price_table(shops, item):
                async def get_price(shop):
                    return shop.price_blocking(item)
                tasks = {shop.name: asyncio.create_task(get_price(shop)) for shop in shops}
                return {name: await task for name, task in tasks.items()}
            """),
    ],
    advice={
        "sequential": "Create the tasks of all shops before you await the first one: each await here waits for one shop "
                      "before the next is asked.",
        "slow": "Await the tasks, and nothing else: a task that is awaited is waited for exactly as long as it takes.",
        "error": "task.result() does not wait. If the result is not set, the task is not done: await the task.",
    },
)


@price_table.case(returns=TEA, elapsed=0.6)
async def three_at_once(answer):
    """Three shops answer after 0.2, 0.6 and 0.4 s: all three prices, after 0.6 s."""
    return await answer(three_shops(), "tea")


@price_table.case(returns={shop.name: shop.price_of("rice") for shop in Shop.many(12)}, elapsed=0.5)
async def twelve_at_once(answer):
    """Twelve shops, of which the slowest answers after 0.5 s."""
    return await answer(Shop.many(12), "rice")


# -- one question needs the answer of another ------------------------------------------------------------------

total_cost = Exercise(
    title="Ask together what can be asked together",
    task="""
        Write `total_cost(shops, post, item)`: what `item` costs in the cheapest shop, its delivery by that shop, and a box
        from the post office. It returns the name of the shop and the sum of the three in cents, as soon as it can be
        known. Ask every shop for the price of `item`, the cheapest one for the price of `"delivery"`, and `post` for the
        price of `"box"`.
        """,
    starter="""
        async def total_cost(shops, post, item):
            ...                                 # your code here
        """,
    hints=[
        "Write down for each question whose answer it needs. One question needs others; which one needs nothing?",
        "The box needs no other answer: its task can be created first. It is not needed before the sum: it can be awaited last.",
        "Between those two: a task for each shop, their prices, the cheapest shop, and then await its price of the delivery.",
        """
        Fill in the dots:
            box = asyncio.create_task(...)
            tasks = [asyncio.create_task(...) for shop in shops]
            prices = [await task for task in tasks]
            cheapest = shops[prices.index(min(prices))]
            delivery = await ...
            return cheapest.name, min(prices) + delivery + await ...
        """,
    ],
    solution="""
        async def total_cost(shops, post, item):
            box = asyncio.create_task(post.price("box"), name="box")
            tasks = [asyncio.create_task(shop.price(item), name=shop.name) for shop in shops]
            prices = [await task for task in tasks]
            cheapest = shops[prices.index(min(prices))]
            delivery = await cheapest.price("delivery")
            return cheapest.name, min(prices) + delivery + await box
        """,
    why="Every question is asked as soon as the answers that it needs are there: the box at once, the delivery when the "
        "prices are known.",
    next="Let the post office be the slowest of all, and look at the picture: simulate(total_cost(shops, post, \"tea\")).",
    mistakes=[
        Mistake("sequential", "as soon as the answers that it needs are there", """
            async def total_cost(shops, post, item):
                prices = [await shop.price(item) for shop in shops]
                cheapest = shops[prices.index(min(prices))]
                return cheapest.name, min(prices) + await cheapest.price("delivery") + await post.price("box")
            """),
        Mistake("slow", "as soon as the answers that it needs are there", """
            async def total_cost(shops, post, item):
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                prices = [await task for task in tasks]
                cheapest = shops[prices.index(min(prices))]
                return cheapest.name, min(prices) + await cheapest.price("delivery") + await post.price("box")
            """),
        Mistake("slow", "as soon as the answers that it needs are there", """
            async def total_cost(shops, post, item):
                async with asyncio.TaskGroup() as group:
                    box = group.create_task(post.price("box"))
                    tasks = [group.create_task(shop.price(item)) for shop in shops]
                prices = [task.result() for task in tasks]
                cheapest = shops[prices.index(min(prices))]
                return cheapest.name, min(prices) + await cheapest.price("delivery") + box.result()
            """),
        Mistake("slow", "as soon as the answers that it needs are there", """
            async def total_cost(shops, post, item):
                box = await asyncio.create_task(post.price("box"))
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                prices = [await task for task in tasks]
                cheapest = shops[prices.index(min(prices))]
                return cheapest.name, min(prices) + await cheapest.price("delivery") + box
            """),
        Mistake("slow", "as soon as the answers that it needs are there", """
            async def total_cost(shops, post, item):
                box = post.price("box")
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                prices = [await task for task in tasks]
                cheapest = shops[prices.index(min(prices))]
                return cheapest.name, min(prices) + await cheapest.price("delivery") + await box
            """),
        Mistake("value", "only the cheapest shop", """
            async def total_cost(shops, post, item):
                async with asyncio.TaskGroup() as group:
                    box = group.create_task(post.price("box"))
                    tasks = [group.create_task(shop.price(item)) for shop in shops]
                    deliveries = [group.create_task(shop.price("delivery")) for shop in shops]
                prices = [task.result() for task in tasks]
                number = prices.index(min(prices))
                return shops[number].name, prices[number] + deliveries[number].result() + box.result()
            """),
        Mistake("forgotten await", "await in front", """
            async def total_cost(shops, post, item):
                box = asyncio.create_task(post.price("box"))
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                prices = [await task for task in tasks]
                cheapest = shops[prices.index(min(prices))]
                return cheapest.name, min(prices) + await cheapest.price("delivery") + box
            """),
        Mistake("value", "('south', 480)", """
            async def total_cost(shops, post, item):
                box = asyncio.create_task(post.price("box"))
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                prices = [await task for task in tasks]
                cheapest = shops[prices.index(min(prices))]
                return min(prices) + await cheapest.price("delivery") + await box
            """),
    ],
    advice={
        "slow": "Ask each question as soon as the answers that it needs are there, and await an answer only where you need it. "
                "Does the box wait for something that it does not need, or does the delivery wait for the box?",
        "sequential": "Ask each question as soon as the answers that it needs are there: most of them need none, and can be "
                      "asked at once, each in a task of its own.",
    },
)


async def ask_total(answer, box_after: float):
    shops = three_shops()
    post = Shop("post", latency=box_after, prices={"box": 40})
    total = await answer(shops, post, "tea")
    equal(total, ("south", 290 + 150 + 40))
    asked = sum(shop.requests for shop in shops)
    require(asked == 4, "value", f"the shops were asked {asked} questions",
            "4: three for the price of tea, and only the cheapest shop for that of the delivery")


@total_cost.case(elapsed=1.2)
async def quick_post(answer):
    """The shops answer after 0.2, 0.6 and 0.4 s, the cheapest after 0.6; the post office after 0.9 s. All is known
    after 1.2 s."""
    await ask_total(answer, 0.9)


@total_cost.case(elapsed=1.5)
async def slow_post(answer):
    """The same shops, and a post office that answers after 1.5 s: so long the whole must take, and no longer."""
    await ask_total(answer, 1.5)


# -- the loop stays free -----------------------------------------------------------------------------------------


class OldShop:
    """A shop that one can only ask with a blocking call."""

    def __init__(self, name: str, *, latency: float, prices: dict[str, int]) -> None:
        self.name = name
        self._shop = Shop(name, latency=latency, prices=prices)

    def price_blocking(self, item: str) -> int:
        """The price in cents. Holds the thread until it is there."""
        return self._shop.price_blocking(item)

    def __repr__(self) -> str:
        return f"OldShop({self.name!r})"


with_old_shop = Exercise(
    title="Ask a shop that can only block",
    task="""
        Write `with_old_shop(shops, old, item)`: it asks all `shops`, and the shop `old`, at the same time, and returns the
        list of their prices, that of `old` at the end. The shop `old` can only be asked with
        `old.price_blocking(item)`, which holds the thread that it runs in until the price is there. Do not let that be the
        thread of the event loop.
        """,
    starter="""
        async def with_old_shop(shops, old, item):
            ...                                 # your code here
        """,
    hints=[
        "async def around a blocking call does not make it give way. It has to run elsewhere.",
        "asyncio.to_thread(function, argument) gives something to await, which runs function(argument) in another thread.",
        "The function goes in without parentheses: asyncio.to_thread(old.price_blocking, item). What it gives is a "
        "coroutine, so it can have a task, as the shops have.",
        """
        Fill in the dots:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(...) for shop in shops]
                tasks.append(group.create_task(asyncio.to_thread(...)))
            return [... for task in tasks]
        """,
    ],
    solution="""
        async def with_old_shop(shops, old, item):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(shop.price(item), name=shop.name) for shop in shops]
                tasks.append(group.create_task(asyncio.to_thread(old.price_blocking, item), name="old"))
            return [task.result() for task in tasks]
        """,
    why="The blocking call holds a thread of its own, and to_thread gives the loop something to await, which overlaps with "
        "the other waits.",
    next="How long does it take with twenty old shops? asyncio.to_thread has a limited number of threads.",
    mistakes=[
        Mistake("blocked", "asyncio.to_thread", """
            async def with_old_shop(shops, old, item):
                async def ask_old():
                    return old.price_blocking(item)
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(shop.price(item)) for shop in shops]
                    tasks.append(group.create_task(ask_old()))
                return [task.result() for task in tasks]
            """),
        Mistake("blocked", "without parentheses", """
            async def with_old_shop(shops, old, item):
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                last = await asyncio.to_thread(old.price_blocking(item))
                return [await task for task in tasks] + [last]
            """),
        Mistake("blocked", "without parentheses", """
            async def with_old_shop(shops, old, item):
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                tasks.append(asyncio.create_task(old.price_blocking(item)))
                return [await task for task in tasks]
            """),
        Mistake("blocked", "asyncio.to_thread", """
            async def with_old_shop(shops, old, item):
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                prices = [await task for task in tasks]
                return prices + [await old.price_blocking(item)]
            """),
        Mistake("slow", "one after the other", """
            async def with_old_shop(shops, old, item):
                last = await asyncio.to_thread(old.price_blocking, item)
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                return [await task for task in tasks] + [last]
            """),
        Mistake("slow", "one after the other", """
            async def with_old_shop(shops, old, item):
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(shop.price(item)) for shop in shops]
                return [task.result() for task in tasks] + [await asyncio.to_thread(old.price_blocking, item)]
            """),
        Mistake("sequential", "Create the tasks", """
            async def with_old_shop(shops, old, item):
                prices = [await shop.price(item) for shop in shops]
                return prices + [await asyncio.to_thread(old.price_blocking, item)]
            """),
        Mistake("forgotten await", "to_thread", """
            async def with_old_shop(shops, old, item):
                last = asyncio.to_thread(old.price_blocking, item)
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                return [await task for task in tasks] + [last]
            """),
        Mistake("order", "[310, 320, 290, 335]", """
            async def with_old_shop(shops, old, item):
                tasks = [asyncio.create_task(asyncio.to_thread(old.price_blocking, item))]
                tasks += [asyncio.create_task(shop.price(item)) for shop in shops]
                return [await task for task in tasks]
            """),
    ],
    advice={
        "blocked": "Let the blocking call run in another thread: asyncio.to_thread(function, argument). Pass the function without "
                   "parentheses; with them it is called here, before to_thread begins.",
        "sequential": "Create the tasks of all shops, that of the old one too, before you await the first of them.",
        "slow": "The shops and the old shop are asked one after the other: look for an await between the two.",
    },
)


@with_old_shop.case(returns=[320, 290, 335, 310], elapsed=0.6)
async def one_old_shop(answer):
    """Three shops answer after 0.2, 0.6 and 0.4 s, the old one after 0.5 s."""
    return await answer(three_shops(), OldShop("old", latency=0.5, prices={"tea": 310}), "tea")


@with_old_shop.case(returns=[320, 290, 335, 310], elapsed=0.9)
async def slow_old_shop(answer):
    """The same, but the old shop answers after 0.9 s."""
    return await answer(three_shops(), OldShop("old", latency=0.9, prices={"tea": 310}), "tea")
