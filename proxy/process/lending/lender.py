"""Lends session keys over the runtime socket, and takes each back when the connection that asked for it ends.

Owns: what is asked and answered, who else must know of a key (the workers), and what is left to a process that takes
over. Must not know: what a key opens (serve/sessions.py), what a command does with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from proxy.config.model.client import SESSION_KEYS, new_key
from proxy.errors import Fault
from proxy.logger import get_logger
from proxy.process.lending.offer import Offer
from proxy.process.runtime import Answer, Ask
from proxy.serve.sessions import Session, Sessions
from proxy.tasks import Tasks

log = get_logger("keyless.sessions")

MOST = 200
"""Keys at once: their connections go to whoever takes over in one message, with the listeners'."""
_PIECE = 4096

Spread = Callable[[], Awaitable[None]]


async def alone() -> None:
    """For a process without workers: nobody else must know."""


def new_session(name: str, routes: Sequence[str], now: float, until: float | None = None) -> tuple[str, Session]:
    """And its key."""
    key = new_key(SESSION_KEYS)
    return key, Session(name, hashlib.sha256(key.encode("ascii")).hexdigest(), tuple(routes), now, until)


class Lender:
    """One per proxy. `offer` tells of the routes of what is served now; `spread` tells the workers of all keys."""

    def __init__(
        self,
        sessions: Sessions,
        offer: Callable[[Sequence[str]], Offer],
        wall: Callable[[], float],
        spread: Spread = alone,
    ) -> None:
        self._sessions = sessions
        self._offer = offer
        self._wall = wall
        self._spread = spread
        self._connections: dict[str, socket.socket] = {}
        self._tasks = Tasks()
        self._leaving = False

    def answers(self) -> dict[str, Ask]:
        """`lend NAME SECONDS ROUTE ...`: a key, for so long, or without seconds until the connection ends; `revoke
        NAME`; `routes`: what is offered, and no key.
        """
        return {"lend": self._lend, "revoke": self._revoke, "routes": self._routes}

    async def close(self) -> None:
        await self._tasks.close()

    async def _routes(self, names: Sequence[str]) -> Answer:
        return Answer({"offer": self._offer(names).document()})

    async def _lend(self, names: Sequence[str]) -> Answer:
        if len(names) < 2 or not (names[1] == "" or names[1].isdecimal()):
            raise Fault("bad_request", "lend takes a name, and for how many seconds")
        name, seconds, *prefixes = names
        offer = self._offer(prefixes)
        now = self._wall()
        self._sessions.expire(now)
        if self._leaving or len(self._sessions) >= MOST:
            raise Fault("overloaded", "no more keys are lent now; try again in a moment", retry_after=1.0)
        until = now + int(seconds) if seconds else None
        key, session = new_session(self._unique(name), [route.prefix for route in offer.routes], now, until)
        digest = session.digest
        self._sessions.add(session)
        await self._spread()
        log.info("session key lent", session=session.name, routes=len(session.routes))
        document = {"key": key, "name": session.name, "until": until, "offer": offer.document()}
        return Answer(document, then=None if until is not None else lambda connection: self._hold(digest, connection))

    def _unique(self, name: str) -> str:
        taken = {session.name for session in self._sessions}
        return next(
            each for each in (name, *(f"{name} {number}" for number in range(2, MOST + 2))) if each not in taken
        )

    async def _hold(self, digest: str, connection: socket.socket) -> None:
        """Until whoever asked has gone."""
        self._connections[digest] = connection
        try:
            with suppress(OSError):
                while await asyncio.get_running_loop().sock_recv(connection, _PIECE):
                    pass
        finally:
            del self._connections[digest]
        await self._take_back([digest])

    async def _revoke(self, names: Sequence[str]) -> Answer:
        revoked = [session for session in self._sessions if session.name in names or not names]
        if not revoked:
            raise Fault("no_route", "no key is lent to a command of that name; see `keyless status`")
        await self._take_back([session.digest for session in revoked])
        return Answer({"revoked": [session.name for session in revoked]})

    async def _take_back(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._sessions.drop(digest)
        await self._spread()

    # -------------------------------------------------------------- taking over

    def leave(self) -> tuple[list[dict[str, Any]], list[int]]:
        """All keys, those that hang on a connection first, and these connections in the same order. None is lent from
        now on, unless `resume` is called.
        """
        self._leaving = True
        held = [session for session in self._sessions if session.digest in self._connections]
        timed = [session for session in self._sessions if session.until is not None]
        descriptors = [self._connections[session.digest].fileno() for session in held]
        return [session.document() for session in (*held, *timed)], descriptors

    def resume(self) -> None:
        self._leaving = False

    def go_on(self, left: Sequence[dict[str, Any]], connections: Sequence[socket.socket]) -> None:
        """With what another process has left."""
        sessions = list(map(Session.read, left))
        for session in sessions:
            self._sessions.add(session)
        for session, connection in zip(sessions, connections, strict=False):
            connection.setblocking(False)
            self._tasks.spawn(self._adopt(session.digest, connection), "hold a session key")

    async def _adopt(self, digest: str, connection: socket.socket) -> None:
        with connection:
            await self._hold(digest, connection)


# ---------------------------------------------------------------------------------------------- workers


def told(sessions: Sessions) -> dict[str, Ask]:
    """How a worker hears of all keys."""

    async def answer(names: Sequence[str]) -> Answer:
        sessions.replace(Session.read(each) for each in json.loads(names[0]))
        return Answer({})

    return {"sessions": answer}


def written(sessions: Sessions) -> str:
    """As `told` reads them."""
    return json.dumps([session.document() for session in sessions])
