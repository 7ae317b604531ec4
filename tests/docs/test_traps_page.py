"""docs/traps.md: each trap has a test that is there, and every number that source, tests or docs name has a row."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from tests.docs.test_docs import PAGES, ROOT
from tests.docs.test_references import TEXTS
from tests.docs.test_security_page import names_in

ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\[(\w+)\]\(\.\./(tests/[\w/.]+)\)")
CITED = re.compile(r"traps\.md`? (\d+(?:(?:, | and )\d+)*)|test_traps?_(\d+(?:_and_\d+)*)")


class Trap(NamedTuple):
    number: int
    story: str
    system: str
    tests: str


TRAPS = [Trap(int(number), *cells) for number, *cells in ROW.findall(PAGES["traps.md"])]


def cited(text: str) -> set[int]:
    return {int(number) for found in CITED.findall(text) for number in re.findall(r"\d+", " ".join(found))}


def test_numbers_are_read_however_they_are_written() -> None:
    assert cited("(docs/traps.md 8, 11 and 12); see `docs/traps.md` 3, def test_trap_09_x, test_traps_25_and_26_y") == {
        *(3, 8, 9, 11, 12, 25, 26)
    }


def test_numbers_stay() -> None:
    assert [trap.number for trap in TRAPS] == list(range(1, len(TRAPS) + 1))
    assert len(TRAPS) >= 42


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: str(trap.number))
def test_a_trap_has_tests_that_exist(trap: Trap) -> None:
    links = LINK.findall(trap.tests)
    assert ", ".join(f"[{name}](../{path})" for name, path in links) == trap.tests
    for name, path in links:
        assert name in names_in(ROOT / path), f"{path} has no {name}"


def test_every_number_that_is_cited_has_a_row() -> None:
    rows = {trap.number for trap in TRAPS}
    assert [(str(path), number) for path, text in TEXTS.items() for number in cited(text) - rows] == []


def test_the_numbers_in_the_source_are_found() -> None:
    """Else the test above sees nothing and says yes."""
    assert sum(len(cited(text)) for path, text in TEXTS.items() if path.parts[0] == "proxy") >= 20
    assert {number for path, text in TEXTS.items() if path.parts[0] == "tests" for number in cited(text)} == {
        trap.number for trap in TRAPS
    }
