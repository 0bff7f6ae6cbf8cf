"""Make or update workbook/, the learner's own copy of the notebooks: `python -m tools.workbook`.

The notebooks in notebooks/ keep their outputs, which the tests compare and the web shows. But there the answer stands
below every question. The copies in workbook/ have no outputs, and they belong to the learner.

**Nothing that the learner wrote is ever overwritten.** A notebook counts as changed if its sources differ from all that
this tool has written under its name. Outputs, execution counts, metadata and empty cells do not count: JupyterLab
writes them by itself. So a run does this with each notebook:

* If it is not there, it is written. A notebook that was deleted comes back, fresh, since the others link it.
* If the course has no new version of it, it stays as it is, with its outputs. Only if nothing but this tool has ever
  written it, the version of Python in its metadata is brought up to date.
* If there is a new version, and the learner has not changed theirs, the new one takes its place.
* If there is a new version, and the learner has changed theirs, it is kept. The new one is laid beside it, once, as
  `04_gather_new_version.ipynb`. An older one of that name is replaced, or, if it was changed, kept: the next name is
  `04_gather_new_version_2.ipynb`.
* If the course no longer has it, it is kept, and from then on it is the learner's.
* If a symbolic link stands in its place, the link is kept, and so is what it leads to.

The pictures that notebooks show are copied by the same rules. Lines of notebooks/progress.txt, of exercises done there,
are added to workbook/progress.txt. `.course.json` remembers what was written, as hashes; without it, every notebook
that differs from the course counts as changed. No other file in workbook/ is read or written.

A file is written in full beside its place, and then moved there: an interruption leaves no half of one.

Only the standard library is used, so that this runs before the environment of the course is complete.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import LANGUAGE, NAVIGATION_TOP, ROOT, Problem

COURSE, WORKBOOK = "notebooks", "workbook"
FIRST = "00_start_here.ipynb"
STATE = ".course.json"
PROGRESS = "progress.txt"

# A paragraph that the cell `NAVIGATION_TOP` has in notebooks/, and not in workbook/.
CLEAR_OUTPUTS = (
    "The outputs below give the answers away. To study here, clear them first: *Edit*, *Clear Outputs of All Cells* "
    "(in VS Code, *Clear All Outputs*)."
)

INSTEAD = f"""\
Until that is put right, open {COURSE}/{FIRST} instead. The outputs there give the answers away: clear them first with
"Clear Outputs of All Cells" in the menu Edit of JupyterLab, or "Clear All Outputs" in VS Code."""


# --- what a notebook says ------------------------------------------------------------------------------------------


def cells_of(content: bytes) -> list[dict[str, Any]]:
    """The cells of a notebook. Raises ValueError if it is none."""
    try:
        cells = json.loads(content.decode("utf-8"))["cells"]
        if all(isinstance(source_of(cell), str) and isinstance(cell["cell_type"], str) for cell in cells):
            return list(cells)
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it has no cells as a notebook has them ({error})") from error
    raise ValueError("it has a cell without text")


def source_of(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def written_in(name: str, content: bytes) -> str:
    """A mark that two files share if they say the same. Raises ValueError for a broken notebook."""
    return _digest(name, content, lambda cell: [])


def version_of(name: str, content: bytes) -> str:
    """A mark that two files share if, besides, links and "Run all" treat them alike. Raises ValueError likewise."""
    return _digest(name, content, lambda cell: [cell.get("id"), tags_of(cell)])


def tags_of(cell: dict[str, Any]) -> Any:
    metadata = cell.get("metadata")
    return (metadata.get("tags") if isinstance(metadata, dict) else None) or []


def _digest(name: str, content: bytes, more: Callable[[dict[str, Any]], list[Any]]) -> str:
    if name.endswith(".ipynb"):
        kept = [
            [cell["cell_type"], source_of(cell).replace("\r\n", "\n"), cell.get("attachments") or {}, *more(cell)]
            for cell in cells_of(content)
            if source_of(cell).strip() or cell.get("attachments")       # Shift+Enter in the last cell adds an empty one
        ]
        content = json.dumps(kept, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def without_outputs(content: bytes) -> bytes:
    """A notebook of the course as the learner gets it, in the form in which the course stores notebooks.

    Its metadata hold what the kernel here says of its language, its version included. JupyterLab then finds nothing to
    add when it opens the notebook; otherwise it would be changed before the learner has done anything.
    """
    notebook = json.loads(content.decode("utf-8"))
    language = {**LANGUAGE, "version": sys.version.split()[0]}
    notebook["metadata"] = {**(notebook.get("metadata") or {}), "language_info": language}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        elif cell.get("id") == NAVIGATION_TOP:
            cell["source"] = source_of(cell).replace(f"{CLEAR_OUTPUTS}\n\n", "").splitlines(keepends=True)
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": "))
    return f"{text}\n".encode()


def apart_from_language(content: bytes) -> Any:
    """All that a notebook holds but for what it says of its language; None if that cannot be told."""
    try:
        notebook = json.loads(content.decode("utf-8"))
        del notebook["metadata"]["language_info"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return notebook


# --- what the course has -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """A file of the course, as it is to be in the workbook."""

    name: str           # its path below notebooks/, with forward slashes
    content: bytes
    version: str
    written: str


def items_of(course: Path) -> list[Item]:
    """All that a workbook holds: the notebooks, and the pictures that they show. Raises Problem."""
    try:
        notebooks = {path.name: path.read_bytes() for path in sorted(course.glob("*.ipynb"))}
        pictures = {
            f"pictures/{path.name}": path.read_bytes() for path in sorted(course.glob("pictures/*")) if path.is_file()
        }
    except OSError as error:
        raise Problem(f"The notebooks of the course cannot be read: {reason(error)}.") from error
    if FIRST not in notebooks:
        raise Problem(f"There is no {COURSE}/{FIRST}, so there is nothing to make a workbook of.")
    contents = {name: data for name, data in pictures.items() if any(name.encode() in n for n in notebooks.values())}
    for name, content in notebooks.items():
        try:
            cells_of(content)
        except ValueError as error:
            raise Problem(
                f"{COURSE}/{name} is not a readable notebook: {error}.\n"
                f"Restore it, for example with: git checkout {COURSE}/{name}"
            ) from error
        contents[name] = without_outputs(content)
    return [Item(n, content, version_of(n, content), written_in(n, content)) for n, content in contents.items()]


# --- what is remembered --------------------------------------------------------------------------------------------


@dataclass
class Memory:
    """What was written into a workbook so far. `.course.json` holds just this."""

    offered: dict[str, str] = field(default_factory=dict)           # name -> the version that the learner has got last
    written: dict[str, list[str]] = field(default_factory=dict)     # name -> the marks of all that was written for it
    progress: str = ""                                              # the hash of the progress that was taken along

    def text(self) -> bytes:
        return f"{json.dumps(vars(self), indent=1, sort_keys=True)}\n".encode()


def remembered(path: Path) -> Memory:
    """What the file says; nothing, if it is not there or not in order."""
    try:
        memory = Memory(**json.loads(path.read_bytes().decode("utf-8")))
        lists = list(memory.written.values())
        texts = [memory.progress, *memory.offered.values(), *itertools.chain.from_iterable(lists)]
        in_order = all(isinstance(one, list) for one in lists) and all(isinstance(text, str) for text in texts)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return Memory()
    return memory if in_order else Memory()


def done_in(progress: bytes) -> list[bytes]:
    """The lines of the exercises that are done according to progress.txt: one that is open again has none."""
    done: dict[bytes, None] = {}
    for line in progress.splitlines():
        if line.startswith(b"open "):
            done.pop(line.removeprefix(b"open "), None)
        elif line.strip():
            done[line] = None
    return list(done)


# --- the workbook --------------------------------------------------------------------------------------------------


def reason(error: OSError) -> str:
    """Why the system refused, in its own words."""
    return error.strerror or str(error) or type(error).__name__


def write(path: Path, content: bytes) -> None:
    """Write a file in full, or not at all. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with open(draft, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


class Workbook:
    """The folder while it is updated: `remarks` are for the learner to know, `problems` for them to put right."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory = remembered(folder / STATE)
        self.stored = self.memory.text()
        self.made = 0                               # how many files were not there
        self.remarks: list[str] = []
        self.problems: list[str] = []
        self.refused: dict[str, list[str]] = {}     # why the system did not let a file be written -> their names

    def update(self, items: list[Item]) -> None:
        """Bring all files up to date, as far as that is possible."""
        for item in items:
            try:
                self._update(item)
            except OSError as error:
                self.refused.setdefault(reason(error), []).append(item.name)
        self._release({item.name for item in items})
        self._save_or_say()

    def take_along(self, progress: Path) -> None:
        """Add what was done in notebooks/ to the progress kept in the workbook, once."""
        try:
            content = progress.read_bytes()
        except OSError:                             # most learners have none there
            return
        mark = hashlib.sha256(content).hexdigest()
        if mark == self.memory.progress:            # whoever deletes the one in the workbook begins anew
            return
        path = self.folder / PROGRESS
        try:
            known = path.read_bytes().splitlines() if path.exists() else []
            new = [line for line in done_in(content) if line not in known]
            if new:
                with open(path, "ab", buffering=0) as file:     # only ever appended to, as the exercises do
                    file.write(b"\n".join([*([b""] if known else []), *new, b""]))
                self.remarks.append(f"{PROGRESS}: what you had done in {COURSE}/ counts here, too.")
        except OSError as error:
            self.refused.setdefault(reason(error), []).append(PROGRESS)
            return
        self.memory.progress = mark
        self._save_or_say()

    def report(self) -> list[str]:
        """What was done, in sentences."""
        if self.made:
            new = (
                f"{WORKBOOK}/ has 1 new file: your own copy, without the outputs."
                if self.made == 1 else
                f"{WORKBOOK}/ has {self.made} new files: your own copies of the notebooks, without the outputs."
            )
            return [*self.remarks, new]
        return self.remarks or ([] if self.problems else [f"{WORKBOOK}/ is up to date."])

    # -- one file --

    def _update(self, item: Item) -> None:
        path = self.folder / item.name
        if path.is_dir():
            self.problems.append(f"{WORKBOOK}/{item.name} is a folder. Rename it: a file of the course has this name.")
            return
        if path.is_symlink():
            self._leave_link(path, item)
            return
        if not path.exists():
            self._put(path, item)
            self._drop_offers(item)
            self.made += 1
        elif self._mark(path, version_of) != item.version:
            is_new = self.memory.offered.get(item.name) != item.version
            if self._is_unchanged(path, item) and (is_new or self._mark(path, written_in) != item.written):
                self._put(path, item)
                self._drop_offers(item)
                self.remarks.append(f"{item.name} is replaced by its new version. You had changed nothing in it.")
            else:
                self._complain_if_broken(path)
                if is_new:
                    self._offer(item)
        elif self._has_another_language(path, item):
            self._put(path, item)
        self._note(item)
        self.memory.offered[item.name] = item.version

    def _leave_link(self, path: Path, item: Item) -> None:
        """A symbolic link is the learner's own: what they keep elsewhere is neither replaced nor written to."""
        if path.exists():
            self.remarks.append(f"{item.name} is a symbolic link. It is left as it is, even if the course has a "
                                "new version.")
        else:
            self.problems.append(
                f"{WORKBOOK}/{item.name} is a symbolic link to a file that is not there, and is left as it is.\n"
                "Remove it, and run the same command again: then you get a fresh one."
            )

    def _offer(self, item: Item) -> None:
        """Lay the new version of a file beside the learner's own."""
        offers = self._offers(item)
        if any(self._mark(path, version_of) == item.version for path in offers):
            return
        unchanged = [path for path in offers if self._is_unchanged(path, item)]
        free = (path for path in self._offer_names(item) if not os.path.lexists(path))
        path = unchanged[0] if unchanged else next(free)
        self._put(path, item)
        self.remarks.append(f"{item.name} has a new version. You have changed yours, so it is kept; the new one is "
                            f"{path.relative_to(self.folder).as_posix()}.")

    def _offer_names(self, item: Item) -> Iterator[Path]:
        """Where new versions may lie, the first choice first. No system and no link minds these names."""
        path = self.folder / item.name
        yield path.with_name(f"{path.stem}_new_version{path.suffix}")
        for number in itertools.count(2):
            yield path.with_name(f"{path.stem}_new_version_{number}{path.suffix}")

    def _offers(self, item: Item) -> list[Path]:
        """The new versions that lie there, by number."""
        path = self.folder / item.name
        name = re.compile(rf"{re.escape(path.stem)}_new_version(?:_(\d+))?{re.escape(path.suffix)}")
        files = [other for other in path.parent.iterdir() if other.is_file() and not other.is_symlink()]
        found = [(int(match[1] or 1), other) for other in files if (match := name.fullmatch(other.name))]
        return [other for _, other in sorted(found)]

    def _drop_offers(self, item: Item) -> None:
        """The file itself is new now: remove what was laid beside it, unless the learner has changed that."""
        for path in self._offers(item):
            if self._is_unchanged(path, item):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _is_unchanged(self, path: Path, item: Item) -> bool:
        return self._mark(path, written_in) in [item.written, *self.memory.written.get(item.name, [])]

    @staticmethod
    def _has_another_language(path: Path, item: Item) -> bool:
        """Whether this is what was written here under another Python, and nobody has written to it since."""
        if not item.name.endswith(".ipynb") or (content := path.read_bytes()) == item.content:
            return False
        return (without := apart_from_language(content)) is not None and without == apart_from_language(item.content)

    @staticmethod
    def _mark(path: Path, mark: Callable[[str, bytes], str]) -> str | None:
        """A mark of a file; None for a notebook that is broken. Raises OSError."""
        try:
            return mark(path.name, path.read_bytes())
        except ValueError:
            return None

    def _complain_if_broken(self, path: Path) -> None:
        if self._mark(path, written_in) is None:
            self.problems.append(
                f"{WORKBOOK}/{path.name} cannot be read as a notebook, and is left as it is.\n"
                "Rename or delete it, and run the same command again: then you get a fresh one."
            )

    def _put(self, path: Path, item: Item) -> None:
        # In this order an interruption does no harm: a mark of what was not written after all matches no file.
        self._note(item)
        self._save()
        path.parent.mkdir(exist_ok=True)
        write(path, item.content)

    # -- what is remembered --

    def _note(self, item: Item) -> None:
        marks = self.memory.written.setdefault(item.name, [])
        if item.written not in marks:
            marks.append(item.written)

    def _release(self, names: set[str]) -> None:
        """What the course no longer has is the learner's."""
        for name in sorted({*self.memory.offered, *self.memory.written} - names):
            self.memory.offered.pop(name, None)
            self.memory.written.pop(name, None)
            if (self.folder / name).is_file():
                self.remarks.append(f"{name} is no longer part of the course. It is kept: it is yours.")

    def _save(self) -> None:
        if (text := self.memory.text()) != self.stored:
            write(self.folder / STATE, text)
            self.stored = text

    def _save_or_say(self) -> None:
        try:
            self._save()
        except OSError as error:
            names = self.refused.setdefault(reason(error), [])
            if STATE not in names:
                names.append(STATE)


# --- the command ---------------------------------------------------------------------------------------------------


def make(root: Path) -> Workbook:
    """Make or update the workbook of the course in `root`. Raises Problem if that is not possible at all."""
    items = items_of(root / COURSE)
    folder = root / WORKBOOK
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise Problem(f"{WORKBOOK} is a file. Rename it: your notebooks go into a folder of this name.") from None
    except OSError as error:
        raise Problem(f"The folder {WORKBOOK} cannot be made: {reason(error)}.") from error
    workbook = Workbook(folder)
    workbook.update(items)
    workbook.take_along(root / COURSE / PROGRESS)
    for why, names in workbook.refused.items():
        workbook.problems.append(
            f"Cannot be written in {WORKBOOK}/: {', '.join(names)}. The system says: {why}.\n"
            "Make sure that there is room on the disk, and that you may write there. Then run the same command again."
        )
    return workbook


def main(argv: list[str], root: Path = ROOT) -> int:
    """0 if there is a workbook to open, whatever had to be said about it; 1 if there is none; 2 for a wrong command."""
    if argv:
        print("Write: python -m tools.workbook", file=sys.stderr)
        return 2
    try:
        workbook = make(root)
    except Problem as problem:
        print(problem, file=sys.stderr)
    else:
        for line in workbook.report():
            print(line)
        for line in workbook.problems:
            print(line, file=sys.stderr)
    if (root / WORKBOOK / FIRST).is_file():
        return 0
    print(INSTEAD, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
