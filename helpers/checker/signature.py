"""What can be seen of an answer before it runs: is it a function of the right kind, and was it changed at all?"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from types import CodeType, CoroutineType, FunctionType
from typing import Any, NamedTuple


class Remark(NamedTuple):
    """Something that is the matter with an answer: the kind of mistake, in words, and the line (0: none)."""

    kind: str
    observed: str
    wanted: str
    line: int = 0


def compiled(source: str, name: str) -> CodeType:
    """The code object of the function `name` in a source text; ValueError if there is none."""
    for constant in compile(source, "<source>", "exec", dont_inherit=True).co_consts:
        if isinstance(constant, CodeType) and constant.co_name == name:
            return constant
    raise ValueError(f"the source has no function {name!r}:\n{source}")


def same_code(one: CodeType, other: CodeType) -> bool:
    """Whether two functions are the same but for comments and blank lines."""
    return _essence(one) == _essence(other)


def _essence(code: CodeType) -> tuple:
    constants = tuple(
        _essence(c) if isinstance(c, CodeType) else (type(c).__name__, repr(c))
        for c in code.co_consts if c is not Ellipsis
    )
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_flags & _KINDS


_KINDS = (inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
          | inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)


def wrong_object(answer: Any, name: str, starter: ast.AsyncFunctionDef | ast.FunctionDef) -> Remark | None:
    """What is wrong with the object that was passed to `check`, or None. Nothing of the learner's runs for it."""
    kind = type(answer)
    if kind is CoroutineType:
        if inspect.getcoroutinestate(answer) == inspect.CORO_CREATED:
            answer.close()                  # or else Python warns that it was never awaited
        return Remark("coroutine object", f"check got a coroutine object: {name}(...) was called",
                      f"the function itself, without parentheses: check({name})")
    if kind is not FunctionType:
        return Remark("not a function", f"check got an object of the type {kind.__name__}",
                      f"the function that you wrote: check({name})")
    line = answer.__code__.co_firstlineno
    flags = answer.__code__.co_flags
    asynchronous = flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR)
    if isinstance(starter, ast.AsyncFunctionDef) and not asynchronous:
        return Remark("not async", f"{name} is written with def: a call of it cannot await anything",
                      f"a coroutine function: async def {name}(...)", line)
    if isinstance(starter, ast.FunctionDef) and asynchronous:
        return Remark("async", f"{name} is written with async def: a call of it makes a coroutine object, and runs "
                      "nothing", f"a plain function: def {name}(...)", line)
    if isinstance(starter, ast.AsyncFunctionDef) and flags & inspect.CO_ASYNC_GENERATOR and not _yields(starter):
        return Remark("async generator", f"there is a yield in {name}, so a call of it makes an asynchronous generator",
                      "a coroutine function, which gives its result with return", line)
    return _wrong_signature(answer, name, starter, line)


def _yields(node: ast.AST) -> bool:
    return any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node))


def _wrong_signature(answer: FunctionType, name: str, starter: Any, line: int) -> Remark | None:
    """Whether the answer can be called as the starter can."""
    arguments = starter.args
    positional = [a.arg for a in arguments.posonlyargs + arguments.args]
    required = len(positional) - len(arguments.defaults)
    keywords = [a.arg for a in arguments.kwonlyargs]
    code = answer.__code__                  # a bare copy: whatever else was hung on the function stays out of it
    bare = FunctionType(code, {}, name, answer.__defaults__, answer.__closure__)
    bare.__kwdefaults__ = answer.__kwdefaults__
    signature = inspect.signature(bare)
    try:
        signature.bind(*positional[:required])
        signature.bind(*positional, **dict.fromkeys(keywords))
        return None
    except TypeError:
        taken = ", ".join(map(_parameter, signature.parameters.values()))
        return Remark("signature", f"your function takes {name}({taken})",
                      f"it must take {name}({ast.unparse(arguments)})", line)


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    return stars + parameter.name + ("" if parameter.default is parameter.empty else "=...")


def source_line(file: str, line: int) -> str:
    """The text of a line of the answer, without its indentation; "" if it is not known."""
    return linecache.getline(file, line).strip() if line > 0 else ""


def tree_of(answer: FunctionType) -> ast.AST | None:
    """The syntax tree of an answer, with the line numbers of its cell; None if its source is not known."""
    try:
        lines, first = inspect.getsourcelines(answer.__code__)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError, ValueError, TypeError):
        return None
    return ast.increment_lineno(tree, first - 1)


_STARTERS = {"gather", "sleep", "wait", "wait_for", "to_thread"}


def call_not_awaited(tree: ast.AST | None) -> int:
    """The line of a statement such as `asyncio.gather(...)` that stands alone, without `await`; 0 if there is none."""
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and function.attr in _STARTERS \
                    and isinstance(function.value, ast.Name) and function.value.id == "asyncio":
                return node.lineno
    return 0


def future_not_awaited(tree: ast.AST | None) -> int:
    """The line of a call such as `asyncio.gather(...)` whose future is kept without being awaited at once; 0 if none."""
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)} if tree is not None else set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and id(node) not in awaited:
            if _last_name(node.func) in (*_STARTERS, "create_task"):
                return node.lineno
    return 0


def swallowing_line(tree: ast.AST | None) -> int:
    """The line of an `except` that catches a cancellation and does not raise it again; 0 if there is none.

    A `return` in a `finally`, and `contextlib.suppress`, swallow it too.
    """
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.ExceptHandler) and _catches_cancellation(node.type):
            if not any(isinstance(n, ast.Raise) for n in ast.walk(node)):
                return node.lineno
        if isinstance(node, ast.Try):
            for statement in node.finalbody:
                for inner in ast.walk(statement):
                    if isinstance(inner, (ast.Return, ast.Break, ast.Continue)):
                        return inner.lineno
        if isinstance(node, ast.Call) and _last_name(node.func) == "suppress":
            if any(_catches_cancellation(argument) for argument in node.args):
                return node.lineno
    return 0


def _catches_cancellation(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(_last_name(k) in ("CancelledError", "BaseException") for k in kinds)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def globals_assigned(code: CodeType) -> list[str]:
    """The global names that a function, or one inside it, assigns to."""
    import dis

    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= set(globals_assigned(constant))
    return sorted(names)
