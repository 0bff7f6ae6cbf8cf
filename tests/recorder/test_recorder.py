"""What the recorder notes of a run: turns, waits and their lines, outcomes, blocking; and that it goes without a trace."""

import asyncio
import contextlib
import gc
import inspect
import math
import socket
import sys
import threading
import time
import weakref
from asyncio import events

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.recorder import Recorder, hooks, notes, record
from helpers.simulated_io import Shop
from helpers.virtual.run import simulate
from helpers.wait_kinds import BLOCKED, READY, RUN, WAIT

SOON = 0.002                # seconds: long enough to be suspended
NEVER = 60.0                # seconds that no test waits for to the end
HANDLE_RUN = events.Handle._run


def recorded(coro, **options):
    """The recording of a coroutine in real time."""

    async def outer():
        return await record(coro, **options)

    return asyncio.run(outer())


BOTH = pytest.mark.parametrize("run", [recorded, simulate], ids=["record", "simulate"])


def line(function, mark="# here"):
    """The number of the line in `function` that ends with `mark`."""
    lines, first = inspect.getsourcelines(function)
    (offset,) = [i for i, text in enumerate(lines) if text.rstrip().endswith(mark)]
    return first + offset


def waits(task):
    return [span for span in task.spans if span.kind == WAIT]


def named(run, name):
    (task,) = [task for task in run.tasks if task.name == name]
    return task


def watchdogs():
    return [thread for thread in threading.enumerate() if thread.name == "helpers-watchdog"]


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    yield
    assert events.Handle._run is HANDLE_RUN
    assert hooks.WATCHES == {} and notes.ROWS == {}
    assert watchdogs() == []


# -- what a task waits for, and where ---------------------------------------------------------------

WAITS = []


def waiting(kind, *, real=True, virtual=True):
    """Declare a program whose main task, in its line `# here`, waits for `kind`."""

    def declare(function):
        if real:
            WAITS.append(pytest.param(recorded, function, kind, id=f"record-{function.__name__}"))
        if virtual:
            WAITS.append(pytest.param(simulate, function, kind, id=f"simulate-{function.__name__}"))
        return function

    return declare


async def later(function, *args):
    await asyncio.sleep(SOON)
    result = function(*args)
    if inspect.isawaitable(result):
        await result


async def nap():
    await asyncio.sleep(SOON)


@waiting("sleep")
async def a_sleep():
    await asyncio.sleep(SOON)  # here


@waiting("sleep")
async def a_sleep_within_coroutines():
    async def inner():
        await asyncio.sleep(SOON)  # here

    async def outer():
        return await inner()

    await outer()


@waiting("task")
async def a_task():
    await asyncio.create_task(nap())  # here


@waiting("gather")
async def a_gather():
    await asyncio.gather(nap(), nap())  # here


@waiting("task group")
async def a_task_group():
    async with asyncio.TaskGroup() as group:  # here
        group.create_task(nap())


@waiting("wait")
async def a_wait():
    await asyncio.wait([asyncio.create_task(nap())])  # here


@waiting("wait_for")
async def a_wait_for_a_task():
    await asyncio.wait_for(asyncio.create_task(nap()), NEVER)  # here


@waiting("lock")
async def a_lock():
    lock = asyncio.Lock()
    await lock.acquire()
    task = asyncio.create_task(later(lock.release))
    async with lock:  # here
        pass
    await task


@waiting("semaphore")
async def a_semaphore():
    semaphore = asyncio.Semaphore(1)
    await semaphore.acquire()
    asyncio.get_running_loop().call_later(SOON, semaphore.release)
    await semaphore.acquire()  # here


@waiting("event")
async def an_event():
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(SOON, event.set)
    await event.wait()  # here


@waiting("condition")
async def a_condition():
    async def notify():
        async with condition:
            condition.notify()

    condition = asyncio.Condition()
    async with condition:
        task = asyncio.create_task(later(notify))
        await condition.wait()  # here
    await task


@waiting("barrier")
async def a_barrier():
    barrier = asyncio.Barrier(2)
    task = asyncio.create_task(later(barrier.wait))
    await barrier.wait()  # here
    await task


@waiting("queue get")
async def a_queue_get():
    queue = asyncio.Queue()
    asyncio.get_running_loop().call_later(SOON, queue.put_nowait, 1)
    await queue.get()  # here


@waiting("queue put")
async def a_queue_put():
    queue = asyncio.Queue(1)
    await queue.put(1)
    asyncio.get_running_loop().call_later(SOON, queue.get_nowait)
    await queue.put(2)  # here


@waiting("queue join")
async def a_queue_join():
    queue = asyncio.Queue()
    await queue.put(1)
    asyncio.get_running_loop().call_later(SOON, queue.task_done)
    await queue.join()  # here


