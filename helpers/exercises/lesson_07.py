"""The exercises and questions of notebook 07: blocking the loop."""

import asyncio
import time

from helpers.checker import Exercise, Mistake, any_order, predict, require
from helpers.simulated_io import Shop

# -- so many threads ---------------------------------------------------------------------------------------------


class OldShops:
    """Shops that one can only ask with a blocking call, and how many of them are being asked at the same time."""

    def __init__(self, item: str, latencies: list[float]) -> None:
        self.now = self.most = 0
        self.shops = [OldShop(self, f"old {number}", item, 300 + number, latency)
                      for number, latency in enumerate(latencies, 1)]


class OldShop:
    """A shop with a blocking call, and nothing to await."""

    def __init__(self, all_shops: OldShops, name: str, item: str, cents: int, latency: float) -> None:
        self.name = name
        self.closed = False                 # whether it answers with an error
        self._all = all_shops
        self._shop = Shop(name, latency=latency, prices={item: cents})

    def price_blocking(self, item: str) -> int:
        """The price in cents. Holds the thread until it is there."""
        self._all.now += 1
        self._all.most = max(self._all.most, self._all.now)
        try:
            price = self._shop.price_blocking(item)
            if self.closed:
                raise ConnectionError(f"{self.name} is closed")
            return price
        finally:
            self._all.now -= 1

    def __repr__(self) -> str:
        return f"OldShop({self.name!r})"


