"""The notebooks of the lessons in the current folder: their titles, what follows which, and where an exercise stands.

A kernel runs in the folder of its notebook, so this is the folder in which the learner works. All of it is for links:
where a notebook is missing or cannot be read, there is no link, and no error.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any


def lesson_file(number: str) -> str:
    """The file of the lesson with this number, such as "04"; "" if there is none here."""
    return next((name for name in _files() if name.startswith(f"{number}_")), "")


def next_file(number: str) -> str:
    """The file of the lesson after this one, in the order of teaching; "" if there is none here."""
    return next((name for name in _files() if name.partition("_")[0] > number), "")


def title(file: str) -> str:
    """The number and the title of a lesson; the number alone if the file does not say more."""
    number = file.partition("_")[0]
    head = next((_source(cell) for cell in _cells(file) if cell.get("cell_type") == "markdown"), "")
    first = head.partition("\n")[0]
    return f"{number} {first.removeprefix('# ').strip()}" if first.startswith("# ") else number


def check_link(number: str, exercise: str) -> str:
    """A link to the task of an exercise in its lesson, or to the cell that checks it; "" if there is none here."""
    file = lesson_file(number)
    task = ""                       # of the last text that poses an exercise
    for cell in _cells(file):
        kind = cell.get("cell_type")
        if kind == "markdown" and re.search(r"^#+ (Exercise|Challenge): ", _source(cell), re.MULTILINE):
            task = cell.get("id") or ""
        if kind == "code" and f".{exercise}.check(" in _source(cell):
            return f"{file}#cell-id={task or cell['id']}" if task or cell.get("id") else ""
    return ""


def _files() -> list[str]:
    """The notebooks here, by their names: these begin with their place in the order of teaching."""
    try:
        return sorted(path.name for path in Path.cwd().glob("[0-9A][0-9]_*.ipynb"))
    except OSError:                 # the current folder was removed
        return []


def _cells(file: str) -> list[dict[str, Any]]:
    try:
        cells = json.loads(Path(file).read_text(encoding="utf-8"))["cells"]
        return [cell for cell in cells if isinstance(cell, dict)]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):       # no notebook, or half of one
        return []


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))
