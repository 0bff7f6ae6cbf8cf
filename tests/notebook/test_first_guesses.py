"""What a learner tries in the first hour: each is told what to write, and the learner's own things are left alone."""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import linecache
import warnings

import pytest

import helpers
from helpers.checker import Exercise
from helpers.notebook.first_guesses import CALLS, FUNCTIONS, add_advice, advice_on, advice_on_value
from tests.notebook.kernels import Kernel

SETUP = """
import asyncio
from helpers import Shop, compare, heartbeat, lab, progress, record, show_error, simulate, who_waits
import helpers
from helpers.exercises import lesson_04 as exercises

async def main():
    await asyncio.sleep(0.01)
    return 7

run = simulate(main())
run_1 = run_2 = run
shop = Shop("north", latency=0.01, prices={"tea": 320})
"""


@pytest.fixture(autouse=True)
def nothing_is_left_for_the_next_test():
    """A wrong call keeps its coroutine in its traceback: it is thrown away here, and not in another test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        gc.collect()



def error_of(code: str, setup: str = SETUP) -> BaseException:
    """What a cell raises, on a loop that is running, as in a notebook."""
    body = code if "\n" in code else f"    return {code}\n"
    source = f"{setup}\nasync def cell():\n{body}"
    file = f"cell of {hash(source)}"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names: dict = {"__name__": "__main__"}
    exec(compile(source, file, "exec"), names)
    with pytest.raises(Exception) as caught:
        asyncio.run(names["cell"]())
    return caught.value


GUESSES = {
    "compare(run_1, run_2)": 'Write compare({"one by one": run_1, "together": run_2})',
    "compare(a=run_1, b=run_2)": 'Write compare({"one by one": run_1, "together": run_2})',
    "compare()": 'Write compare({"one by one": run_1, "together": run_2})',
    "helpers.compare(run_1, run_2)": 'Write compare({"one by one": run_1, "together": run_2})',
    "await simulate(main())": "Write run = simulate(main())",
    "await run": "is not awaited",
    "simulate()": "Write run = simulate(main())",
    "simulate(main(), main())": "Write run = simulate(main())",
    "await record()": "Write run = await record(main())",
    "record(main()).replay()": "Write run = await record(main())",
    "record(main()).result": "Write run = await record(main())",
    "asyncio.run(main())": "Write await main() instead",
    "asyncio.run(record(main()))": "Write run = await record(main())",
    "asyncio.run(simulate(main()))": "Write run = simulate(main())",
    "run.result()": "write run.result",
    "run.tasks()": "write run.tasks",
    "run.show()": "write run last in a cell",
    "run.plot()": "write run last in a cell",
    "run.draw()": "write run last in a cell",
    "run.duration": "run.elapsed",
    "run.nonsense": "run.result, run.elapsed",
    "run['main']": "run.result, run.elapsed",
    "len(run)": "run.result, run.elapsed",
    "run()": "run.result, run.elapsed",
    "run.save()": 'Write run.save("run.png")',
    "draw()": "it is drawn last in a cell",
    "replay(run)": "write run.replay()",
    "explain(run)": "write run.explain()",
    "helpers.draw(run)": "it is drawn last in a cell",
    "helpers.nonsense": "helpers has Deadlock",
    "await_tree()": "write from helpers import await_tree",
    "lab(100)": "Write lab(requests=100)",
    "lab(main)": "Write lab(requests=100)",
    "heartbeat(5)": "Write heartbeat(every=0.1)",
    "await heartbeat()": "A heartbeat is not awaited",
    'Shop("north", 0.3)': 'Write Shop("north", latency=0.3',
    "Shop()": 'Write Shop("north", latency=0.3',
    "Shop(latency=0.3)": 'Write Shop("north", latency=0.3',
    "shop.price()": 'Write await shop.price("tea")',
    "await shop.price": 'Write await shop.price("tea")',
    'shop.price("tea").real': 'Write await shop.price("tea")',
    'shop["tea"]': 'await shop.price("tea")',
    'shop("tea")': 'await shop.price("tea")',
    "shop.cost": 'await shop.price("tea")',
    "who_waits()": "Write who_waits(run)",
    "progress(1)": "Write progress()",
    "exercises.cheapest.check()": "exercises.NAME.check(NAME)",
    "exercises.cheapest.run()": "check(your_function), hint() and solution()",
    "exercises.nonsense": "The exercises of this lesson are cheapest",
    "    with show_error:\n        pass": "Write with show_error():",
    "    from helpers import draw\n": "it is drawn last in a cell",
    "    from helpers import nonsense\n": "helpers has Deadlock",
}


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("code", GUESSES)
def test_a_first_guess_is_told_what_to_write(code):
    error = error_of(code)
    add_advice(error)
    add_advice(error)               # shown twice, as with run.result
    assert len(error.__notes__) == 1
    assert GUESSES[code] in error.__notes__[0]


@pytest.mark.filterwarnings("ignore:coroutine")
def test_a_guess_inside_of_a_run_and_of_a_group_is_told_too():
    code = ("    async def ask():\n        return await shop.price()\n    async def many():\n"
            "        async with asyncio.TaskGroup() as group:\n            group.create_task(ask())\n"
            "    simulate({}()).result\n")
    assert 'await shop.price("tea")' in advice_on(error_of(code.format("ask")))
    group = error_of(code.format("many"))
    add_advice(group)
    assert not hasattr(group, "__notes__") and 'await shop.price("tea")' in group.exceptions[0].__notes__[0]


OWN = """
import asyncio
def compare(runs): return runs
def simulate(): pass
class Shop:
    def __init__(self, name): pass
    def price(self, item): pass
