"""The environment: which Python is taken, when it is installed, and whether the locks are current and accepted."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tools import environment, lock

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = [f"3.{minor}" for minor in range(environment.OLDEST[1], environment.NEWEST[1] + 1)]

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
        (folder / name).write_text(f"#!/bin/sh\n{lines}\nexit {exit_code}\n")
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


def test_an_old_python_can_read_the_file_that_says_it_is_too_old():
    ast.parse(Path(environment.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))


@needs_shell
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_says_so_when_no_python_runs(stand_in):
    make = shutil.which("make", path=os.defpath) or "/usr/bin/make"
    stand_in("python3", "pyenv: python3: command not found", exit_code=127)
    # `make test PYTHON=...` tells every make below it which Python to take: not this one
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKEOVERRIDES", "PYTHON")}
    done = subprocess.run([make, "lab"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr


# --- making the environment ---


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, and the list of the programs that `ensure` runs in it. Environments are made for real, but
    without pip, and pip itself is not run: it fails while `project.pip_fails`."""
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "pyproject.toml").write_text("")

    class Project:
        root = tmp_path
        ran: list[str] = []
        pip_fails = False

        def ensure(self):
            self.ran.clear()
            return environment.ensure(self.root)

    project = Project()

    def run(argv, root):
        assert root == project.root
        if "venv" in argv:
            project.ran.append("venv")
            return subprocess.run([*argv, "--without-pip"]).returncode
        assert argv[1:4] == ["-m", "pip", "install"] and "requirements.txt" in argv
        project.ran.append("pip")
        return 1 if project.pip_fails else 0

    monkeypatch.setattr(environment, "run", run)
    monkeypatch.setattr(environment, "quiet", lambda argv: True)
    return project


def test_it_is_made_once_and_then_reused(project):
    python = project.ensure()
    assert project.ran == ["venv", "pip"]
    assert subprocess.run([str(python), "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)"]).returncode == 0
    assert project.ensure() == python
    assert project.ran == []


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_change_of_the_dependencies_installs_into_the_same_environment(project, name):
    project.ensure()
    (project.root / name).write_text("# changed")
    project.ensure()
    assert project.ran == ["pip"]
    project.ensure()
    assert project.ran == []


def test_an_installation_that_failed_is_tried_again(project):
    project.pip_fails = True
    with pytest.raises(environment.Problem, match="Run the same command again"):
        project.ensure()
    project.pip_fails = False
    project.ensure()
    assert project.ran == ["pip"]


def test_a_failed_update_is_not_taken_for_complete_when_the_change_is_undone(project):
    project.ensure()
    (project.root / "requirements.txt").write_text("# changed")
    project.pip_fails = True
    with pytest.raises(environment.Problem):
        project.ensure()
    (project.root / "requirements.txt").write_text("")
    project.pip_fails = False
    project.ensure()
    assert project.ran == ["pip"]


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


def test_a_project_that_was_moved_is_installed_again(project, tmp_path):
    before = environment.fingerprint(project.root)
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(project.root / name, moved)
    assert environment.fingerprint(moved) != before


# --- running a command ---


def test_every_step_runs_and_one_failure_fails_the_command(monkeypatch, capsys):
    ran = []
    monkeypatch.setattr(environment, "ensure", lambda: Path("python"))
    monkeypatch.setattr(environment, "run", lambda argv, root: ran.append(argv) or len(ran) % 2)
    assert environment.main(["test", "-x"]) == 1
    assert [argv[-2:] for argv in ran] == [["tests", "-x"], ["notebooks", "-x"]]
    assert "FAILED" in capsys.readouterr().err


def test_what_make_offers_is_what_the_tool_knows():
    targets = re.search(r"^(lab .*):$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert sorted(targets) == sorted(environment.COMMANDS)


def test_an_unknown_command_is_told_the_known_ones(capsys):
    assert environment.main(["tests"]) == 2
    assert "environment.py test\n" in capsys.readouterr().out


# --- requirements.txt ---


def project_table() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def locked() -> list[Requirement]:
    return [Requirement(line) for line in lock.pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))]


