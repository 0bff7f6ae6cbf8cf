"""The replay in JupyterLab, by mouse and by keyboard: what the page shows after each of them.

Pictures are kept in artefacts/. Where there is no Chromium these tests are skipped.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

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
}
FIRST, DEAD, MANY, REAL = 0, 1, 2, 3                # in the order of the page


@pytest.fixture(scope="module")
def page(jupyterlab, chrome, tmp_path_factory):
    """A page of JupyterLab on which all the cells were run."""
    folder = tmp_path_factory.mktemp("replay")
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec})
    made.cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    nbformat.write(made, folder / "replay.ipynb")
    with lab_browser.run_notebook(chrome, jupyterlab.serve(folder)("replay.ipynb")) as run:
        assert run.complaints == []
        run.page.set_default_timeout(WAIT)
        yield run.page


class Shown:
    """A replay on the page: its controls, and what it shows."""

    def __init__(self, page, index: int) -> None:
        self.page, self.box = page, page.locator(".wyw-replay").nth(index)
        self.handle = self.box.locator(".noUi-handle")
        self.box.scroll_into_view_if_needed()

    def press(self, title: str) -> None:
        self.box.get_by_title(title, exact=True).click()

    def expect(self, words: str, step: int) -> None:
        """Wait until a sentence with these words is shown, as this step."""
        self.box.locator(".wyw-page p", has_text=words).wait_for()
        self.box.locator(f'.wyw-page[aria-label^="Replay, step {step} of"]').wait_for()
        assert self.handle.get_attribute("aria-valuetext") == str(step)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(text.split()) for text in self.box.locator(selector).all_inner_texts()]

    def cursor(self) -> float:
        return self.box.locator(".wyw-cursor").bounding_box()["x"]

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
    if not shown.box.get_by_title("First step", exact=True).is_disabled():
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
    first.box.locator('button[title="One step forward"][disabled]').wait_for()      # it is told after the sentence
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
    picture = first.box.locator("img").bounding_box()
    assert picture["x"] + 0.9 * picture["width"] < first.cursor() < picture["x"] + picture["width"]
    assert set(first.texts(".wyw-tasks td")) == {"finished"}


def test_slider_is_dragged(first):
    start = first.handle.bounding_box()
    track = first.box.locator(".noUi-base").bounding_box()
    mouse, y = first.page.mouse, start["y"] + start["height"] / 2
    mouse.move(start["x"] + start["width"] / 2, y)
    mouse.down()
    mouse.move(track["x"] + 0.41 * track["width"], y, steps=4)
    first.expect("south starts", 3)                     # while the button is still down
    mouse.move(track["x"] + 0.79 * track["width"], y, steps=4)
    mouse.up()
    first.expect("north goes on", 5)


def test_arrow_keys_home_and_end_on_the_slider(first):
    first.handle.focus()
    keyboard = first.page.keyboard
    for key, words, step in (("ArrowRight", "north starts", 2), ("ArrowRight", "south starts", 3),
                             ("ArrowLeft", "north starts", 2), ("End", "main goes on", 6),
                             ("Home", "main starts", 1), ("ArrowUp", "north starts", 2)):
        keyboard.press(key)
        first.expect(words, step)
    outline = first.handle.evaluate("node => getComputedStyle(node).outlineStyle")
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
    held = first.handle.get_attribute("aria-valuetext")
    first.page.wait_for_timeout(2_500)
    assert first.handle.get_attribute("aria-valuetext") == held != "6"
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
    assert dead.texts(".wyw-page p")[0].endswith(
        "dead waits for one and one 2 (gather) at line 9; one waits for a lock at line 4; "
        "one 2 waits for a lock at line 4."
    )
    dead.keep("deadlock")


def test_thousand_tasks_show_those_that_matter(page):
    many = Shown(page, MANY)
    many.handle.focus()
    for _ in range(2, 22):
        page.keyboard.press("ArrowRight")
    many.expect("shop 0020 starts", 21)
    assert len(many.texts(".wyw-tasks tr")) == 8
    assert many.texts(".wyw-tasks .wyw-missing") == ["and 993 more: 973 ready, 20 wait"]
    page.keyboard.press("PageUp")
    many.box.locator(".wyw-page p", has_not_text="shop 0020 starts").wait_for()
    many.keep("thousand")


def test_real_run_is_replayed_on_the_notebooks_own_loop(page):
    real = Shown(page, REAL)
    real.press("Last step")
    real.expect("main goes on from line 9 and finishes. The run is over: all tasks have ended.", 6)
    assert re.fullmatch(r"0\.[3-9]\d\d s", real.texts(".wyw-page p b")[0])
    real.keep("real")


def test_replays_do_not_disturb_each_other(first):
    other = Shown(first.page, REAL)
    before = other.texts(".wyw-page p")
    first.press("One step forward")
    first.expect("north starts", 2)
    assert other.texts(".wyw-page p") == before


def test_beside_the_file_browser_it_still_fits(first):
    first.page.evaluate("window.jupyterapp.shell.expandLeft()")
    try:
        first.page.wait_for_timeout(500)                # the side bar moves
        for index in (FIRST, DEAD, MANY, REAL):
            Shown(first.page, index).keep(f"narrow-{index + 1}")
    finally:
        first.page.evaluate("window.jupyterapp.shell.collapseLeft()")


THEME = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"

COLOURS = """node => ['.widget-label', '.widget-readout', '.wyw-count', '.wyw-page p', '.wyw-code .wyw-keyword']
  .map(part => getComputedStyle(node.querySelector(part)).color)"""


def test_it_is_ink_on_paper_in_the_dark_theme_too(first):
    light = first.box.evaluate(COLOURS)
    assert light[:4] == ["rgb(20, 33, 61)"] * 4 and light[4] == "rgb(0, 106, 0)"
    first.page.evaluate(THEME, "JupyterLab Dark")
    try:
        first.page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
        first.page.wait_for_timeout(1_000)              # the style sheet of the theme is loaded
        assert first.box.evaluate(COLOURS) == light
        assert first.box.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(255, 255, 255)"
        first.keep("dark")
    finally:
        first.page.evaluate(THEME, "JupyterLab Light")
        first.page.wait_for_function("() => document.body.dataset.jpThemeLight === 'true'")


COUNT = """import asyncio, threading, ipywidgets
print(len(ipywidgets.widgets.widget._instances), len(asyncio.all_tasks()), threading.active_count())"""

ASK = """async ([code, seconds]) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false});
  let text = '';
  future.onIOPub = message => { text += message.content.text ?? message.content.evalue ?? ''; };
  const reply = future.done.then(() => text.trim());
  return await Promise.race([reply, new Promise(resolve => setTimeout(resolve, 1000 * seconds, 'no answer'))]);
}"""


def count(page) -> list[int]:
    """How many widgets, tasks and threads there are in the kernel."""
    return [int(number) for number in page.evaluate(ASK, [COUNT, 30]).split()]


def test_running_cells_again_leaves_nothing_behind(page):
    before = count(page)
    for _ in range(2):
        assert page.evaluate(lab_browser.RUN_ALL, 60) == "done"
    page.locator(".wyw-replay").nth(REAL).wait_for()
    assert page.locator(".wyw-replay").count() == len(CELLS) - 1
    assert count(page) == before
    again = Shown(page, FIRST)
    again.expect("main starts", 1)
    again.press("One step forward")
    again.expect("north starts", 2)


RESTART = "window.restarted = window.jupyterapp.commands.execute('notebook:restart-run-all').then(() => 'done')"

RESTARTED = """(seconds) => Promise.race(
  [window.restarted, new Promise(resolve => setTimeout(resolve, 1000 * seconds, 'not done'))]
)"""


def test_restart_and_run_all(page):
    before = count(page)
    page.evaluate(f"() => {{ {RESTART} }}")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    assert page.evaluate(RESTARTED, 120) == "done"
    again = Shown(page, FIRST)
    again.expect("main starts", 1)
    assert page.locator(".wyw-replay").count() == len(CELLS) - 1
    again.press("Last step")
    again.expect("main goes on", 6)
    again.keep("restarted")
    assert count(page)[0] == before[0]
