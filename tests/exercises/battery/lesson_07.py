"""Answers to the exercises of lesson 07."""

from tests.exercises.battery.answers import hostile, right, unseen, wrong

ANSWERS = [
    right("ask_old_shops", "a pool of that size, shut down without waiting", """
        async def ask_old_shops(shops, item, at_once):
            loop = asyncio.get_running_loop()
            pool = ThreadPoolExecutor(max_workers=at_once)
            try:
                calls = [loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops]
                return [await call for call in calls]
            finally:
                pool.shutdown(wait=False)
        """),
    right("ask_old_shops", "a pool that is shut down in a thread", """
        async def ask_old_shops(shops, item, at_once):
            loop = asyncio.get_running_loop()
            pool = ThreadPoolExecutor(at_once)
            try:
                return await asyncio.gather(
                    *[loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops])
            finally:
                await asyncio.to_thread(pool.shutdown)
        """),
    right("ask_old_shops", "a pool that is shut down in a thread, and withdraws what is in its queue", """
        async def ask_old_shops(shops, item, at_once):
            loop = asyncio.get_running_loop()
            pool = ThreadPoolExecutor(at_once)
            try:
                return await asyncio.gather(
                    *[loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops])
            finally:
                await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        """),
    wrong("ask_old_shops", "a shutdown that withdraws, and waits on the loop", """
        async def ask_old_shops(shops, item, at_once):
            loop = asyncio.get_running_loop()
            pool = ThreadPoolExecutor(at_once)
            try:
                return await asyncio.gather(
                    *[loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops])
            finally:
                pool.shutdown(cancel_futures=True)
        """, "blocked for 0.3 s", "wait=false"),
    wrong("ask_old_shops", "a pool in a with block", """
        async def ask_old_shops(shops, item, at_once):
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(max_workers=at_once) as pool:
                return await asyncio.gather(
                    *[loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops])
        """, "shutdown"),
    wrong("ask_old_shops", "the error becomes a result", """
        async def ask_old_shops(shops, item, at_once):
            loop = asyncio.get_running_loop()
            pool = ThreadPoolExecutor(at_once)
            try:
                return await asyncio.gather(
                    *[loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops],
                    return_exceptions=True)
            finally:
                pool.shutdown(wait=False)
        """, "connectionerror"),
    right("ask_old_shops", "workers and an iterator", """
        async def ask_old_shops(shops, item, at_once):
            prices = [None] * len(shops)
            numbered = iter(list(enumerate(shops)))

            async def worker():
                for number, shop in numbered:
                    prices[number] = await asyncio.to_thread(shop.price_blocking, item)

            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(worker())
            return prices
        """),
    right("ask_old_shops", "a semaphore", """
        async def ask_old_shops(shops, item, at_once):
            places = asyncio.BoundedSemaphore(at_once)

            async def ask(shop):
                await places.acquire()
                try:
                    return await asyncio.to_thread(shop.price_blocking, item)
                finally:
                    places.release()

            return list(await asyncio.gather(*map(ask, shops)))
        """),
    right("ask_old_shops", "a round as soon as one is free", """
        async def ask_old_shops(shops, item, at_once):
            tasks, running = [], set()
            for shop in shops:
                if len(running) == at_once:
                    _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                tasks.append(asyncio.create_task(asyncio.to_thread(shop.price_blocking, item)))
                running.add(tasks[-1])
            return [await task for task in tasks]
        """),
    unseen("ask_old_shops", "map of a pool, in a thread", """
        async def ask_old_shops(shops, item, at_once):
            def ask_all():
                with ThreadPoolExecutor(at_once) as pool:
                    return list(pool.map(lambda shop: shop.price_blocking(item), shops))

            return await asyncio.to_thread(ask_all)
        """),
    unseen("ask_old_shops", "a semaphore of threading, in the threads", """
        async def ask_old_shops(shops, item, at_once):
            import threading
            places = threading.Semaphore(at_once)

            def ask(shop):
                with places:
                    return shop.price_blocking(item)

            return await asyncio.gather(*[asyncio.to_thread(ask, shop) for shop in shops])
        """),
    wrong("ask_old_shops", "no limit", """
        async def ask_old_shops(shops, item, at_once):
            return await asyncio.gather(*[asyncio.to_thread(shop.price_blocking, item) for shop in shops])
        """),
    wrong("ask_old_shops", "a limit of three", """
        async def ask_old_shops(shops, item, at_once):
            places = asyncio.Semaphore(3)

            async def ask(shop):
                async with places:
                    return await asyncio.to_thread(shop.price_blocking, item)

            return await asyncio.gather(*map(ask, shops))
        """),
    wrong("ask_old_shops", "a semaphore for each call", """
        async def ask_old_shops(shops, item, at_once):
            async def ask(shop):
                async with asyncio.Semaphore(at_once):
                    return await asyncio.to_thread(shop.price_blocking, item)

            return await asyncio.gather(*map(ask, shops))
        """),
    wrong("ask_old_shops", "one after another", """
        async def ask_old_shops(shops, item, at_once):
            return [await asyncio.to_thread(shop.price_blocking, item) for shop in shops]
        """),
    wrong("ask_old_shops", "waits for each block", """
        async def ask_old_shops(shops, item, at_once):
            prices = []
            for begin in range(0, len(shops), at_once):
                block = shops[begin : begin + at_once]
                prices += await asyncio.gather(*[asyncio.to_thread(s.price_blocking, item) for s in block])
            return prices
        """),
    wrong("ask_old_shops", "on the loop, under a semaphore", """
        async def ask_old_shops(shops, item, at_once):
            places = asyncio.Semaphore(at_once)

            async def ask(shop):
                async with places:
                    return shop.price_blocking(item)

            return await asyncio.gather(*map(ask, shops))
        """, "price_blocking"),
    wrong("ask_old_shops", "as they arrive", """
        async def ask_old_shops(shops, item, at_once):
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(at_once) as pool:
                futures = [loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops]
                return [await each for each in asyncio.as_completed(futures)]
        """, "order"),
    wrong("ask_old_shops", "a mistyped name", """
        async def ask_old_shops(shops, item, at_once):
            places = asyncio.Semaphore(at_once)

            async def ask(shop):
                async with place:
                    return await asyncio.to_thread(shop.price_blocking, item)

            return await asyncio.gather(*map(ask, shops))
        """, "'place'"),
    right("read_in_time", "a timer sets the event", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            timer = asyncio.get_running_loop().call_later(seconds, stop.set)
            try:
                return await asyncio.to_thread(read_pages, stop)
            finally:
                timer.cancel()
                stop.set()
        """),
    right("read_in_time", "wait with a time, then wait again", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            reading = asyncio.get_running_loop().run_in_executor(None, read_pages, stop)
            try:
                await asyncio.wait([reading], timeout=seconds)
            finally:
                stop.set()
            return await reading
        """),
    right("read_in_time", "shield inside a timeout", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            reading = asyncio.create_task(asyncio.to_thread(read_pages, stop))
            try:
                return await asyncio.wait_for(asyncio.shield(reading), seconds)
            except TimeoutError:
                stop.set()
                return await reading
            except asyncio.CancelledError:
                stop.set()
                await reading
                raise
        """),
    unseen("read_in_time", "a timer of threading", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            timer = threading.Timer(seconds, stop.set)
            timer.start()
            try:
                return await asyncio.to_thread(read_pages, stop)
            finally:
                timer.cancel()
                stop.set()
        """),
    wrong("read_in_time", "the pages are lost", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            try:
                return await asyncio.wait_for(asyncio.to_thread(read_pages, stop), seconds)
            except TimeoutError:
                stop.set()
                return []
        """),
    wrong("read_in_time", "always so many seconds", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            reading = asyncio.create_task(asyncio.to_thread(read_pages, stop))
            try:
                await asyncio.sleep(seconds)
            finally:
                stop.set()
            return await reading
        """),
    wrong("read_in_time", "a cancellation tells the thread nothing", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            timer = asyncio.get_running_loop().call_later(seconds, stop.set)
            pages = await asyncio.to_thread(read_pages, stop)
            timer.cancel()
            return pages
        """),
    wrong("read_in_time", "never told to stop", """
        async def read_in_time(read_pages, seconds):
            return await asyncio.to_thread(read_pages, threading.Event())
        """),
    wrong("read_in_time", "reads on the loop", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            asyncio.get_running_loop().call_later(seconds, stop.set)
            return read_pages(stop)
        """),
    wrong("read_in_time", "the event class", """
        async def read_in_time(read_pages, seconds):
            stop = threading.Event
            timer = asyncio.get_running_loop().call_later(seconds, stop.set)
            try:
                return await asyncio.to_thread(read_pages, stop)
            finally:
                timer.cancel()
        """),
    hostile("ask_old_shops", "a thousand threads", """
        async def ask_old_shops(shops, item, at_once):
            threads = [threading.Thread(target=threading.Event().wait, daemon=True) for _ in range(300)]
            for thread in threads:
                thread.start()
            return []
        import threading
        """),
    hostile("read_in_time", "a thread that prints for ever", """
        async def read_in_time(read_pages, seconds):
            def chatter():
                while True:
                    print("x" * 1000)
            threading.Thread(target=chatter, daemon=True).start()
            return []
        """),
    right("read_in_time", "a stop of its own", """
        async def read_in_time(read_pages, seconds):
            class Stop:
                told = False

                def is_set(self):
                    return self.told

            stop = Stop()
            reading = asyncio.get_running_loop().run_in_executor(None, read_pages, stop)
            try:
                await asyncio.wait([reading], timeout=seconds)
            finally:
                stop.told = True
            return await reading
        """),
]
