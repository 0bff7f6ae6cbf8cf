"""Questions to answer before a cell is run: what they show, that they work by keyboard, and those of the course."""

from __future__ import annotations

import importlib
import pkgutil
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter

import helpers.exercises
from helpers.notebook import predict as predict_module
from helpers.notebook.predict import Question, predict
from tools import lab_browser

ROOT = Path(__file__).resolve().parents[2]

CHOICES = {
    "0.4 s": "One shop <alone> takes so long.",
    "1.2 s": "Each `await` waits until its shop has answered.",
    "it never ends": "Every shop answers.",
}


@pytest.fixture
def question() -> Question:
    return predict("How long does `watch()` take, with 3 < 4 shops?", CHOICES, right="1.2 s")


# -- what it shows ----------------------------------------------------------------------------------


class Details(HTMLParser):
    """Collects, from the HTML of a question, each choice with what opens under it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[list[str]] = []
        self.outside = ""
        self.feed(html)
        assert not self.open, "every tag must be closed"

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.open.append(tag)
        if tag == "details":
            assert "open" not in dict(attrs), "a choice must not be open from the start"
            self.texts.append(["", ""])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "details" in self.open:
            self.texts[-1]["summary" not in self.open] += data
        else:
            self.outside += data


def test_each_choice_hides_its_feedback(question):
    shown = Details(question._repr_html_())
    assert shown.texts == [
        ["0.4 s", "Not so. One shop <alone> takes so long."],
        ["1.2 s", "Right. Each await waits until its shop has answered."],
        ["it never ends", "Not so. Every shop answers."],
    ]
    assert "How long does watch() take, with 3 < 4 shops?" in shown.outside
    assert "<code>watch()</code>" in question._repr_html_()


def test_text_twin_has_the_choices_and_no_answer(question):
    assert repr(question) == (
        "Predict: How long does `watch()` take, with 3 < 4 shops?\n  ( ) 0.4 s\n  ( ) 1.2 s\n  ( ) it never ends"
    )


def test_a_notebook_stores_text_and_html_and_no_widget(question):
    data, metadata = DisplayFormatter().format(question)
    assert data == {"text/plain": repr(question), "text/html": question._repr_html_()}
    assert metadata == {}


def test_the_same_question_is_stored_alike_and_two_do_not_close_each_other(question):
    def group(asked: Question) -> set[str]:
        return set(re.findall(r'<details name="([^"]+)"', asked._repr_html_()))

    again = predict(question.question, CHOICES, right="1.2 s")
    assert again._repr_html_() == question._repr_html_()
    other = predict("And for how long?", CHOICES, right="0.4 s")
    assert len(group(question)) == len(group(other)) == 1 and group(question) != group(other)


def test_several_answers_may_be_right():
    shown = Details(predict("Who waits?", {"a": "x", "b": "y", "c": "z"}, right=["a", "c"])._repr_html_())
    assert [feedback.split(".")[0] for _, feedback in shown.texts] == ["Right", "Not so", "Right"]


def test_long_texts_are_folded_in_the_twin():
    asked = predict("word " * 60, {"long " * 60: "x", "b": "y"}, right="b")
    assert max(map(len, repr(asked).splitlines())) <= 100
    assert repr(asked).count("( )") == 2


@pytest.mark.parametrize(("arguments", "right", "error", "words"), [
    ((" ", CHOICES), "0.4 s", ValueError, "question"),
    (("How?", list(CHOICES)), "0.4 s", TypeError, "dictionary"),
    (("How?", {"a": "x"}), "a", ValueError, "two to six"),
    (("How?", {str(n): "x" for n in range(7)}), "1", ValueError, "two to six"),
    (("How?", {"a": "x", "b": ""}), "a", ValueError, "'b'"),
    (("How?", {"a": "x", 2: "y"}), "a", ValueError, "2"),
    (("How?", CHOICES), "1.3 s", ValueError, "'1.3 s'"),
    (("How?", CHOICES), [], ValueError, "right"),
])
def test_what_does_not_fit_is_named(arguments, right, error, words):
    with pytest.raises(error, match=re.escape(words)):
        predict(*arguments, right=right)


# -- the questions of the course --------------------------------------------------------------------


def lessons() -> list[tuple[str, str, Question]]:
    found = []
    for module in pkgutil.iter_modules(helpers.exercises.__path__):
        if module.name.startswith("lesson_"):
            values = vars(importlib.import_module(f"helpers.exercises.{module.name}"))
            found += [(module.name, name, value) for name, value in values.items() if isinstance(value, Question)]
    return found


LESSONS = lessons()


@pytest.mark.parametrize(("lesson", "name", "asked"), LESSONS, ids=[f"{lesson}.{name}" for lesson, name, _ in LESSONS])
def test_a_question_is_asked_in_its_notebook(lesson, name, asked):
    assert name.startswith("predict_")
    notebooks = list((ROOT / "notebooks").glob(f"{lesson.removeprefix('lesson_')}_*.ipynb"))
    assert len(notebooks) == 1
    cells = nbformat.read(notebooks[0], as_version=4).cells
    asking = [cell for cell in cells if cell.cell_type == "code" and cell.source == f"exercises.{name}"]
    assert len(asking) == 1
    assert cells.index(asking[0]) + 1 < len(cells), "the cell that answers the question must follow"


@pytest.mark.parametrize("lesson", sorted({lesson for lesson, *_ in LESSONS}))
def test_the_right_answer_is_not_always_at_the_same_place(lesson):
    places = [
        [choice in asked.right for choice in asked.choices].index(True) for name, _, asked in LESSONS if name == lesson
    ]
    assert len(places) == 1 or len(set(places)) > 1


# -- in a browser -----------------------------------------------------------------------------------


def in_a_browser(test):
    missing = pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine")
    return pytest.mark.chromium(missing(test))


FOCUSED = "() => document.activeElement.tagName + ' ' + document.activeElement.innerText"
OPENED = "() => [...document.querySelectorAll('.jp-OutputArea details')].map(d => d.open)"
SELECT = """(index) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.mode = 'command';
  notebook.activeCellIndex = index;
  notebook.activeCell.node.focus();
}"""
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
TRUSTED = "() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.trusted"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A notebook that asks a question, as it is stored; nobody has signed it, so JupyterLab does not trust it."""
    asked = predict("How long does `watch()` take?", CHOICES, right="1.2 s")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    data = {"text/plain": repr(asked), "text/html": asked._repr_html_()}
    setup = f"from helpers.notebook.predict import predict\nchoices = {CHOICES!r}"
    source = 'predict("How long does `watch()` take?", choices, right="1.2 s")'
    for number, (text, outputs) in enumerate([
        (setup, []), (source, [nbformat.v4.new_output("execute_result", data, execution_count=2)]), ("1 + 1", []),
    ]):
        cell = nbformat.v4.new_code_cell(text, outputs=outputs, id=f"c{number}", execution_count=number + 1)
        made.cells.append(cell)
    folder = tmp_path_factory.mktemp("questions")
    nbformat.write(made, folder / "question.ipynb")
    return folder


