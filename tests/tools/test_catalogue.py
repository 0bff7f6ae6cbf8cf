"""The catalogue and what is written from it, on small courses in temporary folders and on the course itself."""

import re
from pathlib import Path

import nbformat
import pytest

from tools import catalogue, index, workbook

ADDRESS = "https://github.com/somebody/some-course"


def write_notebook(path: Path, *sources: str) -> None:
    cells = [nbformat.v4.new_markdown_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    code = nbformat.v4.new_code_cell("print('ä')", id="code", execution_count=1)
    code.outputs = [nbformat.v4.new_output("stream", name="stdout", text="ä\n")]
    notebook = nbformat.v4.new_notebook(cells=[*cells, code], nbformat_minor=5, metadata={"b": 1, "a": {}})
    path.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8", newline="\n")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with two lessons, the second of which builds on the first; nothing has been generated yet."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "helpers/notebook").mkdir(parents=True)
    (tmp_path / "tools").mkdir()
    (tmp_path / "README.md").write_text(
        "# A course\n<!-- lessons: begin -->\nold\n<!-- lessons: end -->\nkept\n"
        "<!-- launch: begin --><!-- launch: end -->\nthe end\n"
    )
    write_notebook(tmp_path / "notebooks/00_first.ipynb", "# Begin here\n\nA promise.", "Text.")
    exercise = "What?\n\n### Exercise: x (5 minutes)"
    write_notebook(tmp_path / "notebooks/01_second.ipynb", "# Go on", exercise)
    (tmp_path / "tools/messages.toml").write_text("not_listed = []\nmessage = []\n")
    (tmp_path / "tools/catalogue.toml").write_text(
        """
repository = ""
ref = "v1"
hub = ""
[[notebook]]
file = "00_first.ipynb"
title = "Begin here"
minutes = 10
builds_on = []
promise = "See it."
[[notebook]]
file = "01_second.ipynb"
title = "Go on"
minutes = 40
builds_on = ["00_first.ipynb"]
promise = "Do it."
"""
    )
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def set_address(course: Path, hub: str = "") -> None:
    edit(course / "tools/catalogue.toml", 'repository = ""', f'repository = "{ADDRESS}"')
    edit(course / "tools/catalogue.toml", 'hub = ""', f'hub = "{hub}"')


def written(course: Path) -> dict[str, str]:
    """The texts of all files that the tool writes."""
    paths = [course / "README.md", *course.glob("notebooks/*.ipynb")]
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def cells(course: Path, file: str) -> list:
    return nbformat.read(course / "notebooks" / file, as_version=4).cells


def links(markdown: str) -> list[str]:
    """The targets of the links in a text, also of those around a badge."""
    return re.findall(r"\]\(([^)]+)\)", markdown)


# --- the course itself ---


def test_the_course_is_up_to_date(capsys):
    assert catalogue.main(["--check"]) == 0, capsys.readouterr().err


# --- the address is not known ---


def test_the_places_to_stop_in_the_readme_are_sections_of_the_lessons():
    readme = (catalogue.ROOT / "README.md").read_text(encoding="utf-8")
    places = " ".join(readme.partition("Where to stop")[2].partition("\n### ")[0].split())
    stops = re.findall(r'"([^"]+)" in (\w\w)[;.]', places)
    assert len(stops) > 5
    for heading, number in stops:
        file = next((catalogue.ROOT / "notebooks").glob(f"{number}_*.ipynb"))
        assert f"## {heading}" in [
            line for cell in nbformat.read(file, as_version=4).cells for line in cell.source.splitlines()
        ], f"{file.name} has no section {heading!r}"


def test_without_an_address_every_link_is_relative_and_leads_to_a_file(course):
    assert catalogue.main([], course) == 0
    assert "mybinder.org/badge" not in "".join(written(course).values())
    targets = [(course, target) for target in links((course / "README.md").read_text())]
    for file in ("00_first.ipynb", "01_second.ipynb"):
        targets += [(course / "notebooks", target) for cell in cells(course, file) for target in links(cell.source)]
    assert len(targets) >= 8
    for folder, target in targets:
        assert (folder / target.partition("#")[0]).is_file(), target


