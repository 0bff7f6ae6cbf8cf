"""What an exercise is, and how an answer to it is checked.

An exercise is data and plain functions, in one place: see helpers/exercises/lesson_00.py for a short one, and
CONTRIBUTING.md for how to add one.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import itertools
import linecache
import re
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

from helpers.checker import bounds, packing, process, signature, standing, syntax
from helpers.checker.case import Case
from helpers.checker.kinds import KINDS, NOT_JUDGED, Finding
from helpers.checker.protocol import Event, Job, JsonPlace, Notes, new_mark
from helpers.checker.remedies import last_remedy
from helpers.checker.report import RIGHT, UNCHECKED, UNTRIED, WRONG, Block, Report
from helpers.checker.verdict import Evidence, also, judge, judge_ending, recording_of
from helpers.notebook import progress_file
from helpers.recording import Recording

CaseFunction = TypeVar("CaseFunction", bound=Callable[..., Any])

SETUP = """\
import asyncio
from helpers import Shop, ShopBusy, ShopError
"""


class Mistake(NamedTuple):
    """A known wrong answer, and what the learner must be told about it.

    kind      one of `kinds.KINDS`
    fragment  a part of the message
    source    the answer, as a learner would write it
    """

    kind: str
    fragment: str
    source: str


class Exercise:
    """An exercise; give it cases with `@exercise.case(...)`.

    lesson    the number of its lesson, such as "04": there a right answer is remembered; "" if it belongs to none
    title     what it is about, a few words
    task      what is asked, Markdown; the notebook's text says the same
    starter   the source text from which the learner starts; its last function is the one that is checked
    hints     from a nudge to nearly the answer
    solution  a source text that solves it
    why       one sentence: what makes it right
    follow_up one sentence: what to try next
    mistakes  known wrong answers, at least four
    setup     source text that starter, solution and mistakes rely on: the imports of the notebook's setup cell
    advice    kind -> what to write instead, where this exercise can say it better than `kinds.KINDS`. It must be true
              of every answer with this mistake; "kind: pattern" is for those of which the exception, or what was
              observed, has a part that fits the regular expression: "error: ^ShopBusy". Advice on exceptions always
              needs a pattern
    """

    def __init__(
        self,
        *,
        lesson: str = "",
        title: str,
        task: str,
        starter: str,
        hints: list[str],
        solution: str,
        why: str,
        follow_up: str,
        mistakes: list[Mistake],
        setup: str = SETUP,
        advice: dict[str, str] | None = None,
    ) -> None:
        self.lesson = lesson
        self.title = title
        self.task = _text(task)
        self.starter = _text(starter)
        self.hints = tuple(" ".join(hint.split()) if "\n    " not in hint else _text(hint) for hint in hints)
        self.solution_source = _text(solution)
        self.why = " ".join(why.split())
        self.follow_up = " ".join(follow_up.split())
        self.mistakes = tuple(Mistake(kind, fragment, _text(source)) for kind, fragment, source in mistakes)
        self.setup = setup
        self.advice = dict(advice or {})
        self.cases: list[Case] = []
        functions = [n for n in ast.parse(self.starter).body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        if not functions:
            raise ValueError(f"the starter of {title!r} defines no function:\n{self.starter}")
        for kind in [*(key.partition(": ")[0] for key in self.advice), *(mistake.kind for mistake in self.mistakes)]:
            if kind not in KINDS:
                raise ValueError(f"there is no kind of mistake {kind!r}; there are {', '.join(KINDS)}")
        _check_advice(self.advice)
        self._node = functions[-1]
        self.name = self._node.name
        self._hinted = 0
        self._references: list[Notes] = []
        self._own: list[Notes] = []         # what was observed of the last right answer

    def case(self, **expected: Any) -> Callable[[CaseFunction], CaseFunction]:
        """Decorate a function as a case; `expected` are fields of `Case`: returns, elapsed, drawn, ..."""
        def decorate(function: CaseFunction) -> CaseFunction:
            case = Case(function, **expected)
            drawn = [other.name for other in self.cases if other.drawn]
            if case.drawn and drawn:
                raise ValueError(f"solution() draws one case: {drawn[0]} is marked with drawn=True, "
                                 f"and {case.name} too")
            self.cases.append(case)
            return function

        return decorate

    def __repr__(self) -> str:
        return f"exercise {self.name}: {self.title} (try .check({self.name}), .hint(), .solution(), .reset())"

    # -- what a learner calls -------------------------------------------------------------------

    def check(self, answer: Any, *, seconds: float = process.SECONDS) -> Report:
        """Run all cases on an answer, and say what came of it: not tried yet, not yet right, or right.

        seconds  of real time that the answer has for all cases
        """
        if type(answer) is FunctionType and signature.same_code(answer.__code__, self._starter_code):
            process.spares.fill_soon()       # whoever looks at the starter is about to need it
            return self._untried()
        finding = signature.wrong_object(answer, self.name, self._node)
        if finding is not None:
            return self._wrong(finding)
        try:
            data = packing.pack(answer)
        except packing.CannotSend as error:
            return self._wrong(_cannot_send(answer, error))
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
        last = ", the last one" if self._hinted == count else ""
        prose, _, code = self.hints[self._hinted - 1].partition("\n")
        blocks = [Block(f"Hint {self._hinted} of {count}{last}:", prose)]
        return Report("hint", blocks + ([Block("", textwrap.dedent(code), code=True)] if code else []))

    def solution(self) -> Report:
        """A solution, its timeline, and why it is right."""
        blocks = [Block("A solution:", self.solution_source, code=True), Block("Why:", self.why)]
        runs = {}
        with contextlib.suppress(process.NoProcess):        # the text is worth showing without its picture
            self._solve()
        for case, notes in self._by_telling(zip(self.cases, self._references)):
            if (run := recording_of(notes)) is not None:
                blocks.append(Block("Its timeline:", case.description))
                runs = {"solution": run}
                break
        return Report("solution", blocks, runs=runs)

    def compare(self) -> Report:
        """The run of the last right answer beside that of the solution, on one time axis.

        It is the run that its check has recorded, in the case that `solution()` draws.
        """
        call = f"exercises.{self.name}.check({self.name})"
        if not self._own:
            return Report("compared", [Block("Nothing to compare yet:", f"first let {call} say \"Right.\", in this "
                                             "notebook and since its kernel was started.")])
        for case, yours, solution in self._by_telling(zip(self.cases, self._own, self._references)):
            runs = {"yours": recording_of(yours), "solution": recording_of(solution)}
            if all(runs.values()):
                found = {label: run for label, run in runs.items() if run is not None}
                same = found["yours"].text() == found["solution"].text()
                return Report("compared", [
                    Block("Your run beside the solution's:", case.description),
                    Block("Which of yours:", "the last one that was right, as it was when it was checked."),
                    *([Block("The difference:", "none that a timeline shows.")] if same else []),
                ], runs=found)
        return Report("compared", [Block("Nothing to compare:", "no timeline of this exercise was recorded. Its cases "
                                         "run without an event loop, in real time, or make too many tasks.")])

    @staticmethod
    def _by_telling(rows: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Cases with what was observed in them, that first which is marked as the one to be drawn."""
        return sorted(rows, key=lambda row: not row[0].drawn)

    def reset(self) -> Report:
        """Begin anew: the exercise no longer counts as done, and its first hint is the next. No code is changed."""
        marks, _ = progress_file.standing()
        was_done = (f"lesson_{self.lesson}", self.name) in marks
        self._hinted, self._own = 0, []
        news = f"{self.name} is open: it does not count as done."
        if was_done:
            noted = progress_file.reopen(f"lesson_{self.lesson}", self.name)
            news = (f"{self.name} is open again: it no longer counts as done." if noted else
                    f"{self.name} still counts as done. {progress_file.problem()}")
        return Report("reset", [Block("Reset:", f"{news} Its hints begin anew. Your code is as it was.")])

    def write(self, answer: Any, path: str | Path) -> Report:
        """Write a module with the answer into a file, for a program that imports it.

        What the answer uses of the standard library is imported there, too. An answer that is not right, or not in a
        file of its own, would break that program: then the file holds the solution. Raises OSError if the file cannot
        be written.
        """
        source = self._source_alone(answer)
        is_right = source is not None and self.check(self.compile(source)).outcome == RIGHT
        text = source if source is not None and is_right else f"\n\n{self.solution_source}"
        Path(path).write_text(f"{self.setup.strip()}\n{text}", encoding="utf-8")
        name = Path(path).as_posix()
        if is_right:
            return Report("written", [Block("Written:", f"{name} holds your {self.name}.")])
        why = {
            RIGHT: "is right, but needs something else of the notebook. Put helper functions, and imports of what is "
                   "not in the standard library, inside of it, leave out decorators, define it under its own name, and "
                   "run this cell again",
            UNCHECKED: "could not be checked. Run this cell again",
        }.get(self.check(answer).outcome, "is not right yet. When it is, run this cell again")
        return Report("written", [Block("Written:", f"{name} holds the course's {self.name}: yours {why}.")])

    # -- how it is done -------------------------------------------------------------------------

    def _source_alone(self, answer: Any) -> str | None:
        """The source of an answer, after its imports, if a file with no more has the function; None if it has not."""
        if type(answer) is not FunctionType or answer.__name__ != self.name:
            return None
        try:
            text = _text(inspect.getsource(answer))
            source = "".join(f"{line}\n" for line in _imports(answer, text, self.setup)) + f"\n\n{text}"
            self.compile(source)
        except Exception:       # the learner's code, which may raise anything here: a decorator that is elsewhere
            return None
        return source

    @functools.cached_property
    def _starter_code(self) -> CodeType:
        return signature.compiled(self.starter, self.name)

    def compile(self, source: str) -> FunctionType:
        """The function that a notebook would have after a cell with this source had run."""
        file = f"<{self.name} {next(_numbers)}>"
        namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
        exec(compile(self.setup, "<setup>", "exec", dont_inherit=True), namespace)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)      # a cell runs all the same: `return` in a `finally`
            code = compile(source, file, "exec", dont_inherit=True)
        exec(code, namespace)
        return namespace[self.name]

    def _run(self, answer: FunctionType, data: bytes, seconds: float) -> Report:
        file = answer.__code__.co_filename
        tree = syntax.tree_of(answer)
        output = _Output()
        own_thread: JsonPlace | None = None
        references: list[Notes] = []
        own: list[Notes] = []
        done = 0
        job = self._job(data, seconds, {file: linecache.getlines(file)}, packing.modules_of(answer))
        with contextlib.closing(process.run(job)) as frames:
            for frame in frames:
                event = frame["event"]
                if event == Event.PRINTED:
                    output.text = (output.text + frame["text"])[:bounds.PRINTED]
                elif event == Event.REFERENCE:
                    references.append(frame["notes"])
                    self._keep(references)
                elif event == Event.THREAD:
                    own_thread = frame.get("place")
                elif event == Event.CASE and done < len(self.cases):
                    output.characters = frame["notes"]["printed"]
                    evidence = Evidence(self.cases[done], frame["notes"], self._reference(done), tree,
                                        ast.parse(self.solution_source), file)
                    finding = judge(evidence)
                    if finding is not None:
                        news = [Block("Also:", text)] if (text := also(evidence, finding)) else []
                        return self._wrong(finding, evidence.case, evidence.timelines, news + _remarks(answer, output))
                    own.append(frame["notes"])
                    done += 1
                elif event == Event.END and done == len(self.cases):
                    self._own = own
                    return self._right(_remarks(answer, output))
                else:
                    case = self.cases[min(done, len(self.cases) - 1)]
                    finding = judge_ending(frame, seconds, process.MEMORY, own_thread, case.in_virtual_time)
                    return self._wrong(finding, case, remarks=_remarks(answer, output))
        raise process.NoProcess("the process stopped reporting")

    def _job(self, answer: bytes | None, seconds: float, lines: dict[str, list[str]],
             modules: list[str]) -> Job:
        reference = None
        if not self._references:
            reference = packing.pack(self.compile(self.solution_source))
        return {
            "mark": new_mark(), "seconds": seconds, "path": list(sys.path), "cases": packing.pack(self.cases),
            "reference": reference, "answer": answer, "lines": lines, "modules": modules,
        }

    def _solve(self) -> None:
        """Run the solution, if that has not been done."""
        if not self._references:
            with contextlib.closing(process.run(self._job(None, process.SECONDS, {}, []))) as frames:
                self._keep([frame["notes"] for frame in frames if frame["event"] == Event.REFERENCE])

    def _keep(self, references: list[Notes]) -> None:
        """Keep what was observed of the solution once it is known for all cases: an interrupted run says too little."""
        if len(references) == len(self.cases):
            self._references = references

    def _reference(self, index: int) -> Notes | None:
        return self._references[index] if self._references else None

    # -- what is said ---------------------------------------------------------------------------

    def _untried(self) -> Report:
        return Report(UNTRIED, [Block(
            "Not tried yet.", f"Write your code into {self.name}, run the cell, and look here again. "
            f"exercises.{self.name}.hint() gives a hint.")])

    def _right(self, remarks: list[Block]) -> Report:
        if self.lesson:
            progress_file.mark(f"lesson_{self.lesson}", self.name)
        # The reason is that of the solution: another answer may have none of what it speaks of.
        told = [Block("Right.", ""), Block("In the course's solution:", self.why), Block("To go on:", self.follow_up)]
        if any(all(map(recording_of, pair)) for pair in zip(self._own, self._references)):
            told.append(Block("To compare:", f"`exercises.{self.name}.compare()` draws your run beside that of the "
                              "solution."))
        return Report(RIGHT, told + remarks + self._standing(True))

    def _standing(self, is_right: bool) -> list[Block]:
        """Where the learner stands in the lesson; nothing for an exercise that is not one of its own."""
        module = sys.modules.get(f"helpers.exercises.lesson_{self.lesson}")     # the notebook has imported it
        names = [name for name, _ in exercises_of(module)] if module else []
        if getattr(module, self.name, None) is not self:
            return []
        return [standing.after_check(self.lesson, names, self.name, is_right)]

    def _unchecked(self, why: str) -> Report:
        return Report(UNCHECKED, [Block(
            "Could not be checked.", "An answer runs in a process of its own, and this machine could not start one: "
            f"{why}. This says nothing about your answer. Close other programs or notebooks, and run the cell again.")])

    def _wrong(self, finding: Finding, case: Case | None = None, runs: dict[str, Recording] | None = None,
               remarks: list[Block] | None = None) -> Report:
        """What is the matter, where, what was asked, and what to try.

        case     in which it came out; None before any case has run
        runs     the timelines to show beside it
        remarks  what is added at the end
        """
        not_judged = finding.kind in NOT_JUDGED
        blocks = [Block("Not judged:" if not_judged else "Not yet right:", _sentence(finding.observed))]
        if finding.line:
            text = syntax.source_line(finding.file, finding.line)
            where = f"Line {finding.line}:"
            blocks.append(Block(where, text, code=True) if text else Block("Where:", f"line {finding.line}"))
        if case is not None:
            blocks.append(Block("Asked:", case.description))
        if finding.wanted:
            blocks.append(Block("Wanted:", _sentence(finding.wanted)))
        blocks.append(Block("Try:", self._remedy(finding)))
        blocks += [*(remarks or []), *self._standing(False)]
        return Report(UNCHECKED if not_judged else WRONG, blocks, kind=finding.kind, line=finding.line, runs=runs or {})

    def _remedy(self, finding: Finding) -> str:
        """What to try: what the exercise says of this very mistake, else what was observed, else the kind alone."""
        for key, text in self.advice.items():
            kind, _, about = key.partition(": ")
            if kind == finding.kind and about and re.search(about, finding.about):
                return text
        if finding.remedy:
            return finding.remedy
        of_kind = "" if finding.kind == "error" else self.advice.get(finding.kind, "")
        return of_kind or last_remedy(finding) or KINDS[finding.kind]


