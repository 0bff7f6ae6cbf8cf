"""All that the course shows, in one notebook in JupyterLab: by mouse, by keyboard, for a screen reader, in both themes.

`tour.py` has the cells. Where there is no Chromium these tests are skipped.
"""

from __future__ import annotations

import re

import nbformat
import pytest
from playwright.sync_api import Locator

from tests.course import learner, tour
from tests.course.learner import DARK, LIGHT, NORMAL, ZOOMED, Learner
from tools import lab_browser

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow,
    pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine"),
]

VIEWS = {"light": (LIGHT, NORMAL), "dark": (DARK, NORMAL), "light-200": (LIGHT, ZOOMED), "dark-200": (DARK, ZOOMED)}


@pytest.fixture(scope="module")
def me(jupyterlab, chrome, tmp_path_factory):
    """A learner who has run all cells of the tour."""
    folder = tmp_path_factory.mktemp("tour")
    nbformat.write(learner.notebook(tour.CELLS, may_fail=True), folder / "tour.ipynb")
    with learner.learner_at(chrome, jupyterlab.serve(folder)("tour.ipynb")) as me:
        me.run_all()
        assert me.shows("explain", r"\w"), "the tour did not run to its end"
        yield me


@pytest.fixture(scope="module", params=VIEWS.values(), ids=VIEWS)
def seen(me: Learner, request):
    """The tour in each theme and size."""
    theme, size = request.param
    me.theme(theme)
    me.size(size)
    yield me
    me.theme(LIGHT)
    me.size(NORMAL)


def slider(me: Learner, id: str, name: str = "") -> Locator:
    """The slider below a cell; of several, the one that has this name or stands beside it."""
    found = me.output(id).get_by_role("slider")
    if name and found.count() > 1:
        found = me.output(id).locator(".widget-inline-hbox", has_text=name).get_by_role("slider").or_(
            me.output(id).get_by_role("slider", name=name))
    assert found.count() > 0, f"below {id} there is no slider {name}"
    return found.first


def value(thing: Locator) -> str:
    return thing.evaluate(learner.VALUE)


def track(thing: Locator) -> dict[str, float]:
    """Where the track of a slider lies: it is the slider itself, or what the handle moves along."""
    return thing.evaluate("""node => {
      const box = (node.localName === 'input' ? node : node.closest('.noUi-target') ?? node.parentElement)
        .getBoundingClientRect();
      return {x: box.x, y: box.y, width: box.width, height: box.height};
    }""")


def point_at(me: Learner, thing: Locator, share: float) -> None:
    """Click on the track of a slider."""
    thing.scroll_into_view_if_needed()
    box = track(thing)
    me.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    me.page.wait_for_timeout(400)


def button(me: Learner, id: str, name: str) -> Locator:
    """A button by its name, or by what it says when one points at it."""
    words = re.compile(name, re.IGNORECASE)
    return me.output(id).get_by_role("button", name=words).or_(me.output(id).get_by_title(words)).first


# -- in each theme, at 100 and at 200 % -------------------------------------------------------------


def test_axe_finds_nothing(seen):
    found = learner.violations(seen)
    assert not found, "\n".join(found)


def test_every_text_stands_out_from_what_is_behind_it(seen):
    found = learner.too_faint(seen)
    assert not found, "\n".join(found)


def test_nothing_is_wider_than_the_view(seen):
    found = seen.page.evaluate(learner.TOO_WIDE)
    assert not found, "\n".join(found)


def test_every_slider_is_wide_enough_to_be_dragged(seen):
    narrow = {}
    for id in ("replay", "replay-later", "lab", "lab-fails"):
        found = seen.output(id).get_by_role("slider")
        for number in range(found.count()):
            if found.nth(number).is_visible() and (width := track(found.nth(number))["width"]) < 90:
                narrow[f"{id} {number + 1}"] = width
    assert narrow == {}


