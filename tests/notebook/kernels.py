"""A real kernel of the running interpreter, one cell at a time."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field

from jupyter_client.manager import KernelManager

PATIENCE = 20.0     # seconds after which a cell counts as hanging; a bound, not a measurement


@dataclass
class Cell:
    """What came back for one cell."""

    reply: dict | None = None
    errors: list[dict] = field(default_factory=list)
    stdout: str = ""
    stderr: str = ""
    results: list[str] = field(default_factory=list)

    @property
    def traceback(self) -> str:
        return "\n".join(self.errors[0]["traceback"])


class Kernel:
    """A kernel, one cell at a time."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(
        self, code: str, *, stop_at: str = "", stops: int = 1, patience: float = PATIENCE, linger: float = 0
    ) -> Cell:
        """Run a cell. `stop_at`: press stop when the cell has printed this. `linger`: keep listening after its end."""
        request = self.client.execute(code)
        cell = Cell()
        end = time.monotonic() + patience
        idle = False
        while time.monotonic() < end and not (idle and cell.reply is not None):
            idle = self._listen(request, cell, 0.05) or idle
            if stop_at and stop_at in cell.stdout:
                for _ in range(stops):
                    self.manager.interrupt_kernel()
                    time.sleep(0.3 if stops > 1 else 0)
                stop_at = ""
            if cell.reply is None:
                try:
                    message = self.client.get_shell_msg(timeout=0.01)
                except queue.Empty:
                    continue
                if message["parent_header"].get("msg_id") == request:
                    cell.reply = message["content"]
        end = time.monotonic() + linger
        while time.monotonic() < end:
            self._listen(request, cell, 0.05)
        return cell

    def _listen(self, request: str, cell: Cell, timeout: float) -> bool:
        try:
            message = self.client.get_iopub_msg(timeout=timeout)
        except queue.Empty:
            return False
        if message["parent_header"].get("msg_id") != request:
            return False
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            setattr(cell, content["name"], getattr(cell, content["name"]) + content["text"])
        elif kind == "error":
            cell.errors.append(content)
        elif kind == "execute_result":
            cell.results.append(content["data"]["text/plain"])
        return kind == "status" and content["execution_state"] == "idle"
