"""How verdicts, hints and solutions look: as text, and with pictures in a notebook.

A `Report` is a row of short blocks, each a heading and a text. Its text/plain is the whole of it, with
the text twin of the timelines; its HTML says the same, with their picture. The outcome stands there in
words, and colour adds nothing to them.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from helpers.drawing.timeline import Comparison, compare
from helpers.recording import Recording

UNTRIED, WRONG, RIGHT, UNCHECKED = "untried", "wrong", "right", "unchecked"      # outcomes of a check
WIDTH = 100                     # characters in a line of the text


@dataclass(frozen=True)
class Block:
    """A heading and what belongs to it; `code` keeps its lines as they are."""

    heading: str
    text: str
    code: bool = False

    def __str__(self) -> str:
        if self.code:
            lines = self.text.rstrip().splitlines()
            if len(lines) == 1:
                return f"{self.heading} {lines[0]}"
            return "\n".join([self.heading, *(f"    {line}".rstrip() for line in lines)])
        return "\n".join(map(_filled, f"{self.heading} {self.text}".splitlines()))

    def html(self) -> Markup:
        text = self.text.rstrip()
        if self.code and "\n" not in text:
            return Markup("<div><b>{}</b> <code>{}</code></div>").format(self.heading, text)
        if "\n" in text:
            return Markup("<div><b>{}</b> <pre>{}</pre></div>").format(self.heading, text)
        return Markup("<div><b>{}</b> {}</div>").format(self.heading, text)


def _filled(paragraph: str) -> str:
    """Prose in lines of `WIDTH`; what is indented keeps its lines."""
    if paragraph.startswith(" "):
        return paragraph
    return textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)


@dataclass
class Report:
    """What `check`, `hint` and `solution` give; shows itself when it is last in a cell.

    outcome  of a check "untried", "wrong", "right", or "unchecked" if no process could be had; else "hint", "solution"
    kind     of a wrong answer which mistake it is, one of `kinds.KINDS`; else ""
    line     the guilty line in the answer's cell, or 0
    runs     the timelines beside it, by label
    """

    outcome: str
    blocks: list[Block]
    kind: str = ""
    line: int = 0
    runs: dict[str, Recording] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """All that is said, without the timelines."""
        return "\n".join(map(str, self.blocks))

    @property
    def comparison(self) -> Comparison | None:
        """The timelines on one time axis."""
        return compare(self.runs) if self.runs else None

    def __str__(self) -> str:
        comparison = self.comparison
        return self.message if comparison is None else f"{self.message}\n\n{comparison}"

    __repr__ = __str__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        data = {"text/plain": str(self)}
        comparison = self.comparison
        if comparison is not None:
            bundle, metadata = comparison._repr_mimebundle_()
            data["text/html"] = self._html(_IMAGE.format(metadata["image/png"]["alt"], bundle["image/png"]))
        elif self.outcome != UNTRIED:
            data["text/html"] = self._html(Markup())
        return data

    def _html(self, picture: Markup) -> str:
        blocks = Markup().join(block.html() for block in self.blocks)
        return str(Markup('<div style="line-height: 1.6">{}{}</div>').format(blocks, picture))


_IMAGE = Markup('<img alt="{}" style="max-width: 100%" src="data:image/png;base64,{}">')
