"""The exercises and questions of notebook 05: task groups."""

from __future__ import annotations

import asyncio

from helpers.checker import Exercise, Mistake, equal, predict, require
from helpers.simulated_io import Shop

TEA = {"north": 320, "south": 290, "west": 335}


def shops_with(latency: dict[str, float], *, item: str = "tea", closed: tuple[str, ...] = ()) -> list[Shop]:
    """A shop for each latency; those that are closed give no price."""
    return [Shop(name, latency=seconds, prices={item: TEA[name]}, failure_rate=float(name in closed))
            for name, seconds in latency.items()]


def nothing_left(shops, name: str) -> None:
    """Demand that no request is under way any more."""
    asked = [shop.name for shop in shops if shop.in_flight]
    require(not asked, "left behind",
            f"{name} had returned when the requests to {' and '.join(asked)} were still under way",
            "when it returns, the others have stopped")


class Mistaken:
    """Something that got among the shops by mistake."""

    name = "mistaken"

    def __repr__(self) -> str:
        return "Mistaken()"

    async def price(self, item: str) -> int:
        return self.prise(item)      # type: ignore[attr-defined]  # this is the slip


class Fails:
    """Something whose answer, after so many seconds, is an error."""

    def __init__(self, name: str, seconds: float, error: Exception) -> None:
        self.name, self.seconds, self.error = name, seconds, error

    async def price(self, item: str) -> int:
        await asyncio.sleep(self.seconds)
        raise self.error


# -- the first failure ends it -------------------------------------------------------------------------------------

