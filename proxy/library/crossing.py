"""Work for one loop, from any thread and from any other loop.

Owns: how to get there and back. Must not know: what the work is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Crossing:
    """To `loop`. Once that is closed, or from where one would wait for oneself, all raise RuntimeError."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if self.loop.is_closed() or _running() is self.loop:
            work.close()
            raise closed() if self.loop.is_closed() else _for_oneself()
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits, in a thread. Ctrl-C, or whatever else ends the wait, ends the work too."""
        future = self.start(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def across(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits, in this loop or another. A cancelled wait cancels the work."""
        if _running() is self.loop:
            return await work
        return await asyncio.wrap_future(self.start(work))


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def closed() -> RuntimeError:
    return RuntimeError("use it within its `with` or `async with` block, or before its close()")


def _for_oneself() -> RuntimeError:
    return RuntimeError(
        "this would wait for itself: use a client that awaits (httpx.AsyncClient), or Keyless.open(), which has a loop"
        " of its own"
    )
