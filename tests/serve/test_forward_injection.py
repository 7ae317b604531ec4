"""The credential in each place that a request has, alone and together; what clients put there is dropped first."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from tests.conftest import Stage
from tests.raw import Message, RawApi

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"


async def ready(stage: Stage, inject: dict[str, Any] | None, base: str = "/base", **route: Any) -> RawApi:
    """A raw API behind `/api`, whose provider injects as told."""
    api = await stage.api(OK)
    provider = {
        "scheme": "oauth2",
        "token_url": f"{stage.sandbox.url}/oauth2/token",
        "client_id": "sandbox-key",
        "client_secret": "sandbox-secret",
    }
    if inject is not None:
        provider["inject"] = inject
    await stage.open({"/api": {"upstream": api.url + base, "provider": "p", **route}}, providers={"p": provider})
    return api


async def sent(
    stage: Stage, inject: dict[str, Any], start: str, *headers: str, body: bytes = b"", **route: Any
) -> Message:
    api = await ready(stage, inject, **route)
    if body:
        headers = (*headers, f"Content-Length: {len(body)}")
    reply = await stage.ask(start, *headers, body=body)
    assert reply.status == 200, reply
    return api.requests[0]


# ------------------------------------------------------------------------------------------- one place


async def test_header_with_a_name_of_its_own(stage: Stage) -> None:
    request = await sent(stage, {"header": {"X-Auth-Token": "{token}"}}, "GET /api HTTP/1.1", "x-auth-token: mine")
    assert request.all("X-Auth-Token") == [stage.token()]
    assert request.get("Authorization") is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("?a=1&b=%20&c", "a=1&b=%20&c&"),
        ("?access_token=mine&a=1&ACCESS_TOKEN=mine&access%5Ftoken=mine", "a=1&"),
    ],
)
async def test_query(stage: Stage, given: str, kept: str) -> None:
    request = await sent(stage, {"query": {"access_token": "{token}"}}, f"GET /api/x{given} HTTP/1.1")
    assert request.target == f"/base/x?{kept}access_token={quote(stage.token(), safe='')}"


async def test_the_upstreams_own_query_stays(stage: Stage) -> None:
    inject = {"query": {"key": "{token}"}}
    request = await sent(stage, inject, "GET /api/x?a=1 HTTP/1.1", base="/base?api-version=2")
    assert request.target == f"/base/x?api-version=2&a=1&key={stage.token()}"


@pytest.mark.parametrize(("mode", "expected"), [("drop", "sid={}"), ("pass", "a=b; sid={}")])
async def test_cookie(stage: Stage, mode: str, expected: str) -> None:
    inject = {"cookie": {"sid": "{token}"}}
    request = await sent(stage, inject, "GET /api/x HTTP/1.1", "Cookie: a=b; SID=mine", cookies=mode)
    assert request.all("Cookie") == [expected.format(stage.token())]


async def test_json_field(stage: Stage) -> None:
    inject = {"json": {"auth.token": "{token}"}}
    body = '{"n": 1.50, "auth": {"token": "mine", "keep": "\\u00e4"}, "x": "ä"}'.encode()
    request = await sent(stage, inject, "POST /api/x HTTP/1.1", JSON, body=body)
    assert request.body == body.replace(b"mine", stage.token().encode())
    assert request.get("Content-Length") == str(len(request.body))


async def test_form_field(stage: Stage) -> None:
    request = await sent(
        stage, {"form": {"token": "{token}"}}, "POST /api/x HTTP/1.1", FORM, body=b"a=1+2&token=mine&TOKEN=mine"
    )
    assert request.body == f"a=1+2&token={stage.token()}".encode()


async def test_path(stage: Stage) -> None:
    api = await ready(stage, None, "/bot{token}")
    await stage.ask("GET /api/getMe?x=1 HTTP/1.1", "Authorization: mine")
    await stage.ask("GET /api HTTP/1.1")
    assert [request.target for request in api.requests] == [
        f"/bot{quote(stage.token(), safe=':')}/getMe?x=1",
        f"/bot{quote(stage.token(), safe=':')}",
    ]
    assert api.requests[0].get("Authorization") is None


async def test_username_and_password(stage: Stage) -> None:
    api = await stage.api(OK)
    provider = {"scheme": "static", "username": "user", "password": "pass:word"}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    await stage.ask("GET /api HTTP/1.1")
    assert api.requests[0].get("Authorization") == "Basic dXNlcjpwYXNzOndvcmQ="


async def test_no_provider_injects_nothing_and_still_drops_credentials(stage: Stage) -> None:
    api = await stage.api(OK)
    await stage.open({"/api": {"upstream": api.url, "provider": "none"}})
    await stage.ask("GET /api HTTP/1.1", "Authorization: mine", "Cookie: a=mine")
    assert "mine" not in str(api.requests[0])
    assert stage.sandbox.mints.total() == 0


# ------------------------------------------------------------------------------------------- several, and bodies


async def test_several_places_at_once(stage: Stage) -> None:
    inject = {
        "header": {"Authorization": "Bearer {token}", "X-Scope": "{reply.scope}"},
        "query": {"t": "{token}"},
        "cookie": {"c": "{token}"},
        "json": {"token": "{token}"},
    }
    body = b'{"a": [1, 2]}'
    request = await sent(stage, inject, "PUT /api/x HTTP/1.1", JSON, "Authorization: mine", body=body)
    token = stage.token()
    assert request.get("Authorization") == f"Bearer {token}"
    assert request.get("X-Scope") == "read"
    assert request.target == f"/base/x?t={token}"
    assert request.get("Cookie") == f"c={token}"
    assert json.loads(request.body) == {"a": [1, 2], "token": token}


@pytest.mark.parametrize("body", [b"not json", b"[1]", b'"text"', b'{"auth": 1}', b'{"auth": {', b"\xff\xfe{"])
async def test_a_json_body_that_cannot_take_the_credential_is_a_bad_request(stage: Stage, body: bytes) -> None:
    api = await ready(stage, {"json": {"auth.token": "{token}"}})
    reply = await stage.ask("POST /api/x HTTP/1.1", JSON, f"Content-Length: {len(body)}", body=body)
    assert (reply.status, reply.code) == (400, "bad_request")
    assert api.requests == []
    assert stage.token() not in reply.body.decode()


@pytest.mark.parametrize(
    "headers", [(JSON,), ("Content-Type: multipart/form-data; boundary=x",), (FORM, "Content-Encoding: gzip")]
)
async def test_a_body_that_is_no_form_cannot_take_a_field(stage: Stage, headers: tuple[str, ...]) -> None:
    api = await ready(stage, {"form": {"token": "{token}"}})
    reply = await stage.ask("POST /api/x HTTP/1.1", *headers, "Content-Length: 7", body=b'{"a":1}')
    assert (reply.status, reply.code) == (400, "bad_request")
    assert api.requests == []


@pytest.mark.parametrize(
    ("place", "kind"), [("json", "application/json"), ("form", "application/x-www-form-urlencoded")]
)
async def test_no_body_becomes_one(stage: Stage, place: str, kind: str) -> None:
    request = await sent(stage, {place: {"token": "{token}"}}, "POST /api/x HTTP/1.1", "Content-Length: 0")
    given = json.loads(request.body) if place == "json" else dict(parse_qsl(request.body.decode()))
    assert given == {"token": stage.token()}
    assert request.all("Content-Type") == [kind]


async def test_a_chunked_body_takes_the_credential_too(stage: Stage) -> None:
    api = await ready(stage, {"json": {"token": "{token}"}})
    pieces = b'4\r\n{"a"\r\n5\r\n : 1}\r\n0\r\n\r\n'
    reply = await stage.ask("POST /api/x HTTP/1.1", JSON, "Transfer-Encoding: chunked", body=pieces)
    assert reply.status == 200
    assert json.loads(api.requests[0].body) == {"a": 1, "token": stage.token()}
    assert api.requests[0].get("Transfer-Encoding") is None


async def test_a_replay_carries_the_newer_token_in_every_place(stage: Stage) -> None:
    api = await stage.api(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", OK)
    inject = {"query": {"t": "{token}"}, "json": {"token": "{token}"}}
    provider = {
        "scheme": "oauth2",
        "token_url": f"{stage.sandbox.url}/oauth2/token",
        "client_id": "sandbox-key",
        "client_secret": "sandbox-secret",
        "inject": inject,
    }
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    first = stage.token()
    await stage.ask("POST /api/x?a=1 HTTP/1.1", JSON, "Content-Length: 7", body=b'{"a":1}')
    second = stage.token()
    assert first != second
    assert [request.target for request in api.requests] == [f"/x?a=1&t={first}", f"/x?a=1&t={second}"]
    assert [json.loads(request.body)["token"] for request in api.requests] == [first, second]
