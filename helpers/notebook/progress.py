"""Which exercises of the course are done: `progress()`, last in a cell."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from helpers.checker.exercise import Exercise, exercises_of
from helpers.checker.report import Block, Report
from helpers.notebook import lesson_files, progress_file
from helpers.words import count

NOTHING = (
    "No exercise is done yet. An exercise counts as done when its check has said \"Right.\"\n"
    "Run this cell again then."
)
LATER = "To begin anew, write progress().reset() in a cell. What is done stands in the file progress.txt here."


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

    def reset(self, *, sure: bool = False) -> Report:
        """Begin anew: no exercise counts as done, and all hints begin anew. No code is changed.

        sure  without it nothing is changed, and you are told what would be
        """
        marks, _ = progress_file.standing()
        done = [exercise for lesson, exercise in _exercises() if (lesson, exercise.name) in marks]
        names = ", ".join(f"{exercise.lesson} {exercise.name}" for exercise in done)
        if done and not sure:
            return Report("reset", [
                Block("Nothing is reset yet.", f"{count(len(done), 'exercise')} would be open again: {names}. Your "
                      "code would stay as it is."),
                Block("To do it:", "progress().reset(sure=True)", code=True)])
        for _, exercise in _exercises():
            exercise.reset()
        left, _ = progress_file.standing()
        kept = [exercise.name for exercise in done if (f"lesson_{exercise.lesson}", exercise.name) in left]
        if kept:
            return Report("reset", [Block("Not reset:", f"{progress_file.NAME} cannot be written, so these still count "
                                          f"as done: {', '.join(kept)}.")])
        if not done:
            return Report("reset", [Block("Reset:", "no exercise was done. All hints begin anew.")])
        return Report("reset", [Block("Reset:", f"{count(len(done), 'exercise')} {'is' if len(done) == 1 else 'are'} "
                                      f"open again: {names}. All hints begin anew. Your code is as it was.")])

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
        head = tag("tr", *(tag("th", text, scope="col", style="text-align: left")
                           for text in ("Lesson", "Done", "Exercises")))
        return str(tag("div", tag("b", self.head)) + tag("table", tag("thead", head), tag("tbody", *rows))
                   + tag("div", tag("small", self.problem or LATER)))


def _exercises() -> Iterator[tuple[str, Exercise]]:
    """The exercises of all lessons, each with the name of its module, in the order of teaching."""
    from helpers import exercises

    for name in sorted(module.name for module in pkgutil.iter_modules(exercises.__path__)):
        if name.startswith("lesson_"):
            module = importlib.import_module(f"{exercises.__name__}.{name}")
            yield from ((name, exercise) for _, exercise in exercises_of(module))


def _lessons(done: set[tuple[str, str]]) -> list[Lesson]:
    """The lessons that have exercises, in the order of teaching."""
    lessons: dict[str, Lesson] = {}
    for name, exercise in _exercises():
        if name not in lessons:
            file = lesson_files.lesson_file(exercise.lesson)
            lessons[name] = Lesson(lesson_files.title(file) or exercise.lesson, file)
        lessons[name].exercises[exercise.name] = (name, exercise.name) in done
    return list(lessons.values())
