"""The environment: which Python is taken, when it is installed, and whether the locks are current and accepted."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import helpers
from tools import environment, lock

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = [f"3.{minor}" for minor in range(environment.OLDEST[1], environment.NEWEST[1] + 1)]

REAL_RUN, REAL_QUIET = environment.run, environment.quiet    # some tests put others in their place

needs_shell = pytest.mark.skipif(os.name != "posix", reason="the stand-ins for Pythons are shell scripts")


# --- finding a Python ---


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Makes commands that answer as a Python of some version would, alone on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, *answer: str, exit_code: int = 0) -> list[str]:
        lines = "\n".join(f"echo '{line}'" for line in answer)
        (folder / name).write_text(f"#!/bin/sh\n{lines}\nexit {exit_code}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
        return [name]

    return make


def test_this_python_is_found():
    found = environment.find_python([[sys.executable]])
    assert found.version == sys.version_info[:3]
    assert found.executable == sys.executable


@needs_shell
def test_what_fails_when_it_is_run_is_passed_over(stand_in):
    shim = stand_in("python3", "pyenv: python3: command not found", exit_code=127)
    good = stand_in("python3.12", "/opt/python3.12", "3.12.1", "venv")
    assert environment.find_python([shim, ["python3.13"], good]).executable == "/opt/python3.12"


@needs_shell
def test_a_tested_python_is_preferred_to_a_newer_one_and_a_newer_one_to_none(stand_in):
    newer = stand_in("python3", "/opt/python3.99", "3.99.0", "venv")
    tested = stand_in("python3.11", "/opt/python3.11", "3.11.0", "venv")
    assert environment.find_python([newer, tested]).executable == "/opt/python3.11"
    assert environment.find_python([newer]).executable == "/opt/python3.99"


def test_a_path_that_is_not_ascii_is_understood_whatever_a_python_writes_by_default(tmp_path, monkeypatch):
    folder = tmp_path / "J\u00fcrgen" / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = environment.venv_python(folder)
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    found = environment.probe([str(python)])
    assert not isinstance(found, str) and "J\u00fcrgen" in found.executable and Path(found.executable).is_file()


@needs_shell
def test_the_answer_of_a_python_is_read_as_utf_8(stand_in, tmp_path):
    python = stand_in("python3", str(tmp_path / "J\u00fcrgen" / "python3"), "3.12.1", "venv")
    assert environment.find_python([python]).executable == str(tmp_path / "J\u00fcrgen" / "python3")


def test_a_python_that_was_found_and_does_not_start_is_a_problem(project, monkeypatch, capsys):
    gone = str(project.root / "gone" / "python3")
    monkeypatch.setattr(environment, "run", REAL_RUN)
    monkeypatch.setattr(environment, "find_python", lambda: environment.Interpreter("python3", gone, (3, 12, 1), True))
    with pytest.raises(environment.Problem, match="could not be made; the reason is above"):
        project.ensure()
    assert f"{gone} does not start: " in capsys.readouterr().err


@needs_shell
def test_without_a_new_enough_python_it_says_what_was_tried_and_what_to_do(stand_in):
    old = stand_in("python3", "/usr/bin/python3", "3.9.6", "venv")
    shim = stand_in("python", "pyenv: python: command not found", exit_code=127)
    with pytest.raises(environment.Problem) as caught:
        environment.find_python([old, shim, ["python3.13"]])
    text = str(caught.value)
    assert "needs Python 3.11 or newer" in text and "https://www.python.org/downloads/" in text
    assert re.search(r"python3 +Python 3\.9\.6, too old", text)
    assert re.search(r"python +does not run: pyenv: python: command not found", text)
    assert re.search(r"python3\.13 +not found", text)


@needs_shell
def test_a_python_that_cannot_make_environments_is_named_with_the_package_to_install(stand_in):
    bare = stand_in("python3", "/usr/bin/python3", "3.11.2", "no venv")
    with pytest.raises(environment.Problem, match=r"/usr/bin/python3(?s:.*)sudo apt install python3\.11-venv"):
        environment.find_python([bare])


# --- Pythons that are too old ---


def old_pythons() -> list[str]:
    """The Pythons on this machine that are too old for the course, one of each version."""
    names = ["python2.7", *(f"python3.{minor}" for minor in range(4, environment.OLDEST[1]))]
    places = [shutil.which(name) for name in names]
    places += map(str, Path.home().glob(".pyenv/versions/[23].*/bin/python"))
    found = [environment.probe([place]) for place in places if place]
    pythons = [python for python in found if not isinstance(python, str) and python.version < environment.OLDEST]
    return list({python.version: python.executable for python in pythons}.values())


OLD = old_pythons()
on_old_pythons = pytest.mark.parametrize("python", OLD or [pytest.param("", marks=pytest.mark.skip("none here"))])


def test_an_old_python_can_read_the_files_that_say_it_is_too_old():
    """As far as this Python can tell; those that are here are asked below."""
    for file in (environment.__file__, helpers.__file__):
        text = Path(file).read_text(encoding="utf-8")
        ast.parse(text, feature_version=(3, 6))
        assert "from __future__" not in text, "annotations came with 3.7"


@pytest.mark.parametrize(("found", "words"), [((3, 10, 13), "3.10.13"), ((3, 9, 0), "3.9.0"), ((2, 7, 18), "2.7.18")])
def test_a_python_that_is_too_old_is_told_so_at_the_import(monkeypatch, found, words):
    monkeypatch.setattr(sys, "version_info", (*found, "final", 0))
    with pytest.raises(ImportError) as caught:
        exec(compile(Path(helpers.__file__).read_text(encoding="utf-8"), helpers.__file__, "exec"), {})
    text = str(caught.value)
    assert f"needs Python 3.11 or newer, and this is Python {words} ({sys.executable})" in text and "make lab" in text


def test_the_version_is_looked_at_before_anything_else_is_imported():
    first, guard = ast.parse(Path(helpers.__file__).read_text(encoding="utf-8")).body[1:3]
    assert ast.unparse(first) == "import sys"
    assert ast.unparse(guard).startswith(f"if sys.version_info < {environment.OLDEST}:\n    raise ImportError(")


@on_old_pythons
@pytest.mark.parametrize("statement", ["import helpers", "from helpers import Shop", "import helpers.recorder"])
def test_the_laboratory_says_which_python_it_needs(python, statement):
    done = subprocess.run([python, "-c", statement], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "ImportError: The course needs Python 3.11 or newer, and this is Python " in done.stderr


@on_old_pythons
def test_the_tool_finds_a_new_enough_python_or_says_which_is_needed(python, tmp_path):
    env = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(
        [python, "-c", "import sys; sys.path.insert(0, 'tools'); import environment; environment.find_python()"],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 1
    assert "The course needs Python 3.11 or newer" in done.stderr     # 2.7 shows the line that it cannot read


@pytest.fixture
def make(tmp_path):
    """Runs make in a project that has nothing but what make starts, with one folder alone on the PATH."""
    project = tmp_path / "project"
    (project / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", project)
    shutil.copy(environment.__file__, project / "tools")
    program = shutil.which("make", path=os.defpath) or "/usr/bin/make"
    # `make test PYTHON=...` tells every make below it which Python to take: not this one
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKEOVERRIDES", "PYTHON")}

    def run(target: str, path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, target], cwd=project, env={**env, "PATH": str(path)}, capture_output=True,
                              text=True, timeout=60)

    return run


@on_old_pythons
@needs_shell
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_says_which_python_is_needed(python, make, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(python)
    done = make("lab", folder)
    assert done.returncode != 0
    assert "The course needs Python 3.11 or newer" in done.stderr


@needs_shell
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_says_so_when_no_python_runs(stand_in, make, tmp_path):
    stand_in("python3", "pyenv: python3: command not found", exit_code=127)
    done = make("lab", tmp_path / "bin")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr


# --- making the environment ---


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, and the list of the programs that `ensure` runs in it. Environments are made for real, but
    without pip, and nothing is installed: an installer fails while its name is in `project.failing`."""
    for name in ("pyproject.toml", *environment.BENCH):
        (tmp_path / name).write_text("")

    class Project:
        root = tmp_path
        ran: list[str] = []
        installed: list[str] = []           # the locks of the last installation
        failing: set[str] = set()

        def ensure(self, locks=environment.LEARN):
            self.ran.clear()
            return environment.ensure(locks, self.root)

        def change(self, name, text="# changed"):
            (self.root / name).write_text(text)

    project = Project()
    project.ran, project.installed, project.failing = [], [], set()

    def run(argv, root):
        assert root == project.root
        if "venv" in argv:
            project.ran.append("venv")
            return subprocess.run([*argv, "--without-pip"]).returncode
        installer = "uv" if argv[1:3] == ["pip", "install"] else "pip"
        assert installer == "uv" or argv[1:4] == ["-m", "pip", "install"]
        assert argv[argv.index("-e") + 1] == "."
        project.ran.append(installer)
        project.installed[:] = [argv[place + 1] for place, part in enumerate(argv) if part == "-r"]
        return int(installer in project.failing)

    monkeypatch.setattr(environment, "run", run)
    monkeypatch.setattr(environment, "quiet", lambda argv: True)
    monkeypatch.setattr(shutil, "which", lambda name, which=shutil.which: None if name == "uv" else which(name))
    return project