ask_old_shops = Exercise(
    lesson="07",
    title="Ask so many at once",
    task="""
        Write `ask_old_shops(shops, item, at_once)`: it asks every shop with the blocking call
        `shop.price_blocking(item)`, and returns the list of prices, in the order of `shops`. At most `at_once` of these
        calls run at the same time, and as many as that while there are shops left. The loop stays free all the time,
        also if a call fails. (The check runs in virtual time, which sees the threads of `asyncio.to_thread` and
        `loop.run_in_executor`, and no others.)
        """,
    setup="import asyncio\nfrom concurrent.futures import ThreadPoolExecutor\nfrom helpers import Shop",
    starter="""
        async def ask_old_shops(shops, item, at_once):
            ...                                 # your code here
        """,
    hints=[
        "The number of threads in a pool is the number of calls that run at the same time. How do you make a pool of "
        "`at_once` threads?",
        "`loop.run_in_executor(pool, function, argument)` hands one call to your pool and returns something to await. "
        "`asyncio.gather` waits for many of them, and keeps their order.",
        "End the pool in a `finally`, with `pool.shutdown(wait=False, cancel_futures=True)`. The end of a `with` block "
        "would wait on the loop until all calls of the pool are over.",
        """
        Fill in the dots:
            loop = asyncio.get_running_loop()
            pool = ThreadPoolExecutor(...)
            try:
                return await asyncio.gather(*[loop.run_in_executor(pool, ..., item) for shop in shops])
            finally:
                ...
        """,
    ],
    solution="""
        async def ask_old_shops(shops, item, at_once):
            loop = asyncio.get_running_loop()
            pool = ThreadPoolExecutor(at_once)
            try:
                return await asyncio.gather(*[loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops])
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        """,
    why="A pool of `at_once` threads takes the calls in their order, and never runs more of them than it has threads. "
        "`shutdown(wait=False, cancel_futures=True)` withdraws the calls in the queue if one has failed, and does not "
        "wait for those that run.",
    follow_up="Write it with `asyncio.to_thread` and an `asyncio.Semaphore`. What happens to the other calls then, if "
              "one fails?",
    mistakes=[
        Mistake("peak", "at the same time", """
            async def ask_old_shops(shops, item, at_once):
                return await asyncio.gather(*[asyncio.to_thread(shop.price_blocking, item) for shop in shops])
            """),
        Mistake("peak", "at the same time", """
            async def ask_old_shops(shops, item, at_once):
                loop = asyncio.get_running_loop()
                pool = ThreadPoolExecutor()
                try:
                    jobs = [loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops]
                    return await asyncio.gather(*jobs)
                finally:
                    pool.shutdown(wait=False, cancel_futures=True)
            """),
        Mistake("blocked", "shutdown(wait=False", """
            async def ask_old_shops(shops, item, at_once):
                loop = asyncio.get_running_loop()
                with ThreadPoolExecutor(at_once) as pool:
                    jobs = [loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops]
                    return await asyncio.gather(*jobs)
            """),
        Mistake("blocked", "shutdown(wait=False", """
            async def ask_old_shops(shops, item, at_once):
                loop = asyncio.get_running_loop()
                pool = ThreadPoolExecutor(at_once)
                try:
                    jobs = [loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops]
                    return await asyncio.gather(*jobs)
                finally:
                    pool.shutdown()
            """),
        Mistake("blocked", "without parentheses", """
            async def ask_old_shops(shops, item, at_once):
                loop = asyncio.get_running_loop()
                with ThreadPoolExecutor(at_once) as pool:
                    jobs = [loop.run_in_executor(pool, shop.price_blocking(item)) for shop in shops]
                    return await asyncio.gather(*jobs)
            """),
        Mistake("blocked", "run_in_executor", """
            async def ask_old_shops(shops, item, at_once):
                return [shop.price_blocking(item) for shop in shops]
            """),
        Mistake("sequential", "Begin all calls", """
            async def ask_old_shops(shops, item, at_once):
                return [await asyncio.to_thread(shop.price_blocking, item) for shop in shops]
            """),
        Mistake("slow", "As soon as a thread is free", """
            async def ask_old_shops(shops, item, at_once):
                prices = []
                for start in range(0, len(shops), 2):
                    few = shops[start:start + 2]
                    prices += await asyncio.gather(*[asyncio.to_thread(shop.price_blocking, item) for shop in few])
                return prices
            """),
        Mistake("slow", "As soon as a thread is free", """
            async def ask_old_shops(shops, item, at_once):
                prices = []
                for start in range(0, len(shops), at_once):
                    few = shops[start:start + at_once]
                    prices += await asyncio.gather(*[asyncio.to_thread(shop.price_blocking, item) for shop in few])
                return prices
            """),
        Mistake("own thread", "virtual time sees", """
            async def ask_old_shops(shops, item, at_once):
                with ThreadPoolExecutor(at_once) as pool:
                    jobs = [asyncio.wrap_future(pool.submit(shop.price_blocking, item)) for shop in shops]
                    return await asyncio.gather(*jobs)
            """),
        Mistake("own thread", "loop.run_in_executor", """
            async def ask_old_shops(shops, item, at_once):
                with ThreadPoolExecutor(at_once) as pool:
                    return list(pool.map(lambda shop: shop.price_blocking(item), shops))
            """),
        Mistake("forgotten await", "await", """
            async def ask_old_shops(shops, item, at_once):
                loop = asyncio.get_running_loop()
                pool = ThreadPoolExecutor(at_once)
                return asyncio.gather(*[loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops])
            """),
    ],
    advice={
        "blocked: ^with |shutdown":
            "End the pool with `pool.shutdown(wait=False, cancel_futures=True)` in a `finally`. Without `wait=False`, "
            "`shutdown` waits on the loop until the threads of the pool are done, and the end of a `with` block "
            "does the same.",
        "blocked": "Let a thread of the pool make the call, with `loop.run_in_executor(pool, function, argument)`. The "
                   "function stands there without parentheses, which would call it here, on the loop.",
        "sequential": "Begin all calls before you await the first one: the pool sees to it that not too many run.",
        "slow": "Hand all calls to a pool of `at_once` threads: as soon as a thread is free, it begins the next one.",
        "own thread": "Hand the calls to the pool with `loop.run_in_executor`, and await what it gives: virtual time "
                      "sees these threads.",
        "peak": "Make a pool of your own, of `at_once` threads, and hand the calls to it with `loop.run_in_executor`.",
    },
)


