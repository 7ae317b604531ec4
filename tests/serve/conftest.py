from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.serve.cells import World, flights


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.keeper.close()
    assert flights() == []
