"""The controls of the lab: a slider or a list for each setting, what they are called, and where they stand.

Sliders know no None: where a setting may be off, `OFF` stands for it, or 0 where 0 would be no setting of its own.
A control whose setting has no effect beside the others is disabled; one that belongs to another control is hidden then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from helpers.markup import tag
from helpers.simulated_io import DROP, FINISH, JITTERS, QUEUE, REFUSE
from helpers.widgets.lab_settings import (
    ANSWERS,
    BACKOFFS,
    CAUGHT,
    CLOSED,
    NAMES,
    RAISED,
    REQUESTS,
    SLOW,
    STRATEGIES,
    Settings,
)

if TYPE_CHECKING:
    import ipywidgets as widgets

LABEL = "86px"              # the width of the words before a control
WIDER = "100px"             # of those about trouble
COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500,
          600, 800, 1_000)
CAPACITIES = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 100, 200, 500, None)
LIMITS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)
TIMEOUTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, None)
SLOWER = (2.0, 3.0, 5.0, 10.0, 20.0)
QUEUES = (0, 1, 2, 3, 5, 10, 15, 20, 30, 50, 100, None)
RATES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 20, 22, 24, 26, 28, 30, 35, 40, 50, 60, 80, 100, None)
WAITS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
BUDGETS = (0.05, 0.1, 0.2, 0.3, 0.5, None)
BREAKERS = (1, 2, 3, 4, 5, 8, 10, 20, 50, None)
PAUSES = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
BURSTS = (1, 2, 5, 10, 20, 50)

OFF = -1
NO: dict[str, int] = {"capacity": 0, "timeout": 0}      # what stands for None, where it is not OFF
ROUNDED = ("latency", "spread", "failure_rate", "trouble_from", "trouble_for")    # sliders whose steps are not exact

SHOP = ("requests", "latency", "jitter", "spread", "failure_rate", "capacity", "when_full")
PROGRAM = ("strategy", "limit", "timeout", "retries", "errors")
TROUBLE: dict[str, tuple[str, ...]] = {                 # the columns of the group that is folded, by their headings
    "The shop in trouble": ("trouble", "trouble_from", "trouble_for", "slower", "when_closed", "queue_size",
                            "when_cancelled"),
    "Arrivals and retries": ("per_second", "backoff", "first_wait", "retry_budget", "budget_of"),
    "Protection": ("deadline", "hedge", "breaker", "breaker_pause", "rate_limit", "burst"),
}
IN_TROUBLE = tuple(name for names in TROUBLE.values() for name in names)
PARTS = ("spread", "trouble_from", "trouble_for", "slower", "when_closed", "first_wait", "budget_of", "breaker_pause",
         "burst")

WORDS = {
    "requests": "requests", "latency": "latency (s)", "jitter": "jitter", "spread": "spread",
    "failure_rate": "failures", "capacity": "shop serves", "when_full": "the others",
    "strategy": "strategy", "limit": "at a time",
    "timeout": "timeout (s)", "retries": "retries", "errors": "errors are",
    "per_second": "arrive per s", "trouble": "trouble", "trouble_from": "from (s)", "trouble_for": "for (s)",
    "slower": "times as slow", "when_closed": "requests then", "queue_size": "may queue",
    "when_cancelled": "cancelled ones",
    "backoff": "wait", "first_wait": "first wait (s)", "retry_budget": "retry budget", "budget_of": "of all",
    "deadline": "deadline (s)",
    "hedge": "hedge after (s)", "breaker": "breaker after", "breaker_pause": "pause (s)", "rate_limit": "calls per s",
    "burst": "at once",
}
PHRASES = {
    "strategy": "{}", "requests": "{} requests", "per_second": "arriving per s: {}", "limit": "{} at a time",
    "latency": "latency {} s", "jitter": "jitter {}", "spread": "spread {}",
    "failure_rate": "failures {}", "capacity": "shop serves {}",
    "when_full": "full shop: {}", "trouble": "trouble {}", "trouble_from": "from {} s", "trouble_for": "for {} s",
    "slower": "{} times as slow", "when_closed": "closed: {}", "queue_size": "may queue: {}",
    "when_cancelled": "cancelled: {}",
    "timeout": "timeout {}", "retries": "{} retries", "backoff": "wait {}", "first_wait": "first wait {} s",
    "retry_budget": "budget {}", "budget_of": "of the {}", "deadline": "deadline {}", "hedge": "hedge {}",
    "breaker": "breaker {}", "breaker_pause": "open for {} s", "rate_limit": "calls per s: {}", "burst": "burst {}",
    "errors": "errors {}",
}
TIPS = {
    "requests": "How many prices the program asks for, each of another item",
    "latency": "Seconds that the shop takes for a request, on average",
    "jitter": "How the latency varies from request to request",
    "spread": "How far the latencies differ: the larger, the longer the slowest take",
    "failure_rate": "The share of requests that end with an error",
    "capacity": "How many requests the shop serves at the same time",
    "when_full": "What happens to requests while the shop is full",
    "strategy": "How the program asks for all of them",
    "limit": "How many requests the program has under way at a time: of a semaphore, or the number of workers",
    "timeout": "Seconds after which the program gives a request up",
    "retries": "How often the program repeats a request that failed or took too long",
    "errors": "What happens when the last attempt fails",
    "per_second": "How many requests arrive in a second, evenly; otherwise all are there at once",
    "trouble": "What is the matter with the shop, for a stretch of the run",
    "trouble_from": "When it begins, in seconds of the run",
    "trouble_for": "How many seconds it lasts",
    "slower": "How many times as long a request takes meanwhile",
    "when_closed": "What happens to requests while the shop is closed",
    "queue_size": "How many requests may queue at the shop; one more is refused at once",
    "when_cancelled": "What the shop does with a request that the program has given up",
    "backoff": "How long the program waits before a retry: exponential doubles with each, up to 5 s; full jitter is a "
               "random part of that",
    "first_wait": "Seconds before the first retry; of full jitter, at most",
    "retry_budget": "Which share of all requests, or of all answers, the retries may be",
    "budget_of": "Whether every request adds to the retry budget, or only one that was answered",
    "deadline": "Seconds for a request with all its attempts and waits",
    "hedge": "Seconds after which a second request for the same item is sent: the first answer counts",
    "breaker": "After how many failures in a row the program stops asking",
    "breaker_pause": "Seconds until it tries a single request again",
    "rate_limit": "How many requests the program sends in a second: a token bucket",
    "burst": "How many it may send at once after a pause: the size of the bucket",
}
CAN_FAIL = "an attempt can fail: failures, a timeout, or a shop that refuses"
NEEDS = {       # when a control that is disabled would have an effect
    "when_full": "the shop serves a limited number",
    "limit": "the strategy is semaphore or workers",
    "retries": CAN_FAIL,
    "errors": "a request can fail",
    "queue_size": "requests queue at the shop: it serves a limited number, or is closed",
    "when_cancelled": "the program gives requests up: a timeout, a deadline, a hedge",
    "per_second": "the strategy is another one than one by one",
    "backoff": "there are retries",
    "retry_budget": "there are retries",
    "breaker": CAN_FAIL,
}


def make_controls(s: Settings, sliders: bool) -> dict[str, Any]:
    """A slider or a choice for each setting, in the order in which they stand on the page."""
    import ipywidgets as widgets

    choose = widgets.SelectionSlider if sliders else widgets.Dropdown
    number = widgets.FloatSlider if sliders else widgets.BoundedFloatText
    whole = widgets.IntSlider if sliders else widgets.BoundedIntText
    controls = {
        "requests": choose(**_options(COUNTS, s.requests)),
        "latency": number(value=s.latency, min=0.0, max=max(2.0, s.latency), step=0.05),
        "jitter": widgets.Dropdown(options=JITTERS, value=s.jitter),
        "spread": number(value=s.spread, min=0.0, max=max(2.0, s.spread), step=0.1),
        "failure_rate": number(value=s.failure_rate, min=0.0, max=1.0, step=0.05),
        "capacity": choose(**_options(CAPACITIES, s.capacity, "any", NO["capacity"])),
        "when_full": widgets.Dropdown(options=[("wait in a queue", QUEUE), ("are refused", REFUSE)],
                                      value=s.when_full),
        "strategy": widgets.Dropdown(options=STRATEGIES, value=s.strategy),
        "limit": choose(**_options(LIMITS, s.limit)),
        "timeout": choose(**_options(TIMEOUTS, s.timeout, "none", NO["timeout"])),
        "retries": whole(value=s.retries, min=0, max=max(5, s.retries)),
        "errors": widgets.Dropdown(options=[("caught: no price", CAUGHT), ("raised", RAISED)], value=s.errors),
        "per_second": choose(**_options(RATES, s.per_second, "at once")),
        "trouble": widgets.Dropdown(options=[("none", "none"), ("slow for a while", SLOW),
                                             ("closed for a while", CLOSED)], value=s.trouble),
        "trouble_from": number(value=s.trouble_from, min=0.0, max=max(20.0, s.trouble_from), step=0.5),
        "trouble_for": number(value=s.trouble_for, min=min(0.5, s.trouble_for), max=max(20.0, s.trouble_for), step=0.5),
        "slower": choose(**_options(SLOWER, s.slower)),
        "when_closed": widgets.Dropdown(options=[("wait until it opens", QUEUE), ("are refused", REFUSE)],
                                        value=s.when_closed),
        "queue_size": choose(**_options(QUEUES, s.queue_size, "any")),
        "when_cancelled": widgets.Dropdown(options=[("are dropped", DROP), ("are worked off", FINISH)],
                                           value=s.when_cancelled),
        "backoff": widgets.Dropdown(options=BACKOFFS, value=s.backoff),
        "first_wait": choose(**_options(WAITS, s.first_wait)),
        "retry_budget": choose(**_options(BUDGETS, s.retry_budget, "none", percent=True)),
        "budget_of": widgets.Dropdown(options=[REQUESTS, ANSWERS], value=s.budget_of),
        "deadline": choose(**_options(TIMEOUTS, s.deadline)),
        "hedge": choose(**_options(TIMEOUTS, s.hedge, "never")),
        "breaker": choose(**_options(BREAKERS, s.breaker, "never")),
        "breaker_pause": choose(**_options(PAUSES, s.breaker_pause)),
        "rate_limit": choose(**_options(RATES, s.rate_limit, "any")),
        "burst": choose(**_options(BURSTS, s.burst)),
    }
    for name, control in controls.items():
        if isinstance(control, widgets.SelectionSlider):
            control.add_class("wyw-choice")         # what is typed beside it has no effect: `instrument.js`
        control.description = WORDS[name]
        control.style.description_width = WIDER if name in IN_TROUBLE else LABEL
        control.layout.width = "auto" if name in IN_TROUBLE else "310px"
        control.layout.max_width = "310px"
        if hasattr(control, "readout_format"):
            if name == "failure_rate":
                control.add_class("wyw-percent")    # shown as 10%: `instrument.js` takes what is typed as such
            control.readout_format = {"latency": ".2f", "failure_rate": ".0%", "retries": "d"}.get(name, ".1f")
    return controls


def values_of(controls: dict[str, Any]) -> dict[str, Any]:
    """The settings that the controls show."""
    values = {name: control.value for name, control in controls.items()}
    for name, value in values.items():
        if name in ROUNDED:
            values[name] = round(value, 6)      # 0.30000000000000004
        elif value == NO.get(name, OFF):
            values[name] = None
    return values


def enable(controls: dict[str, Any], settings: Settings) -> None:
    """Disable what has no effect, and say why; hide what then has nothing to belong to."""
    effective = settings.effective
    for name in NAMES:
        control, useful = controls[name], name in effective
        control.disabled = not useful
        control.tooltip = TIPS[name] if useful or name not in NEEDS else f"{TIPS[name]}. Has an effect if {NEEDS[name]}"
        if name in PARTS:
            control.layout.display = None if useful else "none"


def trouble_columns(controls: dict[str, Any]) -> widgets.HBox:
    """The controls of what happens when the shop is in trouble, in columns that stand beside each other if there is
    room."""
    import ipywidgets as widgets

    layout = {"flex": "1 1 270px", "max_width": "350px", "overflow": "hidden"}
    columns = [widgets.VBox([heading(words), *(controls[name] for name in names)], layout=layout)
               for words, names in TROUBLE.items()]
    return widgets.HBox(columns, layout={"flex_flow": "row wrap", "align_items": "flex-start"})


def heading(words: str) -> widgets.HTML:
    import ipywidgets as widgets

    return widgets.HTML(str(tag("b", words, style="line-height:1.2")))


def _options(values: Iterable[Any], chosen: Any, none: str = "none", off: int = OFF, *,
             percent: bool = False) -> dict[str, Any]:
    """What a slider over some values wants; None, if it is among them, stands last, and is `off`."""
    own = {chosen, *values}         # the chosen one first: of 2 and 2.0 it is the one that stays
    options = [(f"{100 * value:.4g} %" if percent else f"{value:,}", value) for value in sorted(own - {None})]
    if None in own:
        options.append((none, off))
    return {"options": options, "value": off if chosen is None else chosen}
