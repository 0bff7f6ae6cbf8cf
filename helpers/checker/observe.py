"""Run one case of an exercise on an answer, and note everything that a verdict may need, as plain data.

This runs in the process of the answer. The answer runs inside `simulate`, so its time is virtual and
exact. What happens is noted, not judged: `verdict` judges, on the other side.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import logging
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from helpers.checker.case import Case
from helpers.checker.expect import Failed, equal, shown
from helpers.checker.protocol import ErrorNotes, JsonPlace, Notes, Pending, Unfinished, as_json, blank_notes
from helpers.recorder import UnknownPython
from helpers.recorder.learners_code import is_library_file, learners_place
from helpers.recording import Place, Task
from helpers.virtual import Deadlock, Endless, NotSimulated, simulate
from helpers.virtual.threads import StuckThread
from helpers.virtual.time_module import Clock, in_charge_of_time
from helpers.wait_kinds import PENDING, WAIT
from helpers.words import clip, error_in_words, first_line

SAMPLE_AFTER = 0.1              # seconds until the first look at what an answer computes: most are done by then
SAMPLE_EVERY = 0.01             # seconds between two looks
LONGEST = 300                   # characters of the words for an exception
SPANS = 4_000                   # a recording with more spans is not sent: there is nothing to read in its picture


class UnawaitedCoroutines:
    """Notes coroutines that are thrown away without ever having been awaited, wherever the answer runs.

    Python tells `warnings._warn_unawaited_coroutine`; filters and handlers of the answer's cannot get between.
    """

    def __init__(self) -> None:
        self.found: list[Unfinished] = []
        warnings._warn_unawaited_coroutine = self._note  # type: ignore[attr-defined]  # the interpreter's own hook
        logging.getLogger("asyncio").addHandler(logging.NullHandler())
        logging.getLogger("asyncio").propagate = False

    def _note(self, coroutine: Any) -> None:
        self.found.append(origin(coroutine))


def origin(coroutine: Any) -> Unfinished:
    """The name of a coroutine, and the learner's line that made it."""
    place = None
    for file, line, function in getattr(coroutine, "cr_origin", None) or ():
        if not is_library_file(file):
            place = [file, line, function]
            break
    name = getattr(coroutine, "__qualname__", "?").rpartition("<locals>.")[2]
    return {"name": name, "place": place, "future": ""}


def observe(case: Case, answer: Callable[..., Any], unawaited: UnawaitedCoroutines) -> Notes:
    """Run one case, and give what was observed."""
    unawaited.found.clear()
    threads = set(threading.enumerate())
    busy = time.thread_time()
    with _sampled() as lines:
        run = _in_virtual_time if inspect.iscoroutinefunction(case.function) else _plainly
        notes = run(case, answer)
    notes["cpu"] = time.thread_time() - busy
    if lines and notes["cpu"] > case.cpu:
        notes["computed_at"] = as_json(max(lines, key=lines.__getitem__))
    gc.collect()                            # forgotten coroutines and lost errors show when they are thrown away
    notes["never_awaited"] = [found for found in unawaited.found if found["place"]] or unawaited.found[:1]
    notes["threads"] = [thread.name for thread in threading.enumerate()
                        if thread not in threads and thread.is_alive() and thread.name != SAMPLER]
    return notes


