"""`cache` on a route, against real servers: what is answered again, to whom, and what is never kept (RFC 9111)."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from proxy.plan.caching.rule import LONGEST_BODY
from proxy.serve.cache.memory import Memory
from tests.conftest import Stage
from tests.raw import Message, RawApi, Wire

KEYS = {name: f"kls_{name}_0123456789abcdefgh" for name in ("ann", "ben")}
CLIENTS = [{"name": name, "key": key} for name, key in KEYS.items()]


class Counting:
    """An API whose replies say how often it was asked; `head` are further lines of each, made of the request."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.asked = 0
        self.head: Callable[[Message], str] = lambda _: ""
        self.status = "200 OK"

    async def open(self) -> RawApi:
        return await self._stage.playing(self._play)

    async def _play(self, wire: Wire) -> None:
        while True:
            message = await wire.message()
            self.asked += 1
            body = b"" if self.status.startswith("304") else b"reply %d" % self.asked
            head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(body)}\r\n{self.head(message)}\r\n"
            await wire.send(head.encode("latin-1"), b"" if message.start.startswith("HEAD") else body)


@pytest.fixture
async def api(stage: Stage) -> Counting:
    return Counting(stage)


async def opened(stage: Stage, api: Counting, route: dict[str, Any] | None = None, **config: Any) -> RawApi:
    served = await api.open()
    written = {"upstream": served.url, "provider": "none", "cache": "60s"} | (route or {})
    await stage.open({"/api": written}, **config)
    return served


def memory(stage: Stage) -> Memory:
    return stage.service.front.memory


async def body(stage: Stage, path: str = "/api/x", method: str = "GET", **options: Any) -> bytes:
    return (await stage.call(path, method, **options)).body


async def test_a_reply_answers_again_and_says_so(stage: Stage, api: Counting) -> None:
    await opened(stage, api)
    first = await stage.call("/api/x?a=1")
    again = await stage.call("/api/x?a=1")
    assert (first.body, again.body, api.asked) == (b"reply 1", b"reply 1", 1)
    assert (first.get("Cache-Status"), first.get("Age")) == ("keyless; fwd=uri-miss; stored", None)
    assert (again.get("Age") or "").isdigit()
    assert (again.get("Cache-Status") or "").startswith("keyless; hit; ttl=")
    assert again.get("Content-Length") == "7"
    assert await body(stage, "/api/x?a=2") == b"reply 2"


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("Cache-Control: no-store\r\n", "no-store"),
        ("Cache-Control: no-cache\r\n", "no-cache"),
        ("Cache-Control: max-age=0\r\n", "stale"),
        ("Cache-Control: max-age=60\r\nAge: 61\r\n", "stale"),
        ("Set-Cookie: a=1\r\n", "set-cookie"),
        ("Vary: *\r\n", "vary"),
        ("Content-Type: text/event-stream\r\n", "stream"),
    ],
)
async def test_what_an_api_forbids_is_never_kept(stage: Stage, api: Counting, head: str, why: str) -> None:
    api.head = lambda _: head
    await opened(stage, api)
    assert (await stage.call("/api/x")).get("Cache-Status") == f"keyless; fwd=uri-miss; detail={why}"
    assert await body(stage) == b"reply 2"
    assert (len(memory(stage)), memory(stage).size) == (0, 0)


@pytest.mark.parametrize(
    "status", ["201 Created", "206 Partial Content", "404 Not Found", "500 Oh", "304 Not Modified"]
)
async def test_only_a_whole_200_is_kept(stage: Stage, api: Counting, status: str) -> None:
    api.status = status
    await opened(stage, api)
    await stage.call("/api/x")
    await stage.call("/api/x")
    assert (api.asked, len(memory(stage))) == (2, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Range", "bytes=0-3"),
        ("If-Match", '"a"'),
        ("Cache-Control", "no-store"),
        ("X-HTTP-Method-Override", "DELETE"),
    ],
)
async def test_requests_that_go_by_the_cache(stage: Stage, api: Counting, name: str, value: str) -> None:
    await opened(stage, api)
    assert await body(stage) == b"reply 1"
    by = await stage.call("/api/x", headers={name: value})
    assert (by.body, by.get("Age")) == (b"reply 2", None)
    assert (by.get("Cache-Status") or "").startswith("keyless; fwd=bypass; detail=")
    assert await body(stage) == b"reply 1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cache-Control", "no-cache"),
        ("Cache-Control", "max-age=0"),
        ("Cache-Control", "must-revalidate"),
        ("Cache-Control", "min-fresh=3600"),
        ("Pragma", "no-cache"),
    ],
)
async def test_who_wants_it_fresh_gets_it_and_so_does_the_cache(
    stage: Stage, api: Counting, name: str, value: str
) -> None:
    await opened(stage, api)
    await stage.call("/api/x")
    fresh = await stage.call("/api/x", headers={name: value})
    assert (fresh.body, fresh.get("Cache-Status")) == (b"reply 2", "keyless; fwd=request; stored")
    assert await body(stage) == b"reply 2"


