"""The index in JupyterLab, in the workbook: its links open a lesson at the very cell, and lessons link its list."""

import shutil

import nbformat
import pytest

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
    assert workbook.main([], root) == 0
    page = chrome.context.new_page()
    with jupyterlab.windowing("contentVisibility"):         # what JupyterLab does out of the box
        yield page, jupyterlab.serve(root / workbook.WORKBOOK)
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
    cells = {cell.id: cell for cell in nbformat.read(ROOT / "notebooks" / index.FILE, as_version=4).cells}
    links = cells["messages"].source.split("](")[1:]
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
