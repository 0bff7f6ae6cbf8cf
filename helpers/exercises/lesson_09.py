"""The exercises and questions of notebook 09: shared state."""

from __future__ import annotations

import asyncio

from helpers.checker import Exercise, Mistake, equal, predict, require
from helpers.simulated_io import Shop, ShopError

# -- a warm-up: no lock, but the right order --------------------------------------------------------------------

buy = Exercise(
    lesson="09",
    title="Spend every cent once",
    task="""
        Write `buy(purse, price, pay)`. `purse` is a dictionary such as `{"cents": 1000}`, which many tasks share.
        If it holds less than `price`, return `False`. Else `await pay(price)`, which takes a while; afterwards the
        purse holds `price` less, and the result is `True`. If `pay` raises a `ConnectionError`, the purse has lost
        nothing by it, and the result is `False`; any other exception comes out. All purchases go on at the same time;
        together they never spend more than there is.
        """,
    starter="""
        async def buy(purse, price, pay):
            ...                                 # your code here
        """,
    hints=[
        "Five tasks look into the purse before the first has paid. What should the second one find there?",
        "Looking and taking must have no await between them. Take the money before you pay.",
        "If the payment fails, give the money back: add it to what the purse holds by then.",
        """
        Fill in the dots:
            if purse["cents"] < price:
                return False
            ...
            try:
                await pay(price)
            except ConnectionError:
                ...
                return False
            return True
        """,
    ],
    solution="""
        async def buy(purse, price, pay):
            if purse["cents"] < price:
                return False
            purse["cents"] -= price             # looked and taken, with no await in between
            try:
                await pay(price)
            except ConnectionError:
                purse["cents"] += price
                return False
            return True
        """,
    why="Nobody else can run between the look into the purse and the taking, since there is no await, so no cent is "
        "promised twice.",
    follow_up="What becomes of the money if the task is cancelled while it pays? What should?",
    mistakes=[
        Mistake("value", "1,600 cents were paid out of a purse of 1,000", """
            async def buy(purse, price, pay):
                if purse["cents"] < price:
                    return False
                try:
                    await pay(price)
                except ConnectionError:
                    return False
                purse["cents"] -= price
                return True
            """),
        Mistake("value", "1,600 cents were paid out of a purse of 1,000", """
            async def buy(purse, price, pay):
                left = purse["cents"] - price
                if left < 0:
                    return False
                try:
                    await pay(price)
                except ConnectionError:
                    return False
                purse["cents"] = left
                return True
            """),
        Mistake("value", "1,600 cents were paid out of a purse of 1,000", """
            async def buy(purse, price, pay):
                lock = asyncio.Lock()
                async with lock:
                    if purse["cents"] < price:
                        return False
                    try:
                        await pay(price)
                    except ConnectionError:
                        return False
                    purse["cents"] -= price
                    return True
            """),
        Mistake("value", "what the purse holds", """
            async def buy(purse, price, pay):
                if purse["cents"] < price:
                    return False
                purse["cents"] -= price
                try:
                    await pay(price)
                except ConnectionError:
                    return False
                return True
            """),
        Mistake("value", "what the purse holds", """
            async def buy(purse, price, pay):
                before = purse["cents"]
                if before < price:
                    return False
                purse["cents"] = before - price
                try:
                    await pay(price)
                except ConnectionError:
                    purse["cents"] = before
                    return False
                return True
            """),
        Mistake("error", "ConnectionError", """
            async def buy(purse, price, pay):
                if purse["cents"] < price:
                    return False
                purse["cents"] -= price
                await pay(price)
                return True
            """),
        Mistake("forgotten await", "never awaited", """
            async def buy(purse, price, pay):
                if purse["cents"] < price:
                    return False
                purse["cents"] -= price
                pay(price)
                return True
            """),
        Mistake("value", "what the purse holds", """
            async def buy(purse, price, pay):
                if purse["cents"] <= price:
                    return False
                purse["cents"] -= price
                try:
                    await pay(price)
                except ConnectionError:
                    purse["cents"] += price
                    return False
                return True
            """),
        Mistake("sequential", "no lock is needed", """
            lock = asyncio.Lock()
            async def buy(purse, price, pay):
                async with lock:
                    if purse["cents"] < price:
                        return False
                    try:
                        await pay(price)
                    except ConnectionError:
                        return False
                    purse["cents"] -= price
                    return True
            """),
    ],
    advice={
        "value: None": "Return False where nothing is bought: a function that ends without a return gives None.",
        "value": "Take the money at once when you have looked, before the await, and add it to what the purse holds "
                 "then if a ConnectionError comes.",
        "sequential": "Look and take without an await in between: then no lock is needed, for which the others would "
                      "have to wait.",
        "error: ^(ShopError|ConnectionError)":
            "Catch it, and give the money back: a ConnectionError out of pay means that nothing was bought.",
        "no exception": "Catch only ConnectionError, and let every other exception out.",
        "forgotten await: pay": "Await pay(price): a call alone pays nothing.",
    },
)


