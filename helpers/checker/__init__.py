"""The checker: it runs an answer elsewhere, in virtual time, and says what is wrong with it in words that teach.

An answer never runs in the notebook's own process. It travels to another one, which has been started before and waits
(`process`), runs there under observation (`worker`, `observe`), and what was observed comes back as plain data
(`protocol`), from which a verdict is made (`verdict`). So an answer may loop for ever, kill its process or take Python
apart: the notebook does not notice.

    exercise    what an exercise is: text, cases, hints, solution, known wrong answers
    case        one thing that is demanded of an answer
    expect      what a case may demand beyond that
    signature   before an answer runs: is it the right kind of function, and was it changed at all
    syntax      what the source of an answer shows
    packing     packing an answer for the other process
    protocol    what the two processes say to each other
    process     the processes in which answers run, one each
    worker      what happens there
    observe     running one case, and noting what there is to note
    snapshot    noticing and undoing that an answer has replaced parts of Python
    kinds       the kinds of mistakes, with what to try
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
