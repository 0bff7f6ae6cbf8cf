"""A program cannot tell whether it is recorded: everything that it can see is the same as without a recorder.

Each program below looks at something in its own tasks, and returns what it saw. It runs three times: as a
plain task of a plain loop, under `record`, and (but for those that need real time) under `simulate`.
"""

import asyncio
import contextvars
import functools
import gc
import inspect
import io
import logging
import multiprocessing
import re
import socket
import sys
import threading
import traceback
import types
import warnings
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from helpers.recorder import record
from helpers.virtual.run import simulate

SOON = 0.002                # seconds: long enough to be suspended
NEVER = 60.0                # seconds that no program waits for to the end

Program = Callable[[], Awaitable[Any]]
PROGRAMS: list[Program] = []
REAL_TIME_ONLY: list[Program] = []


def program(function: Program) -> Program:
    PROGRAMS.append(function)
    return function


def real_time_only(function: Program) -> Program:
    REAL_TIME_ONLY.append(function)
    return program(function)


def seen(thing: Any) -> str:
    """`thing` in words, without what differs between any two runs: addresses, numbers of tasks, folders."""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x", repr(thing))
    text = re.sub(r"Task-\d+", "Task-N", text)
    text = re.sub(r"Thread-\d+", "Thread-N", text)
    return re.sub(r"(['\" ])[^'\" ]*[/\\]([\w.]+py)", r"\1\2", text)


def plainly(make: Program) -> str:
    async def outer():
        return await asyncio.get_running_loop().create_task(make())

    return seen(asyncio.run(outer()))


def recorded(make: Program) -> str:
    async def outer():
        run = await record(make())
        return run.result

    return seen(asyncio.run(outer()))


def recorded_twice(make: Program) -> str:
    """While another recording is under way on the same loop, which began earlier and ends earlier."""

    async def outer():
        go = asyncio.Event()
        other = asyncio.create_task(record(go.wait()))
        await asyncio.sleep(0)
        mine = asyncio.create_task(record(make()))
        await asyncio.sleep(0)
        go.set()
        await other
        return (await mine).result

    return seen(asyncio.run(outer()))


@functools.cache
def reference(make: Program) -> str:
    return plainly(make)


