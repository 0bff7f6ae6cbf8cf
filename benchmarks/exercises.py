"""What the check of an answer costs, from the call to the verdict, without its picture.

The process in which an answer runs has been started before, as it is for a learner, who needs longer to
write an answer than it takes to start. The clock is the wall's: what counts is how long somebody waits.
"""

from __future__ import annotations

import importlib
import pkgutil
import statistics
import time
from collections.abc import Iterator

import psutil

import helpers.exercises
from helpers.checker import Exercise, exercises_of, process

from .measure import table

ROUNDS = 7
ENOUGH = 100                # milliseconds: what the check of a right answer may take


def tables() -> Iterator[str]:
    """One row an exercise: milliseconds of the check of its starter, its solution and its first wrong answer."""
    rows = []
    for lesson in sorted(module.name for module in pkgutil.iter_modules(helpers.exercises.__path__)):
        for name, exercise in exercises_of(importlib.import_module(f"helpers.exercises.{lesson}")):
            exercise.solution()             # it is run once for all checks
            row = [f"{lesson}.{name}"]
            for source in (exercise.starter, exercise.solution_source, exercise.mistakes[0].source):
                times = [milliseconds(exercise, source) for _ in range(ROUNDS)]
                row.append(f"{min(times):.1f} / {statistics.median(times):.1f}")
            rows.append([*row, str(ENOUGH)])
    yield table("Check of an answer, without its picture",
                ["milliseconds, best / median", "starter", "right", "wrong", "right at most"], rows)


def milliseconds(exercise: Exercise, source: str) -> float:
    answer = exercise.compile(source)
    _get_ready()
    start = time.perf_counter()
    exercise.check(answer)
    return 1e3 * (time.perf_counter() - start)


def _get_ready() -> None:
    """Wait until the next process has started and has nothing left to do but to wait."""
    process.spares.fill()
    waiting = psutil.Process(process.spares.pids[0])
    before = -1.0
    while before != (used := sum(waiting.cpu_times()[:2])) or not used:
        before = used
        time.sleep(0.1)
