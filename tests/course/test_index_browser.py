"""The index in JupyterLab: a link of it opens the lesson at the very cell."""

from pathlib import Path

import nbformat
import pytest

from tools import index, lab_browser

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

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


def test_a_link_of_the_index_opens_the_lesson_at_its_cell():
    links = nbformat.read(NOTEBOOKS / index.FILE, as_version=4).cells[2].source.split("](")[1:]
    target = next(link.partition(")")[0] for link in links if link.startswith("04_"))
    file, _, cell = target.partition("#cell-id=")
    # "contentVisibility" is what JupyterLab does out of the box.
    with lab_browser.lab(NOTEBOOKS, windowing="contentVisibility") as address, lab_browser.browser() as chrome:
        page = chrome.context.new_page()
        lab_browser._open(page, address(index.FILE))
        page.locator(f'.jp-RenderedMarkdown a[href*="{cell}"]').first.click()
        page.wait_for_function(f"(wanted) => {{ const is = ({ACTIVE})(wanted[0]); "
                               "return is && is[0] === wanted[1] && is[1]; }", arg=[file, cell], timeout=60_000)
        assert page.evaluate(ACTIVE, file) == [cell, True]
