"""What a client's connection lets a handler say, and when: one head per request, nothing behind a broken answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from proxy.config.model import Limits
from proxy.errors import Fault
from proxy.wire.inbound import own
from proxy.wire.inbound.phase import ANSWERING, SERVING
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Server
from proxy.wire.phase import IllegalMove

LONG = 10.0
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"


@asynccontextmanager
async def serving(handle: Callable[[Request], Awaitable[None]]) -> AsyncIterator[tuple[asyncio.StreamReader, Server]]:
    """A client that has sent GET."""
    server = Server(handle, Limits())
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
    writer.write(GET)
    try:
        async with asyncio.timeout(LONG):
            yield reader, server
    finally:
        writer.close()
        listening.close()
        await server.shutdown(0)


async def said(reader: asyncio.StreamReader) -> bytes:
    """All that comes; a reset is an end."""
    data = b""
    try:
        while piece := await reader.read(65536):
            data += piece
    except ConnectionError:
        pass
    return data


class Deaf:
    """A pipe for what nobody takes."""

    def __init__(self) -> None:
        self.closed = 0

    def feed(self, data: bytes) -> None:
        raise AssertionError(data)

    def close(self) -> None:
        self.closed += 1


async def test_a_mistake_behind_a_101_writes_nothing_into_the_other_protocol() -> None:
    async def handle(request: Request) -> None:
        request.connection.answer(SWITCH)
        request.connection.become(pipe)
        request.connection.write(b"frame")
        await asyncio.sleep(0)
        raise RuntimeError("a mistake in a reader of frames")

    pipe = Deaf()
    async with serving(handle) as (reader, _):
        assert (await said(reader)).removeprefix(SWITCH) in (b"frame", b"")  # a reset may overtake it
    assert pipe.closed == 1


@pytest.mark.parametrize("error", [RuntimeError("ours"), Fault("upstream_protocol", "theirs")])
async def test_a_mistake_in_the_middle_of_an_answer_cuts_it(error: Exception) -> None:
    async def handle(request: Request) -> None:
        request.connection.answer(OK + b"o")
        await went.wait()
        if isinstance(error, Fault):
            own.fault(request, error, None)
        else:
            raise error

    went = asyncio.Event()
    async with serving(handle) as (reader, server):
        assert await reader.readexactly(len(OK) + 1) == OK + b"o"
        went.set()
        assert await said(reader) == b""
        assert not server.connections


async def test_a_mistake_before_an_answer_is_answered() -> None:
    async def handle(request: Request) -> None:
        raise RuntimeError("ours")

    async with serving(handle) as (reader, _):
        assert b"internal_error" in await said(reader)


async def test_a_request_has_one_answer_and_hints_come_before_it() -> None:
    async def handle(request: Request) -> None:
        client = request.connection
        seen.append(client.answered)
        with pytest.raises(IllegalMove):
            client.write(b"a body without a head")
        client.hint(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        client.answer(OK)
        seen.append(client.answered)
        client.hint(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        with pytest.raises(IllegalMove, match="from answering to answering"):
            client.answer(OK)
        client.write(b"ok")
        request.keep_alive = False

    seen: list[bool] = []
    async with serving(handle) as (reader, _):
        assert await said(reader) == b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"ok"
    assert seen == [False, True]


async def test_a_handler_that_says_nothing_ends_the_connection() -> None:
    async def handle(request: Request) -> None:
        return

    async with serving(handle) as (reader, _):
        assert await said(reader) == b""


async def test_one_request_after_the_other_goes_through_the_same_phases() -> None:
    async def handle(request: Request) -> None:
        (connection,) = server.connections
        seen.append(connection.phase)
        own.reply(request, 200, [])
        seen.append(connection.phase)

    seen: list[object] = []
    async with serving(handle) as (reader, server):
        await reader.readuntil(b"\r\n\r\n")
        (connection,) = server.connections
        connection.data_received(GET + GET)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
    assert seen == [SERVING, ANSWERING] * 3
