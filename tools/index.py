"""Makes notebooks/index.ipynb: the lessons, what an error message means, and where a term is defined.

Part of `make catalogue`. The lessons are listed here, as well as in the README, so that a link to the list stays among
the notebooks: the README's own leads to those with outputs. The entries come from the lessons themselves:

* **Terms** are the words in bold. A lesson sets a term in bold where it defines it, once in the whole course, and
  nothing else but the fixed labels in `LABELS`. The index quotes the sentence.
* **Messages** are found in the stored outputs, and in the text where it quotes one as code. tools/messages.toml
  says in a sentence what each means; an entry that no lesson shows is an error, and so is an output that shows the
  message of an error without an entry. Messages that no lesson can show, since they belong to the course or to Jupyter
  itself, stand there as [[unshown]], with a link to where they are treated, if they are.

The tables are cut into small cells: JupyterLab's own search, Ctrl+F, shows a cell in which it finds something as it is
written. What helpers.search finds is the same, as data.

Every entry links the cell, by its id, as JupyterLab understands it: `04_gather.ipynb#cell-id=star-forgotten`.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import nbformat
from nbformat import NotebookNode

from tools import NAVIGATION_TOP, Problem, markdown
from tools.markdown import Block, blocks, headings

FILE = "index.ipynb"
TITLE = "Look up a lesson, a term or an error message"
LESSONS = "lessons"     # the id of the cell that lists them, which all lessons link
DATA = "helpers/notebook/index.json"    # what helpers.search searches
ROWS = 5        # of a table in one cell
SEARCH = "from helpers import search\n\nsearch()"
MESSAGES = "tools/messages.toml"
ANYTHING = "..."    # in the text of a message: what differs from case to case

Entry = TypeVar("Entry")

LABELS = {"predict", "you will be able to", "the commonest mistake", "the commonest mistakes", "read on"}
SENTENCE = re.compile(r"[*`\[\"(]*[A-Z`*\[]")       # how one begins, if not with words in bold
# An error as Python, or a cell that caught it, prints it: its type, a colon and words.
ERROR = re.compile(
    r"(?<![\w.'\"(])(?<!except )"
    r"(?:[A-Z]\w*(?:Error|Warning|Exception|Interrupt|Empty|Full|ShutDown)|\w*ExceptionGroup): \S.*"
)

# Where a message is shown, the best place first: in a section whose heading quotes it, ...
NAMED, ERROR_ITSELF, IN_A_LINE, QUOTED = range(4)


@dataclass(frozen=True)
class Place:
    """A cell of a lesson."""

    file: str
    cell: str       # its id
    heading: str    # of the section that it stands in

    @property
    def label(self) -> str:
        return f"{self.file.partition('_')[0]}: {self.heading}"

    @property
    def target(self) -> str:
        return f"{self.file}#cell-id={self.cell}"

    @property
    def link(self) -> str:
        return f"[{self.label}]({self.target})"

    def is_about(self, message: Message) -> bool:
        """Whether the heading quotes words of the message; a single one may be the name of anything."""
        return any(" " in code and code in message.text for code in quoted_in(self.heading))


@dataclass(frozen=True)
class Message:
    """An error message, a warning or a line of a log, and what it means."""

    text: str       # "..." in it stands for anything
    means: str
    see: str | None = None      # of one that no lesson shows: the cell that treats it, "" if none does

    @property
    def first_letter(self) -> str:
        """That of its words, after the type of the error."""
        return first_letter(re.sub(r"^[\w.]+: (?=\S)", "", self.text))

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        return pattern_of(self.text)


def first_letter(words: str) -> str:
    letter = re.search(r"[A-Za-z]", words)
    return letter[0].upper() if letter else "Other"


def pattern_of(text: str) -> re.Pattern[str]:
    return re.compile(".*?".join(re.escape(part) for part in text.split(ANYTHING)))


# --- what is in the lessons ----------------------------------------------------------------------------------------


def lessons_in(folder: Path) -> list[Path]:
    """The notebooks in a folder, in the order of their names, but for the index, which is made of them."""
    return [path for path in sorted(folder.glob("*.ipynb")) if path.name != FILE]


def cells_of(file: str, notebook: NotebookNode) -> Iterator[tuple[NotebookNode, Place]]:
    """Each cell with its place; the heading is the last one of the second or third level."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = next((block.label for block in reversed(headings(cell.source)) if block.level > 1), heading)
        yield cell, Place(file, cell.id, heading or "the beginning")


