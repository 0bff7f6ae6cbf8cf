"""The exercises and questions of notebook 14: tests, which here run on programs that are right and on others."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from helpers.checker import Exercise, Mistake, predict, require
from helpers.checker.expect import Failed
from helpers.simulated_io import Shop

# -- a test that finds what is wrong ---------------------------------------------------------------------------------

test_first_price = Exercise(
    lesson="14",
    title="Write a test that finds the bugs",
    task="""
        `first_price(shops, item)` is a coroutine function that somebody else has written. It promises: it asks all
        `shops` at once for the price of `item`, and returns the first price that comes, as soon as it comes. A shop
        that fails does not count, as long as another gives a price. Requests that are still in flight then are
        cancelled: none is left behind.

        Write `test_first_price(first_price)`, a plain test: it calls `first_price` in `simulate`, with shops of your
        own, at least one of which fails. An exception must come out of it if a promise is broken, and none if all are
        kept. It is run on programs that keep the promises, and on programs that do not.
        """,
    starter="""
        def test_first_price(first_price):
            ...                                 # your code here
        """,
    hints=[
        "Which shops show the difference between the first price and the one of the first shop in the list? How late "
        "is the first price, if the shops are asked one after the other?",
        "Make one shop slow, one fast, and one that fails before both: Shop(\"east\", latency=0.1, failure_rate=1). "
        "run.result, run.elapsed and the outcomes in run.tasks say the rest.",
        """
        Fill in the dots:
            slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
            fails = Shop("east", latency=0.1, failure_rate=1)
            run = simulate(first_price([slow, fails, fast], "tea"))
            assert run.result == ...
            assert run.elapsed == ...
            assert all(task.outcome != "pending" for task in ...)
        """,
    ],
    solution="""
        def test_first_price(first_price):
            slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
            fails = Shop("east", latency=0.1, failure_rate=1)
            run = simulate(first_price([slow, fails, fast], "tea"))
            assert run.result == fast.price_of("tea")
            assert run.elapsed == 0.2
            assert all(task.outcome != "pending" for task in run.tasks)
        """,
    why="Its shops are so different that each broken promise changes one of three things: the result, the time, or a "
        "task that is left behind.",
    follow_up="What should first_price do if every shop fails? Promise it, and test it.",
    setup="""\
