"""From what was observed to words that teach.

An answer may be wrong in several ways at once. `judge` names the one that explains the others: a
forgotten `await` before the wrong value that it leads to, a deadlock before the missing result. The
order of the functions in `_JUDGES` is that order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from helpers.checker import signature as looks
from helpers.checker.observe import Case
from helpers.recording import Place, Recording
from helpers.wait_kinds import WAIT, kind_of
from helpers.words import listed, seconds

UNTRIED, WRONG, RIGHT, UNCHECKED = "untried", "wrong", "right", "unchecked"

# Every kind of mistake, with what to write instead. An exercise may say it better, in words of its own.
KINDS = {
    "coroutine object": "Pass the function, not a call of it.",
    "not a function": "Pass the function itself, by its name.",
    "not async": "Begin it with async def.",
    "async": "Begin it with def.",
    "async generator": "Collect what you yield, and return it.",
    "signature": "Take the parameters as the task names them, in this order.",
    "cannot send": "Make it inside the function, or pass only plain data.",
    "replaced": "Leave it as it is: other code relies on it, and an answer needs no such change.",
    "forgotten await": "Write await in front of the call, or hand the coroutine to something that awaits it.",
    "exit": "Let the function return or raise an ordinary exception: SystemExit and KeyboardInterrupt end programs.",
    "died": "Find what ends or breaks the process, and leave it out.",
    "recursion": "Give it a case in which it does not call itself.",
    "memory": "Keep only what you need: something here grows without bound.",
    "endless": "Give the loop an end, and let it await in between.",
    "deadlock": "Find who should wake whom: everybody waits for somebody who waits, too.",
    "not simulated": "Use what the task gives you instead.",
    "nested loop": "You are on a running event loop already: write await instead of starting another.",
    "not awaitable": "Only a coroutine, a task or a future can be awaited: leave this await out, or call the function "
                     "that gives one.",
    "blocked": "Use something that can be awaited: asyncio.sleep for time.sleep, shop.price for shop.price_blocking. "
               "What cannot be awaited goes to a thread: await asyncio.to_thread(...).",
    "computes": "Do less, or hand the computation to a thread or a process: while it runs, nothing else can.",
    "swallowed": "After your clean-up let the CancelledError go on: a bare raise, or try/finally instead of except.",
    "clean-up": "Put the clean-up into a finally, or use async with: both also run when the task is cancelled.",
    "wrong exception": "Let the exception that the task names reach the caller.",
    "no exception": "Let the exception reach the caller: do not catch it, and await what may raise it.",
    "error": "Read the exception at that line.",
    "cancelled": "Do not cancel the task that you are running in.",
    "lost exception": "Await every task, or use a TaskGroup: then no exception is lost.",
    "left behind": "Await every task that you start, before you return.",
    "thread": "Wait for the thread, or use asyncio.to_thread, which does.",
    "order": "Order the results as the task asks: as they were asked for, or as they arrived?",
    "value": "Compare the two, and follow one value from its source to the result.",
    "peak": "Let each request wait for its turn: a Semaphore counts how many are under way.",
    "sequential": "Start all of them before you wait for the first: each await here waits before the next one starts.",
    "concurrent": "Wait for each before you start the next.",
    "slow": "Look at the picture for times in which something could be under way already, and is not.",
    "early": "Wait until everything has been done.",
}


@dataclass
class Finding:
    """What is the matter, in parts; `line` is 0 if there is no line to show."""

    kind: str
    observed: str
    wanted: str = ""
    file: str = ""
    line: int = 0
    advice: str = ""


@dataclass
class Evidence:
    """What `judge` goes by: a case, what was observed of it, and what the solution did in the same case."""

    case: Case
    notes: dict[str, Any]
    reference: dict[str, Any] | None
    tree: ast.AST | None                    # of the answer's source
    file: str                               # the file of the answer's source
    run: Recording | None = field(init=False)
    wanted_run: Recording | None = field(init=False)

    def __post_init__(self) -> None:
        self.run = _recording(self.notes)
        self.wanted_run = _recording(self.reference)


def judge(evidence: Evidence) -> Finding | None:
    """The first thing that is wrong in a case, or None."""
    for look in _JUDGES:
        finding = look(evidence)
        if finding is not None:
            return finding
    return None


def _recording(notes: dict[str, Any] | None) -> Recording | None:
    return Recording.from_json(notes["recording"]) if notes and notes.get("recording") else None


def _at(kind: str, place: Any, observed: str, wanted: str = "") -> Finding:
    file, line = (place[0], place[1]) if place else ("", 0)
    return Finding(kind, observed, wanted, file, line)


# -- the mistakes, in order of precedence -------------------------------------------------------------


def _replaced(e: Evidence) -> Finding | None:
    names = e.notes.get("replaced")
    if not names:
        return None
    return _at("replaced", None, f"your code has replaced {listed(names, most=5)}",
               "Python and the laboratory as they are (here it was put back; in a notebook it would stay replaced)")


_MISUSED = ("coroutine", "_asyncio.Future", "_asyncio.Task", "'Task'", "'Future'", "_GatheringFuture")


def _forgotten_await(e: Evidence) -> Finding | None:
    error = e.notes.get("error")
    unfinished = e.notes.get("unfinished") or []
    never = e.notes["never_awaited"]
    if unfinished:
        first = unfinished[0]
        name = first["name"]
        what = f"a {first['future']} ({name})" if first.get("future") else f"the coroutine object {name}()"
        return _at("forgotten await", first["place"], f"the result has {what} where a value should be",
                   "what it gives when it is awaited")
    if error is not None and not error["special"] and "await wasn't used with future" in error["text"]:
        line = looks.future_not_awaited(e.tree) or (error["place"][1] if error["place"] else 0)
        return Finding("forgotten await", "a future was used as if it were the list of results",
                       "the results, which await gives", e.file, line)
    misused = error is not None and not error["special"] and any(word in error["text"] for word in _MISUSED) \
        and error["type"] in ("TypeError", "AttributeError") and "await" not in error["text"] \
        and "forbidden" not in error["text"] and "was expected" not in error["text"]
    if misused:
        place = never[0]["place"] if never and never[0]["place"] else error["place"]
        return _at("forgotten await", place, f"a coroutine or future was used where a value is needed: {error['text']}",
                   "its value, which await gives")
    judged_by_result = error is None or error["special"] in ("failed", "deadlock")
    if never and judged_by_result:
        first = never[0]
        return _at("forgotten await", first["place"],
                   f"{first['name']}() was called, but never awaited, so it never ran",
                   f"{first['name']}() runs")
    line = looks.call_not_awaited(e.tree)
    if line and (judged_by_result or e.notes["pending"]):
        return Finding("forgotten await", "this call starts something, and nobody waits for it", "it is awaited",
                       e.file, line)
    return None


def _special(e: Evidence) -> Finding | None:
    error = e.notes.get("error")
    kind = error["special"] if error is not None else ""
    if kind in ("", "failed", "deadlock", "endless"):
        return None
    observed = {
        "exit": "your function raised {text}, which ends programs",
        "recursion": "a function called itself, over and over: {text}",
        "memory": "your function asked for more memory than there is: {text}",
        "not simulated": "this cannot run in virtual time: {text}",
        "cancelled": "your function ended with CancelledError, though nobody cancelled it",
    }[kind].format(text=error["text"])
    return _at(kind, error["place"], observed)


def _blocked(e: Evidence) -> Finding | None:
    blocks = [b for b in e.notes.get("blocked", []) if not b[1] or b[1][0] != e.case.file]
    if not blocks:
        return None
    longest = max(blocks, key=lambda block: block[0])
    total = sum(block[0] for block in blocks)
    return _at("blocked", longest[1], f"the event loop was blocked for {seconds(total)}: nothing else could run",
               "only waits that leave the loop free for others")


def _deadlock(e: Evidence) -> Finding | None:
    error = e.notes.get("error")
    if error is None or error["special"] != "deadlock":
        return None
    waiting = [(name, kind, place) for name, kind, place in e.notes["pending"]]
    who = [f"{name} waits for {kind_of(kind).noun}{_where(place, e)}" for name, kind, place in waiting[:6]]
    place = next((place for _, _, place in reversed(waiting) if place and place[0] == e.file), None)
    return _at("deadlock", place, "a deadlock: " + "; ".join(who) + "; nothing is left that could wake "
               + ("it" if len(waiting) == 1 else "any of them"), "every wait comes to an end")


def _endless(e: Evidence) -> Finding | None:
    error = e.notes.get("error")
    if error is None or error["special"] != "endless":
        return None
    place = next((place for _, _, place in e.notes["pending"] if place and place[0] == e.file), None)
    return _at("endless", place, f"it was still running after {e.case.steps:,} steps on the event loop",
               "it comes to an end")


def _computes(e: Evidence) -> Finding | None:
    if e.notes["cpu"] <= e.case.cpu or e.notes["computed_at"] is None:
        return None
    return _at("computes", e.notes["computed_at"], "your function computed for a long time without an await: "
               "the event loop was blocked, and nothing else could run", "short turns on the loop")


def _failed(e: Evidence) -> Finding | None:
    error = e.notes.get("error")
    if error is None or error["special"] != "failed" or error["kind"] in ("value", "order", "early"):
        return None
    return _of_failed(e, error)


def _failed_value(e: Evidence) -> Finding | None:
    error = e.notes.get("error")
    return _of_failed(e, error) if error is not None and error["special"] == "failed" else None


def _of_failed(e: Evidence, error: dict[str, Any]) -> Finding:
    place = error["place"] if error["kind"] == "swallowed" else error.get("cause")
    finding = _at(error["kind"], place, error["observed"], error["wanted_text"])
    if error["kind"] == "swallowed" and not finding.line:
        place = next((place for _, _, place in e.notes["pending"] if place and place[0] == e.file), None)
        finding.file, finding.line = e.file, looks.swallowing_line(e.tree) or (place[1] if place else 0)
    return finding


def _exception(e: Evidence) -> Finding | None:
    error = e.notes.get("error")
    wanted = _exceptions(e.case.raises)
    if error is None:
        if wanted:
            return _at("no exception", None, f"no exception came out; the result was {e.notes['value']}",
                       f"{wanted} comes out")
        return None
    if error["special"] == "failed" or error["wanted"]:
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
    pending = e.notes.get("pending") or []
    if not pending or e.notes.get("error"):
        return None
    name, kind, place = pending[0]
    who = listed([name for name, _, _ in pending], most=5)
    return _at("left behind", place, f"your function had returned when {who} {'was' if len(pending) == 1 else 'were'} "
               f"still at work, waiting for {kind_of(kind).noun}", "when it returns, everything that it started is done")


def _lost(e: Evidence) -> Finding | None:
    lost = e.notes.get("lost")
    if not lost:
        return None
    return _at("lost exception", None, f"a task failed with {lost[0]}, and nobody was told", "no exception is lost")


def _threads(e: Evidence) -> Finding | None:
    names = e.notes.get("threads")
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
    took, wanted = e.notes.get("elapsed"), e.case.elapsed
    if took is None or wanted is None or abs(took - wanted) < 1e-6:
        return None
    most = place = 0
    if e.run is not None:
        most, place = overlap(e.run)
    meant = overlap(e.wanted_run)[0] if e.wanted_run is not None else 0
    if took > wanted:
        if most <= 1 < (meant or 2):
            return _at("sequential", place, f"one after another: it took {seconds(took)} of virtual time, and at no "
                       "moment did two of the waits overlap", f"{seconds(wanted)}, with {meant or 'several'} of the waits under way at once")
        return _at("slow", place, f"it took {seconds(took)} of virtual time", seconds(wanted))
    if meant and most > meant:
        return _at("concurrent", place, f"{most} waits were under way at once: it took {seconds(took)} of virtual time",
                   f"{seconds(wanted)}, with at most {meant} under way")
    return _at("early", place, f"it was over after {seconds(took)} of virtual time", f"{seconds(wanted)}")


_JUDGES: tuple[Callable[[Evidence], Finding | None], ...] = (
    _replaced, _forgotten_await, _special, _blocked, _deadlock, _endless, _computes, _failed, _exception, _left_behind,
    _lost, _failed_value, _threads, _peak, _timing,
)

def overlap(run: Recording) -> tuple[int, Place | None]:
    """How many waits for something outside were under way at once, at most, and where most of the waiting was."""
    events: list[tuple[float, int]] = []
    outside: dict[Place, float] = {}        # line -> seconds of waiting there for something outside
    anywhere: dict[Place, float] = {}
    for task in run.tasks:
        for span in task.spans:
            if span.kind != WAIT or span.end <= span.start:
                continue
            if kind_of(span.wait).outside:
                events += [(span.start, 1), (span.end, -1)]
            if span.place is not None:
                for places in (outside, anywhere) if kind_of(span.wait).outside else (anywhere,):
                    places[span.place] = places.get(span.place, 0.0) + span.end - span.start
    now = most = 0
    for _, change in sorted(events):
        now += change
        most = max(most, now)
    places = outside or anywhere            # a task that is nothing but a request has no line: take where it is awaited
    return most, max(places, key=places.__getitem__) if places else None


# -- words --------------------------------------------------------------------------------------------


def _where(place: Any, e: Evidence) -> str:
    return f" (line {place[1]})" if place and place[0] == e.file else ""


def _exceptions(kinds: Any) -> str:
    if kinds is None:
        return ""
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    return " or ".join(kind.__name__ for kind in kinds)


def from_event(frame: dict[str, Any], seconds_allowed: float, memory: int) -> Finding:
    """What to say if the process of an answer did not report the end."""
    place = frame.get("place")
    if frame["event"] == "late":
        where = "" if place else ", at a line that could not be found"
        return _at("endless", place, f"it did not come to an end, and was stopped after {seconds_allowed:g} s of real "
                   f"time{where}", "it ends; in virtual time that takes milliseconds")
    if frame["event"] == "memory":
        return _at("memory", place, f"it took more than {memory >> 20} MB of memory, and was stopped",
                   "it needs far less")
    if frame["event"] in ("broken", "garbage"):
        return _at("died", None, "your code broke what observes it, so nothing can be said about its result",
                   "Python and the laboratory as they are")
    code = frame.get("code")
    how = "ended the Python process that it ran in"
    if isinstance(code, int) and code < 0:
        how = f"ended the Python process that it ran in, with signal {-code}"
    elif isinstance(code, int):
        how += f", with exit code {code}"
    return _at("died", place, f"your code {how} (in the notebook that would have been the kernel)",
               "it returns, or raises")
