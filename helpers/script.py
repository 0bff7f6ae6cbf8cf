"""Run a script as `python script.py` does, and leave a recording of every event loop that it ran.

    python -m helpers [--output FOLDER] [--threshold SECONDS] [--trace] [--force] script.py [arguments of the script]

Each run of a loop leaves four files beside the script: `script-run-1.html` is a page to open in a browser, with the
picture and the replay, `script-run-1.png` the picture, `script-run-1.txt` its text twin, and `script-run-1.json` the
data, for `Recording.from_json`. What is there already is kept: the next free number is taken.

The script must not notice: it is `__main__`, its folder is the first to import from, its exit status, output, traceback
and signals are its own. What is said of the recording is said on standard error when the script is over. A script
that ends with `os._exit` leaves its recordings, too; one that is killed does not, nor does a process that it forks.

There is no option for virtual time. That is the time of one coroutine, `simulate(main())`. A script may read a clock
before its loop runs, and compare it with one inside: half of the script in virtual time would give it wrong results.
"""

from __future__ import annotations

import argparse
import builtins
import importlib.machinery
import io
import math
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

from helpers.recorder import THRESHOLD
from helpers.recorder.every_loop import EveryLoop
from helpers.recording import FORMATS, Recording
from helpers.words import count, error_in_words

PROGRAM = "python -m helpers"
VALUED = ("--output", "--threshold")            # the options that a value follows
NOT_PYTHON = ("uvloop", "winloop", "rloop")     # packages whose loops are not written in Python
_HERE = os.path.dirname(os.path.abspath(__file__))
_OURS = frozenset(os.path.join(_HERE, *path) for path in (
    ("script.py",), ("recorder", "every_loop.py"), ("recorder", "turns.py"), ("recorder", "hooks.py"),
))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the script that the command line names, and end the process as it would have ended."""
    options, script, rest = _read(sys.argv[1:] if arguments is None else arguments)
    loops = EveryLoop(options.threshold)
    leave, process, saved = os._exit, os.getpid(), False

    def finish(wait: bool = True) -> None:
        nonlocal saved
        if not saved and os.getpid() == process:    # a process that was forked has nothing of its own to write
            saved = True
            if wait:
                _wait_for_threads()
            _finish(loops, script, options)

    def new_exit(status: int) -> NoReturn:
        finish(wait=False)
        leave(status)

    os._exit = new_exit
    try:
        _run(loops, options.script, script, rest)
    except SystemExit as error:
        without_our_frames(error)
        finish()
        raise
    except BaseException as error:
        _show(error)
        finish()
        if isinstance(error, KeyboardInterrupt):    # Python ends such a process in its own way, and says no more
            sys.excepthook = lambda *_: None
            raise
        raise SystemExit(1) from None
    finish()
    raise SystemExit(0)


def _run(loops: EveryLoop, given: str, script: Path, arguments: Sequence[str]) -> None:
    """Run a script in this process, in place of what is running."""
    module = ModuleType("__main__")
    path = os.path.abspath(given)
    vars(module).update(__file__=path, __builtins__=builtins, __cached__=None,
                        __loader__=importlib.machinery.SourceFileLoader("__main__", path))
    if sys.version_info < (3, 14):
        vars(module)["__annotations__"] = {}
    sys.modules["__main__"] = module
    sys.argv[:] = [given, *arguments]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = str(script.parent)
    with io.open_code(path) as file:
        source = file.read()
    code = compile(source, path, "exec", dont_inherit=True)
    loops.start()
    exec(code, vars(module))


# -- the command line -------------------------------------------------------------------------------


def _read(arguments: Sequence[str]) -> tuple[argparse.Namespace, Path, list[str]]:
    """The options, the script, and the script's own arguments."""
    parser = argparse.ArgumentParser(
        PROGRAM, f"{PROGRAM} [options] script.py [arguments of the script]", allow_abbrev=False,
        description="Run a script as `python script.py` does, and draw what its event loops did.",
        epilog="Each run leaves script-run-1.html, .png, .txt and .json; the next free number is taken. For virtual "
               "time, write simulate(main()) in a program: from helpers import simulate.")
    parser.add_argument("--output", type=Path, metavar="FOLDER",
                        help="where the files go; beside the script, if not given")
    parser.add_argument("--threshold", type=_seconds, default=THRESHOLD, metavar="SECONDS",
                        help="a turn on the loop that takes longer counts as blocking it (%(default)s)")
    parser.add_argument("--trace", action="store_true", help="write .trace.json, too, for Perfetto and VizTracer")
    parser.add_argument("--force", action="store_true", help="begin with number 1, and replace what is there")
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        option = arguments[at]
        at += 2 if option in VALUED else 1
        if option == "--":                          # the script's name may begin with a dash
            break
    options = parser.parse_args([option for option in arguments[:at] if option != "--"])
    if at >= len(arguments):
        parser.error(f"which script? Name it after the options, as in {PROGRAM} script.py")
    options.script = arguments[at]
    script = Path(options.script).resolve()
    if script.is_dir():
        parser.error(f"{options.script} is a folder: name the script in it")
    if not script.is_file():
        parser.error(f"there is no file {options.script} in {Path.cwd()}: a script is named by its path, as in "
                     f"{PROGRAM} folder/script.py")
    _check_name(parser, script)
    options.output = (options.output or Path(options.script).absolute().parent).absolute()
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"there is no folder for the files: {error_in_words(error)}")
    return options, script, list(arguments[at + 1:])


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0 or math.isinf(value):
        raise argparse.ArgumentTypeError(f"a number of seconds above 0, such as 0.1; got {text}")
    return value