@pytest.mark.parametrize(("id", "name"), [("replay", ""), ("lab", "latency")])
def test_after_a_click_on_the_track_the_arrow_keys_move_the_slider_and_nothing_else(seen, id, name):
    """B2: the track had no focus, and the keys folded the section away."""
    moved = slider(seen, id, name)
    point_at(seen, moved, 0.05)
    before = value(moved)
    point_at(seen, moved, 0.6)
    held = value(moved)
    assert held != before, "a click on the track does not move it"
    notebook = seen.state()
    for key, wanted in (("ArrowRight", None), ("ArrowLeft", held), ("ArrowLeft", None), ("ArrowLeft", None)):
        now = value(moved)
        seen.keyboard.press(key)
        seen.page.wait_for_timeout(250)
        assert seen.state() == notebook, f"{key} did something to the notebook: {notebook} became {seen.state()}"
        assert value(moved) != now, f"{key} does not move it"
        assert wanted is None or value(moved) == wanted
    focus = seen.focus()
    assert focus is not None and focus.is_slider


# What has no frame: the ids of cells that show a picture, of which neither it nor what holds it has one.
BARE = f"""(ids) => {{ {learner.COMMON}
  const framed = node => {{
    const s = getComputedStyle(node);
    return parseFloat(s.borderTopWidth) > 0 && s.borderTopStyle !== 'none' || s.boxShadow !== 'none'
      || parseFloat(s.borderTopLeftRadius) > 0;
  }};
  const bare = image => {{
    for (let at = image; !at.matches('.jp-OutputArea-output'); at = above(at)) if (framed(at)) return false;
    return true;
  }};
  return window.jupyterapp.shell.currentWidget.content.widgets.filter(w => ids.includes(w.model.id))
    .filter(w => parts(w.node).some(n => n.matches('.jp-OutputArea-output img') && bare(n))).map(w => w.model.id);
}}"""


def test_pictures_have_a_frame_in_the_dark(me):
    """White paper on a dark page is a slab, unless it is framed on purpose."""
    me.theme(DARK)
    try:
        assert me.page.evaluate(BARE, list(tour.PICTURES)) == []
    finally:
        me.theme(LIGHT)


# -- for a screen reader ----------------------------------------------------------------------------


def test_every_picture_says_what_it_shows(me):
    images = me.page.evaluate(learner.IMAGES)
    assert len(images) >= len(tour.PICTURES)
    silent = [html for alternative, html in images if len(alternative) < 10]
    assert not silent, "\n".join(silent)
    assert [id for id in tour.PICTURES if not any(me.alternatives(id))] == []


def test_every_control_has_a_name(me):
    found = learner.controls(me)
    assert len(found) > 20
    nameless = [one["html"] for one in found if not one["name"]]
    assert not nameless, "\n".join(nameless)


def test_sliders_say_the_value_and_not_its_place_in_a_list(me):
    said = {name: value(slider(me, "lab", name)) for name in ("requests", "shop serves", "timeout (s)", "at a time")}
    assert said["requests"].split()[0] == "20"
    assert said["shop serves"].startswith("any")
    assert said["timeout (s)"].startswith("none")
    assert "%" in value(slider(me, "lab-fails", "failures"))


def test_a_slider_that_cannot_be_moved_is_no_stop_or_says_so(me):
    found = slider(me, "lab", "at a time")              # gather has no limit
    state = found.evaluate("""node => [node.tabIndex >= 0 && !node.disabled,
      node.disabled === true || !!node.closest('[aria-disabled=true]')]""")
    assert state in ([False, False], [False, True], [True, True])


def test_a_step_is_announced_in_a_live_region_that_stays(me):
    live = me.output("replay").locator("[aria-live], [role=status], [role=log]").first
    live.evaluate("node => { node.kept = true; }")
    before = live.inner_text()
    moved = slider(me, "replay")
    moved.focus()
    me.keyboard.press("Home" if value(moved) != "1" else "End")
    me.page.wait_for_timeout(600)
    assert live.evaluate("node => node.kept === true && node.isConnected"), "each step has another live region"
    assert live.inner_text() != before


