"""The exercises and questions of notebook 01: coroutines, driven by hand."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from helpers.checker import Exercise, Failed, Mistake, equal, predict, require, shown

# -- questions ------------------------------------------------------------------------------------------------

predict_call = predict(
    "The next cell defines a function with `async def`, and calls it once. Which lines does it print?",
    {
        "`asking north`, then `the call gave a` and the type":
            "That is what a function made with `def` would do. Run the cell, and look which line is missing.",
        "only `the call gave a` and the type":
            "The call makes an object, and runs nothing of the body. The next cells show what runs it.",
        "none: there is an error, because `await` is missing":
            "Python lets you call it without `await`. That is what makes the mistake easy to make.",
    },
    right="only `the call gave a` and the type",
)

predict_if = predict(
    "The function says that tea is not cheap, and the `await` is forgotten. What does the next cell print?",
    {
        "`buy`":
            "Without `await`, `cheap` is neither `True` nor `False`: it is a coroutine object, and this object counts "
            "as true.",
        "`do not buy`":
            "That would need the value that the function returns, and the body has not run.",
        "an error: a coroutine is neither true nor false":
            "An error would help. But almost every Python object can stand in an `if`, and a coroutine is one of them.",
    },
    right="`buy`",
)

predict_send = predict(
    "`next(watcher)` runs `price_gap` up to its first `yield`. What does `watcher.send(320)`, the next call, give?",
    {
        "320, the value that was sent in":
            "320 goes into the function: it becomes the value of the first `yield`. What does the function hand out "
            "next? Run the cell.",
        "`south`":
            "320 becomes the value of the first `yield`. The function goes on to the second one, and `send` gives what "
            "that one hands out.",
        "`None`: `send` hands a value in, and gives nothing":
            "`send` also runs the function, and gives what the function hands out where it stops again. Run the cell.",
    },
    right="`south`",
)

predict_thaw = predict(
    "You send in 320, the price of north. Where do the functions stand after that?",
    {
        "each at the line after the one where it stood":
            "None of them stops at a line without an `await` or a `yield` in it. Each goes on until one below it "
            "yields again. Run the cell.",
        "`watch` stands alone, since `ask` and `fetch` have returned":
            "They have returned. But `watch` has another shop in its list, and goes on to it in the same `send`. Run "
            "the cell.",
        "at the same three lines, with other values":
            "`ask` and `fetch` return, `watch` stores the price, goes round its loop, and calls `fetch` again, which "
            "calls `ask`. Only the next `yield` stops them.",
    },
    right="at the same three lines, with other values",
)

predict_throw = predict(
    "`phone_both` waits for the price of north when `CancelledError` is thrown in. What is printed after "
    "`calling north`?",
    {
        "`stopped`":
            "`throw` resumes the coroutine, with an exception at the line where it stands. That line is inside a "
            "`try`. Run the cell.",
        "`hanging up north`, then `stopped`":
            "The exception is raised at the `yield` in `ask`, and goes up from there. On its way it leaves the `try` "
            "in `phone`, so the `finally` runs.",
        "`hanging up north`, then `calling south`":
            "This `finally` does not end the exception, which goes on upwards, through `phone_both`. Run the cell.",
    },
    right="`hanging up north`, then `stopped`",
)

predict_in_a_cell = predict(
    "You run the same program in a cell of this notebook. What happens?",
    {
        "It prints `Hello` and `World`, as the script did":
            "No event loop was running when the script called `asyncio.run`. One is running here: it runs your cells.",
        "It ends with an error":
            "`asyncio.run` starts an event loop, and refuses where one is running already. One is running here: it "
            "runs your cells.",
        "It prints `Hello`, and hangs":
            "It never gets that far: `asyncio.run` first checks whether an event loop is running. Run the cell.",
    },
    right="It ends with an error",
)

# -- a warm-up: await the right thing -------------------------------------------------------------------------

cheaper = Exercise(
    lesson="01",
    title="Await the right thing",
    task="""
        Write `cheaper(get_price)`. `get_price` is a coroutine function, such as the one above: called with the name of
        a shop and awaited, it gives the price. Ask for the prices of `"north"` and `"south"`, once each, in any order,
        and return the name of the cheaper shop. The two prices differ.
        """,
    starter="""
        async def cheaper(get_price):
            ...                                 # your code here
        """,
    hints=[
        "What does `get_price(\"north\")` give you before you await it? Can two such objects be compared?",
        "Give each price a name, and compare the names: then each shop is asked once.",
        """
        Fill in the dots:
            north = await get_price("north")
            south = ...
            return "north" if ... else "south"
        """,
    ],
    solution="""
        async def cheaper(get_price):
            north = await get_price("north")
            south = await get_price("south")
            return "north" if north < south else "south"
        """,
    why="Each `await` runs one coroutine to its end and gives what it returns, a number. Numbers can be compared.",
    follow_up="Which name do you get if both prices are the same?",
    advice={
        "value: is '(north|south)'":
            "Return the name that belongs to the lower of the two prices: this is the more expensive shop.",
        "value": "Compare the two prices, and return the name of the shop, a text.",
    },
    mistakes=[
        Mistake("forgotten await", "await", """
            async def cheaper(get_price):
                if get_price("north") < get_price("south"):
                    return "north"
                return "south"
            """),
        Mistake("forgotten await", "await", """
            async def cheaper(get_price):
                north = await get_price("north")
                south = get_price("south")
                return "north" if north < south else "south"
            """),
        Mistake("forgotten await", "await", """
            async def cheaper(get_price):
                prices = {shop: get_price(shop) for shop in ("north", "south")}
                return min(prices, key=prices.get)
            """),
        Mistake("error", "cannot reuse already awaited coroutine", """
            async def cheaper(get_price):
                north, south = get_price("north"), get_price("south")
                if await north < await south:
                    return "north"
                if await south < await north:
                    return "south"
            """),
        Mistake("not awaitable", "call the function", """
            async def cheaper(get_price):
                north = await get_price
                south = await get_price
                return "north" if north < south else "south"
            """),
        Mistake("nested loop", "write await", """
            async def cheaper(get_price):
                north = asyncio.run(get_price("north"))
                south = asyncio.run(get_price("south"))
                return "north" if north < south else "south"
            """),
        Mistake("not async", "async def", """
            def cheaper(get_price):
                north = get_price("north")
                south = get_price("south")
                return "north" if north < south else "south"
            """),
        Mistake("value", "290", """
            async def cheaper(get_price):
                return min(await get_price("north"), await get_price("south"))
            """),
        Mistake("value", "asked", """
            async def cheaper(get_price):
                if await get_price("north") < await get_price("south"):
                    return "north"
                if await get_price("south") < await get_price("north"):
                    return "south"
            """),
    ],
)


async def _cheaper_of(answer: Callable[..., Any], prices: dict[str, int], name: str) -> Any:
    asked = []

    async def get_price(shop: str) -> int:
        asked.append(shop)
        return prices[shop]

    result = await answer(get_price)
    equal(result, name)
    require(sorted(asked) == ["north", "south"], "value", f"get_price was asked for {', '.join(asked) or 'nothing'}",
            "it is asked for north and for south, once each")
    return result


@cheaper.case()
async def south_is_cheaper(answer):
    """The price at north is 320, at south 290."""
    return await _cheaper_of(answer, {"north": 320, "south": 290}, "south")


@cheaper.case()
async def north_is_cheaper(answer):
    """The price at north is 275, at south 290."""
    return await _cheaper_of(answer, {"north": 275, "south": 290}, "north")


# -- drive one by hand ----------------------------------------------------------------------------------------

JUST_STARTED = "the first send to a coroutine must be send(None): it stands at no await yet that could take a value"
NO_ITERATOR = "a coroutine is driven with send: next(), list() and for loops are for generators"
NO_VALUE = "send takes one value: None at the start, and an answer after that"
HAS_ENDED = "a coroutine that has ended is not resumed"


@types.coroutine
def _ask(shop: str):
    return (yield shop)


async def _watch(shops: list[str], log: list[str] | None = None) -> dict[str, int]:
    """Asks one shop after another, as in the notebook."""
    prices = {}
    for shop in shops:
        if log is not None:
            log.append(f"asks {shop}")
        prices[shop] = await _ask(shop)
        if log is not None:
            log.append(f"has {shop}")
    return prices


@contextlib.contextmanager
def _driving(*coroutines: Coroutine) -> Iterator[None]:
    """Says in words what goes wrong when a coroutine is driven, and closes those that were not driven to their end."""
    try:
        yield
    except TypeError as error:
        for words, meaning in (("just-started", JUST_STARTED), ("not an iterator", NO_ITERATOR),
                               ("not iterable", NO_ITERATOR), ("exactly one argument", NO_VALUE)):
            if words in str(error):
                raise Failed("error", f"TypeError: {error}", meaning) from error
        raise
    except RuntimeError as error:
        if "cannot reuse" in str(error):
            raise Failed("error", f"RuntimeError: {error}", HAS_ENDED) from error
        raise
    except StopIteration as error:
        raise Failed("error", f"StopIteration came out, with the value {shown(error.value)}",
                     "the end of a coroutine is caught, and its value is used") from error
    finally:
        for coroutine in coroutines:
            coroutine.close()


drive_with = Exercise(
    lesson="01",
    title="Drive a coroutine to its end",
    task="""
        Write a plain function, `drive_with(coroutine, answers)`. It starts the coroutine, sends the answers of the list
        into it, one after another, and returns a tuple of two things: the list of all that the coroutine has handed
        out, and what it has returned. With `watch_gap` as above, `drive_with(watch_gap(), [320, 290])` gives
        `(["north", "south"], 30)`.
        It works for any number of questions; the list has an answer for each. For a coroutine that asks nothing and
        returns 0, `drive_with(coroutine, [])` gives `([], 0)`.
        """,
    starter="""
        def drive_with(coroutine, answers):
            ...                                 # your code here
        """,
    hints=[
        "Do what you did by hand: one `send(None)`, then one `send` for each answer. All but the last give a question.",
        "The coroutine has ended when `send` raises `StopIteration`. If it asks nothing, the first `send` does.",
        "Put every line that calls `send` into one `try`. Its `except StopIteration as stop` has all that is to be "
        "returned: the list of questions, and `stop.value`.",
        """
        Fill in the dots:
            questions = []
            try:
                questions.append(coroutine.send(None))
                for answer in answers:
                    ...
            except StopIteration as stop:
                return ...
        """,
    ],
    solution="""
        def drive_with(coroutine, answers):
            questions = []
            try:
                questions.append(coroutine.send(None))
                for answer in answers:
                    questions.append(coroutine.send(answer))
            except StopIteration as stop:
                return questions, stop.value
        """,
    why="`send(None)` starts the coroutine, each further `send` carries an answer in and the next question out, and "
        "`StopIteration` brings what it returns.",
    follow_up="What does your function do if there are too few answers? And what should it do?",
    advice={
        "async": "Begin it with def: whoever calls send is outside of every coroutine, and awaits nothing.",
        "error: just-started": "Begin with send(None): a coroutine that has not run yet has no await that could take "
                               "a value.",
        "error: StopIteration": "Say for each send in your function what may come out: a question, or StopIteration.",
        "error: not iterable|not an iterator": "Drive it with send: next(), list() and for loops are for generators.",
        "error: exactly one argument": "Give each send a value: None at the start, and an answer after that.",
        "error: cannot reuse": "Leave the loop when send raises StopIteration: the coroutine has ended then.",
        "order: is \\(\\d+, ": "Put the list first in the tuple, and what the coroutine returned second.",
        "value: , a list$": "Return a tuple: two things with a comma between them, and no square brackets.",
        "value": "Follow the first question and the first answer by hand, as in the cells above.",
        "endless": "Leave the loop when send raises StopIteration.",
    },
    mistakes=[
        Mistake("error", "must be send(None)", """
            def drive_with(coroutine, answers):
                questions = []
                try:
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                    coroutine.send(None)
                except StopIteration as stop:
                    return questions, stop.value
            """),
        Mistake("error", "next(), list() and for loops are for generators", """
            def drive_with(coroutine, answers):
                questions = [next(coroutine)]
                try:
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                except StopIteration as stop:
                    return questions, stop.value
            """),
        Mistake("error", "StopIteration came out, with the value", """
            def drive_with(coroutine, answers):
                questions = [coroutine.send(None)]
                for answer in answers:
                    questions.append(coroutine.send(answer))
                return questions, None
            """),
        Mistake("error", "asks nothing", """
            def drive_with(coroutine, answers):
                questions = [coroutine.send(None)]
                try:
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                except StopIteration as stop:
                    return questions, stop.value
            """),
        Mistake("value", "StopIteration", """
            def drive_with(coroutine, answers):
                questions = []
                try:
                    questions.append(coroutine.send(None))
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                except StopIteration as stop:
                    return questions, stop
            """),
        Mistake("value", "None", """
            def drive_with(coroutine, answers):
                questions = []
                try:
                    questions.append(coroutine.send(None))
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                except StopIteration:
                    pass
                return questions, None
            """),
        Mistake("value", "['south']", """
            def drive_with(coroutine, answers):
                coroutine.send(None)
                questions = []
                try:
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                except StopIteration as stop:
                    return questions, stop.value
            """),
        Mistake("value", "a tuple", """
            def drive_with(coroutine, answers):
                questions = []
                try:
                    questions.append(coroutine.send(None))
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                except StopIteration as stop:
                    return [questions, stop.value]
            """),
        Mistake("order", "list first", """
            def drive_with(coroutine, answers):
                questions = []
                try:
                    questions.append(coroutine.send(None))
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                except StopIteration as stop:
                    return stop.value, questions
            """),
        Mistake("error", "one value", """
            def drive_with(coroutine, answers):
                questions = []
                try:
                    questions.append(coroutine.send())
                    for answer in answers:
                        questions.append(coroutine.send(answer))
                except StopIteration as stop:
                    return questions, stop.value
            """),
        Mistake("error", "has ended", """
            def drive_with(coroutine, answers):
                questions, result = [], None
                for value in [None, *answers, None]:
                    try:
                        questions.append(coroutine.send(value))
                    except StopIteration as stop:
                        result = stop.value
                return questions, result
            """),
        Mistake("async", "def", """
            async def drive_with(coroutine, answers):
                return answers, await coroutine
            """),
        Mistake("error", "for loops are for generators", """
            def drive_with(coroutine, answers):
                return list(coroutine), answers[-1]
            """),
        Mistake("error", "asks \"west\"", """
            def drive_with(coroutine, answers):
                first = coroutine.send(None)
                second = coroutine.send(answers[0])
                try:
                    coroutine.send(answers[1])
                except StopIteration as stop:
                    return [first, second], stop.value
            """),
    ],
)


@drive_with.case()
def two_questions(answer):
    """The coroutine asks "north" and "south", gets 320 and 290, and returns their difference, 30."""
    async def watch() -> int:
        return await _ask("north") - await _ask("south")

    coroutine = watch()
    with _driving(coroutine):
        equal(answer(coroutine, [320, 290]), (["north", "south"], 30))


@drive_with.case()
def one_question(answer):
    """The coroutine asks "west", gets 335, and returns {"west": 335}."""
    coroutine = _watch(["west"])
    with _driving(coroutine):
        equal(answer(coroutine, [335]), (["west"], {"west": 335}))


@drive_with.case()
def no_question(answer):
    """The coroutine asks nothing, and returns {}; there are no answers either."""
    coroutine = _watch([])
    with _driving(coroutine):
        equal(answer(coroutine, []), ([], {}))


# -- clean up when an exception is thrown in --------------------------------------------------------------------

price_by_phone = Exercise(
    lesson="01",
    title="Hang up, whatever happens",
    task="""
        Write `price_by_phone(phone, shop)`. It calls the shop with `phone.call(shop)`, returns the price, which
        `await phone.ask()` gives, and hangs up with `phone.hang_up()`, exactly once: when the price is there, and also
        when an exception of any kind is thrown in while it waits. The exception comes out of `price_by_phone`.
        `call` and `hang_up` are plain functions, `ask` is a coroutine function.
        """,
    starter="""
        async def price_by_phone(phone, shop):
            ...                                 # your code here
        """,
    hints=[
        "At which line does the function stand when the exception is thrown in? Which lines come after it?",
        "Which block runs however the `try` above it ends, by a `return` or by an exception of any kind?",
        """
        Fill in the dots:
            phone.call(shop)
            try:
                return ...
            finally:
                ...
        """,
    ],
    solution="""
        async def price_by_phone(phone, shop):
            phone.call(shop)
            try:
                return await phone.ask()
            finally:
                phone.hang_up()
        """,
    why="The `finally` runs on every way out of its `try`, by a `return` and by an exception of any kind, and the "
        "exception goes on after it.",
    follow_up="Write the same as a context manager, so that it reads: `with call(phone, shop): return await "
              "phone.ask()`.",
    advice={
        "no exception: thrown in":
            "Hang up, and let the exception go on: a finally in which nothing returns does both.",
        "clean-up": "Write phone.hang_up() in a finally, and nowhere else: it runs after a return, an error and a "
                    "cancellation, once.",
        "order: before phone.call": "Write phone.call(shop) above this line.",
        "order": "Hang up when you have the price: a coroutine runs when it is awaited, not when it is called.",
    },
    mistakes=[
        Mistake("clean-up", "the line was left open", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                price = await phone.ask()
                phone.hang_up()
                return price
            """),
        Mistake("clean-up", "CancelledError", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                try:
                    price = await phone.ask()
                except Exception:
                    phone.hang_up()
                    raise
                phone.hang_up()
                return price
            """),
        Mistake("clean-up", "ConnectionError", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                try:
                    price = await phone.ask()
                except asyncio.CancelledError:
                    phone.hang_up()
                    raise
                phone.hang_up()
                return price
            """),
        Mistake("no exception", "ConnectionError", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                try:
                    return await phone.ask()
                except BaseException:
                    return None
                finally:
                    phone.hang_up()
            """),
        Mistake("swallowed", "CancelledError", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                try:
                    return await phone.ask()
                except asyncio.CancelledError:
                    print("stopped")
                finally:
                    phone.hang_up()
            """),
        Mistake("no exception", "return", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                price = None
                try:
                    price = await phone.ask()
                finally:
                    phone.hang_up()
                    return price
            """),
        Mistake("forgotten await", "await", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                try:
                    return phone.ask()
                finally:
                    phone.hang_up()
            """),
        Mistake("clean-up", "2 times", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                try:
                    price = await phone.ask()
                    phone.hang_up()
                    return price
                finally:
                    phone.hang_up()
            """),
        Mistake("order", "was not open", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                question = phone.ask()
                phone.hang_up()
                return await question
            """),
        Mistake("order", "above this line", """
            async def price_by_phone(phone, shop):
                try:
                    return await phone.ask()
                finally:
                    phone.hang_up()
            """),
        Mistake("value", "None", """
            async def price_by_phone(phone, shop):
                phone.call(shop)
                try:
                    await phone.ask()
                finally:
                    phone.hang_up()
            """),
    ],
)


