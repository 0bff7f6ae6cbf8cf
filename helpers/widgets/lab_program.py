"""The program of a setting of the lab: short, as a learner would write it, and grown only by what is switched on.

    print(source(Settings(requests=100, strategy="semaphore", limit=10)))

All of it stands in one function, whose name no lesson has: a program that is pasted into a cell leaves the names of
the other cells alone, but for `lab_program`, `lab_run` and `lab_shop`.

What protects a request stands in layers, each a few lines of the program. From the outside: the deadline of a request,
its attempts (with the wait between them, and the budget of all), the rate limit, the circuit breaker, the timeout of
one attempt, the hedge, and the shop. So a timeout counts no wait for a token, and the breaker counts every attempt.
"""

from __future__ import annotations

import textwrap

from helpers.simulated_io import FINISH, REFUSE
from helpers.widgets.lab_settings import (
    ANSWERS,
    CAUGHT,
    CLOSED,
    EXPONENTIAL,
    FULL_JITTER,
    LONGEST_WAIT,
    RAISED,
    REQUESTS,
    SLOW,
    Settings,
)

NO_BREAK = "\N{NO-BREAK SPACE}"
WIDTH = 84      # columns of a line inside of the function
ITEMS = "for item in items"


def source(settings: Settings) -> str:
    """The program of these settings, ready to be pasted into a cell."""
    s = settings
    functions = [_arriving(s), _take_token(s), _hedged(s), _guarded(s), *_get_price(s), _main(s)]
    inside = [
        *_shop(s),
        f'items = [f"item {{number}}" for number in range(1, {s.requests + 1})]',
        *_state(s),
        "",
        *"\n\n".join("\n".join(lines) for lines in functions if lines).splitlines(),
        "",
        f"return simulate(main()), shop{', spared' if s.breaks else ''}",
    ]
    return "\n".join([
        *_imports(s),
        "",
        "",
        "def lab_program():",
        *_indented(inside),
        "",
        "",
        f"lab_run, lab_shop{', lab_spared' if s.breaks else ''} = lab_program()",
        "lab_run",
        "",
    ])


def _imports(s: Settings) -> list[str]:
    wanted = {
        "asyncio": True,
        "contextlib": s.hedge is not None and errors_of_shop(s),
        "random": _draws(s),
        "time": s.breaks or s.rate_limit is not None,
    }
    return [*(f"import {name}" for name, needed in wanted.items() if needed), "from helpers import Shop, simulate"]


def errors_of_shop(s: Settings) -> bool:
    """Whether an attempt can end with an error of the shop's."""
    return s.failure_rate > 0 or s.refuses


def _shop(s: Settings) -> list[str]:
    options = [f"latency={s.latency!r}"]
    if s.jitter != "none":
        options.append(f'jitter="{s.jitter}"')
    if s.failure_rate:
        options.append(f"failure_rate={s.failure_rate!r}")
    if s.capacity is not None:
        options.append(f"capacity={s.capacity}")
        if s.when_full == REFUSE:
            options.append('when_full="refuse"')
    more = [f"spread={s.spread!r}"] if s.tail else []
    more += _in_trouble(s)
    line = f'shop = Shop("north", {", ".join(options + more)})'
    if len(line) <= WIDTH:
        return [line]
    lines = []
    for each in filter(None, (options, more)):          # a tuple stays on one line
        text = ", ".join(option.replace(" ", NO_BREAK) for option in each) + ","
        lines += [part.replace(NO_BREAK, " ") for part in textwrap.wrap(text, WIDTH - 4)]
    return ["shop = Shop(", *_indented(['"north",', *lines]), ")"]


def _in_trouble(s: Settings) -> list[str]:
    options = []
    if s.bounded:
        options.append(f"queue_size={s.queue_size}")
    end = round(s.trouble_from + s.trouble_for, 6)
    if s.trouble == SLOW:
        options.append(f"slow=[({s.trouble_from!r}, {end!r}, {s.slower!r})]")
    elif s.trouble == CLOSED:
        options.append(f"closed=[({s.trouble_from!r}, {end!r})]")
        if s.when_closed == REFUSE:
            options.append('when_closed="refuse"')
    if s.when_cancelled == FINISH and s.gives_up:
        options.append('when_cancelled="finish"')
    return options


def _state(s: Settings) -> list[str]:
    """What all requests share: at most a line for each strategy that has something to remember."""
    lines = []
    if s.budgeted:
        lines.append((f"{s.budget_of} = retries = 0", ""))
    if _draws(s):
        lines.append(("dice = random.Random(1)", "the same waits in every run"))
    if s.breaks:
        lines.append(("failures = open_until = spared = 0", "in a row; when to try again; calls not made"))
    if s.rate_limit is not None:
        lines.append((f"tokens, filled = {s.burst}, 0", "in the bucket; when that was"))
    width = max((len(code) for code, _ in lines), default=0)
    return [f"{code:{width}}  # {comment}" if comment else code for code, comment in lines]


