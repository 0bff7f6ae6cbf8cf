"""What nbval cannot see of a notebook: the file itself.

nbval re-executes the notebooks and compares text. It compares no cell that was never executed, ignores metadata and
pictures, takes an error output for right if it is stored, and does not read the text between the cells.

Every check is a function that takes a notebook and returns its complaints; each is tried here on a notebook that it
must complain about.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from nbformat import NotebookNode

from tools import ROOT, index, markdown, minutes, refresh, workbook

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

CODE_LINES = 15
PROGRAM_LINES = 40          # of a whole program, which a cell writes into a file
TEXT_WORDS = 160
UNCHECKED = ("nbval-skip", "nbval-ignore-output")

Complaints = list[str]
CHECKS: list[Callable[[NotebookNode, Path], Complaints]] = []


def check(function: Callable[[NotebookNode, Path], Complaints]) -> Callable[[NotebookNode, Path], Complaints]:
    CHECKS.append(function)
    return function


def code_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    return ((f"cell {n} ({c.get('id')})", c) for n, c in enumerate(notebook.cells, 1) if c.cell_type == "code")


def text_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    return ((f"cell {n} ({c.get('id')})", c) for n, c in enumerate(notebook.cells, 1) if c.cell_type == "markdown")


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


# -- checks of what ran -----------------------------------------------------------------------------


@check
def executed_in_order(notebook: NotebookNode, path: Path) -> Complaints:
    if path.name == index.FILE:     # it is made, and not executed: its box to search in is of use to whoever runs it
        return []
    found = [(where, cell.execution_count) for where, cell in code_cells(notebook)]
    return [
        f"{where} has the execution count {count}, expected {number}: run `make refresh`"
        for number, (where, count) in enumerate(found, 1)
        if count != number
    ]


@check
def no_empty_code_cell(notebook: NotebookNode, path: Path) -> Complaints:
    return [f"{where} is empty" for where, cell in code_cells(notebook) if not cell.source.strip()]


@check
def no_trailing_semicolon(notebook: NotebookNode, path: Path) -> Complaints:
    return [
        f"{where} ends with a semicolon, which hides the output from JupyterLab but not from nbval: write _ = ..."
        for where, cell in code_cells(notebook)
        if re.sub(r"\s*(#.*)?$", "", cell.source.rstrip()).endswith(";")
    ]


@check
def errors_only_where_meant(notebook: NotebookNode, path: Path) -> Complaints:
    complaints = []
    for where, cell in code_cells(notebook):
        kinds = [output.ename for output in cell.outputs if output.output_type == "error"]
        if kinds and "raises-exception" not in tags(cell):
            complaints.append(f"{where} shows the error {kinds[0]} without the tag raises-exception")
        if "raises-exception" in tags(cell) and not kinds:
            complaints.append(f"{where} has the tag raises-exception, but shows no error")
    return complaints


@check
def pictures_have_words(notebook: NotebookNode, path: Path) -> Complaints:
    complaints = []
    for where, cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            images = re.findall(r"<img\b[^>]*>", data.get("text/html", ""))
            if not images and not any(kind.startswith("image/") for kind in data):
                continue
            twin = data.get("text/plain", "").strip()
            if not images:
                complaints.append(f"{where}: a picture has no alt text: nothing shows it as HTML with an <img alt=...>")
            if any(not re.search(r'\balt="[^"]*[^"\s][^"]*"', image) for image in images):
                complaints.append(f"{where}: a picture has no alt text (<img alt=...> in its text/html)")
            if not twin or re.fullmatch(r"<.*>", twin):         # the default repr says nothing
                complaints.append(f"{where}: a picture has no text twin (text/plain is {twin!r})")
    for where, cell in text_cells(notebook):
        if re.search(r"!\[\s*\]", cell.source) or re.search(r"<img(?![^>]*\balt=\"[^\"]+\")", cell.source):
            complaints.append(f"{where}: a picture has no alt text: write ![what it shows](file)")
    return complaints


@check
def no_path_of_a_machine(notebook: NotebookNode, path: Path) -> Complaints:
    absolute = re.compile(
        r"(?<![\w.~:/\\])(?:/[\w.+-]+){2,}\.\w+\b|\b[A-Z]:\\[\w.\\ -]+|(?<!\w)/(?:home|Users|root|tmp)/\S*"
    )
    return [
        f"{where} shows a path of the machine: {match[0]}"
        for where, cell in code_cells(notebook)
        for output in cell.outputs
        for text in texts_of(output)
        if (match := absolute.search(text))
    ]


def texts_of(output: NotebookNode) -> list[str]:
    return [output.get("text", ""), *output.get("traceback", []), output.get("data", {}).get("text/plain", "")]


# -- checks of metadata -----------------------------------------------------------------------------


@check
def clean_metadata(notebook: NotebookNode, path: Path) -> Complaints:
    complaints = []
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        complaints.append(f"the kernel is {notebook.metadata.get('kernelspec', {}).get('name')!r}, not 'python3'")
    if notebook.metadata != refresh.NOTEBOOK_METADATA:
        complaints.append(f"the metadata of the notebook is {dict(notebook.metadata)}: run `make refresh`")
    for number, cell in enumerate(notebook.cells, 1):
        extra = set(cell.metadata) - set(refresh.CELL_METADATA)
        if extra:
            complaints.append(f"cell {number} ({cell.get('id')}) has metadata {sorted(extra)}: run `make refresh`")
    return complaints


@check
def written_as_refresh_writes(notebook: NotebookNode, path: Path) -> Complaints:
    if path.exists() and path.read_bytes().decode("utf-8") != refresh.written(notebook):
        return ["the file is not in the form that `make refresh` writes"]
    return []


@check
def unchecked_cells_say_why(notebook: NotebookNode, path: Path) -> Complaints:
    """nbval takes both tags and comments such as `# NBVAL_SKIP`; the comments are not used here."""
    complaints: Complaints = []
    for where, cell in code_cells(notebook):
        if re.search(r"^\s*#\s*(NBVAL_|PYTEST_)", cell.source, re.MULTILINE):
            complaints.append(f"{where}: use the tag nbval-skip or nbval-ignore-output, not a comment")
        if path.name != index.FILE and not re.search(r"#\s*not compared:\s*\w+", cell.source):
            complaints += [
                f"{where} has the tag {tag}: give the reason in a comment, `# not compared: ...`"
                for tag in set(tags(cell)) & set(UNCHECKED)
            ]
    return complaints


# -- checks of form ---------------------------------------------------------------------------------


@check
def begins_with_a_title(notebook: NotebookNode, path: Path) -> Complaints:
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not re.match(r"# \S", first.source):
        return ["the first cell must be a title, `# Do something`"]
    titles = [w for w, c in text_cells(notebook) for title in markdown.headings(c.source) if title.level == 1]
    return [f"{where} has another title of the first level" for where in titles[1:]]


@check
def has_one_setup_cell(notebook: NotebookNode, path: Path) -> Complaints:
    if path.name == index.FILE:     # no lesson: it has one cell, which needs no extension
        return []
    setups = [n for n, (_, cell) in enumerate(code_cells(notebook)) if "%load_ext helpers" in cell.source]
    return [] if setups == [0] else ["the first code cell, and no other, must load the extension: %load_ext helpers"]


@check
def predictions_are_clicked_before_the_run(notebook: NotebookNode, path: Path) -> Complaints:
    """The answer is not on the page: a question shows it after a click, and the cell below it when it is run."""
    complaints = [
        f"{where} has **Predict** in a text: ask it with `exercises.predict_...`"
        for where, cell in text_cells(notebook) if re.search(r"\*\*Predict", cell.source)
    ]
    following = {id(cell): after for cell, after in zip(notebook.cells, notebook.cells[1:])}
    for where, cell in code_cells(notebook):
        if not re.search(r"^exercises\.predict_", cell.source, re.MULTILINE):
            continue
        if not re.fullmatch(r"exercises\.predict_\w+", cell.source.strip()):
            complaints.append(f"{where} holds more than its question")
        if id(cell) not in following or following[id(cell)].cell_type != "code":
            complaints.append(f"{where} must stand right before the code cell that shows the answer")
    return complaints


@check
def imports_only_helpers(notebook: NotebookNode, path: Path) -> Complaints:
    """A learner sees `helpers` and `helpers.exercises`; how the rest is divided may change."""
    return [
        f"{where} imports {module}: take it from helpers, or a lesson from helpers.exercises"
        for where, cell in code_cells(notebook)
        for module in modules_imported(cell.source)
        if module.split(".")[0] == "helpers" and module not in ("helpers", "helpers.exercises")
    ]


def modules_imported(source: str) -> list[str]:
    """The modules that a cell imports, or imports from; none where it is meant not to be valid Python."""
    code = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)       # IPython's own
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    modules = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append(node.module or "")
    return modules


@check
def short_cells(notebook: NotebookNode, path: Path) -> Complaints:
    long_code = []
    for where, cell in code_cells(notebook):
        is_program = written_file(cell) is not None
        lines = len(cell.source.splitlines()) - is_program
        most = PROGRAM_LINES if is_program else CODE_LINES
        if lines > most:
            long_code.append(f"{where} has {lines} lines of code, more than {most}")
    return long_code + [
        f"{where} has {count} words, more than {TEXT_WORDS}"
        for where, cell in text_cells(notebook)
        if (count := words(cell.source)) > TEXT_WORDS and path.name != index.FILE       # is looked up, not read
    ]


def written_file(cell: NotebookNode) -> str | None:
    """The file that a cell writes with IPython's `%%writefile NAME`; None for any other cell."""
    match = re.match(r"%%writefile +(\S+)\s*$", cell.source.partition("\n")[0])
    return match[1] if match else None


