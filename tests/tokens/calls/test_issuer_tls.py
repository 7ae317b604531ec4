"""Where the issuer client may send a secret: https, loopback, outbound proxies."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.errors import FailureClass
from proxy.tokens.calls.issuer import Issuer
from tests.tokens.calls.issuers import (
    GOOD,
    Server,
    asking,
    certificate,
    deaf,
    failure,
    post,
    reply,
    serving,
    unreachable,
)


@pytest.fixture
async def client() -> AsyncIterator[Issuer]:
    async with Issuer(connect_timeout=1.0, total_timeout=2.0) as client:
        yield client


# ------------------------------------------------------------------ https


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example/token?secret=hush-hush",
        "http://127.evil.example/token?secret=hush-hush",
        "http://localhost.evil.example/token?secret=hush-hush",
        "http://10.0.0.1/token?secret=hush-hush",
        "ftp://127.0.0.1/token?secret=hush-hush",
        "https:///token?secret=hush-hush",
        "https://auth.example:99999/token?secret=hush-hush",
        "/token?secret=hush-hush",
    ],
)
async def test_a_secret_is_sent_by_https_or_to_this_machine_only(client: Issuer, url: str) -> None:
    error = await failure(client, post(url))
    assert error.failure is FailureClass.CREDENTIAL
    assert error.hint
    assert "hush" not in error.message


async def test_trap_27_a_self_signed_issuer_is_refused(client: Issuer, tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    async with serving(Server(reply(GOOD)), context) as server:
        error = await failure(client, post(server.url))
    assert unreachable(error)
    assert "self-signed certificate" in error.message
    assert server.heads == []


async def test_a_certificate_that_is_trusted_must_also_have_the_right_name(tmp_path: Path) -> None:
    context, pem = certificate(tmp_path)
    trusting = Issuer(tls=lambda: ssl.create_default_context(cafile=str(pem)))
    async with trusting as client, serving(Server(reply(GOOD)), context) as server:
        await client.login(asking(post(server.url)))
        error = await failure(client, post(server.url.replace("127.0.0.1", "localhost")))
    assert "localhost" in error.message
    assert len(server.heads) == 1


# ------------------------------------------------------------------ outbound proxies


async def test_https_goes_through_the_proxy_in_a_tunnel(tmp_path: Path) -> None:
    async with serving(Server(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")) as proxy:
        address = proxy.url.removeprefix("http://").removesuffix("/token")
        for written in (f"http://me:p%40ss@{address}", address):
            async with Issuer({"https": written, "http": written}) as client:
                error = await failure(client, post("https://auth.example/token?secret=hush-hush"))
                assert unreachable(error)
    assert [head.splitlines()[0] for head in proxy.heads] == ["CONNECT auth.example:443 HTTP/1.1"] * 2
    assert proxy.header("proxy-authorization", 0) == [f"Basic {b64encode(b'me:p@ss').decode()}"]
    assert proxy.header("proxy-authorization", 1) == []
    assert "hush" not in "".join(proxy.heads)


async def test_loopback_and_bypassed_hosts_do_without_the_proxy(tmp_path: Path) -> None:
    context, pem = certificate(tmp_path)
    with deaf() as proxy:
        proxies = {"https": proxy, "http": proxy}
        trusting = Issuer(
            proxies, lambda host: host == "127.0.0.1", lambda: ssl.create_default_context(cafile=str(pem))
        )
        async with trusting as client, serving(Server(reply(GOOD)), context) as server:
            await client.login(asking(post(server.url)))
        async with Issuer(proxies) as client, serving(Server(reply(GOOD))) as server:
            await client.login(asking(post(server.url)))


async def test_the_environment_is_not_read(client: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with deaf() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        async with serving(Server(reply(GOOD))) as server:
            await client.login(asking(post(server.url)))
