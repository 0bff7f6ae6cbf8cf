"""Have a builtin function call another one for a while, wherever somebody keeps it.

A name in a module can be given another value. But a program also keeps `time.perf_counter` as the default of an
argument, in a `functools.partial`, as an attribute, in a list: nobody can find all such places, and some cannot be
changed. So it is the function itself that is changed. A builtin function is an object that says where its C function
is, and what that gets as its first argument; both are exchanged in it here, and put back. It stays the same object, and
its type, name and module stay what they are; only its hash differs meanwhile.

- `Detour` does it to a function: it is an object of its own.
- `ClassDetour` does it to a class method, such as `datetime.now`. Each look-up makes a new function of that, so what
  the class has under this name is exchanged. A function that was looked up before is one for a `Detour`.

How such objects lie in memory is private to CPython. It is the same from Python 3.11 to 3.15, and is checked for every
function, before anything is changed; if it is otherwise, `import helpers` ends with an error that says so. The layout
is that of `PyCFunctionObject`, `PyMethodDescrObject` (Include/cpython/methodobject.h, descrobject.h) and `PyMethodDef`.
The idea to change the function and not its names is that of Adam Johnson's time-machine.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from ctypes import Structure, addressof, c_char, c_int, c_void_p, cast, py_object, pythonapi, sizeof
from types import BuiltinFunctionType, ClassMethodDescriptorType, ModuleType
from typing import Any

from helpers.recorder.asyncio_internals import unknown_python

_HEAD = object.__basicsize__            # bytes of what every object begins with
_VARARGS, _KEYWORDS = 1, 2              # flags of a PyMethodDef


class _Definition(Structure):
    """A PyMethodDef."""

    _fields_ = (("name", c_void_p), ("function", c_void_p), ("flags", c_int), ("doc", c_void_p))


class _Body(Structure):
    """A builtin function, without the head."""

    _fields_ = (("definition", c_void_p), ("owner", c_void_p), ("module", c_void_p), ("weak", c_void_p),
                ("vectorcall", c_void_p))


class _ClassMethod(Structure):
    """A class method of a class that is written in C, without the head."""

    _fields_ = (("type", c_void_p), ("name", c_void_p), ("qualname", c_void_p), ("definition", c_void_p))


_CALL: int = cast(pythonapi.PyObject_Call, c_void_p).value or 0
_new_function: Any = ctypes.PYFUNCTYPE(py_object, c_void_p, py_object, py_object)(("PyCFunction_NewEx", pythonapi))
_take: Any = ctypes.PYFUNCTYPE(None, py_object)(("Py_IncRef", pythonapi))
_give_back: Any = ctypes.PYFUNCTYPE(None, py_object)(("Py_DecRef", pythonapi))
_type_modified: Any = ctypes.PYFUNCTYPE(None, py_object)(("PyType_Modified", pythonapi))


def keep_for_ever(thing: Any) -> None:
    """Have Python never throw an object away, not even at its end."""
    _take(thing)


def _definition(address: int | None, name: str) -> _Definition:
    """The definition there, if it is one of that name."""
    if address:
        found = _Definition.from_address(address)
        if found.name and ctypes.string_at(found.name) == name.encode():
            return found
    raise unknown_python(f"the definition of {name} was not found in memory", "cannot set the clocks of")


class Detour:
    """A builtin function, and the function that it calls between `open` and `close`.

    builtin   such as `time.sleep`
    function  is called with the module, or what stands for it, and then the arguments
    real      what the builtin function does otherwise, as another object, which is never changed
    """

    def __init__(self, builtin: BuiltinFunctionType, function: Callable[..., Any]) -> None:
        owner, name = builtin.__self__, builtin.__name__
        body = self._body_of(builtin)
        if type(builtin).__basicsize__ < _HEAD + sizeof(_Body) or body.owner != id(owner):
            raise unknown_python(f"the function {name} lies otherwise in memory", "cannot set the clocks of")
        definition = _definition(body.definition, name)
        self.builtin = builtin
        self.real = _new_function(body.definition, owner, builtin.__module__)
        # A module, as the owner of the original is: so the function is still shown, and pickled, by its name.
        self._stand_in = type("module", (ModuleType,), {"__call__": function})(builtin.__module__ or "builtins")
        self._definition = _Definition(definition.name, _CALL, _VARARGS | _KEYWORDS, definition.doc)
        self._before = (body.definition, body.owner, body.vectorcall)
        self._is_open = False

    @staticmethod
    def _body_of(builtin: Any) -> _Body:
        return _Body.from_address(id(builtin) + _HEAD)

    def open(self) -> None:
        """From now on the builtin function calls the other."""
        if self._is_open:
            return
        _take(self._stand_in)                   # the reference that the changed function has
        self._is_open = True
        self._write(addressof(self._definition), id(self._stand_in), None)      # without a vectorcall it is called so

    def close(self) -> None:
        """Put everything back."""
        if not self._is_open:
            return
        self._write(*self._before)
        self._is_open = False
        _give_back(self._stand_in)

    def _write(self, definition: int | None, owner: int | None, vectorcall: int | None) -> None:
        # In one go: another thread must not find one half changed. All of this holds the interpreter's lock.
        body = self._body_of(self.builtin)
        new = bytes(_Body(definition, owner, body.module, body.weak, vectorcall))
        (c_char * sizeof(_Body)).from_address(addressof(body)).raw = new


class ClassDetour:
    """A class method of a class that is written in C, and the function that it calls between `open` and `close`.

    function  is called with the class, and then the arguments
    """

    def __init__(self, owner: type, name: str, function: Callable[..., Any]) -> None:
        self.owner, self.name = owner, name
        self._method = vars(owner)[name]
        if type(self._method) is not ClassMethodDescriptorType:
            raise unknown_python(f"{owner.__name__}.{name} is not written in C", "cannot set the clocks of")
        method = _ClassMethod.from_address(id(self._method) + _HEAD)
        if method.type != id(owner):
            raise unknown_python(f"{owner.__name__}.{name} lies otherwise in memory", "cannot set the clocks of")
        self._definition = _definition(method.definition, name)
        spaces = [each for each in gc.get_referents(vars(owner)) if type(each) is dict]
        if len(spaces) != 1 or spaces[0].get(name) is not self._method:
            raise unknown_python(f"the names of {owner.__name__} were not found", "cannot set the clocks of")
        self._names = spaces[0]
        self.function = function
        self._replacement = classmethod(function)

    def real(self, cls: type) -> Any:
        """What the class method of that class does otherwise."""
        return _new_function(addressof(self._definition), cls, None)

    def kept(self, builtin: BuiltinFunctionType) -> Detour:
        """A detour for a function that was looked up before."""
        cls, function = builtin.__self__, self.function

        def call(module: ModuleType, /, *arguments: Any, **named: Any) -> Any:
            return function(cls, *arguments, **named)

        return Detour(builtin, call)

    def open(self) -> None:
        """From now on the class method calls the other function."""
        self._names[self.name] = self._replacement
        _type_modified(self.owner)

    def close(self) -> None:
        """Put everything back."""
        self._names[self.name] = self._method
        _type_modified(self.owner)
