"""Every private name of asyncio that the course relies on, in one place, and looked up once: when this is imported.

The recorder reads what asyncio keeps to itself: what a task waits for, which callback a handle is about to run. The
virtual loop overrides methods that asyncio keeps to itself. No Python promises any of these names to the next one. So
all of them stand here, each with what it is for, and if one is missing `import helpers` ends with one error, which
names this Python and what it lacks. Without it a renamed attribute would be noticed late, or as a false picture.

- `find` and `find_inner` look up what belongs to a module or a class. What they found has a name in capitals, or that
  of a class.
- `LoopNames` and its kin declare what only an object has. `Loop`, `Task` and the others are asyncio's own classes at
  run time; to a type checker they have these attributes too.
- What exists on some Pythons only is chosen by the version of Python, with a word on what changed.
- Two functions of asyncio are written out here, `Handle._run`'s report and `call_soon`, beside the names they need.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import warnings
from asyncio import (
    base_events,
    base_subprocess,
    events,
    format_helpers,
    futures,
    proactor_events,
    selector_events,
    streams,
    subprocess,
    tasks,
)
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future as ThreadFuture
from concurrent.futures import ThreadPoolExecutor
from types import BuiltinMethodType, CodeType, MethodType
from typing import TYPE_CHECKING, Any

from helpers.words import listed

try:
    import _asyncio
except ImportError:                     # asyncio works without
    _asyncio = None                     # type: ignore[assignment]

TESTED = (3, 11), (3, 15)           # the Pythons that the course is tested with, from and to


class UnknownPython(RuntimeError):
    """This Python's asyncio is not as the recorder knows it, so what it would show of a run might be false."""


def unknown_python(because: str, what: str = "does not know") -> UnknownPython:
    """The error, which names the running Python and those that are known; `because` follows a colon."""
    running, oldest, newest = (".".join(map(str, version)) for version in (sys.version_info[:3], *TESTED))
    return UnknownPython(f"the recorder {what} Python {running}: {because}. "
                         f"The course is tested with Python {oldest} to {newest}.")


# -- looking names up -------------------------------------------------------------------------------

_there: dict[str, bool] = {}            # of every name that was looked up, such as "Task._fut_waiter", if there is one


def find(owner: Any, name: str) -> Any:
    """An attribute of a module, a class or an object; None if it is missing, or if the owner itself is."""
    if owner is None:
        return None
    place = owner if hasattr(owner, "__name__") else type(owner)
    there = hasattr(owner, name)
    _require(there, f"{getattr(place, '__qualname__', place.__name__)}.{name}")
    return getattr(owner, name) if there else None


def find_inner(function: Any, name: str) -> Any:
    """The code of a function that is defined inside a function; None if it is missing, or if the other one is."""
    if function is None:
        return None
    codes = [constant for constant in function.__code__.co_consts if getattr(constant, "co_name", "") == name]
    _require(bool(codes), f"{function.__qualname__}.<locals>.{name}")
    return codes[0] if codes else None


def _require(there: bool, name: str) -> None:
    _there[name] = _there.get(name, True) and there


# -- attributes of objects --------------------------------------------------------------------------

class HandleNames:
    """A callback that waits in the loop's queue. `Handle._run`, which calls it, is where the recorder listens."""

    _callback: Any                      # what will be called; None once it is cancelled
    _args: Sequence[Any]
    _context: contextvars.Context
    _loop: Loop
    _cancelled: bool
    _source_traceback: list[Any] | None         # in debug mode, where it was made

    def _run(self) -> None: ...


class TimerNames(HandleNames):
    """A callback that waits for its time."""

    _when: float                        # seconds on the loop's clock
    _scheduled: bool                    # whether the loop has it among its timers: cancel() tells the loop then


class FutureNames:
    """A result to come."""

    _asyncio_future_blocking: bool      # whether somebody awaits it whose task has not heard of it yet
    _callbacks: Any                     # who is told when it is done: pairs of a callable and a context, or None
    _exception: BaseException | None    # exception() would mark it as retrieved, and silence asyncio's log
    _log_traceback: bool                # whether nobody has retrieved its exception so far
    _source_traceback: list[Any] | None         # in debug mode, where it was made


class TaskNames(FutureNames):
    """A task."""

    _fut_waiter: Any                    # the future that it waits for; None while it is ready, runs or is done
    _must_cancel: bool                  # whether its next step begins with a CancelledError
    _log_destroy_pending: bool          # whether asyncio complains if it is thrown away unfinished


