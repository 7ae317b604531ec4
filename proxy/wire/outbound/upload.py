"""A request's body on its way to an API, beside the reading of the reply: an API may answer before it has read all.

Owns: the framing of its pieces. Must not know: where the body comes from, deadlines, what becomes of the exchange.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Protocol

from proxy.errors import Fault
from proxy.wire.outbound.call import Upload
from proxy.wire.outbound.reply import Broken


class Sink(Protocol):
    """The connection that a body goes out on."""

    async def write(self, data: bytes) -> None:
        """Waits while the API does not read. Raises Broken."""

    def uploaded(self, error: Exception | None) -> None:
        """All was sent; or nothing more will be, because of `error`."""


async def upload(sink: Sink, body: Upload) -> None:
    """To its end, which `sink` is told of; whoever cancels this has no more use for the exchange."""
    error: Exception | None = None
    try:
        await _send(sink, body)
    except (Fault, Broken) as cause:
        error = cause
    except Exception as cause:  # whatever failed on the client's side, the API must not wait for more
        error = Broken(f"the client stopped sending ({type(cause).__name__})")
    sink.uploaded(error)


async def _send(sink: Sink, body: Upload) -> None:
    chunked = body.length is None
    async with aclosing(body.pieces()) as pieces:
        async for piece in pieces:
            await sink.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        await sink.write(b"0\r\n\r\n")
