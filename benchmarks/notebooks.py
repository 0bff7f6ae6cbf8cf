"""Re-executing all notebooks: under nbval, as the tests do, against nbclient on the same notebooks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from .measure import compare, rounds, table

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
ROUNDS = 3
NBVAL = ["-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "--nbval", str(FOLDER)]
NBCLIENT = ["-m", "benchmarks.notebooks"]


async def execute_all(at_a_time: int = 2) -> None:
    """Execute every notebook with nbclient in this process, two at a time, and store nothing."""
    import nbformat
    from nbclient import NotebookClient

    limit = asyncio.Semaphore(at_a_time)

    async def execute(path: Path) -> None:
        async with limit:
            notebook = nbformat.read(path, as_version=4)
            client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(path.parent)}})
            await client.async_execute()

    await asyncio.gather(*(execute(path) for path in sorted(FOLDER.glob("*.ipynb"))))


def run(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"python {' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def tables() -> Iterator[str]:
    base = "nbclient, two at a time"
    seconds = rounds({base: lambda: run(NBCLIENT), "nbval -n 2": lambda: run(NBVAL)}, ROUNDS, clock=perf_counter,
                     warm_up=False)
    count = len(list(FOLDER.glob("*.ipynb")))
    best, median = compare(seconds, base)["nbval -n 2"]
    yield table(f"Re-executing the {count} notebooks", [f"time by the clock, over that of {base}", "best", "median",
                                                        "seconds", "at most"],
                [["`nbval -n 2 --dist loadscope`, which also compares every output", f"{best:.2f}", f"{median:.2f}",
                  f"{min(seconds['nbval -n 2']):.1f}", "1.3"]])


if __name__ == "__main__":
    asyncio.run(execute_all())
