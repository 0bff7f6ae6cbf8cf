"""The exercises and questions of notebook 09: shared state."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from helpers.checker import Exercise, Mistake, equal, predict, require
from helpers.simulated_io import Shop, ShopError
from helpers.words import count

# -- a warm-up: no lock, but the right order --------------------------------------------------------------------

buy = Exercise(
    lesson="09",
    title="Spend every cent once",
    task="""
        Write `buy(purse, price, pay)`. `purse` is a dictionary such as `{"cents": 1000}`, which many tasks share.
        If it holds less than `price`, return `False`. Otherwise `await pay(price)`, which takes a while. Afterwards
        the purse holds `price` less, and the result is `True`. If `pay` raises a `ConnectionError`, the purchase costs
        nothing, and the result is `False`. Any other exception reaches the caller. Purchases go on at the same time,
        and together they never spend more than there is.
        """,
    starter="""
        async def buy(purse, price, pay):
            ...                                 # your code here
        """,
    hints=[
        "Five tasks look into the purse before the first has paid. What should the second one find there?",
        "Let no `await` stand between looking into the purse and taking the money. So take the money before you pay.",
        "If the payment fails, put the money back: add `price` to what the purse holds *then*, which other purchases "
        "may have changed.",
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
    why="No `await` stands between looking into the purse and taking the money. So no other task can run in between, "
        "and no cent is spent twice.",
    follow_up="What happens to the money if the task is cancelled while it pays? What should happen?",
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
        Mistake("sequential", "no purchase has to wait", """
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
        "value": "Take the money as soon as you have looked, before the await. If pay raises a ConnectionError, add "
                 "the price to what the purse holds then.",
        "sequential": "Look and take the money with no await in between, and pay afterwards. Then no purchase has to "
                      "wait for another one.",
        "error: ^(ShopError|ConnectionError)":
            "Catch it, put the money back, and return False: a ConnectionError from pay means that nothing was bought.",
        "no exception": "Catch only ConnectionError. Every other exception has to reach the caller.",
        "forgotten await: pay": "Await pay(price): the call alone pays nothing.",
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


# -- a lock for each item: ask only once --------------------------------------------------------------------------

