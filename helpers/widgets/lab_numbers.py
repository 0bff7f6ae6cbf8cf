"""The numbers of the lab, as tables: a row for each setting that is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from helpers.markup import tag
from helpers.widgets.lab_controls import PHRASES
from helpers.widgets.lab_outcome import Outcome, percent
from helpers.widgets.lab_settings import differences
from helpers.words import clip, count, first_line, short

CELL = "text-align:right;padding:1px 12px 1px 0;font-size:15px;white-space:nowrap"
HEAD = "text-align:right;padding:0 12px 0 0;font-weight:normal;white-space:nowrap"
SHARE = "text-align:center;padding:1px 2px;width:42px;white-space:nowrap"
BAR = "height:5px;margin-top:1px;border:1px solid currentColor;width:36px;display:inline-block"
TABLE = "line-height:1.3"

Shown = Sequence[tuple[str, Outcome]]
Column = Callable[[Outcome], str]

ALWAYS: dict[str, Column] = {
    "time": lambda o: short(o.recording.elapsed),
    "prices per second": lambda o: o.rate,
    "peak in flight": lambda o: f"{o.peak:,}" if o.recording.elapsed > 0 else "-",
    "failed": lambda o: f"{o.failed:,} of {o.settings.requests:,}",
    "attempts": lambda o: f"{o.sent:,}",
}
SOMETIMES: dict[str, tuple[Callable[[Outcome], bool], Column]] = {     # and whether there is something to tell
    "refused": (lambda o: o.refused > 0, lambda o: f"{o.refused:,}"),
    "dropped": (lambda o: o.dropped > 0 and o.settings.hedge is not None, lambda o: f"{o.dropped:,}"),
    "wasted": (lambda o: o.wasted > 0, lambda o: f"{o.wasted:,}"),
    "not sent": (lambda o: o.spared > 0, lambda o: f"{o.spared:,}"),
    "99 % ended within": (lambda o: o.tells_when, lambda o: "" if o.within is None else short(o.within)),
}
MEANING = {
    "failed": "Requests that got no price; if an error has ended the run, those that raised one",
    "attempts": "How often the shop was asked",
    "refused": "Attempts that the shop sent away at once",
    "dropped": "Attempts that were given up, and that the shop gave up then",
    "wasted": "Attempts that were given up, and that the shop worked off all the same",
    "not sent": "Attempts that were not made, since the circuit breaker was open",
}


def numbers(shown: Shown) -> Markup:
    """All the numbers."""
    more = {words: column for words, (tells, column) in SOMETIMES.items() if any(tells(o) for _, o in shown)}
    tables = [_table(shown, ALWAYS), *([_table(shown, more)] if more else []), *_shares(shown)]
    errors = [
        tag("div", f"✕ {name} ended with {clip(first_line(outcome.recording.error), 90)}", tag("br"),
            f"Of {count(outcome.settings.requests, 'request')}: {outcome.fates_in_words}.", style="line-height:1.4")
        for name, outcome in shown if outcome.recording.error
    ]
    return tag("div", *tables, *errors, class_="wyw-lab-result")


def label(name: str, outcome: Outcome, shown: Shown) -> str:
    """The name of one of several settings, and what is different in it."""
    settings = outcome.settings
    different = {field for _, other in shown for field in differences(settings, other.settings)}
    different &= settings.effective | {"when_full", "retries", "errors"}
    words = [PHRASES[field].format(_value(getattr(settings, field))) for field in PHRASES if field in different]
    return f"{name}: {', '.join(words)}"


def _value(value: object) -> str:
    return "any" if value is None else f"{value:,}" if isinstance(value, (int, float)) else str(value)


def _table(shown: Shown, columns: dict[str, Column]) -> Markup:
    heads = [tag("th", words, scope="col", style=HEAD, title=MEANING.get(words)) for words in columns]
    rows = [tag("tr", _row_name(name), *(tag("td", tag("b", column(outcome)), style=CELL)
                                         for column in columns.values())) for name, outcome in shown]
    return tag("table", tag("tr", tag("td"), *heads), *rows, style=TABLE)


def _row_name(name: str) -> Markup:
    return tag("th", name, scope="row", style=HEAD)


def _shares(shown: Shown) -> list[Markup]:
    """Which share was answered of the requests that arrived in each tenth of the time, where they arrive over time."""
    with_shares = [(name, outcome) for name, outcome in shown if outcome.tenths]
    if not with_shares:
        return []
    times = {_arrivals(outcome) for _, outcome in with_shares}
    if len(times) == 1:
        words, heads = "% answered, of those that arrived from", [short(begin) for begin in times.pop()]
    else:
        words = "% answered, of each tenth of the requests"
        heads = [str(number) for number in range(1, 1 + max(len(o.tenths) for _, o in with_shares))]
    rows = [tag("tr", _row_name(name), *map(_share, outcome.tenths)) for name, outcome in with_shares]
    return [tag("table", tag("caption", words, style="text-align:left;caption-side:top"),
                tag("tr", tag("td"), *(tag("th", head, scope="col", style=f"{SHARE};font-weight:normal")
                                       for head in heads)), *rows, style=TABLE)]


def _arrivals(outcome: Outcome) -> tuple[float, ...]:
    """When the first request of each tenth arrived, in seconds."""
    settings, parts = outcome.settings, len(outcome.tenths)
    return tuple(settings.requests * part // parts / (settings.per_second or 1) for part in range(parts))


def _share(share: float) -> Markup:
    filled = f"background:linear-gradient(to right,currentColor {100 * share:.0f}%,transparent 0)"
    return tag("td", tag("b", percent(share)), tag("br"), tag("span", style=f"{BAR};{filled}", aria_hidden="true"),
               style=SHARE)
