"""Widgets that a cell has made, when it is run again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from helpers.widgets import cleanup


class Shell:
    """As much of a notebook's shell as counts here."""

    def __init__(self):
        self.callbacks, self.cell = [], None
        self.events = SimpleNamespace(register=lambda name, f: self.callbacks.append(f),
                                      unregister=lambda name, f: self.callbacks.remove(f))

    def get_parent(self):
        return {"metadata": {"cellId": self.cell}} if self.cell else {"metadata": {}}

    def runs(self, cell):
        self.cell = cell
        for callback in list(self.callbacks):
            callback(SimpleNamespace(cell_id=cell))


@pytest.fixture
def shell(monkeypatch):
    made = Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    return made


def test_cell_that_is_run_again_closes_what_it_made(shell, bench):
    shell.runs("first")
    one, two = bench(), bench()
    shell.runs("second")
    other = bench()
    shell.runs("first")
    assert [x._root is None for x in (one, two, other)] == [True, True, False]
    shell.runs("second")
    assert other._root is None
    assert shell.callbacks == [] and cleanup._cells.made == {}


def test_page_that_does_not_name_its_cells(shell, bench):
    one = bench()
    shell.runs(None)
    assert one._root is not None and shell.callbacks == []