def _check_advice(advice: dict[str, str]) -> None:
    if "error" in advice:
        raise ValueError('advice on an exception speaks of one exception, or of some: instead of "error" write '
                         '"error: ^ShopBusy"')
    for key in advice:
        try:
            re.compile(key.partition(": ")[2])
        except re.error as error:
            raise ValueError(f"what follows the kind in the advice {key!r} is no regular expression: {error}") from None


_numbers = itertools.count(1)


@dataclass
class _Output:
    """What an answer has printed: its beginning, and how many characters it all had."""

    text: str = ""
    characters: int = 0


def _remarks(answer: FunctionType, output: _Output) -> list[Block]:
    """What is said of every answer that has run: what it printed, and which globals it assigns to."""
    blocks = []
    if output.text:
        rest = output.characters - len(output.text)
        more = f"\n... and {rest:,} characters more" if rest > 0 else ""
        blocks.append(Block("Your code printed:", bounds.output(output.text) + more, output=True))
    names = syntax.globals_assigned(answer.__code__)
    if names:
        blocks.append(Block("Note:", f"your function assigns to the global {', '.join(names)}. The check ran in a "
                                     "process of its own, so the notebook's variables are unchanged."))
    return blocks


def _cannot_send(answer: FunctionType, error: packing.CannotSend) -> Finding:
    found = list(itertools.islice(packing.unsendable(answer), 3))
    what = "; ".join(f"{name} ({reason})" for name, reason in found) or str(error)
    return Finding("cannot send", f"your answer runs in a process of its own, and something that it uses cannot be "
                   f"sent there: {what}", "", answer.__code__.co_filename, answer.__code__.co_firstlineno)


