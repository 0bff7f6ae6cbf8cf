"""Claims that other people have published, each with what was measured of it: a verdict that can come out otherwise.

    claims = Claims(Path("claims.toml"))
    claims                                      # last in a cell: every quotation, without verdicts
    claims.guess("1 t  2 f  3 i")               # what the reader expects: true, false, true if
    claims.check(2, tasks=1, threads=3)         # last in a cell: what was measured of claim 2, and the verdict
    claims.summary()                            # last in a cell: all verdicts, as they were measured

The file says, for each claim, in which **cases** it is tried, and what a measured value must be for the claim to hold
in a case. The cell measures, and hands in the values. The verdict follows from both, and from nothing else:

    "true"      the claim holds in every case
    "true if"   it holds in some cases, and not in others
    "false"     it holds in no case

The file also has the sentence as it should read, which was written for one verdict. If a run comes to another one,
the finding and the summary say so, and do not show the sentence.

**The file**, as TOML:

    notebook                the file of the notebook that measures
    [article.KEY]           an article; KEY is what the claims call it
    title                   as it is printed

    [[check]]               what one cell measures
    cell                    the id of this cell
    [[check.case]]
    name                    the keyword of `claims.check(...)`
    what                    what is measured, in words
    holds                   when the claim holds in this case: true or false for a value that is one of the two,
                            otherwise a comparison with a number: "> 0", "<= 0.2", "== 3"
    [[check.claim]]         one claim, or several that say the same
    number                  counts from 1 through all articles
    article                 KEY of an article
    quotation               the words of the article, exactly; " ... " where some are left out
    program                 optional: the program of the article that the claim is about, exactly
    verdict                 the verdict that `should_read` was written for
    should_read             the sentence as it should read
"""

from __future__ import annotations

import math
import operator
import re
import textwrap
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from markupsafe import Markup

TRUE, TRUE_IF, FALSE = VERDICTS = ("true", "true if", "false")
GUESSES = {"t": TRUE, "i": TRUE_IF, "f": FALSE, "?": ""}
WIDTH = 100         # characters in a line of the text twin

Value = bool | int | float

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": math.isclose, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}
_WORDS = {"==": "", ">": "more than ", ">=": "at least ", "<": "less than ", "<=": "at most "}
_CALL = "claims.check(2, tasks=1, threads=3)"


@dataclass(frozen=True)
class Case:
    """One case in which a claim is tried."""

    name: str
    what: str               # in words
    holds: bool | str       # what the value must be for the claim to hold here

    def __post_init__(self) -> None:
        if not isinstance(self.holds, bool):
            self._comparison()

    def _comparison(self) -> tuple[str, float]:
        sign, _, limit = str(self.holds).partition(" ")
        if sign not in _COMPARISONS:
            raise ValueError(f'{self.name}: holds is true, false, or such as "> 0", and got {self.holds!r}')
        return sign, float(limit)

    def is_met(self, value: Value) -> bool:
        """Whether the claim holds in this case, if the value was measured. Raises TypeError for the wrong type."""
        wants_bool = isinstance(self.holds, bool)
        if not isinstance(value, int | float) or isinstance(value, bool) is not wants_bool:
            kind = "True or False" if wants_bool else "a number"
            raise TypeError(f"{self.name} is {kind} ({self.what}), and got {value!r}")
        if wants_bool:
            return value is self.holds
        sign, limit = self._comparison()
        return _COMPARISONS[sign](value, limit)

    def described(self, value: Value) -> str:
        """What was measured, and what the claim needs, on one line."""
        if isinstance(self.holds, bool):
            return f"{self.what}: {value} (the claim needs {self.holds})"
        sign, limit = self._comparison()
        return f"{self.what}: {value:g} (the claim needs {_WORDS[sign]}{limit:g})"


@dataclass(frozen=True)
class Claim:
    """What an article says, and how it should read."""

    number: int
    article: str
    quotation: str
    verdict: str            # the one that `should_read` was written for
    should_read: str
    program: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"claim {self.number}: the verdict is one of {VERDICTS}, and got {self.verdict!r}")

    @property
    def quoted(self) -> str:
        """The quotation in quotation marks, and whether a program belongs to it."""
        return f'"{self.quotation}"' + (" (a program)" if self.program else "")