@pytest.fixture(autouse=True)
def quiet(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        yield
        logging.disable(logging.NOTSET)



# -- tasks and what they are -----------------------------------------------------------------------


@program
async def the_coroutine_of_a_task():
    async def child():
        await asyncio.sleep(0)

    coro = child()
    task = asyncio.create_task(coro)
    before = task.get_coro() is coro, inspect.iscoroutine(coro), inspect.getcoroutinestate(coro)
    await asyncio.sleep(0)
    during = inspect.getcoroutinestate(coro), inspect.isawaitable(coro), coro.cr_await is not None
    await task
    return before, during, inspect.getcoroutinestate(coro)


@program
async def the_type_of_a_task():
    async def child():
        await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        task, other = asyncio.create_task(child()), group.create_task(child())
        third = asyncio.ensure_future(child())
    return [type(t) is asyncio.Task for t in (task, other, third)], [type(t).__qualname__ for t in (task, other, third)]


@program
async def names_given_and_changed():
    async def child():
        return asyncio.current_task().get_name()

    first = asyncio.create_task(child(), name="first")
    second = asyncio.create_task(child())
    second.set_name("second")
    third = asyncio.create_task(child(), name=3)
    return await first, await second, await third, third.get_name()


@program
async def numbers_in_default_names():
    numbers = []

    async def child():
        numbers.append(int(asyncio.current_task().get_name().removeprefix("Task-")))

    await asyncio.gather(child(), child(), child())
    return [number - numbers[0] for number in numbers]


@program
async def representation_in_every_state():
    async def child():
        await asyncio.sleep(SOON)
        raise ValueError("no tea")

    task = asyncio.create_task(child(), name="x")
    texts = [repr(task)]
    await asyncio.sleep(0)
    texts.append(repr(task))
    await asyncio.wait([task])
    texts.append(repr(task))
    task.exception()
    return texts


@program
async def the_stack_of_a_suspended_task():
    async def inner():
        await asyncio.sleep(SOON)

    async def child():
        await inner()

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    file = io.StringIO()
    task.print_stack(file=file)
    names = [frame.f_code.co_name for frame in task.get_stack()]
    await task
    return file.getvalue(), names


@program
async def the_stack_of_a_running_task():
    async def child():
        return [frame.name for frame in traceback.extract_stack()][-4:]

    return await asyncio.create_task(child())


@program
async def current_and_all_tasks():
    async def child():
        return asyncio.current_task() in asyncio.all_tasks(), asyncio.current_task() is task

    before = asyncio.all_tasks()
    task = asyncio.create_task(child())
    new = asyncio.all_tasks() - before
    return new == {task}, await task, task in asyncio.all_tasks(), asyncio.current_task() in before


@program
async def a_python_task():
    async def child():
        for _ in range(3):
            await asyncio.sleep(0)
        await asyncio.sleep(SOON)
        return 5

    loop = asyncio.get_running_loop()
    loop.set_task_factory(lambda loop, coro, **options: asyncio.tasks._PyTask(coro, loop=loop, **options))
    try:
        task = asyncio.create_task(child())
    finally:
        loop.set_task_factory(None)
    return type(task) is asyncio.tasks._PyTask, await task, task.done()


@program
async def a_task_made_by_hand():
    async def child():
        await asyncio.sleep(0)
        return 7

    task = asyncio.Task(child(), loop=asyncio.get_running_loop(), name="by hand")
    return await task, repr(task)


@program
async def the_task_factory():
    loop = asyncio.get_running_loop()
    made = []

    def factory(loop, coro, **options):
        made.append((coro.__name__, sorted(options)))
        return asyncio.Task(coro, loop=loop, **options)

    async def child():
        return 1

    nobody = loop.get_task_factory()
    loop.set_task_factory(factory)
    results = [await asyncio.create_task(child(), name="a"), await asyncio.create_task(child())]
    same = loop.get_task_factory() is factory
    loop.set_task_factory(None)
    return nobody, results, same, made, loop.get_task_factory()


@program
async def a_task_factory_of_two_arguments():
    loop = asyncio.get_running_loop()

    async def child():
        return asyncio.current_task().get_name() != ""

    loop.set_task_factory(lambda loop, coro, name=None: asyncio.Task(coro, loop=loop))
    try:
        return await loop.create_task(child())
    finally:
        loop.set_task_factory(None)


@program
async def a_task_factory_that_makes_no_tasks():
    class Other(asyncio.Future):
        def set_name(self, name):
            pass

    loop = asyncio.get_running_loop()

    def factory(loop, coro, **options):
        coro.close()
        future = Other(loop=loop)
        future.set_result("not a task")
        return future

    async def child():
        pass

    loop.set_task_factory(factory)
    try:
        future = loop.create_task(child())
    finally:
        loop.set_task_factory(None)
    return type(future).__name__, await future


@program
async def a_task_factory_that_fails():
    loop = asyncio.get_running_loop()

    def factory(loop, coro, **options):
        coro.close()
        raise ZeroDivisionError("factory")

    async def child():
        return 1

    loop.set_task_factory(factory)
    try:
        loop.create_task(child())
    except ZeroDivisionError as error:
        told = str(error)
    finally:
        loop.set_task_factory(None)
    return told, await asyncio.create_task(child())


@program
async def what_is_no_coroutine():
    errors = []
    for wrong in (None, 3, asyncio.sleep, []):
        try:
            asyncio.create_task(wrong)
        except TypeError as error:
            errors.append(str(error))
    return errors


# -- order -----------------------------------------------------------------------------------------


@program
async def order_of_tasks_and_callbacks():
    log = []
    loop = asyncio.get_running_loop()
    lock, queue, event = asyncio.Lock(), asyncio.Queue(2), asyncio.Event()

    async def worker(name):
        log.append(f"{name} begins")
        async with lock:
            log.append(f"{name} has the lock")
            await asyncio.sleep(0)
        await queue.put(name)
        log.append(f"{name} has put")
        await event.wait()
        log.append(f"{name} ends")

    async def reader():
        for _ in range(5):
            log.append(f"got {await queue.get()}")
            loop.call_soon(log.append, "called soon")
            await asyncio.sleep(0)
        event.set()
        log.append("set")

    tasks = [asyncio.create_task(worker(name)) for name in "abcde"]
    tasks[1].add_done_callback(lambda task: log.append("b is done"))
    await asyncio.gather(reader(), *tasks)
    return log


@program
async def order_of_many_turns():
    log = []

    async def worker(name, turns):
        for turn in range(turns):
            log.append((name, turn))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(worker(number, number + 1))
    return log


@program
async def order_of_timers():
    log = []

    async def sleeper(name, delay):
        await asyncio.sleep(delay)
        log.append(name)

    loop = asyncio.get_running_loop()
    loop.call_later(0.015, log.append, "timer")         # first: the others take another turn once they are due
    await asyncio.gather(sleeper("c", 0.06), sleeper("a", 0), sleeper("b", 0.03))
    return log


# -- call_soon and its kin -------------------------------------------------------------------------


@program
async def the_handle_of_call_soon():
    loop = asyncio.get_running_loop()
    log = []
    handle, cancelled = loop.call_soon(log.append, 1), loop.call_soon(log.append, 2)
    timer = loop.call_later(NEVER, log.append, 3)
    cancelled.cancel()
    texts = repr(handle), repr(cancelled), re.sub(r"when=[\d.]+", "", repr(timer))
    timer.cancel()
    await asyncio.sleep(0)
    types = [type(h) is t for h, t in ((handle, asyncio.Handle), (timer, asyncio.TimerHandle))]
    return types, texts, log, cancelled.cancelled()


@program
async def an_error_in_a_callback():
    loop = asyncio.get_running_loop()
    contexts = []
    loop.set_exception_handler(lambda loop, context: contexts.append(context))

    def broken(x):
        raise ValueError(x)

    loop.call_soon(broken, 3)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    (context,) = contexts
    frames = [frame.name for frame in traceback.extract_tb(context["exception"].__traceback__)]
    return sorted(context), re.sub(r"<.*", "", context["message"]), frames[-1], type(context["handle"]).__name__


@program
async def wrong_calls_of_call_soon():
    loop = asyncio.get_running_loop()
    errors = []
    for wrong in ((), (lambda: None, 1)):
        try:
            loop.call_soon(*wrong, no_such_option=1)
        except TypeError as error:
            errors.append(type(error).__name__)
    return errors


@program
async def cancelling_through_a_timer():
    async def child():
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError as error:
            log.append(error.args)
            raise

    log = []
    loop = asyncio.get_running_loop()
    task, other, third = (asyncio.create_task(child()) for _ in range(3))
    loop.call_later(SOON, task.cancel)
    loop.call_later(SOON, other.cancel, "a message")
    await asyncio.sleep(0)
    loop.call_soon(third.cancel)
    await asyncio.wait([task, other, third])
    return log, [t.cancelled() for t in (task, other, third)]


# -- exceptions and cancellation --------------------------------------------------------------------


@program
async def the_traceback_of_an_exception():
    async def inner():
        await asyncio.sleep(0)
        raise ValueError("boom")

    async def child():
        await inner()

    try:
        await asyncio.create_task(child())
    except ValueError as error:
        return [(frame.name, frame.line) for frame in traceback.extract_tb(error.__traceback__)], error.__context__


@real_time_only
async def the_traceback_of_an_exception_in_a_thread():
    def broken():
        raise ValueError("boom")

    frames = []
    for make in (lambda: asyncio.to_thread(broken),
                 lambda: asyncio.get_running_loop().run_in_executor(None, broken)):
        try:
            await make()
        except ValueError as error:
            frames.append([frame.name for frame in traceback.extract_tb(error.__traceback__)])
    return frames


@program
async def an_exception_group():
    log = []

    async def broken(number):
        await asyncio.sleep(0)
        raise KeyError(number)

    async def slow():
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError as error:
            log.append(error.args)
            raise

    try:
        async with asyncio.TaskGroup() as group:
            for number in (1, 2):
                group.create_task(broken(number))
            group.create_task(slow())
    except BaseExceptionGroup as error:
        return str(error), error.exceptions, log, [f.name for f in traceback.extract_tb(error.__traceback__)]


@program
async def a_message_of_cancellation():
    log = []

    async def child():
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError as error:
            log.append(error.args)
            raise

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    log.append((task.cancel("why"), task.cancelling(), task.done()))
    try:
        await task
    except asyncio.CancelledError as error:
        log.append(error.args)
    return log, task.cancelled(), task.cancelling()


@program
async def cancelled_before_it_begins():
    log = []

    async def child():
        log.append("ran")

    task = asyncio.create_task(child())
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return log, task.cancelled(), seen(task)


@program
async def a_swallowed_cancellation():
    async def child():
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError:
            left = asyncio.current_task().uncancel()
            await asyncio.sleep(0)
            return f"survived, {left}"

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel()
    return await task, task.cancelling(), task.cancelled()


@program
async def cancelling_oneself():
    asyncio.current_task().cancel("myself")
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError as error:
        return error.args, asyncio.current_task().cancelling(), asyncio.current_task().uncancel()


@program
async def timeouts():
    log = []
    for wait in (asyncio.wait_for(asyncio.sleep(NEVER), SOON), asyncio.wait_for(asyncio.Event().wait(), SOON)):
        try:
            await wait
        except TimeoutError as error:
            log.append((type(error), type(error.__cause__), error.args))
    try:
        async with asyncio.timeout(SOON) as timeout:
            await asyncio.sleep(NEVER)
    except TimeoutError:
        log.append((timeout.expired(), asyncio.current_task().cancelling()))
    async with asyncio.timeout(NEVER) as timeout:
        await asyncio.sleep(0)
    return log, timeout.expired()


@program
async def a_shield():
    async def child():
        await asyncio.sleep(0.03)
        return 3

    inner = asyncio.ensure_future(child())
    try:
        await asyncio.wait_for(asyncio.shield(inner), SOON)
    except TimeoutError:
        return await inner


@program
async def exceptions_that_nobody_retrieves():
    log = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: log.append(
        (context["message"], repr(context["exception"]), sorted(context))))

    async def broken():
        await asyncio.sleep(0)
        raise ValueError("no tea")

    gc.collect()
    gc.disable()                            # told when the last reference goes, and not when garbage is looked for
    try:
        task = asyncio.create_task(broken())
        await asyncio.sleep(SOON)
        log.append("before")
        del task
        log.append("after")
        asyncio.create_task(broken())
        await asyncio.sleep(0)
        log.append("between")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        log.append("at the end")
    finally:
        gc.enable()
        loop.set_exception_handler(None)
    return log


