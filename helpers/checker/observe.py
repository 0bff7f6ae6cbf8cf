"""Run one case of an exercise on an answer, and note everything that a verdict may need, as plain data.

This runs in the process of the answer. The answer runs inside `simulate`, so its time is virtual and
exact. What happens is noted, not judged: judging is the business of `verdict`, on the other side.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from helpers.checker.expect import Failed, shown
from helpers.recorder import UnknownPython
from helpers.recorder.learners_code import is_library_file, learners_place
from helpers.virtual import Deadlock, Endless, NotSimulated, simulate
from helpers.virtual.escaped_sleep import EscapedSleep
from helpers.virtual.threads import StuckThread
from helpers.virtual.time_module import in_charge_of_time
from helpers.wait_kinds import PENDING, WAIT

STEPS = 20_000                  # steps on the loop after which an answer counts as endless
COMPUTES = 0.25                 # seconds of CPU time in one case after which an answer counts as computing
LOOK = 0.01                     # seconds between two looks at what an answer computes
SPANS = 4_000                   # a recording with more spans is not sent: there is nothing to read in its picture


@dataclass(frozen=True)
class Case:
    """One thing that is demanded of an answer.

    function  `async def case(answer)`, or a plain function where no event loop is wanted; its docstring tells the
              learner what is asked, as a sentence
    returns   what it must return; without it any result is right
    raises    the exception that must come out of it, a type or a tuple of types
    elapsed   seconds of virtual time that it must take, exactly
    peak      how many requests may be in flight at the same time, at most
    steps     steps on the loop after which it counts as endless
    cpu       seconds of CPU time after which it counts as computing
    """

    function: Callable[..., Any]
    returns: Any = ...
    raises: type[BaseException] | tuple[type[BaseException], ...] | None = None
    elapsed: float | None = None
    peak: int | None = None
    steps: int = STEPS
    cpu: float = COMPUTES

    @property
    def told(self) -> str:
        """What the learner is told about it."""
        return " ".join(inspect.getdoc(self.function).split())

    @property
    def file(self) -> str:
        """The file of the case: its lines are none of the learner's."""
        return self.function.__code__.co_filename


class Watch:
    """Notes coroutines that are thrown away without ever having been awaited, wherever the answer runs.

    Python tells `warnings._warn_unawaited_coroutine`; filters and handlers of the answer's cannot get between.
    """

    def __init__(self) -> None:
        self.never_awaited: list[dict[str, Any]] = []
        warnings._warn_unawaited_coroutine = self._note
        logging.getLogger("asyncio").addHandler(logging.NullHandler())
        logging.getLogger("asyncio").propagate = False

    def _note(self, coroutine: Any) -> None:
        self.never_awaited.append(made(coroutine))


def made(coroutine: Any) -> dict[str, Any]:
    """The name of a coroutine, and the learner's line that made it."""
    place = None
    for file, line, function in getattr(coroutine, "cr_origin", None) or ():
        if not is_library_file(file):
            place = [file, line, function]
            break
    return {"name": getattr(coroutine, "__qualname__", "?").rpartition("<locals>.")[2], "place": place}


def observe(case: Case, answer: Callable[..., Any], watch: Watch) -> dict[str, Any]:
    """Run one case, and give what was observed as data that JSON can hold."""
    watch.never_awaited.clear()
    threads = set(threading.enumerate())
    busy = time.thread_time()
    with _looking() as seen:
        if inspect.iscoroutinefunction(case.function):
            notes = _in_virtual_time(case, answer)
        else:
            notes = _plainly(case, answer)
    notes["cpu"] = time.thread_time() - busy
    notes["computed_at"] = max(seen, key=seen.__getitem__) if seen and notes["cpu"] > case.cpu else None
    gc.collect()                            # forgotten coroutines and lost errors show when they are thrown away
    notes["never_awaited"] = [note for note in watch.never_awaited if note["place"]] or watch.never_awaited[:1]
    notes["threads"] = [thread.name for thread in threading.enumerate()
                        if thread not in threads and thread.is_alive() and thread.name != LOOKER]
    return notes


