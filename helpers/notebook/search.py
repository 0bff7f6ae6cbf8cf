"""`search()` shows a box that says what an error message, or a term, means; `search("words")` says it at once.

    from helpers import search

    search()                                            # last in a cell: the box
    search("RuntimeWarning: coroutine 'ask' was never awaited")

The box is a page that needs no kernel: all entries stand in it as a list, from which its script shows those that fit.
So the links are there when JupyterLab makes them work, and where no script runs, the list can be read. What is searched
is index.json, which `make catalogue` makes along with the index of the course.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from helpers.notebook.matching import Index

DATA = "index.json"
WIDTH = 100             # characters in a line of the text
NOTHING = ("Nothing found. Try fewer words, or the last line of the message alone. Errors that have nothing to do with "
           "asyncio, such as a forgotten colon, are not in here.")
RUN = ("Run this cell: click it, and press Shift+Enter. Then a box to search in appears here. Or write the words into "
       'the cell: search("a few words").')


@dataclass(frozen=True)
class Entry:
    """A message, or a term, and what the index says of it."""

    text: str           # "..." in it stands for anything
    means: str          # `code` stands in backticks
    places: tuple[tuple[str, str], ...]     # what a link says, and where it leads from the folder of the lessons
    term: bool = False


@cache
def entries() -> tuple[Entry, ...]:
    """What can be found, messages first. Raises OSError, or ValueError, if the file with it is missing or broken."""
    table = json.loads(files("helpers.notebook").joinpath(DATA).read_text(encoding="utf-8"))
    return tuple(
        Entry(text, means, tuple((label, link) for label, link in places), kind == "terms")
        for kind in ("messages", "terms")
        for text, means, places in table[kind]
    )


@cache
def _index() -> Index:
    return Index([entry.text for entry in entries()], terms=sum(not entry.term for entry in entries()))


class Box:
    """Shows itself, last in a cell, as a box to search in."""

    def __repr__(self) -> str:
        return RUN

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        from helpers.markup import script, style, tag  # late: packages may be missing, and a message says which

        head = tag("summary", f"All {sum(not each.term for each in entries())} messages and "
                              f"{sum(each.term for each in entries())} terms")
        return str(tag(
            "div",
            tag("p", RUN, class_="wyw-search-note"),
            tag("details", head, _list(entries())),
            style("helpers.notebook", "search.css"),
            script("helpers.notebook", "search.js"),
            class_="wyw-search", data_nothing=NOTHING,
        ))


class Found:
    """What was found for some words; shows itself as text, and with links where there are any."""

    def __init__(self, found: Sequence[Entry]) -> None:
        self.found = tuple(found)

    def __repr__(self) -> str:
        return "\n\n".join(map(_as_text, self.found)) or NOTHING

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        from helpers.markup import style, tag  # late: see above

        shown = _list(self.found) if self.found else tag("p", NOTHING)
        return str(tag("div", style("helpers.notebook", "search.css"), shown, class_="wyw-search"))


def search(words: str | None = None) -> Box | Found:
    """Find what an error message, or a term of the course, means.

    words  a few words of a message, or all of it, or a traceback; without it, shows a box to type or paste them in

    Gives what is to be shown, last in a cell. Raises TypeError for words that are no text.

    >>> search("TypeError: object NoneType can't be used in 'await' expression").found[0].text
    "object ... can't be used in 'await' expression"
    """
    if words is None:
        return Box()
    if not isinstance(words, str):
        raise TypeError(f"search takes the words of a message as a text, and got {words!r}. Write, for example, "
                        'search("was never awaited"), or search() for a box to type in.')
    return Found([entries()[number] for number in _index().find(words)])


def _as_text(entry: Entry) -> str:
    lines = textwrap.wrap(entry.means, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    lines += [f"{label} ({link})" if link else label for label, link in _reached(entry, _lessons())]
    return "\n    ".join([entry.text, *lines])


def _list(shown: Sequence[Entry]) -> Any:
    from helpers.markup import joined, tag, with_code  # late: see above

    items, folder = [], _lessons()
    for entry in shown:
        links = joined((tag("a", with_code(label), href=link) for label, link in _reached(entry, folder)), tag("br"))
        items.append(tag("li", tag("b" if entry.term else "code", entry.text), tag("div", with_code(entry.means)),
                         tag("div", links)))
    return tag("ul", *items, class_="wyw-search-list")


def _reached(entry: Entry, folder: str | None) -> list[tuple[str, str | None]]:
    """What the links of an entry say, and where they lead if that is the way to the lessons; None if there is none."""
    return [(label, None if folder is None else f"{folder}{link}") for label, link in entry.places]


def _lessons() -> str | None:
    """The way to the lessons from here: "" if they are here, None if they are not to be found."""
    here = Path.cwd()
    for folder in [here, *(above / name for above in [here, *here.parents] for name in ("workbook", "notebooks"))]:
        if (folder / "00_start_here.ipynb").is_file():
            way = os.path.relpath(folder, here).replace(os.sep, "/")
            return "" if way == "." else f"{way}/"
    return None
