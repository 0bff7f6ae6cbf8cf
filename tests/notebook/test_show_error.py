"""`with show_error():` prints an exception as Python does, with the learner's own lines, and goes on."""

from __future__ import annotations

import asyncio
import sys

import pytest

from helpers import show_error


async def price(shop: str) -> int:
    raise ConnectionError(f"{shop} is closed")


def test_the_error_is_printed_and_the_program_goes_on(capsys):
    with show_error():
        int("tea")
    print("below")
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "Traceback (most recent call last):"
    assert "int(\"tea\")" in shown[-4]
    assert shown[-3:] == ["ValueError: invalid literal for int() with base 10: 'tea'", "", "below"]


def test_frames_of_libraries_are_left_out(capsys):
    async def main():
        with show_error():
            await asyncio.gather(asyncio.wait_for(price("south"), 1))

    asyncio.run(main())
    shown = capsys.readouterr().out
    assert "in price" in shown and "asyncio" not in shown.replace("await asyncio.gather(asyncio.wait_for", "")


def test_a_group_is_printed_with_what_is_in_it(capsys):
    async def main():
        with show_error():
            async with asyncio.TaskGroup() as group:
                group.create_task(price("south"))

    asyncio.run(main())
    shown = capsys.readouterr().out
    assert "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)" in shown
    assert "ConnectionError: south is closed" in shown


def test_a_syntax_error_names_its_line(capsys):
    with show_error():
        compile("def report():\n    await price()", "watch.py", "exec")
    shown = capsys.readouterr().out
    assert 'File "watch.py", line 2' in shown and shown.endswith("SyntaxError: 'await' outside async function\n\n")


def test_it_says_so_if_nothing_was_raised(capsys):
    with show_error():
        pass
    assert capsys.readouterr().out == "Nothing was raised.\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError, SystemExit])
def test_what_ends_a_program_goes_through(error, capsys):
    with pytest.raises(error), show_error():
        raise error
    assert capsys.readouterr().out == ""


def test_the_error_is_let_go(capsys):
    """What its frames hold is thrown away with it, as the warnings about forgotten coroutines show."""
    class Thing:
        pass

    alive = []

    def fails():
        import weakref
        thing = Thing()
        alive.append(weakref.ref(thing))
        raise ValueError

    with show_error():
        fails()
    assert sys.exc_info()[1] is None and alive[0]() is None