def _draws(s: Settings) -> bool:
    return s.retry and s.backoff == FULL_JITTER


# -- the layers, from the outside -------------------------------------------------------------------


def _get_price(s: Settings) -> list[list[str]]:
    """The coroutine that gets one price, as short as the settings allow; with a deadline, its attempts are another."""
    body = _attempt(s)
    if s.deadline is None:
        return [["async def get_price(item):", *_indented(_with_attempts(s, body))]]
    functions = []
    caught = "TimeoutError"
    if s.retry:
        functions.append(["async def try_again(item):", *_indented(_with_attempts(s, body))])
        body = ["return await try_again(item)"]
    elif errors_of_shop(s) or s.breaks:
        caught = "(ConnectionError, TimeoutError)"
    note = "      # for all attempts together" if s.retry else ""
    body = [f"async with asyncio.timeout({s.deadline!r}):{note}", *_indented(body)]
    if s.errors == CAUGHT:
        body = ["try:", *_indented(body), f"except {caught}:", "    return None       # without a price"]
    return [*functions, ["async def get_price(item):", *_indented(body)]]


def _with_attempts(s: Settings, attempt: list[str]) -> list[str]:
    """One attempt, or several; if its error is to be caught, there is no price."""
    errors = "(ConnectionError, TimeoutError)" if s.timeout is not None else "ConnectionError"
    if s.retry:
        body = [f"for attempt in range({s.retries + 1}):",
                *_indented(["try:", *_indented(attempt), f"except {errors}:", *_indented(_after_failure(s))])]
        if s.budgeted:
            counted = ["requests += 1"] if s.budget_of == REQUESTS else []
            body = [f"nonlocal {s.budget_of}, retries", *counted, *body]
        return body
    if s.attempts_can_fail and s.errors == CAUGHT:
        return ["try:", *_indented(attempt), f"except {errors}:", "    return None       # without a price"]
    return attempt


def _after_failure(s: Settings) -> list[str]:
    """What an attempt that failed is followed by: the end, or a wait, and the next."""
    wait = _wait(s)
    if not wait and not s.budgeted:
        return {CAUGHT: ["pass              # once more, and then without a price"],
                RAISED: [f"if attempt == {s.retries}:", "    raise         # the last attempt"]}[s.errors]
    spent = f" or retries + 1 > {s.retry_budget!r} * {s.budget_of}" if s.budgeted else ""
    last = f"if attempt == {s.retries}{spent}:"
    end = {CAUGHT: "    return None   # without a price", RAISED: "    raise         # the last attempt"}[s.errors]
    return [last, end, *(["retries += 1"] if s.budgeted else []), *wait]


def _wait(s: Settings) -> list[str]:
    if s.backoff == "none":
        return []
    longest = f"min({LONGEST_WAIT}, {s.first_wait!r} * 2**attempt)"
    return [f"await asyncio.sleep({longest if s.backoff == EXPONENTIAL else f'dice.uniform(0, {longest})'})"]


def _attempt(s: Settings) -> list[str]:
    """One attempt, from the rate limit on."""
    count_answers = s.budgeted and s.budget_of == ANSWERS
    begin = "price =" if count_answers else "return"
    body = [f"{begin} await guarded(item)"] if s.breaks else _timed(s, f"{begin} {_call(s)}")
    if s.rate_limit is not None:
        body = ["await take_token()", *body]
    return [*body, "answers += 1", "return price"] if count_answers else body


def _timed(s: Settings, line: str) -> list[str]:
    if s.timeout is None:
        return [line]
    return [f"async with asyncio.timeout({s.timeout!r}):", *_indented([line])]


def _call(s: Settings) -> str:
    return "await shop.price(item)" if s.hedge is None else "await hedged(item)"


def _take_token(s: Settings) -> list[str]:
    if s.rate_limit is None:
        return []
    return f"""
async def take_token():
    nonlocal tokens, filled
    now = time.monotonic()
    tokens = min({s.burst}, tokens + (now - filled) * {s.rate_limit!r}) - 1   # {_times(s.rate_limit)} per second
    filled = now
    if tokens < 0:
        await asyncio.sleep(-tokens / {s.rate_limit!r})     # until my token is there
""".strip("\n").splitlines()


def _guarded(s: Settings) -> list[str]:
    if not s.breaks:
        return []
    errors = "(ConnectionError, TimeoutError)" if s.timeout is not None else "ConnectionError"
    return [
        "async def guarded(item):",
        "    nonlocal failures, spared, open_until",
        f"    if failures >= {s.breaker}:",
        "        if time.monotonic() < open_until:",
        "            spared += 1",
        '            raise ConnectionError("the breaker is open")',
        f"        open_until = time.monotonic() + {s.breaker_pause!r}     # half open: this call only",
        "    try:",
        *_indented(_indented(_timed(s, f"price = {_call(s)}"))),
        f"    except {errors}:",
        "        failures += 1",
        f"        open_until = time.monotonic() + {s.breaker_pause!r}",
        "        raise",
        "    failures = 0",
        "    return price",
    ]