def test_it_is_made_once_and_then_reused(project):
    python = project.ensure()
    assert project.ran == ["venv", "pip"]
    assert subprocess.run([str(python), "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)"]).returncode == 0
    assert project.ensure() == python
    assert project.ran == []


def test_learning_installs_nothing_of_the_tests_and_testing_adds_it(project):
    project.ensure(environment.LEARN)
    assert project.installed == ["requirements.txt"]
    project.ensure(environment.TEST)
    assert project.ran == ["pip"] and project.installed == ["requirements.txt", "requirements-test.txt"]
    for locks in (environment.LEARN, environment.TEST):
        project.ensure(locks)
        assert project.ran == [], "what is there stays there"
    project.ensure(environment.BENCH)
    assert project.ran == ["pip"] and "requirements-bench.txt" in project.installed


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_change_of_the_dependencies_installs_into_the_same_environment(project, name):
    project.ensure()
    project.change(name)
    project.ensure()
    assert project.ran == ["pip"]
    project.ensure()
    assert project.ran == []


def test_a_change_of_what_the_tests_need_concerns_no_learner(project):
    project.ensure(environment.TEST)
    project.change("requirements-test.txt")
    project.ensure(environment.LEARN)
    assert project.ran == []
    project.ensure(environment.TEST)
    assert project.ran == ["pip"]


