"""What can be seen of an answer before it runs: is it a function of the right kind, and was it changed at all?"""

from __future__ import annotations

import ast
import inspect
from types import CodeType, CoroutineType, FunctionType
from typing import Any

from helpers.checker.bounds import name_of_type
from helpers.checker.kinds import Finding

Starter = ast.FunctionDef | ast.AsyncFunctionDef


def compiled(source: str, name: str) -> CodeType:
    """The code object of the function `name` in a source text; ValueError if there is none."""
    for constant in compile(source, "<source>", "exec", dont_inherit=True).co_consts:
        if isinstance(constant, CodeType) and constant.co_name == name:
            return constant
    raise ValueError(f"the source has no function {name!r}:\n{source}")


def same_code(one: CodeType, other: CodeType) -> bool:
    """Whether two functions are the same but for comments and blank lines."""
    return _fingerprint(one) == _fingerprint(other)


def _fingerprint(code: CodeType) -> tuple:
    constants = tuple(
        _fingerprint(c) if isinstance(c, CodeType) else _constant(c)
        for c in code.co_consts if c is not Ellipsis
    )
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_flags & _KINDS


def _constant(value: Any) -> tuple[str, object]:
    try:
        return type(value).__name__, repr(value)
    except ValueError:                      # an int of more digits than Python likes to write out
        return type(value).__name__, value


_KINDS = (inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
          | inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)


def wrong_object(answer: Any, name: str, starter: Starter) -> Finding | None:
    """What is wrong with the object that was passed to `check`, or None. Nothing of the learner's runs for it."""
    kind = type(answer)
    if kind is CoroutineType:
        if inspect.getcoroutinestate(answer) == inspect.CORO_CREATED:
            answer.close()                  # or else Python warns that it was never awaited
        return Finding("coroutine object", f"check got a coroutine object: {name}(...) was called",
                       f"the function itself, without parentheses: check({name})")
    if kind is not FunctionType:
        head = "async def" if isinstance(starter, ast.AsyncFunctionDef) else "def"
        return Finding("not a function", f"check got an object of the type {name_of_type(kind)}",
                       f"the function that you wrote: check({name})",
                       remedy=f"Begin {name} with {head}, and pass it by its name: no other object is checked.")
    return _wrong_kind(answer, name, starter) or _wrong_signature(answer, name, starter)


def _wrong_kind(answer: FunctionType, name: str, starter: Starter) -> Finding | None:
    """Whether the answer is a coroutine function, if the starter is one, and a plain function otherwise."""
    flags = answer.__code__.co_flags
    asynchronous = flags & _ASYNCHRONOUS or _decorates_asynchronous(answer)
    if isinstance(starter, ast.AsyncFunctionDef) and not asynchronous:
        kind = "an asynchronous generator" if _yields(starter) else "a coroutine function"
        return _at_its_head(answer, "not async", f"{name} is written with def: a call of it cannot await anything",
                            f"{kind}: async def {name}(...)")
    if isinstance(starter, ast.FunctionDef) and asynchronous:
        return _at_its_head(answer, "async", f"{name} is written with async def: a call of it makes a coroutine "
                            "object, and runs nothing", f"a plain function: def {name}(...)")
    if isinstance(starter, ast.AsyncFunctionDef) and flags & inspect.CO_ASYNC_GENERATOR and not _yields(starter):
        return _at_its_head(answer, "async generator", f"there is a yield in {name}, so a call of it makes an "
                            "asynchronous generator", "a coroutine function, which gives its result with return")
    return None


_ASYNCHRONOUS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def _decorates_asynchronous(answer: FunctionType) -> bool:
    """Whether it is a wrapper of a coroutine function, as functools.wraps notes it: a call of it may well make one."""
    seen: list[Any] = []
    wrapped: Any = vars(answer).get("__wrapped__")
    while type(wrapped) is FunctionType and wrapped not in seen:
        if wrapped.__code__.co_flags & _ASYNCHRONOUS:
            return True
        seen.append(wrapped)
        wrapped = vars(wrapped).get("__wrapped__")
    return False


def _at_its_head(answer: FunctionType, kind: str, observed: str, wanted: str) -> Finding:
    return Finding(kind, observed, wanted, answer.__code__.co_filename, answer.__code__.co_firstlineno)


def _yields(node: ast.AST) -> bool:
    return any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node))


def _wrong_signature(answer: FunctionType, name: str, starter: Starter) -> Finding | None:
    """Whether the answer can be called as the starter can."""
    arguments = starter.args
    positional = [a.arg for a in arguments.posonlyargs + arguments.args]
    required = len(positional) - len(arguments.defaults)
    keywords = [a.arg for a in arguments.kwonlyargs]
    # A bare copy: whatever else was hung on the function stays out of it.
    bare = FunctionType(answer.__code__, {}, name, answer.__defaults__, answer.__closure__)
    bare.__kwdefaults__ = answer.__kwdefaults__
    signature = inspect.signature(bare)
    try:
        signature.bind(*positional[:required])
        signature.bind(*positional, **dict.fromkeys(keywords))
    except TypeError:
        taken = ", ".join(map(_parameter, signature.parameters.values()))
        return _at_its_head(answer, "signature", f"your function has {_listed(taken)}", _listed(ast.unparse(arguments)))
    return None


def _listed(parameters: str) -> str:
    return f"the parameters ({parameters})" if parameters else "no parameters"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = ""
    if parameter.kind is parameter.VAR_POSITIONAL:
        stars = "*"
    elif parameter.kind is parameter.VAR_KEYWORD:
        stars = "**"
    default = "" if parameter.default is parameter.empty else "=..."
    return f"{stars}{parameter.name}{default}"
