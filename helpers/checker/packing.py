"""Pack an answer for the process in which it will run.

Functions and classes that were made in the notebook travel by value, together with the globals that
they use (cloudpickle does that); what can be imported travels as its name. What is new and empty there as it
was here travels as what it is: a lock that nobody holds, a thread pool, a context variable, and the names that
IPython gives to every cell. What cannot travel is an error that says which name of the notebook it is.

No code of the learner's runs here: objects that have a say in how they are pickled are refused.
"""

from __future__ import annotations

import contextlib
import contextvars
import dis
import functools
import importlib.util
import io
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import CodeType, FunctionType, MethodType
from typing import Any

from helpers.checker import bounds, cell_names
from helpers.recorder.learners_code import is_library, is_library_file

LARGEST = 16_000_000            # bytes that an answer may have, with the globals that it uses
LONGEST = 300_000               # bytes of code of a function: a longer one would take seconds to look through


class CannotSend(Exception):
    """Something that the answer uses cannot be sent to another process; the text says what, and why."""


def pack(thing: Any) -> bytes:
    """The bytes to send; CannotSend if something in it cannot be sent, or is too large."""
    buffer = _Limited()
    try:
        _pickler()(buffer).dump(thing)
    except CannotSend:
        raise
    except RecursionError:
        raise CannotSend("it is nested too deeply") from None
    except Exception as error:              # pickling asks the object itself, which may answer with any error
        raise CannotSend(bounds.words_of(error, 200)) from None
    return buffer.getvalue()


def unsendable(function: FunctionType) -> Iterator[tuple[str, str]]:
    """The globals (and variables from around it) that a function uses and that cannot be sent: name, reason."""
    for name, value in _used(function):
        try:
            pack(value)
        except CannotSend as error:
            yield name, str(error)


def _used(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            value = cell.cell_contents
        except ValueError:                  # not assigned yet
            continue
        yield name, value


def _names(code: CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def modules_of(function: FunctionType) -> list[str]:
    """The modules that a function imports while it runs, if this process has imported them, or they are installed.

    The other process imports them before it begins: that can take longer than the function may.
    """
    return [name for name in sorted(_imports(function.__code__)) if name in sys.modules or _is_installed(name)
            ][:bounds.MANY]


def _is_installed(name: str) -> bool:
    """Whether a module is of a package that was installed: those of Python itself are there soon, or are jokes."""
    package = name.partition(".")[0]
    if package in sys.stdlib_module_names:
        return False
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, AttributeError, ValueError):
        return False
    return spec is not None and spec.origin is not None and is_library_file(spec.origin)


def _imports(code: CodeType) -> set[str]:
    found = {one.argval for one in dis.get_instructions(code) if one.opname == "IMPORT_NAME"}
    return found.union(*(_imports(constant) for constant in code.co_consts if isinstance(constant, CodeType)))


class _Limited(io.BytesIO):
    """Bytes in memory, but not too many."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > LARGEST:
            raise CannotSend(f"it is larger than {LARGEST // 1_000_000} MB")
        return super().write(data)


# -- what has a stand-in there ------------------------------------------------------------------------


def _quit(*args: Any) -> None:
    raise SystemExit(*args)


def _named(name: str) -> Any:
    """What a name that IPython gives to every cell stands for in the process of an answer."""
    return {"display": cell_names.display, "get_ipython": cell_names.get_ipython, "open": open, "exit": _quit}[name]


_OF_CELLS = {"IPython.core.display_functions": "display", "IPython.core.interactiveshell": "open"}
_LOCKS: dict[type, Any] = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}


def _stand_in(thing: Any) -> tuple[Any, ...] | None:
    """How a thing is made anew there, as pickle wants to be told; None of all that travels, or cannot."""
    kind = type(thing)
    if kind in _LOCKS:
        return _LOCKS[kind], ()
    if kind is ThreadPoolExecutor:
        return ThreadPoolExecutor, (thing._max_workers, thing._thread_name_prefix)
    if kind is contextvars.ContextVar:
        try:
            return _context_variable, (thing.name, contextvars.Context().run(thing.get))
        except LookupError:                 # it has no default
            return _context_variable, (thing.name,)
    if kind is MethodType and type(thing.__func__) is FunctionType and thing.__func__.__name__ == "get_ipython":
        return _named, ("get_ipython",)
    if kind is FunctionType and thing.__module__ in _OF_CELLS and thing.__name__ in ("display", "_modified_open"):
        return _named, (_OF_CELLS[thing.__module__],)
    if type.__dict__["__module__"].__get__(kind) == "IPython.core.autocall":        # exit, quit
        return _named, ("exit",)
    return None


def _context_variable(name: str, *default: Any) -> contextvars.ContextVar[Any]:
    return contextvars.ContextVar(name, default=default[0]) if default else contextvars.ContextVar(name)


# -- the pickler --------------------------------------------------------------------------------------


_ASKED = ("__reduce_ex__", "__reduce__", "__getstate__", "__getnewargs_ex__", "__getnewargs__", "__getattribute__",
          "__getattr__", "__class__")       # what pickle asks an object or its class for
_ASKED_FOR_ELEMENTS = ("__iter__", "items")


@functools.cache
def _pickler() -> type:
    # Late: the first notebook imports its exercises before it can say what is not installed.
    import cloudpickle

    class Pickler(cloudpickle.Pickler):
        """Refuses objects that have a say in how they are pickled: that would run in the notebook's process."""

        def reducer_override(self, obj: Any) -> Any:
            kind = type(obj)
            asked = _defines(kind, _ASKED)
            if not asked and issubclass(kind, (list, dict)):
                asked = _defines(kind, _ASKED_FOR_ELEMENTS)
            if asked:
                raise _not_run(kind, asked)
            if kind is FunctionType and not is_library(obj.__code__):
                if _size(obj.__code__) > LONGEST:
                    raise CannotSend(f"the code of {bounds.words(obj.__name__, bounds.NAME)} is longer than "
                                     f"{LONGEST:,} bytes")
                for one in _reached(obj):   # cloudpickle looks for modules among them, and asks each what it is
                    if asked := _defines(type(one), _ASKED):
                        raise _not_run(type(one), asked)
            stand_in = _stand_in(obj)
            return super().reducer_override(obj) if stand_in is None else stand_in

    return Pickler


def _size(code: CodeType) -> int:
    return len(code.co_code) + sum(_size(constant) for constant in code.co_consts if isinstance(constant, CodeType))


def _not_run(kind: type, asked: str) -> CannotSend:
    return CannotSend(f"{bounds.name_of_type(kind)} defines {asked}, which is not run here")


def _reached(function: FunctionType) -> Iterator[Any]:
    """The values of the globals that a function reads, and of the variables from around it."""
    for name in _globals_in(function.__code__):
        if name in function.__globals__:
            yield function.__globals__[name]
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):           # not assigned yet
            yield cell.cell_contents


def _globals_in(code: CodeType) -> set[str]:
    found = {one.argval for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return found.union(*(_globals_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)))


def _defines(kind: type, names: tuple[str, ...]) -> str:
    """Which of these names a class has from the learner; "" if none."""
    for base in type.__dict__["__mro__"].__get__(kind):
        held = type.__dict__["__dict__"].__get__(base)
        for name in names:
            method = held.get(name)
            if type(method) is property:
                method = method.fget
            if type(method) is FunctionType and not is_library(method.__code__):
                return name
    return ""