all_or_nothing = Exercise(
    lesson="05",
    title="Return all prices, or none",
    task="""
        Write `all_or_nothing(shops, item)`: it asks all shops for `item` at the same time, and returns a dictionary of
        their prices by `shop.name`. As soon as one request ends with a `ConnectionError`, the other requests are
        stopped, and the result is `None`. Any other exception comes out, bare or in its group.
        """,
    starter="""
        async def all_or_nothing(shops, item):
            ...                                 # your code here
        """,
    hints=[
        "Which block stops the other tasks when one fails, and where do their results stand when it has ended?",
        "Create a task of `shop.price(item)` for each shop with `group.create_task`, keep the tasks in a list, and "
        "build the dictionary below the block, with `task.result()`.",
        "What comes out of the block is an exception group: put `try` around the block, and `except* ConnectionError` "
        "below it. An `except*` clause cannot contain `return`: set a variable in the function, and return it at the "
        "end.",
        """
        Fill in the dots:
            prices = None
            try:
                async with ... as group:
                    tasks = [... for shop in shops]
                prices = {shop.name: ... for shop, task in zip(shops, tasks)}
            except* ConnectionError:
                pass
            return prices
        """,
    ],
    solution="""
        async def all_or_nothing(shops, item):
            prices = None
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(shop.price(item), name=shop.name) for shop in shops]
                prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
            except* ConnectionError:
                pass                            # a shop is closed: no prices
            return prices
        """,
    why="The group stops the other requests and waits until they have stopped. `except*` takes the errors that you "
        "expect out of the exception group, and no others.",
    follow_up="Let the result say which shop was closed, instead of None.",
    mistakes=[
        Mistake("left behind", "TaskGroup", """
            async def all_or_nothing(shops, item):
                try:
                    prices = await asyncio.gather(*[shop.price(item) for shop in shops])
                except ConnectionError:
                    return None
                return {shop.name: price for shop, price in zip(shops, prices)}
            """),
        Mistake("error", "except*", """
            async def all_or_nothing(shops, item):
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                except ConnectionError:
                    return None
                return {shop.name: task.result() for shop, task in zip(shops, tasks)}
            """),
        Mistake("error", "below the block", """
            async def all_or_nothing(shops, item):
                prices = None
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                        prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
                except* ConnectionError:
                    pass
                return prices
            """),
        Mistake("no exception", "only ConnectionError", """
            async def all_or_nothing(shops, item):
                prices = None
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                    prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
                except* Exception:
                    pass
                return prices
            """),
        Mistake("no exception", "only ConnectionError", """
            async def all_or_nothing(shops, item):
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                except ExceptionGroup:
                    return None
                return {shop.name: task.result() for shop, task in zip(shops, tasks)}
            """),
        Mistake("no exception", "only ConnectionError", """
            async def all_or_nothing(shops, item):
                prices = None
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                    prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
                except* OSError:
                    pass
                return prices
            """),
        Mistake("error", "the line is cut", """
            async def all_or_nothing(shops, item):
                prices = None
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                    prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
                except* ShopError:
                    pass
                return prices
            """),
        Mistake("slow", "caught inside", """
            async def all_or_nothing(shops, item):
                async def ask(shop):
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        return None
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(ask(shop)) for shop in shops]
                prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
                return None if None in prices.values() else prices
            """),
        Mistake("sequential", "awaits each answer", """
            async def all_or_nothing(shops, item):
                prices = {}
                try:
                    async with asyncio.TaskGroup() as group:
                        for shop in shops:
                            prices[shop.name] = await group.create_task(shop.price(item))
                except* ConnectionError:
                    prices = None
                return prices
            """),
        Mistake("value", "None", """
            async def all_or_nothing(shops, item):
                tasks = []
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                except* ConnectionError:
                    pass
                return {shop.name: task.result() for shop, task in zip(shops, tasks)
                        if not task.cancelled() and not task.exception()}
            """),
        Mistake("cancelled", "only if no task has failed", """
            async def all_or_nothing(shops, item):
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                except* ConnectionError:
                    prices = None
                prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
                return prices
            """),
        Mistake("value", "dictionary", """
            async def all_or_nothing(shops, item):
                prices = None
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(shop.price(item)) for shop in shops]
                    prices = [task.result() for task in tasks]
                except* ConnectionError:
                    pass
                return prices
            """),
        Mistake("error", "async with", """
            async def all_or_nothing(shops, item):
                prices = None
                try:
                    group = asyncio.TaskGroup()
                    tasks = [group.create_task(shop.price(item)) for shop in shops]
                    prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
                except* ConnectionError:
                    pass
                return prices
            """),
    ],
    advice={
        "left behind": "Use a `TaskGroup`: it stops the other requests when one fails, and waits until they have "
                       "stopped.",
        "error: ^(ShopError|ConnectionError).* in ":
            "Catch it with `except*`, around the block: what comes out of a `TaskGroup` is an `ExceptionGroup`, and "
            "`except ConnectionError` does not catch that.",
        "error: Result is not set": "Take the results below the block of the group: in it, the tasks are not done.",
        "no exception": "Catch only ConnectionError, with `except*`: another error does not mean that a shop is "
                        "closed.",
        "slow": "Let an error out of its task, and catch it around the block of a `TaskGroup`: one that is caught "
                "inside does not reach the group, which would stop the others.",
        "sequential": "Create all tasks before you wait: a loop that awaits each answer before it asks for the next "
                      "one waits once for each.",
        "cancelled: awaited": "Take the results only if no task has failed: to ask a task that the group has cancelled "
                              "for its `result()`, or to await it, raises `CancelledError`.",
        r"value: is \[": "Return a dictionary: each price by the name of its shop.",
        "value": "If one shop is closed, the result is None, not the prices that happen to be there.",
    },
)


@all_or_nothing.case(returns=TEA, elapsed=0.6)
async def all_open(answer):
    """Three shops answer after 0.6, 0.2 and 0.3 s."""
    return await answer(shops_with({"north": 0.6, "south": 0.2, "west": 0.3}), "tea")


@all_or_nothing.case(returns=None, elapsed=0.2, drawn=True)
async def one_closed(answer):
    """South gives a ShopError after 0.2 s; north and west would answer after 0.1 and 0.6 s."""
    shops = shops_with({"west": 0.6, "south": 0.2, "north": 0.1}, item="coffee", closed=("south",))
    result = await answer(shops, "coffee")
    nothing_left(shops, "all_or_nothing")
    return result


