"""What to call a task: by the name that the program gave it, or else by that of its coroutine function."""

from __future__ import annotations

import asyncio
import gc
from types import AsyncGeneratorType, CodeType, CoroutineType
from typing import Any

from helpers.recorder.asyncio_internals import WRAPPED_AWAITABLE

_short: dict[str, str] = {}             # qualified name -> what is shown of it: one string for many tasks
_by_owner: set[CodeType] = set()        # methods whose coroutines are told by the name of their object


def told_by_owner(method: Any) -> None:
    """From now on call coroutines of this method by the `name` of their object: "north.price" for "Shop.price".

    For programs whose pictures have many such lanes: the checker's.
    """
    _by_owner.add(method.__code__)


def _owners_name(coro: Any) -> str | None:
    """The name of a coroutine that is told by its object's; None of any other, and where the object is not known."""
    frame = getattr(coro, "cr_frame", None)
    if frame is None or frame.f_code not in _by_owner:
        return None
    owner = getattr(frame.f_locals.get("self"), "name", None)
    return f"{owner}.{frame.f_code.co_name}" if isinstance(owner, str) else None


def short_name(qualified: str) -> str:
    """A qualified name without the functions around it: `main.<locals>.price` is "price"."""
    short = _short.get(qualified)
    if short is None:
        short = _short[qualified] = qualified.rpartition("<locals>.")[2]
    return short


def coroutine_name(coro: Any) -> str:
    """What to call a coroutine: the qualified name of its function, without the functions around it."""
    if _by_owner and (name := _owners_name(coro)) is not None:
        return name
    name = getattr(coro, "__qualname__", None)
    if not isinstance(name, str):       # an object that only behaves like a coroutine may have none, or anything
        return _name_of_object(coro)
    short = _short.get(name) or short_name(name)
    return _name_of_wrapped(coro) if short == "_wrap_awaitable" else short


def _name_of_object(coro: Any) -> str:
    """What to call a step of an asynchronous generator, "aclose of rows"; another object is called by its type."""
    kind = type(coro).__name__
    if type(coro).__module__ != "builtins":
        return kind
    links = gc.get_referents(coro)
    if kind == "anext_awaitable":       # anext(rows, default): it keeps what anext(rows) gives
        return next((_name_of_object(link) for link in links if type(link).__name__ == "async_generator_asend"), kind)
    rows = next((link for link in links if type(link) is AsyncGeneratorType), None)
    if rows is None:
        return kind
    given = len(links) > 1              # asend and athrow keep what they were given; anext and aclose are given nothing
    step = {"async_generator_asend": ("anext", "asend"), "async_generator_athrow": ("aclose", "athrow")}.get(kind)
    return f"{step[given]} of {short_name(rows.__qualname__)}" if step else kind


def _name_of_wrapped(coro: Any) -> str:
    """What to call the coroutine that asyncio puts around an object with `__await__`: by the type of the object."""
    if getattr(coro, "cr_code", getattr(coro, "gi_code", None)) is not WRAPPED_AWAITABLE:
        return "_wrap_awaitable"        # a function of the program's own
    links = gc.get_referents(coro)      # of the coroutine, before it has run: its function's one argument
    kinds = [type(link) for link in links if hasattr(type(link), "__await__") and type(link) is not CoroutineType]
    return kinds[0].__name__ if kinds else "_wrap_awaitable"


def is_default_name(name: str) -> bool:
    """Whether a task's name is one that asyncio gave it, as Task-7, and not the program."""
    # "None" is what Python 3.13.0 calls a task that a task factory made
    return (name.startswith("Task-") and name[5:].isdigit()) or name == "None"


def task_name(task: asyncio.Task[Any]) -> str:
    """The name that the program gave a task, or else that of its coroutine."""
    return coroutine_name(task.get_coro()) if is_default_name(task.get_name()) else task.get_name()
