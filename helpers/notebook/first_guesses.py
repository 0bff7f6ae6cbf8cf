"""What to write instead, where a first guess at the helpers ends in an error that Python makes.

`compare(a, b)` is refused by Python before a line of `compare` runs, with "takes 1 positional argument but 2 were
given". That is true, and no help. So the error of a cell gets a note, which stands below its message:

    TypeError: compare() takes 1 positional argument but 2 were given
    Write compare({"one by one": run_1, "together": run_2})
    It is a dictionary, with a label for each run.

The error stays what it is. A note is added only where it is certain that a helper is meant: the object with a missing
attribute is known to the error; a name is looked up where the line ran that failed. What is shown instead of being an
error, such as a method without its parentheses, is told by `advice_on_value`.
"""

from __future__ import annotations

import inspect
import linecache
import re
from types import CoroutineType, FrameType, FunctionType, MethodType, ModuleType, TracebackType
from typing import Any

import helpers
from helpers.recorder import record
from helpers.recorder.learners_code import is_learners
from helpers.recording import Recording
from helpers.simulated_io import Shop
from helpers.words import listed

# How each is called, by its qualified name; and what there is to know, beside the call.
CALLS = {
    "record": ("run = await record(main())", "The coroutine is called, and record is awaited"),
    "simulate": ("run = simulate(main())", "The coroutine is called, and simulate is not awaited"),
    "compare": ('compare({"one by one": run_1, "together": run_2})', "It is a dictionary, with a label for each run"),
    "lab": ("lab(requests=100)", "Each setting has its name; lab() has the usual ones"),
    "heartbeat": ("heartbeat(every=0.1)", "every is in seconds; heartbeat() has the usual one"),
    "who_waits": ("who_waits(run)", "run is a run of simulate that ended with a deadlock"),
    "await_tree": ("await_tree()", "It shows the tasks of this loop; await_tree(run) those of a recorded run"),
    "search": ('search("was never awaited")', "It takes words of a message as a text; search() shows a box for them"),
    "progress": ("progress()", "It takes nothing"),
    "check_environment": ("check_environment()", "It takes nothing"),
    "show_error": ("with show_error():", "The block that may fail stands below it"),
    "show": ('show(figure, alt="what there is to see", text="the same in characters")',
             "The figure is one of matplotlib; a run shows itself, last in a cell"),
    "draw_bars": ('draw_bars({"threads": 1.0, "processes": 1.9}, what="times as fast")', "They are numbers by name"),
    "draw_chain": ("draw_chain(coroutine)", "The coroutine is suspended: coroutine.send(None) was called before"),
    "draw_series": ('draw_series({"north": [3, 5, 2]}, step=1.0, what="requests")', "They are rows of numbers by name"),
    "draw_queues": ('draw_queues({"at the start": {"ready queue": ["north"]}}, title="The queues")',
                    "They are moments by name, and in each the queues by name"),
    "draw_curves": ('draw_curves({"measured": {1: 1.0, 2: 1.9}}, across="tasks", up="times as fast", title="Law")',
                    "They are curves by name"),
    "Shop": ('Shop("north", latency=0.3, prices={"tea": 320})', "The name comes first, all else has its name"),
    "Shop.__init__": ('Shop("north", latency=0.3, prices={"tea": 320})', "The name comes first, all else has its name"),
    "Shop.price": ('await shop.price("tea")', "The item is a text"),
    "Shop.price_blocking": ('shop.price_blocking("tea")', "The item is a text"),
    "Shop.many": ("Shop.many(5)", "It is given how many shops; all else has its name"),
    "Shop.reset": ("shop.reset()", "It takes nothing"),
    "Recording.save": ('run.save("run.png")', "The suffix says what is written: .png, .svg, .html, .txt, .json"),
    "Recording.page": ('run.page("run.html")', "It writes a page to open in a browser"),
    "Recording.text": ("print(run.text())", "print(run) does the same"),
    "Recording.replay": ("run.replay()", "It shows itself last in a cell; run.replay(step=20) opens at that step"),
    "Recording.explain": ("run.explain()", "It shows itself last in a cell"),
    "Recording.await_tree": ("run.await_tree()", "It shows the end of the run; run.await_tree(0.5) a moment of it"),
    "Recording.summary": ("run.summary()", "It takes nothing"),
    "Recording.to_json": ("run.to_json()", "It takes nothing"),
    "Recording.from_json": ("Recording.from_json(text)", "The text is what run.to_json() gave"),
    "Exercise.check": ("exercises.NAME.check(NAME)", "NAME is that of your function, without parentheses after it"),
    "Exercise.hint": ("exercises.NAME.hint()", "It takes nothing"),
    "Exercise.solution": ("exercises.NAME.solution()", "It takes nothing"),
    "Exercise.compare": ("exercises.NAME.compare()", "It takes nothing"),
    "Exercise.reset": ("exercises.NAME.reset()", "It takes nothing"),
}

