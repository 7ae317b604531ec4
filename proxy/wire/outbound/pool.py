"""Connections kept alive per origin, and the one ticker that watches their deadlines.

Owns: which connection serves an exchange, idle expiry, the bound per origin. Must not know: HTTP framing, requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from proxy.http.origin import Origin
from proxy.wire.outbound.connection import Connection
from proxy.wire.outbound.head import host_lines

TICK = 0.1
MAX_IDLE_PER_ORIGIN = 256

Dial = Callable[[Origin, Callable[[], Connection], float], Awaitable[Connection]]


class Pool:
    """One for all origins. `dial(origin, factory, timeout)` opens a socket."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Origin, list[Connection]] = {}
        self._busy: set[Connection] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"<Pool {self.busy} busy, {self.idle} idle>"

    @property
    def busy(self) -> int:
        return len(self._busy)

    @property
    def idle(self) -> int:
        return sum(map(len, self._idle.values()))

    def take(self, origin: Origin) -> Connection | None:
        """The connection that became idle last: the likeliest to be still open."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable:
                self._busy.add(connection)
                return connection
        return None

    async def open(self, origin: Origin, timeout: float) -> Connection:  # noqa: ASYNC109 -- it is the dial's
        """A new connection. Raises OSError, ssl.SSLError or TimeoutError."""

        on_free = partial(self._free, self._idle.setdefault(origin, []))
        host = host_lines(origin.host_header)
        connection = await self._dial(origin, lambda: Connection(self._loop, host, on_free), timeout)
        if self._closed or not connection.usable:
            connection.abort()
            raise ConnectionAbortedError("closed as soon as it was open")
        self._busy.add(connection)
        self._tick_on()
        return connection

    def _free(self, idle: list[Connection], connection: Connection, reusable: bool) -> None:
        self._busy.discard(connection)
        if not reusable:
            if connection in idle:
                idle.remove(connection)
        elif len(idle) >= MAX_IDLE_PER_ORIGIN or self._closed:
            connection.abort()
        else:
            idle.append(connection)

    # -------------------------------------------------------------- deadlines

    def _tick_on(self) -> None:
        if self._ticker is None:
            self._ticker = self._loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        for connection in list(self._busy):
            if now >= connection.deadline:
                connection.expire()
        for idle in self._idle.values():
            expired = [connection for connection in idle if now >= connection.deadline]
            if expired:
                idle[:] = [connection for connection in idle if now < connection.deadline]
                for connection in expired:
                    connection.abort()
        self._ticker = None
        if self._busy or any(self._idle.values()):
            self._tick_on()

    async def close(self) -> None:
        self._closed = True
        if self._ticker is not None:
            self._ticker.cancel()
        for connection in [*self._busy, *(one for idle in self._idle.values() for one in idle)]:
            connection.abort()
        # aborted transports report their loss in the next turns of the loop
        await asyncio.sleep(0)
        await asyncio.sleep(0)
