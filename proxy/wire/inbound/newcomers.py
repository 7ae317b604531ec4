"""Takes along who else waits at the door, whenever a connection is accepted.

uvloop accepts one connection per turn of its loop (libuv does since 1.45, its issue 3696). A turn in which a thousand
connections have something to say takes long, and who has just come waited for one turn each: seconds, for some.

Owns: copies of the listening sockets. Must not know: what the connections are for.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable

from proxy.tasks import Tasks

MOST = 64
"""At once: those who are in have their turn as well, and other workers theirs."""

Factory = Callable[[], asyncio.Protocol]


class Newcomers:
    """`close` it with the sockets that it was told to `watch`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, factory: Factory) -> None:
        self._loop = loop
        self._factory = factory
        self._doors: list[socket.socket] = []
        self._tasks = Tasks()

    def __call__(self) -> asyncio.Protocol:
        """The factory, as the loop calls it for the one that it has accepted."""
        for door in self._doors:
            self._take(door)
        return self._factory()

    def watch(self, doors: Iterable[socket.socket]) -> None:
        self._doors += [socket.socket(fileno=os.dup(door.fileno())) for door in doors]
        for door in self._doors:
            door.setblocking(False)

    def _take(self, door: socket.socket) -> None:
        for _ in range(MOST):
            try:
                accepted, _ = door.accept()
            except OSError:  # nobody; or no descriptor is left, which the loop deals with when it accepts
                return
            accepted.setblocking(False)
            self._tasks.spawn(self._let_in(accepted), "let a connection in")

    async def _let_in(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._factory, accepted)
        except OSError:  # it has gone already
            accepted.close()

    async def close(self) -> None:
        """Who was accepted is in afterwards."""
        for door in self._doors:
            door.close()
        self._doors.clear()
        await self._tasks.ended()
