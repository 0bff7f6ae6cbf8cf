"""Whatever a cell of a notebook can use, an answer can use; and threads of its own are judged, or honestly are not."""

from __future__ import annotations

import contextvars
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.checker import samples
from tests.checker.answers import body, check
from tests.checker.rules import check_report

pytestmark = pytest.mark.slow

ASKED = "return await asyncio.gather(*[shop.price(item) for shop in shops])"

# name -> what is printed, what stands above the answer, the answer
USED = {
    "display": ("['tea', 1]", "", f"display([item, 1], display_id=True)\n{ASKED}"),
    "display of IPython": ("'tea'", "from IPython.display import display\n", f"display(repr(item))\n{ASKED}"),
    "IPython.display in the answer": ("<IPython.core.display.HTML object>", "", f"""
        from IPython.display import HTML, display
        display(HTML("<b>tea</b>"))
        {ASKED}"""),
    "print to a stream": ("tea", "import sys\n", f"print(item, file=sys.stderr, flush=True)\n{ASKED}"),
    "a logger": ("asking tea", "import logging\nlog = logging.getLogger('shops')\n", f"""
        log.warning("asking %s", item)
        {ASKED}"""),
    "a lock of the cell's": ("free", "import threading\nlock = threading.Lock()\nagain = threading.RLock()\n", f"""
        with lock, again:
            print("free")
        {ASKED}"""),
    "locks of asyncio": ("free", "lock, slots, done = asyncio.Lock(), asyncio.Semaphore(2), asyncio.Event()\n", f"""
        async with lock, slots:
            done.set()
            print("free")
        {ASKED}"""),
    "a context variable": ("nobody", "import contextvars\nwho = contextvars.ContextVar('who', default='nobody')\n", f"""
        print(who.get())
        {ASKED}"""),
    "a thread pool of the cell's": ("3", "from concurrent.futures import ThreadPoolExecutor\n"
                                    "pool = ThreadPoolExecutor(3)\n", """
        loop = asyncio.get_running_loop()
        print(pool._max_workers)
        jobs = [loop.run_in_executor(pool, shop.price_blocking, item) for shop in shops]
        return await asyncio.gather(*jobs)"""),
    "a class, a dataclass, an enum": ("Price.CHEAP", """\
import dataclasses, enum

class Price(enum.Enum):
    CHEAP = 1

@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    price: Price

asked = Asked(Price.CHEAP)
""", f"print(asked.price)\n{ASKED}"),
    "modules that take long to import": ("True", "", f"""
        import unittest.mock, xml.dom.minidom, email.mime.multipart
        print(True)
        {ASKED}"""),
    "a decorator": ("before", """\
import functools

def told(function):
    @functools.wraps(function)
    async def around(*args):
        print("before")
        return await function(*args)
    return around

@told
""", ASKED),
}


@pytest.mark.parametrize("name", USED)
def test_what_a_cell_can_use_an_answer_can_use(name: str) -> None:
    printed, above, answer = USED[name]
    report = check(samples.ask, above + body(answer), seconds=10)
    assert report.outcome == "right", report
    assert f"Your code printed: {printed}" in report.message


def test_what_is_displayed_is_bounded() -> None:
    report = check(samples.ask, body(f"display('x' * 10_000_000, list(range(300_000)))\n{ASKED}"), seconds=10)
    assert report.outcome == "right"
    assert len(report.message) < 5_000


def test_a_magic_in_an_answer_is_not_judged() -> None:
    report = check(samples.ask, body(f"get_ipython().run_line_magic('time', '1 + 1')\n{ASKED}"))
    assert (report.outcome, report.kind) == ("unchecked", "not simulated")
    assert "magics such as %time do not exist" in " ".join(report.message.split())


def test_in_a_kernel_too() -> None:
    """There display is a builtin, and get_ipython, exit and open are names of the cell."""
    notebook = nbformat.v4.new_notebook()
    root = str(Path(__file__).resolve().parents[2])
    notebook.cells = [nbformat.v4.new_code_cell(textwrap.dedent(source)) for source in (f"""
        import asyncio, os, sys
        sys.path.insert(0, {root!r})
        from tests.checker import samples
        """, """
        async def ask(shops, item):
            if len(shops) > 100:
                exit()
            display(item)
            with open(os.devnull) as nothing:
                print(nothing.read(), get_ipython is not None)
            return await asyncio.gather(*[shop.price(item) for shop in shops])

        samples.ask.check(ask)
        """)]
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    shown = notebook.cells[1].outputs[-1].data["text/plain"]
    assert shown.startswith("Right.") and "    tea\n     True" in shown, shown


