"""What travels with an answer to the process in which it runs, and what cannot."""

from __future__ import annotations

import sys

from helpers.checker import packing
from tests.checker import samples
from tests.checker.answers import body, check


def test_what_cannot_be_sent_is_named() -> None:
    answer = samples.ask.compile("lock = (number for number in range(3))\n" + body("""
        for _ in lock:
            return await asyncio.gather(*[shop.price(item) for shop in shops])"""))
    report = samples.ask.check(answer)
    assert (report.outcome, report.kind) == ("wrong", "cannot send")
    assert "lock (" in report.message
    assert "asyncio (" not in report.message


def test_globals_travel_with_the_answer() -> None:
    helpers = """\
import asyncio as aio
extra = {"nothing": 0}

class Basket(dict):
    def total(self):
        return sum(self.values())

async def get_price(shop, item):
    return await shop.price(item) + Basket(extra).total()

"""
    answer = body("return await aio.gather(*[get_price(shop, item) for shop in shops])")
    assert check(samples.ask, helpers + answer).outcome == "right"


def test_objects_that_pickle_themselves_do_not_run_code_here() -> None:
    ran = []
    trap = "class Trap:\n    def __reduce__(self):\n        ran.append(1)\n        return int, ()\n\n\ntrap = Trap()\n"
    answer = samples.ask.compile(trap + body("return trap"))
    answer.__globals__["ran"] = ran
    report = samples.ask.check(answer)
    assert report.kind == "cannot send"
    assert "trap" in report.message and "__reduce__" in report.message
    assert ran == []


def test_something_huge_is_not_sent() -> None:
    answer = samples.ask.compile(body("return data"))
    answer.__globals__["data"] = bytes(packing.LARGEST + 1)
    report = samples.ask.check(answer)
    assert report.kind == "cannot send" and "16 MB" in report.message


def test_what_a_function_reads_is_not_asked_what_it_is() -> None:
    """Whoever packs a function looks for modules among its globals, and asks each for its class."""
    ran = []
    source = ("class Meta(type):\n    def __getattribute__(cls, name):\n        ran.append(name)\n"
              "        raise SystemExit\n\n\nclass Odd(metaclass=Meta):\n    pass\n\n\n")
    for text in (source + body("return Odd"), source + body("def inner(): return Odd\nreturn inner")):
        answer = samples.ask.compile(text)
        answer.__globals__["ran"] = ran
        report = samples.ask.check(answer)
        assert report.kind == "cannot send" and "Odd (Meta defines __getattribute__" in report.message, report
    assert ran == []


def test_a_function_that_takes_seconds_to_look_through_is_not_sent() -> None:
    report = check(samples.ask, body("one = 1\n" * packing.LONGEST))
    assert report.kind == "cannot send" and "the code of ask is longer than" in report.message


def test_packages_that_are_installed_are_imported_before_the_time_of_an_answer_begins() -> None:
    answer = samples.ask.compile(body("import cloudpickle.cloudpickle, this, no_such_package\nfrom . import price"))
    known = dict(sys.modules)
    for name in [name for name in sys.modules if name.startswith("cloudpickle")]:
        del sys.modules[name]
    try:
        assert packing.modules_of(answer) == ["cloudpickle.cloudpickle"]
    finally:
        sys.modules.update(known)