def test_the_readme_has_a_row_for_every_lesson_and_the_form_of_the_links(course):
    catalogue.main([], course)
    readme = (course / "README.md").read_text()
    assert "| [Begin here](notebooks/00_first.ipynb) | 1 |  | See it. |" in readme
    assert "| [Go on](notebooks/01_second.ipynb) | 6 | [Begin here](notebooks/00_first.ipynb) | Do it. |" in readme
    assert "https://mybinder.org/v2/gh/OWNER/NAME/v1?urlpath=lab/tree/workbook/00_first.ipynb" in readme
    assert "`repository` in `tools/catalogue.toml`" in readme
    assert "old" not in readme and "\nkept\n" in readme and readme.endswith("\nthe end\n")


def test_the_navigation_stands_after_the_title_and_at_the_end(course):
    catalogue.main([], course)
    first, second = cells(course, "00_first.ipynb"), cells(course, "01_second.ipynb")
    assert [cell.id for cell in first] == ["cell-0", "navigation-top", "cell-1", "code", "navigation-bottom"]
    assert [cell.id for cell in second] == ["cell-0", "navigation-top", "cell-1", "code", "navigation-bottom"]
    for cell in (first[1], first[-1]):
        assert "Next: [Go on](01_second.ipynb)" in cell.source and "Previous" not in cell.source
    for cell in (second[1], second[-1]):
        assert "Previous: [Begin here](00_first.ipynb)" in cell.source and "Next" not in cell.source
    assert "**1 minute**" in first[1].source and "builds on: nothing" in first[1].source
    assert "**6 minutes**" in second[1].source and "builds on: [Begin here](00_first.ipynb)" in second[1].source


# --- the address is known ---


def test_with_an_address_every_notebook_has_a_badge_that_opens_it(course):
    set_address(course)
    assert catalogue.main([], course) == 0
    readme = (course / "README.md").read_text()
    for file in ("00_first.ipynb", "01_second.ipynb"):
        link = f"https://mybinder.org/v2/gh/somebody/some-course/v1?urlpath=lab/tree/workbook/{file}"
        badge = f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({link})"
        assert badge in cells(course, file)[1].source
        assert badge in readme
    assert "OWNER" not in readme and "git-pull" not in cells(course, "00_first.ipynb")[1].source


def test_with_a_hub_every_notebook_has_a_link_that_pulls_and_opens_it(course):
    set_address(course, hub="https://hub.example.org")
    assert catalogue.main([], course) == 0
    link = (
        "https://hub.example.org/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fsomebody%2Fsome-course"
        "&branch=v1&urlpath=lab%2Ftree%2Fsome-course%2Fnotebooks%2F01_second.ipynb%3Fautodecode&depth=1"
    )
    assert link in cells(course, "01_second.ipynb")[1].source
    assert link in (course / "README.md").read_text()


def test_binder_opens_repositories_on_other_hosts_too():
    link = catalogue.binder_link("https://codeberg.org/somebody/some-course", "main", "00.ipynb")
    assert link == (
        "https://mybinder.org/v2/git/https%3A%2F%2Fcodeberg.org%2Fsomebody%2Fsome-course/main"
        "?urlpath=lab/tree/workbook/00.ipynb"
    )


def test_a_branch_with_a_slash_is_quoted():
    assert "/gh/a/b/release%2F1?" in catalogue.binder_link("https://github.com/a/b", "release/1", "00.ipynb")


def test_taking_the_address_out_again_leaves_no_trace(course):
    catalogue.main([], course)
    before = written(course)
    text = (course / "tools/catalogue.toml").read_text()
    set_address(course, hub="https://hub.example.org")
    catalogue.main([], course)
    assert all(written(course)[name] != before[name] for name in before if name != index.FILE)
    (course / "tools/catalogue.toml").write_text(text)
    catalogue.main([], course)
    assert written(course) == before


