"""`python -m helpers script.py`: a script runs as it would alone, and leaves recordings."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from helpers.recording import Recording
from helpers.script import without_our_frames

ROOT = Path(__file__).resolve().parents[1]
ASK = """
    import asyncio, os, signal, sys
    async def ask(seconds=0.002):
        await asyncio.sleep(seconds)
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def start(*command, folder):
    return subprocess.Popen([sys.executable, *map(str, command)], cwd=folder, env=ENVIRONMENT, text=True,
                            encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(*command, folder):
    with start(*command, folder=folder) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def apart(err):
    """What a script and Python have said on standard error, and what the recorder has."""
    lines = err.splitlines(keepends=True)
    ours = [line for line in lines if line.startswith("python -m helpers: ")]
    return "".join(line for line in lines if line not in ours), "".join(ours)


def both(tmp_path, source, *arguments):
    """Run a script alone and recorded: nothing may differ. Gives the exit status, what the recorder says, the runs."""
    script = tmp_path / "prices.py"
    script.write_text(textwrap.dedent(ASK) + textwrap.dedent(source), "utf-8")
    code, out, err = run(script.name, *arguments, folder=tmp_path)
    seen = run("-m", "helpers", script.name, *arguments, folder=tmp_path)
    said, ours = apart(seen[2])
    assert (seen[0], seen[1], said) == (code, out, err)
    return code, ours, runs_in(tmp_path)


def runs_in(folder, stem="prices"):
    runs = []
    for number in range(1, 100):
        files = [folder / f"{stem}-run-{number}{suffix}" for suffix in (".json", ".txt", ".png")]
        if not files[0].exists():
            break
        runs.append(Recording.from_json(files[0].read_text("utf-8")))
        assert files[1].read_text("utf-8") == f"{runs[-1]}\n" and files[2].read_bytes().startswith(b"\x89PNG")
    return runs


# -- the script does not notice --------------------------------------------------------------------


@pytest.mark.slow
def test_a_script_with_arguments_a_neighbour_and_several_loops(tmp_path):
    (tmp_path / "shops.py").write_text("NORTH = 'tea: 320 ¢'\n", "utf-8")
    code, said, runs = both(tmp_path, """
        import shops
        if __name__ == "__main__":
            print(sys.argv, __file__, sys.path[0], __name__, shops.NORTH, __spec__, __doc__)
            print(sorted(globals().keys() - {'__cached__'}))
            print(sys.modules["__main__"].ask is ask, __loader__.name, ask.__module__)
            asyncio.run(ask())
            with asyncio.Runner() as runner:
                runner.run(ask(0.001))
    """, "--output", "x", "-v", "--", "ü")
    assert code == 0 and len(runs) == 2
    assert said.splitlines() == [f"python -m helpers: 1 task recorded in {tmp_path}: "
                                 + ", ".join(f"prices-run-{number}{suffix}" for suffix in (".txt", ".json", ".html", ".png"))
                                 for number in (1, 2)]


@pytest.mark.slow
@pytest.mark.parametrize(("source", "outcome"), [
    ("async def main():\n    async with asyncio.TaskGroup() as group:\n        group.create_task(ask('x'))\n"
     "asyncio.run(main())\n", "exception"),
    ("async def main():\n    await ask()\n    sys.exit(3)\nasyncio.run(main())\n", "exception"),
    ("asyncio.run(ask())\nsys.exit('no tea')\n", "result"),
    ("async def main():\n    signal.raise_signal(signal.SIGINT)\n    await ask(60)\nasyncio.run(main())\n",
     "cancelled"),
    ("async def main():\n    await ask()\n    print('x', flush=True)\n    os._exit(5)\nasyncio.run(main())\n",
     "pending"),
    ("asyncio.run(ask())\nsys.excepthook = lambda *what: print('hook', what[:2])\nraise OSError(7)\n", "result"),
    ("import atexit, threading, concurrent.futures\natexit.register(print, 'at exit')\n"
     "concurrent.futures.ThreadPoolExecutor(1).submit(print, 'pool')\n"
     "threading.Thread(target=lambda: asyncio.run(ask(0.05))).start()\n", "result"),
])
def test_the_end_of_a_script_is_its_own(tmp_path, source, outcome):
    _, said, runs = both(tmp_path, source)
    assert [each.tasks[0].outcome for each in runs] == [outcome]
    assert said.count("\n") == 1


def test_no_loop_and_a_script_that_cannot_begin(tmp_path):
    code, said, runs = both(tmp_path, "print(1)")
    assert (code, runs) == (0, [])
    assert said == "python -m helpers: prices.py ran no event loop of asyncio, so there is nothing to draw\n"
    assert both(tmp_path, "def (:")[0] == 1
    assert both(tmp_path, "import nowhere")[0] == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.slow
def test_a_process_that_is_forked_writes_nothing(tmp_path):
    code, _, runs = both(tmp_path, """
        asyncio.run(ask())
        pid = os.fork()
        if not pid:
            asyncio.run(ask())
            sys.exit(4)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        pid = os.fork()
        if not pid:
            os._exit(5)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """)
    assert code == 0 and len(runs) == 1


@pytest.mark.slow
def test_a_process_that_is_spawned_finds_the_script(tmp_path):
    code, _, runs = both(tmp_path, """
        import concurrent.futures, multiprocessing
        def work():
            asyncio.run(ask())
            return __name__
        async def main():
            with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                print(await asyncio.get_running_loop().run_in_executor(pool, work))
        if __name__ == "__main__":
            asyncio.run(main())
    """)
    assert code == 0 and len(runs) == 1


@pytest.mark.skipif(os.name != "posix", reason="another process cannot send Ctrl-C there")
@pytest.mark.slow
def test_ctrl_c_from_outside_leaves_the_recording(tmp_path):
    (tmp_path / "ticks.py").write_text(textwrap.dedent(ASK) + textwrap.dedent("""
        async def tick():
            try:
                while True:
                    print("tick", flush=True)
                    await ask()
            finally:
                print("clean-up", flush=True)
        asyncio.run(tick())
    """), "utf-8")
    with start("-m", "helpers", "ticks.py", folder=tmp_path) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT and out.endswith("clean-up\n")
    assert apart(err)[0].endswith("KeyboardInterrupt\n") and "every_loop" not in err and "script.py" not in err
    ticks, = runs_in(tmp_path, "ticks")
    assert ticks.tasks[0].outcome == "cancelled" and len(ticks.tasks[0].spans) > 3


@pytest.mark.slow
def test_a_folder_with_a_name_in_other_letters_and_what_is_there_is_kept(tmp_path):
    folder = tmp_path / "Preise für 茶"
    folder.mkdir()
    (folder / "tee ☕.py").write_text(textwrap.dedent(ASK) + "asyncio.run(ask())\nos.chdir('..')\n", "utf-8")
    for command in (["--trace"], ["--threshold", "0.5"], ["--force", "--output=hier/dort"]):
        code, _, said = run("-m", "helpers", *command, folder / "tee ☕.py", folder=tmp_path)
        assert code == 0, said
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".py") == [
        *(f"tee ☕-run-1{suffix}" for suffix in (".html", ".json", ".png", ".trace.json", ".txt")),
        *(f"tee ☕-run-2{suffix}" for suffix in (".html", ".json", ".png", ".txt"))]
    assert len(list((tmp_path / "hier" / "dort").iterdir())) == 4