import asyncio
from helpers import Shop, ShopBusy, ShopError, simulate
""",
    mistakes=[
        Mistake("value", "asks one shop after the other", """
            def test_first_price(first_price):
                shops = [Shop("north", latency=0.3), Shop("east", latency=0.1, failure_rate=1), Shop("south")]
                simulate(first_price(shops, "tea"))
            """),
        Mistake("value", "asks one shop after the other", """
            def test_first_price(first_price):
                fast, fails = Shop("south", latency=0.2), Shop("east", latency=0.1, failure_rate=1)
                run = simulate(first_price([fails, fast, Shop("north", latency=0.3)], "tea"))
                assert run.result == fast.price_of("tea")
            """),
        Mistake("value", "asks one shop after the other", """
            def test_first_price(first_price):
                shops = [Shop("north", latency=0.2), Shop("south", latency=0.2)]
                run = simulate(first_price(shops, "tea"))
                assert run.result in [shop.price_of("tea") for shop in shops]
                assert run.elapsed == 0.2
            """),
        Mistake("value", "the error of the first shop that fails", """
            def test_first_price(first_price):
                slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
                run = simulate(first_price([slow, fast], "tea"))
                assert run.result == fast.price_of("tea")
                assert run.elapsed == 0.2
                assert all(task.outcome != "pending" for task in run.tasks)
            """),
        Mistake("value", "the error of the first shop that fails", """
            def test_first_price(first_price):
                slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
                fails = Shop("east", latency=1, failure_rate=1)
                run = simulate(first_price([slow, fails, fast], "tea"))
                assert run.result == fast.price_of("tea")
                assert run.elapsed == 0.2
                assert all(task.outcome != "pending" for task in run.tasks)
            """),
        Mistake("value", "leaves the other requests behind", """
            def test_first_price(first_price):
                slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
                fails = Shop("east", latency=0.1, failure_rate=1)
                run = simulate(first_price([slow, fails, fast], "tea"))
                assert run.result == fast.price_of("tea")
                assert run.elapsed == 0.2
            """),
        Mistake("value", "leaves the other requests behind", """
            def test_first_price(first_price):
                slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
                fails = Shop("east", latency=0.1, failure_rate=1)
                run = simulate(first_price([slow, fails, fast], "tea"))
                assert run.result == fast.price_of("tea")
                assert run.elapsed == 0.2
                assert slow.in_flight == fast.in_flight == 0
            """),
        Mistake("value", "waits for all shops", """
            def test_first_price(first_price):
                slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
                fails = Shop("east", latency=0.1, failure_rate=1)
                run = simulate(first_price([slow, fails, fast], "tea"))
                assert run.result == fast.price_of("tea")
                assert run.elapsed < 0.5
                assert all(task.outcome != "pending" for task in run.tasks)
            """),
        Mistake("error", "fails on a program that keeps every promise", """
            def test_first_price(first_price):
                run = simulate(first_price([Shop("north", latency=0.3), Shop("south", latency=0.2)], "tea"))
                assert run.result == 320
            """),
        Mistake("error", "fails on a program that keeps every promise", """
            def test_first_price(first_price):
                slow, fast = Shop("north", latency=0.3), Shop("south", latency=0.2)
                fails = Shop("east", latency=0.1, failure_rate=1)
                run = simulate(first_price([slow, fails, fast], "tea"))
                assert run.result == fast.price_of("tea")
                assert run.elapsed == 0.2
                assert len(run.tasks) == 4
            """),
        Mistake("value", "asks one shop after the other", """
            def test_first_price(first_price):
                try:
                    fast = Shop("south", latency=0.2)
                    run = simulate(first_price([Shop("north", latency=0.3), fast], "tea"))
                    assert run.result == fast.price_of("tea")
                    assert run.elapsed == 0.2
                except Exception:
                    pass
            """),
        Mistake("forgotten await", "what this exercise gives you to run a coroutine", """
            def test_first_price(first_price):
                shops = [Shop("north", latency=0.3), Shop("south", latency=0.2)]
                assert first_price(shops, "tea")
            """),
        Mistake("async", "Begin it with def", """
            async def test_first_price(first_price):
                fast = Shop("south", latency=0.2)
                assert await first_price([Shop("north", latency=0.3), fast], "tea") == fast.price_of("tea")
            """),
    ],
    advice={
        "value: asks one shop after the other":
            "Assert how long it takes, as an exact time, and put the fastest shop last in the list: one after the "
            "other takes the sum of their latencies.",
        "value: waits for all shops":
            "Assert the exact time: the latency of the fastest shop that gives a price.",
        "value: the error of the first shop":
            "Add a shop that fails before any other answers, such as Shop(\"east\", latency=0.1, failure_rate=1).",
        "value: the price of the first shop":
            "Put a slow shop first in the list, and assert that the price is the one of the fastest.",
        "value: leaves the other requests behind":
            "Look at the outcome of each task in run.tasks: \"pending\" is one that was left behind. simulate cancels "
            "those at the end, so the shops no longer show them.",
        "endless: of real time":
            "Call first_price in simulate, which does not wait in real time, as asyncio.run does: "
            "run = simulate(first_price(shops, \"tea\")).",
        "error: ^AssertionError":
            "Assert only what is promised: not which tasks do the work, and no price that you have not given to a shop "
            "or asked it for with price_of.",
    },
)

FirstPrice = Callable[[Sequence[Shop], str], Awaitable[int]]


async def cancels_the_rest(shops: Sequence[Shop], item: str) -> int:
    """Keeps every promise."""
    waiting = {asyncio.create_task(shop.price(item)) for shop in shops}
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.exception() is None:
                    return task.result()
        raise ConnectionError("no shop gives a price")
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def asks_by_way_of_a_queue(shops: Sequence[Shop], item: str) -> int:
    """Keeps every promise, with one task more than others."""
    prices: asyncio.Queue[int] = asyncio.Queue()

    async def ask(shop: Shop) -> None:
        with contextlib.suppress(ConnectionError):
            prices.put_nowait(await shop.price(item))

    tasks = [asyncio.create_task(ask(shop)) for shop in shops]
    first = asyncio.create_task(prices.get())
    everything = asyncio.create_task(asyncio.wait(tasks))
    either: list[asyncio.Task[Any]] = [first, everything]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not first.done() and prices.empty():
        first.cancel()
    for task in (*tasks, everything):
        task.cancel()
    answers = await asyncio.gather(first, *tasks, everything, return_exceptions=True)
    if isinstance(answers[0], int):
        return answers[0]
    raise ConnectionError("no shop gives a price")


async def one_after_the_other(shops: Sequence[Shop], item: str) -> int:
    """Asks the next shop when one has failed."""
    for shop in shops:
        with contextlib.suppress(ConnectionError):
            return await shop.price(item)
    raise ConnectionError("no shop gives a price")


async def lets_an_error_out(shops: Sequence[Shop], item: str) -> int:
    """Takes what ends first, be it a price or an error."""
    tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return next(task for task in tasks if task in done).result()


async def cancels_nothing(shops: Sequence[Shop], item: str) -> int:
    """Leaves the slower requests as they are."""
    for answer in asyncio.as_completed([asyncio.create_task(shop.price(item)) for shop in shops]):
        with contextlib.suppress(ConnectionError):
            return await answer
    raise ConnectionError("no shop gives a price")


async def waits_for_all(shops: Sequence[Shop], item: str) -> int:
    """Gives the price that came first, but only when all shops have answered."""
    prices = []

    async def ask(shop: Shop) -> None:
        with contextlib.suppress(ConnectionError):
            prices.append(await shop.price(item))

    await asyncio.gather(*[ask(shop) for shop in shops])
    return prices[0]


async def takes_the_first_shop(shops: Sequence[Shop], item: str) -> int:
    """Asks all shops, and gives the price of the first in the list that has one."""
    tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
    try:
        for task in tasks:
            with contextlib.suppress(ConnectionError):
                return await task
        raise ConnectionError("no shop gives a price")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def line_of(error: BaseException) -> str:
    """The line of source out of which an exception came."""
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].line or "" if frames else ""


def assertions() -> tuple[type[BaseException], ...]:
    """What a test raises to fail. What pytest.fail and pytest.raises do so with is not even an Exception."""
    pytest = sys.modules.get("pytest")          # a test that has not imported it raises nothing of it
    return (AssertionError,) if pytest is None else (AssertionError, pytest.fail.Exception)


def passes(run: Callable[[], Any]) -> None:
    """Demand that a test passes."""
    try:
        run()
    except BaseException as error:
        if not isinstance(error, assertions()):
            raise
        raise _fails_on_a_right_one(error) from None


def _fails_on_a_right_one(error: BaseException) -> AssertionError:
    return Failed("error", f"AssertionError: your test fails on a program that keeps every promise: {line_of(error)}",
                  "it passes")


def finds(test: Callable[[FirstPrice], Any], program: FirstPrice, what: str) -> None:
    """Demand that a test fails on a program that is wrong; `what` says what that program does."""
    try:
        test(program)
    except BaseException as error:
        if not isinstance(error, (Exception, *assertions())):
            raise
        return
    raise Failed("value", f"your test passes on a program that {what}", "an exception comes out of it")


@test_first_price.case()
def right(answer):
    """The test is run on a program that keeps every promise."""
    passes(lambda: answer(cancels_the_rest))


@test_first_price.case()
def right_in_another_way(answer):
    """The test is run on another program that keeps every promise, and does so with other tasks."""
    passes(lambda: answer(asks_by_way_of_a_queue))


@test_first_price.case()
def finds_one_after_the_other(answer):
    """The test is run on a program that breaks a promise."""
    finds(answer, one_after_the_other, "asks one shop after the other")


@test_first_price.case()
def finds_the_error(answer):
    """The test is run on a program that breaks a promise."""
    finds(answer, lets_an_error_out, "raises the error of the first shop that fails")


@test_first_price.case()
def finds_what_is_left(answer):
    """The test is run on a program that breaks a promise."""
    finds(answer, cancels_nothing, "leaves the other requests behind, when it has a price")


@test_first_price.case()
def finds_the_wait_for_all(answer):
    """The test is run on a program that breaks a promise."""
    finds(answer, waits_for_all, "waits for all shops before it returns the first price")


@test_first_price.case()
def finds_the_first_shop(answer):
    """The test is run on a program that breaks a promise."""
    finds(answer, takes_the_first_shop, "returns the price of the first shop in the list that has one")


# -- a test that needs no luck -----------------------------------------------------------------------------------------

test_feed = Exercise(
    lesson="14",
    title="Make a flaky test deterministic",
    task="""
        Rewrite this test so that its outcome does not depend on how fast the shops are:

            async def test_feed(feed):
                feed.start()
                await asyncio.sleep(0.5)
                assert feed.prices == {"north": 320, "south": 290}

        `feed.start()` starts a task and returns at once. The task fills `feed.prices`, and sets the event
        `feed.finished` when all prices are there. `await feed.stop()` ends the task.

        The test ends as soon as it can: it passes if the prices are right, and fails if they are wrong, or if the feed
        has not finished after 60 seconds. In every case it awaits `feed.stop()` last.
        """,
    starter="""
        async def test_feed(feed):
            ...                                 # your code here
        """,
    hints=[
        "What does the sleep wait for? Which object tells you that it has happened?",
        "Await feed.finished.wait(), in asyncio.timeout(60). Where does feed.stop() stand, so that it runs also when "
        "the test fails?",
        """
        Fill in the dots:
            feed.start()
            try:
                async with ...:
                    await ...
                assert feed.prices == {"north": 320, "south": 290}
            finally:
                await ...
        """,
    ],
    solution="""
        async def test_feed(feed):
            feed.start()
            try:
                async with asyncio.timeout(60):
                    await feed.finished.wait()
                assert feed.prices == {"north": 320, "south": 290}
            finally:
                await feed.stop()
        """,
    why="It waits for the event itself, so it takes as long as the feed does; the 60 seconds only decide when to give "
        "up.",
    follow_up="If feed had no event, on what else could a test wait?",
    mistakes=[
        Mistake("early", "Give up after 60 seconds", """
            async def test_feed(feed):
                feed.start()
                try:
                    await asyncio.wait_for(feed.finished.wait(), 5)
                    assert feed.prices == {"north": 320, "south": 290}
                finally:
                    await feed.stop()
            """),
        Mistake("error", "not for a time", """
            async def test_feed(feed):
                feed.start()
                try:
                    await asyncio.sleep(0.5)
                    assert feed.prices == {"north": 320, "south": 290}
                finally:
                    await feed.stop()
            """),
        Mistake("error", "a sleep is a bet", """
            async def test_feed(feed):
                feed.start()
                try:
                    await asyncio.sleep(0.1)
                    assert feed.prices == {"north": 320, "south": 290}
                finally:
                    await feed.stop()
            """),
        Mistake("slow", "a sleep ends too late", """
            async def test_feed(feed):
                feed.start()
                try:
                    await asyncio.sleep(60)
                    assert feed.prices == {"north": 320, "south": 290}
                finally:
                    await feed.stop()
            """),
        Mistake("deadlock", "asyncio.timeout(60)", """
            async def test_feed(feed):
                feed.start()
                try:
                    await feed.finished.wait()
                    assert feed.prices == {"north": 320, "south": 290}
                finally:
                    await feed.stop()
            """),
        Mistake("value", "passes although the prices are wrong", """
            async def test_feed(feed):
                feed.start()
                try:
                    async with asyncio.timeout(60):
                        await feed.finished.wait()
                finally:
                    await feed.stop()
            """),
        Mistake("clean-up", "finally", """
            async def test_feed(feed):
                feed.start()
                async with asyncio.timeout(60):
                    await feed.finished.wait()
                assert feed.prices == {"north": 320, "south": 290}
                await feed.stop()
            """),
        Mistake("clean-up", "finally", """
            async def test_feed(feed):
                feed.start()
                async with asyncio.timeout(60):
                    await feed.finished.wait()
                assert feed.prices == {"north": 320, "south": 290}
            """),
        Mistake("error", "the first price", """
            async def test_feed(feed):
                feed.start()
                try:
                    async with asyncio.timeout(60):
                        while not feed.prices:
                            await asyncio.sleep(0.01)
                    assert feed.prices == {"north": 320, "south": 290}
                finally:
                    await feed.stop()
            """),
        Mistake("slow", "a sleep ends too late", """
            async def test_feed(feed):
                feed.start()
                try:
                    async with asyncio.timeout(60):
                        while not feed.finished.is_set():
                            await asyncio.sleep(0.1)
                    assert feed.prices == {"north": 320, "south": 290}
                finally:
                    await feed.stop()
            """),
        Mistake("forgotten await", "await", """
            async def test_feed(feed):
                feed.start()
                try:
                    async with asyncio.timeout(60):
                        feed.finished.wait()
                    assert feed.prices == {"north": 320, "south": 290}
                finally:
                    await feed.stop()
            """),
        Mistake("value", "has not finished", """
            async def test_feed(feed):
                feed.start()
                try:
                    async with asyncio.timeout(60):
                        await feed.finished.wait()
                    assert feed.prices == {"north": 320, "south": 290}
                except TimeoutError:
                    pass
                finally:
                    await feed.stop()
            """),
    ],
    advice={
        "error: after 0 s":
            "Wait for feed.finished before you look at the prices.",
        "error: with some of the prices":
            "Wait for feed.finished, and not for a time or for the first price: before it is set, feed.prices may hold "
            "only some of the prices.",
        "error: ^AssertionError":
            "Wait for feed.finished instead of a time: a sleep is a bet on how fast the shops are.",
        "slow": "Await feed.finished.wait(): it ends when the feed does, with right prices or wrong ones, and a sleep "
                "ends too late.",
        "endless: steps": "Await feed.finished.wait(): a loop that asks again and again without a pause stops virtual "
                          "time.",
        "early": "Give up after 60 seconds, and no earlier: until then, the feed may still finish.",
        "deadlock": "Put asyncio.timeout(60) around the wait: this feed never finishes, and nothing else ends the "
                    "test.",
        "value: wrong price": "Compare feed.prices with the two prices, once the feed has finished.",
        "value: has not finished": "Let the TimeoutError come out: it is what makes the test fail.",
        "clean-up": "Put await feed.stop() into a finally: it then runs also when an assert or the timeout ends the "
                    "test.",
    },
)


class Feed:
    """Fills a dictionary of prices in the background.

    latencies   shop -> seconds until its price is there; None is never
    prices      shop -> cents, which are there afterwards
    """

    def __init__(self, latencies: Mapping[str, float | None], cents: Mapping[str, int]) -> None:
        self._latencies, self._cents = latencies, cents
        self._task: asyncio.Task[None] | None = None
        self.prices: dict[str, int] = {}
        self.finished = asyncio.Event()
        self.stopped = False

    def start(self) -> None:
        """Start to fill it."""
        require(self._task is None, "value", "the feed was started twice", "it is started once")
        self._task = asyncio.create_task(self._fill(), name="feed")

    async def stop(self) -> None:
        """End the task, if it is still at work."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.stopped = True

    async def _fill(self) -> None:
        passed = 0.0
        for shop, latency in self._latencies.items():
            if latency is None:
                await asyncio.get_running_loop().create_future()        # never
            else:
                await asyncio.sleep(latency - passed)
                passed = latency
            self.prices[shop] = self._cents[shop]
        self.finished.set()


