"""WebSockets: the token goes with the upgrade, a refused upgrade is tried once more, then bytes flow, scrubbed."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import WSMsgType

from tests.conftest import STYLES, Stage
from tests.raw import Wire

MIB = 1024 * 1024
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
)
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n"


async def upgrading(stage: Stage, path: str, *headers: str) -> Wire:
    wire = await stage.wire()
    await wire.send(
        "\r\n".join((f"GET {path} HTTP/1.1", f"Host: {stage.authority}", *UPGRADE, *headers, "", "")).encode()
    )
    return wire


def text(content: bytes, first: int = 0x81) -> bytes:
    """A short frame, as servers send it; 0x81 is all of a text."""
    return bytes((first, len(content))) + content


@pytest.mark.parametrize("style", STYLES)
async def test_trap_36_the_token_is_there_before_the_upgrade(stage: Stage, style: str) -> None:
    await stage.open()
    async with stage.http.ws_connect(f"{stage.url}/{style}/ws", protocols=("echo.v1",)) as ws:
        await ws.send_str("ä")
        await ws.send_bytes(b"\x00\xff")
        assert [(await ws.receive()).data, (await ws.receive()).data] == ["ä", b"\x00\xff"]
        assert ws.protocol == "echo.v1"
        assert stage.token(style) not in str(ws._response.headers)


@pytest.mark.parametrize("style", STYLES)
async def test_trap_36_a_refused_upgrade_is_tried_once_more(stage: Stage, style: str) -> None:
    await stage.open()
    stage.sandbox.void()
    async with stage.http.ws_connect(f"{stage.url}/{style}/ws") as ws:
        assert ws._response.headers["X-Keyless-Attempts"] == "2"
        await ws.send_str("hello")
        assert (await ws.receive()).data == "hello"
    assert stage.mints(style) == 2


async def test_trap_36_no_renewal_once_the_pipe_is_open(stage: Stage) -> None:
    await stage.open()
    async with stage.http.ws_connect(f"{stage.url}/baidu/ws") as ws:
        stage.sandbox.void()
        await ws.send_str('{"error_code": 110}')
        assert (await ws.receive()).data == '{"error_code": 110}'
    assert stage.mints("baidu") == 1


async def test_a_declined_upgrade_comes_back_as_it_is_and_the_connection_lives(stage: Stage) -> None:
    refusal = b"HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nnope"
    api = await stage.api(refusal, refusal, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await upgrading(stage, "/api/ws")
    answer = await wire.message()
    assert (answer.status, answer.body, answer.get("X-Keyless-Attempts")) == (401, b"nope", "2")
    await wire.send(f"GET /api HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    assert (await wire.message()).body == b"ok"
    assert [request.get("Upgrade") for request in api.requests] == ["websocket", "websocket", None]


async def test_large_messages_both_ways(stage: Stage) -> None:
    await stage.open()
    async with stage.http.ws_connect(f"{stage.url}/oauth2/ws", max_msg_size=0) as ws:
        for size in (125, 126, 65535, 65536, 3 * MIB):
            await ws.send_bytes(bytes(size))
            message = await ws.receive()
            assert message.type is WSMsgType.BINARY
            assert message.data == bytes(size)


@pytest.mark.parametrize("code", [1000, 1001, 4001])
async def test_close_codes_pass(stage: Stage, code: int) -> None:
    await stage.open()
    async with stage.http.ws_connect(f"{stage.url}/oauth2/ws?close={code}") as ws:
        await ws.send_str("x")
        assert (await ws.receive()).data == "x"
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert ws.close_code == code
    await stage.until(lambda: not stage.busy)


@pytest.mark.parametrize("first", ["api", "client"])
async def test_whoever_ends_it_no_task_stays_behind(stage: Stage, first: str) -> None:
    async def play(wire: Wire) -> None:
        await wire.head()
        wire.writer.write(SWITCH + b"\r\n" + text(b"hello"))
        if first == "api":
            wire.writer.write(b"\x88\x02\x03\xe8")
        else:
            await wire.rest()

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "none"}})
    before = asyncio.all_tasks()
    wire = await upgrading(stage, "/api/ws")
    await wire.until(b"hello")
    if first == "api":
        await wire.rest()
    wire.writer.close()
    await stage.until(lambda: not stage.server.connections and not asyncio.all_tasks() - before)


async def test_the_guard_stands_before_upgrades_too(stage: Stage) -> None:
    await stage.open()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await stage.http.ws_connect(f"{stage.url}/oauth2/ws", origin="http://evil.test")
    assert refused.value.status == 403
    assert stage.sandbox.api_requests == 0


# ------------------------------------------------------------------------------------------- the pipe, by the byte


async def test_bytes_that_come_with_the_heads_are_not_lost(stage: Stage) -> None:
    async def play(wire: Wire) -> None:
        await wire.head()
        await wire.send(SWITCH, b"\r\n", text(b"first words"))
        await wire.send(text(b"echo " + await wire.some(5)))

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await upgrading(stage, "/api")
    await wire.send(b"early")
    answer = await wire.head()
    assert answer.status == 101
    assert (answer.get("Connection"), answer.get("Upgrade")) == ("Upgrade", "websocket")
    assert await wire.rest() == text(b"first words") + text(b"echo early")


async def test_backpressure_reaches_the_client(stage: Stage) -> None:
    """An API that does not read stops the client; once it reads, everything arrives."""
    reading, received = asyncio.Event(), 0

    async def play(wire: Wire) -> None:
        nonlocal received
        await wire.head()
        await wire.send(SWITCH, b"\r\n")
        wire.writer.transport.pause_reading()
        await reading.wait()
        wire.writer.transport.resume_reading()
        while received < 64 * MIB:
            received += len(await wire.reader.read(MIB))
        await wire.send(text(b"all"))

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await upgrading(stage, "/api")
    await wire.head()
    for _ in range(64):
        wire.writer.write(bytes(MIB))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await wire.writer.drain()
    assert wire.writer.transport.get_write_buffer_size() > 32 * MIB
    reading.set()
    assert await wire.some(5) == text(b"all")


async def test_what_the_client_said_last_still_arrives(stage: Stage) -> None:
    """It leaves while the proxy holds bytes that the API has not taken yet."""
    last = asyncio.get_running_loop().create_future()

    async def play(wire: Wire) -> None:
        await wire.head()
        await wire.send(SWITCH, b"\r\n")
        wire.writer.transport.pause_reading()
        await closed.wait()
        wire.writer.transport.resume_reading()
        last.set_result(len(await wire.rest()))

    closed = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await upgrading(stage, "/api")
    await wire.head()
    (held,) = stage.service._lasting.upstream.pool._all()
    sent = 0
    while not held.transport.get_write_buffer_size():
        await wire.send(bytes(16384))
        sent += 16384
        await asyncio.sleep(0)
    await wire.close()
    await stage.until(lambda: not stage.server.connections)
    closed.set()
    assert await last == sent


@pytest.mark.parametrize("who", ["client", "api"])
async def test_either_side_may_vanish(stage: Stage, who: str) -> None:
    async def play(wire: Wire) -> None:
        await wire.head()
        await wire.send(SWITCH, b"\r\n")
        if who == "api":
            wire.abort()
        await wire.rest()

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await upgrading(stage, "/api")
    assert (await wire.head()).status == 101
    if who == "client":
        wire.abort()
    await api.until(lambda: api.ended == 1)
    await stage.until(lambda: not stage.busy and not stage.server.connections)


async def test_a_client_that_leaves_before_the_switch_is_noticed(stage: Stage) -> None:
    async def play(wire: Wire) -> None:
        await wire.head()
        asked.set()
        await wire.rest()

    asked = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await upgrading(stage, "/api/ws")
    await asked.wait()
    wire.abort()
    await api.until(lambda: api.ended == 1)
    await stage.until(lambda: not stage.busy and not stage.server.connections)


async def test_what_a_client_sends_before_the_switch_comes_after_it(stage: Stage) -> None:
    async def play(wire: Wire) -> None:
        await wire.head()
        asked.set()
        await sent.wait()
        await wire.send(SWITCH + b"\r\n")
        got.append(await wire.reader.readexactly(10))

    asked, sent, got = asyncio.Event(), asyncio.Event(), list[bytes]()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await upgrading(stage, "/api/ws")
    await asked.wait()
    await wire.send(b"early")
    sent.set()
    assert (await wire.head()).status == 101
    await wire.send(b"later")
    await api.until(lambda: api.ended == 1)
    assert got == [b"earlylater"]


async def test_an_unasked_switch_is_the_apis_mistake(stage: Stage) -> None:
    api = await stage.api(SWITCH + b"\r\n")
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    reply = await stage.ask("GET /api HTTP/1.1")
    assert (reply.status, reply.code) == (502, "upstream_protocol")
    assert stage.busy == 0


@pytest.mark.parametrize("headers", [("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"), ("Upgrade: websocket",)])
async def test_other_upgrades_are_ordinary_requests(stage: Stage, headers: tuple[str, ...]) -> None:
    await stage.open()
    reply = await stage.ask("POST /oauth2/echo HTTP/1.1", *headers, "Content-Length: 5", body=b"hello")
    assert reply.status == 200
    assert reply.json()["body"]["text"] == "hello"
    assert "upgrade" not in reply.json()["headers"]


# ------------------------------------------------------------------------------------------- a web page's client key

CLIENT_KEY = "kl-0123456789abcdef"


@pytest.mark.parametrize(
    ("offered", "passed", "answered"),
    [
        (f"keyless, keyless.key.{CLIENT_KEY}", None, "keyless"),
        (f"chat.v1, keyless.key.{CLIENT_KEY}", "chat.v1", None),
    ],
)
async def test_a_client_key_among_the_subprotocols(
    stage: Stage, offered: str, passed: str | None, answered: str | None
) -> None:
    api = await stage.api(SWITCH + b"\r\n")
    clients = [{"name": "web", "key": CLIENT_KEY}]
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}}, clients=clients)
    wire = await upgrading(stage, "/api/ws", f"Sec-WebSocket-Protocol: {offered}")
    answer = await wire.head()
    assert (answer.status, answer.get("Sec-WebSocket-Protocol")) == (101, answered)
    assert api.requests[0].get("Sec-WebSocket-Protocol") == passed
    assert CLIENT_KEY not in str(api.requests[0])


async def test_a_wrong_client_key_among_the_subprotocols(stage: Stage) -> None:
    await stage.open(clients=[{"name": "web", "key": CLIENT_KEY}])
    wire = await upgrading(stage, "/oauth2/ws", "Sec-WebSocket-Protocol: keyless, keyless.key.wrong")
    assert (await wire.message()).code == "client_key_required"
    assert stage.sandbox.api_requests == 0


# ------------------------------------------------------------------------------------------- what the API says there

TOKEN = "a-static-token-that-is-echoed"
STARS = b"*" * len(TOKEN)


async def said(stage: Stage, *pieces: bytes, **route: object) -> Wire:
    """The client's end of a pipe, the API having said this in pieces, behind a head that echoes the credential."""

    async def play(wire: Wire) -> None:
        head = await wire.head()
        api.record(head)
        await wire.send(SWITCH, f"X-Echo: {head.get('Authorization')}\r\n\r\n".encode())
        for piece in pieces:
            await wire.send(piece)
        await wire.rest()

    api = await stage.playing(play)
    provider = {"scheme": "static", "token": TOKEN}
    await stage.open({"/api": {"upstream": api.url, "provider": "p", **route}}, providers={"p": provider})
    wire = await upgrading(stage, "/api", "Sec-WebSocket-Extensions: permessage-deflate")
    assert (await wire.head()).get("X-Echo") == f"Bearer {STARS.decode()}"
    left_alone = route.get("scrub") == "headers"
    assert api.requests[0].get("Sec-WebSocket-Extensions") == ("permessage-deflate" if left_alone else None)
    return wire


