"""The learner's copies: they are made and kept up to date, and nothing that the learner wrote is ever lost."""

from __future__ import annotations

import errno
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipykernel.ipkernel import IPythonKernel
from nbformat import NotebookNode

from helpers.notebook import progress_file
from tools import LANGUAGE, ROOT, lab_browser, refresh, workbook
from tools.workbook import COURSE, FIRST, NAVIGATION_TOP, PROGRESS, STATE, WORKBOOK

LESSON = "04_gather.ipynb"
OFFER, SECOND_OFFER = "04_gather_new_version.ipynb", "04_gather_new_version_2.ipynb"


@functools.cache
def lesson_text(version: int) -> str:
    return refresh.written(lesson(version))


def lesson(version: int = 1) -> NotebookNode:
    """A notebook of the course, with outputs."""
    cells = [
        nbformat.v4.new_markdown_cell("# Ask 茶", id="title"),
        nbformat.v4.new_markdown_cell(f"**5 minutes**\n\n{workbook.CLEAR_OUTPUTS}\n\nNext: x", id=NAVIGATION_TOP),
        nbformat.v4.new_code_cell(f"version = {version}\nversion", id="code", metadata={"tags": ["raises-exception"]}),
    ]
    cells[2].execution_count = 1
    cells[2].outputs = [nbformat.v4.new_output("execute_result", {"text/plain": str(version)}, execution_count=1)]
    return nbformat.v4.new_notebook(cells=cells, metadata=refresh.NOTEBOOK_METADATA, nbformat_minor=5)


def publish(root: Path, version: int = 1, **more: NotebookNode) -> None:
    """Write the course in `root`, in a version of it."""
    (root / COURSE).mkdir(parents=True, exist_ok=True)
    texts = {FIRST: lesson_text(0), LESSON: lesson_text(version)}
    texts |= {name: refresh.written(notebook) for name, notebook in more.items()}
    for name, text in texts.items():
        (root / COURSE / name).write_text(text, encoding="utf-8", newline="\n")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    publish(tmp_path)
    return tmp_path


@pytest.fixture
def made(course: Path) -> Path:
    """A course whose workbook is made."""
    assert workbook.main([], course) == 0
    return course


def mine(root: Path, name: str = LESSON) -> Path:
    return root / WORKBOOK / name


def files(root: Path) -> dict[str, bytes]:
    """All files of the workbook, but for what the tool remembers."""
    paths = (path for path in (root / WORKBOOK).rglob("*") if path.is_file() and path.name != STATE)
    return {path.relative_to(root / WORKBOOK).as_posix(): path.read_bytes() for path in paths}


def change(path: Path, edit: Callable[[NotebookNode], object]) -> None:
    notebook = nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))
    edit(notebook)
    path.write_text(refresh.written(notebook), encoding="utf-8", newline="\n")


def write_in(path: Path, text: str) -> None:
    """What a learner does: fill in a cell."""
    change(path, lambda notebook: notebook.cells[2].update(source=text))


