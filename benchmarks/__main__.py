"""`python -m benchmarks`: see the package."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib import import_module
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks: begin -->\n", "<!-- benchmarks: end -->\n"
NAMES = ("recorder", "virtual_time", "picture", "imports", "exercises", "notebooks", "replay", "lab")


def main(names: list[str]) -> int:
    """Run these benchmarks and print their tables; if none is named, run all, and store the tables.

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
        texts = []
        for name in NAMES:
            print(f"{name} ...", file=sys.stderr, flush=True)
            texts.append(subprocess.run([sys.executable, "-m", "benchmarks", name], cwd=README.parent,
                                        stdout=subprocess.PIPE, text=True, check=True).stdout)
            print(texts[-1], flush=True)
        store("".join([introduction() + "\n", *texts]).rstrip("\n") + "\n")
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
