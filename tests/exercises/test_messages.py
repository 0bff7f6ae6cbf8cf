"""The rules for what the checker says, held against all that is written down: see CONTRIBUTING.md.

What it says of an answer is held against them where that answer is tried: `check_report` in the other tests.
"""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import helpers.exercises
from helpers.checker import Exercise, exercises_of, remedies
from helpers.checker.kinds import KINDS
from tests.checker.rules import BELITTLES, check_advice
from tests.exercises.test_lessons import EXERCISES

# -- what is written down --------------------------------------------------------------------------------------

FIXED = {
    **{f"kind {kind}": text for kind, text in KINDS.items()},
    **{f"rule {pattern[:50]}": text for pattern, text in remedies._RULES if isinstance(text, str)},
    **{f"after {pattern[:50]}": text for pattern, text in remedies._OF_THE_TASK},
    **{f"{name} {key}": text for name, exercise in EXERCISES.items() for key, text in exercise.advice.items()},
}


@pytest.mark.parametrize("name", FIXED)
def test_advice_is_one_recommendation_and_its_reason(name: str) -> None:
    check_advice(FIXED[name])


@pytest.mark.parametrize("name", EXERCISES)
def test_no_text_of_an_exercise_belittles(name: str) -> None:
    exercise = EXERCISES[name]
    for text in (exercise.task, exercise.why, exercise.follow_up, *exercise.hints,
                 *(case.description for case in exercise.cases)):
        assert not BELITTLES.search(text), text


@pytest.mark.parametrize("text", [
    "Simply await it.", "Await it. It waits. It ends.", "Read it. If it says unhashable, the star is missing.",
    "no full stop", "It is " + "very " * 60 + "long.",
])
def test_the_rules_find_what_breaks_them(text: str) -> None:
    with pytest.raises(AssertionError):
        check_advice(text)


def test_every_lesson_is_looked_at() -> None:
    modules = [importlib.import_module(f"helpers.exercises.{m.name}")
               for m in pkgutil.iter_modules(helpers.exercises.__path__)]
    known: list[Exercise] = [exercise for module in modules for _, exercise in exercises_of(module)]
    assert len(known) == len(EXERCISES)
