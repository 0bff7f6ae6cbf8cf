"""A task is seen however it is made, exists from when it was made, and is told in its true order."""

import asyncio
import contextvars
import gc
import itertools
import socket
import sys
import threading

import pytest

from helpers.recorder import record
from helpers.recorder.asyncio_internals import PyTask
from helpers.virtual.run import simulate
from helpers.wait_kinds import RUN, WAIT
from tests.recorder.programs import BOTH, SOON, line, named, nap, recorded, waits

needs_eager = pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks begin eagerly from Python 3.12 on")


class OwnTask(asyncio.Task):
    """A class of the program's own."""


def steps(run):
    """The names of the tasks whose turns ended, in that order."""
    turns = sorted((span.step, span.end, task.name) for task in run.tasks for span in task.spans if span.step >= 0)
    assert [number for number, _, _ in turns] == list(range(len(turns)))
    assert all(earlier[1] <= later[1] for earlier, later in itertools.pairwise(turns))
    return [name for _, _, name in turns]


@BOTH
@pytest.mark.parametrize("kind", [asyncio.Task, OwnTask, PyTask], ids=["Task", "a subclass", "Task in Python"])
def test_a_task_made_without_create_task(run, kind):
    async def child():
        await asyncio.create_task(nap(), name="grandchild")

    async def main():
        await asyncio.sleep(SOON)
        task = kind(child(), name="child")
        await task

    result = run(main())
    assert result.error == ""
    main_task, child_task, grandchild = result.tasks
    assert (child_task.name, child_task.parent, child_task.outcome) == ("child", 0, "result")
    # From Python 3.14 on, asyncio.current_task() does not know of a task that is written in Python.
    known = kind is not PyTask or sys.version_info < (3, 14)
    assert (grandchild.name, grandchild.parent) == ("grandchild", 1 if known else None)
    turns = [span.step for span in main_task.spans if span.step >= 0]
    assert child_task.made == turns[1] and turns[1] < min(s.step for s in child_task.spans if s.step >= 0)
    second = next(span for span in main_task.spans if span.step == turns[1])
    assert second.start <= child_task.created <= second.end
    assert waits(main_task)[1].on == (1,)


def test_tasks_made_in_several_turns_of_one_instant_have_their_own_parents():
    """The turns of three workers follow one another, and only then the first steps of what they have made."""
    async def worker(number):
        asyncio.Task(nap(), name=f"of {number}")
        await asyncio.sleep(1)

    async def main():
        await asyncio.gather(*[asyncio.create_task(worker(number), name=f"worker {number}") for number in range(3)])

    run = simulate(main())
    assert [(run.tasks[t.parent].name, t.name, t.made) for t in run.tasks[4:]] == [
        ("worker 0", "of 0", 1), ("worker 1", "of 1", 2), ("worker 2", "of 2", 3)]


@BOTH
@pytest.mark.parametrize("soon", ["call_soon", "call_later", "done callback"])
@pytest.mark.parametrize("kind", ["create_task", "Task", "ensure_future"])
def test_a_task_made_by_a_callback(run, soon, kind):
    async def main():
        loop = asyncio.get_running_loop()
        make = {"create_task": loop.create_task, "Task": asyncio.Task, "ensure_future": asyncio.ensure_future}[kind]
        kept = []
        if soon == "done callback":
            asyncio.create_task(nap(), name="first").add_done_callback(lambda _: kept.append(make(nap())))
        else:
            options = () if soon == "call_soon" else (SOON,)
            getattr(loop, soon)(*options, lambda: kept.append(make(nap())))
        while not kept:
            await asyncio.sleep(SOON)
        await kept[0]

    result = run(main())
    last = result.tasks[-1]
    assert (last.coroutine, last.parent, last.outcome) == ("nap", None, "result")
    first = min(span.step for span in last.spans if span.step >= 0)
    assert 0 < last.made <= first
    assert result.lives[-1].begin < (last.finished, first, 0)


