"""The default store: nothing survives, nothing is shared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from proxy.companions import memory_cache
from proxy.tokens.store import BUDGET, Heard


class MemoryStore:
    shared = False

    def __init__(self) -> None:
        self._generations: dict[str, int] = {}
        self._notes: dict[str, bytes] = {}

    @cached_property
    def _cache(self) -> Any:
        return memory_cache()(timeout=0)  # with the first record: listening comes first

    async def read(self, key: str) -> bytes | None:
        sealed: bytes | None = await self._cache.get(key)
        return sealed

    async def write(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        if generation <= self._generations.get(key, -1):
            return False
        return await self.amend(key, sealed, generation, patience)

    async def amend(self, key: str, sealed: bytes, generation: int, _patience: float = BUDGET) -> bool:
        if generation < self._generations.get(key, -1):
            return False
        self._generations[key] = generation
        await self._cache.set(key, sealed)
        return True

    async def delete(self, key: str) -> None:
        self._generations.pop(key, None)
        self._notes.pop(key, None)
        await self._cache.delete(key)

    async def note(self, key: str) -> bytes | None:
        return self._notes.get(key)

    async def renote(self, key: str, before: bytes | None, after: bytes) -> bool:
        if self._notes.get(key) != before:
            return False
        self._notes[key] = after
        return True

    async def set_aside(self, key: str, sealed: bytes, _why: str) -> None:
        if await self.read(key) == sealed:
            await self.delete(key)

    async def keys(self) -> list[str]:
        return sorted(self._generations)

    @asynccontextmanager
    async def lease(self, _key: str) -> AsyncIterator[None]:
        """Nobody is to be excluded: a cell has one flight at a time."""
        yield

    async def prove(self) -> None:
        """There is nothing that could fail."""

    async def watch(self, _heard: Heard) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        if self._generations:
            self._generations.clear()
            await self._cache.clear()
