"""The live token and the secrets behind it do not come back, and not a byte of framing moves."""

from __future__ import annotations

import gzip
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import Stage
from tests.raw import Message, Wire

TOKEN = "a/secret+token=with.marks"
SECRET = "the-password-behind-it"


def static(**more: Any) -> dict[str, Any]:
    return {"scheme": "static", "token": TOKEN, **more}


async def echoed(stage: Stage, kind: str, body: bytes, *headers: str, **route: Any) -> Message:
    """What a client gets of a reply that holds the token."""
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", *headers, f"Content-Length: {len(body)}", "", ""]
    api = await stage.api("\r\n".join(lines).encode("latin-1") + body)
    provider = route.pop("provider", static())
    await stage.open({"/api": {"upstream": api.url, "provider": "p", **route}}, providers={"p": provider})
    return await stage.ask("GET /api/x HTTP/1.1")


STARS = "*" * len(TOKEN)


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=utf-8", "application/hal+json", "text/html"])
async def test_text_is_starred_in_its_length(stage: Stage, kind: str) -> None:
    reply = await echoed(stage, kind, f'{{"you": "{TOKEN}", "again": "{TOKEN}"}}'.encode())
    assert reply.body.decode() == f'{{"you": "{STARS}", "again": "{STARS}"}}'


@pytest.mark.parametrize(
    "spelled",
    [quote(TOKEN, safe=""), quote(TOKEN, safe="").lower().replace(TOKEN.lower(), TOKEN), TOKEN.replace("/", "\\/")],
)
async def test_other_spellings_are_starred_too(stage: Stage, spelled: str) -> None:
    reply = await echoed(stage, "text/plain", f"<{spelled}>".encode())
    assert reply.body.decode() == "<" + "*" * len(spelled) + ">"


async def test_trap_25_headers_are_always_scrubbed(stage: Stage) -> None:
    echo = (f"X-Echo: {TOKEN}", f"Location: https://other.test/?token={quote(TOKEN, safe='')}", f"{TOKEN[2:8]}: x")
    reply = await echoed(stage, "application/octet-stream", b"", *echo, scrub="headers")
    assert reply.get("X-Echo") == STARS
    assert reply.get("Location") == "https://other.test/?token=" + "*" * len(quote(TOKEN, safe=""))


@pytest.mark.parametrize(
    ("kind", "headers", "route"),
    [
        ("application/octet-stream", (), {}),
        ("image/png", (), {}),
        ("text/plain", ("Content-Encoding: gzip",), {}),
        ("text/plain", ("Content-Encoding: identity, BR",), {}),
        ("text/plain", (), {"scrub": "headers"}),
    ],
)
async def test_other_bodies_are_left_alone(
    stage: Stage, kind: str, headers: tuple[str, ...], route: dict[str, Any]
) -> None:
    reply = await echoed(stage, kind, TOKEN.encode(), *headers, **route)
    assert reply.body == TOKEN.encode()


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Encoding: utf-8",),
        ("Content-Encoding:",),
        ("Content-Encoding: identity, identity",),
        ("Content-Encoding: aws-chunked",),
        ("Content-Type: image/png",),
    ],
)
async def test_a_head_that_says_odd_things_does_not_switch_scrubbing_off(
    stage: Stage, headers: tuple[str, ...]
) -> None:
    reply = await echoed(stage, "text/plain", TOKEN.encode(), *headers)
    assert reply.body == STARS.encode()


async def test_an_edited_content_type_does_not_switch_scrubbing_off(stage: Stage) -> None:
    edits = {"set": {"Content-Type": "application/octet-stream"}}
    reply = await echoed(stage, "text/plain", TOKEN.encode(), reply_headers=edits)
    assert reply.body == STARS.encode()
    assert reply.all("Content-Type") == ["application/octet-stream"]


@pytest.mark.parametrize("asked", [("Accept-Encoding: gzip, br",), ()])
async def test_strict_asks_for_what_can_be_scrubbed(stage: Stage, asked: tuple[str, ...]) -> None:
    api = await stage.api(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await stage.open({"/api": {"upstream": api.url, "provider": "p", "scrub": "strict"}}, providers={"p": static()})
    await stage.ask("GET /api/x HTTP/1.1", *asked)
    assert api.requests[0].all("Accept-Encoding") == ["identity"]


async def test_a_basic_pair_is_a_secret_like_its_password(stage: Stage) -> None:
    pair = "dXNlcjp0aGUtcGFzc3dvcmQtYmVoaW5kLWl0"
    provider = {"scheme": "static", "username": "user", "password": SECRET}
    reply = await echoed(stage, "text/plain", f"{pair} {SECRET}".encode(), provider=provider)
    assert reply.body.decode() == "*" * len(pair) + " " + "*" * len(SECRET)


async def test_the_client_secret_behind_a_token_is_scrubbed(stage: Stage) -> None:
    api = await stage.api(b"HTTP/1.1 200 OK\r\nX-Echo: sandbox-secret\r\nContent-Length: 0\r\n\r\n")
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    assert (await stage.ask("GET /api/x HTTP/1.1")).get("X-Echo") == "*" * len("sandbox-secret")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 24])
async def test_a_token_split_over_chunks_is_starred(stage: Stage, size: int) -> None:
    text = f"before {TOKEN}{TOKEN} a/secret but not it {TOKEN}".encode()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await wire.send(b"0\r\n\r\n")

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": static()})
    reply = await stage.ask("GET /api/x HTTP/1.1")
    assert reply.body == text.replace(TOKEN.encode(), STARS.encode())


async def test_a_stream_is_not_held_up_by_scrubbing(stage: Stage) -> None:
    """Only what may be the beginning of a token waits: an event ends with a line, and goes out at once."""

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n")
        await wire.rest()

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": static()})
    wire = await stage.wire()
    await wire.send(f"GET /api/x HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    await wire.head()
    assert await wire.until(b"data: a\n\n")
    wire.abort()


@pytest.mark.parametrize("style", ["baidu", "aiob", "session", "oauth2"])
async def test_the_sandboxs_leak(stage: Stage, style: str) -> None:
    await stage.open()
    reply = await stage.call(f"/{style}/leak")
    assert reply.status == 200
    assert reply.get("X-You-Sent") == "*" * len(stage.token(style))
    assert set(reply.json()["you_sent"]) == {"*"}


async def test_compressed_bodies_arrive_byte_for_byte(stage: Stage) -> None:
    packed = gzip.compress(TOKEN.encode())
    reply = await echoed(stage, "text/plain", packed, "Content-Encoding: gzip")
    assert reply.body == packed