@program
async def a_pending_task_that_nobody_keeps():
    log = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: log.append(context["message"]))

    async def child():
        await loop.create_future()

    asyncio.create_task(child())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log.append("before")
    gc.collect()
    log.append("after")
    loop.set_exception_handler(None)
    return log


@program
async def objects_are_freed_at_once():
    class Big:
        pass

    async def child():
        big = Big()
        refs.append(weakref.ref(big))
        await asyncio.sleep(0)
        return Big()

    async def broken():
        big = Big()
        refs.append(weakref.ref(big))
        await asyncio.sleep(0)
        raise ValueError(big)

    refs = []
    gc.collect()
    gc.disable()
    try:
        task = asyncio.create_task(child())
        tasks = weakref.ref(task)
        refs.append(weakref.ref(await task))
        del task
        log = [[r() is None for r in refs], tasks() is None]
        task = asyncio.create_task(broken())
        await asyncio.wait([task])
        log.append(refs[-1]() is None)
        task.exception()
        del task
        await asyncio.sleep(0)
        log.append([r() is None for r in refs])
    finally:
        gc.enable()
    return log


@program
async def a_yield_of_something_else():
    @types.coroutine
    def wrong():
        yield 42

    async def child():
        await wrong()

    try:
        await asyncio.create_task(child(), name="wrong")
    except RuntimeError as error:
        return str(error)


