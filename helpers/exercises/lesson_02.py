"""The exercises and questions of notebook 02: the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any
from unittest import mock

from helpers.checker import Exercise, Failed, Mistake, cancelled, equal, predict, require, shown
from helpers.words import count

# -- questions ------------------------------------------------------------------------------------------------

predict_hang_up = predict(
    "`main` cancels the task of east. Where does the line \"hanging up east\" stand?",
    {
        "right below \"enough: cancel east\"":
            "Then `cancel` would have run the `finally` of east. Look at the line that comes next: who has the thread "
            "then?",
        "further down, right above \"east CancelledError\"":
            "`cancel` makes east ready, and `main` goes on with its turn. The turn ends when `main` awaits the task of "
            "east, which is not done.",
        "nowhere: a task that is cancelled runs no more":
            "It runs once more: the `CancelledError` is raised at its `await`, so its `finally` runs.",
    },
    right="further down, right above \"east CancelledError\"",
)

predict_set_result = predict(
    "The courier calls `answer.set_result(320)`, and then prints its last line. What is printed after \"the courier "
    "arrives\"?",
    {
        "\"the customer has the price: 320\", then \"the courier leaves\"":
            "Then `set_result` would have called `send` on the customer. Look at its lines: what do they do with the "
            "callbacks?",
        "\"the courier leaves\", then \"the customer has the price: 320\"":
            "`set_result` puts the customer's next turn into the ready queue, and the courier goes on with its own "
            "turn.",
        "only \"the courier leaves\", since the customer has no timer":
            "The customer has no timer, but its `step` is in `answer.callbacks`. Who reads that list?",
    },
    right="\"the courier leaves\", then \"the customer has the price: 320\"",
)

predict_switch = predict(
    "The other task is ready from the start. When does it run?",
    {
        "before the price of north":
            "It is created first. But who has the thread at that moment, and has that one reached a `yield`?",
        "after the price of north, at the first `await`":
            "So the first page says. Run the cell, and count the prices above it.",
        "after the price of east, when `watch_cached` awaits it":
            "`cached_price` reaches no `yield`, so `watch_cached` runs on, in one turn, up to `await task`.",
    },
    right="after the price of east, when `watch_cached` awaits it",
)

predict_kinds = predict(
    "Look at the seven in the next cell. At how many of them does the other task get a turn?",
    {
        "at all seven":
            "`cached_price`, a moment ago, was one at which it got none.",
        "at five: a lock and a queue are there to wait at":
            "This lock is free, and this queue has something in it. What is there to wait for?",
        "at three":
            "At the coroutine that waits, the task that is new, and `asyncio.sleep(0)`. At the other four there is "
            "nothing to wait for.",
        "at one: only `asyncio.sleep(0)` is there to give turns":
            "It is one of them. But a coroutine that sleeps 0.1 s has something to wait for, too.",
    },
    right="at three",
)

# -- the steps of the loop ------------------------------------------------------------------------------------


class _Future:
    """A result that is not there yet, as the lesson's class of that name."""

    def __init__(self) -> None:
        self.is_done = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.callbacks: list[Callable[[], Any]] = []
        self.ready: list[Callable[[], Any]] = []        # what the ready queue has got

    def set_result(self, value: Any = None, error: BaseException | None = None) -> None:
        if not self.is_done:
            self.is_done, self.value, self.error = True, value, error
            self.ready.extend(self.callbacks)

    def __await__(self) -> Generator[_Future, None, Any]:
        if not self.is_done:
            yield self
        if not self.is_done:
            raise Failed("early", "the coroutine was resumed, although the future that it awaits was not done",
                         "its next turn comes when that future is done")
        if self.error:
            raise self.error
        return self.value

    def call_callbacks(self) -> None:
        """What the loop does when it comes to them."""
        for callback in self.ready:
            if not callable(callback):
                raise Failed("error", f"future.callbacks holds {shown(callback)}, which cannot be called",
                             "task.step, the method itself")
            callback()


class _Task(_Future):
    """A task as the lesson's, whose `step` is the learner's."""

    def __init__(self, coroutine: Coroutine, answer: Callable[[Any], Any]) -> None:
        super().__init__()
        self.coroutine, self.answer, self.is_running = coroutine, answer, False

    def step(self) -> None:
        if self.is_running:
            raise Failed("early", "task.step was called inside of step", "task.step without parentheses: it is handed "
                         "over, and called later")
        self.is_running = True
        try:
            self.answer(self)
        finally:
            self.is_running = False

    @property
    def state(self) -> str:
        return f"done, with {shown(self.value)}" if self.is_done else "not done"


async def _asks(*futures: _Future) -> int:
    """Awaits one future after another, and returns the sum of their results."""
    cents = 0
    for future in futures:
        cents += await future
    return cents


async def _closed() -> None:
    raise ConnectionError("south is closed")


async def _misread() -> None:
    raise ValueError("the price is no number")


async def _stopped() -> None:
    raise KeyboardInterrupt


def _another_step() -> None:
    """The callback of another task, which waits for the same future."""


