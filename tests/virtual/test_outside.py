"""What is not simulated ends the run by name, whoever catches the error, and leaves nothing behind."""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures
import contextlib
import gc
import io
import logging
import logging.handlers
import multiprocessing
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings

import pytest

from helpers import NotSimulated, VirtualTimeLoop, simulate
from helpers.virtual import outside

from .programs import PATIENCE, REAL, run

BUSY = concurrent.futures.ThreadPoolExecutor(1)         # a pool whose thread is there before any run
BUSY.submit(int).result()


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request, capfd):
    """No thread goes on, nothing is replaced any more, nothing is told on stderr, then or when garbage is collected."""
    threads = set(threading.enumerate())
    before = {name: id(value) for name, value in vars(threading.Thread).items()}
    began = REAL["monotonic"]()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield
        while set(threading.enumerate()) - threads:
            assert REAL["monotonic"]() < began + PATIENCE
            time.sleep(0.001)
        gc.collect()
    assert {name: id(value) for name, value in vars(threading.Thread).items()} == before
    assert subprocess.Popen.poll.__module__ == "subprocess"
    assert not hasattr(asyncio.SelectorEventLoop.sock_recv, "__wrapped__")
    assert capfd.readouterr().err == ""


def refused(coro, *words: str) -> str:
    """The run ended with NotSimulated, in these words."""
    run = simulate(coro)
    assert run.error.startswith("NotSimulated: "), run.error
    assert isinstance(run.exception, NotSimulated)
    for word in (*words, "record(...) instead of simulate(...)"):
        assert word in run.error
    return run.error


# -- whoever catches it -----------------------------------------------------------------------------

async def connect():
    await asyncio.open_connection("127.0.0.1", 9)


async def swallowed():
    try:
        await connect()
    except Exception:
        pass
    await asyncio.sleep(1)
    return "as if nothing had happened"


async def in_a_task_that_nobody_awaits():
    task = asyncio.create_task(connect())
    await asyncio.sleep(1)
    return task


async def in_a_callback():
    asyncio.get_running_loop().call_later(1, lambda: asyncio.get_running_loop().add_reader(0, print))
    await asyncio.sleep(2)


async def at_the_end_of_main():
    try:
        await connect()
    except NotSimulated:
        return "caught by its name"


async def in_gather():
    await asyncio.gather(connect(), asyncio.sleep(1), return_exceptions=True)
    await asyncio.sleep(1)


async def in_the_clean_up():
    async def connects_late():
        try:
            await asyncio.sleep(100)
        finally:
            with contextlib.suppress(Exception):
                await connect()

    left = asyncio.create_task(connects_late())
    await asyncio.sleep(1)
    return left


async def in_an_asynchronous_generator():
    async def generator():
        try:
            yield 1
            yield 2
        finally:
            with contextlib.suppress(Exception):
                await connect()

    async for _ in generator():
        break


async def in_a_worker_thread():
    def work():
        with contextlib.suppress(Exception):
            asyncio.run(asyncio.sleep(1))

    await asyncio.to_thread(work)


@pytest.mark.parametrize("program", [
    swallowed, in_a_task_that_nobody_awaits, in_a_callback, at_the_end_of_main, in_gather, in_the_clean_up,
    in_an_asynchronous_generator, in_a_worker_thread], ids=lambda program: program.__name__)
def test_the_run_ends_with_it_wherever_it_is_raised(program):
    refused(program(), "asked for at line ")


@pytest.mark.parametrize("program", [swallowed, in_a_task_that_nobody_awaits, in_a_callback],
                         ids=lambda program: program.__name__)
def test_a_loop_of_a_runner_ends_with_it_too_and_can_be_used_again(program):
    async def later():
        await asyncio.sleep(1)
        return "fine"

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        for _ in range(2):
            with pytest.raises(NotSimulated, match="sockets live"):
                runner.run(program())
        for task in asyncio.all_tasks(runner.get_loop()):
            task.cancel()
        assert runner.run(later()) == "fine"


