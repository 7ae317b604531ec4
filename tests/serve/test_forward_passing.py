"""`pass`: a client's own Authorization beside the provider's credential, over HTTP."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import RawApi

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
DEAD = b'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"code":1}'
KEY = "kls_of-an-application"
USER = "Authorization: Bearer eyJ.of-a-signed-in.user"


async def ready(stage: Stage, *replies: bytes, clients: bool = False, **provider: Any) -> RawApi:
    api = await stage.api(*(replies or (OK,)))
    login = {
        "scheme": "oauth2",
        "token_url": f"{stage.sandbox.url}/oauth2/token",
        "client_id": "sandbox-key",
        "client_secret": "sandbox-secret",
        "inject": {"header": {"apikey": "{token}"}},
        **provider,
    }
    known = [{"name": "app", "key": KEY}] if clients else []
    route = {"upstream": api.url, "provider": "p", "pass": ["Authorization"]}
    await stage.open({"/api": route}, providers={"p": login}, clients=known)
    return api


async def test_it_reaches_the_api_beside_the_credential(stage: Stage) -> None:
    api = await ready(stage)
    await stage.ask("GET /api/x HTTP/1.1", USER, "X-Api-Key: made-up")
    first = api.requests[0]
    assert first.all("Authorization") == [USER.partition(": ")[2]]
    assert first.get("apikey") == stage.token()
    assert first.get("X-Api-Key") is None


@pytest.mark.parametrize(
    "header",
    [
        f"Authorization: Bearer {KEY}",
        f"Authorization: {KEY}",
        "Authorization: Basic " + b64encode(f"user:{KEY}".encode()).decode(),
    ],
)
async def test_a_value_that_proved_the_client_is_removed_all_the_same(stage: Stage, header: str) -> None:
    api = await ready(stage, clients=True)
    assert (await stage.ask("GET /api/x HTTP/1.1", header)).status == 200
    assert api.requests[0].get("Authorization") is None
    assert (await stage.ask("GET /api/x HTTP/1.1", USER)).code == "client_key_required"


async def test_the_users_token_stands_beside_the_clients_key(stage: Stage) -> None:
    api = await ready(stage, clients=True)
    assert (await stage.ask("GET /api/x HTTP/1.1", USER, f"apikey: {KEY}")).status == 200
    assert api.requests[0].get("Authorization") == USER.partition(": ")[2]
    assert KEY not in str(api.requests[0].headers)


async def test_a_bare_401_may_be_about_the_users_token(stage: Stage) -> None:
    api = await ready(stage, UNAUTHORIZED, UNAUTHORIZED, OK)
    before = stage.mints()
    reply = await stage.ask("GET /api/x HTTP/1.1", USER)
    assert (reply.status, reply.get("X-Keyless-Replay"), stage.mints()) == (401, None, before)
    assert len(api.requests) == 1
    alone = await stage.ask("GET /api/x HTTP/1.1")
    assert (alone.status, alone.get("X-Keyless-Attempts"), stage.mints()) == (200, "2", before + 1)


async def test_a_body_that_names_the_credential_is_a_refusal(stage: Stage) -> None:
    await ready(stage, DEAD, OK, refused=[{"status": [401], "json": {"code": [1]}}])
    before = stage.mints()
    reply = await stage.ask("GET /api/x HTTP/1.1", USER)
    assert (reply.status, reply.get("X-Keyless-Attempts"), stage.mints()) == (200, "2", before + 1)


async def test_other_routes_pass_none(stage: Stage) -> None:
    api = await stage.api(OK)
    provider = {"scheme": "static", "token": "t" * 16, "inject": {"header": {"apikey": "{token}"}}}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    await stage.ask("GET /api/x HTTP/1.1", USER)
    assert api.requests[0].get("Authorization") is None
