"""An event loop whose clock jumps to the next timer when there is nothing to do.

    asyncio.run(main(), loop_factory=VirtualTimeLoop)           # Python 3.12 and later
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:    # 3.11
        runner.run(main())

An event loop does three things in turn: it runs every callback that is ready, it sleeps until the
next timer is due, and it makes that timer's callback ready. This one leaves out the sleeping, and
sets its clock forward instead. Everything else is asyncio's own, so tasks, locks, queues and
timeouts behave as always, in the same order, but an hour takes milliseconds, and every run of a
program is the same to the last digit.

- Time is kept in whole nanoseconds: ten thousand sleeps of 0.01 s end at 100 s exactly. A timer that is set for later
  than now moves the clock, by 1 ns at least: `while loop.time() < t: await asyncio.sleep(t - loop.time())` ends.
- Timers that are due at the same instant fire in the order in which they were set.
- `time.sleep` on the loop sets the clock forward while everybody else is kept waiting, as blocking
  does. All clocks of Python show virtual time, wherever the program keeps them; what stays real is in `time_module.py`.
- Functions given to `asyncio.to_thread` run in real threads, one at a time, in the order in which
  they were given; `time.sleep` in them takes virtual time.
- If nothing is ready, no timer is set and no thread is at work, nothing can ever happen again: that
  is a `Deadlock`, an error that says who waits where. A program that never comes to an end is
  stopped after a number of steps (`Endless`). Sockets, pipes and processes live in real time and
  cannot be simulated (`NotSimulated`).
- asyncio makes sets in some places, and the order of a set differs from run to run. In virtual time these sets have
  an order: `sets.py` says which, and where that ends.
- Threads that the loop did not start work in real time. If one calls into the loop, or is waited for, the run ends with
  `NotSimulated`, and so it does if the program catches that error (`outside.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import heapq
import sys
import threading
from asyncio.log import logger
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import Context
from types import CodeType
from typing import Any, NoReturn, TypeVar, TypeVarTuple, cast

from helpers.recorder import Watched
from helpers.recorder.asyncio_internals import (
    Condition,
    Handle,
    Loop,
    Timer,
    close_threadsafe,
    handle_in_words,
    is_of_task,
)
from helpers.recorder.learners_code import is_library, learners_place
from helpers.recorder.locks import Standing, read_locks
from helpers.recorder.notes import ROWS, Row
from helpers.recorder.owners import library_of, sort_out
from helpers.recorder.translate import names_shown
from helpers.recorder.waits import describe
from helpers.recording import Place
from helpers.virtual.ending import circle
from helpers.virtual.outside import THREADS, Outside, inside
from helpers.virtual.real_time_only import NotSimulated, RealTimeOnly, asked_at, refusal
from helpers.virtual.sets import InOrder, KeptInOrder, sets_in_order
from helpers.virtual.threads import Job, Threads
from helpers.virtual.time_module import SECOND, Clock, in_charge_of_time
from helpers.words import count

LIMIT = 500_000             # steps on the loop, after which a program counts as endless
_NEVER = 1 << 80            # a deadline after the end of time: sleep(math.inf)
_COARSE = 1 << 53           # nanoseconds: beyond, a float tells two neighbours no longer apart

_Args = TypeVarTuple("_Args")
_Result = TypeVar("_Result")


class Deadlock(RuntimeError):
    """Every task waits, and nothing is left that could wake one. `locks`: who waited for which lock, and held which."""

    locks: tuple[Standing, ...] = ()


class Endless(RuntimeError):
    """The program was still running after so many steps that it will hardly ever end."""


class VirtualTimeLoop(RealTimeOnly, Loop, Clock):
    """An asyncio event loop in virtual time; see the module. `limit` is the number of steps until `Endless`."""

    exact = True                # as a Sampler: its clock stands still but for what it tells

    def __init__(self, *, limit: int = LIMIT) -> None:
        super().__init__()
        self._now = 0                                           # nanoseconds
        self._time = 0.0                                        # what time() says: see call_at
        self._timers: dict[int, dict[int, Timer]] = {}          # deadline -> its timers by id, in order
        # id of a timer -> its deadline: when() gives seconds, a float, which may have been rounded
        self._due: dict[int, int] = {}
        self._deadlines: list[int] = []                         # a heap of the keys of _timers
        self._finer: set[int] = set()                           # those of them with a timer of call_at that is later
        self._steps = 0
        self._moved = 0                                         # how many they were when the clock last moved
        self._gave_up = False
        self._limit = self._allowed = limit
        self.real_clocks: dict[tuple[str, Place | None], tuple[int, Row | None]] = {}
        self._refusal: NotSimulated | None = None               # what ends the run, whoever catches it
        self._refusal_told = False
        self._home: int | None = None                           # the thread in which the loop last ran
        self._threads = Threads(self)
        self.outside = Outside(self)
        self._asyncgens = KeptInOrder()
        self._order: contextlib.ExitStack | None = None
        self._on_block: Callable[[Any, int], None] | None = None
        if not isinstance(limit, int) or limit < 1:
            self.close()
            raise ValueError(f"limit is a number of steps, such as {LIMIT:_}; got {limit!r}")

    # -- the clock --------------------------------------------------------------------------------

    def time(self) -> float:
        """Seconds of virtual time since the loop was made."""
        return self._time

    def time_ns(self) -> int:
        return self._now

    def _set_clock(self, now: int) -> None:
        self._now = now
        self._moved = self._steps
        seconds = now / SECOND          # of two whole numbers: rounded once, however large they are
        if seconds > self._time:
            self._time = seconds

    def call_later(self, delay: float, callback: Callable[[*_Args], object], *args: *_Args,
                   context: Context | None = None) -> asyncio.TimerHandle:
        deadline = self._now + nanoseconds(delay)
        return self._set_timer(deadline, deadline / SECOND, callback, args, context)

    def call_at(self, when: float, callback: Callable[[*_Args], object], *args: *_Args,
                context: Context | None = None) -> asyncio.TimerHandle:
        """As asyncio's. When the callback runs, `time()` is at least `when`.

        A sum of seconds is not always a number of nanoseconds: 0.1 + 0.2 is a little later than 0.3, by less than the
        clock can tell. Such a timer is due with those of its nanosecond, and then `time()` says what the sum is.
        """
        deadline = nanoseconds(when)
        exact = deadline / SECOND
        if when > self._time:
            if deadline <= self._now:
                deadline = self._now + 1
                exact = deadline / SECOND
            if when > exact and deadline < _NEVER:
                exact = float(when)
                self._finer.add(deadline)
        return self._set_timer(deadline, exact, callback, args, context)

    def call_at_ns(self, deadline: int, callback: Callable[[*_Args], object], *args: *_Args) -> asyncio.TimerHandle:
        """As `call_at`, with nanoseconds."""
        return self._set_timer(deadline, deadline / SECOND, callback, args, None)

    def _set_timer(self, deadline: int, when: float, callback: Callable[..., object], args: tuple[Any, ...],
                   context: Context | None) -> Timer:
        if self._closed:
            self._check_closed()
        if self._debug:
            self._check_callback(callback, "call_later")
        if deadline > _NEVER:
            deadline = _NEVER
        timer = Timer(when, callback, args, self, context)
        if timer._source_traceback:             # in debug mode: the line of the caller shall be the last
            del timer._source_traceback[-2:]
        timer._scheduled = True
        self._due[id(timer)] = deadline
        timers = self._timers.get(deadline)
        if timers is None:
            self._timers[deadline] = {id(timer): timer}
            heapq.heappush(self._deadlines, deadline)
        else:
            timers[id(timer)] = timer
        return timer

    def call_soon(self, callback: Callable[[*_Args], object], *args: *_Args,
                  context: Context | None = None) -> asyncio.Handle:
        if self._debug or self._closed:
            return _without_last_line(super().call_soon(callback, *args, context=context))
        handle = Handle(callback, args, self, context)      # all that asyncio's own does then, in one call of three
        self._ready.append(handle)
        return handle

    def _timer_handle_cancelled(self, handle: Timer) -> None:
        deadline = self._due.pop(id(handle), None)
        if deadline is not None:
            timers = self._timers[deadline]
            del timers[id(handle)]
            if not timers:
                del self._timers[deadline]
                self._finer.discard(deadline)
                if len(self._deadlines) > 2 * len(self._timers) + 100:      # do not collect cancelled ones
                    self._deadlines = list(self._timers)
                    heapq.heapify(self._deadlines)

    def advance(self, seconds: float) -> None:
        """Let time pass while nobody else can run: what `time.sleep` does on this loop."""
        duration = nanoseconds(seconds)
        self._set_clock(self._now + duration)
        self._steps += 1
        if self._steps > self._allowed >= 0:
            self._give_up()
        if self._on_block is not None and duration:
            self._on_block(learners_place(sys._getframe(1)), duration)

    def stands_still(self, reads: int, place: Place | None) -> None:
        """The program has read the clock so often at one instant: it waits in vain."""
        raise Endless(f"the clock was read {reads:,} times at {self.time():g} s of virtual time"
                      + (f", at last at {place}" if place else "")
                      + ": it stands still while a program computes, so a loop that waits for a time without "
                        "asyncio.sleep or time.sleep never ends")

    def stays_real(self, what: str, place: Place | None) -> None:
        """The program has read, at this line, what is not in virtual time."""
        task = asyncio.current_task(self) if self.is_running() else None
        self.real_clocks.setdefault((what, place), (self._now, ROWS.get(id(task))))

    @property
    def steps(self) -> int:
        """How many steps the loop has taken."""
        return self._steps

    def timers(self) -> dict[int, dict[int, Timer]]:
        """The timers that are set, by their deadlines in nanoseconds."""
        return self._timers

    def job_at_work(self) -> Job | None:
        """The job that a worker thread does just now, while the loop waits for it to rest."""
        return self._threads.at_work

    def start_sampling(self, watched: Watched) -> None:
        """Tell a recording of every `advance`, and of the line that asked for it: its `Sampler` is the loop itself."""
        self._on_block = watched.sample

    def stop_sampling(self) -> None:
        self._on_block = None

    # -- the loop ---------------------------------------------------------------------------------

    def _run_once(self) -> None:
        """One round: make due timers ready, or jump to the next if nothing is; then run what is ready."""
        ready = self._ready
        if not ready and not self._stopping:
            self._when_idle()
        while self._deadlines and self._deadlines[0] <= self._now:
            due = heapq.heappop(self._deadlines)
            if due in self._finer:
                self._show(due)
            for timer in self._timers.pop(due, {}).values():
                timer._scheduled = False
                del self._due[id(timer)]
                ready.append(timer)
        count = len(ready)
        self._steps += count
        if self._steps > self._allowed:
            self._give_up()
        if self._debug:
            self._run_and_tell(count)
            return
        handle: Handle | None
        for _ in range(count):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
        handle = None       # breaks a cycle when an exception occurs

    def _run_and_tell(self, count: int) -> None:
        """In debug mode: run so many handles that are ready, and tell of each that takes long, in virtual time."""
        for _ in range(count):
            handle: Any = self._ready.popleft()
            if not handle._cancelled:
                began = self._now
                self._current_handle = handle
                try:
                    handle._run()
                finally:
                    self._current_handle = None
                took = (self._now - began) / 1e9
                if took >= self.slow_callback_duration:
                    logger.warning("Executing %s took %.3f seconds", handle_in_words(handle), took)
            handle = None       # the traceback of a task's exception keeps this frame: it must not keep the task

    def _when_idle(self) -> None:
        """Nothing is ready: let a thread work, or else set the clock to the next timer."""
        deadlines = self._deadlines
        while not self._ready:
            while deadlines and deadlines[0] not in self._timers:
                heapq.heappop(deadlines)                                # its timers were cancelled
            if deadlines and deadlines[0] <= self._now:
                return
            if self._threads.work():
                continue
            if self.outside.strangers:
                error = self.outside.settle()
                if error is None and self._ready:       # nothing but another thread can have put it there
                    error = refusal("the loop was called from outside, and not by call_soon_threadsafe, so that "
                                    "a real loop might never hear of it: such a thread works", THREADS, None)
                if error is not None:
                    self.refuse(error)
            if self.is_refused():
                return
            if not deadlines or deadlines[0] == _NEVER:
                error = self.outside.doubt()
                if error is not None:
                    self.refuse(error)
                if self.is_refused() or self._ready:
                    return
                deadlock = Deadlock("nothing is left that could wake a task: every task waits" + self._report()
                                    + "".join(f"\n  - {line}" for line in self._threads.report()) + self._circle())
                deadlock.locks = read_locks(self.open_tasks(), library_of)
                raise deadlock
            self._set_clock(deadlines[0])
            return

    def _show(self, deadline: int) -> None:
        """Have time() say what the latest of the timers says that are due now."""
        self._finer.remove(deadline)
        for timer in self._timers.get(deadline, {}).values():
            if timer._when > self._time:
                self._time = timer._when

    def _give_up(self) -> NoReturn:
        waits = None if self._refusal is not None else self.outside.keeps_waiting()
        if waits is not None:
            self.refuse(waits)
        if self.is_refused():
            self._tell_refusal()
        limit, self._limit = self._limit, max(self._limit // 10, 1000)      # the clean-up may take some more
        self._gave_up = True
        self._allowed = self._steps + self._limit
        still = ("" if self._steps - self._moved < limit // 2 else
                 "Virtual time stands still while a task is ready to run, as it is after asyncio.sleep(0): who waits "
                 "so for a time, or for a task that sleeps, needs a longer sleep. ")
        raise Endless(f"still running after {limit:,} steps on the loop, at {self.time():g} s of virtual time: "
                      f"is there a loop that never ends? {still}"
                      "If it would end later, simulate(..., limit=...) allows more"
                      + self._report() + self._report_callbacks())

    def _report_callbacks(self) -> str:
        """The callbacks that are about to run and are no task's: one that sets itself again never ends."""
        lines = dict.fromkeys(callback_in_words(handle) for handle in self._ready
                              if not handle._cancelled and not is_of_task(handle._callback))
        return "".join(f"\n  - {line}" for line in list(lines)[:20])

    # -- what is not simulated --------------------------------------------------------------------

    def refuse(self, error: NotSimulated) -> NotSimulated:
        """Let the run end with this error, even if the program catches it; gives the error, which is to be raised."""
        if self._refusal is None:
            self._refusal = error
            self._allowed = -1                  # no further round begins
        return error

    def _kept(self, error: NotSimulated) -> NotSimulated:
        return self.refuse(error)

    def is_refused(self) -> bool:
        """Whether the run must end with a refusal that it has not ended with so far."""
        return self._refusal is not None and not self._refusal_told

    def _tell_refusal(self) -> None:
        """Raise the refusal if there is one that the run has not ended with so far."""
        if self._refusal is not None and not self._refusal_told:
            self._refusal_told = True
            self._gave_up = True
            self._allowed = self._steps + self._limit
            if " at line " not in str(self._refusal):
                self._refusal.args = (f"{self._refusal}{self._report()}",)      # then where the tasks are
            raise self._refusal

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self._refusal is None:               # else it tells what the refusal has led to
            super().call_exception_handler(context)

    def open_tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that are not done, by name: in the order of creation where asyncio has named them.

        The order is the same in every run, but for tasks that the program gave the same name and that nobody records.
        """
        return sorted(InOrder(asyncio.all_tasks(self)), key=lambda task: (len(task.get_name()), task.get_name()))

    def _report(self) -> str:
        tasks, others = sort_out(self.open_tasks())
        lines = [describe(task, name) for task, name in zip(tasks[:20], names_shown(tasks))]
        if len(tasks) > 20:
            lines.append(f"and {len(tasks) - 20:,} more tasks")
        lines += [f"and {count(each.tasks, 'task')} of {each.library}" for each in others]
        return "".join(f"\n  - {line}" for line in lines)

    def _circle(self) -> str:
        """The tasks that await each other, if there are some, as a line of a report."""
        names = names_shown(circle(self.open_tasks()))
        if not names:
            return ""
        if len(names) > 10:
            return f"\n  {len(names)} tasks await each other, in a circle"
        return "\n  a circle: " + ", ".join(
            f"{name} awaits {other}" for name, other in zip(names, names[1:] + names[:1]))

    def run_forever(self) -> None:
        self._allowed = self._steps + self._limit
        self._home = threading.get_ident()
        if self._refusal_told and any(map(_is_programs, asyncio.all_tasks(self))):
            self._refusal, self._refusal_told = None, False     # a Runner begins anew, and does not clean up
        if self._order is None:                 # until the loop is closed: asyncio.run cancels what is left in between
            self._order = contextlib.ExitStack()
            self._order.enter_context(sets_in_order())
        program = [task.get_coro() for task in asyncio.all_tasks(self)]
        with in_charge_of_time(self, program), inside(self):
            super().run_forever()
            if self.outside.strangers:
                error = self.outside.settle()
                if error is not None:
                    self.refuse(error)
            self._tell_refusal()

    def close(self) -> None:
        super().close()
        self._timers.clear()
        self._due.clear()
        self._deadlines.clear()
        self._finer.clear()
        self._threads.abandon()
        if self._order is not None:
            self._order.close()

    # -- threads ----------------------------------------------------------------------------------

    def run_in_executor(self, executor: Executor | None, func: Callable[[*_Args], _Result],
                        *args: *_Args) -> asyncio.Future[_Result]:
        self._check_closed()
        if self._debug:
            self._check_callback(func, "run_in_executor")
        if executor is None:
            self._check_default_executor()
            return self._threads.submit(func, args, self._default_executor)
        if type(executor) is not ThreadPoolExecutor:
            _ = executor.submit             # what is no executor fails as on asyncio's own loop: AttributeError
            raise self.refuse(refusal(f"a {type(executor).__name__} works", "use asyncio.to_thread",
                                      asked_at(sys._getframe(1))))
        return self._threads.submit(func, args, executor)

    def call_soon_threadsafe(self, callback: Callable[[*_Args], object], *args: *_Args,
                             context: Context | None = None) -> asyncio.Handle:
        job = None
        if self._home not in (None, threading.get_ident()):
            job = self._threads.caller()
            if job is None:
                return self._hear_stranger(callback, args, context)
        handle = _without_last_line(super().call_soon_threadsafe(callback, *args, context=context))
        if job is not None:
            self._threads.called(job, callback)
        return handle

    def _hear_stranger(self, callback: Callable[..., object], args: tuple[Any, ...],
                       context: Context | None) -> asyncio.Handle:
        """A thread that the loop did not start calls into it: the run is over, and the thread must not suffer.

        What it wants of the loop is done in the clean-up, since it may wait for that. A coroutine is not begun any
        more, so a thread that would wait for its result ends here. SystemExit ends a thread without a word.
        """
        thread = threading.get_ident()
        stranger = self.outside.stranger_of(thread)
        if not self._closed:
            self.refuse(self.outside.called(thread))
        if self._refusal is not None:
            if close_threadsafe(callback):
                if stranger is None:
                    raise self._refusal
                raise SystemExit
            if self._closed:
                handle = Handle(callback, args, self, context)
                handle.cancel()
                return handle
        return super().call_soon_threadsafe(callback, *args, context=context)

    def wait_in_thread(self, condition: threading.Condition, timeout: float | None) -> bool | None:
        """What `condition.wait(timeout)` gives in one of the worker threads; None if this is none of them."""
        job = self._threads.caller()
        if job is None:
            return None
        return job.wait_on(cast(Condition, condition), timeout, self.outside.may_wake(condition))

    def shut_pool(self, pool: ThreadPoolExecutor, wait: bool, cancel: bool) -> None:
        """What `pool.shutdown` does with the jobs of this loop, on the loop or in one of its worker threads."""
        if threading.get_ident() == self._home:
            self._threads.shut(pool, wait, cancel)
        elif self._threads.caller() is not None:
            self._threads.shut_in_thread(pool, wait, cancel)

    def wake(self, callback: Callable[[], object]) -> None:
        """Make a callback ready that resumes a worker thread; may be called in any thread."""
        super().call_soon_threadsafe(callback)

    def _write_to_self(self) -> None:
        pass                                                    # threads write letters instead

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:    # noqa: ASYNC109  # as asyncio's
        self._executor_shutdown_called = True
        if not self._gave_up:               # else a thread may be what never ends; close() sees to it
            await self._threads.all_done()

    def _process_events(self, event_list: Any) -> None:
        pass                                                    # there is no selector


def _is_programs(task: asyncio.Task[Any]) -> bool:
    """Whether a task is the program's, and need not end: it is no part of a clean-up."""
    code = getattr(task.get_coro(), "cr_code", None)
    return not task.cancelling() and not (isinstance(code, CodeType) and is_library(code))