class ReaderNames:
    """A stream to read from."""

    _transport: asyncio.BaseTransport | None    # what it reads; a pipe, if it is the output of a process


class GatheringNames:
    """The future that `asyncio.gather` returns."""

    _children: list[asyncio.Future[Any]]        # what it gathers


class GroupNames:
    """A task group."""

    _tasks: Any                         # the set of its tasks that are not done; virtual time puts one in order there


class TimeoutNames:
    """What `asyncio.timeout` returns."""

    _task: Any                          # the task in which it is; None outside of its block


class LoopNames:
    """An event loop: what the recorder reads, and what the virtual loop reads and overrides."""

    _ready: deque[Handle]               # the callbacks of the next round
    _closed: bool
    _debug: bool
    _stopping: bool                     # stop() was called: this round is the last
    _thread_id: int | None              # the thread in which it runs; None if it does not run
    _task_factory: Any
    _default_executor: Any              # the pool of run_in_executor(None, ...)
    _current_handle: Handle | None      # in debug mode, which callback is being run
    _asyncgens: Any                     # the weak set of async generators that have begun; virtual time orders it
    _executor_shutdown_called: bool

    def _check_closed(self) -> None: ...                # raises if the loop is closed
    def _check_callback(self, callback: Any, method: str) -> None: ...      # raises if it cannot be called
    def _check_default_executor(self) -> None: ...      # raises if its pool is closed
    def _run_once(self) -> None: ...                    # one round: overridden by virtual time
    def _timer_handle_cancelled(self, handle: Timer) -> None: ...       # likewise: tells that a timer is not needed
    def _write_to_self(self) -> None: ...               # likewise: wakes a loop that sleeps
    def _process_events(self, event_list: Any) -> None: ...             # likewise: what the selector has seen


class ThreadFutureNames:
    """A result to come from a thread."""

    _done_callbacks: list[Any]          # who is told when it is done: `_chain_future` ties it to asyncio's futures so


class ConditionNames:
    """A condition of `threading`. Virtual time has its worker threads wait for it."""

    _waiters: Any                       # a lock for each thread that waits

    _is_owned: Callable[[], bool]       # whether this thread has its lock
    def _release_save(self) -> Any: ...                 # gives its lock back, however often it was taken
    def _acquire_restore(self, saved: Any) -> None: ...             # and takes it again, as often


class PoolNames:
    """A pool of threads. Virtual time starts the threads in its place."""

    _max_workers: int
    _thread_name_prefix: str | None


if TYPE_CHECKING:
    class Handle(HandleNames, asyncio.Handle): ...
    class Timer(TimerNames, Handle, asyncio.TimerHandle): ...
    class Future(FutureNames, asyncio.Future[Any]): ...
    class Task(TaskNames, asyncio.Task[Any]): ...
    class Group(GroupNames, asyncio.TaskGroup): ...
    class Reader(ReaderNames, asyncio.StreamReader): ...
    class Loop(LoopNames, asyncio.BaseEventLoop): ...
    class Pool(PoolNames, ThreadPoolExecutor): ...
    class LinkedFuture(ThreadFutureNames, ThreadFuture[Any]): ...
    class Condition(ConditionNames, threading.Condition): ...
else:
    Handle, Timer, Future, Task = asyncio.Handle, asyncio.TimerHandle, asyncio.Future, asyncio.Task
    Group, Loop, Pool, LinkedFuture = asyncio.TaskGroup, asyncio.BaseEventLoop, ThreadPoolExecutor, ThreadFuture
    Reader, Condition = asyncio.StreamReader, threading.Condition


def names_of(declaration: type) -> list[str]:
    """The private names that one of the classes above declares, with those of the class that it extends."""
    return [name for part in reversed(declaration.__mro__)
            for name in (*vars(part).get("__annotations__", ()), *vars(part))
            if name.startswith("_") and not name.startswith("__")]


# -- what belongs to a module or a class ------------------------------------------------------------

# Tasks and futures are written in Python, and once more in C. asyncio uses the latter, unless it was built without C or
# nest_asyncio has put the former in their place.
PyTask, PyFuture = find(tasks, "_PyTask"), find(futures, "_PyFuture")
CTask, CFuture = find(_asyncio, "Task"), find(_asyncio, "Future")           # None without C
TASKS = tuple(kind for kind in (CTask, PyTask) if kind is not None)
FUTURES = tuple(kind for kind in (CFuture, PyFuture) if kind is not None)
GatheringFuture: Any = find(tasks, "_GatheringFuture")

