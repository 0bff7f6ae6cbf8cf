"""In a lesson a name means one thing, so a learner can go back and run one cell again, and the others do what they did.

The rule, for the names of a notebook's module (functions, classes, variables, imports):

    If two cells define a name differently, every cell that reads it must have defined it itself, above where it reads.

A cell *defines* a name with `def`, `class`, an import, an assignment of any kind, `for`, `with ... as`, a pattern or
`del`. Two definitions are the same if their code is, comments and layout aside: a cell that is repeated breaks nothing.
(`except ... as` does not count: that name is gone when its block ends.)

A cell *reads* a name also inside of a function that it defines; and if it reads a function of another cell, it reads
what that function reads. So a function and what it calls cannot drift apart.

What is no ordinary cell:

- `%%writefile` and other magics that take the whole cell hold a text, and no names of the notebook. A line magic counts
  as nothing.
- The cell of an exercise defines what its starter defines: the learner's function, which the solution defines again in
  the same place. What the learner makes of it is not known, so any other cell that defines it does so differently.
- The lab shows a program to paste into a cell. It counts as one more cell of its notebook.

What is no question of names (a list that cells append to, a coroutine that is used up) shows when cells run again:
that is what `test_cell_runs_again` looks at.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import os
import re
import string
import symtable
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbformat import NotebookNode

from helpers.notebook import progress_file
from helpers.widgets.lab_program import source as program_of
from helpers.widgets.lab_settings import Settings
from tools import ROOT, index, refresh

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# -- what a cell defines and reads ------------------------------------------------------------------


@dataclass
class Names:
    """The names of one cell."""

    where: str
    defined: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))     # name -> the code that does it
    read: set[str] = field(default_factory=set)         # before the cell has defined them
    inside: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))      # function -> what it reads
    is_exercise: bool = False

    @property
    def needed(self) -> set[str]:
        """What other cells must have defined. A function reads when it is called, after all definitions of its cell."""
        return self.read | {name for names in self.inside.values() for name in names if name not in self.defined}


FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
SCOPE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class _Reader(ast.NodeVisitor):
    """Goes through a cell in the order in which it runs."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.code = ""      # of the statement around
        self.caught: set[str] = set()

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, FUNCTION):
            self._function(node)
        elif isinstance(node, SCOPE):
            self._read(*_global_names(node))
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    self._define(inner.target.id)
        else:
            if isinstance(node, ast.stmt | ast.withitem):
                self.code = ast.unparse(_head(node))
            super().visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.code = ast.unparse(node)
        self.names.inside[node.name] |= _global_names(node)
        self._define(node.name)

    def _read(self, *names: str) -> None:
        self.names.read.update(set(names) - set(self.names.defined) - self.caught)

    def _define(self, name: str) -> None:
        self.names.defined[name].add(self.code)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        else:
            self._define(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        for part in (node.value, *node.targets):
            self.visit(part)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        for part in (node.value, node.target):
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        for part in (node.iter, node.target, *node.body, *node.orelse):
            self.visit(part)

    visit_AsyncFor = visit_For

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.caught.add(node.name)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            origin = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
            self.code = f"{origin}import {ast.unparse(alias)}"
            self._define(alias.asname or alias.name.partition(".")[0])

    visit_ImportFrom = visit_Import

    def _pattern(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self._define(node.name)
        self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = _pattern      # type: ignore[assignment]


def _head(node: ast.AST) -> ast.AST:
    """What a statement does by itself: a loop or a block without what is in it."""
    if hasattr(node, "body"):
        parts = {name: value for name, value in ast.iter_fields(node) if not isinstance(value, list) or name == "items"}
        lists = {name: [] for name, value in ast.iter_fields(node) if isinstance(value, list) and name != "items"}
        return type(node)(**{**parts, **lists, "body": [ast.Pass()]}, lineno=0, col_offset=0)
    return node


def _global_names(node: ast.AST) -> set[str]:
    """The names of the module that a function, class, lambda or comprehension reads, its own among them."""
    code = ast.unparse(node)
    around = symtable.symtable(f"async def _():\n{_indented(code)}", "cell", "exec")
    found: set[str] = set()
    tables = list(around.get_children())
    while tables:
        table = tables.pop()
        found |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
        tables += table.get_children()
    return found


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.splitlines())


def names_of(where: str, source: str) -> Names:
    """The names of a cell; of one that is meant not to be valid Python, none."""
    names = Names(where)
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return names
    _Reader(names).visit(tree)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names.is_exercise = any(isinstance(f, ast.Attribute) and f.attr == "check" and
                            ast.unparse(f).startswith("exercises.") for f in calls)
    names.read -= {"get_ipython"}
    return names


def cells_of(notebook: NotebookNode) -> Iterator[Names]:
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code":
            where = f"cell {number} ({cell.get('id')})"
            yield names_of(where, cell.source)
            if (settings := lab_of(cell.source)) is not None:
                yield names_of(f"the program that the lab of {where} shows", program_of(settings))


def lab_of(source: str) -> Settings | None:
    """The settings of the lab that a cell shows, if it shows one."""
    if not re.match(r"lab\(", source):
        return None
    call = ast.parse(source).body[0].value      # type: ignore[attr-defined]
    return Settings(**{word.arg: ast.literal_eval(word.value) for word in call.keywords})


def ambiguous(notebook: NotebookNode) -> list[str]:
    """Names with two meanings, and a cell for which it matters which one it gets."""
    cells = list(cells_of(notebook))
    inside: dict[str, set[str]] = defaultdict(set)
    for cell in cells:
        for function, names in cell.inside.items():
            inside[function] |= names
    complaints = []
    for name in sorted({name for cell in cells for name in cell.defined}):
        definers = [cell for cell in cells if name in cell.defined]
        codes = {tuple(sorted(cell.defined[name])) for cell in definers}
        if len(codes) == 1 and not (len(definers) > 1 and any(cell.is_exercise for cell in definers)):
            continue
        readers = [cell for cell in cells if name in reached(cell, inside)]
        if readers:
            defined, read = (", ".join(cell.where for cell in some) for some in (definers, readers))
            complaints.append(
                f"{name!r} is defined differently in {defined}, and read in {read}: what it means there depends on "
                "which cell ran last. Give the second one a name of its own."
            )
    return complaints


def reached(cell: Names, inside: dict[str, set[str]]) -> set[str]:
    """What a cell reads and has not defined, itself or in the functions that it calls."""
    found: set[str] = set()
    left = set(cell.needed)
    while left:
        name = left.pop()
        found.add(name)
        left |= inside.get(name, set()) - found - set(cell.defined)
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_name_means_one_thing(path: Path) -> None:
    complaints = ambiguous(nbformat.read(path, as_version=4))
    assert not complaints, "\n".join([path.name, *complaints])


# -- the rule, on notebooks that keep it and that break it --------------------------------------------


@pytest.mark.parametrize("path", [
    path for path in NOTEBOOKS if "# Challenge: " in path.read_text(encoding="utf-8") and path.name != index.FILE
], ids=lambda path: path.name)
def test_a_challenge_needs_the_first_code_cell_alone(path: Path) -> None:
    """The first screen of a lesson says so, to those who may skip it."""
    cells = nbformat.read(path, as_version=4).cells
    setup = names_of("setup", next(cell.source for cell in cells if cell.cell_type == "code"))
    known = {*setup.defined, *dir(builtins)}
    checked = 0
    for place, cell in enumerate(cells):
        if cell.cell_type == "markdown" and re.search(r"^#+ Challenge: ", cell.source, re.MULTILINE):
            check = next(names for names in cells_of(NotebookNode(cells=cells[place:])) if names.is_exercise)
            assert check.needed <= known, check.where
            checked += 1
    assert checked



def notebook(*sources: str) -> NotebookNode:
    """A notebook whose cells have the ids a, b, c ..."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell, id in zip(cells, string.ascii_lowercase):
        cell["id"] = id
    return nbformat.v4.new_notebook(cells=cells)


CONFUSED = {
    "a variable": ("x = 1", "print(x)", "x = 2"),
    "a function": ("def f(): return 1", "f()", "def f(): return 2"),
    "a class": ("class C: a = 1", "C()", "class C: a = 2"),
    "an import": ("import time as clock", "clock", "import math as clock"),
    "a tuple": ("x, y = 1, 2", "x", "(x, z) = 3, 4"),
    "a list of targets": ("x = 1", "x", "first, *x = [1, 2]"),
    "for": ("x = 1", "x", "for x in [2]: pass"),
    "for in a block": ("x = 1", "x", "if y:\n    async for x in y: pass"),
    "with": ("x = 1", "x", "async with y as x: pass"),
    "augmented": ("x = 1", "x", "x += 1"),
    "augmented, and nobody else reads": ("x = 1", "x += 1"),
    "walrus": ("x = 1", "x", "if (x := 2): pass"),
    "walrus in a comprehension": ("x = 1", "x", "[x := y for y in [2]]"),
    "del": ("x = 1", "x", "del x"),
    "a pattern": ("x = 1", "x", "match y:\n    case [x, *_]: pass"),
    "read above": ("x = 1", "print(x)\nx = 2"),
    "read in its own definition": ("x = 1", "x = x + 1"),
    "read in a function": ("x = 1", "def f(): return x", "x = 2"),
    "read in a function in a function": ("x = 1", "def f():\n    def g(): return x\n    return g", "x = 2"),
    "read in a class": ("x = 1", "class C:\n    y = x", "x = 2"),
    "read in a comprehension": ("x = 1", "[x for y in range(2)]", "x = 2"),
    "read in a lambda": ("x = 1", "f = lambda y: x", "x = 2"),
    "read as a default": ("x = 1", "def f(y=x): return y", "x = 2"),
    "read as a decorator": ("x = 1", "@x\ndef f(): pass", "x = 2"),
    "read with await": ("async def f(): pass", "await f()", "async def f(): return 1"),
    "read by a called function": ("def f(): return 1", "def g(): return f()\ndef f(): return 2", "g()"),
    "read by a called method": ("x = 1", "x = 2\nclass C:\n    def m(self): return x", "C().m()"),
    "an exercise": ("def f(): ...\nexercises.f.check(f)", "f", "def f(): ..."),
    "the lab's program": ("lab_run = []", "lab_run", "lab(requests=3)"),
}

CLEAR = {
    "one definition": ("x = 1", "x", "x"),
    "everybody for himself": ("x = 1\nx", "x = 2\nx"),
    "the same code": ("x = 1  # one", "x", "x =  1"),
    "the same function": ("def f():\n\n    return 1", "f()", "def f(): return 1"),
    "defined above the reader": ("x = 1", "x = 2\ndef f(): return x\nf()"),
    "a parameter": ("x = 1", "def f(x): return x", "x = 2"),
    "a local": ("x = 1", "def f():\n    x = 3\n    return x", "x = 2"),
    "of a comprehension": ("x = 1", "[x for x in y]", "x = 2"),
    "an attribute": ("x = 1", "y.x", "x = 2"),
    "a caught error": ("try: f()\nexcept E as e: print(e)", "try: g()\nexcept F as e: print(e)"),
    "a file": ("x = 1", "%%writefile x.py\nprint(x)", "x = 2"),
    "in a file": ("x = 1", "x", "%%writefile x.py\nx = 2"),
    "line magics": ("%load_ext helpers\nimport asyncio", "asyncio", "!ls"),
    "no Python": ("x = 1", "def (x", "x = 2"),
    "an exercise alone": ("def f(): ...\nexercises.f.check(f)", "f"),
}


@pytest.mark.parametrize("sources", CONFUSED.values(), ids=CONFUSED)
def test_two_meanings(sources: tuple[str, ...]) -> None:
    assert len(ambiguous(notebook(*sources))) == 1


@pytest.mark.parametrize("sources", CLEAR.values(), ids=CLEAR)
def test_one_meaning(sources: tuple[str, ...]) -> None:
    assert ambiguous(notebook(*sources)) == []


def test_complaint_names_the_name_and_the_cells() -> None:
    [complaint] = ambiguous(notebook("x = 1", "print(x)", "x = 2"))
    assert complaint.startswith("'x' is defined differently in cell 1 (a), cell 3 (c), and read in cell 2 (b)")
    assert complaint.endswith("Give the second one a name of its own.")


# -- cells that run again ---------------------------------------------------------------------------

# Cells that rightly show something else when they run after the others, for a coroutine can be used once.
USED_UP = {
    "01_coroutines.ipynb": {
        "await-it",     # awaits the coroutine of the cell above: the next cell shows that this works once
        "thaw",         # resumes the coroutine of the cell above, as the text between them says
    },
}
RUN_AGAIN = [path for path in NOTEBOOKS if path.name[:2] in ("00", "01", "02", "03", "04")]


async def shown_again(path: Path) -> dict[str, tuple[str, str]]:
    """Run all cells of a notebook, and then each one again, from the last to the first.

    Gives the cells that showed something else the second time: what they showed, and what they show now.
    """
    lesson = nbformat.read(path, as_version=4)
    cells = [(index, cell) for index, cell in enumerate(lesson.cells) if cell.cell_type == "code"]
    client = NotebookClient(
        lesson, timeout=refresh.TIMEOUT, interrupt_on_timeout=True, allow_errors=True, kernel_name="python3",
        store_widget_state=False, resources={"metadata": {"path": str(path.parent)}},
    )
    shown = {}
    differing = {}
    async with client.async_setup_kernel(env={**os.environ, progress_file.SWITCH: "off"}):
        for index, cell in cells:
            await client.async_execute_cell(cell, index)
            shown[cell.id] = text_of(cell)
        for index, cell in reversed(cells):
            await client.async_execute_cell(cell, index)
            if text_of(cell) != shown[cell.id]:
                differing[cell.id] = shown[cell.id], text_of(cell)
    return differing


def text_of(cell: NotebookNode) -> str:
    """What a cell shows, without what differs in every run, and what IPython says to a second %load_ext."""
    outputs = refresh.normalise(nbformat.v4.new_notebook(cells=[nbformat.from_dict(cell)])).cells[0].outputs
    texts = [o.get("text") or o.get("data", {}).get("text/plain") or "\n".join(o.get("traceback", [])) for o in outputs]
    text = re.sub(r"In\[\d+\]", "In[N]", "\n".join(texts))
    return re.sub(r"The helpers extension is already loaded.*\n.*\n?", "", text)


@pytest.mark.slow
@pytest.mark.parametrize("path", RUN_AGAIN, ids=lambda path: path.name)
def test_cell_runs_again(path: Path) -> None:
    differing = asyncio.run(shown_again(path))
    allowed = USED_UP.get(path.name, set())
    surprising = [
        f"cell {id} showed\n{before}\nand, after the cells below it, shows\n{now}"
        for id, (before, now) in differing.items() if id not in allowed
    ]
    assert not surprising, "\n\n".join([path.name, *surprising])
    assert set(differing) == allowed, "these show the same again: take them out of USED_UP"


@pytest.mark.slow
def test_cell_that_does_not_run_again_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    cells = ("found = []", "found.append(1)\nprint(len(found))", "print(x := 1)", "x = 2", "print(1, 1)")
    nbformat.write(notebook(*cells), path)
    assert asyncio.run(shown_again(path)) == {"b": ("1\n", "2\n")}
