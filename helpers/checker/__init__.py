"""The checker: it runs an answer elsewhere, in virtual time, and says what is wrong with it in words that teach.

An answer never runs in the notebook's own process. It travels to another one, which has been started before and waits
(`process`), runs there under observation (`worker`, `observe`), and what was observed comes back as plain data
(`protocol`), from which a verdict is made (`verdict`). So an answer may loop for ever, kill its process or take Python
apart: the notebook does not notice.

It protects a learner's notebook from accidents. It is no sandbox, and no grader. An answer runs with the rights of its
user: it can read and write files, and reach the network. It cannot start processes or signal others by what Python has
for that, but it can through `ctypes`. It can also look for what observes it in its process, and report itself right.
So whoever gives marks for answers has to run them where nothing can be harmed (a container, another user), and to read
them. The cell itself runs in the notebook before `check` is called: of that, nothing is held back here.

    exercise    what an exercise is: text, cases, hints, solution, known wrong answers
    case        one thing that is demanded of an answer
    expect      what a case may demand beyond that
    signature   before an answer runs: is it the right kind of function, and was it changed at all
    syntax      what the source of an answer shows
    packing     packing an answer for the other process
    protocol    what the two processes say to each other
    cell_names  what a cell of a notebook finds without importing it
    process     the processes in which answers run, one each
    worker      what happens there
    observe     running one case, and noting what there is to note
    slips       what a mistyped name was meant to be
    bounds      how long, and how many, things from an answer may be
    snapshot    noticing and undoing that an answer has replaced parts of Python
    kinds       the kinds of mistakes, with what to try
    remedies    what to try after an exception
    standing    where a learner stands in a lesson, and what comes next
    verdict     from what was observed to words that teach
    report      how verdicts, hints and solutions look in a notebook

A lesson imports from here alone. The process of an answer imports it, too, so nothing here imports widgets or pictures
before somebody looks at one.
"""

from __future__ import annotations

from helpers.checker.exercise import Exercise, Mistake, exercises_of
from helpers.checker.expect import Failed, any_order, cancelled, equal, require, shown
from helpers.notebook.predict import predict

__all__ = [
    "Exercise", "Failed", "Mistake", "any_order", "cancelled", "equal", "exercises_of", "predict", "require", "shown",
]
