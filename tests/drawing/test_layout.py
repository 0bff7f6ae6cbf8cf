"""One layout, two painters: whatever is drawn, the PNG and the SVG explain, tell and scale it alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.drawing import picture, png, svg
from helpers.drawing.layout import Layout, Placed, lay_out
from helpers.drawing.palette import CUT, FAILED, STATES, WORKER
from helpers.recording import Recording, Span, Task
from helpers.widgets import lab_outcome, lab_settings
from tests.drawing.samples import everything, recordings, request, staircase, task, turn, wait, words

pytestmark = pytest.mark.slow

STATE_WORDS = {state.words for state in (*STATES, WORKER)}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def laid_out(monkeypatch: pytest.MonkeyPatch) -> list[Layout]:
    """The layouts that the painters of PNG and SVG were given, in turn."""
    found: list[Layout] = []
    for painter in (picture, svg):
        monkeypatch.setattr(painter, "lay_out", noting(found))
    return found


def noting(found: list[Layout]) -> Callable[..., Layout]:
    """`lay_out`, which notes what it gives."""
    def lay_out_and_note(*args: Any, **kwargs: Any) -> Layout:
        found.append(lay_out(*args, **kwargs))
        return found[-1]

    return lay_out_and_note


def both(runs: list[tuple[str, Recording]], found: list[Layout]) -> tuple[Layout, Layout, list[str], list[str]]:
    """The layouts of both painters, and all the words that stand on their pictures."""
    found.clear()
    curve = len(runs) == 1
    on_png = words(png.figure(runs, "title", 9.2, curve=curve))
    drawing = svg.draw_svg(runs, curve=curve)
    on_svg = [element.text or "" for element in ElementTree.fromstring(drawing.text).iter(f"{SVG}text")]
    one, other = found
    return one, other, on_png, on_svg


def key(layout: Layout) -> list[str]:
    """What the key explains, without worker threads and ends of tasks: how they are shown depends on the room."""
    return [entry.words for entry in layout.key if entry.state is not WORKER and entry.state.name != FAILED.name]


def assert_same_words(one: Placed, other: Placed) -> None:
    """What both write into the same bar is the same, or the shorter form of it, where one has less room."""
    told = {(each.lane, each.time): each for each in one.words if each.centred}
    for each in other.words:
        if each.centred and (same := told.get((each.lane, each.time))):
            short, long = sorted([each.text.rstrip("…"), same.text.rstrip("…")], key=len)
            assert all(part in long for part in short.split("…"))
            assert (each.colour, each.strong) == (same.colour, same.strong)


def assert_alike(runs: list[tuple[str, Recording]], found: list[Layout]) -> None:
    one, other, on_png, on_svg = both(runs, found)
    assert key(one) == key(other)
    for layout, on_picture in ((one, on_png), (other, on_svg)):
        assert {entry.words for entry in layout.key} <= set(on_picture), "the key is painted"
        assert (WORKER in [entry.state for entry in layout.key]) == any(p.panel.workers for p in layout.placed)
        assert {tick for _, tick in layout.ticks} <= set(on_picture), "the ticks are painted"
        assert {each.text for placed in layout.placed for each in placed.words} <= set(on_picture)
        if all(placed.image is None for placed in layout.placed):
            states = [entry.state for entry in layout.key if entry.state not in (WORKER, CUT)]
            assert set(states) <= {bars.state for placed in layout.placed for bars in placed.bars}
    assert (one.span, one.ticks) == (other.span, other.ticks)
    for left, right in zip(one.placed, other.placed):
        assert left.panel.spans.state.tolist() == right.panel.spans.state.tolist()
        if left.panel.named and right.panel.named:
            assert_same_words(left, right)
    assert (one.curve is None) == (other.curve is None)
    if one.curve and other.curve:
        assert one.curve.words == other.curve.words and one.curve.told == other.curve.told
        assert [layer.state for layer in one.curve.layers] == [layer.state for layer in other.curve.layers]


@settings(max_examples=40, deadline=None, print_blob=False)
@given(run=recordings(), factor=st.sampled_from([1, 3, 9]))
def test_the_painters_agree_on_any_recording(run, factor):
    """Also on many tasks: those of the recording, three and nine times over."""
    tasks = [each for _ in range(factor) for each in run.tasks]
    many = Recording(tuple(each._replace(id=number) for number, each in enumerate(tasks)), run.elapsed, run.clock,
                     run.threads)
    with pytest.MonkeyPatch.context() as patch:
        found: list[Layout] = []
        for painter in (picture, svg):
            patch.setattr(painter, "lay_out", noting(found))
        assert_alike([("", many)], found)


@pytest.mark.parametrize("jitter", ["none", "uniform", "lognormal"])
@pytest.mark.parametrize("strategy", lab_settings.STRATEGIES)
@pytest.mark.parametrize("requests", [1, 5, 20, 100, 300])
def test_the_painters_agree_on_the_settings_of_the_lab(laid_out, requests, strategy, jitter):
    settings = lab_settings.Settings(requests=requests, strategy=strategy, jitter=jitter)
    assert_alike([("", lab_outcome.run(settings).recording)], laid_out)


@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_the_painters_agree_on_several_runs(laid_out, clock):
    assert_alike([("a", everything(clock)), ("b", staircase(100, 5))], laid_out)


def test_all_states_are_explained_and_told_in_the_same_words(laid_out):
    one, _, on_png, on_svg = both([("", everything())], laid_out)
    assert set(key(one)) == {state.words for state in STATES} <= set(on_svg)
    told = [{word for word in on_picture if word.startswith("blocked ")} for on_picture in (on_png, on_svg)]
    assert told == [{"blocked 0.12 s, line 13"}] * 2


def test_a_state_that_few_of_many_tasks_are_in_is_explained(laid_out):
    """The main task alone waits for tasks, for all of the run: one line of pixels of 300, in either picture."""
    tasks = [task(0, "main", turn(0), wait(0, 1, "gather"), turn(1))]
    tasks += [request(number, f"t{number}", 0, 1) for number in range(1, 300)]
    one, other, *_ = both([("", Recording(tuple(tasks), 1.0))], laid_out)
    assert "waiting for tasks" in key(one) and key(one) == key(other)


@pytest.mark.parametrize(("share", "seen"), [(1 / 500, True), (1 / 2000, False)])
def test_a_task_that_is_ready_for_a_moment_is_shown_and_explained_by_both_or_by_none(laid_out, share, seen):
    """Twice, or it takes too little of the axis to be explained."""
    spans = (Span("wait", 0, 0.5, "sleep"), Span("ready", 0.5, 0.5 + share, "sleep"), wait(0.5 + share, 0.9, "sleep"),
             Span("ready", 0.9, 0.9 + share, "sleep"), Span("wait", 0.9 + share, 1, "sleep"))
    run = Recording((Task(0, "main", "main", None, 0.0, 1.0, "result", "", spans),), 1.0)
    for layout in both([("", run)], laid_out)[:2]:
        assert ("ready but kept waiting" in key(layout)) == seen
        assert ("ready" in {bars.state.name for bars in layout.placed[0].bars}) == seen


def test_lanes_names_and_endings_stand_inside_the_page(laid_out):
    for layout in both([("a", everything()), ("b", staircase(100, 5))], laid_out)[:2]:
        tops = [(placed.top, placed.top + placed.panel.height) for placed in layout.placed]
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(tops)) and tops[-1][1] <= layout.bottom
        assert layout.x(0) == layout.left and layout.x(layout.span) == layout.left + layout.columns < layout.width
        for placed in layout.placed:
            assert all(0 < name.y < placed.panel.height for name in placed.names)
            assert all(0 < ending.y < placed.panel.height for ending in placed.endings)
            assert all(layout.left <= layout.x(each.time) <= layout.left + layout.columns for each in placed.words)
