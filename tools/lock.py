"""Pin what pyproject.toml asks for: `make lock`.

    python -m tools.lock                     keep the pins that still fit, add what is missing
    python -m tools.lock --upgrade           move everything to the newest version that fits
    python -m tools.lock --upgrade-package NAME

The locks are universal: one file, with markers, for every supported Python and system, made by uv. requirements.txt is
what a learner needs; requirements-test.txt and requirements-bench.txt are what the tests and the benchmarks need beyond
it. Each is made with those before it as constraints, so that all can be installed together. environment.yml repeats
requirements.txt for conda and Binder, below the Python that those are to use.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import ROOT

# The Python of Binder and conda. Without a pin, Binder's builder would take one that is too old for the course.
PYTHON = "3.13"

# Each lock, and what in pyproject.toml it pins: the project itself, or one of its dependency groups.
LOCKS = {
    "requirements.txt": ["pyproject.toml"],
    "requirements-test.txt": ["--group", "pyproject.toml:test"],
    "requirements-bench.txt": ["--group", "pyproject.toml:bench"],
}


def compile_lock(name: str, folder: Path = ROOT, *options: str) -> subprocess.CompletedProcess[str]:
    """Have uv write the lock `name` in `folder`; pins that it already holds there are kept where they still fit.

    The locks before it are read from the same folder. Returns the finished process: its return code is 0 if the file
    was written, its stderr says why not.
    """
    names = list(LOCKS)
    constraints = [part for before in names[:names.index(name)] for part in ("--constraint", str(folder / before))]
    command = [
        sys.executable, "-m", "uv", "pip", "compile", *LOCKS[name], *constraints, "--output-file", str(folder / name),
        "--universal", "--python-version", "3.11", "--no-emit-index-url", "--quiet",
        "--custom-compile-command", "make lock", *options,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def pins(lock: str) -> list[str]:
    """The requirements in the text of a lock, one line each, without the comments that say what asked for them."""
    lines = (line.split("#")[0].strip() for line in lock.splitlines())
    return [line for line in lines if line]


def environment_yml(lock: str) -> str:
    """The text of environment.yml that installs the lock whose text is given.

    The pins are repeated instead of referred to: a line `-r requirements.txt` would make Binder's builder install
    everything anew after every commit, since it could no longer see that the environment is the same.
    """
    head = f"""\
# Written by `make lock` from requirements.txt; do not edit.
#     conda env create -f environment.yml
#     conda activate while-you-wait
#     pip install --no-deps -e .
name: while-you-wait
channels:
  - conda-forge
dependencies:
  - python={PYTHON}
  - pip
  - pip:
"""
    return head + "".join(f'      - "{line}"\n' for line in pins(lock))


def main(options: list[str]) -> int:
    for name in LOCKS:
        done = compile_lock(name, ROOT, *options)
        if done.returncode != 0:
            print(f"uv could not make {name}:\n{done.stderr}", file=sys.stderr)
            return 1
        print(f"{name} pins {len(pins((ROOT / name).read_text(encoding='utf-8')))} requirements.")
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    (ROOT / "environment.yml").write_text(environment_yml(lock), encoding="utf-8", newline="\n")
    print("environment.yml repeats requirements.txt.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
