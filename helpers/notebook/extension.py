"""What `%load_ext helpers` installs: a notebook in which no asynchronous error stays hidden.

Out of the box a Jupyter kernel has three holes, and this extension closes them:

* An uncaught `ExceptionGroup`, so every error that leaves a `TaskGroup`, is printed to stderr instead of
  being sent as an error, and the first one of a kernel leaves its cell running for ever. Here it is an error
  like any other, with a traceback of the learner's own lines.
* The error of a task that nobody awaits is logged under no cell. Here it appears, in words, in the cell that is
  running, or else in the one that ran last.
* The stop button does nothing while the cell awaits, until the loop happens to wake (ipython/ipykernel#881: the
  handler of the signal asks for a callback on the loop, but does not wake it). Here the handler also calls
  `loop.call_soon_threadsafe`, which wakes it: the way that `asyncio.Runner` does it.

With a cell it stops what the cell has begun (`cells.py`), and the error of a stopped cell says where its tasks stood.
`asyncio.all_tasks()`, asked by a cell, leaves out the tasks in which the kernel runs the cells (`own_tasks.py`): a cell
that cancels all there are, and waits for them, would be the end of the kernel. So would `loop.stop()`: it is an error.

Limits. A failed task is noticed early only if it is still pending when a cell ends, or if a variable of the
notebook, or `Out`, refers to it; one that is kept alive in a list, say, is reported when the list goes. A stop is
`asyncio.CancelledError` in a task, and in the cell's own code if that awaits; code that catches it runs on. The second
stop of a cell is `KeyboardInterrupt` in its own code, wherever that waits, and once more `CancelledError` in its tasks.

A plain IPython terminal needs none of this; loaded there, it shortens the tracebacks of groups and of Ctrl-C.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, cast

from helpers.notebook import ipython_internals as internals
from helpers.notebook import own_tasks
from helpers.notebook.cells import CELL, Cell
from helpers.notebook.first_guesses import add_advice
from helpers.notebook.forgotten import Forgotten
from helpers.notebook.tracebacks import format_error, is_learners_file, own_frames_hidden
from helpers.recorder import record
from helpers.recorder.asyncio_internals import Future, get_running_loop
from helpers.recorder.names import task_name

STOPPED = "stopped"         # what the error of a stopped cell says

def load_ipython_extension(ip: Any) -> None:
    """`%load_ext helpers` calls this with the running shell. Loading twice is harmless.

    Raises UnknownIPython if this IPython lacks something that is needed.
    """
    global _loaded
    if _loaded is not None and _loaded.ip is ip:
        return
    internals.check(ip)
    unload_ipython_extension(_loaded and _loaded.ip)
    _loaded = Extension(ip)


def unload_ipython_extension(ip: Any) -> None:
    """`%unload_ext helpers` calls this: puts everything back as it was. Without effect if nothing is loaded."""
    global _loaded
    if _loaded is not None and _loaded.ip is ip:
        _loaded.remove()
        _loaded = None


class Extension:
    """The extension at work in one shell."""

    def __init__(self, ip: Any) -> None:
        self.ip = ip
        self.loop = get_running_loop()
        self.stop: KeyboardInterrupt | None = None          # set when the current cell was stopped
        self.cell: Cell | None = None                       # the current one
        self.nested = 0                                     # cells that the current one runs
        self.context = contextvars.copy_context()           # of the current cell: says where text goes to
        self.old_errors = (ip.custom_exceptions, ip.CustomTB)
        ip.set_custom_exc((BaseException,), lambda shell, *error, tb_offset=None: self.show(*error))
        ip.events.register("pre_run_cell", self.cell_begins)
        ip.events.register("post_run_cell", self.cell_ends)
        self.forgotten = Forgotten(ip, self.say)
        self.load_ext = internals.load_quietly(ip, "helpers")
        self.log = _Log(self)
        if self.loop is not None:
            self.old_handler = self.loop.get_exception_handler()
            self.loop.set_exception_handler(self.unhandled)
            logging.getLogger("asyncio").addHandler(self.log)
            own_tasks.install(self.loop)
        self.cell_begins()

    def remove(self) -> None:
        """Take everything out again, but for what somebody else has put over it since."""
        ip = self.ip
        ip.custom_exceptions, ip.CustomTB = self.old_errors
        ip.events.unregister("pre_run_cell", self.cell_begins)
        ip.events.unregister("post_run_cell", self.cell_ends)
        self.forgotten.remove()
        logging.getLogger("asyncio").removeHandler(self.log)
        if self.loop is not None and self.loop.get_exception_handler() == self.unhandled:
            self.loop.set_exception_handler(self.old_handler)
        internals.speak_of_loading(ip, self.load_ext)
        own_tasks.remove()
        for task in self.pending():
            task.remove_done_callback(self.finished)
        handler = _sigint()
        if isinstance(handler, _Stop):
            signal.signal(signal.SIGINT, handler.kernels)

    # -- around every cell ----------------------------------------------------------------------

    def cell_begins(self, info: Any = None) -> None:
        if self.cell is not None and self.cell.task is not None and CELL.get() is self.cell:
            self.nested += 1                                # the cell runs another one
            return
        self.stop = None
        self.context = contextvars.copy_context()
        # The kernel forgets to reset this for cells that await: without it the first error that is not
        # shown the usual way leaves the cell without a reply, a later one repeats the traceback before.
        internals.forget_last_traceback(self.ip)
        self.replace_handler()
        loop = get_running_loop()
        if loop is not None:
            task = asyncio.current_task(loop)
            self.cell = Cell(loop, task) if internals.runs_awaiting_cell(self.ip, task) else Cell(loop, None, task)
            CELL.set(self.cell)

    def replace_handler(self) -> None:
        """Put the extension's handler of the stop button over the kernel's, which is there only while a cell awaits."""
        handler, loop = _sigint(), get_running_loop()
        if loop is None or threading.current_thread() is not threading.main_thread():
            return
        if callable(handler) and handler is not signal.default_int_handler and not isinstance(handler, _Stop):
            signal.signal(signal.SIGINT, _Stop(self, handler))

    def cell_ends(self, result: Any = None) -> None:
        if self.nested:
            self.nested -= 1
            return
        if self.cell is not None:
            self.cell.end()
            if CELL.get() is self.cell:                     # it ran in the kernel's own context, which is kept
                CELL.set(None)
            # "before": the stop came between two statements of the cell
            errors = () if result is None else (result.error_in_exec, result.error_before_exec)
            if any(isinstance(error, KeyboardInterrupt) for error in errors):
                self.cell.cancel_tasks()
        if self.stop is not None and result is not None and _is_of_stop(result.error_in_exec):
            result.error_in_exec = self.stop                # the kernel's reply names the same error as the output
        for value in list(self.ip.user_ns.values()):
            if issubclass(type(value), asyncio.Future):     # isinstance() would ask the value, which may be anything
                self.report(value)
        for task in self.pending():
            task.remove_done_callback(self.finished)
            task.add_done_callback(self.finished)
        if result is not None:
            self.forgotten.cell_ends(result.result, result.error_in_exec)

    def pending(self) -> set[asyncio.Task[Any]]:
        return set() if self.loop is None else asyncio.all_tasks(self.loop)

    # -- errors of the cell ---------------------------------------------------------------------

    def show(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Show the error that ended the cell; those that IPython shows well are left to it."""
        if self.stop is not None and _is_of_stop(error):
            for note in getattr(error, "__notes__", ()):
                self.stop.add_note(note)
            error = self.stop.with_traceback(trace)
        if isinstance(error, KeyboardInterrupt):
            self.complete(error)
        if internals.took_for_command(self.ip, error):
            error.add_note("There is no variable run, so IPython has taken the word for its own command %run.")
            if getattr(record, "stopped", None) is not None:
                error.add_note("The recording of the run that was stopped is record.stopped.")
        if internals.is_no_program(self.ip, error, trace):
            # The line alone: nothing has run that could be traced.
            indented = isinstance(error, IndentationError)
            (self.ip.showindentationerror if indented else self.ip.showsyntaxerror)()
            return
        add_advice(error)
        if isinstance(error, KeyboardInterrupt) or _holds_group(error):
            internals.show_text(self.ip, error, trace, format_error(error, self.ip))
        else:
            with own_frames_hidden(error):
                self.ip.showtraceback((kind, error, error.__traceback__), running_compiled_code=True)
            internals.keep_for_debugger(self.ip, error, trace)

    def complete(self, stop: KeyboardInterrupt) -> None:
        """Add to the error of a stopped cell what it does not say yet of what was recorded, and how to see that."""
        if self.cell is not None:
            for note in self.cell.untold(getattr(stop, "__notes__", ())):
                stop.add_note(note)
        notes = "\n".join(getattr(stop, "__notes__", ()))
        for call in ("record", "simulate"):
            if f"\n{call}.stopped is the recording" in notes:
                stop.add_note(f"Write {call}.stopped in a cell to see the recording.")
        if isinstance(stop.__context__, asyncio.CancelledError):
            stop.__suppress_context__ = True                # that was the first stop, which was not heeded

    # -- errors of tasks that nobody awaits -----------------------------------------------------

    def finished(self, task: asyncio.Task[Any]) -> None:
        """Called when a task ends that outlived its cell."""
        # Whoever awaits it learns of its end in this turn of the loop, and takes the error in the next one.
        task.get_loop().call_soon(lambda: task.get_loop().call_soon(self.report, task))

    def report(self, future: asyncio.Future[Any]) -> None:
        """Say that a future has failed, if it has and nobody has asked for the error; once."""
        # There is no public way to ask whether the error was fetched.
        if not future.done() or future.cancelled() or not cast(Future, future)._log_traceback:
            return
        error = future.exception()                          # fetched: asyncio will not report it a second time
        assert error is not None
        self.say(f"{_name(future)} failed, and nobody has awaited it:\n{format_error(error, self.ip)}")

    def unhandled(self, loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        """What asyncio calls with an error that it cannot hand to anybody."""
        if self.stop is not None and isinstance(details.get("exception"), asyncio.CancelledError):
            return                                          # of a callback that was stopped
        message = details.get("message") or "Unhandled exception in the event loop"
        future = details.get("task") or details.get("future")
        error = details.get("exception")
        lines = [message]
        if future is not None and error is not None:
            lines.append(f"{_name(future)} failed, and nobody awaited it before it was thrown away:")
        elif isinstance(future, asyncio.Task):
            lines.append(f"{_name(future)} was thrown away before its end: nobody kept a reference to it.")
        if error is not None:
            lines.append(format_error(error, self.ip).rstrip("\n"))
        self.say("\n".join(lines))

    def say(self, text: str) -> None:
        """Write to stderr, in the current cell's output. A copy of the context: this may be called while it is used."""
        self.context.copy().run(print, text.rstrip("\n"), file=sys.stderr, flush=True)


class _Stop:
    """Handler of SIGINT while a cell awaits: does what the kernel's does, and more, at once.

    It may outlive its cell: a program that sets a handler of its own, such as a server, puts this one back later.
    """

    def __init__(self, extension: Extension, kernels: Any) -> None:
        self.extension, self.kernels = extension, kernels

    def __call__(self, number: int, frame: FrameType | None) -> None:
        extension, cell = self.extension, self.extension.cell
        if cell is None or cell.task is None:               # it has outlived the cell
            self.kernels(number, frame)
            return
        extension.stop = stop = KeyboardInterrupt(STOPPED)
        try:
            where = cell.standings(frame)
        except Exception as problem:                        # it must not come out in the middle of the program
            where = f"\n  - not known ({type(problem).__name__}: {problem})"
        if where:
            stop.add_note(f"Where each task of the cell stood:{where}")
        held_by = self.who_holds_the_loop(cell, frame)
        if held_by == "cell":
            cell.stop(stop, None, cancel=False)
            raise stop
        if held_by == "":
            cell.stop(stop, None, cancel=True)
            return
        cell.stop(stop, asyncio.current_task(cell.loop), cancel=True)
        raise asyncio.CancelledError(STOPPED)

    def who_holds_the_loop(self, cell: Cell, frame: FrameType | None) -> str:
        """ "cell", "task" or "callback" if the interrupted code is the learner's, where an exception does no harm.

        Else "". An exception must not come out of the loop, nor end a task of the kernel: either would be the kernel's
        end. Around the cell's own code, IPython catches everything; a task swallows a CancelledError, and the loop one
        that comes from a callback.
        """
        is_learners = False
        while frame is not None:
            if internals.runs_cell(self.extension.ip, frame):
                return "cell" if is_learners else ""        # or IPython shows an error
            if internals.runs_statements(self.extension.ip, frame):
                return "cell"                               # between two statements of the cell
            is_learners = is_learners or is_learners_file(frame.f_code.co_filename, self.extension.ip)
            frame = frame.f_back
        task = asyncio.current_task(cell.loop)
        if not is_learners or task is cell.task:
            return ""
        made_by_cell = CELL.get() is not None       # a handler of a signal runs in the context that it interrupts
        if task is None:
            return "callback" if made_by_cell else ""
        code = getattr(task.get_coro(), "cr_code", None)
        made_by_cell = made_by_cell or (code is not None and is_learners_file(code.co_filename, self.extension.ip))
        return "task" if made_by_cell else ""


class _Log(logging.Handler):
    """Sends what asyncio logs to the current cell; what other loops cannot hand to anybody is logged, too."""

    def __init__(self, extension: Extension) -> None:
        super().__init__(logging.WARNING)
        self.extension = extension

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:                # else the learner has logging set up, and sees it there
            error = record.exc_info[1] if record.exc_info else None
            trace = f"\n{format_error(error, self.extension.ip)}" if error is not None else ""
            self.extension.say(record.getMessage() + trace)


# -- what an error is, and whose ---------------------------------------------------------------------


def _is_of_stop(error: BaseException | None) -> bool:
    """Whether an error is what became of a stop: of tasks that await one another, asyncio makes a RecursionError."""
    return isinstance(error, asyncio.CancelledError) or (
        isinstance(error, RecursionError) and isinstance(error.__context__, asyncio.CancelledError))


def _holds_group(error: BaseException | None) -> bool:
    """Whether IPython would hand this error to Python's own printer: a group, or an error in the wake of one."""
    while error is not None:
        if isinstance(error, BaseExceptionGroup):
            return True
        error = error.__context__
    return False


def _name(future: asyncio.Future[Any]) -> str:
    """What to call a future: a task that the program has not named, by its function and not "Task-44"."""
    return f"The task {task_name(future)!r}" if isinstance(future, asyncio.Task) else "A future"


def _sigint() -> Any:
    return signal.getsignal(signal.SIGINT)


_loaded: Extension | None = None
