"""Event streams that start one after the other, and how late the first event of each is.

`python -m bench.clients.starts PORT PATH RATE SECONDS`: RATE streams start per second, evenly, and each is left a
second after its first event. The API sends that at once, with the moment of its sending in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

from bench.clients.streams import SENT
from bench.measure import percentile

LIFE = 1.0
PATIENCE = 5.0


class Starting(asyncio.Protocol):
    """`late` is told in milliseconds."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._head = b""
        self.late: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.late.done():
            return
        now = time.monotonic_ns()
        self._head += data
        first = SENT.search(self._head)
        if first is not None:
            self.late.set_result((now - int(first[1])) / 1e6)
            asyncio.get_running_loop().call_later(LIFE, self._transport.abort)


async def main(port: str, path: str, rate: str, seconds: str) -> None:
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n".encode()
    transports, firsts = [], []
    begun = loop.time()
    for number in range(int(rate) * int(seconds)):
        await asyncio.sleep(begun + number / int(rate) - loop.time())
        transport, starting = await loop.create_connection(lambda: Starting(request), "127.0.0.1", int(port))
        transports.append(transport)
        firsts.append(starting.late)
    done, _ = await asyncio.wait(firsts, timeout=PATIENCE)
    for transport in transports:
        transport.abort()
    late = [first.result() for first in done]
    report = {
        "started": len(firsts),
        "answered": len(late),
        "p50": percentile(late, 50),
        "p99": percentile(late, 99),
        "max": max(late, default=0.0),
    }
    print("REPORT " + json.dumps(report), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:5]))
