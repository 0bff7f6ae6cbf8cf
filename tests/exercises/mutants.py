"""Changes a solution in one place, in every way that makes a mistake of it which somebody could make."""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

OTHER_EXCEPTIONS = {        # what catches more than it should, and what catches less
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
OTHER_NAMES = {"min": "max", "max": "min", "FIRST_COMPLETED": "ALL_COMPLETED", "FIRST_EXCEPTION": "ALL_COMPLETED",
               "popleft": "pop"}
IN_ANY_ORDER = ("min", "max")       # functions for which the order of their arguments is the same
WITHOUT_A_CALL = ("sorted", "list", "iter", "shield", "dict", "reversed", "gather", "wait", "wait_for")

PRELUDE = """
async def _never_asked(shop, item):
    return shop.price_of(item) if hasattr(shop, "price_of") else await shop.price(item)

async def _in_turn(coroutines):
    return [await each for each in coroutines]

def _done(result):
    future = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future
"""


class Mutant(NamedTuple):
    """A solution that was changed in one place.

    change  the lines of it that differ, before and after: a name that stays when other lines change
    source  the mutant; it may use the functions of PRELUDE
    """

    change: str
    source: str


Change = Callable[[Any, ast.Module], None]      # changes a node, in its tree


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a source text, each once."""
    tree = ast.parse(source)
    before = ast.unparse(tree)
    seen, names = {before}, set()
    for index, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            mutant = copy.deepcopy(tree)
            change(list(ast.walk(mutant))[index], mutant)
            after = ast.unparse(ast.fix_missing_locations(mutant))
            if after in seen:
                continue
            seen.add(after)
            try:
                compile(after, "<mutant>", "exec", dont_inherit=True)
            except SyntaxError:             # an await where none may stand: nobody hands that in
                continue
            name = described(before, after)
            while name in names:
                name += " (again)"
            names.add(name)
            yield Mutant(name, after)


def described(before: str, after: str) -> str:
    """What differs, in one line: the lines before, an arrow, the lines after; a mark for each step of indentation."""
    old, new = before.splitlines(), after.splitlines()
    gone, come = [], []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += [line.replace("    ", "|") for line in old[i:j]]
            come += [line.replace("    ", "|") for line in new[k:m]]
    return f"{' ; '.join(gone)} -> {' ; '.join(come)}"


def _changes(node: ast.AST) -> Iterator[Change]:
    """Every way to change one node."""
    for types, ways in WAYS:
        if isinstance(node, types):
            yield from ways(node)


# -- to change a node -------------------------------------------------------------------------------------------------


def _set(**fields: Any) -> Change:
    """Give fields of the node another value, or what a function makes of the node."""
    def change(node: Any, _: ast.Module) -> None:
        for name, value in fields.items():
            setattr(node, name, value(node) if callable(value) else value)
    return change


def _put(make: Callable[[Any], ast.AST | list[ast.stmt]]) -> Change:
    """Put what `make` makes of the node into its place."""
    def change(node: Any, tree: ast.Module) -> None:
        new = make(node)
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, field, new)
                elif isinstance(value, list) and any(each is node for each in value):
                    place = next(place for place, each in enumerate(value) if each is node)
                    value[place:place + 1] = new if isinstance(new, list) else [new]
                else:
                    continue
                return
    return change


def _without(items: list[Any], place: int) -> list[Any]:
    return items[:place] + items[place + 1:]


def _name(node: ast.AST) -> str:
    """The last part of a name: `gather` of `asyncio.gather`."""
    return getattr(node, "attr", getattr(node, "id", ""))


# -- statements -------------------------------------------------------------------------------------------------------


def _statements(_: ast.stmt) -> Iterator[Change]:
    yield _put(lambda _: ast.Pass())


def _returns(node: ast.Return) -> Iterator[Change]:
    if node.value is not None:
        yield _put(lambda node: ast.Expr(node.value))
    if isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
        yield _set(value=lambda node: ast.List(node.value.elts, ast.Load()))


def _jumps(node: ast.Break | ast.Continue) -> Iterator[Change]:
    yield _put(lambda _: ast.Continue() if isinstance(node, ast.Break) else ast.Break())


def _raises(node: ast.Raise) -> Iterator[Change]:
    yield _put(lambda _: ast.Return(None))
    if node.exc is not None and not isinstance(node.exc, ast.Name):
        yield _set(exc=ast.Call(ast.Name("ValueError", ast.Load()), [], []))


def _orders(node: Any) -> Iterator[Change]:
    """Two statements in the wrong order."""
    for place in range(len(node.body) - 1):
        if not any(isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Nonlocal))
                   for each in node.body[place:place + 2]):
            yield _set(body=lambda node, place=place: [
                *node.body[:place], node.body[place + 1], node.body[place], *node.body[place + 2:]])


def _borders(node: Any) -> Iterator[Change]:
    """The block of a with, a try or a loop, which begins too late, or ends too early."""
    if len(node.body) > 1:
        yield _put(lambda node: [node.body[0], _with_body(node, node.body[1:])])
        yield _put(lambda node: [_with_body(node, node.body[:-1]), node.body[-1]])


def _with_body(node: Any, body: list[ast.stmt]) -> Any:
    node = copy.copy(node)
    node.body = body
    return node


def _too_long(node: Any) -> Iterator[Change]:
    """A block that holds what should come after it."""
    for place, block in enumerate(node.body[:-1]):
        if isinstance(block, (ast.With, ast.AsyncWith, ast.For, ast.Try, ast.TryStar)):
            yield _set(body=lambda node, place=place: [
                *node.body[:place],
                _with_body(node.body[place], [*node.body[place].body, node.body[place + 1]]),
                *node.body[place + 2:]])


def _withs(node: ast.With | ast.AsyncWith) -> Iterator[Change]:
    yield _put(lambda node: node.body)
    if len(node.items) > 1:
        for place in range(len(node.items)):
            yield _set(items=lambda node, place=place: _without(node.items, place))
        yield _set(items=lambda node: node.items[::-1])
    if isinstance(node, ast.AsyncWith):
        yield _put(lambda node: ast.With(node.items, node.body))


def _tries(node: ast.Try | ast.TryStar) -> Iterator[Change]:
    yield _put(lambda node: node.body + node.orelse + node.finalbody)
    if node.finalbody and node.handlers:
        yield _set(finalbody=[])
    elif node.finalbody:
        yield _put(lambda node: node.body)
        yield _put(lambda node: ast.Try(node.body, [ast.ExceptHandler(
            ast.Name("Exception", ast.Load()), None, [*node.finalbody, ast.Raise()])], [], []))
    if len(node.handlers) > 1:
        for place in range(len(node.handlers)):
            yield _set(handlers=lambda node, place=place: _without(node.handlers, place))


def _handlers(node: ast.ExceptHandler) -> Iterator[Change]:
    yield _set(body=[ast.Raise()])
    yield _set(body=[ast.Pass()])
    if not isinstance(node.body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break)):
        yield _set(body=lambda node: [*node.body, ast.Raise()])
    for other in OTHER_EXCEPTIONS.get(ast.unparse(node.type), ()) if node.type is not None else ():
        yield _set(type=ast.parse(other, mode="eval").body)


def _conditions(_: ast.If | ast.IfExp) -> Iterator[Change]:
    yield _set(test=lambda node: ast.UnaryOp(ast.Not(), node.test))
    yield _set(test=ast.Constant(True))
    yield _set(test=ast.Constant(False))


def _whiles(_: ast.While) -> Iterator[Change]:
    yield _set(test=lambda node: ast.UnaryOp(ast.Not(), node.test))
    yield _set(test=ast.Constant(False))
    yield _put(lambda node: ast.If(node.test, [part for part in node.body
                                               if not isinstance(part, (ast.Break, ast.Continue))], []))


def _fors(_: ast.For | ast.AsyncFor | ast.comprehension) -> Iterator[Change]:
    """The first left out, the last left out, the wrong way round."""
    for part in ("1:", ":-1", "::-1"):
        yield _set(iter=lambda node, part=part: ast.Subscript(
            ast.Call(ast.Name("list", ast.Load()), [node.iter], []),
            ast.parse(f"_[{part}]", mode="eval").body.slice, ast.Load()))    # type: ignore[attr-defined]


def _comprehensions(node: ast.comprehension) -> Iterator[Change]:
    for place in range(len(node.ifs)):
        yield _set(ifs=lambda node, place=place: _without(node.ifs, place))


# -- expressions ------------------------------------------------------------------------------------------------------


def _comparisons(node: ast.Compare) -> Iterator[Change]:
    for other in COMPARISONS.get(type(node.ops[0]), ()):
        yield _set(ops=lambda node, other=other: [other(), *node.ops[1:]])


def _ands_and_ors(node: ast.BoolOp) -> Iterator[Change]:
    yield _set(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for place in range(len(node.values)):
        yield _put(lambda node, place=place: node.values[place])


def _nots(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield _put(lambda node: node.operand)


def _operators(node: ast.BinOp | ast.AugAssign) -> Iterator[Change]:
    if type(node.op) in OPERATORS:
        yield _set(op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.BinOp):
        yield _put(lambda node: node.left)
        yield _put(lambda node: node.right)
    else:
        yield _put(lambda node: ast.Assign([node.target], node.value))


def _constants(node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield _set(value=not node.value)
    elif isinstance(node.value, (int, float)):
        for other in (node.value + 1, node.value - 1, node.value * 2):
            yield _set(value=other)
    elif isinstance(node.value, str):
        yield _set(value=node.value + "s")
    elif node.value is None:
        yield _set(value=False)


def _awaits(_: ast.Await) -> Iterator[Change]:
    yield _put(lambda node: node.value)


def _tuples(node: ast.Tuple) -> Iterator[Change]:
    if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield _set(elts=lambda node: [node.elts[1], node.elts[0], *node.elts[2:]])


def _stars(_: ast.Starred) -> Iterator[Change]:
    yield _put(lambda node: node.value)


def _names(node: ast.Name | ast.Attribute) -> Iterator[Change]:
    if _name(node) in OTHER_NAMES:
        yield _set(**{"attr" if isinstance(node, ast.Attribute) else "id": OTHER_NAMES[_name(node)]})


def _slices(node: ast.Subscript) -> Iterator[Change]:
    if isinstance(node.slice, ast.Slice):
        yield _put(lambda node: node.value)


def _calls(node: ast.Call) -> Iterator[Change]:
    name = _name(node.func)
    for place in range(len(node.args)):
        yield _set(args=lambda node, place=place: _without(node.args, place))
    for place, keyword in enumerate(node.keywords):
        if keyword.arg != "name" or name != "create_task":      # the name of a task says who it is, no more
            yield _set(keywords=lambda node, place=place: _without(node.keywords, place))
    if len(node.args) > 1 and name not in IN_ANY_ORDER \
            and not any(isinstance(each, ast.Starred) for each in node.args[:2]):
        yield _set(args=lambda node: [node.args[1], node.args[0], *node.args[2:]])
    if not node.args and not node.keywords:
        yield _put(lambda node: node.func)                      # a call without its parentheses
    if name in ("isinstance", "issubclass"):
        for other in OTHER_EXCEPTIONS.get(ast.unparse(node.args[1]), ()):
            yield _set(args=lambda node, other=other: [node.args[0], ast.parse(other, mode="eval").body])
    if name in WITHOUT_A_CALL and node.args:
        yield _put(lambda node: node.args[0])


def _asking(node: ast.Call) -> Iterator[Change]:
    """One after another, on the loop's thread, or never."""
    name = _name(node.func)
    if name == "gather" and len(node.args) == 1 and isinstance(node.args[0], ast.Starred):
        yield _put(lambda node: ast.Call(ast.Name("_in_turn", ast.Load()), [node.args[0].value], []))
    if name == "create_task":
        yield _put(lambda node: ast.Call(ast.Name("_done", ast.Load()), [ast.Await(node.args[0])], []))
    if name == "to_thread":
        yield _set(args=lambda node: [ast.Call(node.args[0], node.args[1:], [])])
    if name == "price" and isinstance(node.func, ast.Attribute):
        yield _put(lambda node: ast.Call(ast.Attribute(node.func.value, "price_blocking", ast.Load()), node.args, []))
        yield _put(lambda node: ast.Call(ast.Name("_never_asked", ast.Load()), [node.func.value, *node.args], []))


_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_BLOCKS = (ast.With, ast.AsyncWith, ast.Try, ast.TryStar)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
WAYS: list[tuple[Any, Callable[[Any], Iterator[Change]]]] = [
    ((ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.Raise, ast.Delete, ast.Break, ast.Continue, ast.If),
     _statements),
    (ast.Return, _returns), ((ast.Break, ast.Continue), _jumps), (ast.Raise, _raises),
    ((*_FUNCTIONS, *_LOOPS, *_BLOCKS, ast.If, ast.ExceptHandler), _orders),
    ((*_FUNCTIONS, *_LOOPS, *_BLOCKS, ast.If), _too_long),
    ((*_BLOCKS, *_LOOPS), _borders),
    ((ast.With, ast.AsyncWith), _withs), ((ast.Try, ast.TryStar), _tries), (ast.ExceptHandler, _handlers),
    ((ast.If, ast.IfExp), _conditions), (ast.While, _whiles),
    ((ast.For, ast.AsyncFor, ast.comprehension), _fors), (ast.comprehension, _comprehensions),
    (ast.Compare, _comparisons), (ast.BoolOp, _ands_and_ors), (ast.UnaryOp, _nots),
    ((ast.BinOp, ast.AugAssign), _operators), (ast.Constant, _constants), (ast.Await, _awaits), (ast.Tuple, _tuples),
    (ast.Starred, _stars), ((ast.Name, ast.Attribute), _names), (ast.Subscript, _slices),
    (ast.Call, _calls), (ast.Call, _asking),
]
