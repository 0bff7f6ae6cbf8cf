"""Answers to the exercises of lesson 01."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("cheaper", "a dictionary", """
        async def cheaper(get_price):
            prices = {shop: await get_price(shop) for shop in ("south", "north")}
            return min(prices, key=prices.get)
        """),
    right("cheaper", "an async generator, and match", """
        async def cheaper(get_price):
            async def quotes():
                for shop in "north", "south":
                    yield await get_price(shop), shop

            match sorted([quote async for quote in quotes()]):
                case [(_, name), _]:
                    return name
        """),
    right("cheaper", "an object that can be awaited", """
        async def cheaper(get_price):
            class Quote:
                def __init__(self, shop):
                    self.shop = shop

                def __await__(self):
                    return (yield from get_price(self.shop).__await__())

            north, south = Quote("north"), Quote("south")
            return north.shop if await north < await south else south.shop
        """),
    wrong("cheaper", "no await", """
        async def cheaper(get_price):
            if get_price("north") < get_price("south"):
                return "north"
            return "south"
        """, "await"),
    wrong("cheaper", "the price instead of the name", """
        async def cheaper(get_price):
            return min(await get_price("north"), await get_price("south"))
        """),
    wrong("cheaper", "always south", """
        async def cheaper(get_price):
            await get_price("north")
            await get_price("south")
            return "south"
        """),
    wrong("cheaper", "asks twice", """
        async def cheaper(get_price):
            if await get_price("north") < await get_price("south"):
                return "north"
            elif await get_price("south") < await get_price("north"):
                return "south"
        """, "once|twice|asked"),
    wrong("cheaper", "one shop only", """
        async def cheaper(get_price):
            return "north" if await get_price("north") < 300 else "south"
        """),
    wrong("cheaper", "the more expensive one", """
        async def cheaper(get_price):
            return "north" if await get_price("north") > await get_price("south") else "south"
        """),
    right("drive_with", "wrapped in a generator", """
        def drive_with(coroutine, answers):
            asked, ended = [], []

            def wrapper():
                ended.append((yield from coroutine.__await__()))

            steps = wrapper()
            for answer in [None, *answers]:
                try:
                    asked.append(steps.send(answer))
                except StopIteration:
                    break
            return asked, ended[0]
        """),
    right("drive_with", "a recursion", """
        def drive_with(coroutine, answers):
            def go(value, rest):
                try:
                    question = coroutine.send(value)
                except StopIteration as stop:
                    return [], stop.value
                questions, result = go(rest[0], rest[1:])
                return [question, *questions], result

            return go(None, answers)
        """),
    right("drive_with", "the coroutine's await as an iterator", """
        def drive_with(coroutine, answers):
            steps = coroutine.__await__()
            asked = []
            try:
                asked.append(next(steps))
                for answer in answers:
                    asked.append(steps.send(answer))
            except StopIteration as stop:
                return asked, stop.value
        """),
    wrong("drive_with", "the first answer is sent at the start", """
        def drive_with(coroutine, answers):
            asked = []
            try:
                for answer in answers:
                    asked.append(coroutine.send(answer))
            except StopIteration as stop:
                return asked, stop.value
        """, "none|start"),
    wrong("drive_with", "the result is not kept", """
        def drive_with(coroutine, answers):
            asked = [coroutine.send(None)]
            for answer in answers:
                try:
                    asked.append(coroutine.send(answer))
                except StopIteration:
                    return asked, None
        """),
    wrong("drive_with", "a list instead of a tuple", """
        def drive_with(coroutine, answers):
            asked, value, rest = [], None, iter(answers)
            while True:
                try:
                    asked.append(coroutine.send(value))
                except StopIteration as stop:
                    return [asked, stop.value]
                value = next(rest, None)
        """, "return a tuple", never=("by hand",)),
    wrong("drive_with", "two questions, always", """
        def drive_with(coroutine, answers):
            asked = [coroutine.send(None), coroutine.send(answers[0])]
            try:
                coroutine.send(answers[1])
            except StopIteration as stop:
                return asked, stop.value
        """),
    wrong("drive_with", "async", """
        async def drive_with(coroutine, answers):
            return list(answers), await coroutine
        """, "def"),
    hostile("drive_with", "a loop that spins", """
        def drive_with(coroutine, answers):
            while True:
                pass
        """, "while true|loop|comput|end"),
    right("drive_all", "a class of runners", """
        def drive_all(coroutines, arrivals):
            class Runner:
                def __init__(self, coroutine):
                    self.coroutine, self.shop, self.result = coroutine, None, None
                    self.go(None)

                def go(self, price):
                    try:
                        self.shop = self.coroutine.send(price)
                    except StopIteration as stop:
                        self.shop, self.result = None, stop.value

            runners = [Runner(coroutine) for coroutine in coroutines]
            for shop, price in arrivals:
                for runner in runners:
                    if runner.shop == shop:
                        runner.go(price)
                        break
            return [runner.result for runner in runners]
        """),
    right("drive_all", "generators that wait in a dictionary", """
        def drive_all(coroutines, arrivals):
            results = {}
            waiting = {}

            def resume(number, coroutine, price=None):
                try:
                    waiting[coroutine.send(price)] = number, coroutine
                except StopIteration as stop:
                    results[number] = stop.value

            for pair in enumerate(coroutines):
                resume(*pair)
            for shop, price in arrivals:
                match waiting.pop(shop):
                    case number, coroutine:
                        resume(number, coroutine, price)
            return [results[number] for number in sorted(results)]
        """),
    wrong("drive_all", "in the order in which they end", """
        def drive_all(coroutines, arrivals):
            waiting, results = {}, []
            for coroutine in coroutines:
                waiting[coroutine.send(None)] = coroutine
            for shop, price in arrivals:
                coroutine = waiting.pop(shop)
                try:
                    waiting[coroutine.send(price)] = coroutine
                except StopIteration as stop:
                    results.append(stop.value)
            return results
        """, "order"),
    wrong("drive_all", "one question each", """
        def drive_all(coroutines, arrivals):
            prices = dict(arrivals)
            results = []
            for coroutine in coroutines:
                shop = coroutine.send(None)
                try:
                    coroutine.send(prices[shop])
                except StopIteration as stop:
                    results.append(stop.value)
            return results
        """),
    wrong("drive_all", "one that asks nothing is forgotten", """
        def drive_all(coroutines, arrivals):
            waiting, results = {}, [None] * len(coroutines)
            for number, coroutine in enumerate(coroutines):
                try:
                    waiting[coroutine.send(None)] = number
                except StopIteration:
                    pass
            for shop, price in arrivals:
                number = waiting.pop(shop)
                try:
                    waiting[coroutines[number].send(price)] = number
                except StopIteration as stop:
                    results[number] = stop.value
            return results
        """),
    wrong("drive_all", "drives one after the other", """
        def drive_all(coroutines, arrivals):
            rest = list(arrivals)
            results = []
            for coroutine in coroutines:
                value = None
                try:
                    while True:
                        shop = coroutine.send(value)
                        pair = next(pair for pair in rest if pair[0] == shop)
                        rest.remove(pair)
                        value = pair[1]
                except StopIteration as stop:
                    results.append(stop.value)
            return results
        """),
    right("price_by_phone", "an ExitStack", """
        async def price_by_phone(phone, shop):
            import contextlib
            with contextlib.ExitStack() as stack:
                phone.call(shop)
                stack.callback(phone.hang_up)
                return await phone.ask()
        """),
    right("price_by_phone", "except BaseException and else", """
        async def price_by_phone(phone, shop):
            phone.call(shop)
            try:
                cents = await phone.ask()
            except BaseException:
                phone.hang_up()
                raise
            else:
                phone.hang_up()
                return cents
        """),
    right("price_by_phone", "a context manager of its own", """
        async def price_by_phone(phone, shop):
            class Line:
                def __enter__(self):
                    phone.call(shop)

                def __exit__(self, *error):
                    phone.hang_up()

            with Line():
                return await phone.ask()
        """),
    wrong("price_by_phone", "except Exception", """
        async def price_by_phone(phone, shop):
            phone.call(shop)
            try:
                cents = await phone.ask()
            except Exception:
                phone.hang_up()
                raise
            phone.hang_up()
            return cents
        """),
    wrong("price_by_phone", "the exception is kept", """
        async def price_by_phone(phone, shop):
            phone.call(shop)
            try:
                return await phone.ask()
            except BaseException:
                pass
            finally:
                phone.hang_up()
        """, "let the exception go on", never=("ends without a return",)),
    wrong("price_by_phone", "hangs up twice", """
        async def price_by_phone(phone, shop):
            try:
                phone.call(shop)
                cents = await phone.ask()
                phone.hang_up()
                return cents
            finally:
                phone.hang_up()
        """, "2|twice|once"),
    wrong("price_by_phone", "awaits hang_up", """
        async def price_by_phone(phone, shop):
            phone.call(shop)
            try:
                return await phone.ask()
            finally:
                await phone.hang_up()
        """, "await"),
    hostile("price_by_phone", "catches everything, and goes on asking", """
        async def price_by_phone(phone, shop):
            phone.call(shop)
            while True:
                try:
                    await phone.ask()
                except BaseException:
                    pass
        """),
    wrong("cheaper", "the comparison turned round", """
        async def cheaper(get_price):
            north = await get_price("north")
            south = await get_price("south")
            if north > south:
                return "north"
            return "south"
        """, "the more expensive shop"),
    wrong("cheaper", "the price is asked once more, and returned", """
        async def cheaper(get_price):
            if await get_price("north") < await get_price("south"):
                return await get_price("north")
            else:
                return await get_price("south")
        """, "the name of the shop", never=("more expensive",)),
    right("drive_with", "yield from, in a generator of its own", """
        def drive_with(coroutine, answers):
            asked, result = [], []
            waiting = iter(answers)

            def run():
                result.append((yield from coroutine.__await__()))

            generator = run()
            for question in generator:
                while True:
                    asked.append(question)
                    try:
                        question = generator.send(next(waiting))
                    except StopIteration:
                        break
            return asked, result[0]
        """),
]
