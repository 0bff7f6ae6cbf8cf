"""The heartbeat: it stops exactly while the loop is blocked, disturbs nothing, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from ipywidgets.widgets import widget as registry

import helpers.widgets.heartbeat as module
from helpers import heartbeat, record, simulate
from helpers.widgets import afterwards
from helpers.widgets.heartbeat import Gap
from helpers.widgets.heartbeat_page import SCALE, SHOWN, live_strip

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def nothing_left():
    before = set(registry._instances)
    yield
    assert set(registry._instances) == before


async def watch(*steps, every=0.1):
    """Waits of so many seconds; negative ones block the loop."""
    with heartbeat(every=every) as pulse:
        for seconds in steps:
            if seconds < 0:
                time.sleep(-seconds)
            else:
                await asyncio.sleep(seconds)
    return pulse


def watched(*steps, **options):
    return simulate(watch(*steps, **options)).result


# -- what it measures -------------------------------------------------------------------------------


def test_beats_while_the_loop_is_free():
    pulse = watched(1.05)
    assert list(pulse.times) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert (pulse.beats, pulse.largest_gap, pulse.stopped, pulse.gaps) == (10, 0.1, False, [])


def test_stops_while_the_loop_is_blocked():
    pulse = watched(0.35, -0.6, 0.35)
    assert list(pulse.times) == [0.1, 0.2, 0.3, 0.95, 1.05, 1.15, 1.25]
    assert (pulse.largest_gap, pulse.stopped, pulse.gaps) == (0.65, True, [Gap(0.3, 0.95)])


@pytest.mark.parametrize("before", [0.0, 0.01, 0.05, 0.09, 0.1])
@pytest.mark.parametrize("block", [0.02, 0.1, 0.15, 0.45, 0.6, 2.0])
def test_the_gap_holds_at_most_one_interval_in_which_nobody_blocked(before, block):
    pulse = watched(0.3 + before, -block, 1)
    assert pulse.held_up <= block + 1e-9 <= pulse.held_up + pulse.every + 2e-9
    assert pulse.held_up == pytest.approx(pulse.largest_gap - 0.1)


def test_the_headline_says_what_is_certain():
    stopped, short, free = watched(0.35, -0.6, 0.35), watched(0.35, -0.44, 0.35), watched(1)
    assert stopped.headline() == "The pulse stops; 5 beats are missing"
    assert stopped.subtitle() == "Longest gap between two beats 0.65 s: the loop was held up for at least 0.55 s."
    assert short.headline() == "3 beats are missing"
    assert short.subtitle() == "Longest gap between two beats 0.49 s: the loop was held up for at least 0.39 s."
    assert (free.headline(), free.subtitle()) == ("No beat is missing", "Longest gap between two beats 0.1 s.")
    assert watched(*[0.1, -1] * 3).headline() == "The pulse stops 3 times; 27 beats are missing"


@pytest.mark.parametrize(("steps", "beats", "missing"), [
    ((1,), 10, 0), ((1.05,), 10, 0), ((), 0, 0), ((0.35, -0.05, 0.65), 10, 0),
    ((0.5, -0.4), 5, 3),            # those of 0.6, 0.7 and 0.8 s; it ends at 0.9 s
    ((0.45, -0.45), 4, 4), ((0.5, -0.5, 0.5), 11, 4), ((-2, 0.15), 2, 19), ((0.2, -1), 2, 9),
])
def test_expected_beats_were_seen_or_are_missing(steps, beats, missing):
    pulse = watched(*steps)
    assert (pulse.beats, pulse.missing) == (beats, missing)
    assert bool(pulse.holes) == bool(missing) == ("no beat is missing" not in str(pulse))


def test_never_says_that_all_is_well_over_a_gap():
    pulse = watched(0.42, -0.47)
    assert not pulse.stopped
    assert str(pulse) == """\
heartbeat every 0.1 s of virtual time: 4 beats in 0.89 s; 4 beats are missing; longest gap between two beats 0.49 s
      |     |      |     |..............................
