"""A Python whose asyncio has another name for something is told of in one error, when `helpers` is imported.

For each private name the library of Python is loaded with that name changed, everywhere, in a process of its own.
"""

import ast
import asyncio
import pathlib
import re
import subprocess
import sys

import pytest

import helpers
from helpers.recorder import asyncio_internals
from helpers.recorder.asyncio_internals import NAMES
from tools import environment

pytestmark = pytest.mark.slow

PROGRAM = r"""
import importlib.machinery
import re
import sys

pattern, replacement = sys.argv[1:]


class Renaming(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        return compile(re.sub(pattern, replacement, self.get_source(name)), self.path, "exec")


class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = super().find_spec(name, path, target)
        if spec and name.startswith(("asyncio", "concurrent.futures", "threading", "warnings", "_py_warnings")):
            spec.loader = Renaming(spec.loader.name, spec.loader.path)
        return spec


for module in [name for name in sys.modules
               if name.startswith(("asyncio", "concurrent.futures", "threading", "warnings", "_py_w"))]:
    del sys.modules[module]
sys.modules["_asyncio"] = None          # written in C, where nothing can be renamed: asyncio does without
sys.meta_path.insert(0, Finder)
import helpers
"""

HERE = pathlib.Path(helpers.__file__).parent
VERSION = ".".join(map(str, sys.version_info[:3]))


def import_helpers(pattern, replacement):
    return subprocess.run([sys.executable, "-c", PROGRAM, pattern, replacement], capture_output=True, text=True)


def complaint(done):
    """The names that the one error says are missing."""
    before = f"{asyncio_internals.__name__}.UnknownPython: the recorder does not know Python {VERSION}: it has no "
    after = " any more. The course is tested with Python 3.11 to 3.15."
    last = done.stderr.splitlines()[-1]
    assert last.startswith(before) and last.endswith(after), done.stderr
    assert done.stderr.count("Traceback (most recent call last)") == 1
    return last.removeprefix(before).removesuffix(after).replace(" or ", ", ").split(", ")


# These two are public in asyncio, and what nobody can rename is tried below.
RENAMED = [name for name in NAMES if name not in ("_asyncio.Task", "_asyncio.Future") and not name.endswith("__self__")]


@pytest.mark.parametrize("name", RENAMED)
def test_a_name_that_is_missing_is_named(name):
    word = name.rpartition(".")[2]
    missing = complaint(import_helpers(rf"\b{word}\b", word + "_of_old"))
    assert name in missing
    assert {each.rpartition(".")[2] for each in missing} == {word}      # several may be called so, and no others


def test_a_step_that_does_not_tell_its_task():
    done = import_helpers(r"call_soon\(\s*self\.__step", "call_soon(lambda *args: self.__step(*args)")
    assert complaint(done) == ["Task.__step.__self__", "_PyTask.__step"]


def test_an_asyncio_without_c_code_is_known():
    done = import_helpers("nothing is called so", "")
    assert done.returncode == 0, done.stderr


def private_names(source):
    """The private names in a source text: those that it uses, and those that it defines itself."""
    used, own = set(), set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), ctx=ast.Store()):
                own.add(node.attr)
            case ast.Attribute(value=ast.Name(id="os" | "sys")):
                pass                    # os._exit, sys._getframe: documented
            case ast.Attribute():
                used.add(node.attr)
            case ast.Name(ctx=ast.Store()):
                own.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                own.add(node.name)
            case ast.alias():
                used.add(node.name)
            case ast.Constant(value=str()):
                used.add(node.value)
    return tuple({name for name in names if re.fullmatch("_[a-zA-Z]\\w*", name)} for names in (used, own))


SOURCES = pathlib.Path(asyncio.__file__).parent.glob("*.py")
ASYNCIOS = {name for path in SOURCES for name in private_names(path.read_text("utf-8"))[1]}
MODULES = sorted(path for path in HERE.rglob("*.py") if path.name != "asyncio_internals.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HERE)))
def test_no_other_module_knows_a_private_name_of_asyncio_that_is_not_checked(path):
    used, own = private_names(path.read_text("utf-8"))
    assert (used - own) & ASYNCIOS <= {name.rpartition(".")[2] for name in NAMES}


def test_nest_asyncio_may_come_before():
    """It puts the tasks and futures written in Python in the place of those in C; both are read all the same."""
    program = """
import asyncio, nest_asyncio, time
nest_asyncio.apply()
from helpers import record

async def child():
    await asyncio.sleep(0.001)

async def main():
    await asyncio.sleep(0)
    await asyncio.create_task(child(), name="child")
    async for number in numbers():
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.05)

async def numbers():
    await Nap()
    yield 1

class Nap:
    def __await__(self):
        yield from asyncio.sleep(0.001).__await__()

async def outer():
    return await record(main())

run = asyncio.run(outer())
waits = [[span for span in task.spans if span.kind == "wait"] for task in run.tasks]
print([(task.name, [(span.wait, span.place.function) for span in spans]) for task, spans in zip(run.tasks, waits)])
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == str([
        ("main", [("task", "main"), ("sleep", "__await__"), ("thread", "main")]), ("child", [("sleep", "child")]),
    ]), done.stderr


@pytest.mark.parametrize("debug", [False, True])
def test_the_report_of_an_error_in_a_callback(debug):
    """In the words of this Python's own `Handle._run`, which shows arguments in debug mode only."""

    class Fails:
        def __call__(self, *args):
            raise ValueError("no tea")

        def __repr__(self):
            return "Fails()"

    loop, seen = asyncio.new_event_loop(), []
    try:
        loop.set_debug(debug)
        loop.set_exception_handler(lambda loop, context: seen.append((context["message"], sorted(context))))
        handle = loop.call_soon(Fails(), "green", "black")
        handle._run()
        asyncio_internals.report(handle, ValueError("no tea"))
    finally:
        loop.close()
    assert seen[0] == seen[1] and "Fails()" in seen[0][0]


def test_the_pythons_that_the_error_names_are_those_that_are_tested():
    assert (environment.OLDEST, environment.NEWEST) == asyncio_internals.TESTED
