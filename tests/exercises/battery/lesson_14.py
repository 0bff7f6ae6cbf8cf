"""Answers to the exercises of lesson 14."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("test_first_price", "several runs, one for each promise", """
        def test_first_price(first_price):
            def run(*shops):
                return simulate(first_price(list(shops), "tea"))

            north, south = Shop("north", latency=1.0), Shop("south", latency=0.4)
            for shops in ((north, south), (south, north)):
                r = run(*shops)
                assert r.result == south.price_of("tea")
                assert r.elapsed == 0.4
                assert not any(task.finished is None for task in r.tasks)
            down = Shop("east", latency=0.1, failure_rate=1)
            assert run(down, north).result == north.price_of("tea")
        """),
    right("test_first_price", "prices of its own", """
        def test_first_price(first_price):
            shops = [
                Shop("a", latency=2, prices={"tea": 1}),
                Shop("b", latency=0.5, failure_rate=1),
                Shop("c", latency=1, prices={"tea": 2}),
            ]
            run = simulate(first_price(shops, "tea"))
            assert (run.result, run.elapsed) == (2, 1)
            assert "pending" not in {task.outcome for task in run.tasks}
            assert [shop.requests for shop in shops] == [1, 1, 1]
        """),
    right("test_first_price", "raises its own exception", """
        def test_first_price(first_price):
            fast = Shop("south", latency=0.2)
            shops = [Shop("north", latency=0.3), fast, Shop("east", latency=0.1, failure_rate=1)]
            run = simulate(first_price(shops, "tea"))
            if run.result != fast.price_of("tea"):
                raise ValueError("the wrong price")
            if run.elapsed != 0.2:
                raise ValueError("the wrong time")
            if any(task.outcome == "pending" for task in run.tasks):
                raise ValueError("a task is left")
        """),
    right("test_first_price", "fails with pytest.fail", """
        import pytest
        def test_first_price(first_price):
            fast = Shop("south", latency=0.2)
            shops = [Shop("north", latency=0.3), fast, Shop("east", latency=0.1, failure_rate=1)]
            run = simulate(first_price(shops, "tea"))
            if run.result != fast.price_of("tea"):
                pytest.fail("the wrong price")
            assert run.elapsed == pytest.approx(0.2)
            if any(task.outcome == "pending" for task in run.tasks):
                pytest.fail("a task is left")
        """),
    wrong("test_first_price", "fails with pytest.fail on a right program", """
        import pytest
        def test_first_price(first_price):
            run = simulate(first_price([Shop("north"), Shop("south")], "tea"))
            if run.result != 1:
                pytest.fail("the wrong price")
        """, "keeps every promise"),
    wrong("test_first_price", "asyncio.run", """
        def test_first_price(first_price):
            fast = Shop("south", latency=4)
            shops = [Shop("north", latency=9), fast, Shop("east", latency=3, failure_rate=1)]
            assert asyncio.run(first_price(shops, "tea")) == fast.price_of("tea")
        """, "come to an end", "call first_price in simulate"),
    right("test_first_price", "waits for what is left, inside of the run", """
        def test_first_price(first_price):
            fast = Shop("south", latency=0.2)
            shops = [Shop("north", latency=0.3), Shop("east", latency=0.1, failure_rate=1), fast]

            async def scenario():
                price = await first_price(shops, "tea")
                await asyncio.sleep(0)
                left = asyncio.all_tasks() - {asyncio.current_task()}
                return price, asyncio.get_running_loop().time(), len(left)

            assert simulate(scenario()).result == (fast.price_of("tea"), 0.2, 0)
        """),
    wrong("test_first_price", "allows twice the time", """
        def test_first_price(first_price):
            slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
            fails = Shop("east", latency=0.1, failure_rate=1)
            run = simulate(first_price([slow, fails, fast], "tea"))
            assert run.result == fast.price_of("tea")
            assert run.elapsed <= 0.4
            assert all(task.outcome != "pending" for task in run.tasks)
        """, "exact time"),
    wrong("test_first_price", "the fastest shop is the first", """
        def test_first_price(first_price):
            slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
            run = simulate(first_price([fast, slow, Shop("east", latency=0.1, failure_rate=1)], "tea"))
            assert run.result == fast.price_of("tea")
            assert run.elapsed == 0.2
            assert all(task.outcome != "pending" for task in run.tasks)
        """, "one after the other"),
    wrong("test_first_price", "takes the cheapest for the first", """
        def test_first_price(first_price):
            shops = [Shop("north", latency=0.3, prices={"tea": 1}), Shop("south", latency=0.2, prices={"tea": 2})]
            run = simulate(first_price(shops, "tea"))
            assert run.result == min(shop.price_of("tea") for shop in shops)
        """, "keeps every promise"),
    wrong("test_first_price", "prints instead of asserting", """
        def test_first_price(first_price):
            slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
            run = simulate(first_price([slow, fast], "tea"))
            print(run.result == fast.price_of("tea"), run.elapsed == 0.2)
        """, "your test passes"),
    wrong("test_first_price", "returns whether it passed", """
        def test_first_price(first_price):
            slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
            run = simulate(first_price([slow, fast], "tea"))
            return run.result == fast.price_of("tea") and run.elapsed == 0.2
        """, "your test passes"),
    wrong("test_first_price", "asserts a tuple", """
        def test_first_price(first_price):
            slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
            run = simulate(first_price([slow, fast], "tea"))
            assert (run.result == fast.price_of("tea"), "the wrong price")
        """, "your test passes"),
    wrong("test_first_price", "always fails", """
        def test_first_price(first_price):
            assert False, "it is wrong"
        """, "keeps every promise"),
    hostile("test_first_price", "waits for real", """
        import time
        def test_first_price(first_price):
            while True:
                time.sleep(1)
        """),

    right("test_feed", "wait_for", """
        async def test_feed(feed):
            feed.start()
            try:
                await asyncio.wait_for(feed.finished.wait(), timeout=60)
                assert feed.prices["north"] == 320 and feed.prices["south"] == 290
            finally:
                await feed.stop()
        """),
    right("test_feed", "fails with pytest.fail", """
        import pytest
        async def test_feed(feed):
            feed.start()
            try:
                await asyncio.wait_for(feed.finished.wait(), 60)
                if feed.prices != {"north": 320, "south": 290}:
                    pytest.fail("wrong prices")
            finally:
                await feed.stop()
        """),
    wrong("test_feed", "asks for the prices again and again", """
        async def test_feed(feed):
            feed.start()
            try:
                async with asyncio.timeout(60):
                    while feed.prices != {"north": 320, "south": 290}:
                        await asyncio.sleep(0.01)
            finally:
                await feed.stop()
        """, "a sleep ends too late"),
    wrong("test_feed", "asks again and again without a pause", """
        async def test_feed(feed):
            feed.start()
            try:
                async with asyncio.timeout(60):
                    while not feed.finished.is_set():
                        await asyncio.sleep(0)
                assert feed.prices == {"north": 320, "south": 290}
            finally:
                await feed.stop()
        """, "without a pause"),
    right("test_feed", "the timeout turned into an assertion", """
        async def test_feed(feed):
            feed.start()
            try:
                try:
                    async with asyncio.timeout(60):
                        await feed.finished.wait()
                except TimeoutError:
                    raise AssertionError("the feed has not finished") from None
                assert feed.prices == dict(north=320, south=290)
            finally:
                await feed.stop()
        """),
    right("test_feed", "stops it first, and then looks", """
        async def test_feed(feed):
            feed.start()
            finished = asyncio.create_task(feed.finished.wait())
            done, _ = await asyncio.wait([finished], timeout=60)
            finished.cancel()
            await feed.stop()
            assert done
            assert feed.prices == {"north": 320, "south": 290}
        """),
    wrong("test_feed", "a longer sleep", """
        async def test_feed(feed):
            feed.start()
            try:
                await asyncio.sleep(30)
                assert feed.prices == {"north": 320, "south": 290}
            finally:
                await feed.stop()
        """),
    wrong("test_feed", "gives up too soon", """
        async def test_feed(feed):
            feed.start()
            try:
                async with asyncio.timeout(5):
                    await feed.finished.wait()
                assert feed.prices == {"north": 320, "south": 290}
            finally:
                await feed.stop()
        """, "60 seconds", never=("instead of a time",)),
    wrong("test_feed", "the prices are there, though the event never comes", """
        async def test_feed(feed):
            feed.start()
            try:
                async with asyncio.timeout(60):
                    while len(feed.prices) < 2:
                        await asyncio.sleep(0.05)
                assert feed.prices == {"north": 320, "south": 290}
            finally:
                await feed.stop()
        """, "finished"),
    wrong("test_feed", "never starts it", """
        async def test_feed(feed):
            try:
                async with asyncio.timeout(60):
                    await feed.finished.wait()
                assert feed.prices == {"north": 320, "south": 290}
            finally:
                await feed.stop()
        """),
    wrong("test_feed", "looks for one price", """
        async def test_feed(feed):
            feed.start()
            try:
                async with asyncio.timeout(60):
                    await feed.finished.wait()
                assert feed.prices["north"] == 320
            finally:
                await feed.stop()
        """, "prices are wrong"),
    hostile("test_feed", "polls without waiting", """
        async def test_feed(feed):
            feed.start()
            while not feed.finished.is_set():
                await asyncio.sleep(0)
        """),

    right("test_follow", "pytest.raises", """
        import pytest
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                async with asyncio.timeout(1):
                    await task
            assert line.closed
        """),
    wrong("test_follow", "pytest.raises without a deadline", """
        import pytest
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert line.closed
        """, "asyncio.wait([task], timeout=1)"),
    wrong("test_follow", "catches the cancellation, and has no deadline", """
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
            assert task.cancelled() and line.closed
        """, "asyncio.wait([task], timeout=1)"),
    wrong("test_follow", "gives it half a second", """
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            await asyncio.sleep(0.5)
            assert task.cancelled()
            assert line.closed
        """, "a whole second"),
    right("test_follow", "wait_for around the cancelled task", """
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            done, pending = await asyncio.wait({task}, timeout=1.2)
            assert not pending, "it has not ended in time"
            try:
                task.result()
            except asyncio.CancelledError:
                pass
            else:
                raise AssertionError("it returned")
            assert line.closed is True
        """),
    right("test_follow", "looks again a second later", """
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            await asyncio.sleep(1)
            assert task.cancelled() and line.closed
        """),
    wrong("test_follow", "await task in pytest.raises, as it were", """
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
            assert line.closed
        """),
    wrong("test_follow", "a timeout that waits for the task to obey", """
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            await asyncio.wait([task], timeout=0.05)
            assert task.cancelled()
            assert line.closed
        """, "a whole second"),
    wrong("test_follow", "cancels nothing", """
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            await asyncio.wait([task], timeout=1)
            assert not line.closed
        """, "your test passes"),
    hostile("test_follow", "cancels itself", """
        async def test_follow(follow, line):
            asyncio.current_task().cancel()
            await asyncio.sleep(1)
        """),
]
