"""What to call a task: by the name that the program gave it, or else by that of its coroutine function."""

from __future__ import annotations

import asyncio
from types import CodeType
from typing import Any

_short: dict[str, str] = {}             # qualified name -> what is shown of it: one string for many tasks


_by_owner: set[CodeType] = set()         # methods whose coroutines are told by the name of their object


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


def coroutine_name(coro: Any) -> str:
    """What to call a coroutine: the qualified name of its function, without the functions around it."""
    if _by_owner and (name := _owners_name(coro)) is not None:
        return name
    name = getattr(coro, "__qualname__", None)
    if not isinstance(name, str):       # an object that only behaves like a coroutine may have none, or anything
        name = type(coro).__name__
    short = _short.get(name)
    if short is None:
        short = _short[name] = name.rpartition("<locals>.")[2]
    return short


def is_default_name(name: str) -> bool:
    """Whether a task's name is one that asyncio gave it, as Task-7, and not the program."""
    # "None" is what Python 3.13.0 calls a task that a task factory made
    return (name.startswith("Task-") and name[5:].isdigit()) or name == "None"


def task_name(task: asyncio.Task[Any]) -> str:
    """The name that the program gave a task, or else that of its coroutine."""
    return coroutine_name(task.get_coro()) if is_default_name(task.get_name()) else task.get_name()
