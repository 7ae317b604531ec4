"""How an API ends its connection, on both loops: what came before is delivered, and only a whole end ends a body."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from proxy.config.model import Timeout
from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.serve.upstream import Broken, Call, Reply, Upstream
from proxy.wire.outbound.dial import Dialer, tls_context
from tests.certificates import Authority

LONG = 20.0
BODY = bytes(range(256)) * 4096  # 1 MiB: more than is taken in for a reader that does not read
FRAMED = {
    "length": b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY),
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    "until-close": b"\r\n" + BODY,
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def answer(listener: socket.socket, tls: ssl.SSLContext | None, reply: bytes, end: str) -> None:
    """One connection, by blocking calls: no loop's own idea of an end comes in between."""
    plain, _ = listener.accept()
    plain.settimeout(LONG)
    one: socket.socket | ssl.SSLSocket = plain if tls is None else tls.wrap_socket(plain, server_side=True)
    one.recv(65536)
    one.sendall(reply)
    if end == "notify" and isinstance(one, ssl.SSLSocket):
        with suppress(OSError):  # the other side need not answer
            one.unwrap()
    elif end == "reset":
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        socket.socket.shutdown(one, socket.SHUT_WR)
    one.close()


@asynccontextmanager
async def replied(tls: ssl.SSLContext | None, trusted: str, reply: bytes, end: str) -> AsyncIterator[Reply]:
    """The head has come, and the API has gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LONG)
        gone = asyncio.create_task(asyncio.to_thread(answer, listener, tls, reply, end))
        upstream = Upstream(Dialer(tls=lambda _: tls_context(trusted)))
        origin = Origin(tls is not None, "127.0.0.1", listener.getsockname()[1])
        one = await upstream.send(Call(origin, "GET", b"/", (), None, Timeout()))
        try:
            async with asyncio.timeout(LONG):
                yield one
                await gone
        finally:
            one.close()
            await upstream.close()


async def read_out(reply: Reply) -> tuple[bytes, str]:
    """All that could be read, and why there was no more."""
    body = b""
    try:
        while data := await reply.read():
            body += data
    except Broken as error:
        return body, str(error)
    return body, ""


@pytest.mark.parametrize("framing", FRAMED)
@pytest.mark.parametrize("end", ["fin", "notify"])
@pytest.mark.parametrize("waits", [False, True], ids=["reads", "waits"])
async def test_over_tls_all_of_a_reply_arrives(authority: Authority, framing: str, end: str, waits: bool) -> None:
    reply = b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + FRAMED[framing]
    async with replied(authority.server("127.0.0.1"), authority.pem, reply, end) as one:
        if waits:
            while not one.connection.reading_paused:  # type: ignore[attr-defined] # noqa: ASYNC110 -- it is full
                await asyncio.sleep(0)
        body, why = await read_out(one)
        assert body == BODY
        if framing == "until-close" and end == "fin":
            assert "without close_notify" in why
        else:
            assert why == ""


@pytest.mark.parametrize("framing", FRAMED)
async def test_over_tcp_a_fin_is_a_whole_end(authority: Authority, framing: str) -> None:
    async with replied(
        None, authority.pem, b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + FRAMED[framing], "fin"
    ) as one:
        assert await read_out(one) == (BODY, "")


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("end", ["fin", "notify", "reset"])
async def test_a_reply_that_is_short_is_cut_whatever_the_end(authority: Authority, secure: bool, end: str) -> None:
    """Where all of it, and the end, came before anybody looked, the client gets an error instead of half a reply."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"
    try:
        async with replied(authority.server("127.0.0.1") if secure else None, authority.pem, reply, end) as one:
            body, why = await read_out(one)
            assert why
            assert body == b"hello"
    except Fault as fault:
        assert fault.code in ("upstream_protocol", "upstream_unreachable")  # noqa: PT017 -- one outcome of two
