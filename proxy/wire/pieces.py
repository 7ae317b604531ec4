"""Reading in pieces of a bounded size, once it is seen that much comes on a connection.

Owns: the one buffer into which such connections are read. Must not know: whose they are. Not compiled: asyncio's own
loop knows a buffered protocol by its ancestors, and compiled classes have none.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

LARGEST_READ: Final = 68 * 1024
"""Bytes: 64 KiB and a head, as many replies are, in one piece. Loops read up to 256 KiB at once otherwise, which wait
here where the other side does not read."""
_BUFFER = memoryview(bytearray(LARGEST_READ))  # one for all: what is read is copied out before anything else is


class Source(Protocol):
    """A transport of asyncio's or uvloop's."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...


def read_in_pieces(source: Source, protocol: Any) -> None:
    """From here on; `source` must not be paused. It is not done from the start, since each read costs more so."""
    source.pause_reading()  # loops choose how to read when they begin to
    source.set_protocol(_InPieces(protocol))
    source.resume_reading()


class _InPieces(asyncio.BufferedProtocol):
    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_buffer(self, _sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.data_received(bytes(_BUFFER[:nbytes]))

    def eof_received(self) -> bool | None:
        ended: bool | None = self._protocol.eof_received()
        return ended

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
