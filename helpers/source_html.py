"""Python source as HTML, in colours.

    tag("pre", highlighted(source), class_=CLASS)       # and, once on the page, style()

Pygments takes the source apart. Six of its forty kinds of tokens have a colour, much like those of JupyterLab's editor,
but legible on every background: the contrast is at least 4.5:1, checked by a test. The
colours are those of the page's theme, or with the class `wyw-on-paper` those of the light one.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from helpers.markup import joined, tag
from helpers.markup import style as style_of

if TYPE_CHECKING:
    from pygments.lexer import Lexer

CLASS = "wyw-python"                # of the element around highlighted source
ON_PAPER = "wyw-on-paper"           # beside it: the background is white, whatever the theme is

# The kinds of tokens that have a colour, by their names in Pygments, and the class of each.
COLOURED = {
    "Keyword": "wyw-keyword",
    "Operator.Word": "wyw-keyword",             # and, in, not
    "Literal.String": "wyw-string",
    "Literal.Number": "wyw-digits",
    "Comment": "wyw-comment",
    "Name.Function": "wyw-name",                # where it is defined
    "Name.Class": "wyw-name",
    "Name.Decorator": "wyw-decorator",
}


def style() -> Markup:
    """The element <style> that gives highlighted source its colours."""
    return style_of("helpers", "source.css")


def highlighted(source: str) -> Markup:
    """Source as HTML. It keeps every character; what is no Python is shown as well as it goes."""
    return joined(highlighted_lines(source), "\n")


def highlighted_lines(source: str) -> list[Markup]:
    r"""The lines of a source, each HTML of its own: a string of several lines is closed and opened again.

    Lines end at "\n" and nowhere else.
    """
    lines: list[list[tuple[str, str]]] = [[]]           # of each its pieces: class and text
    for _, kind, text in _lexer().get_tokens_unprocessed(source):       # not get_tokens, which changes line ends
        css = _class(kind)
        for number, piece in enumerate(text.split("\n")):
            if number:
                lines.append([])
            if piece:
                lines[-1].append((css, piece))
    return [joined(_coloured(*piece) for piece in _merged(line)) for line in lines]


def _merged(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one class as one piece: Pygments gives a string in many."""
    return [(css, "".join(text for _, text in group)) for css, group in groupby(pieces, key=itemgetter(0))]


def _coloured(css: str, text: str) -> Markup:
    return tag("span", text, class_=css) if css else escape(text)


@cache
def _lexer() -> Lexer:
    from pygments.lexers.python import PythonLexer  # late: a program that shows no source does without

    return PythonLexer()


@cache
def _class(kind: tuple[str, ...]) -> str:
    """The class of a kind of token, or of the closest kind above it; "" if it has no colour."""
    names = [".".join(kind[:length]) for length in range(len(kind), 0, -1)]
    return next((COLOURED[name] for name in names if name in COLOURED), "")
