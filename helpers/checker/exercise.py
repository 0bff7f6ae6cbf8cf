"""What an exercise is, and how an answer to it is checked.

An exercise is data and plain functions, in one place: see `lesson_04.py` for a short one, and
CONTRIBUTING.md for how to add one.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import itertools
import linecache
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from helpers.checker import packing as parcel
from helpers.checker import process
from helpers.checker import signature as looks
from helpers.checker.observe import Case
from helpers.checker.report import Block, Report
from helpers.checker.verdict import KINDS, RIGHT, UNCHECKED, UNTRIED, WRONG, Evidence, Finding, from_event, judge
from helpers.notebook import progress_file
from helpers.recording import Recording

SETUP = """\
import asyncio
from helpers import Shop, ShopBusy, ShopError
"""


class Mistake(NamedTuple):
    """A known wrong answer, and what the learner must be told about it.

    kind      one of `verdict.KINDS`
    fragment  a part of the message
    source    the answer, as a learner would write it
    """

    kind: str
    fragment: str
    source: str


class Exercise:
    """An exercise; give it cases with `@exercise.case(...)`.

    title     what it is about, a few words
    task      what is asked, Markdown; the notebook's text says the same
    starter   the source text from which the learner starts; its last function is the one that is checked
    hints     from a nudge to nearly the answer
    solution  a source text that solves it
    why       one sentence: what makes it right
    next      one sentence: what to try next
    mistakes  known wrong answers, at least four
    setup     source text that starter, solution and mistakes rely on: the imports of the notebook's setup cell
    advice    kind -> what to write instead, where this exercise can say it better than `verdict.KINDS`
    """

    def __init__(
        self,
        *,
        title: str,
        task: str,
        starter: str,
        hints: list[str],
        solution: str,
        why: str,
        next: str,
        mistakes: list[Mistake],
        setup: str = SETUP,
        advice: dict[str, str] | None = None,
    ) -> None:
        self.title = title
        self.task = _text(task)
        self.starter = _text(starter)
        self.hints = tuple(" ".join(hint.split()) if "\n    " not in hint else _text(hint) for hint in hints)
        self.solution_source = _text(solution)
        self.why = " ".join(why.split())
        self.next = " ".join(next.split())
        self.mistakes = tuple(Mistake(kind, fragment, _text(source)) for kind, fragment, source in mistakes)
        self.setup = setup
        self.advice = dict(advice or {})
        self.cases: list[Case] = []
        functions = [n for n in ast.parse(self.starter).body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        if not functions:
            raise ValueError(f"the starter of {title!r} defines no function:\n{self.starter}")
        for kind in [*self.advice, *(mistake.kind for mistake in self.mistakes)]:
            if kind not in KINDS:
                raise ValueError(f"there is no kind of mistake {kind!r}; there are {', '.join(KINDS)}")
        self._node = functions[-1]
        self.name = self._node.name
        self._hinted = 0
        self._references: list[dict[str, Any]] = []

    def case(self, **expected: Any) -> Callable[[Callable], Callable]:
        """Decorate a function as a case; `expected` are fields of `observe.Case`: returns, elapsed, ..."""
        def decorate(function: Callable) -> Callable:
            if not inspect.getdoc(function):
                raise ValueError(f"the case {function.__name__} needs a docstring: what the learner is told of it")
            self.cases.append(Case(function, **expected))
            return function

        return decorate

    def __repr__(self) -> str:
        return f"exercise {self.name}: {self.title} (try .check({self.name}), .hint(), .solution())"

    # -- what a learner calls -------------------------------------------------------------------

    def check(self, answer: Any, *, seconds: float = process.SECONDS) -> Report:
        """Run all cases on an answer, and say what came of it: not tried yet, not yet right, or right.

        seconds  of real time that the answer has for all cases
        """
        if type(answer) is FunctionType and looks.same_code(answer.__code__, self._starter_code):
            process.warm()                  # whoever looks at the starter is about to need it
            return self._untried()
        remark = looks.wrong_object(answer, self.name, self._node)
        if remark is not None:
            file = answer.__code__.co_filename if type(answer) is FunctionType else ""
            return self._wrong(Finding(remark.kind, remark.observed, remark.wanted, file, remark.line))
        try:
            data = parcel.pack(answer)
        except parcel.CannotSend as error:
            return self._wrong(self._cannot_send(answer, error))
        try:
            return self._run(answer, data, seconds)
        except process.NoProcess as error:
            return self._unchecked(str(error))

    def hint(self) -> Report:
        """One more hint with each call."""
        self._hinted += 1
        count = len(self.hints)
        if self._hinted > count:
            return Report("hint", [Block(
                "There are no more hints.", f"exercises.{self.name}.solution() shows a solution.")])
        last = " It is the last one." if self._hinted == count else ""
        return Report("hint", [Block(f"Hint {self._hinted} of {count}.{last}", self.hints[self._hinted - 1])])

    def solution(self) -> Report:
        """A solution, its timeline, and why it is right."""
        blocks = [Block("A solution:", self.solution_source, code=True), Block("Why:", self.why)]
        runs = {}
        try:
            references = self._solve()
        except process.NoProcess:           # the text is worth showing without its picture
            references = []
        for case, notes in zip(self.cases, references):
            if notes.get("recording"):
                blocks.append(Block("Its timeline:", case.told))
                runs = {"solution": Recording.from_json(notes["recording"])}
                break
        return Report("solution", blocks, runs=runs)

    # -- how it is done -------------------------------------------------------------------------

    @functools.cached_property
    def _starter_code(self) -> Any:
        return looks.compiled(self.starter, self.name)

    def compile(self, source: str) -> FunctionType:
        """The function that a notebook would have after a cell with this source had run."""
        file = f"<{self.name} {next(_numbers)}>"
        namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
        exec(compile(self.setup, "<setup>", "exec", dont_inherit=True), namespace)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(compile(source, file, "exec", dont_inherit=True), namespace)
        return namespace[self.name]

    def _run(self, answer: FunctionType, data: bytes, seconds: float) -> Report:
        file = answer.__code__.co_filename
        tree = looks.tree_of(answer)
        printed: list[str] = []
        count = 0
        done = 0
        with contextlib.closing(process.run(self._job(data, {file: linecache.getlines(file)}), seconds)) as frames:
            for frame in frames:
                event = frame["event"]
                if event == "printed":
                    printed.append(frame["text"])
                elif event == "reference":
                    self._references.append(frame["notes"])
                elif event == "case":
                    notes = frame["notes"]
                    count = notes["printed"]
                    evidence = Evidence(self.cases[done], notes, self._reference(done), tree, file)
                    finding = judge(evidence)
                    if finding is not None:
                        return self._wrong(finding, evidence, answer, "".join(printed), count)
                    done += 1
                elif event == "end":
                    return self._right("".join(printed), count, answer)
                else:
                    finding = from_event(frame, seconds, process.MEMORY)
                    case = self.cases[min(done, len(self.cases) - 1)]
                    return self._wrong(finding, None, answer, "".join(printed), count, case)
        raise process.NoProcess("the process stopped reporting")

    def _job(self, answer: bytes | None, lines: dict[str, list[str]]) -> dict[str, Any]:
        reference = None
        if not self._references:
            reference = parcel.pack(self.compile(self.solution_source))
        return {
            "path": list(sys.path), "cases": parcel.pack(self.cases), "reference": reference, "answer": answer,
            "lines": lines,
        }

    def _solve(self) -> list[dict[str, Any]]:
        """What is observed of the solution, case by case; it is run once."""
        if not self._references:
            with contextlib.closing(process.run(self._job(None, {}))) as frames:
                self._references = [frame["notes"] for frame in frames if frame["event"] == "reference"]
        return self._references

    def _reference(self, index: int) -> dict[str, Any] | None:
        return self._references[index] if index < len(self._references) else None

    # -- what is said ---------------------------------------------------------------------------

    def _untried(self) -> Report:
        return Report(UNTRIED, [Block(
            "Not tried yet.", f"Write your code into {self.name}, run the cell, and look here again. "
            f"exercises.{self.name}.hint() gives a hint.")])

    def _right(self, printed: str, count: int, answer: FunctionType) -> Report:
        progress_file.mark(self.cases[0].function.__module__, self.name)
        blocks = [Block("Right.", self.why), Block("Next:", self.next)]
        return Report(RIGHT, blocks + _notes(printed, count, answer))

    def _unchecked(self, why: str) -> Report:
        return Report(UNCHECKED, [Block(
            "Could not be checked.", "An answer runs in a process of its own, and this machine could not start one: "
            f"{why}. This says nothing about your answer. Close other programs or notebooks, and run the cell again.")])

    def _wrong(self, finding: Finding, evidence: Evidence | None = None, answer: Any = None, printed: str = "",
               count: int = 0, case: Case | None = None) -> Report:
        case = evidence.case if evidence is not None else case
        blocks = [Block("Not yet right:", _sentence(finding.observed))]
        if finding.line:
            text = looks.source_line(finding.file, finding.line)
            where = f"Line {finding.line}:"
            blocks.append(Block(where, text, code=True) if text else Block("Where:", f"line {finding.line}"))
        if case is not None:
            blocks.append(Block("Asked:", case.told))
        if finding.wanted:
            blocks.append(Block("Wanted:", _sentence(finding.wanted)))
        blocks.append(Block("Try:", finding.advice or self.advice.get(finding.kind) or KINDS[finding.kind]))
        runs: dict[str, Recording] = {}
        if evidence is not None and evidence.run is not None and evidence.wanted_run is not None:
            waits = evidence.run.elapsed or evidence.wanted_run.elapsed     # else there is nothing to see
            if waits and evidence.run.text() != evidence.wanted_run.text():
                runs = {"yours": evidence.run, "wanted": evidence.wanted_run}
        return Report(WRONG, blocks + _notes(printed, count, answer), kind=finding.kind, line=finding.line, runs=runs)

    def _cannot_send(self, answer: FunctionType, error: parcel.CannotSend) -> Finding:
        found = list(itertools.islice(parcel.culprits(answer), 3))
        what = "; ".join(f"{name} ({reason})" for name, reason in found) or str(error)
        return Finding("cannot send", f"your answer runs in a process of its own, and something that it uses cannot be "
                       f"sent there: {what}", "", answer.__code__.co_filename, answer.__code__.co_firstlineno)


_numbers = itertools.count(1)


def _notes(printed: str, count: int, answer: Any) -> list[Block]:
    blocks = []
    if printed:
        more = f"\n... and {count - len(printed):,} characters more" if count > len(printed) else ""
        blocks.append(Block("Your code printed:", printed.rstrip("\n") + more, code=True))
    names = looks.globals_assigned(answer.__code__) if type(answer) is FunctionType else []
    if names:
        blocks.append(Block("Note:", f"your function assigns to the global {', '.join(names)}. The check ran in a "
                                     "process of its own, so the notebook's variables are unchanged."))
    return blocks


def _sentence(text: str) -> str:
    """With a full stop. The first letter stays small: it may be that of a name."""
    return text if text.endswith((".", "!", "?")) else text + "."


def _text(source: str) -> str:
    return textwrap.dedent(source).strip("\n").rstrip() + "\n"


def exercises_of(module: Any) -> Iterator[tuple[str, Exercise]]:
    """The exercises of a module: name and exercise, in the order in which they stand there."""
    for name, value in vars(module).items():
        if isinstance(value, Exercise):
            yield name, value
