"""What an exercise is, and what a learner calls: check, hint, solution."""

from __future__ import annotations

import inspect
import pkgutil
from pathlib import Path

import pytest

import helpers.checker
from helpers.checker import Exercise, Mistake, process
from helpers.notebook import progress_file
from tests.checker import samples
from tests.checker.answers import WRONG, body, check

pytestmark = pytest.mark.slow


def test_an_exercise_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="defines no function"):
        samples.exercise("x = 1", "y = 1")
    with pytest.raises(ValueError, match="no kind of mistake 'confusion'"):
        Exercise(title="t", task="t", starter=samples.ask.starter, solution="", hints=[], why="", follow_up="",
                 mistakes=[Mistake("confusion", "", "")])
    with pytest.raises(ValueError, match="needs a docstring"):
        @samples.exercise(samples.ask.starter, "").case()
        async def silent(answer):
            pass


@pytest.mark.parametrize("exercise", [samples.ask, samples.in_turn, samples.two_at_once, samples.call, samples.fail,
                                      samples.drive], ids=lambda exercise: exercise.name)
def test_the_solution_is_right_and_the_starter_is_untried(exercise: Exercise) -> None:
    report = exercise.check(exercise.compile(exercise.solution_source))
    assert report.outcome == "right"
    told, _, compare = report.message.partition("\nTo compare: ")
    assert told == "Right.\nIn the course's solution: It is right.\nTo go on: Go on."
    assert compare == ("" if exercise is samples.drive else
                       f"`exercises.{exercise.name}.compare()` draws your run beside that of the solution.")
    assert exercise.check(exercise.compile(exercise.starter)).outcome == "untried"


def test_an_untried_answer_is_not_run(monkeypatch) -> None:
    monkeypatch.setattr(process, "run", lambda job: pytest.fail("it was run"))
    monkeypatch.setattr(process.spares, "fill_soon", lambda: None)
    assert check(samples.ask, samples.ask.starter).outcome == "untried"


def test_what_an_answer_prints_is_shown() -> None:
    right = check(samples.ask, body("""
        print("asking", len(shops))
        return await asyncio.gather(*[shop.price(item) for shop in shops])"""))
    assert right.outcome == "right"
    assert "Your code printed: asking 3" in right.message
    stuck = check(samples.ask, body("""
        print("before the loop")
        while True: pass"""), seconds=0.5)
    assert "before the loop" in stuck.message


def test_much_output_is_cut() -> None:
    report = check(samples.ask, body("""
        print("x" * 1_000_000)
        return []"""))
    assert report.kind == "value"
    assert "... and 998,001 characters more" in report.message
    assert len(report.message) < 4_000


def written(answer, folder: Path) -> tuple[str, str]:
    """What is said when an answer to `ask` is written into a file, and what the file holds."""
    path = folder / "ask.py"
    return samples.ask.write(answer, path).message, path.read_text(encoding="utf-8")


RIGHT_ANSWER = body("""
    return await asyncio.gather(*[shop.price(item) for shop in shops])""")


def test_a_right_answer_is_written_into_a_file_that_can_be_imported(tmp_path) -> None:
    message, text = written(samples.ask.compile(RIGHT_ANSWER), tmp_path)
    assert "ask.py holds your ask." in " ".join(message.split())
    assert text.startswith("import asyncio\n") and text.endswith(RIGHT_ANSWER)
    namespace: dict[str, object] = {}
    exec(text, namespace)
    assert inspect.iscoroutinefunction(namespace["ask"])


@pytest.mark.parametrize("answer", [None, 3, samples.ask.compile(samples.ask.starter), samples.fail.compile(
    samples.fail.solution_source)], ids=["none", "a number", "the starter", "another function"])
def test_of_an_answer_that_is_not_right_the_solution_is_written(answer, tmp_path) -> None:
    message, text = written(answer, tmp_path)
    assert "holds the course's ask: yours is not right yet. When it is, run" in " ".join(message.split())
    assert text.endswith(samples.ask.solution_source)