def test_a_task_of_a_callback_exists_from_when_it_was_made():
    async def main():
        asyncio.get_running_loop().call_later(0.3, lambda: asyncio.create_task(nap(), name="late"))
        await asyncio.sleep(0.1)
        await asyncio.create_task(nap(), name="early")
        await asyncio.sleep(1)

    run = simulate(main())
    late, early = named(run, "late"), named(run, "early")
    assert late.created == 0.3 and late.made == next(s.step for s in late.spans if s.step >= 0)
    lives = run.lives
    assert lives[late.id].begin > lives[early.id].end and run.peak == 1
    assert early.made == next(s.step for s in run.tasks[0].spans if s.start == 0.1 and s.kind == RUN)


@BOTH
def test_a_task_factory_of_the_programs_own(run):
    made = []

    def factory(loop, coro, **options):
        made.append(OwnTask(coro, loop=loop, **options))
        return made[-1]

    async def main():
        asyncio.get_running_loop().set_task_factory(factory)
        try:
            await asyncio.gather(nap(), nap())
        finally:
            asyncio.get_running_loop().set_task_factory(None)

    result = run(main())
    assert [(t.name, t.parent, t.outcome) for t in result.tasks[1:]] == [("nap", 0, "result"), ("nap 2", 0, "result")]
    assert {type(task) for task in made} == {OwnTask}


@BOTH
def test_a_task_factory_that_makes_two_tasks(run):
    def factory(loop, coro, **options):
        helper = asyncio.Task(nap(), loop=loop, name="helper")
        task = asyncio.Task(coro, loop=loop, **options)
        task.add_done_callback(lambda _: helper.cancel())
        return task

    async def child():
        await asyncio.sleep(0)

    async def main():
        asyncio.get_running_loop().set_task_factory(factory)
        await asyncio.create_task(child())
        asyncio.get_running_loop().set_task_factory(None)
        await asyncio.sleep(2 * SOON)

    result = run(main())
    assert sorted(t.coroutine for t in result.tasks) == sorted(["child", result.tasks[0].coroutine, "nap"])
    assert all(t.parent == 0 for t in result.tasks[1:])


@BOTH
@needs_eager
@pytest.mark.parametrize("by", ["a task", "a callback"])
def test_an_eager_task_made_by_hand(run, by):
    async def child():
        await asyncio.sleep(SOON)  # here

    async def main():
        loop = asyncio.get_running_loop()
        kept = []
        await asyncio.sleep(SOON)

        def make():
            kept.append(asyncio.Task(child(), loop=loop, name="child", eager_start=True))

        if by == "a task":
            make()
        else:
            loop.call_soon(make)
        await asyncio.sleep(3 * SOON)
        await kept[0]

    result = run(main())
    _, task = result.tasks
    assert (task.name, task.parent, task.outcome) == ("child", 0 if by == "a task" else None, "result")
    assert [span.kind for span in task.spans if span.kind in (RUN, WAIT)] == [RUN, WAIT, RUN]
    (wait,) = waits(task)
    assert wait.wait == "sleep" and wait.place.line == line(child)
    assert task.created >= SOON and "child" in steps(result)
    if run is simulate:
        assert (task.created, task.finished) == (SOON, 2 * SOON)
        assert steps(result) == (["main", "child", "main", "child", "main"] if by == "a task"
                                 else ["main", "main", "child", "child", "main"])


@BOTH
@needs_eager
def test_an_eager_task_that_makes_tasks_in_its_first_step(run):
    async def inner():
        await asyncio.sleep(SOON)

    async def outer():
        loop = asyncio.get_running_loop()
        await asyncio.gather(asyncio.Task(inner(), loop=loop, name="eager inner", eager_start=True),
                             asyncio.create_task(inner(), name="inner"))

    async def main():
        task = asyncio.Task(outer(), loop=asyncio.get_running_loop(), name="outer", eager_start=True)
        await task

    result = run(main())
    assert [(t.name, t.parent) for t in result.tasks] == [
        ("main", None), ("outer", 0), ("eager inner", 1), ("inner", 1)] or [
        (t.name, t.parent) for t in result.tasks] == [("main", None), ("outer", 0), ("inner", 1), ("eager inner", 1)]
    assert sorted(waits(named(result, "outer"))[0].on) == [2, 3]
    steps(result)


