"""Threads that a virtual loop did not start, and what else lives outside of virtual time.

A thread of the program's own, or of a library, works in real time, of which a virtual loop knows nothing. As long as
it keeps to itself, it does no harm. Once it calls into the loop, or a task waits for it, the run has no true times to
show, and ends with `NotSimulated`. It does so at once if such a thread calls; and if it might call, it is waited for.

While a virtual loop runs, these are replaced in order to hear of it. They ask which thread is calling, and do what they
always do for all that are not in virtual time:

- `Thread.start` and `Executor.submit` note who was started, and at which of the learner's lines. The threads of some
  libraries are refused at once.
- `ThreadPoolExecutor.shutdown` on the loop waits, in virtual time, for what the pool does for the loop.
- `Condition.wait`, of which `Event`, `Queue` and others are made, takes virtual time in the loop's worker threads.
- `Popen.poll` and `Process.is_alive` refuse to say of a process that it goes on: a program that asks
  again later waits for real time.
- `signal.alarm` and `signal.setitimer` are refused.
- The methods of *other* event loops that open connections, start processes, set timers and run functions in pools are
  refused: what they return belongs to their loop. This happens to a session that was opened in an earlier cell.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import gc
import inspect
import multiprocessing.process
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.recorder.asyncio_internals import get_running_loop
from helpers.recorder.learners_code import frames_of_threads, is_library
from helpers.recorder.notes import ROWS, Row
from helpers.recording import Place
from helpers.virtual.real_time_only import INSTEAD, NotSimulated, RealTimeOnly, asked_at, refusal
from helpers.virtual.time_module import REAL

if TYPE_CHECKING:
    from helpers.virtual.loop import VirtualTimeLoop

BUDGET = 0.5                # real seconds for which a thread is waited for that can reach the loop
NAP = 0.001                 # real seconds between two looks at it
PAUSE = 0.05                # real seconds for which one that could not is not looked at again
LOOKS = 20                  # how often a thread that was there before is looked at
FAR, NEAR = 5_000, 200      # objects that are looked at to find whether it can: the first time, and again
MACHINERY = {"helpers", "ipykernel", "IPython", "zmq", "tornado", "debugpy", "pydevd", "jupyter_client"}

THREADS = "use asyncio.to_thread"
POOLS = "use loop.run_in_executor instead of submit"
_ThreadPool = concurrent.futures.ThreadPoolExecutor

# Libraries that bring threads of their own, by the name of the package: what lives in real time, and what to use.
LIBRARIES = {
    "aiosqlite": ("aiosqlite works in a thread of its own: a database works",
                  "use sqlite3 with asyncio.to_thread"),
    "anyio": ("anyio works in threads of its own, and these work", THREADS),
}


# -- who is in virtual time ---------------------------------------------------------------------------

_loops: dict[int, VirtualTimeLoop] = {}         # thread -> the loop by whose time it goes: the loop's, and its workers'
_lock = threading.RLock()


@contextlib.contextmanager
def inside(loop: VirtualTimeLoop) -> Iterator[None]:
    """While open, this thread is one of those of a virtual loop, and what leads outside is guarded."""
    thread = threading.get_ident()
    with _lock:
        if not _loops:
            _guard()
        before = _loops.get(thread)
        _loops[thread] = loop
    try:
        yield
    finally:
        with _lock:
            if before is None:
                _loops.pop(thread, None)
            else:
                _loops[thread] = before
            if not _loops:
                _unguard()


def leave() -> None:
    """Have this thread, which will not come to the end of its `inside`, be no loop's any more."""
    with _lock:
        if _loops.pop(threading.get_ident(), None) is not None and not _loops:
            _unguard()


# -- strangers ----------------------------------------------------------------------------------------

