from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from proxy.config.model import Log
from proxy.logs import setup
from tests.tokens.cells import World, flights


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.keeper.close()
    assert flights() == []


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What structlog writes."""
    out = io.StringIO()
    setup.configure(Log(level="debug"), out)
    yield out
    structlog.reset_defaults()