def _sentence(text: str) -> str:
    """With a full stop. The first letter stays small: it may be that of a name."""
    return text if text.endswith((".", "!", "?")) else text + "."


def _imports(answer: FunctionType, source: str, setup: str) -> list[str]:
    """The imports of what a function uses of the standard library, but for what the setup imports.

    They are found by the values that its names have in the notebook, so it does not matter in which cell they were
    imported.
    """
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    lines = []
    for name in sorted(names & answer.__globals__.keys()):
        value = answer.__globals__[name]
        own, module = getattr(value, "__name__", None), getattr(value, "__module__", None)
        if isinstance(value, ModuleType):
            module, line = own, f"import {own}"
        else:
            line = f"from {module} import {own}"
            if not isinstance(own, str) or getattr(sys.modules.get(str(module)), own, None) is not value:
                continue        # a number, a class of the notebook: nothing that can be imported
        if own != name:
            line += f" as {name}"
        if str(module).partition(".")[0] in sys.stdlib_module_names and line not in setup.splitlines():
            lines.append(line)
    return lines


def _text(source: str) -> str:
    return textwrap.dedent(source).strip("\n").rstrip() + "\n"


def exercises_of(module: Any) -> Iterator[tuple[str, Exercise]]:
    """The exercises of a module: name and exercise, in the order in which they stand there."""
    for name, value in vars(module).items():
        if isinstance(value, Exercise):
            yield name, value
