"""What a case may demand."""

from __future__ import annotations

from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy
import pytest

from helpers.checker import Failed, equal, shown


def test_values_are_compared_and_shown() -> None:
    equal([1, 2], [1, 2])
    for got, kind in (([2, 1], "order"), ([1, 1], "value"), ([[2], [1]], "value"), (None, "value")):
        with pytest.raises(Failed) as caught:
            equal(got, [1, 2])
        assert caught.value.kind == kind
    assert shown("x" * 500).endswith("…") and len(shown("x" * 500)) == 200


def failure(got, wanted) -> Failed:
    with pytest.raises(Failed) as caught:
        equal(got, wanted)
    return caught.value


def test_numbers_of_libraries_are_numbers() -> None:
    for number in (Decimal(320), Fraction(320), numpy.int64(320), numpy.float32(320), 320.0):
        equal([number], [320])
        failure([number + 1], [320])

    class Odd(Decimal):
        def __eq__(self, other):
            return True

        __hash__ = None

    class OddInteger(numpy.int64):
        def __eq__(self, other):
            return True

        __hash__ = None

    failure(Odd(1), 320)
    failure(OddInteger(1), 320)


def test_what_looks_like_what_is_wanted_is_told_by_its_type() -> None:
    class Odd(int):
        def __eq__(self, other):
            return False

        __hash__ = None

    assert failure([1, [Odd(2)]], [1, [2]]).observed == "the result is [1, [2]], with an object of the type Odd"
    assert failure(Odd(2), 2).observed == "the result is 2, with an object of the type Odd"


def test_a_tuple_instead_of_a_list_is_no_matter_of_order() -> None:
    pair = namedtuple("pair", "one other")
    for got in ((1, 2), pair(1, 2)):
        error = failure(got, [1, 2])
        assert error.kind == "value" and error.observed.endswith(", a tuple") and error.wanted.endswith(", a list")
    assert failure(pair(2, 1), [1, 2]).kind == "order"


def test_addresses_are_left_out() -> None:
    assert shown([object(), (one for one in [])]) == (
        "[<object object>, <generator object test_addresses_are_left_out.<locals>.<genexpr>>]")
    assert shown("at 0x7f0000000000 it stands") == "'at 0x7f0000000000 it stands'"
