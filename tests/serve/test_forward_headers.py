"""Which headers reach the API, which reach the client, and what Keyless adds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import Message

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def sent(
    stage: Stage, *headers: str, start: str = "GET /api/x HTTP/1.1", body: bytes = b"", **route: Any
) -> Message:
    """What a raw API gets of a request with these headers."""
    api = await stage.api(OK)
    config = route.pop("config", {})
    await stage.open({"/api": {"upstream": f"{api.url}/base", "provider": "oauth2", **route}}, **config)
    reply = await stage.ask(start, *headers, body=body)
    assert reply.status == 200, reply
    return api.requests[0]


# ------------------------------------------------------------------------------------------- one credential


@pytest.mark.parametrize(
    "headers",
    [
        ("Authorization: Bearer mine",),
        ("authorization: Bearer mine", "AUTHORIZATION: Basic bWluZQ==", "Authorization: x"),
        ("Proxy-Authorization: Basic bWluZQ==", "X-Api-Key: mine", "api-key: mine", "X-GOOG-API-KEY: mine"),
    ],
)
async def test_trap_20_exactly_one_credential_arrives(stage: Stage, headers: tuple[str, ...]) -> None:
    request = await sent(stage, *headers)
    assert request.all("Authorization") == [f"Bearer {stage.token()}"]
    assert "mine" not in str(request)
    assert "bWluZQ" not in str(request)


@pytest.mark.parametrize(
    "connection",
    [
        ("Connection: Authorization, X-Api-Key",),
        ("Connection: keep-alive, authorization",),
        ("Connection: close", "Connection: Authorization"),
    ],
)
async def test_trap_21_connection_cannot_delete_the_credential(stage: Stage, connection: tuple[str, ...]) -> None:
    request = await sent(stage, *connection, "Authorization: mine")
    assert request.all("Authorization") == [f"Bearer {stage.token()}"]


async def test_what_connection_names_is_dropped_from_every_such_header(stage: Stage) -> None:
    request = await sent(
        stage,
        "Connection: X-One",
        "X-One: 1",
        "Connection: keep-alive, x-two",
        "X-Two: 2",
        "X-Three: 3",
        "Keep-Alive: 5",
    )
    assert [name for name, _ in request.headers if name.startswith("X-")] == ["X-Three"]
    assert request.get("Keep-Alive") is None
    assert request.get("Connection") is None


@pytest.mark.parametrize("bad", ["one\\r\\nX-Evil: 1", "two\\nX-Evil: 1", "three\\u0000", "four\\u4e00"])
@pytest.mark.parametrize(("field", "status"), [("access_token", 503), ("session", 424)])
async def test_trap_22_a_token_with_illegal_bytes_is_refused_not_sent(
    stage: Stage, bad: str, field: str, status: int
) -> None:
    api = await stage.api(OK)
    reply = {"access_token": '"good"', "session": '"good"'} | {field: f'"{bad}"'}
    members = ", ".join(f'"{name}": {value}' for name, value in reply.items())
    stage.sandbox.broken_reply = f'{{{members}, "expires_in": 30}}'.encode()
    token_url = f"{stage.sandbox.url}/oauth2/token"
    inject = {"header": {"Authorization": "Bearer {token}", "X-Session": "{reply.session}"}}
    provider = {
        "scheme": "login",
        "request": {"url": token_url},
        "reply": {"expires_in": "expires_in"},
        "inject": inject,
    }
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    answer = await stage.call("/api/x")
    assert answer.status == status
    assert answer.code in ("token_unavailable", "credential_refused")
    assert api.requests == []
    assert bad[:3] not in answer.body.decode()
    assert "Evil" not in str(answer) + stage.log.getvalue()


# ------------------------------------------------------------------------------------------- to the API


async def test_what_browsers_and_proxies_add_stays_here(stage: Stage) -> None:
    private = (
        "Origin: http://localhost:3000",
        "Referer: http://localhost:3000/page",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Mode: cors",
        "Cookie: session=mine",
        "Forwarded: for=10.0.0.1",
        "X-Forwarded-For: 10.0.0.1",
        "X-Forwarded-Proto: http",
        "X-Real-IP: 10.0.0.1",
        "TE: trailers",
        "X-Keyless-Attempts: 7",
    )
    request = await sent(stage, *private, "Accept: text/plain", "X-Own: kept")
    names = {name.lower() for name, _ in request.headers}
    assert names == {"host", "authorization", "accept", "x-own"}


async def test_forwarded_true_lets_proxies_headers_pass(stage: Stage) -> None:
    request = await sent(stage, "X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1", config={"forwarded": True})
    assert request.get("X-Forwarded-For") == "10.0.0.1"
    assert request.get("Forwarded") == "for=10.0.0.1"


async def test_the_host_is_the_upstreams(stage: Stage) -> None:
    request = await sent(stage, "Host: localhost:1")
    assert request.all("Host") == [stage.service.plan.routes["/api"].target.host.decode()]


async def test_a_routes_edits_come_last(stage: Stage) -> None:
    edits = {
        "set": {"User-Agent": "ours", "X-Team": "core", "Accept-Encoding": "identity"},
        "remove": ["X-Trace", "cookie"],
    }
    request = await sent(
        stage,
        *("User-Agent: theirs", "x-team: other", "X-Trace: 1", "Accept-Encoding: br", "Cookie: a=b"),
        headers=edits,
        cookies="pass",
    )
    assert request.all("User-Agent") == ["ours"]
    assert request.all("X-Team") == ["core"]
    assert request.all("Accept-Encoding") == ["identity"]
    assert request.get("X-Trace") is None
    assert request.get("Cookie") is None


@pytest.mark.parametrize(("mode", "expected"), [("drop", None), ("pass", "a=b; c=d")])
async def test_cookies_go_to_the_api_where_the_route_says_so(stage: Stage, mode: str, expected: str | None) -> None:
    request = await sent(stage, "Cookie: a=b", "Cookie: c=d", cookies=mode)
    assert request.get("Cookie") == expected


@pytest.mark.parametrize(
    ("asked", "sent_on"),
    [("gzip, br", "gzip"), ("br, zstd", "identity"), ("*", "identity"), ("gzip;q=0, br", "identity")],
)
async def test_codings_that_rules_cannot_read_are_not_asked_for(stage: Stage, asked: str, sent_on: str) -> None:
    api = await stage.api(OK)
    await stage.open(
        {"/b": {"upstream": api.url, "provider": "baidu"}, "/o": {"upstream": api.url, "provider": "oauth2"}}
    )
    await stage.ask("GET /b/x HTTP/1.1", f"Accept-Encoding: {asked}")
    await stage.ask("GET /o/x HTTP/1.1", f"Accept-Encoding: {asked}")
    assert [request.get("Accept-Encoding") for request in api.requests] == [sent_on, asked]


# ------------------------------------------------------------------------------------------- to the client


async def received(stage: Stage, *headers: bytes, ask: tuple[str, ...] = (), **route: Any) -> Message:
    api = await stage.api(b"\r\n".join((b"HTTP/1.1 200 OK", *headers, b"Content-Length: 2", b"", b"ok")))
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2", **route}})
    return await stage.ask("GET /api/x HTTP/1.1", *ask)


UNWANTED = (
    b"Set-Cookie: a=b",
    b"Strict-Transport-Security: max-age=1",
    b"Alt-Svc: h3",
    b"Clear-Site-Data: *",
    b"Keep-Alive: timeout=5",
    b"Proxy-Authenticate: Basic",
    b"X-Keyless-Error: forged",
    b"Access-Control-Allow-Origin: https://evil.test",
)


async def test_a_reply_comes_as_it_was_but_for_what_never_goes_back(stage: Stage) -> None:
    reply = await received(stage, *UNWANTED, b"X-Custom: \xe4", b"x-twice: 1", b"X-Twice: 2", b'ETag: W/"1"')
    assert reply.start == "HTTP/1.1 200 OK"
    assert reply.headers == [
        ("X-Custom", "ä"),
        ("x-twice", "1"),
        ("X-Twice", "2"),
        ("ETag", 'W/"1"'),
        ("Content-Length", "2"),
    ]
    assert reply.body == b"ok"


async def test_cookies_pass_to_the_client_where_the_route_says_so(stage: Stage) -> None:
    reply = await received(stage, b"Set-Cookie: a=b", b"Set-Cookie: c=d", cookies="pass")
    assert reply.all("Set-Cookie") == ["a=b", "c=d"]


async def test_a_routes_reply_edits(stage: Stage) -> None:
    edits = {"set": {"Cache-Control": "no-store", "Content-Type": "text/plain"}, "remove": ["Server", "Link"]}
    reply = await received(
        stage,
        *(b"Server: x", b"cache-control: public", b"Link: <x>", b"Content-Type: text/html"),
        reply_headers=edits,
    )
    assert reply.all("Cache-Control") == ["no-store"]
    assert reply.all("Content-Type") == ["text/plain"]
    assert reply.get("Server") is None
    assert reply.get("Link") is None


async def test_trap_39_cors_of_the_api_is_replaced_not_duplicated(stage: Stage) -> None:
    theirs = (b"Access-Control-Allow-Origin: *", b"access-control-allow-credentials: true", b"Vary: Accept")
    reply = await received(stage, *theirs, ask=("Origin: http://localhost:3000",))
    assert reply.all("Access-Control-Allow-Origin") == ["http://localhost:3000"]
    assert reply.get("Access-Control-Allow-Credentials") is None
    assert reply.all("Vary") == ["Accept", "Origin"]


async def test_cors_pass_leaves_the_apis_headers_alone(stage: Stage) -> None:
    reply = await received(
        stage, b"Access-Control-Allow-Origin: *", ask=("Origin: http://localhost:3000",), cors="pass"
    )
    assert reply.all("Access-Control-Allow-Origin") == ["*"]
