"""What the stop button does to the tasks of a cell, each in a real kernel of the running interpreter."""

from __future__ import annotations

import sys
import time

import pytest

from tests.notebook.kernels import Kernel

pytestmark = pytest.mark.slow

BLOCK = """
async def block(n, limit=None):
    if limit is not None:
        await limit.acquire()
    print("begin", n, flush=True)
    time.sleep(600)
"""
SETUP = "%load_ext helpers\nimport asyncio, time\nfrom helpers import heartbeat, record, simulate\n" + BLOCK
SLEEP = SETUP.splitlines().index("    time.sleep(600)") + 1
TICK = "async def tick():\n    while True: await asyncio.sleep(0.01)\n"
STATE = """
import collections
loop = asyncio.get_running_loop()
left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task() and not t.get_name().startswith("older")]
print(left, type(loop._ready) is collections.deque)
await asyncio.sleep(0)
"""


def new_kernel():
    kernel = Kernel()
    cell = kernel.run(SETUP)
    assert cell.reply["status"] == "ok", cell.errors
    return kernel


@pytest.fixture(scope="module")
def stubborn():
    """A kernel for the tests that leave tasks behind which nobody can end."""
    kernel = new_kernel()
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def kernels():
    """The one kernel of these tests, until it does not answer any more."""
    kernels = []
    yield kernels
    for kernel in kernels:
        kernel.close()


@pytest.fixture
def kernel(kernels):
    if not kernels:
        kernels.append(new_kernel())
    yield kernels[0]
    if kernels[0].run("None", patience=5).reply is None:
        kernels.pop().close()


def stop(kernel, code, *, at="begin", stops=1):
    """Run a cell, and press stop when it has printed `at`. It ends at once, and leaves nothing behind."""
    cell = kernel.run(code, stop_at=at, stops=stops)
    assert cell.reply is not None, f"the cell still runs: {cell}"
    assert cell.reply["status"] == "error"
    assert cell.reply["ename"] == "KeyboardInterrupt", cell
    # On Python 3.11 IPython's own formatter may fail, if the stop came between two statements, and says so.
    shown = cell.errors[0]["ename"] if cell.errors else cell.stderr
    assert "KeyboardInterrupt" in shown, cell
    after = kernel.run(STATE)
    assert after.reply is not None and after.stdout == "[] True\n", (cell, after)
    return cell


# -- no task begins after the stop ------------------------------------------------------------------

PLAIN = {
    "all at once": "await asyncio.gather(*[block(n) for n in range(8)])",
    "one at a time": "limit = asyncio.Semaphore(1)\nawait asyncio.gather(*[block(n, limit) for n in range(8)])",
    "group": "async with asyncio.TaskGroup() as group:\n    for n in range(8): group.create_task(block(n))",
    "group, one at a time": (
        "limit = asyncio.Semaphore(1)\n"
        "async with asyncio.TaskGroup() as group:\n    for n in range(8): group.create_task(block(n, limit))"
    ),
    "nobody awaits them": "tasks = [asyncio.create_task(block(n)) for n in range(8)]\nawait asyncio.Event().wait()",
    "workers": (
        "async def work(queue):\n    while True:\n        await block(await queue.get())\n        queue.task_done()\n"
        "queue = asyncio.Queue()\nfor n in range(8): queue.put_nowait(n)\n"
        "workers = [asyncio.create_task(work(queue)) for _ in range(3)]\nawait queue.join()"
    ),
    "groups in groups": (
        "async def nest(depth):\n    async with asyncio.TaskGroup() as group:\n"
        "        for n in range(2): group.create_task(nest(depth - 1) if depth else block(n))\n"
        "await asyncio.create_task(nest(3))"
    ),
    "as completed": "for first in asyncio.as_completed([block(n) for n in range(8)]): await first",
    "wait for each": "await asyncio.gather(*[asyncio.wait_for(block(n), 900) for n in range(8)])",
    "shielded": "await asyncio.gather(*[asyncio.shield(block(n)) for n in range(8)])",
    "the cell blocks": (
        "tasks = [asyncio.create_task(block(n)) for n in range(8)]\nprint('begin', flush=True)\ntime.sleep(600)\n"
        "await asyncio.sleep(0)"
    ),
    "the cell runs statement by statement": (
        "tasks = [asyncio.create_task(block(n)) for n in range(8)]\nprint('begin', flush=True)\n"
        + "pass\n" * 20_000 + "await asyncio.sleep(0)"
    ),
    "the cell runs statement by statement, and awaits nothing": (
        "tasks = [asyncio.create_task(block(n)) for n in range(8)]\nprint('begin', flush=True)\n" + "pass\n" * 20_000
    ),
    "the cell blocks, and awaits nothing": (
        "tasks = [asyncio.create_task(block(n)) for n in range(8)]\nprint('begin', flush=True)\ntime.sleep(600)"
    ),
    "a callback blocks": (
        "def call():\n    print('begin', flush=True)\n    time.sleep(600)\n"
        "asyncio.get_running_loop().call_soon(call)\nawait asyncio.gather(*[block(n) for n in range(8)])"
    ),
    "the loop is busy": (
        "async def spin(n):\n    if n == 0: print('begin', flush=True)\n    while True: await asyncio.sleep(0)\n"
        "await asyncio.gather(*[spin(n) for n in range(8)])"
    ),
}


