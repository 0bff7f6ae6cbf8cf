"""Make the environment of the course, and run things in it.

    python tools/environment.py lab          what `make lab` runs; likewise test, refresh, catalogue, lock, bench
    python tools/environment.py install      make the environment, and nothing more

The environment is a virtual environment in `.venv`, with everything that requirements.txt pins and the project itself,
installed editable. It is made once, and brought up to date when requirements.txt or pyproject.toml has changed. A stamp
is written only when the installation is complete: whatever interrupts it, the same command goes on from there.

Only the standard library is used, and nothing that is newer than Python 3.8: this file must be able to say that a
Python is too old when such a Python runs it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent

OLDEST = (3, 11)
NEWEST = (3, 14)  # the newest that the course is tested with; a newer one is taken only when there is no other

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

# What each command runs with the Python of the environment. All of its steps run, also after one that failed.
COMMANDS: Dict[str, List[List[str]]] = {
    "install": [],
    # The page is named, not the file: the address that Jupyter prints, for who has no browser here, then leads to it too.
    "lab": [["-m", "jupyterlab", "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"]],
    "test": [
        ["-m", "pytest", "-n", "2", "--dist", "loadscope", "tests"],
        ["-m", "pytest", "-n", "2", "--dist", "loadscope", "--nbval", "notebooks"],
    ],
    "refresh": [["-m", "tools.refresh"]],
    "catalogue": [["-m", "tools.catalogue"]],
    "lock": [["-m", "tools.lock"]],
    "bench": [["-m", "benchmarks"]],
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


def probe(command: Sequence[str]) -> "Interpreter | str":
    """Run `command` as a Python and return what it is; if it does not work as one, return why, in one line.

    Being on the PATH proves nothing: the shims of version managers, and the `python` that Windows puts there, exist
    and fail when they are run.
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
            universal_newlines=True,
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
            % (version_text(python), python.executable, *python.version[:2])
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


def fingerprint(root: Path) -> str:
    """A text that changes when the environment of the project in `root` has to be brought up to date.

    The place is part of it: an editable installation points to it, so a project that was moved needs a new one.
    """
    digest = hashlib.sha256(str(root).encode())
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def ensure(root: Path = ROOT) -> Path:
    """Make the environment in `root`/.venv, or bring it up to date, if need be; return its Python.

    Raises Problem if that does not work.
    """
    venv = root / ".venv"
    python, stamp, wanted = venv_python(venv), venv / "installed-for", fingerprint(root)
    works = usable(python)
    if works and stamp.is_file() and stamp.read_text() == wanted:
        return python
    if not works:
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
    say("Installing what the course needs into .venv: some minutes the first time, and it needs the network.")
    if stamp.exists():
        stamp.unlink()  # until the installation is complete again
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt", "-e", "."]
    if not sys.stdout.isatty():
        pip.append("-qq")  # nobody watches the progress: errors only
    if run(pip, root) != 0:
        raise Problem(
            "The installation did not finish; pip's own message is above. The usual reason is that there is no\n"
            "network, or a proxy in between. Run the same command again: what is already there is not fetched again."
        )
    stamp.write_text(wanted)
    return python


def usable(python: Path) -> bool:
    """Whether `python` is a complete one of a supported version: it starts, and its pip does too."""
    found = probe([str(python)]) if python.exists() else "not found"
    return not isinstance(found, str) and found.version[:2] >= OLDEST and quiet([str(python), "-m", "pip", "--version"])


def quiet(argv: List[str]) -> bool:
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def run(argv: List[str], root: Path) -> int:
    """Run a program in `root`, with our input and output; return its exit code."""
    return subprocess.run(argv, cwd=str(root)).returncode


def say(text: str) -> None:
    print(text, flush=True)  # flushed, so that it stands above what the program started next prints


# --- run a command -------------------------------------------------------------------------------------------------


def main(argv: List[str]) -> int:
    """Run the command that `argv` names, in the environment; what follows its name goes to the program it starts."""
    if not argv or argv[0] not in COMMANDS:
        say("Write one of:\n" + "\n".join("  python tools/environment.py " + name for name in COMMANDS))
        return 2
    command, arguments = argv[0], argv[1:]
    try:
        python = str(ensure())
    except Problem as problem:
        print("\n%s" % problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on.", file=sys.stderr)
        return 130
    steps = [[python, *step, *arguments] for step in COMMANDS[command]]
    if command == "install":
        say("The environment in .venv is ready.")
    if command == "lab":
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            steps[0].append("--allow-root")  # inside containers there is often no other user
        if os.name == "posix":
            os.chdir(str(ROOT))
            os.execv(python, steps[0])  # Jupyter itself then gets Ctrl-C, and asks before it stops
    try:
        failed = [step for step in steps if run(step, ROOT) != 0]
    except KeyboardInterrupt:
        return 130
    for step in failed:
        print("FAILED: python %s" % " ".join(step[1:]), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
