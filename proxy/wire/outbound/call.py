"""One request to an API, before a protocol has made bytes of it.

Owns: what a leg is told, and what it must be able to do. Must not know: framing, sockets, how a body is read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
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


@dataclass(slots=True)
class Call:
    """`early` is told of 1xx replies."""

    origin: Origin
    method: str
    target: bytes  # path and query
    lines: Sequence[bytes]  # header lines, each with its CRLF; never Host, framing, or what upgrades
    body: bytes | Upload | None  # b"" is a body, an empty one
    timeout: Timeout
    upgrade: bytes = b""  # the protocol asked for, as in `websocket`
    early: Callable[[int, Fields], None] | None = None
