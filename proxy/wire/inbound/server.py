"""The listening side: sockets, the connections that come in over them, and their end.

Owns: limits, one ticker for all deadlines, draining. Must not know: routes, tokens, HTTP beyond what is said to
someone who can't be served.
"""

from __future__ import annotations

import asyncio
import math
import re
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, cast

from proxy import memory, shortage
from proxy.config.model import Limits
from proxy.errors import Fault
from proxy.logger import get_logger
from proxy.logs.bugs import raised_at
from proxy.values.listen import Listener, reason
from proxy.wire.inbound import own
from proxy.wire.inbound.connection import ClientConnection
from proxy.wire.inbound.newcomers import Factory, Newcomers
from proxy.wire.inbound.request import Request
from proxy.wire.socket import Transport
from proxy.wire.tls import Tls
from proxy.wire.unix_path import clear

log = get_logger("keyless.server")

DRAIN_SECONDS = 7.5
"""`docker stop` kills after 10; closing the rest takes its time, too."""
CUT_SECONDS = 1.0
NEWCOMERS = 1.0
"""Seconds in which who connected just before the end is still served once: such a client has no reason to try again."""
HANDSHAKE = 10.0
BACKLOG = 4096
LINGER = 5.0
"""Seconds for a client to take our last words while it still sends: a close at once would reset them away."""
TICK = 0.5
"""Client deadlines are kept to this precision: no timer is made per request."""

_IN_PLAIN = "plain HTTP came to a port that speaks TLS: its URL begins with https://, not with http://"
_is_request = re.compile(rb"[A-Z]+ ").match  # no record of TLS begins with a letter (RFC 8446 §5.1)

# From 3.13 on, the first process to stop would take a unix socket away from the others.
_KEEPING: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}

Handler = Callable[[Request], Awaitable[None]]
Unreadable = Callable[[str, Fault], None]


class Server:
    """Makes the connections of its listeners, as their protocol factory, and knows them until they end."""

    def __init__(self, handler: Handler, limits: Limits, unreadable: Unreadable | None = None) -> None:
        """Make it in a running loop. `unreadable` is told of what no handler sees: who sent it, and the answer."""
        self.handler = handler
        self.unreadable = unreadable
        self.seconds = {"head": limits.head, "idle": limits.idle, "stall": limits.stall, "linger": LINGER, "": math.inf}
        self.max_header = limits.max_header
        self._max_connections = limits.max_connections
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time()
        self.connections: set[ClientConnection] = set()
        self._shaking: set[Tls] = set()
        self.draining = False
        self._ticker: asyncio.TimerHandle | None = None
        self._emptied = asyncio.Event()

    def __call__(self) -> asyncio.Protocol:
        return cast("asyncio.Protocol", ClientConnection(self))

    def securing(self, context: ssl.SSLContext) -> Callable[[], asyncio.Protocol]:
        """A protocol factory as this one is, for connections that begin with a handshake of TLS."""
        told = False

        def begin() -> asyncio.Protocol:
            connection = ClientConnection(self)

            def ended(error: Exception | None) -> None:
                nonlocal told
                late.cancel()
                self._shaking.discard(shaking)
                if error is None or connection.transport is None:
                    return
                if not told:
                    told = True
                    log.warning(_IN_PLAIN, client=connection.peer, hint="its further clients are told, not the log")
                connection.refuse(Fault("bad_request", _IN_PLAIN))

            shaking = Tls(connection, context, ended, accepting=True, plain=_is_request)
            late = self.loop.call_later(HANDSHAKE, shaking.abort)
            self._shaking.add(shaking)
            return cast("asyncio.Protocol", shaking)

        return begin

    def joined(self, connection: ClientConnection) -> None:
        self.connections.add(connection)
        if self._ticker is None:
            self._tick()
        if len(self.connections) > self._max_connections:
            connection.turn_away(Fault("overloaded", "there are too many connections (limits.max_connections)"))
        elif connection.transport is not None and shortage.is_nearly_out(_descriptor(connection.transport)):
            connection.turn_away(shortage.tell("file descriptors (`ulimit -n`)"))

    def left(self, connection: ClientConnection) -> None:
        self.connections.discard(connection)
        if not self.connections:
            self._emptied.set()

    def _tick(self, most: int = 0) -> None:
        """`most` connections were here at once since memory was last given back."""
        self.now = now = self.loop.time()
        for connection in [one for one in self.connections if now >= one.deadline]:
            connection.expire()
        most = max(most, count := len(self.connections))
        if memory.has_gone(most, count):
            self.loop.call_later(memory.SETTLED, memory.give_back)
            most = count
        self._ticker = self.loop.call_later(TICK, self._tick, most) if self.connections else None

    def failed(self, request: Request, error: Exception) -> None:
        """A handler's mistake, or no memory. If nothing was said yet the client gets an answer."""
        if isinstance(error, MemoryError):
            own.fault(request, shortage.tell("memory"), None)
            return
        log.error("request failed", error=type(error).__name__, where=raised_at(error))
        own.fault(request, Fault("internal_error", "the log says where it failed"), None)

    async def shutdown(self, seconds: float) -> None:
        """Let what is under way end in this time, then cut it."""
        for shaking in list(self._shaking):
            shaking.abort()
        self.draining = True
        for connection in list(self.connections):
            if not connection.is_new:
                connection.close()
        begun = min(NEWCOMERS, seconds)
        if not await self._empty(begun):
            for connection in list(self.connections):
                connection.close()
        if not await self._empty(seconds - begun):
            for connection in list(self.connections):
                connection.cut()
            await self._empty(CUT_SECONDS)
        if self._ticker is not None:
            self._ticker.cancel()

    async def _empty(self, seconds: float) -> bool:
        self._emptied.clear()
        if not self.connections:
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._emptied.wait()
        except TimeoutError:
            return False
        return True


