"""The timeline: what the picture shows, its words, several runs on one time axis, and hostile input."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from benchmarks import picture as benchmark
from helpers.drawing import canvas as sheet
from helpers.drawing import lanes, picture, timeline
from helpers.drawing.palette import STATES, state_of
from helpers.drawing.timeline import alternative_text, compare, draw, mimebundle
from helpers.recording import Place, Recording, Span, Task, ThreadJob
from helpers.wait_kinds import WAITS
from helpers.words import short


def task(number, name, *spans, outcome="result", error="", finished=..., created=None):
    end = spans[-1].end if spans else 0.0
    if created is None:
        created = spans[0].start if spans else 0.0
    finished = end if finished is ... else finished
    return Task(number, name, name, None if number == 0 else 0, created, finished, outcome, error, spans)


def turn(at):
    return Span("run", at, at)


def wait(start, end, what="request", on=()):
    return Span("wait", start, end, what, on, Place("cell", 7, "get_price"))


def request(number, name, start, end, **kwargs):
    return task(number, name, turn(start), wait(start, end), turn(end), **kwargs)


def concurrent(clock="virtual", factor=1.0):
    end = 0.5 * factor
    shops = [("north", 0.3), ("south", 0.5), ("east", 0.4)]
    return Recording(
        (
            task(0, "main", turn(0), wait(0, end, "gather", (1, 2, 3)), turn(end)),
            *(request(i, name, 0, seconds * factor) for i, (name, seconds) in enumerate(shops, 1)),
        ),
        end,
        clock,
    )


def sequential(clock="virtual"):
    times = [0, 0.3, 0.8, 1.2]
    spans = [turn(0)]
    for start, end in zip(times, times[1:]):
        spans += [wait(start, end), turn(end)]
    return Recording((task(0, "main", *spans),), 1.2, clock)


def everything(clock="virtual"):
    """A run in which each state and each outcome occurs."""
    blocked = Span("blocked", 0.12, 0.24, "", (), Place("cell", 13, "report"), 5)
    kinds = ["sleep", "request", "queue get", "lock", "thread", "task", "future"]
    waiting = [request(i, f"for {kind}", 0, 0.3) for i, kind in enumerate(kinds, 1)]
    waiting = [t._replace(spans=(turn(0), wait(0, 0.3, kind), turn(0.3))) for t, kind in zip(waiting, kinds)]
    return Recording(
        (
            task(0, "main", turn(0), wait(0, 0.3, "gather"), turn(0.3)),
            *waiting,
            task(8, "report", turn(0), wait(0, 0.12, "sleep"), blocked),
            task(9, "kept", turn(0), wait(0, 0.15, "sleep"), Span("ready", 0.15, 0.24, "sleep"), turn(0.24)),
            request(10, "bad", 0, 0.24, outcome="exception", error="ValueError: no tea\nin two lines"),
            request(11, "slow", 0, 0.24, outcome="cancelled"),
            request(12, "forgotten", 0, 0.3, outcome="pending", finished=None),
            task(13, "never", created=0.3, outcome="pending", finished=None),
        ),
        0.3,
        clock,
        (
            ThreadJob("asyncio_0", 0.01, 0.25, 5),
            ThreadJob("asyncio_1", 0.1, 0.2, None),
            ThreadJob("asyncio_0", 0.26, 0.26, 5),
        ),
    )


def words(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(picture.png(figure))).convert("RGB"))


def has(image, colour):
    return bool((image == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=2).any())


COLOUR = {state.name: state.colour for state in STATES}


# -- what is seen -----------------------------------------------------------------------------------


def test_few_tasks_have_their_names_and_what_they_wait_for():
    seen = words(draw(concurrent()))
    assert {"main", "north", "south", "east"} <= set(seen)
    assert seen.count("request") == 3 and "gather" in seen
    assert {"0.3 s", "0.4 s"} <= set(seen), "how long each of them took"
    assert "at most 3 at once" in seen


def test_waiting_for_one_task_names_it():
    main = task(0, "main", turn(0), wait(0, 0.3, "task", (1,)), turn(0.3))
    assert "task: north" in words(draw(Recording((main, request(1, "north", 0, 0.3)), 0.3)))


def test_a_queue_has_a_shorter_word_where_the_long_one_has_no_room():
    """The words of a bar stand inside of it, between the turns at its ends; too narrow a bar has none."""
    times = [0.0, 0.3, 0.5, 0.56, 0.6, 2.5]
    spans = [turn(0)]
    for start, end in zip(times, times[1:]):
        spans += [wait(start, end, "queue put" if end < 2 else "sleep"), turn(end)]
    figure = draw(Recording((task(0, "main", *spans),), 2.5))
    figure.canvas.draw()
    labels = [text for text in figure.axes[0].texts if text.get_text()]
    assert [text.get_text() for text in labels] == ["queue put", "put", "sleep"]
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
    assert any("✕ ValueError: no tea" in w and "two lines" not in w for w in seen)
    assert any("⊘ cancelled" in w for w in seen) and any("… left behind" in w for w in seen)
    assert "worker thread 1" in seen and "worker thread 2" in seen and "for for thread" in seen


def test_a_call_in_the_queue_of_a_full_pool_is_not_said_to_be_in_a_thread():
    """Eight calls, three threads: the state is that of the task, which waits; who works, the lanes below say."""
    calls = [task(i, f"call {i}", turn(0), wait(0, 0.3 * -(-i // 3), "thread"), turn(0.3 * -(-i // 3)))
             for i in range(1, 9)]
    main = task(0, "main", turn(0), wait(0, 0.9, "gather"), turn(0.9))
    jobs = tuple(ThreadJob(f"t{(i - 1) % 3}", 0.3 * ((i - 1) // 3), 0.3 * -(-i // 3), i) for i in range(1, 9))
    seen = words(draw(Recording((main, *calls), 0.9, threads=jobs)))
    assert seen.count("waiting for a worker thread") == 2, "in the key and in the curve"
    assert "a worker thread at work" in seen and "in a worker thread" not in seen


def test_the_key_has_only_what_occurs():
    seen = words(draw(concurrent()))
    assert STATES[0].name == "clock" and STATES[0].words not in seen
    assert "blocking the loop" not in seen and "ready but kept waiting" not in seen


def test_ready_is_hatched_not_only_coloured():
    run = Recording((task(0, "main", Span("ready", 0, 1), turn(1)), ), 1.0)
    image = pixels(draw(run))
    assert has(image, COLOUR["ready"]) and has(image, lanes.HATCH["ready"][1])
    many = [task(i, f"t{i}", Span("ready", 0, 1), turn(1)) for i in range(200)]
    image = pixels(draw(Recording(tuple(many), 1.0)))
    assert has(image, COLOUR["ready"]) and has(image, lanes.HATCH["ready"][1])


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
    run = benchmark.fan_out(tasks, 5) if tasks > 1 else sequential()
    image = pixels(draw(run))
    height, width = image.shape[:2]
    assert width == round(9.2 * sheet.DPI) and 100 < height < 1400
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


def many_blocked():
    tasks = [request(i, f"t{i}", 0, 1.0) for i in range(100)]
    tasks[7] = task(7, "t7", turn(0), wait(0, 0.4), Span("blocked", 0.4, 0.401), wait(0.401, 1), turn(1))
    return Recording(tuple(tasks), 1.0)


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
    np.testing.assert_allclose(lanes.coverage(rows, 4, start, end, 10.0, bins), expected, atol=1e-9)


# -- anything that was recorded can be drawn --------------------------------------------------------


@st.composite
def recordings(draw_):
    """Valid recordings: spans without holes, from creation to end."""
    clock = draw_(st.sampled_from(["real", "virtual"]))
    scale = draw_(st.sampled_from([1e-7, 1e-3, 1.0, 1e5]))
    kinds = [*WAITS, "something new", ""]
    tasks = []
    for number in range(draw_(st.integers(1, 12))):
        now = draw_(st.integers(0, 5)) * scale
        created, spans = now, []
        for step in range(draw_(st.integers(0, 6))):
            end = now + draw_(st.sampled_from([0, 0, 1e-5, 0.5, 1, 7])) * scale
            kind = draw_(st.sampled_from(["run", "wait", "ready", "blocked"]))
            spans.append(
                Span(kind, now, end, draw_(st.sampled_from(kinds)), draw_(st.sampled_from([(), (0,), (0, 1), (99,)])),
                     draw_(st.sampled_from([None, Place("cell", 3, "main")])),
                     step if kind in ("run", "blocked") else -1)
            )
            now = end
        outcome = draw_(st.sampled_from(["result", "exception", "cancelled", "pending"]))
        tasks.append(
            Task(number, f"task-{number}", "get_price", None if number == 0 else 0, created,
                 None if outcome == "pending" else now, outcome, "ValueError: no tea" if outcome == "exception" else "",
                 tuple(spans))
        )
    jobs = [ThreadJob("pool_0", 0.0, scale, draw_(st.sampled_from([None, 0, 7])))] * draw_(st.integers(0, 2))
    elapsed = tasks[0].finished if tasks[0].finished is not None else 0.0
    return Recording(tuple(tasks), elapsed, clock, tuple(jobs))


@settings(max_examples=30, deadline=None)
@given(run=recordings())
def test_any_recording_is_drawn_with_all_names_and_without_a_warning(run):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = draw(run)
        assert pixels(figure).shape[1] == round(9.2 * sheet.DPI)
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


# -- names from learners ----------------------------------------------------------------------------


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
    assert len(picture.png(figure)) > 1000
    assert shown in [*words(figure), ""]
    assert len(picture.png(compare({name: run, "b": run}).figure())) > 1000


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


# -- colours ----------------------------------------------------------------------------------------


def test_colours_are_far_apart_in_every_kind_of_vision():
    for vision, (distance, one, other) in benchmark.closest(COLOUR).items():
        assert distance >= 20, f"{one} and {other} are {distance:.1f} apart in {vision} vision"


def test_distances_of_colours_are_right():
    """Against published values: black and white are 100 apart, red and green (sRGB) 170.6."""
    assert benchmark.closest({"a": "#000000", "b": "#ffffff"})["normal"][0] == pytest.approx(100, abs=0.1)
    assert benchmark.closest({"a": "#ff0000", "b": "#00ff00"})["normal"][0] == pytest.approx(170.6, abs=0.2)
    assert benchmark.closest({"a": "#c0604d", "b": "#8c7a4d"})["deutan"][0] < 15, "red and olive, to a deuteranope"
    assert benchmark.contrast("#000000", "#ffffff") == pytest.approx(21)


def test_words_can_be_read_on_every_colour():
    for state in STATES:
        assert benchmark.contrast(state.colour, state.text) >= 4.5, state.name


def test_every_kind_of_wait_has_a_family_and_unknown_ones_are_futures():
    assert {kind.family for kind in WAITS.values()} <= set(COLOUR)
    assert state_of(wait(0, 1, "queue get")).name == "queue"
    assert state_of(wait(0, 1, "turn")).name == "ready"
    assert state_of(wait(0, 1, "something new")).name == "future"
    assert state_of(turn(0)).name == "running"


# -- what Jupyter gets ------------------------------------------------------------------------------


def test_the_bundle_has_picture_twin_and_alternative_text():
    run = concurrent()
    data, metadata = mimebundle(run)
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"], validate=True)))
    assert data["text/plain"] == str(run)
    about = metadata["image/png"]
    assert (about["width"], about["height"]) == image.size
    assert about["clock"] == "virtual"
    assert about["alt"] == (
        "Timeline: 4 tasks in 0.5 s of virtual time; at most 3 at once; largest gap 0 s."
        " north, south and east are under way at the same time."
    )
    assert image.info == {}, "nothing but the picture: no date, no version"


@pytest.mark.parametrize("run", [concurrent(), everything(), everything("real")], ids=["concurrent", "all", "real"])
def test_the_same_run_gives_the_same_bytes(run):
    assert picture.png(draw(run)) == picture.png(draw(run))


def test_settings_of_the_learner_do_not_change_the_picture_nor_it_them():
    expected = picture.png(draw(concurrent()))
    with mpl.rc_context({"axes.facecolor": "black", "text.color": "red", "font.size": 30, "lines.linewidth": 9,
                         "figure.dpi": 20, "path.sketch": (1, 100, 2)}):
        before = dict(mpl.rcParams)
        assert picture.png(draw(concurrent())) == expected
        assert dict(mpl.rcParams) == before


def test_frequent_colours_stay_exact():
    """The palette of 256 keeps the frequent colours, and moves rare ones only a little."""
    image = np.full((300, 300), 0xFFFFFF, np.uint32)
    image[:200] = 0x8459DB
    image[0] = np.arange(300) << 8                      # three hundred rare colours
    indices, colours = sheet._palette(image)
    shown = colours[indices]
    assert (shown[1:200] == [0x84, 0x59, 0xDB]).all() and (shown[200:] == 255).all()
    exact = np.stack([image >> 16, image >> 8 & 255, image & 255], 2)
    assert np.abs(shown.astype(int) - exact).max() <= 45


def test_alternative_text_says_who_overlaps():
    three = (task(0, "main", turn(0)), request(1, "a", 0, 1), request(2, "b", 0.5, 2), request(3, "c", 1, 2))
    assert alternative_text(Recording(three, 2.0)).endswith(" a overlaps b; b overlaps c.")
    apart = (task(0, "main", turn(0)), request(1, "a", 0, 1), request(2, "b", 1, 2))
    assert alternative_text(Recording(apart, 2.0)).endswith(" a and b run one after another.")
    assert alternative_text(Recording(three[:2], 2.0)).endswith(" a is the only task beside main.")
    assert alternative_text(sequential()).endswith("largest gap 0 s.")
    assert "At most 5 of 29 are under way" in alternative_text(staircase(30, 5))


def staircase(tasks, together):
    main = task(0, "main", turn(0), wait(0, tasks, "gather"), turn(tasks))
    return Recording((main, *(request(i, f"t{i}", i, i + together) for i in range(1, tasks))), float(tasks))


def test_alternative_text_tells_of_a_blocked_loop():
    assert "report blocks the loop for 0.12 s at line 13 in report." in alternative_text(everything())


def test_alternative_text_tells_of_threads_that_go_on_after_the_run():
    def run(*ends, clock="virtual"):
        jobs = tuple(ThreadJob(f"asyncio_{k}", 0.0, end, 0) for k, end in enumerate(ends))
        return Recording((task(0, "main", turn(0), wait(0, 0.2, "thread"), turn(0.2)),), 0.2, clock, jobs)

    assert alternative_text(run(0.2)).endswith("largest gap 0 s.")
    assert alternative_text(run(0.2, 0.5)).endswith(" A worker thread goes on after the run, until 0.5 s.")
    assert alternative_text(run(0.4, 0.2, 0.5)).endswith(" 2 worker threads go on after the run, until 0.5 s.")
    assert "thread" not in alternative_text(run(0.2, 0.5, clock="real"))


def test_a_task_left_behind_does_not_go_on_as_long_as_a_thread():
    left = task(1, "left", turn(0), wait(0, 0.2, "sleep"), outcome="pending", finished=None)
    run = Recording((task(0, "main", turn(0), wait(0, 0.2, "thread"), turn(0.2)), left), 0.2,
                    threads=(ThreadJob("asyncio_0", 0.0, 0.5, 0),))
    assert "0.2 s  … left behind" in words(draw(run)) and "0 to 0.2 s  left behind" in str(run)


def test_compare_has_one_scale_with_a_thread_that_goes_on_after_the_run():
    late = Recording((task(0, "main", turn(0), wait(0, 0.2, "thread"), turn(0.2)),), 0.2,
                     threads=(ThreadJob("asyncio_0", 0.0, 1.0, 0),))
    first, second = [line for line in str(compare({"late": late, "other": concurrent()})).splitlines()
                     if line.startswith("main ")]
    assert (first.rindex("|") - first.index("|"), second.rindex("|") - second.index("|")) == (11, 28)


def test_words_about_a_real_run_do_not_depend_on_the_machine():
    quick, slow = concurrent("real"), concurrent("real", factor=1.7)
    assert alternative_text(quick) == alternative_text(slow)
    assert str(compare({"a": quick})) == str(compare({"a": slow}))
    assert mimebundle(quick)[1] == mimebundle(slow)[1]
    assert "blocks" not in alternative_text(everything("real")), "a busy machine blocks where others do not"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (concurrent(), "4 tasks: 1.2 s of waiting in 0.5 s"),
        (sequential(), "1 task: 1.2 s of waiting in 1.2 s"),
        (everything(), "report blocks the loop at line 13 for 0.12 s"),
        (Recording((task(0, "main", turn(0), outcome="exception", error="KeyError: 'tea'"),), 0.0),
         "1 task: after 0 s, KeyError: 'tea'"),
    ],
    ids=["concurrent", "sequential", "blocked", "failed"],
)
def test_the_title_says_what_to_see(run, expected):
    assert expected in words(draw(run))
    assert "my own" in words(draw(run, title="my own")) and expected not in words(draw(run, title="my own"))


# -- several runs -----------------------------------------------------------------------------------


def test_compare_has_one_scale_and_says_who_is_faster():
    text = str(compare({"sequential": sequential(), "concurrent": concurrent()}))
    assert text.startswith("sequential: 1 task in 1.2 s of virtual time;")
    assert text.endswith("\n\nconcurrent takes 0.5 s, sequential 1.2 s: 2.4 times as long")
    slow, quick = ([line for line in text.splitlines() if line.startswith("main ")][k] for k in (0, 1))
    assert slow.rindex("|") - slow.index("|") == 55
    assert quick.rindex("|") - quick.index("|") == round(55 * 0.5 / 1.2)


def test_compare_draws_all_runs_on_one_axis_with_their_ends():
    figure = compare({"sequential": sequential(), "concurrent": concurrent()}).figure()
    seen = words(figure)
    assert "concurrent takes 0.5 s, sequential 1.2 s: 2.4 times as long" in seen
    assert {"sequential", "concurrent", "1.2 s", "0.5 s", "north"} <= set(seen)
    assert len(figure.axes) == 2 and len({axes.get_xlim() for axes in figure.axes}) == 1
    assert len({(axes.bbox.x0, axes.bbox.x1) for axes in figure.axes}) == 1


def test_compare_orders_more_than_two_runs():
    runs = {"slow": staircase(30, 1), "quick": concurrent(), "same": concurrent()}
    assert compare(runs).verdict() == "quick takes 0.5 s; same 0.5 s, the same; slow 30 s: 60 times as long"


def test_compare_of_runs_without_duration():
    nothing = Recording((task(0, "main", turn(0)),), 0.0)
    assert compare({"a": nothing, "b": concurrent()}).verdict() == "a takes 0 s, b 0.5 s"
    assert compare({"a": nothing}).verdict() == ""
    assert compare({"a": nothing, "b": nothing})._repr_mimebundle_()[0]["image/png"]


def test_compare_of_real_runs_has_no_durations_in_words():
    comparison = compare({"a": concurrent("real"), "b": sequential("real")})
    assert comparison.verdict() == "" and " s" not in str(comparison).replace(" starts", "")
    data, metadata = comparison._repr_mimebundle_()
    assert metadata["image/png"]["clock"] == "real" and "0.5" not in metadata["image/png"]["alt"]
    mixed = compare({"a": concurrent("real"), "b": sequential()})._repr_mimebundle_()[1]
    assert mixed["image/png"]["clock"] == "mixed"


def test_compare_of_named_and_of_many_lanes():
    figure = compare({"many": staircase(200, 5), "few": everything()}).figure()
    assert {"many", "few", "200 tasks, oldest on top", "report"} <= set(words(figure))


# -- mistakes ---------------------------------------------------------------------------------------


async def main():
    """Never run here."""


async def record(coro):
    """Stands for the recorder: same name."""


@pytest.mark.parametrize("function", [lambda x: draw(x), lambda x: compare({"a": x})], ids=["draw", "compare"])
def test_what_is_not_a_run(function):
    coro = main()
    with pytest.raises(TypeError, match=r"the coroutine object main\(\); .*run = simulate\(main\(\)\)"):
        function(coro)
    coro.close()
    coro = record(None)
    with pytest.raises(TypeError, match=r"record\(\) must be awaited: run = await record\(main\(\)\)"):
        function(coro)
    coro.close()
    with pytest.raises(TypeError, match=r"got None; make a run first"):
        function(None)
    with pytest.raises(TypeError, match=r"got the function main"):
        function(main)


def test_compare_says_what_to_write():
    example = r'compare\(\{"sequential": run_1, "concurrent": run_2\}\)'
    with pytest.raises(ValueError, match=f"empty dictionary.*{example}"):
        compare({})
    with pytest.raises(TypeError, match=f"an object of the type Recording; write {example}"):
        compare(concurrent())
    with pytest.raises(TypeError, match=f"the label of a run is a string, not 1; write {example}"):
        compare({1: concurrent()})


@pytest.mark.parametrize("width", [0, -1, 3.9, float("nan")])
def test_width_must_leave_room(width):
    with pytest.raises(ValueError, match="at least 4"):
        draw(concurrent(), width=width)


def test_a_narrow_and_a_wide_picture():
    for width in (4, 20):
        assert pixels(draw(everything(), width=width)).shape[1] == width * sheet.DPI


# -- times in words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (1e-9, "< 1 µs"), (3e-6, "3 µs"), (1.5e-3, "1.5 ms"), (0.08, "80 ms"), (0.0996, "0.1 s"),
     (0.3, "0.3 s"), (0.118273, "0.12 s"), (1.2, "1.2 s"), (12.345, "12.3 s"), (9.999, "10 s"), (3600, "3,600 s")],
)
def test_short_durations(seconds, expected):
    assert short(seconds) == expected


@pytest.mark.parametrize("until", [1e-6, 3e-5, 0.0021, 0.05, 0.1, 0.335, 1.2, 59.0, 3600.0, 1e7])
def test_ticks_are_few_and_tell_times_apart(until):
    unit = sheet.Unit(until)
    ticks = unit.ticks(until)
    assert 3 <= len(ticks) <= 10 and ticks[0] == 0 and ticks[-1] <= until * 1.000001
    assert len({unit.tick(t) for t in ticks}) == len(ticks)


# -- costs ------------------------------------------------------------------------------------------


def test_the_text_twin_needs_no_matplotlib_and_nothing_needs_pyplot():
    code = (
        "import sys\n"
        "from helpers.recording import Recording, Task\n"
        "from helpers.drawing.timeline import compare, alternative_text, draw\n"
        "run = Recording((Task(0, 'main', 'main', None, 0.0, 1.0, 'result', '', ()),), 1.0)\n"
        "str(compare({'a': run, 'b': run})), alternative_text(run)\n"
        "assert 'matplotlib' not in sys.modules, 'matplotlib was imported for words'\n"
        "draw(run)\n"
        "assert 'matplotlib.pyplot' not in sys.modules, 'pyplot was imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_ten_thousand_tasks_stay_a_small_file():
    run = benchmark.fan_out(10_000, 500)
    assert len(picture.png(draw(run))) < 100 * 1024
    assert len(timeline.mimebundle(run)[0]["image/png"]) < 140 * 1024
