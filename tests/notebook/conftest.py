"""What the tests of the notebook's extras share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers.notebook import progress_file

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """The current folder, which looks like that of the course, and in which progress is kept."""
    for name in ("00_start_here.ipynb", "04_gather.ipynb"):
        shutil.copy(ROOT / "notebooks" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(progress_file.SWITCH, "on")
    return tmp_path
