"""What the tests of the exercises share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.checker import process
from tests.exercises import trying


@pytest.fixture(autouse=True, scope="package")
def two_spares() -> Iterator[None]:
    """Answers come one upon the other here: while one is checked, the processes of the next two get ready."""
    process.spares.count = 2
    yield
    process.spares.count = 1
    process.spares.close()
    trying.close()
