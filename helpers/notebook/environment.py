"""Does the course work here? The answer in words, and what to do if it does not.

    check_environment()         # prints "Everything is here.", or what is wrong and how to put it right

Two things can be wrong once `helpers` could be imported: the packages in the Python that runs the notebook, and the
event loop of the kernel. What the packages must be is read from the installed project, so pyproject.toml stays the only
list. A Python that is too old cannot import `helpers`, which says so. If there is no `helpers` at all, nothing here can
help: the first notebook says in its text what to do.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement  # there wherever a kernel is: ipykernel requires it

from helpers.recorder.asyncio_internals import get_running_loop

PROJECT = "while-you-wait"

INSTALL = """\
Run this in a new cell of this notebook; it needs the network:
    %pip install -r ../requirements.txt -e ..
Then restart the kernel: menu Kernel, Restart Kernel."""
START = """\
Start the course as its README.md says: make lab, or the commands for Windows or conda.
In VS Code choose the environment .venv as the kernel of this notebook."""


def check_environment() -> None:
    """Print "Everything is here.", or what is wrong, each with how to put it right. To be called in a cell."""
    problems = find_problems()
    if not problems:
        print("Everything is here.")
        return
    print(f"The course does not work here yet. The Python of this notebook is {sys.executable}.")
    for number, problem in enumerate(problems, 1):
        first, *others = problem.splitlines()
        print(f"{number}. {first}", *(f"   {line}" for line in others), sep="\n")


def find_problems() -> list[str]:
    """What is wrong, in the order in which to put it right; empty if nothing is."""
    return [problem for problem in (package_problem(), loop_problem()) if problem]


def package_problem(requirements: Iterable[str] | None = None) -> str:
    """Which packages are missing or too old, or "".

    requirements  as in pyproject.toml, such as "ipykernel>=7.4"; by default those of the installed project
    """
    if requirements is None:
        try:
            requirements = requires(PROJECT) or ()
        except PackageNotFoundError:
            return f"The course itself is not installed in this Python.\n{INSTALL}"
    missing, wrong = [], []
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue                        # needed on other systems only
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            missing.append(requirement.name)
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} is {found} (the course needs {requirement.specifier})")
    words = [f"Not installed: {', '.join(sorted(missing))}."] if missing else []
    words += [f"Of the wrong version: {', '.join(sorted(wrong))}."] if wrong else []
    return "\n".join([*words, INSTALL]) if words else ""


def loop_problem() -> str:
    """What is wrong with the event loop that runs this cell, or ""."""
    loop = get_running_loop()
    if loop is None:
        return (
            "No event loop is running here. A Jupyter kernel has one; plain Python and the IPython terminal have none."
            f"\n{START}"
        )
    if isinstance(loop, asyncio.BaseEventLoop):
        return ""
    kind = type(loop)
    return (
        f"The event loop here is {kind.__module__}.{kind.__qualname__}, and only asyncio's own can be recorded.\n"
        f"If a start-up file of yours installs it, take that line out and restart the kernel. If not:\n{START}"
    )
