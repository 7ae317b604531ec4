"""What a failed call to an issuer is told as: who did what, in words, and what to do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from proxy.errors import FailureClass
from proxy.tokens.calls.call_errors import LONGEST_FIELD, LONGEST_HEAD, MOST_FIELDS
from proxy.tokens.calls.issuer import Issuer
from tests.tokens.calls.issuers import GOOD, Server, asking, deaf, failure, post, reply, serving

SECRET = "s3cret-in-a-header"


@pytest.fixture
async def client() -> AsyncIterator[Issuer]:
    async with Issuer(connect_timeout=1.0, total_timeout=2.0) as client:
        yield client


def fields(count: int, length: int) -> list[str]:
    return [f"X-{number}: {'y' * length}" for number in range(count)]


@pytest.mark.parametrize(
    "headers",
    [
        fields(1, 9000),
        fields(1, LONGEST_FIELD),
        fields(MOST_FIELDS - 2, 60),  # besides Content-Type and Content-Length
        fields(15, 4000),
    ],
    ids=["a cookie", "the longest", "the most", "all in all"],
)
async def test_heads_as_long_as_an_apis_are_read(client: Issuer, headers: list[str]) -> None:
    async with serving(Server(reply(GOOD, "200 OK", *headers))) as server:
        assert (await client.login(asking(post(server.url)))).value == "a-token"


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ([f"Set-Cookie: {SECRET}{'y' * LONGEST_FIELD}"], "the issuer's reply has a header of more than 32 KiB"),
        (fields(MOST_FIELDS + 1, 2), "the issuer's reply has more than 256 headers"),
        (fields(3, LONGEST_HEAD // 3), "the headers of the issuer's reply are longer than 64 KiB"),
    ],
    ids=["one", "many", "all"],
)
async def test_what_is_too_long_is_said(client: Issuer, headers: list[str], says: str) -> None:
    async with serving(Server(reply(GOOD, "200 OK", *headers))) as server:
        error = await failure(client, post(server.url))
    assert (error.message, error.failure) == (f"127.0.0.1: {says}", FailureClass.PASSING)
    assert "send less" in (error.hint or "")


NO_HTTP = "the issuer's reply is not valid HTTP"
CUT = "the issuer's reply was cut short"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", NO_HTTP),
        (b"\x16\x03\x01 " + SECRET.encode() + b"\r\n\r\n", NO_HTTP),
        (b"<html>hello</html>", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", CUT),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", CUT),
        (b"", "the connection broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "the connection broke"),
    ],
)
async def test_garbage_is_not_called_unreachable(client: Issuer, sent: bytes, says: str) -> None:
    async with serving(Server(sent)) as server:
        error = await failure(client, post(server.url))
    assert says in error.message
    assert SECRET not in error.message
    assert ("can't be reached" in (error.hint or "")) == (says in (CUT, "the connection broke"))
    assert error.again


async def test_plain_http_where_tls_was_meant(client: Issuer) -> None:
    async def speaks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(speaks_first, "127.0.0.1", 0)
    async with listening:
        error = await failure(client, post(f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"))
    assert error.message.startswith("127.0.0.1: TLS failed: ")


async def test_an_outbound_proxy_is_named_as_the_one_who_failed() -> None:
    async with (
        serving(Server(b"HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n")) as proxy,
        Issuer({"https": proxy.url.removesuffix("/token")}) as client,
    ):
        refusal = await failure(client, post("https://auth.example/token"))
    assert refusal.message == "auth.example: the outbound proxy refused the tunnel with status 407"
    with deaf() as nowhere:
        async with Issuer({"https": nowhere}) as client:
            error = await failure(client, post("https://auth.example/token"))
    assert error.message.startswith("auth.example: the outbound proxy: ")


@pytest.mark.parametrize(
    "sent", [b"", b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"HTTP/1.1 200\x00\r\n\r\n"]
)
async def test_no_class_of_a_library_is_shown(client: Issuer, sent: bytes) -> None:
    async with serving(Server(sent)) as server:
        error = await failure(client, post(server.url))
    assert not re.search(r"\w*(Error|Exception|Disconnected|LineTooLong)\b", error.message + (error.hint or ""))
