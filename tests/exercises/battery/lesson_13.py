"""Answers to the exercises of lesson 13."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    # -- a lock that nobody gives back
    right("ask_in_turn", "try and finally", """
        async def ask_in_turn(shop, item, lock):
            await lock.acquire()
            try:
                price = await shop.price(item)
            finally:
                lock.release()
            return price
        """),
    right("ask_in_turn", "except BaseException that raises again", """
        async def ask_in_turn(shop, item, lock):
            await lock.acquire()
            try:
                price = await shop.price(item)
            except BaseException:
                lock.release()
                raise
            lock.release()
            return price
        """),
    right("ask_in_turn", "an exit stack", """
        from contextlib import AsyncExitStack

        async def ask_in_turn(shop, item, lock):
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(lock)
                return await shop.price(item)
        """),
    right("ask_in_turn", "a callback of a stack", """
        from contextlib import ExitStack

        async def ask_in_turn(shop, item, lock):
            await lock.acquire()
            with ExitStack() as stack:
                stack.callback(lock.release)
                return await shop.price(item)
        """),
    right("ask_in_turn", "acquire and release by their own names", """
        async def ask_in_turn(shop, item, lock):
            await lock.__aenter__()
            try:
                return await shop.price(item)
            finally:
                await lock.__aexit__(None, None, None)
        """),
    wrong("ask_in_turn", "retries until it works", """
        async def ask_in_turn(shop, item, lock):
            async with lock:
                for _ in range(3):
                    try:
                        return await shop.price(item)
                    except Exception:
                        pass
        """),
    wrong("ask_in_turn", "an error of its own", """
        async def ask_in_turn(shop, item, lock):
            async with lock:
                try:
                    return await shop.price(item)
                except Exception as error:
                    raise RuntimeError("no price") from error
        """),
    wrong("ask_in_turn", "never takes the lock away from a dead task, but asks anyway", """
        async def ask_in_turn(shop, item, lock):
            try:
                async with asyncio.timeout(0.3):
                    await lock.acquire()
            except TimeoutError:
                pass
            price = await shop.price(item)
            lock.release()
            return price
        """),
    wrong("ask_in_turn", "a task that releases later", """
        async def ask_in_turn(shop, item, lock):
            await lock.acquire()
            async def later():
                await asyncio.sleep(0.2)
                lock.release()
            asyncio.create_task(later())
            return await shop.price(item)
        """),
    wrong("ask_in_turn", "polls", """
        async def ask_in_turn(shop, item, lock):
            while lock.locked():
                await asyncio.sleep(0.01)
            price = await shop.price(item)
            return price
        """),
    wrong("ask_in_turn", "async with after acquire", """
        async def ask_in_turn(shop, item, lock):
            await lock.acquire()
            async with lock:
                return await shop.price(item)
        """, "deadlock|lock"),
    wrong("ask_in_turn", "returns the coroutine", """
        async def ask_in_turn(shop, item, lock):
            async with lock:
                return shop.price(item)
        """, "await"),
    hostile("ask_in_turn", "replaces the lock's method", """
        async def ask_in_turn(shop, item, lock):
            async def acquire():
                return True
            asyncio.Lock.acquire = lambda self: acquire()
            return await shop.price(item)
        """),
    # -- a task that does not end
    right("watch_price", "CancelledError is raised again", """
        async def watch_price(shop, item, prices):
            while True:
                try:
                    price = await shop.price(item)
                except asyncio.CancelledError:
                    raise
                except ConnectionError:
                    price = None
                prices.append(price)
                await asyncio.sleep(1)
        """),
    right("watch_price", "suppress with a default", """
        import contextlib

        async def watch_price(shop, item, prices):
            while True:
                price = None
                with contextlib.suppress(ConnectionError):
                    price = await shop.price(item)
                prices.append(price)
                await asyncio.sleep(1)
        """),
    right("watch_price", "a request in a function of its own", """
        async def watch_price(shop, item, prices):
            async def one():
                try:
                    return await shop.price(item)
                except ConnectionError:
                    return None
            while True:
                prices.append(await one())
                await asyncio.sleep(1)
        """),
    right("watch_price", "gather with return_exceptions", """
        async def watch_price(shop, item, prices):
            while True:
                [result] = await asyncio.gather(shop.price(item), return_exceptions=True)
                if isinstance(result, ConnectionError):
                    result = None
                elif isinstance(result, BaseException):
                    raise result
                prices.append(result)
                await asyncio.sleep(1)
        """),
    wrong("watch_price", "return in a finally", """
        async def watch_price(shop, item, prices):
            try:
                while True:
                    try:
                        prices.append(await shop.price(item))
                    except ConnectionError:
                        prices.append(None)
                    await asyncio.sleep(1)
            finally:
                return
        """),
    wrong("watch_price", "cancellation of the sleep is swallowed", """
        async def watch_price(shop, item, prices):
            while True:
                try:
                    prices.append(await shop.price(item))
                except ConnectionError:
                    prices.append(None)
                try:
                    await asyncio.sleep(1)
                except asyncio.CancelledError:
                    pass
        """),
    wrong("watch_price", "shield", """
        async def watch_price(shop, item, prices):
            while True:
                try:
                    prices.append(await asyncio.shield(shop.price(item)))
                except BaseException:
                    prices.append(None)
                await asyncio.sleep(1)
        """),
    wrong("watch_price", "no pause after a failure", """
        async def watch_price(shop, item, prices):
            while True:
                try:
                    prices.append(await shop.price(item))
                except ConnectionError:
                    prices.append(None)
                    continue
                await asyncio.sleep(1)
        """),
    wrong("watch_price", "OSError is too wide, KeyError too narrow", """
        async def watch_price(shop, item, prices):
            while True:
                try:
                    prices.append(await shop.price(item))
                except (KeyError, ValueError, ConnectionError):
                    prices.append(None)
                await asyncio.sleep(1)
        """, "connectionerror"),
    wrong("watch_price", "blocks in the pause", """
        import time

        async def watch_price(shop, item, prices):
            while True:
                try:
                    prices.append(await shop.price(item))
                except ConnectionError:
                    prices.append(None)
                time.sleep(1)
        """, "block"),
    hostile("watch_price", "never gives way", """
        async def watch_price(shop, item, prices):
            while True:
                pass
        """),
    # -- a condition that is always true
    right("cheapest_open", "all at once", """
        async def cheapest_open(shops, item):
            opened = await asyncio.gather(*[shop.is_open() for shop in shops])
            return min(await asyncio.gather(*[shop.price(item) for shop, is_open in zip(shops, opened) if is_open]))
        """),
    right("cheapest_open", "a comprehension", """
        async def cheapest_open(shops, item):
            return min([await shop.price(item) for shop in shops if await shop.is_open()])
        """),
    right("cheapest_open", "a function for each shop", """
        async def cheapest_open(shops, item):
            async def ask(shop):
                return await shop.price(item) if await shop.is_open() else None
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(ask(shop)) for shop in shops]
            return min(price for task in tasks if (price := task.result()) is not None)
        """),
    right("cheapest_open", "a task, awaited", """
        async def cheapest_open(shops, item):
            prices = []
            for shop in shops:
                opened = asyncio.create_task(shop.is_open())
                if not await opened:
                    continue
                prices.append(await shop.price(item))
            return min(prices)
        """),
    wrong("cheapest_open", "filter with the method", """
        async def cheapest_open(shops, item):
            return min([await shop.price(item) for shop in filter(lambda shop: shop.is_open(), shops)])
        """, "is_open"),
    wrong("cheapest_open", "gather, and the results are not looked at", """
        async def cheapest_open(shops, item):
            await asyncio.gather(*[shop.is_open() for shop in shops])
            return min([await shop.price(item) for shop in shops])
        """),
    wrong("cheapest_open", "closes the coroutine", """
        async def cheapest_open(shops, item):
            prices = []
            for shop in shops:
                opened = shop.is_open()
                if opened:
                    prices.append(await shop.price(item))
                opened.close()
            return min(prices)
        """),
    wrong("cheapest_open", "the first open one", """
        async def cheapest_open(shops, item):
            for shop in shops:
                if await shop.is_open():
                    return await shop.price(item)
        """),
    wrong("cheapest_open", "warnings are off", """
        import warnings

        async def cheapest_open(shops, item):
            warnings.simplefilter("ignore")
            prices = []
            for shop in shops:
                if shop.is_open():
                    prices.append(await shop.price(item))
            return min(prices)
        """),
    # -- errors that nobody hears of
    right("write_all", "tasks, wait, and a finally", """
        async def write_all(prices, board):
            tasks = [asyncio.create_task(board.write(name, cents)) for name, cents in prices.items()]
            if not tasks:
                return
            try:
                await asyncio.wait(tasks)
            finally:
                for task in tasks:
                    if not task.done():
                        task.cancel()
            errors = [task.exception() for task in tasks]
            for error in errors:
                if error:
                    raise error
        """),
    right("write_all", "a group of functions that keep errors", """
        async def write_all(prices, board):
            errors = {}
            async def write(name, cents):
                try:
                    await board.write(name, cents)
                except Exception as error:
                    errors[name] = error
            async with asyncio.TaskGroup() as group:
                for name, cents in prices.items():
                    group.create_task(write(name, cents))
            for name in prices:
                if name in errors:
                    raise errors[name]
        """),
    right("write_all", "gather, next", """
        async def write_all(prices, board):
            results = await asyncio.gather(*(board.write(*price) for price in prices.items()), return_exceptions=True)
            error = next((result for result in results if isinstance(result, Exception)), None)
            if error is not None:
                raise error
        """),
    wrong("write_all", "raises a group", """
        async def write_all(prices, board):
            results = await asyncio.gather(*(board.write(*price) for price in prices.items()), return_exceptions=True)
            errors = [result for result in results if isinstance(result, Exception)]
            if errors:
                raise ExceptionGroup("writes failed", errors)
        """),
    wrong("write_all", "a set of references and a callback", """
        background = set()

        async def write_all(prices, board):
            for name, cents in prices.items():
                task = asyncio.create_task(board.write(name, cents))
                background.add(task)
                task.add_done_callback(background.discard)
        """, "await"),
    wrong("write_all", "awaits each task in its loop", """
        async def write_all(prices, board):
            for name, cents in prices.items():
                await asyncio.create_task(board.write(name, cents))
        """),
    wrong("write_all", "tasks awaited one after another", """
        async def write_all(prices, board):
            tasks = [asyncio.create_task(board.write(name, cents)) for name, cents in prices.items()]
            for task in tasks:
                await task
        """),
    wrong("write_all", "returns the results", """
        async def write_all(prices, board):
            return await asyncio.gather(*(board.write(*price) for price in prices.items()), return_exceptions=True)
        """),
    wrong("write_all", "shield", """
        async def write_all(prices, board):
            results = await asyncio.shield(
                asyncio.gather(*(board.write(*price) for price in prices.items()), return_exceptions=True))
            for result in results:
                if isinstance(result, Exception):
                    raise result
        """),
    wrong("write_all", "not awaited", """
        async def write_all(prices, board):
            asyncio.gather(*(board.write(*price) for price in prices.items()), return_exceptions=True)
        """, "await"),
    # -- a freeze in spite of a thread
    right("record_price", "one call for both", """
        async def record_price(shop, item, board):
            await asyncio.to_thread(lambda: board.write(shop.name, shop.price_blocking(item)))
        """),
    right("record_price", "run_in_executor", """
        async def record_price(shop, item, board):
            loop = asyncio.get_running_loop()
            cents = await loop.run_in_executor(None, shop.price_blocking, item)
            await loop.run_in_executor(None, board.write, shop.name, cents)
        """),
    right("record_price", "a function of its own", """
        async def record_price(shop, item, board):
            def both():
                cents = shop.price_blocking(item)
                board.write(shop.name, cents)
            await asyncio.to_thread(both)
        """),
    right("record_price", "an argument that is awaited", """
        async def record_price(shop, item, board):
            await asyncio.to_thread(board.write, shop.name, await asyncio.to_thread(shop.price_blocking, item))
        """),
    wrong("record_price", "a lambda that is called", """
        async def record_price(shop, item, board):
            cents = (lambda: shop.price_blocking(item))()
            await asyncio.to_thread(board.write, shop.name, cents)
        """, "block"),
    wrong("record_price", "gather of values", """
        async def record_price(shop, item, board):
            cents, = await asyncio.gather(asyncio.to_thread(shop.price_blocking(item)))
            await asyncio.to_thread(board.write, shop.name, cents)
        """, "block"),
    wrong("record_price", "write does not wait for the price", """
        async def record_price(shop, item, board):
            cents = asyncio.to_thread(shop.price_blocking, item)
            await asyncio.to_thread(board.write, shop.name, cents)
        """, "await"),
    wrong("record_price", "an async def around it", """
        async def record_price(shop, item, board):
            async def ask():
                return shop.price_blocking(item)
            await asyncio.to_thread(board.write, shop.name, await ask())
        """, "block"),
    wrong("record_price", "writes nothing", """
        async def record_price(shop, item, board):
            await asyncio.to_thread(shop.price_blocking, item)
        """),
    wrong("record_price", "asks twice", """
        async def record_price(shop, item, board):
            await asyncio.to_thread(shop.price_blocking, item)
            await asyncio.to_thread(lambda: board.write(shop.name, shop.price_blocking(item)))
        """),
    hostile("record_price", "prints for ever", """
        async def record_price(shop, item, board):
            while True:
                print("tea")
        """),
]
