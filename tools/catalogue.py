"""Write what tools/catalogue.toml says into the README and the notebooks, and the index: `make catalogue`.

    python -m tools.catalogue            write what is out of date
    python -m tools.catalogue --check    write nothing; exit with 1, and say what is out of date, if something is

In README.md, what stands between the markers `<!-- lessons: begin -->` and `<!-- lessons: end -->` is replaced, and
likewise `launch`. In every notebook two cells are replaced or added: `navigation-top`, right after the title, and
`navigation-bottom`, the last one. In catalogue.toml itself the minutes of every lesson are written, which are counted
(tools/minutes.py). All else stays as it is, byte for byte. notebooks/index.ipynb, and the data of its search, are made
anew from the lessons and tools/messages.toml (tools/index.py), and the page of the cheat sheet from its notebook
(tools/cheat_sheet.py).
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

import nbformat

from helpers.words import count
from tools import NAVIGATION_BOTTOM, NAVIGATION_TOP, ROOT, Problem, cheat_sheet, index, markdown, minutes, refresh
from tools.regions import replace_region
from tools.workbook import CLEAR_OUTPUTS, WORKBOOK

CATALOGUE = "tools/catalogue.toml"
NOTE = "<!-- Written by `make catalogue`; do not edit. -->"


# --- the catalogue -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lesson:
    """One notebook, as the catalogue describes it."""

    file: str  # its name in notebooks/
    title: str  # the same as its heading
    minutes: int  # of its core; counted, so 0 until `make catalogue` has written it
    promise: str  # one line
    builds_on: tuple[str, ...]  # the files of lessons before it


@dataclass(frozen=True)
class Catalogue:
    """The lessons in the order of teaching, and the addresses that links to them need (empty: not known)."""

    lessons: tuple[Lesson, ...] = field(metadata={"key": "notebook"})
    repository: str
    ref: str
    hub: str

    def lesson(self, file: str) -> Lesson:
        return next(lesson for lesson in self.lessons if lesson.file == file)


def keys_of(table: dict, cls: type, where: str) -> dict:
    """`table` if its keys are those of the dataclass `cls`, else Problem."""
    expected = {f.metadata.get("key", f.name) for f in fields(cls)}
    for problem, keys in {"lacks": expected - set(table), "does not know": set(table) - expected}.items():
        if keys:
            raise Problem(f"{where} {problem} {', '.join(sorted(keys))}. Its keys are: {', '.join(sorted(expected))}.")
    return table


def load(root: Path = ROOT) -> Catalogue:
    """Read and check `root`/tools/catalogue.toml. Raises Problem."""
    text = (root / CATALOGUE).read_text(encoding="utf-8")
    try:
        table = keys_of(tomllib.loads(text), Catalogue, "catalogue.toml")
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"catalogue.toml is not valid TOML: {error}") from error
    lessons: list[Lesson] = []
    for number, entry in enumerate(table["notebook"], start=1):
        where = f"catalogue.toml: notebook {number} ({entry.get('file', 'no file')})"
        keys_of({"minutes": 0} | entry, Lesson, where)
        lesson = Lesson(**{"minutes": 0} | entry | {"builds_on": tuple(entry["builds_on"])})
        earlier = [other.file for other in lessons]
        if lesson.file in earlier:
            raise Problem(f"{where} stands there twice.")
        for file in lesson.builds_on:
            if file not in earlier:
                raise Problem(f"{where} builds on {file}, which is not a notebook before it.")
        lessons.append(lesson)
    for key in ("repository", "hub"):
        if table[key] and not (table[key].startswith("https://") and not table[key].endswith(("/", ".git"))):
            form = '"https://github.com/OWNER/NAME", or ""'
            raise Problem(f'catalogue.toml: {key} = "{table[key]}"; write it as {form}.')
    return Catalogue(tuple(lessons), table["repository"], table["ref"], table["hub"])


# --- links ---------------------------------------------------------------------------------------------------------


def binder_link(repository: str, ref: str, file: str) -> str:
    """The address that opens the learner's copy of a notebook on mybinder.org, wherever the repository is hosted.

    Its forms: https://docs.mybinder.org and https://binderhub.readthedocs.io/en/latest/reference/repoproviders.html
    """
    host, _, path = repository.removeprefix("https://").partition("/")
    where = f"gh/{path}" if host == "github.com" else f"git/{quote(repository, safe='')}"
    return f"https://mybinder.org/v2/{where}/{quote(ref, safe='')}?urlpath=lab/tree/{WORKBOOK}/{file}"


def hub_link(hub: str, repository: str, ref: str, file: str) -> str:
    """The address that fetches the repository with nbgitpuller, and opens a notebook in JupyterLab, on a JupyterHub.

    It opens the notebook that it fetches: there is no workbook before somebody has made one.
    Its form: https://nbgitpuller.readthedocs.io/en/latest/link.html
    """
    folder = repository.rsplit("/", 1)[-1]  # nbgitpuller clones into a folder of this name
    urlpath = quote(f"lab/tree/{folder}/notebooks/{file}?autodecode", safe="")
    query = f"repo={quote(repository, safe='')}&branch={quote(ref, safe='')}&urlpath={urlpath}&depth=1"
    return f"{hub}/hub/user-redirect/git-pull?{query}"


def launch_links(catalogue: Catalogue, file: str) -> list[str]:
    """Markdown for every way to open a notebook that the catalogue has the addresses for."""
    links = []
    if catalogue.repository:
        link = binder_link(catalogue.repository, catalogue.ref, file)
        links.append(f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({link})")
        if catalogue.hub:
            link = hub_link(catalogue.hub, catalogue.repository, catalogue.ref, file)
            links.append(f"[Open on the JupyterHub]({link})")
    return links


# --- what is written -----------------------------------------------------------------------------------------------


def link_to(lesson: Lesson, folder: str = "") -> str:
    return f"[{lesson.title}]({folder}{lesson.file})"


def neighbours(catalogue: Catalogue, lesson: Lesson) -> str:
    """Links to the lessons before and after this one, and to the list of all."""
    place = catalogue.lessons.index(lesson)
    parts = []
    if place > 0:
        parts.append(f"Previous: {link_to(catalogue.lessons[place - 1])}")
    if place + 1 < len(catalogue.lessons):
        parts.append(f"Next: {link_to(catalogue.lessons[place + 1])}")
    return " · ".join([*parts, f"[All lessons]({index.FILE}#cell-id={index.LESSONS})", f"[Index]({index.FILE})"])


def top_cell(catalogue: Catalogue, lesson: Lesson, cells: list[nbformat.NotebookNode]) -> str:
    needs = ", ".join(link_to(catalogue.lesson(file)) for file in lesson.builds_on) or "nothing"
    facts = f"**{count(lesson.minutes, 'minute')}** · builds on: {needs}"
    launch = " ".join(launch_links(catalogue, lesson.file))
    parts = [facts, skip(cells), neighbours(catalogue, lesson), launch, CLEAR_OUTPUTS, NOTE]
    return "\n\n".join(part for part in parts if part)


def skip(cells: list[nbformat.NotebookNode]) -> str:
    """Who may skip a lesson: a sentence with links to its challenges, "" if there are none."""
    links = [
        f"[{heading.text.removeprefix('Challenge: ').partition(' (')[0]}](#cell-id={cell.id})"
        for cell in cells if cell.cell_type == "markdown"
        for heading in markdown.headings(cell.source) if heading.text.startswith("Challenge: ")
    ]
    if not links:
        return ""
    which, them = ("challenge", "it") if len(links) == 1 else ("challenges", "them")
    return (f"Do you know this already? Run the first code cell, and try the {which}: {' and '.join(links)}. If you "
            f"can do {them}, you may skip the lesson.")


def bottom_cell(catalogue: Catalogue, lesson: Lesson) -> str:
    return "\n\n".join(["---", neighbours(catalogue, lesson), NOTE])


def lessons_table(catalogue: Catalogue, folder: str = "", launch: bool = False) -> str:
    """The lessons, with links to them in `folder`, and with `launch` a column of links that open them elsewhere."""
    rows = [["lesson", "minutes", "builds on", "what you do"], ["---", "---:", "---", "---"]]
    for lesson in catalogue.lessons:
        needs = "<br>".join(link_to(catalogue.lesson(file), folder) for file in lesson.builds_on)
        rows.append([link_to(lesson, folder), str(lesson.minutes), needs, lesson.promise])
    if launch:
        rows[0].append("open")
        rows[1].append("---")
        for row, lesson in zip(rows[2:], catalogue.lessons):
            row.append("<br>".join(launch_links(catalogue, lesson.file)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def launch_region(catalogue: Catalogue) -> str:
    """The README's links for Binder and JupyterHub, or their form while the address is not known."""
    repository, hub = catalogue.repository or "https://github.com/OWNER/NAME", catalogue.hub or "https://HUB"
    file = catalogue.lessons[0].file
    binder, puller = binder_link(repository, catalogue.ref, file), hub_link(hub, repository, catalogue.ref, file)
    text = []
    if catalogue.repository:
        text.append("\n".join(launch_links(catalogue, file)))
    else:
        text.append(
            "The course has no public address yet, so there are no Binder badges. Whoever publishes it turns them\n"
            "on with one setting, `repository` in `tools/catalogue.toml`, and then `make catalogue`."
        )
    text.append(f"A link that opens a notebook on Binder has this form:\n\n    {binder}")
    text.append(f"A link that opens it on a JupyterHub with nbgitpuller has this form:\n\n    {puller}")
    text.append(
        "On Binder it is the copy without outputs in `workbook/`, which `postBuild` makes. nbgitpuller fetches what\n"
        "is in the repository, and `workbook/` is not: there it is the notebook with its outputs, and a line below\n"
        "its title says how to clear them. In a terminal there, `python -m tools.workbook` makes `workbook/`."
    )
    return "\n\n".join(text)


