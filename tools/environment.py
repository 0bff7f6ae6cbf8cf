"""Make the environment of the course, and run things in it.

    python tools/environment.py lab          what `make lab` runs; likewise test, check, refresh, catalogue, lock, bench
    python tools/environment.py install      make the environment for learning, and nothing more

The environment is a virtual environment in `.venv`: what requirements.txt pins, which is all that a learner needs, and
the project itself, installed editable. A command that needs more, such as the tests, adds the locks that pin it
(`COMMANDS` says which). Everything is installed once, and again when a lock or pyproject.toml has changed. Each lock
has a stamp, which is written only when its installation is complete: whatever interrupts it, the same command goes on
from there.

Only the standard library is used, and nothing that is newer than Python 3.6: this file must be able to say that a
Python is too old when such a Python runs it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

ROOT: Path = Path(__file__).resolve().parent.parent  # A SyntaxError here? The course needs Python 3.11 or newer.

OLDEST = (3, 11)
NEWEST = (3, 15)  # the newest that the course is tested with; a newer one is taken only when there is no other

# Runs in any Python, 2.7 included: what it is, and whether it can make a virtual environment.
PROBE = """
import sys
print(sys.executable)
print("%d.%d.%d" % sys.version_info[:3])
try:
    import venv, ensurepip
except ImportError:
    print("no venv")
else:
    print("venv")
