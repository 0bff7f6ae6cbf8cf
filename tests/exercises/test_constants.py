"""No exercise is passed by an answer that does not do what it is about: a fixed result, or one that asks nobody."""

from __future__ import annotations

import ast

import pytest

from helpers.checker import Exercise
from tests.exercises import trying
from tests.exercises.test_lessons import EXERCISES, SECONDS

pytestmark = pytest.mark.slow


def head(exercise: Exercise) -> str:
    """The first line of the function that is asked for."""
    node = ast.parse(exercise.starter).body[-1]
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    return f"{word} {node.name}({ast.unparse(node.args)}):"


def fixed_results(exercise: Exercise) -> list[object]:
    """What the cases want: an answer may know each of them."""
    results: list[object] = [None]
    for case in exercise.cases:
        if case.returns is not ... and repr(case.returns) not in map(repr, results):
            results.append(case.returns)
    return results


@pytest.mark.parametrize("name", EXERCISES)
def test_a_fixed_result_passes_no_exercise(name: str) -> None:
    exercise = EXERCISES[name]
    for result in fixed_results(exercise):
        report = trying.check(name, exercise, f"{head(exercise)}\n    return {result!r}\n", SECONDS)
        assert report.outcome in ("wrong", "untried"), f"return {result!r} passes {name}"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_fixed_result_after_the_right_waits_passes_no_exercise(name: str) -> None:
    """It does all that the solution does, and then returns a number that stands in the program."""
    exercise = EXERCISES[name]
    tree = ast.parse(exercise.solution_source)
    function = tree.body[-1]
    assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
    inner = ast.unparse(tree).replace(f" {function.name}(", f" as_asked_{function.name}(")
    inner = inner.replace(f"{function.name}(", f"as_asked_{function.name}(").replace("as_asked_as_asked_", "as_asked_")
    wait = "await " if isinstance(function, ast.AsyncFunctionDef) else ""
    arguments = ", ".join(argument.arg for argument in function.args.args)
    for result in fixed_results(exercise):
        if result is None and len(fixed_results(exercise)) > 1:
            continue
        source = (f"{inner}\n\n{head(exercise)}\n    {wait}as_asked_{function.name}({arguments})\n"
                  f"    return {result!r}\n")
        report = trying.check(name, exercise, source, SECONDS)
        if name in RETURNS_NOTHING:
            continue
        assert report.outcome == "wrong", f"{name}: it asks, and returns {result!r}"


RETURNS_NOTHING = {"lesson_00.ask_all", "lesson_02.careful_step", "lesson_02.step", "lesson_09.exchange",
                   "lesson_10.watch", "lesson_11.answer_lines", "lesson_11.save", "lesson_13.record_price",
                   "lesson_13.watch_price", "lesson_13.write_all", "lesson_14.test_feed", "lesson_14.test_first_price",
                   "lesson_14.test_follow", "lesson_15.watch"}


class AsksNobody(ast.NodeTransformer):
    """Takes the price from `price_of`, which is no question, wherever a shop is asked."""

    asked = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("price", "price_blocking"):
            self.asked += 1
            if node.func.attr == "price_blocking":
                node.func.attr = "price_of"
                return node
            return ast.Call(ast.Name("_without_asking"), [node.func.value, *node.args], node.keywords)
        return node


@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_that_asks_no_shop_passes_no_exercise(name: str) -> None:
    exercise = EXERCISES[name]
    change = AsksNobody()
    source = ast.unparse(ast.fix_missing_locations(change.visit(ast.parse(exercise.solution_source))))
    if not change.asked:
        pytest.skip("the solution asks no shop itself")
    source = "async def _without_asking(shop, item):\n    return shop.price_of(item)\n\n\n" + source
    assert trying.check(name, exercise, source, SECONDS).outcome == "wrong"


class NeverAwaits(ast.NodeTransformer):
    """Throws away what is awaited in a statement of its own, and does the rest without waiting."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return ast.Pass() if isinstance(node.value, ast.Await) else self.generic_visit(node)


@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_that_leaves_out_its_statements_that_await_passes_no_exercise(name: str) -> None:
    exercise = EXERCISES[name]
    tree = ast.parse(exercise.solution_source)
    before = ast.unparse(tree)
    source = ast.unparse(ast.fix_missing_locations(NeverAwaits().visit(tree)))
    if source == before:
        pytest.skip("every await of the solution gives a value")
    assert trying.check(name, exercise, source, SECONDS).outcome != "right"