async def test_who_wants_a_kept_reply_only_gets_no_other(stage: Stage, api: Counting) -> None:
    await opened(stage, api)
    reply = await stage.call("/api/x", headers={"Cache-Control": "only-if-cached"})
    assert (reply.status, reply.code, reply.get("X-Should-Retry"), api.asked) == (504, "offline", "false", 0)
    await stage.call("/api/x")
    assert await body(stage, headers={"Cache-Control": "only-if-cached"}) == b"reply 1"


async def test_a_reply_that_has_grown_stale_is_asked_for_anew(stage: Stage, api: Counting) -> None:
    """A minute later: what is kept was born a minute earlier."""
    await opened(stage, api)
    await stage.call("/api/x")
    kept = memory(stage)
    (variant,) = kept._shelf._places
    key = kept._shelf._places[variant].key
    found = await kept.find(variant)
    assert found is not None
    await kept.put(variant, key, replace(found, born=found.born - 60))
    again = await stage.call("/api/x")
    assert (again.body, again.get("Cache-Status")) == (b"reply 2", "keyless; fwd=stale; stored")
    assert await body(stage) == b"reply 2"


async def test_vary_is_part_of_the_key(stage: Stage, api: Counting) -> None:
    api.head = lambda _: "Vary: Accept-Language\r\n"
    await opened(stage, api)

    async def said(language: str) -> bytes:
        return await body(stage, headers={"Accept-Language": language})

    assert [await said(each) for each in ("de", "zh", "de", "zh")] == [b"reply 1", b"reply 2"] * 2


async def test_two_clients_never_see_each_others_replies(stage: Stage, api: Counting) -> None:
    api.head = lambda _: "Cache-Control: private, max-age=60\r\n"
    await opened(stage, api, clients=CLIENTS)

    async def said(name: str) -> bytes:
        return await body(stage, headers={"Authorization": f"Bearer {KEYS[name]}"})

    assert [await said(each) for each in ("ann", "ben", "ann", "ben")] == [b"reply 1", b"reply 2"] * 2


async def test_nothing_is_said_before_the_key_was_checked(stage: Stage, api: Counting) -> None:
    await opened(stage, api, clients=CLIENTS)
    await stage.call("/api/x", headers={"Authorization": f"Bearer {KEYS['ann']}"})
    for headers in ({}, {"Authorization": "Bearer kls_wrong_0123456789abcdef"}):
        refused = await stage.call("/api/x", headers=headers)
        assert (refused.status, refused.get("Cache-Status")) == (401, None)
    assert len(memory(stage)) == 1


async def test_where_anyone_may_ask_private_replies_are_nobodys(stage: Stage, api: Counting) -> None:
    api.head = lambda _: "Cache-Control: private, max-age=60\r\n"
    await opened(stage, api, anyone=True)
    assert (await stage.call("/api/x")).get("Cache-Status") == "keyless; fwd=uri-miss; detail=private"
    assert await body(stage) == b"reply 2"


async def test_posts_on_request_by_their_bodies(stage: Stage, api: Counting) -> None:
    await opened(stage, api, {"cache": {"methods": ["POST"]}})

    async def said(data: bytes) -> bytes:
        return await body(stage, method="POST", data=data)

    assert [await said(each) for each in (b"a", b"b", b"a", b"b")] == [b"reply 1", b"reply 2"] * 2
    assert await body(stage) == b"reply 3"
    assert (await stage.call("/api/x")).get("Cache-Status") == "keyless; fwd=method"
    long = b"x" * (LONGEST_BODY + 1)
    assert (await stage.call("/api/x", "POST", data=io.BytesIO(long))).get(
        "Cache-Status"
    ) == "keyless; fwd=bypass; detail=body"


async def test_a_write_makes_what_is_kept_of_it_and_above_it_void(stage: Stage, api: Counting) -> None:
    await opened(stage, api)
    for path in ("/api/items", "/api/items?page=2", "/api/items/5", "/api/other"):
        await stage.call(path)
    await stage.call("/api/items/5", "PUT")
    assert await body(stage, "/api/other") == b"reply 4"
    assert await body(stage, "/api/items") == b"reply 6"
    assert await body(stage, "/api/items?page=2") == b"reply 7"
    assert await body(stage, "/api/items/5") == b"reply 8"


