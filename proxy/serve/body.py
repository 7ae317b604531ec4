"""A request's body on its way to the API: whole if it is short and comes at once, else streamed and captured for a
replay.

Owns: reading the client's body, once; its bounds; `100 Continue`. Must not know: routes, tokens, upstream connections.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from proxy.errors import Fault
from proxy.http.coding import LONGEST, SMALLER
from proxy.serve.pieces import pieces_of
from proxy.wire.inbound.request import Request

SHORT: Final = 64 * 1024
"""Bodies of a known length up to this are read whole: one write to the API instead of two and a task."""
SOON: Final = 0.1
"""Seconds for such a one to come; what a client takes its time for goes on as it comes."""

EDITABLE: Final = LONGEST
"""A body that a credential is written into must be held in memory, up to this."""


class Body:
    """`length` is None for chunked bodies. `whole` is set once all of it is in memory."""

    __slots__ = ("_captured", "_continue", "_max", "_request", "_room", "_seen", "length", "whole")

    def __init__(self, request: Request, length: int | None, capture: int, max_body: int | None) -> None:
        self.length = length
        self.whole: bytes | None = None
        self._request = request
        self._captured: list[bytes] = []
        self._room = capture
        self._seen = 0
        self._max = max_body
        self._continue = False

    @classmethod
    def arrived(cls, request: Request, capture: int, max_body: int | None) -> Body | None:
        """The body of `request` if it is short and all there, as most are; else it is for `of` to say."""
        said = request.header(b"content-length") if request.complete and request.error is None else None
        length = -1 if said is None else int(said)
        if length < 0 or length > SHORT or (max_body is not None and length > max_body):
            return None
        body = cls(request, length, capture - length, max_body)
        body.whole = request.take()
        return body

    @classmethod
    async def of(cls, request: Request, capture: int, max_body: int | None, *, whole: bool = False) -> Body | None:
        """The body of `request`, None if it has none. `capture` bytes are kept for a replay; all of it is at hand, and
        may be sent again, if it is to be `whole`. Raises Fault.
        """
        said = request.header(b"content-length")
        if said is None and request.header(b"transfer-encoding") is None:
            return None
        length = None if said is None else int(said)
        if length is not None and max_body is not None and length > max_body:
            raise _too_large(max_body)
        body = cls(request, length, capture, max_body)
        body._continue = request.modern and (request.header(b"expect") or b"").strip().lower() == b"100-continue"
        if whole:
            await body.read_whole(EDITABLE)
        elif length is not None and length <= SHORT:
            await body._come(length)
        return body

    @property
    def replayable(self) -> bool:
        return self._room >= 0

    async def _come(self, length: int) -> None:
        """All of it, if it comes soon."""
        self._say_continue()
        if await self._request.end(self._request.connection.loop.time() + SOON):
            self.whole = self._request.take()
            self._room -= length

    async def read_whole(self, limit: int) -> bytes:
        """Read it to its end. Raises Fault body_too_large beyond `limit`."""
        if self.whole is None:
            pieces = self.begin()
            while piece := await self.next():
                pieces.append(piece)
                if self._seen > limit:
                    raise _too_large(limit, SMALLER)
            self.whole = b"".join(pieces)
            self.length = len(self.whole)
            self._room = max(self._room, 0)
        return self.whole

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """From the first byte on, also a second time while `replayable`. Raises Fault."""
        return pieces_of(self)

    def begin(self) -> list[bytes]:
        """It is wanted now; what was captured of it before."""
        self._say_continue()
        return list(self._captured)

    async def next(self) -> bytes:
        """What has come since; b"" at the end. Raises Fault."""
        piece = await self._request.read()
        self._seen += len(piece)
        if self._max is not None and self._seen > self._max:
            raise _too_large(self._max)
        return piece

    def capture(self, piece: bytes) -> None:
        """For another time, if there is room for all of it."""
        self._room -= len(piece)
        if self._room >= 0:
            self._captured.append(piece)
        else:
            self._captured.clear()

    def _say_continue(self) -> None:
        """Once, and only when the body is really wanted (RFC 9110 §10.1.1)."""
        asked, self._continue = self._continue, False
        if asked:
            self._request.connection.hint(b"HTTP/1.1 100 Continue\r\n\r\n")


def _too_large(limit: int, hint: str | None = None) -> Fault:
    return Fault("body_too_large", f"the request's body is larger than {limit} bytes", hint=hint)
