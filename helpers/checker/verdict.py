"""From what was observed to words that teach.

An answer may be wrong in several ways at once. `judge` names the one that explains the others: a
forgotten `await` before the wrong value that it leads to, a deadlock before the missing result. The
order of the functions in `_JUDGES` is that order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from helpers.checker import syntax
from helpers.checker.case import Case
from helpers.checker.kinds import Finding
from helpers.checker.protocol import ErrorNotes, Event, Frame, JsonPlace, Notes, Pending
from helpers.recording import Place, Recording, most_at_once
from helpers.wait_kinds import WAIT, kind_of
from helpers.words import listed, seconds


@dataclass(frozen=True)
class Evidence:
    """What `judge` goes by.

    case       what is demanded
    notes      what was observed of the answer
    reference  what was observed of the solution in the same case, if it is known
    tree       the syntax tree of the answer, if its source is known
    file       the file of the answer's source
    """

    case: Case
    notes: Notes
    reference: Notes | None
    tree: ast.AST | None
    file: str

    @cached_property
    def run(self) -> Recording | None:
        """The run of the answer."""
        return _recording(self.notes)

    @cached_property
    def wanted_run(self) -> Recording | None:
        """The run of the solution."""
        return _recording(self.reference)

    @property
    def timelines(self) -> dict[str, Recording]:
        """Both runs, by their labels, where there is something to see in them and they differ."""
        if self.run is None or self.wanted_run is None:
            return {}
        waits = self.run.elapsed or self.wanted_run.elapsed
        if not waits or self.run.text() == self.wanted_run.text():
            return {}
        return {"yours": self.run, "wanted": self.wanted_run}


def judge(evidence: Evidence) -> Finding | None:
    """The first thing that is wrong in a case, or None."""
    for find in _JUDGES:
        finding = find(evidence)
        if finding is not None:
            return finding
    return None


def _recording(notes: Notes | None) -> Recording | None:
    if notes is None or notes["recording"] is None:
        return None
    return Recording.from_json(notes["recording"])


def _at(kind: str, place: JsonPlace | Place | None, observed: str, wanted: str = "") -> Finding:
    file, line = (place[0], place[1]) if place else ("", 0)
    return Finding(kind, observed, wanted, file, line)


# -- the mistakes, in order of precedence -------------------------------------------------------------


def _replaced(e: Evidence) -> Finding | None:
    names = e.notes["replaced"]
    if not names:
        return None
    return _at("replaced", None, f"your code has replaced {listed(names, most=5)}",
               "Python and the laboratory as they are (here it was put back; in a notebook it would stay replaced)")


def _forgotten_await(e: Evidence) -> Finding | None:
    return _unfinished_result(e) or _misused(e) or _never_awaited(e) or _call_alone(e)


def _unfinished_result(e: Evidence) -> Finding | None:
    if not e.notes["unfinished"]:
        return None
    first = e.notes["unfinished"][0]
    name = first["name"]
    what = f"a {first['future']} ({name})" if first["future"] else f"the coroutine object {name}()"
    return _at("forgotten await", first["place"], f"the result has {what} where a value should be",
               "what it gives when it is awaited")


_UNAWAITED_TYPES = ("coroutine", "_asyncio.Future", "_asyncio.Task", "'Task'", "'Future'", "_GatheringFuture")


def _misused(e: Evidence) -> Finding | None:
    """Whether an exception says that a coroutine or future was used like a value."""
    error, never = e.notes["error"], e.notes["never_awaited"]
    if error is None or error["category"]:
        return None
    text = error["text"]
    if "await wasn't used with future" in text:
        line = syntax.future_not_awaited(e.tree) or (error["place"][1] if error["place"] else 0)
        return Finding("forgotten await", "a future was used as if it were the list of results",
                       "the results, which await gives", e.file, line)
    if error["type"] not in ("TypeError", "AttributeError") or not any(word in text for word in _UNAWAITED_TYPES) \
            or any(word in text for word in ("await", "forbidden", "was expected")):
        return None
    place = never[0]["place"] if never and never[0]["place"] else error["place"]
    return _at("forgotten await", place, f"a coroutine or future was used where a value is needed: {text}",
               "its value, which await gives")


def _never_awaited(e: Evidence) -> Finding | None:
    if not e.notes["never_awaited"] or not _judged_by_result(e):
        return None
    first = e.notes["never_awaited"][0]
    return _at("forgotten await", first["place"], f"{first['name']}() was called, but never awaited, so it never ran",
               f"{first['name']}() runs")


def _call_alone(e: Evidence) -> Finding | None:
    line = syntax.call_not_awaited(e.tree)
    if not line or not (_judged_by_result(e) or e.notes["pending"]):
        return None
    return Finding("forgotten await", "this call starts something, and nobody waits for it", "it is awaited",
                   e.file, line)


def _judged_by_result(e: Evidence) -> bool:
    """Whether nothing but the result, or that there is none, says what is wrong: no exception does."""
    error = e.notes["error"]
    return error is None or error["category"] in ("failed", "deadlock")


_OBSERVED = {
    "exit": "your function raised {text}, which ends programs",
    "recursion": "a function called itself, over and over: {text}",
    "memory": "your function asked for more memory than there is: {text}",
    "not simulated": "this cannot run in virtual time: {text}",
    "cancelled": "your function ended with CancelledError, though nobody cancelled it",
}


def _telling_exception(e: Evidence) -> Finding | None:
    """An exception of which the type alone says what is the matter."""
    error = e.notes["error"]
    if error is None or error["category"] not in _OBSERVED:
        return None
    return _at(error["category"], error["place"], _OBSERVED[error["category"]].format(text=error["text"]))


def _blocked(e: Evidence) -> Finding | None:
    blocks = [block for block in e.notes["blocked"] if not block["place"] or block["place"][0] != e.case.file]
    if not blocks:
        return None
    longest = max(blocks, key=lambda block: block["seconds"])
    total = sum(block["seconds"] for block in blocks)
    return _at("blocked", longest["place"], f"the event loop was blocked for {seconds(total)}: nothing else could run",
               "only waits that leave the loop free for others")


def _deadlock(e: Evidence) -> Finding | None:
    error, waiting = e.notes["error"], e.notes["pending"]
    if error is None or error["category"] != "deadlock":
        return None
    who = [f"{task['task']} waits for {kind_of(task['wait']).noun}{_where(task['place'], e)}" for task in waiting[:6]]
    return _at("deadlock", _in_the_answer(reversed(waiting), e), "a deadlock: " + "; ".join(who)
               + "; nothing is left that could wake " + ("it" if len(waiting) == 1 else "any of them"),
               "every wait comes to an end")


def _endless(e: Evidence) -> Finding | None:
    error = e.notes["error"]
    if error is None or error["category"] != "endless":
        return None
    return _at("endless", _in_the_answer(e.notes["pending"], e),
               f"it was still running after {e.case.steps:,} steps on the event loop", "it comes to an end")


def _computes(e: Evidence) -> Finding | None:
    if e.notes["cpu"] <= e.case.cpu or e.notes["computed_at"] is None:
        return None
    return _at("computes", e.notes["computed_at"], "your function computed for a long time without an await: "
               "the event loop was blocked, and nothing else could run", "short turns on the loop")


_LATER = ("value", "order", "early")        # demands that other mistakes explain


def _unmet(e: Evidence) -> Finding | None:
    error = e.notes["error"]
    if error is None or error["category"] != "failed" or error["kind"] in _LATER:
        return None
    return _of_unmet(e, error)


def _unmet_value(e: Evidence) -> Finding | None:
    error = e.notes["error"]
    return _of_unmet(e, error) if error is not None and error["category"] == "failed" else None


def _of_unmet(e: Evidence, error: ErrorNotes) -> Finding:
    if error["kind"] != "swallowed":
        return _at(error["kind"], error["cause"], error["observed"], error["wanted"])
    place = error["place"]
    if place is None:
        waits = _in_the_answer(e.notes["pending"], e)
        place = [e.file, syntax.swallowing_line(e.tree) or (waits[1] if waits else 0)]
    return _at("swallowed", place, error["observed"], error["wanted"])


def _exception(e: Evidence) -> Finding | None:
    error = e.notes["error"]
    wanted = _exceptions(e.case.raises)
    if error is None:
        if wanted:
            return _at("no exception", None, f"no exception came out; the result was {e.notes['value']}",
                       f"{wanted} comes out")
        return None
    if error["category"] == "failed" or error["expected"]:
        return None
    text, place = error["text"], error["place"]
    if error["group"]:
        text += f" ({'; '.join(error['group'])})"
    if wanted:
        return _at("wrong exception", place, f"{text} came out", f"{wanted} comes out")
    if error["type"] == "RuntimeError" and any(words in text for words in _SECOND_LOOP):
        return _at("nested loop", place, f"it tried to start a second event loop: {text}",
                   "no second loop in this thread")
    if error["type"] == "TypeError" and "await" in text:
        return _at("not awaitable", place, f"await was given something that cannot be awaited: {text}", "no exception")
    return _at("error", place, f"your function raised {text}", "no exception")


_SECOND_LOOP = ("called from a running event loop", "another loop is running", "loop is already running")


def _left_behind(e: Evidence) -> Finding | None:
    pending = e.notes["pending"]
    if not pending or e.notes["error"]:
        return None
    who = listed([task["task"] for task in pending], most=5)
    return _at("left behind", pending[0]["place"],
               f"your function had returned when {who} {'was' if len(pending) == 1 else 'were'} "
               f"still at work, waiting for {kind_of(pending[0]['wait']).noun}",
               "when it returns, everything that it started is done")


def _lost(e: Evidence) -> Finding | None:
    lost = e.notes["lost"]
    if not lost:
        return None
    return _at("lost exception", None, f"a task failed with {lost[0]}, and nobody was told", "no exception is lost")


def _threads(e: Evidence) -> Finding | None:
    names = e.notes["threads"]
    if not names:
        return None
    who = "a thread was" if len(names) == 1 else "threads were"
    return _at("thread", None, f"your function had returned when {who} still at work ({listed(names, most=5)})",
               "when it returns, everything that it started is done")


def _peak(e: Evidence) -> Finding | None:
    if e.case.peak is None or e.run is None:
        return None
    most, place = overlap(e.run)
    if most <= e.case.peak:
        return None
    return _at("peak", place, f"{most} requests were in flight at the same time", f"at most {e.case.peak}")


def _timing(e: Evidence) -> Finding | None:
    took, wanted = e.notes["elapsed"], e.case.elapsed
    if took is None or wanted is None or abs(took - wanted) < 1e-6:
        return None
    most, place = overlap(e.run) if e.run is not None else (0, None)
    meant = overlap(e.wanted_run)[0] if e.wanted_run is not None else 0
    if took > wanted:
        if most <= 1 < (meant or 2):
            return _at("sequential", place, f"one after another: it took {seconds(took)} of virtual time, and at no "
                       "moment did two of the waits overlap",
                       f"{seconds(wanted)}, with {meant or 'several'} of the waits under way at once")
        return _at("slow", place, f"it took {seconds(took)} of virtual time", seconds(wanted))
    if meant and most > meant:
        return _at("concurrent", place, f"{most} waits were under way at once: it took {seconds(took)} of virtual time",
                   f"{seconds(wanted)}, with at most {meant} under way")
    return _at("early", place, f"it was over after {seconds(took)} of virtual time", f"{seconds(wanted)}")


_JUDGES: tuple[Callable[[Evidence], Finding | None], ...] = (
    _replaced, _forgotten_await, _telling_exception, _blocked, _deadlock, _endless, _computes, _unmet, _exception,
    _left_behind, _lost, _unmet_value, _threads, _peak, _timing,
)


def overlap(run: Recording) -> tuple[int, Place | None]:
    """How many waits for something outside were under way at once, at most, and where most of the waiting was."""
    stretches: list[tuple[float, float]] = []
    outside: dict[Place, float] = {}        # line -> seconds of waiting there for something outside
    anywhere: dict[Place, float] = {}
    for task in run.tasks:
        for span in task.spans:
            if span.kind != WAIT or span.end <= span.start:
                continue
            is_outside = kind_of(span.wait).outside
            if is_outside:
                stretches.append((span.start, span.end))
            if span.place is not None:
                for places in (outside, anywhere) if is_outside else (anywhere,):
                    places[span.place] = places.get(span.place, 0.0) + span.end - span.start
    places = outside or anywhere            # a task that is nothing but a request has no line: take where it is awaited
    return most_at_once(stretches), max(places, key=places.__getitem__) if places else None


# -- words --------------------------------------------------------------------------------------------


def _where(place: JsonPlace | None, e: Evidence) -> str:
    return f" (line {place[1]})" if place and place[0] == e.file else ""


def _in_the_answer(tasks: Iterable[Pending], e: Evidence) -> JsonPlace | None:
    """Where the first of the tasks waits that waits at a line of the answer."""
    return next((task["place"] for task in tasks if task["place"] and task["place"][0] == e.file), None)


def _exceptions(kinds: type[BaseException] | tuple[type[BaseException], ...] | None) -> str:
    if kinds is None:
        return ""
    return listed((kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,))), "or")


def judge_ending(frame: Frame, seconds_allowed: float, memory: int) -> Finding:
    """What to say if the process of an answer did not report the end: `memory` bytes are what it could have."""
    event, place = frame["event"], frame.get("place")
    if event == Event.LATE:
        where = "" if place else ", at a line that could not be found"
        return _at("endless", place, f"it did not come to an end, and was stopped after {seconds_allowed:g} s of real "
                   f"time{where}", "it ends; in virtual time that takes milliseconds")
    if event == Event.MEMORY:
        return _at("memory", place, f"it took more than {memory >> 20} MB of memory, and was stopped",
                   "it needs far less")
    if event in (Event.BROKEN, Event.GARBAGE):
        return _at("died", None, "your code broke what observes it, so nothing can be said about its result",
                   "Python and the laboratory as they are")
    code = frame.get("code")
    how = "ended the Python process that it ran in"
    if code is not None and code < 0:
        how += f", with signal {-code}"
    elif code is not None:
        how += f", with exit code {code}"
    return _at("died", place, f"your code {how} (in the notebook that would have been the kernel)",
               "it returns, or raises")
