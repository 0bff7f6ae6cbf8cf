"""The programs around the course. For learners: the environment and the workbook. For maintainers: all the others."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The ids of two cells in every notebook, which tools/catalogue.py writes: under the title, and at the end.
NAVIGATION_TOP, NAVIGATION_BOTTOM = "navigation-top", "navigation-bottom"


class Problem(Exception):
    """Something that somebody has to put right; its text says what, and how."""
