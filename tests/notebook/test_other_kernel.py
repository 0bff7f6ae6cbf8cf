"""A second kernel says how its cells ended, is gone after its block, and a click reaches the kernel that makes it."""

from __future__ import annotations

import asyncio

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from helpers.notebook.other_kernel import other_kernel


def test_cells_that_are_sent_at_once_are_answered_in_their_order():
    async def main():
        async with other_kernel("x = 2") as kernel:
            return await kernel.run_all("print(x)", "1 / 0", "print('not reached')"), kernel._manager

    (answers, text), manager = asyncio.run(main())
    assert answers[:2] == ["ok", "error"] and answers[2] in ("aborted", "error")
    assert text == "2\n"
    assert asyncio.run(manager.is_alive()) is False


def test_a_cell_that_waits_is_woken_by_one_more_cell_and_one_that_computes_is_stopped():
    async def main():
        async with other_kernel() as kernel:
            return [await kernel.press_stop(cell, patience) for cell, patience in (
                ("await asyncio.sleep(60)", 0.5), ("while True: pass", 30))]

    waiting, computing = asyncio.run(main())
    assert waiting == "no answer in 0.5 s; after one more cell CancelledError"
    assert computing == "KeyboardInterrupt"


def test_a_first_line_that_fails_is_told():
    async def main():
        async with other_kernel("import no_such_module"):
            pass

    with pytest.raises(RuntimeError, match=r"No module named 'no_such_module'.*'import no_such_module'.*new kernel"):
        asyncio.run(main())


@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.3, 1])
def test_a_stop_at_any_time_leaves_no_kernel_behind(seconds):
    def children() -> set[int]:
        return {process.pid for process in psutil.Process().children(recursive=True)}

    async def main():
        async with other_kernel():
            await asyncio.sleep(60)

    async def stopped():
        task = asyncio.create_task(main())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    before = children()
    assert asyncio.run(stopped())
    assert children() <= before


CLICK = """
import asyncio
from ipywidgets import Button
from helpers.notebook.other_kernel import click

button, clicked = Button(), asyncio.Event()
button.on_click(lambda _: clicked.set())
click(button)
async with asyncio.timeout(30):
    await clicked.wait()
print("clicked")
"""


def test_a_click_reaches_its_own_kernel():
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        printed = []
        client.execute_interactive(CLICK, timeout=60,
                                   output_hook=lambda message: printed.append(message["content"].get("text", "")))
        assert "clicked\n" in printed
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
