"""Every notebook in JupyterLab, as the learner has it in workbook/.

No answer is in sight before its cell is run; all cells run in a browser, without an error, and what they show is drawn.

Pictures are kept in artefacts/. Where there is no Chromium these tests are skipped, and the summary of the run says so.
"""

from __future__ import annotations

import shutil
import sys
import time

import nbformat
import pytest

from tools import ROOT, lab_browser, workbook

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine"),
]

HANGING = 8.0       # seconds after which the notebook made to hang is given up


def notebook(*cells: str | nbformat.NotebookNode) -> nbformat.NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    made.cells = [nbformat.v4.new_code_cell(c, id=f"c{n}") if isinstance(c, str) else c for n, c in enumerate(cells)]
    return made


def allowed(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, id="allowed", metadata={"tags": ["raises-exception"]})


TRIALS = {
    "good": notebook(
        "%load_ext helpers\nimport asyncio",
        "from IPython.display import display\nfrom ipywidgets import IntSlider, Output\nslider = IntSlider(3)\nslider",
        "await asyncio.sleep(0.01)\nprint('\\n'.join(map(str, range(200))))",
        allowed("async with asyncio.TaskGroup() as group:\n    group.create_task(asyncio.sleep('x'))"),
        "await asyncio.sleep(1)",
        "print('after the error')",
        nbformat.v4.new_markdown_cell("The end", id="end"),
    ),
    "bad": notebook(
        "from IPython.display import HTML, display\nHTML('<img alt=\"x\" src=\"https://example.org/x.png\">')",
        "view = {'model_id': 'f' * 32, 'version_major': 2, 'version_minor': 0}\n"
        "display({'application/vnd.jupyter.widget-view+json': view}, raw=True)",
        "raise ValueError('no tea')",
        "print('not reached')",
    ),
    "hangs": notebook("import asyncio", "await asyncio.Event().wait()", "print('not reached')"),
    "dies": notebook(
        "import threading, os\nthreading.Timer(0.1, os._exit, [1]).start()",
        "import time\ntime.sleep(60)",
    ),
}


TRIALS["good"].cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="the answer\n")]


@pytest.fixture(scope="module")
def course(jupyterlab, tmp_path_factory):
    """JupyterLab on a workbook, just made."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / workbook.COURSE, root / workbook.COURSE)
    assert workbook.main([], root) == 0
    address = jupyterlab.serve(root / workbook.WORKBOOK)
    assert f"/{workbook.WORKBOOK}/" in address("x")
    return address


@pytest.fixture(scope="module")
def trials(jupyterlab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    for name, made in TRIALS.items():
        nbformat.write(made, folder / f"{name}.ipynb")
    address = jupyterlab.serve(folder)
    return lambda name: address(f"{name}.ipynb")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs_in_jupyterlab(path, course, chrome):
    with lab_browser.run_notebook(chrome, course(path.name)) as run:
        pictures = lab_browser.take_pictures(run.page, ROOT / "artefacts", path.stem)
    assert pictures
    assert run.shown_before == [], "an answer is in sight before its cell is run"
    assert not run.complaints, "\n".join([path.name, *run.complaints])


# -- the harness itself -----------------------------------------------------------------------------


def test_good_notebook_passes_and_is_pictured(trials, chrome, tmp_path):
    with lab_browser.run_notebook(chrome, trials("good")) as run:
        assert run.complaints == []
        assert [text.strip() for text in run.shown_before] == ["the answer"]
        assert "ExceptionGroup" in run.text(3) and "TypeError" in run.text(3)
        assert run.page.locator(".jp-Notebook .widget-slider").is_visible()
        (tmp_path / "good-77.png").write_text("of an earlier run")
        pictures = lab_browser.take_pictures(run.page, tmp_path, "good")
        assert "The end" in run.page.locator(".jp-Notebook .jp-Cell").last.inner_text()
    assert len(pictures) >= 2 and sorted(tmp_path.glob("*.png")) == pictures


def complaints(trials, chrome, name, seconds=60.0):
    with lab_browser.run_notebook(chrome, trials(name), seconds) as run:
        return run.complaints


def test_everything_wrong_is_named(trials, chrome):
    assert complaints(trials, chrome, "bad") == [
        "cell 2 (c1) has a widget that does not render",
        "cell 3 (c2) shows an error: ValueError: no tea",
        "cell 4 (c3) was not executed",
        "a request left the loopback: https://example.org/x.png",
    ]


def test_hanging_cell_is_caught_in_time(trials, chrome):
    began = time.monotonic()
    found = complaints(trials, chrome, "hangs", HANGING)
    assert found == [f"cell 2 (c1) gave no answer within {HANGING:g} seconds: await asyncio.Event().wait()"]
    assert time.monotonic() - began < HANGING + lab_browser.STARTING


def test_kernel_that_dies_is_caught(trials, chrome):
    assert complaints(trials, chrome, "dies", 30) != []


def test_notebook_that_is_not_there_is_named(trials, chrome):
    with pytest.raises(lab_browser.Failed, match=r"missing\.ipynb"):
        with lab_browser.run_notebook(chrome, trials("missing")):
            pass


def test_named_chromium_that_is_not_there(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    assert lab_browser.chromium() is None
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert lab_browser.chromium() == sys.executable
