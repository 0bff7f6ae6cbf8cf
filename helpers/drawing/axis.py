"""A time axis: its unit, and the round times that are written along it."""

from __future__ import annotations

import math

from helpers.words import short

STEPS = (1, 2, 2.5, 5, 10)      # of these times a power of ten are the distances from tick to tick
ROOM = 60                       # pixels that a tick with its label needs
MOST = 8                        # distances from tick to tick, at most


class Unit:
    """The unit of a time axis: seconds, or smaller ones if the whole of it is short."""

    def __init__(self, until: float) -> None:
        if until >= 0.1 or until <= 0:
            self.factor, self.name = 1.0, "s"
        else:
            self.factor, self.name = (1e3, "ms") if until >= 1e-4 else (1e6, "µs")

    def words(self, value: float) -> str:
        """A duration in this unit, or in a smaller one if there is nothing left of it in this."""
        if self.name == "s" and 0.00995 <= value < 0.0995:
            return f"{value:.2g} s"
        return short(value)

    def tick(self, value: float) -> str:
        return f"{value * self.factor:,.10g} {self.name}"

    def ticks(self, until: float, columns: int = 800) -> list[float]:
        """Round times from 0 to `until`, so few that their labels have room in so many pixels.

        >>> Unit(1.2).ticks(1.2, 400)
        [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0, 1.2000000000000002]
        """
        if until <= 0:
            return [0.0]
        whole = until * self.factor
        least = whole / min(MOST, max(2, columns // ROOM))
        power = 10 ** math.floor(math.log10(least))
        step = next(step for step in (n * power for n in (*STEPS, 20)) if step >= least * (1 - 1e-10))
        count = math.floor(whole * (1 + 1e-9) / step)
        return [number * step / self.factor for number in range(count + 1)]
