"""The process in which one answer runs.

It is started early, and waits for a job on its standard input; if that ends, so does the process. It
writes what it observes to its standard output, one frame of JSON each, as it happens: whatever the
answer does to this process later, what has been sent is safe.

An answer that does not come to an end is ended by `faulthandler`: its timer belongs to no Python
thread, so neither a tight loop nor a call into C can hold it up, and it says at which line the answer
was. An answer cannot start processes here, nor send signals to others (`refuse`).
"""

from __future__ import annotations

import faulthandler
import gc
import io
import json
import linecache
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any

from helpers.checker.observe import Watch, in_virtual_time, observe
from helpers.checker.snapshot import Snapshot
from helpers.virtual import simulate

MARK = b"\x93job"               # before every frame: garbage in the pipe is noticed
PRINTED = 2_000                 # characters of what an answer prints that are passed on
ADDRESS_SPACE = 4 << 30         # bytes; beyond this, Python raises MemoryError (where the system can limit it)
FILE_SIZE = 16 << 20            # bytes that one file may grow to


def main() -> None:
    """Wait for a job, do it, and end."""
    send, errors = _take_pipes()
    watch = Watch()
    import cloudpickle  # noqa: F401  The answer will ask for it, and the module of the exercise


    simulate(_nothing())                    # everything else that is loaded or made at first use
    snapshot = Snapshot()
    gc.collect()
    gc.freeze()                             # what is here now is never garbage: collecting is faster
    size = int.from_bytes(sys.stdin.buffer.read(8), "big")
    data = sys.stdin.buffer.read(size)
    if not data or len(data) < size:
        return                              # the notebook has gone
    job = pickle.loads(data)
    end = os._exit
    try:
        _do(job, send, errors, watch, snapshot)
    except:         # noqa: E722  The name BaseException may be gone.
        try:
            snapshot.undo()
            send({"event": "broken"})
        finally:
            end(1)
    end(0)                                  # no clean-up: what an answer has left for it would run


def _do(job: dict[str, Any], send: Callable, errors: int, watch: Watch, snapshot: Snapshot) -> None:
    faulthandler.enable(errors)
    faulthandler.dump_traceback_later(job["seconds"], exit=True, file=errors)
    _limit_memory(job["seconds"])
    sys.path[:] = job["path"]
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    sys.stdin = open(os.devnull, encoding="utf-8")
    printed = sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Printed(send)
    for name, lines in job["lines"].items():
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
    cases = pickle.loads(job["cases"])
    if job["reference"] is not None:
        solution = pickle.loads(job["reference"])
        for case in cases:
            send({"event": "reference", "notes": observe(case, solution, watch)})
        faulthandler.dump_traceback_later(job["seconds"], exit=True, file=errors)
    if job["answer"] is None:
        send({"event": "end"})
        return
    sys.addaudithook(_refuse(os.getpid()))
    if "_posixsubprocess" in sys.modules:   # multiprocessing calls it directly, and no hook hears of it
        sys.modules["_posixsubprocess"].fork_exec = _no_process
    sys.set_coroutine_origin_tracking_depth(10)
    printed.open = True
    send({"event": "begun"})
    with in_virtual_time():
        answer = pickle.loads(job["answer"])
    for case in cases:
        notes = {}
        try:
            notes = observe(case, answer, watch)
        except:     # noqa: E722  What observes was replaced, perhaps the name BaseException, too: then say only that.
            pass
        broken = not notes
        notes["replaced"] = snapshot.undo()
        if broken and not notes["replaced"]:
            raise RuntimeError("the observer failed")
        notes["printed"] = printed.count
        send({"event": "case", "notes": notes})
    printed.open = False
    send({"event": "end"})


async def _nothing() -> None:
    pass


def _take_pipes() -> tuple[Callable[[dict[str, Any]], None], int]:
    """Take the pipes to the notebook away from where an answer would write: one to send frames, one for errors."""
    results, errors = os.dup(1), os.dup(2)
    write, dumps = os.write, json.dumps

    def send(frame: dict[str, Any]) -> None:
        text = dumps(frame).encode()
        data = memoryview(MARK + len(text).to_bytes(4, "big") + text)
        while data:
            data = data[write(results, data):]

    return send, errors


class Printed(io.TextIOBase):
    """What an answer prints: its beginning is passed on as it comes, the rest only counted."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self.count = 0
        self.open = False

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.open:
            room = PRINTED - self.count
            self.count += len(text)
            if room > 0 and text:
                self._send({"event": "printed", "text": text[:room]})
        return len(text)

    def close(self) -> None:
        pass


class Refused(RuntimeError):
    """An answer asked for something that it cannot have here."""


_PROCESSES = frozenset({
    "os.fork", "os.forkpty", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn",
    "subprocess.Popen", "_winapi.CreateProcess",
})


def _refuse(own: int) -> Callable[[str, tuple], None]:
    """An audit hook, which Python asks before certain calls and which nobody can take out again."""
    processes, refused = _PROCESSES, Refused

    def hook(event: str, args: tuple) -> None:
        if event in processes:
            raise refused(f"an answer cannot start processes here ({event})")
        if event == "os.killpg" or (event == "os.kill" and args[0] != own) \
                or (event == "resource.prlimit" and args[0] not in (0, own)):
            raise refused(f"an answer cannot touch other processes from here ({event})")

    return hook


def _no_process(*args: Any) -> None:
    raise Refused("an answer cannot start processes here (fork_exec)")


def _limit_memory(seconds: float) -> None:
    """Let the system limit what the system can limit. On Windows it cannot; the notebook's side looks, too."""
    try:
        import resource
    except ImportError:
        return
    for name, most in (("RLIMIT_AS", ADDRESS_SPACE), ("RLIMIT_FSIZE", FILE_SIZE), ("RLIMIT_CORE", 0),
                       ("RLIMIT_CPU", int(10 * seconds) + 10)):
        try:
            limit = getattr(resource, name)
            _, hard = resource.getrlimit(limit)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(limit, (most, hard))
        except (AttributeError, OSError, ValueError):
            pass


if __name__ == "__main__":
    main()
