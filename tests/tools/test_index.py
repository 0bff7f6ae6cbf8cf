"""The index: what is taken from the lessons, and what it complains about."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import Problem, index


def lesson(folder: Path, name: str, *cells) -> str:
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number}"
    nbformat.write(new_notebook(cells=list(cells), nbformat_minor=5), folder / name)
    return name


def prints(text: str, source: str = "run()") -> nbformat.NotebookNode:
    return new_code_cell(source, outputs=[new_output("stream", name="stderr", text=text)])


def raises(name: str, value: str) -> nbformat.NotebookNode:
    return new_code_cell("run()", outputs=[new_output("error", ename=name, evalue=value, traceback=[])])


def shows(text: str) -> nbformat.NotebookNode:
    return new_code_cell("run", outputs=[new_output("execute_result", data={"text/plain": text})])


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """The folder of the notebooks in a course of its own: what the messages mean stands beside it, in tools/."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (tmp_path / "tools").mkdir()
    return folder


def say(folder: Path, *messages: tuple[str, str], not_listed: str = "[]") -> None:
    entries = [f"[[message]]\ntext = '''{text}'''\nmeans = '''{means}'''\n" for text, means in messages]
    (folder.parent / index.MESSAGES).write_text(f"not_listed = {not_listed}\n" + ("".join(entries) or "message = []\n"))


def say_unshown(folder: Path, text: str, see: str) -> None:
    with (folder.parent / index.MESSAGES).open("a") as file:
        file.write(f"[[unshown]]\ntext = '{text}'\nmeans = 'It means this.'\nsee = '{see}'\n")


def tables(folder: Path, *files: str) -> dict[str, str]:
    """The text of the index: of each of its sections, with all letters in it."""
    texts: dict[str, str] = {}
    for cell in index.make(index.read(folder, files), {}, "").cells:
        section = cell.id.partition("-")[0] if cell.id.startswith(("messages", "terms")) else cell.id
        texts[section] = f"{texts.get(section, '')}\n{cell.source}"
    return texts


def complaint(folder: Path, *files: str) -> str:
    with pytest.raises(Problem) as wrong:
        index.read(folder, files)
    return str(wrong.value)


# --- terms ---


def test_a_term_comes_with_its_sentence_and_a_link_to_its_cell(tmp_path):
    say(tmp_path)
    file = lesson(tmp_path, "07_x.ipynb", new_markdown_cell("# T\n\n## Why wait?\n\nFirst this. Then a **task**: it "
                                                            "runs\none [coroutine](https://a.org/b.html). Last."))
    assert ("| task | Then a task: it runs one [coroutine](https://a.org/b.html). "
            "| [07: Why wait?](07_x.ipynb#cell-id=c0) |") in tables(tmp_path, file)["terms"]


@pytest.mark.parametrize(("text", "sentence"), [
    ("- one thing\n- a **task** runs\n- more", "a task runs"),
    ("1. one\n2. A **task** runs:\n\n```python\nx = 1\n```", "A task runs"),
    ("Text.\n\nA **task** runs 3.5 s. More.", "A task runs 3.5 s."),
    ("`f` is it. `g` makes a **task**. `h` not.", "`g` makes a task."),
    ("A pipe: **task** is `a | b`.", "A pipe: task is `a \\| b`."),
    ("Call `f(**a, **b)`. A\r\n**task** of `**c`. More.", "A task of `**c`."),
    ("| a | b |\n|---|---|\n| `x \\| y` | A **task** runs. |", "A task runs."),
    ("See [the **task** page](https://a.org/b). More.", "See [the task page](https://a.org/b)."),
    ("- a\n\n  ```python\n  f(**a, **b)\n  ```\n\nA **task** runs.", "A task runs."),
])
def test_the_sentence_of_a_term(tmp_path, text, sentence):
    say(tmp_path)
    found = tables(tmp_path, lesson(tmp_path, "01_x.ipynb", new_markdown_cell(text)))["terms"]
    assert f"| task | {sentence} |" in found


def test_a_term_may_be_broken_across_lines_and_stand_below_a_heading_with_marks(tmp_path):
    say(tmp_path)
    text = "## The [`f(**a)`](x.html) **way**\n\nA **task\ngroup** runs. More."
    found = tables(tmp_path, lesson(tmp_path, "01_x.ipynb", new_markdown_cell(text)))["terms"]
    assert "| task group | A task group runs. | [01: The `f(**a)` way](01_x.ipynb#cell-id=c0) |" in found


