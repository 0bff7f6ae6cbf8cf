"""The parts of the README that tools write."""

import pytest

from tools import Problem
from tools.regions import replace_region

TEXT = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n"


def test_only_what_stands_between_the_markers_is_replaced():
    new = replace_region(TEXT, "x", "new")
    assert new == "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n"
    assert replace_region(new, "x", "new") == new


@pytest.mark.parametrize("text", ["", "<!-- x: begin -->", "<!-- x: end -->", "<!-- x: end --><!-- x: begin -->"])
def test_without_its_markers_there_is_no_place_for_it(text):
    with pytest.raises(Problem, match="<!-- x: begin -->"):
        replace_region(text, "x", "new")
