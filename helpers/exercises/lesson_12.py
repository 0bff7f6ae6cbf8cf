"""The exercises and questions of notebook 12: resilience."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from helpers.checker import Exercise, Mistake, cancelled, predict, require
from helpers.simulated_io import Shop

# -- a retry -------------------------------------------------------------------------------------------------------

ask_again = Exercise(
    lesson="12",
    title="Ask again, and stop when you are told to",
    task="""
        Write `ask_again(shop, item, waits)`: it asks the shop for the price of `item`, and returns it. After an attempt
        that ends with a `ConnectionError` it waits, and asks again: the list `waits`, which stays as it is, holds the
        seconds to wait before the second attempt, before the third, and so on. When the last attempt has failed, its
        error comes out. Every other exception comes out at once, and if `ask_again` is cancelled, it ends as cancelled.
        """,
    starter="""
        async def ask_again(shop, item, waits):
            ...                                 # your code here
        """,
    hints=[
        "With three waits, how many attempts are there at most? After which of them do you not wait?",
        "Write a loop over waits: in it, try an attempt, and wait if it ends with a ConnectionError. What is left to "
        "do when the loop is over?",
        """
        Fill in the dots:
            for wait in waits:
                try:
                    return ...
                except ConnectionError:
                    await ...
            return ...
        """,
    ],
    solution="""
        async def ask_again(shop, item, waits):
            for wait in waits:
                try:
                    return await shop.price(item)
                except ConnectionError:
                    await asyncio.sleep(wait)
            return await shop.price(item)
        """,
    why="It catches ConnectionError and nothing else, so a CancelledError goes through, and the last attempt stands "
        "outside of the try, so its error comes out.",
    follow_up="Where would you put one deadline for all attempts together, and which error would the caller get then?",
    mistakes=[
        Mistake("swallowed", "Catch ConnectionError, and nothing else", """
            async def ask_again(shop, item, waits):
                for wait in waits:
                    try:
                        return await shop.price(item)
                    except BaseException:
                        await asyncio.sleep(wait)
                return await shop.price(item)
            """),
        Mistake("swallowed", "Catch ConnectionError, and nothing else", """
            async def ask_again(shop, item, waits):
                for wait in waits:
                    try:
                        return await shop.price(item)
                    except:
                        await asyncio.sleep(wait)
                return await shop.price(item)
            """),
        Mistake("swallowed", "Catch ConnectionError, and nothing else", """
            async def ask_again(shop, item, waits):
                for wait in waits:
                    try:
                        return await shop.price(item)
                    except (ConnectionError, asyncio.CancelledError):
                        await asyncio.sleep(wait)
                return await shop.price(item)
            """),
        Mistake("wrong exception", "except ConnectionError", """
            async def ask_again(shop, item, waits):
                for wait in waits:
                    try:
                        return await shop.price(item)
                    except Exception:
                        await asyncio.sleep(wait)
                return await shop.price(item)
            """),
        Mistake("wrong exception", "except ConnectionError", """
            async def ask_again(shop, item, waits):
                for wait in waits:
                    try:
                        return await shop.price(item)
                    except OSError:
                        await asyncio.sleep(wait)
                return await shop.price(item)
            """),
        Mistake("no exception", "whoever gets None", """
            async def ask_again(shop, item, waits):
                for wait in [0, *waits]:
                    await asyncio.sleep(wait)
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        pass
            """),
        Mistake("error", "one attempt more", """
            async def ask_again(shop, item, waits):
                for number, wait in enumerate(waits):
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        if number == len(waits) - 1:
                            raise
                        await asyncio.sleep(wait)
            """),
        Mistake("slow", "only between two attempts", """
            async def ask_again(shop, item, waits):
                for wait in [*waits, 1]:
                    try:
                        return await shop.price(item)
                    except ConnectionError as error:
                        last = error
                        await asyncio.sleep(wait)
                raise last
            """),
        Mistake("early", "as long as waits says", """
            async def ask_again(shop, item, waits):
                for _ in waits:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        pass
                return await shop.price(item)
            """),
        Mistake("value", "uses it again", """
            async def ask_again(shop, item, waits):
                while True:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        if not waits:
                            raise
                    await asyncio.sleep(waits.pop(0))
            """),
        Mistake("wrong exception", "a bare raise", """
            async def ask_again(shop, item, waits):
                for wait in [*waits, None]:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        if wait is None:
                            raise ConnectionError("no price")
                        await asyncio.sleep(wait)
            """),
        Mistake("blocked", "can be awaited", """
            import time
            async def ask_again(shop, item, waits):
                for wait in waits:
                    try:
                        return await shop.price(item)
                    except ConnectionError:
                        time.sleep(wait)
                return await shop.price(item)
            """),
        Mistake("forgotten await", "in front of the call", """
            async def ask_again(shop, item, waits):
                for wait in waits:
                    try:
                        return shop.price(item)
                    except ConnectionError:
                        await asyncio.sleep(wait)
                return await shop.price(item)
            """),
    ],
    advice={
        "swallowed": "Catch ConnectionError, and nothing else: a CancelledError goes through to the caller, during an "
                     "attempt and during a wait.",
        "wrong exception: ConnectionError of your own": "Let the error of the last attempt itself come out, with a "
                                                        "bare raise, or by not catching it: it says what went wrong.",
        "wrong exception": "Write except ConnectionError: the task asks for no retry after another exception, so it "
                           "comes out at once.",
        "early": "Wait before each attempt but the first, and exactly as long as waits says: here the caller chooses "
                 "the times.",
        "value: waits": "Read waits, and change nothing in it: the caller uses it again for the next request.",
        "no exception": "Let the error of the last attempt come out: whoever gets None takes it for a price.",
        "slow": "Wait only between two attempts: the first begins at once, and the error of the last comes out "
                "directly after it.",
        "error: ^ShopError": "Make one attempt more than there are waits, and catch the ConnectionError of each but "
                             "the last: write await inside of the try, where the error comes up.",
    },
)


class FailsFirst(Shop):
    """A shop whose first requests for an item fail."""

    def __init__(self, name: str, failures: int, **options) -> None:
        super().__init__(name, **options)
        self.failures = failures

    def fails(self, item: str, k: int = 0) -> bool:
        return k < self.failures


class Strange(Shop):
    """A shop whose answer is an error that is no ConnectionError."""

    def __init__(self, name: str, error: Exception, **options) -> None:
        super().__init__(name, **options)
        self.error = error

    async def price(self, item: str) -> int:
        await super().price(item)
        raise self.error


class LineCut(Shop):
    """A shop to which the line is cut during the first requests: an error that is no ShopError."""

    def __init__(self, name: str, cuts: int, **options) -> None:
        super().__init__(name, **options)
        self.cuts = cuts

    async def price(self, item: str) -> int:
        cents = await super().price(item)
        if self.requests <= self.cuts:
            raise ConnectionResetError("the line is cut")
        return cents


def times(verb: str, number: int) -> str:
    """How often a shop is or was asked: "was asked once"."""
    return f"{verb} not asked" if number == 0 else f"{verb} asked {'once' if number == 1 else f'{number} times'}"


def asked(shop: Shop, wanted: int) -> None:
    require(shop.requests == wanted, "value", f"{shop.name} {times('was', shop.requests)}",
            f"{shop.name} {times('is', wanted)}")


def north_price(item: str) -> int:
    return Shop("north").price_of(item)


@ask_again.case(returns=north_price("tea"), elapsed=0.2)
async def answers_at_once(answer):
    """North answers the first attempt, after 0.2 s."""
    north = Shop("north", latency=0.2)
    price = await answer(north, "tea", [0.1, 0.3])
    asked(north, 1)
    return price


@ask_again.case(returns=north_price("tea"), elapsed=1.0, drawn=True)
async def fails_twice(answer):
    """North fails twice and then answers, each time after 0.2 s; the waits are 0.1, 0.3 and 0.5 s."""
    north, waits = FailsFirst("north", 2, latency=0.2), [0.1, 0.3, 0.5]
    price = await answer(north, "tea", waits)
    asked(north, 3)
    require(waits == [0.1, 0.3, 0.5], "value", f"waits is {waits} afterwards", "waits stays as it is")
    return price


@ask_again.case(returns=north_price("coffee"), elapsed=0.9)
async def answers_the_last(answer):
    """North fails twice, each time after 0.2 s, and answers the third attempt, which is the last; the waits are 0.1 and
    0.2 s."""
    return await answer(FailsFirst("north", 2, latency=0.2), "coffee", [0.1, 0.2])


@ask_again.case(returns=north_price("tea"), elapsed=0.5)
async def the_line_is_cut(answer):
    """The line to north is cut during the first attempt, after 0.2 s: a ConnectionResetError, which is a
    ConnectionError. North answers the second attempt; the wait is 0.1 s."""
    return await answer(LineCut("north", 1, latency=0.2), "tea", [0.1])


@ask_again.case(raises=ConnectionError, elapsed=0.9)
async def is_down(answer):
    """North is down: every attempt fails after 0.2 s. The waits are 0.1 and 0.2 s."""
    north = FailsFirst("north", 100, latency=0.2)
    try:
        return await answer(north, "tea", [0.1, 0.2])
    except ConnectionError as error:
        require("gave no price" in str(error), "wrong exception", f"a ConnectionError of your own came out: {error}",
                "the error of the last attempt comes out: north gave no price for 'tea'")
        raise
    finally:
        asked(north, 3)


@ask_again.case(raises=ConnectionError, elapsed=0.2)
async def no_waits(answer):
    """North is down, and there are no waits, so there is one attempt."""
    return await answer(FailsFirst("north", 100, latency=0.2), "tea", [])


@ask_again.case()
async def cancelled_while_asking(answer):
    """ask_again is cancelled after 0.1 s, while it waits for north's price."""
    north = Shop("north", latency=0.6)
    await cancelled(answer(north, "tea", [0.1, 0.2]), after=0.1, grace=0.05)
    asked(north, 1)


