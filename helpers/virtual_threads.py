"""Worker threads that take part in virtual time.

A function given to `asyncio.to_thread` runs in a thread of its own, but never while anything else
runs: the loop, having nothing ready, lets one thread go, and waits (for real) until it rests. A
thread rests when it is done, or when it calls `time.sleep`, which sets a timer on the loop. So a
run with threads is as repeatable as one without.

A thread may also call into the loop: while the answer to `run_coroutine_threadsafe` is being made, the
thread counts as resting.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import queue
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from . import waits
from .virtual_clock import in_charge_of_time

WORKERS = 32                # threads of the default pool; on a real loop min(32, number of cores + 4)
PATIENCE = 10.0             # real seconds for which a thread may work before it rests


class StuckThread(RuntimeError):
    """A worker thread works, or waits for something outside virtual time, and does not come to rest."""


class Job:
    """A function that runs in a thread of its own. It is the clock of that thread."""

    def __init__(self, threads: Threads, func: Callable, args: tuple, pool: ThreadPoolExecutor | None) -> None:
        self.threads, self.func, self.args, self.pool = threads, func, args, pool
        self.future = threads.loop.create_future()
        self.go = threading.Semaphore(0)
        self.slot = 0
        self.now = 0                    # nanoseconds; a thread's time goes on even while the loop is blocked

    def time_ns(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        """What `time.sleep` does in this thread."""
        self.threads.mail.put((self, seconds))
        self.go.acquire()

    def start(self, slot: int) -> None:
        self.slot = slot
        self.now = self.threads.loop.time_ns()
        prefix = getattr(self.pool, "_thread_name_prefix", "asyncio")
        self.thread = threading.Thread(target=self._run, name=f"{prefix}_{slot}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.outcome: tuple[Any, BaseException | None]
        try:
            with in_charge_of_time(self):
                initializer = getattr(self.pool, "_initializer", None)
                if initializer is not None:
                    initializer(*self.pool._initargs)
                self.outcome = self.func(*self.args), None
        except BaseException as error:
            self.outcome = None, error
        self.threads.mail.put((self, None))


class Threads:
    """The worker threads of one virtual loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.mail: queue.SimpleQueue = queue.SimpleQueue()      # see work()
        self._queued: deque[Job] = deque()
        self._started: dict[Job, None] = {}                     # neither queued nor done
        self._running = 0                                       # of these, how many do not sleep

    def submit(self, func: Callable, args: tuple, pool: ThreadPoolExecutor | None) -> asyncio.Future:
        """Queue a function for the pool, None for the default one; the future gives its result."""
        job = Job(self, func, args, pool)
        self._queued.append(job)
        return job.future

    def busy(self) -> bool:
        return bool(self._queued or self._started)

    def caller(self) -> Job | None:
        """The job whose thread this is."""
        thread = threading.get_ident()
        return next((job for job in list(self._started) if job.thread.ident == thread), None)

    def called(self, job: Job, callback: Callable) -> None:
        """Note that a job's thread has made `callback` ready on the loop."""
        self.mail.put((job, _answer(callback)))

    def work(self) -> bool:
        """Let a thread work until it rests or calls in; False if there is nothing for a thread to do now.

        Threads write letters to the loop, a pair of themselves and what they do: sleep for some seconds,
        wait for a future that the loop will complete, make a call without waiting (...), or end (None).
        """
        if not self._running and not self._start_next():
            return False
        try:
            job, wish = self.mail.get(timeout=PATIENCE)
        except queue.Empty:
            raise StuckThread(self._complaint()) from None
        if wish is ...:
            return True
        self._running -= 1
        if wish is None:
            del self._started[job]
            self._deliver(job)
        elif isinstance(wish, concurrent.futures.Future):
            wish.add_done_callback(functools.partial(self._answered, job))
        else:
            job.now += round(wish * 1e9)
            self.loop.call_at(job.now / 1e9, self._resume, job)
        return True

    def _start_next(self) -> bool:
        for job in list(self._queued):
            taken = {other.slot for other in self._started if other.pool is job.pool}
            if len(taken) < getattr(job.pool, "_max_workers", WORKERS):
                self._queued.remove(job)
                if job.future.cancelled():
                    continue
                self._started[job] = None
                self._running += 1
                job.start(min(set(range(len(taken) + 1)) - taken))
                return True
        return False

    def _resume(self, job: Job) -> None:
        self._running += 1
        job.go.release()
        self.work()

    def _answered(self, job: Job, future: concurrent.futures.Future) -> None:
        job.now = max(job.now, self.loop.time_ns())
        self._running += 1

    def _deliver(self, job: Job) -> None:
        value, error = job.outcome
        if job.future.cancelled():
            return
        if isinstance(error, StopIteration):
            error = RuntimeError("a function in a worker thread raised StopIteration")
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(value)

    def _complaint(self) -> str:
        frames = sys._current_frames()
        places = [str(place) for job in self._started
                  if (place := waits.learners_place(frames.get(job.thread.ident))) is not None]
        return (f"a worker thread has been busy for {PATIENCE:g} s of real time"
                + (f", at {' and '.join(places)}" if places else "")
                + ": virtual time goes on when the thread is done or calls time.sleep")


def _answer(callback: Callable) -> Any:
    """The future that `run_coroutine_threadsafe` gave to the thread that called it, else `...`."""
    if getattr(callback, "__qualname__", "") == "run_coroutine_threadsafe.<locals>.callback":
        variables = dict(zip(callback.__code__.co_freevars, callback.__closure__))
        return variables["future"].cell_contents
    return ...
