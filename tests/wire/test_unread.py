"""What is kept for a client that does not read what it asked for: bytes that wait with us, not in the system."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import uvloop

from proxy.config.model import Limits, Timeout
from proxy.http.origin import Origin
from proxy.serve.upstream import Call, Upstream
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Server
from proxy.wire.outbound.dial import Dialer, tls_context
from tests.certificates import Authority
from tests.raw import PATIENCE

KIB = 1024
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


class Forwarder:
    """As an answer is forwarded; `most` is what waited at any time, in both directions' buffers."""

    def __init__(self, upstream: Upstream, origin: Origin) -> None:
        self._upstream = upstream
        self._origin = origin
        self.most = 0

    async def __call__(self, request: Request) -> None:
        client = request.connection
        reply = await self._upstream.send(Call(self._origin, "GET", b"/", (), None, Timeout()))
        client.answer(HEAD)
        try:
            while data := await reply.read():
                client.write(data)
                assert client.transport is not None
                self.most = max(self.most, client.transport.get_write_buffer_size())
                await client.drain()
        finally:
            reply.close()


async def _endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        while True:
            writer.write(bytes(256 * KIB))
            await writer.drain()
    except (ConnectionError, RuntimeError):
        pass  # the proxy has left
    finally:
        writer.close()


def _stands(upstream: Upstream, server: Server) -> bool:
    """Nothing moves any more."""
    ours, theirs = upstream.pool._all(), list(server.connections)
    return bool(ours and theirs and ours[0].reading_paused and theirs[0].writing_paused)


async def _unread(secure: ssl.SSLContext | None, trusted: str) -> None:
    loop = asyncio.get_running_loop()
    api = await asyncio.start_server(_endless, "127.0.0.1", 0, ssl=secure)
    upstream = Upstream(Dialer(tls=lambda _: tls_context(trusted)))
    forwarder = Forwarder(upstream, Origin(secure is not None, "127.0.0.1", api.sockets[0].getsockname()[1]))
    server = Server(forwarder, Limits())
    listening = await loop.create_server(server, "127.0.0.1", 0)
    client = socket.create_connection(listening.sockets[0].getsockname())
    try:
        client.sendall(GET)
        async with asyncio.timeout(PATIENCE):
            while not _stands(upstream, server):  # noqa: ASYNC110 -- there is no event for it
                await asyncio.sleep(0.01)
        (leg,) = upstream.pool._all()
        (connection,) = server.connections
        assert leg._reply is not None
        assert connection.transport is not None
        waiting = max(connection.transport.get_write_buffer_size(), forwarder.most) + leg._reply._size
        assert 0 < waiting <= 160 * KIB
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        async with asyncio.timeout(PATIENCE):
            while server.connections or upstream.pool.busy:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.01)
    finally:
        client.close()
        listening.close()
        await server.shutdown(0)
        await upstream.close()
        api.close()


def test_little_waits_for_who_does_not_read() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_unread(None, ""))


def test_nor_where_the_api_speaks_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_unread(authority.server("127.0.0.1"), authority.pem))
