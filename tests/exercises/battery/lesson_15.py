"""Answers to the exercises of lesson 15."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    # -- ask_all
    right("ask_all", "asyncio.wait with a timeout", """
        async def ask_all(ask, shops, limit, seconds):
            slots = asyncio.Semaphore(limit)
            async def one(shop):
                async with slots:
                    return shop, await ask(shop)
            tasks = [asyncio.create_task(one(shop)) for shop in shops]
            prices = {}
            try:
                done, _ = await asyncio.wait(tasks, timeout=seconds)
                for task in done:
                    try:
                        shop, price = task.result()
                    except ConnectionError:
                        continue
                    prices[shop] = price
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            return prices
        """),
    right("ask_all", "workers on a queue", """
        async def ask_all(ask, shops, limit, seconds):
            left, prices = list(shops), {}
            async def worker():
                while left:
                    shop = left.pop(0)
                    try:
                        prices[shop] = await ask(shop)
                    except ConnectionError:
                        continue
            try:
                async with asyncio.timeout(seconds):
                    async with asyncio.TaskGroup() as group:
                        for _ in range(limit):
                            group.create_task(worker())
            except TimeoutError:
                pass
            return prices
        """),
    right("ask_all", "wait_for around a gather", """
        async def ask_all(ask, shops, limit, seconds):
            prices = {}
            slots = asyncio.BoundedSemaphore(limit)
            async def one(shop):
                async with slots:
                    try:
                        price = await ask(shop)
                    except ConnectionError:
                        return
                    prices[shop] = price
            try:
                await asyncio.wait_for(asyncio.gather(*map(one, shops)), seconds)
            except asyncio.TimeoutError:
                return prices
            return prices
        """),
    right("ask_all", "one deadline for each task", """
        async def ask_all(ask, shops, limit, seconds):
            deadline = asyncio.get_running_loop().time() + seconds
            slots, prices = asyncio.Semaphore(limit), {}
            async def one(shop):
                try:
                    async with asyncio.timeout_at(deadline):
                        async with slots:
                            prices[shop] = await ask(shop)
                except (ConnectionError, TimeoutError):
                    pass
            async with asyncio.TaskGroup() as group:
                for shop in shops:
                    group.create_task(one(shop))
            return prices
        """),
    wrong("ask_all", "a failed shop has the price None", """
        async def ask_all(ask, shops, limit, seconds):
            prices, slots = {}, asyncio.Semaphore(limit)
            async def one(shop):
                async with slots:
                    try:
                        prices[shop] = await ask(shop)
                    except ConnectionError:
                        prices[shop] = None
            try:
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(one(shop))
            except TimeoutError:
                pass
            return prices
        """, "none"),
    wrong("ask_all", "the first failure ends the round", """
        async def ask_all(ask, shops, limit, seconds):
            prices, slots = {}, asyncio.Semaphore(limit)
            async def one(shop):
                async with slots:
                    prices[shop] = await ask(shop)
            try:
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(one(shop))
            except* ConnectionError:
                pass
            except* TimeoutError:
                pass
            return prices
        """, "305"),
    wrong("ask_all", "asks in batches", """
        async def ask_all(ask, shops, limit, seconds):
            prices = {}
            async def one(shop):
                try:
                    prices[shop] = await ask(shop)
                except ConnectionError:
                    pass
            for first in range(0, len(shops), limit):
                async with asyncio.timeout(seconds):
                    await asyncio.gather(*[one(shop) for shop in shops[first:first + limit]])
            return prices
        """, "timeout"),
    wrong("ask_all", "leaves the slow ones running", """
        async def ask_all(ask, shops, limit, seconds):
            slots = asyncio.Semaphore(limit)
            async def one(shop):
                async with slots:
                    return await ask(shop)
            tasks = {shop: asyncio.create_task(one(shop)) for shop in shops}
            await asyncio.wait(tasks.values(), timeout=seconds)
            return {shop: task.result() for shop, task in tasks.items()
                    if task.done() and not isinstance(task.exception(), ConnectionError)}
        """, "request|task"),
    wrong("ask_all", "forgets the await", """
        async def ask_all(ask, shops, limit, seconds):
            return {shop: ask(shop) for shop in shops}
        """, "await"),
    hostile("ask_all", "asks for ever", """
        async def ask_all(ask, shops, limit, seconds):
            while True:
                try:
                    await ask(shops[0])
                except BaseException:
                    pass
        """),
    # -- watch
    right("watch", "wait_for, and the number of the round", """
        async def watch(one_round, every, stopping):
            loop = asyncio.get_running_loop()
            begin, number = loop.time(), 0
            while not stopping.is_set():
                await one_round()
                number = max(number + 1, -(-(loop.time() - begin) // every))
                try:
                    await asyncio.wait_for(stopping.wait(), begin + number * every - loop.time())
                except asyncio.TimeoutError:
                    continue
        """),
    right("watch", "a task that waits for the event", """
        async def watch(one_round, every, stopping):
            clock = asyncio.get_running_loop().time
            stop = asyncio.create_task(stopping.wait())
            try:
                due = clock()
                while not stopping.is_set():
                    await one_round()
                    while True:
                        due += every
                        if due >= clock():
                            break
                    await asyncio.wait([stop], timeout=due - clock())
            finally:
                stop.cancel()
        """),
    right("watch", "the rest of a division", """
        async def watch(one_round, every, stopping):
            loop = asyncio.get_running_loop()
            begin = loop.time()
            if stopping.is_set():
                return
            while True:
                await one_round()
                if stopping.is_set():
                    return
                try:
                    async with asyncio.timeout(every - (loop.time() - begin) % every):
                        await stopping.wait()
                        return
                except TimeoutError:
                    pass
        """),
    wrong("watch", "polls the event", """
        async def watch(one_round, every, stopping):
            clock = asyncio.get_running_loop().time
            start = clock()
            while not stopping.is_set():
                await one_round()
                start += every
                while start < clock():
                    start += every
                while clock() < start and not stopping.is_set():
                    await asyncio.sleep(0.3)
        """, "count on from the last start"),
    wrong("watch", "waits first", """
        async def watch(one_round, every, stopping):
            clock = asyncio.get_running_loop().time
            start = clock()
            while not stopping.is_set():
                start += every
                while start < clock():
                    start += every
                try:
                    async with asyncio.timeout_at(start):
                        await stopping.wait()
                        return
                except TimeoutError:
                    await one_round()
        """, "starts"),
    wrong("watch", "never stops", """
        async def watch(one_round, every, stopping):
            while True:
                await one_round()
                await asyncio.sleep(every)
        """),
    wrong("watch", "blocks the loop", """
        async def watch(one_round, every, stopping):
            import time
            while not stopping.is_set():
                await one_round()
                time.sleep(every)
        """, "time.sleep"),
    wrong("watch", "calls the round without an await", """
        async def watch(one_round, every, stopping):
            while not stopping.is_set():
                one_round()
                try:
                    async with asyncio.timeout(every):
                        await stopping.wait()
                except TimeoutError:
                    pass
        """, "await"),
    wrong("watch", "goes on after a failed round", """
        async def watch(one_round, every, stopping):
            clock = asyncio.get_running_loop().time
            start = clock()
            while not stopping.is_set():
                try:
                    await one_round()
                except Exception as error:
                    print("round failed:", error)
                start += every
                while start < clock():
                    start += every
                try:
                    async with asyncio.timeout_at(start):
                        await stopping.wait()
                except TimeoutError:
                    pass
        """, "exception"),
    hostile("watch", "rounds without a pause", """
        async def watch(one_round, every, stopping):
            while True:
                asyncio.ensure_future(one_round())
        """),
    # -- run_until
    right("run_until", "asyncio.wait, twice", """
        async def run_until(stopping, service, grace):
            task = asyncio.create_task(service)
            stop = asyncio.create_task(stopping.wait())
            try:
                await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
                if not task.done():
                    await asyncio.wait({task}, timeout=grace)
                ended = task.done()
            finally:
                stop.cancel()
                task.cancel()
                await asyncio.wait({task, stop})
            if ended:
                task.result()
            return ended
        """),
    right("run_until", "a timeout that is set later", """
        async def run_until(stopping, service, grace):
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(None) as limit:
                    async def stop():
                        await stopping.wait()
                        limit.reschedule(loop.time() + grace)
                    stopper = asyncio.create_task(stop())
                    try:
                        await service
                    finally:
                        stopper.cancel()
            except TimeoutError:
                if not limit.expired():
                    raise
                return False
            return True
        """),
    right("run_until", "call_later", """
        async def run_until(stopping, service, grace):
            task = asyncio.ensure_future(service)
            async def limit():
                await stopping.wait()
                asyncio.get_running_loop().call_later(grace, task.cancel)
            limiter = asyncio.create_task(limit())
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait([task])
                raise
            finally:
                limiter.cancel()
            if task.cancelled():
                return False
            await task
            return True
        """),
    wrong("run_until", "waits the whole grace period", """
        async def run_until(stopping, service, grace):
            task = asyncio.create_task(service)
            await stopping.wait()
            await asyncio.sleep(grace)
            if task.done():
                return True
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return False
        """),
    wrong("run_until", "shields the service", """
        async def run_until(stopping, service, grace):
            task = asyncio.create_task(service)
            stop = asyncio.create_task(stopping.wait())
            await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            try:
                async with asyncio.timeout(grace):
                    await asyncio.shield(task)
            except TimeoutError:
                return False
            return True
        """, "service"),
    wrong("run_until", "returns nothing", """
        async def run_until(stopping, service, grace):
            async with asyncio.TaskGroup() as group:
                task = group.create_task(service)
                async def stop():
                    await stopping.wait()
                    await asyncio.sleep(grace)
                    task.cancel()
                stopper = group.create_task(stop())
                task.add_done_callback(lambda task: stopper.cancel())
        """, "none"),
    wrong("run_until", "calls a failure the end", """
        async def run_until(stopping, service, grace):
            try:
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(service)
                    async def stop():
                        await stopping.wait()
                        await asyncio.sleep(grace)
                        task.cancel()
                    stopper = group.create_task(stop())
                    task.add_done_callback(lambda task: stopper.cancel())
            except Exception:
                return True
            return not task.cancelled()
        """, "exception"),
    wrong("run_until", "swallows its own cancellation", """
        async def run_until(stopping, service, grace):
            try:
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(service)
                    async def stop():
                        await stopping.wait()
                        await asyncio.sleep(grace)
                        task.cancel()
                    stopper = group.create_task(stop())
                    task.add_done_callback(lambda task: stopper.cancel())
            except asyncio.CancelledError:
                return False
            return not task.cancelled()
        """, "cancel"),
    hostile("run_until", "cancels everything", """
        async def run_until(stopping, service, grace):
            for task in asyncio.all_tasks():
                task.cancel()
            await service
        """),
]
