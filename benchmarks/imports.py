"""What the setup cell of a notebook costs, against importing matplotlib.pyplot and ipywidgets alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from .measure import compare, table

ROUNDS = 9
CELLS = {
    "`import matplotlib.pyplot, ipywidgets`": "import matplotlib.pyplot, ipywidgets",
    "the setup cell": "%load_ext helpers\nimport asyncio\nfrom helpers import Shop, compare, record, simulate",
    "the setup cell, and the first picture":
        "%load_ext helpers\nimport asyncio\nfrom helpers import Shop, compare, record, simulate\n"
        "async def main():\n    await asyncio.sleep(1)\n"
        "simulate(main())._repr_mimebundle_();",
}

# A fresh interpreter with what a kernel has imported before its first cell.
SCRIPT = """
import sys, time
import ipykernel.ipkernel, ipykernel.zmqshell
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("1 + 1", silent=True)
start = time.process_time()
result = shell.run_cell(sys.argv[1], silent=True)
seconds = time.process_time() - start
result.raise_error()
print(seconds)
"""


def seconds_of(cell: str) -> float:
    """CPU seconds of a cell in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, cell], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def tables() -> Iterator[str]:
    seconds: dict[str, list[float]] = {name: [] for name in CELLS}
    for cell in CELLS.values():
        seconds_of(cell)                            # files into the cache of the system, bytecode, list of fonts
    for _ in range(ROUNDS):
        for name, cell in CELLS.items():
            seconds[name].append(seconds_of(cell))
    base = next(iter(CELLS))
    found = compare(seconds, base)
    yield table("Setup cell, in a fresh kernel",
                [f"CPU time, over that of {base}", "best", "median", "seconds", "at most"],
                [[name, f"{best:.2f}", f"{median:.2f}", f"{min(seconds[name]):.2f}",
                  "1.1" if name == "the setup cell" else ""] for name, (best, median) in found.items() if name != base])