def callback_in_words(handle: Handle) -> str:
    """A callback that is about to run, as in "the callback again (line 12)"; without a line if it is not in Python."""
    callback = handle._callback
    while isinstance(callback, functools.partial):
        callback = callback.func
    name = getattr(callback, "__qualname__", type(callback).__qualname__).rpartition("<locals>.")[2]
    code = getattr(callback, "__code__", None)
    where = f" (line {code.co_firstlineno})" if isinstance(code, CodeType) else ""
    return f"the callback {name}{where} is ready to run"


def _without_last_line(handle: Any) -> asyncio.Handle:
    """A handle that in debug mode says where it was made: by our caller's caller, not in our caller."""
    if handle._source_traceback:
        del handle._source_traceback[-1]
    return handle


def nanoseconds(seconds: float) -> int:
    """Seconds as a number of nanoseconds: of more than no time at least one, or who waits for the rest never ends.

    Raises ValueError and TypeError for what is no number of seconds.
    """
    try:
        rounded = round(seconds * 1e9)
        if -_COARSE < rounded < _COARSE:
            return rounded or (1 if seconds > 0 else 0)
        above, below = float(seconds).as_integer_ratio()        # the product above has lost nanoseconds
        return (2 * SECOND * above + below) // (2 * below)
    except OverflowError:
        return _NEVER if seconds > 0 else 0
    except ValueError:
        raise ValueError("a delay is a number of seconds, not NaN") from None
    except TypeError:
        raise TypeError(f"a delay is a number of seconds, such as 0.5; got {seconds!r}") from None