def test_labels_and_code_are_no_terms(tmp_path):
    say(tmp_path)
    text = ("**Predict:** what?\n**You will be able to**\n**45 minutes** · **Read on** 2**3**4\n\n```\n**no**\n```\n"
            "<!-- **nor this** --> **The commonest mistake** is")
    assert tables(tmp_path, lesson(tmp_path, "01_x.ipynb", new_markdown_cell(text)))["terms"].count("\n|") == 3


def test_a_term_is_defined_once(tmp_path):
    say(tmp_path)
    one = lesson(tmp_path, "01_x.ipynb", new_markdown_cell("A **task** runs."))
    two = lesson(tmp_path, "02_y.ipynb", new_markdown_cell("x"), new_markdown_cell("A **Task** runs."))
    said = complaint(tmp_path, one, two)
    assert "01_x.ipynb (c0)" in said and "02_y.ipynb (c1)" in said and "**Task**" in said


def test_terms_are_in_the_order_of_the_alphabet(tmp_path):
    say(tmp_path)
    file = lesson(tmp_path, "01_x.ipynb", new_markdown_cell("A **wait**. A **Barrier**. An **await**."))
    found = tables(tmp_path, file)["terms"]
    assert found.index("| await ") < found.index("| Barrier ") < found.index("| wait ")


# --- messages ---


@pytest.mark.parametrize("cell", [
    prints("x.py:1: RuntimeWarning: coroutine 'get_price' was never awaited\n  get_price()\n"),
    raises("RuntimeWarning", "coroutine 'get_price' was never awaited"),
    shows("RuntimeWarning: coroutine 'get_price' was never awaited"),
], ids=["printed", "raised", "shown"])
def test_a_message_is_found_where_a_cell_shows_it(tmp_path, cell):
    say(tmp_path, ("RuntimeWarning: coroutine '...' was never awaited", "An await is missing."))
    file = lesson(tmp_path, "01_x.ipynb", new_markdown_cell("## Here"), cell)
    assert ("| `RuntimeWarning: coroutine '...' was never awaited` | An await is missing. "
            "| [01: Here](01_x.ipynb#cell-id=c1) |") in tables(tmp_path, file)["messages"]


def test_a_message_has_one_link_for_each_lesson_that_shows_it(tmp_path):
    say(tmp_path, ("It was destroyed", "Lost."))
    files = [lesson(tmp_path, f"0{n}_x.ipynb", new_markdown_cell("## Here"), prints("It was destroyed"),
                    prints("It was destroyed")) for n in (1, 2)]
    found = tables(tmp_path, *files)["messages"]
    assert "[01: Here](01_x.ipynb#cell-id=c1)<br>[02: Here](02_x.ipynb#cell-id=c1)" in found
    assert "c2" not in found


def test_the_cell_where_a_line_begins_with_the_message_comes_before_one_that_only_has_it(tmp_path):
    say(tmp_path, ("It was destroyed", "Lost."))
    file = lesson(tmp_path, "01_x.ipynb", new_markdown_cell("## Here"), prints("lane |--| It was destroyed"),
                  prints("first\nIt was destroyed"), prints("It was destroyed"))
    assert "(01_x.ipynb#cell-id=c2)" in tables(tmp_path, file)["messages"]


def test_a_section_whose_heading_quotes_the_message_comes_before_others(tmp_path):
    say(tmp_path, ("Error: It was destroyed", "Lost."), ("It was", "Past."))
    file = lesson(tmp_path, "01_x.ipynb", new_markdown_cell("## Here"), prints("Error: It was destroyed"),
                  new_markdown_cell("## What is `Error`?"), prints("Error: It was destroyed"),
                  new_markdown_cell("### `was destroyed`, `was lost`"), prints("x: Error: It was destroyed"))
    found = tables(tmp_path, file)["messages"]
    assert "| Lost. | [01: `was destroyed`, `was lost`](01_x.ipynb#cell-id=c5) |" in found
    assert "| Past. | [01: What is `Error`?](01_x.ipynb#cell-id=c3) |" not in found
    assert "| Past. | [01: Here](01_x.ipynb#cell-id=c1) |" in found


