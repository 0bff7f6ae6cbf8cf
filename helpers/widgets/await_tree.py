"""The await tree: who awaits whom, at which line, down to the innermost wait.

    await_tree()                        # in a coroutine, or a cell of the notebook: the tasks of the running loop
    await_tree(run), run.await_tree()   # how the tasks of a recording stood when it ended
    run.await_tree(at=0.2)              # and how they stood after 0.2 s

    main: waits for its tasks (gather), line 12 in main
    ├─ fetch: sleeps 0.3 s, line 4 in fetch → line 9 in ask
    └─ fetch 2: waits for a lock, which fetch holds, line 5 in fetch
    A task stands below the one that awaits it.

A task stands below the one that awaits it, and on the left if nobody does. Whoever is awaited by several is told in
full once. Tasks that await one another in a circle are told as that. Only the learner's tasks are shown, and what they
await; tasks of libraries are counted in the last line.

The lines are those of the learner, from the outermost coroutine to the one that is suspended. The same text comes
from every Python; Python 3.14's `python -m asyncio pstree` and `asyncio.print_call_graph` show the frames of asyncio
and of libraries, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from helpers.arguments import number, recorded_run
from helpers.markup import joined, style, tag
from helpers.recorder import await_tree as reading
from helpers.recorder.await_tree import NEW, RUNS, Stand, Stands
from helpers.recording import Others, Recording
from helpers.wait_kinds import READY, WAIT, kind_of
from helpers.words import count, listed, seconds, shown_name, told_apart

DEEPEST = 10            # levels that are shown
WIDEST = 10             # tasks below one task that are shown
MOST = 60               # tasks that are shown in all
LINES = 4               # lines of the learner's that are shown of one task


def await_tree(run: Recording | None = None, at: float | None = None) -> AwaitTree:
    """Who awaits whom: of the tasks of the running loop, or of a recorded run. Print it, or write it last in a cell.

    run  a recording; without it the tasks of the loop that is running here are shown, as they stand now
    at   seconds from the start of the recording; without it, how its tasks stood when it ended

    Raises RuntimeError without a run if no loop is running, TypeError if `run` is no recording or `at` no number,
    ValueError if the run was shorter.
    """
    if run is None:
        if at is not None:
            raise TypeError("await_tree() has no moment to look back to without a recording: write await_tree() for "
                            f"now, or await_tree(run, at={at!r})")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError("await_tree() shows the tasks of the running loop, and none is running here: call it in "
                               "a coroutine, or show those of a recording, await_tree(run)") from None
        return AwaitTree(reading.of_loop(loop), "now")
    recorded_run(run, Recording, "await_tree() shows a recorded run", "await_tree(run)")
    if at is not None:
        number("at", at, most=run.last_moment, meaning="seconds from the start of the run, for example at=0.2",
               limits="a moment of the run, " + (f"which took {seconds(run.last_moment)}" if run.clock == "virtual"
                                                 else "which was shorter"))
    return AwaitTree(reading.of_recording(run, at), _moment(run, at))


def _moment(run: Recording, at: float | None) -> str:
    if at is not None:
        return f"at {seconds(at)}"
    name = "at the deadlock" if run.error.startswith("Deadlock") else "at the end"
    return f"{name}, {seconds(run.end)}" if run.clock == "virtual" else name


class Line(NamedTuple):
    """A line of the tree: how it hangs, from the left; the task; and what is to be said of it."""

    last: tuple[bool, ...]      # of each level, whether it is the last one there
    name: str
    words: str
    way: str = ""               # the lines in which it awaits


class AwaitTree:
    """The await tree at a moment, as text and, last in a cell, as HTML. `stands` and `others` are its data."""

    def __init__(self, stands: Stands, moment: str) -> None:
        self.stands: tuple[Stand, ...] = stands.stands
        self.others: tuple[Others, ...] = stands.others
        self.moment = moment
        self.names = told_apart([shown_name(stand.name) for stand in self.stands])
        self._left = MOST
        self._told: set[int] = set()
        self._lines: list[Line] = []
        self._grow()

    # -- its lines ------------------------------------------------------------------------------

    def _grow(self) -> None:
        awaited = {child for number, stand in enumerate(self.stands) for child in stand.on if child != number}
        self._below((), [number for number in range(len(self.stands)) if number not in awaited], ())
        circles = [number for number in range(len(self.stands)) if number not in self._reached()]
        while circles:
            self._below((), circles[:1], ())
            reached = self._reached()
            circles = [number for number in circles[1:] if number not in reached]
            if self._left <= 0:
                break
        hidden = len(self.stands) - len(self._told)
        if hidden and self._left <= 0:
            self._lines.append(Line((), "", f"and {count(hidden, 'more task')}"))

    def _reached(self) -> set[int]:
        """The tasks that have been told, and all that these await."""
        return self._reached_from(self._told)

    def _below(self, last: tuple[bool, ...], numbers: Sequence[int], path: tuple[int, ...]) -> None:
        """The lines of some tasks that hang at one place; `path` are those above, the outermost first."""
        shown = list(numbers)
        if len(shown) > WIDEST:
            shown = shown[:WIDEST - 1]
        more = len(numbers) - len(shown)
        for at, each in enumerate(shown):
            if self._left <= 0:
                return
            self._task((*last, at + 1 == len(shown) and not more), each, path)
        if more and self._left > 0:
            words = f"and {count(more, 'more task')}"
            alike = {(self._words(each), self._way(each)) for each in numbers[len(shown):]}
            same, way = alike.pop() if len(alike) == 1 else ("", "")
            self._lines.append(Line((*last, True), "", words + (f"; each {same}" if same else ""), way))
            self._told.update(numbers[len(shown):])

    def _task(self, last: tuple[bool, ...], each: int, path: tuple[int, ...]) -> None:
        name, on = self.names[each], self.stands[each].on
        self._left -= 1
        if each in path:
            round_ = path[path.index(each):]
            words = "itself again" if len(round_) == 1 else f"again: these {len(round_)} tasks await one another"
            self._lines.append(Line(last, name, words))
            return
        if each in self._told:
            self._lines.append(Line(last, name, "see above"))
            return
        self._told.add(each)
        self._lines.append(Line(last, name, self._words(each), self._way(each)))
        if on and len(path) + 1 >= DEEPEST:
            below = self._reached_from(on) - self._told
            if below:
                self._told |= below
                self._lines.append(Line((*last, True), "", f"and {count(len(below), 'more task')} below"))
            return
        self._below(last, on, (*path, each))

    def _reached_from(self, numbers: Iterable[int]) -> set[int]:
        """Some tasks, and all that these await."""
        reached: set[int] = set()
        next_ones = list(numbers)
        while next_ones:
            each = next_ones.pop()
            if each not in reached:
                reached.add(each)
                next_ones += self.stands[each].on
        return reached

    def _words(self, each: int) -> str:
        stand = self.stands[each]
        if stand.state == NEW:
            return "has not begun"
        if stand.state == RUNS:
            words = "runs"
        elif stand.state == READY:
            words = "is ready to run"
        else:
            words = kind_of(stand.wait).told(time=f" {seconds(stand.asked)}" if stand.asked >= 0 else "")
            if stand.holder >= 0:
                holder = "it holds itself" if stand.holder == each else f"{self.names[stand.holder]} holds"
                words += f", which {holder}"
        return words

    def _way(self, each: int) -> str:
        """The lines in which a task awaits, outermost first; of very many the outermost and the innermost."""
        told = [f"line {place.line}" + ("" if place.function.startswith("<") else f" in {place.function}")
                for place in self.stands[each].places]
        if len(told) > LINES:
            told = [told[0], "…", *told[2 - LINES:]]
        return " → ".join(told)

    @property
    def heading(self) -> str:
        """How many tasks there are, and what they do."""
        if not self.stands:
            return f"No task is under way {self.moment}."
        states = [stand.state for stand in self.stands]
        parts = [("runs", "run", states.count(RUNS)), ("is ready", "are ready", states.count(READY)),
                 ("has not begun", "have not begun", states.count(NEW)), ("waits", "wait", states.count(WAIT))]
        told = [f"{number:,} {one if number == 1 else many}" for one, many, number in parts if number]
        if len(told) == 1:
            told = [f"it {one}" if number == 1 else f"all {many}" for one, many, number in parts if number]
        return f"{count(len(states), 'task')} {self.moment}: {listed(told)}."

    @property
    def footer(self) -> str:
        """How many tasks the libraries have; "" if none. A recording does not know when they ended."""
        told = listed(f"{each.library} {each.tasks:,}" for each in self.others)
        return told and f"Tasks of libraries{'' if self.moment == 'now' else ', in the whole run'}: {told}."

    @property
    def key(self) -> str:
        """How to read the tree; "" if no task stands below another one."""
        return "A task stands below the one that awaits it." if any(len(line.last) > 1 for line in self._lines) else ""

    # -- as it is shown -------------------------------------------------------------------------

    def __str__(self) -> str:
        lines = [_branch(line.last) + (f"{line.name}: " if line.name else "")
                 + ", ".join(filter(None, (line.words, line.way))) for line in self._lines]
        return "\n".join(filter(None, [self.heading, *lines, self.footer, self.key]))

    __repr__ = __str__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Jupyter asks for this: HTML, and the text."""
        return {"text/plain": str(self), "text/html": str(self._html())}

    def _html(self) -> Markup:
        """A list in a list for each task that awaits others: a screen reader tells the levels."""
        levels: list[list[Markup]] = [[]]
        parts: list[Markup] = []
        for at, line in enumerate(self._lines):
            depth = max(len(line.last), 1)
            while len(levels) < depth:
                levels.append([])
            told = tag("b", line.name) + ": " + line.words if line.name else tag("i", line.words)
            parts.append(told + tag("span", ", " + line.way) if line.way else told)
            following = self._lines[at + 1] if at + 1 < len(self._lines) else None
            if following is not None and len(following.last) > depth:
                continue                        # its own list comes first; the item is closed after it
            levels[depth - 1].append(tag("li", parts.pop()))
            next_depth = max(len(following.last), 1) if following is not None else 1
            while depth > next_depth:           # the list is complete: it belongs to the item above
                below = _list(levels.pop())
                depth -= 1
                levels[depth - 1].append(tag("li", parts.pop(), below))
        tree = _list(levels[0]) if levels[0] else Markup()
        notes = [tag("p", text) for text in (self.footer, self.key) if text]
        return joined([style("helpers.widgets", "await_tree.css"),
                       tag("div", tag("p", self.heading), tree, *notes, class_="wyw-tree", role="group",
                           aria_label="Await tree")])


def _list(items: Sequence[Markup]) -> Markup:
    """A list; its role is said, since Safari takes one without bullets for none."""
    return tag("ul", *items, role="list")


def _branch(last: tuple[bool, ...]) -> str:
    """What is drawn in front of a task; those on the left hang at nothing."""
    if len(last) < 2:
        return ""
    return "".join("   " if each else "│  " for each in last[1:-1]) + ("└─ " if last[-1] else "├─ ")

