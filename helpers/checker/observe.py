"""Run one case of an exercise on an answer, and note everything that a verdict may need, as plain data.

This runs in the process of the answer. The answer runs inside `simulate`, so its time is virtual and
exact. What happens is noted, not judged: `verdict` judges, on the other side.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import logging
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from types import CoroutineType, FrameType
from typing import Any

from helpers.checker import bounds
from helpers.checker.case import Case
from helpers.checker.expect import Failed, equal, shown
from helpers.checker.kinds import KINDS
from helpers.checker.protocol import (
    Blocked,
    ErrorNotes,
    JsonPlace,
    Notes,
    Pending,
    Unfinished,
    as_json,
    blank_notes,
)
from helpers.checker.slips import similar_name
from helpers.recorder import UnknownPython
from helpers.recorder.learners_code import frames_of_threads, is_library_file, learners_place
from helpers.recorder.names import told_by_owner
from helpers.recording import Place, Recording, Task
from helpers.simulated_io import Shop
from helpers.virtual import Deadlock, Endless, NotSimulated, simulate
from helpers.virtual import threads as virtual_threads
from helpers.virtual.threads import StuckThread
from helpers.virtual.time_module import Clock, in_charge_of_time
from helpers.wait_kinds import PENDING, WAIT

SAMPLE_AFTER = 0.1              # seconds until the first look at what an answer computes: most are done by then
SAMPLE_EVERY = 0.01             # seconds between two looks
LOOKS = 10                      # how often a thread is looked at until it is seen at a line of the learner's
PAUSE = 0.001                   # seconds between two of these looks
SPANS = 4_000                   # a recording with more spans is not sent: there is nothing to read in its picture
TASKS = 200                     # nor is one with more tasks


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
        if len(self.found) < bounds.MANY:
            self.found.append(origin(coroutine))


class AskedShops:
    """Counts how often shops are asked, in whatever thread."""

    def __init__(self) -> None:
        self.count = 0
        arrive = Shop._arrive

        def counted(shop: Shop, *args: Any, **options: Any) -> Any:
            self.count += 1
            return arrive(shop, *args, **options)

        Shop._arrive = counted  # type: ignore[method-assign,assignment]
        told_by_owner(Shop.price)   # and in pictures a request is called "north.price"


class OwnThreads:
    """Notes the lines at which an answer starts threads that virtual time does not see.

    Python tells it of each new thread (`worker`'s audit hook), and by whom it is started. `tell` is told of the first
    one of a case at once: the answer may never come to an end.
    """

    def __init__(self) -> None:
        self.found: list[JsonPlace] = []
        self.tell: Callable[[JsonPlace], None] = lambda place: None
        frame, place_of = sys._getframe, learners_place
        note, most = self.found.append, bounds.MANY
        seen_ones = (virtual_threads.__file__, __file__)        # what these start is no thread of the answer's

        def started() -> None:
            by: FrameType | None = frame(2)
            while by is not None and by.f_code.co_filename not in seen_ones:
                if (place := place_of(by)) is not None and place.file == by.f_code.co_filename:
                    if not self.found:
                        self.tell(list(place))
                    if len(self.found) < most:
                        note(list(place))
                    return
                by = by.f_back

        self.started = started


class Instruments:
    """What watches an answer besides the recorder: made once in a process, before an answer is there."""

    def __init__(self) -> None:
        self.unawaited = UnawaitedCoroutines()
        self.asked = AskedShops()
        self.own_threads = OwnThreads()

    def reset(self) -> None:
        """Begin anew, for the next case."""
        self.unawaited.found.clear()
        self.own_threads.found.clear()
        self.asked.count = 0


def origin(coroutine: Any) -> Unfinished:
    """The name of a coroutine, and the learner's line that made it."""
    place = None
    for file, line, function in getattr(coroutine, "cr_origin", None) or ():
        if not is_library_file(file):
            place = [file, line, function]
            break
    name = bounds.words(getattr(coroutine, "__qualname__", "?"), bounds.SENTENCE).rpartition("<locals>.")[2]
    return {"name": bounds.words(name, bounds.NAME), "place": place, "future": ""}


def observe(case: Case, answer: Callable[..., Any], instruments: Instruments) -> Notes:
    """Run one case, and give what was observed."""
    instruments.reset()
    unawaited = instruments.unawaited
    before = set(frames_of_threads())
    busy = time.thread_time()
    with _sampled() as lines:
        run = _in_virtual_time if case.in_virtual_time else _plainly
        notes = run(case, answer)
    notes["cpu"] = time.thread_time() - busy
    if lines and notes["cpu"] > case.cpu:
        notes["computed_at"] = as_json(max(lines, key=lines.__getitem__))
    gc.collect()                            # forgotten coroutines and lost errors show when they are thrown away
    notes["never_awaited"] = [found for found in unawaited.found if found["place"]] or unawaited.found[:1]
    notes["threads"] = _still_at_work(before)
    notes["own_threads"] = list(instruments.own_threads.found)
    notes["asked"] = instruments.asked.count
    return notes


def _still_at_work(before: set[int]) -> list[str]:
    """The names of threads that are at work, and were not before."""
    running = frames_of_threads()         # up to Python 3.12 a dummy thread stays in enumerate(), at work or not
    new = running.keys() - before
    known = {thread.ident: thread for thread in threading.enumerate()}
    names = [bounds.words(str(thread.name), bounds.NAME) for ident, thread in known.items()
             if ident in new and thread.is_alive() and thread.name != SAMPLER]
    # One that was begun below the module threading; without a line of the learner's it may be one that is ending.
    names += ["one without a name" for ident in sorted(new - known.keys()) if _is_in_learners_code(ident)]
    return names[:bounds.MANY]


def _is_in_learners_code(ident: int) -> bool:
    """Whether a thread is at one of the learner's lines; a frame that it leaves meanwhile tells nothing."""
    for _ in range(LOOKS):
        frame = frames_of_threads().get(ident)
        if frame is None:
            return False
        if learners_place(frame) is not None:
            return True
        time.sleep(PAUSE)
    return False


def _in_virtual_time(case: Case, answer: Callable[..., Any]) -> Notes:
    notes = blank_notes()
    unmet: list[AssertionError] = []        # what the case demands in vain: no part of the learner's own run

    async def main() -> Any:
        def note(loop: Any, context: dict[str, Any]) -> None:
            error = context.get("exception")
            # A cancellation is no error: up to 3.11, wait_for leaves one behind in the gather that it cancelled.
            if error is not None and not isinstance(error, asyncio.CancelledError) and len(notes["lost"]) < bounds.MANY:
                notes["lost"].append(f"{_who_failed(context)} {bounds.words_of(error)}")

        asyncio.get_running_loop().set_exception_handler(note)
        try:
            return await case.function(answer)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            notes["cancelling"] = task.cancelling() if task is not None else 0
            raise
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
    pending = [task for task in run.tasks if task.outcome == PENDING]
    notes["pending"] = [_last_wait(task) for task in pending[:bounds.MANY]]
    notes["still_pending"] = len(pending)
    notes["blocked"] = _blocked(run)
    if len(run.tasks) <= TASKS and sum(len(task.spans) for task in run.tasks) <= SPANS:
        text = bounds.bounded(run).to_json()
        notes["recording"] = text if len(text) <= bounds.RECORDING else None
    _note_outcome(notes, run.value, unmet[0] if unmet else run.exception, case)
    return notes


def _who_failed(context: dict[str, Any]) -> str:
    """The beginning of the sentence on an exception that nobody was told of."""
    message = str(context.get("message", ""))
    if message.startswith("Task exception"):
        return "a task failed with"
    if message.startswith("Future exception"):
        return "a future had"
    return "a callback raised" if "allback" in message else "asyncio reported"


def _blocked(run: Recording) -> list[Blocked]:
    """The stretches in which the loop was blocked, those of one line put together."""
    total: dict[Place | None, float] = {}
    for span in run.blocked:
        total[span.place] = total.get(span.place, 0.0) + span.end - span.start
    return [{"seconds": total[place], "place": as_json(place)} for place in list(total)[:bounds.MANY]]


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
    """Coroutines and futures in a result: somebody forgot to await them. Its class has no say in what it is."""
    kind = type(value)
    if issubclass(kind, CoroutineType):
        return [origin(value)]
    if issubclass(kind, asyncio.Task):
        return [{"name": bounds.words(value.get_name(), bounds.NAME), "place": None, "future": "task"}]
    if issubclass(kind, asyncio.Future):
        return [{"name": bounds.name_of_type(kind), "place": None, "future": "future"}]
    if depth and kind is dict:
        value = list(value.values())
    if depth and kind in (dict, list, tuple, set, frozenset):
        return [found for element in list(value)[:100] for found in _unfinished(element, depth - 1)]
    return []


def _last_wait(task: Task) -> Pending:
    """What an unfinished task waited for at the end, and where; in a long run not every step has its line."""
    waits = [span for span in task.spans if span.kind == WAIT or span.wait]
    place = next((span.place for span in reversed(waits) if span.place is not None), None)
    return {"task": bounds.words(task.name, bounds.NAME), "wait": waits[-1].wait if waits else "turn",
            "place": as_json(place)}


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
    first = next(_leaves(error))
    raised, frame = _raised(first, case.file)
    facts: ErrorNotes = {
        "type": bounds.name_of_type(type(error)), "text": bounds.words_of(error), "inner": bounds.words_of(first),
        "raised": raised, "similar": similar_name(first, frame), "place": _place(error, case.file), "category": "",
        "expected": case.raises is not None and isinstance(error, case.raises), "group": [],
        "kind": "", "observed": "", "wanted": "", "cause": None,
    }
    if isinstance(error, Failed):
        facts["category"] = "failed"
        facts["kind"] = error.kind if error.kind in KINDS else "value"
        facts["observed"] = bounds.words(error.observed, bounds.SENTENCE)
        facts["wanted"] = bounds.words(error.wanted, bounds.SENTENCE)
        if error.__cause__ is not None:
            facts["place"] = facts["cause"] = _place(error.__cause__, case.file)
    elif isinstance(error, AssertionError) and facts["place"] is None:      # an assert of the case
        facts["category"], facts["kind"] = "failed", "value"
        facts["observed"] = facts["text"].removeprefix("AssertionError: ")
    elif not facts["expected"]:
        facts["category"] = next((name for name, types in _CATEGORIES if isinstance(error, types)), "")
    if isinstance(error, BaseExceptionGroup):
        facts["group"] = [bounds.words_of(inner) for inner in _members(error)[:5]]
        leaves = list(itertools.islice(_leaves(error), 1_000))
        for category, types in _CATEGORIES:
            if category in ("exit", "not simulated") and any(isinstance(inner, types) for inner in leaves):
                facts["category"] = category
    if facts["category"] == "recursion" and _calls_itself(error):
        facts["raised"] = "itself"
    return facts


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group and in the groups in it; of an exception that is no group, itself."""
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseExceptionGroup):
            waiting += reversed(_members(one))
        else:
            yield one


def _members(group: BaseExceptionGroup) -> tuple[BaseException, ...]:
    """What is in a group, whatever its class says."""
    members: tuple[BaseException, ...] = _EXCEPTIONS(group, BaseExceptionGroup)
    return members


_EXCEPTIONS = vars(BaseExceptionGroup)["exceptions"].__get__


def _raised(error: BaseException, case_file: str) -> tuple[str, FrameType | None]:
    """Where an exception was raised, see `ErrorNotes`, and in which frame."""
    inner, answers = None, False
    for frame, _ in traceback.walk_tb(error.__traceback__):
        inner = frame
        answers = answers or _is_answers(frame, case_file)
    if inner is None:
        return "", None
    if not answers:
        return "case", inner
    return "answer" if _is_answers(inner, case_file) else "called", inner


def _is_answers(frame: FrameType, case_file: str) -> bool:
    return frame.f_code.co_filename != case_file and not is_library_file(frame.f_code.co_filename)


def _calls_itself(error: BaseException) -> bool:
    """Whether one function of the learner's is in the traceback again and again."""
    codes = Counter(frame.f_code for frame, _ in itertools.islice(traceback.walk_tb(error.__traceback__), 10_000)
                    if not is_library_file(frame.f_code.co_filename))
    return bool(codes) and max(codes.values()) > 20


def _place(error: BaseException, case_file: str) -> JsonPlace | None:
    """The learner's innermost line that an exception went through; a group is looked into."""
    place = None
    for one in (error, next(_leaves(error))):
        for frame, line in traceback.walk_tb(one.__traceback__):
            if _is_answers(frame, case_file):
                place = [frame.f_code.co_filename, line, frame.f_code.co_name]
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
            place = learners_place(frames_of_threads().get(thread))
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