# Which loop and which task are running, or None: virtual time puts both aside for a loop within a running loop.
get_running_loop: Callable[[], asyncio.AbstractEventLoop | None] = find(events, "_get_running_loop")
set_running_loop: Callable[[asyncio.AbstractEventLoop | None], None] = find(events, "_set_running_loop")
enter_task: Callable[[asyncio.AbstractEventLoop, asyncio.Task[Any]], None] = find(tasks, "_enter_task")
leave_task: Callable[[asyncio.AbstractEventLoop, asyncio.Task[Any]], None] = find(tasks, "_leave_task")

# Where asyncio takes a turn, as long as nobody records.
ORIGINAL_RUN: Any = getattr(find(asyncio.Handle, "_run"), "__code__", None)

# Coroutine functions inside which a task waits for the network, for an address, for a process. Windows has the loop of
# proactor_events, which can be imported everywhere; the one of unix_events cannot.
_SOCKET_METHODS = ("sock_recv", "sock_recv_into", "sock_recvfrom", "sock_recvfrom_into", "sock_sendall", "sock_sendto",
                   "sock_sendfile", "sock_connect", "sock_accept")
STREAM_WAITS: list[Callable[..., Any]] = [          # of a stream, which may be a pipe
    find(streams.StreamReader, "_wait_for_data"),
    find(find(streams, "FlowControlMixin"), "_drain_helper"),
    find(asyncio.StreamWriter, "wait_closed"),
]
NETWORK_WAITS: list[Callable[..., Any]] = [
    *STREAM_WAITS,
    find(asyncio.StreamWriter, "start_tls"),
    *(find(find(base_events, "Server"), name) for name in ("wait_closed", "serve_forever")),
    *(find(asyncio.BaseEventLoop, name) for name in (
        "create_connection", "create_server", "create_datagram_endpoint", "connect_accepted_socket", "start_tls",
        "sendfile")),
    *(find(find(selector_events, "BaseSelectorEventLoop"), name) for name in (*_SOCKET_METHODS, "_accept_connection2")),
    *(find(find(proactor_events, "BaseProactorEventLoop"), name) for name in _SOCKET_METHODS),
    *(getattr(asyncio.SelectorEventLoop, name) for name in ("create_unix_connection", "create_unix_server")
      if sys.platform != "win32"),
]
ADDRESS_WAITS: list[Callable[..., Any]] = [find(asyncio.BaseEventLoop, "getaddrinfo"),
                                           find(asyncio.BaseEventLoop, "getnameinfo")]
PROCESS_WAITS: list[Callable[..., Any]] = [
    find(find(base_subprocess, "BaseSubprocessTransport"), "_wait"),
    find(subprocess.Process, "communicate"),
    *(find(asyncio.BaseEventLoop, name) for name in ("subprocess_exec", "subprocess_shell")),
]

# The coroutine function with which asyncio makes a coroutine of an object with `__await__`: from Python 3.12 on inside
# ensure_future.
if sys.version_info >= (3, 12):
    WRAPPED_AWAITABLE: CodeType = find_inner(asyncio.ensure_future, "_wrap_awaitable")
else:
    WRAPPED_AWAITABLE = getattr(find(tasks, "_wrap_awaitable"), "__code__", None)

# The code in which somebody waits who asks as_completed for the next: from Python 3.13 on, in which its iterator is
# asynchronous too, a method; before that a function inside the generator.
if sys.version_info >= (3, 13):
    NEXT_COMPLETED: CodeType = getattr(find(find(tasks, "_AsCompletedIterator"), "_wait_for_one"), "__code__", None)
else:
    NEXT_COMPLETED = find_inner(asyncio.as_completed, "_wait_for_one")

# Told when a future is done that another future completes, its `source`: a worker thread's, as in what run_in_executor
# returns, or a task's.
CHAINED: CodeType = find_inner(find(futures, "_chain_future"), "_call_check_cancel")

# Told when the future is done that shield() returns, which has the shielded one as its `inner`; and when one of those
# is done that gather() waits for, whose future is the `outer`.
SHIELDED: CodeType = find_inner(asyncio.shield, "_outer_done_callback")
GATHERED: CodeType = find_inner(asyncio.gather, "_done_callback")
for _code, _variable in ((CHAINED, "source"), (SHIELDED, "inner"), (GATHERED, "outer")):
    if _code is not None:
        _require(_variable in _code.co_freevars, f"{_code.co_qualname}.{_variable}")