class _Phone:
    """A phone that notes what is done with it. `ask` hands out the name of the shop, and waits for the price."""

    def __init__(self) -> None:
        self.shop = ""
        self.done: list[str] = []

    def call(self, shop: str) -> None:
        self.shop = shop
        self.done.append("call")

    async def ask(self) -> int:
        require("call" in self.done, "order", "phone.ask() ran before phone.call(shop)", "call, then ask, then hang up")
        require("hang up" not in self.done, "order", "phone.ask() ran after hang_up, when the line was not open",
                "call, then ask, then hang up")
        self.done.append("ask")
        return await _ask(self.shop)

    def hang_up(self) -> None:
        self.done.append("hang up")

    def look(self, when: str) -> None:
        """Demand that somebody has hung up, once."""
        times = self.done.count("hang up")
        require(times, "clean-up", f"{when}, and the line was left open", "the line is closed on every way out")
        require(times == 1, "clean-up", f"{when}, and hang_up was called {times} times", "it is called once")


def _until_it_waits(answer: Callable[..., Any], phone: _Phone, shop: str) -> Coroutine:
    coroutine = answer(phone, shop)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        equal(stop.value, 320)
        raise Failed("early", "it ended without having waited for the price", "it waits in phone.ask()") from None
    equal(phone.shop, shop, "the shop that was called")
    return coroutine


