"""Source in colours: no character is lost or changed, and every colour can be read in both themes."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from helpers import source_html
from helpers.source_html import COLOURED, highlighted, highlighted_lines
from tools.colours import contrast

SOURCE = '''\
async def ask(shop, item="tea"):
    """Ask a shop.

    Twice.
    """
    if item is not None and shop < 3:   # <b>
        return f"{await shop.price(item)!r:>5} cents"

@cached
class Shop:
    latency = 0.3
'''

# What JupyterLab 4 has behind code in the output of a cell: the page, a block and a word of code. The replay is on
# paper, and its marked line is yellow.
BACKGROUNDS = {"light": ["#ffffff", "#eeeeee", "#f5f5f5", "#fff2c2"], "dark": ["#111111", "#212121", "#424242"]}


def plain(source: Markup) -> str:
    return html.unescape(re.sub("<[^>]*>", "", source))


def pieces(source: str) -> list[tuple[str, str]]:
    """What has a colour: the last word of its class, and the text."""
    return [(css, html.unescape(text)) for css, text in
            re.findall(r'<span class="wyw-(\w+)">(.*?)</span>', highlighted(source))]


def test_what_has_which_colour():
    assert pieces(SOURCE) == [
        ("keyword", "async"), ("keyword", "def"), ("name", "ask"), ("string", '"tea"'),
        ("string", '"""Ask a shop.'), ("string", "    Twice."), ("string", '    """'),
        ("keyword", "if"), ("keyword", "is"), ("keyword", "not"), ("keyword", "None"), ("keyword", "and"),
        ("digits", "3"), ("comment", "# <b>"),
        ("keyword", "return"), ("string", 'f"{'), ("keyword", "await"), ("string", '!r:>5} cents"'),
        ("decorator", "@cached"), ("keyword", "class"), ("name", "Shop"), ("digits", "0.3"),
    ]


@given(st.text() | st.text(st.sampled_from("'\"#\\\n\t (){}[]:=@<>&abdefilnostu0123.")))
def test_no_character_is_lost_whatever_the_source_is(source):
    assert plain(highlighted(source)) == source
    assert list(map(plain, highlighted_lines(source))) == source.split("\n")


def test_every_line_is_html_of_its_own():
    for line in highlighted_lines(SOURCE):
        assert isinstance(line, Markup) and line.count("<span") == line.count("</span>")


def test_source_of_the_package_itself():
    source = Path(source_html.__file__).read_text(encoding="utf-8")
    assert plain(highlighted(source)) == source


# -- the colours ------------------------------------------------------------------------------------


def colours() -> dict[str, dict[str, str]]:
    """The colours of the style sheet by theme and name: of its first rule, and of the one for dark themes."""
    css = re.sub(r"/\*.*?\*/", "", source_html.style(), flags=re.DOTALL)
    light, dark = re.findall(r"\{([^{}]*--wyw-[^{}]*)\}", css)[:2]
    return {theme: dict(re.findall(r"--wyw-(\w+): (#[0-9a-f]{6});", rule)) for theme, rule in
            (("light", light), ("dark", dark))}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_can_be_read_on_every_background(theme):
    found = colours()[theme]
    assert {f"wyw-{name}" for name in found} == set(COLOURED.values())
    for name, colour in found.items():
        for background in BACKGROUNDS[theme]:
            assert contrast(colour, background) >= 4.5, f"{name} on {background}"


def test_every_kind_of_token_has_its_rule():
    for css in set(COLOURED.values()):
        assert f".wyw-python .{css} {{ color: var(--{css});" in source_html.style()


def test_the_classes_are_those_of_the_style_sheet():
    css = source_html.style()
    assert f".{source_html.CLASS} {{" in css and f".{source_html.CLASS}:not(.{source_html.ON_PAPER}) {{" in css
