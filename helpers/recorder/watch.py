"""What is replaced on a loop, from the first recording that begins on it to the last that ends.

All recordings of a loop share one `Watch`, which sets the hooks of `hooks.py` on the loop and takes them off again, and
all watches share one replacement of `Handle._run`, which is in `turns.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from types import CodeType
from typing import Any

from helpers.recorder.asyncio_internals import EAGER, hear_no_more
from helpers.recorder.hooks import (
    new_call_soon,
    new_call_soon_threadsafe,
    new_create_task,
    new_is_running,
    new_run_in_executor,
)
from helpers.recorder.new_tasks import Eager
from helpers.recorder.notes import Notes, Row
from helpers.recorder.turns import TURNS, WATCHES, put_run_back, replace_run
from helpers.recording import Place

_lock = threading.Lock()


class Watch:
    """The replacements on one loop, shared by the recordings that are under way on it."""

    def __init__(self, first: Notes) -> None:
        self.loop = first.loop
        self.clock = first.clock
        self.sampler = first.sampler
        self.threshold = first.threshold
        self.recordings: list[Notes] = []
        self.everything: Notes | None = None        # the recording to which the tasks belong that belong to no other
        self.thread = threading.get_ident()
        self.threads = frozenset(thread.ident for thread in threading.enumerate())      # that are older than the watch
        self.turns: Collection[CodeType] = TURNS
        self.due = 0            # when the timer was due that is being served; 0 if none is
        # tasks that create_task is making, innermost last, each with the id() of its maker: they may run meanwhile
        self.eager: list[tuple[Row, int]] = []
        self.asked: list[Eager] = []        # tasks that asyncio.Task may have begun in the turn that is under way
        self.late_names: list[Row] = []     # tasks that were done before they had a name
        # the loop's clock is in seconds and may begin elsewhere: deadlines are converted with this
        self.offset = self.clock() - round(self.loop.time() * 1e9)
        self.before: dict[str, Any] = {}    # what others had set on the loop
        self.hooks: dict[str, Callable[..., Any]] = {
            "call_soon": new_call_soon(self),
            "call_soon_threadsafe": new_call_soon_threadsafe(self),
            "create_task": new_create_task(self),
            "run_in_executor": new_run_in_executor(self),
        }
        if EAGER:
            self.hooks["is_running"] = new_is_running(self)

    def add(self, recording: Notes) -> None:
        """Record for one more recording."""
        self.recordings.append(recording)
        self._recount()

    def remove(self, recording: Notes) -> None:
        """A recording is over: after the last one everything is put back."""
        with _lock:
            self.recordings.remove(recording)
            self._recount()
            if not self.recordings:
                del WATCHES[self.loop]
                if not WATCHES:
                    put_run_back()
                    hear_no_more()
                self._put_back()
        if not self.recordings:
            self.sampler.stop_sampling()

    def _recount(self) -> None:
        self.threshold = min((each.threshold for each in self.recordings), default=self.threshold)
        for each in self.recordings:
            each.shared = len(self.recordings) > 1
        self.everything = next((each for each in self.recordings if each.everything), None)

    def put(self) -> None:
        """Set the hooks on the loop, in front of the methods of its class."""
        attributes = vars(self.loop)
        self.before = {name: attributes[name] for name in self.hooks if name in attributes}
        attributes.update(self.hooks)

    def _put_back(self) -> None:
        attributes = vars(self.loop)
        for name, hook in self.hooks.items():
            if attributes.get(name) is hook:            # else somebody replaced ours: leave theirs
                del attributes[name]
                if name in self.before:
                    attributes[name] = self.before[name]
        self.hooks = {}

    def read_late_names(self) -> None:
        """Read the names of tasks that were done before they had one."""
        while self.late_names:
            row = self.late_names.pop()
            try:
                row.read_name()
            except Exception as error:
                row.recorder.fail(error)

    def sample(self, place: Place | None, weight: int, at: int | None = None) -> None:
        """Somebody saw the turn that is under way at this line."""
        seen = (self.clock() if at is None else at, place, weight)
        for recording in tuple(self.recordings):
            recording.seen.append(seen)

    def fail(self, error: Exception) -> None:
        """Something went wrong that concerns every recording on the loop."""
        for recording in tuple(self.recordings):
            recording.fail(error)

    def blocked_by(self, callback: str, started: int, ended: int, known: Notes | None = None) -> None:
        """A callback of that name took too long; it is that of a task of the recording `known`, or of none."""
        for recording in self.recordings:
            if recording is not known and ended - started > recording.threshold:
                recording.blocks.append((started, ended, callback))


def install(recording: Notes) -> Watch:
    """Begin to take notes on the loop of a recording."""
    with _lock:
        watch = WATCHES.get(recording.loop)
        fresh = watch is None
        if watch is None:
            watch = Watch(recording)
            if not WATCHES:
                replace_run()
            WATCHES[recording.loop] = watch
            watch.put()
        watch.add(recording)
    if fresh:
        try:
            watch.sampler.start_sampling(watch)
        except BaseException:                           # there may be no thread to be had
            watch.remove(recording)
            raise
    return watch
