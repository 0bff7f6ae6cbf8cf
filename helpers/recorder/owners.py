"""Whose a task is: the learner's, or a library's own.

Libraries make tasks too, and so does asyncio: for each connection that a server accepts, for the name that a client
looks up. They are counted, not drawn. A task is the learner's

- if its coroutine function is, or
- if the learner made it: innermost on the stack, but for functions such as `gather` that only pass a coroutine on, is a
  function of the learner's. So `create_task(asyncio.sleep(1))` is the learner's, and `create_task(session.get(url))`.

A library's task may run a function of the learner's all the same, as the task of a web server does that serves a
request: then it is shown, under the name of that function. It is noticed when the task waits inside the function, or
for a thread that runs it. A function that never waits leaves no trace, and its task counts as the library's.

The code of `helpers` counts as the learner's here, but for the recorder and the virtual loop.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import sys
from collections.abc import Iterable, Iterator
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, FunctionType, GeneratorType, MethodType
from typing import Any

from helpers.recorder.asyncio_internals import ORIGINAL_RUN
from helpers.recorder.learners_code import installed_package, known, learn, library_name
from helpers.recorder.library_waits import PASSES, WRAPS, key_of
from helpers.recorder.names import coroutine_name, short_name
from helpers.recorder.waits import Wait, driven_by
from helpers.recording import Others

# id(code) -> the code of the coroutine functions that are the learner's
own: dict[int, CodeType] = {}

_PASSES = "passes it on"                # what a frame does, instead of the name of a library
_BEGINS = "begins a turn of the loop"
_frames: dict[int, tuple[str, CodeType]] = {}
_plain: dict[int, CodeType] = {}        # the same of coroutine functions of libraries that wrap no other

_HERE = os.path.dirname(os.path.realpath(__file__))
_MACHINERY = (os.path.join(_HERE, ""), os.path.join(os.path.dirname(_HERE), "virtual", ""))
_TURNS = os.path.join(_HERE, "turns.py")
_RUN = key_of(ORIGINAL_RUN)
# where asyncio makes tasks of what others give it
_ASYNCIO_PASSES = ("tasks.py", "taskgroups.py", "runners.py", "timeouts.py", "coroutines.py")


class Owner:
    """What is known of a task whose coroutine function is not the learner's. Tasks of the learner's own have none.

    library   the library whose task it is; "" if the learner made it
    name      what its coroutine is called: that of the function that a library was given, not of the one around it
    wrapped   whether a library has put a coroutine of its own around the one that it was given
    handlers  the functions of the learner's that a library's task has run, those called last at the end: by how often
              the library has called one within another
    """

    __slots__ = ("handlers", "library", "name", "wrapped")

    def __init__(self, library: str, name: str, wrapped: bool) -> None:
        self.library = library
        self.name = name
        self.wrapped = wrapped
        self.handlers: dict[int, dict[str, None]] = {}

    @property
    def shown(self) -> bool:
        """Whether the task is one of the recording's: the learner's, or one that ran something of the learner's."""
        return not self.library or bool(self.handlers)

    @property
    def handler(self) -> str:
        """The function that a library's task ran, or several, one after another; "" if it is not known."""
        if not self.handlers:
            return ""
        names = list(self.handlers[max(self.handlers)])
        return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")

    def look(self, coro: Any, wait: Wait | None = None) -> None:
        """See which function of the learner's a task is in that has just been suspended, in this wait."""
        if self.library and (wait is None or wait.code is not None or wait.kind == "thread"):
            depth, name = _handler(coro)
            if name:
                self.handlers.setdefault(depth, {})[name] = None

    def ran(self, name: str) -> None:
        """The task was seen inside this function of the learner's."""
        if not self.handlers:
            self.handlers[0] = {name: None}


def owner_of(coro: Any) -> Owner | None:
    """Whose a task is that is being made of this coroutine, by the functions on the stack; None: the learner's own."""
    code = coro.cr_code if type(coro) is CoroutineType else None
    if code is not None and id(code) in _plain:         # met before, and a library's
        wrapped, given, home = None, coro, library_name(code.co_filename)
    else:
        wrapped = _wrapped(coro)
        given = coro if wrapped is None else wrapped
        code = _code(given)
        home = "" if code is None else library_name(code.co_filename)
        if code is not None and not home:
            if wrapped is not None:
                return Owner("", coroutine_name(given), True)
            own[id(code)] = code
            return None
        if code is not None and given is coro and key_of(code) not in WRAPS:
            _plain[id(code)] = code
    maker = _maker(_frame_of_maker(coro))
    if maker == "" and wrapped is None:                 # the learner made it
        return None
    if maker is None:                   # the loop did, for a callback: by whom that was set nobody knows
        library = "" if home == "asyncio" and code is not None and _public(code) else home
    elif maker == "asyncio":
        library = home or maker
    else:
        library = maker
    owner = Owner(library, coroutine_name(given), wrapped is not None)
    owner.look(coro)                    # it may have begun before it was noticed
    return owner


def library_of(task: asyncio.Task[Any]) -> str:
    """The library to which a task belongs that is not done, whether it is recorded or not; "" if it is the learner's.

    Of a task that is not recorded it is not known who made it. So one is taken for the learner's whose coroutine
    function is public in asyncio, as that of `create_task(asyncio.sleep(1))`.
    """
    from helpers.recorder.notes import ROWS

    row = ROWS.get(id(task))
    if row is not None:
        return row.library
    coro = task.get_coro()
    wrapped = _wrapped(coro)
    code = _code(coro if wrapped is None else wrapped)
    home = "" if code is None else library_name(code.co_filename)
    if home == "asyncio" and code is not None and _public(code):
        return ""
    return "" if home and _handler(coro)[1] else home


