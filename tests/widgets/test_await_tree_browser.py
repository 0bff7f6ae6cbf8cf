"""The await tree in JupyterLab: its branches are drawn, and a screen reader finds lists in lists."""

from __future__ import annotations

import nbformat
import pytest

from tools import lab_browser

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine"),
]

CELL = """%load_ext helpers
import asyncio
from helpers import simulate

async def fetch():
    await asyncio.sleep(1)

async def main():
    await asyncio.gather(fetch(), fetch())

simulate(main()).await_tree(at=0.5)"""
DRAWN = """node => {
  const list = getComputedStyle(node.closest("ul")), branch = getComputedStyle(node, "::before");
  return [list.listStyleType, list.paddingLeft, branch.borderBottomWidth, branch.borderLeftWidth, branch.width];
}"""


@pytest.fixture(scope="module")
def page(jupyterlab, chrome, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec})
    made.cells = [nbformat.v4.new_code_cell(CELL, id="tree")]
    nbformat.write(made, folder / "tree.ipynb")
    with lab_browser.run_notebook(chrome, jupyterlab.serve(folder)("tree.ipynb")) as run:
        assert run.complaints == []
        yield run.page


def test_branches_stand_in_place_of_the_bullets_of_jupyterlab(page):
    tasks = page.locator(".wyw-tree li li")
    assert tasks.count() == 2
    assert tasks.nth(0).evaluate(DRAWN) == ["none", "0px", "1px", "0px", "12px"]        # ├─
    assert tasks.nth(1).evaluate(DRAWN) == ["none", "0px", "1px", "1px", "12px"]        # └─
    assert page.locator(".wyw-tree > ul").evaluate("node => getComputedStyle(node).paddingLeft") == "0px"


def test_a_screen_reader_finds_a_list_below_the_task_that_awaits(page):
    group = page.get_by_role("group", name="Await tree")
    main = group.get_by_role("list").first.get_by_role("listitem").first
    assert main.get_by_role("list").get_by_role("listitem").all_inner_texts() == [
        "fetch: sleeps 1 s, line 6 in fetch", "fetch 2: sleeps 1 s, line 6 in fetch"]
