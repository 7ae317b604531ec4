"""The listening side: aiohttp's low-level server with our own answers to what its parser refuses.

Owns: limits per connection, listening, draining. Must not know: routes, tokens.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from proxy.config.listen import Listener
from proxy.errors import Fault
from proxy.serve import answer
from proxy.serve.audit import Audit, peer_of

log = structlog.get_logger("keyless.server")

DRAIN_SECONDS = 10.0
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class ClientConnection(web.RequestHandler):
    """One client's connection; errors below the handler get a problem document like all others."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- aiohttp's signature; its text may quote the request
    ) -> web.StreamResponse:
        if isinstance(exc, LineTooLong) or (exc is not None and "Too many headers" in str(exc)):
            fault = Fault("header_too_large", "the request's line or headers are larger than allowed")
        elif status >= 500:
            log.error("request failed", error=type(exc).__name__, where=_where(exc))
            fault = Fault("upstream_protocol", "an internal error; the operator's log has more")
        else:
            fault = Fault("bad_request", "the request is not valid HTTP/1.1")
        if isinstance(self._manager, Server) and self._manager.audit is not None:
            self._manager.audit.unreadable(peer_of(self.transport), fault)
        answer.fault(request, fault, None)
        return answer.CLOSED


def _where(error: BaseException | None) -> str:
    """File and line of the deepest frame: a traceback's text could show values."""
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


class Server(web.Server):
    """`web.Server` making our connections; over `max_connections` a new one is told so and closed."""

    def __init__(self, handler: Handler, *, max_header: int, max_connections: int, audit: Audit | None = None) -> None:
        # A client that disconnects must stop its exchange, hence cancellation.
        super().__init__(handler, handler_cancellation=True)
        # The limits are each line's and each field's; aiohttp has no other.
        self._options: dict[str, Any] = {
            "max_line_size": max_header,
            "max_field_size": max_header,
            "access_log": None,
            "auto_decompress": False,
        }
        self._max_connections = max_connections
        self.audit = audit

    def __call__(self) -> web.RequestHandler:
        return ClientConnection(self, loop=asyncio.get_running_loop(), **self._options)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > self._max_connections:
            transport.write(_OVERLOADED)
            handler.force_close()


_OVERLOADED = answer.last_words(Fault("overloaded", "there are too many connections (limits.max_connections)"))


class _Inherited(web.BaseSite):
    """A unix socket that the supervisor listens on and all workers accept from. None of them may remove its file."""

    def __init__(self, runner: web.ServerRunner, descriptor: int) -> None:
        super().__init__(runner)
        self._socket = socket.socket(fileno=descriptor)

    @property
    def name(self) -> str:
        return f"unix:{self._socket.getsockname()}"

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        assert server is not None  # noqa: S101 -- the runner is set up
        loop = asyncio.get_running_loop()
        # From 3.13 on, the first worker to stop would take the socket away from the others.
        options: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        self._server = await loop.create_unix_server(server, sock=self._socket, **options)


class Listening:
    """The sockets in service. `start` them one by one, then `stop` them together."""

    def __init__(self) -> None:
        self._runners: list[web.ServerRunner] = []
        self.addresses: list[Listener] = []

    async def start(
        self, listener: Listener, server: web.Server, *, shared: bool = False, inherited: int | None = None
    ) -> Listener:
        """Listen, and tell the address as it became (port 0 asks for any). Raises OSError.

        `shared`: other workers listen at the same port. `inherited` is the descriptor of a unix socket that listens.
        """
        # aiohttp lets handlers end in this time, then waits as long again before it cancels them.
        runner = web.ServerRunner(server, shutdown_timeout=DRAIN_SECONDS / 2)
        await runner.setup()
        self._runners.append(runner)
        site: web.BaseSite
        if inherited is not None:
            site = _Inherited(runner, inherited)
        elif listener.path:
            site = web.UnixSite(runner, listener.path)
        else:
            site = web.TCPSite(runner, listener.host, listener.port, backlog=1024, reuse_port=shared or None)
        await site.start()
        port = listener.port or runner.addresses[0][1] if not listener.path else 0
        bound = listener._replace(port=port)
        self.addresses.append(bound)
        return bound

    async def stop(self) -> None:
        """Stop listening, let what is under way end (up to DRAIN_SECONDS), then cut it."""
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        self._runners.clear()