@waiting("future")
async def a_future():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(SOON, future.set_result, 1)
    await future  # here


@waiting("thread")
async def a_thread():
    await asyncio.to_thread(time.sleep, 0.05)  # here


@waiting("thread")
async def an_executor():
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.05)  # here


@waiting("request")
async def a_request():
    await Shop("north", latency=SOON).price("tea")  # here


@waiting("sleep")
async def an_asynchronous_generator():
    async def numbers():
        await asyncio.sleep(SOON)  # here
        yield 1

    return [number async for number in numbers()]


@waiting("sleep")
async def an_awaitable_object():
    class Nap:
        def __await__(self):
            yield from asyncio.sleep(SOON).__await__()  # here

    await Nap()


@waiting("dns", virtual=False)
async def an_address():
    look_up = socket.getaddrinfo

    def look_up_slowly(*args):          # else the thread may be done before anybody waits for it
        time.sleep(0.05)
        return look_up(*args)

    socket.getaddrinfo = look_up_slowly
    try:
        await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)  # here
    finally:
        socket.getaddrinfo = look_up


@waiting("socket", virtual=False)
async def a_line_from_a_socket():
    async def answer(reader, writer):
        await asyncio.sleep(SOON)
        writer.write(b"tea\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    reader, writer = await asyncio.open_connection(host, port)
    await reader.readline()  # here
    writer.close()
    server.close()


@waiting("subprocess", virtual=False)
async def a_subprocess():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(0.3)")
    await process.wait()  # here


@pytest.mark.parametrize(("run", "program", "kind"), WAITS)
def test_a_wait_has_its_kind_and_the_line_of_the_learner(run, program, kind):
    main = run(program()).tasks[0]
    assert main.outcome == "result", main.error
    here = [span for span in main.spans if span.kind == WAIT and span.place and span.place.line == line(program)]
    assert [span.wait for span in here] == [kind]
    assert here[0].place.file == __file__


@pytest.mark.skipif(sys.platform == "win32", reason="its default loop has no sock_recv written in Python")
def test_a_socket_by_hand():
    async def main():
        loop = asyncio.get_running_loop()
        one, other = socket.socketpair()
        with one, other:
            one.setblocking(False)
            other.setblocking(False)
            loop.call_later(SOON, one.send, b"tea")
            return await loop.sock_recv(other, 10)

    run = recorded(main())
    assert run.result == b"tea" and [span.wait for span in waits(run.tasks[0])] == ["socket"]


@BOTH
def test_a_step_aside_is_a_turn(run):
    async def main():
        for _ in range(3):
            await asyncio.sleep(0)  # here

    (main_task,) = (result := run(main())).tasks
    spans = [span for span in main_task.spans if span.kind == READY and span.wait == "turn"]
    assert [span.place.line for span in spans] == [line(main)] * 3
    assert waits(main_task) == [] and result.error == ""


def test_a_step_aside_between_many_others_is_a_turn_too():
    async def main():
        for _ in range(3_000):
            await asyncio.sleep(0)

    turns = [span for span in simulate(main()).tasks[0].spans if span.kind == READY]
    assert len(turns) == 3_000 and {span.wait for span in turns} == {"turn"}


@BOTH
def test_whom_a_task_waits_for(run):
    async def main():
        first, second = asyncio.create_task(nap(), name="first"), asyncio.create_task(nap(), name="second")
        await first
        await asyncio.gather(second, asyncio.create_task(nap(), name="third"))
        async with asyncio.TaskGroup() as group:
            group.create_task(nap(), name="fourth")
            group.create_task(nap(), name="fifth")
        sixth = asyncio.create_task(nap(), name="sixth")
        await asyncio.wait([sixth])

    result = run(main())
    on = [{result.tasks[i].name for i in span.on} for span in waits(result.tasks[0])]
    assert on[0] == {"first"} and on[1] >= {"third"} and on[2] <= {"fourth", "fifth"} and on[-1] == {"sixth"}
    assert on[2] and {span.on for task in result.tasks[1:] for span in task.spans} == {()}


def test_a_future_that_is_none_of_asyncios():
    class Duck:
        _asyncio_future_blocking = False
        _callbacks = [1, 2, 3]

        def get_loop(self):
            return asyncio.get_running_loop()

        def add_done_callback(self, callback, *, context=None):
            asyncio.get_running_loop().call_soon(callback, self, context=context)

        def result(self):
            return "quack"

        def __await__(self):
            self._asyncio_future_blocking = True
            yield self
            return self.result()

    async def main():
        return await Duck()

    run = simulate(main())
    assert run.result == "quack" and [span.wait for span in waits(run.tasks[0])] == ["future"]


def test_an_awaitable_that_knows_its_awaiter_ends_the_search():
    class Circle:
        coro = None

        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            if self.coro is not None:
                raise StopIteration("round")
            self.coro = asyncio.current_task().get_coro()

    async def main():
        return await Circle()

    assert simulate(main()).result == "round"


# -- names, parents, outcomes ----------------------------------------------------------------------


@BOTH
def test_names(run):
    async def get_price():
        await asyncio.sleep(0)

    async def main():
        late = asyncio.create_task(get_price())
        async with asyncio.TaskGroup() as group:
            for name in ("north", None, None, "north"):
                group.create_task(get_price(), name=name)
            late.set_name("set later")
        await late

    assert [task.name for task in run(main()).tasks] == ["main", "set later", "north", "get_price", "get_price 2", "north"]


@BOTH
def test_what_is_called_like_a_default_name_only_if_it_is_one(run):
    class Shop:
        async def price(self):
            pass

    async def main():
        await asyncio.create_task(Shop().price())
        await asyncio.create_task(nap(), name="Task-force")

    assert [task.name for task in run(main()).tasks] == ["main", "Shop.price", "Task-force"]


@BOTH
def test_a_name_set_by_a_task_that_is_left_behind(run):
    async def child():
        asyncio.current_task().set_name("still here")
        await asyncio.sleep(NEVER)

    async def main():
        keep.append(asyncio.create_task(child()))
        await asyncio.sleep(SOON)

    keep = []
    assert [task.name for task in run(main()).tasks] == ["main", "still here"]


@BOTH
def test_parents(run):
    async def grandchild():
        pass

    async def child():
        await asyncio.create_task(grandchild(), name="c")

    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.create_task(child(), name="b")
        future = loop.create_future()
        loop.call_soon(lambda: future.set_result(loop.create_task(nap(), name="of a callback")))
        await (await future)

    result = run(main())
    assert [(t.id, t.name, t.parent) for t in result.tasks] == [(0, "main", None), (1, "b", 0), (2, "c", 1), (3, "of a callback", None)]


@BOTH
def test_outcomes(run):
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    async def fails(error):
        raise error

    async def main():
        tasks = [asyncio.create_task(coro, name=name) for name, coro in [
            ("result", nap()), ("error", fails(ValueError("no tea"))), ("empty", fails(KeyError())),
            ("broken", fails(Broken())), ("cancelled", asyncio.sleep(NEVER)), ("left", asyncio.sleep(NEVER)),
            ("group", fails(ExceptionGroup("two", [ValueError(1), ValueError(2)]))),
            ("unborn", nap()),
        ]]
        tasks[-1].cancel()
        await asyncio.sleep(0)
        tasks[4].cancel()
        await asyncio.wait(tasks[:5] + tasks[6:])
        for task in tasks:
            keep.append(task)
            if task.done() and not task.cancelled():
                task.exception()

    keep = []
    result = run(main())
    assert {task.name: (task.outcome, task.error) for task in result.tasks} == {
        "main": ("result", ""),
        "result": ("result", ""),
        "error": ("exception", "ValueError: no tea"),
        "empty": ("exception", "KeyError"),
        "broken": ("exception", "Broken: (its text cannot be shown)"),
        "cancelled": ("cancelled", ""),
        "left": ("pending", ""),
        "group": ("exception", "ExceptionGroup: two (2 sub-exceptions)"),
        "unborn": ("cancelled", ""),
    }
    left = named(result, "left")
    assert left.finished is None and left.spans[-1].wait == "sleep" and left.spans[-1].end == result.elapsed


@BOTH
def test_an_exception_is_kept(run):
    async def main():
        raise ValueError("no tea")

    result = run(main())
    assert result.error == "ValueError: no tea" and isinstance(result.exception, ValueError)
    with pytest.raises(ValueError, match="no tea"):
        result.result


@BOTH
def test_an_exception_group_is_kept(run):
    async def fails(number):
        raise ValueError(number)

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(fails(1))
            group.create_task(fails(2))
            group.create_task(asyncio.sleep(NEVER))

    result = run(main())
    with pytest.raises(ExceptionGroup) as caught:
        result.result
    assert [error.args for error in caught.value.exceptions] == [(1,), (2,)]
    assert [task.outcome for task in result.tasks] == ["exception", "exception", "exception", "cancelled"]


@BOTH
def test_a_main_task_that_cancels_itself(run):
    async def main():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    result = run(main())
    assert result.tasks[0].outcome == "cancelled"
    with pytest.raises(asyncio.CancelledError):
        result.result


def test_a_task_that_was_dropped_is_shown_as_left_behind():
    async def child():
        await asyncio.get_running_loop().create_future()

    async def main():
        asyncio.create_task(child())
        await asyncio.sleep(0)
        gc.collect()
        asyncio.get_running_loop().set_exception_handler(None)
        return [asyncio.create_task(nap(), name=f"new {i}") for i in range(20)]

    async def outer():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        return await record(main())

    result = asyncio.run(outer())
    assert named(result, "child").outcome == "pending" and len(result.tasks) == 22


@BOTH
def test_a_task_that_a_timer_cancels_takes_no_turn_for_that(run):
    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(asyncio.sleep(NEVER), name="sleeper")
        loop.call_later(SOON, task.cancel)
        await asyncio.wait([task])
        other = asyncio.create_task(asyncio.sleep(NEVER), name="other")
        await asyncio.sleep(0)
        loop.call_soon(other.cancel)
        await asyncio.wait([other])

    result = run(main())
    for name in ("sleeper", "other"):
        assert [span.kind for span in named(result, name).spans if span.kind != READY] == [RUN, WAIT, RUN]


# -- time: running, ready, waiting, blocked -----------------------------------------------------------


def test_the_life_of_a_task_in_virtual_time():
    async def child():
        await asyncio.sleep(0.5)  # here
        time.sleep(0.2)

    async def main():
        task = asyncio.create_task(child())
        await asyncio.sleep(1)
        await task

    run = simulate(main())
    main_task, child_task = run.tasks
    assert [(s.kind, s.start, s.end, s.wait, s.step) for s in main_task.spans] == [
        ("run", 0.0, 0.0, "", 0), ("wait", 0.0, 1.0, "sleep", -1), ("run", 1.0, 1.0, "", 3),
    ]
    assert [(s.kind, s.start, s.end, s.wait, s.step) for s in child_task.spans] == [
        ("run", 0.0, 0.0, "", 1), ("wait", 0.0, 0.5, "sleep", -1), ("blocked", 0.5, 0.7, "", 2),
    ]
    assert child_task.spans[1].place.line == line(child) and child_task.spans[2].place.line == line(child) + 1
    assert (child_task.ran, child_task.waited, child_task.kept_waiting) == pytest.approx((0.2, 0.5, 0))


@BOTH
def test_a_timer_that_is_due_while_the_loop_is_blocked(run):
    async def sleeper():
        await asyncio.sleep(0.05)

    async def blocker():
        time.sleep(0.3)

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper())
            group.create_task(blocker())

    result = run(main())
    waited, ready = [span for span in named(result, "sleeper").spans if span.wait == "sleep"]
    assert (waited.kind, ready.kind) == (WAIT, READY)
    assert ready.end - ready.start >= 0.24          # of 0.25: due after 0.05 of the 0.3 seconds


