"""What the notebook's process and the process of an answer say to each other, and in which form.

The notebook's side (`process`) sends one `Job`, pickled, behind its length. The other side (`worker`) reports in
frames, as things happen. A `Frame` is JSON behind a mark and its length: whatever an answer writes into the same pipe
is noticed, and nothing that it could make is unpickled in the notebook's process. The mark is drawn for each job, and
travels in it. An answer that looks for it can find it in its process: it keeps out accidents, not intent.

What is observed of an answer in one case travels as `Notes`: plain data, which `observe` writes and `verdict` reads.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, BinaryIO, Required, TypedDict

from helpers.recording import Place

MARK = 16                       # bytes before every frame: garbage in the pipe is noticed
FRAME = 8 << 20                 # bytes that a frame may have
TOTAL = 64 << 20                # bytes that may come in all: they would fill the notebook's memory
_dumps, _loads = json.dumps, json.loads         # as they are before an answer can replace them


# -- what is observed ---------------------------------------------------------------------------------

JsonPlace = list[Any]           # [file, line, function]: a `Place` as JSON gives it back


class Unfinished(TypedDict):
    """A coroutine or a future that nobody has awaited.

    name    of the coroutine function, of the task, or of the type of the future
    place   the learner's line that made it, if it is known
    future  "task" or "future"; "" for a coroutine
    """

    name: str
    place: JsonPlace | None
    future: str


class Pending(TypedDict):
    """A task that had not ended when the case had: its name, the kind of its last wait, and where it waits."""

    task: str
    wait: str
    place: JsonPlace | None


class Blocked(TypedDict):
    """A stretch of time in which the event loop was blocked."""

    seconds: float
    place: JsonPlace | None


class ErrorNotes(TypedDict):
    """An exception that came out of a case.

    type      the name of its class
    text      class and message, in one line
    inner     the same of what explains it: of an exception group its first exception, else of the exception itself
    raised    where: "answer" at a line of the answer, "called" by something that the answer has called, "case" by
              what the case does with what the answer gave, or "" if that is not known
    similar   a name that is known there, and that the learner may have meant; of a module that is not imported
              "import time"; else ""
    place     the learner's innermost line that it went through
    category  "failed" if a demand of the case was not met; else "deadlock", "endless", "not simulated", "recursion",
              "memory", "exit" or "cancelled"; "" for every other exception
    expected  whether it is the exception that the case asks for
    group     of an exception group the first exceptions in it, each in one line
    kind, observed, wanted
              of a "failed": one of `kinds.KINDS`, what happened, and what should have
    cause     of a "failed" that follows from an exception, the learner's line of that
    """

    type: str
    text: str
    inner: str
    raised: str
    similar: str
    place: JsonPlace | None
    category: str
    expected: bool
    group: list[str]
    kind: str
    observed: str
    wanted: str
    cause: JsonPlace | None


class Notes(TypedDict):
    """What was observed of an answer in one case.

    error          the exception that came out, or None
    value          the result as text; None if an exception came out
    unfinished     coroutines and futures in the result
    never_awaited  coroutines that were thrown away without having been awaited
    elapsed        seconds of virtual time; None if there was no virtual time
    pending        tasks that had not ended, the first of them
    still_pending  how many there were
    blocked        stretches in which the event loop was blocked, for each line their sum
    recording      the run as JSON; None if there is none, or if it is too large to send
    lost           exceptions that no one was told of, each in one line
    cpu            seconds of CPU time
    computed_at    the line at which most of it was spent; None if it was little, or if no line was seen
    threads        names of threads that were still at work
    cancelling     how often somebody has asked to cancel the task in which the answer ran
    own_threads    the lines that started threads which virtual time does not see
    asked          how often shops were asked
    replaced       names of the parts of Python that had been replaced
    printed        characters printed so far, in all cases together
    """

    error: ErrorNotes | None
    value: str | None
    unfinished: list[Unfinished]
    never_awaited: list[Unfinished]
    elapsed: float | None
    pending: list[Pending]
    still_pending: int
    blocked: list[Blocked]
    recording: str | None
    lost: list[str]
    cpu: float
    computed_at: JsonPlace | None
    threads: list[str]
    cancelling: int
    own_threads: list[JsonPlace]
    asked: int
    replaced: list[str]
    printed: int


def blank_notes() -> Notes:
    """The notes of a case of which nothing has been observed."""
    return {
        "error": None, "value": None, "unfinished": [], "never_awaited": [], "elapsed": None, "pending": [],
        "still_pending": 0, "blocked": [], "recording": None, "lost": [], "cpu": 0.0, "computed_at": None,
        "threads": [], "cancelling": 0, "own_threads": [], "asked": 0, "replaced": [], "printed": 0,
    }


def as_json(place: Place | None) -> JsonPlace | None:
    """A place as it looks when it has travelled."""
    return list(place) if place is not None else None


# -- frames -------------------------------------------------------------------------------------------


class Event(StrEnum):
    """What a frame reports."""

    # from the process of the answer
    REFERENCE = "reference"     # the solution has run in one more case: `notes`
    BEGUN = "begun"             # the answer is unpacked, with what it imports, and its time is counted from now
    READY = "ready"             # it has been unpacked: its time is counted from now
    PRINTED = "printed"         # the answer has printed `text`
    THREAD = "thread"           # the answer has started a thread of its own, at `place`
    CASE = "case"               # the answer has run in one more case: `notes`
    END = "end"                 # everything was done
    UNKNOWN = "unknown"         # this Python is none that answers can be observed in: `text` says why
    BROKEN = "broken"           # what observes an answer does not work any more

    # from the notebook's side, if there is no END
    LATE = "late"               # it was stopped when its time was over, at `place` if that is known
    MEMORY = "memory"           # it was stopped because it took too much memory
    GONE = "gone"               # its process ended with `code`, as subprocess gives it; at `place` if that is known
    GARBAGE = "garbage"         # something else was written into the pipe


# nothing follows
LAST = frozenset({
    Event.END, Event.UNKNOWN, Event.BROKEN, Event.LATE, Event.MEMORY, Event.GONE, Event.GARBAGE,
})


class Frame(TypedDict, total=False):
    """One report; which of the other keys it has depends on its event."""

    event: Required[str]
    notes: Notes
    text: str
    place: JsonPlace | None
    code: int | None


def new_mark() -> bytes:
    """A mark for the frames of one job."""
    return os.urandom(MARK)


def pack_frame(frame: Frame, mark: bytes) -> bytes:
    """The bytes of a frame, mark and length included."""
    text = _dumps(frame).encode()
    return mark + len(text).to_bytes(4, "big") + text


class FrameReader:
    """Makes frames of bytes, in whatever pieces they come.

    mark  what stands before every frame
    """

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._rest = bytearray()
        self._total = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with these bytes; ValueError if something else stands where one should begin."""
        self._rest += data
        self._total += len(data)
        if self._total > TOTAL:
            raise ValueError(f"more than {TOTAL >> 20} MB have come")
        head = len(self._mark) + 4
        while len(self._rest) >= head:
            if not self._rest.startswith(self._mark):
                raise ValueError(f"no frame begins with {bytes(self._rest[:head])!r}")
            size = int.from_bytes(self._rest[len(self._mark):head], "big")
            if size > FRAME:
                raise ValueError(f"a frame of {size:,} bytes is too large")
            end = head + size
            if len(self._rest) < end:
                return
            frame = _parsed(self._rest[head:end])
            del self._rest[:end]
            if not isinstance(frame, dict) or frame.get("event") not in Event.__members__.values():
                raise ValueError("this is no frame")
            yield frame         # type: ignore[misc]  # its form is looked at in `bounds`


def _parsed(text: bytearray) -> Any:
    try:
        return _loads(text)
    except RecursionError:
        raise ValueError("a frame is nested too deeply") from None


# -- the job ------------------------------------------------------------------------------------------


class Job(TypedDict):
    """What a process is to do.

    mark       what is to stand before every frame
    seconds    of real time that the answer has, all its cases together; the solution has as many
    path       the sys.path of the notebook
    cases      the cases, pickled
    reference  the solution, pickled; None if it need not run
    answer     the answer, pickled; None if only the solution is to run
    lines      file -> its lines, for cells, which are in no file
    modules    what the answer imports while it runs, and what the notebook has imported already
    """

    mark: bytes
    seconds: float
    path: list[str]
    cases: bytes
    reference: bytes | None
    answer: bytes | None
    lines: dict[str, list[str]]
    modules: list[str]


def pack_job(job: Job) -> bytes:
    """The bytes of a job, its length included."""
    data = pickle.dumps(job)
    return len(data).to_bytes(8, "big") + data


def read_job(stream: BinaryIO) -> Job | None:
    """The job that comes in a stream; None if the stream ends before."""
    size = int.from_bytes(stream.read(8), "big")
    data = stream.read(size)
    return pickle.loads(data) if data and len(data) == size else None
