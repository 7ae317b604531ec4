"""Where sealed records survive a restart, or are shared: memory, a directory, Redis.

Owns: the interface that the keeper speaks. Must not know: what a record holds; here are keys, sealed bytes and
generations. The store is off the request path (docs/lifecycle.md#store).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from proxy.errors import KeylessError

BUDGET = 0.25
"""Seconds that a call may take; a request with a live token never waits for one."""
DURABLE = 5.0
"""The same, for what must not be lost: a refresh token that the issuer has just rotated."""
LEASE_WAIT = 20.0

Heard = Callable[[str], Awaitable[None]]
EVERYTHING = "*"
"""Heard instead of a key: anything may have changed, as the engine was out of sight."""
NOTED = ":note"
"""After a key that is heard: its note has changed, not its record."""


class StoreDown(KeylessError):  # noqa: N818 -- it says what is the case
    """The store can't be used right now. Its text holds no secret."""


class Store(Protocol):
    """Keys are hex digests. Every call raises StoreDown where the engine fails."""

    @property
    def shared(self) -> bool:
        """Do other processes see it? Then a lease excludes them."""

    async def read(self, key: str) -> bytes | None: ...

    async def write(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        """Durably. False if a record of this generation or a later one is there already."""

    async def amend(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        """Replace a record of the same generation (an intent). False if a later one is there already."""

    async def delete(self, key: str) -> None:
        """The record and its note."""

    async def note(self, key: str) -> bytes | None:
        """What lies beside the record, and need not survive anything."""

    async def renote(self, key: str, before: bytes | None, after: bytes) -> bool:
        """Replace the note, unless it is no longer `before`."""

    async def set_aside(self, key: str, sealed: bytes, why: str) -> None:
        """Keep a record that can't be used where it does no harm, for someone to look at; unless it is another now."""

    async def keys(self) -> list[str]: ...

    def lease(self, key: str) -> AbstractAsyncContextManager[None]:
        """Exclude all others from minting this credential. Raises StoreDown if it is not had within 20 s."""

    async def prove(self) -> None:
        """Do once what all calls do. Raises StoreDown where something is missing, a right as well."""

    async def watch(self, heard: Heard) -> None:
        """Call `heard(key)` whenever a record has been written, until cancelled; at first with EVERYTHING, and again
        when calls have failed and work now.
        """

    async def close(self) -> None: ...