def _returns_at_once(answer: Callable[[Any], Any]) -> None:
    coroutine = _asks()
    task = _Task(coroutine, answer)
    with _driving(coroutine):
        task.step()
    require(task.is_done and task.error is None, "value", f"the task is {task.state}", "it is done, with 0")
    equal(task.value, 0, "the result of the task")


def _waits(answer: Callable[[Any], Any]) -> None:
    north, south = _Future(), _Future()
    for future in (north, south):
        future.callbacks.append(_another_step)
    coroutine = _asks(north, south)
    task = _Task(coroutine, answer)
    with _driving(coroutine):
        task.step()
        for future, name in ((north, "north"), (south, "south")):
            require(not task.is_done, "early", f"the task is {task.state}, while its coroutine waits for {name}",
                    "it is not done")
            require(_another_step in future.callbacks, "value",
                    "the callback of another task, which waits for the same future, has gone",
                    "it stays, and the task's step comes after it")
            added = len(future.callbacks) - 1
            require(added == 1, "value", f"the future that the coroutine waits for has got {count(added, 'callback')}",
                    "one, the task's step")
            future.set_result(300)
            future.call_callbacks()
    require(task.is_done and task.error is None, "value", f"the task is {task.state}", "it is done, with 600")
    equal(task.value, 600, "the result of the task")


step = Exercise(
    lesson="02",
    title="Give a task one turn",
    task="""
        Write `step(task)`, which gives a task one turn. Send `None` into `task.coroutine`, once. If it yields a future,
        the next turn comes when that future is done: put `task.step` into the `callbacks` of the future. If the
        coroutine ends, call `task.set_result` with what it returned.
        """,
    starter="""
        def step(task):
            ...                                 # your code here
        """,
    hints=[
        "The call of `task.coroutine.send(None)` has two ends: it gives a future, or it raises an exception. Which "
        "one?",
        "At its end the coroutine raises `StopIteration`, and what it returned is the `value` of that exception.",
        """
        Fill in the dots:
            try:
                future = task.coroutine.send(None)
            except StopIteration as stop:
                ...
            else:
                ...
        """,
    ],
    solution="""
        def step(task):
            try:
                future = task.coroutine.send(None)
            except StopIteration as stop:
                task.set_result(stop.value)
            else:
                future.callbacks.append(task.step)
        """,
    why="A turn is one `send`. What comes out says who wakes the task: the future that it waits for. After the last "
        "turn the task is a future that is done.",
    follow_up="What does your `step` do if the coroutine raises another exception?",
    advice={
        "error: StopIteration": "Catch `StopIteration` around `send`: that is how a coroutine says that it has ended.",
        "value": "Say what follows for both ends of `send`: a future gets `task.step` as a callback, and a "
                 "`StopIteration` brings the value for `task.set_result`.",
        "early": "Hand `task.step` over, without parentheses, and return: the loop calls it when the future is done.",
        "value: has gone": "Append to the list: every task that waits for the future has its callback there.",
        "forgotten await: not an iterator": "Call `task.coroutine.send(None)`: a coroutine is driven with `send`, not "
                                            "with `next`.",
        "error: cannot be called": "Put `task.step` into the list: the loop calls what it finds there.",
    },
    mistakes=[
        Mistake("error", "StopIteration came out", """
            def step(task):
                future = task.coroutine.send(None)
                future.callbacks.append(task.step)
            """),
        Mistake("value", "0 callbacks", """
            def step(task):
                try:
                    task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
            """),
        Mistake("early", "without parentheses", """
            def step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                else:
                    future.callbacks.append(task.step())
            """),
        Mistake("value", "None", """
            def step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration:
                    task.set_result()
                else:
                    future.callbacks.append(task.step)
            """),
        Mistake("value", "not done", """
            def step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    return stop.value
                else:
                    future.callbacks.append(task.step)
            """),
        Mistake("value", "0 callbacks", """
            def step(task):
                try:
                    task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                else:
                    task.callbacks.append(task.step)
            """),
        Mistake("value", "has gone", """
            def step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                else:
                    future.callbacks = [task.step]
            """),
        Mistake("error", "cannot be called", """
            def step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                else:
                    future.callbacks.append(task)
            """),
        Mistake("early", "not done", """
            def step(task):
                try:
                    while True:
                        future = task.coroutine.send(None)
                        future.callbacks.append(task.step)
                except StopIteration as stop:
                    task.set_result(stop.value)
            """),
    ],
)


@step.case()
def ends_at_once(answer):
    """A coroutine that awaits nothing, and returns 0."""
    _returns_at_once(answer)


@step.case()
def waits_twice(answer):
    """A coroutine that awaits two futures, one after the other, and returns the sum of their results, 300 each."""
    _waits(answer)


