"""Re-executing the notebooks: all under nbval, as the tests do, against nbclient; and each alone, as Run All does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

from tools import index

from .measure import compare, rounds, table

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
ROUNDS = 3
NBVAL = ["-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "--nbval", str(FOLDER)]
NBCLIENT = ["-m", "benchmarks.notebooks"]
ALONE = 20      # seconds that a notebook may take, from the start of its kernel to the end


async def execute(paths: list[Path], at_a_time: int = 2) -> None:
    """Execute notebooks with nbclient in this process, so many at a time, and store nothing."""
    import nbformat
    from nbclient import NotebookClient

    limit = asyncio.Semaphore(at_a_time)

    async def execute_one(path: Path) -> None:
        async with limit:
            notebook = nbformat.read(path, as_version=4)
            client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(path.parent)}})
            await client.async_execute()

    await asyncio.gather(*(execute_one(path) for path in paths))


def code_cells(path: Path) -> int:
    return sum(cell["cell_type"] == "code" for cell in json.loads(path.read_text(encoding="utf-8"))["cells"])


def run(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"python {' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def tables() -> Iterator[str]:
    base = "nbclient, two at a time"
    seconds = rounds({base: lambda: run(NBCLIENT), "nbval -n 2": lambda: run(NBVAL)}, ROUNDS, clock=perf_counter,
                     warm_up=False)
    count = len(index.lessons_in(FOLDER))
    best, median = compare(seconds, base)["nbval -n 2"]
    yield table(f"Re-executing the {count} notebooks", [f"time by the clock, over that of {base}", "best", "median",
                                                        "seconds", "at most"],
                [["`nbval -n 2 --dist loadscope`, which also compares every output", f"{best:.2f}", f"{median:.2f}",
                  f"{min(seconds['nbval -n 2']):.1f}", "1.3"]])

    alone = {path: rounds({"": partial(run, [*NBCLIENT, str(path)])}, 2, clock=perf_counter, warm_up=False)[""]
             for path in index.lessons_in(FOLDER)}
    rows = [[path.stem, str(code_cells(path)), f"{min(seconds):.1f}", str(ALONE)] for path, seconds in alone.items()]
    total = sum(min(seconds) for seconds in alone.values())
    rows.append(["all of them", str(sum(code_cells(path) for path in alone)), f"{total:.1f}", ""])
    yield table("Run All, one notebook at a time, with the start of its kernel",
                ["notebook", "code cells", "seconds", "at most"], rows)


if __name__ == "__main__":
    asyncio.run(execute([Path(argument) for argument in sys.argv[1:]] or index.lessons_in(FOLDER)))