# --- writing and checking ---


def test_writing_twice_changes_nothing(course):
    catalogue.main([], course)
    once = written(course)
    catalogue.main([], course)
    assert written(course) == once


def test_who_can_do_the_challenges_may_skip_the_lesson(course):
    def top() -> str:
        assert catalogue.main([], course) == 0
        return cells(course, "01_second.ipynb")[1].source

    assert "skip" not in top()
    path, exercise = course / "notebooks/01_second.ipynb", "### Exercise: x"
    edit(path, exercise, rf"### Challenge: build `it` (9 minutes more)\n{exercise}")
    assert ("Run the first code cell, and try the challenge: [build it](#cell-id=cell-1). If you can do it, you may "
            "skip the lesson.") in top()
    edit(path, exercise, rf"### Challenge: y (9 minutes more)\n{exercise}")
    assert "the challenges: [build it](#cell-id=cell-1) and [y](#cell-id=cell-1). If you can do them, you may" in top()


def test_only_the_navigation_cells_of_a_notebook_change(course):
    path = course / "notebooks/00_first.ipynb"
    before = path.read_text(encoding="utf-8")
    catalogue.main([], course)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith("navigation-")]
    assert nbformat.writes(notebook, version=4) + "\n" == before


def test_a_notebook_that_is_right_is_not_rewritten_even_if_its_bytes_are_unusual(course):
    catalogue.main([], course)
    path = course / "notebooks/00_first.ipynb"
    unusual = path.read_text(encoding="utf-8").replace("\n", "\n ") + "\n\n"
    path.write_text(unusual, encoding="utf-8")
    catalogue.main([], course)
    assert path.read_text(encoding="utf-8") == unusual


def test_check_names_what_is_out_of_date_and_writes_nothing(course, capsys):
    catalogue.main([], course)
    assert catalogue.main(["--check"], course) == 0
    edit(course / "tools/catalogue.toml", 'builds_on = ["00_first.ipynb"]', "builds_on = []")
    before = written(course)
    capsys.readouterr()
    assert catalogue.main(["--check"], course) == 1
    complaint = capsys.readouterr().err
    assert "README.md is out of date" in complaint and "01_second.ipynb is out of date" in complaint
    assert "00_first.ipynb" not in complaint
    assert "make catalogue" in complaint
    assert written(course) == before


def test_check_sees_navigation_that_was_edited_moved_or_removed(course):
    path = course / "notebooks/00_first.ipynb"
    for damage in (
        lambda found: found[1].update(source=found[1].source + " edited"),
        lambda found: found.append(found.pop(1)),
        lambda found: found.pop(),
    ):
        catalogue.main([], course)
        notebook = nbformat.read(path, as_version=4)
        damage(notebook.cells)
        nbformat.write(notebook, path)
        assert catalogue.main(["--check"], course) == 1


def test_the_index_follows_the_lessons(course):
    catalogue.main([], course)
    edit(course / "notebooks/00_first.ipynb", "Text.", "A **task** runs.")
    assert catalogue.main(["--check"], course) == 1
    catalogue.main([], course)
    assert "A task runs." in written(course)["index.ipynb"]
    assert catalogue.main(["--check"], course) == 0


def test_the_list_of_lessons_in_the_index_stays_among_the_notebooks(course):
    catalogue.main([], course)
    listed = next(cell.source for cell in cells(course, index.FILE) if cell.id == index.LESSONS)
    assert links(listed) == ["00_first.ipynb", "01_second.ipynb", "00_first.ipynb"]
    for file in ("00_first.ipynb", "01_second.ipynb"):
        assert f"[All lessons]({index.FILE}#cell-id={index.LESSONS})" in cells(course, file)[1].source


