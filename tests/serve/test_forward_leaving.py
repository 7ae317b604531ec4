"""A client that leaves, in every phase of its exchange, and in the very turn in which the API says something:
the API's connection is never left without anybody to close it."""

from __future__ import annotations

import asyncio
import fcntl

import pytest

from tests.conftest import Stage
from tests.raw import Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
UPGRADE = b"GET /api HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
GET = b"GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + bytes(70_000)

SAID = {
    "switch": (UPGRADE, SWITCH),
    "switch-and-more": (UPGRADE, SWITCH + b"\x81\x05hello"),
    "switch-refused": (UPGRADE, b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno"),
    "nothing": (GET, b""),
    "hint": (GET, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "half-a-head": (GET, b"HTTP/1.1 200 OK\r\nX-"),
    "head": (GET, CHUNKED),
    "some": (GET, CHUNKED + b"5\r\nhello\r\n"),
    "refusal": (GET, b"HTTP/1.1 401 No\r\nContent-Length: 20\r\n\r\nno"),
    "in-an-upload": (POST, b""),
    "reply-in-an-upload": (POST, CHUNKED + b"5\r\nhello\r\n"),
    "whole-in-an-upload": (POST, OK + b"Content-Length: 2\r\n\r\nok"),
    "refusal-in-an-upload": (POST, b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno"),
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("first", ["client", "api"])
@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, 8])
async def test_no_connection_to_the_api_is_left(stage: Stage, said: str, first: str, turns: int) -> None:
    """`turns` of the loop lie between the two; at 0 both are seen in the same one."""
    asked, reply = SAID[said]

    async def play(wire: Wire) -> None:
        await wire.head()
        steps = [client.abort, lambda: wire.writer.write(reply)]
        for step in steps if first == "client" else steps[::-1]:
            step()
            for _ in range(turns):
                await asyncio.sleep(0)
        left.set()
        await wire.rest()

    left = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    client = await stage.wire()
    client.writer.write(asked)
    await left.wait()
    await stage.until(lambda: not stage.busy and not stage.server.connections)


async def test_nor_is_the_replays_while_its_outcome_is_shared(stage: Stage) -> None:
    """What the replay showed is told to the others first, and a store may take its time."""
    store = stage.folder / "store"

    async def play(wire: Wire) -> None:
        await wire.head()
        wire.writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        await wire.head()
        with (store / "write.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            wire.writer.write(CHUNKED + b"5\r\nhello\r\n")
            for _ in range(50):
                await asyncio.sleep(0)
            client.abort()
            await stage.until(lambda: not stage.server.connections)
        left.set()
        await wire.rest()

    left = asyncio.Event()
    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}}, store=f"file:{store}")
    client = await stage.wire()
    client.writer.write(GET)
    await left.wait()
    await stage.until(lambda: not stage.busy)
