"""A server that plays a script per connection, and the upstream leg pointed at it. Leaks of any kind fail the test."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from proxy.config.model import Timeout
from proxy.http.origin import Origin
from proxy.serve.upstream import Call, Reply, Upstream
from proxy.wire.outbound.call import Upload
from proxy.wire.outbound.pool import Dial

LONG = 10.0
"""What a passing test never waits for."""


class Hearing:
    """Early replies, as a function hears of them."""

    def __init__(self, hears: Callable[[int, Any], None]) -> None:
        self.replied = hears


class Peer:
    """The API's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The head of the next request."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def send(self, *pieces: bytes) -> None:
        """Each piece for itself, so that the other side sees the seams."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0.002)

    def reset(self) -> None:
        if not self.writer.is_closing():
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()

    async def gone(self) -> None:
        """Until the client has closed."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


Play = Callable[[Peer], Awaitable[None]]


def replies(*answers: bytes) -> Play:
    """One answer per request, then wait for the client to close."""

    async def play(peer: Peer) -> None:
        for answer in answers:
            await peer.request()
            await peer.send(answer)
        await peer.gone()

    return play


def then_close(*pieces: bytes) -> Play:
    """One request, these pieces, the end."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces)
        peer.close()

    return play


def then_reset(*pieces: bytes) -> Play:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces)
        await asyncio.sleep(0.02)  # a reset overtakes what was sent just before it
        peer.reset()

    return play


@dataclass
class Leg:
    """`accepted` counts connections; `live` are those that the server still serves."""

    origin: Origin
    upstream: Upstream
    accepted: int = 0
    live: set[asyncio.Task[None]] = field(default_factory=set)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def call(
        self,
        method: str = "GET",
        body: bytes | Upload | None = None,
        early: Callable[[int, Any], None] | None = None,
        upgrade: bytes = b"",
        **timeout: Any,
    ) -> Call:
        call = Call(self.origin, method, b"/x", (), body, Timeout(**timeout))
        call.upgrade, call.early = upgrade, None if early is None else Hearing(early)
        return call

    async def send(self, method: str = "GET", **how: Any) -> Reply:
        return await asyncio.wait_for(self.upstream.send(self.call(method, **how)), LONG)

    async def ask(self, method: str = "GET", **how: Any) -> tuple[int, bytes]:
        """Status and whole body."""
        reply = await self.send(method, **how)
        try:
            return reply.status, await asyncio.wait_for(whole(reply), LONG)
        finally:
            reply.close()

    async def deserted(self) -> None:
        """Until no connection is open, seen from the server."""
        if self.live:
            _, pending = await asyncio.wait(self.live, timeout=LONG)
            assert not pending, "a connection stayed open"


async def whole(reply: Reply) -> bytes:
    body = b""
    while data := await reply.read():
        body += data
    return body


@asynccontextmanager
async def leg(
    *plays: Play, dial: Dial | None = None, tls: ssl.SSLContext | None = None, most: int | None = None
) -> AsyncIterator[Leg]:
    """The nth connection gets the nth play; the last one is for all that follow."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    upstream = Upstream(dial, most)
    served = Leg(Origin(tls is not None, "127.0.0.1", 0), upstream)
    loop.set_exception_handler(lambda _, context: served.errors.append(context))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        play = plays[min(served.accepted, len(plays) - 1)]
        served.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        served.live.add(task)
        try:
            await play(Peer(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, RuntimeError):
            pass  # the client left; that is its right (uvloop says RuntimeError)
        except asyncio.CancelledError:
            pass  # asyncio's stream server reports a cancelled handler as an error
        finally:
            served.live.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    served.origin = Origin(tls is not None, "127.0.0.1", port_of(server))
    try:
        yield served
    finally:
        await upstream.close()
        server.close()
        for task in list(served.live):
            task.cancel()
        await settled(before)
        loop.set_exception_handler(None)
    assert upstream.pool.busy == upstream.pool.idle == 0, upstream.pool
    assert not served.errors, served.errors


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


async def settled(before: set[asyncio.Task[Any]]) -> None:
    """Until only these tasks are left."""
    left: Sequence[asyncio.Task[Any]] = [task for task in asyncio.all_tasks() if task not in before]
    if left:
        _, pending = await asyncio.wait(left, timeout=LONG)
        assert not pending, f"tasks left behind: {pending}"
