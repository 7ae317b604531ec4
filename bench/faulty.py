"""An API that fails now and then, for bench/soak.py: tokens, replies of all sizes, streams, WebSockets, five faults.

Owns: what is wrong with a share of its replies. Must not know: proxies.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct

FAULTS = 0.05
TOKEN_LIFE = 60  # seconds
SIZES = (200, 200, 2_000, 60_000, 600_000)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
"""To the example key of RFC 6455 §1.3."""


def reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Api:
    """Each of its replies fails with the chance FAULTS, in one of five ways."""

    def __init__(self) -> None:
        self.minted = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                await writer.drain()
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """May another follow on this connection?"""
        head = await reader.readuntil(b"\r\n\r\n")
        target = head.split(b" ", 2)[1]
        lengths = (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(next(lengths, 0))
        if target.startswith(b"/token"):
            return self._mint(writer)
        if random.random() < FAULTS:
            return _fail(writer)
        if target.startswith(b"/ws"):
            return await _echo(reader, writer)
        if target.startswith(b"/sse"):
            return await _stream(writer)
        return _reply(writer, bytes(random.choice(SIZES)))

    def _mint(self, writer: asyncio.StreamWriter) -> bool:
        self.minted += 1
        token = {"access_token": f"soak-token-{self.minted:08d}", "token_type": "Bearer", "expires_in": TOKEN_LIFE}
        return _reply(writer, json.dumps(token).encode())


def _reply(writer: asyncio.StreamWriter, body: bytes, status: bytes = b"200 OK") -> bool:
    kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    writer.write(b"HTTP/1.1 %b\r\n%b" % (status, kind) + body)
    return True


def _fail(writer: asyncio.StreamWriter) -> bool:
    match random.randrange(5):
        case 0:
            return _reply(writer, b'{"error": "expired"}', b"401 Unauthorized")
        case 1:
            return _reply(writer, b'{"error": "no"}', b"500 Internal Server Error")
        case 2:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf of it")
        case 3:
            writer.write(b"HTTP/1.1 20")
        case _:
            reset(writer)
    return False


async def _stream(writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(20):
        event = b"data: %d\n\n" % number
        writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        await writer.drain()
        await asyncio.sleep(0.02)
    writer.write(b"0\r\n\r\n")
    return True


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(SWITCHED)
    while await reader.read(4096):
        writer.write(b"\x81\x02ok")
        await writer.drain()
    return False