def test_the_others_clean_up_all_the_same():
    ended = []

    async def good():
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            ended.append("good")

    async def main():
        task = asyncio.create_task(good())
        await in_the_clean_up()
        await task

    async def outer():
        asyncio.create_task(main())             # it is left on purpose
        await asyncio.sleep(2)

    refused(outer(), "sockets")
    assert ended == ["good"]


def test_it_names_the_line_of_the_learners_task_if_a_task_of_a_library_asks():
    async def main():
        await asyncio.wait_for(asyncio.get_running_loop().getaddrinfo("localhost", 80), 1)

    assert f"line {main.__code__.co_firstlineno + 1} in main" in refused(main(), "sockets")


# -- threads of the program's own ---------------------------------------------------------------------

async def thread_that_sets_an_event():
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def work():
        time.sleep(0.02)
        loop.call_soon_threadsafe(event.set)

    threading.Thread(target=work).start()
    await event.wait()


async def under_a_timeout():
    async with asyncio.timeout(10):
        await thread_that_sets_an_event()


async def timer():
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    threading.Timer(0.02, lambda: loop.call_soon_threadsafe(event.set)).start()
    await event.wait()


async def thread_that_is_a_class():
    class Worker(threading.Thread):
        def __init__(self):
            super().__init__()
            self.answer = asyncio.get_running_loop().create_future()

        def run(self):
            time.sleep(0.02)
            self.answer.get_loop().call_soon_threadsafe(self.answer.set_result, 3)

    worker = Worker()
    worker.start()
    return await worker.answer


async def thread_started_by_a_thread():
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def work():
        threading.Thread(target=lambda: (time.sleep(0.02), loop.call_soon_threadsafe(event.set))).start()

    threading.Thread(target=work).start()
    await event.wait()


async def thread_that_catches_everything():
    loop = asyncio.get_running_loop()

    def work():
        with contextlib.suppress(Exception):
            loop.call_soon_threadsafe(print)

    threading.Thread(target=work).start()
    await asyncio.sleep(5)


async def coroutine_for_the_loop():
    loop = asyncio.get_running_loop()

    async def price():
        await asyncio.sleep(1)

    def work():
        with contextlib.suppress(SystemExit):       # Python ends such a thread without a word, but pytest warns of it
            asyncio.run_coroutine_threadsafe(price(), loop).result()

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.1)


async def thread_that_waits_for_an_answer():
    loop, done = asyncio.get_running_loop(), threading.Event()
    thread = threading.Thread(target=lambda: (loop.call_soon_threadsafe(done.set), done.wait(PATIENCE)))
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(1)


async def job_of_a_pool():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return await asyncio.wrap_future(pool.submit(time.sleep, 0.02))


async def job_of_a_pool_with_a_callback():
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 0.02).add_done_callback(lambda _: loop.call_soon_threadsafe(done.set))
        await done.wait()


@pytest.mark.parametrize("program", [
    thread_that_sets_an_event, under_a_timeout, timer, thread_that_is_a_class, thread_started_by_a_thread,
    thread_that_catches_everything, coroutine_for_the_loop, thread_that_waits_for_an_answer, job_of_a_pool,
    job_of_a_pool_with_a_callback], ids=lambda program: program.__name__)
def test_a_thread_of_the_programs_own_is_named_with_the_line_that_started_it(program):
    error = refused(program(), "started at line ", "which did not start it")
    assert "asyncio.to_thread" in error or "loop.run_in_executor" in error


def test_a_pool_that_was_there_before():
    async def main():
        await asyncio.wait_for(asyncio.wrap_future(BUSY.submit(time.sleep, 0.02)), 10)

    refused(main(), "the thread 'ThreadPoolExecutor-", "which began before this run", "at line ")


@pytest.mark.slow
def test_a_process_pool_that_is_used_directly():
    async def main():
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            return await asyncio.wrap_future(pool.submit(abs, -3))

    refused(main(), "process pool", "asyncio.to_thread")


