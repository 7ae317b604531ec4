"""What a curious client tries: to have the credential shown, doubled, dropped or sent elsewhere.

The API behind the proxy repeats every byte that it got, so that what reaches it and what comes back are both seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.conftest import Stage
from tests.raw import Message, RawApi, Wire

TOKEN = "T0ken/that+must=stay-hidden"
NAME = "X-Auth-Token"
PLACES = {
    "header": {"header": {NAME: "{token}"}},
    "query": {"query": {"access_token": "{token}"}},
    "cookie": {"cookie": {"sid": "{token}"}},
    "json": {"json": {"auth.token": "{token}"}},
    "form": {"form": {"token": "{token}"}},
}


async def mirror(stage: Stage, place: str = "header", **route: object) -> RawApi:
    """A proxy in front of an API that answers with the request as it stood on the wire."""

    async def play(wire: Wire) -> None:
        while True:
            request = await wire.message()
            api.record(request)
            lines = [request.start, *(f"{name}: {value}" for name, value in request.headers)]
            echo = "\r\n".join((*lines, "", "")).encode("latin-1") + request.body
            await wire.send(
                b"HTTP/1.1 200 OK\r\nContent-Type: message/http\r\nContent-Length: %d\r\n\r\n" % len(echo), echo
            )

    api = await stage.playing(play)
    token = TOKEN if place != "cookie" else TOKEN.replace("=", "-")
    provider = {"scheme": "static", "token": token, "inject": PLACES[place]}
    written = {"upstream": f"{api.url}/base", "provider": "p", "cookies": "pass", **route}
    await stage.open({"/api": written}, providers={"p": provider})
    return api


def credentials(place: str, request: Message) -> list[str]:
    """Everything in the credential's place that any server could take for it."""
    if place == "header":
        return [value for name, value in request.headers if name.lower().replace("_", "-") == NAME.lower()]
    if place == "query":
        return _pairs(urlsplit(request.target).query, "access_token")
    if place == "cookie":
        cookies = [pair.strip().partition("=") for line in request.all("Cookie") for pair in line.split(";")]
        return [value for name, _, value in cookies if name.lower() == "sid"]
    if place == "form":
        return _pairs(request.body.decode(), "token")
    found: list[str] = []
    json.loads(request.body, object_pairs_hook=lambda pairs: _collected(pairs, found))
    return found


def _pairs(text: str, wanted: str) -> list[str]:
    pairs = parse_qsl(text, keep_blank_values=True)
    return [value for name, value in pairs if name.strip().lower() == wanted]


def _collected(pairs: Iterable[tuple[str, object]], found: list[str]) -> dict[str, object]:
    found += [str(value) for name, value in pairs if name == "token"]
    return dict(pairs)


JSON, FORM = "Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded"

ATTEMPTS = [
    # the credential's own place, spelled so that a filter might miss it and a server not
    ("header", "GET /api/x", ("x-auth-token: mine",), b""),
    ("header", "GET /api/x", ("X_Auth_Token: mine", "X-Auth_Token: mine"), b""),
    ("header", "GET /api/x", (f"Connection: {NAME}", f"{NAME}: mine"), b""),
    ("header", "GET /api/x", (f"Connection: close, {NAME.lower()}", "Keep-Alive: x"), b""),
    ("header", "POST /api/x", ("Transfer-Encoding: chunked", f"Trailer: {NAME}"), b"0\r\nX-Auth-Token: mine\r\n\r\n"),
    ("query", "GET /api/x?access_token=mine&ACCESS_TOKEN=mine&%61ccess_token=mine", (), b""),
    ("query", "GET /api/x?access_token&access_token=&=access_token", (), b""),
    ("query", "GET /api/x?%20access_token=mine&access_token+=mine&access%5ftoken=mine", (), b""),
    ("query", "GET /api/x?a=1#&access_token=mine", (), b""),
    ("query", "GET /api/x?a=%00&access_token%00=mine", (), b""),
    ("cookie", "GET /api/x", ("Cookie: sid=mine; SID=mine;sid=mine", "cookie: a=b;  Sid = mine"), b""),
    ("cookie", "GET /api/x", ('Cookie: a="b; sid=mine"',), b""),
    ("json", "POST /api/x", (JSON,), b'{"auth": {"token": "mine", "token": "mine"}}'),
    ("json", "POST /api/x", (JSON,), b'{"auth": {"t\\u006fken": "mine"}, "auth": {"token": "mine"}}'),
    ("json", "POST /api/x", (JSON,), b'{"\\u0061uth": {"token": "mine"}}'),
    ("json", "POST /api/x", (JSON,), b'\xef\xbb\xbf{"auth": {}}'),
    ("form", "POST /api/x", (FORM,), b"token=mine&TOKEN=mine&t%6Fken=mine&+token=mine"),
    ("form", "POST /api/x", (FORM,), b"token&token=&=token\r\n"),
    # the way that the request takes
    ("header", "GET /api/x", ("X-HTTP-Method-Override: TRACE", "X-Original-URL: /admin", "X-Rewrite-URL: /admin"), b""),
    ("header", "GET /api/x", ("X_Original_URL: /admin", "X-Original_Host: evil.test", "Proxy: http://evil.test"), b""),
    ("header", "GET /api/x", ("X-Forwarded-Host: evil.test", "X-Host: evil.test", "Forwarded: host=evil.test"), b""),
    ("header", "GET /api/x", ("X-Forwarded_Host: evil.test", "X_Forwarded_Proto: gopher"), b""),
    ("header", "GET /api/x", ("X-Envoy-Original-Path: /admin", "X-Envoy-Original-Dst-Host: evil.test:1"), b""),
    ("header", "OPTIONS /api/x", ("Max-Forwards: 0",), b""),
    ("header", "GET /api/x", ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"), b""),
    ("header", "GET /api/x", ("Upgrade: TLS/1.0, websocket", "Connection: upgrade"), b""),
    ("header", "POST /api/x", ("Upgrade: websocket", "Connection: Upgrade", "Content-Length: 2"), b"hi"),
    ("header", "GET /api/x@evil.test/y;z", (), b""),
    ("header", "GET /api//evil.test/x", (), b""),
]


@pytest.mark.parametrize(("place", "start", "headers", "body"), ATTEMPTS)
async def test_one_credential_in_its_place_on_the_configured_way_and_never_back(
    stage: Stage, place: str, start: str, headers: tuple[str, ...], body: bytes
) -> None:
    """Or a refusal, and then nothing reaches the API."""
    api = await mirror(stage, place, methods=["GET", "POST", "OPTIONS"])
    framed = any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers)
    if body and not framed:
        headers = (*headers, f"Content-Length: {len(body)}")
    reply = await stage.ask(f"{start} HTTP/1.1", *headers, body=body)
    token = TOKEN if place != "cookie" else TOKEN.replace("=", "-")
    assert token not in str(reply)
    if reply.code is not None:
        assert reply.status == 400 or reply.code == "path_refused"
        assert api.requests == []
        return
    (request,) = api.requests
    assert reply.status == 200
    assert credentials(place, request) == [token]
    assert request.target.startswith("/base/")
    assert request.all("Host") == [api.authority]
    steering = ("evil", "/admin", "gopher", "Max-Forwards", "Override", "Upgrade", "HTTP2", "Trailer")
    assert not any(word.lower() in str(request.headers).lower() for word in steering)
    assert not any(value == "mine" for name, value in request.headers if name.lower().replace("_", "-") == NAME.lower())


