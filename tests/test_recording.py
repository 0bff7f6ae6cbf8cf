"""Recordings made by hand: what they come to, what they say, and that they survive JSON."""

import asyncio
import copy
import dataclasses
import json
import pickle
import re
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.recorder import record
from helpers.recording import Others, Place, Recording, Remark, Span, Task, ThreadJob, most_at_once
from helpers.virtual.run import simulate
from helpers.wait_kinds import BLOCKED, CANCELLED, EXCEPTION, PENDING, READY, RESULT, RUN, WAIT
from helpers.words import seconds, short


def task(id, name="", created=0.0, finished=1.0, outcome=RESULT, spans=(), parent=0, error=""):
    return Task(id, name or f"task {id}", "child", None if id == 0 else parent, created, finished, outcome, error,
                tuple(spans))


def run_of(*lives, **fields):
    """A recording of a main task and others, of which each is given as (created, finished)."""
    tasks = [task(0, "main", finished=10.0)] + [task(i, created=a, finished=b) for i, (a, b) in enumerate(lives, 1)]
    return Recording(tuple(tasks), 10.0, **fields)


FULL = Recording(
    tasks=(
        Task(0, "main", "main", None, 0.0, 1.0, RESULT, "", (
            Span(RUN, 0.0, 0.1, step=0),
            Span(WAIT, 0.1, 0.8, "gather", (1, 2), Place("a.py", 3, "main")),
            Span(READY, 0.8, 1.0, "gather", (), Place("a.py", 3, "main")),
            Span(RUN, 1.0, 1.0, step=3),
        )),
        Task(1, "north", "get_price", 0, 0.1, None, PENDING, "",
             (Span(READY, 0.1, 0.2), Span(BLOCKED, 0.2, 0.7, "", (), None, 1))),
        Task(2, "south", "get_price", 0, 0.1, 0.8, EXCEPTION, "ValueError: no tea",
             (Span(READY, 0.1, 0.7), Span(RUN, 0.7, 0.8, step=2))),
    ),
    elapsed=1.0,
    clock="real",
    threads=(ThreadJob("asyncio_0", 0.1, 0.2, 1), ThreadJob("asyncio_1", 0.1, 0.3, None)),
    error="",
    callbacks=(Span(BLOCKED, 0.8, 0.95, "slow", (), Place("a.py", 9, "slow")),),
)


# -- what it came to -------------------------------------------------------------------------------


def test_the_time_of_a_task():
    main, north, _ = FULL.tasks
    assert (main.ran, main.waited, main.kept_waiting) == pytest.approx((0.1, 0.7, 0.2))
    assert (north.ran, north.waited, north.kept_waiting) == pytest.approx((0.5, 0, 0.1))


def test_result():
    assert dataclasses.replace(FULL, value=42).result == 42
    failed = dataclasses.replace(FULL, exception=ValueError("no tea"), error="ValueError: no tea")
    with pytest.raises(ValueError, match="no tea"):
        failed.result
    with pytest.raises(RuntimeError, match="it ended with ValueError: no tea"):
        Recording.from_json(failed.to_json()).result


@pytest.mark.parametrize(("lives", "peak"), [
    ([], 1),
    ([(0, 1)], 1),
    ([(0, 1), (0, 1), (0, 1)], 3),
    ([(0, 1), (1, 2), (2, 3)], 1),                  # one after another: an end comes before the next beginning
    ([(0, 2), (1, 3), (2, 4), (2.5, 3)], 3),
    ([(0, None), (1, None)], 2),                    # left behind
    ([(0, 5), (1, 2), (3, 4)], 2),
])
def test_peak(lives, peak):
    assert run_of(*lives).peak == peak


@pytest.mark.parametrize(("stretches", "most"), [
    ([], 0), ([(0, 1)], 1), ([(0, 1), (1, 2)], 1), ([(0, 1), (0.5, 2)], 2), ([(1, 1)], 0),
    ([(0, 2), (1, 1), (2, 2)], 1),
])
def test_what_ends_at_a_moment_makes_place_for_what_begins(stretches, most):
    assert most_at_once(stretches) == most_at_once(reversed(stretches)) == most


