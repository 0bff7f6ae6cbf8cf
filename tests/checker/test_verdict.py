"""What the checker says of answers: each kind of mistake, on the right line, in words that name it."""

from __future__ import annotations

import textwrap

import pytest

from helpers.checker.kinds import KINDS, NOT_JUDGED
from tests.checker import samples
from tests.checker.answers import WRONG, body, check
from tests.checker.rules import check_report

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_own_message(name: str) -> None:
    exercise, kind, line, fragment, source = WRONG[name]
    report = check(exercise, source, seconds=1 if name == "spins" else 10)
    assert (report.outcome, report.kind) == ("unchecked" if kind in NOT_JUDGED else "wrong", kind), report
    assert fragment in report.message
    if line:
        assert report.line == line, report
        text = textwrap.dedent(source).lstrip("\n").splitlines()[line - 1].strip()
        assert f"Line {line}: {text}" in report.message
    check_report(report)


def test_every_kind_that_an_answer_can_earn_is_tried() -> None:
    elsewhere = {"coroutine object", "not a function", "cannot send", "died", "memory", "thread"}
    assert {kind for _, kind, *_ in WRONG.values()} | elsewhere == set(KINDS)


def test_a_solution_written_differently_is_right() -> None:
    assert check(samples.ask, body("""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(shop.price(item), name=shop.name) for shop in shops]
        return [task.result() for task in tasks]""")).outcome == "right"


def test_threads_take_part() -> None:
    report = check(samples.ask, body("""
        return await asyncio.gather(*[asyncio.to_thread(shop.price_blocking, item) for shop in shops])"""))
    assert report.outcome == "right"


def test_what_a_case_demands_is_no_part_of_the_learners_timeline() -> None:
    report = check(samples.ask, body("return sorted(await asyncio.gather(*[shop.price(item) for shop in shops]))"))
    assert report.kind == "order"
    assert not report.runs or "Failed" not in str(report)
    report = check(samples.ask, body("await asyncio.sleep(1)\nreturn 3"))
    assert report.kind == "value" and report.runs
    assert "Failed" not in str(report) and "1 failed" not in str(report)


def test_an_assert_of_the_learners_is_told_as_an_exception() -> None:
    report = check(samples.ask, body("assert item == 'coffee', 'no coffee'"))
    assert (report.kind, report.line) == ("error", 2) and "AssertionError: no coffee" in report.message


def test_a_demand_that_follows_from_an_exception_names_its_line() -> None:
    report = check(samples.step, "def step(coroutine):\n    value = 1\n    return coroutine.send(value)\n")
    assert (report.kind, report.line) == ("error", 3) and "just-started" in report.message