async def test_a_write_that_failed_changes_nothing(stage: Stage, api: Counting) -> None:
    await opened(stage, api)
    await stage.call("/api/items")
    api.status = "409 Conflict"
    await stage.call("/api/items", "DELETE")
    assert await body(stage, "/api/items") == b"reply 1"


async def test_head_has_an_answer_of_its_own(stage: Stage, api: Counting) -> None:
    await opened(stage, api)
    first, again = await stage.call("/api/x", "HEAD"), await stage.call("/api/x", "HEAD")
    assert (first.get("Content-Length"), again.get("Content-Length")) == ("7", "7")
    assert (first.get("Age"), (again.get("Age") or "").isdigit()) == (None, True)
    assert (await body(stage), api.asked) == (b"reply 2", 2)


async def test_who_has_it_already_is_told_so(stage: Stage, api: Counting) -> None:
    api.head = lambda _: 'ETag: "one"\r\nContent-Type: text/plain\r\n'
    await opened(stage, api)
    await stage.call("/api/x")
    same = await stage.call("/api/x", headers={"If-None-Match": 'W/"one", "two"'})
    assert (same.status, same.body, same.get("ETag"), same.get("Content-Type")) == (304, b"", '"one"', None)
    other = await stage.call("/api/x", headers={"If-None-Match": '"two"'})
    assert (other.status, other.body, api.asked) == (200, b"reply 1", 1)


async def test_a_body_of_unknown_length_is_kept_once_it_is_whole(stage: Stage) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    served = await stage.api(chunked)
    await stage.open({"/api": {"upstream": served.url, "provider": "none", "cache": "60s"}})
    wire = await stage.wire()
    for asked in ("GET /api/x HTTP/1.1", "GET /api/x HTTP/1.1"):
        await wire.send(f"{asked}\r\nHost: {stage.authority}\r\n\r\n".encode("latin-1"))
        again = await wire.message()
    assert (again.body, again.get("Content-Length"), again.get("Transfer-Encoding")) == (b"abcde", "5", None)
    old = await stage.ask("GET /api/x HTTP/1.0")
    assert (old.body, old.get("Connection"), len(served.requests)) == (b"abcde", "close", 1)


async def test_a_reply_that_broke_off_is_not_kept(stage: Stage) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc"
    served = await stage.api(cut)
    await stage.open({"/api": {"upstream": served.url, "provider": "none", "cache": "60s"}})
    wire = await stage.wire()
    await wire.send(f"GET /api/x HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode("latin-1"))
    await wire.rest()
    await stage.until(lambda: stage.serving == 0)
    assert len(memory(stage)) == 0
    assert memory(stage)._recording == Memory()._recording


@pytest.mark.parametrize("announced", [True, False])
async def test_a_long_reply_passes_by(stage: Stage, announced: bool) -> None:
    long = b"x" * (LONGEST_BODY + 1)
    how = b"Content-Length: %d" % len(long) if announced else b"Connection: close"
    served = await stage.api(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (how, long))
    await stage.open({"/api": {"upstream": served.url, "provider": "none", "cache": "60s"}})
    assert await body(stage) == long
    assert await body(stage) == long
    assert (len(served.requests), len(memory(stage))) == (2, 0)
    assert memory(stage)._recording == Memory()._recording


async def test_a_stream_reaches_its_client_as_it_comes(stage: Stage) -> None:
    """It is kept in passing: the first piece is there before the API says the second."""
    heard: list[bytes] = []

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await stage.until(lambda: bool(heard))
        await wire.send(b"2\r\nde\r\n0\r\n\r\n")

    served = await stage.playing(play)
    await stage.open({"/api": {"upstream": served.url, "provider": "none", "cache": "60s"}})
    async with stage.http.get(f"{stage.url}/api/x") as reply:
        heard.append(await reply.content.readexactly(3))
        assert await reply.read() == b"de"
    assert await body(stage) == b"abcde"


async def test_a_refusal_is_never_kept_nor_is_what_it_costs_a_client(stage: Stage) -> None:
    """200 that says 'expired': the second of them passes on, and is forgotten."""
    refused = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"error_code":110}'
    served = await stage.api(refused)
    route = {"upstream": served.url, "provider": "baidu", "cache": "60s"}
    await stage.open({"/api": route})
    reply = await stage.call("/api/x")
    assert reply.json() == {"error_code": 110}
    assert "detail=refused" in (reply.get("Cache-Status") or "")
    assert len(memory(stage)) == 0