@dataclass(frozen=True)
class Check:
    """What one cell measures, and the claims that are judged by it."""

    cell: str
    cases: tuple[Case, ...]
    claims: tuple[Claim, ...]

    def verdict(self, values: Mapping[str, Value]) -> str:
        """What the values make of the claims."""
        met = [case.is_met(values[case.name]) for case in self.cases]
        return TRUE if all(met) else TRUE_IF if any(met) else FALSE


class File(NamedTuple):
    """What a file of claims says."""

    notebook: str
    articles: dict[str, str]        # what the claims call an article -> its title
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Finding:
    """What a cell has measured; shows itself when it is last in the cell."""

    check: Check
    values: Mapping[str, Value]

    @property
    def verdict(self) -> str:
        return self.check.verdict(self.values)

    def sentence(self, claim: Claim) -> str:
        """The sentence as it should read, or that it was written for another verdict."""
        if self.verdict == claim.verdict:
            return claim.should_read
        return f'(measured otherwise: the correction in the file was written for the verdict "{claim.verdict}")'

    def __repr__(self) -> str:
        lines = []
        for case in self.check.cases:
            value = self.values[case.name]
            lines += _wrapped(case.described(value), "yes  " if case.is_met(value) else "no   ", 5)
        for claim in self.check.claims:
            verdict = f"Claim {claim.number}: {self.verdict.upper()}."
            lines += _wrapped(f"{verdict} It should read: {self.sentence(claim)}", "", 5)
        return "\n".join(lines)