async def ask(answer, latencies: list[float], item: str, at_once: int):
    old = OldShops(item, latencies)
    prices = await answer(old.shops, item, at_once)
    require(old.most <= at_once, "peak", f"{old.most} shops were being asked at the same time", f"{at_once} at most")
    return prices


@ask_old_shops.case(returns=[301, 302, 303, 304, 305, 306], elapsed=0.9)
async def two_at_once(answer):
    """Six shops, each of which answers after 0.3 s; two may be asked at once: three rounds of 0.3 s."""
    return await ask(answer, [0.3] * 6, "tea", 2)


@ask_old_shops.case(returns=[301, 302, 303, 304, 305, 306, 307], elapsed=0.6)
async def four_at_once(answer):
    """Seven such shops; four may be asked at once: two rounds."""
    return await ask(answer, [0.3] * 7, "coffee", 4)


@ask_old_shops.case(returns=[301, 302, 303, 304], elapsed=any_order([0.6, 0.1, 0.6, 0.1], at_once=2))
async def uneven(answer):
    """Four shops answer after 0.6, 0.1, 0.6 and 0.1 s; two may be asked at once."""
    return await ask(answer, [0.6, 0.1, 0.6, 0.1], "tea", 2)


@ask_old_shops.case()
async def one_is_closed(answer):
    """Six shops answer after 0.3 s, but the first is closed, and its call fails after 0.1 s: the loop stays free."""
    shops = OldShops("tea", [0.1] + [0.3] * 5).shops
    shops[0].closed = True
    try:
        prices = await answer(shops, "tea", 2)
    except Exception:
        await asyncio.sleep(2)              # the calls that were begun, or are in the queue of the pool
    else:
        require(False, "no exception", f"the result is {prices}, though one call raised ConnectionError",
                "that the error comes out")


# -- a thread that stops when it is told --------------------------------------------------------------------------

