"""Answers to the exercises of lesson 12."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("ask_again", "a while loop over an iterator", """
        async def ask_again(shop, item, waits):
            left = iter(waits)
            while True:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    wait = next(left, None)
                    if wait is None:
                        raise
                await asyncio.sleep(wait)
        """),
    right("ask_again", "counts attempts", """
        async def ask_again(shop, item, waits):
            attempts = len(waits) + 1
            for attempt in range(attempts):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    if attempt == attempts - 1:
                        raise
                    await asyncio.sleep(waits[attempt])
                else:
                    return price
        """),
    right("ask_again", "calls itself", """
        async def ask_again(shop, item, waits):
            try:
                return await shop.price(item)
            except ConnectionError:
                if not waits:
                    raise
            await asyncio.sleep(waits[0])
            return await ask_again(shop, item, waits[1:])
        """),
    right("ask_again", "lets the cancellation go on by hand", """
        async def ask_again(shop, item, waits):
            error = None
            for wait in [*waits, None]:
                try:
                    return await shop.price(item)
                except asyncio.CancelledError:
                    raise
                except ConnectionError as failure:
                    error = failure
                if wait is not None:
                    await asyncio.sleep(wait)
            raise error
        """),
    right("ask_again", "a task for each attempt", """
        async def ask_again(shop, item, waits):
            for number in range(len(waits) + 1):
                async with asyncio.TaskGroup() as group:
                    async def attempt():
                        try:
                            return await shop.price(item)
                        except ConnectionError as error:
                            return error
                        except Exception as error:
                            return ("other", error)
                    task = group.create_task(attempt())
                result = task.result()
                if isinstance(result, tuple):
                    raise result[1]
                if not isinstance(result, ConnectionError):
                    return result
                if number < len(waits):
                    await asyncio.sleep(waits[number])
            raise result
        """),
    wrong("ask_again", "returns instead of raising when cancelled", """
        async def ask_again(shop, item, waits):
            try:
                for wait in waits:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        await asyncio.sleep(wait)
                return await shop.price(item)
            except asyncio.CancelledError:
                return None
        """, "cancel", never=("return none takes",)),
    wrong("ask_again", "swallows the cancellation of the wait", """
        async def ask_again(shop, item, waits):
            for wait in waits:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    try:
                        await asyncio.sleep(wait)
                    except asyncio.CancelledError:
                        pass
            return await shop.price(item)
        """, "cancel"),
    wrong("ask_again", "waits before the first attempt", """
        async def ask_again(shop, item, waits):
            for wait in waits:
                await asyncio.sleep(wait)
                try:
                    return await shop.price(item)
                except ConnectionError as error:
                    last = error
            raise last
        """),
    wrong("ask_again", "waits a random time", """
        import random
        async def ask_again(shop, item, waits):
            for wait in waits:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    await asyncio.sleep(random.uniform(0, wait))
            return await shop.price(item)
        """, "exactly as long as waits says", never=("everything has been done",)),
    wrong("ask_again", "takes the waits out of the list", """
        async def ask_again(shop, item, waits):
            waits.reverse()
            while waits:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    await asyncio.sleep(waits.pop())
            return await shop.price(item)
        """, "change nothing in it"),
    wrong("ask_again", "an error of its own, with the cause", """
        async def ask_again(shop, item, waits):
            for wait in waits:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    await asyncio.sleep(wait)
            try:
                return await shop.price(item)
            except ConnectionError as error:
                raise ConnectionError("all attempts failed") from error
        """, "error of the last attempt itself", never=("any other exception",)),
    right("ask_again", "copies the list, and takes from the copy", """
        async def ask_again(shop, item, waits):
            left = list(waits)
            while True:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    if not left:
                        raise
                await asyncio.sleep(left.pop(0))
        """),
    wrong("ask_again", "a finally that returns", """
        async def ask_again(shop, item, waits):
            price = None
            for wait in [*waits, 0]:
                try:
                    price = await shop.price(item)
                    break
                except ConnectionError:
                    await asyncio.sleep(wait)
            return price
        """),
    hostile("ask_again", "never gives up", """
        async def ask_again(shop, item, waits):
            while True:
                try:
                    return await shop.price(item)
                except BaseException:
                    pass
        """),

    right("ask_within_budget", "the error is kept", """
        async def ask_within_budget(shop, item, budget):
            failed = False
            try:
                price = await shop.price(item)
            except ConnectionError:
                if not budget.tokens >= 1:
                    raise
                failed = True
                budget.tokens = budget.tokens - 1
            if failed:
                return await shop.price(item)
            budget.tokens += 0.1
            if budget.tokens > budget.most:
                budget.tokens = budget.most
            return price
        """),
    right("ask_within_budget", "with else", """
        async def ask_within_budget(shop, item, budget):
            try:
                price = await shop.price(item)
            except ConnectionError as error:
                if budget.tokens < 1.0:
                    raise error
                budget.tokens -= 1
                price = await shop.price(item)
            else:
                budget.tokens = min(budget.tokens + 0.1, budget.most)
            return price
        """),
    right("ask_within_budget", "with a lock around the account, not around the request", """
        lock = asyncio.Lock()

        async def pay(budget):
            async with lock:
                if budget.tokens >= 1:
                    budget.tokens -= 1
                    return True
                return False

        async def ask_within_budget(shop, item, budget):
            try:
                price = await shop.price(item)
            except ConnectionError:
                if not await pay(budget):
                    raise
                return await shop.price(item)
            async with lock:
                budget.tokens = min(budget.most, budget.tokens + 0.1)
            return price
        """),
    wrong("ask_within_budget", "pays in for the second attempt, too", """
        async def ask_within_budget(shop, item, budget):
            try:
                price = await shop.price(item)
            except ConnectionError:
                if budget.tokens < 1:
                    raise
                budget.tokens -= 1
                price = await shop.price(item)
            budget.tokens = min(budget.most, budget.tokens + 0.1)
            return price
        """, "tokens"),
    wrong("ask_within_budget", "a budget of its own", """
        async def ask_within_budget(shop, item, budget):
            tokens = budget.tokens
            try:
                return await shop.price(item)
            except ConnectionError:
                if tokens < 1:
                    raise
                tokens -= 1
                return await shop.price(item)
        """, "tokens"),
    wrong("ask_within_budget", "looks at the tokens before the first attempt", """
        async def ask_within_budget(shop, item, budget):
            can_pay = budget.tokens >= 1
            try:
                price = await shop.price(item)
            except ConnectionError:
                if not can_pay:
                    raise
                budget.tokens -= 1
                return await shop.price(item)
            budget.tokens = min(budget.most, budget.tokens + 0.1)
            return price
        """, "tokens|asked"),
    wrong("ask_within_budget", "a lock around the request", """
        lock = asyncio.Lock()

        async def ask_within_budget(shop, item, budget):
            async with lock:
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    if budget.tokens < 1:
                        raise
                    budget.tokens -= 1
                    return await shop.price(item)
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
        """),
    hostile("ask_within_budget", "replaces the tokens", """
        async def ask_within_budget(shop, item, budget):
            budget.tokens = "many" * 10_000_000
            return await shop.price(item)
        """),

    right("hedge", "two task groups of its own", """
        async def hedge(first, second, item, delay):
            one = asyncio.ensure_future(first.price(item))
            other = None
            try:
                await asyncio.wait([one], timeout=delay)
                if one.done():
                    return one.result()
                other = asyncio.ensure_future(second.price(item))
                await asyncio.wait([one, other], return_when="FIRST_COMPLETED")
                return one.result() if one.done() else other.result()
            finally:
                tasks = [task for task in (one, other) if task is not None]
                for task in tasks:
                    task.cancel()
                if tasks:
                    await asyncio.wait(tasks)
        """),
    right("hedge", "shield and wait_for", """
        async def hedge(first, second, item, delay):
            one = asyncio.create_task(first.price(item))
            tasks = [one]
            try:
                try:
                    return await asyncio.wait_for(asyncio.shield(one), delay)
                except TimeoutError:
                    pass
                tasks.append(asyncio.create_task(second.price(item)))
                for earliest in asyncio.as_completed(tasks):
                    return await earliest
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        """),
    right("hedge", "a queue of outcomes in a group", """
        async def hedge(first, second, item, delay):
            outcomes = asyncio.Queue()

            async def attempt(shop):
                try:
                    outcomes.put_nowait((await shop.price(item), None))
                except Exception as error:
                    outcomes.put_nowait((None, error))

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(attempt(first))]
                try:
                    async with asyncio.timeout(delay):
                        price, error = await outcomes.get()
                except TimeoutError:
                    tasks.append(group.create_task(attempt(second)))
                    price, error = await outcomes.get()
                for task in tasks:
                    task.cancel()
            if error is not None:
                raise error
            return price
        """),
    wrong("hedge", "takes the second as soon as it is asked", """
        async def hedge(first, second, item, delay):
            one = asyncio.create_task(first.price(item))
            done, _ = await asyncio.wait([one], timeout=delay)
            if done:
                return one.result()
            one.cancel()
            await asyncio.gather(one, return_exceptions=True)
            return await second.price(item)
        """),
    wrong("hedge", "asks the second also when the first has failed", """
        async def hedge(first, second, item, delay):
            tasks = [asyncio.create_task(first.price(item))]
            try:
                await asyncio.wait(tasks, timeout=delay)
                if not tasks[0].done() or tasks[0].exception():
                    tasks.append(asyncio.create_task(second.price(item)))
                    done, _ = await asyncio.wait(tasks[-1:] if tasks[0].done() else tasks,
                                                 return_when=asyncio.FIRST_COMPLETED)
                    return done.pop().result()
                return tasks[0].result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        """),
    wrong("hedge", "an error in the group comes out as a group", """
        async def hedge(first, second, item, delay):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(first.price(item))]
                done, _ = await asyncio.wait(tasks, timeout=delay)
                if not done:
                    tasks.append(group.create_task(second.price(item)))
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
            return done.pop().result()
        """, "exceptiongroup"),
    wrong("hedge", "cancels only when all went well", """
        async def hedge(first, second, item, delay):
            one = asyncio.create_task(first.price(item))
            done, _ = await asyncio.wait([one], timeout=delay)
            if done:
                return one.result()
            other = asyncio.create_task(second.price(item))
            done, rest = await asyncio.wait([one, other], return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            return done.pop().result()
        """, "finally"),
    hostile("hedge", "a thousand hedges", """
        async def hedge(first, second, item, delay):
            return await asyncio.gather(*[second.price(item) for _ in range(100_000)])
        """),
]
