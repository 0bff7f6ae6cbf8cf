"""The timeline under a replay: a picture that is made once, and where to put a cursor on it.

It is the lanes of the timeline alone, without title, key and curve, and never higher than what fits on one screen with
the rest of the replay.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

from helpers.drawing.canvas import Sheet, SheetLetters, png, style
from helpers.drawing.lanes import Panel, many_panel, named_panel, whole_rows
from helpers.drawing.layout import Page, lay_out
from helpers.drawing.palette import DPI
from helpers.drawing.png import paint_lanes, paint_times
from helpers.recording import Recording

WIDTH = 968         # pixels: as wide as the replay is, at most
LANES = 150         # pixels of height for all lanes, at most
NAMED = 10          # up to so many lanes have names
LANE = 24           # pixels of height of a lane with a name, at most
AXIS = 24           # pixels below, for the times


class Strip(NamedTuple):
    """A picture and the places on it.

    png           the picture, base64
    width, height pixels
    left, right   pixels between which time runs
    until         seconds at `right`; time 0 is at `left`
    lane          pixels of height of a lane; the first is at the top
    """

    png: str
    width: int
    height: int
    left: int
    right: int
    until: float
    lane: float

    def x(self, time: float) -> float:
        """Pixels from the left edge at which a time in seconds stands."""
        share = min(max(time / self.until, 0.0), 1.0)
        return self.left + share * (self.right - self.left)


def make_strip(run: Recording) -> Strip:
    """The timeline of a run, `WIDTH` pixels wide."""
    with style():
        sheet = Sheet(WIDTH / DPI)
        page = Page(width=WIDTH, letters=SheetLetters(sheet), head=2, left=(60, 170), right=(34, 34), axis=AXIS,
                    explain=False, endings="", beside=True)
        panel = _panel(run)
        layout = lay_out([panel], page)
        sheet.set_height(layout.height)
        paint_lanes(sheet, layout)
        paint_times(sheet, layout, layout.bottom + AXIS // 2 - 1)
    picture = base64.b64encode(png(sheet.figure)).decode("ascii")
    right = layout.left + layout.columns
    return Strip(picture, layout.width, layout.height, layout.left, right, layout.span, panel.lane)


def _panel(run: Recording) -> Panel:
    """A lane with a name for each task and worker thread, if they are few; else lanes of the tasks alone."""
    lanes = len(run.tasks) + len(run.workers)
    if lanes <= NAMED:
        return named_panel("", run, min(LANES // lanes, LANE))
    return many_panel("", run, whole_rows(len(run.tasks), LANES))
