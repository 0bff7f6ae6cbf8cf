"""Exercises that understand asynchronous mistakes.

    from helpers.exercises import lesson_04 as exercises

    async def cheapest(shops, item):
        ...                                     # your code here

    exercises.cheapest.check(cheapest)          # not tried yet, not yet right, or right
    exercises.cheapest.hint()                   # one more hint with each call
    exercises.cheapest.solution()               # the solution, its timeline, and why

An answer never runs in the notebook's own process. It travels to another one, which has been started
before and waits (`process`), runs there in virtual time under observation (`worker`, `observe`), and
what was observed comes back as plain data, from which a verdict is made (`verdict`). So an answer may
loop for ever, kill its process or take Python apart: the notebook does not notice.

    exercise   what an exercise is: text, cases, hints, solution, known wrong answers
    looks      what can be seen of an answer before it runs
    parcel     packing an answer for the other process
    process    the processes in which answers run, one each
    worker     what happens there
    observe    running one case, and noting what there is to note
    tamper     noticing and undoing that an answer has replaced parts of Python
    expect     what a case may demand of an answer
    verdict    from what was observed to words that teach
    show       how verdicts, hints and solutions look in a notebook

CONTRIBUTING.md shows how to add an exercise.
"""
