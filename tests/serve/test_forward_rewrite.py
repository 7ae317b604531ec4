"""`rewrite: json`: what a client gets, and where it gets with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from proxy.plan.headers import IDENTITY
from tests.conftest import Stage
from tests.raw import Message, RawApi, Wire
from tests.wire.outbound.test_dial import Names

Say = Callable[[Wire, Message], Awaitable[None]]
TOKEN = "a-static-secret"
HOSTS = [{"host": "files.test", "credential": True}, {"host": "*.cdn.test", "credential": False}]
P = {"scheme": "static", "token": TOKEN, "hosts": HOSTS}


class Behind:
    """A route to an API whose name is api.test."""

    def __init__(self, stage: Stage, api: RawApi) -> None:
        self.stage = stage
        self.api = api

    @property
    def port(self) -> str:
        return self.api.url.rpartition(":")[2]

    def urls(self, text: str) -> bytes:
        """With the port that all have: `https://` stands for the scheme of all."""
        return text.replace("https://", "http://").replace(".test", f".test:{self.port}").encode()

    @property
    def own(self) -> str:
        return f"http://{self.stage.authority}/api"


async def behind(stage: Stage, say: Say, **route: Any) -> Behind:
    async def play(wire: Wire) -> None:
        while True:
            request = await wire.message()
            api.record(request)
            await say(wire, request)

    api, stage.resolve = await stage.playing(play), Names("127.0.0.1")
    upstream = api.url.replace("127.0.0.1", "api.test") + "/v1"
    common = {"upstream": upstream, "provider": "p", "rewrite": "json", "private": True, "plain_http": True}
    await stage.open({"/api": common | route}, providers={"p": P})
    return Behind(stage, api)


def reply(body: bytes, *lines: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    head = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def answering(text: str, *lines: bytes, **more: Any) -> Say:
    """With URLs of the port that the request came to."""

    async def say(wire: Wire, request: Message) -> None:
        port = (request.get("Host") or "").rpartition(":")[2]
        body = text.replace("https://", "http://").replace(".test", f".test:{port}").encode()
        whole = reply(body, *lines, **more)
        await wire.send(whole.removesuffix(body) if request.start.startswith("HEAD") else whole)

    return say


BODY = json.dumps(
    {
        "urls": {"get": "https://api.test/v1/x/1", "stream": "https://a.cdn.test/s"},
        "upload_url": "https://files.test/up{?name,label}",
        "html": "https://www.test/x",
        "text": "as in https://api.test/v1/x",
    }
)


async def test_urls_lead_back_to_the_proxy_and_on(stage: Stage) -> None:
    there = await behind(stage, answering(BODY, b'ETag: "1"', b"Content-Digest: sha-256=:x:", b"X-Kept: 1"))
    got = await stage.ask("GET /api/x HTTP/1.1", "Accept-Encoding: gzip, br")
    document = got.json()
    assert document["urls"] == {"get": f"{there.own}/x/1", "stream": f"{there.own}/~a.cdn.test/s"}
    assert document["upload_url"] == f"{there.own}/~files.test/up{{?name,label}}"
    assert document["html"] == f"http://www.test:{there.port}/x"
    assert document["text"].startswith("as in http://api.test")
    assert [got.get(name) for name in ("Content-Length", "ETag", "Content-Digest", "X-Kept")] == [None, None, None, "1"]
    for path in (document["urls"]["get"], document["urls"]["stream"], document["upload_url"].partition("{")[0]):
        await stage.ask(f"GET {path.removeprefix(f'http://{stage.authority}')} HTTP/1.1")
    assert [(each.get("Host"), each.target, each.get("Authorization")) for each in there.api.requests[1:]] == [
        (f"api.test:{there.port}", "/v1/x/1", f"Bearer {TOKEN}"),
        (f"a.cdn.test:{there.port}", "/s", None),
        (f"files.test:{there.port}", "/up", f"Bearer {TOKEN}"),
    ]
    assert [each.all("Accept-Encoding") for each in there.api.requests] == [list(IDENTITY.values())] * 4


async def test_replies_of_the_other_hosts_are_rewritten_too(stage: Stage) -> None:
    there = await behind(stage, answering(BODY))
    got = await stage.ask("GET /api/~a.cdn.test/x HTTP/1.1")
    assert got.json()["urls"]["get"] == f"{there.own}/x/1"


async def test_no_other_host_can_be_reached(stage: Stage) -> None:
    there = await behind(stage, answering(BODY))
    got = await stage.ask("GET /api/~evil.test/x HTTP/1.1")
    assert (got.status, got.code, there.api.requests) == (403, "path_refused", [])


async def test_by_the_address_that_the_client_used(stage: Stage) -> None:
    await behind(stage, answering(BODY))
    wire = await stage.wire()
    port = stage.authority.rpartition(":")[2]
    await wire.send(f"GET /api/x HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
    assert (await wire.message()).json()["urls"]["get"] == f"http://localhost:{port}/api/x/1"


async def test_an_old_client_gets_a_body_that_the_end_ends(stage: Stage) -> None:
    there = await behind(stage, answering(BODY))
    wire = await stage.wire()
    await wire.send(f"GET /api/x HTTP/1.0\r\nHost: {stage.authority}\r\n\r\n".encode())
    got = await wire.message()
    assert got.json()["urls"]["get"] == f"{there.own}/x/1"
    assert (got.get("Content-Length"), got.get("Transfer-Encoding")) == (None, None)


@pytest.mark.parametrize(
    ("start", "say"),
    [
        ("HEAD /api/x HTTP/1.1", answering(BODY, b'ETag: "1"')),
        ("GET /api/x HTTP/1.1", answering(BODY, b'ETag: "1"', kind=b"text/plain")),
        ("GET /api/x HTTP/1.1", answering(BODY, b'ETag: "1"', b"Content-Range: bytes 0-9/99", status=b"206 Partial")),
        ("GET /api/x HTTP/1.1", answering(BODY, b'ETag: "1"', b"Content-Encoding: br")),
        ("GET /api/x HTTP/1.1", answering(BODY, b'ETag: "1"', b"Signature: sig1=:x:", b"Signature-Input: sig1=()")),
    ],
    ids=["head", "text", "a part", "coded", "signed"],
)
async def test_what_passes_as_it_came(stage: Stage, start: str, say: Say) -> None:
    there = await behind(stage, say)
    got = await ask(stage, start)
    assert got.get("ETag") == '"1"'
    assert got.get("Content-Length") is not None
    assert got.body in (b"", there.urls(BODY))


async def ask(stage: Stage, start: str) -> Message:
    wire = await stage.wire()
    await wire.send(f"{start}\r\nHost: {stage.authority}\r\n\r\n".encode())
    return await wire.message(bodiless=start.startswith("HEAD"))


async def test_a_route_that_does_not_say_so_changes_nothing(stage: Stage) -> None:
    there = await behind(stage, answering(BODY, b'ETag: "1"'), rewrite=None)
    got = await stage.ask("GET /api/x HTTP/1.1", "Accept-Encoding: gzip")
    assert (got.body, got.get("ETag"), got.get("Content-Length")) == (there.urls(BODY), '"1"', str(len(got.body)))
    assert there.api.requests[0].get("Accept-Encoding") == "gzip"
    assert (await stage.ask("GET /api/~files.test/x HTTP/1.1")).status == 200
    assert there.api.requests[1].target == "/v1/~files.test/x"


# ------------------------------------------------------------------------------------------- as it comes


async def test_a_stream_of_lines_as_it_comes(stage: Stage) -> None:
    """Each line reaches the client before the next is sent, also where a URL is cut in two."""
    taken: asyncio.Queue[None] = asyncio.Queue()

    async def say(wire: Wire, request: Message) -> None:
        url = f"http://{request.get('Host')}/v1/"
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            line = f'{{"url":"{url}{number}"}}\n'.encode()
            for piece in (line[:15], line[15:]):
                await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            await taken.get()
        await wire.send(b"0\r\nContent-Digest: sha-256=:x:\r\nX-Last: 1\r\n\r\n")

    there = await behind(stage, say)
    wire = await stage.wire()
    await wire.send(f"GET /api/x HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    await wire.head()
    for number in range(3):
        line = b""
        while not line.endswith(b"\n"):
            size = int(await wire.until(b"\r\n"), 16)
            line += await wire.some(size)
            await wire.some(2)
        assert json.loads(line) == {"url": f"{there.own}/{number}"}
        taken.put_nowait(None)
    assert await wire.until(b"\r\n\r\n") == b"0\r\nX-Last: 1\r\n\r\n"


async def test_events_and_the_end_of_one_that_breaks_off(stage: Stage) -> None:
    async def say(wire: Wire, request: Message) -> None:
        piece = f'data: {{"url":"http://{request.get("Host")}/v1/x"}}\n\ndata: {{"url":"http://api'.encode()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        wire.abort()

    there = await behind(stage, say)
    wire = await stage.wire()
    await wire.send(f"GET /api/x HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    await wire.head()
    said = await wire.rest()
    assert f'data: {{"url":"{there.own}/x"}}\n\n'.encode() in said
    assert b'"http://api' in said
    assert not said.endswith(b"0\r\n\r\n")


async def test_a_secret_in_a_rewritten_body_is_starred_all_the_same(stage: Stage) -> None:
    there = await behind(stage, answering(json.dumps({"url": f"https://api.test/v1/x?key={TOKEN}"})))
    got = await stage.ask("GET /api/x HTTP/1.1")
    assert got.json()["url"] == f"{there.own}/x?key={'*' * len(TOKEN)}"


async def test_a_body_that_grows_is_passed_on_whole(stage: Stage) -> None:
    many = json.dumps([{"url": "https://files.test/x", "n": number} for number in range(5000)])
    there = await behind(stage, answering(many))
    got = await stage.ask("GET /api/x HTTP/1.1")
    document = got.json()
    assert len(document) == 5000
    assert {each["url"] for each in document} == {f"{there.own}/~files.test/x"}