@pytest.mark.parametrize("locks", [environment.LEARN, environment.TEST])
def test_an_installation_that_failed_is_tried_again(project, locks):
    project.failing.add("pip")
    with pytest.raises(environment.Problem, match="Run the same command again"):
        project.ensure(locks)
    project.failing.clear()
    project.ensure(locks)
    assert project.ran == ["pip"]


@pytest.mark.parametrize("name", environment.TEST)
def test_a_failed_update_is_not_taken_for_complete_when_the_change_is_undone(project, name):
    project.ensure(environment.TEST)
    project.change(name)
    project.failing.add("pip")
    with pytest.raises(environment.Problem):
        project.ensure(environment.TEST)
    project.change(name, "")
    project.failing.clear()
    project.ensure(environment.TEST)
    assert project.ran == ["pip"]


def test_uv_installs_where_it_is_found_and_pip_where_uv_cannot(project, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, which=shutil.which: "/opt/uv" if name == "uv" else which(name))
    project.ensure()
    assert project.ran == ["venv", "uv"]
    project.change("requirements.txt")
    project.failing.add("uv")
    project.ensure()
    assert project.ran == ["uv", "pip"]
    project.change("requirements.txt", "# changed again")
    project.failing.add("pip")
    with pytest.raises(environment.Problem):
        project.ensure()


