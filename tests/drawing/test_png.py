"""The picture: what it shows, of any recording, with hostile names, always the same bytes."""

from __future__ import annotations

import itertools
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from matplotlib.text import Text

from benchmarks.picture import fan_out
from helpers.drawing import canvas, svg
from helpers.drawing.alternative_text import alternative_text
from helpers.drawing.lanes import many_panel
from helpers.drawing.palette import DPI, INK, STATES, STRIPES
from helpers.drawing.shares import raster
from helpers.drawing.timeline import compare, draw, mimebundle
from helpers.recording import Place, Recording, Span, ThreadJob
from tests.drawing.samples import (
    COLOUR,
    concurrent,
    everything,
    has,
    many_blocked,
    pixels,
    recordings,
    request,
    sequential,
    task,
    turn,
    wait,
    words,
)

pytestmark = pytest.mark.slow


def test_few_tasks_have_their_names_and_what_they_wait_for():
    seen = words(draw(concurrent()))
    assert {"main", "north", "south", "east"} <= set(seen)
    assert seen.count("request") == 3 and "gather" in seen
    assert {"0.3 s", "0.4 s"} <= set(seen), "how long each of them took"
    assert "at most 3 under way" in seen


def test_waiting_for_one_task_names_it():
    main = task(0, "main", turn(0), wait(0, 0.3, "task", (1,)), turn(0.3))
    assert "task: north" in words(draw(Recording((main, request(1, "north", 0, 0.3)), 0.3)))


def test_a_queue_has_one_word_whatever_the_room():
    """The colour says the rest. The words stand inside of their bar, between the turns at its ends, or nowhere."""
    times = [0.0, 0.3, 0.5, 0.56, 0.6, 2.5]
    spans = [turn(0)]
    for start, end in itertools.pairwise(times):
        spans += [wait(start, end, "queue put" if end < 2 else "sleep"), turn(end)]
    figure = draw(Recording((task(0, "main", *spans),), 2.5))
    figure.canvas.draw()
    labels = [text for text in figure.axes[0].texts if text.get_text()]
    assert [text.get_text() for text in labels] == ["put", "put", "sleep"]
    bars = [(0.0, 0.3), (0.3, 0.5), (0.6, 2.5)]
    for text, bar in zip(labels, bars):
        (left, _), (right, _) = figure.axes[0].transData.transform([(x, 0) for x in bar])
        extent = text.get_window_extent()
        assert left + 3 < extent.x0 and extent.x1 < right - 3


def test_every_state_and_outcome_is_in_the_picture_in_words_and_in_colour():
    figure = draw(everything())
    seen = words(figure)
    for state in STATES:
        assert state.words in seen, f"the key lacks {state.words!r}"
        # a pale band lies over what happens while the loop is blocked, but all of them last longer or lie above it
        if state.name != "ready":
            assert has(pixels(figure), state.colour), f"nothing is drawn in the colour of {state.name!r}"
    assert "blocked 0.12 s, line 13" in seen
    assert "ready, kept waiting" in seen or "ready" in seen
    assert any("✕ failed: ValueError: no tea" in w and "two lines" not in w for w in seen)
    assert any("⊘ cancelled" in w for w in seen) and any("… left behind" in w for w in seen)
    assert "worker thread 1" in seen and "worker thread 2" in seen and "for for thread" in seen


