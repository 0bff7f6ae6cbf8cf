"""Answers to the exercises of lesson 06."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("ask", "an AsyncExitStack", """
        async def ask(shop, item, hang_up):
            from contextlib import AsyncExitStack
            async with AsyncExitStack() as stack:
                stack.push_async_callback(hang_up)
                return await shop.price(item)
        """),
    right("ask", "an async context manager of its own", """
        async def ask(shop, item, hang_up):
            class Line:
                async def __aenter__(self):
                    return shop

                async def __aexit__(self, *error):
                    await hang_up()

            async with Line() as line:
                price = await line.price(item)
            return price
        """),
    right("ask", "a decorator", """
        def then(clean_up):
            def decorate(function):
                async def wrapped(*args):
                    try:
                        result = await function(*args)
                    except BaseException:
                        await clean_up()
                        raise
                    await clean_up()
                    return result
                return wrapped
            return decorate

        async def ask(shop, item, hang_up):
            @then(hang_up)
            async def price():
                return await shop.price(item)
            return await price()
        """),
    wrong("ask", "hang_up without await", """
        async def ask(shop, item, hang_up):
            try:
                return await shop.price(item)
            finally:
                hang_up()
        """, "await"),
    wrong("ask", "except Exception", """
        async def ask(shop, item, hang_up):
            try:
                price = await shop.price(item)
            except Exception:
                await hang_up()
                raise
            await hang_up()
            return price
        """),
    wrong("ask", "return in finally", """
        async def ask(shop, item, hang_up):
            price = None
            try:
                price = await shop.price(item)
            finally:
                await hang_up()
                return price
        """),
    wrong("ask", "swallows the cancellation", """
        async def ask(shop, item, hang_up):
            try:
                return await shop.price(item)
            except asyncio.CancelledError:
                print("cancelled")
            finally:
                await hang_up()
        """, "cancel"),
    wrong("ask", "hangs up as a task", """
        async def ask(shop, item, hang_up):
            try:
                return await shop.price(item)
            finally:
                asyncio.create_task(hang_up())
        """, "task|await"),
    wrong("ask", "hangs up first", """
        async def ask(shop, item, hang_up):
            await hang_up()
            return await shop.price(item)
        """),
    wrong("ask", "only after an error", """
        async def ask(shop, item, hang_up):
            try:
                return await shop.price(item)
            except BaseException:
                await hang_up()
                raise
        """),
    right("keep_asking", "a recursion", """
        async def keep_asking(shop, item, pause):
            try:
                return await shop.price(item)
            except ConnectionError:
                pass
            await asyncio.sleep(pause)
            return await keep_asking(shop, item, 2 * pause)
        """),
    right("keep_asking", "suppress, and a pause behind it", """
        async def keep_asking(shop, item, pause):
            from contextlib import suppress
            while True:
                with suppress(ConnectionError):
                    return await shop.price(item)
                await asyncio.sleep(pause)
                pause += pause
        """),
    right("keep_asking", "powers of two", """
        async def keep_asking(shop, item, pause):
            import itertools
            for attempt in itertools.count():
                try:
                    price = await shop.price(item)
                except ConnectionError as error:
                    await asyncio.sleep(pause * 2 ** attempt)
                else:
                    return price
        """),
    right("keep_asking", "raises a CancelledError again", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except asyncio.CancelledError:
                    raise
                except ConnectionError:
                    await asyncio.sleep(pause)
                    pause = pause * 2
        """),
    wrong("keep_asking", "no pause", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    continue
        """, "sleep", never=("catch the connectionerror",)),
    wrong("keep_asking", "sleep of 0 for a pause", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    await asyncio.sleep(0)
        """, "pause"),
    wrong("keep_asking", "the same pause each time", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    await asyncio.sleep(pause)
        """, "twice as long"),
    wrong("keep_asking", "a pause before the first attempt", """
        async def keep_asking(shop, item, pause):
            while True:
                await asyncio.sleep(pause)
                try:
                    return await shop.price(item)
                except ConnectionError:
                    pause *= 2
        """),
    wrong("keep_asking", "with asyncio.timeout", """
        async def keep_asking(shop, item, pause):
            with asyncio.timeout(60):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        await asyncio.sleep(pause)
                        pause *= 2
        """, "async with", never=("catch the connectionerror",)),
    wrong("keep_asking", "three times", """
        async def keep_asking(shop, item, pause):
            for attempt in range(3):
                try:
                    return await shop.price(item)
                except ConnectionError:
                    if attempt == 2:
                        raise
                    await asyncio.sleep(pause)
                    pause *= 2
        """),
    wrong("keep_asking", "a bare except", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except:
                    await asyncio.sleep(pause)
                    pause *= 2
        """, "cancellederror"),
    wrong("keep_asking", "a bare except without a pause", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except:
                    pass
        """),
    wrong("keep_asking", "every Exception", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except Exception:
                    await asyncio.sleep(pause)
                    pause *= 2
        """, "only connectionerror"),
    wrong("keep_asking", "OSError", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except OSError:
                    await asyncio.sleep(pause)
                    pause *= 2
        """, "only connectionerror"),
    wrong("keep_asking", "swallows in the pause", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    try:
                        await asyncio.sleep(pause)
                    except asyncio.CancelledError:
                        pass
                    pause *= 2
        """, "cancellederror"),
    wrong("keep_asking", "a request that is shielded", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    return await asyncio.shield(shop.price(item))
                except ConnectionError:
                    await asyncio.sleep(pause)
                    pause *= 2
        """),
    right("prices_in_time", "wait, then cancel", """
        async def prices_in_time(shops, item, seconds):
            tasks = {asyncio.create_task(shop.price(item)): shop for shop in shops}
            if not tasks:
                return {}
            try:
                done, _ = await asyncio.wait(tasks, timeout=seconds)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            return {tasks[task].name: task.result() for task in tasks
                    if task in done and not isinstance(task.exception(), ConnectionError)}
        """),
    right("prices_in_time", "a TaskGroup inside a timeout fills a dictionary", """
        async def prices_in_time(shops, item, seconds):
            prices = {}

            async def ask(shop):
                try:
                    prices[shop.name] = await shop.price(item)
                except ConnectionError:
                    pass

            try:
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask(shop))
            except TimeoutError:
                pass
            return prices
        """),
    wrong("prices_in_time", "all or nothing", """
        async def prices_in_time(shops, item, seconds):
            try:
                async with asyncio.timeout(seconds):
                    answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
            except TimeoutError:
                return {}
            return {s.name: a for s, a in zip(shops, answers) if not isinstance(a, ConnectionError)}
        """),
    wrong("prices_in_time", "the late ones go on", """
        async def prices_in_time(shops, item, seconds):
            tasks = {asyncio.create_task(shop.price(item)): shop for shop in shops}
            done, _ = await asyncio.wait(tasks, timeout=seconds)
            return {tasks[task].name: task.result() for task in tasks
                    if task in done and not isinstance(task.exception(), ConnectionError)}
        """),
    wrong("prices_in_time", "sleeps all the time", """
        async def prices_in_time(shops, item, seconds):
            tasks = {asyncio.create_task(shop.price(item)): shop for shop in shops}
            try:
                await asyncio.sleep(seconds)
                return {tasks[task].name: task.result() for task in tasks
                        if task.done() and not isinstance(task.exception(), ConnectionError)}
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        """),
    wrong("prices_in_time", "nothing is stopped by a cancellation", """
        async def prices_in_time(shops, item, seconds):
            tasks = {asyncio.create_task(shop.price(item)): shop for shop in shops}
            done, pending = await asyncio.wait(tasks, timeout=seconds)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            return {tasks[task].name: task.result() for task in tasks
                    if task in done and not isinstance(task.exception(), ConnectionError)}
        """, "cancel"),
    wrong("prices_in_time", "a TimeoutError comes out", """
        async def prices_in_time(shops, item, seconds):
            prices = {}

            async def ask(shop):
                try:
                    prices[shop.name] = await shop.price(item)
                except ConnectionError:
                    pass

            async with asyncio.timeout(seconds):
                await asyncio.gather(*map(ask, shops))
            return prices
        """, "timeouterror"),
    hostile("ask", "sys.exit", """
        async def ask(shop, item, hang_up):
            import sys
            sys.exit("bye")
        """, "systemexit|exit"),
    hostile("keep_asking", "asks for ever, and ignores everything", """
        async def keep_asking(shop, item, pause):
            while True:
                try:
                    await asyncio.sleep(0)
                except BaseException:
                    pass
        """),
    hostile("prices_in_time", "a hundred thousand tasks", """
        async def prices_in_time(shops, item, seconds):
            tasks = [asyncio.create_task(asyncio.sleep(1)) for _ in range(100_000)]
            await asyncio.wait(tasks)
            return {}
        """),
]
