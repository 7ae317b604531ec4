"""`/-/token/PROVIDER`: who may have a token, what is told of it, and that it's written down."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.sandbox import SECRET
from proxy.values.now import Now
from tests.conftest import Stage
from tests.raw import Message

READER, ALL, NONE = "reader-0123456789", "all-0123456789abc", "none-0123456789ab"
CLIENTS: list[dict[str, Any]] = [
    {"name": "reader", "key": READER, "read_tokens": ["oauth2"]},
    {"name": "all", "key": ALL, "read_tokens": True},
    {"name": "none", "key": NONE},
    {"name": "no", "key": NONE[::-1], "read_tokens": False},
]


async def token(stage: Stage, provider: str, *headers: str, key: str | None = READER) -> Message:
    given = () if key is None else (f"Authorization: Bearer {key}",)
    return await stage.ask(f"GET /-/token/{provider} HTTP/1.1", *given, *headers)


async def test_it_answers_as_a_token_endpoint_would(stage: Stage) -> None:
    await stage.open(clients=CLIENTS)
    reply = await token(stage, "oauth2")
    document = reply.json()
    assert (reply.status, dict(reply.headers)["Cache-Control"]) == (200, "no-store")
    assert set(document) == {"access_token", "expires_in", "token_type"}
    assert (document["access_token"], document["token_type"]) == (stage.token(), "Bearer")
    assert 15 <= document["expires_in"] <= 30
    assert isinstance(document["expires_in"], int)


async def test_a_token_near_its_end_is_renewed_first(stage: Stage) -> None:
    await stage.open(clients=CLIENTS)
    old = (await token(stage, "oauth2")).json()["access_token"]
    current = stage.service.cells["oauth2"].life.token
    assert current is not None
    current.expires = Now(current.expires.boot - 16, current.expires.wall - 16)
    current.minted = Now(current.minted.boot - 16, current.minted.wall - 16)
    reply = await token(stage, "oauth2")
    assert reply.status == 200, reply.body + stage.log.getvalue().encode()
    new = reply.json()["access_token"]
    assert (new != old, new, stage.mints()) == (True, stage.token(), 2)


@pytest.mark.parametrize(
    ("provider", "credential", "kind"),
    [
        ({"token": "a-static-token"}, "a-static-token", "Bearer"),
        ({"username": "ann", "password": "a-password"}, "YW5uOmEtcGFzc3dvcmQ=", "Basic"),
    ],
)
async def test_a_static_credential_never_expires(
    stage: Stage, provider: dict[str, str], credential: str, kind: str
) -> None:
    routes = {"/static": {"upstream": stage.sandbox.url, "provider": "static"}}
    clients = [{"name": "reader", "key": READER, "read_tokens": ["static"]}]
    await stage.open(routes, clients=clients, providers={"static": {"scheme": "static"} | provider})
    reply = await token(stage, "static")
    assert reply.json() == {"access_token": credential, "expires_in": None, "token_type": kind}


async def test_a_name_may_need_quoting(stage: Stage) -> None:
    routes = {"/a": {"upstream": stage.sandbox.url, "provider": "clé:1"}}
    clients = [{"name": "reader", "key": READER, "read_tokens": ["clé:1"]}]
    await stage.open(routes, clients=clients, providers={"clé:1": {"scheme": "static", "token": "a-static-token"}})
    assert (await token(stage, "cl%C3%A9%3A1")).json()["access_token"] == "a-static-token"


# ------------------------------------------------------------------------------------------- who may


@pytest.mark.parametrize(
    ("provider", "key", "code"),
    [
        ("oauth2", None, "client_key_required"),
        ("oauth2", "not-a-key-0123456", "client_key_required"),
        ("oauth2", NONE, "route_refused"),
        ("oauth2", NONE[::-1], "route_refused"),
        ("baidu", READER, "route_refused"),
        ("nobody", READER, "route_refused"),
        ("nobody", ALL, "no_route"),
        ("", ALL, "no_route"),
        ("oauth2/x", ALL, "no_route"),
    ],
)
async def test_who_may_not(stage: Stage, provider: str, key: str | None, code: str) -> None:
    await stage.open(clients=CLIENTS)
    reply = await token(stage, provider, key=key)
    assert reply.code == code
    assert "sandbox." not in reply.body.decode()


async def test_who_may_have_all(stage: Stage) -> None:
    await stage.open(clients=CLIENTS)
    for name in ("oauth2", "baidu", "aiob", "session"):
        assert (await token(stage, name, key=ALL)).json()["access_token"] == stage.token(name)


@pytest.mark.parametrize("key", [None, READER])
async def test_without_clients_nobody_may(stage: Stage, key: str | None) -> None:
    await stage.open()
    reply = await token(stage, "oauth2", key=key)
    assert reply.code == "route_refused"
    assert "read_tokens" in reply.json()["detail"]


async def test_the_admin_key_opens_no_tokens(stage: Stage) -> None:
    await stage.open(clients=CLIENTS, admin={"key": "an-admin-key-0123"})
    assert (await token(stage, "oauth2", key="an-admin-key-0123")).code == "client_key_required"
    assert (await token(stage, "oauth2")).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (("Host: evil.test",), "host_refused"),
        (("Origin: http://evil.test",), "origin_refused"),
        (("Origin: http://localhost:5173",), "origin_refused"),
        (("Origin: null",), "origin_refused"),
        (("Sec-Fetch-Site: cross-site",), "origin_refused"),
        (("Sec-Fetch-Site: same-origin",), "origin_refused"),
    ],
)
async def test_trap_38_no_web_page_gets_one(stage: Stage, headers: tuple[str, ...], code: str) -> None:
    await stage.open(clients=CLIENTS)
    reply = await token(stage, "oauth2", *headers)
    assert reply.code == code
    assert "Access-Control-Allow-Origin" not in dict(reply.headers)


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
async def test_only_get_gets_one(stage: Stage, method: str) -> None:
    await stage.open(clients=CLIENTS)
    start = f"{method} /-/token/oauth2 HTTP/1.1"
    headers = ("Content-Length: 0", f"X-Api-Key: {READER}")
    reply = await stage.ask(start, *headers, bodiless=method == "HEAD")
    assert reply.status == 404


# ------------------------------------------------------------------------------------------- what else can happen


@pytest.mark.parametrize(
    ("trouble", "code"), [("issuer_down", "token_unavailable"), ("wrong_secret", "credential_refused")]
)
async def test_an_issuer_that_gives_none(stage: Stage, trouble: str, code: str) -> None:
    if trouble == "issuer_down":
        stage.sandbox.issuer_down = True
    else:
        stage.sandbox.keys.clear()
    await stage.open(clients=CLIENTS)
    reply = await token(stage, "oauth2")
    assert (reply.code, reply.json()["provider"]) == (code, "oauth2")
    assert SECRET not in reply.body.decode()


async def test_a_sleeping_provider(stage: Stage) -> None:
    routes = {"/a": {"upstream": stage.sandbox.url, "provider": "asleep"}}
    await stage.open(routes, clients=CLIENTS[1:2], providers={"asleep": {"scheme": "static", "token": "${NOT_SET}"}})
    reply = await token(stage, "asleep", key=ALL)
    assert (reply.code, dict(reply.headers)["X-Should-Retry"]) == ("provider_unconfigured", "false")
    assert "NOT_SET" in reply.json()["detail"]


async def test_the_audit_names_everything_but_the_token(stage: Stage) -> None:
    await stage.open(clients=CLIENTS)
    given = (await token(stage, "oauth2")).json()["access_token"]
    await token(stage, "baidu")
    lines = [line for line in stage.log.getvalue().splitlines() if "token handed out" in line or "denied" in line]
    handed, denied = lines
    for part in ("client=reader", "provider=oauth2", "generation=1", "peer=127.0.0.1"):
        assert part in handed
    for part in ("client=reader", "provider=baidu", "code=route_refused", "peer=127.0.0.1"):
        assert part in denied
    assert given not in stage.log.getvalue()
    assert READER not in stage.log.getvalue()