def test_a_call_in_the_queue_of_a_full_pool_is_not_said_to_be_in_a_thread():
    """Eight calls, three threads: the state is that of the task, which waits; who works, the lanes below say."""
    calls = [task(i, f"call {i}", turn(0), wait(0, 0.3 * -(-i // 3), "thread"), turn(0.3 * -(-i // 3)))
             for i in range(1, 9)]
    main = task(0, "main", turn(0), wait(0, 0.9, "gather"), turn(0.9))
    jobs = tuple(ThreadJob(f"t{(i - 1) % 3}", 0.3 * ((i - 1) // 3), 0.3 * -(-i // 3), i) for i in range(1, 9))
    seen = words(draw(Recording((main, *calls), 0.9, threads=jobs)))
    assert seen.count("waiting for a call in a thread") == 2, "in the key and in the curve"
    assert "a worker thread at work" in seen and "in a worker thread" not in seen


def test_the_key_has_only_what_occurs():
    seen = words(draw(concurrent()))
    assert STATES[0].name == "clock" and STATES[0].words not in seen
    assert "blocking the loop" not in seen and "ready but kept waiting" not in seen


def test_ready_is_hatched_not_only_coloured():
    run = Recording((task(0, "main", Span("ready", 0, 1), turn(1)), ), 1.0)
    image = pixels(draw(run))
    assert has(image, COLOUR["ready"]) and has(image, STRIPES["ready"])
    many = [task(i, f"t{i}", Span("ready", 0, 1), turn(1)) for i in range(200)]
    image = pixels(draw(Recording(tuple(many), 1.0)))
    assert has(image, COLOUR["ready"]) and has(image, STRIPES["ready"])


@pytest.mark.parametrize(
    ("clock", "late", "shown"), [("real", 0.002, False), ("real", 0.1, True), ("virtual", 0.02, True)]
)
def test_a_timer_that_fires_late_is_not_a_task_kept_waiting(clock, late, shown):
    spans = Span("ready", 0, 0.001, ""), turn(0.001), wait(0.001, 0.5, "sleep"), Span("ready", 0.5, 0.5 + late, "sleep")
    run = Recording((task(0, "main", *spans, turn(0.5 + late)),), 0.5 + late, clock)
    assert ("ready but kept waiting" in words(draw(run))) == shown
    assert has(pixels(draw(run)), COLOUR["ready"]) == shown


def test_a_short_turn_is_seen_however_long_the_run():
    run = Recording((task(0, "main", turn(0), wait(0, 1800), turn(1800), wait(1800, 3600), turn(3600)),), 3600.0)
    image = pixels(draw(run))
    lane = image[(image == [141, 181, 153]).all(axis=2).sum(axis=1) > 300]      # its rows: waiting for the network
    dark = (lane == [20, 33, 61]).all(axis=2).all(axis=0)
    assert dark.sum() == 6, "three turns, each two pixels wide"


@pytest.mark.parametrize("tasks", [1, 2, 60, 61, 100, 420, 421, 1_000])
def test_any_number_of_tasks_fits_a_screen_or_two(tasks):
    run = fan_out(tasks, 5) if tasks > 1 else sequential()
    image = pixels(draw(run))
    height, width = image.shape[:2]
    assert width == round(9.2 * DPI) and 100 < height < 1400
    assert has(image, COLOUR["network"]) and has(image, COLOUR["running"])
    seen = words(draw(run))
    assert ("oldest on top" in " ".join(seen)) == (tasks > 60)
    if tasks > 60:
        assert f"{tasks:,} tasks, oldest on top" in seen and f"get_price {tasks - 1}" in seen


def test_rows_shared_by_tasks_have_no_bands():
    """All tasks wait all the time: every row must be full, also where rows hold different numbers of tasks."""
    tasks = [request(i, f"t{i}", 0, 1.0) for i in range(1_000)]
    image = pixels(draw(Recording(tuple(tasks), 1.0)))
    column = (image == [141, 181, 153]).all(axis=2)[:, image.shape[1] // 2]
    assert column[:560].sum() >= 420


def test_blocked_loop_is_seen_among_many_tasks():
    blocked = Span("blocked", 0.4, 0.5, "", (), Place("cell", 4, "parse"), 9)
    tasks = [request(i, f"t{i}", 0, 1.0) for i in range(2_000)]
    tasks[700] = task(700, "t700", turn(0), wait(0, 0.4), blocked, wait(0.5, 1), turn(1))
    figure = draw(Recording(tuple(tasks), 1.0))
    assert "blocked 0.1 s, line 4" in words(figure)
    assert has(pixels(figure), COLOUR["blocked"])


def test_a_blocked_loop_is_named_in_a_narrow_picture_too():
    seen = words(draw(everything(), width=5))
    assert "blocked 0.12 s" in seen or "blocked" in seen
    assert "blocking the loop" in words(draw(many_blocked()))


def test_a_task_that_blocks_until_it_ends_keeps_its_words_apart_from_its_time():
    north = task(1, "north", Span("blocked", 0, 0.2, "", (), Place("cell", 2, "get_price"), 1))
    main = task(0, "main", turn(0), wait(0, 1.2, "task group", (1,)), turn(1.2))
    figure = draw(Recording((main, north), 1.2))
    figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    (blocked,) = (text.get_window_extent() for text in texts if text.get_text().startswith("blocked 0.2 s"))
    (ending,) = (text.get_window_extent() for text in texts if text.get_text() == "0.2 s" and text.get_ha() == "left")
    assert not blocked.overlaps(ending)


@settings(max_examples=30, deadline=None)
@given(run=recordings())
def test_any_recording_is_drawn_with_all_names_and_without_a_warning(run):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = draw(run)
        assert pixels(figure).shape[1] == round(9.2 * DPI)
        assert {t.name for t in run.tasks} <= set(words(figure))
        data, _ = compare({"a": run, "b": run})._repr_mimebundle_()
        assert data["text/plain"].startswith("a: ")


def test_a_run_that_took_no_time():
    figure = draw(Recording((task(0, "main", turn(0)),), 0.0))
    assert "1 task in 0 s" in words(figure)
    assert has(pixels(figure), COLOUR["running"])


def test_a_run_in_which_everything_is_left_behind():
    tasks = [task(i, f"t{i}", turn(0), wait(0, 1, "event"), outcome="pending", finished=None) for i in range(4)]
    assert sum("… left behind" in w for w in words(draw(Recording(tuple(tasks), 1.0)))) == 4


def test_a_lane_with_very_many_turns_is_drawn_once_per_pixel():
    spans = [s for k in range(20_000) for s in (turn(k * 1e-4), wait(k * 1e-4, (k + 1) * 1e-4, "sleep"))]
    figure = draw(Recording((task(0, "main", *spans),), 2.0))
    drawn = sum(len(c.get_paths()) for axes in figure.axes for c in axes.collections)
    assert drawn < 2_500


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$x_1$", "$x_1$"),
        ("a $ b", "a $ b"),
        ("north\nof\tall", "north of all"),
        ("\\frac{1}{2}", "\\frac{1}{2}"),
        ("größe ⊘ ✕", "größe ⊘ ✕"),
        ("茶 tea", "▯ tea"),
        ("🍵\u200d🫖", "▯▯"),
        ("nul\x00\x1b[31m", "nul[31m"),
        ("\ud800", "▯"),
        ("", ""),
        ("%s {0}", "%s {0}"),
    ],
)
def test_hostile_names(name, shown):
    tasks = (task(0, "main", turn(0), wait(0, 1, "task", (1,)), turn(1)), request(1, name, 0, 1))
    run = Recording(tasks, 1.0, threads=(ThreadJob(name, 0, 1, 1),))
    figure = draw(run, title=name)
    assert not any(text.get_parse_math() for text in figure.findobj(Text) if text.get_text())
    assert len(canvas.png(figure)) > 1000
    assert shown in [*words(figure), ""]
    assert len(canvas.png(compare({name: run, "b": run}).figure())) > 1000


@pytest.mark.parametrize("letter", ["x", "W", "é", "茶"])
def test_a_very_long_name_is_clipped_and_stays_inside(letter):
    name = letter * 10_000
    tasks = (
        task(0, "main", turn(0), wait(0, 1, "gather"), turn(1)),
        request(1, name, 0, 1, outcome="exception", error=f"ValueError: {name}"),
        task(2, "blocker", turn(0), Span("blocked", 0, 0.9, place=Place("cell", 10**9, name))),
    )
    run = Recording(tasks, 1.0)
    for figure in (draw(run, title=name), compare({name: run}).figure()):
        figure.canvas.draw()
        for text in figure.findobj(Text):
            if text.get_text():
                box = text.get_window_extent()
                assert box.x0 >= 0 and box.x1 <= figure.bbox.width + 1, text.get_text()[:40]
                assert len(text.get_text()) < 400
    assert len(alternative_text(run)) < 1_000


def test_a_task_left_behind_does_not_go_on_as_long_as_a_thread():
    left = task(1, "left", turn(0), wait(0, 0.2, "sleep"), outcome="pending", finished=None)
    run = Recording((task(0, "main", turn(0), wait(0, 0.2, "thread"), turn(0.2)), left), 0.2,
                    threads=(ThreadJob("asyncio_0", 0.0, 0.5, 0),))
    assert "… left behind at 0.2 s" in words(draw(run)) and "0 to 0.2 s  waits: sleep  left behind" in str(run)


@pytest.mark.parametrize("run", [concurrent(), everything(), everything("real")], ids=["concurrent", "all", "real"])
def test_the_same_run_gives_the_same_bytes(run):
    assert canvas.png(draw(run)) == canvas.png(draw(run))


def test_settings_of_the_learner_do_not_change_the_picture_nor_it_them():
    expected = canvas.png(draw(concurrent()))
    with mpl.rc_context({"axes.facecolor": "black", "text.color": "red", "font.size": 30, "lines.linewidth": 9,
                         "figure.dpi": 20, "path.sketch": (1, 100, 2)}):
        before = dict(mpl.rcParams)
        assert canvas.png(draw(concurrent())) == expected
        assert dict(mpl.rcParams) == before


def test_a_narrow_and_a_wide_picture():
    for width in (4, 20):
        assert pixels(draw(everything(), width=width)).shape[1] == width * DPI


def test_ten_thousand_tasks_stay_a_small_file():
    run = fan_out(10_000, 500)
    assert len(canvas.png(draw(run))) < 100 * 1024
    assert len(mimebundle(run)[0]["image/png"]) < 140 * 1024


def flags(image):
    """How many pixels of an image of lanes belong to chequered flags: ink right beside paper, again and again."""
    ink = (image[..., :3] == [int(INK[at : at + 2], 16) for at in (1, 3, 5)]).all(axis=2) & (image[..., 3] > 0)
    return int(ink.sum())


def many(failed, outcome="exception"):
    tasks = [request(i, f"t{i}", 0, 1.0, **({"outcome": outcome, "error": "E: x"} if i in failed else {}))
             for i in range(100)]
    return Recording(tuple(tasks), 2.0)


def test_failed_tasks_are_marked_among_many_lanes_and_explained():
    """Not by colour alone: by a pattern at their ends."""
    none, one, all_ = (raster(many_panel("", many(failed), 400), 2.0, 800) for failed in ((), (7,), range(100)))
    assert flags(none) < flags(one) < flags(all_)
    columns = np.flatnonzero((all_ != none).any(axis=(0, 2)))
    assert columns.min() >= 400 - 12 and columns.max() < 402, "the mark stands at the end of the lane"
    rows = np.flatnonzero((one != none).any(axis=(1, 2)))
    assert rows.min() >= 7 * 4 and rows.max() < 8 * 4, "and in the lane of the task that failed"
    assert "the end of tasks that failed" in words(draw(many(range(100))))
    assert "the end of a task that failed" in words(draw(many({7})))
    assert not any("failed" in text for text in words(draw(many(()))))


def test_tasks_that_count_as_failed_are_marked_by_the_svg_of_the_lab():
    """They have caught their error, and so have a result."""
    drawing = svg.draw_svg([("", many(()))], failed=[range(50)])
    assert "the end of tasks that failed" in drawing.text and "url(#wyw-failed)" in drawing.text
    assert "failed" not in svg.draw_svg([("", many(()))]).text.partition("</defs>")[2]


def test_a_long_title_has_two_lines_and_no_word_is_cut():
    title = "NotSimulated after 0.2 s: " + "sockets live in real time and cannot be simulated, " * 3
    seen = words(draw(many(()), title=title.strip()))
    first, second = (text for text in seen if text in title and len(text) > 40)
    assert f"{first} {second}" == title.strip()
