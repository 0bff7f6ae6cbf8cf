"""Changes each solution in one place, and says which of the changed ones the exercise still calls right.

    python -m tests.exercises.mutation                          every exercise
    python -m tests.exercises.mutation lesson_04.cheapest       one; or lesson_04, all of a lesson
    python -m tests.exercises.mutation lesson_04 --all          also what is said of the mutants that are refused

A mutant that is called right is either a solution, too: then it stands in `harmless.py`, with the reason; or a rule of
the task that no case looks at: then the exercise needs a case. `test_mutation.py` demands that no other survives.

Each mutant runs in a process forked off this one, which takes some hundredths of a second; so it needs a system that
can fork.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import difflib
import gc
import importlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple
from unittest import mock

from helpers.checker import Exercise, exercises_of, process, worker
from helpers.checker.observe import UnawaitedCoroutines
from helpers.checker.protocol import LAST, Event, Frame, FrameReader, Job
from helpers.checker.snapshot import Snapshot
from helpers.virtual import simulate

SECONDS = 2.0               # of real time for one mutant
WIDER = {                   # what catches more than it should, and what catches less
    "ConnectionError": ("OSError", "Exception", "BaseException", "ShopError"),
    "TimeoutError": ("OSError", "Exception", "ConnectionError"),
    "asyncio.CancelledError": ("Exception", "BaseException"),
    "BaseException": ("Exception",),
    "Exception": ("BaseException",),
    "StopIteration": ("ValueError", "Exception"),
    "RuntimeError": ("Exception", "ValueError"),
    "KeyError": ("Exception", "ValueError"),
    "BaseExceptionGroup": ("ExceptionGroup", "BaseException"),
    "ExceptionGroup": ("BaseExceptionGroup", "Exception"),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Mod: ast.FloorDiv,
}
NAMES = {"min": "max", "max": "min", "FIRST_COMPLETED": "ALL_COMPLETED", "FIRST_EXCEPTION": "ALL_COMPLETED",
         "popleft": "pop", "heappop": "heappushpop", "create_task": "ensure_future"}
NEVER_ASKED = """
async def _never_asked(shop, item):
    return shop.price_of(item) if hasattr(shop, "price_of") else await shop.price(item)
"""


class Mutant(NamedTuple):
    """A solution that was changed in one place.

    change  the lines of it that differ, before and after: a name that stays when other lines change
    source  the mutant
    """

    change: str
    source: str


# -- how a solution is changed ----------------------------------------------------------------------------------------


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a source text, each once."""
    tree = ast.parse(source)
    before = ast.unparse(tree)
    seen, names = {before}, set()
    for index, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            mutant = copy.deepcopy(tree)
            change(list(ast.walk(mutant))[index], mutant)
            ast.fix_missing_locations(mutant)
            try:
                after = ast.unparse(mutant)
                compile(after, "<mutant>", "exec", dont_inherit=True)
            except SyntaxError:             # an await where none may stand: no learner gets so far
                continue
            if after in seen:
                continue
            seen.add(after)
            name = described(before, after)
            while name in names:
                name += " again"
            names.add(name)
            yield Mutant(name, after)


def described(before: str, after: str) -> str:
    """What differs, in one line: the lines before, an arrow, the lines after."""
    old, new = before.splitlines(), after.splitlines()
    gone, come = [], []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += [line.strip() for line in old[i:j]]
            come += [line.strip() for line in new[k:m]]
    return f"{' ; '.join(gone)} -> {' ; '.join(come)}"


Change = Callable[[Any, ast.Module], None]      # changes a node, in its tree


def _set(**fields: Any) -> Change:
    def change(node: Any, _: ast.Module) -> None:
        for name, value in fields.items():
            setattr(node, name, value(node) if callable(value) else value)
    return change


def _replace(make: Callable[[Any], ast.AST | list[ast.stmt]]) -> Change:
    """Put what `make` gives in the place of the node."""
    def change(node: Any, tree: ast.Module) -> None:
        new = make(node)
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, field, new)
                    return
                if isinstance(value, list):
                    for place, each in enumerate(value):
                        if each is node:
                            value[place:place + 1] = new if isinstance(new, list) else [new]
                            return
    return change


