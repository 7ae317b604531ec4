"""The connections to one origin: which are idle, who may open another, and who waits in line for either.

Owns: the bounds per origin and the order of those who wait. Must not know: how a connection is opened, other origins.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from proxy.wire.outbound.connection import Connection
from proxy.wire.outbound.idle import IdleLife

MAX_DIALS: Final = 64
"""Connections to one origin that are being opened at once: an API that is slow to accept is not helped by more."""


class Crowded(Exception):  # noqa: N818 -- it says what is the case
    """No connection came free, and no turn to open one, in time."""


class Connections:
    """All that are not in `idle` are in use. `most` bounds how many are established; None for any number.

    `life` is what was learnt of the API.
    """

    __slots__ = ("_dialling", "_most", "established", "idle", "life", "waiting")

    def __init__(self, most: int | None, life: IdleLife) -> None:
        self.life = life
        self._most = most
        self._dialling = 0
        self.waiting: OrderedDict[asyncio.Future[Connection | None], None] = OrderedDict()
        self.established: set[Connection] = set()
        self.idle: list[Connection] = []

    @property
    def unused(self) -> bool:
        return not (self.established or self.waiting or self._dialling)

    # ------------------------------------------------------------ opening

    def begin(self) -> bool:
        """May one be opened now? Then it counts until `opened`."""
        if self._dialling >= MAX_DIALS or self._full:
            return False
        self._dialling += 1
        return True

    def opened(self, connection: Connection | None) -> None:
        """What came of it; None where nothing did."""
        self._dialling -= 1
        if connection is not None:
            self.established.add(connection)
        self._go_on()

    @property
    def _full(self) -> bool:
        return self._most is not None and len(self.established) + self._dialling >= self._most

    # ------------------------------------------------------------ in line

    async def turn(self, until: float) -> Connection | None:
        """One that came free, or None for a turn to open one, as after `begin`. `until` is the loop's time.

        Raises Crowded; ConnectionAbortedError where the pool closes.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Connection | None] = loop.create_future()
        self.waiting[waiter] = None
        late = loop.call_at(until, _fail, waiter, Crowded(self._reason()))
        try:
            return await waiter
        except asyncio.CancelledError:
            self._decline(waiter)
            raise
        finally:
            late.cancel()
            self.waiting.pop(waiter, None)

    def hand_over(self, connection: Connection) -> bool:
        """To the first who waits, if anybody does."""
        waiter = self._first()
        if waiter is None:
            return False
        waiter.set_result(connection)
        return True

    def close(self) -> None:
        """Nobody gets a turn any more."""
        while (waiter := self._first()) is not None:
            _fail(waiter, ConnectionAbortedError("the proxy stops"))

    def _first(self) -> asyncio.Future[Connection | None] | None:
        while self.waiting:
            waiter, _ = self.waiting.popitem(last=False)
            if not waiter.done():
                return waiter
        return None

    def _go_on(self) -> None:
        while self.waiting and self.begin():
            waiter = self._first()
            if waiter is None:
                self._dialling -= 1
            else:
                waiter.set_result(None)

    def _decline(self, waiter: asyncio.Future[Connection | None]) -> None:
        """Who has left meanwhile may have been served: then it is the next one's."""
        if waiter.cancelled() or waiter.exception() is not None:
            return
        connection = waiter.result()
        if connection is None:
            self.opened(None)
        elif not self.hand_over(connection):
            connection.abort()

    def _reason(self) -> str:
        if self._full:
            return "all its connections are in use (limits.upstream_connections)"
        return f"{MAX_DIALS} connections are being opened at once, and none came free"

    # ------------------------------------------------------------ ends

    def forget(self, connection: Connection) -> bool:
        """It has closed. Was it idle?"""
        self.established.discard(connection)
        was_idle = connection in self.idle
        if was_idle:
            self.idle.remove(connection)
        self._go_on()
        return was_idle


def _fail(waiter: asyncio.Future[Connection | None], error: Exception) -> None:
    if not waiter.done():
        waiter.set_exception(error)
