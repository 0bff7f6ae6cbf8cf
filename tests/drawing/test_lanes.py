"""Lanes in numbers: spans as arrays, bars, and words that keep out of one another's way."""

from __future__ import annotations

import pytest

from helpers.drawing.axis import Unit
from helpers.drawing.lanes import Box, arrays, bars, named_panel, whole_rows, words
from helpers.drawing.palette import STATES
from helpers.drawing.svg import BrowserLetters
from helpers.recording import Place, Recording, Span
from tests.drawing.samples import everything, task, turn, wait


def test_spans_are_arrays_in_the_order_of_tasks_and_time():
    run = everything()
    spans = arrays(run)
    expected = [(each.id, span.start, span.end) for each in run.tasks for span in each.spans]
    assert list(zip(spans.lane.tolist(), spans.start.tolist(), spans.end.tolist())) == expected
    assert {STATES[number].name for number in spans.state.tolist()} == {state.name for state in STATES}


@pytest.mark.parametrize(("clock", "states"), [
    ("virtual", ["ready", "running", "clock", "ready", "ready"]),
    ("real", ["running", "clock", "clock", "ready"]),
])
def test_a_real_timer_that_is_late_is_part_of_the_wait(clock, states):
    """And a task that starts late was not kept waiting; but a turn that was given away is one, however short."""
    spans = (Span("ready", 0, 0.001), Span("run", 0.001, 0.001, step=0), wait(0.001, 0.5, "sleep"),
             Span("ready", 0.5, 0.501, "sleep"), Span("ready", 0.501, 1, "turn"))
    found = arrays(Recording((task(0, "main", *spans),), 1.0, clock))
    assert [STATES[number].name for number in found.state.tolist()] == states


def test_turns_and_narrow_waits_share_pixels():
    spans = [span for k in range(1_000) for span in (turn(k / 1e4), wait(k / 1e4, (k + 0.5) / 1e4))]
    panel = named_panel("", Recording((task(0, "main", *spans),), 1.0), 20)
    found = {each.state.name: each for each in bars(panel, 1 / 100, 1.0)}
    assert 10 <= len(found["running"].lane) <= 11 and len(found["network"].lane) == 10
    assert set((found["running"].end - found["running"].start).round(9)) == {2 / 100}, "two pixels each"


@pytest.mark.parametrize(("other", "meets"), [
    (Box(1, 20, 30), False), (Box(1, 5, 8), True), (Box(1.5, 5, 8), True), (Box(2, 5, 8), False), (Box(1, -5, 1), True),
])
def test_boxes_meet_in_a_lane_and_where_they_overlap(other, meets):
    assert Box(1, 0, 10).meets(other, 1) == other.meets(Box(1, 0, 10), 1) == meets


def test_words_about_a_block_have_a_place_of_their_own():
    """They stand beside their bar, which is too narrow; what would stand there else does not."""
    spans = (wait(0, 0.5), Span("blocked", 0.5, 0.52, "", (), Place("cell", 4, "parse"), 1), wait(0.52, 0.9), turn(0.9))
    run = Recording((task(0, "main", *spans), task(1, "other", wait(0, 0.9))), 1.0)
    found = words(named_panel("", run, 20), BrowserLetters(), 1 / 500, 500, Unit(1.0))
    assert [(each.text, each.lane) for each in found] == [("blocked 0.02 s, line 4", 0), ("request", 0), ("request", 1)]
    assert found[1].time == pytest.approx(0.25), "in the wait before, not in the one after"


@pytest.mark.parametrize(("tasks", "rows"), [(1, 420), (100, 400), (210, 420), (211, 211), (420, 420), (421, 420)])
def test_each_task_has_the_same_number_of_rows_or_all_share_them(tasks, rows):
    assert whole_rows(tasks, 420) == rows