def test_a_section_about_a_message_leaves_the_lesson_that_only_quotes_it(tmp_path):
    say(tmp_path, ("It was destroyed", "Lost."))
    one = lesson(tmp_path, "01_x.ipynb", new_markdown_cell("Python says `It was destroyed`."))
    two = lesson(tmp_path, "A6_x.ipynb", new_markdown_cell("### `was destroyed`"), prints("It was destroyed"))
    assert ("| [01: the beginning](01_x.ipynb#cell-id=c0)<br>[A6: `was destroyed`](A6_x.ipynb#cell-id=c1) |"
            in tables(tmp_path, one, two)["messages"])


def test_a_message_that_no_output_shows_is_found_where_a_text_quotes_it(tmp_path):
    say(tmp_path, ("It was destroyed", "Lost."))
    text = new_markdown_cell("Python says `Error: It was destroyed`. It was destroyed.")
    unquoted = new_markdown_cell("It was destroyed, `said` he.\n```\n`It was destroyed`\n```")
    one = lesson(tmp_path, "01_x.ipynb", unquoted, text)
    two = lesson(tmp_path, "02_x.ipynb", text, prints("lane |--| It was destroyed"))
    assert "| [01: the beginning](01_x.ipynb#cell-id=c1) |" in tables(tmp_path, one)["messages"]
    assert "| [02: the beginning](02_x.ipynb#cell-id=c1) |" in tables(tmp_path, one, two)["messages"]


def test_an_error_without_an_entry_is_named(tmp_path):
    say(tmp_path)
    file = lesson(tmp_path, "01_x.ipynb", prints("it ended:\n  asyncio.QueueFull\nValueError: no such shop"))
    said = complaint(tmp_path, file)
    assert "01_x.ipynb (c0)" in said and '"ValueError: no such shop"' in said and index.MESSAGES in said


def test_an_error_may_be_left_out_by_name(tmp_path):
    say(tmp_path, not_listed='["ValueError: no such"]')
    tables(tmp_path, lesson(tmp_path, "01_x.ipynb", prints("ValueError: no such shop")))


def test_what_an_exercise_or_a_question_shows_does_not_count(tmp_path):
    say(tmp_path)
    tables(tmp_path, lesson(tmp_path, "01_x.ipynb", prints("ValueError: no such shop", "exercises.x.check(x)")))


def test_a_repr_of_an_error_is_no_message(tmp_path):
    say(tmp_path)
    cell = prints("[ValueError('ValueError: no'), 'ValueError: x', x.Full: 1]")
    tables(tmp_path, lesson(tmp_path, "01_x.ipynb", cell))


def test_an_entry_that_no_lesson_shows_is_named(tmp_path):
    say(tmp_path, ("Task was destroyed but it is pending!", "Lost."))
    said = complaint(tmp_path, lesson(tmp_path, "01_x.ipynb", prints("nothing")))
    assert "Task was destroyed but it is pending!" in said


def test_marks_in_a_message_do_not_break_the_table(tmp_path):
    say(tmp_path, ("a | `b` (c) [d]", "x | y"))
    found = tables(tmp_path, lesson(tmp_path, "01_x.ipynb", prints("a | `b` (c) [d]")))["messages"]
    assert "| `` a \\| `b` (c) [d] `` | x \\| y |" in found


# --- messages that no lesson shows ---


def test_a_message_that_no_lesson_shows_leads_to_the_cell_that_treats_it_or_nowhere(tmp_path):
    file = lesson(tmp_path, "01_x.ipynb", new_markdown_cell("## Here"), prints("nothing"))
    say(tmp_path, ("nothing", "Empty."))
    say_unshown(tmp_path, "The cat is away", f"{file}#cell-id=c0")
    say_unshown(tmp_path, "The dog is away", "")
    found = tables(tmp_path, file)["messages"]
    assert "| `The cat is away` | It means this. | [01: Here](01_x.ipynb#cell-id=c0) |" in found
    assert "| `The dog is away` | It means this. |  |" in found


def test_a_message_that_leads_to_no_cell_is_named(tmp_path):
    file = lesson(tmp_path, "01_x.ipynb", prints("nothing"))
    say(tmp_path, ("nothing", "Empty."))
    say_unshown(tmp_path, "The cat is away", f"{file}#cell-id=none")
    assert "01_x.ipynb#cell-id=none" in complaint(tmp_path, file)