def test_peak_of_tasks_that_take_no_time():
    async def quick():
        return 1

    async def together():
        await asyncio.gather(quick(), quick(), quick())

    async def one_by_one():
        for _ in range(3):
            await asyncio.create_task(quick())

    async def in_turns():
        for _ in range(3):
            await asyncio.gather(quick(), quick())

    assert [simulate(main()).peak for main in (together, one_by_one, in_turns)] == [3, 1, 2]


def test_peak_is_the_same_in_real_and_in_virtual_time():
    async def child(delay):
        await asyncio.sleep(delay)

    async def main():
        for delay in (0, 0.001, 0):
            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(child(delay))
            await asyncio.create_task(child(0))

    async def outer():
        return await record(main())

    assert simulate(main()).peak == asyncio.run(outer()).peak == 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=12))
def test_peak_is_what_counting_gives(lives):
    lives = [(start, start + length) for start, length in lives]
    run = run_of(*sorted(lives))
    assert run.peak == max(sum(a <= moment < b for a, b in lives) for moment, _ in lives)


def test_end_is_when_the_last_thing_happened():
    assert run_of((0, 1)).end == 10
    assert run_of((0, 12.5)).end == 12.5
    late = task(1, finished=None, outcome=PENDING, spans=[Span(RUN, 0, 11, step=1)])
    assert Recording((task(0, finished=10.0), late), 10.0).end == 11


def test_longest_turn_and_blocked():
    assert FULL.longest_turn == pytest.approx(0.5)
    assert [(span.start, span.place and span.place.line) for span in FULL.blocked] == [(0.2, None), (0.8, 9)]
    assert run_of().longest_turn == 0 and run_of().blocked == ()
    callback = Span(BLOCKED, 2, 5, "slow")
    assert run_of(callbacks=(callback,)).longest_turn == 3 and run_of(callbacks=[callback]).blocked == (callback,)


def test_what_a_run_came_to_is_computed_once():
    """And neither copied nor stored nor compared: a copy with other tasks finds out anew."""
    run = run_of((0, 1), (0, 2))
    names = ("lives", "peak", "end", "last_moment", "workers", "longest_turn", "blocked", "names", "waits")
    first = [getattr(run, name) for name in names]
    assert all(getattr(run, name) is value for name, value in zip(names, first))
    assert set(names) <= vars(run).keys()
    fresh = [pickle.loads(pickle.dumps(run)), copy.copy(run), copy.deepcopy(run), dataclasses.replace(run)]
    assert all(other == run and not set(names) & vars(other).keys() for other in fresh)
    assert dataclasses.replace(run, tasks=run.tasks[:2]).peak == 1 and run.peak == 2
    assert hash(run) == hash(dataclasses.replace(run)) and "peak" not in repr(dataclasses.fields(run))
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.elapsed = 2.0


def test_tasks_that_are_made_and_end_at_one_instant_without_a_turn():
    """Each of them is under way for no time: that of another counts only with it if its turns say so."""
    assert run_of((1, 1)).peak == 1 and run_of((1, 1), (0, 2)).peak == 2 and run_of((0, 1), (1, 2)).peak == 1


def test_a_parent_that_is_not_in_the_recording_is_none():
    child = task(1, parent=99)
    assert Recording((task(0), child), 1.0).peak == 1 and Recording((task(0), child), 1.0).task(99) is None


def test_equality_is_of_what_happened():
    again = dataclasses.replace(FULL, value=object(), exception=ValueError())
    assert again == FULL
    assert dataclasses.replace(FULL, elapsed=1.5) != FULL
    assert dataclasses.replace(FULL, callbacks=()) != FULL


# -- wrong recordings ------------------------------------------------------------------------------


