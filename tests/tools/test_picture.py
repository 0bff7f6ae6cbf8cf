"""The picture at the top of the README shows the run of the program that stands below it."""

import base64
import io

from PIL import Image

from helpers.drawing.timeline import mimebundle
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


def test_the_picture_is_the_one_of_the_notebooks():
    data, _ = mimebundle(picture.run_program())
    shown = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    with Image.open(ROOT / picture.PICTURE) as stored:
        assert (stored.size, stored.mode) == (shown.size, "P")
