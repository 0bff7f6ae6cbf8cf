"""Whose code it is: one answer for waits, for the notebook, for virtual time and for the checker."""

import asyncio
import gc
import json
import pathlib
import sys

import pytest

import helpers
from helpers.recorder.learners_code import frames_of_threads, is_library, is_library_file, known, learners_place


@pytest.mark.parametrize("file", [asyncio.__file__, pytest.__file__, helpers.__file__, "<frozen importlib._bootstrap>"])
def test_files_of_libraries(file):
    assert is_library_file(file)


@pytest.mark.parametrize("file", [__file__, "/tmp/ipykernel_1/42.py", "<ipython-input-1-7>", "program.py"])
def test_files_of_the_learner(file):
    assert not is_library_file(file)


def test_a_folder_whose_name_begins_like_a_librarys():
    assert not is_library_file(str(pathlib.Path(helpers.__file__).parent) + "_of_mine/shop.py")


def test_code_is_learnt_once():
    code = asyncio.Event.set.__code__
    known.pop(id(code), None)
    assert is_library(code) and known[id(code)] == (None, True, code)


def test_the_learners_line_on_a_stack():
    place = learners_place(sys._getframe())
    assert place is not None and (place.file, place.function) == (__file__, "test_the_learners_line_on_a_stack")
    assert learners_place(None) is None


def test_code_that_a_library_generates_is_not_the_learners():
    """A library makes functions of texts, as `dataclass` does; the line that called it is the learner's."""
    def asked(names):
        exec(compile("def ask(): return look()\nplace = ask()", "<string>", "exec"), names)
        return names["place"]

    def look():
        return learners_place(sys._getframe(1))

    assert asked({"look": look, "__file__": json.__file__}).function == "asked"
    assert asked({"look": look}).function == "ask", "as in a program that python -c was given"


@pytest.mark.parametrize("collects", [True, False])
def test_no_garbage_is_collected_while_it_is_asked_what_threads_execute(monkeypatch, collects):
    """sys._current_frames() holds a lock of the interpreter, for which a finalizer would wait for ever."""
    seen = []
    monkeypatch.setattr(sys, "_current_frames", lambda: seen.append(gc.isenabled()) or {1: None})
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        assert frames_of_threads() == {1: None}
        assert (seen, gc.isenabled()) == ([False], collects)
    finally:
        (gc.enable if before else gc.disable)()
