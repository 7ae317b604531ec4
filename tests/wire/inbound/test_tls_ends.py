"""How a connection to a listener that speaks TLS may end, on either side, over real sockets (RFC 8446 §6.1)."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Protocol

import pytest
import uvloop

from proxy.config.model import Limits
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Server
from tests.certificates import Authority
from tests.raw import PATIENCE
from tests.wire.inbound.test_half_closed import GET, OK, Handled, begun

MUCH = 4 * 1024 * 1024
CLOSING = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Client:
    """One that says goodbye as it is told to. Its calls block: they belong on a thread."""

    def __init__(self, address: tuple[str, int], authority: Authority) -> None:
        self.address = address
        self._sock = socket.create_connection(address, timeout=PATIENCE)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cadata=authority.pem)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        while not self._done(self._tls.do_handshake):
            self._incoming.write(self._sock.recv(65536))

    def _done(self, step: Callable[[], object]) -> bool:
        try:
            step()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._sock.sendall(self._outgoing.read())
        return True

    def send(self, data: bytes) -> None:
        self._tls.write(data)
        self._sock.sendall(self._outgoing.read())

    def notify(self) -> None:
        """The end of what is sent, as TLS says it and TCP after it."""
        self._done(self._tls.unwrap)
        self._sock.shutdown(socket.SHUT_WR)

    def end(self) -> None:
        """TCP's end alone."""
        self._sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self._sock.close()

    def rest(self) -> tuple[bytes, bool]:
        """What comes to the end, and whether TLS has said that it is one."""
        data = b""
        while True:
            try:
                piece = self._tls.read(65536)
            except ssl.SSLZeroReturnError:
                return data, True
            except ssl.SSLWantReadError:
                if not self._more():
                    return data, False
            else:
                if not piece:
                    return data, True
                data += piece

    def _more(self) -> bool:
        try:
            raw = self._sock.recv(65536)
        except ConnectionResetError:
            return False
        self._incoming.write(raw)
        return bool(raw)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def context(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("127.0.0.1"))
    return context


Visit = Callable[[Client, Handled], Coroutine[None, None, None]]


class Play(Protocol):
    def __call__(self, visit: Visit, handled: Handled | None = None) -> Handled: ...


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def play(request: pytest.FixtureRequest, context: ssl.SSLContext, authority: Authority) -> Play:
    """Serves one visit, until the server holds no connection any more."""

    async def served(visit: Visit, handled: Handled) -> None:
        server = Server(handled, Limits())
        listening = await asyncio.get_running_loop().create_server(server.securing(context), "127.0.0.1", 0)
        try:
            async with asyncio.timeout(PATIENCE):
                client = await asyncio.to_thread(Client, listening.sockets[0].getsockname(), authority)
                await visit(client, handled)
                while server.connections:  # noqa: ASYNC110 -- there is no event for it
                    await asyncio.sleep(0.01)
                client.close()
        finally:
            listening.close()
            await server.shutdown(0)

    def go(visit: Visit, handled: Handled | None = None) -> Handled:
        handled = handled or Handled()
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(served(visit, handled))
        return handled

    return go


def test_who_says_goodbye_and_reads_on_is_answered(play: Play) -> None:
    async def visit(client: Client, handled: Handled) -> None:
        client.send(GET)
        client.notify()
        await begun(handled)
        handled.go.set()
        assert await asyncio.to_thread(client.rest) == (OK, True)

    handled = play(visit)
    assert (handled.answered, handled.cancelled) == (1, 0)


@pytest.mark.parametrize("leave", [Client.reset, Client.end], ids=["reset", "no close_notify"])
def test_who_leaves_without_a_word_is_not_served_on(play: Play, leave: Callable[[Client], None]) -> None:
    async def visit(client: Client, handled: Handled) -> None:
        client.send(GET)
        await begun(handled)
        leave(client)

    handled = play(visit)
    assert (handled.answered, handled.cancelled) == (0, 1)


class Generous(Handled):
    """Answers much, in pieces, as fast as it is read; `fails` half-way."""

    fails = False

    async def __call__(self, request: Request) -> None:
        self.begun += 1
        client = request.connection
        client.answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for sent in range(0, MUCH, 65536):
            if self.fails and sent > MUCH // 2:
                client.reset()
                return
            client.write(bytes(65536))
            await client.drain()
        request.last()


def test_all_of_a_long_answer_comes_with_its_end_to_a_late_reader(play: Play) -> None:
    async def visit(client: Client, handled: Handled) -> None:
        client.send(CLOSING)
        await begun(handled)
        answer, ended = await asyncio.to_thread(client.rest)
        assert (len(answer.partition(b"\r\n\r\n")[2]), ended) == (MUCH, True)

    play(visit, Generous())


def test_a_broken_answer_has_no_end(play: Play) -> None:
    async def visit(client: Client, handled: Handled) -> None:
        client.send(CLOSING)
        await begun(handled)
        answer, ended = await asyncio.to_thread(client.rest)
        assert len(answer) < MUCH
        assert not ended

    handled = Generous()
    handled.fails = True
    play(visit, handled)


class Plain:
    """A client that speaks without TLS; its calls block, too."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address, timeout=PATIENCE)

    def ask(self, *pieces: bytes) -> bytes:
        """All that comes, to its end: by a FIN, for a reset raises."""
        with self.sock:
            for piece in pieces:
                self.sock.sendall(piece)
            return b"".join(iter(lambda: self.sock.recv(65536), b""))


@pytest.mark.parametrize(
    "pieces",
    [
        [GET],
        [GET.replace(b"GET", b"OPTIONS"), GET],
        [GET.replace(b"GET", b"DELETE")[:9], GET[5:]],
        [b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4194304\r\n\r\n" + bytes(MUCH // 2), bytes(MUCH // 2)],
        [b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"],
    ],
    ids=["GET", "a preflight and more", "in pieces", "much", "CONNECT"],
)
def test_plain_http_is_answered_in_plain_and_not_served(play: Play, pieces: list[bytes]) -> None:
    async def visit(client: Client, handled: Handled) -> None:
        answer = await asyncio.to_thread(Plain(client.address).ask, *pieces)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\nX-Keyless-Error: bad_request\r\n")
        assert "begins with https://" in json.loads(body)["detail"]
        assert handled.begun == 0
        handled.go.set()
        client.send(CLOSING)
        assert await asyncio.to_thread(client.rest) == (OK, True), "who speaks TLS is served as ever"

    assert play(visit).begun == 1


@pytest.mark.parametrize(
    "noise", [b"", b"no HTTP", b"\x16\x03\x01\x00\x05GET / HTTP", b"\x16\x03\x05" + bytes(40), b"\x80" * 64]
)
def test_what_is_neither_tls_nor_http_is_told_nothing_but_an_alert(play: Play, noise: bytes) -> None:
    async def visit(client: Client, _handled: Handled) -> None:
        plain = Plain(client.address)
        plain.sock.sendall(noise)
        plain.sock.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert b"HTTP" not in await asyncio.to_thread(plain.ask)
        client.close()

    assert play(visit).begun == 0


def test_plain_http_behind_a_handshake_is_no_request(play: Play) -> None:
    """It is answered by an alert, as all that TLS can't read."""

    async def visit(client: Client, _handled: Handled) -> None:
        client._sock.sendall(GET)
        with suppress(ConnectionResetError, ssl.SSLError):
            assert await asyncio.to_thread(client.rest) == (b"", False)

    assert play(visit).begun == 0
