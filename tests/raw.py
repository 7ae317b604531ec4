"""HTTP/1.1 by the byte, for both ends: a client that sends what no library would, and an API that answers so."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

PATIENCE = 10.0
"""Seconds before a test that waits for bytes gives up; none ever waits that long when all is well."""


@dataclass
class Message:
    """A request or a reply as it stood on the wire."""

    start: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])

    @property
    def target(self) -> str:
        return self.start.split(" ")[1]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    @property
    def code(self) -> str | None:
        """Which error of the proxy's own it is, if it is one."""
        return self.get("X-Keyless-Error")

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        return cls(*await asyncio.open_connection(host, port))

    async def send(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))
        await self.writer.drain()

    async def head(self) -> Message:
        """The next start line with its headers, 1xx replies included."""
        async with asyncio.timeout(PATIENCE):
            raw = await self.reader.readuntil(b"\r\n\r\n")
        start, *lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        return Message(start, [_field(line) for line in lines])

    async def message(self, *, bodiless: bool = False) -> Message:
        """A whole message; `bodiless` for what answers a HEAD. Raises IncompleteReadError if it is cut."""
        message = await self.head()
        if not bodiless and not message.start.startswith(("HTTP/1.1 204", "HTTP/1.1 304", "HTTP/1.1 1")):
            await self._body(message)
        return message

    async def _body(self, message: Message) -> None:
        length = message.get("Content-Length")
        async with asyncio.timeout(PATIENCE):
            if (message.get("Transfer-Encoding") or "").lower() == "chunked":
                assert length is None, "chunked and with a length: an invitation to smuggle"
                await self._chunks(message)
            elif length is not None:
                message.body = await self.reader.readexactly(int(length))
            elif message.start.startswith("HTTP/"):
                message.body = await self.reader.read()

    async def _chunks(self, message: Message) -> None:
        while size := int((await self.reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            message.body += await self.reader.readexactly(size)
            assert await self.reader.readexactly(2) == b"\r\n"
        while (line := await self.reader.readuntil(b"\r\n")) != b"\r\n":
            message.trailers.append(_field(line.decode("latin-1").removesuffix("\r\n")))

    async def some(self, size: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(size)

    async def until(self, end: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(end)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection, clean or not."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    def abort(self) -> None:
        """Leave, as a client that dies does: by a reset. A FIN only says that nothing more is sent."""
        sock = self.writer.get_extra_info("socket")
        if not self.writer.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def end(self) -> None:
        """Send no more, but read on."""
        self.writer.write_eof()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):  # the other side was faster
            await self.writer.wait_closed()


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()


Play = Callable[[Wire], Awaitable[None]]


class RawApi:
    """An API on loopback whose every byte a test decides: `play` runs once per connection."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.ended = 0
        self.requests: list[Message] = []

    @classmethod
    def answering(cls, *replies: bytes) -> RawApi:
        """Each request gets the next reply; the last one serves for all that follow."""

        async def play(wire: Wire) -> None:
            while True:
                message = await wire.message()
                reply = replies[min(len(api.requests), len(replies) - 1)]
                api.record(message)
                await wire.send(reply)
                if b"Connection: close" in reply:
                    return

        api = cls(play)
        return api

    def record(self, message: Message) -> None:
        self.requests.append(message)
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.authority = f"127.0.0.1:{port}"
        self.url = f"http://{self.authority}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(Wire(reader, writer)))
        self._tasks.add(task)

    async def _serve(self, wire: Wire) -> None:
        self.connections += 1
        try:
            await self._play(wire)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the proxy closed it, which is what many tests wait for
        finally:
            self.ended += 1
            self._changed.set()
            await wire.close()
