"""The service of lesson 15 as a learner has it in the end: its files, started in a process, and its page in a browser.

The files are those that the cells write, with the solutions of the exercises. The shops are a small server in threads
of this process.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from helpers.exercises import lesson_15
from tools import ROOT, lab_browser

pytestmark = pytest.mark.slow

SECONDS = 60.0      # of real time that anything here may take
NONSENSE = {"yes": "true", "negative": "-1", "huge": "9" * 60, "absurd": "[" * 200_000}    # instead of a price
UNIX = pytest.mark.skipif(sys.platform == "win32", reason="no process of Windows can send these signals")
STOPS = [pytest.param(signal.SIGINT, marks=UNIX), pytest.param(signal.SIGTERM, marks=UNIX)]


class Shops(NamedTuple):
    """Shops on the web: north and south answer, east answers when it is let go, west is down."""

    address: str
    east: threading.Event
    asked: threading.Semaphore          # released once for each request to east
    paths: set[str]                     # that were asked for

    def wait_for_east(self) -> None:
        """Wait until east has been asked."""
        assert self.asked.acquire(timeout=SECONDS)


@pytest.fixture
def shops() -> Iterator[Shops]:
    let_go, asked, paths = threading.Event(), threading.Semaphore(0), set[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            paths.add(path)
            shop = path[1:]
            if shop == "east":
                asked.release()
                let_go.wait(SECONDS)
            known = {"north": "320", "south": "290", "east": "305"} | NONSENSE
            self.send_response(503 if shop == "west" else 200 if shop in known else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            with contextlib.suppress(ConnectionError):          # the client has given up
                self.wfile.write(known.get(shop, "null").encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Shops(f"http://127.0.0.1:{server.server_port}", let_go, asked, paths)
        finally:
            let_go.set()
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, as the cells write it."""
    root = tmp_path_factory.mktemp("learner")
    (root / "price_watcher" / "tests").mkdir(parents=True)
    (root / "price_watcher" / "__init__.py").touch()
    for cell in nbformat.read(ROOT / "notebooks" / "15_capstone.ipynb", as_version=4).cells:
        first, _, text = cell.source.partition("\n")
        if first.startswith("%%writefile "):
            (root / first.split()[1]).write_text(text + "\n", encoding="utf-8")
    for exercise in (lesson_15.ask_all, lesson_15.watch, lesson_15.run_until):
        exercise.write(None, root / "price_watcher" / f"{exercise.name}.py")
    return root


