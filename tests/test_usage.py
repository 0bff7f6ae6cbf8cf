"""The section "Use it on your own program" in README.md: its programs run, and do what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import Recording
from helpers.script import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SECTION = README.partition("\n## Use it on your own program\n")[2].partition("\n## ")[0]
FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", SECTION, re.DOTALL))


@pytest.fixture
def folder(tmp_path):
    for name, source in FILES.items():
        (tmp_path / name).write_text(source, "utf-8")
    return tmp_path


def run(*command, folder):
    done = subprocess.run([sys.executable, *command], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
                          capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
def test_the_script_is_recorded_as_it_is(folder):
    out, err = run("-m", "helpers", "prices.py", folder=folder)
    assert out == "[320, 320]\n" and "prices-run-1.txt, prices-run-1.json, prices-run-1.html, prices-run-1.png" in err
    recording = Recording.from_json((folder / "prices-run-1.json").read_text("utf-8"))
    assert [task.name for task in recording.tasks] == ["main", "price", "price 2"]


@pytest.mark.slow
def test_the_test_passes(folder):
    assert "1 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_prices.py", folder=folder)[0]


def test_the_help_lists_every_option(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert all(option in said for option in ("--output", "--threshold", "--trace", "--force", "script.py"))


def test_the_section_has_the_programs_that_are_tried_here():
    assert sorted(FILES) == ["prices.py", "test_prices.py"] and SECTION.count("```python") == 2