@all_or_nothing.case(returns=None, elapsed=0.2)
async def two_closed(answer):
    """North and south give a ShopError at the same moment, after 0.2 s."""
    shops = shops_with({"north": 0.2, "south": 0.2, "west": 0.6}, closed=("north", "south"))
    result = await answer(shops, "tea")
    nothing_left(shops, "all_or_nothing")
    return result


@all_or_nothing.case(raises=AttributeError)
async def a_slip(answer):
    """Two shops, and one whose price() has a slip in it, an AttributeError: that comes out, in a group."""
    north, south = shops_with({"north": 0.3, "south": 0.2})
    try:
        return await answer([north, Mistaken(), south], "tea")
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


@all_or_nothing.case(returns=None, elapsed=0.2)
async def a_line_is_cut(answer):
    """North would answer after 0.3 s. The line to south is cut: a ConnectionError after 0.2 s."""
    return await answer([*shops_with({"north": 0.3}), Fails("south", 0.2, ConnectionError("the line is cut"))], "tea")


@all_or_nothing.case(raises=FileNotFoundError, elapsed=0.2)
async def no_price_list(answer):
    """North would answer after 0.3 s. South gives a FileNotFoundError, which is an OSError, after 0.2 s: that comes
    out."""
    try:
        return await answer([*shops_with({"north": 0.3}), Fails("south", 0.2, FileNotFoundError("prices.txt"))], "tea")
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


@all_or_nothing.case(returns={shop.name: shop.price_of("coffee") for shop in Shop.many(5)}, elapsed=0.5)
async def five_open(answer):
    """Five shops are asked for coffee; the slowest answers after 0.5 s."""
    return await answer(Shop.many(5), "coffee")


# -- what is in a group --------------------------------------------------------------------------------------------

causes = Exercise(
    lesson="05",
    title="List the causes",
    task="""
        Write `causes(error)`, an ordinary function: it returns a list of the errors in an exception group, in their
        order, and of those in the exception groups inside it, however deep. No exception group is in the list, be it an
        `ExceptionGroup` or a `BaseExceptionGroup`. For an error that is no group it returns a list with that error.
        """,
    starter="""
        def causes(error):
            ...                                 # your code here
        """,
    hints=[
        "Which errors have `.exceptions`, and what do you return for one that has none?",
        "`isinstance(error, BaseExceptionGroup)` is true for both kinds of exception groups. For each error in "
        "`error.exceptions`, `causes` itself gives a list; the answer for the group is all these lists in one.",
        """
        Fill in the dots:
            if not isinstance(error, BaseExceptionGroup):
                return ...
            found = []
            for inner in error.exceptions:
                found.extend(...)
            return found
        """,
    ],
    solution="""
        def causes(error):
            if not isinstance(error, BaseExceptionGroup):
                return [error]
            found = []
            for inner in error.exceptions:
                found.extend(causes(inner))
            return found
        """,
    why="An exception group holds errors and other exception groups, so a function that calls itself for each of them "
        "reaches every cause. `BaseExceptionGroup` is the base class of `ExceptionGroup`, so it matches both.",
    follow_up="Where in a program of yours are errors written to a log? There, log `causes(error)`, not `str(error)`.",
    mistakes=[
        Mistake("value", "tuple", """
            def causes(error):
                return error.exceptions
            """),
        Mistake("value", "no groups", """
            def causes(error):
                if not isinstance(error, ExceptionGroup):
                    return [error]
                return list(error.exceptions)
            """),
        Mistake("error", "no group", """
            def causes(error):
                found = []
                for inner in error.exceptions:
                    if isinstance(inner, ExceptionGroup):
                        found.extend(causes(inner))
                    else:
                        found.append(inner)
                return found
            """),
        Mistake("value", "themselves", """
            def causes(error):
                if not isinstance(error, ExceptionGroup):
                    return [str(error)]
                return [cause for inner in error.exceptions for cause in causes(inner)]
            """),
        Mistake("value", "extend", """
            def causes(error):
                if not isinstance(error, ExceptionGroup):
                    return [error]
                found = []
                for inner in error.exceptions:
                    found.append(causes(inner))
                return found
            """),
        Mistake("value", "the last", """
            def causes(error):
                while isinstance(error, ExceptionGroup):
                    error = error.exceptions[0]
                return [error]
            """),
        Mistake("value", "no groups", """
            def causes(error):
                if not isinstance(error, ExceptionGroup):
                    return [error]
                found = []
                for inner in error.exceptions:
                    if not isinstance(inner, ExceptionGroup):
                        found.append(inner)
                        continue
                    for deeper in inner.exceptions:
                        found.extend(deeper.exceptions if isinstance(deeper, ExceptionGroup) else [deeper])
                return found
            """),
        Mistake("value", "generator", """
            def causes(error):
                if not isinstance(error, ExceptionGroup):
                    yield error
                else:
                    for inner in error.exceptions:
                        yield from causes(inner)
            """),
        Mistake("value", "BaseExceptionGroup", """
            def causes(error):
                if not isinstance(error, ExceptionGroup):
                    return [error]
                found = []
                for inner in error.exceptions:
                    found.extend(causes(inner))
                return found
            """),
        Mistake("order", "order", """
            def causes(error):
                if not isinstance(error, ExceptionGroup):
                    return [error]
                found = []
                for inner in reversed(error.exceptions):
                    found += causes(inner)
                return found
            """),
    ],
    advice={
        "value: , a tuple$": "Return a list of the errors, in square brackets.",
        "value: <generator": "Collect what you yield, and return it as a list.",
        r"value: BaseExceptionGroup\(": "Ask for `BaseExceptionGroup`: it is the base class of `ExceptionGroup`, and a "
                                       "group that holds an error like `KeyboardInterrupt` is no `ExceptionGroup`.",
        "value": "Give one flat list of the errors themselves, from the first to the last, with no groups in it: "
                 "`extend` takes in what an inner group gives.",
        "error: no attribute 'exceptions'": "Return `[error]` for an error that is no group: it has no `.exceptions`.",
        "order": "Keep the order of `.exceptions`.",
    },
)