PRICES = {"north": 320, "south": 290}


async def try_feed(answer, feed: Feed, wrong: str) -> None:
    """Run a test on a feed: `wrong` says what is the matter with the feed; "" if nothing is."""
    failed: BaseException | None = None
    try:
        await answer(feed)
    except BaseException as error:
        if not isinstance(error, (TimeoutError, *assertions()) if not wrong else (Exception, *assertions())):
            raise
        failed = error
    stopped = feed.stopped
    await feed.stop()
    if not wrong and failed is not None:
        after = asyncio.get_running_loop().time()
        if isinstance(failed, TimeoutError):
            raise Failed("early", f"your test gives up after {after:g} s, before the feed has finished", "it passes")
        how = " with some of the prices" if 0 < len(feed.prices) < 2 else ""
        raise Failed("error", f"AssertionError: your test fails after {after:g} s{how}, before the feed has finished",
                     "it passes")
    require(stopped, "clean-up", "the test is over, and feed.stop() was not awaited", "the feed is stopped")
    require(failed is not None or not wrong, "value", f"your test passes although {wrong}", "it fails")


@test_feed.case(elapsed=20.05)
async def slow_feed(answer):
    """The prices are there after 0.2 and 20.05 s, and right."""
    await try_feed(answer, Feed({"north": 0.2, "south": 20.05}, PRICES), "")


