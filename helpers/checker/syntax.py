"""What the source of an answer shows: a call that nobody awaits, an except that swallows, a global that is assigned.

Each function looks for one pattern, and gives the line at which a learner should look, or 0. What they find explains
what was observed; alone it proves nothing.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Iterator
from types import CodeType, FunctionType


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
    for node in _nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and function.attr in _STARTERS \
                    and isinstance(function.value, ast.Name) and function.value.id == "asyncio":
                return node.lineno
    return 0


def future_not_awaited(tree: ast.AST | None) -> int:
    """The line of a call such as `asyncio.gather(...)` whose future is not awaited at once; 0 if there is none."""
    awaited = {id(node.value) for node in _nodes(tree) if isinstance(node, ast.Await)}
    for node in _nodes(tree):
        if isinstance(node, ast.Call) and id(node) not in awaited \
                and _last_name(node.func) in (*_STARTERS, "create_task"):
            return node.lineno
    return 0


def swallowing_line(tree: ast.AST | None) -> int:
    """The line of an `except` that catches a cancellation and does not raise it again; 0 if there is none.

    A `return` in a `finally`, and `contextlib.suppress`, swallow it too.
    """
    for node in _nodes(tree):
        if isinstance(node, ast.ExceptHandler):
            line = _swallows_in_except(node)
        elif isinstance(node, ast.Try):
            line = _leaves_in_finally(node)
        elif isinstance(node, ast.Call):
            line = _suppresses(node)
        else:
            line = 0
        if line:
            return line
    return 0


def _swallows_in_except(node: ast.ExceptHandler) -> int:
    raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    return node.lineno if _catches_cancellation(node.type) and not raises else 0


def _leaves_in_finally(node: ast.Try) -> int:
    for statement in node.finalbody:
        for inner in ast.walk(statement):
            if isinstance(inner, (ast.Return, ast.Break, ast.Continue)):
                return inner.lineno
    return 0


def _suppresses(node: ast.Call) -> int:
    found = _last_name(node.func) == "suppress" and any(map(_catches_cancellation, node.args))
    return node.lineno if found else 0


def _catches_cancellation(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(_last_name(k) in ("CancelledError", "BaseException") for k in kinds)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _nodes(tree: ast.AST | None) -> Iterator[ast.AST]:
    return ast.walk(tree) if tree is not None else iter(())


def globals_assigned(code: CodeType) -> list[str]:
    """The global names that a function, or one inside it, assigns to."""
    import dis  # late: an answer that runs has no use for it

    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= set(globals_assigned(constant))
    return sorted(names)
