"""The processes in which answers run: one for each answer, started in advance, gone afterwards.

`run(job)` hands a job to the process that waits, and yields what it reports until it has ended; then,
or when the reader stops reading, the process is killed, and the next one is started in the background.
Nothing that an answer does to its process can matter to the next answer, or to the notebook.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from helpers.checker.worker import MARK

SECONDS = 2.0               # of real time that an answer has, all its cases together
GRACE = 0.4                 # seconds after that until a process that did not end itself is killed
START = 15.0                # seconds that a process has to get ready; a fraction of one is usual
MEMORY = 600 << 20          # bytes in use, beyond which a process is killed
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from helpers.checker.worker import main; main()"


class NoProcess(RuntimeError):
    """No process could be had in which an answer could run."""


class Process:
    """One process, which waits for one job."""

    def __init__(self) -> None:
        options: dict[str, Any] = {"start_new_session": True}           # out of reach of the stop button
        if os.name == "nt":
            options = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
        try:
            self.popen = subprocess.Popen(
                [sys.executable, "-P", "-X", "utf8", "-c", _BOOT, _ROOT],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, **options,
            )
        except (OSError, ValueError, TypeError) as error:
            raise NoProcess(f"{type(error).__name__}: {error}") from None
        self.frames: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.errors = b""

    def alive(self) -> bool:
        return self.popen.poll() is None

    def start(self, job: dict[str, Any]) -> None:
        """Send the job, and read what comes back in threads: reading a pipe has no timeout on every system."""
        data = pickle.dumps(job)
        readers = [self._read_frames, self._read_errors, lambda: self._write(len(data).to_bytes(8, "big") + data)]
        self.threads = [threading.Thread(target=reader, name="helpers-exercise", daemon=True) for reader in readers]
        for thread in self.threads:
            thread.start()

    def _write(self, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[self.popen.stdin.write(view):]
        except (OSError, ValueError):
            pass                            # it has gone: whoever reads will notice

    def _read_frames(self) -> None:
        stream, rest = self.popen.stdout, b""
        try:
            while chunk := stream.read(1 << 16):
                rest += chunk
                while len(rest) >= len(MARK) + 4:
                    if not rest.startswith(MARK):
                        self.frames.put({"event": "garbage"})
                        return
                    size = int.from_bytes(rest[len(MARK):len(MARK) + 4], "big")
                    if len(rest) < len(MARK) + 4 + size:
                        break
                    frame = json.loads(rest[len(MARK) + 4:len(MARK) + 4 + size])
                    rest = rest[len(MARK) + 4 + size:]
                    self.frames.put(frame if isinstance(frame, dict) else {"event": "garbage"})
        except (OSError, ValueError):
            self.frames.put({"event": "garbage"})
        finally:
            self.frames.put({"event": "gone"})

    def _read_errors(self) -> None:
        try:
            while chunk := self.popen.stderr.read(1 << 14):
                self.errors = (self.errors + chunk)[-20_000:]
        except (OSError, ValueError):
            pass

    def kill(self) -> None:
        """End the process and all of its session, and leave neither zombie nor pipe behind."""
        if os.name == "posix":
            try:
                os.killpg(self.popen.pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            self.popen.kill()
        except OSError:
            pass
        self.popen.wait()
        for thread in getattr(self, "threads", ()):
            thread.join(0.5)                # at the end of the pipe; longer only if somebody else holds it open
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            try:
                stream.close()
            except OSError:
                pass

    def memory(self) -> int:
        """Bytes that the process uses."""
        import psutil  # late: its import takes longer than a check, which rarely needs it

        try:
            return psutil.Process(self.popen.pid).memory_info().rss
        except psutil.Error:
            return 0


_spare: Process | None = None
_lock = threading.Lock()


def warm() -> None:
    """Have a process ready for the next job; it starts in the background."""
    threading.Thread(target=_fill, name="helpers-exercise", daemon=True).start()


def _fill() -> None:
    global _spare
    with _lock:
        if _spare is None or not _spare.alive():
            try:
                _spare = Process()
            except NoProcess:
                _spare = None               # whoever needs one will try again, and say why not


def _take() -> Process:
    global _spare
    with _lock:
        process, _spare = _spare, None
    if process is not None:
        if process.alive():
            return process
        process.kill()
    return Process()


@atexit.register
def close() -> None:
    """Let the waiting process go. The end of the notebook's process does it, too."""
    global _spare
    with _lock:
        process, _spare = _spare, None
    if process is not None:
        process.kill()


def run(job: dict[str, Any], seconds: float = SECONDS) -> Iterator[dict[str, Any]]:
    """Have the job done, and yield what is reported; the last is an "end", or says why there is none:

    "end"      everything was done
    "late"     it was stopped after `seconds` at `place`: [file, line, function], or None
    "memory"   it was stopped because it took more than `MEMORY` bytes
    "gone"     its process ended: `code`, as subprocess gives it; `place` if known
    "garbage"  it wrote into the pipe

    Raises NoProcess if there is none to be had.
    """
    process = _take()
    try:
        process.start(job | {"seconds": seconds})
        deadline, begun = time.monotonic() + START, False
        while True:
            try:
                frame = process.frames.get(timeout=0.02)
            except queue.Empty:
                if process.memory() > MEMORY:
                    yield {"event": "memory"}
                    return
                if time.monotonic() < deadline:
                    continue
                if not begun:
                    raise NoProcess(f"the process did not get ready within {START:g} s") from None
                frame = {"event": "late", "place": None}
            if frame.get("event") == "begun":
                begun, deadline = True, time.monotonic() + seconds + GRACE
                continue
            if frame.get("event") == "gone":
                frame = _last_words(process, begun)
            yield frame
            if frame.get("event") in ("end", "late", "gone", "garbage", "broken"):
                return
    finally:
        process.kill()
        warm()


def _last_words(process: Process, begun: bool) -> dict[str, Any]:
    process.popen.wait()
    process.threads[1].join(0.5)
    errors = process.errors.decode("utf-8", "replace")
    if not begun:
        last = errors.strip().splitlines()[-1:] or [f"exit code {process.popen.returncode}"]
        raise NoProcess(f"the process ended before it was ready: {last[0]}")
    place = learners_line(errors)
    if "Timeout (" in errors:
        return {"event": "late", "place": place}
    return {"event": "gone", "code": process.popen.returncode, "place": place}


_FRAME = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)


def learners_line(dump: str) -> list[Any] | None:
    """The learner's innermost line in what faulthandler wrote; of several threads the first one started comes first."""
    from helpers.recorder.learners_code import is_library_file

    for thread in reversed(re.split(r"^(?:Current t|T)hread .*$", dump, flags=re.MULTILINE)):
        for file, line, function in _FRAME.findall(thread):
            if file != "<string>" and not is_library_file(file):        # <string> is _BOOT
                return [file, int(line), function]
    return None