def is_term(bold: str) -> bool:
    return bold.rstrip(":").lower() not in LABELS and not re.match(r"\d+ minutes?\b", bold)


def sentence_around(block: Block, begin: int, end: int) -> str:
    """The sentence of a block in which the bold words between `begin` and `end` stand."""
    breaks = [
        gap.end()
        for gap in re.finditer(r"(?<=[.?])\s+", block.markdown)
        if SENTENCE.match(block.markdown, gap.end()) or any(first == gap.end() for first, _ in block.bold)
    ]
    start = max((at for at in breaks if at <= begin), default=0)
    stop = min((at for at in breaks if at >= end), default=len(block.markdown))
    return one_line(block.markdown[start:stop]).rstrip(":").strip()


def one_line(text: str) -> str:
    return " ".join(text.split())


def terms_in(source: str) -> Iterator[tuple[str, str]]:
    """The terms in a text, each with its sentence."""
    for block in blocks(source):
        for begin, end in block.bold:
            term = one_line(block.markdown[begin:end])
            if is_term(term):
                yield term, sentence_around(block, begin, end)


def terms_of(lessons: Iterable[tuple[str, NotebookNode]]) -> dict[str, tuple[str, Place]]:
    """Each term with the sentence that defines it and its place. Raises Problem if one is defined twice."""
    terms: dict[str, tuple[str, Place]] = {}
    defined: dict[str, Place] = {}      # by the term in small letters
    problems = []
    for file, notebook in lessons:
        for cell, place in cells_of(file, notebook):
            if cell.cell_type != "markdown":
                continue
            for term, sentence in terms_in(cell.source):
                if first := defined.get(term.lower()):
                    problems.append(
                        f"**{term}** is in bold in {first.file} ({first.cell}) and in {file} ({cell.id}). A term is "
                        "in bold where it is defined, once; write it plainly in one of the two, or *so* to stress it."
                    )
                else:
                    defined[term.lower()] = place
                    terms[term] = sentence, place
    if problems:
        raise Problem("\n".join(problems))
    return terms


def quoted_in(source: str) -> list[str]:
    """What a text quotes as inline code."""
    return [code for block in blocks(source) for code in block.code]


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


# --- the messages -------------------------------------------------------------------------------------------------


def load_messages(root: Path) -> tuple[list[Message], list[re.Pattern[str]]]:
    """The messages of the course in `root`, and the patterns of errors that need no entry. Raises Problem."""
    try:
        table = tomllib.loads((root / MESSAGES).read_text(encoding="utf-8"))
        unlisted, entries = table.pop("not_listed"), table.pop("message")
        messages = [Message(**keys_of(entry, "text", "means")) for entry in entries]
        messages += [Message(**keys_of(entry, "text", "means", "see")) for entry in table.pop("unshown", [])]
        if not isinstance(unlisted, list):
            raise TypeError("not_listed is no list")
        for text in [*unlisted, *(message.text for message in messages)]:
            if not isinstance(text, str) or not text.strip(" ."):
                raise TypeError(f"text = {text!r} says nothing")
        twice = [text for text, times in Counter(message.text for message in messages).items() if times > 1]
        if twice:
            raise TypeError(f"{twice[0]!r} has two entries")
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Problem(
            f'{MESSAGES}: {type(error).__name__}: {error}. It holds not_listed = ["..."], and entries of the form '
            '[[message]] text = "ValueError: ...", means = "...". For a message that no lesson shows the form is '
            '[[unshown]] text = "...", means = "...", see = "04_gather.ipynb#cell-id=star-forgotten", or see = "".'
        ) from error
    if table:
        raise Problem(f"{MESSAGES} does not know {', '.join(table)}; its keys are: message, not_listed, unshown.")
    return messages, [pattern_of(text) for text in unlisted]


