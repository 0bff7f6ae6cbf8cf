"""The exercises and questions of notebook 03: sequential and concurrent."""

from __future__ import annotations

from helpers.checker import Exercise, Mistake, equal, predict, require
from helpers.simulated_io import Shop

TEA = {"north": 320, "south": 290, "west": 335}
LATENCY = {"north": 0.2, "south": 0.6, "west": 0.4}


def three_shops(item: str = "tea") -> list[Shop]:
    return [Shop(name, latency=LATENCY[name], prices={item: TEA[name], "delivery": 150}) for name in TEA]


# -- a warm-up: a sequential program is made a concurrent one ---------------------------------------------------

price_table = Exercise(
    lesson="03",
    title="Make a sequential program concurrent",
    task="""
        `price_table(shops, item)` gives the right prices, in a dictionary, but asks one shop after another.
        Change it so that it asks all of them at the same time, and gives the same dictionary.
        """,
    starter="""
        async def price_table(shops, item):
            prices = {}
            for shop in shops:
                prices[shop.name] = await shop.price(item)
            return prices
        """,
    hints=[
        "Which `await` keeps the second shop from being asked before the first has answered? What in "
        "`list_of_tasks` and `task_group` is different?",
        "Two loops: the first creates a task for every shop and waits for none, the second takes the prices. Between "
        "them, the end of the block of a task group waits for all tasks.",
        "A dictionary can hold the tasks, too: `tasks[shop.name] = group.create_task(shop.price(item))`. After the "
        "block, a comprehension in braces, `{key: value for ...}`, builds a dictionary of what `task.result()` gives.",
        """
        Fill in the dots:
            tasks = {}
            async with asyncio.TaskGroup() as group:
                for shop in shops:
                    tasks[shop.name] = ...
            return {name: ... for name, task in tasks.items()}
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
    why="All tasks are created before the first is waited for, so the waits overlap, and the whole takes as long "
        "as the slowest shop.",
    follow_up="What does your function do when it is given no shop at all?",
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
        Mistake("error", "after the `async with` block", """
            async def price_table(shops, item):
                prices = {}
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        task = group.create_task(shop.price(item))
                        prices[shop.name] = task.result()
                return prices
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
        "sequential": "Create the tasks of all shops before you await the first one: each `await` here, or each end of "
                      "an `async with` block, waits for one shop before the next is asked.",
        "forgotten await": "Create the tasks of all shops first, and then await each of them: the dictionary wants "
                           "what they give, the prices.",
        "slow": "Await the tasks, and nothing else: a task that is awaited is waited for exactly as long as it takes.",
        "error: Result is not set": "`task.result()` does not wait. Await the task; or create it with "
                                    "`group.create_task`, and take its result after the `async with` block, which "
                                    "waits for the tasks of its group.",
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
    lesson="03",
    title="Keep the loop free",
    task="""
        Write `with_old_shop(shops, old, item)`. It asks all `shops`, and `old`, at the same time, and returns the list
        of their prices, in the order of `shops`, with the price of `old` at the end. The shop `old` can only be asked
        with `old.price_blocking(item)`, which holds its thread until the price is there. Call it in another thread,
        with `asyncio.to_thread` or `loop.run_in_executor`. The check runs in virtual time, and sees no other threads.
        """,
    starter="""
        async def with_old_shop(shops, old, item):
            ...                                 # your code here
        """,
    hints=[
        "The `shops` are asked as in `task_group`. `old` needs something to await beside their tasks, "
        "something that leaves the loop's thread free: an `async def` around the blocking call does not.",
        "`asyncio.to_thread(function, argument)` is something to await: it calls `function(argument)` in another "
        "thread. Here the function is `old.price_blocking`, without parentheses.",
        "A call of `asyncio.to_thread` makes a coroutine, so it can have a task in the group, as the shops have: "
        "`group.create_task(asyncio.to_thread(old.price_blocking, item))`.",
        """
        Fill in the dots:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(...) for shop in shops]
                tasks.append(group.create_task(asyncio.to_thread(...), name="old"))
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
    why="The blocking call holds another thread, not that of the loop. `asyncio.to_thread` gives you something to "
        "await, and this wait overlaps with the others.",
    follow_up="How long does it take with twenty old shops? `asyncio.to_thread` has a limited number of threads.",
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
        Mistake("slow", "await between", """
            async def with_old_shop(shops, old, item):
                last = await asyncio.to_thread(old.price_blocking, item)
                tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
                return [await task for task in tasks] + [last]
            """),
        Mistake("slow", "await between", """
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
        "blocked": "Let the blocking call run in another thread, with `asyncio.to_thread(function, argument)`: the "
                   "function stands there without parentheses, which would call it here.",
        "sequential": "Create the tasks of all shops, that of the old one too, before you await the first of them.",
        "slow": "Create a task for every question, with no await between them, before you wait for the first answer.",
        "error: attribute 'submit'": "`loop.run_in_executor` takes the threads first: write "
                                     "`loop.run_in_executor(None, function, argument)`, where `None` stands for the "
                                     "loop's own.",
    },
)


@with_old_shop.case(returns=[320, 290, 335, 310], elapsed=0.6)
async def one_old_shop(answer):
    """Three shops answer after 0.2, 0.6 and 0.4 s, the old one after 0.5 s."""
    return await answer(three_shops(), OldShop("old", latency=0.5, prices={"tea": 310}), "tea")


@with_old_shop.case(returns=[320, 290, 335, 310], elapsed=0.9)
async def slow_old_shop(answer):
    """The same shops and another item; the old shop answers after 0.9 s."""
    return await answer(three_shops("coffee"), OldShop("old", latency=0.9, prices={"coffee": 310}), "coffee")


@with_old_shop.case(returns=[*(shop.price_of("rice") for shop in Shop.many(5)), 410], elapsed=0.5)
async def five_shops_and_an_old_one(answer):
    """Five shops, of which the slowest answers after 0.5 s, and the old one after 0.2 s."""
    return await answer(Shop.many(5), OldShop("old", latency=0.2, prices={"rice": 410}), "rice")


# -- one question needs the answer of another ------------------------------------------------------------------

total_cost = Exercise(
    lesson="03",
    title="Ask together what can be asked together",
    task="""
        Write `total_cost(shops, post, item)`: what `item` costs in the cheapest shop, with its delivery by that shop
        and a box from the post office. It returns the name of the shop and the sum of the three in cents, as soon as
        it can be known. Ask every shop for the price of `item`, only the cheapest one for the price of `"delivery"`,
        and `post` for the price of `"box"`.
        """,
    starter="""
        async def total_cost(shops, post, item):
            ...                                 # your code here
        """,
    hints=[
        "Write down for each question which answers it needs. Only the delivery needs any. When can the box be asked "
        "for?",
        "The box needs no other answer: its task can be created first. It is not needed before the sum: it can "
        "be awaited last.",
        "Between these two, create a task for each shop, await their prices, find the cheapest shop, and await what "
        "its delivery costs.",
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
    why="Every question is asked as soon as the answers that it needs are there: the box at once, the delivery "
        "when the prices are known.",
    follow_up="Let a post office be slower than all the shops, and look at the picture: "
              'simulate(total_cost(shops, Shop("post", latency=2), "tea")).',
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
        Mistake("value", "ask only that one", """
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
        "slow": "Ask each question as soon as the answers that it needs are there, and await an answer only where you"
                " need it.",
        "sequential": "Ask each question as soon as the answers that it needs are there: most of them need none, and "
                      "can be asked at once, each in a task of its own.",
        "value: asked|questions": "Ask for the delivery when you know which shop is the cheapest, and ask only that "
                                  "one.",
        "value": "Return two things: the name of the cheapest shop, and the sum of three prices.",
    },
)


async def ask_total(answer, item: str, box_after: float):
    await ask_total_of(answer, three_shops(item), item, Shop("post", latency=box_after, prices={"box": 40}),
                       ("south", 290 + 150 + 40))


async def ask_total_of(answer, shops: list[Shop], item: str, post: Shop, wanted: tuple[str, int]):
    total = await answer(shops, post, item)
    equal(total, wanted)
    asked, count = sum(shop.requests for shop in shops), len(shops)
    require(asked == count + 1, "value", f"the shops were asked {asked} questions",
            f"{count + 1}: {count} for the price of {item}, and only the cheapest shop for that of the delivery")
    require(post.requests == 1, "value", f"the post office was asked {post.requests} times", "it is asked once")


@total_cost.case(elapsed=1.2)
async def quick_post(answer):
    """North, south and west answer after 0.2, 0.6 and 0.4 s, the post office after 0.9 s. South is the cheapest. All is
    known after 1.2 s."""
    await ask_total(answer, "tea", 0.9)


@total_cost.case(elapsed=1.5)
async def slow_post(answer):
    """The same shops, another item, and a post office that answers after 1.5 s: the whole takes as long as that."""
    await ask_total(answer, "coffee", 1.5)


@total_cost.case(elapsed=0.7)
async def five_shops(answer):
    """Five shops, which answer after 0.1 to 0.5 s, and the post office after 0.3 s. The last of the list, which answers
    after 0.2 s, is the cheapest, and it asks most for the delivery."""
    prices = {"north": 520, "south": 490, "east": 505, "west": 530, "inn": 470}
    latencies = (0.3, 0.5, 0.1, 0.4, 0.2)
    shops = [Shop(name, latency=latency, prices={"rice": cents, "delivery": 100 if name != "inn" else 260})
             for (name, cents), latency in zip(prices.items(), latencies)]
    await ask_total_of(answer, shops, "rice", Shop("post", latency=0.3, prices={"box": 55}), ("inn", 470 + 260 + 55))


# -- questions ---------------------------------------------------------------------------------------------------

predict_watch = predict(
    "The shops answer after 0.2, 0.6 and 0.4 seconds. How long do `watch` and `watch_made_first` take?",
    {
        "1.2 s and 1.2 s":
            "One task runs either program, and it stands still at each `await` until the price is there. A coroutine "
            "that was only made has not asked anybody.",
        "1.2 s and 0.6 s":
            "That would be so if making a coroutine began it. Run the cell: how many lanes are there, and how many "
            "waits at the same time?",
        "0.6 s and 0.6 s":
            "That would be so if the three waits overlapped. Who would ask south while `watch` stands still at the "
            "line of north? Run the cell, and look at the lanes.",
        "0.4 s and 0.4 s":
            "That is the last of the three waits alone. The program goes through the other two as well. Run the cell, "
            "and look at the lanes.",
    },
    right="1.2 s and 1.2 s",
)

predict_tasks = predict(
    "`watch_with_tasks` has three awaits in a row, too. How long does it take?",
    {
        "0.2 s, as the first `await` is for north":
            "The function returns when it has passed all three awaits, not the first one. Run the cell.",
        "0.6 s, the longest of the three waits":
            "When it stops at the first `await`, all three tasks exist, and the loop starts each of them. While it "
            "waits for north, south and west wait as well.",
        "0.8 s: north and south one after the other, with west meanwhile":
            "At 0.2 s it begins to wait for the task of south. When did this task ask its shop? Run the cell, and look "
            "where the lane of south begins.",
        "1.2 s, the sum of the three waits":
            "The watcher does stop three times. But who else is waiting while it waits for north? Run the cell, and "
            "compare where the lanes begin.",
    },
    right="0.6 s, the longest of the three waits",
)

predict_start = predict(
    "`watch_loudly` creates a task, prints `create_task has returned`, and awaits the task. Which line comes first?",
    {
        "`asking north`":
            "Then `create_task` would run the coroutine, at least to its first `await`. Run the cell: who is running "
            "when `watch_loudly` goes on to its next line?",
        "`create_task has returned`":
            "A task needs a turn on the loop, and the loop has none to give while `watch_loudly` is running. The task "
            "starts when `watch_loudly` has to wait.",
        "either one: they run at the same time":
            "There is one thread, and `watch_loudly` has it until it waits. Run the cell as often as you like: the "
            "order stays the same.",
    },
    right="`create_task has returned`",
)

predict_late = predict(
    "Both programs create a task for north, which needs 0.2 s, spend half a second, and await the task. How long do "
    "they take?",
    {
        "`work_first` 0.5 s, `wait_first` 0.5 s":
            "For one of them this is right. But the loop gives the task its first turn. Who has the thread for half a "
            "second? Run the cell.",
        "`work_first` 0.7 s, `wait_first` 0.5 s":
            "`time.sleep` holds the thread, so the task starts after it, and only then asks north. `asyncio.sleep` "
            "gives way, and the two waits overlap.",
        "`work_first` 0.7 s, `wait_first` 0.7 s":
            "For one of them this is right. But the other one awaits before it awaits the task, and so gives way. Run "
            "the cell, and see when north starts.",
        "`work_first` 0.5 s, `wait_first` 0.7 s":
            "It is the other way round: which of the two sleeps lets the loop start the task? Run the cell.",
    },
    right="`work_first` 0.7 s, `wait_first` 0.5 s",
)

predict_four = predict(
    "Which of the four programs take 0.6 seconds, as long as the slowest shop?",
    {
        "`task_group` alone":
            "Plain `create_task` can do that, too. Look for the program in which all tasks exist before the first "
            "`await`. Run the cell.",
        "`list_of_tasks` and `task_group`":
            "In both of them, all tasks exist before the program waits for the first time.",
        "all but `comprehension`":
            "Three of them create tasks, that is true. But when does `task_by_task` create its second one? Run the "
            "cell.",
        "all four":
            "A comprehension is a loop, and it runs its elements one after another. What does an `await` in an element "
            "hold up? Run the cell.",
    },
    right="`list_of_tasks` and `task_group`",
)

predict_blocking = predict(
    "The answer of north is there after 0.2 seconds. When does the task of north end?",
    {
        "at 0.2 s":
            "The answer is there at 0.2 s. To take it, the task needs a turn on the loop: who has the thread then? "
            "Run the cell, and look at the lane of north.",
        "at 0.4 s":
            "At 0.2 s the loop is held by west, so the task of north has its turn when west has finished.",
        "at 0.6 s":
            "That would be 0.4 + 0.2, as if north were asked when west has finished. But it is asked first, and "
            "its 0.2 seconds pass while west holds the loop. Run the cell, and look where they end.",
    },
    right="at 0.4 s",
)

predict_compute = predict(
    "`together` creates a task for north, south and west, and each of them computes. The first line that is printed "
    "says that north begins. What does the second line say?",
    {
        "south begins":
            "So it was with the waits: north gave way, and south had a turn. Where in `compute` could north give way? "
            "Run the cell.",
        "north has its result":
            "Between its two lines that print, `compute` has no `await`, so it keeps the thread until it has its "
            "result.",
        "it differs from run to run":
            "With a thread for each shop it could. How many threads do these tasks have? Run the cell, as often as you "
            "like.",
    },
    right="north has its result",
)