# -- by keyboard ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["last", "first", "forward|next", "back|previous"])
def test_a_button_that_comes_to_the_end_keeps_the_focus(me, name):
    """Once disabled, a button loses the focus to the page, and with it the learner's place."""
    moved = slider(me, "replay")
    moved.focus()
    for key in {"last": ["Home"], "first": ["End"], "forward|next": ["End", "ArrowLeft"],
                "back|previous": ["Home", "ArrowRight"]}[name]:
        me.keyboard.press(key)
        me.page.wait_for_timeout(300)
    pressed = button(me, "replay", name)
    before = value(moved)
    pressed.focus()
    me.keyboard.press("Enter")
    me.page.wait_for_timeout(600)
    assert value(moved) != before
    focus = me.focus()
    assert focus is not None and focus.cell == "replay" and focus.output, f"the focus went to {focus}"


# -- by mouse ---------------------------------------------------------------------------------------


def test_the_strip_of_a_replay_can_be_clicked(me):
    moved = slider(me, "replay")
    moved.focus()
    me.keyboard.press("Home")
    strip = me.output("replay").locator("img, [role=img]").last
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    me.mouse.click(box["x"] + 0.93 * box["width"], box["y"] + box["height"] / 2)
    me.page.wait_for_timeout(500)
    assert int(re.findall(r"\d+", value(moved))[0]) > 3


# -- what pictures and instruments say --------------------------------------------------------------


@pytest.mark.parametrize(("id", "word"), [
    ("deadlock", "Deadlock"), ("endless", "Endless"), ("not-simulated", "NotSimulated"),
])
def test_a_picture_says_how_the_run_ended(me, id, word):
    """C4: it read as a success."""
    said, drawn = me.alternatives(id), me.drawn(id)
    assert said and word in said[0]
    assert any(word in text for text in drawn), f"drawn is {drawn}"


def test_a_picture_of_a_deadlock_names_two_tasks_as_their_lanes_do(me):
    """C4: the error listed a twice where the picture had `a` and `a 2`."""
    assert "both" in me.alternatives("deadlock")[0] and "both 2" in me.alternatives("deadlock")[0]


def test_no_task_is_shown_before_it_exists(me):
    """C7: one that a callback makes stood in the ready queue from the first step on."""
    moved = slider(me, "replay-later")
    moved.focus()
    me.keyboard.press("Home")
    me.page.wait_for_timeout(500)
    early = [line for line in me.text("replay-later").splitlines() if "latecomer" in line]
    drawn = me.output("replay-later").locator("svg text").all_text_contents()       # a picture of the whole run
    assert [line for line in early if line not in drawn and not re.search("not yet|does not exist", line)] == []
    me.keyboard.press("End")
    assert me.shows("replay-later", "latecomer")


def test_the_number_of_the_example_is_no_answer(me):
    """C8: `return 770` was right, and each await had waited."""
    assert re.search("Not yet right", me.text("constant")) and not me.text("constant").lstrip().startswith("Right")


def test_a_heartbeat_with_a_gap_does_not_say_that_all_is_well(me):
    """C12: four beats were missing, and the title said that it beats all the time."""
    said = " ".join(me.alternatives("heartbeat-over"))
    assert said and not re.search("all the time|all is well", said)
    assert re.search("gap|held up|no beat|missing", said), said


def test_the_lab_counts_what_failed_and_the_picture_shows_it(me):
    """C16: all lanes were the same green."""
    marks = """node => [...node.querySelectorAll('svg *')].flatMap(n => ['fill', 'stroke', 'stroke-dasharray', 'class']
      .map(a => n.getAttribute(a)).concat(n.localName === 'text' ? n.textContent.replace(/[0-9.]+/g, '') : []))"""
    failed = set(me.output("lab-fails").evaluate(marks)) - set(me.output("lab").evaluate(marks)) - {None}
    assert failed, "the picture of 20 failures has no mark that the picture of none has not"
    assert "failed" in " ".join(me.alternatives("lab-fails"))


def test_the_program_of_the_lab_can_be_copied_and_not_edited(me):
    """C16: it looked like a cell, and what one typed had no effect."""
    button(me, "lab", "Show the code").click()
    try:
        me.page.wait_for_timeout(500)
        assert "async def" in me.text("lab") + " ".join(
            box.input_value() for box in me.output("lab").locator("textarea").all())
        assert me.output("lab").locator("textarea:visible:not([readonly])").count() == 0
        assert me.output("lab").get_by_role("button", name=re.compile("copy", re.IGNORECASE)).count() == 1
    finally:
        button(me, "lab", "Hide the code").click()
