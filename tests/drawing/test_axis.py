"""The time axis: its unit and its ticks."""

from __future__ import annotations

import pytest

from helpers.drawing.axis import Unit


@pytest.mark.parametrize("until", [1e-6, 3e-5, 0.0021, 0.05, 0.1, 0.335, 1.2, 59.0, 3600.0, 1e7])
def test_ticks_are_few_and_tell_times_apart(until):
    unit = Unit(until)
    ticks = unit.ticks(until)
    assert 3 <= len(ticks) <= 10 and ticks[0] == 0 and ticks[-1] <= until * 1.000001
    assert len({unit.tick(t) for t in ticks}) == len(ticks)
