"""A TCP relay on loopback, in a thread with a loop of its own, that ends connections as a test says."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal, TypeVar

T = TypeVar("T")
End = Literal["fin", "reset", "half", "silence"]
ENDS: tuple[End, ...] = ("fin", "reset", "half", "silence")
"""Closed; reset; closed in one direction, and read on; open, but nothing passes any more."""
PATIENCE = 20.0


class _Pair:
    """One connection of a client's, and ours to the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.silent = False

    def end(self, how: End) -> None:
        match how:
            case "silence":
                self.silent = True
            case "half":
                self.client.write_eof()
            case "fin":
                self.client.close()
            case "reset":
                sock = self.client.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.client.transport.abort()
        if how != "silence":
            self.server.close()


class Relay:
    """`accepted` counts connections."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay")
        self._pairs: list[_Pair] = []
        self._cut: tuple[int, End] | None = None
        self.accepted = 0
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def end(self, how: End) -> None:
        """All connections that are open now; back when it is done."""
        self._call(lambda: [pair.end(how) for pair in self._open()])

    def cut(self, after: int, how: End) -> None:
        """The next reply, on whichever connection, ends after so many of its bytes; only that one."""
        self._cut = (after, how)

    # -------------------------------------------------------------- in the thread

    def _open(self) -> list[_Pair]:
        return [pair for pair in self._pairs if not pair.client.is_closing()]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        pair = _Pair(writer, back)
        self._pairs.append(pair)
        await asyncio.gather(self._pump(reader, back, pair), self._reply(there, pair))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: _Pair) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65536):
                if not pair.silent and not writer.is_closing():
                    writer.write(chunk)
        writer.close()

    async def _reply(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65536):
                if self._cut is not None and not pair.silent:
                    (after, how), self._cut = self._cut, None
                    pair.client.write(chunk[:after])
                    await pair.client.drain()
                    pair.end(how)
                elif not pair.silent and not pair.client.is_closing():
                    pair.client.write(chunk)
        if not pair.silent and not pair.client.is_closing():
            pair.client.close()

    async def _stop(self) -> None:
        self._server.close()
        for pair in self._pairs:
            pair.client.transport.abort()
            pair.server.transport.abort()
        ours = asyncio.all_tasks() - {asyncio.current_task()}
        for task in ours:
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def _call(self, act: Callable[[], object]) -> None:
        async def acted() -> None:
            act()

        self._do(acted())


@contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    relay = Relay(port)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