async def test_a_token_in_text_is_starred_across_frames_and_reads(stage: Stage) -> None:
    frames = text(f"you: {TOKEN[:9]}".encode(), 0x01) + text(f"{TOKEN[9:]}, yes".encode(), 0x80)
    wire = await said(stage, *(frames[at : at + 1] for at in range(len(frames))))
    assert await wire.some(len(frames)) == text(b"you: " + STARS[:9], 0x01) + text(STARS[9:] + b", yes", 0x80)


@pytest.mark.parametrize(("first", "route"), [(0x82, {}), (0x81, {"scrub": "headers"})])
async def test_binary_frames_and_unscrubbed_routes_are_left_alone(
    stage: Stage, first: int, route: dict[str, str]
) -> None:
    frame = text(TOKEN.encode(), first)
    wire = await said(stage, frame, **route)
    assert await wire.some(len(frame)) == frame


async def test_a_closes_reason_is_starred(stage: Stage) -> None:
    wire = await said(stage, text(b"\x03\xf0no: " + TOKEN.encode(), 0x88))
    assert await wire.some(2 + 6 + len(TOKEN)) == text(b"\x03\xf0no: " + STARS, 0x88)


async def test_what_cannot_be_read_as_frames_ends_the_pipe(stage: Stage) -> None:
    """Compressed, though nobody asked for it: it could hold anything."""
    wire = await said(stage, text(b"fine"), text(TOKEN.encode(), 0xC1))
    assert await wire.rest() in (text(b"fine"), b"")
    await stage.until(lambda: not stage.busy and not stage.server.connections)