def test_the_lock_is_what_the_lock_tool_writes(tmp_path):
    """The tool, given the lock, changes nothing in it: nothing is missing, and nothing too much."""
    again = tmp_path / "requirements.txt"
    shutil.copy(ROOT / "requirements.txt", again)
    done = lock.compile_lock(again)
    if "Failed to fetch" in done.stderr:
        pytest.skip("NO NETWORK: whether requirements.txt is current was NOT checked")
    assert done.returncode == 0, done.stderr
    assert again.read_text() == (ROOT / "requirements.txt").read_text(), "run `make lock`"


@pytest.mark.parametrize(
    "system, platform, name", [("Linux", "linux", "posix"), ("Darwin", "darwin", "posix"), ("Windows", "win32", "nt")]
)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_direct_dependency_is_locked_once_at_a_version_that_is_asked_for(python, system, platform, name):
    markers = {
        **default_environment(),
        "python_version": python,
        "python_full_version": python + ".9",
        "platform_system": system,
        "sys_platform": platform,
        "os_name": name,
    }
    here = [pin for pin in locked() if pin.marker is None or pin.marker.evaluate(markers)]
    assert len({pin.name for pin in here}) == len(here), "two pins of one package apply at once"
    versions = {pin.name: str(pin.specifier).removeprefix("==") for pin in here}
    for dependency in map(Requirement, project_table()["dependencies"]):
        if dependency.marker is None or dependency.marker.evaluate(markers):
            assert dependency.name in versions, f"{dependency.name} is not locked: run `make lock`"
            assert dependency.specifier.contains(versions[dependency.name]), f"{dependency}: run `make lock`"


def test_this_environment_is_the_locked_one():
    """What runs the tests is what the lock names, or the lock would be tested by nobody."""
    from importlib.metadata import version

    applies = [pin for pin in locked() if pin.marker is None or pin.marker.evaluate()]
    different = {pin.name: version(pin.name) for pin in applies if not pin.specifier.contains(version(pin.name))}
    assert different == {}, "run `make install`"


def test_the_lock_names_no_registry():
    assert "://" not in (ROOT / "requirements.txt").read_text()


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
    for name in ("environment.yml", "requirements.txt", "pyproject.toml", "postBuild"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


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
    assert "requirements.txt" not in plan


def test_binder_would_not_reuse_an_environment_that_refers_to_the_lock(tmp_path):
    """Why environment.yml repeats the pins. If this ever fails, it can be two lines long."""
    (tmp_path / "environment.yml").write_text("dependencies:\n- python=3.13\n- pip:\n  - -r requirements.txt\n")
    plan = binder_plan(tmp_path)
    assert line_of(plan, r"COPY .*src/ ") < line_of(plan, r'env update .*--file "environment\.yml"')


def test_post_build_stops_at_the_first_error():
    script = (ROOT / "postBuild").read_text()
    assert script.startswith("#!/bin/bash\n")
    assert "set -e" in script.splitlines(), "without it the build goes on after an error"


@needs_shell
def test_scripts_can_be_executed():
    for name in ("postBuild", ".ci/run"):
        assert os.access(ROOT / name, os.X_OK), name
        assert subprocess.run(["bash", "-n", name], cwd=ROOT).returncode == 0, name


# --- one list of supported Pythons ---


def test_every_supported_python_is_tested_on_every_system():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert matrix == {"system": ["ubuntu-latest", "macos-latest", "windows-latest"], "python": PYTHONS}


def test_the_oldest_python_is_the_same_everywhere():
    assert project_table()["requires-python"] == f">={PYTHONS[0]}"
    assert f'"--python-version", "{PYTHONS[0]}"' in Path(lock.__file__).read_text(encoding="utf-8")
    assert f"Python {PYTHONS[0]} or newer" in (ROOT / "README.md").read_text(encoding="utf-8")