@test_feed.case(elapsed=0.2, drawn=True)
async def fast_feed(answer):
    """The prices are there after 0.1 and 0.2 s, and right."""
    await try_feed(answer, Feed({"north": 0.1, "south": 0.2}, PRICES), "")


@test_feed.case(elapsed=0.35)
async def wrong_price(answer):
    """The prices are there after 0.1 and 0.35 s. The price of south is wrong, so the test fails."""
    await try_feed(answer, Feed({"north": 0.1, "south": 0.35}, PRICES | {"south": 291}),
                   "the prices are wrong: a wrong price of south")


@test_feed.case(elapsed=60)
async def never_finished(answer):
    """North's price is there after 0.1 s, and south's never, so the test fails after 60 s."""
    await try_feed(answer, Feed({"north": 0.1, "south": None}, PRICES), "the feed has not finished after 60 s")


@test_feed.case(elapsed=60)
async def never_finished_with_all_prices(answer):
    """Both prices are there after 0.2 s, but feed.finished is never set, so the test fails after 60 s."""
    await try_feed(answer, Feed({"north": 0.1, "south": 0.2, "east": None}, PRICES),
                   "the feed has not finished after 60 s")


# -- clean-up ----------------------------------------------------------------------------------------------------------

test_follow = Exercise(
    lesson="14",
    title="Test what happens when a task is cancelled",
    task="""
        `follow(line, prices)` is a coroutine function that somebody else has written: it awaits `line.open()`, then
        appends what `await line.receive()` gives to the list `prices`, for ever. It promises: when it is cancelled
        while it receives, it awaits `line.close()`, and ends as cancelled, all within a second.

        Write `test_follow(follow, line)`: it runs `follow`, cancels it after 0.3 seconds, and fails if the promise is
        broken. `line.open()` and `line.close()` take 0.1 seconds, `line.receive()` 0.15. After `line.close()`,
        `line.closed` is True. The test itself ends within 2 seconds, whatever `follow` does.
        """,
    starter="""
        async def test_follow(follow, line):
            ...                                 # your code here
        """,
    hints=[
        "follow never returns, so you need a task of it. What do you do with the task after 0.3 seconds? How long do "
        "you then wait for it?",
        "asyncio.wait([task], timeout=1) waits for a task, for a second at most, and raises nothing: not the exception "
        "of the task, and no TimeoutError.",
        """
        Fill in the dots:
            task = asyncio.create_task(...)
            await asyncio.sleep(0.3)
            task.cancel()
            await asyncio.wait([task], timeout=1)
            assert ...
            assert ...
        """,
    ],
    solution="""
        async def test_follow(follow, line):
            task = asyncio.create_task(follow(line, []))
            await asyncio.sleep(0.3)
            task.cancel()
            await asyncio.wait([task], timeout=1)
            assert task.cancelled()
            assert line.closed
        """,
    why="asyncio.wait has a deadline of its own, and leaves the task as it is, so each part of the promise can be "
        "asserted: ended in time, as cancelled, with the line closed.",
    follow_up="At which other moments could follow be cancelled? Run your test at each of them.",
    mistakes=[
        Mistake("value", "does not close the line", """
            async def test_follow(follow, line):
                task = asyncio.create_task(follow(line, []))
                await asyncio.sleep(0.3)
                task.cancel()
                await asyncio.wait([task], timeout=1)
                assert task.cancelled()
            """),
        Mistake("value", "returns instead of ending as cancelled", """
            async def test_follow(follow, line):
                task = asyncio.create_task(follow(line, []))
                await asyncio.sleep(0.3)
                task.cancel()
                await asyncio.wait([task], timeout=1)
                assert line.closed
            """),
        Mistake("value", "returns instead of ending as cancelled", """
            async def test_follow(follow, line):
                task = asyncio.create_task(follow(line, []))
                await asyncio.sleep(0.3)
                task.cancel()
                await asyncio.wait([task], timeout=1)
                assert task.done()
                assert line.closed
            """),
        Mistake("deadlock", "timeout=1", """
            async def test_follow(follow, line):
                task = asyncio.create_task(follow(line, []))
                await asyncio.sleep(0.3)
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
                assert line.closed
            """),
        Mistake("error", "may still be closing the line", """
            async def test_follow(follow, line):
                task = asyncio.create_task(follow(line, []))
                await asyncio.sleep(0.3)
                task.cancel()
                assert task.cancelled()
                assert line.closed
            """),
        Mistake("error", "may still be closing the line", """
            async def test_follow(follow, line):
                task = asyncio.create_task(follow(line, []))
                await asyncio.sleep(0.3)
                task.cancel()
                await asyncio.sleep(0)
                assert task.cancelled()
                assert line.closed
            """),
        Mistake("cancelled", "return_exceptions=True", """
            async def test_follow(follow, line):
                task = asyncio.create_task(follow(line, []))
                await asyncio.sleep(0.3)
                task.cancel()
                await task
                assert line.closed
            """),
        Mistake("value", "nothing was received", """
            async def test_follow(follow, line):
                task = asyncio.create_task(follow(line, []))
                await asyncio.sleep(0.05)
                task.cancel()
                await asyncio.wait([task], timeout=1)
                assert task.cancelled()
            """),
        Mistake("forgotten await", "await", """
            async def test_follow(follow, line):
                follow(line, [])
                await asyncio.sleep(0.3)
                assert not line.closed
            """),
    ],
    advice={
        "value: does not close": "Assert line.closed, after the wait for the task.",
        "value: returns instead": "Assert task.cancelled(): it is False for a task that returned after its "
                                  "cancellation. task.done() is True for both.",
        "value: too late": "Look at the task a second after the cancellation: it has ended by then.",
        "value: goes on": "Assert task.cancelled(), a second after the cancellation: it is False for a task that goes "
                          "on.",
        "value: nothing was received": "Cancel it after 0.3 seconds, as the task asks: then it receives.",
        "deadlock": "Write asyncio.wait([task], timeout=1): this program never ends after its cancellation, and the "
                    "test has to.",
        "endless": "Write asyncio.wait([task], timeout=1): this program never ends after its cancellation, and the "
                   "test has to.",
        "slow": "Wait for the task for one second at most: asyncio.wait([task], timeout=1).",
        "error: ^AssertionError": "Give the task a whole second to clean up: task.cancel() only asks it to end, and it "
                                  "may still be closing the line. asyncio.wait([task], timeout=1) waits for the end.",
    },
)


