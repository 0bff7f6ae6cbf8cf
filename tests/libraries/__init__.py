"""Programs with real libraries, on loopback, as people write them: recorded, and their lanes and waits compared.

What a library does beneath differs with the version of Python; what the learner sees does not.
"""