def test_what_was_made_anew_is_what_it_was() -> None:
    import pickle

    from helpers.checker import packing

    with ThreadPoolExecutor(3, thread_name_prefix="asking") as pool:
        again = pickle.loads(packing.pack(pool))
        assert (again._max_workers, again._thread_name_prefix) == (3, "asking")
        again.shutdown()
    assert pickle.loads(packing.pack(contextvars.ContextVar("who", default=3))).get() == 3
    with pytest.raises(LookupError):
        pickle.loads(packing.pack(contextvars.ContextVar("who"))).get()
    lock = threading.Lock()
    one, other = pickle.loads(packing.pack([lock, lock]))
    assert one is other and not one.locked()


# -- threads of the answer's own -----------------------------------------------------------------------------------

OWN_THREADS = {
    "a thread": """
        import threading
        prices = {}
        def ask_one(shop): prices[shop.name] = shop.price_blocking(item)
        threads = [threading.Thread(target=ask_one, args=[shop]) for shop in shops]
        for thread in threads: thread.start()
        while any(thread.is_alive() for thread in threads): await asyncio.sleep(0.01)
        return [prices[shop.name] for shop in shops]""",
    "a thread that is joined": """
        import threading, time
        thread = threading.Thread(target=time.sleep, args=[0.2])
        thread.start()
        thread.join()
        return await asyncio.gather(*[shop.price(item) for shop in shops[:2]])""",
    "a thread that calls back": """
        import threading
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        threading.Thread(target=lambda: loop.call_soon_threadsafe(done.set)).start()
        await done.wait()
        return await asyncio.gather(*[shop.price(item) for shop in shops])""",
    "a timer": """
        import threading
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        timer = threading.Timer(0.1, loop.call_soon_threadsafe, [done.set])
        timer.daemon = True
        timer.start()
        await done.wait()""",
    "a pool": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda shop: shop.price_blocking(item), shops))""",
    "a pool in a worker thread": """
        from concurrent.futures import ThreadPoolExecutor
        def ask_all():
            with ThreadPoolExecutor(3) as pool:
                return list(pool.map(lambda shop: shop.price_blocking(item), shops))
        return await asyncio.to_thread(ask_all)""",
    "futures of a pool": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(3)
        jobs = [asyncio.wrap_future(pool.submit(shop.price_blocking, item)) for shop in shops]
        return await asyncio.gather(*jobs)""",
    "a thread that never ends": """
        import threading
        thread = threading.Thread(target=threading.Event().wait, daemon=True)
        thread.start()
        thread.join()""",
}


@pytest.mark.parametrize("name", OWN_THREADS)
def test_a_thread_that_virtual_time_does_not_see_is_not_called_wrong(name: str) -> None:
    report = check(samples.ask, body(OWN_THREADS[name]), seconds=3)
    if report.outcome == "unchecked":
        assert report.kind in ("own thread", "not simulated"), report
        check_report(report)
        assert "This says nothing about whether your answer is right." in " ".join(report.message.split())
    else:
        assert report.outcome == "right", report


@pytest.mark.parametrize(("slots", "outcome", "kind"), [(1, "wrong", "slow"), (9, "right", "")])
def test_a_semaphore_of_threads_in_workers_is_judged(slots: int, outcome: str, kind: str) -> None:
    """One worker holds it while it sleeps in virtual time, and another waits for it in virtual time, too."""
    report = check(samples.ask, body(f"""
        import threading
        slots = threading.Semaphore({slots})
        def ask_one(shop):
            with slots:
                return shop.price_blocking(item)
        return await asyncio.gather(*[asyncio.to_thread(ask_one, shop) for shop in shops])"""), seconds=3)
    assert (report.outcome, report.kind) == (outcome, kind), report