@pytest.mark.parametrize("code", PLAIN.values(), ids=PLAIN.keys())
def test_no_task_begins_after_the_stop(kernel, code):
    assert stop(kernel, code).stdout.count("begin") == 1


HINT = "\nrecord.stopped is the recording up to here.\nWrite record.stopped in a cell to see the recording."
RECORDED = [name for name, code in PLAIN.items() if "the cell" not in name]


@pytest.mark.parametrize("name", RECORDED)
def test_no_task_of_a_recording_begins_after_the_stop(kernel, name):
    program = "async def main():\n    " + PLAIN[name].replace("\n", "\n    ") + "\nrun = await record(main())"
    cell = stop(kernel, program)
    assert cell.stdout.count("begin") == 1
    assert "record() was stopped. Where each task stood:\n  - main " in cell.traceback, cell.traceback
    assert cell.traceback.endswith(HINT)
    assert "main" in kernel.run("print(record.stopped)").stdout


def test_a_task_of_an_earlier_cell_goes_on(kernel):
    kernel.run(TICK + "older = asyncio.create_task(tick(), name='older')")
    stop(kernel, "await asyncio.gather(*[block(n) for n in range(8)])")
    assert kernel.run("print(older.done(), older.cancel())").stdout == "False True\n"


# -- clean-up ---------------------------------------------------------------------------------------

CLEAN = """
async def job(n):
    try:
        print("begin", n, flush=True)
        await asyncio.sleep(600)
    finally:
        await asyncio.gather(asyncio.sleep(0.01), *[asyncio.sleep(0.02) for _ in range(3)])
        async with asyncio.timeout(5):
            await asyncio.create_task(asyncio.sleep(0.01))
        print("closed", n, flush=True)
"""
TIDY = {
    "gather": "await asyncio.gather(*[job(n) for n in range(4)])",
    "group": "async with asyncio.TaskGroup() as group:\n    for n in range(4): group.create_task(job(n))",
    "cell": "await asyncio.gather(*[job(n) for n in range(3)], asyncio.sleep(0))\nawait job(3)",
    "recorded": "run = await record(asyncio.wait_for(job(0), 900))\nawait asyncio.gather(*[job(n) for n in range(3)])",
}


@pytest.mark.parametrize("name", ["gather", "group"])
@pytest.mark.parametrize("recorded", [False, True], ids=["plain", "recorded"])
def test_clean_up_is_not_disturbed(kernel, name, recorded):
    code = TIDY[name]
    if recorded:
        code = "async def main():\n    " + code.replace("\n", "\n    ") + "\nrun = await record(main())"
    cell = stop(kernel, CLEAN + code, at="begin 3")
    assert cell.stdout.count("closed") == 4, cell
    assert cell.stderr == ""


