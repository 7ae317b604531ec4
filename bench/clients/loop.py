"""A closed loop of requests on keep-alive connections, for machines without wrk.

`python -m bench.clients.loop URL METHOD HEADERS_JSON BODY_SIZE CONNECTIONS SECONDS`. In Python it needs as much CPU as
what it measures, so CPU per request stays true and requests/s and latencies do not; the report says who fired.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

from bench.measure import percentile


class Tally:
    def __init__(self) -> None:
        self.times: list[float] = []
        self.failed = 0
        self.stopped = False


class Loop(asyncio.Protocol):
    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request, self._tally = request, tally

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._fire()

    def _fire(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._begun = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self._tally.failed += not self._tally.stopped

    def on_message_complete(self) -> None:
        tally = self._tally
        if tally.stopped:
            return
        tally.times.append(time.perf_counter() - self._begun)
        tally.failed += self._parser.get_status_code() > 399
        # llhttp is still inside this reply
        asyncio.get_running_loop().call_soon(self._fire)


def unverified() -> ssl.SSLContext:
    """As wrk does it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def request_of(url: str, method: str, headers: dict[str, str], size: int) -> tuple[str, int, bytes]:
    parts = urlsplit(url)
    lines = [f"{method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if size:
        lines.append(f"Content-Length: {size}")
    return parts.hostname or "", parts.port or 80, "\r\n".join([*lines, "", ""]).encode() + b"x" * size


async def main(url: str, method: str, headers: str, size: str, connections: str, seconds: str) -> None:
    host, port, request = request_of(url, method, json.loads(headers), int(size))
    loop, tally = asyncio.get_running_loop(), Tally()
    begun = time.perf_counter()
    tls = unverified() if url.startswith("https:") else None
    opened = [
        await loop.create_connection(lambda: Loop(request, tally), host, port, ssl=tls) for _ in range(int(connections))
    ]
    await asyncio.sleep(float(seconds))
    tally.stopped = True
    for transport, _ in opened:
        transport.abort()
    report = {
        "requests": len(tally.times),
        "seconds": time.perf_counter() - begun,
        "failed": tally.failed,
        "p50": percentile(tally.times, 50) * 1e6,
        "p99": percentile(tally.times, 99) * 1e6,
    }
    print("REPORT " + json.dumps(report))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:7]))