careful_step = Exercise(
    lesson="02",
    title="Keep the error in the task",
    task="""
        If the coroutine raises an `Exception`, `careful_step(task)` keeps it in the task, with
        `task.set_result(None, error)`. What is no `Exception`, such as a `KeyboardInterrupt`, still comes out of it.
        """,
    starter="""
        def careful_step(task):
            try:
                future = task.coroutine.send(None)
            except StopIteration as stop:
                task.set_result(stop.value)
            else:
                future.callbacks.append(task.step)
        """,
    hints=[
        "Where does the error of the coroutine come out of your code?",
        "It comes out of `send`, which already stands in a `try`. A second `except` can catch it.",
        "Below the first `except` and its line: `except Exception as error:`, and then `task.set_result(None, error)`.",
    ],
    solution="""
        def careful_step(task):
            try:
                future = task.coroutine.send(None)
            except StopIteration as stop:
                task.set_result(stop.value)
            except Exception as error:
                task.set_result(None, error)
            else:
                future.callbacks.append(task.step)
        """,
    why="The task ends with the error as it ends with a result. Whoever awaits the task gets the error there, and the "
        "loop goes on.",
    follow_up="What happens to the error if nobody awaits the task?",
    advice={
        "error: ConnectionError": "Catch the error where it comes out, at `send`, and give it to the task.",
        "error: ValueError": "Catch every `Exception`, not one kind alone, and give it to the task.",
        "error: StopIteration": "Leave the `except StopIteration` in its place: it is how a coroutine ends well.",
        "value": "Follow both ends: after a `StopIteration` the task has a result, after another `Exception` it has "
                 "that error.",
        "early": "Leave the `else` as it was: the next turn comes when the future is done.",
        "no exception": "Catch `Exception`, and nothing wider: a `KeyboardInterrupt` is meant to end the program.",
    },
    mistakes=[
        Mistake("value", "not done", """
            def careful_step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                except Exception:
                    pass
                else:
                    future.callbacks.append(task.step)
            """),
        Mistake("value", "no error", """
            def careful_step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                except Exception as error:
                    task.set_result(error)
                else:
                    future.callbacks.append(task.step)
            """),
        Mistake("no exception", "KeyboardInterrupt", """
            def careful_step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                except BaseException as error:
                    task.set_result(None, error)
                else:
                    future.callbacks.append(task.step)
            """),
        Mistake("value", "StopIteration", """
            def careful_step(task):
                try:
                    future = task.coroutine.send(None)
                except Exception as error:
                    task.set_result(None, error)
                except StopIteration as stop:
                    task.set_result(stop.value)
                else:
                    future.callbacks.append(task.step)
            """),
        Mistake("error", "south is closed", """
            def careful_step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                except Exception as error:
                    task.set_result(None, error)
                    raise
                else:
                    future.callbacks.append(task.step)
            """),
        Mistake("error", "not one kind alone", """
            def careful_step(task):
                try:
                    future = task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                except ConnectionError as error:
                    task.set_result(None, error)
                else:
                    future.callbacks.append(task.step)
            """),
        Mistake("value", "0 callbacks", """
            def careful_step(task):
                try:
                    task.coroutine.send(None)
                except StopIteration as stop:
                    task.set_result(stop.value)
                except Exception as error:
                    task.set_result(None, error)
            """),
    ],
)


@careful_step.case()
def fails(answer):
    """South is closed: its coroutine raises a ConnectionError."""
    _keeps(_closed(), ConnectionError, answer)


@careful_step.case()
def fails_otherwise(answer):
    """South's price cannot be read: its coroutine raises a ValueError."""
    _keeps(_misread(), ValueError, answer)


def _keeps(coroutine: Coroutine, kind: type[Exception], answer: Callable[[Any], Any]) -> None:
    task = _Task(coroutine, answer)
    with _driving(coroutine):
        task.step()
    require(task.is_done, "value", "the task that failed is not done", f"it is done, with the {kind.__name__}")
    require(isinstance(task.error, kind), "value",
            f"the task has {'no error' if task.error is None else f'the error {shown(task.error)}'}, "
            f"and the result {shown(task.value)}", f"the {kind.__name__} is its error")
    equal(task.value, None, "the result of a task that failed")


@careful_step.case()
def ends_well(answer):
    """A coroutine that awaits nothing, and returns 0."""
    coroutine = _asks()
    task = _Task(coroutine, answer)
    with _driving(coroutine):
        task.step()
    require(task.error is None, "value", f"the task has the error {shown(task.error)}", "it has a result, 0")
    _returns_at_once(answer)


@careful_step.case()
def waits_as_before(answer):
    """A coroutine that awaits two futures, one after the other, and returns the sum of their results, 300 each."""
    _waits(answer)


@careful_step.case()
def is_stopped(answer):
    """A coroutine that raises a KeyboardInterrupt, as at the stop button."""
    coroutine = _stopped()
    task = _Task(coroutine, answer)
    try:
        task.step()
    except KeyboardInterrupt:
        return
    raise Failed("no exception", "the KeyboardInterrupt did not come out", "it comes out, since it is no Exception")


# -- from a callback to an await ----------------------------------------------------------------------------------


