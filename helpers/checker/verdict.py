"""From what was observed to words that teach.

An answer may be wrong in several ways at once. `judge` names the one that explains the others: a
forgotten `await` before the wrong value that it leads to, a deadlock before the missing result. The
order of the functions in `_JUDGES` is that order.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from helpers.checker import remedies, syntax
from helpers.checker.bounds import bounded
from helpers.checker.case import Case
from helpers.checker.kinds import Finding
from helpers.checker.protocol import ErrorNotes, Event, Frame, JsonPlace, Notes, Pending, Unfinished
from helpers.recording import Place, Recording, most_at_once
from helpers.wait_kinds import CANCELLED, WAIT, kind_of
from helpers.words import listed, seconds


@dataclass(frozen=True)
class Evidence:
    """What `judge` goes by.

    case       what is demanded
    notes      what was observed of the answer
    reference  what was observed of the solution in the same case, if it is known
    tree       the syntax tree of the answer, if its source is known
    solution   that of the solution
    file       the file of the answer's source
    """

    case: Case
    notes: Notes
    reference: Notes | None
    tree: ast.AST | None
    solution: ast.AST | None
    file: str

    @cached_property
    def run(self) -> Recording | None:
        """The run of the answer."""
        return recording_of(self.notes)

    @cached_property
    def wanted_run(self) -> Recording | None:
        """The run of the solution."""
        return recording_of(self.reference)

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
    """The first thing that is wrong in a case, or None; what is not judged is none of it (`kinds.NOT_JUDGED`)."""
    finding = next(filter(None, (find(evidence) for find in _JUDGES)), None)
    if finding is None:
        return None
    if evidence.notes["own_threads"] and evidence.case.in_virtual_time and not _certain(finding, evidence):
        return _own_thread(evidence)
    line = syntax.call_not_awaited(evidence.tree)
    if line and finding.kind in _AFTER_A_CALL_ALONE:
        return Finding("forgotten await", "this call starts something, and nobody waits for it", "it is awaited",
                       evidence.file, line)
    return finding


_AFTER_A_CALL_ALONE = ("deadlock", "value", "order", "early", "left behind", "clean-up", "lost exception")


def _certain(finding: Finding, e: Evidence) -> bool:
    """Whether a finding is true, whatever a thread does that virtual time does not see."""
    error = e.notes["error"]
    if finding.kind == "not simulated":     # it may be that thread which cannot be simulated
        return error is None or not re.search(r"\bthread\b", error["text"])
    return finding.kind in _CERTAIN or (finding.kind == "error" and error is not None and remedies.is_slip(error))


_CERTAIN = ("replaced", "forgotten await", "exit", "recursion", "memory", "nested loop")


def _own_thread(e: Evidence) -> Finding:
    return _at("own thread", e.notes["own_threads"][0], OWN_THREAD)


OWN_THREAD = ("your function starts a thread of its own, and virtual time, in which answers are checked, does not see "
              "it. This says nothing about whether your answer is right")


def recording_of(notes: Notes | None) -> Recording | None:
    """The run that was recorded in a case; None if there is none."""
    if notes is None or notes["recording"] is None:
        return None
    try:
        return bounded(Recording.from_json(notes["recording"]))
    except (ValueError, TypeError, AttributeError, RecursionError):     # no recording that `observe` has made
        return None


def _at(kind: str, place: JsonPlace | Place | None, observed: str, wanted: str = "", remedy: str = "",
        about: str = "") -> Finding:
    file, line = (place[0], place[1]) if place else ("", 0)
    return Finding(kind, observed, wanted, file, line, remedy, about or observed)


# -- the mistakes, in order of precedence -------------------------------------------------------------


def _replaced(e: Evidence) -> Finding | None:
    names = e.notes["replaced"]
    if not names:
        return None
    return _at("replaced", None, f"your code has replaced {listed(names, most=5)}",
               "Python and the laboratory as they are (here it was put back; in a notebook it would stay replaced)")


def _forgotten_await(e: Evidence) -> Finding | None:
    return _unfinished_result(e) or _misused(e) or _never_awaited(e)


def _unfinished_result(e: Evidence) -> Finding | None:
    if not e.notes["unfinished"]:
        return None
    first = e.notes["unfinished"][0]
    name = first["name"]
    what = f"a {first['future']} ({name})" if first["future"] else f"the coroutine object {name}()"
    return _at("forgotten await", first["place"], f"the result has {what} where a value should be",
               "what it gives when it is awaited", _await_the_result(e, first))


def _await_the_result(e: Evidence, first: Unfinished) -> str:
    """What to try if something unfinished is in the result; "" if the kind says it."""
    if not first["future"]:
        return _where_no_await_can_stand(e, first["place"])
    if isinstance(syntax.answers_function(e.tree), ast.FunctionDef):
        return _NO_AWAIT
    return f"Await it, and use what await gives in its place: a {first['future']} only stands for its result."


_NO_AWAIT = ("Look for what this exercise gives you to run a coroutine: in a plain def there is no await, and a call "
             "of a coroutine function alone runs nothing.")


def _where_no_await_can_stand(e: Evidence, place: JsonPlace | None) -> str:
    """What to try where a coroutine is made in a plain function: there `await` is not allowed. "" elsewhere."""
    if place is None or place[0] != e.file:
        return ""
    function = syntax.function_around(e.tree, place[1])
    if isinstance(function, ast.Lambda):
        return "Write await in front of the call of this lambda: a lambda passes the coroutine on, and cannot await it."
    if not isinstance(function, ast.FunctionDef):
        return ""
    if function is syntax.answers_function(e.tree):
        return _NO_AWAIT
    return (f"Begin {function.name} with async def, and await both this call and each call of {function.name}: in a "
            "plain def there is no await.")


_UNAWAITED_TYPES = ("coroutine", "_asyncio.Future", "_asyncio.Task", "'Task'", "'Future'", "_GatheringFuture")
_NOT_MISUSED = ("await", "forbidden", "was expected", "context manager", "__aiter__", "unhashable",
                "positional argument", "keyword argument", "immutable type")


def _misused(e: Evidence) -> Finding | None:
    """Whether an exception says that a coroutine or future was used like a value."""
    error, never = e.notes["error"], e.notes["never_awaited"]
    if error is None or error["category"]:
        return None
    text = error["inner"]
    if "await wasn't used with future" in text:
        line = syntax.future_not_awaited(e.tree) or (error["place"][1] if error["place"] else 0)
        return Finding("forgotten await", "a future was used as if it were the list of results",
                       "the results, which await gives", e.file, line)
    kind = text.partition(":")[0]
    if kind not in ("TypeError", "AttributeError") or not any(word in text for word in _UNAWAITED_TYPES) \
            or any(word in text for word in _NOT_MISUSED) or (kind == "AttributeError" and error["similar"]):
        return None
    place = never[0]["place"] if never and never[0]["place"] else error["place"]
    remedy = ""
    if "after * must be an iterable" in text:
        remedy = ("Make a call for each element, as in *[ask(shop) for shop in shops]: a star goes through a "
                  "collection, and one call makes one coroutine object.")
    elif kind == "AttributeError":
        remedy = remedies.remedy(error, e.tree, place[1] if place else 0) if "'coroutine'" in text else ""
        remedy = remedy if remedy.startswith("Make a task") else ""
    return _at("forgotten await", place, f"something that was not awaited was used where a value is needed: {text}",
               "" if remedy else "its value, which await gives", remedy or _where_no_await_can_stand(e, place))


def _never_awaited(e: Evidence) -> Finding | None:
    if not e.notes["never_awaited"]:
        return None
    first = e.notes["never_awaited"][0]
    if not _judged_by_result(e):
        alone = [one for one in e.notes["never_awaited"] if one["place"] and one["place"][0] == e.file
                 and syntax.stands_alone(e.tree, one["place"][1], one["name"])]
        error = e.notes["error"]
        if not alone or error is None or error["category"] or remedies.is_slip(error):
            return None                     # what came out is the first news; `also` tells the rest
        first = alone[0]
    return _at("forgotten await", first["place"], f"{first['name']}() was called, but never awaited, so it never ran",
               f"{first['name']}() runs", _where_no_await_can_stand(e, first["place"]))


def also(e: Evidence, finding: Finding) -> str:
    """What is news beside a finding: a coroutine that was never awaited; "" if there is none."""
    if finding.kind in ("forgotten await", "replaced") or not e.notes["never_awaited"]:
        return ""
    for one in e.notes["never_awaited"]:
        if one["place"] and one["place"][0] == e.file and one["place"][1] != finding.line:
            return f"{one['name']}() was called in line {one['place'][1]}, but never awaited, so it never ran."
    return ""


def _judged_by_result(e: Evidence) -> bool:
    """Whether nothing but the result, or that there is none, says what is wrong: no exception does."""
    error = e.notes["error"]
    return error is None or error["category"] in ("failed", "deadlock")


_OBSERVED = {
    "exit": "{text} came out, which ends programs",
    "recursion": "the calls were nested too deeply: {text}",
    "memory": "your function asked for more memory than it can have here: {text}",
    "not simulated": "this cannot run in virtual time, in which answers are checked: {text}. This says nothing about "
                     "whether your answer is right",
    "cancelled": "your function ended with CancelledError, and the case does not ask for that",
}


def _telling_exception(e: Evidence) -> Finding | None:
    """An exception of which the type alone says what is the matter."""
    error = e.notes["error"]
    if error is None or error["category"] not in _OBSERVED:
        return None
    text = error["text"].rstrip(".")
    if error["category"] == "not simulated":
        # `record` is for the learner's own runs, not for an answer; and the line is shown below.
        text = text.removeprefix("NotSimulated: ").removeprefix("Refused: ")
        if ", or record(...) instead of simulate(...)" in text:
            text = text.partition(" and cannot be simulated: ")[0]
    observed, remedy, about = _OBSERVED[error["category"]].format(text=text), "", error["inner"]
    if error["category"] == "recursion" and error["raised"] == "itself":
        observed = f"a function called itself, over and over: {error['text']}"
        remedy = "Give it a case in which it does not call itself."
    if error["type"] == "StuckThread":
        remedy = "Give the function in the thread an end, or let it rest with time.sleep: virtual time waits for it."
    if error["category"] == "cancelled":
        others = [task.name for task in e.run.tasks[1:] if task.outcome == CANCELLED] if e.run is not None else []
        # Up to Python 3.12 a task group leaves its mark on the task, too.
        if e.notes["cancelling"] and syntax.uses(e.tree, "current_task"):
            remedy = "Do not cancel the task in which your function itself runs: its next await raises CancelledError."
        elif others:
            about = f"a task that was awaited was cancelled: {listed(others, most=3)}"
            remedy = ("Wait with asyncio.gather(task, return_exceptions=True): to await a task that was cancelled "
                      f"({listed(others, most=3)}) raises its CancelledError.")
    return _at(error["category"], error["place"], observed, remedy=remedy, about=about)


def _blocked(e: Evidence) -> Finding | None:
    blocks = [block for block in e.notes["blocked"] if not block["place"] or block["place"][0] != e.case.file]
    if not blocks:
        return None
    longest = max(blocks, key=lambda block: block["seconds"])
    total = sum(block["seconds"] for block in blocks)
    return _at("blocked", longest["place"], f"the event loop was blocked for {seconds(total)}: nothing else could run",
               "only waits that leave the loop free for others", about=_source_of(longest["place"]))


def _source_of(place: JsonPlace | None) -> str:
    return syntax.source_line(place[0], place[1]) if place else ""


def _deadlock(e: Evidence) -> Finding | None:
    error, waiting = e.notes["error"], e.notes["pending"]
    if error is None or error["category"] != "deadlock":
        return None
    told = [task for task in waiting if kind_of(task["wait"]).family != "tasks"
            or (task["place"] and task["place"][0] != e.case.file)] or waiting
    count = e.notes["still_pending"] - len(waiting) + len(told)     # the others are the case, which waits for these
    who = [f"{task['task']} waits for {kind_of(task['wait']).noun}{_where(task['place'], e)}" for task in told[:6]]
    return _at("deadlock", _in_the_answer(reversed(waiting), e), "a deadlock: " + "; ".join(who)
               + (f"; {count - 6:,} more tasks wait" if count > 6 else "")
               + "; nothing is left that could wake " + ("it" if count == 1 else "any of them"),
               "every wait comes to an end")


def _endless(e: Evidence) -> Finding | None:
    error = e.notes["error"]
    if error is None or error["category"] != "endless":
        return None
    still = ("; virtual time stands still while a task is ready to run, as it is after asyncio.sleep(0)"
             if "Virtual time stands still" in error["text"] else "")
    return _at("endless", _in_the_answer(e.notes["pending"], e),
               f"it was still running after {e.case.steps:,} steps on the event loop{still}", "it comes to an end")


def _computes(e: Evidence) -> Finding | None:
    if e.notes["cpu"] <= e.case.cpu or e.notes["computed_at"] is None:
        return None
    on_a_loop = e.notes["elapsed"] is not None
    return _at("computes", e.notes["computed_at"], f"your function computed for more than {seconds(e.case.cpu)}",
               "short turns on the event loop" if on_a_loop else "an end within a fraction of that",
               "" if on_a_loop else "Do less: what is asked takes milliseconds.")


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
        remedy, line = _no_result(e, error["observed"], error["wanted"])
        if error["cause"] is not None and not remedy:
            remedy = remedies.remedy(error, e.tree, error["cause"][1])
        remedy = remedy or remedies.of_lazy(error["observed"])
        return _at(error["kind"], error["cause"] or ([e.file, line] if line else None), error["observed"],
                   error["wanted"], remedy, error["observed"])
    place = error["place"]
    if place is None:
        waits = _in_the_answer(e.notes["pending"], e)
        place = [e.file, syntax.swallowing_line(e.tree) or (waits[1] if waits else 0)]
    return _at("swallowed", place, error["observed"], error["wanted"])


def _no_result(e: Evidence, observed: str, wanted: str) -> tuple[str, int]:
    """What to try if None came out where a value was wanted, and the line at fault; "" and 0 if it was no None."""
    answer = syntax.answers_function(e.tree)
    if answer is None or not _NONE.search(observed) or _NONE.search(wanted):
        return "", 0
    if _ALL_NONE.search(observed):
        if not syntax.returns_a_value(answer):
            return (f"End {answer.name} with return and the value: it has no return, and then a call of it gives "
                    "None.", 0)
        if syntax.may_end_without_return(answer.body) and not _none_is_meant(e.solution):
            return (f"Look for the way through {answer.name} that ends without a return: where a function ends so, it "
                    "gives None.", 0)
        return "", 0
    without = [inner for inner in syntax.functions_in(e.tree) if not syntax.returns_a_value(inner)]
    if len(without) == 1:
        return (f"End {without[0].name} with return and the value: it has no return, so a call of it gives None.",
                without[0].lineno)
    return "", 0


def _none_is_meant(solution: ast.AST | None) -> bool:
    """Whether the solution, too, gives None in some case."""
    function = syntax.answers_function(solution)
    return function is not None and (syntax.may_end_without_return(function.body) or syntax.returns_none(function))


_NONE = re.compile(r"\bNone\b|\bNoneType\b")
_ALL_NONE = re.compile(r"\b(?:is|was|returned) None\b|\bNoneType\b")


def _exception(e: Evidence) -> Finding | None:
    error = e.notes["error"]
    wanted = _exceptions(e.case.raises)
    if error is None:
        if wanted:
            return _at("no exception", None, f"no exception came out; the result was {e.notes['value']}",
                       f"{wanted} comes out", about=e.notes["value"] or "")
        return None
    if error["category"] == "failed" or error["expected"]:
        return None
    text, place, about = error["text"], error["place"], error["inner"]
    line = place[1] if place and place[0] == e.file else 0
    if error["group"]:
        text += f" ({'; '.join(error['group'])})"
        about += f" in {text}"
    remedy = remedies.remedy(error, e.tree, line)
    if wanted and not remedies.is_slip(error):
        return _at("wrong exception", place, f"{text} came out", f"{wanted} comes out", about=about)
    if error["raised"] == "case" and place is None and error["inner"].partition(":")[0] in remedies.SLIPS:
        return _at("value", None, f"what your function gave cannot be used as the case uses it: {text}", "",
                   _no_result(e, text, "")[0], text)
    if error["type"] == "RuntimeError" and any(words in text for words in _SECOND_LOOP):
        return _at("nested loop", place, f"it tried to start a second event loop: {text}",
                   "no second loop in this thread")
    if _NOT_AWAITABLE.search(error["inner"]):
        return _at("not awaitable", place, f"await was given something that cannot be awaited: {text}",
                   f"{wanted} comes out" if wanted else "no exception", remedy, about)
    return _at("error", place, f"your function raised {text}" if error["raised"] in ("answer", "called") else
               f"{text} came out", f"{wanted} comes out" if wanted else "no exception", remedy, about)


_NOT_AWAITABLE = re.compile(r"TypeError: .*(?:can't be used in 'await' expression|object can't be awaited)")
_SECOND_LOOP = ("called from a running event loop", "another loop is running", "loop is already running")


def _left_behind(e: Evidence) -> Finding | None:
    pending, count = e.notes["pending"], e.notes["still_pending"]
    if not pending or e.notes["error"]:
        return None
    who = listed([task["task"] for task in pending[:4 if count > 5 else 5]]
                 + ([f"{count - 4:,} more"] if count > 5 else []))
    waits = {kind_of(task["wait"]).noun for task in pending}
    waiting = f", waiting for {waits.pop()}" if len(waits) == 1 and len(pending) == count else ""
    return _at("left behind", pending[0]["place"],
               f"your function had returned while {who} {'was' if count == 1 else 'were'} still at work{waiting}",
               "when it returns, everything that it started is done", _CLOSE if who.startswith("aclose of ") else "")


_CLOSE = ("Go through it in a block of async with contextlib.aclosing(...): an asynchronous generator that is left "
          "early, as by break, is closed by a task of its own, some time later.")


def _lost(e: Evidence) -> Finding | None:
    lost = e.notes["lost"]
    if not lost:
        return None
    return _at("lost exception", None, f"{lost[0]}, and nobody was told", "no exception is lost")


def _threads(e: Evidence) -> Finding | None:
    names = e.notes["threads"]
    if not names:
        return None
    who = "a thread was" if len(names) == 1 else "threads were"
    return _at("thread", None, f"your function had returned while {who} still at work ({listed(names, most=5)})",
               "when it returns, everything that it started is done")


def _peak(e: Evidence) -> Finding | None:
    if e.case.peak is None or e.run is None:
        return None
    seen = overlap(e.run)
    for most, what in ((seen.requests, "requests were in flight"), (seen.jobs, "calls were at work in threads"),
                       (seen.both, "requests and calls in threads were under way")):
        if most > e.case.peak:
            return _at("peak", seen.place, f"{most} {what} at the same time", f"at most {e.case.peak}")
    return None


def _asked_nobody(e: Evidence) -> Finding | None:
    """Whether the answer gave what was wanted without asking any shop, where the solution asks."""
    if e.notes["asked"] or e.reference is None or not e.reference["asked"] or e.notes["error"]:
        return None
    return _at("value", None, "your function asked no shop for a price", "the answer comes from the shops", "Ask with "
               "await shop.price(...): a value that stands in the program is right for one shop on one day.")


def _timing(e: Evidence) -> Finding | None:
    took, times = e.notes["elapsed"], e.case.times
    if took is None or not times or any(abs(took - time) < 1e-6 for time in times):
        return None
    wanted = e.reference["elapsed"] if e.reference is not None else None
    if wanted is None or not min(times) <= wanted <= max(times):
        wanted = min(times)
    seen = overlap(e.run) if e.run is not None else None
    meant = overlap(e.wanted_run) if e.wanted_run is not None else None
    place = seen.place if seen else None
    if took > wanted:
        at_once = meant.most if meant and meant.all_known and meant.most > 1 else 0
        if seen and seen.all_known and seen.most == 1 < seen.count and (at_once or meant is None):
            return _at("sequential", place, f"one after another: it took {seconds(took)} of virtual time, and at no "
                       "moment did two of the waits overlap",
                       f"{seconds(wanted)}, with {at_once or 'several'} of the waits under way at once")
        return _at("slow", place, f"it took {seconds(took)} of virtual time", seconds(wanted))
    if seen and meant and seen.all_known and meant.all_known and seen.most > meant.most:
        return _at("concurrent", place, f"{seen.most} waits were under way at once: it took {seconds(took)} of virtual "
                   "time", f"{seconds(wanted)}, with at most {meant.most} under way")
    return _at("early", place, f"it was over after {seconds(took)} of virtual time", f"{seconds(wanted)}")


_JUDGES: tuple[Callable[[Evidence], Finding | None], ...] = (
    _replaced, _forgotten_await, _telling_exception, _blocked, _deadlock, _endless, _computes, _unmet, _exception,
    _left_behind, _lost, _unmet_value, _threads, _asked_nobody, _peak, _timing,
)


@dataclass(frozen=True)
class Overlap:
    """How many waits for something outside, such as sleeps and requests, were under way at once, at most.

    most       of all that are known
    requests   of requests to shops
    jobs       of functions that worker threads ran
    both       of these two together
    count      how many there were in all
    all_known  whether that is all: a wait for a future may be for anything, and for several things that overlap
    place      the line at which most of the waiting was
    """

    most: int
    requests: int
    jobs: int
    both: int
    count: int
    all_known: bool
    place: Place | None


def overlap(run: Recording) -> Overlap:
    """What was under way at once in a run."""
    jobs = [(job.start, job.end) for job in run.threads if job.end > job.start]
    requests: list[tuple[float, float]] = []
    others: list[tuple[float, float]] = []
    outside: dict[Place, float] = {}        # line -> seconds of waiting there for something outside
    anywhere: dict[Place, float] = {}
    all_known = True
    for task in run.tasks:
        for span in task.spans:
            if span.kind != WAIT or span.end <= span.start:
                continue
            kind = kind_of(span.wait)
            if span.wait == "request":
                requests.append((span.start, span.end))
            elif kind.family == "future":
                all_known = False
            elif kind.outside and kind.family != "thread":      # what threads do is known as jobs
                others.append((span.start, span.end))
            if span.place is not None:
                for places in (outside, anywhere) if kind.outside else (anywhere,):
                    places[span.place] = places.get(span.place, 0.0) + span.end - span.start
    places = outside or anywhere            # a task that is nothing but a request has no line: take where it is awaited
    return Overlap(
        most_at_once(requests + others + jobs), most_at_once(requests), most_at_once(jobs),
        most_at_once(requests + jobs), len(requests) + len(others) + len(jobs), all_known,
        max(places, key=places.__getitem__) if places else None,
    )


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


def judge_ending(frame: Frame, seconds_allowed: float, memory: int, own_thread: JsonPlace | None = None,
                 virtual: bool = True) -> Finding:
    """What to say if the process of an answer did not report the end.

    memory      bytes that it could have
    own_thread  the line that started a thread which virtual time does not see, if there was one
    virtual     whether the case ran in virtual time; where it did not, every thread is judged
    """
    event, place = frame["event"], frame.get("place")
    if own_thread is not None and virtual and event == Event.LATE:
        return _at("own thread", own_thread, OWN_THREAD)
    if event == Event.LATE:
        where = "" if place else ", at a line that could not be found"
        return _at("endless", place, f"it did not come to an end, and was stopped after {seconds_allowed:g} s of real "
                   f"time{where}", "it ends" + ("; in virtual time that takes milliseconds" if virtual else ""))
    if event == Event.MEMORY:
        return _at("memory", place, f"it took more than {memory >> 20} MB of memory, and was stopped",
                   "it needs far less")
    if event in (Event.BROKEN, Event.GARBAGE):
        return _at("died", None, "your code broke what observes it, so nothing can be said about its result",
                   "Python and the laboratory as they are")
    code = frame.get("code")
    how = ""
    if code is not None:
        how = f", with signal {-code}" if code < 0 else f", with exit code {code}"
    return _at("died", place, f"the Python process in which your code ran has ended{how} (in the notebook that would "
               "have been the kernel)", "it returns, or raises")
