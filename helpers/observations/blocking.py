"""The rule about the loop: who blocks it, and who is kept waiting meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from helpers import footnotes
from helpers.observations.observation import NAMES, Observation, name_of, total
from helpers.recording import Place, Recording, Span
from helpers.wait_kinds import BLOCKED, READY
from helpers.words import listed, seconds


def blocked(run: Recording) -> Iterator[Observation]:
    """A turn takes a tenth of a second or more, or as long as the recording was told to count as blocking.

    Of a run in real time the words stand in lines that `tests/sanitize.cfg` takes out before notebooks are compared: on
    a busy machine any turn may be long.
    """
    found: dict[tuple[int, str, Place | None], list[Span]] = {}
    for task in run.tasks:
        for span in task.spans:
            if span.kind == BLOCKED:
                found.setdefault((task.id, name_of(run, task), span.place), []).append(span)
    for span in run.callbacks:
        found.setdefault((-1, footnotes.callback(span), span.place), []).append(span)
    late = [(task.id, span) for task in run.tasks for span in task.spans
            if span.kind == READY and span.end > span.start]
    for (number, who, place), spans in found.items():
        kept = dict.fromkeys(
            other for other, ready in late if other != number
            and any(max(ready.start, span.start) < min(ready.end, span.end) for span in spans))
        names = listed((name_of(run, each) for each in kept), most=NAMES)
        words = footnotes.blocks_at(who, place, known=run.clock == "virtual")
        numbers: dict[str, float] = {"turns": len(spans), "kept waiting": len(kept)}
        if run.clock == "virtual":
            numbers["seconds"] = total(spans)
            times = f" in {len(spans):,} turns," if len(spans) > 1 else ""
            words += f"{times} for {seconds(total(spans))}"
            words += (f"; ready but kept waiting meanwhile: {names}." if kept
                      else "; no other task of this run is ready meanwhile.")
        elif kept:
            words += f"\nready but kept waiting: {names}"
        tasks = (number, *kept) if number >= 0 else tuple(kept)
        yield Observation("blocked", tasks, place, numbers, words)
