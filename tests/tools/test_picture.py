"""The picture at the top of the README shows the run of the program that stands below it."""

from tools import picture
from tools.catalogue import ROOT


def test_the_readme_shows_the_run_of_its_program():
    assert picture.main(["--check"]) == 0


def test_a_changed_program_is_noticed(monkeypatch, capsys):
    monkeypatch.setattr(picture, "PROGRAM", picture.PROGRAM.replace("0.25", "0.35"))
    assert picture.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out


def test_the_picture_is_there_and_a_png():
    assert (ROOT / picture.PICTURE).read_bytes().startswith(b"\x89PNG")
