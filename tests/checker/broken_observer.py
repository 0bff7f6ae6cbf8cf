"""Imported by the process of an answer in a test: what observes does not work any more."""

from __future__ import annotations

from typing import NoReturn

from helpers.checker import observe


def blank_notes() -> NoReturn:
    raise RuntimeError("no notes")


observe.blank_notes = blank_notes
