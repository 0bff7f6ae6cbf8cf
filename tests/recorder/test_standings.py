"""What is told of a run that is stopped: by Ctrl-C, by a timeout, by a cancellation."""

import asyncio
import subprocess
import sys

import anyio
import pytest

from helpers import record, simulate
from helpers.recorder.asyncio_internals import context_of, interrupt, is_stuck
from helpers.recorder.learners_code import is_library_file, place_of_error
from helpers.recorder.standings import MOST, standings, standings_of

SOON, NEVER = 0.1, 3600.0


async def waiter():
    await asyncio.Event().wait()


async def fails():
    await asyncio.sleep(0)
    raise ValueError("no tea\nat all")


async def many():
    tasks = [asyncio.create_task(waiter()) for _ in range(30)]
    tasks += [asyncio.create_task(fails()) for _ in range(7)]
    await asyncio.gather(*tasks[:30])
    assert tasks


def notes(error):
    return "\n".join(error.__notes__)


async def stopped(coro):
    """Record it under a timeout that cuts it short, and give what the error of the recording says."""
    try:
        async with asyncio.timeout(SOON):
            await record(coro)
    except TimeoutError as error:
        return notes(error.__cause__)


def test_a_timeout_around_a_recording_tells_where_the_tasks_stood():
    told = asyncio.run(stopped(many())).splitlines()
    assert told[0] == "record() was stopped. Where each task stood:"
    assert told[1].startswith("  - many waits for waiter, waiter 2, waiter 3 and 27 more (gather) at line ")
    assert told[2].startswith("  - waiter, waiter 2, waiter 3 and 27 more: each waits for an event at line ")
    assert told[3].startswith("  - fails, fails 2, fails 3 and 4 more: each has failed: ValueError: no tea at line ")
    assert told[4:] == ["record.stopped is the recording up to here."]
    assert len(record.stopped.tasks) == 38 and record.stopped.tasks[0].outcome == "cancelled"


def test_of_many_tasks_that_differ_those_that_are_left_over_are_counted():
    async def sleeps(number):
        await asyncio.sleep(number)

    async def main():
        await asyncio.gather(*[sleeps(1) for _ in range(9)], *[shop(asyncio.Event().wait) for shop in shops])

    def shop_at(number):        # each awaits at another line
        space = {}
        exec(compile("\n" * number + "async def shop(wait): await wait()", f"shop{number}.py", "exec"), space)
        return space["shop"]

    shops = [shop_at(number) for number in range(30)]
    told = standings(simulate(main()), at=0.5).splitlines()[1:]
    assert len(told) == MOST + 1 and "sleeps, sleeps 2, sleeps 3 and 6 more: each sleeps at line" in told[1]
    assert told[-1] == "  - and 12 more tasks"


def test_the_recording_that_was_stopped_keeps_nothing_of_the_program_and_goes_with_the_next():
    asyncio.run(stopped(waiter()))
    with pytest.raises(asyncio.CancelledError) as caught:
        record.stopped.result
    assert record.stopped.exception.__context__ is None and caught.value is record.stopped.exception
    asyncio.run(record(asyncio.sleep(0)))
    assert record.stopped is None


def test_a_main_task_that_had_ended_all_the_same():
    async def main():
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError:
            return "stayed"

    told = asyncio.run(stopped(main()))
    assert "  - main sleeps at line " in told and record.stopped.result == "stayed"


def test_what_ran_and_what_was_ready_when_the_stop_came():
    async def busy():
        await asyncio.sleep(0)
        recorder.cancel()               # as a stop that arrives in the middle of a turn
        await asyncio.sleep(NEVER)

    async def main():
        await asyncio.gather(busy(), waiter())

    async def outer():
        nonlocal recorder
        recorder = asyncio.create_task(record(main()))
        with pytest.raises(asyncio.CancelledError) as caught:
            await recorder
        return notes(caught.value)

    recorder = None
    told = asyncio.run(outer())
    assert "  - busy sleeps at line " in told and "  - waiter waits for an event at line " in told


