"""Errors of the proxy's own: their shape, and which one for what."""

from __future__ import annotations

import asyncio
import re
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from proxy.errors import CODES
from tests.conftest import Stage
from tests.ports import free_port
from tests.raw import Message, RawApi, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def check_problem(reply: Message, code: str) -> dict[str, Any]:
    """RFC 9457, with our members and headers."""
    assert (reply.code, reply.status) == (code, CODES[code].status), reply
    assert reply.get("Content-Type") == "application/problem+json"
    assert reply.get("Cache-Control") == "no-store"
    document: dict[str, Any] = reply.json()
    assert {"type", "title", "status", "code", "detail", "hint"} <= set(document)
    assert (document["status"], document["code"]) == (reply.status, code)
    assert document["error"]["message"] == document["message"]
    assert document["detail"] in document["message"]
    assert parsedate_to_datetime(reply.get("Date") or "").tzinfo is not None
    if reply.status in (429, 503):
        assert reply.get("Retry-After") == str(document.get("retry_after", 1))
    else:
        assert reply.get("Retry-After") is None
        assert (reply.get("X-Should-Retry") == "false") == (reply.status < 500)
    return document


async def behind(stage: Stage, upstream: str, **route: Any) -> None:
    await stage.open({"/api": {"upstream": upstream, "provider": "oauth2", **route}})


# ------------------------------------------------------------------------------------------- tokens


async def test_a_missing_secret_is_named(stage: Stage) -> None:
    provider = {"scheme": "static", "token": "${EXAMPLE_KEY}"}
    await stage.open({"/api": {"upstream": "http://127.0.0.1:9", "provider": "p"}}, providers={"p": provider})
    document = check_problem(await stage.call("/api"), "provider_unconfigured")
    assert "EXAMPLE_KEY" in document["detail"]
    assert document["provider"] == "p"