def test_an_environment_whose_python_is_gone_is_made_anew(project):
    project.ensure().unlink()
    left_over = project.root / ".venv" / "left over from the other Python"
    left_over.touch()
    project.ensure()
    assert project.ran == ["venv", "pip"]
    assert not left_over.exists()


def test_a_folder_that_is_no_environment_is_left_alone(project):
    (project.root / ".venv").mkdir()
    (project.root / ".venv" / "thesis.txt").write_text("precious")
    with pytest.raises(environment.Problem, match="in the way"):
        project.ensure()
    assert (project.root / ".venv" / "thesis.txt").read_text() == "precious"


@pytest.fixture
def without_pip(project):
    """An environment as `uv venv` makes it, with a file of the learner's in it; gives the file."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project.root / ".venv")], check=True)
    precious = project.root / ".venv" / "precious"
    precious.touch()
    return precious


def test_an_environment_without_pip_gets_it(project, monkeypatch, without_pip):
    pytest.importorskip("ensurepip")
    monkeypatch.setattr(environment, "quiet", REAL_QUIET)
    project.ensure()
    assert project.ran == ["pip"] and without_pip.exists()
    assert REAL_QUIET([str(environment.venv_python(project.root / ".venv")), "-m", "pip", "--version"])


def test_an_environment_that_cannot_get_pip_is_used_with_uv(project, monkeypatch, without_pip):
    monkeypatch.setattr(environment, "quiet", lambda argv: False)
    monkeypatch.setattr(shutil, "which", lambda name, which=shutil.which: "/opt/uv" if name == "uv" else which(name))
    project.ensure()
    assert project.ran == ["uv"] and without_pip.exists()


def test_an_environment_that_cannot_get_pip_is_not_replaced(project, monkeypatch, without_pip):
    monkeypatch.setattr(environment, "quiet", lambda argv: False)
    with pytest.raises(environment.Problem, match="in the way: its Python has no pip"):
        project.ensure()
    assert project.ran == [] and without_pip.exists()


def test_a_project_that_was_moved_is_installed_again(project, tmp_path):
    before = environment.fingerprint(project.root, "requirements.txt")
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(project.root / name, moved)
    assert environment.fingerprint(moved, "requirements.txt") != before


# --- running a command ---


@pytest.fixture
def steps(monkeypatch):
    """What `main` runs, without the Python. Nothing is started; a step with a word of `steps.failing` fails."""

    class Steps(list):
        failing: tuple[str, ...] = ()
        locks: list[str] = []

    steps = Steps()

    def run(argv, root=environment.ROOT):
        steps.append(argv[1:])
        return int(any(word in argv for word in steps.failing))

    def ensure(locks):
        steps.locks = locks
        return Path("python")

    monkeypatch.setattr(environment, "ensure", ensure)
    monkeypatch.setattr(environment, "run", run)
    monkeypatch.setattr(os, "execv", lambda program, argv: run(argv))
    return steps


def test_every_step_runs_and_one_failure_fails_the_command(steps, capsys):
    steps.failing = ("tests",)
    assert environment.main(["test", "-x"]) == 1
    assert [step[-2:] for step in steps] == [["tests", "-x"], ["notebooks", "-x"]]
    assert "FAILED" in capsys.readouterr().err


@pytest.mark.parametrize("command", environment.COMMANDS)
def test_only_learning_does_without_the_lock_of_the_tests(steps, command):
    environment.main([command])
    assert ("requirements-test.txt" in steps.locks) == (command not in ("install", "lab"))


def test_the_workbook_is_made_before_jupyterlab_opens_it(steps):
    environment.main(["lab", "--no-browser"])
    workbook, jupyter = steps[:2]           # on a Posix system the second never returns; here it does
    assert workbook == ["-m", "tools.workbook"]
    assert jupyter[:2] == ["-m", "jupyterlab"] and "--no-browser" in jupyter
    assert any(part.endswith("/lab/tree/workbook/00_start_here.ipynb") for part in jupyter)


def test_without_a_workbook_jupyterlab_opens_the_notebooks_of_the_course(steps):
    steps.failing = ("tools.workbook",)
    environment.main(["lab"])
    workbook, jupyter = steps[:2]
    assert workbook == ["-m", "tools.workbook"]
    assert any(part.endswith("/lab/tree/notebooks/00_start_here.ipynb") for part in jupyter)


def test_check_runs_every_tool_that_is_configured(steps):
    environment.main(["check", "-x"])
    said = [" ".join(step) for step in steps]
    for tool in ("ruff", "importlinter", "mypy", "codespell", "not slow and not chromium"):
        assert sum(tool in step for step in said) == 1, tool
    assert [step.endswith(" -x") for step in said] == [False, False, False, False, True]


def test_the_hooks_of_pre_commit_are_steps_of_check():
    """They are the tools of the environment, so that there is one version of each."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    steps = [" ".join(step) for step in environment.COMMANDS["check"].steps]
    for hook in hooks[0]["hooks"]:
        words = hook["entry"].replace("lint-imports", "lint_imports").split()
        tool = next(word for word in words if word not in ("python", "-m"))
        assert any(tool in step for step in steps), hook["entry"]


