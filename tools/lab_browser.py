"""Opens notebooks in JupyterLab, in headless Chromium, and runs all their cells, as a learner does.

    python -m tools.lab_browser notebooks/00_start_here.ipynb --out DIR      pictures of the whole executed notebook

JupyterLab serves a copy of the notebook's folder, with settings, workspaces and a runtime folder of its own, on a free
port of the loopback; the browser reaches nothing else. What is installed for the user is neither read nor changed.

A run fails on an error output (but for cells with the tag raises-exception), on a cell that is not executed or gives
no answer in time, on a widget that does not render, on a notification that covers the page, on a request that leaves
the loopback, and on a kernel that does not answer afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

WIDTH, HEIGHT = 1280, 800
STARTING = 120      # seconds that JupyterLab, and a kernel, may take to start
RUNNING = 180       # seconds that all cells of a notebook may take
LOADING = 15        # seconds that its widgets may take to appear
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

LOOPBACK = re.compile(r"(?:https?|wss?)://(?:127\.0\.0\.1|localhost)[:/]|blob:|data:|about:|chrome")
SWITCHES = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",      # the shared memory of a container is small
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",                 # Chromium has none for root, which is who runs in a container
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


class Failed(Exception):
    """A notebook could not be opened or run; the text says why."""


def chromium() -> str | None:
    """The path of a Chromium: the environment variable CHROMIUM, or else the first one on the PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


# -- JupyterLab -------------------------------------------------------------------------------------


class Lab:
    """A JupyterLab that runs. What it serves are copies, each in a folder of its own: `copy` is the last one."""

    copy: Path

    def __init__(self, home: Path, base: str, token: str) -> None:
        self._home, self._base, self._token = home, base, token
        self._served = 0

    def serve(self, folder: Path) -> Callable[[str], str]:
        """Copy `folder` to where JupyterLab finds it; gives a function from a path in it to its address."""
        self._served += 1
        place = f"{self._served}/{folder.name}"
        ignore = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__")
        self.copy = shutil.copytree(folder, self._home / "root" / place, ignore=ignore)
        # A new workspace for each page: JupyterLab opens in it nothing that was open before.
        return lambda path: (f"{self._base}/lab/workspaces/w{time.time_ns()}/tree/{quote(place)}/{path}"
                             f"?token={self._token}")

    def file(self, address: str) -> Path:
        """The copy on disk that an address of `serve` opens."""
        return self._home / "root" / unquote(re.sub(r"^.*/tree/|\?.*$", "", address))

    @contextlib.contextmanager
    def windowing(self, mode: str) -> Iterator[None]:
        """Pages that are opened meanwhile have this windowingMode; without it they hold all cells ("none")."""
        self._set_windowing(mode)
        yield
        self._set_windowing("none")

    def _set_windowing(self, mode: str) -> None:
        _write(self._home / "settings" / "@jupyterlab/notebook-extension/tracker.jupyterlab-settings",
               {"windowingMode": mode})


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    """JupyterLab, with settings, workspaces and a runtime folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="lab-"))
    (home / "root").mkdir()
    port, token = _free_port(), "opensesame"
    base = f"http://127.0.0.1:{port}"
    made = Lab(home, base, token)
    made._set_windowing("none")
    _write(home / "settings" / "@jupyterlab/docmanager-extension/plugin.jupyterlab-settings", {"autosave": False})
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--ServerApp.root_dir={home / 'root'}", f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
    ]
    with open(home / "log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait_until_up(f"{base}/api?token={token}", server, home / "log")
        yield made
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTING
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=2).close()
            return
        time.sleep(0.1)
    raise Failed(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


# -- the browser ------------------------------------------------------------------------------------


class Browser:
    """A Chromium with a profile of its own. `foreign` are the requests that tried to leave the loopback."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.foreign: list[str] = []
        context.on("request", self._note)

    def _note(self, request: Any) -> None:
        if not LOOPBACK.match(request.url):
            self.foreign.append(request.url)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # here: slow to import, and needed only with a Chromium

    path = chromium()
    if path is None:
        raise Failed(f"no Chromium: none of {', '.join(NAMES)} is on the PATH, and CHROMIUM does not name one")
    profile = tempfile.mkdtemp(prefix="chromium-")
    try:
        with sync_playwright() as playwright:
            context = playwright.chromium.launch_persistent_context(
                profile, executable_path=path, headless=True, args=list(SWITCHES),
                viewport={"width": WIDTH, "height": HEIGHT}, timeout=STARTING * 1000,
            )
            try:
                yield Browser(context)
            finally:
                context.close()
    finally:
        shutil.rmtree(profile, ignore_errors=True)


