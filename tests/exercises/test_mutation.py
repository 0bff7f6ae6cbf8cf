"""Every solution, changed in one place: the exercise must refuse it, or `harmless.py` says why it may be accepted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checker import samples
from tests.exercises import mutation
from tests.exercises.harmless import HARMLESS
from tests.exercises.mutants import mutants
from tests.exercises.test_lessons import EXERCISES, LESSONS

ROOT = Path(__file__).resolve().parents[2]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants run in processes that are forked off")
SOURCE = """
async def first(shops, limit):
    for shop in shops:
        try:
            price = await shop.price("tea")
        except ConnectionError:
            continue
        if price < limit:
            return shop.name, price
"""
CHANGES = [
    "||if price < limit: -> ||if price <= limit:",
    "||if price < limit: -> ||if True:",
    "|||continue -> |||break",
    "||except ConnectionError: -> ||except OSError:",
    "||except ConnectionError: -> ||except ShopError:",
    "|||price = await shop.price('tea') -> |||price = shop.price('tea')",
    "|||price = await shop.price('tea') -> |||price = await shop.price('teas')",
    "|||price = await shop.price('tea') -> |||price = await shop.price_blocking('tea')",
    "|||price = await shop.price('tea') -> |||price = await _never_asked(shop, 'tea')",
    "|for shop in shops: -> |for shop in list(shops)[:-1]:",
    "|||return (shop.name, price) -> |||return (price, shop.name)",
    "|||return (shop.name, price) -> |||(shop.name, price)",
    "||if price < limit: ; |||return (shop.name, price) -> |if price < limit: ; ||return (shop.name, price)",
]
WEAK = """
from tests.checker import samples
from tests.exercises import mutation
with mutation.forking():
    print(*mutation.to_look_at("a sample", samples.two_at_once)[1], sep="\\n")
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_every_mutant_is_refused_or_harmless(lesson: str) -> None:
    done = _run("-m", "tests.exercises.mutation", lesson)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_fork
@pytest.mark.slow
def test_what_a_weak_exercise_accepts_is_named() -> None:
    """The one case of `two_at_once` does not demand that two requests are under way, and asks for tea only."""
    done = _run("-c", WEAK)
    assert "called right: |free = asyncio.Semaphore(2) -> |free = asyncio.Semaphore(1)" in done.stdout, done.stderr
    assert "called right: item = 'tea'" in done.stdout
    assert "Semaphore(3)" not in done.stdout


def test_a_solution_is_changed_in_every_way() -> None:
    found = {mutation.key(mutant.change) for mutant in mutants(SOURCE)}
    assert not [change for change in CHANGES if mutation.key(change) not in found]


def test_mutants_differ_in_source_and_name() -> None:
    found = list(mutants(SOURCE))
    assert len({mutant.source for mutant in found}) == len({mutant.change for mutant in found}) == len(found)


def test_arguments_and_results_are_fixed_as_in_a_case() -> None:
    found = {mutant.change: mutant.source for mutant in mutation.fixed_answers(samples.ask)}
    assert found["return [320, 290, 335]"] == "async def ask(shops, item):\n    return [320, 290, 335]"
    assert found["item = 'tea'"].startswith("async def ask(shops, item):\n    item = 'tea'\n    return await")
    assert "shops = [shops[i] for i in range(3)]" in found


def test_harmless_mutants_have_a_reason_and_an_exercise() -> None:
    assert set(HARMLESS) <= set(EXERCISES)
    assert all(reason.endswith(".") for reasons in HARMLESS.values() for reason in reasons.values())


def test_a_name_that_is_no_exercise_is_no_success(capsys) -> None:
    assert mutation.main(["lesson_99"]) != 0
