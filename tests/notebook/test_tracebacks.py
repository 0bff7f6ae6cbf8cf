"""Which frames a notebook shows of an error: the learner's, and none of this package."""

from __future__ import annotations

import asyncio
import re
import traceback

import pytest

from helpers import simulate
from helpers.notebook.tracebacks import own_frames_hidden, without_own_frames
from tests.notebook.kernels import Kernel

SETUP = """
import asyncio, json
from helpers import Shop, await_tree, compare, heartbeat, lab, record, simulate, who_waits
from helpers.exercises import lesson_04 as exercises

async def main():
    await asyncio.sleep(0.01)

async def fail():
    await asyncio.sleep(0.01)
    raise ValueError("no tea")

async def parse():
    await asyncio.sleep(0.01)
    json.loads("{")

async def stuck():
    await asyncio.Event().wait()

async def endless():
    while True:
        await asyncio.sleep(0)

async def socket():
    await asyncio.open_connection("127.0.0.1", 1)

run = simulate(main())
shop = Shop("north", latency=0.01, prices={"tea": 320}, failure_rate=1)
"""

ENDS_IN_HELPERS = [
    "simulate(fail()).result", "(await record(fail())).result", "simulate(stuck()).result",
    "simulate(endless(), limit=100).result", "simulate(socket()).result", "simulate(asyncio.sleep('x')).result",
    "simulate(main)", "await record(main)", "await asyncio.wait_for(record(main), 1)", "simulate(main(), threshold=0)",
    "simulate(main(), limit='many')", "compare([run])", "compare({})", "compare({1: run})", "compare({'a': 1})",
    "Shop('north', latency='1')", "Shop('north', capacity=0)", "Shop('north', prices=3)", "await shop.price('tea')",
    "await shop.price(3)", "simulate(shop.price('tea')).result", "shop.price_blocking('tea')",
    "run.save('x.foo')", "run.save('/no/such/folder/x.txt')", "run.text(until='x')", "run.from_json('{')",
    "who_waits(run)", "await_tree(run, at=-1)", "lab(requests=0)", "lab(nonsense=1)", "heartbeat(every=0)",
    "exercises.cheapest.write(main, '/no/such/folder/x.py')",
]


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    assert kernel.run("%load_ext helpers" + SETUP).reply["status"] == "ok"
    yield kernel
    kernel.close()


@pytest.mark.slow
@pytest.mark.parametrize("code", ENDS_IN_HELPERS)
def test_an_error_that_ends_in_the_helpers_shows_the_learners_lines_alone(kernel, code):
    cell = kernel.run(code)
    assert cell.errors, "no error"
    shown = plain(cell.traceback)
    assert "/helpers/" not in shown and "/asyncio/" not in shown, shown
    assert re.search(r"Cell In\[\d+\], line 1\n-+> 1 " + re.escape(code), shown), shown
    assert cell.errors[0]["evalue"].splitlines()[0] in shown
    whole = kernel.run("%tb")
    assert "/helpers/" in plain(whole.traceback)                # nothing is lost: it is only not shown
    assert kernel.run("import sys, traceback\nlen(traceback.extract_tb(sys.last_traceback)) > 2").results == ["True"]


@pytest.mark.slow
def test_a_run_shows_the_lines_of_its_coroutines(kernel):
    for code in ("simulate(fail()).result", "(await record(fail())).result"):
        shown = plain(kernel.run(code).traceback)
        assert 'raise ValueError("no tea")' in shown and "in fail()" in shown
        assert shown.count("Cell In[") == 2


@pytest.mark.slow
def test_what_comes_from_a_library_is_shown_as_without_the_helpers(kernel):
    """Byte for byte, but for the numbers of the cells and the line of the cell itself."""
    def below_the_cell(code):
        trace = re.sub(r"In\[\d+\]", "In[N]", plain(kernel.run(code).traceback))
        return trace.partition(f"> 1 {code}")[2]

    wanted = below_the_cell("await parse()")
    assert "json/decoder.py" in wanted and wanted == below_the_cell("simulate(parse()).result")
    assert wanted == below_the_cell("(await record(parse())).result")


@pytest.mark.slow
def test_a_cause_is_trimmed_too(kernel):
    code = "try:\n    simulate(main)\nexcept TypeError as error:\n    raise RuntimeError('mine') from error"
    shown = plain(kernel.run(code).traceback)
    assert "direct cause" in shown and "simulate(main)" in shown and "/helpers/" not in shown


# -- the rule, without a kernel ---------------------------------------------------------------------


def names(trace) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(trace)]


def caught(action) -> BaseException:
    with pytest.raises(Exception) as caught:
        action()
    return caught.value


def test_frames_of_the_package_and_what_it_calls_are_hidden():
    def learners():
        simulate(lambda: None)

    error = caught(learners)
    assert names(error.__traceback__)[-3:] == ["learners", "simulate", "check_coroutine"]
    assert names(without_own_frames(error.__traceback__))[-1] == "learners"


def test_the_traceback_is_whole_again_after_the_block():
    error = caught(lambda: simulate(lambda: None))
    before = error.__traceback__
    with own_frames_hidden(error):
        assert len(names(error.__traceback__)) < len(names(before))
    assert error.__traceback__ is before


def test_a_circle_of_causes_has_an_end():
    one, two = ValueError(), ValueError()
    one.__cause__, two.__cause__ = two, one
    with own_frames_hidden(one):
        pass


def test_what_does_not_touch_the_package_is_not_changed():
    async def ask():
        await asyncio.wait_for(asyncio.sleep(0, [][0]), 1)

    error = caught(lambda: asyncio.run(ask()))
    assert without_own_frames(error.__traceback__) is error.__traceback__
    assert without_own_frames(None) is None


def test_if_no_line_of_the_learners_is_left_all_are_shown():
    error = caught(lambda: simulate(lambda: None)).__traceback__
    while "simulate" not in error.tb_frame.f_code.co_name:
        error = error.tb_next
    assert without_own_frames(error) is error
