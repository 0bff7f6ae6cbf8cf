"""The commonest thirty messages, as somebody pastes them: the index has each, in the wording of every Python.

A message is found if an entry of messages.toml fits it, and a row of the index shows this entry, with a link. And since
a learner searches, and does not match patterns: `search` gives this entry among the first three, for the message with
the learner's own names and numbers, in any letters, colours and quotes, and below a traceback.
"""

from __future__ import annotations

import re

import nbformat
import pytest
from nbval.plugin import get_sanitize_patterns

from helpers import search
from tools import ROOT, index, markdown
from tools.refresh import RULES

NOTEBOOKS = ROOT / "notebooks"
MUSEUM = "A6_error_museum.ipynb"

# One of the thirty for each number: what Python 3.11 to 3.13 say, and below it what a later one says, if that differs.
PASTED = [
    (1, "/srv/watch.py:12: RuntimeWarning: coroutine 'Client.fetch' was never awaited"),
    (2, "TypeError: unsupported operand type(s) for *: 'coroutine' and 'float'"),
    (2, "TypeError: unsupported operand type(s) for +: 'int' and 'coroutine'"),
    (2, "TypeError: 'coroutine' object is not subscriptable"),
    (2, "TypeError: 'coroutine' object is not iterable"),
    (2, "TypeError: '<' not supported between instances of 'coroutine' and 'coroutine'"),
    (2, "TypeError: '>' not supported between instances of 'coroutine' and 'float'"),
    (2, "TypeError: cannot unpack non-iterable coroutine object"),
    (2, 'TypeError: can only concatenate str (not "coroutine") to str'),
    (2, "TypeError: '_asyncio.Task' object is not subscriptable"),
    (2, "RuntimeError: await wasn't used with future"),
    (3, "AttributeError: 'coroutine' object has no attribute 'status_code'"),
    (4, "TypeError: Object of type coroutine is not JSON serializable"),
    (5, "TypeError: object NoneType can't be used in 'await' expression"),
    (5, "TypeError: 'NoneType' object can't be awaited"),                                                      # 3.14
    (6, "RuntimeError: cannot reuse already awaited coroutine"),
    (6, "RuntimeError: coroutine is being awaited already"),
    (7, "RuntimeError: asyncio.run() cannot be called from a running event loop"),
    (8, "SyntaxError: 'await' outside function"),
    (8, "SyntaxError: 'await' outside async function (watch.py, line 3)"),
    (9, "SyntaxError: 'async with' outside async function"),
    (9, "SyntaxError: 'async for' outside async function"),
    (9, "SyntaxError: asynchronous comprehension outside of an asynchronous function"),
    (10, "SyntaxError: 'yield from' inside async function"),
    (10, "SyntaxError: 'return' with value in async generator"),
    (11, "ValueError: a coroutine was expected, got <function main at 0x7f3c1a2b4d60>"),
    (11, "TypeError: An asyncio.Future, a coroutine or an awaitable is required"),                             # 3.14
    (12, "RuntimeError: no running event loop"),
    (13, "RuntimeError: There is no current event loop in thread 'ThreadPoolExecutor-3_0'."),
    (13, "RuntimeError: There is no current event loop in thread 'MainThread'."),                              # 3.14
    (14, "RuntimeError: Event loop is closed"),
    (15, "RuntimeError: <asyncio.locks.Lock object at 0x7fd2e0a1 [locked]> is bound to a different event loop"),
    (15, "RuntimeError: <Queue at 0x7fd2e0a1 maxsize=10 tasks=3> is bound to a different event loop"),
    (15, "RuntimeError: Task <Task pending name='Task-7' coro=<main() running at /srv/watch.py:9>> got Future "
         "<Future pending> attached to a different loop"),
    (16, "Task exception was never retrieved"),
    (16, "Future exception was never retrieved"),
    (16, "_GatheringFuture exception was never retrieved"),
    (17, "Task was destroyed but it is pending!"),
    (18, "ExceptionGroup: unhandled errors in a TaskGroup (3 sub-exceptions)"),
    (18, "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)"),
    (19, "RuntimeError: TaskGroup <TaskGroup> has not been entered"),
    (19, "RuntimeError: TaskGroup <TaskGroup entered> is finished"),
    (19, "RuntimeError: TaskGroup <TaskGroup tasks=4 errors=1 cancelling> is shutting down"),
    (20, "TypeError: 'Semaphore' object does not support the context manager protocol"),
    (20, "TypeError: 'asyncio.locks.Semaphore' object does not support the context manager protocol (missed __exit__ "
         "method) but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"),
    (21, "TypeError: '_io.TextIOWrapper' object does not support the asynchronous context manager protocol"),
    (21, "TypeError: '_io.TextIOWrapper' object does not support the asynchronous context manager protocol (missed "
         "__aexit__ method) but it supports the context manager protocol. Did you mean to use 'with'?"),       # 3.14
    (22, "TypeError: 'async for' requires an object with __aiter__ method, got list"),
    (22, "TypeError: 'async for' requires an object with __aiter__ method, got coroutine"),
    (23, "TypeError: 'async_generator' object is not iterable"),
    (23, "TypeError: asyncio.tasks.gather() argument after * must be an iterable, not async_generator"),
    (23, "TypeError: Value after * must be an iterable, not async_generator"),                                 # 3.15
    (24, "RuntimeError: anext(): asynchronous generator is already running"),
    (24, "RuntimeError: aclose(): asynchronous generator is already running"),
    (25, "RuntimeError: async generator ignored GeneratorExit"),
    (25, "RuntimeError: generator didn't stop after athrow()"),
    (25, "RuntimeError: generator didn't yield"),
    (26, "RuntimeError: Timeout should be used inside a task"),
    (26, "TimeoutError()"),
    (27, "TypeError: unhashable type: 'list'"),
    (27, "TypeError: cannot use 'list' as a dict key (unhashable type: 'list')"),                              # 3.14
    (28, "TypeError: Passing coroutines is forbidden, use tasks explicitly."),
    (28, "TypeError: expect a list of futures, not Task"),
    (28, "ValueError: Set of Tasks/Futures is empty."),
    (29, "asyncio.exceptions.InvalidStateError: invalid state"),
    (29, "asyncio.exceptions.InvalidStateError: Result is not set."),
    (29, "asyncio.exceptions.InvalidStateError: Exception is not set."),
    (30, "Executing <Task finished name='Task-2' coro=<freeze() done, defined at /srv/watch.py:4> result=None> took "
         "0.312 seconds"),
    (30, "RuntimeError: Non-thread-safe operation invoked on an event loop other than the current one"),
]

