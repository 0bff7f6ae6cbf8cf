"""Shares of tasks over time: coverage, the image of many lanes, and the layers of the curve."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from helpers.drawing.shares import coverage


@given(
    intervals=st.lists(st.tuples(st.integers(0, 3), st.floats(0, 10), st.floats(0, 10)), max_size=12),
    bins=st.integers(1, 40),
)
def test_coverage_is_exact(intervals, bins):
    rows = np.array([row for row, _, _ in intervals], int)
    start = np.array([min(a, b) for _, a, b in intervals])
    end = np.array([max(a, b) for _, a, b in intervals])
    expected = np.zeros((4, bins))
    width = 10 / bins
    for row, a, b in zip(rows, start, end):
        for k in range(bins):
            expected[row, k] += max(0.0, min(b, (k + 1) * width) - max(a, k * width)) / width
    np.testing.assert_allclose(coverage(rows, 4, start, end, 10.0, bins), expected, atol=1e-9)
