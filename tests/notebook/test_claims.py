"""Claims: which verdict follows from which values, what is shown, and what a wrong file or a wrong call is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter

from helpers.notebook.claims import Case, Claims, read

FILE = """
notebook = "A9_claims.ipynb"
[article.guide]
title = "A <Guide>"

[article.deep-dive]
title = "A Deep Dive"

[[check]]
cell = "wait-run"
[[check.case]]
name = "tasks"
what = "tasks that run at the same time"
holds = "> 1"
[[check.case]]
name = "overlap"
what = "the waits of `sleep` overlap"
holds = true
[[check.claim]]
number = 2
article = "guide"
quotation = "tasks run & wait at the same time"
verdict = "true if"
should_read = "The waits of `sleep` overlap."
[[check.claim]]
number = 1
article = "deep-dive"
quotation = "all at once"
verdict = "true if"
should_read = "Waits overlap."

[[check]]
cell = "call-run"
[[check.case]]
name = "ran"
what = "lines that the call has run"
holds = "> 0"
[[check.claim]]
number = 3
article = "guide"
quotation = "calling it runs it"
verdict = "false"
should_read = "Calling it makes a coroutine."
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "claims.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture
def claims(path: Path) -> Claims:
    return Claims(path)


def html(thing: object) -> str:
    return DisplayFormatter().format(thing)[0]["text/html"]


# -- cases and verdicts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("holds", "value", "met"), [
    (True, True, True), (True, False, False), (False, False, True), (False, True, False),
    ("> 0", 1, True), ("> 0", 0, False), (">= 2", 2, True), ("< 2", 2, False), ("<= 0.2", 0.1, True),
    ("== 0.3", 0.1 + 0.2, True), ("== 0.3", 0.31, False), ("== 0", 0, True), ("== 345", 345, True),
])
def test_when_a_case_is_met(holds: bool | str, value: float, met: bool) -> None:
    assert Case("it", "it is so", holds).is_met(value) is met


@pytest.mark.parametrize(("holds", "value"), [(True, 1), (False, 0), (True, "yes"), ("> 0", True), ("> 0", "1")])
def test_a_case_takes_no_other_type(holds: bool | str, value: object) -> None:
    with pytest.raises(TypeError, match=r"it is (True or False|a number) \(it is so\), and got"):
        Case("it", "it is so", holds).is_met(value)


@pytest.mark.parametrize("holds", ["= 1", "> many", "1", "!= 0", ""])
def test_a_case_needs_a_comparison(holds: str) -> None:
    with pytest.raises(ValueError):
        Case("it", "it is so", holds)


@pytest.mark.parametrize(("tasks", "overlap", "verdict"), [
    (2, True, "true"), (1, True, "true if"), (2, False, "true if"), (1, False, "false"),
])
def test_the_verdict_follows_from_the_values(claims: Claims, tasks: int, overlap: bool, verdict: str) -> None:
    assert claims.check(1, 2, tasks=tasks, overlap=overlap).verdict == verdict


def test_a_finding_shows_what_was_measured_and_the_sentence(claims: Claims) -> None:
    assert repr(claims.check(2, 1, tasks=1, overlap=True)).splitlines() == [
        "no   tasks that run at the same time: 1 (the claim needs more than 1)",
        "yes  the waits of `sleep` overlap: True (the claim needs True)",
        "Claim 2: TRUE IF. It should read: The waits of `sleep` overlap.",
        "Claim 1: TRUE IF. It should read: Waits overlap.",
    ]


@pytest.mark.parametrize(("holds", "needs"), [
    ("== 3", "3"), ("> 0", "more than 0"), (">= 2", "at least 2"), ("< 1", "less than 1"), ("<= 0.2", "at most 0.2"),
    (False, "False"),
])
def test_what_a_claim_needs_is_said_in_words(holds: bool | str, needs: str) -> None:
    shown = Case("it", "it is so", holds).described(True if isinstance(holds, bool) else 3)
    assert shown.endswith(f"(the claim needs {needs})")


def test_a_sentence_for_another_verdict_is_not_shown(claims: Claims) -> None:
    finding = claims.check(1, 2, tasks=3, overlap=True)
    assert "Claim 1: TRUE. It should read: (measured otherwise" in repr(finding)
    assert "Waits overlap." not in repr(finding)
    assert "Waits overlap." not in repr(claims.summary())


