"""Who writes on an exchange, and what it is before anyone has."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SERVE = Path(__file__).parent.parent.parent / "proxy"
PATH = (SERVE / "serve" / "forward.py", SERVE / "serve" / "renew.py")
FILES = [path for path in sorted(SERVE.rglob("*.py")) if "sandbox" not in path.parts]


def assigned(tree: ast.AST) -> list[str]:
    """What is assigned to attributes of a name `exchange`."""
    targets: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets += node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets.append(node.target)
    flat = [part for target in targets for part in ast.walk(target)]
    return [
        part.attr
        for part in flat
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name)
        and part.value.id == "exchange"
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SERVE)))
def test_steps_return_and_the_request_path_alone_assigns(path: Path) -> None:
    fields = assigned(ast.parse(path.read_text(encoding="utf-8")))
    assert bool(fields) == (path in PATH), fields


def test_an_assignment_is_seen_in_any_form() -> None:
    tree = ast.parse("exchange.a = 1\nx, exchange.b = 1, 2\nexchange.c += 1\nexchange.d: int = 1\nexchange.e.f = 1\n")
    assert assigned(tree) == ["a", "b", "c", "d"]