@ask_again.case()
async def cancelled_while_waiting(answer):
    """North fails after 0.2 s. ask_again is cancelled after 0.3 s, while it waits for its second attempt."""
    north = FailsFirst("north", 100, latency=0.2)
    await cancelled(answer(north, "tea", [0.5, 0.5]), after=0.3, grace=0.05)
    asked(north, 1)


async def at_once(answer, shop: Strange):
    """Demand that the error comes out after one attempt."""
    try:
        return await answer(shop, "tea", [0.1, 0.2])
    finally:
        require(shop.requests == 1, "wrong exception",
                f"after the {type(shop.error).__name__}, {shop.name} was asked again",
                f"the {type(shop.error).__name__} comes out at once")


@ask_again.case(raises=ValueError, elapsed=0.2)
async def another_error(answer):
    """East gives a ValueError after 0.2 s: its price is no number."""
    return await at_once(answer, Strange("east", ValueError("no number"), latency=0.2))


@ask_again.case(raises=FileNotFoundError, elapsed=0.2)
async def an_error_of_the_system(answer):
    """East gives a FileNotFoundError after 0.2 s: its price list is missing. That is an OSError, as a ConnectionError
    is, and no ConnectionError."""
    return await at_once(answer, Strange("east", FileNotFoundError("no list"), latency=0.2))