@pytest.mark.parametrize("awaited", [True, False])
def test_a_thread_that_is_still_at_work_is_not_waited_for_for_ever(monkeypatch, awaited):
    monkeypatch.setattr(outside, "BUDGET", 0.02)
    go_on = threading.Event()

    async def main():
        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def work():
            go_on.wait(PATIENCE)
            loop.call_soon_threadsafe(event.set)        # long after the loop is closed, and without a word

        threading.Thread(target=work, name="late").start()
        if awaited:
            await event.wait()

    try:
        refused(main(), "the thread 'late', started at line ", "can call into the virtual loop")
    finally:
        go_on.set()


def test_a_thread_that_was_there_before_the_run_and_goes_on_after_it():
    jobs: queue.SimpleQueue = queue.SimpleQueue()

    def serve():
        while (future := jobs.get()) is not None:
            future.get_loop().call_soon_threadsafe(future.set_result, "served")

    async def main():
        future = asyncio.get_running_loop().create_future()
        jobs.put(future)
        return await future

    thread = threading.Thread(target=serve, name="server")
    thread.start()
    try:
        refused(main(), "the thread 'server', which began before this run", "main waits for", "at line ")
        assert asyncio.run(main()) == "served"
    finally:
        jobs.put(None)
        thread.join()


def test_a_thread_that_has_work_of_the_loop_but_is_slow_is_no_deadlock():
    go_on, jobs = threading.Event(), queue.SimpleQueue()

    def serve():
        while future := jobs.get():
            go_on.wait(PATIENCE)
            del future

    async def main():
        future = asyncio.get_running_loop().create_future()
        jobs.put(future)
        await future

    thread = threading.Thread(target=serve, name="server")
    thread.start()
    try:
        refused(main(), "the thread 'server', which began before this run", "can call into the virtual loop")
    finally:
        go_on.set()
        jobs.put(None)
        thread.join()


def test_when_only_a_thread_of_the_learners_is_left_nobody_knows_what_it_will_do():
    stop = threading.Event()

    async def main():
        threading.Thread(target=lambda: stop.wait(PATIENCE), name="unknown").start()
        await asyncio.Event().wait()

    try:
        refused(main(), "the thread 'unknown', started at line ", "nothing else is left that could wake a task")
    finally:
        stop.set()


def test_a_thread_that_does_not_call_by_call_soon_threadsafe_is_refused_too():
    async def main():
        event = asyncio.Event()
        threading.Thread(target=lambda: (time.sleep(0.02), event.set())).start()
        await event.wait()

    refused(main(), "not by call_soon_threadsafe", "main waits for an event at line ")


def test_a_thread_below_the_module_threading_is_no_deadlock():
    async def main():
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        _thread.start_new_thread(lambda: (time.sleep(0.02), loop.call_soon_threadsafe(event.set)), ())
        await event.wait()

    refused(main(), "call", "into the virtual loop")


def test_to_ask_a_thread_again_and_again_is_not_endless():
    stop = threading.Event()

    async def main():
        thread = threading.Thread(target=lambda: stop.wait(PATIENCE), name="slow")
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.1)

    try:
        run = simulate(main(), limit=1000)
        assert run.error.startswith("NotSimulated: the thread 'slow', started at line "), run.error
    finally:
        stop.set()


# -- threads that do no harm ----------------------------------------------------------------------------

def test_a_thread_that_keeps_to_itself_does_no_harm():
    stop = threading.Event()

    async def main():
        threading.Thread(target=lambda: stop.wait(PATIENCE)).start()
        await asyncio.sleep(1)
        return "fine"

    try:
        assert simulate(main()).result == "fine"
    finally:
        stop.set()


