"""Answers to the samples: how a test writes one, and one wrong answer or several of each kind."""

from __future__ import annotations

import textwrap

from helpers.checker import Exercise
from helpers.checker.report import Report
from tests.checker import samples

ASK = "async def ask(shops, item):\n"


def check(exercise: Exercise, source: str, **options) -> Report:
    return exercise.check(exercise.compile(textwrap.dedent(source).lstrip("\n")), **options)


def body(text: str) -> str:
    return ASK + textwrap.indent(textwrap.dedent(text).strip("\n"), "    ") + "\n"


# kind, the guilty line (0: none), a part of the message, the answer
WRONG = {
    "returns a coroutine": (samples.ask, "forgotten await", 2, "Shop.price()", body("return shops[0].price(item)")),
    "a list of coroutines": (
        samples.ask, "forgotten await", 2, "Shop.price()", body("return [shop.price(item) for shop in shops]")),
    "returns a task": (samples.ask, "forgotten await", 0, "a task", body(
        "return [asyncio.create_task(shop.price(item), name=shop.name) for shop in shops]")),
    "never awaited": (samples.ask, "forgotten await", 3, "never awaited", body("""
        for shop in shops:
            shop.price(item)
        return []""")),
    "computes with a coroutine": (
        samples.ask, "forgotten await", 2, "'coroutine'", body("return 1 + shops[0].price(item)")),
    "uses a future": (samples.ask, "forgotten await", 2, "await gives", body("""
        prices = asyncio.gather(*[shop.price(item) for shop in shops])
        return [price for price in prices]""")),
    "gather alone": (samples.ask, "forgotten await", 2, "nobody waits", body("""
        asyncio.gather(*[shop.price(item) for shop in shops])
        return [320, 290, 335]""")),
    "sleep alone": (samples.ask, "forgotten await", 2, "sleep()", body("""
        asyncio.sleep(0.5)
        return [320, 290, 335]""")),
    "sequential": (samples.ask, "sequential", 4, "1 s of virtual time", body("""
        prices = []
        for shop in shops:
            prices.append(await shop.price(item))
        return prices""")),
    "half sequential": (samples.ask, "slow", 3, "0.7 s", body("""
        first = await asyncio.gather(shops[0].price(item), shops[1].price(item))
        return [*first, await shops[2].price(item)]""")),
    "too early": (samples.ask, "early", 3, "0.2 s of virtual time", body("""
        prices = [320, 290, 335]
        prices[2] = await shops[2].price(item)
        return prices""")),
    "asks nobody": (samples.ask, "value", 0, "asked no shop", body("return [320, 290, 335]")),
    "asks nobody, and waits": (samples.ask, "value", 0, "asked no shop", body("""
        await asyncio.sleep(0.5)
        return [320, 290, 335]""")),
    "concurrent": (samples.in_turn, "concurrent", 0, "3 waits were under way at once", """
        async def in_turn(shops, item):
            return await asyncio.gather(*[shop.price(item) for shop in shops])
        """),
    "time.sleep": (samples.ask, "blocked", 3, "0.05 s", body("""
        import time
        time.sleep(0.05)
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "price_blocking": (
        samples.ask, "blocked", 2, "price_blocking", body("return [s.price_blocking(item) for s in shops]")),
    "from time import sleep": (samples.ask, "blocked", 4, "sleep(1)", "from time import sleep\n" + body("""
        prices = await asyncio.gather(*[shop.price(item) for shop in shops])
        sleep(1)
        return prices""")),
    "computes": (samples.ask, "computes", 4, "computed", body("""
        import time; end = time.thread_time() + 0.4
        prices = await asyncio.gather(*[shop.price(item) for shop in shops])
        while time.thread_time() < end: pass
        return prices""")),
    "waits for ever": (samples.ask, "deadlock", 2, "an event (line 2)", body("await asyncio.Event().wait()")),
    "waits for each other": (samples.ask, "deadlock", 6, "first waits for a lock (line 6)", body("""
        one, two = asyncio.Lock(), asyncio.Lock()
        async def both(a, b):
            async with a:
                await asyncio.sleep(0)
                async with b:
                    pass
        first = asyncio.create_task(both(one, two), name="first")
        second = asyncio.create_task(both(two, one), name="second")
        await asyncio.gather(first, second)""")),
    "turns for ever": (samples.ask, "endless", 3, "loop; virtual time stands still", body("""
        while True:
            await asyncio.sleep(0)""")),
    "sleeps for ever": (samples.ask, "endless", 3, "loop", body("""
        while True:
            await asyncio.sleep(60)""")),
    "spins": (samples.ask, "endless", 2, "stopped after", body("while True: pass")),
    "recursion": (samples.ask, "recursion", 2, "called itself", body("return await ask(shops, item)")),
    "left behind": (samples.ask, "left behind", 2, "asyncio.sleep", body("""
        async def nap(): await asyncio.sleep(5)
        task = asyncio.create_task(nap())
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "a thread of its own": (samples.ask, "own thread", 3, "does not see it", body("""
        import threading
        threading.Thread(target=threading.Event().wait, name="watcher").start()
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "a lost exception": (samples.ask, "lost exception", 0, "ValueError: no tea", body("""
        async def fail(): raise ValueError("no tea")
        asyncio.create_task(fail())
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "swallows": (samples.call, "swallowed", 4, "returned None", """
        async def call(line, shop):
            try:
                return await shop.price("tea")
            except asyncio.CancelledError:
                pass
            finally:
                line.hang_up()
        """),
    "swallows and goes on": (samples.call, "swallowed", 4, "went on", """
        async def call(line, shop):
            try:
                return await shop.price("tea")
            except BaseException:
                await asyncio.sleep(5)
            finally:
                line.hang_up()
        """),
    "returns in finally": (samples.call, "swallowed", 6, "returned", """
        async def call(line, shop):
            try:
                price = await shop.price("tea")
            finally:
                line.hang_up()
                return locals().get("price")
        """),
    "another exception": (samples.call, "swallowed", 5, "TimeoutError", """
        async def call(line, shop):
            try:
                return await shop.price("tea")
            except asyncio.CancelledError:
                raise TimeoutError
            finally:
                line.hang_up()
        """),
    "skips the clean-up": (samples.call, "clean-up", 0, "open after the cancellation", """
        async def call(line, shop):
            price = await shop.price("tea")
            line.hang_up()
            return price
        """),
    "wrong exception": (samples.fail, "wrong exception", 5, "ValueError: tea came out", """
        async def fail(shop):
            try:
                await shop.price("tea")
            except ShopError:
                raise ValueError("tea")
        """),
    "no exception": (samples.fail, "no exception", 0, "the result was None", """
        async def fail(shop):
            try:
                await shop.price("tea")
            except ShopError:
                pass
        """),
    "raises": (samples.ask, "error", 2, "KeyError: 'coffee'", body("return {}['coffee']")),
    "raises in a group": (samples.ask, "error", 2, "KeyError: 'coffee'", body("""
        async def fail(): return {}['coffee']
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())""")),
    "too many": (samples.two_at_once, "peak", 2, "3 requests", """
        async def two_at_once(shops, item):
            return await asyncio.gather(*[shop.price(item) for shop in shops])
        """),
    "as they arrive": (samples.ask, "order", 0, "[335, 320, 290]", body(
        "return [await price for price in asyncio.as_completed([shop.price(item) for shop in shops])]")),
    "wrong value": (samples.ask, "value", 0, "[321, 291, 336]", body(
        "return [price + 1 for price in await asyncio.gather(*[shop.price(item) for shop in shops])]")),
    "one parameter": (samples.ask, "signature", 1, "Wanted: the parameters (shops, item)",
                      "async def ask(shops):\n    return shops\n"),
    "plain def": (samples.ask, "not async", 1, "async def ask", "def ask(shops, item):\n    return [320, 290, 335]\n"),
    "async def": (samples.drive, "async", 1, "def drive", "async def drive(coroutine):\n    return await coroutine\n"),
    "yields": (samples.ask, "async generator", 1, "yield", body("for shop in shops: yield await shop.price(item)")),
    "asyncio.run": (samples.ask, "nested loop", 4, "second event loop", body("""
        coroutine = shops[0].price(item)
        try:
            return asyncio.run(coroutine)
        finally:
            coroutine.close()""")),
    "awaits a number": (
        samples.ask, "not awaitable", 2, "cannot be awaited", body("return await shops[0].price_of(item)")),
    "a socket": (
        samples.ask, "not simulated", 2, "sockets live", body("await asyncio.open_connection('localhost', 1)")),
    "SystemExit": (samples.ask, "exit", 3, "SystemExit: 3", body("""
        import sys
        sys.exit(3)""")),
    "SystemExit in a task after a call alone": (samples.ask, "exit", 2, "SystemExit", body("""
        async def leave(): raise SystemExit
        asyncio.wait_for(leave(), 1)
        await asyncio.create_task(leave())""")),
    "KeyboardInterrupt": (samples.ask, "exit", 2, "KeyboardInterrupt", body("raise KeyboardInterrupt")),
    "SystemExit in a task": (samples.ask, "exit", 2, "SystemExit", body("""
        async def leave(): raise SystemExit
        await asyncio.create_task(leave())""")),
    "CancelledError": (samples.ask, "cancelled", 0, "CancelledError", body("""
        asyncio.current_task().cancel()
        await asyncio.sleep(1)""")),
    "patches asyncio": (samples.ask, "replaced", 0, "asyncio.sleep", body("""
        async def sleep(*args): pass
        asyncio.sleep = sleep
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "patches a shop": (samples.ask, "replaced", 0, "helpers.simulated_io.Shop.price", body("""
        async def price(self, item): return {"north": 320, "south": 290, "west": 335}[self.name]
        type(shops[0]).price = price
        await asyncio.sleep(0.5)
        return [await shop.price(item) for shop in shops]""")),
}
