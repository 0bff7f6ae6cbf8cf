"""The mutants that are solutions, too, each with the reason why: see `mutation.py`."""

from __future__ import annotations

ORDER_OF_ASSERTIONS = "In which order the assertions stand does not matter."

HARMLESS: dict[str, dict[str, str]] = {
    "lesson_00.ask_all": {
        "||for shop in shops: -> ||for shop in list(shops)[::-1]:":
            "All are started before any is waited for: in which order, the task does not say.",
    },
    "lesson_00.tea_and_coffee": {
        "|coffee = await shop.price('coffee') -> |coffee = await shop.price('coffee')":
            "In which order it asks, the task does not say.",
    },
    "lesson_01.cheaper": {
        "|south = await get_price('south') -> |south = await get_price('south')":
            "In which order it asks, the task does not say.",
        "|return 'north' if north < south else 'south' -> |return 'north' if north <= south else 'south'":
            "Which one is named if both cost the same, the task does not say.",
    },
    "lesson_01.drive_all": {
        "|for coroutine in coroutines: -> |for coroutine in list(coroutines)[::-1]:":
            "In which order they are started, the task does not say.",
        "||except StopIteration as stop: -> ||except Exception as stop:":
            "The task says nothing of a coroutine that fails.",
    },
    "lesson_01.drive_with": {
        "|except StopIteration as stop: -> |except Exception as stop:":
            "The task says nothing of a coroutine that fails.",
    },
    "lesson_02.run_with_jumps": {
        "||except StopIteration as stop: -> ||except Exception as stop:":
            "The task says nothing of a coroutine that fails.",
    },
    "lesson_02.step": {
        "|except StopIteration as stop: -> |except Exception as stop:":
            "The task says nothing of a coroutine that fails.",
    },
    "lesson_02.total": {
        "|||await asyncio.sleep(0) -> |||await asyncio.sleep(-1)":
            "asyncio.sleep gives one turn for every time that is not positive.",
    },
    "lesson_03.price_table": {
        "||for shop in shops: -> ||for shop in list(shops)[::-1]:":
            "All are started before any is waited for: in which order, the task does not say.",
        "|return {name: task.result() for name, task in tasks.items()} -> |return {name: task.result() for "
        "name, task in list(tasks.items())[::-1]}":
            "A dictionary is the same in any order.",
    },
    "lesson_03.total_cost": {
        "|tasks = [asyncio.create_task(shop.price(item), name=shop.name) for shop in shops] -> |tasks = "
        "[asyncio.create_task(shop.price(item), name=shop.name) for shop in shops]":
            "Whether the box or the shops are asked first, at the same moment, is the same.",
        "|box = asyncio.create_task(post.price('box'), name='box') -> |box = "
        "asyncio.create_task(post.price('box'), name='boxs')":
            "The name of a task says who it is, no more.",
    },
    "lesson_03.with_old_shop": {
        "||tasks.append(group.create_task(asyncio.to_thread(old.price_blocking, item), name='old')) -> "
        "||tasks.append(_done(await asyncio.to_thread(old.price_blocking, item)))":
            "The tasks of the shops are under way already: the block may wait for the old shop.",
        "||tasks.append(group.create_task(asyncio.to_thread(old.price_blocking, item), name='old')) -> "
        "||tasks.append(group.create_task(asyncio.to_thread(old.price_blocking, item), name='olds'))":
            "The name of a task says who it is, no more.",
    },
    "lesson_04.first_below": {
        "||return (shop.name, await shop.price(item)) -> ||return [shop.name, await shop.price(item)]":
            "The pair is taken apart at once.",
        "|||if price <= limit: ; ||||return (name, price) -> ||||if price <= limit: ; |||||return (name, price)":
            "It may stand in the try: nothing in it raises a ConnectionError.",
        "||for task in tasks: -> ||for task in list(tasks)[::-1]:":
            "All are cancelled before any is waited for.",
        "|tasks = [asyncio.create_task(ask(shop), name=shop.name) for shop in shops] -> |tasks = "
        "[asyncio.create_task(ask(shop), name=shop.name) for shop in list(shops)[::-1]]":
            "All are started before any is waited for: in which order, the task does not say.",
    },
    "lesson_04.open_and_closed": {
        "|closed = [shop.name for shop, price in zip(shops, prices) if price is None] -> |closed = "
        "[shop.name for shop, price in zip(shops, prices) if price is None]":
            "The two are made of the same answers: either may come first.",
        "|return (came, closed) -> |return [came, closed]":
            "Two things: a list holds them as a tuple does.",
        "|||return None -> |||pass":
            "A function without a return returns None.",
        "|came = {shop.name: price for shop, price in zip(shops, prices) if price is not None} -> |came = "
        "{shop.name: price for shop, price in list(zip(shops, prices))[::-1] if price is not None}":
            "A dictionary is the same in any order.",
        "|||return None -> |||None":
            "A function without a return returns None.",
    },
    "lesson_05.all_or_nothing": {
        "|return prices -> ||return prices":
            "After an exception that is caught the function ends, and returns None.",
        "||prices = {shop.name: task.result() for shop, task in zip(shops, tasks)} -> ||prices = {shop.name: "
        "task.result() for shop, task in list(zip(shops, tasks))[::-1]}":
            "A dictionary is the same in any order.",
    },
    "lesson_05.by_shop": {
        "||return prices -> |||return prices":
            "After an exception that is caught the function ends, and returns None.",
        "|return {name: task.result() for name, task in tasks.items()} -> |return {name: task.result() for "
        "name, task in list(tasks.items())[::-1]}":
            "A dictionary is the same in any order.",
        "||tasks = {shop.name: group.create_task(ask(shop), name=shop.name) for shop in shops} -> ||tasks = "
        "{shop.name: group.create_task(ask(shop), name=shop.name) for shop in list(shops)[::-1]}":
            "All are started before any is waited for: in which order, the task does not say.",
        "|||prices = {item: task.result() for item, task in tasks.items()} -> |||prices = {item: "
        "task.result() for item, task in list(tasks.items())[::-1]}":
            "A dictionary is the same in any order.",
        "||||tasks = {item: group.create_task(shop.price(item), name=item) for item in items} -> ||||tasks = "
        "{item: group.create_task(shop.price(item), name=item) for item in list(items)[::-1]}":
            "All are started before any is waited for: in which order, the task does not say.",
        "||||tasks = {item: group.create_task(shop.price(item), name=item) for item in items} -> ||||tasks = "
        "{item: group.create_task(_never_asked(shop, item), name=item) for item in items}":
            "The shops of its cases have no price_of: they are asked.",
    },
    "lesson_05.causes": {
        "|found = [] -> |found = []":
            "The list may be made before the group is looked at.",
    },
    "lesson_06.prices_in_time": {
        "|except TimeoutError: -> |except OSError:":
            "An error of a shop comes out in a group, which neither of the two catches.",
        "||||for shop in shops: -> ||||for shop in list(shops)[::-1]:":
            "All are started before any is waited for: in which order, the task does not say.",
    },
    "lesson_07.ask_old_shops": {
        "|pool = ThreadPoolExecutor(at_once) -> |pool = ThreadPoolExecutor(at_once)":
            "None of the first statements needs another.",
        "|try: ; ||return await asyncio.gather(*[loop.run_in_executor(pool, shop.price_blocking, item) "
        "for shop in shops]) ; |finally: ; ||pool.shutdown(wait=False, cancel_futures=True) -> |return "
        "await asyncio.gather(*[loop.run_in_executor(pool, shop.price_blocking, item) for shop in "
        "shops]) ; |pool.shutdown(wait=False, cancel_futures=True)":
            "The task asks that the loop stays free, and leaves open what becomes of the calls in the queue.",
        "|try: ; ||return await asyncio.gather(*[loop.run_in_executor(pool, shop.price_blocking, item) "
        "for shop in shops]) ; |finally: ; ||pool.shutdown(wait=False, cancel_futures=True) -> |return "
        "await asyncio.gather(*[loop.run_in_executor(pool, shop.price_blocking, item) for shop in "
        "shops])":
            "The task asks that the loop stays free, and leaves open what becomes of the calls in the queue.",
        "|finally: -> |except Exception: ; ||raise":
            "The task asks that the loop stays free, and leaves open what becomes of the calls in the queue.",
        "||pool.shutdown(wait=False, cancel_futures=True) -> ||pass":
            "The task asks that the loop stays free, and leaves open what becomes of the calls in the queue.",
        "||pool.shutdown(wait=False, cancel_futures=True) -> ||pool.shutdown(wait=False)":
            "The task asks that the loop stays free, and leaves open what becomes of the calls in the queue.",
        "||pool.shutdown(wait=False, cancel_futures=True) -> ||pool.shutdown(wait=False, "
        "cancel_futures=False)":
            "The task asks that the loop stays free, and leaves open what becomes of the calls in the queue.",
        "||return await asyncio.gather(*[loop.run_in_executor(pool, shop.price_blocking, item) for shop in "
        "shops]) -> ||return await _in_turn([loop.run_in_executor(pool, shop.price_blocking, item) for shop "
        "in shops])":
            "The pool has all calls already: they run, in whatever order they are awaited.",
    },
    "lesson_08.ask_within": {
        "|loop = asyncio.get_running_loop() -> |loop = asyncio.get_running_loop()":
            "None of the first statements needs another.",
        "|free = 0.0 -> |free = 0.0":
            "None of the first statements needs another.",
        "|free = 0.0 -> |free = -1.0":
            "Any moment that is over will do.",
    },
    "lesson_08.watch": {
        "|return {shop.name: prices for shop, prices in zip(shops, lists)} -> |return {shop.name: prices for "
        "shop, prices in list(zip(shops, lists))[::-1]}":
            "A dictionary is the same in any order.",
    },
    "lesson_08.work_off": {
        "||for worker in workers: -> ||for worker in list(workers)[::-1]:":
            "All are cancelled before any is waited for.",
        "|return prices -> ||return prices":
            "The block waits for its workers before the result is given.",
        "||workers = [group.create_task(work()) for _ in range(count)] -> ||workers = "
        "[group.create_task(work()) for _ in list(range(count))[::-1]]":
            "All are started before any is waited for: in which order, the task does not say.",
        "|||except ConnectionError: -> |||except OSError:":
            "The task says nothing of other exceptions, and a worker is cancelled only in get().",
        "|||except ConnectionError: -> |||except Exception:":
            "The task says nothing of other exceptions, and a worker is cancelled only in get().",
        "|||except ConnectionError: -> |||except BaseException:":
            "The task says nothing of other exceptions, and a worker is cancelled only in get().",
    },
    "lesson_09.ask_once": {
        "||return known[item] -> |return known[item]":
            "What is in known stays there: it may be read without the lock.",
    },
    "lesson_09.buy": {
        "|return True -> ||return True":
            "It may stand in the try: nothing in it raises an exception.",
    },
    "lesson_09.exchange": {
        "|first, second = sorted([one, other], key=lambda store: store.name) -> |first, second = "
        "sorted([one, other], key=lambda store: store.name)":
            "Whether it sorts before or after it looks for the same store, is the same.",
        "||one.boxes, other.boxes = (other.boxes, one.boxes) -> |one.boxes, other.boxes = (other.boxes, one.boxes)":
            "Without an await after the release nobody can come in between.",
        "|async with first.lock, second.lock: -> |async with second.lock, first.lock:":
            "It is an order, too, and the same for all.",
    },
    "lesson_10.take": {
        "|||count -= 1 -> |||count -= 1":
            "Before the yield or after it: what counts is the number when the reader asks again.",
    },
    "lesson_10.watch": {
        "||await items.put(None) -> |||await items.put(None)":
            "Whether the stream, which is at its end, is closed before or after that, is the same.",
        "||for stage in (read, price, keep): -> ||for stage in list((read, price, keep))[::-1]:":
            "In which order the stages are started, the task does not say.",
        "||for stage in (read, price, keep): -> ||for stage in (price, read, keep):":
            "In which order the stages are started, the task does not say.",
    },
    "lesson_11.get_prices": {
        "|return prices -> ||return prices":
            "It may return inside the block of the session, which is closed all the same.",
        "||await asyncio.gather(*[ask(session, item) for item in items]) -> ||await asyncio.gather(*[ask(session, "
        "item) for item in list(items)[::-1]])":
            "All are started before any is waited for: in which order, the task does not say.",
    },
    "lesson_11.answer_lines": {
        "|||await writer.drain() -> |||await writer.drain()":
            "It waits before each write instead of after it: no more is buffered.",
    },
    "lesson_12.ask_within_budget": {
        "|budget.tokens = min(budget.most, budget.tokens + 0.1) -> ||budget.tokens = min(budget.most, budget.tokens + "
        "0.1)":
            "It may stand in the try: nothing in it raises a ConnectionError.",
    },
    "lesson_12.hedge": {
        "||return done.pop().result() -> |return done.pop().result()":
            "What is done stays done: it may be looked at after the clean-up.",
        "||for task in tasks: -> ||for task in list(tasks)[::-1]:":
            "Both are cancelled before either is awaited: in which order, the task does not say.",
    },
    "lesson_13.cheapest_open": {
        "|for shop in shops: -> |for shop in list(shops)[::-1]:":
            "In which order the shops are asked, the task does not say.",
    },
    "lesson_13.write_all": {
        "||if isinstance(result, BaseException): -> ||if isinstance(result, Exception):":
            "No write ends with an exception that is no Exception: if write_all is cancelled, gather raises.",
    },
    "lesson_14.test_first_price": {
        "|fails = Shop('east', latency=0.1, failure_rate=1) -> |fails = Shop('east', latency=0.1, failure_rate=1)":
            "In which order the shops are made does not matter.",
        "|assert run.elapsed == 0.2 -> |assert run.elapsed == 0.2": ORDER_OF_ASSERTIONS,
        "|assert all((task.outcome != 'pending' for task in run.tasks)) -> |assert all((task.outcome != 'pending' for "
        "task in run.tasks))": ORDER_OF_ASSERTIONS,
        "|slow, fast = (Shop('north', latency=0.3), Shop('south', latency=0.2)) -> |slow, fast = (Shop('north'), "
        "Shop('south', latency=0.2))": "A shop has a latency of 0.3 s if none is given.",
        "|slow, fast = (Shop('north', latency=0.3), Shop('south', latency=0.2)) -> |slow, fast = (Shop('north', "
        "latency=1.3), Shop('south', latency=0.2))": "How slow the slow shop is, the task leaves open.",
        "|slow, fast = (Shop('north', latency=0.3), Shop('south', latency=0.2)) -> |slow, fast = (Shop('north', "
        "latency=0.6), Shop('south', latency=0.2))": "How slow the slow shop is, the task leaves open.",
        "|slow, fast = (Shop('north', latency=0.3), Shop('south', latency=0.2)) -> |slow, fast = (Shop('norths', "
        "latency=0.3), Shop('south', latency=0.2))": "What the shops are called, the task leaves open.",
        "|slow, fast = (Shop('north', latency=0.3), Shop('south', latency=0.2)) -> |slow, fast = (Shop('north', "
        "latency=0.3), Shop('souths', latency=0.2))": "What the shops are called, the task leaves open.",
        "|fails = Shop('east', latency=0.1, failure_rate=1) -> |fails = Shop('easts', latency=0.1, failure_rate=1)":
            "What the shops are called, the task leaves open.",
        "|fails = Shop('east', latency=0.1, failure_rate=1) -> |fails = Shop('east', latency=0.2, failure_rate=1)":
            "It fails at the moment of the first price, and stands before it in the list: the error comes first.",
        "|assert all((task.outcome != 'pending' for task in run.tasks)) -> |assert all((task.outcome != 'pending' for "
        "task in list(run.tasks)[1:]))": "The first task is the main one, which ends in every run.",
        "|assert all((task.outcome != 'pending' for task in run.tasks)) -> |assert all((task.outcome != 'pending' for "
        "task in list(run.tasks)[:-1]))": "The last one is that of the fast shop, which has its price.",
        "|assert all((task.outcome != 'pending' for task in run.tasks)) -> |assert all((task.outcome != 'pending' for "
        "task in list(run.tasks)[::-1]))": "In which order the tasks are looked at does not matter.",
    },
    "lesson_14.test_feed": {
        "||assert feed.prices == {'north': 320, 'south': 290} -> |||assert feed.prices == {'north': 320, 'south': 290}":
            "It may stand inside the block of the timeout: nothing in it waits.",
        "||assert feed.prices == {'north': 320, 'south': 290} -> |assert feed.prices == {'north': 320, 'south': 290}":
            "It may stand below the finally: the feed is stopped then, and keeps its prices.",
    },
    "lesson_14.test_follow": {
        "|assert line.closed -> |assert line.closed": ORDER_OF_ASSERTIONS,
        "|await asyncio.sleep(0.3) -> |await asyncio.sleep(0.6)":
            "It cancels follow while it receives, too, only at a later price.",
    },
    "lesson_15.ask_all": {
        "|except TimeoutError: -> |except OSError:":
            "Out of the group comes every other error in an exception group, which is no OSError.",
        "|||for shop in shops: -> |||for shop in list(shops)[::-1]:":
            "In which order it asks, the task does not say.",
    },
    "lesson_15.run_until": {
        "||task.add_done_callback(lambda task: stopper.cancel()) -> "
        "||task.add_done_callback(lambda task: stopper.cancel())":
            "It stands one line earlier: the callback is called later, when the name is there.",
    },
    "lesson_15.watch": {
        "||start += every -> ||start += every":
            "It stands one line earlier: the next start may be counted before the round or after it.",
        "||while start < clock(): -> ||while start <= clock():":
            "Whether a round may begin at the moment at which another one ends, the task does not say.",
        "||except TimeoutError: -> ||except OSError:":
            "TimeoutError is an OSError, and waiting for an event raises no other.",
        "||except TimeoutError: -> ||except Exception:":
            "Waiting for an event raises no other exception.",
    },
    "lesson_A1.run_anywhere": {
        "|with ThreadPoolExecutor(1) as pool: -> |with ThreadPoolExecutor() as pool:":
            "Only one call is handed to the pool: how many threads it may have does not matter.",
        "|with ThreadPoolExecutor(1) as pool: -> |with ThreadPoolExecutor(2) as pool:":
            "Only one call is handed to the pool: how many threads it may have does not matter.",
    },
    "lesson_A4.speed_up": {
        "|together = wait + shops * work -> |together = wait + shops * work":
            "Which of the two times is worked out first does not matter.",
    },
    "lesson_A4.in_euros": {
        "||prices = [group.create_task(shop.price(item)) for shop in shops] -> "
        "||prices = [group.create_task(shop.price(item)) for shop in shops]":
            "The shops may be asked before the bank: no task begins before all are created.",
    },
    "lesson_A5.read_all": {
        "|finally: -> |except Exception: ; ||raise":
            "gather withdraws what it waits for when it is cancelled itself.",
        "||for job in jobs: -> ||for job in list(jobs)[1:]:":
            "When a call fails, the one that was handed over first has begun.",
        "||for job in jobs: -> ||for job in list(jobs)[::-1]:":
            "In which order they are withdrawn, the task does not say.",
    },
    "lesson_A5.read_stream": {
        "||for _ in range(at_once): -> ||for _ in list(range(at_once))[::-1]:":
            "The workers are alike.",
    },
    "lesson_A6.mistaken_lines": {
        "return {'A': 2, 'B': 4, 'C': 2, 'D': 2}":
            "What is asked for is this one result.",
    },
}
