"""What a picture costs: CPU seconds and kilobytes for 10 to 10,000 tasks, and how far apart its colours are.

    python -m benchmarks picture

Each run is a fan-out limited by a semaphore, made by hand, so that only the drawing is measured: from a
Recording to the bytes of a PNG. The best of five counts; time that other programs take does not. Each time the
Recording is a new one: what an earlier drawing found out about it, it does not know.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Iterator
from dataclasses import replace

from helpers.drawing.palette import STATES
from helpers.recording import Recording, Span, Task
from tools.colours import closest

from .measure import table

TASKS = (10, 100, 1_000, 10_000)
ROUNDS = 5


def fan_out(tasks: int, limit: int, *, seconds: float = 0.1) -> Recording:
    """A run of `tasks` requests, at most `limit` of them at a time, after a semaphore."""
    rng = random.Random(tasks)
    free = [0.0] * limit
    made = []
    for number in range(1, tasks):
        start = heapq.heappop(free)
        answer = start + seconds * rng.uniform(0.3, 1)
        end = answer + seconds * rng.uniform(0.2, 0.5)
        heapq.heappush(free, end)
        spans = [Span("run", 0.0, 0.0)]
        if start > 0:
            spans += [Span("wait", 0.0, start, "semaphore"), Span("run", start, start)]
        spans += [
            Span("wait", start, answer, "request"), Span("run", answer, answer),
            Span("wait", answer, end, "sleep"), Span("run", end, end),
        ]
        made.append(Task(number, f"get_price {number}", "get_price", 0, 0.0, end, "result", "", tuple(spans)))
    end = max(free)
    main = (Span("run", 0.0, 0.0), Span("wait", 0.0, end, "task group"), Span("run", end, end))
    return Recording((Task(0, "main", "main", None, 0.0, end, "result", "", main), *made), end)


def cost(run: Recording) -> tuple[float, int]:
    """CPU seconds of the fastest of five drawings, and the bytes of the PNG."""
    from helpers.drawing.canvas import png
    from helpers.drawing.timeline import draw

    best, size = float("inf"), 0
    for _ in range(ROUNDS):
        new = replace(run)
        start = time.process_time()
        data = png(draw(new))
        best, size = min(best, time.process_time() - start), len(data)
    return best, size


def tables() -> Iterator[str]:
    cost(fan_out(10, 5))                        # imports and font caches are not the price of a picture
    rows = []
    for tasks in TASKS:
        seconds, size = cost(fan_out(tasks, max(5, tasks // 20)))
        rows.append([f"{tasks:,}", f"{seconds:.2f}", "0.25", f"{size / 1000:.0f}",
                     "100" if tasks > 1_000 else ""])
    yield table("Picture of a run", ["tasks", "CPU seconds", "at most", "KB", "at most"], rows)
    found = closest({state.name: state.colour for state in STATES})
    rows = [[vision, f"{one}, {other}", f"{distance:.1f}", "20"] for vision, (distance, one, other) in found.items()]
    yield table("Colours of the states", ["vision", "the two most alike", "their distance (CIE76)", "at least"], rows)