def test_uvloop_is_named(tmp_path):
    (tmp_path / "uvloop.py").write_text("")         # as if: the real one is no asyncio loop, and so is not seen either
    _, said, runs = both(tmp_path, "import uvloop")
    assert not runs and "The loops of uvloop are not written in Python and cannot be recorded" in said


@pytest.mark.slow
def test_what_cannot_be_written_is_said_and_the_script_is_not_harmed(tmp_path):
    (tmp_path / "prices.py").write_text(
        textwrap.dedent(ASK) + "asyncio.run(ask())\nimport shutil\nshutil.rmtree('there')\nsys.exit(7)\n", "utf-8")
    code, _, err = run("-m", "helpers", "--output", "there", "prices.py", folder=tmp_path)
    assert code == 7
    for suffix in (".txt", ".json", ".html", ".png"):
        assert f"prices-run-1{suffix} is not written: FileNotFoundError" in err


# -- the command line ------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "words"), [
    ([], "which script? Name it after the options, as in python -m helpers script.py"),
    (["--trace"], "which script?"),
    (["--output"], "argument --output: expected one argument"),
    (["--trace", "--", "-nowhere.py"], "there is no file -nowhere.py in "),
    (["nowhere.py", "--trace"], "there is no file nowhere.py in "),
    (["."], ". is a folder: name the script in it"),
    (["--threshold", "0", "a.py"], "a number of seconds above 0, such as 0.1; got 0"),
    (["--threshold=soon", "a.py"], "a number of seconds above 0, such as 0.1; got soon"),
    (["--virtual", "a.py"], "unrecognized arguments: --virtual"),
    (["--output", "a.py/x", "a.py"], "there is no folder for the files: "),
    (["own/b.py"], "beside b.py is a module helpers of its own"),
])
def test_a_wrong_command_line_is_explained(tmp_path, monkeypatch, capsys, arguments, words):
    from helpers.script import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("raise SystemError")
    (tmp_path / "own").mkdir()
    for name in ("helpers.py", "b.py"):
        (tmp_path / "own" / name).write_text("")
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and words in " ".join(capsys.readouterr().err.split())


def test_our_frames_are_taken_out_of_a_group_and_what_came_before():
    import helpers.script

    code = compile("def call(function):\n    function()", helpers.script.__file__, "exec")
    exec(code, ours := {})

    def fail():
        try:
            raise KeyError("tea")
        except KeyError as error:
            raise ValueError("no tea") from error

    def group():
        try:
            ours["call"](fail)
        except ValueError as error:
            raise ExceptionGroup("both", [error]) from error

    with pytest.raises(ExceptionGroup) as seen:
        ours["call"](group)
    without_our_frames(seen.value)

    def files(error):
        found, entry = [], error.__traceback__
        while entry is not None:
            found.append(entry.tb_frame.f_code.co_filename)
            entry = entry.tb_next
        return found

    inner = seen.value.exceptions[0]
    assert files(seen.value) and files(inner) and files(inner.__cause__)
    assert {*files(seen.value), *files(inner), *files(inner.__cause__)} == {__file__}
