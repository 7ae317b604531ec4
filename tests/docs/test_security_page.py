"""docs/security.md claims nothing without a test that is there, under the name that it says."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from proxy.config.load import load
from tests.docs.test_docs import Block, blocks, certify

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "security.md").read_text("utf-8")
LINKS = re.findall(r"\[([^\]]*)\]\((\.\./tests/[^)]*)\)", PAGE)
TABLE = re.compile(r"^\|.*shown by \|\n\|[-|]+\|\n((?:\|.*\n)+)", re.MULTILINE)
ROWS = [row for table in TABLE.findall(PAGE) for row in table.splitlines()]


@cache
def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {each.name for each in tree.body if isinstance(each, functions) and each.name.startswith("test_")}


@pytest.mark.parametrize(("name", "target"), LINKS)
def test_a_test_that_is_named_exists(name: str, target: str) -> None:
    assert name in names_in((DOCS / target).resolve()), target


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_a_claim_is_shown_by_a_test(row: str) -> None:
    assert "](../tests/" in row.split("|")[-2]


def test_the_page_has_claims() -> None:
    assert len(LINKS) > len(ROWS) > 20


@pytest.mark.parametrize("block", [each for each in blocks("yaml") if each.values[0].page == "security.md"])
def test_safe_settings_give_no_warning(block: Block, tmp_path: Path) -> None:
    """As they stand, in a file that everybody can read; only their dates go by."""
    written = yaml.safe_load(block.text)
    certify(written.get("tls") or {}, tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(block.text, encoding="utf-8")
    path.chmod(0o644)
    loaded = load(path, environ={name: f"{name}-0123456789" for name in re.findall(r"\$\{(\w+)\}", block.text)})
    assert not loaded.unconfigured
    assert [each for each in loaded.warnings if "expire" not in str(each)] == []
