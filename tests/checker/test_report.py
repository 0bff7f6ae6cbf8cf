"""How verdicts look in a notebook."""

from __future__ import annotations

from helpers.checker.report import Block
from tests.checker import samples
from tests.checker.answers import WRONG, body, check


def test_a_wrong_answer_is_shown_beside_the_wanted_one() -> None:
    report = check(samples.ask, WRONG["sequential"][-1])
    assert list(report.runs) == ["yours", "wanted"]
    assert report.runs["yours"].elapsed == 1.0 and report.runs["wanted"].elapsed == 0.5
    assert "yours: 1 task in 1 s" in str(report) and "wanted takes 0.5 s, yours 1 s" in str(report)
    bundle = report._repr_mimebundle_()
    assert bundle["text/plain"] == str(report)
    assert "<img alt=" in bundle["text/html"] and "data:image/png;base64," in bundle["text/html"]
    assert "Not yet right:" in bundle["text/html"]


def test_an_untried_answer_is_plain_text_and_always_the_same() -> None:
    reports = [check(samples.ask, samples.ask.starter)._repr_mimebundle_() for _ in range(2)]
    assert reports[0] == reports[1]
    assert list(reports[0]) == ["text/plain"]


def test_html_of_a_learner_is_escaped() -> None:
    bundle = check(samples.ask, body("return ['<script>alert(1)</script>']"))._repr_mimebundle_()
    assert "<script>" not in bundle["text/html"]
    assert "&lt;script&gt;" in bundle["text/html"]
    for block in (Block("<b>", "<i>"), Block("<b>", "<i>", code=True), Block("<b>", "<i>\n<i>", code=True)):
        assert "&lt;b&gt;" in block.html() and "&lt;i&gt;" in block.html() and "<i>" not in block.html()


def test_blocks_keep_code_and_fold_prose() -> None:
    assert str(Block("Line 4:", "x = 1", code=True)) == "Line 4: x = 1"
    assert str(Block("Code:", "def f():\n    pass\n", code=True)) == "Code:\n    def f():\n        pass"
    assert all(len(line) <= 100 for line in str(Block("Why:", "word " * 60)).splitlines())


def test_there_is_no_picture_where_nobody_waits() -> None:
    report = check(samples.quick, "async def quick(shop):\n    return 'tea'\n")
    assert report.kind == "value" and report.runs == {}
