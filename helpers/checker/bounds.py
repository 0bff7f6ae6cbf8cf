"""Bounds on what comes from an answer: how long a text may be, and how many of a kind are told.

Names, exceptions, results and output are the learner's: a name may have a million letters, and a text may hold half of
a character. What is observed is cut here before it is sent (`words`, `words_of`, `name_of_type`), and what arrives is
looked through once more before anything is made of it (`checked`): it may have been written by the answer itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any, cast

from helpers.checker.protocol import Event, Frame, JsonPlace, Notes, blank_notes
from helpers.recording import Place, Recording, Span
from helpers.words import clip, first_line, one_line

LINE = 300                      # characters of an exception or a result
SENTENCE = 1_000                # characters of one thing that a report says
NAME = 80                       # characters of a name
SOURCE = 200                    # characters of a line of source
MANY = 50                       # tasks, threads, coroutines, ... that are told one by one
PRINTED = 2_000                 # characters of what an answer prints that are passed on
LINES = 100                     # lines of it
RECORDING = 4_000_000           # characters of a recording


def fit(text: str) -> str:
    r"""A text that can be written anywhere: half a character becomes its number.

    >>> fit("tea \ud800")
    'tea \\ud800'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def words(text: Any, width: int = LINE) -> str:
    """A text from an answer on one line, and not too long; what is no text is none."""
    if type(text) is not str:
        text = str.__str__(text) if isinstance(text, str) else ""
    return clip(one_line(fit(text[: width + 1])), width)


def words_of(error: BaseException, width: int = LINE) -> str:
    """An exception in a line: its type, and the first line of its text, whatever its `__str__` does."""
    name = name_of_type(type(error))
    try:
        text = str.__str__(str(error))
    except BaseException as problem:        # the class may be the learner's, and its __str__ may do anything
        return f"{name} (its __str__ raises {name_of_type(type(problem))})"
    text = first_line(fit(text[: 2 * width]))
    return clip(f"{name}: {text}" if text.strip() else name, width)


def name_of_type(kind: type) -> str:
    """The name of a class, whatever its metaclass says."""
    return words(type.__dict__["__name__"].__get__(kind), NAME)


def output(text: str) -> str:
    """What was printed, line by line, without what would colour or move a terminal."""
    lines = fit(text).splitlines()
    more = [f"... and {len(lines) - LINES:,} more of these lines"] if len(lines) > LINES else []
    return "\n".join([one_line(line.replace("\t", "    ")) for line in lines[:LINES]] + more)


def bounded(run: Recording) -> Recording:
    """A recording of which no name and no error is too long to be drawn."""
    def place(where: Place | None) -> Place | None:
        return where and Place(clip(fit(where.file), SENTENCE), where.line, words(where.function, NAME))

    def span(one: Span) -> Span:
        return one._replace(wait=words(one.wait, NAME), place=place(one.place),
                            through=tuple(filter(None, map(place, one.through[:MANY]))))

    return replace(
        run,
        tasks=tuple(task._replace(name=words(task.name, NAME), coroutine=words(task.coroutine, NAME),
                                  error=words(task.error), spans=tuple(map(span, task.spans))) for task in run.tasks),
        threads=tuple(job._replace(thread=words(job.thread, NAME)) for job in run.threads),
        error=words(run.error),
        callbacks=tuple(map(span, run.callbacks)),
        others=tuple(each._replace(library=words(each.library, NAME)) for each in run.others[:MANY]),
        remarks=tuple(each._replace(words=words(each.words), place=place(each.place)) for each in run.remarks[:MANY]),
    )


# -- what has arrived ---------------------------------------------------------------------------------


class Malformed(ValueError):
    """A frame has not the form of one that was made by `worker`."""


def checked(frame: Frame) -> Frame:
    """A frame that has arrived, with nothing in it that is too long or of another type; Malformed if there is."""
    notes: Any = frame.get("notes")
    if notes is not None:
        frame["notes"] = _notes(notes)
    elif frame["event"] in (Event.CASE, Event.REFERENCE):
        raise Malformed("a case without notes")
    if frame.get("place") is not None:
        frame["place"] = _place(frame["place"])
    if "text" in frame:
        frame["text"] = fit(_a(str, frame["text"])[:PRINTED])
    return frame


def _notes(raw: Any) -> Notes:
    found: dict[str, Any] = dict(blank_notes())
    if not isinstance(raw, dict) or set(raw) != set(found):
        raise Malformed("these are no notes")
    for key, check in _FIELDS.items():
        found[key] = check(raw[key])
    return cast(Notes, found)


def _a(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise Malformed(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _line(value: Any) -> str:
    return words(_a(str, value), SENTENCE)


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise Malformed("no number")
    return float(value)


def _count(value: Any) -> int:
    return max(0, min(_a(int, value), 10**12))


def _place(value: Any) -> JsonPlace:
    if type(value) is not list or len(value) != 3:
        raise Malformed("no place")
    file, line, function = value
    return [clip(fit(_a(str, file)), SENTENCE), min(_count(line), 10**9), words(_a(str, function), NAME)]


def _or_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


def _each(check: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    return lambda value: [check(one) for one in islice(_a(list, value), MANY)]


def _record(**checks: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    def check(value: Any) -> dict[str, Any]:
        if type(value) is not dict or set(value) != set(checks):
            raise Malformed("a record with other fields")
        return {key: check(value[key]) for key, check in checks.items()}

    return check


def _yes_or_no(value: Any) -> bool:
    return _a(bool, value)


def _recording(value: Any) -> str | None:
    text = _a(str, value)
    return text if len(text) <= RECORDING else None


_error = _record(
    type=_line, text=_line, inner=_line, raised=_line, similar=_line, place=_or_none(_place), category=_line,
    expected=_yes_or_no, group=_each(_line), kind=_line, observed=_line, wanted=_line, cause=_or_none(_place),
)
_unfinished = _record(name=_line, place=_or_none(_place), future=_line)
_FIELDS: dict[str, Callable[[Any], Any]] = {
    "error": _or_none(_error),
    "value": _or_none(_line),
    "unfinished": _each(_unfinished),
    "never_awaited": _each(_unfinished),
    "elapsed": _or_none(_number),
    "pending": _each(_record(task=_line, wait=_line, place=_or_none(_place))),
    "still_pending": _count,
    "blocked": _each(_record(seconds=_number, place=_or_none(_place))),
    "recording": _or_none(_recording),
    "lost": _each(_line),
    "cpu": _number,
    "computed_at": _or_none(_place),
    "threads": _each(_line),
    "cancelling": _count,
    "own_threads": _each(_place),
    "asked": _count,
    "replaced": _each(_line),
    "printed": _count,
}
assert set(_FIELDS) == set(blank_notes())