def test_a_call_that_does_not_fit(claims: Claims) -> None:
    with pytest.raises(ValueError, match=r"\(2, 1\), \(3,\); and got \(1,\)"):
        claims.check(1, tasks=1, overlap=True)
    with pytest.raises(TypeError, match=r"\['tasks', 'overlap'\], and got values for \['tasks'\]"):
        claims.check(1, 2, tasks=1)
    with pytest.raises(TypeError, match="a number"):
        claims.check(3, ran=True)
    assert claims.findings == {}


# -- what is shown of all of them -----------------------------------------------------------------------------------


def test_the_quotations_have_no_verdict(claims: Claims) -> None:
    assert repr(claims).splitlines() == [
        "A <Guide>", '  2  "tasks run & wait at the same time"', '  3  "calling it runs it"',
        "A Deep Dive", '  1  "all at once"',
    ]
    shown = html(claims)
    assert "A &lt;Guide&gt;" in shown and "tasks run &amp; wait" in shown and "true" not in shown


def test_the_summary_has_what_was_measured_by_then(claims: Claims) -> None:
    claims.check(3, ran=0)
    summary = claims.summary()
    claims.check(1, 2, tasks=1, overlap=True)
    assert repr(summary).splitlines() == [
        "1 of 3 claims measured; true: 0, true if: 0, false: 1.",
        "A <Guide>",
        '  2  not measured (cell wait-run): "tasks run & wait at the same time"', "     (run its cell first)",
        '  3  false (cell call-run): "calling it runs it"', "     Calling it makes a coroutine.",
        "A Deep Dive",
        '  1  not measured (cell wait-run): "all at once"', "     (run its cell first)",
    ]
    assert repr(claims.summary()).startswith("3 of 3 claims measured; true: 0, true if: 2, false: 1.")
    shown = html(claims.summary())
    assert "<code>sleep</code>" in shown
    assert '<a href="A9_claims.ipynb#cell-id=call-run">false</a>' in shown


def test_a_claim_about_a_program_says_so(path: Path) -> None:
    path.write_text(FILE + 'program = "main()"\n', encoding="utf-8")
    claims = Claims(path)
    assert '  3  "calling it runs it" (a program)' in repr(claims)
    assert '"calling it runs it" (a program)' in repr(claims.summary())


def test_a_cell_that_is_run_again_counts_once(claims: Claims) -> None:
    claims.check(3, ran=0)
    claims.check(3, ran=1)
    assert claims.summary().counts == {"true": 1, "true if": 0, "false": 0}


# -- guesses --------------------------------------------------------------------------------------------------------


def test_guesses_are_compared_with_what_was_measured(claims: Claims) -> None:
    assert claims.guess("1 ?  2 ?  3 ?") == "0 of 3 answered"
    assert "You" not in repr(claims.summary()) and "you" not in html(claims.summary())
    assert claims.guess("1 T  2 i\n3 ?") == "2 of 3 answered"
    claims.check(1, 2, tasks=1, overlap=True)
    assert "You expected 1 of 2 as they were measured." in repr(claims.summary())
    assert "you said" in html(claims.summary())


@pytest.mark.parametrize("text", ["1 x", "4 t", "0 t", "t 1", "one t"])
def test_a_guess_that_cannot_be_read(claims: Claims, text: str) -> None:
    with pytest.raises(ValueError, match="write a number from 1 to 3 and t, i, f or"):
        claims.guess(text)


# -- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new", "says"), [
    ("number = 3", "number = 2", r"each number once, and got \[1, 2, 2\]"),
    ("number = 3", "number = 5", "numbered from 1"),
    ('verdict = "false"', 'verdict = "maybe"', "claim 3: the verdict is one of"),
    ('holds = "> 1"', 'holds = "many"', "holds is true, false, or such as"),
    ('article = "deep-dive"', 'article = "essay"', "no article is called essay"),
    ('should_read = "Waits overlap."', "", "should_read"),
    ("[article.guide]", "[book.guide]", "no article is called guide"),
    ('what = "lines that the call has run"', "", "what"),
    ('title = "A Deep Dive"', 'name = "A Deep Dive"', "title"),
    ("[[check]]", "[[check]", "claims.toml: TOMLDecodeError"),
    ('notebook = "A9_claims.ipynb"', "", "notebook"),
])
def test_a_file_that_is_wrong_says_so(path: Path, old: str, new: str, says: str) -> None:
    assert old in FILE
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        read(path)


def test_the_file_is_read_when_it_is_needed(tmp_path: Path) -> None:
    claims = Claims(tmp_path / "missing.toml")
    with pytest.raises(FileNotFoundError):
        print(claims.claims)