# Called by the loop when a timeout has passed: of `asyncio.timeout`, which cancels the task; and of `wait` (up to
# Python 3.11 of `wait_for`, too), which lets it go on.
TIMED_OUT: CodeType | None = getattr(find(asyncio.Timeout, "_on_timeout"), "__code__", None)
RELEASE_WAITER: Callable[..., Any] = find(tasks, "_release_waiter")
# How wait_for of Python 3.11 cancels the task that it has made.
CANCEL_AND_WAIT: CodeType | None = None
if sys.version_info < (3, 12):
    CANCEL_AND_WAIT = getattr(find(tasks, "_cancel_and_wait"), "__code__", None)


def variable(function: Any, name: str) -> Any:
    """A variable that a function has from the function around it; None if it has no value."""
    try:
        return dict(zip(function.__code__.co_freevars, function.__closure__))[name].cell_contents
    except (KeyError, ValueError):
        return None


# Called on the loop for run_coroutine_threadsafe. The future that this returns is one of its variables.
THREADSAFE_CALLBACK: CodeType = find_inner(asyncio.run_coroutine_threadsafe, "callback")
if THREADSAFE_CALLBACK is not None:
    for _variable in ("future", "coro"):
        _require(_variable in THREADSAFE_CALLBACK.co_freevars, f"run_coroutine_threadsafe.<locals>.{_variable}")

# Whether a task can take its first step while it is made. It then asks the loop whether it is running.
EAGER = sys.version_info >= (3, 12)

# Python calls it for a coroutine that was never awaited; the checker of exercises listens there.
find(warnings, "_warn_unawaited_coroutine")


# -- what only an object shows ----------------------------------------------------------------------

