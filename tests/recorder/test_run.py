"""What `record` and `simulate` give back, how they are cancelled, and what they refuse."""

import asyncio
import gc
import inspect
import math
import time
import weakref
from asyncio import events

import pytest

from helpers.recorder import Recorder, record
from helpers.virtual.run import simulate
from tests.recorder.programs import BOTH, HANDLE_RUN, NEVER, SOON, nap


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
        return events.Handle._run is HANDLE_RUN, "call_soon" in vars(asyncio.get_running_loop())

    log = []
    assert asyncio.run(outer()) == (True, False)
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
        return await record(main())

    run = asyncio.run(outer())
    gc.collect()
    assert run.result() is None


async def a_program():
    return 1


@BOTH
@pytest.mark.parametrize(("wrong", "words"), [
    (lambda: a_program, "the function a_program itself"),
    (lambda: None, "None (NoneType)"),
    (lambda: 3, "3 (int)"),
    (lambda: [1], "[1] (list)"),
    (lambda: "main()", "'main()' (str)"),
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
    assert inspect.getcoroutinestate(coro) == inspect.CORO_CLOSED      # or Python would complain of it as well


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


def test_turns_of_tasks_that_are_in_another_recording_or_none_block_the_loop_too():
    async def blocks():
        await asyncio.sleep(SOON)
        time.sleep(0.02)

    async def rests():
        await asyncio.sleep(10 * SOON)

    async def both():
        stranger = asyncio.create_task(blocks(), name="stranger")
        runs = await asyncio.gather(record(blocks(), threshold=0.01), record(rests(), threshold=0.01))
        await stranger
        return runs

    first, second = asyncio.run(both())
    line = blocks.__code__.co_firstlineno + 2
    assert {(span.wait, span.place and span.place.line) for span in second.callbacks} >= {
        ("task stranger", line), ("task blocks", line)}
    assert ("task stranger", line) in {(span.wait, span.place and span.place.line) for span in first.callbacks}
    assert "task blocks" not in {span.wait for span in first.callbacks}, "it is a task of that run itself"
    assert f"a task that is not in this run (stranger) blocks the loop at line {line} in blocks" in str(first)


def test_a_callback_that_blocks_is_called_by_its_own_name():
    async def main():
        def tick():
            time.sleep(0.02)

        asyncio.get_running_loop().call_soon(tick)
        await asyncio.sleep(SOON)

    run = asyncio.run(record(main(), threshold=0.01))
    assert "tick" in {span.wait for span in run.callbacks}
