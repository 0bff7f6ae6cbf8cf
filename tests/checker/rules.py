"""The rules for what the checker says, as checks: see CONTRIBUTING.md."""

from __future__ import annotations

import re

from helpers.checker.kinds import NOT_JUDGED
from helpers.checker.report import Report

# Python itself speaks of a just-started coroutine.
BELITTLES = re.compile(
    r"\b(just(?!-)|simply|obviously|of course|trivial\w*|easy|easily|clearly|merely)\b", re.IGNORECASE)
MOST_WORDS = 60             # of one thing to try


def sentences(text: str) -> int:
    """How many sentences a text has. An ellipsis, and a full stop in a name or a number, end none."""
    return len(re.findall(r"(?<!\.)[.?!](?=\s+[A-Z]|\s*$)", text))


def check_advice(text: str) -> None:
    """One thing to do, and then the reason."""
    assert not BELITTLES.search(text), text
    assert text.endswith((".", "?")), text
    assert text[0].isupper() or text.split()[0].rstrip(",:") in text, text
    assert sentences(text) <= 2, f"more than a recommendation and its reason: {text}"
    assert len(text.split()) <= MOST_WORDS, text
    assert not re.search(r"\bIf it (says|speaks)\b", text), f"it speaks of several mistakes: {text}"


def check_report(report: Report) -> None:
    """What was seen, then where, then what was asked and wanted, then what to try; nothing twice."""
    heads = [re.sub(r"\d+", "N", block.heading) for block in report.blocks]
    order = ["Not judged:" if report.kind in NOT_JUDGED else "Not yet right:", "Line N:", "Where:", "Asked:", "Wanted:",
             "Try:", "Also:", "Your code printed:", "Note:", "This lesson:"]
    assert heads == [head for head in order if head in heads], report
    assert {"Try:"} <= set(heads), report
    points = [block for block in report.blocks if block.heading in (order[0], "Try:", "Also:")]
    assert len(points) <= 3
    for block in report.blocks:
        if block.heading != "Your code printed:" and not block.code:
            assert not BELITTLES.search(block.text), report
            assert block.text.strip() and "  " not in block.text, report
    check_advice(next(block.text for block in report.blocks if block.heading == "Try:"))