@pytest.mark.parametrize("header", ["X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "Via: 1.1 edge"])
async def test_other_machines_read_neither_variables_nor_hosts(stage: Stage, header: str) -> None:
    secret, closed_port = {"scheme": "static", "token": "${EXAMPLE_KEY}"}, free_port()
    routes = {
        "/asleep": {"upstream": "http://127.0.0.1:9", "provider": "p"},
        "/gone": {"upstream": f"http://127.0.0.1:{closed_port}", "provider": "none"},
    }
    await stage.open(routes, providers={"p": secret})
    name, _, value = header.partition(": ")
    for path, code, here, outside in [
        ("/asleep", "provider_unconfigured", "EXAMPLE_KEY is not set", "its secret is not set"),
        ("/gone", "upstream_unreachable", f"127.0.0.1:{closed_port}: Connection refused", "Connection refused"),
    ]:
        assert check_problem(await stage.call(path), code)["detail"] == here
        told = await stage.call(path, headers={name: value})
        assert check_problem(told, code)["detail"] == outside
        assert not any(text in str(told) for text in ("EXAMPLE_KEY", "127.0.0.1"))


async def test_a_wrong_secret_is_the_operators_business(stage: Stage) -> None:
    stage.sandbox.keys["sandbox-key"] = "changed"
    await stage.open()
    document = check_problem(await stage.call("/oauth2/echo"), "credential_refused")
    assert document["provider"] == "oauth2"
    assert "invalid_client" in document["detail"]
    assert "sandbox-secret" not in str(document)


async def test_a_dead_refresh_token_needs_a_login(stage: Stage) -> None:
    provider = {
        "scheme": "oauth2",
        "grant": "refresh_token",
        "token_url": f"{stage.sandbox.url}/oauth2/token",
        "client_id": "sandbox-key",
        "client_secret": "sandbox-secret",
        "refresh_token": "a-refresh-token-that-is-dead",
    }
    await stage.open({"/api": {"upstream": stage.sandbox.url, "provider": "p"}}, providers={"p": provider})
    reply = await stage.call("/api")
    check_problem(reply, "login_required")
    assert "a-refresh-token" not in str(reply) + stage.log.getvalue()


async def test_trap_42_an_issuer_that_is_down_stops_only_its_own_routes(stage: Stage) -> None:
    good = await stage.api(OK)
    stage.sandbox.issuer_down, stage.sandbox.retry_after = True, 7
    await stage.open(
        {
            "/down": {"upstream": good.url, "provider": "oauth2"},
            "/up": {"upstream": good.url, "provider": "none"},
        }
    )
    document = check_problem(await stage.call("/down"), "token_unavailable")
    assert 0 < document["retry_after"] <= 7
    assert (await stage.call("/up")).status == 200
    assert len(good.requests) == 1, "nothing goes out without its credential (docs/traps.md 28)"
    stage.sandbox.issuer_down = False
    stage.service.cells["oauth2"].life.cleared()
    assert (await stage.call("/down")).status == 200


# ------------------------------------------------------------------------------------------- upstreams


async def test_nobody_listens(stage: Stage) -> None:
    async with RawApi.answering(OK) as gone:
        pass
    await behind(stage, gone.url)
    detail = check_problem(await stage.call("/api"), "upstream_unreachable")["detail"]
    assert detail == f"{gone.authority}: Connection refused", "the authority as written; no address that it led to"


async def test_a_name_that_is_none(stage: Stage) -> None:
    await behind(stage, "https://no-such-name.invalid")
    check_problem(await stage.call("/api"), "upstream_unreachable")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"", "upstream_unreachable"),
        (b"this is not HTTP\r\n\r\n", "upstream_protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "upstream_protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "upstream_protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "upstream_protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok", "upstream_protocol"),
        (b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n", "upstream_protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400_000 + b"\r\n\r\n", "upstream_protocol"),
        (b"HTTP/1.1 99 No\r\n\r\n", "upstream_protocol"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_an_api_may_break(stage: Stage, reply: bytes, code: str, method: str) -> None:
    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(reply)

    api = await stage.playing(play)
    await behind(stage, api.url)
    check_problem(await stage.call("/api", method), code)
    assert stage.busy == 0


@pytest.mark.parametrize("limits", [{"head": "200ms"}, {"idle": "200ms", "head": "200ms"}])
async def test_silence_is_a_timeout(stage: Stage, limits: dict[str, str]) -> None:
    async def play(wire: Wire) -> None:
        await wire.rest()

    api = await stage.playing(play)
    await behind(stage, api.url, timeout=limits)
    check_problem(await stage.call("/api"), "upstream_timeout")
    await api.until(lambda: api.ended == 1)


async def test_silence_in_the_middle_breaks_the_transfer(stage: Stage) -> None:
    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await wire.rest()

    api = await stage.playing(play)
    await behind(stage, api.url, timeout={"idle": "200ms"})
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await stage.ask("GET /api HTTP/1.1")


async def test_an_idle_connection_that_the_api_closed_costs_nothing(stage: Stage) -> None:
    async def play(wire: Wire) -> None:
        api.record(await wire.message())
        await wire.send(OK)

    api = await stage.playing(play)
    await behind(stage, api.url)
    for method in ("GET", "POST", "GET"):
        assert (await stage.call("/api", method)).status == 200
    assert len(api.requests) == api.connections == 3


# ------------------------------------------------------------------------------------------- shape


async def test_no_error_is_a_bare_401(stage: Stage) -> None:
    await stage.open(clients=[{"name": "app", "key": "0123456789abcdef"}])
    check_problem(await stage.call("/oauth2/echo"), "client_key_required")


@pytest.mark.parametrize("target", ["/nowhere", "/oauth2/..", "/<script>\xe9"])
async def test_errors_are_json_whatever_was_asked(stage: Stage, target: str) -> None:
    await stage.open()
    reply = await stage.ask(f"GET {target} HTTP/1.1")
    check_problem(reply, str(reply.code))


async def test_an_error_to_head_has_no_body(stage: Stage) -> None:
    await stage.open()
    wire = await stage.wire()
    host = f"Host: {stage.authority}\r\n\r\n"
    await wire.send(f"HEAD /nowhere HTTP/1.1\r\n{host}GET /oauth2/echo HTTP/1.1\r\n{host}".encode())
    assert (await wire.message(bodiless=True)).code == "no_route"
    assert (await wire.message()).status == 200


# ------------------------------------------------------------------------------------------- what is said of it


async def test_traps_25_and_26_logs_of_a_whole_life_hold_no_secret(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    await stage.open()
    tokens = []
    for style in ("baidu", "oauth2", "aiob", "session"):
        tokens.append(stage.token(style))
        stage.sandbox.void(style)
        await stage.call(f"/{style}/echo?access_token=from-the-client")
        tokens.append(stage.token(style))
        await stage.call(f"/{style}/forbidden?secret=from-the-client")
        await stage.call(f"/{style}/broken/http")
        tokens.append(stage.token(style))
    stage.sandbox.keys.clear()
    stage.service.cells["oauth2"].life.expired()
    await stage.call("/oauth2/echo")
    await stage.service.__aexit__(None, None, None)
    said = stage.log.getvalue() + capfd.readouterr().err
    for secret in (*tokens, "sandbox-secret", "from-the-client", "access_token"):
        assert secret not in said
    assert re.search(r"GET /oauth2/echo 200 [0-9.]+ms replayed", said)
    assert "invalid_client" in said, "and yet the operator can see what is wrong"