def test_an_answer_that_needs_something_else_of_the_notebook_is_not_written(tmp_path) -> None:
    answer = samples.ask.compile("def asked(shop, item):\n    return shop.price(item)\n\n\n" + body("""
        return await asyncio.gather(*[asked(shop, item) for shop in shops])"""))
    assert samples.ask.check(answer).outcome == "right"
    message, text = written(answer, tmp_path)
    assert "Put helper functions, and imports of what is not in the standard library," in " ".join(message.split())
    assert text.endswith(samples.ask.solution_source)


@pytest.mark.parametrize("source", [
    "def same(function):\n    return function\n\n\n@same\n" + RIGHT_ANSWER,
    RIGHT_ANSWER.replace("def ask", "def other") + "\n\nask = other\n",
], ids=["decorated", "another name"])
def test_of_a_right_answer_that_no_file_can_hold_it_is_not_said_that_it_is_wrong(source, tmp_path) -> None:
    answer = samples.ask.compile(source)
    assert samples.ask.check(answer).outcome == "right"
    message, text = written(answer, tmp_path)
    assert "yours is right, but needs something else of the notebook." in " ".join(message.split())
    assert text.endswith(samples.ask.solution_source)


def test_what_an_answer_uses_of_the_standard_library_is_imported_in_its_file(tmp_path) -> None:
    imports = "import math, os.path as paths\nfrom asyncio import gather as together\nfrom contextlib import suppress\n"
    answer = samples.ask.compile(imports + body("""
        with suppress(OSError):
            prices = await together(*[shop.price(item) for shop in shops])
        return list(prices)[:math.floor(len(paths.join("a", "b")))]"""))
    message, text = written(answer, tmp_path)
    assert "ask.py holds your ask." in " ".join(message.split())
    lines = text.partition("\n\n")[0].splitlines()
    assert {"import math", "from asyncio.tasks import gather as together", "from contextlib import suppress"} < {*lines}
    assert lines.count("import asyncio") == 1
    namespace: dict[str, object] = {}
    exec(text, namespace)
    assert inspect.iscoroutinefunction(namespace["ask"])


def test_an_assigned_global_is_noted() -> None:
    report = check(samples.ask, "count = 0\n\n\n" + body("""
        global count
        count = 1
        return await asyncio.gather(*[shop.price(item) for shop in shops])"""))
    assert report.outcome == "right"
    assert "global count" in report.message and "unchanged" in report.message


def test_hints_come_one_by_one() -> None:
    exercise = samples.exercise(samples.ask.starter, samples.ask.solution_source)
    texts = [str(exercise.hint()) for _ in range(5)]
    assert texts[0] == "Hint 1 of 3: a nudge"
    assert texts[2] == "Hint 3 of 3, the last one: all"
    assert "no more hints" in texts[3] and "ask.solution()" in texts[3]
    assert texts[4] == texts[3]


def test_the_solution_is_shown_with_its_timeline() -> None:
    report = samples.ask.solution()
    assert "asyncio.gather" in report.message and "Why: It is right." in report.message
    assert report.runs["solution"].elapsed == 0.5
    assert samples.drive.solution().runs == {}


def test_the_marked_case_is_drawn() -> None:
    exercise = samples.exercise(samples.call.starter, samples.call.solution_source)
    answered, stopped = (case.function for case in samples.call.cases)
    exercise.case(returns=320)(answered)
    exercise.case(drawn=True)(stopped)
    report = exercise.solution()
    assert "The call is cancelled after 0.1 s" in report.message
    assert "cancelled" in report.runs["solution"].text()


NAMED = body("""
    tasks = [asyncio.create_task(shop.price(item), name=f"mine {shop.name}") for shop in shops]
    return [await task for task in tasks]""")


