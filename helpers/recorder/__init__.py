"""Watches a running event loop, and makes a `Recording` of what it saw.

    run                 record(), and the Recorder: from the call to the Recording
    every_loop          all loops that a program runs, recorded from outside
    watch               what is replaced on a loop meanwhile, and put back
    hooks, turns        what stands in its place: the methods of a loop; the turn itself
    new_tasks           how a task is met, however it was made
    cuts                what cut a wait short: a timeout, or a task that cancelled another
    notes               what is noted of a task and of a step
    standings           where each task stood when a run was stopped
    watchdog            the line that a long turn is at
    translate, folding  from notes to a Recording; the tasks of libraries are taken out of it
    waits, locks        what a suspended task waits for, and at which line; which locks it holds
    library_waits       what the waits inside libraries are called
    owners              whose a task is
    await_tree          who awaits whom, of all tasks of a loop
    names               what to call a task
    learners_code       which code is the learner's
    asyncio_internals   every private name of asyncio that is used, looked up once
"""

from helpers.recorder.asyncio_internals import UnknownPython
from helpers.recorder.notes import THRESHOLD
from helpers.recorder.run import (
    Recorder,
    check_coroutine,
    closed_if_refused,
    current_recorder,
    keep_stopped,
    note_stop,
    record,
    recorder_of,
)
from helpers.recorder.watchdog import Sampler, Watched

__all__ = [
    "THRESHOLD", "Recorder", "Sampler", "UnknownPython", "Watched", "check_coroutine", "closed_if_refused",
    "current_recorder", "keep_stopped", "note_stop", "record", "recorder_of",
]
