"""Answers to the exercises of lesson 05."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("all_or_nothing", "except* and a variable", """
        async def all_or_nothing(shops, item):
            prices = {}

            async def ask(shop):
                prices[shop.name] = await shop.price(item)

            try:
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask(shop))
            except* ConnectionError:
                prices = None
            return prices
        """),
    right("all_or_nothing", "split", """
        async def all_or_nothing(shops, item):
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = {shop.name: group.create_task(shop.price(item)) for shop in shops}
            except BaseExceptionGroup as errors:
                closed, others = errors.split(ConnectionError)
                if others:
                    raise others
                return None
            return {name: task.result() for name, task in tasks.items()}
        """),
    right("all_or_nothing", "an exception of its own leaves the group", """
        async def all_or_nothing(shops, item):
            class Closed(Exception):
                pass

            async def ask(shop):
                try:
                    return shop.name, await shop.price(item)
                except ConnectionError as error:
                    raise Closed from error

            result = None
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(ask(shop)) for shop in shops]
                result = dict(task.result() for task in tasks)
            except* Closed:
                pass
            return result
        """),
    wrong("all_or_nothing", "except without its star", """
        async def all_or_nothing(shops, item):
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = {shop.name: group.create_task(shop.price(item)) for shop in shops}
            except ConnectionError:
                return None
            return {name: task.result() for name, task in tasks.items()}
        """, "except*|group"),
    wrong("all_or_nothing", "waits for the others", """
        async def all_or_nothing(shops, item):
            answers = await asyncio.gather(*[shop.price(item) for shop in shops], return_exceptions=True)
            for answer in answers:
                if isinstance(answer, ConnectionError):
                    return None
                if isinstance(answer, BaseException):
                    raise answer
            return {shop.name: answer for shop, answer in zip(shops, answers)}
        """),
    wrong("all_or_nothing", "the others go on", """
        async def all_or_nothing(shops, item):
            try:
                prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            except ConnectionError:
                return None
            return dict(zip([shop.name for shop in shops], prices))
        """),
    wrong("all_or_nothing", "any error gives None", """
        async def all_or_nothing(shops, item):
            prices = {}
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(shop.price(item)) for shop in shops]
                prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
            except* Exception:
                prices = None
            return prices
        """),
    wrong("all_or_nothing", "OSError gives None", """
        async def all_or_nothing(shops, item):
            prices = {}
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(shop.price(item)) for shop in shops]
                prices = {shop.name: task.result() for shop, task in zip(shops, tasks)}
            except* OSError:
                prices = None
            return prices
        """),
    wrong("all_or_nothing", "those that answered", """
        async def all_or_nothing(shops, item):
            prices = {}

            async def ask(shop):
                prices[shop.name] = await shop.price(item)

            try:
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        group.create_task(ask(shop))
            except* ConnectionError:
                pass
            return prices
        """),
    right("causes", "a stack", """
        def causes(error):
            found, stack = [], [error]
            while stack:
                top = stack.pop()
                if isinstance(top, BaseExceptionGroup):
                    stack.extend(reversed(top.exceptions))
                else:
                    found.append(top)
            return found
        """),
    right("causes", "match and a generator", """
        def causes(error):
            def flat(error):
                match error:
                    case BaseExceptionGroup(exceptions=inner):
                        for each in inner:
                            yield from flat(each)
                    case _:
                        yield error

            return [*flat(error)]
        """),
    wrong("causes", "one level", """
        def causes(error):
            if isinstance(error, BaseExceptionGroup):
                return list(error.exceptions)
            return [error]
        """),
    wrong("causes", "only an ExceptionGroup is opened", """
        def causes(error):
            if isinstance(error, ExceptionGroup):
                return [cause for inner in error.exceptions for cause in causes(inner)]
            return [error]
        """, "baseexceptiongroup"),
    right("causes", "a comprehension", """
        def causes(error):
            if isinstance(error, BaseExceptionGroup):
                return [cause for inner in error.exceptions for cause in causes(inner)]
            return [error]
        """),
    wrong("causes", "breadth first", """
        def causes(error):
            found, queue = [], [error]
            while queue:
                first = queue.pop(0)
                if isinstance(first, BaseExceptionGroup):
                    queue.extend(first.exceptions)
                else:
                    found.append(first)
            return found
        """, "order"),
    wrong("causes", "a tuple", """
        def causes(error):
            if isinstance(error, BaseExceptionGroup):
                return sum((causes(inner) for inner in error.exceptions), ())
            return (error,)
        """, "return a list", never=("flat list",)),
    wrong("causes", "a generator", """
        def causes(error):
            if isinstance(error, BaseExceptionGroup):
                for inner in error.exceptions:
                    yield from causes(inner)
            else:
                yield error
        """, "list|generator"),
    wrong("causes", "every error has exceptions", """
        def causes(error):
            return [cause for inner in error.exceptions for cause in causes(inner)]
        """, "exceptions"),
    wrong("causes", "the append that gives None", """
        def causes(error):
            found = []
            for inner in getattr(error, "exceptions", [error]):
                found = found.append(inner)
            return found
        """),
    hostile("causes", "a recursion without an end", """
        def causes(error):
            return causes([error])
        """, "recursion|calls itself"),
    right("by_shop", "a TaskGroup for each shop in a TaskGroup", """
        async def by_shop(shops, items):
            async def one(shop):
                prices = {}
                try:
                    async with asyncio.TaskGroup() as group:
                        asked = {item: group.create_task(shop.price(item)) for item in items}
                    prices = {item: task.result() for item, task in asked.items()}
                except* ConnectionError:
                    prices = None
                return prices

            async with asyncio.TaskGroup() as group:
                tasks = {shop.name: group.create_task(one(shop)) for shop in shops}
            return {name: task.result() for name, task in tasks.items()}
        """),
    wrong("by_shop", "shops one after another", """
        async def by_shop(shops, items):
            table = {}
            for shop in shops:
                table[shop.name] = {}
                try:
                    async with asyncio.TaskGroup() as group:
                        asked = {item: group.create_task(shop.price(item)) for item in items}
                except* ConnectionError:
                    table[shop.name] = None
                else:
                    table[shop.name] = {item: task.result() for item, task in asked.items()}
            return table
        """),
    wrong("by_shop", "one closed shop stops all", """
        async def by_shop(shops, items):
            table = {shop.name: {} for shop in shops}

            async def ask(shop, item):
                table[shop.name][item] = await shop.price(item)

            try:
                async with asyncio.TaskGroup() as group:
                    for shop in shops:
                        for item in items:
                            group.create_task(ask(shop, item))
            except* ConnectionError:
                pass
            return {name: prices if len(prices) == len(items) else None for name, prices in table.items()}
        """),
    wrong("by_shop", "the other requests of the shop go on", """
        async def by_shop(shops, items):
            async def one(shop):
                answers = await asyncio.gather(*[shop.price(item) for item in items], return_exceptions=True)
                if any(isinstance(answer, ConnectionError) for answer in answers):
                    return None
                return dict(zip(items, answers))

            return dict(zip([shop.name for shop in shops], await asyncio.gather(*map(one, shops))))
        """),
    wrong("by_shop", "closed shops are left out", """
        async def by_shop(shops, items):
            table = {}

            async def one(shop):
                try:
                    async with asyncio.TaskGroup() as group:
                        asked = {item: group.create_task(shop.price(item)) for item in items}
                    table[shop.name] = {item: task.result() for item, task in asked.items()}
                except* ConnectionError:
                    pass

            async with asyncio.TaskGroup() as group:
                for shop in shops:
                    group.create_task(one(shop))
            return table
        """),
    wrong("by_shop", "any error gives None", """
        async def by_shop(shops, items):
            table = {shop.name: None for shop in shops}

            async def one(shop):
                try:
                    async with asyncio.TaskGroup() as group:
                        asked = {item: group.create_task(shop.price(item)) for item in items}
                    table[shop.name] = {item: task.result() for item, task in asked.items()}
                except* Exception:
                    pass

            await asyncio.gather(*[one(shop) for shop in shops])
            return table
        """),
    hostile("by_shop", "an exception group nested five hundred deep", """
        async def by_shop(shops, items):
            error = ValueError("deep")
            for _ in range(500):
                error = ExceptionGroup("g" * 1000, [error])
            raise error
        """),
    wrong("by_shop", "one group for all", """
        async def by_shop(shops, items):
            async with asyncio.TaskGroup() as group:
                tasks = {(shop.name, item): group.create_task(shop.price(item)) for shop in shops for item in items}
            return {shop.name: {item: tasks[shop.name, item].result() for item in items} for shop in shops}
        """, "a taskgroup for the items of one shop"),
    right("by_shop", "what comes out of the group is split", """
        async def by_shop(shops, items):
            async def one(shop):
                prices = {}

                async def get(item):
                    prices[item] = await shop.price(item)

                try:
                    async with asyncio.TaskGroup() as group:
                        for item in items:
                            group.create_task(get(item))
                except BaseExceptionGroup as group:
                    closed, rest = group.split(ConnectionError)
                    if rest is not None:
                        raise rest
                    return None
                return prices

            async with asyncio.TaskGroup() as group:
                tasks = [(shop.name, group.create_task(one(shop))) for shop in shops]
            return {name: task.result() for name, task in tasks}
        """),
]
