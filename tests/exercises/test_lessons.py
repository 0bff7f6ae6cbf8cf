"""Every exercise of every lesson: its starter, its solution, and each wrong answer that it knows."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import textwrap
from pathlib import Path

import pytest

import helpers.exercises
from helpers.checker import Exercise, Mistake, exercises_of
from helpers.checker.kinds import NOT_JUDGED
from tests.checker.rules import check_report
from tests.exercises import trying

pytestmark = pytest.mark.slow

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
MODULES = sorted(module.name for module in pkgutil.iter_modules(helpers.exercises.__path__))
EXERCISES = {
    f"{module}.{name}": exercise
    for module in MODULES
    for name, exercise in exercises_of(importlib.import_module(f"helpers.exercises.{module}"))
}
LESSONS = [module for module in MODULES if any(name.startswith(f"{module}.") for name in EXERCISES)]  # with exercises
MISTAKES = {
    f"{name} {number} {mistake.kind}": (name, mistake)
    for name, exercise in EXERCISES.items()
    for number, mistake in enumerate(exercise.mistakes, 1)
}
SECONDS = 10        # of real time for an answer, on a busy machine; for one that never ends, 1


@pytest.fixture(params=EXERCISES)
def exercise(request) -> Exercise:
    return EXERCISES[request.param]


def test_there_are_exercises() -> None:
    assert EXERCISES


def test_the_starter_is_untried(exercise: Exercise) -> None:
    report = exercise.check(exercise.compile(exercise.starter))
    assert report.outcome == "untried"
    assert report.message == str(report)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right(name: str) -> None:
    exercise = EXERCISES[name]
    report = trying.check(name, exercise, exercise.solution_source, SECONDS)
    assert report.outcome == "right", report
    compare = f" To compare: `exercises.{exercise.name}.compare()` draws your run beside that of the solution."
    text, _, standing = " ".join(report.message.split()).partition(" This lesson: ")
    told = f"Right. In the course's solution: {exercise.why} To go on: {exercise.follow_up}"
    assert text in (told, told + compare)
    assert re.fullmatch(r"(all )?\d+( of \d+)? exercises? (is|are) done since the kernel was started\."
                        r"( Next( lesson)?: .+)?", standing)


@pytest.mark.parametrize("name", MISTAKES)
def test_each_wrong_answer_earns_its_message(name: str) -> None:
    exercise, mistake = MISTAKES[name]
    if re.search(r"while True:\s*pass", mistake.source):
        report = EXERCISES[exercise].check(EXERCISES[exercise].compile(mistake.source), seconds=1)
    else:
        report = trying.check(exercise, EXERCISES[exercise], mistake.source, SECONDS)
    outcome = "unchecked" if mistake.kind in NOT_JUDGED else "wrong"
    assert (report.outcome, report.kind) == (outcome, mistake.kind), report
    assert mistake.fragment.lower() in " ".join(report.message.split()).lower(), report
    check_report(report)


def test_there_are_at_least_four_different_wrong_answers(exercise: Exercise) -> None:
    assert len({mistake.source for mistake in exercise.mistakes}) >= 4
    assert all(isinstance(mistake, Mistake) and mistake.fragment for mistake in exercise.mistakes)


def test_its_texts_are_complete(exercise: Exercise) -> None:
    assert len(exercise.hints) >= 2
    for text in (exercise.title, exercise.task, exercise.why, exercise.follow_up, *exercise.hints):
        assert text.strip()
    assert exercise.why.endswith(".") and exercise.follow_up.rstrip().endswith((".", "?"))
    assert exercise.cases and all(case.description.endswith((".", "?")) for case in exercise.cases)
    assert exercise.name in exercise.task
    # one sentence each: the rest belongs to the notebook
    assert len(exercise.why.split()) <= 60 and len(exercise.follow_up.split()) <= 60


def test_the_hints_lead_to_the_solution_that_is_shown(exercise: Exercise) -> None:
    """What the last hint leaves to fill in is the solution, with dots in some of its places."""
    for hint in exercise.hints:
        head, _, gaps = hint.partition("\n")
        if head != "Fill in the dots:":
            continue
        pattern = ".*".join(map(re.escape, _code(gaps).split("...")))
        body = textwrap.dedent(exercise.solution_source.partition("\n")[2])
        assert re.fullmatch(pattern, _code(body), re.DOTALL), f"{hint}\n{exercise.solution_source}"


def _code(source: str) -> str:
    """A source text without its comments, empty lines and indentation."""
    lines = [line.partition("  #")[0].strip() for line in source.splitlines()]
    return "\n".join(line for line in lines if line)


@pytest.mark.parametrize("lesson", MODULES)
def test_names_agree(lesson: str) -> None:
    """`exercises.cheapest` checks `cheapest`, and is remembered as an exercise of its lesson."""
    assert re.fullmatch(r"lesson_\w+", lesson)
    for name, exercise in exercises_of(importlib.import_module(f"helpers.exercises.{lesson}")):
        assert name == exercise.name
        assert lesson == f"lesson_{exercise.lesson}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_order_is_that_of_the_notebook(lesson: str) -> None:
    """After a check the learner is told which exercise comes next."""
    files = list(NOTEBOOKS.glob(f"{lesson.removeprefix('lesson_')}_*.ipynb"))
    names = [name for name, _ in exercises_of(importlib.import_module(f"helpers.exercises.{lesson}"))]
    cells = json.loads(files[0].read_text(encoding="utf-8"))["cells"]
    checked = [name for cell in cells for name in re.findall(r"exercises\.(\w+)\.check\(", "".join(cell["source"]))
               if cell["cell_type"] == "code"]
    assert [name for name in checked if name in names] == names


@pytest.mark.parametrize("name", EXERCISES)
def test_the_notebook_has_the_starter(name: str) -> None:
    """If the lesson's notebook uses its exercises at all, each has a cell with the starter and its check."""
    lesson, exercise = name.partition(".")[0], EXERCISES[name]
    files = list(NOTEBOOKS.glob(f"{lesson.removeprefix('lesson_')}_*.ipynb"))
    cells = [
        "".join(cell["source"])
        for file in files
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    if not any(lesson in cell for cell in cells):
        pytest.skip(f"no notebook of {lesson} uses its exercises")
    with_starter = [cell for cell in cells if exercise.starter.strip() in cell]
    assert len(with_starter) == 1, f"one cell should hold this starter, exactly:\n{exercise.starter}"
    assert f"{exercise.name}.check({exercise.name})" in with_starter[0]


def test_the_example_for_authors_is_complete(tmp_path: Path, monkeypatch) -> None:
    """The example in CONTRIBUTING.md works as it stands."""
    text = (NOTEBOOKS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    source = text.partition("## Adding an exercise")[2].partition("```python\n")[2].partition("```")[0]
    (tmp_path / "example_lesson.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    example = importlib.import_module("example_lesson").both_prices
    assert example.check(example.compile(example.starter)).outcome == "untried"
    assert example.check(example.compile(example.solution_source), seconds=SECONDS).outcome == "right"
    assert len(example.mistakes) >= 4
    for mistake in example.mistakes:
        report = example.check(example.compile(mistake.source), seconds=SECONDS)
        assert report.kind == mistake.kind and mistake.fragment in report.message, report
