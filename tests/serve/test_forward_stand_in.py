"""SDKs that insist on getting their own token: they get one that is worth nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Stage

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STAND_IN = {"path": "/oauth/2.0/token", "reply": {"access_token": "{placeholder}", "expires_in": 2592000, "x": ["y"]}}


async def opened(stage: Stage, **route: Any) -> Any:
    api = await stage.api(OK)
    provider = {
        "scheme": "login",
        "request": {
            "url": f"{stage.sandbox.url}/baidu/oauth/2.0/token",
            "query": {
                "grant_type": "client_credentials",
                "client_id": "sandbox-key",
                "client_secret": "sandbox-secret",
            },
        },
        "inject": {"query": {"access_token": "{token}"}},
        "stand_in": STAND_IN,
    }
    await stage.open({"/api": {"upstream": api.url, "provider": "p", **route}}, providers={"p": provider})
    return api


@pytest.mark.parametrize("line", ["GET", "POST"])
async def test_the_proxy_plays_the_token_endpoint(stage: Stage, line: str) -> None:
    api = await opened(stage, stand_in=True)
    query = "grant_type=client_credentials&client_id=made-up&client_secret=made-up"
    reply = await stage.ask(f"{line} /api/oauth/2.0/token?{query} HTTP/1.1", "Origin: http://localhost:3000")
    document = reply.json()
    assert reply.status == 200
    assert document["expires_in"] == 2592000
    assert document["x"] == ["y"]
    assert stage.token("baidu") not in reply.body.decode()
    assert document["access_token"]
    assert reply.get("Access-Control-Allow-Origin") == "http://localhost:3000"
    assert api.requests == []
    await stage.ask(f"GET /api/chat?access_token={document['access_token']} HTTP/1.1")
    assert api.requests[0].target == f"/chat?access_token={stage.token('baidu')}"


async def test_only_where_the_route_says_so(stage: Stage) -> None:
    api = await opened(stage)
    assert (await stage.ask("GET /api/oauth/2.0/token HTTP/1.1")).body == b"ok"
    assert len(api.requests) == 1


async def test_only_at_its_path(stage: Stage) -> None:
    api = await opened(stage, stand_in=True)
    for path in ("/oauth/2.0/token/", "/oauth/2.0", "/x/oauth/2.0/token"):
        assert (await stage.ask(f"GET /api{path} HTTP/1.1")).body == b"ok"
    assert len(api.requests) == 3


async def test_a_client_key_is_asked_for_first(stage: Stage) -> None:
    api = await stage.api(OK)
    provider = {"scheme": "static", "token": "t" * 16, "stand_in": STAND_IN}
    await stage.open(
        {"/api": {"upstream": api.url, "provider": "p", "stand_in": True}},
        providers={"p": provider},
        clients=[{"name": "app", "key": "0123456789abcdef"}],
    )
    assert (await stage.ask("GET /api/oauth/2.0/token HTTP/1.1")).code == "client_key_required"


async def test_its_refusals_have_the_shape_of_token_endpoints(stage: Stage) -> None:
    """RFC 6749 §5.2; what nobody has set is said before the SDK believes that it has a token."""
    routes: dict[str, Any] = {
        "/qianfan": {"provider": "baidu-qianfan", "stand_in": True},
        "/feishu": {"provider": "feishu", "stand_in": True},
    }
    await stage.open(routes, clients=[{"name": "one", "key": "kls_0123456789abcdef"}])
    told = []
    for secret in ("made-up", "kls_0123456789abcdef"):
        line = f"GET /qianfan/oauth/2.0/token?client_id=x&client_secret={secret} HTTP/1.1"
        reply = await stage.ask(line, "Accept: */*")
        assert reply.get("Content-Type") == "application/json"
        told.append((reply.status, reply.code, reply.json()["error"]))
        assert reply.json()["error_description"]
    assert told == [
        (401, "client_key_required", "invalid_client"),
        (424, "provider_unconfigured", "unauthorized_client"),
    ]
    body = b'{"app_id": "x", "app_secret": "kls_0123456789abcdef"}'
    line = "POST /feishu/open-apis/auth/v3/tenant_access_token/internal HTTP/1.1"
    reply = await stage.ask(line, "Content-Type: application/json", f"Content-Length: {len(body)}", body=body)
    assert (reply.status, reply.json()["code"]) == (424, 424), "Feishu's SDKs read a shape of their own"
    assert "FEISHU" in reply.json()["msg"]
