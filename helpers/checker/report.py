"""How verdicts, hints and solutions look: as text, and with pictures in a notebook.

A `Report` is a row of short blocks, each a heading and a text. Its text/plain is the whole of it, with
the text twin of the timelines; its HTML says the same, with their picture. The outcome stands there in
words, and colour adds nothing to them.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helpers.drawing.timeline import Comparison, compare
from helpers.recording import Recording
from helpers.words import short

if TYPE_CHECKING:
    from markupsafe import Markup

UNTRIED, WRONG, RIGHT, UNCHECKED = "untried", "wrong", "right", "unchecked"      # outcomes of a check
WIDTH = 100                     # characters in a line of the text


@dataclass(frozen=True)
class Block:
    """A heading and what belongs to it, prose if nothing else is said, or nothing.

    code    it is Python: its lines stay as they are, and in a notebook it is coloured
    output  it was printed: its lines stay as they are
    link    what ends the prose; in a notebook it leads to `href`, if that is not ""
    """

    heading: str
    text: str
    code: bool = False
    output: bool = False
    link: str = ""
    href: str = ""

    def __str__(self) -> str:
        if self.code or self.output:
            lines = self.text.rstrip().splitlines()
            if len(lines) == 1:
                return f"{self.heading} {lines[0]}"
            return "\n".join([*([self.heading] if self.heading else []), *(f"    {line}".rstrip() for line in lines)])
        prose = f"{self.heading} {self.text} {self.link}"
        return "\n".join(map(_filled, prose.rstrip().splitlines()))

    def html(self) -> Markup:
        # Late: the first notebook says that packages are missing, if they are.
        from helpers.markup import tag, with_code
        from helpers.source_html import CLASS, highlighted

        text = self.text.rstrip()
        shown: object = highlighted(text) if self.code else text if self.output else with_code(text)
        css = CLASS if self.code else None
        if "\n" in text:
            shown = tag("pre", shown, class_=css)
        elif self.code or self.output:
            shown = tag("code", shown, class_=css)
        parts: list[object] = [tag("b", self.heading)] if self.heading else []
        parts += [" ", shown] if text else []
        parts += [" ", tag("a", self.link, href=self.href) if self.href else self.link] if self.link else []
        return tag("div", *parts)


def _filled(paragraph: str) -> str:
    """Prose in lines of `WIDTH`; what is indented keeps its lines."""
    if paragraph.startswith(" "):
        return paragraph
    return textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)


@dataclass
class Report:
    """What `check`, `hint` and `solution` give; shows itself when it is last in a cell.

    outcome  of a check "untried", "wrong", "right", or "unchecked" if no process could be had; else "hint", "solution",
             "compared", "reset", "written"
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
        if not self.runs:
            return None
        # who is faster would read as praise or blame
        title = ", ".join(f"{label}: {short(run.elapsed)}" for label, run in self.runs.items())
        return compare(self.runs, title=title)

    def __str__(self) -> str:
        comparison = self.comparison
        return self.message if comparison is None else f"{self.message}\n\n{comparison}"

    __repr__ = __str__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _html(self) -> str:
        from markupsafe import Markup  # late, as above

        from helpers.markup import RIGHT as GREEN
        from helpers.markup import WRONG as AMBER
        from helpers.markup import bar, into_view, tag
        from helpers.source_html import style

        parts: list[object] = [block.html() for block in self.blocks]
        if any(block.code for block in self.blocks):
            parts.insert(0, style())
        comparison = self.comparison
        if comparison is not None:
            bundle, _ = comparison._repr_mimebundle_()
            parts.append(Markup(bundle["text/html"]))
        if self.outcome in (WRONG, RIGHT, UNCHECKED):       # what a learner has just run
            parts.append(into_view())
        colour = {RIGHT: GREEN, WRONG: AMBER}.get(self.outcome)
        return str(tag("div", *parts, style=f"line-height: 1.6; {bar(colour)}" if colour else "line-height: 1.6"))