class Stranger:
    """A thread, or a job of a pool, that the program started during the run, and not by way of the loop.

    place  the learner's line that started it
    """

    def __init__(self, work: threading.Thread | concurrent.futures.Future[Any], what: str, place: Place | None, *,
                 instead: str = THREADS, of_pool: bool = False) -> None:
        self.work = work
        self.what = what
        self.place = place
        self.instead = instead      # what to write
        self.of_pool = of_pool
        self.waited = 0.0           # real seconds
        self.harmless_until = 0.0

    def __str__(self) -> str:
        return self.what + ("" if self.place is None else f", started at {self.place},")

    def is_alive(self) -> bool:
        return self.work.is_alive() if isinstance(self.work, threading.Thread) else not self.work.done()

    def is_idle(self) -> bool:
        """Whether it is a library's thread that does nothing of the learner's."""
        return isinstance(self.work, threading.Thread) and not any(
            not is_library(frame.f_code) for frame in _frames(self.work)) and (
            self.of_pool or not _is_learners(vars(self.work).get("_target")))

    def wait_a_moment(self) -> bool:
        """Let it work on, for real; false if it has been waited for long enough."""
        if self.waited >= BUDGET:
            return False
        started = REAL["monotonic"]()
        REAL["sleep"](NAP)
        self.waited += REAL["monotonic"]() - started
        return True

    def reaches(self, loop: VirtualTimeLoop) -> bool:
        """Whether what it works on leads to the loop."""
        if isinstance(self.work, threading.Thread):
            return thread_reaches(self.work, loop)
        return _leads_to(loop, [self.work])


class Seen(NamedTuple):
    """That a stranger was started: `now` in nanoseconds of virtual time; `row` of the task that did, if one did."""

    what: str
    place: Place | None
    now: int
    row: Row | None


