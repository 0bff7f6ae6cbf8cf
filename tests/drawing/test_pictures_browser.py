"""Pictures as JupyterLab really shows them: with alternative text, framed, in a notebook that is trusted and one not.

Each test asserts what the page shows, and keeps a picture in artefacts/.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
import pytest

from helpers.drawing.palette import PAPER
from helpers.drawing.timeline import compare, mimebundle
from helpers.virtual.run import simulate
from tests.course.test_browser import notebook
from tools import lab_browser, refresh

PICTURES = Path(__file__).resolve().parents[2] / "artefacts"

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine"),
]

PROGRAM = """\
async def main():
    await asyncio.gather(asyncio.sleep(0.3), asyncio.sleep(0.5))

async def stuck():
    await asyncio.Event().wait()
"""
CELLS = (
    f"%load_ext helpers\nimport asyncio\nfrom helpers import compare, simulate\n{PROGRAM}",
    "simulate(main())",
    "compare({'one': simulate(main()), 'stuck': simulate(stuck())})",
    "from matplotlib.figure import Figure\nfrom helpers.drawing.figure import show\nfigure = Figure(figsize=(4, 2))\n"
    "_ = figure.subplots().plot([1, 2], [3, 4])\nshow(figure, alt='A line goes up.', text='3 4')",
)
ALTS = ("Timeline: 3 tasks in 0.5 s", "Timelines on one time axis. one: Timeline", "A line goes up.")

IMAGES = """() => [...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output img')].map(image => {
  const frame = image.parentElement, style = getComputedStyle(frame), box = image.getBoundingClientRect();
  return {alt: image.alt, shown: image.currentSrc.slice(0, 18), loaded: image.complete && image.naturalWidth > 0,
          frame: frame.className, ground: style.backgroundColor, border: style.borderTopWidth,
          radius: style.borderTopLeftRadius, padding: style.paddingTop, width: box.width, height: box.height,
          natural: image.naturalWidth / image.naturalHeight,
          room: frame.closest('.jp-OutputArea-output').getBoundingClientRect().width};
})"""


def stored() -> nbformat.NotebookNode:
    """The notebook with outputs, as `make refresh` stores them: nobody has run it here, so it is not trusted."""
    names: dict = {"asyncio": asyncio}
    exec(PROGRAM, names)
    run = simulate(names["main"]())
    bundles = (mimebundle(run), compare({"one": run, "stuck": simulate(names["stuck"]())})._repr_mimebundle_())
    made = notebook(*CELLS)
    for cell, (data, metadata) in zip(made.cells[1:], bundles):
        cell.outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata)]
    return refresh.normalise(made)


@pytest.fixture(scope="module")
def address(jupyterlab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    nbformat.write(stored(), folder / "pictures.ipynb")
    return jupyterlab.serve(folder)


def theme(page, name: str) -> None:
    page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
    page.wait_for_timeout(1000)


def keep(page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=str(PICTURES / f"{name}.png"))


def is_framed(image: dict) -> bool:
    white = tuple(int(PAPER[at : at + 2], 16) for at in (1, 3, 5))
    assert image["frame"] == "wyw-picture" and image["ground"] == f"rgb{white}"
    assert (image["border"], image["radius"], image["padding"]) == ("1px", "6px", "6px")
    assert image["width"] <= image["room"], "it is not wider than its column"
    assert image["width"] / image["height"] == pytest.approx(image["natural"], rel=0.02)
    return image["loaded"]


def test_in_a_stored_notebook_each_picture_has_its_words_and_its_frame(chrome, address) -> None:
    page = chrome.context.new_page()
    page.set_default_timeout(60_000)
    try:
        lab_browser._open(page, address("pictures.ipynb"))
        page.wait_for_function("() => document.querySelectorAll('.jp-OutputArea-output img').length == 2")
        page.wait_for_timeout(500)
        assert not page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.trusted")
        images = page.evaluate(IMAGES)
        for image, alt in zip(images, ALTS[:2], strict=True):
            assert image["alt"].startswith(alt) and is_framed(image)
            # JupyterLab takes the srcset away, and the PNG is left
            assert image["shown"].startswith("data:image/png")
        keep(page, "pictures_stored")
    finally:
        page.evaluate(lab_browser.CLOSE)
        page.close()


def test_after_run_all_pictures_of_runs_are_vectors_in_either_theme(chrome, address) -> None:
    with lab_browser.run_notebook(chrome, address("pictures.ipynb")) as run:
        assert run.complaints == []
        for name in ("JupyterLab Dark", "JupyterLab Light"):
            theme(run.page, name)
            run.page.wait_for_timeout(500)
            images = run.page.evaluate(IMAGES)
            for image, alt in zip(images, ALTS, strict=True):
                assert image["alt"].startswith(alt) and is_framed(image)
            assert [image["shown"].startswith("data:image/svg+xml") for image in images] == [True, True, False]
            keep(run.page, f"pictures_{name.split()[1].lower()}")