@BOTH
def test_a_future_that_is_set_by_a_task_which_then_blocks(run):
    async def waiter():
        await future

    async def main():
        global future
        future = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(waiter(), name="waiter")
        await asyncio.sleep(0)
        future.set_result(1)
        time.sleep(0.3)
        await task

    result = run(main())
    waited, ready = [span for span in named(result, "waiter").spans if span.wait == "future"]
    block = max(result.blocked, key=lambda span: span.end - span.start)
    assert (waited.kind, ready.kind) == (WAIT, READY)
    assert block.start <= waited.end < block.end <= ready.end


def python_loop():
    end = time.perf_counter() + 0.15
    while time.perf_counter() < end:
        pass


BLOCKERS = {
    "time.sleep": (lambda: time.sleep(0.15), "<lambda>"),
    "a Python loop": (python_loop, "python_loop"),
    "sum() in C": (lambda: sum(range(10_000_000)), "<lambda>"),
}


@pytest.mark.parametrize("block", BLOCKERS)
def test_the_line_that_blocks(block):
    function, name = BLOCKERS[block]

    async def main():
        await asyncio.sleep(SOON)
        function()

    for _ in range(5):                  # the watchdog may starve on a machine that is too busy
        run = recorded(main(), threshold=0.02)
        guilty = max(run.blocked, key=lambda span: span.end - span.start)
        if guilty.place is not None:
            break
    first = function.__code__.co_firstlineno
    assert guilty.place.function == name and guilty.place.file == __file__
    assert first <= guilty.place.line <= first + 3


