"""The index in JupyterLab, in the workbook: its search, its links, and the links of the lessons.

The box to search in is tried with the keyboard and the mouse, in both themes, at 200 %, in a notebook that is not
trusted, and against what `search("...")` finds in Python.
"""

import random
import shutil

import nbformat
import playwright.sync_api as playwright
import pytest

from helpers import search
from helpers.notebook.search import entries
from tests.course.test_browser import notebook
from tests.course.test_error_museum import PASTED, WAYS, of_another_program
from tools import ROOT, index, lab_browser, workbook

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine"),
]

# The cell that is active in a notebook, and whether its upper end is in view; null while it is not open.
ACTIVE = """(file) => {
  const widget = window.jupyterapp.shell.currentWidget;
  const cell = widget?.context?.path.endsWith(file) ? widget.content.activeCell : null;
  if (!cell) return null;
  const top = cell.node.getBoundingClientRect().top;
  const view = widget.content.node.getBoundingClientRect();
  return [cell.model.id, top >= view.top - 5 && top < view.bottom];
}"""


@pytest.fixture(scope="module")
def page(jupyterlab, chrome, tmp_path_factory):
    """A page of a JupyterLab on a workbook, and the function that gives the address of a notebook in it."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / workbook.COURSE, root / workbook.COURSE)
    shutil.copy(ROOT / "README.md", root)
    assert workbook.main([], root) == 0
    page = chrome.context.new_page()
    with jupyterlab.windowing("contentVisibility"):         # what JupyterLab does out of the box
        address = jupyterlab.serve(root)
        yield page, lambda file: address(f"{workbook.WORKBOOK}/{file}")
    page.close()


# Whether this notebook is in front, scrolled so that the upper end of this cell is in the upper half of the view.
IN_VIEW = """([path, id]) => {
  const widget = window.jupyterapp.shell.currentWidget;
  if (!widget?.context?.path.endsWith(path)) return false;
  const cell = widget.content.widgets.find(cell => cell.model.id === id);
  const top = cell?.node.getBoundingClientRect().top;
  const view = widget.content.node.getBoundingClientRect();
  return top >= view.top - 5 && top < view.top + view.height / 2 && widget.content.widgets[0] !== cell;
}"""


def test_a_link_of_the_index_opens_the_lesson_at_its_cell(page):
    page, address = page
    cells = nbformat.read(ROOT / "notebooks" / index.FILE, as_version=4).cells
    links = [link for cell in cells if cell.id.startswith("messages-") for link in cell.source.split("](")[1:]]
    target = next(link.partition(")")[0] for link in links if link.startswith("04_"))
    file, _, cell = target.partition("#cell-id=")
    lab_browser._open(page, address(index.FILE))
    page.locator(f'.jp-RenderedMarkdown a[href*="{cell}"]').first.click()
    page.wait_for_function(f"(wanted) => {{ const is = ({ACTIVE})(wanted[0]); "
                           "return is && is[0] === wanted[1] && is[1]; }", arg=[file, cell], timeout=60_000)
    assert page.evaluate(ACTIVE, file) == [cell, True]


def test_all_lessons_are_one_click_away_from_each_and_stay_in_the_workbook(page):
    page, address = page
    lab_browser._open(page, address("04_gather.ipynb"))
    page.locator('.jp-RenderedMarkdown a:text-is("All lessons")').first.click()
    page.wait_for_function(IN_VIEW, arg=[f"/{workbook.WORKBOOK}/{index.FILE}", index.LESSONS], timeout=60_000)
    page.locator('.jp-RenderedMarkdown table a:has-text("Keep every task"):visible').first.click()
    page.wait_for_function("(path) => window.jupyterapp.shell.currentWidget?.context?.path.endsWith(path)",
                           arg=f"/{workbook.WORKBOOK}/05_task_groups.ipynb", timeout=60_000)


# --- links to a heading ---

# The headings that begin in the view of what is in front.
HEADINGS = """() => {
  const widget = window.jupyterapp.shell.currentWidget;
  const view = widget.node.getBoundingClientRect();
  return [...widget.node.querySelectorAll('h1, h2, h3')].filter(heading => {
    const top = heading.getBoundingClientRect().top;
    return top >= view.top && top < view.bottom - 10;
  }).map(heading => heading.innerText);
}"""


@pytest.mark.parametrize(("file", "href", "heading"), [
    ("00_start_here.ipynb", "#Start", "Start"),
    ("05_task_groups.ipynb", "#Where-is-the-cause?", "Where is the cause?"),
    ("05_task_groups.ipynb", "#cell-id=return-exceptions", "How do you get every answer, errors too?"),
    ("15_capstone.ipynb", "#Going-further", "Going further"),
])
def test_a_link_lands_at_its_heading(page, file, href, heading):
    page, address = page
    lab_browser._open(page, address(file))
    link = page.locator(f".jp-RenderedMarkdown :is(p, td) a[href$='{href}']").first
    link.scroll_into_view_if_needed()
    assert heading not in page.evaluate(HEADINGS)
    wait = {"arg": heading, "timeout": 15_000}
    link.click()
    try:
        page.wait_for_function(f"(heading) => ({HEADINGS})().includes(heading)", **wait)
    except playwright.TimeoutError:        # cells above it grew when they were drawn: they have their sizes now
        link.click()
        page.wait_for_function(f"(heading) => ({HEADINGS})().includes(heading)", **wait)


# --- the search ---

BOX, SHOWN = ".wyw-search textarea", ".wyw-search > ul > li"
STATUS = ".wyw-search [role=status]"
STATE = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  return [content.widgets.length, content.activeCell.model.id, content.mode, document.activeElement.localName];
}"""
THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"


