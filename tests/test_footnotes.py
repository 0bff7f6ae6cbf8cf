"""What is said in sentences below the lanes of a run."""

from __future__ import annotations

import asyncio
import time

import pytest

from helpers import footnotes, record, simulate
from helpers.drawing.timeline import draw
from helpers.recording import Others, Place, Recording, Remark, Span
from tests.drawing.samples import task, turn, wait

LINE = Place("cell", 18, "main")
WORK = Remark("real work", 0.0, 0, LINE, 0.8)


def run_of(*spans: Span, clock="virtual", name="main", **fields) -> Recording:
    return Recording((task(0, name, *spans),), 1.0, clock, **fields)


@pytest.mark.parametrize(("others", "words"), [
    ((), []),
    ((Others("asyncio", 0),), []),
    ((Others("asyncio", 1),), ["1 task of asyncio is not drawn"]),
    ((Others("aiohttp", 5), Others("asyncio", 3)), ["8 tasks of aiohttp and asyncio are not drawn"]),
    (tuple(Others(f"library {k}", 1) for k in range(6)),
     ["6 tasks of library 0, library 1, library 2 and 3 more are not drawn"]),
])
def test_tasks_that_are_not_drawn_are_counted(others, words):
    run = run_of(turn(0), others=others)
    assert footnotes.others(run) == words
    for line in words:
        assert line in str(run).splitlines() and line in str(run.replay()).splitlines()


def told(remark: Remark) -> str:
    return footnotes.remark(run_of(turn(0)), remark)


def test_remarks_are_sentences():
    work = "A turn of main at line 18 in main took 0.8 s of real time, which virtual time does not count"
    assert told(WORK) == f"{work}."
    assert told(WORK._replace(words="the timeout of 0.1 s around it did not fire")) == (
        f"{work}; the timeout of 0.1 s around it did not fire.")
    assert told(WORK._replace(words="It was not interrupted.")) == f"{work}. It was not interrupted."
    assert told(WORK._replace(task=None, place=None)).startswith("A callback took 0.8 s of real time")
    assert told(WORK._replace(task=99)).startswith("A callback at line 18")
    job = WORK._replace(words="it was in a worker thread")
    rest = "at line 18 in main took 0.8 s of real time, which virtual time does not count"
    assert told(job) == f"A call in a worker thread, for main, {rest}."
    assert told(job._replace(task=None)) == f"A call in a worker thread {rest}."
    assert told(job._replace(words=f"{job.words}, and the timeout of 0.1 s around it did not fire")) == (
        f"A call in a worker thread, for main, {rest}; the timeout of 0.1 s around it did not fire.")
    clock = Remark("real clock", 0.0, None, LINE, 0.0)
    assert told(clock) == "A clock at line 18 in main stays real in virtual time."
    assert told(clock._replace(words="time.process_time() tells CPU time")) == (
        "time.process_time() tells CPU time (line 18 in main).")
    assert told(Remark("a new kind", 0.0, None, LINE, 0.0, "nobody knows it")) == (
        "A new kind at line 18 in main; nobody knows it.")


def test_of_many_remarks_the_first_are_told():
    run = run_of(turn(0), remarks=[WORK] * 1_000)
    assert len(footnotes.remarks(run)) == 4 and footnotes.remarks(run)[-1] == "997 more remarks are in run.remarks."
    assert footnotes.remarks(run_of(turn(0), remarks=[WORK] * 4))[-1] == "1 more remark is in run.remarks."
    assert len(str(run).splitlines()) == 7 and len(str(run.replay()).splitlines()) < 12


def test_who_blocks_the_loop_is_told_with_the_line_and_in_virtual_time_how_long():
    spans = [Span("blocked", k / 2, k / 2 + 0.25, place=LINE) for k in range(2)]
    assert footnotes.blocks(run_of(*spans)) == ["main blocks the loop at line 18 in main 2 times, for 0.5 s"]
    assert footnotes.blocks(run_of(*spans, clock="real")) == ["main blocks the loop at line 18 in main"]
    unknown = Span("blocked", 0, 0.5)
    assert footnotes.blocks(run_of(unknown)) == ["main blocks the loop for 0.5 s"]
    assert footnotes.blocks(run_of(unknown, clock="real")) == ["main blocks the loop, at a line that is not known"]
    callback = Span("blocked", 0, 0.5, "tick", place=LINE)
    run = run_of(turn(0.5), callbacks=(callback,))
    assert footnotes.callbacks(run) == footnotes.blocks(run) == [
        "the callback tick blocks the loop at line 18 in main for 0.5 s"]
    many = [Span("blocked", k, k + 0.25, place=Place("cell", k, "main")) for k in range(9)]
    assert footnotes.blocks(run_of(*many))[3:] == ["the loop is blocked at 6 more places"]


async def blocking():
    other = asyncio.create_task(asyncio.sleep(0.05), name="other")
    await asyncio.sleep(0)
    time.sleep(0.3)
    await other


def test_a_real_run_says_that_the_loop_is_blocked():
    line = blocking.__code__.co_firstlineno + 3
    run = asyncio.run(record(blocking()))
    for text in (str(run), str(run.replay())):
        lines = [line.strip() for line in text.splitlines()]
        assert f"blocking blocks the loop at line {line} in blocking" in lines
        assert "ready but kept waiting: other" in lines
    assert f"blocking blocks the loop at line {line} in blocking for 0.3 s" in str(simulate(blocking())).splitlines()


@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_who_is_kept_waiting(clock):
    late = Span("ready", 0.3, 0.5, "sleep")
    waits = task(1, "late", turn(0), wait(0, 0.3, "sleep"), late, turn(0.5))
    soon = task(2, "soon", turn(0), wait(0, 0.5, "sleep"), Span("ready", 0.5, 0.51, "sleep"), turn(0.51))
    run = Recording((task(0, "main", turn(0)), waits, soon), 1.0, clock)
    assert footnotes.kept_waiting(run) == ["ready but kept waiting: late and soon"]
    short = ["ready but kept waiting: late" + (" and soon" if clock == "virtual" else "")]
    assert footnotes.kept_waiting(run, short_ones=False) == short, "in real life everybody is so for a moment"
    assert footnotes.kept_waiting(run_of(turn(0), clock=clock)) == []


def test_waits_that_are_cut_short_are_counted_where_their_marks_have_no_room():
    async def impatient(number):
        async with asyncio.timeout(0.1 * (1 + number % 2)):
            await asyncio.sleep(3)

    async def main(number):
        await asyncio.gather(*map(impatient, range(number)), return_exceptions=True)

    many = simulate(main(100))
    assert footnotes.cut_short(many) == ["100 waits are cut short, by a timeout"]
    sheet = draw(many)
    assert "100 waits are cut short, by a timeout" in [text.get_text() for text in sheet.texts]
    few = draw(simulate(main(3)))
    assert not any("waits are cut" in text.get_text() for text in few.texts), "there are marks"
    both = run_of(*(wait(at, at + 1)._replace(cut=cut) for at, cut in enumerate(("timeout", "cancel", "cancel"))))
    assert footnotes.cut_short(both) == ["3 waits are cut short, 1 by a timeout and 2 by a cancellation"]
    assert footnotes.cut_short(run_of(wait(0, 1))) == []


def test_a_turn_of_a_task_that_is_not_in_the_run_is_not_called_a_callback():
    run = run_of(turn(0), clock="real", callbacks=(Span("blocked", 0.2, 0.4, "task north", place=LINE),))
    assert "a task that is not in this run (north) blocks the loop at line 18 in main" in str(run)