@BOTH
def test_the_line_of_a_callback_that_blocks(run):
    def slow():
        time.sleep(0.2)  # here

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(slow)
        await asyncio.sleep(0.01)
        loop.call_later(0.01, slow)
        await asyncio.sleep(0.02)

    result = run(main())
    slow_ones = [s for s in result.callbacks if s.wait.endswith(".slow")]       # not what a busy machine may add
    assert [(s.kind, s.place.line) for s in slow_ones] == [(BLOCKED, line(slow))] * 2
    assert set(result.callbacks) <= set(result.blocked) and result.largest_gap >= 0.2


def test_a_task_of_another_recording_that_blocks_is_not_taken_for_ones_own():
    """Two recordings on one loop: each finds the guilty line of its own tasks."""

    def slow_there():
        time.sleep(0.2)

    def slow_here():
        time.sleep(0.12)

    async def there():
        await event.wait()
        slow_there()

    async def here():
        await asyncio.sleep(SOON)
        event.set()
        await asyncio.sleep(SOON)
        slow_here()

    async def outer():
        global event
        event = asyncio.Event()
        return await asyncio.gather(record(there(), threshold=0.05), record(here(), threshold=0.05))

    for run, name in zip(asyncio.run(outer()), ("slow_there", "slow_here")):
        longest = max((s for t in run.tasks for s in t.spans if s.kind == BLOCKED), key=lambda s: s.end - s.start)
        assert longest.place.function == name


