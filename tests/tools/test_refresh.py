"""`make refresh`: two runs change no byte, and what is not meant is not stored."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import get_sanitize_patterns

from tools import refresh

RULES = Path(__file__).parents[1] / "sanitize.cfg"


def notebook(*cells: str | tuple[str, list[str]]) -> nbformat.NotebookNode:
    """A notebook of code cells; a cell may be a pair of source and tags."""
    made = nbformat.v4.new_notebook()
    for number, cell in enumerate(cells):
        source, tags = (cell, []) if isinstance(cell, str) else cell
        metadata = {"tags": tags} if tags else {}
        made.cells.append(nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata=metadata))
    return made


def write(path: Path, made: nbformat.NotebookNode) -> Path:
    nbformat.write(made, path)
    return path


def html_of(data: str) -> str:
    return f'<div class="wyw-picture"><img alt="alt of {data}" src="data:image/png;base64,{data}"></div>'


def picture(data: str, text: str, clock: str, **size: int) -> nbformat.NotebookNode:
    return nbformat.v4.new_output(
        "display_data",
        data={"image/png": data, "text/html": html_of(data), "text/plain": text},
        metadata={"image/png": {"alt": f"alt of {data}", "clock": clock, **size}},
    )


# -- in a kernel ------------------------------------------------------------------------------------

VOLATILE = (
    "import asyncio, os, sys, time, warnings\nprint(object(), 'pid', os.getpid())\n"
    "print('to stderr', file=sys.stderr)\nprint('more')",
    "warnings.warn('beware')",
    "async def f(): 1 / 0\nasyncio.create_task(f())",
    ("import json\njson.loads('{')", ["raises-exception"]),
    ("1 +", ["raises-exception"]),
    "f",
)


@pytest.mark.slow
def test_two_runs_change_no_byte(tmp_path, capsys):
    made = notebook(*VOLATILE)
    made.metadata = {"kernelspec": {"name": "other", "display_name": "Other"}, "widgets": {}, "vscode": {"x": 1}}
    made.cells[0].metadata["execution"] = {"iopub.status.busy": "2020"}
    path = write(tmp_path / "volatile.ipynb", made)
    assert refresh.main([str(path)]) == 0
    first = path.read_bytes()
    assert refresh.main(["--check", str(path)]) == 0
    assert refresh.main([str(path)]) == 0
    assert path.read_bytes() == first
    assert "volatile.ipynb: unchanged" in capsys.readouterr().out

    text = first.decode()
    assert text.endswith("}\n") and not text.endswith("\n\n")
    assert str(tmp_path) not in text and "ipykernel_" not in text and "site-packages" not in text
    assert not re.search(r"0x[0-9a-f]{6}", text) and "\\u001b" not in text
    stored = json.loads(text)
    assert stored["metadata"] == refresh.NOTEBOOK_METADATA
    assert [c["execution_count"] for c in stored["cells"]] == [1, 2, 3, 4, 5, 6]
    assert [c["id"] for c in stored["cells"]] == [f"cell-{n}" for n in range(6)]
    assert stored["cells"][0]["metadata"] == {}
    streams = stored["cells"][0]["outputs"]
    assert [(o["name"], len(o["text"])) for o in streams] == [("stdout", 2), ("stderr", 1)]
    error = stored["cells"][3]["outputs"][0]
    assert error["traceback"][-1].startswith("JSONDecodeError: Expecting property name")
    assert any("Cell In[4], line 2" in line for line in error["traceback"])
    assert not any("decoder.py" in line for line in error["traceback"])


RUNS = (
    "%load_ext helpers\nimport asyncio\nfrom helpers import compare, record, simulate",
    "async def main():\n    await asyncio.gather(asyncio.sleep(0.02), asyncio.sleep(0.01))",
    "one = simulate(main())\none",
    "run = await record(main())\nrun",
    "compare({'virtual': one, 'again': simulate(main())})",
    "run.replay()",
)


@pytest.mark.slow
def test_pictures_of_runs_change_no_byte(tmp_path):
    path = write(tmp_path / "runs.ipynb", notebook(*RUNS))
    assert refresh.main([str(path)]) == 0
    first = path.read_bytes()
    # of each the metadata and, in its HTML, the data
    assert first.count(b"image/png") == 2 * 3 and first.count(b"wyw-picture") == 3
    assert refresh.main([str(path)]) == 0
    assert path.read_bytes() == first
    virtual = [json.loads(first)["cells"][index]["outputs"] for index in (2, 4)]
    assert refresh.main(["--redraw", str(path)]) == 0
    assert [json.loads(path.read_bytes())["cells"][index]["outputs"] for index in (2, 4)] == virtual


@pytest.mark.slow
def test_check_writes_nothing(tmp_path, capsys):
    path = write(tmp_path / "new.ipynb", notebook("1 + 1"))
    before = path.read_bytes()
    assert refresh.main(["--check", str(path)]) == 1
    assert path.read_bytes() == before
    assert "new.ipynb: would change" in capsys.readouterr().out


@pytest.mark.slow
def test_an_error_that_is_not_meant_stops_its_notebook_only(tmp_path, capsys):
    fails = "def f(): raise ValueError('no tea')\nf()"
    bad = write(tmp_path / "bad.ipynb", notebook("x = 1", fails, "print('not reached')"))
    good = write(tmp_path / "good.ipynb", notebook("1 + 1"))
    before = bad.read_bytes()
    assert refresh.main([str(bad), str(good)]) == 1
    assert bad.read_bytes() == before
    assert nbformat.read(good, 4).cells[0].outputs[0].data["text/plain"] == "2"
    said = capsys.readouterr().err
    assert "bad.ipynb, cell 2 (id cell-1): ValueError: no tea" in said
    assert "Cell In[2], line 1, in f()" in said and "\x1b" not in said
    assert "bad.ipynb is not written" in said


@pytest.mark.slow
def test_a_cell_that_hangs_is_named(tmp_path, capsys):
    path = write(tmp_path / "hangs.ipynb", notebook("1", "import time\ntime.sleep(60)"))
    assert refresh.main(["--timeout", "2", str(path)]) == 1
    assert "hangs.ipynb, cell 2 (id cell-1): no answer within 2 seconds\nimport time" in capsys.readouterr().err


@pytest.mark.slow
def test_a_kernel_that_dies_is_named(tmp_path, capsys):
    path = write(tmp_path / "dies.ipynb", notebook("import os\nos._exit(1)"))
    assert refresh.main([str(path)]) == 1
    assert "dies.ipynb, cell 1 (id cell-0): the kernel died" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "words"), [("no json", "not a readable notebook"), (None, "without ids")])
def test_what_is_no_notebook_with_ids_is_refused(tmp_path, capsys, text, words):
    old = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 2}
    path = tmp_path / "old.ipynb"
    path.write_text(text or json.dumps(old))
    assert refresh.main([str(path)]) == 1
    assert words in capsys.readouterr().err


# -- pictures ---------------------------------------------------------------------------------------


def refreshed(new: nbformat.NotebookNode, old: nbformat.NotebookNode, **options: bool) -> nbformat.NotebookNode:
    """The output `new`, where `old` is stored."""
    notebooks = []
    for output in (new, old):
        made = notebook("run")
        made.cells[0].outputs = [output]
        notebooks.append(made)
    return refresh.normalise(notebooks[0], notebooks[1], **options).cells[0].outputs[0]


def test_picture_of_a_real_run_that_went_the_same_way_is_kept():
    kept = refreshed(picture("bmV3", "twin", "real", width=3), picture("b2xk", "twin", "real", width=2))
    assert kept.data["text/html"] == html_of("b2xk")
    assert kept.metadata["image/png"] == {"alt": "alt of b2xk", "clock": "real", "width": 2}


@pytest.mark.parametrize(
    ("new", "old", "options"),
    [
        (picture("bmV3", "twin", "real"), picture("b2xk", "twin", "real"), {"redraw": True}),
        (picture("bmV3", "another", "real"), picture("b2xk", "twin", "real"), {}),
        (picture("bmV3", "twin", "virtual"), picture("b2xk", "twin", "virtual"), {}),
        (picture("bmV3", "twin", "real"), picture("b2xk", "twin", "virtual"), {}),
        (picture("bmV3", "twin", "real"), nbformat.v4.new_output("stream", text="twin"), {}),
    ],
    ids=["redraw", "another twin", "virtual", "was virtual", "was none"],
)
def test_other_pictures_are_stored_anew(new, old, options):
    assert refreshed(new, old, **options).data["text/html"] == html_of("bmV3")


def test_a_picture_is_stored_once_and_its_data_as_they_are():
    """Data may hold any word, such as an address; beside them, addresses are replaced."""
    data = "aGVsbG8/ipykernel/1/2.py0xabcdef12"
    output = picture(data, "at 0xabcdef12", "virtual")
    made = notebook("run")
    made.cells[0].outputs = [output]
    stored = refresh.normalise(made).cells[0].outputs[0]
    assert set(stored.data) == {"text/html", "text/plain"}
    assert "base64,aGVsbG8/ipykernel/1/2" in stored.data["text/html"]
    assert stored.data["text/plain"] == "at 0xADDR"


def test_of_a_picture_in_html_only_the_text_twin_is_compared():
    assert compared(html_of("bmV3")) == compared(html_of("b2xk"))
    assert compared(f"<p>right</p>{html_of('bmV3')}") != compared(f"<p>wrong</p>{html_of('bmV3')}")
    assert compared('<img src="tea.png" alt="one">') != compared('<img src="tea.png" alt="two">')


# -- rules ------------------------------------------------------------------------------------------


def compared(text: str) -> str:
    """What nbval makes of a text before it compares it."""
    for pattern, replacement in get_sanitize_patterns(RULES.read_text()):
        text = re.sub(pattern, replacement, text)
    return text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<coroutine object f at 0x7f1c2a3b4c5d>", "<coroutine object f at 0x00000212AB34CD>"),
        ("/tmp/ipykernel_41/12345.py:3: W", r"C:\Users\me\AppData\Local\Temp\ipykernel_9\678.py:3: W"),
        ("/var/folders/x_/T/ipykernel_41/12345.py:3: W", "/tmp/ipykernel_41/9.py:3: W"),
        ("invalid syntax (3617920948.py, line 1)", "invalid syntax (1617920.py, line 1)"),
        ("Cell In[3], line 2, in f", "Cell In[11], line 2, in f"),
        ('File "/usr/lib/python3.12/json/x.py", line 52, in f', 'File "C:\\Python311\\Lib\\json/x.py", line 5, in f'),
        ("/a/lib/python3.13/site-packages/x/y.py:12: W", "/b_c/lib/python3.11/site-packages/x/y.py:7: W"),
        ("<Task pending name='Task-12'>", "<Task pending name='Task-7'>"),
        ("<_UnixSelectorEventLoop running=True>", "<ProactorEventLoop running=True>"),
        ("<_WindowsSelectorEventLoop running=True>", "<_UnixSelectorEventLoop running=True>"),
        ("pid 4711", "pid 12"),
        ("    f()\n    ~^^\n  done", "    f()\n  done"),
        ("  |     f()\n  |     ^^^\n  | done", "  |     f()\n  | done"),
        ("main  []\n8 tasks of aiohttp and asyncio are not drawn\n(key)", "main  []\n(key)"),
        ("the end\n1 task of asyncio is not drawn", "the end\n"),
        ("main  []\nmain blocks the loop at line 10 in main\nready but kept waiting: a\n(key)", "main  []\n(key)"),
        ("1. main starts.\n   main blocks the loop, at a line that is not known\n2. done", "1. main starts.\n2. done"),
        ("a\nA turn of b at line 3 in b took 0.8 s of real time, which virtual time does not count.\nc", "a\nc"),
        ("a\n2 more remarks are in run.remarks.\nc", "a\nc"),
        ("a blocks the loop at line 1 in a\nNone of the other 7 rules found it", "None of the 8 rules found it"),
        ("<p>a blocks the loop at line 1 in a<br>\nready but kept waiting: b</p>\n</div>", "</div>"),
        ("Writing price_server.py\n", "Overwriting price_server.py\n"),
    ],
)
def test_what_means_nothing_compares_equal(one, other):
    assert one != other and compared(one) == compared(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("line 3, in f", "line 4, in f"),
        ("0x1f", "0x2f"),
        ("Task 'north'", "Task 'south'"),
        ("12 tasks", "13 tasks"),
        ("(shop.py, line 1)", "(shops.py, line 1)"),
        ("2 ^ 3", "2 3"),
        ("rapid 3", "rapid 4"),
        ('File "shop.py", line 3', 'File "shop.py", line 4'),
        ("main  |-----|", "main  |---|"),
        ("main blocks the loop at line 10 in main for 0.4 s\n", ""),
        ("( ) It blocks the loop\n", ""),
        ("8 tasks of the loop are drawn\n", ""),
        ("Writing price_server.py\n", "Overwriting price_client.py\n"),
        ("Overwriting a row\n", "Writing a row\n"),
    ],
)
def test_what_means_something_stays_different(one, other):
    assert compared(one) != compared(other)


def test_refresh_and_nbval_read_the_same_rules():
    pairs = [(pattern.pattern, replacement) for pattern, replacement in refresh.rules()]
    read_by_nbval = get_sanitize_patterns(RULES.read_text())
    not_stored = [pattern for pattern, _ in read_by_nbval if (pattern, _) not in pairs]
    assert "<img" in not_stored[0] and not_stored[1] == r"Cell In\[\d+\]" and "not drawn" in not_stored[2]
    assert "rules found" in not_stored[3] and "wyw-replay" in not_stored[4]
    assert len(not_stored[5:]) == 6         # wordings of newer Pythons: tests/course/test_error_museum.py
    assert len(read_by_nbval) == RULES.read_text().count("\nregex:") == RULES.read_text().count("\nreplace:")


def test_stored_text_compares_equal_to_new_text():
    """A rule must not make something of its own replacement."""
    (mark,) = test_what_means_nothing_compares_equal.pytestmark
    for text in (text for pair in mark.args[1] for text in pair):
        assert compared(refresh.clean(text)) == compared(text)
