"""The timeline under a replay."""

from __future__ import annotations

import pytest

from helpers import simulate
from helpers.widgets.replay.strip import WIDTH, make_strip
from tests.widgets.runs import crowd


@pytest.mark.parametrize("tasks", [0, 5, 30, 200])
def test_timeline_is_never_higher_than_a_screen_allows(tasks):
    strip = make_strip(simulate(crowd(tasks)))
    assert strip.height <= 200 and 60 <= strip.left < strip.right <= WIDTH