def _changes(node: ast.AST) -> Iterator[Change]:        # noqa: PLR0912  A table, in the order of what it looks at.
    """Every way to change one node."""
    if isinstance(node, (ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.Raise, ast.Delete, ast.Break,
                         ast.Continue)):
        yield _replace(lambda _: ast.Pass())
    if isinstance(node, ast.Return) and node.value is not None:
        yield _replace(lambda node: ast.Expr(node.value))
    if isinstance(node, ast.Break):
        yield _replace(lambda _: ast.Continue())
    if isinstance(node, ast.Continue):
        yield _replace(lambda _: ast.Break())
    if isinstance(node, ast.Raise):
        yield _replace(lambda _: ast.Return(None))
    if isinstance(node, (ast.AsyncWith, ast.With)):
        yield _replace(lambda node: node.body)
        for place in range(1, len(node.items)):
            yield _set(items=lambda node, place=place: node.items[:place] + node.items[place + 1:])
    if isinstance(node, ast.AsyncWith):
        yield _replace(lambda node: ast.With(node.items, node.body))
    if isinstance(node, (ast.Try, ast.TryStar)):
        yield _replace(lambda node: node.body + node.orelse + node.finalbody)
        if node.finalbody:
            yield _replace(lambda node: type(node)(node.body, node.handlers, node.orelse, []) if node.handlers
                           else node.body)
        for handler in range(len(node.handlers)):
            if len(node.handlers) > 1:
                yield _set(handlers=lambda node, handler=handler: node.handlers[:handler] + node.handlers[handler + 1:])
    if isinstance(node, ast.ExceptHandler):
        yield _set(body=[ast.Raise()])
        yield _set(body=[ast.Pass()])
        yield _set(body=lambda node: [*node.body, ast.Raise()])
        if node.type is not None:
            for other in WIDER.get(ast.unparse(node.type), ()):
                yield _set(type=ast.parse(other, mode="eval").body)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
        for other in WIDER.get(ast.unparse(node.args[1]), ()):
            yield _set(args=lambda node, other=other: [node.args[0], ast.parse(other, mode="eval").body])
    if isinstance(node, ast.Raise) and node.exc is not None and not isinstance(node.exc, ast.Name):
        yield _set(exc=ast.Call(ast.Name("ValueError", ast.Load()), [], []))
    if isinstance(node, (ast.If, ast.IfExp)):
        yield _set(test=lambda node: ast.UnaryOp(ast.Not(), node.test))
        yield _set(test=ast.Constant(True))
        yield _set(test=ast.Constant(False))
    if isinstance(node, ast.While):
        yield _set(test=lambda node: ast.UnaryOp(ast.Not(), node.test))
        yield _set(test=ast.Constant(False))
        yield _replace(lambda node: ast.If(node.test, [part for part in node.body
                                                       if not isinstance(part, (ast.Break, ast.Continue))], []))
    if isinstance(node, (ast.For, ast.AsyncFor)):
        yield from _off_by_one(node)
    if isinstance(node, ast.comprehension):
        yield from _off_by_one(node)
        for place in range(len(node.ifs)):
            yield _set(ifs=lambda node, place=place: node.ifs[:place] + node.ifs[place + 1:])
    if isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield _set(ops=lambda node, other=other: [other(), *node.ops[1:]])
    if isinstance(node, ast.BoolOp):
        yield _set(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for place in range(len(node.values)):
            yield _replace(lambda node, place=place: node.values[place])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _replace(lambda node: node.operand)
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATORS:
        yield _set(op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.BinOp):
        yield _replace(lambda node: node.left)
        yield _replace(lambda node: node.right)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield _set(value=not node.value)
        elif isinstance(node.value, (int, float)):
            yield _set(value=node.value + 1)
            yield _set(value=node.value - 1)
            yield _set(value=node.value * 2)
        elif isinstance(node.value, str):
            yield _set(value=node.value + "s")
        elif node.value is None:
            yield _set(value=False)
    if isinstance(node, ast.Await):
        yield _replace(lambda node: node.value)
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield _set(elts=lambda node: [node.elts[1], node.elts[0], *node.elts[2:]])
        yield _replace(lambda node: ast.List(node.elts, ast.Load()))
    if isinstance(node, ast.Starred):
        yield _replace(lambda node: node.value)
    if isinstance(node, (ast.Name, ast.Attribute)):
        field = "id" if isinstance(node, ast.Name) else "attr"
        if getattr(node, field) in NAMES:
            yield _set(**{field: NAMES[getattr(node, field)]})
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        yield _replace(lambda node: node.value)
    if isinstance(node, ast.Call):
        yield from _changed_calls(node)


def _off_by_one(node: ast.For | ast.AsyncFor | ast.comprehension) -> Iterator[Change]:
    for part in (ast.Slice(ast.Constant(1)), ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)))):
        yield _set(iter=lambda node, part=part: ast.Subscript(
            ast.Call(ast.Name("list", ast.Load()), [node.iter], []), part, ast.Load()))
    yield _set(iter=lambda node: ast.Subscript(
        ast.Call(ast.Name("list", ast.Load()), [node.iter], []), ast.Slice(None, None, ast.Constant(-1)), ast.Load()))


