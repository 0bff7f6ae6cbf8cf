"""What the laboratory costs, measured against the same program without it, or against others who do the same.

    python -m benchmarks                    # all tables; they are also written into README.md
    python -m benchmarks recorder imports   # some of them, printed only

Both sides of a ratio are measured in this one run, in turn, so that whatever else the machine does
disturbs both alike. Close other programs first all the same.

The rows of other tools are left out, with a note, where these are not installed:
`pip install viztracer pyinstrument seedloop` (Python 3.12 or newer) in the environment of the course.
"""
