"""The picture of a frozen chain of awaits: its words, its cards, and mistakes."""

from __future__ import annotations

import asyncio
import base64
import io
import types

import pytest
from PIL import Image

from helpers import draw_chain
from helpers.drawing.chain import LINES, MOST, VALUE, VARIABLES, alternative, draw, read_chain, text
from helpers.drawing.palette import DPI, WIDTH


@types.coroutine
def ask(shop):
    price = yield shop
    return price


async def fetch(shop):
    price = await ask(shop)
    return price + 25


async def watch(shops):
    prices = {}
    for shop in shops:
        prices[shop] = await fetch(shop)
    return prices


@pytest.fixture
def frozen():
    coroutine = watch(["north", "south"])
    coroutine.send(None)
    yield coroutine
    coroutine.close()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, metadata, raw: outputs.append((data, metadata)))
    return outputs


def test_each_function_stands_at_its_line_with_its_variables(frozen) -> None:
    stops, end = read_chain(frozen)
    assert end == ""
    assert [(stop.name, stop.code) for stop in stops] == [
        ("watch", "prices[shop] = await fetch(shop)"), ("fetch", "price = await ask(shop)"),
        ("ask", "price = yield shop"),
    ]
    assert [stop.source[stop.at].strip() for stop in stops] == [stop.code for stop in stops]
    assert stops[0].variables == ("shops = ['north', 'south']", "prices = {}", "shop = 'north'")
    assert [stop.line for stop in stops] == [stop.cr_frame.f_lineno if number == 0 else stops[number].line
                                             for number, stop in enumerate([frozen, *stops[1:]])]


def test_it_is_the_chain_of_the_moment(frozen) -> None:
    frozen.send(320)
    stops, _ = read_chain(frozen)
    assert stops[0].variables == ("shops = ['north', 'south']", "prices = {'north': 345}", "shop = 'south'")
    assert stops[2].variables == ("shop = 'south'",)


def test_picture_and_words(frozen, shown) -> None:
    draw_chain(frozen)
    draw_chain(frozen, title="Three at once")
    (data, metadata), (_, second) = shown
    assert [line.split()[0] for line in data["text/plain"].splitlines()] == ["watch", "fetch", "ask"]
    about = metadata["image/png"]
    assert about["clock"] == "virtual"
    assert about["alt"].startswith("Frozen in the middle of 3 functions. A chain of awaits, from the outermost down: w")
    assert second["image/png"]["alt"].startswith("Three at once. ")
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (about["width"], about["height"])
    assert about["width"] == round(WIDTH * DPI)


def test_the_same_chain_has_the_same_picture(frozen, shown) -> None:
    draw_chain(frozen)
    draw_chain(frozen)
    assert shown[0] == shown[1]


def test_the_words_of_the_picture_are_those_of_the_chain(frozen) -> None:
    stops, end = read_chain(frozen)
    words = [text.get_text() for text in draw(stops, end, "title").texts]
    assert words.count("awaits") == 2
    assert {"watch", "fetch", "ask", "    price = yield shop", "prices = {}"} <= set(words)


def test_a_generator_has_a_chain_too() -> None:
    def outer():
        yield from inner()

    def inner():
        yield 1

    generator = outer()
    next(generator)
    stops, end = read_chain(generator)
    assert ([stop.name for stop in stops], end) == (["outer", "inner"], "")


def test_an_object_that_can_be_awaited() -> None:
    class Answer:
        def __await__(self):
            return (yield "north")

    async def main():
        return await Answer()

    coroutine = main()
    coroutine.send(None)
    assert [stop.name for stop in read_chain(coroutine)[0]] == ["main", "__await__"]
    coroutine.close()


def test_a_task_that_waits_ends_in_a_future() -> None:
    async def sleeper():
        await asyncio.sleep(3600)

    async def main():
        task = asyncio.create_task(sleeper())
        await asyncio.sleep(0)
        stops, end = read_chain(task.get_coro())
        task.cancel()
        return stops, end

    stops, end = asyncio.run(main())
    assert [stop.name for stop in stops] == ["sleeper", "sleep"]
    assert end
    assert text(stops, end).splitlines()[-1] == f"The last one awaits an object of the type {end}."
    assert f"the last one awaits an object of the type {end}." in alternative(stops, end, "T")
    assert f"an object of the type {end}" in [text.get_text() for text in draw(stops, end, "T").texts]


def test_long_chains_functions_and_values_are_cut() -> None:
    async def deep(left):
        if left:
            return await deep(left - 1)
        return await ask("x" * 100)

    coroutine = deep(20)
    coroutine.send(None)
    stops, end = read_chain(coroutine)
    assert len(stops) == 22
    assert text(stops, end).splitlines()[MOST - 1:] == [f"and {22 - MOST + 1} more functions"]
    assert f"and {22 - MOST + 1} more functions" in alternative(stops, end, "T")
    assert len(stops[-1].variables[0]) <= VALUE
    assert draw(stops, end, "T")
    coroutine.close()


def test_a_window_of_a_long_function_and_of_many_variables() -> None:
    lines = [f"    v{number} = {number}" for number in range(30)]
    names: dict = {"ask": ask}
    exec("\n".join(["async def long():", *lines, "    await ask('north')", *lines]), names)
    coroutine = names["long"]()
    coroutine.send(None)
    stops, end = read_chain(coroutine)
    assert len(stops[0].variables) == VARIABLES and stops[0].variables[-1] == f"and {30 - VARIABLES + 1} more"
    assert (stops[0].code, stops[0].source, stops[0].at, stops[0].line) == ("", (), -1, 32)     # no source to be found
    assert len(stops[1].source) <= LINES
    assert "line 32" in [text.get_text() for text in draw(stops, end, "T").texts]
    coroutine.close()


def test_a_value_whose_repr_fails() -> None:
    class Broken:
        def __repr__(self):
            raise ValueError("no")

    coroutine = fetch(Broken())
    coroutine.send(None)
    assert read_chain(coroutine)[0][0].variables[0].startswith("shop = <Broken: its repr")
    coroutine.close()


def test_what_is_no_coroutine() -> None:
    with pytest.raises(TypeError, match=r"got the function watch; call it: coroutine = watch\(...\); then write draw"):
        draw_chain(watch)
    with pytest.raises(TypeError, match=r"got an object of the type int; write draw_chain\(coroutine\), after"):
        draw_chain(320)


def test_a_task_has_its_coroutine() -> None:
    async def main():
        task = asyncio.create_task(asyncio.sleep(0))
        try:
            draw_chain(task)
        finally:
            await task

    with pytest.raises(TypeError, match=r"got an object of the type Task; write draw_chain\(task.get_coro\(\)\)"):
        asyncio.run(main())


def test_the_chain_ends_where_a_library_goes_on_without_a_frame() -> None:
    async def quotes():
        yield await ask("north")

    async def main():
        async for _quote in quotes():
            pass

    coroutine = main()
    coroutine.send(None)
    stops, end = read_chain(coroutine)
    assert ([stop.name for stop in stops], end) == (["main"], "async_generator_asend")
    coroutine.close()


def test_a_coroutine_that_is_not_suspended() -> None:
    coroutine = watch([])
    with pytest.raises(ValueError, match=r"watch has not begun: send\(None\) starts it"):
        draw_chain(coroutine)
    coroutine.close()
    with pytest.raises(ValueError, match="watch has ended"):
        draw_chain(coroutine)

    async def itself():
        draw_chain(me)

    me = itself()
    with pytest.raises(ValueError, match="itself is running: draw it while it waits"):
        me.send(None)
