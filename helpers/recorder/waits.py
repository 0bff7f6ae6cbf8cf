"""What a suspended task waits for, and on which of the learner's lines.

A task that is suspended is a chain of frozen frames: the learner's coroutine, in which an `await`
holds another coroutine, in which an `await` holds another, down to the future that the event loop
will complete. `read_wait` walks that chain once, from the outside in, and remembers two things: the
innermost frame that the learner wrote, and the outermost piece of asyncio, or of a library, within that
which has a name for this kind of waiting (`Lock.acquire` is a "lock", whatever it does inside). A wait in
a library that nobody has named has the name of the library.

It only looks: it takes no reference that outlives the call but to code objects, and never touches
`frame.f_locals`, which before Python 3.13 makes a copy that keeps the learner's objects alive.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import AsyncGeneratorType, CodeType, CoroutineType, FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from helpers.recorder import asyncio_internals
from helpers.recorder.asyncio_internals import (
    CHAINED,
    FUTURES,
    SHIELDED,
    TASKS,
    FutureIterator,
    GatheringFuture,
    LinkedFuture,
    Reader,
    variable,
)
from helpers.recorder.learners_code import Known, installed_package, known, learn
from helpers.recorder.names import task_name
from helpers.recording import Place
from helpers.wait_kinds import WAITS, kind_of
from helpers.words import shown_name

if TYPE_CHECKING:
    from helpers.recorder.notes import Notes, Row


class Wait(NamedTuple):
    """A wait as it was read: cheap to make, turned into words only when the run is over.

    kind  a name in `WAITS`: "sleep", "task", "gather", "lock", ...; "turn" is `sleep(0)`, a step aside. What has none
          is called by its library, as "redis", or by the type of the object with `__await__` that is awaited
    on    ids of the recorded tasks that it waits for
    code, instruction  the learner's code object and the place in it; code is None if there is none
    through            the same of the learner's coroutines that await the innermost one, outermost first, in a row
    """

    kind: str
    on: tuple[int, ...] = ()
    code: CodeType | None = None
    instruction: int = -1
    through: tuple[Any, ...] = ()

    def place(self) -> Place | None:
        """The learner's line."""
        if self.code is None:
            return None
        return _place(self.code, self.instruction)

    def places(self) -> tuple[Place, ...]:
        """The learner's lines through which the task awaits, outermost first, without `place`; the outermost fifty."""
        return tuple(map(_place, self.through[::2], self.through[1::2]))


def _place(code: CodeType, instruction: int) -> Place:
    return Place(code.co_filename, _line(code, instruction), code.co_name)


def _line(code: CodeType, instruction: int) -> int:
    """The source line of an instruction, given by its offset in bytes (`frame.f_lasti`)."""
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno


# -- which waits have a name ------------------------------------------------------------------------

def _name(kind: str, code: CodeType) -> None:
    if kind not in WAITS:
        raise ValueError(f"a wait is of a kind that helpers/wait_kinds.py knows, such as 'sleep'; got {kind!r}")
    known[id(code)] = Known(kind, True, code)


def name_wait(kind: str, function: Callable[..., Any]) -> None:
    """Let waits inside the coroutine function be called `kind`, a name in `WAITS`. For modules of this package."""
    _name(kind, function.__code__)


# A wait inside one of these has the name of the outermost of them ...
_NAMED: list[tuple[str, Callable[..., Any]]] = [
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
    *(("socket", function) for function in asyncio_internals.NETWORK_WAITS),
    *(("dns", function) for function in asyncio_internals.ADDRESS_WAITS),
    *(("subprocess", function) for function in asyncio_internals.PROCESS_WAITS),
    ("socket", asyncio.StreamWriter.drain),
    ("thread", asyncio.BaseEventLoop.shutdown_default_executor),
]
for _kind, _function in _NAMED:
    name_wait(_kind, _function)
_name("as_completed", asyncio_internals.NEXT_COMPLETED)
# ... but for these: the first two only pass on what they are given, and a library may need a lock before it has a
# thread. What is inside them says more.
_THROUGH = frozenset({"wait", "wait_for", "thread"})
# A stream to or from another process is a pipe.
_STREAMS = frozenset(each.__code__ for each in (*asyncio_internals.STREAM_WAITS, asyncio.StreamWriter.drain))

