"""What the issuer client sends, what it takes, and how it fails."""

from __future__ import annotations

import asyncio
import gzip
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.auth.token import Flow, IssuerReply, IssuerRequest
from proxy.errors import FailureClass, IssuerError
from proxy.tokens.calls import terms
from proxy.tokens.calls.issuer import Issuer
from tests.descriptors import without_descriptors
from tests.tokens.calls.issuers import GOOD, Server, asking, deaf, failure, post, reply, serving, unreachable, written

SOON = 0.05


@pytest.fixture
async def client() -> AsyncIterator[Issuer]:
    async with Issuer(connect_timeout=1.0, total_timeout=2.0) as client:
        yield client


# ------------------------------------------------------------------ what is sent


async def test_trap_19_the_request_is_the_schemes_and_the_defaults_are_polite(client: Issuer) -> None:
    async with serving(Server(reply(GOOD))) as server:
        await client.login(asking(post(server.url + "?a=%2B+b", ("X-Twice", "1"), ("X-Twice", "2"))))
    assert server.heads[0].startswith("POST /token?a=%2B+b HTTP/1.1\r\n")
    assert server.bodies == [b"secret=hush-hush"]
    assert server.header("accept") == ["application/json"]
    assert server.header("accept-encoding") == ["identity"]
    assert server.header("x-twice") == ["1", "2"]
    assert server.header("user-agent")[0].startswith("keyless/")
    for name in ("authorization", "cookie", "content-type"):
        assert server.header(name) == []


async def test_the_schemes_own_headers_win(client: Issuer) -> None:
    headers = (("accept", "text/json"), ("User-Agent", "vendor-sdk"), ("Content-Type", "text/plain"))
    async with serving(Server(reply(GOOD))) as server:
        await client.login(asking(post(server.url, *headers)))
    assert server.header("accept") == ["text/json"]
    assert server.header("user-agent") == ["vendor-sdk"]
    assert server.header("content-type") == ["text/plain"]


async def test_no_cookie_is_kept_and_no_connection(client: Issuer) -> None:
    async with serving(Server(reply(GOOD, "200 OK", "Set-Cookie: id=1; Path=/"))) as server:
        await client.login(asking(post(server.url), post(server.url)))
    assert len(server.heads) == 2
    assert server.header("cookie", 1) == []
    assert server.header("connection") == ["close"]


async def test_passwords_of_a_netrc_file_are_not_sent(
    client: Issuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    async with serving(Server(reply(GOOD))) as server:
        await client.login(asking(post(server.url)))
        await client.login(asking(post(server.url, ("Authorization", "Basic own"))))
    assert server.header("authorization") == []
    assert server.header("authorization", 1) == ["Basic own"]


# ------------------------------------------------------------------ what comes back


async def test_the_reply_goes_to_the_scheme_with_lower_case_headers(client: Issuer) -> None:
    seen: list[IssuerReply] = []
    async with serving(Server(reply(b"no", "429 Slow Down", "Retry-AFTER: 7"))) as server:
        await client.login(asking(post(server.url), seen=seen))
    assert (seen[0].status, seen[0].body, seen[0].headers["retry-after"]) == (429, b"no", "7")


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
async def test_redirects_are_not_followed(client: Issuer, status: str) -> None:
    seen: list[IssuerReply] = []
    async with serving(Server(reply(GOOD))) as elsewhere, serving(Server(b"")) as server:
        server.replies = [reply(b"", f"{status} Moved", f"Location: {elsewhere.url}")]
        await client.login(asking(post(server.url), seen=seen))
    assert (seen[0].status, elsewhere.heads) == (int(status), [])


@pytest.mark.parametrize(("size", "taken"), [(terms.MAX_REPLY, True), (terms.MAX_REPLY + 1, False)])
async def test_a_reply_has_a_mebibyte_at_most(client: Issuer, size: int, taken: bool) -> None:
    async with serving(Server(reply(b"x" * size))) as server:
        if taken:
            await client.login(asking(post(server.url)))
        else:
            error = await failure(client, post(server.url))
            assert error.failure is FailureClass.PASSING
            assert "more than 1 MiB" in error.message


async def test_the_bound_is_on_what_a_compressed_reply_unfolds_to(client: Issuer) -> None:
    bomb = gzip.compress(b"x" * (8 * terms.MAX_REPLY))
    async with serving(Server(reply(bomb, "200 OK", "Content-Encoding: gzip"))) as server:
        assert "more than 1 MiB" in (await failure(client, post(server.url))).message


async def test_a_reply_without_an_end_is_cut_off(client: Issuer) -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (terms.MAX_REPLY + 1)
    async with serving(Server(endless, hangs=True)) as server:
        assert "more than 1 MiB" in (await failure(client, post(server.url))).message


# ------------------------------------------------------------------ a network that fails


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01 no http at all\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk", "bad chunk", "bad gzip", "huge header", "no http"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_broken_replies_are_tried_again_but_not_by_the_http_library(
    client: Issuer, bytes_sent: bytes, method: str
) -> None:
    async with serving(Server(bytes_sent)) as server:
        error = await failure(client, IssuerRequest(method, server.url, consent=written(server.url)))
    assert unreachable(error)
    assert error.message.startswith("127.0.0.1: ")
    assert len(server.heads) == 1, "aiohttp would send a GET twice"


