"""What source, tests and docs point to can be opened: a page of this repository, at a heading that it has."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.test_docs import PAGES, ROOT, anchors

ROOMS = ("proxy", "tests", "bench", "docs", "deploy")
FILES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "Dockerfile", "config.yaml", "pyproject.toml")
KINDS = {".py", ".md", ".yaml", ".toml"}
PAGE = re.compile(r"docs/(\w+\.md)(?:#([\w-]+))?")
ELSEWHERE = re.compile(r"\b(?:DESIGN|LIFECYCLE|HOUSE|TRAPS)\b|\bRULES(?:\.md|,? §?\d)")
"""Names of papers that the product was planned on. They are not in the repository."""


def texts() -> dict[Path, str]:
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*")) if path.suffix in KINDS]
    paths += [ROOT / "hatch_build.py", ROOT / "compile_beside.py", *(ROOT / name for name in FILES)]
    own = {Path(__file__), ROOT / "tests/docs/test_traps_page.py"}  # they speak of such words
    return {path.relative_to(ROOT): path.read_text("utf-8", errors="replace") for path in paths if path not in own}


TEXTS = texts()


def test_a_page_that_is_named_can_be_opened() -> None:
    named = {(str(path), *found) for path, text in TEXTS.items() for found in PAGE.findall(text)}
    assert len(named) > 50
    missing = [each for each in named if each[1] not in PAGES]
    assert not missing
    assert not [each for each in named if each[2] and each[2] not in anchors(PAGES[each[1]])]


def test_nothing_points_out_of_the_repository() -> None:
    """Say the page that says it instead, `docs/lifecycle.md#states` for one, and write it there."""
    assert [(str(path), word) for path, text in TEXTS.items() for word in ELSEWHERE.findall(text)] == []
