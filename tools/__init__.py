"""The programs around the course. For learners: the environment and the workbook. For maintainers: all the others."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The ids of two cells in every notebook, which tools/catalogue.py writes: under the title, and at the end.
NAVIGATION_TOP, NAVIGATION_BOTTOM = "navigation-top", "navigation-bottom"


# What the kernel says of its language. JupyterLab writes it into every notebook that it opens, so it stands there from
# the start; but for the version of Python, which differs from machine to machine: tools/workbook.py adds that.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}


class Problem(Exception):
    """Something that somebody has to put right; its text says what, and how."""
