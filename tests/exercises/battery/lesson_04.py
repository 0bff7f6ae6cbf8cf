"""Answers to the exercises of lesson 04."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("cheapest", "as_completed, and the best so far", """
        async def cheapest(shops, item):
            async def quote(shop):
                return shop.name, await shop.price(item)

            best = None
            for each in asyncio.as_completed(map(quote, shops)):
                offer = await each
                if best is None or offer[1] < best[1]:
                    best = offer
            return best
        """),
    right("cheapest", "a queue", """
        async def cheapest(shops, item):
            queue = asyncio.PriorityQueue()

            async def ask(shop):
                await queue.put((await shop.price(item), shop.name))

            async with asyncio.TaskGroup() as group:
                for shop in shops:
                    group.create_task(ask(shop))
            price, name = queue.get_nowait()
            return name, price
        """),
    wrong("cheapest", "price and name", """
        async def cheapest(shops, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            return min(zip(prices, [shop.name for shop in shops]))
        """, "comes first"),
    wrong("cheapest", "the shop itself", """
        async def cheapest(shops, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            price, shop = min(zip(prices, shops), key=lambda pair: pair[0])
            return shop, price
        """),
    wrong("cheapest", "the first to answer", """
        async def cheapest(shops, item):
            tasks = {asyncio.create_task(shop.price(item)): shop for shop in shops}
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(*pending)
            first = done.pop()
            return tasks[first].name, first.result()
        """),
    wrong("cheapest", "forgotten return", """
        async def cheapest(shops, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            names = [shop.name for shop in shops]
            min(zip(names, prices), key=lambda pair: pair[1])
        """, "return"),
    wrong("cheapest", "names sorted, not prices", """
        async def cheapest(shops, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            return min(zip([shop.name for shop in shops], prices))
        """),
    wrong("cheapest", "a misspelt item", """
        async def cheapest(shops, item):
            prices = await asyncio.gather(*[shop.price("coffe") for shop in shops])
            return min(zip([shop.name for shop in shops], prices), key=lambda pair: pair[1])
        """, "ask each shop for `item`"),
    wrong("cheapest", "the dearest one", """
        async def cheapest(shops, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            return max(zip([shop.name for shop in shops], prices), key=lambda pair: pair[1])
        """, "lowest of the prices", never=("ask each shop",)),
    wrong("cheapest", "a missing star", """
        async def cheapest(shops, item):
            prices = await asyncio.gather(shop.price(item) for shop in shops)
            return min(zip(shops, prices))
        """, "*|star", never=("leave this await out",)),
    right("open_and_closed", "match over the answers", """
        async def open_and_closed(shops, item):
            answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
            prices, closed = {}, []
            for shop, answer in zip(shops, answers):
                match answer:
                    case int():
                        prices[shop.name] = answer
                    case ConnectionError():
                        closed.append(shop.name)
                    case _:
                        raise answer
            return prices, closed
        """),
    right("open_and_closed", "tasks asked for their exceptions", """
        async def open_and_closed(shops, item):
            tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
            await asyncio.wait(tasks)
            is_closed = [isinstance(task.exception(), ConnectionError) for task in tasks]
            prices = {shop.name: task.result() for shop, task, no in zip(shops, tasks, is_closed) if not no}
            return prices, [shop.name for shop, no in zip(shops, is_closed) if no]
        """),
    wrong("open_and_closed", "a tuple of names", """
        async def open_and_closed(shops, item):
            async def ask(shop):
                try:
                    return await shop.price(item)
                except ConnectionError:
                    return None

            prices = await asyncio.gather(*[ask(shop) for shop in shops])
            came = {shop.name: price for shop, price in zip(shops, prices) if price is not None}
            return came, tuple(shop.name for shop, price in zip(shops, prices) if price is None)
        """, "in a list"),
    wrong("open_and_closed", "any exception counts as closed", """
        async def open_and_closed(shops, item):
            answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
            prices = {s.name: a for s, a in zip(shops, answers) if not isinstance(a, Exception)}
            return prices, [s.name for s, a in zip(shops, answers) if isinstance(a, Exception)]
        """),
    wrong("open_and_closed", "always tea", """
        async def open_and_closed(shops, item):
            answers = await asyncio.gather(*[shop.price("tea") for shop in shops], return_exceptions=True)
            for answer in answers:
                if isinstance(answer, BaseException) and not isinstance(answer, ConnectionError):
                    raise answer
            prices = {s.name: a for s, a in zip(shops, answers) if not isinstance(a, ConnectionError)}
            return prices, [s.name for s in shops if s.name not in prices]
        """, "ask each shop for `item`"),
    wrong("open_and_closed", "prices beside the wrong shops", """
        async def open_and_closed(shops, item):
            async def ask(shop):
                try:
                    return await shop.price(item)
                except ConnectionError:
                    return None

            prices = [await each for each in asyncio.as_completed([ask(shop) for shop in shops])]
            came = {shop.name: price for shop, price in zip(shops, prices) if price is not None}
            return came, [shop.name for shop, price in zip(shops, prices) if price is None]
        """, never=("ask each shop",)),
    wrong("open_and_closed", "OSError", """
        async def open_and_closed(shops, item):
            prices, closed = {}, []
            answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
            for shop, answer in zip(shops, answers):
                if isinstance(answer, OSError):
                    closed.append(shop.name)
                elif isinstance(answer, BaseException):
                    raise answer
                else:
                    prices[shop.name] = answer
            return prices, closed
        """),
    wrong("open_and_closed", "ShopError only", """
        async def open_and_closed(shops, item):
            prices, closed = {}, []
            answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
            for shop, answer in zip(shops, answers):
                if isinstance(answer, ShopError):
                    closed.append(shop.name)
                elif isinstance(answer, BaseException):
                    raise answer
                else:
                    prices[shop.name] = answer
            return prices, closed
        """),
    wrong("open_and_closed", "closed as they answered", """
        async def open_and_closed(shops, item):
            prices, closed, odd = {}, [], []

            async def ask(shop):
                try:
                    prices[shop.name] = await shop.price(item)
                except ConnectionError:
                    closed.append(shop.name)
                except Exception as error:
                    odd.append(error)

            await asyncio.gather(*map(ask, shops))
            if odd:
                raise odd[0]
            return prices, closed
        """, "order"),
    wrong("open_and_closed", "the other exception is left in the dictionary", """
        async def open_and_closed(shops, item):
            answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
            closed = [s.name for s, a in zip(shops, answers) if isinstance(a, ConnectionError)]
            return {s.name: a for s, a in zip(shops, answers) if s.name not in closed}, closed
        """),
    right("first_below", "wait in rounds", """
        async def first_below(shops, item, limit):
            names = {asyncio.create_task(shop.price(item)): shop.name for shop in shops}
            pending = set(names)
            try:
                while pending:
                    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        if isinstance(task.exception(), ConnectionError):
                            continue
                        if (price := task.result()) <= limit:
                            return names[task], price
                return None
            finally:
                for task in names:
                    task.cancel()
                await asyncio.gather(*names, return_exceptions=True)
        """),
    right("first_below", "a future that the first one sets", """
        async def first_below(shops, item, limit):
            offer = asyncio.get_running_loop().create_future()
            left = len(shops)

            async def ask(shop):
                nonlocal left
                price = None
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    pass
                except Exception as error:
                    if not offer.done():
                        offer.set_exception(error)
                left -= 1
                if offer.done():
                    return
                if price is not None and price <= limit:
                    offer.set_result((shop.name, price))
                elif left == 0:
                    offer.set_result(None)

            tasks = [asyncio.create_task(ask(shop)) for shop in shops]
            if not shops:
                return None
            try:
                return await offer
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
        """),
    right("first_below", "a TaskGroup that is left by an exception of its own", """
        class Found(Exception):
            pass

        async def first_below(shops, item, limit):
            async def ask(shop):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    return
                if price <= limit:
                    raise Found(shop.name, price)

            try:
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask(shop))
            except* Found as found:
                offer = found.exceptions[0].args
            else:
                offer = None
            return offer
        """),
    wrong("first_below", "below, not at most", """
        async def first_below(shops, item, limit):
            async def ask(shop):
                try:
                    return shop.name, await shop.price(item)
                except ConnectionError:
                    return shop.name, limit + 1

            tasks = [asyncio.create_task(ask(shop)) for shop in shops]
            try:
                for each in asyncio.as_completed(tasks):
                    name, price = await each
                    if price < limit:
                        return name, price
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        """),
    wrong("first_below", "the others go on", """
        async def first_below(shops, item, limit):
            async def ask(shop):
                try:
                    return shop.name, await shop.price(item)
                except ConnectionError:
                    return shop.name, limit + 1

            for each in asyncio.as_completed([ask(shop) for shop in shops]):
                name, price = await each
                if price <= limit:
                    return name, price
        """),
    wrong("first_below", "cancelled, but not waited for", """
        async def first_below(shops, item, limit):
            async def ask(shop):
                try:
                    return shop.name, await shop.price(item)
                except ConnectionError:
                    return shop.name, limit + 1

            tasks = [asyncio.create_task(ask(shop)) for shop in shops]
            try:
                for each in asyncio.as_completed(tasks):
                    name, price = await each
                    if price <= limit:
                        return name, price
            finally:
                for task in tasks:
                    task.cancel()
        """, "wait for the tasks"),
    wrong("first_below", "all, then the first", """
        async def first_below(shops, item, limit):
            answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
            for shop, answer in zip(shops, answers):
                if isinstance(answer, ConnectionError):
                    continue
                if answer <= limit:
                    return shop.name, answer
        """),
    wrong("first_below", "a closed shop ends it", """
        async def first_below(shops, item, limit):
            names = {asyncio.create_task(shop.price(item)): shop.name for shop in shops}
            try:
                for each in asyncio.as_completed(names):
                    price = await each
                    if price <= limit:
                        return next(names[task] for task in names if task.done() and task.result() == price), price
            finally:
                for task in names:
                    task.cancel()
                await asyncio.gather(*names, return_exceptions=True)
        """, "connectionerror|shoperror"),
    wrong("first_below", "any exception does not count", """
        async def first_below(shops, item, limit):
            names = {asyncio.create_task(shop.price(item)): shop.name for shop in shops}
            pending = set(names)
            try:
                while pending:
                    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        if task.exception() is None and task.result() <= limit:
                            return names[task], task.result()
            finally:
                for task in names:
                    task.cancel()
                await asyncio.gather(*names, return_exceptions=True)
        """),
    hostile("cheapest", "a string subclass that raises", """
        async def cheapest(shops, item):
            class Name(str):
                def __eq__(self, other):
                    raise KeyboardInterrupt
                __hash__ = str.__hash__
            return Name("south"), 290
        """),
    hostile("open_and_closed", "a list that holds itself, a million long", """
        async def open_and_closed(shops, item):
            closed = []
            closed += [closed] * 1_000_000
            return {}, closed
        """),
    hostile("first_below", "a task that cannot be cancelled", """
        async def first_below(shops, item, limit):
            async def stubborn():
                while True:
                    try:
                        await asyncio.sleep(1)
                    except asyncio.CancelledError:
                        pass
            await stubborn()
        """),
    wrong("open_and_closed", "0 stands for closed", """
        async def open_and_closed(shops, item):
            async def one(shop):
                try:
                    return await shop.price(item)
                except ConnectionError:
                    return 0
            prices, closed = {}, []
            for shop, price in zip(shops, await asyncio.gather(*map(one, shops))):
                if price:
                    prices[shop.name] = price
                else:
                    closed.append(shop.name)
            return prices, closed
        """, "0 is a price"),
    right("open_and_closed", "except* around one request", """
        async def open_and_closed(shops, item):
            prices, refused = {}, set()

            async def one(shop):
                try:
                    prices[shop.name] = await shop.price(item)
                except* ConnectionError:
                    refused.add(shop.name)

            await asyncio.gather(*map(one, shops))
            return prices, [shop.name for shop in shops if shop.name in refused]
        """),
    right("cheapest", "prices of another type", """
        async def cheapest(shops, item):
            from decimal import Decimal
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            price, name = min((Decimal(price), shop.name) for price, shop in zip(prices, shops))
            return name, price
        """),
]
