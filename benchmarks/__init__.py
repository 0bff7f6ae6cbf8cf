"""What the laboratory costs, measured against the same program without it, or against others who do the same.

    python -m benchmarks                    # all tables; they are printed, and written into BENCHMARKS.md
    python -m benchmarks recorder imports   # some of them

Both sides of a ratio are measured in this one run, in turn, so whatever else the machine does
disturbs both alike. Even so, close other programs first.

The other tools are the group `bench` of pyproject.toml, which `make bench` installs. Where one of them is not
installed, its row is left out, with a note.
"""