# -- a budget ------------------------------------------------------------------------------------------------------

ask_within_budget = Exercise(
    lesson="12",
    title="Retry within a budget",
    task="""
        Write `ask_within_budget(shop, item, budget)`: it asks the shop for the price of `item`, and returns it.
        `budget.tokens` says how many retries are paid for. If the first attempt gives a price, `budget.tokens` grows by
        0.1, up to `budget.most`. If it ends with a `ConnectionError`, and there is at least one whole token, it takes
        one and asks once more, at once: what this second attempt gives, price or error, is the result. Without a whole
        token the error comes out. Many tasks share the budget.
        """,
    starter="""
        async def ask_within_budget(shop, item, budget):
            ...                                 # your code here
        """,
    hints=[
        "There are three ways through the function: a price at the first attempt; a failure, and no whole token; a "
        "failure, and a retry. What happens to budget.tokens in each?",
        "Take the token before you await the second attempt: between reading budget.tokens and changing it there must "
        "be no await, or two tasks spend the same token.",
        """
        Fill in the dots:
            try:
                price = await shop.price(item)
            except ConnectionError:
                if ...:
                    raise
                budget.tokens -= 1
                return ...
            budget.tokens = min(..., ...)
            return price
        """,
    ],
    solution="""
        async def ask_within_budget(shop, item, budget):
            try:
                price = await shop.price(item)
            except ConnectionError:
                if budget.tokens < 1:
                    raise
                budget.tokens -= 1
                return await shop.price(item)
            budget.tokens = min(budget.most, budget.tokens + 0.1)
            return price
        """,
    why="Retries are paid for by answers: while the shop is down no tokens come in, so the retries stop when the "
        "last one is spent. The token is taken before the second attempt, without an await in between.",
    follow_up="Retry after a TimeoutError, too. Which of the two failures should cost more tokens?",
    mistakes=[
        Mistake("value", "without a whole token", """
            async def ask_within_budget(shop, item, budget):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    budget.tokens -= 1
                    return await shop.price(item)
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
            """),
        Mistake("value", "before you await the second attempt", """
            async def ask_within_budget(shop, item, budget):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    if budget.tokens < 1:
                        raise
                    price = await shop.price(item)
                    budget.tokens -= 1
                    return price
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
            """),
        Mistake("value", "up to budget.most", """
            async def ask_within_budget(shop, item, budget):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    if budget.tokens < 1:
                        raise
                    budget.tokens -= 1
                    return await shop.price(item)
                budget.tokens += 0.1
                return price
            """),
        Mistake("value", "0.1 for a price at the first attempt", """
            async def ask_within_budget(shop, item, budget):
                try:
                    return await shop.price(item)
                except ConnectionError:
                    if budget.tokens < 1:
                        raise
                    budget.tokens -= 1
                    return await shop.price(item)
            """),
        Mistake("error", "one whole token", """
            async def ask_within_budget(shop, item, budget):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    if budget.tokens <= 1:
                        raise
                    budget.tokens -= 1
                    return await shop.price(item)
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
            """),
        Mistake("value", "without a whole token", """
            async def ask_within_budget(shop, item, budget):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    if budget.tokens <= 0:
                        raise
                    budget.tokens -= 1
                    return await shop.price(item)
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
            """),
        Mistake("value", "nothing else", """
            async def ask_within_budget(shop, item, budget):
                while True:
                    try:
                        price = await shop.price(item)
                        break
                    except ConnectionError:
                        if budget.tokens < 1:
                            raise
                        budget.tokens -= 1
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
            """),
        Mistake("wrong exception", "except ConnectionError", """
            async def ask_within_budget(shop, item, budget):
                try:
                    price = await shop.price(item)
                except Exception:
                    if budget.tokens < 1:
                        raise
                    budget.tokens -= 1
                    return await shop.price(item)
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
            """),
        Mistake("slow", "at once", """
            async def ask_within_budget(shop, item, budget):
                try:
                    price = await shop.price(item)
                except ConnectionError:
                    if budget.tokens < 1:
                        raise
                    budget.tokens -= 1
                    await asyncio.sleep(0.1)
                    return await shop.price(item)
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
            """),
        Mistake("sequential", "while you await the shop", """
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
        Mistake("swallowed", "Catch ConnectionError, and nothing else", """
            async def ask_within_budget(shop, item, budget):
                try:
                    price = await shop.price(item)
                except BaseException:
                    if budget.tokens < 1:
                        raise
                    budget.tokens -= 1
                    return await shop.price(item)
                budget.tokens = min(budget.most, budget.tokens + 0.1)
                return price
            """),
    ],
    advice={
        "value: was (not )?asked": "Make one retry at most, and none without a whole token; take the token before you "
                                   "await the second attempt, or many tasks spend the same one. The second attempt is "
                                   "the last.",
        "value: tokens": "Keep the account: plus 0.1 for a price at the first attempt, up to budget.most; minus 1 for "
                         "a retry, before you await the second attempt; nothing else, and nothing without a whole "
                         "token.",
        "error: ^ShopError": "Retry if there is at least one whole token: one is enough.",
        "swallowed": "Catch ConnectionError, and nothing else: a CancelledError goes through, and costs no token.",
        "slow": "Make the second attempt at once: this task has no wait between the two.",
        "sequential": "Let many tasks ask at the same time: hold nothing, such as a lock, while you await the shop.",
        "wrong exception": "Write except ConnectionError: any other exception comes out, and costs no token.",
    },
)


def account(tokens: float) -> SimpleNamespace:
    return SimpleNamespace(tokens=tokens, most=10)


def left(budget: SimpleNamespace, wanted: float) -> None:
    """Demand that so many tokens are left."""
    tokens = budget.tokens
    right = isinstance(tokens, (int, float)) and not isinstance(tokens, bool) and abs(tokens - wanted) < 1e-6
    shown = f"{tokens:.3g}" if isinstance(tokens, (int, float)) else type(tokens).__name__
    require(right, "value", f"budget.tokens is {shown} afterwards", f"budget.tokens is {wanted:g}")


@ask_within_budget.case(returns=north_price("tea"), elapsed=0.2)
async def pays_in(answer):
    """North answers the first attempt. The budget holds 5 tokens."""
    north, budget = Shop("north", latency=0.2), account(5.0)
    price = await answer(north, "tea", budget)
    asked(north, 1)
    left(budget, 5.1)
    return price


@ask_within_budget.case(returns=north_price("tea"), elapsed=0.4, drawn=True)
async def pays_for_one(answer):
    """North fails once, after 0.2 s, and answers the second attempt. The budget holds 5 tokens."""
    north, budget = FailsFirst("north", 1, latency=0.2), account(5.0)
    price = await answer(north, "tea", budget)
    asked(north, 2)
    left(budget, 4)
    return price


@ask_within_budget.case(returns=north_price("coffee"), elapsed=0.4)
async def pays_for_a_cut_line(answer):
    """The line to north is cut during the first attempt, after 0.2 s: a ConnectionResetError, which is a
    ConnectionError. North answers the second attempt; the item is coffee. The budget holds 5 tokens."""
    north, budget = LineCut("north", 1, latency=0.2), account(5.0)
    price = await answer(north, "coffee", budget)
    left(budget, 4)
    return price


@ask_within_budget.case(raises=ConnectionError, elapsed=0.2)
async def cannot_pay(answer):
    """North is down, and the budget holds 0.9 tokens."""
    north, budget = FailsFirst("north", 100, latency=0.2), account(0.9)
    try:
        return await answer(north, "tea", budget)
    finally:
        asked(north, 1)
        left(budget, 0.9)


@ask_within_budget.case(returns=north_price("tea"), elapsed=0.4)
async def pays_the_last(answer):
    """North fails once, and answers the second attempt. The budget holds exactly 1 token."""
    north, budget = FailsFirst("north", 1, latency=0.2), account(1)
    price = await answer(north, "tea", budget)
    left(budget, 0)
    return price


@ask_within_budget.case(returns=north_price("tea"))
async def is_full(answer):
    """North answers the first attempt. The budget holds 9.95 tokens, and 10 at most."""
    north, budget = Shop("north", latency=0.2), account(9.95)
    price = await answer(north, "tea", budget)
    left(budget, 10)
    return price


@ask_within_budget.case(raises=ConnectionError, elapsed=0.4)
async def fails_again(answer):
    """North is down, and the budget holds 5 tokens."""
    north, budget = FailsFirst("north", 100, latency=0.2), account(5.0)
    try:
        return await answer(north, "tea", budget)
    finally:
        asked(north, 2)
        left(budget, 4)


@ask_within_budget.case(elapsed=0.4)
async def everybody_at_once(answer):
    """North is down, the budget holds 3 tokens, and ten tasks ask at the same time."""
    north, budget = FailsFirst("north", 100, latency=0.2), account(3)
    results = await asyncio.gather(*[answer(north, "tea", budget) for _ in range(10)], return_exceptions=True)
    for result in results:
        require(isinstance(result, ConnectionError), "no exception", "north is down, and no ConnectionError came out",
                "the error of the last attempt comes out")
    asked(north, 13)
    left(budget, 0)


@ask_within_budget.case()
async def cancelled_with_tokens(answer):
    """ask_within_budget is cancelled after 0.1 s, while it waits for north. The budget holds 5 tokens."""
    north, budget = Shop("north", latency=0.6), account(5.0)
    await cancelled(answer(north, "tea", budget), after=0.1, grace=0.05)
    left(budget, 5)


async def costs_nothing(answer, error: Exception) -> int:
    """Demand that the error comes out after one attempt, and costs no token."""
    east, budget = Strange("east", error, latency=0.2), account(5.0)
    kind = type(error).__name__
    try:
        return await answer(east, "tea", budget)
    finally:
        require(east.requests == 1, "wrong exception", f"after the {kind}, east was asked again",
                f"the {kind} comes out at once")
        left(budget, 5)


@ask_within_budget.case(raises=ValueError, elapsed=0.2)
async def no_number(answer):
    """East gives a ValueError after 0.2 s: its price is no number. The budget holds 5 tokens."""
    return await costs_nothing(answer, ValueError("no number"))


@ask_within_budget.case(raises=FileNotFoundError, elapsed=0.2)
async def no_price_list(answer):
    """East gives a FileNotFoundError after 0.2 s: its price list is missing. That is an OSError, as a ConnectionError
    is, and no ConnectionError. The budget holds 5 tokens."""
    return await costs_nothing(answer, FileNotFoundError("no list"))


# -- a challenge: hedging ------------------------------------------------------------------------------------------

RACE = ("Return as soon as one has ended: asyncio.wait with FIRST_COMPLETED gives whichever ends first. And leave the "
        "first request alone when the delay is over: it may still win.")

hedge = Exercise(
    lesson="12",
    title="Hedge, and stop the loser",
    task="""
        Write `hedge(first, second, item, delay)`: it asks the shop `first` for the price of `item`. If that has not
        ended after `delay` seconds, it asks `second` as well, and goes on waiting for both. Whichever of the two ends
        first decides: its price is returned, or its exception comes out. When `hedge` ends, however it ends, no request
        of its own is still in flight.
        """,
    starter="""
        async def hedge(first, second, item, delay):
            ...                                 # your code here
        """,
    hints=[
        "asyncio.wait(tasks, timeout=delay) waits, and cancels nothing when the time is up: you look at what is done.",
        "Put all that waits into a try, and clean up in its finally: cancel each task, and then wait until they have "
        "ended. cancel() alone only asks.",
        """
        Fill in the dots:
            tasks = [asyncio.create_task(first.price(item))]
            try:
                done, _ = await asyncio.wait(tasks, timeout=...)
                if not done:
                    tasks.append(...)
                    done, _ = await asyncio.wait(tasks, return_when=...)
                return done.pop().result()
            finally:
                for task in tasks:
                    ...
                await asyncio.gather(*tasks, return_exceptions=True)
        """,
    ],
    solution="""
        async def hedge(first, second, item, delay):
            tasks = [asyncio.create_task(first.price(item))]
            try:
                done, _ = await asyncio.wait(tasks, timeout=delay)
                if not done:
                    tasks.append(asyncio.create_task(second.price(item)))
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                return done.pop().result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        """,
    why="asyncio.wait leaves the first request alone when the delay is over, and the finally stops and awaits both "
        "tasks, whatever ended the wait.",
    follow_up="Let an error lose against a price that is still on its way. When does hedge raise then?",
    mistakes=[
        Mistake("value", "leave the first request alone", """
            async def hedge(first, second, item, delay):
                try:
                    return await asyncio.wait_for(first.price(item), delay)
                except TimeoutError:
                    return await second.price(item)
            """),
        Mistake("value", "after delay", """
            async def hedge(first, second, item, delay):
                tasks = [asyncio.create_task(shop.price(item)) for shop in (first, second)]
                try:
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    return done.pop().result()
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            """),
        Mistake("left behind", "cancel", """
            async def hedge(first, second, item, delay):
                tasks = [asyncio.create_task(first.price(item))]
                done, _ = await asyncio.wait(tasks, timeout=delay)
                if not done:
                    tasks.append(asyncio.create_task(second.price(item)))
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                return done.pop().result()
            """),
        Mistake("left behind", "wait until they have ended", """
            async def hedge(first, second, item, delay):
                tasks = [asyncio.create_task(first.price(item))]
                try:
                    done, _ = await asyncio.wait(tasks, timeout=delay)
                    if not done:
                        tasks.append(asyncio.create_task(second.price(item)))
                        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    return done.pop().result()
                finally:
                    for task in tasks:
                        task.cancel()
            """),
        Mistake("left behind", "finally", """
            async def hedge(first, second, item, delay):
                tasks = [asyncio.create_task(first.price(item))]
                done, _ = await asyncio.wait(tasks, timeout=delay)
                if not done:
                    tasks.append(asyncio.create_task(second.price(item)))
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                return done.pop().result()
            """),
        Mistake("value", "whichever ends first", """
            async def hedge(first, second, item, delay):
                tasks = [asyncio.create_task(first.price(item))]
                try:
                    done, _ = await asyncio.wait(tasks, timeout=delay)
                    if not done:
                        tasks.append(asyncio.create_task(second.price(item)))
                        done, _ = await asyncio.wait(tasks)
                    return done.pop().result()
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            """),
        Mistake("wrong exception", "wraps it", """
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
            """),
        Mistake("slow", "whichever ends first", """
            async def hedge(first, second, item, delay):
                async with asyncio.TaskGroup() as group:
                    one = group.create_task(first.price(item))
                    await asyncio.sleep(delay)
                    if not one.done():
                        other = group.create_task(second.price(item))
                        done, _ = await asyncio.wait([one, other], return_when=asyncio.FIRST_COMPLETED)
                        return done.pop().result()
                    return one.result()
            """),
    ],
    advice={
        "slow": RACE,
        "value: result is": RACE,
        "value: was (not )?asked": "Ask the second shop only after delay, and only if the first request has not ended "
                                   "by then.",
        "wrong exception: ExceptionGroup": "Let the exception of the request itself come out: a TaskGroup wraps it in "
                                           "an ExceptionGroup.",
        "left behind": "Cancel both tasks in a finally, and wait until they have ended: then nothing is in flight, "
                       "however hedge ends.",
    },
)


class SlowToStop(Shop):
    """A shop that needs 0.1 s until a cancelled request has ended."""

    async def price(self, item: str) -> int:
        try:
            return await super().price(item)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
            raise


def south_price(item: str) -> int:
    return Shop("south").price_of(item)


@hedge.case(returns=north_price("tea"), elapsed=0.2)
async def first_in_time(answer):
    """The first shop answers after 0.2 s; the delay is 0.3 s."""
    first, second = Shop("north", latency=0.2), Shop("south", latency=0.1)
    price = await answer(first, second, "tea", 0.3)
    asked(second, 0)
    return price


@hedge.case(returns=south_price("tea"), elapsed=0.5, drawn=True)
async def second_wins(answer):
    """The first shop would take 2 s, the second takes 0.2 s; the delay is 0.3 s."""
    first, second = Shop("north", latency=2.0), Shop("south", latency=0.2)
    price = await answer(first, second, "tea", 0.3)
    asked(first, 1)
    asked(second, 1)
    return price


@hedge.case(returns=north_price("coffee"), elapsed=0.4)
async def first_wins_late(answer):
    """The first shop answers after 0.4 s, the second would take 1 s; the delay is 0.3 s."""
    return await answer(Shop("north", latency=0.4), Shop("south", latency=1.0), "coffee", 0.3)


@hedge.case(returns=south_price("tea"), elapsed=0.6)
async def slow_to_stop(answer):
    """The first shop would take 2 s, the second takes 0.2 s; the delay is 0.3 s. To stop a request to the first takes
    0.1 s."""
    first = SlowToStop("north", latency=2.0)
    price = await answer(first, Shop("south", latency=0.2), "tea", 0.3)
    require(not first.in_flight, "left behind", "hedge had ended, and its request to north had not",
            "when hedge ends, no request of its own is in flight")
    return price


@hedge.case(returns=south_price("sugar"), elapsed=0.2)
async def short_delay(answer):
    """The first shop would take 2 s, the second takes 0.1 s; the delay is 0.1 s."""
    return await answer(Shop("north", latency=2.0), Shop("south", latency=0.1), "sugar", 0.1)


@hedge.case(raises=ConnectionError, elapsed=0.2)
async def first_fails(answer):
    """The first shop fails after 0.2 s; the delay is 0.3 s."""
    second = Shop("south", latency=0.1)
    try:
        return await answer(FailsFirst("north", 1, latency=0.2), second, "tea", 0.3)
    finally:
        asked(second, 0)


@hedge.case(raises=ConnectionError, elapsed=0.5)
async def second_fails(answer):
    """The first shop would take 2 s; the second is asked after 0.3 s, and fails after 0.2 s more."""
    return await answer(Shop("north", latency=2.0), FailsFirst("south", 1, latency=0.2), "tea", 0.3)


@hedge.case()
async def cancelled_hedge(answer):
    """hedge is cancelled after 0.4 s, while both requests are in flight; the delay is 0.3 s."""
    await cancelled(answer(Shop("north", latency=2.0), Shop("south", latency=2.0), "tea", 0.3), after=0.4)


@hedge.case()
async def cancelled_before_the_delay(answer):
    """hedge is cancelled after 0.1 s, while only the first request is in flight; the delay is 0.3 s."""
    second = Shop("south", latency=2.0)
    await cancelled(answer(Shop("north", latency=2.0), second, "tea", 0.3), after=0.1)
    asked(second, 0)


# -- questions -----------------------------------------------------------------------------------------------------

predict_waits = predict(
    "A hundred clients collide, and one gets through at a time. Which way to wait takes the longest until all are "
    "done?",
    {
        "no wait at all":
            "It makes the most calls. But a client that calls again at once meets the next free moment at once, too.",
        "exponential backoff: 10, 20, 40 ms ...":
            "All clients wait equally long, so they come back together and collide again, after ever longer waits.",
        "a random time between 0 and the same limits":
            "Random times pull the clients apart. Run the cell: how many calls do they need?",
    },
    right="exponential backoff: 10, 20, 40 ms ...",
)

predict_outage = predict(
    "The shop is closed for 10 s, and from 30 s on as good as before. With one retry, when are all requests answered "
    "again?",
    {
        "at 30 s": "At least 240 requests wait before its door then. How old is each of them when it is served?",
        "at about 70 s": "So it is without retries. Does the shop get rid of its queue if each request comes twice?",
        "not in this run": "24 requests a second come twice: 48. The shop serves 30, and all of these are too old.",
    },
    right="not in this run",
)

predict_repair = predict(
    "Each of these changes one thing in the run with one retry. Which of them does not end the outage?",
    {
        "wait up to 1 s, at random, before the retry":
            "The retries come later, and there are as many of them. The shop is still asked 48 times a second.",
        "a retry budget, filled by answers":
            "While nothing is answered, no tokens come in: the retries stop, and 24 requests a second are fewer than "
            "30.",
        "a circuit breaker, which stops asking after five failures":
            "It takes nearly all of the load away, so the shop works off its queue, and an answer closes the breaker.",
        "a queue of at most 20 at the shop":
            "The shop refuses the others at once, so whoever comes after the opening waits for less than a second.",
    },
    right="wait up to 1 s, at random, before the retry",
)

predict_after = predict(
    "A hundred requests come at once; the shop allows 5, and 10 more per second, and tells the others how long to "
    "wait. All do as they are told. How often does the shop have to refuse?",
    {
        "95 times":
            "Each of the 95 is refused once, at first. But how many come back at the moment that they were all told?",
        "about 500 times":
            "That is what random waits give, without a look at what the shop says. Do the clients come back at "
            "different times if all are told the same?",
        "more than 4,000 times":
            "All are told the same 0.1 s, and come back together: one is served, and all others are refused again.",
    },
    right="more than 4,000 times",
)
