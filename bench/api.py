"""The part of the upstream that nginx can't play: an issuer, tokens that rotate, event streams, a sink for uploads.

Runs as `python -m bench.api FOLDER PORT [PLAIN_PORT TLS_PORT]`; with the last two it also stands in for nginx. One
asyncio protocol on httptools, since what is measured is in front of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import httptools
import uvloop

from bench.site import body, server_tls

EVENTS_PER_SECOND = 20
SLOTS = 50
PADDING = "x" * 180
_HALF = 0.0005
LIVES = 2.0
NEWEST = 2


class Tokens:
    """Rotating tokens: good are the newest two, for two seconds each."""

    def __init__(self) -> None:
        self.minted: list[float] = []

    def mint(self, *, short: bool) -> bytes:
        self.minted.append(time.monotonic())
        token = f"bench-token-{len(self.minted):06d}"
        reply = {"access_token": token, "token_type": "bearer", "expires_in": LIVES if short else 86400}
        return json.dumps(reply).encode()

    def accepts(self, authorization: bytes) -> bool:
        number = int(authorization.rpartition(b"-")[2] or b"0") if authorization[-1:].isdigit() else 0
        if not len(self.minted) - NEWEST < number <= len(self.minted):
            return False
        return time.monotonic() - self.minted[number - 1] < LIVES


class Streams:
    """Event streams, spread over the 50 ms between two events so that they don't come in one burst."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: list[set[asyncio.Transport]] = [set() for _ in range(SLOTS)]
        self._next = 0
        self._due = loop.time()
        self._count = 0
        self._tick()

    def add(self, transport: asyncio.Transport, *, at_once: bool) -> None:
        """`at_once`: the first event does not wait for its slot."""
        if at_once:
            transport.write(_event())
        self._slots[self._count % SLOTS].add(transport)
        self._count += 1

    def stop(self) -> None:
        self._timer.cancel()

    def discard(self, transport: asyncio.Transport) -> None:
        for slot in self._slots:
            slot.discard(transport)

    def _tick(self) -> None:
        # uvloop's clock has whole milliseconds, and what is due in less than half of one it does at once: a sum that is
        # a rounding error above the clock would keep this core busy for all of the next one.
        while self._due <= self._loop.time() + _HALF:
            for transport in self._slots[self._next]:
                transport.write(_event())
            self._next = (self._next + 1) % SLOTS
            self._due += 1 / EVENTS_PER_SECOND / SLOTS
        self._timer = self._loop.call_at(self._due, self._tick)


def _event() -> bytes:
    """One chunk, with the moment of its sending in it."""
    event = f'data: {{"sent":{time.monotonic_ns()},"choices":"{PADDING}"}}\n\n'.encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


class Api(asyncio.Protocol):
    """One connection. Requests are answered when they are complete."""

    def __init__(self, tokens: Tokens, streams: Streams, files: Callable[[bytes], bytes | Path | None]) -> None:
        self._tokens, self._streams, self._files = tokens, streams, files
        self._parser = httptools.HttpRequestParser(self)
        self._url = self._authorization = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self._streams.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._authorization = value

    def on_message_complete(self) -> None:
        path, _, query = self._url.partition(b"?")
        if path == b"/sse":
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            self._streams.add(self._transport, at_once=query == b"at-once")
        elif path == b"/token":
            self._reply(self._tokens.mint(short=query == b"short"))
        elif path == b"/minted":
            self._reply(b"%d" % len(self._tokens.minted))
        elif path == b"/rotating":
            good = self._tokens.accepts(self._authorization)
            self._reply(ROTATING, b"200 OK" if good else b"401 Unauthorized")
        elif path == b"/sink":
            self._reply(b'{"received":true}')
        else:
            self._file(path)

    def _file(self, path: bytes) -> None:
        found = self._files(path)
        if found is None:
            self._reply(b"{}", b"404 Not Found")
        elif isinstance(found, bytes):
            self._reply(found)
        else:
            sending = asyncio.get_running_loop().create_task(self._send(found), name="blob")
            _sending.add(sending)
            sending.add_done_callback(_sending.discard)

    async def _send(self, file: Path) -> None:
        with file.open("rb") as opened, contextlib.suppress(ConnectionError):
            self._transport.write(_head(b"200 OK", os.fstat(opened.fileno()).st_size))
            await asyncio.get_running_loop().sendfile(self._transport, opened)

    def _reply(self, content: bytes, status: bytes = b"200 OK") -> None:
        self._transport.write(_head(status, len(content)) + content)


_sending: set[asyncio.Task[None]] = set()
ROTATING = body(500)


def _head(status: bytes, length: int) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, length)


def payloads(folder: Path) -> Callable[[bytes], bytes | Path | None]:
    short = {
        b"/get500": body(500),
        b"/post500": body(500),
        b"/json2k": body(2048),
        b"/reply64k": (folder / "files" / "reply64k").read_bytes(),
    }
    blob = folder / "files" / "blob"
    return lambda path: blob if path == b"/blob" else short.get(path)


async def serve(folder: Path, ports: list[int]) -> None:
    loop = asyncio.get_running_loop()
    tokens, streams, files = Tokens(), Streams(loop), payloads(folder)
    for port, tls in zip(ports, (None, None, server_tls(folder)), strict=False):
        await loop.create_server(lambda: Api(tokens, streams, files), "127.0.0.1", port, ssl=tls, backlog=4096)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
