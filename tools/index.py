"""Makes notebooks/index.ipynb: what an error message means, and where a term is defined.

Part of `make catalogue`. The entries come from the lessons themselves:

* **Terms** are the words in bold. A lesson sets a term in bold where it defines it, once in the whole course, and
  nothing else but the fixed labels in `LABELS`. The index quotes the sentence.
* **Messages** are found in the stored outputs, and in the text where it quotes one as code. notebooks/messages.toml
  says in a sentence what each means; an entry that no lesson shows is an error, and so is an output that shows the
  message of an error without an entry.

Every entry links the cell, by its id, as JupyterLab understands it: `04_gather.ipynb#cell-id=star-forgotten`.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

FILE = "index.ipynb"
TITLE = "Look up a term or an error message"
MESSAGES = "messages.toml"
ANYTHING = "..."    # in the text of a message: what differs from case to case

LABELS = {"predict", "you will be able to", "the commonest mistake", "read on"}
HIDDEN = "\0"       # a star in inline code, which sets nothing in bold
BOLD = re.compile(r"\*\*(?!\s)([^*]+?)\*\*")
# An error as Python, or a cell that caught it, prints it: its type, a colon and words.
ERROR = re.compile(
    r"(?<![\w.'\"(])(?<!except )(?:[A-Z]\w*(?:Error|Warning|Exception|Interrupt|Empty|Full|ShutDown)|\w*ExceptionGroup): \S.*"
)

# Where a message is shown, the best place first.
ERROR_ITSELF, IN_A_LINE, QUOTED = range(3)


class Wrong(Exception):
    """The lessons and messages.toml do not agree; the text says what to change."""


@dataclass(frozen=True)
class Place:
    """A cell of a lesson."""

    file: str
    cell: str       # its id
    heading: str    # of the section that it stands in

    @property
    def link(self) -> str:
        number = self.file.partition("_")[0]
        return f"[{number}: {self.heading}]({self.file}#cell-id={self.cell})"


@dataclass(frozen=True)
class Message:
    """An error message, a warning or a line of a log, and what it means."""

    text: str       # "..." in it stands for anything
    means: str

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        return pattern_of(self.text)


def pattern_of(text: str) -> re.Pattern[str]:
    return re.compile(".*?".join(re.escape(part) for part in text.split(ANYTHING)))


# --- what is in the lessons ----------------------------------------------------------------------------------------


def lessons_in(folder: Path) -> list[Path]:
    """The notebooks in a folder, in the order of their names, but for the index, which has no code."""
    return [path for path in sorted(folder.glob("*.ipynb")) if path.name != FILE]


def cells_of(file: str, notebook: NotebookNode) -> Iterator[tuple[NotebookNode, Place]]:
    """Each cell with its place; the heading is the last one of the second or third level."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in prose(cell.source).splitlines():
                if found := re.match(r"##+ (.+)", line):
                    heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", found[1].replace("**", "")).replace(HIDDEN, "*")
        yield cell, Place(file, cell.id, heading or "the beginning")


def prose(source: str) -> str:
    """Markdown without fenced code and comments, and with `HIDDEN` for the stars in inline code."""
    source = re.sub(r"^[ ]*(```+|~~~+).*?^[ ]*\1\s*$", "", source, flags=re.MULTILINE | re.DOTALL)
    source = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
    return re.sub(r"(`+)[^`]+\1", lambda found: found[0].replace("*", HIDDEN), source)


def is_term(bold: str) -> bool:
    return bold.rstrip(":").lower() not in LABELS and not re.match(r"\d+ minutes", bold)


def sentence_with(term: str, source: str) -> str:
    """The sentence of `source` that has `term` in bold, on one line, without its bold marks."""
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:[-*] |\d+\. |\|))", prose(source))
    block = next(block for block in map(one_line, blocks) if f"**{term}**" in block)
    if block.startswith("|"):
        block = next(field.strip().replace("\\|", "|") for field in re.split(r"(?<!\\)\|", block) if f"**{term}**" in field)
    block = re.sub(r"^\s*(?:[-*] |\d+\. |#+ )", "", block)
    sentences = re.split(r"(?<=[.?])\s+(?=[*`\[\"(]*[A-Z`*\[])", block)
    sentence = next(sentence for sentence in sentences if f"**{term}**" in sentence)
    return sentence.replace("**", "").replace(HIDDEN, "*").rstrip(":").strip()


def one_line(text: str) -> str:
    return " ".join(text.split())


def terms_of(lessons: Iterable[tuple[str, NotebookNode]]) -> dict[str, tuple[str, Place]]:
    """Each term with the sentence that defines it and its place. Raises Wrong if one is defined twice."""
    terms: dict[str, tuple[str, Place]] = {}
    defined: dict[str, Place] = {}      # by the term in small letters
    problems = []
    for file, notebook in lessons:
        for cell, place in cells_of(file, notebook):
            if cell.cell_type != "markdown":
                continue
            for term in filter(is_term, map(one_line, BOLD.findall(prose(cell.source)))):
                if first := defined.get(term.lower()):
                    problems.append(
                        f"**{term}** is in bold in {first.file} ({first.cell}) and in {file} ({cell.id}). A term is "
                        "in bold where it is defined, once; write it plainly in one of the two, or *so* to stress it."
                    )
                else:
                    defined[term.lower()] = place
                    terms[term] = sentence_with(term, cell.source), place
    if problems:
        raise Wrong("\n".join(problems))
    return terms


