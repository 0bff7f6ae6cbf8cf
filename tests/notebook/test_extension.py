"""What `%load_ext helpers` promises, each in a real kernel of the running interpreter.

Where a promise is only kept by the extension, the same is run without it first, so that the day on which Jupyter
itself closes the hole is seen here.
"""

from __future__ import annotations

import re
import sys

import pytest

from tests.notebook.kernels import Kernel

pytestmark = pytest.mark.slow


@pytest.fixture
def bare():
    kernel = Kernel()
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(bare):
    assert bare.run("%load_ext helpers\nimport asyncio").reply["status"] == "ok"
    return bare


@pytest.fixture(scope="module")
def shared():
    """A kernel for the tests that leave nothing behind."""
    kernel = Kernel()
    assert kernel.run("%load_ext helpers\nimport asyncio, time").reply["status"] == "ok"
    yield kernel
    kernel.close()


FAIL = "async def fail(after=0.0):\n    await asyncio.sleep(after)\n    raise ValueError('no tea')\n"
GROUP = FAIL + "async with asyncio.TaskGroup() as group:\n    group.create_task(fail())\n    group.create_task(fail())"


# -- exception groups -------------------------------------------------------------------------------


def test_without_the_extension_a_group_is_no_error_output(bare):
    bare.run("import asyncio")
    cell = bare.run(GROUP, patience=5)
    assert cell.errors == []


def assert_group_is_shown(cell):
    assert cell.reply["status"] == "error" and cell.reply["ename"] == "ExceptionGroup"
    assert [e["ename"] for e in cell.errors] == ["ExceptionGroup"]
    assert "2 sub-exceptions" in cell.errors[0]["evalue"]
    assert cell.traceback.count("ValueError: no tea") == 2
    assert "in fail\n" in cell.traceback and "raise ValueError('no tea')" in cell.traceback
    assert "Cell In[" in cell.traceback
    assert "taskgroups.py" not in cell.traceback and "interactiveshell" not in cell.traceback
    assert cell.reply["traceback"] == cell.errors[0]["traceback"]
    assert cell.stderr == ""


def test_first_error_of_a_kernel_is_a_group_from_an_awaiting_cell(kernel):
    assert_group_is_shown(kernel.run(GROUP))
    assert kernel.run("1 + 1").results == ["2"]


def test_group_after_earlier_errors(shared):
    assert shared.run("1 / 0").errors[0]["ename"] == "ZeroDivisionError"
    assert_group_is_shown(shared.run(GROUP))
    assert shared.run("await asyncio.sleep(0)\n1 / 0").errors[0]["ename"] == "ZeroDivisionError"
    assert_group_is_shown(shared.run(GROUP))


def test_group_from_a_cell_that_awaits_nothing(kernel):
    cell = kernel.run("raise ExceptionGroup('two', [ValueError('a'), ExceptionGroup('in', [KeyError('b')])])")
    assert cell.errors[0]["ename"] == cell.reply["ename"] == "ExceptionGroup"
    assert "ValueError: a" in cell.traceback and "KeyError: 'b'" in cell.traceback


def test_error_in_the_wake_of_a_group(shared):
    code = "try:\n    raise ExceptionGroup('g', [ValueError('a')])\nexcept ExceptionGroup:\n    raise KeyError('later')"
    cell = shared.run(code + "\nawait asyncio.sleep(0)")
    assert cell.errors[0]["ename"] == cell.reply["ename"] == "KeyError"
    assert "ValueError: a" in cell.traceback and "During handling" in cell.traceback


def test_plain_errors_stay_as_ipython_shows_them(shared):
    cell = shared.run("def f():\n    return 1 / 0\nf()")
    assert cell.errors[0]["ename"] == "ZeroDivisionError"
    assert "\x1b[" in cell.traceback        # in IPython's colours: not ours
    assert shared.run("1 +").errors[0]["ename"] == "SyntaxError"


