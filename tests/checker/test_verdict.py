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


def test_where_a_case_is_no_coroutine_nothing_is_said_of_virtual_time() -> None:
    """There every thread is judged, and a plain def cannot await."""
    for source in ("def drive(coroutine):\n    while True: pass\n", """
            import threading
            def drive(coroutine):
                coroutine.close()
                end = threading.Event()
                threading.Thread(target=lambda: 1 / 0).start()
                end.wait()
            """):
        report = check(samples.drive, source, seconds=1)
        assert (report.outcome, report.kind) == ("wrong", "endless")
        said = report.message.partition("Your code printed:")[0]
        assert "virtual time" not in said and "await" not in said
        check_report(report)
    report = check(samples.drive, """
        import asyncio
        def drive(coroutine):
            coroutine.close()
            return asyncio.new_event_loop().create_future()
        """)
    assert report.kind == "forgotten await" and "in a plain def there is no await" in report.message


def test_a_thread_that_reaches_into_the_loop_is_told_as_a_thread() -> None:
    report = check(samples.ask, body("""
        import threading
        loop, future = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, 3)).start()
        return await asyncio.gather(*[shop.price(item) for shop in shops], future)"""))
    assert (report.outcome, report.kind, report.line) == ("unchecked", "own thread", 4)
    check_report(report)


def test_a_worker_thread_that_does_not_rest_is_told_to_end() -> None:
    report = check(samples.ask, body("""
        def spin():
            while True: pass
        return await asyncio.to_thread(spin)"""), seconds=1)
    assert report.kind == "not simulated" and "Give the function in the thread an end" in report.message


def test_a_deadlock_names_those_of_the_answer_and_not_the_case_that_waits_for_them() -> None:
    report = check(samples.two_answers, """
        async def two_answers(one, other):
            async with one:
                await asyncio.sleep(0.1)
                async with other:
                    pass
        """)
    said = " ".join(report.message.split())
    assert report.kind == "deadlock" and said.count("waits for a lock (line 4)") == 2, report
    assert "gather" not in said and "could wake any of them" in said
