"""Connections kept alive per origin, and the one ticker that watches their deadlines.

Owns: which connection serves an exchange, idle expiry, the bound on all that are idle. Must not know: HTTP framing,
requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from proxy.http.origin import Origin
from proxy.wire.outbound.connection import Connection
from proxy.wire.outbound.connections import Connections
from proxy.wire.outbound.head import host_lines
from proxy.wire.outbound.idle import IdleLife

TICK: Final = 0.1
MAX_IDLE: Final = 4096
"""For all origins together. One origin never has more than were busy at once within an idle connection's life."""

MAX_LIVES: Final = 1024
"""So many APIs' idle lives are remembered."""

Dial = Callable[[Origin, Callable[[], Connection], float], Awaitable[Connection]]


class Pool:
    """One for all origins. `dial(origin, factory, timeout)` opens a socket; `most` bounds those to one origin,
    `most_idle` the idle ones to all.
    """

    def __init__(self, dial: Dial, most: int | None = None, *, most_idle: int = MAX_IDLE) -> None:
        self._dial = dial
        self._most = most
        self._most_idle = most_idle
        self._loop = asyncio.get_running_loop()
        self._origins: dict[Origin, Connections] = {}
        self._lives: dict[Origin, IdleLife] = {}
        self._ticker: asyncio.TimerHandle | None = None
        self._closed = False
        self.idle = 0

    def __repr__(self) -> str:
        return f"<Pool {self.busy} busy, {self.idle} idle>"

    @property
    def busy(self) -> int:
        return sum(len(ours.established) for ours in self._origins.values()) - self.idle

    def time(self) -> float:
        """By which it waits."""
        return self._loop.time()

    def take(self, origin: Origin, *, once: bool = False) -> Connection | None:
        """The connection that became idle last: the likeliest to be still open.

        `once`: for a request that can't be sent again, so that one which the API has closed, or may be about to close,
        is none. What it costs, a system call, others don't pay.
        """
        ours = self._origins.get(origin)
        while ours is not None and ours.idle:
            connection = ours.idle.pop()
            self.idle -= 1
            if once and not self._lasts(ours.life, connection):
                connection.abort()
                continue
            if connection.usable:
                return connection
        return None

    async def open(self, origin: Origin, timeout: float) -> Connection:  # noqa: ASYNC109 -- it is the dial's
        """A new connection, or one that comes free while a turn to open one is waited for, which may take `timeout`
        as well. Raises OSError, ssl.SSLError, TimeoutError or Crowded.
        """
        ours = self._origins.get(origin)
        if ours is None:
            ours = self._origins[origin] = Connections(self._most, self._life(origin))
        until = self._loop.time() + timeout
        while not ours.begin():
            free = await ours.turn(until)
            if free is None:
                break
            if free.usable:
                return free
        return await self._opened(origin, ours, timeout)

    async def _opened(self, origin: Origin, ours: Connections, timeout: float) -> Connection:  # noqa: ASYNC109 -- as above
        on_free = partial(self._free, origin, ours)
        host = host_lines(origin.host_header)
        try:
            connection = await self._dial(origin, lambda: Connection(self._loop, host, on_free), timeout)
            if self._closed or not connection.usable:
                connection.abort()
                raise ConnectionAbortedError("closed as soon as it was open")  # noqa: TRY301 -- it fails as a dial does
        except BaseException:
            ours.opened(None)
            self._drop_unused(origin, ours)
            raise
        ours.opened(connection)
        self._tick_on()
        return connection

    def _lasts(self, life: IdleLife, connection: Connection) -> bool:
        """Has the API not closed it, as far as can be seen, nor is it about to?"""
        now = self._loop.time()
        age = now - connection.idle_since
        if life.is_near(age, now):
            return False
        if connection.waits():
            life.closed(age, now)
            return False
        return True

    def _life(self, origin: Origin) -> IdleLife:
        """What was learnt of an API outlives its connections; clients may choose names of hosts, so it is bounded."""
        life = self._lives.get(origin)
        if life is None:
            if len(self._lives) >= MAX_LIVES:
                del self._lives[next(iter(self._lives))]
            life = self._lives[origin] = IdleLife()
        return life

    def _free(self, origin: Origin, ours: Connections, connection: Connection, reusable: bool) -> None:
        if not reusable:
            if ours.forget(connection):
                self.idle -= 1
                now = self._loop.time()
                ours.life.closed(now - connection.idle_since, now)
            self._drop_unused(origin, ours)
        elif self._closed:
            connection.abort()
        elif not ours.waiting or not ours.hand_over(connection):
            ours.idle.append(connection)
            self.idle += 1
            if self.idle > self._most_idle:
                self._drop_oldest()

    def _drop_unused(self, origin: Origin, ours: Connections) -> None:
        """Names of hosts may come from clients: what is kept of them must not grow."""
        if ours.unused and self._origins.get(origin) is ours:
            del self._origins[origin]

    def _drop_oldest(self) -> None:
        """Of the origin that has most: those that others have are in use more often."""
        longest = max((ours.idle for ours in self._origins.values()), key=len)
        self.idle -= 1
        longest.pop(0).abort()

    # -------------------------------------------------------------- deadlines

    def _tick_on(self) -> None:
        if self._ticker is None:
            self._ticker = self._loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        for ours in list(self._origins.values()):
            if ours.idle:
                ours.life.outlived(now - ours.idle[0].idle_since)
            for connection in [one for one in ours.established if now >= one.deadline]:
                if connection in ours.idle:  # it is we who end it, and nothing is learnt of the API
                    ours.idle.remove(connection)
                    self.idle -= 1
                connection.expire()
        self._ticker = None
        if self._origins:
            self._tick_on()

    def _all(self) -> list[Connection]:
        return [connection for ours in self._origins.values() for connection in ours.established]

    async def close(self) -> None:
        self._closed = True
        if self._ticker is not None:
            self._ticker.cancel()
        for ours in list(self._origins.values()):
            ours.close()
        for connection in self._all():
            connection.abort()
        # aborted transports report their loss in the next turns of the loop
        await asyncio.sleep(0)
        await asyncio.sleep(0)