@causes.case()
def flat(answer):
    """A group of two errors."""
    errors = [ConnectionError("south"), ValueError("west")]
    equal(answer(ExceptionGroup("two", errors)), errors, "the list of causes")


@causes.case()
def nested(answer):
    """A group with an error, a group of two, and in that a group of one."""
    south, west, east, north = ConnectionError("south"), ValueError("west"), KeyError("east"), OSError("north")
    deepest = ExceptionGroup("deepest", [east])
    group = ExceptionGroup("outer", [south, ExceptionGroup("inner", [west, deepest]), north])
    equal(answer(group), [south, west, east, north], "the list of causes")


@causes.case()
def deep(answer):
    """An error in a group, which is the only one in another group, and so on: ten groups."""
    error = group = ConnectionError("south")
    for number in range(10):
        group = ExceptionGroup(f"group {number}", [group])
    equal(answer(group), [error], "the list of causes")


@causes.case()
def no_group(answer):
    """A ValueError, which is no group."""
    error = ValueError("south")
    equal(answer(error), [error], "the list of causes")


@causes.case()
def base_group(answer):
    """A BaseExceptionGroup with a KeyboardInterrupt, in an outer one with a ValueError."""
    stop, slip = KeyboardInterrupt("stop"), ValueError("west")
    group = BaseExceptionGroup("outer", [BaseExceptionGroup("inner", [stop]), slip])
    equal(answer(group), [stop, slip], "the list of causes")


# -- one shop fails as a whole, the others go on ----------------------------------------------------------------

