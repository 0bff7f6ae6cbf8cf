"""The test suites of well-known asyncio libraries, with every event loop recorded, and on the virtual loop.

    python -m tools.library_suites                      # all of them; about ten minutes
    python -m tools.library_suites anyio tenacity       # some of them

For maintainers, after a change to `helpers/recorder` or `helpers/virtual`; pytest does not collect it. Each library is
installed from its source distribution, which carries its tests, with what they need, into an environment of its own
below `artefacts/suites`. Its tests run unchanged in a process of their own, up to three times:

- plain: what fails here is not counted below;
- recorded: every event loop is recorded from its first task until it is closed;
- virtual, unless threads, files or sockets are what the library is about: every new event loop is a `VirtualTimeLoop`.
  A test that ends with `NotSimulated` counts as refused. `EXPECTED` names the tests that end otherwise there, and why.

A test that passes plain and fails otherwise is a finding, unless it fails now and then by itself: so it runs again, up
to three times. The exit status is 1 if there are findings.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

from tools import ROOT, Problem
from tools.cpython_suite import record_every_loop

HOME = ROOT / "artefacts" / "suites"
PATIENCE = 600              # seconds for which one suite may run
MODE, REPORT = "SUITE_MODE", "SUITE_REPORT"     # environment variables: what the plugin does, and where it reports


class Suite(NamedTuple):
    """The tests of a library.

    name    of the library, as on PyPI
    version that was tried
    needs   what its tests need beyond it
    tests   files or folders, relative to the source distribution
    options for pytest
    virtual those of the tests that can run in virtual time: not where threads, files and sockets are what they test
    """

    name: str
    version: str
    needs: tuple[str, ...]
    tests: tuple[str, ...] = ("tests",)
    options: tuple[str, ...] = ()
    virtual: tuple[str, ...] = ()


_STREAMS = tuple(f"tests/streams/test_{name}.py" for name in ("buffered", "memory", "stapled", "text"))
_TASKS = tuple(f"tests/test_{name}.py" for name in ("taskgroups", "synchronization", "lowlevel"))

SUITES = {suite.name: suite for suite in (
    Suite("anyio", "4.16.0",
          ("pytest>=9", "pytest-mock", "pytest-timeout", "trustme", "psutil", "hypothesis", "blockbuster"),
          (*_TASKS, "tests/test_to_thread.py", "tests/test_from_thread.py", "tests/streams"),
          ("-k", "asyncio and not uvloop and not trio"),
          virtual=(*_TASKS, *_STREAMS)),
    Suite("aiostream", "0.8.1", ("pytest", "pytest-asyncio", "pytest-cov"), virtual=("tests",)),
    Suite("async-timeout", "5.0.1", ("pytest", "pytest-asyncio", "pytest-cov"), virtual=("tests",)),
    Suite("tenacity", "9.2.1", ("pytest", "typeguard", "tornado", "pytest-asyncio", "trio"),
          ("tests/test_asyncio.py", "tests/test_issue_478.py"),
          virtual=("tests/test_asyncio.py", "tests/test_issue_478.py")),
    Suite("aiofiles", "25.1.0", ("pytest", "pytest-asyncio")),
    Suite("janus", "2.0.0", ("pytest", "pytest-asyncio", "pytest-cov")),
    Suite("aiosqlite", "0.22.1", ("pytest",), ("aiosqlite/tests/smoke.py",), ("-c", "pyproject.toml")),
)}

# What differs in virtual time as it must: a part of the test's name, and why.
EXPECTED = {
    "test_fail_after_scope_cancelled_before_timeout":
        "its authors expect it to fail, since a turn takes real time; in virtual time it takes none, and it passes",
}

# -- in the process that runs a suite: a pytest plugin -----------------------------------------------

_outcomes: dict[str, str] = {}


def pytest_configure(config: Any) -> None:
    """Have every loop recorded, or be a virtual one, as the environment variable says."""
    mode = os.environ.get(MODE)
    if mode == "recorded":
        record_every_loop()
    elif mode == "virtual":
        from helpers import VirtualTimeLoop

        asyncio.new_event_loop = asyncio.events.new_event_loop = lambda: VirtualTimeLoop()


def pytest_runtest_logreport(report: Any) -> None:
    """Note what became of a test: of its set-up, of itself and of its clean-up the first that failed."""
    if report.failed:
        _outcomes.setdefault(report.nodeid, f"failed in its {report.when}: {report.longreprtext[-3000:]}")
    elif report.when == "call" or report.skipped:
        _outcomes.setdefault(report.nodeid, "passed" if report.passed else "skipped")


def pytest_sessionfinish() -> None:
    """Write what became of each test."""
    from tools import cpython_suite

    Path(os.environ[REPORT]).write_text(json.dumps([cpython_suite.turns, _outcomes]))


# -- in the process that compares --------------------------------------------------------------------


def install(suite: Suite) -> tuple[Path, Path]:
    """The Python of an environment with the library and what its tests need, and the folder of its sources."""
    home = HOME / f"{suite.name}-{sys.version_info.major}.{sys.version_info.minor}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    sources = home / "sources"
    if not (home / "complete").exists():
        pin = f"{suite.name}=={suite.version}"
        _run(sys.executable, "-m", "uv", "venv", "-q", "--seed", "--clear", "--python", sys.executable, str(home))
        _run(str(python), "-m", "pip", "download", "-q", "--no-deps", "--no-binary", suite.name, "-d", str(sources),
             pin)
        with tarfile.open(next(sources.glob("*.tar.gz"))) as archive:
            archive.extractall(sources, filter="data")
        _run(sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(python), pin, *suite.needs)
        (home / "complete").touch()
    return python, next(path for path in sources.iterdir() if path.is_dir())


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr[-2000:]}")


def outcomes(suite: Suite, mode: str, only: list[str] | None = None) -> tuple[int, dict[str, str]]:
    """How many turns were recorded, and what became of each test."""
    python, sources = install(suite)
    report = sources.parent / f"{mode}.json"
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "-q", "-p", "tools.library_suites", "-p", "no:cacheprovider",
               *suite.options, *(only or (suite.virtual if mode == "virtual" else suite.tests))]
    environment = {**os.environ, MODE: mode, REPORT: str(report), "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=sources, env=environment)
    except subprocess.TimeoutExpired:
        return 0, {suite.name: f"failed: it did not end within {PATIENCE} s"}
    try:
        turns, found = json.loads(report.read_text())
    except (OSError, ValueError):
        return 0, {suite.name: f"failed: it did not report (exit status {done.returncode}): "
                               f"{done.stdout[-2000:]}{done.stderr[-1000:]}"}
    return turns, found


def failures(found: dict[str, str]) -> dict[str, str]:
    """The tests that failed, with what they said."""
    return {name: outcome for name, outcome in found.items() if outcome.startswith("failed")}


def compare(suite: Suite, mode: str, plain: dict[str, str]) -> tuple[int, int, dict[str, str]]:
    """How many turns were recorded, how many tests were refused, and the findings."""
    turns, found = outcomes(suite, mode)
    known = failures(plain)
    worse = {name: outcome for name, outcome in failures(found).items() if name not in known}
    refused = [name for name, outcome in worse.items() if "NotSimulated" in outcome] if mode == "virtual" else []
    expected = [name for name in worse if mode == "virtual" and any(part in name for part in EXPECTED)]
    for name in [*refused, *expected]:
        worse.pop(name, None)
    for _ in range(3):
        names = [name for name in worse if "::" in name]
        if not names:
            break
        _, again = outcomes(suite, mode, names)
        worse = {name: outcome for name, outcome in worse.items() if again.get(name, "failed").startswith("failed")}
    missing = () if mode == "virtual" else plain.keys() - found.keys()
    if missing and not worse:
        worse[suite.name] = f"failed: {len(missing)} tests did not run when {mode}: {sorted(missing)[:5]}"
    return turns, len(refused), worse


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in SUITES]
    if unknown:
        raise Problem(f"no suite of {', '.join(unknown)}; there are: {', '.join(SUITES)}")
    findings: dict[str, str] = {}
    for suite in [SUITES[name] for name in wanted] or SUITES.values():
        _, plain = outcomes(suite, "plain")
        if suite.name in plain:
            raise Problem(f"the tests of {suite.name}, neither recorded nor virtual: {plain[suite.name]}")
        ran = sum(outcome != "skipped" for outcome in plain.values())
        turns, _, recorded = compare(suite, "recorded", plain)
        _, refused, virtual = compare(suite, "virtual", plain) if suite.virtual else (0, 0, {})
        findings.update({f"{mode}: {name}": outcome for mode, found in (("recorded", recorded), ("virtual", virtual))
                         for name, outcome in found.items()})
        print(f"{suite.name:14} {suite.version:8} {ran:5} tests, {len(failures(plain))} failed plain, "
              f"{len(recorded)} only when recorded ({turns:,} turns)"
              + (f"; virtual: {refused} refused, {len(virtual)} failed" if suite.virtual else ""), flush=True)
    for name, outcome in findings.items():
        print(f"\n{name}\n{outcome}")
    return 1 if findings else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        sys.exit(str(problem))