@pytest.mark.parametrize(("tasks", "clock", "words"), [
    ((), "virtual", "at least one task, the main one; got none"),
    ((task(0),), "lunar", 'clock is "real" or "virtual", not \'lunar\''),
    ((task(0), task(2)), "real", "task 1 of a Recording must have the id 1, not 2"),
])
def test_what_is_no_recording(tasks, clock, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Recording(tasks, 1.0, clock)


def test_lists_are_kept_as_tuples():
    run = Recording([task(0)], 1.0, threads=[ThreadJob("a", 0, 1, 0)], callbacks=[Span(BLOCKED, 0, 1)])
    assert run == Recording((task(0),), 1.0, threads=(ThreadJob("a", 0, 1, 0),), callbacks=(Span(BLOCKED, 0, 1),))
    assert type(run.tasks) is type(run.threads) is type(run.callbacks) is tuple


# -- JSON ------------------------------------------------------------------------------------------

moments = st.floats(0, 1e6)
texts = st.text(max_size=12)
places = st.none() | st.builds(Place, texts, st.integers(1, 9999), texts)
spans = st.builds(Span, st.sampled_from([RUN, WAIT, READY, BLOCKED]), moments, moments, texts,
                  st.lists(st.integers(0, 9), max_size=3).map(tuple), places, st.integers(-1, 99), st.integers(-1, 99),
                  moments, texts, st.integers(-1, 99),
                  st.lists(st.builds(Place, texts, st.integers(1, 9999), texts), max_size=2).map(tuple))
span_lists = st.lists(spans, max_size=4).map(tuple)


@st.composite
def recordings(draw):
    tasks = tuple(
        Task(i, draw(texts), draw(texts), draw(st.none() | st.integers(0, 9)), draw(moments), draw(st.none() | moments),
             draw(st.sampled_from([RESULT, EXCEPTION, CANCELLED, PENDING])), draw(texts), draw(span_lists))
        for i in range(draw(st.integers(1, 4)))
    )
    jobs = draw(st.lists(st.builds(ThreadJob, texts, moments, moments, st.none() | st.integers(0, 3)), max_size=3))
    return Recording(tasks, draw(moments), draw(st.sampled_from(["real", "virtual"])), tuple(jobs), draw(texts),
                     callbacks=draw(span_lists),
                     others=draw(st.lists(st.builds(Others, texts, st.integers(1, 9)), max_size=2)),
                     remarks=draw(st.lists(st.builds(Remark, texts, moments, st.none() | st.integers(0, 3), places,
                                                     moments, texts), max_size=2)))


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_json_keeps_everything(run):
    again = Recording.from_json(run.to_json())
    assert again == run and again.to_json() == run.to_json()
    assert again.others == run.others and again.remarks == run.remarks
    assert all(type(a) is type(b) for one, other in zip(run.tasks, again.tasks) for a, b in zip(one.spans, other.spans))


def test_json_of_a_real_and_of_a_virtual_run():
    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0.002), name="nap")
            group.create_task(asyncio.to_thread(sum, [1, 2]), name="thread")

    async def outer():
        return await record(main())

    for run in (simulate(main()), asyncio.run(outer())):
        again = Recording.from_json(run.to_json())
        assert again == run and str(again) == str(run)
        assert json.loads(run.to_json())["version"] == 1