@price_by_phone.case()
def the_price_comes(answer):
    """North answers: the price is 320."""
    phone = _Phone()
    with contextlib.closing(_until_it_waits(answer, phone, "north")) as coroutine:
        try:
            again = coroutine.send(320)
        except StopIteration as stop:
            equal(stop.value, 320)
            phone.look("the price came")
        else:
            raise Failed("value", f"after the price it waits again, for {shown(again)}", "it ends when it has the "
                                                                                         "price")


def _thrown_in(answer: Callable[..., Any], error: BaseException) -> None:
    phone, name = _Phone(), type(error).__name__
    coroutine = _until_it_waits(answer, phone, "south")
    kind = "swallowed" if isinstance(error, asyncio.CancelledError) else "no exception"
    with contextlib.closing(coroutine):
        try:
            coroutine.throw(error)
        except type(error):
            phone.look(f"{name} was thrown in")
        except StopIteration as stop:
            raise Failed(kind, f"{name} was thrown in, and price_by_phone returned {shown(stop.value)} "
                         "as if nothing had happened", f"{name} comes out") from None
        else:
            raise Failed(kind, f"{name} was thrown in, and price_by_phone waits again", f"{name} comes out")


@price_by_phone.case()
def the_line_goes_dead(answer):
    """While it waits for the south, ConnectionError is thrown in."""
    _thrown_in(answer, ConnectionError("south is closed"))


