"""What the whole suite shares."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chromium: needs a Chromium; skipped, and said so, where there is none")


def pytest_terminal_summary(terminalreporter) -> None:
    """Say loudly that no notebook was tried in a browser: a line among hundreds of dots is overlooked."""
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if "chromium" in report.keywords]
    if skipped:
        terminalreporter.section("NOT TESTED: what a learner sees", sep="!", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} tests that run the notebooks in JupyterLab were skipped: there is no Chromium here.\n"
            "Install one (chromium, or Google Chrome) so that it is on the PATH, or name it in the variable CHROMIUM."
        )
