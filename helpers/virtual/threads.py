"""Worker threads that take part in virtual time.

A function given to `asyncio.to_thread` runs in a thread of its own, but never while anything else
runs: the loop, having nothing ready, lets one thread go, and waits (for real) until it rests. A
thread rests when it is done, when it calls `time.sleep`, which sets a timer on the loop, when it
waits for the answer to a `run_coroutine_threadsafe`, or for a condition of `threading`: with an `Event`,
a `Barrier`, a `Semaphore`, a `queue.Queue`. So a run with threads is as repeatable as one without.

A thread that waits by other means, such as a `threading.Lock`, cannot be seen to rest: after a call into the
loop it is given a moment, and then the loop runs on beside it. Nor does it rest at a condition while there are
threads that the loop did not start, which might wake it: then it waits in real time.

So a thread begins when the loop has nothing else to do: what it prints first comes after the turns of
the tasks that are ready. On a real loop it begins at once, and mostly prints before the next task's
turn; no program can rely on either.

But a free thread has taken its job as soon as there is one: when the job is submitted, or when the thread ends the
job before. A real one nearly always has: it needs a moment less for that than the loop for hearing of it. A job that
is taken is begun, whoever cancels its future meanwhile. Only those that no thread was free for can be withdrawn.

A pool keeps its threads from job to job, as a real one does: what belongs to a thread (a
`threading.local`, a connection of sqlite3) is still there in the next job of a pool with one thread.

Threads send letters to the loop: each says who sent it, and what is wanted.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import queue
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.recorder.asyncio_internals import Condition, thread_initializer, threadsafe_future
from helpers.recorder.learners_code import frames_of_threads, learners_place
from helpers.recording import Place
from helpers.virtual.outside import inside
from helpers.virtual.outside import leave as leave_loop
from helpers.virtual.time_module import REAL_TIME, Clock, in_charge_of_time
from helpers.virtual.time_module import leave as leave_time
from helpers.words import listed

if TYPE_CHECKING:
    from helpers.virtual.loop import VirtualTimeLoop

WORKERS = 32                # threads of the default pool; on a real loop min(32, number of cores + 4)
PATIENCE = 10.0             # real seconds for which a thread may work before it rests
MOMENT = 0.1                # real seconds for which it may, after a call into the loop, before the loop runs on


class StuckThread(RuntimeError):
    """A worker thread works, or waits for something outside virtual time, and does not come to rest."""


class _Abandoned(BaseException):
    """Ends a thread whose loop is closed."""


# -- what a thread may wish ---------------------------------------------------------------------------

class Sleep(NamedTuple):
    """To rest for some seconds."""

    seconds: float


class WaitFor(NamedTuple):
    """To rest until a future is done, or for so many seconds; None: however long it takes."""

    future: concurrent.futures.Future[Any]
    timeout: float | None


class WaitOn(NamedTuple):
    """To rest until a condition lets go of the waiter, or for so many seconds; None: however long it takes."""

    waiter: Waiter
    timeout: float | None


class End(NamedTuple):
    """To be no more: its function has returned, or raised."""


class GoOn(NamedTuple):
    """Not to rest: it has called into the loop, which should know."""


Wish = Sleep | WaitFor | WaitOn | End | GoOn


class Letter(NamedTuple):
    """What a thread tells the loop."""

    job: Job
    wish: Wish


class Waiter:
    """What a condition of `threading` releases in order to wake a worker thread, in place of a lock."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        self.loop = loop
        self.released = False
        self._lock = threading.Lock()
        self._callback: Callable[[], object] | None = None

    def release(self) -> None:
        with self._lock:
            if self.released:
                raise RuntimeError("release unlocked lock")         # as a lock's: then the condition wakes another
            self.released = True
        if self._callback is not None:
            self.loop.wake(self._callback)

    def when_released(self, callback: Callable[[], object]) -> None:
        """Have the loop call this once it is released."""
        with self._lock:
            self._callback = callback
            released = self.released
        if released:
            callback()


# -- one thread ---------------------------------------------------------------------------------------

