"""The kinds of mistakes that the checker tells apart, and what is said of one that was found."""

from __future__ import annotations

from dataclasses import dataclass

# Every kind of mistake, with what to write instead. What was observed may say it better (`remedies`), and so may an
# exercise, in words of its own.
KINDS = {
    "coroutine object": "Pass the function, not a call of it.",
    "not a function": "Pass the function itself, by its name.",
    "not async": "Begin it with async def: the exercise awaits what a call of it gives.",
    "async": "Begin it with def: the exercise calls it, and awaits nothing.",
    "async generator": "Collect what you yield, and return it.",
    "signature": "Take the parameters as the task names them, in this order.",
    "cannot send": "Make it inside the function, or pass only plain data.",
    "replaced": "Leave it as it is: other code relies on it.",
    "forgotten await": "Write await in front of the call, or make a task of it: the call alone runs nothing.",
    "exit": "Let the function return, or raise an ordinary exception: SystemExit and KeyboardInterrupt end programs.",
    "died": "Find what ends or breaks the process, and leave it out.",
    "recursion": "Give it a case in which it goes no deeper.",
    "memory": "Keep only what you need: something here grows without bound.",
    "endless": "Find what it repeats or waits for, and give that an end.",
    "deadlock": "Find out what should have woken it, and why that never came.",
    "not simulated": "Use what the task gives you instead.",
    "own thread": "Pass the function to asyncio.to_thread or loop.run_in_executor, and await what that gives: virtual "
                  "time sees these threads.",
    "nested loop": "Write await instead of starting another loop: one is running already, and it runs this code.",
    "not awaitable": "Leave this await out, or call the function: await takes what a call of an async def function "
                     "gives, or a task.",
    "blocked": "Use something that can be awaited, or move the call to a thread with await asyncio.to_thread(...): "
               "while it holds the event loop, nothing else can run.",
    "computes": "Do less, or move the computation to a thread or a process: while it runs here, nothing else can.",
    "swallowed": "Raise the CancelledError again after your clean-up, with a bare raise; or write try/finally instead "
                 "of except.",
    "clean-up": "Put the clean-up into a finally, or use async with: both also run when the task is cancelled.",
    "wrong exception": "Let the exception that the task names reach the caller.",
    "no exception": "Let the exception reach the caller: do not catch it, and await what may raise it.",
    "error": "Read the exception together with that line: what was the line given, and what does it need?",
    "cancelled": "Find out what was cancelled: a CancelledError leaves through every await, up to the caller.",
    "lost exception": "Await every task, or use a TaskGroup: then no exception is lost.",
    "left behind": "Await every task that you create before you return.",
    "thread": "Wait for the thread before you return, or use asyncio.to_thread, which does.",
    "order": "Order the results as the task asks: as they were asked for, or as they arrived?",
    "value": "Compare the two, and follow one value from its source to the result.",
    "peak": "Let each request wait for its turn: a Semaphore lets a fixed number through at a time.",
    "sequential": "Start all of them before you wait for the first: otherwise each one begins only when the one before "
                  "is over.",
    "concurrent": "Wait for each one before you start the next.",
    "slow": "Look for a time in which something could be under way already, and is not.",
    "early": "Wait until everything has been done.",
}

# Kinds that say nothing about an answer: it does something that cannot be seen in virtual time.
NOT_JUDGED = frozenset({"not simulated", "own thread"})


@dataclass(frozen=True)
class Finding:
    """What is the matter, in parts; `line` is 0 if there is no line to show.

    remedy   what to try, where what was observed says it; "" if it is left to the exercise, or to `KINDS`
    about    what advice of an exercise for one mistake of the kind is matched with: the exception, or what was observed
    """

    kind: str
    observed: str
    wanted: str = ""
    file: str = ""
    line: int = 0
    remedy: str = ""
    about: str = ""
