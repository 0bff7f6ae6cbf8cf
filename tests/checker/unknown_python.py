"""Imported by the process of an answer in a test: the recorder does not know its Python."""

from __future__ import annotations

from typing import NoReturn

from helpers.checker import observe
from helpers.recorder import UnknownPython


def simulate(*arguments: object, **options: object) -> NoReturn:
    raise UnknownPython("this Python has no asyncio")


observe.simulate = simulate