@price_by_phone.case()
def it_is_stopped(answer):
    """While it waits for the south, CancelledError is thrown in: somebody wants it to stop."""
    _thrown_in(answer, asyncio.CancelledError())


# -- drive several: a small event loop ------------------------------------------------------------------------

drive_all = Exercise(
    lesson="01",
    title="Write an event loop in miniature",
    task="""
        Write `drive_all(coroutines, arrivals)`, an event loop in miniature, with `def`. It starts every coroutine of
        the list before it uses the first answer; each hands out the name of the shop that it waits for. `arrivals` is
        a list of pairs, shop and price, in the order in which the answers arrive, such as
        `[("south", 290), ("north", 320)]`: resume the coroutine that waits for this shop, with this price. It may then
        ask another shop, or end. Return the list of what the coroutines returned, in the order of `coroutines`.
        Some coroutines may ask nothing. No two wait for the same shop at the same time, and at the end all are done.
        """,
    starter="""
        def drive_all(coroutines, arrivals):
            ...                                 # your code here
        """,
    hints=[
        "What must you know, when a price arrives, to resume the right coroutine? And when do you learn it?",
        "Keep a dictionary from shop to coroutine: which coroutine waits for which shop. Every `send` that gives a "
        "question adds an entry; every arrival takes one out.",
        "A coroutine is started and resumed in the same way, with `send`; only the value differs. So write this once, "
        "as a function `resume(coroutine, value)` inside `drive_all`, with its `try` and `except`.",
        """
        Fill in the dots:
            waiting, results = {}, {}

            def resume(coroutine, value):
                try:
                    waiting[coroutine.send(value)] = coroutine
                except StopIteration as stop:
                    ...

            for coroutine in coroutines:
                resume(coroutine, None)
            for shop, price in arrivals:
                ...
            return [results[coroutine] for coroutine in coroutines]
        """,
    ],
    solution="""
        def drive_all(coroutines, arrivals):
            waiting, results = {}, {}

            def resume(coroutine, value):
                try:
                    waiting[coroutine.send(value)] = coroutine
                except StopIteration as stop:
                    results[coroutine] = stop.value

            for coroutine in coroutines:
                resume(coroutine, None)
            for shop, price in arrivals:
                resume(waiting.pop(shop), price)
            return [results[coroutine] for coroutine in coroutines]
        """,
    why="The dictionary says which coroutine waits for which shop. The one whose answer arrives is resumed, and the "
        "others stay frozen. An event loop does the same for many kinds of waits.",
    follow_up="Let two coroutines wait for the same shop, and one answer serve both.",
    advice={
        "sequential": "Start them all before you look at the first arrival.",
        "error: just-started": "Begin each coroutine with send(None): one that has not run yet has no await that "
                               "could take a value.",
        "error: StopIteration": "Say for each send in your function what may come out: a question, or StopIteration.",
        "error: exactly one argument": "Give each send a value: None at the start, and a price after that.",
        "error: cannot reuse": "Look which coroutine this send resumes: it has ended. Take the one that waits for this "
                               "shop.",
        "error: KeyError": "Note after each send for which shop the coroutine waits now: after a question, it waits "
                           "for another one.",
        "order": "Keep the results by coroutine, and put them in order at the end.",
        "value": "Note for each question which coroutine has asked it.",
        "endless": "Send something in each round of the loop, and leave it when send raises StopIteration.",
    },
    mistakes=[
        Mistake("sequential", "south had not been asked", """
            def drive_all(coroutines, arrivals):
                answers, results = dict(arrivals), []
                for coroutine in coroutines:
                    answer = None
                    while True:
                        try:
                            question = coroutine.send(answer)
                        except StopIteration as stop:
                            results.append(stop.value)
                            break
                        answer = answers[question]
                return results
            """),
        Mistake("error", "StopIteration came out", """
            def drive_all(coroutines, arrivals):
                waiting = {coroutine.send(None): coroutine for coroutine in coroutines}
                for shop, price in arrivals:
                    waiting[shop].send(price)
            """),
        Mistake("order", "in the order of coroutines", """
            def drive_all(coroutines, arrivals):
                waiting = {coroutine.send(None): coroutine for coroutine in coroutines}
                results = []
                for shop, price in arrivals:
                    coroutine = waiting.pop(shop)
                    try:
                        waiting[coroutine.send(price)] = coroutine
                    except StopIteration as stop:
                        results.append(stop.value)
                return results
            """),
        Mistake("error", "KeyError", """
            def drive_all(coroutines, arrivals):
                waiting = {coroutine.send(None): coroutine for coroutine in coroutines}
                results = {}
                for shop, price in arrivals:
                    try:
                        waiting[shop].send(price)
                    except StopIteration as stop:
                        results[waiting[shop]] = stop.value
                return [results[coroutine] for coroutine in coroutines]
            """),
        Mistake("value", "{'north': 290}", """
            def drive_all(coroutines, arrivals):
                for coroutine in coroutines:
                    coroutine.send(None)
                results = []
                for coroutine, (shop, price) in zip(coroutines, arrivals):
                    try:
                        coroutine.send(price)
                    except StopIteration as stop:
                        results.append(stop.value)
                return results
            """),
        Mistake("error", "must be send(None)", """
            def drive_all(coroutines, arrivals):
                results = []
                for coroutine, (shop, price) in zip(coroutines, arrivals):
                    try:
                        coroutine.send(price)
                    except StopIteration as stop:
                        results.append(stop.value)
                return results
            """),
        Mistake("error", "asks nothing", """
            def drive_all(coroutines, arrivals):
                waiting = {coroutine.send(None): coroutine for coroutine in coroutines}
                results = {}
                for shop, price in arrivals:
                    coroutine = waiting.pop(shop)
                    try:
                        waiting[coroutine.send(price)] = coroutine
                    except StopIteration as stop:
                        results[coroutine] = stop.value
                return [results[coroutine] for coroutine in coroutines]
            """),
        Mistake("error", "it has ended", """
            def drive_all(coroutines, arrivals):
                waiting, results = {}, {}
                for coroutine in coroutines:
                    try:
                        waiting[coroutine.send(None)] = coroutine
                    except StopIteration as stop:
                        results[coroutine] = stop.value
                for shop, price in arrivals:
                    try:
                        waiting[coroutine.send(price)] = coroutine
                    except StopIteration as stop:
                        results[coroutine] = stop.value
                return [results[coroutine] for coroutine in coroutines]
            """),
        Mistake("sequential", "north and south were not started", """
            def drive_all(coroutines, arrivals):
                return [{shop: price} for shop, price in arrivals]
            """),
        Mistake("value", "None", """
            def drive_all(coroutines, arrivals):
                waiting, results = {}, {}
                for coroutine in coroutines:
                    waiting[coroutine.send(None)] = coroutine
                for shop, price in arrivals:
                    coroutine = waiting.pop(shop)
                    try:
                        waiting[coroutine.send(price)] = coroutine
                    except StopIteration as stop:
                        results[coroutine] = stop.value
                print([results[coroutine] for coroutine in coroutines])
            """),
    ],
)