@pytest.mark.parametrize(("answer", "told"), [
    ("await asyncio.open_connection('localhost', 1)", "sockets live in real time"),
    ("await asyncio.create_subprocess_exec('ls')", "subprocesses live in real time"),
    ("import os\n    os.system('ls')", "an answer cannot start processes here (os.system)"),
])
def test_what_is_not_simulated_is_told_without_advice_for_runs_of_ones_own(answer: str, told: str) -> None:
    report = check(samples.ask, f"async def ask(shops, item):\n    {answer}\n")
    assert f"answers are checked: {told}. This says nothing" in " ".join(str(report).split()), report
    assert (report.outcome, report.kind) == ("unchecked", "not simulated")
    check_report(report)


def test_a_thread_that_changes_nothing_is_no_hindrance() -> None:
    report = check(samples.ask, body(f"""
        import threading
        thread = threading.Thread(target=print, args=["asking"])
        thread.start()
        thread.join()
        {ASKED}"""), seconds=10)
    assert report.outcome == "right", report


def test_a_slip_is_a_slip_beside_a_thread() -> None:
    report = check(samples.ask, body("""
        import threading
        threading.Thread(target=print).start()
        return shopz"""))
    assert (report.outcome, report.kind) == ("wrong", "error"), report


# -- statements that were not true ---------------------------------------------------------------------------------


def test_two_threads_at_work_are_not_said_to_be_one_after_another() -> None:
    report = check(samples.ask, body("""
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(None, shop.price_blocking, item) for shop in shops]
        prices = [await job for job in jobs]
        await asyncio.sleep(0.2)
        return prices"""))
    assert report.kind == "slow" and "overlap" not in report.message, report


def test_one_long_wait_is_not_one_after_another() -> None:
    report = check(samples.quick_in_time, "async def quick(shop):\n    shop.latency = 1.0\n"
                   "    return await shop.price('tea')\n")
    assert report.kind == "slow", report


def test_what_a_future_stands_for_is_not_guessed() -> None:
    """Three timers run at once, and one task waits for their futures in turn."""
    report = check(samples.ask, body("""
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for shop in shops]
        for future in futures:
            loop.call_later(0.3, future.set_result, None)
        for future in futures:
            await future
        prices = await asyncio.gather(*[shop.price(item) for shop in shops])
        return prices"""))
    assert report.kind == "slow" and "overlap" not in report.message, report


def test_a_wait_for_a_future_is_no_request() -> None:
    source = """
        async def two_at_once(shops, item):
            loop, free = asyncio.get_running_loop(), asyncio.Semaphore(2)
            async def tick():
                future = loop.create_future()
                loop.call_later(1, future.set_result, None)
                await future
            async def get_price(shop):
                async with free:
                    return await asyncio.shield(shop.price(item))
            ticking = asyncio.create_task(tick())
            prices = await asyncio.gather(*[get_price(shop) for shop in shops])
            await ticking
            return prices
        """
    assert check(samples.two_at_once, source).outcome == "right"


def test_a_gather_alone_is_no_mistake_where_all_is_awaited() -> None:
    assert check(samples.ask, body("""
        tasks = [asyncio.create_task(shop.price(item)) for shop in shops]
        asyncio.gather(*tasks)
        return [await task for task in tasks]""")).outcome == "right"


def test_what_computes_between_many_awaits_is_not_said_to_have_no_await() -> None:
    report = check(samples.ask, body("""
        import time
        end = time.thread_time() + 0.4
        while time.thread_time() < end: await asyncio.sleep(0)
        return [320, 290, 335]"""), seconds=10)
    assert report.kind in ("computes", "endless") and "without an await" not in report.message, report


def test_a_deep_structure_is_not_a_function_that_calls_itself() -> None:
    report = check(samples.ask, body("""
        import json
        deep = []
        for _ in range(100_000): deep = [deep]
        json.dumps(deep)"""))
    assert report.kind == "recursion" and "called itself" not in report.message, report


def test_a_callback_that_fails_is_no_task() -> None:
    report = check(samples.ask, body(f"""
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        {ASKED}"""))
    assert report.kind == "lost exception" and "a callback raised ZeroDivisionError" in report.message, report


def test_a_lane_says_which_shop_is_asked() -> None:
    lanes = [task.name for task in samples.ask.solution().runs["solution"].tasks]
    assert lanes == ["ask", "north.price", "south.price", "west.price"]
