"""docs/wire.md shows the phases as the tables have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.wire.inbound import phase as inbound
from proxy.wire.outbound import phase as outbound
from proxy.wire.phase import Row, printed

PAGE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text("utf-8")


@pytest.mark.parametrize("table", [inbound.TABLE, outbound.TABLE], ids=["inbound", "outbound"])
def test_the_page_is_printed_from_the_table(table: tuple[Row, ...]) -> None:
    assert printed(table) in PAGE
