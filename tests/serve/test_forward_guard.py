"""Who may ask: hosts, browsers' origins, client keys. All of it is settled before any token is touched."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.conftest import Stage

PAGE = "http://localhost:3000"
KEY = "kl-0123456789abcdef"


async def cold(stage: Stage, **config: Any) -> None:
    """A proxy that has no token yet, and whose issuer would count every ask for one."""
    stage.sandbox.issuer_down = True
    await stage.open(**config)
    await stage.sandbox.until(lambda: stage.sandbox.token_requests.total() == 4)


def untouched(stage: Stage) -> bool:
    """No request reached the API, nor the issuer beyond the four of the start."""
    return stage.sandbox.api_requests == 0 and stage.sandbox.token_requests.total() == 4


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (("Host: evil.test",), "host_refused"),
        (("Host: localhost.evil.test",), "host_refused"),
        (("Host: 127.0.0.1.evil.test:80",), "host_refused"),
        (("Host: 10.0.0.1",), "host_refused"),
        (("Origin: http://evil.test",), "origin_refused"),
        (("Origin: http://localhost.evil.test",), "origin_refused"),
        (("Origin: http://localhost:3000.evil.test",), "origin_refused"),
        (("Origin: http://localhost@evil.test",), "origin_refused"),
        (("Origin: null",), "origin_refused"),
        (("Origin: file://",), "origin_refused"),
        (("Origin: ",), "origin_refused"),
        (("Sec-Fetch-Site: cross-site",), "origin_refused"),
        (("Origin: https://evil.test", "Sec-Fetch-Site: cross-site", "Content-Type: text/plain"), "origin_refused"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_trap_38_strangers_are_refused_before_any_token(
    stage: Stage, headers: tuple[str, ...], code: str, method: str
) -> None:
    await cold(stage)
    reply = await stage.ask(f"{method} /oauth2/echo HTTP/1.1", *headers, "Content-Length: 0")
    assert (reply.status, reply.code) == (403, code)
    assert reply.get("Access-Control-Allow-Origin") is None
    assert untouched(stage)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:8080"])
async def test_loopback_names_are_answered_with_any_port(stage: Stage, host: str) -> None:
    await stage.open()
    assert (await stage.ask("GET /oauth2/echo HTTP/1.1", f"Host: {host}")).status == 200


@pytest.mark.parametrize("origin", [PAGE, "https://127.0.0.1", "http://[::1]:5173"])
async def test_pages_on_loopback_may_ask_and_read(stage: Stage, origin: str) -> None:
    await stage.open()
    reply = await stage.ask("GET /oauth2/echo HTTP/1.1", f"Origin: {origin}", "Sec-Fetch-Site: cross-site")
    assert reply.status == 200
    assert reply.all("Access-Control-Allow-Origin") == [origin]
    assert reply.get("Access-Control-Expose-Headers") == "*"
    assert "Origin" in reply.all("Vary")


async def test_named_hosts_and_origins_take_the_place_of_the_defaults(stage: Stage) -> None:
    await stage.open(browser={"origins": ["https://app.test"], "hosts": ["proxy.test"]})
    good = await stage.ask("GET /oauth2/echo HTTP/1.1", "Host: proxy.test:81", "Origin: https://app.test")
    assert good.get("Access-Control-Allow-Origin") == "https://app.test"
    bad = [
        ("Host: localhost",),
        ("Host: proxy.test", f"Origin: {PAGE}"),
        ("Host: proxy.test", "Origin: https://app.test:1"),
    ]
    for headers in bad:
        assert (await stage.ask("GET /oauth2/echo HTTP/1.1", *headers)).status == 403


async def test_a_listener_for_all_takes_any_host(stage: Stage) -> None:
    await stage.open(listen="0.0.0.0:0", anyone=True)
    stage.url = stage.url.replace("0.0.0.0", "127.0.0.1")
    assert (await stage.ask("GET /oauth2/echo HTTP/1.1", "Host: proxy.example.test")).status == 200
    assert (await stage.ask("GET /oauth2/echo HTTP/1.1", "Host: pro xy")).status in (400, 403)
    assert (await stage.ask("GET /oauth2/echo HTTP/1.1", "Origin: https://evil.test")).code == "origin_refused"


# ------------------------------------------------------------------------------------------- preflights


async def test_trap_38_a_preflight_is_answered_without_a_token(stage: Stage) -> None:
    await cold(stage, clients=[{"name": "web", "key": KEY}])
    reply = await stage.ask(
        "OPTIONS /oauth2/echo HTTP/1.1",
        f"Origin: {PAGE}",
        "Access-Control-Request-Method: PUT",
        "Access-Control-Request-Headers: authorization, x-own",
        "Access-Control-Request-Private-Network: true",
    )
    assert (reply.status, reply.body, reply.get("Content-Length")) == (204, b"", None)
    assert reply.get("Access-Control-Allow-Origin") == PAGE
    assert "PUT" in (reply.get("Access-Control-Allow-Methods") or "")
    assert reply.get("Access-Control-Allow-Headers") == "authorization, x-own"
    assert reply.get("Access-Control-Allow-Private-Network") == "true"
    assert untouched(stage)


async def test_an_options_request_that_is_no_preflight_goes_to_the_api(stage: Stage) -> None:
    await stage.open()
    assert (await stage.ask("OPTIONS /oauth2/echo HTTP/1.1", f"Origin: {PAGE}")).json()["method"] == "OPTIONS"


@pytest.mark.parametrize("path", ["/nowhere", "/oauth2/../x"])
async def test_a_page_may_read_the_proxys_own_errors(stage: Stage, path: str) -> None:
    await stage.open()
    reply = await stage.ask(f"GET {path} HTTP/1.1", f"Origin: {PAGE}")
    assert reply.code in ("no_route", "path_refused")
    assert reply.all("Access-Control-Allow-Origin") == [PAGE]


# ------------------------------------------------------------------------------------------- client keys

HASHED = f"sha256:{hashlib.sha256(KEY.encode()).hexdigest()}"


@pytest.mark.parametrize("written", [KEY, HASHED, HASHED.replace("sha256:", "").upper().join(("sha256:", ""))])
@pytest.mark.parametrize(
    "header",
    ["Authorization: Bearer {}", "authorization: bearer {}", "X-Api-Key: {}", "api-key: {}", "X-Goog-Api-Key: {}"],
)
async def test_a_client_key_in_each_header_that_sdks_use(stage: Stage, written: str, header: str) -> None:
    api = await stage.api(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await stage.open({"/api": {"upstream": api.url, "provider": "baidu"}}, clients=[{"name": "app", "key": written}])
    assert (await stage.ask("GET /api HTTP/1.1", header.format(KEY))).status == 200
    assert KEY not in str(api.requests[0])


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Authorization: Bearer wrong",),
        ("Authorization: Bearer ",),
        (f"Authorization: Basic {KEY}",),
        ("X-Api-Key: \xff\xfe",),
        (f"Authorization: Bearer {HASHED}",),
        (f"Authorization: Bearer {KEY}x",),
    ],
)
async def test_without_a_known_key_there_is_an_answer_and_nothing_else(stage: Stage, headers: tuple[str, ...]) -> None:
    await cold(stage, clients=[{"name": "app", "key": HASHED}])
    for path in ("/oauth2/echo", "/nowhere"):
        reply = await stage.ask(f"GET {path} HTTP/1.1", *headers)
        assert (reply.status, reply.code) == (401, "client_key_required")
        assert (reply.get("WWW-Authenticate") or "").startswith("Bearer")
    assert untouched(stage)


async def test_a_clients_routes_methods_and_origins(stage: Stage) -> None:
    client = {"name": "app", "key": KEY, "routes": ["/oauth2"], "methods": ["GET"], "origins": ["https://app.test"]}
    await stage.open(clients=[client, {"name": "other", "key": KEY + "2"}])
    for line, origin, code in (
        ("GET /oauth2/echo", "https://app.test", None),
        ("GET /baidu/echo", "https://app.test", "route_refused"),
        ("DELETE /oauth2/echo", "https://app.test", "route_refused"),
        ("GET /oauth2/echo", PAGE, "origin_refused"),
    ):
        reply = await stage.ask(f"{line} HTTP/1.1", f"X-Api-Key: {KEY}", f"Origin: {origin}")
        assert (reply.code, reply.status) == (code, 200 if code is None else 403)
    assert (await stage.ask("GET /baidu/echo HTTP/1.1", f"X-Api-Key: {KEY}2")).status == 200


# ------------------------------------------------------------------------------------------- cors: pass

ASKS = ("Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-own")
ALLOWS = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Max-Age: 7\r\nContent-Length: 0\r\n\r\n"


async def test_an_api_that_answers_cors_itself_gets_the_preflight(stage: Stage) -> None:
    """Without a client key, which no preflight has; so without a credential, and nothing else that was sent."""
    api = await stage.api(ALLOWS)
    route = {"upstream": f"{api.url}/v1", "provider": "oauth2", "cors": "pass", "methods": ["PUT"], "paths": ["/a"]}
    stage.sandbox.issuer_down = True
    await stage.open({"/api": route | {"headers": {"set": {"X-Team": "a"}}}}, clients=[{"name": "web", "key": KEY}])
    asked = ("Authorization: Bearer x", "X-Other: x", "Cookie: a=b", f"Origin: {PAGE}")
    reply = await stage.ask("OPTIONS /api/a?b=c HTTP/1.1", *ASKS, *asked)
    assert (reply.status, reply.all("Access-Control-Allow-Origin")) == (200, ["*"])
    assert reply.get("Access-Control-Max-Age") == "7"
    (request,) = api.requests
    assert (request.start, request.get("Origin")) == ("OPTIONS /v1/a?b=c HTTP/1.1", PAGE)
    assert {name.lower() for name, _ in request.headers} == {
        "host",
        "origin",
        "access-control-request-method",
        "access-control-request-headers",
    }


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/other", (f"Origin: {PAGE}", *ASKS), 403),
        ("/api/a", ("Origin: http://evil.test", *ASKS), 403),
        ("/api/a", ("Origin: null", *ASKS), 403),
        ("/api/a", (f"Origin: {PAGE}",), 401),
        ("/api/a", ASKS, 401),
        ("/api/a", (f"Origin: {PAGE}", *ASKS, "Content-Length: 2"), 204),
    ],
)
async def test_nothing_but_a_preflight_of_an_allowed_page_does(
    stage: Stage, path: str, headers: tuple[str, ...], status: int
) -> None:
    api = await stage.api(ALLOWS)
    route = {"upstream": api.url, "provider": "oauth2", "cors": "pass", "paths": ["/a"]}
    await stage.open({"/api": route}, clients=[{"name": "web", "key": KEY}])
    body = b"{}" if "Content-Length: 2" in headers else b""
    assert (await stage.ask(f"OPTIONS {path} HTTP/1.1", *headers, body=body)).status == status
    assert api.requests == []


async def test_an_api_that_answers_cors_itself_learns_the_origin(stage: Stage) -> None:
    api = await stage.api(ALLOWS)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2", "cors": "pass"}})
    await stage.ask("GET /api HTTP/1.1", f"Origin: {PAGE}", f"Referer: {PAGE}/secret")
    assert (api.requests[0].get("Origin"), api.requests[0].get("Referer")) == (PAGE, None)


async def test_a_path_that_needs_the_credential_is_no_place_for_a_preflight(stage: Stage) -> None:
    api = await stage.api(ALLOWS)
    await stage.open({"/api": {"upstream": f"{api.url}/bot{{token}}", "provider": "oauth2", "cors": "pass"}})
    assert (await stage.ask("OPTIONS /api/a HTTP/1.1", f"Origin: {PAGE}", *ASKS)).status == 204
    assert api.requests == []
