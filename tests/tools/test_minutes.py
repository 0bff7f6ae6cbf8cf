"""The minutes of a lesson: what is counted, what is not, and what is too much."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import Problem, minutes
from tools.minutes import Core, core_of, excess


def core(*cells, file: str = "10_x.ipynb") -> Core:
    """The core of a lesson; a text is a Markdown cell, a text that begins with "%" a code cell."""
    made = [new_code_cell(c[1:]) if c.startswith("%") else new_markdown_cell(c) for c in cells]
    return core_of(file, new_notebook(cells=made))


def test_the_formula():
    assert Core(words=360, lines=24, predictions=3, exercises=10).exact == 2 + 2 + 3 + 10
    assert Core(words=361, lines=24, predictions=3, exercises=10).minutes == 18


def test_words_and_lines_are_counted_and_what_is_generated_is_not():
    generated = [new_markdown_cell("many words here", id=name) for name in minutes.GENERATED]
    cells = [*generated, new_markdown_cell("# One `two`\n\n- three\n\n```python\nx = 1\n\ny = 2\n```\n<!-- no -->"),
             new_code_cell("a = 1\n\n# a comment\nb = 2")]
    assert core_of("10_x.ipynb", new_notebook(cells=cells)) == Core(words=3, lines=5, predictions=0, exercises=0)


def test_a_whole_program_counts_as_any_code():
    assert core("%%%writefile a.py\nimport asyncio\n\n\nasync def a():\n    pass") == core("%x = 1\n" * 4)


@pytest.mark.parametrize(("cells", "number"), [
    (["%exercises.predict_a"], 1),
    (["%x = 1\nexercises.predict_a"], 1),
    (["%exercises.predict_a", "Text.", "%exercises.predict_b"], 2),
    (["Predict `exercises.predict_a`.", "%exercises.a.check(a)", "%x = 'exercises.predict_a'"], 0),
], ids=lambda value: str(value))
def test_predictions(cells, number):
    assert core(*cells).predictions == number


def test_exercises_count_by_their_headings_and_challenges_not_at_all():
    cells = ["### Exercise: a (5 minutes)\n\nOne two", "%a = 1", "## Section", "%b = 2",
             "### Challenge: c (20 minutes more)\n\nmany words", "%c = 3", "%exercises.predict_c",
             "### Exercise: d `e` (7 minutes)", "%d = 4"]
    assert core(*cells) == Core(words=4 + 2 + 1 + 5, lines=3, predictions=0, exercises=12)


def test_what_is_below_going_further_is_optional():
    further = ["## Going further", "### Exercise: b (50 minutes)", "%exercises.predict_a", "%x = 1"]
    assert core("## What you saw", *further) == core("## What you saw")
    assert core(*further, "## The end", "%x = 1") == Core(words=2, lines=1, predictions=0, exercises=0)


def test_an_exercise_without_minutes_is_named():
    with pytest.raises(Problem, match=r"10_x.ipynb.*Exercise: a.*\(5 minutes\)"):
        core("### Exercise: a")


AT_THE_LIMIT = Core(words=180 * 20, lines=12 * 7, predictions=8, exercises=10)
TOO_LONG = Core(words=180 * 20 + 1, lines=12 * 7, predictions=8, exercises=10)
TOO_MANY = Core(words=0, lines=0, predictions=9, exercises=0)


@pytest.mark.parametrize(("file", "lesson", "complaints"), [
    ("10_x.ipynb", AT_THE_LIMIT, []),
    ("10_x.ipynb", TOO_LONG, ["takes 45.0 minutes, more than 45: 3601 words, 84 lines"]),
    ("15_x.ipynb", TOO_MANY, ["has 9 predictions, more than 8"]),
    ("09_x.ipynb", TOO_LONG, ["takes 45.0 minutes, more than 45"]),
    ("A1_x.ipynb", TOO_MANY, ["has 9 predictions, more than 8"]),
    ("A2_x.ipynb", TOO_MANY, ["has 9 predictions, more than 8"]),
    ("index.ipynb", TOO_LONG, []),
])
def test_the_limit_holds_for_every_lesson_and_appendix(file, lesson, complaints):
    said = excess(file, lesson)
    assert len(said) == len(complaints)
    assert all(part in sentence and file in sentence for part, sentence in zip(complaints, said))