ask_once = Exercise(
    lesson="09",
    title="Ask only once",
    setup="import asyncio\nfrom collections import defaultdict",
    task="""
        Write `ask_once(known, locks, shop, item)`. All tasks share `known`, a dictionary of the prices that are known
        already, and `locks`, a `defaultdict(asyncio.Lock)` with a lock for each item. If `item` is in `known`, return
        its price from there. If not, ask the shop with `await shop.price(item)`, put the price into `known`, and return
        it. However many tasks want the price of an item at the same time, the shop is asked for it once. Tasks that
        want different items do not wait for each other. An error of the shop reaches the caller, and the next task
        that wants this item asks again.
        """,
    starter="""
        async def ask_once(known, locks, shop, item):
            ...                                 # your code here
        """,
    hints=[
        "Five tasks want the price of tea. What do they find in `known` while the first one is still asking?",
        "From the look into `known` until the price is in it, no other task may look for the same item. Hold a lock "
        "all that time. Which one?",
        "Hold `locks[item]`, with `async with`: it gives the lock back also when the shop raises an error.",
        """
        Fill in the dots:
            async with ...:
                if item not in known:
                    known[item] = ...
                return ...
        """,
    ],
    solution="""
        async def ask_once(known, locks, shop, item):
            async with locks[item]:
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
        """,
    why="The look, the request and the entry are one critical section, so the next task that gets the lock of this "
        "item finds the price. Another item has another lock.",
    follow_up="A task that wants a known price takes the lock as well, although it only reads. Does it need to?",
    mistakes=[
        Mistake("value", "the shop was asked 7 times", """
            async def ask_once(known, locks, shop, item):
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
            """),
        Mistake("value", "the shop was asked 7 times", """
            async def ask_once(known, locks, shop, item):
                if item not in known:
                    async with locks[item]:
                        known[item] = await shop.price(item)
                return known[item]
            """),
        Mistake("value", "the shop was asked 7 times", """
            async def ask_once(known, locks, shop, item):
                if item in known:
                    return known[item]
                price = await shop.price(item)
                async with locks[item]:
                    known[item] = price
                return price
            """),
        Mistake("value", "the shop was asked 7 times", """
            async def ask_once(known, locks, shop, item):
                async with asyncio.Lock():
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
            """),
        Mistake("sequential", "the lock of the item", """
            async def ask_once(known, locks, shop, item):
                async with locks["all"]:
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
            """),
        Mistake("error", "async with", """
            async def ask_once(known, locks, shop, item):
                with locks[item]:
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
            """),
        Mistake("error", "one of its locks", """
            async def ask_once(known, locks, shop, item):
                async with locks:
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
            """),
        Mistake("forgotten await", "await", """
            async def ask_once(known, locks, shop, item):
                async with locks[item]:
                    if item not in known:
                        known[item] = shop.price(item)
                    return known[item]
            """),
        Mistake("deadlock", "a lock", """
            async def ask_once(known, locks, shop, item):
                await locks[item].acquire()
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
            """),
        Mistake("deadlock", "a lock", """
            async def ask_once(known, locks, shop, item):
                await locks[item].acquire()
                if item not in known:
                    known[item] = await shop.price(item)
                locks[item].release()
                return known[item]
            """),
        Mistake("forgotten await", "Lock.acquire() was called", """
            async def ask_once(known, locks, shop, item):
                locks[item].acquire()
                if item not in known:
                    known[item] = await shop.price(item)
                locks[item].release()
                return known[item]
            """),
        Mistake("value", "known is {}", """
            async def ask_once(known, locks, shop, item):
                async with locks[item]:
                    if item in known:
                        return known[item]
                    return await shop.price(item)
            """),
        Mistake("error", "KeyError", """
            async def ask_once(known, locks, shop, item):
                if locks[item].locked():
                    return known[item]
                async with locks[item]:
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
            """),
    ],
    advice={
        "value: 'water'": "Look whether item is in known, and not whether its price is true: a price may be 0.",
        "value: each request fails": "Put nothing but a price into known. Then the next task that wants this item does "
                                     "not find it there, and asks again.",
        "value": "Put the look into known, the request and the entry inside one async with locks[item]: block.",
        "sequential": "Take the lock of the item, locks[item], and no other: tasks that want different items need not "
                      "wait for each other.",
        "error: defaultdict": "Take one of its locks, locks[item]: the dictionary itself is no lock.",
        "deadlock": "Give the lock back whatever happens, also when the shop raises an error. async with does so.",
    },
)


def tea_and_more() -> tuple[dict[str, int], defaultdict[str, asyncio.Lock], Shop]:
    """What all tasks share, and a shop that answers after 0.3 s."""
    return {}, defaultdict(asyncio.Lock), Shop("north", latency=0.3, prices={"tea": 320, "coffee": 450})


@ask_once.case(returns=320)
async def one_question(answer):
    """One task wants the price of tea, which is 320."""
    known, locks, shop = tea_and_more()
    price = await answer(known, locks, shop, "tea")
    require("tea" in known, "value", f"afterwards known is {known}", "{'tea': 320}")
    return price


@ask_once.case(returns=[320] * 5 + [450] * 2, elapsed=0.3, drawn=True)
async def two_items(answer):
    """Five tasks want the price of tea, and two that of coffee, at the same time; the shop answers after 0.3 s."""
    known, locks, shop = tea_and_more()
    items = ["tea"] * 5 + ["coffee"] * 2
    prices = await asyncio.gather(*[answer(known, locks, shop, item) for item in items])
    require(shop.requests == 2, "value", f"the shop was asked {shop.requests} times", "it is asked once for each item")
    return prices


@ask_once.case(returns=[305, 450, 0])
async def known_already(answer):
    """The prices of tea and of water are known, 305 and 0; that of coffee is not."""
    known, locks = {"tea": 305, "water": 0}, defaultdict(asyncio.Lock)
    shop = Shop("north", latency=0.3, prices={"tea": 999, "coffee": 450, "water": 999})
    prices = [await answer(known, locks, shop, item) for item in ("tea", "coffee", "water")]
    equal(known, {"tea": 305, "coffee": 450, "water": 0}, "known, afterwards,")
    return prices


