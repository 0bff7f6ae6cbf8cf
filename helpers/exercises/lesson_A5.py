"""The exercises and questions of notebook A5: every core. In the checks, threads stand for the processes of a pool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from helpers.checker import Exercise, Mistake, any_order, cancelled, predict, require


class PriceList(NamedTuple):
    """A price list: what its prices add up to, in cents, and how many seconds it takes to read it."""

    total: int
    seconds: float
    error: Exception | None = None


class Reader:
    """`read` is the blocking function. `begun` has the lists that it was called with, `ended` counts those it read."""

    def __init__(self) -> None:
        self.begun: list[PriceList] = []
        self.ended = 0

    def read(self, prices: PriceList) -> int:
        """The sum of the prices. Holds its thread until it is known."""
        self.begun.append(prices)
        time.sleep(prices.seconds)
        self.ended += 1
        if prices.error is not None:
            raise prices.error
        return prices.total


def lists_of(*seconds: float) -> list[PriceList]:
    return [PriceList(300 + 10 * number, each) for number, each in enumerate(seconds, 1)]


async def in_use_still(pool: ThreadPoolExecutor) -> None:
    """Demand that the answer has not shut the pool down."""
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(pool, int)
    except RuntimeError:
        require(False, "error", "the pool was shut down", "it stays open: others use it, too")


# -- out of the loop, in order, and withdrawn ------------------------------------------------------------------------

WITHDRAW = ("Keep what run_in_executor gives in a list, and cancel each of these in a finally: that withdraws what no "
            "process has begun.")

read_all = Exercise(
    lesson="A5",
    title="Read all lists, or withdraw the rest",
    task="""
        Write `read_all(pool, read, lists)`: it has the pool call `read(prices)` for each of `lists`, all handed over at
        once, and returns the sums in the order of `lists`. The loop stays free. If a call fails, its exception comes
        out as soon as it is known. Then, and also if `read_all` is cancelled, the calls that have not begun are
        withdrawn. The pool stays open then, too. Hand the calls over with `loop.run_in_executor`: the check runs in
        virtual time, where threads stand for the processes of the pool.
        """,
    starter="""
        async def read_all(pool, read, lists):
            ...                                 # your code here
        """,
    hints=[
        "loop.run_in_executor(pool, read, prices) hands one call over, and returns a future at once.",
        "gather waits for all futures, keeps their order, and raises the first exception. What does it do to the "
        "others then? To cancel a future that run_in_executor gave withdraws its call.",
        """
        Fill in the dots:
            loop = asyncio.get_running_loop()
            jobs = [... for prices in lists]
            try:
                return await asyncio.gather(*jobs)
            finally:
                for job in jobs:
                    ...
        """,
    ],
    solution="""
        async def read_all(pool, read, lists):
            loop = asyncio.get_running_loop()
            jobs = [loop.run_in_executor(pool, read, prices) for prices in lists]
            try:
                return await asyncio.gather(*jobs)
            finally:
                for job in jobs:
                    job.cancel()
        """,
    why="gather keeps the order and raises the first exception, and the finally withdraws what has not begun; to "
        "cancel a future that is done changes nothing.",
    follow_up="What happens to a call that has begun already when read_all is cancelled, and who takes its result?",
    mistakes=[
        Mistake("left behind", "in a finally", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                return await asyncio.gather(*[loop.run_in_executor(pool, read, prices) for prices in lists])
            """),
        Mistake("sequential", "Hand over all", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                return [await loop.run_in_executor(pool, read, prices) for prices in lists]
            """),
        Mistake("blocked", "without parentheses", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                return await asyncio.gather(*[loop.run_in_executor(pool, read(prices)) for prices in lists])
            """),
        Mistake("blocked", "run_in_executor", """
            async def read_all(pool, read, lists):
                return [read(prices) for prices in lists]
            """),
        Mistake("own thread", "loop.run_in_executor", """
            async def read_all(pool, read, lists):
                return list(pool.map(read, lists))
            """),
        Mistake("own thread", "loop.run_in_executor", """
            async def read_all(pool, read, lists):
                jobs = [pool.submit(read, prices) for prices in lists]
                return [job.result() for job in jobs]
            """),
        Mistake("concurrent", "in the pool", """
            async def read_all(pool, read, lists):
                return await asyncio.gather(*[asyncio.to_thread(read, prices) for prices in lists])
            """),
        Mistake("concurrent", "in the pool", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                jobs = [loop.run_in_executor(None, read, prices) for prices in lists]
                try:
                    return await asyncio.gather(*jobs)
                finally:
                    for job in jobs:
                        job.cancel()
            """),
        Mistake("order", "as_completed", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                jobs = [loop.run_in_executor(pool, read, prices) for prices in lists]
                try:
                    return [await job for job in asyncio.as_completed(jobs)]
                finally:
                    for job in jobs:
                        job.cancel()
            """),
        Mistake("error", "Leave the pool open", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                with pool:
                    return await asyncio.gather(*[loop.run_in_executor(pool, read, prices) for prices in lists])
            """),
        Mistake("forgotten await", "await", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                return asyncio.gather(*[loop.run_in_executor(pool, read, prices) for prices in lists])
            """),
        Mistake("no exception", "return_exceptions", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                jobs = [loop.run_in_executor(pool, read, prices) for prices in lists]
                return await asyncio.gather(*jobs, return_exceptions=True)
            """),
        Mistake("wrong exception", "wraps it", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                async def one(prices):
                    return await loop.run_in_executor(pool, read, prices)
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one(prices)) for prices in lists]
                return [task.result() for task in tasks]
            """),
        Mistake("slow", "as soon as it is known", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                jobs = [loop.run_in_executor(pool, read, prices) for prices in lists]
                try:
                    return [await job for job in jobs]
                finally:
                    for job in jobs:
                        job.cancel()
            """),
        Mistake("left behind", "in a finally", """
            async def read_all(pool, read, lists):
                loop = asyncio.get_running_loop()
                jobs = [loop.run_in_executor(pool, read, prices) for prices in lists]
                try:
                    return await asyncio.gather(*jobs)
                except asyncio.CancelledError:
                    for job in jobs:
                        job.cancel()
                    raise
            """),
    ],
    advice={
        "blocked": "Let the pool make the call, with loop.run_in_executor(pool, read, prices): read stands there "
                   "without parentheses, which would call it here, on the loop.",
        "sequential": "Hand over all calls before you await the first result: the pool runs as many at once as it has "
                      "processes.",
        "own thread": "Hand the calls to the pool with loop.run_in_executor, and await what it gives.",
        "concurrent": "Run the calls in the pool that you are given: its size is the limit that its owner has set.",
        "order": "Let gather collect the results: it keeps the order of what it is given, and as_completed does not.",
        "left behind": WITHDRAW,
        "error: pool was shut down": "Leave the pool open: withdraw your own calls, by cancelling what run_in_executor "
                                     "gave for them.",
        "no exception": "Leave return_exceptions out: with it, an exception becomes a result.",
        "wrong exception: ExceptionGroup": "Let the exception of the call itself come out: a TaskGroup wraps it in an "
                                           "ExceptionGroup.",
        "slow": "Wait for all of them together, as gather does, so that an exception comes out as soon as it is known.",
    },
)


async def read_with(answer: Callable[..., Any], lists: list[PriceList], processes: int) -> Any:
    pool = ThreadPoolExecutor(processes)
    sums = await answer(pool, Reader().read, lists)
    if isinstance(sums, list):
        await in_use_still(pool)
    return sums


@read_all.case(returns=[310, 320, 330], elapsed=0.6)
async def one_process(answer):
    """Three lists of 0.2 s each, and a pool of one process."""
    return await read_with(answer, lists_of(0.2, 0.2, 0.2), 1)


@read_all.case(returns=[310, 320, 330, 340], elapsed=any_order([0.4, 0.1, 0.2, 0.1], at_once=2), drawn=True)
async def two_processes(answer):
    """Four lists of 0.4, 0.1, 0.2 and 0.1 s, and a pool of two processes."""
    return await read_with(answer, lists_of(0.4, 0.1, 0.2, 0.1), 2)


@read_all.case()
async def one_fails(answer):
    """The second of six lists fails after 0.1 s, while the first still takes 0.3 s more; there are two processes. Then
    the check waits for 2 s."""
    clock, reader, pool = asyncio.get_running_loop().time, Reader(), ThreadPoolExecutor(2)
    lists = lists_of(0.4, 0.1, 0.2, 0.2, 0.2, 0.2)
    lists[1] = PriceList(0, 0.1, ValueError("no number"))
    began, result, raised = clock(), None, None
    try:
        result = await answer(pool, reader.read, lists)
    except Exception as error:
        raised = error
    seconds = round(clock() - began, 6)
    await asyncio.sleep(2)
    require(raised is not None, "no exception", f"the result is {result!r}",
            "the ValueError of the second call comes out")
    require(isinstance(raised, ValueError), "wrong exception", f"{type(raised).__name__} came out",
            "the ValueError of the call itself comes out")
    require(seconds == 0.1, "slow", f"the exception came out after {seconds:g} s", "it comes out after 0.1 s")
    late = [prices for prices in reader.begun if prices in lists[3:]]       # the third may have begun in time
    require(not late, "left behind", f"after the exception, {len(late)} of the waiting calls were begun",
            "calls that have not begun are withdrawn")
    await in_use_still(pool)


@read_all.case()
async def cancelled_read(answer):
    """read_all is cancelled after 0.3 s: the second of five lists, of 0.2 s each, is being read. There is one
    process. Then the check waits for 2 s."""
    reader, pool = Reader(), ThreadPoolExecutor(1)
    await cancelled(answer(pool, reader.read, lists_of(*[0.2] * 5)), after=0.3)
    await asyncio.sleep(2)
    late = len(reader.begun) - 2
    require(late == 0, "left behind", f"after the cancellation, {late} more calls were begun",
            "calls that have not begun are withdrawn")
    await in_use_still(pool)


# -- so many in flight -----------------------------------------------------------------------------------------------

AHEAD = ("Take a list out of the iterator only when there is room for it: acquire a semaphore before next, or let "
         "at_once workers share the iterator, each taking a list when it has the answer to its last one.")
FREE = ("Take the next list as soon as any call has ended: a batch, or a queue in the order of the lists, waits for "
        "the slowest.")

read_stream = Exercise(
    lesson="A5",
    title="Limit what is in flight",
    task="""
        Write `read_stream(pool, read, lists, at_once)`: it has the pool call `read(prices)` for each of `lists`, with
        `loop.run_in_executor`, and returns the sums in the order of `lists`. `lists` is an iterator. A list takes up
        memory from when you take it out of the iterator until its call has ended. At no time may that be more than
        `at_once` lists, and while there are lists left, it is as many as that. The pool may have more processes, or
        fewer. No call fails. If `read_stream` is cancelled, it takes no more lists. (The check runs in virtual time;
        there, threads stand for the processes of the pool.)
        """,
    starter="""
        async def read_stream(pool, read, lists, at_once):
            ...                                 # your code here
        """,
    hints=[
        "A semaphore limits the calls. But when has each task taken its list out of the iterator?",
        "Start at_once workers. Each takes a list from the same iterator, hands it over, waits for the answer, and "
        "then takes the next.",
        "To give the sums back in order, number the lists: numbered = enumerate(lists), once, for all workers.",
        """
        Fill in the dots:
            loop, numbered, sums = asyncio.get_running_loop(), enumerate(lists), {}

            async def work():
                for number, prices in ...:
                    sums[number] = await ...

            async with asyncio.TaskGroup() as group:
                for _ in range(...):
                    group.create_task(work())
            return [sums[number] for number in sorted(sums)]
        """,
    ],
    solution="""
        async def read_stream(pool, read, lists, at_once):
            loop, numbered, sums = asyncio.get_running_loop(), enumerate(lists), {}

            async def work():
                for number, prices in numbered:
                    sums[number] = await loop.run_in_executor(pool, read, prices)

            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(work())
            return [sums[number] for number in sorted(sums)]
        """,
    why="All workers share one iterator, so a list is taken when one of them is free, and the numbers restore the "
        "order.",
    follow_up="Make it an asynchronous generator, which yields each sum in the order of the lists. What limits the "
              "sums that wait for a slow list before them?",
    mistakes=[
        Mistake("peak", "share the iterator", """
            async def read_stream(pool, read, lists, at_once):
                loop = asyncio.get_running_loop()
                return await asyncio.gather(*[loop.run_in_executor(pool, read, prices) for prices in lists])
            """),
        Mistake("peak", "share the iterator", """
            async def read_stream(pool, read, lists, at_once):
                loop, slots = asyncio.get_running_loop(), asyncio.Semaphore(at_once)
                async def one(prices):
                    async with slots:
                        return await loop.run_in_executor(pool, read, prices)
                return await asyncio.gather(*[one(prices) for prices in lists])
            """),
        Mistake("slow", "as soon as any call has ended", """
            async def read_stream(pool, read, lists, at_once):
                loop, sums = asyncio.get_running_loop(), []
                batch = []
                for prices in lists:
                    batch.append(loop.run_in_executor(pool, read, prices))
                    if len(batch) == at_once:
                        sums += await asyncio.gather(*batch)
                        batch = []
                return sums + await asyncio.gather(*batch)
            """),
        Mistake("slow", "as soon as any call has ended", """
            async def read_stream(pool, read, lists, at_once):
                from collections import deque
                loop, window, sums = asyncio.get_running_loop(), deque(), []
                for prices in lists:
                    window.append(loop.run_in_executor(pool, read, prices))
                    if len(window) == at_once:
                        sums.append(await window.popleft())
                while window:
                    sums.append(await window.popleft())
                return sums
            """),
        Mistake("peak", "share the iterator", """
            async def read_stream(pool, read, lists, at_once):
                loop, window, sums = asyncio.get_running_loop(), [], []
                for prices in lists:
                    if len(window) == at_once:
                        sums.append(await window.pop(0))
                    window.append(loop.run_in_executor(pool, read, prices))
                return sums + await asyncio.gather(*window)
            """),
        Mistake("sequential", "at_once workers", """
            async def read_stream(pool, read, lists, at_once):
                loop = asyncio.get_running_loop()
                return [await loop.run_in_executor(pool, read, prices) for prices in lists]
            """),
        Mistake("order", "number the lists", """
            async def read_stream(pool, read, lists, at_once):
                loop, sums = asyncio.get_running_loop(), []
                async def work():
                    for prices in lists:
                        sums.append(await loop.run_in_executor(pool, read, prices))
                await asyncio.gather(*[work() for _ in range(at_once)])
                return sums
            """),
        Mistake("value", "once, for all workers", """
            async def read_stream(pool, read, lists, at_once):
                loop, sums = asyncio.get_running_loop(), {}
                async def work():
                    for number, prices in enumerate(lists):
                        sums[number] = await loop.run_in_executor(pool, read, prices)
                await asyncio.gather(*[work() for _ in range(at_once)])
                return [sums[number] for number in sorted(sums)]
            """),
        Mistake("blocked", "run_in_executor", """
            async def read_stream(pool, read, lists, at_once):
                return [read(prices) for prices in lists]
            """),
        Mistake("own thread", "loop.run_in_executor", """
            async def read_stream(pool, read, lists, at_once):
                return list(pool.map(read, lists))
            """),
        Mistake("concurrent", "in the pool", """
            async def read_stream(pool, read, lists, at_once):
                numbered, sums = enumerate(lists), {}
                async def work():
                    for number, prices in numbered:
                        sums[number] = await asyncio.to_thread(read, prices)
                await asyncio.gather(*[work() for _ in range(at_once)])
                return [sums[number] for number in sorted(sums)]
            """),
        Mistake("left behind", "TaskGroup", """
            async def read_stream(pool, read, lists, at_once):
                loop, numbered, sums = asyncio.get_running_loop(), enumerate(lists), {}
                async def work():
                    for number, prices in numbered:
                        sums[number] = await loop.run_in_executor(pool, read, prices)
                workers = [asyncio.create_task(work()) for _ in range(at_once)]
                await asyncio.wait(workers)
                return [sums[number] for number in sorted(sums)]
            """),
    ],
    advice={
        "blocked": "Let the pool make the call, with loop.run_in_executor(pool, read, prices): read stands there "
                   "without parentheses, which would call it here, on the loop.",
        "own thread": "Hand the calls to the pool with loop.run_in_executor, and await what it gives.",
        "concurrent": "Run the calls in the pool that you are given: its size is the limit that its owner has set.",
        "peak": AHEAD,
        "slow": FREE,
        "sequential": "Start at_once workers, which share the iterator: so many calls are under way at the same time.",
        "order": "Calls end in another order than they begin: number the lists, and sort the sums by these numbers.",
        "value": "Number the lists with one enumerate, made once, for all workers: then each list has a number of its "
                 "own.",
        "left behind": "Start the workers in a TaskGroup, or await them with gather: both cancel them when read_stream "
                       "is cancelled.",
    },
)


class Stream:
    """An iterator of lists that notes how many were taken and had not been read, at most."""

    def __init__(self, lists: list[PriceList], reader: Reader) -> None:
        self._left, self._reader, self.taken, self.most = iter(lists), reader, 0, 0

    def __iter__(self) -> Iterator[PriceList]:
        return self

    def __next__(self) -> PriceList:
        prices = next(self._left)
        self.taken += 1
        self.most = max(self.most, self.taken - self._reader.ended)
        return prices


async def stream_with(answer: Callable[..., Any], lists: list[PriceList], processes: int, at_once: int) -> Any:
    reader, pool = Reader(), ThreadPoolExecutor(processes)
    stream = Stream(lists, reader)
    sums = await answer(pool, reader.read, stream, at_once)
    require(stream.most <= at_once, "peak", f"{stream.most} lists were taken whose calls had not ended",
            f"{at_once} at most")
    return sums


@read_stream.case(returns=[310, 320, 330, 340, 350, 360], elapsed=0.6)
async def two_in_flight(answer):
    """Six lists of 0.2 s each; two may be in flight, and the pool has four processes."""
    return await stream_with(answer, lists_of(*[0.2] * 6), 4, 2)


@read_stream.case(returns=[310, 320, 330, 340, 350, 360, 370], elapsed=0.4, drawn=True)
async def one_slow(answer):
    """Seven lists, the first of 0.4 s, the others of 0.1 s each; three may be in flight, and the pool has four
    processes."""
    return await stream_with(answer, lists_of(0.4, *[0.1] * 6), 4, 3)


@read_stream.case(returns=[310, 320, 330, 340], elapsed=0.8)
async def small_pool(answer):
    """Four lists of 0.2 s each; three may be in flight, and the pool has one process."""
    return await stream_with(answer, lists_of(*[0.2] * 4), 1, 3)


@read_stream.case(returns=[], elapsed=0)
async def no_lists(answer):
    """There is no list."""
    return await stream_with(answer, [], 2, 2)


@read_stream.case()
async def cancelled_stream(answer):
    """read_stream is cancelled after 0.3 s, when it has taken four lists of 0.2 s each; two may be in flight."""
    reader, pool = Reader(), ThreadPoolExecutor(4)
    stream = Stream(lists_of(*[0.2] * 10), reader)
    await cancelled(answer(pool, reader.read, stream, 2), after=0.3)
    await asyncio.sleep(3)
    require(stream.taken <= 4, "left behind", f"after the cancellation, {stream.taken - 4} more lists were taken",
            "it takes no more lists")


# -- questions -------------------------------------------------------------------------------------------------------

predict_late = predict(
    "A thread reads a price list for half a second, in plain Python. The loop has nothing to do but wake up every 5 "
    "milliseconds. What becomes of that?",
    {
        "it wakes up in time: the thread has a core of its own":
            "The thread may be on another core. But what does the loop need in order to run its own Python code?",
        "it wakes up late, each time a little":
            "It has to wait until Python takes the GIL away from the thread that computes.",
        "it does not wake up until the list is read":
            "That is what computing on the loop itself does. Python takes the GIL away from a thread that computes.",
    },
    right="it wakes up late, each time a little",
)

predict_arrive = predict(
    "The pool's process was started with spawn. It gets these bytes, which name `cheapest` in `__main__`. What "
    "happens?",
    {
        "it calls `cheapest`": "The bytes hold a name, and no code. What is in the `__main__` of a process that began "
                               "with an empty Python?",
        "the pickling fails, here, before anything is sent":
            "The pickling is done: you have seen the bytes. The name is looked up where they arrive.",
        "it finds no `cheapest`": "Its `__main__` is another one, in which your cells have not run.",
    },
    right="it finds no `cheapest`",
)

predict_lock = predict(
    "While a thread holds a lock, the process is forked. In this process the thread soon lets go of the lock. Does "
    "the child get the lock?",
    {
        "yes, once the thread has let go": "The thread lets go of the lock of this process. Who lets go of the copy?",
        "yes, at once: a copy is a new lock": "The copy is made of the whole memory, as it is at that moment.",
        "no": "fork copies the memory, with a lock that is held, and of all threads only the one that forks.",
    },
    right="no",
)

predict_guard = predict(
    "The same script without the line `if __name__ == \"__main__\":`, started with spawn. What happens?",
    {
        "it works as before": "The new process imports the script to find `read_list`. What does an import run?",
        "it starts processes without end": "It would, if Python did not notice that the new process is still starting.",
        "the new process fails while it starts": "It imports the script, comes to `asyncio.run`, and is about to start "
                                                 "processes itself.",
    },
    right="the new process fails while it starts",
)

predict_stop = predict(
    "A timeout of 0.1 s cancels the wait for a call that a process of the pool has begun. What does the process do?",
    {
        "it stops": "Somebody would have to tell it. What is cancelled is the future on this side.",
        "it goes on to the end": "It knows nothing of the timeout. Nobody waits for its result any more.",
        "it raises `CancelledError`": "A cancellation is delivered at an await. Does read_list have one?",
    },
    right="it goes on to the end",
)

predict_close = predict(
    "A coroutine has a block `with ProcessPoolExecutor(1) as own:`. Inside of it, a timeout strikes while the process "
    "is at work. What does the loop do?",
    {
        "it goes on at once": "The end of the block is a plain function call, `own.shutdown()`. What does that wait "
                              "for?",
        "it stands still until the process is done": "The end of the block waits for the process, without an await.",
        "it stands still for ever": "The process works for a while, and then it is done.",
    },
    right="it stands still until the process is done",
)
