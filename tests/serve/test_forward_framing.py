"""Lengths, chunks and ends of messages, in both directions, and those who lie about them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import Message, RawApi, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def behind(stage: Stage, *replies: bytes, **config: Any) -> RawApi:
    api = await stage.api(*replies)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}}, **config)
    return api


# ------------------------------------------------------------------------------------------- replies


@pytest.mark.parametrize(
    ("reply", "framing", "body"),
    [
        (OK, ("2", None), b"ok"),
        (OK.replace(b": 2\r\n\r\nok", b": 0\r\n\r\n"), ("0", None), b""),
        (CHUNKED + b"2\r\nok\r\n3\r\n...\r\n0\r\n\r\n", (None, "chunked"), b"ok..."),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", (None, "chunked"), b"to the end"),
        (b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nold", (None, "chunked"), b"old"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (None, None), b""),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", (None, None), b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", ("99", None), b""),
        (b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 1-2/9\r\nContent-Length: 2\r\n\r\nbc", ("2", None), b"bc"),
        (b"HTTP/1.1 299 \r\nContent-Length: 1\r\n\r\nx", ("1", None), b"x"),
    ],
)
async def test_a_replys_framing(
    stage: Stage, reply: bytes, framing: tuple[str | None, str | None], body: bytes
) -> None:
    await behind(stage, reply, OK)
    wire = await stage.wire()
    ask = f"GET /api HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode()
    await wire.send(ask)
    answer = await wire.message()
    assert answer.status == int(reply.split()[1])
    assert (answer.get("Content-Length"), answer.get("Transfer-Encoding")) == framing
    assert answer.body == body
    await wire.send(ask)
    assert (await wire.message()).body == b"ok", "the connection goes on"


@pytest.mark.parametrize("head", [OK.removesuffix(b"ok"), CHUNKED, b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_head_has_no_body_whatever_it_says(stage: Stage, head: bytes) -> None:
    await behind(stage, head, OK)
    wire = await stage.wire()
    host = f"Host: {stage.authority}\r\n\r\n"
    await wire.send(f"HEAD /api HTTP/1.1\r\n{host}GET /api HTTP/1.1\r\n{host}".encode())
    first = await wire.message(bodiless=True)
    assert first.get("Content-Length") == ("2" if b"Content-Length" in head else None)
    assert (await wire.message()).body == b"ok"


async def test_trailers_come_through_but_not_those_that_frame_or_decide(stage: Stage) -> None:
    trailers = b"X-Checksum: abc\r\nSet-Cookie: a=b\r\nContent-Type: x\r\nX-Keyless-Error: forged\r\n"
    await behind(
        stage,
        CHUNKED.replace(b"\r\n\r\n", b"\r\nTrailer: X-Checksum\r\n\r\n") + b"2\r\nok\r\n0\r\n" + trailers + b"\r\n",
    )
    answer = await stage.ask("GET /api HTTP/1.1")
    assert answer.trailers == [("X-Checksum", "abc")]
    assert answer.get("Trailer") == "X-Checksum"


async def test_early_hints_come_first(stage: Stage) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nSet-Cookie: a=b\r\n\r\n"
    await behind(stage, b"HTTP/1.1 100 Continue\r\n\r\n" + hints + hints.replace(b"style", b"more") + OK)
    wire = await stage.wire()
    await wire.send(f"GET /api HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    early = [await wire.head(), await wire.head()]
    assert [message.status for message in early] == [103, 103]
    assert early[0].headers == [("Link", "</api/style.css>; rel=preload")]
    assert (await wire.message()).body == b"ok"


async def test_early_hints_are_not_for_http_1_0(stage: Stage) -> None:
    await behind(stage, b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + OK)
    assert (await stage.ask("GET /api HTTP/1.0")).status == 200


@pytest.mark.parametrize("reply", [OK, CHUNKED + b"2\r\nok\r\n0\r\n\r\n"])
async def test_http_1_0_clients_get_a_plain_body_and_the_end(stage: Stage, reply: bytes) -> None:
    await behind(stage, reply)
    wire = await stage.wire()
    await wire.send(f"GET /api HTTP/1.0\r\nHost: {stage.authority}\r\nConnection: keep-alive\r\n\r\n".encode())
    answer = await wire.message()
    assert (answer.body, answer.get("Transfer-Encoding"), answer.get("Connection")) == (b"ok", None, "close")
    assert await wire.rest() == b""


# ------------------------------------------------------------------------------------------- requests


async def test_pipelined_requests_are_answered_in_order(stage: Stage) -> None:
    await stage.open()
    wire = await stage.wire()
    lines = "".join(
        f"POST /oauth2/echo/{n} HTTP/1.1\r\nHost: {stage.authority}\r\nContent-Length: 1\r\n\r\n{n}" for n in range(6)
    )
    await wire.send(lines.encode())
    answers = [await wire.message() for _ in range(6)]
    assert [answer.json()["path"][-1] for answer in answers] == list("012345")
    assert [answer.json()["body"]["text"] for answer in answers] == list("012345")


async def test_connection_close_is_obeyed_and_stays_here(stage: Stage) -> None:
    api = await behind(stage, OK)
    wire = await stage.wire()
    await wire.send(f"GET /api HTTP/1.1\r\nHost: {stage.authority}\r\nConnection: close\r\n\r\n".encode())
    assert (await wire.message()).get("Connection") == "close"
    assert await wire.rest() == b""
    assert api.requests[0].get("Connection") is None


@pytest.mark.parametrize(
    "first",
    [
        "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Late: a\r\nOrigin: http://evil.test\r\nHost: e\r\n\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx",
        "Connection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Late: a\r\n\r\n",
        "Upgrade: h2c\r\nContent-Length: 100000\r\nConnection: Upgrade\r\n\r\n" + "x" * 100_000,
    ],
)
async def test_nothing_of_a_request_is_left_for_the_next(stage: Stage, first: str) -> None:
    """A proxy in front may send requests of several clients down one connection."""
    api = await behind(stage, OK, OK)
    wire = await stage.wire()
    await wire.send(f"POST /api/1 HTTP/1.1\r\nHost: {stage.authority}\r\n{first}".encode())
    assert (await wire.message()).status == 200
    await wire.send(f"GET /api/2 HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    assert (await wire.message()).status == 200
    assert api.requests[1].start == "GET /2 HTTP/1.1"
    assert [name for name, _ in api.requests[1].headers] == ["Host", "Authorization"]


SMUGGLING = (
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"Content-Length: +3\r\n\r\nabc",
    b"Content-Length: -1\r\n\r\n",
    b"Content-Length: 3, 3\r\n\r\nabc",
    b"Content-Length: 0x3\r\n\r\nabc",
    b"Content-Length: 3 4\r\n\r\nabc",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"X: y\rContent-Length: 3\r\n\r\nabc",
    b"X: a\x00b\r\n\r\n",
    b"X\r\n\r\n",
    b": y\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n1\nab\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
)


@pytest.mark.parametrize("rest", SMUGGLING)
async def test_framing_that_two_servers_could_read_differently_is_refused(stage: Stage, rest: bytes) -> None:
    api = await behind(stage, OK)
    wire = await stage.wire()
    smuggled = f"GET /api/smuggled HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode()
    await wire.send(f"POST /api/outer HTTP/1.1\r\nHost: {stage.authority}\r\n".encode(), rest, smuggled)
    answer = await wire.message()
    assert (answer.status, answer.code) == (400, "bad_request"), answer
    assert b"HTTP/1.1" not in await wire.rest()
    assert not any("smuggled" in request.target for request in api.requests)


@pytest.mark.parametrize(
    "line",
    [
        b"GET",
        b"GET /api",
        b"GET /api HTTP/0.9",
        b"GET /api HTTP/2.0",
        b"GET /api HTTP/9.9",
        b"G@T /api HTTP/1.1",
        b"\x16\x03\x01\x02",
        b"HTTP/1.1 200 OK",
    ],
)
async def test_what_is_not_http_gets_a_bad_request(stage: Stage, line: bytes) -> None:
    await behind(stage, OK)
    wire = await stage.wire()
    await wire.send(line, b"\r\nHost: localhost\r\n\r\n")
    assert (await wire.message()).code in ("bad_request", "path_refused")


async def test_a_transfer_coding_beside_chunked_is_not_lost_on_the_way(stage: Stage) -> None:
    api = await behind(stage, OK)
    for connection in ("keep-alive", "Transfer-Encoding"):
        headers = ("Transfer-Encoding: gzip, chunked", f"Connection: {connection}")
        assert (await stage.ask("POST /api HTTP/1.1", *headers, body=b"0\r\n\r\n")).code == "bad_request"
    assert api.requests == []


async def test_two_hosts_are_a_bad_request(stage: Stage) -> None:
    await behind(stage, OK)
    assert (await stage.ask("GET /api HTTP/1.1", "Host: localhost", "Host: evil.test")).status == 400


# ------------------------------------------------------------------------------------------- 100-continue


def expecting(stage: Stage, path: str, length: int) -> bytes:
    lines = (f"POST {path} HTTP/1.1", f"Host: {stage.authority}", "Expect: 100-continue", f"Content-Length: {length}")
    return "\r\n".join((*lines, "", "")).encode()


@pytest.mark.parametrize("size", [5, 100_000])
async def test_100_continue_comes_once_the_request_is_admitted(stage: Stage, size: int) -> None:
    api = await behind(stage, OK)
    wire = await stage.wire()
    await wire.send(expecting(stage, "/api", size))
    assert (await wire.head()).status == 100
    await wire.send(b"x" * size)
    assert (await wire.message()).status == 200
    assert api.requests[0].get("Expect") is None
    assert len(api.requests[0].body) == size


async def test_a_refused_request_gets_its_answer_without_100(stage: Stage) -> None:
    await behind(stage, OK, limits={"max_body": 10})
    for path, status in (("/nowhere", 404), ("/api/../x", 403), ("/api", 413)):
        wire = await stage.wire()
        await wire.send(expecting(stage, path, 50))
        answer = await wire.message()
        assert answer.status == status
        assert answer.get("Connection") == "close", "a body that may or may not come makes the next request a guess"
        wire.abort()


async def test_100_continue_is_said_once_over_a_replay(stage: Stage) -> None:
    await behind(stage, b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", OK)
    wire = await stage.wire()
    await wire.send(expecting(stage, "/api", 5))
    assert (await wire.head()).status == 100
    await wire.send(b"hello")
    answer = await wire.message()
    assert (answer.status, answer.get("X-Keyless-Attempts")) == (200, "2")


# ------------------------------------------------------------------------------------------- limits of bodies


async def test_a_body_over_the_limit_is_413(stage: Stage) -> None:
    api = await behind(stage, OK, limits={"max_body": "64KiB"})
    big = 64 * 1024 + 1
    known = await stage.ask("POST /api HTTP/1.1", f"Content-Length: {big}", body=b"x" * big)
    assert (known.status, known.code) == (413, "body_too_large")
    assert api.requests == []
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (big, b"x" * big)
    chunked = await stage.ask("POST /api HTTP/1.1", "Transfer-Encoding: chunked", body=chunk)
    assert (chunked.status, chunked.code) == (413, "body_too_large")
    fits = await stage.ask("POST /api HTTP/1.1", f"Content-Length: {big - 1}", body=b"x" * (big - 1))
    assert fits.status == 200


async def test_a_reply_before_the_body_is_over_is_passed_on(stage: Stage) -> None:
    async def play(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno")
        await wire.rest()
        seen.set()

    seen = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    wire = await stage.wire()
    await wire.send(f"POST /api HTTP/1.1\r\nHost: {stage.authority}\r\nContent-Length: 1000000\r\n\r\n".encode(), b"x")
    answer: Message = await wire.message()
    assert (answer.status, answer.body) == (409, b"no")
    await seen.wait()
    wire.abort()
