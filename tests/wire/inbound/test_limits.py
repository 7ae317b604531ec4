"""Bounds: of heads, bodies, connections, and of what one client can make the proxy do without reading its answers."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from proxy.wire.inbound.phase import UNTAKEN
from tests.conftest import Stage
from tests.raw import RawApi, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MOST = 4096
START = b"GET /api HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /api HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


async def behind(stage: Stage, *replies: bytes, **limits: Any) -> RawApi:
    api = await stage.api(*replies)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}}, limits={"max_header": MOST} | limits)
    return api


async def refused(wire: Wire, status: int = 431, code: str = "header_too_large") -> None:
    answer = await wire.message()
    assert (answer.status, answer.code, answer.get("Connection")) == (status, code, "close")
    assert await wire.rest() == b""


HEADS = [
    b"GET /api/" + b"x" * MOST + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    START + b"X: " + b"x" * MOST + b"\r\n\r\n",
    START + b"X" * MOST + b": x\r\n\r\n",
    START + b"".join(b"X-%d: %b\r\n" % (number, b"x" * 100) for number in range(60)) + b"\r\n",
    START + b"x:\r\n" * 255 + b"\r\n",
]
ENDLESS = [
    b"GET /api/" + b"x" * 2 * MOST,
    b"X" * 2 * MOST,
    START + b"X: " + b"x" * 2 * MOST,
    START + b"X: y\r\n" * MOST,
    START + b" " * 2 * MOST,
    START + b"X:" + b" " * 2 * MOST,
    b"\r\n" * MOST,
    b"GET " + b" " * 2 * MOST,
]


async def test_a_head_over_the_limit(stage: Stage) -> None:
    """Line, field, name, all fields together, their number; however it comes."""
    api = await behind(stage, OK)
    for head in HEADS[:-1]:
        assert len(head) > MOST
        wire = await stage.wire()
        await wire.send(head)
        await refused(wire)
    many = await stage.wire()
    await many.send(HEADS[-1])  # 256 fields with the host
    assert (await many.message()).status == 200
    more = await stage.wire()
    await more.send(START + b"x:\r\n" * 256 + b"\r\n")
    await refused(more)
    assert len(api.requests) == 1


@pytest.mark.parametrize("before", [START + b"\r\n", CHUNKED + b"1\r\nx\r\n0\r\n\r\n"])
async def test_a_head_that_begins_in_the_segment_of_another_request(stage: Stage, before: bytes) -> None:
    api = await behind(stage, OK)
    head = HEADS[1]
    wire = await stage.wire()
    await wire.send(before, head[:MOST])
    assert (await wire.message()).status == 200
    await wire.send(head[MOST:])
    await refused(wire)
    assert len(api.requests) == 1


async def test_a_head_up_to_the_limit_beside_others(stage: Stage) -> None:
    """Each is measured by itself."""
    await behind(stage, OK)
    head = START + b"X: " + b"x" * (MOST - 100) + b"\r\n\r\n"
    wire = await stage.wire()
    await wire.send(head * 5)
    assert [(await wire.message()).status for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("start", ENDLESS)
async def test_a_head_without_end(stage: Stage, start: bytes) -> None:
    api = await behind(stage, OK)
    wire = await stage.wire()
    await wire.send(start)
    await refused(
        wire, *((400, "bad_request") if start[:2] == b"XX" or b"\n  " in start else (431, "header_too_large"))
    )
    assert api.requests == []


async def test_a_head_byte_by_byte(stage: Stage) -> None:
    """Counted, not weighed: the limit holds for what comes in drops, too."""
    await behind(stage, OK, max_header=1024)
    wire = await stage.wire()
    connection = await joined(stage)
    head = START + b"X: " + b"x" * 1100
    for at in range(1026):
        connection.data_received(head[at : at + 1])
    await refused(wire)


def transport_of(wire: Wire) -> asyncio.Transport:
    """A socket's can stop reading, which asyncio's types don't say."""
    return cast("asyncio.Transport", wire.writer.transport)


async def joined(stage: Stage) -> Any:
    await stage.until(lambda: bool(stage.server.connections))
    (connection,) = stage.server.connections
    return connection