# Rarer ones.
MORE = [
    "Unclosed connector",
    "Error handling request from 127.0.0.1",
    "RuntimeError: async generator raised StopAsyncIteration",
    "an error occurred during closing of asynchronous generator <async_generator object stream at 0x7fd2e0a1>",
    "RuntimeError: Timeout has already been entered",
    "RuntimeError: TaskGroup <TaskGroup entered> has already been entered",
    "RuntimeError: Event loop stopped before Future completed.",
    "RuntimeError: Cannot close a running event loop",
    "RuntimeError: Executor shutdown has been called",
    "RuntimeError: yield was used instead of yield from in task <Task pending name='Task-7' coro=<main() running at "
    "/srv/watch.py:9>> with <Future pending>",
    "RuntimeError: Task does not support set_result operation",
]


@pytest.fixture(scope="module")
def rows() -> list[str]:
    """The rows of the tables of messages, as the index shows them."""
    cells = nbformat.read(NOTEBOOKS / index.FILE, as_version=4).cells
    return [row for cell in cells if cell.id.startswith("messages-") for row in cell.source.splitlines()]


@pytest.fixture(scope="module")
def messages() -> list[index.Message]:
    return index.load_messages(ROOT)[0]


def test_there_are_thirty() -> None:
    assert {number for number, _ in PASTED} == set(range(1, 31))


@pytest.mark.parametrize("pasted", [*(text for _, text in PASTED), *MORE])
def test_a_pasted_message_is_found_with_a_link_to_the_museum(pasted: str, rows, messages) -> None:
    found = [
        row for message in messages if message.pattern.search(pasted)
        for row in rows if row.startswith(f"| {index.in_table(markdown.code(message.text))} |")
    ]
    assert found, f"no row of the index fits {pasted!r}"
    assert any(f"({MUSEUM}#cell-id=" in row for row in found), f"the rows for it do not link the museum:\n{found}"