class Phone:
    """A library that knows no `await`: it calls a function when a shop has answered."""

    def __init__(self, answers: dict[str, tuple[float, int]]) -> None:
        self.answers = answers              # shop -> seconds until it answers, price in cents
        self.called: list[str] = []
        self.error: Exception | None = None     # what the last call of a function raised

    def call(self, shop: str, on_answer: Callable[[int], Any]) -> None:
        """Call a shop; returns at once. A shop that needs 0 seconds answers while it is being called."""
        if not callable(on_answer):
            raise Failed("error", f"phone.call was given {shown(on_answer)} to call when {shop} answers",
                         "a function of one argument, the price")
        with contextlib.suppress(ValueError):           # some built-in functions do not tell their parameters
            try:
                inspect.signature(on_answer).bind(0)
            except TypeError as error:
                raise Failed("error", f"the phone cannot call what it was given with a price: {error}",
                             "a function of one argument, the price") from error
        self.called.append(shop)
        seconds, price = self.answers[shop]
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._answer, on_answer, price)
        else:
            on_answer(price)

    def _answer(self, on_answer: Callable[[int], Any], price: int) -> None:
        try:
            on_answer(price)
        except Exception as error:
            self.error = error
            raise


ask_by_phone = Exercise(
    lesson="02",
    title="Turn a callback into an await",
    task="""
        `phone.call(shop, on_answer)` is a plain function, which returns at once; later, when the shop answers, the
        phone calls `on_answer(price)`. Write `ask_by_phone(phone, shop)` for asyncio: it calls the shop once, waits
        until it has answered, and returns the price. Others may be on the phone at the same time. If your function is
        cancelled, the answer that comes later changes nothing, and raises nothing.
        """,
    starter="""
        async def ask_by_phone(phone, shop):
            ...                                 # your code here
        """,
    hints=[
        "Which object stands for a result that is not there yet, and can be awaited?",
        "`asyncio.get_running_loop().create_future()` makes a future. Who knows the price first, and what should be "
        "called then?",
        "Write a function of one argument, the price, which sets the result of the future, and hand it to the phone. "
        "If your function was cancelled, the future is done: ask `future.done()` first.",
        """
        Fill in the dots:
            future = asyncio.get_running_loop().create_future()
            def on_answer(price):
                if not future.done():
                    ...
            phone.call(shop, ...)
            return await ...
        """,
    ],
    solution="""
        async def ask_by_phone(phone, shop):
            future = asyncio.get_running_loop().create_future()

            def on_answer(price):
                if not future.done():
                    future.set_result(price)

            phone.call(shop, on_answer)
            return await future
        """,
    why="The future is where the two worlds meet: a plain function sets its result, and whoever awaits it is made "
        "ready. A cancelled future is done: without the question, the late answer would raise `InvalidStateError`.",
    follow_up="The phone goes on ringing after a cancellation. What must it offer, so that you can hang up?",
    advice={
        "value": "Await a future, whose result the phone sets: the price is there only when the phone has called your"
                 " function.",
        "endless": "Await a future of asyncio's loop, whose result the phone sets: it wakes your function when the "
                   "price is there, and leaves the loop free until then.",
        "blocked": "Await a future, whose result the phone sets: while you hold the thread, the phone cannot call you.",
        "slow": "Await a future, whose result the phone sets: a function that has to look at the clock comes too late.",
        "deadlock": "Set the result in the function that the phone calls: somebody must set the result of the future "
                    "that you await.",
        "not awaitable: NoneType": "Await a future of asyncio's loop, whose result the phone sets: phone.call is a "
                                   "plain function, and gives nothing.",
        "error: phone": "Hand the phone a function of one argument, the price, which sets the result of the future.",
        "error: InvalidStateError": "Ask `future.done()` before you set the result: a future that was cancelled is "
                                    "done.",
    },
    mistakes=[
        Mistake("value", "None", """
            async def ask_by_phone(phone, shop):
                answer = None

                def on_answer(price):
                    nonlocal answer
                    answer = price

                phone.call(shop, on_answer)
                return answer
            """),
        Mistake("not awaitable", "await a future", """
            async def ask_by_phone(phone, shop):
                return await phone.call(shop, lambda price: price)
            """),
        Mistake("forgotten await", "a future", """
            async def ask_by_phone(phone, shop):
                future = asyncio.get_running_loop().create_future()
                phone.call(shop, future.set_result)
                return future
            """),
        Mistake("error", "Result is not set", """
            async def ask_by_phone(phone, shop):
                future = asyncio.get_running_loop().create_future()
                phone.call(shop, future.set_result)
                return future.result()
            """),
        Mistake("endless", "wakes your function when the price is there", """
            async def ask_by_phone(phone, shop):
                prices = []
                phone.call(shop, prices.append)
                while not prices:
                    await asyncio.sleep(0)
                return prices[0]
            """),
        Mistake("slow", "look at the clock", """
            async def ask_by_phone(phone, shop):
                prices = []
                phone.call(shop, prices.append)
                while not prices:
                    await asyncio.sleep(1)
                return prices[0]
            """),
        Mistake("slow", "look at the clock", """
            async def ask_by_phone(phone, shop):
                prices = []
                phone.call(shop, prices.append)
                while not prices:
                    await asyncio.sleep(0.1)
                return prices[0]
            """),
        Mistake("slow", "look at the clock", """
            async def ask_by_phone(phone, shop):
                prices = []
                phone.call(shop, prices.append)
                while not prices:
                    await asyncio.sleep(0.001)
                return prices[0]
            """),
        Mistake("slow", "look at the clock", """
            async def ask_by_phone(phone, shop):
                prices = []
                phone.call(shop, prices.append)
                while not prices:
                    await asyncio.sleep(0.0025)
                return prices[0]
            """),
        Mistake("not awaitable", "none of its own", """
            class Future:
                def __init__(self):
                    self.is_done, self.value, self.waiting = False, None, []

                def set_result(self, value):
                    self.is_done, self.value = True, value

                def __await__(self):
                    if not self.is_done:
                        yield self
                    return self.value

            async def ask_by_phone(phone, shop):
                future = Future()
                phone.call(shop, future.set_result)
                return await future
            """),
        Mistake("blocked", "hold the thread", """
            import time

            async def ask_by_phone(phone, shop):
                prices = []
                phone.call(shop, prices.append)
                time.sleep(0.5)
                await asyncio.sleep(0)
                return prices[0]
            """),
        Mistake("deadlock", "that the phone calls", """
            async def ask_by_phone(phone, shop):
                future = asyncio.get_running_loop().create_future()
                phone.call(shop, lambda price: price)
                return await future
            """),
        Mistake("error", "to call when north answers", """
            async def ask_by_phone(phone, shop):
                future = asyncio.get_running_loop().create_future()
                phone.call(shop, future)
                return await future
            """),
        Mistake("error", "with a price", """
            async def ask_by_phone(phone, shop):
                future = asyncio.get_running_loop().create_future()
                def on_answer():
                    future.set_result(320)
                phone.call(shop, on_answer)
                return await future
            """),
        Mistake("error", "InvalidStateError", """
            async def ask_by_phone(phone, shop):
                future = asyncio.get_running_loop().create_future()
                phone.call(shop, future.set_result)
                return await future
            """),
        Mistake("value", "called north, north", """
            async def ask_by_phone(phone, shop):
                future = asyncio.get_running_loop().create_future()
                phone.call(shop, future.set_result)
                await future
                phone.call(shop, print)
                return future.result()
            """),
    ],
)


