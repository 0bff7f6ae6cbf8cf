"""The search for messages and terms: what it finds, what it says that it does not find, and how it shows it."""

from __future__ import annotations

import os

import pytest

from helpers import Deadlock, Endless, NotSimulated, record, search, simulate
from helpers.notebook import ipython_internals
from helpers.notebook.search import NOTHING, RUN, entries
from helpers.virtual.real_time_only import refusal


def found(words: str) -> list[str]:
    return [entry.text for entry in search(words).found]


# --- what the course itself says ---


def error_of(call) -> str:
    try:
        call()
    except (RuntimeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("no error")


async def endless():
    import asyncio
    while True:
        await asyncio.sleep(0)


async def deadlock():
    import asyncio
    await asyncio.Future()


def own_messages() -> dict[str, str]:
    """The beginning of an entry for each message, which the helpers make themselves where that can be done here."""
    return {
        "Endless: still running": error_of(lambda: simulate(endless(), limit=100).result),
        "Deadlock: nothing is left": error_of(lambda: simulate(deadlock()).result),
        "NotSimulated: ... live": f"NotSimulated: {refusal('sockets live', 'use a Shop', None)}",
        "NotSimulated: ... works": f"NotSimulated: {refusal('a database works', 'use a Shop', None)}",
        "...(...) wants a coroutine object, but got the function": error_of(lambda: simulate(endless)),
        "...(...) wants a coroutine object, but got ...": error_of(lambda: simulate(3)),
        "loop.stop() would end the kernel": (
            "RuntimeError: loop.stop() would end the kernel of this notebook, since the loop is the kernel's."),
        "KeyboardInterrupt: stopped": "KeyboardInterrupt: stopped\nWhere each task of the cell stood:\n  - north waits",
        "The task '...' failed, and nobody has awaited it": "The task 'west' failed, and nobody has awaited it:",
        "The task '...' failed, and nobody awaited it before": (
            "The task 'Task-93' failed, and nobody awaited it before it was thrown away:"),
        "The task '...' was thrown away": "The task 'a' was thrown away before its end: nobody kept a reference to it.",
        "ModuleNotFoundError: No module named": "ModuleNotFoundError: No module named 'helpers'",
        "NameError: name 'exercises'": "NameError: name 'exercises' is not defined",
        "NameError: name '...'": "NameError: name 'my_shop' is not defined",
        "Error displaying widget": "Error displaying widget: model not found",
        "The helpers extension is already loaded": (
            "The helpers extension is already loaded. To reload it, use:\n  %reload_ext helpers"),
        "UnknownIPython": "UnknownIPython: %load_ext helpers does not know IPython 12.0: it has no X.y.",
    }


@pytest.mark.parametrize("entry", own_messages())
def test_what_the_course_itself_says_is_found(entry: str) -> None:
    message = own_messages()[entry]
    first = found(message)[:1]
    assert first and first[0].startswith(entry), f"{message!r}: {found(message)}"


def test_the_names_of_its_errors_are_enough() -> None:
    for kind in (Deadlock, Endless, NotSimulated, ipython_internals.UnknownIPython):
        assert any(text.startswith(kind.__name__) for text in found(kind.__name__)[:3]), kind


def test_a_message_that_record_raises_is_found() -> None:
    with pytest.raises(TypeError) as wrong:
        record(endless).send(None)
    assert found(f"TypeError: {wrong.value}")[0].startswith("...(...) wants a coroutine object, but got the function")


# --- few words, wrong words, no words ---


@pytest.mark.parametrize(("words", "entry"), [
    ("never awaited", "RuntimeWarning: coroutine '...' was never awaited"),
    ("corutine was never awaitd", "RuntimeWarning: coroutine '...' was never awaited"),
    ("coroutine get_price never awaited", "RuntimeWarning: coroutine '...' was never awaited"),
    ("2 sub-exceptions", "ExceptionGroup: unhandled errors in a TaskGroup (... sub-exception...)"),
    ("'coroutine' and 'coroutine'", "unsupported operand type(s) for ...: '...' and 'coroutine'"),
    ("QueueEmpt", "asyncio.queues.QueueEmpty"),
    ("too many open", "OSError: [Errno 24] Too many open files"),
    ("semaphore", "semaphore"),
    ("Task Group", "task group"),
])
def test_a_few_words_do(words: str, entry: str) -> None:
    assert entry in found(words)[:3], found(words)


@pytest.mark.parametrize("words", [
    "", "  \n", "?!", "404", "hello world", "how do I cook rice with a pan", "KeyError: 'rice'",
    "ZeroDivisionError: division by zero", "IndexError: list index out of range", "SyntaxError: invalid syntax",
    "AttributeError: 'NoneType' object has no attribute 'price'", "TypeError: 'int' object is not iterable",
    "TypeError: unsupported operand type(s) for +: 'int' and 'str'",
    "ValueError: invalid literal for int() with base 10: 'abc'",
    "FileNotFoundError: [Errno 2] No such file or directory: 'prices.txt'",
    "TypeError: price() missing 1 required positional argument: 'item'",
])
def test_what_the_index_does_not_have_is_not_found(words: str) -> None:
    assert found(words) == [] and str(search(words)) == NOTHING and NOTHING in search(words)._repr_html_()


def test_a_term_is_not_found_by_a_message_that_has_the_word() -> None:
    terms = {entry.text for entry in entries() if entry.term}
    assert "event loop" in terms and "event loop" in found("event loop")
    assert not terms & set(found("RuntimeError: asyncio.run() cannot be called from a running event loop"))


def test_words_are_a_text() -> None:
    with pytest.raises(TypeError, match=r"search takes the words of a message as a text, and got 3.*search\(\)"):
        search(3)  # type: ignore[arg-type]


# --- how it is shown ---


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """A course with one lesson, and the current folder beside it."""
    (tmp_path / "workbook").mkdir()
    (tmp_path / "workbook/00_start_here.ipynb").touch()
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    return tmp_path


def test_links_lead_to_the_lessons_from_another_folder(lessons) -> None:
    shown = search("'coroutine' object is not subscriptable")
    assert 'href="../workbook/A6_error_museum.ipynb#cell-id=' in shown._repr_html_()
    assert "(../workbook/A6_error_museum.ipynb#cell-id=" in str(shown)


def test_links_in_the_folder_of_the_lessons_are_their_names(lessons) -> None:
    os.chdir(lessons / "workbook")
    assert 'href="A6_error_museum.ipynb#cell-id=' in search("'coroutine' object is not subscriptable")._repr_html_()


def test_where_the_lessons_are_not_to_be_found_there_are_no_links(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = search("'coroutine' object is not subscriptable")
    assert "href" not in shown._repr_html_() and "A6: " in shown._repr_html_() and ".ipynb" not in str(shown)


def test_the_text_says_what_the_page_says() -> None:
    lines = str(search("QueueEmpty")).splitlines()
    assert lines[0] == "asyncio.queues.QueueEmpty" and lines[1].startswith("    `get_nowait` found no item")
    assert all(len(line) < 101 for line in lines if "(" not in line)


def test_without_a_script_the_box_says_what_to_do_and_has_every_entry() -> None:
    html = search()._repr_html_()
    assert repr(search()) == RUN and html.count("<li>") == len(entries())
    assert "Run this cell" in html and "<textarea" not in html      # a box that does nothing is worse than none


def test_every_entry_is_found_by_its_own_text() -> None:
    for entry in entries():
        assert entry.text in found(entry.text)[:3], f"{entry.text}: {found(entry.text)}"
