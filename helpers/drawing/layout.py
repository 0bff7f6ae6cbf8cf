"""Where everything stands in the picture of one or more runs: numbers and words, for whoever paints them.

    page = Page(width=640, letters=..., ...)            # what is particular to a kind of picture
    layout = lay_out(panels, page, curve=True)          # what there is to see, and where

`png` and `svg` paint the same layout, so they never differ in what is seen, told and explained. Everything is laid out
in whole pixels from the top left corner; between `left` and `left + columns` stands time, up to `span` seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from helpers import footnotes, outcomes
from helpers.drawing.axis import Unit
from helpers.drawing.lanes import Bars, Panel, Words, bars, cuts, visible, words
from helpers.drawing.letters import Letters, fitted
from helpers.drawing.palette import CUT, MUTED, NUMBER, STATES, State, words_of
from helpers.drawing.shares import Layer, layers, raster
from helpers.recording import Recording, Task
from helpers.text_twin import worker_names
from helpers.wait_kinds import CANCELLED, EXCEPTION, PENDING, READY, RESULT, families
from helpers.words import LONGEST, count, cut_apart, told_apart

ENDING = 240                    # pixels that what became of a task may take in any case
MARKS = {RESULT: "", EXCEPTION: "✕", CANCELLED: "⊘", PENDING: "…"}
NOTE_LINES = 3                  # of one sentence below the picture, at most
LONG_LABEL = 0.7                # of the width of the page: the most that the label of a run may take


class Page(NamedTuple):
    """What is particular to a kind of picture, in pixels.

    width    of the whole
    letters  what it is written with
    head     above the lanes, without the key
    left     for names, at least and at most
    right    beside the lanes, at least and at most
    axis     below all, for the times
    margin   left of the key and of labels
    key      of the key: the swatch with its gap, the gap between two entries, the height of a row
    explain  whether there is a key
    label    height of the label of a run
    gap      between the panels
    curve    height of the curve of tasks under way
    endings  what stands after each lane: "words", "marks" or ""
    note     height of a line below the times; 0 if there are none
    beside   whether of many lanes only their number stands on the left, and not the names of the first and the last
    """

    width: int
    letters: Letters
    head: int
    left: tuple[int, int]
    right: tuple[int, int]
    axis: int
    margin: int = 0
    key: tuple[int, int, int] = (0, 0, 0)
    explain: bool = True
    label: int = 0
    gap: int = 0
    curve: int = 0
    endings: Literal["words", "marks", ""] = "words"
    beside: bool = False
    note: int = 0


class Entry(NamedTuple):
    """An entry of the key: where its swatch begins, in which row, the state that it explains, and how."""

    x: float
    row: int
    state: State
    words: str


class Name(NamedTuple):
    """A name left of the lanes, with its middle at `y` pixels of the panel; `main` if a lane of a task is its own."""

    text: str
    y: float
    main: bool


class Ending(NamedTuple):
    """What stands after a lane, at `y` pixels of the panel: what is written, and what it means."""

    text: str
    told: str
    time: float
    y: float
    colour: str


class Label(NamedTuple):
    """The label of one of several runs, and how long it took: in words, with its middle at `x`."""

    text: str
    elapsed: str
    x: float


class Placed(NamedTuple):
    """A panel on its place: `top` is that of its lanes. It has either bars or, of many lanes, an image of them.

    `cuts` are the time and the lane of each wait that was cut short.
    """

    panel: Panel
    top: int
    label: Label | None
    names: list[Name]
    number: str                 # "200 tasks", where not all of them have names
    endings: list[Ending]
    bars: list[Bars]
    image: np.ndarray | None
    words: list[Words]
    cuts: list[tuple[float, int]]


class LayerWords(NamedTuple):
    """The name of a state in the curve, with its middle in that `bin`, at a height of so many `tasks`."""

    text: str
    state: State
    bin: int
    tasks: float


class Curve(NamedTuple):
    """The tasks under way: their layers in `bins` of time, and their largest number, first reached `at` seconds.

    `told` is the name of each layer, as the key has it.
    """

    top: int
    layers: list[Layer]
    bins: int
    peak: int
    at: float
    told: list[str]

    @property
    def most(self) -> float:
        """How many tasks stand at the top of the curve, so that there is room for words above it."""
        return max(self.peak, float(self.total.max())) * 1.25

    def words_inside(self, letters: Letters, height: int) -> list[LayerWords]:
        """The name of each state inside its area, at the place with the most room, if any has enough.

        height  of the whole curve, in pixels; its bins are pixels, too
        """
        found = []
        for layer, told in zip(self.layers, self.told):
            window = int(letters.measure(told, "small")) + 12
            if window >= len(layer.top) or layer.state.name == "running":
                continue
            starts = range(0, len(layer.top) - window, 8)
            # a straight line of text must lie inside the area: below its lowest top, above its highest bottom
            room = [(layer.top[i : i + window].min() - layer.bottom[i : i + window].max(), i) for i in starts]
            high, i = max(room, default=(0, 0), key=lambda item: item[0])
            if high * height / self.most >= 16:
                middle = float(layer.bottom[i : i + window].max() + high / 2)
                found.append(LayerWords(told, layer.state, i + window // 2, middle))
        return found

    @property
    def total(self) -> np.ndarray:
        return self.layers[-1].top if self.layers else np.zeros(self.bins)

    @property
    def words(self) -> str:
        return f"at most {self.peak:,} under way"


class Layout(NamedTuple):
    """A picture, laid out. `ticks` are times and their words; the time axis is at `bottom`.

    `notes` are lines below it, the first with its middle at `below`.
    """

    width: int
    height: int
    left: int
    columns: int
    bottom: int
    span: float
    unit: Unit
    ticks: list[tuple[float, str]]
    key: list[Entry]
    placed: list[Placed]
    curve: Curve | None
    notes: list[str]
    below: int

    def x(self, seconds: float) -> float:
        """Where a time stands, in pixels from the left edge."""
        return self.left + seconds / self.span * self.columns


def lay_out(panels: Sequence[Panel], page: Page, *, curve: bool = False, bins: int | None = None) -> Layout:
    """The runs, one below the other on one time axis.

    With `curve`, and if there is anything to see in it, tasks under way stand below the last run, in as many `bins`
    of time; by default in as many as there are columns.
    """
    until = max(panel.last_moment for panel in panels)
    span = until if until > 0 else 1.0                       # of a run that took no time, a second is drawn
    unit = Unit(until)
    curve = curve and until > 0 and len(panels[-1].run.tasks) > 2

    texts = [_names(panel, page) for panel in panels]
    left = _left(texts, panels[-1].run.peak if curve else None, page)
    endings = [_endings(panel, page, unit, span, page.width - left) for panel in panels]
    right = _right(panels, endings, page, unit, span, page.width - left)
    columns = page.width - left - right
    pixel = span / columns
    cut = [cuts(panel, pixel) for panel in panels]
    key = _key([*visible(panels, span), *([CUT] if any(cut) else [])], _waits(panels), page) if page.explain else []

    top = page.head + (page.key[2] * (key[-1].row + 1) if key else 0)
    placed = []
    for panel, label, names, ended, own in zip(panels, _labels(panels, page), texts, endings, cut):
        top += page.label if panel.label else 0
        placed.append(Placed(
            panel, top, _label(panel, label, page, unit, left + panel.run.elapsed / pixel) if panel.label else None,
            names, "" if panel.named or page.beside else count(len(panel.run.tasks), "task"), ended,
            bars(panel, pixel, span) if panel.named else [], None if panel.named else raster(panel, span, columns),
            words(panel, page.letters, pixel, columns, unit), own,
        ))
        top += panel.height + page.gap
    under_way = _curve(panels[-1], top, span, columns if bins is None else min(bins, columns)) if curve else None
    bottom = top + page.curve if curve else top - page.gap
    ticks = [(tick, unit.tick(tick)) for tick in unit.ticks(until, columns)]
    notes = _notes(panels, page) if page.note else []
    height = bottom + page.axis + page.note * len(notes)
    below = bottom + page.axis + page.note // 2 - 4
    return Layout(page.width, height, left, columns, bottom, span, unit, ticks, key, placed, under_way, notes, below)


# -- left and right of the lanes --------------------------------------------------------------------


def _names(panel: Panel, page: Page) -> list[Name]:
    """Each name beside its lane; of many lanes those of the first and the last, or how many there are."""
    if not panel.named and page.beside:
        return [Name(count(len(panel.run.tasks), "task"), panel.height / 2, False)]
    given, least, most = panel.run.names, *page.left
    shown = given if panel.named else (given[0], given[-1])
    room = most - 20 if most > least else most - 12

    def measure(text: str) -> float:
        return page.letters.measure(text, "name")

    names = [page.letters.clean(name) for name in shown]
    if len(set(names)) < len(names):            # the picture may lack the letters in which they differ
        names = told_apart(names)
    names = cut_apart(names, room, measure)
    if not panel.named:
        return [Name(name, y, False) for name, y in zip(names, (7, panel.height - 7))]
    lanes = enumerate([*names, *worker_names(len(panel.workers))])
    return [Name(name, (lane + 0.5) * panel.lane, lane < len(names)) for lane, name in lanes]


def _left(names: list[list[Name]], peak: int | None, page: Page) -> int:
    """Pixels on the left, so that all names have room, and the largest number of the curve."""
    least, most = page.left
    if least == most:
        return least
    widths = [page.letters.measure(name.text, "name") + 20 for own in names for name in own]
    if peak is not None:
        widths.append(page.letters.measure(f"{peak:,}", "name") + 44)
    return math.ceil(max([least, *widths]))


def _right(panels: Sequence[Panel], endings: list[list[Ending]], page: Page, unit: Unit, span: float, room: int) -> int:
    """Pixels on the right, so that the words after each lane, and how long each run took, end inside the page."""
    least, most = page.right
    if least == most:
        return least
    need = float(least)
    for ending in (each for own in endings for each in own):
        share = ending.time / span
        if share > 0:
            # after the lane there is (1 - share) of the columns, and the margin
            need = max(need, (page.letters.measure(ending.text, "small") + 15 - (1 - share) * room) / share)
    labels = [unit.words(panel.run.elapsed) for panel in panels if panel.label]
    widest = max((page.letters.measure(label, "label") for label in labels), default=0.0)
    return max(math.ceil(min(need, most, 0.45 * room)), math.ceil(widest / 2) + 8)


def _endings(panel: Panel, page: Page, unit: Unit, span: float, room: int) -> list[Ending]:
    """What stands right of each lane with a name: how long its task took, and how it ended if not with a result."""
    if not panel.named or not page.endings:
        return []
    end = panel.run.end             # a task that is left behind is not known to go on as long as a worker thread
    found = []
    deadlock = outcomes.is_deadlock(panel.run)
    for task in panel.run.tasks:
        last = end if task.finished is None else task.finished
        mark, told, pending = MARKS[task.outcome], outcomes.became(panel.run, task), task.outcome == PENDING
        wrong = task.outcome == EXCEPTION or (pending and deadlock)
        text = mark
        if page.endings == "words":
            # an early end leaves more room on its right
            # the length of a task that did not end would mean nothing: when the run was over does
            words = [] if panel.label or pending else [unit.words(last - task.created)]
            words += [f"{mark} {_became(panel, task, max(ENDING, 0.8 * room * (1 - last / span)), page, unit)}"
                      ] if mark else []
            text = "  ".join(words)
        if text:
            found.append(Ending(text, told, last, (task.id + 0.5) * panel.lane,
                                STATES[NUMBER["blocked"]].colour if wrong else MUTED))
    return found


def _became(panel: Panel, task: Task, room: float, page: Page, unit: Unit) -> str:
    """What became of a task, the longest words that have room; if none have, those with the most in them, cut."""
    run, letters = panel.run, page.letters
    choice = [outcomes.became(run, task, names=names, line=line)
              for names, line in ((True, True), (False, True), (True, False), (False, False))]
    if task.outcome == PENDING and not outcomes.is_cut_off(run) and not panel.label:
        choice.insert(0, f"{choice[0]} at {unit.words(run.end)}")
    if task.id == 0 and task.outcome == EXCEPTION and not panel.label:
        choice.append(f"failed: {outcomes.kind(task.error)}")           # the title has the rest
    if outcomes.is_deadlock(run) and task.outcome == PENDING:
        choice.append("waits for ever")                                 # rather than to cut that off
    for told in (letters.clean(each) for each in choice):
        if letters.measure(told, "small") <= room:
            return told
    return _short(choice[-1], room, letters)


def _short(text: str, room: float, letters: Letters) -> str:
    return fitted(letters.clean(text), room, lambda text: letters.measure(text, "small"))


# -- above and below --------------------------------------------------------------------------------


def _waits(panels: Sequence[Panel]) -> dict[str, list[str]]:
    """The kinds of waits in all panels, by family."""
    kinds = dict.fromkeys(wait for panel in panels for wait in panel.run.waits)
    for panel in panels:
        if panel.run.clock == "real":               # what looks like waiting for the loop is drawn as the wait before
            kinds |= dict.fromkeys(s.wait for t in panel.run.tasks for s in t.spans if s.kind == READY and s.wait)
    return families(kinds)


def _key(states: list[State], waits: Mapping[str, Sequence[str]], page: Page) -> list[Entry]:
    swatch, gap, _ = page.key
    x, row, found = float(page.margin), 0, []
    for state in states:
        words = words_of(state, waits)
        width = swatch + page.letters.measure(words, "small") + gap
        if x + width > page.width - page.margin and x > page.margin:
            x, row = float(page.margin), row + 1
        found.append(Entry(x, row, state, words))
        x += width
    return found


def _labels(panels: Sequence[Panel], page: Page) -> list[str]:
    """The labels of several runs, cut to the room that there is, and no two the same."""
    names = [page.letters.clean(panel.label) for panel in panels]
    if len(set(names)) < len(names):
        names = told_apart(names, LONGEST)
    return cut_apart(names, LONG_LABEL * page.width, lambda text: page.letters.measure(text, "label"))


def _label(panel: Panel, text: str, page: Page, unit: Unit, x: float) -> Label:
    """The label of one of several runs, and where it ends, or as near as there is room, how long it took."""

    def measure(text: str) -> float:
        return page.letters.measure(text, "label")

    elapsed = _elapsed(panel.run, unit)
    half = measure(elapsed) / 2
    return Label(text, elapsed, min(max(x, page.margin + measure(text) + 16 + half), page.width - 4 - half))


def _elapsed(run: Recording, unit: Unit) -> str:
    """How long a run took, what ended it instead of a result, or how many of its tasks had none."""
    ended, _ = outcomes.ended_with(run)
    told = [ended] if ended else outcomes.tally(run, run.tasks)
    return ", ".join([unit.words(run.elapsed), *told])


def _curve(panel: Panel, top: int, span: float, bins: int) -> Curve:
    found = layers(panel, span, bins)
    waits = _waits([panel])
    curve = Curve(top, found, bins, panel.run.peak, 0.0, [words_of(layer.state, waits) for layer in found])
    return curve._replace(at=int(np.argmax(curve.total)) * span / bins)


# -- below ------------------------------------------------------------------------------------------


def _notes(panels: Sequence[Panel], page: Page) -> list[str]:
    """What is said in sentences below the picture, in lines that fit."""
    lines: list[str] = []
    for panel in panels:
        before = f"{page.letters.clean(panel.label)}: " if panel.label else ""
        cut = [] if panel.named else footnotes.cut_short(panel.run)         # where there is no room for their marks
        for note in (*cut, *footnotes.callbacks(panel.run), *footnotes.footnotes(panel.run)):
            lines += _lines(before + page.letters.clean(note), page)
    return lines


def _lines(text: str, page: Page) -> list[str]:
    """A text, broken between words; of what does not fit in three lines the rest is cut."""
    room = page.width - 2 * page.margin
    lines: list[str] = []
    words = text.split(" ")
    while words and len(lines) < NOTE_LINES - 1:
        many = 1
        while many < len(words) and page.letters.measure(" ".join(words[: many + 1]), "small") <= room:
            many += 1
        lines.append(_short(" ".join(words[:many]), room, page.letters))
        words = words[many:]
    return [*lines, _short(" ".join(words), room, page.letters)] if words else lines