def test_what_make_offers_is_what_the_tool_knows():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^(lab .*):$", makefile, re.MULTILINE)[1].split()
    assert sorted(targets) == sorted(environment.COMMANDS)
    assert all(f'"make {target} ' in makefile for target in targets), "make help names them all"
    assert set(PYTHONS) <= set(re.findall(r"python(3\.\d+)", makefile.partition("PYTHON :=")[2]))


def test_an_unknown_command_is_told_the_known_ones(capsys):
    assert environment.main(["tests"]) == 2
    assert "environment.py test\n" in capsys.readouterr().out


# --- the locks ---


def project_table() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def asked_for(name: str) -> list[Requirement]:
    """The direct dependencies that the lock `name` pins."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    texts = {"requirements.txt": project_table()["dependencies"],
             "requirements-test.txt": groups["test"], "requirements-bench.txt": groups["bench"]}
    return list(map(Requirement, texts[name]))


def locked(name: str = "requirements.txt") -> list[Requirement]:
    return [Requirement(line) for line in lock.pins((ROOT / name).read_text(encoding="utf-8"))]


def test_the_tool_that_locks_and_the_one_that_installs_agree():
    assert list(lock.LOCKS) == environment.BENCH
    assert environment.BENCH[:2] == environment.TEST and environment.TEST[:1] == environment.LEARN


@pytest.mark.slow
@pytest.mark.parametrize("name", lock.LOCKS)
def test_the_lock_is_what_the_lock_tool_writes(tmp_path, name):
    """The tool, given the locks, changes nothing in one: nothing is missing, and nothing too much."""
    for each in lock.LOCKS:
        shutil.copy(ROOT / each, tmp_path)
    done = lock.compile_lock(name, tmp_path)
    if "Failed to fetch" in done.stderr:
        pytest.skip(f"NO NETWORK: whether {name} is current was NOT checked")
    assert done.returncode == 0, done.stderr
    ours, theirs = ((folder / name).read_text(encoding="utf-8") for folder in (ROOT, tmp_path))
    assert theirs.replace(str(tmp_path / "_")[:-1], "") == ours, "run `make lock`"


def test_the_locks_pin_the_same_version_of_what_they_share():
    """So that they can be installed together; per marker, since a version may depend on the Python."""
    versions: dict[str, set[str]] = {pin.name: set() for pin in locked()}
    for pin in locked():
        versions[pin.name].add(str(pin.specifier))
    for name in environment.BENCH[1:]:
        for pin in locked(name):
            assert str(pin.specifier) in versions.setdefault(pin.name, {str(pin.specifier)}), f"{name}: {pin}"


@pytest.mark.parametrize("heavy", ["playwright", "jupyter-repo2docker", "uv", "pytest-xdist", "mypy"])
def test_a_learner_does_not_download_what_only_tests_need(heavy):
    assert heavy not in {pin.name for pin in locked()}
    assert heavy in {pin.name for pin in locked("requirements-test.txt")}


@pytest.mark.parametrize("name", lock.LOCKS)
@pytest.mark.parametrize(
    ("system", "platform", "os_name"),
    [("Linux", "linux", "posix"), ("Darwin", "darwin", "posix"), ("Windows", "win32", "nt")],
)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_direct_dependency_is_locked_once_at_a_version_asked_for(name, python, system, platform, os_name):
    markers = {
        **default_environment(),
        "python_version": python,
        "python_full_version": python + ".9",
        "platform_system": system,
        "sys_platform": platform,
        "os_name": os_name,
    }
    here = [pin for pin in locked(name) if pin.marker is None or pin.marker.evaluate(markers)]
    assert len({pin.name for pin in here}) == len(here), "two pins of one package apply at once"
    versions = {pin.name: str(pin.specifier).removeprefix("==") for pin in here}
    for dependency in asked_for(name):
        if dependency.marker is None or dependency.marker.evaluate(markers):
            assert dependency.name in versions, f"{dependency.name} is not locked: run `make lock`"
            assert dependency.specifier.contains(versions[dependency.name]), f"{dependency}: run `make lock`"


@pytest.mark.parametrize("name", environment.TEST)
def test_this_environment_is_the_locked_one(name):
    """What runs the tests is what the lock names, or the lock would be tested by nobody."""
    from importlib.metadata import version

    applies = [pin for pin in locked(name) if pin.marker is None or pin.marker.evaluate()]
    different = {pin.name: version(pin.name) for pin in applies if not pin.specifier.contains(version(pin.name))}
    assert different == {}, "run `make check` or `make test`: `make install` leaves out what only the tests need"


@pytest.mark.parametrize("name", lock.LOCKS)
def test_the_lock_names_no_registry(name):
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


# --- environment.yml, for conda and Binder ---


def test_environment_yml_is_what_the_lock_tool_writes():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == lock.environment_yml(text), "run `make lock`"


def test_environment_yml_pins_a_supported_python_and_the_whole_lock():
    *conda, pip = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert conda == [f"python={lock.PYTHON}", "pip"]
    assert [Requirement(line) for line in pip["pip"]] == locked()
    assert lock.PYTHON in PYTHONS


def binder_plan(folder: Path) -> str:
    """What Binder's builder would do with `folder`: its messages, and the Dockerfile that it would build."""
    pytest.importorskip("repo2docker", reason="Binder's builder is only there on Linux")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    return done.stdout