def test_the_moment_tells_who_ran_who_was_ready_and_who_had_not_begun():
    async def blocks():
        import time
        time.sleep(1)

    async def main():
        await asyncio.gather(blocks(), waiter(), asyncio.sleep(0))

    run = simulate(main())
    assert standings(run, at=0.5).splitlines()[2:] == [
        f"  - blocks runs at {run.blocked[0].place}", "  - waiter has not begun", "  - sleep has not begun"]
    assert standings(run, at=-1.0) == ""


def test_tasks_that_are_not_recorded():
    async def main():
        tasks = [asyncio.create_task(waiter(), name=name) for name in ("one", "two")]
        tasks += [asyncio.create_task(waiter()) for _ in range(3)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(waiter(), name="late"))
        told = standings_of(tasks)
        for task in tasks:
            task.cancel()
        return told.splitlines()[1:]

    told = asyncio.run(main())
    assert [line.partition(" at ")[0] for line in told] == [
        "  - one, two, waiter and 2 more: each waits for an event", "  - late has not begun"]


def test_tasks_of_one_name_and_two_tasks_that_are_alike():
    async def main():
        tasks = [asyncio.create_task(waiter(), name=name) for name in names]
        await asyncio.sleep(0)
        told = standings_of(tasks)
        for task in tasks:
            task.cancel()
        return [line.partition(" at ")[0] for line in told.splitlines()[1:]]

    names = ["one", "two"]
    assert asyncio.run(main()) == ["  - one waits for an event", "  - two waits for an event"]
    names = [None] * 3
    assert asyncio.run(main()) == ["  - 3 tasks: waiter waits for an event"]


def test_of_recordings_that_are_stopped_at_once_the_first_to_end_is_kept():
    async def noted():
        try:
            await record(waiter())
        except asyncio.CancelledError as error:
            return notes(error)

    async def outer():
        tasks = [asyncio.create_task(noted()) for _ in range(2)]
        await asyncio.sleep(SOON)
        for task in tasks:
            task.cancel()
        return await asyncio.gather(*tasks)

    told = asyncio.run(outer())
    assert [note.endswith("\nrecord.stopped is the recording up to here.") for note in told] == [True, False]
    assert all("Where each task stood:\n  - waiter waits for an event at line " in note for note in told)


def test_a_recording_that_is_stopped_later_takes_the_place_of_one_within_it():
    async def main():
        inner = asyncio.create_task(record(waiter()))
        await asyncio.sleep(0)
        inner.cancel()
        await asyncio.wait([inner])
        assert record.stopped is not None
        await waiter()

    assert asyncio.run(stopped(main())).endswith("\nrecord.stopped is the recording up to here.")
    assert record.stopped.tasks[0].name == "main"


def test_tasks_that_await_one_another():
    async def other(name):
        await tasks[name]

    async def main():
        tasks.update(a=asyncio.create_task(other("b"), name="a"), b=asyncio.create_task(other("a"), name="b"))
        await asyncio.sleep(0)
        await tasks["a"]

    tasks = {}
    told = asyncio.run(stopped(main()))
    assert "  - main waits for a at line " in told and "  - a waits for b at line " in told
    assert all(task.cancelled() for task in tasks.values())


def test_a_long_row_of_tasks():
    async def link(number):
        if number:
            await asyncio.create_task(link(number - 1))
        await asyncio.sleep(0 if number else NEVER)

    told = asyncio.run(stopped(link(3000)))
    assert "link waits for link 2 at line " in told and len(told.splitlines()) < 2 * MOST


PROGRAM = """
import asyncio, signal; signal.signal(signal.SIGINT, signal.default_int_handler)    # who starts this may ignore it
from helpers import record, simulate

async def worker(queue):
    while True:
        await queue.get()
        1 / 0

async def main():
    queue = asyncio.Queue()
    queue.put_nowait("tea")
    keep = asyncio.create_task(worker(queue), name="worker")
    asyncio.get_running_loop().call_later(0.05, signal.raise_signal, signal.SIGINT)
    await queue.join()

"""