# --- write, or check -----------------------------------------------------------------------------------------------


def new_readme(catalogue: Catalogue, text: str) -> str:
    lessons = lessons_table(catalogue, "notebooks/", launch=bool(catalogue.repository))
    text = replace_region(text, "lessons", lessons)
    return replace_region(text, "launch", launch_region(catalogue))


def new_catalogue(catalogue: Catalogue, text: str) -> str:
    """The text of catalogue.toml with the minutes of `catalogue`. Raises Problem where there is no place for them."""
    head, *entries = re.split(r"(?=^\[\[notebook]])", text, flags=re.MULTILINE)
    for number, (lesson, entry) in enumerate(zip(catalogue.lessons, entries)):
        line = f"minutes = {lesson.minutes}"
        entry, found = re.subn(r"^minutes\s*=.*$", line, entry, flags=re.MULTILINE)
        if not found:
            entry = re.sub(r"^(title\s*=.*)$", rf"\1\n{line}", entry, flags=re.MULTILINE)
        entries[number] = entry
    renewed = "".join([head, *entries])
    if [entry.get("minutes") for entry in tomllib.loads(renewed)["notebook"]] != [x.minutes for x in catalogue.lessons]:
        raise Problem("catalogue.toml: write its entries as [[notebook]], each with its keys on lines of their own.")
    return renewed