def run_and_save(path: Path) -> None:
    """What JupyterLab makes of a notebook that is opened, run and saved, with Shift+Enter in its last cell."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["language_info"].update(version="3.13.0", codemirror_mode={"name": "ipython"})
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    for cell in notebook["cells"]:
        cell["metadata"].update(trusted=True, scrolled=True, collapsed=False)
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
            cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": ["mine"]}]
    notebook["cells"].append(nbformat.v4.new_code_cell("", id="new"))
    path.write_text(json.dumps(notebook, indent=4), encoding="utf-8")


def source(path: Path) -> str:
    return nbformat.read(path, as_version=4).cells[2].source


# -- the first time ---------------------------------------------------------------------------------


def test_the_copies_have_the_same_cells_without_outputs_in_the_form_of_the_course(course, capsys):
    assert workbook.main([], course) == 0
    expected = lesson()
    expected.cells[2].update(outputs=[], execution_count=None)
    expected.cells[1].source = "**5 minutes**\n\nNext: x"
    expected.metadata.language_info = IPythonKernel.language_info
    assert mine(course).read_bytes() == refresh.written(expected).encode()
    assert set(files(course)) == {FIRST, LESSON}
    assert "2 new files" in capsys.readouterr().out


def test_one_new_file_is_told_in_the_singular(made, capsys):
    mine(made).unlink()
    capsys.readouterr()
    assert workbook.main([], made) == 0
    assert "has 1 new file: your own copy, " in capsys.readouterr().out


@pytest.fixture
def link():
    """Makes a symbolic link, where the system lets us."""

    def make(path: Path, target: Path) -> None:
        path.unlink(missing_ok=True)
        try:
            path.symlink_to(target)
        except OSError as error:        # Windows asks for a right that not everybody has
            pytest.skip(f"no symbolic links here: {error}")

    return make


def test_a_symbolic_link_is_kept_and_so_is_what_it_leads_to(made, tmp_path, link, capsys):
    elsewhere = tmp_path / "elsewhere.ipynb"
    elsewhere.write_bytes(mine(made).read_bytes())
    link(mine(made), elsewhere)
    before = elsewhere.read_bytes()
    write_in(made / COURSE / LESSON, "something new")
    capsys.readouterr()
    assert workbook.main([], made) == 0
    assert mine(made).is_symlink() and elsewhere.read_bytes() == before
    assert f"{LESSON} is a symbolic link. It is left as it is" in capsys.readouterr().out


def test_a_symbolic_link_to_nothing_is_kept_and_said_to_be_one(made, tmp_path, link, capsys):
    link(mine(made), tmp_path / "gone.ipynb")
    assert workbook.main([], made) == 0
    assert mine(made).is_symlink() and not (tmp_path / "gone.ipynb").exists()
    assert f"{LESSON} is a symbolic link to a file that is not there" in capsys.readouterr().err


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_where_a_new_version_would_lie_is_kept(made, tmp_path, link, there):
    elsewhere = tmp_path / "elsewhere.ipynb"
    if there:
        elsewhere.write_bytes(mine(made).read_bytes())
    write_in(mine(made), "mine")
    write_in(made / COURSE / LESSON, "something new")
    offer = mine(made).with_name(f"{mine(made).stem}_new_version.ipynb")
    link(offer, elsewhere)
    assert workbook.main([], made) == 0
    assert offer.is_symlink() and elsewhere.exists() is there
    assert source(mine(made).with_name(f"{mine(made).stem}_new_version_2.ipynb")) == "something new"


def test_pictures_that_a_notebook_shows_come_along_and_no_other_file(course):
    pictures = course / COURSE / "pictures"
    pictures.mkdir()
    for name in ("shown.png", "other.png"):
        (pictures / name).write_bytes(name.encode())
    (course / COURSE / "progress_of_mine.txt").touch()
    change(course / COURSE / FIRST, lambda n: n.cells[0].update(source="# Title\n\n![a](pictures/shown.png)"))
    assert workbook.main([], course) == 0
    assert set(files(course)) == {FIRST, LESSON, "pictures/shown.png"}
    (pictures / "shown.png").write_bytes(b"newer")
    assert workbook.main([], course) == 0
    assert files(course)["pictures/shown.png"] == b"newer"


def python(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run Python in the course's folder; its exit code, and what it complained of."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_a_path_may_have_any_letters_and_the_terminal_few(tmp_path):
    root = tmp_path / "Kürs 茶 (1)"
    publish(root)
    command = "import sys, pathlib; from tools import workbook; sys.exit(workbook.main([], pathlib.Path(sys.argv[1])))"
    for _ in range(2):
        assert python("-c", command, str(root), env={**os.environ, "PYTHONIOENCODING": "ascii"}) == (0, "")
    assert set(files(root)) == {FIRST, LESSON}


def test_it_needs_the_standard_library_alone():
    assert python("-S", "-c", "import tools.workbook") == (0, "")


def test_arguments_are_refused(course, capsys):
    assert workbook.main(["--help"], course) == 2
    assert "python -m tools.workbook" in capsys.readouterr().err
    assert not (course / WORKBOOK).exists()


# -- again ------------------------------------------------------------------------------------------


def test_a_second_run_touches_no_file(made, capsys):
    before = {path: path.stat().st_mtime_ns for path in (made / WORKBOOK).rglob("*")}
    capsys.readouterr()
    assert workbook.main([], made) == 0
    assert {path: path.stat().st_mtime_ns for path in (made / WORKBOOK).rglob("*")} == before
    assert capsys.readouterr().out == f"{WORKBOOK}/ is up to date.\n"


@pytest.mark.parametrize("edit", [run_and_save, lambda path: write_in(path, "my code")], ids=["run", "changed"])
def test_without_a_new_version_a_notebook_stays_as_it_is_with_its_outputs(made, edit):
    edit(mine(made))
    before = files(made)
    assert workbook.main([], made) == 0
    assert files(made) == before


def test_a_deleted_notebook_comes_back(made):
    before = files(made)
    mine(made).unlink()
    assert workbook.main([], made) == 0
    assert files(made) == before


def test_files_of_the_learner_stay_as_they_are(made):
    own = {"my_own.ipynb": b"{}", "notes.txt": b"tea", ".ipynb_checkpoints/04_gather.ipynb": b"old", "04.ipynb": b"x"}
    for name, content in own.items():
        mine(made, name).parent.mkdir(exist_ok=True)
        mine(made, name).write_bytes(content)
    publish(made, 2)
    assert workbook.main([], made) == 0
    assert own.items() <= files(made).items()


@pytest.mark.parametrize("language", [{"name": "python"}, {**LANGUAGE, "version": "3.11.1"}], ids=["bare", "older"])
def test_a_copy_that_nobody_has_written_to_gets_the_version_of_python(made, language, capsys):
    """It was made by another Python, or by this tool before it knew of versions."""
    fresh = mine(made).read_bytes()
    change(mine(made), lambda notebook: notebook.metadata.update(language_info=language))
    capsys.readouterr()
    assert workbook.main([], made) == 0
    assert mine(made).read_bytes() == fresh
    assert "is up to date" in capsys.readouterr().out


@pytest.mark.parametrize("edit", [
    lambda notebook: notebook.cells[2].update(execution_count=1),
    lambda notebook: notebook.metadata.update(authors=["me"]),
    lambda notebook: notebook.metadata.pop("language_info"),
], ids=["a run", "metadata", "no language"])
def test_a_copy_that_somebody_has_written_to_keeps_its_version_of_python(made, edit):
    change(mine(made), lambda notebook: notebook.metadata.language_info.update(version="3.11.1"))
    change(mine(made), edit)
    before = mine(made).read_bytes()
    assert workbook.main([], made) == 0
    assert mine(made).read_bytes() == before


# -- a new version ----------------------------------------------------------------------------------


@pytest.mark.parametrize("edit", [lambda path: None, run_and_save], ids=["not opened", "opened, run and saved"])
def test_a_notebook_without_a_change_is_replaced_by_its_new_version(made, capsys, edit):
    edit(mine(made))
    publish(made, 2)
    assert workbook.main([], made) == 0
    assert source(mine(made)) == "version = 2\nversion"
    assert set(files(made)) == {FIRST, LESSON}
    assert f"{LESSON} is replaced by its new version" in capsys.readouterr().out


def test_a_new_version_may_differ_in_what_links_and_run_all_need_alone(made):
    change(made / COURSE / LESSON, lambda notebook: notebook.cells[2].update(id="other"))
    assert workbook.main([], made) == 0
    assert nbformat.read(mine(made), as_version=4).cells[2].id == "other"
    change(mine(made), lambda notebook: notebook.cells[2].update(id="of-another-editor"))
    before = files(made)
    assert workbook.main([], made) == 0
    assert files(made) == before


def test_new_outputs_alone_are_no_new_version(made):
    run_and_save(mine(made))
    before = files(made)
    change(made / COURSE / LESSON, lambda notebook: notebook.cells[2].outputs.clear())
    assert workbook.main([], made) == 0
    assert files(made) == before


def test_a_changed_notebook_is_kept_and_its_new_version_laid_beside_it(made, capsys):
    write_in(mine(made), "my code")
    kept = mine(made).read_bytes()
    publish(made, 2)
    assert workbook.main([], made) == 0
    assert mine(made).read_bytes() == kept
    assert source(mine(made, OFFER)) == "version = 2\nversion"
    said = capsys.readouterr().out
    assert LESSON in said and OFFER in said and "it is kept" in said
    before = files(made)
    assert workbook.main([], made) == 0
    assert files(made) == before


def test_a_third_version_replaces_the_second_where_that_is_unchanged(made):
    write_in(mine(made), "my code")
    for version in (2, 3):
        publish(made, version)
        assert workbook.main([], made) == 0
        assert source(mine(made, OFFER)) == f"version = {version}\nversion"
        run_and_save(mine(made, OFFER))
    assert set(files(made)) == {FIRST, LESSON, OFFER}


def test_a_third_version_has_a_name_of_its_own_where_the_second_is_changed(made):
    write_in(mine(made), "my code")
    publish(made, 2)
    workbook.main([], made)
    write_in(mine(made, OFFER), "my code for version 2")
    for version in (3, 4):
        publish(made, version)
        assert workbook.main([], made) == 0
    assert source(mine(made)) == "my code"
    assert source(mine(made, OFFER)) == "my code for version 2"
    assert source(mine(made, SECOND_OFFER)) == "version = 4\nversion"
    assert set(files(made)) == {FIRST, LESSON, OFFER, SECOND_OFFER}


def test_an_offer_that_was_deleted_is_not_made_again(made):
    write_in(mine(made), "my code")
    publish(made, 2)
    workbook.main([], made)
    mine(made, OFFER).unlink()
    assert workbook.main([], made) == 0
    assert set(files(made)) == {FIRST, LESSON}


@pytest.mark.parametrize("take", [
    lambda own, offer: own.unlink(),
    lambda own, offer: os.replace(offer, own),
    lambda own, offer: own.write_bytes(offer.read_bytes()),
], ids=["own one deleted", "new one renamed", "new one copied"])
def test_who_takes_the_offer_is_up_to_date_again(made, take):
    write_in(mine(made), "my code")
    publish(made, 2)
    workbook.main([], made)
    take(mine(made), mine(made, OFFER))
    assert workbook.main([], made) == 0
    assert source(mine(made)) == "version = 2\nversion"
    publish(made, 3)
    assert workbook.main([], made) == 0
    assert source(mine(made)) == "version = 3\nversion"
    assert set(files(made)) == {FIRST, LESSON}


def test_who_takes_back_all_changes_gets_the_new_version(made):
    original = mine(made).read_bytes()
    write_in(mine(made), "my code")
    publish(made, 2)
    workbook.main([], made)
    mine(made).write_bytes(original)
    assert workbook.main([], made) == 0
    assert source(mine(made)) == "version = 2\nversion"


def test_a_notebook_that_the_course_no_longer_has_is_kept(made, capsys):
    (made / COURSE / LESSON).unlink()
    before = files(made)
    assert workbook.main([], made) == 0
    assert files(made) == before
    assert f"{LESSON} is no longer part of the course" in capsys.readouterr().out
    assert workbook.main([], made) == 0
    assert capsys.readouterr().out == f"{WORKBOOK}/ is up to date.\n"


@pytest.mark.parametrize("name", ["04_gather.ipynb", "A1_asyncio_in_jupyter.ipynb", "pictures/timeline.png"])
def test_the_names_of_new_versions_are_names_on_every_system_and_in_links(tmp_path, name):
    names = workbook.Workbook(tmp_path)._offer_names(workbook.Item(name, b"", "", ""))
    for _, path in zip(range(3), names):
        relative = path.relative_to(tmp_path).as_posix()
        assert quote(relative) == relative and not re.search(r'[<>:"\\|?*\s()]', relative)
        assert path.suffix == Path(name).suffix


# -- progress ---------------------------------------------------------------------------------------


def test_progress_made_in_the_notebooks_comes_along(course, monkeypatch):
    (course / COURSE / PROGRESS).write_text(f"{progress_file.HEAD}\nlesson_04 cheapest\n")
    assert workbook.main([], course) == 0
    monkeypatch.chdir(course / WORKBOOK)
    monkeypatch.setenv(progress_file.SWITCH, "on")
    assert progress_file.done() == {("lesson_04", "cheapest")}
    progress_file.mark("lesson_05", "causes")
    assert progress_file.done() == {("lesson_04", "cheapest"), ("lesson_05", "causes")}


def test_progress_on_both_sides_is_put_together_once(made):
    mine(made, PROGRESS).write_bytes(b"# head\n\nlesson_01 cheaper\nlesson_02 cut o")
    (made / COURSE / PROGRESS).write_bytes(b"# head\n\nlesson_04 cheapest\n\nlesson_01 cheaper\n")
    assert workbook.main([], made) == 0
    together = mine(made, PROGRESS).read_bytes()
    assert together == b"# head\n\nlesson_01 cheaper\nlesson_02 cut o\nlesson_04 cheapest\n"
    assert workbook.main([], made) == 0
    assert mine(made, PROGRESS).read_bytes() == together


def test_what_is_open_again_on_one_side_is_not_done_by_the_other(made):
    mine(made, PROGRESS).write_bytes(b"lesson_01 cheaper\nopen lesson_01 cheaper\nlesson_02 total\n")
    before = mine(made, PROGRESS).read_bytes()
    (made / COURSE / PROGRESS).write_bytes(b"lesson_01 cheaper\nlesson_02 total\nopen lesson_02 total\nlesson_04 a\n"
                                           b"lesson_04 b\nopen lesson_04 b\n")
    assert workbook.main([], made) == 0
    assert mine(made, PROGRESS).read_bytes() == before + b"\nlesson_04 a\n"


def test_who_deletes_their_progress_begins_anew(course):
    (course / COURSE / PROGRESS).write_bytes(b"lesson_04 cheapest\n")
    workbook.main([], course)
    mine(course, PROGRESS).unlink()
    assert workbook.main([], course) == 0
    assert not mine(course, PROGRESS).exists()


def test_the_file_of_progress_has_one_name():
    assert (PROGRESS, FIRST) == (progress_file.NAME, progress_file.COURSE)


# -- what can go wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("spoil", [
    Path.unlink,
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\xff{"),
    lambda path: path.write_text("[]"),
    lambda path: path.write_text('{"offered": [], "written": {"04_gather.ipynb": "x"}, "progress": 1}'),
    lambda path: path.write_text('{"offered": {}, "written": {"04_gather.ipynb": "x"}, "progress": ""}'),
    lambda path: path.write_text('{"other": 1}'),
    lambda path: path.write_text("[" * 100_000),
], ids=["gone", "empty", "binary", "a list", "other types", "text for a list", "other keys", "deep"])
def test_without_its_memory_nothing_is_lost_and_what_is_as_in_the_course_is_known(made, spoil):
    write_in(mine(made), "my code")
    spoil(mine(made, STATE))
    assert workbook.main([], made) == 0
    assert source(mine(made)) == "my code"
    publish(made, 2, **{FIRST: lesson(9)})
    assert workbook.main([], made) == 0
    assert source(mine(made)) == "my code"
    assert source(mine(made, OFFER)) == "version = 2\nversion"
    assert source(mine(made, FIRST)) == "version = 9\nversion"
    assert set(files(made)) == {FIRST, LESSON, OFFER}


@pytest.mark.parametrize("content", [
    b"", b"{", b"\xff", b"[1]", b'{"cells": 1}', b'{"cells": [1]}',
    b'{"cells": [{"source": 3, "cell_type": "code"}]}', b'{"cells": [{"source": [1], "cell_type": "code"}]}',
])
def test_a_notebook_that_the_learner_broke_is_left_alone_and_named(made, capsys, content):
    mine(made).write_bytes(content)
    assert workbook.main([], made) == 0
    assert mine(made).read_bytes() == content
    said = capsys.readouterr().err
    assert f"{WORKBOOK}/{LESSON} cannot be read as a notebook" in said and "Rename or delete it" in said
    publish(made, 2)
    assert workbook.main([], made) == 0
    assert mine(made).read_bytes() == content and source(mine(made, OFFER)) == "version = 2\nversion"
    mine(made).unlink()
    assert workbook.main([], made) == 0
    assert source(mine(made)) == "version = 2\nversion"


@pytest.mark.parametrize("metadata", [None, 1, "x", [], {"tags": None}])
def test_odd_metadata_does_no_harm(made, metadata):
    notebook = json.loads(mine(made).read_text(encoding="utf-8"))
    notebook["cells"][2]["metadata"] = metadata
    mine(made).write_text(json.dumps(notebook))
    assert workbook.main([], made) == 0
    publish(made, 2)
    assert workbook.main([], made) == 0
    assert source(mine(made)) == "version = 2\nversion"


def test_a_folder_with_the_name_of_a_notebook_is_named_and_the_rest_is_made(course, capsys):
    mine(course).mkdir(parents=True)
    assert workbook.main([], course) == 0
    assert f"{WORKBOOK}/{LESSON} is a folder. Rename it" in capsys.readouterr().err
    assert mine(course).is_dir() and mine(course, FIRST).is_file()


def test_a_file_in_the_way_of_the_folder(course, capsys):
    (course / WORKBOOK).write_text("mine")
    assert workbook.main([], course) == 1
    said = capsys.readouterr().err
    assert "Rename it" in said and f"open {COURSE}/{FIRST} instead" in said and "Clear Outputs of All Cells" in said
    assert (course / WORKBOOK).read_text() == "mine"


def refuse(monkeypatch, code: int) -> None:
    """From now on no file can be written."""
    def fail(*arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_workbook_that_cannot_be_written_is_told_and_nothing_is_half_there(course, capsys, monkeypatch, code):
    refuse(monkeypatch, code)
    assert workbook.main([], course) == 1
    said = capsys.readouterr().err
    assert f"Cannot be written in {WORKBOOK}/: {FIRST}, {LESSON}" in said and os.strerror(code) in said
    assert f"open {COURSE}/{FIRST} instead" in said
    assert files(course) == {}
    monkeypatch.undo()
    assert workbook.main([], course) == 0
    assert set(files(course)) == {FIRST, LESSON}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="a system and a user whom modes bind")
def test_a_folder_that_is_read_only(course, capsys):
    (course / WORKBOOK).mkdir(mode=0o555)
    assert workbook.main([], course) == 1
    assert f"Cannot be written in {WORKBOOK}/: {FIRST}, {LESSON}" in capsys.readouterr().err


def test_a_workbook_that_cannot_be_written_but_is_complete_is_fine(made, monkeypatch):
    refuse(monkeypatch, errno.EROFS)
    assert workbook.main([], made) == 0


def test_a_disk_that_is_full_leaves_the_old_files_whole(made, capsys, monkeypatch):
    before = files(made)
    publish(made, 2)
    refuse(monkeypatch, errno.ENOSPC)
    assert workbook.main([], made) == 0
    assert files(made) == before
    said = capsys.readouterr().err
    assert LESSON in said and "Until that is put right" not in said      # what is there can be worked with


@pytest.mark.parametrize("at", range(1, 8))
def test_an_interruption_at_any_moment_does_no_harm(made, monkeypatch, at):
    write_in(mine(made), "my code")
    publish(made, 2, **{FIRST: lesson(9)})
    moved, replace = 0, os.replace

    def interrupted(*paths: Path) -> None:
        nonlocal moved
        moved += 1
        if moved == at:
            raise KeyboardInterrupt
        replace(*paths)

    monkeypatch.setattr(os, "replace", interrupted)
    try:
        workbook.main([], made)
    except KeyboardInterrupt:
        assert moved == at
    else:
        assert moved < at
    monkeypatch.undo()
    assert not [name for name in files(made) if name.endswith(".draft")]
    assert workbook.main([], made) == 0
    assert {name: source(mine(made, name)) for name in files(made)} == {
        FIRST: "version = 9\nversion", LESSON: "my code", OFFER: "version = 2\nversion",
    }


def test_a_course_that_is_broken_is_told(made, capsys):
    before = files(made)
    (made / COURSE / LESSON).write_text("{")
    assert workbook.main([], made) == 0
    said = capsys.readouterr().err
    assert f"git checkout {COURSE}/{LESSON}" in said and "Until that is put right" not in said
    (made / COURSE / LESSON).unlink()
    (made / COURSE / FIRST).unlink()
    assert workbook.main([], made) == 0
    assert f"no {COURSE}/{FIRST}" in capsys.readouterr().err
    assert files(made) == before


def test_a_folder_without_a_course_gets_no_workbook(tmp_path, capsys):
    assert workbook.main([], tmp_path) == 1
    assert f"no {COURSE}/{FIRST}" in capsys.readouterr().err
    assert not (tmp_path / WORKBOOK).exists()


# -- whatever happens -------------------------------------------------------------------------------

NAMES = (FIRST, LESSON, OFFER, SECOND_OFFER)
ACTS = st.one_of(
    st.tuples(st.just("publish"), st.integers(1, 4)),
    st.tuples(st.just("publish without"), st.just(0)),
    st.tuples(st.just("update"), st.just(0)),
    st.tuples(st.sampled_from(["write", "run", "break", "undo", "delete"]), st.sampled_from(NAMES)),
    st.tuples(st.sampled_from(["rename", "copy"]), st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))),
    st.tuples(st.just("forget"), st.sampled_from([b"", b"{}", b"null"])),
    st.tuples(st.just("interrupt"), st.integers(1, 6)),
)


def act(root: Path, deed: str, what, number: int) -> None:
    """What a learner, or the course, does to the files."""
    if deed.startswith("publish"):
        publish(root, what or 1)
        if deed == "publish without":
            (root / COURSE / LESSON).unlink()
    elif deed == "forget":
        mine(root, STATE).write_bytes(what)
    elif deed in ("rename", "copy"):
        if mine(root, what[0]).exists():
            mine(root, what[1]).write_bytes(mine(root, what[0]).read_bytes())
            if deed == "rename" and what[0] != what[1]:
                mine(root, what[0]).unlink()
    elif mine(root, what).exists():
        path = mine(root, what)
        if deed == "delete":
            path.unlink()
        elif deed == "break":
            path.write_text(f"{{ written-{number}-")
        elif b'"cells"' in path.read_bytes():
            if deed == "run":
                run_and_save(path)
            else:
                write_in(path, f"written-{number}-" if deed == "write" else "version = 1\nversion")


def written_by_the_learner(root: Path) -> set[str]:
    return {text for content in files(root).values() for text in re.findall(r"written-\d+-", content.decode())}


def update(root: Path, until: int | None = None) -> None:
    """Run the tool; with `until`, interrupt it when it moves its file of that number."""
    moved, replace = 0, os.replace

    def interrupted(*paths: Path) -> None:
        nonlocal moved
        moved += 1
        if moved == until:
            raise KeyboardInterrupt
        replace(*paths)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        try:
            workbook.main([], root)
        except KeyboardInterrupt:
            assert until is not None


@pytest.mark.slow
@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.lists(ACTS, max_size=14))
def test_no_text_of_the_learner_is_ever_lost(acts):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        publish(root)
        update(root)
        for number, (deed, what) in enumerate(acts):
            before = files(root)
            if deed in ("update", "interrupt"):
                texts = written_by_the_learner(root)
                update(root, what or None)
                assert texts <= written_by_the_learner(root)
                after = files(root)
                changed = {name for name in before if b"written-" in before[name] and after.get(name) != before[name]}
                assert not changed, "a file that the learner has written in stays as it is, under its name"
            else:
                act(root, deed, what, number)
        update(root)
        present = {path.name for path in (root / COURSE).glob("*.ipynb")}
        assert present <= set(files(root))
        before = files(root)
        update(root)
        assert files(root) == before, "a second run changes nothing"


# -- in a browser -----------------------------------------------------------------------------------

KERNEL_SAYS = "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.info; }"
CHANGED = """() => [
  window.jupyterapp.shell.currentWidget.context.model.dirty, document.querySelector('.jp-mod-dirty') !== null,
]"""
CLOSE_TAB = "() => { window.jupyterapp.commands.execute('application:close'); }"
ASKED = "() => document.querySelector('.jp-Dialog')?.innerText ?? ''"


@pytest.mark.chromium
@pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("name", [FIRST, "04_gather.ipynb", "A1_asyncio_in_jupyter.ipynb", "index.ipynb"])
def test_a_notebook_that_is_opened_and_closed_is_not_changed(name, jupyterlab, chrome, tmp_path):
    """JupyterLab writes what the kernel says of its language into it: it finds just that there already."""
    (tmp_path / COURSE).mkdir()
    for file in {FIRST, name}:
        (tmp_path / COURSE / file).write_bytes((ROOT / COURSE / file).read_bytes())
    assert workbook.main([], tmp_path) == 0
    served = jupyterlab.serve(tmp_path / WORKBOOK)
    copy = jupyterlab.copy / name
    before = copy.read_bytes()
    page = chrome.context.new_page()
    try:
        lab_browser._open(page, served(name))
        page.evaluate(KERNEL_SAYS)
        page.wait_for_timeout(2000)
        assert page.evaluate(CHANGED) == [False, False]
        page.evaluate(CLOSE_TAB)
        page.wait_for_timeout(500)
        assert page.evaluate(ASKED) == ""
    finally:
        page.evaluate(lab_browser.CLOSE)
        page.close()
    assert copy.read_bytes() == before