# -- the second stop --------------------------------------------------------------------------------

STUBBORN = {
    "swallows it once": """
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        await asyncio.sleep(600)""",
    "swallows it always": """
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass""",
    "awaits in finally": """
    try:
        await asyncio.sleep(600)
    finally:
        await asyncio.Event().wait()""",
    "blocks in its clean-up": """
    try:
        await asyncio.sleep(600)
    finally:
        time.sleep(600)""",
    "blocks, and then awaits": """
    try:
        time.sleep(600)
    finally:
        await asyncio.sleep(600)""",
}
AWAITED = {
    "by the cell": "await stubborn()",
    "as a task": "await asyncio.create_task(stubborn())",
    "gathered": "await asyncio.gather(stubborn(), asyncio.sleep(600))",
    "in a group": "async with asyncio.TaskGroup() as group:\n    group.create_task(stubborn())",
    "recorded": "run = await record(stubborn())",
}


@pytest.mark.parametrize("how", AWAITED.values(), ids=AWAITED.keys())
@pytest.mark.parametrize("body", STUBBORN.values(), ids=STUBBORN.keys())
def test_the_second_stop_arrives(stubborn, body, how):
    kernel = stubborn
    code = "async def stubborn():\n    print('begin', flush=True)" + body + "\n" + how
    cell = kernel.run(code, stop_at="begin", stops=2)
    assert cell.reply is not None, "the cell still runs"
    assert cell.reply["ename"] == "KeyboardInterrupt", cell.errors
    assert kernel.run("await asyncio.sleep(0, 'next')").results == ["'next'"]


def test_a_recording_that_is_stopped_twice_tells_where_it_hangs(kernel):
    code = f"async def main():\n    print('begin', flush=True){STUBBORN['awaits in finally']}\nawait record(main())"
    cell = kernel.run(code, stop_at="begin", stops=2)
    assert "Where each task stood:\n  - main waits for an event at line 6 in main\n" in cell.traceback
    assert kernel.run("print(record.stopped.tasks[0].outcome)").stdout == "cancelled\n"


# -- what a stopped cell tells ----------------------------------------------------------------------

def test_where_the_tasks_of_a_recording_stood(kernel):
    code = """
async def worker(queue):
    while True:
        print(10 // await queue.get()); queue.task_done()
async def main():
    queue = asyncio.Queue()
    for n in (1, 0, 2): queue.put_nowait(n)
    keep = asyncio.create_task(worker(queue), name="worker")
    await queue.join()
run = await record(main())"""
    cell = stop(kernel, code, at="10")
    assert cell.traceback.splitlines()[-6:] == [
        "KeyboardInterrupt: stopped",
        "record() was stopped. Where each task stood:",
        "  - main waits until all items of a queue are done at line 8 in main",
        "  - worker has failed: ZeroDivisionError: integer division or modulo by zero at line 3 in worker",
        *HINT.splitlines()[1:],
    ]
    shown = kernel.run("record.stopped").results[0]
    assert shown.startswith("2 tasks in real time; at most 1 under way; 1 failed; 1 cancelled"), shown
    assert kernel.run("run = await record(asyncio.sleep(0))\nprint(record.stopped)").stdout == "None\n"


def test_where_the_tasks_of_a_cell_stood(kernel):
    code = """
async def wait(lock):
    await lock.acquire()
lock = asyncio.Lock()
await lock.acquire()
asyncio.create_task(block("at once"), name="blocker")
await asyncio.gather(*[wait(lock) for _ in range(3)])"""
    told = stop(kernel, code).traceback.splitlines()
    assert told[-4:-2] == ["KeyboardInterrupt: stopped", "Where each task of the cell stood:"], told
    assert sorted(told[-2:]) == ["  - 3 tasks: wait has not begun", f"  - blocker runs at line {SLEEP} in block"]


