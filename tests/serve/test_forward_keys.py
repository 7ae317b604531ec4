"""Client keys wherever a tool puts them, over HTTP: whoever presents one is served, and the API never sees it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import Message, RawApi

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEY, OTHER = "kls_of-an-application", "kls_of-another-program"
CLIENTS = [{"name": "app", "key": KEY}, {"name": "other", "key": OTHER}]
TOKEN = "the-credential-of-the-api"
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"


async def ready(stage: Stage, inject: dict[str, Any], **route: Any) -> RawApi:
    api = await stage.api(OK)
    upstream = api.url + route.pop("path", "")
    provider = {"scheme": "static", "token": TOKEN, "inject": inject, **route.pop("provider", {})}
    await stage.open(
        {"/api": {"upstream": upstream, "provider": "p", **route}}, providers={"p": provider}, clients=CLIENTS
    )
    return api


async def ask(stage: Stage, line: str, *headers: str, body: bytes = b"") -> Message:
    length = (f"Content-Length: {len(body)}",) if body else ()
    return await stage.ask(f"{line} HTTP/1.1", *headers, *length, body=body)


def sent(api: RawApi) -> str:
    """All that the API got of the last request, its body too."""
    last = api.requests[-1]
    return f"{last.start}\n{last.headers}\n{last.body.decode()}"


def basic(pair: str) -> str:
    return "Authorization: Basic " + b64encode(pair.encode()).decode()


BEARER = {"header": {"Authorization": "Bearer {token}"}}


@pytest.mark.parametrize(
    "header",
    [
        f"Authorization: Bearer {KEY}",
        f"Authorization: Token {KEY}",
        f"authorization: token {KEY}",
        f"Authorization: Bot {KEY}",
        f"Authorization: {KEY}",
        f"Authorization: Token token={KEY}",
        basic(f"user:{KEY}"),
        basic(f"{KEY}:"),
        f"X-Api-Key: {KEY}",
        f"xi-api-key: {KEY}",
        f"PRIVATE-TOKEN: {KEY}",
        f"X-Shopify-Access-Token: {KEY}",
        f"Authorization: OSS {KEY}:c2ln",
    ],
)
async def test_in_a_header(stage: Stage, header: str) -> None:
    api = await ready(stage, BEARER)
    assert (await ask(stage, "GET /api/x", header)).status == 200
    assert KEY not in sent(api)
    assert api.requests[0].get("Authorization") == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("inject", "line", "headers", "body", "arrives"),
    [
        ({"header": {"X-Its-Own": "{token}"}}, "GET /api/x", [f"X-Its-Own: {KEY}"], b"", None),
        ({"header": {"X-Sentry-Auth": "Sentry sentry_key={token}"}}, "GET /api/x",
         [f"X-Sentry-Auth: Sentry sentry_key={KEY}, sentry_version=7"], b"", None),
        ({"query": {"sig": "{token}"}}, f"GET /api/x?a=1&sig={KEY}", [], b"", f"/x?a=1&sig={TOKEN}"),
        ({"header": {"X-Its-Own": "{token}"}}, f"GET /api/x?key={KEY}&alt=sse", [], b"", "/x?alt=sse"),
        ({"cookie": {"session": "{token}"}}, "GET /api/x", [f"Cookie: session={KEY}; b=2"], b"", None),
        ({"json": {"token": "{token}"}}, "POST /api/x", [JSON], json.dumps({"token": KEY, "a": 1}).encode(), None),
        ({"form": {"token": "{token}"}}, "POST /api/x", [FORM], f"a=1&token={KEY}".encode(), None),
    ],
)  # fmt: skip
async def test_in_the_slot_that_the_provider_fills(
    stage: Stage, inject: dict[str, Any], line: str, headers: list[str], body: bytes, arrives: str | None
) -> None:
    api = await ready(stage, inject)
    assert (await ask(stage, line, *headers, body=body)).body == b"ok"
    assert KEY not in sent(api)
    assert TOKEN in sent(api)
    assert arrives is None or api.requests[0].target == arrives
    wrong = [header.replace(KEY, "kls_unknown") for header in headers]
    reply = await ask(
        stage, line.replace(KEY, "kls_unknown"), *wrong, body=body.replace(KEY.encode(), b"kls_an-unknown-one")
    )
    assert reply.code == "client_key_required"
    assert len(api.requests) == 1


@pytest.mark.parametrize("coding", ["Content-Length", "chunked"])
async def test_a_body_that_was_read_for_its_key_goes_on_whole_and_can_be_replayed(stage: Stage, coding: str) -> None:
    refused = {"refused": [{"status": [401]}]}
    api = await ready(stage, {"json": {"token": "{token}"}}, provider=refused)
    body = json.dumps({"token": KEY, "text": "x" * 5000}).encode()
    if coding == "chunked":
        framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        reply = await stage.ask("POST /api/x HTTP/1.1", JSON, "Transfer-Encoding: chunked", body=framed)
    else:
        reply = await ask(stage, "POST /api/x", JSON, body=body)
    assert reply.body == b"ok"
    assert json.loads(api.requests[0].body) == {"token": TOKEN, "text": "x" * 5000}


@pytest.mark.parametrize("header", [basic("user:kls_unknown"), "Authorization: Token kls_unknown", "apikey: x"])
async def test_an_unknown_one_is_refused(stage: Stage, header: str) -> None:
    api = await ready(stage, BEARER)
    assert (await ask(stage, "GET /api/x", header)).code == "client_key_required"
    assert api.requests == []


async def test_in_the_path_where_the_credential_stands_there(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    api = await ready(stage, {}, path="/bot{token}", paths=["/getMe"])
    assert (await ask(stage, f"GET /api/bot{KEY}/getMe?a=1")).body == b"ok"
    assert api.requests[0].target == f"/bot{TOKEN}/getMe?a=1"
    assert (await ask(stage, "GET /api/botkls_unknown-key/getMe")).code == "client_key_required"
    assert (await ask(stage, f"GET /api/bot{KEY}/other")).code == "path_refused"
    await stage.service.__aexit__(None, None, None)
    lines = capfd.readouterr().err
    assert "/api/getMe" in lines
    assert KEY not in lines
    assert "kls_unknown-key" not in lines


async def test_every_copy_goes(stage: Stage) -> None:
    api = await ready(stage, BEARER, cookies="pass")
    reply = await ask(
        stage,
        f"GET /api/x?a=1&key={KEY}&other={KEY}",
        f"Authorization: Bearer {KEY}",
        f"X-Api-Key: {KEY}",
        f"apikey: {KEY}",
        f"X-Odd: {KEY}",
        f"Cookie: a=1; key={KEY}",
    )
    assert reply.status == 200
    assert KEY not in sent(api)
    assert (api.requests[0].target, api.requests[0].get("Cookie")) == ("/x?a=1", "a=1")


async def test_one_copy_beside_the_usual_place_goes(stage: Stage) -> None:
    api = await ready(stage, BEARER)
    copies = (
        (f"GET /api/x?any={KEY}", "X-A: 1"),
        (f"GET /api/x?{KEY}", "X-A: 1"),
        (f"GET /api/x?a=1&{KEY}=", "X-A: 1"),
        ("GET /api/x", f"X-Odd: {KEY}"),
        ("GET /api/x", f"{KEY}: 1"),
    )
    for line, header in copies:
        assert (await ask(stage, line, f"Authorization: Bearer {KEY}", header)).status == 200
        assert KEY not in sent(api)


async def test_a_stale_credential_does_not_hide_a_good_key(stage: Stage) -> None:
    api = await ready(stage, BEARER)
    good = await ask(stage, "GET /api/x", "Authorization: Bearer sk-stale", f"X-Api-Key: {KEY}")
    assert good.status == 200
    assert "sk-stale" not in sent(api)


async def test_keys_of_two_clients_are_refused(stage: Stage) -> None:
    api = await ready(stage, BEARER)
    for line, header in (
        ("GET /api/x", f"X-Api-Key: {OTHER}"),
        (f"GET /api/x?key={OTHER}", "X-A: 1"),
        ("GET /api/x", f"Sec-WebSocket-Protocol: keyless.key.{OTHER}"),
    ):
        reply = await ask(stage, line, f"Authorization: Bearer {KEY}", header)
        assert (reply.status, reply.code) == (401, "client_key_required")
        assert "two clients" in reply.json()["detail"]
    assert api.requests == []


async def test_a_web_pages_cookie_is_no_key(stage: Stage) -> None:
    api = await ready(stage, {"cookie": {"session": "{token}"}})
    page = ("Origin: http://localhost:3000", "Sec-Fetch-Site: same-origin")
    for header in page:
        reply = await ask(stage, "GET /api/x", f"Cookie: session={KEY}", header)
        assert reply.code == "client_key_required"
    assert api.requests == []


async def test_the_access_key_of_a_request_signed_in_its_query(stage: Stage) -> None:
    api = await stage.api(OK)
    signs = {"name": "aliyun-rpc", "access_key": "real-access-key", "secret_key": "real-secret-key"}
    await stage.open(
        {"/api": {"upstream": api.url, "provider": "p"}},
        providers={"p": {"scheme": "signed", "sign": signs}},
        clients=CLIENTS,
    )
    line = "GET /api/?Action=X&AccessKeyId={}&Signature=made-up&SignatureMethod=HMAC-SHA1"
    assert (await ask(stage, line.format(KEY))).status == 200
    assert KEY not in sent(api)
    assert "real-access-key" in api.requests[0].target
    assert (await ask(stage, line.format("kls_unknown"))).code == "client_key_required"


async def test_where_there_are_no_clients_nothing_is_looked_for(stage: Stage) -> None:
    api = await stage.api(OK)
    provider = {"scheme": "static", "token": TOKEN, "inject": {"header": {"X-Its-Own": "{token}"}}}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    assert (await ask(stage, f"GET /api/x?key={KEY}")).status == 200
    assert api.requests[0].target == f"/x?key={KEY}"


# ---------------------------------------------------------------------------------------------- a stand-in's token call

STAND_IN = {"path": "/oauth/2.0/token", "reply": {"access_token": "{placeholder}", "expires_in": 2592000}}


async def stood_in(stage: Stage) -> RawApi:
    query = {"query": {"access_token": "{token}"}}
    return await ready(stage, query, provider={"stand_in": STAND_IN}, stand_in=True)


@pytest.mark.parametrize(
    ("line", "headers", "body"),
    [
        (f"GET /api/oauth/2.0/token?grant_type=client_credentials&client_id=x&client_secret={KEY}", [], b""),
        ("POST /api/oauth/2.0/token", [FORM], f"grant_type=client_credentials&client_secret={KEY}".encode()),
        ("POST /api/oauth/2.0/token", [JSON], json.dumps({"app_id": "x", "app_secret": KEY}).encode()),
        ("POST /api/oauth/2.0/token", [basic(f"id:{KEY}"), FORM], b"grant_type=client_credentials"),
        ("POST /api/oauth/2.0/token", [f"Authorization: bce-auth-v1/{KEY}/2026-01-02T03:04:05Z/1800//0a"], b""),
    ],
)
async def test_a_made_up_secret_buys_a_token_that_proves_the_client(
    stage: Stage, line: str, headers: list[str], body: bytes
) -> None:
    api = await stood_in(stage)
    reply = await ask(stage, line, *headers, body=body)
    assert reply.status == 200
    token = reply.json()["access_token"]
    assert token.startswith("kls_stand_")
    assert KEY not in token
    assert (await ask(stage, f"GET /api/chat?access_token={token}")).body == b"ok"
    assert (await ask(stage, "GET /api/chat", f"Authorization: Bearer {token}")).body == b"ok"
    assert {request.target for request in api.requests} == {f"/chat?access_token={TOKEN}"}
    assert (await ask(stage, f"GET /api/chat?access_token={token[:-4]}AAAA")).code == "client_key_required"
    wrong = await ask(
        stage, line.replace(KEY, "kls_unknown"), *(h for h in headers if KEY not in h and "Basic" not in h)
    )
    assert wrong.code == "client_key_required"


async def test_it_dies_with_the_key(stage: Stage) -> None:
    await stood_in(stage)
    line = f"GET /api/oauth/2.0/token?client_secret={KEY}"
    token = (await ask(stage, line)).json()["access_token"]
    config = stage.service.loaded.config
    changed = [config.clients[1]]
    await stage.service.replace(stage.service.loaded.with_config(clients=changed), {})
    assert (await ask(stage, f"GET /api/chat?access_token={token}")).code == "client_key_required"
    await stage.service.replace(stage.service.loaded.with_config(clients=config.clients), {})
    assert (await ask(stage, f"GET /api/chat?access_token={token}")).body == b"ok", "a reload ends none"


async def test_without_clients_it_is_worth_nothing(stage: Stage) -> None:
    api = await stage.api(OK)
    provider = {"scheme": "static", "token": TOKEN, "stand_in": STAND_IN}
    await stage.open({"/api": {"upstream": api.url, "provider": "p", "stand_in": True}}, providers={"p": provider})
    reply = await ask(stage, f"GET /api/oauth/2.0/token?client_secret={KEY}")
    assert reply.json()["access_token"] == "keyless-placeholder-worth-nothing"
