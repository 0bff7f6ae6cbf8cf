"""The waits of libraries: what the table names is there, in the libraries that are installed."""

import asyncio
import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from helpers.recorder.learners_code import installed_package, known, learn
from helpers.recorder.library_waits import KINDS, PASSES, PASSING, TABLE, WRAPPING, WRAPS, key_of
from helpers.wait_kinds import WAITS
from tests.recorder.libraries import TEA, library
from tests.recorder.programs import BOTH, SOON, waits

COROUTINES = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
PACKAGES = {package: [(file, name) for table in (TABLE, PASSING, WRAPPING) for file, names in
                      table.get(package, {}).items() for name in names]
            for package in (*TABLE, *PASSING, *WRAPPING)}


def codes_in(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes_in(constant)


def codes_of(package: str, file: str) -> list[CodeType]:
    """The code of all functions of a library's files whose names end so; nothing is imported."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations, f"{package} is not installed"
    found = []
    for folder in spec.submodule_search_locations:
        for path in Path(folder).rglob(file.rpartition("/")[2]):
            if path.as_posix().endswith(f"/{file}"):
                found += codes_in(compile(path.read_text(encoding="utf-8"), str(path), "exec"))
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_of_the_table_is_in_the_library(package):
    missing = []
    for file, name in PACKAGES[package]:
        found = [code for code in codes_of(package, file) if code.co_qualname == name]
        if not found or not all(key_of(code) == (file, name) for code in found):
            missing.append(f"{file}: {name}")
    assert not missing, f"{package} no longer has what recorder/library_waits.py names: {', '.join(missing)}"


@pytest.mark.parametrize("package", TABLE)
def test_every_function_that_waits_is_a_coroutine_function(package):
    for file, names in TABLE[package].items():
        codes = codes_of(package, file)
        for name in names:              # some have overloads, for type checkers
            assert any(code.co_flags & COROUTINES for code in codes if code.co_qualname == name), f"{file}: {name}"


@pytest.mark.parametrize("package", TABLE)
def test_the_code_of_a_library_gets_its_name_when_it_is_met(package):
    for file, names in TABLE[package].items():
        for code in codes_of(package, file):
            if code.co_qualname in names:
                assert learn(code).kind == names[code.co_qualname]
                assert installed_package(code.co_filename) == package
                del known[id(code)]


def test_every_kind_is_in_the_table_of_kinds():
    assert set(KINDS.values()) <= set(WAITS)


def test_no_two_libraries_have_the_same_key():
    every = [(file, name) for files in TABLE.values() for file, names in files.items() for name in names]
    assert len(every) == len(set(every)) == len(KINDS)
    assert PASSES and WRAPS


def test_a_file_of_the_learners_that_is_called_like_a_librarys_has_no_names():
    source = "class Connection:\n    async def recv(self):\n        await self.bell\n"
    (function,) = [code for code in codes_in(compile(source, "/home/me/asyncio/connection.py", "exec"))
                   if code.co_name == "recv"]
    assert key_of(function) in KINDS and learn(function).kind is None
    del known[id(function)]


def test_a_file_on_windows_has_the_same_key(monkeypatch):
    code = compile("pass", r"C:\venv\Lib\site-packages\aiohttp\streams.py", "exec")
    monkeypatch.setattr("helpers.recorder.library_waits.os.sep", "\\")
    assert key_of(code)[0] == "aiohttp/streams.py"


# -- libraries that are not in the table ------------------------------------------------------------


@BOTH
def test_a_wait_that_nobody_has_named_has_the_name_of_its_library(run):
    async def main():
        await TEA.is_ready()
        bell = TEA.Bell()
        asyncio.get_running_loop().call_later(SOON, bell.future.set_result, None)
        await bell

    result = run(main())
    assert [span.wait for span in waits(result.tasks[0])] == ["tealib", "tealib"]
    assert {span.place.line for span in waits(result.tasks[0])} <= set(range(1, 1000))
    assert "waits for tealib" in str(result.replay())


@BOTH
def test_what_has_a_name_in_asyncio_has_it_in_a_library_too(run):
    async def main():
        await TEA.polls(SOON)
        await uses.a_lock(lock := asyncio.Lock())
        assert not lock.locked()

    uses = library("""
import asyncio
async def a_lock(lock):
    await lock.acquire()
    asyncio.get_running_loop().call_later(0.001, lock.release)
    async with lock:
        pass
""", "locklib")
    assert [span.wait for span in waits(run(main()).tasks[0])] == ["sleep", "lock"]


@BOTH
def test_a_library_that_calls_the_learner_passes_on_what_the_learner_waits_for(run):
    """As one that tries again does, or one with a timeout."""
    async def main():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_later(SOON, future.set_result, None)

        async def mine():
            await future

        async def naps():
            await asyncio.sleep(SOON)

        await TEA.stirs(mine)
        await TEA.stirs(naps)
        await asyncio.wait_for(TEA.stirs(naps), 10)

    found = [(span.wait, span.place.function) for span in waits(run(main()).tasks[0])]
    assert found[:2] == [("future", "mine"), ("sleep", "naps")]
    assert found[2] in [("sleep", "naps"), ("wait_for", "main")], "Python 3.11 makes a task of it"


@BOTH
def test_a_function_of_the_table_that_calls_the_learner_says_nothing_of_what_the_learner_waits_for(run, monkeypatch):
    async def main():
        await TEA.stirs(naps)

    async def naps():
        await asyncio.sleep(SOON)

    code = TEA.stirs.__code__
    monkeypatch.setitem(known, id(code), known.get(id(code), learn(code))._replace(kind="response"))
    assert [span.wait for span in waits(run(main()).tasks[0])] == ["sleep"]
