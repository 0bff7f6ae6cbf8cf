"""An event loop whose clock jumps to the next timer when there is nothing to do.

    asyncio.run(main(), loop_factory=VirtualTimeLoop)           # Python 3.12 and later
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:    # 3.11
        runner.run(main())

An event loop does three things in turn: it runs every callback that is ready, it sleeps until the
next timer is due, and it makes that timer's callback ready. This one leaves out the sleeping, and
sets its clock forward instead. Everything else is asyncio's own, so tasks, locks, queues and
timeouts behave as always, in the same order, but an hour takes milliseconds, and every run of a
program is the same to the last digit.

- Time is kept in whole nanoseconds: ten thousand sleeps of 0.01 s end at 100 s exactly.
- Timers that are due at the same instant fire in the order in which they were set.
- `time.sleep` on the loop sets the clock forward while everybody else is kept waiting, as blocking
  does. `time.monotonic`, `time.perf_counter` and `time.time` show virtual time.
- Functions given to `asyncio.to_thread` run in real threads, one at a time, in the order in which
  they were given; `time.sleep` in them takes virtual time.
- If nothing is ready, no timer is set and no thread is at work, nothing can ever happen again: that
  is a `Deadlock`, an error that says who waits where. A program that never comes to an end is
  stopped after a number of steps (`Endless`). Sockets, pipes and processes live in real time and
  cannot be simulated (`NotSimulated`).
- asyncio keeps sets in some places, and the order of a set differs from run to run. For task groups this
  is mended (`task_groups.py`), and so it is for the tasks that are left when a run of `simulate` ends.
  `as_completed`, given coroutines, still begins them in such an order: give it tasks.
  `asyncio.run`, too, cancels what is left in such an order.
"""

from __future__ import annotations

import asyncio
import heapq
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import Context
from typing import Any, NoReturn, TypeVar, TypeVarTuple

from helpers.recorder import Watched
from helpers.recorder.asyncio_internals import Handle, Loop, Timer
from helpers.recorder.learners_code import learners_place
from helpers.recorder.locks import Standing, read_locks
from helpers.recorder.waits import describe
from helpers.virtual.escaped_sleep import refuse_hidden_sleep
from helpers.virtual.real_time_only import NotSimulated, RealTimeOnly
from helpers.virtual.task_groups import groups_in_order
from helpers.virtual.threads import Threads
from helpers.virtual.time_module import in_charge_of_time

LIMIT = 500_000             # steps on the loop, after which a program counts as endless
_NEVER = 1 << 80            # a deadline after the end of time: sleep(math.inf)

_Args = TypeVarTuple("_Args")
_Result = TypeVar("_Result")


class Deadlock(RuntimeError):
    """Every task waits, and nothing is left that could wake one. `locks`: who waited for which lock, and held which."""

    locks: tuple[Standing, ...] = ()


class Endless(RuntimeError):
    """The program was still running after so many steps that it will hardly ever end."""


