"""Bodies as streams: nothing waits for its end, nothing is held whole, and whoever leaves is noticed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from tests.conftest import STYLES, Stage
from tests.raw import Wire

MIB = 1024 * 1024
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


async def asking(stage: Stage, target: str, *headers: str) -> Wire:
    wire = await stage.wire()
    await wire.send("\r\n".join((f"{target} HTTP/1.1", f"Host: {stage.authority}", *headers, "", "")).encode())
    return wire


# ------------------------------------------------------------------------------------------- events


@pytest.mark.parametrize("style", STYLES)
async def test_trap_35_the_first_event_is_not_delayed(stage: Stage, style: str) -> None:
    """The sandbox holds the second event back until it is told: the first one arrives all the same."""
    await stage.open()
    wire = await asking(stage, f"GET /{style}/sse?events=2&hold=1")
    await wire.head()
    assert b'"event": 1' in await wire.until(b"\n\n")
    assert not stage.sandbox.release.is_set()
    stage.sandbox.release.set()
    assert b'"event": 2' in await wire.until(b"\n\n")


async def test_trap_35_a_refusal_in_the_first_event_is_recovered(stage: Stage) -> None:
    await stage.open()
    stage.sandbox.void()
    reply = await stage.call("/baidu/sse?events=3&inband=1")
    assert reply.get("X-Keyless-Attempts") == "2"
    assert reply.body.count(b"data:") == 3
    assert b"110" not in reply.body


@pytest.mark.parametrize(
    ("media", "piece"),
    [
        (b"application/json", b'{"type": "ADDED"}\n'),
        (b"application/stream+json", b'{"type": "ADDED"}\n'),
        (b"application/json", b'[{"n": 0}'),
        (b"text/plain; charset=utf-8", b'0:"Hello"\n'),
        (b"text/plain", b"Hello there "),
        (b"text/html", b"<p>Hello</p>"),
        (b"", b'{"type": "ADDED"}\n'),
    ],
)
async def test_trap_35_no_stream_of_another_type_is_delayed(stage: Stage, media: bytes, piece: bytes) -> None:
    """The second piece is held back until the first one has arrived."""
    arrived = asyncio.Event()

    async def play(wire: Wire) -> None:
        api.record(await wire.message())
        named = b"Content-Type: %b\r\n" % media if media else b""
        chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
        await wire.send(b"HTTP/1.1 200 OK\r\n%bTransfer-Encoding: chunked\r\n\r\n%b" % (named, chunk))
        await arrived.wait()
        await wire.send(chunk + b"0\r\n\r\n")

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "baidu"}})
    wire = await asking(stage, "GET /api")
    await wire.head()
    await wire.until(piece)
    arrived.set()
    await wire.until(piece)


async def test_trap_35_after_the_first_event_nothing_is_recovered(stage: Stage) -> None:
    late = EVENTS + b'data: {"ok": 1}\n\ndata: {"error_code": 110}\n\n'
    api = await stage.api(late.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    await stage.open({"/api": {"upstream": api.url, "provider": "baidu"}})
    reply = await stage.ask("GET /api HTTP/1.1")
    assert reply.body == late.removeprefix(EVENTS)
    assert len(api.requests) == 1
    assert stage.mints("baidu") == 1


async def test_trap_35_a_client_that_leaves_during_the_refresh_stops_the_replay(stage: Stage) -> None:
    await stage.open()
    stage.sandbox.void()
    stage.sandbox.gate.clear()
    wire = await asking(stage, "GET /oauth2/echo")
    await stage.sandbox.until(lambda: stage.sandbox.token_requests["oauth2"] == 2)
    wire.abort()
    await stage.until(lambda: not stage.busy and not stage.server.connections)
    stage.sandbox.gate.set()
    assert (await stage.call("/oauth2/echo")).status == 200
    assert [call.generation for call in stage.sandbox.requests] == [1, 2]
    assert stage.mints() == 2


async def test_a_client_that_leaves_while_a_token_is_fetched_cancels_nothing(stage: Stage) -> None:
    stage.sandbox.gate.clear()
    await stage.open()
    await stage.sandbox.until(lambda: stage.sandbox.token_requests["oauth2"] == 1)
    first, second = [await asking(stage, "GET /oauth2/echo") for _ in range(2)]
    await stage.until(lambda: stage.serving == 2)
    first.abort()
    stage.sandbox.gate.set()
    assert (await second.message()).status == 200
    assert stage.sandbox.token_requests["oauth2"] == 1


@pytest.mark.parametrize(
    "behind", [b"x", b"\r\n\r\nnonsense\r\n\r\n", b"GET /oauth2/echo HTTP/1.1\r\nHost: %b\r\n\r\n", b""]
)
async def test_a_client_that_leaves_is_noticed_whatever_it_sent_behind_its_request(stage: Stage, behind: bytes) -> None:
    """Reading must go on while a request is served: only so is the end of the connection seen."""
    await stage.open()
    wire = await asking(stage, "GET /oauth2/hold")
    await stage.sandbox.until(lambda: stage.sandbox.api_requests == 1)
    await wire.send(behind % stage.authority.encode() if b"%b" in behind else behind)
    wire.abort()
    await stage.until(lambda: not stage.busy and not stage.server.connections)


# ------------------------------------------------------------------------------------------- long bodies


@pytest.mark.parametrize("how", ["", "&length=1", "&gzip=1"])
async def test_a_download_arrives_byte_for_byte(stage: Stage, how: str) -> None:
    await stage.open()
    reply = await stage.call(f"/baidu/download?bytes={3 * MIB}{how}")
    assert hashlib.sha256(reply.body).hexdigest() == hashlib.sha256(bytes(n % 251 for n in range(3 * MIB))).hexdigest()


async def test_a_range(stage: Stage) -> None:
    await stage.open()
    reply = await stage.call("/oauth2/download?bytes=1000", headers={"Range": "bytes=10-19"})
    assert (reply.status, reply.body) == (206, bytes(range(10, 20)))
    assert reply.get("Content-Range") == "bytes 10-19/1000"


@pytest.mark.parametrize("style", STYLES)
async def test_an_upload_of_unknown_length(stage: Stage, style: str) -> None:
    await stage.open()

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(64):
            yield bytes((number,)) * 65536

    reply = await stage.call(f"/{style}/upload", "POST", data=pieces())
    expected = hashlib.sha256(b"".join(bytes((number,)) * 65536 for number in range(64))).hexdigest()
    assert reply.json()["sha256"] == expected


async def test_an_upload_is_passed_on_as_it_comes(stage: Stage) -> None:
    """The API answers each piece with an event, before the next one is sent: neither side may be buffered."""

    async def play(wire: Wire) -> None:
        await wire.head()
        await wire.send(EVENTS.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"))
        for _ in range(3):
            piece = await wire.some(len(b"5\r\npiece\r\n"))
            await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await wire.send(b"0\r\n\r\n")

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await asking(stage, "POST /api", "Transfer-Encoding: chunked")
    for count in range(3):
        await wire.send(b"5\r\npiece\r\n")
        if count == 0:
            await wire.head()
        assert b"piece" in await wire.until(b"piece\r\n")
    await wire.send(b"0\r\n\r\n")


async def test_a_slow_reader_slows_the_api_down(stage: Stage) -> None:
    """Far less than the 64 MiB on offer leaves the API while the client reads nothing."""
    sent, stuck = 0, asyncio.Event()

    async def play(wire: Wire) -> None:
        nonlocal sent
        await wire.message()
        wire.writer.transport.set_write_buffer_limits(0)
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
        while sent < 64 * MIB:
            wire.writer.write(bytes(MIB))
            sent += MIB
            try:
                async with asyncio.timeout(0.3):
                    await wire.writer.drain()
            except TimeoutError:
                stuck.set()
                await wire.writer.drain()

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await asking(stage, "GET /api")
    await wire.head()
    wire.writer.transport.pause_reading()
    await stuck.wait()
    assert sent < 32 * MIB
    wire.abort()
    await api.until(lambda: api.ended == 1)


# ------------------------------------------------------------------------------------------- broken off


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nhalf\r\nzz\r\n",
    ],
    ids=["length", "chunked", "garbage"],
)
@pytest.mark.parametrize("provider", ["oauth2", "baidu"])
async def test_trap_28_a_reply_cut_in_the_middle_does_not_end_well(stage: Stage, reply: bytes, provider: str) -> None:
    api = await stage.api(reply.replace(b"200 OK", b"200 OK\r\nContent-Type: application/pdf"))
    await stage.open({"/api": {"upstream": api.url, "provider": provider}})
    try:
        answer = await stage.ask("GET /api HTTP/1.1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    assert answer.code == "upstream_protocol", "seen before the head went out"


async def test_trap_28_a_cut_reply_does_not_end_well_for_http_1_0_either(stage: Stage) -> None:
    """There the end of the connection is the end of the body: only a reset can tell."""
    halves = b"4\r\nhalf\r\n"

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", halves)
        await seen.wait()

    seen = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await stage.wire()
    await wire.send(f"GET /api HTTP/1.0\r\nHost: {stage.authority}\r\n\r\n".encode())
    await wire.until(b"half")
    seen.set()
    with pytest.raises(ConnectionError):
        await wire.some(1)


async def test_what_has_come_of_a_cut_reply_reaches_an_http_1_0_client_before_the_reset(stage: Stage) -> None:
    """It is in the system's buffers when the API breaks off, and the client reads only then."""
    body = bytes(range(256)) * 2048
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    api = await stage.api(head + b"%x\r\n" % (len(body) + 1) + body)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await stage.wire()
    wire.writer.transport.pause_reading()
    await wire.send(f"GET /api HTTP/1.0\r\nHost: {stage.authority}\r\n\r\n".encode())
    await api.until(lambda: api.ended == 1)
    await asyncio.sleep(0.1)  # for a reset that comes too early
    wire.writer.transport.resume_reading()
    await wire.head()
    assert await wire.reader.readexactly(len(body)) == body
    with pytest.raises(ConnectionError):
        await wire.some(1)


