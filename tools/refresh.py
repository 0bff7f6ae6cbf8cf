"""Re-execute notebooks and store their outputs in one canonical form: `make refresh`.

    python -m tools.refresh                      every notebook of the course
    python -m tools.refresh notebooks/04_*.ipynb     these
    python -m tools.refresh --check              write nothing; exit with 1 if something would change
    python -m tools.refresh --redraw             store new pictures of runs in real time, too

Each notebook runs in a fresh kernel, two at a time. What is stored holds nothing that the next run would change, so
that two runs in a row change no byte: addresses, file names of cells, process ids and the like are replaced by the
rules of tests/sanitize.cfg, the same that nbval compares with; no times, no version of Python, no state of widgets are
kept; tracebacks keep the frames of the notebook's own cells.

The picture of a run in real time differs each time. It is stored again only if its text twin has changed.

An error that a cell shows without having the tag "raises-exception" is reported, and that notebook is not written.
"""

from __future__ import annotations

import argparse
import asyncio
import configparser
import functools
import itertools
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from helpers.notebook import progress_file
from tools import LANGUAGE, ROOT, Problem, index

RULES = ROOT / "tests" / "sanitize.cfg"
TIMEOUT = 60        # seconds that a cell may take
AT_ONCE = 2         # kernels

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": LANGUAGE,
}
CELL_METADATA = ("tags", "jupyter", "slideshow", "editable", "deletable")      # what an author sets; all else is traces

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"^(?=File |Cell In)", re.MULTILINE)     # where IPython begins a new frame of a traceback


# --- run -----------------------------------------------------------------------------------------------------------


async def execute(path: Path, seconds: float = TIMEOUT) -> NotebookNode:
    """The notebook, run in a fresh kernel in its own folder; a cell may take so many seconds. Raises Problem."""
    notebook = read(path)
    started: list[int] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: started.append(cell_index),
    )
    try:
        # What is stored must not depend on which exercises are done on this machine.
        await client.async_execute(env={**os.environ, progress_file.SWITCH: "off"})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        cell = notebook.cells[started[-1]]
        where = f"{path.name}, cell {started[-1] + 1} (id {cell.id})"
        if isinstance(error, CellExecutionError):
            shown = [output for output in cell.outputs if output.output_type == "error"]
            trace = "\n".join(own_frames(shown[0])) if shown else cell.source
            raise Problem(f"{where}: {error.ename}: {error.evalue}\n{trace}") from None
        what = f"no answer within {seconds:g} seconds" if isinstance(error, CellTimeoutError) else "the kernel died"
        raise Problem(f"{where}: {what}\n{cell.source}") from None
    return notebook


def read(path: Path) -> NotebookNode:
    """A notebook in format 4.5. Raises Problem if it is none, or has cells without ids."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{path.name} is not a readable notebook: {error}") from error
    return parsed(path.name, text)


def parsed(name: str, text: str) -> NotebookNode:
    """The notebook that `text` holds; like `read`. `name` is what a Problem calls it."""
    try:
        notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    except Exception as error:      # nbformat raises many kinds, for what is no JSON and for what is no notebook
        raise Problem(f"{name} is not a readable notebook: {error}") from error
    if (notebook.nbformat, notebook.get("nbformat_minor", 0)) < (4, 5) or not all(c.get("id") for c in notebook.cells):
        raise Problem(f"{name} has cells without ids, or an older format: save it in a current JupyterLab.")
    return notebook


# --- normalise -----------------------------------------------------------------------------------------------------

WIDGETS = "application/vnd.jupyter.widget-view+json"
REPLAY = 'class="wyw-replay"'        # a replay: see helpers/widgets/replay/replay.py
PICTURE = 'class="wyw-picture"'     # the frame of a picture, in HTML: see helpers/drawing/figure.py
DATA = re.compile(r"(data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+)")


@functools.cache
def rules(path: Path = RULES) -> list[tuple[re.Pattern[str], str]]:
    """The replacements that apply to what is stored."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=(":",), comment_prefixes=(";",))
    parser.read(path, encoding="utf-8")
    sections = (parser[name] for name in parser.sections())
    return [(re.compile(s["regex"]), s["replace"]) for s in sections if s.getboolean("stored", fallback=True)]


def clean(text: Any) -> Any:
    """A text after all replacements; whatever is no text (JSON, say) as it is."""
    if isinstance(text, str):
        for pattern, replacement in rules():
            text = pattern.sub(replacement, text)
    return text


def normalise(new: NotebookNode, old: NotebookNode | None = None, redraw: bool = False) -> NotebookNode:
    """Bring an executed notebook into its canonical form, in place. `old` is the one that is stored now."""
    stored = {cell.id: cell for cell in old.cells if cell.cell_type == "code"} if old else {}
    new.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    for cell in new.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in CELL_METADATA})
        if cell.cell_type != "code":
            continue
        cell.outputs = [_normal_output(output) for output in join_streams(cell.outputs) if not _only_widgets(output)]
        if not redraw and cell.id in stored:
            for output, before in zip(cell.outputs, stored[cell.id].outputs):
                _keep_picture(output, before)
    return new


