"""Colours: far apart for everybody, and words on them that can be read."""

from __future__ import annotations

import pytest

from helpers.drawing.palette import STATES, state_of
from helpers.wait_kinds import WAITS
from tests.drawing.samples import COLOUR
from tools.colours import closest, contrast


def test_colours_are_far_apart_in_every_kind_of_vision():
    for vision, (distance, one, other) in closest(COLOUR).items():
        assert distance >= 20, f"{one} and {other} are {distance:.1f} apart in {vision} vision"


def test_distances_of_colours_are_right():
    """Against published values: black and white are 100 apart, red and green (sRGB) 170.6."""
    assert closest({"a": "#000000", "b": "#ffffff"})["normal"][0] == pytest.approx(100, abs=0.1)
    assert closest({"a": "#ff0000", "b": "#00ff00"})["normal"][0] == pytest.approx(170.6, abs=0.2)
    assert closest({"a": "#c0604d", "b": "#8c7a4d"})["deutan"][0] < 15, "red and olive, to a deuteranope"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_words_can_be_read_on_every_colour():
    for state in STATES:
        assert contrast(state.colour, state.text) >= 4.5, state.name


def test_every_kind_of_wait_has_a_family_and_unknown_ones_are_futures():
    assert {kind.family for kind in WAITS.values()} <= set(COLOUR)
    assert state_of("wait", "queue get").name == "queue"
    assert state_of("wait", "turn").name == "ready"
    assert state_of("wait", "something new").name == "future"
    assert state_of("run", "").name == "running"
