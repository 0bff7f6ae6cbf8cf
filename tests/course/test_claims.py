"""Notebook A2: each claim has its quotation, its measurement and its verdict, and the notebook says what the file says.

The articles themselves are not part of the repository. With WHILE_YOU_WAIT_ARTICLES, a folder that has them as text
files, every quotation is also compared with them:

    WHILE_YOU_WAIT_ARTICLES=FOLDER python -m pytest tests/course/test_claims.py
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from helpers.exercises import lesson_A2
from helpers.notebook.claims import VERDICTS, Check, Claim
from tools import ROOT, markdown, minutes

NOTEBOOK = "A2_claims_checked.ipynb"
ARTICLES = "WHILE_YOU_WAIT_ARTICLES"        # the environment variable
CLAIMS = 27
MOST_QUOTED = 30                            # words: a short quotation
MOST_FURTHER = 15                           # minutes of "Going further"

CHECKS = lesson_A2.claims.checks
ALL = lesson_A2.claims.claims


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def notebook() -> NotebookNode:
    return nbformat.read(ROOT / "notebooks" / NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    return {cell.id: cell for cell in notebook.cells}


def calls_of_check(source: str) -> Iterator[tuple[set[int], set[str]]]:
    """The numbers and the names of the cases in each call of `claims.check`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "claims.check":
            numbers = {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
            yield numbers, {keyword.arg for keyword in node.keywords if keyword.arg}


def text_of(cell: NotebookNode) -> str:
    outputs = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return one_line(" ".join(outputs))


# -- the file, the cells, and what they have shown ------------------------------------------------------------------


def test_every_claim_is_there() -> None:
    assert [claim.number for claim in ALL] == list(range(1, CLAIMS + 1))
    assert {claim.verdict for claim in ALL} == set(VERDICTS)
    assert len({check.cell for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.number)
def test_a_claim_is_complete(claim: Claim) -> None:
    assert 0 < len(claim.quotation.split()) <= MOST_QUOTED
    assert re.search(r"\w.*[.]$", claim.should_read) and claim.should_read != claim.quotation


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.cell)
def test_its_cell_measures_every_case(check: Check, cells: dict[str, NotebookNode]) -> None:
    numbers = {claim.number for claim in check.claims}
    assert (numbers, {case.name for case in check.cases}) in list(calls_of_check(cells[check.cell].source))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.cell)
def test_no_value_stands_in_the_call(check: Check, cells: dict[str, NotebookNode]) -> None:
    """A value that is typed into the cell is no measurement."""
    for node in ast.walk(ast.parse(cells[check.cell].source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "claims.check":
            for keyword in node.keywords:
                assert any(isinstance(part, ast.Name) for part in ast.walk(keyword.value)), ast.unparse(keyword)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.cell)
def test_what_was_measured_is_what_the_file_says(check: Check, cells: dict[str, NotebookNode]) -> None:
    shown = text_of(cells[check.cell])
    for claim in check.claims:
        assert f"Claim {claim.number}: {claim.verdict.upper()}. It should read: {one_line(claim.should_read)}" in shown
    assert len(re.findall(r"\(the claim needs ", shown)) == len(check.cases)


def test_the_table_has_every_verdict(cells: dict[str, NotebookNode]) -> None:
    shown = text_of(cells["summary-table"])
    assert f"{CLAIMS} of {CLAIMS} claims measured" in shown
    for claim in ALL:
        cell = next(check.cell for check in CHECKS if claim in check.claims)
        row = f"{claim.number} {claim.verdict} (cell {cell}): {claim.quoted} {one_line(claim.should_read)}"
        assert row in shown
    assert lesson_A2.claims.notebook == NOTEBOOK


def test_every_claim_is_quoted_before_it_is_measured(notebook: NotebookNode) -> None:
    order = [cell.id for cell in notebook.cells]
    names = {"guide": "the guide", "deep-dive": "the deep dive"}
    for check in CHECKS:
        texts = [cell.source for cell in notebook.cells[:order.index(check.cell)] if cell.cell_type == "markdown"]
        quoted = [one_line(line) for text in texts for line in text.splitlines()]
        for claim in check.claims:
            begins = f"> {claim.number}, {names[claim.article]}"
            assert [line for line in quoted if line.startswith(begins) and f'"{claim.quotation}"' in line], claim


def test_the_programs_are_those_of_the_articles(notebook: NotebookNode) -> None:
    files = [
        cell.source.partition("\n")[2].strip() for cell in notebook.cells if cell.source.startswith("%%writefile ")
    ]
    assert files == [claim.program.strip() for claim in ALL if claim.program]
    assert len(files) == 2


# -- the articles ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def articles() -> dict[str, str]:
    """The text of each article, on one line."""
    if not (folder := os.environ.get(ARTICLES)):
        pytest.skip(f"the articles are not here: set {ARTICLES} to the folder that has them as text files")
    texts = [one_line(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).glob("*.txt"))]
    return {key: text for key, title in lesson_A2.claims.articles.items() for text in texts if title in text}


@pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.number)
def test_an_article_says_so(claim: Claim, articles: dict[str, str]) -> None:
    assert claim.article in articles, f"no file in {os.environ[ARTICLES]} has the title of {claim.article}"
    for quotation in filter(None, (claim.quotation, claim.program)):
        rest = articles[claim.article]
        for part in one_line(quotation).split(" ... "):
            _, found, rest = rest.partition(part)
            assert found == part


def test_the_corrected_articles_copy_no_sentence(articles: dict[str, str], notebook: NotebookNode) -> None:
    """Ten words in a row that an article has as well, outside of headings and quotations, are a copy."""
    for cell in corrected(notebook):
        for block in markdown.blocks(cell.source):
            words = one_line(block.text).split()
            for start in range(len(words) - 9):
                assert block.level or not any(
                    " ".join(words[start:start + 10]) in text for text in articles.values()
                ), words[start:start + 10]


# -- the articles, corrected ----------------------------------------------------------------------------------------


def corrected(notebook: NotebookNode) -> list[NotebookNode]:
    order = [cell.id for cell in notebook.cells]
    return notebook.cells[order.index("going-further") + 1:order.index("navigation-bottom")]


def sentences(source: str) -> list[str]:
    """The sentences below the headings; a label in italics, "*Performance.*", is none."""
    found = []
    for block in markdown.blocks(source):
        if not block.level:
            text = re.sub(r"\*[^*]+\.\*\s*", "", block.markdown)
            found += [one for one in re.split(r"(?<=[.])\s+(?=[A-Z`])", text) if one]
    return found


def test_every_sentence_of_the_corrected_articles_links_its_cell(notebook: NotebookNode) -> None:
    found = [sentence for cell in corrected(notebook) for sentence in sentences(cell.source)]
    assert len(found) > 40
    assert [sentence for sentence in found if not re.search(r"\]\([^)]+\.ipynb#cell-id=[\w-]+\)", sentence)] == []


def test_both_articles_are_there_under_their_titles(notebook: NotebookNode) -> None:
    headings = [heading for cell in corrected(notebook) for heading in markdown.headings(cell.source)]
    assert [heading.text for heading in headings if heading.level == 3] == list(lesson_A2.claims.articles.values())


# -- how long it takes ----------------------------------------------------------------------------------------------


def test_the_core_is_as_short_as_that_of_a_lesson(notebook: NotebookNode) -> None:
    core = minutes.core_of(NOTEBOOK, notebook)
    assert core.exact <= minutes.MOST_MINUTES
    assert core.predictions <= minutes.MOST_PREDICTIONS


def test_going_further_is_short(notebook: NotebookNode) -> None:
    words = sum(markdown.words(block.text) for cell in corrected(notebook) for block in markdown.blocks(cell.source))
    assert words / minutes.WORDS <= MOST_FURTHER