INNER = """
async def inner(n):
    print("begin", n, flush=True)
    await asyncio.sleep(600)
"""


def test_a_recording_in_a_task_tells_it_too(kernel):
    code = INNER + "async with asyncio.TaskGroup() as group:\n    group.create_task(record(inner(1)))"
    told = stop(kernel, code).traceback
    assert told.count("Where each task stood:\n  - inner sleeps at line 3 in inner" + HINT) == 1, told


def test_of_two_recordings_that_are_stopped_at_once_one_is_kept_and_both_are_told(kernel):
    told = stop(kernel, INNER + "await asyncio.gather(record(inner(1)), record(inner(2)))", at="begin 2").traceback
    assert told.count("record() was stopped. Where each task stood:\n  - inner sleeps at line 3 in inner") == 2, told
    assert told.count(HINT.splitlines()[1]) == told.count(HINT.splitlines()[2]) == 1


def test_a_recording_that_the_cell_does_not_await_tells_where_its_tasks_stood(kernel):
    code = INNER + "left = asyncio.create_task(record(inner(1)))\nawait asyncio.sleep(600)"
    told = stop(kernel, code).traceback
    assert "A recording had not ended yet. Where each of its tasks stood:\n  - inner sleeps at line 3" in told, told


def test_a_second_stop_does_not_show_the_first(kernel):
    code = f"async def main():\n    print('begin', flush=True){STUBBORN['awaits in finally']}\nawait main()"
    cell = kernel.run(code, stop_at="begin", stops=2)
    assert cell.reply["ename"] == "KeyboardInterrupt" and "CancelledError" not in cell.traceback, cell.traceback


def test_a_cell_without_tasks_tells_its_line_alone(kernel):
    cell = stop(kernel, "print('begin', flush=True)\nawait asyncio.sleep(600)")
    assert cell.traceback.endswith("], line 2\n    await asyncio.sleep(600)\nKeyboardInterrupt: stopped")


def test_a_stopped_simulation_tells_where_its_tasks_stood(kernel):
    code = """
async def other():
    await asyncio.sleep(3)
async def main():
    task = asyncio.create_task(other(), name="other")
    await asyncio.sleep(1)
    print("begin", flush=True)
    while True: pass
run = simulate(main())"""
    cell = kernel.run(code, stop_at="begin")
    assert cell.reply is not None and cell.reply["ename"] == "KeyboardInterrupt"
    assert "simulate() was stopped. Where each task stood:\n" in cell.traceback
    assert "\n  - main runs at line " in cell.traceback
    assert "  - other sleeps at line 2 in other\nsimulate.stopped is the recording up to here." in cell.traceback
    assert cell.traceback.endswith("\nWrite simulate.stopped in a cell to see the recording.")
    assert kernel.run("print(simulate.stopped.tasks[1].spans[-1].wait)").stdout == "sleep\n"


def test_a_simulation_in_a_cell_that_awaits_is_stopped_too(kernel):
    code = """
async def main():
    await asyncio.sleep(1)
    print("begin", flush=True)
    while True: pass
await asyncio.sleep(0)
run = simulate(main())"""
    assert "simulate() was stopped. Where each task stood:\n  - main runs at line " in stop(kernel, code).traceback


def test_a_recording_of_an_earlier_cell_is_not_stopped_and_tells_later_where_it_stands_then(kernel):
    kernel.run("""
async def first():
    await gate.wait()
    await asyncio.sleep(600)
gate = asyncio.Event()
older = asyncio.create_task(record(first()), name="older")""")
    # what `record` makes is called by asyncio, so the cell's own look at what is left would not know it
    cell = kernel.run("await asyncio.gather(*[block(n) for n in range(3)])", stop_at="begin")
    assert cell.reply["ename"] == "KeyboardInterrupt" and "first" not in cell.traceback
    cell = kernel.run("""
gate.set()
await asyncio.sleep(0.01)
older.cancel()
try: await older
except asyncio.CancelledError as error: print(error.__notes__[0])""")
    assert "  - first sleeps at line 3 in first\n" in cell.stdout, cell