read_in_time = Exercise(
    lesson="07",
    title="Read what you can",
    task="""
        `read_pages(stop)` is a blocking function. It reads one page of prices after another, and looks at
        `stop.is_set()` before each. It returns the list of the pages that it has read, when there are no more or when
        it has been told to stop. Write `read_in_time(read_pages, seconds)`: it runs `read_pages` in a thread, tells it
        to stop after `seconds`, waits until it has stopped, and returns the pages. If all pages have been read
        before, it returns them at once. If `read_in_time` itself is cancelled, the thread is told to stop, too. (The
        check runs in virtual time, which sees the threads of `asyncio.to_thread` and `loop.run_in_executor`, and no
        others.)
        """,
    setup="import asyncio\nimport threading\nfrom helpers import Shop",
    starter="""
        async def read_in_time(read_pages, seconds):
            ...                                 # your code here
        """,
    hints=[
        "A thread cannot be stopped from outside. What does `read_pages` look at, and who can change that?",
        "Make a `threading.Event()` and hand it to `read_pages`. `stop.set()` tells the thread to stop.",
        "`asyncio.wait([job], timeout=seconds)` waits until the task `job` is done, or until the time is up. It raises "
        "no `TimeoutError` and cancels no task. If it is itself cancelled, what still has to run?",
        """
        Fill in the dots:
            stop = threading.Event()
            job = asyncio.create_task(asyncio.to_thread(..., ...))
            try:
                await asyncio.wait([job], timeout=seconds)
            finally:
                ...                 # when the time is up, and also when this is cancelled
            return await job
        """,
    ],
    solution="""
        async def read_in_time(read_pages, seconds):
            stop = threading.Event()
            job = asyncio.create_task(asyncio.to_thread(read_pages, stop))
            try:
                await asyncio.wait([job], timeout=seconds)
            finally:
                stop.set()
            return await job
        """,
    why="The thread ends soon after it was told to stop, and its result is awaited, so no page is lost. The `finally` "
        "tells it also when a cancellation comes out of the wait.",
    follow_up="A function that never looks at `stop` cannot be told. What can you do with it in a process that you "
              "cannot do in a thread?",
    mistakes=[
        Mistake("blocked", "to_thread", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                asyncio.get_running_loop().call_later(seconds, stop.set)
                return read_pages(stop)
            """),
        Mistake("value", "the result is []", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                try:
                    return await asyncio.wait_for(asyncio.to_thread(read_pages, stop), seconds)
                except TimeoutError:
                    return []
            """),
        Mistake("error", "TimeoutError", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                return await asyncio.wait_for(asyncio.to_thread(read_pages, stop), seconds)
            """),
        Mistake("value", "the result is []", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                try:
                    return await asyncio.wait_for(asyncio.to_thread(read_pages, stop), seconds)
                except TimeoutError:
                    stop.set()
                    return []
            """),
        Mistake("left behind", "finally", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                job = asyncio.create_task(asyncio.to_thread(read_pages, stop))
                await asyncio.wait([job], timeout=seconds)
                stop.set()
                return await job
            """),
        Mistake("order", "create_task", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                job = asyncio.to_thread(read_pages, stop)
                await asyncio.sleep(seconds)
                stop.set()
                return await job
            """),
        Mistake("slow", "before the time is up", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                job = asyncio.create_task(asyncio.to_thread(read_pages, stop))
                await asyncio.sleep(seconds)
                stop.set()
                return await job
            """),
        Mistake("value", "stop.set", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                job = asyncio.create_task(asyncio.to_thread(read_pages, stop))
                await asyncio.wait([job], timeout=seconds)
                return await job
            """),
        Mistake("cancelled", "does not stop it", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                job = asyncio.create_task(asyncio.to_thread(read_pages, stop))
                done, pending = await asyncio.wait([job], timeout=seconds)
                for late in pending:
                    late.cancel()
                return await job
            """),
        Mistake("swallowed", "went on to its end", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                job = asyncio.create_task(asyncio.to_thread(read_pages, stop))
                try:
                    await asyncio.wait([job], timeout=seconds)
                except asyncio.CancelledError:
                    pass
                stop.set()
                return await job
            """),
        Mistake("slow", "whichever comes first", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                job = asyncio.create_task(asyncio.to_thread(read_pages, stop))
                clock = asyncio.get_running_loop().time
                end = clock() + seconds
                try:
                    while not job.done() and clock() < end:
                        await asyncio.sleep(0.1)
                finally:
                    stop.set()
                return await job
            """),
        Mistake("forgotten await", "await", """
            async def read_in_time(read_pages, seconds):
                stop = threading.Event()
                job = asyncio.create_task(asyncio.to_thread(read_pages, stop))
                await asyncio.wait([job], timeout=seconds)
                stop.set()
                return job
            """),
    ],
    advice={
        "left behind": "Put `stop.set()` into a `finally`: a cancellation comes out of the `await` at which "
                       "`read_in_time` waits.",
        "order": "Make a task of it with `asyncio.create_task`, before you wait: `asyncio.to_thread(...)` begins when "
                 "it is awaited.",
        "blocked": "Run it in a thread, with `asyncio.to_thread(read_pages, stop)`, without parentheses after "
                   "`read_pages`.",
        "value": "Tell the thread with `stop.set()` when the time is up, and await what it returns then: to cancel "
                 "what awaits a thread does not stop it, and loses its pages.",
        "cancelled: awaited": "Tell the thread with `stop.set()`, and await the task: to cancel the task that waits for"
                              " a thread does not stop it.",
        "error: ^TimeoutError": "Wait without an error, with `await asyncio.wait([job], timeout=seconds)`, then call "
                                "`stop.set()` and `await job`.",
        "slow": "Wait for the thread or for the time, whichever comes first: if it is done before the time is up, "
                "there is nothing left to wait for.",
    },
)


class Pages:
    """So many pages, each read in so many seconds. `read` is the blocking function."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count, self._seconds = count, seconds
        self.done: list[str] = []
        self.told_before = False            # whether it was told to stop before it began

    def read(self, stop) -> list[str]:
        self.told_before = stop.is_set()
        while len(self.done) < self._count and not stop.is_set():
            time.sleep(self._seconds)
            self.done.append(f"page {len(self.done) + 1}")
        return list(self.done)


@read_in_time.case(returns=["page 1", "page 2", "page 3"], elapsed=0.6)
async def time_is_up(answer):
    """Ten pages of 0.2 s each, and 0.5 s: three pages, the third of which ends at 0.6 s."""
    pages = Pages(10, 0.2)
    result = await answer(pages.read, 0.5)
    require(not pages.told_before, "order", "the thread was told to stop before it had begun",
            "that it begins at once, and is told after 0.5 s")
    return result


@read_in_time.case(returns=["page 1", "page 2"], elapsed=0.246)
async def early(answer):
    """Two pages of 0.123 s each, and 0.5 s: both pages, after 0.246 s."""
    return await answer(Pages(2, 0.123).read, 0.5)


@read_in_time.case(returns=["page 1", "page 2", "page 3", "page 4"], elapsed=0.4)
async def short_pages(answer):
    """Ten pages of 0.1 s each, and 0.35 s: four pages, the last of which ends at 0.4 s."""
    return await answer(Pages(10, 0.1).read, 0.35)


@read_in_time.case(elapsed=1)
async def cancelled(answer):
    """Ten pages of 0.2 s each, and 5 s; but `read_in_time` is cancelled after 0.3 s: the second page is the last."""
    pages = Pages(10, 0.2)
    job = asyncio.create_task(answer(pages.read, 5), name="read_in_time")
    await asyncio.sleep(0.3)
    job.cancel()
    await asyncio.wait([job])
    await asyncio.sleep(1 - asyncio.get_running_loop().time())
    read = len(pages.done)
    require(read <= 2, "left behind", f"0.7 s after it was cancelled, the thread had read {read} pages, and went on",
            "that the thread is told to stop when read_in_time is cancelled")
    require(job.cancelled(), "swallowed", "read_in_time was cancelled after 0.3 s, and went on to its end",
            "read_in_time ends with CancelledError")


# -- questions ---------------------------------------------------------------------------------------------------

predict_frozen = predict(
    "The answer for `north` is there after 0.2 seconds. The call of `old` blocks for 0.4 seconds. When does the task "
    "`north` end?",
    {
        "at 0.2 s, since the two wait at the same time":
            "The answer is there at 0.2 s. But a task needs a turn on the thread to take it, and `old` has the thread.",
        "at 0.4 s, with `old`":
            "`old` has the thread from 0 to 0.4 s. Only then can `north` take its answer, which has been there since "
            "0.2 s.",
        "at 0.6 s, since they run one after the other":
            "`north` has sent its request before `old` begins, and the shop works on it while the thread is blocked. "
            "What is late is the turn in which `north` takes the answer.",
    },
    right="at 0.4 s, with `old`",
)

predict_waves = predict(
    "Eight blocking calls of 0.3 seconds are handed to a pool of three threads. How long do they take?",
    {
        "0.3 s: all eight wait at the same time":
            "Eight tasks wait at the same time, but a call needs a thread from its beginning to its end, and there are "
            "three.",
        "0.8 s: eight times 0.3 s, divided by three":
            "A call is not divided among threads. How many rounds of at most three calls are there?",
        "0.9 s: three rounds":
            "Three calls, three calls, two calls: each thread takes its next call from the queue when it is free.",
        "2.4 s: Python runs one thread at a time":
            "One thread at a time runs Python code. But a thread that waits, as in `time.sleep` or for an answer, runs "
            "none, and others can wait beside it.",
    },
    right="0.9 s: three rounds",
)

predict_close = predict(
    "The first call fails after 0.1 seconds. When does the error come out of `ask_in_block`, and can other tasks run "
    "until then?",
    {
        "at 0.1 s: `gather` raises the first error at once":
            "`gather` does raise it at 0.1 s, inside of the `with` block. What does the block do at its end?",
        "at 0.3 s, and other tasks run: the block waits for the call that has begun":
            "The end of the block waits for the calls in the queue, too. And it is a plain `with`: is there an `await` "
            "that could let others run?",
        "at 0.9 s, and other tasks run until then":
            "The block does wait for all calls. But it is a plain `with`, not an `async with`: is there an `await` "
            "that could let others run?",
        "at 0.9 s, and from 0.1 s on no other task runs":
            "The end of the block is a blocking call, `pool.shutdown(wait=True)`. It waits on the loop until the last "
            "call in the queue is done.",
    },
    right="at 0.9 s, and from 0.1 s on no other task runs",
)

predict_starve = predict(
    "The pool has two threads. One pair of shops takes 0.4 s. What becomes of two pairs at the same time?",
    {
        "two prices, after 0.4 s: each pair has a thread of its own":
            "Each pair has a thread. Which thread is left for the calls that `cheaper` itself hands to the pool?",
        "two prices, later: a call in the queue waits until a thread is free":
            "So it does. Which of the two threads becomes free, and what is each of them waiting for?",
        "no price: `result` raises a `TimeoutError`":
            "Both threads wait for calls in the queue, and the queue waits for a free thread. Without a timeout, they "
            "would wait for ever.",
    },
    right="no price: `result` raises a `TimeoutError`",
)

predict_order = predict(
    "The timeout is 0.2 seconds. The thread needs 0.5 seconds. Is the tea ordered?",
    {
        "no: the thread is stopped at 0.2 s":
            "The standard library has no call that stops a thread from outside. A timeout cancels the task that waits "
            "for the thread.",
        "yes: the timeout has to wait for the thread, and raises no error":
            "The timeout cancels the task that waits, and that wait ends at once. The thread is another matter.",
        "yes: the watcher gets a `TimeoutError`, and the thread goes on":
            "A cancellation is delivered at an `await`. The function in the thread has none, so it goes on to its end, "
            "and its result is lost.",
    },
    right="yes: the watcher gets a `TimeoutError`, and the thread goes on",
)

predict_call = predict(
    "The loop has no work for one second. After 0.1 seconds a thread calls `loop.call_soon(note)`. When does `note` "
    "run?",
    {
        "at once":
            "The callback is in the queue of the loop at once. But the loop sleeps until its next timer is due, and "
            "`call_soon` does not wake it: it is made for code that runs on the loop.",
        "never: the call raises an error":
            "In debug mode it does raise one. Without debug mode, `call_soon` does not check which thread calls it.",
        "when the loop wakes up for another reason":
            "`call_soon` puts the callback into the queue and does not wake the loop. The loop finds the callback when "
            "its own timer is due, after one second.",
    },
    right="when the loop wakes up for another reason",
)

predict_compute = predict(
    "A task sleeps for one millisecond, again and again. How many turns does it get in 0.4 seconds while four "
    "threads compute?",
    {
        "about as many as alone: the computing is in other threads":
            "The computing is off the loop's thread. But to run the task's next line, the loop's thread needs "
            "something that a computing thread holds.",
        "fewer than half as many":
            "Each time the loop wakes up, it has to wait until a computing thread lets it run Python code. That takes "
            "longer than the millisecond for which the task sleeps.",
        "none until the threads are done":
            "So it would be if they computed on the loop. Python makes a computing thread give way every few "
            "milliseconds.",
    },
    right="fewer than half as many",
)

predict_pause = predict(
    "The computing takes 0.5 seconds. Now it gives way ten times, with `sleep(0)`. When is all of it done?",
    {
        "before 0.5 s, since others run in between":
            "What runs in between is the work of other tasks. The computing still needs its 0.5 seconds of this one "
            "thread.",
        "at 0.5 s, as before":
            "It is the same work on the same thread. What changes is how long the other tasks wait for their turn.",
        "after more than 0.5 s, since `sleep` waits":
            "`sleep(0)` waits for no time: every task that is ready gets one turn, and the computing goes on.",
    },
    right="at 0.5 s, as before",
)
