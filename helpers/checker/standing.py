"""Where a learner stands in a lesson: how many of its exercises are done, and what comes next."""

from __future__ import annotations

from helpers.checker.report import Block
from helpers.notebook import lesson_files, progress_file

HEADING = "This lesson:"


def after_check(lesson: str, names: list[str], exercise: str, is_right: bool) -> Block:
    """One block, said after a check.

    lesson    its number, such as "04"
    names     of its exercises, in their order
    exercise  the name of the one that was checked
    """
    marks, kept = progress_file.standing()
    done = [name for name in names if (f"lesson_{lesson}", name) in marks]
    count = f"all {len(names)}" if len(done) == len(names) > 1 else f"{len(done)} of {len(names)}"
    text = f"{count} {'exercise' if len(names) == 1 else 'exercises'} {'is' if len(done) == 1 else 'are'} done"
    if not kept:                            # a test, or a folder that does not hold the course
        text += " since the kernel was started"
    if not is_right:
        rest = ". This one counts as done: an answer was right before" if exercise in done else "; this one is open"
        return Block(HEADING, f"{text}{rest}.")
    link, href = what_follows(lesson, names, exercise, marks)
    if not link:
        return Block(HEADING, f"{text}.")
    return Block(HEADING, f"{text}. {'Next' if link in names else 'Next lesson'}:", link=link, href=href)


def what_follows(lesson: str, names: list[str], exercise: str, marks: set[tuple[str, str]]) -> tuple[str, str]:
    """What comes after an exercise that is done, and a link to it: the next open one of its lesson, or the next lesson.

    Both are "" after the last lesson.
    """
    place = names.index(exercise)
    following = next((name for name in [*names[place:], *names[:place]] if (f"lesson_{lesson}", name) not in marks), "")
    if following:
        return following, lesson_files.check_link(lesson, following)
    file = lesson_files.next_file(lesson)
    return (lesson_files.title(file), file) if file else ("", "")
