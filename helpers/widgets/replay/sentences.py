"""The steps of a run in sentences: what a task did in its turn, and what the loop does next.

`tell(run)` gives them all, as the text twin of the replay. Of a run in virtual time it is exact. Of a
real one it leaves out whatever the machine has a hand in: times, and who was ready when. That a turn blocks
the loop, and remarks, stand in lines of their own below their step (see `footnotes`).
"""

from __future__ import annotations

from helpers import footnotes
from helpers.recording import Place, Recording, Span, Task
from helpers.text_twin import cut_by, thread_lines
from helpers.wait_kinds import BLOCKED, EXCEPTION, READY, RESULT, RUN, WAIT, kind_of
from helpers.widgets.replay.steps import Standing, Step, Steps
from helpers.words import count, first_line, isolated, listed, seconds, short, shown_name

TOLD = 30           # so many steps are described one by one
NAMED = 4           # so many tasks are named in a sentence
STUCK = 8           # so many tasks are named in the last sentence of a run that is stuck


def tell(run: Recording) -> str:
    """The text twin of the replay: a line for each step, the first 30 and the last one."""
    steps = Steps(run, settled=True)
    lines = [f"Replay, {count(len(steps), 'step')}: {run.summary()}"]
    shown = list(range(len(steps)))
    if len(steps) > TOLD + 2:
        shown = [*shown[:TOLD], shown[-1]]
    width = len(f"{len(steps):,}")
    column = max((len(seconds(steps[number].time)) for number in shown), default=0)
    before = -1
    for number in shown:
        if number > before + 1:
            lines.append(f"... and {number - before - 1:,} more steps, up to the last one:")
        lines.append(f"{number + 1:{width},}. {_told(steps[number], column)}")
        lines += [f"{'':{width}}  {words}" for words in notes(steps[number])]
        before = number
    if not steps:
        lines.append("No task had a turn on the loop.")
    shown_remarks = sum(len(steps[number].remarks) for number in shown)
    lines += _below(run, shown_remarks)
    return "\n".join(lines)


def _told(step: Step, column: int) -> str:
    """A step in words, after its time in a column; of a real run only what is the same on every machine."""
    if step.steps.run.clock == "virtual":
        return f"{seconds(step.time):{column}}  {deed(step)} {outlook(step)}"
    words = deed(step, times=False)
    return f"{words} {ending(step)}" if step.next_time is None else words


def notes(step: Step) -> list[str]:
    """What is to be said of a turn beside what the task did: that a real one blocks the loop, and remarks."""
    run = step.steps.run
    told = []
    if run.clock == "real" and step.turn.kind == BLOCKED:
        told.append(footnotes.blocks_at(name(run, step.task), step.turn.place))
    told += [footnotes.remark(run, each) for each in step.remarks[: footnotes.MOST]]
    if len(step.remarks) > footnotes.MOST:
        told.append(f"{count(len(step.remarks) - footnotes.MOST, 'more remark')} are in run.remarks.")
    return told


def _below(run: Recording, shown: int) -> list[str]:
    """What is in no step: tasks without a turn, worker threads, callbacks that block, and tasks that are not drawn."""
    idle = [name(run, task.id) for task in run.tasks if not any(span.kind in (RUN, BLOCKED) for span in task.spans)]
    lines = [f"without a turn on the loop: {listed(idle, most=NAMED)}"] if idle else []
    lines += [*thread_lines(run), *footnotes.callbacks(run)]
    if run.clock == "real" or run.callbacks:            # else the steps say who is ready
        lines += footnotes.kept_waiting(run, short_ones=False)
    if shown < len(run.remarks):
        lines += footnotes.remarks(run)
    return [*lines, *footnotes.others(run)]


def deed(step: Step, *, times: bool = True) -> str:
    """What the task did in its turn: "north goes on from line 4 and finishes." With `times`, how long it will wait."""
    run = step.steps.run
    task = run.tasks[step.task]
    words = [_begins(step)]
    if step.made:
        words.append(_creates(step))
    if times and step.turn.kind == BLOCKED:
        words.append(_blocks(step))
    words += _comes_to(step, times)
    return f"{name(run, task.id)} {_clauses(words)}."


def _begins(step: Step) -> str:
    if step.within:
        return f"starts within the turn of {name(step.steps.run, step.within[0])}"
    if step.first:
        return "starts"
    if step.came_from is None:
        return "goes on"
    return f"goes on from {where(step.came_from, step.steps.run.tasks[step.task])}"


def _creates(step: Step) -> str:
    many = f"{len(step.made):,} tasks: " if len(step.made) > NAMED else ""
    return f"creates {many}{names(step.steps.run, step.made)}"


def _blocks(step: Step) -> str:
    run, turn = step.steps.run, step.turn
    at = f" at {where(turn.place, run.tasks[step.task])}" if turn.place else ""
    return f"blocks the loop{at} for {duration(run, turn.end - turn.start)}"


