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
from proxy.wire.outbound.idle import IdleLife

TICK = 0.1
MAX_IDLE_PER_ORIGIN = 256

Dial = Callable[[Origin, Callable[[], Connection], float], Awaitable[Connection]]


class Pool:
    """One for all origins. `dial(origin, factory, timeout)` opens a socket."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Origin, list[Connection]] = {}
        self._lives: dict[Origin, IdleLife] = {}
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

    def take(self, origin: Origin, *, once: bool = False) -> Connection | None:
        """The connection that became idle last: the likeliest to be still open.

        `once`: for a request that can't be sent again, so that one which the API has closed, or may be about to close,
        is none. What it costs, a system call, others don't pay.
        """
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if once:
                life, now = self._lives[origin], self._loop.time()
                age = now - connection.idle_since
                if life.is_near(age, now):
                    connection.abort()
                    return None  # those that are left are older
                if connection.waits():
                    life.closed(age, now)
                    connection.abort()
                    continue
            if connection.usable:
                self._busy.add(connection)
                return connection
        return None

    async def open(self, origin: Origin, timeout: float) -> Connection:  # noqa: ASYNC109 -- it is the dial's
        """A new connection. Raises OSError, ssl.SSLError or TimeoutError."""

        life = self._lives.setdefault(origin, IdleLife())
        on_free = partial(self._free, self._idle.setdefault(origin, []), life)
        host = host_lines(origin.host_header)
        connection = await self._dial(origin, lambda: Connection(self._loop, host, on_free), timeout)
        if self._closed or not connection.usable:
            connection.abort()
            raise ConnectionAbortedError("closed as soon as it was open")
        self._busy.add(connection)
        self._tick_on()
        return connection

    def _free(self, idle: list[Connection], life: IdleLife, connection: Connection, reusable: bool) -> None:
        self._busy.discard(connection)
        if not reusable:
            if connection in idle:
                idle.remove(connection)
                now = self._loop.time()
                life.closed(now - connection.idle_since, now)
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
        for origin, idle in self._idle.items():
            if idle:
                self._lives[origin].outlived(now - idle[0].idle_since)
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
