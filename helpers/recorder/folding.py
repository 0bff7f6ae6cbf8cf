"""The tasks of libraries are taken out of a run: the learner's are what is left, numbered anew.

What is said of a task by its number, or of a turn by its number, is said by the new one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter

from helpers.recorder.notes import Row
from helpers.recording import Others, Remark, Span, Task, ThreadJob
from helpers.wait_kinds import BLOCKED, kind_of


class Folding:
    """What is left of the tasks of a run.

    rows   the notes on the tasks
    tasks  all of them, the libraries' too
    """

    def __init__(self, rows: Sequence[Row], tasks: Sequence[Task]) -> None:
        self.libraries = [row.library for row in rows]          # of each task, to which library it belongs
        counts: dict[str, int] = {}
        for library in filter(None, self.libraries):
            counts[library] = counts.get(library, 0) + 1
        self.callbacks: tuple[Span, ...] = ()
        self.others = tuple(Others(library, count) for library, count in sorted(counts.items()))
        self.numbers: list[int | None] = []                     # of each task, its number among those that are left
        left = 0
        for library in self.libraries:
            self.numbers.append(None if library else left)
            left += not library
        if not counts:
            self.tasks = tuple(tasks)
            return
        kept = [task for task in tasks if not self.libraries[task.id]]
        self.ids = [task.id for task in kept]
        self.turns = sorted(span.step for task in kept for span in task.spans if span.step >= 0)
        self.parents = [task.parent for task in tasks]
        self.tasks = tuple(self._task(task) for task in kept)
        # a turn of a library's that blocks the loop is told like that of any callback
        self.callbacks = tuple(
            Span(BLOCKED, span.start, span.end, task.coroutine, (), span.place)
            for task in tasks if self.libraries[task.id] for span in task.spans if span.kind == BLOCKED
        )

    def jobs(self, jobs: Sequence[ThreadJob]) -> tuple[ThreadJob, ...]:
        """The jobs of worker threads; that of a library's task is no task's."""
        return tuple(job._replace(task=self._number(job.task)) for job in jobs) if self.others else tuple(jobs)

    def remarks(self, remarks: Sequence[Remark]) -> tuple[Remark, ...]:
        """The remarks on a run; one on a library's task is on no task."""
        return tuple(remark._replace(task=self._number(remark.task)) for remark in remarks)

    def blocking(self, callbacks: Sequence[Span]) -> tuple[Span, ...]:
        """The callbacks that blocked the loop, those of libraries' tasks among them."""
        return tuple(sorted((*callbacks, *self.callbacks), key=attrgetter("start")))

    def _number(self, task: int | None) -> int | None:
        return None if task is None else self.numbers[task]

    def _task(self, task: Task) -> Task:
        parent, by_library = task.parent, False
        while parent is not None and self.libraries[parent]:
            parent, by_library = self.parents[parent], True
        made = task.made
        if made >= 0:
            # in a library's turn nobody made it who is left: then it was made before its own first turn, or, where a
            # parent is named, one cannot say in which of its turns
            first = min((span.step for span in task.spans if span.step >= 0), default=made)
            made = -1 if by_library and parent is not None else self._turn(min(made, first) if by_library else made)
        return task._replace(id=bisect_left(self.ids, task.id), parent=self._number(parent), made=made,
                             spans=tuple(map(self._span, task.spans)))

    def _turn(self, number: int) -> int:
        """The new number of a turn; of a library's turn, that of the next one that is left."""
        return bisect_left(self.turns, number)

    def _span(self, span: Span) -> Span:
        wait, on = span.wait, span.on
        if on:
            on = tuple(number for task in on if (number := self.numbers[task]) is not None)
            if not on and kind_of(wait).family == "tasks":
                wait = self.libraries[span.on[0]]               # it waits for tasks of a library, which is all one sees
        if wait == span.wait and on == span.on and span.step < 0 and span.woken < 0 and span.cutter < 0:
            return span
        return span._replace(
            wait=wait, on=on,
            step=span.step if span.step < 0 else self._turn(span.step),
            woken=span.woken if span.woken < 0 else self._turn(span.woken),
            cutter=-1 if span.cutter < 0 or (cutter := self.numbers[span.cutter]) is None else cutter,
        )
