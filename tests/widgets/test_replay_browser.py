"""The replay in JupyterLab, by mouse and by keyboard: what the page shows after each of them.

Pictures are kept in artefacts/. Where there is no Chromium these tests are skipped.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from helpers import simulate
from tests.widgets.runs import ask_both
from tools import lab_browser

PICTURES = Path(__file__).resolve().parents[2] / "artefacts"
WAIT = 15_000       # milliseconds after which a step that does not appear is given up

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine"),
]

CELLS = {
    "setup": "%load_ext helpers\nimport asyncio\nfrom helpers import Shop, record, simulate",
    "first": '''north = Shop("north", latency=0.3)
south = Shop("south", latency=0.2)

async def get_price(shop, item):
    cents = await shop.price(item)
    return cents

async def main():
    async with asyncio.TaskGroup() as group:
        a = group.create_task(get_price(north, "tea"), name="north")
        b = group.create_task(get_price(south, "tea"), name="south")
    return a.result() + b.result()

simulate(main()).replay()''',
    "dead": '''async def one(first, second):
    async with first:
        await asyncio.sleep(1)
        async with second:
            pass

async def dead():
    a, b = asyncio.Lock(), asyncio.Lock()
    await asyncio.gather(one(a, b), one(b, a))

simulate(dead()).replay()''',
    "many": '''async def ask(shop, desk):
    async with desk:
        return await shop.price("tea")

async def fan():
    desk = asyncio.Semaphore(50)
    async with asyncio.TaskGroup() as group:
        for shop in Shop.many(1000):
            group.create_task(ask(shop, desk), name=shop.name)

simulate(fan()).replay()''',
    "real": "(await record(main())).replay()",
    "alone": "simulate(asyncio.sleep(0)).replay()",
    "after": "# What comes after the replays.\n\n\n'the answer'",
}
FIRST, DEAD, MANY, REAL = 0, 1, 2, 3                # in the order of the page
REPLAYS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("replay")
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec})
    notebook.cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    nbformat.write(notebook, made / "replay.ipynb")
    return made


@pytest.fixture(scope="module")
def page(jupyterlab, chrome, folder):
    """A page of JupyterLab on which all the cells were run."""
    with lab_browser.run_notebook(chrome, jupyterlab.serve(folder)("replay.ipynb")) as run:
        assert run.complaints == []
        run.page.set_default_timeout(WAIT)
        yield run.page


class Shown:
    """A replay on the page: its controls, and what it shows."""

    def __init__(self, page, index: int) -> None:
        self.page, self.box = page, page.locator(".wyw-replay").nth(index)
        self.slider = self.box.get_by_label("Step", exact=True)
        self.box.scroll_into_view_if_needed()

    def press(self, title: str) -> None:
        self.box.get_by_title(title, exact=True).click(force=True)      # it may be at the end, and say so

    def expect(self, words: str, step: int) -> None:
        """Wait until a sentence with these words is shown, as this step."""
        self.box.get_by_role("status").filter(has_text=words).wait_for()
        assert self.slider.input_value() == str(step)
        assert self.slider.get_attribute("aria-valuetext").startswith(f"{step} of ")

    def texts(self, selector: str) -> list[str]:
        return [" ".join(text.split()) for text in self.box.locator(selector).all_inner_texts()]

    def cursor(self) -> float:
        box = self.box.locator(".wyw-cursor").bounding_box()
        return box["x"] + box["width"] / 2

    def keep(self, name: str) -> None:
        """A picture of the page, with the whole replay on it; fails if it does not fit on one screen."""
        self.box.evaluate("node => node.scrollIntoView({block: 'end'})")
        self.page.wait_for_timeout(200)                 # what comes into view is drawn
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=str(PICTURES / f"replay-{name}.png"))
        box, panel = self.box.bounding_box(), self.page.locator(".jp-WindowedPanel-outer").bounding_box()
        assert panel["y"] <= box["y"] and box["y"] + box["height"] <= panel["y"] + panel["height"] + 1
        assert box["x"] + box["width"] <= panel["x"] + panel["width"]


@pytest.fixture
def first(page):
    shown = Shown(page, FIRST)
    shown.press("First step")
    shown.expect("main starts", 1)
    return shown


def test_buttons_go_forward_back_and_to_the_ends(first):
    first.press("One step forward")
    first.expect("north starts", 2)
    first.press("One step forward")
    first.expect("south starts", 3)
    first.keep("step")
    first.press("One step back")
    first.expect("north starts", 2)
    first.press("Last step")
    first.expect("main goes on", 6)
    forward = first.box.get_by_title("One step forward", exact=True)
    assert forward.get_attribute("aria-disabled") == "true"
    forward.click(force=True)
    first.expect("main goes on", 6)
    assert forward.evaluate("node => node.getRootNode().activeElement === node")    # it keeps the focus at the end
    first.press("First step")
    first.expect("main starts", 1)


def test_source_tasks_queue_timers_and_cursor_of_a_step(first):
    assert first.texts(".wyw-items") == ["north → south", "none"]
    assert first.texts(".wyw-line.wyw-here .wyw-chip") == ["▶ main"]
    at_zero = first.cursor()
    first.press("One step forward")
    first.press("One step forward")
    first.expect("south starts", 3)
    assert first.texts(".wyw-line.wyw-here") == ["5 cents = await shop.price(item) ▶ south ‖ north"]
    assert first.texts(".wyw-tasks tr") == [
        "‖ main waits for north and south (task group), line 9", "‖ north waits for a request until 0.3 s, line 5",
        "▶ south waits for a request until 0.2 s, line 5",
    ]
    assert first.texts(".wyw-items") == ["empty", "0.2 s south; 0.3 s north"]
    assert first.cursor() == pytest.approx(at_zero, abs=1)
    first.press("Last step")
    first.expect("main goes on", 6)
    picture = first.box.get_by_role("img").bounding_box()
    assert picture["x"] + 0.9 * picture["width"] < first.cursor() < picture["x"] + picture["width"]
    assert set(first.texts(".wyw-tasks td")) == {"finished"}


def test_slider_is_dragged(first):
    track = first.slider.bounding_box()
    mouse, y = first.page.mouse, track["y"] + track["height"] / 2
    mouse.move(track["x"] + 8, y)
    mouse.down()
    mouse.move(track["x"] + 0.41 * track["width"], y, steps=4)
    first.expect("south starts", 3)                     # while the button is still down
    mouse.move(track["x"] + 0.79 * track["width"], y, steps=4)
    mouse.up()
    first.expect("north goes on", 5)


STATE = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  return [content.activeCellIndex, content.mode, content.widgets.length,
          content.widgets.filter(cell => cell.isHidden || cell.node.offsetHeight === 0).length];
}"""