by_shop = Exercise(
    lesson="05",
    title="Let one shop fail, and the others go on",
    task="""
        Write `by_shop(shops, items)`: it asks all shops for all items, all at the same time, and returns a dictionary
        that holds for each shop, by its name, a dictionary of its prices by item. If one request to a shop ends with a
        `ConnectionError`, the other requests to that shop are stopped, and it gets `None` instead; the other shops go
        on. Any other exception stops everything, and comes out, bare or in its groups.
        """,
    starter="""
        async def by_shop(shops, items):
            ...                                 # your code here
        """,
    hints=[
        "Which requests have to end together, and which must not? Requests that end together belong in one group.",
        "Write a coroutine function for one shop, with a group of its own for the items. A group for all shops gets a "
        "task of it for each shop.",
        "Catch a `ConnectionError` around the inner block, with `except*`, so that it does not reach the outer group.",
        """
        Fill in the dots:
            async def ask(shop):
                prices = None
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = {item: ... for item in items}
                    prices = {item: task.result() for item, task in tasks.items()}
                except* ConnectionError:
                    pass
                return prices

            async with asyncio.TaskGroup() as group:
                tasks = {shop.name: group.create_task(...) for shop in shops}
            return {name: ... for name, task in tasks.items()}
        """,
    ],
    solution="""
        async def by_shop(shops, items):
            async def ask(shop):
                prices = None
                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = {item: group.create_task(shop.price(item), name=item) for item in items}
                    prices = {item: task.result() for item, task in tasks.items()}
                except* ConnectionError:
                    pass                        # this shop is closed; the outer group does not hear of it
                return prices

            async with asyncio.TaskGroup() as group:
                tasks = {shop.name: group.create_task(ask(shop), name=shop.name) for shop in shops}
            return {name: task.result() for name, task in tasks.items()}
        """,
    why="The requests to one shop fail together, in the inner group, and `except*` around it stops the failure. What "
        "it does not match goes on to the outer group.",
    follow_up="Give each shop a deadline of its own: `asyncio.timeout` around the inner group.",
    mistakes=[
        Mistake("value", "around the block of each shop", """
            async def by_shop(shops, items):
                found = {shop.name: None for shop in shops}
                async def ask(shop):
                    async with asyncio.TaskGroup() as group:
                        tasks = {item: group.create_task(shop.price(item)) for item in items}
                    found[shop.name] = {item: task.result() for item, task in tasks.items()}
                try:
                    async with asyncio.TaskGroup() as group:
                        for shop in shops:
                            group.create_task(ask(shop))
                except* ConnectionError:
                    pass
                return found
            """),
        Mistake("error", "except*", """
            async def by_shop(shops, items):
                async def ask(shop):
                    try:
                        async with asyncio.TaskGroup() as group:
                            tasks = {item: group.create_task(shop.price(item)) for item in items}
                    except ConnectionError:
                        return None
                    return {item: task.result() for item, task in tasks.items()}
                async with asyncio.TaskGroup() as group:
                    tasks = {shop.name: group.create_task(ask(shop)) for shop in shops}
                return {name: task.result() for name, task in tasks.items()}
            """),
        Mistake("left behind", "group of its own", """
            async def by_shop(shops, items):
                async def ask(shop):
                    try:
                        prices = await asyncio.gather(*[shop.price(item) for item in items])
                    except ConnectionError:
                        return None
                    return dict(zip(items, prices))
                return dict(zip([shop.name for shop in shops], await asyncio.gather(*[ask(shop) for shop in shops])))
            """),
        Mistake("slow", "one after another", """
            async def by_shop(shops, items):
                found = {}
                for shop in shops:
                    found[shop.name] = None
                    try:
                        async with asyncio.TaskGroup() as group:
                            tasks = {item: group.create_task(shop.price(item)) for item in items}
                        found[shop.name] = {item: task.result() for item, task in tasks.items()}
                    except* ConnectionError:
                        pass
                return found
            """),
        Mistake("left behind", "out of its task", """
            async def by_shop(shops, items):
                async def get(shop, item):
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        return None
                async def ask(shop):
                    prices = await asyncio.gather(*[get(shop, item) for item in items])
                    return None if None in prices else dict(zip(items, prices))
                return dict(zip([shop.name for shop in shops], await asyncio.gather(*[ask(shop) for shop in shops])))
            """),
        Mistake("no exception", "only ConnectionError", """
            async def by_shop(shops, items):
                async def ask(shop):
                    prices = None
                    try:
                        async with asyncio.TaskGroup() as group:
                            tasks = {item: group.create_task(shop.price(item)) for item in items}
                        prices = {item: task.result() for item, task in tasks.items()}
                    except* Exception:
                        pass
                    return prices
                async with asyncio.TaskGroup() as group:
                    tasks = {shop.name: group.create_task(ask(shop)) for shop in shops}
                return {name: task.result() for name, task in tasks.items()}
            """),
        Mistake("left behind", "for all shops", """
            async def by_shop(shops, items):
                async def ask(shop):
                    prices = None
                    try:
                        async with asyncio.TaskGroup() as group:
                            tasks = {item: group.create_task(shop.price(item)) for item in items}
                        prices = {item: task.result() for item, task in tasks.items()}
                    except* ConnectionError:
                        pass
                    return prices
                return dict(zip([shop.name for shop in shops], await asyncio.gather(*[ask(shop) for shop in shops])))
            """),
        Mistake("error", "not the only one", """
            async def by_shop(shops, items):
                async def ask(shop):
                    prices = None
                    try:
                        async with asyncio.TaskGroup() as group:
                            tasks = {item: group.create_task(shop.price(item)) for item in items}
                        prices = {item: task.result() for item, task in tasks.items()}
                    except* ShopError:
                        pass
                    return prices
                async with asyncio.TaskGroup() as group:
                    tasks = {shop.name: group.create_task(ask(shop)) for shop in shops}
                return {name: task.result() for name, task in tasks.items()}
            """),
        Mistake("value", "One closed shop gets None", """
            async def by_shop(shops, items):
                found = {}
                async def get(shop, item):
                    found[shop.name][item] = await shop.price(item)
                async def ask(shop):
                    found[shop.name] = {}
                    try:
                        async with asyncio.TaskGroup() as group:
                            for item in items:
                                group.create_task(get(shop, item))
                    except* ConnectionError:
                        pass
                    found[shop.name] = found[shop.name] or None
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask(shop))
                return found
            """),
        Mistake("sequential", "awaits each", """
            async def by_shop(shops, items):
                found = {}
                for shop in shops:
                    try:
                        found[shop.name] = {item: await shop.price(item) for item in items}
                    except ConnectionError:
                        found[shop.name] = None
                return found
            """),
    ],
    advice={
        "value": "Catch its error around the block of each shop, before it reaches the group of all: one closed shop "
                 "gets None, and costs the others nothing.",
        "error: ^ConnectionError": "Catch ConnectionError, with `except*`: a ShopError is one, but not the only one.",
        "error: ^ShopError.* in ":
            "Catch it with `except*`, around a TaskGroup for the items of one shop: what comes out of a group is an "
            "`ExceptionGroup`, and the group has stopped all that is in it.",
        "left behind": "Give each shop a group of its own for its items, in one group for all shops, and let an error"
                       " out of its task: then the group stops the others, and waits until they have stopped.",
        "slow": "Ask all shops at the same time, not one after another: one task for each shop, in a group for all "
                "shops.",
        "no exception": "Catch only ConnectionError, with `except*`: any other error does not mean that a shop is "
                        "closed.",
        "sequential": "Create all tasks before you wait, in a group for the shops and in each of its tasks a group "
                      "for the items: a loop that awaits each request before the next waits once for each.",
    },
)