@pytest.mark.parametrize(("call", "words"), [
    ("asyncio.run(record(main()))", "record"), ("simulate(main())", "simulate"),
])
def test_ctrl_c_in_a_script(call, words):
    program = f"{PROGRAM}try:\n    {call}\nfinally:\n    print({words}.stopped.tasks[1].error)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and done.stdout == "ZeroDivisionError: division by zero\n", done.stderr
    assert f"{words}() was stopped. Where each task stood:\n" in done.stderr
    assert "  - main waits until all items of a queue are done at line 15 in main\n" in done.stderr
    assert "  - worker has failed: ZeroDivisionError: division by zero at line 8 in worker\n" in done.stderr
    assert f"{words}.stopped is the recording up to here.\n" in done.stderr and "KeyboardInterrupt" in done.stderr


# -- what it is made of -----------------------------------------------------------------------------

def test_the_context_of_a_task():
    from contextvars import ContextVar

    variable = ContextVar("variable", default="")

    async def main():
        variable.set("mine")
        waiting = asyncio.create_task(waiter())
        await asyncio.sleep(0)
        ready = asyncio.create_task(waiter())
        contexts = [context_of(waiting), context_of(ready)]
        waiting.cancel()
        ready.cancel()
        return [context.get(variable) for context in contexts]

    assert asyncio.run(main()) == ["mine", "mine"]


def test_interrupting_a_task_that_waits_for_what_refuses():
    class Stubborn(asyncio.Future):
        def cancel(self, msg=None):
            return False

    async def main():
        future = Stubborn()

        async def wait():
            await future

        task = asyncio.create_task(wait())
        assert not interrupt(task, KeyError("tea"))             # it has not begun to wait
        await asyncio.sleep(0)
        assert not is_stuck(task) and task.cancel() and is_stuck(task)
        assert interrupt(task, asyncio.CancelledError())
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not future.done()

    asyncio.run(main())


@pytest.mark.parametrize("waits", [lambda: asyncio.sleep(NEVER), lambda: asyncio.gather(asyncio.sleep(NEVER)), waiter])
def test_interrupting_a_task_with_an_error(waits):
    async def main():
        async def wait():
            await waits()

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert interrupt(task, KeyError("tea"))
        with pytest.raises(KeyError):
            await task

    asyncio.run(main())


def test_the_place_of_an_error():
    with pytest.raises(ValueError, match="no tea") as caught:
        asyncio.run(fails())
    assert place_of_error(caught.value).function == "fails"
    assert place_of_error(ValueError()) is None


def test_cython_names_no_folder():
    assert is_library_file("zmq/backend/cython/_zmq.pyx")


def test_tasks_of_libraries_are_counted_in_the_report_of_a_cell():
    def made(coroutine):
        found = {"asyncio": asyncio, "coroutine": coroutine}
        exec(compile("async def serve(coroutine): await coroutine\n"
                     "task = asyncio.get_running_loop().create_task(serve(coroutine))", anyio.__file__, "exec"), found)
        return found["task"]

    async def rests():
        await asyncio.sleep(60)

    async def main():
        tasks = [made(anyio.sleep(60)), asyncio.create_task(rests(), name="mine"), made(anyio.sleep(60))]
        await asyncio.sleep(0)
        told = standings_of(tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return told

    first, *others = asyncio.run(main()).split("\n")[1:]
    assert first.startswith("  - mine sleeps") and others == ["  - and 2 tasks of anyio"]


def test_equal_names_are_told_apart_as_in_the_picture():
    async def rests():
        await asyncio.sleep(60)

    async def main():
        for _ in range(2):
            asyncio.create_task(rests(), name="same")
        await asyncio.sleep(0.1)

    told = standings(simulate(main()), 0.05)
    assert "  - same sleeps" in told and "  - same 2 sleeps" in told