class Line:
    """A line to a shop, as a program uses it; it notes what was done with it."""

    def __init__(self) -> None:
        self.opened = self.closed = False
        self.received = 0

    async def open(self) -> None:
        """Open it."""
        await asyncio.sleep(0.1)
        self.opened = True

    async def receive(self) -> int:
        """The next price."""
        await asyncio.sleep(0.15)
        self.received += 1
        return 300 + self.received

    async def close(self) -> None:
        """Close it."""
        await asyncio.sleep(0.1)
        self.closed = True


Follow = Callable[[Line, list[int]], Awaitable[None]]


async def follows(line: Line, prices: list[int]) -> None:
    """Keeps the promise."""
    await line.open()
    try:
        while True:
            prices.append(await line.receive())
    finally:
        await line.close()


async def follows_in_a_task(line: Line, prices: list[int]) -> None:
    """Keeps the promise, takes 0.9 s for it, and closes the line in a task."""
    await line.open()
    try:
        while True:
            prices.append(await line.receive())
    except asyncio.CancelledError:
        await asyncio.sleep(0.8)
        await asyncio.create_task(line.close())
        raise


async def never_closes(line: Line, prices: list[int]) -> None:
    """Closes the line only after an Exception, which a CancelledError is none of."""
    await line.open()
    try:
        while True:
            prices.append(await line.receive())
    except Exception:
        await line.close()
        raise


