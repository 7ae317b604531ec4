"""Whatever comes from either side: a defined error or the API's own reply, and a process that stays healthy."""

from __future__ import annotations

import asyncio
import gc
import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.errors import CODES
from tests.conftest import Stage
from tests.raw import Message, Wire

# ------------------------------------------------------------------------------------------- what they send

HEADS = st.sampled_from(
    [
        b"Content-Type: application/json",
        b"Content-Type: application/json; charset=no-such-charset",
        b"Content-Type: text/event-stream",
        b"Content-Type: text/html; charset=utf-16",
        b"Content-Type: \xff\xfe",
        b"Content-Encoding: gzip",
        b"Content-Encoding: deflate",
        b"Content-Encoding: br",
        b"Connection: close",
        b'Link: <<>>; rel="next", <',
        b"Location: http://[::1/%%%",
        b"Set-Cookie: \x80",
        b"X-Empty:",
    ]
)
BODIES = st.sampled_from(
    [
        b"",
        b"<html><body>Bad gateway</body></html>",
        b'{"error_code": ',
        b'{"error_code": [110]}',
        b'{"error_code": {"a": 110}}',
        b'{"error_code": 1e999}',
        b"[" * 5000,
        b'{"a":' * 3000,
        b"null",
        b"\xff\xfe{}\x00",
        b"\x1f\x8b\x08\x00 not really",
        gzip.compress(b'{"error_code": 0}'),
        gzip.compress(bytes(10_000_000)),
        b"data: ",
        b"\r\n\r\n" * 100,
        b"x" * 300_000,
    ]
)
FRAMES = st.sampled_from(["length", "chunked", "close", "short", "cut-chunk", "long"])


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    raw = draw(st.one_of(st.none(), st.binary(max_size=200)))
    if raw is not None:
        return raw
    status = draw(st.sampled_from([200, 201, 204, 304, 400, 401, 403, 404, 429, 500, 599, 999]))
    body, frame = draw(BODIES | st.binary(max_size=2000)), draw(FRAMES)
    lines = [b"HTTP/1.1 %d X" % status, *draw(st.lists(HEADS, max_size=4, unique=True))]
    if frame in ("length", "short", "long"):
        lines.append(b"Content-Length: %d" % (len(body) + {"length": 0, "short": 5, "long": -1 if body else 0}[frame]))
    elif frame != "close":
        lines.append(b"Transfer-Encoding: chunked")
        end = b"0\r\n\r\n" if frame == "chunked" else b"fff\r\n"
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + end
    return b"\r\n".join((*lines, b"", b"")) + body


LINES = st.sampled_from(
    ["GET /{}/x", "POST /{}/x?a=%zz", "HEAD /{}", "PUT /{}/ä", "OPTIONS *", "BREW /{}", "CONNECT x:1"]
)
FIELDS = st.sampled_from(
    [
        "Content-Length: 3",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Expect: the-unexpected",
        "Connection: upgrade",
        "Upgrade: websocket",
        "Connection: content-length, host",
        "Authorization: " + "x" * 3000,
        "Accept-Encoding: ;;;q=q",
        "Cookie: =;=;",
        "Range: bytes=9-1",
        "X:\x01",
    ]
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    line = draw(LINES).format(draw(st.sampled_from(["baidu", "oauth2", "json", "form"])))
    fields = draw(st.lists(FIELDS, max_size=4))
    version = draw(st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2.0"]))
    body = draw(st.sampled_from([b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n", b"{}"]) | st.binary(max_size=50))
    return "\r\n".join((f"{line} {version}", "Host: localhost", *fields, "", "")).encode() + body


# ------------------------------------------------------------------------------------------- the property


class Hostile:
    """An API that plays what it is told, once; then it behaves again."""

    def __init__(self) -> None:
        self.next: bytes | None = None

    async def play(self, wire: Wire) -> None:
        while True:
            await wire.message()
            reply, self.next = self.next, None
            await wire.send(reply if reply is not None else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            if reply is not None:
                wire.writer.write_eof()
                return


async def _opened(stage: Stage) -> Hostile:
    hostile = Hostile()
    api = await stage.playing(hostile.play)
    providers = {
        name: {"scheme": "static", "token": "a-static-token", "inject": {name: {"token": "{token}"}}}
        for name in ("json", "form")
    }
    await stage.open(
        {f"/{name}": {"upstream": api.url, "provider": name} for name in ("baidu", "oauth2", "json", "form")},
        providers=providers,
    )
    return hostile


async def _answer(wire: Wire) -> Message | None:
    """The final reply, or None if the connection broke instead."""
    try:
        message = await wire.message()
        while message.status < 200 and message.status != 101:
            message = await wire.message()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return message


async def _check(stage: Stage, hostile: Hostile, answer: Message | None) -> None:
    if answer is not None and answer.code is not None:
        assert CODES[answer.code].status == answer.status
        assert b"a-static-token" not in answer.body
        assert stage.token().encode() not in answer.body
    hostile.next = None
    for name in ("baidu", "oauth2"):
        assert (await stage.ask(f"GET /{name}/x HTTP/1.1")).body == b"ok"
    await stage.until(lambda: not stage.busy)


def _settings(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow, derandomize=True)


@pytest.mark.parametrize("name", ["baidu", "oauth2"])
async def test_hostile_replies(stage: Stage, name: str) -> None:
    hostile = await _opened(stage)
    loop = asyncio.get_running_loop()
    found: list[bytes] = []

    @_settings(150)
    @given(reply=replies())
    def collect(reply: bytes) -> None:
        found.append(reply)

    await loop.run_in_executor(None, collect)
    for reply in found:
        wire = await stage.wire()
        hostile.next = reply
        await wire.send(f"GET /{name}/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        try:
            await _check(stage, hostile, await _answer(wire))
        except BaseException as error:
            error.add_note(f"after {reply[:300]!r}")
            raise
        wire.abort()
    gc.collect()
    assert stage.troubles == []


async def test_hostile_requests(stage: Stage) -> None:
    hostile = await _opened(stage)
    found: list[bytes] = []

    @_settings(200)
    @given(request=requests() | st.binary(min_size=1, max_size=300))
    def collect(request: bytes) -> None:
        found.append(request)

    await asyncio.get_running_loop().run_in_executor(None, collect)
    for request in found:
        wire = await stage.wire()
        await wire.send(request)
        wire.writer.write_eof()
        try:
            await _check(stage, hostile, await _answer(wire))
        except BaseException as error:
            error.add_note(f"after {request[:300]!r}")
            raise
        wire.abort()
    gc.collect()
    assert "request failed" not in stage.log.getvalue(), "nothing is answered by the last resort"


@pytest.mark.parametrize("kind", ["empty", "html", "json", "charset", "gzip", "cut", "close", "http"])
@pytest.mark.parametrize("style", ["baidu", "session"])
async def test_the_sandboxs_broken_replies(stage: Stage, style: str, kind: str) -> None:
    await stage.open()
    wire = await stage.wire()
    await wire.send(f"GET /{style}/broken/{kind} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await _answer(wire)
    if kind == "cut":
        assert answer is None or answer.code == "upstream_protocol"
    elif kind in ("close", "http"):
        assert answer is not None
        assert answer.status == 502
    else:
        assert answer is not None
        assert answer.status == 200
        assert answer.code is None
    assert (await stage.call(f"/{style}/echo")).status == 200
