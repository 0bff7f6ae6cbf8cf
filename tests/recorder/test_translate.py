"""What a recording says of a task: its parent, its end, the spans of its life."""

import asyncio
import math
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.footnotes import blocks, footnotes
from helpers.virtual.run import simulate
from helpers.wait_kinds import BLOCKED, READY, RUN, WAIT
from tests.recorder.programs import BOTH, NEVER, line, named, nap


@BOTH
def test_parents(run):
    async def grandchild():
        pass

    async def child():
        await asyncio.create_task(grandchild(), name="c")

    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.create_task(child(), name="b")
        future = loop.create_future()
        loop.call_soon(lambda: future.set_result(loop.create_task(nap(), name="of a callback")))
        await (await future)

    result = run(main())
    assert [(t.id, t.name, t.parent) for t in result.tasks] == [
        (0, "main", None), (1, "b", 0), (2, "c", 1), (3, "of a callback", None),
    ]


@BOTH
def test_outcomes(run):
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    async def fails(error):
        raise error

    async def main():
        tasks = [asyncio.create_task(coro, name=name) for name, coro in [
            ("result", nap()), ("error", fails(ValueError("no tea"))), ("empty", fails(KeyError())),
            ("broken", fails(Broken())), ("cancelled", asyncio.sleep(NEVER)), ("left", asyncio.sleep(NEVER)),
            ("group", fails(ExceptionGroup("two", [ValueError(1), ValueError(2)]))),
            ("unborn", nap()),
        ]]
        tasks[-1].cancel()
        await asyncio.sleep(0)
        tasks[4].cancel()
        await asyncio.wait(tasks[:5] + tasks[6:])
        for task in tasks:
            keep.append(task)
            if task.done() and not task.cancelled():
                task.exception()

    keep = []
    result = run(main())
    assert {task.name: (task.outcome, task.error) for task in result.tasks} == {
        "main": ("result", ""),
        "result": ("result", ""),
        "error": ("exception", "ValueError: no tea"),
        "empty": ("exception", "KeyError"),
        "broken": ("exception", "Broken (its __str__ raises RuntimeError)"),
        "cancelled": ("cancelled", ""),
        "left": ("pending", ""),
        "group": ("exception", "ExceptionGroup: two (2 sub-exceptions)"),
        "unborn": ("cancelled", ""),
    }
    left = named(result, "left")
    assert left.finished is None and left.spans[-1].wait == "sleep" and left.spans[-1].end == result.elapsed


def test_the_life_of_a_task_in_virtual_time():
    async def child():
        await asyncio.sleep(0.5)  # here
        time.sleep(0.2)

    async def main():
        task = asyncio.create_task(child())
        await asyncio.sleep(1)
        await task

    run = simulate(main())
    main_task, child_task = run.tasks
    assert [(s.kind, s.start, s.end, s.wait, s.step) for s in main_task.spans] == [
        ("run", 0.0, 0.0, "", 0), ("wait", 0.0, 1.0, "sleep", -1), ("run", 1.0, 1.0, "", 3),
    ]
    assert [(s.kind, s.start, s.end, s.wait, s.step) for s in child_task.spans] == [
        ("run", 0.0, 0.0, "", 1), ("wait", 0.0, 0.5, "sleep", -1), ("blocked", 0.5, 0.7, "", 2),
    ]
    assert child_task.spans[1].place.line == line(child) and child_task.spans[2].place.line == line(child) + 1
    assert (child_task.ran, child_task.waited, child_task.kept_waiting) == pytest.approx((0.2, 0.5, 0))


@BOTH
def test_a_timer_that_is_due_while_the_loop_is_blocked(run):
    async def sleeper():
        await asyncio.sleep(0.05)

    async def blocker():
        time.sleep(0.3)

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper())
            group.create_task(blocker())

    result = run(main())
    waited, ready = [span for span in named(result, "sleeper").spans if span.wait == "sleep"]
    assert (waited.kind, ready.kind) == (WAIT, READY)
    assert ready.end - ready.start >= 0.24          # of 0.25: due after 0.05 of the 0.3 seconds


