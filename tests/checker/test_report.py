"""How verdicts look in a notebook."""

from __future__ import annotations

import subprocess
import sys

from helpers.checker.report import Block
from helpers.markup import into_view
from tests.checker import samples
from tests.checker.answers import WRONG, body, check


def test_a_wrong_answer_is_shown_beside_the_wanted_one() -> None:
    report = check(samples.ask, WRONG["sequential"][-1])
    assert list(report.runs) == ["yours", "wanted"]
    assert report.runs["yours"].elapsed == 1.0 and report.runs["wanted"].elapsed == 0.5
    assert "yours: 1 task in 1 s" in str(report) and '"wanted" takes 0.5 s, "yours" 1 s' in str(report)
    bundle = report._repr_mimebundle_()
    assert bundle["text/plain"] == str(report)
    assert "<img alt=" in bundle["text/html"] and "data:image/png;base64," in bundle["text/html"]
    assert "Not yet right:" in bundle["text/html"]


def test_an_untried_answer_is_shown_always_the_same() -> None:
    """It is stored in the notebooks."""
    reports = [check(samples.ask, samples.ask.starter)._repr_mimebundle_() for _ in range(2)]
    assert reports[0] == reports[1]
    assert reports[0]["text/html"].startswith('<div style="line-height: 1.6"><div><b>Not tried yet.</b> Write')


def test_html_of_a_learner_is_escaped() -> None:
    bundle = check(samples.ask, body("return ['<script>alert(1)</script>']"))._repr_mimebundle_()
    assert bundle["text/html"].replace(into_view(), "").count("<script") == 0
    assert "&lt;script&gt;" in bundle["text/html"]
    for block in (Block("<b>", "<i>"), Block("<b>", "<i>", code=True), Block("<b>", "<i>\n<i>", code=True),
                  Block("<b>", "<i>", output=True), Block("<b>", "<i>\n<i>", output=True)):
        assert "&lt;b&gt;" in block.html() and "&lt;i&gt;" in block.html() and "<i>" not in block.html()


def test_blocks_keep_code_and_fold_prose() -> None:
    assert str(Block("Line 4:", "x = 1", code=True)) == "Line 4: x = 1"
    assert str(Block("Code:", "def f():\n    pass\n", code=True)) == "Code:\n    def f():\n        pass"
    assert all(len(line) <= 100 for line in str(Block("Why:", "word " * 60)).splitlines())


def test_there_is_no_picture_where_nobody_waits() -> None:
    report = check(samples.quick, "async def quick(shop):\n    return 'tea'\n")
    assert report.kind == "value" and report.runs == {}


def test_python_is_coloured_and_what_was_printed_is_not() -> None:
    assert '<span class="wyw-keyword">await</span>' in Block("Line 2:", "await shop.price(item)", code=True).html()
    printed = Block("Your code printed:", "await shop.price(item)", output=True)
    assert printed.html() == "<div><b>Your code printed:</b> <code>await shop.price(item)</code></div>"
    solution = samples.ask.solution()._repr_mimebundle_()["text/html"]
    assert solution.count("<style>") == 1 and '<pre class="wyw-python">' in solution
    assert "<style>" not in samples.ask.hint()._repr_mimebundle_()["text/html"]


def test_a_report_is_made_without_the_packages_that_its_html_needs() -> None:
    """The first notebook imports its exercises before it can say what is not installed."""
    program = "import sys, helpers.checker; print([n for n in ('markupsafe', 'pygments') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