def sort_out(tasks: Iterable[asyncio.Task[Any]],
             running: asyncio.Task[Any] | None = None) -> tuple[list[asyncio.Task[Any]], tuple[Others, ...]]:
    """Those of the tasks that are the learner's, in their order, and how many the libraries have.

    running  a task that counts as the learner's, whoever made it: the learner's code is under way in it
    """
    counts: dict[str, int] = {}
    own_tasks = []
    for task in tasks:
        library = "" if task is running else library_of(task)
        if library:
            counts[library] = counts.get(library, 0) + 1
        else:
            own_tasks.append(task)
    return own_tasks, tuple(Others(library, count) for library, count in sorted(counts.items()))


def _code(coro: Any) -> CodeType | None:
    """The code of a coroutine; of a step of an asynchronous generator, that of the generator."""
    if type(coro) is CoroutineType:
        return coro.cr_code
    if type(coro) is GeneratorType:
        return coro.gi_code
    driven = driven_by(coro) if type(coro).__module__ == "builtins" else None
    if driven is None:
        send = getattr(type(coro), "send", None)
        code = getattr(send, "__code__", None)
        return code if isinstance(code, CodeType) else None
    return driven.ag_code if type(driven) is AsyncGeneratorType else _code(driven)


def _wrapped(coro: Any) -> Any:
    """The coroutine around which a library has put this one; None if it has not."""
    if type(coro) is not CoroutineType:
        return None
    code = coro.cr_code
    if key_of(code) not in WRAPS or not installed_package(code.co_filename):
        return None
    kind = code.co_qualname.partition(".")[0]
    keepers = [each for each in gc.get_referents(coro) if type(each).__name__ == kind]
    return next((each for keeper in keepers for each in gc.get_referents(keeper) if type(each) is CoroutineType), None)


def _public(code: CodeType) -> bool:
    return not any(part.startswith(("_", "<")) for part in code.co_qualname.split("."))


def _frame_of_maker(coro: Any) -> FrameType | None:
    """Where on the stack somebody makes a task of a coroutine; None if that was earlier."""
    if type(coro) is CoroutineType:
        if coro.cr_running and coro.cr_frame is not None:       # it has begun at once: what is further in is its own
            return coro.cr_frame.f_back
        if coro.cr_suspended:
            return None
    return sys._getframe(3)             # this function, owner_of and Row are not it


def _maker(frame: FrameType | None) -> str | None:
    """The library whose function has a task made; "" if it is the learner; None if the loop has it made itself."""
    role_of = _frames.get
    while frame is not None:
        code = frame.f_code
        role, _ = role_of(id(code)) or _learn_role(code)
        if role is not _PASSES:
            return None if role is _BEGINS else role
        frame = frame.f_back
    return None


def _learn_role(code: CodeType) -> tuple[str, CodeType]:
    found = _frames[id(code)] = _role(code), code
    return found


def _role(code: CodeType) -> str:
    """What a function on the stack of a new task has to do with it: a library's name, or _PASSES, or _BEGINS."""
    file = os.path.realpath(code.co_filename)
    if (file == _TURNS and code.co_name in ("_run", "_run_other")) or key_of(code) == _RUN:
        return _BEGINS
    if file.startswith(_MACHINERY) or key_of(code) in PASSES:
        return _PASSES
    library = library_name(code.co_filename)
    if library == "asyncio":
        file, name = os.path.basename(file), code.co_name
        if file in _ASYNCIO_PASSES or (file == "base_events.py" and name in ("create_task", "run_until_complete")):
            return _PASSES
        return library
    return _PASSES if library in sys.stdlib_module_names else library


def _links(coro: Any) -> Iterator[tuple[CodeType, Any]]:
    """The coroutines and generators in the chain of what a coroutine awaits, the outermost first, with their code."""
    link, seen = coro, set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        type_ = type(link)
        if type_ is CoroutineType:
            yield link.cr_code, link
            link = link.cr_await
        elif type_ is GeneratorType:
            yield link.gi_code, link
            link = link.gi_yieldfrom
        elif type_ is AsyncGeneratorType:
            yield link.ag_code, link
            link = link.ag_await
        else:
            link = driven_by(link)


def _handler(coro: Any) -> tuple[int, str]:
    """The function of the learner's that a library has called, and within how many others; ("" if there is none).

    A web server calls a middleware, through which it calls the handler: that one says what the task is about. What the
    handler has called by yet another library, such as one that tries again, does not.
    """
    callers: set[str] = set()           # the libraries that led to the first function of the learner's
    before = ""
    depth, name = 0, ""
    thread: Any = None                  # the coroutine that waits for a thread
    for code, link in _links(coro):
        library = library_name(code.co_filename)
        if library:
            before = library
            if (known.get(id(code)) or learn(code)).kind == "thread":
                thread = link
            if not depth and library not in sys.stdlib_module_names:
                callers.add(library)
        else:
            if before and (not depth or before in callers):
                depth, name = depth + 1, short_name(code.co_qualname)
            before, thread = "", None
    if not depth and thread is not None:
        return 1, _given_to_thread(thread)
    return depth, name


def _given_to_thread(coro: Any) -> str:
    """The function of the learner's that a thread runs while a coroutine waits for the thread; "" if there is none."""
    given = gc.get_referents(coro)
    for each in given:                  # grows meanwhile
        if isinstance(each, functools.partial):
            given += (each.func, *each.args)
        function = getattr(each, "__func__", each) if type(each) is MethodType else each
        if type(function) is FunctionType and not library_name(function.__code__.co_filename):
            return short_name(function.__qualname__)
    return ""
