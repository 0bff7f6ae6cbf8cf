"""The timeline of a recorded run as a picture, and several runs on one time axis.

    draw(run)                                           # a matplotlib Figure
    compare({"sequential": run_1, "concurrent": run_2})    # last in a cell: one picture, one time axis

`png` draws it, and is imported only when a picture is wanted: matplotlib takes its time to import, and a text twin
needs none of it. `alternative_text` has the words for a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from helpers import outcomes
from helpers.arguments import instance, recorded_run
from helpers.drawing.alternative_text import alternative_text, headline
from helpers.drawing.figure import Bundle, bundle
from helpers.drawing.palette import WIDTH
from helpers.recording import Recording
from helpers.words import isolated, short, told_apart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEARLY = 1.2                # times as long: up to there, two runs are said to take nearly the same


def draw(run: Recording, *, title: str | None = None, width: float = WIDTH) -> Figure:
    """The timeline of `run` as a matplotlib Figure, `width` inches wide.

    Up to 60 tasks have a lane each with their name, and what they waited for in words; more of them
    have thin lanes, and where they are more than rows of pixels, rows show the share of their tasks
    in each state. Below stands the number of tasks under way (the main task not counted).

    Raises TypeError if `run` is not a Recording, ValueError if `width` is too small to draw in.
    """
    _expect_recording(run, "draw(run)")
    if not width >= 4:
        raise ValueError(f"width is in inches, and at least 4; got {width!r}")
    from helpers.drawing import png

    return png.figure([("", run)], title if title is not None else headline(run), width, curve=True)


def picture(run: Recording, kind: str) -> bytes:
    """The timeline as the content of a file: `kind` is "png" or "svg"."""
    if kind == "png":
        from helpers.drawing import canvas

        return canvas.png(draw(run))
    from helpers.drawing import png, svg

    laid_out = png.laid_out([("", run)], headline(run), WIDTH, curve=True)
    return svg.paint(laid_out, alternative_text(run)).encode()


def mimebundle(run: Recording, *, before: str = "") -> Bundle:
    """What Jupyter shows of a run: its picture, the text twin, and the alternative text of the picture.

    before  what the alternative text begins with
    """
    numbers = f"{headline(run)}. " if run.clock == "real" else ""      # those of the title
    alt = f"{before}{numbers}{alternative_text(run)}"
    return _bundle([("", run)], headline(run), curve=True, alt=alt, text=str(run), clock=run.clock)


def _bundle(runs: Sequence[tuple[str, Recording]], title: str, *, curve: bool, alt: str, text: str, clock: str
            ) -> Bundle:
    from helpers.drawing import png, svg

    picture = png.laid_out(runs, title, WIDTH, curve=curve)
    return bundle(png.paint(picture), alt=alt, text=text, clock=clock, svg=svg.paint(picture))


def compare(runs: Mapping[str, Recording], *, title: str | None = None) -> Comparison:
    """Several runs on one time axis: `compare({"sequential": run_1, "concurrent": run_2})`.

    Raises TypeError or ValueError, which says what to write, if `runs` is anything else.
    """
    call = 'compare({"sequential": run_1, "concurrent": run_2})'
    instance(runs, Mapping, "compare() takes a dictionary of labels and runs", f"write {call}")
    if not runs:
        raise ValueError(f"compare() got an empty dictionary; give it labels and runs: {call}")
    for label, run in runs.items():
        if not isinstance(label, str):
            raise TypeError(f"the label of a run is a string, not {label!r}; write {call}")
        _expect_recording(run, f"compare({{{label!r}: run}})")
    return Comparison(dict(runs), title)


class Comparison:
    """What `compare` returns: shows itself when it is last in a cell, and as text when printed."""

    def __init__(self, runs: dict[str, Recording], title: str | None = None) -> None:
        self.runs = runs
        self.title = title
        self._labelled = list(zip(told_apart(list(runs)), runs.values()))

    def figure(self, *, width: float = WIDTH) -> Figure:
        """The lanes of all runs, one run below the other, as a matplotlib Figure `width` inches wide."""
        from helpers.drawing import png

        return png.figure(self._labelled, self._title(), width, curve=False)

    def verdict(self) -> str:
        """Who is how much faster, in one line; "" if a run was real, or there is only one."""
        return self._verdict

    @cached_property
    def _verdict(self) -> str:
        if len(self.runs) < 2 or any(run.clock != "virtual" for run in self.runs.values()):
            return ""
        return _ranking(self._labelled)

    def _title(self) -> str:
        """The title of the picture: what there is to compare, of real runs as well; of many only the two furthest."""
        return self.title if self.title is not None else _ranking(self._labelled, most=2)

    def __str__(self) -> str:
        virtual = [run for run in self.runs.values() if run.clock == "virtual"]
        until = max((run.last_moment for run in virtual), default=None)
        blocks = [f"{isolated(label)}: {run.text(until)}" for label, run in self._labelled]
        if self.verdict():
            blocks.append(self.verdict())
        return "\n\n".join(blocks)

    __repr__ = __str__

    def _repr_pretty_(self, printer, cycle):
        printer.text(str(self))

    def _repr_mimebundle_(self, include=None, exclude=None):
        clocks = {run.clock for run in self.runs.values()}
        numbers = f"{self._title()}. " if clocks != {"virtual"} else ""         # those of the title
        alt = f"Timelines on one time axis. {numbers}" + " ".join(
            f"{isolated(label)}: {alternative_text(run)}" for label, run in self._labelled
        )
        if self.verdict():
            alt += f" {self.verdict()}."
        clock = clocks.pop() if len(clocks) == 1 else "mixed"
        return _bundle(self._labelled, self._title(), curve=False, alt=alt, text=str(self), clock=clock)


def _ranking(runs: Sequence[tuple[str, Recording]], most: int | None = None) -> str:
    """How long each run takes, and how many times as long as the first; with `most`, of the shortest and longest only.

    A run that has failed has not taken shorter or longer: it has ended, and when and how is told.
    """
    whole = sorted((each for each in runs if not each[1].error), key=lambda each: each[1].elapsed)
    broken = sorted((each for each in runs if each[1].error), key=lambda each: each[1].elapsed)
    more = 0
    if most is not None and len(runs) > most:
        whole = [whole[0], whole[-1]] if len(whole) > 1 else whole
        more = max(len(broken) - most, 0)
        broken = broken[: len(broken) - more]
    words = []
    for number, (label, run) in enumerate(whole):
        takes = "" if number else " takes"
        words.append(f'"{label}"{takes} {short(run.elapsed)}' + (_times(whole[0][1], run) if number else ""))
    words += [f'"{label}" {_ends(run)}' for label, run in broken]
    if more:
        words.append(f"{more:,} more end{'s' if more == 1 else ''} without a result")
    return ", ".join(words) if len(words) == 2 else "; ".join(words)


def _ends(run: Recording) -> str:
    """ "ends after 0.1 s with Deadlock"."""
    ended, _ = outcomes.ended_with(run)
    after = f"after {short(run.elapsed)}"
    return f"is {ended} {after}" if ended in ("stopped", "cancelled") else f"ends {after} with {ended}"


def _times(shorter: Recording, longer: Recording) -> str:
    """": 2.4 times as long"; of runs that take the same time, if their longest turns differ; "" if it says nothing."""
    if longer.elapsed == shorter.elapsed:
        turns = [short(run.longest_turn) for run in (shorter, longer)]
        if turns[0] == turns[1]:
            return ": equally long"
        return f": equally long, longest turn {turns[1]}, not {turns[0]}"
    if shorter.elapsed <= 0:
        return ""
    ratio = longer.elapsed / shorter.elapsed
    if ratio < NEARLY:                          # on a real clock, the next run may have it the other way round
        return ": nearly as long"
    return f": {ratio:,.0f} times as long" if ratio >= 100 else f": {ratio:.3g} times as long"


# -- errors ----------------------------------------------------------------------------------------


def _expect_recording(run: object, call: str) -> None:
    recorded_run(run, Recording, f"{call.partition('(')[0]}() draws a recorded run", call)
