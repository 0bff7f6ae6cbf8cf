"""The pulse of an event loop: it beats while the loop is free, and stops while somebody blocks it.

    with heartbeat() as pulse:          # in any coroutine, or in a cell
        await main()
    pulse.missing, pulse.largest_gap    # how many beats did not come? seconds of the longest gap between two beats
    pulse.stopped                       # was there a silence of five beats or more?
    pulse                               # last in a cell: the beats as a strip

    heartbeat()                         # last in a cell: live, under the cell, while you run others

A beat is a timer of the loop, nothing else: the loop that runs the learner's tasks must find the time for it. It is
no task, so it appears in no recording and changes none; in virtual time every beat is exact.

**What it cannot see.** Whoever holds the loop between two beats is not noticed: with a beat every 0.1 s, a block of
0.09 s may leave no trace. And a gap holds up to one interval of silence in which nobody blocked: a gap of 0.65 s says
that the loop was held up for at least 0.55 s of it (`held_up`), by one turn or by several in a row, and that five
beats are missing. "Stopped" means a silence of five beats or more: in real time a busy machine alone makes no such
silence, but a beat that is missing may be its doing. For the line that blocks, record the run.

A live heartbeat sends each beat to the page. While the loop is blocked nothing can be sent, and the page shows that
by itself: what it got with the last beat is an animation that grows until the next one comes. The timer ends with
`close()`, with the button, when the cell is run again, and after ten minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from types import TracebackType
from typing import NamedTuple

from helpers.arguments import number
from helpers.drawing.figure import display
from helpers.text_twin import CHART_WIDTH
from helpers.virtual import VirtualTimeLoop
from helpers.widgets.afterwards import Shown
from helpers.widgets.cleanup import close_all, close_with_cell
from helpers.widgets.heartbeat_page import Live, bundle
from helpers.words import count, seconds, short

EVERY = 0.1             # seconds from beat to beat
STOP = 5                # a silence of so many beats counts as a stop: a busy machine alone makes no such silence
LIFETIME = 600.0        # seconds that a live heartbeat beats at most
KEPT = 100_000          # beats that are remembered


class Gap(NamedTuple):
    """A silence in which the pulse stopped, in seconds since the heartbeat began."""

    start: float
    end: float


def heartbeat(*, every: float = EVERY) -> Heartbeat:
    """A heartbeat of the event loop, one beat `every` so many seconds.

    As a context manager it watches the block: `with heartbeat() as pulse:`. Last in a cell it beats live, under that
    cell, until it is closed. Raises TypeError or ValueError if `every` is no number of seconds above 0.
    """
    return Heartbeat(every)


class Heartbeat:
    """What `heartbeat()` gives. Times are seconds since it began.

    every        seconds from beat to beat on a free loop; what holds the loop for less may not be seen
    times        of the beats
    gaps         the silences of at least five beats: there the pulse stopped
    holes        all silences in which a beat is missing, those of `gaps` included
    clock        "real" or "virtual"; "" before it began
    """

    def __init__(self, every: float = EVERY) -> None:
        self.every = number("every", every, above=True, meaning="a number of seconds from beat to beat",
                            limits="a number of seconds above 0", write="heartbeat(every=0.1)")
        self.clock = ""
        self.times: deque[float] = deque(maxlen=KEPT)
        self.beats = 0
        self.gaps: list[Gap] = []
        self.holes: deque[Gap] = deque(maxlen=KEPT)
        self._missed = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._last = 0.0            # when the last beat was, or the beginning
        self._longest = 0.0
        self._ended: float | None = None
        self._page: Live | None = None              # what shows it live
        self._shown: list[Shown] = []               # where it is shown live

    # -- beating --------------------------------------------------------------------------------

    def __enter__(self) -> Heartbeat:
        self._begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> Heartbeat:
        raise TypeError("a heartbeat has nothing to await: write with heartbeat() as pulse, without async")

    async def __aexit__(self, *error: object) -> None:
        """Never reached; it is here so that `async with` gets as far as the sentence above."""

    def _begin(self) -> None:
        if self.clock:
            raise RuntimeError("this heartbeat has begun already: make a new one, with heartbeat() as pulse:")
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError("a heartbeat needs a running event loop: use it in a coroutine, as in "
                               "async def main(): with heartbeat() as pulse: ...") from None
        self.clock = "virtual" if isinstance(self._loop, VirtualTimeLoop) else "real"
        self._began = self._loop.time()
        self._timer = self._loop.call_later(self.every, self._beat)

    def _now(self) -> float:
        assert self._loop is not None
        return round(self._loop.time() - self._began, 9)

    def _beat(self) -> None:
        self._note(self._now(), beats=1)
        self.beats += 1
        self.times.append(self._last)
        assert self._loop is not None
        if self._page is not None and self.clock == "real" and self._last >= LIFETIME:
            self.stop()
            return
        self._timer = self._loop.call_later(self.every, self._beat)
        if self._page is not None:
            self._page.beat(self)

    def _due(self, silence: float) -> int:
        """How many beats were due in a silence before its end, none of which came."""
        return math.ceil(round(silence / self.every, 6)) - 1

    def _note(self, now: float, beats: int = 0) -> None:
        """The silence that has now ended, with so many beats: the one that comes late is not missing."""
        silence = round(now - self._last, 9)
        self._longest = max(self._longest, silence)
        missing = math.floor(round(silence / self.every, 6)) - 1 if beats else self._due(silence)
        if missing > 0:
            self._missed += missing
            self.holes.append(Gap(self._last, now))
        if silence >= STOP * self.every:
            self.gaps.append(Gap(self._last, now))
        self._last = now

    def stop(self) -> None:
        """End it: no further beats. What was seen stays. Without effect if it has ended, or has not begun."""
        if self._loop is None or self._ended is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._ended = self._now()
        self._note(self._ended)
        self._loop = self._timer = None
        if self._page is not None:
            self._page.beat(self)
        for shown in self._shown:
            shown.keep(bundle(self))

    def close(self) -> None:
        """End it, and take its live picture off the page."""
        self.stop()
        if self._page is not None:
            page, self._page = self._page, None
            close_all(page.root)

    # -- what it came to ------------------------------------------------------------------------

    @property
    def beating(self) -> bool:
        """Whether it has begun and not ended."""
        return self._loop is not None

    @property
    def elapsed(self) -> float:
        """Seconds from its begin to its end, or to now."""
        if self._ended is not None:
            return self._ended
        return self._now() if self._loop is not None else 0.0

    @property
    def largest_gap(self) -> float:
        """Seconds of the longest gap between two beats, before the first or after the last; `every` if all is well."""
        return max(self._longest, self.elapsed - self._last)

    @property
    def held_up(self) -> float:
        """Seconds of the longest gap for which the loop was certainly held up: all but the one interval that is due.

        >>> pulse = Heartbeat()
        >>> pulse.held_up
        0.0
        """
        return max(0.0, round(self.largest_gap - self.every, 9))

    @property
    def missing(self) -> int:
        """How many beats are missing: they were due, and did not come. One that came late is not among them.

        In virtual time it is exact. In real time it depends on the machine, which may hold the loop up, too.
        """
        return self._missed + (max(0, self._due(self.elapsed - self._last)) if self.beating else 0)

    @property
    def stopped(self) -> bool:
        """Whether the pulse has stopped: a silence of at least five beats, 0.5 s if `every` is 0.1.

        It is the same on any machine, if the loop is blocked for ten beats or more, or not at all. False does not say
        that nobody has blocked the loop: look at `missing` and `largest_gap`.
        """
        return self.largest_gap >= STOP * self.every

    # -- in words, and as a picture -------------------------------------------------------------

    def __str__(self) -> str:
        if not self.clock:
            return f"a heartbeat that has not begun; it will beat every {seconds(self.every)}"
        if self.clock == "real":
            if self.beating:
                return (f"a live heartbeat of the event loop, every {seconds(self.every)}; "
                        "it stops while the loop is blocked")
            # tests/sanitize.cfg takes the number of those missing out of what is compared: it depends on the machine
            return (f"heartbeat in real time: {'the pulse stopped' if self.stopped else 'the pulse never stopped'} "
                    f"for {seconds(STOP * self.every)} or more; {self._missing_words()}")
        words = [f"heartbeat every {seconds(self.every)} of virtual time: "
                 f"{count(self.beats, 'beat')} in {seconds(self.elapsed)}", self._missing_words(),
                 f"longest gap between two beats {seconds(self.largest_gap)}"]
        words += [f"stopped from {seconds(gap.start)[:-2]} to {seconds(gap.end)}" for gap in self.gaps[:3]]
        if len(self.gaps) > 3:
            words.append(f"and {len(self.gaps) - 3:,} times more")
        key = ["| a beat"]
        if len(self.holes) > len(self.gaps):
            key.append(". a beat is missing")
        if self.gaps:
            key.append("! the pulse has stopped")
        return "\n".join(["; ".join(words), self._chart(), f"({', '.join(key)})"])

    __repr__ = __str__

    def _missing_words(self) -> str:
        return f"{count(self.missing, 'beat')} {'is' if self.missing == 1 else 'are'} missing" if self.missing \
            else "no beat is missing"

    def headline(self) -> str:
        """What there is to see, in a few words."""
        missing = self._missing_words()
        if not self.stopped:
            return missing[0].upper() + missing[1:]
        times = "" if len(self.gaps) == 1 else f" {len(self.gaps):,} times"
        return f"The pulse stops{times}; {missing}"

    def subtitle(self) -> str:
        """Its durations: what was seen, and what is certain then."""
        gap = f"Longest gap between two beats {short(self.largest_gap)}"
        return f"{gap}: the loop was held up for at least {short(self.held_up)}." if self.missing else f"{gap}."

    def _chart(self) -> str:
        """The beats over time, in characters."""
        scale = (CHART_WIDTH - 1) / self.elapsed if self.elapsed > 0 else 0.0
        cells = [" "] * CHART_WIDTH
        for sign, gaps in ((".", self.holes), ("!", self.gaps)):
            for gap in gaps:
                first, last = round(gap.start * scale), round(gap.end * scale)
                cells[first : last + 1] = sign * (last + 1 - first)
        for time in self.times:
            cells[round(time * scale)] = "|"
        return "".join(cells).rstrip()

    def _ipython_display_(self) -> None:
        """Jupyter asks for this. A heartbeat that nobody has begun begins here, live."""
        import IPython.display

        if not self.clock:
            with contextlib.suppress(RuntimeError):     # no loop is running, so there is nothing that could beat
                self._begin()
        if not self.clock:
            IPython.display.display({"text/plain": str(self)}, raw=True)
        elif self.beating and self.clock == "real":
            if self._page is None:
                self._page = Live(self, late=STOP * self.every)
                close_with_cell(self)
            self._shown.append(Shown(self._page.root, "Heartbeat", ({"text/plain": str(self)}, {})))
        else:
            display(bundle(self))