def test_a_message_that_a_lesson_shows_after_all_is_named(tmp_path):
    file = lesson(tmp_path, "01_x.ipynb", prints("The cat is away"))
    say(tmp_path, ("cat", "Animal."))
    say_unshown(tmp_path, "The cat is away", "")
    assert '"The cat is away". Make it a [[message]]' in complaint(tmp_path, file)


# --- small cells, a search, and its data ---


def test_messages_stand_in_a_cell_for_each_letter_after_the_type_of_the_error(tmp_path):
    say(tmp_path, ("ValueError: x is 3", "A."), ("Xylophone", "B."), ("'...' and b", "C."), ("TypeError: b", "D."))
    file = lesson(tmp_path, "01_x.ipynb", prints("ValueError: x is 3\nXylophone\nTypeError: b\n'a' and b"))
    cells = {cell.id: cell.source for cell in index.make(index.read(tmp_path, [file]), {}, "").cells}
    assert list(cells)[list(cells).index("messages"):] == [
        "messages", "messages-a", "messages-b", "messages-x", "terms"]
    assert cells["messages-x"].startswith("### X\n\n| message |")
    assert "`ValueError: x is 3`" in cells["messages-x"] and "`Xylophone`" in cells["messages-x"]


def test_a_cell_has_few_of_them_so_that_little_turns_raw_when_it_is_found(tmp_path):
    say(tmp_path, *((f"a{number}", "A.") for number in range(index.ROWS + 1)))
    file = lesson(tmp_path, "01_x.ipynb", prints(" ".join(f"a{number}" for number in range(index.ROWS + 1))))
    cells = {cell.id: cell.source for cell in index.make(index.read(tmp_path, [file]), {}, "").cells}
    assert cells["messages-a"].count("| A. |") == index.ROWS and cells["messages-a-2"].count("| A. |") == 1
    assert "###" not in cells["messages-a-2"]


def test_the_search_is_one_cell_of_code(tmp_path):
    say(tmp_path)
    file = lesson(tmp_path, "01_x.ipynb", prints("nothing"))
    cells = [cell for cell in index.make(index.read(tmp_path, [file]), {}, "").cells if cell.cell_type == "code"]
    assert [(cell.source, cell.outputs) for cell in cells] == [(index.SEARCH, [])]


def test_the_data_of_the_search_say_the_same(tmp_path):
    say(tmp_path, ("It was \"destroyed\"", "Lost, `x`."))
    text = new_markdown_cell("## Here\n\nA **task** is *one* [thing](https://a.org/b): `f(*a)`.")
    file = lesson(tmp_path, "01_x.ipynb", text, prints('It was "destroyed"'))
    assert json.loads(index.read(tmp_path, [file]).data()) == {
        "messages": [['It was "destroyed"', "Lost, `x`.", [["01: Here", "01_x.ipynb#cell-id=c1"]]]],
        "terms": [["task", "A task is one thing: `f(*a)`.", [["01: Here", "01_x.ipynb#cell-id=c0"]]]],
    }


@pytest.mark.parametrize(("content", "words"), [
    ("not_listed = []\nmessage = []\n[[unshown]]\ntext = 'x'\nmeans = 'y'", "see"),
    ("not_listed = []\nmessage = []\nunshown = [3]", "3"),
    ("not_listed = [", "TOMLDecodeError"),
    ("message = []", "not_listed"),
    ("not_listed = []\n[[message]]\ntext = 'x'", "means"),
    ("not_listed = []\n[[message]]\ntext = 'x'\nmeans = 'y'\nsee = 'z'", "see"),
    ("not_listed = []\nmessage = []\nother = 1", "other"),
    ("not_listed = 'ValueError'\nmessage = []", "no list"),
    ("not_listed = ['...']\nmessage = []", "says nothing"),
    ("not_listed = []\n[[message]]\ntext = 3\nmeans = 'y'", "text = 3"),
    ("not_listed = []" + "\n[[message]]\ntext = 'x'\nmeans = 'y'" * 2, "two entries"),
])
def test_a_wrong_file_of_messages(tmp_path, content, words):
    (tmp_path.parent / index.MESSAGES).write_text(content)
    assert words in complaint(tmp_path, lesson(tmp_path, "01_x.ipynb", prints("")))


def test_no_file_of_messages(tmp_path):
    assert "FileNotFoundError" in complaint(tmp_path, lesson(tmp_path, "01_x.ipynb", prints("")))
