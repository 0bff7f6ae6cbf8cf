"""Ratios of times, measured side by side: what all benchmarks have in common."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from time import process_time

Program = Callable[[], object]


def rounds(programs: Mapping[str, Program], count: int = 9, *, clock: Callable[[], float] = process_time,
           warm_up: bool = True) -> dict[str, list[float]]:
    """Seconds of each program (CPU time, or by another clock), `count` times each, in turn.

    What disturbs one round disturbs all programs alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    if warm_up:
        for program in programs.values():
            program()                               # imports, caches, specialised bytecode
    for _ in range(count):
        for name, program in programs.items():
            gc.collect()
            start = clock()
            program()
            seconds[name].append(clock() - start)
    return seconds


def compare(seconds: Mapping[str, Sequence[float]], base: str) -> dict[str, tuple[float, float]]:
    """Of each program its ratios to `base`: that of the best rounds, and the median of the ratios round by round."""
    return {
        name: (min(values) / min(seconds[base]), statistics.median(a / b for a, b in zip(values, seconds[base])))
        for name, values in seconds.items()
    }


def installed(module: str) -> bool:
    return find_spec(module) is not None


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    """A Markdown table under a heading, and a note below it."""
    lines = [f"## {title}", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines + (["", note] if note else [])) + "\n"