# Names that others have for what the helpers do: as an attribute of a run, or as a function.
_SHOWN = "A run shows itself: write run last in a cell. run.save(\"run.png\") writes the picture into a file."
OTHER_NAMES = {
    **dict.fromkeys(("show", "plot", "draw", "display", "timeline", "picture", "render"), _SHOWN),
    **dict.fromkeys(("time", "duration", "total", "seconds", "length", "total_time", "took", "runtime"),
                    "Write run.elapsed: the seconds from the start to the end of the main task."),
    **dict.fromkeys(("results", "output", "returned", "return_value", "get_result"),
                    "Write run.result: what the main coroutine returned."),
}
# What an object has, where something else was asked of it; and where it was awaited.
_HAS = {
    "Recording": "A run has run.result, run.elapsed, run.tasks and run.error; run.replay(), run.explain(), run.text() "
                 "and run.save(\"run.png\"). Last in a cell it is drawn.",
    "Shop": 'A shop is asked with await shop.price("tea"). It counts: shop.requests, shop.served, shop.failed, '
            "shop.in_flight, shop.peak.",
}
_ON_KIND = {
    ("Recording", True): "A run is there at once, and is not awaited. Write run = simulate(main())",
    ("Heartbeat", True): "A heartbeat is not awaited. Write heartbeat(), or with heartbeat(): and a block below it.",
}
FUNCTIONS = ("draw", "replay", "explain")       # what a run does itself, and a learner may take for a function
IN_A_NOTEBOOK = "In a notebook the loop is running already. "

_WRONG_ARGUMENTS = re.compile(
    r"([\w.]+)\(\) (?:takes (?:\d|from |no )|missing |got (?:an unexpected|multiple|some) )")
_NOT_CALLED = re.compile(r"object (?:method|function) can't|'(?:method|function)' object can't be awaited"
                         r"|'(?:type|function)' object does not support the (?:asynchronous )?context manager")
_KIND = re.compile(r"(?:object |type |^)'?(?:[\w.]+\.)?(\w+)'?(?: object| has no| can't)")


