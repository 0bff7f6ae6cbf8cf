"""HTML that is safe by its type: whatever is not HTML already is escaped on its way in.

    tag("td", "<b>", title="less & more")       # <td title="less &amp; more">&lt;b&gt;</td>, a Markup

A `markupsafe.Markup` is HTML; every other text is text. So nobody has to think of escaping, and nobody can forget it.
Style sheets are files beside the modules that need them; what is known in Python only, a colour of the palette or a
number of pixels, reaches them as a variable of CSS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from markupsafe import Markup, escape

RIGHT, WRONG = "#2e7d32", "#b45309"     # beside what says in words whether an answer is right
EMPTY = ("br", "img", "input")      # tags without content, of those that are used here


def tag(name: str, /, *content: object, **attributes: object) -> Markup:
    """An element of HTML. Text is escaped, in the content and in the attributes; Markup is taken as it is.

    An attribute that is a word of Python, or has a hyphen, is written with `_`: `class_`, `aria_label`. One that is
    None is left out.

    >>> tag("p", "1 < 2", class_="wyw-sum")
    Markup('<p class="wyw-sum">1 &lt; 2</p>')
    """
    head = name
    for key, value in attributes.items():
        if value is not None:
            head += f' {_attribute(key)}="{_html(value)}"'
    return Markup(f"<{head}>" if name in EMPTY else f"<{head}>{''.join(map(_html, content))}</{name}>")


def bar(colour: str) -> str:
    """The style of an element with a bar of this colour on its left."""
    return f"padding-left: 0.7em; border-left: 4px solid {colour}"


def joined(parts: Iterable[object], between: str = "") -> Markup:
    """Parts in a row, as HTML; text is escaped, be it a part or what stands between.

    >>> joined(["a", tag("b", "c")], " > ")
    Markup('a &gt; <b>c</b>')
    """
    return Markup(_html(between).join(map(_html, parts)))


def with_code(text: str) -> Markup:
    """A text as HTML, in which what stands in backticks is code.

    >>> with_code("write `await`, not `<`")
    Markup('write <code>await</code>, not <code>&lt;</code>')
    """
    parts = re.split(r"`([^`]+)`", text)        # every second one stood in backticks
    return joined(tag("code", part) if number % 2 else part for number, part in enumerate(parts))


def _html(part: object) -> str:
    # A step of the replay has a hundred parts: so none that is HTML already is made anew.
    return str.__str__(part) if isinstance(part, Markup) else str.__str__(escape(part))


@cache
def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def style(package: str, file: str, variables: Mapping[str, object] | None = None, scope: str = ":root") -> Markup:
    """The element <style> with a CSS file of a package; the CSS finds each variable as `var(--wyw-NAME)`.

    The variables are set on what the selector `scope` selects: the page, or ":host" in a shadow tree.

    Raises FileNotFoundError if the package has no such file.
    """
    css = files(package).joinpath(file).read_text(encoding="utf-8")
    if variables:
        names = "".join(f"  --wyw-{name}: {value};\n" for name, value in variables.items())
        css = f"{scope} {{\n{names}}}\n{css}"
    return Markup(f"<style>\n{css}</style>")


@cache
def script(package: str, file: str) -> Markup:
    """The element <script> with a JavaScript file of a package. Raises FileNotFoundError if it has no such file."""
    return Markup(f"<script>{files(package).joinpath(file).read_text(encoding='utf-8')}</script>")


def into_view() -> Markup:
    """A script for the end of an output: it brings the output into view if its cell has just been run by hand.

    JupyterLab goes on to the next cell, and what came of this one may be above the window.
    """
    return script("helpers", "into_view.js")