class Counters:
    """A shop in which every item has a counter of its own: its own latency, and open or closed."""

    def __init__(self, name: str, latency: dict[str, float], closed: tuple[str, ...] = ()) -> None:
        self.name = name
        self.counters = {item: Shop(name, latency=seconds, failure_rate=float(item in closed))
                         for item, seconds in latency.items()}

    async def price(self, item: str) -> int:
        return await self.counters[item].price(item)

    @property
    def in_flight(self) -> int:
        return sum(counter.in_flight for counter in self.counters.values())

    def prices(self, *items: str) -> dict[str, int]:
        return {item: self.counters[item].price_of(item) for item in items}


@by_shop.case(elapsed=0.6)
async def every_shop_open(answer):
    """Two shops: north answers after 0.6 s (tea) and 0.2 s (coffee), east after 0.3 and 0.4 s."""
    north, east = Counters("north", {"tea": 0.6, "coffee": 0.2}), Counters("east", {"tea": 0.3, "coffee": 0.4})
    equal(await answer([north, east], ["tea", "coffee"]),
          {"north": north.prices("tea", "coffee"), "east": east.prices("tea", "coffee")})


@by_shop.case(elapsed=0.6, drawn=True)
async def one_shop_closed(answer):
    """In the south the answer for coffee is a ShopError after 0.2 s; north needs 0.6 s for tea."""
    north = Counters("north", {"tea": 0.6, "coffee": 0.3})
    south = Counters("south", {"tea": 0.5, "coffee": 0.2}, closed=("coffee",))
    watching = asyncio.create_task(watch_in_flight(south, 0.4))
    equal(await answer([north, south], ["tea", "coffee"]), {"north": north.prices("tea", "coffee"), "south": None})
    still = await watching
    require(not still, "left behind", "south failed at 0.2 s, and at 0.4 s another request to it was still under way",
            "its other requests are stopped at 0.2 s")


