"""Answers to the exercises of lesson 09."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("buy", "taken out first, put back after an error", """
        async def buy(purse, price, pay):
            if (left := purse["cents"] - price) < 0:
                return False
            purse["cents"] = left
            try:
                await pay(price)
            except BaseException as error:
                purse["cents"] += price
                if isinstance(error, ConnectionError):
                    return False
                raise
            return True
        """),
    right("buy", "a context manager reserves", """
        async def buy(purse, price, pay):
            class Reserved:
                def __enter__(self):
                    purse.update(cents=purse["cents"] - price)

                def __exit__(self, kind, *rest):
                    if kind is not None:
                        purse.update(cents=purse["cents"] + price)
                    return kind is not None and issubclass(kind, ConnectionError)

            if purse["cents"] >= price:
                with Reserved():
                    await pay(price)
                    return True
            return False
        """),
    wrong("buy", "check, pay, subtract", """
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
    wrong("buy", "restores the old amount", """
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
    wrong("buy", "the last cent cannot be spent", """
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
    wrong("buy", "a lock held while paying", """
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
    wrong("buy", "any error is a failed payment", """
        async def buy(purse, price, pay):
            if purse["cents"] < price:
                return False
            purse["cents"] -= price
            try:
                await pay(price)
            except Exception:
                purse["cents"] += price
                return False
            return True
        """),
    wrong("buy", "an OSError is a failed payment", """
        async def buy(purse, price, pay):
            if purse["cents"] < price:
                return False
            purse["cents"] -= price
            try:
                await pay(price)
            except OSError:
                purse["cents"] += price
                return False
            return True
        """),
    wrong("buy", "nothing is put back", """
        async def buy(purse, price, pay):
            if purse["cents"] < price:
                return False
            purse["cents"] -= price
            try:
                await pay(price)
                return True
            except ConnectionError:
                return False
        """),
    wrong("buy", "None instead of False", """
        async def buy(purse, price, pay):
            if purse["cents"] >= price:
                purse["cents"] -= price
                try:
                    await pay(price)
                    return True
                except ConnectionError:
                    purse["cents"] += price
        """, "return false", never=("take the money",)),
    right("ask_once", "looks again inside the lock", """
        async def ask_once(known, locks, shop, item):
            try:
                return known[item]
            except KeyError:
                async with locks[item]:
                    if item not in known:
                        known[item] = await shop.price(item)
                    return known[item]
        """),
    right("ask_once", "the lock by hand", """
        async def ask_once(known, locks, shop, item):
            await locks[item].acquire()
            try:
                match known:
                    case {**prices} if item in prices:
                        return prices[item]
                price = known[item] = await shop.price(item)
                return price
            finally:
                locks[item].release()
        """),
    wrong("ask_once", "looks before the lock only", """
        async def ask_once(known, locks, shop, item):
            if item in known:
                return known[item]
            async with locks[item]:
                known[item] = await shop.price(item)
            return known[item]
        """),
    wrong("ask_once", "no lock", """
        async def ask_once(known, locks, shop, item):
            if item not in known:
                known[item] = await shop.price(item)
            return known[item]
        """),
    wrong("ask_once", "with lock", """
        async def ask_once(known, locks, shop, item):
            with locks[item]:
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
        """, "async with"),
    wrong("ask_once", "a price of 0 counts as unknown", """
        async def ask_once(known, locks, shop, item):
            async with locks[item]:
                if not known.get(item):
                    known[item] = await shop.price(item)
                return known[item]
        """, "a price may be 0"),
    wrong("ask_once", "the lock is kept after an error", """
        async def ask_once(known, locks, shop, item):
            await locks[item].acquire()
            if item not in known:
                known[item] = await shop.price(item)
            locks[item].release()
            return known[item]
        """),
    wrong("ask_once", "not remembered", """
        async def ask_once(known, locks, shop, item):
            async with locks[item]:
                if item in known:
                    return known[item]
                return await shop.price(item)
        """),
    wrong("ask_once", "an error is remembered as None", """
        async def ask_once(known, locks, shop, item):
            async with locks[item]:
                if item not in known:
                    try:
                        known[item] = await shop.price(item)
                    except ConnectionError:
                        return None
                return known[item]
        """),
    right("ask_once", "looks before and inside the lock", """
        async def ask_once(known, locks, shop, item):
            if item not in known:
                async with locks[item]:
                    if item not in known:
                        known[item] = await shop.price(item)
            return known[item]
        """),
    right("ask_once", "gets or makes the lock itself", """
        async def ask_once(known, locks, shop, item):
            lock = locks.setdefault(item, asyncio.Lock())
            async with lock:
                if item not in known:
                    known[item] = await shop.price(item)
            return known[item]
        """),
    wrong("ask_once", "one lock for all items", """
        one_lock = asyncio.Lock()

        async def ask_once(known, locks, shop, item):
            async with one_lock:
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
        """, "lock of the item"),
    wrong("ask_once", "a lock for each shop", """
        async def ask_once(known, locks, shop, item):
            async with locks[shop.name]:
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
        """, "lock of the item"),
    wrong("ask_once", "an error is remembered, and raised again", """
        async def ask_once(known, locks, shop, item):
            async with locks[item]:
                if item not in known:
                    try:
                        known[item] = await shop.price(item)
                    except Exception as error:
                        known[item] = error
                if isinstance(known[item], Exception):
                    raise known[item]
                return known[item]
        """, "nothing but a price"),
    wrong("ask_once", "the dictionary instead of a lock", """
        async def ask_once(known, locks, shop, item):
            async with locks:
                if item not in known:
                    known[item] = await shop.price(item)
                return known[item]
        """, "one of its locks"),
    right("exchange", "in the order of their addresses", """
        async def exchange(one, other, carry):
            if one is other:
                return
            first, second = sorted((one, other), key=id)
            async with first.lock, second.lock:
                await carry()
                one.boxes, other.boxes = other.boxes, one.boxes
        """),
    right("exchange", "a stack of locks in the order of names", """
        async def exchange(one, other, carry):
            from contextlib import AsyncExitStack
            if one.name != other.name:
                async with AsyncExitStack() as stack:
                    for store in sorted([one, other], key=lambda store: store.name):
                        await stack.enter_async_context(store.lock)
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
        """),
    wrong("exchange", "in the order given", """
        async def exchange(one, other, carry):
            if one is other:
                return
            async with one.lock, other.lock:
                await carry()
                one.boxes, other.boxes = other.boxes, one.boxes
        """),
    wrong("exchange", "the same store twice", """
        async def exchange(one, other, carry):
            first, second = sorted((one, other), key=lambda store: store.name)
            async with first.lock:
                async with second.lock:
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
        """),
    wrong("exchange", "one lock for everybody", """
        everybody = asyncio.Lock()

        async def exchange(one, other, carry):
            if one is other:
                return
            async with everybody:
                first, second = sorted((one, other), key=lambda store: store.name)
                async with first.lock, second.lock:
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
        """),
    wrong("exchange", "ordered by boxes", """
        async def exchange(one, other, carry):
            if one is other:
                return
            first, second = sorted((one, other), key=lambda store: store.boxes)
            async with first.lock, second.lock:
                await carry()
                one.boxes, other.boxes = other.boxes, one.boxes
        """),
    wrong("exchange", "numbers taken before the locks", """
        async def exchange(one, other, carry):
            if one is other:
                return
            a, b = one.boxes, other.boxes
            first, second = sorted((one, other), key=lambda store: store.name)
            async with first.lock, second.lock:
                await carry()
                one.boxes, other.boxes = b, a
        """),
    wrong("exchange", "a lost assignment", """
        async def exchange(one, other, carry):
            if one is other:
                return
            first, second = sorted((one, other), key=lambda store: store.name)
            async with first.lock, second.lock:
                await carry()
                one.boxes = other.boxes
                other.boxes = one.boxes
        """),
    wrong("exchange", "carries before the locks", """
        async def exchange(one, other, carry):
            if one is other:
                return
            await carry()
            first, second = sorted((one, other), key=lambda store: store.name)
            async with first.lock, second.lock:
                one.boxes, other.boxes = other.boxes, one.boxes
        """),
    hostile("buy", "a purse that is no number any more", """
        async def buy(purse, price, pay):
            class Odd:
                def __repr__(self):
                    return "o" * 5_000_000
                def __lt__(self, other):
                    raise SystemExit
                __add__ = __sub__ = __ge__ = __le__ = __lt__
            purse["cents"] = Odd()
            return Odd()
        """),
    hostile("ask_once", "the lock is never given back", """
        async def ask_once(known, locks, shop, item):
            await locks[item].acquire()
            await locks[item].acquire()
        """),
    hostile("exchange", "os.kill", """
        async def exchange(one, other, carry):
            import os, signal
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        """),
    wrong("exchange", "carry is not awaited", """
        async def exchange(one, other, carry):
            if one is not other:
                first, second = sorted([one, other], key=lambda store: store.name)
                async with first.lock, second.lock:
                    carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
        """, "carry() was called", never=("watched",)),
    wrong("exchange", "the locks in the order of the arguments", """
        async def exchange(one, other, carry):
            if one is not other:
                async with one.lock, other.lock:
                    await carry()
                    one.boxes, other.boxes = other.boxes, one.boxes
        """, "waits for a lock (line", never=("waits for a gather",)),
]