async def test_a_client_that_leaves_in_a_download_closes_the_apis_connection(stage: Stage) -> None:
    await stage.open()
    wire = await asking(stage, "GET /oauth2/sse?events=2&hold=1")
    await wire.until(b"\n\n")
    wire.abort()
    await stage.sandbox.until(lambda: stage.sandbox.requests[-1].ended)
    assert stage.sandbox.requests[-1].status is None


async def test_a_client_that_leaves_before_the_first_event_closes_it_too(stage: Stage) -> None:
    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(EVENTS, b"data: ")
        waiting.set()
        await wire.rest()

    waiting = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "baidu"}})
    wire = await asking(stage, "GET /api")
    await waiting.wait()
    wire.abort()
    await api.until(lambda: api.ended == 1)


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Content-Length: 1000", "Transfer-Encoding: chunked"])
async def test_a_client_that_leaves_in_an_upload_closes_the_apis_connection(stage: Stage, framing: str) -> None:
    async def play(wire: Wire) -> None:
        await wire.head()
        began.set()
        await wire.rest()

    began = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await asking(stage, "POST /api", framing)
    await wire.send(b"5\r\nhello\r\n")
    if framing != "Content-Length: 1000":  # short ones are read whole before the API hears of them
        await began.wait()
    wire.abort()
    await api.until(lambda: api.ended == api.connections)
    await stage.until(lambda: not stage.busy and not stage.server.connections)