async def returns_instead(line: Line, prices: list[int]) -> None:
    """Swallows the cancellation."""
    await line.open()
    try:
        while True:
            prices.append(await line.receive())
    except asyncio.CancelledError:
        await line.close()


async def hangs(line: Line, prices: list[int]) -> None:
    """Waits for ever, once it has closed the line."""
    try:
        await follows(line, prices)
    finally:
        await asyncio.Event().wait()


async def too_late(line: Line, prices: list[int]) -> None:
    """Closes the line, and takes three seconds more to end."""
    try:
        await follows(line, prices)
    finally:
        await asyncio.sleep(3)


async def goes_on(line: Line, prices: list[int]) -> None:
    """Closes the line, opens it once more, and goes on."""
    with contextlib.suppress(asyncio.CancelledError):
        await follows(line, prices)
    while True:
        await line.receive()


async def try_follow(answer, program: Follow, wrong: str) -> None:
    """Run a test on a program: `wrong` says what is the matter with the program; "" if nothing is."""
    line, loop, before = Line(), asyncio.get_running_loop(), asyncio.all_tasks()
    begin = loop.time()
    failed: BaseException | None = None
    try:
        await answer(program, line)
    except BaseException as error:
        if not isinstance(error, (TimeoutError, *assertions()) if wrong else assertions()):
            raise
        failed = error
    me = asyncio.current_task()
    if me is not None and me.cancelling():      # a deadlock is being ended, and the answer has caught that
        raise asyncio.CancelledError
    took = loop.time() - begin
    for task in asyncio.all_tasks() - before:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=10)
    if not wrong and failed is not None:
        raise Failed("error", f"AssertionError: your test fails on a program that keeps the promise: {line_of(failed)}",
                     "it passes")
    require(line.received, "value", "the test is over, and nothing was received before", "follow is at work for 0.3 s")
    require(failed is not None or not wrong, "value", f"your test passes on a program that {wrong}", "it fails")
    require(took <= 2, "slow", f"the test took {took:g} s", "it ends within 2 s")


