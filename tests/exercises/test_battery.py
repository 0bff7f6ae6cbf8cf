"""Answers that no author of an exercise had seen: right ones are accepted, wrong ones are told what is wrong."""

from __future__ import annotations

import importlib

import pytest

from helpers.checker import Exercise
from tests.exercises import trying
from tests.exercises.battery.answers import HOSTILE, RIGHT, UNSEEN, WRONG, Answer
from tests.exercises.test_lessons import EXERCISES, LESSONS, SECONDS

pytestmark = pytest.mark.slow

BATTERY: dict[str, tuple[str, Answer]] = {
    f"{answer.comes} {lesson}.{answer.exercise}: {answer.what}": (f"{lesson}.{answer.exercise}", answer)
    for lesson in LESSONS
    for answer in importlib.import_module(f"tests.exercises.battery.{lesson}").ANSWERS
}
HOSTILE_SECONDS = 1         # of real time for an answer which may never end
LONGEST = 8_000             # characters of a message


def test_there_are_many_of_each_sort() -> None:
    count = {comes: sum(answer.comes == comes for _, answer in BATTERY.values()) for comes in (RIGHT, WRONG, HOSTILE)}
    assert count[RIGHT] >= 45 and count[WRONG] >= 45 and count[HOSTILE] >= 25
    assert {exercise for exercise, _ in BATTERY.values()} == set(EXERCISES)


@pytest.mark.parametrize("name", BATTERY)
def test_it_gets_the_verdict_that_it_deserves(name: str) -> None:
    exercise_name, answer = BATTERY[name]
    exercise: Exercise = EXERCISES[exercise_name]
    never_ends = any("come to an end" in fact for fact in answer.says)
    if answer.comes == HOSTILE or never_ends:           # in a process such as a learner's answer has
        report = exercise.check(exercise.compile(answer.source), seconds=HOSTILE_SECONDS)
    else:
        report = trying.check(exercise_name, exercise, answer.source, SECONDS)
    message = " ".join(report.message.split()).lower()
    if answer.comes == UNSEEN:
        assert report.outcome in ("right", "unchecked"), report
        assert report.outcome == "right" or "this says nothing about whether your answer is right" in message, report
    elif answer.comes == HOSTILE:
        assert report.outcome in ("right", "wrong", "unchecked")
    else:
        assert report.outcome == answer.comes, report
    for fact in answer.says:
        assert any(words in message for words in fact.split("|")), report
    for words in answer.never:
        assert words not in message, report
    assert len(report.message) <= LONGEST
