"""What a suspended task waits for, and on which of the learner's lines.

A task that is suspended is a chain of frozen frames: the learner's coroutine, in which an `await`
holds another coroutine, in which an `await` holds another, down to the future that the event loop
will complete. `read_wait` walks that chain once, from the outside in, and remembers two things: the
innermost frame that the learner wrote, and the outermost piece of asyncio that has a name for this
kind of waiting (`Lock.acquire` is a "lock", whatever it does inside).

It only looks: it takes no reference that outlives the call but to code objects, and never touches
`frame.f_locals`, which before Python 3.13 makes a copy that keeps the learner's objects alive.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sysconfig
from asyncio import base_events, base_subprocess, selector_events, streams
from collections.abc import Callable, Mapping
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any, NamedTuple

from helpers.recording import Place


class Wait(NamedTuple):
    """A wait as it was read: cheap to make, turned into words only when the run is over.

    kind  "sleep", "task", "gather", "lock", ...; "turn" is `sleep(0)`, a step aside
    on    ids of the recorded tasks that it waits for
    code, instruction  the learner's code object and the place in it; code is None if there is none
    """

    kind: str
    on: tuple[int, ...] = ()
    code: CodeType | None = None
    instruction: int = -1

    def place(self) -> Place | None:
        if self.code is None:
            return None
        return Place(self.code.co_filename, _line(self.code, self.instruction), self.code.co_name)


def _line(code: CodeType, instruction: int) -> int:
    """The source line of an instruction, given by its offset in bytes (`frame.f_lasti`)."""
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno


# -- which code is whose ----------------------------------------------------------------------------

# A wait inside one of these has the name of the outermost of them ...
_NAMED = [
    ("sleep", asyncio.sleep),
    ("lock", asyncio.Lock.acquire),
    ("semaphore", asyncio.Semaphore.acquire),
    ("event", asyncio.Event.wait),
    ("condition", asyncio.Condition.wait),
    ("barrier", asyncio.Barrier.wait),
    ("queue get", asyncio.Queue.get),
    ("queue put", asyncio.Queue.put),
    ("queue join", asyncio.Queue.join),
    ("thread", asyncio.to_thread),
    ("task group", asyncio.TaskGroup.__aexit__),
    ("wait", asyncio.wait),
    ("wait_for", asyncio.wait_for),
    ("socket", asyncio.StreamReader._wait_for_data),
    ("socket", streams.FlowControlMixin._drain_helper),
    ("socket", base_events.Server.wait_closed),
    ("socket", base_events.Server.serve_forever),
    ("socket", base_events.BaseEventLoop.create_connection),
    ("dns", base_events.BaseEventLoop.getaddrinfo),
    ("subprocess", base_subprocess.BaseSubprocessTransport._wait),
] + [
    ("socket", getattr(selector_events.BaseSelectorEventLoop, name))
    for name in ("sock_recv", "sock_recv_into", "sock_recvfrom", "sock_sendall", "sock_sendto", "sock_connect", "sock_accept")
]
# ... but for these, which only pass on what they are given: what is inside them says more.
_THROUGH = frozenset({"wait", "wait_for"})

_LIBRARY = tuple(
    os.path.normcase(os.path.realpath(path)) + os.sep
    for path in {
        os.path.dirname(os.__file__),
        sysconfig.get_path("purelib"),
        sysconfig.get_path("platlib"),
        os.path.dirname(os.path.dirname(__file__)),
    }
)

# id(code) -> (name of the wait or None, is it library code, the code itself: so that the id stays its own)
_codes: dict[int, tuple[str | None, bool, CodeType]] = {}


def name_wait(kind: str, function: Callable) -> None:
    """Let waits inside the coroutine function be called `kind`. For modules of this package."""
    code = function.__code__
    _codes[id(code)] = (kind, True, code)


for _kind, _function in _NAMED:
    name_wait(_kind, _function)


def _name_as_completed() -> None:
    """Its iterator waits in a coroutine of its own: a method from Python 3.13 on, before that a function inside it."""
    iterator = getattr(asyncio.tasks, "_AsCompletedIterator", asyncio.as_completed)
    holders = vars(iterator).values() if isinstance(iterator, type) else iterator.__code__.co_consts
    for code in (getattr(holder, "__code__", holder) for holder in holders):
        if isinstance(code, CodeType) and code.co_name == "_wait_for_one":
            _codes[id(code)] = ("as_completed", True, code)


_name_as_completed()


def is_library(code: CodeType) -> bool:
    """Whether code belongs to Python, to an installed package or to this one, and not to the learner."""
    return (_codes.get(id(code)) or _learn(code))[1]


def _learn(code: CodeType) -> tuple[str | None, bool, CodeType]:
    entry = _codes[id(code)] = (None, is_library_file(code.co_filename), code)
    return entry


def is_library_file(name: str) -> bool:
    """Whether a file is Python's, an installed package's or this one's. Cells of a notebook are not."""
    return name.startswith("<frozen") or os.path.normcase(os.path.realpath(name)).startswith(_LIBRARY)


def learners_place(frame: FrameType | None) -> Place | None:
    """The innermost line on a thread's stack that the learner wrote, from the given frame outwards."""
    while frame is not None:
        if not is_library(frame.f_code):
            return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    return None


# -- reading a wait ---------------------------------------------------------------------------------

class _NoLoop:
    """As much of an event loop as a future needs that nobody will complete."""

    def get_debug(self) -> bool:
        return False


_FutureIterator = type(asyncio.Future(loop=_NoLoop()).__await__())      # the innermost link of most chains
_seen: dict[tuple[str, int, int], Wait] = {}        # equal waits are one object: memory


