"""The processes in which answers run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import psutil
import pytest

from helpers.checker import process
from tests.checker import samples
from tests.checker.answers import body, check


def wait_for(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.01)


def test_without_a_process_it_says_so(monkeypatch) -> None:
    process.spares.close()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    report = check(samples.ask, samples.ask.solution_source)
    assert report.outcome == "unchecked"
    assert "could not start one" in report.message
    monkeypatch.undo()
    assert check(samples.ask, samples.ask.solution_source).outcome == "right"


NEEDLESS = {"IPython", "ipywidgets", "matplotlib", "numpy", "psutil", "pygments", "pytest"}


def test_the_process_of_an_answer_imports_only_what_it_needs() -> None:
    """Whoever checks an answer waits until its process has imported what there is to import."""
    report = check(samples.ask, f"import sys\n\n\nNEEDLESS = {NEEDLESS!r}\n\n\n" + body("""
        print([n for n in sys.modules if n.partition(".")[0] in NEEDLESS or n.startswith("helpers.widgets")])
        return await asyncio.gather(*[shop.price(item) for shop in shops])"""))
    assert report.outcome == "right", report
    assert "Your code printed: []" in report.message


def test_no_lesson_imports_what_the_process_of_an_answer_does_not_need() -> None:
    program = f"""if True:
        import pkgutil, sys
        import helpers.exercises
        for lesson in pkgutil.iter_modules(helpers.exercises.__path__):
            __import__("helpers.exercises." + lesson.name)
        print([n for n in sys.modules if n.partition(".")[0] in {NEEDLESS!r} or n.startswith("helpers.widgets")])"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_a_waiting_process_that_was_killed_is_replaced() -> None:
    check(samples.ask, samples.ask.solution_source)
    wait_for(lambda: process.spares.pids)
    waiting = psutil.Process(process.spares.pids[0])
    waiting.kill()
    waiting.wait(30)
    assert check(samples.ask, samples.ask.solution_source).outcome == "right"


def test_the_waiting_process_ends_when_its_pipe_is_closed() -> None:
    waiting = process.Process()
    waiting.popen.stdin.close()
    assert waiting.popen.wait(30) == 0
    waiting.kill()


def test_so_many_processes_wait_as_are_wanted() -> None:
    assert process.Spares().count == 1
    spares = process.Spares(2)
    spares.fill()
    pids = spares.pids
    spares.fill()
    assert len(set(pids)) == 2 and spares.pids == pids
    taken = spares.take()
    assert (taken.popen.pid, spares.pids) == (pids[0], pids[1:])
    taken.kill()
    spares.close()
    assert spares.pids == [] and not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_no_thread_and_no_process_stays_behind_a_check() -> None:
    check(samples.ask, samples.ask.solution_source)
    wait_for(lambda: process.spares.pids)
    process.spares.close()
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "helpers-exercise"])
    try:
        children = psutil.Process().children()
    except psutil.Error:
        pytest.skip("this system shows no processes")
    mine = [p for p in children if "helpers.checker.worker" in " ".join(p.cmdline())]
    assert mine == []


def test_a_check_can_be_interrupted(monkeypatch) -> None:
    taken = []
    original = process.Process.start

    def start(self, job):
        taken.append(self)
        original(self, job)
        raise KeyboardInterrupt

    monkeypatch.setattr(process.Process, "start", start)
    with pytest.raises(KeyboardInterrupt):
        check(samples.ask, body("while True: pass"))
    assert taken[0].popen.returncode is not None


def test_the_learners_line_is_found_in_a_dump() -> None:
    dump = ('Timeout (0:00:02)!\nThread 0x01 (most recent call first):\n'
            f'  File "{threading.__file__}", line 355 in wait\n'
            'Thread 0x02 [python] (most recent call first):\n'
            f'  File "{asyncio.__file__}", line 3 in run\n  File "/tmp/cell.py", line 4 in ask\n'
            '  File "<string>", line 1 in <module>\n')
    assert process.learners_line(dump) == ["/tmp/cell.py", 4, "ask"]
    assert process.learners_line("") is None


def test_an_observer_that_fails_before_the_answer_begins_is_not_the_answers_fault(monkeypatch) -> None:
    monkeypatch.setattr(process, "PRELOAD", (*process.PRELOAD, "tests.checker.broken_observer"))
    process.spares.close()
    exercise = samples.exercise(samples.ask.starter, samples.ask.solution_source)
    exercise.cases = samples.ask.cases
    report = check(exercise, samples.ask.solution_source)
    process.spares.close()
    assert report.outcome == "unchecked", report
    assert "what observes answers does not work here" in report.message


@pytest.mark.parametrize("module", ["unknown_python", "unknown_python_later"])
def test_a_python_that_the_recorder_does_not_know_is_named(module, monkeypatch) -> None:
    """Whether it shows in a run of the solution, or only in one of the answer."""
    monkeypatch.setattr(process, "PRELOAD", (*process.PRELOAD, f"tests.checker.{module}"))
    process.spares.close()
    exercise = samples.exercise(samples.ask.starter, samples.ask.solution_source)
    exercise.cases = samples.ask.cases
    report = check(exercise, samples.ask.solution_source)
    process.spares.close()
    assert report.outcome == "unchecked", report
    assert "this Python has no asyncio" in report.message
    assert "your code broke" not in str(report)
