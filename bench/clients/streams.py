"""Many event streams at once, and how late each event is.

`python -m bench.clients.streams PORT PATH STREAMS SECONDS`. An event carries the moment of its sending, on the clock
that all processes of a machine share; it is late by the time from there to its arrival here.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import cast

import uvloop

from bench.measure import percentile

SENT = re.compile(rb'data: \{"sent":(\d+),[^\n]*\n\n')
SETTLE = 1.0


class Tally:
    def __init__(self) -> None:
        self.late: list[float] = []
        self.counting = False
        self.lost = 0


class Stream(asyncio.Protocol):
    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request, self._tally = request, tally
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(  # uvloop's are no subclass
            self._request
        )

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        data = self._rest + data
        end = 0
        for event in SENT.finditer(data):
            end = event.end()
            if self._tally.counting:
                self._tally.late.append((now - int(event[1])) / 1e6)
        self._rest = data[end:]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self._tally.lost += self._tally.counting


async def main(port: str, path: str, streams: str, seconds: str) -> None:
    loop, tally = asyncio.get_running_loop(), Tally()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n".encode()
    opened = []
    for _ in range(int(streams)):
        opened.append(await loop.create_connection(lambda: Stream(request, tally), "127.0.0.1", int(port)))
        await asyncio.sleep(0.002)
    await asyncio.sleep(SETTLE)
    print("READY", flush=True)
    tally.counting = True
    await asyncio.sleep(float(seconds))
    tally.counting = False
    for transport, _ in opened:
        transport.abort()
    report = {
        "events": len(tally.late),
        "lost": tally.lost,
        "p50": percentile(tally.late, 50),
        "p99": percentile(tally.late, 99),
        "max": max(tally.late, default=0.0),
    }
    print("REPORT " + json.dumps(report), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:5]))
