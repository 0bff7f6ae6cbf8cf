"""Durations, counts and lists in words."""

from __future__ import annotations

import pytest

from helpers.words import (
    columns,
    cut_apart,
    error_in_words,
    first_line,
    isolated,
    padded,
    short,
    shortened,
    shown_name,
    told_apart,
)


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


HUGE = "x" * 1_000_000
NAMES = [
    "", " ", "\n\t", "\u0301", "\u200b", "\ud800", "\x1b[31mred\x1b[0m", "\u202eevil", "<b>&amp;</b>", "שלום", "مرحبا",
    "東京" * 30, "👩\u200d👩\u200d👧", "e" + "\u0301" * 1_000, HUGE, HUGE + "1", "1" + HUGE, "$x_1$", "a\\b",
    "(no name) 2",
]


@pytest.mark.parametrize("width", [8, 24, 40])
def test_any_names_are_fit_to_be_shown_and_different(width):
    told = told_apart(NAMES * 3, width)
    assert len(told) == len(set(told)) == 3 * len(NAMES)
    for name in told:
        assert name.isprintable() and name.strip() == name and 0 < columns(name) <= width
        name.encode()                       # no lone surrogate


def test_a_cut_keeps_what_tells_names_apart():
    assert told_apart(["PriceServer.handle_connection"] * 3, 24) == [
        "PriceServer.handle_conn…", "PriceServer.handle_co… 2", "PriceServer.handle_co… 3"]
    ends = told_apart([f"RequestResponseCycle.run_asgi_{end}" for end in ("first", "last")], 24)
    assert all("…" in name and len(name) <= 24 for name in ends) and ends[0][-3:] == "rst" and ends[1][-3:] == "ast"
    middle = told_apart([f"{'a' * 60}{letter}{'b' * 60}" for letter in "xy"], 24)
    assert middle == ["a" * 23 + "…", "a" * 21 + "… 2"]
    assert shortened("item of a long name 12", 12) == "item of… 12"


def test_many_names_cost_little():
    """A bound on the work, not on the time: each name is looked at a few times."""
    calls = 0

    def measure(text):
        nonlocal calls
        calls += 1
        return float(len(text))

    names = [f"{'x' * 100}{number}" for number in range(2_000)]
    assert len(set(cut_apart(names, 20, measure))) == 2_000
    assert calls < 100 * len(names)


def test_columns_of_a_terminal():
    assert [columns(text) for text in ("tea", "茶茶", "e\u0301", "\u2068a\u2069", "")] == [3, 4, 1, 1, 0]
    assert [columns(padded(name, 6)) for name in ("tea", "茶", "e\u0301")] == [6, 6, 6]


def test_a_name_from_right_to_left_does_not_turn_round_its_row():
    assert isolated("tea 茶") == "tea 茶" and isolated("שלום") == "\u2068שלום\u2069"


def test_a_text_without_end_is_cut():
    assert len(first_line("a" * 10**6)) == 500 and first_line("a\n" * 10**6) == "a"
    assert len(shown_name("a b " * 10**6)) == 40