def add_advice(error: BaseException) -> None:
    """Add to an error, or to the members of a group, a note that says what to write, if a helper was meant."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            add_advice(member)
        return
    advice = advice_on(error)
    if advice and advice not in getattr(error, "__notes__", ()):
        error.add_note(advice)


def advice_on(error: BaseException) -> str:
    """What to write instead of what has raised the error, in a sentence; "" if that is not known."""
    frame, code = _failed(error.__traceback__)
    if frame is None:
        return ""
    if isinstance(error, AttributeError):
        return _on_attribute(error.obj, error.name or "")
    if isinstance(error, NameError):
        return _on_name(error.name or "")
    message = str(error) if type(error) in (ImportError, RuntimeError, TypeError) else ""    # another may be unable to
    if wanted := re.match(r"cannot import name '(\w+)' from 'helpers'", message):
        return _on_import(wanted[1])
    if "cannot be called from a running event loop" in message:
        return _on_second_loop(code)
    return _on_type_error(message, frame, code) if type(error) is TypeError else ""


def advice_on_value(value: Any) -> str:
    """What to write instead, if a cell shows a helper that was not called, or a recording that has not begun."""
    if is_recording_to_be(value):
        return f"The recording has not begun. {_write('record')}"
    if type(value) is MethodType:
        name = getattr(value.__func__, "__qualname__", "")
        return f"This is the method itself. {_write(name)}" if _is_helpers(value.__func__) and name in CALLS else ""
    name = getattr(value, "__name__", "") if type(value) in (FunctionType, type) else ""
    is_function = name in CALLS and name != "Shop" and value is getattr(helpers, name, None)
    return f"This is the function itself. {_write(name)}" if is_function else ""


def is_recording_to_be(value: Any) -> bool:
    """Whether a value is what `record(...)` gives, and was not awaited."""
    return (type(value) is CoroutineType and value.cr_code is record.__code__
            and inspect.getcoroutinestate(value) == inspect.CORO_CREATED)


# -- for each kind of error -------------------------------------------------------------------------


def _on_type_error(message: str, frame: FrameType, code: str) -> str:
    """Advice on a TypeError that was raised by a piece of code."""
    wrong = _WRONG_ARGUMENTS.match(message)
    if wrong:
        meant = _look_up(frame, wrong[1].partition(".")[0])
        return _write(wrong[1]) if wrong[1] in CALLS and (meant is None or _is_helpers(meant)) else ""
    owner, _, attribute = re.sub(r"^(?:await|(?:async )?with) |[(:].*", "", code).strip().partition(".")
    meant = _look_up(frame, owner)
    if _NOT_CALLED.search(message):
        function = getattr(type(meant), attribute, None) if attribute else meant
        name = getattr(function, "__qualname__", "")
        return f"It is not called yet. {_write(name)}" if name in CALLS and _is_helpers(function) else ""
    if "object is not callable" in message and type(meant) is Recording and attribute:
        return f"It is no method, and has no parentheses: write {owner}.{attribute}"
    kind = _KIND.search(message)
    if kind and kind[1] in ("Recording", "Shop", "Heartbeat"):
        same = _look_up(frame, kind[1])
        if same is None or _is_helpers(same):
            return _ON_KIND.get((kind[1], "await" in message), _HAS.get(kind[1], ""))
    return ""


def _on_attribute(owner: Any, name: str) -> str:
    """Advice on an attribute that an object does not have."""
    kind = type(owner)
    if kind is CoroutineType:
        if owner.cr_code is record.__code__:
            return f"The recording has not begun. {_write('record')}"
        return f"The shop was not asked yet. {_write('Shop.price')}" if owner.cr_code is Shop.price.__code__ else ""
    if issubclass(kind, Recording):                 # isinstance() would ask the object, which may be anything
        return OTHER_NAMES.get(name, _HAS["Recording"])
    if issubclass(kind, Shop):
        return _HAS["Shop"]
    if owner is helpers:
        return _on_import(name)
    if kind.__name__ == "Exercise" and _is_helpers(kind):
        return "An exercise has check(your_function), hint() and solution()."
    if kind is ModuleType and owner.__name__.startswith("helpers.exercises."):
        names = [each for each, value in vars(owner).items() if type(value).__name__ == "Exercise"]
        return f"The exercises of this lesson are {listed(names)}." if names else ""
    return ""


def _on_import(name: str) -> str:
    """Advice on a name that the package does not have."""
    return _of_a_run(name) or f"helpers has {listed(sorted(helpers.__all__))}."


def _on_name(name: str) -> str:
    """Advice on a name that was not defined; it may be meant for something else."""
    if name in helpers.__all__:
        return f"If that of the course is meant, write from helpers import {name}"
    return _of_a_run(name)


def _of_a_run(name: str) -> str:
    """Advice on a function that there is not, since a run does this itself."""
    if name not in FUNCTIONS:
        return ""
    return "If a recorded run is meant: " + ("it is drawn last in a cell, write run" if name == "draw" else
                                             f"write run.{name}()")


def _on_second_loop(code: str) -> str:
    """Advice on `asyncio.run(...)` where a loop is running."""
    for function in ("record", "simulate"):
        if f"{function}(" in code:
            return IN_A_NOTEBOOK + _write(function)
    return IN_A_NOTEBOOK + "Write await main() instead of asyncio.run(main())."


def _write(name: str) -> str:
    call, meaning = CALLS[name]
    return f"Write {call}\n{meaning}."


# -- where it was, and what was meant ---------------------------------------------------------------


def _failed(trace: TracebackType | None) -> tuple[FrameType | None, str]:
    """The innermost frame of the learner's that an error came through, and the code of one line that failed there."""
    found = None
    while trace is not None:
        if is_learners(trace.tb_frame):
            found = trace
        trace = trace.tb_next
    if found is None:
        return None, ""
    code = found.tb_frame.f_code
    line, end_line, column, end_column = list(code.co_positions())[found.tb_lasti // 2]
    if line is None or column is None:
        return found.tb_frame, ""
    text = linecache.getline(code.co_filename, line, found.tb_frame.f_globals).strip("\n").encode()
    return found.tb_frame, text[column:end_column if line == end_line else None].decode(errors="replace")


def _look_up(frame: FrameType, name: str) -> Any:
    """What a name meant in a frame; None if it meant nothing there."""
    return frame.f_locals.get(name, frame.f_globals.get(name))


def _is_helpers(thing: Any) -> bool:
    """Whether a thing is a function or class of the helpers."""
    return type(thing) in (FunctionType, type) and str(getattr(thing, "__module__", "")).partition(".")[0] == "helpers"
