"""The processes in which answers run: one for each answer, started in advance, gone afterwards.

`run(job)` hands a job to the process that waits, and yields what it reports until it has ended; then,
or when the reader stops reading, the process is killed, and the next one is started in the background.
Nothing that an answer does to its process can matter to the next answer, or to the notebook.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from typing import IO, Any

from helpers.checker import bounds
from helpers.checker.protocol import LAST, Event, Frame, FrameReader, Job, JsonPlace, pack_job
from helpers.recorder.learners_code import is_library_file

SECONDS = 2.0               # of real time that an answer has, all its cases together
GRACE = 0.4                 # seconds after that until a process that did not end itself is killed
START = 15.0                # seconds that a process has to get ready; a fraction of one is usual
MEMORY = 600 << 20          # bytes in use, beyond which a process is killed
PRELOAD = ("cloudpickle", "helpers.checker", "helpers.simulated_io")        # what answers and lessons import
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from helpers.checker.worker import main; main(sys.argv[2:])"


class NoProcess(RuntimeError):
    """No process could be had in which an answer could run."""


class Process:
    """One process, which waits for one job."""

    def __init__(self) -> None:
        try:
            self.popen = subprocess.Popen(
                [sys.executable, "-P", "-X", "utf8", "-c", _PROGRAM, _ROOT, *PRELOAD],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, **_alone(),
            )
        except (OSError, ValueError, TypeError) as error:
            raise NoProcess(f"{type(error).__name__}: {error}") from None
        self.input, self.output, self.error_output = _pipes(self.popen)
        self.frames: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self.errors = b""                   # the end of what it has written to its standard error
        self.writer: threading.Thread | None = None
        self.frame_reader: threading.Thread | None = None
        self.error_reader: threading.Thread | None = None

    def alive(self) -> bool:
        return self.popen.poll() is None

    def start(self, job: Job) -> None:
        """Send the job, and read what comes back in threads: reading a pipe has no timeout on every system."""
        data = pack_job(job)
        self.frame_reader = _in_thread(lambda: self._read_frames(job["mark"]))
        self.error_reader = _in_thread(self._read_errors)
        self.writer = _in_thread(lambda: self._write(data))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        with contextlib.suppress(OSError, ValueError):      # it has gone: whoever reads will notice
            while view:
                view = view[self.input.write(view):]

    def _read_frames(self, mark: bytes) -> None:
        reader = FrameReader(mark)
        try:
            while chunk := self.output.read(1 << 16):
                for frame in reader.feed(chunk):
                    self.frames.put(bounds.checked(frame))
        except (OSError, ValueError):
            self.frames.put({"event": Event.GARBAGE})
        finally:
            self.frames.put({"event": Event.GONE})

    def _read_errors(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while chunk := self.error_output.read(1 << 14):
                self.errors = (self.errors + chunk)[-20_000:]

    def kill(self) -> None:
        """End the process and all of its session, and leave neither zombie nor pipe behind."""
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                os.killpg(self.popen.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.popen.kill()
        self.popen.wait()
        for thread in (self.frame_reader, self.error_reader, self.writer):
            if thread is not None:
                thread.join(0.5)            # at the end of the pipe; longer only if somebody else holds it open
        for stream in (self.input, self.output, self.error_output):
            with contextlib.suppress(OSError):
                stream.close()

    def memory(self) -> int:
        """Bytes that the process uses."""
        import psutil  # late: its import takes longer than a check, which rarely needs it

        try:
            return psutil.Process(self.popen.pid).memory_info().rss
        except psutil.Error:
            return 0


def _alone() -> dict[str, Any]:
    """Options that put a process out of reach of the stop button."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _pipes(popen: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    """The three pipes of a process that was started with three pipes."""
    assert popen.stdin is not None and popen.stdout is not None and popen.stderr is not None
    return popen.stdin, popen.stdout, popen.stderr


def _in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name="helpers-exercise", daemon=True)
    thread.start()
    return thread


class Spares:
    """The processes that wait for the next answers: started in advance, taken one by one, the oldest first.

    count  how many are to wait; one is enough for a learner, who needs longer to write an answer than it takes to start
    """

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self._waiting: list[Process] = []
        self._lock = threading.Lock()

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that wait."""
        return [process.popen.pid for process in self._waiting]

    def fill(self) -> None:
        """Start processes until `count` of them wait. Whether they have got ready is not waited for."""
        with self._lock:
            dead = [process for process in self._waiting if not process.alive()]
            self._waiting = [process for process in self._waiting if process not in dead]
            with contextlib.suppress(NoProcess):        # whoever needs one will try again, and say why not
                while len(self._waiting) < self.count:
                    self._waiting.append(Process())
        for process in dead:
            process.kill()                              # its pipes are still open

    def fill_soon(self) -> None:
        """`fill`, in the background."""
        _in_thread(self.fill)

    def take(self) -> Process:
        """A process that waits, or a new one; NoProcess if there is none to be had."""
        while True:
            with self._lock:
                if not self._waiting:
                    break
                process = self._waiting.pop(0)
            if process.alive():
                return process
            process.kill()
        return Process()

    def close(self) -> None:
        """Let the processes go. The end of the notebook's process does it, too."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for process in waiting:
            process.kill()


spares = Spares()
atexit.register(spares.close)


def run(job: Job) -> Generator[Frame, None, None]:
    """Have the job done, and yield what is reported, up to and with the first frame of `protocol.LAST`.

    Raises NoProcess if there is none to be had, or this Python is none in which answers can be observed.
    """
    process = spares.take()
    try:
        process.start(job)
        deadline, begun, ready = time.monotonic() + START, False, False
        while True:
            frame = _next_frame(process, deadline, begun)
            if frame["event"] in (Event.BEGUN, Event.READY):
                if not (begun if frame["event"] == Event.BEGUN else ready):         # each counts once
                    begun, ready = True, frame["event"] == Event.READY
                    deadline = time.monotonic() + job["seconds"] + GRACE
                continue
            if begun and time.monotonic() >= deadline and frame["event"] not in LAST:       # it reports without end
                frame = {"event": Event.LATE, "place": None}
            if frame["event"] == Event.UNKNOWN:
                raise NoProcess(frame["text"])
            if frame["event"] == Event.BROKEN and not begun:        # no answer has run that could have broken it
                raise NoProcess("what observes answers does not work here")
            if frame["event"] == Event.GONE:
                frame = _how_it_ended(process, begun)
            yield frame
            if frame["event"] in LAST:
                return
    finally:
        process.kill()
        spares.fill_soon()


def _next_frame(process: Process, deadline: float, begun: bool) -> Frame:
    """The next frame of a process, or one that says that it has taken too much memory or time."""
    while True:
        try:
            return process.frames.get(timeout=0.02)
        except queue.Empty:
            if process.memory() > MEMORY:
                return {"event": Event.MEMORY}
            if time.monotonic() >= deadline:
                if begun:
                    return {"event": Event.LATE, "place": None}
                raise NoProcess(f"the process did not get ready within {START:g} s") from None


def _how_it_ended(process: Process, begun: bool) -> Frame:
    """What is to be reported of a process that is gone: it was stopped by its own timer, or it ended in another way."""
    process.popen.wait()
    if process.error_reader is not None:
        process.error_reader.join(0.5)
    errors = process.errors.decode("utf-8", "replace")
    if not begun:
        last = errors.strip().splitlines()[-1:] or [f"exit code {process.popen.returncode}"]
        raise NoProcess(f"the process ended before it was ready: {last[0]}")
    place = learners_line(errors)
    if "Timeout (" in errors:
        return {"event": Event.LATE, "place": place}
    return {"event": Event.GONE, "code": process.popen.returncode, "place": place}


_FRAME = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)


def learners_line(dump: str) -> JsonPlace | None:
    """The learner's innermost line in what faulthandler wrote; of several threads the first one started comes first."""
    for thread in reversed(re.split(r"^(?:Current t|T)hread .*$", dump, flags=re.MULTILINE)):
        for file, line, function in _FRAME.findall(thread):
            if file != "<string>" and not is_library_file(file):        # <string> is _PROGRAM
                return [file, int(line), function]
    return None
