"""HTML that is safe by its type, and the style sheets."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from helpers.markup import joined, style, tag

HOSTILE = '</td><script>alert("1 & 2")</script>'


class Seen(HTMLParser):
    """The elements and the text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((name, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_is_escaped_wherever_it_stands():
    seen = Seen(tag("td", HOSTILE, tag("b", HOSTILE), title=HOSTILE))
    assert seen.tags == [("td", {"title": HOSTILE}), ("b", {})] and seen.text == 2 * HOSTILE


# HTML has no way to write a null character, and reads a carriage return as a line end.
@given(st.text(st.characters(blacklist_characters="\0\r", blacklist_categories=["Cs"])))
def test_any_text_arrives_as_it_was(text):
    seen = Seen(tag("p", text, title=text))
    assert (seen.text, seen.tags) == (text, [("p", {"title": text})])


def test_markup_is_taken_as_it_is():
    assert tag("p", Markup("<br>"), 3, None) == "<p><br>3None</p>"
    assert joined([Markup("<i>"), "<"], Markup("<br>")) == "<i><br>&lt;" and joined([]) == ""
    assert isinstance(joined([]), Markup) and isinstance(tag("p"), Markup)


def test_names_of_attributes():
    assert tag("p", class_="a", aria_label="b", title=None, name="") == '<p class="a" aria-label="b" name=""></p>'


def test_elements_without_content_are_not_closed():
    assert tag("img", alt="") == '<img alt="">' and tag("br") == "<br>"


def test_a_style_sheet_finds_its_variables():
    made = style("helpers.widgets", "heartbeat.css", {"ink": "#123456", "room": 5})
    assert made.startswith("<style>\n:root {\n  --wyw-ink: #123456;\n  --wyw-room: 5;\n}\n/*")
    assert made.endswith("}\n</style>")


def test_a_style_sheet_that_is_not_there():
    with pytest.raises(FileNotFoundError):
        style("helpers.widgets", "nothing.css")
