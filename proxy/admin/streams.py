"""What a page hears while it is open: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

Owns: how they are framed and written, and their end: with the client, with a reload, which the page asks anew after,
and before the proxy stops. Must not know: what is told.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

from proxy.errors import Fault
from proxy.wire.inbound.problem import dated, encoded, status_line
from proxy.wire.inbound.request import Request

MOST = 64
"""Of one process. A page that is out of sight closes its own."""
SIGN_OF_LIFE = 15.0
"""Seconds of silence after which a comment finds out whether someone listens."""
_HEAD = [
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Accel-Buffering", "no"),
    ("Connection", "close"),
]
_FIRST = b"retry: 1000\n\n"

Pieces = AsyncGenerator[bytes, None]


class Streams:
    """Those that are open."""

    def __init__(self) -> None:
        self._ending = asyncio.Event()
        self._count = 0

    def end(self) -> None:
        """All that are open now."""
        self._ending.set()
        self._ending = asyncio.Event()

    @contextmanager
    def one_more(self) -> Iterator[asyncio.Event]:
        """What its `pause` waits for. Raises Fault."""
        if self._count >= MOST:
            raise Fault("overloaded", f"{MOST} pages are open already", retry_after=5.0)
        self._count += 1
        try:
            yield self._ending
        finally:
            self._count -= 1


async def pause(ending: asyncio.Event, seconds: float) -> bool:
    """Whether to go on after it."""
    try:
        async with asyncio.timeout(seconds):
            await ending.wait()
    except TimeoutError:
        return True
    return False


def event(name: str, content: Any) -> bytes:
    """JSON has no line breaks, whatever is in it."""
    return f"event: {name}\ndata: {json.dumps(content, separators=(',', ':'))}\n\n".encode()


QUIET = b": still here\n\n"


async def write(request: Request, pieces: Pieces) -> None:
    """Until they end, or the client has gone. Raises Fault where there is none to begin with, and nothing was said."""
    request.last()
    client = request.connection
    try:
        first = await anext(pieces, b"")
        client.answer(status_line(200, b"") + encoded([*_HEAD, dated()]) + b"\r\n" + _FIRST + first)
        async for piece in pieces:
            client.write(piece)
            await client.drain()
    except ConnectionResetError:  # there is no one to tell
        return
    finally:
        await pieces.aclose()
