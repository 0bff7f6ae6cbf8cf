"""Notice, and undo, that an answer has replaced parts of Python.

A `Snapshot` remembers the functions and classes of the modules that an answer could replace, and the
methods of these classes. `undo` puts them back, so that whoever reports on the answer stands on firm
ground, and says what was different.
"""

from __future__ import annotations

import builtins
import gc
import os
import sys
from types import CodeType, FunctionType, ModuleType
from typing import Any

_WATCHED = ("asyncio", "gc", "helpers", "inspect", "json", "logging", "os", "sys", "threading", "time", "traceback")
_MISSING = object()
_VIRTUAL = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "virtual", "")
_HEAP_TYPE = 1 << 9             # Py_TPFLAGS_HEAPTYPE: a class whose attributes can be set
_METHODS = (FunctionType, classmethod, staticmethod, property)


def _is_virtual(thing: Any) -> bool:
    """Whether it is a part of virtual time, which a worker thread that does not end leaves in place of the real one."""
    code = getattr(thing, "__code__", None)
    if type(code) is CodeType:
        return code.co_filename.startswith(_VIRTUAL)
    return any(type(name) is str and name.startswith("helpers.virtual.")
               for name in (getattr(thing, "__module__", ""), type(thing).__module__))


class Snapshot:
    """The functions and classes of the watched modules as they are now."""

    def __init__(self) -> None:
        self.modules = dict(sys.modules)
        self.recursion = sys.getrecursionlimit()
        self.interval = sys.getswitchinterval()
        self.builtins = builtins.__dict__, dict(builtins.__dict__)
        self.entries: list[tuple[str, Any, dict[str, Any]]] = []        # name, module or class, what it holds
        seen: set[int] = set()
        for name, module in self.modules.items():
            if name.partition(".")[0] not in _WATCHED or not isinstance(module, ModuleType):
                continue
            held = {key: value for key, value in vars(module).items() if callable(value)}
            self.entries.append((name, module, held))
            for value in held.values():
                if isinstance(value, type) and id(value) not in seen and value.__flags__ & _HEAP_TYPE:
                    seen.add(id(value))
                    methods = {k: v for k, v in vars(value).items() if isinstance(v, _METHODS)}
                    self.entries.append((f"{value.__module__}.{value.__qualname__}", value, methods))

    def undo(self) -> list[str]:
        """Put back what was replaced, and the switches of the interpreter. Names what it was: "asyncio.sleep"."""
        # First the builtins, with nothing but the language itself: the rest of this function needs them.
        now, before = self.builtins
        found = ["builtins." + name for name, value in before.items()
                 if name != "_" and now.get(name, _MISSING) is not value]
        now.update(before)
        sys.settrace(None)
        sys.setprofile(None)
        sys.setswitchinterval(self.interval)
        for name, owner, held in self.entries:
            attributes = vars(owner)
            for key, value in held.items():
                there = attributes.get(key, _MISSING)
                if there is not value and not _is_virtual(there):
                    found.append(f"{name}.{key}")
                    setattr(owner, key, value)
        found += [f"sys.modules[{name!r}]" for name, module in self.modules.items()
                  if name.partition(".")[0] in _WATCHED and sys.modules.get(name) is not module]
        sys.modules.update(self.modules)
        sys.setrecursionlimit(self.recursion)
        gc.enable()
        return found