@ask_by_phone.case(returns=320, elapsed=0.3)
async def one_call(answer):
    """North answers 320, 0.3 s after the call."""
    phone = Phone({"north": (0.3, 320)})
    try:
        price = await answer(phone, "north")
    except RuntimeError as error:
        require("bad yield" not in str(error), "not awaitable",
                "asyncio was handed a future that is none of its own (RuntimeError: Task got bad yield)",
                "a future of asyncio's loop, from asyncio.get_running_loop().create_future()")
        raise
    require(phone.called == ["north"], "value", f"the phone has called {', '.join(phone.called) or 'nobody'}",
            "it calls north, once")
    return price


# The time is no multiple of what somebody sleeps who looks again and again.
@ask_by_phone.case(returns=[320, 290], elapsed=0.5371737)
async def two_calls(answer):
    """Two are on the phone at the same time: north answers after 0.5371737 s, south after 0.2 s, each to who has
    called it."""
    phone = Phone({"north": (0.5371737, 320), "south": (0.2, 290)})
    return await asyncio.gather(answer(phone, "north"), answer(phone, "south"))


@ask_by_phone.case(returns=305, elapsed=0.0)
async def answered_at_once(answer):
    """East answers while it is being called: the price is there when phone.call returns."""
    return await answer(Phone({"east": (0.0, 305)}), "east")


@ask_by_phone.case()
async def answered_too_late(answer):
    """The caller is cancelled after 0.1 s, and north answers after 0.3 s."""
    phone = Phone({"north": (0.3, 320)})
    await cancelled(answer(phone, "north"), after=0.1)
    await asyncio.sleep(0.3)
    require(phone.error is None, "error", f"the late answer raised {shown(phone.error)}", "it raises nothing")


# -- let others have a turn ---------------------------------------------------------------------------------------

