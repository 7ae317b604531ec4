"""Replies on disk, sealed: what `keyless run --offline` answers from.

Owns: keeping the loop free of the disk and of the seal, and that a slow disk lets go rather than grow. Must not know:
which replies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from proxy.config.secrets.seal import Seal, Unsealable
from proxy.logger import get_logger
from proxy.plan.caching.kept import Kept
from proxy.serve.cache.folder import Folder
from proxy.serve.cache.memory import ROOM

log = get_logger("keyless.cache")

WAITING = 64
"""Replies that may wait for the disk; others are not written."""
PATIENCE = 2.0
"""Seconds that they may take at the end."""
_BELOW = "cache"


class Files:
    """Those of one store; they outlive a reload: their keys name the credential."""

    def __init__(self, store: Path, seal: Callable[[], Seal], room: int = ROOM) -> None:
        """`seal` is made in the thread; it may raise StoreDown."""
        self._folder = Folder(store / _BELOW, room)
        self._make_seal = seal
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="keyless-cache")
        self._waiting: set[asyncio.Future[None]] = set()
        self._complained = False

    @cached_property
    def _seal(self) -> Seal:
        return self._make_seal()

    def put(self, variant: bytes, key: bytes, kept: Kept) -> None:
        """Later; nobody waits for it."""
        if len(self._waiting) < WAITING:
            writing = asyncio.get_running_loop().run_in_executor(self._threads, self._write, variant, key, kept)
            self._waiting.add(writing)
            writing.add_done_callback(self._written)

    def _write(self, variant: bytes, key: bytes, kept: Kept) -> None:
        self._folder.write(key, variant, self._seal.seal(kept.to_bytes(variant)))

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._waiting.discard(writing)
        error = None if writing.cancelled() else writing.exception()
        if error is not None and not self._complained:
            self._complained = True
            log.warning("replies can't be kept for --offline", folder=str(self._folder.path), reason=_reason(error))

    async def find(self, key: bytes) -> list[tuple[bytes, Kept]]:
        """With their variants, the latest first. What can't be read is not there."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, key)

    def _read(self, key: bytes) -> list[tuple[bytes, Kept]]:
        found = []
        try:
            for sealed in self._folder.read(key):
                try:
                    found.append(Kept.from_bytes(self._seal.open(sealed)))
                except (Unsealable, ValueError):
                    continue
        except OSError as error:
            log.warning("kept replies can't be read", folder=str(self._folder.path), reason=_reason(error))
        return found

    async def close(self) -> None:
        """What waits is written, unless the disk takes too long."""
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=PATIENCE)
        self._threads.shutdown(wait=False, cancel_futures=True)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
