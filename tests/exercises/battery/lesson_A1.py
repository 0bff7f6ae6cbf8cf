"""Answers to the exercises of lesson A1."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("timed", "a future's callback takes the time", """
        async def timed(coroutine):
            loop = asyncio.get_running_loop()
            ends = []
            begin = loop.time()
            task = asyncio.ensure_future(coroutine)
            task.add_done_callback(lambda _: ends.append(loop.time()))
            result = await task
            return result, ends[0] - begin
        """),
    right("timed", "a class with a clock", """
        async def timed(coroutine):
            class Watch:
                async def __aenter__(self):
                    self.begin = self.now()
                    return self

                async def __aexit__(self, *_):
                    self.seconds = self.now() - self.begin

                @staticmethod
                def now():
                    return asyncio.get_running_loop().time()

            async with Watch() as watch:
                result = await coroutine
            return result, watch.seconds
        """),
    wrong("timed", "the clock is read too late", """
        async def timed(coroutine):
            result = await coroutine
            begin = asyncio.get_running_loop().time()
            return result, asyncio.get_running_loop().time() - begin
        """),
    wrong("timed", "not awaited", """
        async def timed(coroutine):
            begin = asyncio.get_running_loop().time()
            result = coroutine
            return result, asyncio.get_running_loop().time() - begin
        """, "await"),
    wrong("timed", "seconds first", """
        async def timed(coroutine):
            now = asyncio.get_running_loop().time
            begin = now()
            result = await coroutine
            return now() - begin, result
        """, "comes first"),
    wrong("timed", "begin minus end", """
        async def timed(coroutine):
            now = asyncio.get_running_loop().time
            begin = now()
            return await coroutine, begin - now()
        """, "-0.3"),
    wrong("timed", "always 0.3", """
        async def timed(coroutine):
            return await coroutine, 0.3
        """),
    wrong("timed", "a method without its call", """
        async def timed(coroutine):
            begin = asyncio.get_running_loop().time
            result = await coroutine
            return result, asyncio.get_running_loop().time - begin
        """, "typeerror"),
    right("restart", "wait for the old one", """
        async def restart(tasks, name, coroutine):
            if old := tasks.pop(name, None):
                old.cancel()
                await asyncio.wait({old})
            return tasks.setdefault(name, asyncio.create_task(coroutine, name=name))
        """),
    right("restart", "gather takes the exception", """
        async def restart(tasks, name, coroutine):
            match tasks:
                case {**all_tasks} if name in all_tasks:
                    all_tasks[name].cancel()
                    await asyncio.gather(all_tasks[name], return_exceptions=True)
            tasks[name] = new = asyncio.get_running_loop().create_task(coroutine, name=name)
            return new
        """),
    wrong("restart", "does not wait for the old one", """
        async def restart(tasks, name, coroutine):
            if name in tasks:
                tasks[name].cancel()
            tasks[name] = asyncio.create_task(coroutine, name=name)
            return tasks[name]
        """),
    wrong("restart", "all tasks are cancelled", """
        async def restart(tasks, name, coroutine):
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
            tasks[name] = asyncio.create_task(coroutine, name=name)
            return tasks[name]
        """),
    wrong("restart", "the task without its name", """
        async def restart(tasks, name, coroutine):
            if name in tasks:
                tasks[name].cancel()
                await asyncio.wait([tasks[name]])
            tasks[name] = asyncio.create_task(coroutine)
            return tasks[name]
        """, "name"),
    wrong("restart", "not kept", """
        async def restart(tasks, name, coroutine):
            if name in tasks:
                tasks[name].cancel()
                await asyncio.wait([tasks[name]])
            return asyncio.create_task(coroutine, name=name)
        """),
    wrong("restart", "waits for its end", """
        async def restart(tasks, name, coroutine):
            if name in tasks:
                tasks[name].cancel()
                await asyncio.wait([tasks[name]])
            tasks[name] = asyncio.create_task(coroutine, name=name)
            await tasks[name]
            return tasks[name]
        """),
    wrong("restart", "the old one's CancelledError comes out", """
        async def restart(tasks, name, coroutine):
            if name in tasks:
                tasks[name].cancel()
                await tasks[name]
            tasks[name] = asyncio.create_task(coroutine, name=name)
            return tasks[name]
        """, "cancel"),
    wrong("restart", "its own cancellation is swallowed", """
        async def restart(tasks, name, coroutine):
            if name in tasks:
                tasks[name].cancel()
                try:
                    await tasks[name]
                except asyncio.CancelledError:
                    pass
            tasks[name] = asyncio.create_task(coroutine, name=name)
            return tasks[name]
        """),
    right("run_anywhere", "always in a pool of one", """
        def run_anywhere(coroutine):
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(asyncio.run, coroutine).result()
        """),
    right("run_anywhere", "a thread that keeps what came", """
        def run_anywhere(coroutine):
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return asyncio.run(coroutine)
            came = {}

            def work():
                try:
                    came["result"] = asyncio.run(coroutine)
                except BaseException as error:
                    came["error"] = error

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            if "error" in came:
                raise came["error"]
            return came["result"]
        """),
    wrong("run_anywhere", "asyncio.run only", """
        def run_anywhere(coroutine):
            return asyncio.run(coroutine)
        """, "running|loop"),
    wrong("run_anywhere", "the pool is left open", """
        def run_anywhere(coroutine):
            pool = ThreadPoolExecutor(1)
            return pool.submit(asyncio.run, coroutine).result()
        """, "thread"),
    wrong("run_anywhere", "the thread's error is lost", """
        def run_anywhere(coroutine):
            results = []
            thread = threading.Thread(target=lambda: results.append(asyncio.run(coroutine)))
            thread.start()
            thread.join()
            return results[0] if results else None
        """),
    wrong("run_anywhere", "not joined", """
        def run_anywhere(coroutine):
            results = []
            threading.Thread(target=lambda: results.append(asyncio.run(coroutine))).start()
            return results
        """),
    wrong("run_anywhere", "async", """
        async def run_anywhere(coroutine):
            return await coroutine
        """, "def"),
    wrong("run_anywhere", "a task on the loop", """
        def run_anywhere(coroutine):
            try:
                return asyncio.get_running_loop().create_task(coroutine)
            except RuntimeError:
                return asyncio.run(coroutine)
        """),
    hostile("timed", "a result whose class has no name", """
        async def timed(coroutine):
            coroutine.close()
            return type("", (), {"__repr__": lambda self: 5})(), 0.3
        """),
    hostile("restart", "its own task is cancelled again and again", """
        async def restart(tasks, name, coroutine):
            coroutine.close()
            for _ in range(100):
                asyncio.current_task().cancel()
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    pass
            return None
        """),
    hostile("run_anywhere", "joins a thread that waits for itself", """
        def run_anywhere(coroutine):
            coroutine.close()
            thread = threading.Thread(target=threading.Event().wait)
            thread.start()
            thread.join()
        """),
    wrong("run_anywhere", "a task where a loop runs", """
        def run_anywhere(coroutine):
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return asyncio.run(coroutine)
            return asyncio.ensure_future(coroutine)
        """, "in another thread", never=("in front of the call",)),
    wrong("run_anywhere", "a thread whose error nobody hears", """
        def run_anywhere(coroutine):
            found = []
            threading.Thread(target=lambda: found.append(asyncio.run(coroutine))).start()
            while not found:
                pass
            return found[0]
        """, "did not come to an end", never=("not judged", "virtual time", "await")),
]
