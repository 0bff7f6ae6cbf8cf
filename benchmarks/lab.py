"""How fast the lab follows a slider: from the new setting to the picture, for 10, 100 and 1,000 requests.

On the kernel's side, the program is run and drawn; in JupyterLab, it is the time from the key that moves the slider to
the new picture.

Kernel: the best and the median of nine, in milliseconds of elapsed time and of CPU time; each time the setting is a new
one. Browser: the median and the worst of nine. Other programs on the machine make the elapsed times longer.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tools import lab_browser

from .measure import table

REQUESTS = (10, 100, 1_000)
ROUNDS = 9
STRATEGIES = ("gather", "semaphore", "one by one")
IN_TROUBLE: dict[str, dict[str, Any]] = {
    "retries in an outage": {"retries": 1, "timeout": 1.0},
    "hedged": {"hedge": 0.3},
    "protected": {"retries": 2, "timeout": 1.0, "queue_size": 20, "backoff": "full jitter", "retry_budget": 0.1,
                  "deadline": 3.0, "breaker": 5, "rate_limit": 28},
}
# 24 requests in a second, at a shop that bears 30, and closes for a while
OUTAGE: dict[str, Any] = {"per_second": 24, "latency": 0.1, "capacity": 3, "trouble": "closed",
                          "trouble_from": 2.0, "trouble_for": 2.0, "when_cancelled": "finish"}


def milliseconds(action: Callable[[int], object]) -> tuple[list[float], list[float]]:
    """Elapsed and CPU milliseconds of `action(number)`, for the numbers of the rounds; once more to warm up."""
    elapsed, cpu = [], []
    for number in range(ROUNDS + 1):
        start, used = time.perf_counter(), time.process_time()
        action(number)
        elapsed.append(1e3 * (time.perf_counter() - start))
        cpu.append(1e3 * (time.process_time() - used))
    return elapsed[1:], cpu[1:]


def move(slider: Any, number: int) -> None:
    slider.value = 0.3 + number / 20


def follow(settings: dict[str, Any], move: Callable[[Any, int], None], control: str) -> list[str]:
    """How long a lab of these settings takes to follow one of its controls."""
    from helpers import lab

    one = lab(**settings)
    elapsed, cpu = milliseconds(partial(move, one.controls[control]))
    size = (len(one.picture.value) + len(one.result.value)) / 1024
    one.close()
    return [f"{min(elapsed):.1f} ms", f"{statistics.median(elapsed):.1f} ms", f"{min(cpu):.1f} ms", f"{size:.0f}"]


def kernel() -> Iterator[list[str]]:
    for requests in REQUESTS:
        for strategy in STRATEGIES:
            settings = {"requests": requests, "strategy": strategy, "limit": 10, "capacity": 50}
            yield [f"{requests:,}", strategy, *follow(settings, move, "latency")]


def longer(slider: Any, number: int) -> None:
    slider.value = 2.5 + number / 2


def in_trouble() -> Iterator[list[str]]:
    for requests in REQUESTS:
        for name, protected in IN_TROUBLE.items():
            settings = {"requests": requests, **OUTAGE, **protected}
            yield [f"{requests:,}", name, *follow(settings, longer, "trouble_for")]


# From the key to the frame in which the picture with the new number is drawn.
MOVE = """async () => {
  const handle = [...document.querySelectorAll('.wyw-lab .widget-slider')]
    .find(row => row.innerText.startsWith('latency')).querySelector('.noUi-handle');
  handle.focus();
  const before = document.querySelector('.wyw-lab svg[role=img]').outerHTML;
  const start = performance.now();
  handle.dispatchEvent(new KeyboardEvent('keydown', {key: 'Right', code: 'ArrowRight', bubbles: true}));
  handle.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', code: 'ArrowRight', bubbles: true}));
  while (document.querySelector('.wyw-lab svg[role=img]').outerHTML === before) {
    if (performance.now() - start > 20000) return null;
    await new Promise(requestAnimationFrame);
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def browser() -> Iterator[list[str]]:
    import nbformat

    setup = "%load_ext helpers\nfrom helpers import lab"
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    with tempfile.TemporaryDirectory() as folder, lab_browser.browser() as chrome:
        for requests in REQUESTS:
            made = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec})
            cells = [setup, f"lab(requests={requests}, latency=0.2, capacity=50)"]
            made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
            nbformat.write(made, Path(folder) / f"bench_{requests}.ipynb")
        with lab_browser.lab() as jupyterlab:
            address = jupyterlab.serve(Path(folder))
            for requests in REQUESTS:
                with lab_browser.run_notebook(chrome, address(f"bench_{requests}.ipynb")) as run:
                    times = []
                    for _ in range(ROUNDS + 1):
                        times.append(run.page.evaluate(MOVE))
                        run.page.wait_for_timeout(500)
                    times = times[1:]
                    yield [f"{requests:,}", f"{statistics.median(times):.0f} ms", f"{max(times):.0f} ms"]


def tables() -> Iterator[str]:
    yield table("Lab, in the kernel: from a setting to its picture",
                ["requests", "strategy", "best", "median", "CPU, best", "KB of message"], list(kernel()))
    yield table("Lab, in the kernel: from the length of an outage to its picture",
                ["requests", "protection", "best", "median", "CPU, best", "KB of message"], list(in_trouble()))
    if lab_browser.chromium() is not None:
        yield table("Lab, in JupyterLab: from the key on the slider to the new picture",
                    ["requests", "median", "worst"], list(browser()))
