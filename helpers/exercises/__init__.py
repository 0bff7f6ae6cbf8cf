"""The exercises and questions of the lessons: content only, one module a lesson. What checks them is `helpers.checker`.

    from helpers.exercises import lesson_04 as exercises

    async def cheapest(shops, item):
        ...                                     # your code here

    exercises.cheapest.check(cheapest)          # not tried yet, not yet right, or right
    exercises.cheapest.hint()                   # one more hint with each call
    exercises.cheapest.solution()               # the solution, its timeline, and why
    exercises.cheapest.compare()                # after a right answer: its run beside the solution's
    exercises.cheapest.reset()                  # it is open again, and its hints begin anew

    exercises.predict_order                     # a question to answer before the next cell is run

CONTRIBUTING.md shows how to add an exercise.
"""
