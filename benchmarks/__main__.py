"""`python -m benchmarks`: see the package."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks: begin -->\n", "<!-- benchmarks: end -->\n"
NAMES = ("recorder", "virtual_time", "picture", "imports", "exercises", "notebooks", "replay", "lab")


def main(names: list[str]) -> int:
    """Run these benchmarks, all if none is named; print their tables, and store them if all were run."""
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        print(f"no benchmark is called {wrong[0]}; write some of: {' '.join(NAMES)}", file=sys.stderr)
        return 2
    tables = []
    for name in names or NAMES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        for table in import_module(f"benchmarks.{name}").tables():
            print(table, flush=True)
            tables.append(table)
    if not names:
        store("\n".join([introduction(), *tables]))
    return 0


def introduction() -> str:
    return (f"`make bench` wrote this, with Python {platform.python_version()} on {platform.system()}. "
            "In the columns called best and median, 1.00 is the cost of what a row is compared with: "
            "the least of some rounds, and the median of them.\n")


def store(text: str) -> None:
    """Put the text between the marks in README.md."""
    before, mark, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise SystemExit(f"README.md has no lines {BEGIN.strip()} and {END.strip()} for the tables")
    README.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
