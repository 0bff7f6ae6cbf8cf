"""What a learner has done: it is remembered, nothing harms the notebook, and no test or stored output depends on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from helpers.checker.exercise import Exercise, Mistake
from helpers.exercises import lesson_04
from helpers.notebook import progress_file
from helpers.notebook.progress import NOTHING, progress
from tools import refresh

ROOT = Path(__file__).resolve().parents[2]


def first_of(module) -> Exercise:
    return next(value for value in vars(module).values() if isinstance(value, Exercise))


def done_line() -> str:
    """The line of lesson 04 in what progress() shows."""
    return next(line for line in str(progress()).splitlines() if line.startswith("04"))


# -- what a learner sees ----------------------------------------------------------------------------


def test_a_right_answer_is_remembered_and_a_wrong_one_is_not(course):
    exercise = first_of(lesson_04)
    assert exercise.check(exercise.compile(exercise.starter)).outcome == "untried"
    assert exercise.check(exercise.compile(exercise.mistakes[0].source)).outcome == "wrong"
    exercise.solution()
    assert progress_file.done() == set()
    assert exercise.check(exercise.compile(exercise.solution_source)).outcome == "right"
    assert progress_file.done() == {("lesson_04", exercise.name)}
    assert f"[x] {exercise.name}" in done_line()


def test_an_exercise_outside_of_the_course_is_not_remembered(course):
    trial = Exercise(
        title="Trial", task="", starter="async def trial():\n    ...", hints=["Return 1."], why="", follow_up="",
        solution="async def trial():\n    return 1", mistakes=[Mistake("value", "", "")],
    )

    @trial.case(returns=1)
    async def one(answer):
        """It is called once."""
        return await answer()

    assert trial.check(trial.compile(trial.solution_source)).outcome == "right"
    assert not (course / "progress.txt").exists()


def test_nothing_done_is_one_text_whatever_the_exercises(course):
    assert str(progress()) == NOTHING
    assert progress()._repr_mimebundle_() == {"text/plain": NOTHING}


def test_what_is_done_is_shown_by_lesson(course):
    exercise = first_of(lesson_04)
    progress_file.mark("lesson_04", exercise.name)
    progress_file.mark("lesson_04", "an_exercise_that_is_gone")
    progress_file.mark("lesson_99", "a_lesson_that_is_gone")
    shown = progress()
    text = str(shown)
    assert text.startswith("1 of ") and "delete the file progress.txt" in text
    assert done_line().startswith("04 Ask twenty shops at once with gather") and "  1 of " in done_line()
    assert "gone" not in text
    html = shown._repr_mimebundle_()["text/html"]
    assert '<a href="04_gather.ipynb">04 Ask twenty shops at once with gather</a>' in html
    assert f"done: <code>{exercise.name}</code>" in html


def test_in_the_workbook_lessons_have_their_titles_and_link_the_learners_own_files(course, monkeypatch):
    notebooks, copies = course / "notebooks", course / "workbook"
    notebooks.mkdir()
    copies.mkdir()
    (course / "catalogue.toml").rename(notebooks / "catalogue.toml")
    for file in ("00_start_here.ipynb", "04_gather.ipynb", "04_gather_new_version.ipynb"):
        (copies / file).touch()
    monkeypatch.chdir(copies)
    progress_file.mark("lesson_04", "cheapest")
    assert "Ask twenty shops at once with gather" in done_line()
    assert 'href="04_gather.ipynb"' in progress()._repr_mimebundle_()["text/html"]
    assert (copies / "progress.txt").is_file()


@pytest.mark.parametrize("catalogue", [None, b"\xff", b"notebook = 3", b"[[notebook]]\nfile = 'x.ipynb'"])
def test_without_a_catalogue_lessons_have_numbers(course, catalogue):
    (course / "catalogue.toml").unlink()
    if catalogue is not None:
        (course / "catalogue.toml").write_bytes(catalogue)
    progress_file.mark("lesson_04", first_of(lesson_04).name)
    assert done_line().startswith("04  1 of ")


def test_elsewhere_nothing_is_written_and_the_reason_is_told(course):
    (course / "00_start_here.ipynb").unlink()
    assert not progress_file.mark("lesson_04", "cheapest")
    assert list(course.glob("progress*")) == []
    assert "has no 00_start_here.ipynb" in str(progress())


# -- tests and stored outputs do not depend on it ----------------------------------------------------

CELLS = [
    "%load_ext helpers\nfrom helpers import progress\nfrom helpers.exercises import lesson_04 as exercises",
    f"exercises.{first_of(lesson_04).name}.check("
    f"exercises.{first_of(lesson_04).name}.compile(exercises.{first_of(lesson_04).name}.solution_source)).outcome",
    "progress()",
]


@pytest.fixture
def notebook(course) -> Path:
    """A notebook with a right answer, in a folder whose learner has done another exercise."""
    made = nbformat.v4.new_notebook(metadata=refresh.NOTEBOOK_METADATA)
    outputs = [[], ["'right'"], [NOTHING]]
    for number, (source, texts) in enumerate(zip(CELLS, outputs), 1):
        results = [nbformat.v4.new_output("execute_result", {"text/plain": t}, execution_count=number) for t in texts]
        made.cells.append(nbformat.v4.new_code_cell(source, outputs=results, id=f"c{number}", execution_count=number))
    path = course / "04_gather.ipynb"
    path.write_text(refresh.written(made), encoding="utf-8")
    (course / "progress.txt").write_text("lesson_04 another\nlesson_01 hang_up\n")
    return path


def without_the_switch() -> dict[str, str]:
    """The variables as on a learner's machine."""
    return {
        name: value for name, value in os.environ.items()
        if name != progress_file.SWITCH and not name.startswith("PYTEST_")
    }


@pytest.mark.slow
def test_nbval_neither_reads_nor_writes_it(notebook):
    before = (notebook.parent / "progress.txt").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", notebook.name],
        cwd=notebook.parent, env=without_the_switch(), capture_output=True, text=True, timeout=120,
    )
    assert "3 passed" in done.stdout, done.stdout
    assert (notebook.parent / "progress.txt").read_bytes() == before


@pytest.mark.slow
def test_refresh_neither_reads_nor_writes_it(notebook):
    before = (notebook.parent / "progress.txt").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "tools.refresh", "--check", str(notebook)],
        cwd=ROOT, env=without_the_switch(), capture_output=True, text=True, timeout=120,
    )
    assert done.stdout.strip() == "04_gather.ipynb: unchanged", done.stdout + done.stderr
    assert (notebook.parent / "progress.txt").read_bytes() == before


def test_the_tests_themselves_are_without_it(course, monkeypatch):
    monkeypatch.delenv(progress_file.SWITCH)
    assert not progress_file.mark("lesson_04", "cheapest")
    assert list(course.glob("progress*")) == []
    assert str(progress()) == NOTHING


@pytest.mark.slow
def test_in_a_learners_kernel_it_is_remembered(notebook):
    (notebook.parent / "progress.txt").unlink()
    manager, client = start_new_kernel(cwd=str(notebook.parent), env=without_the_switch())
    try:
        shown = {}

        def note(number: int):
            def hook(message):
                if message["msg_type"] == "execute_result":
                    shown[number] = message["content"]["data"]["text/plain"]
            return hook

        for number, source in enumerate(CELLS):
            reply = client.execute_interactive(source, timeout=60, output_hook=note(number))
            assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert shown[1] == "'right'"
    assert f"[x] {first_of(lesson_04).name}" in shown[2]
    assert f"lesson_04 {first_of(lesson_04).name}\n" in (notebook.parent / "progress.txt").read_text()
