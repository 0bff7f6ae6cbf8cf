"""Answers to the exercises of lesson A5."""

from tests.exercises.battery.answers import hostile, right, unseen, wrong

ANSWERS = [
    right("read_all", "functools.partial and a generator", """
        import functools

        async def read_all(pool, read, lists):
            submit = functools.partial(asyncio.get_running_loop().run_in_executor, pool, read)
            jobs = list(map(submit, lists))
            try:
                return list(await asyncio.gather(*jobs))
            except BaseException:
                for job in jobs:
                    job.cancel()
                raise
        """),
    right("read_all", "asyncio.wait with FIRST_EXCEPTION", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()
            jobs = [loop.run_in_executor(pool, read, prices) for prices in lists]
            try:
                await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
                for job in jobs:
                    if job.done() and job.exception():
                        raise job.exception()
                return [job.result() for job in jobs]
            finally:
                for job in jobs:
                    job.cancel()
        """),
    right("read_all", "a task group, unwrapped", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()

            async def one(prices):
                return await loop.run_in_executor(pool, read, prices)

            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one(prices)) for prices in lists]
            except* ValueError as errors:
                error = errors.exceptions[0]
            else:
                return [task.result() for task in tasks]
            raise error
        """),
    wrong("read_all", "cancels only what it still waits for, in order", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()
            jobs = [loop.run_in_executor(pool, read, prices) for prices in lists]
            sums = []
            for job in jobs:
                try:
                    sums.append(await job)
                except ValueError:
                    for other in jobs:
                        other.cancel()
                    raise
            return sums
        """, "0.1 s"),
    wrong("read_all", "gives None for what fails", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()

            async def one(prices):
                try:
                    return await loop.run_in_executor(pool, read, prices)
                except ValueError:
                    return None

            return await asyncio.gather(*[one(prices) for prices in lists])
        """, "the valueerror of the second call comes out"),
    wrong("read_all", "shuts the pool down at the end", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()
            try:
                return await asyncio.gather(*[loop.run_in_executor(pool, read, prices) for prices in lists])
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        """, "stays open"),
    wrong("read_all", "shuts the pool down if a call fails", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()
            try:
                return await asyncio.gather(*[loop.run_in_executor(pool, read, prices) for prices in lists])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        """, "leave the pool open"),
    wrong("read_all", "cancels the gather, which is done", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()
            together = asyncio.gather(*[loop.run_in_executor(pool, read, prices) for prices in lists])
            try:
                return await together
            finally:
                together.cancel()
        """, "in a finally"),
    unseen("read_all", "pool.submit and wrap_future", """
        async def read_all(pool, read, lists):
            calls = [asyncio.wrap_future(pool.submit(read, prices)) for prices in lists]
            try:
                return await asyncio.gather(*calls)
            finally:
                for call in calls:
                    call.cancel()
        """),
    wrong("read_all", "swallows the cancellation", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()
            jobs = [loop.run_in_executor(pool, read, prices) for prices in lists]
            try:
                return await asyncio.gather(*jobs)
            except asyncio.CancelledError:
                for job in jobs:
                    job.cancel()
                return []
            except ValueError:
                for job in jobs:
                    job.cancel()
                raise
        """, "cancel"),
    hostile("read_all", "reads for ever", """
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()
            while True:
                await loop.run_in_executor(pool, read, lists[0])
        """),
    hostile("read_all", "a thread that never ends", """
        async def read_all(pool, read, lists):
            def spin(prices):
                while True:
                    pass
            return await asyncio.get_running_loop().run_in_executor(pool, spin, lists[0])
        """),
    right("read_stream", "a semaphore before the list is taken", """
        async def read_stream(pool, read, lists, at_once):
            loop, slots, jobs = asyncio.get_running_loop(), asyncio.Semaphore(at_once), []

            async def one(prices):
                try:
                    return await loop.run_in_executor(pool, read, prices)
                finally:
                    slots.release()

            async with asyncio.TaskGroup() as group:
                await slots.acquire()
                for prices in lists:
                    jobs.append(group.create_task(one(prices)))
                    await slots.acquire()
            return [job.result() for job in jobs]
        """),
    right("read_stream", "a window of futures, whichever is done first", """
        async def read_stream(pool, read, lists, at_once):
            loop, window, all_jobs = asyncio.get_running_loop(), set(), []
            try:
                for prices in lists:
                    job = loop.run_in_executor(pool, read, prices)
                    all_jobs.append(job)
                    window.add(job)
                    if len(window) == at_once:
                        _, window = await asyncio.wait(window, return_when=asyncio.FIRST_COMPLETED)
                return await asyncio.gather(*all_jobs)
            finally:
                for job in all_jobs:
                    job.cancel()
        """),
    right("read_stream", "workers that call next", """
        async def read_stream(pool, read, lists, at_once):
            loop, sums = asyncio.get_running_loop(), []

            async def work():
                while (prices := next(lists, None)) is not None:
                    place = len(sums)
                    sums.append(None)
                    sums[place] = await loop.run_in_executor(pool, read, prices)

            await asyncio.gather(*[work() for _ in range(at_once)])
            return sums
        """),
    wrong("read_stream", "one too many", """
        async def read_stream(pool, read, lists, at_once):
            loop, numbered, sums = asyncio.get_running_loop(), enumerate(lists), {}

            async def work():
                for number, prices in numbered:
                    sums[number] = await loop.run_in_executor(pool, read, prices)

            await asyncio.gather(*[work() for _ in range(at_once + 1)])
            return [sums[number] for number in sorted(sums)]
        """, "3 lists"),
    right("read_stream", "acquires a semaphore, then calls next", """
        async def read_stream(pool, read, lists, at_once):
            loop, slots, calls = asyncio.get_running_loop(), asyncio.Semaphore(at_once), []
            while True:
                await slots.acquire()
                try:
                    prices = next(lists)
                except StopIteration:
                    return await asyncio.gather(*calls)
                calls.append(loop.run_in_executor(pool, read, prices))
                calls[-1].add_done_callback(lambda _: slots.release())
        """),
    wrong("read_stream", "acquires the semaphore with the list in its hand", """
        async def read_stream(pool, read, lists, at_once):
            loop, slots, calls = asyncio.get_running_loop(), asyncio.Semaphore(at_once), []
            for prices in lists:
                await slots.acquire()
                calls.append(loop.run_in_executor(pool, read, prices))
                calls[-1].add_done_callback(lambda _: slots.release())
            return await asyncio.gather(*calls)
        """, "acquire a semaphore before next"),
    wrong("read_stream", "a bounded queue before the workers", """
        async def read_stream(pool, read, lists, at_once):
            loop, queue, sums = asyncio.get_running_loop(), asyncio.Queue(1), {}

            async def work():
                while (item := await queue.get()) is not None:
                    sums[item[0]] = await loop.run_in_executor(pool, read, item[1])

            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(work())
                for item in enumerate(lists):
                    await queue.put(item)
                for _ in range(at_once):
                    await queue.put(None)
            return [sums[number] for number in sorted(sums)]
        """, "lists were taken"),
    wrong("read_stream", "a list first", """
        async def read_stream(pool, read, lists, at_once):
            loop, slots = asyncio.get_running_loop(), asyncio.Semaphore(at_once)

            async def one(prices):
                async with slots:
                    return await loop.run_in_executor(pool, read, prices)

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(prices)) for prices in list(lists)]
            return [task.result() for task in tasks]
        """, "lists were taken"),
    hostile("read_stream", "takes lists for ever", """
        async def read_stream(pool, read, lists, at_once):
            while True:
                next(lists, None)
                await asyncio.sleep(0)
        """),
]
