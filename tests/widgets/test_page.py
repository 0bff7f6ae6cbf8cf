"""A step of the replay as HTML: what it holds, how it is written, and what gives it its colours."""

from __future__ import annotations

import re

from helpers import Recording, simulate
from helpers.drawing.palette import INK, MUTED, STATES, css_variables
from helpers.widgets.replay.page import LINES, ROWS, styles
from tests.widgets.runs import ask_both, body, content, crowd, said, text
from tools.colours import contrast


def test_page_has_source_tasks_queue_and_timers(replay):
    html = body(replay, 3)
    assert "await shop.price(" in text(html) and "async def ask_both" in text(html)
    here = text(re.search(r'<div class="wyw-line wyw-here">.*?</div>', html)[0])
    assert "await shop.price" in here and "‖ north" in here
    assert "waits for a request until 0.3 s" in html and "<b>0.2 s</b>" in html and ">empty<" in html


def test_names_are_text_and_never_html(replay):
    for each in content(replay)["steps"]:
        assert "<b>south" not in each["body"] + each["said"] and "&lt;b&gt;south" in each["body"]


def test_signs_tell_states_without_colour(replay):
    shell = content(replay)["shell"]
    for words in ("▶ had this turn", "‖ waits", "○ is ready", "✓ finished", "✕ failed", "⊘ cancelled"):
        assert words in shell
    assert body(replay, 6).count("✓") > 3


def test_of_many_tasks_those_are_shown_that_matter():
    html = body(simulate(crowd()).replay(step=100), 100)
    assert html.count('<th scope="row">') == 8 and "and 293 more:" in html
    assert "shop 099" in html and "○ 201" in html                  # ready, at the beginning of ask()
    assert len(html) < 8_000


def test_source_that_is_not_available_is_said_so_and_the_rest_goes_on():
    run = Recording.from_json(simulate(ask_both()).to_json().replace("runs.py", "gone.py"))
    assert "Source not available: gone.py." in body(run.replay(), 1)
    assert "north starts" in said(run.replay(), 2)


def test_source_is_in_colours(replay):
    html = body(replay, 1)
    assert '<span class="wyw-keyword">async</span> <span class="wyw-keyword">def</span>' in html
    assert '<span class="wyw-string">&#34;tea&#34;</span>' in html


# -- the style sheet --------------------------------------------------------------------------------


def test_every_state_of_the_palette_has_its_class():
    css = styles()
    for state in STATES:
        rule = f".wyw-is-{state.name} {{ background: var(--wyw-{state.name}); color: var(--wyw-on-{state.name}); }}"
        assert rule in css
        assert f"--wyw-{state.name}: {state.colour};" in css and f"--wyw-on-{state.name}: {state.text};" in css
    assert ".wyw-is-done {" in css


def test_every_variable_that_is_used_is_set():
    css = styles()
    used, made = set(re.findall(r"var\(--(wyw-[\w-]+)", css)), set(re.findall(r"--(wyw-[\w-]+):", css))
    assert used <= made
    assert f"--wyw-lines: {LINES};" in css and f"--wyw-rows: {ROWS};" in css


def test_colours_of_the_palette_are_not_written_a_second_time():
    css = styles().partition("/*")[2]           # what comes after the variables of the palette
    assert not [colour for colour in css_variables().values() if colour in css]


def test_words_can_be_read_on_the_marked_line_and_under_the_sentence():
    own = dict(re.findall(r"--wyw-(marked|tint): (#\w{6});", styles()))
    assert contrast(INK, own["marked"]) >= 4.5 and contrast(MUTED, own["marked"]) >= 4.5
    assert contrast(INK, own["tint"]) >= 4.5