total = Exercise(
    lesson="02",
    title="Let others have a turn",
    task="""
        `total(get_price, items)` adds up a long price list. `await get_price(item)` gives a price, and does not wait,
        so no other task gets a turn until all is added up. Change it: after every 100 items all that are ready get
        one turn, and the sum stays the same.
        """,
    starter="""
        async def total(get_price, items):
            cents = 0
            for item in items:
                cents += await get_price(item)
            return cents
        """,
    hints=[
        "Which `await` lets others run, and needs no time?",
        "`await asyncio.sleep(0)` gives every task that is ready one turn. Count the items, and do it after each "
        "hundredth.",
        "Loop with `for count, item in enumerate(items, 1):`. After the addition: `if count % 100 == 0:`, and in it "
        "`await asyncio.sleep(0)`.",
    ],
    solution="""
        async def total(get_price, items):
            cents = 0
            for count, item in enumerate(items, 1):
                cents += await get_price(item)
                if count % 100 == 0:
                    await asyncio.sleep(0)
            return cents
        """,
    why="`asyncio.sleep(0)` reaches a `yield`, although it has nothing to wait for: the task's next turn goes to the "
        "end of the ready queue, behind all that stood there.",
    follow_up="Let the other task need two turns for its work. When is it done?",
    advice={
        "sequential": "Put await asyncio.sleep(0) into the loop, after each hundredth item: get_price never waits, so"
                      " to await it gives nobody a turn.",
        "slow": "Give a turn with asyncio.sleep(0), which needs no time, after every 100 items, and not after each.",
        "value": "Add up every item once, and return the sum.",
    },
    mistakes=[
        Mistake("sequential", "had no turn", """
            async def total(get_price, items):
                return sum([await get_price(item) for item in items])
            """),
        Mistake("slow", "0.1 s of virtual time", """
            async def total(get_price, items):
                cents = 0
                for count, item in enumerate(items, 1):
                    cents += await get_price(item)
                    if count % 100 == 0:
                        await asyncio.sleep(0.01)
                return cents
            """),
        Mistake("slow", "1,000 turns", """
            async def total(get_price, items):
                cents = 0
                for item in items:
                    cents += await get_price(item)
                    await asyncio.sleep(0)
                return cents
            """),
        Mistake("slow", "after 50, 100, 150", """
            async def total(get_price, items):
                cents = 0
                for count, item in enumerate(items, 1):
                    cents += await get_price(item)
                    if count % 50 == 0:
                        await asyncio.sleep(0)
                return cents
            """),
        Mistake("sequential", "had no turn", """
            import time

            async def total(get_price, items):
                cents = 0
                for count, item in enumerate(items, 1):
                    cents += await get_price(item)
                    if count % 100 == 0:
                        time.sleep(0)
                return cents
            """),
        Mistake("sequential", "had no turn", """
            async def pause():
                pass

            async def total(get_price, items):
                cents = 0
                for count, item in enumerate(items, 1):
                    cents += await get_price(item)
                    if count % 100 == 0:
                        await pause()
                return cents
            """),
        Mistake("forgotten await", "asyncio.sleep", """
            async def total(get_price, items):
                cents = 0
                for count, item in enumerate(items, 1):
                    cents += await get_price(item)
                    if count % 100 == 0:
                        asyncio.sleep(0)
                return cents
            """),
        Mistake("sequential", "had its turns after", """
            async def total(get_price, items):
                cents = 0
                for item in items:
                    cents += await get_price(item)
                for _ in range(0, len(items), 100):
                    await asyncio.sleep(0)
                return cents
            """),
        Mistake("slow", "not after each", """
            async def total(get_price, items):
                cents = 0
                for item in items:
                    cents += await asyncio.create_task(get_price(item))
                return cents
            """),
        Mistake("value", "2970", """
            async def total(get_price, items):
                cents = 0
                for count, item in enumerate(items, 1):
                    if count % 100 == 0:
                        await asyncio.sleep(0)
                    else:
                        cents += await get_price(item)
                return cents
            """),
    ],
)


async def _adds_up(answer: Callable[..., Any], count: int) -> None:
    """Have `answer` add up `count` prices of 3 cents, beside a task that notes at each of its turns how far it is."""
    asked, turns = [], []
    clock = asyncio.get_running_loop().time

    async def get_price(item: str) -> int:
        asked.append(item)
        return 3

    async def other() -> None:
        for _ in range(3 * count):          # not for ever: a clock in virtual time stands still while somebody is ready
            turns.append(len(asked))
            await asyncio.sleep(0)

    task = asyncio.create_task(other(), name="other")
    items = [f"item {number}" for number in range(1, count + 1)]
    start = clock()
    try:
        cents = await answer(get_price, items)
    finally:
        took = clock() - start
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    equal(cents, 3 * count, "the sum")
    require(asked == items, "value", f"get_price was called {len(asked)} times", f"once for each of the {count} items")
    require(not took, "slow", f"it took {took:.3g} s of virtual time", "no time at all")
    inside = [turn for turn in turns if turn]          # a task that is made and awaited gives two turns: good enough
    wanted = count // 100
    require(inside or not wanted, "sequential", "the other task had no turn before the sum was there",
            "one after every 100 items")
    require(len(inside) <= 2 * wanted + 1, "slow", f"the other task had {len(inside):,} turns",
            f"one after every 100 of the {count:,} items")
    require(len(set(inside)) <= wanted + 1, "slow", f"the other task had its turns after {_several(inside)} items",
            "one after every 100 items")
    marks = [0, *inside, count]
    longest = max(after - before for before, after in itertools.pairwise(marks))
    require(longest <= 100, "sequential", f"the other task had its turns after {_several(inside)} items",
            "one after every 100 items")
    off = [turn for turn in inside if turn % 100 and turn != count]
    require(not off, "sequential", f"the other task had its turns after {_several(inside)} items",
            "one after every 100 items: after 100, 200, 300 and so on")


def _several(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:4])) + (" ..." if len(numbers) > 4 else "")


@total.case()
async def thousand_items(answer):
    """1,000 items at 3 cents each; beside it a task that is always ready."""
    await _adds_up(answer, 1000)


@total.case()
async def odd_number(answer):
    """250 items, so there are turns after 100 and after 200."""
    await _adds_up(answer, 250)


@total.case()
async def few_items(answer):
    """30 items, so nobody needs a turn."""
    await _adds_up(answer, 30)


# -- a loop whose clock jumps -------------------------------------------------------------------------------------


@types.coroutine
def _sleep(seconds: float):
    yield seconds


