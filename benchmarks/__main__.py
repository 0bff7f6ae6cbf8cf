"""`python -m benchmarks`: see the package."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib import import_module

from tools import ROOT
from tools.regions import replace_region

RESULTS = ROOT / "BENCHMARKS.md"
NAMES = ("recorder", "libraries", "virtual_time", "picture", "imports", "exercises", "notebooks", "replay", "lab")


def main(names: list[str]) -> int:
    """Run these benchmarks, or all if none is named, and write what they found into BENCHMARKS.md.

    Each runs in a process of its own: what one imports or leaves behind is no burden on the next.
    """
    if names[:1] == ["--print"]:
        for name in names[1:]:
            for table in import_module(f"benchmarks.{name}").tables():
                print(table, flush=True)
        return 0
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        print(f"no benchmark is called {wrong[0]}; write some of: {' '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found = subprocess.run([sys.executable, "-m", "benchmarks", "--print", name], cwd=ROOT,
                               stdout=subprocess.PIPE, text=True, check=True).stdout
        print(found, flush=True)
        write(name, found, f"Python {platform.python_version()} on {platform.system()}")
    return 0


def write(name: str, found: str, where: str) -> None:
    """Put the tables of one benchmark into BENCHMARKS.md, with what they were measured with."""
    text = RESULTS.read_text(encoding="utf-8")
    tables = found.strip("\n").replace("\n\n|", f"\n\n{where}\n\n|")
    RESULTS.write_text(replace_region(text, name, tables, RESULTS.name), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