def navigation_cell(cell_id: str, source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source, id=cell_id)


def with_minutes(catalogue: Catalogue, folder: Path, problems: list[str]) -> Catalogue:
    """The catalogue with the minutes that the notebooks take; what is wrong with them is added to `problems`."""
    lessons = []
    for lesson in catalogue.lessons:
        path = folder / lesson.file
        if path.exists():
            try:
                core = minutes.core_of(lesson.file, refresh.read(path))
                lesson = replace(lesson, minutes=core.minutes)
            except Problem as problem:
                problems.append(str(problem))
        lessons.append(lesson)
    return replace(catalogue, lessons=tuple(lessons))


def new_notebook(catalogue: Catalogue, lesson: Lesson, text: str) -> str:
    """The text of a notebook with its two navigation cells; the same if they are there already. Raises Problem."""
    notebook = refresh.parsed(lesson.file, text)
    cells = [cell for cell in notebook.cells if cell.id not in (NAVIGATION_TOP, NAVIGATION_BOTTOM)]
    heading = cells[0].source.partition("\n")[0] if cells and cells[0].cell_type == "markdown" else ""
    if heading != f"# {lesson.title}":
        raise Problem(
            f'{lesson.file} must begin with a markdown cell whose first line is "# {lesson.title}", the title in\n'
            f'catalogue.toml; its first line is "{heading}". Make the two equal.'
        )
    top, bottom = top_cell(catalogue, lesson, cells), bottom_cell(catalogue, lesson)
    wanted = [cells[0], navigation_cell(NAVIGATION_TOP, top), *cells[1:], navigation_cell(NAVIGATION_BOTTOM, bottom)]
    if wanted == notebook.cells:
        return text
    notebook.cells = wanted
    return refresh.written(notebook)


