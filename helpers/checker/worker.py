"""The process in which one answer runs.

It is started early, and waits for a job on its standard input; if that ends, so does the process. It
writes what it observes to its standard output, one frame of JSON each, as it happens: whatever the
answer does to this process later, what has been sent is safe.

An answer that does not come to an end is ended by `faulthandler`: its timer belongs to no Python
thread, so neither a tight loop nor a call into C can hold it up, and it says at which line the answer
was. An answer cannot start processes here, nor send signals to others (`_refuse_processes`).
"""

from __future__ import annotations

import _thread
import contextlib
import faulthandler
import gc
import importlib
import io
import linecache
import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from helpers.checker import cell_names, protocol
from helpers.checker.bounds import PRINTED
from helpers.checker.observe import Instruments, in_virtual_time, observe
from helpers.checker.protocol import Event, Frame, Job, blank_notes
from helpers.checker.snapshot import Snapshot
from helpers.recorder import UnknownPython
from helpers.virtual import NotSimulated, simulate, threads

ADDRESS_SPACE = 4 << 30         # bytes; beyond this, Python raises MemoryError (where the system can limit it)
FILE_SIZE = 16 << 20            # bytes that one file may grow to

PATIENCE = 0.5                  # of an answer's time: for so long a worker thread may work before it rests

Send = Callable[[Frame], None]


def main(preload: Sequence[str]) -> None:
    """Wait for a job, do it, and end.

    preload  modules that a job will need: they are imported while nobody waits
    """
    instruments = Instruments()
    cell_names.provide()
    for module in preload:
        importlib.import_module(module)
    if sys.version_info < (3, 12):          # there no audit hook hears of threads
        _tell_of_threads(instruments.own_threads.started)
    simulate(_nothing())                    # everything else that is loaded or made at first use
    snapshot = Snapshot()
    gc.collect()
    gc.freeze()                             # what is here now is never garbage: collecting is faster
    job = protocol.read_job(sys.stdin.buffer)
    if job is None:
        return                              # the notebook has gone
    send, errors = _take_pipes(job["mark"])
    end, unknown = os._exit, UnknownPython
    try:
        _do(job, send, errors, instruments, snapshot)
    except unknown as error:                # no fault of the answer's
        try:
            snapshot.undo()
            send({"event": Event.UNKNOWN, "text": str(error)})
        finally:
            end(1)
    except:         # noqa: E722  The name BaseException may be gone.
        try:
            snapshot.undo()
            send({"event": Event.BROKEN})
        finally:
            end(1)
    end(0)                                  # no clean-up: what an answer has left for it would run


def _do(job: Job, send: Send, errors: int, instruments: Instruments, snapshot: Snapshot) -> None:
    faulthandler.enable(errors)
    _limit_time(job, errors)
    _limit_memory(job["seconds"])
    threads.PATIENCE = PATIENCE * job["seconds"]
    sys.path[:] = job["path"]
    printed = _replace_streams(send)
    for name, lines in job["lines"].items():
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
    cases = pickle.loads(job["cases"])
    if job["reference"] is not None:
        solution = pickle.loads(job["reference"])
        for case in cases:
            send({"event": Event.REFERENCE, "notes": observe(case, solution, instruments)})
        _limit_time(job, errors)
    if job["answer"] is None:
        send({"event": Event.END})
        return
    instruments.own_threads.tell = lambda place: send({"event": Event.THREAD, "place": place})
    _refuse_processes(instruments.own_threads.started)
    sys.set_coroutine_origin_tracking_depth(10)
    printed.open = True
    send({"event": Event.BEGUN})
    with in_virtual_time():
        for module in job["modules"]:       # to import one may take long, and is no work of the answer's
            with contextlib.suppress(Exception):
                importlib.import_module(module)
        answer = pickle.loads(job["answer"])
    _limit_time(job, errors)
    send({"event": Event.READY})
    unknown, broken = UnknownPython, RuntimeError("the observer failed")
    for case in cases:
        notes = blank_notes()
        failure: RuntimeError | None = None
        try:
            notes = observe(case, answer, instruments)
        except unknown as error:
            failure = error
        except:     # noqa: E722  What observes was replaced, perhaps the name BaseException, too: then say only that.
            failure = broken
        notes["replaced"] = snapshot.undo()
        if failure is not None and not notes["replaced"]:
            raise failure
        notes["printed"] = printed.count
        send({"event": Event.CASE, "notes": notes})
    printed.open = False
    send({"event": Event.END})


