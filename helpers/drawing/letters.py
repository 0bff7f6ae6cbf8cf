"""Letters, as far as a layout has to know them: which can be shown, how wide they are, and what fits.

A painter knows its letters: the PNG measures those of DejaVu Sans, the SVG assumes an average width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

# beside a lane; in it; in it, bold; above the lanes of a run; above all
Role = Literal["name", "small", "strong", "label", "title"]
LONGEST = 300                                           # characters: more of them fit nowhere


class Letters(Protocol):
    """What a painter writes with."""

    def clean(self, text: str) -> str:
        """`text` on one line, as it can be shown."""

    def measure(self, words: str, role: Role) -> float:
        """The width of `words` in pixels."""


def fitted(words: str, room: float, measure: Callable[[str], float]) -> str:
    """`words`, clipped so that they take at most `room` pixels.

    >>> fitted("a long name", 60, measure=lambda words: 10 * len(words))
    'a lon…'
    """
    words = words[:LONGEST]
    if measure(words) <= room:
        return words
    low, high = 0, len(words)
    while low < high:                               # the longest beginning that fits
        middle = (low + high + 1) // 2
        if measure(words[:middle].rstrip() + "…") <= room:
            low = middle
        else:
            high = middle - 1
    return words[:low].rstrip() + "…"
