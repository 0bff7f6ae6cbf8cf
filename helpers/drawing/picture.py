"""A whole picture, as it stands in a notebook: the title, which clock it was, the key, and the lanes of some runs.

    picture = lay_out_picture([("", run)], "3 tasks in 0.5 s", width=1012, letters=..., curve=True)

`png` paints it as a matplotlib figure, `svg` as SVG. It is laid out once, for both: measured are the letters of DejaVu
Sans, which are as wide as those of any font that a browser may have instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from helpers.drawing.lanes import NAMED_LANES, Panel, many_panel, named_panel, whole_rows
from helpers.drawing.layout import Layout, Page, Placed, lay_out
from helpers.drawing.letters import Letters, fitted
from helpers.recording import Recording

ROWS = 420                      # pixels of height for tasks without names
LANES = 500                     # pixels of height for lanes with names, about
CURVE = 120                     # pixels of height of the curve of tasks under way
NOTE = 20                       # pixels of height of a line below all
MARGIN = 14                     # pixels left of title and key
TITLE, TITLE_LINE = 52, 22      # pixels above the lanes without a key, and for another line of the title
FIRST = 26                      # pixels from the top to the middle of the first line of the title
KEY_ROW = 22                    # pixels of height of a row of the key
LARGE, SMALLEST = 13.0, 10.0    # points of the title, and of one that is long
LINES = 2                       # of a title, at most


class Head(NamedTuple):
    """What stands above all: the lines of the title, `size` points high, and which clock it was."""

    lines: list[str]
    size: float
    clock: str

    @property
    def height(self) -> int:
        """Pixels of height, without the key."""
        return TITLE + TITLE_LINE * (len(self.lines) - 1)


class Picture(NamedTuple):
    """A picture, laid out, and the letters with which it was measured."""

    head: Head
    layout: Layout
    letters: Letters


def lay_out_picture(
    runs: Sequence[tuple[str, Recording]], title: str, width: int, letters: Letters, *, curve: bool
) -> Picture:
    """The picture of one or more runs, one below the other on one time axis, `width` pixels wide.

    With `curve`, and if there is anything to see in it, tasks under way are drawn below the last run.
    """
    head = _head(title, [run for _, run in runs], width, letters)
    page = Page(width=width, letters=letters, head=head.height, margin=MARGIN, key=(20, 22, KEY_ROW), left=(70, 190),
                right=(34, width), label=30, gap=14, curve=CURVE, axis=36, note=NOTE)
    return Picture(head, lay_out(_panels(runs, letters), page, curve=curve), letters)


def _panels(runs: Sequence[tuple[str, Recording]], letters: Letters) -> list[Panel]:
    """Up to 60 tasks have lanes with names; of more, as many rows of pixels as there is room for."""
    named = sum(len(run.tasks) for _, run in runs if len(run.tasks) <= NAMED_LANES)
    lane = min(max(LANES // max(named, 1), 18), 30)
    rows = max(ROWS // len(runs), 200)
    panels = []
    for label, run in runs:
        tasks = len(run.tasks)
        if tasks <= NAMED_LANES:
            panels.append(named_panel(letters.clean(label), run, lane))
        else:
            panels.append(many_panel(letters.clean(label), run, whole_rows(tasks, rows)))
    return panels


def _head(title: str, runs: Sequence[Recording], width: int, letters: Letters) -> Head:
    """The title, in smaller letters if it is long, and in two lines if they do not help."""
    clocks = {run.clock for run in runs}
    clock = f"{clocks.pop()} time" if len(clocks) == 1 else "real and virtual time"
    whole = width - 2 * MARGIN
    room, words = whole - letters.measure(clock, "small") - 20, letters.clean(title)
    size = min(LARGE, LARGE * room / max(letters.measure(words, "title"), 1.0))
    if size >= SMALLEST:
        return Head([words], size, clock)

    def measure(text: str) -> float:
        return letters.measure(text, "title") * SMALLEST / LARGE

    first = fitted(words, room, measure).removesuffix("…")
    if words[len(first):][:1] != " ":
        first = first.rpartition(" ")[0]
    if not first:                                   # a single word that has no room
        return Head([fitted(words, room, measure)], SMALLEST, clock)
    return Head([first, fitted(words[len(first):].strip(), whole, measure)], SMALLEST, clock)


def how_many(placed: Placed, letters: Letters) -> str:
    """How many tasks lanes without names show, as it stands beside them; "" if it is not to be said, or has no room."""
    choice = (f"{placed.number}, oldest on top", placed.number) if placed.number else ()
    return next((words for words in choice if letters.measure(words, "small") <= placed.panel.height), "")


def beside_main(layout: Layout, letters: Letters) -> str:
    """What the curve counts, as it stands beside it; "" if there is no room."""
    main = letters.clean(layout.placed[-1].panel.run.names[0])
    choice = (f"tasks beside {main}", f"beside {main}", "beside the first")
    return next((words for words in choice if letters.measure(words, "small") <= CURVE), "")
