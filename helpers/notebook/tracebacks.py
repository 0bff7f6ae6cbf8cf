"""Which frames of a traceback a notebook shows.

Two kinds of errors, two rules:

* An error that ends a cell is shown by IPython, in its own way. Hidden are only the frames of this package, those of
  libraries that it has called, down to the next frame of the learner's, and those of asyncio right above it: what lies
  between two lines of the learner's, or below the last one, because a run was recorded, or an argument was refused. So
  an error of `json.loads`, called by the learner, keeps the frames of `json`, recorded or not. If no line of the
  learner's is left of an error, it keeps all its frames. `%tb` and `%debug` always have all.
* Groups, stopped cells, and errors that no cell ends with (`show_error`, a task that nobody awaits) are written here,
  as text, with the learner's own frames and no others.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from helpers.notebook import ipython_internals as internals
from helpers.recorder.learners_code import is_asyncios, is_courses, is_learners, is_library_file

# -- shown by IPython -------------------------------------------------------------------------------


@contextlib.contextmanager
def own_frames_hidden(error: BaseException) -> Iterator[None]:
    """Within the block, the tracebacks of the error, its causes and contexts are without the frames to hide."""
    whole = [(each, each.__traceback__) for each in chain(error)]
    try:
        for each, trace in whole:
            each.__traceback__ = without_own_frames(trace)
        yield
    finally:
        for each, trace in whole:
            each.__traceback__ = trace


def without_own_frames(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames to hide: see above. The given one is not changed."""
    all_entries = list(entries(trace))
    shown: list[TracebackType] = []
    called_by_us = False                    # nothing of the learner's has come since a frame of this package
    for entry in all_entries:
        if is_courses(entry.tb_frame):
            called_by_us = True
            while shown and is_asyncios(shown[-1].tb_frame):
                shown.pop()
        elif is_learners(entry.tb_frame):
            called_by_us = False
            shown.append(entry)
        elif not called_by_us:
            shown.append(entry)
    if len(shown) == len(all_entries) or not any(is_learners(entry.tb_frame) for entry in shown):
        return trace
    linked = None
    for entry in reversed(shown):
        linked = TracebackType(linked, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return linked


def entries(trace: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback, outermost first."""
    while trace is not None:
        yield trace
        trace = trace.tb_next


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it came from, directly or not; each once."""
    seen: set[int] = set()
    left = [error]
    while left:
        each = left.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            left += [each.__cause__, each.__context__]


# -- written here -----------------------------------------------------------------------------------


def format_error(error: BaseException, ip: Any = None) -> str:
    """The traceback of an error, its group members and causes, with the learner's own frames only."""
    told = traceback.TracebackException(type(error), error, error.__traceback__)
    for part in _parts(told):
        part.stack = _Frames(
            frame for frame in part.stack if is_learners_file(frame.filename, ip)
        ).named(ip)
    return "".join(told.format())


class _Frames(traceback.StackSummary):
    """A stack that is printed as IPython prints it, `Cell In[3], line 2, in main`, and alike on every Python."""

    ip: Any = None

    def named(self, ip: Any) -> _Frames:
        self.ip = ip
        return self

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **kwargs: Any) -> str:
        file, name, line = frame_summary.filename, frame_summary.name, frame_summary.line
        where = internals.cell_name(self.ip, file) or f'File "{file}"'
        inside = "" if name == "<module>" else f", in {name}"
        source = f"    {line}\n" if line else ""
        return f"  {where}, line {frame_summary.lineno}{inside}\n{source}"


def _parts(told: traceback.TracebackException | None) -> Iterator[traceback.TracebackException]:
    if told is not None:
        yield told
        for part in (told.__cause__, told.__context__, *(told.exceptions or ())):
            yield from _parts(part)


def is_learners_file(filename: str, ip: Any) -> bool:
    """Whether a file is the learner's: a cell, or a module outside the standard library, the packages and this one."""
    if internals.cell_name(ip, filename) is not None:
        return True
    return not filename.startswith("<") and not is_library_file(filename)
