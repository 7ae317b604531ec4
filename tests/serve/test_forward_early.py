"""An API that answers an upload before its end, and leaves: the client learns what it said, or never notices."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from tests.conftest import Stage
from tests.raw import Message, RawApi, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope"
LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\ntoo large"
MIB = 1024 * 1024


async def leaving(stage: Stage, answer: bytes, reads: int) -> RawApi:
    """The first upload is answered after so many bytes, and the rest left unread, so that TCP makes a reset of it."""
    first = True

    async def play(wire: Wire) -> None:
        nonlocal first
        if first:
            first = False
            api.record(await wire.head())
            await wire.some(reads)
            await wire.send(answer)
            wire.abort()
        else:
            api.record(await wire.message())
            await wire.send(OK)

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    return api


async def uploaded(stage: Stage, body: bytes, chunked: bool) -> Message:
    """The answer, read while the body is still sent, and to the end of which the client goes on."""
    wire = await stage.wire()
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    head = f"POST /api/x HTTP/1.1\r\nHost: {stage.authority}\r\n{framing}\r\n\r\n".encode()

    async def send() -> None:
        await wire.send(head)
        for at in range(0, len(body), 65536):
            piece = body[at : at + 65536]
            await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            await wire.send(b"0\r\n\r\n")

    sending = asyncio.create_task(send())
    message = await wire.message()
    await asyncio.wait_for(sending, 10)  # raises where the upload was reset instead of drained
    return message


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("reads", [0, 1, 200_000])
async def test_an_upload_whose_token_has_died_is_replayed(stage: Stage, chunked: bool, reads: int) -> None:
    body = bytes(range(251)) * (MIB // 252)
    api = await leaving(stage, NO, reads)
    reply = await uploaded(stage, body, chunked)
    assert (reply.status, reply.get("X-Keyless-Attempts")) == (200, "2")
    first, second = api.requests
    assert second.body == body
    assert first.get("Authorization") != second.get("Authorization")
    assert stage.mints() == 2


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_above_the_cap_the_apis_refusal_is_the_clients(stage: Stage, chunked: bool) -> None:
    api = await leaving(stage, NO, 2 * MIB)
    reply = await uploaded(stage, bytes(8 * MIB), chunked)
    assert (reply.status, reply.body) == (401, b"nope")
    assert reply.get("X-Keyless-Replay") == "skipped; reason=body_too_large"
    assert len(api.requests) == 1
    assert (await stage.ask("GET /api/x HTTP/1.1")).status == 200
    assert stage.mints() == 2


async def test_a_413_that_the_reset_cuts_has_its_status_all_the_same(stage: Stage) -> None:
    await leaving(stage, LARGE, 1)
    wire = await stage.wire()
    await wire.send(f"POST /api/x HTTP/1.1\r\nHost: {stage.authority}\r\nContent-Length: {4 * MIB}\r\n\r\n".encode())
    with suppress(ConnectionError):
        await wire.send(bytes(4 * MIB))
    assert (await wire.head()).status == 413


@pytest.mark.parametrize("status", [401, 413])
async def test_nothing_is_sent_behind_an_upload_that_was_refused_and_is_not_read(stage: Stage, status: int) -> None:
    """The API says that it keeps the connection, and reads no more of it."""
    refused = f"HTTP/1.1 {status} No\r\nContent-Length: 4\r\n\r\nnope".encode()
    first = True

    async def play(wire: Wire) -> None:
        nonlocal first
        if first:
            first = False
            api.record(await wire.head())
            await wire.send(refused)
            await gone.wait()
        else:
            api.record(await wire.message())
            await wire.send(OK)

    gone = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    try:
        reply = await uploaded(stage, bytes(200_000), chunked=False)
        assert reply.status == (200 if status == 401 else status)
        assert (await stage.ask("GET /api/x HTTP/1.1")).status == 200
    finally:
        gone.set()
