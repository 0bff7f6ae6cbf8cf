"""The search for a hidden time.sleep takes 0.1 s in a Jupyter kernel: it must not be repeated for every run."""

from __future__ import annotations

import asyncio
import functools
import time

import pytest

from helpers import simulate
from helpers.virtual import clock as virtual_clock
from helpers.virtual.clock import EscapedSleep


@pytest.fixture
def searches(monkeypatch):
    made, search = [], virtual_clock._hidden_sleep

    def counted():
        made.append(1)
        return search()

    monkeypatch.setattr(virtual_clock, "_hidden_sleep", counted)
    monkeypatch.setattr(virtual_clock, "_known", [0])
    return made


def test_harmless_holder_is_searched_for_once(searches):
    keeper = (time.sleep,)              # as a library's: nothing of the learner's leads to it
    for _ in range(5):
        assert simulate(asyncio.sleep(1)).elapsed == 1
    assert len(searches) == 1
    assert keeper[0] is time.sleep


def test_holder_that_changes_is_searched_for_again(searches):
    keeper = [time.sleep]
    for _ in range(2):
        simulate(asyncio.sleep(1))
    assert len(searches) > 1 and keeper


def test_harmful_holder_is_found_although_a_search_found_nothing_before(searches):
    keeper = (time.sleep,)
    simulate(asyncio.sleep(1))
    nap = functools.partial(time.sleep, 1)
    for _ in range(2):
        with pytest.raises(EscapedSleep, match="functools.partial"):
            simulate(asyncio.sleep(1))
    del nap
    assert simulate(asyncio.sleep(1)).elapsed == 1
    assert keeper[0] is time.sleep
