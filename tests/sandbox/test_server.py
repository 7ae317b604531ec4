"""The listener's life, and the issuer over HTTP with its switches."""

from __future__ import annotations

import ast
import asyncio
import json
from pathlib import Path
from urllib.request import Request, urlopen

import aiohttp
import pytest

from proxy.sandbox import KEY, SECRET, Sandbox, server

from .conftest import STYLES, User


async def test_every_issuer_grants_and_counts(sandbox: Sandbox, user: User, style: str) -> None:
    assert await user.login(style) != await user.login(style)
    assert sandbox.mints == {style: 2}


@pytest.mark.parametrize(("name", "status"), [("baidu", 401), ("aiob", 200), ("session", 401), ("oauth2", 401)])
async def test_every_issuer_refuses_a_wrong_key(sandbox: Sandbox, user: User, name: str, status: int) -> None:
    async with await user.ask(name, key="wrong") as response:
        assert response.status == status
    assert (sandbox.mints.total(), sandbox.token_requests[name]) == (0, 1)


async def test_the_lifetime_is_exact(user: User) -> None:
    async with await user.ask("baidu") as response:
        assert (await response.json())["expires_in"] == 30


async def test_baidu_answers_get(user: User) -> None:
    query = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}
    async with user.http.get(f"{user.url}/baidu/oauth/2.0/token", params=query) as response:
        assert response.status == 200


async def test_a_changed_secret_holds_at_once(sandbox: Sandbox, user: User) -> None:
    sandbox.keys = {KEY: "rotated"}
    assert (await user.ask("oauth2")).status == 401
    assert (await user.ask("oauth2", secret="rotated")).status == 200


async def test_discovery_leads_to_the_token_endpoint(user: User) -> None:
    async with user.http.get(f"{user.url}/oauth2/.well-known/openid-configuration") as response:
        document = await response.json()
    assert document["issuer"] == f"{user.url}/oauth2"
    async with user.http.post(document["token_endpoint"], data={"grant_type": "x"}) as response:
        assert (await response.json())["error"] == "invalid_client"


@pytest.mark.parametrize(("switch", "status"), [(True, 503), (500, 500), (429, 429)])
async def test_an_issuer_that_is_down(
    sandbox: Sandbox, user: User, style: str, switch: bool | int, status: int
) -> None:
    sandbox.issuer_down, sandbox.retry_after = switch, 7
    async with await user.ask(style) as response:
        assert (response.status, response.headers["Retry-After"]) == (status, "7")
    sandbox.issuer_down = False
    assert (await user.ask(style)).status == 200


async def test_an_issuer_that_hangs_up(sandbox: Sandbox, user: User) -> None:
    sandbox.issuer_down = "close"
    with pytest.raises(aiohttp.ClientConnectionError):
        await user.ask("oauth2")


async def test_the_gate_holds_token_requests_back(sandbox: Sandbox, user: User) -> None:
    sandbox.gate.clear()
    asking = [asyncio.ensure_future(user.login("oauth2")) for _ in range(3)]
    await sandbox.until(lambda: sandbox.token_requests["oauth2"] == 3)
    assert sandbox.mints.total() == 0
    sandbox.gate.set()
    assert len(set(await asyncio.gather(*asking))) == 3


async def test_a_delayed_reply_comes(sandbox: Sandbox, user: User) -> None:
    sandbox.issuer_delay = 0.001
    assert await user.login("oauth2")


async def test_a_broken_reply_is_sent_as_it_is(sandbox: Sandbox, user: User, style: str) -> None:
    sandbox.broken_reply, sandbox.broken_type = b"<html>", "text/html"
    async with await user.ask(style) as response:
        assert (response.status, response.content_type, await response.read()) == (200, "text/html", b"<html>")
    assert sandbox.mints.total() == 0


async def test_a_broken_reply_can_lie_about_encoding_and_length(sandbox: Sandbox, user: User) -> None:
    sandbox.broken_reply, sandbox.broken_encoding = b"not gzip", "gzip"
    with pytest.raises(aiohttp.ClientPayloadError):
        await (await user.ask("oauth2")).read()
    sandbox.broken_encoding, sandbox.broken_cut = None, True
    with pytest.raises(aiohttp.ClientPayloadError):
        await (await user.ask("oauth2")).read()


@pytest.mark.parametrize("body", [b"\xff", b"[" * 100_000, b"{", b""])
async def test_nonsense_is_refused_not_crashed_on(user: User, body: bytes) -> None:
    for path, status in (("/session/auth/session", 401), ("/aiob/api/v2/getToken", 200), ("/oauth2/token", 401)):
        async with user.http.post(user.url + path, data=body) as response:
            assert response.status == status


async def test_the_index_lists_what_there_is(user: User) -> None:
    async with user.http.get(user.url) as response:
        index = await response.json()
    assert index["keys"] == {"key": KEY, "secret": SECRET}
    assert "/STYLE/api/echo" in index["api"]
    assert len(index["issuers"]) == len(STYLES)


async def test_it_comes_back_on_the_same_port_with_the_same_tokens(sandbox: Sandbox, user: User) -> None:
    url, token = sandbox.url, await user.login("oauth2")
    await sandbox.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await user.ask("oauth2")
    await sandbox.start()
    assert sandbox.url == url
    async with user.call("oauth2", "echo", token) as response:
        assert (await response.json())["generation"] == 1


async def test_stop_does_not_wait_for_calls_in_flight(sandbox: Sandbox, user: User) -> None:
    calling = asyncio.ensure_future(user.call("oauth2", "hold", await user.login("oauth2")).__aenter__())
    await sandbox.until(lambda: sandbox.api_requests == 1)
    async with asyncio.timeout(5):
        await sandbox.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await calling
    await sandbox.stop()


async def test_it_says_when_it_has_no_address_and_when_it_runs_already(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="before start"):
        _ = Sandbox().url
    with pytest.raises(RuntimeError, match="already started"):
        await sandbox.start()


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind(sandbox: Sandbox) -> None:
    other = Sandbox(port=sandbox.port)
    with pytest.raises(OSError, match="in use"):
        await other.start()
    await other.stop()


async def test_other_hosts_and_other_clients() -> None:
    async with Sandbox(host="::1") as sandbox:
        assert sandbox.url.startswith("http://[::1]:")
        request = Request(f"{sandbox.url}/session/auth/session", data=json.dumps({"clientKey": KEY}).encode())
        document = json.loads(await asyncio.to_thread(_read, request))
    assert document["expiresIn"] == 30


def _read(request: Request) -> bytes:
    with urlopen(request, timeout=5) as reply:
        body: bytes = reply.read()
    return body


def test_it_imports_nothing_of_the_proxy() -> None:
    for source in Path(server.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            assert all(name.startswith("proxy.sandbox") for name in modules if name.startswith("proxy")), source.name
