"""What goes wrong in the recorder itself is told when the run is over, and the program does not notice.

Each place where notes are taken is made to fail in turn, as it would if a new Python had another asyncio.
"""

import asyncio
import contextlib
import gc
import time
import weakref

import pytest

from helpers.recorder import Recorder, UnknownPython, hooks, notes, record, turns, waits, watch, watchdog
from helpers.recorder.notes import ENDED, READY, ROWS, STARTED, STRIDE, TASK, WAIT, WOKEN
from helpers.virtual.run import simulate
from tests.recorder.programs import BOTH, NEVER, SOON, nap, recorded


class Renamed(AttributeError):
    """Nothing else raises it."""


def broken(*args, **options):
    raise Renamed("'_asyncio.Task' object has no attribute '_fut_waiter'")


def all_kinds(log):
    """A program that goes by every place where notes are taken."""

    async def child():
        await asyncio.sleep(0)
        await asyncio.sleep(SOON)
        return "child"

    async def main():
        loop = asyncio.get_running_loop()
        log.append(await asyncio.gather(asyncio.create_task(child(), name="one"), child()))
        log.append(await asyncio.to_thread(lambda: "thread"))
        with contextlib.suppress(ZeroDivisionError):
            await loop.run_in_executor(None, lambda: 1 / 0)
        loop.call_soon(time.sleep, 0.05)
        await asyncio.sleep(SOON)
        if hasattr(asyncio, "eager_task_factory"):
            loop.set_task_factory(asyncio.eager_task_factory)
            log.append(await asyncio.create_task(child(), name="eager"))
            loop.set_task_factory(None)
        log.append(asyncio.current_task().get_name()[:4])
        return "main"

    return main()


PLACES = {
    "read_wait": (turns, "read_wait"),
    "read_turn": (turns, "read_turn"),
    "a new row": (notes, "coroutine_name"),
    "the row of a task": (notes.Row, "follow"),
    "the end of a task": (notes.Row, "finish"),
    "the end of an eager task": (hooks, "_note_eager"),
    "names that come late": (notes.Row, "read_name"),
    "a callback that blocks": (watch.Watch, "blocked_by"),
    "the thread's caller": (hooks, "get_running_loop"),
    "the traceback of a thread": (hooks, "_cut_traceback"),
}
NEEDS_EAGER = {"the end of an eager task"}


@BOTH
@pytest.mark.parametrize("place", PLACES)
def test_what_the_recorder_cannot_read_is_told(run, place, monkeypatch):
    if place in NEEDS_EAGER and not hasattr(asyncio, "eager_task_factory"):
        pytest.skip("eager tasks are new in Python 3.12")
    undisturbed, log = [], []
    run(all_kinds(undisturbed), threshold=0.01)
    monkeypatch.setattr(*PLACES[place], broken)
    words = r"does not know Python 3\..*: it could not read this run \(Renamed: "
    with pytest.raises(UnknownPython, match=words) as caught:
        run(all_kinds(log), threshold=0.01)
    assert isinstance(caught.value.__cause__, Renamed)
    assert log == undisturbed


def test_a_watchdog_that_cannot_look_is_told(monkeypatch):
    async def main():
        await asyncio.sleep(0.1)

    monkeypatch.setattr(watchdog, "place_in_turn", broken)
    with pytest.raises(UnknownPython, match="Renamed"):
        recorded(main(), threshold=0.01)


def test_requests_are_not_drawn_as_ready_when_waits_cannot_be_read(monkeypatch):
    """A false timeline is worse than none."""

    async def main():
        await asyncio.gather(asyncio.sleep(0.3), asyncio.sleep(0.3))

    monkeypatch.setattr(turns, "read_wait", broken)
    with pytest.raises(UnknownPython):
        simulate(main())


def test_a_step_that_was_not_seen_is_told(monkeypatch):
    """As if a new Python woke tasks by something that the recorder does not take for a task's method."""
    monkeypatch.setattr(turns, "METHODS", frozenset())
    with pytest.raises(UnknownPython, match="the end of the main task was not seen"):
        recorded(nap())


def test_the_first_failure_is_told_and_keeps_nothing_alive():
    class Thing:
        pass

    def fail(text):
        thing = Thing()
        seen.append(weakref.ref(thing))
        raise Renamed(text)

    seen = []
    loop = asyncio.new_event_loop()
    recorder = Recorder(loop, time.perf_counter_ns)
    loop.close()
    for text in ("first", "second"):
        try:
            fail(text)
        except Renamed as error:
            recorder.fail(error)
    gc.collect()
    assert str(recorder.failure) == "first" and [each() for each in seen] == [None, None]


def test_a_task_that_is_dropped_takes_its_row_along():
    async def lost():
        await asyncio.get_running_loop().create_future()

    async def main():
        before = len(ROWS)
        asyncio.create_task(lost())
        await asyncio.sleep(0)
        there = len(ROWS)
        gc.collect()
        return there - before, len(ROWS) - before

    async def outer():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        return (await record(main())).result

    assert asyncio.run(outer()) == (1, 0)


def test_the_fields_of_a_step():
    async def main():
        await asyncio.sleep(1)

    loop = asyncio.new_event_loop()
    recorder = Recorder(loop, lambda: round(loop.time() * 1e9), NEVER)
    with recorder:
        loop.run_until_complete(recorder.context.run(loop.create_task, nap()))
    loop.close()
    first, second = recorder.notes[:STRIDE], recorder.notes[STRIDE:]
    assert first[TASK] == second[TASK] == 0 and first[WAIT].kind == "sleep" and second[WAIT] is None
    assert first[READY] <= first[STARTED] <= first[ENDED] <= second[READY] <= second[STARTED] <= second[ENDED]
    assert first[WOKEN] == second[WOKEN] == -1


def test_an_object_that_only_behaves_like_a_coroutine_may_have_any_name():
    class Duck:
        def __init__(self):
            self.__qualname__ = 7

        def send(self, value):
            raise StopIteration("quack")

        def throw(self, *error):
            raise StopIteration

        def close(self):
            pass

        def __await__(self):
            return self

    assert [task.name for task in simulate(_await(Duck())).tasks] == ["_await", "Duck"]


async def _await(coro):
    return await asyncio.ensure_future(asyncio.get_running_loop().create_task(coro))


def test_everything_on_a_loop():
    """What tools/cpython_suite.py asks for: tasks that were made outside of any recording."""

    async def main():
        await asyncio.create_task(nap(), name="child")

    loop = asyncio.new_event_loop()
    with Recorder(loop, time.perf_counter_ns, everything=True) as recorder:
        loop.run_until_complete(main())
    loop.close()
    assert [row.name for row in recorder.rows][1:] == ["child"] and len(recorder.rows) == 2


def test_a_wrong_threshold_leaves_no_loop_open(recwarn):
    coro = nap()
    with pytest.raises(ValueError, match="threshold"):
        simulate(coro, threshold=0)
    coro.close()
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_waits_are_read_of_a_task_that_no_recording_has():
    async def main():
        task = asyncio.create_task(asyncio.sleep(NEVER), name="sleeper")
        await asyncio.sleep(0)
        text = waits.describe(task)
        task.cancel()
        return text

    assert asyncio.run(main()) == "sleeper sleeps"
