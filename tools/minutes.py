"""How many minutes a lesson takes, counted instead of guessed.

    minutes = words / 180 + lines of code / 12 + 1 for each prediction + the minutes of the exercises

This is the core of a lesson: what everybody reads and does. Two kinds of sections are not part of it: challenges, whose
minutes stand in their headings, and what stands under "Going further".

A prediction is a question of `exercises.predict_...`, which is clicked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from tools import NAVIGATION_BOTTOM, NAVIGATION_TOP, Problem, markdown

WORDS, LINES = 180, 12      # that one reads in a minute
MOST_MINUTES, MOST_PREDICTIONS = 45, 8

GENERATED = (NAVIGATION_TOP, NAVIGATION_BOTTOM)


@dataclass(frozen=True)
class Core:
    """What the core of a lesson consists of."""

    words: int
    lines: int          # of code
    predictions: int
    exercises: int      # their minutes

    @property
    def exact(self) -> float:
        return self.words / WORDS + self.lines / LINES + self.predictions + self.exercises

    @property
    def minutes(self) -> int:
        """Whole minutes, rounded up."""
        return math.ceil(self.exact)


def core_of(file: str, notebook: NotebookNode) -> Core:
    """The core of the lesson in `file`. Raises Problem if an exercise does not say how long it takes."""
    words = lines = predictions = exercises = 0
    for cell in _core_cells(notebook):
        if cell.cell_type == "code":
            lines += _lines(cell.source)
            predictions += bool(re.search(r"^exercises\.predict_", cell.source, re.MULTILINE))
        elif cell.cell_type == "markdown":
            blocks = markdown.blocks(cell.source)
            words += sum(markdown.words(block.text) for block in blocks)
            lines += sum(map(_lines, markdown.fenced(cell.source)))
            exercises += sum(_minutes(file, block.text) for block in blocks if _is(block, "Exercise"))
    return Core(words, lines, predictions, exercises)


def _core_cells(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """The cells of the core. A section that does not belong to it ends with the next heading that is not below it."""
    left_out = 0        # the level of the heading of the section that is being left out
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for heading in markdown.headings(cell.source):
                if left_out and heading.level <= left_out:
                    left_out = 0
                if not left_out and (_is(heading, "Challenge") or heading.text == "Going further"):
                    left_out = heading.level
        if not left_out and cell.get("id") not in GENERATED:
            yield cell


def _is(block: markdown.Block, kind: str) -> bool:
    return block.level > 0 and block.text.startswith(f"{kind}:")


def _minutes(file: str, heading: str) -> int:
    found = re.search(r"\((\d+) minutes?\)$", heading)
    if found is None:
        raise Problem(f'{file}: "{heading}" does not say how long it takes. Write, say, "{heading} (5 minutes)".')
    return int(found[1])


def _lines(code: str) -> int:
    return sum(bool(line.strip()) for line in code.splitlines())


def excess(file: str, core: Core) -> list[str]:
    """What is too much in a lesson or appendix, in sentences; nothing in what has no number, such as the index."""
    if not re.match(r"A?\d+_", file):
        return []
    complaints = []
    if core.exact > MOST_MINUTES:
        complaints.append(
            f"{file} takes {core.exact:.1f} minutes, more than {MOST_MINUTES}: {core.words} words, {core.lines} lines "
            f"of code, {core.predictions} predictions, exercises of {core.exercises} minutes. Cut, or move something "
            'below "Going further".'
        )
    if core.predictions > MOST_PREDICTIONS:
        complaints.append(f"{file} has {core.predictions} predictions, more than {MOST_PREDICTIONS}.")
    return complaints
