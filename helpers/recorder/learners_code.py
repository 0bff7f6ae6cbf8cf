"""Which code is the learner's, and which is Python's, an installed package's or this package's own.

A file belongs to a library if it lies in one of Python's folders, or in that of `helpers`. Everything else is the
learner's: a script, a module beside it, the cells of a notebook.
"""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
from functools import cache
from types import CodeType, FrameType
from typing import NamedTuple

from helpers.recorder.library_waits import KINDS, key_of
from helpers.recording import Place


def _folder(path: str) -> str:
    return os.path.join(os.path.normcase(os.path.realpath(path)), "")


_COURSE = _folder(os.path.dirname(os.path.dirname(__file__)))
_FOLDERS = tuple({
    _folder(os.path.dirname(os.__file__)),
    *(_folder(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
    _COURSE,
})


def is_library_file(name: str) -> bool:
    """Whether a file is Python's, an installed package's or this one's. Cells of a notebook are not."""
    if name.endswith((".pyx", ".pxd", ".pxi")):     # Cython names the file, and not its folder
        return True
    return name.startswith("<frozen") or os.path.normcase(os.path.realpath(name)).startswith(_FOLDERS)


@cache
def library_name(file: str) -> str:
    """The package or module to which a library's file belongs: "asyncio", "aiohttp"; "" if it is none's.

    Files of `helpers` are nobody's here: what the course itself has in a program stands in for the learner's.
    """
    if file.startswith("<frozen"):
        return file.strip("<>").removeprefix("frozen").strip().partition(".")[0]
    path = os.path.normcase(os.path.realpath(file))
    inside = [folder for folder in _FOLDERS if path.startswith(folder)]
    if not inside or path.startswith(_COURSE):
        return ""
    first = path.removeprefix(max(inside, key=len)).split(os.sep)[0]
    return first.removesuffix(".py")


def installed_package(file: str) -> str:
    """The same, if it is neither the learner's nor Python's own, as "aiohttp"; else ""."""
    name = library_name(file)
    return "" if name in sys.stdlib_module_names else name


class Known(NamedTuple):
    """What is known of a piece of code.

    kind     what a wait inside of it is called; None if it has no name
    library  whether it is a library's
    code     the code itself: while it is kept, no other can have its id
    """

    kind: str | None
    library: bool
    code: CodeType


known: dict[int, Known] = {}            # id(code) -> what is known of it


def learn(code: CodeType) -> Known:
    """Find out whose code this is, and remember it. `known.get(id(code)) or learn(code)` does so once."""
    library = is_library_file(code.co_filename)
    found = known[id(code)] = Known(KINDS.get(key_of(code)) if library else None, library, code)
    return found


def is_library(code: CodeType) -> bool:
    """Whether code belongs to Python, to an installed package or to this one, and not to the learner."""
    return (known.get(id(code)) or learn(code)).library


def _file_of(frame: FrameType) -> str:
    """The file of a frame; for code without one, as what `dataclass` makes of a class, that of its module, if known."""
    name = frame.f_code.co_filename
    of_module = frame.f_globals.get("__file__") if name.startswith("<") else None
    return of_module if isinstance(of_module, str) and is_library_file(of_module) else name


def is_learners(frame: FrameType) -> bool:
    """Whether a frame runs what the learner wrote."""
    return not is_library(frame.f_code) and not is_library_file(_file_of(frame))


def is_courses(frame: FrameType) -> bool:
    """Whether a frame runs this package's code."""
    return os.path.normcase(os.path.realpath(_file_of(frame))).startswith(_COURSE)


def is_asyncios(frame: FrameType) -> bool:
    """Whether a frame runs asyncio's code."""
    return library_name(_file_of(frame)) == "asyncio"


def frames_of_threads() -> dict[int, FrameType]:
    """What each thread is executing, by the number of the thread.

    No garbage is collected meanwhile. `sys._current_frames()` holds a lock of the interpreter, and if what it allocates
    starts a collection, a finalizer that lets another thread run waits for that lock for ever (seen on Python 3.11.7).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        if collects:
            gc.enable()


def learners_place(frame: FrameType | None) -> Place | None:
    """The innermost line on a thread's stack that the learner wrote, from the given frame outwards."""
    while frame is not None:
        if is_learners(frame):
            return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    return None


def place_of_error(error: BaseException) -> Place | None:
    """The innermost line of the learner's that an exception came through."""
    place, trace = None, error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not is_library(code):
            place = Place(code.co_filename, trace.tb_lineno, code.co_name)
        trace = trace.tb_next
    return place
