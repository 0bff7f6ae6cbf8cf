"""Answers against the checker itself: whatever one does, there is a verdict, soon, and the next is judged as ever."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from helpers.checker import process
from helpers.checker.kinds import KINDS, NOT_JUDGED
from tests.checker import samples

pytestmark = pytest.mark.slow

WITHIN = 3.0                # seconds to a verdict, with the real limit
BUSY = 12.0                 # seconds that a busy machine may take on top
LOWERED = 0.6               # seconds that an endless answer has here, so that the battery does not take minutes
UNHURRIED = 5.0             # seconds that the others have, on a busy machine

# name -> kinds of mistake that may be reported, and the body of the answer
HOSTILE = {
    "pass for ever": ("endless", "while True: pass"),
    "a loop that catches everything": ("endless", """
        while True:
            try:
                while True: pass
            except BaseException:
                pass"""),
    "a loop with finally": ("endless", """
        def spin():
            try:
                while True: pass
            finally:
                spin()
        spin()"""),
    "turns that catch everything": ("endless", """
        while True:
            try:
                await asyncio.sleep(0)
            except BaseException:
                pass"""),
    "sleeps that catch everything": ("endless", """
        while True:
            try:
                await asyncio.sleep(3600)
            except BaseException:
                pass"""),
    "ever more tasks": ("endless memory", """
        async def again():
            asyncio.create_task(again())
            asyncio.create_task(again())
        await again()
        await asyncio.sleep(1)"""),
    "callbacks for ever": ("endless", """
        loop = asyncio.get_running_loop()
        def again(): loop.call_soon(again)
        again()
        await asyncio.Event().wait()"""),
    "a generator for ever": ("endless", "all(iter(int, 1) is not None for _ in iter(int, 1))"),
    "a call into C for ever": ("endless memory", "sum(iter(int, 1))"),
    "a big power": ("endless memory error", "return 10 ** 10 ** 10"),
    "a bad regular expression": ("endless", """
        import re
        re.match(r"(a+)+$", "a" * 40 + "b")"""),
    "recursion": ("recursion", """
        def down(): return down()
        down()"""),
    "recursion without a limit": ("recursion died endless memory", """
        import sys
        sys.setrecursionlimit(10 ** 9)
        def down(): return down()
        down()"""),
    "recursion in C": ("died recursion endless memory value", """
        import sys
        sys.setrecursionlimit(10 ** 9)
        class Deep:
            def __repr__(self): return repr(self)
        return [Deep()]"""),
    "awaiting itself without a limit": ("recursion died endless memory", """
        import sys
        sys.setrecursionlimit(10 ** 9)
        async def down(): return await down()
        await down()"""),
    "a list without end": ("memory endless", """
        x = []
        while True: x.append(bytearray(b"x" * 10 ** 6))"""),
    "one big object": ("memory endless", "return bytearray(b'x') * 10 ** 12"),
    "memory in pieces": ("memory endless", """
        x = [bytearray(b"x" * 10 ** 8) for _ in range(1000)]"""),
    "a string that doubles": ("memory endless", """
        x = "x"
        while True: x += x"""),
    "os._exit": ("died", "import os; os._exit(0)"),
    "os._exit with a code": ("died", "import os; os._exit(42)"),
    "os.abort": ("died", "import os; os.abort()"),
    "kill": ("died", "import os, signal; os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))"),
    "kill the notebook": ("error not simulated", "import os, signal; os.kill(os.getppid(), signal.SIGTERM)"),
    "raise a signal": ("died exit", """
        import signal
        signal.raise_signal(signal.SIGTERM); signal.raise_signal(signal.SIGINT)"""),
    "sys.exit": ("exit", "import sys; sys.exit('good-bye')"),
    "sys.exit in a thread": ("exit value early", """
        import sys
        await asyncio.to_thread(sys.exit)"""),
    "exit in a callback": ("exit deadlock", """
        def leave(): raise SystemExit
        asyncio.get_running_loop().call_soon(leave)
        await asyncio.Event().wait()"""),
    "KeyboardInterrupt in a task": ("exit", """
        async def stop(): raise KeyboardInterrupt
        async with asyncio.TaskGroup() as group:
            group.create_task(stop())"""),
    "a segmentation fault": ("died", "import ctypes; ctypes.string_at(0)"),
    "signals ignored": ("endless", """
        import signal
        for number in signal.valid_signals():
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True: pass"""),
    "faulthandler cancelled": ("endless", """
        import faulthandler
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
        while True: pass"""),
    "asyncio patched": ("replaced", """
        for name in ("sleep", "gather", "Task", "create_task", "wait"):
            setattr(asyncio, name, None)"""),
    "the loop patched": ("replaced endless", """
        import helpers.virtual.loop as v
        v.VirtualTimeLoop._run_once = lambda self: None
        v.VirtualTimeLoop.time = lambda self: 0"""),
    "builtins patched": ("replaced", """
        import builtins
        for name in ("len", "isinstance", "print", "max", "sorted", "type", "int", "str", "Exception", "BaseException"):
            setattr(builtins, name, None)"""),
    "open and import patched": ("replaced", """
        import builtins
        builtins.__import__ = builtins.open = None"""),
    "time patched": ("replaced", """
        import time
        time.monotonic = time.perf_counter = time.thread_time = lambda: 1 / 0"""),
    "json patched": ("replaced", "import json; json.dumps = json.loads = None; return []"),
    "modules cleared": ("replaced", "import sys; sys.modules.clear()"),
    "the checker patched": ("replaced", """
        import helpers.checker.observe as o, helpers.checker.worker as w
        o.observe = w.observe = o._facts = o.shown = None
        return []"""),
    "the protocol patched": ("replaced", """
        import helpers.checker.protocol as p
        p.pack_frame = p.blank_notes = p.as_json = p.Event = p._dumps = None
        return []"""),
    "the marks of the protocol patched": ("value", """
        import helpers.checker.protocol as p
        p.MARK = b"tea"
        return []"""),
    "the recorder patched": ("replaced", """
        import helpers.recorder as r
        r.Recorder.recording = lambda *a: None
        r.Recorder.__exit__ = None"""),
    "threads for ever": ("own thread", """
        import threading
        for number in range(20):
            threading.Thread(target=threading.Event().wait).start()
        return []"""),
    "threads that spin": ("own thread", """
        import threading
        def spin():
            while True: pass
        for number in range(3):
            threading.Thread(target=spin).start()
        return []"""),
    "a pool thread for ever": ("endless not simulated error deadlock", """
        import threading
        await asyncio.to_thread(threading.Event().wait)"""),
    "a lock held twice": ("endless", """
        import threading
        lock = threading.Lock()
        lock.acquire(); lock.acquire()"""),
    "output without end": ("endless", "while True: print('x' * 10_000)"),
    "output to the pipe": ("value died", """
        import os
        for number in range(64):
            try: os.write(number, b"garbage" * 1000)
            except OSError: pass
        return []"""),
    "output to the pipe without end": ("endless died", """
        import os
        while True:
            for number in range(16):
                try: os.write(number, b"\\x93job\\xff\\xff\\xff\\xff")
                except OSError: pass"""),
    "pipes closed": ("died value", "import os; os.closerange(0, 256); return []"),
    "stdout replaced": ("value", "import sys; sys.stdout = sys.stderr = None; return []"),
    "input": ("error", "input()"),
    "fork": ("not simulated", "import os; os.fork()"),
    "a fork bomb": ("error endless", """
        import os
        while True:
            try: os.fork()
            except AttributeError: raise
            except Exception: pass"""),
    "a subprocess": ("not simulated", """
        import subprocess, sys
        subprocess.run([sys.executable, '-c', 'while True: pass'])"""),
    "a subprocess of asyncio": ("not simulated", "await asyncio.create_subprocess_exec('sleep', '60')"),
    "a process pool": ("error not simulated endless", """
        from concurrent.futures import ProcessPoolExecutor
        with ProcessPoolExecutor() as pool: pool.submit(print).result()"""),
    "a process of multiprocessing": ("error not simulated endless", """
        import multiprocessing
        child = multiprocessing.get_context("spawn").Process(target=print)
        child.start()
        child.join()"""),
    "a shell": ("not simulated", "import os; os.system('sleep 60')"),
    "exec": ("not simulated", "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'while True: pass'])"),
    "a broken __str__": ("error exit", """
        class Broken(Exception):
            def __str__(self): raise SystemExit
            __repr__ = __str__
        raise Broken"""),
    "an endless __str__": ("endless", """
        class Broken(Exception):
            def __str__(self):
                while True: pass
        raise Broken"""),
    "an __eq__ that says yes": ("value", """
        class Yes:
            def __eq__(self, other): return True
            __hash__ = None
        return Yes()"""),
    "elements that say yes": ("value", """
        class Yes(int):
            def __eq__(self, other): return True
            __hash__ = int.__hash__
        return [Yes(), Yes(), Yes()]"""),
    "a list that says yes": ("value", """
        class Yes(list):
            def __eq__(self, other): return True
            def __len__(self): return 3
            def __iter__(self): return iter([320, 290, 335])
        return Yes()"""),
    "a class that is another": ("value", """
        class Liar:
            @property
            def __class__(self): return list
            def __len__(self): return 3
            def __iter__(self): return iter([320, 290, 335])
        return Liar()"""),
    "a name of a million letters": ("value", """
        async def nothing(): await asyncio.sleep(0.1)
        await asyncio.gather(*[asyncio.create_task(nothing(), name="x" * 1_000_000 + str(n)) for n in range(20)])
        return []"""),
    "a name of half characters": ("value", """
        async def nothing(): await asyncio.sleep(0.1)
        await asyncio.create_task(nothing(), name="\\ud800" * 1000)
        return []"""),
    "names that colour a terminal": ("value", """
        async def nothing(): await asyncio.sleep(0.1)
        await asyncio.create_task(nothing(), name="\\x1b[31m red \\n\\n\\r")
        return []"""),
    "tasks of long names left behind": ("left behind value", """
        async def nothing(): await asyncio.sleep(100)
        for n in range(500):
            asyncio.create_task(nothing(), name="y" * 10_000)
        return []"""),
    "a deadlock of thousands": ("deadlock", """
        gate = asyncio.Event()
        async def wait(): await gate.wait()
        await asyncio.gather(*[asyncio.create_task(wait(), name="z" * 1_000) for n in range(3_000)])"""),
    "a coroutine function of a long name": ("forgotten await", """
        async def f(): pass
        f.__qualname__ = f.__name__ = "f" * 5_000_000
        f()
        return []"""),
    "an exception of 10 MB": ("error", "raise ValueError('x' * 10_000_000)"),
    "an exception of a million lines": ("error", "raise ValueError('x\\n' * 1_000_000)"),
    "an exception of half characters": ("error", "raise ValueError('\\ud800 tea')"),
    "an exception of a long class": ("error", "raise type('E' * 1_000_000, (Exception,), {})('x')"),
    "an exception whose class lies": ("error", """
        class Meta(type):
            @property
            def __name__(cls): return 3
        class Lies(Exception, metaclass=Meta): pass
        raise Lies"""),
    "an exception that gives no text": ("error", """
        class Odd(Exception):
            def __str__(self): return 3
            __repr__ = __str__
        raise Odd"""),
    "a group of a million": ("error", """
        one = ValueError("x")
        raise ExceptionGroup("many", [one] * 1_000_000)"""),
    "groups in groups": ("error", """
        error = ValueError("x")
        for number in range(5_000):
            error = ExceptionGroup("deep", [error])
        raise error"""),
    "a long chain of causes": ("error", """
        error = ValueError("x")
        for number in range(100_000):
            another = ValueError("y")
            another.__cause__ = another.__context__ = error
            error = another
        raise error"""),
    "an exception of the checker's own": ("value", """
        from helpers.checker import Failed
        raise Failed("no such kind", "x" * 10_000_000, "y" * 10_000_000)"""),
    "an exception of the checker's own, with no text": ("value", """
        from helpers.checker import Failed
        raise Failed(3, [], {})"""),
    "a lost exception of 10 MB": ("lost exception value", """
        async def fail(): raise ValueError("x" * 10_000_000)
        for number in range(5):
            asyncio.create_task(fail())
        await asyncio.sleep(1)
        return []"""),
    "a huge result": ("value", "return [0] * 5_000_000"),
    "a deep result": ("value", """
        deep = []
        for number in range(100_000):
            deep = [deep]
        return deep"""),
    "a result in itself": ("value", """
        a = []
        a.append(a)
        return a"""),
    "a result of half characters": ("value", "return '\\udfff' * 100"),
    "a dictionary of broken keys": ("value", """
        class Key:
            def __repr__(self): raise ValueError
        return {Key(): Key()}"""),
    "a number of a million digits": ("value", "return 1 << 4_000_000"),
    "coroutines by the thousand": ("forgotten await", """
        async def f(): pass
        for number in range(20_000): f()
        return []"""),
    "half a character printed": ("value", "print('\\ud800 tea'); return []"),
    "a terminal coloured": ("value", "print('\\x1b[2J\\x1b[31m\\x07' * 100); return []"),
    "a text that is another": ("value", """
        class Text(str):
            def __len__(self): return -1
            def __getitem__(self, index): return self
            def __str__(self): return self
        import sys
        sys.stdout.write(Text("x" * 1_000_000))
        return []"""),
    "many prints": ("value endless", """
        for number in range(100_000): print(number)
        return []"""),
    "prints from many threads": ("own thread", """
        import threading
        threads = [threading.Thread(target=lambda: [print("x") for _ in range(1000)]) for _ in range(10)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        return []"""),
    "a broken display": ("value", """
        class Broken:
            def __repr__(self): raise SystemExit
            def _repr_html_(self): raise SystemExit
        display(Broken(), "x" * 1_000_000)
        return []"""),
    "reports forged": ("died value", """
        import gc, os
        from helpers.checker import protocol
        for frame in ({"event": "end"}, {"event": "case", "notes": protocol.blank_notes()}):
            for number in range(16):
                try: os.write(number, protocol.pack_frame(frame, b"\\x93job"))
                except OSError: pass
        return []"""),
    "reports forged with what the stack holds": ("died", """
        import sys
        frame = sys._getframe()
        while "send" not in frame.f_locals: frame = frame.f_back
        frame.f_locals["send"]({"event": "end"})"""),
    "reports that make no sense": ("died", """
        import sys
        frame = sys._getframe()
        while "send" not in frame.f_locals: frame = frame.f_back
        frame.f_locals["send"]({"event": "case", "notes": {"value": 3}})"""),
    "reports without end": ("died endless", """
        import sys
        frame = sys._getframe()
        while "send" not in frame.f_locals: frame = frame.f_back
        while True: frame.f_locals["send"]({"event": "printed", "text": "x"})"""),
    "begun again and again": ("endless died", """
        import sys
        frame = sys._getframe()
        while "send" not in frame.f_locals: frame = frame.f_back
        while True: frame.f_locals["send"]({"event": "begun"})"""),
    "stopped by a signal": ("endless", "import os, signal; os.kill(os.getpid(), getattr(signal, 'SIGSTOP', 0))"),
    "an alarm": ("died not simulated", """
        import signal
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        while True: pass"""),
    "an exception hook": ("replaced", """
        import sys
        sys.excepthook = sys.unraisablehook = None
        raise ValueError"""),
    "globals full of garbage": ("value", """
        globals().update({f"g{n}": object() for n in range(10_000)})
        return []"""),
    "a broken __repr__": ("value", """
        class Broken:
            def __repr__(self): raise KeyboardInterrupt
        return Broken()"""),
    "an endless __eq__": ("value", """
        class Slow:
            def __eq__(self, other):
                while True: pass
            __hash__ = None
        return Slow()"""),
    "a huge __repr__": ("value", """
        class Huge:
            def __repr__(self): return "x" * 10 ** 7
        return Huge()"""),
    "a __del__ that spins": ("endless value early", """
        class Spin:
            def __del__(self):
                while True: pass
        return Spin()"""),
    "a __del__ at exit": ("value", """
        import sys
        class Spin:
            def __del__(self):
                while True: pass
        sys.keep = Spin()
        return []"""),
    "atexit": ("value", """
        import atexit
        def spin():
            while True: pass
        atexit.register(spin)
        return []"""),
    "warnings as errors": ("forgotten await", """
        import warnings
        warnings.simplefilter("ignore")
        warnings.warn = warnings.showwarning = None
        shops[0].price(item)
        return []"""),
    "tracing": ("value endless", """
        import sys, threading
        def trace(*args): return trace
        sys.settrace(trace); sys.setprofile(trace); threading.settrace(trace)
        return []"""),
    "garbage collection": ("value", """
        import gc
        gc.disable()
        gc.callbacks.append(lambda *a: 1 / 0)
        gc.set_threshold(1)
        return []"""),
    "a nested loop": ("nested loop forgotten await", "asyncio.run(shops[0].price(item))"),
    "another loop by hand": ("nested loop forgotten await", """
        loop = asyncio.new_event_loop()
        loop.run_until_complete(shops[0].price(item))"""),
    "the loop stopped": ("error exit deadlock value died endless", """
        asyncio.get_running_loop().stop()
        await asyncio.sleep(10)"""),
    "the loop closed": ("error", "asyncio.get_running_loop().close()"),
    "the loop's parts removed": ("error died value exit endless deadlock", """
        loop = asyncio.get_running_loop()
        loop._ready = None
        await asyncio.sleep(1)"""),
    "every task cancelled": ("cancelled", """
        for task in asyncio.all_tasks(): task.cancel()
        await asyncio.sleep(1)"""),
    "every object broken": ("died error value replaced endless", """
        import gc
        for thing in gc.get_objects():
            if type(thing) is dict:
                try: thing.clear()
                except Exception: pass
        return []"""),
    "a metaclass that has a say in everything": ("value", """
        class Meta(type):
            def __getattribute__(cls, name): raise SystemExit
            def __instancecheck__(cls, thing): raise SystemExit
            __repr__ = __hash__ = None
        class Odd(metaclass=Meta): pass
        return [Odd]"""),
    "an exception that has a say in everything": ("exit error", """
        class Odd(Exception):
            def __getattribute__(self, name): raise SystemExit
        raise Odd"""),
    "a group that hides what is in it": ("error", """
        class Odd(ExceptionGroup):
            def derive(self, errors): raise SystemExit
            @property
            def exceptions(self): raise SystemExit
        raise Odd("odd", [ValueError("x")])"""),
    "an exception in itself": ("error", """
        error = ValueError()
        error.args = (error,)
        raise error"""),
    "an int that is never equal": ("value", """
        class Odd(int):
            def __eq__(self, other):
                while True: pass
            __hash__ = int.__hash__
        return [Odd(320), Odd(290), Odd(335)]"""),
    "numbers of too many digits": ("value", "return [10 ** 5_000] * 3"),
    "an error of too many digits": ("error", "raise KeyError(10 ** 5_000)"),
    "a task named by what has no text": ("exit", """
        class Name:
            def __str__(self): raise SystemExit
        asyncio.create_task(asyncio.sleep(1), name=Name())"""),
    "a task that has a say in its name": ("endless", """
        class Odd(asyncio.Task):
            def get_name(self):
                while True: pass
        return [Odd(asyncio.sleep(1), loop=asyncio.get_running_loop())]"""),
    "a future of a long class": ("forgotten await", "return [type('F' * 100_000, (asyncio.Future,), {})()]"),
    "a task factory that exits": ("exit", """
        def factory(loop, coroutine, **options): raise SystemExit
        asyncio.get_running_loop().set_task_factory(factory)
        await asyncio.gather(*[shop.price(item) for shop in shops])"""),
    "an exception handler for ever": ("endless", """
        def handle(loop, context):
            while True: pass
        asyncio.get_running_loop().set_exception_handler(handle)
        async def fail(): raise ValueError
        asyncio.create_task(fail())
        await asyncio.sleep(1)"""),
    "an asynchronous generator that ignores its end": ("lost exception", """
        async def ignore():
            while True:
                try: yield 1
                except BaseException: pass
        async for one in ignore(): break
        await asyncio.sleep(0.1)
        return []"""),
    "an asynchronous generator left early": ("left behind", """
        async def prices():
            try:
                for shop in shops: yield await shop.price(item)
            finally:
                await asyncio.sleep(10)
        async for price in prices(): break
        return [320, 290, 335]"""),
    "a coroutine that ignores its end": ("value", """
        import types
        @types.coroutine
        def turn(): yield
        async def ignore():
            while True:
                try: await turn()
                except BaseException: pass
        coroutine = ignore()
        coroutine.send(None)
        del coroutine
        return []"""),
    "a thread below the module threading": ("own thread thread", """
        import _thread
        def tick():
            while True: print("tick")
        _thread.start_new_thread(tick, ())
        return await asyncio.gather(*[shop.price(item) for shop in shops])"""),
    "a worker thread that never rests": ("not simulated", """
        def spin():
            while True: pass
        asyncio.create_task(asyncio.to_thread(spin))
        return await asyncio.gather(*[shop.price(item) for shop in shops])"""),
    "a handler of a signal": ("not simulated error", """
        import signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: 1 / 0)
        return await asyncio.gather(*[shop.price(item) for shop in shops])"""),
    "tasks of tasks without end": ("endless memory recursion", """
        async def down(): return await asyncio.create_task(down())
        return await down()"""),
    "logging without end": ("endless", """
        import logging
        logging.basicConfig(level=0)
        while True: logging.info("x" * 1_000)"""),
    "an audit hook that fails": ("died", """
        import sys
        sys.addaudithook(lambda *args: 1 / 0)
        return []"""),
    "every coroutine closed": ("value error cancelled exit died", """
        import gc, types
        for thing in gc.get_objects():
            if type(thing) is types.CoroutineType:
                try: thing.close()
                except ValueError: pass
        await asyncio.sleep(1)"""),
    "another folder": ("value", "import os; os.chdir(os.sep); return []"),
    "the environment": ("value", "import os; os.environ.clear(); return []"),
    "the path": ("value", "import sys; sys.path.clear(); sys.path_hooks.clear(); sys.meta_path.clear(); return []"),
}
POSIX = {"stopped by a signal", "an alarm", "fork", "a fork bomb", "kill", "raise a signal"}


def answer_with(body: str):
    source = "async def ask(shops, item):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n"
    return samples.ask.compile(source)


def is_still_judged_well() -> bool:
    good = samples.ask.check(samples.ask.compile(samples.ask.solution_source), seconds=10)
    said = "Right.\nIn the course's solution: It is right.\nTo go on: Go on."
    return good.outcome == "right" and good.message.startswith(said)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_answer_harms_the_checker(name: str) -> None:
    if os.name == "nt" and name in POSIX:
        pytest.skip("there is no such thing on Windows")
    kinds, body = HOSTILE[name]
    start = time.monotonic()
    report = samples.ask.check(answer_with(body), seconds=LOWERED if "endless" in kinds else UNHURRIED)
    took = time.monotonic() - start
    assert report.outcome == ("unchecked" if report.kind in NOT_JUDGED else "wrong"), report
    assert took < WITHIN + BUSY
    assert any(report.kind == kind for kind in _kinds(kinds)), report
    assert len(report.message) < 5_000
    shown = report._repr_mimebundle_()
    assert len(shown["text/plain"].encode()) < 100_000 and len(shown["text/html"].encode()) < 100_000
    assert not set(shown["text/plain"]) & {"\x1b", "\x07", "\r"}
    assert is_still_judged_well()


def _kinds(words: str) -> list[str]:
    """The kinds named in a text; "not simulated" and "forgotten await" are two words."""
    return [kind for kind in KINDS if f" {kind} " in f" {words} "]


@pytest.mark.parametrize("name", ["a loop that catches everything", "a call into C for ever", "memory in pieces"])
def test_a_verdict_comes_soon_with_the_real_limit(name: str) -> None:
    assert process.SECONDS + process.GRACE < WITHIN
    start = time.monotonic()
    report = samples.ask.check(answer_with(HOSTILE[name][1]))
    assert time.monotonic() - start < WITHIN + BUSY
    assert report.outcome == "wrong"
    assert is_still_judged_well()


def test_nothing_that_an_answer_starts_lives_on() -> None:
    """Even if it gets around what refuses to start processes."""
    if os.name == "nt":
        pytest.skip("os.fork is missing")
    report = samples.ask.check(answer_with("""
        import ctypes, os
        child = ctypes.CDLL(None).fork()            # Python's hooks hear nothing of it
        while not child: pass
        print(child)
        return []"""), seconds=10)
    child = int(report.message.partition("Your code printed: ")[2])
    end = time.monotonic() + 30
    while _runs(child):
        assert time.monotonic() < end, f"process {child} lives on"
        time.sleep(0.01)


def _runs(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    try:
        # A zombie is that of an adoptive parent who does not look.
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


IN_A_KERNEL = [
    "a loop that catches everything", "recursion without a limit", "one big object", "os._exit", "kill the notebook",
    "sys.exit", "output without end", "builtins patched", "threads that spin", "pipes closed",
]


def test_a_kernel_goes_on_after_each_hostile_answer() -> None:
    notebook = nbformat.v4.new_notebook()
    root = str(Path(__file__).resolve().parents[2])

    def cell(source: str) -> None:
        notebook.cells.append(nbformat.v4.new_code_cell(textwrap.dedent(source).strip("\n")))

    cell(f"""
        %load_ext helpers
        import asyncio, os, sys
        sys.path.insert(0, {root!r})
        from tests.checker import samples
        kernel = os.getpid()
        """)
    for name in IN_A_KERNEL:
        body = textwrap.indent(textwrap.dedent(HOSTILE[name][1]).strip("\n"), "    ")
        cell(f"async def ask(shops, item):\n{body}\n\n\n"
             f"report = samples.ask.check(ask, seconds={LOWERED})\nreport.outcome")
        cell("await asyncio.sleep(0.001)\nassert os.getpid() == kernel\n"
             "print(len('abc'), asyncio.current_task() is not None)")
    cell(f"{samples.ask.solution_source}\n\nsamples.ask.check(ask)")
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    for number in range(len(IN_A_KERNEL)):
        hostile, after = notebook.cells[1 + 2 * number], notebook.cells[2 + 2 * number]
        assert [output.data["text/plain"] for output in hostile.outputs] in (["'wrong'"], ["'unchecked'"]), \
            IN_A_KERNEL[number]
        assert "".join(output.text for output in after.outputs) == "3 True\n", IN_A_KERNEL[number]
    assert notebook.cells[-1].outputs[-1].data["text/plain"].startswith("Right.")
    assert "traceback" not in str(notebook.cells)


def test_an_answer_from_a_cell_is_checked_by_its_lines() -> None:
    """In a kernel the answer is a function of `__main__`, and its lines those of the cell."""
    notebook = nbformat.v4.new_notebook()
    for source in (
        f"import asyncio, sys\nsys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})\n"
        "from tests.checker import samples",
        "extra = 0\n\n\nasync def ask(shops, item):\n    prices = []\n    for shop in shops:\n"
        "        prices.append(await shop.price(item) + extra)\n    return prices\n\n\nsamples.ask.check(ask)",
        samples.ask.starter + "\n\nsamples.ask.check(ask)",
    ):
        notebook.cells.append(nbformat.v4.new_code_cell(source))
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    shown = notebook.cells[1].outputs[0].data
    assert "Line 7: prices.append(await shop.price(item) + extra)" in shown["text/plain"]
    assert "<img alt=" in shown["text/html"]
    assert notebook.cells[2].outputs[0].data["text/plain"].startswith("Not tried yet.")


assert len(HOSTILE) >= 40
assert set(IN_A_KERNEL) <= set(HOSTILE)
assert sys.version_info >= (3, 11)
