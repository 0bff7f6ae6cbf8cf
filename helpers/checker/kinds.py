"""The kinds of mistakes that the checker tells apart, and what is said of one that was found."""

from __future__ import annotations

from dataclasses import dataclass

# Every kind of mistake, with what to write instead. An exercise may say it better, in words of its own.
KINDS = {
    "coroutine object": "Pass the function, not a call of it.",
    "not a function": "Pass the function itself, by its name.",
    "not async": "Begin it with async def.",
    "async": "Begin it with def.",
    "async generator": "Collect what you yield, and return it.",
    "signature": "Take the parameters as the task names them, in this order.",
    "cannot send": "Make it inside the function, or pass only plain data.",
    "replaced": "Leave it as it is: other code relies on it, and an answer needs no such change.",
    "forgotten await": "Write await in front of the call, or hand the coroutine to something that awaits it.",
    "exit": "Let the function return or raise an ordinary exception: SystemExit and KeyboardInterrupt end programs.",
    "died": "Find what ends or breaks the process, and leave it out.",
    "recursion": "Give it a case in which it does not call itself.",
    "memory": "Keep only what you need: something here grows without bound.",
    "endless": "Give the loop an end, and let it await in between.",
    "deadlock": "Find who should wake whom: everybody waits for somebody who waits, too.",
    "not simulated": "Use what the task gives you instead.",
    "nested loop": "You are on a running event loop already: write await instead of starting another.",
    "not awaitable": "Only a coroutine, a task or a future can be awaited: leave this await out, or call the function "
                     "that gives one.",
    "blocked": "Use something that can be awaited: asyncio.sleep for time.sleep, shop.price for shop.price_blocking. "
               "What cannot be awaited goes to a thread: await asyncio.to_thread(...).",
    "computes": "Do less, or hand the computation to a thread or a process: while it runs, nothing else can.",
    "swallowed": "After your clean-up let the CancelledError go on: a bare raise, or try/finally instead of except.",
    "clean-up": "Put the clean-up into a finally, or use async with: both also run when the task is cancelled.",
    "wrong exception": "Let the exception that the task names reach the caller.",
    "no exception": "Let the exception reach the caller: do not catch it, and await what may raise it.",
    "error": "Read the exception at that line.",
    "cancelled": "Do not cancel the task that you are running in.",
    "lost exception": "Await every task, or use a TaskGroup: then no exception is lost.",
    "left behind": "Await every task that you start, before you return.",
    "thread": "Wait for the thread, or use asyncio.to_thread, which does.",
    "order": "Order the results as the task asks: as they were asked for, or as they arrived?",
    "value": "Compare the two, and follow one value from its source to the result.",
    "peak": "Let each request wait for its turn: a Semaphore counts how many are under way.",
    "sequential": "Start all of them before you wait for the first: each await here waits before the next one starts.",
    "concurrent": "Wait for each before you start the next.",
    "slow": "Look at the picture for times in which something could be under way already, and is not.",
    "early": "Wait until everything has been done.",
}


@dataclass(frozen=True)
class Finding:
    """What is the matter, in parts; `line` is 0 if there is no line to show."""

    kind: str
    observed: str
    wanted: str = ""
    file: str = ""
    line: int = 0