def test_first_error_is_a_wrong_magic_in_an_awaiting_cell(kernel):
    cell = kernel.run("await asyncio.sleep(0)\n%no_such_magic")
    assert cell.reply["status"] == "error"
    assert "no_such_magic" in cell.stderr


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Runs a cell without the extension, and one with it: two kernels in a folder with modules that are no programs."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "broken.py").write_text("def f(:\n    pass\n")
    (folder / "tabs.py").write_text("if 1:\n\tx = 1\n        y = 2\n")
    (folder / "imports_broken.py").write_text("import broken\n")
    (folder / "raises.py").write_text("def f():\n    raise ValueError('no tea')\nf()\n")
    bare, loaded = Kernel(), Kernel()
    assert loaded.run("%load_ext helpers").reply["status"] == "ok"
    for kernel in (bare, loaded):
        kernel.run(f"import os, asyncio\nos.chdir({str(folder)!r})")
    # IPython leaves coroutines behind, with or without the extension, and shows an error when they are thrown away.
    def run(code):
        for kernel in (bare, loaded):
            kernel.run("import gc\n_ = gc.collect()")
        return bare.run(code), loaded.run(code)

    yield run
    bare.close()
    loaded.close()


NO_PROGRAM = {
    "colon": "async def f(x)\n    pass",
    "unexpected indent": "x = 1\n    y = 2",
    "unindent": "if 1:\n    x\n  y",
    "no block": "def f():\nx = 1",
    "tabs": "if 1:\n\tx = 1\n        y = 2",
    "incomplete": "print(1",
    "unterminated string": "x = 'abc",
    "unterminated text": "x = '''abc\nd",
    "other bracket": "x = [1, 2)\n",
    "unmatched bracket": "x = 1)",
    "in an awaiting cell": "await asyncio.sleep(0)\nx = = 1",
    "await outside of async": "def f():\n    await g()",
    "async for outside": "def f():\n    async for x in y: pass",
    "null": "x = 1\0",
    "return": "return 1",
    "return in an awaiting cell": "await asyncio.sleep(0)\nreturn 1",
    "yield": "yield 1",
    "break": "break",
    "cell magic, later": "%%capture\nreturn 1",
    "no such cell magic": "%%nonsense\nx",
    "deep": "(" * 300,
    "escape": "x = '\\N{no such}'",
    "f-string": "f'{x'",
    "empty f-string": "f'{}'",
    "print": "print 'a'",
    "assignment to a call": "f() = 1",
    "assignment in a condition": "if x = 1: pass",
    "nonlocal": "nonlocal x",
    "twice the same argument": "def f(a, a): pass",
    "positional after keyword": "f(a=1, 2)",
    "quotation marks": "x = \u201ca\u201d",
    "no-break space": "x =\u00a01",
    "zeros": "x = 012",
    "very long number": "x = " + "1" * 5000,
}

RUNS_NO_PROGRAM = {
    "cell magic, awaiting": "%%time\nawait asyncio.sleep(0)\nx = = 1",
    "cell magic": "%%time\nx = = 1",
    "compile": "compile('1 +', 'f', 'exec')",
    "compile, null": "compile('1\\0', 'f', 'exec')",
    "eval": "eval('1 +')",
    "exec": "def f():\n    exec('1 +')\nf()",
    "exec, awaiting": "await asyncio.sleep(0)\nexec('x = = 1')",
    "ast.parse": "import ast\nast.parse('1 +')",
    "ast.literal_eval": "import ast\nast.literal_eval('1 +')",
    "import": "import broken",
    "import, tabs": "import tabs",
    "%run": "%run broken.py",
    "%run, tabs": "%run tabs.py",
    "%run, import": "%run imports_broken.py",
    "%run, exception": "%run raises.py",
    "%run, no file": "%run nothing.py",
    "raise": "raise SyntaxError('mine')",
    "raise in a function": "def f():\n    raise IndentationError('mine', ('f', 1, 2, 'x'))\nf()",
    "a cell in a cell": "_ = get_ipython().run_cell('x = = 1')",
    "a cell in a cell, later": "_ = get_ipython().run_cell('return 1')",
    "an ordinary error": "import json\njson.loads('{')",
    "a cause": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('b') from error",
    "recursion": "def f():\n    f()\nf()",
    "exit": "raise SystemExit(3)",
}


def all_that_came(cell):
    """All that came back of a cell, byte for byte, but for addresses and what counts the cells of a kernel."""
    def alike(text):
        text = re.sub(r"0x[0-9a-f]+", "0xADDR", text)
        return re.sub(r"(In\[|ipykernel_|line-|execution_count=)\d+", r"\1N", text)

    reply = cell.reply
    errors = [(each["ename"], alike(each["evalue"]), alike("\n".join(each["traceback"]))) for each in cell.errors]
    return (errors, alike(cell.stdout), alike(cell.stderr), reply["status"], reply.get("ename"),
            alike("\n".join(reply.get("traceback", []))))


@pytest.mark.parametrize("code", NO_PROGRAM.values(), ids=NO_PROGRAM.keys())
def test_a_cell_that_is_no_program_is_shown_as_without_the_extension(both, code):
    without, with_it = both(code)
    assert all_that_came(with_it) == all_that_came(without)
    assert with_it.errors or "UsageError" in with_it.stderr
    assert "interactiveshell" not in "".join(line for each in with_it.errors for line in each["traceback"])


@pytest.mark.parametrize("code", RUNS_NO_PROGRAM.values(), ids=RUNS_NO_PROGRAM.keys())
def test_a_cell_that_runs_no_program_is_shown_as_without_the_extension(both, code):
    without, with_it = both(code)
    assert all_that_came(with_it) == all_that_came(without)
    assert with_it.errors or "%run" in code


def test_a_syntax_error_of_code_that_a_cell_runs_keeps_its_traceback(shared):
    cell = shared.run("def f():\n    exec('1 +')\nf()")
    assert cell.errors[0]["ename"] == "SyntaxError"
    plain = re.sub(r"\x1b\[[\d;]*m", "", cell.traceback)
    assert "Traceback" in plain and re.search(r"Cell In\[\d+\], line 2,? in f\b", plain)


# -- errors that nobody awaits ----------------------------------------------------------------------


def test_error_of_a_task_that_is_thrown_away(shared):
    cell = shared.run(FAIL + "_ = asyncio.create_task(fail(), name='north'); del _\nawait asyncio.sleep(0.05)")
    assert cell.reply["status"] == "ok"
    assert cell.stderr.startswith("Task exception was never retrieved\n")
    assert "The task 'north' failed" in cell.stderr
    assert "line 3, in fail\n    raise ValueError('no tea')\nValueError: no tea\n" in cell.stderr


def test_a_task_without_a_name_is_called_by_its_function(shared):
    cell = shared.run(FAIL + "_ = asyncio.create_task(fail()); del _\nawait asyncio.sleep(0.05)")
    assert "The task 'fail' failed" in cell.stderr


def test_error_of_a_task_in_a_variable_is_said_once(shared):
    cell = shared.run(FAIL + "kept = asyncio.create_task(fail(), name='kept')\nawait asyncio.sleep(0.05)")
    assert cell.stderr.count("The task 'kept' failed, and nobody has awaited it") == 1
    assert shared.run("await asyncio.sleep(0)").stderr == ""
    assert shared.run("del kept\nimport gc; _ = gc.collect()").stderr == ""


def test_error_of_a_task_in_a_variable_can_still_be_awaited(shared):
    shared.run(FAIL + "later = asyncio.create_task(fail(), name='later')\nawait asyncio.sleep(0.05)")
    cell = shared.run("try:\n    await later\nexcept ValueError as error:\n    print('got', error)")
    assert (cell.stdout, cell.stderr) == ("got no tea\n", "")


def test_error_of_a_task_that_only_out_keeps(shared):
    cell = shared.run(FAIL + "asyncio.create_task(fail(0.1), name='in out')", linger=1.5)
    assert "<Task pending name='in out'" in cell.results[0]
    assert cell.stderr.count("The task 'in out' failed, and nobody has awaited it") == 1
    assert "ValueError: no tea" in cell.stderr


def test_error_of_a_task_that_fails_while_a_later_cell_runs_is_shown_there(shared):
    shared.run(FAIL + "tasks = [asyncio.create_task(fail(0.3), name='slow')]")
    cell = shared.run("await asyncio.sleep(0.8)")
    assert "The task 'slow' failed" in cell.stderr


def test_awaited_errors_are_not_reported(shared):
    code = FAIL + (
        "one = asyncio.create_task(fail(0.01))\n"
        "print(await asyncio.gather(one, fail(), return_exceptions=True))\n"
        "two = asyncio.create_task(fail(0.2))"
    )
    assert shared.run(code).stderr == ""
    cell = shared.run("try:\n    await two\nexcept ValueError:\n    print('caught')")
    assert (cell.stdout, cell.stderr) == ("caught\n", "")


def test_task_destroyed_while_pending(shared):
    code = (
        "async def wait_for_ever():\n    await asyncio.get_running_loop().create_future()\n"
        "_ = asyncio.create_task(wait_for_ever(), name='lost'); del _\n"
        "await asyncio.sleep(0)\nimport gc; _ = gc.collect()"
    )
    cell = shared.run(code)
    assert "Task was destroyed but it is pending!\nThe task 'lost' was thrown away before its end" in cell.stderr


def test_error_in_a_callback_of_the_loop(shared):
    cell = shared.run("asyncio.get_running_loop().call_soon(lambda: 1 / 0)\nawait asyncio.sleep(0.05)")
    assert cell.stderr.startswith("Exception in callback") and "ZeroDivisionError: division by zero" in cell.stderr


def test_errors_on_another_loop_are_shown_too(shared):
    code = FAIL + (
        "async def main():\n    _ = asyncio.create_task(fail(), name='far'); del _\n    await asyncio.sleep(0.05)\n"
        "await asyncio.to_thread(lambda: asyncio.run(main()))"
    )
    cell = shared.run(code)
    assert "Task exception was never retrieved" in cell.stderr
    assert "Cell In[" in cell.stderr and cell.stderr.endswith("ValueError: no tea\n")


def test_forgotten_await_is_warned_about_each_time(shared):
    code = "async def fetch():\n    pass\nfetch()\nNone"
    for _ in range(2):
        assert "coroutine 'fetch' was never awaited" in shared.run(code).stderr


# -- the stop button --------------------------------------------------------------------------------

LONG = {
    "event": "print('begun', flush=True)\nawait asyncio.Event().wait()",
    "sleep": "print('begun', flush=True)\nawait asyncio.sleep(600)",
    "function": "async def nap():\n    await asyncio.sleep(600)\nprint('begun', flush=True)\nawait nap()",
    "group": (
        "async with asyncio.TaskGroup() as group:\n    group.create_task(asyncio.sleep(600))\n"
        "    group.create_task(asyncio.sleep(600))\n    print('begun', flush=True)"
    ),
    "gather": "print('begun', flush=True)\nawait asyncio.gather(asyncio.sleep(600), asyncio.sleep(600))",
    "busy cell": "await asyncio.sleep(0)\nprint('begun', flush=True)\nwhile True: pass",
    "busy task": (
        "async def spin():\n    print('begun', flush=True)\n    while True: pass\n"
        "async with asyncio.TaskGroup() as group:\n    group.create_task(spin())"
    ),
    "blocked task": (
        "async def block():\n    print('begun', flush=True)\n    time.sleep(600)\nawait asyncio.create_task(block())"
    ),
    "recorded": (
        "from helpers import record\nasync def nap():\n    print('begun', flush=True)\n    await asyncio.sleep(600)\n"
        "run = await record(nap())"
    ),
    "no await": "print('begun', flush=True)\ntime.sleep(600)",
}


@pytest.mark.skipif(sys.platform == "win32", reason="shown where it was measured; Windows may wake its loop itself")
def test_without_the_extension_an_awaiting_cell_does_not_stop(bare):
    bare.run("import asyncio")
    assert bare.run(LONG["event"], stop_at="begun", patience=4).reply is None


@pytest.mark.parametrize("code", LONG.values(), ids=LONG.keys())
def test_stop_button(shared, code):
    cell = shared.run(code, stop_at="begun")
    assert cell.reply is not None, "the cell still runs"
    assert cell.reply["status"] == "error"
    assert cell.reply["ename"] == cell.errors[0]["ename"] == "KeyboardInterrupt"
    assert len(cell.traceback.splitlines()) <= 10, cell.traceback
    assert "Cell In[" in cell.traceback and "asyncio/" not in cell.traceback
    assert cell.stderr == ""
    assert shared.run("1 + 1").results == ["2"]
    assert shared.run("[t for t in asyncio.all_tasks() if 'sleep' in repr(t)]").results == ["[]"]


def test_stop_before_and_after(kernel):
    """Nothing is left of a stop: the next cell awaits and ends, and can be stopped again."""
    for _ in range(2):
        assert kernel.run(LONG["event"], stop_at="begun").reply["ename"] == "KeyboardInterrupt"
        assert kernel.run("await asyncio.sleep(0.01, 'slept')").results == ["'slept'"]
    cancelled = kernel.run("raise asyncio.CancelledError('mine')\nawait asyncio.sleep(0)")
    assert cancelled.errors[0]["ename"] == "CancelledError"       # not every cancellation is a stop


HANGS = {
    "endless": ("while True:\n        pass",
                r"line [34], in main\n    (while True:|pass)\n", "main runs at line [34] in main"),
    "endless, awaiting": ("await asyncio.sleep(0)\n    while True:\n        await asyncio.sleep(0)",
                          r"line 5, in main\n    await asyncio.sleep\(0\)\n",
                          "main (is ready to run|runs) at line 5 in main"),
    "event": ("await asyncio.Event().wait()",
              r"line 3, in main\n    await asyncio.Event", "main waits for an event at line 3"),
    "deadlock": ("one, two = asyncio.Lock(), asyncio.Lock()\n    async def take(a, b):\n        async with a:\n"
                 "            await asyncio.sleep(0)\n            async with b:\n                print('both')\n"
                 "    await asyncio.gather(take(one, two), take(two, one))",
                 r"line 9, in main\n    await asyncio.gather.*\n  Cell In\[\d+\], line [67], in .*take\n",
                 "main waits for take and take 2"),
}


@pytest.mark.parametrize("name", HANGS)
def test_a_recorded_run_that_is_stopped_shows_the_line_where_it_hung(shared, name):
    body, line, note = HANGS[name]
    # Printed a little later, by another thread: the stop comes when it hangs.
    begin = "threading.Timer(0.3, print, ['begun'], {'flush': True}).start()"
    code = f"async def main():\n    {begin}\n    {body}\nrun = await record(main())"
    shared.run("import threading\nfrom helpers import record")
    cell = shared.run(code, stop_at="begun")
    assert cell.reply["ename"] == "KeyboardInterrupt" and cell.stderr == ""
    assert re.search(line, cell.traceback), cell.traceback
    assert re.search(note, cell.traceback), cell.traceback
    assert "record.stopped is the recording up to here." in cell.traceback
    assert shared.run("record.stopped.tasks[0].name").results == ["'main'"]


def test_code_that_swallows_the_stop_is_stopped_by_the_next(shared):
    code = (
        "async def stubborn():\n    print('begun', flush=True)\n"
        "    try:\n        await asyncio.sleep(600)\n    except asyncio.CancelledError:\n        time.sleep(600)\n"
        "await stubborn()"
    )
    assert shared.run(code, stop_at="begun", stops=2).reply["ename"] == "KeyboardInterrupt"


# -- coming and going -------------------------------------------------------------------------------

STATE = """
import asyncio, logging, signal, sys, warnings
loop = asyncio.get_running_loop()
def state():
    ip = get_ipython()
    return (ip.custom_exceptions, str(ip.CustomTB), {k: len(v) for k, v in ip.events.callbacks.items()},
            loop.get_exception_handler(), list(logging.getLogger("asyncio").handlers), list(warnings.filters),
            warnings.showwarning, sys.get_coroutine_origin_tracking_depth(), ip.find_line_magic("load_ext"))
def handler():
    return signal.getsignal(signal.SIGINT)
"""


@pytest.mark.parametrize("end", ["", "\nawait asyncio.sleep(0)"], ids=["plain", "awaiting"])
def test_unload_restores_everything(bare, end):
    bare.run(STATE)
    bare.run("before = state()" + end)
    bare.run("%load_ext helpers" + end)
    assert bare.run("before != state()").results == ["True"]
    bare.run("%unload_ext helpers" + end)
    cell = bare.run("assert before == state(), (before, state())" + end)
    assert cell.reply["status"] == "ok", cell.errors
    assert bare.run("await asyncio.sleep(0)\n'helpers' in type(handler()).__module__").results == ["False"]


def test_unload_forgets_the_tasks_that_still_run(kernel):
    kernel.run(FAIL + "late = asyncio.create_task(fail(0.3))")
    kernel.run("%unload_ext helpers")
    assert kernel.run("await asyncio.sleep(0.6)").stderr == ""


def test_debugger_finds_the_group(shared):
    shared.run(GROUP)
    assert shared.run("import sys\ntype(sys.last_value).__name__").results == ["'ExceptionGroup'"]


def test_unload_inside_an_awaiting_cell_gives_the_signal_back(kernel):
    kernel.run("import signal")
    code = "await asyncio.sleep(0)\n%unload_ext helpers\ntype(signal.getsignal(signal.SIGINT)).__name__"
    assert kernel.run(code).results == ["'function'"]


def test_loading_twice_changes_nothing_more(bare):
    bare.run(STATE)
    bare.run("%load_ext helpers\nonce = state()")
    code = "from helpers import load_ipython_extension\nload_ipython_extension(get_ipython())\nonce == state()"
    assert bare.run(code).results == ["True"]
    assert bare.run("%reload_ext helpers\nlen(state()[4])").results == ["1"]


def test_the_setup_cell_may_be_run_again_and_says_nothing(bare):
    assert (first := bare.run("%load_ext helpers")).reply["status"] == "ok" and first.stdout == ""
    again = bare.run("%load_ext helpers")
    assert (again.stdout, again.stderr, again.reply["status"]) == ("", "", "ok")
    assert "already loaded" in bare.run("%load_ext autoreload\n%load_ext autoreload").stdout
    assert bare.run("%unload_ext helpers").stdout == ""
    assert "not loaded" in bare.run("%unload_ext helpers").stdout
    assert bare.run("%load_ext helpers").reply["status"] == "ok"
    assert_group_is_shown(bare.run("import asyncio\n" + GROUP))


def test_the_first_cell_may_await(bare):
    """The kernel makes an attribute that the extension needs only in a cell that does not await."""
    cell = bare.run("%load_ext helpers\nimport asyncio\nawait asyncio.sleep(0, 'slept')")
    assert (cell.results, cell.errors) == (["'slept'"], [])
    assert_group_is_shown(bare.run(GROUP))


def test_an_own_exception_handler_is_left_alone(kernel):
    kernel.run("def mine(loop, details): print('mine')")
    kernel.run("loop = asyncio.get_running_loop()\nloop.set_exception_handler(mine)")
    kernel.run("%unload_ext helpers")
    assert kernel.run("loop.get_exception_handler() is mine").results == ["True"]


def test_shell_without_kernel_and_without_loop():
    """A plain IPython, as in a terminal: in a process of its own, for a shell is one per process."""
    code = """
from IPython.core.interactiveshell import InteractiveShell
from helpers import load_ipython_extension, unload_ipython_extension
ip = InteractiveShell.instance()
load_ipython_extension(ip); load_ipython_extension(ip)
ip.run_cell("raise ExceptionGroup('g', [ValueError('no tea')])")
ip.run_cell("import asyncio; await asyncio.sleep(0, 5)")
unload_ipython_extension(ip); unload_ipython_extension(ip)
"""
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "ValueError: no tea" in done.stdout and done.stderr == ""
