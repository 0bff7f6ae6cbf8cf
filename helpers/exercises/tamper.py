"""Notice, and undo, that an answer has replaced parts of Python.

`Snapshot` remembers the functions and classes of the modules that an answer could replace, and the
methods of these classes. `changes` names what is different; `restore` puts everything back, so that
whoever reports on the answer stands on firm ground.
"""

from __future__ import annotations

import gc
import sys
from types import FunctionType, ModuleType
from typing import Any

_MISSING = object()
_WATCHED = ("asyncio", "builtins", "time", "threading", "helpers")


class Snapshot:
    """The functions and classes of the watched modules as they are now."""

    def __init__(self) -> None:
        self.modules = dict(sys.modules)
        self.recursion = sys.getrecursionlimit()
        self.interval = sys.getswitchinterval()
        self.entries: list[tuple[str, Any, dict[str, Any]]] = []        # name, module or class, what it holds
        seen: set[int] = set()
        for name, module in self.modules.items():
            if name.partition(".")[0] not in _WATCHED or not isinstance(module, ModuleType):
                continue
            if name.startswith("helpers.exercises"):
                continue
            held = {key: value for key, value in vars(module).items() if callable(value)}
            self.entries.append((name, module, held))
            for value in held.values():
                if isinstance(value, type) and id(value) not in seen and value.__flags__ & _HEAP_TYPE:
                    seen.add(id(value))
                    methods = {k: v for k, v in vars(value).items() if isinstance(v, _METHODS)}
                    self.entries.append((f"{value.__module__}.{value.__qualname__}", value, methods))

    def changes(self) -> list[str]:
        """The names of what was replaced or deleted since, such as "asyncio.sleep"."""
        found = []
        for name, owner, held in self.entries:
            now = vars(owner)
            found += [f"{name}.{key}" for key, value in held.items() if now.get(key, _MISSING) is not value]
        found += [
            f"sys.modules[{name!r}]" for name, module in self.modules.items()
            if name.partition(".")[0] in _WATCHED and sys.modules.get(name) is not module
        ]
        return found

    def restore(self) -> None:
        """Put back what was replaced, and the switches of the interpreter."""
        sys.settrace(None)
        sys.setprofile(None)
        sys.setswitchinterval(self.interval)
        sys.modules.update(self.modules)
        for _, owner, held in self.entries:
            now = vars(owner)
            for key, value in held.items():
                if now.get(key, _MISSING) is not value:
                    setattr(owner, key, value)
        sys.setrecursionlimit(self.recursion)
        gc.enable()


_HEAP_TYPE = 1 << 9             # Py_TPFLAGS_HEAPTYPE: a class whose attributes can be set
_METHODS = (FunctionType, classmethod, staticmethod, property)
