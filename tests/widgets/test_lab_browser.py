"""The lab and the heartbeat in JupyterLab, as a learner uses them: with mouse and keyboard, while cells run.

Each test asserts what the page shows, and keeps a picture in artefacts/.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.course.test_browser import notebook
from tools import lab_browser

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "artefacts"

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine"),
]

SETUP = "%load_ext helpers\nimport asyncio, time\nfrom helpers import heartbeat, lab"
TALL = nbformat.v4.new_markdown_cell("\n\n".join(["What do you see?"] * 20), id="tall")
NOTEBOOKS = {
    "lab": notebook(SETUP, "one = lab()\none", "two = lab(requests=10, strategy='one by one', jitter='none')\ntwo"),
    "heartbeat": notebook(
        SETUP,
        "pulse = heartbeat()\npulse",
        "await asyncio.sleep(4)",
        "await asyncio.sleep(0.5)\ntime.sleep(3)\nawait asyncio.sleep(0.5)",
    ),
    "both": notebook(SETUP, "one = lab(requests=10, jitter='none')\none", TALL, "pulse = heartbeat()\npulse",
                     "await asyncio.sleep(0.3)", "pulse.beats > 0"),
}

# Runs code on the kernel, outside of any cell, and gives what it printed.
ASK = """async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false});
  let text = '';
  future.onIOPub = m => { text += m.content.text ?? m.content.evalue ?? ''; };
  await future.done;
  return text.trim();
}"""

RUN_CELL = """(index) => {
  const content = window.jupyterapp.shell.currentWidget.content;
  content.activeCellIndex = index;
  content.deselectAll();
  window.jupyterapp.commands.execute('notebook:run-cell');
}"""

BUSY = """(index) => window.jupyterapp.shell.currentWidget.content.widgets[index]
  .node.querySelector('.jp-InputPrompt').innerText.includes('*')"""

RESTART = """async () => {
  await window.jupyterapp.shell.currentWidget.sessionContext.restartKernel();
}"""

WIDGETS = "from ipywidgets.widgets import widget as w; print(len(w._instances))"


@pytest.fixture(scope="module")
def address(jupyterlab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("instruments")
    for name, made in NOTEBOOKS.items():
        nbformat.write(made, folder / f"{name}.ipynb")
    return jupyterlab.serve(folder)


@pytest.fixture(scope="module")
def lab_page(chrome, address):
    """The notebook with two labs, after Run All."""
    with lab_browser.run_notebook(chrome, address("lab.ipynb")) as run:
        assert run.complaints == []
        yield run.page


@pytest.fixture
def page(lab_page):
    """The same page, with the first lab as it was at the beginning."""
    run_cell(lab_page, 1)
    shows(lab_page, "0 of 20")
    return lab_page


@pytest.fixture
def heart(chrome, address):
    """The notebook with the heartbeat; only the first two cells have been run."""
    page = chrome.context.new_page()
    page.set_default_timeout(60_000)
    lab_browser._open(page, address("heartbeat.ipynb"))
    run_cell(page, 0)
    run_cell(page, 1)
    page.locator(".wyw-heartbeat").wait_for()
    yield page
    page.evaluate(lab_browser.CLOSE)
    page.close()


def run_cell(page, index, wait=True):
    page.evaluate(RUN_CELL, index)
    if wait:
        page.wait_for_function(f"() => !({BUSY})({index})", timeout=30_000)


def keep(page, name):
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=str(PICTURES / f"{name}.png"))


def first_lab(page):
    return page.locator(".wyw-lab").first


def slider(page, label):
    row = first_lab(page).locator(".widget-slider").filter(has_text=re.compile(rf"^{re.escape(label)}"))
    return row.locator(".noUi-handle")


def result(page):
    return first_lab(page).locator(".wyw-lab-result").inner_text()


def shows(page, words, timeout=20_000):
    """Wait until the numbers of the first lab contain these words."""
    page.wait_for_function(
        "words => document.querySelector('.wyw-lab .wyw-lab-result')?.innerText.includes(words)",
        arg=words, timeout=timeout)


# -- the lab ----------------------------------------------------------------------------------------


def test_lab_stands_on_one_screen(page):
    page.evaluate("() => document.querySelector('.wyw-lab').closest('.jp-Cell').scrollIntoView()")
    box = first_lab(page).bounding_box()
    assert box["width"] <= lab_browser.WIDTH and box["height"] <= 560
    for part in (".noUi-handle", "select", "button", "svg[role=img]"):
        assert first_lab(page).locator(part).first.is_visible()
    assert "0.45 s" in result(page) and "0 of 20" in result(page)
    keep(page, "lab")


def test_dragging_a_slider_is_followed(page):
    handle = slider(page, "requests")
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    seen = set()
    for step in range(1, 31):
        page.mouse.move(x + step * 5, y)
        page.wait_for_timeout(40)
        seen.add(result(page))
    shows(page, "0 of 1,000")               # while the button is still down
    page.mouse.up()
    assert len(seen) >= 4                   # it has followed on the way
    assert "1,001 tasks" in first_lab(page).locator("svg[role=img]").text_content()
    keep(page, "lab-dragged")


def test_arrow_keys_move_a_slider(page):
    slider(page, "requests").focus()
    page.keyboard.press("ArrowRight")
    shows(page, "0 of 25")
    slider(page, "latency").focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('.wyw-lab').innerText.includes('2.00')")
    assert "0 of 25" in result(page)


def test_strategy_is_chosen_by_keyboard(page):
    first_lab(page).get_by_label("strategy").focus()
    for key in ("Enter", "ArrowUp", "Enter"):       # open the list, go to the one before gather, take it
        page.keyboard.press(key)
    shows(page, "5.82 s")
    assert first_lab(page).get_by_label("strategy").input_value() == "one by one"
    keep(page, "lab-one-by-one")


def test_everything_is_reached_with_the_tab_key(page):
    slider(page, "requests").focus()
    reached = []
    for _ in range(24):
        reached.append(page.evaluate("""() => {
          const e = document.activeElement;
          if (!e.closest('.wyw-lab')) return null;
          return e.labels?.[0]?.innerText || e.innerText
            || e.closest('.widget-slider')?.querySelector('label').innerText;
        }"""))
        page.keyboard.press("Tab")
    for name in ("requests", "latency (s)", "jitter", "failures", "shop serves", "strategy", "timeout (s)", "Pin as A",
                 "Show the code"):
        assert name in reached


def test_pinned_setting_stays_beside_the_next(page):
    first_lab(page).get_by_role("button", name="Pin as A").click()
    page.wait_for_function("() => document.querySelector('.wyw-lab .wyw-lab-result').innerText.trim().includes('A')")
    first_lab(page).get_by_label("strategy").select_option("semaphore")
    page.wait_for_function(
        "() => document.querySelector('.wyw-lab svg[role=img]').innerHTML.includes('now: semaphore')")
    picture = first_lab(page).locator("svg[role=img]")
    assert "A: gather" in picture.text_content()
    assert "A: 20 prices in 0.45 s" in picture.get_attribute("aria-label")
    assert "1.3 s" in result(page) and "0.45 s" in result(page)
    keep(page, "lab-pinned")
    first_lab(page).get_by_role("button", name="Unpin").click()
    page.wait_for_function("() => !document.querySelector('.wyw-lab svg[role=img]').innerHTML.includes('A: ')")


def unfold(page):
    """Open the group for a shop in trouble, by keyboard."""
    first_lab(page).get_by_role("button", name="When the shop is in trouble").focus()
    page.keyboard.press("Space")
    first_lab(page).get_by_label("trouble", exact=True).wait_for()


def test_shop_in_trouble_by_keyboard(page):
    assert not first_lab(page).get_by_label("trouble", exact=True).is_visible()
    unfold(page)
    for name in ("trouble", "wait", "cancelled ones"):
        assert first_lab(page).get_by_label(name, exact=True).is_visible()
    assert not slider(page, "from (s)").is_visible()
    assert first_lab(page).get_by_label("wait", exact=True).is_disabled()      # nothing is repeated
    slider(page, "arrive per s").focus()
    for _ in range(16):                                                         # from "at once" down to 10
        page.keyboard.press("ArrowLeft")
    shows(page, "% answered, of those that arrived from")
    first_lab(page).get_by_label("trouble", exact=True).focus()
    for key in ("Enter", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    slider(page, "from (s)").wait_for()
    assert slider(page, "from (s)").is_visible()
    slider(page, "from (s)").focus()
    page.keyboard.press("Home")
    page.wait_for_function("() => document.querySelector('.wyw-lab svg[role=img]').ariaLabel.includes('in 2.4')")
    assert page.evaluate(ASK, "print(one.settings.trouble, one.settings.trouble_from, one.settings.per_second)") \
        == "closed 0.0 10"
    keep(page, "lab-trouble")


def test_everything_about_trouble_is_reached_with_the_tab_key(page):
    unfold(page)
    reached = []
    for _ in range(20):
        reached.append(page.evaluate("""() => {
          const e = document.activeElement;
          return e.labels?.[0]?.innerText || e.innerText
            || e.closest('.widget-slider')?.querySelector('label').innerText;
        }"""))
        page.keyboard.press("Tab")
    for name in ("trouble", "arrive per s", "deadline (s)", "hedge after (s)", "calls per s"):
        assert name in reached


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 768), (640, 400)], ids=["1280", "1024", "200 %"])
def test_lab_in_trouble_fits_the_width(page, width, height):
    """A window of 1280 pixels at 200 % has 640."""
    unfold(page)
    slider(page, "arrive per s").focus()
    page.keyboard.press("ArrowLeft")
    shows(page, "% answered")
    try:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        assert page.evaluate("""() => [...document.querySelectorAll('.wyw-lab')].slice(0, 1).every(lab => {
          const edge = lab.getBoundingClientRect().right + 1;
          return [...lab.querySelectorAll('select, button, .noUi-handle, .widget-readout, svg[role=img]')]
            .filter(each => each.offsetParent || each.ownerSVGElement === null)
            .every(each => each.getBoundingClientRect().right <= edge);
        })""")
        keep(page, f"lab-trouble-{width}")
    finally:
        page.set_viewport_size({"width": lab_browser.WIDTH, "height": lab_browser.HEIGHT})


def test_lab_in_trouble_in_the_dark(page):
    """The bars of shares answered are drawn in the colour of the letters, which are light then."""
    unfold(page)
    slider(page, "arrive per s").focus()
    page.keyboard.press("ArrowLeft")
    shows(page, "% answered")
    theme = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    try:
        page.evaluate(theme, "JupyterLab Dark")
        page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
        page.wait_for_timeout(500)
        colour = page.evaluate("() => getComputedStyle(document.querySelector('.wyw-lab-result td span')).color")
        assert min(int(part) for part in re.findall(r"\d+", colour)[:3]) > 150
        keep(page, "lab-trouble-dark")
    finally:
        page.evaluate(theme, "JupyterLab Light")
        page.wait_for_function("() => document.body.dataset.jpThemeLight === 'true'")


def test_shown_code_of_a_shop_in_trouble_runs_in_the_kernel(page):
    unfold(page)
    first_lab(page).get_by_label("trouble", exact=True).select_option("slow for a while")
    slider(page, "hedge after (s)").focus()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => document.querySelector('.wyw-lab-result').innerText.includes('dropped')")
    first_lab(page).get_by_role("button", name="Show the code").click()
    page.wait_for_function("() => document.querySelector('.wyw-lab textarea')?.value.includes('hedged')")
    area = first_lab(page).locator("textarea")
    same = "print(str(lab_run) == str(one.run), lab_run.elapsed == one.run.elapsed)"
    assert page.evaluate(ASK, f"{area.input_value()}\n{same}").endswith("True True")


def test_shown_code_runs_in_the_kernel_and_does_the_same(page):
    first_lab(page).get_by_label("strategy").select_option("workers")
    shows(page, "1.3 s")
    first_lab(page).get_by_role("button", name="Show the code").click()
    area = first_lab(page).locator("textarea")
    area.wait_for()
    page.wait_for_function("() => document.querySelector('.wyw-lab textarea')?.value.includes('Queue')")
    area.scroll_into_view_if_needed()
    keep(page, "lab-code")
    same = "print(str(lab_run) == str(one.run), lab_run.elapsed == one.run.elapsed)"
    assert page.evaluate(ASK, f"{area.input_value()}\n{same}").endswith("True True")


def test_two_labs_do_not_disturb_each_other(page):
    other = page.locator(".wyw-lab").nth(1)
    before = other.inner_text()
    slider(page, "requests").focus()
    page.keyboard.press("ArrowRight")
    shows(page, "0 of 25")
    assert other.inner_text() == before and "3 s" in before


def test_cell_run_again_leaves_no_widget_behind(page):
    before = page.evaluate(ASK, WIDGETS)
    for _ in range(2):
        run_cell(page, 1)
        shows(page, "0 of 20")
    assert page.evaluate(ASK, WIDGETS) == before
    assert page.evaluate(ASK, "import asyncio; print([t for t in asyncio.all_tasks() if 'helpers' in repr(t)])") == "[]"


def test_lab_works_after_a_restart(page):
    page.evaluate(RESTART)
    assert page.evaluate(lab_browser.RUN_ALL, 60) == "done"
    page.wait_for_function(lab_browser.WIDGETS_LOADED)
    shows(page, "0 of 20")
    slider(page, "requests").focus()
    page.keyboard.press("ArrowLeft")
    shows(page, "0 of 15")
    assert page.locator(".wyw-lab").count() == 2


# -- what ipywidgets does not do --------------------------------------------------------------------

HANDLE = """label => {
  const row = [...document.querySelectorAll('.wyw-lab .widget-slider')].find(
    each => each.querySelector('.widget-label').textContent === label);
  const [handle, number] = ['.noUi-handle', '.widget-readout'].map(part => row.querySelector(part));
  const told = ['aria-label', 'aria-valuetext', 'aria-disabled'].map(name => handle.getAttribute(name));
  return [...told, handle.tabIndex, number.getAttribute('aria-label'), number.contentEditable];
}"""
FOCUS = """() => document.activeElement.getAttribute('aria-label') || document.activeElement.innerText.trim()"""
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"


def test_sliders_say_what_they_are_and_how_they_stand(page):
    assert page.evaluate(HANDLE, "latency (s)") == ["latency (s)", "0.30", None, 0, "latency (s), as a number", "true"]
    # a slider over a list of values: a number that is typed beside it would have no effect
    assert page.evaluate(HANDLE, "requests") == ["requests", "20", None, 0, None, "false"]
    assert page.evaluate(HANDLE, "at a time") == ["at a time", "5", "true", -1, None, "false"]
    assert page.evaluate(HANDLE, "retries")[2:] == ["true", -1, "retries, as a number", "false"]
    slider(page, "requests").focus()
    page.keyboard.press("ArrowRight")
    shows(page, "0 of 25")
    assert page.evaluate(HANDLE, "requests")[1] == "25"
    first_lab(page).get_by_label("strategy").select_option("semaphore")
    page.wait_for_function(f"() => ({HANDLE})('at a time')[2] === null")
    assert page.evaluate(HANDLE, "at a time") == ["at a time", "5", None, 0, None, "false"]


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (640, 400)], ids=["1280", "200 %"])
def test_click_on_a_slider_leaves_the_arrow_keys_on_it(page, width, height):
    try:
        page.set_viewport_size({"width": width, "height": height})
        slider(page, "latency (s)").scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        row = first_lab(page).locator(".widget-slider").filter(has_text="latency")
        track = row.locator(".noUi-base").bounding_box()
        assert track["width"] >= 100
        page.mouse.click(track["x"] + 0.75 * track["width"], track["y"] + track["height"] / 2)
        page.wait_for_function(f"() => ({FOCUS})() === 'latency (s)'")
        before, active = page.evaluate(HANDLE, "latency (s)")[1], page.evaluate(ACTIVE)
        for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowDown", "ArrowLeft"):
            page.keyboard.press(key)
        page.wait_for_function(f"before => ({HANDLE})('latency (s)')[1] > before", arg=before)
        assert (page.evaluate(FOCUS), page.evaluate(ACTIVE)) == ("latency (s)", active)
    finally:
        page.set_viewport_size({"width": lab_browser.WIDTH, "height": lab_browser.HEIGHT})


@pytest.mark.parametrize(("label", "typed", "key", "words"), [
    ("latency (s)", "0.5", "Tab", "0.50"), ("latency (s)", "0,5", "Enter", "0.50"),
    ("failures", "20%", "Enter", "20%"), ("failures", "20", "Tab", "20%"), ("failures", "0.2", "Tab", "20%"),
])
def test_number_that_is_typed_is_taken_as_it_is_shown(page, label, typed, key, words):
    """It was shown, and not used, if it was left with Tab; and 20% was taken for 100 %."""
    number = first_lab(page).get_by_label(f"{label}, as a number", exact=True)
    number.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(typed)
    page.keyboard.press(key)
    page.wait_for_function(f"words => ({HANDLE})({label!r})[1] === words", arg=words)
    at = float(slider(page, label).get_attribute("aria-valuenow"))          # where the handle stands
    assert number.inner_text() == words and at == pytest.approx(0.5 if label == "latency (s)" else 0.2)


def test_escape_leads_back_to_the_notebook(page):
    slider(page, "latency (s)").focus()
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.classList.contains('jp-Cell')")


def test_keys_of_a_closed_list_choose_from_it(page):
    active = page.evaluate(ACTIVE)
    first_lab(page).get_by_label("strategy").focus()
    page.keyboard.press("ArrowUp")
    shows(page, "5.82 s")
    assert page.evaluate(ACTIVE) == active


def test_button_that_is_disabled_hands_the_focus_on(page):
    first_lab(page).get_by_role("button", name="Pin as A").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => ({FOCUS})() === 'Show the code'")        # not Unpin: Enter would undo it
    first_lab(page).get_by_role("button", name="Unpin").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => ({FOCUS})() === 'Show the code'")


def test_results_are_a_live_region_that_stays(page):
    region = first_lab(page).locator("[role=status]")
    assert region.count() == 1
    page.evaluate("() => { document.querySelector('.wyw-lab [role=status]').marked = true; }")
    slider(page, "requests").focus()
    page.keyboard.press("ArrowRight")
    shows(page, "0 of 25")
    assert page.evaluate("() => document.querySelector('.wyw-lab [role=status]').marked") is True
    assert "0 of 25" in region.inner_text()


def test_program_is_copied_with_its_button_and_with_keys(page, chrome):
    chrome.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first_lab(page).get_by_role("button", name="Show the code").click()
    area = first_lab(page).locator("textarea")
    area.wait_for()
    code = page.evaluate(ASK, "print(one.code)")
    assert area.input_value().strip() == code and not area.is_editable()
    first_lab(page).get_by_role("button", name="Copy").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.wyw-lab .wyw-copy').innerText === 'Copied'")
    assert page.evaluate("() => navigator.clipboard.readText()").strip() == code
    page.evaluate("() => navigator.clipboard.writeText('')")
    area.focus()
    for key in ("Control+a", "Control+c", "x", "d", "d"):       # the last three cut and delete cells
        page.keyboard.press(key)
    assert page.evaluate("() => navigator.clipboard.readText()").strip() == code
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length") == 3


# -- when the kernel is gone ------------------------------------------------------------------------

GONE = "the kernel behind them was restarted or has ended: run the first cell of the notebook"
IN_SIGHT = """index => {
  const area = document.querySelectorAll('.jp-Notebook .jp-Cell')[index]?.querySelector('.jp-Cell-outputArea');
  if (!area) return {text: ''};
  const broken = [...area.querySelectorAll('*')].some(
    each => each.checkVisibility() && getComputedStyle(each, '::before').content.includes('\\f127'));
  const shown = parts => [...area.querySelectorAll(parts)].filter(each => each.checkVisibility()).length;
  return {text: area.innerText, broken, controls: shown('button, select, .noUi-handle, textarea'),
          pictures: shown('img, svg[role=img], .wyw-beats svg')};
}"""
SHUTDOWN = "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }"
ANOTHER = "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.changeKernel({name: 'python3'}); }"
SAVE = "async () => { await window.jupyterapp.shell.currentWidget.context.save(); }"


@pytest.fixture
def both(chrome, address):
    """The notebook with a lab and a heartbeat, after Run All."""
    with lab_browser.run_notebook(chrome, address("both.ipynb")) as run:
        assert run.complaints == []
        run.page.locator(".wyw-heartbeat").wait_for()
        yield run.page


def alive(page):
    page.wait_for_function(f"() => ({IN_SIGHT})(1).controls > 10 && ({IN_SIGHT})(3).controls === 1")
    for cell in (1, 3):
        assert GONE not in page.evaluate(IN_SIGHT, cell)["text"]


def ended(page):
    """Nothing that looks alive, no error, nothing false: what was shown, and that the cell is to be run again."""
    page.wait_for_function(f"words => [1, 3].every(cell => ({IN_SIGHT})(cell).text.includes(words))", arg=GONE,
                           timeout=30_000)
    for cell in (1, 3):
        seen = page.evaluate(IN_SIGHT, cell)
        assert (seen["controls"], seen["broken"], seen["text"].count(GONE)) == (0, False, 1)
        for words in ("Error", "Loading", "NO BEAT", "the loop is free"):
            assert words not in seen["text"]
    assert page.evaluate(IN_SIGHT, 1)["pictures"] == 1


def test_restarted_kernel_leaves_what_was_shown(both):
    alive(both)
    slider(both, "requests").focus()
    both.keyboard.press("ArrowRight")
    shows(both, "0 of 12")
    both.evaluate(RESTART)
    ended(both)
    assert "0 of 12" in both.evaluate(IN_SIGHT, 1)["text"]          # as it was last
    assert both.evaluate(IN_SIGHT, 3)["pictures"] == 1
    both.evaluate("() => document.querySelector('.wyw-lab').scrollIntoView()")
    keep(both, "instruments-restarted")
    assert both.evaluate(lab_browser.RUN_ALL, 60) == "done"
    alive(both)


def test_kernel_that_is_shut_down_and_another_one(both):
    both.evaluate(SHUTDOWN)
    ended(both)
    both.evaluate(ANOTHER)
    both.wait_for_timeout(5000)
    ended(both)
    assert both.evaluate(lab_browser.RUN_ALL, 60) == "done"
    alive(both)


def test_page_that_is_loaded_again_finds_its_kernel(both, address):
    both.evaluate(SAVE)
    both.reload()
    both.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.content?.widgets?.length === 6")
    alive(both)


def test_notebook_that_is_opened_the_next_day(both):
    both.evaluate(ASK, "pulse.stop()")
    both.wait_for_function("() => document.querySelector('.wyw-pulse-result').innerText.includes('It is over')")
    both.wait_for_timeout(500)
    both.evaluate(SAVE)
    both.evaluate(SHUTDOWN)
    both.reload()
    ended(both)
    lab_text, pulse_text = (both.evaluate(IN_SIGHT, cell)["text"] for cell in (1, 3))
    assert "lab: 10 requests, gather" in lab_text and "This is what the lab showed when the cell was run." in lab_text
    assert "heartbeat in real time" in pulse_text and both.evaluate(IN_SIGHT, 3)["pictures"] == 1
    keep(both, "instruments-next-day")


def test_notebook_that_is_not_trusted(both, jupyterlab, tmp_path):
    """A notebook that somebody sends: its HTML is sanitised."""
    made = both.evaluate("() => JSON.stringify(window.jupyterapp.shell.currentWidget.context.model.toJSON())")
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "both.ipynb").write_text(made, encoding="utf-8")
    both.evaluate(SHUTDOWN)
    both.goto(jupyterlab.serve(folder)("both.ipynb"), wait_until="domcontentloaded")
    ended(both)
    assert "lab: 10 requests, gather" in both.evaluate(IN_SIGHT, 1)["text"]
    keep(both, "instruments-untrusted")


# -- where one looks after a cell was run -----------------------------------------------------------

VIEW = """index => {
  const view = document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
  const root = document.querySelectorAll('.jp-Notebook .jp-Cell')[index].querySelector('.wyw-live');
  const box = root?.getBoundingClientRect();
  const start = box?.top >= view.top - 1 && box?.top < view.bottom - 60;
  return root ? start && (box.bottom <= view.bottom + 1 || box.height > view.height) : false;
}"""
SELECT = """index => {
  const content = window.jupyterapp.shell.currentWidget.content;
  content.activeCellIndex = index;
  content.deselectAll();
  content.mode = 'command';
  content.activeCell.node.focus();
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (640, 400)], ids=["1280", "200 %"])
@pytest.mark.parametrize("keys", ["Shift+Enter", "Control+Enter"])
def test_instrument_is_in_view_after_its_cell_was_run(both, width, height, keys):
    assert not both.evaluate(VIEW, 1)                               # Run All has not moved there
    both.set_viewport_size({"width": width, "height": height})
    for cell in (1, 3):
        both.evaluate(SELECT, cell)
        both.wait_for_timeout(300)
        both.keyboard.press(keys)
        both.wait_for_timeout(2500)                                 # until nothing moves any more
        assert both.evaluate(VIEW, cell), cell
        assert both.evaluate(ACTIVE) == cell + (keys == "Shift+Enter")
    keep(both, f"instruments-after-{keys}-{width}")


