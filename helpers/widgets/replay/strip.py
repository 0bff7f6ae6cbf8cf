"""The timeline under a replay: a picture that is made once, and where to put a cursor on it.

The lanes are those of `lanes`, on a sheet of their own: without title, key and curve, and never
higher than what fits on one screen with the rest of the replay.
"""

from __future__ import annotations

import base64
import math
from typing import NamedTuple

from helpers.drawing.canvas import DPI, SMALL, Sheet, Unit, png, printable, style
from helpers.drawing.lanes import draw_lanes, last_moment, make_panel
from helpers.drawing.palette import MUTED
from helpers.recording import Recording
from helpers.text_twin import worker_names

WIDTH = 968         # pixels: as wide as the replay is, at most
LANES = 150         # pixels of height for all lanes, at most
NAMED = 10          # up to so many lanes have names
LANE = 24           # pixels of height of a lane with a name, at most
AXIS = 22           # pixels below, for the times


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
        return _strip(run)


def _strip(run: Recording) -> Strip:
    sheet = Sheet(WIDTH / DPI)
    tasks = len(run.tasks)
    panel = make_panel("", run, 1, LANES)
    if panel.named:
        lanes = panel.lanes
        if lanes <= NAMED:
            lane = min(LANES // lanes, LANE)
            panel = panel._replace(lane=lane, height=lanes * lane)
        else:                       # fewer than the timeline has room for, but too many for here
            lane = LANES // tasks
            panel = panel._replace(named=False, workers=(), lane=lane, height=lane * tasks)
    until = last_moment(panel)
    span = until if until > 0 else 1.0
    unit = Unit(until)
    labels = [sheet.fit(printable(task.name), 150) for task in run.tasks] if panel.named else []
    labels += worker_names(len(panel.workers))
    count = "" if panel.named else f"{tasks:,} tasks"
    left = max(math.ceil(max(map(sheet.measure, [*labels, count]))) + 22, 60)
    right = WIDTH - 34
    sheet.set_height(panel.height + AXIS + 4)
    ticks = unit.ticks(until, right - left)
    axes = sheet.axes(left, 2, right - left, panel.height, span, ticks)
    draw_lanes(sheet, axes, panel, span, right - left, unit)
    for number, label in enumerate(labels):
        sheet.text(left - 10, 2 + (number + 0.5) * panel.lane, label, ha="right")
    sheet.text(left - 10, 2 + panel.height / 2, count, size=SMALL, color=MUTED, ha="right")
    for tick in ticks:
        sheet.text(left + tick / span * (right - left), panel.height + 2 + AXIS / 2, unit.tick(tick), size=SMALL,
                   color=MUTED, ha="center")
    picture = base64.b64encode(png(sheet.figure)).decode("ascii")
    return Strip(picture, WIDTH, sheet.height, left, right, span, panel.lane)