def test_a_heartbeat_around_a_stopped_recording_ends(kernel):
    code = "with heartbeat() as pulse:\n    run = await record(asyncio.gather(*[block(n) for n in range(3)]))"
    code = "async def main():\n    await asyncio.gather(*[block(n) for n in range(3)])\n" + code.replace(
        "asyncio.gather(*[block(n) for n in range(3)])", "main()")
    stop(kernel, code)
    assert kernel.run("print(pulse.beating)").stdout == "False\n"


# -- all tasks --------------------------------------------------------------------------------------

CANCEL_ALL = {
    "all": "for task in asyncio.all_tasks(): task.cancel()",
    "all, awaiting": "for task in asyncio.all_tasks(): task.cancel()\nawait asyncio.sleep(0.1)",
    "all others": (
        "tasks = asyncio.all_tasks() - {asyncio.current_task()}\nfor task in tasks: task.cancel()\n"
        "await asyncio.gather(*tasks, return_exceptions=True)"
    ),
    "of the loop": (
        "loop = asyncio.get_running_loop()\n"
        "tasks = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]\n"
        "[task.cancel() for task in tasks]\nif tasks: await asyncio.wait(tasks)"
    ),
    "in a function": (
        "from asyncio import all_tasks, current_task\nasync def shutdown():\n"
        "    tasks = [t for t in all_tasks() if t is not current_task()]\n    for t in tasks: t.cancel()\n"
        "    await asyncio.gather(*tasks, return_exceptions=True)\nawait shutdown()"
    ),
}


@pytest.mark.parametrize("code", CANCEL_ALL.values(), ids=CANCEL_ALL.keys())
def test_cancelling_all_tasks_is_not_the_kernels_end(kernel, code):
    kernel.run(TICK + "older = asyncio.create_task(tick())")
    cell = kernel.run(code)
    assert cell.reply is not None and cell.stderr == ""
    cell = kernel.run(
        "await asyncio.sleep(0.05)\nprint(older.cancelled(), asyncio.all_tasks() == {asyncio.current_task()})"
    )
    assert (cell.stdout, cell.stderr) == ("True True\n", "")


def test_other_loops_keep_all_their_tasks(kernel):
    code = """
import threading
from tornado.gen import sleep
async def main():
    task = asyncio.ensure_future(asyncio.wait_for(sleep(0), 5)), asyncio.create_task(asyncio.sleep(0.1))
    print(len(asyncio.all_tasks()) == 3)
thread = threading.Thread(target=lambda: asyncio.run(main()))
thread.start()
thread.join()"""
    assert kernel.run(code).stdout == "True\n"


def test_unloading_gives_all_tasks_back():
    kernel = Kernel()
    try:
        kernel.run("import asyncio\nbefore = asyncio.all_tasks, asyncio.tasks.all_tasks\n%load_ext helpers")
        code = "print(before == (asyncio.all_tasks, asyncio.tasks.all_tasks), asyncio.all_tasks.__name__)"
        assert kernel.run(code).stdout == "False all_tasks\n"
        kernel.run("%unload_ext helpers")
        assert kernel.run(code).stdout == "True all_tasks\n"
    finally:
        kernel.close()


@pytest.mark.skipif(sys.platform == "win32" or sys.version_info[:2] != (3, 13), reason="shown where it was measured")
def test_without_the_extension_waiting_for_all_tasks_is_the_kernels_end():
    kernel = Kernel()
    try:
        kernel.run("import asyncio")
        assert kernel.run(CANCEL_ALL["all others"], patience=5).reply is None
    finally:
        kernel.close()


# -- a handler of the program's own -----------------------------------------------------------------

UVICORN = """
import socket, uvicorn
async def app(scope, receive, send):
    if scope["type"] == "http":
        await asyncio.sleep(600)
async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve([listener]))
        while not server.started: await asyncio.sleep(0.01)
        print("begin", flush=True)
        await asyncio.Event().wait()
"""


