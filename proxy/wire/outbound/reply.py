"""One reply of an API, as its reader sees it: the head, then the body as it comes.

Owns: what is known of the head. Must not know: framing, sockets, pools.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, Self

from proxy.http.fields import Fields, first
from proxy.http.repeated import Lines
from proxy.wire.flow import Flow, Source, twin
from proxy.wire.outbound.tunnel import Tunnel


class Broken(Exception):  # noqa: N818 -- it says what happened to the exchange
    """The exchange can't go on. `unanswered`: no byte of a reply had come, so the request may never have arrived.
    `cut`: the API has ended it, and what came before was valid.
    """

    def __init__(self, reason: str, *, unanswered: bool = False, cut: bool = False) -> None:
        super().__init__(reason)
        self.unanswered = unanswered
        self.cut = cut


class Stalled(Exception):  # noqa: N818 -- as above
    """The API missed a deadline."""


_NONE: Final[Fields] = []


class Answering(Source, Protocol):
    """The connection that a reply comes over."""

    def sending(self, reply: object) -> bool:
        """Is the request behind this reply still being sent?"""

    def abort(self) -> None:
        """Close at once."""

    def tunnel(self, on_writable: Callable[[], None]) -> Tunnel:
        """After a 101."""


class Reply(Flow[Answering]):
    """`status` is 0 until the head is there. Reading raises Broken, Stalled, or the Fault that ended the upload."""

    __slots__ = ("headers", "lines", "reason", "status", "trailers")

    def __init__(self, connection: Answering) -> None:
        Flow.__init__(self, connection)  # super() would be looked up for each
        self.status = 0
        self.reason = b""
        self.headers: Fields = _NONE
        self.lines: Lines | None = None  # in which they came, if these may come again
        self.trailers: Fields = _NONE

    def __repr__(self) -> str:
        return f"<Reply {self.status} {'complete' if self.complete else 'open'}, {self._size} bytes waiting>"

    def header(self, name: bytes) -> bytes | None:
        """The first header of this (lower case) name."""
        return first(self.headers, name)

    async def head(self) -> Self:
        """As soon as the head is there. Raises as `read` does, but not where an API that refuses has cut its refusal
        short; then, or where nobody waits any more, it is closed.
        """
        try:
            while self.error is None and not self.status:
                await self._more()
        except BaseException:
            self.close()
            raise
        error = self.error
        if error is not None and not (self.status >= 400 and isinstance(error, Broken) and error.cut):
            self.close()
            raise twin(error)
        return self

    def tunnel(self, on_writable: Callable[[], None]) -> Tunnel:
        """The way back, after a 101; `on_writable` is called when the API reads again after it did not."""
        return self.connection.tunnel(on_writable)

    def close(self) -> None:
        """No one will read on. Unless both sides have said everything, the connection is closed."""
        if not self.complete or self.connection.sending(self):
            self.connection.abort()
