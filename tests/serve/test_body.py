"""A client's body: whole or streamed, bounded, captured, and asked for only when it is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from proxy.config.model import Limits
from proxy.errors import Fault
from proxy.serve.body import SHORT, Body
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Server
from tests.wire.outbound.scripted import LONG, port_of

Use = Callable[[Request], Awaitable[object]]

POST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


async def served(use: Use, *pieces: bytes) -> tuple[object, bytes]:
    """What `use` made of the request, and all that the client got. Later pieces are sent when the first was seen."""
    outcome: object = None
    started = asyncio.Event()

    async def handle(request: Request) -> None:
        nonlocal outcome
        started.set()
        try:
            outcome = await use(request)
        except Fault as fault:
            outcome = fault.code
        with suppress(ConnectionResetError):
            request.connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")

    server = Server(handle, Limits())
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listening))
    try:
        async with asyncio.timeout(LONG):
            for piece in pieces:
                writer.write(piece)
                await started.wait()
            got = await reader.readuntil(b"done")
            return outcome, got
    finally:
        writer.close()
        listening.close()
        await server.shutdown(0)


def body(capture: int = 1000, max_body: int | None = None) -> Callable[[Request], Awaitable[Body | None]]:
    return lambda request: Body.of(request, capture, max_body)


async def gathered(body: Body | None) -> bytes:
    assert body is not None
    return b"".join([piece async for piece in body.pieces()])


async def test_no_body() -> None:
    outcome, _ = await served(body(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert outcome is None


@pytest.mark.parametrize("sent", [b"", b"hello", bytes(SHORT)])
async def test_a_short_body_is_read_whole(sent: bytes) -> None:
    outcome, _ = await served(body(SHORT), POST + b"Content-Length: %d\r\n\r\n" % len(sent) + sent)
    assert isinstance(outcome, Body)
    assert (outcome.whole, outcome.length, outcome.replayable) == (sent, len(sent), True)


@pytest.mark.parametrize("later", [False, True])
async def test_a_short_body_is_kept_for_a_replay_as_any_other(later: bool) -> None:
    head, sent = POST + b"Content-Length: 11\r\n\r\n", b"hello world"
    outcome, _ = await served(body(10), *((head, sent) if later else (head + sent,)))
    assert isinstance(outcome, Body)
    assert (outcome.whole, outcome.replayable) == (sent, False)


async def test_a_short_body_that_takes_its_time_is_streamed() -> None:
    came = asyncio.Event()

    async def use(request: Request) -> object:
        body = await Body.of(request, 1000, None)
        assert body is not None
        assert (body.whole, body.length) == (None, 10)
        came.set()
        assert await gathered(body) == b"helloworld"
        return body.replayable and await gathered(body) == b"helloworld"

    async def slowly(request: Request) -> object:
        outcome = asyncio.ensure_future(use(request))
        await came.wait()
        request.feed(b"world")
        request.complete = True
        request.wake()
        return await outcome

    outcome, _ = await served(slowly, POST + b"Content-Length: 10\r\n\r\nhello")
    assert outcome is True


async def test_a_long_body_is_streamed() -> None:
    sent = bytes(SHORT + 1)

    async def use(request: Request) -> object:
        body = await Body.of(request, 1000, None)
        assert body is not None
        assert (body.whole, body.length, body.replayable) == (None, len(sent), True)
        assert await gathered(body) == sent
        return body.replayable

    outcome, _ = await served(use, POST + b"Content-Length: %d\r\n\r\n" % len(sent), sent)
    assert outcome is False


@pytest.mark.parametrize("size", [0, 5, 1000, 1001])
async def test_what_was_captured_can_be_sent_again(size: int) -> None:
    async def use(request: Request) -> object:
        body = await Body.of(request, 1000, None)
        assert body is not None
        assert body.length is None
        assert await gathered(body) == bytes(size)
        return body.replayable and await gathered(body) == bytes(size)

    chunk = b"%x\r\n%b\r\n" % (size, bytes(size)) if size else b""
    outcome, _ = await served(use, CHUNKED + chunk + b"0\r\n\r\n")
    assert outcome is (size <= 1000)


async def test_an_upload_that_broke_off_starts_again_from_the_first_byte() -> None:
    async def use(request: Request) -> object:
        body = await Body.of(request, 1000, None)
        assert body is not None
        pieces = body.pieces()
        first = await anext(pieces)
        await pieces.aclose()
        return first, await gathered(body), await body.read_whole(1000), body.length

    outcome, _ = await served(use, CHUNKED + b"3\r\nabc\r\n", b"3\r\ndef\r\n0\r\n\r\n")
    assert outcome in ((b"abc", b"abcdef", b"abcdef", 6), (b"abcdef", b"abcdef", b"abcdef", 6))


@pytest.mark.parametrize("head", [POST + b"Content-Length: 108\r\n\r\n", CHUNKED + b"65\r\n"])
@pytest.mark.parametrize("whole", [True, False])
async def test_a_body_beyond_the_limit_is_refused(head: bytes, whole: bool) -> None:
    async def use(request: Request) -> object:
        body = await Body.of(request, 1000, 100)
        assert body is not None
        return await body.read_whole(1000) if whole else await gathered(body)

    outcome, _ = await served(use, head + bytes(101) + b"\r\n0\r\n\r\n")
    assert outcome == "body_too_large"


async def test_a_body_that_must_be_whole_has_a_limit_of_its_own() -> None:
    async def use(request: Request) -> object:
        body = await Body.of(request, 1000, None)
        assert body is not None
        return await body.read_whole(100)

    outcome, _ = await served(use, CHUNKED + b"65\r\n" + bytes(101) + b"\r\n0\r\n\r\n")
    assert outcome == "body_too_large"


async def test_a_body_that_breaks_its_framing_is_the_clients_mistake() -> None:
    async def use(request: Request) -> object:
        body = await Body.of(request, 1000, None)
        return await gathered(body)

    enough = 300_000  # not to come with the head, in one segment: then no handler would be asked
    outcome, _ = await served(use, CHUNKED + b"%x\r\n%b\r\nxyz\r\n" % (enough, bytes(enough)))
    assert outcome == "bad_request"


# -------------------------------------------------------------- Expect: 100-continue


def _expecting(length: int, version: bytes = b"1.1") -> bytes:
    head = POST.replace(b"1.1", version) + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % length
    return head + bytes(length)


async def test_a_body_that_is_wanted_is_asked_for_once() -> None:
    async def use(request: Request) -> object:
        body = await Body.of(request, SHORT * 2, None)
        assert body is not None
        return len(await gathered(body)) + len(await gathered(body)) if body.whole is None else len(body.whole)

    assert (await served(use, _expecting(5)))[1].count(CONTINUE) == 1
    outcome, got = await served(use, _expecting(SHORT + 1))
    assert (outcome, got.count(CONTINUE)) == (2 * SHORT + 2, 1)
    assert got.startswith(CONTINUE)


@pytest.mark.parametrize(
    ("request_", "max_body"),
    [
        pytest.param(_expecting(SHORT + 1), None, id="nobody-read-it"),
        pytest.param(_expecting(5), 4, id="too-large"),
        pytest.param(_expecting(5, b"1.0"), None, id="1.0"),
        pytest.param(_expecting(5).replace(b"100-continue", b"200-ok"), None, id="another-expectation"),
    ],
)
async def test_a_body_that_is_not_wanted_is_not_asked_for(request_: bytes, max_body: int | None) -> None:
    _, got = await served(body(max_body=max_body), request_)
    assert CONTINUE not in got


@pytest.mark.parametrize(
    ("head", "sent", "max_body", "whole"),
    [
        (b"Content-Length: 5\r\n\r\n", b"hello", None, b"hello"),
        (b"Content-Length: 0\r\n\r\n", b"", None, b""),
        (b"Content-Length: 5\r\n\r\n", b"hello", 4, None),
        (b"Content-Length: 5\r\n\r\n", b"hell", None, None),
        (b"Content-Length: %d\r\n\r\n" % (SHORT + 1), b"x" * (SHORT + 1), None, None),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n", None, None),
        (b"\r\n", b"", None, None),
    ],
)
async def test_what_has_arrived_is_not_waited_for(
    head: bytes, sent: bytes, max_body: int | None, whole: bytes | None
) -> None:
    async def use(request: Request) -> bytes | None:
        body = Body.arrived(request, 0, max_body)
        return None if body is None else body.whole

    assert (await served(use, POST + head + sent))[0] == whole
