"""The check of the first notebook: it must pass where the course works, and say what is wrong where it does not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import nbformat

from helpers.notebook import environment
from helpers.notebook.environment import check_environment, loop_problem, package_problem

ROOT = Path(__file__).resolve().parents[2]


async def in_a_cell(function, *arguments):
    """A kernel calls the code of a cell while its loop runs."""
    return function(*arguments)


def test_everything_is_here(capsys):
    asyncio.run(in_a_cell(check_environment))
    assert capsys.readouterr().out == "Everything is here.\n"


def test_the_name_of_the_project_is_its_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == environment.PROJECT


def test_packages_that_will_do():
    elsewhere = ["not-for-us>=1; sys_platform == 'nowhere'", "not-for-us; extra == 'x'"]
    assert package_problem(["pytest>=8", "pytest", *elsewhere]) == ""


def test_the_requirements_of_the_project_are_the_default(monkeypatch):
    monkeypatch.setattr(environment, "requires", lambda project: [f"not-there-{project}>=1"])
    assert package_problem().startswith("Not installed: not-there-while-you-wait.")
    monkeypatch.setattr(environment, "requires", lambda project: None)
    assert package_problem() == ""


def test_packages_that_are_missing_or_too_old():
    problem = package_problem(["pytest>=999", "no-such-package>=2", "also-not-there", "nbval>=0.1"])
    assert problem.startswith("Not installed: also-not-there, no-such-package.\nOf the wrong version: pytest is ")
    assert "(the course needs >=999)" in problem and "nbval" not in problem
    assert problem.endswith(environment.INSTALL)


def test_a_pre_release_is_new_enough(monkeypatch):
    monkeypatch.setattr(environment, "version", lambda name: "9.0rc1")
    assert package_problem(["pytest>=8"]) == ""


def test_a_project_that_is_not_installed(monkeypatch):
    def not_found(project):
        raise PackageNotFoundError(project)

    monkeypatch.setattr(environment, "requires", not_found)
    assert package_problem().startswith("The course itself is not installed in this Python.\nRun this")


def test_no_loop_is_running():
    assert loop_problem().startswith("No event loop is running here")


def test_a_loop_that_cannot_be_recorded():
    """One that is not asyncio's own, as uvloop's and Pyodide's are not: nothing but the interface."""

    class Other(asyncio.AbstractEventLoop):
        pass

    asyncio._set_running_loop(Other())
    try:
        problem = loop_problem()
    finally:
        asyncio._set_running_loop(None)
    assert "Other, and only asyncio's own can be recorded" in problem


def test_what_is_wrong_is_a_numbered_list_with_the_command_on_a_line_of_its_own(capsys, monkeypatch):
    monkeypatch.setattr(environment, "requires", lambda project: ["no-such-package>=2"])
    check_environment()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("The course does not work here yet. The Python of this notebook is ")
    assert lines[1:4] == [
        "1. Not installed: no-such-package.",
        "   Run this in a new cell of this notebook; it needs the network:",
        "       %pip install -r ../requirements.txt -e ..",
    ]
    assert [line[:24] for line in lines if line[0].isdigit()] == [
        "1. Not installed: no-suc", "2. No event loop is runn",
    ]
    assert all(line.startswith("   ") for line in lines[2:] if not line[0].isdigit())
    assert "Everything is here." not in lines


def test_the_command_to_install_names_files_that_are_there():
    command = next(line.split() for line in environment.INSTALL.splitlines() if "%pip" in line)
    assert command[:3] == ["%pip", "install", "-r"] and command[4] == "-e"
    assert (ROOT / "notebooks" / command[3]).resolve() == ROOT / "requirements.txt"
    assert (ROOT / "notebooks" / command[5]).resolve() == ROOT


def test_the_first_notebook_gets_as_far_as_the_check_when_packages_are_missing():
    """What its first cells import needs no package but those of a kernel: else an error would come before the words."""
    cells = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4).cells
    setup = next(cell.source for cell in cells if cell.cell_type == "code")
    names = ("cloudpickle", "ipywidgets", "markupsafe", "matplotlib", "nest_asyncio", "numpy", "psutil")
    cell = setup.replace("%load_ext helpers", "import helpers")
    program = f"import sys\nsys.modules.update(dict.fromkeys({names}))\n{cell}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
