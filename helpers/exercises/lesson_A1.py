"""The exercises and questions of notebook A1: asyncio in Jupyter."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any
from unittest import mock

from helpers.checker import Exercise, Failed, Mistake, equal, predict, require, shown
from helpers.notebook.other_kernel import click as click  # for the cells of the notebook
from helpers.notebook.other_kernel import other_kernel as other_kernel
from helpers.simulated_io import Shop

# -- a cell that is run twice ------------------------------------------------------------------------------------

restart = Exercise(
    lesson="A1",
    title="Start it again, not twice",
    task="""
        Write `restart(tasks, name, coroutine)`. `tasks` is a dictionary, name to task, which is empty at first. If it
        has a task of that name, cancel it, and wait until it has ended. Then create a task of the coroutine, with that
        name, keep it in `tasks`, and return it without waiting for its end. Leave tasks of other names alone.
        """,
    starter="""
        async def restart(tasks, name, coroutine):
            ...                                 # your code here
        """,
    hints=[
        "Do four things, in this order: stop the old task if there is one, create the new one, keep it, return it.",
        "`task.cancel()` only asks for the end. `await asyncio.wait([old])` waits for it, and does not raise what the "
        "old task raised.",
        """
        Fill in the dots:
            old = tasks.get(name)
            if old is not None:
                ...
                await asyncio.wait([...])
            tasks[name] = asyncio.create_task(coroutine, name=...)
            return ...
        """,
    ],
    solution="""
        async def restart(tasks, name, coroutine):
            old = tasks.get(name)
            if old is not None:
                old.cancel()
                await asyncio.wait([old])
            tasks[name] = asyncio.create_task(coroutine, name=name)
            return tasks[name]
        """,
    why="The old task has ended before the new one begins, so a cell that is run twice leaves one task at work; and "
        "the dictionary keeps it, so that you can stop it later.",
    follow_up="What does your function do if it is cancelled itself while it waits for the old task?",
    advice={
        "order": "Wait for the end of the old task before you create the new one: `task.cancel()` only asks.",
        "slow": "Wait until the old task has ended, and no longer than it takes: wait for the task, not for the clock.",
        "cancelled: awaited": "Wait with `await asyncio.wait([old])`: to await a cancelled task itself raises its "
                              "`CancelledError`.",
        "error: ^(ValueError|ShopError|ConnectionError)":
            "Wait with `await asyncio.wait([old])`: to await a task that has failed raises its error.",
        "deadlock": "Cancel the old one before you wait for it, and do not wait for the new one: a watcher does not "
                    "end by itself.",
        "value": "Go through the four things: cancel the old one of this name, `create_task(coroutine, name=name)`, "
                 "`tasks[name] = ...`, return the task.",
    },
    mistakes=[
        Mistake("value", "2 are at work", """
            async def restart(tasks, name, coroutine):
                tasks[name] = asyncio.create_task(coroutine, name=name)
                return tasks[name]
            """),
        Mistake("order", "only asks", """
            async def restart(tasks, name, coroutine):
                if name in tasks:
                    tasks[name].cancel()
                tasks[name] = asyncio.create_task(coroutine, name=name)
                return tasks[name]
            """),
        Mistake("slow", "no longer than it takes", """
            async def restart(tasks, name, coroutine):
                if name in tasks:
                    tasks[name].cancel()
                    await asyncio.sleep(1)
                tasks[name] = asyncio.create_task(coroutine, name=name)
                return tasks[name]
            """),
        Mistake("cancelled", "raises its `CancelledError`", """
            async def restart(tasks, name, coroutine):
                if name in tasks:
                    tasks[name].cancel()
                    await tasks[name]
                tasks[name] = asyncio.create_task(coroutine, name=name)
                return tasks[name]
            """),
        Mistake("error", "has failed", """
            async def restart(tasks, name, coroutine):
                if name in tasks:
                    tasks[name].cancel()
                    try:
                        await tasks[name]
                    except asyncio.CancelledError:
                        pass
                tasks[name] = asyncio.create_task(coroutine, name=name)
                return tasks[name]
            """),
        Mistake("deadlock", "before you wait for it", """
            async def restart(tasks, name, coroutine):
                if name in tasks:
                    await asyncio.gather(tasks[name], return_exceptions=True)
                tasks[name] = asyncio.create_task(coroutine, name=name)
                return tasks[name]
            """),
        Mistake("deadlock", "do not wait for the new one", """
            async def restart(tasks, name, coroutine):
                if name in tasks:
                    tasks[name].cancel()
                    await asyncio.gather(tasks[name], return_exceptions=True)
                tasks[name] = asyncio.create_task(coroutine, name=name)
                await tasks[name]
                return tasks[name]
            """),
        Mistake("value", "the name of the task", """
            async def restart(tasks, name, coroutine):
                if name in tasks:
                    tasks[name].cancel()
                    await asyncio.gather(tasks[name], return_exceptions=True)
                tasks[name] = asyncio.create_task(coroutine)
                return tasks[name]
            """),
        Mistake("value", "not kept", """
            async def restart(tasks, name, coroutine):
                if name in tasks:
                    tasks[name].cancel()
                    await asyncio.gather(tasks[name], return_exceptions=True)
                return asyncio.create_task(coroutine, name=name)
            """),
        Mistake("value", "other names", """
            async def restart(tasks, name, coroutine):
                for old in tasks.values():
                    old.cancel()
                await asyncio.gather(*tasks.values(), return_exceptions=True)
                tasks[name] = asyncio.create_task(coroutine, name=name)
                return tasks[name]
            """),
        Mistake("forgotten await", "await", """
            async def restart(tasks, name, coroutine):
                tasks[name] = coroutine
                return tasks[name]
            """),
    ],
)


async def _at_work(log: list[str], who: str) -> None:
    """Works until it is cancelled, and needs 0.2 s to clean up."""
    log.append(f"{who} begins")
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await asyncio.sleep(0.2)
        log.append(f"{who} ends")


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _kept(tasks: dict[str, Any], name: str, got: Any) -> None:
    require(isinstance(got, asyncio.Task), "value", f"the result is {shown(got)}", "it is the new task")
    require(tasks.get(name) is got, "value", f"the task is not kept in tasks under {name!r}",
            f"tasks[{name!r}] is the task that comes back")
    equal(got.get_name(), name, "the name of the task")
    require(not got.done(), "value", "the new task has ended already", "it is at work")


@restart.case()
async def first_time(answer):
    """tasks is empty, the name is "watcher"."""
    tasks: dict[str, asyncio.Task[Any]] = {}
    got = await answer(tasks, "watcher", _at_work([], "the watcher"))
    if asyncio.iscoroutine(got):
        return got
    _kept(tasks, "watcher", got)
    await _end(got)
    return None


@restart.case(elapsed=1, drawn=True)
async def second_time(answer):
    """tasks has a "watcher", which needs 0.2 s to clean up when it is cancelled, and a "heart", which is to go on."""
    log: list[str] = []
    heart = asyncio.create_task(_at_work([], "the heart"), name="heart")
    old = asyncio.create_task(_at_work(log, "the old watcher"), name="watcher")
    tasks = {"heart": heart, "watcher": old}
    new = _at_work(log, "the new watcher")
    await asyncio.sleep(0.1)
    try:
        got = await answer(tasks, "watcher", new)
        await asyncio.sleep(0.5)
        require(old.done(), "value", "of the two watchers 2 are at work", "the old one has ended")
        require(not heart.done(), "value", "the task \"heart\" was cancelled as well", "tasks of other names go on")
        equal(log, ["the old watcher begins", "the old watcher ends", "the new watcher begins"], "the order")
        _kept(tasks, "watcher", got)
    finally:
        if inspect.getcoroutinestate(new) == inspect.CORO_CREATED:
            new.close()
        await _end(heart, *(task for task in asyncio.all_tasks() if task.get_name() == "watcher"))


@restart.case()
async def failed_before(answer):
    """tasks has a "heart" that has failed with a ValueError."""
    async def fail() -> None:
        raise ValueError("no tea")

    tasks = {"heart": asyncio.create_task(fail(), name="heart")}
    await asyncio.wait(tasks.values())
    tasks["heart"].exception()
    new = _at_work([], "the new heart")
    try:
        got = await answer(tasks, "heart", new)
    except ValueError:
        new.close()
        raise
    _kept(tasks, "heart", got)
    await _end(got)


# -- a warm-up: what to write for %time ------------------------------------------------------------------------

timed = Exercise(
    lesson="A1",
    title="Time a coroutine",
    task="""
        Write `timed(coroutine)`: it awaits the coroutine, and returns two things: its result, and how many seconds
        it took by the clock of the running loop, `asyncio.get_running_loop().time()`. With a shop that answers 320
        after 0.3 seconds, `await timed(shop.price("tea"))` gives `(320, 0.3)`.
        """,
    starter="""
        async def timed(coroutine):
            ...                                 # your code here
        """,
    hints=[
        "What do you have to write down before the wait, and what after it?",
        "`asyncio.get_running_loop().time()` is the time now.",
        "With `clock = asyncio.get_running_loop().time`: note `start = clock()`, then `result = await coroutine`, then "
        "return the result and `clock() - start`.",
    ],
    solution="""
        async def timed(coroutine):
            clock = asyncio.get_running_loop().time
            start = clock()
            result = await coroutine
            return result, clock() - start
        """,
    why="The clock is read on both sides of the `await`, so the waiting is counted. `time.process_time` counts "
        "computing only.",
    follow_up="If the coroutine raises an error, who sees it, and does anybody learn how long it took?",
    advice={
        "value": "Read the loop's clock before the `await` and after it, and return the result first and then the "
                 "difference.",
        "order": "The result comes first, then the seconds.",
        "nested loop": "Write `await coroutine`: you are on a running event loop already.",
    },
    mistakes=[
        Mistake("forgotten await", "await", """
            async def timed(coroutine):
                clock = asyncio.get_running_loop().time
                start = clock()
                result = coroutine
                return result, clock() - start
            """),
        Mistake("forgotten await", "await", """
            async def timed(coroutine):
                clock = asyncio.get_running_loop().time
                start = clock()
                result = asyncio.create_task(coroutine)
                return result, clock() - start
            """),
        Mistake("value", "the loop's clock", """
            import time
            async def timed(coroutine):
                start = time.process_time()
                result = await coroutine
                return result, round(time.process_time() - start, 1)
            """),
        Mistake("value", "before the `await`", """
            async def timed(coroutine):
                clock = asyncio.get_running_loop().time
                result = await coroutine
                start = clock()
                return result, clock() - start
            """),
        Mistake("value", "the difference", """
            async def timed(coroutine):
                result = await coroutine
                return result, asyncio.get_running_loop().time()
            """),
        Mistake("order", "the result comes first", """
            async def timed(coroutine):
                clock = asyncio.get_running_loop().time
                start = clock()
                result = await coroutine
                return clock() - start, result
            """),
        Mistake("value", "two things", """
            async def timed(coroutine):
                clock = asyncio.get_running_loop().time
                start = clock()
                await coroutine
                return clock() - start
            """),
        Mistake("nested loop", "write `await coroutine`", """
            async def timed(coroutine):
                clock = asyncio.get_running_loop().time
                start = clock()
                result = asyncio.run(coroutine)
                return result, clock() - start
            """),
        Mistake("not async", "async def", """
            def timed(coroutine):
                clock = asyncio.new_event_loop().time
                start = clock()
                return coroutine, clock() - start
            """),
    ],
)


def _timed(got: Any, price: int, seconds: float) -> None:
    """Demand a pair of a price and of seconds; the last digits of the seconds do not count."""
    require(isinstance(got, tuple) and len(got) == 2, "value", f"the result is {shown(got)}",
            f"it is a tuple of two things: {price}, and about {seconds:g}")
    equal((got[0], round(got[1], 6) if isinstance(got[1], float) else got[1]), (price, seconds))


@timed.case()
async def one_shop(answer):
    """A shop answers 320 after 0.3 s."""
    got = await answer(Shop("north", latency=0.3, prices={"tea": 320}).price("tea"))
    if not (isinstance(got, tuple) and got and asyncio.isfuture(got[0])):
        _timed(got, 320, 0.3)
    return got


@timed.case(elapsed=0.7)
async def later(answer):
    """The clock has come to 0.4 s when a shop is asked; it answers 320 after 0.3 s."""
    await asyncio.sleep(0.4)
    _timed(await answer(Shop("north", latency=0.3, prices={"tea": 320}).price("tea")), 320, 0.3)


@timed.case(elapsed=0.5)
async def two_at_once(answer):
    """Two are timed at the same time; north answers 320 after 0.3 s, south 290 after 0.5 s."""
    shops = Shop("north", latency=0.3, prices={"tea": 320}), Shop("south", latency=0.5, prices={"tea": 290})
    north, south = await asyncio.gather(*[answer(shop.price("tea")) for shop in shops])
    _timed(north, 320, 0.3)
    _timed(south, 290, 0.5)


# -- from a function that cannot await ---------------------------------------------------------------------------

run_anywhere = Exercise(
    lesson="A1",
    title="Run a coroutine from a plain function",
    task="""
        Write a plain function, `run_anywhere(coroutine)`: it runs the coroutine to its end and returns its result, in a
        script, where no loop runs, and in a cell, where one does. An error of the coroutine comes out of it. No
        thread is left when it returns.
        """,
    starter="""
        def run_anywhere(coroutine):
            ...                                 # your code here
        """,
    setup="import asyncio\nimport threading\nfrom concurrent.futures import ThreadPoolExecutor\n\n"
          "from helpers import Shop, ShopBusy, ShopError",
    hints=[
        "In this thread no second loop can run. In a new thread there is none yet.",
        "`ThreadPoolExecutor(1)` is a pool of one thread. `pool.submit(function, argument)` calls a function there and "
        "gives an object whose `result()` waits for the end, and returns the result or raises the error.",
        "Write `with ThreadPoolExecutor(1) as pool:`. In the block, pass `asyncio.run` and the coroutine to "
        "`pool.submit`, and return its `result()`.",
    ],
    solution="""
        def run_anywhere(coroutine):
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(asyncio.run, coroutine).result()
        """,
    why="The new thread has no running loop, so `asyncio.run` may start one there. `result()` waits for it, and "
        "returns the result or raises the error. The price: the loop of the caller stands still meanwhile.",
    follow_up="What do the other tasks of a notebook do while `run_anywhere` waits?",
    advice={
        "nested loop": "Call `asyncio.run` in another thread, and wait for that: in this thread a loop is running.",
        "forgotten await: .": "Run the coroutine before you return, with `asyncio.run` in another thread: in a plain "
                              "`def` there is no `await`.",
        "deadlock": "Use a thread with a loop of its own: the loop of this thread is to run the coroutine, and this "
                    "thread waits for it, so neither can go on.",
        "no exception": "Use `pool.submit` of a `ThreadPoolExecutor`: its `result()` raises the error. An error in a "
                        "`threading.Thread` does not reach the caller.",
        "value": "Return what the coroutine returns: `result()` of what `pool.submit` gives.",
        "thread": "The thread must have ended when you return: `with ThreadPoolExecutor(1) as pool:` waits for "
                  "that, and `asyncio.run` in the thread closes its loop.",
    },
    mistakes=[
        Mistake("nested loop", "in another thread", """
            def run_anywhere(coroutine):
                return asyncio.run(coroutine)
            """),
        Mistake("nested loop", "in another thread", """
            def run_anywhere(coroutine):
                return asyncio.get_event_loop().run_until_complete(coroutine)
            """),
        Mistake("forgotten await", "await", """
            def run_anywhere(coroutine):
                try:
                    asyncio.get_running_loop()
                except RuntimeError:
                    return asyncio.run(coroutine)
                return asyncio.create_task(coroutine)
            """),
        Mistake("deadlock", "neither can go on", """
            def run_anywhere(coroutine):
                try:
                    loop = asyncio.get_running_loop()
                except RuntimeError:
                    return asyncio.run(coroutine)
                return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
            """),
        Mistake("value", "None", """
            def run_anywhere(coroutine):
                thread = threading.Thread(target=asyncio.run, args=[coroutine])
                thread.start()
                thread.join()
            """),
        Mistake("no exception", "does not reach the caller", """
            def run_anywhere(coroutine):
                results = []
                async def keep():
                    try:
                        results.append(await coroutine)
                    except Exception:
                        results.append(None)
                thread = threading.Thread(target=asyncio.run, args=[keep()])
                thread.start()
                thread.join()
                return results[0]
            """),
        Mistake("thread", "waits for that", """
            def run_anywhere(coroutine):
                loop = asyncio.new_event_loop()
                threading.Thread(target=loop.run_forever, daemon=True).start()
                return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
            """),
        Mistake("async", "def", """
            async def run_anywhere(coroutine):
                return await coroutine
            """),
    ],
)


PATIENCE = 0.8      # real seconds for which an answer may wait for a coroutine of 0.01 s; a check has 2.0 in all


async def _price(price: int) -> int:
    await asyncio.sleep(0.01)
    return price


async def _closed() -> int:
    await asyncio.sleep(0.01)
    raise ConnectionError("north is closed")


def _in_a_cell(answer: Callable[..., Any], coroutine: Any) -> Any:
    """Call the answer where a loop runs; one that waits there for that loop is not waited for."""
    async def cell() -> Any:
        thread = threading.get_ident()

        def result(future: Future[Any], timeout: float | None = None) -> Any:
            if threading.get_ident() != thread or timeout is not None:
                return waits(future, timeout)
            try:
                return waits(future, PATIENCE)
            except TimeoutError:
                if future.done():
                    raise               # it is the coroutine's own error
                raise Failed("deadlock", "your function waits for the loop of its own thread, and that loop waits for "
                             "your function to return", "the coroutine runs on another loop") from None

        waits = Future.result
        with mock.patch.object(Future, "result", result):
            return answer(coroutine)

    try:
        return asyncio.run(cell())
    finally:
        coroutine.close()


@run_anywhere.case(returns=320)
def in_a_cell(answer):
    """It is called where an event loop runs, with a coroutine that returns 320."""
    return _in_a_cell(answer, _price(320))


@run_anywhere.case(returns=290)
def in_a_script(answer):
    """It is called where no event loop runs, with a coroutine that returns 290."""
    return answer(_price(290))


@run_anywhere.case(raises=ConnectionError)
def error_in_a_cell(answer):
    """It is called where an event loop runs, with a coroutine that raises ConnectionError."""
    return _in_a_cell(answer, _closed())


# -- questions ---------------------------------------------------------------------------------------------------

predict_run = predict(
    "The next cell calls `asyncio.run(main())`, as the script does. What happens?",
    {
        "it prints the price, as the script does":
            "It would, if no loop were running in this thread. Run the cell.",
        "nothing: the cell waits for ever":
            "`asyncio.run` does not wait for the loop that runs here. Look at what it raises instead.",
        "it raises an error, and `main` does not run":
            "A loop is running in this thread already: the notebook's. `asyncio.run` may not start a second one.",
        "`main` runs, and an error comes at its end":
            "`asyncio.run` looks for a running loop before anything else, so `main` does not begin.",
    },
    right="it raises an error, and `main` does not run",
)

predict_flag = predict(
    "With the flag, which of the two programs compiles?",
    {
        "the line alone": "The flag is about an `await` outside all functions. The `await` of `buy` is inside a `def`.",
        "the function alone": "The flag is about what stands outside all functions.",
        "both": "Then every plain function could wait, and its caller would not know. A `def` remains a `def`.",
        "neither": "Then no cell could await. What did the cells above do?",
    },
    right="the line alone",
)

predict_between = predict(
    "No cell has awaited anything since the watcher was created. Has it asked east when the next cell begins?",
    {
        "yes":
            "The loop runs whether or not a cell does. It started the task after the cell had ended.",
        "no: a task needs a cell that awaits":
            "The loop belongs to the kernel, and not to a cell. What does it do between two cells?",
    },
    right="yes",
)

predict_lost = predict(
    "The task fails while the next cell sleeps. What do you see?",
    {
        "the cell fails with the error of the task":
            "An error leaves a task where somebody awaits it. Which line awaits this one?",
        "the error, as a message, and the cell ends well":
            "Nobody awaited the task and nobody kept it, so asyncio reports the error when the task is thrown away.",
        "nothing at all":
            "So it would be if somebody kept the task and never looked at it. Who keeps this one?",
    },
    right="the error, as a message, and the cell ends well",
)

predict_stop = predict(
    "The stop button is pressed in both kernels while their cells wait. How do the two cells end?",
    {
        "both at once": "Run the cell, and look at the kernel without the extension.",
        "only that of the kernel with the extension ends soon":
            "The kernel notes the stop, but its loop sleeps until something wakes it. The extension wakes it.",
        "neither: an `await` cannot be interrupted":
            "It can: a cancellation ends a wait. But somebody has to wake the loop for it.",
    },
    right="only that of the kernel with the extension ends soon",
)

predict_last = predict(
    "The next cell has one line, the call `north.price(\"tea\")` without `await`. What do you see?",
    {
        "a warning that it was never awaited":
            "Python gives that warning when the coroutine is thrown away. Run the cell: has anybody thrown it away?",
        "the price":
            "That needs an `await` in front of the call: IPython adds none.",
        "the coroutine object, and no warning":
            "Jupyter shows the value of the last line, and keeps it. What is kept is not thrown away, so nothing "
            "warns.",
        "nothing":
            "Jupyter shows the value of the last line of a cell. What is the value of this call?",
    },
    right="the coroutine object, and no warning",
)

predict_queue = predict(
    "Five cells are sent at once to a kernel with nest_asyncio: one that patches, one with `asyncio.run`, and three "
    "with `1 + 1`. How many are answered?",
    {
        "five":
            "So it should be, and so it is without the patch. Run the cell, and look at the last three.",
        "four":
            "If `asyncio.run` had failed, you would still have its answer: an error. Run the cell.",
        "two":
            "The three cells come while `asyncio.run` is at work. It takes each of them up in the middle of its own "
            "cell, and fails. Nobody tells you.",
    },
    right="two",
)

predict_nested = predict(
    "In the next cell `get_price` is called twice, in two tasks, for north first. North answers after 0.1 seconds, "
    "south after 0.3. Which of the two calls returns first?",
    {
        "the one that asks north":
            "Its answer is there first. But look where its line stands: below which other call?",
        "the one that asks south":
            "South was asked from within the wait for north, so that call must return before north's can.",
    },
    right="the one that asks south",
)
