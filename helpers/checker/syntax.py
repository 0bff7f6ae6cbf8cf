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

from helpers.checker.bounds import SOURCE, fit
from helpers.words import clip

LONGEST = 200_000               # characters of a cell that is looked into: longer ones would take seconds


def source_line(file: str, line: int) -> str:
    """The text of a line of the answer, without its indentation; "" if it is not known."""
    text = linecache.getline(file, line).strip() if line > 0 else ""
    return clip(fit(text[:SOURCE + 1]), SOURCE)


def tree_of(answer: FunctionType) -> ast.AST | None:
    """The syntax tree of an answer, with the line numbers of its cell; None if its source is not known."""
    if sum(map(len, linecache.getlines(answer.__code__.co_filename))) > LONGEST:
        return None
    try:
        lines, first = inspect.getsourcelines(answer.__code__)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
    return ast.increment_lineno(tree, first - 1)


_STARTERS = {"gather", "sleep", "wait", "wait_for", "to_thread"}


def call_not_awaited(tree: ast.AST | None) -> int:
    """The line of an `asyncio.gather(...)` that stands alone, without `await`; 0 if there is none.

    The others of asyncio's are coroutine functions: a call of one that stands alone runs nothing, and Python notices.
    """
    for node in _nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and function.attr == "gather" \
                    and isinstance(function.value, ast.Name) and function.value.id == "asyncio":
                return node.lineno
    return 0


def stands_alone(tree: ast.AST | None, line: int, name: str) -> bool:
    """Whether on this line a call of this name is a statement of its own, so that what it gives is thrown away."""
    return any(isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _covers(node, line)
               and _last_name(node.value.func) == name.rpartition(".")[2] for node in _nodes(tree))


def _covers(node: ast.expr | ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def function_around(tree: ast.AST | None, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None:
    """The innermost function in which a line stands."""
    found: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None = None
    for node in _nodes(tree):           # outer ones come before those in them
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and _covers(node, line):
            found = node
    return found


def answers_function(tree: ast.AST | None, name: str = "") -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function that is the answer, or the one with this name in it."""
    functions = [node for node in _nodes(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return next((node for node in functions if not name or node.name == name), None)


def functions_in(tree: ast.AST | None) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that are defined in the answer, without itself."""
    return [node for node in _nodes(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))][1:]


def _own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)


def returns_a_value(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether some `return` of a function has a value that is not written as None; a generator gives values, too."""
    for node in _own_nodes(function):
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if isinstance(node, ast.Return) and node.value is not None \
                and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            return True
    return False


def returns_none(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function has a `return` without a value, or with one that may well be None."""
    return any(isinstance(node, ast.Return) and (node.value is None or "None" in ast.unparse(node.value))
               for node in _own_nodes(function))


def may_end_without_return(statements: list[ast.stmt]) -> bool:
    """Whether these statements can be left at their end: then the function gives None."""
    if not statements:
        return True
    last = statements[-1]
    match last:
        case ast.Return(value=value):
            return value is None
        case ast.Raise():
            return False
        case ast.If():
            return may_end_without_return(last.body) or may_end_without_return(last.orelse)
        case ast.With() | ast.AsyncWith():
            return may_end_without_return(last.body)
        case ast.While(test=ast.Constant(value=value)) if value:
            return any(isinstance(node, ast.Break) for node in ast.walk(last))
        case ast.Try() | ast.TryStar():
            if last.finalbody and not may_end_without_return(last.finalbody):
                return False
            body = may_end_without_return(last.body) and (not last.orelse or may_end_without_return(last.orelse))
            return body or any(may_end_without_return(handler.body) for handler in last.handlers)
        case ast.Match():
            return True
    return True


def gathered_alone(tree: ast.AST | None, line: int) -> ast.expr | None:
    """The one argument of a `gather(...)` on this line, if it has one, without a star."""
    for node in _nodes(tree):
        if isinstance(node, ast.Call) and _covers(node, line) and _last_name(node.func) == "gather" \
                and len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
            return node.args[0]
    return None


def awaited_in_gather(tree: ast.AST | None, line: int) -> str:
    """The call that is awaited inside of the parentheses of a `gather(...)` on this line; "" if none is."""
    for node in _nodes(tree):
        if isinstance(node, ast.Call) and _covers(node, line) and _last_name(node.func) == "gather":
            for argument in node.args:
                one = argument.value if isinstance(argument, ast.Starred) else argument
                one = one.elt if isinstance(one, (ast.ListComp, ast.SetComp, ast.GeneratorExp)) else one
                for each in one.elts if isinstance(one, (ast.List, ast.Tuple, ast.Set)) else [one]:
                    if isinstance(each, ast.Await):
                        return ast.unparse(each.value)
    return ""


def starred_call(tree: ast.AST | None, line: int, names: tuple[str, ...]) -> str:
    """Which of these functions is called on this line with several arguments, or with a star; "" if none."""
    for node in _nodes(tree):
        if isinstance(node, ast.Call) and _covers(node, line) and _last_name(node.func) in names \
                and (len(node.args) > 1 or any(isinstance(one, ast.Starred) for one in node.args)):
            return _last_name(node.func)
    return ""


def _loops(tree: ast.AST | None, line: int) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What each `for` on this line assigns to, and what it goes through, in statements and comprehensions."""
    for node in _nodes(tree):
        if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)) and _covers(node.iter, line):
            yield node.target, node.iter


def goes_through_itself(tree: ast.AST | None, line: int, name: str) -> bool:
    """Whether this line has `for shop in shop`, with this name."""
    return any(ast.unparse(target) == ast.unparse(through) == name for target, through in _loops(tree, line))


def unpacked_in_loop(tree: ast.AST | None, line: int) -> str:
    """The name of what a `for name, task in tasks` on this line goes through; "" if there is none."""
    return next((through.id for target, through in _loops(tree, line)
                 if isinstance(target, ast.Tuple) and isinstance(through, ast.Name)), "")


def nameless_block(tree: ast.AST | None, line: int) -> str:
    """The call that opens an `async with` around this line without `as`, such as asyncio.TaskGroup(); "" if none."""
    for node in _nodes(tree):
        if isinstance(node, ast.AsyncWith) and _covers(node, line):
            for item in node.items:
                if item.optional_vars is None and isinstance(item.context_expr, ast.Call):
                    return ast.unparse(item.context_expr)
    return ""


def parameters(tree: ast.AST | None, line: int) -> list[str]:
    """The names of the parameters of the function around this line."""
    function = function_around(tree, line)
    return [argument.arg for argument in function.args.args] if function is not None else []


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


def uses(tree: ast.AST | None, name: str) -> bool:
    """Whether a name stands in the answer, alone or after a dot."""
    return any(_last_name(node) == name for node in _nodes(tree) if isinstance(node, ast.expr))


def globals_assigned(code: CodeType) -> list[str]:
    """The global names that a function, or one inside it, assigns to."""
    import dis  # late: an answer that runs has no use for it

    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= set(globals_assigned(constant))
    return sorted(names)