def _changed_calls(node: ast.Call) -> Iterator[Change]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if len(node.args) > 1 and not any(isinstance(each, ast.Starred) for each in node.args[:2]):
        yield _set(args=lambda node: [node.args[1], node.args[0], *node.args[2:]])
    for place in range(len(node.keywords)):
        yield _set(keywords=lambda node, place=place: node.keywords[:place] + node.keywords[place + 1:])
    for place in range(len(node.args)):
        yield _set(args=lambda node, place=place: node.args[:place] + node.args[place + 1:])
    if not node.args and not node.keywords:
        yield _replace(lambda node: node.func)                          # a call without its parentheses
    if name == "gather" and len(node.args) == 1 and isinstance(node.args[0], ast.Starred):
        yield _replace(lambda node: ast.Call(                           # one after another
            ast.Name("_in_turn", ast.Load()), [node.args[0].value], []))
    if name == "create_task":
        yield _replace(lambda node: ast.Call(ast.Name("_done", ast.Load()), [ast.Await(node.args[0])], []))
    if name in ("gather", "wait", "join", "wait_for") and node.args:
        yield _replace(lambda node: node.args[0])
    if name in ("sorted", "list", "iter", "shield", "dict", "reversed"):
        yield _replace(lambda node: node.args[0] if node.args else node)
    if name == "price" and isinstance(node.func, ast.Attribute):
        yield _replace(lambda node: ast.Call(ast.Attribute(node.func.value, "price_blocking", ast.Load()),
                                             node.args, []))
        yield _replace(lambda node: ast.Call(ast.Name("_never_asked", ast.Load()), [node.func.value, *node.args], []))


PRELUDE = NEVER_ASKED + """
async def _in_turn(coroutines):
    return [await each for each in coroutines]

def _done(result):
    future = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future

def _one_less(value):
    if type(value) in (int, float):
        return value - 1
    return value[:-1] if type(value) in (list, tuple, str) else value

def _one_more(value):
    if type(value) in (int, float):
        return value + 1
    return value + value[:1] if type(value) in (list, tuple, str) else value
"""


# -- answers that ignore what they are given --------------------------------------------------------------------------


