"""No challenge reaches a client whose credential is the proxy's: it would log in by itself, around it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from proxy.auth.life.record import Record
from proxy.auth.token import Registration
from proxy.config.secrets.seal import new_key
from proxy.errors import Fault
from proxy.serve.unchallenged import judged
from proxy.serve.upstream import Reply
from tests.conftest import Stage
from tests.raw import RawApi
from tests.serve.requests import exchange, route

KEY = "kl-0123456789abcdef"
CHALLENGE = 'Bearer error="invalid_token", resource_metadata="https://mcp.example.com/.well-known/x"'
NOWHERE = Registration("https://127.0.0.1:1", "a-client")
"""An issuer that can't be had."""


def answer(status: str, *headers: str, body: bytes = b"their words") -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


REFUSED = answer("401 Unauthorized", f"WWW-Authenticate: {CHALLENGE}", "WWW-Authenticate: Basic", "X-Other: stays")


async def logged_in(stage: Stage, *replies: bytes, route: dict[str, Any] | None = None, **written: Any) -> RawApi:
    """A route `/tools` to an MCP server that answers so, where somebody has logged in."""
    api = await stage.api(*replies)
    provider = {"scheme": "mcp", "url": f"{api.url}/mcp"} | written
    routes = {"/tools": {"upstream": f"{api.url}/mcp", "provider": "tools", **(route or {})}}
    service = await stage.open(routes, providers={"tools": provider}, store="file:store", store_key=new_key())
    cell, now = service.cells["tools"], time.time()
    record = Record(1, "a-token", now, now + 3600, 60.0, 5.0, "refresh", registration=NOWHERE)
    assert await service.keeper.records.keep(cell.key, record)
    await cell.look(whole=False)
    return api


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "200 OK"])
async def test_a_challenge_stays_here_where_the_credential_is_ours(stage: Stage, status: str) -> None:
    api = await stage.api(answer(status, f"WWW-Authenticate: {CHALLENGE}", "X-Other: stays"))
    routes = {"/ours": {"upstream": api.url, "provider": "ours"}}
    await stage.open(routes, providers={"ours": {"scheme": "static", "token": "a-static-token"}})
    reply = await stage.call("/ours")
    assert (str(reply.status), reply.body) == (status.partition(" ")[0], b"their words")
    assert (reply.get("WWW-Authenticate"), reply.get("X-Other")) == (None, "stays")


async def test_it_passes_where_the_credential_is_the_clients(stage: Stage) -> None:
    api = await stage.api(REFUSED)
    await stage.open({"/theirs": {"upstream": api.url, "provider": "none"}})
    reply = await stage.call("/theirs")
    assert (reply.status, reply.get("WWW-Authenticate")) == (401, CHALLENGE)


async def test_a_refusal_of_ours_asks_for_nothing_on_such_a_route(stage: Stage) -> None:
    api = await stage.api()
    provider = {"scheme": "mcp", "url": f"{api.url}/mcp"}
    routes = {
        "/tools": {"upstream": f"{api.url}/mcp", "provider": "tools"},
        "/x": {"upstream": api.url, "provider": "none"},
    }
    await stage.open(routes, providers={"tools": provider}, clients=[{"name": "one", "key": KEY}])
    reply = await stage.call("/tools", "POST")
    assert (reply.status, reply.code, reply.get("WWW-Authenticate")) == (403, "client_key_required", None)
    assert (reply.json()["status"], reply.get("X-Should-Retry")) == (403, "false")
    reply = await stage.call("/tools", "POST", headers={"Authorization": f"Bearer {KEY}"})
    assert (reply.status, reply.code) == (424, "login_required")
    assert (await stage.call("/x")).status == 401


async def test_an_error_is_one_of_json_rpc_for_those_who_take_json(stage: Stage) -> None:
    """By the preset, as the SDKs' clients read it."""
    api = await stage.api()
    routes = {"/tools": {"upstream": f"{api.url}/mcp", "provider": "tools"}}
    await stage.open(routes, providers={"tools": {"use": "mcp", "url": f"{api.url}/mcp"}})
    reply = await stage.call("/tools", "POST", headers={"Accept": "application/json, text/event-stream"})
    told = reply.json()
    assert (reply.status, reply.get("Content-Type")) == (424, "application/json")
    assert (told["jsonrpc"], told["id"], told["error"]["code"]) == ("2.0", None, -32000)
    assert told["error"]["data"] == {"code": "login_required"}
    assert "keyless login" in told["error"]["message"]


async def test_a_401_that_no_renewal_mends_is_none(stage: Stage) -> None:
    """Its issuer is away: what the next request would be told is told at once."""
    await logged_in(stage, REFUSED)
    reply = await stage.call("/tools", "POST", data=b"{}")
    assert (reply.status, reply.code) == (503, "token_unavailable")
    assert reply.get("WWW-Authenticate") is None
    assert int(reply.get("Retry-After") or 0) > 0


async def test_whatever_rules_the_provider_has_besides(stage: Stage) -> None:
    await logged_in(stage, REFUSED, refused=[{"status": [403]}])
    assert (await stage.call("/tools", "POST", data=b"{}")).status == 503


async def test_one_that_could_not_be_sent_again_is_a_424(stage: Stage) -> None:
    await logged_in(stage, REFUSED, route={"replay": {"max_body": 1}})
    reply = await stage.call("/tools", "POST", data=b" " * 300_000)
    assert (reply.status, reply.code, reply.get("WWW-Authenticate")) == (424, "credential_refused", None)
    assert reply.get("X-Keyless-Replay") == "skipped; reason=body_too_large"
    assert b"their words" not in reply.body
    assert reply.get("X-Should-Retry") is None, "the token is renewed: the next try gets through"
    told = reply.json()
    assert told["message"] == told["error"]["message"]
    assert "Send it again" in told["message"]
    assert "operator" not in told["hint"]


async def test_while_renewals_pause_the_reason_is_the_same() -> None:
    plan = route(provider={"scheme": "mcp", "url": "https://mcp.example.com/mcp"})
    for facts in ({"attempts": 2}, {"skipped": "paused"}):
        with pytest.raises(Fault) as told:
            await judged(exchange(plan, **facts), cast("Reply", SimpleNamespace(status=401, close=lambda: None)))
        assert told.value.code == "login_required"
        assert "refuses a token that is new" in told.value.detail
        assert ("X-Keyless-Replay", "skipped; reason=paused") in told.value.headers or "skipped" not in facts


async def test_what_names_the_session_passes_both_ways(stage: Stage) -> None:
    api = await logged_in(stage, answer("200 OK", "Mcp-Session-Id: s-1", "Content-Type: application/json", body=b"{}"))
    sent = {"Mcp-Session-Id": "s-1", "MCP-Protocol-Version": "2025-11-25", "Last-Event-ID": "7"}
    reply = await stage.call("/tools", "POST", data=b"{}", headers=sent | {"Authorization": "Bearer of-the-client"})
    assert (reply.status, reply.get("Mcp-Session-Id")) == (200, "s-1")
    (request,) = api.requests
    assert request.start == "POST /mcp HTTP/1.1"
    assert {name: request.get(name) for name in sent} == sent
    assert request.get("Authorization") == "Bearer a-token"
