"""A timer in virtual time is served at the very nanosecond at which it is due."""

import asyncio

from helpers import simulate


def test_no_task_is_kept_waiting_by_rounding():
    """0.1261 * 1e9 is a little less than 126100000: cut off, that timer would be due 1 ns before it is served."""

    async def sleep_often():
        for _ in range(2000):
            await asyncio.sleep(0.0013)

    run = simulate(sleep_often())
    assert [span for span in run.tasks[0].spans if span.kind == "ready"] == []
    assert "kept waiting" not in str(run)