# -- a notebook -------------------------------------------------------------------------------------

OPEN = """async ([path, seconds]) => {
  const app = window.jupyterapp;
  await app.restored;
  const pause = () => new Promise(resolve => setTimeout(resolve, 100));
  const end = performance.now() + 1000 * seconds;
  const find = () => [...app.shell.widgets('main')].find(
    w => w.context && w.sessionContext && w.context.path.endsWith(path));
  const asked = () => document.querySelector('.jp-Dialog');
  let widget = find();
  while (!widget && !asked() && performance.now() < end) { await pause(); widget = find(); }
  if (asked()) return 'JupyterLab asks: ' + asked().innerText;
  if (!widget) return 'the notebook did not open: ' + document.body.innerText.slice(0, 300);
  await widget.context.ready;
  await widget.revealed;
  app.shell.activateById(widget.id);
  app.shell.collapseLeft();
  let again = end - 500 * seconds;      // by then another program may have taken a port that was chosen for the kernel
  while (performance.now() < end) {
    if (asked()) return 'JupyterLab asks: ' + asked().innerText;
    const status = widget.sessionContext.session?.kernel?.status;
    if (status === 'idle') return null;
    if (status === 'dead') return 'the kernel died';
    if (performance.now() > again) {
      again = end;
      widget.sessionContext.restartKernel().catch(() => null);
    }
    await pause();
  }
  return 'the kernel did not start';
}"""

SHOWN = """() => [...document.querySelectorAll('.jp-OutputArea-output')].map(n => n.innerText || n.innerHTML)"""

# JupyterLab takes an error for the end of Run All, also one that is meant, while the kernel goes on with the cells
# after it: so ask the kernel for nothing, which it answers after them.
RUN_ALL = """async (seconds) => {
  const { content, sessionContext } = window.jupyterapp.shell.currentWidget;
  const meant = content.widgets.some(w => (w.model.getMetadata('tags') ?? []).includes('raises-exception'));
  const run = window.jupyterapp.commands.execute('notebook:run-all-cells')
    .then(() => meant && sessionContext.session.kernel.requestExecute({code: '', silent: true}).done)
    .then(() => 'done', error => 'failed: ' + error);
  return await Promise.race([run, new Promise(resolve => setTimeout(resolve, 1000 * seconds, 'timeout'))]);
}"""

CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(w => ({
  ...w.model.toJSON(), prompt: w.node.querySelector('.jp-InputPrompt')?.innerText ?? '',
  broken: /(Error (displaying|creating) widget|Loading widget\\.\\.\\.)/.test(
    w.node.querySelector('.jp-Cell-outputArea')?.innerText),
}))"""

WIDGETS_LOADED = """() => ![...document.querySelectorAll('.jp-OutputArea-output')].some(
  n => n.innerText === 'Loading widget...')"""

NOTIFICATIONS = "() => [...document.querySelectorAll('.Toastify__toast')].map(n => n.innerText)"

# A cell of its own would change the notebook; the kernel is asked directly, on the same channel.
ASK = """async (seconds) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code: "print('still', 'here')", store_history: false});
  let text = '';
  future.onIOPub = message => { text += message.content.text ?? ''; };
  const reply = future.done.then(message => message.content.status + ' ' + text.trim());
  return await Promise.race([reply, new Promise(resolve => setTimeout(resolve, 1000 * seconds, 'no answer'))]);
}"""

CLOSE = "async () => { await window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown(); }"


@dataclass
class Run:
    """A notebook after Run All. `complaints` is empty if nothing is wrong."""

    page: Any
    shown_before: list[str] = field(default_factory=list)       # outputs that were there when it was opened
    cells: list[dict[str, Any]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def text(self, index: int) -> str:
        """What is displayed under a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea").inner_text()