def _hedged(s: Settings) -> list[str]:
    """Two requests for one item, of which the first answer counts; a request that fails does not beat the other."""
    if s.hedge is None:
        return []
    again = "ask_again(item)" if s.rate_limit is not None else "shop.price(item)"
    if errors_of_shop(s):
        end = ["        for answer in asyncio.as_completed(tasks):",
               "            with contextlib.suppress(ConnectionError):",
               "                return await answer",
               "        return tasks[0].result()        # none has answered: raises the error"]
        second = []
    else:
        second = ["            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)"]
        end = ["        return next(task.result() for task in tasks if task.done())"]
    lines = [
        "async def hedged(item):",
        "    tasks = [asyncio.create_task(shop.price(item), name=item)]",
        "    try:",
        f"        await asyncio.wait(tasks, timeout={s.hedge!r})",
        "        if not tasks[0].done():",
        f'            tasks.append(asyncio.create_task({again}, name=f"{{item}} again"))',
        *second,
        *end,
        "    finally:",
        "        for task in tasks:",
        "            task.cancel()               # the one that nobody needs any more",
        "        await asyncio.gather(*tasks, return_exceptions=True)",
    ]
    if s.rate_limit is not None:
        lines = ["async def ask_again(item):", "    await take_token()", "    return await shop.price(item)", "",
                 *lines]
    return lines


def _arriving(s: Settings) -> list[str]:
    if not s.arriving:
        return []
    return ["async def arriving():", f"    {ITEMS}:", "        yield item",
            f"        await asyncio.sleep(1 / {s.per_second!r})     # {_times(s.per_second)} per second"]


def _times(number: float | None) -> str:
    return f"{number:g}"


def _indented(lines: list[str]) -> list[str]:
    return [line and "    " + line for line in lines]


# -- the strategies ---------------------------------------------------------------------------------


def _main(s: Settings) -> list[str]:
    """How the requests are made: all of them, or as they arrive."""
    text = (MAIN_ARRIVING if s.arriving else {}).get(s.strategy, MAIN[s.strategy])
    lines = text.format(limit=s.limit).strip("\n").splitlines()
    return [each for line in lines for each in _as_they_arrive(line)] if s.arriving else lines


def _as_they_arrive(line: str) -> list[str]:
    """A line that begins a task for each item: it does so as the items arrive, and is two lines long."""
    begin, found, end = line.partition(f" {ITEMS}]")
    if not found or "create_task" not in begin:
        return [line]
    return [begin, f"{' ' * (begin.index('[') + 1)}async for item in arriving()]{end}"]


MAIN = {
    "one by one": """
async def main():
    return [await get_price(item) for item in items]
""",
    "gather": """
async def main():
    return await asyncio.gather(*[get_price(item) for item in items])
""",
    "task group": """
async def main():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(get_price(item), name=item) for item in items]
    return [task.result() for task in tasks]
""",
    "as completed": """
async def main():
    tasks = [asyncio.create_task(get_price(item), name=item) for item in items]
    return [await answer for answer in asyncio.as_completed(tasks)]
""",
    "semaphore": """
async def main():
    slots = asyncio.Semaphore({limit})

    async def in_turn(item):
        async with slots:
            return await get_price(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(in_turn(item), name=item) for item in items]
    return [task.result() for task in tasks]
""",
    "workers": """
async def main():
    queue = asyncio.Queue(maxsize={limit})
    prices = {{}}

    async def work():
        while (item := await queue.get()) is not None:
            prices[item] = await get_price(item)

    async with asyncio.TaskGroup() as group:
        for number in range(1, {limit} + 1):
            group.create_task(work(), name=f"worker {{number}}")
        for item in [*items, *[None] * {limit}]:        # None: no more work for one worker
            await queue.put(item)
    return [prices[item] for item in items]
""",
}


MAIN_ARRIVING = {
    "gather": """
async def main():
    tasks = [asyncio.create_task(get_price(item), name=item) for item in items]
    return await asyncio.gather(*tasks)
""",
    "workers": """
async def main():
    queue = asyncio.Queue(maxsize={limit})
    prices = {{}}

    async def work():
        while (item := await queue.get()) is not None:
            prices[item] = await get_price(item)

    async with asyncio.TaskGroup() as group:
        for number in range(1, {limit} + 1):
            group.create_task(work(), name=f"worker {{number}}")
        async for item in arriving():
            await queue.put(item)
        for _ in range({limit}):
            await queue.put(None)                       # no more work for one worker
    return [prices[item] for item in items]
""",
}
