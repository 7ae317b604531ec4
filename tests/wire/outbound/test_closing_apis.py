"""APIs that close before we write, or before we have written all: nothing is sent into a connection that has closed,
and what the API had said is read. The loop is held up, so that it can't have seen the end before.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from proxy.config.model import Timeout
from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.serve.upstream import Call, Reply, Upstream
from proxy.wire.outbound.dial import Dialer, tls_context
from tests.certificates import Authority

LONG = 20.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope"
LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
PIECE = bytes(64 * 1024)

Plain = socket.socket | ssl.SSLSocket


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


class Api:
    """Each connection is played by blocking calls, in a thread."""

    def __init__(self, play: Callable[[Api, Plain], None], authority: Authority, secure: bool) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.tls = authority.server("127.0.0.1") if secure else None
        self.origin = Origin(secure, "127.0.0.1", self.listener.getsockname()[1])
        self.upstream = Upstream(Dialer(tls=lambda _: tls_context(authority.pem)))
        self.play = play
        self.go, self.ended = threading.Event(), threading.Event()
        self.requests: list[bytes] = []
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self.listener.accept()
                thread = threading.Thread(target=self._serve, args=(plain,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(LONG)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a reset overtakes what waits for an ACK
        with plain, suppress(OSError):
            if self.tls is None:
                self.play(self, plain)
            else:
                with self.tls.wrap_socket(plain, server_side=True) as one:
                    self.play(self, one)

    def request(self, one: Plain) -> bytes:
        self.requests.append(one.recv(65536))
        return self.requests[-1]

    def end(self, one: Plain, how: str) -> None:
        """`reset`, `fin`, or `notify`, which is a FIN over TCP."""
        if how == "notify" and isinstance(one, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                one.settimeout(0)  # the other side's is not waited for
                one.unwrap()
        if how == "reset":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
        self.ended.set()

    async def send(self, method: str, body: Any = None) -> Reply:
        call = Call(self.origin, method, b"/", (), body, Timeout())
        return await asyncio.wait_for(self.upstream.send(call), LONG)

    async def ask(self, method: str, body: Any = None) -> tuple[int, bytes]:
        reply = await self.send(method, body)
        data = b""
        while piece := await reply.read():
            data += piece
        reply.close()
        return reply.status, data


@contextmanager
def api(play: Callable[[Api, Plain], None], authority: Authority, secure: bool) -> Iterator[Api]:
    one = Api(play, authority, secure)
    try:
        yield one
    finally:
        one.go.set()
        with suppress(OSError):
            one.listener.shutdown(socket.SHUT_RDWR)
        one.listener.close()
        for thread in one._threads:
            thread.join(LONG)
        assert not any(thread.is_alive() for thread in one._threads)


# -------------------------------------------------------------- before we write


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("end", ["fin", "notify", "reset", "late"])
async def test_a_post_is_not_written_into_a_connection_that_has_closed(
    authority: Authority, secure: bool, end: str
) -> None:
    def play(api: Api, one: Plain) -> None:
        first = not api.requests
        while api.request(one):
            one.sendall(OK)
            if first:
                api.go.wait(LONG)
                if end == "late":
                    one.sendall(LATE)
                return api.end(one, end)
        return None

    with api(play, authority, secure) as server:
        assert await server.ask("POST", b"1") == (200, b"ok")
        assert server.upstream.pool.idle == 1
        server.go.set()
        assert server.ended.wait(LONG)  # and the loop stands still
        assert await server.ask("POST", b"2") == (200, b"ok")
        assert [request[-1:] for request in server.requests if request] == [b"1", b"2"]
        await server.upstream.close()


async def test_what_can_be_sent_again_does_not_look(authority: Authority) -> None:
    def play(api: Api, one: Plain) -> None:
        while api.request(one):
            one.sendall(OK)

    with api(play, authority, secure=False) as server:
        assert await server.ask("GET") == (200, b"ok")
        (connection,) = server.upstream.pool._origins[server.origin].idle
        looked: list[str] = []
        transport = connection.transport

        class Watched:
            def __getattr__(self, name: str) -> Any:
                return getattr(transport, name)

            def get_extra_info(self, name: str) -> Any:
                looked.append(name)
                return transport.get_extra_info(name)  # type: ignore[union-attr]

        connection.transport = Watched()  # type: ignore[assignment]
        assert await server.ask("GET") == (200, b"ok")
        assert looked == []
        assert await server.ask("POST", b"x") == (200, b"ok")
        assert looked == ["socket"]
        await server.upstream.close()


async def test_an_apis_patience_is_learnt(authority: Authority) -> None:
    def play(api: Api, one: Plain) -> None:
        first = not api.requests
        while api.request(one):
            one.sendall(OK)
            if first:
                api.go.wait(LONG)
                return api.end(one, "fin")
        return None

    with api(play, authority, secure=False) as server:
        pool, loop = server.upstream.pool, asyncio.get_running_loop()
        await server.ask("POST", b"1")
        pool._origins[server.origin].idle[0].idle_since -= 5.0
        server.go.set()
        async with asyncio.timeout(LONG):
            while pool.idle:  # noqa: ASYNC110 -- there is no event for what happens inside the pool
                await asyncio.sleep(0.01)
        await server.ask("POST", b"2")
        (second,) = pool._origins[server.origin].idle
        second.idle_since = loop.time() - 3.0
        await server.ask("POST", b"3")
        assert pool._origins[server.origin].idle == [second]  # far from the end
        second.idle_since = loop.time() - 4.5
        await server.ask("GET")
        assert pool._origins[server.origin].idle == [second]  # it could be sent again
        second.idle_since = loop.time() - 4.5
        await server.ask("POST", b"4")
        assert second not in pool._origins[server.origin].idle
        await server.upstream.close()


# -------------------------------------------------------------- before we have written all


class Held:
    """An upload whose second half is written after the API has gone; or never, so that its reply is read first."""

    length = 64 * len(PIECE)
    replayable = False

    def __init__(self, server: Api, writes: bool) -> None:
        self._server = server
        self._writes = writes

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        yield PIECE
        self._server.go.set()
        if not self._writes:
            await asyncio.Event().wait()
        assert self._server.ended.wait(LONG)  # the loop stands still
        for _ in range(63):
            yield PIECE


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("reads", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("writes", [False, True], ids=["reply-first", "write-first"])
@pytest.mark.parametrize("end", ["fin", "notify"])
async def test_what_an_api_says_before_it_leaves_an_upload_is_read(
    authority: Authority, secure: bool, reads: bool, writes: bool, end: str
) -> None:
    """Bytes that it left unread make its end a reset, as do those that come afterwards."""

    def play(api: Api, one: Plain) -> None:
        got = len(api.request(one).partition(b"\r\n\r\n")[2])
        api.go.wait(LONG)
        while reads and got < len(PIECE):
            got += len(one.recv(65536))
        one.sendall(NO)
        api.end(one, end)

    with api(play, authority, secure) as server:
        assert await server.ask("POST", Held(server, writes)) == (401, b"nope")
        await server.upstream.close()
        assert (server.upstream.pool.busy, len(server.requests)) == (0, 1)


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize(
    ("said", "code"),
    [(b"", "upstream_unreachable"), (NO[:20], "upstream_protocol"), (b"HTTP/1.1 no\r\n\r\n", "upstream_protocol")],
    ids=["nothing", "half", "nonsense"],
)
async def test_an_api_that_leaves_an_upload_without_a_reply_is_to_blame(
    authority: Authority, secure: bool, said: bytes, code: str
) -> None:
    def play(api: Api, one: Plain) -> None:
        api.request(one)
        api.go.wait(LONG)
        if said:
            one.sendall(said)
        api.end(one, "fin")

    with api(play, authority, secure) as server:
        with pytest.raises(Fault) as caught:
            await server.ask("POST", Held(server, writes=True))
        assert caught.value.code == code
        await server.upstream.close()
        assert (server.upstream.pool.busy, len(server.requests)) == (0, 1)


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
async def test_a_refusal_that_only_the_end_ends_is_heard_though_it_is_cut(authority: Authority, secure: bool) -> None:
    def play(api: Api, one: Plain) -> None:
        api.request(one)
        api.go.wait(LONG)
        one.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\n\r\ntoo large")
        api.end(one, "fin")

    with api(play, authority, secure) as server:
        reply = await server.send("POST", Held(server, writes=True))
        assert (reply.status, await reply.read()) == (413, b"too large")
        reply.close()
        await server.upstream.close()