@program
async def awaiting_oneself():
    async def child():
        await task

    task = asyncio.create_task(child(), name="narcissus")
    try:
        await task
    except RuntimeError as error:
        return str(error)


@program
async def a_coroutine_that_is_used_twice():
    async def child():
        return 1

    coro = child()
    log = [await asyncio.create_task(coro)]
    try:
        await asyncio.create_task(coro)
    except RuntimeError as error:
        log.append(str(error))
    return log


@program
async def stop_iteration():
    async def child():
        raise StopIteration(3)

    try:
        await asyncio.create_task(child())
    except RuntimeError as error:
        return str(error), repr(error.__cause__)


# -- awaitables ------------------------------------------------------------------------------------


@program
async def awaitable_objects():
    class Twice:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            yield from asyncio.sleep(SOON).__await__()
            return 7

    class ByHand:
        def __init__(self):
            self.turns = 0

        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            self.turns += 1
            if self.turns == 3:
                raise StopIteration("done")

    async def child(awaitable):
        return await awaitable

    return [await asyncio.create_task(child(thing)) for thing in (Twice(), ByHand())]


@program
async def an_awaitable_that_knows_its_awaiter():
    class Circle:
        def __init__(self):
            self.turns = 0

        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            self.coro = asyncio.current_task().get_coro()
            self.turns += 1
            if self.turns == 3:
                raise StopIteration("round")

    async def child():
        return await Circle()

    return await asyncio.create_task(child())


