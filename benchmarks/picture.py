"""What a picture costs: CPU seconds and kilobytes for 10 to 10,000 tasks, and how far apart its colours are.

Each run is a fan-out limited by a semaphore, made by hand, so that only the drawing is measured: from a
Recording to the bytes of a PNG. The best of five counts; time that other programs take does not.
"""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.colors import to_rgb

from helpers.drawing.palette import STATES
from helpers.recording import Recording, Span, Task

from .measure import table

TASKS = (10, 100, 1_000, 10_000)
ROUNDS = 5

# What remains of linear red, green and blue: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.0.
VISIONS = {
    "normal": np.eye(3),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


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
    from helpers.drawing import picture
    from helpers.drawing.timeline import draw

    best, size = float("inf"), 0
    for _ in range(ROUNDS):
        start = time.process_time()
        data = picture.png(draw(run))
        best, size = min(best, time.process_time() - start), len(data)
    return best, size


def linear(colour: str) -> np.ndarray:
    """Linear red, green and blue (0 to 1) of a colour written as #rrggbb."""
    value = np.array(to_rgb(colour))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*, a*, b* (D65) of linear red, green and blue."""
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x = matrix @ rgb / np.array([0.9505, 1, 1.089])
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def closest(colours: Mapping[str, str]) -> dict[str, tuple[float, str, str]]:
    """For each kind of vision the two colours that are most alike, and their distance (CIE76)."""
    result = {}
    for vision, matrix in VISIONS.items():
        seen = {name: lab(np.clip(matrix @ linear(colour), 0, 1)) for name, colour in colours.items()}
        result[vision] = min(
            (float(np.linalg.norm(seen[a] - seen[b])), a, b) for a, b in itertools.combinations(colours, 2)
        )
    return result


def contrast(one: str, other: str) -> float:
    """How well one colour reads on another, 1 to 21 (WCAG 2); 4.5 is the least for text."""
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def tables() -> Iterator[str]:
    cost(fan_out(10, 5))                        # imports and font caches are not the price of a picture
    rows = []
    for tasks in TASKS:
        seconds, size = cost(fan_out(tasks, max(5, tasks // 20)))
        rows.append([f"{tasks:,}", f"{seconds:.2f}", "0.6" if tasks > 1_000 else "0.4", f"{size / 1000:.0f}",
                     "100" if tasks > 1_000 else ""])
    yield table("Picture of a run", ["tasks", "CPU seconds", "at most", "KB", "at most"], rows)
    found = closest({state.name: state.colour for state in STATES})
    yield table("Colours of the states", ["vision", "the two most alike", "their distance (CIE76)", "at least"],
                [[vision, f"{one}, {other}", f"{distance:.1f}", "20"]
                 for vision, (distance, one, other) in found.items()])