@pytest.fixture(scope="module")
def index_page(page):
    """The page with the index, in which the cell of the search was run as its text says."""
    page, address = page
    lab_browser._open(page, address(index.FILE))
    page.locator(".jp-CodeCell .jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    page.locator(BOX).wait_for(timeout=60_000)
    page.wait_for_timeout(500)              # JupyterLab goes to the next cell
    return page


@pytest.fixture
def box(index_page):
    """The empty box in the index, in front, as after a click."""
    index_page.evaluate("""() => {
      const { shell } = window.jupyterapp;
      shell.activateById([...shell.widgets('main')].find(widget => widget.context?.path.endsWith('index.ipynb')).id);
    }""")
    box = index_page.locator(BOX)
    box.click()
    box.fill("")
    return box


def test_the_box_is_in_view_when_its_cell_has_been_run(index_page):
    view = index_page.locator(".jp-WindowedPanel-outer").bounding_box()
    place = index_page.locator(BOX).bounding_box()
    assert view["y"] < place["y"] and place["y"] + place["height"] < view["y"] + view["height"]


def test_typing_shows_what_fits_at_once_and_does_nothing_to_the_notebook(index_page, box):
    before = index_page.evaluate(STATE)
    text = "add bb dd xx: RuntimeWarning: coroutine 'get_price' was never awaited"      # a, b, d and x are shortcuts
    index_page.keyboard.type(text)
    for key in ("ArrowLeft", "ArrowUp", "ArrowDown", "Home", "End", "Shift+Enter", "Control+Enter", "Control+b"):
        index_page.keyboard.press(key)
    assert index_page.evaluate(STATE) == before and before[-1] == "textarea"
    assert box.input_value().startswith(text)
    assert index_page.locator(".jp-CodeCell .jp-InputPrompt").inner_text() == "[1]:"        # it was not run once more
    assert index_page.locator(SHOWN).first.inner_text().startswith("RuntimeWarning: coroutine '...' was never awaited")
    index_page.locator(STATUS).filter(has_text="Found:").wait_for()
    index_page.keyboard.press("Control+f")
    index_page.wait_for_timeout(500)
    assert index_page.locator(".jp-DocumentSearch-overlay").count() == 0      # the browser's own search comes
    index_page.keyboard.press("Escape")                 # back to the notebook, and nothing is lost
    assert box.input_value().startswith(text) and index_page.evaluate(STATE)[-1] != "textarea"
    assert index_page.evaluate(STATE)[:-1] == before[:-1]


def test_a_pasted_traceback_keeps_its_lines(index_page, box):
    text = WAYS["a traceback"]("ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)")
    box.evaluate("""(box, text) => {
      box.dispatchEvent(new ClipboardEvent('paste', {bubbles: true, cancelable: true}));
      document.execCommand('insertText', false, text);
    }""", text)
    assert box.input_value() == text
    assert index_page.locator(SHOWN).first.inner_text().startswith("ExceptionGroup: unhandled errors in a TaskGroup")


def test_what_is_not_there_is_said(index_page, box):
    box.fill("ZeroDivisionError: division by zero")
    index_page.locator(STATUS).filter(has_text="Nothing found. Try fewer words").wait_for()
    assert index_page.locator(SHOWN).count() == 0


def test_tab_and_enter_follow_the_first_link_to_its_cell(index_page, box):
    box.fill("RuntimeError: Event loop is closed")
    cell = index_page.locator(f"{SHOWN} a").first.get_attribute("href").partition("#cell-id=")[2]
    index_page.keyboard.press("Tab")
    assert index_page.evaluate("() => document.activeElement.hash") == f"#cell-id={cell}"
    index_page.keyboard.press("Enter")
    file = entries()[[entry.text for entry in entries()].index("RuntimeError: Event loop is closed")].places[0][1]
    index_page.wait_for_function(f"(wanted) => {{ const is = ({ACTIVE})(wanted[0]); "
                                 "return is && is[0] === wanted[1] && is[1]; }",
                                 arg=[file.partition("#")[0], cell], timeout=60_000)


def test_the_page_finds_what_python_finds(index_page, box):
    """The matching is there twice, in matching.py and in search.js."""
    choose = random.Random(14)
    texts = [entry.text for entry in entries()] + [text for _, text in PASTED]
    queries = [way(of_another_program(text)) for _, text in PASTED for way in WAYS.values()] + texts
    for text in texts:
        words = text.split()
        at = choose.randrange(len(words))
        queries.append(" ".join(words[at:at + choose.randint(1, 4)]))
        letter = choose.randrange(len(text))
        queries.append(text[:letter] + choose.choice(["", "x", "é", "\n"]) + text[letter + 1:])
    queries += ["", " ", "İKſ", "TypeError", "by", "'int' object is not iterable", "a\r\nb", "cor", "zzz", "[3m[m[0;1m"]
    assert len(queries) > 800
    found = index_page.locator(".wyw-search").first.evaluate("(root, queries) => queries.map(root.find)", queries)
    for query, numbers in zip(queries, found):
        assert [entries()[number] for number in numbers] == list(search(query).found), query


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_can_be_used_in_both_themes_and_at_200_percent(index_page, box, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    index_page.evaluate(THEME, theme)
    index_page.wait_for_function("(light) => document.body.dataset.jpThemeLight === String(light)",
                                 arg=theme.endswith("Light"))
    index_page.set_viewport_size({"width": lab_browser.WIDTH // 2, "height": lab_browser.HEIGHT // 2})
    try:
        box.fill("TypeError: unsupported operand type(s) for +: 'coroutine' and 'coroutine'")
        index_page.wait_for_timeout(500)
        seen = axe.run(index_page, {"include": [[".wyw-search"]]}, {"resultTypes": ["violations"]}).response
        found = [one for one in seen["violations"] if one["id"] != "region"]        # that is JupyterLab's page
        wrong = [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
        wide = index_page.locator(".wyw-search").evaluate("node => node.scrollWidth > node.clientWidth")
        index_page.screenshot(path=str(ROOT / "artefacts" / f"index-search-{theme[11:].lower()}-200.png"))
        assert wrong == [] and not wide
        first = index_page.locator(f"{SHOWN} a").first.bounding_box()
        assert first["y"] + first["height"] < lab_browser.HEIGHT // 2       # it has scrolled as far as that takes
        assert index_page.locator(SHOWN).count() == 2
    finally:
        index_page.set_viewport_size({"width": lab_browser.WIDTH, "height": lab_browser.HEIGHT})
        index_page.evaluate(THEME, "JupyterLab Light")


def test_where_scripts_are_taken_out_it_says_what_to_do_and_has_the_list(jupyterlab, chrome, tmp_path):
    """As in a fresh clone of somebody's notebook, which is not trusted."""
    cell = nbformat.v4.new_code_cell("search()", execution_count=1, outputs=[nbformat.v4.new_output(
        "execute_result", {"text/plain": repr(search()), "text/html": search()._repr_html_()}, execution_count=1)])
    (tmp_path / "mine").mkdir()
    nbformat.write(notebook(cell), tmp_path / "mine" / "mine.ipynb")
    page = chrome.context.new_page()
    lab_browser._open(page, jupyterlab.serve(tmp_path / "mine")("mine.ipynb"))
    output = page.locator(".jp-OutputArea-output")
    assert output.inner_text().startswith("Run this cell") and page.locator(BOX).count() == 0
    page.locator("summary").click()
    assert page.get_by_text("Task was destroyed but it is pending!", exact=True).first.is_visible()
    page.evaluate(lab_browser.CLOSE)
    page.close()


def test_the_search_of_jupyterlab_shows_little_of_the_index_as_source(page):
    page, address = page
    lab_browser._open(page, address(index.FILE))
    page.locator(".jp-RenderedMarkdown h2").first.click()
    page.keyboard.press("Control+f")
    page.locator(".jp-DocumentSearch-overlay").wait_for()
    page.keyboard.type("was never awaited")
    raw = """() => window.jupyterapp.shell.currentWidget.content.widgets
      .filter(cell => cell.model.type === 'markdown' && !cell.rendered).map(cell => cell.model.id)"""
    page.wait_for_function(f"() => ({raw})().length > 0", timeout=30_000)
    page.wait_for_timeout(500)
    assert len(page.evaluate(raw)) == 1
    for key in ("Enter", "Escape", "Control+Enter"):        # as the text says
        page.keyboard.press(key)
        page.wait_for_timeout(500)
    page.wait_for_function(f"() => ({raw})().length === 0", timeout=10_000)
