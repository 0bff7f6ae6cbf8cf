"""Tries answers at the cost of a fork each, instead of a new process with all its imports.

`check` asks a process that has imported every exercise; it forks one off for each answer, as for mutants, and gives the
report. What a fork cannot tell as the real processes of answers do, such as the line at which an answer was stopped, is
tried again with these; and so is everything where a system cannot fork. `tests/checker` tries the real ones.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from helpers.checker import Exercise
from helpers.checker.report import Report

ROOT = Path(__file__).resolve().parents[2]
STOPPED = ("endless", "memory", "died")     # kinds of answers that may have been stopped
_asked: list[subprocess.Popen[bytes]] = []


def check(name: str, exercise: Exercise, source: str, seconds: float) -> Report:
    """What the exercise of this name, "lesson_04.cheapest", says of an answer."""
    if hasattr(os, "fork"):
        if not _asked:
            _asked.append(subprocess.Popen([sys.executable, "-m", "tests.exercises.trying"], cwd=ROOT,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        _send(_asked[0].stdin, (name, source, seconds))
        report: Report = _receive(_asked[0].stdout)
        if report.kind not in STOPPED:
            return report
    return exercise.check(exercise.compile(source), seconds=seconds)


def close() -> None:
    """Let the process go, if there is one."""
    for process in _asked:
        process.communicate()               # at the end of its input it ends
    _asked.clear()


def _send(stream: IO[bytes] | None, thing: Any) -> None:
    assert stream is not None
    pickle.dump(thing, stream)
    stream.flush()


def _receive(stream: IO[bytes] | None) -> Any:
    assert stream is not None
    return pickle.load(stream)


def main() -> None:
    """Answer what is asked, until the input ends."""
    from tests.exercises import mutation  # late: it imports every exercise

    exercises = mutation.chosen([])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)                           # what is printed here by accident is no answer
    with mutation.forking():
        while True:
            try:
                name, source, seconds = _receive(sys.stdin.buffer)
            except EOFError:
                return
            exercise = exercises[name]
            _send(answers, exercise.check(exercise.compile(source), seconds=seconds))


if __name__ == "__main__":
    main()