class Started(NamedTuple):
    """A running service, and where its page is."""

    process: subprocess.Popen[str]
    address: str
    database: Path

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page."""
        with contextlib.closing(http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=SECONDS)) as c:
            c.request("GET", path)
            response = c.getresponse()
            return response.status, response.read().decode()

    def wait_until_healthy(self) -> None:
        end = time.monotonic() + SECONDS
        while self.get("/health")[0] != 200:
            assert time.monotonic() < end
            time.sleep(0.05)

    def end(self) -> list[dict[str, str]]:
        """Wait for the end, and return the lines of its log."""
        out, log = self.process.communicate(timeout=SECONDS)
        assert out == ""
        return [json.loads(line) for line in log.splitlines()]

    def rows(self) -> list[tuple[str, int]]:
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            return database.execute("select shop, cents from prices order by rowid").fetchall()


@pytest.fixture
def start(folder: Path, tmp_path: Path, shops: Shops):
    """A function that starts the service, with settings, and waits for its line "ready"."""
    with contextlib.ExitStack() as stack:
        def started(*settings: str | bytes) -> Started:
            command = [sys.executable, "-m", "price_watcher", "--server", shops.address, "--database",
                       str(tmp_path / "prices.db"), *settings]
            process = stack.enter_context(subprocess.Popen(command, cwd=folder, text=True, encoding="utf-8",
                                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE))
            stack.callback(process.kill)
            assert process.stdout is not None
            word, address = process.stdout.readline().split()
            assert word == "ready"
            return Started(process, address, tmp_path / "prices.db")

        yield started


@pytest.mark.parametrize("stop", STOPS)
def test_a_signal_lets_the_round_under_way_end(start, shops: Shops, stop: signal.Signals) -> None:
    service = start("--shops", "north,south,east,west")
    shops.wait_for_east()
    service.process.send_signal(stop)
    status, body = service.get("/health")               # it tells how it is until its end
    assert status == 503 and json.loads(body)["round"] == 1
    shops.east.set()
    log = service.end()
    assert service.process.returncode == 0
    assert dict(service.rows()) == {"north": 320, "south": 290, "east": 305}
    assert [line["message"] for line in log if line["request"] == "round 1"] == ["3 of 4 prices"]
    assert log[-1]["message"] == "closed; no round was cut short"
    assert {line["request"] for line in log} == {"round 1", "round 1 west", "-"}


@UNIX
def test_signals_that_come_again_change_nothing(start) -> None:
    service = start("--shops", "north")
    service.wait_until_healthy()
    numbers, end = itertools.cycle([signal.SIGTERM, signal.SIGINT]), time.monotonic() + SECONDS
    while service.process.poll() is None:               # until long after its loop is closed
        assert time.monotonic() < end
        service.process.send_signal(next(numbers))
        time.sleep(0.001)
    assert service.end()[-1]["message"] == "closed; no round was cut short"
    # At the very end the interpreter gives up its handlers, and a signal then has its usual effect.
    assert service.process.returncode in (0, -signal.SIGTERM, -signal.SIGINT)


@UNIX
def test_what_aiohttp_logs_is_json_too(start) -> None:
    service = start("--shops", b"north,\xff")                   # a name that no page can hold
    assert service.get("/")[0] == 500
    service.process.send_signal(signal.SIGTERM)
    errors = [line["error"] for line in service.end() if line["level"] == "ERROR"]
    assert len(errors) == 1 and "UnicodeEncodeError" in errors[0]


@UNIX
def test_a_round_that_hangs_has_the_grace_period_and_no_more(start, shops: Shops) -> None:
    service = start("--shops", "north,east", "--grace", "0.2", "--timeout", "50")
    shops.wait_for_east()
    service.process.send_signal(signal.SIGTERM)
    assert service.end()[-1]["message"] == "closed; a round was cut short"
    assert service.process.returncode == 1 and service.rows() == []


@UNIX
def test_rounds_follow_one_another_and_a_slow_shop_ends_with_its_round(start, shops: Shops) -> None:
    service = start("--shops", "north,east", "--every", "0.2")
    for _ in range(3):
        shops.wait_for_east()                           # is never let go: each round ends at its deadline
    service.process.send_signal(signal.SIGTERM)
    log = service.end()
    assert service.process.returncode == 0
    assert {line["message"] for line in log[:-1]} == {"1 of 2 prices"}
    assert len(service.rows()) >= 3 and set(service.rows()) == {("north", 320)}


@pytest.mark.parametrize(("settings", "words"), [
    (["--every", "soon"], "argument --every: invalid seconds value: 'soon'"),
    (["--every", "nan"], "argument --every: invalid seconds value: 'nan'"),
    (["--grace", "-1"], "argument --grace: "),
    (["--limit", "0"], "argument --limit: invalid count value: '0'"),
    (["--port", "70000"], "argument --port: invalid port value: '70000'"),
    (["--item", ""], "argument --item: invalid item value: ''"),
    pytest.param(["--item", b"\xff"], "argument --item: invalid item value: ", marks=UNIX),
    (["--shops", " , "], "argument --shops: invalid names value"),
    (["--server", "localhost"], "argument --server: invalid url value"),
    (["--server", "http://"], "argument --server: invalid url value"),
    (["--server", "http://shops.example/?item=tea"], "argument --server: invalid url value"),
    ([], "the following arguments are required: --server, --shops"),
])
def test_a_wrong_setting_stops_the_start(folder: Path, settings: list[str | bytes], words: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "price_watcher", *settings], cwd=folder, capture_output=True,
                           text=True, timeout=SECONDS)
    assert ended.returncode == 2 and words in ended.stderr


@UNIX
def test_a_shop_that_answers_nonsense_costs_its_own_price_alone(start, shops: Shops) -> None:
    service = start("--shops", ",".join(["north", *NONSENSE, "n?q", "a/b", "x:y"]))
    service.wait_until_healthy()
    service.process.send_signal(signal.SIGTERM)
    log = service.end()
    assert service.process.returncode == 0 and service.rows() == [("north", 320)]
    why = {line["request"].split()[-1]: line["message"] for line in log if line["level"] == "WARNING"}
    for shop, answer in NONSENSE.items():
        assert why[shop] == f"no price: ValueError not a price: {answer[:15].encode()}"
    assert {why[shop] for shop in ("n?q", "a/b", "x:y")} == {"no price: ClientResponseError 404"}
    assert {"/n%3Fq", "/a%2Fb", "/x%3Ay"} <= shops.paths


@UNIX
def test_the_path_of_the_server_is_kept(start, shops: Shops) -> None:
    for server in ("", "/", "/api", "/api/"):
        service = start("--shops", "other", "--server", shops.address + server)
        assert service.process.stderr is not None
        assert json.loads(service.process.stderr.readline())["message"] == "no price: ClientResponseError 404"
        service.process.send_signal(signal.SIGTERM)
        service.end()
    assert shops.paths == {"/other", "/api/other"}


def test_an_error_that_nobody_expects_is_in_the_log(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "price_watcher", "--server", "http://127.0.0.1:9", "--shops", "north",
               "--database", str(tmp_path / "nowhere" / "prices.db")]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    line = json.loads(ended.stderr)                     # one line, and nothing of a thread besides
    assert ended.returncode == 1 and line["message"] == "ended by an error"
    assert "unable to open database file" in line["error"]


def test_its_own_tests_pass(folder: Path) -> None:
    (folder / "price_watcher" / "tests" / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-qq", "-p", "no:cacheprovider", "price_watcher/tests"]
    assert subprocess.run(command, cwd=folder, timeout=SECONDS).returncode == 0


@UNIX
@pytest.mark.chromium
@pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine")
def test_the_page_in_a_browser(start, shops: Shops, chrome) -> None:
    shops.east.set()
    service = start("--shops", "north,south,west,<b>east</b>")
    service.wait_until_healthy()
    page = chrome.context.new_page()
    try:
        page.goto(service.address)
        assert page.title() == page.get_by_role("heading", level=1).inner_text() == "Price watcher: healthy"
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.get_by_role("main").count() == 1
        assert page.get_by_role("progressbar", name="Round 1:").evaluate("bar => [bar.value, bar.max]") == [4, 4]
        table = page.get_by_role("table", name="Cents for tea")
        assert table.get_by_role("columnheader").all_inner_texts() == ["Shop", "Price"]
        assert table.get_by_role("rowheader").all_inner_texts() == ["north", "south", "west", "<b>east</b>"]
        assert table.get_by_role("cell").all_inner_texts() == ["320", "290", "none", "none"]
        (ROOT / "artefacts").mkdir(exist_ok=True)
        page.screenshot(path=ROOT / "artefacts" / "price-watcher.png")
    finally:
        page.close()
    service.process.send_signal(signal.SIGTERM)
    service.end()
    assert service.process.returncode == 0
