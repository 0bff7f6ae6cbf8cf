"""What tests of virtual time have in common: they leave the real one as it was."""

from __future__ import annotations

import threading
import time
import types
from time import monotonic
from time import sleep as nap

import pytest

from .programs import PATIENCE, REAL, identities


@pytest.fixture
def nothing_is_left_behind(request):
    """A test, whatever it does, leaves the time module, its own names and the threads as they were."""
    before, threads = identities(time), threading.active_count()
    own = identities(request.module)
    started = REAL["monotonic"]()
    yield
    while threading.active_count() > threads:               # a thread that hung needs a moment to end
        assert REAL["monotonic"]() < started + PATIENCE
        nap(0.001)
    assert identities(time) == before
    assert identities(request.module) == own
    assert nap is time.sleep and monotonic is time.monotonic
    assert type(time.sleep) is types.BuiltinFunctionType