def join_streams(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """One stdout and one stderr, at the place of the first: in which pieces text arrives is chance."""
    joined: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type != "stream":
            joined.append(output)
        elif output.name in streams:
            streams[output.name].text += output.text
        else:
            joined.append(output)
            streams[output.name] = output
    for at, (one, other) in enumerate(itertools.pairwise(joined)):
        if one.get("name") == "stderr" and other.get("name") == "stdout":       # which came first is chance, too
            joined[at : at + 2] = [other, one]
            break
    return joined


def _normal_output(output: NotebookNode) -> NotebookNode:
    if output.output_type == "stream":
        output.text = clean(output.text)
    elif output.output_type == "error":
        output.traceback = [clean(line) for line in own_frames(output)]
        output.evalue = clean(output.evalue)
    else:
        if len(output.data) > 1:        # widgets are gone when the kernel is; what stands in for them is what is kept
            output.data.pop(WIDGETS, None)
        if PICTURE in output.data.get("text/html", ""):     # which holds the PNG already
            output.data.pop("image/png", None)
        output.data = nbformat.from_dict({k: v if k.startswith("image/") else _clean_html(v) if k == "text/html" else
                                          clean(v) for k, v in output.data.items()})
    return output


def _clean_html(text: str) -> str:
    """HTML after all replacements, but for the data of its pictures, in which any word may occur."""
    parts = DATA.split(text)                                # every second one is data
    return "".join(part if number % 2 else clean(part) for number, part in enumerate(parts))


def _only_widgets(output: NotebookNode) -> bool:
    """Whether an output is widgets and nothing else: what stays of them is the output after it, if anything does."""
    return set(output.get("data", ())) == {WIDGETS}


def own_frames(error: NotebookNode) -> list[str]:
    """The lines of a traceback: no colours, and only the frames that lie in cells."""
    head, *frames = FRAME.split(ANSI.sub("", "\n".join(error.traceback)))
    last = f"{error.ename}: {error.evalue}".rstrip(": ")
    kept = [frame for frame in frames if frame.startswith("Cell In")]
    text = (head + "".join(kept)).rstrip("\n")
    if len(kept) < len(frames) and frames[-1] not in kept:      # the last frame held the error's own line
        text += f"\n\n{last}"
    return text.split("\n")


def _keep_picture(output: NotebookNode, before: NotebookNode) -> None:
    """Keep the stored picture of a run in real time, if it is of a run that went the same way."""
    about, about_before = (_about_picture(o) for o in (output, before))
    same_clock = about.get("clock") in ("real", "mixed") and about_before.get("clock") == about["clock"]
    if not same_clock or not any(each in before.data.get("text/html", "") for each in (PICTURE, REPLAY)):
        return
    if output.data.get("text/plain") == before.data.get("text/plain"):
        output.data["text/html"] = before.data["text/html"]
        for what in ("width", "height", "alt"):         # of the picture that is kept
            if what in about_before:
                about[what] = about_before[what]


def _about_picture(output: NotebookNode) -> NotebookNode:
    """What the metadata of an output say of its picture or replay."""
    about = output.get("metadata", {})
    return about.get("image/png") or about.get("text/html") or NotebookNode()


def written(notebook: NotebookNode) -> str:
    """The text of the file."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def store(path: Path, text: str, check: bool) -> bool:
    """Write the text, unless this is a check; whether it differs from what the file says."""
    changed = text != path.read_text(encoding="utf-8")
    if changed and not check:
        path.write_text(text, encoding="utf-8", newline="\n")
    return changed


# --- all of them ---------------------------------------------------------------------------------------------------


async def refresh(paths: list[Path], check: bool = False, redraw: bool = False, seconds: float = TIMEOUT) -> int:
    """Refresh the notebooks, say what became of each, and return the exit status: 0 if all is well."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(path: Path) -> bool:
        try:
            async with turn:
                new = await execute(path, seconds)
        except Problem as failure:
            print(f"{failure}\n{path.name} is not written.", file=sys.stderr, flush=True)
            return False
        changed = store(path, written(normalise(new, read(path), redraw)), check)
        print(f"{path.name}: {('would change' if check else 'written') if changed else 'unchanged'}", flush=True)
        return not (changed and check)

    return 0 if all(await asyncio.gather(*map(one, paths))) else 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.refresh", description="Re-execute notebooks and store their outputs."
    )
    parser.add_argument("notebooks", nargs="*", type=Path, help="paths of notebooks; without any, all of the course")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something would change")
    parser.add_argument("--redraw", action="store_true", help="store new pictures of runs in real time, too")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds that a cell may take (%(default)s)")
    options = parser.parse_args(arguments)
    paths = options.notebooks or index.lessons_in(ROOT / "notebooks")
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        parser.error(f"no such file: {', '.join(missing)}")
    return asyncio.run(refresh([path.resolve() for path in paths], options.check, options.redraw, options.timeout))


if __name__ == "__main__":
    sys.exit(main())
