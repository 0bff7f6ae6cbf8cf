"""What the extension needs of IPython and of its kernel, and what neither promises to keep: all of it, in one place.

Without one of these names an error of the learner's would be shown twice, or never. So they are looked up when the
extension is loaded, and if one is missing `%load_ext helpers` says so.
"""

from __future__ import annotations

import asyncio
import os
from types import FrameType, TracebackType
from typing import Any

import IPython

NEEDED = (
    "custom_exceptions", "CustomTB", "run_ast_nodes", "run_code", "run_cell_async", "showsyntaxerror",
    "showindentationerror", "_get_exc_info", "_showtraceback", "find_line_magic", "register_magic_function",
)
NEEDED_OF_COMPILER = "format_code_name"
NEEDED_OF_KERNEL = "_last_traceback"

# The packages that a kernel is made of.
KERNEL = frozenset({"IPython", "ipykernel", "jupyter_client", "tornado", "zmq"})

# The errors for which IPython says that a cell is no program, if they come from its compiler.
NO_PROGRAM = (SyntaxError, OverflowError, ValueError, TypeError, MemoryError)


class UnknownIPython(RuntimeError):
    """This IPython is not as the extension knows it."""


def check(ip: Any) -> None:
    """Raise UnknownIPython, which names what is missing, if the shell is not as it is known here."""
    missing = [f"InteractiveShell.{name}" for name in NEEDED if not hasattr(ip, name)]
    if not hasattr(ip.compile, NEEDED_OF_COMPILER):
        missing.append(f"InteractiveShell.compile.{NEEDED_OF_COMPILER}")
    if hasattr(ip, "kernel") and not hasattr(ip, NEEDED_OF_KERNEL) and not _sets_last_traceback(type(ip)):
        missing.append(f"ZMQInteractiveShell.{NEEDED_OF_KERNEL}")
    if missing:
        raise UnknownIPython(
            f"%load_ext helpers does not know IPython {IPython.__version__}: it has no {', no '.join(missing)}. "
            "Install the versions that the course was tested with: pip install -r requirements.txt"
        )


def _sets_last_traceback(kind: type) -> bool:
    """Whether the shell of a kernel keeps its last traceback: it has none before an error, if its first cell awaits."""
    code = getattr(getattr(kind, "_showtraceback", None), "__code__", None)
    return code is not None and NEEDED_OF_KERNEL in code.co_names


def forget_last_traceback(ip: Any) -> None:
    """Forget the traceback that the kernel would send with its next reply."""
    ip._last_traceback = None


def load_quietly(ip: Any, name: str) -> Any:
    """Have `%load_ext name` say nothing if the extension is loaded already, as in a setup cell that is run again.

    Gives IPython's own `%load_ext`, for `speak_of_loading`.
    """
    own = ip.find_line_magic("load_ext")

    def load_ext(line: str) -> Any:
        return None if line.strip() == name and name in ip.extension_manager.loaded else own(line)

    load_ext.__doc__ = own.__doc__
    ip.register_magic_function(load_ext, "line", "load_ext")
    return own


def speak_of_loading(ip: Any, own: Any) -> None:
    """Give `%load_ext` back."""
    ip.register_magic_function(own, "line", "load_ext")


def keep_for_debugger(ip: Any, error: BaseException, trace: TracebackType | None) -> None:
    """Keep an error, with all of its traceback, for %debug and %tb."""
    ip._get_exc_info((type(error), error, trace))


def show_text(ip: Any, error: BaseException, trace: TracebackType | None, text: str) -> None:
    """Show an error with this text for its traceback, and keep it for %debug and %tb."""
    keep_for_debugger(ip, error, trace)
    ip._showtraceback(type(error), error, text.rstrip("\n").split("\n"))


def took_for_command(ip: Any, error: BaseException, name: str = "run") -> bool:
    """Whether an error is that of IPython's command %run, for which it has taken a cell with the word `run` alone.

    It does so if no variable has that name, as after a cell that was stopped before it had a value.
    """
    return (type(error) is Exception and str(error).startswith("you must provide at least a filename")
            and name not in ip.user_ns)


def is_no_program(ip: Any, error: BaseException, trace: TracebackType | None) -> bool:
    """Whether an error that ended a cell is the compiler's, which has not let it begin."""
    while trace is not None:
        if runs_cell(ip, trace.tb_frame):
            return False
        trace = trace.tb_next
    return isinstance(error, NO_PROGRAM)


def runs_cell(ip: Any, frame: FrameType) -> bool:
    """Whether this is the function of IPython that runs the code of a cell, and catches what it raises."""
    return frame.f_code is type(ip).run_code.__code__


def runs_statements(ip: Any, frame: FrameType) -> bool:
    """Whether this is the function of IPython that runs the statements of a cell one by one, and catches what comes."""
    return frame.f_code is type(ip).run_ast_nodes.__code__


def runs_awaiting_cell(ip: Any, task: asyncio.Task[Any] | None) -> bool:
    """Whether a task is the one that the kernel has made for a cell that awaits; others run in a task of its own."""
    code = getattr(task and task.get_coro(), "cr_code", None)
    return code is not None and code is type(ip).run_cell_async.__code__


def is_of_kernel(task: asyncio.Task[Any]) -> bool:
    """Whether a task runs a coroutine of the packages that a kernel is made of."""
    code = getattr(task.get_coro(), "cr_code", None)
    folders = () if code is None else os.path.normpath(code.co_filename).split(os.sep)
    return not KERNEL.isdisjoint(folders)


def cell_name(ip: Any, filename: str) -> str | None:
    """ "Cell In[3]" for the file name that IPython gave to a cell, else None."""
    named = ip.compile.format_code_name(filename) if ip is not None else None
    return " ".join(named) if named else None
