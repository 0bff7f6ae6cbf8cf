"""Run a coroutine in virtual time, at once, and record it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from helpers.recorder import THRESHOLD, Recorder, check_coroutine, keep_stopped
from helpers.recorder.asyncio_internals import enter_task, get_running_loop, leave_task, set_running_loop
from helpers.recording import Recording, Remark
from helpers.virtual.ending import abandon, cancel_all
from helpers.virtual.loop import LIMIT, Deadlock, Endless, VirtualTimeLoop
from helpers.virtual.threads import StuckThread
from helpers.virtual.time_module import in_charge_of_time


def simulate(coro: Coroutine[Any, Any, Any], *, limit: int = LIMIT, threshold: float = THRESHOLD) -> Recording:
    """Run a coroutine on a loop of its own in virtual time, and give the recording of its run.

    coro       a coroutine object: `simulate(main())`, without `await`
    limit      steps on the loop after which the program counts as endless
    threshold  seconds; a turn on the loop that takes longer counts as blocking it

    Every clock that the program reads shows virtual time, which begins at 2000-01-01 00:00 UTC. Where it reads one that
    stays real, such as `time.process_time`, the recording has a remark with the line (`.remarks`).

    It works in a script, and in a notebook cell whose own loop is running: that loop stands still
    meanwhile. Tasks that are left when the coroutine ends are cancelled, as `asyncio.run` does.

    An exception that the coroutine raises is kept: the recording shows it, and `.result` raises it. So
    is a `Deadlock` or an `Endless` run. Raises TypeError for anything that is not a coroutine object,
    and KeyboardInterrupt: it has a note that says where each task stood, and `simulate.stopped` is the recording
    up to there, until the next one.
    """
    coro = check_coroutine(coro, "simulate")
    keep_stopped(simulate, None)
    with _outer_loop_paused():
        loop = VirtualTimeLoop(limit=limit)
        try:
            recorder = Recorder(loop, loop.time_ns, threshold, sampler=loop, everything=True)
            with recorder:
                main = recorder.context.run(loop.create_task, coro)
                error = _run(loop, main)
        except KeyboardInterrupt as stop:
            keep_stopped(simulate, recorder.stopped_recording(main, "virtual", stop))
            raise
        finally:
            _close(loop)
    recording = recorder.recording(main, "virtual", error)
    remarks = _real_clocks(loop, recorder)
    return dataclasses.replace(recording, remarks=recording.remarks + remarks) if remarks else recording


def _real_clocks(loop: VirtualTimeLoop, recorder: Recorder) -> tuple[Remark, ...]:
    """Remarks on what the program has read that is not in virtual time."""
    return tuple(Remark("real clock", (now - recorder.started) / 1e9,
                        row.id if row is not None and row.recorder is recorder else None, place, 0.0, what)
                 for (what, place), (now, row) in loop.real_clocks.items())


keep_stopped(simulate, None)


def _run(loop: VirtualTimeLoop, main: asyncio.Task) -> Exception | None:
    try:
        loop.run_until_complete(main)
    except (Deadlock, Endless, StuckThread) as error:
        if not main.done():
            return error
    except KeyboardInterrupt:       # the stop button stops the cell, not the coroutine alone
        raise
    except BaseException:
        if not main.done():
            raise
    return None


def _close(loop: VirtualTimeLoop) -> None:
    """End a loop as `asyncio.run` does: cancel what is left, close generators, wait for threads."""
    try:
        left = loop.open_tasks()
        cancel_all(left)
        if left:
            _finish(loop, lambda: asyncio.gather(*left, return_exceptions=True))
        _finish(loop, loop.shutdown_asyncgens)
        _finish(loop, loop.shutdown_default_executor)
    finally:
        with in_charge_of_time(loop):
            abandon(loop, loop.open_tasks())
        loop.close()


def _finish(loop: VirtualTimeLoop, ending: Callable[[], Awaitable[object]]) -> None:
    """Run a step of the clean-up, unless a task or a thread is in the way that will not go."""
    async def end() -> None:
        await ending()

    with contextlib.suppress(Deadlock, Endless, StuckThread):
        loop.run_until_complete(end())


@contextlib.contextmanager
def _outer_loop_paused() -> Iterator[None]:
    """Make room for a loop of our own in a thread whose loop is running, in the middle of one of its tasks."""
    outer = get_running_loop()
    if outer is None:
        yield
        return
    task = asyncio.current_task(outer)
    if task is not None:
        leave_task(outer, task)
    set_running_loop(None)
    try:
        yield
    finally:
        set_running_loop(outer)
        if task is not None:
            enter_task(outer, task)
