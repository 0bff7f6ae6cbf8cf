"""BENCHMARKS.md: each benchmark has its place in it, and a new run of one leaves the others as they are."""

from __future__ import annotations

from benchmarks import __main__ as bench

TABLE = "## Picture of a run\n\n| tasks | CPU seconds |\n|---|---|\n| 10 | 0.2 |\n"


def test_every_benchmark_has_its_place_and_says_what_it_was_measured_with():
    text = bench.RESULTS.read_text(encoding="utf-8")
    for name in bench.NAMES:
        part = text.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]
        tables = part.count("\n## ")
        assert tables >= 1 and part.count("\nPython 3.") == tables, name


def test_a_new_run_replaces_its_own_tables_only(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "BENCHMARKS.md")
    bench.RESULTS.write_text("<!-- picture: begin -->\nold\n<!-- picture: end -->\n\n<!-- lab: begin -->\nlab\n"
                             "<!-- lab: end -->\n", encoding="utf-8")
    bench.write("picture", TABLE, "Python 3.13.0 on Linux")
    text = bench.RESULTS.read_text(encoding="utf-8")
    assert "old" not in text and "\nlab\n" in text
    assert "## Picture of a run\n\nPython 3.13.0 on Linux\n\n| tasks | CPU seconds |\n|---|---|" in text
