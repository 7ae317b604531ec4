"""Records in the store: sealed on the way in, opened on the way out, set aside when they can't be read.

Owns: what joins auth/life/record.py, the seal and the engine. Must not know: when something is minted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from secrets import token_hex
from typing import TypeVar

from proxy.auth.life.note import Note
from proxy.auth.life.record import Record
from proxy.config.secrets.seal import Sealing, Unsealable
from proxy.logger import get_logger
from proxy.tokens.store import BUDGET, Heard, Store, StoreDown

log = get_logger("keyless.store")


KEEP_WAIT = 0.5
"""Seconds between two tries to keep what can't be had again."""

T = TypeVar("T")


def new_login() -> str:
    """By which a record tells one login from the next."""
    return token_hex(8)


async def patiently(
    step: Callable[[], Awaitable[T]],
    tries: int,
    sleep: Callable[[float], Awaitable[None]],
    failed: Callable[[StoreDown], None] | None = None,
) -> T:
    """Do this again while the store fails; `failed` is told of each failure. Raises the last one."""
    while True:
        tries -= 1
        try:
            return await step()
        except StoreDown as down:
            if failed is not None:
                failed(down)
            if tries <= 0:
                raise
        await sleep(KEEP_WAIT)


class Records:
    """By the identity of a cell. Everything here raises StoreDown where the engine fails."""

    def __init__(self, store: Store, seal: Sealing) -> None:
        self._store = store
        self._seal = seal
        self._complained = False
        self.failures = 0

    @property
    def shared(self) -> bool:
        return self._store.shared

    async def find(self, key: str) -> Record | None:
        """None also for a record that is damaged or was sealed with another key: it is set aside, never a crash."""
        sealed = await self._store.read(key)
        if sealed is None:
            return None
        try:
            return self._opened(key, sealed)
        except Unsealable:
            why = "unsealable"
        except ValueError:
            why = "unreadable"
        log.warning("a stored record can't be used and is set aside", why=why, key=key[:12])
        await self._store.set_aside(key, sealed, why)
        return None

    async def peek(self, key: str) -> Record | None:
        """The same for an onlooker: nothing is set aside. Raises Unsealable, or ValueError for one that is damaged."""
        sealed = await self._store.read(key)
        return None if sealed is None else self._opened(key, sealed)

    def _opened(self, key: str, sealed: bytes) -> Record:
        return Record.from_bytes(self._seal.open(sealed), key)

    async def keep(self, key: str, record: Record, patience: float = BUDGET) -> bool:
        """Durably. False if someone has kept this generation or a later one already."""
        return await self._store.write(key, self._sealed(key, record), record.generation, patience)

    async def amend(self, key: str, record: Record, patience: float = BUDGET) -> bool:
        """The same generation with something added to it. False if someone has kept a later one."""
        return await self._store.amend(key, self._sealed(key, record), record.generation, patience)

    def _sealed(self, key: str, record: Record) -> bytes:
        return self._seal.seal(record.to_bytes(key))

    async def note(self, key: str) -> tuple[bytes | None, Note | None]:
        """As stored, and what it says: nothing where it can't be read, for it is soon written anew."""
        sealed = await self._store.note(key)
        try:
            return sealed, None if sealed is None else Note.from_bytes(self._seal.open(sealed), key)
        except (Unsealable, ValueError):
            return sealed, None

    async def renote(self, key: str, before: bytes | None, note: Note) -> bool:
        """False if what is stored is no longer `before`."""
        return await self._store.renote(key, before, self._seal.seal(note.to_bytes(key)))

    async def forget(self, key: str) -> None:
        await self._store.delete(key)

    async def keys(self) -> list[str]:
        return await self._store.keys()

    async def rotate_key(self, key: str) -> bool:
        """Seal the record anew with the first key. False if it is gone. Raises as `peek` does."""
        async with self._store.lease(key):
            record = await self.peek(key)
            return record is not None and await self.amend(key, record)

    def lease(self, key: str) -> AbstractAsyncContextManager[None]:
        return self._store.lease(key)

    async def prove(self) -> None:
        """Can the store do all that it will be asked for?"""
        await self._store.prove()

    async def watch(self, heard: Heard) -> None:
        """Until cancelled. What the store can't do is said at once: the first mint may be hours away."""
        try:
            await self.prove()
        except StoreDown as down:
            self.complain(down)
        await self._store.watch(heard)

    async def close(self) -> None:
        await self._store.close()

    def complain(self, down: StoreDown) -> None:
        """Say once that the store is gone, and once that it is back: not per request."""
        self.failures += 1
        if not self._complained:
            log.warning("the store can't be used; tokens are kept in this process only", reason=str(down))
        self._complained = True

    def recovered(self) -> None:
        if self._complained:
            log.info("the store can be used again")
        self._complained = False