@by_shop.case(elapsed=0.3)
async def one_price_before_it_closed(answer):
    """South gives its price of tea after 0.1 s, and for coffee a ShopError after 0.2 s; north needs 0.3 s. The line to
    west is cut: a ConnectionError after 0.2 s."""
    north = Counters("north", {"tea": 0.3, "coffee": 0.3})
    south = Counters("south", {"tea": 0.1, "coffee": 0.2}, closed=("coffee",))
    west = Fails("west", 0.2, ConnectionError("the line is cut"))
    equal(await answer([north, south, west], ["tea", "coffee"]),
          {"north": north.prices("tea", "coffee"), "south": None, "west": None})


async def watch_in_flight(shop: Counters, seconds: float) -> int:
    await asyncio.sleep(seconds)
    return shop.in_flight


@by_shop.case(raises=AttributeError)
async def a_mistaken_shop(answer):
    """A shop that needs 0.5 s, and one whose price() has a slip in it, an AttributeError: that comes out, and nothing
    is left at work."""
    north = Counters("north", {"tea": 0.5, "coffee": 0.5})
    try:
        return await answer([north, Mistaken()], ["tea", "coffee"])
    except ExceptionGroup as group:
        error = group
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        raise error from None
    finally:
        nothing_left([north], "by_shop")


@by_shop.case(raises=FileNotFoundError, elapsed=0.2)
async def no_price_list_anywhere(answer):
    """North needs 0.5 s; east gives a FileNotFoundError, which is an OSError, after 0.2 s: that comes out."""
    north = Counters("north", {"tea": 0.5, "coffee": 0.5})
    try:
        return await answer([north, Fails("east", 0.2, FileNotFoundError("prices.txt"))], ["tea", "coffee"])
    except ExceptionGroup as group:
        error = group
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        raise error from None
    finally:
        nothing_left([north], "by_shop")


@by_shop.case(elapsed=0.4)
async def three_items(answer):
    """Three shops and three items; the slowest answer comes after 0.4 s."""
    shops = [Counters(name, {"tea": 0.1, "rice": 0.4, "salt": 0.2}) for name in ("north", "south", "west")]
    items = ["tea", "rice", "salt"]
    equal(await answer(shops, items), {shop.name: shop.prices(*items) for shop in shops})


# -- questions ---------------------------------------------------------------------------------------------------

predict_group = predict(
    "South fails at 0.2 seconds, west would fail at 0.4; east would answer at 0.3 and north at 0.6. What does the "
    "task group in `watch` do?",
    {
        "It raises the error at 0.2 seconds, and the others go on":
            "That is what `gather` does. A group does not let a task outlive its block. Run the cell, and see where "
            "the lanes end.",
        "It lets all four end, and raises both errors at 0.6 seconds":
            "The block does wait for all four to end. But at 0.2 seconds the group does something that makes them end "
            "sooner. Run the cell.",
        "It cancels the other three, and raises an error at 0.2 seconds":
            "The first failure ends the work of the whole group. West is cancelled before it can fail.",
        "It cancels the other three, and returns the prices that are there":
            "At 0.2 seconds there is no price yet, and a group does not hide a failure. Run the cell: what does "
            "`watch` do at 0.2 seconds?",
    },
    right="It cancels the other three, and raises an error at 0.2 seconds",
)

