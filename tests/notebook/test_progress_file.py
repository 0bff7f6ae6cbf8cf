"""The file that remembers what is done: nothing that happens to it harms the notebook, and no mark is lost."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from helpers import exercises
from helpers.checker.exercise import exercises_of
from helpers.notebook import progress_file
from helpers.notebook.progress import NOTHING, progress

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_marked_is_done(course):
    assert progress_file.done() == set()
    assert progress_file.mark("lesson_04", "cheapest")
    assert progress_file.mark("lesson_01", "hang_up")
    assert progress_file.done() == {("lesson_04", "cheapest"), ("lesson_01", "hang_up")}


def test_the_same_mark_twice_changes_nothing(course):
    progress_file.mark("lesson_04", "cheapest")
    before = (course / "progress.txt").read_bytes()
    assert progress_file.mark("lesson_04", "cheapest")
    assert (course / "progress.txt").read_bytes() == before


def test_an_exercise_can_be_opened_again_and_done_again(course):
    progress_file.mark("lesson_04", "cheapest")
    progress_file.mark("lesson_04", "first_below")
    assert progress_file.reopen("lesson_04", "cheapest")
    assert progress_file.done() == {("lesson_04", "first_below")}
    assert progress_file.mark("lesson_04", "cheapest")
    assert len(progress_file.done()) == 2
    lines = (course / "progress.txt").read_text().split("\n")
    assert [line for line in lines if "cheapest" in line] == [
        "lesson_04 cheapest", "open lesson_04 cheapest", "lesson_04 cheapest"]


def test_what_is_not_done_needs_no_line_to_be_open(course):
    assert progress_file.reopen("lesson_04", "cheapest")
    assert not (course / "progress.txt").exists()


def test_only_exercises_of_lessons_are_remembered(course):
    assert not progress_file.mark("test_progress", "cheapest")
    assert not progress_file.mark("open lesson_04", "cheapest")
    assert not progress_file.mark("helpers.exercises.lesson_04", "cheapest")
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


# -- names that change ------------------------------------------------------------------------------

# Every exercise that the course has or had: somebody may have done it.
EVER = """
lesson_00 tea_and_coffee ask_all
lesson_01 cheaper drive_with drive_all price_by_phone
lesson_02 step careful_step ask_by_phone total run_with_jumps
lesson_03 price_table total_cost with_old_shop
lesson_04 cheapest open_and_closed first_below
lesson_05 all_or_nothing causes by_shop
lesson_06 ask keep_asking prices_in_time
lesson_07 ask_old_shops read_in_time
lesson_08 watch work_off ask_within
lesson_09 buy ask_once exchange
lesson_10 connected take watch
lesson_11 get_prices answer_lines save
lesson_12 ask_again ask_within_budget hedge
lesson_13 ask_in_turn watch_price cheapest_open write_all record_price
lesson_14 test_first_price test_feed test_follow
lesson_15 ask_all watch run_until
lesson_A1 run_anywhere timed restart
lesson_A2
lesson_A4 speed_up in_euros
lesson_A5 read_all read_stream
lesson_A6 mistaken_lines cheapest
"""


def present() -> set[tuple[str, str]]:
    modules = [m.name for m in pkgutil.iter_modules(exercises.__path__) if m.name.startswith("lesson_")]
    return {(module, name) for module in modules
            for name, _ in exercises_of(importlib.import_module(f"helpers.exercises.{module}"))}


def test_no_exercise_loses_its_mark_with_its_name():
    ever = {(line.split()[0], name) for line in EVER.split("\n") if line for name in line.split()[1:]}
    now, renamed = present(), progress_file.RENAMED
    assert now <= ever, "Add the new names to EVER."
    assert ever - now == set(renamed), "Write into progress_file.RENAMED what has another name now."
    assert set(renamed.values()) <= now


def test_a_mark_under_an_old_name_counts_for_the_new_one(course, monkeypatch):
    progress_file.mark("lesson_04", "cheap")
    progress_file.mark("lesson_04", "first_below")
    monkeypatch.setitem(progress_file.RENAMED, ("lesson_04", "cheap"), ("lesson_05", "cheapest"))
    assert progress_file.done() == {("lesson_05", "cheapest"), ("lesson_04", "first_below")}
    assert progress_file.reopen("lesson_05", "cheapest")
    assert progress_file.done() == {("lesson_04", "first_below")}
    progress_file.mark("lesson_05", "cheapest")
    assert progress_file.in_order()[-1] == ("lesson_05", "cheapest")
