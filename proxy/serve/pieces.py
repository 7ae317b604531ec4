"""A body piece by piece, as it comes from the client.

Owns: the generator, which is nothing for a compiled module. Must not know: where the bytes come from, or their bounds.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol


class Coming(Protocol):
    def begin(self) -> list[bytes]:
        """It is wanted now; what was captured of it before."""

    async def next(self) -> bytes:
        """What has come since; b"" at the end."""

    def capture(self, piece: bytes) -> None:
        """For another time."""


async def pieces_of(body: Coming) -> AsyncGenerator[bytes, None]:
    for piece in body.begin():
        yield piece
    while piece := await body.next():
        body.capture(piece)
        yield piece
