"""What is advised after the commonest slips: true of the answer, whatever the exercise is about."""

from __future__ import annotations

import pytest

from helpers.checker.kinds import KINDS
from tests.checker import samples
from tests.checker.answers import body, check
from tests.checker.rules import check_report

pytestmark = pytest.mark.slow

# name -> kind, the guilty line, what is advised, the answer
SLIPS = {
    "a mistyped name": ("error", 3, "Did you mean slots? Nothing here has the name slot.", body("""
        slots = asyncio.Semaphore(2)
        async with slot:
            return [await shop.price(item) for shop in shops]""")),
    "a mistyped name in a task group": ("error", 3, "Did you mean shops?", body("""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(shop.price(item)) for shop in shopz]
        return [task.result() for task in tasks]""")),
    "a mistyped builtin": ("error", 2, "Did you mean sorted?", body("return srted([320, 290])")),
    "an unknown name": ("error", 2, "Assign to quux before this line, or correct its spelling", body("return quux")),
    "a module that is not imported": ("error", 2, "Write import random above the function", body(
        "return random.choice(shops)")),
    "a local name before it is assigned": ("error", 3, "Assign to prices before this line", body("""
        for shop in shops:
            prices = prices + [await shop.price(item)]
        return prices""")),
    "a loop over itself": ("error", 2, "Did you mean for shop in shops? In for shop in shop", body("""
        for shop in shop:
            await shop.price(item)""")),
    "a loop over itself in a task group": ("error", 3, "Did you mean for shop in shops?", body("""
        async with asyncio.TaskGroup() as group:
            for shop in shop:
                group.create_task(shop.price(item))""")),
    "a loop over itself that nothing is like": ("error", 2, "Go through something else. In for x in x", body("""
        for x in x:
            await x.price(item)""")),
    "a list of coroutines over itself": ("error", 2, "Did you mean shops?", body(
        "return await asyncio.gather(*[shop.price(item) for shop in shop])")),
    "a function of asyncio without asyncio": ("error", 2, "Did you mean asyncio.gather?", body(
        "return await gather(*[shop.price(item) for shop in shops])")),
    "a name of asyncio in small letters": ("error", 2, "Did you mean asyncio.TaskGroup?", body("""
        async with asyncio.taskgroup() as group:
            pass""")),
    "a block without a name": ("error", 4, "Write async with asyncio.TaskGroup() as group, if group", body("""
        async with asyncio.TaskGroup():
            for shop in shops:
                group.create_task(shop.price(item))""")),
    "another name in a block": ("error", 3, "Assign to quux before this line", body("""
        async with asyncio.TaskGroup() as group:
            group.create_task(quux(item))""")),
    "a task of a list": ("error", 2, "Make a task of each one", body(
        "return await asyncio.create_task([shop.price(item) for shop in shops])")),
    "a star in front of one call": ("forgotten await", 2, "Make a call for each element", body(
        "return await asyncio.gather(*shops[0].price(item))")),
    "an element in parentheses": ("error", 2, "Take an element with square brackets", body("return shops(0)")),
    "a method that is not called": ("value", 0, "Add the parentheses, result()", body("""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(shop.price(item)) for shop in shops]
        return [task.result for task in tasks]""")),
    "a dictionary without items()": ("error", 3, "Write prices.items() if prices is a dictionary", body("""
        prices = {shop: await shop.price(item) for shop in shops}
        return [price for shop, price in prices]""")),
    "what cannot be unpacked elsewhere": ("error", 2, "has no elements to go through", body(
        "name, price = await shops[0].price(item)")),
    "a name of asyncio": ("error", 2, "Did you mean asyncio.TaskGroup?", body("""
        async with asyncio.TaskGruop() as group:
            pass""")),
    "an attribute": ("error", 3, "Did you mean acquire? A Semaphore has no aquire.", body("""
        slots = asyncio.Semaphore(2)
        await slots.aquire()""")),
    "a method of a task": ("error", 4, "Did you mean result?", body("""
        task = asyncio.create_task(shops[0].price(item))
        await task
        return task.resullt()""")),
    "an attribute of None": ("error", 3, "it is None, and None has no price", body("""
        shop = print()
        return shop.price""")),
    "an attribute that nothing has": ("error", 2, "it has no latencies_of_everything", body(
        "return shops[0].latencies_of_everything")),
    "a module that is not installed": ("error", 2, "Do without numbr", body("import numbr")),
    "a name that a module has not": ("error", 2, "Did you mean gather?", body("from asyncio import gathr")),
    "a syntax error in a text": ("error", 2, "it is not valid Python", body("exec('for')")),
    "an argument is missing": ("error", 2, "Compare this call with what Shop.price takes", body(
        "return [await shop.price() for shop in shops]")),
    "an unknown keyword": ("error", 2, "Compare this call with what wait_for takes", body(
        "return await asyncio.wait_for(shops[0].price(item), tiemout=3)")),
    "too many arguments in a thread": ("error", 2, "Compare this call", body(
        "return [await asyncio.to_thread(shops[0].price_blocking, item, item)]")),
    "a division by zero": ("error", 2, "Handle a divisor of 0", body("return 1 / 0")),
    "an index": ("error", 2, "there are fewer elements", body("return shops[17]")),
    "a key": ("error", 2, "'coffee' is not among its keys", body("return {}['coffee']")),
    "None plus a number": ("error", 2, "NoneType and int do not go together", body("return None + 1")),
    "a value that cannot be called": ("error", 2, "Leave out the parentheses", body("return item()")),
    "a value that has no elements": ("error", 2, "has no elements to go through", body("return [*3]")),
    "gather of a generator": ("error", 2, "Put a star in front of it: gather(*(", body(
        "return await asyncio.gather(shop.price(item) for shop in shops)")),
    "gather of a list": ("error", 2, "Put a star in front of it: gather(*[", body(
        "return await asyncio.gather([shop.price(item) for shop in shops])")),
    "gather of a list by its name": ("error", 3, "gather(*questions)", body("""
        questions = [shop.price(item) for shop in shops]
        return await asyncio.gather(questions)""")),
    "gather of a tuple by its name": ("error", 3, "gather(*questions) if that is a collection", body("""
        questions = tuple(shop.price(item) for shop in shops)
        return await asyncio.gather(questions)""")),
    "gather of functions": ("error", 2, "is none of these", body(
        "return await asyncio.gather(shops[0].price, shops[1].price)")),
    "wait with a star": ("error", 3, "Pass wait one collection, without a star", body("""
        tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
        await asyncio.wait(*tasks)""")),
    "wait for coroutines": ("error", 2, "Make tasks of them first", body(
        "await asyncio.wait([shop.price(item) for shop in shops])")),
    "a task of a function": ("error", 2, "Call the function inside of the parentheses", body(
        "await asyncio.create_task(shops[0].price)")),
    "a task of a price": ("error", 2, "without await", body("await asyncio.create_task(await shops[0].price(item))")),
    "a task of a task": ("error", 3, "Use it as it is, and await it", body("""
        task = asyncio.create_task(shops[0].price(item))
        await asyncio.create_task(task)""")),
    "with for a timeout": ("error", 2, "Write async with instead of with", body("""
        with asyncio.timeout(3):
            return [await shop.price(item) for shop in shops]""")),
    "with for a lock": ("error", 3, "Write async with instead of with", body("""
        lock = asyncio.Lock()
        with lock:
            return [await shop.price(item) for shop in shops]""")),
    "with for a group": ("error", 2, "Write async with instead of with", body("""
        with asyncio.TaskGroup() as group:
            pass""")),
    "a group without parentheses": ("error", 2, "Add the parentheses", body("""
        async with asyncio.TaskGroup as group:
            pass""")),
    "async with for a list": ("error", 2, "Write with instead of async with", body("""
        async with memoryview(b"") as view:
            pass""")),
    "async with for acquire": ("error", 3, "without acquire()", body("""
        lock = asyncio.Lock()
        async with lock.acquire():
            return [await shop.price(item) for shop in shops]""")),
    "async for over a list": ("error", 2, "Write for instead of async for", body("""
        async for shop in shops:
            await shop.price(item)""")),
    "for over an asynchronous generator": ("error", 4, "Write async for instead of for", body("""
        async def prices():
            yield await shops[0].price(item)
        for price in prices():
            pass""")),
    "await for what has run": ("not awaitable", 3, "Leave out this await", body("""
        queue = asyncio.Queue()
        await queue.put_nowait(1)""")),
    "await for a list": ("not awaitable", 2, "asyncio.gather(*...)", body(
        "return await [shop.price(item) for shop in shops]")),
    "await for a function": ("not awaitable", 2, "Call the function", body("return await shops[0].price")),
    "a coroutine awaited twice": ("error", 4, "can be awaited once", body("""
        question = shops[0].price(item)
        await question
        await question""")),
    "a result too early": ("error", 3, "result() does not wait", body("""
        task = asyncio.create_task(shops[0].price(item))
        return task.result()""")),
    "a lock that was not acquired": ("error", 2, "Acquire it first", body("asyncio.Lock().release()")),
    "an empty queue": ("error", 2, "Write await queue.get()", body("return asyncio.Queue().get_nowait()")),
    "a group that was not entered": ("error", 2, "Begin a block with async with", body(
        "asyncio.TaskGroup().create_task(asyncio.sleep(1))")),
    "a dictionary that changes": ("error", 3, "Go through a copy", body("""
        known = {"tea": 1}
        for name in known:
            known[name + "x"] = 2""")),
    "a coroutine as if it were a task": ("forgotten await", 2, "Make a task of it first", body("""
        question = shops[0].price(item)
        return question.result()""")),
    "no return": ("value", 0, "End ask with return and the value: it has no return", body("""
        prices = [await shop.price(item) for shop in shops]
        print(prices)""")),
    "a return on one way only": ("value", 0, "Look for the way through ask that ends without a return", body("""
        prices = await asyncio.gather(*[shop.price(item) for shop in shops])
        if len(prices) > 5:
            return prices""")),
    "no return in a function of its own": ("value", 2, "End get_price with return and the value", body("""
        async def get_price(shop):
            await shop.price(item)
        return await asyncio.gather(*[get_price(shop) for shop in shops])""")),
    "a coroutine from a plain function": ("forgotten await", 3, "Begin get_price with async def", body("""
        def get_price(shop):
            return shop.price(item)
        return [get_price(shop) for shop in shops]""")),
    "a coroutine from a lambda": ("forgotten await", 2, "this lambda", body(
        "return [*map(lambda shop: shop.price(item), shops)]")),
    "acquire without await": ("forgotten await", 3, "Semaphore.acquire() was called, but never awaited", body("""
        slots = asyncio.BoundedSemaphore(1)
        slots.acquire()
        slots.release()""")),
    "a task that was cancelled": ("cancelled", 0, "return_exceptions=True", body("""
        task = asyncio.create_task(shops[0].price(item))
        task.cancel()
        await task""")),
    "its own task": ("cancelled", 0, "Do not cancel the task in which your function itself runs", body("""
        asyncio.current_task().cancel()
        await asyncio.sleep(1)""")),
    "an await inside of gather": ("error", 2, "Leave out the await inside of the parentheses, and pass "
                                  "shop.price(item) itself", body(
        "return await asyncio.gather(*[await shop.price(item) for shop in shops])")),
    "an await beside others inside of gather": ("error", 2, "pass shops[1].price(item) itself", body(
        "return await asyncio.gather(shops[0].price(item), await shops[1].price(item))")),
    "a task in the result": ("forgotten await", 0, "Await it, and use what await gives in its place: a task", body(
        "return [asyncio.create_task(shop.price(item)) for shop in shops]")),
    "a future in the result": ("forgotten await", 0, "a future only stands for its result", body(
        "return asyncio.get_running_loop().create_future()")),
    "a generator with await": ("value", 0, "Write square brackets around it", body(
        "return (await shop.price(item) for shop in shops)")),
    "an asynchronous generator": ("value", 0, "[value async for value in ...]", body("""
        async def prices():
            for shop in shops:
                yield await shop.price(item)
        return prices()""")),
    "a map": ("value", 0, "Make a list of it, with list(...)", body(
        "return map(int, await asyncio.gather(*[shop.price(item) for shop in shops]))")),
    "an asynchronous generator left early": ("left behind", 0, "contextlib.aclosing", body("""
        async def prices():
            try:
                for shop in shops: yield await shop.price(item)
            finally:
                await asyncio.sleep(1)
        async for price in prices(): break
        return [320, 290, 335]""")),
    "a future that cannot be changed": ("error", 2, "Read the exception", body("asyncio.Future.__del__ = None")),
    "a wait that is too long": ("slow", 0, KINDS["slow"], body("""
        prices = await asyncio.gather(*[shop.price(item) for shop in shops])
        await asyncio.sleep(1)
        return prices""")),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_told_what_helps_against_it(name: str) -> None:
    kind, line, advice, source = SLIPS[name]
    report = check(WITH_ADVICE, source, seconds=10)
    assert (report.outcome, report.kind) == ("wrong", kind), report
    assert advice in " ".join(report.message.split()), report
    if line:
        assert report.line == line, report
    check_report(report)


WITH_ADVICE = samples.exercise(samples.ask.starter, samples.ask.solution_source, advice={
    "error: ^ShopBusy": "Speak of another mistake.", "error: ^(ShopError|ConnectionError)": "Speak of another mistake.",
})
WITH_ADVICE.cases = samples.ask.cases


def test_advice_of_an_exercise_is_for_the_exception_that_it_names() -> None:
    report = check(WITH_ADVICE, body("""
        return await Shop("east", latency=0.3, capacity=1, when_full="refuse", failure_rate=1).price(item)"""))
    assert report.kind == "error" and "Try: Speak of another mistake." in report.message


def test_advice_on_every_exception_is_refused() -> None:
    with pytest.raises(ValueError, match="speaks of one exception"):
        samples.exercise(samples.ask.starter, samples.ask.solution_source, advice={"error": "Read it."})
    with pytest.raises(ValueError, match="is no regular expression"):
        samples.exercise(samples.ask.starter, samples.ask.solution_source, advice={"error: (": "Read it."})


def test_a_coroutine_that_was_never_awaited_is_told_beside_an_exception() -> None:
    report = check(samples.ask, body("""
        first = shops[0].price(item)
        return await shops[1].price(item) + {}["coffee"]"""))
    assert (report.kind, report.line) == ("error", 3)
    assert "Also: Shop.price() was called in line 2, but never awaited, so it never ran." in report.message


def test_an_exception_of_the_case_is_not_told_as_the_answers() -> None:
    exercise = samples.exercise("async def pair(shop):\n    ...\n", "async def pair(shop):\n    return 1, 2\n")
    exercise.cases = [*samples.pairs.cases]
    report = check(exercise, "async def pair(shop):\n    await shop.price('tea')\n")
    assert report.kind == "value"
    assert "your function raised" not in report.message and "cannot be used as the case uses it" in report.message
    assert "End pair with return" in report.message


def test_a_return_that_the_solution_has_neither_is_not_missed() -> None:
    """Where None is a result that is meant, a way without a return is no mistake."""
    exercise = samples.exercise("async def maybe(shop):\n    ...\n", """
        async def maybe(shop):
            price = await shop.price("tea")
            if price > 300:
                return price
        """, advice={"value": "Compare with 300."})
    exercise.cases = samples.quick.cases
    report = check(exercise, "async def maybe(shop):\n    if await shop.price('tea') > 400:\n        return 320\n")
    assert "Try: Compare with 300." in report.message
