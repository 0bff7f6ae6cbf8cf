"""The cheat sheet as a page to print: notebooks/pictures/cheat_sheet.html, made of A3_cheat_sheet.ipynb.

`make catalogue` writes it. In the notebook, a pattern is a text cell and the code cell below it. The text has a heading
(`### Run a coroutine`) and one paragraph, in three parts with ` · ` between them: the Python that the pattern needs,
the commonest mistake, and the link to the lesson. On the page, the Python and the link stand beside the heading.
Printed on A4, it fills two pages; a test counts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import nbformat
from markupsafe import Markup

from helpers.markup import joined, tag, with_code
from helpers.source_html import CLASS, ON_PAPER, highlighted
from helpers.source_html import style as source_style
from tools import Problem, markdown

NOTEBOOK = "A3_cheat_sheet.ipynb"
FILE = PurePosixPath("pictures", "cheat_sheet.html")        # below notebooks/
MOST_LINES, MOST_COLUMNS = 8, 66                            # of a pattern; blank lines are not counted
NOTE = "<!-- Written by `make catalogue` from notebooks/A3_cheat_sheet.ipynb; do not edit. -->"

KEY = ("To the right of each question are the Python that the pattern needs and the lesson that explains it. "
       "The examples await at the top level, as in a notebook; in a script, such lines stand in an async def function. "
       "Put your own call where an example asks a shop. "
       "The shops, simulate, record and await_tree come from helpers, the course's own package.")

STYLE = Markup("""<style>
@page { size: A4 landscape; margin: 7mm; }
body { margin: 1rem; font: 15px/1.35 system-ui, sans-serif; color: #111; background: #fff; }
main { columns: 36rem; column-gap: 1.2rem; }
h1 { font-size: 1.5em; margin: 0 0 .4em; }
h2 { font-size: 1.05em; margin: .2em 0 .4em; padding: .1em .4em; background: #e4ebf2; break-after: avoid; }
section { break-inside: avoid; margin: 0 0 .7em; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 .6em; }
header span { margin-left: auto; }
h3 { font-size: 1em; margin: 0 0 .15em; }
.key { margin: 0 0 .6em; }
p { margin: .15em 0 0; }
pre { margin: 0; padding: .25em .4em; background: #f5f5f5; border-left: 2px solid #8aa4bf; overflow-x: auto; }
pre, code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em; }
a { color: #0b4f8a; }
@media print {
  body { margin: 0; font-size: 7pt; line-height: 1.2; }
  section { margin-bottom: .55em; }
  main { columns: 3; column-gap: 5mm; column-fill: auto; }
  pre { white-space: pre-wrap; overflow-x: visible; }
  a { color: inherit; }
}
</style>""")


@dataclass(frozen=True)
class Pattern:
    """One entry of the cheat sheet.

    group       the heading of the section in which it stands
    question    what the reader wants to do
    python      the Python that it needs
    mistake     the commonest one, and what follows from it
    lesson      the words of the link, and `file`, the notebook to which it leads
    source      the code, at most MOST_LINES lines of it
    """

    group: str
    question: str
    python: str
    mistake: str
    lesson: str
    file: str
    source: str


def patterns(notebook: nbformat.NotebookNode) -> Iterator[Pattern]:
    """The entries of the notebook, in its order. Raises Problem for one that is not as the page needs it."""
    group = ""
    for cell, below in zip(notebook.cells, [*notebook.cells[1:], None]):
        if cell.cell_type != "markdown":
            continue
        headings = markdown.headings(cell.source)
        if headings and headings[0].level == 2:
            group = headings[0].text
        if headings and headings[0].level == 3:
            yield _pattern(group, cell, below)


def _pattern(group: str, cell: nbformat.NotebookNode, below: nbformat.NotebookNode | None) -> Pattern:
    heading, *texts = markdown.blocks(cell.source)
    where = f"{NOTEBOOK}, the pattern {heading.text!r}"
    parts = texts[0].label.split(" · ") if len(texts) == 1 else []
    if len(parts) != 3 or not parts[0].startswith("Python ") or not parts[1].startswith("Mistake: "):
        raise Problem(f"{where}, needs one paragraph like: "
                      "Python 3.11 · Mistake: no `await`. · [lesson 01](01_coroutines.ipynb)")
    if len(texts[0].links) != 1:
        raise Problem(f"{where}, has {len(texts[0].links)} links; it needs one, to its lesson.")
    if below is None or below.cell_type != "code":
        raise Problem(f"{where}, has no code cell below it.")
    if (lines := sum(1 for line in below.source.splitlines() if line.strip())) > MOST_LINES:
        raise Problem(f"{where}, has {lines} lines of code; at most {MOST_LINES} have room.")
    if (columns := max(map(len, below.source.splitlines()))) > MOST_COLUMNS:
        raise Problem(f"{where}, has a line of {columns} columns; at most {MOST_COLUMNS} have room.")
    return Pattern(group, heading.text, parts[0].removeprefix("Python "), parts[1].removeprefix("Mistake: "), parts[2],
                   texts[0].links[0], below.source)


def page(notebook: nbformat.NotebookNode) -> str:
    """The whole HTML page. Raises Problem if a pattern is not as it needs it."""
    title = markdown.headings(notebook.cells[0].source)[0].text
    content: list[Markup] = []
    group = None
    for pattern in patterns(notebook):
        first = pattern.group != group
        group = pattern.group
        content.append(_section(pattern, tag("h2", group) if first else Markup()))
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">', NOTE,
        '<meta name="viewport" content="width=device-width">',
        str(tag("title", f"asyncio: {title.lower()}")), str(source_style()), str(STYLE), "</head>", "<body>",
        str(tag("h1", f"asyncio: {title.lower()}")), str(tag("p", KEY, class_="key")),
        str(tag("main", joined(content))), "</body>", "</html>", "",
    ])


def _section(pattern: Pattern, heading: Markup) -> Markup:
    link = tag("a", pattern.lesson, href=f"../{pattern.file}")
    about = [
        heading,
        tag("header", tag("h3", pattern.question), tag("span", with_code(pattern.python), " · ", link)),
        tag("pre", highlighted(_closer(pattern.source)), class_=f"{CLASS} {ON_PAPER}"),
        tag("p", "Mistake: ", with_code(pattern.mistake)),
    ]
    return tag("section", joined(about, "\n"))


def _closer(source: str) -> str:
    """A source in which one blank line stands for two."""
    return source.replace("\n\n\n", "\n\n")
