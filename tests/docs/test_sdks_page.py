"""docs/sdks-table.md is made from what was seen (tests/sdks); what is not as it should be has its reason."""

from __future__ import annotations

import pytest

from tests.docs import sdks_page
from tests.sdks.rows import rows
from tests.sdks.seen import recorded

SEEN = recorded()
ROWS = rows()


def test_the_tables_are_those_that_were_seen() -> None:
    page = sdks_page.PAGE.read_text("utf-8")
    assert page == sdks_page.written(page), "the tables of docs/sdks-table.md are made from tests/sdks: run `make docs`"


def test_every_row_was_seen() -> None:
    assert SEEN.keys() == ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_what_is_wrong_has_its_reason(name: str) -> None:
    row, was = ROWS[name], SEEN[name]
    assert was.works or row.breaks
    assert bool(row.silent) == (was.text != "yes")


def test_as_many_work_and_tell_as_are_promised() -> None:
    """The reach of the first release that has this table: no fewer from then on."""
    python = [was for name, was in SEEN.items() if ROWS[name].language == "python"]
    node = [was for name, was in SEEN.items() if ROWS[name].language == "node"]
    assert sum(was.works for was in python) >= 82
    assert sum(was.works for was in node) >= 18
    assert sum(was.text == "yes" for was in python) >= 54