@test_follow.case(drawn=True)
async def keeps_the_promise(answer):
    """The test is run on a program that keeps the promise."""
    await try_follow(answer, follows, "")


@test_follow.case()
async def keeps_it_slowly(answer):
    """The test is run on a program that keeps the promise, and takes 0.9 s for it."""
    await try_follow(answer, follows_in_a_task, "")


@test_follow.case()
async def finds_the_open_line(answer):
    """The test is run on a program that breaks the promise."""
    await try_follow(answer, never_closes, "does not close the line when it is cancelled")


@test_follow.case()
async def finds_the_swallowed(answer):
    """The test is run on a program that breaks the promise."""
    await try_follow(answer, returns_instead, "closes the line, and returns instead of ending as cancelled")


@test_follow.case()
async def finds_the_hanging_end(answer):
    """The test is run on a program that breaks the promise: when it is cancelled, it closes the line, and then waits
    for ever."""
    await try_follow(answer, hangs, "closes the line, and never ends")


@test_follow.case()
async def finds_the_late_end(answer):
    """The test is run on a program that breaks the promise."""
    await try_follow(answer, too_late, "closes the line, and ends too late: 3 s after that")


@test_follow.case()
async def finds_what_goes_on(answer):
    """The test is run on a program that breaks the promise: when it is cancelled, it closes the line, and goes on."""
    await try_follow(answer, goes_on, "closes the line, and goes on")


