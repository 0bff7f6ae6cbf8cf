"""What the tests of the libraries share: ways to record a program, and to say what its recording holds."""

import asyncio
import contextlib
import socket

from helpers.recorder import record
from helpers.recording import Recording
from helpers.wait_kinds import BLOCKED, RUN, WAIT

SOON = 0.05                 # seconds that a handler takes: far longer than a trip on loopback
LIMIT = 30                  # seconds after which a program counts as hanging


def recorded(main, *, prepare=None, **options):
    """The recording of `main()`; with `prepare`, of `main(value)` inside `async with prepare() as value`."""
    async def outer():
        async with asyncio.timeout(LIMIT), contextlib.AsyncExitStack() as stack:
            values = [await stack.enter_async_context(prepare())] if prepare else []
            return await record(main(*values), **options)

    return asyncio.run(outer())


def lanes(run: Recording) -> list[str]:
    """The names of the lanes. All that is numbered is in order; each task has its own."""
    names = [task.name for task in run.tasks]
    assert len(set(names)) == len(names), names
    return names


def waits(run: Recording, name: str) -> set[str]:
    """What the task of this name waited for, for a moment or longer."""
    (task,) = [task for task in run.tasks if task.name == name]
    return {span.wait for span in task.spans if span.kind == WAIT}


def every_wait(run: Recording) -> set[str]:
    return {span.wait for task in run.tasks for span in task.spans if span.kind == WAIT}


def others(run: Recording) -> set[str]:
    """The libraries that had tasks of their own. How many differs with the Python."""
    assert all(each.tasks > 0 for each in run.others)
    return {each.library for each in run.others}


def check(run: Recording) -> None:
    """What holds for every recording: it ended well, and its turns and tasks are numbered without gaps."""
    assert run.error == ""
    turns = sorted(span.step for task in run.tasks for span in task.spans if span.kind in (RUN, BLOCKED))
    assert turns == list(range(len(turns)))
    assert all(0 <= number < len(run.tasks) for task in run.tasks for span in task.spans for number in span.on)
    assert "asyncio" not in every_wait(run)


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
