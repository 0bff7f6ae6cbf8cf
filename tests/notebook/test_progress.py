"""What a learner has done: it is remembered, nothing harms the notebook, and no test or stored output depends on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from helpers.checker.exercise import Exercise, Mistake, exercises_of
from helpers.exercises import lesson_04
from helpers.notebook import progress_file
from helpers.notebook.progress import NOTHING, progress
from tools import lab_browser, refresh

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
    assert text.startswith("1 of ") and "progress().reset()" in text
    assert done_line().startswith("04 Ask twenty shops at once with gather") and "  1 of " in done_line()
    assert "gone" not in text
    html = shown._repr_mimebundle_()["text/html"]
    assert '<a href="04_gather.ipynb">04 Ask twenty shops at once with gather</a>' in html
    assert f"done: <code>{exercise.name}</code>" in html


def test_beside_a_new_version_the_learners_own_file_is_linked(course):
    (course / "04_gather_new_version.ipynb").touch()
    progress_file.mark("lesson_04", "cheapest")
    assert 'href="04_gather.ipynb"' in progress()._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("content", [
    None, b"\xff", b"[]", b'{"cells": 3}', b'{"cells": [{"cell_type": "markdown"}]}', b"{" * 5000,
], ids=["none", "binary", "a list", "no cells", "no text", "deep"])
def test_without_a_readable_notebook_a_lesson_has_its_number(course, content):
    (course / "04_gather.ipynb").unlink()
    if content is not None:
        (course / "04_gather.ipynb").write_bytes(content)
    progress_file.mark("lesson_04", first_of(lesson_04).name)
    assert done_line().startswith("04  ") and "  1 of " in done_line()


def test_elsewhere_nothing_is_written_and_the_reason_is_told(course):
    (course / "00_start_here.ipynb").unlink()
    assert not progress_file.mark("lesson_04", "cheapest")
    assert list(course.glob("progress*")) == []
    assert "has no 00_start_here.ipynb" in str(progress())


def task_of(course: Path, exercise: Exercise) -> str:
    """The id of the cell above the one that checks an exercise of lesson 04: its task."""
    cells = nbformat.read(course / "04_gather.ipynb", as_version=4).cells
    place = next(n for n, cell in enumerate(cells) if f"exercises.{exercise.name}.check(" in cell.source)
    return cells[place - 1].id


def go_on() -> str:
    """The line that says where to go on, or ""."""
    return next((line for line in str(progress()).splitlines() if line.startswith("Go on:")), "")


def test_progress_says_where_to_go_on(course):
    first, second, third = (exercise for _, exercise in exercises_of(lesson_04))
    assert go_on() == ""
    progress_file.mark("lesson_01", "hang_up")
    progress_file.mark("lesson_04", second.name)
    progress_file.mark("lesson_04", first.name)                     # the last one counts, wherever it stands
    where = f"Go on: {first.name} in 04 Ask twenty shops at once with gather was done last. Next:"
    assert " ".join(str(progress()).split()).count(f"{where} {third.name}") == 1
    check = task_of(course, third)
    html = progress()._repr_mimebundle_()["text/html"]
    assert f'was done last. Next: <a href="04_gather.ipynb#cell-id={check}">{third.name}</a>' in html

    progress_file.mark("lesson_04", third.name)
    assert "was done last. No lesson follows here." in " ".join(str(progress()).split())        # none that is here
    shutil.copy(ROOT / "notebooks" / "05_task_groups.ipynb", course)
    assert '<a href="05_task_groups.ipynb">05 ' in progress()._repr_mimebundle_()["text/html"]
    progress_file.reopen("lesson_04", third.name)                   # open again: it is not where one stopped
    assert go_on().startswith(f"Go on: {first.name} in 04 ")
    progress_file.mark("lesson_04", "an_exercise_that_is_gone")
    assert go_on().startswith(f"Go on: {first.name} in 04 ")


# -- a line after each check ------------------------------------------------------------------------


def last_block(exercise: Exercise, source: str):
    return exercise.check(exercise.compile(source)).blocks[-1]


def test_a_check_says_where_the_learner_stands_and_what_comes_next(course):
    first, second, third = (exercise for _, exercise in exercises_of(lesson_04))
    wrong = last_block(first, first.mistakes[0].source)
    assert str(wrong) == "This lesson: 0 of 3 exercises are done; this one is open."

    right = last_block(first, first.solution_source)
    assert str(right) == f"This lesson: 1 of 3 exercises is done. Next: {second.name}"
    where = task_of(course, second)
    assert right.href == f"04_gather.ipynb#cell-id={where}"
    assert f'<a href="{right.href}">{second.name}</a>' in right.html()

    wrong = last_block(first, first.mistakes[0].source)
    assert str(wrong) == (
        "This lesson: 1 of 3 exercises is done. This one counts as done: an answer was right before.")

    progress_file.mark("lesson_04", third.name)
    assert str(last_block(first, first.solution_source)).endswith(f"2 of 3 exercises are done. Next: {second.name}")
    shutil.copy(ROOT / "notebooks" / "05_task_groups.ipynb", course)
    last = last_block(second, second.solution_source)
    assert str(last) == (
        "This lesson: all 3 exercises are done. Next lesson: 05 Keep every task in a block with TaskGroup")
    assert last.href == "05_task_groups.ipynb"


def test_the_one_that_is_left_may_stand_before_it(course):
    first, second, third = (exercise for _, exercise in exercises_of(lesson_04))
    progress_file.mark("lesson_04", second.name)
    assert str(last_block(third, third.solution_source)).endswith(f"2 of 3 exercises are done. Next: {first.name}")


def test_after_the_last_lesson_that_is_here_nothing_is_next(course):
    for _, exercise in exercises_of(lesson_04):
        progress_file.mark("lesson_04", exercise.name)
    first = first_of(lesson_04)
    assert str(last_block(first, first.solution_source)) == "This lesson: all 3 exercises are done."


def test_where_nothing_is_remembered_it_is_that_of_the_kernel(course, monkeypatch):
    monkeypatch.setattr(progress_file, "_in_this_process", set())
    monkeypatch.setenv(progress_file.SWITCH, "off")
    first, second, _ = (exercise for _, exercise in exercises_of(lesson_04))
    assert str(last_block(first, first.mistakes[0].source)) == (
        "This lesson: 0 of 3 exercises are done since the kernel was started; this one is open.")
    assert str(last_block(first, first.solution_source)) == (
        f"This lesson: 1 of 3 exercises is done since the kernel was started. Next: {second.name}")
    assert list(course.glob("progress*")) == []
    first.reset()
    assert "0 of 3" in str(last_block(second, second.mistakes[0].source))


def test_where_the_file_cannot_be_written_it_is_that_of_the_kernel(course, monkeypatch):
    monkeypatch.setattr(progress_file, "_in_this_process", set())
    (course / "progress.txt").mkdir()
    first = first_of(lesson_04)
    assert "1 of 3 exercises is done since the kernel was started" in str(last_block(first, first.solution_source))


# -- to begin anew ----------------------------------------------------------------------------------


def test_an_exercise_that_is_reset_is_open_and_its_hints_begin_anew(course):
    first, second, _ = (exercise for _, exercise in exercises_of(lesson_04))
    for exercise in (first, second):
        progress_file.mark("lesson_04", exercise.name)
    before = (course / "progress.txt").read_text()
    first.hint()
    said = first.reset()
    assert said.message.startswith(f"Reset: {first.name} is open again: it no longer counts as done.")
    assert first.hint().message.startswith("Hint 1 of ")
    assert progress_file.done() == {("lesson_04", second.name)}
    after = (course / "progress.txt").read_text()
    assert after.startswith(before) and after.endswith(f"open lesson_04 {first.name}\n")      # nothing is lost
    assert first.reset().message.startswith(f"Reset: {first.name} is open: it does not count as done.")
    assert (course / "progress.txt").read_text() == after
    progress_file.mark("lesson_04", first.name)
    assert ("lesson_04", first.name) in progress_file.done()


def test_all_are_reset_only_if_that_is_meant(course):
    first, second, _ = (exercise for _, exercise in exercises_of(lesson_04))
    for exercise in (first, second):
        progress_file.mark("lesson_04", exercise.name)
    first.hint()
    before = (course / "progress.txt").read_text()
    asked = progress().reset()
    assert " ".join(asked.message.split()) == (
        f"Nothing is reset yet. 2 exercises would be open again: 04 {first.name}, 04 {second.name}. Your code would "
        "stay as it is. To do it: progress().reset(sure=True)")
    assert (course / "progress.txt").read_text() == before and first.hint().message.startswith("Hint 2 of ")
    said = " ".join(progress().reset(sure=True).message.split())
    assert f"2 exercises are open again: 04 {first.name}, 04 {second.name}. All hints begin anew." in said
    assert str(progress()) == NOTHING and first.hint().message.startswith("Hint 1 of ")
    assert (course / "progress.txt").read_text().startswith(before)
    assert progress().reset(sure=True).message == "Reset: no exercise was done. All hints begin anew."
    first.reset()


def test_what_cannot_be_reset_is_told(course, monkeypatch):
    first = first_of(lesson_04)
    progress_file.mark("lesson_04", first.name)
    monkeypatch.setattr(progress_file, "_append", lambda line: False)
    assert f"{first.name} still counts as done" in first.reset().message
    assert f"Not reset: progress.txt cannot be written, so these still count as done: {first.name}." in (
        " ".join(progress().reset(sure=True).message.split()))


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


# -- in a browser -----------------------------------------------------------------------------------

RUN = """async (index) => {
  const app = window.jupyterapp;
  app.shell.currentWidget.content.activeCellIndex = index;
  await app.commands.execute('notebook:run-cell');
}"""
TOP = """(id) => {
  const cell = window.jupyterapp.shell.currentWidget.content.widgets.find(widget => widget.model.id === id);
  const panel = document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
  return cell.node.isConnected ? cell.node.getBoundingClientRect().top - panel.top : null;
}"""


@pytest.mark.slow
@pytest.mark.chromium
@pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("mode", ["none", "full"])
def test_the_link_leads_to_the_task_of_the_next_exercise(course, jupyterlab, chrome, mode):
    """As JupyterLab shows all cells, and as it shows only those in view."""
    first, second, _ = (exercise for _, exercise in exercises_of(lesson_04))
    book = nbformat.read(course / "04_gather.ipynb", as_version=4)
    code = [(number, cell) for number, cell in enumerate(book.cells) if cell.cell_type == "code"]
    here, cell = next(pair for pair in code if f"{first.name}.check(" in pair[1].source)
    there = task_of(course, second)
    cell.source = f"exercises.{first.name}.check(exercises.{first.name}.compile({first.solution_source!r}))"
    for _, cell in code:
        cell.outputs = []
    nbformat.write(book, course / "04_gather.ipynb")
    with jupyterlab.windowing(mode):
        page = chrome.context.new_page()
        try:
            lab_browser._open(page, jupyterlab.serve(course)("04_gather.ipynb"))
            page.evaluate(RUN, code[0][0])
            page.evaluate(RUN, here)
            page.locator(".jp-OutputArea-output a", has_text=second.name).click()
            page.wait_for_timeout(2000)
            top = page.evaluate(TOP, there)
            assert top is not None and -2 <= top < 300
            page.evaluate(lab_browser.CLOSE)
        finally:
            page.close()
