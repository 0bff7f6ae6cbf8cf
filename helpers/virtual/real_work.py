"""What takes real time in a run in virtual time, which only counts what waits.

A turn that computes, runs another program, or asks a server without awaiting the answer takes no virtual time, but in
real life it blocks the loop. So a picture in which it takes no time would tell less than the truth, and the recording
gets a remark: how long it took, at which line, and which timeout around it would have fired.

A thread looks at the run now and then. Between two looks, it counts the time in which the thread of the loop (or the
worker thread that the loop waits for) has computed, and that in which it has waited for something; not that in which
other programs kept it from the processor, or in which the whole machine stood still, as far as the system tells, or in
which Python imported a module or collected garbage. What adds up to less than `LIMIT` in one turn is not told: nothing
else would be the same on every machine.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.recorder import notes as note
from helpers.recorder.asyncio_internals import Task, timeout_task
from helpers.recorder.learners_code import frames_of_threads, is_library
from helpers.recorder.notes import ROWS, STRIDE, Notes
from helpers.recorder.turns import TURNS
from helpers.recorder.waits import read_wait
from helpers.recording import Place, Remark
from helpers.virtual.time_module import REAL
from helpers.words import seconds as in_seconds

if TYPE_CHECKING:
    from helpers.virtual.loop import VirtualTimeLoop

LIMIT = 0.25                # seconds of real work in one turn that are told
LOOK = 0.02                 # seconds between two looks
TICKS = 100                 # in a second of /proc/stat
SURELY = 0.02               # of the time between two looks: who computed less than this share of it has waited


class Used(NamedTuple):
    """What a thread has used so far, in seconds: of the processor, and of waiting until it got the processor."""

    computed: float
    queued: float | None        # None if the system does not tell


def used_by(thread: threading.Thread) -> Used | None:
    """What a thread has used so far; None if this system does not tell. It must be alive, or hold the GIL to end."""
    try:
        computed = time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0))
    except (AttributeError, OSError):
        return None
    return Used(computed, None)


def with_queued(used: Used | None, thread: threading.Thread) -> Used | None:
    """The same, with how long the thread has waited for the processor, if this system tells.

    It reads a file, and so lets other threads run: whatever else is to be known of this moment must be known before.
    """
    try:
        with open(f"/proc/self/task/{thread.native_id}/schedstat", encoding="ascii") as file:
            computed, queued, _ = file.read().split()
        return Used(int(computed) / 1e9 if used is None else used.computed, int(queued) / 1e9)
    except (OSError, ValueError):
        return used


def stolen() -> tuple[int, ...]:
    """For how long each processor was taken from this machine by the one that it runs on, in ticks; () if unknown."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            return tuple(int(line.split()[8]) for line in file if line.startswith("cpu") and line[3] != " ")
    except (OSError, ValueError, IndexError):
        return ()


def worked(elapsed: float, before: Used | None, after: Used | None) -> float:
    """How many seconds of those that have elapsed a thread has computed, or waited for something but the processor."""
    if before is None or after is None:
        return elapsed / 2                              # this system does not tell: be careful
    computed = after.computed - before.computed
    if before.queued is not None and after.queued is not None:
        return max(elapsed - (after.queued - before.queued), computed)
    return elapsed if computed < SURELY * elapsed else computed


class Turn(NamedTuple):
    """What is going on, as far as one look can tell. Two looks see the same turn if these are equal.

    kind     "task", "callback" or "job"
    number   how many entries the notes have, or of a job, its id
    time     nanoseconds of virtual time for a job, else how many steps the loop has taken
    """

    kind: str
    number: int
    time: int


class Look(NamedTuple):
    """What was seen at one moment."""

    turn: Turn | None           # None if it is nothing of the program's
    steps: int                  # of the loop
    at: float                   # real seconds
    now: int                    # virtual nanoseconds
    thread: threading.Thread
    place: Place | None
    importing: bool
    collections: int            # of all garbage, so far
    used: Used | None
    own: Used | None            # the same of the thread that looks
    stolen: tuple[int, ...]     # from each processor, by the machine below this one