@BOTH
@needs_eager
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="from Python 3.14 on nobody hears which tasks asyncio keeps")
def test_eager_tasks_that_wait_are_heard_of_and_not_looked_for(run, monkeypatch):
    """To look for each among all the tasks would take a server of a thousand requests a minute."""
    def all_tasks(loop=None):
        raise AssertionError("nobody should look for them")

    async def main():
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(asyncio, "all_tasks", all_tasks)
        await asyncio.wait([asyncio.Task(nap(), loop=loop, name=f"child {n}", eager_start=True) for n in range(3)])
        monkeypatch.undo()

    result = run(main())
    assert [(t.name, t.parent) for t in result.tasks[1:]] == [("child 0", 0), ("child 1", 0), ("child 2", 0)]
    assert "add" not in vars(asyncio.tasks._scheduled_tasks)


@BOTH
@needs_eager
def test_an_eager_task_among_what_else_asks_whether_the_loop_is_running(run):
    """Neither the question itself, nor a task that is done at once, nor one of a task factory takes another's place."""
    async def at_once():
        return 5

    async def child():
        await asyncio.sleep(SOON)

    async def outer():
        asyncio.Task(at_once(), loop=loop_of(), eager_start=True)
        await asyncio.Task(child(), loop=loop_of(), name="inner", eager_start=True)

    async def main():
        loop_of().is_running()
        asyncio.Task(at_once(), loop=loop_of(), eager_start=True)
        first = asyncio.Task(child(), loop=loop_of(), name="first", eager_start=True)
        loop_of().is_running()
        asyncio.Task(at_once(), loop=loop_of(), eager_start=True)
        loop_of().set_task_factory(asyncio.eager_task_factory)
        made = loop_of().create_task(child(), name="made")
        loop_of().set_task_factory(None)
        plain = asyncio.create_task(child(), name="plain")
        around = asyncio.Task(outer(), loop=loop_of(), name="outer", eager_start=True)
        await asyncio.gather(first, made, plain, around)

    loop_of = asyncio.get_running_loop
    result = run(main())
    parents = {task.name: None if task.parent is None else result.tasks[task.parent].name for task in result.tasks[1:]}
    wanted = {"first": "main", "made": "main", "plain": "main", "outer": "main", "inner": "outer"}
    if sys.version_info >= (3, 14):         # it may not be known who made a task, but nothing false is said
        assert parents.keys() == wanted.keys() and all(parents[name] in (None, wanted[name]) for name in wanted)
        return
    assert parents == wanted
    assert {task.outcome for task in result.tasks} == {"result"}
    for task in result.tasks[1:]:
        assert [span.wait for span in waits(task)] == (["task"] if task.name == "outer" else ["sleep"])
    steps(result)


@BOTH
@needs_eager
def test_an_eager_task_that_makes_one_and_is_done_at_once(run):
    async def outer():
        return asyncio.create_task(nap(), name="inner")

    async def main():
        await asyncio.Task(outer(), loop=asyncio.get_running_loop(), name="outer", eager_start=True).result()

    result = run(main())
    assert [(t.name, t.parent, t.outcome) for t in result.tasks] == [
        ("main", None, "result"), ("outer", 0, "result"), ("inner", 1, "result")]


@BOTH
def test_asking_whether_the_loop_is_running_makes_no_task(run):
    async def main():
        for _ in range(3):
            assert asyncio.get_running_loop().is_running()
            await asyncio.sleep(0)
        return 5

    result = run(main())
    assert result.result == 5 and len(result.tasks) == 1


@BOTH
def test_a_context_that_is_emptied(run):
    async def child():
        await asyncio.create_task(nap(), name="grandchild")

    async def main():
        task = contextvars.Context().run(asyncio.create_task, child())
        await asyncio.gather(task, asyncio.create_task(child(), context=contextvars.Context()))

    result = run(main())
    assert [(t.coroutine, t.parent) for t in result.tasks[1:]] == [("child", 0), ("child", 0), ("nap", 1), ("nap", 2)]


def test_a_callback_in_a_context_that_is_emptied_is_seen_in_virtual_time():
    async def main():
        asyncio.get_running_loop().call_soon(lambda: asyncio.create_task(nap()), context=contextvars.Context())
        await asyncio.sleep(1)

    assert [t.coroutine for t in simulate(main()).tasks][1:] == ["nap"]


