"""Time: who is slow is told so or cut, and nobody else waits for them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import RawApi, Wire
from tests.wire.inbound.test_limits import transport_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BIG = b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" + b"x" * 20_000_000
START = b"GET /api HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api HTTP/1.1\r\nHost: localhost\r\n"
LONG = {"head": "1h", "idle": "1h", "stall": "1h"}


async def behind(stage: Stage, *replies: bytes, **limits: Any) -> RawApi:
    """The one time that a test is about is short, so that it can only be that one which ends the waiting."""
    api = await stage.api(*replies)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}}, limits=LONG | limits)
    return api


@pytest.mark.parametrize("start", [b"", b"G", START, START + b"X: ", b"\r\n\r\n"])
async def test_a_head_that_never_ends_is_cut(stage: Stage, start: bytes) -> None:
    api = await behind(stage, OK, head="100ms")
    wire = await stage.wire()
    await wire.send(start)
    assert await wire.rest() == b""
    assert api.requests == []


async def test_a_second_head_that_never_ends_is_cut(stage: Stage) -> None:
    """Begun with the first request, or after its answer."""
    await behind(stage, OK, head="100ms")
    for begun, more in ((START, b""), (b"", START)):
        wire = await stage.wire()
        await wire.send(START, b"\r\n", begun)
        assert (await wire.message()).status == 200
        await wire.send(more)
        assert await wire.rest() == b""


async def test_dripping_does_not_make_a_heads_time_longer(stage: Stage) -> None:
    await behind(stage, OK, head="200ms")
    wire = await stage.wire()
    ended = asyncio.create_task(wire.rest())
    async with asyncio.timeout(10):
        while not ended.done():
            wire.writer.write(b"\r\n")
            await asyncio.wait([ended], timeout=0.02)
    assert await ended == b""


async def test_an_idle_connection_is_closed(stage: Stage) -> None:
    await behind(stage, OK, idle="100ms")
    wire = await stage.wire()
    await wire.send(START, b"\r\n")
    assert (await wire.message()).status == 200
    assert await wire.rest() == b""


BODIES = [
    (b"Content-Length: 5\r\n\r\n", b""),
    (b"Content-Length: 5\r\n\r\n", b"hell"),
    (b"Content-Length: 500000\r\n\r\n", b""),
    (b"Content-Length: 500000\r\n\r\n", b"x" * 100_000),
    (b"Transfer-Encoding: chunked\r\n\r\n", b""),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhel"),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\r\n"),
    (b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\n", b""),
    (b"Connection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"),
]


@pytest.mark.parametrize(("framing", "sent"), BODIES)
async def test_a_body_that_stands_still_is_a_bad_request(stage: Stage, framing: bytes, sent: bytes) -> None:
    api = await behind(stage, OK, stall="100ms")
    wire = await stage.wire()
    await wire.send(POST, framing, sent)
    answer = await wire.message()
    assert (answer.status, answer.code, answer.get("Connection")) == (400, "bad_request", "close")
    assert "stood still" in answer.json()["detail"]
    assert await wire.rest() == b""
    assert api.requests == []


async def test_a_second_requests_body_that_never_comes(stage: Stage) -> None:
    api = await behind(stage, OK, stall="100ms")
    wire = await stage.wire()
    await wire.send(START, b"\r\n", POST, b"Content-Length: 5\r\n\r\nhe")
    assert (await wire.message()).status == 200
    assert (await wire.message()).status == 400
    assert await wire.rest() == b""
    assert len(api.requests) == 1


async def test_a_pipelined_body_that_waits_for_its_turn_does_not_stand_still(stage: Stage) -> None:
    """It's the proxy that doesn't read on: neither request may suffer from it."""
    await stage.open(limits=LONG | {"stall": "50ms"})
    wire = await stage.wire()
    host = f"Host: {stage.authority}\r\n".encode()
    await wire.send(
        b"GET /oauth2/hold HTTP/1.1\r\n%b\r\n" % host,
        b"POST /oauth2/echo HTTP/1.1\r\n%bContent-Length: 5\r\n\r\nhe" % host,
    )
    await stage.sandbox.until(lambda: stage.sandbox.api_requests == 1)
    (connection,) = stage.server.connections
    stage.server.now += 3600
    assert stage.server.now < connection.deadline, "nothing is awaited of the client"
    stage.sandbox.release.set()
    assert (await wire.message()).json() == {"held": True}
    await wire.send(b"llo")
    assert (await wire.message()).json()["body"]["text"] == "hello"


@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"])
async def test_who_does_not_read_is_cut(stage: Stage, ending: bytes) -> None:
    api = await behind(stage, BIG, stall="100ms")
    wire = await stage.wire()
    transport_of(wire).pause_reading()
    await wire.send(START, ending, b"\r\n")
    await stage.until(lambda: len(api.requests) == 1)
    await stage.until(lambda: not stage.server.connections)


@pytest.mark.parametrize("count", [1, 400])
@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"])
async def test_who_does_not_read_the_last_answers_is_cut(stage: Stage, count: int, ending: bytes) -> None:
    """Answered in full, but what was answered lies in the proxy's memory."""
    await behind(
        stage, b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000, idle="100ms", stall="100ms"
    )
    wire = await stage.wire()
    transport_of(wire).pause_reading()
    await wire.send((START + b"\r\n") * (count - 1), START, ending, b"\r\n")
    await stage.until(lambda: bool(stage.server.connections))
    await stage.until(lambda: not stage.server.connections)


async def slow(stage: Stage, number: int) -> Wire:
    """One that begins a head or a body, and then has hardly anything to add."""
    wire = await stage.wire()
    await wire.send(
        (START, POST + b"Content-Length: 99\r\n\r\n", b"G", POST + b"Transfer-Encoding: chunked\r\n\r\n")[number % 4]
    )
    return wire


async def test_500_slow_clients_do_not_stop_others(stage: Stage) -> None:
    api = await behind(stage, OK)
    crowd = [await slow(stage, number) for number in range(500)]
    drips = (b"X", b"x", b"E", b"1")
    for turn in range(100):
        for number in range(turn % 5, 500, 50):
            crowd[number].writer.write(drips[number % 4] if turn < 5 else b"")
        wire = await stage.wire()
        await wire.send(START, b"Connection: close\r\n\r\n")
        assert (await wire.message()).status == 200
    assert len(api.requests) == 100
    assert len(stage.server.connections) >= 500
    for wire in crowd:
        wire.abort()
    await stage.until(lambda: not stage.server.connections)