def line_of(plan: str, pattern: str) -> int:
    """The number of the only line that matches; comments do not count."""
    lines = plan.splitlines()
    found = [n for n, line in enumerate(lines) if re.search(pattern, line) and not line.lstrip().startswith("#")]
    assert len(found) == 1, f"{pattern}: {len(found)} lines"
    return found[0]


@pytest.fixture
def checkout(tmp_path):
    """What Binder's builder looks at, in a folder of its own."""
    for name in ("environment.yml", "pyproject.toml", "postBuild", *lock.LOCKS):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.slow
def test_binder_builds_as_meant(checkout):
    """It takes the pinned Python, environment.yml and no other file. The environment is complete before the rest of
    the repository is copied, so it is reused when only notebooks change; then the helpers are installed."""
    plan = binder_plan(checkout)
    assert f"Building conda environment for python={lock.PYTHON}\n" in plan
    steps = [
        line_of(plan, r"COPY .*src/environment\.yml "),
        line_of(plan, r'env update .*--file "environment\.yml"'),
        line_of(plan, r"COPY .*src/ "),
        line_of(plan, r"RUN \./postBuild"),
    ]
    assert steps == sorted(steps)
    assert not any(name in plan for name in lock.LOCKS)


@pytest.mark.slow
def test_binder_would_not_reuse_an_environment_that_refers_to_the_lock(tmp_path):
    """Why environment.yml repeats the pins. If this ever fails, it can be two lines long."""
    (tmp_path / "environment.yml").write_text("dependencies:\n- python=3.13\n- pip:\n  - -r requirements.txt\n")
    plan = binder_plan(tmp_path)
    assert line_of(plan, r"COPY .*src/ ") < line_of(plan, r'env update .*--file "environment\.yml"')


