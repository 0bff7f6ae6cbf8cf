"""Step through a recorded run: `run.replay()`, last in a cell.

    run = simulate(main())
    run.replay()

Each step is one task's turn on the loop. What every step shows is computed when the replay is displayed, and moved by a
script on the page. So it needs no kernel: it works after a restart, in a stored notebook and in an exported page. Where
scripts do not run, as in a notebook that is not trusted, the steps are there as sentences.

A run may have more steps than a page can hold. A replay has at most 500 of them, and fewer if the tasks are very many:
`run.replay(step=1_200)` has those around step 1,200, and opens there.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from markupsafe import Markup

from helpers.arguments import recorded_run
from helpers.drawing.alternative_text import alternative_text
from helpers.drawing.figure import Bundle
from helpers.markup import script, tag
from helpers.recording import Recording
from helpers.wait_kinds import BLOCKED, RUN
from helpers.widgets.replay.listing import Listing
from helpers.widgets.replay.page import body, said, shell, styles
from helpers.widgets.replay.sentences import moment, tell
from helpers.widgets.replay.steps import Steps
from helpers.widgets.replay.strip import make_strip

MOST, LEAST = 500, 20       # so many steps are on a page,
STANDINGS = 100_000         # and so many states of tasks, at most: each takes some microseconds to find


class Replay:
    """What `run.replay()` returns: shows itself when it is last in a cell, and as text when printed.

    step   the number of the step at which it opens, from 1 on
    steps  the numbers of the steps that it holds, a range
    """

    def __init__(self, run: Recording, step: int = 1) -> None:
        recorded_run(run, Recording, "a replay needs a recorded run", "run.replay()",
                     advice="write run = simulate(main()), then run.replay()")
        last = sum(span.kind in (RUN, BLOCKED) for task in run.tasks for span in task.spans)
        if isinstance(step, bool) or not isinstance(step, int) or not 1 <= step <= max(last, 1):
            have = f"has the steps 1 to {last:,}" if last else "has no steps: no task had a turn on the loop"
            raise ValueError(f"step is the number of a step, and this run {have}; got {step!r}")
        self.run, self.step = run, step
        held = min(max(STANDINGS // len(run.tasks), LEAST), MOST)
        begin = (step - 1) // held * held
        self.steps = range(begin + 1, min(begin + held, last) + 1)
        self._last = last

    def __str__(self) -> str:
        return tell(self.run)

    __repr__ = __str__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        """The steps as sentences, which a terminal shows; and for a page the steps as HTML, if there are any."""
        bundle = {"text/plain": str(self)}
        if self.steps:
            bundle["text/html"] = str(self.html())
        return bundle, {"text/html": {"clock": self.run.clock}}

    def html(self, note: str = "A replay, as text. Run the cell to have it with buttons.") -> Markup:
        """The replay as HTML; `note` stands above its text where scripts do not run.

        Raises ValueError if the run has no steps.
        """
        if not self.steps:
            raise ValueError("this run has no steps to replay: no task had a turn on the loop")
        return tag(
            "div",
            tag("p", note),
            tag("pre", str(self), style="white-space: pre-wrap; overflow-wrap: break-word"),
            tag("script", Markup(self._packed()), type="application/json"),
            script("helpers.widgets.replay", "replay.js"),
            class_="wyw-replay", data_step=self.step - self.steps.start + 1,
        )

    def _packed(self) -> str:
        """What the script needs, as JSON, packed by gzip, in base64: the same bytes for the same run."""
        run, steps, listing = self.run, Steps(self.run), Listing(self.run)
        strip = make_strip(run, alt=alternative_text(run))
        shown: list[dict[str, Any]] = []
        for number in self.steps:
            step = steps[number - 1]
            shown.append({
                "said": str(said(step)), "body": str(body(step, listing)), "time": moment(run, step.time),
                "x": round(strip.x(step.time), 1), "y": round(strip.y(step.task), 1), "high": max(strip.lane, 6),
            })
        bodies = [each["body"] for each in shown]
        lines = max(html.count('class="wyw-line') for html in bodies)
        rows = max(html.count("<tr") + ('class="wyw-missing"' in html) for html in bodies)
        content = {
            "shell": str(styles(lines, rows) + shell(len(self.steps), Markup(strip.svg), self._others())),
            "steps": shown, "first": self.steps.start, "show": f"{self._last:,}",
            "left": strip.left, "right": strip.right,
        }
        return base64.b64encode(gzip.compress(json.dumps(content).encode(), mtime=0)).decode("ascii")

    def _others(self) -> str:
        """Where the steps are that this replay does not hold."""
        if len(self.steps) == self._last:
            return ""
        after = self.steps.stop if self.steps.stop <= self._last else 1
        return (f"These are the steps {self.steps.start:,} to {self.steps.stop - 1:,} of {self._last:,}. "
                f"For others, write the number of one: run.replay(step={after})")
