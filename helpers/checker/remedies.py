"""What to try after an exception, by what the exception says: true of this answer, whatever the exercise is about.

`remedy` goes through `_RULES`, each a pattern for the line of an exception and what to say of it. A rule says one
thing to do, and then the reason. What it quotes was quoted by Python: `{1}` is the first group of the pattern.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable
from typing import NamedTuple

from helpers.checker import syntax
from helpers.checker.kinds import Finding
from helpers.checker.protocol import ErrorNotes
from helpers.words import clip


class _Seen(NamedTuple):
    """What a rule may look at: the exception, the tree of the answer, and the line in question, or 0."""

    error: ErrorNotes
    tree: ast.AST | None
    line: int


Say = str | Callable[["re.Match[str]", _Seen], str]         # "" if the rule does not fit after all

# Exceptions that say that a line was written wrongly, and not that something outside has gone wrong.
SLIPS = frozenset({
    "NameError", "UnboundLocalError", "AttributeError", "SyntaxError", "IndentationError", "TabError", "ImportError",
    "ModuleNotFoundError", "TypeError", "ZeroDivisionError", "IndexError", "KeyError", "AssertionError",
})


# Of these, those of which nothing is known unless the line itself raised them.
_ABOUT_THE_LINE = frozenset({"NameError", "AttributeError", "ZeroDivisionError", "IndexError", "KeyError",
                             "AssertionError"})


def is_slip(error: ErrorNotes) -> bool:
    """Whether a line of the answer itself raised one of `SLIPS`: then nothing else explains it."""
    return error["raised"] == "answer" and error["inner"].partition(":")[0] in SLIPS


def remedy(error: ErrorNotes, tree: ast.AST | None, line: int) -> str:
    """What to try after this exception, at this line of the answer; "" if only the exercise can say it."""
    if error["raised"] != "answer" and error["inner"].partition(":")[0] in _ABOUT_THE_LINE:
        return ""
    seen = _Seen(error, tree, line)
    for pattern, say in _RULES:
        match = re.match(pattern, error["inner"])
        if match is None:
            continue
        text = say.format(*match.groups(""), similar=error["similar"]) if isinstance(say, str) else say(match, seen)
        if text:
            return text
    return ""


_METHOD = re.compile(r"<(?:built-in|bound) method (?:\w+\.)*(\w+) of ")
_LAZY = re.compile(r"\b(?:is|was|returned) \[?<(async_generator|generator|map|filter|zip|reversed) object\b ?(\S*)")


def of_lazy(observed: str) -> str:
    """What to try if a result gives its values only when it is gone through, or called; "" if it does not."""
    if method := _METHOD.search(observed):
        return (f"Add the parentheses, {method[1]}(): without them this is the method itself, which gives its value "
                "only when it is called.")
    match = _LAZY.search(observed)
    if match is None:
        return ""
    if "<genexpr>" in match[2]:
        return ("Write square brackets around it, [...], instead of parentheses: with them it is a list of values; "
                "parentheses make a generator, which runs only when somebody goes through it.")
    if match[1] == "async_generator":
        return ("Collect its values, as in [value async for value in ...]: an asynchronous generator runs only when "
                "somebody goes through it.")
    return f"Make a list of it, with list(...): a {match[1]} runs only when somebody goes through it."


# -- rules that need more than a pattern --------------------------------------------------------------


def _unassigned(match: re.Match[str], seen: _Seen) -> str:
    name = match.group(1)
    if syntax.goes_through_itself(seen.tree, seen.line, name):
        meant = difflib.get_close_matches(name, set(syntax.parameters(seen.tree, seen.line)) - {name}, n=1)
        advice = f"Did you mean for {name} in {meant[0]}?" if meant else "Go through something else."
        return f"{advice} In for {name} in {name} both names are the same, and it has no value before the loop begins."
    return (f"Assign to {name} before this line: an assignment anywhere in a function makes the name a local one, "
            "everywhere in it.")


def _unknown_name(match: re.Match[str], seen: _Seen) -> str:
    name, similar = match.group(1), seen.error["similar"]
    if similar.startswith("import "):
        return f"Write {similar} above the function: {name} is a module, and this cell does not know it yet."
    if similar:
        return f"Did you mean {similar}? Nothing here has the name {name}."
    if block := clip(syntax.nameless_block(seen.tree, seen.line), 60):
        return (f"Write async with {block} as {name}, if {name} is meant to be this: without as, what begins the block "
                "has no name.")
    return f"Assign to {name} before this line, or correct its spelling: nothing here has that name."


def _no_attribute(match: re.Match[str], seen: _Seen) -> str:
    kind, name, similar = match.group(1), match.group(2), seen.error["similar"]
    if similar:
        return f"Did you mean {similar}? A {kind} has no {name}."
    if kind == "NoneType":
        return f"Find out where this value comes from: it is None, and None has no {name}."
    if kind == "coroutine" and name in ("result", "done", "cancel", "cancelled", "exception", "add_done_callback"):
        return (f"Make a task of it first, with asyncio.create_task(...): a coroutine object runs only when it is "
                f"awaited, and has no {name}().")
    return f"Look up what a {kind} has, or whether this is the object that you mean: it has no {name}."


def _not_known_to_module(match: re.Match[str], seen: _Seen) -> str:
    module, name, similar = match.group(1), match.group(2), seen.error["similar"]
    if similar:
        return f"Did you mean {module}.{similar}? The module {module} has no {name}."
    return f"Correct the spelling: the module {module} has no {name}."


def _no_import(match: re.Match[str], seen: _Seen) -> str:
    name, module, similar = match.group(1), match.group(2), seen.error["similar"]
    return (f"Did you mean {similar}? " if similar else "Correct the spelling: ") + f"{module} has no {name}."


def _star_missing(match: re.Match[str], seen: _Seen) -> str:
    """gather([...]), gather(x for x in ...), and gather(coroutines), where that is a list."""
    argument = syntax.gathered_alone(seen.tree, seen.line)
    if argument is None:
        return ""
    text = clip(ast.unparse(argument), 60)
    if isinstance(argument, (ast.List, ast.Tuple, ast.Set, ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        inside = text if not isinstance(argument, ast.GeneratorExp) or text.startswith("(") else f"({text})"
        return f"Put a star in front of it: gather(*{inside}). gather takes coroutines one by one, not a collection."
    if "unhashable" in match.string or "as a dict key" in match.string or "as a set element" in match.string:
        return f"Put a star in front of it: gather(*{text}). gather takes coroutines one by one, not a collection."
    return f"Write gather(*{text}) if that is a collection of coroutines: gather takes them one by one."


def _no_awaitable(match: re.Match[str], seen: _Seen) -> str:
    if seen.error["raised"] != "called":
        return ""
    if awaited := clip(syntax.awaited_in_gather(seen.tree, seen.line), 60):
        return (f"Leave out the await inside of the parentheses, and pass {awaited} itself: gather awaits it, and with "
                "await you pass only its result.")
    return ("Pass what can be awaited: a call of a coroutine function such as shop.price(item), a task or a "
            "future. A function that is not called, or a value, is none of these.")


def _expected_coroutine(match: re.Match[str], seen: _Seen) -> str:
    got = match.group(1)
    if got.startswith(("<function", "<bound method")):
        return "Call the function inside of the parentheses: a task is made of what the call gives, a coroutine object."
    if got.startswith(("<Task", "<Future", "<_GatheringFuture", "<_asyncio.Future")):
        return "Use it as it is, and await it: it is under way already, and a task is made of a coroutine object only."
    if got.startswith(("[", "(", "{", "<generator", "<async_generator", "dict_values")):
        return "Make a task of each one: a task is made of one coroutine object, and not of a collection of them."
    return ("Pass the call itself, without await: a task is made of a coroutine object, and with await you pass only "
            "its result.")


_BEGIN_WITH_ASYNC = ("TaskGroup", "Timeout", "Lock", "Semaphore", "BoundedSemaphore", "Condition",
                     "_AsyncGeneratorContextManager")


def _no_block(match: re.Match[str], seen: _Seen) -> str:
    kind, asynchronous = match.group(1), match.group(2)
    if kind == "type":
        return "Add the parentheses: a block begins with an object, and without them this is its class."
    if kind in ("function", "method", "builtin_function_or_method"):
        return "Call the function: a block begins with what the call gives."
    if kind == "coroutine" and asynchronous:
        return ("Write the object itself after async with, as in async with lock, without acquire(): the block "
                "acquires when it begins, and releases when it ends.")
    if kind in _BEGIN_WITH_ASYNC and not asynchronous:
        return f"Write async with instead of with: a {kind.lstrip('_')} may have to wait when its block begins or ends."
    if "async with" in match.string and not asynchronous:
        return f"Write async with instead of with: a {kind} may have to wait when its block begins or ends."
    if asynchronous:
        return f"Write with instead of async with, if {kind} is meant: its block has nothing to wait for."
    return f"Find out whether this is the object that you mean: a {kind} has no block."


def _no_async_for(match: re.Match[str], seen: _Seen) -> str:
    kind = match.group(1)
    if kind in ("coroutine", "Task", "Future", "_GatheringFuture"):
        return "Await it first, and write for without async: what it gives can be gone through at once."
    return f"Write for instead of async for: a {kind} gives its next element at once."


def _await_of(match: re.Match[str], seen: _Seen) -> str:
    kind = match.group(1)
    if kind == "NoneType":
        return "Leave out this await: the call after it gave None. It is a plain call, and its work is done."
    if kind in ("list", "tuple", "set", "generator", "dict"):
        return f"Write await asyncio.gather(*...) around it: await takes one awaitable, and not a {kind} of them."
    if kind == "async_generator":
        return "Go through it with async for: an asynchronous generator gives many values, and await takes one."
    if kind in ("function", "method", "type", "builtin_function_or_method"):
        return "Call the function: await takes what the call gives."
    return f"Leave out this await: the expression after it has its value already, of the type {kind}."


def _arguments(match: re.Match[str], seen: _Seen) -> str:
    name = syntax.starred_call(seen.tree, seen.line, ("wait", "as_completed"))
    if name and match.group(1).rpartition(".")[2].startswith(name):
        return f"Pass {name} one collection, without a star: {name}(tasks). Only gather takes them one by one."
    return f"Compare this call with what {match.group(1)} takes: an argument is missing, too many, or has another name."


def _unpacked(match: re.Match[str], seen: _Seen) -> str:
    if name := syntax.unpacked_in_loop(seen.tree, seen.line):
        return (f"Write {name}.items() if {name} is a dictionary: to go through the dictionary itself gives only its "
                f"keys, and here that is one value of the type {match.group(1)}.")
    return ""


_RULES: tuple[tuple[str, Say], ...] = (
    # names
    (r"UnboundLocalError: .*?'(\w+)'", _unassigned),
    (r"NameError: cannot access free variable '(\w+)'",
     "Assign to {0} before the function that uses it is called: it belongs to the function around it."),
    (r"NameError: .*?'(\w+)'", _unknown_name),
    (r"AttributeError: (?:partially initialized )?module '([\w.]+)' has no attribute '(\w+)'", _not_known_to_module),
    (r"AttributeError: type object '(\w+)' has no attribute '(\w+)'", _no_attribute),
    (r"AttributeError: '([\w.]+)' object has no attribute '(\w+)'", _no_attribute),
    (r"ModuleNotFoundError: No module named '([\w.]+)'",
     "Do without {0}, or correct its spelling: it is not installed here."),
    (r"ImportError: cannot import name '(\w+)' from '([\w.]+)'", _no_import),
    (r"(?:SyntaxError|IndentationError|TabError): ",
     "Correct the text that is compiled at this line: it is not valid Python."),
    # gather, wait, create_task
    (r"TypeError: (?:unhashable type|cannot use '\w+' as a (?:dict key|set element))", _star_missing),
    (r"TypeError: An asyncio.Future, a coroutine or an awaitable is required", _star_missing),
    (r"TypeError: An asyncio.Future, a coroutine or an awaitable is required", _no_awaitable),
    (r"RuntimeError: Task got bad yield", _star_missing),               # Python 3.11 takes a generator for a coroutine
    (r"TypeError: a coroutine was expected, got (.*)", _expected_coroutine),
    (r"TypeError: Passing coroutines is forbidden",
     "Make tasks of them first, with asyncio.create_task(...): wait takes tasks, so that you can tell them apart "
     "afterwards."),
    (r"TypeError: expect (?:a list|an iterable) of futures, not (\w+)",
     "Pass one collection of tasks, without a star: it got a single {0}."),
    (r"ValueError: Set of (?:Tasks|coroutines)/Futures is empty",
     "Ask only when there is something to wait for: wait needs at least one task."),
    # with, for, await
    (r"TypeError: '([\w.]+)' object does not support the (asynchronous )?context manager protocol", _no_block),
    (r"TypeError: 'async for' requires an object with __aiter__ method, got ([\w.]+)", _no_async_for),
    (r"TypeError: 'async_generator' object is not iterable",
     "Write async for instead of for: an asynchronous generator may wait before each value."),
    (r"TypeError: (?:object (\w+) can't be used in 'await' expression|'(\w+)' object can't be awaited)",
     lambda match, seen: _await_of(re.match(r"\W*(\w+)", match[1] or match[2]), seen)),     # type: ignore[arg-type]
    # arguments
    (r"TypeError: ([\w.]+)\(\) (?:missing \d+ required|takes |got an unexpected|got multiple|got some)", _arguments),
    (r"TypeError: ([\w.]+)\(?\)? expected (?:at (?:least|most) )?\d+ arguments?", _arguments),
    # values
    (r"TypeError: unsupported operand type\(s\) for ([^:]+): '(\w+)' and '(\w+)'",
     "Look at the two values that {0} was given: {1} and {2} do not go together."),
    (r"TypeError: '(\S+)' not supported between instances of '(\w+)' and '(\w+)'",
     "Say by what to compare, as with key=...: {1} and {2} have no order."),
    (r"TypeError: '(list|tuple|dict)' object is not callable",
     "Take an element with square brackets, [...], or find out whether another name hides a function: a value of the "
     "type {0} cannot be called."),
    (r"TypeError: '(\w+)' object is not callable",
     "Leave out the parentheses, or find out whether another name hides the function: a value of the type {0} cannot "
     "be called."),
    (r"TypeError: cannot unpack non-iterable (\w+) object", _unpacked),
    (r"TypeError: (?:'(\w+)' object is not (?:iterable|an iterator)|cannot unpack non-iterable (\w+) object)",
     "Find out where this value comes from: it is of the type {0}{1}, and has no elements to go through."),
    (r"TypeError: (?:Value|.* argument) after \* must be an iterable, not (\w+)",
     "Find out where this value comes from: it is of the type {0}, and has no elements to go through."),
    (r"TypeError: '(\w+)' object is not subscriptable",
     "Find out where this value comes from: it is of the type {0}, and has no elements to take by [...]."),
    (r"TypeError: (\w+) indices must be integers(?: or slices)?, not (\w+)",
     "Take an element of the {0} by its number: it was given a value of the type {1}."),
    (r"ZeroDivisionError", "Handle a divisor of 0 before you divide."),
    (r"IndexError", "Compare the index with the length: at this line there are fewer elements."),
    (r"KeyError: (.*)", "Look at what the dictionary holds at this line: {0} is not among its keys."),
    (r"ValueError: (?:not enough|too many) values to unpack",
     "Take as many names as there are values, or look at what is unpacked here: the numbers differ."),
    (r"AssertionError", "Compare your assert with the values at this line: its condition is false here."),
    (r"RuntimeError: (?:dictionary|Set|set|deque|OrderedDict) .*during iteration",
     "Go through a copy of it, as in list(...): while the loop awaits, another task changes it."),
    (r"RuntimeError: (?:coroutine|generator) raised StopIteration",
     "Give next() a second argument, for the end: a StopIteration cannot leave a coroutine."),
    # asyncio's own rules
    (r"RuntimeError: cannot reuse already awaited coroutine",
     "Keep what await gave, and use that as often as you need: a coroutine object can be awaited once."),
    (r"RuntimeError: TaskGroup .* has not been entered",
     "Begin a block with async with asyncio.TaskGroup() as group: only in it can a group make tasks."),
    (r"RuntimeError: TaskGroup .* is (?:finished|shutting down)",
     "Create the tasks inside of the block of the group: at its end, or after an error, it takes no more."),
    (r"RuntimeError: Timeout has not been entered",
     "Begin a block with async with asyncio.timeout(...): only in it does the time count."),
    (r"RuntimeError: (?:Lock|cannot wait on un-acquired lock|cannot notify on un-acquired lock|cannot release)",
     "Acquire it first, preferably with async with: this task does not hold it at this line."),
    (r"ValueError: BoundedSemaphore released too many times",
     "Release once for each acquire that was awaited, preferably with async with: here it was released more often."),
    (r"ValueError: task_done\(\) called too many times",
     "Call task_done() once for each item that you get: the queue counts both."),
    (r"InvalidStateError: Result is not set",
     "Await it before you take its result: result() does not wait, and there is no result yet."),
    (r"InvalidStateError: Exception is not set", "Await it before you ask for its exception: it is not done yet."),
    (r"InvalidStateError: invalid state",
     "Set its result or exception once, and not if it is done() already: here it is."),
    (r"QueueEmpty", "Write await queue.get(): get_nowait does not wait, and there is no item yet."),
    (r"QueueFull", "Write await queue.put(...): put_nowait does not wait, and there is no room yet."),
    (r"RuntimeError: no running event loop",
     "Make this call in a coroutine: neither a worker thread nor a plain program has a running event loop."),
)

# What to say of exceptions that have to do with the task, where the exercise says nothing of its own.
_OF_THE_TASK: tuple[tuple[str, str], ...] = (
    (r"ShopBusy", "Let fewer requests be in flight at this shop: it refuses those beyond its limit."),
    (r"(?:ShopError|ConnectionError|ConnectionResetError|ConnectionRefusedError)",
     "Catch it where the price is awaited, if the task says what to do then: it came out of your function."),
    (r"TimeoutError", "Catch it around the block whose time was limited, if the task says what to do then: it came out "
                      "of your function."),
)


def last_remedy(finding: Finding) -> str:
    """What to try after an exception of which neither a rule nor the exercise says anything; "" if nothing is known."""
    if finding.kind != "error":
        return ""
    return next((text for pattern, text in _OF_THE_TASK if re.match(pattern, finding.about)), "")
