"""Which exercises of the course are done: `progress()`, last in a cell."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.notebook import progress_file

NOTHING = (
    "No exercise is done yet. An exercise counts as done when its check has said \"Right.\"\n"
    "Run this cell again then."
)
LATER = "To begin anew, delete the file progress.txt beside this notebook."


def progress() -> Progress:
    """What is done, lesson by lesson; with nothing done, a sentence that says so."""
    return Progress(_lessons(progress_file.done()), progress_file.problem())


@dataclass
class Lesson:
    """A lesson: its notebook's title and file ("" if there is none here), and exercise -> whether it is done."""

    title: str
    file: str
    exercises: dict[str, bool] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return sum(self.exercises.values())


@dataclass
class Progress:
    """What `progress` gives; shows itself when it is last in a cell. `problem` says why nothing can be remembered."""

    lessons: list[Lesson]
    problem: str = ""

    @property
    def done(self) -> int:
        """How many exercises are done."""
        return sum(lesson.done for lesson in self.lessons)

    @property
    def head(self) -> str:
        return f"{self.done} of {sum(len(lesson.exercises) for lesson in self.lessons)} exercises are done."

    def __str__(self) -> str:
        if not self.done:
            return f"{NOTHING}\n{self.problem}".rstrip()
        width = max(len(lesson.title) for lesson in self.lessons)
        lines = [
            f"{lesson.title:{width}}  {lesson.done} of {len(lesson.exercises)}  "
            + "  ".join(f"[{'x' if is_done else ' '}] {name}" for name, is_done in lesson.exercises.items())
            for lesson in self.lessons
        ]
        return "\n".join([self.head, *lines, self.problem or LATER])

    __repr__ = __str__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        data = {"text/plain": str(self)}
        if self.done:                       # what a notebook stores is text only
            data["text/html"] = self._html()
        return data

    def _html(self) -> str:
        from helpers.markup import tag  # late: the first notebook says that packages are missing, if they are

        rows = []
        for lesson in self.lessons:
            title = tag("a", lesson.title, href=lesson.file) if lesson.file else lesson.title
            marks = [tag("div", "✓ done: " if is_done else "○ open: ", tag("code", name))
                     for name, is_done in lesson.exercises.items()]
            cells = ([title], [f"{lesson.done} of {len(lesson.exercises)}"], marks)
            rows.append(tag("tr", *(tag("td", *cell, style="text-align: left; vertical-align: top") for cell in cells)))
        return str(tag("div", tag("b", self.head)) + tag("table", *rows)
                   + tag("div", tag("small", self.problem or LATER)))


def _lessons(done: set[tuple[str, str]]) -> list[Lesson]:
    """The lessons that have exercises, in the order of their numbers."""
    from helpers import exercises
    from helpers.checker.exercise import exercises_of

    lessons = []
    for name in sorted(module.name for module in pkgutil.iter_modules(exercises.__path__)):
        if not name.startswith("lesson_"):
            continue
        module = importlib.import_module(f"{exercises.__name__}.{name}")
        of_lesson = {exercise.name: (name, exercise.name) in done for _, exercise in exercises_of(module)}
        if of_lesson:
            lessons.append(Lesson(*_notebook(name.removeprefix("lesson_")), of_lesson))
    return lessons


def _notebook(number: str) -> tuple[str, str]:
    """The title and the file of the notebook with this number, as far as they can be found in this folder.

    The learner's copies in workbook/ have the catalogue in the folder beside them.
    """
    here = Path.cwd()
    file = next((path.name for path in sorted(here.glob(f"{number}_*.ipynb"))), "")
    folder = here.parent / "notebooks" if here.name == "workbook" else here
    try:
        catalogue = tomllib.loads((folder / "catalogue.toml").read_text(encoding="utf-8"))
        titles = {entry["file"]: str(entry["title"]) for entry in catalogue["notebook"]}
    except (OSError, ValueError, KeyError, TypeError):      # not there, or not in order: the number will do
        titles = {}
    return f"{number} {titles.get(file, '')}".strip(), file