class Due(NamedTuple):
    """A timeout around the work, which in real time would have been over."""

    timeout: asyncio.Timeout
    deadline: int               # nanoseconds of virtual time
    row: int                    # id of the task in which it is


@dataclass
class Work:
    """What was seen of one turn."""

    first: Look
    seconds: float = 0.0
    lines: dict[Place, float] = field(default_factory=dict)
    due: list[Due] = field(default_factory=list)


class RealWork:
    """Looks at a run from a thread of its own, between `with` and its end; `remarks` tells what it saw."""

    def __init__(self, loop: VirtualTimeLoop, recorder: Notes) -> None:
        self.loop = loop
        self.recorder = recorder
        self.home = threading.current_thread()
        self.found: list[Work] = []
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> RealWork:
        # The thread may get no chance to look before a long call begins, so this is the first look.
        first = Look(None, self.loop.steps, REAL["monotonic"](), 0, self.home, None, False,
                     gc.get_stats()[-1]["collections"], with_queued(used_by(self.home), self.home), Used(0.0, 0.0),
                     stolen())
        thread = threading.Thread(target=self._watch, args=(first,), name="helpers-real-work", daemon=True)
        with suppress(RuntimeError):                    # there may be no thread to be had
            thread.start()
            self._thread = thread
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(1)

    # -- in the thread ------------------------------------------------------------------------------

    def _watch(self, before: Look) -> None:
        work: Work | None = None
        while not self._stopped.wait(LOOK):
            look = self._look()
            if look.turn is None:
                work = None
            elif work is None or look.turn != before.turn:
                work = Work(look)
                if _was_kept_out(before, look) or _was_all_one(before, look):
                    self._count(work, before, look)
            else:
                self._count(work, before, look)
            before = look

    def _look(self) -> Look:
        """What is going on now."""
        job = self.loop.job_at_work()
        thread = self.home if job is None else job.worker.thread
        # Nothing here lets another thread run, so all of it is of one moment; what comes later may be of another turn.
        used, own, at = used_by(thread), used_by(threading.current_thread()), REAL["monotonic"]()
        frame = frames_of_threads().get(thread.ident or 0)
        kind, place, importing = _read(frame)
        frame = None
        turn: Turn | None
        steps = self.loop.steps
        now = self.loop.time_ns() if job is None else job.now
        if job is not None:
            turn = Turn("job", id(job), job.now)
        else:
            turn = None if kind is None else Turn(kind, len(self.recorder.notes), steps)
        collections = gc.get_stats()[-1]["collections"]
        return Look(turn, steps, at, now, thread, place, importing, collections, with_queued(used, thread),
                    with_queued(own, threading.current_thread()), stolen())

    def _count(self, work: Work, before: Look, look: Look) -> None:
        if look.collections != before.collections or look.importing or before.importing:
            return
        elapsed = _elapsed(before, look)
        done = min(elapsed, worked(elapsed, before.used, look.used))    # a thread's clock may count what is stolen
        work.seconds += done
        if look.place is not None:
            work.lines[look.place] = work.lines.get(look.place, 0.0) + done
        if work.seconds >= LIMIT:
            if work not in self.found[-1:]:
                self.found.append(work)
            if look.turn is not None and look.turn.kind == "task":
                with suppress(Exception):           # the loop runs on meanwhile
                    self._note_timeouts(work, look)

    def _note_timeouts(self, work: Work, look: Look) -> None:
        """Note the timeouts that would have fired by now, of the task at work and of those that wait for it."""
        at_work = asyncio.current_task(self.loop)
        around = self._waiting_for(at_work)
        known = {id(due.timeout) for due in work.due}
        for deadline, timers in list(self.loop.timers().items()):
            if deadline > look.now + work.seconds * 1e9:
                continue
            for timer in list(timers.values()):
                timeout = getattr(timer._callback, "__self__", None)
                if isinstance(timeout, asyncio.Timeout) and id(timeout) not in known:
                    row = ROWS.get(id(timeout_task(timeout)))
                    if row is not None and row.id in around:
                        work.due.append(Due(timeout, deadline, row.id))

    def _waiting_for(self, task: asyncio.Task[Any] | None) -> set[int]:
        """The ids of a task, and of all that wait for it."""
        row = ROWS.get(id(task))
        if row is None:
            return set()
        waits: dict[int, tuple[int, ...]] = {}
        for other in asyncio.all_tasks(self.loop):
            other_row = ROWS.get(id(other))
            waiter = other._fut_waiter if isinstance(other, Task) else None
            if other_row is not None and waiter is not None:
                waits[other_row.id] = read_wait(other.get_coro(), waiter, ROWS, self.recorder).on
        around, more = set[int](), {row.id}
        while more:
            around |= more
            more = {number for number, on in waits.items() if around.intersection(on)} - around
        return around

    # -- afterwards ---------------------------------------------------------------------------------

    def remarks(self) -> tuple[Remark, ...]:
        """What is to be told of the run, after its end."""
        return tuple(self._remark(work) for work in self.found)

    def _remark(self, work: Work) -> Remark:
        first, kind = work.first, work.first.turn.kind if work.first.turn is not None else ""
        place = max(work.lines, key=work.lines.__getitem__) if work.lines else None
        words = [self._in_words(due) for due in work.due if not due.timeout.expired()]
        if kind == "job":
            words.insert(0, "it was in a worker thread")
        return Remark("real work", (first.now - self.recorder.started) / 1e9, self._task(first), place,
                      work.seconds + LOOK, ", and ".join(words))       # half a look at each end

    def _task(self, look: Look) -> int | None:
        """The id of the task at work."""
        notes = self.recorder.notes
        if look.turn is None:
            return None
        if look.turn.kind == "task" and look.turn.number < len(notes):
            number: int = notes[look.turn.number + note.TASK]           # of the step that was noted at the end
            return number
        if look.turn.kind == "job":
            return next((number for thread, started, ended, number in self.recorder.jobs
                         if thread == look.thread.name and started <= look.now <= ended), None)
        return None

    def _in_words(self, due: Due) -> str:
        """A timeout that did not fire. How long it was is only certain if all that its task did was at one instant."""
        notes = self.recorder.notes
        starts = {notes[at + note.STARTED] for at in range(0, len(notes), STRIDE)
                  if notes[at + note.TASK] == due.row and notes[at + note.STARTED] <= due.deadline}
        begun = {start for start in starts if start < due.deadline}
        if len(begun) == 1:
            return f"the timeout of {in_seconds((due.deadline - begun.pop()) / 1e9)} around it did not fire"
        return (f"the timeout around it, due at {in_seconds((due.deadline - self.recorder.started) / 1e9)}, "
                "did not fire")