async def _nothing() -> None:
    pass


def _take_pipes(mark: bytes) -> tuple[Send, int]:
    """Take the pipes to the notebook away from where an answer would write: one to send frames, one for errors."""
    results, errors = os.dup(1), os.dup(2)
    write, pack = os.write, protocol.pack_frame
    alone = threading.RLock()               # threads print, too; R: a signal's handler may print in between

    def send(frame: Frame) -> None:
        data = memoryview(pack(frame, mark))
        with alone:
            while data:
                data = data[write(results, data):]

    return send, errors


def _replace_streams(send: Send) -> Printed:
    """Give the answer an empty input, and streams whose output is sent."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    sys.stdin = open(os.devnull, encoding="utf-8")          # noqa: SIM115  It stays open as long as the process.
    printed = Printed(send)
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        setattr(sys, name, printed)
    return printed


class Printed(io.TextIOBase):
    """What an answer prints: its beginning is passed on as it comes, the rest only counted."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.count = 0
        self.open = False

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        length = str.__len__(text)          # of the text itself, whatever a class of the learner's says
        if self.open:
            room = PRINTED - self.count
            self.count += length
            if room > 0 and length:
                self._send({"event": Event.PRINTED, "text": str.__getitem__(text, slice(room))})
        return length

    def close(self) -> None:
        pass


class Refused(NotSimulated):
    """An answer asked for something that it cannot have here; so it is not judged."""


_STARTS_A_PROCESS = frozenset({
    "os.fork", "os.forkpty", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn",
    "subprocess.Popen", "_winapi.CreateProcess",
})


def _refuse_processes(thread_started: Callable[[], None]) -> None:
    """Let no process be started from here, and no other one be touched; tell of each thread that is started."""
    sys.addaudithook(_audit_hook(os.getpid(), thread_started))
    if "_posixsubprocess" in sys.modules:   # multiprocessing calls it directly, and no hook hears of it
        vars(sys.modules["_posixsubprocess"])["fork_exec"] = _no_process


_STARTS_A_THREAD = frozenset({"_thread.start_new_thread", "_thread.start_joinable_thread"})


def _audit_hook(own: int, thread_started: Callable[[], None]) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook, which Python asks before certain calls and which nobody can take out again."""
    starts, starts_thread, refused = _STARTS_A_PROCESS, _STARTS_A_THREAD, Refused

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in starts_thread:
            thread_started()
        if event in starts:
            raise refused(f"an answer cannot start processes here ({event})")
        if event == "os.killpg" or (event == "os.kill" and args[0] != own) \
                or (event == "resource.prlimit" and args[0] not in (0, own)):
            raise refused(f"an answer cannot touch other processes from here ({event})")

    return hook


def _tell_of_threads(thread_started: Callable[[], None]) -> None:
    """Tell of each thread, whoever starts it: one function of `_thread` does, and `threading` has a name of its own."""
    start = _thread.start_new_thread

    def start_new_thread(*args: Any) -> Any:
        thread_started()
        return start(*args)

    vars(_thread)["start_new_thread"] = vars(threading)["_start_new_thread"] = start_new_thread


def _no_process(*args: Any) -> None:
    raise Refused("an answer cannot start processes here (fork_exec)")


def _limit_time(job: Job, errors: int) -> None:
    """Let faulthandler end this process when the time is over, counted from now."""
    faulthandler.dump_traceback_later(job["seconds"], exit=True, file=errors)


def _limit_memory(seconds: float) -> None:
    """Let the system limit what the system can limit. On Windows it cannot; the notebook's side looks, too."""
    if sys.platform == "win32":
        return
    import resource

    for name, most in (("RLIMIT_AS", ADDRESS_SPACE), ("RLIMIT_FSIZE", FILE_SIZE), ("RLIMIT_CORE", 0),
                       ("RLIMIT_CPU", int(10 * seconds) + 10)):
        with contextlib.suppress(AttributeError, OSError, ValueError):      # not every system has every limit
            limit = getattr(resource, name)
            _, hard = resource.getrlimit(limit)
            resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
