"""The map of the parts in CONTRIBUTING.md: every module and tool is on it, and whatever it names is there."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAP = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## The parts\n")[2].partition("\n## ")[0]
PACKAGES = {path.parent.name for path in (ROOT / "helpers").glob("*/__init__.py")}


def rows(text: str) -> list[tuple[str, str]]:
    """The rows of the tables in a text that have two columns, without their heads."""
    cells = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return [row for row in cells if row[0] not in ("---", "package", "to add")]


def modules(text: str) -> list[str]:
    return re.findall(r"`([\w/]+\.(?:py|css))`", text)


def test_every_package_has_a_row():
    named = {name for first, _ in rows(MAP) for name in re.findall(r"`(\w+)/`", first)}
    assert named == PACKAGES


def test_every_module_that_the_map_names_is_there():
    for first, second in rows(MAP):
        package = re.match(r"`(\w+)/`", first)
        folders = [ROOT / "helpers" / package[1]] if package else [ROOT / "helpers", ROOT]
        for name in modules(first + second):
            places = [path for folder in folders for path in (folder / name, folder / "replay" / name)]
            assert any(path.is_file() for path in places), f"{first}: {name}"


def test_every_module_and_style_sheet_is_in_the_row_of_its_package():
    for first, second in rows(MAP):
        package = re.match(r"`(\w+)/`", first)
        if package:
            folder = ROOT / "helpers" / package[1]
            there = {path.name for path in folder.rglob("*.*") if path.suffix in (".py", ".css")}
            left_out = {name for name in there if name.startswith("lesson_")} | {"__init__.py"}
            assert there - left_out <= set(modules(second)), first
    every = {path.name for path in (ROOT / "helpers").glob("*.*") if path.suffix in (".py", ".css")} - {"__init__.py"}
    assert every <= set(modules(MAP))


def test_every_package_and_module_has_its_place_in_the_order_of_imports():
    """The contract of import-linter says nothing about what it does not name."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    named = set(re.findall(r"helpers\.[\w.]+", " ".join(config["contracts"][0]["layers"])))
    there = {f"helpers.{path.stem}" for path in (ROOT / "helpers").glob("*.py")} | {f"helpers.{p}" for p in PACKAGES}
    parts = {f"helpers.notebook.{path.stem}" for path in (ROOT / "helpers" / "notebook").glob("*.py")}
    assert named == (there | parts) - {"helpers.__init__", "helpers.notebook", "helpers.notebook.__init__"}
    exceptions = [line for line in config["contracts"][0]["ignore_imports"] if not line.startswith("helpers -> ")]
    assert [line.split(" -> ")[0] for line in exceptions] == ["helpers.recording"] * 5


def test_every_tool_is_on_the_map():
    paragraph = MAP[MAP.index("`tools/` makes"):].partition("\n\n")[0]
    assert set(modules(paragraph)) == {path.name for path in (ROOT / "tools").glob("*.py")} - {"__init__.py"}