@BOTH
def test_a_turn_as_long_as_the_threshold_does_not_block(run):
    async def main():
        time.sleep(0.15)

    assert run(main(), threshold=NEVER).blocked == ()
    assert BLOCKED in [span.kind for span in run(main(), threshold=0.1).tasks[0].spans]
    assert run(main(), threshold=math.inf).blocked == ()


@BOTH
def test_worker_threads(run):
    async def child():
        await asyncio.to_thread(time.sleep, 0.05)

    async def main():
        await asyncio.create_task(child())
        with contextlib.suppress(ZeroDivisionError):
            await asyncio.get_running_loop().run_in_executor(None, lambda: 1 / 0)

    result = run(main())
    assert [job.task for job in result.threads] == [1, 0]
    assert all(job.thread and 0 <= job.start <= job.end <= result.elapsed for job in result.threads)
    (wait,) = waits(result.tasks[1])
    assert result.tasks[1].created <= result.threads[0].start and wait.end <= result.threads[0].end


def test_a_thread_that_is_done_before_the_loop_hears_of_it():
    async def work():
        await asyncio.to_thread(time.sleep, 0.05)

    async def main():
        task = asyncio.create_task(work(), name="work")
        await asyncio.sleep(SOON)
        time.sleep(0.3)
        await task

    run = recorded(main())
    (job,) = run.threads
    waited, ready = [span for span in named(run, "work").spans if span.wait == "thread"]
    assert (waited.kind, ready.kind) == (WAIT, READY) and waited.end == job.end < ready.end


# -- eager tasks -----------------------------------------------------------------------------------

needs_eager = pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in Python 3.12")


@needs_eager
@BOTH
def test_eager_tasks(run):
    async def quick():
        return 1

    async def child():
        own = asyncio.create_task(quick(), name="own")
        await own
        await asyncio.sleep(SOON)  # here

    async def aside():
        await asyncio.sleep(0)

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        async with asyncio.TaskGroup() as group:
            group.create_task(child(), name="child")
            group.create_task(aside(), name="aside")
            unnamed = group.create_task(quick())
        return unnamed.result()

    result = run(main())
    assert result.result == 1 and result.tasks[4].coroutine == "quick"
    assert [(t.name, t.parent, t.outcome) for t in result.tasks] == [
        ("main", None, "result"), ("child", 0, "result"), ("own", 1, "result"), ("aside", 0, "result"),
        ("quick", 0, "result"),
    ]
    assert [s.kind for s in named(result, "own").spans] == [RUN]
    assert [s.kind for s in named(result, "child").spans if s.kind != READY] == [RUN, WAIT, RUN]
    assert [s.kind for s in named(result, "aside").spans] == [RUN, READY, RUN]
    assert waits(named(result, "child"))[0].place.line == line(child)


@needs_eager
def test_a_main_task_that_is_eager_itself():
    async def child():
        await asyncio.sleep(0)

    async def main():
        await asyncio.create_task(child())
        return 5

    async def outer():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        return await record(main())

    run = asyncio.run(outer())
    assert run.result == 5 and [(t.name, t.parent) for t in run.tasks] == [("main", None), ("child", 0)]


@needs_eager
def test_an_eager_main_task_that_ends_at_once():
    async def main():
        return 5

    async def outer():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        return await record(main())

    run = asyncio.run(outer())
    assert run.result == 5 and run.tasks[0].outcome == "result"


