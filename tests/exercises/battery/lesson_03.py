"""Answers to the exercises of lesson 03."""

from tests.exercises.battery.answers import hostile, right, unseen, wrong

ANSWERS = [
    right("price_table", "tasks in a dictionary", """
        async def price_table(shops, item):
            tasks = {shop.name: asyncio.create_task(shop.price(item)) for shop in shops}
            return {name: await task for name, task in tasks.items()}
        """),
    right("price_table", "as_completed with pairs", """
        async def price_table(shops, item):
            async def pair(shop):
                return shop.name, await shop.price(item)

            return dict([await each for each in asyncio.as_completed([pair(shop) for shop in shops])])
        """),
    right("price_table", "callbacks fill it in", """
        async def price_table(shops, item):
            prices = {}
            tasks = []
            for shop in shops:
                task = asyncio.create_task(shop.price(item), name=shop.name)
                task.add_done_callback(lambda task: prices.setdefault(task.get_name(), task.result()))
                tasks.append(task)
            await asyncio.gather(*tasks)
            return prices
        """),
    wrong("price_table", "a comprehension that awaits each", """
        async def price_table(shops, item):
            return {shop.name: await shop.price(item) for shop in shops}
        """, "at the same time|before you wait|overlap|sequential|one after"),
    wrong("price_table", "coroutines in the dictionary", """
        async def price_table(shops, item):
            return {shop.name: shop.price(item) for shop in shops}
        """, "await"),
    wrong("price_table", "a thread for a coroutine function", """
        async def price_table(shops, item):
            answers = await asyncio.gather(*[asyncio.to_thread(shop.price, item) for shop in shops])
            return {shop.name: answer for shop, answer in zip(shops, answers)}
        """, "await"),
    wrong("price_table", "a mistyped attribute", """
        async def price_table(shops, item):
            prices = await asyncio.gather(*(shop.price(item) for shop in shops))
            return {shop.nme: price for shop, price in zip(shops, prices)}
        """, "nme"),
    wrong("price_table", "a set instead of a list", """
        async def price_table(shops, item):
            done, _ = await asyncio.wait({asyncio.create_task(shop.price(item)) for shop in shops})
            return {shop.name: task for shop, task in zip(shops, done)}
        """),
    right("total_cost", "the box begins first", """
        async def total_cost(shops, post, item):
            box = asyncio.create_task(post.price("box"))
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            price, best = min(zip(prices, shops), key=lambda pair: pair[0])
            return best.name, price + await best.price("delivery") + await box
        """),
    right("total_cost", "a TaskGroup, and a chain in a nested function", """
        async def total_cost(shops, post, item):
            async def goods():
                async with asyncio.TaskGroup() as group:
                    asked = [(group.create_task(shop.price(item)), shop) for shop in shops]
                task, shop = min(asked, key=lambda pair: pair[0].result())
                return shop.name, task.result() + await shop.price("delivery")

            async with asyncio.TaskGroup() as group:
                box = group.create_task(post.price("box"))
                bought = group.create_task(goods())
            name, cents = bought.result()
            return name, cents + box.result()
        """),
    wrong("total_cost", "the box at the end", """
        async def total_cost(shops, post, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            price, best = min(zip(prices, shops), key=lambda pair: pair[0])
            delivery = await best.price("delivery")
            return best.name, price + delivery + await post.price("box")
        """),
    wrong("total_cost", "the box with the prices, and waits for it", """
        async def total_cost(shops, post, item):
            *prices, box = await asyncio.gather(*[shop.price(item) for shop in shops], post.price("box"))
            price, best = min(zip(prices, shops), key=lambda pair: pair[0])
            return best.name, price + box + await best.price("delivery")
        """),
    wrong("total_cost", "every shop for its delivery", """
        async def total_cost(shops, post, item):
            async def both(shop):
                price, delivery = await asyncio.gather(shop.price(item), shop.price("delivery"))
                return price, price + delivery, shop.name

            box, *answers = await asyncio.gather(post.price("box"), *map(both, shops))
            _, cents, name = min(answers)
            return name, cents + box
        """, "delivery"),
    wrong("total_cost", "the cheapest with its delivery", """
        async def total_cost(shops, post, item):
            box = asyncio.create_task(post.price("box"))
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            best = min(zip(prices, shops), key=lambda pair: pair[0])[1]
            return best.name, await best.price("delivery") + await box
        """),
    wrong("total_cost", "box tea and all from the first", """
        async def total_cost(shops, post, item):
            box = asyncio.create_task(post.price("box"))
            price, delivery = await shops[0].price(item), await shops[0].price("delivery")
            return shops[0].name, price + delivery + await box
        """),
    right("with_old_shop", "run_in_executor", """
        async def with_old_shop(shops, old, item):
            loop = asyncio.get_running_loop()
            return list(await asyncio.gather(
                *map(lambda shop: shop.price(item), shops), loop.run_in_executor(None, old.price_blocking, item)))
        """),
    right("with_old_shop", "a task of a thread, then the others", """
        async def with_old_shop(shops, old, item):
            last = asyncio.create_task(asyncio.to_thread(lambda: old.price_blocking(item)))
            tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
            return [await task for task in (*tasks, last)]
        """),
    unseen("with_old_shop", "a pool of its own", """
        async def with_old_shop(shops, old, item):
            from concurrent.futures import ThreadPoolExecutor
            with ThreadPoolExecutor(1) as pool:
                future = asyncio.wrap_future(pool.submit(old.price_blocking, item))
                return await asyncio.gather(*[shop.price(item) for shop in shops], future)
        """),
    unseen("with_old_shop", "a thread that calls back", """
        async def with_old_shop(shops, old, item):
            import threading
            loop = asyncio.get_running_loop()
            last = loop.create_future()

            def work():
                price = old.price_blocking(item)
                loop.call_soon_threadsafe(last.set_result, price)

            thread = threading.Thread(target=work)
            thread.start()
            prices = await asyncio.gather(*[shop.price(item) for shop in shops], last)
            thread.join()
            return prices
        """),
    wrong("with_old_shop", "a call instead of the function", """
        async def with_old_shop(shops, old, item):
            return await asyncio.gather(*[shop.price(item) for shop in shops],
                                        asyncio.to_thread(old.price_blocking(item)))
        """, "price_blocking"),
    wrong("with_old_shop", "the thread at the end", """
        async def with_old_shop(shops, old, item):
            prices = await asyncio.gather(*[shop.price(item) for shop in shops])
            prices.append(await asyncio.to_thread(old.price_blocking, item))
            return prices
        """),
    wrong("with_old_shop", "old at the front", """
        async def with_old_shop(shops, old, item):
            return await asyncio.gather(asyncio.to_thread(old.price_blocking, item),
                                        *[shop.price(item) for shop in shops])
        """, "order|["),
    wrong("with_old_shop", "an async function that blocks", """
        async def with_old_shop(shops, old, item):
            async def ask_old():
                return old.price_blocking(item)

            return await asyncio.gather(*[shop.price(item) for shop in shops], ask_old())
        """, "price_blocking"),
    wrong("with_old_shop", "the old shop asked without its blocking call", """
        async def with_old_shop(shops, old, item):
            return await asyncio.gather(*[shop.price(item) for shop in shops], old.price(item))
        """, "no attribute 'price'"),
    hostile("with_old_shop", "a thread that never ends", """
        async def with_old_shop(shops, old, item):
            def work():
                while True:
                    pass
            return await asyncio.to_thread(work)
        """),
    hostile("with_old_shop", "an error that cannot be shown", """
        async def with_old_shop(shops, old, item):
            class Odd(Exception):
                def __str__(self):
                    raise RuntimeError("no")
                __repr__ = __str__
            raise Odd()
        """, "odd"),
    wrong("price_table", "a generator in parentheses", """
        async def price_table(shops, item):
            return ((shop.name, await shop.price(item)) for shop in shops)
        """, "async_generator", "square brackets", never=("0x",)),
    unseen("with_old_shop", "a thread that calls back into the loop", """
        async def with_old_shop(shops, old, item):
            import threading
            loop = asyncio.get_running_loop()
            future = loop.create_future()

            def work():
                price = old.price_blocking(item)
                loop.call_soon_threadsafe(future.set_result, price)

            threading.Thread(target=work).start()
            return await asyncio.gather(*[shop.price(item) for shop in shops], future)
        """),
    wrong("with_old_shop", "run_in_executor without its first argument", """
        async def with_old_shop(shops, old, item):
            last = asyncio.get_running_loop().run_in_executor(old.price_blocking, item)
            return await asyncio.gather(*[shop.price(item) for shop in shops], last)
        """, "run_in_executor(none, function, argument)"),
    wrong("price_table", "tasks that are not the group's", """
        async def price_table(shops, item):
            async with asyncio.TaskGroup() as group:
                tasks = {shop.name: asyncio.create_task(shop.price(item)) for shop in shops}
            return {name: task.result() for name, task in tasks.items()}
        """, "group.create_task"),
    wrong("with_old_shop", "an argument too many for the function in the thread", """
        async def with_old_shop(shops, old, item):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(shop.price(item)) for shop in shops]
                last = group.create_task(asyncio.to_thread(old.price_blocking, item, 1))
            return [task.result() for task in [*tasks, last]]
        """, "price_blocking", never=("as the case uses it",)),
]