class _Stage:
    """As much of an event loop as futures and tasks need that nobody will run."""

    def __init__(self) -> None:
        self.called: list[Any] = []

    def get_debug(self) -> bool:
        return False

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> None:
        self.called.append(callback)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Hears that a task was thrown away; only on a Python on which `_log_destroy_pending` is missing."""


def _check(thing: Any, declaration: type) -> None:
    for name in names_of(declaration):
        find(thing, name)


def _step_of(kind: Any) -> Any:
    """What a new task of this type gives to `call_soon`, so that it takes its first step; the task is checked."""
    async def nothing() -> None: ...

    stage, coro = _Stage(), nothing()
    task = kind(coro, loop=stage)
    _check(task, TaskNames)
    if hasattr(task, "_log_destroy_pending"):
        task._log_destroy_pending = False       # it is never run, on purpose
    coro.close()
    step = stage.called[0]
    _require(getattr(step, "__self__", None) is task, f"{kind.__qualname__}.__step.__self__")
    return step


class _Nothing:
    """The type of nothing that asyncio has."""


# In C, the callable with which a task has its next step taken is of a type of its own, and so is the iterator with
# which it waits for a future. In Python, these are a method and a generator.
Step: type = _Nothing if CTask is None else type(_step_of(CTask))
FutureIterator: type = _Nothing if CFuture is None else type(CFuture(loop=_Stage()).__await__())
if PyTask is not None:
    _require(_step_of(PyTask).__name__ == "__step", "_PyTask.__step")
STEPS = frozenset({"__step", "__wakeup", "task_wakeup"})    # their names: of steps, and of what wakes a task
METHODS = frozenset({BuiltinMethodType, MethodType})        # the types of what a future calls to wake a task
EXACT_FUTURES = frozenset({*TASKS, *FUTURES})               # the types of what a task mostly waits for


# Where asyncio keeps the tasks: one that begins eagerly from the end of its first step on, if it is not done then. From
# Python 3.14 on it keeps them in C, where nobody can listen.
SCHEDULED: Any = find(tasks, "_scheduled_tasks") if (3, 12) <= sys.version_info < (3, 14) else None


def hear_of_tasks(heard: Callable[[Any], None]) -> None:
    """From now on have this called with every task that asyncio keeps, up to `hear_no_more()`."""
    if SCHEDULED is not None and "add" not in vars(SCHEDULED):
        keep = SCHEDULED.add

        def add(task: Any) -> None:
            keep(task)
            heard(task)

        SCHEDULED.add = add


def hear_no_more() -> None:
    """Nobody listens any more."""
    if SCHEDULED is not None:
        vars(SCHEDULED).pop("add", None)


def _check_objects() -> None:
    loop = asyncio.BaseEventLoop()
    try:
        _check(loop, LoopNames)
        _check(asyncio.Handle(print, (), loop), HandleNames)
        _check(asyncio.TimerHandle(0, print, (), loop), TimerNames)
        _check(asyncio.StreamReader(loop=loop), ReaderNames)
    finally:
        loop.close()
    _check(asyncio.TaskGroup(), GroupNames)
    _check(asyncio.Timeout(None), TimeoutNames)
    if GatheringFuture is not None:
        _check(GatheringFuture([], loop=_Stage()), GatheringNames)
    _check(ThreadFuture(), ThreadFutureNames)
    _check(threading.Condition(), ConditionNames)
    pool = ThreadPoolExecutor(1)
    _check(pool, PoolNames)
    if sys.version_info >= (3, 14):
        find(pool, "_create_worker_context")
    else:
        find(pool, "_initializer")
        find(pool, "_initargs")


def thread_initializer(pool: ThreadPoolExecutor) -> Callable[[], object] | None:
    """What a pool runs first in each of its threads; from Python 3.14 on each thread gets an object for that."""
    worker: Any = pool
    if sys.version_info >= (3, 14):
        initialize: Callable[[], object] = worker._create_worker_context().initialize
        return initialize
    if worker._initializer is None:
        return None
    return lambda: worker._initializer(*worker._initargs)


def threadsafe_future(callback: Any) -> ThreadFuture[Any] | None:
    """The future that `run_coroutine_threadsafe` returns, if the callback is what it has called on the loop."""
    future: ThreadFuture[Any] | None = _threadsafe_variables(callback).get("future")
    return future


def context_of(task: asyncio.Task[Any]) -> contextvars.Context | None:
    """The context in which a task takes its steps; None if it is not known. From Python 3.12 on it always is.

    On Python 3.11 it is read from what will wake the task, so that of a task in the middle of a step is not known.
    """
    if sys.version_info >= (3, 12):
        return task.get_context()
    waker = waker_of(task)
    if waker is not None:
        found: contextvars.Context = waker[1]
        return found
    loop: Any = task.get_loop()
    return next((handle._context for handle in tuple(loop._ready)
                 if getattr(handle._callback, "__self__", None) is task), None)


def waker_of(task: Any) -> tuple[Any, contextvars.Context] | None:
    """What the future for which a task waits calls to wake it, and in which context; None if it does not wait."""
    for callback, context in getattr(task._fut_waiter, "_callbacks", None) or ():
        if getattr(callback, "__self__", None) is task:
            return callback, context
    return None


def interrupt(task: Any, error: BaseException) -> bool:
    """Wake a task that waits with this error, whatever it waits for. False if it does not wait.

    `task.cancel()` hands the cancellation on to what the task waits for, which may refuse it.
    """
    waker = waker_of(task)
    if waker is None:
        return False
    callback, context = waker
    task._fut_waiter.remove_done_callback(callback)
    failed = task.get_loop().create_future()
    failed.set_exception(error)
    task.get_loop().call_soon(callback, failed, context=context)
    return True


def cancel(task: Any, others: Callable[[], Iterable[Any]], *message: Any) -> None:
    """Cancel a task, also one that asyncio cannot cancel since tasks await one another in a circle.

    others  gives the tasks that may be in that circle

    `task.cancel()` hands the cancellation on from one to the next, and in a circle, or a row of very many tasks, Python
    gives up with a RecursionError, which may end whoever called. Then each of the tasks is woken by itself.
    """
    try:
        task.cancel(*message)
    except RecursionError:
        wake({task, *others()}, *message)


def wake(tasks: Iterable[Any], *message: Any) -> None:
    """Cancel tasks, each by itself: nothing is handed on to what they await."""
    for each in tasks:
        # One that waits for nothing is ready, or runs; one that waits and cannot be woken has been woken already.
        if not interrupt(each, asyncio.CancelledError(*message)) and each._fut_waiter is None:
            each.cancel(*message)


def is_stuck(task: Any) -> bool:
    """Whether a task was cancelled, but waits on, since what it waits for has refused."""
    return bool(task._must_cancel) and task._fut_waiter is not None


def close_threadsafe(callback: Any) -> bool:
    """Whether the callback is that of `run_coroutine_threadsafe`; if so, its coroutine is closed, and will not run."""
    coro = _threadsafe_variables(callback).get("coro")
    if coro is None:
        return False
    coro.close()
    return True


def _threadsafe_variables(callback: Any) -> dict[str, Any]:
    if getattr(callback, "__code__", None) is not THREADSAFE_CALLBACK:
        return {}
    return {name: cell.cell_contents for name, cell in zip(callback.__code__.co_freevars, callback.__closure__)}


def timeout_task(timeout: Any) -> asyncio.Task[Any] | None:
    """The task in which a timeout is."""
    task: asyncio.Task[Any] | None = timeout._task
    return task


def is_blocking(future: asyncio.Future[Any]) -> bool:
    """Whether somebody has awaited a future in vain, in a task of another loop: between two turns no other is so."""
    return bool(future._asyncio_future_blocking)


def stop_blocking(future: asyncio.Future[Any]) -> None:
    """Have a future forget that somebody awaits it: one of another loop, which never heard of it."""
    future._asyncio_future_blocking = False


def is_of_task(callback: Any) -> bool:
    """Whether a callback is a step of a task, or wakes one."""
    return type(callback) is Step or isinstance(getattr(callback, "__self__", None), TASKS)


# -- two functions of asyncio, written out ----------------------------------------------------------

# A Handle is made attribute by attribute below. Where it has others than these, asyncio makes it.
_SLOTS = ("_callback", "_args", "_cancelled", "_loop", "_source_traceback", "_repr", "__weakref__", "_context")
_PLAIN_HANDLE = tuple(getattr(asyncio.Handle, "__slots__", ())) == _SLOTS
_callback_source: Any = find(format_helpers, "_format_callback_source")
# from Python 3.13 on the arguments of a callback are shown in debug mode only
_TELLS_DEBUG = "debug" in (getattr(_callback_source, "__kwdefaults__", None) or ())


# A callback as the log of debug mode tells of it.
handle_in_words: Callable[[asyncio.Handle], str] = find(base_events, "_format_handle")


def report(handle: Handle, error: BaseException) -> None:
    """What `Handle._run` does with an exception of its callback."""
    options = {"debug": handle._loop.get_debug()} if _TELLS_DEBUG else {}
    callback = _callback_source(handle._callback, handle._args, **options)
    context = {"message": f"Exception in callback {callback}", "exception": error, "handle": handle}
    if handle._source_traceback:
        context["source_traceback"] = handle._source_traceback
    handle._loop.call_exception_handler(context)


def is_own(loop: Loop, name: str) -> bool:
    """Whether a method of a loop is asyncio's own."""
    return getattr(type(loop), name) is getattr(asyncio.BaseEventLoop, name) and name not in vars(loop)


