"""What the tests of the recorder share: ways to record a program, and to find things in the recording."""

import asyncio
import inspect
import threading
from asyncio import events

import pytest

from helpers.recorder import record
from helpers.virtual.run import simulate
from helpers.wait_kinds import WAIT

SOON = 0.002                # seconds: long enough to be suspended
NEVER = 60.0                # seconds that no test waits for to the end
HANDLE_RUN = events.Handle._run


def recorded(coro, **options):
    """The recording of a coroutine in real time."""

    async def outer():
        return await record(coro, **options)

    return asyncio.run(outer())


BOTH = pytest.mark.parametrize("run", [recorded, simulate], ids=["record", "simulate"])


def line(function, mark="# here"):
    """The number of the line in `function` that ends with `mark`."""
    lines, first = inspect.getsourcelines(function)
    (offset,) = [i for i, text in enumerate(lines) if text.rstrip().endswith(mark)]
    return first + offset


def waits(task):
    return [span for span in task.spans if span.kind == WAIT]


def named(run, name):
    (task,) = [task for task in run.tasks if task.name == name]
    return task


def watchdogs():
    return [thread for thread in threading.enumerate() if thread.name == "helpers-watchdog"]


async def nap():
    await asyncio.sleep(SOON)
