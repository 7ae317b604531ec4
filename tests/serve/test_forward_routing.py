"""Where a request goes, and that no spelling of a path leads out of there."""

from __future__ import annotations

import pytest

from tests.conftest import Stage
from tests.raw import RawApi

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def ready(stage: Stage, **route: object) -> RawApi:
    api = await stage.api(OK)
    await stage.open({"/api": {"upstream": f"{api.url}/base/v1", "provider": "oauth2", **route}})
    return api


# ------------------------------------------------------------------------------------------- paths that want out

REFUSED = (
    "/api/..",
    "/api/../x",
    "/api/./x",
    "/api/%2e%2e/x",
    "/api/%2E%2e/x",
    "/api/.%2e/x",
    "/api/x/..%2fy",
    "/api/x%2f..%2fy",
    "/api/x%2f%2e%2e%2fy",
    "/api/%252e%252e/x",
    "/api/%252e%252e%252fx",
    "/api/..;/x",
    "/api/..;a=b/x",
    "/api/.%2e;/x",
    "/api/..%3b/x",
    "/api/..%5cx",
    "/api\\..\\x",
    "/api/\\evil.test/x",
    "/api/%5c%5cevil.test/x",
    "/api/x%00",
    "/api/x%0d%0aX-Evil:%201",
    "/api/x%250a",
    "/api/\xc3\xa4",
    "/api/x#y",
    "/api/x?a#b",
    "http://evil.test/api/x",
    "https://evil.test:443/api/x",
    "HTTP://evil.test/",
    "evil.test:80/api/x",
    "@evil.test/api/x",
    "*",
)
ELSEWHERE = (
    "//evil.test/x",
    "//evil.test/api/x",
    "///api/x",
    "/",
    "/apix",
    "/API/x",
    "/%61pi/x",
    "/api%2fx",
    "/api@evil.test/x",
    "/api;x",
    "/x/api",
)
BELOW = {
    "/api": "/base/v1",
    "/api/": "/base/v1/",
    "/api?": "/base/v1?",
    "/api/x?": "/base/v1/x?",
    "/api/x??": "/base/v1/x??",
    "/api?a=/../b": "/base/v1?a=/../b",
    "/api//evil.test/x": "/base/v1/evil.test/x",
    "/api///x//y": "/base/v1/x//y",
    "/api//": "/base/v1/",
    "/api/@evil.test/x": "/base/v1/@evil.test/x",
    "/api/:80/x": "/base/v1/:80/x",
    "/api/http://evil.test/x": "/base/v1/http://evil.test/x",
    "/api/%23x": "/base/v1/%23x",
    "/api/%3fx": "/base/v1/%3fx",
    "/api/a%2fb": "/base/v1/a%2fb",
    "/api/%2f%2fevil.test": "/base/v1/%2f%2fevil.test",
    "/api/...": "/base/v1/...",
    "/api/.well-known/x..y/..z": "/base/v1/.well-known/x..y/..z",
    "/api/100%25": "/base/v1/100%25",
    "/api/%C3%A4?q=%C3%A4&r=a+b": "/base/v1/%C3%A4?q=%C3%A4&r=a+b",
    "/api/a;b=c/d": "/base/v1/a;b=c/d",
    "/api/x?url=http://evil.test/%2e%2e": "/base/v1/x?url=http://evil.test/%2e%2e",
}


@pytest.mark.parametrize("target", REFUSED)
async def test_trap_23_a_path_cannot_leave_its_route(stage: Stage, target: str) -> None:
    api = await ready(stage)
    reply = await stage.ask(f"GET {target} HTTP/1.1")
    assert (reply.status, reply.code) in ((403, "path_refused"), (400, "bad_request")), reply
    assert api.requests == []


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_trap_23_what_is_not_the_routes_is_not_found(stage: Stage, target: str) -> None:
    api = await ready(stage)
    reply = await stage.ask(f"GET {target} HTTP/1.1")
    assert (reply.status, reply.code) == (404, "no_route")
    assert api.requests == []


@pytest.mark.parametrize(("target", "arrives"), BELOW.items())
async def test_trap_23_odd_paths_arrive_below_the_base(stage: Stage, target: str, arrives: str) -> None:
    api = await ready(stage)
    assert (await stage.ask(f"GET {target} HTTP/1.1")).status == 200
    assert api.requests[0].target == arrives
    assert api.requests[0].all("Host") == [api.authority]


