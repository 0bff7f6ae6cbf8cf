"""Answers to the exercises of lesson 02."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("step", "a lambda for the next turn, and a return", """
        def step(task):
            try:
                awaited = task.coroutine.send(None)
            except StopIteration as ended:
                return task.set_result(ended.args[0] if ended.args else None)
            awaited.callbacks += [lambda: task.step()]
        """),
    right("step", "through __await__", """
        def step(task):
            done = object()
            try:
                awaited = next(task.coroutine.__await__())
            except StopIteration as ended:
                task.set_result(ended.value)
                awaited = done
            if awaited is not done:
                awaited.callbacks.append(task.step)
        """),
    wrong("step", "set_result of the future", """
        def step(task):
            try:
                future = task.coroutine.send(None)
                future.set_result(None)
            except StopIteration as stop:
                task.set_result(stop.value)
        """),
    wrong("step", "any exception is taken for the end", """
        def step(task):
            try:
                task.coroutine.send(None).callbacks.append(task.step)
            except Exception as stop:
                task.set_result(stop)
        """),
    wrong("step", "a mistyped name", """
        def step(task):
            try:
                future = task.corutine.send(None)
            except StopIteration as stop:
                task.set_result(stop.value)
            else:
                future.callbacks.append(task.step)
        """, "corutine"),
    wrong("step", "async def", """
        async def step(task):
            try:
                future = task.coroutine.send(None)
            except StopIteration as stop:
                task.set_result(stop.value)
            else:
                future.callbacks.append(task.step)
        """, "def"),
    right("careful_step", "one except, and a question", """
        def careful_step(task):
            try:
                future = task.coroutine.send(None)
            except Exception as error:
                if isinstance(error, StopIteration):
                    task.set_result(error.value)
                else:
                    task.set_result(error=error)
                return
            future.callbacks.append(task.step)
        """),
    wrong("careful_step", "the name of the error only", """
        def careful_step(task):
            try:
                future = task.coroutine.send(None)
            except StopIteration as stop:
                task.set_result(stop.value)
            except Exception as error:
                task.set_result(None, str(error))
            else:
                future.callbacks.append(task.step)
        """),
    wrong("careful_step", "a bare except", """
        def careful_step(task):
            try:
                future = task.coroutine.send(None)
            except StopIteration as stop:
                task.set_result(stop.value)
            except:
                task.set_result(None, ConnectionError())
            else:
                future.callbacks.append(task.step)
        """, "the valueerror is its error"),
    wrong("careful_step", "prints the error", """
        def careful_step(task):
            try:
                future = task.coroutine.send(None)
            except StopIteration as stop:
                task.set_result(stop.value)
            except Exception as error:
                print(error)
            else:
                future.callbacks.append(task.step)
        """, "not done"),
    right("ask_by_phone", "a queue", """
        async def ask_by_phone(phone, shop):
            answers = asyncio.Queue()
            phone.call(shop, answers.put_nowait)
            return await answers.get()
        """),
    right("ask_by_phone", "an event, and a variable of the outer function", """
        async def ask_by_phone(phone, shop):
            price = None
            answered = asyncio.Event()

            def on_answer(cents):
                nonlocal price
                price = cents
                answered.set()

            phone.call(shop, on_answer)
            await answered.wait()
            return price
        """),
    right("ask_by_phone", "a future, told with call_soon_threadsafe", """
        async def ask_by_phone(phone, shop):
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            phone.call(shop, lambda cents: future.done() or loop.call_soon_threadsafe(future.set_result, cents))
            return await future
        """),
    right("ask_by_phone", "a class that can be awaited", """
        async def ask_by_phone(phone, shop):
            class Answer:
                def __init__(self):
                    self.future = asyncio.Future()

                def __call__(self, price):
                    if not self.future.cancelled():
                        self.future.set_result(price)

                def __await__(self):
                    return self.future.__await__()

            answer = Answer()
            phone.call(shop, answer)
            return await answer
        """),
    wrong("ask_by_phone", "returns what call returns", """
        async def ask_by_phone(phone, shop):
            return phone.call(shop, lambda price: price)
        """),
    wrong("ask_by_phone", "the future is not awaited", """
        async def ask_by_phone(phone, shop):
            future = asyncio.get_running_loop().create_future()
            phone.call(shop, future.set_result)
            return future
        """, "await"),
    wrong("ask_by_phone", "set_result is called at once", """
        async def ask_by_phone(phone, shop):
            future = asyncio.get_running_loop().create_future()
            phone.call(shop, future.set_result(shop))
            return await future
        """),
    wrong("ask_by_phone", "the price of the wrong time", """
        async def ask_by_phone(phone, shop):
            prices = []
            phone.call(shop, prices.append)
            await asyncio.sleep(0.5)
            return prices[0]
        """),
    wrong("ask_by_phone", "waits in a tight loop", """
        async def ask_by_phone(phone, shop):
            prices = []
            phone.call(shop, prices.append)
            while not prices:
                pass
            return prices[0]
        """, "while not prices|line 5: pass", "did not come to an end"),
    wrong("ask_by_phone", "a mistyped name", """
        async def ask_by_phone(phone, shop):
            future = asyncio.get_running_loop().create_future()
            phone.call(shop, futur.set_result)
            return await future
        """, "futur", never=("set_result once",)),
    hostile("ask_by_phone", "endless callbacks", """
        async def ask_by_phone(phone, shop):
            loop = asyncio.get_running_loop()

            def again():
                loop.call_soon(again)

            again()
            await loop.create_future()
        """),
    right("total", "slices of a hundred", """
        async def total(get_price, items):
            cents = 0
            for begin in range(0, len(items), 100):
                block = items[begin : begin + 100]
                cents += sum([await get_price(item) for item in block])
                if len(block) == 100:
                    await asyncio.sleep(0)
            return cents
        """),
    right("total", "a helper that counts", """
        async def total(get_price, items):
            count = 0

            async def fair(item):
                nonlocal count
                cents = await get_price(item)
                count += 1
                if not count % 100:
                    await asyncio.sleep(0)
                return cents

            return sum([await fair(item) for item in items])
        """),
    right("total", "an object whose await gives one turn", """
        async def total(get_price, items):
            class Turn:
                def __await__(self):
                    yield

            cents, left = 0, 100
            for item in items:
                cents += await get_price(item)
                left -= 1
                if left == 0:
                    await Turn()
                    left = 100
            return cents
        """),
    wrong("total", "the condition the wrong way round", """
        async def total(get_price, items):
            cents = 0
            for number, item in enumerate(items, 1):
                cents += await get_price(item)
                if number % 100:
                    await asyncio.sleep(0)
            return cents
        """),
    wrong("total", "time.sleep", """
        async def total(get_price, items):
            import time
            cents = 0
            for number, item in enumerate(items, 1):
                cents += await get_price(item)
                if number % 100 == 0:
                    time.sleep(0)
            return cents
        """),
    wrong("total", "sleep without await", """
        async def total(get_price, items):
            cents = 0
            for number, item in enumerate(items, 1):
                cents += await get_price(item)
                if number % 100 == 0:
                    asyncio.sleep(0)
            return cents
        """, "await"),
    wrong("total", "a sleep that takes time", """
        async def total(get_price, items):
            cents = 0
            for number, item in enumerate(items, 1):
                cents += await get_price(item)
                if number % 100 == 0:
                    await asyncio.sleep(0.01)
            return cents
        """),
    wrong("total", "one turn at the end", """
        async def total(get_price, items):
            cents = 0
            for item in items:
                cents += await get_price(item)
            await asyncio.sleep(0)
            return cents
        """),
    wrong("total", "the hundredth items are left out", """
        async def total(get_price, items):
            cents = 0
            for number, item in enumerate(items, 1):
                if number % 100 == 0:
                    await asyncio.sleep(0)
                    continue
                cents += await get_price(item)
            return cents
        """),
    wrong("total", "forgotten return", """
        async def total(get_price, items):
            cents = 0
            for number, item in enumerate(items, 1):
                cents += await get_price(item)
                if number % 100 == 0:
                    await asyncio.sleep(0)
        """, "return"),
    right("run_with_jumps", "a sorted list", """
        def run_with_jumps(coroutines):
            results, timers, now = [], [], 0

            def step(coroutine):
                try:
                    seconds = coroutine.send(None)
                except StopIteration as stop:
                    results.append((now, stop.value))
                else:
                    timers.append((now + seconds, coroutine))
                    timers.sort(key=lambda timer: timer[0])

            for coroutine in coroutines:
                step(coroutine)
            while timers:
                now, coroutine = timers.pop(0)
                step(coroutine)
            return results
        """),
    right("run_with_jumps", "a class with an order of its own", """
        def run_with_jumps(coroutines):
            class Timer:
                made = 0

                def __init__(self, due, coroutine):
                    Timer.made += 1
                    self.key, self.due, self.coroutine = (due, Timer.made), due, coroutine

                def __lt__(self, other):
                    return self.key < other.key

            heap, ended, now = [], [], 0
            ready = collections.deque(coroutines)
            while ready or heap:
                if not ready:
                    timer = heapq.heappop(heap)
                    now = timer.due
                    ready.append(timer.coroutine)
                coroutine = ready.popleft()
                try:
                    heapq.heappush(heap, Timer(now + next(coroutine.__await__()), coroutine))
                except StopIteration as stop:
                    ended += [(now, stop.value)]
            return ended
        """),
    wrong("run_with_jumps", "the clock is the last wait", """
        def run_with_jumps(coroutines):
            timers, results, count = [], [], itertools.count()
            for coroutine in coroutines:
                heapq.heappush(timers, (0, next(count), coroutine))
            while timers:
                now, _, coroutine = heapq.heappop(timers)
                try:
                    heapq.heappush(timers, (coroutine.send(None), next(count), coroutine))
                except StopIteration as stop:
                    results.append((now, stop.value))
            return results
        """),
    wrong("run_with_jumps", "compares coroutines", """
        def run_with_jumps(coroutines):
            timers, results = [(0, coroutine) for coroutine in coroutines], []
            while timers:
                now, coroutine = heapq.heappop(timers)
                try:
                    heapq.heappush(timers, (now + coroutine.send(None), coroutine))
                except StopIteration as stop:
                    results.append((now, stop.value))
            return results
        """, "<"),
    wrong("run_with_jumps", "sleeps", """
        def run_with_jumps(coroutines):
            results, now, timers, count = [], 0, [], itertools.count()
            for coroutine in coroutines:
                heapq.heappush(timers, (0, next(count), coroutine))
            while timers:
                due, _, coroutine = heapq.heappop(timers)
                time.sleep(due - now)
                now = due
                try:
                    heapq.heappush(timers, (now + coroutine.send(None), next(count), coroutine))
                except StopIteration as stop:
                    results.append((now, stop.value))
            return results
        """, "sleep"),
    wrong("run_with_jumps", "the last begun first", """
        def run_with_jumps(coroutines):
            timers, results, count = [], [], itertools.count(0, -1)
            for coroutine in reversed(coroutines):
                heapq.heappush(timers, (0, next(count), coroutine))
            while timers:
                now, _, coroutine = heapq.heappop(timers)
                try:
                    heapq.heappush(timers, (now + coroutine.send(None), next(count), coroutine))
                except StopIteration as stop:
                    results.append((now, stop.value))
            return results
        """),
    wrong("run_with_jumps", "results only", """
        def run_with_jumps(coroutines):
            timers, results, count = [], [], itertools.count()
            for coroutine in coroutines:
                heapq.heappush(timers, (0, next(count), coroutine))
            while timers:
                now, _, coroutine = heapq.heappop(timers)
                try:
                    heapq.heappush(timers, (now + coroutine.send(None), next(count), coroutine))
                except StopIteration as stop:
                    results.append(stop.value)
            return results
        """),
    hostile("run_with_jumps", "an exception whose text is ten megabytes", """
        def run_with_jumps(coroutines):
            for coroutine in coroutines:
                coroutine.close()
            raise ValueError("x" * 10_000_000)
        """, "valueerror"),
    wrong("ask_by_phone", "the future itself is returned", """
        async def ask_by_phone(phone, shop):
            future = asyncio.get_running_loop().create_future()
            phone.call(shop, future.set_result)
            return future
        """, "await it", never=("in front of the call",)),
    wrong("ask_by_phone", "a future of threads", """
        async def ask_by_phone(phone, shop):
            import concurrent.futures
            future = concurrent.futures.Future()
            phone.call(shop, future.set_result)
            return future.result()
        """, "did not come to an end", "asyncio's loop", never=("again and again",)),
    right("ask_by_phone", "an object with __await__", """
        async def ask_by_phone(phone, shop):
            class Answer:
                def __init__(self):
                    self.future = asyncio.get_running_loop().create_future()
                    phone.call(shop, self.answer)

                def answer(self, price):
                    try:
                        self.future.set_result(price)
                    except asyncio.InvalidStateError:
                        pass

                def __await__(self):
                    return self.future.__await__()

            return await Answer()
        """),
]