def fixed_answers(exercise: Exercise) -> Iterator[Mutant]:
    """The solution with an argument that is fixed, as it is in one of the cases; and results that are fixed, too."""
    calls: list[tuple[dict[str, Any], Any]] = []
    solution = exercise.compile(exercise.solution_source)
    names = solution.__code__.co_varnames[:solution.__code__.co_argcount]

    def note(*args: Any, **kwargs: Any) -> Any:
        given = dict(zip(names, args)) | kwargs
        result = solution(*args, **kwargs)
        if not hasattr(result, "__await__"):
            calls.append((given, result))
            return result

        async def wait() -> Any:
            value = await result
            calls.append((given, value))
            return value
        return wait()

    note.__name__ = exercise.name
    for case in exercise.cases:
        with contextlib.suppress(BaseException):
            if hasattr(case.function, "__code__") and case.function.__code__.co_flags & 0x80:
                simulate(_named(case.function(note), exercise.name), limit=case.steps)
            else:
                case.function(note)
    head = f"{'async ' if solution.__code__.co_flags & 0x80 else ''}def {exercise.name}({', '.join(names)}):\n"
    seen = set()
    for given, result in calls:
        if _plain(result) and result is not None and (text := f"return {result!r}") not in seen:
            seen.add(text)
            yield Mutant(text, head + f"    {text}\n")
        for name, value in given.items():
            texts = []
            if _plain(value) and not isinstance(value, (list, tuple, dict, set)):
                texts.append(f"{name} = {value!r}")
            if type(value) in (list, tuple):
                texts.append(f"{name} = [{name}[i] for i in range({len(value)})]")
            if type(value) in (int, float, list, tuple, str):
                texts += [f"{name} = _one_less({name})", f"{name} = _one_more({name})"]
            for text in texts:
                if text in seen:
                    continue
                seen.add(text)
                tree = ast.parse(exercise.solution_source)
                function = next(n for n in tree.body if getattr(n, "name", "") == exercise.name)
                function.body[:0] = ast.parse(text).body        # type: ignore[attr-defined]
                yield Mutant(text, ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def _named(coroutine: Any, name: str) -> Any:
    coroutine.__name__ = coroutine.__qualname__ = name
    return coroutine


def _plain(value: Any) -> bool:
    """Whether the text of a value, as code, makes it anew."""
    if isinstance(value, (list, tuple, set)):
        return all(map(_plain, value))
    if isinstance(value, dict):
        return all(_plain(key) and _plain(each) for key, each in value.items())
    return value is None or type(value) in (int, float, str, bool)


# -- how mutants are tried --------------------------------------------------------------------------------------------


def _forked(job: Job) -> Generator[Frame, None, None]:
    """Do a job in a process forked off this one: in place of `process.run`."""
    read, write = os.pipe()
    read_errors, write_errors = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.dup2(write, 1)
            os.dup2(write_errors, 2)
            send, errors = worker._take_pipes()
            worker._do(job, send, errors, UnawaitedCoroutines(), Snapshot())
        except BaseException as error:
            os.write(write_errors, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(write)
    os.close(write_errors)
    reader, end = FrameReader(), time.monotonic() + job["seconds"] + 2
    try:
        while True:
            ready, _, _ = select.select([read], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(read, 1 << 16) if ready else b""
            for frame in reader.feed(chunk) if chunk else ():
                if frame["event"] == Event.BEGUN:
                    continue
                yield frame
                if frame["event"] in LAST:
                    return
            if not chunk:
                yield {"event": Event.LATE, "place": None}
                return
    finally:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read)
        os.close(read_errors)


@contextlib.contextmanager
def forking() -> Iterator[None]:
    """In this block answers run in processes that are forked off this one."""
    async def nothing() -> None:
        pass

    simulate(nothing())
    gc.collect()
    gc.freeze()
    with mock.patch.object(process, "run", _forked):
        yield


def survivors(exercise: Exercise, say: Callable[[str], None] | None = None) -> tuple[int, list[str]]:
    """How many mutants an exercise has, and which of them are called right. Within `forking()`."""
    solution = exercise.compile(exercise.solution_source)
    with mock.patch.object(Exercise, "_right", lambda *_: _RIGHT):      # which would note it as the learner's
        report = exercise.check(solution, seconds=20)
    if report is not _RIGHT:
        raise AssertionError(f"the solution is called {report.outcome}:\n{report}")
    count, alive = 0, []
    for mutant in [*mutants(exercise.solution_source), *fixed_answers(exercise)]:
        count += 1
        try:
            answer = exercise.compile(PRELUDE + mutant.source)
        except Exception:                   # it does not come so far as to be checked
            continue
        with mock.patch.object(Exercise, "_right", lambda *_: _RIGHT):
            report = exercise.check(answer, seconds=SECONDS)
        if report is _RIGHT or report.outcome not in ("wrong", "untried"):
            alive.append(mutant.change)
        if say is not None:
            say(f"{'RIGHT' if report is _RIGHT else report.outcome}: {mutant.change}")
            if report is not _RIGHT:
                say("    " + report.message.replace("\n", "\n    "))
    return count, alive


class _Right:
    outcome = "right"


_RIGHT: Any = _Right()


def chosen(names: list[str]) -> dict[str, Exercise]:
    """The exercises that are named so, by lesson or by lesson and exercise; all of them without a name."""
    import pkgutil

    import helpers.exercises

    found = {}
    for lesson in sorted(module.name for module in pkgutil.iter_modules(helpers.exercises.__path__)):
        for short, exercise in exercises_of(importlib.import_module(f"helpers.exercises.{lesson}")):
            if not names or lesson in names or f"{lesson}.{short}" in names:
                found[f"{lesson}.{short}"] = exercise
    return found


def main(arguments: list[str]) -> int:
    """Try the mutants of the exercises that are named, and print those that are called right and should not be."""
    from tests.exercises.harmless import HARMLESS

    names = [each for each in arguments if not each.startswith("-")]
    say = print if "--all" in arguments else None
    bad = total = 0
    with forking():
        for name, exercise in chosen(names).items():
            known = dict(HARMLESS.get(name, {}))
            count, alive = survivors(exercise, say)
            total += count
            for change in alive:
                if known.pop(change, None) is None:
                    bad += 1
                    print(f"{name} accepts: {change}", flush=True)
            for change in known:
                bad += 1
                print(f"{name}: harmless.py has what is no mutant, or is refused: {change}", flush=True)
    print(f"{total} mutants, {bad} to look at")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