# Each way in which somebody may paste it.
TRACEBACK = """\
Traceback (most recent call last):
  File "/home/me/prices.py", line 14, in <module>
    asyncio.run(main())
    ~~~~~~~~~~~^^^^^^^^
  File "/usr/lib/python3.13/asyncio/runners.py", line 195, in run
    return runner.run(main)
  File "/usr/lib/python3.13/asyncio/base_events.py", line 725, in run_until_complete
    return future.result()
  File "/home/me/prices.py", line 9, in main
    await asyncio.gather(tasks)
"""
WAYS = {
    "as it is": lambda text: text,
    "small letters": str.lower,
    "capitals": str.upper,
    "colours": lambda text: f"\x1b[31m{text[:12]}\x1b[39m{text[12:]}\x1b[0m",
    "colours, copied": lambda text: f"[31m{text[:12]}[39m{text[12:]}[0m",
    "curly quotes": lambda text: re.sub(r"(?<!\w)'", "\u2018", re.sub(r'"', "\u201d", text)).replace("'", "\u2019"),
    "a traceback": lambda text: TRACEBACK + text,
    "broken in two": lambda text: text[: len(text) // 2] + text[len(text) // 2:].replace(" ", "\n", 1),
}


def of_another_program(text: str) -> str:
    """The message with names and numbers that a learner's own program may have."""
    text = re.sub(r"0x[0-9a-f]+", "0x10ab9f77e0", text)
    text = re.sub(r"(?<![\w.'])\d+(?:\.\d+)?(?!\w)", "48", text)
    for name, other in {
        "Client.fetch": "WeatherStation.read_all", "'float'": "'Decimal'", "'int'": "'Fraction'",
        "NoneType": "Response", "status_code": "raise_for_status",
        "main": "collect_weather", "watch.py": "stations.py", "freeze": "parse_all",
        "/srv/": "C:\\Users\\ada\\", "'Semaphore'": "'Lock'", "locks.Semaphore": "locks.Condition",
        "_io.TextIOWrapper": "tarfile.TarFile", "got list": "got WeatherFeed", "ThreadPoolExecutor-3_0": "Thread-9",
        "MainThread": "sensor thread", "Task-7": "station 12", "maxsize=10 tasks=3": "maxsize=2",
    }.items():
        text = text.replace(name, other)
    return text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pasted", [*(text for _, text in PASTED), *MORE])
def test_the_search_finds_a_pasted_message_whatever_names_are_in_it(pasted: str, way: str, messages) -> None:
    wanted = {message.text for message in messages if message.pattern.search(pasted)}
    for text in (pasted, of_another_program(pasted)):
        found = [entry.text for entry in search(WAYS[way](text)).found]
        assert wanted & set(found[:3]), f"{text!r}, {way}: found {found}, and not {wanted}"


@pytest.mark.parametrize("pasted", [text for text in [*(text for _, text in PASTED), *MORE] if len(text.split()) > 3])
def test_the_search_finds_it_with_a_letter_too_few(pasted: str, messages) -> None:
    wanted = {message.text for message in messages if message.pattern.search(pasted)}
    word = max(re.findall(r"[a-z]{5,}", pasted), key=len)
    found = [entry.text for entry in search(pasted.replace(word, word[:3] + word[4:], 1)).found]
    assert wanted & set(found[:3]), f"{word[:3] + word[4:]}: found {found}"


def test_every_cell_that_an_entry_links_is_there(rows) -> None:
    ids = {cell.id for cell in nbformat.read(NOTEBOOKS / MUSEUM, as_version=4).cells}
    linked = {cell for row in rows for cell in re.findall(rf"\({MUSEUM}#cell-id=([\w-]+)\)", row)}
    assert linked and linked <= ids


@pytest.mark.parametrize(("older", "newer"), [
    ("TypeError: object NoneType can't be used in 'await' expression", "TypeError: 'NoneType' object can't be awaited"),
    ("ValueError: a coroutine was expected, got <function price at 0x7f3c1a2b4d60>",
     "TypeError: An asyncio.Future, a coroutine or an awaitable is required"),
    ("TypeError: 'Lock' object does not support the context manager protocol",
     "TypeError: 'asyncio.locks.Lock' object does not support the context manager protocol (missed __exit__ method) "
     "but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"),
    ("TypeError: 'suppress' object does not support the asynchronous context manager protocol",
     "TypeError: 'contextlib.suppress' object does not support the asynchronous context manager protocol (missed "
     "__aexit__ method) but it supports the context manager protocol. Did you mean to use 'with'?"),
    ("TypeError: 'coroutine' object does not support the asynchronous context manager protocol",
     "TypeError: 'coroutine' object does not support the asynchronous context manager protocol (missed __aexit__ "
     "method)"),
    ("TypeError: unhashable type: 'list'", "TypeError: cannot use 'list' as a dict key (unhashable type: 'list')"),
    ("TypeError: data argument must be a bytes-like object, not 'str'",
     "TypeError: data argument must be a bytes, bytearray, or memoryview object, not 'str'"),
    ("TypeError: data argument must be a bytes-like object, not 'str'",
     "TypeError: data argument must be a bytes-like object, not str"),                                         # Windows
    ("TypeError: max() argument after * must be an iterable, not async_generator",
     "TypeError: Value after * must be an iterable, not async_generator"),
])
def test_a_newer_wording_compares_as_the_same(older: str, newer: str) -> None:
    """nbval takes them for one message: what is stored stays the wording of one Python."""
    assert compared(f"{older}\nthe next line\n") == compared(f"{newer}\nthe next line\n")


def test_other_messages_stay_different() -> None:
    assert compared("'Lock' object does not support the context manager protocol") != compared(
        "'Lock' object does not support the asynchronous context manager protocol")
    assert compared("object int can't be used in 'await' expression") != compared("'str' object can't be awaited")


def compared(text: str) -> str:
    """A text as nbval compares it."""
    for pattern, replacement in get_sanitize_patterns(RULES.read_text(encoding="utf-8")):
        text = re.sub(pattern, replacement, text)
    return text