# A future that has one of these to call when it is done is that of a job: in which pool.
_job_callbacks: dict[CodeType, str] = {}


def name_job_callback(kind: str, function: Callable[..., Any]) -> None:
    """Let waits for a future that will call this function be called `kind`. For modules of this package."""
    _job_callbacks[function.__code__] = kind


# -- reading a wait ---------------------------------------------------------------------------------

DEEPEST = 100               # entries of `Wait.through`, two for each line: a recursion may be deep
_seen: dict[tuple[Any, ...], Wait] = {}     # equal waits are one object: memory


def read_wait(coro: Any, future: Any, rows: Mapping[int, Row], notes: Notes | None = None) -> Wait:
    """What a task waits for that was just suspended.

    coro    the task's coroutine
    future  the future that it waits for (`task._fut_waiter`), None after `sleep(0)`
    rows    id(task) -> the row of a task that is recorded
    notes   those of the recording: tasks of other recordings do not count
    """
    kind: str | None = None
    code: CodeType | None = None
    own: Any = None                   # the innermost link that is the learner's
    hidden: tuple[int, ...] = ()      # ids of the links that keep a generator
    keeper = None                     # the asyncio coroutine that holds the tasks of a group or a wait
    here: CodeType | None = None      # the innermost code
    odd: type | None = None           # the type of the innermost link that is no coroutine and no generator
    through: tuple[Any, ...] = ()     # the code of the outer links that are the learner's, each with its instruction
    link = coro
    while link is not None:
        type_ = type(link)
        if type_ is CoroutineType:
            here, inner = link.cr_code, link.cr_await
        elif type_ is FutureIterator:
            break
        elif type_ is GeneratorType:
            here, inner = link.gi_code, link.gi_yieldfrom
        elif type_ is AsyncGeneratorType:
            here, inner = link.ag_code, link.ag_await
        else:                         # asend() and its kin hide the generator that they drive
            if id(link) in hidden:    # a circle: it keeps a reference to what awaits it
                break
            hidden += (id(link),)
            odd, link = type_, driven_by(link)
            continue
        name, library, _ = known.get(id(here)) or learn(here)
        if not library:
            if own is not None and len(through) < DEEPEST:
                through += (code, _instruction(own))
            code, own, kind, keeper = here, link, None, None
        elif name is not None and (kind is None or kind in _THROUGH):
            kind, keeper = name, link
        link = inner
    on: tuple[int, ...] = ()
    if future is None:
        kind = "turn"
    elif kind is None or kind in _THROUGH or kind == "task group":
        kind, on = _read_future(kind, future, keeper, rows, notes)
        if kind == "future" and here is not None \
                and (here is not code or odd is not None or here.co_name == "__await__"):
            kind = _name_of_owner(here, odd)
    elif kind == "socket" and getattr(keeper, "cr_code", None) in _STREAMS:
        kind = _kind_of_stream(keeper)
    instruction = _instruction(own) if own is not None else -1
    return Wait(kind, on, code, instruction, through) if on else _shared(kind, code, instruction, through)


def _instruction(link: Any) -> int:
    """Where a suspended coroutine or generator stands. Asking for a frame makes one: only those of the learner's do."""
    if type(link) is CoroutineType:
        frame = link.cr_frame
    else:
        frame = link.gi_frame if type(link) is GeneratorType else link.ag_frame
    return frame.f_lasti if frame is not None else -1


def links(coro: Any) -> Iterator[Any]:
    """The chain of what a suspended coroutine awaits, from itself inwards, as far as `read_wait` follows it."""
    hidden: set[int] = set()
    link = coro
    while link is not None:
        type_ = type(link)
        inner = _INNER.get(type_)
        if inner is not None:
            yield link
            link = getattr(link, inner)
        elif type_ is FutureIterator or id(link) in hidden:
            return
        else:
            hidden.add(id(link))
            link = driven_by(link)


_INNER: dict[type, str] = {CoroutineType: "cr_await", GeneratorType: "gi_yieldfrom", AsyncGeneratorType: "ag_await"}


