"""The file that remembers which exercises are done: progress.txt, beside the notebooks.

It is a text file to which lines are only ever appended, one for each exercise that is done, such as
`lesson_04 cheapest`, and one for each that is to be open again: `open lesson_04 cheapest`. The last line about an
exercise counts, so nothing is lost by a reset. And two
notebooks that are open at the same time cannot overwrite each other's marks, a line that was cut off (or that somebody
has written into the file) spoils only itself, and there is no moment at which the file is half written. To begin anew,
delete the file. Git ignores it.

Nothing here raises an exception because of the file: where it cannot be read nothing is done yet, and where it cannot
be written nothing is remembered beyond the process.

When progress is not kept, and not read either:
* The folder holds no course (no 00_start_here.ipynb): the file belongs beside the notebooks, and nowhere else. A
  kernel runs in the folder of its notebook.
* The variable WHILE_YOU_WAIT_PROGRESS is "off". `make refresh` sets it for the kernels that it starts.
* The kernel was started by pytest, directly or through nbval: pytest sets PYTEST_VERSION and PYTEST_CURRENT_TEST, and
  kernels inherit them. A test of progress itself sets WHILE_YOU_WAIT_PROGRESS to "on".
So what a notebook stores and what a test sees never depend on what the person at this machine has done.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

NAME = "progress.txt"
COURSE = "00_start_here.ipynb"      # is there if a folder is the one with the notebooks
SWITCH = "WHILE_YOU_WAIT_PROGRESS"

HEAD = (
    "# The exercises that are done, one a line. \"open\" before one: it is open again. The last line about it counts.\n"
)
LINE = re.compile(r"(open )?(lesson_\w+) (\w+)", re.ASCII)
# (lesson, exercise) as the course called it once -> as it calls it now, so that a mark stays with its exercise.
RENAMED: dict[tuple[str, str], tuple[str, str]] = {}
MOST = 100_000      # bytes that are read: far more than all exercises need, and nobody waits for a file that went wrong


def switched_off() -> bool:
    """Whether this is a test, or a run whose outputs are stored."""
    switch = os.environ.get(SWITCH)
    if switch in ("on", "off"):
        return switch == "off"
    return "PYTEST_VERSION" in os.environ or "PYTEST_CURRENT_TEST" in os.environ


def folder() -> Path | None:
    """Where the file is kept: the current folder; None if progress is not kept here."""
    if switched_off():
        return None
    try:
        here = Path.cwd()
        return here if (here / COURSE).is_file() else None
    except OSError:                 # the current folder was removed
        return None


def problem() -> str:
    """Why nothing can be remembered here, in a sentence for the learner, or ""."""
    if switched_off():
        return ""
    here = folder()
    if here is None:
        return f"Nothing is remembered: the folder in which this notebook runs has no {COURSE}."
    path = here / NAME
    if path.is_dir() or not os.access(path if path.exists() else here, os.R_OK | os.W_OK):
        return f"Nothing is remembered: the file {NAME} beside this notebook cannot be written."
    return ""


def done() -> set[tuple[str, str]]:
    """What is done, as pairs such as ("lesson_04", "cheapest"), also of exercises that the course no longer has."""
    return set(_marks())


def in_order() -> list[tuple[str, str]]:
    """What is done, that which was done last at the end."""
    return list(_marks())


def _marks() -> dict[tuple[str, str], None]:
    """What is done, in the order in which it was done."""
    here = folder()
    if here is None:
        return {}
    try:
        with open(here / NAME, "rb") as file:
            text = file.read(MOST).decode("utf-8", "replace")
    except OSError:
        return {}
    marks: dict[tuple[str, str], None] = {}
    for line in text.splitlines():
        if match := LINE.fullmatch(line.strip()):
            exercise = RENAMED.get((match[2], match[3]), (match[2], match[3]))
            marks.pop(exercise, None)
            if not match[1]:
                marks[exercise] = None
    return marks


_in_this_process: set[tuple[str, str]] = set()      # what was done here, be it remembered or not


def standing() -> tuple[set[tuple[str, str]], bool]:
    """What is done as far as it is known here, and whether that is remembered.

    Where it is not, it is what was done in this process.
    """
    kept = folder() is not None and not problem()
    return (done() if kept else done() | _in_this_process), kept


def mark(lesson: str, exercise: str) -> bool:
    """Remember that an exercise is done; whether it is remembered.

    lesson    such as "lesson_04"; of anything with another kind of name, nothing is remembered
    exercise  its name
    """
    if not LINE.fullmatch(f"{lesson} {exercise}") or not lesson.startswith("lesson_"):
        return False
    _in_this_process.add((lesson, exercise))
    return (lesson, exercise) in done() or _append(f"{lesson} {exercise}")


def reopen(lesson: str, exercise: str) -> bool:
    """Remember that an exercise is not done, as if it had never been; whether that is remembered, or is so anyway."""
    _in_this_process.discard((lesson, exercise))
    return (lesson, exercise) not in done() or _append(f"open {lesson} {exercise}")


def _append(line: str) -> bool:
    """Add a line to the file; whether that was possible."""
    here = folder()
    if here is None:
        return False
    try:
        # One write, at the end of the file, whoever else appends meanwhile. The line break before it ends a line that
        # was cut off.
        with open(here / NAME, "ab", buffering=0) as file:
            file.write(f"{'' if file.tell() else HEAD}\n{line}\n".encode())
    except OSError:
        return False
    return True