@in_a_browser
def test_a_question_is_answered_by_keyboard_alone(folder, jupyterlab, chrome):
    with lab_browser.run_notebook(chrome, jupyterlab.serve(folder)("question.ipynb")) as run:
        assert run.complaints == []
        page = run.page
        page.evaluate(SELECT, 1)
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.evaluate(FOCUSED).startswith("SUMMARY"):
                break
        assert page.evaluate(FOCUSED) == "SUMMARY 0.4 s"
        assert "takes so long" not in run.text(1)

        page.keyboard.press("Space")
        assert page.evaluate(OPENED) == [True, False, False]
        assert "Not so. One shop <alone> takes so long." in run.text(1)

        page.keyboard.press("Tab")
        page.keyboard.press("Enter")        # in JupyterLab also the key that opens a cell for editing
        assert page.evaluate(OPENED) == [False, True, False]
        assert "Right. Each await waits until its shop has answered." in run.text(1)
        assert page.evaluate(ACTIVE) == 1
        (ROOT / "artefacts").mkdir(exist_ok=True)
        page.screenshot(path=str(ROOT / "artefacts" / "predict-answered.png"))

        page.keyboard.press("Shift+Enter")  # on to the next cell, from where the learner is
        page.wait_for_function(f"({ACTIVE})() === 2")


IN_VIEW = """() => {
  const panel = document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
  const at = document.activeElement.getBoundingClientRect();
  return panel.top <= at.top && at.bottom <= panel.bottom;
}"""


@in_a_browser
@pytest.mark.parametrize("size", [(1280, 800), (640, 400)], ids=["1280", "200 %"])
def test_after_shift_enter_the_keys_that_the_question_names_lead_to_it(folder, jupyterlab, chrome, size):
    with jupyterlab.windowing("full"):          # as JupyterLab has it, unless somebody changes it
        page = chrome.context.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        lab_browser._open(page, jupyterlab.serve(folder)("question.ipynb"))
        page.evaluate(SELECT, 0)
        page.keyboard.press("Shift+Enter")
        page.keyboard.press("Shift+Enter")
        page.wait_for_function(f"({ACTIVE})() === 2")
        page.wait_for_timeout(1500)             # the question is shown anew
        assert page.locator(".jp-OutputArea small").inner_text() == predict_module.HOW
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(FOCUSED) == "SUMMARY it never ends" and page.evaluate(IN_VIEW)
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(FOCUSED) == "SUMMARY 1.2 s" and page.evaluate(IN_VIEW)
        page.keyboard.press("Space")
        assert page.evaluate(OPENED) == [False, True, False]
        assert page.evaluate(FOCUSED) == "SUMMARY 1.2 s" and page.evaluate(IN_VIEW)

        page.evaluate(SELECT, 1)                # and while the cell is selected
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(1500)
        reached = []
        while not reached or (not reached[-1].startswith("SUMMARY") and len(reached) < 10):
            page.keyboard.press("Tab")
            reached.append(page.evaluate(FOCUSED))
        assert reached[-1] == "SUMMARY 0.4 s" and page.evaluate(IN_VIEW)
        page.evaluate(lab_browser.CLOSE)
        page.close()


@in_a_browser
def test_a_question_can_be_answered_in_a_notebook_that_was_not_run(folder, jupyterlab, chrome):
    page = chrome.context.new_page()
    lab_browser._open(page, jupyterlab.serve(folder)("question.ipynb"))
    assert page.evaluate(TRUSTED) is False
    page.locator("summary", has_text="1.2 s").click()
    assert page.locator("details[open]").inner_text().split() == (
        ["1.2", "s", "Right.", "Each", "await", "waits", "until", "its", "shop", "has", "answered."]
    )
    page.evaluate(lab_browser.CLOSE)
    page.close()
