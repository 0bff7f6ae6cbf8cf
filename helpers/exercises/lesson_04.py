"""The exercises of notebook 04: gather."""

from __future__ import annotations

from helpers import Shop

from .exercise import Exercise, Mistake

cheapest = Exercise(
    title="The cheapest shop",
    task="""
        Write `cheapest(shops, item)`: it asks all shops for the price of `item` at the same time, and returns the
        name of the cheapest and its price, as in `("south", 290)`. (`shop.name` is the name.)
        """,
    starter="""
        async def cheapest(shops, item):
            ...                                 # your code here
        """,
    hints=[
        "Nobody has to wait for one price before asking for the next.",
        "asyncio.gather takes any number of awaitables and gives a list of their results, in the same order.",
        "prices = await asyncio.gather(*[shop.price(item) for shop in shops]); then find the smallest price and its shop.",
    ],
    solution="""
        async def cheapest(shops, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            price = min(prices)
            return shops[prices.index(price)].name, price
        """,
    why="gather starts all requests before it waits, so the whole takes as long as the slowest shop, and its results come "
        "in the order of the shops, so that prices and shops match.",
    next="Let one shop fail (failure_rate=1): what does your function do then?",
    mistakes=[
        Mistake("sequential", "one after another", """
            async def cheapest(shops, item):
                prices = [await shop.price(item) for shop in shops]
                price = min(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("forgotten await", "await in front", """
            async def cheapest(shops, item):
                prices = asyncio.gather(*[shop.price(item) for shop in shops])
                return min(prices)
            """),
        Mistake("blocked", "price_blocking", """
            async def cheapest(shops, item):
                prices = [shop.price_blocking(item) for shop in shops]
                price = min(prices)
                return shops[prices.index(price)].name, price
            """),
        Mistake("value", "('south', 290)", """
            async def cheapest(shops, item):
                return min(await asyncio.gather(*[shop.price(item) for shop in shops]))
            """),
    ],
)


@cheapest.case(returns=("south", 290), elapsed=0.5)
async def three_shops(answer):
    """Three shops answer after 0.3, 0.5 and 0.2 s; south is the cheapest."""
    prices = {"north": 320, "south": 290, "west": 335}
    latencies = {"north": 0.3, "south": 0.5, "west": 0.2}
    return await answer([Shop(name, latency=latencies[name], prices={"tea": prices[name]}) for name in prices], "tea")
