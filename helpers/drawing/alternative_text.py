"""A run in words: the title of its picture, and the alternative text, for anyone who cannot see the picture."""

from __future__ import annotations

from helpers.recording import Recording, Span
from helpers.wait_kinds import BLOCKED, EXCEPTION, WAIT, kind_of
from helpers.words import count, listed, seconds, short, shown_name, told_apart

NAMED = 6                   # so many tasks are described one by one


def headline(run: Recording) -> str:
    """What there is to see in the picture of a run, in a few words."""
    tasks = count(len(run.tasks), "task")
    if run.blocked:
        who, longest = _longest_block(run)
        line = f" at line {longest.place.line}" if longest.place else ""
        return f"{who} blocks the loop{line} for {short(longest.end - longest.start)}"
    if run.tasks[0].outcome == EXCEPTION:
        return f"{tasks}: after {short(run.elapsed)}, {run.tasks[0].error or 'an exception'}"
    waited = _waited_outside(run)
    if waited > 0:
        return f"{tasks}: {short(waited)} of waiting in {short(run.elapsed)}"
    return f"{tasks} in {short(run.elapsed)}"


def _waited_outside(run: Recording) -> float:
    """Seconds that all tasks together waited for what no other task does."""
    waits = [span for task in run.tasks for span in task.spans if span.kind == WAIT]
    outside = {wait for wait in {span.wait for span in waits} if kind_of(wait).outside}
    return sum([span.end - span.start for span in waits if span.wait in outside])


def alternative_text(run: Recording) -> str:
    """The picture in words, for anyone who cannot see it. Of a real run it gives no durations.

    It says no more of a real run than its text twin does, so that it is the same on every machine.
    """
    sentences = [f"Timeline: {run.summary()}."]
    if len(run.tasks) > 1:
        sentences.append(_overlap(run))
    if run.clock == "virtual" and run.blocked:
        who, span = _longest_block(run)
        where = f" at line {span.place.line} in {shown_name(span.place.function)}" if span.place else ""
        sentences.append(f"{who} blocks the loop for {seconds(span.end - span.start)}{where}.")
    late = [job for job in run.threads if run.outlives(job)] if run.clock == "virtual" else []
    if late:
        many = len({job.thread for job in late})
        who = "A worker thread goes" if many == 1 else f"{many:,} worker threads go"
        sentences.append(f"{who} on after the run, until {seconds(max(job.end for job in late))}.")
    return " ".join(sentences)


def _longest_block(run: Recording) -> tuple[str, Span]:
    """The name of the task or callback that blocks the loop for longest, and when it does."""
    blocks = [(shown_name(task.name), span) for task in run.tasks for span in task.spans if span.kind == BLOCKED]
    blocks += [(shown_name(span.wait), span) for span in run.callbacks]
    return max(blocks, key=lambda item: item[1].end - item[1].start)


def _overlap(run: Recording) -> str:
    """A sentence on which tasks, beside the main one, were under way at the same time."""
    children = run.tasks[1:]
    few = len(children) <= NAMED
    names = [shown_name(task.name) for task in children]
    if len(children) == 1:
        return f"{names[0]} is the only task beside {shown_name(run.tasks[0].name)}."
    if run.peak == len(children):
        return f"{listed(names) if few else f'All {len(children):,}'} are under way at the same time."
    if run.peak == 1:
        return f"{listed(names) if few else f'The {len(children):,} others'} run one after another."
    if not few:
        return f"At most {run.peak:,} of {len(children):,} are under way at the same time."
    return f"{'; '.join(_pairs(run, told_apart(names)))}."


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
