"""The replay as widgets, without a browser: what each control does, what is sent, and that nothing is left behind."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
from types import SimpleNamespace

import ipywidgets
import pytest

from helpers import simulate
from helpers.widgets.replay import replay as module
from helpers.widgets.replay.replay import VIEW, Replay
from helpers.widgets.replay.sentences import tell
from tests.widgets.runs import ask_both, crowd, said

WIDGETS = ipywidgets.widgets.widget._instances      # every widget that is not closed


def buttons(replay: Replay) -> list[ipywidgets.Button]:
    screen = replay._screen
    return [screen.first, screen.back, screen.toggle, screen.forward, screen.last]


# -- controls ---------------------------------------------------------------------------------------


def test_each_control_shows_its_step(replay):
    first, back, _, forward, last = buttons(replay)
    seen = [said(replay)]
    for control in (forward, last, back, first):
        control.click()
        seen.append(said(replay))
    assert replay.step == 1 and "ask_both starts" in seen[0] and seen[4] == seen[0]
    assert "north starts" in seen[1] and "ask_both goes on" in seen[2] and "north goes on" in seen[3]


def test_slider_and_number_show_their_step(replay):
    replay._screen.slider.value = 4
    assert replay.step == 4 and "goes on" in said(replay) and replay._screen.play.value == 4
    replay.step = 2
    assert replay._screen.slider.value == 2 and "north starts" in said(replay)


def test_no_step_beyond_the_ends(replay):
    first, back, _, forward, last = buttons(replay)
    assert first.disabled and back.disabled and not forward.disabled and not last.disabled
    back.click()
    assert replay.step == 1
    last.click()
    forward.click()
    assert replay.step == 6 and forward.disabled and last.disabled and not back.disabled
    for number in (0, 7, "2"):
        with pytest.raises(ValueError, match="steps 1 to 6"):
            replay.step = number


def test_playing_is_the_browsers_and_stops_when_you_step(replay):
    screen = replay._screen
    threads, screen.toggle.description = threading.active_count(), "Play"
    screen.toggle.click()
    assert screen.play.playing and screen.toggle.description == "Pause" and threading.active_count() == threads
    screen.play.value = 3                               # what the browser sends
    assert replay.step == 3 and "south" in said(replay)
    screen.forward.click()
    assert not screen.play.playing and screen.toggle.description == "Play" and replay.step == 4


def test_playing_begins_anew_at_the_end(replay):
    screen = replay._screen
    screen.last.click()
    screen.toggle.click()
    assert replay.step == 1 and screen.play.playing and screen.play.value == 1


def test_every_control_has_a_label(replay):
    for button in buttons(replay):
        assert button.tooltip
    assert replay._screen.slider.description == "Step" and "Arrow keys" in replay._screen.slider.tooltip


# -- the timeline ----------------------------------------------------------------------------------


def test_cursor_stands_where_the_time_is(replay):
    def left() -> float:
        return float(re.search(r'wyw-cursor" style="left:([\d.]+)%', replay._screen.cursor.value)[1])

    strip = replay._screen.strip
    replay.step = 4
    assert left() == pytest.approx(100 * (strip.left + (strip.right - strip.left) * 0.2 / 0.3) / strip.width, abs=0.01)
    replay.step = 6
    assert left() == pytest.approx(100 * strip.right / strip.width, abs=0.01)
    assert len(replay._screen.cursor.value) < 400


@pytest.mark.parametrize("tasks", [0, 1])
def test_short_runs(tasks):
    replay = simulate(crowd(tasks)).replay()
    replay.widget
    replay.step = 1
    assert "crowd starts" in said(replay)
    replay.close()


# -- what a notebook stores -------------------------------------------------------------------------


@pytest.fixture
def kernel(monkeypatch):
    """A shell with a kernel, in which the cell `kernel.cell` is running."""
    events: dict[str, list] = {"pre_run_cell": []}
    shell = SimpleNamespace(
        kernel=True, cell="one", hooks=events["pre_run_cell"],
        events=SimpleNamespace(register=lambda name, hook: events[name].append(hook),
                               unregister=lambda name, hook: events[name].remove(hook)),
    )
    shell.get_parent = lambda: {"metadata": {"cellId": shell.cell}}
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)

    def run(cell: str) -> None:
        shell.cell = cell
        for hook in list(shell.hooks):
            hook(SimpleNamespace(cell_id=cell))

    shell.run = run
    return shell


def test_stored_output_is_the_widget_and_the_steps_as_sentences(kernel):
    run = simulate(ask_both())
    bundle = run.replay()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", VIEW} and bundle["text/plain"] == tell(run) == str(run.replay())
    assert bundle[VIEW]["model_id"] in WIDGETS
    kernel.run("one")


def test_without_a_kernel_there_is_only_the_text(monkeypatch):
    monkeypatch.setattr(module, "running_shell", lambda: None)
    before = len(WIDGETS)
    assert set(simulate(ask_both()).replay()._repr_mimebundle_()) == {"text/plain"}
    assert len(WIDGETS) == before


# -- nothing is left behind -------------------------------------------------------------------------


def test_closing_leaves_no_widget():
    before = set(WIDGETS)
    replay = simulate(ask_both()).replay()
    assert set(WIDGETS) == before                       # not displayed: no widgets
    replay.widget
    replay._screen.toggle.click()
    assert len(WIDGETS) > len(before) + 10
    replay.step = 4
    replay.close()
    replay.close()
    assert set(WIDGETS) == before
    assert replay.step == 4 and replay.widget.model_id in WIDGETS and "goes on" in said(replay)
    replay.close()


def test_closed_replay_is_freed():
    import weakref

    replay = simulate(ask_both()).replay()
    replay.widget
    gone = weakref.ref(replay._screen)
    replay.close()
    gc.collect()
    assert gone() is None


def test_running_the_cell_again_leaves_one_replay(kernel):
    before = set(WIDGETS)
    sizes = []
    for _ in range(3):
        kernel.run("one")
        simulate(ask_both()).replay()._repr_mimebundle_()
        sizes.append(len(WIDGETS) - len(before))
    assert len(set(sizes)) == 1 and len(kernel.hooks) == 1
    kernel.run("two")                                   # another cell: the first keeps its own
    assert len(WIDGETS) - len(before) == sizes[0]
    kernel.run("one")
    assert set(WIDGETS) == before and kernel.hooks == []


def test_two_replays_do_not_disturb_each_other():
    run = simulate(ask_both())
    one, other = run.replay(), run.replay()
    one.widget, other.widget
    one.step = 4
    assert other.step == 1 and "ask_both starts" in said(other)
    one.close()
    other.step = 2
    assert "north starts" in said(other)
    other.close()


# -- mistakes ---------------------------------------------------------------------------------------


def test_a_replay_of_something_else_is_an_error_that_says_what_to_write():
    with pytest.raises(TypeError, match=r"run = simulate\(main\(\)\), then run.replay\(\)"):
        Replay("north")


@pytest.mark.slow
def test_the_text_of_a_replay_needs_neither_matplotlib_nor_widgets():
    code = (
        "import asyncio, sys\n"
        "from helpers import simulate\n"
        "str(simulate(asyncio.sleep(1)).replay())\n"
        "assert not {'matplotlib', 'ipywidgets'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
