"""A directory of sealed records, for one machine: survives kill -9, shared by workers and the command line.

Owns: keeping the loop free of a slow disk, leases, and noticing what others wrote. Must not know: how it is written
(tokens/store/folder.py).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from proxy.tasks import spawn
from proxy.tokens.store import BUDGET, EVERYTHING, FIRST, LEASE_WAIT, Heard, StoreDown
from proxy.tokens.store.folder import Folder, try_lock

T = TypeVar("T")

LOCK_POLL = 0.02
WATCH_POLL = 0.2
WATCH_AGAIN = 5.0
_CLOCK_TICK_NS = 50_000_000


class FileStore:
    shared = True

    def __init__(self, path: Path) -> None:
        """Raises StoreDown if the directory can't be made, or is not ours alone."""
        try:
            self._folder = Folder(path)
        except OSError as error:
            raise StoreDown(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise StoreDown(str(error)) from None
        # Of its own: a disk that hangs must not take the threads that resolve names.
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="keyless-store")
        self._failed = False
        self._met = False  # has the disk ever answered?

    def sealed_with(self, file: Path, key: str) -> None:
        """The key lies in this file, and is put back before a record is written if it has gone."""
        self._folder.key = file, key

    async def read(self, key: str) -> bytes | None:
        return await self._off_loop(BUDGET, self._folder.read, key)

    async def write(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        return await self._replace(patience, key, sealed, generation, generation)

    async def amend(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        return await self._replace(patience, key, sealed, generation, generation + 1)

    async def delete(self, key: str) -> None:
        await self._off_loop(BUDGET, self._folder.delete, key)

    async def note(self, key: str) -> bytes | None:
        return await self._off_loop(BUDGET, self._folder.note, key)

    async def renote(self, key: str, before: bytes | None, after: bytes) -> bool:
        return await self._off_loop(BUDGET, self._folder.renote, key, before, after)

    async def set_aside(self, key: str, sealed: bytes, why: str) -> None:
        await self._off_loop(BUDGET, self._folder.set_aside, key, sealed, why)

    async def keys(self) -> list[str]:
        return await self._off_loop(BUDGET, self._folder.keys)

    @asynccontextmanager
    async def lease(self, key: str) -> AsyncIterator[None]:
        try:
            handle = await self._open_lock(key)
        except StoreDown:
            self._failed = True
            raise
        try:
            await self._lock(handle)
            yield
        finally:
            os.close(handle)

    async def prove(self) -> None:
        await self._off_loop(BUDGET, self._folder.prove)

    async def watch(self, heard: Heard) -> None:
        seen: dict[str, tuple[int, int]] | None = None
        changed, again = 0, 0.0
        while True:
            try:
                if (latest := await self._off_loop(BUDGET, self._folder.changed)) != changed:
                    now = await self._off_loop(BUDGET, self._folder.stamps)
                    # The kernel's file times advance in ticks: of two changes in one, the second can't be seen in it.
                    changed = latest if time.time_ns() - latest > _CLOCK_TICK_NS else 0
                    for key in [EVERYTHING] if seen is None else [key for key in now if now[key] != seen.get(key)]:
                        await heard(key)
                    seen = now
                if self._failed and time.monotonic() >= again:
                    again = time.monotonic() + WATCH_AGAIN
                    await heard(EVERYTHING)
            except StoreDown:
                seen, changed = None, 0  # what was written meanwhile may bear the stamps of before
            await asyncio.sleep(WATCH_POLL)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    # -------------------------------------------------------------- off the loop

    async def _replace(self, patience: float, key: str, sealed: bytes, generation: int, below: int) -> bool:
        self._failed = True
        done = await self._off_loop(patience, self._folder.replace, key, sealed, generation, below)
        self._failed = False
        return done

    async def _off_loop(self, patience: float, call: Callable[..., T], *args: object) -> T:
        patience = patience if self._met else max(patience, FIRST)
        try:
            calling = asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *args))
            await _within(patience, calling)
            if calling.cancelled():
                raise StoreDown(f"{self._folder.path}: no answer within {patience:g} s")
            result = calling.result()
        except (OSError, RuntimeError) as error:  # RuntimeError: the store is closed
            raise StoreDown(
                f"{self._folder.path}: {getattr(error, 'strerror', None) or type(error).__name__}"
            ) from None
        self._met = True
        return result

    async def _open_lock(self, key: str) -> int:
        """However this is cancelled, the file doesn't stay open."""
        opening = spawn(self._off_loop(BUDGET, self._folder.open_lock, key), "open the lock")
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unwanted)
            raise

    async def _lock(self, handle: int) -> None:
        deadline = time.monotonic() + LEASE_WAIT
        try:
            while not try_lock(handle):
                if time.monotonic() >= deadline:
                    raise StoreDown(f"{self._folder.path}: another process holds the lease")
                await asyncio.sleep(LOCK_POLL)
        except OSError as error:
            raise StoreDown(f"{self._folder.path}: {error.strerror}") from None


async def _within(patience: float, calling: asyncio.Future[T]) -> None:
    """Cancels what takes longer. In two halves: a loop that was busy itself must not take that for a slow disk."""
    try:
        for _ in range(2):
            if (await asyncio.wait((calling,), timeout=patience / 2))[0]:
                return
    finally:
        calling.cancel()


def _close_unwanted(opening: asyncio.Future[int]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        os.close(opening.result())
