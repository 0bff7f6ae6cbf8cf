"""What the maintainers of the course run: the environment, the lock, the catalogue, the refreshing of outputs."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Problem(Exception):
    """Something that somebody has to put right; its text says what, and how."""