def words_of(cell: NotebookNode) -> list[str]:
    """The texts that a code cell shows, but for exercises and questions, which may quote anything."""
    if re.search(r"^exercises\.", cell.source, re.MULTILINE):
        return []
    shown = []
    for output in cell.outputs:
        if output.output_type == "error":
            shown.append(f"{output.ename}: {output.evalue}")
        else:
            shown.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return shown


# --- messages.toml -------------------------------------------------------------------------------------------------


def load_messages(folder: Path) -> tuple[list[Message], list[re.Pattern[str]]]:
    """The messages, and the patterns of errors that need no entry. Raises Wrong."""
    try:
        table = tomllib.loads((folder / MESSAGES).read_text(encoding="utf-8"))
        unlisted, entries = table.pop("not_listed"), table.pop("message")
        messages = [Message(**entry) for entry in entries]
        if not isinstance(unlisted, list):
            raise TypeError("not_listed is no list")
        for text in [*unlisted, *(message.text for message in messages)]:
            if not isinstance(text, str) or not text.strip(" ."):
                raise TypeError(f"text = {text!r} says nothing")
        twice = [text for text, times in Counter(message.text for message in messages).items() if times > 1]
        if twice:
            raise TypeError(f"{twice[0]!r} has two entries")
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Wrong(
            f'{MESSAGES}: {type(error).__name__}: {error}. It holds not_listed = ["..."], and entries of the form '
            '[[message]] text = "ValueError: ...", means = "...".'
        ) from error
    if table:
        raise Wrong(f"{MESSAGES} does not know {', '.join(table)}; its keys are: message, not_listed.")
    return messages, [pattern_of(text) for text in unlisted]


def places_of(
    messages: list[Message], unlisted: list[re.Pattern[str]], lessons: Iterable[tuple[str, NotebookNode]]
) -> dict[Message, list[Place]]:
    """Where each message is shown, the best cell of each lesson. Raises Wrong: see the module."""
    shown: dict[Message, dict[str, dict[int, Place]]] = {message: {} for message in messages}
    known = [*unlisted, *(message.pattern for message in messages)]
    problems = []
    for file, notebook in lessons:
        for cell, place in cells_of(file, notebook):
            is_code = cell.cell_type == "code"
            for text in words_of(cell) if is_code else re.findall(r"`([^`\n]+)`", prose(cell.source)):
                for message in messages:
                    if found := message.pattern.search(text):
                        begins = found.start() == 0 or text[found.start() - 1] == "\n"
                        kind = QUOTED if not is_code else ERROR_ITSELF if begins else IN_A_LINE
                        shown[message].setdefault(file, {}).setdefault(kind, place)     # the first of each kind
                problems += [
                    f'{file} ({cell.id}) shows "{error[0]}". Give it an entry in {MESSAGES}, with what it means, '
                    "or name it in not_listed."
                    for error in ERROR.finditer(text)
                    if is_code and not any(pattern.search(error[0]) for pattern in known)
                ]
    places = {}
    for message, lessons_with_it in shown.items():
        found = list(lessons_with_it.values())
        made = [kinds for kinds in found if min(kinds) != QUOTED]
        places[message] = [kinds[min(kinds)] for kinds in made or found]        # a quotation only where nothing is made
    problems += [
        f'{MESSAGES}: no lesson shows "{message.text}". Mend the text, or drop the entry.'
        for message, found in places.items()
        if not found
    ]
    if problems:
        raise Wrong("\n".join(problems))
    return places


# --- the notebook --------------------------------------------------------------------------------------------------


def in_table(text: str) -> str:
    return text.replace("|", "\\|")


def code(text: str) -> str:
    """Inline code, also of a text with backticks."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def messages_table(places: dict[Message, list[Place]]) -> str:
    rows = ["| message | what it means | made and mended in |", "|---|---|---|"]
    for message, found in sorted(places.items(), key=lambda item: item[0].text.lower()):
        links = "<br>".join(place.link for place in found)
        rows.append(f"| {in_table(code(message.text))} | {in_table(message.means)} | {in_table(links)} |")
    return "\n".join(rows)


def terms_table(terms: dict[str, tuple[str, Place]]) -> str:
    rows = ["| term | the sentence that defines it | defined in |", "|---|---|---|"]
    for term, (sentence, place) in sorted(terms.items(), key=lambda item: item[0].lower()):
        rows.append(f"| {in_table(term.replace(HIDDEN, '*'))} | {in_table(sentence)} | {in_table(place.link)} |")
    return "\n".join(rows)


def make(folder: Path, files: Iterable[str], metadata: dict, note: str) -> NotebookNode:
    """The index of the lessons `files` in `folder`. Raises Wrong."""
    lessons = [(file, nbformat.read(folder / file, as_version=4)) for file in files]
    places = places_of(*load_messages(folder), lessons)
    terms = terms_of(lessons)
    texts = {
        "title": f"# {TITLE}\n\nEvery term and every error message of the course, each with a link to the cell that "
                 "explains it. Search with Ctrl+F (on a Mac, Cmd+F).",
        "navigation-top": f"[Start here](00_start_here.ipynb) · [All lessons](../README.md#lessons)\n\n{note}",
        "messages": "## What does this message mean?\n\nThree dots stand for what differs from program to program: a "
                    f"name, a number, an address.\n\n{messages_table(places)}",
        "terms": f"## What does this word mean?\n\n{terms_table(terms)}",
    }
    cells = [nbformat.v4.new_markdown_cell(text, id=cell) for cell, text in texts.items()]
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)