class Job(Clock):
    """A function that runs in a thread of its own. It is the clock of that thread."""

    worker: Worker                                  # in which it runs, once it has started
    outcome: tuple[Any, BaseException | None]       # once it has ended: what it returned, or raised
    real_time = REAL_TIME - {"threading", "queue", "concurrent"}        # these wait in virtual time here

    def __init__(self, threads: Threads, func: Callable, args: tuple, pool: ThreadPoolExecutor | None) -> None:
        self.threads, self.func, self.args, self.pool = threads, func, args, pool
        self.future = threads.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None       # while it sleeps
        self.go: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.resting = self.abandoned = self.told = False
        self.slot: int | None = None        # the number of the thread that has taken it; None while none was free
        self.now = threads.loop.time_ns()       # a thread's time goes on even while the loop is blocked

    def time_ns(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        """What `time.sleep` does in this thread."""
        self.rest(Sleep(seconds))

    def stands_still(self, reads: int, place: Place | None) -> None:
        self.threads.loop.stands_still(reads, place)

    def stays_real(self, what: str, place: Place | None) -> None:
        self.threads.loop.stays_real(what, place)

    def rest(self, wish: Wish) -> None:
        """Have the loop fulfil a wish, and wait until it has."""
        if self.told:                       # it went on all the same: let it stand still for ever
            leave_time()
            leave_loop()
            threading.Event().wait()
        if not self.abandoned:
            self.resting = True
            self.threads.mail.put(Letter(self, wish))
            self.go.get()
            self.resting = False
        if self.abandoned:
            self.told = True
            raise _Abandoned

    def answer(self, future: concurrent.futures.Future, method: str, timeout: float | None = None) -> Any:
        """What `future.result(timeout)` and `future.exception(timeout)` do in this thread, in virtual time."""
        if threading.get_ident() == self.worker.thread.ident:
            if not future.done():
                self.rest(WaitFor(future, timeout))
            timeout = 0
        return getattr(concurrent.futures.Future, method)(future, timeout)

    def wait_on(self, condition: Condition, timeout: float | None, real: bool) -> bool:
        """What `condition.wait(timeout)` does in this thread: in virtual time, or, if `real`, in real time.

        A real wait that was in vain takes virtual time, too, or who waits for the rest of a time would do so for ever.
        """
        if not condition._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        waiter = Waiter(self.threads.loop)
        lock = threading.Lock()
        lock.acquire()
        condition._waiters.append(lock if real else waiter)
        saved = condition._release_save()
        woken = False
        try:
            if real:
                seconds = -1 if timeout is None else min(max(timeout, 0), threading.TIMEOUT_MAX)
                woken = lock.acquire(timeout=seconds)
                if not woken and seconds:
                    self.rest(Sleep(seconds))
            elif timeout is None or timeout > 0:
                self.rest(WaitOn(waiter, timeout))
            return woken or waiter.released
        finally:
            condition._acquire_restore(saved)
            if not (woken or waiter.released):
                with contextlib.suppress(ValueError):
                    condition._waiters.remove(lock if real else waiter)

    def start(self, worker: Worker) -> None:
        """Work in a thread of the pool, from when it is free."""
        self.worker = worker
        self.now = max(self.now, worker.free_since)
        worker.jobs.put(self)

    def run(self, initialize: Callable[[], object] | None) -> None:
        """What the thread does with it."""
        try:
            with in_charge_of_time(self), inside(self.threads.loop):
                if initialize is not None:
                    initialize()
                self.outcome = self.func(*self.args), None
        except BaseException as error:
            self.outcome = None, error
            self = None                 # type: ignore[assignment]  # the traceback keeps this frame: no circle


class Worker:
    """A thread of a pool, which does one job after another. So what belongs to a thread stays from job to job.

    slot        its number in the pool
    free_since  nanoseconds; when its last job ended
    """

    def __init__(self, threads: Threads, pool: ThreadPoolExecutor | None, slot: int) -> None:
        self.threads, self.pool, self.slot = threads, pool, slot
        self.free_since = 0
        self.jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        prefix = getattr(pool, "_thread_name_prefix", "asyncio")
        self.thread = threading.Thread(target=self._run, name=f"{prefix}_{slot}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        initialize = None if self.pool is None else thread_initializer(self.pool)
        while (job := self.jobs.get()) is not None:
            job.run(initialize)
            initialize = None
            self.threads.mail.put(Letter(job, End()))
            del job                         # or it would stay until the next one comes


# -- all threads of a loop ----------------------------------------------------------------------------

class Threads:
    """The worker threads of one virtual loop."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        self.loop = loop
        self.mail: queue.SimpleQueue[Letter] = queue.SimpleQueue()
        self._queued: deque[Job] = deque()
        self._started: dict[Job, None] = {}                     # neither queued nor done
        self._running = 0                                       # of these, how many do not rest
        self._workers: dict[Any, dict[int, Worker]] = {}        # pool -> its threads by their numbers
        self.at_work: Job | None = None                         # the job that the loop waits for
        self._none_left: asyncio.Future | None = None
        self._ends: list[concurrent.futures.Future[None]] = []  # for which a shutdown waits: set when a job ends
        self._shut: weakref.WeakSet[ThreadPoolExecutor] = weakref.WeakSet()

    def submit(self, func: Callable, args: tuple, pool: ThreadPoolExecutor | None) -> asyncio.Future:
        """Queue a function for the pool, None for the default one; the future gives its result."""
        if pool in self._shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        job = Job(self, func, args, pool)
        self._queued.append(job)
        self._take(pool)
        return job.future

    def _take(self, pool: ThreadPoolExecutor | None) -> None:
        """Have the free threads of a pool take the jobs that wait for it, in their order."""
        taken = {job.worker.slot for job in self._started if job.pool is pool}
        taken |= {job.slot for job in self._queued if job.pool is pool and job.slot is not None}
        for job in self._queued:
            if job.pool is pool and job.slot is None and not job.future.cancelled():
                if len(taken) >= getattr(pool, "_max_workers", WORKERS):
                    break
                job.slot = min(set(range(len(taken) + 1)) - taken)
                taken.add(job.slot)

    def _unfinished(self, pool: ThreadPoolExecutor | None = None) -> list[Job]:
        """The jobs that will run, or do; of one pool, or of all."""
        return [job for job in (*self._started, *self._queued) if pool in (None, job.pool)
                and (job in self._started or job.slot is not None or not job.future.cancelled())]

    async def all_done(self) -> None:
        """Wait until no job is queued or started."""
        while self._unfinished():
            self._none_left = self.loop.create_future()
            await self._none_left

    def shut(self, pool: ThreadPoolExecutor, wait: bool, cancel: bool) -> None:
        """What `pool.shutdown` does on the loop: it blocks the loop until the pool's jobs are done, in virtual time.

        Raises StuckThread if one waits for the loop, which waits for it: in real life, that is for ever.
        """
        self._close(pool, cancel)
        latest = self.loop.time_ns()
        while wait:
            jobs = self._unfinished(pool)
            if not jobs:
                break
            if not self.work():
                asleep = [job for job in self._started if job.timer is not None and not job.timer.cancelled()]
                if not asleep:
                    raise StuckThread("the shutdown of a pool blocks the loop until its threads are done, and one of "
                                      "them waits for the loop" + "".join(f"\n  - {line}" for line in self.report()))
                first = min(asleep, key=lambda job: job.now)
                if first.timer is not None:
                    first.timer.cancel()
                self._resume(first)
            latest = max([latest, *(job.now for job in jobs)])
        if latest > self.loop.time_ns():
            self.loop.advance((latest - self.loop.time_ns()) / 1e9)

    def shut_in_thread(self, pool: ThreadPoolExecutor, wait: bool, cancel: bool) -> None:
        """What `pool.shutdown` does in one of the worker threads: that thread rests until the pool's jobs are done.

        Raises RuntimeError, as the real one does, in a thread of this very pool, which would wait for itself.
        """
        job = self.caller()
        self._close(pool, cancel)
        while wait and job is not None and any(other is not job for other in self._unfinished(pool)):
            end: concurrent.futures.Future[None] = concurrent.futures.Future()
            self._ends.append(end)
            job.rest(WaitFor(end, None))
        if wait and job is not None and job.pool is pool:
            raise RuntimeError("cannot join current thread")

    def _close(self, pool: ThreadPoolExecutor, cancel: bool) -> None:
        """Have a pool take no more jobs, and with `cancel` withdraw those that no thread has taken."""
        self._shut.add(pool)
        for job in self._queued:
            if job.pool is pool and job.slot is None and cancel:
                job.future.cancel()

    def abandon(self) -> None:
        """End the threads that rest; one that is at work ends when it would rest."""
        self._queued.clear()
        for job in self._started:
            job.abandoned = True
            if job.resting:
                job.go.put(None)
        workers = [worker for pool in self._workers.values() for worker in pool.values()]
        for worker in workers:
            worker.jobs.put(None)
        busy = {job.worker for job in self._started if not job.resting}
        for worker in workers:
            if worker not in busy:
                worker.thread.join(MOMENT)
        self._workers.clear()
        self._started.clear()
        self._running = 0

    def caller(self) -> Job | None:
        """The job whose thread this is."""
        thread = threading.get_ident()
        return next((job for job in list(self._started) if job.worker.thread.ident == thread), None)

    def called(self, job: Job, callback: Callable) -> None:
        """Note that a job's thread has made `callback` ready on the loop."""
        future = threadsafe_future(callback)
        if future is not None:                  # asking for its result, or its exception, is resting
            for method in ("result", "exception"):
                setattr(future, method, functools.partial(job.answer, future, method))
        self.mail.put(Letter(job, GoOn()))

    def work(self) -> bool:
        """Let a thread work until it rests; False if there is nothing for a thread to do now."""
        if not self._running and not self._start_next():
            return False
        letter = self._next_letter()
        self.at_work = None
        if letter is not None:
            self._running -= 1
            self._fulfil(letter.job, letter.wish)
        return True

    def _next_letter(self) -> Letter | None:
        """Wait, for real, until a thread rests. None if one has called into the loop, and does not rest."""
        called = False
        while True:
            try:
                letter = self.mail.get(timeout=min(MOMENT, PATIENCE) if called else PATIENCE)
            except queue.Empty:
                if called:
                    return None
                message = self._complaint()
                self.abandon()
                raise StuckThread(message) from None
            except KeyboardInterrupt:           # whoever presses stop does not wait for it once more, at the end
                self.at_work = None
                self.abandon()
                raise
            if letter.job.abandoned:
                continue
            if not isinstance(letter.wish, GoOn):
                return letter
            called = True

    def _fulfil(self, job: Job, wish: Wish) -> None:
        match wish:
            case Sleep(seconds):
                job.now += max(round(seconds * 1e9), 1 if seconds > 0 else 0)
                job.timer = self.loop.call_at_ns(job.now, self._resume, job)
            case WaitFor(future, timeout):
                self._rest_until(job, future.add_done_callback, timeout)
            case WaitOn(waiter, timeout):
                self._rest_until(job, waiter.when_released, timeout)
            case End():
                del self._started[job]
                job.worker.free_since = job.now
                self._take(job.pool)
                self._deliver(job)
                ends, self._ends = self._ends, []
                for end in ends:
                    end.set_result(None)
                if self._none_left is not None and not self._none_left.done():
                    self._none_left.set_result(None)

    def _start_next(self) -> bool:
        for job in list(self._queued):
            slot = job.slot
            if slot is not None:
                self._queued.remove(job)
                workers = self._workers.setdefault(job.pool, {})
                if slot not in workers:
                    workers[slot] = Worker(self, job.pool, slot)
                job.start(workers[slot])
                self.at_work = job
                self._started[job] = None
                self._running += 1
                return True
            if job.future.cancelled():
                self._queued.remove(job)
        return False

    def _resume(self, job: Job) -> None:
        job.timer = None
        if not job.abandoned:
            self._running += 1
            self.at_work = job
            job.go.put(None)
            self.work()

    def _rest_until(self, job: Job, when: Callable[[Callable[..., object]], object], timeout: float | None) -> None:
        """Resume a thread when it is called back, or after some seconds. `when` is told what to call."""
        resumed = False

        def resume(_=None) -> None:
            nonlocal resumed
            if not resumed:
                resumed = True
                if timer is not None:
                    timer.cancel()
                job.now = max(job.now, self.loop.time_ns())
                self.loop.call_soon(self._resume, job)

        timer = None if timeout is None else self.loop.call_at(job.now / 1e9 + timeout, resume)
        when(resume)

    def _deliver(self, job: Job) -> None:
        value, error = job.outcome
        del job.outcome
        if job.future.cancelled():
            return
        if isinstance(error, StopIteration):
            error = RuntimeError("a function in a worker thread raised StopIteration")
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(value)

    def _complaint(self) -> str:
        frames = frames_of_threads()
        places = [str(place) for job in self._started
                  if (place := learners_place(frames.get(job.worker.thread.ident or 0))) is not None]
        return ("a worker thread has worked, or waited for something that is not in virtual time, "
                f"for {PATIENCE:g} s of real time" + (f", at {listed(places)}" if places else "")
                + ": virtual time goes on when the thread is done or calls time.sleep")

    def report(self) -> list[str]:
        """Of each thread that rests, that it waits, and where; for a deadlock, so none of them sleeps."""
        frames = frames_of_threads()
        lines = []
        for job in self._started:
            place = learners_place(frames.get(job.worker.thread.ident or 0))
            if job.resting and place is not None:
                lines.append(f"the thread {job.worker.thread.name} waits at {place}")
        return lines