# -- the heartbeat ----------------------------------------------------------------------------------

STATE = """() => {
  const part = name => document.querySelector('.wyw-heartbeat ' + name);
  return {
    strip: part('path').getAttribute('d'),
    beating: getComputedStyle(part('.wyw-alive')).opacity === '1',
    stopped: getComputedStyle(part('.wyw-dead')).opacity === '1',
    grown: part('.wyw-silence').getBoundingClientRect().width * getComputedStyle(part('.wyw-silence')).opacity,
    words: part('.wyw-pulse-result').innerText,
  };
}"""


def test_heartbeat_beats_while_a_cell_awaits(heart):
    run_cell(heart, 2, wait=False)
    heart.wait_for_timeout(500)
    seen = []
    for _ in range(6):
        heart.wait_for_timeout(300)
        seen.append(heart.evaluate(STATE))
    assert heart.evaluate(BUSY, 2)                          # the cell was running all the time
    assert len({state["strip"] for state in seen}) >= 4
    assert sum(state["beating"] for state in seen) >= 4
    keep(heart, "heartbeat-beating")


def test_heartbeat_stops_while_the_loop_is_blocked(heart):
    heart.wait_for_timeout(1000)
    run_cell(heart, 3, wait=False)
    heart.wait_for_function(f"() => ({STATE})().stopped && ({STATE})().grown > 40")
    first = heart.evaluate(STATE)
    heart.wait_for_timeout(700)
    second = heart.evaluate(STATE)
    assert heart.evaluate(BUSY, 3)
    assert first["strip"] == second["strip"]                # no beat has arrived,
    assert second["grown"] > first["grown"] + 10            # and the page shows that, without being told
    assert not second["beating"]
    keep(heart, "heartbeat-blocked")
    heart.wait_for_function(                                # time.sleep(3); a busy machine makes small gaps, too
        "() => document.querySelector('.wyw-pulse-result').innerText.match(/two beats ([0-9.]+) s/)?.[1] >= 2.9")
    heart.wait_for_function(f"() => ({STATE})().beating")
    keep(heart, "heartbeat-after")


def test_heartbeat_ends_with_its_button(heart):
    heart.get_by_role("button", name="Stop the pulse").focus()
    heart.keyboard.press("Enter")
    heart.wait_for_function("() => document.querySelector('.wyw-pulse-result').innerText.includes('It is over')")
    assert heart.evaluate(ASK, "print(pulse.beating)") == "False"


def test_heartbeat_of_a_cell_that_is_run_again_is_gone(heart):
    heart.evaluate(ASK, "first = pulse")
    before = heart.evaluate(ASK, WIDGETS)
    run_cell(heart, 1)
    heart.locator(".wyw-heartbeat").wait_for()
    assert heart.evaluate(ASK, "print(first.beating, pulse.beating)") == "False True"
    assert heart.evaluate(ASK, WIDGETS) == before
    assert heart.locator(".wyw-heartbeat").count() == 1


def test_heartbeat_works_after_a_restart(heart):
    heart.evaluate(RESTART)
    assert heart.evaluate(lab_browser.RUN_ALL, 60) == "done"
    heart.wait_for_function("() => document.querySelector('.wyw-pulse-result')?.innerText.includes('stopped')")
    heart.wait_for_function(f"() => ({STATE})().beating")
