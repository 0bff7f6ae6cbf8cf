"""What a case may demand."""

from __future__ import annotations

import pytest

from helpers.checker import Failed, equal, shown


def test_values_are_compared_and_shown() -> None:
    equal([1, 2], [1, 2])
    for got, kind in (([2, 1], "order"), ([1, 1], "value"), ([[2], [1]], "value"), (None, "value")):
        with pytest.raises(Failed) as caught:
            equal(got, [1, 2])
        assert caught.value.kind == kind
    assert shown("x" * 500).endswith("…") and len(shown("x" * 500)) == 200