@contextlib.contextmanager
def run_notebook(chrome: Browser, address: str, seconds: float = RUNNING) -> Iterator[Run]:
    """Open a notebook, run all cells, and look at it; its kernel is shut down at the end. Raises Failed."""
    from playwright.sync_api import Error, TimeoutError

    page = chrome.context.new_page()
    page.set_default_timeout((max(seconds, STARTING) + 30) * 1000)
    crashes: list[str] = []
    page.on("pageerror", lambda error: crashes.append(str(error)))
    known = len(chrome.foreign)
    try:
        _open(page, address)
        run = Run(page, page.evaluate(SHOWN))
        ended = page.evaluate(RUN_ALL, seconds)
        page.wait_for_timeout(300)                  # what background tasks still send, and what is still being drawn
        with contextlib.suppress(TimeoutError):
            page.wait_for_function(WIDGETS_LOADED, timeout=LOADING * 1000)
        run.cells = page.evaluate(CELLS)
        run.complaints = _complaints(run.cells, ended, seconds)
        if ended != "timeout":
            answer = page.evaluate(ASK, 15)
            if answer != "ok still here":
                run.complaints.append(f"after the last cell the kernel was asked to print, and gave: {answer}")
        run.complaints += [f"JupyterLab shows a notification: {text}" for text in page.evaluate(NOTIFICATIONS)]
        run.complaints += [f"a request left the loopback: {url}" for url in dict.fromkeys(chrome.foreign[known:])]
        run.complaints += [f"an error in the page: {error}" for error in crashes]
        yield run
    finally:
        with contextlib.suppress(Error):
            page.evaluate(CLOSE)
        page.close()


def _open(page: Any, address: str) -> None:
    from playwright.sync_api import Error

    path = re.sub(r"^.*/tree/|\?.*$", "", address)
    page.goto(address, wait_until="domcontentloaded")
    for attempt in range(3):
        try:
            page.wait_for_function("() => window.jupyterapp", timeout=STARTING * 1000)
            problem = page.evaluate(OPEN, [path, STARTING])
            break
        except Error as error:      # JupyterLab may load its page a second time when it makes a workspace
            if "navigation" not in str(error) or attempt == 2:
                raise Failed(f"{path}: {error}") from None
    if problem:
        raise Failed(f"{path}: {problem}")


def _complaints(cells: list[dict[str, Any]], ended: str, seconds: float) -> list[str]:
    complaints = []
    if ended.startswith("failed"):
        complaints.append(f"Run All {ended}")
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] != "code":
            continue
        where = f"cell {number} ({cell.get('id', 'no id')})"
        source = "".join(cell["source"])
        meant = "raises-exception" in cell["metadata"].get("tags", [])
        errors = [output for output in cell["outputs"] if output["output_type"] == "error" and not meant]
        complaints += [f"{where} shows an error: {error['ename']}: {error['evalue']}" for error in errors]
        if cell["broken"]:
            complaints.append(f"{where} has a widget that does not render")
        if "[*]" in cell["prompt"]:
            what = f"gave no answer within {seconds:g} seconds" if ended == "timeout" else "gave no answer"
            complaints.append(f"{where} {what}: {source.splitlines()[0] if source else ''}")
            break                                       # those after it wait for it
        if source.strip() and cell["execution_count"] is None:
            complaints.append(f"{where} was not executed")
    return complaints


# -- pictures ---------------------------------------------------------------------------------------

SCROLL = """(top) => {
  const node = [...document.querySelectorAll('.jp-WindowedPanel-outer')].find(panel => panel.offsetParent !== null);
  node.scrollTop = top;
  return [node.scrollTop, node.clientHeight];
}"""


def take_pictures(page: Any, folder: Path, name: str) -> list[Path]:
    """Pictures of the notebook from top to bottom, a window at a time, each overlapping the one before a little."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{name}-[0-9][0-9].png"):
        old.unlink()
    paths: list[Path] = []
    top, last = 0, -1
    while len(paths) < 99:
        reached, window = page.evaluate(SCROLL, top)
        if reached == last:
            break
        last = reached
        page.wait_for_timeout(150)      # what comes into view is drawn
        paths.append(folder / f"{name}-{len(paths) + 1:02}.png")
        page.screenshot(path=str(paths[-1]))
        top = reached + window - 60
    return paths


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.lab_browser", description="Run notebooks in JupyterLab and take pictures."
    )
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("artefacts"), help="folder for the pictures (%(default)s)")
    parser.add_argument("--seconds", type=float, default=RUNNING, help="for all cells of a notebook (%(default)s)")
    options = parser.parse_args(arguments)
    good = True
    for path in (path.resolve() for path in options.notebooks):
        try:
            with lab() as server, browser() as chrome:
                with run_notebook(chrome, server.serve(path.parent)(path.name), options.seconds) as run:
                    pictures = take_pictures(run.page, options.out, path.stem)
        except Failed as failure:
            print(failure, file=sys.stderr)
            good = False
            continue
        print("\n".join([f"{path.name}: {len(pictures)} pictures in {options.out}", *run.complaints]))
        good = good and not run.complaints
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
