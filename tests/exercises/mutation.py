"""Changes each solution in one place, and says which of the changed ones the exercise still calls right.

    python -m tests.exercises.mutation                          every exercise
    python -m tests.exercises.mutation lesson_04.cheapest       one; or lesson_04, all of a lesson
    python -m tests.exercises.mutation lesson_04 --all          also what is said of the mutants that are refused

A mutant that is called right is either a solution, too: then it stands in `harmless.py`, with the reason; or a rule of
the task that no case looks at: then the exercise needs a case. `test_mutation.py` demands that no other survives.

`mutants.py` changes solutions. Beside those, each argument is fixed as it is in one of the cases, or is one less or
one more than it should be; and each result is fixed, whatever the arguments are.

Each mutant runs in a process forked off this one, which takes some hundredths of a second; so this needs a system that
can fork.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import gc
import importlib
import inspect
import os
import pkgutil
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Container, Generator, Iterator
from typing import Any
from unittest import mock

import helpers.exercises
from helpers.checker import Exercise, cell_names, exercises_of, process, worker
from helpers.checker.observe import Instruments
from helpers.checker.protocol import LAST, Event, Frame, FrameReader, Job
from helpers.checker.report import Report
from helpers.checker.snapshot import Snapshot
from helpers.virtual import simulate
from tests.exercises.harmless import HARMLESS
from tests.exercises.mutants import PRELUDE, Mutant, mutants

SECONDS = 2.0               # of real time for one mutant
ENOUGH = 20.0               # of real time for a solution, also on a busy machine
GRACE = 2.0                 # seconds after that until it is killed


# -- answers that ignore what they are given --------------------------------------------------------------------------


def fixed_answers(exercise: Exercise) -> Iterator[Mutant]:
    """The solution with an argument that is fixed or wrong, and answers whose result is fixed; each once."""
    found: dict[str, str] = {}
    tree = ast.parse(exercise.solution_source)
    function = next(node for node in tree.body if getattr(node, "name", "") == exercise.name)
    solution: list[ast.stmt] = function.body                        # type: ignore[attr-defined]
    for arguments, result in calls(exercise):
        if result is not None and _plain(result):
            found[f"return {result!r}"] = ""
        for name, value in arguments.items():
            found.update(dict.fromkeys(_other_values(name, value), "and then the solution"))
    for text, then in found.items():
        function.body = [*ast.parse(f"def _():\n    {text}").body[0].body,    # type: ignore[attr-defined]
                         *(solution if then else [])]
        yield Mutant(text, ast.unparse(ast.fix_missing_locations(tree)))


def _other_values(name: str, value: Any) -> Iterator[str]:
    """Statements that give an argument another value: as it is in this case, always; or one less, one more."""
    if type(value) in (int, float):
        yield from (f"{name} = {value!r}", f"{name} -= 1", f"{name} += 1")
    elif type(value) is str:
        yield f"{name} = {value!r}"
    elif type(value) in (list, tuple):
        yield f"{name} = [{name}[i] for i in range({len(value)})]"
        yield from (f"{name} = {name}[:-1]", f"{name} = {name}[1:]")


def calls(exercise: Exercise) -> list[tuple[dict[str, Any], Any]]:
    """With which arguments the cases call an answer, and what the solution gives for them."""
    found: list[tuple[dict[str, Any], Any]] = []
    solution = exercise.compile(exercise.solution_source)
    bind = inspect.signature(solution).bind

    if inspect.iscoroutinefunction(solution):
        @functools.wraps(solution)
        async def noting(*args: Any) -> Any:
            result = await solution(*args)
            found.append((bind(*args).arguments, result))
            return result
    else:
        @functools.wraps(solution)
        def noting(*args: Any) -> Any:
            result = solution(*args)
            found.append((bind(*args).arguments, result))
            return result

    for case in exercise.cases:
        with contextlib.suppress(Exception):        # it may be what the case wants
            result = case.function(noting)
            if inspect.iscoroutine(result):
                simulate(result, limit=case.steps)
    return found


def _plain(value: Any) -> bool:
    """Whether the text of a value, as code, makes it anew."""
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    if isinstance(value, dict):
        return all(_plain(key) and _plain(each) for key, each in value.items())
    return value is None or type(value) in (int, float, str, bool)


# -- how mutants are tried --------------------------------------------------------------------------------------------


def _forked(job: Job) -> Generator[Frame, None, None]:
    """Do a job in a process forked off this one: in place of `process.run`."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _do(job, write)
    os.close(write)
    reader, end = FrameReader(job["mark"]), time.monotonic() + job["seconds"] + GRACE
    try:
        while True:
            ready, _, _ = select.select([read], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(read, 1 << 16) if ready else b""
            for frame in reader.feed(chunk):
                if frame["event"] not in (Event.BEGUN, Event.READY):
                    yield frame
                if frame["event"] in LAST:
                    return
            if not chunk:
                yield {"event": Event.LATE, "place": None}
                return
    finally:
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(OSError):
                kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read)