def test_a_right_answer_is_compared_with_the_solution_on_request() -> None:
    exercise = samples.exercise(samples.ask.starter, samples.ask.solution_source)
    exercise.cases = samples.ask.cases
    assert 'first let exercises.ask.check(ask) say "Right."' in " ".join(exercise.compare().message.split())
    check(exercise, WRONG["sequential"][-1])
    assert exercise.compare().runs == {}

    assert check(exercise, NAMED).outcome == "right"
    report = exercise.compare()
    assert list(report.runs) == ["yours", "solution"]
    assert [task.name for task in report.runs["yours"].tasks if task.name.startswith("mine ")] == (
        ["mine north", "mine south", "mine west"])
    assert not any(task.name.startswith("mine ") for task in report.runs["solution"].tasks)
    assert report.blocks[0].text == exercise.cases[0].description and "as it was when" in report.message
    assert "The difference:" not in report.message

    check(exercise, WRONG["sequential"][-1])                    # what was right before can still be compared
    assert report.runs["yours"].text() == exercise.compare().runs["yours"].text()
    check(exercise, exercise.solution_source)
    assert "The difference: none that a timeline shows." in exercise.compare().message
    exercise.reset()
    assert exercise.compare().runs == {}


def test_the_marked_case_is_compared() -> None:
    exercise = samples.exercise(samples.call.starter, samples.call.solution_source)
    answered, stopped = (case.function for case in samples.call.cases)
    exercise.case(returns=320)(answered)
    exercise.case(drawn=True)(stopped)
    assert check(exercise, samples.call.solution_source).outcome == "right"
    report = exercise.compare()
    assert "The call is cancelled after 0.1 s" in report.message and "cancelled" in report.runs["yours"].text()


def test_without_a_timeline_nothing_is_compared() -> None:
    assert check(samples.drive, samples.drive.solution_source).outcome == "right"
    assert "no timeline of this exercise was recorded" in samples.drive.compare().message


def test_a_hint_of_code_is_shown_as_code() -> None:
    exercise = samples.exercise(samples.ask.starter, samples.ask.solution_source)
    exercise.hints = ("Fill in the dots:\n    return await ...\n    # so\n", "Use `gather`.")
    report = exercise.hint()
    assert str(report) == "Hint 1 of 2: Fill in the dots:\n    return await ...\n    # so"
    assert '<pre class="wyw-python"><span class="wyw-keyword">return</span>' in report._html()
    assert "<code>gather</code>" in exercise.hint()._html()


def test_one_case_is_drawn_and_it_has_a_timeline() -> None:
    exercise = samples.exercise(samples.ask.starter, samples.ask.solution_source)
    exercise.case(drawn=True)(samples.all_prices)
    with pytest.raises(ValueError, match="all_prices is marked with drawn=True, and at_most_two too"):
        exercise.case(drawn=True)(samples.at_most_two)
    with pytest.raises(ValueError, match="one_coroutine is a plain def"):
        exercise.case(drawn=True)(samples.one_coroutine)


def test_an_interrupted_run_of_the_solution_is_not_taken_for_a_whole_one(monkeypatch) -> None:
    """The call has two cases; the stop button is pressed after the first."""
    exercise = samples.exercise(samples.call.starter, samples.call.solution_source)
    exercise.cases = samples.call.cases
    original = process.run

    def run(job):
        yield next(original(job))
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "run", run)
    with pytest.raises(KeyboardInterrupt):
        check(exercise, samples.call.solution_source)
    monkeypatch.undo()
    report = check(exercise, WRONG["swallows and goes on"][-1])
    assert report.kind == "swallowed"
    assert list(report.runs) == ["yours", "wanted"]
    assert report.runs["wanted"].elapsed == 0.1


def test_no_module_of_the_checker_has_the_name_of_what_it_exports() -> None:
    """Else `import helpers.checker.expect as m` might give a function."""
    modules = {module.name for module in pkgutil.iter_modules(helpers.checker.__path__)}
    assert not modules & set(helpers.checker.__all__)
    assert all(hasattr(helpers.checker, name) for name in helpers.checker.__all__)


def test_a_right_answer_is_remembered_in_the_lesson_that_the_exercise_names(monkeypatch) -> None:
    marked = []
    monkeypatch.setattr(progress_file, "mark", lambda *names: marked.append(names))
    for lesson in ("", "04"):
        exercise = samples.exercise(samples.ask.starter, samples.ask.solution_source, lesson=lesson)
        exercise.cases = samples.ask.cases
        assert check(exercise, samples.ask.solution_source).outcome == "right"
    assert marked == [("lesson_04", "ask")]
