"""No test of the recorder leaves anything replaced, noted or running."""

from asyncio import events

import pytest

from helpers.recorder import notes, turns
from tests.recorder.programs import HANDLE_RUN, watchdogs


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    yield
    assert events.Handle._run is HANDLE_RUN
    assert turns.WATCHES == {} and notes.ROWS == {}
    assert watchdogs() == []
