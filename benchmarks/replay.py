"""The replay: how long until it is there, and until a step is seen, in runs of 10, 100 and 1,000 tasks.

In the kernel CPU time is measured. In JupyterLab it is elapsed time, from the key that asks for the next step to the
frame in which the page shows it: what a learner waits. Other programs on the machine make it longer. Where there is no
Chromium the second table is left out.
"""

from __future__ import annotations

import asyncio
import inspect
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

from helpers import Recording, Shop, simulate
from tools import lab_browser

from .measure import table

TASKS = (10, 100, 1_000)
STEPS = 20          # so many keys are pressed, one after another
SLOW = 100          # milliseconds that a step may take to appear

# From the key to the frame after the one in which the new sentence is there.
WATCH = """() => {
  const said = () => document.querySelector('.wyw-replay').shadowRoot.querySelector('p').innerText;
  window.took = new Promise(resolve => document.addEventListener('keydown', async () => {
    const before = said(), start = performance.now();
    while (said() === before && performance.now() - start < 10000) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    resolve(performance.now() - start);
  }, {capture: true, once: true}));
}"""


async def crowd(tasks: int) -> None:
    """`tasks` requests, at most a twentieth of them at a time."""
    desk = asyncio.Semaphore(max(tasks // 20, 2))

    async def ask(shop: Shop) -> int:
        async with desk:
            return await shop.price("tea")

    async with asyncio.TaskGroup() as group:
        for shop in Shop.many(tasks):
            group.create_task(ask(shop), name=shop.name)


def in_kernel(run: Recording) -> tuple[float, float, int, int, float]:
    """CPU seconds of HTML and text of a replay, the steps of the run and of the replay, and kilobytes of HTML."""
    replay = run.replay()
    begin = process_time()
    html = replay.html()
    built = process_time() - begin
    begin = process_time()
    str(replay)
    told = process_time() - begin
    last = sum(span.kind in ("run", "blocked") for task in run.tasks for span in task.spans)
    return built, told, last, len(replay.steps), len(html) / 1024


def in_browser() -> Iterator[tuple[int, list[float]]]:
    """Milliseconds from key to page of each step, for each number of tasks."""
    import nbformat

    with tempfile.TemporaryDirectory() as folder, lab_browser.browser() as chrome:
        for tasks in TASKS:
            made = nbformat.v4.new_notebook(metadata={"kernelspec": {
                "name": "python3", "display_name": "Python 3", "language": "python"}})
            made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells(tasks)]
            nbformat.write(made, Path(folder) / f"{tasks}.ipynb")
        with lab_browser.lab() as jupyterlab:
            address = jupyterlab.serve(Path(folder))
            for tasks in TASKS:
                with lab_browser.run_notebook(chrome, address(f"{tasks}.ipynb")) as run:
                    if run.complaints:
                        raise SystemExit("\n".join(run.complaints))
                    yield tasks, _press(run.page)


def cells(tasks: int) -> list[str]:
    """The code cells of a notebook that shows the replay of `crowd`."""
    return [
        "import asyncio\nfrom helpers import Shop, simulate",
        inspect.getsource(crowd),
        f"simulate(crowd({tasks})).replay()",
    ]


def _press(page: Any) -> list[float]:
    page.locator(".wyw-replay input").focus()
    times = []
    for _ in range(STEPS + 1):
        page.evaluate(WATCH)
        page.keyboard.press("ArrowRight")
        times.append(page.evaluate("window.took"))
        page.wait_for_timeout(50)
    return times[1:]                                    # the first one warms up


def tables() -> Iterator[str]:
    in_kernel(simulate(crowd(10)))                      # imports and fonts are not the price of a replay
    rows = []
    for tasks in TASKS:
        built, told, last, held, size = in_kernel(simulate(crowd(tasks)))
        rows.append([f"{tasks:,}", f"{last:,}", f"{held:,}", f"{built:.2f} s", f"{told:.3f} s", f"{size:.0f}"])
    header = ["tasks", "steps", "on the page", "to make the page", "its text", "KB"]
    yield table("Replay, in the kernel: CPU time", header, rows)
    if lab_browser.chromium() is None:
        return
    rows = [[f"{tasks:,}", f"{statistics.median(times):.0f} ms", f"{max(times):.0f} ms", f"{SLOW} ms"]
            for tasks, times in in_browser()]
    yield table("Replay, in JupyterLab: from the key to the page", ["tasks", "median", "worst", "at most"], rows)