def payment(seconds: float, paid: list[int], error: Exception | None = None):
    """A `pay` that takes so many seconds, and notes what was paid, or fails with an error."""
    async def pay(price: int) -> None:
        await asyncio.sleep(seconds)
        if error is not None:
            raise error
        paid.append(price)
    return pay


@buy.case(elapsed=0.3)
async def one_purchase(answer):
    """One purchase for 320 cents out of a purse of 320; the payment takes 0.3 s."""
    purse, paid = {"cents": 320}, []
    result = await answer(purse, 320, payment(0.3, paid))
    equal(purse["cents"], 0, "what the purse holds afterwards")
    equal(result, True)
    equal(paid, [320], "the list of payments")


@buy.case(elapsed=0.3, drawn=True)
async def five_purchases(answer):
    """Five purchases at once, each for 320 cents, out of a purse of 1,000; each payment takes 0.3 s."""
    purse, paid = {"cents": 1000}, []
    results = await asyncio.gather(*[answer(purse, 320, payment(0.3, paid)) for _ in range(5)])
    require(sum(paid) <= 1000, "value", f"{sum(paid):,} cents were paid out of a purse of 1,000",
            "three purchases for 320 cents, and no more")
    equal(purse["cents"], 40, "what the purse holds afterwards")
    equal(results, [True, True, True, False, False], "the list of the five results")


@buy.case(elapsed=0.3)
async def one_is_refused(answer):
    """Two purchases at once, for 400 and 300 cents, out of a purse of 1,000. The second payment is made after 0.1 s,
    the first is refused after 0.3 s."""
    purse, paid = {"cents": 1000}, []
    results = await asyncio.gather(
        answer(purse, 400, payment(0.3, paid, ConnectionError("the payment was refused"))),
        answer(purse, 300, payment(0.1, paid)),
    )
    equal(purse["cents"], 700, "what the purse holds afterwards")
    equal(results, [False, True], "the list of the two results")


@buy.case(raises=FileNotFoundError, elapsed=0.1)
async def no_account(answer):
    """After 0.1 s the payment ends with a FileNotFoundError, which is an OSError: that comes out."""
    return await answer({"cents": 1000}, 400, payment(0.1, [], FileNotFoundError("account.txt")))


# -- a lock: ask only once ----------------------------------------------------------------------------------------

ask_once = Exercise(
    lesson="09",
    title="Ask only once",
    task="""
        Write `ask_once(known, lock, shop, item)`. `known` is a dictionary of the prices that are known already,
        `lock` an `asyncio.Lock`; all tasks share both. If `item` is in `known`, return its price from there. If not,
        ask the shop, put the price into `known`, and return it. However many tasks want the same price at the same
        time, the shop is asked once. An error of the shop comes out.
        """,
    starter="""
        async def ask_once(known, lock, shop, item):
            ...                                 # your code here
        """,
    hints=[
        "Five tasks want the price of tea. What do they find in known while the first one is still asking?",
        "From the look into known until the price is in it, no other task may look: hold the lock all that time.",
        "async with lock: gives the lock back whatever happens, also when the shop raises an error.",
        """
        Fill in the dots:
            async with lock:
                if item not in known:
                    known[item] = ...
                return ...
        """,
    ],
    solution="""
        async def ask_once(known, lock, shop, item):
            async with lock:
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
        """,
    why="The look, the question and the entry are one critical section: whoever gets the lock next finds the price.",
    follow_up="With one lock for all items, coffee waits for tea. Give every item a lock of its own.",
    mistakes=[
        Mistake("value", "the shop was asked 5 times", """
            async def ask_once(known, lock, shop, item):
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
            """),
        Mistake("value", "the shop was asked 5 times", """
            async def ask_once(known, lock, shop, item):
                if item not in known:
                    async with lock:
                        known[item] = await shop.price(item)
                return known[item]
            """),
        Mistake("value", "the shop was asked 5 times", """
            async def ask_once(known, lock, shop, item):
                if item in known:
                    return known[item]
                price = await shop.price(item)
                async with lock:
                    known[item] = price
                return price
            """),
        Mistake("value", "the shop was asked 5 times", """
            async def ask_once(known, lock, shop, item):
                async with asyncio.Lock():
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
            """),
        Mistake("error", "async with", """
            async def ask_once(known, lock, shop, item):
                with lock:
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
            """),
        Mistake("forgotten await", "await", """
            async def ask_once(known, lock, shop, item):
                async with lock:
                    if item not in known:
                        known[item] = shop.price(item)
                    return known[item]
            """),
        Mistake("deadlock", "a lock", """
            async def ask_once(known, lock, shop, item):
                await lock.acquire()
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
            """),
        Mistake("deadlock", "a lock", """
            async def ask_once(known, lock, shop, item):
                await lock.acquire()
                if item not in known:
                    known[item] = await shop.price(item)
                lock.release()
                return known[item]
            """),
        Mistake("forgotten await", "Lock.acquire() was called", """
            async def ask_once(known, lock, shop, item):
                lock.acquire()
                if item not in known:
                    known[item] = await shop.price(item)
                lock.release()
                return known[item]
            """),
        Mistake("value", "known is {}", """
            async def ask_once(known, lock, shop, item):
                async with lock:
                    if item in known:
                        return known[item]
                    return await shop.price(item)
            """),
        Mistake("error", "KeyError", """
            async def ask_once(known, lock, shop, item):
                if lock.locked():
                    return known[item]
                async with lock:
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
            """),
    ],
    advice={
        "value: 'water'": "Look whether item is in known, and not whether its price is true: a price may be 0.",
        "value": "Put the look into known, the question and the entry inside of one async with lock:, with the lock "
                 "that was passed.",
        "deadlock": "Give the lock back whatever happens, also when the shop raises an error: async with lock: does.",
    },
)


