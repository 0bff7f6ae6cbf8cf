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
    right("keep_asking", "wait_for around a recursion", """
        async def keep_asking(shop, item, seconds):
            async def again():
                try:
                    return await shop.price(item)
                except ConnectionError:
                    return await again()

            return await asyncio.wait_for(again(), seconds)
        """),
    right("keep_asking", "timeout_at and suppress", """
        async def keep_asking(shop, item, seconds):
            from contextlib import suppress
            loop = asyncio.get_running_loop()
            async with asyncio.timeout_at(loop.time() + seconds):
                while True:
                    with suppress(ConnectionError):
                        return await shop.price(item)
        """),
    right("keep_asking", "what is left of the time, for each request", """
        async def keep_asking(shop, item, seconds):
            now = asyncio.get_running_loop().time
            deadline = now() + seconds
            while True:
                try:
                    return await asyncio.wait_for(shop.price(item), deadline - now())
                except ConnectionError:
                    continue
        """),
    wrong("keep_asking", "seconds for each request", """
        async def keep_asking(shop, item, seconds):
            while True:
                try:
                    async with asyncio.timeout(seconds):
                        return await shop.price(item)
                except ConnectionError:
                    pass
        """),
    wrong("keep_asking", "with asyncio.timeout", """
        async def keep_asking(shop, item, seconds):
            with asyncio.timeout(seconds):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        pass
        """, "async with", never=("catch the connectionerror",)),
    wrong("keep_asking", "looks at the clock between requests", """
        async def keep_asking(shop, item, seconds):
            loop = asyncio.get_running_loop()
            end = loop.time() + seconds
            while loop.time() < end:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    pass
            raise TimeoutError
        """),
    wrong("keep_asking", "three times", """
        async def keep_asking(shop, item, seconds):
            async with asyncio.timeout(seconds):
                for attempt in range(3):
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        if attempt == 2:
                            raise
        """),
    wrong("keep_asking", "a bare except", """
        async def keep_asking(shop, item, seconds):
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await shop.price(item)
                    except:
                        pass
        """),
    wrong("keep_asking", "every Exception", """
        async def keep_asking(shop, item, seconds):
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await shop.price(item)
                    except Exception:
                        pass
        """),
    wrong("keep_asking", "OSError", """
        async def keep_asking(shop, item, seconds):
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await shop.price(item)
                    except OSError:
                        pass
        """),
    wrong("keep_asking", "None instead of TimeoutError", """
        async def keep_asking(shop, item, seconds):
            try:
                async with asyncio.timeout(seconds):
                    while True:
                        try:
                            return await shop.price(item)
                        except ConnectionError:
                            pass
            except TimeoutError:
                return None
        """, "timeouterror"),
    wrong("keep_asking", "a cancellation becomes a TimeoutError", """
        async def keep_asking(shop, item, seconds):
            task = asyncio.current_task()
            timer = asyncio.get_running_loop().call_later(seconds, task.cancel)
            try:
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        pass
            except asyncio.CancelledError:
                raise TimeoutError
            finally:
                timer.cancel()
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
        async def keep_asking(shop, item, seconds):
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
    wrong("keep_asking", "a pause between two attempts", """
        async def keep_asking(shop, item, seconds):
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        await asyncio.sleep(1)
        """, "ask again at once", never=("catch it around",)),
    right("keep_asking", "each attempt with what is left of the time", """
        async def keep_asking(shop, item, seconds):
            end = asyncio.get_running_loop().time() + seconds
            while True:
                async with asyncio.timeout_at(end):
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        pass
        """),
]