@BOTH
def test_an_awaitable_that_is_no_coroutine(run):
    class Nap:
        def __await__(self):
            return nap().__await__()

    async def main():
        await asyncio.ensure_future(Nap())

    result = run(main())
    assert [(t.parent, t.outcome) for t in result.tasks[1:]] == [(0, "result")]


@BOTH
def test_the_end_of_a_forgotten_generator(run):
    async def rows():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(SOON)

    async def main():
        async for _ in rows():
            break
        gc.collect()
        await asyncio.sleep(3 * SOON)

    result = run(main())
    closing = result.tasks[-1]
    assert len(result.tasks) == 2 and closing.outcome == "result" and closing.made > 0
    assert closing.made <= min(span.step for span in closing.spans if span.step >= 0)


def test_a_thread_of_the_programs_own():
    async def main():
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=lambda: asyncio.run_coroutine_threadsafe(nap(), loop).result())
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(SOON)

    assert [(t.coroutine, t.parent, t.outcome) for t in recorded(main()).tasks[1:]] == [("nap", None, "result")]


def test_a_callback_that_a_thread_of_the_programs_own_asks_for():
    async def main():
        loop, kept = asyncio.get_running_loop(), []
        thread = threading.Thread(
            target=lambda: loop.call_soon_threadsafe(lambda: kept.append(asyncio.create_task(nap()))))
        thread.start()
        while not kept:
            await asyncio.sleep(SOON)
        await kept[0]

    assert [t.coroutine for t in recorded(main()).tasks[1:]] == ["nap"]


def test_an_older_thread_is_none_of_the_programs():
    async def outer():
        loop, go = asyncio.get_running_loop(), threading.Event()

        def work():
            go.wait()
            asyncio.run_coroutine_threadsafe(nap(), loop).result()

        thread = threading.Thread(target=work)
        thread.start()

        async def main():
            go.set()
            while thread.is_alive():
                await asyncio.sleep(SOON)

        return await record(main())

    assert len(asyncio.run(outer()).tasks) == 1


def test_a_worker_thread_that_makes_a_task():
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(nap(), loop).result())

    for run in (recorded, simulate):
        assert [t.coroutine for t in run(main()).tasks[1:]] == ["nap"]


def test_the_methods_of_a_protocol():
    class Server(asyncio.Protocol):
        def data_received(self, data):
            tasks.append(asyncio.get_running_loop().create_task(nap(), name="of data_received"))

        def connection_made(self, transport):
            self.transport = transport
            tasks.append(asyncio.Task(nap(), name="of connection_made"))

        def connection_lost(self, exc):
            lost.set_result(None)

    async def main():
        nonlocal lost
        loop = asyncio.get_running_loop()
        lost = loop.create_future()
        ours, theirs = socket.socketpair()
        with ours:
            await loop.connect_accepted_socket(Server, theirs)
            ours.sendall(b"x")
            while len(tasks) < 2:
                await asyncio.sleep(SOON)
        await asyncio.gather(lost, *tasks)

    tasks, lost = [], None
    run = recorded(main())
    assert {t.name for t in run.tasks[1:]} == {"of connection_made", "of data_received"}


def test_tasks_of_others_on_the_same_loop_are_not_seen():
    async def outer():
        async def ticking():
            while True:
                await asyncio.sleep(0)
                kept.append(asyncio.Task(nap(), name="theirs"))

        kept = []
        others = asyncio.create_task(ticking())
        await asyncio.sleep(0)
        run = await record(asyncio.sleep(5 * SOON))
        others.cancel()
        await asyncio.gather(*kept, return_exceptions=True)
        return run

    assert len(asyncio.run(outer()).tasks) == 1


@BOTH
def test_a_method_of_a_task_that_is_called_with_an_argument_is_no_turn(run):
    async def main():
        task = asyncio.create_task(asyncio.sleep(60), name="task")
        asyncio.get_running_loop().call_later(SOON, task.cancel, "enough")
        await asyncio.wait([task])

    task = named(run(main()), "task")
    assert [span.kind for span in task.spans if span.step >= 0] == [RUN, RUN]
    assert [(span.wait, span.cut, span.cutter) for span in waits(task)] == [("sleep", "cancel", -1)]