@pytest.mark.parametrize("place", [0.41, 0.95], ids=["on the left", "on the right"])
def test_a_click_anywhere_on_the_slider_leaves_the_arrow_keys_on_it(first, place):
    track = first.slider.bounding_box()
    first.page.mouse.click(track["x"] + place * track["width"], track["y"] + track["height"] / 2)
    at = int(first.slider.input_value())
    assert at in (3, 6)
    before = first.page.evaluate(STATE)
    first.page.keyboard.press("ArrowLeft")
    first.page.keyboard.press("ArrowLeft")
    assert first.slider.input_value() == str(at - 2)
    for key in ("ArrowUp", "ArrowDown", "ArrowRight", "PageDown", "PageUp", "Home", "d", "d", "x", "a", "b", "0"):
        first.page.keyboard.press(key)                  # each of these is a command of the notebook elsewhere
    assert first.slider.input_value() == "1"
    assert first.page.evaluate(STATE) == before


def test_the_picture_can_be_clicked(first):
    picture = first.box.get_by_role("img").bounding_box()
    end = picture["x"] + picture["width"] - 5
    first.page.mouse.click(end, picture["y"] + 20)
    first.expect("main goes on", 6)
    first.page.keyboard.press("ArrowLeft")              # the arrow keys are on the slider then
    first.expect("north goes on", 5)
    start = first.cursor() - 12
    first.page.mouse.click(start, picture["y"] + 20)
    first.expect("south goes on", 4)


def test_arrow_keys_home_and_end_on_the_slider(first):
    first.slider.focus()
    keyboard = first.page.keyboard
    for key, words, step in (("ArrowRight", "north starts", 2), ("ArrowRight", "south starts", 3),
                             ("ArrowLeft", "north starts", 2), ("End", "main goes on", 6),
                             ("Home", "main starts", 1), ("ArrowUp", "north starts", 2)):
        keyboard.press(key)
        first.expect(words, step)
    outline = first.slider.evaluate("node => getComputedStyle(node).outlineStyle")
    assert outline == "solid"                           # what has the focus can be seen
    first.keep("keyboard")


def test_buttons_work_from_the_keyboard(first):
    first.box.get_by_title("One step forward", exact=True).focus()
    keyboard = first.page.keyboard
    keyboard.press("Space")
    first.expect("north starts", 2)
    keyboard.press("Enter")
    first.expect("south starts", 3)
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    keyboard.press("Space")
    first.expect("north starts", 2)