(| a beat, . a beat is missing)"""
    real = asyncio.run(watch(0.5, -0.4))
    assert real.missing >= 3 and "beats are missing" in str(real) and "missing" in real.headline()


def test_missing_beats_are_counted_while_the_silence_lasts():
    async def main():
        with heartbeat() as pulse:
            await asyncio.sleep(0.15)
            time.sleep(0.5)
            return pulse.missing, list(pulse.holes)

    assert simulate(main()).result == (5, [])


@pytest.mark.parametrize("steps", [(1, -0.8, 1), (0.2,), (0.35, -0.44, 0.35), (*[0.1, -1.234567] * 30, -98765.4321)])
def test_no_words_in_the_picture_lie_upon_each_other(steps):
    from matplotlib.text import Text

    from helpers.drawing.canvas import style
    from helpers.widgets.heartbeat_page import _figure

    with style():
        figure = _figure(watched(*steps))
        figure.draw_without_rendering()
        words = [text for text in figure.findobj(Text) if text.get_text() and text.axes is None]
        boxes = [text.get_window_extent() for text in words]
    assert any(text.get_text() == "virtual time" for text in words)
    assert [(words[a].get_text(), words[b].get_text()) for a in range(len(boxes)) for b in range(a)
            if boxes[a].overlaps(boxes[b])] == []


def test_block_that_lasts_to_the_end():
    pulse = watched(0.2, -1)
    assert (pulse.beats, pulse.largest_gap, pulse.gaps) == (2, 1.0, [Gap(0.2, 1.2)])


def test_block_before_the_first_beat():
    pulse = watched(-2, 0.15)
    assert (list(pulse.times), pulse.gaps) == ([2.0, 2.1], [Gap(0.0, 2.0)])


def test_short_block_is_a_gap_and_no_stop():
    pulse = watched(0.1, -0.4, 1)
    assert (pulse.largest_gap, pulse.stopped) == (0.4, False)
    assert watched(0.1, -0.5, 1).stopped


def test_every_sets_the_pace():
    pulse = watched(1, every=0.25)
    assert (list(pulse.times), pulse.largest_gap) == ([0.25, 0.5, 0.75, 1.0], 0.25)


def test_largest_gap_while_it_is_going_on():
    async def main():
        with heartbeat() as pulse:
            time.sleep(3)
            return pulse.largest_gap, pulse.stopped, pulse.elapsed

    assert simulate(main()).result == (3.0, True, 3.0)


def test_real_time():
    free = asyncio.run(watch(0.01, every=5))
    assert (free.clock, free.stopped) == ("real", False)
    blocked = asyncio.run(watch(-0.3, every=0.01))
    assert blocked.stopped and blocked.largest_gap >= 0.3


# -- what it leaves alone ---------------------------------------------------------------------------


def test_recording_is_the_same_with_and_without():
    async def work():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(1), name="north")
            group.create_task(asyncio.sleep(2), name="south")

    async def main(pulse):
        if pulse:
            with heartbeat():
                await work()
        else:
            await work()

    def seen(run):
        return [(t.name, t.outcome, [s[:5] for s in t.spans]) for t in run.tasks], run.peak, run.callbacks

    assert seen(simulate(main(True))) == seen(simulate(main(False)))
    recorded = asyncio.run(record(main_short()))
    assert [task.name for task in recorded.tasks] == ["main_short"]


async def main_short():
    with heartbeat(every=0.001):
        await asyncio.sleep(0.02)


def test_leaves_no_timer_behind_not_even_after_an_error():
    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(ValueError, match="no tea"):
            with heartbeat() as pulse:
                raise ValueError("no tea")
        assert not pulse.beating
        others = asyncio.all_tasks() - {asyncio.current_task()}
        return [timer for timer in loop._scheduled if not timer.cancelled()], others

    assert asyncio.run(main()) == ([], set())


def test_two_at_once_beat_for_themselves():
    async def main():
        with heartbeat() as one:
            await asyncio.sleep(0.25)
            with heartbeat(every=0.05) as other:
                await asyncio.sleep(0.22)
            await asyncio.sleep(0.1)
        return one, other

    one, other = simulate(main()).result
    assert list(one.times) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert list(other.times) == [0.05, 0.1, 0.15, 0.2]


# -- mistakes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("every", "kind"), [(0, ValueError), (-1, ValueError), (float("inf"), ValueError),
                                         ("1", TypeError), (True, TypeError), (float("nan"), ValueError)])
def test_wrong_pace_is_explained(every, kind):
    with pytest.raises(kind, match=r"every is a number of seconds .*: write heartbeat\(every=0\.1\)"):
        heartbeat(every=every)


def test_async_with_is_explained():
    async def main():
        async with heartbeat():
            pass

    with pytest.raises(TypeError, match="write with heartbeat"):
        simulate(main()).result


def test_without_a_loop(outputs):
    with pytest.raises(RuntimeError, match="needs a running event loop"):
        with heartbeat():
            pass
    heartbeat()._ipython_display_()
    assert outputs == [({"text/plain": "a heartbeat that has not begun; it will beat every 0.1 s"}, None)]


def test_twice_is_explained():
    async def main():
        with (pulse := heartbeat()):
            pass
        with pulse:
            pass

    with pytest.raises(RuntimeError, match="make a new one"):
        simulate(main()).result


# -- words and pictures -----------------------------------------------------------------------------


def test_text_twin_in_virtual_time():
    assert str(watched(0.35, -0.6, 0.35)) == """\
