"""A body on its way: bytes that one connection got and somebody will read, a request's as well as a reply's.

Owns: what has come and was not read yet, and who waits for more. Must not know: framing, sockets, what the bytes mean.
"""

from __future__ import annotations

import asyncio
from typing import Generic, Protocol, TypeVar


class Source(Protocol):
    """The connection that the bytes come from. It stops reading while too many wait."""

    loop: asyncio.AbstractEventLoop

    def resume_reading(self) -> None:
        """Some of what waited was read."""


S = TypeVar("S", bound=Source)


def twin(error: Exception) -> Exception:
    """To be raised in the place of one that is kept: its traceback would lead back to who keeps it, a ring."""
    kind = type(error)
    made = kind.__new__(kind, *error.args)
    fields = getattr(error, "__dict__", None)
    if fields is None:  # compiled, on Python 3.12 and later; before, it is `__reduce__` that lacks them (findings/)
        parts = error.__reduce__()
        fields = parts[2] if isinstance(parts, tuple) and len(parts) > 2 else {}
    for name, value in fields.items():
        setattr(made, name, value)
    return made


class Flow(Generic[S]):
    """`complete`: no more will come. `error`: nor will the rest."""

    __slots__ = ("_chunks", "_size", "_waiter", "complete", "connection", "error")

    def __init__(self, connection: S) -> None:
        self.connection = connection
        self._chunks: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self.error: Exception | None = None
        self.complete = False

    async def read(self) -> bytes:
        """Whatever has come since the last call; b"" at the end. Raises what `fail` was told."""
        while not self._chunks:
            if self.error is not None:
                raise twin(self.error)
            if self.complete:
                return b""
            await self._more()
        return self.take()

    async def come(self, until: float) -> bool:
        """Wait for something to read, the end included, or for this time of the loop's. Is there something?"""
        while not (self._chunks or self.complete or self.error is not None):
            if self.connection.loop.time() >= until:
                return False
            await self._more_until(until)
        return True

    async def end(self, until: float) -> bool:
        """Wait for the end, with all that comes left where it is, or for this time of the loop's. Is it there?"""
        while not (self.complete or self.error is not None):
            if self.connection.loop.time() >= until:
                return False
            await self._more_until(until)
        return self.complete

    def seen(self) -> bytes:
        """What has come and was not read yet, left where it is."""
        if len(self._chunks) > 1:
            self._chunks[:] = (b"".join(self._chunks),)
        return self._chunks[0] if self._chunks else b""

    def take(self) -> bytes:
        """What has come and was not read yet."""
        chunks = self._chunks
        data = chunks.pop() if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._size = 0
        if not self.complete:  # else the connection may be at something else by now
            self.connection.resume_reading()
        return data

    def give_back(self, data: bytes) -> None:
        """Put what was read back in front, for a reader that comes later."""
        if data:
            self._chunks.insert(0, data)
            self._size += len(data)

    async def _more_until(self, until: float) -> None:
        timer = self.connection.loop.call_at(until, self.wake)
        try:
            await self._more()
        finally:
            timer.cancel()

    def _more(self) -> asyncio.Future[None]:
        self._waiter = waiter = self.connection.loop.create_future()
        return waiter

    # ------------------------------------------------------------ fed by the connection

    def feed(self, data: bytes) -> int:
        """Returns how many bytes wait to be read. Whoever feeds wakes the reader, once for all that came."""
        self._chunks.append(data)
        self._size += len(data)
        return self._size

    def fail(self, error: Exception) -> None:
        """The first error is the cause; what follows from it does not replace it."""
        if self.error is None and not self.complete:
            self.error = error
            self.wake()

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