def test_play_pause_and_play_to_the_end(first):
    first.press("Play the steps, one a second")
    first.expect("south starts", 3)
    assert first.texts("button:has-text('Pause')") == ["Pause"]
    first.press("Stop playing")
    first.box.get_by_title("Play the steps, one a second", exact=True).wait_for()
    held = first.slider.input_value()
    first.page.wait_for_timeout(2_500)
    assert first.slider.input_value() == held != "6"
    first.press("Play the steps, one a second")
    first.expect("main goes on", 6)
    first.box.get_by_title("Play the steps, one a second", exact=True).wait_for()       # it has stopped by itself
    first.press("Play the steps, one a second")                                         # and begins anew
    first.expect("north starts", 2)
    first.press("Stop playing")


def test_deadlock_ends_with_who_waits_for_whom(page):
    dead = Shown(page, DEAD)
    dead.press("Last step")
    dead.expect("nothing is left that could wake anybody", 5)
    assert dead.texts("p[role=status]")[0].endswith(
        "dead waits for one and one 2 (gather) at line 9; one waits for a lock at line 4; "
        "one 2 waits for a lock at line 4."
    )
    dead.keep("deadlock")


def test_thousand_tasks_show_those_that_matter(page):
    many = Shown(page, MANY)
    many.slider.focus()
    for _ in range(2, 22):
        page.keyboard.press("ArrowRight")
    many.expect("shop 0020 starts", 21)
    assert len(many.texts(".wyw-tasks tr")) == 8
    assert many.texts(".wyw-tasks .wyw-missing") == ["and 993 more: 973 ready, 20 wait"]
    page.keyboard.press("PageUp")
    many.box.get_by_role("status").filter(has_not_text="shop 0020 starts").wait_for()
    many.keep("thousand")


def test_real_run_is_replayed_on_the_notebooks_own_loop(page):
    real = Shown(page, REAL)
    real.press("Last step")
    real.expect("main goes on from line 9 and finishes. The run is over: all tasks have ended.", 6)
    assert re.fullmatch(r"0\.[3-9]\d\d s", real.texts("p[role=status] b")[0])
    real.keep("real")


def test_replays_do_not_disturb_each_other(first):
    other = Shown(first.page, REAL)
    before = other.texts("p[role=status]")
    first.press("One step forward")
    first.expect("north starts", 2)
    assert other.texts("p[role=status]") == before


def test_beside_the_file_browser_it_still_fits(first):
    first.page.evaluate("window.jupyterapp.shell.expandLeft()")
    try:
        first.page.wait_for_timeout(500)                # the side bar moves
        for index in (FIRST, DEAD, MANY, REAL):
            Shown(first.page, index).keep(f"narrow-{index + 1}")
    finally:
        first.page.evaluate("window.jupyterapp.shell.collapseLeft()")


THEME = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"

COLOURS = """node => ['label', '.wyw-count span', '.wyw-count', 'p', '.wyw-code .wyw-keyword']
  .map(part => getComputedStyle(node.shadowRoot.querySelector(part)).color)"""


