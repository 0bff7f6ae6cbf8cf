"""`asyncio.all_tasks()` in a cell: without the tasks in which the kernel receives and runs the cells.

In a script it gives the tasks of the program, and what one finds when one looks for how to cancel everything relies on
that: cancel all of them but the current one, and wait for their end. In a notebook this makes a circle, since a task of
the kernel's waits for the cell, and the cell for that task: the cancellation goes round in it until Python gives up
(`RecursionError`), the stop button does nothing, and the kernel never answers again (ipykernel 7.4, Python 3.13).

So code that a cell runs does not get these tasks. Everybody else, such as the kernel, gets all.

What often follows in a script, `loop.stop()`, would end the kernel at once, and with it all that was computed. Asked
for by a cell, it is an error that says so.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from typing import Any

from helpers.notebook import ipython_internals as internals
from helpers.notebook.cells import CELL
from helpers.recorder.asyncio_internals import context_of
from helpers.recorder.learners_code import learners_place

_original: Callable[..., set[asyncio.Task[Any]]] = asyncio.all_tasks
_kernels: asyncio.AbstractEventLoop | None = None
_places: tuple[Any, ...] = (asyncio, asyncio.tasks)

CALLBACKS = ("asyncio.events", "helpers.recorder.turns")        # the modules that call what was handed to the loop


@functools.wraps(_original)
def all_tasks(loop: asyncio.AbstractEventLoop | None = None) -> set[asyncio.Task[Any]]:
    """The tasks of the loop that are not done; in a notebook without those in which the kernel runs your cells."""
    tasks = _original(loop)
    if _kernels is None or (loop or asyncio.get_running_loop()) is not _kernels:
        return tasks
    if CELL.get() is None and learners_place(sys._getframe(1)) is None:
        return tasks
    return {task for task in tasks if not is_kernels(task)}


all_tasks.__doc__ = f"""{_original.__doc__}

    %load_ext helpers: without the tasks in which the kernel runs your cells. To cancel one of these and to wait for it
    would be the end of the kernel.
    """


def is_kernels(task: asyncio.Task[Any]) -> bool:
    """Whether a task is the kernel's, and not one that a cell has made with a library that the kernel uses, too."""
    if not internals.is_of_kernel(task):
        return False
    context = context_of(task)
    if context is not None:
        cell = context.get(CELL)
    else:                                   # Python 3.11, and a task in the middle of a step
        cell = CELL.get() if task is asyncio.current_task(task.get_loop()) else None
    # A cell that awaits nothing runs in the task of the kernel that received it, and so in its context.
    return cell is None or (cell.task is None and task is cell.runs_in)


def stop() -> None:
    """In place of the `stop` of the kernel's loop: an error if a cell asks for it."""
    assert _kernels is not None
    caller = sys._getframe(1)
    # The kernel ends itself with it, too, and may do so in the context of a cell: after exit().
    handed_on = CELL.get() is not None and caller.f_globals.get("__name__") in CALLBACKS
    if handed_on or learners_place(caller) is not None:
        raise RuntimeError("loop.stop() would end the kernel of this notebook, since the loop is the kernel's. Leave "
                           "it out: a cell is over when its last line is done. A script needs no loop.stop() either, "
                           "if it begins with asyncio.run(main())")
    type(_kernels).stop(_kernels)


def install(loop: asyncio.AbstractEventLoop) -> None:
    """Have cells find this `all_tasks`, which tells the tasks of the kernel's loop apart. Twice does no harm."""
    global _kernels
    _kernels = loop
    if isinstance(loop, asyncio.BaseEventLoop):
        vars(loop).setdefault("stop", stop)
    for place in _places:
        if place.all_tasks is _original:
            place.all_tasks = all_tasks


def remove() -> None:
    """Put asyncio's own back, unless somebody has put another one over this; that one then finds all tasks, too."""
    global _kernels
    if isinstance(_kernels, asyncio.BaseEventLoop) and vars(_kernels).get("stop") is stop:
        del vars(_kernels)["stop"]
    _kernels = None
    for place in _places:
        if place.all_tasks is all_tasks:
            place.all_tasks = _original