def read_turn(coro: Any) -> Wait:
    """What `read_wait` says of a task that has stepped aside, faster where the `sleep(0)` is the learner's own."""
    outer: Any = None
    link = coro
    while type(link) is CoroutineType:
        here = link.cr_code
        if (known.get(id(here)) or learn(here)).library:
            if here is _sleep and outer is not None:
                return _shared("turn", outer.cr_code, outer.cr_frame.f_lasti)
            break
        outer, link = link, link.cr_await
    return read_wait(coro, None, {})


_sleep = asyncio.sleep.__code__


def _shared(kind: str, code: CodeType | None, instruction: int, through: tuple[Any, ...] = ()) -> Wait:
    # the key keeps the codes that it has in `through`
    key = (kind, id(code), instruction, through) if through else (kind, id(code), instruction)
    wait = _seen.get(key)
    if wait is None or wait.code is not code:
        wait = _seen[key] = Wait(kind, (), code, instruction, through)
    return wait


def driven_by(link: Any) -> Any:
    """The generator or coroutine that an awaitable object drives, such as what asend() gives; None if there is none."""
    for referent in gc.get_referents(link):
        if type(referent) in (AsyncGeneratorType, CoroutineType, GeneratorType):
            return referent
    return None


def _read_future(kind: str | None, future: Any, keeper: Any, rows: Mapping[int, Row],
                 notes: Notes | None) -> tuple[str, tuple[int, ...]]:
    """The kind of a wait and the tasks waited for, as the future tells them, or the coroutine that keeps the tasks."""
    if isinstance(future, TASKS):
        return kind or "task", _numbers([future], rows, notes)
    if isinstance(future, GatheringFuture):
        tasks = behind([future])
        return "gather" if tasks else _kind_of_futures([future], "gather"), _numbers(tasks, rows, notes)
    if kind == "task group":
        # that of anyio keeps them under the same name as asyncio's
        groups = [x for x in gc.get_referents(keeper)
                  if isinstance(x, asyncio.TaskGroup) or type(x).__module__ == "anyio._backends._asyncio"]
        return kind, _numbers(getattr(groups[0], "_tasks", ()) if groups else (), rows, notes)
    if kind == "wait":
        waited: set[Any] = next((x for x in gc.get_referents(keeper) if isinstance(x, set)), set())
        tasks = behind(waited)
        return kind if tasks else _kind_of_futures(waited, kind), _numbers(tasks, rows, notes)
    if not isinstance(future, FUTURES):
        return kind or "future", ()
    if kind != "wait_for" and not _calls_function(future):
        return kind or "future", ()                     # nothing but the task itself hears of it: mostly
    tasks = behind([future])
    if not tasks and kind == "wait_for":
        # up to Python 3.11 it waits for a future of its own
        given = [x for x in gc.get_referents(keeper) if isinstance(x, FUTURES) and x is not future]
        tasks = behind(given)
        if not tasks:
            return _kind_of_futures(given or [future], kind), ()
    if kind is not None:
        return kind, _numbers(tasks, rows, notes)
    if tasks:
        return "shield" if _is_shield(future) else "task", _numbers(tasks, rows, notes)
    return _kind_of_future(future), ()


def _calls_function(future: Any) -> bool:
    """Whether a future calls a function of Python's when it is done: only such a one leads to what completes it."""
    return FunctionType in [type(callback) for callback, _ in future._callbacks or ()]


def _kind_of_futures(futures: Iterable[Any], kind: str) -> str:
    """What a wait for futures is called that lead to no task: as one for each of them is, if all of these are jobs.

    futures  those of asyncio, and gathers of them
    kind     what it is called if there is none
    """
    waited = [*futures]
    for each in waited:                 # which grows meanwhile
        if isinstance(each, GatheringFuture):
            waited += each._children
    waited = [each for each in waited if isinstance(each, FUTURES) and not isinstance(each, GatheringFuture)]
    waited = [each for each in waited if not each.done()] or waited
    kinds = {_kind_of_future(each) for each in waited}
    if len(waited) < 2 or (len(kinds) == 1 and "future" not in kinds):
        return kinds.pop() if kinds else kind
    return "futures"