@pytest.mark.parametrize("target", ["//evil.test/x", "///evil.test/x", "/@evil.test/x", "/http://evil.test/x"])
async def test_trap_23_a_route_for_everything_has_one_upstream_too(stage: Stage, target: str) -> None:
    api = await stage.api(OK)
    await stage.open({"/": {"upstream": api.url, "provider": "oauth2"}})
    reply = await stage.ask(f"GET {target} HTTP/1.1")
    assert reply.status == 200
    assert [request.get("Host") for request in api.requests] == [api.authority]
    assert api.requests[0].target == "/" + target.lstrip("/")


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:80", "localhost.evil.test", "localhost@evil.test", "127.0.0.1.evil.test", ""]
)
async def test_trap_23_a_crafted_host_changes_nothing_but_the_answer(stage: Stage, host: str) -> None:
    api = await ready(stage)
    reply = await stage.ask("GET /api/x HTTP/1.1", f"Host: {host}")
    malformed = "@" in host or not host
    assert (reply.status, reply.code) == ((400, "bad_request") if malformed else (403, "host_refused"))
    assert api.requests == []


# ------------------------------------------------------------------------------------------- routes


async def test_the_longest_prefix_wins_by_whole_segments(stage: Stage) -> None:
    api = await stage.api(OK)
    bases = {"/a": "/short", "/a/b": "/long", "/": "/rest"}
    await stage.open({prefix: {"upstream": api.url + base, "provider": "none"} for prefix, base in bases.items()})
    for path in ("/a", "/a/c", "/a/b", "/a/b/c", "/a/bc", "/ab", "/x/y"):
        await stage.ask(f"GET {path} HTTP/1.1")
    assert [request.target for request in api.requests] == [
        *("/short", "/short/c", "/long", "/long/c", "/short/bc", "/rest/ab", "/rest/x/y")
    ]


async def test_keep_prefix(stage: Stage) -> None:
    api = await ready(stage, keep_prefix=True)
    await stage.ask("GET /api/x?y HTTP/1.1")
    assert api.requests[0].target == "/base/v1/api/x?y"


@pytest.mark.parametrize(
    ("path", "passes"),
    [
        ("/v1/chat", True),
        ("/v1/chat/x", False),
        ("/v1/", True),
        ("/v2/a/b/c", True),
        ("/v2", False),
        ("/v3/a", True),
        ("/v3/ab", False),
        ("/v%31/chat", False),
    ],
)
async def test_paths_are_globs_below_the_prefix(stage: Stage, path: str, passes: bool) -> None:
    api = await ready(stage, paths=["/v1/*", "/v2/**", "/v3/?"])
    reply = await stage.ask(f"GET /api{path} HTTP/1.1")
    assert reply.code == (None if passes else "path_refused")
    assert len(api.requests) == passes


async def test_a_method_that_the_route_does_not_take(stage: Stage) -> None:
    api = await ready(stage, methods=["get", "POST"])
    refused = await stage.ask("DELETE /api/x HTTP/1.1")
    assert (refused.status, refused.code, refused.get("Allow")) == (405, "method_refused", "GET, HEAD, POST")
    assert (await stage.ask("GET /api/x HTTP/1.1")).status == 200
    assert (await stage.ask("HEAD /api/x HTTP/1.1", bodiless=True)).status == 200, "a GET without its body"
    assert [request.start.split()[0] for request in api.requests] == ["GET", "HEAD"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PURGE"])
async def test_any_method_passes_unless_the_route_says_otherwise(stage: Stage, method: str) -> None:
    api = await ready(stage)
    assert (await stage.ask(f"{method} /api/x HTTP/1.1")).status == 200
    assert api.requests[0].start == f"{method} /base/v1/x HTTP/1.1"


async def test_a_base_url_with_a_slash_at_its_end_is_one_way_to_write_it(stage: Stage) -> None:
    """Globs, stand-in and the kept prefix see one slash."""
    api = await stage.api(OK)
    routes = {
        "/api": {"upstream": api.url, "provider": "oauth2", "paths": ["/v1/*"]},
        "/kept": {"upstream": api.url, "provider": "oauth2", "keep_prefix": True},
    }
    await stage.open(routes)
    assert (await stage.ask("GET /api//v1/x HTTP/1.1")).status == 200
    assert (await stage.ask("GET /api//v2/x HTTP/1.1")).code == "path_refused"
    assert (await stage.ask("GET /kept//v1/x HTTP/1.1")).status == 200
    assert [request.target for request in api.requests] == ["/v1/x", "/kept/v1/x"]
