"""The listening side: sockets, the connections that come in over them, and their end.

Owns: limits, one ticker for all deadlines, draining. Must not know: routes, tokens, HTTP beyond what is said to
someone who can't be served.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog

from proxy import shortage
from proxy.config.model import Limits
from proxy.errors import Fault
from proxy.logs import raised_at
from proxy.values.listen import Listener
from proxy.wire.inbound import own
from proxy.wire.inbound.connection import ClientConnection
from proxy.wire.inbound.request import Request

log = structlog.get_logger("keyless.server")

DRAIN_SECONDS = 7.5
"""`docker stop` kills after 10; closing the rest takes its time, too."""
CUT_SECONDS = 1.0
HANDSHAKE = 10.0
BACKLOG = 1024
TICK = 0.5
"""Client deadlines are kept to this precision: no timer is made per request."""

Handler = Callable[[Request], Awaitable[None]]
Unreadable = Callable[[str, Fault], None]


class Server:
    """Makes the connections of its listeners, as their protocol factory, and knows them until they end."""

    def __init__(self, handler: Handler, limits: Limits, unreadable: Unreadable | None = None) -> None:
        """Make it in a running loop. `unreadable` is told of what no handler sees: who sent it, and the answer."""
        self.handler = handler
        self.unreadable = unreadable
        self.head, self.idle, self.stall = limits.head, limits.idle, limits.stall
        self.max_header = limits.max_header
        self._max_connections = limits.max_connections
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time()
        self.connections: set[ClientConnection] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._emptied = asyncio.Event()

    def __call__(self) -> asyncio.Protocol:
        return cast("asyncio.Protocol", ClientConnection(self))

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

    def _tick(self) -> None:
        self.now = now = self.loop.time()
        for connection in [one for one in self.connections if now >= one.deadline]:
            connection.expire()
        self._ticker = self.loop.call_later(TICK, self._tick) if self.connections else None

    def failed(self, request: Request, error: Exception) -> None:
        """A handler's mistake, or no memory. If nothing was said yet the client gets an answer."""
        if isinstance(error, MemoryError):
            own.fault(request, shortage.tell("memory"), None)
            return
        log.error("request failed", error=type(error).__name__, where=raised_at(error))
        own.fault(request, Fault("internal_error", "the log says where it failed"), None)

    async def shutdown(self, seconds: float) -> None:
        """Let what is under way end in this time, then cut it."""
        for connection in list(self.connections):
            connection.close()
        if not await self._empty(seconds):
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


def _descriptor(transport: asyncio.Transport) -> int:
    sock = transport.get_extra_info("socket")
    return -1 if sock is None else int(sock.fileno())


class Listening:
    """The sockets in service. `start` them one by one, then `stop` them together."""

    def __init__(self) -> None:
        self._doors: list[asyncio.Server] = []
        self.servers: list[Server] = []
        self.addresses: list[Listener] = []

    async def start(
        self,
        listener: Listener,
        server: Server,
        *,
        tls: ssl.SSLContext | None = None,
        shared: bool = False,
        inherited: int | None = None,
    ) -> Listener:
        """Listen, and tell the address as it became (port 0 asks for any). Raises OSError.

        `shared`: other workers listen at the same port. `inherited` is the descriptor of a unix socket that listens.
        """
        if inherited is not None:
            door = await _inherit(server, inherited)
        elif listener.path:
            door = await server.loop.create_unix_server(server, listener.path, backlog=BACKLOG)
        else:
            options: dict[str, Any] = {"reuse_port": shared or None, "backlog": BACKLOG, "ssl": tls}
            if tls is not None:
                options["ssl_handshake_timeout"] = HANDSHAKE
            door = await server.loop.create_server(server, listener.host, listener.port, **options)
        self._doors.append(door)
        self.servers.append(server)
        port = listener.port or door.sockets[0].getsockname()[1] if not listener.path else 0
        bound = listener._replace(port=port)
        self.addresses.append(bound)
        return bound

    async def stop(self) -> None:
        """Stop listening, let what is under way end (up to DRAIN_SECONDS), then cut it."""
        for door in self._doors:
            door.close()
        await asyncio.gather(*(server.shutdown(DRAIN_SECONDS) for server in self.servers))
        self._doors.clear()
        self.servers.clear()


async def _inherit(server: Server, descriptor: int) -> asyncio.Server:
    """A unix socket that the supervisor listens on and all workers accept from. None of them may remove its file."""
    # From 3.13 on, the first worker to stop would take the socket away from the others.
    options: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
    return await server.loop.create_unix_server(server, sock=socket.socket(fileno=descriptor), **options)