def test_post_build_stops_at_the_first_error():
    script = (ROOT / "postBuild").read_text()
    assert script.startswith("#!/bin/bash\n")
    assert "set -e" in script.splitlines(), "without it the build goes on after an error"
    assert script.splitlines()[-1] == "python -m tools.workbook", "what a link opens"


@needs_shell
def test_scripts_can_be_executed():
    for name in ("postBuild", ".ci/run"):
        assert os.access(ROOT / name, os.X_OK), name
        assert subprocess.run(["bash", "-n", name], cwd=ROOT).returncode == 0, name


# --- one list of supported Pythons ---


def workflow() -> dict:
    return yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))


def test_every_supported_python_is_tested_on_every_system():
    matrix = workflow()["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == PYTHONS


def test_the_next_python_is_tried_and_may_fail():
    job = workflow()["jobs"]["test"]
    following = f"3.{environment.NEWEST[1] + 1}-dev"
    assert [entry["python"] for entry in job["strategy"]["matrix"]["include"]] == [following]
    assert "endsWith(matrix.python, '-dev')" in job["continue-on-error"]


def test_the_commands_for_windows_are_those_that_the_workflow_runs():
    """Nobody who works on the course may have a Windows; the workflow has."""
    steps = [line.strip() for step in workflow()["jobs"]["test"]["steps"] for line in step.get("run", "").splitlines()]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("### Windows")[2].partition("\n### ")[0]
    commands = [line.strip() for line in section.splitlines() if line.startswith("    ")]
    assert len(commands) == 5
    for command in commands[:2] + commands[4:]:
        assert command in [step.replace("${{ matrix.python }}", "3.13") for step in steps], command


def test_the_oldest_and_the_newest_python_are_the_same_everywhere():
    assert project_table()["requires-python"] == f">={PYTHONS[0]}"
    named = [line.rpartition(" ")[2] for line in project_table()["classifiers"] if "Python :: 3." in line]
    assert named == PYTHONS
    assert f'"--python-version", "{PYTHONS[0]}"' in Path(lock.__file__).read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {PYTHONS[0]} or newer" in readme
    others = [python for python in PYTHONS if python != "3.13"]
    assert f"Python {', '.join(others[:-1])} and {others[-1]} do as well" in readme


def test_what_the_laboratory_imports_is_a_direct_dependency():
    """What another package happens to bring along may be gone with its next version."""
    imported = set()
    for file in (ROOT / "helpers").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.partition(".")[0])
    listed = {canonicalize_name(Requirement(line).name) for line in project_table()["dependencies"]}
    owners = packages_distributions()
    for name in sorted(imported - sys.stdlib_module_names - {"helpers"}):
        assert listed & {canonicalize_name(owner) for owner in owners[name]}, f"{name} is imported, and not listed"


# --- JupyterLab, as the course sets it up ---

JUPYTER = Path(sys.prefix) / "share" / "jupyter" / "lab"


def test_the_defaults_of_jupyterlab_are_installed_with_the_course():
    """In the environment, so that they hold however JupyterLab is started."""
    installed = JUPYTER / "settings" / "overrides.d" / "while-you-wait.json"
    assert installed.read_text(encoding="utf-8") == (ROOT / "jupyterlab.json").read_text(encoding="utf-8")


def test_jupyterlab_knows_the_settings_that_are_changed():
    """A setting that it does not know would be passed over in silence, and the question for news be back."""
    for plugin, settings in json.loads((ROOT / "jupyterlab.json").read_text(encoding="utf-8")).items():
        package, name = plugin.split(":")
        schema = json.loads((JUPYTER / "schemas" / package / f"{name}.json").read_text(encoding="utf-8"))
        for key, value in settings.items():
            asked = schema["properties"][key]
            choices = [choice["const"] for choice in asked.get("oneOf", ())] or [True, False]
            assert value in choices and value != asked["default"], key
