"""A client that asks every 5 ms, while a config is reloaded and after, and how long it waited at worst.

`python -m bench.clients.pulse PORT PATH FRESH_PATH HEADERS`, the headers as JSON: prints READY when what a start leaves
to do is done; then the new config is there, and counts as soon as FRESH_PATH, which it brings, is answered with a 200.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

EVERY = 0.005
LOOK_EVERY = 0.02
SETTLE = 2.0
"""Seconds before the reload."""
CLEARING = 1.0
"""Seconds after it, in which the old config is let go; they count to the reload."""
CALM = 1.0
"""Seconds to compare with."""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Pulse:
    """Waits count from when a request was due: what a pause kept from being sent has waited too."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.waits: list[float] = []
        self.failed = 0

    async def beat(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.failed += await ask(connection, self._request) != 200
            now = loop.time()
            self.waits.append(now - due)
            due = max(due + EVERY, now)
            await asyncio.sleep(due - now)

    def longest_ms(self) -> float:
        """Since the last call."""
        longest = max(self.waits, default=0.0)
        self.waits.clear()
        return longest * 1000


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def ask(connection: Connection, request: bytes) -> int:
    """The status. Replies say their length."""
    reader, writer = connection
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return int(head[9:12])


async def appears(port: int, request: bytes) -> None:
    """A connection for each look: a refusal may end it."""
    while True:
        async with connected(port) as connection:
            if await ask(connection, request) == 200:
                return
        await asyncio.sleep(LOOK_EVERY)


def request_for(port: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode()


async def main(port: str, path: str, fresh: str, headers: str) -> None:
    loop = asyncio.get_running_loop()
    told = json.loads(headers)
    pulse = Pulse(request_for(port, path, told))
    async with connected(int(port)) as connection:
        beating = asyncio.create_task(pulse.beat(connection))
        await asyncio.sleep(SETTLE)
        pulse.longest_ms()
        print("READY", flush=True)
        begun = loop.time()
        await appears(int(port), request_for(port, fresh, told))
        took = loop.time() - begun
        await asyncio.sleep(CLEARING)
        pause = pulse.longest_ms()
        await asyncio.sleep(CALM)
        beating.cancel()
    report = {"calm_ms": pulse.longest_ms(), "pause_ms": pause, "reload_s": took, "failed": pulse.failed}
    print("REPORT " + json.dumps(report), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:5]))