@BOTH
def test_a_future_that_is_set_by_a_task_which_then_blocks(run):
    async def waiter():
        await future

    async def main():
        global future
        future = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(waiter(), name="waiter")
        await asyncio.sleep(0)
        future.set_result(1)
        time.sleep(0.3)
        await task

    result = run(main())
    waited, ready = [span for span in named(result, "waiter").spans if span.wait == "future"]
    block = max(result.blocked, key=lambda span: span.end - span.start)
    assert (waited.kind, ready.kind) == (WAIT, READY)
    assert block.start <= waited.end < block.end <= ready.end


milliseconds = st.integers(0, 40).map(lambda n: n / 1000)
trees = st.recursive(
    st.lists(st.tuples(st.sampled_from(["sleep", "block"]), milliseconds), max_size=4),
    lambda nodes: st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["sleep", "block"]), milliseconds),
            st.tuples(st.sampled_from(["task", "group", "gather", "leave"]), nodes),
        ),
        max_size=4,
    ),
    max_leaves=12,
)


async def grow(tree, asked, name="main"):
    """Run a tree of tasks; `asked[name]` becomes the seconds that a task meant to sleep."""
    asked[name] = 0.0
    for number, (what, how) in enumerate(tree):
        if what == "sleep":
            asked[name] += how
            await asyncio.sleep(how)
        elif what == "block":
            time.sleep(how)
        else:
            child = f"{name}.{number}"
            if what == "task":
                await asyncio.create_task(grow(how, asked, child), name=child)
            elif what == "leave":
                KEEP.append(asyncio.create_task(grow(how, asked, child), name=child))
            elif what == "gather":
                twin = f"{child}b"
                await asyncio.gather(asyncio.create_task(grow(how, asked, child), name=child),
                                     asyncio.create_task(grow(how, asked, twin), name=twin))
            else:
                async with asyncio.TaskGroup() as group:
                    group.create_task(grow(how, asked, child), name=child)


KEEP = []


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(trees)
def test_the_spans_of_any_program_make_sense(tree):
    asked = {}
    run = simulate(grow(tree, asked), threshold=0.01)
    KEEP.clear()
    assert run.error == ""
    turns = []
    for task in run.tasks:
        end = run.elapsed if task.finished is None else task.finished
        spans = task.spans
        if spans:
            assert spans[0].start == task.created
            # what is left behind may have its turn in the last round, after the end of the main task
            assert spans[-1].end == end or (task.finished is None and end < spans[-1].end <= run.end)
        for before, after in pairwise(spans):
            assert before.end == after.start
        assert all(span.start <= span.end for span in spans)
        assert all((span.kind == BLOCKED) == (span.end - span.start > 0.01) for span in spans if span.step >= 0
                   and not math.isclose(span.end - span.start, 0.01))
        if task.outcome == "result":
            slept = sum(s.end - s.start for s in spans if s.kind == WAIT and s.wait == "sleep")
            assert slept == pytest.approx(asked["main" if task.id == 0 else task.name], abs=1e-9)
        turns += [(span.step, span.start, span.end) for span in spans if span.step >= 0]
        assert all((span.step >= 0) == (span.kind in (RUN, BLOCKED)) for span in spans)
        if task.parent is not None:
            parent = run.tasks[task.parent]
            assert task.name.startswith("main" if parent.id == 0 else parent.name) and parent.created <= task.created
    said = len(blocks(run)) + len(footnotes(run))
    assert str(run).count("\n") == min(len(run.tasks), 24) + (len(run.tasks) > 24) + said + 1
    turns.sort()
    assert [step for step, _, _ in turns] == list(range(len(turns)))
    for (_, _, end), (_, start, _) in pairwise(turns):
        assert end <= start                 # one at a time