@needs_eager
def test_an_eager_task_that_blocks_at_once():
    def slow():
        time.sleep(0.2)

    async def child():
        slow()

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        await asyncio.create_task(child(), name="child")

    run = recorded(main())
    (block,) = named(run, "child").spans
    main_block = max(run.tasks[0].spans, key=lambda span: span.end - span.start)
    assert [(s.kind, s.place.function) for s in (block, main_block)] == [(BLOCKED, "slow")] * 2


@BOTH
def test_tasks_written_in_python(run):
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, coro, **options: asyncio.tasks._PyTask(coro, loop=loop, **options))
        await asyncio.create_task(nap(), name="python")
        await asyncio.create_task(asyncio.sleep(0), name="aside")
        loop.set_task_factory(None)

    result = run(main())
    assert [s.kind for s in named(result, "python").spans if s.kind != READY] == [RUN, WAIT, RUN]
    assert [s.kind for s in named(result, "aside").spans if s.kind != READY] == [RUN, RUN]
    assert {span.on for span in waits(result.tasks[0])} == {(1,), (2,)}


def test_factories_that_make_something_else_leave_nothing_in_the_recording():
    class Other(asyncio.Future):
        def set_name(self, name):
            pass

    def other(loop, coro, **options):
        coro.close()
        future = Other(loop=loop)
        future.set_result(None)
        return future

    def broken(loop, coro, **options):
        coro.close()
        raise ZeroDivisionError

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(other)
        await loop.create_task(nap())
        loop.set_task_factory(broken)
        with pytest.raises(ZeroDivisionError):
            loop.create_task(nap())
        loop.set_task_factory(None)
        await asyncio.create_task(nap(), name="true")

    assert [task.name for task in recorded(main()).tasks] == ["main", "true"]


# -- which tasks -----------------------------------------------------------------------------------


def test_tasks_that_were_there_before_are_not_recorded():
    async def background():
        while True:
            await asyncio.create_task(asyncio.sleep(SOON))

    async def main():
        await asyncio.sleep(5 * SOON)

    async def outer():
        task = asyncio.create_task(background())
        await asyncio.sleep(0)
        run = await record(main())
        task.cancel()
        return run

    assert [task.name for task in asyncio.run(outer()).tasks] == ["main"]


def test_recordings_side_by_side():
    async def child(name):
        await asyncio.sleep(SOON)
        return name

    async def main(name):
        return await asyncio.create_task(child(name), name=name)

    async def outer():
        return await asyncio.gather(*(record(main(name)) for name in "abc"))

    for name, run in zip("abc", asyncio.run(outer())):
        assert run.result == name and [task.name for task in run.tasks] == ["main", name]


def test_a_recording_in_a_recording():
    async def inner():
        await asyncio.create_task(nap(), name="innermost")
        return "inner"

    async def main():
        run = await record(inner())
        await asyncio.create_task(nap(), name="after")
        return run

    outer = recorded(main())
    assert [task.name for task in outer.tasks] == ["main", "after"]
    assert [task.name for task in outer.result.tasks] == ["inner", "innermost"]
    assert [span.on for span in waits(outer.tasks[0])] == [(), (1,)]        # the inner tasks have numbers of their own
    assert [span.on for span in waits(outer.result.tasks[0])] == [(1,)]


def test_waiting_for_a_task_of_another_recording():
    async def first():
        global shared
        shared = asyncio.create_task(asyncio.sleep(10 * SOON))
        await shared

    async def second():
        await asyncio.sleep(SOON)
        await shared

    async def outer():
        return await asyncio.gather(record(first()), record(second()))

    one, other = asyncio.run(outer())
    assert [s.on for s in waits(one.tasks[0])] == [(1,)]
    assert [(s.wait, s.on) for s in waits(other.tasks[0])] == [("sleep", ()), ("task", ())]


def test_a_task_that_outlives_its_recording_goes_on_unrecorded():
    async def survivor():
        await asyncio.sleep(5 * SOON)
        return await asyncio.create_task(nap_and_answer())

    async def nap_and_answer():
        await asyncio.sleep(SOON)
        return "alive"

    async def main():
        return asyncio.create_task(survivor())

    async def outer():
        run = await record(main())
        return len(run.tasks), await run.result, len(run.tasks)

    assert asyncio.run(outer()) == (2, "alive", 2)


def test_loops_in_two_threads():
    async def main(name):
        for _ in range(20):
            await asyncio.create_task(asyncio.sleep(0.001), name=name)

    def work(name):
        runs[name] = recorded(main(name))

    runs = {}
    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(NEVER)
    for name, run in runs.items():
        assert [task.name for task in run.tasks] == ["main"] + [name] * 20
        assert {task.outcome for task in run.tasks} == {"result"}
    assert len(runs) == 2


