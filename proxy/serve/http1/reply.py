"""One reply of an API, as its reader sees it.

Owns: what has come of a reply and was not read yet, and who waits for more. Must not know: framing, sockets, pools.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.serve.http1.connection import Connection

Headers = list[tuple[bytes, bytes]]


class Broken(Exception):  # noqa: N818 -- it says what happened to the exchange
    """The exchange can't go on. `unanswered`: no byte of a reply had come, so the request may never have arrived."""

    def __init__(self, reason: str, *, unanswered: bool = False) -> None:
        super().__init__(reason)
        self.unanswered = unanswered


class Stalled(Exception):  # noqa: N818 -- as above
    """The API missed a deadline."""


class Reply:
    """Its head, then its body as it comes. `status` is 0 until the head is there; `complete`: no more will come."""

    __slots__ = (
        "_chunks",
        "_size",
        "_waiter",
        "complete",
        "connection",
        "error",
        "headers",
        "reason",
        "status",
        "trailers",
    )

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._chunks: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self.error: Exception | None = None
        self.status = 0
        self.reason = b""
        self.headers: Headers = []
        self.trailers: Headers = []
        self.complete = False

    def __repr__(self) -> str:
        return f"<Reply {self.status} {'complete' if self.complete else 'open'}, {self._size} bytes waiting>"

    def header(self, name: bytes) -> bytes | None:
        """The first header of this (lower case) name."""
        for known, value in self.headers:
            if known.lower() == name:
                return value
        return None

    async def head(self) -> None:
        """Wait for the head. Raises Broken, Stalled, or the Fault that ended the upload."""
        while self.error is None and not self.status:
            await self._more()
        if self.error is not None:
            raise self.error

    async def read(self) -> bytes:
        """Whatever has come since the last call; b"" at the end. Raises as `head` does."""
        while not self._chunks:
            if self.error is not None:
                raise self.error
            if self.complete:
                return b""
            await self._more()
        return self.take()

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
        if not self.complete:  # else the connection may serve another exchange by now
            self.connection.resume_reading()
        return data

    def give_back(self, data: bytes) -> None:
        """Put what was read back in front, for a reader that comes later."""
        if data:
            self._chunks.insert(0, data)
            self._size += len(data)

    def close(self) -> None:
        """No one will read on. Unless both sides have said everything, the connection is closed."""
        if not self.complete or self.connection.sending(self):
            self.connection.abort()

    def _more(self) -> asyncio.Future[None]:
        self._waiter = waiter = self.connection.loop.create_future()
        return waiter

    # ------------------------------------------------------------ fed by the connection

    def feed(self, data: bytes) -> int:
        """Returns how many bytes wait to be read."""
        self._chunks.append(data)
        self._size += len(data)
        self.wake()
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