def test_every_notebook_says_how_to_clear_its_outputs_and_its_copy_does_not(course):
    catalogue.main([], course)
    content = (course / "notebooks/00_first.ipynb").read_bytes()
    assert "Clear Outputs of All Cells" in content.decode()
    assert "Clear Outputs of All Cells" not in workbook.without_outputs(content).decode()


# --- minutes ---


@pytest.mark.parametrize("line", ["minutes = 10\n", "minutes=1 # guessed\n", 'minutes = "many"\n', ""])
def test_the_minutes_are_counted_and_written_whatever_stood_there(course, line):
    path = course / "tools/catalogue.toml"
    before = path.read_text()
    edit(path, "minutes = 10\n", line)
    assert catalogue.main([], course) == 0
    assert path.read_text() == before.replace("minutes = 10", "minutes = 1").replace("minutes = 40", "minutes = 6")
    assert catalogue.main(["--check"], course) == 0


def test_a_lesson_that_grows_takes_longer(course):
    catalogue.main([], course)
    edit(course / "notebooks/00_first.ipynb", "Text.", "word " * 1000)
    assert catalogue.main(["--check"], course) == 1
    catalogue.main([], course)
    assert "**6 minutes**" in cells(course, "00_first.ipynb")[1].source


def test_an_exercise_without_minutes(course, capsys):
    edit(course / "notebooks/01_second.ipynb", " (5 minutes)", "")
    assert 'write, say, "Exercise: x (5 minutes)"' in complaint(course, capsys).replace("Write", "write")


# --- errors ---


def complaint(course: Path, capsys) -> str:
    before = written(course)
    assert catalogue.main([], course) == 1
    assert written(course) == before, "nothing is written while something is wrong"
    return capsys.readouterr().err


def test_a_notebook_that_is_missing(course, capsys):
    (course / "notebooks/01_second.ipynb").unlink()
    assert "notebooks/01_second.ipynb is in catalogue.toml, but there is no such file" in complaint(course, capsys)


def test_a_notebook_that_is_not_listed(course, capsys):
    write_notebook(course / "notebooks/02_third.ipynb", "# Third")
    assert "notebooks/02_third.ipynb is not in catalogue.toml" in complaint(course, capsys)


def test_a_title_that_is_not_the_heading(course, capsys):
    edit(course / "tools/catalogue.toml", 'title = "Go on"', 'title = "Go on now"')
    text = complaint(course, capsys)
    assert '"# Go on now"' in text and '"# Go on"' in text and "01_second.ipynb" in text


def test_every_problem_is_told_at_once(course, capsys):
    (course / "notebooks/01_second.ipynb").unlink()
    edit(course / "README.md", "<!-- launch: end -->", "")
    text = complaint(course, capsys)
    assert "01_second.ipynb" in text and "<!-- launch: end -->" in text


def test_a_file_that_is_no_notebook(course, capsys):
    (course / "notebooks/01_second.ipynb").write_text("{")
    assert "01_second.ipynb is not a readable notebook" in complaint(course, capsys)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('title = "Go on"\n', "", "lacks title"),
        ("minutes = 10", "minutes = 10\nlevel = 1", "does not know level"),
        ('title = "Go on"\nminutes = 40\n', '"title" = "Go on"\n', "each with its keys on lines of their own"),
        ('builds_on = ["00_first.ipynb"]', 'builds_on = ["01_second.ipynb"]', "not a notebook before it"),
        ('file = "01_second.ipynb"', 'file = "00_first.ipynb"', "stands there twice"),
        ('repository = ""', 'repository = "github.com/a/b"', "https://github.com/OWNER/NAME"),
        ('repository = ""', 'repository = "https://github.com/a/b.git"', "https://github.com/OWNER/NAME"),
        ('ref = "v1"', "ref = v1", "not valid TOML"),
    ],
)
def test_a_catalogue_that_is_wrong(course, capsys, old, new, expected):
    edit(course / "tools/catalogue.toml", old, new)
    assert expected in complaint(course, capsys)
