"""The examples in the docstrings of `helpers` give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "helpers").rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


def failures(examples: list[doctest.DocTest]) -> str:
    """What the examples that fail give instead, or ""."""
    said: list[str] = []
    for example in examples:
        doctest.DocTestRunner().run(example, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name):
    examples = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name))
    assert any(example.examples for example in examples), ">>> stands outside of a docstring"
    assert not failures(examples)


def test_there_are_examples_and_a_wrong_one_is_noticed():
    assert "helpers.words" in MODULES
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert "Expected:\n    3\nGot:\n    2" in failures([wrong])
