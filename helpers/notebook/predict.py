"""A question to answer before the next cell is run: choices, and what there is to say to each.

    predict_order = predict(
        "In which order do the answers come?",
        {
            "north, south, east": "That is the order in which they are asked. ...",
            "south, east, north": "All three wait at the same time, so the fastest is first.",
        },
        right="south, east, north",
    )
    predict_order                   # last in a cell: shows the question

The source of a cell is read before its output. So that it does not give the answer away, the questions of a notebook
stand beside its exercises, in helpers/exercises/lesson_NN.py, and the cell is one line: `exercises.predict_order`.

Each choice is an HTML `<details>`: the browser opens it at a click, or with the space bar when Tab has reached it, and
shows the feedback. That needs no kernel, no widget and no script, so there is no state that could be left behind, it
works in a notebook that was opened but not run, and what is stored is the same after every run. (Measured in JupyterLab
4.6: the arrow keys, which choose among the RadioButtons of ipywidgets, lead to the next cell instead.)
"""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

WIDTH = 100         # characters in a line of the text twin
# Shift+Enter, which has run the cell, has moved on to the next one: what was shown lies behind.
HOW = ("Choose one: click it, or press Shift+Tab until it has the frame (Tab, while this cell is selected), then the "
       "space bar. The arrow key ↓ leads on.")

_CALL = 'predict("How long does it take?", {"0.4 s": "It ...", "1.2 s": "They ..."}, right="1.2 s")'


class Question:
    """A question with its choices; shows itself when it is last in a cell.

    question  one or two sentences; `code` may stand in backticks, here, in the choices and in the feedback
    choices   the text of a choice -> what to say to anyone who has chosen it
    right     the right choices, at least one
    """

    def __init__(self, question: str, choices: Mapping[str, str], right: Iterable[str]) -> None:
        self.question = _one_line(question)
        self.choices = {_one_line(choice): _one_line(feedback) for choice, feedback in choices.items()}
        self.right = frozenset(map(_one_line, right))

    def __repr__(self) -> str:
        """The text twin: the question with its choices, and no answers."""
        lines = textwrap.wrap(f"Predict: {self.question}", WIDTH, break_long_words=False, break_on_hyphens=False)
        for choice in self.choices:
            lines += textwrap.wrap(choice, WIDTH, initial_indent="  ( ) ", subsequent_indent="      ",
                                   break_long_words=False, break_on_hyphens=False)
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        # late: the first notebook says that packages are missing, if they are
        from helpers.markup import RIGHT, WRONG, bar, tag, with_code

        group = "predict-" + hashlib.sha256(self.question.encode()).hexdigest()[:8]     # one open at a time
        parts = [tag("div", tag("b", "Predict:"), " ", with_code(self.question))]
        for choice, feedback in self.choices.items():
            verdict, colour = ("Right.", RIGHT) if choice in self.right else ("Not so.", WRONG)
            summary = tag("summary", with_code(choice), style="cursor: pointer; padding: 0.1em 0.3em")
            answer = tag("div", tag("b", verdict), " ", with_code(feedback),
                         style=f"margin: 0.2em 0 0.5em 1.2em; {bar(colour)}")
            parts.append(tag("details", summary, answer, name=group, style="margin: 0.35em 0"))
        parts.append(tag("div", tag("small", HOW)))
        shown = str(tag("div", *parts, style="max-width: 44em; line-height: 1.5"))
        return shown.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")      # as the notebooks have them stored


def predict(question: str, choices: Mapping[str, str], *, right: str | Iterable[str]) -> Question:
    """A question to answer before running the next cell.

    question  one or two sentences
    choices   two to six: the text of a choice -> what to say to anyone who has chosen it; shown in this order
    right     the right choice, or several

    Raises TypeError or ValueError if a part is missing or does not fit.
    """
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"the question is a text, and got {question!r}; write {_CALL}")
    if not isinstance(choices, Mapping):
        raise TypeError(f"the choices are a dictionary, choice -> feedback, and got {choices!r}; write {_CALL}")
    if not 2 <= len(choices) <= 6:
        raise ValueError(f"a question has two to six choices, and got {len(choices)}; write {_CALL}")
    for choice, feedback in choices.items():
        for text in (choice, feedback):
            if not isinstance(text, str) or not text.strip():
                got = f"{choice!r}: {feedback!r}"
                raise ValueError(f"each choice has a text and a feedback, and got {got}; write {_CALL}")
    rights = [right] if isinstance(right, str) else list(right)
    unknown = [one for one in rights if one not in choices]
    if unknown or not rights:
        raise ValueError(f"right is one of the choices {list(choices)}, and got {right!r}")
    return Question(question, choices, rights)


def _one_line(text: str) -> str:
    return " ".join(text.split())