@ask_once.case(returns=320)
async def one_question(answer):
    """One task wants the price of tea, which is 320."""
    known, lock = {}, asyncio.Lock()
    price = await answer(known, lock, Shop("north", latency=0.3, prices={"tea": 320}), "tea")
    require("tea" in known, "value", f"afterwards known is {known}", "{'tea': 320}")
    return price


@ask_once.case(returns=[320] * 5, elapsed=0.3, drawn=True)
async def five_questions(answer):
    """Five tasks want the price of tea at the same time; the shop answers after 0.3 s."""
    known, lock = {}, asyncio.Lock()
    shop = Shop("north", latency=0.3, prices={"tea": 320})
    prices = await asyncio.gather(*[answer(known, lock, shop, "tea") for _ in range(5)])
    require(shop.requests == 1, "value", f"the shop was asked {shop.requests} times", "the shop is asked once")
    return prices


@ask_once.case(returns=[305, 450, 0])
async def known_already(answer):
    """The prices of tea and of water are known, 305 and 0; that of coffee is not."""
    known, lock = {"tea": 305, "water": 0}, asyncio.Lock()
    shop = Shop("north", latency=0.3, prices={"tea": 999, "coffee": 450, "water": 999})
    prices = [await answer(known, lock, shop, item) for item in ("tea", "coffee", "water")]
    equal(known, {"tea": 305, "coffee": 450, "water": 0}, "known, afterwards,")
    return prices


@ask_once.case()
async def closed(answer):
    """The shop is closed, and two tasks want the price of tea: both get its ShopError."""
    known, lock = {}, asyncio.Lock()
    shop = Shop("north", latency=0.3, failure_rate=1)
    results = await asyncio.gather(*[answer(known, lock, shop, "tea") for _ in range(2)], return_exceptions=True)
    require(all(isinstance(result, ShopError) for result in results), "no exception",
            f"with a closed shop the two results are {results}", "two times ShopError")
    require(not lock.locked(), "clean-up", "after the error the lock is still taken", "the lock is free again")


# -- a challenge: two locks, no circle ----------------------------------------------------------------------------

