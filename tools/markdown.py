"""Markdown, read by mistune: what a text says, without the marks.

A text is a list of blocks, in which words run on: paragraphs, headings, items of lists, cells of tables. Each knows its
words, its links, its inline code and what it sets in bold. Fenced code and comments are not part of any block.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import mistune

Token = dict[str, Any]

_TARGETS = re.compile(r"\b(?:href|src)=\"([^\"]+)\"")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w[\w.'\u2019()=-]*")


@functools.cache
def _parser() -> mistune.Markdown:
    return mistune.create_markdown(renderer=None, plugins=["table"])


def _tokens(source: str) -> list[Token]:
    tokens = _parser()(source)
    assert not isinstance(tokens, str)      # without a renderer mistune gives the tokens
    return tokens


@dataclass
class Block:
    """Words that run on. `level` is that of a heading, from 1 to 6, and 0 for all else."""

    level: int = 0
    markdown: str = ""                  # on one line; links and inline code keep their marks, bold words have none
    text: str = ""                      # the words alone, as a page shows them
    label: str = ""                     # as `markdown`, with the words of a link in place of the link
    bold: list[tuple[int, int]] = field(default_factory=list)       # where in `markdown` bold words begin and end
    code: list[str] = field(default_factory=list)                   # what stands in backticks
    links: list[str] = field(default_factory=list)                  # the targets of links and pictures

    def _say(self, both: str, text: str | None = None) -> None:
        self.markdown += both
        self.label += both
        self.text += both if text is None else text

    def _add(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            kind, children = token["type"], token.get("children", [])
            if kind in ("softbreak", "linebreak"):
                self._say(" ")
            elif kind == "codespan":
                self.code.append(token["raw"])
                self._say(code(token["raw"]), token["raw"])
            elif kind == "strong":
                begin = len(self.markdown)
                self._add(children)
                self.bold.append((begin, len(self.markdown)))
            elif kind == "emphasis":
                self._say("*", "")
                self._add(children)
                self._say("*", "")
            elif kind in ("link", "image"):
                self._add_link(token)
            elif kind == "inline_html":
                html = _COMMENT.sub("", token["raw"])
                self.links += _TARGETS.findall(html)
                self._say(html, "")
            else:
                self._say(token["raw"])

    def _add_link(self, token: Token) -> None:
        self.links.append(token["attrs"]["url"])
        self.markdown += "![" if token["type"] == "image" else "["
        self._add(token["children"])
        title = token["attrs"].get("title")
        self.markdown += f"]({token['attrs']['url']}" + (f' "{title}")' if title else ")")


def code(text: str) -> str:
    """Inline code, also of a text with backticks."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def blocks(source: str) -> list[Block]:
    """The blocks of a text, from top to bottom."""
    return list(_blocks(_tokens(source)))


def _blocks(tokens: Iterable[Token]) -> Iterator[Block]:
    for token in tokens:
        kind, children = token["type"], token.get("children", [])
        if kind in ("paragraph", "block_text", "heading", "table_cell"):
            block = Block(token["attrs"]["level"] if kind == "heading" else 0)
            block._add(_without_escapes(children) if kind == "table_cell" else children)
            yield block
        elif kind == "block_html":
            html = _COMMENT.sub("", token["raw"])
            text = _TAG.sub(" ", html)
            yield Block(markdown=text, text=text, label=text, links=_TARGETS.findall(html))
        else:
            yield from _blocks(children)


def _without_escapes(tokens: Iterable[Token]) -> Iterator[Token]:
    r"""The tokens of a cell of a table, in which `\|` stands for | in code as well."""
    for token in tokens:
        yield {**token, "raw": token["raw"].replace(r"\|", "|")} if token["type"] == "codespan" else token


def fenced(source: str) -> list[str]:
    """The texts of the fenced code."""
    return list(_fenced(_tokens(source)))


def _fenced(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token["type"] == "block_code":
            yield token["raw"]
        yield from _fenced(token.get("children", []))


def links(source: str) -> list[str]:
    """The targets of the links and pictures in a text."""
    return [target for block in blocks(source) for target in block.links]


def headings(source: str) -> list[Block]:
    return [block for block in blocks(source) if block.level]


def words(text: str) -> int:
    """How many words a text has that one reads. Marks such as "=" are none."""
    return len(_WORD.findall(text))