def test_that_threads_work_in_real_time_is_remarked_on_with_the_line_that_started_them():
    things: queue.SimpleQueue = queue.SimpleQueue()

    async def main():
        await asyncio.sleep(1)
        for number in range(2):
            threading.Thread(target=things.put, args=(number,), name=f"maker {number}").start()
        while things.qsize() < 2:
            await asyncio.sleep(1)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(print)

    recording = simulate(main(), limit=10**8)
    first = main.__code__.co_firstlineno
    assert [(each.kind, each.start, each.task, each.place.line - first, each.words) for each in recording.remarks] == [
        ("real clock", 1, 0, 3, "The thread 'maker 0' and 1 more work in real time, which virtual time does not count"),
        ("real clock", recording.elapsed, 0, 7,
         "A job of a ThreadPoolExecutor works in real time, which virtual time does not count")]


def test_a_thread_that_is_refused_needs_no_remark():
    assert simulate(thread_that_sets_an_event()).remarks == ()


def test_a_thread_that_knows_the_loop_and_ends_does_no_harm():
    async def main():
        loop = asyncio.get_running_loop()
        threading.Thread(target=lambda: (time.sleep(0.02), loop)).start()
        await asyncio.sleep(1)
        return "fine"

    assert simulate(main()).result == "fine"


async def logs():
    records: queue.SimpleQueue = queue.SimpleQueue()
    told = io.StringIO()
    listener = logging.handlers.QueueListener(records, logging.StreamHandler(told))
    log = logging.Logger("tests")
    log.addHandler(logging.handlers.QueueHandler(records))
    listener.start()
    try:
        for number in range(3):
            await asyncio.sleep(1)
            log.warning("%s", number)
        if asyncio.current_task().get_name() == "stuck":
            await asyncio.Event().wait()
    finally:
        listener.stop()
    return told.getvalue()


def test_the_thread_that_writes_a_log_does_no_harm():
    assert simulate(logs()).result == "0\n1\n2\n"


def test_a_deadlock_is_told_in_spite_of_it():
    async def main():
        await asyncio.create_task(logs(), name="stuck")

    assert simulate(main()).error.startswith("Deadlock")


def test_a_deadlock_after_a_thread_has_ended():
    async def main():
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        await asyncio.Event().wait()

    assert simulate(main()).error.startswith("Deadlock")


def test_a_pool_whose_results_are_waited_for_without_the_loop_is_as_ever():
    async def main():
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return sum(pool.map(abs, range(-4, 4)))

    assert simulate(main()).result == 16


def test_a_future_of_the_loops_own_may_be_wrapped():
    async def main():
        loop = asyncio.get_running_loop()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.sleep(1, 7), loop))

    assert simulate(main()).result == 7


# -- processes and signals ------------------------------------------------------------------------------

def test_to_ask_a_process_again_and_again_is_refused():
    async def main():
        with subprocess.Popen([sys.executable, "-c", ""]) as process:
            while process.poll() is None:
                await asyncio.sleep(0.1)

    refused(main(), "a process that is asked whether it is done", "line ")


@pytest.mark.slow
def test_to_ask_a_process_of_multiprocessing_is_refused():
    async def main():
        process = multiprocessing.get_context("spawn").Process(target=int)
        process.start()
        try:
            while process.is_alive():
                await asyncio.sleep(0.1)
        finally:
            process.join()

    refused(main(), "a process that is asked whether it is done", "line ")


def test_to_wait_for_a_process_as_a_blocking_call_does_is_no_error():
    async def main():
        return subprocess.run([sys.executable, "-c", "print(3)"], capture_output=True, timeout=PATIENCE).stdout.strip()

    assert simulate(main()).result == b"3"


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="Windows has no alarm")
@pytest.mark.parametrize("call", [lambda: signal.alarm(1), lambda: signal.setitimer(signal.ITIMER_REAL, 1)],
                         ids=["alarm", "setitimer"])
def test_an_alarm_is_refused(call):
    async def main():
        call()
        await asyncio.sleep(2)

    refused(main(), "signals live in real time", "loop.call_later")