class Outside:
    """What a virtual loop knows of the threads that it did not start."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        self.loop = loop
        self.strangers: list[Stranger] = []
        self._looked_at: set[int | None] = set()                # threads that were there before
        self._seen: dict[Place | None, list[Seen]] = {}         # by the line that started them

    def add(self, stranger: Stranger) -> None:
        with _lock:
            self.strangers = [each for each in self.strangers if each.is_alive()] + [stranger]
        if not stranger.of_pool:                        # its jobs are told
            task = asyncio.current_task(self.loop) if get_running_loop() is self.loop else None
            seen = Seen(stranger.what, stranger.place, self.loop.time_ns(), ROWS.get(id(task)))
            self._seen.setdefault(stranger.place, []).append(seen)

    def real_threads(self) -> Iterator[tuple[str, Seen]]:
        """What to say of the threads and jobs that were started at each line; and the first of them."""
        for seen in self._seen.values():
            first, more = seen[0], len(seen) - 1
            what = first.what[0].upper() + first.what[1:]
            yield (f"{what} and {more:,} more work in real time, which virtual time does not count" if more else
                   f"{what} works in real time, which virtual time does not count"), first

    def stranger_of(self, thread: int) -> Stranger | None:
        """The stranger whose thread this is."""
        for each in list(self.strangers):
            if isinstance(each.work, threading.Thread) and each.work.ident == thread:
                return each
        return None

    def may_wake(self, condition: threading.Condition) -> bool:
        """Whether a thread that the loop did not start might wake who waits for this condition."""
        if any(each.is_alive() for each in list(self.strangers)):
            return True
        for thread in _all_threads():
            if thread.ident not in _loops and not _is_machinery(thread):
                most = NEAR if thread.ident in self._looked_at else FAR
                self._looked_at.add(thread.ident)
                if thread_reaches(thread, condition, most):
                    return True
        return False

    def called(self, thread: int) -> NotSimulated:
        """The error for a call into the loop from a thread that it did not start."""
        stranger = self.stranger_of(thread)
        if stranger is None:            # current_thread() would leave a dummy behind, for ever up to Python 3.12
            caller = next(each for each in _all_threads() if each.ident == thread)
            return _refuse_thread(caller, "has called into the virtual loop")
        return refusal(f"{stranger} has called into the virtual loop, which did not start it: such a thread works",
                       stranger.instead, None)

    def _jobs_first(self) -> list[Stranger]:
        """A job tells more than the thread of the pool that does it."""
        return sorted(self.strangers, key=lambda each: isinstance(each.work, threading.Thread))

    def settle(self) -> NotSimulated | None:
        """Wait, for real, for the strangers that can reach the loop; the error if one is still at work then."""
        for stranger in self._jobs_first():
            if REAL["monotonic"]() < stranger.harmless_until:
                continue
            while stranger.is_alive() and not self.loop.is_refused():
                if not stranger.reaches(self.loop):
                    stranger.harmless_until = REAL["monotonic"]() + PAUSE
                    break
                if not stranger.wait_a_moment():
                    return refusal(f"{stranger} can call into the virtual loop, which did not start it: such a thread "
                                   "works", stranger.instead, None)
        return None

    def keeps_waiting(self) -> NotSimulated | None:
        """The error if the program goes on and on, and may do so until a stranger has done its work."""
        for stranger in self._jobs_first():
            if stranger.is_alive() and not stranger.is_idle():
                return refusal(f"{stranger} is still at work, and the program may be waiting for it: a thread that the "
                               "virtual loop did not start works", stranger.instead, None)
        return None

    def doubt(self) -> NotSimulated | None:
        """The error if something that virtual time does not know could wake a task, when nothing else is left."""
        for stranger in self._jobs_first():
            while stranger.is_alive() and not stranger.is_idle():
                if self.loop.is_refused():
                    return None
                if stranger.wait_a_moment():
                    continue
                return refusal(f"{stranger} is still at work, and nothing else is left that could wake a task. A "
                               "thread that the virtual loop did not start works", stranger.instead, None)
        for look in range(LOOKS):       # one that has just taken its work from a queue cannot be seen to have it
            others = [thread for thread in _all_threads() if thread.ident not in _loops
                      and thread not in (threading.current_thread(), threading.main_thread())
                      and not _is_machinery(thread)]
            for thread in others:
                if thread_reaches(thread, self.loop, NEAR if look else FAR):
                    return _refuse_thread(thread, "can call into the virtual loop, and nothing else is left that could "
                                                  "wake a task")
            if not others or self.loop.is_refused():
                break
            REAL["sleep"](NAP)
        for number in signal.valid_signals():
            if _is_learners(signal.getsignal(number)):
                return refusal(f"nothing but a signal ({signal.Signals(number).name} has a handler) is left that could "
                               "wake a task, and signals live", INSTEAD["signals"], None)
        return None


def _all_threads() -> list[threading.Thread]:
    """The threads of this process, also those that were begun by `_thread.start_new_thread`."""
    threads = threading.enumerate()
    for ident in frames_of_threads().keys() - {thread.ident for thread in threads}:
        thread = threading.Thread(name=f"thread {ident}", daemon=True)      # or else it asks current_thread()
        thread._ident = ident                   # type: ignore[attr-defined]  # never started: it stands for the other
        threads.append(thread)
    return threads


def _is_machinery(thread: threading.Thread) -> bool:
    """Whether a thread is one of this package, or of the notebook's kernel."""
    packages = {str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame in _frames(thread)}
    packages.discard("helpers")                 # any thread may be in its time.sleep
    target = vars(thread).get("_target")
    packages.add(str(getattr(target, "__module__", "")).partition(".")[0])
    return not packages.isdisjoint(MACHINERY)


def _refuse_thread(thread: threading.Thread, what: str) -> NotSimulated:
    """The error for a thread that was there before the run."""
    works, instead = LIBRARIES.get(_package_of(thread), ("such a thread works", THREADS))
    known = thread.is_alive() and not thread.name.startswith("Dummy-")       # else begun below the module threading
    since = "which began before this run" if known else "which the loop did not start"
    return refusal(f"the thread {thread.name!r}, {since}, {what}: {works}", instead, None)


def _package_of(thread: threading.Thread) -> str:
    for frame in _frames(thread):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in LIBRARIES:
            return package
    return ""


# -- whether a thread can reach the loop --------------------------------------------------------------

_CLOSED = (ModuleType, type, CodeType, FrameType, threading.Thread, str, bytes, int, float)