def new_index(catalogue: Catalogue, contents: index.Contents) -> str:
    """The text of the index."""
    return refresh.written(index.make(contents, refresh.NOTEBOOK_METADATA, NOTE, lessons_table(catalogue)))


def stale(root: Path = ROOT) -> dict[Path, str]:
    """The files that are not what the catalogue asks for, each with the text that it should have. Raises Problem."""
    catalogue = load(root)
    folder = root / "notebooks"
    listed = [lesson.file for lesson in catalogue.lessons]
    present = [path.name for path in index.lessons_in(folder)]
    missing = [file for file in listed if file not in present]
    unlisted = [file for file in present if file not in listed]
    problems = [f"notebooks/{file} is in catalogue.toml, but there is no such file." for file in missing]
    problems += [f"notebooks/{file} is not in catalogue.toml: add it there." for file in unlisted]
    new_texts: dict[Path, str] = {}

    def consider(path: Path, renew: Callable[[str], str]) -> None:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        try:
            renewed = renew(text)
        except Problem as problem:
            problems.append(str(problem))
        else:
            if renewed != text:
                new_texts[path] = renewed

    catalogue = with_minutes(catalogue, folder, problems)
    consider(root / "README.md", partial(new_readme, catalogue))
    for lesson in catalogue.lessons:
        if lesson.file in present:
            consider(folder / lesson.file, partial(new_notebook, catalogue, lesson))
    if not problems:
        consider(root / CATALOGUE, partial(new_catalogue, catalogue))
        try:
            contents = index.read(folder, listed)
        except Problem as problem:
            problems.append(str(problem))
        else:
            consider(folder / index.FILE, lambda _: new_index(catalogue, contents))
            consider(root / index.DATA, lambda _: contents.data())
        if cheat_sheet.NOTEBOOK in listed:
            page_of = refresh.read(folder / cheat_sheet.NOTEBOOK)
            consider(folder / cheat_sheet.FILE, lambda _: cheat_sheet.page(page_of))
    if problems:
        raise Problem("\n".join(dict.fromkeys(problems)))
    return new_texts


def main(arguments: list[str], root: Path = ROOT) -> int:
    if arguments not in ([], ["--check"]):
        print("Write: python -m tools.catalogue [--check]", file=sys.stderr)
        return 2
    try:
        new_texts = stale(root)
    except Problem as wrong:
        print(wrong, file=sys.stderr)
        return 1
    for path, text in new_texts.items():
        if arguments:
            print(f"{path.relative_to(root)} is out of date: run `make catalogue`.", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(root)} written.")
    return 1 if arguments and new_texts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
