"""The exercises and questions of notebook 04: gather."""

from __future__ import annotations

import asyncio

from helpers.checker import Exercise, Mistake, cancelled, equal, predict, require
from helpers.simulated_io import Shop

TEA = {"north": 320, "south": 290, "west": 335}


def shops_with(latency: dict[str, float], prices: dict[str, int] = TEA, *, item: str = "tea",
               closed: tuple[str, ...] = ()) -> list[Shop]:
    """A shop for each latency; those that are closed give no price."""
    return [Shop(name, latency=seconds, prices={item: prices[name]}, failure_rate=float(name in closed))
            for name, seconds in latency.items()]


# -- a warm-up: all answers, and which is whose ----------------------------------------------------------------

cheapest = Exercise(
    lesson="04",
    title="Find the cheapest shop",
    task="""
        Write `cheapest(shops, item)`: it asks all shops for the price of `item` at the same time, and returns the
        name of the cheapest shop and its price, as in `("south", 290)`. (`shop.name` is the name.)
        """,
    starter="""
        async def cheapest(shops, item):
            ...                                 # your code here
        """,
    hints=[
        "You need not have one price before you ask for the next. Which function waits for many coroutines at once?",
        "`asyncio.gather` gives a list of prices, in the order of `shops`. So the lowest price stands at the same "
        "place as its shop.",
        """
        Fill in the dots:
            prices = await asyncio.gather(*[... for shop in shops])
            price = min(prices)
            return shops[prices.index(...)].name, ...
        """,
    ],
    solution="""
        async def cheapest(shops, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            price = min(prices)
            return shops[prices.index(price)].name, price
        """,
    why="`gather` creates a task for each request before it waits, so together they take as long as the slowest shop. "
        "Its list is in the order of the shops, so that each price can be matched with its shop.",
    follow_up="Let one shop fail (`failure_rate=1`): what does your function do then?",
    mistakes=[
        Mistake("sequential", "at no moment", """
            async def cheapest(shops, item):
                prices = [await shop.price(item) for shop in shops]
                price = min(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("forgotten await", "await in front", """
            async def cheapest(shops, item):
                prices = asyncio.gather(*[shop.price(item) for shop in shops])
                return min(prices)
            """),
        Mistake("error", "star", """
            async def cheapest(shops, item):
                prices = await asyncio.gather([shop.price(item) for shop in shops])
                price = min(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("blocked", "price_blocking", """
            async def cheapest(shops, item):
                prices = [shop.price_blocking(item) for shop in shops]
                price = min(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("value", "('south', 290)", """
            async def cheapest(shops, item):
                return min(await asyncio.gather(*[shop.price(item) for shop in shops]))
            """),
        Mistake("value", "Put each price beside its shop", """
            async def cheapest(shops, item):
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                prices = [await answer for answer in asyncio.as_completed(tasks)]
                price = min(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("order", "name of the shop comes first", """
            async def cheapest(shops, item):
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                return min(zip(prices, [shop.name for shop in shops]))
            """),
        Mistake("value", "pass `item` on", """
            async def get_price(shop):
                return await shop.price("tea")
            async def cheapest(shops, item):
                prices = await asyncio.gather(*[get_price(shop) for shop in shops])
                price = min(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("value", "for `item`, as it is passed", """
            async def cheapest(shops, item):
                prices = await asyncio.gather(*[shop.price("cofee") for shop in shops])
                price = min(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("value", "the lowest of the prices", """
            async def cheapest(shops, item):
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                price = max(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("value", "the lowest of the prices", """
            async def cheapest(shops, item):
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                return min(zip([shop.name for shop in shops], prices))
            """),
    ],
    advice={
        # the lowest price of tea, in the case that asks for coffee
        "value: 'shop 08', 653": "The shops are asked for coffee here, and this is a price of tea: pass `item` on to "
                                 "`shop.price`.",
        # no price that any shop with a name has
        r"value: \('(north|south|west|east)', (?!(320|290|335|280|305|275)\))\d+\)":
            "No shop has this price for the item of the question: ask each shop for `item`, as it is passed to "
            "`cheapest`.",
        r"value: 'west', 290": "The price is right, and the name is of another shop. Put each price beside its shop: "
                               "`gather` gives the prices in the order of the shops, and `as_completed` does not.",
        "value": "Ask every shop for `item`, and find the lowest of the prices. Return two things: the name of the "
                 "shop that has it, and this price.",
        "order": "The name of the shop comes first, then its price.",
    },
)


@cheapest.case(returns=("south", 290), elapsed=0.5)
async def three_shops(answer):
    """Three shops answer after 0.3, 0.5 and 0.2 s; south is the cheapest."""
    return await answer(shops_with({"north": 0.3, "south": 0.5, "west": 0.2}), "tea")


@cheapest.case(returns=("shop 14", 307), elapsed=0.5)
async def twenty_shops(answer):
    """Twenty shops, of which the slowest answers after 0.5 s, and the price of coffee."""
    return await answer(Shop.many(20), "coffee")


@cheapest.case(returns=("east", 280), elapsed=0.3)
async def the_first_one(answer):
    """Two shops; the first, east, is the cheapest, and answers after 0.2 s, the other one after 0.3 s."""
    return await answer(shops_with({"east": 0.2, "north": 0.3}, {"east": 280, "north": 320}), "tea")


@cheapest.case(returns=("west", 275), elapsed=0.4)
async def the_last_one(answer):
    """Four shops; the last one, west, is the cheapest, and answers after 0.4 s."""
    prices = {"south": 290, "east": 305, "north": 320, "west": 275}
    return await answer(shops_with({"south": 0.2, "east": 0.3, "north": 0.1, "west": 0.4}, prices), "tea")


# -- some answers fail --------------------------------------------------------------------------------------------

open_and_closed = Exercise(
    lesson="04",
    title="Say which shops are closed",
    task="""
        Write `open_and_closed(shops, item)`: it asks all shops for the price of `item` at the same time, and returns
        two things: a dictionary of the prices that came, and a list of the names of the closed shops, in the order of
        `shops`. A shop is closed if its answer is a `ConnectionError`. Any other exception is a mistake in the
        program: let it out.
        """,
    starter="""
        async def open_and_closed(shops, item):
            ...                                 # your code here
        """,
    hints=[
        "One closed shop is one answer among others. Where can you catch its error so that the other answers are "
        "not lost?",
        "Write a coroutine function of your own that asks one shop, and gives its price, or `None` if there is a "
        "`ConnectionError`. Inside `open_and_closed`, it can use `item`.",
        "Pass the coroutines of all shops to `gather`, and put each answer beside its shop with `zip`.",
        """
        Fill in the dots:
            async def ask(shop):
                try:
                    return await ...
                except ConnectionError:
                    return None

            prices = await asyncio.gather(*[ask(shop) for shop in shops])
            came = {... for shop, price in zip(shops, prices) if price is not None}
            closed = [... for shop, price in zip(shops, prices) if price is None]
            return came, closed
        """,
    ],
    solution="""
        async def open_and_closed(shops, item):
            async def ask(shop):
                try:
                    return await shop.price(item)
                except ConnectionError:
                    return None

            prices = await asyncio.gather(*[ask(shop) for shop in shops])
            came = {shop.name: price for shop, price in zip(shops, prices) if price is not None}
            closed = [shop.name for shop, price in zip(shops, prices) if price is None]
            return came, closed
        """,
    why="The error that you expect is caught where it happens, so it costs one answer. Every other error comes out, "
        "and whoever calls `open_and_closed` learns of it.",
    follow_up="Give each shop a second chance: ask again, once, after a `ConnectionError`.",
    mistakes=[
        Mistake("error", "ShopError", """
            async def open_and_closed(shops, item):
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                return {shop.name: price for shop, price in zip(shops, prices)}, []
            """),
        Mistake("value", "where that shop is asked", """
            async def open_and_closed(shops, item):
                prices, closed = {}, []
                try:
                    answers = await asyncio.gather(*[shop.price(item) for shop in shops])
                    prices = {shop.name: price for shop, price in zip(shops, answers)}
                except ConnectionError:
                    closed = [shop.name for shop in shops]
                return prices, closed
            """),
        Mistake("value", "neither", """
            async def open_and_closed(shops, item):
                answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
                return {shop.name: answer for shop, answer in zip(shops, answers)}, []
            """),
        Mistake("error", "Assign to answers", """
            async def open_and_closed(shops, item):
                closed = []
                try:
                    answers = await asyncio.gather(*[shop.price(item) for shop in shops])
                except ConnectionError as error:
                    closed.append(str(error))
                return {shop.name: price for shop, price in zip(shops, answers)}, closed
            """),
        Mistake("no exception", "only `ConnectionError`", """
            async def open_and_closed(shops, item):
                answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
                prices = {s.name: a for s, a in zip(shops, answers) if not isinstance(a, Exception)}
                return prices, [s.name for s, a in zip(shops, answers) if isinstance(a, Exception)]
            """),
        Mistake("no exception", "only `ConnectionError`", """
            async def open_and_closed(shops, item):
                async def ask(shop):
                    try:
                        return await shop.price(item)
                    except Exception:
                        return None
                answers = await asyncio.gather(*[ask(shop) for shop in shops])
                prices = {s.name: a for s, a in zip(shops, answers) if a is not None}
                return prices, [s.name for s, a in zip(shops, answers) if a is None]
            """),
        Mistake("no exception", "only `ConnectionError`", """
            async def open_and_closed(shops, item):
                answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
                prices = {s.name: a for s, a in zip(shops, answers) if not isinstance(a, ConnectionError)}
                return prices, [s.name for s, a in zip(shops, answers) if isinstance(a, ConnectionError)]
            """),
        Mistake("order", "['east', 'south']", """
            async def open_and_closed(shops, item):
                prices, closed = {}, []
                async def ask(shop):
                    try:
                        prices[shop.name] = await shop.price(item)
                    except ConnectionError:
                        closed.append(shop.name)
                await asyncio.gather(*[ask(shop) for shop in shops])
                return prices, closed
            """),
        Mistake("value", "ask each shop for `item`", """
            async def open_and_closed(shops, item):
                async def ask(shop):
                    try:
                        return await shop.price("tea")
                    except ConnectionError:
                        return None

                prices = await asyncio.gather(*[ask(shop) for shop in shops])
                came = {shop.name: price for shop, price in zip(shops, prices) if price is not None}
                return came, [shop.name for shop, price in zip(shops, prices) if price is None]
            """),
        Mistake("sequential", "at no moment", """
            async def open_and_closed(shops, item):
                prices, closed = {}, []
                for shop in shops:
                    try:
                        prices[shop.name] = await shop.price(item)
                    except ConnectionError:
                        closed.append(shop.name)
                return prices, closed
            """),
        Mistake("forgotten await", "await in front", """
            async def open_and_closed(shops, item):
                async def ask(shop):
                    try:
                        return shop.price(item)
                    except ConnectionError:
                        return None
                answers = await asyncio.gather(*[ask(shop) for shop in shops])
                return {s.name: a for s, a in zip(shops, answers)}, []
            """),
    ],
    advice={
        r"value: \{'north': (?!320|290|335)\d+, 'south': (?!320|290|335)\d+":
            "These are not the prices of the item in question: ask each shop for `item`, as it is passed to "
            "`open_and_closed`.",
        "no exception": "Catch only `ConnectionError`, and raise what else `return_exceptions=True` puts into the "
                        "list: another error says that the program is wrong, not that a shop is closed.",
        "error: ^(ShopError|ConnectionError)":
            "Catch it where it happens, in the coroutine that asks one shop: then the answers of the others are not "
            "lost.",
        "value: closed shops is .*, a tuple": "Give the names of the closed shops in a list, with square brackets: a "
                                              "tuple is no list.",
        "value: 'free'|{'north': 310}":
            "Ask whether there was a `ConnectionError`, and not whether the price counts as true: 0 is a price, too.",
        "value": "Catch the error of a closed shop where that shop is asked: it is neither a price, nor does it cost "
                 "the answers of the others.",
        "order": "Take the names from `shops` when all answers are there: the answers arrive in an order of their own.",
    },
)


def two_things(result):
    """The dictionary and the list; what else an answer may give is a wrong value."""
    require(isinstance(result, (tuple, list)) and len(result) == 2, "value", f"the result is {result!r:.200}",
            "two things: return prices, closed")
    return result


@open_and_closed.case(elapsed=0.6)
async def none_closed(answer):
    """Three shops, all of them open, and the price of coffee."""
    result = await answer(shops_with({"north": 0.3, "south": 0.6, "west": 0.2}, item="coffee"), "coffee")
    prices, closed = two_things(result)
    equal(prices, TEA, "the dictionary of prices")
    equal(closed, [], "the list of closed shops")


@open_and_closed.case(elapsed=0.6, drawn=True)
async def two_closed(answer):
    """Four shops; south gives a ShopError after 0.4 s, east gives one after 0.2 s, and the others answer after 0.3 and
    0.6 s."""
    tea = TEA | {"east": 305}
    latency = {"north": 0.6, "south": 0.4, "east": 0.2, "west": 0.3}
    result = await answer(shops_with(latency, tea, closed=("south", "east")), "tea")
    prices, closed = two_things(result)
    equal(prices, {"north": 320, "west": 335}, "the dictionary of prices")
    equal(closed, ["south", "east"], "the list of closed shops")


@open_and_closed.case(elapsed=0.3)
async def for_nothing(answer):
    """Two shops, both of them open: at north tea costs 310, and the shop free gives it away, for 0."""
    result = await answer(shops_with({"north": 0.3, "free": 0.2}, {"north": 310, "free": 0}), "tea")
    prices, closed = two_things(result)
    equal(closed, [], "the list of closed shops")
    equal(prices, {"north": 310, "free": 0}, "the dictionary of prices")


class Mistaken:
    """Something that got among the shops by mistake."""

    name = "mistaken"

    def __repr__(self) -> str:
        return "Mistaken()"

    async def price(self, item: str) -> int:
        return self.prise(item)      # type: ignore[attr-defined]  # this is the slip


class Fails(Shop):
    """A shop whose answer is an error, and not always a ShopError."""

    def __init__(self, name: str, error: Exception, **options) -> None:
        super().__init__(name, **options)
        self.error = error

    async def price(self, item: str) -> int:
        await super().price(item)
        raise self.error


@open_and_closed.case(raises=AttributeError)
async def a_slip(answer):
    """Two shops, and one whose price() has a slip in it, an AttributeError: that comes out."""
    north, south = shops_with({"north": 0.3, "south": 0.2})
    try:
        return await answer([north, Mistaken(), south], "tea")
    except ExceptionGroup as group:         # a TaskGroup lets it out, too, in its own way
        raise group.exceptions[0] from None


@open_and_closed.case(elapsed=0.4)
async def first_and_last(answer):
    """Four shops. The line to the first is cut, a ConnectionError after 0.1 s, and the last gives a ShopError after
    0.2 s; the others answer after 0.4 and 0.3 s."""
    north = Fails("north", ConnectionResetError("the line is cut"), latency=0.1)
    prices = TEA | {"inn": 310}
    shops = [north, *shops_with({"south": 0.4, "west": 0.3, "inn": 0.2}, prices, closed=("inn",))]
    came, closed = two_things(await answer(shops, "tea"))
    equal(came, {"south": 290, "west": 335}, "the dictionary of prices")
    equal(closed, ["north", "inn"], "the list of closed shops")


@open_and_closed.case(raises=FileNotFoundError)
async def no_price_list(answer):
    """South answers after 0.3 s, and north with a FileNotFoundError, which is an OSError: that comes out."""
    try:
        return await answer([Fails("north", FileNotFoundError("prices.txt"), latency=0.2),
                             *shops_with({"south": 0.3})], "tea")
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


# -- the first good answer, and no more of the others --------------------------------------------------------

first_below = Exercise(
    lesson="04",
    title="Buy at the first good offer",
    task="""
        Write `first_below(shops, item, limit)`: it asks all shops for the price of `item` at the same time, and as soon
        as a price comes that is at most `limit`, it returns the name of that shop and the price. A shop that gives a
        `ConnectionError` does not count; any other exception comes out. If no price is good enough, it returns
        `None`. However `first_below` ends, also if it is cancelled, nothing that it started is at work any more.
        """,
    starter="""
        async def first_below(shops, item, limit):
            ...                                 # your code here
        """,
    hints=[
        "Which of `gather`, `as_completed` and `wait` gives you each answer as it arrives? And who stops the requests "
        "that you no longer need?",
        "An answer of `as_completed` does not say whose it is: let a coroutine function of your own give the name "
        "and the price. Keep the tasks in a list, so that you can cancel them.",
        "A `finally` runs however its `try` ends: with `return`, with an exception, or with a cancellation. There, "
        "cancel every task. `cancel()` only asks a task to stop, so wait after it until all of them have ended.",
        """
        Fill in the dots:
            async def ask(shop):
                return shop.name, await ...

            tasks = [asyncio.create_task(ask(shop), name=shop.name) for shop in shops]
            try:
                for answer in asyncio.as_completed(tasks):
                    try:
                        name, price = await answer
                    except ...:
                        continue
                    if ...:
                        return name, price
            finally:
                for task in tasks:
                    ...
                await asyncio.gather(*tasks, return_exceptions=True)
        """,
    ],
    solution="""
        async def first_below(shops, item, limit):
            async def ask(shop):
                return shop.name, await shop.price(item)

            tasks = [asyncio.create_task(ask(shop), name=shop.name) for shop in shops]
            try:
                for answer in asyncio.as_completed(tasks):
                    try:
                        name, price = await answer
                    except ConnectionError:
                        continue
                    if price <= limit:
                        return name, price
            finally:
                for task in tasks:
                    task.cancel()               # without effect on one that has ended
                await asyncio.gather(*tasks, return_exceptions=True)
        """,
    why="Each answer is looked at when it arrives. The `finally` cancels the rest and waits until they have stopped, "
        "whatever ended the loop.",
    follow_up="Call it in an `asyncio.timeout` block that is too short, and see that nothing is left at work.",
    mistakes=[
        Mistake("slow", "as_completed", """
            async def first_below(shops, item, limit):
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                for shop, price in zip(shops, prices):
                    if price <= limit:
                        return shop.name, price
            """),
        Mistake("sequential", "at no moment", """
            async def first_below(shops, item, limit):
                for shop in shops:
                    price = await shop.price(item)
                    if price <= limit:
                        return shop.name, price
            """),
        Mistake("left behind", "Cancel the tasks", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                for answer in asyncio.as_completed([ask(shop) for shop in shops]):
                    try:
                        name, price = await answer
                    except ConnectionError:
                        continue
                    if price <= limit:
                        return name, price
            """),
        Mistake("left behind", "Wait for the tasks", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                try:
                    for answer in asyncio.as_completed(tasks):
                        try:
                            name, price = await answer
                        except ConnectionError:
                            continue
                        if price <= limit:
                            return name, price
                finally:
                    for task in tasks:
                        task.cancel()
            """),
        Mistake("value", "The result is None", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in pending:
                    task.cancel()
                await asyncio.gather(*pending, return_exceptions=True)
                for task in done:
                    if task.result()[1] <= limit:
                        return task.result()
            """),
        Mistake("value", "equals `limit`", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                try:
                    for answer in asyncio.as_completed(tasks):
                        try:
                            name, price = await answer
                        except ConnectionError:
                            continue
                        if price < limit:
                            return name, price
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            """),
        Mistake("slow", "block of a `TaskGroup`", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(ask(shop)) for shop in shops]
                    for answer in asyncio.as_completed(tasks):
                        name, price = await answer
                        if price <= limit:
                            return name, price
            """),
        Mistake("cancelled", "return_exceptions=True", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                try:
                    for answer in asyncio.as_completed(tasks):
                        try:
                            name, price = await answer
                        except ConnectionError:
                            continue
                        if price <= limit:
                            return name, price
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks)
            """),
        Mistake("error", "ShopError", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                try:
                    for answer in asyncio.as_completed(tasks):
                        name, price = await answer
                        if price <= limit:
                            return name, price
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            """),
        Mistake("clean-up", "finally", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                for answer in asyncio.as_completed(tasks):
                    try:
                        name, price = await answer
                    except ConnectionError:
                        continue
                    if price <= limit:
                        for task in tasks:
                            task.cancel()
                        await asyncio.gather(*tasks, return_exceptions=True)
                        return name, price
            """),
        Mistake("swallowed", "CancelledError again", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                try:
                    for answer in asyncio.as_completed(tasks):
                        try:
                            name, price = await answer
                        except:
                            continue
                        if price <= limit:
                            return name, price
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            """),
        Mistake("swallowed", "CancelledError again", """
            async def first_below(shops, item, limit):
                async def ask(shop):
                    return shop.name, await shop.price(item)
                tasks = [asyncio.create_task(ask(shop)) for shop in shops]
                found = None
                try:
                    for answer in asyncio.as_completed(tasks):
                        try:
                            name, price = await answer
                        except ConnectionError:
                            continue
                        if price <= limit:
                            found = name, price
                            break
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    return found
            """),
    ],
    advice={
        "no exception": "Let only a `ConnectionError` not count: another error says that the program is wrong, and "
                        "comes out.",
        "slow": "Look at each answer when it arrives, as `as_completed` gives it, and cancel the rest then: `gather` "
                "and the block of a `TaskGroup` wait for the last one.",
        "left behind: not stopped yet":
            "Wait for the tasks that you have cancelled: `cancel()` only asks, and a task stops at its next turn.",
        "left behind": "Cancel the tasks that you no longer need, and then wait until they have stopped: nobody else "
                       "does it.",
        "error: ^(ShopError|ConnectionError)":
            "Catch its `ConnectionError` where you await its answer, and go on: a closed shop does not count.",
        "value": "Ask for `item`, and look at every answer as it arrives, until a price is at most `limit`: one that "
                 "equals `limit` is good enough.",
        "cancelled: awaited": "Wait with `gather(*tasks, return_exceptions=True)` after `task.cancel()`: to await a "
                              "task that was cancelled raises its `CancelledError`.",
    },
)

TEA_OF_FOUR = TEA | {"east": 305}


def nothing_left(shops):
    """Demand that no request is under way any more."""
    asked = [shop.name for shop in shops if shop.in_flight]
    told = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and task.cancelling()]
    state = "were cancelled and had not stopped yet" if told else "were still under way"
    require(not asked, "left behind", f"first_below had returned when the requests to {' and '.join(asked)} {state}",
            "when it returns, the others have stopped")


@first_below.case(returns=("west", 300), elapsed=0.3)
async def cheap_enough(answer):
    """Four shops; the limit is 300. North and east answer first, and ask more, east 301; west asks 300 after 0.3 s,
    south would answer after 0.9 s."""
    prices = TEA_OF_FOUR | {"east": 301, "west": 300}
    shops = shops_with({"north": 0.1, "east": 0.2, "west": 0.3, "south": 0.9}, prices)
    offer = await answer(shops, "tea", 300)
    nothing_left(shops)
    return offer


@first_below.case(returns=("south", 290), elapsed=0.5)
async def some_closed(answer):
    """North is closed, and says so after 0.1 s; south asks 290, and answers after 0.5 s. The limit is 300."""
    shops = shops_with({"west": 0.9, "north": 0.1, "south": 0.5, "east": 0.3}, TEA_OF_FOUR, closed=("north",))
    offer = await answer(shops, "tea", 300)
    nothing_left(shops)
    return offer


@first_below.case(returns=None, elapsed=0.6)
async def none_good(answer):
    """Nobody sells coffee for 200, and west is closed: None, after 0.6 s, when the last shop has answered."""
    shops = shops_with({"north": 0.4, "south": 0.6, "west": 0.5}, item="coffee", closed=("west",))
    return await answer(shops, "coffee", 200)


@first_below.case()
async def stopped(answer):
    """first_below is cancelled after 0.25 s, when two of four shops have answered: the requests to the other two are
    given up."""
    shops = shops_with({"north": 0.1, "east": 0.2, "west": 0.4, "south": 0.9}, TEA_OF_FOUR)
    await cancelled(answer(shops, "tea", 200), after=0.25)
    waiting = [shop.name for shop in shops if shop.in_flight]
    require(not waiting, "clean-up", f"first_below was cancelled, and the requests to {' and '.join(waiting)} went on",
            "however it ends, nothing that it started is at work any more")


@first_below.case(returns=("inn", 430), elapsed=0.3)
async def the_last_one_is_good(answer):
    """Five shops are asked for coffee; the limit is 440. The line to the first is cut, a ConnectionError after 0.1 s;
    the last one asks 430, after 0.3 s."""
    north = Fails("north", ConnectionResetError("the line is cut"), latency=0.1)
    prices = {"south": 450, "west": 460, "east": 441, "inn": 430}
    shops = [north, *shops_with({"south": 0.2, "west": 0.6, "east": 0.1, "inn": 0.3}, prices, item="coffee")]
    offer = await answer(shops, "coffee", 440)
    nothing_left(shops)
    return offer


@first_below.case(returns=("north", 320), elapsed=0.2)
async def the_first_one_is_good(answer):
    """Three shops; north, the first of the list, asks 320, after 0.2 s; the others would answer later. The limit is
    330."""
    shops = shops_with({"north": 0.2, "south": 0.5, "west": 0.4})
    offer = await answer(shops, "tea", 330)
    nothing_left(shops)
    return offer


@first_below.case(raises=FileNotFoundError, elapsed=0.2)
async def no_price_list_below(answer):
    """North answers after 0.2 s, with a FileNotFoundError, which is an OSError: that comes out. South would answer
    after 0.5 s."""
    shops = [Fails("north", FileNotFoundError("prices.txt"), latency=0.2), *shops_with({"south": 0.5})]
    try:
        return await answer(shops, "tea", 300)
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        nothing_left(shops)


# -- questions ---------------------------------------------------------------------------------------------------

predict_order = predict(
    "North answers after 0.6 s, south after 0.2 s, and east after 0.3 s. In which order do their prices stand in the "
    "list that `gather` gives?",
    {
        "north, south, east":
            "`gather` keeps a place in the list for each of its arguments, and fills it when the answer is there.",
        "south, east, north":
            "That is the order in which they answer. Run the cell, and compare the printed lines with the list.",
        "in any order: that differs from run to run":
            "The order in which shops answer may differ. Run the cell, and see whether the list depends on it.",
    },
    right="north, south, east",
)

predict_failure = predict(
    "South fails at 0.2 seconds; east would answer at 0.3 and north at 0.6. What does `gather` do?",
    {
        "It cancels the other two, and raises the error":
            "Nobody tells the other two. Run the cell: do their lanes end at 0.2 s, and do they still say that "
            "they answer?",
        "It waits for the other two, and then raises the error":
            "Then `watch_and_catch` would get the error at 0.6 s, after the answers of east and north. Run the cell, "
            "and look at the order of the lines.",
        "It raises the error at once, and the other two go on":
            "The list can no longer be complete, so `gather` stops waiting. It does not stop the other tasks.",
    },
    right="It raises the error at once, and the other two go on",
)

predict_second = predict(
    "Both tasks fail, south first. In which of the two runs does asyncio log the error of west?",
    {
        "in both":
            "In both, a task fails after the error of south was raised. But in one of them somebody takes its error, "
            "and throws it away. Run the cell, and see in which.",
        "only with `await south`":
            "Nobody asks west for its result, and asyncio notices that when the task is thrown away.",
        "only with `gather`":
            "`gather` was given both tasks, so you may expect more of it. Run the cell, and see what it makes of the "
            "second error.",
        "in none":
            "asyncio does look out for errors that nobody asks for. Run the cell, and see in which run it finds one.",
    },
    right="only with `await south`",
)

predict_cancelled = predict(
    "The task of north is cancelled, south and west are closed, and east answers. The program counts as a price what "
    "is not an `Exception`. How many prices does it find?",
    {
        "1":
            "There is one price, that of east. But something else passes the test `not isinstance(answer, Exception)`. "
            "Run the cell, and look at the types.",
        "2":
            "The price of east, and a `CancelledError`. It is an exception, but its class does not derive from "
            "`Exception`.",
        "none: `gather` raises a `CancelledError`":
            "So it would without the option. With it, what stands in the place of north? Run the cell.",
    },
    right="2",
)

predict_slip = predict(
    "All twenty shops are open, and `ask_wrongly` has a slip: `shop.prise`. How many are reported as closed?",
    {
        "all twenty":
            "`return_exceptions=True` makes no difference between a shop that is closed and a program that is "
            "wrong.",
        "none: the slip raises an `AttributeError` out of `collect`":
            "It would, without the option. With it, where does the exception of a task go? Run the cell.",
        "none: they are open":
            "That is what is true of the shops. The program knows only what stands in the list. Run the cell, and "
            "see what that is.",
    },
    right="all twenty",
)

predict_deadline = predict(
    "Four of the eight shops have answered after 0.3 seconds. How many prices do you get from `gather` in such a "
    "block?",
    {
        "eight":
            "Then the block would not end at 0.3 seconds. Run the cell, and see how many tasks are cancelled.",
        "four":
            "Four tasks have their price, but `gather` gives one list, when it is complete. Run the cell: was "
            "there anything to return?",
        "none":
            "`gather` is cancelled before its list is complete, so it gives nothing at all.",
    },
    right="none",
)

predict_lab = predict(
    "The shop serves 5 requests at a time, and every request takes it 0.3 s. The others queue. You ask it 20 times "
    "with `gather`. How long does that take?",
    {
        "0.3 s":
            "That is the time when the shop serves all of them at once. Set `shop serves` to 5, and look at the lanes.",
        "1.2 s":
            "The shop answers 20 requests in four rounds of five. All of them are in flight at once, but the shop sets "
            "the pace.",
        "6 s":
            "That is one after another, 20 times 0.3 s. But five are served at a time. Set `shop serves` to 5, and "
            "look at the lanes.",
    },
    right="1.2 s",
)