@pytest.mark.parametrize(
    "start",
    [
        "TRACE /api/x HTTP/1.1",
        "TRACK /api/x HTTP/1.1",
        "trace /api/x HTTP/1.1",
        "CONNECT /api/x HTTP/1.1",
        "CONNECT evil.test:443 HTTP/1.1",
        "GET http://evil.test/api/x HTTP/1.1",
        "GET //evil.test/api/x HTTP/1.1",
        "GET evil.test/api HTTP/1.1",
        "GET /api/../admin HTTP/1.1",
        "GET /api/%2e%2e/admin HTTP/1.1",
        "GET /api/..;/admin HTTP/1.1",
        "GET /api/%252e%252e/admin HTTP/1.1",
        "GET /api/..%5cadmin HTTP/1.1",
        "GET /api\\..\\admin HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "PRI * HTTP/2.0",
    ],
)
async def test_what_is_refused_before_any_token_is_touched(stage: Stage, start: str) -> None:
    api = await mirror(stage)
    reply = await stage.ask(start)
    assert 400 <= reply.status < 500 or reply.status == 505
    assert TOKEN not in str(reply)
    assert api.requests == []


async def test_trace_is_for_routes_that_name_it(stage: Stage) -> None:
    """And even then the credential is starred in the echo."""
    api = await mirror(stage, methods=["TRACE"])
    reply = await stage.ask("TRACE /api/x HTTP/1.1")
    assert (reply.status, len(api.requests)) == (200, 1)
    assert "*" * len(TOKEN) in reply.body.decode()
    assert TOKEN not in reply.body.decode()


async def test_connect_is_for_nobody(stage: Stage) -> None:
    api = await mirror(stage, methods=["CONNECT", "GET"])
    reply = await stage.ask("CONNECT /api/x HTTP/1.1")
    assert (reply.status, reply.code, reply.get("Allow")) == (405, "method_refused", "GET, HEAD")
    assert api.requests == []


async def test_a_refused_trace_says_what_is_taken(stage: Stage) -> None:
    await mirror(stage)
    reply = await stage.ask("TRACE /api/x HTTP/1.1")
    assert (reply.status, reply.code) == (405, "method_refused")
    assert "TRACE" not in (reply.get("Allow") or "TRACE")


@pytest.mark.parametrize("limited", ["route", "client", None])
async def test_a_method_override_does_not_get_past_a_limit(stage: Stage, limited: str | None) -> None:
    """Where nothing is limited it passes: Google's APIs take long queries so."""
    api = await stage.api(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    route = {"upstream": api.url, "provider": "oauth2"} | ({"methods": ["POST"]} if limited == "route" else {})
    clients = [{"name": "c", "key": "the-clients-own-key", "methods": ["POST"]}] if limited == "client" else []
    await stage.open({"/api": route}, clients=clients)
    override = ("X-HTTP-Method-Override: DELETE", "x_http_method_override: DELETE", "Content-Length: 0")
    await stage.ask("POST /api/x HTTP/1.1", "X-Api-Key: the-clients-own-key", *override)
    found = [name for name, _ in api.requests[0].headers if "override" in name.lower()]
    assert bool(found) is (limited is None)
