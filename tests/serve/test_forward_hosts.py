"""One route, several hosts: each call chooses, within the provider's list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import RawApi
from tests.wire.outbound.test_dial import Names

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GONE = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
HOSTS = [{"host": "files.test", "credential": True}, {"host": "*.cdn.test", "credential": False}]
P = {"scheme": "static", "token": "a-static-secret", "hosts": HOSTS, "dead": [{"status": 401}]}


async def behind(stage: Stage, *replies: bytes, **route: Any) -> RawApi:
    api, stage.resolve = await stage.api(*replies), Names("127.0.0.1")
    upstream = api.url.replace("127.0.0.1", "api.test") + "/v1"
    routes = {
        "/api": {"upstream": upstream, "provider": "p", "hosts": True, "private": True, "plain_http": True} | route
    }
    await stage.open(routes, providers={"p": P})
    return api


@pytest.mark.parametrize(
    ("path", "host", "target", "token"),
    [
        ("/api/x?a=1", "api.test", "/v1/x?a=1", True),
        ("/api/~files.test/x?a=1", "files.test", "/x?a=1", True),
        ("/api/~files.test", "files.test", "/", True),
        ("/api//~Files.test/x", "files.test", "/x", True),
        ("/api/~a.cdn.test/x/~y", "a.cdn.test", "/x/~y", False),
        ("/api/~someone/x", "api.test", "/v1/~someone/x", True),
    ],
)
async def test_where_a_call_goes(path: str, host: str, target: str, token: bool, stage: Stage) -> None:
    api = await behind(stage, OK)
    reply = await stage.ask(f"GET {path} HTTP/1.1", "Authorization: Bearer made-up", "X-Api-Key: made-up")
    [sent] = api.requests
    assert (reply.status, (sent.get("Host") or "").partition(":")[0], sent.target) == (200, host, target)
    assert sent.get("Authorization") == ("Bearer a-static-secret" if token else None)
    assert "made-up" not in str(sent.headers)


@pytest.mark.parametrize("path", ["/api/~evil.test/x", "/api/~files.test:1/x", "/api/~cdn.test/", "/api/~127.0.0.1/x"])
async def test_no_other_host_is_called(path: str, stage: Stage) -> None:
    api = await behind(stage, OK)
    reply = await stage.ask(f"GET {path} HTTP/1.1")
    assert (reply.status, reply.code, api.requests) == (403, "path_refused", [])


async def test_what_the_route_allows_holds_there_too(stage: Stage) -> None:
    api = await behind(stage, OK, methods=["GET"], paths=["/open/**"])
    for start, code in (("POST /api/~files.test/open/x", "method_refused"), ("GET /api/~files.test/x", "path_refused")):
        assert (await stage.ask(f"{start} HTTP/1.1")).code == code
    assert (await stage.ask("GET /api/~files.test/open/x HTTP/1.1")).status == 200
    assert len(api.requests) == 1


async def test_a_name_that_leads_into_the_private_network_needs_consent(stage: Stage) -> None:
    api = await behind(stage, OK, private=False)
    assert (await stage.ask("GET /api/~files.test/x HTTP/1.1")).status == 502
    assert api.requests == []


async def test_a_host_without_the_credential_says_nothing_of_it(stage: Stage) -> None:
    await behind(stage, GONE)
    await stage.ask("GET /api/~a.cdn.test/x HTTP/1.1")
    assert stage.service.view.provider("p").last_error is None
    await stage.ask("GET /api/~files.test/x HTTP/1.1")
    assert "dead" in (stage.service.view.provider("p").last_error or "")


async def test_its_links_stay_inside(stage: Stage) -> None:
    await behind(stage, b"HTTP/1.1 302 Found\r\nLocation: /y?a=1\r\nContent-Length: 0\r\n\r\n")
    reply = await stage.ask("GET /api/~files.test/x HTTP/1.1")
    assert reply.get("Location") == "/api/~files.test/y?a=1"
