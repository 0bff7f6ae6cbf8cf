"""What is seen in a recorded run, in words: `run.explain()`.

A rule is a function that reads a `Recording` and gives observations, each with its evidence in numbers. It says what
was seen, never what it should have been, and is silent where the recording does not show it. `explanation.py` has the
list of the rules, and shows what they found.
"""