class Recording: pass
shop, run = Shop("north"), Recording()
async def main(): pass
class Odd(Exception):
    def __str__(self): raise ValueError
class Asks:
    def __getattr__(self, name): raise AttributeError(name, name=name, obj=self)
    @property
    def __class__(self): raise ValueError
def fail(error): raise error
"""


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("code", [
    "compare(1, 2)", "simulate(main())", "Shop()", "shop.price()", "shop['tea']", "len(run)", "await run", "await main",
    "run.result", "main().replay()", "text", "plot", "fail(Odd())", "Asks().replay", "1 + '1'", "fail(RuntimeError())",
    "    from os import draw\n", "    import nonsense\n",
])
def test_what_is_the_learners_own_is_left_alone(code):
    assert advice_on(error_of(code, OWN)) == ""


def test_values_that_are_shown_instead_of_being_called():
    namespace: dict = {"__name__": "__main__"}
    exec(SETUP, namespace)
    run, shop, exercises = namespace["run"], namespace["shop"], namespace["exercises"]
    assert "Write run.replay()" in advice_on_value(run.replay)
    assert "Write print(run.text())" in advice_on_value(run.text)
    assert "Write exercises.NAME.check(NAME)" in advice_on_value(exercises.cheapest.check)
    assert 'Write await shop.price("tea")' in advice_on_value(shop.price)
    assert "Write progress()" in advice_on_value(helpers.progress)
    assert "Write with show_error():" in advice_on_value(helpers.show_error)
    recording, price = helpers.record(namespace["main"]), shop.price("tea")
    assert "Write run = await record(main())" in advice_on_value(recording)
    others = (price, run, shop, helpers.Shop, [].append, print, None, run.result)
    assert {advice_on_value(each) for each in others} == {""}
    recording.close()
    price.close()
    assert advice_on_value(recording) == ""         # it has ended


# -- the table --------------------------------------------------------------------------------------


def owner_of(name: str):
    """The function or class that the entry of the table is for."""
    first, _, rest = name.partition(".")
    thing = Exercise if first == "Exercise" else getattr(helpers, first)
    return getattr(thing, rest) if rest else thing


@pytest.mark.parametrize("name", CALLS)
def test_the_call_in_the_table_is_one_that_the_function_takes(name):
    text = CALLS[name][0]
    tree = ast.parse(f"async def cell():\n    {text}" + (" pass" if text.endswith(":") else ""))
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
    short = name.removesuffix(".__init__").rpartition(".")[2]
    call = next(each for each in calls if ast.unparse(each.func).rpartition(".")[2] == short)
    awaited = any(isinstance(each, ast.Await) and each.value is call for each in ast.walk(tree))
    assert awaited == inspect.iscoroutinefunction(owner_of(name))
    bound = [None] if "." in name and not inspect.ismethod(owner_of(name)) else []      # self
    inspect.signature(owner_of(name)).bind(*bound, *call.args, **{each.arg: each.value for each in call.keywords})


def test_the_table_has_every_function_of_the_package():
    functions = {name for name in helpers.__all__ if inspect.isfunction(getattr(helpers, name))}
    assert functions - set(CALLS) == {"load_ipython_extension", "unload_ipython_extension"}
    methods = {f"Recording.{name}" for name, value in vars(helpers.Recording).items()
               if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, classmethod))}
    assert methods - set(CALLS) == {"Recording.task", "Recording.outlives"}     # what the drawing asks


def test_what_is_said_of_a_run_and_a_shop_is_there():
    from helpers.notebook.first_guesses import _HAS

    for kind, text in _HAS.items():
        for word in text.replace(",", " ").replace("(", " ").replace(";", " ").split():
            if word.startswith(("run.", "shop.")) and not word.endswith('.png")'):
                assert hasattr(getattr(helpers, kind), word.split(".")[1]) or word.split(".")[1] in \
                    helpers.Recording.__dataclass_fields__, word
    assert all(hasattr(helpers.Recording, name) for name in FUNCTIONS if name != "draw")


# -- in a kernel ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_in_a_kernel():
    kernel = Kernel()
    try:
        kernel.run("%load_ext helpers" + SETUP)
        cell = kernel.run("compare(run_1, run_2)")
        assert cell.traceback.rstrip().endswith(
            'Write compare({"one by one": run_1, "together": run_2})\nIt is a dictionary, with a label for each run.')
        assert cell.errors[0]["evalue"] == "compare() takes 1 positional argument but 2 were given"
        cell = kernel.run("record(main())")
        assert cell.results[0].startswith("<coroutine object record at") and "await record(main())" in cell.stderr
        cell = kernel.run("run = record(main())\nprint(run)")
        assert "await record(main())" in cell.stderr
        assert kernel.run("1 + 1").stderr == ""                 # it was told once
        cell = kernel.run("run.replay()")
        assert "await record(main())" in cell.traceback and cell.stderr == ""
        cell = kernel.run("run = await run\nrun.replay")
        assert "Write run.replay()" in cell.stderr
    finally:
        kernel.close()