def _kind_of_future(future: Any) -> str:
    """What a wait for a future is called that leads to no task: for a job of a pool, or for a future."""
    seen: set[int] = set()
    while isinstance(future, FUTURES) and id(future) not in seen:
        seen.add(id(future))
        callbacks = [callback for callback, _ in future._callbacks or ()]
        codes = [each.__code__ for each in callbacks if isinstance(each, FunctionType)]
        for code in codes:
            if code in _job_callbacks:
                return _job_callbacks[code]
        if CHAINED in codes:            # nobody has told in which pool
            return "worker" if "concurrent.futures.process" in sys.modules else "thread"
        future = next(iter(_sources(callbacks)), None)      # the one that is shielded
    return "future"


def _is_shield(future: Any) -> bool:
    return any(isinstance(callback, FunctionType) and callback.__code__ is SHIELDED
               for callback, _ in future._callbacks or ())


def behind(futures: Iterable[Any]) -> list[Any]:
    """The tasks on which futures depend: themselves, those of a gather, a shielded one, one that completes a future."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    next_ones = list(futures)
    for each in next_ones:              # which grows meanwhile
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, TASKS):
            found[id(each)] = each
        elif isinstance(each, GatheringFuture):
            next_ones += each._children
        elif isinstance(each, FUTURES):
            next_ones += _sources([callback for callback, _ in each._callbacks or ()])
        elif isinstance(each, LinkedFuture):
            next_ones += _sources(each._done_callbacks)
    return list(found.values())


def _sources(callbacks: Iterable[Any]) -> list[Any]:
    """The futures that complete the one which has these to call when it is done."""
    found = []
    for callback in callbacks:
        if isinstance(callback, FunctionType):
            name = "inner" if callback.__code__ is SHIELDED else "source" if callback.__code__ is CHAINED else None
            source = None if name is None else variable(callback, name)
            if source is not None:
                found.append(source)
    return found


def _kind_of_stream(keeper: Any) -> str:
    """Whether a coroutine of asyncio's streams waits for a pipe, such as a process has, or for the network."""
    for each in gc.get_referents(keeper):
        transport = None
        if isinstance(each, asyncio.StreamReader):
            transport = cast(Reader, each)._transport
        elif isinstance(each, asyncio.StreamWriter):
            transport = each.transport
        try:
            if transport is not None and transport.get_extra_info("pipe") is not None:
                return "pipe"
        except Exception:               # a transport of the program's own; or one of TLS, after its connection was lost
            continue
    return "socket"


def _name_of_owner(code: CodeType, odd: type | None) -> str:
    """What to call a wait for a future that has no name: by whose it is.

    code  the innermost code that awaits
    odd   the type of the innermost object that awaits and is no coroutine and no generator, if there is one
    """
    if package := installed_package(code.co_filename):
        return package
    if odd is not None and odd.__module__ != "builtins":
        return odd.__name__ or "future"
    if code.co_name == "__await__" and not learn(code).library:
        return code.co_qualname.rpartition("<locals>.")[2].removesuffix("__await__").rstrip(".") or "future"
    return "future"


def _numbers(tasks: Iterable[Any], rows: Mapping[int, Row], notes: Notes | None) -> tuple[int, ...]:
    found = (rows.get(id(task)) for task in tasks)
    return tuple(sorted(row.id for row in found if row is not None and row.recorder is notes))


# -- a task that waits, in words --------------------------------------------------------------------

def _wait_of(task: asyncio.Task[Any]) -> Wait:
    return read_wait(task.get_coro(), cast(asyncio_internals.Task, task)._fut_waiter, {})


def place_of(task: asyncio.Task[Any]) -> Place | None:
    """The learner's line at which a suspended task stands."""
    return _wait_of(task).place()


def describe(task: asyncio.Task[Any], name: str | None = None) -> str:
    """A sentence on a task that waits: its name, by default its own, what for, and where."""
    return f"{shown_name(task_name(task)) if name is None else name} {what_it_does(task)}"


def what_it_does(task: asyncio.Task[Any]) -> str:
    """The same sentence without the name: "sleeps at line 3 in fetch"."""
    wait = _wait_of(task)
    place = wait.place()
    what = "is ready to run" if wait.kind == "turn" else kind_of(wait.kind).told()
    return what + (f" at {place}" if place else "")
