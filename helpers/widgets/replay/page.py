"""A step of the replay as HTML: the sentence, the source with its markers, the tasks, the queue and the timers.

`shell` is what stays from step to step: the controls, and room for all this.

No state is shown by its colour alone: every marker has a sign and a word, and the key explains them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache

from markupsafe import Markup

from helpers import footnotes, source_html
from helpers.drawing.palette import css_variables
from helpers.markup import joined, style, tag
from helpers.wait_kinds import BLOCKED, CANCELLED, EXCEPTION, READY, RESULT, RUN, WAIT, kind_of
from helpers.widgets.replay.listing import Line, Listing, title
from helpers.widgets.replay.sentences import deed, moment, name, outlook, waits, where
from helpers.widgets.replay.steps import Standing, Step
from helpers.words import first_line

ROWS = 8            # so many tasks are listed
LINES = 15          # so many lines of source are shown
CHIPS = 3           # so many tasks are named at a line of source
QUEUE = 5           # so many tasks are named in the ready queue
TIMERS = 4          # so many timers are shown

TURN = "turn"
SIGNS = {TURN: "▶", WAIT: "‖", READY: "○", RESULT: "✓", EXCEPTION: "✕", CANCELLED: "⊘"}
WORDS = {TURN: "had this turn", WAIT: "waits", READY: "is ready", RESULT: "finished", EXCEPTION: "failed",
         CANCELLED: "cancelled"}
MIDDLE = "in the middle of its turn"
PLURALS = {RUN: MIDDLE, READY: "ready", WAIT: "wait", RESULT: "finished", EXCEPTION: "failed", CANCELLED: "cancelled"}


def styles(lines: int = LINES, rows: int = ROWS) -> Markup:
    """The style sheets of a replay that shows at most so many lines of source and so many tasks."""
    variables = {**css_variables(), "lines": lines, "rows": rows}
    return style("helpers.widgets.replay", "replay.css", variables, ":host") + source_html.style()


def said(step: Step) -> Markup:
    """The sentence of a step."""
    return tag("b", moment(step.steps.run, step.time)) + joined([" ", deed(step), " ", outlook(step), _notes(step)])


def body(step: Step, listing: Listing) -> Markup:
    """All else that changes with the step, apart from the timeline: source, tasks, queue and timers."""
    return tag("div", _source(step, listing)) + tag("div", _tasks(step), _loop(step))


def shell(count: int, strip: Markup, more: str) -> Markup:
    """What stays from step to step, of so many steps; `more` says where the others are, if these are not all."""
    controls = tag(
        "div",
        _button("first", "M3 2h2v10H3zM12 2v10L6 7z", "First step"),
        _button("back", "M10 2v10L4 7z", "One step back"),
        tag("button", _icon("M4 2v10l7-5z"), tag("span", "Play"), data_go="play", type="button",
            title="Play the steps, one a second", class_="wyw-play"),
        _button("forward", "M4 2v10l6-5z", "One step forward"),
        _button("last", "M2 2v10l6-5zM9 2h2v10H9z", "Last step"),
        tag("label", "Step", tag("input", type="range", min=1, max=count, value=1, step=1, autocomplete="off",
                                 title="Arrow keys: a step back or forward. Home, End: the first, the last")),
        tag("span", tag("span"), tag("small", "← → on the slider, Esc leaves it"), class_="wyw-count"),
        class_="wyw-controls",
    )
    return tag(
        "div", controls, tag("p", role="status", aria_live="polite"), tag("div", class_="wyw-columns"), _key(),
        tag("div", strip, class_="wyw-time", title="Click: the step at that time"),
        tag("div", more, class_="wyw-more") if more else "",
        class_="wyw-page", role="group", aria_label="Replay",
    )


def _button(go: str, icon: str, words: str) -> Markup:
    return tag("button", _icon(icon), data_go=go, type="button", title=words, aria_label=words)


def _icon(path: str) -> Markup:
    return tag("svg", tag("path", d=path), viewBox="0 0 14 14", width=14, height=14, aria_hidden="true")


def _notes(step: Step) -> str:
    """Remarks on the turn; that it blocks the loop, the sentence has already."""
    return "".join(f" {footnotes.remark(step.steps.run, each)}" for each in step.remarks[: footnotes.MOST])


@cache
def _key() -> Markup:
    """What the signs mean; the same under every step."""
    words: list[object] = [f"{SIGNS[state]} {WORDS[state]}" for state in SIGNS]
    words.append(joined(["A task that has not begun, or has ended, stands at its ", tag("code", "async def"), "."]))
    return tag("div", joined(words, Markup(" &nbsp; ")), class_="wyw-key")


def _state(step: Step, standing: Standing) -> str:
    """A state of the key: the task whose turn it was has that, unless it has ended."""
    if standing.state == RUN or (standing.task == step.task and standing.state in (WAIT, READY)):
        return TURN
    return standing.state


def _colour(step: Step, standing: Standing) -> str:
    """What the class of the colour ends with: "running" for `wyw-is-running`."""
    state = _state(step, standing)
    if state == TURN:
        return "blocked" if step.turn.kind == BLOCKED else "running"
    if state == WAIT:
        return kind_of(standing.wait).family
    return "ready" if state == READY else "done"


def _chip(words: str, colour: str, hint: str | None = None) -> Markup:
    return tag("span", words, class_=f"wyw-chip wyw-is-{colour}", title=hint)


# -- the source -------------------------------------------------------------------------------------


def _source(step: Step, listing: Listing) -> Markup:
    rows = _lines(step, listing) or [_not_available(listing)]
    css = f"wyw-source {source_html.CLASS} {source_html.ON_PAPER}"
    return tag("div", "Source", class_="wyw-head") + tag("div", *rows, class_=css, role="group", aria_label="Source")


def _lines(step: Step, listing: Listing) -> list[Markup]:
    at = _spots(step, listing)
    rows: list[Markup] = []
    file = None
    for line in listing.excerpt(at, LINES):
        if line is None:
            rows.append(tag("div", tag("span", "⋯", class_="wyw-number"), class_="wyw-line"))
            continue
        if line.file != file and len(listing.files) > 1:
            rows.append(tag("div", title(listing.files[line.file]), class_="wyw-line wyw-missing"))
        file = line.file
        rows.append(_line(step, line, at.get((line.file, line.number), [])))
    return rows


def _not_available(listing: Listing) -> Markup:
    why = ", ".join(map(title, listing.missing)) or "no task was ever suspended in it"
    return tag("div", f"Source not available: {why}.", class_="wyw-missing")


def _spots(step: Step, listing: Listing) -> dict[tuple[int, int], list[Standing]]:
    """The lines at which tasks stand, by file and number, the most important one first."""
    at: dict[tuple[int, int], list[Standing]] = {}
    for standing in _by_importance(step):
        spot = listing.spot(standing.place)
        if standing.state == RUN:           # nobody knows at which line
            continue
        if spot is None and standing.place is None:
            spot = listing.home(step.steps.run.tasks[standing.task].coroutine)
        if spot is not None:
            at.setdefault(spot, []).append(standing)
    return at


def _line(step: Step, line: Line, standings: list[Standing]) -> Markup:
    here = any(standing.task == step.task for standing in standings)
    chips = tag("span", _chips(step, standings), class_="wyw-chips")
    return tag("div", _code(line), chips, class_="wyw-line wyw-here" if here else "wyw-line")


@lru_cache(maxsize=1_000)
def _code(line: Line) -> Markup:
    """The number of a line, and the line: the same in every step, and most of what there is to write."""
    return tag("span", line.number, class_="wyw-number") + tag("span", line.html, class_="wyw-code")


def _chips(step: Step, standings: list[Standing]) -> Markup:
    """The tasks at a line by name, or, of many, the one whose turn it was, and how many in each state."""
    if len(standings) <= CHIPS:
        return joined((_named(step, standing) for standing in standings), " ")
    chips = [_named(step, standing) for standing in standings if standing.task == step.task]
    others = Counter(
        (_state(step, standing), _colour(step, standing)) for standing in standings if standing.task != step.task
    )
    for (state, colour), count in others.items():
        chips.append(_chip(f"{SIGNS[state]} {count:,}", colour, f"{count:,}: {WORDS[state]}"))
    return joined(chips, " ")


def _named(step: Step, standing: Standing) -> Markup:
    """The chip of one task."""
    state, called = _state(step, standing), name(step.steps.run, standing.task)
    return _chip(f"{SIGNS[state]} {called}", _colour(step, standing), f"{called} {WORDS[state]}")


# -- the tasks --------------------------------------------------------------------------------------


def _by_importance(step: Step) -> Iterable[Standing]:
    """The task whose turn it was, those that are ready, those that wake next, then the others."""
    order = [step.task, *step.ready, *(task for _, task in step.timers)]
    standings = step.standings
    order += [task for task in standings if standings[task].state == WAIT]
    order += reversed(standings)
    return [standings[task] for task in dict.fromkeys(order)]


def _tasks(step: Step) -> Markup:
    if len(step.steps.run.tasks) <= ROWS:       # each in its own row, always
        shown = list(step.standings.values())
    else:
        chosen = list(_by_importance(step))[:ROWS]
        shown = sorted(chosen, key=lambda standing: standing.task)
    table = tag("table", tag("tbody", *(_row(step, standing) for standing in shown)), aria_label="Tasks")
    return tag("div", tag("div", "Tasks", class_="wyw-head"), table, _rest(step, shown), class_="wyw-tasks")


def _row(step: Step, standing: Standing) -> Markup:
    words = _words(step, standing)
    return tag(
        "tr",
        tag("th", f"{SIGNS[_state(step, standing)]} {name(step.steps.run, standing.task)}", scope="row"),
        tag("td", words, title=words),
        class_="wyw-here" if standing.task == step.task else None,
    )


def _rest(step: Step, shown: list[Standing]) -> Markup:
    """How many tasks are not shown, by state, and how many do not exist yet."""
    listed = {standing.task for standing in shown}
    counts = Counter(standing.state for task, standing in step.standings.items() if task not in listed)
    later = len(step.steps.run.tasks) - len(step.standings)
    text = []
    if counts:
        words = [f"{counts[state]:,} {PLURALS[state]}" for state in PLURALS if state in counts]
        text.append(f"and {counts.total():,} more: {', '.join(words)}")
    if later:
        text.append(f"{later:,} not yet created")
    text += footnotes.others(step.steps.run)
    return tag("div", "; ".join(text), class_="wyw-missing") if text else Markup()


def _words(step: Step, standing: Standing) -> str:
    """What a task does at the moment, and where."""
    run = step.steps.run
    task = run.tasks[standing.task]
    if standing.state == WAIT:
        words = waits(run, standing, None)
        if standing.until is not None and any(standing.task == who for _, who in step.timers):
            words += f" until {moment(run, standing.until)}"
    elif standing.state == READY:
        words = "ready" if standing.started else "ready to start"
    elif standing.state == RUN:
        return MIDDLE
    elif standing.state == EXCEPTION:
        return f"failed: {first_line(task.error) or 'error'}"
    else:
        return WORDS[standing.state]
    return words + (f", {where(standing.place, task)}" if standing.place else "")


# -- the loop ---------------------------------------------------------------------------------------


def _loop(step: Step) -> Markup:
    return tag(
        "div",
        tag("span", "Ready queue", class_="wyw-label"), tag("div", _queue(step), class_="wyw-items"),
        tag("span", "Timers", class_="wyw-label"), tag("div", _timers(step), class_="wyw-items"),
        class_="wyw-loop", role="group", aria_label="The event loop",
    )


def _queue(step: Step) -> Markup:
    if not step.ready:
        return Markup("empty")
    run = step.steps.run
    queue = joined((_chip(name(run, task), "ready") for task in step.ready[:QUEUE]), Markup(" → "))
    more = len(step.ready) - QUEUE
    return queue + f" and {more:,} more" if more > 0 else queue


def _timers(step: Step) -> Markup:
    if not step.timers:
        return Markup("none")
    run = step.steps.run
    timers = [joined([tag("b", moment(run, when)), name(run, task)], " ") for when, task in step.timers[:TIMERS]]
    more = len(step.timers) - TIMERS
    if more > 0:
        timers.append(Markup(f"{more:,} more"))
    return joined(timers, "; ")