async def _shop(price: int, *waits: float) -> int:
    """Waits as often and as long as it is told, and returns the price."""
    for seconds in waits:
        await _sleep(seconds)
    return price


@contextlib.contextmanager
def _driving(*coroutines: Coroutine) -> Iterator[None]:
    """Says in words what goes wrong when coroutines are driven, and closes those that were not driven to their end."""
    try:
        yield
    except TypeError as error:
        if "'<' not supported" in str(error):
            raise Failed("error", f"TypeError: {error}",
                         "two timers of the same moment are told apart by a number, before Python compares what "
                         "comes after it") from error
        raise
    except StopIteration as error:
        raise Failed("error", f"StopIteration came out, with the value {shown(error.value)}",
                     "the end of a coroutine is caught, and its value is used") from error
    finally:
        for coroutine in coroutines:
            coroutine.close()


run_with_jumps = Exercise(
    lesson="02",
    title="Write the clock that jumps",
    task="""
        Write `run_with_jumps(coroutines)`, with `def`: a loop in virtual time. Each coroutine hands out for how many
        seconds it wants to wait. The clock is a variable; it begins at 0, and when nobody is ready it jumps to the
        moment of the earliest timer. Start the coroutines in their order. Return a list of pairs, moment and result,
        in the order in which the coroutines end. If two are due at the same moment, first comes the one that began to
        wait first.
        """,
    starter="""
        def run_with_jumps(coroutines):
            ...                                 # your code here
        """,
    setup="import collections\nimport heapq\nimport itertools\nimport time",
    hints=[
        "Your loop with timers is nearly this. Which of its lines look at the real clock?",
        "All begin on the heap: `(0, number, coroutine)`. Then, as long as there is one, take the earliest timer: the "
        "clock is now its moment.",
        "After the jump, `send(None)`. What comes out is a number of seconds: the new timer is due at "
        "`clock + seconds`. If `StopIteration` comes instead, you have a pair for the list.",
        """
        Fill in the dots:
            number, ended = itertools.count(), []
            timers = [(0, next(number), coroutine) for coroutine in coroutines]
            while timers:
                clock, _, coroutine = heapq.heappop(timers)
                try:
                    seconds = coroutine.send(None)
                except StopIteration as stop:
                    ...
                else:
                    ...
            return ended
        """,
    ],
    solution="""
        def run_with_jumps(coroutines):
            number, ended = itertools.count(), []
            timers = [(0, next(number), coroutine) for coroutine in coroutines]
            while timers:
                clock, _, coroutine = heapq.heappop(timers)
                try:
                    seconds = coroutine.send(None)
                except StopIteration as stop:
                    ended.append((clock, stop.value))
                else:
                    heapq.heappush(timers, (clock + seconds, next(number), coroutine))
            return ended
        """,
    why="The heap gives the timers in the order of their moments, so the clock only ever jumps forward, and nobody "
        "needs to wait for it.",
    follow_up="Give it a coroutine that waits an hour, and another that waits 0 seconds for ever. What would you have "
              "it do?",
    advice={
        "blocked": "Set your clock to the moment of the timer: nobody waits here.",
        "async": "Begin it with def: whoever calls send is outside of every coroutine, and awaits nothing.",
        "error: not supported between": "Put (moment, number, coroutine) on the heap: coroutines have no order of "
                                        "their own.",
        "error: StopIteration": "Say for each send what may come out: a number of seconds, or StopIteration.",
        "order": "Note a pair when a coroutine ends, and number the timers as they are set: of two that are due at the "
                 "same moment, the one with the lower number is first.",
        "value": "Follow the example by hand: a timer is due at the moment of now plus the seconds that were handed "
                 "out.",
        "sequential": "Start them all before the clock jumps for the first time.",
    },
    mistakes=[
        Mistake("value", "(1.75, 290)", """
            def run_with_jumps(coroutines):
                clock, ended = 0, []
                for coroutine in coroutines:
                    try:
                        while True:
                            clock += coroutine.send(None)
                    except StopIteration as stop:
                        ended.append((clock, stop.value))
                return ended
            """),
        Mistake("value", "(0.5, 320)", """
            def run_with_jumps(coroutines):
                number, ended = itertools.count(), []
                timers = [(0, next(number), coroutine) for coroutine in coroutines]
                while timers:
                    clock, _, coroutine = heapq.heappop(timers)
                    try:
                        seconds = coroutine.send(None)
                    except StopIteration as stop:
                        ended.append((clock, stop.value))
                    else:
                        heapq.heappush(timers, (seconds, next(number), coroutine))
                return ended
            """),
        Mistake("error", "told apart by a number", """
            def run_with_jumps(coroutines):
                ended = []
                timers = []
                for coroutine in coroutines:
                    try:
                        heapq.heappush(timers, (coroutine.send(None), coroutine))
                    except StopIteration as stop:
                        ended.append((0, stop.value))
                while timers:
                    clock, coroutine = heapq.heappop(timers)
                    try:
                        heapq.heappush(timers, (clock + coroutine.send(None), coroutine))
                    except StopIteration as stop:
                        ended.append((clock, stop.value))
                return ended
            """),
        Mistake("error", "StopIteration came out", """
            def run_with_jumps(coroutines):
                number, ended = itertools.count(), []
                timers = [(coroutine.send(None), next(number), coroutine) for coroutine in coroutines]
                heapq.heapify(timers)
                while timers:
                    clock, _, coroutine = heapq.heappop(timers)
                    try:
                        seconds = coroutine.send(None)
                    except StopIteration as stop:
                        ended.append((clock, stop.value))
                    else:
                        heapq.heappush(timers, (clock + seconds, next(number), coroutine))
                return ended
            """),
        Mistake("blocked", "set your clock", """
            def run_with_jumps(coroutines):
                number, ended, now = itertools.count(), [], 0
                timers = [(0, next(number), coroutine) for coroutine in coroutines]
                while timers:
                    clock, _, coroutine = heapq.heappop(timers)
                    time.sleep(clock - now)
                    now = clock
                    try:
                        seconds = coroutine.send(None)
                    except StopIteration as stop:
                        ended.append((clock, stop.value))
                    else:
                        heapq.heappush(timers, (clock + seconds, next(number), coroutine))
                return ended
            """),
        Mistake("order", "in the order in which they end", """
            def run_with_jumps(coroutines):
                number, ended = itertools.count(), {}
                timers = [(0, next(number), coroutine) for coroutine in coroutines]
                while timers:
                    clock, _, coroutine = heapq.heappop(timers)
                    try:
                        seconds = coroutine.send(None)
                    except StopIteration as stop:
                        ended[coroutine] = (clock, stop.value)
                    else:
                        heapq.heappush(timers, (clock + seconds, next(number), coroutine))
                return [ended[coroutine] for coroutine in coroutines]
            """),
        Mistake("value", "290, 320", """
            def run_with_jumps(coroutines):
                number, ended = itertools.count(), []
                timers = [(0, next(number), coroutine) for coroutine in coroutines]
                while timers:
                    clock, _, coroutine = heapq.heappop(timers)
                    try:
                        seconds = coroutine.send(None)
                    except StopIteration as stop:
                        ended.append(stop.value)
                    else:
                        heapq.heappush(timers, (clock + seconds, next(number), coroutine))
                return ended
            """),
        Mistake("value", "3600.25", """
            def run_with_jumps(coroutines):
                clock, ended = 0, []
                timers = [(0, coroutine) for coroutine in coroutines]
                while timers:
                    for timer in [timer for timer in timers if timer[0] <= clock]:
                        timers.remove(timer)
                        try:
                            timers.append((clock + timer[1].send(None), timer[1]))
                        except StopIteration as stop:
                            ended.append((clock, stop.value))
                    clock += 0.25
                return ended
            """),
        Mistake("async", "def", """
            async def run_with_jumps(coroutines):
                return [(0, await coroutine) for coroutine in coroutines]
            """),
    ],
)


