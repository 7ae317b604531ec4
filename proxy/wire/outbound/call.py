"""One request to an API, before a protocol has made bytes of it.

Owns: what a leg is told, and what it must be able to do. Must not know: framing, sockets, how a body is read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from proxy.config.model import Timeout
from proxy.http.fields import Fields
from proxy.http.origin import Origin


class Upload(Protocol):
    """A body that is sent as it comes."""

    length: int | None
    """Bytes; None where only its end will tell."""

    @property
    def replayable(self) -> bool:
        """Can it be sent once more from its first byte on?"""

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """From the first byte on. What it raises ends the exchange; a Fault is what the client is told."""


class Early(Protocol):
    """Who hears of 1xx replies."""

    def replied(self, status: int, headers: Fields) -> None: ...


class Call:
    """`target` is path and query. `lines` are header lines, each with its CRLF: never Host, framing, or what upgrades.

    `body`: b"" is one too, an empty one. Where it asks for another protocol, `upgrade` is its name; `early` hears of
    1xx replies; `opening` is told how many seconds a new connection took.
    """

    __slots__ = ("body", "early", "lines", "method", "opening", "origin", "target", "timeout", "upgrade")

    def __init__(
        self,
        origin: Origin,
        method: str,
        target: bytes,
        lines: Sequence[bytes],
        body: bytes | Upload | None,
        timeout: Timeout,
    ) -> None:
        self.origin = origin
        self.method = method
        self.target = target
        self.lines = lines
        self.body = body
        self.timeout = timeout
        self.upgrade = b""
        self.opening = 0.0
        self.early: Early | None = None
