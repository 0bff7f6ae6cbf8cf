"""A recording as a trace: it is in the Trace Event Format, and says what the recording says."""

import asyncio
import json
import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.recorder import record
from helpers.recording import Recording, Span, Task
from helpers.trace_events import LOOP, WORKERS, microseconds, trace_events, track_of
from helpers.virtual.run import simulate
from helpers.wait_kinds import BLOCKED, RUN, WAIT
from tests.test_recording import FULL, recordings

# What the format asks of an event, by its phase, beyond "ph", "pid", "tid" and "name".
REQUIRED = {"X": {"ts": float, "dur": float, "cat": str}, "M": {"args": dict}, "i": {"ts": float, "s": str},
            "s": {"ts": float, "id": int, "cat": str}, "f": {"ts": float, "id": int, "cat": str, "bp": str}}


async def ask(seconds):
    await asyncio.sleep(seconds)
    return 320


async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(ask(0.002), name="north")
        group.create_task(asyncio.to_thread(time.sleep, 0.001), name="thread")
    late = asyncio.create_task(ask(1), name="late")
    try:
        async with asyncio.timeout(0.003):
            await late
    except TimeoutError:
        await asyncio.sleep(0)


async def recorded():
    return await record(main())


def check_format(events):
    assert json.loads(json.dumps(events)) == events
    for event in events:
        assert isinstance(event["name"], str) and type(event["pid"]) is type(event["tid"]) is int
        for name, kind in REQUIRED[event["ph"]].items():
            assert isinstance(event[name], kind), (name, event)
    times = [event["ts"] for event in events if event["ph"] != "M"]
    assert times == sorted(times)
    assert not any("ts" in event for event in events if event["ph"] == "M")


def spans_of(events, run):
    """The spans of each task that a trace tells, as (start, duration, name)."""
    found = {task.id: [] for task in run.tasks}
    for event in events:
        if event["ph"] == "X" and event["pid"] == LOOP and event["tid"] <= len(run.tasks):
            found[event["tid"] - 1].append((event["ts"], event["dur"], event["name"]))
    return found


def expected(run):
    return {task.id: [(microseconds(s.start), (round(s.end * 1e9) - round(s.start * 1e9)) / 1e3,
                       (s.wait or "future") if s.kind == WAIT else s.kind) for s in task.spans] for task in run.tasks}


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_the_spans_of_a_trace_are_those_of_the_recording(run):
    """Of any recording, even one that makes no sense: they need not be in order there."""
    events = trace_events(run)
    check_format(events)
    found, wanted = spans_of(events, run), expected(run)
    assert {task: sorted(spans) for task, spans in found.items()} == {t: sorted(s) for t, s in wanted.items()}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 5, allow_subnormal=False), min_size=1, max_size=5), st.booleans())
def test_the_spans_of_a_program_follow_one_another_without_overlap(waits, grouped):
    async def program():
        if grouped:
            async with asyncio.TaskGroup() as group:
                for wait in waits:
                    group.create_task(ask(wait))
        else:
            await asyncio.gather(*map(ask, waits))

    run = simulate(program())
    events = trace_events(run)
    check_format(events)
    assert spans_of(events, run) == expected(run)
    for spans in spans_of(events, run).values():
        for (start, duration, _), (following, _, _) in pairwise(spans):
            assert abs(start + duration - following) < 1e-3         # of a microsecond


def test_every_arrow_has_two_ends_that_lie_in_turns():
    for run in (simulate(main()), asyncio.run(recorded())):
        events = trace_events(run)
        check_format(events)
        turns = {(track_of(task.id), microseconds(span.start)) for task in run.tasks for span in task.spans
                 if span.kind in (RUN, BLOCKED)}
        begun = set()
        for event in events:
            if event["ph"] in "sf":
                assert (event["tid"], event["ts"]) in turns
                if event["ph"] == "s":
                    begun.add(event["id"])
                else:
                    assert event["id"] in begun                     # a viewer forgets an arrow that ends first
                    begun.remove(event["id"])
        assert not begun
        arrows = [event["name"] for event in events if event["ph"] == "s"]
        assert arrows.count("makes") == 3 and arrows.count("ends the wait of") == 2     # not of the wait that was cut


def test_what_a_trace_tells_of_a_span():
    run = simulate(main())
    events = [event for event in trace_events(run) if event["ph"] == "X"]
    group = next(event for event in events if event["name"] == "task group")
    assert group["cat"] == "wait,tasks" and group["args"]["for"] == ["north", "thread"]
    assert group["args"]["place"].startswith(f"{__file__}:") and group["args"]["place"].endswith(" in main")
    cut = next(event for event in events if event["args"].get("cut") == "timeout" and event["name"] == "sleep")
    assert cut["args"]["asked"] == 1 and cut["dur"] == 3000
    job = next(event for event in events if event["pid"] == WORKERS)
    assert job["name"] == "a call for thread" and job["dur"] == 1000


def test_tracks_have_the_names_of_tasks_and_threads():
    names = {(event["pid"], event["tid"]): event["args"]["name"] for event in trace_events(FULL)
             if event["ph"] == "M" and event["name"] == "thread_name"}
    assert names == {(LOOP, 1): "main", (LOOP, 2): "north", (LOOP, 3): "south",
                     (LOOP, 4): "callbacks that are no task's", (WORKERS, 1): "asyncio_0", (WORKERS, 2): "asyncio_1"}
    failed = next(event for event in trace_events(FULL) if event["ph"] == "i")
    assert failed["name"] == "ValueError: no tea" and failed["tid"] == 3


def test_a_task_that_is_awaited_and_not_known_is_told_by_its_number():
    task = Task(0, "main", "main", None, 0.0, 1.0, "result", "", (Span(WAIT, 0.0, 1.0, "task", (7,)),))
    event = next(event for event in trace_events(Recording((task,), 1.0)) if event["ph"] == "X")
    assert event["args"]["for"] == ["task 7"]
