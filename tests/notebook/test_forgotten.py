"""A forgotten `await` is told with the line and the cell that made the coroutine, and in that cell where it can be."""

from __future__ import annotations

import re

import pytest

from tests.notebook.kernels import Kernel

pytestmark = pytest.mark.slow

SETUP = """%load_ext helpers
import asyncio, gc, sys, warnings
from helpers import compare, record, simulate, who_waits
async def watch(name="north"):
    await asyncio.sleep(0)
"""


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    assert kernel.run(SETUP).reply["status"] == "ok"
    yield kernel
    kernel.close()


def told(cell) -> list[tuple[int, str, str]]:
    """The line, the name of the coroutine, and the source, of each warning."""
    pattern = r"Cell In\[\d+\], line (\d+): RuntimeWarning: coroutine '(.*)' was never awaited\n  (.*)\n"
    return [(int(line), name, source) for line, name, source in re.findall(pattern, cell.stderr)]


def test_it_is_told_with_the_line_that_made_it(kernel):
    cell = kernel.run("x = 1\nwatch()\nx")
    assert told(cell) == [(2, "watch", "watch()")]
    assert "tracemalloc" not in cell.stderr and "ipykernel" not in cell.stderr
    assert len(cell.stderr.splitlines()) == 2


def test_it_is_told_with_that_line_if_it_is_thrown_away_later(kernel):
    made = kernel.run("kept = watch('south')")
    assert made.stderr == ""                            # it can be awaited still
    cell = kernel.run("x = 1\n\n\n\ndel kept")
    assert told(cell) == [(1, "watch", "kept = watch('south')")]
    assert cell.stderr.startswith(f"Cell In[{made.reply['execution_count']}], line 1: ")


def test_one_that_is_awaited_in_a_later_cell_is_not_told(kernel):
    assert kernel.run("kept = watch()").stderr == ""
    assert kernel.run("await kept\ndel kept").stderr == ""


IN_ERRORS = {
    "asyncio.run(watch())": ["watch"],
    "compare({'a': watch(), 'b': watch()})": ["watch", "watch"],
    "who_waits(watch())": ["watch"],
    "simulate([watch(), watch()])": ["watch", "watch"],
    "def ask():\n    mine = watch()\n    raise ValueError\nask()": ["watch"],
    "async def ask():\n    mine = [watch()]\n    raise ValueError\nawait ask()": ["watch"],
    "record(watch()).replay()": ["record"],
}


@pytest.mark.parametrize("code", IN_ERRORS)
def test_one_that_only_an_error_keeps_is_told_in_its_cell_and_once(kernel, code):
    cell = kernel.run(code)
    assert cell.errors
    assert [name for _, name, _ in told(cell)] == IN_ERRORS[code]
    assert all("watch(" in source for _, _, source in told(cell))
    later = kernel.run("1 / 0").stderr + kernel.run("1 / 0").stderr + kernel.run("_ = gc.collect()").stderr
    assert later == ""


def test_one_that_a_variable_keeps_beside_the_error_is_not_told(kernel):
    assert kernel.run("kept = watch()\nsimulate(kept, limit=0)\n").errors          # refused, and closed
    assert kernel.run("kept = watch()\nasyncio.run(kept)").stderr == ""
    assert kernel.run("await kept").stderr == ""


def test_it_is_told_again_if_the_cell_is_run_again(kernel):
    for _ in range(2):
        assert told(kernel.run("watch('again')\nNone")) == [(1, "watch", "watch('again')")]
        assert [name for _, name, _ in told(kernel.run("asyncio.run(watch('again'))"))] == ["watch"]


def test_in_a_run_too(kernel):
    cell = kernel.run("async def main():\n    watch()\n    await asyncio.sleep(0)\n"
                      "_ = simulate(main())\n_ = await record(main())")
    assert told(cell) == [(2, "watch", "watch()")] * 2


def test_catching_warnings_works_as_ever(kernel):
    code = "with warnings.catch_warnings(record=True) as caught:\n    watch()\n"
    code += "len(caught), caught[0].category.__name__"
    cell = kernel.run(code)
    assert (cell.results, cell.stderr) == (["(1, 'RuntimeWarning')"], "")
    code = "with warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    watch()"
    assert kernel.run(code).stderr == ""
    code = "import pytest\nwith pytest.warns(RuntimeWarning, match=\"'watch' was never awaited\"):\n    watch()"
    assert kernel.run(code).reply["status"] == "ok"
    code = "with warnings.catch_warnings():\n    warnings.simplefilter('error')\n    watch()"
    told = re.sub(r"\x1b\[[0-9;]*m", "", kernel.run(code).stderr)        # from Python 3.15 on it is in colours
    assert "RuntimeWarning: coroutine 'watch' was never awaited" in told
    cell = kernel.run("warnings.warn('mine')")
    assert "UserWarning: mine" in cell.stderr and "never" not in cell.stderr


def test_of_one_whose_line_is_not_known_no_line_is_told(kernel):
    track = "sys.set_coroutine_origin_tracking_depth({})"
    kernel.run(f"{track.format(0)}\nbefore = watch()\n{track.format(1)}")
    assert re.fullmatch(
        r"RuntimeWarning: coroutine 'watch' was never awaited\n"
        r"At which line it was made is not known, and it was thrown away at Cell In\[\d+\], line 2\.\n",
        kernel.run("x = 1\ndel before").stderr)


def test_everything_is_put_back(kernel):
    fresh = Kernel()
    try:
        code = ("import sys, warnings\n"
                "sys.get_coroutine_origin_tracking_depth(), warnings.showwarning.__module__, len(warnings.filters)")
        before = fresh.run(code).results
        fresh.run("%load_ext helpers")
        assert fresh.run(code).results != before
        fresh.run("%unload_ext helpers")
        assert fresh.run(code).results == before
    finally:
        fresh.close()
