"""What to call a task: by the name that the program gave it, or else by that of its coroutine function."""

from __future__ import annotations

import asyncio
from typing import Any

_short: dict[str, str] = {}             # qualified name -> what is shown of it: one string for many tasks


def coroutine_name(coro: Any) -> str:
    """What to call a coroutine: the qualified name of its function, without the functions around it."""
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
