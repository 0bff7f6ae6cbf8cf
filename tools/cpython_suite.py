"""CPython's own tests of asyncio, with every event loop recorded, against the same tests without.

    python -m tools.cpython_suite                           # all of test.test_asyncio; ten minutes or more
    python -m tools.cpython_suite test_tasks test_queues    # some of its modules

For maintainers, after a change to `helpers/recorder`; pytest does not collect it. It needs a Python that
came with its tests (`python -c "import test.test_asyncio"`). Each module runs twice in a process of its
own, plain and recorded. A test that passes plain and fails recorded is a finding, unless it fails now and
then by itself: so it runs again, up to three times. The exit status is 1 if there are findings.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import pathlib
import subprocess
import sys
import time
import unittest
import warnings
from collections.abc import Sequence
from typing import Any

from tools import ROOT

PATIENCE = 600              # seconds for which one module may run


# -- in the process that runs one module ------------------------------------------------------------


turns = 0                   # of recorded tasks: shows that there was a recording


def record_every_loop() -> None:
    """From now on every event loop is recorded from its first task, or its first run, until it is closed."""
    from helpers.recorder import Recorder
    from helpers.recorder.notes import STRIDE
    from helpers.recorder.translate import tasks_of

    recorders: dict[int, Recorder] = {}

    def watch(loop: asyncio.BaseEventLoop) -> None:
        if id(loop) not in recorders and not loop.is_closed():
            recorders[id(loop)] = Recorder(loop, time.perf_counter_ns, everything=True).__enter__()

    def before(name: str) -> None:
        original = getattr(asyncio.BaseEventLoop, name)

        def method(self: asyncio.BaseEventLoop, *args: Any, **options: Any) -> Any:
            watch(self)
            return original(self, *args, **options)

        setattr(asyncio.BaseEventLoop, name, method)

    before("create_task")
    before("run_forever")
    original_close = asyncio.BaseEventLoop.close

    def close(self: asyncio.BaseEventLoop) -> None:
        recorder = recorders.pop(id(self), None)
        if recorder is not None:
            recorder.__exit__()
        original_close(self)
        if recorder is not None:
            if recorder.failure is not None:
                raise recorder.failure
            global turns
            turns += len(recorder.notes) // STRIDE
            if recorder.rows:
                tasks_of(recorder)              # the notes must make sense too

    asyncio.BaseEventLoop.close = close         # type: ignore[method-assign]


class Results(unittest.TestResult):
    """What became of each test, as a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: dict[str, str] = {}

    def stopTest(self, test):
        super().stopTest(test)
        self.outcomes.setdefault(test.id(), "passed")

    def _note(self, test, outcome: str) -> None:
        self.outcomes[getattr(test, "test_case", test).id()] = outcome

    def addError(self, test, error):
        super().addError(test, error)
        self._note(test, "failed: " + self.errors[-1][1])

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._note(test, "failed: " + self.failures[-1][1])

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._note(subtest, "failed: " + (self.errors + self.failures)[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note(test, "skipped")

    def addExpectedFailure(self, test, error):
        self._note(test, "skipped")


def run_here(module: str, recorded: bool, only: list[str]) -> None:
    """Run the tests of one module in this process, and print what became of them as JSON."""
    warnings.simplefilter("ignore")
    if recorded:
        record_every_loop()
    loader, results = unittest.TestLoader(), Results()
    if only:
        suite = loader.loadTestsFromNames(only)
    else:
        try:
            suite = loader.loadTestsFromModule(importlib.import_module(f"test.test_asyncio.{module}"))
        except unittest.SkipTest:               # a module for another operating system
            suite = unittest.TestSuite()
    suite.run(results)
    print("\n" + json.dumps([turns, results.outcomes]))


# -- in the process that compares ------------------------------------------------------------------


def outcomes(module: str, recorded: bool, only: Sequence[str] = ()) -> tuple[int, dict[str, str]]:
    """How many turns were recorded, and what became of each test."""
    mode = "recorded" if recorded else "plain"
    command = [sys.executable, "-m", "tools.cpython_suite", "--here", module, mode, *only]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT)
        return json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        return 0, {module: f"failed: it did not end within {PATIENCE} s"}
    except (ValueError, IndexError):
        return 0, {module: f"failed: it did not report (exit status {done.returncode}): {done.stderr[-2000:]}"}


def compare(module: str) -> tuple[int, int, int, dict[str, str]]:
    """How many tests ran, how many failed without the recorder, how many turns were recorded, and the findings."""
    (_, plain), (turns, recorded) = outcomes(module, False), outcomes(module, True)
    failed = {name for name, outcome in plain.items() if outcome.startswith("failed")}
    worse = {name: outcome for name, outcome in recorded.items() if outcome.startswith("failed") and name not in failed}
    for _ in range(3):
        names = [name for name in worse if name.startswith("test.")]
        if not names:
            break
        _, again = outcomes(module, True, names)
        worse = {name: outcome for name, outcome in worse.items() if again.get(name, "failed").startswith("failed")}
    missing = plain.keys() - recorded.keys()
    if missing and not worse:
        worse[module] = f"failed: {len(missing)} tests did not run when recorded"
    return sum(outcome != "skipped" for outcome in plain.values()), len(failed), turns, worse


def main(wanted: list[str]) -> int:
    import test.test_asyncio

    folder = pathlib.Path(test.test_asyncio.__file__).parent
    modules = wanted or sorted(path.stem for path in folder.glob("test_*.py"))
    total, failing, recorded, findings = 0, 0, 0, {}
    for module in modules:
        ran, failed, turns, worse = compare(module)
        total, failing, recorded = total + ran, failing + failed, recorded + turns
        findings.update(worse)
        print(f"{module:28} {ran:5} tests, {failed} failed plain, {len(worse)} only when recorded ({turns} turns)",
              flush=True)
    for name, outcome in findings.items():
        print(f"\n{name}\n{outcome}")
    print(f"\nPython {sys.version.split()[0]}: {total} tests, {failing} failed plain, {len(findings)} only when "
          f"recorded ({recorded} turns)")
    return 1 if findings else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        run_here(sys.argv[2], sys.argv[3] == "recorded", sys.argv[4:])
    else:
        sys.exit(main(sys.argv[1:]))