async def test_a_refused_connection(client: Issuer) -> None:
    with deaf() as url:
        error = await failure(client, post(url))
    assert unreachable(error)
    assert "127.0.0.1" in error.message


async def test_a_name_that_does_not_exist(client: Issuer) -> None:
    error = await failure(client, post("https://no-such-host.invalid/token?secret=hush-hush"))
    assert unreachable(error)
    assert "no-such-host.invalid" in error.message
    assert "hush" not in error.message


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"],
    ids=["no", "head", "body"],
)
async def test_a_slow_reply_has_a_deadline(beginning: bytes) -> None:
    async with Issuer(total_timeout=SOON) as client, serving(Server(beginning, hangs=True)) as server:
        error = await failure(client, post(server.url))
    assert unreachable(error)
    assert "in time" in error.message


async def test_a_slow_tls_handshake_counts_as_connecting() -> None:
    """The server takes the connection and says nothing."""
    async with Issuer(connect_timeout=SOON, total_timeout=60.0) as client, serving(Server(b"", hangs=True)) as server:
        error = await failure(client, post(server.url.replace("http:", "https:")))
    assert unreachable(error)
    assert "in time" in error.message


async def test_trap_05_a_slow_issuer_does_not_make_others_on_its_host_wait(client: Issuer) -> None:
    async with serving(Server(b"", hangs=True)) as slow, serving(Server(reply(GOOD))) as quick:
        waiting = [asyncio.ensure_future(client.login(asking(post(slow.url)))) for _ in range(150)]
        await client.login(asking(post(quick.url)))
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


def test_the_limits_are_those_of_the_contract() -> None:
    assert (terms.CONNECT_TIMEOUT, terms.TOTAL_TIMEOUT, terms.MAX_REPLY) == (5.0, 15.0, 1 << 20)


# ------------------------------------------------------------------ the flow


async def test_a_login_may_take_several_requests(client: Issuer) -> None:
    async with serving(Server(reply(b"1"), reply(b"2"))) as server:
        seen: list[IssuerReply] = []
        minted = await client.login(asking(post(server.url), post(server.url), seen=seen))
    assert (minted.value, [came.body for came in seen]) == ("a-token", [b"1", b"2"])


async def test_a_flow_whose_call_fails_is_closed(client: Issuer) -> None:
    closed = []

    def flow() -> Flow:
        try:
            yield post("http://auth.example/")
        finally:
            closed.append(True)
        raise AssertionError

    with pytest.raises(IssuerError):
        await client.login(flow())
    assert closed == [True]


async def test_trap_26_no_failure_quotes_the_url_or_what_was_sent(client: Issuer) -> None:
    async with serving(Server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")) as server:
        with deaf() as nowhere:
            for url in (server.url, f"{nowhere}/token", "https://no-such-host.invalid/", "http://x.example/"):
                error = await failure(client, post(url + "?secret=hush-hush", ("Authorization", "hush-hush")))
                assert "hush" not in "".join(traceback.format_exception(error))
                assert "hush" not in repr(error)


async def test_what_this_machine_lacks_is_no_fault_of_the_issuer(client: Issuer) -> None:
    with without_descriptors():
        error = await failure(client, post("http://localhost:9/token"))
    assert error.ours is not None
    assert (error.ours.code, error.failure) == ("overloaded", FailureClass.PASSING)
    assert "the proxy's machine is out of file descriptors" in error.message
