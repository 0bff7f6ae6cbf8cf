"""Ratios of CPU time, measured side by side: what all benchmarks have in common."""

from __future__ import annotations

import gc
import statistics
from time import process_time
from typing import Callable, Mapping


def rounds(programs: Mapping[str, Callable[[], object]], count: int = 9) -> dict[str, list[float]]:
    """CPU seconds of each program, `count` times each, in turn: what disturbs one disturbs all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for program in programs.values():
        program()                                   # warm up: imports, caches, specialised bytecode
    for _ in range(count):
        for name, program in programs.items():
            gc.collect()
            start = process_time()
            program()
            seconds[name].append(process_time() - start)
    return seconds


def ratios(programs: Mapping[str, Callable[[], object]], base: str, count: int = 9) -> dict[str, tuple[float, float]]:
    """For each program its best and its median CPU time over that of `base`: (best ratio, median ratio)."""
    seconds = rounds(programs, count)
    return {
        name: (min(values) / min(seconds[base]),
               statistics.median(a / b for a, b in zip(values, seconds[base])))
        for name, values in seconds.items()
    }


def table(title: str, header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table under a heading."""
    lines = [f"### {title}", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"
