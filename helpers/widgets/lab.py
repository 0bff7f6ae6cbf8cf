"""The lab: sliders over the ideas of the course, and a picture that follows them.

    lab()                                                   # last in a cell
    lab(requests=100, strategy="semaphore", limit=10)       # begin here; all settings: `lab_settings.Settings`

Every setting is a program, which is run in virtual time, at once: what is shown is what that program did, and
"Show the code" gives its text. A setting can be pinned, and then stands beside the next one, on the same time axis.
"When the shop is in trouble" unfolds the settings of an outage, and of what protects a program from it.

By keyboard: Tab goes from control to control, the arrow keys move a slider or choose from a list. `lab(sliders=False)`
has lists and fields for numbers only.

Nothing works in the background: a change is answered before the next message of the browser is looked at, and
ipywidgets sends no new value of a slider before the last one is answered. So values that are out of date by then
are never sent, and there is no task and no timer that could be left behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from helpers.drawing.svg import draw_svg
from helpers.drawing.timeline import mimebundle
from helpers.markup import tag
from helpers.recording import Recording
from helpers.widgets.afterwards import MOVES, TELLS, Shown
from helpers.widgets.cleanup import close_all, close_with_cell
from helpers.widgets.lab_controls import (
    IN_TROUBLE,
    PROGRAM,
    SHOP,
    enable,
    heading,
    make_controls,
    trouble_columns,
    values_of,
)
from helpers.widgets.lab_numbers import label, numbers
from helpers.widgets.lab_outcome import Outcome, run
from helpers.widgets.lab_program import source
from helpers.widgets.lab_settings import NAMES, Settings, differences

if TYPE_CHECKING:
    import ipywidgets as widgets

PINS = ("A", "B")
WIDTH, LANES = 660, 270     # pixels of the picture
LOW = 150                   # of the lanes of requests that arrive over time: a thin diagonal
TROUBLE = "When the shop is in trouble"
INSTEAD = {                 # what a Shop calls otherwise
    "closed": 'trouble="closed", trouble_from=2, trouble_for=1',
    "slow": 'trouble="slow", trouble_from=2, trouble_for=1, slower=5',
}


def lab(*, sliders: bool = True, **settings: Any) -> Lab:
    """The lab, beginning with these settings: `lab(requests=100, strategy="gather")`; last in a cell, it shows itself.

    sliders       False: lists to choose from and fields for numbers instead

    requests      1 to 1,000
    latency       seconds; jitter: "none", "uniform", "exponential" or "lognormal"; spread: of "lognormal", 0 to 5
    failure_rate  0 to 1
    capacity      how many requests the shop serves at once, None: any number; when_full: "queue" or "refuse"
    strategy      "one by one", "gather", "task group", "as completed", "semaphore" or "workers"
    limit         how many at a time, of a semaphore or of workers
    timeout       seconds for one attempt, or None; retries: 0 to 10; errors: "caught" or "raised"

    When the shop is in trouble, all of it off at first:

    per_second    how many requests arrive in a second, or None: all at once
    trouble       "slow" or "closed", or "none", from trouble_from for trouble_for seconds of the run;
                  slower: how many times as long a request takes then; when_closed: "queue" or "refuse"
    queue_size    how many may queue at the shop, or None; when_cancelled: "drop" or "finish" what was given up
    backoff       "exponential" or "full jitter", or "none": the wait before a retry, of first_wait seconds at first
    retry_budget  which share of all requests the retries may be, or None; budget_of: "requests" or "answers"
    deadline      seconds for a request with all its attempts, or None
    hedge         seconds after which a second request for the same item is sent, or None
    breaker       how many attempts in a row fail before no more are made, for breaker_pause seconds; or None
    rate_limit    how many attempts in a second, or None; burst: how many at once

    Raises TypeError or ValueError, which says what to write, for anything else.
    """
    unknown = [name for name in settings if name not in NAMES]
    if unknown:
        example = INSTEAD.get(unknown[0], 'requests=100, strategy="gather"')
        raise TypeError(f"lab() has no setting {unknown[0]!r}; there are {', '.join(NAMES)}: "
                        f"write for example lab({example})")
    return Lab(Settings(**settings), sliders)


class Lab:
    """What `lab()` gives. `run` is the recording, `code` the program, of the setting that is shown.

    controls  the sliders and choices by name: `controls["requests"].value = 100` does what dragging does
    pinned    the outcomes that are pinned, at most two
    """

    def __init__(self, settings: Settings, sliders: bool = True) -> None:
        self.outcome = run(settings)
        self.pinned: list[Outcome] = []
        self.controls: dict[str, Any] = {}
        self._root: Any = None
        self._build(sliders)
        close_with_cell(self)

    @property
    def settings(self) -> Settings:
        return self.outcome.settings

    @property
    def run(self) -> Recording:
        return self.outcome.recording

    @property
    def code(self) -> str:
        return source(self.settings)

    # -- the widgets ----------------------------------------------------------------------------

    def _build(self, sliders: bool) -> None:
        import ipywidgets as widgets  # late: a program that shows no widget does without

        self.controls = make_controls(self.settings, sliders)
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self._make_buttons()
        self.result, self.picture = widgets.HTML(), widgets.HTML()
        self.result.add_class(TELLS)
        self.listing = widgets.HTML(layout={"width": "100%", "display": "none"})
        self.listing.add_class("wyw-lab-code")
        # beside the controls it takes all that is left; below them, they have two columns
        right = widgets.VBox([self.result, self.picture], layout={"flex": "9999 1 480px", "min_width": "0"})
        panels = widgets.HBox([self._left(), right], layout={"flex_flow": "row wrap", "align_items": "flex-start"})
        self.trouble = trouble_columns(self.controls)
        self.trouble.add_class(MOVES)
        self.trouble_button.value = not set(IN_TROUBLE).isdisjoint(differences(self.settings, Settings()))
        self._show_trouble()
        self._root = widgets.VBox([panels, self.trouble, self.listing])
        self._root.add_class("wyw-lab")
        self._show()

    def _make_buttons(self) -> None:
        import ipywidgets as widgets

        self.pin_button = widgets.Button(description="Pin as A", tooltip="Keep this setting, to compare others with it",
                                         layout={"width": "84px"})
        self.unpin_button = widgets.Button(description="Unpin", tooltip="Forget the pinned settings", disabled=True,
                                           layout={"width": "84px"})
        self.code_button = widgets.ToggleButton(description="Show the code", tooltip="The program of this setting",
                                                layout={"width": "128px"})
        self.trouble_button = widgets.ToggleButton(
            tooltip="Outages, arrivals, waits, budgets, deadlines, hedges, a circuit breaker, a rate limit",
            layout={"width": "304px"})
        self.trouble_button.observe(self._show_trouble, "value")
        self.pin_button.on_click(lambda _: self.pin())
        self.unpin_button.on_click(lambda _: self.unpin())
        self.code_button.observe(self._show_code, "value")

    def _left(self) -> widgets.HBox:
        """The controls: the shop's settings, the program's, and the buttons; in two columns if there is room."""
        import ipywidgets as widgets

        shop, program = [[self.controls[name] for name in names] for names in (SHOP, PROGRAM)]
        buttons = widgets.HBox([self.pin_button, self.unpin_button, self.code_button])
        layout = {"flex": "0 1 330px", "overflow": "hidden"}
        left = widgets.HBox([
            widgets.VBox([heading("The shop"), *shop], layout=layout),
            widgets.VBox([heading("The program"), *program, buttons, self.trouble_button], layout=layout),
        ], layout={"flex": "1 1 330px", "flex_flow": "row wrap", "align_items": "flex-start"})
        left.add_class(MOVES)
        return left

    def _show_trouble(self, change: Any = None) -> None:
        """Unfold or fold the settings for a shop in trouble."""
        unfolded = self.trouble_button.value
        self.trouble.layout.display = None if unfolded else "none"
        self.trouble_button.description = f"{'▾' if unfolded else '▸'} {TROUBLE}"

    def _changed(self, change: Any) -> None:
        """A slider or a choice was moved."""
        settings = Settings(**values_of(self.controls))
        if settings != self.settings:
            self.outcome = run(settings)
            self._show()

    def _show(self) -> None:
        """Bring everything that is shown up to date."""
        enable(self.controls, self.settings)
        shown = self.shown()
        runs = [(label(name, outcome, shown), outcome.recording) for name, outcome in shown]
        if len(runs) == 1:
            runs = [("", runs[0][1])]
        alt = "Timeline. " + " ".join(f"{name}: {outcome}." for name, outcome in shown)
        trouble = _trouble([outcome.settings for _, outcome in shown])
        if trouble is not None:
            alt += f" {trouble[2].removeprefix('shaded: ').capitalize()}."
        height = LOW if all(outcome.settings.arriving for _, outcome in shown) else LANES
        self.picture.value = draw_svg(runs, width=WIDTH, lanes=height + 60 * (len(runs) - 1), alt=alt,
                                      shaded=trouble, failed=[outcome.in_vain for _, outcome in shown]).text
        self.result.value = str(numbers(shown))
        full = len(self.pinned) == len(PINS)
        self.pin_button.description = "Pinned" if full else f"Pin as {PINS[len(self.pinned)]}"
        self.pin_button.disabled = full or self.is_pinned
        self.unpin_button.disabled = not self.pinned
        if self.code_button.value:
            self._show_code()

    def _show_code(self, change: Any = None) -> None:
        self.listing.value = str(_listing(self.code))
        self.listing.layout.display = "flex" if self.code_button.value else "none"
        self.code_button.description = "Hide the code" if self.code_button.value else "Show the code"

    # -- pins -----------------------------------------------------------------------------------

    @property
    def is_pinned(self) -> bool:
        """Whether the setting that is shown is one of those pinned."""
        return self.settings in [outcome.settings for outcome in self.pinned]

    def shown(self) -> list[tuple[str, Outcome]]:
        """What is shown, with its name: the pinned settings, and the present one if it is none of them."""
        shown = list(zip(PINS, self.pinned))
        return shown if self.is_pinned else [*shown, ("now", self.outcome)]

    def pin(self) -> None:
        """Keep the present setting beside those to come. At most two are kept; another is not added."""
        if len(self.pinned) < len(PINS) and not self.is_pinned:
            self.pinned.append(self.outcome)
            self._show()

    def unpin(self) -> None:
        """Forget the pinned settings."""
        self.pinned.clear()
        self._show()

    def close(self) -> None:
        """Take the lab off the page. What it has found can still be read."""
        if self._root is not None:
            root, self._root = self._root, None
            for control in self.controls.values():
                control.unobserve_all()
            close_all(root)

    # -- in words -------------------------------------------------------------------------------

    def __str__(self) -> str:
        shown = self.shown()
        if len(shown) == 1:
            return f"lab: {shown[0][1].settings}\n{shown[0][1]}"
        return "\n".join(["lab:"] + [f"{name}: {outcome.settings}\n   {outcome}" for name, outcome in shown])

    __repr__ = __str__

    def _ipython_display_(self) -> None:
        """Jupyter asks for this: the widgets, and what stays of them when their kernel is gone."""
        import IPython.display

        if self._root is None:
            IPython.display.display({"text/plain": f"{self}\n(closed)"}, raw=True)
            return
        picture, metadata = mimebundle(self.run, before="The lab. ")
        Shown(self._root, "Lab", ({**picture, "text/plain": str(self)}, metadata),
              "This is what the lab showed when the cell was run.")


def _listing(code: str) -> Markup:
    """The program, to be read and copied: `instrument.js` makes the button work."""
    area = tag("textarea", "\n", code, readonly="", rows=code.count("\n") + 1, aria_label="The program", wrap="off",
               spellcheck="false",
               style="width:100%;box-sizing:border-box;font-family:var(--jp-code-font-family,monospace)")
    words = " Paste it into a cell of its own and run it: it does what the picture shows."
    return tag("div", tag("button", "Copy", class_="wyw-copy jupyter-button"), words, area)


def _trouble(shown: list[Settings]) -> tuple[float, float, str] | None:
    """From when to when the shop is in trouble, and which, if it is the same in all that is shown."""
    troubles = {(s.trouble, s.trouble_from, s.trouble_for) for s in shown}
    if len(troubles) > 1 or shown[0].trouble == "none":
        return None
    trouble, start, seconds = troubles.pop()
    return start, start + seconds, f"shaded: the shop is {trouble} from {start:g} to {start + seconds:g} s"