def _descriptor(transport: Transport) -> int:
    sock = transport.get_extra_info("socket")
    return -1 if sock is None else int(sock.fileno())


class Listening:
    """The sockets in service. `start` them one by one, then `stop` them together."""

    def __init__(self) -> None:
        self._doors: list[list[asyncio.Server]] = []
        self._newcomers: list[Newcomers] = []
        self.servers: list[Server] = []
        self.addresses: list[Listener] = []
        self.drain = DRAIN_SECONDS
        self.taken_over = False  # another process listens at the same sockets
        self._paths: list[Path] = []

    async def start(
        self,
        listener: Listener,
        server: Server,
        *,
        tls: ssl.SSLContext | None = None,
        shared: bool = False,
        inherited: Sequence[socket.socket] = (),
    ) -> Listener:
        """Listen, and tell the address as it became (port 0 asks for any). Raises OSError.

        `shared`: other workers listen at the same port. `inherited` are sockets that listen there already.
        """
        factory = Newcomers(server.loop, server if tls is None else server.securing(tls))
        options: dict[str, Any] = {"backlog": BACKLOG}
        try:
            if inherited:
                doors = [await _inherit(server.loop, factory, sock, options) for sock in inherited]
            elif listener.path:
                clear(listener.path)  # the loop would take it from whoever listens there
                doors = [await server.loop.create_unix_server(factory, listener.path, **_KEEPING, **options)]
                self._paths.append(Path(listener.path))
            else:
                options["reuse_port"] = shared or None
                doors = [await server.loop.create_server(factory, listener.host, listener.port, **options)]
        except OSError as error:
            raise OSError(error.errno, f"{listener.address}: {reason(error)}") from None
        factory.watch(sock for door in doors for sock in door.sockets)
        self._doors.append(doors)
        self._newcomers.append(factory)
        self.servers.append(server)
        port = listener.port or doors[0].sockets[0].getsockname()[1] if not listener.path else 0
        bound = listener._replace(port=port)
        self.addresses.append(bound)
        return bound

    def descriptors(self) -> list[list[int]]:
        """Of each listener's sockets, in the order of their start."""
        return [[sock.fileno() for door in doors for sock in door.sockets] for doors in self._doors]

    async def stop(self) -> None:
        """Stop listening, let what is under way end (up to `drain` seconds), then cut it."""
        for door in chain.from_iterable(self._doors):
            door.close()
        for path in () if self.taken_over else self._paths:
            path.unlink(missing_ok=True)
        await asyncio.gather(*(newcomers.close() for newcomers in self._newcomers))
        await asyncio.gather(*(server.shutdown(self.drain) for server in self.servers))
        self._doors.clear()
        self._newcomers.clear()
        self.servers.clear()


async def _inherit(
    loop: asyncio.AbstractEventLoop, factory: Factory, sock: socket.socket, options: dict[str, Any]
) -> asyncio.Server:
    """A socket that other processes accept from as well, and may go on to when this one ends."""
    if sock.family == socket.AF_UNIX:
        return await loop.create_unix_server(factory, sock=sock, **_KEEPING, **options)
    return await loop.create_server(factory, sock=sock, **options)
