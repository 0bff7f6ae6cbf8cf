"""What a task waits for, and at which of the learner's lines."""

import ast
import asyncio
import inspect
import socket
import sys
import time

import pytest

from helpers.recorder.learners_code import known
from helpers.recorder.library_waits import KINDS
from helpers.recorder.waits import (
    _job_callbacks,
    _kind_of_future,
    _kind_of_futures,
    _kind_of_stream,
    _read_future,
    name_wait,
    read_turn,
    read_wait,
)
from helpers.simulated_io import Shop
from helpers.virtual.run import simulate
from helpers.wait_kinds import READY, WAIT
from helpers.wait_kinds import WAITS as TABLE
from tests.recorder.programs import BOTH, NEVER, SOON, line, nap, recorded, waits

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


@waiting("shield")
async def a_shield():
    await asyncio.shield(asyncio.create_task(nap()))  # here


@waiting("shield")
async def a_shielded_coroutine():
    await asyncio.shield(nap())  # here


@waiting("shield")
async def a_shield_in_a_shield():
    await asyncio.shield(asyncio.shield(asyncio.create_task(nap())))  # here


@waiting("shield")
async def a_shielded_gather():
    await asyncio.shield(asyncio.gather(nap(), nap()))  # here


@waiting("gather")
async def a_gather_of_a_shield():
    await asyncio.gather(asyncio.shield(asyncio.create_task(nap())))  # here


@waiting("wait_for")
async def a_shield_with_a_timeout():
    await asyncio.wait_for(asyncio.shield(asyncio.create_task(nap())), NEVER)  # here


@waiting("future")
async def a_shielded_future():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(SOON, future.set_result, 1)
    await asyncio.shield(future)  # here


@waiting("thread")
async def a_shielded_executor():
    await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.05))  # here


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


@BOTH
def test_which_task_is_shielded(run):
    async def main():
        loop = asyncio.get_running_loop()
        for await_it in (
            asyncio.shield,
            lambda task: asyncio.shield(asyncio.shield(task)),
            lambda task: asyncio.gather(asyncio.shield(task)),
            lambda task: asyncio.shield(asyncio.gather(task)),
            lambda task: asyncio.wait_for(asyncio.shield(task), NEVER),
            lambda task: asyncio.wait_for(task, NEVER),
            lambda task: asyncio.wait([asyncio.shield(task)]),
        ):
            await await_it(asyncio.create_task(nap(), name="shielded"))
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(nap(), loop))

    result = run(main())
    on = [{result.tasks[i].name for i in span.on} for span in waits(result.tasks[0])]
    assert on[:-1] == [{"shielded"}] * 7
    assert waits(result.tasks[0])[0].wait == "shield"
    assert on[-1] <= {"nap"}                # whose task does not exist yet when the wait begins


def test_a_shield_is_told_as_one():
    assert TABLE["shield"].told("pay") == "waits for pay (shield)"
    assert TABLE["shield"].told() == "waits for a task (shield)"


@BOTH
def test_the_lines_through_which_a_task_awaits(run):
    async def innermost():
        await asyncio.sleep(SOON)  # here

    async def rows():
        await innermost()  # here
        yield 1

    async def outer():
        async for _ in rows():  # here
            await asyncio.wait_for(nap(), NEVER)
        await asyncio.sleep(0)

    async def main():
        await outer()  # here

    first, *others = waits(run(main()).tasks[0])
    assert [(place.line, place.function) for place in (*first.through, first.place)] == [
        (line(main), "main"), (line(outer), "outer"), (line(rows), "rows"), (line(innermost), "innermost")]
    assert [place.function for place in others[0].through][:2] in (["main", "outer"], ["main"])


@BOTH
def test_a_task_of_one_coroutine_awaits_through_no_other(run):
    result = run(nap())
    assert [span.through for span in waits(result.tasks[0])] == [()]


def test_a_deep_recursion_of_coroutines():
    async def down(depth):
        await (down(depth - 1) if depth else asyncio.sleep(1))

    (wait,) = waits(simulate(down(200)).tasks[0])
    assert len(wait.through) == 50 and {place.function for place in wait.through} == {"down"}


def test_equal_waits_through_equal_lines_are_one_object():
    async def fetch():
        await nap()

    async def main():
        await asyncio.gather(fetch(), fetch())

    first, second = (waits(task)[0] for task in simulate(main()).tasks[1:])
    assert first.through and first.through is second.through


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
    assert run.result == "quack" and [span.wait for span in waits(run.tasks[0])] == ["Duck"]


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


# -- the table of kinds ----------------------------------------------------------------------------


def test_every_kind_of_wait_is_in_the_table_and_no_other():
    """What has a name of its own, and what the future tells: the words that the functions of waits.py give."""
    named = {entry.kind for entry in known.values() if entry.kind is not None} | set(KINDS.values())
    functions = (read_wait, read_turn, _read_future, _kind_of_future, _kind_of_futures, _kind_of_stream)
    bodies = [ast.parse(inspect.getsource(each)).body[0].body[1:] for each in functions]
    words = {node.value for body in bodies for statement in body for node in ast.walk(statement)
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    looked_up = {"cr_code", "_tasks", "__await__", "anyio._backends._asyncio", "concurrent.futures.process"}
    assert named | (words - looked_up) | set(_job_callbacks.values()) == set(TABLE)


def test_a_wait_cannot_get_a_name_that_the_table_does_not_have():
    async def nobody():
        pass

    with pytest.raises(ValueError, match=r"helpers/wait_kinds\.py knows, such as 'sleep'; got 'daydream'"):
        name_wait("daydream", nobody)


@BOTH
def test_futures_that_lead_to_no_task_are_not_called_tasks(run):
    async def main():
        loop = asyncio.get_running_loop()

        def futures(number):
            found = [loop.create_future() for _ in range(number)]
            for each in found:
                loop.call_later(SOON, each.set_result, None)
            return found

        def calls(number):
            return [loop.run_in_executor(None, time.sleep, SOON) for _ in range(number)]

        await asyncio.gather(*futures(2))
        await asyncio.gather(*futures(1), asyncio.gather(*calls(1)))
        await asyncio.wait(futures(2))
        await asyncio.wait_for(futures(1)[0], NEVER)
        await asyncio.gather(*calls(2))
        await asyncio.wait(calls(2))
        await asyncio.wait_for(calls(1)[0], NEVER)

    found = [span.wait for span in run(main()).tasks[0].spans if span.kind == WAIT]
    assert found == ["futures", "futures", "futures", "future", "thread", "thread", "thread"]


def test_a_wait_for_several_threads_is_over_when_the_last_one_is_done():
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(None, time.sleep, each) for each in (0.1, 0.3)))

    (span,) = [span for span in simulate(main()).tasks[0].spans if span.kind == WAIT]
    assert (span.start, span.end) == (0, 0.3)


def test_a_transport_that_cannot_say_what_it_is():
    """That of TLS cannot, when its connection was lost."""
    class Broken(asyncio.Transport):
        def get_extra_info(self, name, default=None):
            raise AttributeError("'NoneType' object has no attribute '_get_extra_info'")

    async def reads(reader):
        await reader.readline()

    async def main():
        reader = asyncio.StreamReader()
        reader.set_transport(Broken())
        task = asyncio.create_task(reads(reader), name="reads")
        await asyncio.sleep(0)
        reader.feed_eof()
        await task

    run = recorded(main())
    assert [span.wait for span in run.tasks[1].spans if span.kind == "wait"] == ["socket"]
