"""What the source of an answer shows."""

from __future__ import annotations

import ast
import linecache
import textwrap

import pytest

from helpers.checker import syntax
from tests.checker import samples
from tests.checker.answers import WRONG


def test_the_line_of_a_swallowed_cancellation_is_found() -> None:
    answer = samples.call.compile(textwrap.dedent(WRONG["swallows"][-1]).lstrip("\n"))
    assert syntax.swallowing_line(syntax.tree_of(answer)) == 4
    assert linecache.getline(answer.__code__.co_filename, 4).strip() == "except asyncio.CancelledError:"
    linecache.cache.pop(answer.__code__.co_filename)
    assert syntax.tree_of(answer) is None        # without its source no line is named


def tree(source: str) -> ast.AST:
    return ast.parse(textwrap.dedent(source).lstrip("\n"))


@pytest.mark.parametrize(("line", "source"), [
    (2, """
        async def f():
            asyncio.gather(a(), b())"""),
    (0, """
        async def f():
            await asyncio.gather(a(), b())
            both = asyncio.gather(a(), b())
            group.gather(a())"""),
])
def test_a_call_that_stands_alone_is_found(line: int, source: str) -> None:
    assert syntax.call_not_awaited(tree(source)) == line
    assert syntax.call_not_awaited(None) == 0


@pytest.mark.parametrize(("line", "source"), [
    (2, "await asyncio.sleep(1)\nprices = asyncio.gather(a(), b())"),
    (1, "task = group.create_task(a())"),
    (0, "prices = await asyncio.gather(a(), b())\nprint(prices)"),
])
def test_a_future_that_is_kept_is_found(line: int, source: str) -> None:
    assert syntax.future_not_awaited(tree(source)) == line
    assert syntax.future_not_awaited(None) == 0


@pytest.mark.parametrize(("line", "source"), [
    (3, """
        try:
            await a()
        except:
            pass"""),
    (3, """
        try:
            await a()
        except (ValueError, asyncio.CancelledError):
            pass"""),
    (0, """
        try:
            await a()
        except asyncio.CancelledError:
            clean_up()
            raise"""),
    (0, """
        try:
            await a()
        except Exception:
            pass"""),
    (5, """
        for _ in range(3):
            try:
                await a()
            finally:
                break"""),
    (1, """
        with contextlib.suppress(asyncio.CancelledError):
            await a()"""),
    (0, """
        with contextlib.suppress(ValueError):
            await a()"""),
])
def test_what_swallows_a_cancellation_is_found(line: int, source: str) -> None:
    assert syntax.swallowing_line(tree(source)) == line
    assert syntax.swallowing_line(None) == 0


def test_globals_that_a_function_or_one_inside_it_assigns_are_found() -> None:
    namespace: dict = {}
    exec(textwrap.dedent("""
        def outer():
            global b
            b = 1
            def inner():
                global a, c
                a = 2
                del c
            local = 3
            return inner
        """), namespace)
    assert syntax.globals_assigned(namespace["outer"].__code__) == ["a", "b", "c"]
