"""Durations, counts and lists in words."""

from __future__ import annotations

import pytest

from helpers.words import error_in_words, short, told_apart


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (1e-9, "< 1 µs"), (3e-6, "3 µs"), (1.5e-3, "1.5 ms"), (0.08, "80 ms"), (0.0996, "0.1 s"),
     (0.3, "0.3 s"), (0.118273, "0.12 s"), (1.2, "1.2 s"), (12.345, "12.3 s"), (9.999, "10 s"), (3600, "3,600 s")],
)
def test_short_durations(seconds, expected):
    assert short(seconds) == expected


@pytest.mark.parametrize(("names", "told"), [
    ([], []),
    (["a", "b"], ["a", "b"]),
    (["a", "b", "a"], ["a", "b", "a 2"]),
    (["a", "a", "a 2"], ["a", "a 3", "a 2"]),                   # a name that was given is not given again
])
def test_names_are_told_apart(names, told):
    assert told_apart(names) == told


@pytest.mark.parametrize("problem", [RuntimeError("no text"), SystemExit()])
def test_an_exception_whose_text_cannot_be_had(problem):
    class Broken(Exception):
        def __str__(self):
            raise problem

    assert error_in_words(Broken()) == f"Broken (its __str__ raises {type(problem).__name__})"


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_exception_without_words_is_its_type(text):
    assert error_in_words(ValueError(text)) == "ValueError"