def noting_call_soon(loop: Loop, woken: Callable[[Any, Any], None], stepping: list[contextvars.Context | None],
                     begun: Callable[[Any, contextvars.Context | None], None]) -> Callable[..., asyncio.Handle]:
    """A `call_soon` for a loop that does what its own does, after `woken(callback, args)`.

    For the step that a task asks for, it is `begun(task, context)` instead, and that only if the context is another
    than that of the step under way, which is the only entry of `stepping`: so it hears of the first step of a new task,
    and not of the next one of a task that steps aside. For a loop with asyncio's own `call_soon`, this does the work of
    that and of `Handle.__init__` in one go, which saves four calls for every turn of a task.
    """
    original = loop.call_soon
    plain = _PLAIN_HANDLE and is_own(loop, "call_soon")
    new_handle, kind, step, append = Handle.__new__, Handle, Step, loop._ready.append
    copy_context = contextvars.copy_context

    def call_soon(callback: Any, *args: Any, context: contextvars.Context | None = None) -> asyncio.Handle:
        if type(callback) is not step:
            woken(callback, args)
        elif context is not stepping[0]:
            begun(callback.__self__, context)       # type: ignore[attr-defined]
        if plain and not loop._debug and not loop._closed:
            if context is None:
                context = copy_context()
            handle = new_handle(kind)
            handle._context = context
            handle._loop = loop
            handle._callback = callback
            handle._args = args
            handle._cancelled = False
            handle._repr = handle._source_traceback = None      # type: ignore[attr-defined]  # _repr: one of _SLOTS
            append(handle)
            return handle
        handle = original(callback, *args, context=context)     # type: ignore[assignment]
        if plain and handle._source_traceback:
            del handle._source_traceback[-1]    # of this function, as asyncio does with its own
        return handle

    return call_soon


# -- the one error ----------------------------------------------------------------------------------

_check_objects()
NAMES = tuple(_there)
_missing = [name for name in NAMES if not _there[name]]
if _missing:
    raise unknown_python(f"it has no {listed(_missing, 'or')} any more")