def _do(job: Job, write: int) -> None:
    """What `worker.main` does, in a process that has everything imported already. Does not return."""
    try:
        os.setsid()
        os.dup2(write, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        send, errors = worker._take_pipes(job["mark"])
        instruments = Instruments()
        if sys.version_info < (3, 12):
            worker._tell_of_threads(instruments.own_threads.started)
        worker._do(job, send, errors, instruments, Snapshot())
    finally:
        os._exit(0)


@contextlib.contextmanager
def forking() -> Iterator[None]:
    """In this block answers run in processes that are forked off this one, and none is noted as the learner's."""
    async def nothing() -> None:
        pass

    cell_names.provide()
    simulate(nothing())                     # everything that is loaded or made at first use
    gc.collect()
    gc.freeze()
    with mock.patch.object(process, "run", _forked), mock.patch.object(helpers.checker.exercise, "progress_file"):
        yield


def tried(exercise: Exercise, harmless: Container[str] = ()) -> Iterator[tuple[Mutant, Report]]:
    """Every mutant of an exercise, and what is said of it. Within `forking()`."""
    report = exercise.check(exercise.compile(exercise.solution_source), seconds=ENOUGH)
    if report.outcome != "right":
        raise AssertionError(f"the solution is called {report.outcome}:\n{report}")
    for mutant in [*mutants(exercise.solution_source), *fixed_answers(exercise)]:
        answer = exercise.compile(PRELUDE + mutant.source)
        yield mutant, exercise.check(answer, seconds=ENOUGH if key(mutant.change) in harmless else SECONDS)


def to_look_at(name: str, exercise: Exercise, say: Callable[[str], None] | None = None) -> tuple[int, list[str]]:
    """How many mutants an exercise has; and which of them should be refused, or stand in `harmless.py`, or do not."""
    harmless = {key(change): change for change in HARMLESS.get(name, {})}
    count, found = 0, []
    for mutant, report in tried(exercise, harmless):
        count += 1
        if report.outcome == "right" and harmless.pop(key(mutant.change), None) is None:
            found.append(f"called right: {mutant.change}")
        if say is not None:
            say(f"{mutant.change}\n    " + report.message.replace("\n", "\n    "))
    found += [f"harmless, but refused, or no mutant at all: {change}" for change in harmless.values()]
    return count, found


def key(change: str) -> str:
    """What is the same for every Python: some write more parentheses than others, or other quotes."""
    return re.sub(r"""[()'"]""", "", change)


def chosen(names: list[str]) -> dict[str, Exercise]:
    """The exercises that are named so, by lesson or by lesson and exercise; without a name, all of them."""
    found = {}
    for lesson in sorted(module.name for module in pkgutil.iter_modules(helpers.exercises.__path__)):
        for short, exercise in exercises_of(importlib.import_module(f"helpers.exercises.{lesson}")):
            if not names or lesson in names or f"{lesson}.{short}" in names:
                found[f"{lesson}.{short}"] = exercise
    return found


def main(arguments: list[str]) -> int:
    """Try the mutants of the exercises that are named, and print what there is to look at."""
    exercises = chosen([each for each in arguments if not each.startswith("-")])
    total = bad = 0
    with forking():
        for name, exercise in exercises.items():
            count, found = to_look_at(name, exercise, print if "--all" in arguments else None)
            total, bad = total + count, bad + len(found)
            for line in found:
                print(f"{name}: {line}", flush=True)
    print(f"{total} mutants of {len(exercises)} exercises, {bad} to look at")
    return bool(bad) or not exercises


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
