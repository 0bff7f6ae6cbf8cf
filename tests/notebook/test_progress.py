"""What a learner has done: it is remembered, nothing harms the notebook, and no test or stored output depends on it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import textwrap
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


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """The current folder, which looks like that of the course, and in which progress is kept."""
    shutil.copy(ROOT / "notebooks" / "catalogue.toml", tmp_path)
    (tmp_path / "00_start_here.ipynb").touch()
    (tmp_path / "04_gather.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(progress_file.SWITCH, "on")
    return tmp_path


def first_of(module) -> Exercise:
    return next(value for value in vars(module).values() if isinstance(value, Exercise))


def done_line() -> str:
    """The line of lesson 04 in what progress() shows."""
    return next(line for line in str(progress()).splitlines() if line.startswith("04"))


# -- the file ---------------------------------------------------------------------------------------


def test_what_is_marked_is_done(course):
    assert progress_file.done() == set()
    assert progress_file.mark("helpers.exercises.lesson_04", "cheapest")
    assert progress_file.mark("helpers.exercises.lesson_01", "hang_up")
    assert progress_file.done() == {("lesson_04", "cheapest"), ("lesson_01", "hang_up")}


def test_the_same_mark_twice_changes_nothing(course):
    progress_file.mark("lesson_04", "cheapest")
    before = (course / "progress.txt").read_bytes()
    assert progress_file.mark("lesson_04", "cheapest")
    assert (course / "progress.txt").read_bytes() == before


def test_only_exercises_of_lessons_are_remembered(course):
    assert not progress_file.mark("tests.test_progress", "cheapest")
    assert not progress_file.mark("lesson_04", "two\nlines")
    assert not (course / "progress.txt").exists()


@pytest.mark.parametrize("content", [
    b"", b"\0\xff\xfe" * 1000, b"{", b"# lesson_04 cheapest\n", b"lesson_04\n", b"lesson_04 cheapest and more\n",
    b"x" * 10_000_000, b"\n" * 1000,
], ids=["empty", "binary", "json", "comment", "half a line", "too much", "huge", "blank"])
def test_a_spoiled_file_does_no_harm(course, content):
    (course / "progress.txt").write_bytes(content)
    assert progress_file.done() == set()
    assert str(progress()).startswith(NOTHING)
    progress_file.mark("lesson_04", "cheapest")
    if len(content) < progress_file.MOST:
        assert progress_file.done() == {("lesson_04", "cheapest")}


def test_a_line_that_was_cut_off_spoils_only_itself(course):
    (course / "progress.txt").write_text("lesson_01 hang_up\nlesson_03 watch_to")
    progress_file.mark("lesson_04", "cheapest")
    assert {("lesson_01", "hang_up"), ("lesson_04", "cheapest")} <= progress_file.done()


def test_a_folder_of_that_name_does_no_harm(course):
    (course / "progress.txt").mkdir()
    assert not progress_file.mark("lesson_04", "cheapest")
    assert progress_file.done() == set()
    assert "cannot be written" in str(progress())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_must_not_be_written_does_no_harm(course):
    course.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert not progress_file.mark("lesson_04", "cheapest")
        assert "cannot be written" in str(progress())
    finally:
        course.chmod(stat.S_IRWXU)


def test_a_disk_that_is_full_does_no_harm(course, monkeypatch):
    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builtins.open", full)
    assert not progress_file.mark("lesson_04", "cheapest")
    assert progress_file.done() == set()


def test_a_current_folder_that_is_gone_does_no_harm(course, monkeypatch):
    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", gone)
    assert not progress_file.mark("lesson_04", "cheapest")
    assert progress_file.done() == set()


def test_two_notebooks_that_write_at_once_lose_no_mark(course):
    """Two processes, each with 200 marks."""
    program = textwrap.dedent("""
        import sys
        from helpers.notebook import progress_file
        for number in range(200):
            assert progress_file.mark("lesson_04", f"{sys.argv[1]}_{number}")
    """)
    writers = [subprocess.Popen([sys.executable, "-c", program, name], cwd=course) for name in ("one", "other")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert progress_file.done() == {("lesson_04", f"{name}_{n}") for name in ("one", "other") for n in range(200)}


def test_git_ignores_the_file():
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no checkout")
    ignored = subprocess.run(["git", "check-ignore", "-q", "notebooks/progress.txt"], cwd=ROOT)
    assert ignored.returncode == 0


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
        title="Trial", task="", starter="async def trial():\n    ...", hints=["Return 1."], why="", next="",
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
    "%load_ext helpers\nfrom helpers.exercises import lesson_04 as exercises\nfrom helpers.notebook.progress import progress",
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
        name: value for name, value in os.environ.items() if name != progress_file.SWITCH and not name.startswith("PYTEST_")
    }


def test_nbval_neither_reads_nor_writes_it(notebook):
    before = (notebook.parent / "progress.txt").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", notebook.name],
        cwd=notebook.parent, env=without_the_switch(), capture_output=True, text=True, timeout=120,
    )
    assert "3 passed" in done.stdout, done.stdout
    assert (notebook.parent / "progress.txt").read_bytes() == before


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