class VirtualTimeLoop(RealTimeOnly, Loop):
    """An asyncio event loop in virtual time; see the module. `limit` is the number of steps until `Endless`."""

    exact = True                # as a Sampler: its clock stands still but for what it tells

    def __init__(self, *, limit: int = LIMIT) -> None:
        super().__init__()
        self._now = 0                                           # nanoseconds
        self._timers: dict[int, dict[int, Timer]] = {}          # deadline -> its timers by id, in order
        # id of a timer -> its deadline: when() gives seconds, a float, which may have been rounded
        self._due: dict[int, int] = {}
        self._deadlines: list[int] = []                         # a heap of the keys of _timers
        self._steps = 0
        self._gave_up = False
        self._limit = self._allowed = limit
        self._refused = False
        self._threads = Threads(self)
        self._on_block: Callable[[Any, int], None] | None = None
        if not isinstance(limit, int) or limit < 1:
            self.close()
            raise ValueError(f"limit is a number of steps, such as {LIMIT:_}; got {limit!r}")

    # -- the clock --------------------------------------------------------------------------------

    def time(self) -> float:
        """Seconds of virtual time since the loop was made."""
        return self._now / 1e9

    def time_ns(self) -> int:
        return self._now

    def call_later(self, delay: float, callback: Callable[[*_Args], object], *args: *_Args,
                   context: Context | None = None) -> asyncio.TimerHandle:
        return self._set_timer(self._now + _nanoseconds(delay), callback, args, context)

    def call_at(self, when: float, callback: Callable[[*_Args], object], *args: *_Args,
                context: Context | None = None) -> asyncio.TimerHandle:
        return self._set_timer(_nanoseconds(when), callback, args, context)

    def _set_timer(self, deadline: int, callback: Callable[..., object], args: tuple[Any, ...],
                   context: Context | None) -> Timer:
        if self._closed:
            self._check_closed()
        if deadline > _NEVER:
            deadline = _NEVER
        timer = Timer(deadline / 1e9, callback, args, self, context)
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
                if len(self._deadlines) > 2 * len(self._timers) + 100:      # do not collect cancelled ones
                    self._deadlines = list(self._timers)
                    heapq.heapify(self._deadlines)

    def advance(self, seconds: float) -> None:
        """Let time pass while nobody else can run: what `time.sleep` does on this loop."""
        duration = _nanoseconds(seconds)
        self._now += duration
        self._steps += 1
        if self._steps > self._allowed:
            self._give_up()
        if self._on_block is not None and duration:
            self._on_block(learners_place(sys._getframe(1)), duration)

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
            for timer in self._timers.pop(heapq.heappop(self._deadlines), {}).values():
                timer._scheduled = False
                del self._due[id(timer)]
                ready.append(timer)
        count = len(ready)
        self._steps += count
        if self._steps > self._allowed:
            self._give_up()
        handle: Handle | None
        for _ in range(count):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
        handle = None       # breaks a cycle when an exception occurs

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
            if not deadlines or deadlines[0] == _NEVER:
                deadlock = Deadlock("nothing is left that could wake a task: every task waits" + self._report())
                deadlock.locks = read_locks(self.open_tasks())
                raise deadlock
            self._now = deadlines[0]
            return

    def _give_up(self) -> NoReturn:
        limit, self._limit = self._limit, max(self._limit // 10, 1000)      # the clean-up may take some more
        self._gave_up = True
        self._allowed = self._steps + self._limit
        raise Endless(f"still running after {limit:,} steps on the loop, at {self.time():g} s of virtual time: "
                      "is there a loop that never ends? (simulate(..., limit=...) allows more)" + self._report())

    def open_tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that are not done, by name: in the order of creation where asyncio has named them.

        The order is the same in every run, but for tasks that the program gave the same name.
        """
        return sorted(asyncio.all_tasks(self), key=lambda task: (len(task.get_name()), task.get_name()))

    def _report(self) -> str:
        tasks = self.open_tasks()
        lines = [describe(task) for task in tasks[:20]]
        if len(tasks) > 20:
            lines.append(f"and {len(tasks) - 20:,} more tasks")
        return "".join(f"\n  - {line}" for line in lines)

    def run_forever(self) -> None:
        self._allowed = self._steps + self._limit
        with in_charge_of_time(self), groups_in_order():
            if not self._refused:
                self._refused = True                            # if so, the clean-up must run all the same
                refuse_hidden_sleep(task.get_coro() for task in asyncio.all_tasks(self))
                self._refused = False
            super().run_forever()

    def close(self) -> None:
        super().close()
        self._timers.clear()
        self._due.clear()
        self._deadlines.clear()
        self._threads.abandon()

    # -- threads ----------------------------------------------------------------------------------

    def run_in_executor(self, executor: Executor | None, func: Callable[[*_Args], _Result],
                        *args: *_Args) -> asyncio.Future[_Result]:
        self._check_closed()
        if executor is None:
            self._check_default_executor()
            return self._threads.submit(func, args, self._default_executor)
        if type(executor) is not ThreadPoolExecutor:
            _ = executor.submit             # what is no executor fails as on asyncio's own loop: AttributeError
            raise NotSimulated(f"a {type(executor).__name__} works in real time and cannot be simulated: "
                               "use asyncio.to_thread, or record(...) instead of simulate(...)")
        return self._threads.submit(func, args, executor)

    def call_soon_threadsafe(self, callback: Callable[[*_Args], object], *args: *_Args,
                             context: Context | None = None) -> asyncio.Handle:
        job = None
        if self._thread_id not in (None, threading.get_ident()):
            job = self._threads.caller()
            if job is None:
                raise NotSimulated("call_soon_threadsafe from a thread that the virtual loop did not start: "
                                   "start it with asyncio.to_thread, or use record(...) instead of simulate(...)")
        handle = _without_last_line(super().call_soon_threadsafe(callback, *args, context=context))
        if job is not None:
            self._threads.called(job, callback)
        return handle

    def _write_to_self(self) -> None:
        pass                                                    # threads write letters instead

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:    # noqa: ASYNC109  # as asyncio's
        self._executor_shutdown_called = True
        if not self._gave_up:               # else a thread may be what never ends; close() sees to it
            await self._threads.all_done()

    def _process_events(self, event_list: Any) -> None:
        pass                                                    # there is no selector


def _without_last_line(handle: Any) -> asyncio.Handle:
    """A handle that in debug mode says where it was made: by our caller's caller, not in our caller."""
    if handle._source_traceback:
        del handle._source_traceback[-1]
    return handle


def _nanoseconds(seconds: float) -> int:
    try:
        return round(seconds * 1e9)
    except OverflowError:
        return _NEVER if seconds > 0 else 0
    except ValueError:
        raise ValueError("a delay is a number of seconds, not NaN") from None
    except TypeError:
        raise TypeError(f"a delay is a number of seconds, such as 0.5; got {seconds!r}") from None