@pytest.mark.parametrize(
    "rest",
    [
        b"0\r\nX: " + b"x" * 2 * MOST,
        b"0\r\n" + b"X: y\r\n" * MOST,
        b"5;" + b"x" * 2 * MOST,
        b"5;a=" + b"x" * 2 * MOST,
        b'5;a="' + b"x" * 2 * MOST,
        b"5" + b";a=b" * MOST,
        b"0" * 2 * MOST,
    ],
)
async def test_trailers_and_extensions_without_end(stage: Stage, rest: bytes) -> None:
    api = await behind(stage, OK)
    wire = await stage.wire()
    await wire.send(CHUNKED, b"5\r\nhello\r\n")
    await stage.until(lambda: stage.serving == 1)
    await wire.send(rest)
    await refused(wire)
    assert api.requests == []


@pytest.mark.parametrize("size", [1000, 1001])
async def test_a_body_at_the_limit_and_over_it(stage: Stage, size: int) -> None:
    """Said at the start, or noticed on the way; in many chunks as in one."""
    api = await behind(stage, OK, max_body=1000)
    length = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
    for raw in (
        length + b"x" * size,
        CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size),
        CHUNKED + b"1\r\nx\r\n" * size + b"0\r\n\r\n",
    ):
        wire = await stage.wire()
        await wire.send(raw)
        answer = await wire.message()
        assert (answer.status, answer.code) == ((413, "body_too_large") if size > 1000 else (200, None))
    assert [len(request.body) for request in api.requests] == ([] if size > 1000 else [1000] * 3)


async def test_a_body_over_the_limit_is_not_waited_for(stage: Stage) -> None:
    api = await behind(stage, OK, max_body=1000)
    wire = await stage.wire()
    await wire.send(b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n")
    await refused(wire, 413, "body_too_large")
    assert api.connections == 0


async def test_connections_over_the_limit_do_not_disturb_the_others(stage: Stage) -> None:
    await behind(stage, OK, max_connections=3)
    held = [await stage.wire() for _ in range(3)]
    for wire in held:
        await wire.send(START, b"\r\n")
        assert (await wire.message()).status == 200
    for _ in range(20):
        late = await stage.wire()
        await late.send(START, b"\r\n")
        answer = await late.head()
        assert (answer.status, answer.code) == (503, "overloaded")
        late.abort()
    await stage.until(lambda: len(stage.server.connections) == 3)
    for wire in held:
        await wire.send(START, b"\r\n")
        assert (await wire.message()).status == 200


async def test_who_does_not_read_is_not_served_on(stage: Stage) -> None:
    """Thousands of requests, no answer read: those that fit are served; the rest stays with the client."""
    api = await behind(stage, b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000)
    wire = await stage.wire()
    transport_of(wire).pause_reading()
    wire.writer.write((START + b"\r\n") * 5000)
    connection = await joined(stage)
    await stage.until(lambda: connection.phase is UNTAKEN or connection._drained is not None)
    served = len(api.requests)
    for _ in range(1000):
        await asyncio.sleep(0)
    assert served == len(api.requests) < 1000
    assert connection.transport.get_write_buffer_size() < 200_000
    transport_of(wire).resume_reading()
    for _ in range(served + 20):
        assert len((await wire.message()).body) == 60_000
    assert len(api.requests) >= served + 20


async def test_a_body_that_nobody_reads_is_not_taken_in(stage: Stage) -> None:
    """The API takes the head and then nothing."""

    async def play(wire: Wire) -> None:
        await wire.head()
        transport_of(wire).pause_reading()
        started.set()
        await release.wait()
        transport_of(wire).resume_reading()
        await wire.some(total)
        await wire.send(OK)

    started, release, total = asyncio.Event(), asyncio.Event(), 64 * 1024 * 1024
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await stage.wire()
    await wire.send(b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % total)
    wire.writer.write(b"x" * total)
    await started.wait()
    connection = await joined(stage)
    await stage.until(lambda: connection.reading_paused)
    request = connection._current
    assert request._size < 1024 * 1024
    assert wire.writer.transport.get_write_buffer_size() > total // 2
    release.set()
    assert (await wire.message()).body == b"ok"