# -- the end ---------------------------------------------------------------------------------------


def test_everything_is_put_back():
    async def main():
        installed.append(sorted(vars(loop).keys() - before.keys()))
        return len(watchdogs())

    async def outer():
        nonlocal loop, before
        loop = asyncio.get_running_loop()
        before = dict(vars(loop))
        dogs = (await record(main())).result
        return dogs, vars(loop).keys() == before.keys(), events.Handle._run is HANDLE_RUN

    loop, before, installed = None, {}, []
    assert asyncio.run(outer()) == (1, True, True)
    assert installed == [["call_soon", "create_task", "run_in_executor"]]


def test_the_patches_of_others_are_put_back():
    def theirs(self):
        return HANDLE_RUN(self)

    async def outer():
        loop = asyncio.get_running_loop()
        loop.call_soon = other = lambda *args, **options: type(loop).call_soon(loop, *args, **options)
        await record(nap())
        return loop.call_soon is other, events.Handle._run is theirs

    events.Handle._run = theirs
    try:
        assert asyncio.run(outer()) == (True, True)
    finally:
        events.Handle._run = HANDLE_RUN


def test_a_patch_that_somebody_sets_meanwhile_is_left_to_them():
    async def main():
        nonlocal theirs
        loop = asyncio.get_running_loop()
        ours = loop.call_soon
        loop.call_soon = theirs = lambda *args, **options: ours(*args, **options)
        await asyncio.sleep(SOON)

    async def outer():
        await record(main())
        await asyncio.sleep(SOON)
        return asyncio.get_running_loop().call_soon is theirs

    theirs = None
    assert asyncio.run(outer())


def test_cancelling_a_recording():
    async def main():
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError as error:
            log.append(error.args)
            await asyncio.sleep(SOON)
            log.append("cleaned up")
            raise

    async def outer():
        task = asyncio.create_task(record(main()))
        await asyncio.sleep(SOON)
        task.cancel("stop")
        with pytest.raises(asyncio.CancelledError):
            await task
        return events.Handle._run is HANDLE_RUN, [name for name in vars(asyncio.get_running_loop()) if name == "call_soon"]

    log = []
    assert asyncio.run(outer()) == (True, [])
    assert log == [("stop",), "cleaned up"]


def test_cancelling_a_recording_twice():
    async def main():
        try:
            await asyncio.sleep(NEVER)
        finally:
            await asyncio.sleep(5 * SOON)
            log.append("cleaned up")

    async def outer():
        task = asyncio.create_task(record(main()))
        await asyncio.sleep(SOON)
        task.cancel()
        await asyncio.sleep(SOON)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        here = events.Handle._run is HANDLE_RUN
        await asyncio.sleep(10 * SOON)
        return here

    log = []
    assert asyncio.run(outer()) is True and log == ["cleaned up"]


def test_a_main_task_that_will_not_be_cancelled():
    async def main():
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError:
            return "stayed"

    async def outer():
        task = asyncio.create_task(record(main()))
        await asyncio.sleep(SOON)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(outer())


def test_a_timeout_around_a_recording():
    async def main():
        try:
            await asyncio.sleep(NEVER)
        finally:
            log.append("cleaned up")

    async def outer():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await record(main())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(record(main()), 0.02)
        return asyncio.current_task().cancelling()

    log = []
    assert asyncio.run(outer()) == 0 and log == ["cleaned up"] * 2


def test_a_loop_that_is_closed_meanwhile():
    loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(record(asyncio.sleep(NEVER)))
        loop.call_later(SOON, loop.stop)
        loop.run_forever()
        assert events.Handle._run is not HANDLE_RUN
    finally:
        loop.close()
    for pending in (task, *asyncio.all_tasks(loop)):
        pending._log_destroy_pending = False
    task.get_coro().close()
    assert events.Handle._run is HANDLE_RUN


def test_a_recording_keeps_no_task_alive():
    async def main():
        task = asyncio.create_task(nap())
        await task
        return weakref.ref(task)

    async def outer():
        run = await record(main())
        return run

    run = asyncio.run(outer())
    gc.collect()
    assert run.result() is None


# -- mistakes --------------------------------------------------------------------------------------


async def a_program():
    return 1


@BOTH
@pytest.mark.parametrize(("wrong", "words"), [
    (lambda: a_program, "the function a_program itself"),
    (lambda: None, "None (a NoneType)"),
    (lambda: 3, "3 (a int)"),
    (lambda: [1], "[1] (a list)"),
    (lambda: "main()", "'main()' (a str)"),
])
def test_what_is_no_coroutine_object(run, wrong, words):
    with pytest.raises(TypeError) as caught:
        run(wrong())
    text = str(caught.value)
    call = "simulate" if run is simulate else "await record"
    assert words in text and f"{call}(" in text.partition("but got")[2]