@check
def written_files_are_deleted(notebook: NotebookNode, path: Path) -> Complaints:
    """They lie beside the notebook, in the learner's folder: the last cell that names them deletes them.

    A file in a folder of the lesson's own is deleted with the folder.
    """
    complaints = []
    cells = list(code_cells(notebook))
    for number, (where, cell) in enumerate(cells):
        if (name := written_file(cell)) is None:
            continue
        folder, slash, _ = name.partition("/")
        kept = f"{folder}/" if slash else name
        delete = f'shutil.rmtree("{folder}", ignore_errors=True)' if slash else "unlink(missing_ok=True)"
        naming = [later.source for _, later in cells[number + 1 :] if folder in later.source]
        if not naming or delete not in naming[-1]:
            complaints.append(f"{where} writes {name}, and no later cell deletes it with {delete}")
        if path.parent.name == "notebooks" and f"notebooks/{kept}" not in ignored_by_git():
            complaints.append(f"{where} writes {name}: add notebooks/{kept} to .gitignore")
    return complaints


def ignored_by_git() -> list[str]:
    return (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def words(source: str) -> int:
    """Words that are read: no comments, no addresses of links, no marks."""
    texts = [block.text for block in markdown.blocks(source)] + markdown.fenced(source)
    return sum(map(markdown.words, texts))


# -- links ------------------------------------------------------------------------------------------

def anchors_of(path: Path) -> set[str]:
    """The anchors of the headings and cells of a notebook or of a Markdown file, as JupyterLab has them.

    It keeps capitals and punctuation, and does not decode a link: #start and #What%3F lead nowhere.
    """
    text = path.read_text(encoding="utf-8")
    is_notebook = path.suffix == ".ipynb"
    cells = nbformat.reads(text, as_version=4).cells if is_notebook else [nbformat.v4.new_markdown_cell(text)]
    titles = [heading.text for c in cells if c.cell_type == "markdown" for heading in markdown.headings(c.source)]
    return {f"cell-id={cell.get('id')}" for cell in cells} | {title.replace(" ", "-") for title in titles}


@check
def links_lead_somewhere(notebook: NotebookNode, path: Path) -> Complaints:
    complaints = []
    for where, cell in text_cells(notebook):
        for link in markdown.links(cell.source):
            if re.match(r"https://", link) or link.startswith(("mailto:", "attachment:", "data:")):
                continue
            if re.match(r"[a-z]+:", link):
                complaints.append(f"{where}: {link} is no https address")
                continue
            file, _, anchor = link.partition("#")
            file = unquote(file)
            target = (path.parent / file).resolve() if file else path
            if file and not target.exists():
                complaints.append(f"{where}: {link} leads to no file")
            elif file and not target.is_relative_to(path.parent.parent.resolve()):
                complaints.append(f"{where}: {link} leads out of the repository")
            elif anchor and target.suffix in (".ipynb", ".md") and anchor not in anchors_of(target):
                complaints.append(f"{where}: {link} leads to no heading; there are {sorted(anchors_of(target))}")
    return complaints


# -- the course's notebooks -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("function", CHECKS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook(path: Path, function: Callable[[NotebookNode, Path], Complaints]) -> None:
    complaints = function(nbformat.read(path, as_version=4), path)
    assert not complaints, "\n".join([path.name, *complaints])


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_core_of_a_lesson_is_short(path: Path) -> None:
    core = minutes.core_of(path.name, nbformat.read(path, as_version=4))
    assert not minutes.excess(path.name, core)


# -- the learner's copies of them -------------------------------------------------------------------


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook beside all that the notebooks link."""
    root = tmp_path_factory.mktemp("course")
    ignore = shutil.ignore_patterns("__pycache__", workbook.PROGRESS)
    for folder in ("notebooks", "helpers"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignore)
    for path in ROOT.glob("*.md"):
        shutil.copy(path, root)
    assert workbook.main([], root) == 0
    return root / workbook.WORKBOOK


@pytest.mark.slow
@pytest.mark.parametrize("name", [path.name for path in NOTEBOOKS])
def test_copy_for_the_learner(copies: Path, name: str) -> None:
    copy = nbformat.read(copies / name, as_version=4)
    assert written_as_refresh_writes(copy, copies / name) == []
    assert links_lead_somewhere(copy, copies / name) == []
    assert not [where for where, cell in code_cells(copy) if cell.outputs or cell.execution_count]
    assert "Clear Outputs of All Cells" not in (copies / name).read_text(encoding="utf-8")
    assert "](../notebooks/" not in (copies / name).read_text(encoding="utf-8"), "that is where the answers are"
    original = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    assert [cell.id for cell in copy.cells] == [cell.id for cell in original.cells]
    assert [c.source for _, c in code_cells(copy)] == [c.source for _, c in code_cells(original)]


# -- the checks themselves --------------------------------------------------------------------------

SETUP = "%load_ext helpers\nimport asyncio"
TITLE = "# Wait for something"


def new_notebook(*cells: NotebookNode, title: str = TITLE, setup: str = SETUP) -> NotebookNode:
    """A notebook that nothing is wrong with, and these cells."""
    made = nbformat.v4.new_notebook(metadata=refresh.NOTEBOOK_METADATA)
    made.cells = [text(title), code(setup), *cells]
    count = 0
    for number, cell in enumerate(made.cells):
        cell["id"] = f"c{number}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
    return made


def code(source: str, *outputs: NotebookNode, tags: tuple[str, ...] = ()) -> NotebookNode:
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)} if tags else {})


def text(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def picture(alt: str, twin: str) -> NotebookNode:
    data = {"text/html": f'<div><img alt="{alt}" src="data:image/png;base64,aGk="></div>', "text/plain": twin}
    return nbformat.v4.new_output("display_data", data=data)


def error() -> NotebookNode:
    return nbformat.v4.new_output("error", ename="ValueError", evalue="no tea", traceback=["ValueError: no tea"])


def stream(words: str) -> NotebookNode:
    return nbformat.v4.new_output("stream", name="stdout", text=words)


def changed(notebook: NotebookNode, change: Callable[[NotebookNode], object]) -> NotebookNode:
    change(notebook)
    return notebook


PROGRAM = "price_server.py"         # one that .gitignore names
DELETED = f'"{PROGRAM}").unlink(missing_ok=True)'

GOOD = [
    new_notebook(),
    new_notebook(code("draw()", picture("Timeline", "a lane"))),
    new_notebook(code("fail()", error(), tags=("raises-exception",))),
    new_notebook(code("now()  # not compared: it shows the date", tags=("nbval-skip",))),
    new_notebook(text("[there](other.ipynb#Wait-for-something), [above](#Wait-for-something), [a](https://a.org/3).")),
    new_notebook(text("[readme](../README.md#How-to-start) and `[no](link.md)`\n```\n[no](link.md)\n# no title\n```")),
    new_notebook(code("import helpers, asyncio.tasks\nfrom helpers.exercises import lesson_00 as exercises")),
    new_notebook(code("from helpersome.thing import x"), code("for x in y")),
    new_notebook(code("print('a;')\n'x;'"), code("x = 1  # a; b")),
    new_notebook(code("1 / 2", stream("1/2/3 and 3/4.5 and https://a.org/b/c.html"))),
    new_notebook(text("word " * TEXT_WORDS + "<!-- and a comment -->")),
    new_notebook(code("x\n" * CODE_LINES)),
    new_notebook(code(f"%%writefile {PROGRAM}\n" + "x\n" * PROGRAM_LINES), code(f"Path({DELETED}")),
    new_notebook(code(f"%%writefile {PROGRAM}\nfrom helpers import record"), code("x"), code(f"Path({DELETED}")),
    new_notebook(code("%%writefile price_tests/a.py\nx"), code('shutil.rmtree("price_tests", ignore_errors=True)')),
]

BAD = [
    (executed_in_order, changed(new_notebook(), lambda n: n.cells[1].update(execution_count=None)), "None, expected 1"),
    (executed_in_order, changed(new_notebook(), lambda n: n.cells[1].update(execution_count=3)), "3, expected 1"),
    (no_empty_code_cell, new_notebook(code("  \n")), "cell 3 (c2) is empty"),
    (no_trailing_semicolon, new_notebook(code("plot();")), "semicolon"),
    (no_trailing_semicolon, new_notebook(code("plot();  # quiet\n\n")), "semicolon"),
    (errors_only_where_meant, new_notebook(code("fail()", error())), "ValueError without the tag"),
    (errors_only_where_meant, new_notebook(code("1", tags=("raises-exception",))), "shows no error"),
    (pictures_have_words, new_notebook(code("draw()", picture(" ", "a lane"))), "no alt text"),
    (pictures_have_words, new_notebook(code("draw()", picture("Timeline", ""))), "no text twin"),
    (pictures_have_words, new_notebook(code("draw()", picture("Timeline", "<Figure size 640x480>"))), "no text twin"),
    (pictures_have_words, new_notebook(text("![](a.png)")), "no alt text"),
    (pictures_have_words, new_notebook(text('<img src="a.png">')), "no alt text"),
    (no_path_of_a_machine, new_notebook(code("1", stream("saved in /home/me/x"))), "/home/me/x"),
    (no_path_of_a_machine, new_notebook(code("1", stream("/opt/course/helpers/recording.py:3: W"))), "recording.py"),
    (no_path_of_a_machine, new_notebook(code("1", stream("C:\\Users\\me"))), "C:\\Users\\me"),
    (clean_metadata, changed(new_notebook(), lambda n: n.metadata.kernelspec.update(name="conda-env")), "'conda-env'"),
    (clean_metadata, changed(new_notebook(), lambda n: n.metadata.language_info.update(version="3.12.1")), "3.12.1"),
    (clean_metadata, changed(new_notebook(), lambda n: n.metadata.update(widgets={})), "widgets"),
    (clean_metadata, changed(new_notebook(), lambda n: n.cells[1].metadata.update(execution={})), "['execution']"),
    (unchecked_cells_say_why, new_notebook(code("now()", tags=("nbval-skip",))), "give the reason"),
    (unchecked_cells_say_why, new_notebook(code("now()  # date", tags=("nbval-ignore-output",))), "give the reason"),
    (unchecked_cells_say_why, new_notebook(code("# NBVAL_SKIP\nnow()")), "not a comment"),
    (begins_with_a_title, new_notebook(title="Wait"), "must be a title"),
    (begins_with_a_title, new_notebook(text("# Another\nand more")), "another title"),
    (has_one_setup_cell, new_notebook(setup="import asyncio"), "%load_ext helpers"),
    (has_one_setup_cell, new_notebook(code("%load_ext helpers")), "and no other"),
    (imports_only_helpers, new_notebook(code("import helpers.virtual.run")), "cell 3 (c2) imports helpers.virtual"),
    (imports_only_helpers, new_notebook(code("from helpers.drawing import draw")), "imports helpers.drawing"),
    (predictions_are_clicked_before_the_run, new_notebook(text("**Predict:** what?")), "in a text"),
    (predictions_are_clicked_before_the_run, new_notebook(code("exercises.predict_a")), "right before the code cell"),
    (predictions_are_clicked_before_the_run, new_notebook(code("exercises.predict_a"), text("Two."), code("2")),
     "right before the code cell"),
    (predictions_are_clicked_before_the_run, new_notebook(code("x = 1\nexercises.predict_a"), code("2")), "more than"),
    (imports_only_helpers, new_notebook(code("def f():\n    import asyncio, helpers.lab")), "imports helpers.lab"),
    (imports_only_helpers, new_notebook(code("%pip\nfrom helpers.exercises.lesson_00 import a")), "lesson_00"),
    (short_cells, new_notebook(code("x\n" * (CODE_LINES + 1))), f"{CODE_LINES + 1} lines"),
    (short_cells, new_notebook(code("%%writefile a.py\n" + "x\n" * (PROGRAM_LINES + 1))), f"more than {PROGRAM_LINES}"),
    (short_cells, new_notebook(code("%%time\n" + "x\n" * CODE_LINES)), f"more than {CODE_LINES}"),
    (imports_only_helpers, new_notebook(code("%%writefile a.py\nimport helpers.lab")), "imports helpers.lab"),
    (written_files_are_deleted, new_notebook(code(f"%%writefile {PROGRAM}\nx")), "no later cell deletes it"),
    (written_files_are_deleted, new_notebook(code(f"%%writefile {PROGRAM}"), code(f"run('{PROGRAM}')")), "deletes it"),
    (written_files_are_deleted, new_notebook(code("%%writefile a.py"), code("'a.py', unlink(missing_ok=True)")),
     "notebooks/a.py to .gitignore"),
    (written_files_are_deleted, new_notebook(code("%%writefile price_tests/a.py"), code("Path('price_tests')")),
     'no later cell deletes it with shutil.rmtree("price_tests"'),
    (written_files_are_deleted,
     new_notebook(code("%%writefile b/a.py"), code('shutil.rmtree("b", ignore_errors=True)'), code("open('b/a.py')")),
     "no later cell deletes it"),
    (written_files_are_deleted,
     new_notebook(code("%%writefile b/a.py"), code('shutil.rmtree("b", ignore_errors=True)')),
     "notebooks/b/ to .gitignore"),
    (short_cells, new_notebook(text("word " * (TEXT_WORDS + 1))), f"{TEXT_WORDS + 1} words"),
    (links_lead_somewhere, new_notebook(text("[x](missing.ipynb)")), "missing.ipynb leads to no file"),
    (links_lead_somewhere, new_notebook(text("[x](other.ipynb#No-such)")), "no heading"),
    (links_lead_somewhere, new_notebook(text("[x](#No-such)")), "no heading"),
    (links_lead_somewhere, new_notebook(text("[x](../README.md#No-such)")), "no heading"),
    (links_lead_somewhere, new_notebook(text("[x](../README.md#how-to-start)")), "no heading"),
    (links_lead_somewhere, new_notebook(text("[x](#Why%3F)\n\n## Why?")), "no heading"),
    (links_lead_somewhere, new_notebook(text("[x](http://example.org)")), "no https"),
    (links_lead_somewhere, new_notebook(text("[x](../../outside.md)")), "out of the repository"),
    (links_lead_somewhere, new_notebook(text('<img src="no.png" alt="x">')), "leads to no file"),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The path of a notebook in a small repository."""
    folder = tmp_path / "repository" / "notebooks"
    folder.mkdir(parents=True)
    (tmp_path / "outside.md").write_text("outside")
    (folder.parent / "README.md").write_text("# Course\n## How to `start`\n")
    (folder / "other.ipynb").write_text(refresh.written(new_notebook()))
    return folder / "tried.ipynb"


@pytest.mark.parametrize("notebook", GOOD)
def test_nothing_is_said_of_a_good_notebook(notebook: NotebookNode, place: Path) -> None:
    place.write_text(refresh.written(notebook), encoding="utf-8")
    assert [complaint for function in CHECKS for complaint in function(notebook, place)] == []


@pytest.mark.parametrize(("function", "notebook", "words"), BAD)
def test_a_bad_notebook_is_caught(function, notebook: NotebookNode, words: str, place: Path) -> None:
    place.write_text(refresh.written(notebook), encoding="utf-8")
    complaints = function(notebook, place)
    assert len(complaints) >= 1 and words in complaints[0]


def test_a_file_in_another_form_is_caught(place: Path) -> None:
    place.write_text(refresh.written(new_notebook()).replace("\n ", "\n  "), encoding="utf-8")
    assert written_as_refresh_writes(new_notebook(), place) != []


def test_every_check_is_tried() -> None:
    assert {function for function, *_ in BAD} | {written_as_refresh_writes} == set(CHECKS)


@pytest.mark.slow
def test_nbval_catches_what_it_is_relied_on_for(tmp_path: Path) -> None:
    """A stored output that is no longer what comes out; with the options that the suite uses."""
    for name, stored in {"true": "2", "false": "3"}.items():
        result = nbformat.v4.new_output("execute_result", data={"text/plain": stored}, execution_count=2)
        (tmp_path / f"{name}.ipynb").write_text(refresh.written(new_notebook(code("1 + 1", result))))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-cell-timeout=30"]
    command += ["--nbval-sanitize-with", str(ROOT / "tests" / "sanitize.cfg"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 1
    assert "1 failed, 3 passed" in done.stdout and "'3' == '2'" in done.stdout