exchange = Exercise(
    lesson="09",
    title="Exchange without a circle",
    task="""
        Write `exchange(one, other, carry)`: two stores exchange their boxes. A store has a `name`, which no other
        store has, a number of `boxes`, and a `lock`. `await carry()` takes a while, and both locks must be held
        meanwhile; then the numbers of boxes are exchanged. Many exchanges go on at the same time, in every direction,
        and none hangs; those that share no store do not wait for each other. `one` and `other` may be the same store:
        then nothing changes, and carry is not called.
        """,
    starter="""
        async def exchange(one, other, carry):
            ...                                 # your code here
        """,
    hints=[
        "If every task takes its two locks in the same order, no circle can arise. What could that order be?",
        "The number of boxes changes; the name does not, and no two stores have the same.",
        "What happens if one and other are the same store, and you take its lock twice?",
        """
        Fill in the dots:
            if one is other:
                return
            first, second = sorted(...)
            async with first.lock, second.lock:
                await carry()
                ...
        """,
    ],
    solution="""
        async def exchange(one, other, carry):
            if one is other:
                return
            first, second = sorted([one, other], key=lambda store: store.name)
            async with first.lock, second.lock:
                await carry()
                one.boxes, other.boxes = other.boxes, one.boxes
        """,
    why="Everybody takes the lock of the lower name first, so nobody who holds a lock waits for one of a lower name, "
        "and no circle can close.",
    follow_up="Write it for any number of stores, with contextlib.AsyncExitStack.",
    mistakes=[
        Mistake("deadlock", "waits for a lock", """
            async def exchange(one, other, carry):
                if one is other:
                    return
                async with one.lock, other.lock:
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
            """),
        Mistake("deadlock", "waits for a lock", """
            async def exchange(one, other, carry):
                first, second = sorted([one, other], key=lambda store: store.name)
                async with first.lock, second.lock:
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
            """),
        Mistake("deadlock", "waits for a lock", """
            async def exchange(one, other, carry):
                if one is other:
                    return
                first, second = sorted([one, other], key=lambda store: store.boxes)
                async with first.lock, second.lock:
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
            """),
        Mistake("value", "not both locks", """
            async def exchange(one, other, carry):
                if one is other:
                    return
                await carry()
                one.boxes, other.boxes = other.boxes, one.boxes
            """),
        Mistake("value", "not both locks", """
            async def exchange(one, other, carry):
                if one is other:
                    return
                async with one.lock:
                    await carry()
                    async with other.lock:
                        one.boxes, other.boxes = other.boxes, one.boxes
            """),
        Mistake("sequential", "the two stores", """
            lock = asyncio.Lock()
            async def exchange(one, other, carry):
                if one is other:
                    return
                async with lock, one.lock, other.lock:
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
            """),
        Mistake("value", "boxes of north is 3", """
            async def exchange(one, other, carry):
                if one is other:
                    return
                boxes = one.boxes, other.boxes
                first, second = sorted([one, other], key=lambda store: store.name)
                async with first.lock, second.lock:
                    await carry()
                    other.boxes, one.boxes = boxes
            """),
        Mistake("error", "'<' not supported", """
            async def exchange(one, other, carry):
                if one is other:
                    return
                first, second = sorted([one, other])
                async with first.lock, second.lock:
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
            """),
        Mistake("forgotten await", "await", """
            async def exchange(one, other, carry):
                if one is other:
                    return
                first, second = sorted([one, other], key=lambda store: store.name)
                async with first.lock, second.lock:
                    carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
            """),
    ],
    advice={
        "deadlock": "Take the locks in an order that is the same for all tasks, such as that of the names, and no "
                    "lock twice: then no circle of waiting can close.",
        "value": "Take both locks first; then carry, look at the boxes and exchange them, all inside of the block.",
        "sequential": "Take the locks of the two stores, and no other: exchanges that share no store need not wait "
                      "for each other.",
        "error: '<' not supported": "Say by what to sort, as in sorted([one, other], key=lambda store: store.name).",
    },
)


class Store:
    """A store with a name, some boxes, and a lock."""

    def __init__(self, name: str, boxes: int) -> None:
        self.name, self.boxes, self.lock = name, boxes, asyncio.Lock()


def carrying(*stores: Store):
    """A `carry` that takes 0.1 s, and demands that the stores are locked meanwhile."""
    async def carry() -> None:
        for moment in ("before", "after"):
            free = [store.name for store in stores if not store.lock.locked()]
            require(not free, "value", "not both locks were held while the boxes were carried: there was nobody "
                    f"who held that of {' and that of '.join(free)}",
                    "both locks are held until the boxes are exchanged")
            if moment == "before":
                await asyncio.sleep(0.1)
    return carry


def boxes(*pairs: tuple[Store, int]) -> None:
    """Demand of every store the number of boxes that stands beside it."""
    for store, wanted in pairs:
        equal(store.boxes, wanted, f"the number of boxes of {store.name}")


@exchange.case(elapsed=0.1)
async def one_exchange(answer):
    """North has 10 boxes and south 3; one exchange."""
    north, south = Store("north", 10), Store("south", 3)
    carry = carrying(north, south)

    async def watched() -> None:
        require((north.boxes, south.boxes) == (10, 3), "value", "the numbers of boxes were exchanged before they were "
                "carried", "they are exchanged when carry() has returned")
        await carry()

    watched.__qualname__ = "carry"          # as the answer knows it
    await answer(south, north, watched)
    boxes((north, 3), (south, 10))


