"""The timeline under a replay: the lanes of the picture alone, and where to put a cursor on them.

It has neither title, key nor curve, and is never higher than what fits on one screen with the rest of the replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup

from helpers.drawing.lanes import many_panel, named_panel, whole_rows
from helpers.drawing.svg import Drawing, draw_lanes
from helpers.markup import tag
from helpers.recording import Recording, Span, Task
from helpers.wait_kinds import BLOCKED, READY, WAIT, kind_of
from helpers.widgets.replay.sentences import moment, name, names, where
from helpers.words import first_line

WIDTH = 760         # pixels
LANES = 132         # pixels of height for all lanes, at most
NAMED = 12          # up to so many lanes have names
LANE = 24           # pixels of height of a lane with a name, at most
TOLD = 2_000        # so many spans say what they are when the pointer is over them; with more the page gets slow


class Strip(NamedTuple):
    """A picture and the places on it.

    svg          the picture; text over a bar tells what the bar is
    height       pixels
    left, right  pixels between which time runs
    until        seconds at `right`; time 0 is at `left`
    top, lane    pixels above the first lane, and of height of a lane
    """

    svg: str
    height: int
    left: int
    right: int
    until: float
    top: float
    lane: float

    def x(self, time: float) -> float:
        """Pixels from the left edge at which a time in seconds stands."""
        share = min(max(time / self.until, 0.0), 1.0)
        return self.left + share * (self.right - self.left)

    def y(self, task: int) -> float:
        """Pixels from the upper edge to the middle of the lane of a task."""
        return self.top + (task + 0.5) * self.lane


def make_strip(run: Recording, *, alt: str = "") -> Strip:
    """The timeline of a run, `WIDTH` pixels wide."""
    lanes = len(run.tasks) + len(run.workers)
    if lanes <= NAMED:                      # a lane with a name for each task and worker thread
        panel = named_panel("", run, min(LANES // lanes, LANE))
    else:                                   # lanes of the tasks alone
        panel = many_panel("", run, whole_rows(len(run.tasks), LANES))
    drawing = draw_lanes(panel, width=WIDTH, alt=alt)
    layout = drawing.layout
    right = layout.left + layout.columns
    top = layout.placed[0].top
    return Strip(with_hints(drawing, run), layout.height, layout.left, right, layout.span, top, panel.lane)


def with_hints(drawing: Drawing, run: Recording) -> str:
    """The picture of one run, which tells of each bar what it is when the pointer is over it; not if they are many."""
    spans = [(task, span) for task in run.tasks for span in task.spans]
    if len(spans) > TOLD:
        return drawing.text
    return drawing.text.replace("</svg>", f"{Markup('').join(_hints(drawing, run, spans))}</svg>")


def _hints(drawing: Drawing, run: Recording, spans: list[tuple[Task, Span]]) -> Iterator[Markup]:
    """An invisible box over each span, with its words; a turn that takes no time has a box of a few pixels."""
    layout, placed = drawing.layout, drawing.layout.placed[0]
    high = max(placed.panel.lane, 2)
    for task, span in sorted(spans, key=lambda each: each[1].start - each[1].end):      # the narrow ones on top
        left, right = layout.x(span.start), layout.x(span.end)
        if right - left < 4:
            left, right = (left + right) / 2 - 2, (left + right) / 2 + 2
        top = placed.top + (task.id + 0.5) * placed.panel.lane - high / 2
        yield tag("rect", tag("title", told(run, task, span)), x=f"{left:.1f}", width=f"{right - left:.1f}",
                  y=f"{top:.1f}", height=f"{high:.1f}", fill="transparent")


def told(run: Recording, task: Task, span: Span) -> str:
    """A span in words: "north: waits for a request, 0 s to 0.3 s, line 5"."""
    if span.kind == WAIT:
        does = kind_of(first_line(span.wait)).told(names(run, span.on) if span.on else "", "")
    else:
        does = {READY: "is ready, and waits for its turn", BLOCKED: "blocks the loop"}.get(span.kind, "has a turn")
    until = f" to {moment(run, span.end)}" if span.end > span.start else ""
    place = f", {where(span.place, task)}" if span.place else ""
    return f"{name(run, task.id)}: {does}, {moment(run, span.start)}{until}{place}"
