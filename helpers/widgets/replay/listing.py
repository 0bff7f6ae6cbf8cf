"""The source lines that a run went through, for the replay.

The places of the recording tell which lines they are: the functions in which tasks were
suspended, and the coroutine functions of the tasks, as far as they stand in the same files. Cells of
the running notebook count as files. Where the source is not available, in another kernel for
instance, a listing is empty, and says which files it lacks.
"""

from __future__ import annotations

import ast
import linecache
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from helpers.recording import Place, Recording
from helpers.source_html import highlighted_lines
from helpers.widgets.cleanup import running_shell

AROUND = 2          # lines shown around a place that is in no function
CELL = re.compile(r"[/\\]ipykernel_\d+[/\\]|^<ipython-input-")


class Line(NamedTuple):
    """A line of source, as text and as HTML in colours. `file` is an index into `Listing.files`."""

    file: int
    number: int
    text: str
    html: Markup


class Listing:
    """The source of the coroutines in a run.

    lines   all lines, by file and number
    files   their files, each with at least one line
    missing files whose source is not to be had

    `read` gives the lines of a file, as `linecache.getlines` does: [] if there are none.
    """

    def __init__(self, run: Recording, read: Callable[[str], list[str]] = linecache.getlines) -> None:
        places = list(dict.fromkeys(span.place for task in run.tasks for span in task.spans if span.place is not None))
        coroutines = {task.coroutine for task in run.tasks}
        files: dict[str, set[int]] = {}
        for place in places:
            files.setdefault(place.file, set()).add(place.line)
        self.missing: list[str] = []
        self.files: list[str] = []
        self.lines: list[Line] = []
        self._home: dict[str, tuple[int, int]] = {}             # of a coroutine function: file and first line
        self._stood: set[tuple[int, int]] = set()
        for file, numbers in files.items():
            source = [line.rstrip("\n") for line in read(file)]
            if not source or max(numbers) > len(source):        # none, or of another version
                self.missing.append(file)
                continue
            index = len(self.files)
            self.files.append(file)
            self._stood |= {(index, number) for number in numbers}
            self._add(index, source, [place for place in places if place.file == file], coroutines)

    def _add(self, index: int, source: list[str], places: list[Place], coroutines: set[str]) -> None:
        """Add the lines of a file that are wanted."""
        functions = _functions(source)
        wanted: set[int] = set()
        for name in coroutines:
            function = _defined(name, functions, places)
            if function is not None:
                self._home.setdefault(name, (index, function.first))
                wanted.update(function.lines)
        for place in places:
            wanted.update(_around(place, functions, len(source)))
        numbers = _with_blank_lines(wanted, source)
        texts = textwrap.dedent("\n".join(source[number - 1].expandtabs(4) for number in numbers)).split("\n")
        self.lines += [Line(index, *parts) for parts in zip(numbers, texts, _in_colours(numbers, texts))]

    def home(self, coroutine: str) -> tuple[int, int] | None:
        """File and number of the line at which a coroutine function begins; None if it is not listed."""
        return self._home.get(coroutine)

    def spot(self, place: Place | None) -> tuple[int, int] | None:
        """File and number of a place; None if it is not listed."""
        if place is None or place.file not in self._index:
            return None
        return self._index[place.file], place.line

    @cached_property
    def _index(self) -> dict[str, int]:
        return {file: index for index, file in enumerate(self.files)}

    @cached_property
    def _position(self) -> dict[tuple[int, int], int]:
        return {(line.file, line.number): at for at, line in enumerate(self.lines)}

    def excerpt(self, marked: Iterable[tuple[int, int]], room: int) -> list[Line | None]:
        """At most `room` lines, None where some are left out: all of them if they fit.

        Else those that are `marked` come first (file and number, the most important first), then those
        at which a task ever stands, then the neighbours of the marked ones.
        """
        if len(self.lines) + len(self.files) - 1 <= room:
            return self._joined(self.lines)
        kept: set[int] = set()
        for at in self._by_importance(marked, room):
            if 0 <= at < len(self.lines) and at not in kept:
                more = kept | {at}
                if len(self._joined([self.lines[one] for one in sorted(more)])) <= room:
                    kept = more
                elif len(kept) > room // 2:
                    break
        return self._joined([self.lines[at] for at in sorted(kept)])

    def _by_importance(self, marked: Iterable[tuple[int, int]], room: int) -> Iterator[int]:
        """Indices of lines, the most important first; some come twice, and some are of no line."""
        marks = [self._position[spot] for spot in marked if spot in self._position]
        yield from marks
        yield from (self._position[spot] for spot in self._home.values())
        yield from sorted(self._position[spot] for spot in self._stood if spot in self._position)
        for distance in range(1, room):
            for at in marks or [0]:
                yield at - distance
                yield at + distance

    def _joined(self, lines: list[Line]) -> list[Line | None]:
        """Lines with None between those that are not neighbours in their file."""
        result: list[Line | None] = []
        for line in lines:
            before = result[-1] if result else None
            if before is not None and (before.file, before.number + 1) != (line.file, line.number):
                result.append(None)
            result.append(line)
        return result


class _Function(NamedTuple):
    name: str
    first: int
    last: int
    is_coroutine: bool

    @property
    def lines(self) -> range:
        return range(self.first, self.last + 1)


def _functions(source: list[str]) -> list[_Function]:
    """All functions of a file, outer ones before inner ones; none if it cannot be parsed."""
    try:
        tree = ast.parse("\n".join(source))
    except (SyntaxError, ValueError):
        return []
    found = [
        _Function(node.name, node.lineno, node.end_lineno or node.lineno, isinstance(node, ast.AsyncFunctionDef))
        for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    return sorted(found, key=lambda function: (function.first, -function.last))


def _defined(coroutine: str, functions: list[_Function], places: list[Place]) -> _Function | None:
    """The coroutine function of this name. Of several, the last that was seen at work; if none was, None."""
    called = [f for f in functions if f.is_coroutine and f.name == coroutine.rpartition(".")[2]]
    seen = [f for f in called if any(p.function == f.name and p.line in f.lines for p in places)]
    if seen:
        return seen[-1]
    return called[0] if len(called) == 1 else None


def _around(place: Place, functions: list[_Function], last: int) -> range:
    """The lines of the function that a place is in, or, outside of all, the few around it, up to the file's `last`."""
    around = [f for f in functions if place.line in f.lines]
    named = [f for f in around if f.name == place.function] or around
    if named:
        return named[-1].lines
    return range(max(place.line - AROUND, 1), min(place.line + AROUND, last) + 1)


def _with_blank_lines(wanted: set[int], source: list[str]) -> list[int]:
    """The numbers of the lines wanted, in order, and of the lines between two of them if all of those are blank."""
    numbers = sorted(wanted)
    for before, after in pairwise(sorted(wanted)):
        between = range(before + 1, after)
        if not any(source[number - 1].strip() for number in between):
            numbers += between
    return sorted(numbers)


def _in_colours(numbers: list[int], texts: list[str]) -> Iterator[Markup]:
    """The lines as HTML. Neighbours are read together, for a string may go on from line to line."""
    first = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1:
            yield from highlighted_lines("\n".join(texts[first:end]))
            first = end


def title(file: str) -> str:
    """What to call a file: "Cell In[3]", as far as the running notebook knows it, or its name without folders."""
    if not CELL.search(file):
        return os.path.basename(file)
    shell = running_shell()
    if shell is None:
        return "cell"
    from helpers.notebook.ipython_internals import cell_name  # late: needs IPython, which a script does without

    return cell_name(shell, file) or "cell"
