"""`python -m benchmarks`: see the package."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib import import_module
from pathlib import Path

RESULTS = Path(__file__).resolve().parent.parent / "BENCHMARKS.md"
NAMES = ("recorder", "virtual_time", "picture", "imports", "exercises", "notebooks", "replay", "lab")

HEAD = """\
# Benchmarks

`make bench` wrote this, with Python {python} on {system}. In the columns called best and median, 1.00 is the cost of
what a row is compared with: the least of some rounds, and the median of them. A number in the column "at most" is a
promise.
"""


def main(names: list[str]) -> int:
    """Run these benchmarks and print their tables; if none is named, run all, and write the tables to BENCHMARKS.md.

    All are run each in a process of its own: what one imports or leaves behind is no burden on the next.
    """
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        print(f"no benchmark is called {wrong[0]}; write some of: {' '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names:
        for table in import_module(f"benchmarks.{name}").tables():
            print(table, flush=True)
    if not names:
        texts = [HEAD.format(python=platform.python_version(), system=platform.system())]
        for name in NAMES:
            print(f"{name} ...", file=sys.stderr, flush=True)
            texts.append(subprocess.run([sys.executable, "-m", "benchmarks", name], cwd=RESULTS.parent,
                                        stdout=subprocess.PIPE, text=True, check=True).stdout)
            print(texts[-1], flush=True)
        RESULTS.write_text("\n".join(text.rstrip("\n") + "\n" for text in texts), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