def thread_reaches(thread: threading.Thread, goal: Any, most: int = FAR) -> bool:
    """Whether what a thread works on (its function, arguments, and the variables of its frames) leads to a thing."""
    roots = list(vars(thread).values())
    for frame in _frames(thread):
        if frame.f_globals.get("__name__") == "threading":
            continue
        roots += frame.f_locals.values()
        if not is_library(frame.f_code):
            roots += _globals_of(frame.f_code, frame.f_globals)
    return _leads_to(goal, roots, most)


def _frames(thread: threading.Thread) -> Iterator[FrameType]:
    frame = frames_of_threads().get(thread.ident or 0)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _globals_of(code: CodeType, namespace: dict[str, Any]) -> Iterable[Any]:
    return [namespace[name] for name in code.co_names if name in namespace]


def _leads_to(goal: Any, roots: Iterable[Any], most: int = FAR) -> bool:
    found, seen = deque(roots), set[int]()
    while found and len(seen) < most:
        thing = found.popleft()
        if thing is goal:
            return True
        if id(thing) in seen or isinstance(thing, (*_CLOSED, asyncio.AbstractEventLoop)):
            continue
        seen.add(id(thing))
        if type(thing) is FunctionType:
            found += [*(thing.__closure__ or ()), *(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
            if not is_library(thing.__code__):
                found += _globals_of(thing.__code__, thing.__globals__)
        elif not (isinstance(thing, dict) and "__builtins__" in thing):       # the globals of a module
            found += gc.get_referents(thing)
    return False


def _is_learners(function: Any) -> bool:
    """Whether a handler, or what a thread runs, is the learner's."""
    while isinstance(function, (functools.partial, MethodType)):
        function = function.func if isinstance(function, functools.partial) else function.__func__
    return isinstance(function, FunctionType) and not is_library(function.__code__)


# -- what is replaced ---------------------------------------------------------------------------------

_replaced: list[tuple[Any, str, Any]] = []      # owner, name, what stood there


def _guard() -> None:
    _replace(threading.Thread, "start", _start)
    _replace(concurrent.futures.ThreadPoolExecutor, "submit", _submit)
    _replace(concurrent.futures.ThreadPoolExecutor, "shutdown", _shutdown)
    _replace(concurrent.futures.ProcessPoolExecutor, "submit", _submit)
    _replace(threading.Condition, "wait", _wait)
    _replace(subprocess.Popen, "poll", _poll)
    _replace(multiprocessing.process.BaseProcess, "is_alive", _poll)
    for name in ("alarm", "setitimer"):
        if hasattr(signal, name):
            _replace(signal, name, _alarm)
    for kind in _OTHER_LOOPS:
        for name in _REFUSED:
            if name in vars(kind):
                _replace(kind, name, _other_loop)
    _replace(asyncio.BaseEventLoop, "run_forever", _run_forever)


def _unguard() -> None:
    while _replaced:
        owner, name, original = _replaced.pop()
        setattr(owner, name, original)


def _replace(owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    original = vars(owner)[name]
    key = id(original)
    if key not in _made:
        _made[key] = original, functools.wraps(original)(make(original))
    setattr(owner, name, _made[key][1])
    _replaced.append((owner, name, original))


_made: dict[int, tuple[Any, Any]] = {}          # id of what was replaced -> itself, and what stands in its place


def _start(original: Callable[..., Any]) -> Callable[..., Any]:
    def start(self: threading.Thread, *args: Any, **kwargs: Any) -> Any:
        loop = _loop_of_caller()
        if loop is None:
            return original(self, *args, **kwargs)
        caller = sys._getframe(1)
        package, _, module = str(caller.f_globals.get("__name__", "")).partition(".")
        place = asked_at(caller)
        if package in LIBRARIES:
            raise loop.refuse(refusal(*LIBRARIES[package], place))
        if module.startswith("futures."):
            pool = "process pool" if module == "futures.process" else "thread pool"
            loop.outside.add(Stranger(self, f"the thread {self.name!r} of a {pool}", place, of_pool=True,
                                      instead=THREADS if pool == "process pool" else POOLS))
        elif package != "helpers":
            loop.outside.add(Stranger(self, f"the thread {self.name!r}", place))
        _starting.add(threading.get_ident())
        try:
            return original(self, *args, **kwargs)
        finally:
            _starting.discard(threading.get_ident())

    return start


_starting: set[int] = set()                     # threads that wait until one that they start has begun


def _wait(original: Callable[..., Any]) -> Callable[..., Any]:
    def wait(self: threading.Condition, timeout: float | None = None) -> bool:
        thread = threading.get_ident()
        loop = _loops.get(thread)
        woken = None if loop is None or thread in _starting else loop.wait_in_thread(self, timeout)
        return bool(original(self, timeout)) if woken is None else woken

    return wait


def _loop_of_caller() -> VirtualTimeLoop | None:
    """The loop in whose time the calling thread is, or which was running when that thread was started."""
    thread = threading.get_ident()
    loop = _loops.get(thread)
    if loop is None:
        return next((each for each in set(_loops.values()) if each.outside.stranger_of(thread)), None)
    return loop


def _submit(original: Callable[..., Any]) -> Callable[..., Any]:
    def submit(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        future = original(self, *args, **kwargs)
        loop = _loops.get(threading.get_ident())
        if loop is not None:
            loop.outside.add(Stranger(future, f"a job of a {type(self).__name__}", asked_at(sys._getframe(1)),
                                      instead=POOLS if isinstance(self, _ThreadPool) else THREADS))
        return future

    return submit


def _shutdown(original: Callable[..., Any]) -> Callable[..., Any]:
    def shutdown(self: Any, wait: bool = True, *, cancel_futures: bool = False) -> None:
        loop = _loops.get(threading.get_ident())
        if loop is not None:
            loop.shut_pool(self, wait, cancel_futures)
        original(self, wait, cancel_futures=cancel_futures)

    return shutdown


def _poll(original: Callable[..., Any]) -> Callable[..., Any]:
    def poll(self: Any) -> Any:
        code = original(self)
        loop = _loops.get(threading.get_ident())
        if loop is not None and (code is None or code is True) and not is_library(sys._getframe(1).f_code):
            raise loop.refuse(refusal("a process that is asked whether it is done works", INSTEAD["subprocesses"],
                                      asked_at(sys._getframe(1))))
        return code

    return poll


def _alarm(original: Callable[..., Any]) -> Callable[..., Any]:
    def alarm(*args: Any) -> Any:
        loop = _loops.get(threading.get_ident())
        if loop is not None:
            raise loop.refuse(refusal("signals live", INSTEAD["signals"], asked_at(sys._getframe(1))))
        return original(*args)

    return alarm


# What other event loops may not be asked for in virtual time: what takes a while.
_REFUSED = {name for name, method in vars(RealTimeOnly).items() if inspect.iscoroutinefunction(method)} | {
    "run_in_executor", "call_later", "call_at"}
_OTHER_LOOPS = {kind for name in ("SelectorEventLoop", "ProactorEventLoop") if hasattr(asyncio, name)
                for kind in getattr(asyncio, name).__mro__ if kind not in asyncio.AbstractEventLoop.__mro__}


def _other_loop(original: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        loop = _loops.get(threading.get_ident())
        if loop is not None and self is not loop:
            raise loop.refuse(refusal(
                f"something that belongs to another event loop was used in this run ({original.__name__}): it works",
                "make it inside of the run", asked_at(sys._getframe(1))))
        return original(self, *args, **kwargs)

    return method


_told: weakref.WeakSet[Any] = weakref.WeakSet()         # other loops that were refused


def _run_forever(original: Callable[..., Any]) -> Callable[..., Any]:
    def run_forever(self: Any) -> Any:
        loop = _loops.get(threading.get_ident())
        if loop is not None and not isinstance(self, RealTimeOnly) and self not in _told:
            _told.add(self)                     # the clean-up that follows may run
            raise loop.refuse(refusal(
                "another event loop was started in this run: it works",
                "give asyncio.Runner the loop_factory VirtualTimeLoop", asked_at(sys._getframe(1))))
        return original(self)

    return run_forever
