"""What the tests of the widgets share."""

from __future__ import annotations

import pytest
from ipywidgets.widgets import widget as registry

from helpers import lab, simulate
from tests.widgets.runs import ask_both


@pytest.fixture
def replay():
    """A replay; the name of one of its tasks looks like HTML."""
    return simulate(ask_both("<b>south</b>")).replay()


@pytest.fixture
def bench():
    """Makes labs, and closes them after the test; then no widget is left."""
    before = set(registry._instances)
    labs = []

    def make(**settings):
        labs.append(lab(**settings))
        return labs[-1]

    yield make
    for one in labs:
        one.close()
    assert set(registry._instances) == before


class Outputs(list):
    """The outputs of a cell: pairs of data and metadata. What updates them is in `kept`."""

    def __init__(self):
        self.kept = []

    def display(self, data, *, metadata=None, raw, display_id=None):
        assert raw
        self.append((data, metadata))
        return self if display_id else None

    def update(self, data, *, metadata, raw):
        assert raw
        self.kept.append((data, metadata))


@pytest.fixture
def outputs(monkeypatch):
    """What is displayed, instead of being displayed."""
    import IPython.display

    made = Outputs()
    monkeypatch.setattr(IPython.display, "display", made.display)
    return made
