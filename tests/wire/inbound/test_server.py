"""The listening side: limits per connection, draining, sockets of every kind."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from proxy.config.model import Limits
from proxy.values.listen import parse
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Listening, Server
from tests.conftest import Stage
from tests.raw import Wire


async def test_a_line_or_field_over_the_limit_is_431(stage: Stage) -> None:
    await stage.open(limits={"max_header": "4KiB"})
    big = "x" * 5000
    for start, header in ((f"GET /oauth2/{big} HTTP/1.1", "X: y"), ("GET /oauth2/echo HTTP/1.1", f"X: {big}")):
        reply = await stage.ask(start, header)
        assert (reply.status, reply.code) == (431, "header_too_large")
    assert (await stage.ask("GET /oauth2/echo HTTP/1.1", f"X: {big[:3000]}")).status == 200


async def test_too_many_fields_are_431(stage: Stage) -> None:
    await stage.open()
    reply = await stage.ask("GET /oauth2/echo HTTP/1.1", *(f"X-{n}: y" for n in range(2000)))
    assert (reply.status, reply.code) == (431, "header_too_large")


BODIES = ("Content-Length: 5", "Content-Length: 500000", "Transfer-Encoding: chunked")


@pytest.mark.parametrize("framing", BODIES)
@pytest.mark.parametrize("begun", ["", "1\r\n"])
@pytest.mark.parametrize("before", ["", "GET /oauth2/echo HTTP/1.1\r\nHost: localhost\r\n\r\n"])
async def test_a_body_that_does_not_come_ends_the_connection(
    stage: Stage, framing: str, begun: str, before: str
) -> None:
    await stage.open(limits={"stall": "100ms"})
    wire = await stage.wire()
    head = f"POST /oauth2/echo HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"
    await wire.send(f"{before}{head}{begun}".encode())
    if before:
        assert (await wire.message()).status == 200
    reply = await wire.message()
    assert (reply.status, reply.code) == (400, "bad_request")
    assert await wire.rest() == b""


async def test_a_body_may_come_after_its_head_also_behind_another_request(stage: Stage) -> None:
    await stage.open()
    wire = await stage.wire()
    host = "Host: localhost\r\n"
    head = f"POST /oauth2/echo HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\n"
    await wire.send(f"GET /oauth2/echo HTTP/1.1\r\n{host}\r\n{head}".encode())
    assert (await wire.message()).status == 200
    await wire.send(b"hello")
    assert (await wire.message()).json()["body"]["text"] == "hello"


async def test_over_max_connections_a_new_one_is_told_so(stage: Stage) -> None:
    await stage.open(limits={"max_connections": 2})
    held = [await stage.wire() for _ in range(2)]
    await stage.until(lambda: len(stage.server.connections) == 2)
    late = await stage.wire()
    reply = await late.message()
    assert (reply.status, reply.code, reply.get("Retry-After")) == (503, "overloaded", "1")
    assert reply.json()["code"] == "overloaded"
    assert reply.json()["hint"]
    assert await late.rest() == b""
    await held[0].close()
    await stage.until(lambda: len(stage.server.connections) == 1)
    assert (await stage.ask("GET /oauth2/echo HTTP/1.1")).status == 200


async def test_a_stop_lets_what_is_under_way_finish(stage: Stage) -> None:
    await stage.open()
    wire, idle = await stage.wire(), await stage.wire()
    await wire.send(f"GET /oauth2/hold HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    await stage.sandbox.until(lambda: stage.sandbox.api_requests == 1)
    stopping = asyncio.create_task(stage.service.listening.stop())
    assert await idle.rest() == b"", "idle connections close at once"
    with pytest.raises(ConnectionRefusedError):
        await stage.wire()
    stage.sandbox.release.set()
    assert (await wire.message()).json() == {"held": True}
    await stopping
    assert await wire.rest() == b""


async def test_a_stop_while_a_token_is_fetched(stage: Stage) -> None:
    stage.sandbox.gate.clear()
    await stage.open()
    await stage.sandbox.until(lambda: stage.sandbox.token_requests["oauth2"] == 1)
    wire = await stage.wire()
    await wire.send(f"GET /oauth2/echo HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    await stage.until(lambda: stage.serving == 1)
    stopping = asyncio.create_task(stage.service.listening.stop())
    stage.sandbox.gate.set()
    assert (await wire.message()).status == 200
    await stopping


async def test_a_unix_socket(stage: Stage, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    await stage.open(listen=f"unix:{path}")
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as http:
        async with http.get("http://any.name/oauth2/echo") as reply:
            assert reply.status == 200
        async with http.get("http://any.name/-/status") as reply:
            assert reply.status == 200


async def test_several_listeners_each_with_its_own_guard(stage: Stage) -> None:
    await stage.open(listen=["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"], anyone=True)
    asked = []
    for listener in stage.service.listening.addresses:
        wire = await Wire.connect(listener.host.replace("0.0.0.0", "127.0.0.1"), listener.port)
        await wire.send(b"GET /oauth2/echo HTTP/1.1\r\nHost: proxy.example.test\r\n\r\n")
        asked.append((await wire.message()).status)
        await wire.close()
    assert asked == [403, 403, 200]


@pytest.mark.parametrize("form", ["text", "json"])
async def test_the_access_log(stage: Stage, capfd: pytest.CaptureFixture[str], form: str) -> None:
    await stage.open(log={"format": form})
    await stage.call("/oauth2/echo?q=secret")
    await stage.ask("GET /nowhere/%0d%1b%5b31m HTTP/1.1")
    await stage.service.__aexit__(None, None, None)
    lines = [line for line in capfd.readouterr().err.splitlines() if "/echo" in line or "40" in line]
    assert "secret" not in str(lines)
    assert "\x1b" not in str(lines)
    if form == "json":
        first = json.loads(lines[0])
        assert (first["event"], first["method"], first["path"], first["status"]) == (
            "request",
            "GET",
            "/oauth2/echo",
            200,
        )
    else:
        assert re.fullmatch(r"\S{10}T\S{12}Z info    GET /oauth2/echo 200 \d+(\.\d)?ms", lines[0])


async def test_the_access_log_can_be_switched_off(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    await stage.open(log={"access": False})
    await stage.call("/oauth2/echo")
    await stage.service.__aexit__(None, None, None)
    assert capfd.readouterr().err == ""


async def test_who_connected_just_before_the_end_is_served_once(stage: Stage) -> None:
    """Such a client has no reason to try again, as one has whose kept connection goes."""
    await stage.open()
    kept, new = await stage.wire(), await stage.wire()
    head = b"GET /-/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    await kept.send(head)
    assert (await kept.message()).status == 200
    (server,) = stage.service.listening.servers
    await stage.until(lambda: len(server.connections) == 2)
    stopping = asyncio.create_task(stage.service.listening.stop())
    assert await kept.rest() == b""
    await new.send(head)
    assert (await new.message()).status == 200
    assert await new.rest() == b""
    await stopping


@pytest.fixture
def door() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:  # short: a socket's path may have 107 bytes
        yield Path(folder, "k.sock")


def listening() -> tuple[Listening, Server]:
    async def handle(request: Request) -> None:
        raise AssertionError(request)

    return Listening(), Server(handle, Limits())


@pytest.mark.parametrize("taken_over", [False, True])
async def test_a_unix_socket_goes_with_who_made_it_unless_another_goes_on(door: Path, taken_over: bool) -> None:
    ours, server = listening()
    await ours.start(parse(f"unix:{door}"), server)
    ours.taken_over = taken_over
    await ours.stop()
    assert door.exists() == taken_over


async def test_a_unix_socket_is_not_taken_from_who_listens_there(door: Path) -> None:
    first, server = listening()
    await first.start(parse(f"unix:{door}"), server)
    second, other = listening()
    with pytest.raises(OSError, match="address already in use"):
        await second.start(parse(f"unix:{door}"), other)
    await second.stop()
    reader, writer = await asyncio.open_unix_connection(door)
    writer.close()
    assert await reader.read() == b"", "the first has it still"
    await first.stop()


async def test_a_unix_socket_that_a_dead_process_left_is_replaced(door: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(door))
    ours, server = listening()
    await ours.start(parse(f"unix:{door}"), server)
    await ours.stop()
    assert not door.exists()