predict_except = predict(
    "The error of south is a `ShopError`, which is a `ConnectionError`. Which clause of `careful` catches what comes "
    "out of `watch`?",
    {
        "`except ConnectionError`":
            "The `ConnectionError` is inside an exception group when it leaves the block, and `except` does not look "
            "inside. Run the cell.",
        "`except Exception`":
            "What comes out is an `ExceptionGroup`, because the error inside is an `Exception`; and an "
            "`ExceptionGroup` is an `Exception` itself, but no `ConnectionError`.",
        "neither: it comes out of `careful`":
            "It would, if the second clause were not there: an `ExceptionGroup` is an `Exception`. Run the cell.",
    },
    right="`except Exception`",
)

predict_lost = predict(
    "The next cell creates a task that fails after 0.2 seconds, awaits nothing but a `sleep`, and then prints a line. "
    "What happens?",
    {
        "At 0.2 seconds the cell stops with a `ShopError`":
            "An error is raised where the task is awaited, and here nobody awaits it. Run the cell: is the line "
            "printed?",
        "The line is printed, and nobody ever hears of the error":
            "The error does not disturb the cell. But asyncio notices when a task that has failed is thrown away, and "
            "nobody has asked for its result. Run the cell.",
        "The line is printed, and the error is reported, but not raised":
            "The report goes to asyncio's log, and the program goes on as if the task had done its work.",
    },
    right="The line is printed, and the error is reported, but not raised",
)

predict_return = predict(
    "North answers at 0.6 seconds. When do `leave_by_error` and `leave_by_return` end?",
    {
        "Both at 0.1 seconds":
            "A block of a group does not end before its tasks have ended, and `return` gives none of them a reason to "
            "end. Run the cell.",
        "`leave_by_error` at 0.1, `leave_by_return` at 0.6 seconds":
            "The error makes the group cancel north. The `return` waits at the end of the block until north has "
            "answered, and only then gives back its text.",
        "`leave_by_error` at 0.6, `leave_by_return` at 0.1 seconds":
            "It is the other way round: an error makes the group cancel its tasks. Run the cell.",
        "Both at 0.6 seconds":
            "So it is with one of the two. But an error in the body is a failure, and a failure makes the group cancel "
            "its tasks. Run the cell.",
    },
    right="`leave_by_error` at 0.1, `leave_by_return` at 0.6 seconds",
)

predict_timeout = predict(
    "North answers at 0.6 seconds. Which of the two timeouts of 0.3 seconds stops it?",
    {
        "both":
            "A timeout watches its own block and no other. Which line of `timeout_inside` waits, and is that line in "
            "the block of the timeout? Run the cell.",
        "the one inside the block of the group":
            "That block is over as soon as the task is created, without any wait, and its timeout with it. Run the "
            "cell.",
        "the one around the block of the group":
            "The wait is at the end of the group's block, and the block of this timeout contains it. The other "
            "timeout is over before anybody waits.",
        "neither":
            "A group passes a cancellation on to its tasks, so a timeout that cancels whoever waits for the group ends "
            "them. Run the cell.",
    },
    right="the one around the block of the group",
)

predict_cancelled = predict(
    "North is cancelled at 0.1 seconds. What does the group do?",
    {
        "It cancels east, and the block raises `CancelledError`":
            "A group does that if the task that owns it is cancelled. Here it is one of its own tasks. Run the cell: "
            "does east answer?",
        "It cancels east, and the block raises an `ExceptionGroup` with the `CancelledError`":
            "That is what a failure does. For a group, a task that is cancelled has not failed. Run the cell.",
        "It waits for east, and the block ends without an error":
            "For a group, a cancelled task has ended, and has not failed.",
        "It waits for east, and then the block raises `CancelledError`":
            "It does wait for east. Run the cell, and see how `cancel_one` ends.",
    },
    right="It waits for east, and the block ends without an error",
)