def test_a_task_or_a_future_instead_of_a_coroutine():
    async def outer():
        task = asyncio.create_task(a_program())
        future = asyncio.get_running_loop().create_future()
        for wrong, name in ((task, "Task"), (future, "Future"), (asyncio.gather(task), "_GatheringFuture")):
            with pytest.raises(TypeError, match=f"got a {name}, which has begun already"):
                await record(wrong)
        await task

    asyncio.run(outer())


@BOTH
@pytest.mark.parametrize("threshold", [0, -1, math.nan, "fast", None])
def test_a_wrong_threshold(run, threshold):
    coro = a_program()
    with pytest.raises(ValueError, match=r"threshold is a number of seconds above 0, such as 0\.1"):
        run(coro, threshold=threshold)
    coro.close()


def test_a_coroutine_that_was_used_before():
    async def outer():
        coro = a_program()
        await coro
        return await record(coro)

    run = asyncio.run(outer())
    assert run.tasks[0].outcome == "exception"
    with pytest.raises(RuntimeError, match="cannot reuse"):
        run.result


def test_a_loop_that_is_not_asyncios():
    class Foreign:
        pass

    with pytest.raises(TypeError, match=r"only asyncio's own event loops can be watched, not .*Foreign"):
        Recorder(Foreign(), time.perf_counter_ns)


# -- any program -----------------------------------------------------------------------------------

milliseconds = st.integers(0, 40).map(lambda n: n / 1000)
trees = st.recursive(
    st.lists(st.tuples(st.sampled_from(["sleep", "block"]), milliseconds), max_size=4),
    lambda nodes: st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["sleep", "block"]), milliseconds),
            st.tuples(st.sampled_from(["task", "group", "gather", "leave"]), nodes),
        ),
        max_size=4,
    ),
    max_leaves=12,
)


async def grow(tree, asked, name="main"):
    """Run a tree of tasks; `asked[name]` becomes the seconds that a task meant to sleep."""
    asked[name] = 0.0
    for number, (what, how) in enumerate(tree):
        if what == "sleep":
            asked[name] += how
            await asyncio.sleep(how)
        elif what == "block":
            time.sleep(how)
        else:
            child = f"{name}.{number}"
            if what == "task":
                await asyncio.create_task(grow(how, asked, child), name=child)
            elif what == "leave":
                KEEP.append(asyncio.create_task(grow(how, asked, child), name=child))
            elif what == "gather":
                twin = f"{child}b"
                await asyncio.gather(asyncio.create_task(grow(how, asked, child), name=child),
                                     asyncio.create_task(grow(how, asked, twin), name=twin))
            else:
                async with asyncio.TaskGroup() as group:
                    group.create_task(grow(how, asked, child), name=child)


KEEP = []


@settings(max_examples=150, deadline=None)
@given(trees)
def test_the_spans_of_any_program_make_sense(tree):
    asked = {}
    run = simulate(grow(tree, asked), threshold=0.01)
    KEEP.clear()
    assert run.error == ""
    turns = []
    for task in run.tasks:
        end = run.elapsed if task.finished is None else task.finished
        spans = task.spans
        if spans:
            assert spans[0].start == task.created
            # what is left behind may have its turn in the last round, after the end of the main task
            assert spans[-1].end == end or (task.finished is None and end < spans[-1].end <= run.end)
        for before, after in zip(spans, spans[1:]):
            assert before.end == after.start
        assert all(span.start <= span.end for span in spans)
        assert all((span.kind == BLOCKED) == (span.end - span.start > 0.01) for span in spans if span.step >= 0
                   and not math.isclose(span.end - span.start, 0.01))
        if task.outcome == "result":
            slept = sum(s.end - s.start for s in spans if s.kind == WAIT and s.wait == "sleep")
            assert slept == pytest.approx(asked["main" if task.id == 0 else task.name], abs=1e-9)
        turns += [(span.step, span.start, span.end) for span in spans if span.step >= 0]
        assert all((span.step >= 0) == (span.kind in (RUN, BLOCKED)) for span in spans)
        if task.parent is not None:
            parent = run.tasks[task.parent]
            assert task.name.startswith("main" if parent.id == 0 else parent.name) and parent.created <= task.created
    assert str(run).count("\n") == min(len(run.tasks), 24) + (len(run.tasks) > 24) + 1
    turns.sort()
    assert [step for step, _, _ in turns] == list(range(len(turns)))
    for (_, _, end), (_, start, _) in zip(turns, turns[1:]):
        assert end <= start                 # one at a time
