"""What the checker says of answers: each kind of mistake, on the right line, in words that name it."""

from __future__ import annotations

import asyncio
import functools
import linecache
import sys
import textwrap
import threading
import time

import pytest

from helpers.checker import packing as parcel
from helpers.checker import process
from helpers.checker import signature as looks
from helpers.checker.exercise import Exercise, Mistake
from helpers.checker.expect import Failed, equal, shown
from helpers.checker.report import Block, Report
from helpers.checker.verdict import KINDS
from tests.checker import samples

ASK = "async def ask(shops, item):\n"


def check(exercise: Exercise, source: str, **options) -> Report:
    return exercise.check(exercise.compile(textwrap.dedent(source).lstrip("\n")), **options)


def body(text: str) -> str:
    return ASK + textwrap.indent(textwrap.dedent(text).strip("\n"), "    ") + "\n"


# kind, the guilty line (0: none), a part of the message, the answer
WRONG = {
    "returns a coroutine": (samples.ask, "forgotten await", 2, "Shop.price()", body("return shops[0].price(item)")),
    "a list of coroutines": (
        samples.ask, "forgotten await", 2, "Shop.price()", body("return [shop.price(item) for shop in shops]")),
    "returns a task": (samples.ask, "forgotten await", 0, "a task", body(
        "return [asyncio.create_task(shop.price(item), name=shop.name) for shop in shops]")),
    "never awaited": (samples.ask, "forgotten await", 3, "never awaited", body("""
        for shop in shops:
            shop.price(item)
        return []""")),
    "computes with a coroutine": (samples.ask, "forgotten await", 2, "'coroutine'", body("return 1 + shops[0].price(item)")),
    "uses a future": (samples.ask, "forgotten await", 2, "await gives", body("""
        prices = asyncio.gather(*[shop.price(item) for shop in shops])
        return [price for price in prices]""")),
    "gather alone": (samples.ask, "forgotten await", 2, "nobody waits", body("""
        asyncio.gather(*[shop.price(item) for shop in shops])
        return [320, 290, 335]""")),
    "sleep alone": (samples.ask, "forgotten await", 2, "sleep()", body("""
        asyncio.sleep(0.5)
        return [320, 290, 335]""")),
    "sequential": (samples.ask, "sequential", 4, "1 s of virtual time", body("""
        prices = []
        for shop in shops:
            prices.append(await shop.price(item))
        return prices""")),
    "half sequential": (samples.ask, "slow", 3, "0.7 s", body("""
        first = await asyncio.gather(shops[0].price(item), shops[1].price(item))
        return [*first, await shops[2].price(item)]""")),
    "too early": (samples.ask, "early", 0, "0 s of virtual time", body("return [320, 290, 335]")),
    "concurrent": (samples.in_turn, "concurrent", 0, "3 waits were under way at once", """
        async def in_turn(shops, item):
            return await asyncio.gather(*[shop.price(item) for shop in shops])
        """),
    "time.sleep": (samples.ask, "blocked", 3, "0.05 s", body("""
        import time
        time.sleep(0.05)
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "price_blocking": (samples.ask, "blocked", 2, "price_blocking", body("return [s.price_blocking(item) for s in shops]")),
    "from time import sleep": (samples.ask, "blocked", 4, "sleep(1)", "from time import sleep\n" + body("""
        prices = await asyncio.gather(*[shop.price(item) for shop in shops])
        sleep(1)
        return prices""")),
    "computes": (samples.ask, "computes", 4, "computed", body("""
        import time; end = time.thread_time() + 0.4
        prices = await asyncio.gather(*[shop.price(item) for shop in shops])
        while time.thread_time() < end: pass
        return prices""")),
    "waits for ever": (samples.ask, "deadlock", 2, "an event (line 2)", body("await asyncio.Event().wait()")),
    "waits for each other": (samples.ask, "deadlock", 6, "first waits for a lock (line 6)", body("""
        one, two = asyncio.Lock(), asyncio.Lock()
        async def both(a, b):
            async with a:
                await asyncio.sleep(0)
                async with b:
                    pass
        first = asyncio.create_task(both(one, two), name="first")
        second = asyncio.create_task(both(two, one), name="second")
        await asyncio.gather(first, second)""")),
    "turns for ever": (samples.ask, "endless", 3, "steps", body("""
        while True:
            await asyncio.sleep(0)""")),
    "sleeps for ever": (samples.ask, "endless", 3, "steps", body("""
        while True:
            await asyncio.sleep(60)""")),
    "spins": (samples.ask, "endless", 2, "stopped after", body("while True: pass")),
    "recursion": (samples.ask, "recursion", 2, "called itself", body("return await ask(shops, item)")),
    "left behind": (samples.ask, "left behind", 2, "asyncio.sleep", body("""
        async def nap(): await asyncio.sleep(5)
        task = asyncio.create_task(nap())
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "a thread left behind": (samples.ask, "thread", 0, "watcher", body("""
        import threading
        threading.Thread(target=threading.Event().wait, name="watcher").start()
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "a lost exception": (samples.ask, "lost exception", 0, "ValueError: no tea", body("""
        async def fail(): raise ValueError("no tea")
        asyncio.create_task(fail())
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "swallows": (samples.call, "swallowed", 4, "returned None", """
        async def call(line, shop):
            try:
                return await shop.price("tea")
            except asyncio.CancelledError:
                pass
            finally:
                line.hang_up()
        """),
    "swallows and goes on": (samples.call, "swallowed", 4, "went on", """
        async def call(line, shop):
            try:
                return await shop.price("tea")
            except BaseException:
                await asyncio.sleep(5)
            finally:
                line.hang_up()
        """),
    "returns in finally": (samples.call, "swallowed", 6, "returned", """
        async def call(line, shop):
            try:
                price = await shop.price("tea")
            finally:
                line.hang_up()
                return locals().get("price")
        """),
    "another exception": (samples.call, "swallowed", 5, "TimeoutError", """
        async def call(line, shop):
            try:
                return await shop.price("tea")
            except asyncio.CancelledError:
                raise TimeoutError
            finally:
                line.hang_up()
        """),
    "skips the clean-up": (samples.call, "clean-up", 0, "open after the cancellation", """
        async def call(line, shop):
            price = await shop.price("tea")
            line.hang_up()
            return price
        """),
    "wrong exception": (samples.fail, "wrong exception", 5, "ValueError: tea came out", """
        async def fail(shop):
            try:
                await shop.price("tea")
            except ShopError:
                raise ValueError("tea")
        """),
    "no exception": (samples.fail, "no exception", 0, "the result was None", """
        async def fail(shop):
            try:
                await shop.price("tea")
            except ShopError:
                pass
        """),
    "raises": (samples.ask, "error", 2, "KeyError: 'coffee'", body("return {}['coffee']")),
    "raises in a group": (samples.ask, "error", 2, "KeyError: 'coffee'", body("""
        async def fail(): return {}['coffee']
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())""")),
    "too many": (samples.two_at_once, "peak", 2, "3 requests", """
        async def two_at_once(shops, item):
            return await asyncio.gather(*[shop.price(item) for shop in shops])
        """),
    "as they arrive": (samples.ask, "order", 0, "[335, 320, 290]", body(
        "return [await price for price in asyncio.as_completed([shop.price(item) for shop in shops])]")),
    "wrong value": (samples.ask, "value", 0, "[321, 291, 336]", body(
        "return [price + 1 for price in await asyncio.gather(*[shop.price(item) for shop in shops])]")),
    "one parameter": (samples.ask, "signature", 1, "ask(shops, item)", "async def ask(shops):\n    return shops\n"),
    "plain def": (samples.ask, "not async", 1, "async def ask", "def ask(shops, item):\n    return [320, 290, 335]\n"),
    "async def": (samples.drive, "async", 1, "def drive", "async def drive(coroutine):\n    return await coroutine\n"),
    "yields": (samples.ask, "async generator", 1, "yield", body("for shop in shops: yield await shop.price(item)")),
    "asyncio.run": (samples.ask, "nested loop", 4, "second event loop", body("""
        coroutine = shops[0].price(item)
        try:
            return asyncio.run(coroutine)
        finally:
            coroutine.close()""")),
    "awaits a number": (samples.ask, "not awaitable", 2, "cannot be awaited", body("return await shops[0].price_of(item)")),
    "a socket": (samples.ask, "not simulated", 2, "real time", body("await asyncio.open_connection('localhost', 1)")),
    "SystemExit": (samples.ask, "exit", 3, "SystemExit: 3", body("""
        import sys
        sys.exit(3)""")),
    "KeyboardInterrupt": (samples.ask, "exit", 2, "KeyboardInterrupt", body("raise KeyboardInterrupt")),
    "SystemExit in a task": (samples.ask, "exit", 2, "SystemExit", body("""
        async def leave(): raise SystemExit
        await asyncio.create_task(leave())""")),
    "CancelledError": (samples.ask, "cancelled", 0, "CancelledError", body("""
        asyncio.current_task().cancel()
        await asyncio.sleep(1)""")),
    "patches asyncio": (samples.ask, "replaced", 0, "asyncio.sleep", body("""
        async def sleep(*args): pass
        asyncio.sleep = sleep
        return await asyncio.gather(*[shop.price(item) for shop in shops])""")),
    "patches a shop": (samples.ask, "replaced", 0, "helpers.simulated_io.Shop.price", body("""
        async def price(self, item): return {"north": 320, "south": 290, "west": 335}[self.name]
        type(shops[0]).price = price
        await asyncio.sleep(0.5)
        return [await shop.price(item) for shop in shops]""")),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_own_message(name: str) -> None:
    exercise, kind, line, fragment, source = WRONG[name]
    report = check(exercise, source, seconds=1 if name == "spins" else 10)
    assert (report.outcome, report.kind) == ("wrong", kind), report
    assert fragment in report.message
    if line:
        assert report.line == line, report
        text = textwrap.dedent(source).lstrip("\n").splitlines()[line - 1].strip()
        assert f"Line {line}: {text}" in report.message
    assert "Try:" in report.message


def test_every_kind_that_an_answer_can_earn_is_tried() -> None:
    elsewhere = {"coroutine object", "not a function", "cannot send", "died", "memory"}      # tested below, or hostile
    assert {kind for _, kind, *_ in WRONG.values()} | elsewhere == set(KINDS)


@pytest.mark.parametrize("exercise", [samples.ask, samples.in_turn, samples.two_at_once, samples.call, samples.fail,
                                      samples.drive], ids=lambda exercise: exercise.name)
def test_the_solution_is_right_and_the_starter_is_untried(exercise: Exercise) -> None:
    report = exercise.check(exercise.compile(exercise.solution_source))
    assert report.outcome == "right"
    assert report.message == "Right. It is right.\nNext: Go on."
    assert exercise.check(exercise.compile(exercise.starter)).outcome == "untried"


def test_a_solution_written_differently_is_right() -> None:
    assert check(samples.ask, body("""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(shop.price(item), name=shop.name) for shop in shops]
        return [task.result() for task in tasks]""")).outcome == "right"


def test_threads_take_part() -> None:
    assert check(samples.ask, body("""
        return await asyncio.gather(*[asyncio.to_thread(shop.price_blocking, item) for shop in shops])""")).outcome == "right"


# -- before it runs ---------------------------------------------------------------------------------


def test_comments_and_blank_lines_in_the_starter_leave_it_untried() -> None:
    assert check(samples.ask, ASK + "\n    # I shall think about it\n\n    ...\n").outcome == "untried"


def test_anything_else_in_the_starter_is_an_attempt() -> None:
    assert check(samples.ask, ASK + "    return shops\n").outcome == "wrong"
    assert check(samples.ask, ASK + "    return 1\n").outcome == "wrong"


def test_an_untried_answer_is_not_run(monkeypatch) -> None:
    monkeypatch.setattr(process, "run", lambda *_: pytest.fail("it was run"))
    monkeypatch.setattr(process, "warm", lambda: None)
    assert check(samples.ask, samples.ask.starter).outcome == "untried"


def test_a_coroutine_object_is_refused_and_not_warned_of(recwarn) -> None:
    answer = samples.ask.compile(samples.ask.solution_source)
    report = samples.ask.check(answer([], "tea"))
    assert (report.outcome, report.kind) == ("wrong", "coroutine object")
    assert "check(ask)" in report.message
    del report
    assert not [w for w in recwarn if "never awaited" in str(w.message)]


@pytest.mark.parametrize("thing", [None, 320, "ask", len, functools.partial(len), object, [asyncio.sleep]])
def test_what_is_no_function_is_refused(thing) -> None:
    report = samples.ask.check(thing)
    assert (report.outcome, report.kind) == ("wrong", "not a function")
    assert type(thing).__name__ in report.message


def test_what_hangs_on_an_object_does_not_run_here() -> None:
    """The notebook's process looks at an answer without asking it."""
    ran = []

    class Curious:
        @property
        def __class__(self):
            ran.append("__class__")
            return int

        def __repr__(self):
            ran.append("__repr__")
            return ""

    assert samples.ask.check(Curious()).kind == "not a function"
    answer = samples.ask.compile("async def ask(shops=None):\n    return shops\n")
    answer.__defaults__ = (Curious(),)
    answer.__signature__ = Curious()
    report = samples.ask.check(answer)
    assert report.kind == "signature" and "ask(shops=...)" in report.message

    async def begun():
        try:
            await asyncio.sleep(0)
        finally:
            ran.append("finally")

    coroutine = begun()
    coroutine.send(None)
    assert samples.ask.check(coroutine).kind == "coroutine object"
    assert ran == []
    coroutine.close()


def test_what_cannot_be_sent_is_named() -> None:
    answer = samples.ask.compile("import threading\nlock = threading.Lock()\n" + body("""
        with lock:
            return await asyncio.gather(*[shop.price(item) for shop in shops])"""))
    report = samples.ask.check(answer)
    assert (report.outcome, report.kind) == ("wrong", "cannot send")
    assert "lock (" in report.message
    assert "asyncio (" not in report.message


def test_globals_travel_with_the_answer() -> None:
    helpers = """\
import asyncio as aio
extra = {"nothing": 0}

class Basket(dict):
    def total(self):
        return sum(self.values())

async def get_price(shop, item):
    return await shop.price(item) + Basket(extra).total()

"""
    answer = body("return await aio.gather(*[get_price(shop, item) for shop in shops])")
    assert check(samples.ask, helpers + answer).outcome == "right"


def test_objects_that_pickle_themselves_do_not_run_code_here() -> None:
    ran = []
    source = "class Trap:\n    def __reduce__(self):\n        ran.append(1)\n        return int, ()\n\n\ntrap = Trap()\n" + body(
        "return trap")
    answer = samples.ask.compile(source)
    answer.__globals__["ran"] = ran
    report = samples.ask.check(answer)
    assert report.kind == "cannot send"
    assert "trap" in report.message and "__reduce__" in report.message
    assert ran == []


def test_something_huge_is_not_sent() -> None:
    answer = samples.ask.compile(body("return data"))
    answer.__globals__["data"] = bytes(parcel.LARGEST + 1)
    report = samples.ask.check(answer)
    assert report.kind == "cannot send" and "16 MB" in report.message


# -- what is shown ----------------------------------------------------------------------------------


def test_a_wrong_answer_is_shown_beside_the_wanted_one() -> None:
    report = check(samples.ask, WRONG["sequential"][-1])
    assert list(report.runs) == ["yours", "wanted"]
    assert report.runs["yours"].elapsed == 1.0 and report.runs["wanted"].elapsed == 0.5
    assert "yours: 1 task in 1 s" in str(report) and "wanted takes 0.5 s, yours 1 s" in str(report)
    bundle = report._repr_mimebundle_()
    assert bundle["text/plain"] == str(report)
    assert "<img alt=" in bundle["text/html"] and "data:image/png;base64," in bundle["text/html"]
    assert "Not yet right:" in bundle["text/html"]


def test_an_untried_answer_is_plain_text_and_always_the_same() -> None:
    reports = [check(samples.ask, samples.ask.starter)._repr_mimebundle_() for _ in range(2)]
    assert reports[0] == reports[1]
    assert list(reports[0]) == ["text/plain"]


def test_html_of_a_learner_is_escaped() -> None:
    bundle = check(samples.ask, body("return ['<script>alert(1)</script>']"))._repr_mimebundle_()
    assert "<script>" not in bundle["text/html"]
    assert "&lt;script&gt;" in bundle["text/html"]


def test_what_an_answer_prints_is_shown() -> None:
    right = check(samples.ask, body("""
        print("asking", len(shops))
        return await asyncio.gather(*[shop.price(item) for shop in shops])"""))
    assert right.outcome == "right"
    assert "Your code printed: asking 3" in right.message
    stuck = check(samples.ask, body("""
        print("before the loop")
        while True: pass"""), seconds=0.5)
    assert "before the loop" in stuck.message


def test_much_output_is_cut() -> None:
    report = check(samples.ask, body("""
        print("x" * 1_000_000)
        return []"""))
    assert report.kind == "value"
    assert "... and 998,001 characters more" in report.message
    assert len(report.message) < 4_000


def test_an_assigned_global_is_noted() -> None:
    report = check(samples.ask, "count = 0\n\n\n" + body("""
        global count
        count = 1
        return await asyncio.gather(*[shop.price(item) for shop in shops])"""))
    assert report.outcome == "right"
    assert "global count" in report.message and "unchanged" in report.message


def test_hints_come_one_by_one() -> None:
    exercise = samples.exercise(samples.ask.starter, samples.ask.solution_source)
    texts = [str(exercise.hint()) for _ in range(5)]
    assert texts[0] == "Hint 1 of 3. a nudge"
    assert texts[2] == "Hint 3 of 3. It is the last one. all"
    assert "no more hints" in texts[3] and "ask.solution()" in texts[3]
    assert texts[4] == texts[3]


def test_the_solution_is_shown_with_its_timeline() -> None:
    report = samples.ask.solution()
    assert "asyncio.gather" in report.message and "Why: It is right." in report.message
    assert report.runs["solution"].elapsed == 0.5
    assert samples.drive.solution().runs == {}


def test_blocks_keep_code_and_fold_prose() -> None:
    assert str(Block("Line 4:", "x = 1", code=True)) == "Line 4: x = 1"
    assert str(Block("Code:", "def f():\n    pass\n", code=True)) == "Code:\n    def f():\n        pass"
    assert all(len(line) <= 100 for line in str(Block("Why:", "word " * 60)).splitlines())


# -- the processes ----------------------------------------------------------------------------------


def test_without_a_process_it_says_so(monkeypatch) -> None:
    process.close()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    report = check(samples.ask, samples.ask.solution_source)
    assert report.outcome == "unchecked"
    assert "could not start one" in report.message
    monkeypatch.undo()
    assert check(samples.ask, samples.ask.solution_source).outcome == "right"


def test_a_waiting_process_that_was_killed_is_replaced() -> None:
    check(samples.ask, samples.ask.solution_source)
    wait_for(lambda: process._spare is not None)
    process._spare.popen.kill()
    process._spare.popen.wait()
    assert check(samples.ask, samples.ask.solution_source).outcome == "right"


def test_the_waiting_process_ends_when_its_pipe_is_closed() -> None:
    waiting = process.Process()
    waiting.popen.stdin.close()
    assert waiting.popen.wait(30) == 0
    waiting.kill()


def test_no_thread_and_no_process_stays_behind_a_check() -> None:
    import psutil

    check(samples.ask, samples.ask.solution_source)
    wait_for(lambda: process._spare is not None)
    process.close()
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "helpers-exercise"])
    try:
        children = psutil.Process().children()
    except psutil.Error:
        pytest.skip("this system shows no processes")
    mine = [p for p in children if "helpers.checker.worker" in " ".join(p.cmdline())]
    assert mine == []


def test_a_check_can_be_interrupted(monkeypatch) -> None:
    taken = []
    original = process.Process.start

    def start(self, job):
        taken.append(self)
        original(self, job)
        raise KeyboardInterrupt

    monkeypatch.setattr(process.Process, "start", start)
    with pytest.raises(KeyboardInterrupt):
        check(samples.ask, body("while True: pass"))
    assert taken[0].popen.returncode is not None


def wait_for(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.01)


# -- the parts --------------------------------------------------------------------------------------


def test_an_exercise_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="defines no function"):
        samples.exercise("x = 1", "y = 1")
    with pytest.raises(ValueError, match="no kind of mistake 'confusion'"):
        Exercise(title="t", task="t", starter=samples.ask.starter, solution="", hints=[], why="", next="",
                 mistakes=[Mistake("confusion", "", "")])
    with pytest.raises(ValueError, match="needs a docstring"):
        @samples.exercise(samples.ask.starter, "").case()
        async def silent(answer):
            pass


def test_values_are_compared_and_shown() -> None:
    equal([1, 2], [1, 2])
    for got, kind in (([2, 1], "order"), ([1, 1], "value"), ([[2], [1]], "value"), (None, "value")):
        with pytest.raises(Failed) as caught:
            equal(got, [1, 2])
        assert caught.value.kind == kind
    assert shown("x" * 500).endswith("…") and len(shown("x" * 500)) == 200


def test_the_learners_line_is_found_in_a_dump() -> None:
    dump = ('Timeout (0:00:02)!\nThread 0x01 (most recent call first):\n'
            f'  File "{threading.__file__}", line 355 in wait\n'
            'Thread 0x02 [python] (most recent call first):\n'
            f'  File "{asyncio.__file__}", line 3 in run\n  File "/tmp/cell.py", line 4 in ask\n  File "<string>", line 1 in <module>\n')
    assert process.learners_line(dump) == ["/tmp/cell.py", 4, "ask"]
    assert process.learners_line("") is None


def test_the_line_of_a_swallowed_cancellation_is_found() -> None:
    answer = samples.call.compile(textwrap.dedent(WRONG["swallows"][-1]).lstrip("\n"))
    assert looks.swallowing_line(looks.tree_of(answer)) == 4
    assert linecache.getline(answer.__code__.co_filename, 4).strip() == "except asyncio.CancelledError:"
    linecache.cache.pop(answer.__code__.co_filename)
    assert looks.tree_of(answer) is None        # without its source no line is named


def test_what_a_case_demands_is_no_part_of_the_learners_timeline() -> None:
    report = check(samples.ask, body("return sorted(await asyncio.gather(*[shop.price(item) for shop in shops]))"))
    assert report.kind == "order"
    assert not report.runs or "Failed" not in str(report)
    report = check(samples.ask, body("await asyncio.sleep(1)\nreturn 3"))
    assert report.kind == "value" and report.runs
    assert "Failed" not in str(report) and "1 failed" not in str(report)


def test_an_assert_of_the_learners_is_told_as_an_exception() -> None:
    report = check(samples.ask, body("assert item == 'coffee', 'no coffee'"))
    assert (report.kind, report.line) == ("error", 2) and "AssertionError: no coffee" in report.message


def test_there_is_no_picture_where_nobody_waits() -> None:
    report = check(samples.quick, "async def quick(shop):\n    return 'tea'\n")
    assert report.kind == "value" and report.runs == {}


def test_the_name_of_the_function_keeps_its_small_letter() -> None:
    report = check(samples.quick, "def quick(shop):\n    return 320\n")
    assert "quick is written with def" in report.message


def test_a_demand_that_follows_from_an_exception_names_its_line() -> None:
    report = check(samples.step, "def step(coroutine):\n    value = 1\n    return coroutine.send(value)\n")
    assert (report.kind, report.line) == ("error", 3) and "just-started" in report.message
