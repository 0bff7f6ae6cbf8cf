"""A step of the replay as HTML: the sentence, the source with its markers, the tasks, the queue and the timers.

No state is told by its colour alone: every marker has a sign and a word, and the key says them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from helpers.drawing.palette import INK, MUTED, PAPER, STATES
from helpers.wait_kinds import BLOCKED, CANCELLED, EXCEPTION, READY, RESULT, WAIT, kind_of
from helpers.widgets.replay.listing import Line, Listing, title
from helpers.widgets.replay.sentences import deed, moment, name, outlook, waits, where
from helpers.widgets.replay.steps import Standing, Step

ROWS = 8            # so many tasks are listed
LINES = 15          # so many lines of source are shown
CHIPS = 3           # so many tasks are named at a line of source
QUEUE = 5           # so many tasks are named in the ready queue
TIMERS = 4          # so many timers are shown

TURN = "turn"
SIGNS = {TURN: "▶", WAIT: "‖", READY: "○", RESULT: "✓", EXCEPTION: "✕", CANCELLED: "⊘"}
WORDS = {TURN: "had this turn", WAIT: "waits", READY: "is ready", RESULT: "finished", EXCEPTION: "failed",
         CANCELLED: "cancelled"}


def _colours() -> str:
    """A class for each state of the palette."""
    rules = [f".wyw-is-{state.name} {{ background: {state.colour}; color: {state.text}; }}" for state in STATES]
    return "\n".join(rules)


STYLE = f"""<style>
.wyw-replay {{ background: {PAPER}; color: {INK}; border: 1px solid #c9ced6; border-radius: 4px; padding: 4px; }}
.wyw-replay .widget-html, .wyw-replay .widget-html-content {{ margin: 0; padding: 0; height: auto; overflow: visible; }}
.wyw-page, .wyw-page * {{ box-sizing: border-box; }}
.wyw-page {{ font: 13px/1.45 system-ui, sans-serif; color: {INK}; }}
.wyw-count {{ color: {INK}; white-space: nowrap; }}
.wyw-page p {{ margin: 0; padding: 4px 8px; min-height: 48px; font-size: 15px; line-height: 20px;
  background: #f2f5f9; }}
.wyw-page p b {{ font-variant-numeric: tabular-nums; }}
.wyw-columns {{ display: grid; grid-template-columns: minmax(0, 53fr) minmax(0, 47fr); gap: 12px;
  padding: 6px 4px 2px; }}
.wyw-page h4 {{ margin: 0 0 2px; font-size: 12px; line-height: 16px; font-weight: 600; color: {MUTED}; }}
.wyw-source {{ font: 13px/20px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace;
  min-height: {20 * LINES}px; }}
.wyw-line {{ display: flex; height: 20px; border-left: 4px solid transparent; }}
.wyw-line.wyw-here {{ background: #fff2c2; border-left-color: {INK}; }}
.wyw-number {{ flex: none; width: 30px; padding-right: 8px; text-align: right; color: {MUTED}; }}
.wyw-code {{ flex: 1 1 auto; min-width: 50px; white-space: pre; overflow: hidden; text-overflow: ellipsis; }}
.wyw-chips {{ flex: none; max-width: 60%; overflow: hidden; white-space: nowrap; }}
.wyw-chip {{ display: inline-block; max-width: 170px; overflow: hidden; text-overflow: ellipsis; vertical-align: top;
  margin: 1px 0; padding: 0 6px; border-radius: 3px; border: 1px solid transparent;
  font: 12px/16px system-ui, sans-serif; white-space: nowrap; }}
.wyw-is-done {{ background: {PAPER}; color: {INK}; border-color: #9aa1ab; }}
.wyw-page table {{ border-collapse: collapse; width: 100%; table-layout: fixed; margin: 0; font-size: 13px; }}
.wyw-page td, .wyw-page th {{ padding: 0 6px 0 0; height: 20px; line-height: 20px; text-align: left;
  font-weight: normal; border: 0; background: none; color: {INK}; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }}
.wyw-page th {{ width: 30%; }}
.wyw-page tr.wyw-here, .wyw-page tr.wyw-here td, .wyw-page tr.wyw-here th {{ background: #fff2c2; font-weight: 600; }}
.wyw-tasks {{ height: {20 * ROWS + 40}px; overflow: hidden; }}
.wyw-loop {{ display: grid; grid-template-columns: 92px minmax(0, 1fr); row-gap: 2px; border-top: 1px solid #c9ced6;
  padding-top: 5px; }}
.wyw-loop span.wyw-label {{ color: {MUTED}; font-weight: 600; font-size: 12px; line-height: 20px; }}
.wyw-items {{ height: 40px; overflow: hidden; line-height: 20px; }}
.wyw-key {{ color: {MUTED}; font-size: 11.5px; line-height: 16px; padding: 0 4px 2px; }}
.wyw-missing {{ color: {MUTED}; font: 13px/1.4 system-ui, sans-serif; }}
.wyw-time {{ position: relative; overflow: visible; margin-top: 8px; }}
.wyw-time img {{ display: block; width: 100%; height: auto; margin: 0; max-width: none; }}
.wyw-over, .wyw-over .widget-html-content {{ position: absolute; inset: 0; pointer-events: none; }}
.wyw-cursor {{ position: absolute; top: 0; width: 0; margin-left: -1px; border-left: 2px solid #c8102e; }}
.wyw-cursor::before {{ content: ''; position: absolute; left: -7px; top: -6px; border: 6px solid transparent;
  border-top-color: #c8102e; border-bottom: 0; }}
.wyw-lane {{ position: absolute; border: 2px solid #c8102e; border-radius: 2px; }}
.wyw-replay .noUi-handle:focus, .wyw-replay button:focus-visible {{ outline: 3px solid #0b57d0; outline-offset: 2px; }}
{_colours()}
</style>"""


def page(step: Step, listing: Listing) -> str:
    """The whole of a step, apart from the timeline."""
    run = step.steps.run
    number = f"step {step.number + 1:,} of {len(step.steps):,}"
    said = f"<b>{moment(run, step.time)}</b> &nbsp;{escape(deed(step))} {escape(outlook(step))}"
    return (
        f'<div class="wyw-page" role="group" aria-label="Replay, {number}">'
        f'<p role="status" aria-live="polite">{said}</p>'
        f'<div class="wyw-columns"><div>{_source(step, listing)}</div>'
        f"<div>{_tasks(step)}{_loop(step)}</div></div>{KEY}</div>"
    )


def _key() -> str:
    return '<div class="wyw-key">' + " &nbsp; ".join(f"{SIGNS[state]} {WORDS[state]}" for state in SIGNS) + (
        " &nbsp; A task that has not begun, or has ended, stands at its <code>async def</code>.</div>"
    )


KEY = _key()


def _state(step: Step, standing: Standing) -> str:
    """A state of the key: the task whose turn it was has that, unless it has ended."""
    if standing.task == step.task and standing.state in (WAIT, READY):
        return TURN
    return standing.state


def _colour(step: Step, standing: Standing) -> str:
    state = _state(step, standing)
    if state == TURN:
        return "blocked" if step.turn.kind == BLOCKED else "running"
    if state == WAIT:
        return kind_of(standing.wait).family
    return "ready" if state == READY else "done"


def _chip(words: str, colour: str, hint: str = "") -> str:
    hint = f' title="{escape(hint)}"' if hint else ""
    return f'<span class="wyw-chip wyw-is-{colour}"{hint}>{escape(words)}</span>'


# -- the source -------------------------------------------------------------------------------------


def _source(step: Step, listing: Listing) -> str:
    at: dict[tuple[int, int], list[Standing]] = {}
    for standing in _by_importance(step):
        spot = listing.spot(standing.place)
        if spot is None and standing.place is None:
            spot = listing.home(step.steps.run.tasks[standing.task].coroutine)
        if spot is not None:
            at.setdefault(spot, []).append(standing)
    rows, file = [], None
    for line in listing.excerpt(at, LINES):
        if line is None:
            rows.append('<div class="wyw-line"><span class="wyw-number">⋯</span></div>')
        else:
            if line.file != file and len(listing.files) > 1:
                rows.append(f'<div class="wyw-line wyw-missing">{escape(title(listing.files[line.file]))}</div>')
            file = line.file
            rows.append(_line(step, line, at.get((line.file, line.number), [])))
    if not listing.lines:
        missing = ", ".join(map(title, listing.missing))
        why = missing or "no task was ever suspended in it"
        rows = [f'<div class="wyw-missing">Source not available: {escape(why)}.</div>']
    return f'<h4>Source</h4><div class="wyw-source" role="group" aria-label="Source">{"".join(rows)}</div>'


def _line(step: Step, line: Line, standings: list[Standing]) -> str:
    here = any(standing.task == step.task for standing in standings)
    return (
        f'<div class="wyw-line{" wyw-here" if here else ""}"><span class="wyw-number">{line.number}</span>'
        f'<span class="wyw-code">{escape(line.text)}</span>'
        f'<span class="wyw-chips">{_chips(step, standings)}</span></div>'
    )


def _chips(step: Step, standings: list[Standing]) -> str:
    """The tasks at a line by name, or, of many, the one whose turn it was, and how many in each state."""
    run = step.steps.run
    chips = []
    if len(standings) > CHIPS:
        named = [standing for standing in standings if standing.task == step.task]
        groups: dict[tuple[str, str], int] = {}
        for standing in standings:
            if standing.task != step.task:
                key = _state(step, standing), _colour(step, standing)
                groups[key] = groups.get(key, 0) + 1
        counts = [_chip(f"{SIGNS[state]} {count:,}", colour, f"{count:,}: {WORDS[state]}")
                  for (state, colour), count in groups.items()]
    else:
        named, counts = standings, []
    for standing in named:
        task = run.tasks[standing.task]
        state = _state(step, standing)
        words = f"{SIGNS[state]} {name(task)}"
        chips.append(_chip(words, _colour(step, standing), f"{name(task)} {WORDS[state]}"))
    return " ".join(chips + counts)


# -- the tasks --------------------------------------------------------------------------------------


def _by_importance(step: Step) -> Iterable[Standing]:
    """The task whose turn it was, those that are ready, those that wake next, then the others."""
    order = [step.task, *step.ready, *(task for _, task in step.timers)]
    standings = step.standings
    order += [task for task in standings if standings[task].state == WAIT]
    order += reversed(standings)
    return [standings[task] for task in dict.fromkeys(order)]


def _tasks(step: Step) -> str:
    run = step.steps.run
    if len(run.tasks) <= ROWS:                  # each in its own row, always
        shown = list(step.standings.values())
    else:
        chosen = list(_by_importance(step))[: ROWS]
        shown = sorted(chosen, key=lambda standing: standing.task)
    rows = []
    for standing in shown:
        task = run.tasks[standing.task]
        here = ' class="wyw-here"' if standing.task == step.task else ""
        words = _words(step, standing)
        rows.append(
            f'<tr{here}><th scope="row">{SIGNS[_state(step, standing)]} {escape(name(task))}</th>'
            f'<td title="{escape(words)}">{escape(words)}</td></tr>'
        )
    return (
        f'<div class="wyw-tasks"><h4>Tasks</h4><table aria-label="Tasks"><tbody>{"".join(rows)}</tbody></table>'
        f"{_rest(step, shown)}</div>"
    )


def _rest(step: Step, shown: list[Standing]) -> str:
    """How many tasks are not shown, by state, and how many do not exist yet."""
    counts: dict[str, int] = {}
    listed = {standing.task for standing in shown}
    for task, standing in step.standings.items():
        if task not in listed:
            counts[standing.state] = counts.get(standing.state, 0) + 1
    words = [f"{counts[state]:,} {_PLURALS[state]}" for state in _PLURALS if state in counts]
    total = sum(counts.values())
    later = len(step.steps.run.tasks) - len(step.standings)
    text = [f"and {total:,} more: {', '.join(words)}"] if total else []
    text += [f"{later:,} not yet created"] if later else []
    return f'<div class="wyw-missing">{"; ".join(text)}</div>' if text else ""


_PLURALS = {READY: "ready", WAIT: "wait", RESULT: "finished", EXCEPTION: "failed", CANCELLED: "cancelled"}


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
    elif standing.state == EXCEPTION:
        return f"failed: {task.error}"
    else:
        return WORDS[standing.state]
    return words + (f", {where(standing.place, task)}" if standing.place else "")


# -- the loop ---------------------------------------------------------------------------------------


def _loop(step: Step) -> str:
    run = step.steps.run
    ready = [_chip(name(run.tasks[task]), "ready") for task in step.ready[:QUEUE]]
    queue = " → ".join(ready) if ready else "empty"
    if len(step.ready) > QUEUE:
        queue += f" and {len(step.ready) - QUEUE:,} more"
    timers = [
        f"<b>{moment(run, when)}</b> {escape(name(run.tasks[task]))}" for when, task in step.timers[:TIMERS]
    ]
    if len(step.timers) > TIMERS:
        timers.append(f"{len(step.timers) - TIMERS:,} more")
    return (
        '<div class="wyw-loop" role="group" aria-label="The event loop">'
        f'<span class="wyw-label">Ready queue</span><div class="wyw-items">{queue}</div>'
        f'<span class="wyw-label">Timers</span><div class="wyw-items">{"; ".join(timers) or "none"}</div></div>'
    )
