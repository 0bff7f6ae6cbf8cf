"""Imported by the process of an answer in a test: the recorder finds that it does not know its Python by the answer."""

from __future__ import annotations

import sys
from typing import Any

from helpers.checker import observe
from helpers.recorder import UnknownPython
from helpers.recording import Recording
from helpers.virtual import simulate


def fails_with_the_answer(*arguments: Any, **options: Any) -> Recording:
    """As `simulate`, but when the answer has begun: only then is the origin of coroutines tracked."""
    run = simulate(*arguments, **options)
    if sys.get_coroutine_origin_tracking_depth():
        raise UnknownPython("this Python has no asyncio")
    return run


observe.simulate = fails_with_the_answer
