"""Memory is not shared; what it does like the others is in test_engines.py."""

from __future__ import annotations

import asyncio

import pytest

from proxy.tokens.store.memory import MemoryStore


async def never(_key: str) -> None:
    pytest.fail("nobody else can have written")


async def test_it_is_not_shared_and_forgets() -> None:
    store = MemoryStore()
    assert not store.shared
    await store.write("ab", b"x", 1)
    assert await MemoryStore().read("ab") is None
    await store.close()
    assert await store.read("ab") is None


async def test_watching_it_hears_nothing() -> None:
    store = MemoryStore()
    watching = asyncio.ensure_future(store.watch(never))
    await store.write("ab", b"x", 1)
    await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
