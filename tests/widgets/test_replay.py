"""The replay without a browser: what is on its page, what a notebook stores, and which steps it holds."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys

import pytest

from helpers import record, simulate
from helpers.drawing.palette import PAPER
from helpers.recording import Span
from helpers.widgets.replay.replay import LEAST, MOST, STANDINGS, Replay
from helpers.widgets.replay.sentences import tell
from helpers.widgets.replay.strip import make_strip
from tests.widgets.runs import ask_both, content, crowd, made, said, text
from tools.colours import contrast

# -- steps ------------------------------------------------------------------------------------------


def test_every_step_is_on_the_page(replay):
    held = content(replay)
    assert len(held["steps"]) == 6 and held["first"] == 1 and held["show"] == "6"
    begins = ["ask_both starts", "north starts", "<b>south</b> starts", "<b>south</b> goes on", "north goes on",
              "ask_both goes on"]
    for number, words in enumerate(begins, 1):
        assert said(replay, number).partition(" s ")[2].startswith(words)


def test_sentences_are_those_of_the_text_twin(replay):
    for number, line in enumerate(str(replay).splitlines()[1:7], 1):
        assert " ".join(said(replay, number).split()) == " ".join(line.partition(". ")[2].split())


def test_cursor_stands_where_the_time_is_and_at_the_lane_of_the_task(replay):
    held, strip = content(replay), make_strip(replay.run)
    assert held["steps"][0]["x"] == strip.left and held["steps"][5]["x"] == strip.right
    assert held["steps"][3]["x"] == pytest.approx(strip.left + (strip.right - strip.left) * 0.2 / 0.3, abs=0.1)
    assert [round((each["y"] - strip.top) / strip.lane - 0.5, 1) for each in held["steps"]] == [0, 1, 2, 2, 1, 0]


@pytest.mark.parametrize("tasks", [0, 1])
def test_short_runs(tasks):
    assert "crowd starts" in said(simulate(crowd(tasks)).replay(), 1)


def test_a_long_run_is_held_in_parts_and_says_where_the_others_are():
    run = simulate(crowd(300))
    last = 1 + 300 + 300 + 290 + 1              # main, each begins, each goes on, those that queued, main again
    held = STANDINGS // 301
    replay = run.replay()
    assert replay.steps == range(1, held + 1) and LEAST < held < MOST
    assert f"These are the steps 1 to {held} of {last}." in content(replay)["shell"]
    assert f"run.replay(step={held + 1})" in content(replay)["shell"]
    later = run.replay(step=last)
    assert later.steps.stop == last + 1 and len(content(later)["steps"]) == len(later.steps)
    assert said(later, len(later.steps)).endswith("The run is over: all tasks have ended.")
    assert f'data-step="{len(later.steps)}"' in later.html() and content(later)["first"] == later.steps.start
    assert "run.replay(step=1)" in content(later)["shell"]
    assert "These are the steps" not in content(simulate(ask_both()).replay())["shell"]


@pytest.mark.parametrize("step", [0, 7, "2", 2.0, True, None])
def test_a_step_that_the_run_does_not_have_is_an_error_that_says_so(step):
    with pytest.raises(ValueError, match=r"this run has the steps 1 to 6; got"):
        simulate(ask_both()).replay(step=step)


# -- what a notebook stores -------------------------------------------------------------------------


def test_stored_output_is_html_and_the_steps_as_sentences():
    run = simulate(ask_both())
    bundle, about = run.replay()._repr_mimebundle_()
    assert about == {"text/html": {"clock": "virtual"}}
    assert set(bundle) == {"text/plain", "text/html"} and bundle["text/plain"] == tell(run) == str(run.replay())
    assert bundle == run.replay()._repr_mimebundle_()[0]        # the same bytes each time


def test_without_scripts_the_page_has_the_sentences(replay):
    shown = text(re.sub("<script.*?</script>", "", replay.html(), flags=re.DOTALL))
    assert str(replay) in shown and "Run the cell" in shown


def test_nothing_of_the_learners_can_end_the_script():
    """A name may look like the end of a script, and a source line may hold one."""
    html = simulate(ask_both("</script><b>")).replay().html()
    assert html.count("</script>") == 2
    assert "</script><b> starts" in said(simulate(ask_both("</script><b>")).replay(), 3)


def test_a_run_without_steps_is_only_text():
    run = made((Span("wait", 0.0, 1.0, "sleep"),))
    assert set(run.replay()._repr_mimebundle_()[0]) == {"text/plain"}
    with pytest.raises(ValueError, match="no task had a turn"):
        run.replay().html()


def test_it_asks_nobody_outside(replay):
    held = content(replay)
    everything = replay.html() + held["shell"] + "".join(each["body"] for each in held["steps"])
    assert set(re.findall(r"https?://[\w./]+", everything)) == {"http://www.w3.org/2000/svg"}


# -- the controls -----------------------------------------------------------------------------------


def test_every_control_has_a_name(replay):
    shell = content(replay)["shell"]
    buttons = re.findall("<button.*?</button>", shell)
    assert len(buttons) == 5
    for button in buttons:
        assert 'aria-label="' in button or text(button)
    assert re.search(r'<label>Step<input type="range" min="1" max="6"', shell)
    assert 'role="status" aria-live="polite"' in shell


def test_the_picture_says_in_words_what_it_shows(replay):
    shell = content(replay)["shell"]
    assert re.search(r'<svg [^>]*role="img" aria-label="Timeline: 3 tasks', shell)
    hints = re.findall(r"<title>(.*?)</title>", shell)
    assert any(re.fullmatch(r"north: waits for a request, 0 s to 0\.3 s, line \d+", hint) for hint in hints)
    assert any(hint.startswith("&lt;b&gt;south&lt;/b&gt;: has a turn, ") for hint in hints)


def test_very_many_bars_tell_nothing_under_the_pointer():
    assert "<title>" not in make_strip(simulate(crowd(700))).svg


# -- mistakes ---------------------------------------------------------------------------------------


def test_a_replay_of_something_else_is_an_error_that_says_what_to_write():
    with pytest.raises(TypeError, match=r"run = simulate\(main\(\)\), then run.replay\(\)"):
        Replay("north")


@pytest.mark.slow
def test_the_text_of_a_replay_needs_neither_matplotlib_nor_widgets():
    code = (
        "import asyncio, sys\n"
        "from helpers import simulate\n"
        "replay = simulate(asyncio.sleep(1)).replay()\n"
        "str(replay), replay.html()\n"
        "assert not {'matplotlib', 'ipywidgets', 'IPython'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# -- a page of its own ------------------------------------------------------------------------------


def test_page_holds_picture_replay_and_text(tmp_path):
    run = simulate(ask_both("<i>"))
    path = run.page(tmp_path / "run.html")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>\n<html lang=\"en\">") and page.count("<svg ") == 1
    assert page.count('class="wyw-replay"') == 1 and "<title>north: waits for a request" in page
    assert str(run).splitlines()[0] in text(page) and "<i>" not in page
    assert run.save(tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_page_of_a_real_run(tmp_path):
    path = asyncio.run(record(ask_both())).page(tmp_path / "run.html")
    assert "Step by step" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["run.png", "run", "run.html.txt"])
def test_page_of_another_kind_is_an_error_that_says_what_to_write(tmp_path, name):
    with pytest.raises(ValueError, match=r'write run.page\("run.html"\)'):
        simulate(ask_both()).page(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_focus_can_be_seen_on_the_paper(replay):
    focus = re.search(r"--wyw-focus: (#\w{6})", content(replay)["shell"])[1]
    assert contrast(focus, PAPER) >= 3