@pytest.mark.parametrize(("text", "words"), [
    ("", "not a stored Recording: "),
    ("{", "not a stored Recording: "),
    ("[1, 2]", "found 'list'"),
    ("null", "found 'NoneType'"),
    ("{}", "found None"),
    ('{"version": 99}', "stored with version 1 of the format; found 99"),
    ('{"version": 1}', "not a stored Recording: KeyError: 'tasks'"),
    ('{"version": 1, "tasks": 5}', "not a stored Recording: TypeError"),
    ('{"version": 1, "tasks": [{"spans": []}], "threads": [], "callbacks": []}', "not a stored Recording: TypeError"),
    ('{"version": 1, "tasks": [[]], "threads": [], "callbacks": []}', "not a stored Recording: TypeError"),
    (FULL.to_json().replace('"real"', '"lunar"'), 'clock is "real" or "virtual"'),
    (FULL.to_json().replace('"id": 2', '"id": 7'), "must have the id 2, not 7"),
    (FULL.to_json().replace('"a.py", 3, "main"', '"a.py"'), "not a stored Recording: TypeError"),
])
def test_wrong_json(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Recording.from_json(text)


# -- words -----------------------------------------------------------------------------------------


def test_summary():
    assert FULL.summary() == "3 tasks in real time; at most 2 under way; 1 failed; 1 left behind"
    assert run_of((0, 1)).summary() == "2 tasks in 10 s of virtual time; at most 1 under way; longest turn 0 s"
    failed = run_of(error="ValueError: no tea\nand no salt")
    assert failed.summary().endswith("; ended with ValueError: no tea")
    many = Recording(tuple(task(i, outcome=CANCELLED if i else RESULT) for i in range(1201)), 1.0)
    assert many.summary() == ("1,201 tasks in 1 s of virtual time; at most 1,200 under way; longest turn 0 s; "
                              "1,200 cancelled")


async def virtual_program():
    async def price(delay, error=None):
        await asyncio.sleep(delay)
        if error is not None:
            raise error

    tasks = [
        asyncio.create_task(price(0.5), name="north"),
        asyncio.create_task(price(1, ValueError("no tea\nsecond line")), name="south"),
        asyncio.create_task(price(60), name="east"),
        asyncio.create_task(price(60), name="west"),
    ]
    await asyncio.sleep(0.75)
    tasks[2].cancel()
    await asyncio.wait(tasks[:3])
    tasks[1].exception()                # retrieved, or asyncio would log it


def test_the_twin_of_a_virtual_run_is_exact():
    run = simulate(virtual_program())
    assert str(run).splitlines() == [
        "5 tasks in 1 s of virtual time; 4 s of waiting for the clock; at most 4 under way; longest turn 0 s; "
        "1 failed; 1 cancelled; 1 left behind",
        "virtual_program  |----------------------------------------|-------------|  0 to 1 s  waits: sleep, wait",
        "north            |---------------------------|                             0 to 0.5 s  waits: sleep",
        "south            |------------------------------------------------------|"
        "  0 to 1 s  waits: sleep  failed: ValueError: no tea",
        "east             |----------------------------------------|              "
        "  0 to 0.75 s  waits: sleep of 60 s (cut short by virtual_program)  cancelled",
        "west             |-------------------------------------------------------"
        "  0 to 1 s  waits: sleep  left behind",
        "(| a turn on the loop, - waiting)",
    ]


def test_the_twin_shows_who_is_kept_waiting_and_who_blocks():
    spans = [Span(BLOCKED, 0, 0.5, step=0), Span(WAIT, 0.5, 1.0, "task"), Span(RUN, 1.0, 1.0, step=2)]
    main = task(0, "main", finished=1.0, spans=spans)
    child = task(1, "child", finished=1.0, spans=[Span(READY, 0.0, 0.5), Span(RUN, 0.5, 1.0, step=1)])
    lines = str(Recording((main, child), 1.0)).splitlines()
    assert re.search("!{20,}-+", lines[1]) and re.search("~{20,}#{20,}", lines[2])
    assert lines[3] == "main blocks the loop for 0.5 s"
    assert lines[4] == "(| a turn on the loop, - waiting, ~ ready but kept waiting, ! the loop is blocked)"


def test_twins_on_one_scale():
    half = Recording((task(0, "main", finished=10.0, spans=[Span(WAIT, 0, 10, "sleep")]),), 10.0)
    full = half.text().splitlines()[1].count("-")
    assert half.text(until=20).splitlines()[1].count("-") == pytest.approx(full / 2, abs=1)
    assert half.text(until=5) == half.text()                # never cut off


async def lookups(threads):
    """One task does three things in threads, and two others one each."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))
    await asyncio.to_thread(time.sleep, 0.1)
    async with asyncio.TaskGroup() as group:
        for name in ("north", "south\nwest"):
            group.create_task(asyncio.to_thread(time.sleep, 0.2), name=name)


def test_the_twin_of_a_virtual_run_has_a_line_for_each_worker_thread():
    assert str(simulate(lookups(2))).splitlines() == [
        "3 tasks in 0.3 s of virtual time; 0.5 s of waiting for a call in a thread; at most 2 under way; "
        "longest turn 0 s",
        "lookups          |-----------------|------------------------------------|"
        "  0 to 0.3 s  waits: thread, task group",
        "north                              |------------------------------------|  0.1 to 0.3 s  waits: thread",
        "south west                         |------------------------------------|  0.1 to 0.3 s  waits: thread",
        "worker thread 1  [=================[====================================]  0 to 0.1 s for lookups,"
        " 0.1 to 0.3 s for north",
        "worker thread 2                    [====================================]  0.1 to 0.3 s for south west",
        "(| a turn on the loop, - waiting, [=] a worker thread at work)",
    ]
    lines = str(simulate(lookups(1))).splitlines()
    assert lines[4] == ("worker thread  [==========[=====================[=====================]  "
                        "0 to 0.1 s for lookups,"
                        " 0.1 to 0.3 s for north, 0.3 to 0.5 s for south west")


def test_a_worker_thread_that_outlives_the_run_is_seen_to():
    async def order():
        try:
            async with asyncio.timeout(0.2):
                await asyncio.to_thread(time.sleep, 0.5)
        except TimeoutError:
            pass

    run = simulate(order())
    assert (run.end, run.last_moment) == pytest.approx((0.2, 0.5))
    assert str(run).splitlines()[1:3] == [
        "order          |---------------------|                                   0 to 0.2 s"
        "  waits: thread (cut short by a timeout)",
        "worker thread  [======================================================]  0 to 0.5 s for order"
        "  goes on after the run",
    ]
    assert run.text(until=0.3) == str(run)                  # never cut off
    assert "goes on" not in str(simulate(lookups(1)))


def test_many_worker_threads_and_calls_are_counted():
    jobs = [ThreadJob("pool_0", k / 10, (k + 1) / 10, 0) for k in range(5)]
    lines = str(Recording((task(0, "main"),), 1.0, threads=jobs)).splitlines()
    assert lines[2].endswith("0 to 0.1 s for main, 0.1 to 0.2 s for main, 0.2 to 0.3 s for main, "
                             "2 calls more until 0.5 s")
    jobs = [ThreadJob(f"pool_{k}", 0.5, 0.5, (None, 99, 0)[k % 3]) for k in range(30)]
    lines = str(Recording((task(0, "main"),), 1.0, threads=jobs)).splitlines()
    assert len(lines) == 2 + 24 + 2 and lines[-2] == "... and 6 worker threads more"
    assert [line.split("[")[1].split("0.5 to ")[1] for line in lines[2:5]] == ["0.5 s", "0.5 s", "0.5 s for main"]


def test_the_twin_of_a_real_run_says_only_who_called_a_thread():
    """Not which thread took the call, nor how many threads there are: one that is free may be seen too late."""
    async def outer():
        return [str(await record(lookups(threads))) for threads in (1, 1, 3)]

    one, again, three = asyncio.run(outer())
    assert one == again
    for twin in (one, three):
        assert twin.splitlines()[-2] == "calls in worker threads for lookups, north, south west"
    job = ThreadJob("asyncio_0", 0, 1, None)
    for threads, words in (((job,), "a call in a worker thread"), ((job,) * 2, "calls in worker threads"),
                           ((job._replace(task=1), job), "calls in worker threads for north")):
        run = Recording((task(0, "main"), task(1, "north")), 1.0, "real", threads)
        assert str(run).splitlines()[-2] == words
    many = Recording(tuple(task(k) for k in range(30)), 1.0, "real", [job._replace(task=k) for k in range(30)])
    assert str(many).splitlines()[-2].endswith("task 23, 6 tasks more")


async def real_program(north, south):
    async def price(delay):
        await asyncio.sleep(delay)

    async def fails():
        raise ValueError("no tea")

    async with asyncio.TaskGroup() as group:
        first = group.create_task(price(north), name="north")
        group.create_task(price(south), name="south")
        await first
    task = asyncio.create_task(fails(), name="broken")
    await asyncio.wait([task])
    task.exception()


def test_the_twin_of_a_real_run_shows_only_what_no_machine_changes():
    async def outer():
        return [str(await record(real_program(*delays))) for delays in ((0.001, 0.1), (0.01, 0.2))]

    fast, slow = asyncio.run(outer())
    assert fast == slow
    assert fast.splitlines() == [
        "4 tasks in real time; at most 2 under way; 1 failed",
        "real_program  [------]  waits: task north, task group of south, wait of broken",
        "north          [-]      waits: sleep",
        "south           [-]     waits: sleep",
        "broken             []   failed: ValueError: no tea",
        "([ starts, ] ends; columns are events in their order, not time)",
    ]


def test_many_tasks_are_counted():
    for clock in ("real", "virtual"):
        run = Recording(tuple(task(i) for i in range(10_000)), 1.0, clock)
        lines = str(run).splitlines()
        assert len(lines) == 1 + 24 + 1 + 1 and lines[-2] == "... and 9,976 tasks more"


@pytest.mark.parametrize("clock", ["real", "virtual"])
@pytest.mark.parametrize(
    "name", ["a\nb", "tab\there", "\x1b[31mred\x1b[0m", "x" * 500, "", "naïve ☕ 茶", "\r", "\u2028", "\x00"]
)
def test_names_and_errors_cannot_break_the_twin(clock, name):
    run = Recording((task(0, name, outcome=EXCEPTION, error=f"ValueError: {name}"), task(1, name)), 1.0, clock)
    lines = str(run).splitlines()
    assert len(lines) == 4
    assert all(line.isprintable() and len(line) < 650 for line in lines)
    assert ("☕ 茶" in lines[1]) == ("☕ 茶" in name)


def test_empty_times():
    run = Recording((task(0, finished=0.0, spans=[Span(RUN, 0.0, 0.0, step=0)]),), 0.0)
    assert str(run).splitlines()[0] == "1 task in 0 s of virtual time; at most 1 under way; longest turn 0 s"
    assert "|" in str(run).splitlines()[1]


def test_the_repr_is_short():
    async def main():
        await asyncio.gather(*(asyncio.sleep(1) for _ in range(100)))

    assert len(repr(simulate(main()))) < 200


@pytest.mark.parametrize(("value", "exact", "brief"), [
    (0, "0 s", "0 s"),
    (0.3, "0.3 s", "0.3 s"),
    (0.1 + 0.2, "0.3 s", "0.3 s"),
    (1e-9, "0.000000001 s", "< 1 µs"),
    (3e-6, "0.000003 s", "3 µs"),
    (0.0805, "0.0805 s", "80 ms"),
    (3600.0, "3600 s", "3,600 s"),
    (12.34, "12.34 s", "12.3 s"),
])
def test_durations_in_words(value, exact, brief):
    assert (seconds(value), short(value)) == (exact, brief)


# -- files -----------------------------------------------------------------------------------------


def test_the_suffix_says_what_is_saved(tmp_path):
    for name, begin in {"run.json": b'{"version": 1', "run.txt": FULL.summary().encode(), "run.PNG": b"\x89PNG\r\n",
                        "run.svg": b"<svg xmlns=", "run.trace.json": b'{"traceEvents": ['}.items():
        path = FULL.save(tmp_path / name)
        assert path == tmp_path / name and path.read_bytes().startswith(begin)
    assert Recording.from_json((tmp_path / "run.json").read_text("utf-8")) == FULL
    assert (tmp_path / "run.txt").read_text("utf-8") == f"{FULL}\n"
    assert ElementTree.parse(tmp_path / "run.svg").getroot().get("aria-label")
    assert json.loads((tmp_path / "run.trace.json").read_text("utf-8"))["otherData"]["clock"] == "real"


def test_a_format_is_stronger_than_the_suffix_and_a_file_is_replaced(tmp_path):
    path = tmp_path / "run.json"
    assert FULL.save(str(path)) == path and FULL.save(path, format="trace") == path
    assert path.read_bytes().startswith(b'{"traceEvents"')


@pytest.mark.parametrize(("name", "options", "words"), [
    ("run", {}, "the suffix of a file says what save() writes, .png, .svg, .html, .txt, .json or .trace.json; got 'run'"),
    ("run.jpg", {}, """run.save('run.jpg', format="png")"""),
    ("run.png", {"format": "jpg"}, "format is one of"),
])
def test_what_cannot_be_saved_is_refused(tmp_path, name, options, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        FULL.save(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())
