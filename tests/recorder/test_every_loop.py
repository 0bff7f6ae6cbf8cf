"""Every loop of a program is recorded, however it is run, and each run is a recording of its own."""

import asyncio
import contextlib
import threading
import time

import pytest

from helpers.recorder import Recorder, UnknownPython, record
from helpers.recorder.every_loop import EveryLoop
from helpers.recording import Recording
from helpers.virtual.run import simulate

HOOKED = ("__init__", "run_forever", "close")


def recorded(program, threshold=0.1):
    """The recordings of what a program runs."""
    before = [getattr(asyncio.BaseEventLoop, name) for name in HOOKED]
    loops = EveryLoop(threshold)
    loops.start()
    try:
        program()
    finally:
        runs = loops.finish()
        assert [getattr(asyncio.BaseEventLoop, name) for name in HOOKED] == before
    for run in runs:
        assert isinstance(run, Recording), run
        assert Recording.from_json(run.to_json()) == run and str(run)
    return runs


async def ask(seconds=0.002):
    await asyncio.sleep(seconds)
    return seconds


def names(run):
    return [task.name for task in run.tasks]


def test_asyncio_run_is_a_run_with_the_clean_up_at_its_end():
    async def main():
        asyncio.create_task(ask(60), name="left")
        await ask()

    run, = recorded(lambda: asyncio.run(main()))
    assert names(run) == ["main", "left"] and run.elapsed == run.tasks[0].finished
    assert run.tasks[1].outcome == "cancelled" and run.tasks[1].created < run.elapsed < run.tasks[1].finished
    assert run.tasks[0].created == 0 and not run.error and not run.others


def test_each_run_of_a_runner_is_one_unless_a_task_goes_on():
    def program():
        with asyncio.Runner() as runner:
            runner.run(ask())
            runner.run(ask())

    assert [names(run) for run in recorded(program)] == [["ask"], ["ask"]]

    async def begin(kept):
        ended = asyncio.Event()
        kept += ended, asyncio.create_task(ended.wait(), name="goes on")
        await ask()

    async def end(kept):
        ended, task = kept
        ended.set()
        await task

    def program():
        with asyncio.Runner() as runner:
            kept = []
            runner.run(begin(kept))
            runner.run(end(kept))

    run, = recorded(program)
    assert names(run) == ["begin", "goes on", "end"]


def test_several_tasks_made_before_the_loop_runs_are_under_the_script():
    def program():
        loop = asyncio.new_event_loop()
        time.sleep(0.01)                # that the loop is there is no part of the run
        tasks = [loop.create_task(ask(seconds)) for seconds in (0.002, 0.2)]
        loop.run_until_complete(tasks[1])
        loop.close()

    run, = recorded(program)
    assert names(run) == ["the script", "ask", "ask 2"] and run.peak == 2
    assert [task.parent for task in run.tasks] == [None, 0, 0] and run.tasks[0].spans[0].on == (1, 2)
    assert run.elapsed == run.tasks[2].finished and run.tasks[1].created == 0
    assert [span.on for task in run.tasks[1:] for span in task.spans] == [()] * sum(len(t.spans) for t in run.tasks[1:])


def test_a_loop_in_a_thread_that_is_given_its_tasks_later():
    async def pair():
        await asyncio.gather(asyncio.to_thread(time.sleep, 0.001), ask())

    def program():
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        asyncio.run_coroutine_threadsafe(pair(), loop).result()
        asyncio.run_coroutine_threadsafe(ask(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    runs = recorded(program)
    assert [names(run)[0] for run in runs] == ["the script"]
    first = runs[0].tasks[1]
    assert first.name == "pair" and first.parent is None and runs[0].threads[0].task == 2
    assert runs[0].tasks[2].parent == 1
    assert [span.on for span in first.spans if span.wait == "gather" and span.kind == "wait"] == [(2, 3)]


def test_a_blocked_loop_that_was_made_in_another_thread_is_told_with_its_line():
    async def blocks():
        time.sleep(0.05)

    def program():
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=lambda: loop.run_until_complete(blocks()))
        thread.start()
        thread.join()
        loop.close()

    run, = recorded(program, threshold=0.02)
    assert run.blocked[0].place is not None and run.blocked[0].place.function == "blocks"


def test_a_loop_that_is_left_open_is_recorded_up_to_where_it_stopped():
    loops = []

    def program():
        loop = asyncio.new_event_loop()
        loops.append(loop)
        left = loop.create_task(ask(60))
        loop.call_later(0.002, loop.stop)
        loop.run_forever()
        time.sleep(0.5)
        left.cancel()

    run, = recorded(program)
    assert run.tasks[0].outcome == "pending" and run.elapsed < 0.5
    with contextlib.suppress(asyncio.CancelledError):
        loops[0].run_until_complete(next(iter(asyncio.all_tasks(loops[0]))))
    loops[0].close()


def test_an_error_is_told_and_the_program_gets_it():
    async def main():
        raise ValueError("no tea")

    def program():
        with pytest.raises(ValueError, match="no tea"):
            asyncio.run(main())

    run, = recorded(program)
    assert run.error == "ValueError: no tea" and run.exception is None
    with pytest.raises(RuntimeError, match="ended with ValueError: no tea"):
        _ = run.result


def test_generators_and_threads_that_asyncio_closes_are_no_run():
    async def numbers():
        yield 1
        yield 2

    async def main():
        async for _ in numbers():
            break
        await asyncio.to_thread(sum, [1])

    run, = recorded(lambda: asyncio.run(main()))
    assert names(run) == ["main", "aclose of numbers"]      # which the loop begins as soon as nobody has it any more


def test_simulate_and_record_inside_are_left_alone():
    async def main():
        run = await record(ask())
        assert names(run) == ["ask"]

    def program():
        assert simulate(ask(60)).elapsed == 60
        asyncio.run(main())

    run, = recorded(program)
    assert names(run) == ["main"]


def test_loops_without_tasks_are_no_runs():
    def program():
        asyncio.new_event_loop().close()
        loop = asyncio.new_event_loop()
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()

    assert recorded(program) == []


def test_what_fails_is_kept_and_the_program_goes_on(monkeypatch):
    def no_thread(self):
        raise RuntimeError("can't start new thread")

    loops, done = EveryLoop(0.1), []
    loops.start()
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "__enter__", no_thread)
        done.append(asyncio.run(ask()))
    loop = asyncio.new_event_loop()
    done.append(loop.run_until_complete(ask()))
    loop.close()
    loops._over[0].recorder.failure = KeyError("x")
    failed, *failures = loops.finish()
    assert isinstance(failed, UnknownPython) and all(isinstance(failure, RuntimeError) for failure in failures)
    assert failures and done == [0.002, 0.002]
