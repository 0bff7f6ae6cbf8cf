"""Where a learner stands in a lesson: how many of its exercises are done, and what comes next.

An exercise enlists itself when it is made, so the exercises of a lesson are known here in the order of its module.
"""

from __future__ import annotations

from helpers.checker.report import Block
from helpers.notebook import lesson_files, progress_file

HEADING = "This lesson:"

_of_lesson: dict[str, list[str]] = {}       # the number of a lesson -> the names of its exercises


def enlist(lesson: str, exercise: str) -> None:
    """An exercise belongs to a lesson. One that is made again keeps its place."""
    names = _of_lesson.setdefault(lesson, [])
    if exercise not in names:
        names.append(exercise)


def after_check(lesson: str, exercise: str, is_right: bool) -> list[Block]:
    """One block, said after a check; none for an exercise that belongs to no lesson."""
    names = _of_lesson.get(lesson, [])
    if exercise not in names:
        return []
    marks, kept = progress_file.standing()
    done = [name for name in names if (f"lesson_{lesson}", name) in marks]
    count = f"all {len(names)}" if len(done) == len(names) > 1 else f"{len(done)} of {len(names)}"
    text = f"{count} {'exercise' if len(names) == 1 else 'exercises'} {'is' if len(done) == 1 else 'are'} done"
    if not kept:                            # a test, or a folder that does not hold the course
        text += " since the kernel was started"
    if not is_right:
        rest = ". This one counts as done: an answer was right before" if exercise in done else "; this one is open"
        return [Block(HEADING, f"{text}{rest}.")]
    place = names.index(exercise)
    following = next((name for name in [*names[place:], *names[:place]] if name not in done), "")
    if following:
        return [Block(HEADING, f"{text}. Next:", link=following, href=lesson_files.check_link(lesson, following))]
    file = lesson_files.next_file(lesson)
    if file:
        return [Block(HEADING, f"{text}. Next lesson:", link=lesson_files.title(file), href=file)]
    return [Block(HEADING, f"{text}.")]
