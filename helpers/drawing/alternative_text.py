"""A run in words: the title of its picture, and the alternative text, for anyone who cannot see the picture."""

from __future__ import annotations

from helpers import footnotes, outcomes
from helpers.recording import Recording, Span, Task
from helpers.text_twin import cut_by, waited_outside
from helpers.wait_kinds import CANCELLED, EXCEPTION, PENDING, families, kind_of, waited_for
from helpers.words import clip, count, first_line, isolated, listed, seconds, short

NAMED = 6                   # so many tasks are described one by one
CUT = FAILED = 3            # so many waits that were cut short are told, and so many failures
ERROR = 120                 # letters of an error, at most


def headline(run: Recording) -> str:
    """What there is to see in the picture of a run, in a few words: first what ended it, if that is no result."""
    told = []
    ended, words = outcomes.ended_with(run)
    if ended:
        told.append(f"{ended} after {short(run.elapsed)}{f': {words}' if words else ''}")
    if run.blocked:
        who, longest = footnotes.longest_block(run)
        line = f" at line {longest.place.line}" if longest.place else ""
        told.append(f"{who} blocks the loop{line} for {short(longest.end - longest.start)}")
    if not told:
        waited = waited_outside(run, short)
        told.append(f"{count(len(run.tasks), 'task')}{f': {waited}' if waited else ''} in {short(run.elapsed)}")
    if not ended:
        told += outcomes.tally(run, run.tasks)
    return "; ".join(told)


def alternative_text(run: Recording) -> str:
    """The picture in words, for anyone who cannot see it. Of a real run it gives no durations.

    It says all that its text twin says in sentences. So that it is the same on every machine, but for what the twin
    says in lines of their own.
    """
    told = [f"Timeline: {run.summary()}"]
    if len(run.tasks) > 1:
        told.append(_overlap(run))
    told += _waits(run)
    told += footnotes.blocks(run)
    told += footnotes.kept_waiting(run)
    told += _threads(run)
    told += _failures(run)
    told += footnotes.footnotes(run)
    return " ".join(words if words.endswith(".") else f"{words}." for words in told)


def _waits(run: Recording) -> list[str]:
    """What the tasks wait for, as the key of the picture has it; and which waits were cut short, and by what."""
    told = []
    if run.waits:
        told.append(f"Waiting is for {listed(waited_for(*each) for each in families(run.waits).items())}")
    cut = [(task, span) for task in run.tasks for span in task.spans if span.cut]
    told += [_cut_short(run, *each) for each in cut[:CUT]]
    if len(cut) > CUT:
        told.append(f"{count(len(cut) - CUT, 'more wait')} {'is' if len(cut) - CUT == 1 else 'are'} cut short")
    return told


def _cut_short(run: Recording, task: Task, span: Span) -> str:
    """ "north sleeps 3 s, cut short at 0.5 s by a timeout"; of a real run without times."""
    time = at = ""
    if run.clock == "virtual":
        time = f" {seconds(span.asked)}" if span.asked >= 0 else ""
        at = f" at {seconds(span.end)}"
    named = listed([isolated(run.names[who]) for who in span.on if run.task(who)], most=NAMED)
    waits = kind_of(first_line(span.wait)).told(named, time)
    return f"{isolated(run.names[task.id])} {waits}, cut short{at} {cut_by(run, span)}"


def _threads(run: Recording) -> list[str]:
    """That worker threads are at work, and, in virtual time, that some go on after the run."""
    if not run.threads:
        return []
    asked = {job.task for job in run.threads}
    names = [isolated(run.names[task.id]) for task in run.tasks if task.id in asked]
    told = [f"Below the tasks, worker threads are at work{f' for {listed(names, most=NAMED)}' if names else ''}"]
    late = [job for job in run.threads if run.outlives(job)] if run.clock == "virtual" else []
    if late:
        many = len({job.thread for job in late})
        who = "A worker thread goes" if many == 1 else f"{many:,} worker threads go"
        told.append(f"{who} on after the run, until {seconds(max(job.end for job in late))}")
    return told


def _failures(run: Recording) -> list[str]:
    """Which tasks failed and how, were cancelled, were left behind or wait for ever; of many tasks the first."""
    if len(run.tasks) == 1 and not outcomes.is_cut_off(run):
        return []                               # the error of the run is its own
    failed = [task for task in run.tasks if task.outcome == EXCEPTION]
    told = [f"{isolated(run.names[task.id])} {clip(outcomes.became(run, task), ERROR)}" for task in failed[:FAILED]]
    if len(failed) > FAILED:
        told.append(f"{count(len(failed) - FAILED, 'more task')} failed")
    pending = [task for task in run.tasks if task.outcome == PENDING]
    for tasks in ([task for task in run.tasks if task.outcome == CANCELLED], pending):
        alike: dict[str, list[str]] = {}
        for task in tasks:
            alike.setdefault(outcomes.became(run, task), []).append(isolated(run.names[task.id]))
        for words, own in list(alike.items())[:NAMED]:
            names = listed(own, most=NAMED)
            told.append(f"{names}: {words}" if outcomes.is_cut_off(run) else f"{words.capitalize()}: {names}")
        if len(alike) > NAMED:
            told.append(f"{count(sum(map(len, list(alike.values())[NAMED:])), 'more task')} had not ended")
    return told


def _overlap(run: Recording) -> str:
    """A sentence on which tasks, beside the main one, were under way at the same time."""
    children = run.tasks[1:]
    few = len(children) <= NAMED
    main, *names = map(isolated, run.names) if few else [""]
    if len(children) == 1:
        return f"{names[0]} is the only task beside {main}"
    if run.peak == len(children):
        return f"{listed(names) if few else f'All {len(children):,}'} are under way at the same time"
    if run.peak == 1:
        return f"{listed(names) if few else f'The {len(children):,} others'} run one after another"
    if not few:
        return f"At most {run.peak:,} of {len(children):,} are under way at the same time"
    return "; ".join(_pairs(run, names))


def _pairs(run: Recording, names: list[str]) -> list[str]:
    """Of each task, which of the later ones were under way with it; nothing of one that has none.

    Like `run.peak`, it goes by `run.lives`: where at most two tasks are under way at once, it names a pair of them.
    """
    lives = list(zip(names, run.lives[1:]))
    pairs = []
    for index, (name, life) in enumerate(lives):
        others = [other for other, later in lives[index + 1 :] if life.overlaps(later)]
        if others:
            pairs.append(f"{name} overlaps {listed(others)}")
    return pairs
