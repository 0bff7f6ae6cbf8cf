"""A module is a module: none has the name of a function that stands in its place."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("name", [
    "helpers.widgets.lab", "helpers.widgets.heartbeat", "helpers.widgets.replay", "helpers.widgets.replay.replay",
    "helpers.notebook.predict", "helpers.notebook.progress", "helpers.notebook.environment",
    "helpers.notebook.extension",
])
def test_import_gives_a_module_whatever_was_imported_before(name):
    """In a process of its own: what an import gives depends on those before it."""
    program = ("from helpers import check_environment, heartbeat, lab, load_ipython_extension, progress\n"
               f"import {name} as m\nprint(type(m).__name__, m.__name__)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == ([ModuleType.__name__, name], "")