def keys_of(entry: dict[str, str], *keys: str) -> dict[str, str]:
    """An entry that has these keys, and no others. Raises TypeError."""
    if not isinstance(entry, dict) or set(entry) != set(keys):
        raise TypeError(f"{entry!r} is to have the keys {', '.join(keys)}")
    return entry


def places_of(
    messages: list[Message], unlisted: list[re.Pattern[str]], lessons: Iterable[tuple[str, NotebookNode]]
) -> dict[Message, list[Place]]:
    """Where each message is shown, the best cell of each lesson. Raises Problem: see the module."""
    shown: dict[Message, dict[str, dict[int, Place]]] = {message: {} for message in messages}
    known = [*unlisted, *(message.pattern for message in messages)]
    problems = []
    cells: dict[str, Place] = {}
    for file, notebook in lessons:
        for cell, place in cells_of(file, notebook):
            cells[place.target] = place
            is_code = cell.cell_type == "code"
            for text in words_of(cell) if is_code else quoted_in(cell.source):
                for message in messages:
                    if match := message.pattern.search(text):
                        begins = match.start() == 0 or text[match.start() - 1] == "\n"
                        kind = (
                            QUOTED if not is_code else NAMED if place.is_about(message)
                            else ERROR_ITSELF if begins else IN_A_LINE
                        )
                        shown[message].setdefault(file, {}).setdefault(kind, place)     # the first of each kind
                problems += [
                    f'{file} ({cell.id}) shows "{error[0]}". Give it an entry in {MESSAGES}, with what it means, '
                    "or name it in not_listed."
                    for error in ERROR.finditer(text)
                    if is_code and not any(pattern.search(error[0]) for pattern in known)
                ]
    places = {}
    for message, lessons_with_it in shown.items():
        if message.see is not None:
            places[message] = [cells[message.see]] if message.see in cells else []
            if message.see and message.see not in cells:
                problems.append(f'{MESSAGES}: "{message.text}" leads to {message.see}, which is no cell of a lesson.')
            if any(min(kinds) != QUOTED for kinds in lessons_with_it.values()):
                problems.append(f'{MESSAGES}: a lesson shows "{message.text}". Make it a [[message]], without `see`.')
            continue
        found = list(lessons_with_it.values())
        made = [kinds for kinds in found if min(kinds) != QUOTED]
        in_lessons = [kinds for kinds in made if min(kinds) != NAMED]       # and not only where it is to be looked up
        # A quotation only where no lesson makes the message.
        places[message] = [kinds[min(kinds)] for kinds in (made if in_lessons else found)]
    problems += [
        f'{MESSAGES}: no lesson shows "{message.text}". Mend the text, or drop the entry.'
        for message, found in places.items()
        if not found and message.see is None
    ]
    if problems:
        raise Problem("\n".join(problems))
    return places


# --- the notebook --------------------------------------------------------------------------------------------------


def in_table(text: str) -> str:
    return text.replace("|", "\\|")


def messages_table(places: Iterable[tuple[Message, list[Place]]]) -> str:
    rows = ["| message | what it means | made and mended in |", "|---|---|---|"]
    for message, found in places:
        links = "<br>".join(place.link for place in found)
        rows.append(f"| {in_table(markdown.code(message.text))} | {in_table(message.means)} | {in_table(links)} |")
    return "\n".join(rows)


def terms_table(terms: Iterable[tuple[str, tuple[str, Place]]]) -> str:
    rows = ["| term | the sentence that defines it | defined in |", "|---|---|---|"]
    for term, (sentence, place) in terms:
        rows.append(f"| {in_table(term)} | {in_table(sentence)} | {in_table(place.link)} |")
    return "\n".join(rows)


