"""An order of asking that the text does not demand is not demanded: whoever asks the last shop first is right, too."""

from __future__ import annotations

import ast

import pytest

from tests.exercises import trying
from tests.exercises.test_lessons import EXERCISES, SECONDS

pytestmark = pytest.mark.slow


class AsksBackwards(ast.NodeTransformer):
    """Has a gather begin its coroutines from the last to the first, and a loop that makes tasks go backwards."""

    changed = 0

    def visit_Await(self, node: ast.Await) -> ast.AST:
        self.generic_visit(node)
        call = node.value
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("gather") and len(call.args) == 1 \
                and isinstance(call.args[0], ast.Starred) and isinstance(call.args[0].value, (ast.ListComp,
                                                                                             ast.GeneratorExp)):
            loop = call.args[0].value.generators[0]
            loop.iter = backwards(loop.iter)
            self.changed += 1
            return ast.Subscript(node, ast.Slice(step=ast.UnaryOp(ast.USub(), ast.Constant(1))), ast.Load())
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        body = ast.unparse(node.body)  # type: ignore[arg-type]  # a list of statements, too
        if "create_task" in body and "await" not in body and isinstance(node.iter, ast.Name) and "append" not in body:
            node.iter = backwards(node.iter)
            self.changed += 1
        return node


def backwards(iterated: ast.expr) -> ast.expr:
    return ast.parse(f"list({ast.unparse(iterated)})[::-1]", mode="eval").body


@pytest.mark.parametrize("name", EXERCISES)
def test_who_asks_backwards_is_right_too(name: str) -> None:
    exercise, change = EXERCISES[name], AsksBackwards()
    source = ast.unparse(ast.fix_missing_locations(change.visit(ast.parse(exercise.solution_source))))
    if not change.changed:
        pytest.skip("the solution starts nothing in a loop")
    if name in DEMANDED:
        pytest.skip(DEMANDED[name])
    report = trying.check(name, exercise, source, SECONDS)
    assert report.outcome == "right", f"{source}\n{report}"


DEMANDED: dict[str, str] = {}
