"""Markdown by its tokens: what counts as words, links, headings and code, and what does not."""

import pytest

from tools import markdown


def one(source: str) -> markdown.Block:
    """The only block of a text."""
    (block,) = markdown.blocks(source)
    return block


def bold(source: str) -> list[str]:
    return [block.markdown[begin:end] for block in markdown.blocks(source) for begin, end in block.bold]


@pytest.mark.parametrize(("source", "text"), [
    ("Ask *every* **shop**.", "Ask every shop."),
    ("Call `f(**a, **b)` and\n``x`y``.", "Call f(**a, **b) and x`y."),
    ("See [the `task` page](https://a.org/b) <!-- not this --> now.", "See the task page  now."),
    ("![a lane](pictures/x.png)", "a lane"),
    ("1 \\* 2 | 3", "1 * 2 | 3"),
    ("Two<br>lines", "Twolines"),
])
def test_the_words_of_a_text(source, text):
    assert one(source).text == text


def test_the_marks_of_links_and_code_stay_and_those_of_bold_go():
    block = one('A **task** is `f(**a)`, *see* [the **page**](https://a.org/b "title").')
    assert block.markdown == 'A task is `f(**a)`, *see* [the page](https://a.org/b "title").'
    assert block.label == "A task is `f(**a)`, *see* the page."
    assert [block.markdown[begin:end] for begin, end in block.bold] == ["task", "page"]
    assert block.code == ["f(**a)"]


def test_every_kind_of_block_is_read():
    source = ("# Title\n\nText\n\n- one\n  - two\n\n1. three\n\n> four\n\n"
              "| five | six |\n|---|---|\n| seven | `a \\| b` |\n\nEight\n===\n")
    found = [(block.level, block.text) for block in markdown.blocks(source)]
    assert found == [(1, "Title"), (0, "Text"), (0, "one"), (0, "two"), (0, "three"), (0, "four"), (0, "five"),
                     (0, "six"), (0, "seven"), (0, "a | b"), (1, "Eight")]
    assert [heading.text for heading in markdown.headings(source)] == ["Title", "Eight"]


def test_fenced_code_is_apart():
    source = "Text\n\n```python\n# no heading\n[no](link.md) **no**\n```\n\n- a\n\n  ~~~\n  b\n  ~~~\n"
    assert markdown.fenced(source) == ["# no heading\n[no](link.md) **no**\n", "b\n"]
    assert [block.text for block in markdown.blocks(source)] == ["Text", "a"]
    assert (markdown.links(source), bold(source), markdown.headings(source)) == ([], [], [])


def test_comments_say_nothing():
    assert markdown.links("<!-- [no](link.md) -->\n\n<!-- **no** <a href=\"x\"> -->") == []
    assert sum(markdown.words(block.text) for block in markdown.blocks("<!-- not\n\nthis -->")) == 0


@pytest.mark.parametrize(("source", "targets"), [
    ("[a](b.md) [c](<d e.md> \"title\")", ["b.md", "d%20e.md"]),
    ("[![badge](b.svg)](https://a.org/?x=1&y=2)", ["https://a.org/?x=1&y=2", "b.svg"]),
    ("| a |\n|---|\n| [b](c.ipynb#cell-id=d) |", ["c.ipynb#cell-id=d"]),
    ("[a][1]\n\n[1]: b.md", ["b.md"]),
    ('<img src="a.png" alt="x">', ["a.png"]),
    ('<details>\n<a href="b.md">b</a>\n</details>', ["b.md"]),
    ("`[no](link.md)` \\[no](link.md)", []),
])
def test_links(source, targets):
    assert markdown.links(source) == targets


def test_words_are_what_one_reads():
    assert markdown.words("It's 3.5 s: f(x) = 2 - 1, well-known.") == 7
    texts = [block.text for block in markdown.blocks("<details>\n<summary>The answer</summary>\n\nIs 2.\n\n</details>")]
    assert sum(map(markdown.words, texts)) == 4


@pytest.mark.parametrize(("text", "written"), [("a", "`a`"), ("a`b", "`` a`b ``")])
def test_inline_code_of_any_text(text, written):
    assert markdown.code(text) == written
    assert one(written).code == [text]
