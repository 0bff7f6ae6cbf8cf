"""The lab: sliders over the ideas of the course, and a picture that follows them.

    lab()                                                   # last in a cell
    lab(requests=100, strategy="semaphore", limit=10)       # begin here; all settings: `lab_program.Settings`

Every setting is a program, which is run in virtual time, at once: what is shown is what that program did, and
"Show the code" gives its text. A setting can be pinned, and then stands beside the next one, on the same time axis.

By keyboard: Tab goes from control to control, the arrow keys move a slider, Enter opens a list (JupyterLab keeps the
arrow keys of a closed one for itself). Sliders of ipywidgets have no name for a screen reader: `lab(sliders=False)`.

Nothing works in the background: a change is answered before the next message of the browser is looked at, and
ipywidgets sends no new value of a slider before the last one is answered. So values that are out of date by then
are never sent, and there is no task and no timer that could be left behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from helpers.drawing.svg import draw_svg
from helpers.drawing.timeline import mimebundle
from helpers.markup import tag
from helpers.recording import Recording
from helpers.simulated_io import JITTERS, QUEUE, REFUSE
from helpers.widgets.cleanup import close_all, close_with_cell
from helpers.widgets.lab_outcome import Outcome, run
from helpers.widgets.lab_program import source
from helpers.widgets.lab_settings import CAUGHT, LIMITED, RAISED, STRATEGIES, Settings, differences
from helpers.words import clip, first_line, short

if TYPE_CHECKING:
    import ipywidgets as widgets

PINS = ("A", "B")
CELL = "text-align:right;padding:1px 12px 1px 0;font-size:15px;white-space:nowrap"      # of the table of numbers
HEAD = "text-align:right;padding:0 12px 0 0;font-weight:normal;white-space:nowrap"
WIDTH, LANES = 660, 270     # pixels of the picture
LABEL = "86px"              # the width of the words before a control
COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500,
          600, 800, 1_000)
CAPACITIES = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 100, 200, 500, None)
LIMITS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)
TIMEOUTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, None)

WORDS = {
    "requests": "requests", "latency": "latency (s)", "jitter": "jitter", "failure_rate": "failures",
    "capacity": "shop serves", "when_full": "the others", "strategy": "strategy", "limit": "at a time",
    "timeout": "timeout (s)", "retries": "retries", "errors": "errors are",
}
SHOP, PROGRAM = list(WORDS)[:6], list(WORDS)[6:]    # whose settings they are
PHRASES = {
    "strategy": "{}", "requests": "{} requests", "limit": "{} at a time", "latency": "latency {} s",
    "jitter": "jitter {}",
    "failure_rate": "failures {}", "capacity": "shop serves {}", "when_full": "full shop: {}", "timeout": "timeout {}",
    "retries": "{} retries", "errors": "errors {}",
}
TIPS = {
    "requests": "How many prices the program asks for, each of another item",
    "latency": "Seconds that the shop takes for a request, on average",
    "jitter": "How the latency varies from request to request",
    "failure_rate": "The share of requests that end with an error",
    "capacity": "How many requests the shop serves at the same time",
    "when_full": "What happens to requests while the shop is full",
    "strategy": "How the program asks for all of them",
    "limit": "How many requests the program has under way at a time: of a semaphore, or the number of workers",
    "timeout": "Seconds after which the program gives a request up",
    "retries": "How often the program repeats a request that failed or took too long",
    "errors": "What happens when the last attempt fails",
}


def lab(*, sliders: bool = True, **settings: Any) -> Lab:
    """The lab, beginning with these settings: `lab(requests=100, strategy="gather")`; last in a cell, it shows itself.

    sliders       False: lists to choose from and fields for numbers instead, which screen readers can name

    requests      1 to 1,000
    latency       seconds; jitter: "none", "uniform", "exponential" or "lognormal"
    failure_rate  0 to 1
    capacity      how many requests the shop serves at once, None: any number; when_full: "queue" or "refuse"
    strategy      "one by one", "gather", "task group", "as completed", "semaphore" or "workers"
    limit         how many at a time, of a semaphore or of workers
    timeout       seconds for one attempt, or None; retries: 0 to 10; errors: "caught" or "raised"

    Raises TypeError or ValueError, which says what to write, for anything else.
    """
    unknown = [name for name in settings if name not in WORDS]
    if unknown:
        raise TypeError(f"lab() has no setting {unknown[0]!r}; there are {', '.join(WORDS)}: "
                        'write for example lab(requests=100, strategy="gather")')
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

        self.controls = self._make_controls(sliders)
        self._make_buttons()
        self.result, self.picture = widgets.HTML(), widgets.HTML()
        self.listing = widgets.Textarea(
            description="program", tooltip="Copy it into a cell and run it: it does what the picture shows",
            layout={"width": "100%", "display": "none"}, style={"description_width": LABEL},
        )
        self.listing.add_class("wyw-lab-code")
        right = widgets.VBox([self.result, self.picture], layout={"flex": "1 1 500px", "min_width": "0"})
        panels = widgets.HBox([self._left(), right], layout={"flex_flow": "row wrap", "align_items": "flex-start"})
        self._root = widgets.VBox([panels, self.listing])
        self._root.add_class("wyw-lab")
        self._show()

    def _make_controls(self, sliders: bool) -> dict[str, Any]:
        """A slider or a choice for each setting, in the order in which they stand on the page."""
        import ipywidgets as widgets

        s = self.settings
        choose = widgets.SelectionSlider if sliders else widgets.Dropdown
        number = widgets.FloatSlider if sliders else widgets.BoundedFloatText
        whole = widgets.IntSlider if sliders else widgets.BoundedIntText
        controls = {
            "requests": choose(**_options(COUNTS, s.requests)),
            "latency": number(value=s.latency, min=0.0, max=max(2.0, s.latency), step=0.05),
            "jitter": widgets.Dropdown(options=JITTERS, value=s.jitter),
            "failure_rate": number(value=s.failure_rate, min=0.0, max=1.0, step=0.05),
            "capacity": choose(**_options(CAPACITIES, s.capacity, "any")),
            "when_full": widgets.Dropdown(options=[("wait in a queue", QUEUE), ("are refused", REFUSE)],
                                          value=s.when_full),
            "strategy": widgets.Dropdown(options=STRATEGIES, value=s.strategy),
            "limit": choose(**_options(LIMITS, s.limit)),
            "timeout": choose(**_options(TIMEOUTS, s.timeout, "none")),
            "retries": whole(value=s.retries, min=0, max=max(5, s.retries)),
            "errors": widgets.Dropdown(options=[("caught: no price", CAUGHT), ("raised", RAISED)], value=s.errors),
        }
        for name, control in controls.items():
            control.description, control.tooltip = WORDS[name], TIPS[name]
            control.style.description_width = LABEL
            control.layout.width = "310px"
            if hasattr(control, "readout_format"):
                control.readout_format = {"latency": ".2f", "failure_rate": ".0%"}.get(name, "d")
            control.observe(self._changed, "value")
        return controls

    def _make_buttons(self) -> None:
        import ipywidgets as widgets

        self.pin_button = widgets.Button(description="Pin as A", tooltip="Keep this setting, to compare others with it",
                                         layout={"width": "84px"})
        self.unpin_button = widgets.Button(description="Unpin", tooltip="Forget the pinned settings", disabled=True,
                                           layout={"width": "84px"})
        self.code_button = widgets.ToggleButton(description="Show the code", tooltip="The program of this setting",
                                                layout={"width": "128px"})
        self.pin_button.on_click(lambda _: self.pin())
        self.unpin_button.on_click(lambda _: self.unpin())
        self.code_button.observe(self._show_code, "value")

    def _left(self) -> widgets.VBox:
        """The column of controls: the shop's settings, the program's, and the buttons."""
        import ipywidgets as widgets

        shop, program = [[self.controls[name] for name in names] for names in (SHOP, PROGRAM)]
        buttons = widgets.HBox([self.pin_button, self.unpin_button, self.code_button])
        return widgets.VBox([_heading("The shop"), *shop, _heading("The program"), *program, buttons],
                            layout={"flex": "0 0 330px", "overflow": "hidden"})

    def _changed(self, change: Any) -> None:
        """A slider or a choice was moved."""
        values = {name: control.value for name, control in self.controls.items()}
        for name in ("capacity", "timeout"):
            values[name] = values[name] or None
        for name in ("latency", "failure_rate"):
            values[name] = round(values[name], 6)       # steps of a slider are not exact: 0.30000000000000004
        settings = Settings(**values)
        if settings != self.settings:
            self.outcome = run(settings)
            self._show()

    def _show(self) -> None:
        """Bring everything that is shown up to date."""
        s = self.settings
        self.controls["when_full"].disabled = s.capacity is None
        self.controls["limit"].disabled = s.strategy not in LIMITED
        self.controls["retries"].disabled = self.controls["errors"].disabled = not s.can_fail
        shown = self.shown()
        runs = [(_label(name, outcome, shown), outcome.recording) for name, outcome in shown]
        if len(runs) == 1:
            runs = [("", runs[0][1])]
        alt = "Timeline. " + " ".join(f"{name}: {outcome}." for name, outcome in shown)
        self.picture.value = draw_svg(runs, width=WIDTH, lanes=LANES + 60 * (len(runs) - 1), alt=alt).text
        self.result.value = str(_table(shown))
        full = len(self.pinned) == len(PINS)
        self.pin_button.description = "Pinned" if full else f"Pin as {PINS[len(self.pinned)]}"
        self.pin_button.disabled = full or self.is_pinned
        self.unpin_button.disabled = not self.pinned
        if self.code_button.value:
            self.listing.value = self.code

    def _show_code(self, change: Any) -> None:
        self.listing.rows = self.code.count("\n") + 1
        self.listing.value = self.code
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

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """The widgets for a page with a kernel behind it, picture and text for all others."""
        if self._root is None:
            return {"text/plain": f"{self}\n(closed)"}
        # the picture is for pages without a kernel behind them, such as a stored notebook
        picture, metadata = mimebundle(self.run)
        metadata["image/png"]["alt"] = f"The lab. {metadata['image/png']['alt']}"
        return {**picture, **self._root._repr_mimebundle_(), "text/plain": str(self)}, metadata


def _options(values: Iterable[Any], chosen: Any, none: str = "none") -> dict[str, Any]:
    """What a slider over some values wants; None, if it is among them, stands last, and is 0: sliders know no None."""
    own = {*values, chosen}
    options = [(f"{value:,}", value) for value in sorted(own - {None})]
    if None in own:
        options.append((none, 0))
    return {"options": options, "value": chosen or 0}


def _heading(words: str) -> widgets.HTML:
    import ipywidgets as widgets

    return widgets.HTML(str(tag("b", words, style="line-height:1.2")))


def _label(name: str, outcome: Outcome, shown: list[tuple[str, Outcome]]) -> str:
    """The name of one of several settings, and what is different in it."""
    settings = outcome.settings
    different = {field for _, other in shown for field in differences(settings, other.settings)}
    if settings.strategy not in LIMITED:
        different.discard("limit")
    words = [PHRASES[field].format(_value(getattr(settings, field))) for field in PHRASES if field in different]
    return f"{name}: {', '.join(words)}"


def _value(value: Any) -> str:
    return "any" if value is None else f"{value:,}" if isinstance(value, (int, float)) else str(value)


def _table(shown: list[tuple[str, Outcome]]) -> Markup:
    """The numbers, a row for each setting; screen readers are told when they change."""
    columns = [tag("th", name, scope="col", style=HEAD)
               for name in ("time", "prices per second", "peak in flight", "failed", "attempts")]
    rows = [tag("tr", tag("td"), *columns), *(_row(name, outcome) for name, outcome in shown)]
    errors = [
        tag("div", f"✕ {name} ended with {clip(first_line(outcome.recording.error), 90)}", style="line-height:1.4")
        for name, outcome in shown if outcome.recording.error
    ]
    return tag("div", tag("table", *rows, style="line-height:1.3"), *errors, role="status", aria_live="polite",
               aria_label="results", class_="wyw-lab-result")


def _row(name: str, outcome: Outcome) -> Markup:
    numbers = (short(outcome.recording.elapsed), outcome.rate, f"{outcome.peak:,}",
               f"{outcome.failed:,} of {outcome.settings.requests:,}", f"{outcome.sent:,}")
    cells = [tag("td", tag("b", number), style=CELL) for number in numbers]
    return tag("tr", tag("th", name, scope="row", style=HEAD), *cells)