heartbeat every 0.1 s of virtual time: 7 beats in 1.3 s; 5 beats are missing; longest gap between two beats 0.65 s; \
stopped from 0.3 to 0.95 s
    |   |    |!!!!!!!!!!!!!!!!!!!!!!!!!!|   |    |   |
(| a beat, ! the pulse has stopped)"""
    assert str(watched(0.25)).splitlines()[0] == ("heartbeat every 0.1 s of virtual time: 2 beats in 0.25 s; "
                                                  "no beat is missing; longest gap between two beats 0.1 s")


def test_text_twin_of_many_stops_is_short():
    text = str(watched(*[0.1, -1] * 30))
    assert "and 27 times more" in text and len(text) < 420


def test_text_twin_in_real_time_has_no_durations():
    assert str(asyncio.run(watch(0.01, every=5))) == \
        "heartbeat in real time: the pulse never stopped for 25 s or more; no beat is missing"
    assert re.fullmatch(r"heartbeat in real time: the pulse stopped for 0\.05 s or more; \d+ beats are missing",
                        str(asyncio.run(watch(-0.2, every=0.01))))


@pytest.mark.parametrize("missing", ["no beat is", "1 beat is", "12,345 beats are"])
def test_number_of_missing_beats_in_real_time_is_not_compared(missing):
    from tools.refresh import clean

    text = "heartbeat in real time: the pulse never stopped for 0.5 s or more"
    assert clean(f"{text}; {missing} missing") == text
    exact = str(watched(0.45, -0.45))
    assert clean(exact) == exact


@pytest.mark.parametrize("steps", [(0.35, -0.6, 0.35), (1.0,), (), (0.1, -1) * 30])
def test_picture_of_one_that_is_over(steps, outputs):
    for _ in range(2):
        watched(*steps)._ipython_display_()
    (data, metadata), (again, _) = outputs
    assert data == again
    assert VIEW not in data
    assert data["image/png"] and metadata["image/png"]["clock"] == "virtual"
    assert metadata["image/png"]["alt"] == f"Strip of beats over time: {data['text/plain'].splitlines()[0]}."


# -- live -------------------------------------------------------------------------------------------


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_live_one_beats_on_after_its_cell_and_is_closed(outputs):
    async def cells():
        loop = asyncio.get_running_loop()
        pulse = heartbeat(every=0.01)
        pulse._ipython_display_()                       # what a cell does with its last value
        (widgets, _), (data, _) = outputs
        page, first = pulse._page, pulse._page.strip.value
        assert set(widgets) == {VIEW}
        assert data["text/plain"] == (
            "a live heartbeat of the event loop, every 0.01 s; it stops while the loop is blocked")
        while pulse.beats < 3:
            await asyncio.sleep(0.01)
        assert page.strip.value != first
        time.sleep(0.2)
        while not pulse.gaps:
            await asyncio.sleep(0.01)
        assert "The pulse stopped" in words(page.result.value)
        pulse.close()
        beats = pulse.beats
        await asyncio.sleep(0.05)
        assert pulse.beats == beats
        return [timer for timer in loop._scheduled if not timer.cancelled()]

    assert asyncio.run(cells()) == []


def test_button_ends_it(outputs):
    async def cells():
        pulse = heartbeat(every=0.01)
        pulse._ipython_display_()
        page = pulse._page
        page.button.click()
        assert not pulse.beating and page.button.disabled
        assert "It is over" in words(page.result.value)
        assert "wyw-silence" not in page.strip.value        # nothing grows any more
        pulse.close()

    asyncio.run(cells())


def test_live_one_ends_after_its_lifetime(monkeypatch, outputs):
    monkeypatch.setattr(module, "LIFETIME", 0.05)

    async def cells():
        pulse = heartbeat(every=0.01)
        pulse._ipython_display_()
        async with asyncio.timeout(20):
            while pulse.beating:
                await asyncio.sleep(0.01)
        pulse.close()
        return pulse.elapsed

    assert asyncio.run(cells()) >= 0.05


def test_page_of_a_beat_shows_only_the_last_seconds():
    pulse = watched(60, -2, 3)
    html = live_strip(pulse, late=0.5)
    assert html.count("M") <= SHOWN / pulse.every + 1
    assert "2 s" in words(html) or "2.1 s" in words(html)
    assert all(0 <= int(x) <= SHOWN * SCALE for x in re.findall(r"M(-?\d+) ", html))


def test_two_live_ones_do_not_share_their_patience(outputs):
    """How long the page waits for a beat stands in the strip of each, and not in the style sheet of all."""

    async def cells():
        found = {}
        for every in (0.1, 2):
            pulse = heartbeat(every=every)
            pulse._ipython_display_()
            sheet, strip, *_ = pulse._page.root.children
            assert "--wyw-late:" not in sheet.value.replace(" ", "")
            found[every] = re.findall(r"--wyw-(late|blink):([\d.]+)s", strip.value)
            pulse.close()
        return found

    assert asyncio.run(cells()) == {0.1: [("late", "0.5"), ("blink", "0.08")], 2: [("late", "10"), ("blink", "0.4")]}


def test_every_variable_of_the_style_sheet_is_set(outputs):
    async def cells():
        pulse = heartbeat()
        pulse._ipython_display_()
        page = "".join(child.value for child in pulse._page.root.children[:2])
        pulse.close()
        return page

    page = asyncio.run(cells())
    used, made = set(re.findall(r"var\(--(wyw-[\w-]+)", page)), set(re.findall(r"--(wyw-[\w-]+):", page))
    assert used <= made


def test_what_stays_is_the_picture_when_the_pulse_ends_on_a_page(outputs, monkeypatch):
    """A notebook that is stored without a page keeps what the cell showed when it was run."""
    async def cells(cell):
        monkeypatch.setattr(afterwards, "running_cell", lambda: cell)
        pulse = heartbeat(every=0.01)
        pulse._ipython_display_()
        await asyncio.sleep(0.03)
        pulse.close()

    asyncio.run(cells(None))
    assert outputs.kept == [] and "image/png" not in outputs[1][0]
    asyncio.run(cells("id of a cell"))
    ((data, metadata),) = outputs.kept
    assert "image/png" in data and metadata["image/png"]["clock"] == "real"
    assert '<img alt="Strip of beats' in data["text/html"] and afterwards.RUN_AGAIN in data["text/html"]