@program
async def a_future_of_another_make():
    class Duck:
        """As much of a future as a task asks for."""

        _asyncio_future_blocking = False

        def __init__(self):
            self.callbacks = [1, 2, 3]
            self._callbacks = self.callbacks        # of another form than those of asyncio's futures

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

    async def child():
        return await Duck()

    return await asyncio.create_task(child())


@program
async def generator_based_coroutines():
    @types.coroutine
    def generator():
        yield
        yield from asyncio.sleep(SOON).__await__()
        return 5

    async def child():
        return await generator()

    return await asyncio.create_task(child())


@program
async def asynchronous_generators():
    closed = []

    async def numbers(count):
        try:
            for number in range(count):
                await asyncio.sleep(0 if number else SOON)
                yield number
        finally:
            closed.append(count)

    async def child():
        first = [number async for number in numbers(3)]
        generator = numbers(5)
        second = [await anext(generator), await generator.__anext__()]
        await generator.aclose()
        return first, second, await anext(numbers(0), "nothing")

    return await asyncio.create_task(child()), closed


@program
async def a_gather():
    async def child(number):
        await asyncio.sleep(0)
        if number == 2:
            raise ValueError(number)
        return number

    mixed = await asyncio.gather(child(1), child(2), asyncio.sleep(0, 3), return_exceptions=True)
    try:
        await asyncio.gather(child(1), child(2))
    except ValueError as error:
        return mixed, error.args


@program
async def in_order_of_completion():
    async def child(number):
        await asyncio.sleep(0.03 * number)
        return number

    return [await task for task in asyncio.as_completed([child(2), child(0), child(1)])]


@program
async def context_variables():
    variable = contextvars.ContextVar("variable", default=0)
    log = []

    async def child():
        variable.set(variable.get() + 1)
        await asyncio.sleep(0)
        return variable.get()

    variable.set(5)
    context = contextvars.copy_context()
    context.run(variable.set, 50)
    values = await asyncio.create_task(child()), await asyncio.create_task(child(), context=context)
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: log.append(variable.get()))
    loop.call_soon(lambda: log.append(variable.get()), context=context)
    await asyncio.sleep(0)
    return values, variable.get(), context[variable], log


@program
async def an_empty_context():
    async def grandchild():
        return len(asyncio.current_task().get_name()) > 0

    async def child():
        return await asyncio.create_task(grandchild())

    return await asyncio.create_task(child(), context=contextvars.Context())


# -- threads, processes, sockets -------------------------------------------------------------------


@program
async def worker_threads():
    variable = contextvars.ContextVar("variable", default=0)
    variable.set(3)
    main_thread = threading.get_ident()

    def work(x, y=0):
        return x + y + variable.get(), threading.get_ident() != main_thread

    return await asyncio.to_thread(work, 1, y=2)


@program
async def a_call_from_a_worker_thread():
    loop = asyncio.get_running_loop()

    async def answer():
        await asyncio.sleep(0)
        return 9, threading.get_ident() == main_thread

    main_thread = threading.get_ident()
    return await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(answer(), loop).result(10))


@real_time_only
async def a_process_pool():
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return await loop.run_in_executor(pool, pow, 2, 5)


@real_time_only
async def a_thread_pool_of_ones_own():
    class Pool(ThreadPoolExecutor):
        def submit(self, function, /, *args, **kwargs):
            log.append((function is work, args))
            return super().submit(function, *args, **kwargs)

    def work(x):
        return x * 2

    log = []
    with Pool(1, thread_name_prefix="mine") as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, work, 4), log


@real_time_only
async def a_conversation():
    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    answers = []
    for word in (b"tea\n", b"salt\n"):
        writer.write(word)
        answers.append(await reader.readline())
    writer.close()
    await writer.wait_closed()
    server.close()
    return answers


@real_time_only
async def a_pair_of_sockets():
    loop = asyncio.get_running_loop()
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        other.setblocking(False)
        task = asyncio.create_task(loop.sock_recv(other, 10))
        await asyncio.sleep(0)
        await loop.sock_sendall(one, b"tea")
        return await task


@real_time_only
async def a_subprocess():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(6 * 7)", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.split(), process.returncode


# -- debug mode, introspection ---------------------------------------------------------------------