def by_letter(
    name: str, entries: Iterable[Entry], letter: Callable[[Entry], str], table: Callable[[Iterable[Entry]], str]
) -> Iterator[tuple[str, str]]:
    """The ids and texts of cells with tables of entries: a heading for each letter, and few rows in each cell."""
    for first, group in itertools.groupby(sorted(entries, key=letter), key=letter):
        some = list(group)
        for begin in range(0, len(some), ROWS):
            text = table(some[begin:begin + ROWS])
            if begin == 0:
                yield f"{name}-{first.lower()}", f"### {first}\n\n{text}"
            else:
                yield f"{name}-{first.lower()}-{begin // ROWS + 1}", text


def plain(sentence: str) -> str:
    """A sentence of Markdown without links and emphasis; code stays in backticks."""
    words = " ".join(block.label for block in blocks(sentence))
    parts = re.split(r"(`[^`]+`)", words)
    return "".join(part if part.startswith("`") else part.replace("*", "") for part in parts)


@dataclass(frozen=True)
class Contents:
    """What the index says: the places of each message, and the sentence and the place of each term, in order."""

    messages: list[tuple[Message, list[Place]]]
    terms: list[tuple[str, tuple[str, Place]]]

    def data(self) -> str:
        """The same as JSON, for helpers.search: of each entry its text, what it means, and its links."""

        def lines(entries: Iterable[tuple[str, str, list[Place]]]) -> str:
            return ",\n".join(
                json.dumps([text, means, [[place.label, place.target] for place in places]], ensure_ascii=False)
                for text, means, places in entries
            )

        messages = lines((message.text, message.means, places) for message, places in self.messages)
        terms = lines((term, plain(sentence), [place]) for term, (sentence, place) in self.terms)
        return f'{{"messages": [\n{messages}\n], "terms": [\n{terms}\n]}}\n'


def read(folder: Path, files: Iterable[str]) -> Contents:
    """What the index of the lessons `files` in `folder` says. Raises Problem."""
    lessons = [(file, nbformat.read(folder / file, as_version=4)) for file in files]
    places = places_of(*load_messages(folder.parent), lessons)
    return Contents(
        sorted(places.items(), key=lambda item: item[0].text.lower()),
        sorted(terms_of(lessons).items(), key=lambda item: item[0].lower()),
    )


def make(contents: Contents, metadata: dict, note: str, table: str = "") -> NotebookNode:
    """The notebook; `table` lists the lessons."""
    texts = {
        "title": f"# {TITLE}\n\nEvery lesson of the course, and every term and every error message, each with a link "
                 "to the cell that explains it.",
        NAVIGATION_TOP: f"[Start here](00_start_here.ipynb)\n\n{note}",
        "search": "## Search\n\nSelect the cell below, and press Shift+Enter: a box appears. Paste an error message "
                  "into it, whole or a few words of it, or type a term. The names and the numbers of your program do "
                  "no harm. What fits is shown at once, with links. To run a cell that a link leads to, run those "
                  "above it first: *Run All Above Selected Cell* in the menu *Run*. In any notebook of yours the same "
                  'two lines do the same, and `search("never awaited")` gives the answer without a box.',
        "search-box": SEARCH,
        LESSONS: f"## Which lessons are there?\n\n{table}",
        "messages": "## What does this message mean?\n\nThe messages by the first letter after the type of the error. "
                    "Three dots stand for what differs from program to program: a name, a number, an address. If your "
                    "message is not here, but says `coroutine` or `Task` where your program needs a value, an `await` "
                    "is missing.\n\nThe search above is better here than Ctrl+F, JupyterLab's own, which shows the "
                    "table in which it finds something as it is written, without links. To have the table back, go to "
                    "what was found with Enter, and press Esc and then Ctrl+Enter.",
        **dict(by_letter("messages", contents.messages, lambda item: item[0].first_letter, messages_table)),
        "terms": "## What does this word mean?",
        **dict(by_letter("terms", contents.terms, lambda item: first_letter(item[0]), terms_table)),
    }
    cells = [
        nbformat.v4.new_code_cell(text, id=cell, metadata={"tags": ["nbval-ignore-output"]})    # none is stored
        if cell == "search-box" else nbformat.v4.new_markdown_cell(text, id=cell)
        for cell, text in texts.items()
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)
