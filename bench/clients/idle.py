"""Many keep-alive connections that each got one reply and then wait.

`python -m bench.clients.idle PORT PATH CONNECTIONS SECONDS` prints READY when all stand, then holds them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

import uvloop

AT_ONCE = 100


class Idle(asyncio.Protocol):
    def __init__(self, request: bytes, lost: list[None]) -> None:
        self._request, self._lost = request, lost
        self.answered = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(  # uvloop's are no subclass
            self._request
        )

    def data_received(self, data: bytes) -> None:
        if not self.answered.done():
            self.answered.set_result(data.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self._lost.append(None)
        if not self.answered.done():
            self.answered.set_result(False)


async def main(port: str, path: str, connections: str, seconds: str) -> None:
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    lost: list[None] = []
    good = 0

    async def one() -> bool:
        _, idle = await loop.create_connection(lambda: Idle(request, lost), "127.0.0.1", int(port))
        return bool(await idle.answered)

    for _ in range(int(connections) // AT_ONCE):
        good += sum(await asyncio.gather(*(one() for _ in range(AT_ONCE))))
    print("READY", flush=True)
    await asyncio.sleep(float(seconds))
    print("REPORT " + json.dumps({"answered": good, "lost": len(lost)}), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:5]))
