"""Every SDK of rows.yaml through the proxy: what is seen is what docs/sdks-table.md says. Run as test_sdks.py is.

With KEYLESS_SEEN=FOLDER each leaves there what was seen; `python -m tests.sdks.seen FOLDER` takes it over.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.sdks.measure import NotInstalled, seen
from tests.sdks.rows import rows
from tests.sdks.seen import recorded
from tests.sdks.test_sdks import PYTHON

FOLDER = os.environ.get("KEYLESS_SEEN", "")
ROWS = rows()

pytestmark = pytest.mark.skipif(not PYTHON, reason="the vendors' SDKs are not installed here: `make sdks` runs these")


@pytest.mark.parametrize("name", ROWS)
async def test_it_is_as_the_table_says(name: str) -> None:
    try:
        now = await seen(ROWS[name])
    except NotInstalled as error:
        pytest.skip(f"NOT INSTALLED: {ROWS[name].package}: {error}")
    if FOLDER:
        (Path(FOLDER) / f"{name}.yaml").write_text(yaml.safe_dump(now._asdict()), "utf-8")
        return
    before = recorded()[name]
    assert now._replace(seconds=0.0) == before._replace(seconds=0.0)  # a speed is told, and never compared
