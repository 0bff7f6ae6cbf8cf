"""The line that a long turn on the loop is at.

While a recording is under way, a *sampler* tells it now and then which line the loop is at. On a real loop that is a
`Watchdog`: a thread that looks at the loop's stack. A loop in virtual time is a sampler itself, and need not guess.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from types import CodeType, FrameType
from typing import Protocol, runtime_checkable

from helpers.recorder.learners_code import frames_of_threads, is_library
from helpers.recording import Place

SHORTEST, LONGEST = 0.002, 1.0          # seconds between two looks; between them, a quarter of the threshold


class Watched(Protocol):
    """What a sampler knows of the loop that it watches.

    clock      gives the time in nanoseconds
    threshold  nanoseconds; a longer turn counts as blocking
    thread     in which the loop runs
    turns      the code of the functions in which a turn takes place
    """

    clock: Callable[[], int]
    threshold: float
    thread: int
    turns: Collection[CodeType]

    def sample(self, place: Place | None, weight: int, at: int | None = None) -> None:
        """Note that the turn under way was seen at a line: now, or at that time. `weight` says how much it counts."""

    def fail(self, error: Exception) -> None:
        """Note that the sampler failed."""


@runtime_checkable
class Sampler(Protocol):
    """Tells at which line the loop is.

    exact  whether the clock stands still during a turn but for what the sampler tells: then many things happen at one
           instant, and in which order, only the number of the turn can tell
    """

    exact: bool

    def start_sampling(self, watched: Watched) -> None:
        """Begin to call `watched.sample`."""

    def stop_sampling(self) -> None:
        """Stop calling it."""


class Watchdog:
    """A thread that checks now and then which line the loop is at, to explain why a loop is blocked."""

    exact = False

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start_sampling(self, watched: Watched) -> None:
        self._thread = threading.Thread(target=self._look, args=(watched,), name="helpers-watchdog", daemon=True)
        self._thread.start()

    def stop_sampling(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(1)

    def _look(self, watched: Watched) -> None:
        try:
            while not self._stopped.wait(min(max(watched.threshold / 4e9, SHORTEST), LONGEST)):
                at = watched.clock()            # before the look: the turn may end while we write it down
                place = place_in_turn(frames_of_threads().get(watched.thread), watched.turns)
                if place is not None:
                    watched.sample(place, 1, at)
        except Exception as error:
            watched.fail(error)


def place_in_turn(frame: FrameType | None, turns: Collection[CodeType]) -> Place | None:
    """The learner's innermost line on a stack that is in the middle of a turn on the loop; else None."""
    place = None
    while frame is not None:
        if frame.f_code in turns:
            return place
        if place is None and not is_library(frame.f_code):
            place = Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    return None
