"""What a program can reach: the objects that its coroutine, and the functions that it names, lead to.

`datetime.now` is another object each time it is looked up. So where a program has kept one, as the default of an
argument or the `default_factory` of a field, that one must be found. A search of all objects takes too long in a
notebook with a million of them; this one looks where the program can get to:

- from a coroutine to its variables and its function;
- from a function to its defaults, its closure, and what its code names: globals, and attributes of modules;
- from a class to its attributes and bases, from an object to whatever it refers to.

It is bounded: of a container it looks at the first elements, and it ends after so many objects: the learner's first,
then those of libraries, the nearest first. What Python's own modules name is left out. It does not see what is reached
by a name that is computed (`getattr(module, name)`), what is set in a context variable, and what C code keeps to
itself.
"""

from __future__ import annotations

import gc
import sys
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from itertools import islice
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from helpers.recorder.learners_code import is_library

FARTHEST = 2_000            # objects
OF_LIBRARIES = 200          # functions of libraries, of these
MOST_CODE = 10_000          # pieces of code whose names are remembered
WIDEST = 100                # elements of a container

_ATOMS = frozenset({int, float, complex, bool, str, bytes, bytearray, type(None), type(...), range, CodeType,
                    type(print), type(str.join), type(int.real), type(type.__call__), ModuleType, Context})
_PYTHONS_OWN = sys.stdlib_module_names - {"__main__"} | {"helpers"}
_CONTAINERS = frozenset({list, tuple, set, frozenset, deque})
_names: dict[CodeType, frozenset[str]] = {}


def reachable(roots: Iterable[Any], wanted: Callable[[Any], bool]) -> list[Any]:
    """The wanted ones among the objects that these lead to, the nearest first."""
    found, queue, later = [], deque(roots), deque[Any]()
    seen = {id(each): each for each in queue}           # kept, so that no id is given away meanwhile
    looked_into = 0                                     # functions of libraries
    while queue or (later and looked_into < OF_LIBRARIES):
        looked_into += not queue
        thing = (queue or later).popleft()
        for each in _leads_to(thing):
            if id(each) in seen:
                continue
            if wanted(each):
                seen[id(each)] = each
                found.append(each)
            elif type(each) not in _ATOMS:
                seen[id(each)] = each
                if len(seen) > FARTHEST:
                    return found
                (later if type(each) is FunctionType and is_library(each.__code__) else queue).append(each)
    return found


def _leads_to(thing: Any) -> Iterable[Any]:
    kind = type(thing)
    if kind is FunctionType:
        return _of_function(thing)
    if kind is CellType:
        try:
            return (thing.cell_contents,)
        except ValueError:              # it is empty
            return ()
    try:
        if kind is dict:
            return [*islice(thing.values(), WIDEST), *islice(thing, WIDEST)]
        if kind in _CONTAINERS:
            return list(islice(thing, WIDEST))
    except RuntimeError:                # another thread is changing it
        return ()
    if issubclass(kind, AbstractEventLoop):             # it leads to everything, and keeps nothing of the program's
        return ()
    if issubclass(kind, type):
        return [*type.__dict__["__dict__"].__get__(thing).values(), *type.__dict__["__bases__"].__get__(thing)]
    return gc.get_referents(thing)[:WIDEST]


def _of_function(function: FunctionType) -> Iterator[Any]:
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from function.__closure__ or ()
    yield from vars(function).values()
    home = function.__globals__.get("__name__")
    if isinstance(home, str) and home.partition(".")[0] in _PYTHONS_OWN:
        return
    names = _named_in(function.__code__)
    spaces = [function.__globals__]
    # An imported module may be named in the function alone; an attribute of a module may be a module again.
    spaces += [vars(module) for name in names if issubclass(type(module := sys.modules.get(name)), ModuleType)]
    looked_at = set()
    while spaces:
        space = spaces.pop()
        if id(space) in looked_at:
            continue
        looked_at.add(id(space))
        for name in names:
            if name in space:
                value = space[name]
                yield value
                if issubclass(type(value), ModuleType):
                    spaces.append(vars(value))


def _named_in(code: CodeType) -> frozenset[str]:
    """The names in a piece of code, and in the functions that are defined in it."""
    found = _names.get(code)
    if found is None:
        inner = [_named_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
        if len(_names) > MOST_CODE:
            _names.clear()
        found = _names[code] = frozenset(code.co_names).union(*inner)
    return found
