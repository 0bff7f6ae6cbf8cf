"""Small exercises for the tests of the checker. They stand here and not in a test, because answers run elsewhere:
the process of an answer imports this module, and should not have to import pytest with it."""

from __future__ import annotations

import asyncio

from helpers import Shop, ShopError
from helpers.checker import Exercise, Failed, cancelled, require

PRICES = {"north": 320, "south": 290, "west": 335}
LATENCIES = {"north": 0.3, "south": 0.5, "west": 0.2}


def shops(**options):
    return [Shop(name, latency=LATENCIES[name], prices={"tea": PRICES[name]}, **options) for name in PRICES]


def exercise(starter: str, solution: str, **options) -> Exercise:
    return Exercise(title="a sample", task="Do it.", starter=starter, solution=solution,
                    hints=["a nudge", "more", "all"], why="It is right.", follow_up="Go on.", mistakes=[], **options)


ask = exercise(
    "async def ask(shops, item):\n    ...                         # your code here\n",
    "async def ask(shops, item):\n    return await asyncio.gather(*[shop.price(item) for shop in shops])\n",
)


@ask.case(returns=[320, 290, 335], elapsed=0.5)
async def all_prices(answer):
    """Ask three shops at once; the prices come in the order of the shops."""
    return await answer(shops(), "tea")


in_turn = exercise(
    "async def in_turn(shops, item):\n    ...\n",
    "async def in_turn(shops, item):\n    return [await shop.price(item) for shop in shops]\n",
)


@in_turn.case(returns=[320, 290, 335], elapsed=1.0)
async def one_after_another(answer):
    """Ask three shops one after another."""
    return await answer(shops(), "tea")


two_at_once = exercise(
    "async def two_at_once(shops, item):\n    ...\n",
    """
    async def two_at_once(shops, item):
        free = asyncio.Semaphore(2)
        async def get_price(shop):
            async with free:
                return await shop.price(item)
        return await asyncio.gather(*[get_price(shop) for shop in shops])
    """,
)


@two_at_once.case(returns=[320, 290, 335], peak=2)
async def at_most_two(answer):
    """Ask three shops, at most two of them at the same time."""
    return await answer(shops(), "tea")


two_answers = exercise(
    "async def two_answers(one, other):\n    ...\n",
    "async def two_answers(one, other):\n    async with one: await asyncio.sleep(0.1)\n",
)


@two_answers.case()
async def crosswise(answer):
    """Two calls at the same time, with the same two locks in another order."""
    one, other = asyncio.Lock(), asyncio.Lock()
    await asyncio.gather(answer(one, other), answer(other, one))


class Line:
    """A telephone line, which must be hung up."""

    def __init__(self) -> None:
        self.open = True

    def hang_up(self) -> None:
        self.open = False


call = exercise(
    "async def call(line, shop):\n    ...\n",
    """
    async def call(line, shop):
        try:
            return await shop.price("tea")
        finally:
            line.hang_up()
    """,
)


@call.case(returns=320, elapsed=0.3)
async def answered(answer):
    """The shop answers, and the line is closed."""
    line = Line()
    price = await answer(line, shops()[0])
    require(not line.open, "clean-up", "the line is still open after the answer", "the line is closed")
    return price


@call.case()
async def stopped(answer):
    """The call is cancelled after 0.1 s; the line is closed all the same."""
    line = Line()
    await cancelled(answer(line, shops()[0]), after=0.1)
    require(not line.open, "clean-up", "the line is still open after the cancellation", "the line is closed")


fail = exercise("async def fail(shop):\n    ...\n", "async def fail(shop):\n    return await shop.price('tea')\n")


@fail.case(raises=ShopError)
async def no_price(answer):
    """The shop gives no price: its ShopError reaches the caller."""
    return await answer(Shop("north", failure_rate=1))


drive = exercise(
    "def drive(coroutine):\n    ...\n",
    """
    def drive(coroutine):
        try:
            while True:
                coroutine.send(None)
        except StopIteration as stop:
            return stop.value
    """,
)


@drive.case(returns=320)
def one_coroutine(answer):
    """Drive a coroutine that never suspends."""
    async def get_price():
        return 320

    return answer(get_price())


quick = exercise("async def quick(shop):\n    ...\n", "async def quick(shop):\n    return await shop.price('tea')\n")


@quick.case(returns=320)
async def at_once(answer):
    """The shop answers at once."""
    return await answer(Shop("north", latency=0, prices={"tea": 320}))


quick_in_time = exercise(quick.starter, quick.solution_source)


@quick_in_time.case(returns=320, elapsed=0.2)
async def in_time(answer):
    """The shop answers after 0.2 s."""
    return await answer(Shop("north", latency=0.2, prices={"tea": 320}))


pairs = exercise("async def pairs(shop):\n    ...\n", "async def pairs(shop):\n    return 1, 2\n")


@pairs.case()
async def two_things(answer):
    """The function returns two things."""
    first, second = await answer(Shop("north", latency=0.1))
    require(first < second, "value", "the first is not smaller")


step = exercise("def step(coroutine):\n    ...\n", "def step(coroutine):\n    return coroutine.send(None)\n")


@step.case()
def one_step(answer):
    """The coroutine hands out nothing but a turn."""
    async def turn():
        await asyncio.sleep(0)

    coroutine = turn()
    try:
        answer(coroutine)
    except TypeError as error:
        raise Failed("error", f"TypeError: {error}", "the first send is send(None)") from error
    finally:
        coroutine.close()
