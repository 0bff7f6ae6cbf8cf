"""A second kernel, for what the learner's own should be spared, and the click of a button without a hand.

    async with other_kernel("import nest_asyncio") as kernel:
        await kernel.run_all("1 + 1", "print(2)")               # (["ok", "ok"], "2\n")
        await kernel.press_stop("await asyncio.sleep(60)", patience=1)

It is started as JupyterLab starts one, with jupyter_client, and has ended when the block is over.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from queue import Empty
from typing import Any

LONGEST = 60        # seconds that anything here may take

__all__ = ["OtherKernel", "click", "other_kernel"]


@asynccontextmanager
async def other_kernel(first_line: str = "") -> AsyncIterator[OtherKernel]:
    """A kernel of its own that has run a line; it ends with the block.

    Raises RuntimeError if it does not start, or if the line fails.
    """
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name="python3")
    starting = asyncio.ensure_future(manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    try:
        await asyncio.shield(starting)
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=LONGEST)
            reply = await client.execute(f"{first_line}\nimport asyncio", reply=True, timeout=LONGEST)
            if reply["content"]["status"] != "ok":
                raise RuntimeError(f"the first line of the other kernel failed: {reply['content']['evalue']}. It was "
                                   f"given {first_line!r}: write a line that runs in a new kernel.")
            yield OtherKernel(manager, client)
        finally:
            client.stop_channels()
    finally:
        await asyncio.wait([starting])              # a stop while it starts must not leave it behind
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)


class OtherKernel:
    """What `other_kernel` gives."""

    def __init__(self, manager: Any, client: Any) -> None:
        self._manager, self._client = manager, client

    async def press_stop(self, cell: str, patience: float) -> str:
        """Run a cell, press the stop button while it is at work, and say how it ends.

        cell      is at work for some seconds: what has ended before the button is pressed is not answered for
        patience  seconds that it may take to end. After that, one more cell is run, which wakes a sleeping loop.

        Raises TimeoutError if it never ends.
        """
        begun = "the cell is at work"
        running = asyncio.create_task(self._client.execute(f"print({begun!r})\n{cell}", reply=True))
        async with asyncio.timeout(LONGEST):
            while begun not in (await self._client.get_iopub_msg())["content"].get("text", ""):
                pass
            await self._manager.interrupt_kernel()          # what the button does
            stopped, _ = await asyncio.wait([running], timeout=patience)
            if not stopped:
                self._client.execute("")
            ending = (await running)["content"].get("ename", "no error")
        return ending if stopped else f"no answer in {patience:g} s; after one more cell {ending}"

    async def run_all(self, *cells: str) -> tuple[list[str], str]:
        """Send cells all at once, as *Run All* does: what each one is answered, and what they have printed.

        An answer is "ok", "error", or "no answer" from a kernel that has nothing more to do. Raises TimeoutError.
        """
        answers = {self._client.execute(cell): "no answer" for cell in cells}
        text, probe = "", ""
        async with asyncio.timeout(LONGEST):
            while probe not in answers:
                try:
                    reply = await self._client.get_shell_msg(timeout=0.5)
                    answers[reply["parent_header"]["msg_id"]] = reply["content"]["status"]
                except Empty:
                    probe = self._client.execute("")        # all is quiet: has it nothing more to do?
            while (message := await self._client.get_iopub_msg())["parent_header"].get("msg_id") != probe:
                text += message["content"].get("text", "")
        return list(answers.values())[: len(cells)], text


def click(button: Any) -> None:
    """Click a button of ipywidgets: this kernel gets the message that a browser sends for a click.

    To be called in a kernel, which has a connection file. The callback is called when the kernel handles the message.
    """
    from ipykernel import get_connection_file
    from jupyter_client import BlockingKernelClient

    browser = BlockingKernelClient(connection_file=get_connection_file())
    browser.load_connection_file()
    channel = browser.connect_shell()           # nothing else of a client is needed
    event = {"method": "custom", "content": {"event": "click"}}
    browser.session.send(channel, "comm_msg", {"comm_id": button.comm.comm_id, "data": event})
    channel.close(linger=1000)                  # milliseconds in which the message may still leave