@exchange.case(elapsed=0.1)
async def far_apart(answer):
    """North exchanges with south, and at the same time east with west."""
    north, south, east, west = Store("north", 1), Store("south", 2), Store("east", 3), Store("west", 4)
    await asyncio.gather(answer(north, south, carrying(north, south)), answer(west, east, carrying(east, west)))
    boxes((north, 2), (south, 1), (east, 4), (west, 3))


@exchange.case(elapsed=0.2)
async def there_and_back(answer):
    """North exchanges with south, and at the same time south with north: in the end each has its own number."""
    north, south = Store("north", 10), Store("south", 3)
    await asyncio.gather(answer(north, south, carrying(north, south)), answer(south, north, carrying(north, south)))
    boxes((north, 10), (south, 3))


@exchange.case(elapsed=0.3, drawn=True)
async def while_north_is_counted(answer):
    """North and south have 5 boxes each. For 0.1 s somebody else holds the lock of north. Meanwhile two exchanges
    begin: north with south, and south with north."""
    north, south = Store("north", 5), Store("south", 5)

    async def count():
        async with north.lock:
            await asyncio.sleep(0.1)

    async def both():
        await asyncio.gather(answer(north, south, carrying(north, south)), answer(south, north, carrying(north, south)))

    await asyncio.gather(count(), both())
    boxes((north, 5), (south, 5))


@exchange.case(elapsed=0)
async def with_itself(answer):
    """North exchanges with north."""
    north = Store("north", 10)
    await answer(north, north, carrying())
    boxes((north, 10))


# -- questions ---------------------------------------------------------------------------------------------------

predict_asked = predict(
    "`asked` is 0, and three tasks ask a shop each, at the same time. What is `asked` afterwards?",
    {
        "3":
            "That is how often the shops were asked. But what does each task add its 1 to? Run the cell, and see in "
            "the replay when each of them read the variable.",
        "1":
            "All three have read 0 before the first of them wrote, so all three write 1.",
        "2":
            "Two of them would have to see what another one wrote. Run the cell, and see in the replay which task "
            "reads the variable after another one has written it.",
        "any of these: it differs from run to run":
            "With threads it might. Here a task goes on until it waits, so the order is settled by the latencies. Run "
            "the cell as often as you like.",
    },
    right="1",
)

predict_total = predict(
    "Tea costs 320 at north, 290 at south and 305 at east; north answers last. What is `total`, at first 0, in the "
    "end?",
    {
        "915":
            "That is the sum. It would come out if `total` were read after the `await`. Run the cell.",
        "320":
            "Each task has read `total` when it was 0, before it waited. North writes last, and writes 0 + 320.",
        "290":
            "South answers first, and writes 0 + 290. But two more tasks write after it. Run the cell.",
        "0":
            "Each task writes to the global `total`, so its value changes. Run the cell, and see what it is at the "
            "end.",
    },
    right="320",
)

predict_circle = predict(
    "Both moves start at the same time. What happens?",
    {
        "Both are done after 0.2 seconds":
            "Then each would get its second lock at 0.1 seconds, without waiting. Run the cell: who has that lock at "
            "that time?",
        "The second move waits for the first; both are done after 0.4 seconds":
            "So it would be if both began with the same lock. Run the cell: which lock does each of them take first?",
        "Neither ever ends":
            "Each holds the lock that the other one needs next, and gives it back only when it has got its own second "
            "lock.",
        "One of them gets a `RuntimeError`":
            "A lock that is taken is no error: whoever wants it waits, for as long as it takes. Run the cell.",
    },
    right="Neither ever ends",
)

predict_context = predict(
    "`main` sets the variable to `main`, awaits `rename(\"awaited\")` and prints the variable; then it awaits a new "
    "task of `rename(\"task\")`, and prints the variable again. What are the two lines?",
    {
        "awaited, task":
            "That would be so if a task shared the values of whoever creates it. Run the cell, and compare.",
        "awaited, awaited":
            "What is awaited directly runs in the same task as `main`, and sets its value; a new task has a copy of "
            "its own.",
        "main, main":
            "That would be so if every coroutine had values of its own. But they belong to the task, and `await` alone "
            "makes no task. Run the cell.",
        "main, task":
            "It is the other way round. Which of the two calls makes a new task? Run the cell.",
    },
    right="awaited, awaited",
)
