"""What the whole suite shares."""

from __future__ import annotations

import pytest

from tools import lab_browser


@pytest.fixture(scope="session")
def jupyterlab():
    """A JupyterLab for all tests in a browser: `serve` gives it a folder of notebooks."""
    with lab_browser.lab() as server:
        yield server


@pytest.fixture(scope="module")
def chrome():
    """A Chromium for the tests of a module; each opens pages of its own.

    Playwright keeps an event loop running in this thread as long as it is open: it must be closed before other tests.
    """
    with lab_browser.browser() as browser:
        yield browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests in a browser.

    They take longest. With `--dist worksteal` the first process begins with the first tests, and others steal from its
    last ones: so one process has all those in a browser, and there is one JupyterLab.
    """
    items.sort(key=lambda item: "chromium" not in item.keywords)


def pytest_terminal_summary(terminalreporter) -> None:
    """Say loudly that no notebook was tried in a browser: a line among hundreds of dots is overlooked."""
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if "chromium" in report.keywords]
    if skipped:
        terminalreporter.section("NOT TESTED: what a learner sees", sep="!", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} tests that run the notebooks in JupyterLab were skipped: there is no Chromium here.\n"
            "Install one (chromium, or Google Chrome) so that it is on the PATH, or name it in the variable CHROMIUM."
        )
