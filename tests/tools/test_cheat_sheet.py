"""The cheat sheet: every pattern is whole and short, and the page that is printed has two sides."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import ROOT, Problem, cheat_sheet, refresh

FOLDER = ROOT / "notebooks"
TEXT = "### Wait a moment\n\nPython 3.11 · Mistake: no `await` & nothing waits. · [lesson 01](01_coroutines.ipynb)"


def notebook(text: str = TEXT, code: str | None = "await asyncio.sleep(1)") -> nbformat.NotebookNode:
    cells = [new_markdown_cell("# Find it"), new_markdown_cell("## Start"), new_markdown_cell(text)]
    return new_notebook(cells=cells + ([] if code is None else [new_code_cell(code)]))


def test_a_pattern_has_all_its_parts():
    (pattern,) = cheat_sheet.patterns(notebook())
    assert pattern == cheat_sheet.Pattern("Start", "Wait a moment", "3.11", "no `await` & nothing waits.", "lesson 01",
                                          "01_coroutines.ipynb", "await asyncio.sleep(1)")


@pytest.mark.parametrize(("text", "code", "words"), [
    (TEXT, None, "no code cell below it"),
    (TEXT, "\n".join(["pass"] * 9), "9 lines of code; at most 8"),
    (TEXT, "x = " + "1" * 80, "a line of 84 columns; at most 66"),
    ("### Wait", "pass", "needs one paragraph like: Python 3.11"),
    (TEXT.replace("Mistake: ", ""), "pass", "needs one paragraph like"),
    (TEXT.replace("[lesson 01](01_coroutines.ipynb)", "lesson 01"), "pass", "has 0 links"),
])
def test_a_pattern_that_is_not_whole_is_refused(text, code, words):
    with pytest.raises(Problem, match=re.escape(words)):
        cheat_sheet.page(notebook(text, code))


def test_the_page_says_what_the_notebook_says():
    page = cheat_sheet.page(notebook())
    assert "<h2>Start</h2>" in page and "<h3>Wait a moment</h3>" in page
    assert "Mistake: no <code>await</code> &amp; nothing waits." in page
    assert '<span>3.11 · <a href="../01_coroutines.ipynb">lesson 01</a></span>' in page
    assert page.startswith("<!DOCTYPE html>") and '<html lang="en">' in page


def test_every_pattern_of_the_course_is_on_the_page_and_leads_to_its_lesson():
    patterns = list(cheat_sheet.patterns(refresh.read(FOLDER / cheat_sheet.NOTEBOOK)))
    page = (FOLDER / cheat_sheet.FILE).read_text(encoding="utf-8")
    assert len(patterns) >= 39 and page.count("<section>") == len(patterns)
    for pattern in patterns:
        assert (FOLDER / pattern.file).exists(), f"{pattern.question} leads to {pattern.file}, which is not there"


@pytest.mark.chromium
@pytest.mark.slow
def test_printed_it_has_two_pages_and_no_line_is_broken(chrome):
    page = chrome.context.new_page()
    page.goto((FOLDER / cheat_sheet.FILE).as_uri())
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1069, "height": 740})      # what the margins leave of A4
    page.add_style_tag(content="pre { white-space: pre !important; }")
    assert page.evaluate("[...document.querySelectorAll('pre')].every(e => e.scrollWidth <= e.clientWidth + 1)")
