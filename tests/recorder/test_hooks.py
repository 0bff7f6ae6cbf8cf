"""Which tasks and threads are seen, and that all that is replaced is put back."""

import asyncio
import contextlib
import gc
import sys
import threading
import time
from asyncio import events

import pytest

from helpers.recorder import record
from helpers.wait_kinds import BLOCKED, READY, RUN, WAIT
from tests.recorder.programs import BOTH, HANDLE_RUN, NEVER, SOON, line, named, nap, recorded, waits, watchdogs


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
    eager = ["is_running"] if sys.version_info >= (3, 12) else []
    assert installed == [["call_soon", "call_soon_threadsafe", "create_task", *eager, "run_in_executor"]]


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


def test_a_callback_is_not_asked_anything():
    """Only methods can wake a task; what else is called may be an object that has its own idea of attributes."""

    class Curious:
        def __getattr__(self, name):
            asked.append(name)
            raise AttributeError(name)

        def __call__(self):
            pass

    async def main():
        asyncio.get_running_loop().call_soon(Curious())
        await asyncio.sleep(0)
        return asked.copy()

    asked = []
    assert recorded(main()).result == []


@pytest.mark.skipif(sys.version_info < (3, 15), reason="TaskGroup.cancel is new in Python 3.15")
@BOTH
def test_a_task_group_that_is_cancelled(run):
    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(NEVER), name="long")
            asyncio.get_running_loop().call_later(SOON, group.cancel)
            await asyncio.sleep(NEVER)
        return "done"

    result = run(main())
    assert result.result == "done"
    assert {task.name: task.outcome for task in result.tasks} == {"main": "result", "long": "cancelled"}