def test_it_is_ink_on_paper_in_the_dark_theme_too(first):
    light = first.box.evaluate(COLOURS)
    assert light[:4] == ["rgb(20, 33, 61)"] * 4 and light[4] == "rgb(0, 106, 0)"
    first.page.evaluate(THEME, "JupyterLab Dark")
    try:
        first.page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
        first.page.wait_for_timeout(1_000)              # the style sheet of the theme is loaded
        assert first.box.evaluate(COLOURS) == light
        paper = first.box.locator(".wyw-page").evaluate("node => getComputedStyle(node).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
        first.keep("dark")
    finally:
        first.page.evaluate(THEME, "JupyterLab Light")
        first.page.wait_for_function("() => document.body.dataset.jpThemeLight === 'true'")


@pytest.fixture
def zoomed(first):
    """The first replay as with 200 %: half as many pixels of the page for the same window."""
    first.page.set_viewport_size({"width": 640, "height": 400})
    first.page.wait_for_timeout(500)
    yield first
    first.page.set_viewport_size({"width": lab_browser.WIDTH, "height": lab_browser.HEIGHT})


TOO_WIDE = """node => [...node.shadowRoot.querySelectorAll('*')]
  .filter(one => one.getBoundingClientRect().right > node.getBoundingClientRect().right + 1)
  .filter(one => !one.closest('.wyw-code'))
  .map(one => one.outerHTML.slice(0, 80))"""


def test_at_200_percent_nothing_vanishes(zoomed):
    assert zoomed.slider.bounding_box()["width"] > 150
    for name in ("First step", "One step back", "Play the steps, one a second", "One step forward", "Last step"):
        assert zoomed.box.get_by_title(name, exact=True).bounding_box()["width"] > 30
    assert zoomed.box.evaluate(TOO_WIDE) == []
    zoomed.page.screenshot(path=str(PICTURES / "replay-200.png"))


IN_VIEW = """node => {
  const panel = node.closest('.jp-WindowedPanel-outer').getBoundingClientRect(), box = node.getBoundingClientRect();
  return box.top >= panel.top - 1 && box.bottom <= panel.bottom + 1;
}"""


@pytest.mark.parametrize("keys", ["Shift+Enter", "Control+Enter"])
def test_after_shift_enter_the_replay_is_in_view_and_the_next_cell_is_not(first, keys):
    """The cell is at the lower edge of the window when it is run."""
    page = first.page
    cell = page.locator(".jp-Notebook > .jp-WindowedPanel-outer .jp-Cell, .jp-Notebook .jp-Cell").nth(1)
    cell.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.locator(".jp-WindowedPanel-outer").evaluate("node => { node.scrollTop = 0; }")
    page.keyboard.press(keys)
    page.wait_for_timeout(1_500)
    again = Shown.__new__(Shown)
    again.page, again.box = page, page.locator(".wyw-replay").first
    again.box.get_by_role("status").filter(has_text="main starts").wait_for()
    assert again.box.evaluate(IN_VIEW)
    assert not page.locator(".jp-Notebook .jp-Cell").nth(2).locator(".cm-content").evaluate(IN_VIEW)


SCROLLED = """() => {
  window.scrolled = [];
  const before = Element.prototype.scrollIntoView;
  Element.prototype.scrollIntoView = function (...given) {
    window.scrolled.push(this.className);
    return before.apply(this, given);
  };
}"""


def test_running_all_cells_does_not_move_the_window_to_a_replay(page):
    page.evaluate(SCROLLED)
    assert page.evaluate(lab_browser.RUN_ALL, 60) == "done"
    page.locator(".wyw-replay").nth(REAL).get_by_role("status").filter(has_text="main starts").wait_for()
    page.wait_for_timeout(500)
    assert "wyw-replay" not in page.evaluate("window.scrolled")


RESTART = "window.restarted = window.jupyterapp.commands.execute('kernelmenu:restart').then(() => 'done')"

RESTARTED = """(seconds) => Promise.race(
  [window.restarted, new Promise(resolve => setTimeout(resolve, 1000 * seconds, 'not done'))]
)"""


def test_after_a_restart_it_goes_on(first):
    first.page.evaluate(f"() => {{ {RESTART} }}")
    first.page.locator(".jp-Dialog .jp-mod-accept").click()
    assert first.page.evaluate(RESTARTED, 120) == "done"
    first.press("One step forward")
    first.expect("north starts", 2)
    first.press("Last step")
    first.expect("main goes on", 6)


def test_the_next_day_it_goes_on_and_not_trusted_it_is_text(page, jupyterlab, chrome, tmp_path):
    """What is stored is opened again: by the learner who has run it, and by somebody else."""
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1_000)
    notebook = nbformat.reads(page.evaluate(
        "JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON())"), 4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("Nobody has run this one here.", id="new"))
    nbformat.write(notebook, tmp_path / "foreign.ipynb")
    for address in (page.url, jupyterlab.serve(tmp_path)("foreign.ipynb")):
        other = chrome.context.new_page()
        try:
            lab_browser._open(other, address)
            box = other.locator(".wyw-replay").first
            box.scroll_into_view_if_needed()
            other.wait_for_timeout(500)
            if address == page.url:
                box.get_by_title("One step forward", exact=True).click()
                box.get_by_role("status").filter(has_text="north starts").wait_for(timeout=WAIT)
            else:
                assert "Run the cell" in box.inner_text() and "north starts" in box.inner_text()
                assert box.locator("button").count() == 0
        finally:
            other.close()


def test_page_of_its_own_in_a_browser(chrome, tmp_path):
    path = simulate(ask_both()).page(tmp_path / "run.html")
    page = chrome.context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(path.as_uri())
        page.get_by_title("Last step", exact=True).click()
        page.get_by_role("status").filter(has_text="The run is over").wait_for()
        picture = page.locator("#picture svg")
        before = picture.bounding_box()["width"]
        page.get_by_role("button", name="Larger").click()
        assert picture.bounding_box()["width"] == pytest.approx(2 * before, rel=0.05)
        page.get_by_role("button", name="As wide as the page").click()
        assert picture.bounding_box()["width"] == pytest.approx(before, rel=0.01)
        assert "waits for a request" in page.locator("#picture title").nth(0).text_content() or \
            page.locator("#picture title").count() > 5
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=str(PICTURES / "run-page.png"), full_page=True)
        assert errors == []
    finally:
        page.close()
