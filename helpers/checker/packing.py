"""Pack an answer for the process in which it will run.

Functions and classes that were made in the notebook travel by value, together with the globals that
they use (cloudpickle does that); what can be imported travels as its name. What cannot travel is an
error that says which name of the notebook it is.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from helpers.recorder.learners_code import is_library
from helpers.words import clip, error_in_words, first_line

LARGEST = 16_000_000            # bytes that an answer may have, with the globals that it uses


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
        raise CannotSend(clip(first_line(error_in_words(error)), 200)) from None
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


class _Limited(io.BytesIO):
    """Bytes in memory, but not too many."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > LARGEST:
            raise CannotSend(f"it is larger than {LARGEST // 1_000_000} MB")
        return super().write(data)


@functools.cache
def _pickler() -> type:
    # Late: the first notebook imports its exercises before it can say what is not installed.
    import cloudpickle

    class Pickler(cloudpickle.Pickler):
        """Refuses objects that bring their own way of being pickled: it would run in the notebook's process."""

        def reducer_override(self, obj: Any) -> Any:
            for base in type(obj).__mro__:
                for name in ("__reduce_ex__", "__reduce__", "__getstate__", "__getnewargs_ex__", "__getnewargs__"):
                    method = base.__dict__.get(name)
                    if isinstance(method, FunctionType) and not is_library(method.__code__):
                        raise CannotSend(f"{type(obj).__name__} defines {name}, which is not run here")
            return super().reducer_override(obj)

    return Pickler
