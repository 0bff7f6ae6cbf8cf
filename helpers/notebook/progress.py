"""Which exercises of the course are done: `progress()`, last in a cell."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from helpers.checker import standing
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
    marks, names = progress_file.in_order(), _names()
    return Progress(_lessons(names, set(marks)), progress_file.problem(), _go_on(names, marks))


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
    """What `progress` gives; shows itself when it is last in a cell.

    problem  why nothing can be remembered, or ""
    go_on    where the learner stopped, and what comes next; None if nothing is done
    """

    lessons: list[Lesson]
    problem: str = ""
    go_on: Block | None = None

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
        go_on = [str(self.go_on)] if self.go_on else []
        return "\n".join([self.head, *go_on, *lines, self.problem or LATER])

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
        go_on = self.go_on.html() if self.go_on else ""
        return str(tag("div", tag("b", self.head)) + go_on + tag("table", tag("thead", head), tag("tbody", *rows))
                   + tag("div", tag("small", self.problem or LATER)))


def _exercises() -> Iterator[tuple[str, Exercise]]:
    """The exercises of all lessons, each with the name of its module, in the order of teaching."""
    from helpers import exercises

    for name in sorted(module.name for module in pkgutil.iter_modules(exercises.__path__)):
        if name.startswith("lesson_"):
            module = importlib.import_module(f"{exercises.__name__}.{name}")
            yield from ((name, exercise) for _, exercise in exercises_of(module))


def _names() -> dict[str, list[str]]:
    """The names of the exercises, by the module of their lesson, in the order of teaching."""
    names: dict[str, list[str]] = {}
    for lesson, exercise in _exercises():
        names.setdefault(lesson, []).append(exercise.name)
    return names


def _lessons(names: dict[str, list[str]], done: set[tuple[str, str]]) -> list[Lesson]:
    """The lessons that have exercises."""
    lessons = []
    for lesson, exercises in names.items():
        number = lesson.removeprefix("lesson_")
        file = lesson_files.lesson_file(number)
        marks = {name: (lesson, name) in done for name in exercises}
        lessons.append(Lesson(lesson_files.title(file) or number, file, marks))
    return lessons


def _go_on(names: dict[str, list[str]], marks: list[tuple[str, str]]) -> Block | None:
    """Where the learner stopped: the exercise that was done last, and what comes after it."""
    done = [(lesson, name) for lesson, name in marks if name in names.get(lesson, [])]
    if not done:
        return None
    lesson, name = done[-1]
    number = lesson.removeprefix("lesson_")
    link, href = standing.what_follows(number, names[lesson], name, set(done))
    text = f"{name} in {lesson_files.title(lesson_files.lesson_file(number)) or number} was done last."
    return Block("Go on:", f"{text} Next:" if link else f"{text} No lesson follows here.", link=link, href=href)