def read_wait(coro: Any, future: Any, ids: Mapping[int, Any], notes: Any = None) -> Wait:
    """What a task waits for that was just suspended.

    coro    the task's coroutine
    future  the future that it waits for (`task._fut_waiter`), None after `sleep(0)`
    ids     id(task) -> an object whose `id` is the recorded number of the task ...
    notes   ... and whose `notes` are these; tasks of other recordings do not count
    """
    kind = code = frame = None
    hidden: tuple[int, ...] = ()      # ids of the links that keep a generator
    keeper = None                     # the asyncio coroutine that holds the tasks of a group or a wait
    link = coro
    while link is not None:
        type_ = type(link)
        if type_ is CoroutineType:
            here, here_frame, inner = link.cr_code, link.cr_frame, link.cr_await
        elif type_ is _FutureIterator:
            break
        elif type_ is GeneratorType:
            here, here_frame, inner = link.gi_code, link.gi_frame, link.gi_yieldfrom
        elif type_ is AsyncGeneratorType:
            here, here_frame, inner = link.ag_code, link.ag_frame, link.ag_await
        else:                         # asend() and its kin hide the generator that they drive
            if id(link) in hidden:    # a circle: it keeps a reference to what awaits it
                break
            hidden += (id(link),)
            link = _driven_by(link)
            continue
        name, library, _ = _codes.get(id(here)) or _learn(here)
        if not library:
            code, frame = here, here_frame
        elif name is not None and (kind is None or kind in _THROUGH):
            kind, keeper = name, link
        link = inner
    on: tuple[int, ...] = ()
    if future is None:
        kind = "turn"
    elif kind is None or kind in _THROUGH or kind == "task group":
        kind, on = _read_future(kind, future, keeper, ids, notes)
    instruction = frame.f_lasti if frame is not None else -1
    return Wait(kind, on, code, instruction) if on else _shared(kind, code, instruction)


def read_turn(coro: Any) -> Wait:
    """What `read_wait` says of a task that has stepped aside, faster where the `sleep(0)` is the learner's own."""
    code, link = None, coro
    while type(link) is CoroutineType:
        here = link.cr_code
        if (_codes.get(id(here)) or _learn(here))[1]:
            if here is _sleep and code is not None:
                return _shared("turn", code, frame.f_lasti)
            break
        code, frame, link = here, link.cr_frame, link.cr_await
    return read_wait(coro, None, {})


_sleep = asyncio.sleep.__code__


def _shared(kind: str, code: CodeType | None, instruction: int) -> Wait:
    key = (kind, id(code), instruction)
    wait = _seen.get(key)
    if wait is None or wait.code is not code:
        wait = _seen[key] = Wait(kind, (), code, instruction)
    return wait


def _driven_by(link: Any) -> Any:
    for referent in gc.get_referents(link):
        if type(referent) in (AsyncGeneratorType, CoroutineType, GeneratorType):
            return referent
    return None


def _read_future(kind: str | None, future: Any, keeper: Any, ids: Mapping[int, Any],
                 notes: Any) -> tuple[str, tuple[int, ...]]:
    if isinstance(future, _TASKS):
        return kind or "task", _numbers([future], ids, notes)
    if isinstance(future, asyncio.tasks._GatheringFuture):
        return "gather", _numbers(future._children, ids, notes)
    if kind == "task group":
        groups = [x for x in gc.get_referents(keeper) if isinstance(x, asyncio.TaskGroup)]
        return kind, _numbers(groups[0]._tasks, ids, notes) if groups else ()
    if kind == "wait":
        waited = [x for x in gc.get_referents(keeper) if isinstance(x, set)]
        return kind, _numbers(waited[0], ids, notes) if waited else ()
    if kind is None and isinstance(future, asyncio.Future):
        # run_in_executor: the future is chained to that of a worker thread, or watched by the recorder
        for callback, _ in future._callbacks or ():
            if getattr(callback, "__qualname__", "").startswith(("_chain_future.", "_forget_timed")):
                return "thread", ()
    return kind or "future", ()


_TASKS = (asyncio.Task, asyncio.tasks._PyTask)      # the second is the first, written in Python


def _numbers(tasks: Any, ids: Mapping[int, Any], notes: Any) -> tuple[int, ...]:
    found = (ids.get(id(task)) for task in tasks)
    return tuple(sorted(row.id for row in found if row is not None and row.notes is notes))


_names: dict[str, str] = {}


def coroutine_name(coro: Any) -> str:
    """What to call a coroutine: the qualified name of its function, without the functions around it."""
    name = getattr(coro, "__qualname__", None) or type(coro).__name__
    short = _names.get(name)
    if short is None:
        short = _names[name] = name.rpartition("<locals>.")[2]
    return short


def is_default_name(name: str) -> bool:
    """Whether a task's name is one that asyncio gave it (Task-7), and not the program."""
    return (name.startswith("Task-") and name[5:].isdigit()) or name == "None"        # so Python 3.13.0 with a task factory


def task_name(task: asyncio.Task) -> str:
    """The name that the program gave a task, or else that of its coroutine."""
    return coroutine_name(task.get_coro()) if is_default_name(task.get_name()) else task.get_name()


def place_of(task: asyncio.Task) -> Place | None:
    """The learner's line at which a suspended task stands."""
    return read_wait(task.get_coro(), task._fut_waiter, {}).place()


def describe(task: asyncio.Task) -> str:
    """A sentence on a task that waits: its name, what for, and where."""
    wait = read_wait(task.get_coro(), task._fut_waiter, {})
    place = wait.place()
    what = {"turn": "is ready to run", "future": "waits for a future"}.get(wait.kind, f"waits ({wait.kind})")
    return f"{task_name(task)} {what}" + (f" at {place}" if place else "")
