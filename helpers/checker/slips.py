"""What a mistyped name was probably meant to be: looked up where the exception was raised."""

from __future__ import annotations

import asyncio
import builtins
import difflib
import re
import sys
from collections.abc import Iterable
from types import FrameType, ModuleType
from typing import Any

ALIKE = 0.75                    # of 1: how much two names must have in common
SHORTEST = 3                    # letters of a name for which others are looked for


def similar_name(error: BaseException, frame: FrameType | None) -> str:
    """A name that is known there, and is like the one that was not found; "" if there is none.

    Of a module that was not imported it is "import time".
    """
    try:
        return _similar(error, frame)
    except BaseException:       # what is looked through is the learner's, and may do anything
        return ""


def _similar(error: BaseException, frame: FrameType | None) -> str:
    if isinstance(error, UnboundLocalError):
        return ""
    if isinstance(error, NameError) and frame is not None:
        name = error.name or _quoted(error)
        if name in asyncio.__all__:
            return f"asyncio.{name}"
        found = _nearest(name, [*frame.f_locals, *frame.f_globals, *vars(builtins)])
        return found or (f"import {name}" if name in sys.stdlib_module_names else "")
    if isinstance(error, AttributeError):
        name, thing = error.name or "", error.obj
        return _nearest(name, vars(thing) if isinstance(thing, ModuleType) else dir(thing))
    if isinstance(error, ImportError) and "cannot import name" in str(error):
        module: Any = sys.modules.get(error.name or "")
        return _nearest(_quoted(error), vars(module)) if module is not None else ""
    return ""


def _quoted(error: BaseException) -> str:
    found = re.search(r"'(\w+)'", str(error))
    return found.group(1) if found else ""


def _nearest(name: str, known: Iterable[Any]) -> str:
    if len(name) < SHORTEST:
        return ""
    names = [n for n in dict.fromkeys(known) if type(n) is str and n[:1] != "_" and n != name and len(n) <= 80]
    other_case = [known for known in names if known.lower() == name.lower()]
    return next(iter(other_case or difflib.get_close_matches(name, names[:2_000], n=1, cutoff=ALIKE)), "")
