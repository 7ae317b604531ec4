"""A test that fills a window which follows the clock must not run across its turn."""

from __future__ import annotations

import asyncio
import time

import pytest

MARGIN = 20.0


@pytest.fixture(autouse=True)
async def far_from_the_hour() -> None:
    """A few times in a thousand this waits; midnight UTC is the turn of an hour, too."""
    while time.time() % 3600 > 3600 - MARGIN:  # noqa: ASYNC110 -- nothing tells the hour but the clock
        await asyncio.sleep(1)
