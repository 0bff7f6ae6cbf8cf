"""Which entries of the index somebody means, who gives a few words of a message, all of it, or a traceback.

A message is known by its words. The learner's names and numbers are no words of any entry, so they count little. Of
each entry two shares are asked: how much of it stands in the words that were given, and how much of what was given
stands in it. A rare word counts more. A whole message has the first share, however many names are in it, and a few
words have the second one. An entry that stands there word for word comes first, then one that has every word that was
given. Of a text of several lines each is tried by itself, since a traceback has one that says what is wrong, and then
the lines together, since some messages are broken into two.

`search.js` does the same on a page; a test compares the two.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

MOST = 5            # entries that are given at most
OF_ENTRY, OF_WORDS = 0.7, 0.67      # one of the two shares has to be that large
UNKNOWN = 400       # what a word counts that no entry has; a word that one entry has counts some 550
LITTLE = 25         # what a common word counts at most
COMMON = frozenset(re.findall(r"\w+", """
    a an and are as at be by can do for from has have how i if in is it my no not of on or s t that the this to was
    what when where which with you
    attributeerror keyerror nameerror oserror runtimeerror syntaxerror typeerror valueerror
"""))

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-z]|\[[0-9]+(?:;[0-9]+)*m")      # the second: its first sign was dropped
_WORD = re.compile(r"[a-z0-9_]+")
_QUOTED = re.compile(r"""['"\u2018\u201c`]([a-z_][a-z0-9_.]*)['"\u2019\u201d`]""")


class Index:
    """Entries to search: the text of each, in which "..." stands for anything.

    Those from `terms` on are terms: they are found if somebody asks for them, and not since a message has the word.
    """

    def __init__(self, texts: Sequence[str], terms: int) -> None:
        self.terms = terms
        self.parts = [_parts(text) for text in texts]
        self.quoted = [_quoted(text) for text in texts]
        self.words = [set(_words(text)) for text in texts]
        times = Counter(word for words in self.words for word in words)
        self.weights = {word: _weight(word, len(texts) / n) for word, n in times.items()}
        self.totals = [sum(self.weights[word] for word in words) for words in self.words]

    def find(self, text: str) -> list[int]:
        """The numbers of the entries that fit, the best one first; none, if nothing does."""
        lines = [line for line in text.split("\n") if _words(line)]
        best: dict[int, tuple[float, int]] = {}
        for number, part in enumerate([*lines, text]):
            is_line, is_whole = number < len(lines), number == len(lines) or len(lines) == 1
            for entry, score in self._scores(part, is_line, is_whole):
                best[entry] = max(best.get(entry, (0.0, 0)), (score, number))
        return sorted(best, key=lambda entry: (-best[entry][0], -best[entry][1], entry))[:MOST]

    def _scores(self, part: str, is_line: bool, is_whole: bool) -> list[tuple[int, float]]:
        """The entries that fit a line, or the whole, each with a number that is the larger the better it fits."""
        words = _words(part)
        meant = [self._meant(word) for word in dict.fromkeys(words)]
        every = {word for each in meant for word in each}
        counts = [self._counts(word) for word in dict.fromkeys(words)]
        quotes = bool(_quoted(part))
        text = f" {' '.join(words)} "
        scores = []
        for entry, known in enumerate(self.words):
            in_entry = sum(self.weights[word] for word in known & every)
            if in_entry == 0 or (quotes and self.quoted[entry] and self.quoted[entry].isdisjoint(every)):
                continue                            # 'int' object is not iterable: that says nothing of a 'coroutine'
            in_words = sum(count for count, each in zip(counts, meant) if not known.isdisjoint(each))
            of_entry, of_words = in_entry / self.totals[entry], in_words / sum(counts)
            is_exact = entry < self.terms and _stands_in(self.parts[entry], text)
            is_most_of_it = entry < self.terms and is_line and of_entry >= OF_ENTRY
            if is_exact or is_most_of_it or (is_whole and of_words >= OF_WORDS):
                scores.append((entry, of_entry * of_words + is_exact + (of_words == 1) / 2))
        return scores

    def _counts(self, word: str) -> int:
        """What a word counts that was given; one that no entry has may mean anything."""
        return self.weights.get(word, LITTLE if word in COMMON else UNKNOWN)

    def _meant(self, word: str) -> list[str]:
        """The words of entries that somebody may mean: the same, one that begins so, or one with a letter mistyped."""
        if word in self.weights:
            return [word]
        begun = [known for known in self.weights if len(word) > 2 and known.startswith(word)]
        return begun or [known for known in self.weights if len(word) > 4 and _is_mistyped(word, known)]


def _words(text: str) -> list[str]:
    """The words of a text, in small letters and without the s of a plural; numbers and addresses are none."""
    found = _WORD.findall(_COLOUR.sub(" ", text.lower()))
    return [_singular(word) for word in found if not "0" <= word[0] <= "9"]


def _quoted(text: str) -> set[str]:
    """The words that stand in quotes, each group of words by itself."""
    return {word for quoted in _QUOTED.findall(text.lower()) for word in _words(quoted)}


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _parts(text: str) -> list[str]:
    """What stands between the three dots of an entry, as words."""
    return [f" {' '.join(words)} " for part in text.split("...") if (words := _words(part))]


def _weight(word: str, share: float) -> int:
    weight = round(100 * math.log(share))
    return max(1, min(weight, LITTLE) if word in COMMON else weight)


def _stands_in(parts: list[str], text: str) -> bool:
    """Whether the parts of an entry stand in a text, one after another, with anything between them."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part) - 1
    return True


def _is_mistyped(word: str, meant: str) -> bool:
    """Whether one letter is wrong, missing or too many, or two letters have changed places."""
    if abs(len(word) - len(meant)) > 1:
        return False
    at = 0
    while at < len(word) and at < len(meant) and word[at] == meant[at]:
        at += 1
    rest, other = word[at:], meant[at:]
    return other in (rest[1:], rest[1:2] + rest[:1] + rest[2:]) or other[1:] in (rest, rest[1:])