"""

# The locks: what learning needs, and what other commands need beyond it.
LEARN = ["requirements.txt"]
TEST = ["requirements.txt", "requirements-test.txt"]
BENCH = ["requirements.txt", "requirements-test.txt", "requirements-bench.txt"]

ARGUMENTS = "ARGUMENTS"  # in a step: what the user wrote behind the command


class Command(NamedTuple):
    """What a command needs, and what it runs, with the Python of the environment."""

    locks: List[str]
    steps: List[List[str]]


COMMANDS: Dict[str, Command] = {
    "install": Command(LEARN, []),
    # The workbook is made first. The page is named, not the file: so the address that Jupyter prints, for anyone
    # without a browser here, leads to it too.
    "lab": Command(LEARN, [
        ["-m", "tools.workbook"],
        ["-m", "jupyterlab", "--LabApp.default_url=/lab/tree/workbook/00_start_here.ipynb", ARGUMENTS],
    ]),
    # Any order serves the tests. Of a notebook the cells must stay together, in one process.
    "test": Command(TEST, [
        ["-m", "pytest", "-n", "2", "--dist", "worksteal", "tests", ARGUMENTS],
        ["-m", "pytest", "-n", "2", "--dist", "loadscope", "--nbval", "notebooks", ARGUMENTS],
    ]),
    "check": Command(TEST, [
        ["-m", "ruff", "check"],
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        ["-m", "mypy"],
        ["-m", "codespell_lib"],
        ["-m", "pytest", "-n", "2", "--dist", "worksteal", "-m", "not slow and not chromium", "tests", ARGUMENTS],
    ]),
    "refresh": Command(TEST, [["-m", "tools.refresh", ARGUMENTS]]),
    "catalogue": Command(TEST, [["-m", "tools.catalogue", ARGUMENTS]]),
    "lock": Command(TEST, [["-m", "tools.lock", ARGUMENTS]]),
    "bench": Command(BENCH, [["-m", "benchmarks", ARGUMENTS]]),
}


class Problem(Exception):
    """Something that the user has to put right; its text says what, and how."""


class Interpreter(NamedTuple):
    """A Python that runs: how it was called, where it is, its version, and whether it can make environments."""

    called: str
    executable: str
    version: Tuple[int, ...]
    makes_environments: bool


# --- find a Python -------------------------------------------------------------------------------------------------


def candidates() -> List[List[str]]:
    """The commands that may start a Python, the best first: the one that runs this file, then those on the PATH."""
    versions = ["3.%d" % minor for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    commands = [[sys.executable]] + [[name] for name in ["python3", "python"] + ["python" + v for v in versions]]
    if os.name == "nt":
        commands += [["py", "-" + v] for v in versions]
    return commands


def probe(command: Sequence[str]) -> Union[Interpreter, str]:
    """Run `command` as a Python and return what it is; if it does not work as one, return why, in one line.

    Being on the PATH proves nothing: the shims of version managers, and the `python` that Windows puts there, exist
    and fail when they are run. UTF-8 is agreed on for the paths in its answer: the two Pythons may differ in what they
    write and read otherwise.
    """
    program = shutil.which(command[0])
    if program is None:
        return "not found"
    try:
        done = subprocess.run(
            [program, *command[1:], "-c", PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PYTHONIOENCODING="utf-8"),
            universal_newlines=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "does not run: %s" % error
    lines = done.stdout.split("\n")
    try:
        executable, version, venv = lines[:3]
        numbers = tuple(int(number) for number in version.split("."))
    except ValueError:
        return "does not run: %s" % (done.stdout.strip().split("\n")[0] or "exit code %d" % done.returncode)
    return Interpreter(" ".join(command), executable, numbers, venv == "venv")


def find_python(commands: Optional[List[List[str]]] = None) -> Interpreter:
    """The first of `commands` (default: `candidates()`) that the course can use, tested versions before newer ones.

    Raises Problem, with what was tried and how to get what is missing, if there is none.
    """
    tried: List[str] = []
    newer: List[Interpreter] = []
    without_venv: List[Interpreter] = []
    for command in commands or candidates():
        found = probe(command)
        if isinstance(found, str):
            remark = found
        elif found.version[:2] < OLDEST:
            remark = "Python %s, too old" % version_text(found)
        elif not found.makes_environments:
            remark = "Python %s, without the modules venv and ensurepip" % version_text(found)
            without_venv.append(found)
        elif found.version[:2] > NEWEST:
            remark = "Python %s, newer than what the course is tested with" % version_text(found)
            newer.append(found)
        else:
            return found
        tried.append("  %-14s %s" % (" ".join(command), remark))
    if newer:
        return newer[0]
    if without_venv:
        python = without_venv[0]
        raise Problem(
            "Python %s (%s) cannot make virtual environments:\n"
            "its modules venv and ensurepip are not installed.\n"
            "On Debian and Ubuntu:  sudo apt install python%d.%d-venv\n"
            "Elsewhere: install Python from https://www.python.org/downloads/, which has them.\n"
            "Then run the same command again."
            % (version_text(python), python.executable, python.version[0], python.version[1])
        )
    raise Problem(
        "The course needs Python %d.%d or newer, and none was found. Tried:\n%s\n"
        "Install Python from https://www.python.org/downloads/ or with your system's package manager, then run\n"
        "the same command again. If you have one somewhere else, name it:  make lab PYTHON=/path/to/python3.13"
        % (*OLDEST, "\n".join(dict.fromkeys(tried)))
    )


def version_text(python: Interpreter) -> str:
    return ".".join(str(number) for number in python.version)


# --- make the environment ------------------------------------------------------------------------------------------


def venv_python(venv: Path) -> Path:
    """Where a virtual environment keeps its Python."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def fingerprint(root: Path, lock: str) -> str:
    """A text that changes when what `lock` pins has to be installed again for the project in `root`.

    The place is part of it: an editable installation points to it, so a project that was moved needs a new one.
    """
    digest = hashlib.sha256(str(root).encode())
    for name in (lock, "pyproject.toml"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def ensure(locks: Sequence[str], root: Path = ROOT) -> Path:
    """Make the environment in `root`/.venv, or bring it up to date, with what `locks` pin; return its Python.

    Raises Problem if that does not work.
    """
    venv = root / ".venv"
    python = venv_python(venv)
    if not starts(python):
        make(venv, root)
    elif not can_install(python):
        raise Problem(
            "%s is in the way: its Python has no pip that works, and could not be given one.\n"
            "It was perhaps made by another tool, such as `uv venv`, so it is not replaced without asking.\n"
            "Move or remove it, or install uv (https://docs.astral.sh/uv/), and run the same command again." % venv
        )
    stamps = {venv / ("installed-" + lock): fingerprint(root, lock) for lock in locks}
    missing = [stamp for stamp, wanted in stamps.items() if not stamp.is_file() or stamp.read_text() != wanted]
    if missing:
        say("Installing what the course needs into .venv: some minutes the first time, and it needs the network.")
        for stamp in missing:
            if stamp.exists():
                stamp.unlink()  # until the installation is complete again
        install(python, locks, root)
        for stamp in missing:
            stamp.write_text(stamps[stamp])
    return python


def make(venv: Path, root: Path) -> None:
    """Make an empty virtual environment; one that stands there and does not work is replaced. Raises Problem."""
    if venv.exists() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").is_file():
        raise Problem(
            "%s is in the way: it is not a virtual environment.\n"
            "Move or remove it, and run the same command again." % venv
        )
    maker = find_python()
    if maker.version[:2] > NEWEST:
        say("Note: the course is tested with Python %d.%d to %d.%d." % (*OLDEST, *NEWEST))
    say("Making the environment in .venv with Python %s (%s)." % (version_text(maker), maker.executable))
    if run([maker.executable, "-m", "venv", "--clear", str(venv)], root) != 0:
        raise Problem("The environment could not be made; the reason is above.")


def install(python: Path, locks: Sequence[str], root: Path) -> None:
    """Install what `locks` pin, and the project, for `python`. Raises Problem.

    uv does it where it is found, since it takes a fraction of the time; pip if uv cannot.
    """
    packages = [part for lock in locks for part in ("-r", lock)] + ["-e", "."]
    uv = shutil.which("uv")
    if uv:
        options = ["--quiet", "--compile-bytecode", "--python", str(python)]
        if run([uv, "pip", "install", *options, *packages], root) == 0:
            return
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", *packages]
    if not sys.stdout.isatty():
        pip.append("-qq")  # nobody watches the progress: errors only
    if run(pip, root) != 0:
        raise Problem(
            "The installation did not finish; pip's own message is above. The usual reason is that there is no\n"
            "network, or a proxy in between. Run the same command again: what is already there is not fetched again."
        )


def starts(python: Path) -> bool:
    """Whether `python` is one of a supported version that runs."""
    found = probe([str(python)]) if python.exists() else "not found"
    return not isinstance(found, str) and found.version[:2] >= OLDEST


def can_install(python: Path) -> bool:
    """Whether packages can be installed for `python`: by its pip, which it is given if it lacks one, or by uv.

    It lacks one if the environment was made by uv, or if the making of it was interrupted.
    """
    pip = [str(python), "-m", "pip", "--version"]
    if quiet(pip):
        return True
    if quiet([str(python), "-m", "ensurepip"]) and quiet(pip):
        return True
    return shutil.which("uv") is not None


def quiet(argv: List[str]) -> bool:
    """Run a program without its input and output; return whether it succeeded."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


def run(argv: List[str], root: Path) -> int:
    """Run a program in `root`, with our input and output; return its exit code, as a shell does if it cannot start."""
    try:
        return subprocess.run(argv, cwd=str(root)).returncode
    except OSError as error:
        print("%s does not start: %s" % (argv[0], error), file=sys.stderr, flush=True)
        return 127


def say(text: str) -> None:
    print(text, flush=True)  # flushed, so that it stands above what the program started next prints


# --- run a command -------------------------------------------------------------------------------------------------


def main(argv: List[str]) -> int:
    """Run the command that `argv` names, in the environment; what follows its name goes to the program it starts."""
    if not argv or argv[0] not in COMMANDS:
        say("Write one of:\n" + "\n".join("  python tools/environment.py " + name for name in COMMANDS))
        return 2
    name, arguments = argv[0], argv[1:]
    command = COMMANDS[name]
    try:
        python = str(ensure(command.locks))
    except Problem as problem:
        print("\n%s" % problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on.", file=sys.stderr)
        return 130
    steps = [[python, *fill_in(step, arguments)] for step in command.steps]
    if name == "install":
        say("The environment in .venv is ready.")
    try:
        return open_lab(steps) if name == "lab" else run_all(steps)
    except KeyboardInterrupt:
        return 130


def fill_in(step: List[str], arguments: List[str]) -> List[str]:
    """`step` with the user's `arguments` where they belong."""
    filled: List[str] = []
    for part in step:
        filled += arguments if part == ARGUMENTS else [part]
    return filled


def run_all(steps: List[List[str]]) -> int:
    """Run the steps one after another, also after one that failed; say which failed, and return the exit code."""
    failed = [step for step in steps if run(step, ROOT) != 0]
    for step in failed:
        print("FAILED: python %s" % " ".join(step[1:]), file=sys.stderr)
    return 1 if failed else 0


def open_lab(steps: List[List[str]]) -> int:
    """Make the workbook, and start JupyterLab on it; on the notebooks of the course, if there is no workbook."""
    workbook, jupyter = steps
    if run(workbook, ROOT) != 0:  # it has said why, and what to do
        jupyter = [part.replace("/tree/workbook/", "/tree/notebooks/") for part in jupyter]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        jupyter.append("--allow-root")  # inside containers there is often no other user
    if os.name == "posix":
        os.chdir(str(ROOT))
        os.execv(jupyter[0], jupyter)  # Jupyter itself then gets Ctrl-C, and asks before it stops
    return run(jupyter, ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