def _drives(answer: Callable[..., Any], watchers: list[list[str]], arrivals: list[tuple[str, int]]) -> None:
    """Have `answer` drive watchers of these shops, and look at who was resumed when, and at the results."""
    log: list[str] = []
    coroutines = [_watch(shops, log) for shops in watchers]
    with _driving(*coroutines):
        results = answer(coroutines, list(arrivals))
    prices = dict(arrivals)
    first = next((place for place, event in enumerate(log) if event.startswith("has")), len(log))
    late = [shops[0] for shops in watchers if shops and f"asks {shops[0]}" not in log[:first]]
    what = f"a price was sent in while {' and '.join(late)} had not been asked yet" if "has" in " ".join(log) \
        else f"the coroutines that ask {' and '.join(late)} were not started"
    require(not late, "sequential", what, "every coroutine is started before the first price is sent")
    wanted = [{shop: prices[shop] for shop in shops} for shops in watchers]
    equal(results, wanted, "the list of results, in the order of coroutines,")
    arrived = [event.removeprefix("has ") for event in log if event.startswith("has")]
    require(arrived == [shop for shop, _ in arrivals], "order",
            f"the prices were sent in the order {', '.join(arrived)}",
            f"in the order in which they arrive: {', '.join(prices)}")


@drive_all.case()
def one_question_each(answer):
    """The first of two coroutines asks north, the second south, and each returns the price that it is sent, in a
    dictionary. South answers first, 290, then north, 320."""
    _drives(answer, [["north"], ["south"]], [("south", 290), ("north", 320)])


@drive_all.case()
def two_questions_each(answer):
    """The first asks north, then west; the second south, then east. The answers come from south, north, west and
    east, in this order."""
    _drives(answer, [["north", "west"], ["south", "east"]],
            [("south", 290), ("north", 320), ("west", 335), ("east", 300)])


@drive_all.case()
def one_asks_nothing(answer):
    """The second of three coroutines asks nothing and returns {} at once."""
    _drives(answer, [["north"], [], ["south"]], [("north", 320), ("south", 290)])