def _comes_to(step: Step, times: bool) -> list[str]:
    """How the turn ends: the task waits, steps aside, or is at its end."""
    run, after = step.steps.run, step.after
    task = run.tasks[step.task]
    if after.state == WAIT or after.wait not in ("", "turn"):
        waiting = waits(run, after, step.time if times else None) + cut_short(run, after, times)
        if after.place is None:
            return [waiting]
        if after.place == step.came_from:
            return ["reaches it again", waiting]
        return [f"reaches {where(after.place, task)}", waiting]
    if after.state == READY:
        return [f"steps aside at {where(after.place, task)}" if after.place else "steps aside"]
    if after.state == EXCEPTION:
        return [f"fails: {_error(task.error)}"]
    return ["finishes" if after.state == RESULT else "ends, cancelled"]


def outlook(step: Step) -> str:
    """Who is ready, or what the loop does since nobody is; after the last step, how the run ended."""
    run = step.steps.run
    if step.next_time is None:
        return ending(step)
    if step.within:
        goes_on = f"{name(run, step.within[0])} goes on with its turn."
        return f"{goes_on} Ready: {names(run, step.ready)}." if step.ready else goes_on
    if step.ready:
        return f"Ready: {names(run, step.ready)}."
    if not step.sleeps:
        return "Nobody is ready yet."
    if step.others:
        return f"Nobody is ready: until {moment(run, step.next_time)} only tasks that are not drawn have turns."
    if not step.callbacks:
        return f"Nobody is ready: the loop sleeps until {moment(run, step.next_time)}."
    first = step.callbacks[0]
    words = f"Nobody is ready: at {moment(run, first.start)} {_block(run, first)}"
    more = len(step.callbacks) - 1
    return f"{words}, and {count(more, 'more callback')} after it." if more else f"{words}."


def _block(run: Recording, span: Span) -> str:
    who = footnotes.blocks_at(footnotes.callback(span), span.place, known=True)
    return f"{who} for {duration(run, span.end - span.start)}"


def ending(step: Step) -> str:
    """How the run ended: whether all tasks did, and if not, who waits for whom."""
    run = step.steps.run
    left = [standing for standing in step.standings.values() if standing.state in (WAIT, READY)]
    if run.error.startswith("Deadlock"):
        words = "Deadlock: nobody is ready, and nothing is left that could wake anybody."
    elif run.error:
        words = f"The run is over, and ended with {_error(run.error)}."
    else:
        words = "The run is over." if left else "The run is over: all tasks have ended."
    if not left:
        return words
    told = [_stands(run, standing) for standing in left[:STUCK]]
    if len(left) > STUCK:
        told.append(f"{len(left) - STUCK:,} more are left")
    return f"{words} {'; '.join(told)}." if run.error else f"{words} Left behind: {'; '.join(told)}."


def _stands(run: Recording, standing: Standing) -> str:
    """What a task does that has not ended, and where."""
    task = run.tasks[standing.task]
    words = "is ready" if standing.state == READY else waits(run, standing, None)
    at = f" at {where(standing.place, task)}" if standing.place else ""
    return f"{name(run, task.id)} {words}{at}"


def waits(run: Recording, standing: Standing, since: float | None) -> str:
    """What a task waits for: "waits 0.3 s for a request". The time only if `since` says when the wait began."""
    kind, span = kind_of(first_line(standing.wait)), standing.span
    time = ""
    if since is not None and kind.timed:
        if span is not None and span.cut and span.asked >= 0:
            time = f" {duration(run, span.asked)}"
        elif standing.until is not None:
            time = f" {duration(run, standing.until - since)}"
    return kind.told(names(run, standing.on) if standing.on else "", time)


def cut_short(run: Recording, standing: Standing, times: bool) -> str:
    """ ", cut short at 0.5 s by a timeout", if the wait was; else ""."""
    span = standing.span
    if span is None or not span.cut:
        return ""
    return f", cut short{f' at {moment(run, span.end)}' if times else ''} {cut_by(run, span)}"


def where(place: Place | None, task: Task | None = None) -> str:
    """ "line 4", and in which function, if that is not the task's own coroutine."""
    if place is None:
        return ""
    own = task is not None and task.coroutine.rpartition(".")[2] == place.function
    return f"line {place.line}" if own else str(place)


def name(run: Recording, task: int) -> str:
    """The name of a task, as it is shown everywhere."""
    return isolated(run.names[task])


def names(run: Recording, tasks: tuple[int, ...]) -> str:
    """ "north, south and west"; of more than four tasks three, and how many more."""
    known = [name(run, task) for task in tasks if 0 <= task < len(run.tasks)]
    return listed(known, most=NAMED) or "nobody"


def duration(run: Recording, value: float) -> str:
    """Seconds in words: of a virtual run exact, of a real one as far as it means anything."""
    return seconds(value) if run.clock == "virtual" else short(max(value, 0))


def moment(run: Recording, value: float) -> str:
    """A time since the run began: of a virtual run exact, of a real one to the millisecond."""
    return seconds(value) if run.clock == "virtual" else f"{value:.3f} s"


def _error(text: str) -> str:
    return shown_name(first_line(text) or "error", 120)


def _clauses(words: list[str]) -> str:
    """Clauses in a row; from three on with a comma before the "and"."""
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])}, and {words[-1]}"