def _check_name(parser: argparse.ArgumentParser, script: Path) -> None:
    """Refuse a script that may import a module `helpers` of its own: it would get this one."""
    spec = importlib.machinery.PathFinder.find_spec("helpers", [str(script.parent)])
    places = [] if spec is None else list(spec.submodule_search_locations or [spec.origin or ""])
    if any(os.path.realpath(place) != os.path.realpath(_HERE) for place in places):
        parser.error(f"beside {script.name} is a module helpers of its own, and a program can import only one of that "
                     "name. Record it from inside, where it is called something else: run = await record(main()), and "
                     f"run.save({script.stem + '.png'!r})")


# -- what is left -----------------------------------------------------------------------------------


def _wait_for_threads() -> None:
    """Wait for the threads that keep the process alive, as Python itself does next: a loop may run in one of them.

    Python's own function is used, for it ends the idle threads of pools, too. It does nothing when it is called again.
    """
    try:
        getattr(threading, "_shutdown", lambda: None)()
    except KeyboardInterrupt:
        _say("interrupted while threads were running: their loops are recorded up to here")


def _finish(loops: EveryLoop, script: Path, options: argparse.Namespace) -> None:
    """Write a recording of each run, and say where; whatever goes wrong here is said, and no more."""
    try:
        runs = loops.finish()
        if not runs:
            _say(_nothing(script))
        number = 1
        for run in runs:
            if isinstance(run, Exception):
                _say(f"a run has no recording: {error_in_words(run)}")
            else:
                number = _save(run, script.stem, number, options) + 1
    except (Exception, KeyboardInterrupt) as error:
        _say(f"not all is recorded: {error_in_words(error)}")


def _nothing(script: Path) -> str:
    package = next((name for name in NOT_PYTHON if name in sys.modules), None)
    if package is None:
        return f"{script.name} ran no event loop of asyncio, so there is nothing to draw"
    return (f"{script.name} ran no event loop of asyncio's own. The loops of {package} are not written in Python and "
            f"cannot be recorded: run the script without {package}")


def _save(run: Recording, stem: str, number: int, options: argparse.Namespace) -> int:
    """Write the files of one run. Gives the number that they have: at least `number`, and one that is free."""
    kinds = ["txt", "json", *(["trace"] if options.trace else []), "html", "png"]

    def file(kind: str) -> Path:
        return options.output / f"{stem}-run-{number}{FORMATS[kind]}"

    while not options.force and any(os.path.lexists(file(kind)) for kind in FORMATS):
        number += 1
    written = []
    for kind in kinds:
        try:
            written.append(run.save(file(kind), format=kind).name)
        except Exception as error:                      # a picture that fails does not take the text along
            _say(f"{file(kind).name} is not written: {error_in_words(error)}")
    if written:
        _say(f"{count(len(run.tasks), 'task')} recorded in {options.output}: {', '.join(written)}")
    return number


def _say(words: str) -> None:
    """A line on standard error: that of the process, whatever the script has put in its place."""
    if sys.__stderr__ is not None:
        print(f"{PROGRAM}: {words}", file=sys.__stderr__, flush=True)


# -- tracebacks -------------------------------------------------------------------------------------


def _show(error: BaseException) -> None:
    """Show an error that nobody has caught, as Python would."""
    without_our_frames(error)
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except Exception:
        traceback.print_exception(error)


def without_our_frames(error: BaseException, seen: set[int] | None = None) -> None:
    """Take the frames of this package that run and record a script out of the tracebacks of an error."""
    seen = set() if seen is None else seen
    if id(error) in seen:
        return
    seen.add(id(error))
    error.__traceback__ = _without(error.__traceback__)
    others: list[Any] = [error.__cause__, error.__context__]
    if isinstance(error, BaseExceptionGroup):
        others += error.exceptions
    for other in others:
        if other is not None:
            without_our_frames(other, seen)


def _without(entry: TracebackType | None) -> TracebackType | None:
    kept = []
    while entry is not None:
        if entry.tb_frame.f_code.co_filename not in _OURS:
            kept.append(entry)
        entry = entry.tb_next
    for one, following in zip(kept, [*kept[1:], None]):
        one.tb_next = following
    return kept[0] if kept else None