@real_time_only
async def debug_mode():
    def tail(stack):
        names = [frame.name for frame in stack]
        return names[len(names) - 1 - names[::-1].index("debug_mode"):]

    async def child():
        await asyncio.sleep(0)
        return 1

    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    try:
        task = asyncio.create_task(child(), name="x")
        handle = loop.call_soon(lambda: None)
        stacks = tail(task._source_traceback), tail(handle._source_traceback)
        texts = re.sub(r":\d+", "", repr(task)), re.sub(r":\d+", "", repr(handle))
        result = await task, await asyncio.to_thread(lambda: 2)
        errors = []
        for wrong in (child, None):
            try:
                loop.call_soon(wrong)
            except TypeError as error:
                errors.append(re.sub("<.*>", "", str(error)))
    finally:
        loop.set_debug(False)
    return stacks, texts, result, errors


@program
async def the_call_graph():
    if sys.version_info < (3, 14):
        return "only from Python 3.14 on"

    async def inner():
        await asyncio.sleep(SOON)

    async def child():
        await inner()

    task = asyncio.create_task(child(), name="graph")
    await asyncio.sleep(0)
    text = asyncio.format_call_graph(task)
    await task
    return text.splitlines()


@program
async def an_eager_task_factory():
    if sys.version_info < (3, 12):
        return "only from Python 3.12 on"
    log = []
    loop = asyncio.get_running_loop()

    async def quick(name):
        log.append((name, asyncio.current_task().get_name()))
        return name

    async def child(name):
        log.append(f"{name} begins")
        task = asyncio.create_task(quick(f"{name}'s own"), name="own")
        log.append(task.done())             # get_coro() of such a task ends Python 3.12.1
        await asyncio.sleep(SOON)
        log.append(f"{name} goes on")

    loop.set_task_factory(asyncio.eager_task_factory)
    try:
        task = asyncio.create_task(child("a"))
        log.append("made")
        await asyncio.gather(task, quick("b"))
        async with asyncio.TaskGroup() as group:
            group.create_task(child("c"))
            group.create_task(asyncio.sleep(0))
        return log
    finally:
        loop.set_task_factory(None)


@program
async def an_eager_start():
    if sys.version_info < (3, 14):
        return "only from Python 3.14 on"

    async def child():
        log.append("in the child")
        await asyncio.sleep(0)
        return 1

    log = []
    task = asyncio.create_task(child(), eager_start=True)
    log.append("made")
    return await task, log


# -- the comparison --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", PROGRAMS, ids=lambda make: make.__name__)
def test_the_program_sees_the_same_when_recorded(make):
    assert recorded(make) == reference(make)


@pytest.mark.parametrize("make", PROGRAMS, ids=lambda make: make.__name__)
def test_the_program_sees_the_same_under_two_recordings(make):
    assert recorded_twice(make) == reference(make)


@pytest.mark.parametrize("make", [p for p in PROGRAMS if p not in REAL_TIME_ONLY], ids=lambda make: make.__name__)
def test_the_program_sees_the_same_when_simulated(make):
    assert seen(simulate(make()).result) == reference(make)


def test_every_program_sees_something():
    """Else a program that is broken in the same way everywhere would pass."""
    assert [make.__name__ for make in PROGRAMS if reference(make) in ("None", "()", "[]")] == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("who", ["main", "child", "callback"])
def test_an_interrupt_goes_the_same_way(error, who):
    def make(log):
        async def child():
            await asyncio.sleep(0)
            raise error("out")

        def callback():
            raise error("out")

        async def main():
            try:
                if who == "main":
                    await child()
                elif who == "child":
                    asyncio.create_task(child())
                else:
                    asyncio.get_running_loop().call_soon(callback)
                await asyncio.sleep(NEVER)
            except asyncio.CancelledError:
                log.append("cleaned up")
                raise

        return main()

    async def observed(coro, log):
        await record(coro)

    async def plain(coro, log):
        await asyncio.create_task(coro)

    logs = []
    for way in (plain, observed):
        log = []
        try:
            asyncio.run(way(make(log), log))
        except BaseException as caught:
            frames = [frame.name for frame in traceback.extract_tb(caught.__traceback__)]
            log += [repr(caught), frames[-1]]
        logs.append(log)
    assert logs[0] == logs[1]
    assert repr(error("out")) in logs[0]


def test_errors_that_are_never_retrieved_reach_the_log_of_asyncio(caplog):
    async def broken():
        raise ValueError("no tea")

    async def main():
        asyncio.create_task(broken())
        await asyncio.sleep(SOON)
        return [r.getMessage().splitlines()[0] for r in caplog.records]

    async def outer():
        return (await record(main())).result

    gc.collect()                        # what other tests have left
    logging.disable(logging.NOTSET)
    assert asyncio.run(outer()) == ["Task exception was never retrieved"]
