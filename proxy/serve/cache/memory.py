"""Replies in memory: those of one config, as one process has seen them.

Owns: the bound on what is kept and on what is being recorded. Must not know: what may be kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from proxy.companions import memory_cache
from proxy.plan.caching.kept import Kept
from proxy.plan.caching.shelf import Shelf

ROOM = 64 * 1024 * 1024
"""Bytes, of all processes of one proxy together."""
_RECORDED = 8
"""One part in so many of it is for replies that are still on their way."""


class Memory:
    """`retire` ends it: its replies go at once, and none is taken any more."""

    def __init__(self, room: int = ROOM) -> None:
        self._recording = room // _RECORDED
        self._shelf = Shelf(room - self._recording)
        self._retired = False

    @cached_property
    def _cache(self) -> Any:
        return memory_cache()(timeout=0)

    def __len__(self) -> int:
        return len(self._shelf)

    @property
    def size(self) -> int:
        return self._shelf.size

    def names(self, key: bytes) -> tuple[bytes, ...] | None:
        """What replies of this key vary by; None where none is kept."""
        return self._shelf.names(key)

    async def find(self, variant: bytes) -> Kept | None:
        if variant not in self._shelf:
            return None
        self._shelf.use(variant)
        kept: Kept | None = await self._cache.get(variant.hex())
        return kept

    async def put(self, variant: bytes, key: bytes, kept: Kept) -> None:
        if self._retired:
            return
        gone = self._shelf.put(variant, key, kept.names, kept.path, kept.size)
        if gone is not None:
            await self._cache.set(variant.hex(), kept)
            await self._let_go(gone)

    async def drop(self, paths: Iterable[bytes]) -> None:
        """Whatever is kept of these paths is no longer so."""
        gone = self._shelf.at(paths)
        for variant in gone:
            self._shelf.take(variant)
        await self._let_go(gone)

    async def _let_go(self, variants: Iterable[bytes]) -> None:
        for variant in variants:
            await self._cache.delete(variant.hex())

    def retire(self) -> None:
        self._retired = True
        self._shelf = Shelf(0)
        self.__dict__.pop("_cache", None)

    # -------------------------------------------------------------- being recorded

    def reserve(self, size: int) -> bool:
        """Room for so many bytes more of a reply that comes; whoever has it gives it back."""
        if self._retired or size > self._recording:
            return False
        self._recording -= size
        return True

    def give_back(self, size: int) -> None:
        self._recording += size
