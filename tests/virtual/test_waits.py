"""Waits in virtual time, as the recording of a run tells them."""

import asyncio

from helpers import Shop, simulate
from helpers.drawing.palette import state_of


def test_no_task_is_kept_waiting_by_rounding():
    """0.1261 * 1e9 is a little less than 126100000: cut off, that timer would be due 1 ns before it is served."""

    async def sleep_often():
        for _ in range(2000):
            await asyncio.sleep(0.0013)

    run = simulate(sleep_often())
    assert [span for span in run.tasks[0].spans if span.kind == "ready"] == []
    assert "kept waiting" not in str(run)


def test_as_completed_waits_for_tasks_whatever_it_is_made_of():
    """asyncio makes it of a queue; who reads the timeline has written no queue."""

    async def watch():
        for answer in asyncio.as_completed([shop.price("tea") for shop in Shop.many(3)]):
            await answer

    waits = [span for span in simulate(watch()).tasks[0].spans if span.kind == "wait"]
    assert [span.wait for span in waits] == ["as_completed"] * 3
    assert {state_of(span).name for span in waits} == {"tasks"}
    assert {span.place.function for span in waits} == {"watch"}
