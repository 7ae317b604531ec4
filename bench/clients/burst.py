"""Many connections that ask all at once, some times, and then close.

`python -m bench.clients.burst PORT PATH CONNECTIONS ROUNDS SECONDS` prints READY when all have closed, and waits then.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

import httptools
import uvloop

AT_ONCE = 100


class Asking(asyncio.Protocol):
    """One connection, which has one request under way at most."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._answer: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    def ask(self) -> asyncio.Future[bool]:
        """Was it answered with a 200?"""
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        if self.transport.is_closing():
            self._answered(good=False)
        else:
            self.transport.write(self._request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._answered(good=self._parser.get_status_code() == 200)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self._answered(good=False)

    def _answered(self, *, good: bool) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(good)


async def main(port: str, path: str, connections: str, rounds: str, seconds: str) -> None:
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()

    async def one() -> Asking:
        return (await loop.create_connection(lambda: Asking(request), "127.0.0.1", int(port)))[1]

    opened: list[Asking] = []
    for _ in range(int(connections) // AT_ONCE):
        opened += await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    failed = 0
    for _ in range(int(rounds)):
        answers = await asyncio.gather(*(asking.ask() for asking in opened))
        failed += answers.count(False)
    for asking in opened:
        asking.transport.close()
    await asyncio.sleep(0.1)
    print("READY", flush=True)
    await asyncio.sleep(float(seconds))
    print("REPORT " + json.dumps({"connections": len(opened), "failed": failed}), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:6]))
