"""What the rules found in a run, as text and, last in a cell, as HTML.

The observations stand in the order of the seconds that they are about; of a run in real time, where seconds differ from
run to run, in the order of the rules. Some are shown, and all can be iterated over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from helpers.markup import joined, tag
from helpers.observations.blocking import blocked
from helpers.observations.observation import Observation
from helpers.observations.tasks import awaited_at_once, straggler, unfinished
from helpers.observations.waiting import fan_out, limit, polling, staircase
from helpers.recording import Recording

RULES: tuple[Callable[[Recording], Iterable[Observation]], ...] = (
    blocked, staircase, awaited_at_once, straggler, polling, limit, fan_out, unfinished,
)
MOST = 7                # observations that are shown
BLOCKS = 3              # of these, in real time, ones about a blocked loop


class Explanation:
    """What `run.explain()` gives: shows itself when it is last in a cell, and as text when printed.

    `observations` has all; so does a loop over it. Shown are the first seven.
    """

    def __init__(self, run: Recording) -> None:
        found = [observation for rule in RULES for observation in rule(run)]
        if run.clock == "virtual":
            found.sort(key=lambda each: -each.numbers.get("seconds", 0.0))      # stable: the order of the rules
        self.observations: tuple[Observation, ...] = tuple(found)
        # in real time a busy machine adds blocks: whatever else is shown does not depend on them
        self._blocks = [each for each in found if each.rule == "blocked"] if run.clock == "real" else []
        self._rest = [each for each in found if each not in self._blocks]

    def __iter__(self) -> Iterator[Observation]:
        return iter(self.observations)

    def __len__(self) -> int:
        return len(self.observations)

    def __bool__(self) -> bool:
        """An explanation is there, even if no rule found anything."""
        return True

    @property
    def paragraphs(self) -> list[str]:
        """What is shown, each with a full stop but for the lines about blocks in real time."""
        told = [each.words for each in self._blocks[:BLOCKS]]
        if len(self._blocks) > BLOCKS:
            told.append(f"the loop is blocked at {len(self._blocks) - BLOCKS:,} more places")
        told += [each.words for each in self._rest[:MOST]]
        more = len(self._rest) - MOST
        if more > 0:
            told.append(f"{more:,} more {'is' if more == 1 else 'are'} in list(run.explain()).")
        if not self._rest:
            rules = f"other {len(RULES) - 1}" if self._blocks else f"{len(RULES)}"
            told.append(f"None of the {rules} rules found anything in this run, which is no proof of anything.")
        return told

    def __str__(self) -> str:
        return "\n".join(self.paragraphs)

    __repr__ = __str__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Jupyter asks for this: the text, and the same as HTML, a line for each line of the text."""
        rows = [tag("p", joined(text.split("\n"), tag("br") + "\n")) for text in self.paragraphs]
        html = tag("div", "\n", joined(rows, "\n"), "\n", role="group",
                   aria_label="Observations on the run")
        return {"text/plain": str(self), "text/html": str(html)}
