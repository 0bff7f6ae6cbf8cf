"""Running a program in virtual time, for the tests."""

from __future__ import annotations

import asyncio
import time
import types
from collections.abc import Coroutine
from typing import Any

from helpers import VirtualTimeLoop

PATIENCE = 60       # seconds after which a program that should end at once counts as hanging
REAL = {name: getattr(time, name) for name in
        ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns")}


def run(coro: Coroutine[Any, Any, Any], **options: Any) -> Any:
    """Run a coroutine in virtual time; it must not take long for real."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(**options)) as runner:
        return runner.run(coro)


def now() -> float:
    return asyncio.get_running_loop().time()


def close(loop: asyncio.AbstractEventLoop) -> None:
    """End a loop that was stopped by an error."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def identities(module: types.ModuleType) -> dict[str, int]:
    """What stands under which name."""
    return {name: id(value) for name, value in vars(module).items() if name != "__warningregistry__"}
