"""The mutants that are solutions, too, each with the reason why: see `mutation.py`."""

from __future__ import annotations

HARMLESS: dict[str, dict[str, str]] = {
}