@ask_once.case()
async def closed(answer):
    """The shop is closed, and two tasks want the price of tea: both get its ShopError."""
    known, locks = {}, defaultdict(asyncio.Lock)
    shop = Shop("north", latency=0.3, failure_rate=1)
    results = await asyncio.gather(*[answer(known, locks, shop, "tea") for _ in range(2)], return_exceptions=True)
    require(all(isinstance(result, ShopError) for result in results), "no exception",
            f"with a closed shop the two results are {results}", "two times ShopError")
    times = count(shop.requests, "time")
    require(shop.requests == 2, "value", f"although each request fails, the shop was asked {times}",
            "each of the two tasks asks, one after the other")
    require(not any(lock.locked() for lock in locks.values()), "clean-up", "after the error the lock is still taken",
            "the lock is free again")


# -- a challenge: two locks, no circle ----------------------------------------------------------------------------

exchange = Exercise(
    lesson="09",
    title="Exchange without a circle",
    task="""
        Write `exchange(one, other, carry)`: two stores exchange their boxes. A store has a `name`, which no other
        store has, a number of `boxes`, and a `lock`. `await carry()` takes a while, and both locks are held meanwhile.
        Then the numbers of boxes are exchanged. Many exchanges go on at the same time, in every direction, and none
        hangs. Exchanges that share no store do not wait for each other. `one` and `other` may be the same store: then
        nothing changes, and `carry` is not called.
        """,
    starter="""
        async def exchange(one, other, carry):
            ...                                 # your code here
        """,
    hints=[
        "If every task takes its two locks in the same order, no circle can close. What could that order be?",
        "The number of boxes changes. The name does not, and no two stores have the same one. So sort the stores by "
        "`name`.",
        "What happens if `one` and `other` are the same store, and you take its lock twice?",
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
    why="Of its two locks, every task first takes the one whose name comes first in the order. So a task that holds a "
        "lock waits only for one whose name comes later, and no circle can close.",
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
        "deadlock": "Take the locks in an order that is the same for all tasks, such as that of the names, and take no "
                    "lock twice. Then no circle of waits can close.",
        "value": "Take both locks first. Then carry, look at the boxes and exchange them, all inside the block.",
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
            require(not free, "value", "not both locks were held while the boxes were carried: nobody held the lock "
                    f"of {' and that of '.join(free)}",
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

predict_balance = predict(
    "The account holds 1000 cents. A credit of 500 is confirmed after 0.1 seconds, a debit of 320 after 0.3. What is "
    "the balance after both? (This is the first of the two rounds of `main`.)",
    {
        "1180":
            "That is what the bank would say: 1000 + 500 - 320. But which balance does the debit start from? Run the "
            "cell, and look at what each of the two reads.",
        "680":
            "Both have read 1000 before the credit is confirmed. The debit is confirmed last, and writes 1000 - 320. "
            "The credit is lost.",
        "1500":
            "The credit writes 1500. But the debit writes after it. Run the cell, and look at what the debit writes.",
        "it differs from run to run":
            "With threads it might. Here a task runs until it suspends, and the bank's answers settle the order in "
            "which the two tasks continue. Run the cell as often as you like.",
    },
    right="680",
)

predict_count = predict(
    "`count` begins at 0, and ten tasks add 1 to it, a hundred times each. What is `count` in the end, with a "
    "suspension between reading and writing, and without one?",
    {
        "1000 with a suspension, 1000 without":
            "That would be right if each task saw what the others have written. With a suspension, what have the other "
            "nine tasks read before the first one writes? Run the cell.",
        "100 with a suspension, 1000 without":
            "With a suspension, all ten tasks read the same number and write the same number plus one, so ten "
            "additions count as one. Without it, no other task runs between reading and writing.",
        "1 with a suspension, 1000 without":
            "The ten additions of one round count as one. But in the next round each task reads what was written in "
            "this one. Run the cell.",
        "it differs from run to run with a suspension, 1000 without":
            "The loop resumes the ten tasks in the same order in each round, so the result is the same in each run. "
            "Run the cell as often as you like.",
    },
    right="100 with a suspension, 1000 without",
)

predict_total = predict(
    "Tea costs 320 at north, 290 at south and 305 at east; north answers last. What is `total`, at first 0, in the "
    "end?",
    {
        "915":
            "That is the sum. It would come out if `total` were read after the `await`. Run the cell.",
        "320":
            "Each task read `total` before it waited, when it was 0. North writes last, and writes 0 + 320.",
        "290":
            "South answers first, and writes 0 + 290. But two other tasks write after it. Run the cell.",
        "0":
            "Each task writes to the global `total`, so its value changes. Run the cell, and see what it is at the "
            "end.",
    },
    right="320",
)

predict_lock = predict(
    "Each shop answers after 0.2 seconds, and the bank reads in 0.1 seconds and writes in 0.1. Three tasks pay at the "
    "same time. How long do `long_section` and `short_section` take, for all three?",
    {
        "both 0.4 s, as without a lock":
            "That is how long one task takes alone. But a task that wants a lock which another one holds has to wait. "
            "Run the cell, and look for the tasks that wait for the lock.",
        "`long_section` 1.2 s, `short_section` 0.8 s":
            "In the long section the three tasks pass one after another, 0.4 seconds each. In the short one the shops "
            "are asked together, 0.2 seconds, and then the bank is used three times, 0.2 seconds each.",
        "`long_section` 1.2 s, `short_section` 0.4 s":
            "The long section is right. In the short one the shops are asked together. But do the three tasks use the "
            "bank together, too? Run the cell.",
        "both 1.2 s":
            "That is three tasks one after another. In the short section, does a task hold the lock while it asks its "
            "shop? Run the cell.",
    },
    right="`long_section` 1.2 s, `short_section` 0.8 s",
)

predict_event = predict(
    "The door opens after 0.3 seconds. `early` arrives after 0.1 seconds, and `late` after 0.4. How long does each of "
    "them wait at the door?",
    {
        "`early` 0.2 s, `late` for ever":
            "So it would be if `set()` woke only the tasks that wait at that moment. Run the cell, and see whether "
            "`late` gets in.",
        "`early` 0.2 s, `late` not at all":
            "`early` waits from 0.1 to 0.3 seconds. When `late` arrives, the event is set already, and stays set.",
        "neither: `wait()` only checks whether the event is set":
            "To look without waiting, there is `is_set()`. Run the cell, and see what `early` does after 0.1 seconds.",
        "`early` 0.3 s, `late` not at all":
            "`early` passes the door at 0.3 seconds. But when does it arrive there? Run the cell.",
    },
    right="`early` 0.2 s, `late` not at all",
)

predict_circle = predict(
    "Both transfers start at the same time. What happens?",
    {
        "Both are done after 0.2 seconds":
            "Then each would get its second lock at 0.1 seconds, without waiting. Run the cell: which task has that "
            "lock at that time?",
        "The second transfer waits for the first one; both are done after 0.4 seconds":
            "So it would be if both began with the same lock. Run the cell: which lock does each of them take first?",
        "Neither ever ends":
            "Each holds the lock that the other one needs next, and gives it back only after it has got its own second "
            "lock.",
        "One of them gets a `RuntimeError`":
            "A lock that is taken is no error: a task that wants it waits, however long that takes. Run the cell.",
    },
    right="Neither ever ends",
)

predict_context = predict(
    "`main` sets the variable to `main`, awaits `rename(\"awaited\")` and prints the variable. Then it awaits a new "
    "task of `rename(\"task\")`, and prints the variable again. What are the two lines?",
    {
        "awaited, task":
            "That would be right if a task shared its values with the task that creates it. Run the cell, and compare.",
        "awaited, awaited":
            "What is awaited directly runs in the same task as `main`, and sets the value of that task. A new task has "
            "a copy of its own.",
        "main, main":
            "That would be right if every coroutine had values of its own. But a task has them, and `await` alone "
            "creates no task. Run the cell.",
        "main, task":
            "It is the other way round. Which of the two calls creates a new task? Run the cell.",
    },
    right="awaited, awaited",
)