# -- questions -------------------------------------------------------------------------------------------------------

predict_mutants = predict(
    "A mutant has no limit: it makes all requests at once. Which of the three tests fail?",
    {
        "test_prices and test_limit": "The prices are the same, however they are asked for.",
        "test_limit alone": "The result is the same; the peak and the time are not, and only this test looks at them.",
        "all three": "The result is the same, and so is the hour of an outage. What differs?",
    },
    right="test_limit alone",
)

predict_async_test = predict(
    "The test is wrong: the price is not 999. It is an async def in a plain TestCase. What does unittest say?",
    {
        "OK": "It calls the method and gets a coroutine object, which nobody awaits: the assert never runs.",
        "FAILED": "For that, somebody would have to await the coroutine. Who does?",
        "an error: a TestCase has no event loop": "No loop is needed to call the method, and nothing else is done.",
    },
    right="OK",
)

predict_fixture = predict(
    "The fixture holds a timeout of 1 second open around the test, which sleeps for 3 seconds. What becomes of the "
    "test?",
    {
        "it fails, with TimeoutError": "A timeout cancels the task that entered it. Is that the task of the test?",
        "it is cancelled, and reported as an error": "To be cancelled, it would have to be the task that entered the "
                                                     "timeout.",
        "it passes": "The timeout belongs to the task of the fixture, and that is another one.",
    },
    right="it passes",
)

predict_flaky = predict(
    "The shop takes 0.3 seconds on average, at random. The test sleeps for a whole second. Of 200 runs, how many fail?",
    {
        "none": "The average is 0.3 s, but with these latencies about one request in 28 takes longer than a second.",
        "5": "Few enough that one runs the test again and forgets it, and enough to stop a suite of fifty such tests.",
        "60": "About so many fail with a sleep of 0.39 s.",
    },
    right="5",
)

predict_starts = predict(
    "Hypothesis tries many lists of starts, and reports the simplest for which the test fails. Which is it?",
    {
        "[0, 5]": "The first order is paid after 2 s, so the second reads what is left after it.",
        "[0, 0]": "It takes two orders that overlap, and 0 is the simplest number.",
        "[0, 0, 0]": "Three orders at once fail, too. Do two?",
        "[0, 1]": "It fails. Is there a simpler list, one with smaller numbers?",
    },
    right="[0, 0]",
)
