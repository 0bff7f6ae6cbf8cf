"""The exercises and questions of notebook 15: the parts of a service that the learner writes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from helpers.checker import Exercise, Mistake, cancelled, equal, predict, require
from helpers.simulated_io import Shop

SETUP = "import asyncio\n"


def _set_after(seconds: float) -> asyncio.Event:
    """An event that is set so many seconds from now; at 0 it is set already."""
    event = asyncio.Event()
    if seconds:
        asyncio.get_running_loop().call_later(seconds, event.set)
    else:
        event.set()
    return event


# -- the fan-out: a limit, a deadline, and shops that fail -------------------------------------------------------------

ask_all = Exercise(
    lesson="15",
    title="Ask all shops, within a limit and a deadline",
    task="""
        Write `ask_all(ask, shops, limit, seconds)`: `await ask(shop)` gives the price of one shop, or ends with a
        `ConnectionError` if it has none. `ask_all` returns a dictionary with the prices of those shops that gave one.
        It asks at most `limit` shops at the same time, and as many as that while there are enough. When `seconds` have
        passed since the call, it returns what it has, and no request goes on. Any other exception comes out, as it is
        or in an exception group.
        """,
    starter="""
        async def ask_all(ask, shops, limit, seconds):
            ...                                 # your code here
        """,
    hints=[
        "Let each task put its own price into a dictionary as soon as it has it. What is left to do at the deadline?",
        "A semaphore limits the requests. A task group inside of asyncio.timeout stops them at the deadline. Catch the "
        "ConnectionError in the task of each shop, and the TimeoutError outside.",
        """
        Fill in the dots:
            prices, slots = {}, asyncio.Semaphore(limit)

            async def ask_one(shop):
                async with ...:
                    try:
                        prices[shop] = ...
                    except ConnectionError:
                        pass

            try:
                async with asyncio.timeout(...), asyncio.TaskGroup() as group:
                    ...
            except TimeoutError:
                pass
            return prices
        """,
    ],
    solution="""
        async def ask_all(ask, shops, limit, seconds):
            prices, slots = {}, asyncio.Semaphore(limit)

            async def ask_one(shop):
                async with slots:
                    try:
                        prices[shop] = await ask(shop)
                    except ConnectionError:
                        pass                                # this shop has no price

            try:
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask_one(shop), name=shop)
            except TimeoutError:
                pass                                        # the others have answered
            return prices
        """,
    why="Each task stores its own price at once, so the deadline, which cancels the group, loses none that has come.",
    follow_up="Where would a timeout for a single shop go, so that it does not count the wait for the semaphore?",
    advice={
        "value: ^the number of prices":
            "Use one asyncio.timeout(seconds) around all requests together, so that the wait for a turn counts, too.",
        "value: ^what has come":
            "Let each task put its price into the dictionary as soon as it has it: what has come by the deadline is "
            "there, then.",
        "error: ^TimeoutError":
            "The deadline is no failure. Catch the TimeoutError outside of the timeout block, and return the prices "
            "that have come.",
    },
    mistakes=[
        Mistake("sequential", "one after another", """
            async def ask_all(ask, shops, limit, seconds):
                prices = {}
                try:
                    async with asyncio.timeout(seconds):
                        for shop in shops:
                            try:
                                prices[shop] = await ask(shop)
                            except ConnectionError:
                                pass
                except TimeoutError:
                    pass
                return prices
            """),
        Mistake("peak", "in flight", """
            async def ask_all(ask, shops, limit, seconds):
                prices = {}
                async def ask_one(shop):
                    try:
                        prices[shop] = await ask(shop)
                    except ConnectionError:
                        pass
                try:
                    async with asyncio.timeout(seconds):
                        await asyncio.gather(*[ask_one(shop) for shop in shops])
                except TimeoutError:
                    pass
                return prices
            """),
        Mistake("error", "gave no price", """
            async def ask_all(ask, shops, limit, seconds):
                slots = asyncio.Semaphore(limit)
                async def ask_one(shop):
                    async with slots:
                        return await ask(shop)
                async with asyncio.timeout(seconds):
                    return dict(zip(shops, await asyncio.gather(*[ask_one(shop) for shop in shops])))
            """),
        Mistake("error", "Catch the TimeoutError outside", """
            async def ask_all(ask, shops, limit, seconds):
                prices, slots = {}, asyncio.Semaphore(limit)
                async def ask_one(shop):
                    async with slots:
                        try:
                            prices[shop] = await ask(shop)
                        except ConnectionError:
                            pass
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask_one(shop))
                return prices
            """),
        Mistake("value", "as soon as", """
            async def ask_all(ask, shops, limit, seconds):
                slots = asyncio.Semaphore(limit)
                async def ask_one(shop):
                    async with slots:
                        return await ask(shop)
                try:
                    async with asyncio.timeout(seconds):
                        answers = await asyncio.gather(*[ask_one(shop) for shop in shops], return_exceptions=True)
                except TimeoutError:
                    return {}
                return {shop: price for shop, price in zip(shops, answers) if isinstance(price, int)}
            """),
        Mistake("value", "one asyncio.timeout", """
            async def ask_all(ask, shops, limit, seconds):
                prices, slots = {}, asyncio.Semaphore(limit)
                async def ask_one(shop):
                    async with slots:
                        try:
                            async with asyncio.timeout(seconds):
                                prices[shop] = await ask(shop)
                        except (ConnectionError, TimeoutError):
                            pass
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask_one(shop))
                return prices
            """),
        Mistake("no exception", "no exception came out", """
            async def ask_all(ask, shops, limit, seconds):
                prices, slots = {}, asyncio.Semaphore(limit)
                async def ask_one(shop):
                    async with slots:
                        try:
                            prices[shop] = await ask(shop)
                        except Exception:
                            pass
                try:
                    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                        for shop in shops:
                            group.create_task(ask_one(shop))
                except TimeoutError:
                    pass
                return prices
            """),
        Mistake("swallowed", "as if nothing", """
            async def ask_all(ask, shops, limit, seconds):
                prices, slots = {}, asyncio.Semaphore(limit)
                async def ask_one(shop):
                    async with slots:
                        try:
                            prices[shop] = await ask(shop)
                        except ConnectionError:
                            pass
                try:
                    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                        for shop in shops:
                            group.create_task(ask_one(shop))
                except (TimeoutError, asyncio.CancelledError):
                    pass
                return prices
            """),
    ],
    setup=SETUP,
)


def _asker(*shops: Shop) -> tuple[Callable[[str], Any], list[str]]:
    """`ask` for these shops, and their names."""
    by_name = {shop.name: shop for shop in shops}

    async def ask(name: str) -> int:
        return await by_name[name].price("tea")

    return ask, list(by_name)


@ask_all.case(returns={"north": 320, "south": 290}, elapsed=0.3)
async def two_shops(answer):
    """Two shops, which may be asked at the same time, answer after 0.3 and 0.2 s."""
    ask, names = _asker(Shop("north", latency=0.3, prices={"tea": 320}), Shop("south", latency=0.2,
                                                                             prices={"tea": 290}))
    return await answer(ask, names, 10, 5)


@ask_all.case(returns={"east": 305, "south": 290}, elapsed=0.3)
async def one_is_closed(answer):
    """Of three shops, one ends with a ConnectionError after 0.1 s; the others answer after 0.2 and 0.3 s."""
    ask, names = _asker(Shop("east", latency=0.3, prices={"tea": 305}), Shop("north", latency=0.1, failure_rate=1),
                        Shop("south", latency=0.2, prices={"tea": 290}))
    return await answer(ask, names, 10, 5)


@ask_all.case(elapsed=0.6, peak=2)
async def two_at_once(answer):
    """Six shops, 0.2 s each, with limit=2."""
    shops = [Shop(f"shop {n}", latency=0.2, prices={"tea": 300 + n}) for n in range(6)]
    ask, names = _asker(*shops)
    equal(await answer(ask, names, 2, 5), {f"shop {n}": 300 + n for n in range(6)})


@ask_all.case(elapsed=1.0, drawn=True)
async def a_deadline(answer):
    """With seconds=1, one shop answers after 0.2 s, and one would need a minute: after 1 s the first price is there."""
    north, south = Shop("north", latency=0.2, prices={"tea": 320}), Shop("south", latency=60)
    ask, names = _asker(north, south)
    equal(await answer(ask, names, 10, 1.0), {"north": 320}, "what has come within 1 s")
    require(south.in_flight == 0, "clean-up", "after the deadline, the request to the slow shop goes on",
            "no request goes on")


@ask_all.case(elapsed=2.0)
async def the_deadline_of_all(answer):
    """With limit=1 and seconds=2, three shops need 0.8 s each: two of them have answered by then."""
    ask, names = _asker(*[Shop(f"shop {n}", latency=0.8, prices={"tea": 300}) for n in range(3)])
    got = await answer(ask, names, 1, 2.0)
    require(isinstance(got, dict), "value", f"the result is of the type {type(got).__name__}", "a dictionary")
    equal(len(got), 2, "the number of prices within 2 s")


@ask_all.case(raises=(OSError, ExceptionGroup))
async def no_error_of_a_shop(answer):
    """One of two requests ends with an OSError that is no ConnectionError: too many files are open."""
    async def ask(shop: str) -> int:
        await asyncio.sleep(0.1)
        if shop == "south":
            raise OSError("too many open files")
        return 320

    return await answer(ask, ["north", "south"], 10, 5)


@ask_all.case()
async def cancelled_while_it_asks(answer):
    """It is cancelled after 0.1 s, while its requests need 0.5 s."""
    shops = [Shop("north", latency=0.5), Shop("south", latency=0.5)]
    ask, names = _asker(*shops)
    await cancelled(answer(ask, names, 10, 5), after=0.1)
    require(not any(shop.in_flight for shop in shops), "clean-up", "after the cancellation, requests go on",
            "no request goes on")


# -- the rounds: no drift, no overlap, and an end ----------------------------------------------------------------------

watch = Exercise(
    lesson="15",
    title="Begin a round every minute, until you are told to stop",
    task="""
        Write `watch(one_round, every, stopping)`: it begins a round with `await one_round()` at once, and another one
        every `every` seconds: with 60, at 0, 60, 120 s and so on after the call, however long a round takes. A round
        never begins while another is under way: such a start is left out. When the event `stopping` is set, `watch`
        returns: at once if no round is under way, and otherwise when this round has ended, undisturbed. If the event
        is set at the beginning, there is no round. An exception of a round comes out.
        """,
    starter="""
        async def watch(one_round, every, stopping):
            ...                                 # your code here
        """,
    hints=[
        "Keep the time of the next start, on the clock of asyncio.get_running_loop().time(), and add to it. Do not "
        "count from the end of a round.",
        "Wait for stopping.wait(), not with asyncio.sleep: a timeout around it ends when the next round is due. No "
        "timeout may be around the round.",
        """
        Fill in the dots:
            clock = asyncio.get_running_loop().time
            start = clock()
            while not ...:
                await one_round()
                start += every
                while start < clock():          # that start is over
                    ...
                try:
                    async with asyncio.timeout_at(start):
                        await ...
                except TimeoutError:
                    pass
        """,
    ],
    solution="""
        async def watch(one_round, every, stopping):
            clock = asyncio.get_running_loop().time
            start = clock()
            while not stopping.is_set():
                await one_round()
                start += every
                while start < clock():              # its round would have begun while this one was under way
                    start += every
                try:
                    async with asyncio.timeout_at(start):
                        await stopping.wait()
                except TimeoutError:
                    pass
        """,
    why="The next start is counted from the last start, not from the end of the round, and between rounds it waits for "
        "the event, so that it hears of it at once.",
    follow_up="What would have to change if a round that fails should not end the watch?",
    advice={
        "value: ^the list of the starts":
            "Rounds are due at 0, every, 2 * every and so on after the call. Count on from the last start that was "
            "due, leave out those that are over, and look at the event before each round, also before the first.",
        "value: cut short":
            "Put no timeout around the round, and do not cancel it: look at the event when the round has ended.",
        "value: at the same time":
            "Await each round before you wait for the next start: then there is never more than one.",
        "slow":
            "Between two rounds, wait for the event, with a timeout at the next start: then it is heard of at once.",
    },
    mistakes=[
        Mistake("value", "starts", """
            async def watch(one_round, every, stopping):
                while not stopping.is_set():
                    await one_round()
                    try:
                        async with asyncio.timeout(every):
                            await stopping.wait()
                    except TimeoutError:
                        pass
            """),
        Mistake("slow", "Between two rounds", """
            async def watch(one_round, every, stopping):
                clock = asyncio.get_running_loop().time
                start = clock()
                while not stopping.is_set():
                    await one_round()
                    start += every
                    while start < clock():
                        start += every
                    await asyncio.sleep(start - clock())
            """),
        Mistake("value", "starts", """
            async def watch(one_round, every, stopping):
                clock = asyncio.get_running_loop().time
                start = clock()
                while not stopping.is_set():
                    await one_round()
                    start += every
                    try:
                        async with asyncio.timeout_at(start):
                            await stopping.wait()
                    except TimeoutError:
                        pass
            """),
        Mistake("value", "same time", """
            async def watch(one_round, every, stopping):
                async with asyncio.TaskGroup() as group:
                    while not stopping.is_set():
                        group.create_task(one_round())
                        try:
                            async with asyncio.timeout(every):
                                await stopping.wait()
                        except TimeoutError:
                            pass
            """),
        Mistake("value", "cut", """
            async def watch(one_round, every, stopping):
                clock = asyncio.get_running_loop().time
                start = clock()
                while not stopping.is_set():
                    start += every
                    try:
                        async with asyncio.timeout_at(start):
                            await one_round()
                            await stopping.wait()
                    except TimeoutError:
                        pass
            """),
        Mistake("value", "cut", """
            async def watch(one_round, every, stopping):
                async def rounds():
                    clock = asyncio.get_running_loop().time
                    start = clock()
                    while True:
                        await one_round()
                        start += every
                        while start < clock():
                            start += every
                        await asyncio.sleep(start - clock())
                if stopping.is_set():
                    return
                task = asyncio.create_task(rounds())
                stop = asyncio.create_task(stopping.wait())
                try:
                    done, _ = await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
                    if task in done:
                        task.result()
                finally:
                    task.cancel()
                    stop.cancel()
                    await asyncio.wait([task, stop])
            """),
        Mistake("no exception", "Let the exception", """
            async def watch(one_round, every, stopping):
                clock = asyncio.get_running_loop().time
                start = clock()
                while not stopping.is_set():
                    try:
                        await one_round()
                    except Exception:
                        pass
                    start += every
                    while start < clock():
                        start += every
                    try:
                        async with asyncio.timeout_at(start):
                            await stopping.wait()
                    except TimeoutError:
                        pass
            """),
        Mistake("value", "starts", """
            async def watch(one_round, every, stopping):
                clock = asyncio.get_running_loop().time
                start = clock()
                while True:
                    await one_round()
                    start += every
                    while start < clock():
                        start += every
                    try:
                        async with asyncio.timeout_at(start):
                            await stopping.wait()
                            return
                    except TimeoutError:
                        pass
            """),
    ],
    setup=SETUP,
)


class _Rounds:
    """Rounds that take so many seconds each, the last number for all further ones; and when they began."""

    def __init__(self, *lengths: float) -> None:
        self._lengths, self.under_way, self.most, self.cut = lengths, 0, 0, 0
        self._clock = asyncio.get_running_loop().time
        self._begin = self._clock()
        self.starts: list[float] = []

    async def one_round(self) -> None:
        length = self._lengths[min(len(self.starts), len(self._lengths) - 1)]
        self.starts.append(round(self._clock() - self._begin, 6))
        require(len(self.starts) <= 100, "endless", "there are more than a hundred rounds")
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(length)
        except BaseException:
            self.cut += 1
            raise
        finally:
            self.under_way -= 1

    def expect(self, starts: Sequence[float]) -> None:
        require(not self.cut, "value", "a round was cut short", "each round comes to its end")
        require(self.most <= 1, "value", f"{self.most} rounds are under way at the same time", "one round at a time")
        equal(self.starts, list(starts), "the list of the starts")


@watch.case(elapsed=20.0, drawn=True)
async def rounds_on_time(answer):
    """Rounds of 1, 3 and 2 s, every 8 s; after 20 s, between two rounds, it is to stop."""
    rounds = _Rounds(1, 3, 2)
    await answer(rounds.one_round, 8, _set_after(20))
    rounds.expect([0, 8, 16])


@watch.case(elapsed=22.0)
async def a_long_round(answer):
    """A round of 10 s, then rounds of 1 s, every 4 s; after 22 s it is to stop."""
    rounds = _Rounds(10, 1)
    await answer(rounds.one_round, 4, _set_after(22))
    rounds.expect([0, 12, 16, 20])


@watch.case(elapsed=10.0)
async def no_time_at_all(answer):
    """Rounds that take no time, every 4 s; after 10 s it is to stop."""
    rounds = _Rounds(0)
    await answer(rounds.one_round, 4, _set_after(10))
    rounds.expect([0, 4, 8])


@watch.case(elapsed=13.0)
async def stopped_in_a_round(answer):
    """Rounds of 5 s, every 8 s. It is to stop after 9 s, when the second round is under way until 13 s."""
    rounds = _Rounds(5)
    await answer(rounds.one_round, 8, _set_after(9))
    rounds.expect([0, 8])


@watch.case(elapsed=0.0)
async def stopped_before(answer):
    """The event is set already."""
    rounds = _Rounds(1)
    await answer(rounds.one_round, 8, _set_after(0))
    rounds.expect([])


@watch.case(raises=(OSError, ExceptionGroup), elapsed=8.0)
async def a_round_fails(answer):
    """The second round ends with an OSError: the disk is full."""
    rounds = _Rounds(1)

    async def one_round() -> None:
        if rounds.starts:
            raise OSError("no space left on device")
        await rounds.one_round()

    await answer(one_round, 8, _set_after(100))


@watch.case()
async def cancelled_in_a_round(answer):
    """It is cancelled after 2 s, in a round of 5 s."""
    rounds = _Rounds(5)
    await cancelled(answer(rounds.one_round, 8, _set_after(100)), after=2)
    require(not rounds.under_way, "clean-up", "the round goes on", "it ends, too")


@watch.case()
async def cancelled_between_rounds(answer):
    """It is cancelled after 6 s, between two rounds."""
    await cancelled(answer(_Rounds(5).one_round, 8, _set_after(100)), after=6)


# -- the end: a grace period -------------------------------------------------------------------------------------------

run_until = Exercise(
    lesson="15",
    title="Give the service a grace period",
    task="""
        Write `run_until(stopping, service, grace)`: it runs the coroutine `service`. From the moment at which the event
        `stopping` is set, the service has `grace` seconds to come to its end. If it has not ended by then, it is
        cancelled, and `run_until` waits until it has cleaned up. It returns `True` if the service ended by itself, and
        `False` if it was cancelled so. It ends as soon as the service has ended, also without the event. An exception
        of the service comes out, as it is or in an exception group. If `run_until` itself is cancelled, the service is
        cancelled, too, and has ended before `run_until` does.
        """,
    starter="""
        async def run_until(stopping, service, grace):
            ...                                 # your code here
        """,
    hints=[
        "Two things happen at the same time: the service runs, and something waits for the event, then for the grace "
        "period, and cancels the service.",
        "Make both tasks of a task group. It waits for both, also for the clean-up; a child that was cancelled is no "
        "failure for it. What ends the second task if the service ends first?",
        """
        Fill in the dots:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(service)

                async def stop():
                    await ...
                    await asyncio.sleep(grace)
                    ...

                stopper = group.create_task(stop())
                task.add_done_callback(lambda task: ...)
            return not task.cancelled()
        """,
    ],
    solution="""
        async def run_until(stopping, service, grace):
            async with asyncio.TaskGroup() as group:
                task = group.create_task(service)

                async def stop():
                    await stopping.wait()
                    await asyncio.sleep(grace)
                    task.cancel()

                stopper = group.create_task(stop())
                task.add_done_callback(lambda task: stopper.cancel())
            return not task.cancelled()
        """,
    why="The group waits for both and their clean-up, passes a cancellation on, and raises what the service raises.",
    follow_up="What can a service do in its finally that makes run_until hang, and how would you limit that?",
    advice={
        "value: ^the result is":
            "The grace period begins when the event is set. Only if it is over, and the service still runs, is the "
            "service cancelled, and the result False.",
        "slow":
            "Return when the service has ended: whatever else waits for the event, or for the grace period, is to be "
            "cancelled then.",
        "deadlock":
            "The service may end without the event. Wait for both at the same time: the event in a task of its own, "
            "which is cancelled when the service has ended.",
        "clean-up":
            "Wait for the service after it was cancelled, also if run_until itself is cancelled: a task group does so, "
            "or an await in a finally.",
    },
    mistakes=[
        Mistake("value", "when the event is set", """
            async def run_until(stopping, service, grace):
                try:
                    async with asyncio.timeout(grace):
                        await service
                    return True
                except TimeoutError:
                    return False
            """),
        Mistake("value", "Only if it is over", """
            async def run_until(stopping, service, grace):
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(service)
                    async def stop():
                        await stopping.wait()
                        task.cancel()
                    stopper = group.create_task(stop())
                    task.add_done_callback(lambda task: stopper.cancel())
                return not task.cancelled()
            """),
        Mistake("slow", "Return when the service", """
            async def run_until(stopping, service, grace):
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(service)
                    async def stop():
                        await stopping.wait()
                        await asyncio.sleep(grace)
                        task.cancel()
                    group.create_task(stop())
                return not task.cancelled()
            """),
        Mistake("deadlock", "Wait for both at the same time", """
            async def run_until(stopping, service, grace):
                task = asyncio.create_task(service)
                await stopping.wait()
                await asyncio.wait([task], timeout=grace)
                ended = task.done()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return ended
            """),
        Mistake("clean-up", "also if run_until itself", """
            async def run_until(stopping, service, grace):
                task = asyncio.create_task(service)
                stop = asyncio.create_task(stopping.wait())
                await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
                stop.cancel()
                await asyncio.wait([task], timeout=grace)
                if task.done():
                    task.result()
                    return True
                task.cancel()
                return False
            """),
        Mistake("no exception", "Let the exception", """
            async def run_until(stopping, service, grace):
                task = asyncio.create_task(service)
                stop = asyncio.create_task(stopping.wait())
                try:
                    await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
                    await asyncio.wait([task], timeout=grace)
                    return task.done()
                finally:
                    task.cancel()
                    stop.cancel()
                    await asyncio.gather(task, stop, return_exceptions=True)
            """),
        Mistake("clean-up", "also if run_until itself", """
            async def run_until(stopping, service, grace):
                task = asyncio.create_task(service)
                stop = asyncio.create_task(stopping.wait())
                await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait([task], timeout=grace)
                ended = task.done()
                task.cancel()
                stop.cancel()
                await asyncio.wait([task, stop])
                if ended:
                    task.result()
                return ended
            """),
    ],
    setup=SETUP,
)


class _Service:
    """A service that needs so many seconds to end once it is told to, and a second to clean up when it is cancelled."""

    def __init__(self, stopping: asyncio.Event, needs: float, ends_after: float | None = None,
                 error: Exception | None = None) -> None:
        self._stopping, self._needs, self._ends_after, self._error = stopping, needs, ends_after, error
        self.state = "not begun"

    async def run(self) -> None:
        self.state = "running"
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._ends_after):
                    await self._stopping.wait()
                    await asyncio.sleep(self._needs)
            if self._error is not None:
                raise self._error
        finally:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self.state = "cleaning up"
                await asyncio.sleep(1)
            self.state = "ended"

    def ended(self) -> None:
        require(self.state == "ended", "clean-up", f"when run_until ends, the service is {self.state}",
                "the service has ended by then")


@run_until.case(elapsed=12.0, drawn=True)
async def ends_in_time(answer):
    """With grace=5, the event is set after 10 s, and the service needs 2 s more to end by itself: True."""
    stopping = _set_after(10)
    service = _Service(stopping, needs=2)
    equal(await answer(stopping, service.run(), 5), True)
    service.ended()


@run_until.case(elapsed=16.0)
async def takes_too_long(answer):
    """With grace=5, the event is set after 10 s, and the service would need 60 s. Its clean-up takes 1 s: False."""
    stopping = _set_after(10)
    service = _Service(stopping, needs=60)
    got = await answer(stopping, service.run(), 5)
    service.ended()
    equal(got, False)


@run_until.case(elapsed=3.0)
async def ends_without_the_event(answer):
    """The service ends by itself after 3 s, and the event is not set: True."""
    stopping = asyncio.Event()
    service = _Service(stopping, needs=1, ends_after=3)
    equal(await answer(stopping, service.run(), 5), True)


@run_until.case(elapsed=5.0, raises=(OSError, ExceptionGroup))
async def fails(answer):
    """The service ends with an OSError after 5 s, and the event is not set."""
    stopping = asyncio.Event()
    return await answer(stopping, _Service(stopping, 1, 5, OSError("no space left on device")).run(), 5)


@run_until.case(elapsed=12.0, raises=(OSError, ExceptionGroup))
async def fails_at_its_end(answer):
    """The event is set after 10 s, and 2 s later the service ends with an OSError."""
    stopping = _set_after(10)
    return await answer(stopping, _Service(stopping, 2, None, OSError("no space left on device")).run(), 5)


@run_until.case(elapsed=4.0)
async def set_at_once(answer):
    """The event is set already, and the service needs 60 s, with grace=3. Its clean-up takes 1 s: False."""
    stopping = _set_after(0)
    service = _Service(stopping, needs=60)
    equal(await answer(stopping, service.run(), 3), False)


@run_until.case()
async def cancelled_itself(answer):
    """It is cancelled after 4 s, and the event is not set. The clean-up of the service takes 1 s."""
    stopping = asyncio.Event()
    service = _Service(stopping, needs=1)
    await cancelled(answer(stopping, service.run(), 5), after=4, grace=2)
    service.ended()


# -- questions ---------------------------------------------------------------------------------------------------------

predict_request = predict(
    "The cell sets `request_id` to `round 0`. Then it asks one shop after the other, each in a task of its own, in "
    "which `price` sets `request_id` again. Which id stands in the last log line, `done`?",
    {
        "round 0":
            "Each task runs in a copy of the context of whoever started it. It sees the id of the round, and what it "
            "sets stays its own.",
        "round 0 west":
            "That is what a global variable would hold, since west was asked last. Run the cell, and read the last "
            "line.",
        "-":
            "This is the default, for where nobody has set it. Run the cell, and read the last line.",
    },
    right="round 0",
)

predict_stop = predict(
    "After 0.6 seconds, the service is told to stop, in the middle of a round: north and south have answered, harbour "
    "is being asked. The grace period is 5 seconds. What is in the database at the end?",
    {
        "nothing, since the round has not ended":
            "It has a grace period. How long does it need to end?",
        "the prices of north and south":
            "The round comes to its end within the grace period, and is stored. Harbour has failed by then.",
        "the prices of all three":
            "Harbour is down: its request ends with an error, however long one waits.",
    },
    right="the prices of north and south",
)