def _no_sleep(seconds: float) -> None:
    raise Failed("blocked", f"it called time.sleep({seconds:g})", "nobody waits: the clock is a variable, and jumps")


def _runs(answer: Callable[..., Any], shops: list[tuple[int, tuple[float, ...]]],
          wanted: list[tuple[float, int]]) -> None:
    """Have `answer` run shops that wait so long, and compare."""
    coroutines = [_shop(price, *waits) for price, waits in shops]
    with _driving(*coroutines), mock.patch("time.sleep", _no_sleep):
        ended = answer(list(coroutines))
    if isinstance(ended, list) and ended != wanted and len(wanted) == len(ended) \
            and all(pair in ended for pair in wanted):
        raise Failed("order", f"the result is {shown(ended)}", f"{shown(wanted)}: in the order in which they end")
    equal(ended, wanted)


@run_with_jumps.case()
def two_shops(answer):
    """The first waits 0.5 s twice and returns 320, the second waits 0.75 s and returns 290."""
    _runs(answer, [(320, (0.5, 0.5)), (290, (0.75,))], [(0.75, 290), (1.0, 320)])


@run_with_jumps.case()
def one_waits_for_nothing(answer):
    """The first waits 0.5 s and returns 320; the second returns 290 at once, without waiting."""
    _runs(answer, [(320, (0.5,)), (290, ())], [(0, 290), (0.5, 320)])


@run_with_jumps.case()
def same_moment(answer):
    """Three wait until 1.0: the first in one go, the others by way of 0.5 and of 0.25."""
    _runs(answer, [(320, (1.0,)), (290, (0.5, 0.5)), (305, (0.25, 0.75))], [(1.0, 320), (1.0, 305), (1.0, 290)])


@run_with_jumps.case()
def begun_together(answer):
    """Three wait 0.5 s from the start: the first of the list began first, so it comes first."""
    _runs(answer, [(320, (0.5,)), (290, (0.5,)), (305, (0.5,))], [(0.5, 320), (0.5, 290), (0.5, 305)])


@run_with_jumps.case()
def an_hour(answer):
    """One waits an hour and 0.1 s, the other two hours."""
    _runs(answer, [(320, (7200.0,)), (290, (3600.1,))], [(3600.1, 290), (7200.0, 320)])