class Claims:
    """The claims of a file: what is quoted, guessed, measured.

    path        of the file, which is read when it is first needed
    findings    what has been measured so far, by the number of the claim
    guesses     what the reader expects, by the number of the claim
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings: dict[int, Finding] = {}
        self.guesses: dict[int, str] = {}

    @cached_property
    def _file(self) -> File:
        return read(self.path)

    @property
    def notebook(self) -> str:
        """The file of the notebook that measures."""
        return self._file.notebook

    @property
    def articles(self) -> dict[str, str]:
        """The title of each article, by what the claims call it."""
        return self._file.articles

    @property
    def checks(self) -> tuple[Check, ...]:
        return self._file.checks

    @property
    def claims(self) -> list[Claim]:
        """All claims, in the order of their numbers."""
        return sorted((claim for check in self.checks for claim in check.claims), key=lambda claim: claim.number)

    def check(self, *numbers: int, **values: Value) -> Finding:
        """What was measured of the claims with these numbers: a value for each case.

        Raises ValueError if no check has these claims, and TypeError if the values do not fit its cases.
        """
        check = next((one for one in self.checks if {claim.number for claim in one.claims} == set(numbers)), None)
        if check is None:
            together = ", ".join(str(tuple(claim.number for claim in one.claims)) for one in self.checks)
            raise ValueError(f"these claims are checked together: {together}; and got {numbers}. Write, say, {_CALL}")
        names = [case.name for case in check.cases]
        if set(values) != set(names):
            raise TypeError(f"claims {numbers} are tried in the cases {names}, and got values for {list(values)}")
        check.verdict(values)           # raises TypeError for a value that no case can have
        finding = Finding(check, values)
        self.findings.update(dict.fromkeys(numbers, finding))
        return finding

    def guess(self, text: str) -> str:
        """Take what the reader expects: numbers, each with t (true), i (true if), f (false) or ? (not yet).

        Returns how many are answered. Raises ValueError for any other text.
        """
        known = {claim.number for claim in self.claims}
        guesses = {}
        for number, letter in re.findall(r"(\S+)\s+(\S+)", text):
            if not number.isdecimal() or int(number) not in known or letter.lower() not in GUESSES:
                raise ValueError(
                    f"write a number from 1 to {max(known)} and t, i, f or ? after it, such as 1 t; "
                    f"and got {number} {letter}"
                )
            guesses[int(number)] = GUESSES[letter.lower()]
        self.guesses = {number: guess for number, guess in guesses.items() if guess}
        return f"{len(self.guesses)} of {len(known)} answered"

    def summary(self) -> Summary:
        """All claims with what has been measured by now."""
        return Summary(self)

    def by_article(self) -> list[tuple[str, list[Claim]]]:
        """The title of each article, with its claims."""
        return [
            (title, [claim for claim in self.claims if claim.article == key]) for key, title in self.articles.items()
        ]

    def __repr__(self) -> str:
        lines = []
        for title, claims in self.by_article():
            lines += _wrapped(title, "", 0)
            for claim in claims:
                lines += _wrapped(claim.quoted, f"{claim.number:>3}  ", 5)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        # late: the first notebook says that packages are missing, if they are
        from helpers.markup import joined, tag, with_code

        tables = []
        for title, claims in self.by_article():
            rows = [tag("tr", tag("td", claim.number), _left(with_code(claim.quoted))) for claim in claims]
            tables.append(tag("table", tag("caption", title), tag("tbody", *rows)))
        return str(joined(tables))


class Summary:
    """The verdicts as they were measured, as a table and as text."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.findings = dict(claims.findings)       # as of now
        self.guesses = dict(claims.guesses)

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict."""
        verdicts = [finding.verdict for finding in self.findings.values()]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS}

    def heading(self) -> str:
        total = len(self.claims.claims)
        counts = ", ".join(f"{verdict}: {number}" for verdict, number in self.counts.items())
        parts = [f"{len(self.findings)} of {total} claims measured; {counts}."]
        if self.guesses:
            hits = sum(
                number in self.findings and self.findings[number].verdict == guess
                for number, guess in self.guesses.items()
            )
            parts.append(f"You expected {hits} of {len(self.guesses)} as they were measured.")
        return " ".join(parts)

    def _verdict(self, claim: Claim) -> str:
        finding = self.findings.get(claim.number)
        return finding.verdict if finding else "not measured"

    def _cell(self, claim: Claim) -> str:
        return next(check.cell for check in self.claims.checks if claim in check.claims)

    def _sentence(self, claim: Claim) -> str:
        finding = self.findings.get(claim.number)
        return finding.sentence(claim) if finding else "(run its cell first)"

    def __repr__(self) -> str:
        lines = [self.heading()]
        for title, claims in self.claims.by_article():
            lines += _wrapped(title, "", 0)
            for claim in claims:
                verdict = f"{claim.number:>3}  {self._verdict(claim)} (cell {self._cell(claim)}): "
                lines += _wrapped(claim.quoted, verdict, 5)
                lines += _wrapped(self._sentence(claim), "     ", 5)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from helpers.markup import joined, tag, with_code

        tables = [tag("p", self.heading())]
        names = ["", "it says", "verdict", *(["you said"] if self.guesses else []), "it should read"]
        for title, claims in self.claims.by_article():
            rows = []
            for claim in claims:
                address = f"{self.claims.notebook}#cell-id={self._cell(claim)}"
                verdict = tag("a", self._verdict(claim), href=address)
                cells = [tag("td", claim.number), _left(with_code(claim.quoted)), _left(verdict)]
                if self.guesses:
                    cells.append(_left(self.guesses.get(claim.number, "")))
                rows.append(tag("tr", *cells, _left(with_code(self._sentence(claim)))))
            head = tag("thead", tag("tr", *(tag("th", name, style="text-align: left") for name in names)))
            tables.append(tag("table", tag("caption", title), head, tag("tbody", *rows)))
        return str(joined(tables))


def read(path: Path) -> File:
    """What the file says. Raises ValueError if it is not as the text of this module has it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        notebook = table["notebook"]
        articles = {key: article["title"] for key, article in table["article"].items()}
        checks = tuple(_check(entry) for entry in table["check"])
    except (KeyError, TypeError, ValueError) as error:
        what = f"{path.name}: {type(error).__name__}: {error}"
        raise ValueError(f"{what}. Its form is in the text of {__name__}.") from error
    numbers = sorted(claim.number for check in checks for claim in check.claims)
    if numbers != list(range(1, len(numbers) + 1)):
        raise ValueError(f"{path.name}: the claims are numbered from 1, each number once, and got {numbers}")
    unknown = {claim.article for check in checks for claim in check.claims} - set(articles)
    if unknown:
        raise ValueError(f"{path.name}: no article is called {', '.join(sorted(unknown))}")
    return File(notebook, articles, checks)


def _check(entry: dict[str, Any]) -> Check:
    cases = tuple(Case(**case) for case in entry["case"])
    claims = tuple(Claim(**claim) for claim in entry["claim"])
    if not cases or not claims:
        raise ValueError(f"{entry['cell']} needs a case and a claim")
    return Check(entry["cell"], cases, claims)


def _wrapped(text: str, first: str, indent: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * indent, break_long_words=False,
                         break_on_hyphens=False)


def _left(content: object) -> Markup:
    from helpers.markup import tag

    return tag("td", content, style="text-align: left; vertical-align: top")