@pytest.mark.parametrize("how", ["await main()", "run = await record(main())"], ids=["plain", "recorded"])
def test_a_server_that_takes_the_signal(kernel, how):
    pytest.importorskip("uvicorn")
    stop(kernel, UVICORN + how)
    assert stop(kernel, "await asyncio.gather(*[block(n) for n in range(8)])").stdout.count("begin") == 1


# -- tasks that await one another ---------------------------------------------------------------------

CIRCLE = """
tasks = {}
async def other(name):
    await tasks[name]
async def circle():
    for mine, theirs in ("ab", "bc", "ca"):
        tasks[mine] = asyncio.create_task(other(theirs), name=mine)
    await asyncio.sleep(0)
    print("begin", flush=True)
    await tasks["a"]
async def itself():
    print("begin", flush=True)
    await asyncio.gather(*[t for t in asyncio.all_tasks() if not t.get_name().startswith("older")])
"""


@pytest.mark.parametrize("code", [
    "await circle()", "await record(circle())", "await asyncio.create_task(circle())", "await itself()",
    "await asyncio.gather(circle(), asyncio.sleep(600))",
    "async with asyncio.TaskGroup() as group:\n    group.create_task(circle())",
    "await circle() if not tasks else None\nawait asyncio.wait(tasks.values())",
])
def test_tasks_in_a_circle_are_stopped(kernel, code):
    stop(kernel, CIRCLE + code)


def test_a_circle_that_was_recorded_is_told(kernel):
    told = stop(kernel, CIRCLE + "await record(circle())").traceback
    assert "  - a waits for b at line 3 in other\n  - b waits for c at line 3 in other" in told, told


# -- the kernel's loop --------------------------------------------------------------------------------

STOPS = {
    "in a cell": "asyncio.get_event_loop().stop()",
    "in a cell that awaits": "await asyncio.sleep(0)\nasyncio.get_running_loop().stop()",
    "in a task": "async def main():\n    asyncio.get_running_loop().stop()\nawait asyncio.create_task(main())",
    "by a callback": "loop = asyncio.get_running_loop()\nloop.call_later(0.01, loop.stop)\nawait asyncio.sleep(0.1)",
    "by a callback of a recorded program": (
        "async def main():\n    loop = asyncio.get_running_loop()\n    loop.call_soon(loop.stop)\n"
        "    await asyncio.sleep(0.05)\n_ = await record(main())"
    ),
}


@pytest.mark.parametrize("code", STOPS.values(), ids=STOPS.keys())
def test_a_cell_cannot_stop_the_loop_of_the_kernel(kernel, code):
    cell = kernel.run(code)
    assert cell.reply is not None
    told = cell.errors[0]["evalue"] if cell.errors else cell.stderr
    assert "loop.stop() would end the kernel of this notebook" in told, cell
    assert kernel.run("1 + 1").results == ["2"]


def test_the_kernel_can_end_itself():
    kernel = Kernel()
    try:
        kernel.run(SETUP)
        assert kernel.run("exit").reply is not None
        for _ in range(200):
            if not kernel.manager.is_alive():
                break
            time.sleep(0.1)
        assert not kernel.manager.is_alive()
    finally:
        kernel.close()


def test_without_the_extension_the_loop_has_its_own_stop(kernel):
    code = "%unload_ext helpers\nprint('stop' in vars(asyncio.get_event_loop()))\n%load_ext helpers\n"
    assert kernel.run(code + "print('stop' in vars(asyncio.get_event_loop()))").stdout == "False\nTrue\n"


def test_a_run_that_was_stopped_is_no_variable(kernel):
    kernel.run("globals().pop('run', None)")
    stop(kernel, INNER + "run = await record(inner(1))")
    told = kernel.run("run").traceback
    assert "There is no variable run, so IPython has taken the word for its own command %run." in told, told
    assert told.endswith("The recording of the run that was stopped is record.stopped.")
    kernel.run("run = 1")
    assert kernel.run("run").results == ["1"]