def with_handler(raise_it: bool):
    async def main():
        stop = asyncio.Event()
        before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
        try:
            if raise_it:
                asyncio.get_running_loop().call_later(1, signal.raise_signal, signal.SIGTERM)
            await stop.wait()
        finally:
            signal.signal(signal.SIGTERM, before)
        return asyncio.get_running_loop().time()

    return main()


def test_to_wait_for_a_signal_is_no_deadlock():
    refused(with_handler(raise_it=False), "SIGTERM has a handler", "main waits for")


def test_a_signal_that_the_program_raises_itself_is_simulated():
    assert simulate(with_handler(raise_it=True)).result == 1


# -- another event loop -----------------------------------------------------------------------------------

OF_ANOTHER_LOOP = {
    "getaddrinfo": lambda loop: loop.getaddrinfo("127.0.0.1", 9),
    "run_in_executor": lambda loop: loop.run_in_executor(None, int),
    "create_connection": lambda loop: loop.create_connection(asyncio.Protocol, "127.0.0.1", 9),
    "sock_recv": lambda loop: loop.sock_recv(None, 1),
    "call_later": lambda loop: loop.call_later(1, print),
}


@pytest.mark.parametrize("name", OF_ANOTHER_LOOP)
def test_what_belongs_to_the_loop_of_the_cell_is_refused(name):
    async def cell():
        loop = asyncio.get_running_loop()

        async def main():
            with contextlib.suppress(Exception):
                await OF_ANOTHER_LOOP[name](loop)
            await asyncio.sleep(1)

        refused(main(), "belongs to another event loop", name, "line ")
        await asyncio.sleep(0.001)          # the cell's loop goes on as before
        return await loop.run_in_executor(None, abs, -3)

    assert asyncio.run(cell()) == 3


@pytest.mark.parametrize("what", ["task", "future"])
def test_to_wait_for_a_task_or_a_future_of_the_cell_is_refused(what):
    async def cell():
        task = asyncio.create_task(asyncio.sleep(0.001, 5)) if what == "task" else asyncio.Future()

        async def inner():
            return await task

        async def main():
            try:
                await inner()
            except RuntimeError as error:
                raise ValueError("told in other words") from error

        error = refused(main(), "the notebook's own loop, which stands still")
        assert f"line {inner.__code__.co_firstlineno + 1} in inner" in error
        if what == "task":
            assert await task == 5

    asyncio.run(cell())


def test_without_a_loop_around_it_a_future_of_another_loop_is_the_programs_own_mistake():
    other = asyncio.new_event_loop()
    future = other.create_future()
    other.close()

    async def main():
        await future

    assert simulate(main()).error.startswith("RuntimeError: Task")


def test_another_thread_may_run_a_loop_of_its_own():
    async def main():
        answers: list = []
        thread = threading.Thread(target=lambda: answers.append(asyncio.run(asyncio.sleep(0.001, 5))))
        thread.start()
        thread.join()
        return answers

    assert simulate(main()).result == [5]


def test_sockets_that_do_not_wait_are_as_ever():
    async def main():
        one, other = socket.socketpair()
        with one, other:
            one.sendall(b"x")
            return other.recv(1)

    assert simulate(main()).result == b"x"


def test_all_is_as_before_when_no_virtual_loop_runs():
    async def main():
        return threading.Thread.start, asyncio.SelectorEventLoop.sock_recv

    during = run(main())
    assert during[0] is not threading.Thread.start and during[1] is not asyncio.SelectorEventLoop.sock_recv


def test_to_look_for_a_thread_below_threading_leaves_no_dummy_of_it():
    """Up to Python 3.12 `threading.current_thread()` makes one, and it stays for ever."""
    seen: list[list[str]] = []

    def look():
        found = [thread.name for thread in outside._all_threads()]
        seen.append([name for name in (*found, *(thread.name for thread in threading.enumerate())) if "Dummy" in name])

    _thread.start_new_thread(look, ())
    while not seen:
        time.sleep(0.001)
    assert seen == [[]]