def _in_virtual_time(case: Case, answer: Callable[..., Any]) -> dict[str, Any]:
    lost: list[str] = []
    unmet: list[AssertionError] = []        # what the case demands in vain: no part of the learner's own run

    async def main() -> Any:
        def note(loop: Any, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if error is not None:
                lost.append(describe(error))

        asyncio.get_running_loop().set_exception_handler(note)
        try:
            return await case.function(answer)
        except AssertionError as error:
            if not isinstance(error, Failed) and _place(error, case.file) is not None:
                raise                       # an assert of the learner's
            unmet.append(error)

    coroutine = main()
    coroutine.__name__ = coroutine.__qualname__ = getattr(answer, "__name__", "answer")
    try:
        run = simulate(coroutine, limit=case.steps, threshold=1e-9)     # whatever takes virtual time there blocks
    except UnknownPython:                   # no fault of the answer's
        raise
    except BaseException as error:          # SystemExit from a task, EscapedSleep: they leave no recording
        return {"error": _facts(error, case), "lost": lost}
    notes = {
        "elapsed": run.elapsed,
        "pending": [[task.name, *_last_wait(task)] for task in run.tasks if task.outcome == PENDING],
        "recording": run.to_json() if sum(len(task.spans) for task in run.tasks) <= SPANS else None,
        "blocked": [[span.end - span.start, span.place and list(span.place)] for span in run.blocked],
        "lost": lost,
    }
    notes |= _outcome(run.value, unmet[0] if unmet else run.exception, case)
    return notes


def _plainly(case: Case, answer: Callable[..., Any]) -> dict[str, Any]:
    try:
        value, error = case.function(answer), None
    except BaseException as problem:
        value, error = None, problem
    return {"lost": [], "pending": [], "blocked": [], "recording": None, "elapsed": None} | _outcome(value, error, case)


def _outcome(value: Any, error: BaseException | None, case: Case) -> dict[str, Any]:
    """What came out: a result or an exception, and whether it is the wanted one."""
    if error is None and case.returns is not ... and case.raises is None:
        from helpers.checker.expect import equal

        try:
            equal(value, case.returns)
        except BaseException as problem:    # Failed, or whatever the learner's __eq__ raises
            error = problem
    if error is None:
        return {"error": None, "value": shown(value), "unfinished": _unfinished(value)}
    return {"error": _facts(error, case), "value": None, "unfinished": _unfinished(getattr(error, "got", None))}


def _unfinished(value: Any, depth: int = 3) -> list[dict[str, Any]]:
    """Coroutines and futures in a result: somebody forgot to await them."""
    if inspect.iscoroutine(value):
        return [made(value)]
    if asyncio.isfuture(value):
        name = value.get_name() if isinstance(value, asyncio.Task) else type(value).__name__
        return [{"name": name, "place": None, "future": "task" if isinstance(value, asyncio.Task) else "future"}]
    if depth and type(value) is dict:
        value = list(value.values())
    if depth and type(value) in (list, tuple, set, frozenset):
        return [found for element in list(value)[:100] for found in _unfinished(element, depth - 1)]
    return []


def _last_wait(task: Any) -> list[Any]:
    """What an unfinished task waited for at the end, and where; in a long run not every step has its line."""
    waits = [span for span in task.spans if span.kind == WAIT or span.wait]
    place = next((span.place for span in reversed(waits) if span.place is not None), None)
    return [waits[-1].wait if waits else "turn", place and list(place)]


_SPECIAL = [
    ("deadlock", Deadlock), ("endless", Endless), ("not simulated", NotSimulated), ("not simulated", EscapedSleep),
    ("not simulated", StuckThread), ("recursion", RecursionError), ("memory", MemoryError),
    ("exit", (SystemExit, KeyboardInterrupt)), ("cancelled", asyncio.CancelledError),
]


def _facts(error: BaseException, case: Case) -> dict[str, Any]:
    """An exception as data."""
    facts: dict[str, Any] = {
        "type": type(error).__name__, "text": describe(error), "place": _place(error, case.file),
        "special": "", "group": [], "wanted": case.raises is not None and isinstance(error, case.raises),
    }
    if isinstance(error, Failed):
        facts |= {"special": "failed", "kind": error.kind, "observed": error.observed, "wanted_text": error.wanted}
        if error.__cause__ is not None:
            facts["place"] = facts["cause"] = _place(error.__cause__, case.file)
    elif isinstance(error, AssertionError) and facts["place"] is None:
        facts |= {"special": "failed", "kind": "value", "wanted_text": "",
                  "observed": describe(error).removeprefix("AssertionError: ")}
    elif not facts["wanted"]:
        facts["special"] = next((kind for kind, types in _SPECIAL if isinstance(error, types)), "")
    if isinstance(error, BaseExceptionGroup):
        facts["group"] = [describe(inner) for inner in error.exceptions[:5]]
        facts["place"] = facts["place"] or _place(error.exceptions[0], case.file)
        inner = next((e for e in _leaves(error) if isinstance(e, (SystemExit, KeyboardInterrupt))), None)
        if inner is not None:
            facts["special"] = "exit"
    return facts


def _leaves(error: BaseException) -> Iterator[BaseException]:
    for inner in getattr(error, "exceptions", ()):
        yield from _leaves(inner)
    if not isinstance(error, BaseExceptionGroup):
        yield error


def describe(error: BaseException) -> str:
    """An exception in one line, also if its `__str__` is broken."""
    name = type(error).__name__
    try:
        text = str.__str__(str(error))
    except BaseException as problem:        # the class is the learner's
        return f"{name} (its __str__ raises {type(problem).__name__})"
    return f"{name}: {text.splitlines()[0][:300]}" if text.strip() else name


def _place(error: BaseException, case_file: str) -> list[Any] | None:
    """The learner's innermost line that an exception went through; a group is looked into."""
    place = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename != case_file and not is_library_file(frame.f_code.co_filename):
            place = [frame.f_code.co_filename, line, frame.f_code.co_name]
    if isinstance(error, BaseExceptionGroup):
        return _place(error.exceptions[0], case_file) or place
    return place


LOOKER = "helpers-looker"


@contextlib.contextmanager
def _looking() -> Iterator[dict[tuple[str, int, str], int]]:
    """Count at which of the learner's lines this thread is seen: that explains where the CPU time goes.

    Nobody looks in the first 0.1 s: most answers are done by then, and undisturbed.
    """
    seen: dict[tuple[str, int, str], int] = {}
    stopped, thread = threading.Event(), threading.get_ident()

    def look() -> None:
        pause = 0.1
        while not stopped.wait(pause):
            pause = LOOK
            place = learners_place(sys._current_frames().get(thread))
            if place is not None:
                seen[tuple(place)] = seen.get(tuple(place), 0) + 1

    looker = threading.Thread(target=look, name=LOOKER, daemon=True)
    looker.start()
    try:
        yield seen
    finally:
        stopped.set()


class _Still:
    """A clock that stands still."""

    def time_ns(self) -> int:
        return 0

    def advance(self, seconds: float) -> None:
        pass


def in_virtual_time() -> contextlib.AbstractContextManager[None]:
    """In this block `time.sleep` and its kin are the virtual ones: whoever takes them along, has these."""
    return in_charge_of_time(_Still())