async def test_an_answer_from_the_cache_costs_neither_a_token_nor_a_rate(stage: Stage, api: Counting) -> None:
    served = await api.open()
    route = {"upstream": served.url, "provider": "oauth2", "cache": "60s", "rate": "1/h"}
    await stage.open({"/api": route})
    assert [await body(stage) for _ in range(3)] == [b"reply 1"] * 3
    assert (await stage.call("/api/y")).code == "rate_limited"


async def test_what_is_kept_has_no_secret_and_is_what_the_client_saw(stage: Stage, api: Counting) -> None:
    api.head = lambda message: f"X-Seen: {message.get('Authorization')}\r\n"
    served = await api.open()
    await stage.open({"/api": {"upstream": served.url, "provider": "oauth2", "cache": "60s"}})
    first, again = await stage.call("/api/x"), await stage.call("/api/x")
    assert first.get("X-Seen") == again.get("X-Seen")
    assert stage.token() not in str(again.headers)
    variant = next(iter(memory(stage)._shelf._places))
    kept = await memory(stage).find(variant)
    assert kept is not None
    assert stage.token().encode() not in kept.to_bytes(variant)


async def test_what_goes_with_a_reply_is_made_for_each(stage: Stage, api: Counting) -> None:
    """A page's origin is not what another page was told."""
    await opened(stage, api, {"reply_headers": {"set": {"X-Route": "r"}}})
    for port in (3000, 3001, 3000):
        origin = f"http://localhost:{port}"
        reply = await stage.call("/api/x", headers={"Origin": origin})
        assert (reply.get("Access-Control-Allow-Origin"), reply.all("X-Route")) == (origin, ["r"])


async def test_a_reload_and_a_new_secret_empty_it(stage: Stage, api: Counting) -> None:
    await opened(stage, api)
    await stage.call("/api/x")
    before = memory(stage)
    await stage.service.replace(stage.service.loaded, {})
    assert (len(before), len(memory(stage))) == (0, 0)
    assert await body(stage) == b"reply 2"


async def test_what_was_under_way_at_a_reload_is_not_kept(stage: Stage) -> None:
    reloaded: list[bool] = []

    async def play(wire: Wire) -> None:
        await wire.message()
        await stage.until(lambda: bool(reloaded))
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")

    served = await stage.playing(play)
    await stage.open({"/api": {"upstream": served.url, "provider": "none", "cache": "60s"}})
    wire = await stage.wire()
    await wire.send(f"GET /api/x HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode("latin-1"))
    await stage.until(lambda: served.connections == 1)
    before = memory(stage)
    await stage.service.replace(stage.service.loaded, {})
    reloaded.append(True)
    assert (await wire.message()).body == b"a"
    assert (len(before), len(memory(stage))) == (0, 0)


async def test_cookies_of_the_clients_own_go_by_the_cache(stage: Stage, api: Counting) -> None:
    await opened(stage, api, {"cookies": "pass"})
    assert [await body(stage, headers={"Cookie": "a=1"}) for _ in range(2)] == [b"reply 1", b"reply 2"]


async def test_a_credential_of_the_clients_own_goes_by_the_cache(stage: Stage, api: Counting) -> None:
    await opened(stage, api, {"pass": ["Authorization"]})
    for number in (1, 2):
        reply = await stage.call("/api/x", headers={"Authorization": "Bearer theirs"})
        assert (reply.body, reply.get("Cache-Status")) == (b"reply %d" % number, "keyless; fwd=bypass; detail=pass")


async def test_codings_are_kept_apart(stage: Stage) -> None:
    """Though the API does not say that it varies by them."""
    packed = zlib.compress(b"abc")
    zipped = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n%b" % (len(packed), packed)
    served = await stage.api(zipped, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
    await stage.open({"/api": {"upstream": served.url, "provider": "none", "cache": "60s"}})
    assert await body(stage, headers={"Accept-Encoding": "deflate"}) == b"abc"
    plain = await stage.call("/api/x", headers={"Accept-Encoding": "identity"})
    assert (plain.body, plain.get("Content-Encoding"), len(served.requests)) == (b"abc", None, 2)


async def test_a_route_without_it_keeps_nothing_and_says_nothing(stage: Stage, api: Counting) -> None:
    await opened(stage, api, {"cache": None})
    replies = [await stage.call("/api/x") for _ in range(2)]
    assert [(each.body, each.get("Cache-Status")) for each in replies] == [(b"reply 1", None), (b"reply 2", None)]