def _elapsed(before: Look, look: Look) -> float:
    """The seconds between two looks, but for those in which the machine itself may have stood still."""
    taken = max((after - earlier for earlier, after in zip(before.stolen, look.stolen)), default=0)
    return max(0.0, look.at - before.at - taken / TICKS)


def _was_kept_out(before: Look, look: Look) -> bool:
    """Whether this thread came late since the other did not let it: it was in one call of a function in C.

    Python lets other threads run between any two lines, and the turn is still the same when this one comes to look.
    """
    if before.thread is not look.thread or before.own is None or look.own is None:
        return False
    if before.own.queued is None or look.own.queued is None:
        return False                                    # it may have been the machine that was slow
    return _elapsed(before, look) - LOOK - (look.own.queued - before.own.queued) >= LIMIT


def _was_all_one(before: Look, look: Look) -> bool:
    """Whether there was but one turn between two looks, and it has computed for long, however late this one came."""
    if before.thread is not look.thread or before.used is None or look.used is None or look.steps - before.steps > 1:
        return False
    return min(_elapsed(before, look), look.used.computed - before.used.computed) >= LIMIT


def _read(frame: FrameType | None) -> tuple[str | None, Place | None, bool]:
    """Of a stack: the kind of the turn, None if it is in none; the learner's line; whether a module is imported."""
    place, importing = None, False
    while frame is not None:
        code = frame.f_code
        if code in TURNS:
            return ("task" if code is TURNS[0] else "callback"), place, importing
        if code.co_filename.startswith("<frozen importlib"):
            importing = True
        elif place is None and not is_library(code):
            place = Place(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return None, place, importing