def _in_virtual_time(case: Case, answer: Callable[..., Any]) -> Notes:
    notes = blank_notes()
    unmet: list[AssertionError] = []        # what the case demands in vain: no part of the learner's own run

    async def main() -> Any:
        def note(loop: Any, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if error is not None:
                notes["lost"].append(_in_a_line(error))

        asyncio.get_running_loop().set_exception_handler(note)
        try:
            return await case.function(answer)
        except AssertionError as error:
            if not isinstance(error, Failed) and _place(error, case.file) is not None:
                raise                       # an assert of the learner's
            unmet.append(error)
            return None

    coroutine: Any = main()
    coroutine.__name__ = coroutine.__qualname__ = getattr(answer, "__name__", "answer")
    try:
        run = simulate(coroutine, limit=case.steps, threshold=1e-9)     # whatever takes virtual time there blocks
    except UnknownPython:                   # no fault of the answer's
        raise
    except BaseException as error:          # SystemExit from a task: it leaves no recording
        notes["error"] = _facts(error, case)
        return notes
    notes["elapsed"] = run.elapsed
    notes["pending"] = [_last_wait(task) for task in run.tasks if task.outcome == PENDING]
    notes["blocked"] = [{"seconds": span.end - span.start, "place": as_json(span.place)} for span in run.blocked]
    if sum(len(task.spans) for task in run.tasks) <= SPANS:
        notes["recording"] = run.to_json()
    _note_outcome(notes, run.value, unmet[0] if unmet else run.exception, case)
    return notes


def _plainly(case: Case, answer: Callable[..., Any]) -> Notes:
    notes, value, error = blank_notes(), None, None
    try:
        value = case.function(answer)
    except BaseException as problem:
        error = problem
    _note_outcome(notes, value, error, case)
    return notes


def _note_outcome(notes: Notes, value: Any, error: BaseException | None, case: Case) -> None:
    """Note what came out: a result or an exception, and whether it is the wanted one."""
    if error is None and case.returns is not ... and case.raises is None:
        try:
            equal(value, case.returns)
        except BaseException as problem:    # Failed, or whatever the learner's __eq__ raises
            error = problem
    if error is None:
        notes["value"] = shown(value)
        notes["unfinished"] = _unfinished(value)
    else:
        notes["error"] = _facts(error, case)
        notes["unfinished"] = _unfinished(getattr(error, "got", None))


def _unfinished(value: Any, depth: int = 3) -> list[Unfinished]:
    """Coroutines and futures in a result: somebody forgot to await them."""
    if inspect.iscoroutine(value):
        return [origin(value)]
    if isinstance(value, asyncio.Task):
        return [{"name": value.get_name(), "place": None, "future": "task"}]
    if asyncio.isfuture(value):
        return [{"name": type(value).__name__, "place": None, "future": "future"}]
    if depth and type(value) is dict:
        value = list(value.values())
    if depth and type(value) in (list, tuple, set, frozenset):
        return [found for element in list(value)[:100] for found in _unfinished(element, depth - 1)]
    return []


def _last_wait(task: Task) -> Pending:
    """What an unfinished task waited for at the end, and where; in a long run not every step has its line."""
    waits = [span for span in task.spans if span.kind == WAIT or span.wait]
    place = next((span.place for span in reversed(waits) if span.place is not None), None)
    return {"task": task.name, "wait": waits[-1].wait if waits else "turn", "place": as_json(place)}


_CATEGORIES: list[tuple[str, tuple[type[BaseException], ...]]] = [
    ("deadlock", (Deadlock,)),
    ("endless", (Endless,)),
    ("not simulated", (NotSimulated, StuckThread)),
    ("recursion", (RecursionError,)),
    ("memory", (MemoryError,)),
    ("exit", (SystemExit, KeyboardInterrupt)),
    ("cancelled", (asyncio.CancelledError,)),
]


def _facts(error: BaseException, case: Case) -> ErrorNotes:
    """An exception as data."""
    facts: ErrorNotes = {
        "type": type(error).__name__, "text": _in_a_line(error), "place": _place(error, case.file), "category": "",
        "expected": case.raises is not None and isinstance(error, case.raises), "group": [],
        "kind": "", "observed": "", "wanted": "", "cause": None,
    }
    if isinstance(error, Failed):
        facts["category"] = "failed"
        facts["kind"], facts["observed"], facts["wanted"] = error.kind, error.observed, error.wanted
        if error.__cause__ is not None:
            facts["place"] = facts["cause"] = _place(error.__cause__, case.file)
    elif isinstance(error, AssertionError) and facts["place"] is None:      # an assert of the case
        facts["category"], facts["kind"] = "failed", "value"
        facts["observed"] = facts["text"].removeprefix("AssertionError: ")
    elif not facts["expected"]:
        facts["category"] = next((name for name, types in _CATEGORIES if isinstance(error, types)), "")
    if isinstance(error, BaseExceptionGroup):
        facts["group"] = [_in_a_line(inner) for inner in error.exceptions[:5]]
        if any(isinstance(inner, (SystemExit, KeyboardInterrupt)) for inner in _leaves(error)):
            facts["category"] = "exit"
    return facts


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group and in the groups in it; of an exception that is no group, itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _in_a_line(error: BaseException) -> str:
    return clip(first_line(error_in_words(error)), LONGEST)


def _place(error: BaseException, case_file: str) -> JsonPlace | None:
    """The learner's innermost line that an exception went through; a group is looked into."""
    place = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename != case_file and not is_library_file(frame.f_code.co_filename):
            place = [frame.f_code.co_filename, line, frame.f_code.co_name]
    if isinstance(error, BaseExceptionGroup):
        return _place(error.exceptions[0], case_file) or place
    return place


SAMPLER = "helpers-sampler"


@contextlib.contextmanager
def _sampled() -> Iterator[Counter[Place]]:
    """Count at which of the learner's lines this thread is seen: that explains where the CPU time goes."""
    lines: Counter[Place] = Counter()
    stopped, thread = threading.Event(), threading.get_ident()

    def sample() -> None:
        pause = SAMPLE_AFTER
        while not stopped.wait(pause):
            pause = SAMPLE_EVERY
            place = learners_place(sys._current_frames().get(thread))
            if place is not None:
                lines[place] += 1

    threading.Thread(target=sample, name=SAMPLER, daemon=True).start()
    try:
        yield lines
    finally:
        stopped.set()


class _FrozenClock(Clock):
    """A clock that stands still."""

    def time_ns(self) -> int:
        return 0

    def advance(self, seconds: float) -> None:
        pass


def in_virtual_time() -> contextlib.AbstractContextManager[None]:
    """In this block `time.sleep` and its kin are the virtual ones: whoever takes them along, has these."""
    return in_charge_of_time(_FrozenClock())
