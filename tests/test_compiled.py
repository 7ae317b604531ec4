"""What the modules that `hatch_build.py` compiles keep to, beyond what mypyc itself refuses.

That they work when compiled is seen in CI, which runs the tests of `plan`, `wire` and `serve` against a compiled wheel.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).parent.parent
HOOK = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]
MODULES = HOOK["custom"]["modules"]


def test_the_request_path_is_among_them() -> None:
    assert {"proxy/serve/forward.py", "proxy/wire/inbound/connection.py", "proxy/serve/answer.py"} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_awaited_while_an_error_is_handled(module: str) -> None:
    """mypyc leaves that error behind as the context of whatever is raised later, in other requests too."""
    tree = ast.parse((ROOT / module).read_text())
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    finals = [statement for node in ast.walk(tree) if isinstance(node, ast.Try) for statement in node.finalbody]
    awaits = [node for part in (*handlers, *finals) for node in ast.walk(part) if isinstance(node, ast.Await)]
    assert [node.lineno for node in awaits] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_name_is_bound_to_one_kind_of_error_per_function(module: str) -> None:
    """mypyc gives a variable the type of its first `except ... as`, and raises TypeError where a later one differs."""
    for function in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            caught = [node for node in ast.walk(function) if isinstance(node, ast.ExceptHandler) and node.name]
            kinds = {
                node.name: {ast.unparse(one.type or node) for one in caught if one.name == node.name} for node in caught
            }
            assert all(len(kind) == 1 for kind in kinds.values()), f"{module}:{function.lineno}"


@pytest.mark.parametrize("module", MODULES)
def test_a_constant_that_is_read_per_request_is_final(module: str) -> None:
    """Compiled, that is one load; any other name of a module is looked up in a dictionary, each time."""
    tree = ast.parse((ROOT / module).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    read = {node.id for function in functions for part in function.body for node in ast.walk(part) if _loads(node)}
    constants = {name.id for node in tree.body if isinstance(node, ast.Assign) for name in _assigned(node)}
    assert (
        sorted(name for name in constants & read if len(name) > 1 and name.lstrip("_").isupper()) == []
    )  # one letter: a type


@pytest.mark.parametrize("module", MODULES)
def test_a_constant_tuple_of_floats_has_a_type(module: str) -> None:
    """Without one, mypyc takes it for a constant that was never set (findings/)."""
    untyped = [
        node.lineno
        for node in ast.parse((ROOT / module).read_text()).body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "Final"
        if isinstance(node.value, ast.Tuple) and any(_is_float(part) for part in node.value.elts)
    ]
    assert untyped == []


def _is_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _loads(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def _assigned(node: ast.Assign) -> list[ast.Name]:
    return [name for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
